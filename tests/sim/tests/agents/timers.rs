//! Session timers (RFC 4028) and UPDATE (RFC 3311): asked for, granted, too brief, refreshed by either side, and run out.

use super::{
    requests::{INVITE, answers, codes, request},
    world::{World, sdp},
};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

/// A call from an agent that the test plays: its session, and the To line for requests inside.
fn called(world: &mut World, lines: &[&str]) -> (SessionId, String, Message) {
    let mut all = vec!["Contact: <sip:300@c>", "Content-Type: application/sdp"];
    all.extend(lines);
    let rung = answers(world, request(INVITE, "1", &all, "v=0"));
    let to = format!("To: {}", rung[1].to());
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(20);
    let ok = std::mem::take(&mut world.proxy.heard).pop().expect("a 200");
    answers(world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    world.told(0);
    (session, to, ok)
}

/// A request of the other side inside that call.
fn inside(
    world: &mut World,
    to: &str,
    method: &str,
    number: u32,
    lines: &[&str],
    body: &str,
) -> Vec<Message> {
    let cseq = format!("CSeq: {number} {method}");
    let mut all = vec![to, &cseq, "Contact: <sip:300@d>"];
    if !body.is_empty() {
        all.push("Content-Type: application/sdp");
    }
    all.extend(lines);
    answers(world, request(&format!("{method} sip:200@x.invalid"), &format!("i{number}"), &all, body))
}

/// What the phone sent to the other side, and the answer of the test.
fn answer(world: &mut World, status: StatusCode, headers: &[(&str, &str)], body: &[u8]) -> Message {
    let request = world.proxy.heard.remove(0);
    let builder = ResponseBuilder::new(&request, status).to_tag("peer").header("Contact", "<sip:300@c>");
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    world.send_to_phone(0, builder.body("application/sdp", body).build().into_octets());
    world.run(20);
    request
}

fn header<'a>(message: &'a Message, name: &str) -> &'a str {
    message.header(name).unwrap_or("none")
}

/// Lets the phone call 300, whose answers the test gives; the INVITE.
fn calling(world: &mut World) -> Message {
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    world.proxy.heard[0].clone()
}

#[test]
fn callee_grants_what_is_asked_and_names_who_refreshes() {
    // Lines of the INVITE; Session-Expires and Require of the 200.
    for (lines, expires, require) in [
        (&["Supported: timer", "Session-Expires: 120"][..], "120;refresher=uac", "timer"),
        (&["k: timer", "x: 3600;refresher=uac"], "3600;refresher=uac", "timer"),
        (&["Supported: timer", "Session-Expires: 90;refresher=uas"], "90;refresher=uas", "none"),
        (&["Session-Expires: 120"], "120;refresher=uas", "none"),
        // Who does not know the extension could do nothing about a 422 (RFC 4028 §9).
        (&["Session-Expires: 30"], "30;refresher=uas", "none"),
        (&["Session-Expires: soon"], "none", "none"),
        (&["Supported: timer"], "none", "none"),
    ] {
        let mut world = World::registered(&["200"]);
        let (_, _, ok) = called(&mut world, lines);
        assert_eq!((header(&ok, "Session-Expires"), header(&ok, "Require")), (expires, require), "{lines:?}");
    }
}

#[test]
fn too_brief_interval_is_refused_with_our_minimum_and_rings_nowhere() {
    let mut world = World::registered(&["200"]);
    let lines = ["Supported: timer", "Session-Expires: 89"];
    let refused = answers(&mut world, request(INVITE, "0", &lines, ""));
    assert_eq!((codes(&refused), header(&refused[0], "Min-SE")), (vec![422], "90"));
    assert!(world.told(0).is_empty());
    let (_, to, _) = called(&mut world, &["Supported: timer", "Session-Expires: 90"]);
    let refused = inside(&mut world, &to, "UPDATE", 3, &["Supported: timer", "Session-Expires: 10"], "");
    assert_eq!(codes(&refused), [422]);
    let taken = inside(&mut world, &to, "UPDATE", 4, &["Session-Expires: 30"], "");
    assert_eq!((codes(&taken), header(&taken[0], "Session-Expires")), (vec![200], "30;refresher=uas"));
    assert!(world.told(0).is_empty(), "the call goes on");
}

