//! A page written for Kunzite's frame: the snippets of its documents as they stand, and events with every field that they show.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup};

/// What its events page and the README of its demo say.
const EVENTS: &str = include_str!("../../seeds/kunzite-iframe-events.txt");
const README: &str = include_str!("../../seeds/kunzite-iframe-demo-readme.txt");

/// The messages that a document shows: each begins and ends with a brace alone in its line.
fn payloads(document: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut open: Option<String> = None;
    for line in document.lines().map(str::trim) {
        if open.is_none() && line != "{" {
            continue;
        }
        let text = open.take().unwrap_or_default() + line;
        match serde_json::from_str(&text) {
            Ok(payload) => found.push(payload),
            Err(_) => open = Some(text),
        }
    }
    assert!(open.is_none(), "a message has no end: {open:?}");
    found
}

/// The lines of code of the events page from the one that begins so to the first that ends so.
fn snippet(begin: &str, end: &str) -> String {
    let start = EVENTS.find(begin).unwrap_or_else(|| panic!("no {begin}"));
    let rest = &EVENTS[start..];
    let length = rest.find(end).unwrap_or_else(|| panic!("no {end} after {begin}")) + end.len();
    rest[..length].to_owned()
}

fn documented(document: &str, kind: &str) -> Value {
    let found = payloads(document).into_iter().find(|payload| payload["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))["data"].clone()
}

/// Every field that is documented is there and of its type.
fn assert_shaped(documented: &Value, told: &Value) {
    match documented {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| assert_shaped(value, &told[key])),
        Value::String(_) => assert!(told.is_string(), "{told} for {documented}"),
        Value::Number(_) => assert!(told.is_u64(), "{told} for {documented}"),
        other => panic!("the documents show no {other}"),
    }
}

/// An event as both documents have it.
fn assert_as_documented(kind: &str, told: &Value) {
    for document in [EVENTS, README] {
        let shown = documented(document, kind);
        assert_shaped(&shown, told);
        for key in ["direction", "status"] {
            assert_eq!(told[key], shown[key], "{key} of {kind}");
        }
    }
}

#[test]
fn documents_show_the_four_events_of_a_call() {
    for document in [EVENTS, README] {
        let shown = payloads(document);
        let kinds: Vec<&Value> = shown.iter().map(|payload| &payload["type"]).collect();
        assert_eq!(kinds, ["phone:calling", "phone:ringing", "phone:accepted", "phone:terminated"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn snippets_of_kunzite_push_contacts_and_call_and_events_have_every_field_of_its_documents() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    // "Preferably at the logged event."
    let contacts = snippet("const contacts = [", "];")
        + &snippet("window.frames.sf.postMessage({ type: 'contacts'", ");");
    let push = "const [snippet] = arguments; addEventListener('message', ({ data }) => { \
         if (data.type === 'logged') new Function(snippet)(); });";
    page.run(push, vec![json!(contacts)]).await;
    page.add_frame("sf", &server.on("localhost", "/200/")).await;
    assert_eq!(page.expect("contacts:indexed").await["count"], 2);

    let call = snippet("window.frames.sf.postMessage({ type: 'click2call'", ");");
    assert!(README.contains(&call), "both documents have it");
    page.run("new Function(arguments[0])()", vec![json!(call)]).await;
    let calling = page.expect("phone:calling").await;
    assert_as_documented("phone:calling", &calling);
    assert_eq!(calling["to"], "+34911085460");
    page.expect("phone:accepted").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;

    let ring = server.ring(200, "+34666777888");
    let ringing = page.expect("phone:ringing").await;
    assert_as_documented("phone:ringing", &ringing);
    assert_eq!(ringing["contact"]["name"], "Jennifer Doe");
    page.answer().await;
    let accepted = page.expect("phone:accepted").await;
    assert_as_documented("phone:accepted", &accepted);
    assert_eq!([&accepted["duration"], &accepted["total"]], [&json!(0), &json!(0)]);
    server.hang_up(&ring);
    let terminated = page.expect("phone:terminated").await;
    assert_as_documented("phone:terminated", &terminated);
    let seconds = |key: &str| terminated[key].as_u64().expect("seconds");
    assert_eq!(seconds("total"), seconds("wait") + seconds("duration"));
    for key in ["id", "date", "from", "to"] {
        assert_eq!(terminated[key], ringing[key], "{key} stays");
    }
}
