//! What comes in and how it is answered: single requests to one registered phone, good and bad.

use super::{
    reliable::{calling, respond},
    world::World,
};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

/// Start line, branch and further lines make a request; what every request needs is added.
pub(crate) fn request(start: &str, branch: &str, lines: &[&str], body: &str) -> Vec<u8> {
    let method = start.split(' ').next().expect("a method");
    let has = |name: &str| lines.iter().any(|line| line.starts_with(name));
    let mut text = format!("{start} SIP/2.0\r\nVia: SIP/2.0/WS proxy;branch=z9hG4bK{branch}\r\n");
    for (name, line) in [
        ("From", "From: \"Anna\" <sip:300@sip.test>;tag=anna".to_owned()),
        ("To", "To: <sip:200@sip.test>".to_owned()),
        ("Call-ID", "Call-ID: one".to_owned()),
        ("CSeq", format!("CSeq: 1 {method}")),
    ] {
        if !has(name) {
            text.push_str(&format!("{line}\r\n"));
        }
    }
    for line in lines {
        text.push_str(&format!("{line}\r\n"));
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// Hands a request to the phone and returns what it sends back.
pub(crate) fn answers(world: &mut World, octets: Vec<u8>) -> Vec<Message> {
    world.proxy.heard.clear();
    world.send_to_phone(0, octets);
    world.run(100);
    std::mem::take(&mut world.proxy.heard)
}

pub(crate) fn codes(messages: &[Message]) -> Vec<u16> {
    messages.iter().map(|message| message.status().map_or(0, |(code, _)| code)).collect()
}

pub(crate) const INVITE: &str = "INVITE sip:200@x.invalid";

#[test]
fn requests_are_answered_as_their_method_and_headers_want_it() {
    let call = &["Contact: <sip:300@x>", "Content-Type: application/sdp"];
    type Row<'a> = (&'a str, &'a [&'a str], &'a str, &'a [u16], Option<(&'a str, &'a str)>);
    // Start line, further lines, body; codes of the answers, and a header of the first.
    let table: &[Row<'_>] = &[
        (
            "OPTIONS sip:200@x.invalid",
            &[],
            "",
            &[200],
            Some(("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, NOTIFY, PRACK, REFER, UPDATE")),
        ),
        (
            "SUBSCRIBE sip:200@x.invalid",
            &[],
            "",
            &[405],
            Some(("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, NOTIFY, PRACK, REFER, UPDATE")),
        ),
        ("OPTIONS sips:200@x.invalid", &[], "", &[200], Some(("Accept", "application/sdp"))),
        ("WHATEVER sip:200@x.invalid", &[], "", &[405], None),
        ("OPTIONS tel:+34911085460", &[], "", &[416], None),
        (INVITE, &["Require: gruu, nonsense, 100rel"], "", &[420], Some(("Unsupported", "nonsense"))),
        (INVITE, &["Content-Type: text/plain"], "hello", &[415], Some(("Accept", "application/sdp"))),
        (
            INVITE,
            &["Content-Type: application/sdp", "Content-Encoding: gzip"],
            "x",
            &[415],
            Some(("Accept-Encoding", "identity")),
        ),
        ("BYE sip:200@x.invalid", &["To: <sip:200@sip.test>;tag=gone"], "", &[481], None),
        ("INVITE sip:200@x.invalid", &["To: <sip:200@sip.test>;tag=gone"], "", &[481], None),
        ("INFO sip:200@x.invalid", &[], "", &[481], None),
        ("REFER sip:200@x.invalid", &["Refer-To: <sip:premium@x>"], "", &[481], None),
        ("CANCEL sip:200@x.invalid", &[], "", &[481], None),
        ("ACK sip:200@x.invalid", &[], "", &[], None),
        (
            "NOTIFY sip:200@x.invalid",
            &["Event: presence"],
            "",
            &[489],
            Some(("Allow-Events", "message-summary")),
        ),
        ("NOTIFY sip:200@x.invalid", &["o: message-summary"], "Messages-Waiting: yes", &[200], None),
        ("MESSAGE sip:200@x.invalid", &["Content-Type: text/plain"], "hi", &[200], None),
        (INVITE, call, "v=0", &[100, 180], None),
    ];
    for (start, lines, body, expected, header) in table {
        let mut world = World::registered(&["200"]);
        let answered = answers(&mut world, request(start, "1", lines, body));
        assert_eq!(codes(&answered), *expected, "{start} {lines:?}");
        for answer in &answered {
            let has_tag = answer.to().tag().is_some();
            assert_eq!(has_tag, answer.status().is_some_and(|(code, _)| code > 100), "{start}: To tag");
        }
        if let Some((name, value)) = header {
            assert_eq!(answered[0].header(name), Some(*value), "{start}");
        }
    }
}

