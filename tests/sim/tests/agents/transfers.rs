//! Blind transfer: asked for, followed, declined, and what the one who asked is told.

use super::world::{World, sdp};
use softframe_sip::{Command, SessionId};

/// 200 and 201 talk, and 200 has asked 201 to call `target` instead: the sessions of both.
fn referred(target: &str) -> (World, SessionId, SessionId) {
    let (mut world, ours, theirs) = World::in_call(&["200", "201", "202"]);
    world.command(
        0,
        Command::Refer { session: ours, target: target.to_owned(), replaces: None, headers: Vec::new() },
    );
    world.run(100);
    (world, ours, theirs)
}

fn follow(world: &mut World, phone: usize, referred: SessionId) -> SessionId {
    let session = world.phones[phone].agent.next_session();
    world.command(phone, Command::Follow { session, referred, offer: sdp("follows"), headers: Vec::new() });
    session
}

#[test]
fn transfer_is_followed_and_both_sides_hear_how_it_goes() {
    let (mut world, ours, theirs) = referred("202");
    assert_eq!(
        world.ladder(),
        [
            "200 > REFER",
            "201 < REFER",
            "201 > 202 REFER",
            "201 > NOTIFY body",
            "200 < 202 REFER",
            "200 < NOTIFY body",
            "200 > 200 NOTIFY",
            "201 < 200 NOTIFY",
        ]
    );
    assert_eq!(world.told(1), ["referred to sip:202@sip.test"]);
    let new = follow(&mut world, 1, theirs);
    world.run(100);
    let third = world.incoming(2);
    world.accept(2, third);
    world.run(100);
    assert_eq!(world.told(0), ["transfer 100", "transfer 180", "transfer 200"]);
    assert_eq!(world.told(1), ["inviting", "progress 180", "accepted v=0 the answer"]);
    world.hang_up(0, ours);
    world.run(100);
    assert_eq!(world.told(1), ["terminated remote 200"]);
    world.hang_up(1, new);
    world.run(100);
    assert_eq!(world.told(2).last().map(String::as_str), Some("terminated remote 200"));
    world.assert_quiet();
}

#[test]
fn transfer_that_fails_is_told_and_the_call_goes_on() {
    let (mut world, ours, theirs) = referred("299");
    follow(&mut world, 1, theirs);
    world.run(100);
    assert_eq!(world.told(0).last().map(String::as_str), Some("transfer 480"));
    assert_eq!(world.told(1), ["referred to sip:299@sip.test", "inviting", "terminated remote 480"]);
    world.command(
        0,
        Command::Refer { session: ours, target: "202".to_owned(), replaces: None, headers: Vec::new() },
    );
    world.run(100);
    assert_eq!(world.told(1), ["referred to sip:202@sip.test"], "the next one is taken again");
}

#[test]
fn transfer_is_declined_by_decision_or_after_a_minute_without_one() {
    let (mut world, _, theirs) = referred("202");
    world.command(1, Command::Decline { session: theirs });
    world.run(100);
    assert_eq!(world.told(0), ["transfer 100", "transfer 603"]);
    follow(&mut world, 1, theirs);
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated remote 487"), "too late");

    let (mut world, ..) = referred("202");
    world.run(59_800);
    assert_eq!(world.told(0), ["transfer 100"]);
    world.run(200);
    assert_eq!(world.told(0), ["transfer 603"]);
}

#[test]
fn outcome_of_a_transfer_during_a_cut_is_told_over_the_next_flow() {
    let (mut world, _, theirs) = referred("202");
    follow(&mut world, 1, theirs);
    world.run(100);
    assert_eq!(world.told(0), ["transfer 100", "transfer 180"]);
    world.cut(1);
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated network 503"));
    world.run(1_000);
    assert_eq!(world.told(0), ["transfer 503"]);
    world.hang_up(1, theirs);
    world.run(100);
    assert_eq!(world.told(0), ["terminated remote 200"]);
}

#[test]
fn last_word_of_a_transfer_that_waits_for_the_next_flow_is_said_before_the_bye_that_waits_too() {
    let (mut world, _, theirs) = referred("202");
    follow(&mut world, 1, theirs);
    world.run(100);
    world.told(0);
    world.phones[1].reachable = false;
    world.cut(1);
    world.run(100);
    world.hang_up(1, theirs);
    world.phones[1].reachable = true;
    world.run(5_000);
    assert_eq!(world.told(0), ["transfer 503", "terminated remote 200"]);
    world.assert_quiet();
}

#[test]
fn last_word_of_a_transfer_that_a_broken_flow_swallowed_is_said_again() {
    let (mut world, _, theirs) = referred("202");
    follow(&mut world, 1, theirs);
    world.run(100);
    let third = world.incoming(2);
    world.accept(2, third);
    // The 200 has arrived, and what follows from it is lost.
    world.run(2 * super::world::DELAY);
    world.phones[1].frozen = true;
    world.run(2 * super::world::DELAY);
    world.told(0);
    world.phones[1].frozen = false;
    world.cut(1);
    world.run(1_000);
    assert_eq!(world.told(0), ["transfer 200"]);
}

#[test]
fn second_transfer_waits_for_the_first() {
    let (mut world, ours, _) = referred("202");
    world.told(0);
    world.command(
        0,
        Command::Refer { session: ours, target: "203".to_owned(), replaces: None, headers: Vec::new() },
    );
    world.run(100);
    assert_eq!(world.told(0), ["transfer 491"]);
    assert_eq!(world.told(1), ["referred to sip:202@sip.test"]);
}

#[test]
fn followed_invite_takes_only_harmless_headers_from_the_target() {
    let target = "sip:202@sip.test?X-USR-a=1%0d%0aEvil:%202&Route=%3Csip:evil%3E&From=x&Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc";
    let (mut world, _, theirs) = referred(target);
    assert_eq!(world.told(1), ["referred to sip:202@sip.test?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc"]);
    follow(&mut world, 1, theirs);
    world.run(100);
    let mut invites = world.sent(1).filter(|message| message.octets().starts_with(b"INVITE"));
    let invite = invites.next_back().expect("an INVITE");
    assert_eq!(invite.header("X-USR-a"), Some("1  Evil: 2"));
    assert_eq!(invite.header("Replaces"), Some("a;to-tag=b;from-tag=c"));
    assert_eq!((invite.header("Evil"), invite.header("Route")), (None, None));
    assert_eq!(invite.header("Referred-By"), Some("<sip:200@sip.test>"));
    assert_eq!(invite.from().uri.user().as_deref(), Some("201"));
}
