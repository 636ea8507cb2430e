//! Requests that the callee's side sends inside a call of ours before it is answered.

use super::{
    requests::{answers, codes, request},
    world::World,
};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

/// A call of ours that has rung at the devices with these tags.
fn ringing_at(tags: &[&str]) -> (World, Message) {
    let mut world = World::registered(&["200"]);
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    for tag in tags {
        let ringing = ResponseBuilder::new(&invite, StatusCode::RINGING).to_tag(tag);
        world.send_to_phone(0, ringing.header("Contact", "<sip:300@c>").build().into_octets());
    }
    world.run(20);
    world.told(0);
    (world, invite)
}

/// A request of the device with this tag; the codes of the answers, and the methods of what else the phone sends.
fn inside(
    world: &mut World,
    invite: &Message,
    tag: &str,
    method: &str,
    number: u32,
    lines: &[&str],
) -> (Vec<u16>, Vec<String>) {
    let names = [
        format!("From: {};tag={tag}", invite.to()),
        format!("To: {}", invite.from()),
        format!("Call-ID: {}", invite.call_id()),
        format!("CSeq: {number} {method}"),
    ];
    let lines: Vec<&str> = names.iter().map(String::as_str).chain(lines.iter().copied()).collect();
    let start = format!("{method} sip:200@x.invalid");
    let sent = answers(world, request(&start, &format!("{tag}{number}"), &lines, ""));
    let (said, asked): (Vec<Message>, Vec<Message>) = sent.into_iter().partition(|m| m.status().is_some());
    (codes(&said), asked.iter().map(|request| request.method().to_string()).collect())
}

#[test]
fn requests_in_an_early_dialog_are_answered_by_what_they_are() {
    let (mut world, invite) = ringing_at(&["a"]);
    for (number, method, line, code, told) in [
        (2, "OPTIONS", "Accept: application/sdp", 200, None),
        (3, "INFO", "Content-Type: application/dtmf-relay", 200, Some("info ")),
        (4, "INFO", "Info-Package: nobody-knows", 469, None),
        (5, "MESSAGE", "Content-Type: text/plain", 200, Some("message ")),
        // It acknowledges nothing of ours.
        (6, "PRACK", "RAck: 1 1 INVITE", 481, None),
        (7, "NOTIFY", "Event: refer", 481, None),
        // Our own INVITE has no final response (RFC 3261 §14.2).
        (8, "INVITE", "Supported: timer", 491, None),
        (9, "REFER", "Refer-To: <sip:202@sip.test>", 603, None),
        (1, "INFO", "Subject: late", 500, None),
    ] {
        let (said, asked) = inside(&mut world, &invite, "a", method, number, &[line]);
        assert_eq!((said.as_slice(), asked.as_slice()), (&[code][..], &[][..]), "{method} {line}");
        assert_eq!(world.told(0), told.into_iter().collect::<Vec<&str>>(), "{method} {line}");
        let (said, _) = inside(&mut world, &invite, "stranger", method, number, &[line]);
        assert_eq!(said, [481], "{method} of a device that has not rung");
    }
    let ok = ResponseBuilder::new(&invite, StatusCode::OK).to_tag("a").header("Contact", "<sip:300@c>");
    world.send_to_phone(0, ok.body("application/sdp", b"v=0").build().into_octets());
    world.run(20);
    assert_eq!(world.told(0), ["accepted v=0"], "the call goes on");
}

#[test]
fn what_belongs_to_a_call_that_stands_is_said_to_have_failed_before_it_does() {
    let (mut world, _) = ringing_at(&["a"]);
    let session = SessionId(1);
    let info = || Command::Info { session, content_type: "text/plain".to_owned(), body: b"x".to_vec() };
    let refer = || Command::Refer { session, target: "202".to_owned(), replaces: None, headers: Vec::new() };
    world.command(0, info());
    world.command(0, refer());
    assert_eq!(world.told(0), ["informed 503", "transfer 503"]);
    assert!(world.proxy.heard.is_empty());
    world.hang_up(0, session);
    world.told(0);
    world.command(0, info());
    world.command(0, refer());
    assert!(world.told(0).is_empty(), "nothing is said of a call that is over");
}

