//! One of each message of RingCentral Embeddable, as it was agreed.

use super::{contact, page};
use serde_json::{Value, json};
use softframe_phone::{Action, Input};
use softframe_sim::description;
use std::path::Path;

/// One of each message that a page of this dialect can hear.
fn everything() -> Vec<Value> {
    let mut script = page();
    script.offer(
        json!({ "name": "TestService", "contactsPath": "/contacts", "contactSearchPath": "/contacts/search",
        "contactMatchPath": "/contacts/match", "viewMatchedContactPath": "/contacts/view",
        "callLoggerPath": "/callLogger", "doNotContactPath": "/doNotContact", "authorizationPath": "/auth",
        "authorized": true }),
    );
    script.respond_to("/contacts", json!({ "data": [contact("1", "Ana", "+34911")], "syncTimestamp": 100 }));
    script.contacts();
    script.talk();
    script.control("mute", json!({}));
    script.control("hold", json!({}));
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "f", "", &description(8, "recvonly"));
    script.control("unhold", json!({}));
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "f", "", &description(9, "sendrecv"));
    script.control("startRecord", json!({}));
    script.post(json!({ "type": "rc-adapter-webphone-sessions-sync" }));
    script.post(json!({ "type": "rc-adapter-message-request", "requestId": "1", "path": "/x" }));
    script.pass(2_000);
    script.control("hangup", json!({}));
    script.input(Input::Action(Action::DialField("test".into())));
    script.pass(800);
    script.input(Input::Action(Action::ContactClick("h20:provider:TestService1".into())));
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34922", "toCall": true }));
    script.respond_to("/doNotContact", json!({ "data": { "result": false } }));
    script.control("hangup", json!({}));
    script.host(r#"{"type":"size","data":{"width":400,"height":500}}"#);
    script.host(r#"{"type":"minimize"}"#);
    script.input(Input::Action(Action::Authorize));
    script.post(json!({ "type": "rc-adapter-logout" }));
    script.pass(3_000);
    let of_rc = |message: &Value| message["type"].as_str().is_some_and(|kind| kind.starts_with("rc-"));
    script.heard.into_iter().filter(of_rc).collect()
}

/// What is drawn anew by each build's seed is not the protocol.
fn normal(value: &Value) -> Value {
    let is_uuid = |text: &str| text.len() == 36 && text.matches('-').count() == 4;
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                (
                    key.clone(),
                    if key == "callId" && value != "in1" && value != "given" {
                        "<call>".into()
                    } else {
                        normal(value)
                    },
                )
            })
            .collect(),
        Value::Array(list) => list.iter().map(normal).collect(),
        Value::String(text) if is_uuid(text) => "<uuid>".into(),
        other => other.clone(),
    }
}

#[test]
fn every_message_of_the_dialect_is_as_it_was_agreed() {
    let heard: Vec<Value> = everything().iter().map(normal).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/rc.json");
    if std::env::var("GOLDEN").as_deref() == Ok("write") {
        std::fs::write(&path, serde_json::to_string_pretty(&heard).expect("JSON") + "\n").expect("written");
    }
    let agreed: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(&path).expect("the golden file")).expect("JSON");
    for (number, (found, agreed)) in heard.iter().zip(&agreed).enumerate() {
        assert_eq!(found, agreed, "message {number}");
    }
    assert_eq!(heard.len(), agreed.len());
}
