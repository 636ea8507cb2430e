//! Calls between two phones through a small proxy: ladders that read like a SIP trace, and what each side was told.

use super::world::{DELAY, World, sdp};
use softframe_sip::{Command, Reason, wire::Message};

#[test]
fn call_answered_and_hung_up_by_the_caller() {
    let mut world = World::registered(&["200", "201"]);
    let ours = world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    world.run(500);
    world.hang_up(0, ours);
    world.run(500);
    assert_eq!(
        world.ladder(),
        [
            "200 > INVITE sdp",
            "201 < INVITE sdp",
            "201 > 100 INVITE",
            "201 > 180 INVITE",
            "200 < 100 INVITE",
            "200 < 180 INVITE",
            "201 > 200 INVITE sdp",
            "200 < 200 INVITE sdp",
            "200 > ACK",
            "201 < ACK",
            "200 > BYE",
            "201 < BYE",
            "201 > 200 BYE",
            "200 < 200 BYE",
        ]
    );
    assert_eq!(
        world.told(0),
        ["inviting", "progress 180", "accepted v=0 the answer", "terminated local 200"]
    );
    assert_eq!(world.told(1), ["incoming from 200", "confirmed", "terminated remote 200"]);
    world.assert_quiet();
}

#[test]
fn call_hung_up_by_the_callee() {
    let (mut world, _, theirs) = World::in_call(&["200", "201"]);
    let reason = Reason { protocol: "Q.850".to_owned(), cause: 16, text: "Normal \"clearing\"".to_owned() };
    world.command(1, Command::Terminate { session: theirs, reason: Some(reason) });
    world.run(500);
    assert_eq!(world.ladder(), ["201 > BYE", "200 < BYE", "200 > 200 BYE", "201 < 200 BYE"]);
    assert_eq!(world.told(0), ["terminated remote 200 Q.850;16"]);
    assert_eq!(world.told(1), ["terminated local 200"]);
    world.assert_quiet();
}

#[test]
fn ringing_call_is_declined() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    let session = world.incoming(1);
    world.ladder();
    world.command(1, Command::Reject { session, code: 486, headers: Vec::new() });
    world.run(500);
    assert_eq!(world.ladder(), ["201 > 486 INVITE", "200 < 486 INVITE", "200 > ACK", "201 < ACK"]);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 486"));
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated local 486"));
    world.assert_quiet();
}

#[test]
fn ringing_call_is_cancelled() {
    let mut world = World::registered(&["200", "201"]);
    let session = world.call(0, "201");
    world.run(500);
    world.ladder();
    let reason =
        Reason { protocol: "SIP".to_owned(), cause: 200, text: "Call completed elsewhere".to_owned() };
    world.command(0, Command::Terminate { session, reason: Some(reason) });
    world.run(500);
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
    assert_eq!(world.told(0), ["inviting", "progress 180", "terminated local 487"]);
    assert_eq!(world.told(1), ["incoming from 200", "terminated remote 487 SIP;200"]);
    world.assert_quiet();
}

#[test]
fn cancel_waits_for_the_first_provisional_response() {
    let mut world = World::registered(&["200", "201"]);
    let session = world.call(0, "201");
    world.hang_up(0, session);
    assert_eq!(world.ladder(), ["200 > INVITE sdp"]);
    assert_eq!(world.told(0), ["inviting", "terminated local 487"]);
    world.run(500);
    assert!(world.ladder().contains(&"200 > CANCEL".to_owned()));
    assert_eq!(world.told(1), ["incoming from 200", "terminated remote 487"]);
    world.assert_quiet();
}

#[test]
fn cancel_that_crosses_the_200_ends_the_call_with_bye() {
    let mut world = World::registered(&["200", "201"]);
    let ours = world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.ladder();
    world.accept(1, theirs);
    world.run(DELAY / 2);
    world.hang_up(0, ours);
    world.run(500);
    assert_eq!(
        world.ladder(),
        [
            "201 > 200 INVITE sdp",
            "200 > CANCEL",
            "200 < 200 INVITE sdp",
            "200 > ACK",
            "200 > BYE",
            "201 < CANCEL",
            "201 > 200 CANCEL",
            "201 < ACK",
            "201 < BYE",
            "201 > 200 BYE",
            "200 < 200 CANCEL",
            "200 < 200 BYE",
        ]
    );
    assert_eq!(world.told(0), ["inviting", "progress 180", "terminated local 487"]);
    assert_eq!(world.told(1), ["incoming from 200", "confirmed", "terminated remote 200"]);
    world.assert_quiet();
}