#[test]
fn caller_takes_a_longer_interval_from_each_server_but_not_without_end() {
    let mut world = World::registered(&["200"]);
    let first = calling(&mut world);
    assert_eq!(header(&first, "Session-Expires"), "1800");
    answer(&mut world, StatusCode::SESSION_INTERVAL_TOO_SMALL, &[("Min-SE", "2000")], b"");
    world.proxy.heard.retain(|message| message.octets().starts_with(b"INVITE"));
    let second = answer(&mut world, StatusCode::SESSION_INTERVAL_TOO_SMALL, &[("Min-SE", "2001")], b"");
    assert_eq!((header(&second, "Session-Expires"), header(&second, "Min-SE")), ("2000", "2000"));
    assert!(second.cseq().number > first.cseq().number && second.call_id() == first.call_id());
    for tries in 0.. {
        world.proxy.heard.retain(|message| message.octets().starts_with(b"INVITE"));
        if world.proxy.heard.is_empty() {
            break;
        }
        assert!(tries < 8, "without end");
        let next = world.proxy.heard[0].number("Session-Expires").expect("a number") + 1;
        answer(&mut world, StatusCode::SESSION_INTERVAL_TOO_SMALL, &[("Min-SE", &next.to_string())], b"");
    }
    assert_eq!(world.told(0), ["inviting", "terminated remote 422"]);

    // A 422 that asks for nothing longer is a refusal like any other.
    for min in ["1800", "90", "never"] {
        let mut world = World::registered(&["200"]);
        calling(&mut world);
        answer(&mut world, StatusCode::SESSION_INTERVAL_TOO_SMALL, &[("Min-SE", min)], b"");
        assert_eq!(world.told(0), ["inviting", "terminated remote 422"], "Min-SE: {min}");
    }
}

#[test]
fn caller_refreshes_by_update_at_half_time_where_the_other_side_takes_it() {
    let mut world = World::registered(&["200"]);
    calling(&mut world);
    let agreed = [("Session-Expires", "90;refresher=uac"), ("Require", "timer"), ("Allow", "INVITE, UPDATE")];
    answer(&mut world, StatusCode::OK, &agreed, b"v=0");
    world.proxy.heard.clear();
    world.run(44_900);
    assert!(world.proxy.heard.is_empty());
    world.run(200);
    for _ in 0..3 {
        let update = answer(&mut world, StatusCode::OK, &agreed, b"");
        assert!(update.octets().starts_with(b"UPDATE ") && update.body().is_empty());
        assert_eq!(header(&update, "Session-Expires"), "90;refresher=uac");
        assert!(header(&update, "Contact").contains(".invalid;"));
        world.run(45_100);
    }
    // Refused by a server in trouble, or since the other side is away for a moment (430: RFC 5626 §5.3.1): tried again, and
    // the call lives.
    for code in [500, 480, 430] {
        let update = answer(&mut world, StatusCode::new(code).expect("a status"), &[], b"");
        world.run(10_100);
        let again = answer(&mut world, StatusCode::OK, &agreed, b"");
        assert!(
            again.octets().starts_with(b"UPDATE ") && again.cseq().number > update.cseq().number,
            "{code}"
        );
        world.run(45_100);
    }
    assert_eq!(world.told(0), ["inviting", "accepted v=0"]);
}

#[test]
fn interval_that_is_granted_without_a_word_on_who_refreshes_is_refreshed_by_who_asked() {
    for granted in ["90", "90;refresher=nobody", "90;refresher=UAC"] {
        let mut world = World::registered(&["200"]);
        calling(&mut world);
        answer(&mut world, StatusCode::OK, &[("Session-Expires", granted), ("Allow", "UPDATE")], b"v=0");
        world.proxy.heard.clear();
        world.run(46_000);
        let update = world.proxy.heard.first().unwrap_or_else(|| panic!("nobody refreshes {granted}"));
        assert_eq!(
            (update.method().as_str(), header(update, "Session-Expires")),
            ("UPDATE", "90;refresher=uac")
        );
    }
}

