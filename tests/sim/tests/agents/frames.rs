//! A WebSocket message holds one SIP message (RFC 7118 §5). What a server puts behind it is not acted upon: whoever can
//! write a body would else write requests.

use super::{
    requests::{INVITE, answers, codes, request},
    world::World,
};

/// A MESSAGE whose Content-Length is `length`; without one all that follows is its body.
fn text(number: u32, length: Option<usize>, body: &str) -> Vec<u8> {
    let (call, cseq) = (format!("Call-ID: t{number}"), format!("CSeq: {number} MESSAGE"));
    let length = length.map(|length| format!("Content-Length: {length}"));
    let mut lines = vec![call.as_str(), cseq.as_str(), "Content-Type: text/plain"];
    lines.extend(length.as_deref());
    request("MESSAGE sip:200@x.invalid", &format!("t{number}"), &lines, body)
}

#[test]
fn second_request_of_a_frame_is_neither_told_nor_answered() {
    for between in ["", "\r\n", "\r\n\r\n", "\0"] {
        let mut world = World::registered(&["200"]);
        let frame = [text(1, Some(5), "first"), between.into(), text(2, Some(6), "second")].concat();
        assert_eq!(codes(&answers(&mut world, frame)), [200], "{between:?}");
        assert_eq!(world.told(0), ["message first"], "{between:?}");
    }
}

#[test]
fn second_request_behind_a_message_without_a_length_is_text_of_the_first() {
    let mut world = World::registered(&["200"]);
    let second = String::from_utf8(text(2, Some(6), "second")).expect("text");
    let frame = text(1, None, &format!("first{second}"));
    assert_eq!(codes(&answers(&mut world, frame)), [200]);
    assert_eq!(world.told(0), [format!("message first{second}")]);
}

#[test]
fn bye_behind_another_message_ends_no_call_and_a_call_behind_one_does_not_ring() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let session = world.incoming(0);
    world.accept(0, session);
    let to = format!("To: {}", rung[1].to());
    world.run(20);
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    world.told(0);
    let bye = request("BYE sip:200@x.invalid", "b2", &[&to, "CSeq: 2 BYE"], "");
    let invite = request(INVITE, "3", &["Call-ID: two", "Contact: <sip:300@c>"], "");
    // A response that nobody waits for, and one that is answered.
    let stray = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/WS x;branch=z9hG4bKnone\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\n\
                  Call-ID: s\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    for (number, second) in (10..).zip([&bye, &invite]) {
        assert!(answers(&mut world, [&stray[..], second].concat()).is_empty());
        let told = answers(&mut world, [text(number, Some(1), "x"), second.clone()].concat());
        assert_eq!(codes(&told), [200]);
        assert_eq!(world.told(0), ["message x"]);
    }
    // Alone it counts.
    assert_eq!(codes(&answers(&mut world, bye)), [200]);
    assert_eq!(world.told(0), ["terminated remote 200"]);
}