#[test]
fn nobody_there_and_nobody_answers() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "299");
    world.run(500);
    assert_eq!(world.ladder(), ["200 > INVITE sdp", "200 < 480 INVITE", "200 > ACK"]);
    assert_eq!(world.told(0), ["inviting", "terminated remote 480"]);

    // A server that says nothing at all: the flow is found dead long before the transaction gives up, and so is the next.
    world.proxy.silent = true;
    world.call(0, "201");
    world.run(4_900);
    assert_eq!(world.told(0), ["inviting"]);
    world.run(200);
    assert_eq!(world.told(0), ["Reconnecting"]);
    world.run(10_000);
    assert_eq!(world.told(0), ["Reconnecting 408", "terminated network 503"]);

    let mut world = World::registered(&["200", "201"]);
    let session = world.call(0, "201");
    world.run(59_000);
    assert_eq!(world.told(0), ["inviting", "progress 180"], "ringing has no end of its own");
    world.hang_up(0, session);
    world.run(500);
    assert_eq!(world.told(1), ["incoming from 200", "terminated remote 487"]);
    world.assert_quiet();
}

#[test]
fn invite_without_a_registration_ends_at_once() {
    let mut world = World::new(&["200"]);
    world.call(0, "201");
    assert!(world.ladder().is_empty());
    assert_eq!(world.told(0), ["terminated network 503"]);
}

#[test]
fn challenged_invite_is_sent_again_and_its_ack_carries_the_credentials() {
    let mut world = World::registered(&["200", "201"]);
    world.proxy.challenges_all = true;
    let ours = world.call(0, "201");
    world.run(500);
    let ladder = world.ladder();
    let begin = ["200 > INVITE sdp", "200 < 407 INVITE", "200 > ACK", "200 > INVITE sdp", "201 < INVITE sdp"];
    assert_eq!(ladder[..5], begin);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    world.run(500);
    assert_eq!(world.told(0), ["inviting", "progress 180", "accepted v=0 the answer"], "told once");
    let last = |method: &str| world.requests(0).filter(|one| one.method().as_str() == method).last();
    let (invite, ack) = (last("INVITE").expect("an INVITE"), last("ACK").expect("an ACK"));
    let given = |message: &Message| message.header("Proxy-Authorization").map(str::to_owned);
    assert!(ack.cseq().number == invite.cseq().number && given(&invite).is_some());
    assert_eq!(given(&ack), given(&invite), "RFC 3261 §13.2.2.4");
    world.hang_up(0, ours);
    world.run(500);
    world.ladder();
    world.call(0, "201");
    world.run(500);
    assert_eq!(world.ladder()[..2], ["200 > INVITE sdp", "201 < INVITE sdp"], "the nonce is kept");
}

#[test]
fn unanswered_200_is_repeated_until_the_ack_comes() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    world.phones[0].frozen = true;
    let theirs = world.incoming(1);
    world.ladder();
    world.accept(1, theirs);
    world.run(4_000);
    // At 0, 0.5, 1.5 and 3.5 s.
    assert_eq!(world.ladder(), ["201 > 200 INVITE sdp"; 4]);
    world.phones[0].frozen = false;
    world.run(4_000);
    assert_eq!(world.ladder(), ["201 > 200 INVITE sdp", "200 < 200 INVITE sdp", "200 > ACK", "201 < ACK"]);
    assert_eq!(world.told(1), ["incoming from 200", "confirmed"]);
}

#[test]
fn missing_ack_ends_the_session_after_thirty_two_seconds() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    world.phones[0].reachable = false;
    world.cut(0);
    let theirs = world.incoming(1);
    world.ladder();
    world.accept(1, theirs);
    world.run(31_900);
    assert_eq!(world.told(1), ["incoming from 200"]);
    // At 0, 0.5, 1.5 and 3.5 s, then every four seconds.
    assert_eq!(world.ladder(), ["201 > 200 INVITE sdp"; 11]);
    world.run(200);
    assert_eq!(world.told(1), ["terminated network 408"]);
}

#[test]
fn repeated_200_gets_its_ack_again_and_is_told_once() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    world.run(2 * DELAY);
    // The ACK of the caller is lost on its way.
    world.phones[1].frozen = true;
    world.run(DELAY * 2);
    world.phones[1].frozen = false;
    world.ladder();
    world.run(600);
    assert_eq!(world.ladder(), ["201 > 200 INVITE sdp", "200 < 200 INVITE sdp", "200 > ACK", "201 < ACK"]);
    assert_eq!(world.told(0), ["inviting", "progress 180", "accepted v=0 the answer"]);
    assert_eq!(world.told(1), ["incoming from 200", "confirmed"]);
}

