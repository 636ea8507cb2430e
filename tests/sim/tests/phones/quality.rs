//! How calls are heard: the bars, their sheet, what the host page hears of it, and the one warning.

use softframe_phone::{
    Action, MediaStats,
    view::{CallScreen, Screen, Sheet},
};
use softframe_sim::World;

/// A second of fifty packets in which so many of them are lost.
fn second(lost: u64) -> Option<MediaStats> {
    Some(MediaStats {
        received: 50 - lost,
        lost,
        jitter_millis: 46,
        round_trip_millis: 212,
        ..MediaStats::default()
    })
}

fn talk(lost: u64) -> World {
    let mut world = World::pair();
    world.stations[0].sound = second(lost);
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world
}

fn screen(world: &World) -> CallScreen {
    match world.view(0).screen {
        Screen::Call(call) => call,
        other => panic!("{other:?}"),
    }
}

fn warnings(world: &World) -> usize {
    world.stations[0].announced.iter().filter(|id| **id == "call.weak").count()
}

#[test]
fn a_good_call_shows_four_bars_after_five_seconds_and_tells_the_page_once() {
    let mut world = talk(0);
    world.run(5_000);
    assert_eq!((screen(&world).bars, screen(&world).note), (0, None));
    world.run(25_000);
    assert_eq!((screen(&world).bars, screen(&world).note, warnings(&world)), (4, None, 0));
    let told = world.stations[0].kinds("media:quality");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["loss"], 0.0);
    assert_eq!((&told[0]["jitter"], &told[0]["rtt"]), (&46.into(), &212.into()));
    let call = world.front(0);
    world.act(0, Action::End(call));
    let ended = world.stations[0].last("phone:terminated");
    assert!(ended["quality"]["mos"].as_f64().unwrap() >= 4.0, "{ended}");
}

#[test]
fn a_call_that_turns_weak_says_so_once_and_its_sheet_has_the_numbers() {
    let mut world = talk(0);
    world.run(10_000);
    world.stations[0].sound = second(4);
    world.run(40_000);
    let shown = screen(&world);
    assert_eq!((shown.bars, shown.note.unwrap().id, warnings(&world)), (2, "call.weak", 1));
    world.act(0, Action::OpenQuality(shown.call));
    let Some(Sheet::Quality { bars, score_tenths, loss_tenths, jitter_millis, round_trip_millis }) =
        world.view(0).sheet
    else {
        panic!("{:?}", world.view(0).sheet)
    };
    assert_eq!((bars, score_tenths), (2, 31));
    assert_eq!((loss_tenths, jitter_millis, round_trip_millis), (80, 46, 212));
    world.act(0, Action::Back);
    assert_eq!(world.view(0).sheet, None);
    world.stations[0].sound = second(0);
    world.run(20_000);
    assert_eq!((screen(&world).bars, screen(&world).note), (4, None));
    let told = world.stations[0].kinds("media:quality");
    assert!(told.len() >= 3 && told[1]["mos"].as_f64() < Some(4.0), "{told:?}");
}

#[test]
fn a_held_call_is_not_measured_and_its_silence_is_no_loss() {
    let mut world = talk(0);
    world.run(10_000);
    let call = world.front(0);
    world.act(0, Action::Hold(call, true));
    world.run(1_000);
    world.stations[0].sound = second(50);
    world.run(20_000);
    assert_eq!(screen(&world).bars, 4);
    world.stations[0].sound = second(0);
    world.act(0, Action::Hold(call, false));
    world.run(10_000);
    assert_eq!((screen(&world).bars, warnings(&world)), (4, 0));
}

#[test]
fn the_sheet_goes_with_its_call() {
    let mut world = talk(0);
    world.run(10_000);
    let call = world.front(0);
    world.act(0, Action::OpenQuality(call));
    assert!(world.view(0).sheet.is_some());
    world.act(0, Action::End(call));
    assert_eq!(world.view(0).sheet, None);
}
