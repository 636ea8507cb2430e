//! Our own offers by UPDATE before the call is accepted (RFC 3311), as caller and as callee: when they go out, what the
//! other side may say to them, and what may cross them.

use super::{
    reliable::{self, respond},
    requests::{INVITE, answers, codes, request},
    world::{World, sdp},
};
use softframe_sip::{Command, SessionId, wire::Message};

/// The session of the one call there is.
const CALL: SessionId = SessionId(1);
/// Headers of a reliable response of a device that takes UPDATE.
const EARLY: &[(&str, &str)] = &[("Require", "100rel"), ("RSeq", "1"), ("Allow", "INVITE, ACK, BYE, UPDATE")];

/// The phone calls somebody whose device `a` has said this; the INVITE.
fn calling(code: u16, headers: &[(&str, &str)], body: &str) -> (World, Message) {
    let mut world = World::registered(&["200"]);
    let invite = reliable::calling(&mut world);
    respond(&mut world, &invite, code, "a", headers, body);
    world.told(0);
    (world, invite)
}

/// Early media was agreed on.
fn early() -> (World, Message) {
    calling(183, EARLY, "v=0 early")
}

/// The phone offers to device `fork`; what it sends.
fn update(world: &mut World, fork: &str, text: &str) -> Vec<Message> {
    world.proxy.heard.clear();
    let fork = fork.to_owned();
    world.command(0, Command::Update { session: CALL, fork, offer: sdp(text) });
    world.run(100);
    std::mem::take(&mut world.proxy.heard)
}

/// The only one of these, with its method.
fn only(mut messages: Vec<Message>, method: &str) -> Message {
    let methods: Vec<&str> = messages.iter().map(|message| message.cseq().method.as_str()).collect();
    assert_eq!(methods, [method]);
    messages.remove(0)
}

/// What the phone sends in this time.
fn within(world: &mut World, millis: u64) -> Vec<Message> {
    world.proxy.heard.clear();
    world.run(millis);
    std::mem::take(&mut world.proxy.heard)
}

#[test]
fn caller_offers_by_update_in_the_early_dialog_and_its_numbers_go_on() {
    let (mut world, invite) = early();
    assert!(world.phones[0].agent.takes_update(CALL, "a"));
    let offer = only(update(&mut world, "a", "restart"), "UPDATE");
    // The PRACK was number 2.
    assert_eq!((offer.cseq().number, offer.to().tag(), offer.body()), (3, Some("a"), &b"v=0 restart"[..]));
    assert_eq!(offer.uri().map(ToString::to_string).as_deref(), Some("sip:a@c"));
    assert_eq!(offer.from().tag(), invite.from().tag());
    assert_eq!(offer.contact().map(|contact| contact.uri), invite.contact().map(|contact| contact.uri));
    assert!(offer.header("Session-Expires").is_none(), "the timer is the INVITE's");
    assert!(respond(&mut world, &offer, 200, "moved", &[], "v=0 restarted").is_empty());
    assert_eq!(world.told(0), ["reinvited v=0 restarted"]);
    // The answer to the UPDATE has moved the target; the timer of the INVITE's answer counts, and no second ACK goes out.
    let next = only(update(&mut world, "a", "again"), "UPDATE");
    assert_eq!(next.uri().map(ToString::to_string).as_deref(), Some("sip:moved@c"));
    respond(&mut world, &next, 200, "moved", &[], "v=0 agreed");
    let ack = only(respond(&mut world, &invite, 200, "a", &[], "v=0 early"), "ACK");
    assert_eq!(ack.cseq().number, 1);
    assert_eq!(world.told(0), ["reinvited v=0 agreed", "accepted v=0 early"]);
    world.hang_up(0, CALL);
    world.run(100);
    let bye = only(std::mem::take(&mut world.proxy.heard), "BYE");
    respond(&mut world, &bye, 200, "a", &[], "");
    world.assert_quiet();
}

