//! Pages that sign in: which may, in whose words, and what becomes of it.

use serde_json::{Value, json};
use softframe_phone::{Action, HostInput, Input, view};
use softframe_sim::{DOMAIN, Microphone, World};

/// A phone without an account whose configuration has these keys; whether the page is one that it names.
fn signed_out(keys: &str, listed: bool) -> World {
    let mut world = World::new();
    let station = world.station();
    let chain = vec!["https://crm.example".to_owned()];
    world.input(station, Input::Host(HostInput::Trusted { chain, listed }));
    world.boot(station, &format!(r#"{{"hosts":["https://crm.example"],{keys}"domain":"{DOMAIN}"}}"#));
    world.run(100);
    world
}

fn login(world: &mut World, id: &str, kind: &str, data: Value) {
    world.host(0, &json!({"type": kind, "id": id, "data": data}).to_string());
}

fn good() -> Value {
    json!({"server": format!("wss://{DOMAIN}/ws"), "user": "200", "password": "secret-200"})
}

const LETS: &str = r#""hostLogin":true,"#;

#[test]
fn page_of_the_configuration_signs_in_and_is_answered_when_the_server_has_taken_it() {
    let mut world = signed_out(LETS, true);
    login(&mut world, "l", "login", good());
    world.run(1_000);
    assert_eq!(world.stations[0].response("l")["ok"], true);
    assert_eq!(world.stations[0].last("logged")["context"]["extension"], "200");
    assert_eq!(world.bindings("200"), 1);
    login(&mut world, "again", "login", good());
    assert_eq!(world.stations[0].response("again")["ok"], true);
    world.run(1_000);
    assert!(world.stations[0].kinds("unlogged").is_empty(), "the same account stays");
    assert!(!format!("{:?}", world.stations[0].heard).contains("secret-200"));
    assert!(!world.stations[0].sent.iter().any(|frame| frame.contains("secret-200")));
}

#[test]
fn words_of_sip_js_and_of_008_sign_in_too() {
    let server = format!("wss://{DOMAIN}/ws");
    for data in [
        json!({"uri": format!("200@{DOMAIN}"), "wsServers": [server], "authorizationUser": "200",
               "password": "secret-200", "hackIpInContact": true}),
        json!({"sipUri": format!("sip:200@{DOMAIN}"), "wsUri": server, "sipUser": "200", "sipPassword": "secret-200",
               "hosts": ["*"], "webhooks": [{"url": "https://evil.example"}], "allowAutoanswer": true}),
    ] {
        let mut world = signed_out(LETS, true);
        login(&mut world, "s", "settings", data);
        world.run(1_000);
        assert_eq!(world.stations[0].response("s")["ok"], true);
        assert_eq!(world.bindings("200"), 1);
        let config = world.stations[0].phone.config();
        assert_eq!(config.hosts, ["https://crm.example"], "what is trusted is no matter of a message");
        assert!(!config.auto_answer.enabled);
    }
}

#[test]
fn page_that_is_not_named_or_not_let_signs_nobody_in() {
    for (keys, listed, kind) in [("", true, "login"), (LETS, false, "login"), ("", true, "settings")] {
        let mut world = signed_out(keys, listed);
        login(&mut world, "l", kind, good());
        world.run(1_000);
        assert_eq!(world.stations[0].response("l")["error"]["code"], "not_trusted", "{keys} {listed}");
        assert!(world.stations[0].sent.is_empty());
        assert!(matches!(world.view(0).screen, view::Screen::SignIn(_)));
    }
}

#[test]
fn login_that_came_before_the_page_was_trusted_is_not_taken() {
    let mut world = signed_out(LETS, true);
    let text = json!({"type": "login", "id": "h", "data": good()}).to_string();
    world.input(0, Input::Host(HostInput::Message { text, held: true }));
    assert_eq!(world.stations[0].response("h")["error"]["code"], "needs_confirmation");
    assert!(world.stations[0].sent.is_empty());
}

#[test]
fn wrong_password_and_silent_server_are_answered_and_leave_the_form() {
    let mut world = signed_out(LETS, true);
    let mut wrong = good();
    wrong["password"] = json!("wrong");
    login(&mut world, "wrong", "login", wrong);
    world.run(2_000);
    let code = world.stations[0].response("wrong")["error"]["code"].as_str().unwrap_or_default().to_owned();
    assert!(code.starts_with("sip_40"), "{code}");
    world.stations[0].network = false;
    login(&mut world, "silent", "login", good());
    world.run(14_000);
    assert!(world.stations[0].heard.iter().all(|heard| heard["id"] != "silent"));
    world.run(2_000);
    assert_eq!(world.stations[0].response("silent")["error"]["code"], "timeout");
    assert!(matches!(world.view(0).screen, view::Screen::SignIn(_)));
}

#[test]
fn server_that_is_not_secure_or_none_is_refused_with_the_way_out() {
    let mut world = signed_out(LETS, true);
    for (id, server) in [("plain", json!(["ws://pbx.example:8088/ws"])), ("none", Value::Null)] {
        let data = json!({"uri": "200@pbx.example", "wsServers": server, "password": "x"});
        login(&mut world, id, "settings", data);
        let error = &world.stations[0].response(id)["error"];
        assert_eq!(error["code"], "bad_request");
    }
    assert!(world.stations[0].response("plain")["error"]["message"].as_str().unwrap().contains("wss:"));
    assert!(world.stations[0].sent.is_empty());
}

#[test]
fn login_of_another_account_takes_the_place_of_the_first_but_not_during_a_call() {
    let mut world = signed_out(LETS, true);
    login(&mut world, "first", "login", good());
    world.run(1_000);
    let other = json!({"server": format!("wss://{DOMAIN}/ws"), "user": "201", "password": "secret-201"});
    world.stations[0].microphone = Microphone::Silent;
    world.act(0, Action::CallNumber("202".into()));
    login(&mut world, "call", "login", other.clone());
    assert_eq!(world.stations[0].response("call")["error"]["code"], "wrong_state");
    let call = world.front(0);
    world.act(0, Action::End(call));
    login(&mut world, "second", "login", other);
    world.run(3_000);
    assert_eq!(world.stations[0].response("second")["ok"], true);
    assert_eq!(world.stations[0].last("unlogged")["reason"], "logout");
    assert_eq!(world.stations[0].last("logged")["context"]["extension"], "201");
    assert_eq!((world.bindings("200"), world.bindings("201")), (0, 1));
}

#[test]
fn login_before_the_store_has_answered_waits_for_it() {
    let mut world = World::new();
    let station = world.station();
    world.trust(station);
    world.input(station, Input::Wall(1));
    world.input(station, Input::Config(Some(format!(r#"{{{LETS}"domain":"{DOMAIN}"}}"#))));
    login(&mut world, "l", "login", good());
    world.run(5_000);
    assert_eq!(world.stations[0].response("l")["ok"], true);
    assert_eq!(world.bindings("200"), 1);
}

#[test]
fn account_of_the_configuration_may_have_the_words_of_sip_js() {
    let mut world = World::new();
    let station = world.station();
    world.trust(station);
    let account = json!({"uri": format!("200@{DOMAIN}"), "wsServers": [format!("wss://{DOMAIN}/ws")],
                         "authorizationUser": "200", "password": "secret-200", "hackIpInContact": true});
    world.boot(station, &json!({"account": account}).to_string());
    world.run(1_000);
    assert_eq!(world.bindings("200"), 1);
}

#[test]
fn settings_url_signs_in_with_what_it_names() {
    let mut world = signed_out(r#""settingsUrl":"/settings.json","#, true);
    let settings = json!({"sipUri": format!("sip:200@{DOMAIN}"), "wsUri": format!("wss://{DOMAIN}/ws"),
                          "sipPassword": "secret-200", "nickname": "Ana"});
    world.input(0, Input::Account(Some(settings.to_string())));
    world.run(1_000);
    assert_eq!(world.bindings("200"), 1);
}
