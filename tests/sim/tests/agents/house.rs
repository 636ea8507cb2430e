//! Two phones and the real server's core on one virtual clock: the calls of the other ladders, with no stand-in left.

use super::world::{DELAY, World};
use softframe_sip::{Command, ConnectionState, SessionId};

fn in_call() -> (World, SessionId, SessionId) {
    let mut world = World::with_server(&["200", "201"]);
    let ours = world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    world.run(500);
    assert_eq!(world.told(0).last().map(String::as_str), Some("accepted v=0 the answer"));
    assert_eq!(world.told(1).last().map(String::as_str), Some("confirmed"));
    world.ladder();
    (world, ours, theirs)
}

fn assert_settled(world: &mut World) {
    world.assert_quiet();
    assert_eq!(world.server.as_ref().map(softframe_server::core::Exchange::pending), Some(0));
}

#[test]
fn call_through_the_server_is_answered_and_ended_by_either_side() {
    for by in [0, 1] {
        let (mut world, ours, theirs) = in_call();
        world.hang_up(by, if by == 0 { ours } else { theirs });
        world.run(500);
        assert_eq!(world.told(by), ["terminated local 200"]);
        assert_eq!(world.told(1 - by), ["terminated remote 200"]);
        assert_settled(&mut world);
    }
}

#[test]
fn ladder_of_a_call_shows_the_proxy() {
    let mut world = World::with_server(&["200", "201"]);
    let ours = world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    world.run(500);
    world.hang_up(0, ours);
    world.run(500);
    let ladder = world.ladder();
    let of = |phone: &str| ladder.iter().filter(|line| line.starts_with(phone)).cloned().collect::<Vec<_>>();
    let caller = of("200");
    let answered = caller.iter().position(|line| line == "200 < 200 INVITE sdp").expect("answered");
    let end = ["200 < 200 INVITE sdp", "200 > ACK", "200 > BYE", "200 < 200 BYE"];
    assert_eq!(caller[answered..], end);
    assert_eq!(
        of("201"),
        [
            "201 < INVITE sdp",
            "201 > 100 INVITE",
            "201 > 180 INVITE",
            "201 > 200 INVITE sdp",
            "201 < ACK",
            "201 < BYE",
            "201 > 200 BYE",
        ]
    );
    assert_settled(&mut world);
}

#[test]
fn call_is_declined_cancelled_or_nobody_is_there() {
    let mut world = World::with_server(&["200", "201"]);
    world.call(0, "201");
    world.run(500);
    let session = world.incoming(1);
    world.command(1, Command::Reject { session, code: 603, headers: Vec::new() });
    world.run(500);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 603"));

    let session = world.call(0, "201");
    world.run(500);
    world.hang_up(0, session);
    world.run(500);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated local 487"));
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated remote 487"));

    world.call(0, "299");
    world.run(500);
    let told = world.told(0);
    assert!(told.last().is_some_and(|event| event.starts_with("terminated remote 4")), "{told:?}");
    assert_settled(&mut world);
}

#[test]
fn cancel_and_answer_in_every_order_leave_one_outcome() {
    for lead in 0..=4 * DELAY {
        let mut world = World::with_server(&["200", "201"]);
        let ours = world.call(0, "201");
        world.run(500);
        let theirs = world.incoming(1);
        world.accept(1, theirs);
        world.run(lead);
        world.hang_up(0, ours);
        world.run(40_000);
        let (caller, callee) = (world.told(0), world.told(1));
        let ends = |told: &[String]| told.iter().filter(|event| event.starts_with("terminated")).count();
        assert_eq!((ends(&caller), ends(&callee)), (1, 1), "{lead} ms: {caller:?} {callee:?}");
        assert_settled(&mut world);
    }
}

#[test]
fn hold_and_resume_from_both_sides() {
    let (mut world, ours, theirs) = in_call();
    for (from, session, other) in [(0, ours, theirs), (1, theirs, ours), (0, ours, theirs)] {
        world.command(from, Command::Reinvite { session, offer: b"v=0 hold".to_vec() });
        world.run(200);
        assert_eq!(world.told(1 - from), ["offered v=0 hold"]);
        world.command(1 - from, Command::Answer { session: other, answer: b"v=0 held".to_vec() });
        world.run(200);
        assert_eq!(world.told(from), ["reinvited v=0 held"]);
    }
    world.hang_up(0, ours);
    world.run(200);
    assert_settled(&mut world);
}

#[test]
fn call_survives_a_cut_of_either_flow() {
    for cut in [0, 1] {
        let (mut world, ours, theirs) = in_call();
        world.cut(cut);
        world.run(300);
        assert_eq!(world.told(cut), ["Reconnecting", "Registered 200"], "within 0.3 s");
        let (session, other) = if cut == 0 { (ours, theirs) } else { (theirs, ours) };
        world.command(cut, Command::Reinvite { session, offer: b"v=0 again".to_vec() });
        world.run(200);
        world.command(1 - cut, Command::Answer { session: other, answer: b"v=0 here".to_vec() });
        world.run(200);
        assert_eq!(world.told(cut), ["reinvited v=0 here"], "phone {cut}");
        world.hang_up(1 - cut, other);
        world.run(500);
        assert_eq!(world.told(cut), ["terminated remote 200"], "phone {cut}");
        assert_settled(&mut world);
    }
}