#[test]
fn nothing_is_offered_where_the_first_exchange_is_open_or_the_other_side_takes_no_update() {
    let reliable = &EARLY[..2];
    for (case, code, headers, body) in [
        ("no UPDATE in Allow", 183, reliable, "v=0 early"),
        ("an answer that may be lost", 183, &EARLY[2..], "v=0 early"),
        ("no answer", 180, EARLY, ""),
    ] {
        let (mut world, _) = calling(code, headers, body);
        assert!(!world.phones[0].agent.takes_update(CALL, "a"), "{case}");
        assert!(update(&mut world, "a", "restart").is_empty(), "{case}");
        assert_eq!(world.told(0), ["reinvite failed 491"], "{case}");
    }
    let (mut world, _) = early();
    assert!(update(&mut world, "b", "restart").is_empty(), "nobody has that tag");
    assert_eq!(world.told(0), ["reinvite failed 491"]);
    only(update(&mut world, "a", "restart"), "UPDATE");
    assert!(update(&mut world, "a", "second").is_empty(), "one at a time");
    assert_eq!(world.told(0), ["reinvite failed 491"]);
}

#[test]
fn offer_of_a_callee_that_our_prack_has_answered_may_be_followed_by_ours() {
    let mut world = World::registered(&["200"]);
    world.proxy.bindings.clear();
    let target = "sip:300@elsewhere".to_owned();
    let session = world.phones[0].agent.next_session();
    world.command(0, Command::Invite { session, target, offer: Vec::new(), headers: Vec::new() });
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    assert!(respond(&mut world, &invite, 183, "a", EARLY, "v=0 theirs").is_empty());
    assert!(update(&mut world, "a", "ours").is_empty(), "theirs has no answer");
    world.command(0, Command::Answer { session, answer: sdp("answer") });
    world.run(100);
    only(std::mem::take(&mut world.proxy.heard), "PRACK");
    world.told(0);
    let offer = only(update(&mut world, "a", "ours"), "UPDATE");
    respond(&mut world, &offer, 200, "a", &[], "v=0 agreed");
    assert_eq!(world.told(0), ["reinvited v=0 agreed"]);
}

#[test]
fn caller_waits_two_seconds_at_least_after_491_and_as_long_as_a_500_says() {
    for (code, headers, least, most) in [
        (491, &[][..], 2_100, 4_000),
        (500, &[("Retry-After", "3")][..], 3_000, 3_000),
        (500, &[("Retry-After", "0")][..], 0, 0),
    ] {
        let (mut world, _) = early();
        let offer = only(update(&mut world, "a", "restart"), "UPDATE");
        let asked = world.now;
        let mut again = respond(&mut world, &offer, code, "a", headers, "");
        if again.is_empty() {
            // Less the 100 ms of the reply, which has itself been under way.
            let too_early = (asked + least).saturating_sub(world.now + 1);
            assert!(within(&mut world, too_early).is_empty(), "{code}");
            again = within(&mut world, most - least + 100);
        }
        let again = only(again, "UPDATE");
        assert_eq!((again.body(), again.cseq().number), (offer.body(), offer.cseq().number + 1));
        assert!(world.told(0).is_empty());
        respond(&mut world, &again, 200, "a", &[], "v=0 restarted");
        assert_eq!(world.told(0), ["reinvited v=0 restarted"]);
    }
}

#[test]
fn side_that_never_stops_putting_off_is_offered_five_times_more() {
    let (mut world, _) = early();
    let mut sent = update(&mut world, "a", "restart");
    let mut count = 0;
    while let Some(offer) = sent.pop() {
        count += 1;
        sent = respond(&mut world, &offer, 491, "a", &[], "");
        sent.extend(within(&mut world, 4_000));
    }
    assert_eq!((count, world.told(0)), (6, vec!["reinvite failed 491".to_owned()]));
}

