//! Two calls as one conversation: when they are mixed, and what parts them.

use serde_json::json;
use softframe_phone::{Action, CallId, MediaRequest};
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