#[test]
fn descriptions_beside_other_parts_of_a_body_are_taken_in_both_directions() {
    let mixed = |sdp: &str| {
        format!(
            "--x\r\nContent-Type: application/isup\r\n\r\n\u{1}\r\n--x\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--x--\r\n"
        )
    };
    let kind = "Content-Type: multipart/mixed;boundary=x";
    let mut world = World::registered(&["200"]);
    let rung =
        answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@x>", kind], &mixed("v=0 theirs")));
    assert_eq!(codes(&rung), [100, 180]);
    let Some(softframe_sip::Event::Incoming { request: invite, .. }) = world.phones[0].events.last() else {
        panic!("no call")
    };
    assert_eq!((invite.body(), invite.content_type().as_str()), (&b"v=0 theirs\r\n"[..], "application/sdp"));

    let mut world = World::registered(&["200"]);
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    let ok = ResponseBuilder::new(&invite, StatusCode::OK).to_tag("a").header("Contact", "<sip:300@c>");
    let ok = ok.body("multipart/mixed;boundary=x", mixed("v=0 answer").as_bytes());
    world.send_to_phone(0, ok.build().into_octets());
    world.run(20);
    assert_eq!(world.told(0), ["inviting", "accepted v=0 answer\r\n"]);
}

#[test]
fn malformed_requests_are_answered_and_lose_nothing_else() {
    let mut world = World::registered(&["200"]);
    let garbage: Vec<Vec<u8>> =
        vec![b"hello".to_vec(), vec![0; 70_000], b"SIP/2.0 999 Odd\r\n\r\n".to_vec(), vec![0xff, 0xfe]];
    for octets in garbage {
        assert!(answers(&mut world, octets).is_empty());
    }
    let twice = request(INVITE, "1", &["From: <sip:a@b>;tag=1", "From: <sip:a@b>;tag=2"], "");
    assert_eq!(codes(&answers(&mut world, twice)), [400]);
    let version =
        String::from_utf8(request(INVITE, "2", &[], "")).expect("text").replacen(" SIP/2.0", " SIP/7.0", 1);
    assert_eq!(codes(&answers(&mut world, version.into_bytes())), [505]);
    let long = request(INVITE, "3", &["Content-Type: application/sdp"], &"a".repeat(33_000));
    assert_eq!(codes(&answers(&mut world, long)), [413]);
    let told = world.told(0);
    assert!(told.len() == 4 && told.iter().all(|told| told.starts_with("not sip: ")), "{told:?}");
    assert_eq!(codes(&answers(&mut world, request(INVITE, "4", &[], ""))), [100, 180]);
}

#[test]
fn repeated_invite_repeats_the_answer_and_rings_once() {
    let mut world = World::registered(&["200"]);
    let invite = request(INVITE, "1", &[], "");
    assert_eq!(codes(&answers(&mut world, invite.clone())), [100, 180]);
    assert_eq!(codes(&answers(&mut world, invite.clone())), [180]);
    assert_eq!(world.told(0), ["incoming from 300"]);
    let session = softframe_sip::SessionId(1);
    world.command(0, Command::Reject { session, code: 603, headers: Vec::new() });
    world.run(100);
    world.proxy.heard.clear();
    assert_eq!(codes(&answers(&mut world, invite)), [603], "until the ACK comes");
    assert_eq!(world.told(0), ["terminated local 603"]);
}

