//! Forwarding: where calls go on to, in which order of the rules, and what stays after a reload.

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Action, HostInput, Input};
use softframe_sim::{World, description};

/// 200, 201 and 202 signed in, each with a trusted page; `more` are keys of the configuration of 201.
fn three(more: &str) -> World {
    let mut world = World::new();
    for (user, more) in [("200", ""), ("201", more), ("202", "")] {
        let station = world.station();
        world.trust(station);
        world.boot(station, &world.kiosk(user, &format!("secret-{user}"), more));
    }
    world.run(1_000);
    world
}

fn forward(world: &mut World, id: &str, data: Value) {
    world.host(1, &json!({"type": "forward", "id": id, "data": data}).to_string());
}

fn call(world: &mut World, from: usize, number: &str) {
    world.act(from, Action::CallNumber(number.into()));
    world.run(1_000);
}

fn code<'a>(world: &'a World, id: &str) -> &'a Value {
    &world.stations[1].response(id)["error"]["code"]
}

#[test]
fn call_is_forwarded_at_once_to_where_the_rule_says_and_rings_there_alone() {
    let mut world = three("");
    forward(&mut world, "f", json!({"kind": "unc", "enabled": true, "destination": "2-0 2"}));
    assert_eq!(world.stations[1].response("f")["ok"], true);
    let change = world.stations[1].last("forward:change");
    assert_eq!((&change["kind"], &change["context"]["extension"]), (&json!("unc"), &json!("201")));
    assert_eq!(change["forwards"]["unc"], json!({"enabled": true, "destination": "202"}));
    call(&mut world, 0, "201");
    assert_eq!(world.stations[1].ladder(), ["phone:refused"]);
    let cause = &world.stations[1].last("phone:refused")["cause"];
    assert_eq!(
        (&cause["reason"], &cause["code"], &cause["transferredTo"]),
        (&json!("forwarded"), &json!(302), &json!("202"))
    );
    assert_eq!(world.stations[2].ladder(), ["phone:ringing"]);
    let answer = world.stations[1].sent.iter().find(|frame| frame.starts_with("SIP/2.0 302")).unwrap();
    assert!(answer.contains("\r\nContact: <sip:202@softframe.test>\r\n"), "{answer}");
    assert!(answer.contains("\r\nDiversion: <sip:201@softframe.test>;reason=unconditional\r\n"), "{answer}");
}

#[test]
fn unanswered_call_rings_for_its_time_and_not_a_moment_longer() {
    let mut world = three("");
    forward(&mut world, "f", json!({"kind": "na", "enabled": true, "destination": 202, "timeout": 7}));
    world.act(0, Action::CallNumber("201".into()));
    world.run(6_999);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing"]);
    world.run(1);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:terminated"]);
    assert_eq!(world.stations[1].last("phone:terminated")["cause"]["reason"], "forwarded");
    assert!(world.stations[1].sent.iter().any(|frame| frame.contains(";reason=no-answer\r\n")));
    world.run(500);
    assert_eq!(world.stations[2].ladder(), ["phone:ringing"]);
}

#[test]
fn unanswered_call_waits_twenty_seconds_where_nobody_says_how_long() {
    let mut world = three("");
    forward(&mut world, "f", json!({"kind": "na", "enabled": true, "destination": "202"}));
    world.act(0, Action::CallNumber("201".into()));
    world.run(19_999);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing"]);
    world.run(1);
    assert_eq!(world.stations[1].ladder()[1], "phone:terminated");
}

