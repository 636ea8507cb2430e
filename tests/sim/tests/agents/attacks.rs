//! What a peer may try that guesses, repeats or floods: nothing of it ends or changes a call that is not its own.

use super::{
    requests::{INVITE, answers, codes, request},
    world::World,
};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

#[test]
fn cancel_with_the_branch_of_a_call_and_the_names_of_another_ends_nothing() {
    let mut world = World::registered(&["200"]);
    answers(&mut world, request(INVITE, "1", &[], ""));
    for line in ["Call-ID: two", "From: <sip:300@sip.test>;tag=mallory", "CSeq: 2 CANCEL"] {
        let cancel = request("CANCEL sip:200@x.invalid", "1", &[line], "");
        assert_eq!(codes(&answers(&mut world, cancel)), [481], "{line}");
    }
    assert_eq!(world.told(0), ["incoming from 300"]);
    let cancel = request("CANCEL sip:200@x.invalid", "1", &[], "");
    assert_eq!(codes(&answers(&mut world, cancel)), [200, 487]);
    assert_eq!(world.told(0), ["terminated remote 487"]);
}

#[test]
fn cancel_after_the_200_changes_nothing() {
    let mut world = World::registered(&["200"]);
    answers(&mut world, request(INVITE, "1", &[], ""));
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(100);
    let cancel = request("CANCEL sip:200@x.invalid", "1", &[], "");
    assert!(codes(&answers(&mut world, cancel)).contains(&200));
    assert_eq!(world.told(0), ["incoming from 300"]);
}

#[test]
fn offers_without_end_inside_a_call_are_put_off_and_the_call_goes_on() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(100);
    let to = format!("To: {}", rung[1].to());
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    let inside = |start: &str, number: usize, branch: String| {
        let method = start.split(' ').next().expect("a method");
        let sdp = ["Content-Type: application/sdp", &to, &format!("CSeq: {number} {method}")];
        request(start, &branch, &sdp, "v=0")
    };
    let mut taken = 0;
    for number in 2..200 {
        let invite = inside("INVITE sip:200@x.invalid", number, format!("i{number}"));
        world.proxy.heard.clear();
        world.send_to_phone(0, invite);
        world.run(20);
        if codes(&world.proxy.heard).contains(&500) {
            break;
        }
        taken += 1;
        world.command(0, Command::Answer { session, answer: b"v=0".to_vec() });
        answers(&mut world, inside("ACK sip:200@x.invalid", number, format!("k{number}")));
    }
    assert!((8..=32).contains(&taken), "{taken} offers taken");
    world.run(40_000);
    let later = answers(&mut world, inside("INVITE sip:200@x.invalid", 900, "late".to_owned()));
    assert_eq!(codes(&later), [100], "the next one is taken when the storm is over");
}

#[test]
fn reliable_ringing_without_end_lets_no_other_call_ring_on_that_was_given_up() {
    let mut world = World::registered(&["200"]);
    let mut calls = |target: &str| {
        let session = world.call(0, target);
        world.run(20);
        (session, world.proxy.heard.pop().expect("an INVITE"))
    };
    let (given_up, quiet) = calls("sip:201@elsewhere");
    let (_, flooded) = calls("sip:666@elsewhere");
    // Nobody has said yet that it came, so its CANCEL must wait.
    world.hang_up(0, given_up);
    for number in 1..=100 {
        let ringing = ResponseBuilder::new(&flooded, StatusCode::RINGING).to_tag("a");
        let ringing = ringing.header("Contact", "<sip:666@c>").header("Require", "100rel");
        world.send_to_phone(0, ringing.header("RSeq", &number.to_string()).build().into_octets());
    }
    world.run(20);
    let pracks = |heard: &[Message]| heard.iter().filter(|one| one.header("RAck").is_some()).count();
    assert_eq!(pracks(&world.proxy.heard), 100);
    let ringing = ResponseBuilder::new(&quiet, StatusCode::RINGING).to_tag("b").build().into_octets();
    let said = answers(&mut world, ringing);
    let said: Vec<_> = said.iter().map(|one| (one.method().as_str(), one.call_id())).collect();
    assert_eq!(said, [("CANCEL", quiet.call_id())]);
}

