//! Offers inside a call: hold and the like from either side, refused, unanswered, or met by another.

use super::{
    requests::{INVITE, answers, codes, request},
    world::{World, sdp},
};
use softframe_sip::Command;

#[test]
fn reinvite_is_answered_by_either_side() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    for (from, to, caller, callee) in [(0, 1, ours, theirs), (1, 0, theirs, ours)] {
        world.command(from, Command::Reinvite { session: caller, offer: sdp("hold") });
        world.run(100);
        assert_eq!(world.told(to), ["offered v=0 hold"]);
        world.command(to, Command::Answer { session: callee, answer: sdp("held") });
        world.run(100);
        assert_eq!(world.told(from), ["reinvited v=0 held"]);
        assert!(world.told(to).is_empty());
    }
    let ladder = world.ladder();
    assert_eq!(
        ladder[..10],
        [
            "200 > INVITE sdp",
            "201 < INVITE sdp",
            "201 > 100 INVITE",
            "200 < 100 INVITE",
            "201 > 200 INVITE sdp",
            "200 < 200 INVITE sdp",
            "200 > ACK",
            "201 < ACK",
            "201 > INVITE sdp",
            "200 < INVITE sdp",
        ]
    );
    world.hang_up(1, theirs);
    world.run(500);
    assert_eq!(world.told(0), ["terminated remote 200"]);
    world.assert_quiet();
}

#[test]
fn answered_reinvite_is_not_cancelled_thirty_two_seconds_later() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("hold") });
    world.run(100);
    world.command(1, Command::Answer { session: theirs, answer: sdp("held") });
    world.run(100);
    assert_eq!(world.told(0), ["reinvited v=0 held"]);
    world.ladder();
    world.run(31_000);
    // Another one is in the air when the patience with the first would have ended.
    world.command(0, Command::Reinvite { session: ours, offer: sdp("resume") });
    world.run(2_000);
    assert!(world.told(0).is_empty());
    assert!(world.ladder().iter().all(|line| !line.contains("CANCEL")));
    world.command(1, Command::Answer { session: theirs, answer: sdp("resumed") });
    world.run(100);
    assert_eq!(world.told(0), ["reinvited v=0 resumed"]);
}

#[test]
fn offer_that_is_cancelled_before_its_answer_is_told_and_the_next_one_is_heard() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("hold") });
    world.run(32_100);
    assert_eq!(world.told(0), ["reinvite failed 408"]);
    assert_eq!(world.told(1), ["offered v=0 hold", "offer withdrawn"]);
    // What was made for it comes too late, and harms nothing.
    world.command(1, Command::Answer { session: theirs, answer: sdp("late") });
    world.command(0, Command::Reinvite { session: ours, offer: sdp("again") });
    world.run(100);
    assert_eq!(world.told(1), ["offered v=0 again"]);
    world.command(1, Command::Answer { session: theirs, answer: sdp("agreed") });
    world.run(100);
    assert_eq!(world.told(0), ["reinvited v=0 agreed"]);
}

#[test]
fn reinvite_that_nobody_decides_is_cancelled_after_thirty_two_seconds() {
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("hold") });
    world.run(31_900);
    assert!(world.told(0).is_empty());
    world.ladder();
    world.run(200);
    assert_eq!(world.told(0), ["reinvite failed 408"]);
    assert_eq!(
        world.ladder(),
        [
            "200 > CANCEL",
            "201 < CANCEL",
            "201 > 200 CANCEL",
            "201 > 487 INVITE",
            "200 < 200 CANCEL",
            "200 < 487 INVITE",
            "200 > ACK",
            "201 < ACK",
        ]
    );
    world.hang_up(0, ours);
    world.assert_quiet();
}

#[test]
fn refused_reinvite_leaves_the_session_as_it_was() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("odd") });
    world.run(100);
    world.command(1, Command::RefuseOffer { session: theirs, code: 488 });
    world.run(100);
    assert_eq!(world.told(0), ["reinvite failed 488"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("even") });
    world.run(100);
    world.command(1, Command::Answer { session: theirs, answer: sdp("good") });
    world.run(100);
    assert_eq!(world.told(0), ["reinvited v=0 good"]);
}

#[test]
fn offer_to_somebody_who_knows_nothing_of_the_call_or_is_gone_ends_it_and_no_other_refusal_does() {
    for (code, ends) in [(481, true), (408, true), (488, false), (503, false), (603, false), (404, false)] {
        let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
        world.command(0, Command::Reinvite { session: ours, offer: sdp("resume") });
        world.run(100);
        world.command(1, Command::RefuseOffer { session: theirs, code });
        world.run(100);
        let mut told = vec![format!("reinvite failed {code}")];
        told.extend(ends.then(|| format!("terminated network {code}")));
        assert_eq!(world.told(0), told);
        // Should it be there all the same, it hears of the end (RFC 3261 §12.2.1.2).
        let is_over = world.told(1).iter().any(|event| event == "terminated remote 200");
        assert_eq!(is_over, ends, "{code}");
    }
}