#[test]
fn invite_that_comes_again_after_the_ack_of_its_refusal_rings_no_more() {
    // A hop that speaks UDP may still have copies on their way for as long as T4 (RFC 3261 §17.2.1).
    for (wait, rings) in [(0, false), (4_500, false), (5_000, true)] {
        let mut world = World::registered(&["200"]);
        let invite = request(INVITE, "1", &[], "");
        let rung = answers(&mut world, invite.clone());
        let session = world.incoming(0);
        world.command(0, Command::Reject { session, code: 603, headers: Vec::new() });
        world.run(100);
        let ack = request("ACK sip:200@x.invalid", "1", &[&format!("To: {}", rung[1].to())], "");
        assert!(answers(&mut world, ack.clone()).is_empty());
        assert!(answers(&mut world, ack).is_empty(), "nor does its ACK say anything when it comes twice");
        world.run(wait);
        world.told(0);
        let (again, expected): (&[u16], &[&str]) =
            if rings { (&[100, 180], &["incoming from 300"]) } else { (&[], &[]) };
        assert_eq!(codes(&answers(&mut world, invite)), again, "after {wait} ms");
        assert_eq!(world.told(0), expected, "after {wait} ms");
        if !rings {
            let other_path = request(INVITE, "2", &[], "");
            assert_eq!(codes(&answers(&mut world, other_path)), [482], "after {wait} ms");
        }
    }
}

#[test]
fn same_invite_over_two_paths_is_a_loop() {
    let mut world = World::registered(&["200"]);
    assert_eq!(codes(&answers(&mut world, request(INVITE, "1", &[], ""))), [100, 180]);
    assert_eq!(codes(&answers(&mut world, request(INVITE, "2", &[], ""))), [482]);
    assert_eq!(world.told(0), ["incoming from 300"]);
    // Two callers may have hit on one Call-ID, and one may call again in a dialog of its own.
    for (branch, line) in [("3", "From: <sip:301@sip.test>;tag=b"), ("4", "CSeq: 2 INVITE")] {
        assert_eq!(codes(&answers(&mut world, request(INVITE, branch, &[line], ""))), [100, 180], "{line}");
    }
}

#[test]
fn fourth_ringing_call_is_busy() {
    let mut world = World::registered(&["200"]);
    for number in 1..=4 {
        let (call, from) = (format!("Call-ID: {number}"), format!("From: <sip:30{number}@h>;tag={number}"));
        let answered = answers(&mut world, request(INVITE, &number.to_string(), &[&call, &from], ""));
        let expected: &[u16] = if number < 4 { &[100, 180] } else { &[486] };
        assert_eq!(codes(&answered), expected, "call {number}");
    }
    assert_eq!(world.told(0).len(), 3);
}

#[test]
fn call_storms_are_damped_by_caller_and_in_all() {
    let mut world = World::registered(&["200"]);
    let mut rung = 0;
    for number in 0..8 {
        let call = format!("Call-ID: {number}");
        let answered = answers(&mut world, request(INVITE, &number.to_string(), &[&call], ""));
        if codes(&answered) == [100, 180] {
            rung += 1;
            let session = world.incoming(0);
            world.command(0, Command::Reject { session, code: 486, headers: Vec::new() });
            world.run(10);
        } else {
            assert_eq!(codes(&answered), [480]);
            assert_eq!(answered[0].header("Retry-After"), Some("10"));
        }
    }
    assert_eq!(rung, 5, "five of one caller in ten seconds");
    world.run(10_000);
    assert_eq!(codes(&answers(&mut world, request(INVITE, "again", &["Call-ID: again"], ""))), [100, 180]);
}

