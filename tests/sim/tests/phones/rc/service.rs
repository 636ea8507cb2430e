//! The service that a page of RingCentral Embeddable registers, and who lets it.

use super::page;
use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Action, HostInput, Input, Instant, Phone, view};
use softframe_sim::START;

#[test]
fn nothing_is_asked_before_the_page_authorises_it() {
    let mut script = page();
    script.offer(json!({ "name": "TestService", "contactsPath": "/contacts", "authorizationPath": "/auth" }));
    script.post(json!({ "type": "rc-adapter-sync-third-party-contacts" }));
    assert!(script.requests("/contacts").is_empty());
    script.post(json!({ "type": "rc-adapter-update-authorization-status", "authorized": true, "authorizedAccount": "a@b" }));
    assert_eq!(script.requests("/contacts").len(), 1);
}

#[test]
fn person_connects_the_system_of_the_page_by_a_button_and_sees_whose_account_it_is() {
    let mut script = page();
    script.input(Input::Action(Action::OpenSettings));
    let button = |script: &Script| match script.phone.view(script.now).screen {
        view::Screen::Settings(settings) => settings.service,
        other => panic!("{other:?}"),
    };
    assert_eq!(button(&script), None);
    script.offer(json!({ "name": "TestService", "contactsPath": "/contacts" }));
    assert_eq!(button(&script), None, "one without a gate is open at once");
    script.offer(
        json!({ "name": "TestService", "authorizationPath": "/auth", "authorizedTitle": "Sign out of Test" }),
    );
    let connect = view::Text::with("service.connect", "name", "TestService");
    assert_eq!(button(&script), Some((connect.clone(), String::new())));
    script.input(Input::Action(Action::Authorize));
    assert_eq!(script.requests("/auth")[0]["body"], json!({ "authorized": false }));
    assert_eq!(button(&script), Some((connect, String::new())), "the page says what becomes of it");
    script.post(json!({ "type": "rc-adapter-update-authorization-status", "authorized": true, "authorizedAccount": "a@b\u{202e}" }));
    assert_eq!(button(&script), Some((view::Text::plain("Sign out of Test"), "a@b".to_owned())));
    script.input(Input::Action(Action::Authorize));
    assert_eq!(script.requests("/auth")[1]["body"], json!({ "authorized": true }));
}

#[test]
fn second_registration_keeps_the_paths_that_it_omits() {
    let mut script = page();
    script.offer(json!({ "contactsPath": "/contacts" }));
    assert!(script.requests("/contacts").is_empty(), "without a name it is none");
    script.offer(json!({ "name": "TestService", "contactsPath": "/contacts" }));
    script.respond_to("/contacts", json!({ "data": [] }));
    script.offer(json!({ "name": "TestService", "contactMatchPath": "/contacts/match" }));
    script.post(json!({ "type": "rc-adapter-sync-third-party-contacts" }));
    assert!(script.requests("/contacts").len() >= 2);
}

#[test]
fn registration_outlives_a_reload_of_the_frame_alone_for_the_same_page() {
    for (chain, lives) in [("https://crm.example", true), ("https://other.example", false)] {
        let kept =
            json!({ "chain": [chain], "service": { "name": "TestService", "contactsPath": "/contacts" } });
        let mut phone = Phone::new([5; 32]);
        let mut said = Vec::new();
        for input in [
            Input::Wall(START),
            Input::Config(Some(r#"{"dialects":["rc"]}"#.into())),
            Input::Kept(kept.to_string()),
            Input::Host(HostInput::Trusted { listed: false, chain: vec!["https://crm.example".into()] }),
            Input::Restored(Vec::new()),
        ] {
            phone.handle_input(Instant(0), input);
            while let Some(output) = phone.poll_output() {
                match output {
                    softframe_phone::Output::Host { message, .. } => said.push(message),
                    softframe_phone::Output::Keep(text) => {
                        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), kept);
                    }
                    _ => {}
                }
            }
        }
        let asks = said.iter().any(|message| message.contains("rc-post-message-request"));
        assert_eq!(asks, lives, "{said:#?}");
    }
}
