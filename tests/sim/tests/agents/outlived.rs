//! A REFER makes a subscription of its own in the dialog (RFC 5057 §5.2): a BYE ends the session, and the NOTIFYs go on
//! until the last word or until their time is over.

use super::{
    requests::{INVITE, answers, codes, request},
    world::{World, sdp},
};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

/// A call of Anna's that 200 has answered: its session, and the To line for what she says in it.
fn called(world: &mut World) -> (SessionId, String) {
    let rung = answers(world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let to = format!("To: {}", rung[1].to());
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(20);
    answers(world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    world.told(0);
    (session, to)
}

fn inside(world: &mut World, to: &str, number: u32, method: &str, lines: &[&str], body: &str) -> Vec<u16> {
    let cseq = format!("CSeq: {number} {method}");
    let mut all = vec![to, &cseq];
    all.extend(lines);
    let start = format!("{method} sip:200@x.invalid");
    codes(&answers(world, request(&start, &format!("{method}{number}"), &all, body)))
}

fn notify(world: &mut World, to: &str, number: u32, state: &str, body: &str) -> Vec<u16> {
    let state = format!("Subscription-State: {state}");
    let lines = ["Event: refer", state.as_str(), "Content-Type: message/sipfrag"];
    inside(world, to, number, "NOTIFY", &lines, body)
}

/// 200 has asked Anna to call 202, she has said yes, and the session has ended.
fn referred_and_ended(world: &mut World, by_us: bool) -> String {
    let (session, to) = called(world);
    world.command(
        0,
        Command::Refer { session, target: "202".to_owned(), replaces: None, headers: Vec::new() },
    );
    world.run(20);
    let refer = world.proxy.heard.remove(0);
    let accepted = ResponseBuilder::new(&refer, StatusCode::ACCEPTED).build();
    world.send_to_phone(0, accepted.into_octets());
    world.run(20);
    if by_us {
        world.hang_up(0, session);
        world.run(20);
        let bye = world.proxy.heard.remove(0);
        world.send_to_phone(0, ResponseBuilder::new(&bye, StatusCode::OK).build().into_octets());
    } else {
        assert_eq!(inside(world, &to, 2, "BYE", &[], ""), [200]);
    }
    world.run(20);
    world.told(0);
    to
}

#[test]
fn notify_of_our_refer_after_the_bye_is_taken_and_told_to_its_last_word() {
    for by_us in [false, true] {
        let mut world = World::registered(&["200"]);
        let to = referred_and_ended(&mut world, by_us);
        assert_eq!(notify(&mut world, &to, 3, "active;expires=60", "SIP/2.0 180 Ringing"), [200]);
        assert_eq!(notify(&mut world, &to, 3, "active;expires=60", "SIP/2.0 180 Ringing"), [200], "again");
        assert_eq!(notify(&mut world, &to, 2, "active;expires=60", "SIP/2.0 183 Backwards"), [500]);
        assert_eq!(notify(&mut world, &to, 4, "terminated;reason=noresource", "SIP/2.0 200 OK"), [200]);
        assert_eq!(notify(&mut world, &to, 5, "terminated", "SIP/2.0 486 Busy Here"), [481], "no more");
        assert_eq!(world.told(0), ["transfer 180", "transfer 200"]);
    }
}

#[test]
fn nothing_but_the_notify_outlives_the_session() {
    let mut world = World::registered(&["200"]);
    let to = referred_and_ended(&mut world, false);
    for (number, method) in (3..).zip(["INVITE", "UPDATE", "INFO", "MESSAGE", "OPTIONS", "BYE"]) {
        assert_eq!(inside(&mut world, &to, number, method, &[], ""), [481], "{method}");
    }
    let refer = ["Refer-To: <sip:202@sip.test>"];
    assert_eq!(inside(&mut world, &to, 9, "REFER", &refer, ""), [481]);
    assert!(world.told(0).is_empty());
}

#[test]
fn subscription_that_outlives_its_session_is_over_three_minutes_after_the_refer() {
    for (wait, code) in [(179_000, 200), (181_000, 481)] {
        let mut world = World::registered(&["200"]);
        let to = referred_and_ended(&mut world, false);
        world.run(wait);
        assert_eq!(notify(&mut world, &to, 3, "active", "SIP/2.0 180 Ringing"), [code]);
    }
}

/// Anna has asked 200 to call 202, in the place of somebody, and has hung up at once.
fn asked_and_left(world: &mut World) -> (SessionId, String) {
    let (session, to) = called(world);
    let target = "Refer-To: <sip:202@sip.test?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>";
    let said = inside(world, &to, 2, "REFER", &[target, "Contact: <sip:300@c>"], "");
    assert_eq!(said[0], 202);
    assert_eq!(inside(world, &to, 3, "BYE", &[], ""), [200]);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 200"));
    (session, to)
}

fn follow(world: &mut World, referred: SessionId) -> SessionId {
    let session = world.phones[0].agent.next_session();
    world.command(0, Command::Follow { session, referred, offer: sdp("follows"), headers: Vec::new() });
    world.run(100);
    session
}

fn fragments(world: &World) -> Vec<(u32, String)> {
    let notify = |message: Message| {
        let is_one = message.is_request() && message.method().as_str() == "NOTIFY";
        let body = String::from_utf8_lossy(message.body()).trim_end().to_owned();
        is_one.then(|| (message.cseq().number, body))
    };
    world.sent(0).filter_map(notify).collect()
}

#[test]
fn refer_whose_sender_leaves_at_once_is_followed_with_its_replaces_and_told_how_it_goes() {
    let mut world = World::registered(&["200", "202"]);
    world.proxy.swallow = true;
    let (session, _) = asked_and_left(&mut world);
    follow(&mut world, session);
    let invite = world.requests(0).find(|message| message.method().as_str() == "INVITE").expect("an INVITE");
    assert_eq!(invite.header("Replaces"), Some("x;to-tag=1;from-tag=2"));
    // What is to be replaced there is unknown.
    let sent = fragments(&world);
    let (first, last) = (&sent[0], sent.last().expect("a last word"));
    assert_eq!(first.1, "SIP/2.0 100 Trying");
    assert_eq!(last.1, "SIP/2.0 481 Call/Transaction Does Not Exist");
    assert!(first.0 < last.0);
}

#[test]
fn refer_whose_sender_has_left_is_declined_by_decision_or_after_a_minute() {
    let mut world = World::registered(&["200"]);
    let (session, _) = asked_and_left(&mut world);
    world.command(0, Command::Decline { session });
    world.run(20);
    assert_eq!(fragments(&world).last().expect("a word").1, "SIP/2.0 603 Decline");
    follow(&mut world, session);
    assert_eq!(world.told(0), ["terminated remote 487"], "too late");

    let mut world = World::registered(&["200"]);
    asked_and_left(&mut world);
    world.run(59_000);
    assert_eq!(fragments(&world).len(), 1);
    world.run(1_100);
    assert_eq!(fragments(&world).last().expect("a word").1, "SIP/2.0 603 Decline");
}

#[test]
fn numbers_of_the_dialog_go_on_where_we_have_hung_up_on_who_referred_us() {
    let mut world = World::registered(&["200", "202"]);
    let (session, to) = called(&mut world);
    let refer = ["Refer-To: <sip:202@sip.test>", "Contact: <sip:300@c>"];
    assert_eq!(inside(&mut world, &to, 2, "REFER", &refer, "")[0], 202);
    world.hang_up(0, session);
    world.run(20);
    follow(&mut world, session);
    let of_call = |message: &Message| message.call_id() == "one";
    let numbers: Vec<(String, u32)> = world
        .requests(0)
        .filter(of_call)
        .map(|message| (message.method().to_string(), message.cseq().number))
        .collect();
    let methods: Vec<&str> = numbers.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["NOTIFY", "BYE", "NOTIFY"], "the last one says that it rings");
    assert!(numbers.is_sorted_by(|one, next| one.1 < next.1), "{numbers:?}");
}

#[test]
fn bye_that_has_waited_for_the_ack_has_the_number_after_that_of_the_last_word() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let to = format!("To: {}", rung[1].to());
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(20);
    let refer = ["Refer-To: <sip:202@sip.test>", "Contact: <sip:300@c>"];
    assert_eq!(inside(&mut world, &to, 2, "REFER", &refer, "")[0], 202);
    world.hang_up(0, session);
    world.command(0, Command::Decline { session });
    world.run(20);
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    let of_call = world.requests(0).filter(|message| message.call_id() == "one");
    let sent: Vec<(String, u32)> =
        of_call.map(|message| (message.method().to_string(), message.cseq().number)).collect();
    let methods: Vec<&str> = sent.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["NOTIFY", "NOTIFY", "BYE"]);
    assert!(sent.is_sorted_by(|one, next| one.1 < next.1), "{sent:?}");
}