#[test]
fn ringing_is_repeated_each_minute() {
    let mut world = World::registered(&["200"]);
    answers(&mut world, request(INVITE, "1", &[], ""));
    world.ladder();
    world.run(59_800);
    assert!(world.ladder().is_empty());
    world.run(200);
    assert_eq!(world.ladder(), ["200 > 180 INVITE"]);
}

#[test]
fn caller_may_end_an_unanswered_call_with_bye() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &[], ""));
    let to = format!("To: {}", rung[1].to());
    let bye = request(
        "BYE sip:200@x.invalid",
        "2",
        &[&to, "CSeq: 2 BYE", "Reason: Q.850;cause=16, SIP;cause=200;text=\"a, b; c\""],
        "",
    );
    assert_eq!(codes(&answers(&mut world, bye)), [200, 487]);
    assert_eq!(world.told(0), ["incoming from 300", "terminated remote 200 SIP;200"]);
}

#[test]
fn numbers_that_go_backwards_are_refused() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["CSeq: 5 INVITE"], ""));
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(100);
    let to = format!("To: {}", rung[1].to());
    let inside = |start: &str, number: u32, branch: &str| {
        let method = start.split(' ').next().expect("a method");
        request(start, branch, &[&to, &format!("CSeq: {number} {method}")], "")
    };
    answers(&mut world, inside("ACK sip:200@x.invalid", 5, "2"));
    assert_eq!(codes(&answers(&mut world, inside("INFO sip:200@x.invalid", 4, "3"))), [500]);
    assert_eq!(codes(&answers(&mut world, inside("INFO sip:200@x.invalid", 7, "4"))), [200]);
    assert_eq!(codes(&answers(&mut world, inside("INFO sip:200@x.invalid", 6, "5"))), [500]);
    let another = inside("INFO sip:200@x.invalid", 7, "4-again");
    assert_eq!(codes(&answers(&mut world, another)), [500]);
    assert_eq!(codes(&answers(&mut world, inside("BYE sip:200@x.invalid", 8, "6"))), [200]);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 200"));
}

#[test]
fn request_that_comes_twice_is_answered_twice_and_shown_once() {
    let mut world = World::registered(&["200"]);
    let message = request("MESSAGE sip:200@x.invalid", "1", &["Content-Type: text/plain"], "hi");
    for _ in 0..3 {
        assert_eq!(codes(&answers(&mut world, message.clone())), [200]);
    }
    assert_eq!(world.told(0), ["message hi"]);
    let rung = answers(&mut world, request(INVITE, "2", &[], ""));
    let bye = request("BYE sip:200@x.invalid", "3", &[&format!("To: {}", rung[1].to()), "CSeq: 2 BYE"], "");
    assert_eq!(codes(&answers(&mut world, bye.clone())), [200, 487]);
    assert_eq!(codes(&answers(&mut world, bye)), [200]);
}

#[test]
fn what_is_discarded_is_counted() {
    let mut world = World::registered(&["200"]);
    let before = world.phones[0].agent.discarded();
    answers(&mut world, b"hello".to_vec());
    answers(&mut world, b"SIP/2.0 200 OK\r\nVia: SIP/2.0/WS x;branch=z9hG4bK0\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: 9\r\nCSeq: 1 BYE\r\n\r\n".to_vec());
    assert_eq!(world.phones[0].agent.discarded(), before + 2);
    let told = world.told(0);
    assert!(told.len() == 1 && told[0].starts_with("not sip: "), "of the first alone: {told:?}");
}

