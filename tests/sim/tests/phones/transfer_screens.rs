//! The screens of transfers: choosing a target, waiting for it, talking on instead, and asking first.

use crate::calls::talk;
use softframe_phone::{
    Action, CallId,
    view::{CallScreen, Screen, Text, Tone, TransferPick},
};
use softframe_sim::World;

/// 200 talks to 201; 202 is there, too: its station.
fn talking() -> (World, usize) {
    let mut world = World::pair();
    let third = world.station();
    world.trust(third);
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    world.run(1_000);
    talk(&mut world);
    (world, third)
}

fn call(world: &World) -> CallScreen {
    match world.view(0).screen {
        Screen::Call(screen) => screen,
        other => panic!("{other:?}"),
    }
}

fn pick(world: &World) -> TransferPick {
    match world.view(0).screen {
        Screen::TransferPick(pick) => pick,
        other => panic!("{other:?}"),
    }
}

/// 200 sends 201 to 202, whose phone rings.
fn transferring() -> (World, usize, CallId) {
    let (mut world, third) = talking();
    let id = call(&world).call;
    world.act(0, Action::Transfer(id, "202".into()));
    world.run(1_000);
    (world, third, id)
}

fn transfer_tile_works(screen: &CallScreen) -> bool {
    let tile = screen.tiles.iter().find(|tile| matches!(tile.action, Action::PickTransfer(_)));
    tile.expect("the tile keeps its place").enabled
}

fn toast(world: &World) -> Option<Text> {
    world.view(0).toast.map(|toast| toast.text)
}

#[test]
fn target_that_is_typed_is_named_in_what_ask_first_would_do_and_the_call_goes_on_in_sight() {
    let (mut world, _) = talking();
    world.act(0, Action::PickTransfer(call(&world).call));
    assert_eq!((pick(&world).note, pick(&world).enabled), (None, false));
    world.act(0, Action::DialField("202".into()));
    let args = vec![("name", "201".to_owned()), ("to", "202".to_owned())];
    assert_eq!(pick(&world).note, Some(Text { id: "transfer.ask.note", args }));
    assert_eq!(pick(&world).pill.1, Tone::Live);
}

#[test]
fn transfer_says_who_is_sent_to_whom_and_is_offered_back_after_ten_seconds() {
    let (mut world, _, id) = transferring();
    let args = vec![("to", "202".to_owned()), ("name", "201".to_owned())];
    assert_eq!(call(&world).note, Some(Text { id: "transfer.running.note", args }));
    world.run(8_900);
    world.act(0, Action::TakeBack(id));
    assert_eq!((call(&world).take_back, call(&world).pill.0.id), (false, "transfer.running"), "too early");
    world.run(200);
    assert!(call(&world).take_back);
    assert!(!world.stations[0].announced.contains(&"call.theyheld"), "their phone calls for us");
    world.act(0, Action::TakeBack(id));
    assert_eq!(
        world.stations[0].announced.last(),
        Some(&"call.theyheld"),
        "from now on it is why nothing is heard"
    );
    let screen = call(&world);
    // Their phone holds us while it calls.
    let note = screen.note.as_ref().map(|note| note.id);
    assert_eq!((screen.pill.1, note, screen.take_back), (Tone::Live, Some("call.theyheld"), false));
    assert!(!transfer_tile_works(&screen), "one REFER at a time");
    world.act(0, Action::WhyNot);
    assert_eq!(toast(&world), Some(Text::with("transfer.pending", "to", "202")));
}

#[test]
fn what_does_not_work_yet_says_why_when_it_is_used() {
    let mut world = World::pair();
    world.act(0, Action::WhyNot);
    assert_eq!(toast(&world), None, "there is no call");
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.act(0, Action::WhyNot);
    assert_eq!(toast(&world), Some(Text::of("call.notyet")));
    assert!(world.stations[0].announced.contains(&"call.notyet"), "also to the ear");
}