#[test]
fn callers_who_acknowledge_no_refusal_make_nobody_deaf_to_others() {
    let mut world = World::registered(&["200"]);
    for number in 0..50 {
        let names = [format!("From: <sip:{number}@sip.test>;tag=t"), format!("Call-ID: {number}")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let answered = answers(&mut world, request(INVITE, &format!("r{number}"), &names, ""));
        assert_eq!(codes(&answered), [100, 180], "{number}");
        let session = world.incoming(0);
        world.command(0, Command::Reject { session, code: 603, headers: Vec::new() });
        // Below what counts as a storm.
        world.run(500);
    }
    world.told(0);
    world.proxy.heard.clear();
    let answered =
        answers(&mut world, request(INVITE, "r49", &["Call-ID: 49", "From: <sip:49@sip.test>;tag=t"], ""));
    assert_eq!(codes(&answered), [603], "the last refusals are repeated");
    assert!(world.told(0).is_empty());
    world.run(500);
    let first = ["Call-ID: 0", "From: <sip:0@sip.test>;tag=t"];
    let answered = answers(&mut world, request(INVITE, "r0", &first, ""));
    assert_eq!(codes(&answered), [100, 180], "the first ones have given way");
}

/// A call, and another one that rings, while a refresh of the caller's registration is refused: the sessions of both sides.
fn refused_in_a_call() -> (World, SessionId, SessionId) {
    let (mut world, ours, theirs) = World::in_call(&["200", "201", "202"]);
    world.run(430_000);
    world.told(0);
    world.told(1);
    world.call(0, "202");
    world.run(100);
    world.ladder();
    let is_refresh = |line: &String| line == "200 > REGISTER";
    let is_sent = (0..200_000).any(|_| {
        world.run(1);
        world.ladder().iter().any(is_refresh)
    });
    assert!(is_sent);
    // It is still on its way.
    world.proxy.refusals.push((403, Vec::new()));
    world.run(100);
    assert!(world.told(0).ends_with(&["terminated local 487".to_owned(), "Refused 403".to_owned()]));
    world.told(1);
    world.ladder();
    (world, ours, theirs)
}

#[test]
fn account_refused_in_a_call_keeps_the_call_and_nothing_else_and_leaves_when_it_ends() {
    let (mut world, ours, theirs) = refused_in_a_call();
    world.command(0, Command::Reinvite { session: ours, offer: b"v=0 hold".to_vec() });
    world.run(100);
    world.command(1, Command::Answer { session: theirs, answer: b"v=0 held".to_vec() });
    world.run(100);
    assert_eq!(world.told(0), ["reinvited v=0 held"]);
    world.call(0, "201");
    assert_eq!(world.told(0), ["terminated network 503"], "no new call goes out");
    world.call(1, "200");
    world.run(100);
    assert!(world.told(0).is_empty(), "and none comes in");
    // Long enough for a refresh of the session, which is asked of both sides.
    world.run(3_600_000);
    assert!(world.told(0).iter().all(|event| !event.starts_with("terminated")));
    assert!(world.is_open(0));
    world.hang_up(0, ours);
    world.run(100);
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated remote 200"));
    assert!(!world.is_open(0));
    world.run(3_600_000);
    assert!(!world.ladder().iter().any(|line| line == "200 > REGISTER"), "nothing until a person acts");
}

#[test]
fn call_of_a_refused_account_ends_with_its_flow_and_lives_on_when_a_person_signs_in_again() {
    let (mut world, _, _) = refused_in_a_call();
    world.cut(0);
    assert_eq!(world.told(0), ["terminated network 503"]);
    world.run(600_000);
    assert!(world.told(0).is_empty() && !world.is_open(0));

    let (mut world, ours, _) = refused_in_a_call();
    world.command(0, Command::Register);
    world.run(1_000);
    assert_eq!(world.told(0), ["Connecting", "Registered 200"]);
    world.hang_up(0, ours);
    world.run(100);
    assert!(world.is_open(0));
    world.assert_quiet();
}

#[test]
fn second_fork_that_answers_too_is_acknowledged_and_ended_however_often_it_repeats() {
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    let ok = world.phones[0].last_200.clone().expect("the 200");
    let text = String::from_utf8(ok).expect("text");
    let to = text.lines().find(|line| line.starts_with("To:")).expect("To").to_owned();
    let (head, _) = to.split_once(";tag=").expect("a tag");
    let other = text.replace(&to, &format!("{head};tag=another"));
    for _ in 0..5 {
        world.send_to_phone(0, other.clone().into_bytes());
    }
    world.run(100);
    let ladder = world.ladder();
    let count = |line: &str| ladder.iter().filter(|found| *found == line).count();
    assert_eq!(count("200 > ACK"), 5, "{ladder:?}");
    assert!(count("200 > BYE") >= 1, "{ladder:?}");
    assert!(!world.told(0).iter().any(|event| event.starts_with("terminated")));
    assert!(world.phones[0].agent.farewell(ours).is_some(), "the first fork's call stands");
}

#[test]
fn notify_of_a_transfer_that_nobody_asked_for_says_nothing() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(100);
    let to = format!("To: {}", rung[1].to());
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    world.told(0);
    let lines = [to.as_str(), "CSeq: 2 NOTIFY", "Event: refer", "Content-Type: message/sipfrag"];
    let notify = request("NOTIFY sip:200@x.invalid", "n", &lines, "SIP/2.0 200 OK");
    answers(&mut world, notify);
    assert_eq!(world.told(0), Vec::<String>::new());
}