/// The flow is away for so long when a call ends with a REFER that is declined.
fn last_word_and_bye_wait_for_a_flow_that_comes_after(away: u64) {
    let mut world = World::registered(&["200"]);
    let (session, to) = called(&mut world);
    let refer = ["Refer-To: <sip:202@sip.test>", "Contact: <sip:300@c>"];
    assert_eq!(inside(&mut world, &to, 2, "REFER", &refer, "")[0], 202);
    world.phones[0].reachable = false;
    world.cut(0);
    world.hang_up(0, session);
    world.command(0, Command::Decline { session });
    world.run(away);
    world.phones[0].reachable = true;
    world.run(40_000);
    let of_call = |message: &Message| message.call_id() == "one";
    let sent: Vec<(String, u32)> = world
        .requests(0)
        .filter(of_call)
        .map(|message| (message.method().to_string(), message.cseq().number))
        .collect();
    let methods: Vec<&str> = sent.iter().map(|(method, _)| method.as_str()).collect();
    assert_eq!(methods, ["NOTIFY", "NOTIFY", "BYE"]);
    assert!(sent.is_sorted_by(|one, next| one.1 < next.1), "{sent:?}");
}

#[test]
fn last_word_that_is_found_without_a_flow_goes_out_before_the_bye_that_waits() {
    last_word_and_bye_wait_for_a_flow_that_comes_after(0);
}

