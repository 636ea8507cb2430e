//! Calls that are over, in the log of a page of RingCentral Embeddable.

use super::page;
use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Action, Input, view};
use softframe_sim::description;

impl Script {
    fn unlogged(&mut self, page: u64) -> Value {
        self.ask("/unlogged-calls", json!({ "perPage": 1, "page": page }))
    }
}

#[test]
fn call_is_logged_at_its_end_unless_the_page_wants_none() {
    let mut script = page();
    script.offer(json!({ "name": "TestService", "callLoggerPath": "/callLogger" }));
    assert_eq!(script.last_rc("rc-callLogger-auto-log-notify")["autoLog"], true);
    script.invite(1, "", &description(7, "sendrecv"));
    script.cancel(1, "");
    let body = script.requests("/callLogger")[0]["body"].clone();
    assert_eq!(body["triggerType"], "presenceUpdate");
    assert_eq!((&body["call"]["sessionId"], &body["call"]["result"]), (&json!("given"), &json!("Missed")));
    script.post(json!({ "type": "rc-adapter-update-auto-log-settings", "call": false }));
    assert_eq!(script.last_rc("rc-callLogger-auto-log-notify")["autoLog"], false);
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34922", "toCall": true }));
    script.control("hangup", json!({}));
    assert_eq!(script.requests("/callLogger").len(), 1);
}

#[test]
fn call_that_is_not_logged_by_itself_is_logged_by_the_person_and_told_to_the_page_that_asks() {
    let mut script = page();
    script.offer(
        json!({ "name": "TestService", "callLoggerPath": "/callLogger", "callLoggerTitle": "Log to Test" }),
    );
    script.invite(1, "", &description(7, "sendrecv"));
    script.cancel(1, "");
    assert_eq!(script.unlogged(1), json!({ "calls": [], "hasMore": false }), "that one was logged");
    assert_eq!(script.ask("/get-call-log", json!({ "sessionId": "given" }))["call"]["result"], "Missed");
    assert_eq!(script.ask("/get-call-log", json!({ "sessionId": "other" })), json!({ "call": null }));

    script.post(json!({ "type": "rc-adapter-update-auto-log-settings", "call": false }));
    for number in ["+34922", "+34933"] {
        script.pass(2_000);
        script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": number, "toCall": true }));
        script.control("hangup", json!({}));
    }
    let newest = script.unlogged(1);
    assert_eq!(
        (&newest["calls"][0]["to"]["phoneNumber"], &newest["hasMore"]),
        (&json!("+34933"), &json!(true))
    );
    let oldest = script.unlogged(2);
    assert_eq!(
        (&oldest["calls"][0]["to"]["phoneNumber"], &oldest["hasMore"]),
        (&json!("+34922"), &json!(false))
    );

    let offer = script.phone.view(script.now).toast.unwrap().action.unwrap();
    assert_eq!(offer, (view::Text::plain("Log to Test"), Action::LogCall));
    script.input(Input::Action(Action::LogCall));
    let body = script.requests("/callLogger")[1]["body"].clone();
    assert_eq!((&body["triggerType"], &body["call"]), (&json!("createLog"), &newest["calls"][0]));
    assert_eq!(script.unlogged(1)["calls"], oldest["calls"]);
}