#[test]
fn bye_before_the_ack_waits_for_it() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.ladder();
    world.accept(1, theirs);
    world.hang_up(1, theirs);
    assert_eq!(world.told(1), ["incoming from 200", "terminated local 200"]);
    world.run(500);
    assert_eq!(
        world.ladder(),
        [
            "201 > 200 INVITE sdp",
            "200 < 200 INVITE sdp",
            "200 > ACK",
            "201 < ACK",
            "201 > BYE",
            "200 < BYE",
            "200 > 200 BYE",
            "201 < 200 BYE",
        ]
    );
    world.assert_quiet();
}

#[test]
fn byes_that_cross_end_both_sides_once() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    world.hang_up(0, ours);
    world.hang_up(1, theirs);
    world.run(500);
    assert_eq!(world.told(0), ["terminated local 200"]);
    assert_eq!(world.told(1), ["terminated local 200"]);
    world.assert_quiet();
}

#[test]
fn forks_are_early_dialogs_of_their_own_and_the_late_200_is_ended() {
    // Two phones of the same person.
    let mut second = super::world::config("201", super::world::PASSWORD);
    second.instance = "00000000-0000-4000-8000-000000000299".to_owned();
    let configs = vec![
        ("200", super::world::config("200", super::world::PASSWORD)),
        ("201", super::world::config("201", super::world::PASSWORD)),
        ("201b", second),
    ];
    let mut world = World::with(configs);
    for phone in 0..3 {
        world.command(phone, Command::Register);
    }
    world.run(1_000);
    for phone in 0..3 {
        world.told(phone);
    }
    let ours = world.call(0, "201");
    world.run(500);
    assert_eq!(world.told(0), ["inviting", "progress 180", "progress 180"]);
    let (first, second) = (world.incoming(1), world.incoming(2));
    world.accept(1, first);
    world.accept(2, second);
    world.run(500);
    assert_eq!(world.told(0), ["accepted v=0 the answer"]);
    assert_eq!(world.told(1), ["incoming from 200", "confirmed"]);
    assert_eq!(world.told(2), ["incoming from 200", "confirmed", "terminated remote 200"]);
    world.hang_up(0, ours);
    world.run(500);
    assert_eq!(world.told(1), ["terminated remote 200"]);
    world.assert_quiet();
}

#[test]
fn info_and_message_arrive_and_are_answered() {
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    let body = b"Signal=5".to_vec();
    world
        .command(0, Command::Info { session: ours, content_type: "application/dtmf-relay".to_owned(), body });
    let (target, body) = ("201".to_owned(), "¡hola!".as_bytes().to_vec());
    world.command(
        0,
        Command::Message { number: None, target, content_type: "text/plain;charset=UTF-8".to_owned(), body },
    );
    world.run(100);
    assert_eq!(
        world.ladder(),
        [
            "200 > INFO body",
            "200 > MESSAGE body",
            "201 < INFO body",
            "201 > 200 INFO",
            "201 < MESSAGE body",
            "201 > 200 MESSAGE",
            "200 < 200 INFO",
            "200 < 200 MESSAGE",
        ]
    );
    assert_eq!(world.told(1), ["info Signal=5", "message ¡hola!"]);
}

#[test]
fn dialog_outlives_the_flow_and_goes_on_after_the_new_registration() {
    let (mut world, ours, theirs) = World::in_call(&["200", "201"]);
    world.cut(0);
    world.run(100);
    assert_eq!(world.told(0), ["Reconnecting", "Registered 200"], "the session goes on");
    world.ladder();
    world.command(0, Command::Reinvite { session: ours, offer: sdp("ice restart") });
    world.run(100);
    world.command(1, Command::Answer { session: theirs, answer: sdp("restarted") });
    world.run(100);
    assert_eq!(world.told(0), ["reinvited v=0 restarted"]);
    world.hang_up(1, theirs);
    world.run(100);
    assert_eq!(world.told(0), ["terminated remote 200"]);
    world.assert_quiet();
}

#[test]
fn bye_during_the_cut_goes_out_after_the_new_registration() {
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    world.phones[0].reachable = false;
    world.cut(0);
    world.hang_up(0, ours);
    assert!(world.told(0).contains(&"terminated local 200".to_owned()));
    world.run(5_000);
    world.phones[0].reachable = true;
    world.run(10_000);
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated remote 200"));
    world.assert_quiet();
}

#[test]
fn bye_that_a_broken_flow_swallowed_is_sent_again_under_the_next_number() {
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    world.phones[0].frozen = true;
    world.hang_up(0, ours);
    world.run(1_000);
    world.phones[0].frozen = false;
    world.cut(0);
    world.run(10_000);
    let byes = world.requests(0).filter(|sent| sent.method().as_str() == "BYE");
    let byes: Vec<_> = byes.map(|bye| (bye.cseq().number, bye.via().branch().to_owned())).collect();
    let [(first, branch), (second, other)] = byes.as_slice() else { panic!("{byes:?}") };
    assert!(*second == first + 1 && branch != other, "{byes:?}");
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated remote 200"));
    world.assert_quiet();
}

