//! Host pages and peers that flood, repeat and lie: each gets a defined answer, and nothing starts by itself.

use serde_json::{Value, json};
use softframe_phone::{Action, HostInput, Input, Instant};
use softframe_sim::{DOMAIN, Microphone, World, description};

/// 200 talks to 201.
fn talking() -> World {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    world
}

#[test]
fn a_call_that_waits_for_a_hold_is_not_dialled_by_signing_out() {
    for leave in [true, false] {
        let mut world = talking();
        world.stations[0].microphone = Microphone::Silent;
        world.host(0, r#"{"type":"click2call","id":"c","data":{"number":"202"}}"#);
        let offers = world.stations[0].media.len();
        match leave {
            true => world.input(0, Input::Leave),
            false => world.host(0, r#"{"type":"logout"}"#),
        }
        world.run(5_000);
        let station = &world.stations[0];
        let after = &station.media[offers..];
        assert!(
            !after.iter().any(|what| matches!(what, softframe_phone::MediaRequest::Offer { .. })),
            "{after:?}"
        );
        assert_eq!(station.response("c")["ok"], false);
        assert!(station.peers.is_empty());
    }
}

#[test]
fn contacts_are_not_counted_and_what_is_wrong_is() {
    let mut world = World::pair();
    for n in 0..1_000 {
        world.host(
            0,
            &json!({"type": "contacts:remove", "id": format!("r{n}"), "data": {"ids": ["x"]}}).to_string(),
        );
    }
    let refused = |world: &World, code: &str| {
        let responses = world.stations[0].heard.iter().filter(|message| message["error"]["code"] == code);
        responses.count()
    };
    assert_eq!(refused(&world, "rate_limited"), 0);
    for n in 0..300 {
        world.host(0, &json!({"type": "nonsense", "id": format!("n{n}")}).to_string());
    }
    assert_eq!((refused(&world, "unknown_command"), refused(&world, "rate_limited")), (200, 100));
}

#[test]
fn data_of_the_host_that_every_event_would_carry_is_bounded() {
    let mut world = World::pair();
    let data = json!({"number": "201", "userData": {"x": "y".repeat(20_000)}});
    world.host(0, &json!({"type": "click2call", "id": "c", "data": data}).to_string());
    assert_eq!(world.stations[0].response("c")["error"]["code"], "bad_request");
    assert!(world.stations[0].ladder().is_empty());
}

#[test]
fn the_name_of_the_call_on_the_wire_is_ours_alone() {
    let mut world = World::pair();
    let data = json!({"number": "201", "headers": {"x-call-id": "theirs", "X-Other": "1"}});
    world.host(0, &json!({"type": "click2call", "data": data}).to_string());
    world.run(1_000);
    let id = world.stations[0].last("phone:calling")["id"].clone();
    assert_eq!(world.stations[1].last("phone:ringing")["id"], id);
    let invite = world.stations[0].sent.iter().find(|frame| frame.starts_with("INVITE")).unwrap();
    assert_eq!(invite.to_lowercase().matches("x-call-id:").count(), 1, "{invite}");
    assert!(invite.contains("X-Other: 1"));
}

#[test]
fn the_same_number_within_two_seconds_is_ignored_whatever_was_dialled_between() {
    let mut world = World::pair();
    for (at, number) in [(0, "301"), (500, "302"), (1_000, "301")] {
        world.now = world.now.after(500 * u64::from(at > 0));
        world.host(
            0,
            &json!({"type": "click2call", "id": format!("{at}"), "data": {"number": number}}).to_string(),
        );
        world.settle();
    }
    let dialled = world.stations[0].sent.iter().filter(|frame| frame.starts_with("INVITE sip:301@"));
    let numbers: Vec<&String> = dialled.collect();
    assert!(numbers.len() <= 2, "one INVITE and its credentials: {numbers:?}");
    assert_eq!(world.stations[0].response("1000")["error"]["code"], "rate_limited");
}

#[test]
fn messages_of_any_shape_are_answered_once_or_ignored() {
    let mut world = World::pair();
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let shapes: Vec<Value> = vec![
        Value::Null,
        json!(true),
        json!(1e308),
        json!("x".repeat(100_000)),
        json!([1, [2, [3]]]),
        json!({"__proto__": {"number": "201"}, "constructor": {"prototype": 1}}),
        json!({"number": {"toString": "201"}}),
        json!({"number": ["201"]}),
        json!({"number": "201\r\nRoute: <sip:evil>"}),
        json!({"number": "<sip:201@evil>"}),
        json!({"number": "201;phone-context=evil"}),
        json!({"number": "201?Replaces=x"}),
        json!({"number": "sip:201@evil.test"}),
        json!({"number": "\u{202e}102\u{0}"}),
        json!({"callId": {"a": 1}, "digits": 5, "code": "486", "to": null}),
        json!({"callId": "x".repeat(10_000), "code": 70_000, "digits": "1".repeat(1_000)}),
        json!({"contacts": "no list", "ids": "no list", "max": -1, "numbers": {}}),
        json!({"ids": [null, {}, [], 1.5], "numbers": [null, {}, []], "max": 1e300}),
        json!({"status": 1, "enabled": "yes", "view": [], "width": -1, "height": 1e99}),
    ];
    let commands = [
        "click2call",
        "call",
        "answer",
        "reject",
        "hangup",
        "hold",
        "unhold",
        "mute",
        "unmute",
        "dtmf",
        "transfer",
        "contacts",
        "contacts:remove",
        "contacts:clear",
        "contacts:search",
        "contacts:match",
        "contacts:vcf",
        "state",
        "hello",
        "status",
        "dnd",
        "navigate",
        "size",
        "show",
        "hide",
        "minimize",
        "merge",
        "setData",
        "provider:register",
        "login",
        "settings",
        "message",
        "redirect",
        "forward",
    ];
    let mut asked = 0;
    for command in commands {
        for data in &shapes {
            asked += 1;
            world.now = world.now.after(100);
            world.host(0, &json!({"type": command, "id": asked, "data": data}).to_string());
        }
        world.host(0, &format!(r#"{{"type":"{command}","id":"deep","data":{deep}}}"#));
        world.host(
            0,
            &format!(r#"{{"type":"{command}","data":{{"number":1,"number":2}},"id":[1],"id":null}}"#),
        );
    }
    world.run(60_000);
    for id in 1..=asked {
        let found = world.stations[0].heard.iter().filter(|message| message["id"] == id);
        assert_eq!(found.count(), 1, "one response to {id}");
    }
    assert!(
        !world.stations[0].sent.iter().any(|frame| frame.contains("evil")),
        "nothing of it is on the wire"
    );
}

#[test]
fn media_answers_that_are_late_or_come_twice_change_nothing() {
    use softframe_phone::{CallId, MediaError, MediaEvent, PeerId, RequestId};
    let mut world = talking();
    let peers: Vec<(CallId, PeerId)> = world.stations[0].peers.iter().copied().collect();
    world.stations[0].heard.clear();
    for (call, peer) in peers.iter().copied().chain([(CallId(99), PeerId(99)), (CallId(1), PeerId(99))]) {
        for request in 0..20 {
            for event in [
                MediaEvent::Offer(description(1, "sendrecv")),
                MediaEvent::Answer(description(1, "sendrecv")),
                MediaEvent::Applied,
                MediaEvent::Failed(MediaError::Denied),
            ] {
                world.input(0, Input::Media { call, peer, request: Some(RequestId(request)), event });
            }
        }
    }
    assert!(world.stations[0].ladder().is_empty(), "{:?}", world.stations[0].ladder());
    assert_eq!(world.stations[0].peers.len(), peers.len(), "the call keeps its peer");
}

#[test]
fn a_domain_or_user_that_could_break_a_request_is_refused() {
    for (key, config) in [
        ("domain", r#"{"server":"wss://a.test","domain":"a.test\r\nRoute: x"}"#),
        ("domain", r#"{"server":"wss://a.test","domain":"a.test> <b"}"#),
        ("domain", r#"{"server":"wss://a.test","domain":""}"#),
        ("server", r#"{"server":"wss://a b.test/ws"}"#),
        ("account", r#"{"server":"wss://a.test","account":{"user":"","password":"x"}}"#),
    ] {
        let mut world = World::new();
        let station = world.station();
        world.boot(station, config);
        match world.view(station).screen {
            softframe_phone::view::Screen::ConfigError { key: found, .. } => {
                assert_eq!(found, key, "{config}")
            }
            other => panic!("{config}: {other:?}"),
        }
    }
    let mut world = World::new();
    let station = world.station();
    world.boot(station, "{}");
    let (server, user) = ("wss://a.test".to_owned(), "200@a.test> <b".to_owned());
    world.act(station, Action::SignIn { server, user, password: "x".into() });
    assert!(world.stations[station].sent.is_empty());
    assert!(matches!(world.view(station).screen, softframe_phone::view::Screen::SignIn(form) if form.bad));
}

#[test]
fn a_thousand_pushes_of_a_thousand_sources_are_bounded() {
    let mut world = World::pair();
    for push in 0..1_000_u64 {
        let head = json!({"type": "contacts", "data": {"source": format!("s{push}")}}).to_string();
        let rows = r#"[{"id":"1","name":"A","phones":["1"]}]"#.to_owned();
        world.input(0, Input::Host(HostInput::ContactsBegin { push, head }));
        world.input(0, Input::Host(HostInput::ContactRows { push, rows, to_come: 0 }));
        world.input(0, Input::Host(HostInput::ContactsEnd { push }));
    }
    let mut steps = 0;
    while world.stations[0].phone.contacts_step(Instant(world.now.0), 4) {
        steps += 1;
        assert!(steps < 100_000);
    }
    world.settle();
    assert!(world.stations[0].phone.contacts().sources().len() <= 64);
    assert!(world.stations[0].kinds("contacts:indexed").len() <= 1_000);
}

/// Ends a header and begins another, in the ways that a careless writer lets through.
const LINE_ENDS: [&str; 5] =
    ["201\r\nEvil: x", "201\nEvil: x", "201\rEvil: x", "201\r\n\r\nEvil: x", "201\u{2028}\u{85}\nEvil: x"];

/// No head of a SIP message has a line that is the page's.
fn expect_no_evil_line(sent: &[String], of: &str) {
    for frame in sent {
        // Nor does a head end early, so that the rest of it were a body.
        let (head, body) = frame.split_once("\r\n\r\n").unwrap_or((frame, ""));
        let is_evil = |line: &str| line.trim_start().starts_with("Evil");
        assert!(!head.split(['\r', '\n']).any(is_evil) && !is_evil(body), "{of}: {frame}");
    }
}

#[test]
fn line_ends_in_any_text_of_a_page_end_no_header() {
    for text in LINE_ENDS {
        let mut world = World::pair();
        let commands = [
            ("click2call", json!({ "number": "201", "from": text })),
            ("click2call", json!({ "number": text })),
            (
                "click2call",
                json!({ "number": "201", "ref": text, "userData": { "a": text }, "headers": { "X-A": text, text: "a" } }),
            ),
            ("click2call", json!({ "number": "201", "variables": { "a": text, text: "a" } })),
            ("status", json!({ "status": text })),
            ("setData", json!({ "variables": { "a": text } })),
            ("transfer", json!({ "to": text })),
            ("transfer:start", json!({ "to": text })),
            ("redirect", json!({ "to": text })),
            ("dtmf", json!({ "digits": text, "method": "info" })),
            ("message", json!({ "to": text, "text": "a" })),
            ("message", json!({ "to": "201", "text": text })),
            ("forward", json!({ "kind": "unc", "enabled": true, "destination": text })),
            ("hints:subscribe", json!({ "numbers": [text] })),
            ("provider:register", json!({ "name": text, "match": true })),
        ];
        for (kind, data) in commands {
            world.host(0, &json!({ "type": kind, "id": "e", "data": data }).to_string());
            world.run(500);
            world.host(0, r#"{"type":"hangup"}"#);
            world.run(2_000);
        }
        expect_no_evil_line(&world.stations[0].sent, "commands");
        assert!(!world.stations[0].sent.is_empty());
        // It is a phone still.
        world.host(0, r#"{"type":"click2call","id":"good","data":{"number":"201"}}"#);
        world.run(500);
        assert_eq!(world.stations[0].response("good")["ok"], true, "{text:?}");
    }
}

#[test]
fn line_ends_in_an_account_of_a_page_end_no_header() {
    let good = json!({ "server": format!("wss://{DOMAIN}/ws"), "user": "200", "password": "secret-200" });
    for text in LINE_ENDS {
        for field in ["displayName", "authUser", "token", "password", "user", "nickname", "sipUser"] {
            let mut world = World::new();
            let station = world.station();
            let chain = vec!["https://crm.example".to_owned()];
            world.input(station, Input::Host(HostInput::Trusted { chain, listed: true }));
            world.boot(
                station,
                &format!(r#"{{"hosts":["https://crm.example"],"hostLogin":true,"domain":"{DOMAIN}"}}"#),
            );
            let mut data = good.clone();
            data[field] = text.into();
            world.host(station, &json!({ "type": "login", "id": "l", "data": data }).to_string());
            world.run(2_000);
            world.host(station, r#"{"type":"click2call","data":{"number":"201"}}"#);
            world.run(1_000);
            expect_no_evil_line(&world.stations[station].sent, field);
        }
    }
}
