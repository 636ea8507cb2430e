//! The host protocol: queueing, one response each, limits, errors.

use softframe_phone::{Action, HostInput, Input, view};
use softframe_sim::World;

#[test]
fn click2call_before_sign_in_fails_at_once() {
    let mut world = World::new();
    let station = world.station();
    world.trust(station);
    world.boot(station, "{}");
    world.host(station, r#"{"type":"click2call","id":"a","data":{"number":"201"}}"#);
    world.host(station, r#"{"type":"click2call","data":{"number":"201"}}"#);
    let heard = &world.stations[station];
    assert_eq!(heard.response("a")["error"]["code"], "not_registered");
    let error = heard.last("softframe:error");
    assert_eq!((&error["command"], &error["code"]), (&"click2call".into(), &"not_registered".into()));
}

#[test]
fn message_that_cannot_be_read_is_answered_where_it_asked() {
    let mut world = World::pair();
    let unreadable = |too_large| HostInput::Unreadable {
        head: format!(r#"{{"type":"click2call","id":"{too_large}"}}"#),
        too_large,
    };
    world.input(0, Input::Host(unreadable(false)));
    world.input(0, Input::Host(unreadable(true)));
    let deep =
        format!(r#"{{"type":"state","data":{}{},"id":"deep"}}"#, "[".repeat(100_000), "]".repeat(100_000));
    world.host(0, &deep);
    // Hosts share the window with others, whose messages are none of ours.
    for head in [r#"{"type":"theirs"}"#, r#"{"type":"hangup"}"#] {
        world.input(0, Input::Host(HostInput::Unreadable { head: head.into(), too_large: false }));
    }
    let heard = &world.stations[0];
    for (id, code) in [("false", "bad_request"), ("true", "too_large"), ("deep", "too_large")] {
        assert_eq!(heard.response(id)["error"]["code"], code, "{id}");
    }
    assert_eq!(heard.last("softframe:error")["command"], "hangup");
    assert_eq!(heard.kinds("softframe:error").len(), 1);
}

#[test]
fn server_that_says_what_is_no_sip_is_told_once_for_each_flow_and_calls_go_on() {
    let mut world = World::pair();
    for _ in 0..3 {
        world.frame(0, b"GET / HTTP/1.1\r\n\r\n");
        world.frame(0, b"");
    }
    let told = |world: &World| world.stations[0].kinds("softframe:error").len();
    assert_eq!(told(&world), 1);
    assert_eq!(world.stations[0].last("softframe:error")["code"], "bad_request");
    assert_eq!(world.view(0).toast.unwrap().text.id, "net.strange");
    // A request that is answered is no such thing.
    world.frame(0, b"OPTIONS sip:200@x.test SIP/2.0\r\nVia: SIP/2.0/WSS x.test;branch=z9hG4bK1\r\n\r\n");
    world.cut(0);
    world.run(2_000);
    assert_eq!(told(&world), 1);
    world.frame(0, b"{}");
    assert_eq!(told(&world), 2, "a new flow");
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing"]);
}

#[test]
fn other_commands_wait_thirty_seconds_for_a_sign_in() {
    let mut world = World::new();
    let station = world.station();
    world.trust(station);
    world.boot(station, "{}");
    world.host(station, r#"{"type":"state","id":"s"}"#);
    world.run(29_999);
    assert!(world.stations[station].kinds("softframe:response").is_empty());
    world.run(1);
    assert_eq!(world.stations[station].response("s")["error"]["code"], "not_logged");
}

#[test]
fn a_queued_command_is_answered_after_logged() {
    let mut world = World::new();
    let station = world.station();
    world.trust(station);
    world.host(station, r#"{"type":"state","id":"s"}"#);
    world.boot(station, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    let response = world.stations[station].response("s");
    assert_eq!(response["data"]["connection"], "registered");
    assert_eq!(response["data"]["context"]["extension"], "200");
}

#[test]
fn sequence_numbers_of_events_have_no_gap() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(2_000);
    world.answer(1);
    world.run(2_000);
    world.host(0, r#"{"type":"hangup"}"#);
    world.run(2_000);
    for station in &world.stations {
        let seqs: Vec<u64> = station.heard.iter().filter_map(|message| message["seq"].as_u64()).collect();
        assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
    }
}

#[test]
fn numbers_that_are_none_are_refused_and_nothing_is_sent() {
    let mut world = World::pair();
    let before = world.stations[0].sent.len();
    for number in ["", "john", "1\\r\\nRoute: x", "<1>", "1;x", "sip:201@softframe.test"] {
        world.host(0, &format!(r#"{{"type":"click2call","id":"{number}x","data":{{"number":"{number}"}}}}"#));
    }
    let errors =
        world.stations[0].heard.iter().filter(|message| message["error"]["code"] == "invalid_number");
    assert_eq!(errors.count(), 6, "{:#?}", world.stations[0].heard);
    assert_eq!(world.stations[0].sent.len(), before);
}

#[test]
fn a_double_click_on_the_page_dials_once() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    assert_eq!(world.stations[0].kinds("phone:calling").len(), 1);
    assert!(world.stations[0].kinds("softframe:error").is_empty());
}

#[test]
fn a_service_code_of_the_page_asks_the_person_first() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","id":"a","data":{"number":"*21*5#"}}"#);
    assert_eq!(world.stations[0].response("a")["error"]["code"], "needs_confirmation");
    assert_eq!(world.stations[0].last("widget:attention")["reason"], "confirm");
    match world.view(0).sheet {
        Some(view::Sheet::Confirm { from, number, why }) => {
            assert_eq!(
                (from.as_str(), number.as_str(), why.id),
                ("https://crm.example", "*21*5#", "confirm.code")
            );
        }
        other => panic!("{other:?}"),
    }
    assert!(world.stations[0].ladder().is_empty());
    world.act(0, Action::Confirm(true));
    world.run(100);
    assert_eq!(world.stations[0].ladder()[0], "phone:calling");
}

#[test]
fn do_not_disturb_refuses_without_ringing() {
    let mut world = World::pair();
    world.host(1, r#"{"type":"dnd","id":"d","data":{"enabled":true}}"#);
    assert_eq!(world.stations[1].response("d")["ok"], true);
    assert_eq!(world.stations[1].last("status:change")["context"]["status"], "dnd");
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    assert_eq!(world.stations[1].ladder(), ["phone:refused"]);
    assert_eq!(world.stations[0].last("phone:terminated")["cause"]["reason"], "busy");
}

#[test]
fn size_changes_the_wanted_size_of_every_event() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"size","data":{"width":400,"height":500}}"#);
    world.host(0, r#"{"type":"size","id":"bad","data":{"width":1,"height":500}}"#);
    assert_eq!(world.stations[0].response("bad")["error"]["code"], "bad_request");
    world.host(0, r#"{"type":"hello"}"#);
    let size = &world.stations[0].last("logged")["context"]["size"];
    assert_eq!(size.to_string(), r#"{"height":500,"width":400}"#);
}

#[test]
fn commands_for_no_call_and_of_later_versions_are_answered() {
    let mut world = World::pair();
    for (name, code) in [
        ("answer", "no_such_call"),
        ("hangup", "no_such_call"),
        ("hold", "no_such_call"),
        ("merge", "wrong_state"),
        ("nonsense", "unknown_command"),
    ] {
        world.host(0, &format!(r#"{{"type":"{name}","id":"{name}"}}"#));
        assert_eq!(world.stations[0].response(name)["error"]["code"], code, "{name}");
    }
}

#[test]
fn logout_says_farewell_and_unlogged() {
    let mut world = World::pair();
    assert_eq!(world.bindings("200"), 1);
    world.host(0, r#"{"type":"logout","id":"l"}"#);
    world.run(3_000);
    assert_eq!(world.stations[0].last("unlogged")["reason"], "logout");
    assert_eq!(world.bindings("200"), 0);
    assert!(matches!(world.view(0).screen, view::Screen::SignIn(_)));
}

#[test]
fn auto_dial_false_fills_the_field() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","id":"f","data":{"number":"201","autoDial":false}}"#);
    assert_eq!(world.stations[0].response("f")["ok"], true);
    match world.view(0).screen {
        view::Screen::Keypad(keypad) => {
            assert_eq!((keypad.field.as_str(), keypad.call_enabled), ("201", true))
        }
        other => panic!("{other:?}"),
    }
    assert!(world.stations[0].ladder().is_empty());
}

#[test]
fn snapshot_lists_calls_as_the_page_was_told_of_them_not_as_they_began() {
    let mut world = World::pair();
    world.stations[0].microphone = softframe_sim::Microphone::Slow(1_700);
    world.act(0, Action::CallNumber("201".into()));
    world.act(1, Action::CallNumber("200".into()));
    world.run(2_000);
    assert_eq!(world.stations[0].ladder()[..2], ["phone:ringing", "phone:calling"]);
    world.host(0, r#"{"type":"state","id":"s"}"#);
    let calls = world.stations[0].response("s")["data"]["calls"].clone();
    let listed: Vec<&str> = calls.as_array().unwrap().iter().filter_map(|call| call["to"].as_str()).collect();
    assert_eq!(listed, ["200", "201"]);
}