#[test]
fn info_and_notify_without_end_are_refused_and_the_call_goes_on() {
    for (method, lines, most) in [
        ("INFO", ["Content-Type: application/dtmf-relay", "X-A: b"], 100),
        ("NOTIFY", ["Event: refer", "Content-Type: message/sipfrag"], 50),
    ] {
        let mut world = World::registered(&["200"]);
        let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
        let session = world.incoming(0);
        world.accept(0, session);
        world.run(100);
        let to = format!("To: {}", rung[1].to());
        answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
        world.proxy.heard.clear();
        let mut number = 1;
        let mut flood = |world: &mut World, count: usize| {
            for _ in 0..count {
                number += 1;
                let cseq = format!("CSeq: {number} {method}");
                let all = [to.as_str(), cseq.as_str(), lines[0], lines[1]];
                let start = format!("{method} sip:200@x.invalid");
                world.send_to_phone(0, request(&start, &format!("f{number}"), &all, "Signal=1"));
            }
            world.run(20);
            std::mem::take(&mut world.proxy.heard)
        };
        let answered = flood(&mut world, 500);
        let count = |code: u16| codes(&answered).iter().filter(|found| **found == code).count();
        let taken = if method == "INFO" { 200 } else { 481 };
        assert_eq!((count(taken), count(480)), (most, 500 - most), "{method}");
        assert_eq!(answered.last().and_then(|last| last.header("Retry-After")), Some("10"));
        world.run(10_000);
        assert_eq!(
            codes(&flood(&mut world, 1)),
            [taken],
            "{method}: the next one is taken when the storm is over"
        );
        assert!(!world.told(0).iter().any(|event| event.starts_with("terminated")));
    }
}

#[test]
fn info_of_a_package_is_refused_with_469_and_one_without_is_told() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let session = world.incoming(0);
    world.accept(0, session);
    world.run(100);
    let to = format!("To: {}", rung[1].to());
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    world.told(0);
    let lines = [to.as_str(), "CSeq: 2 INFO", "Info-Package: conference"];
    let refused = answers(&mut world, request("INFO sip:200@x.invalid", "2", &lines, "x"));
    assert_eq!((codes(&refused), refused[0].header("Recv-Info")), (vec![469], Some("nil")));
    assert!(world.told(0).is_empty());
    let lines = [to.as_str(), "CSeq: 3 INFO", "Content-Type: application/dtmf-relay"];
    assert_eq!(
        codes(&answers(&mut world, request("INFO sip:200@x.invalid", "3", &lines, "Signal=1"))),
        [200]
    );
    assert_eq!(world.told(0), ["info Signal=1"]);
}
