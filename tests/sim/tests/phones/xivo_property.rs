//! Random frames of clients of `Cti`: nothing is dialled past the gate, nothing is told to a page that nobody trusts, and
//! every frame that is told is one of the platform's form.

use crate::script::Script;
use proptest::prelude::*;
use serde_json::{Value, json};
use softframe_phone::{FlowId, HostInput, Input, Phone, SocketEvent};
use softframe_sim::{START, description};

const COMMANDS: [&str; 22] = [
    "dial",
    "dialFromMobile",
    "dialByUsername",
    "originate",
    "answer",
    "hangup",
    "hold",
    "toggleMicrophone",
    "getCurrentCallsPhoneEvents",
    "directTransfer",
    "attendedTransfer",
    "completeTransfer",
    "cancelTransfer",
    "sendDtmf",
    "dnd",
    "naFwd",
    "uncFwd",
    "busyFwd",
    "userStatusUpdate",
    "subscribeToPhoneHints",
    "unsubscribeFromAllPhoneHints",
    "setData",
];

/// A value as pages send them, or as they should not.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => prop::sample::select(vec!["201", "202", "203", "204", "205", "206", "207", "+34911"]).prop_map(Value::from),
        1 => prop::sample::select(vec!["112", "*21#", "1\r\nX: y", "sip:a@b", "<>", ""]).prop_map(Value::from),
        1 => "\\PC{0,20}".prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(json!(["201", 5, null])),
        1 => Just(json!({"a": "b", "USR_c": 1})),
        1 => Just(Value::Null),
    ]
}

fn frame() -> impl Strategy<Value = String> {
    let fields =
        ["destination", "username", "uniqueId", "state", "key", "status", "phoneNumbers", "variables"];
    let command = prop::sample::select(COMMANDS.to_vec());
    let given = prop::collection::vec((prop::sample::select(fields.to_vec()), value()), 0..4);
    let whole = (command, given).prop_map(|(command, given)| {
        let mut frame = json!({ "claz": "web", "command": command });
        for (field, value) in given {
            frame[field] = value;
        }
        frame.to_string()
    });
    prop_oneof![8 => whole, 1 => "\\PC{0,40}", 1 => Just(r#"{"claz":"ping"}"#.to_owned())]
}

fn message(frame: &str) -> String {
    json!({ "type": "xivo:frame", "data": { "socket": "a", "frame": frame } }).to_string()
}

/// The numbers that were called since the last look.
fn called(script: &mut Script) -> Vec<String> {
    let is = |message: &softframe_sip::wire::Message| {
        message.octets().starts_with(b"INVITE") && message.to().tag().is_none()
    };
    let uris = script
        .sent
        .iter()
        .filter(|message| is(message))
        .filter_map(|message| message.uri().map(|uri| uri.to_string()));
    let found = uris.collect();
    script.sent.clear();
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn frames_of_clients_dial_through_the_gate_alone_and_what_is_told_has_the_platforms_form(
        frames in prop::collection::vec(frame(), 1..30),
        rings in any::<bool>(),
    ) {
        let mut script = Script::with(r#""xivo":{"mobileNumber":"0600"},"#);
        script.host(r#"{"type":"xivo:open","data":{"socket":"a"}}"#);
        if rings {
            script.invite(1, "", &description(1, "sendrecv"));
        }
        script.sent.clear();
        let mut all = Vec::new();
        for frame in &frames {
            script.host(&message(frame));
            all.extend(called(&mut script));
        }
        // No time has passed, and 200 frames at once are less than what is admitted.
        prop_assert!(all.len() <= 5, "{all:?}");
        for uri in &all {
            let user = uri.trim_start_matches("sip:").split('@').next().unwrap_or_default();
            prop_assert!(user.bytes().all(|octet| octet.is_ascii_digit() || octet == b'+'), "{uri}");
            prop_assert!(user != "112" && uri.ends_with("@a.test"), "{uri}");
        }
        for told in script.heard.iter().filter(|told| told["type"] == "xivo:frame") {
            let frame: Value = serde_json::from_str(told["data"]["frame"].as_str().unwrap()).unwrap();
            prop_assert!(frame["msgType"].is_string() && frame.get("ctiMessage").is_some(), "{frame}");
        }
        prop_assert_eq!(script.count("softframe:error"), 0);
    }

    #[test]
    fn page_that_nobody_trusts_is_told_nothing_and_makes_nothing_happen(
        frames in prop::collection::vec(frame(), 1..20),
    ) {
        let mut script = Script::unregistered("");
        script.phone = Phone::new([9; 32]);
        (script.sent, script.heard, script.flow) = (Vec::new(), Vec::new(), None::<FlowId>);
        script.input(Input::Wall(START));
        script.input(Input::Host(HostInput::Waiting { chain: vec!["https://evil.example".into()] }));
        let config = r#"{"server":"wss://a.test/ws","account":{"user":"200","password":"x"}}"#;
        script.input(Input::Config(Some(config.into())));
        script.input(Input::Restored(Vec::new()));
        script.register();
        script.sent.clear();
        script.host(r#"{"type":"xivo:open","data":{"socket":"a"}}"#);
        for frame in &frames {
            script.host(&message(frame));
        }
        script.invite(1, "", &description(1, "sendrecv"));
        let kinds: Vec<&Value> = script.heard.iter().map(|told| &told["type"]).collect();
        let harmless = |kind: &&Value| *kind == "softframe:ready" || *kind == "widget:attention";
        prop_assert!(kinds.iter().all(harmless), "{kinds:?}");
        prop_assert!(called(&mut script).is_empty());
        let flow = script.flow.unwrap();
        script.input(Input::Socket { flow, event: SocketEvent::Closed });
        prop_assert!(script.heard.iter().map(|told| &told["type"]).all(|kind| harmless(&kind)));
    }
}
