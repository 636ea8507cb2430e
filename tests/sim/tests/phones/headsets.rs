//! Buttons and lights of headsets in step with the calls, both ways, and the media keys of the machine.
//!
//! The descriptors are those of two headsets in the form of WebHID: one whose hook switch stays as it is put and whose
//! mute button is pressed and let go, with all lights in one report; one with a button only, and a report for each light.

use proptest::prelude::*;
use serde_json::{Value, json};
use softframe_phone::{Action, HeadsetEvent, Input, Lights, MediaKey, view::Screen};
use softframe_sim::World;

const HOOK: u8 = 0b0001;
const MUTE: u8 = 0b0100;
const FLASH: u8 = 0b1000;
const OFF_HOOK_LIGHT: u8 = 0b0001;
const MUTE_LIGHT: u8 = 0b0010;
const RING_LIGHT: u8 = 0b0100;
const HOLD_LIGHT: u8 = 0b1000;

fn items(usages: &[u32], is_absolute: bool, has_preferred_state: bool) -> Value {
    json!({ "usages": usages, "reportSize": 1, "reportCount": usages.len(), "isAbsolute": is_absolute,
            "hasPreferredState": has_preferred_state, "isArray": false, "isRange": false, "isConstant": false })
}

fn open(world: &mut World, headset: u32, inputs: &Value, outputs: &Value) {
    let collections =
        json!([{ "usagePage": 11, "usage": 5, "inputReports": inputs, "outputReports": outputs }]);
    let event = HeadsetEvent::Opened {
        headset,
        name: "Jabra Evolve2 65".into(),
        collections: collections.to_string(),
    };
    world.input(0, Input::Headset(event));
}

/// The first of the two, as number 1.
fn plug_in(world: &mut World) {
    let inputs = json!([{ "reportId": 2, "items": [
        items(&[0x0b_0020, 0x0b_0097], true, false), items(&[0x0b_002f, 0x0b_0021], false, true) ] }]);
    let lights = [0x08_0017, 0x08_0009, 0x08_0018, 0x08_0020];
    open(world, 1, &inputs, &json!([{ "reportId": 2, "items": [items(&lights, true, false)] }]));
}

fn report(world: &mut World, octet: u8) {
    let event = HeadsetEvent::Report { headset: 1, report: 2, octets: vec![octet] };
    world.input(0, Input::Headset(event));
    world.run(500);
}

/// The lights that burn, by what the headset was sent last.
fn lit(world: &World) -> u8 {
    world.stations[0].reports.last().map(|(_, _, octets)| octets[0]).expect("a report")
}

fn rings() -> World {
    let mut world = World::pair();
    plug_in(&mut world);
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    world
}

/// In a call that the headset has answered.
fn talks() -> World {
    let mut world = rings();
    report(&mut world, HOOK);
    world
}

fn on_screen(world: &World) -> Screen {
    world.view(0).screen
}

fn muted(world: &World) -> Vec<bool> {
    world.stations[0].kinds("phone:muted").iter().map(|data| data["muted"] == json!(true)).collect()
}

#[test]
fn hook_switch_answers_and_ends_and_the_lights_tell_where_the_call_is() {
    let mut world = World::pair();
    plug_in(&mut world);
    assert_eq!(lit(&world), 0, "what it showed before is not known");
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    assert_eq!(lit(&world), RING_LIGHT);
    report(&mut world, HOOK);
    assert!(matches!(on_screen(&world), Screen::Call(_)));
    assert_eq!(lit(&world), OFF_HOOK_LIGHT);
    report(&mut world, 0);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 1);
    assert_eq!(lit(&world), 0);
}

#[test]
fn what_is_done_on_the_screen_is_shown_and_what_the_headset_says_back_is_no_order() {
    let mut world = rings();
    world.answer(0);
    assert_eq!(lit(&world), OFF_HOOK_LIGHT);
    report(&mut world, HOOK);
    let call = world.front(0);
    world.act(0, Action::Mute(call, true));
    assert_eq!(lit(&world), OFF_HOOK_LIGHT | MUTE_LIGHT);
    // Many press their own mute button, so to speak.
    report(&mut world, HOOK | MUTE);
    report(&mut world, HOOK);
    assert_eq!(muted(&world), [true]);
    world.act(0, Action::Hold(call, true));
    world.run(1_000);
    assert_eq!(lit(&world), OFF_HOOK_LIGHT | MUTE_LIGHT | HOLD_LIGHT);
    world.act(0, Action::End(call));
    assert_eq!(lit(&world), 0);
    // The headset says it late, when the next call is there already.
    world.act(0, Action::CallNumber("201".into()));
    let event = HeadsetEvent::Report { headset: 1, report: 2, octets: vec![0] };
    world.input(0, Input::Headset(event));
    world.run(1_000);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 1, "the new call goes on");
}

#[test]
fn mute_button_mutes_when_it_is_pressed_and_not_when_it_is_let_go() {
    let mut world = talks();
    report(&mut world, HOOK | MUTE);
    assert_eq!(muted(&world), [true]);
    assert_eq!(lit(&world), OFF_HOOK_LIGHT | MUTE_LIGHT);
    report(&mut world, HOOK);
    report(&mut world, HOOK | MUTE);
    report(&mut world, HOOK);
    assert_eq!(muted(&world), [true, false]);
}

#[test]
fn headset_that_answers_every_light_with_a_press_of_its_button_mutes_once() {
    let mut world = talks();
    let press = |world: &mut World, octet| {
        world.input(0, Input::Headset(HeadsetEvent::Report { headset: 1, report: 2, octets: vec![octet] }));
    };
    press(&mut world, HOOK | MUTE);
    press(&mut world, HOOK);
    let mut seen = OFF_HOOK_LIGHT;
    for _ in 0..10 {
        world.run(50);
        if std::mem::replace(&mut seen, lit(&world)) != lit(&world) {
            press(&mut world, HOOK | MUTE);
            press(&mut world, HOOK);
        }
    }
    assert_eq!(muted(&world), [true]);
    // Somebody does.
    press(&mut world, HOOK | MUTE);
    assert_eq!(muted(&world), [true, false]);
}

