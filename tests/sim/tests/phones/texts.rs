//! Text messages of the page: what arrives, what is answered, and what never goes out.

use crate::script::Script;
use serde_json::json;
use softframe_phone::{HostInput, Input};
use softframe_sim::World;

fn text(id: &str, to: &str, text: &str) -> String {
    json!({"type": "message", "id": id, "data": {"to": to, "text": text}}).to_string()
}

#[test]
fn text_arrives_as_it_was_written_and_is_answered_then() {
    let mut world = World::pair();
    world.host(0, &text("m", "201", "¿A las diez?\nSí."));
    world.run(500);
    assert_eq!(world.stations[0].response("m")["ok"], true);
    let received = world.stations[1].last("message:received");
    assert_eq!(received, &json!({"from": "200", "text": "¿A las diez?\nSí."}));
}

#[test]
fn text_that_is_refused_or_never_answered_says_so_once() {
    let mut script = Script::new();
    script.host(&text("refused", "201", "x"));
    let message = script.request("MESSAGE");
    assert_eq!(message.header("Content-Type"), Some("text/plain;charset=UTF-8"));
    script.respond(&message, "415 Unsupported Media Type", "m", "", "");
    script.host(&text("silent", "202", "x"));
    script.pass(31_999);
    let code = |script: &Script, id: &str| {
        let found: Vec<_> = script.heard.iter().filter(|heard| heard["id"] == id).collect();
        assert!(found.len() <= 1, "{found:?}");
        found.first().map(|response| response["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(code(&script, "refused").as_deref(), Some("sip_415"));
    assert_eq!(code(&script, "silent"), None);
    script.pass(1);
    assert_eq!(code(&script, "silent").as_deref(), Some("sip_408"));
}

#[test]
fn text_to_what_may_not_be_dialled_or_out_of_bounds_is_not_sent() {
    let mut world = World::pair();
    for (id, to, body, code) in [
        ("words", "john", "x".to_owned(), "invalid_number"),
        ("line", "201\r\nRoute: x", "x".to_owned(), "invalid_number"),
        ("code", "*21#", "x".to_owned(), "needs_confirmation"),
        ("empty", "201", String::new(), "bad_request"),
        ("long", "201", "x".repeat(1_301), "bad_request"),
    ] {
        world.host(0, &text(id, to, &body));
        assert_eq!(world.stations[0].response(id)["error"]["code"], code, "{id}");
    }
    let held = HostInput::Message { text: text("held", "201", "x"), held: true };
    world.input(0, Input::Host(held));
    assert_eq!(world.stations[0].response("held")["error"]["code"], "needs_confirmation");
    assert!(!world.stations[0].sent.iter().any(|frame| frame.starts_with("MESSAGE")));
    world.host(0, &text("most", "201", &"x".repeat(1_300)));
    world.run(500);
    assert_eq!(world.stations[0].response("most")["ok"], true);
}

#[test]
fn eleventh_text_in_ten_seconds_waits_for_nobody() {
    let mut world = World::pair();
    for n in 0..11 {
        world.host(0, &text(&n.to_string(), "201", "x"));
    }
    world.run(500);
    assert_eq!(world.stations[0].response("9")["ok"], true);
    assert_eq!(world.stations[0].response("10")["error"]["code"], "rate_limited");
    assert_eq!(world.stations[1].kinds("message:received").len(), 10);
}

#[test]
fn text_on_its_way_at_the_sign_out_is_answered() {
    let mut script = Script::new();
    script.host(&text("m", "201", "x"));
    script.host(r#"{"type":"logout"}"#);
    script.pass(40_000);
    let found: Vec<_> = script.heard.iter().filter(|heard| heard["id"] == "m").collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["ok"], false);
}