#[test]
fn transfer_that_fails_after_it_was_taken_back_is_no_news_to_the_person() {
    let (mut world, third, id) = transferring();
    world.run(10_000);
    world.act(0, Action::TakeBack(id));
    world.host(third, r#"{"type":"reject"}"#);
    world.run(2_000);
    assert_eq!(world.stations[0].last("phone:transfer")["state"], "failed");
    assert_eq!(world.view(0).banner, None);
    assert!(transfer_tile_works(&call(&world)), "it can be tried again");
    assert!(world.stations[0].kinds("phone:terminated").is_empty());
}

#[test]
fn whoever_answers_after_the_transfer_was_taken_back_gets_the_call() {
    let (mut world, third, id) = transferring();
    world.run(10_000);
    world.act(0, Action::TakeBack(id));
    world.answer(third);
    world.run(2_000);
    assert_eq!(world.stations[0].last("phone:terminated")["cause"]["reason"], "transferred");
    assert_eq!(world.stations[third].last("phone:accepted")["from"], "201");
}

#[test]
fn held_call_that_is_taken_back_is_heard_again() {
    let (mut world, _) = talking();
    let id = call(&world).call;
    world.act(0, Action::Hold(id, true));
    world.run(1_000);
    world.act(0, Action::Transfer(id, "202".into()));
    world.run(11_000);
    world.act(0, Action::TakeBack(id));
    world.run(1_000);
    assert_eq!(world.stations[1].last("phone:unhold")["by"], "remote");
    assert_eq!(call(&world).pill.1, Tone::Live);
}

#[test]
fn who_waits_while_another_is_asked_is_said_to_wait_and_one_button_alone_connects() {
    let (mut world, third) = talking();
    let id = call(&world).call;
    world.act(0, Action::Consult(id, "202".into()));
    world.run(3_000);
    let connects = |screen: &CallScreen| {
        screen.tiles.iter().filter(|tile| matches!(tile.action, Action::Connect(..))).count()
    };
    for answered in [false, true] {
        if answered {
            world.answer(third);
            world.run(1_000);
        }
        let screen = call(&world);
        let waits = &screen.others[0];
        assert_eq!((waits.0, waits.2.0.id, waits.2.1), (id, "transfer.waiting", Tone::Warn));
        assert_eq!(screen.consultation.as_ref().map(|asked| asked.ready), Some(answered));
        assert_eq!(connects(&screen), 0, "Transfer does it");
    }
    world.act(0, Action::CompleteTransfer(call(&world).call));
    world.run(2_000);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 2);
}

#[test]
fn caller_who_was_held_before_a_transfer_that_fails_is_back_and_live() {
    let (mut world, third) = talking();
    let id = call(&world).call;
    world.act(0, Action::Hold(id, true));
    world.run(1_000);
    assert_eq!(call(&world).pill.0.id, "call.held");
    world.act(0, Action::Transfer(id, "202".into()));
    world.run(1_000);
    world.host(third, r#"{"type":"reject"}"#);
    world.run(2_000);
    assert_eq!(world.view(0).banner.map(|banner| banner.text.id), Some("transfer.failed"));
    assert_eq!(call(&world).pill.1, Tone::Live);
    assert_eq!(world.stations[0].last("phone:unhold")["by"], "local");
}

#[test]
fn caller_who_stays_held_after_a_transfer_that_fails_since_the_person_talks_to_somebody_else_is_said_to_be() {
    let (mut world, third) = talking();
    let id = call(&world).call;
    let fourth = world.station();
    world.trust(fourth);
    world.boot(fourth, &world.kiosk("203", "secret-203", ""));
    world.run(1_000);
    world.act(0, Action::CallNumber("203".into()));
    world.run(1_000);
    world.answer(fourth);
    world.run(1_000);
    world.act(0, Action::Transfer(id, "202".into()));
    world.run(1_000);
    world.host(third, r#"{"type":"reject"}"#);
    world.run(2_000);
    assert_eq!(world.stations[0].announced.last(), Some(&"transfer.failed.held"));
    assert_eq!((call(&world).party.number.as_str(), call(&world).pill.1), ("203", Tone::Live));
}

#[test]
fn what_does_not_work_yet_says_why_before_it_is_used() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    assert_eq!(call(&world).why_not, Some(Text::of("call.notyet")));
    world.answer(1);
    world.run(1_000);
    assert_eq!(call(&world).why_not, None, "all of it works");
    let (world, _, _) = transferring();
    assert_eq!(call(&world).why_not, Some(Text::of("transfer.running")));
}