#[test]
fn interval_of_a_second_that_a_server_insists_on_is_refreshed_every_five() {
    let mut world = World::registered(&["200"]);
    calling(&mut world);
    let granted = [("Session-Expires", "1;refresher=uac"), ("Allow", "UPDATE")];
    answer(&mut world, StatusCode::OK, &granted, b"v=0");
    world.proxy.heard.clear();
    let (begin, mut refreshed) = (world.now, 0);
    while world.now < begin + 100_000 {
        if world.proxy.heard.is_empty() {
            world.run(100);
        } else {
            assert_eq!(answer(&mut world, StatusCode::OK, &granted, b"").method().as_str(), "UPDATE");
            refreshed += 1;
        }
    }
    assert!((18..=20).contains(&refreshed), "{refreshed}");
}

#[test]
fn caller_asks_for_a_reinvite_where_update_is_not_taken() {
    let mut world = World::registered(&["200"]);
    calling(&mut world);
    let agreed = [("Session-Expires", "120;refresher=uac")];
    answer(&mut world, StatusCode::OK, &[agreed[0], ("Allow", "INVITE, ACK")], b"v=0");
    world.told(0);
    world.run(60_100);
    assert_eq!(world.told(0), ["refresh"]);
    world.proxy.heard.clear();
    world.command(0, Command::Reinvite { session: SessionId(1), offer: sdp("same") });
    world.run(20);
    let reinvite = answer(&mut world, StatusCode::OK, &agreed, b"v=0 same");
    assert_eq!(header(&reinvite, "Session-Expires"), "120;refresher=uac");
    world.run(59_000);
    assert_eq!(world.told(0), ["reinvited v=0 same"]);
    // Nobody offers: asked again until 32 s before the end, then BYE.
    world.proxy.heard.clear();
    world.run(32_000);
    let told = world.told(0);
    assert_eq!(told.last().map(String::as_str), Some("terminated network 408"));
    assert!(told.len() > 2 && told[..told.len() - 1].iter().all(|event| event == "refresh"), "{told:?}");
    let bye = world.proxy.heard.pop().expect("a BYE");
    assert!(bye.octets().starts_with(b"BYE ") && header(&bye, "Reason").starts_with("SIP;cause=408"));
}

#[test]
fn update_that_is_not_known_after_all_gives_way_to_a_reinvite() {
    let mut world = World::registered(&["200"]);
    calling(&mut world);
    answer(
        &mut world,
        StatusCode::OK,
        &[("Session-Expires", "90;refresher=uac"), ("Allow", "UPDATE")],
        b"v=0",
    );
    world.proxy.heard.clear();
    world.run(45_100);
    answer(&mut world, StatusCode::METHOD_NOT_ALLOWED, &[], b"");
    world.told(0);
    world.run(10_100);
    assert_eq!(world.told(0), ["refresh"]);
}

#[test]
fn session_that_the_other_side_does_not_refresh_ends_in_time_and_one_it_refreshes_does_not() {
    let asked = ["Supported: timer", "Session-Expires: 90"];
    let mut world = World::registered(&["200"]);
    let (_, to, _) = called(&mut world, &asked);
    world.run(50_000);
    let refreshed = inside(&mut world, &to, "UPDATE", 2, &asked, "");
    assert_eq!(
        (codes(&refreshed), header(&refreshed[0], "Session-Expires")),
        (vec![200], "90;refresher=uac")
    );
    world.run(50_000);
    let reinvited = inside(&mut world, &to, "INVITE", 3, &asked, "v=0");
    assert_eq!(codes(&reinvited), [100]);
    let session = SessionId(1);
    world.command(0, Command::Answer { session, answer: sdp("same") });
    inside(&mut world, &to, "ACK", 3, &[], "");
    world.told(0);
    world.run(59_500);
    assert!(world.told(0).is_empty());
    world.run(600);
    assert_eq!(world.told(0), ["terminated network 408"]);
    assert!(world.proxy.heard.iter().any(|message| message.octets().starts_with(b"BYE ")));
}

#[test]
fn refresh_without_an_interval_ends_the_timer_and_not_the_call() {
    let mut world = World::registered(&["200"]);
    let (_, to, _) = called(&mut world, &["Supported: timer", "Session-Expires: 90"]);
    assert_eq!(codes(&inside(&mut world, &to, "UPDATE", 2, &[], "")), [200]);
    world.run(500_000);
    assert!(world.told(0).is_empty());
}