#[test]
fn bye_of_the_only_device_before_the_answer_ends_the_call() {
    let (mut world, invite) = ringing_at(&["a"]);
    let (said, asked) = inside(&mut world, &invite, "a", "BYE", 2, &["Reason: Q.850;cause=17"]);
    assert_eq!((said, asked), (vec![200], vec!["CANCEL".to_owned()]));
    assert_eq!(world.told(0), ["terminated remote 200 Q.850;17"]);
    // The 200 to the INVITE that it has overtaken is acknowledged and ended.
    let ok = ResponseBuilder::new(&invite, StatusCode::OK).to_tag("a").header("Contact", "<sip:300@c>");
    world.ladder();
    world.send_to_phone(0, ok.body("application/sdp", b"v=0").build().into_octets());
    world.run(20);
    assert_eq!(world.ladder()[1..], ["200 > ACK", "200 > BYE"]);
    assert!(world.told(0).is_empty());
}

#[test]
fn bye_of_one_device_of_several_ends_its_early_dialog_and_the_others_ring_on() {
    let (mut world, invite) = ringing_at(&["a", "b"]);
    assert_eq!(inside(&mut world, &invite, "a", "BYE", 2, &[]), (vec![200], Vec::new()));
    assert_eq!(inside(&mut world, &invite, "a", "OPTIONS", 3, &[]), (vec![481], Vec::new()));
    assert!(world.told(0).is_empty());
    let ok = ResponseBuilder::new(&invite, StatusCode::OK).to_tag("b").header("Contact", "<sip:300@c>");
    world.send_to_phone(0, ok.body("application/sdp", b"v=0").build().into_octets());
    world.run(20);
    assert_eq!(world.told(0), ["accepted v=0"]);
}

/// A response of this device to the INVITE, reliable where it has a number.
fn says(world: &mut World, invite: &Message, code: u16, tag: &str, rseq: u32) {
    let status = StatusCode::new(code).expect("a status");
    let response = ResponseBuilder::new(invite, status).to_tag(tag).header("Contact", "<sip:300@c>");
    let response = match rseq {
        0 => response,
        _ => response.header("Require", "100rel").header("RSeq", &rseq.to_string()),
    };
    world.send_to_phone(0, response.body("application/sdp", b"v=0").build().into_octets());
    world.run(20);
}

/// Our PRACKs and our BYE are of one dialog, though the phone has let go of it in between, and though another device comes
/// and goes more often than dialogs are kept.
#[test]
fn numbers_of_a_device_that_has_hung_up_early_go_on_when_it_is_heard_again() {
    for others in [0, 20] {
        let (mut world, invite) = ringing_at(&["b"]);
        says(&mut world, &invite, 183, "a", 1);
        assert_eq!(inside(&mut world, &invite, "a", "BYE", 1, &[]).0, [200]);
        says(&mut world, &invite, 183, "a", 7);
        assert_eq!(inside(&mut world, &invite, "a", "BYE", 2, &[]).0, [200]);
        for number in 1..=others {
            says(&mut world, &invite, 183, "c", number);
            assert_eq!(inside(&mut world, &invite, "c", "BYE", number, &[]).0, [200]);
        }
        says(&mut world, &invite, 200, "a", 0);
        world.hang_up(0, SessionId(1));
        world.run(20);
        let sent = world.requests(0).filter(|request| request.to().tag() == Some("a"));
        let sent: Vec<String> = sent.map(|request| request.cseq().to_string()).collect();
        assert_eq!(sent, ["2 PRACK", "3 PRACK", "1 ACK", "4 BYE"], "{others}");
    }
}
