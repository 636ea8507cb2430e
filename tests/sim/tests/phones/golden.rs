//! The JSON of every message to the host page, against `tests/sim/golden/messages.json`.
//!
//! A change of that file is a change of the protocol. `GOLDEN=write cargo test -p softframe-sim` writes it anew.

use serde_json::{Map, Value, json};
use softframe_phone::{Action, HostInput, Input, MediaError, MediaEvent, MediaStats, PeerState};
use softframe_sim::{DOMAIN, Microphone, World};
use std::path::Path;

/// Everything a host page can hear, once.
fn everything() -> Vec<Value> {
    let mut world = World::new();
    let (own, other) = (world.station(), world.station());
    let chain = vec!["https://crm.example".to_owned()];
    world.input(own, Input::Host(HostInput::Waiting { chain }));
    world.trust(own);
    world.boot(own, &world.kiosk("200", "secret-200", r#""enigma":{},"#));
    world.boot(other, &world.kiosk("201", "secret-201", ""));
    world.run(1_000);
    contacts(&mut world, own);
    outgoing(&mut world, own, other);
    incoming(&mut world, own, other);
    left_by_others(&mut world, own);
    refusals(&mut world, own, other);
    world.host(own, r#"{"type":"xivo:open","data":{"socket":"a"}}"#);
    world.host(own, r#"{"type":"logout"}"#);
    world.run(3_000);
    world.stations.swap_remove(own).heard
}

fn contacts(world: &mut World, own: usize) {
    let push = json!({"type": "contacts", "id": 1, "data": {"contacts": [
        {"id": "id1", "name": "John Doe", "phones": ["201"], "company": "Doe Ltd"}, {"id": "id2"}]}});
    world.host(own, &push.to_string());
    index(world, own);
    world.act(own, Action::ContactClick("h4:hostid1".into()));
    world.host(own, r#"{"type":"contacts:search","id":2,"data":{"query":"john"}}"#);
    let offers =
        json!({"name": "crm", "list": true, "search": true, "match": true, "view": true, "log": true});
    world.host(own, &json!({"type": "provider:register", "data": offers}).to_string());
    world.host(own, r#"{"type":"contacts:match","id":3,"data":{"numbers":["201","7"]}}"#);
}

fn index(world: &mut World, own: usize) {
    let now = world.now;
    while world.stations[own].phone.contacts_step(now, 1) {}
    world.settle();
}

fn outgoing(world: &mut World, own: usize, other: usize) {
    world.host(
        own,
        r#"{"type":"click2call","id":4,"data":{"number":"201","ref":"order 7","userData":{"k":"v"}}}"#,
    );
    world.stations[own].sound =
        Some(MediaStats { received: 50, round_trip_millis: 40, ..MediaStats::default() });
    world.run(8_400);
    world.answer(other);
    world.run(7_000);
    world.host(own, r#"{"type":"setData","data":{"variables":{"order":"7"}}}"#);
    world.host(own, r#"{"type":"mute"}"#);
    world.host(own, r#"{"type":"hold"}"#);
    world.run(100);
    world.host(own, r#"{"type":"unhold"}"#);
    world.run(100);
    let (call, peer) = *world.stations[own].peers.iter().next().expect("a peer");
    let event = MediaEvent::State(PeerState::Failed);
    world.input(own, Input::Media { call, peer, request: None, event });
    world.run(100);
    world.host(own, r#"{"type":"transfer","data":{"to":"999"}}"#);
    world.run(20_700);
    world.host(own, r#"{"type":"hangup"}"#);
    world.run(5_000);
}

fn incoming(world: &mut World, own: usize, other: usize) {
    world.act(other, Action::CallNumber("200".into()));
    world.run(1_000);
    world.input(own, Input::SoundBlocked);
    world.host(own, r#"{"type":"state","id":5}"#);
    world.host(own, r#"{"type":"contacts","data":[{"id":"id1","name":"Jane Doe","phones":["201"]}]}"#);
    index(world, own);
    world.run(2_000);
    let call = world.front(other);
    world.act(other, Action::End(call));
    world.run(5_000);
}

/// What the server sends by itself.
fn left_by_others(world: &mut World, own: usize) {
    for (method, headers, body) in [
        ("MESSAGE", "Content-Type: text/plain\r\n", "See you at ten."),
        (
            "NOTIFY",
            "Event: message-summary\r\nSubscription-State: terminated\r\n\
             Content-Type: application/simple-message-summary\r\n",
            "Messages-Waiting: yes\r\nVoice-Message: 2/1\r\n",
        ),
    ] {
        let message = format!(
            "{method} sip:200@softframe.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{method}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:201@softframe.test>;tag=f\r\nTo: <sip:200@softframe.test>\r\n\
             Call-ID: {method}\r\nCSeq: 1 {method}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        world.frame(own, message.as_bytes());
    }
    world.host(own, r#"{"type":"hints:subscribe","data":{"numbers":["201"]}}"#);
    world.run(1_000);
}

fn refusals(world: &mut World, own: usize, other: usize) {
    world.host(own, r#"{"type":"status","data":{"status":"away"}}"#);
    world.host(own, r#"{"type":"forward","data":{"kind":"busy","enabled":true,"destination":"202"}}"#);
    world.host(own, r#"{"type":"dnd","data":{"enabled":true}}"#);
    world.act(other, Action::CallNumber("200".into()));
    world.run(1_000);
    world.host(own, r#"{"type":"size","data":{"width":400,"height":500}}"#);
    world.host(own, r#"{"type":"hello","id":6}"#);
    world.host(own, r#"{"type":"click2call","data":{"number":"john"}}"#);
    world.stations[own].microphone = Microphone::Fails(MediaError::Denied);
    world.host(own, r#"{"type":"click2call","id":7,"data":{"number":"202"}}"#);
    world.run(100);
}

/// What differs from build to build is not the protocol.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let fields = map.iter().map(|(key, value)| {
                let value = match key.as_str() {
                    "instance" | "sipCallId" | "version" => Value::from(format!("<{key}>")),
                    "X-Call-ID" | "id" | "callId" if is_uuid(value) => Value::from("<uuid>"),
                    _ => normal(value),
                };
                (key.clone(), value)
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.iter().map(normal).collect()),
        other => other.clone(),
    }
}

fn is_uuid(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() == 36 && text.matches('-').count() == 4)
}

/// Asserts that these are the messages of a golden file, or writes it anew where that is wanted.
fn assert_agreed(heard: &[Value], name: &str) {
    let text = serde_json::to_string_pretty(&heard).expect("JSON") + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var("GOLDEN").as_deref() == Ok("write") {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        std::fs::write(&path, &text).expect("written");
    }
    let agreed: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(&path).expect("the golden file")).expect("JSON");
    for (number, (found, agreed)) in heard.iter().zip(&agreed).enumerate() {
        assert_eq!(found, agreed, "message {number}");
    }
    assert_eq!(heard.len(), agreed.len());
}

/// A command of a page whose `id` is its own name, and what it was answered.
fn answered(world: &mut World, id: &str, kind: &str, data: Value) -> Value {
    world.host(0, &json!({ "type": kind, "id": id, "data": data }).to_string());
    world.run(2_000);
    world.stations[0].response(id).clone()
}

/// The answer to `report` of a phone that has done nothing yet; what version it is of is not the protocol.
fn reported(world: &mut World) -> Value {
    let mut answer = answered(world, "report", "report", json!({}));
    let text = answer["data"]["text"].as_str().expect("a text");
    answer["data"]["text"] = text.replace(env!("CARGO_PKG_VERSION"), "<version>").into();
    answer
}

/// Answers to `report`, `message`, `login`, `redirect` and `merge`, good and bad.
fn answers() -> Vec<Value> {
    let mut world = World::new();
    let own = world.station();
    let chain = vec!["https://crm.example".to_owned()];
    world.input(own, Input::Host(HostInput::Trusted { chain, listed: true }));
    world.boot(own, &format!(r#"{{"hosts":["https://crm.example"],"hostLogin":true,"domain":"{DOMAIN}"}}"#));
    for (user, password) in [("201", "secret-201"), ("202", "secret-202")] {
        let other = world.station();
        world.trust(other);
        world.boot(other, &world.kiosk(user, password, ""));
    }
    world.run(1_000);
    let login = |password: &str| json!({ "server": format!("wss://{DOMAIN}/ws"), "user": "200", "password": password });
    let mut answers = vec![
        reported(&mut world),
        answered(&mut world, "login with a wrong password", "login", login("wrong")),
        answered(&mut world, "login", "login", login("secret-200")),
        answered(&mut world, "message", "message", json!({ "to": "201", "text": "Hello" })),
        answered(&mut world, "message to no number", "message", json!({ "to": "john", "text": "Hello" })),
        answered(&mut world, "redirect of no call", "redirect", json!({ "to": "202" })),
        answered(&mut world, "merge of no calls", "merge", json!({})),
    ];
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    answers.push(answered(&mut world, "redirect to no number", "redirect", json!({ "to": "john" })));
    answers.push(answered(&mut world, "redirect", "redirect", json!({ "to": "202" })));
    let call = world.front(1);
    world.act(1, Action::End(call));
    world.run(10_000);
    for (station, number) in [(1, "201"), (2, "202")] {
        world.host(own, &json!({ "type": "click2call", "data": { "number": number } }).to_string());
        world.run(1_000);
        world.answer(station);
        world.run(2_000);
    }
    answers.push(answered(&mut world, "merge", "merge", json!({})));
    answers.push(answered(&mut world, "merge once more", "merge", json!({})));
    answers
}

#[test]
fn answers_to_reports_texts_logins_redirections_and_mergers_are_as_they_were_agreed() {
    assert_agreed(&answers(), "answers.json");
}

#[test]
fn every_message_to_the_host_is_as_it_was_agreed() {
    let heard: Vec<Value> = everything().iter().map(normal).collect();
    assert_agreed(&heard, "messages.json");
    let mut kinds: Vec<&str> = heard.iter().filter_map(|message| message["type"].as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds, of_the_readme(include_str!("../../../../README.md")), "the golden file and the README");
}

/// The names of the README's table of what comes from the phone, and the two of the text above it.
fn of_the_readme(text: &str) -> Vec<&str> {
    let (_, table) = text.split_once("| from the phone | when |").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let names =
        rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let mut names: Vec<&str> = names.chain(["softframe:response", "softframe:error"]).collect();
    names.sort_unstable();
    names
}