#[test]
fn refresh_that_gets_481_or_no_answer_ends_the_call() {
    for answered in [true, false] {
        let mut world = World::registered(&["200"]);
        calling(&mut world);
        let agreed = [("Session-Expires", "600;refresher=uac"), ("Allow", "UPDATE")];
        answer(&mut world, StatusCode::OK, &agreed, b"v=0");
        world.proxy.heard.clear();
        world.run(300_100);
        if answered {
            answer(&mut world, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST, &[], b"");
        } else {
            world.run(32_100);
        }
        let code = if answered { 481 } else { 408 };
        assert_eq!(world.told(0).last(), Some(&format!("terminated network {code}")));
    }
}

#[test]
fn refresh_waits_for_the_flow_and_goes_out_over_the_next_one() {
    let mut world = World::registered(&["200"]);
    calling(&mut world);
    let agreed = [("Session-Expires", "600;refresher=uac"), ("Allow", "UPDATE")];
    answer(&mut world, StatusCode::OK, &agreed, b"v=0");
    world.run(299_000);
    world.phones[0].reachable = false;
    world.cut(0);
    world.run(30_000);
    world.phones[0].reachable = true;
    world.proxy.heard.clear();
    let is_update = |message: &Message| message.octets().starts_with(b"UPDATE ");
    let is_refreshed = (0..60).any(|_| {
        world.run(1_000);
        world.proxy.heard.iter().any(is_update)
    });
    assert!(is_refreshed);
    assert!(!world.told(0).iter().any(|event| event.starts_with("terminated")));
}

#[test]
fn update_with_an_offer_is_answered_refused_or_put_off_like_a_reinvite() {
    let mut world = World::registered(&["200"]);
    let (session, to, _) = called(&mut world, &[]);
    assert!(inside(&mut world, &to, "UPDATE", 2, &[], "v=0 hold").is_empty(), "the phone decides");
    assert_eq!(world.told(0), ["offered v=0 hold"]);
    // A second one meanwhile (RFC 3311 §5.2).
    let second = inside(&mut world, &to, "UPDATE", 3, &[], "v=0 more");
    assert_eq!(codes(&second), [500]);
    assert!(second[0].number("Retry-After").is_some_and(|seconds| seconds <= 10));
    world.command(0, Command::Answer { session, answer: sdp("held") });
    world.run(20);
    assert_eq!(codes(&world.proxy.heard), [200]);
    assert_eq!(world.proxy.heard[0].body(), b"v=0 held");
    // The same again: the same answer, and nobody hears of it.
    let again = inside(&mut world, &to, "UPDATE", 2, &[], "v=0 hold");
    assert_eq!(again[0].body(), b"v=0 held");
    assert!(world.told(0).is_empty());
    assert!(inside(&mut world, &to, "UPDATE", 4, &[], "v=0 odd").is_empty());
    world.command(0, Command::RefuseOffer { session, code: 488 });
    world.run(20);
    assert_eq!(codes(&world.proxy.heard), [488]);
    // Ours is in the air.
    world.told(0);
    world.proxy.heard.clear();
    world.command(0, Command::Reinvite { session, offer: sdp("ours") });
    world.run(20);
    assert_eq!(codes(&inside(&mut world, &to, "UPDATE", 5, &[], "v=0 theirs")), [491]);
    assert!(world.told(0).is_empty());
}

#[test]
fn update_names_the_new_target_and_is_refused_out_of_order_or_out_of_a_dialog() {
    let mut world = World::registered(&["200"]);
    let (session, to, _) = called(&mut world, &[]);
    assert_eq!(codes(&inside(&mut world, &to, "UPDATE", 5, &[], "")), [200]);
    assert_eq!(codes(&inside(&mut world, &to, "UPDATE", 4, &[], "")), [500]);
    let stranger = inside(&mut world, "To: <sip:200@sip.test>;tag=none", "UPDATE", 6, &[], "");
    assert_eq!(codes(&stranger), [481]);
    world.proxy.heard.clear();
    world.hang_up(0, session);
    world.run(20);
    assert_eq!(world.proxy.heard[0].uri().map(ToString::to_string).as_deref(), Some("sip:300@d"));
}

