//! 2xx that come when nobody waits for them: each is acknowledged as often as it comes, and ended once.

use super::world::{World, sdp};
use softframe_sip::{
    Command,
    wire::{Message, ResponseBuilder, StatusCode},
};

/// What a callee that the test plays answers to this INVITE.
fn ok(invite: &Message, tag: &str) -> Vec<u8> {
    let builder = ResponseBuilder::new(invite, StatusCode::OK).to_tag(tag);
    builder.header("Contact", "<sip:late@there>").body("application/sdp", b"v=0").build().into_octets()
}

/// The last INVITE that this phone sent.
fn invite(world: &World, phone: usize) -> Message {
    let invite = world.sent(phone).rev().find(|message| message.octets().starts_with(b"INVITE"));
    invite.expect("an INVITE")
}

fn count(ladder: &[String], line: &str) -> usize {
    ladder.iter().filter(|found| *found == line).count()
}

#[test]
fn late_200_after_an_unanswered_cancel_is_acknowledged_and_ended_once() {
    let mut world = World::registered(&["200", "201"]);
    let session = world.call(0, "201");
    world.run(500);
    world.phones[1].frozen = true;
    world.hang_up(0, session);
    // Nobody answers the CANCEL: after 32 s the transaction is gone.
    world.run(40_000);
    assert!(world.phones[0].agent.is_idle());
    world.ladder();
    let late = ok(&invite(&world, 0), "late");
    for _ in 0..3 {
        world.send_to_phone(0, late.clone());
        world.run(1_000);
    }
    let ladder = world.ladder();
    assert_eq!((count(&ladder, "200 > ACK"), count(&ladder, "200 > BYE")), (3, 1), "{ladder:?}");
    assert_eq!(
        world.told(0).last().map(String::as_str),
        Some("terminated local 487"),
        "and nobody hears of it"
    );
}

#[test]
fn ringing_that_goes_on_after_the_cancel_brings_no_second_one() {
    let mut world = World::registered(&["200"]);
    (world.proxy.swallow, world.proxy.bindings) = (true, Vec::new());
    let session = world.call(0, "300");
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    world.hang_up(0, session);
    world.ladder();
    for _ in 0..3 {
        let ringing = ResponseBuilder::new(&invite, StatusCode::RINGING).to_tag("a").build();
        world.send_to_phone(0, ringing.into_octets());
        world.run(1_000);
    }
    assert_eq!(world.ladder(), ["200 < 180 INVITE", "200 > CANCEL", "200 < 180 INVITE", "200 < 180 INVITE"]);
}

#[test]
fn late_200_after_a_failure_from_another_fork_and_after_thirty_two_seconds_is_ended() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.command(1, Command::Reject { session: theirs, code: 486, headers: Vec::new() });
    world.run(500);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 486"));
    world.ladder();
    let late = ok(&invite(&world, 0), "late");
    world.send_to_phone(0, late);
    world.run(100);
    assert_eq!(world.ladder()[..3], ["200 < 200 INVITE sdp", "200 > ACK", "200 > BYE"]);

    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    world.run(60_000);
    world.ladder();
    let late = ok(&invite(&world, 0), "late");
    world.send_to_phone(0, late);
    world.run(100);
    assert_eq!(world.ladder()[..3], ["200 < 200 INVITE sdp", "200 > ACK", "200 > BYE"]);
    assert!(world.phones[0].agent.farewell(ours).is_some(), "the call of the winner stands");
}

#[test]
fn repeated_200_on_the_next_flow_gets_the_ack_that_was_lost_and_the_call_lives() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    // The ACK of the caller leaves, and its flow breaks before it arrives.
    world.run(20);
    assert!(world.told(0).iter().any(|event| event.starts_with("accepted")));
    world.cut(0);
    world.run(5_000);
    assert!(world.told(1).iter().any(|event| event == "confirmed"), "the 200 came again, so did the ACK");
    world.run(40_000);
    assert!(!world.told(1).iter().any(|event| event.starts_with("terminated")));
}

#[test]
fn picked_up_while_the_flow_was_broken_is_ended_when_the_200_finds_the_next_one() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    world.phones[0].reachable = false;
    world.cut(0);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated network 503"));
    world.run(50);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    world.run(50);
    world.phones[0].reachable = true;
    world.run(5_000);
    assert_eq!(world.told(1), ["incoming from 200", "confirmed", "terminated remote 200"]);
    world.assert_quiet();
}

#[test]
fn reinvite_that_was_answered_over_the_next_flow_is_acknowledged() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    world.command(0, Command::Reinvite { session: ours, offer: sdp("hold") });
    world.run(25);
    world.cut(0);
    world.command(1, Command::Answer { session: theirs, answer: sdp("held") });
    world.run(40_000);
    assert!(world.told(0).contains(&"reinvite failed 408".to_owned()));
    assert_eq!(world.told(1), ["offered v=0 hold"], "the call goes on");
    world.command(0, Command::Reinvite { session: ours, offer: sdp("again") });
    world.run(100);
    assert_eq!(world.told(1), ["offered v=0 again"]);
}

