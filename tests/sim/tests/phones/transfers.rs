//! Blind transfer between three whole phones: who asks, who follows, who is called.

use crate::calls::talk;
use serde_json::Value;
use softframe_sim::World;

/// A third phone, registered as 202.
fn third(world: &mut World) -> usize {
    let station = world.station();
    world.trust(station);
    world.boot(station, &world.kiosk("202", "secret-202", ""));
    world.run(1_000);
    station
}

#[test]
fn a_blind_transfer_connects_the_other_two_and_ends_as_transferred() {
    let mut world = World::pair();
    let third = third(&mut world);
    talk(&mut world);
    world.host(0, r#"{"type":"transfer","id":"t","data":{"to":"202"}}"#);
    world.run(1_000);
    world.answer(third);
    world.run(1_000);
    let station = &world.stations[0];
    let states: Vec<&Value> = station.kinds("phone:transfer").iter().map(|data| &data["state"]).collect();
    assert_eq!(states, ["trying", "progress", "done"]);
    assert_eq!(station.response("t")["ok"], true);
    assert_eq!(station.last("phone:terminated")["cause"]["reason"], "transferred");
    let transferred = &world.stations[1];
    assert_eq!(transferred.last("phone:calling")["to"], "202");
    assert_eq!(transferred.last("phone:accepted")["to"], "202");
    assert_eq!(transferred.kinds("phone:terminated").len(), 1, "the first call");
    assert_eq!(world.stations[third].last("phone:accepted")["from"], "201");
    assert!(world.stations[third].kinds("phone:terminated").is_empty());
}

#[test]
fn a_transfer_that_fails_leaves_the_call() {
    let mut world = World::pair();
    talk(&mut world);
    world.host(0, r#"{"type":"transfer","id":"t","data":{"to":"202"}}"#);
    world.run(40_000);
    let station = &world.stations[0];
    assert_eq!(station.last("phone:transfer")["state"], "failed");
    assert!(station.response("t")["error"]["code"].as_str().unwrap().starts_with("sip_4"));
    assert!(station.kinds("phone:terminated").is_empty());
}

#[test]
fn a_transfer_to_a_code_asks_the_person_and_is_declined_after_a_minute_without_an_answer() {
    let mut world = World::new();
    for (user, more) in [("200", r#""dial":{"confirmCodes":false},"#), ("201", "")] {
        let station = world.station();
        world.trust(station);
        world.boot(station, &world.kiosk(user, &format!("secret-{user}"), more));
    }
    world.run(1_000);
    talk(&mut world);
    world.host(0, r#"{"type":"transfer","id":"t","data":{"to":"*97"}}"#);
    world.run(59_000);
    assert_eq!(world.stations[1].last("widget:attention")["reason"], "confirm");
    assert!(world.stations[1].kinds("phone:calling").is_empty(), "nothing is dialled without a word");
    world.run(2_000);
    assert_eq!(world.stations[0].last("phone:transfer")["code"], 603);
    assert_eq!(world.stations[0].response("t")["error"]["code"], "sip_603");
}
