//! Who may talk to the phone, and what a page that may not gets: nothing.

use serde_json::Value;
use softframe_phone::{Action, Consent, HostInput, Input, view};
use softframe_sim::World;

fn waiting(world: &mut World, station: usize) {
    let chain = vec!["https://evil.example".to_owned()];
    world.input(station, Input::Host(HostInput::Waiting { chain }));
}

#[test]
fn ready_comes_first_and_once_and_carries_nothing_private() {
    let mut world = World::new();
    let station = world.station();
    world.input(station, Input::Wall(1));
    world.input(station, Input::Wall(2));
    let heard = &world.stations[station].heard;
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(heard[0]["type"], "softframe:ready");
    assert_eq!((&heard[0]["seq"], &heard[0]["v"]), (&Value::from(1), &Value::from(1)));
    let keys: Vec<&String> = heard[0]["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["features", "instance", "protocols", "v", "version"]);
}

#[test]
fn a_broken_configuration_is_a_screen_and_ready_all_the_same() {
    let mut world = World::new();
    let station = world.station();
    world.boot(station, r#"{"hosts":"https://crm.example"}"#);
    world.run(5_000);
    assert_eq!(world.stations[station].kinds("softframe:ready").len(), 1);
    match world.view(station).screen {
        view::Screen::ConfigError { key, rule, found } => {
            assert_eq!((key.as_str(), found.as_str()), ("hosts", "\"https://crm.example\""));
            assert!(!rule.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_untrusted_page_gets_ready_and_attention_only() {
    let mut world = World::new();
    let (evil, other) = (world.station(), world.station());
    waiting(&mut world, evil);
    world.boot(evil, &world.kiosk("200", "secret-200", ""));
    world.trust(other);
    world.boot(other, &world.kiosk("201", "secret-201", ""));
    world.run(1_000);
    world.host(other, r#"{"type":"click2call","data":{"number":"200"}}"#);
    world.run(1_000);
    let kinds: Vec<&str> =
        world.stations[evil].heard.iter().map(|message| message["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["softframe:ready", "widget:attention"]);
    assert_eq!(world.stations[evil].last("widget:attention").to_string(), r#"{"reason":"consent"}"#);
}

#[test]
fn allow_brings_logged_and_the_events_of_the_running_call() {
    let mut world = World::new();
    let (late, other) = (world.station(), world.station());
    waiting(&mut world, late);
    world.boot(late, &world.kiosk("200", "secret-200", ""));
    world.trust(other);
    world.boot(other, &world.kiosk("201", "secret-201", ""));
    world.run(1_000);
    assert!(matches!(world.view(late).sheet, Some(view::Sheet::Consent { .. })));
    world.host(other, r#"{"type":"click2call","data":{"number":"200"}}"#);
    world.run(1_000);
    world.answer(late);
    world.run(1_000);
    world.act(late, Action::Consent(Consent::Allow));
    assert_eq!(world.stations[late].grants, [true]);
    world.trust(late);
    let heard = &world.stations[late].heard;
    let kinds: Vec<&str> = heard.iter().map(|message| message["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[2..], ["logged", "phone:ringing", "phone:accepted"]);
    let seqs: Vec<u64> = heard.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5], "a host sees no gap where nothing was lost");
}

#[test]
fn no_leaves_the_page_outside() {
    let mut world = World::new();
    let station = world.station();
    waiting(&mut world, station);
    world.boot(station, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    world.act(station, Action::Consent(Consent::No));
    assert_eq!(world.view(station).sheet, None);
    assert!(world.stations[station].grants.is_empty());
}

#[test]
fn signing_in_names_the_page_and_grants_it() {
    let mut world = World::new();
    let station = world.station();
    waiting(&mut world, station);
    world.boot(station, r#"{"server":"wss://softframe.test/ws"}"#);
    match world.view(station).screen {
        view::Screen::SignIn(form) => assert_eq!(form.chain, ["https://evil.example"]),
        other => panic!("{other:?}"),
    }
    let sign_in = Action::SignIn {
        server: "wss://softframe.test/ws".into(),
        user: "200".into(),
        password: "secret-200".into(),
    };
    world.act(station, sign_in);
    world.run(1_000);
    assert_eq!(world.stations[station].grants, [true]);
    world.trust(station);
    assert_eq!(world.stations[station].kinds("logged").len(), 1);
}

#[test]
fn a_click2call_kept_while_untrusted_is_filled_in_not_dialled() {
    let mut world = World::new();
    let station = world.station();
    waiting(&mut world, station);
    world.boot(station, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    world.trust(station);
    let text = r#"{"type":"click2call","id":"a","data":{"number":"+34 911 085 460"}}"#.to_owned();
    world.input(station, Input::Host(HostInput::Message { text, held: true }));
    world.run(1_000);
    let station_now = &world.stations[station];
    assert_eq!(station_now.response("a")["error"]["code"], "needs_confirmation");
    assert!(station_now.ladder().is_empty());
    match world.view(station).screen {
        view::Screen::Keypad(keypad) => assert_eq!(keypad.field, "+34911085460"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_page_wished_of_calls_while_untrusted_opens_no_microphone_and_calls_nobody() {
    let mut world = World::pair();
    let held = |world: &mut World, id: &str, kind: &str| {
        let text = format!(r#"{{"type":"{kind}","id":"{id}","data":{{"to":"202"}}}}"#);
        world.input(0, Input::Host(HostInput::Message { text, held: true }));
        world.run(1_000);
        world.stations[0].response(id)["error"]["code"].clone()
    };
    world.host(1, r#"{"type":"click2call","data":{"number":"200"}}"#);
    world.run(1_000);
    assert_eq!(held(&mut world, "a", "answer"), "needs_confirmation");
    assert!(world.stations[0].kinds("phone:accepted").is_empty());
    world.answer(0);
    world.run(1_000);
    world.host(0, r#"{"type":"mute"}"#);
    world.host(0, r#"{"type":"hold"}"#);
    world.run(1_000);
    for (number, kind) in
        ["unhold", "unmute", "transfer", "transfer:start", "transfer:complete"].into_iter().enumerate()
    {
        assert_eq!(held(&mut world, &number.to_string(), kind), "needs_confirmation", "{kind}");
    }
    let station = &world.stations[0];
    for kind in ["phone:unhold", "phone:transfer", "phone:calling"] {
        assert!(station.kinds(kind).is_empty(), "{kind}");
    }
    assert_eq!(station.last("phone:muted")["muted"], true);
    assert_eq!(held(&mut world, "h", "hangup"), Value::Null, "what ends a call is done");
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 1);
}

#[test]
fn a_core_that_starts_again_in_the_same_load_goes_on_counting_and_is_logged_anew() {
    let mut world = World::new();
    let station = world.station();
    world.input(station, Input::Resume { seq: 8 });
    world.trust(station);
    world.boot(station, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    let heard = &world.stations[station].heard;
    let found: Vec<(&str, u64)> = heard
        .iter()
        .map(|message| (message["type"].as_str().unwrap(), message["seq"].as_u64().unwrap()))
        .collect();
    assert_eq!(found, [("connection:change", 8), ("connection:change", 9), ("logged", 10)]);
}

#[test]
fn card_that_is_closed_is_no_consent_and_asks_no_more() {
    let mut world = World::new();
    let station = world.station();
    waiting(&mut world, station);
    world.boot(station, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    assert!(matches!(world.view(station).sheet, Some(view::Sheet::Consent { .. })));
    world.act(station, Action::CloseSheet);
    world.run(1_000);
    assert_eq!(world.view(station).sheet, None);
    assert!(world.stations[station].grants.is_empty());
    assert!(world.stations[station].kinds("logged").is_empty());
}