#[test]
fn flash_holds_and_resumes_answers_what_waits_and_goes_to_the_other_call() {
    let mut world = talks();
    let press = |world: &mut World| {
        report(world, HOOK | FLASH);
        report(world, HOOK);
        world.run(1_000);
    };
    press(&mut world);
    assert_eq!(lit(&world), OFF_HOOK_LIGHT | HOLD_LIGHT);
    press(&mut world);
    assert_eq!(lit(&world), OFF_HOOK_LIGHT);
    let third = world.station();
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    world.run(1_000);
    world.act(third, Action::CallNumber("200".into()));
    world.run(1_000);
    assert_eq!(lit(&world), OFF_HOOK_LIGHT | RING_LIGHT);
    press(&mut world);
    assert_eq!(world.stations[0].kinds("phone:accepted").len(), 2);
    let front = |world: &World| match on_screen(world) {
        Screen::Call(call) => call.party.number,
        other => panic!("{other:?}"),
    };
    assert_eq!(front(&world), "202");
    press(&mut world);
    assert_eq!(front(&world), "201");
}

#[test]
fn off_the_hook_without_a_call_is_put_back_by_the_phone() {
    let mut world = World::pair();
    plug_in(&mut world);
    let before = world.stations[0].reports.len();
    report(&mut world, HOOK);
    assert!(matches!(on_screen(&world), Screen::Keypad(_)), "nobody is called");
    assert_eq!(world.stations[0].reports[before..], [(1, 2, vec![0])]);
}

#[test]
fn headset_that_is_unplugged_leaves_the_call_alone_and_comes_back_into_it() {
    let mut world = talks();
    world.input(0, Input::Headset(HeadsetEvent::Gone { headset: 1 }));
    report(&mut world, 0);
    world.run(2_000);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 0);
    plug_in(&mut world);
    assert_eq!(lit(&world), OFF_HOOK_LIGHT);
}

#[test]
fn button_that_does_not_stay_answers_and_ends_and_each_light_has_a_report() {
    let mut world = World::pair();
    let output = |id: u32, usage| json!({ "reportId": id, "items": [items(&[usage], true, false)] });
    let inputs = json!([{ "reportId": 8, "items": [items(&[0x0b_0020], true, true)] }]);
    open(&mut world, 1, &inputs, &json!([output(0x17, 0x08_0017), output(0x9e, 0x0b_009e)]));
    let press = |world: &mut World| {
        for octet in [1, 0] {
            let event = HeadsetEvent::Report { headset: 1, report: 8, octets: vec![octet] };
            world.input(0, Input::Headset(event));
            world.run(500);
        }
    };
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    assert_eq!(world.stations[0].reports.split_off(2), [(1, 0x17, vec![0]), (1, 0x9e, vec![1])]);
    press(&mut world);
    assert!(matches!(on_screen(&world), Screen::Call(_)), "letting go of it ends nothing");
    press(&mut world);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 1);
}

#[test]
fn media_keys_answer_mute_hold_resume_and_hang_up() {
    let mut world = World::pair();
    let press = |world: &mut World, key| {
        world.input(0, Input::Headset(HeadsetEvent::Key(key)));
        world.run(1_000);
    };
    assert_eq!(world.stations[0].lights, Lights::default());
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    assert_eq!(world.stations[0].lights, Lights { ring: true, ..Lights::default() });
    press(&mut world, MediaKey::Play);
    let talking = Lights { off_hook: true, ..Lights::default() };
    assert_eq!(world.stations[0].lights, talking);
    press(&mut world, MediaKey::Play);
    assert_eq!(world.stations[0].lights, talking, "it plays already");
    press(&mut world, MediaKey::Mute);
    assert_eq!(world.stations[0].lights, Lights { mute: true, ..talking });
    press(&mut world, MediaKey::Mute);
    press(&mut world, MediaKey::Pause);
    assert_eq!(world.stations[0].lights, Lights { hold: true, ..talking });
    press(&mut world, MediaKey::Play);
    assert_eq!(world.stations[0].lights, talking);
    press(&mut world, MediaKey::HangUp);
    assert_eq!(world.stations[0].lights, Lights::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever a broken headset reports, the phone works, and the lights are those of the calls in the end.
    #[test]
    fn any_reports_leave_a_phone_that_works(reports in prop::collection::vec((0_u8..4, prop::collection::vec(any::<u8>(), 0..3), 0_u64..400), 0..40)) {
        let mut world = rings();
        for (report, octets, pause) in reports {
            world.input(0, Input::Headset(HeadsetEvent::Report { headset: 1, report, octets }));
            world.run(pause);
        }
        world.run(3_000);
        let Lights { off_hook, ring, mute, hold } = world.stations[0].lights;
        let expected = [(off_hook, OFF_HOOK_LIGHT), (ring, RING_LIGHT), (mute, MUTE_LIGHT), (hold, HOLD_LIGHT)];
        let expected = expected.iter().filter(|(on, _)| *on).fold(0, |all, (_, light)| all | light);
        prop_assert_eq!(lit(&world), expected);
        prop_assert!(world.stations[0].kinds("phone:accepted").len() <= 1);
        prop_assert!(world.stations[0].kinds("phone:terminated").len() <= 1);
        prop_assert_eq!(off_hook, matches!(on_screen(&world), Screen::Call(_)));
    }
}