#[test]
fn update_while_it_rings_names_the_new_target_and_is_put_off_with_an_offer() {
    let mut world = World::registered(&["200"]);
    let lines = ["Contact: <sip:300@c>", "Content-Type: application/sdp"];
    let rung = answers(&mut world, request(INVITE, "1", &lines, "v=0"));
    let to = format!("To: {}", rung[1].to());
    assert_eq!(codes(&inside(&mut world, &to, "UPDATE", 2, &[], "")), [200]);
    assert_eq!(codes(&inside(&mut world, &to, "UPDATE", 3, &[], "v=0 early")), [500]);
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(20);
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    world.hang_up(0, session);
    world.run(20);
    let bye = world.proxy.heard[0].uri().map(ToString::to_string);
    assert_eq!(bye.as_deref(), Some("sip:300@d"), "the UPDATE named the target");
}

const BO: &str = "P-Asserted-Identity: <sip:311@sip.test>";

#[test]
fn who_has_the_line_now_is_told_when_the_request_that_says_so_is_accepted() {
    let mut world = World::registered(&["200"]);
    let (session, to, _) = called(&mut world, &[]);
    assert_eq!(codes(&inside(&mut world, &to, "UPDATE", 2, &[BO], "")), [200]);
    assert_eq!(world.told(0), ["identified by UPDATE"]);
    world.run(2_000);
    inside(&mut world, &to, "INVITE", 3, &[BO], "v=0 other");
    assert_eq!(world.told(0), ["offered v=0 other"]);
    world.command(0, Command::RefuseOffer { session, code: 488 });
    assert!(world.told(0).is_empty(), "what is refused changes nothing");
    inside(&mut world, &to, "ACK", 3, &[], "");
    inside(&mut world, &to, "INVITE", 4, &[BO], "v=0 other");
    world.told(0);
    world.command(0, Command::Answer { session, answer: sdp("ours") });
    assert_eq!(world.told(0), ["identified by INVITE"]);
    world.run(2_000);
    inside(&mut world, &to, "UPDATE", 5, &["Subject: nobody"], "");
    assert!(world.told(0).is_empty());
}

#[test]
fn who_has_the_line_is_told_once_a_second_and_the_last_word_counts() {
    let mut world = World::registered(&["200"]);
    let (session, to, _) = called(&mut world, &[]);
    let who = |number: u32| format!("Remote-Party-ID: <sip:{number}@sip.test>");
    for number in 2..100 {
        let sent = request(
            "UPDATE sip:200@x.invalid",
            &format!("u{number}"),
            &[&to, &format!("CSeq: {number} UPDATE"), &who(number)],
            "",
        );
        world.send_to_phone(0, sent);
    }
    world.run(20);
    assert_eq!(world.told(0), ["identified by UPDATE"]);
    world.run(999);
    let last = world.phones[0].events.last().cloned();
    let Some(softframe_sip::Event::Identified { request, .. }) = last else { panic!("{last:?}") };
    assert_eq!(request.header("Remote-Party-ID"), Some("<sip:99@sip.test>"));
    world.run(5_000);
    assert_eq!(world.told(0), ["identified by UPDATE"]);
    // What still waits is not told of a call that is over.
    inside(&mut world, &to, "UPDATE", 100, &[BO], "");
    inside(&mut world, &to, "UPDATE", 101, &[BO], "");
    world.hang_up(0, session);
    world.run(5_000);
    assert_eq!(world.told(0), ["identified by UPDATE", "terminated local 200"]);
}

#[test]
fn two_of_our_own_agree_and_neither_ends_the_call() {
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    world.run(4_000_000);
    let ladder = world.ladder();
    let updates = ladder.iter().filter(|line| *line == "200 > UPDATE").count();
    assert_eq!(updates, 4, "each 900 s");
    assert!(!ladder.iter().any(|line| line.contains("BYE")), "{ladder:?}");
    world.hang_up(0, ours);
    world.run(100);
    world.assert_quiet();
}