#[test]
fn calls_without_an_answer_end_with_the_flow() {
    let mut world = World::registered(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    world.cut(1);
    assert_eq!(world.told(1), ["incoming from 200", "Reconnecting", "terminated network 503"]);
    world.cut(0);
    assert_eq!(world.told(0), ["inviting", "progress 180", "Reconnecting", "terminated network 503"]);
}

#[test]
fn ringing_call_that_ended_with_its_flow_is_cancelled_over_the_next_one() {
    // The flow breaks while it rings, or swallows the CANCEL of the person.
    for hangs_up in [false, true] {
        let mut world = World::registered(&["200", "201"]);
        let ours = world.call(0, "201");
        world.run(500);
        world.phones[0].frozen = hangs_up;
        if hangs_up {
            world.hang_up(0, ours);
            world.run(100);
            world.phones[0].frozen = false;
        }
        world.told(0);
        world.told(1);
        world.ladder();
        world.cut(0);
        world.run(500);
        assert_eq!(world.told(1), ["terminated remote 487"], "nobody picks up a call that there is not");
        let cancels = world.requests(0).filter(|sent| sent.method().as_str() == "CANCEL");
        let cancels: Vec<_> = cancels.map(|cancel| cancel.via().branch().to_owned()).collect();
        assert_eq!(cancels.len(), if hangs_up { 2 } else { 1 });
        assert!(cancels.iter().all(|branch| *branch == cancels[0]), "the branch of the INVITE");
        world.assert_quiet();
    }
}

/// A call over a flow that swallows everything, and which is found to be dead then.
fn call_into_the_void() -> (World, softframe_sip::SessionId) {
    let mut world = World::registered(&["200", "201"]);
    world.phones[0].frozen = true;
    let session = world.call(0, "201");
    world.run(500);
    world.phones[0].frozen = false;
    assert_eq!(world.told(0), ["inviting"]);
    world.ladder();
    (world, session)
}

#[test]
fn invite_that_a_dead_flow_swallowed_goes_out_over_the_next_one() {
    let (mut world, ours) = call_into_the_void();
    world.cut(0);
    world.run(500);
    let session = world.incoming(1);
    world.accept(1, session);
    world.run(500);
    assert_eq!(
        world.told(0),
        ["Reconnecting", "Registered 200", "progress 180", "accepted v=0 the answer"],
        "the person notices nothing"
    );
    let invites: Vec<_> = world.requests(0).filter(|sent| sent.method().as_str() == "INVITE").collect();
    assert_eq!(invites.len(), 2);
    assert_eq!(invites[0].call_id(), invites[1].call_id());
    assert!(invites[0].cseq().number < invites[1].cseq().number);
    world.hang_up(0, ours);
    world.run(500);
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated remote 200"));
    world.assert_quiet();
}

#[test]
fn invite_that_finds_no_next_flow_has_failed_and_one_that_was_given_up_is_not_sent_again() {
    let (mut world, _) = call_into_the_void();
    world.phones[0].reachable = false;
    world.cut(0);
    world.run(500);
    assert_eq!(world.told(0), ["Reconnecting", "Reconnecting", "terminated network 503"]);

    let (mut world, session) = call_into_the_void();
    world.cut(0);
    world.hang_up(0, session);
    world.run(500);
    assert_eq!(world.told(0), ["Reconnecting", "terminated local 487", "Registered 200"]);
    assert_eq!(world.ladder(), ["200 > REGISTER", "200 < 200 REGISTER"]);
}

#[test]
fn signing_out_ends_all_calls_on_the_wire() {
    let (mut world, ..) = World::in_call(&["200", "201"]);
    world.command(0, Command::Unregister);
    world.run(200);
    assert_eq!(world.told(0), ["terminated local 200", "Offline"]);
    assert_eq!(world.told(1), ["terminated remote 200"]);
}

#[test]
fn farewell_ends_the_session_on_the_wire() {
    let (mut world, ours, _) = World::in_call(&["200", "201"]);
    let bye = world.phones[0].agent.farewell(ours).expect("a BYE");
    for (to, octets) in world.proxy.receive(0, bye) {
        world.send_to_phone(to, octets);
    }
    world.run(100);
    assert_eq!(world.told(1), ["terminated remote 200"]);

    let mut world = World::registered(&["200", "201"]);
    let ours = world.call(0, "201");
    world.run(500);
    let cancel = world.phones[0].agent.farewell(ours).expect("a CANCEL");
    for (to, octets) in world.proxy.receive(0, cancel) {
        world.send_to_phone(to, octets);
    }
    world.run(100);
    assert_eq!(world.told(1), ["incoming from 200", "terminated remote 487"]);
}