#[test]
fn stray_200_to_an_invite_that_was_never_sent_is_counted_and_nothing_else() {
    let (mut world, ..) = World::in_call(&["200", "201"]);
    let strange = invite(&world, 0)
        .edit()
        .set_via(softframe_sip::wire::Via::new("WSS", "x.invalid", "z9hG4bKno"))
        .finish();
    let before = world.phones[0].agent.discarded();
    world.send_to_phone(0, ok(&strange, "late"));
    world.run(100);
    assert_eq!(world.ladder(), ["200 < 200 INVITE sdp"]);
    assert_eq!(world.phones[0].agent.discarded(), before + 1);
}

/// Lets the phone call 300, whose answers the test gives; the INVITE.
fn calling(world: &mut World) -> Message {
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    std::mem::take(&mut world.proxy.heard).remove(0)
}

#[test]
fn repeated_200_after_the_end_of_the_call_gets_the_ack_again_and_no_second_bye() {
    for ended_by_us in [true, false] {
        let mut world = World::registered(&["200"]);
        let invite = calling(&mut world);
        let ok = ok(&invite, "peer");
        world.send_to_phone(0, ok.clone());
        world.run(20);
        match ended_by_us {
            true => world.hang_up(0, softframe_sip::SessionId(1)),
            false => {
                let (from, to) = (invite.to().clone().with_tag("peer"), invite.from().clone());
                let lines =
                    [format!("From: {from}"), format!("To: {to}"), format!("Call-ID: {}", invite.call_id())];
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                world.send_to_phone(0, super::requests::request("BYE sip:200@x.invalid", "b", &lines, ""));
            }
        }
        world.run(100);
        assert!(world.told(0).last().is_some_and(|event| event.starts_with("terminated")));
        world.ladder();
        // Within the life of the transaction and after it.
        for pause in [500, 40_000, 500] {
            world.send_to_phone(0, ok.clone());
            world.run(pause);
        }
        let ladder = world.ladder();
        assert_eq!((count(&ladder, "200 > ACK"), count(&ladder, "200 > BYE")), (3, 0), "{ladder:?}");
    }
}

#[test]
fn late_200_of_a_fork_whose_ringing_was_acknowledged_is_ended_with_a_number_of_its_own() {
    for before in ["another fork has won", "it was cancelled", "it was sent again"] {
        let mut world = World::registered(&["200"]);
        let invite = calling(&mut world);
        let rung = ResponseBuilder::new(&invite, StatusCode::RINGING).to_tag("b");
        let rung = rung.header("Contact", "<sip:b@c>").header("Require", "100rel").header("RSeq", "1");
        world.send_to_phone(0, rung.build().into_octets());
        world.run(20);
        let prack = std::mem::take(&mut world.proxy.heard).remove(0);
        match before {
            "another fork has won" => world.send_to_phone(0, ok(&invite, "a")),
            "it was cancelled" => world.hang_up(0, softframe_sip::SessionId(1)),
            _ => {
                let brief = ResponseBuilder::new(&invite, StatusCode::SESSION_INTERVAL_TOO_SMALL).to_tag("b");
                world.send_to_phone(0, brief.header("Min-SE", "3600").build().into_octets());
            }
        }
        world.run(20);
        world.proxy.heard.clear();
        world.send_to_phone(0, ok(&invite, "b"));
        world.run(20);
        let bye = world.proxy.heard.iter().find(|heard| heard.method().as_str() == "BYE").expect("a BYE");
        assert_eq!((prack.cseq().number, bye.cseq().number), (2, 3), "{before}");
    }
}

/// The callee has taken our re-INVITE in the moment in which we hang up.
#[test]
fn answer_to_a_reinvite_after_the_end_of_its_call_is_acknowledged_and_ends_nothing_twice() {
    let mut world = World::registered(&["200"]);
    world.proxy.bindings.clear();
    let session = world.call(0, "sip:300@elsewhere");
    world.run(20);
    let first = invite(&world, 0);
    world.send_to_phone(0, ok(&first, "peer"));
    world.run(20);
    world.command(0, Command::Reinvite { session, offer: sdp("hold") });
    world.hang_up(0, session);
    world.run(20);
    let second = invite(&world, 0);
    assert!(second.cseq().number > first.cseq().number);
    world.ladder();
    for _ in 0..2 {
        world.send_to_phone(0, ok(&second, "peer"));
        world.run(20);
    }
    assert_eq!(world.ladder(), ["200 < 200 INVITE sdp", "200 > ACK", "200 < 200 INVITE sdp", "200 > ACK"]);
    let ack = world.sent(0).next_back().expect("an ACK");
    assert_eq!((ack.method().as_str(), ack.cseq().number), ("ACK", second.cseq().number));
    let byes = world.sent(0).filter(|sent| sent.method().as_str() == "BYE").count();
    assert_eq!(byes, 1);
}