#[test]
fn answered_call_or_one_whose_rule_is_off_again_stays() {
    let mut world = three("");
    forward(&mut world, "f", json!({"kind": "na", "enabled": true, "destination": "202", "timeout": 5}));
    call(&mut world, 0, "201");
    world.answer(1);
    world.run(10_000);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:accepted"]);
    world.host(1, r#"{"type":"hangup"}"#);
    world.run(3_000);
    call(&mut world, 0, "201");
    forward(&mut world, "g", json!({"kind": "na", "enabled": false}));
    world.run(10_000);
    assert_eq!(world.stations[1].ladder().last(), Some(&"phone:ringing"));
    let kept = &world.stations[1].last("forward:change")["forwards"]["na"];
    assert_eq!(kept, &json!({"enabled": false, "destination": "202", "timeout": 5}));
}

#[test]
fn call_beside_another_is_forwarded_where_the_rule_for_busy_is_on() {
    let mut world = three("");
    let rule = json!({"kind": "busy", "enabled": true, "destination": "202"});
    forward(&mut world, "f", rule);
    call(&mut world, 0, "201");
    assert_eq!(world.stations[1].ladder(), ["phone:ringing"], "the first one rings");
    world.answer(1);
    world.run(1_000);
    // The caller's own second call.
    world.act(0, Action::Hold(world.front(0), true));
    world.run(500);
    call(&mut world, 0, "201");
    assert_eq!(world.stations[1].last("phone:refused")["cause"]["reason"], "forwarded");
    assert!(world.stations[1].sent.iter().any(|frame| frame.contains(";reason=user-busy\r\n")));
    assert_eq!(world.stations[2].ladder(), ["phone:ringing"]);
}

#[test]
fn caller_hears_the_code_of_the_operator_where_the_person_is_not_to_be_disturbed_or_lets_nobody_wait() {
    for (keys, code) in [("", "486 "), (r#""dndCode":480,"#, "480 "), (r#""dndCode":603,"#, "603 ")] {
        let mut world = three(keys);
        world.host(1, r#"{"type":"dnd","data":{"enabled":true}}"#);
        call(&mut world, 0, "201");
        assert_eq!(refusal(&world), code, "{keys}");
        assert_eq!(world.stations[1].last("phone:refused")["cause"]["reason"], "busy");
        assert!(world.stations[1].ladder().iter().all(|kind| *kind != "phone:ringing"));
    }
    let mut world = three(r#""callWaiting":false,"#);
    call(&mut world, 0, "201");
    world.answer(1);
    world.run(1_000);
    call(&mut world, 2, "201");
    assert_eq!(refusal(&world), "486 ");
    assert_eq!(world.stations[1].last("phone:refused")["cause"]["reason"], "busy");
    let rung = world.stations[1].ladder().into_iter().filter(|kind| *kind == "phone:ringing").count();
    assert_eq!(rung, 1, "the first alone");
}

/// The code of the last call that 201 refused.
fn refusal(world: &World) -> &str {
    let mut answers = world.stations[1].sent.iter().rev().filter_map(|frame| frame.strip_prefix("SIP/2.0 "));
    answers
        .find(|answer| !answer.starts_with(['1', '2']))
        .and_then(|answer| answer.get(..4))
        .expect("a refusal")
}

#[test]
fn rules_are_asked_in_order_unconditional_dnd_busy_unanswered() {
    let mut world = three("");
    for kind in ["na", "busy", "unc"] {
        forward(&mut world, kind, json!({"kind": kind, "enabled": true, "destination": "202"}));
    }
    world.host(1, r#"{"type":"dnd","data":{"enabled":true}}"#);
    let last_reason = |world: &World| world.stations[1].last("phone:refused")["cause"]["reason"].clone();
    call(&mut world, 0, "201");
    assert_eq!(last_reason(&world), "forwarded");
    world.host(2, r#"{"type":"reject"}"#);
    world.run(3_000);
    forward(&mut world, "off", json!({"kind": "unc", "enabled": false}));
    call(&mut world, 0, "201");
    assert_eq!(last_reason(&world), "busy");
    world.run(3_000);
    world.host(1, r#"{"type":"dnd","data":{"enabled":false}}"#);
    call(&mut world, 0, "201");
    assert_eq!(world.stations[1].ladder().last(), Some(&"phone:ringing"), "nothing else is on the line");
}

#[test]
fn destination_that_is_none_or_may_not_be_dialled_is_an_error_and_changes_nothing() {
    let mut world = three(r#""dial":{"blocked":["+88"]},"#);
    for (id, data, expected) in [
        ("empty", json!({"kind": "unc", "enabled": true, "destination": ""}), "invalid_number"),
        ("absent", json!({"kind": "unc", "enabled": true}), "invalid_number"),
        ("words", json!({"kind": "unc", "enabled": true, "destination": "john"}), "invalid_number"),
        ("line", json!({"kind": "unc", "enabled": true, "destination": "1\r\nTo: x"}), "invalid_number"),
        ("own", json!({"kind": "unc", "enabled": true, "destination": "201"}), "invalid_number"),
        ("blocked", json!({"kind": "unc", "enabled": true, "destination": "+88216"}), "invalid_number"),
        ("code", json!({"kind": "busy", "enabled": true, "destination": "*21*5#"}), "needs_confirmation"),
        ("emergency", json!({"kind": "na", "enabled": true, "destination": "112"}), "needs_confirmation"),
        ("kind", json!({"kind": "all", "enabled": true, "destination": "202"}), "bad_request"),
        ("enabled", json!({"kind": "unc", "destination": "202"}), "bad_request"),
        ("short", json!({"kind": "na", "enabled": true, "destination": "202", "timeout": 2}), "bad_request"),
        ("long", json!({"kind": "na", "enabled": true, "destination": "202", "timeout": 171}), "bad_request"),
    ] {
        forward(&mut world, id, data);
        assert_eq!(code(&world, id), expected, "{id}");
    }
    assert!(world.stations[1].kinds("forward:change").is_empty());
    world.host(1, r#"{"type":"state","id":"s"}"#);
    let off = json!({"enabled": false, "destination": ""});
    let unanswered = json!({"enabled": false, "destination": "", "timeout": 20});
    assert_eq!(
        world.stations[1].response("s")["data"]["forwards"],
        json!({"unc": off, "busy": off, "na": unanswered})
    );
    call(&mut world, 0, "201");
    assert_eq!(world.stations[1].ladder(), ["phone:ringing"]);
}

#[test]
fn page_that_changes_rules_fast_is_slowed_as_one_that_transfers() {
    let mut world = three("");
    for n in 0..6 {
        let rule = json!({"kind": "unc", "enabled": true, "destination": format!("30{n}")});
        forward(&mut world, &format!("{n}"), rule);
    }
    assert_eq!(world.stations[1].kinds("forward:change").len(), 5);
    assert_eq!(code(&world, "5"), "rate_limited");
    forward(&mut world, "off", json!({"kind": "unc", "enabled": false}));
    assert_eq!(world.stations[1].response("off")["ok"], true, "what makes no call is not slowed");
}

#[test]
fn rule_that_came_before_the_page_was_trusted_is_not_set() {
    let mut world = three("");
    let text = r#"{"type":"forward","id":"h","data":{"kind":"unc","enabled":true,"destination":"202"}}"#;
    world.input(1, Input::Host(HostInput::Message { text: text.to_owned(), held: true }));
    assert_eq!(code(&world, "h"), "needs_confirmation");
    assert!(world.stations[1].kinds("forward:change").is_empty());
}

#[test]
fn rules_and_do_not_disturb_are_there_again_after_a_reload_for_their_account_alone() {
    let mut world = three("");
    forward(&mut world, "f", json!({"kind": "unc", "enabled": true, "destination": "202"}));
    world.host(1, r#"{"type":"dnd","data":{"enabled":true}}"#);
    let store = world.stations[1].store.clone();
    let mut again = World::new();
    for user in ["201", "203"] {
        let station = again.station();
        again.stations[station].store = store.clone();
        again.trust(station);
        let config = again.kiosk(user, &format!("secret-{user}"), "");
        again.boot(station, &config);
        again.host(station, r#"{"type":"state","id":"s"}"#);
    }
    again.run(1_000);
    let state = |station: usize| {
        let data = &again.stations[station].response("s")["data"];
        (data["forwards"]["unc"]["destination"].as_str(), data["dnd"].as_bool())
    };
    assert_eq!((state(0), state(1)), ((Some("202"), Some(true)), (Some(""), Some(false))));
}

#[test]
fn rules_of_the_configuration_hold_until_one_is_changed() {
    let mut world = three(r#""forward":{"na":{"enabled":true,"destination":"202","timeout":4}},"#);
    world.act(0, Action::CallNumber("201".into()));
    world.run(4_100);
    assert_eq!(world.stations[1].last("phone:terminated")["cause"]["reason"], "forwarded");
    forward(&mut world, "f", json!({"kind": "na", "enabled": false}));
    let kept = &world.stations[1].last("forward:change")["forwards"]["na"];
    assert_eq!(kept, &json!({"enabled": false, "destination": "202", "timeout": 4}));
}

#[test]
fn call_in_the_place_of_another_is_not_forwarded() {
    let mut script = Script::new();
    script.host(r#"{"type":"forward","id":"f","data":{"kind":"busy","enabled":true,"destination":"202"}}"#);
    let tag = script.answered(&description(7, "sendrecv"));
    script.replacing("in2", tag.trim_start_matches(";tag="));
    assert_eq!(script.count("phone:refused"), 0);
    assert_eq!(script.count("phone:accepted"), 1);
    assert_eq!(script.count("phone:ringing"), 2);
}

#[test]
fn ringing_call_that_the_page_redirects_goes_there() {
    let mut world = three("");
    call(&mut world, 0, "201");
    world.host(1, r#"{"type":"redirect","id":"bad","data":{"to":"john"}}"#);
    assert_eq!(code(&world, "bad"), "invalid_number");
    world.host(1, r#"{"type":"redirect","id":"r","data":{"to":"202"}}"#);
    world.run(1_000);
    assert_eq!(world.stations[1].response("r")["ok"], true);
    assert_eq!(world.stations[1].last("phone:terminated")["cause"]["transferredTo"], "202");
    assert_eq!(world.stations[2].ladder(), ["phone:ringing"]);
    world.host(1, r#"{"type":"redirect","id":"none","data":{"to":"202"}}"#);
    assert_eq!(code(&world, "none"), "no_such_call");
}

#[test]
fn call_that_is_answered_is_not_redirected() {
    let mut world = three("");
    call(&mut world, 0, "201");
    let id = world.stations[1].last("phone:ringing")["id"].clone();
    world.answer(1);
    world.run(1_000);
    let redirect = json!({"type": "redirect", "id": "r", "data": {"callId": id, "to": "202"}});
    world.host(1, &redirect.to_string());
    assert_eq!(code(&world, "r"), "wrong_state");
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:accepted"]);
}

#[test]
fn a_sign_in_alone_writes_nothing_of_the_person() {
    let mut world = three("");
    let is_kept = |world: &World| world.stations[0].store.keys().any(|(_, key)| key == "person");
    assert!(!is_kept(&world));
    world.host(0, r#"{"type":"dnd","data":{"enabled":true}}"#);
    assert!(is_kept(&world));
}