#[test]
fn calls_of_earlier_loads_are_told_to_the_page_and_what_is_logged_stays_so() {
    let service = json!({ "name": "TestService", "callLoggerPath": "/callLogger" });
    let mut before = page();
    before.offer(service.clone());
    before.invite(1, "", &description(7, "sendrecv"));
    before.cancel(1, "");
    before.post(json!({ "type": "rc-adapter-update-auto-log-settings", "call": false }));
    before.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34922", "toCall": true }));
    before.control("hangup", json!({}));
    let told = before.unlogged(1)["calls"][0].clone();
    assert_eq!((&told["to"]["phoneNumber"], &told["result"]), (&json!("+34922"), &json!("No Answer")));

    let mut script = page();
    let space = || "200@a.test".to_owned();
    for (key, value) in before.kept.clone() {
        script.input(Input::Loaded { space: space(), key, value });
    }
    assert_eq!(script.rc(SYNCED).len(), 0, "not before all are there");
    script.input(Input::LoadEnd { space: space() });
    assert_eq!(script.rc(SYNCED), [&json!({ "type": SYNCED })]);
    script.offer(service);
    assert_eq!(script.unlogged(1), json!({ "calls": [told], "hasMore": false }));
    let missed = script.ask("/get-call-log", json!({ "telephonySessionId": "given" }));
    assert_eq!(
        (&missed["call"]["result"], &missed["call"]["from"]["phoneNumber"]),
        (&json!("Missed"), &json!("+34911"))
    );
    assert_eq!(script.ask("/get-call-log", json!({ "sessionId": "" })), json!({ "call": null }));
    script.invite(2, "", &description(7, "sendrecv"));
    script.cancel(2, "");
    assert_eq!(script.rc(SYNCED).len(), 2, "a call more is told");
}

/// The recents have changed.
const SYNCED: &str = "rc-call-history-synced-notify";

#[test]
fn page_that_registers_before_the_recents_are_there_is_asked_about_them_then() {
    let mut script = page();
    script.offer(json!({ "name": "TestService", "callLogEntityMatcherPath": "/callLogger/match" }));
    let space = || "200@a.test".to_owned();
    let entry = r#"{"number":"+34922","name":"","inbound":true,"at":9,"talked":null,"rang":3,"reason":"busy","id":"old"}"#;
    let key = "history/000000000000009-000001".to_owned();
    script.input(Input::Loaded { space: space(), key, value: entry.as_bytes().to_vec() });
    assert!(script.requests("/callLogger/match").is_empty());
    script.input(Input::LoadEnd { space: space() });
    let asked = script.requests("/callLogger/match");
    assert_eq!(asked[0]["body"]["sessionIds"], json!(["old"]));
    script.input(Input::Timeout);
    assert_eq!(script.requests("/callLogger/match").len(), 1);
}

#[test]
fn page_says_which_calls_it_has_in_its_log() {
    let mut script = page();
    for number in ["+34922", "+34933"] {
        script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": number, "toCall": true }));
        script.control("hangup", json!({}));
        script.pass(2_000);
    }
    let ids: Vec<Value> = [1, 2].map(|page| script.unlogged(page)["calls"][0]["sessionId"].clone()).into();
    script.offer(json!({ "name": "TestService", "callLogEntityMatcherPath": "/callLogger/match" }));
    let asked = script.requests("/callLogger/match")[0]["body"].clone();
    assert_eq!(asked, json!({ "sessionIds": ids, "activeSessionIds": [] }));
    let entry = |id: &Value| json!({ "data": { id.as_str().unwrap(): [{ "id": "7", "note": "Called" }] } });
    script.respond_to("/callLogger/match", entry(&ids[1]));
    assert_eq!(script.unlogged(1)["calls"][0]["sessionId"], ids[0]);
    assert_eq!(script.unlogged(2)["calls"], json!([]), "the page has the other");

    // What the page has not is asked again at its wish, and of no call that there was not.
    let again = |ids: Value| json!({ "type": "rc-adapter-trigger-call-logger-match", "sessionIds": ids });
    script.post(again(json!([ids[1], "other"])));
    assert_eq!(script.requests("/callLogger/match").len(), 1);
    script.post(again(json!(ids)));
    assert_eq!(script.requests("/callLogger/match")[1]["body"]["sessionIds"], json!([ids[0]]));
    script.respond_to("/callLogger/match", json!({ "data": { ids[0].as_str().unwrap(): [] } }));
    script.respond_to("/callLogger/match", entry(&ids[0]));
    assert_eq!(script.unlogged(1)["calls"][0]["sessionId"], ids[0], "the first answer counts");
}
