//! Two calls as one conversation: when they are mixed, and what parts them.

use serde_json::json;
use softframe_phone::{
    Action, CallId, MediaRequest,
    view::{CallScreen, Screen},
};
use softframe_sim::World;

/// 200 holds 201 and talks to 202.
fn two_calls() -> (World, String, String) {
    let mut world = World::pair();
    let third = world.station();
    world.trust(third);
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    world.run(1_000);
    for (station, number) in [(1, "201"), (2, "202")] {
        world.host(0, &json!({"type": "click2call", "data": {"number": number}}).to_string());
        world.run(1_000);
        world.answer(station);
        world.run(1_000);
    }
    let ids: Vec<String> = world.stations[0]
        .kinds("phone:calling")
        .iter()
        .map(|call| call["id"].as_str().unwrap_or_default().to_owned())
        .collect();
    (world, ids[0].clone(), ids[1].clone())
}

fn mixes(world: &World) -> Vec<usize> {
    let mix = |what: &MediaRequest| match what {
        MediaRequest::Mix(calls) => Some(calls.len()),
        _ => None,
    };
    world.stations[0].media.iter().filter_map(mix).collect()
}

fn state_of(world: &mut World, id: &str) -> String {
    let ask = format!("state {}", world.now.0 + world.stations[0].heard.len() as u64);
    world.host(0, &json!({"type": "state", "id": ask}).to_string());
    let response = world.stations[0].response(&ask).clone();
    let calls = response["data"]["calls"].as_array().cloned().unwrap_or_default();
    let found = calls.iter().find(|call| call["id"] == id).map(|call| call["state"].clone());
    found.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default()
}

