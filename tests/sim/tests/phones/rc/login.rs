//! Who is signed in, as a page of RingCentral Embeddable is told and asks.

use super::page;
use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Action, HostInput, Input, Instant, Phone};
use softframe_sim::START;

#[test]
fn login_connection_and_dialler_are_told_once_each_and_again_when_they_change() {
    let mut script = page();
    let login = script.last_rc("rc-login-status-notify");
    assert_eq!(
        (&login["loggedIn"], &login["loginNumber"], &login["contractedCountryCode"]),
        (&json!(true), &json!("+34900*200"), &json!("ES"))
    );
    let states: Vec<Value> = script
        .rc("rc-webphone-connection-status-notify")
        .iter()
        .map(|message| message["connectionStatus"].clone())
        .collect();
    assert_eq!(states.last(), Some(&json!("connectionStatus-connected")), "{states:?}");
    assert_eq!(script.last_rc("rc-dialer-status-notify")["ready"], true);
    let flow = script.flow.unwrap();
    script.input(Input::Socket { flow, event: softframe_phone::SocketEvent::Closed });
    assert_eq!(script.last_rc("rc-dialer-status-notify")["ready"], false);
    let state = script.last_rc("rc-webphone-connection-status-notify");
    assert_eq!(state["connectionStatus"], "connectionStatus-reconnecting");
    assert_eq!(script.rc("rc-login-status-notify").len(), 1, "a lost connection signs nobody out");
}

#[test]
fn page_of_a_phone_that_nobody_is_signed_in_to_hears_so() {
    let mut phone = Phone::new([5; 32]);
    let mut said = Vec::new();
    for input in [
        Input::Wall(START),
        Input::Host(HostInput::Trusted { chain: vec!["https://crm.example".into()], listed: true }),
        Input::Config(None),
        Input::Proposals(vec![("dialect".into(), "rc".into())]),
        Input::Restored(Vec::new()),
    ] {
        phone.handle_input(Instant(0), input);
        while let Some(output) = phone.poll_output() {
            if let softframe_phone::Output::Host { message, .. } = output {
                said.push(serde_json::from_str::<Value>(&message).unwrap());
            }
        }
    }
    let login: Vec<&Value> =
        said.iter().filter(|message| message["type"] == "rc-login-status-notify").collect();
    assert_eq!(login.len(), 1, "{said:#?}");
    assert_eq!((&login[0]["loggedIn"], &login[0]["loginNumber"]), (&json!(false), &json!("")));
}

#[test]
fn without_the_dialect_its_messages_are_nobodys_and_nothing_is_told_in_it() {
    let mut script = Script::new();
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "911", "toCall": true }));
    script.post(json!({ "type": "rc-adapter-message-request", "requestId": "1", "path": "/x" }));
    assert!(script.heard.iter().all(|message| !message["type"].as_str().unwrap().starts_with("rc-")));
    assert_eq!(script.count("phone:calling"), 0);
}

#[test]
fn page_signs_the_account_of_the_configuration_in_again() {
    let mut script = page();
    script.post(json!({ "type": "rc-adapter-logout" }));
    let register = script.request("REGISTER");
    script.respond(&register, "200 OK", "r", "", "");
    assert_eq!(script.last_rc("rc-login-status-notify")["loggedIn"], false);
    script.post(json!({ "type": "rc-adapter-login" }));
    script.register();
    let login = script.last_rc("rc-login-status-notify");
    assert_eq!((&login["loggedIn"], &login["isFreshLogin"]), (&json!(true), &json!(true)));
    script.sent.clear();
    script.post(json!({ "type": "rc-adapter-login" }));
    assert!(script.sent.is_empty(), "who is signed in stays so");
}

#[test]
fn presence_calling_settings_and_views_follow_the_page() {
    let mut script = page();
    script.post(json!({ "type": "rc-adapter-set-presence", "userStatus": "Busy", "dndStatus": "DoNotAcceptAnyCalls" }));
    let presence = script.last_rc("rc-adapter-syncPresence");
    assert_eq!(
        (&presence["userStatus"], &presence["dndStatus"]),
        (&json!("Busy"), &json!("DoNotAcceptAnyCalls"))
    );
    script.post(json!({ "type": "rc-adapter-navigate-to", "path": "//history" }));
    assert_eq!(script.last_rc("rc-route-changed-notify")["path"], "/history");
    script.post(json!({ "type": "rc-calling-settings-update", "fromNumber": "+34955" }));
    assert_eq!(script.last_rc("rc-calling-settings-notify")["fromNumber"], "+34955");
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34922", "toCall": true }));
    let invite = script.request("INVITE");
    assert!(invite.header("P-Preferred-Identity").unwrap().contains("+34955"), "{invite:?}");
    script.control("hangup", json!({}));
    script.post(json!({ "type": "rc-calling-settings-update", "fromNumber": "nobody" }));
    assert_eq!(script.last_rc("rc-calling-settings-notify")["fromNumber"], "+34955");
    script.post(json!({ "type": "rc-calling-settings-update", "fromNumber": "anonymous" }));
    assert_eq!(script.last_rc("rc-calling-settings-notify")["fromNumber"], "anonymous");
    script.pass(2_000);
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34933", "toCall": true }));
    let invite = script.request("INVITE");
    assert_eq!(invite.header("Privacy"), Some("id"), "{invite:?}");
    script.post(json!({ "type": "rc-adapter-logout" }));
    assert_eq!(script.notices(), ["init", "end", "init", "end"]);
}

#[test]
fn page_that_is_trusted_during_a_call_hears_of_it_from_its_beginning() {
    let mut world = softframe_sim::World::pair();
    let late = world.station();
    world.boot(late, &world.kiosk("202", "secret-202", r#""dialects":["rc"],"#));
    world.run(1_000);
    world.act(0, Action::CallNumber("202".into()));
    world.run(1_000);
    assert!(world.stations[late].heard.iter().all(|message| message["type"] == "softframe:ready"));
    world.trust(late);
    world.run(10);
    let kinds: Vec<&str> =
        world.stations[late].heard.iter().filter_map(|message| message["type"].as_str()).collect();
    assert!(kinds.contains(&"rc-login-status-notify") && kinds.contains(&"rc-call-ring-notify"), "{kinds:?}");
}