#[test]
fn invite_without_an_offer_gets_ours_and_the_ack_brings_the_answer() {
    let mut world = World::registered(&["200"]);
    let rung = answers(
        &mut world,
        request(
            INVITE,
            "1",
            &["Contact: <sip:300@c>", "Record-Route: <sip:p1;lr>", "Record-Route: <sip:p2;lr>"],
            "",
        ),
    );
    assert_eq!(rung[1].list("Record-Route").collect::<Vec<_>>(), ["<sip:p1;lr>", "<sip:p2;lr>"]);
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(100);
    let to = format!("To: {}", rung[1].to());
    let ack = request("ACK sip:200@x.invalid", "2", &[&to, "Content-Type: application/sdp"], "v=0 theirs");
    answers(&mut world, ack);
    assert_eq!(world.told(0), ["incoming from 300", "confirmed v=0 theirs"]);
    // As callee the route set stands in the order of Record-Route; challenges are not answered in their dialog.
    world.proxy.heard.clear();
    world.command(0, Command::Reinvite { session, offer: b"v=0".to_vec() });
    world.run(20);
    let reinvite = world.proxy.heard.remove(0);
    assert_eq!(reinvite.list("Route").collect::<Vec<_>>(), ["<sip:p1;lr>", "<sip:p2;lr>"]);
    let challenge =
        softframe_sip::wire::ResponseBuilder::new(&reinvite, softframe_sip::wire::StatusCode::UNAUTHORIZED)
            .header("WWW-Authenticate", "Digest realm=\"sip.test\", nonce=\"n\", qop=\"auth\"");
    world.ladder();
    world.send_to_phone(0, challenge.build().into_octets());
    world.run(100);
    assert_eq!(world.told(0), ["reinvite failed 401"]);
    assert_eq!(world.ladder(), ["200 < 401 INVITE", "200 > ACK"], "no credentials in a dialog of theirs");
}

#[test]
fn late_200_of_an_earlier_offer_does_not_answer_the_next_one() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    let answer = |world: &mut World, text: &str| {
        world.command(1, Command::Answer { session: theirs, answer: text.as_bytes().to_vec() });
    };
    world.command(0, Command::Reinvite { session: ours, offer: b"v=0 one".to_vec() });
    world.run(100);
    answer(&mut world, "v=0 first");
    world.run(100);
    world.command(0, Command::Reinvite { session: ours, offer: b"v=0 two".to_vec() });
    world.run(15);
    let again = world.phones[0].last_200.clone().expect("the 200 of the first offer");
    world.send_to_phone(0, again);
    world.run(100);
    answer(&mut world, "v=0 second");
    world.run(100);
    assert_eq!(world.told(0), ["reinvited v=0 first", "reinvited v=0 second"]);
}

#[test]
fn strict_router_becomes_the_request_uri() {
    let mut world = World::registered(&["200"]);
    let rung = answers(
        &mut world,
        request(INVITE, "1", &["Contact: <sip:300@there;x=y>", "Record-Route: <sip:p1>, <sip:p2;lr>"], ""),
    );
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(100);
    answers(&mut world, request("ACK sip:200@x.invalid", "2", &[&format!("To: {}", rung[1].to())], ""));
    world.proxy.heard.clear();
    world.hang_up(0, session);
    world.run(20);
    let bye = world.proxy.heard.remove(0);
    assert_eq!(bye.uri().map(ToString::to_string).as_deref(), Some("sip:p1"));
    assert_eq!(bye.list("Route").collect::<Vec<_>>(), ["<sip:p2;lr>", "<sip:300@there;x=y>"]);
}

/// Who calls us may ask for a password, even in the name of our own server, and would have our answer to it.
#[test]
fn challenge_to_a_request_in_a_call_of_theirs_is_not_answered() {
    for (status, name) in [
        (StatusCode::UNAUTHORIZED, "WWW-Authenticate"),
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, "Proxy-Authenticate"),
    ] {
        let mut world = World::registered(&["200"]);
        let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@there>"], ""));
        let session = world.incoming(0);
        world.accept(0, session);
        world.run(100);
        answers(&mut world, request("ACK sip:200@x.invalid", "2", &[&format!("To: {}", rung[1].to())], ""));
        world.hang_up(0, session);
        world.run(100);
        let bye = world.proxy.heard.remove(0);
        assert!(bye.header("Authorization").or(bye.header("Proxy-Authorization")).is_none());
        let challenge = r#"Digest realm="sip.test", nonce="theirs", algorithm=SHA-256, qop="auth""#;
        let challenged = ResponseBuilder::new(&bye, status).header(name, challenge).build();
        assert!(answers(&mut world, challenged.into_octets()).is_empty(), "{name}");
    }
}