fn merged() -> (World, String, String) {
    let (mut world, first, second) = two_calls();
    world.host(0, r#"{"type":"merge","id":"m"}"#);
    world.run(1_000);
    (world, first, second)
}

#[test]
fn held_call_is_resumed_beside_the_other_and_they_are_mixed_once_both_are_there() {
    let (mut world, first, second) = two_calls();
    assert_eq!(
        (state_of(&mut world, &first), state_of(&mut world, &second)),
        ("held".into(), "active".into())
    );
    world.host(0, r#"{"type":"merge","id":"m"}"#);
    world.run(1_000);
    assert_eq!(world.stations[0].response("m")["ok"], true);
    assert_eq!(
        (state_of(&mut world, &first), state_of(&mut world, &second)),
        ("active".into(), "active".into())
    );
    assert_eq!(mixes(&world).first(), Some(&2));
    assert!(mixes(&world).iter().all(|calls| *calls == 2));
    assert_eq!(world.stations[0].last("phone:unhold")["by"], "local");
    assert!(world.stations[0].kinds("phone:muted").is_empty(), "nobody is muted for the other");
    assert_eq!(world.stations[1].last("phone:unhold")["by"], "remote");
}

#[test]
fn holding_one_of_two_parts_them_and_the_other_goes_on() {
    let (mut world, first, second) = merged();
    let hold = json!({"type": "hold", "id": "h", "data": {"callId": second}});
    world.host(0, &hold.to_string());
    assert_eq!(mixes(&world).last(), Some(&0), "at once, before the other side has agreed");
    world.run(1_000);
    assert_eq!(world.stations[0].response("h")["ok"], true);
    assert_eq!(
        (state_of(&mut world, &first), state_of(&mut world, &second)),
        ("active".into(), "held".into())
    );
    world.host(0, r#"{"type":"unhold","id":"u"}"#);
    world.run(1_000);
    assert_eq!(
        (state_of(&mut world, &first), state_of(&mut world, &second)),
        ("held".into(), "active".into())
    );
    assert_eq!(mixes(&world).last(), Some(&0));
}

#[test]
fn hanging_up_one_of_two_leaves_the_other_with_the_person() {
    for by_them in [false, true] {
        let (mut world, first, second) = merged();
        match by_them {
            true => {
                let call: CallId = world.front(2);
                world.act(2, Action::End(call));
            }
            false => {
                world.host(0, &json!({"type": "hangup", "data": {"callId": second}}).to_string());
            }
        }
        world.run(1_000);
        assert_eq!(mixes(&world).last(), Some(&0), "by them: {by_them}");
        assert_eq!(state_of(&mut world, &first), "active");
        assert_eq!(state_of(&mut world, &second), "");
    }
}

#[test]
fn merge_without_two_answered_calls_or_again_is_a_wrong_state() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.host(0, r#"{"type":"merge","id":"rings"}"#);
    world.answer(1);
    world.run(1_000);
    world.host(0, r#"{"type":"merge","id":"one"}"#);
    for id in ["rings", "one"] {
        assert_eq!(world.stations[0].response(id)["error"]["code"], "wrong_state", "{id}");
    }
    let (mut world, first, _) = merged();
    world.host(0, r#"{"type":"merge","id":"again"}"#);
    assert_eq!(world.stations[0].response("again")["error"]["code"], "wrong_state");
    world.host(0, r#"{"type":"merge","id":"none","data":{"callId":"none"}}"#);
    assert_eq!(world.stations[0].response("none")["error"]["code"], "no_such_call");
    assert_eq!(state_of(&mut world, &first), "active");
}

#[test]
fn third_call_is_not_made_beside_two_that_are_merged() {
    let (mut world, first, second) = merged();
    world.host(0, r#"{"type":"click2call","id":"c","data":{"number":"203"}}"#);
    world.run(1_000);
    assert_eq!(world.stations[0].response("c")["error"]["code"], "wrong_state");
    assert_eq!(
        (state_of(&mut world, &first), state_of(&mut world, &second)),
        ("active".into(), "active".into())
    );
}

#[test]
fn merged_calls_can_be_connected_with_one_another_by_leaving() {
    let (mut world, _, _) = merged();
    world.host(0, r#"{"type":"transfer:complete","id":"t"}"#);
    world.run(4_000);
    assert_eq!(world.stations[0].response("t")["ok"], true);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 2);
    assert!(world.stations[0].peers.is_empty());
}

fn call_screen(world: &World) -> CallScreen {
    match world.view(0).screen {
        Screen::Call(call) => call,
        other => panic!("{other:?}"),
    }
}

/// The labels of the tiles that work, and what the one of this label does.
fn tile(world: &World, label: &str) -> (bool, Action) {
    let screen = call_screen(world);
    let tile = screen.tiles.iter().find(|tile| tile.label.id == label);
    let tile = tile.unwrap_or_else(|| panic!("no {label} in {:?}", screen.tiles));
    (tile.enabled, tile.action.clone())
}

fn press(world: &mut World, label: &str) {
    let (enabled, action) = tile(world, label);
    assert!(enabled, "{label}");
    world.act(0, action);
    world.run(1_000);
}

#[test]
fn two_calls_on_screen_are_merged_split_and_merged_again() {
    let (mut world, first, second) = two_calls();
    let screen = call_screen(&world);
    assert_eq!((screen.merged, screen.others.len(), screen.end.0.id), (false, 1, "call.endwith"));
    press(&mut world, "call.merge");
    let screen = call_screen(&world);
    assert_eq!((screen.merged, screen.pill.0.id, screen.end.0.id), (true, "call.threeway", "call.endall"));
    assert_eq!(world.stations[0].announced.iter().filter(|said| **said == "say.merged").count(), 1);
    let time = |world: &World| call_screen(world).pill.0.args[0].1.clone();
    let before = time(&world);
    world.run(1_000);
    assert_ne!(time(&world), before, "the time of the conversation runs");

    press(&mut world, "call.split");
    assert_eq!(
        (state_of(&mut world, &first), state_of(&mut world, &second)),
        ("held".into(), "active".into())
    );
    assert_eq!((mixes(&world).last(), call_screen(&world).merged), (Some(&0), false));
    press(&mut world, "call.merge");
    assert!(call_screen(&world).merged);
}

#[test]
fn mute_and_hold_of_a_conversation_of_three_are_for_both() {
    let (mut world, first, second) = merged();
    press(&mut world, "call.mute");
    assert_eq!(world.stations[0].kinds("phone:muted").len(), 2);
    press(&mut world, "call.muted");
    assert_eq!(world.stations[0].last("phone:muted")["muted"], false);
    press(&mut world, "call.hold");
    assert_eq!((state_of(&mut world, &first), state_of(&mut world, &second)), ("held".into(), "held".into()));
    press(&mut world, "call.merge");
    assert_eq!(
        (state_of(&mut world, &first), state_of(&mut world, &second)),
        ("active".into(), "active".into())
    );
    assert!(call_screen(&world).merged);
}

#[test]
fn end_for_all_ends_both_and_a_dropped_one_leaves_the_other() {
    let (mut world, _, _) = merged();
    let (_, end) = call_screen(&world).end;
    world.act(0, *end);
    world.run(1_000);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 2);

    let (mut world, first, _) = merged();
    let dropped = call_screen(&world).call;
    world.act(0, Action::End(dropped));
    world.run(1_000);
    let screen = call_screen(&world);
    assert_eq!((screen.merged, screen.others.len(), screen.end.0.id), (false, 0, "call.end"));
    assert_eq!(state_of(&mut world, &first), "active");
}

#[test]
fn connect_joins_the_two_others_and_leaves() {
    let (mut world, _, _) = two_calls();
    press(&mut world, "call.connect");
    world.run(4_000);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 2);
    assert_eq!(world.stations[0].last("phone:terminated")["cause"]["reason"], "transferred");
}

#[test]
fn merge_is_there_but_does_nothing_while_the_second_one_is_only_called() {
    let mut world = World::pair();
    let third = world.station();
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    world.run(1_000);
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    world.act(0, Action::CallNumber("202".into()));
    world.run(1_000);
    assert_eq!((tile(&world, "call.merge").0, tile(&world, "call.connect").0), (false, false));
    world.answer(third);
    world.run(1_000);
    assert_eq!((tile(&world, "call.merge").0, tile(&world, "call.connect").0), (true, true));
    press(&mut world, "call.hold");
    let held = call_screen(&world).others[0].0;
    world.act(0, Action::Swap(held));
    world.run(1_000);
    assert_eq!(world.stations[0].announced.last(), Some(&"say.swapped"));
}

#[test]
fn merge_is_busy_until_the_held_one_is_back() {
    let (mut world, _, _) = two_calls();
    let (_, merge) = tile(&world, "call.merge");
    // What is said from now on, nobody hears.
    world.stations[0].frozen = true;
    world.act(0, merge);
    let screen = call_screen(&world);
    let busy: Vec<_> = screen.tiles.iter().filter(|tile| tile.busy).map(|tile| tile.label.id).collect();
    assert_eq!((busy, screen.merged), (vec!["call.merge"], false));
}