#[test]
fn bye_that_waits_for_a_flow_longer_than_its_refer_is_followed_has_the_number_after_that_of_the_last_word() {
    last_word_and_bye_wait_for_a_flow_that_comes_after(400_000);
}

#[test]
fn last_word_that_was_sent_again_for_a_challenge_goes_before_the_bye_on_the_next_flow() {
    let mut world = World::registered(&["200"]);
    world.proxy.swallow = true;
    let session = world.call(0, "300");
    world.run(100);
    let invite = world.proxy.heard.remove(0);
    let taken = ResponseBuilder::new(&invite, StatusCode::OK).to_tag("peer");
    let taken = taken.header("Contact", "<sip:300@c>").body("application/sdp", &sdp("theirs")).build();
    world.send_to_phone(0, taken.octets().to_vec());
    world.run(100);
    let names = [
        format!("From: {}", taken.to()),
        format!("To: {}", taken.from()),
        format!("Call-ID: {}", taken.call_id()),
        "Contact: <sip:300@c>".to_owned(),
        "Refer-To: <sip:202@sip.test>".to_owned(),
    ];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(codes(&answers(&mut world, request("REFER sip:200@x.invalid", "r", &names, "")))[0], 202);
    world.command(0, Command::Decline { session });
    world.hang_up(0, session);
    world.run(100);
    let last_word = world.proxy.heard.remove(0);
    let challenge = r#"Digest realm="sip.test",nonce="fresh",algorithm=SHA-256,qop="auth""#;
    let challenged = ResponseBuilder::new(&last_word, StatusCode::UNAUTHORIZED);
    world.send_to_phone(0, challenged.header("WWW-Authenticate", challenge).build().into_octets());
    world.run(100);
    world.cut(0);
    world.proxy.heard.clear();
    world.run(40_000);
    let methods: Vec<&str> = world.proxy.heard.iter().map(|message| message.method().as_str()).collect();
    assert_eq!(methods, ["NOTIFY", "BYE"]);
    assert!(world.proxy.heard[0].cseq().number < world.proxy.heard[1].cseq().number);
}

#[test]
fn transfer_between_our_own_is_told_to_its_end_when_who_follows_hangs_up_first() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201", "202"]);
    world.command(
        0,
        Command::Refer { session: ours, target: "202".to_owned(), replaces: None, headers: Vec::new() },
    );
    world.run(100);
    world.hang_up(1, theirs);
    world.run(100);
    assert_eq!(world.told(0), ["transfer 100", "terminated remote 200"]);
    let session = world.phones[1].agent.next_session();
    world.command(1, Command::Follow { session, referred: theirs, offer: sdp("x"), headers: Vec::new() });
    world.run(100);
    let third = world.incoming(2);
    world.accept(2, third);
    world.run(100);
    assert_eq!(world.told(0), ["transfer 180", "transfer 200"]);
    world.hang_up(2, third);
    world.assert_quiet();
}