#[test]
fn caller_follows_the_proxies_of_the_answer_from_the_nearest_to_the_farthest() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    let route =
        [("Record-Route", "<sip:far.test;lr>, <sip:middle.test;lr>"), ("Record-Route", "<sip:near.test;lr>")];
    let ack = respond(&mut world, &invite, 200, "peer", &route, "v=0").remove(0);
    world.hang_up(0, SessionId(1));
    world.run(20);
    let bye = world.proxy.heard.remove(0);
    for (request, method) in [(ack, "ACK"), (bye, "BYE")] {
        assert_eq!(request.method().as_str(), method);
        assert_eq!(request.uri().map(ToString::to_string).as_deref(), Some("sip:peer@c"));
        let route = ["<sip:near.test;lr>", "<sip:middle.test;lr>", "<sip:far.test;lr>"];
        assert_eq!(request.list("Route").collect::<Vec<_>>(), route, "{method}");
    }
}

#[test]
fn attended_transfer_names_the_other_dialog() {
    let mut world = World::registered(&["200"]);
    let mut sessions = Vec::new();
    for number in ["1", "2"] {
        let lines = [
            format!("Call-ID: {number}"),
            format!("From: <sip:30{number}@h>;tag=t{number}"),
            format!("Contact: <sip:30{number}@c>"),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let rung = answers(&mut world, request(INVITE, number, &lines, ""));
        let session = world.incoming(0);
        world.accept(0, session);
        world.run(100);
        let to = format!("To: {}", rung[1].to());
        answers(
            &mut world,
            request("ACK sip:200@x.invalid", &format!("a{number}"), &[lines[0], lines[1], &to], ""),
        );
        sessions.push((session, rung[1].to().tag().expect("a tag").to_owned()));
    }
    world.proxy.heard.clear();
    let (first, second) = (sessions[0].0, sessions[1].0);
    world.command(
        0,
        Command::Refer { session: first, target: String::new(), replaces: Some(second), headers: Vec::new() },
    );
    world.run(20);
    let refer = world.proxy.heard.remove(0);
    let expected = format!("<sip:302@c?Replaces=2%3Bto-tag%3Dt2%3Bfrom-tag%3D{}>", sessions[1].1);
    assert_eq!(refer.header("Refer-To"), Some(expected.as_str()));
    assert_eq!((refer.uri().map(ToString::to_string).as_deref(), refer.call_id()), (Some("sip:301@c"), "1"));
    assert_eq!(refer.header("Referred-By"), Some("<sip:200@sip.test>"));
}

#[test]
fn invite_that_expires_while_it_rings_ends_with_487_and_one_that_was_taken_goes_on() {
    let lines = ["Contact: <sip:300@x>", "Content-Type: application/sdp", "Expires: 20"];
    for taken in [false, true] {
        let mut world = World::registered(&["200"]);
        let sent = answers(&mut world, request(INVITE, "e", &lines, "v=0"));
        assert_eq!(codes(&sent), [100, 180]);
        if taken {
            let (session, answer) = (SessionId(1), b"v=0".to_vec());
            world.command(0, Command::Accept { session, answer, headers: Vec::new() });
            let to = format!("To: <sip:200@sip.test>;tag={}", sent[1].to().tag().expect("a tag"));
            answers(&mut world, request("ACK sip:200@x.invalid", "a", &[&to], ""));
        }
        world.told(0);
        world.run(19_700);
        assert_eq!((codes(&world.proxy.heard), world.told(0)), (Vec::new(), Vec::new()));
        world.run(300);
        let ended = (codes(&world.proxy.heard), world.told(0));
        match taken {
            true => assert_eq!(ended, (Vec::new(), Vec::new())),
            false => assert_eq!(ended, (vec![487], vec!["terminated remote 487".to_owned()])),
        }
    }
}