#[test]
fn refused_update_leaves_the_call_ringing_as_it_was() {
    for code in [403, 405, 408, 481, 488, 500, 501, 504, 603] {
        let (mut world, invite) = early();
        let offer = only(update(&mut world, "a", "restart"), "UPDATE");
        assert!(respond(&mut world, &offer, code, "a", &[], "").is_empty(), "{code}");
        assert_eq!(world.told(0), [format!("reinvite failed {code}")]);
        assert!(within(&mut world, 20_000).iter().all(|sent| sent.method().as_str() == "OPTIONS"), "{code}");
        only(respond(&mut world, &invite, 200, "a", &[], "v=0 early"), "ACK");
        assert_eq!(world.told(0), ["accepted v=0 early"], "{code}");
    }
}

#[test]
fn update_without_an_answer_fails_after_thirty_two_seconds_and_the_call_rings_on() {
    let (mut world, invite) = early();
    only(update(&mut world, "a", "restart"), "UPDATE");
    world.run(31_800);
    assert!(world.told(0).is_empty());
    world.run(200);
    assert_eq!(world.told(0), ["reinvite failed 408"]);
    only(respond(&mut world, &invite, 200, "a", &[], "v=0 early"), "ACK");
    assert_eq!(world.told(0), ["accepted v=0 early"]);
}

#[test]
fn challenged_update_is_sent_again_with_the_next_number() {
    for (code, challenge, answer) in
        [(401, "WWW-Authenticate", "Authorization"), (407, "Proxy-Authenticate", "Proxy-Authorization")]
    {
        let (mut world, _) = early();
        let offer = only(update(&mut world, "a", "restart"), "UPDATE");
        let digest = "Digest realm=\"sip.test\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"";
        let again = only(respond(&mut world, &offer, code, "a", &[(challenge, digest)], ""), "UPDATE");
        assert!(again.header(answer).is_some());
        assert_eq!((again.body(), again.cseq().number), (offer.body(), offer.cseq().number + 1));
        assert!(respond(&mut world, &offer, 200, "a", &[], "v=0 of the first").is_empty());
        assert!(world.told(0).is_empty(), "a late answer to the number before is none to this one");
        respond(&mut world, &again, 200, "a", &[], "v=0 restarted");
        assert_eq!(world.told(0), ["reinvited v=0 restarted"]);
    }
}

#[test]
fn update_in_the_air_outlives_the_answer_to_the_call() {
    let (mut world, invite) = early();
    let offer = only(update(&mut world, "a", "restart"), "UPDATE");
    only(respond(&mut world, &invite, 200, "a", &[], "v=0 early"), "ACK");
    assert_eq!(world.told(0), ["accepted v=0 early"]);
    // Until it is answered there is no place for another one.
    world.command(0, Command::Reinvite { session: CALL, offer: sdp("hold") });
    world.run(100);
    assert_eq!(world.told(0), ["reinvite failed 491"]);
    respond(&mut world, &offer, 200, "a", &[], "v=0 restarted");
    assert_eq!(world.told(0), ["reinvited v=0 restarted"]);
    // Put off instead, it is made again by re-INVITE.
    let (mut world, invite) = early();
    let offer = only(update(&mut world, "a", "restart"), "UPDATE");
    respond(&mut world, &invite, 200, "a", &[], "v=0 early");
    respond(&mut world, &offer, 491, "a", &[], "");
    let again = only(within(&mut world, 4_000), "INVITE");
    assert_eq!((again.body(), again.to().tag()), (offer.body(), Some("a")));
    // A command that comes in the moment of the answer does the same.
    let (mut world, invite) = early();
    respond(&mut world, &invite, 200, "a", &[], "v=0 early");
    only(update(&mut world, "a", "restart"), "INVITE");
}