#[test]
fn server_that_forgot_all_is_found_again() {
    let mut world = World::with_server(&["200", "201"]);
    world
        .server
        .as_mut()
        .expect("a server")
        .handle_input(softframe_sip::Instant(world.now), softframe_server::core::Input::Restarted);
    world.cut(0);
    world.cut(1);
    world.run(500);
    assert_eq!(world.connection(0), Some(ConnectionState::Registered));
    world.call(0, "201");
    world.run(500);
    assert!(world.told(0).contains(&"progress 180".to_owned()));
}

#[test]
fn wrong_password_is_refused_by_the_server() {
    let mut world = World::with_server(&["200"]);
    world.command(0, Command::Unregister);
    world.run(500);
    let mut agent = softframe_sip::UserAgent::new(super::world::config("200", "wrong"), [7; 32]);
    std::mem::swap(&mut world.phones[0].agent, &mut agent);
    world.told(0);
    world.command(0, Command::Register);
    world.run(500);
    let told = world.told(0);
    assert!(told.last().is_some_and(|event| event.starts_with("Refused 40")), "{told:?}");
}

#[test]
fn message_reaches_the_other_phone() {
    let mut world = World::with_server(&["200", "201"]);
    let (target, content_type, body) = ("201".to_owned(), "text/plain".to_owned(), b"hola".to_vec());
    world.command(0, Command::Message { number: None, target, content_type, body });
    world.run(200);
    assert_eq!(world.told(1), ["message hola"]);
    assert_settled(&mut world);
}

/// What one call in the house is like.
fn one_call(world: &mut World, number: usize) {
    let (caller, callee) = (number % 2, 1 - number % 2);
    let ours = world.call(caller, ["200", "201"][callee]);
    world.run(100);
    let theirs = world.incoming(callee);
    match number % 7 {
        0 => world.hang_up(caller, ours),
        1 => world.hang_up(callee, theirs),
        2 => world.command(callee, Command::Reject { session: theirs, code: 603, headers: Vec::new() }),
        kind => {
            world.accept(callee, theirs);
            world.run(100);
            if kind == 3 {
                world.command(caller, Command::Reinvite { session: ours, offer: b"v=0 hold".to_vec() });
                world.run(100);
                world.command(callee, Command::Answer { session: theirs, answer: b"v=0 held".to_vec() });
            } else if kind == 4 {
                let (content_type, body) = ("application/dtmf-relay".to_owned(), b"Signal=5".to_vec());
                world.command(callee, Command::Info { session: theirs, content_type, body });
            } else if kind == 5 {
                let target = "299".to_owned();
                world.command(
                    caller,
                    Command::Refer { session: ours, target, replaces: None, headers: Vec::new() },
                );
                world.run(100);
                world.command(callee, Command::Decline { session: theirs });
            }
            world.run(100);
            match number % 3 {
                0 => world.hang_up(caller, ours),
                _ => world.hang_up(callee, theirs),
            }
        }
    }
}

#[test]
fn six_hundred_calls_leave_nothing_in_any_table() {
    let mut world = World::with_server(&["200", "201"]);
    let mut after_the_first: Option<[String; 2]> = None;
    for number in 0..600 {
        one_call(&mut world, number);
        // Until the last transaction has forgotten what it might have had to repeat.
        world.run(70_000);
        world.ladder();
        for phone in 0..2 {
            let ends = world.told(phone).iter().filter(|event| event.starts_with("terminated")).count();
            assert_eq!(ends, 1, "call {number}, phone {phone}");
            assert!(world.phones[phone].agent.is_idle(), "call {number}, phone {phone}");
        }
        assert_eq!(world.server.as_ref().map(softframe_server::core::Exchange::pending), Some(0), "{number}");
        // What is kept for those who are late is full by then, and does not grow.
        if number >= 100 {
            let tables = [0, 1].map(|phone| {
                let text = format!("{:?}", world.phones[phone].agent);
                text.split_once("sessions: ").expect("the tables").1.to_owned()
            });
            assert_eq!(after_the_first.get_or_insert_with(|| tables.clone()), &tables, "call {number}");
        }
    }
    assert_settled(&mut world);
}

#[test]
fn refresh_while_the_other_side_reconnects_costs_no_call_and_goes_by_update_again() {
    let (mut world, ours, theirs) = in_call();
    // The other side is away from just before our refresh is due until just after.
    world.run(890_000);
    world.told(0);
    world.phones[1].reachable = false;
    world.cut(1);
    world.run(15_000);
    assert!(world.ladder().contains(&"200 < 480 UPDATE".to_owned()));
    world.command(0, Command::Reinvite { session: ours, offer: b"v=0 hold".to_vec() });
    world.run(100);
    assert_eq!(world.told(0), ["reinvite failed 480"]);
    world.phones[1].reachable = true;
    world.run(60_000);
    assert!(world.ladder().contains(&"200 < 200 UPDATE".to_owned()));
    world.hang_up(1, theirs);
    world.run(500);
    assert_eq!(world.told(0), ["terminated remote 200"]);
    assert_settled(&mut world);
}

#[test]
fn withheld_call_reaches_the_other_side_without_a_name() {
    let mut world = World::with_server(&["200", "201"]);
    let ours = world.call_with(0, "201", vec![("Privacy".to_owned(), "id".to_owned())]);
    world.run(500);
    let theirs = world.incoming(1);
    assert!(world.told(1).contains(&"incoming from anonymous".to_owned()));
    world.accept(1, theirs);
    world.run(500);
    assert_eq!(world.told(0).last().map(String::as_str), Some("accepted v=0 the answer"));
    world.hang_up(0, ours);
    world.run(500);
    assert_eq!(world.told(1).last().map(String::as_str), Some("terminated remote 200"));
    assert_settled(&mut world);
}