#[test]
fn offers_that_meet_are_refused_and_repeated_with_the_owner_of_the_dialog_waiting_longer() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("ours") });
    world.command(1, Command::Reinvite { session: theirs, offer: sdp("theirs") });
    world.run(100);
    let ladder = world.ladder();
    assert_eq!(ladder.iter().filter(|line| line.contains("491")).count(), 4, "{ladder:?}");
    assert!(world.told(0).is_empty() && world.told(1).is_empty());
    // The callee's comes within 2 s; the caller gives way, and its own is reported as failed.
    world.run(2_000);
    assert_eq!(world.told(0), ["reinvite failed 491", "offered v=0 theirs"]);
    world.command(0, Command::Answer { session: ours, answer: sdp("yes") });
    world.run(100);
    assert_eq!(world.told(1), ["reinvited v=0 yes"]);
    world.run(5_000);
    assert!(world.told(0).is_empty());
}

#[test]
fn second_offer_of_ours_waits_for_the_first() {
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("one") });
    world.command(0, Command::Reinvite { session: ours, offer: sdp("two") });
    assert_eq!(world.told(0), ["reinvite failed 491"]);
    assert_eq!(world.ladder(), ["200 > INVITE sdp"]);
}

#[test]
fn offer_before_the_ack_waits_for_it() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.ladder();
    world.accept(1, theirs);
    world.command(1, Command::Reinvite { session: theirs, offer: sdp("hold") });
    world.run(100);
    assert_eq!(
        world.ladder()[..6],
        [
            "201 > 200 INVITE sdp",
            "200 < 200 INVITE sdp",
            "200 > ACK",
            "201 < ACK",
            "201 > INVITE sdp",
            "200 < INVITE sdp",
        ]
    );
    assert_eq!(world.told(0).last().map(String::as_str), Some("offered v=0 hold"));
}

/// Answers each re-INVITE of phone 0 with this, and says when they came.
fn refused_again_and_again(code: u16, retry_after: Option<&str>) -> (Vec<u64>, Vec<String>) {
    use softframe_sip::wire::{ResponseBuilder, StatusCode};
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    world.proxy.bindings.clear();
    world.proxy.swallow = true;
    world.command(0, Command::Reinvite { session: ours, offer: sdp("ours") });
    let mut moments = Vec::new();
    for _ in 0..70_000 {
        world.run(1);
        for request in std::mem::take(&mut world.proxy.heard) {
            if request.octets().starts_with(b"INVITE") {
                moments.push(world.now);
                let builder = ResponseBuilder::new(&request, StatusCode::new(code).expect("a status"));
                let builder = retry_after.into_iter().fold(builder, |b, wait| b.header("Retry-After", wait));
                world.send_to_phone(0, builder.build().into_octets());
            }
        }
    }
    let told = world.told(0);
    (moments, told)
}

#[test]
fn offer_that_always_meets_another_is_given_up_after_five_more_tries_in_the_window_of_the_owner() {
    let (moments, told) = refused_again_and_again(491, None);
    assert_eq!(moments.len(), 6);
    for pair in moments.windows(2) {
        // 2.1 to 4 s, and the way there and back.
        assert!((2_120..=4_020).contains(&(pair[1] - pair[0])), "{moments:?}");
    }
    assert_eq!(told, ["reinvite failed 491"]);
}

#[test]
fn offer_put_off_by_500_waits_as_long_as_was_said_and_one_without_a_time_has_failed() {
    let (moments, told) = refused_again_and_again(500, Some("3"));
    assert_eq!(moments.len(), 6);
    assert!(moments.windows(2).all(|pair| pair[1] - pair[0] == 3_020), "{moments:?}");
    assert_eq!(told, ["reinvite failed 500"]);
    for retry_after in [None, Some("11"), Some("later")] {
        let (moments, told) = refused_again_and_again(500, retry_after);
        assert_eq!((moments.len(), told), (1, vec!["reinvite failed 500".to_owned()]), "{retry_after:?}");
    }
}

#[test]
fn offer_that_waits_for_its_second_try_is_dropped_with_the_call() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("ours") });
    world.command(1, Command::Reinvite { session: theirs, offer: sdp("theirs") });
    world.run(50);
    world.hang_up(0, ours);
    world.run(100);
    world.ladder();
    world.run(10_000);
    assert!(world.ladder().is_empty());
    assert_eq!(world.told(0), ["terminated local 200"]);
    world.assert_quiet();
}

#[test]
fn update_whose_call_ended_before_its_answer_gets_the_same_refusal_when_it_comes_again() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let session = world.incoming(0);
    world.accept(0, session);
    let to = format!("To: {}", rung[1].to());
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    let sdp = ["Content-Type: application/sdp", &to, "CSeq: 2 UPDATE"];
    let update = request("UPDATE sip:200@x.invalid", "u2", &sdp, "v=0 hold");
    assert!(answers(&mut world, update.clone()).is_empty(), "it waits for the phone");
    let bye = request("BYE sip:200@x.invalid", "b3", &[&to, "CSeq: 3 BYE"], "");
    assert_eq!(codes(&answers(&mut world, bye)), [200, 487]);
    assert_eq!(codes(&answers(&mut world, update)), [487]);
}