#[test]
fn device_that_loses_takes_the_offer_to_it_along() {
    let (mut world, invite) = early();
    respond(&mut world, &invite, 183, "b", EARLY, "v=0 of b");
    world.told(0);
    let offer = only(update(&mut world, "a", "restart"), "UPDATE");
    respond(&mut world, &invite, 200, "b", &[], "v=0 of b");
    assert_eq!(world.told(0), ["reinvite failed 487", "accepted v=0 of b"]);
    assert!(respond(&mut world, &offer, 200, "a", &[], "v=0 restarted").is_empty());
    assert!(world.told(0).is_empty());
    // So does one that hangs up before the others answer.
    let (mut world, invite) = early();
    respond(&mut world, &invite, 180, "b", &[], "");
    world.told(0);
    only(update(&mut world, "a", "restart"), "UPDATE");
    let lines = [
        format!("From: {};tag=a", invite.to()),
        format!("To: {}", invite.from()),
        format!("Call-ID: {}", invite.call_id()),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(codes(&answers(&mut world, request("BYE sip:200@x.invalid", "b1", &lines, ""))), [200]);
    assert_eq!(world.told(0), ["reinvite failed 487"]);
}

#[test]
fn nothing_follows_an_update_whose_call_was_cancelled() {
    let digest = ("Proxy-Authenticate", "Digest realm=\"sip.test\", nonce=\"n1\", qop=\"auth\"");
    for (code, headers) in [(200, &[][..]), (407, &[digest][..]), (491, &[][..])] {
        let (mut world, invite) = early();
        let offer = only(update(&mut world, "a", "restart"), "UPDATE");
        world.proxy.heard.clear();
        world.hang_up(0, CALL);
        world.run(100);
        let cancel = only(std::mem::take(&mut world.proxy.heard), "CANCEL");
        assert_eq!(world.told(0), ["terminated local 487"]);
        assert!(respond(&mut world, &offer, code, "a", headers, "v=0").is_empty(), "{code}");
        respond(&mut world, &cancel, 200, "a", &[], "");
        only(respond(&mut world, &invite, 487, "a", &[], ""), "ACK");
        assert!(world.told(0).is_empty());
        world.assert_quiet();
    }
}

#[test]
fn offers_of_both_sides_before_the_answer_are_refused_by_both() {
    let (mut world, invite) = early();
    let offer = only(update(&mut world, "a", "restart"), "UPDATE");
    let lines = [
        format!("From: {};tag=a", invite.to()),
        format!("To: {}", invite.from()),
        format!("Call-ID: {}", invite.call_id()),
        "Content-Type: application/sdp".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let theirs = request("UPDATE sip:200@x.invalid", "u1", &lines, "v=0 theirs");
    assert_eq!(codes(&answers(&mut world, theirs)), [491]);
    respond(&mut world, &offer, 491, "a", &[], "");
    only(within(&mut world, 4_000), "UPDATE");
}

/// A caller that demands reliable responses, and has acknowledged our answer; what names the dialog in its requests.
fn called(allow: &str) -> (World, String) {
    let mut world = World::registered(&["200"]);
    let lines = ["Contact: <sip:300@c>", "Content-Type: application/sdp", "Require: 100rel", allow];
    let rung = answers(&mut world, request(INVITE, "1", &lines, "v=0"));
    let to = format!("To: {}", rung[1].to());
    let number = rung[1].number("RSeq").expect("RSeq");
    prack(&mut world, &to, 2, number);
    world.command(0, Command::Progress { session: CALL, code: 183, answer: b"v=0 early".to_vec() });
    world.run(20);
    prack(&mut world, &to, 3, number + 1);
    world.told(0);
    (world, to)
}

fn prack(world: &mut World, to: &str, number: u32, rseq: u32) {
    let lines = [to, &format!("CSeq: {number} PRACK"), &format!("RAck: {rseq} 1 INVITE")];
    let answered = answers(world, request("PRACK sip:200@x.invalid", &format!("p{number}"), &lines, ""));
    assert_eq!(codes(&answered)[0], 200);
}

const TAKES_UPDATE: &str = "Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE";

#[test]
fn callee_offers_by_update_and_the_answer_to_the_call_waits_for_what_comes_of_it() {
    let (mut world, _) = called("Allow: INVITE, ACK, CANCEL, BYE, PRACK");
    assert!(update(&mut world, "", "restart").is_empty());
    assert_eq!(world.told(0), ["reinvite failed 491"]);
    for (code, outcome) in [(200, "reinvited v=0 yes"), (488, "reinvite failed 488")] {
        let (mut world, to) = called(TAKES_UPDATE);
        let offer = only(update(&mut world, "", "restart"), "UPDATE");
        assert_eq!((offer.cseq().number, offer.to().tag()), (1, Some("anna")));
        world.accept(0, CALL);
        assert!(within(&mut world, 100).is_empty());
        let body = if code == 200 { "v=0 yes" } else { "" };
        let ok = only(respond(&mut world, &offer, code, "anna", &[], body), "INVITE");
        assert_eq!((ok.status().map(|(code, _)| code), ok.body()), (Some(200), &b""[..]));
        assert_eq!(world.told(0), [outcome]);
        answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
        assert_eq!(world.told(0), ["confirmed"]);
    }
}

#[test]
fn offer_of_a_callee_that_is_put_off_follows_the_ack_of_a_call_accepted_meanwhile() {
    let (mut world, to) = called(TAKES_UPDATE);
    let offer = only(update(&mut world, "", "restart"), "UPDATE");
    world.accept(0, CALL);
    let ok = only(respond(&mut world, &offer, 491, "anna", &[], ""), "INVITE");
    assert_eq!(ok.status().map(|(code, _)| code), Some(200));
    let then = answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    assert_eq!(only(then, "INVITE").body(), offer.body());
    // Who goes on ringing offers again within two seconds, since the dialog is the caller's.
    let (mut world, _) = called(TAKES_UPDATE);
    let offer = only(update(&mut world, "", "restart"), "UPDATE");
    let mut again = respond(&mut world, &offer, 491, "anna", &[], "");
    again.extend(within(&mut world, 2_000));
    assert_eq!(only(again, "UPDATE").body(), offer.body());
}

#[test]
fn callee_refuses_an_offer_against_its_own_and_gives_way_while_its_own_waits() {
    let (mut world, to) = called(TAKES_UPDATE);
    let offer = only(update(&mut world, "", "restart"), "UPDATE");
    let theirs = |number: u32| {
        let lines = [to.as_str(), &format!("CSeq: {number} UPDATE"), "Content-Type: application/sdp"];
        request("UPDATE sip:200@x.invalid", &format!("u{number}"), &lines, "v=0 theirs")
    };
    assert_eq!(codes(&answers(&mut world, theirs(4))), [491]);
    // Told to wait three seconds, so that theirs surely comes first.
    assert!(respond(&mut world, &offer, 500, "anna", &[("Retry-After", "3")], "").is_empty());
    assert!(answers(&mut world, theirs(5)).is_empty(), "the phone decides");
    assert_eq!(world.told(0), ["reinvite failed 491", "offered v=0 theirs"]);
    world.command(0, Command::Answer { session: CALL, answer: sdp("ours") });
    world.run(100);
    assert_eq!(codes(&world.proxy.heard), [200]);
    assert!(within(&mut world, 5_000).is_empty());
}

#[test]
fn challenge_of_a_caller_is_not_answered_and_a_cancel_ends_the_update_too() {
    let (mut world, _) = called(TAKES_UPDATE);
    let offer = only(update(&mut world, "", "restart"), "UPDATE");
    let digest = [("WWW-Authenticate", "Digest realm=\"sip.test\", nonce=\"n1\", qop=\"auth\"")];
    assert!(respond(&mut world, &offer, 401, "anna", &digest, "").is_empty());
    assert_eq!(world.told(0), ["reinvite failed 401"]);
    let offer = only(update(&mut world, "", "again"), "UPDATE");
    let cancel = request("CANCEL sip:200@x.invalid", "1", &[], "");
    let ended = answers(&mut world, cancel);
    assert_eq!(codes(&ended), [200, 487]);
    assert_eq!(world.told(0), ["terminated remote 487"]);
    let ack = request("ACK sip:200@x.invalid", "1", &[], "");
    assert!(answers(&mut world, ack).is_empty());
    assert!(respond(&mut world, &offer, 200, "anna", &[], "v=0").is_empty());
    assert!(world.told(0).is_empty());
    world.assert_quiet();
}
