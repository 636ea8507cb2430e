//! RingCentral Embeddable: its messages in and out, byte for byte, without a browser.

mod log;

use crate::script::Script;
use proptest::prelude::*;
use serde_json::{Value, json};
use softframe_phone::{Action, HostInput, Input, Instant, Phone, view};
use softframe_sim::{START, description};
use std::path::Path;

/// A page of this dialect.
fn page() -> Script {
    Script::with(r#""dialects":["rc"],"country":"ES","numbers":[{"number":"+34900"}],"voicemail":"*97","#)
}

impl Script {
    fn rc(&self, kind: &str) -> Vec<&Value> {
        self.heard.iter().filter(|message| message["type"] == kind).collect()
    }

    fn last_rc(&self, kind: &str) -> Value {
        let found = self.rc(kind).pop().unwrap_or_else(|| panic!("no {kind} in {:#?}", self.heard));
        (*found).clone()
    }

    /// Kinds of notices of calls since the start.
    fn notices(&self) -> Vec<String> {
        let kinds = self.heard.iter().filter_map(|message| message["type"].as_str());
        let calls =
            kinds.filter(|kind| kind.starts_with("rc-call-") && *kind != "rc-callLogger-auto-log-notify");
        calls.map(|kind| kind.trim_start_matches("rc-call-").trim_end_matches("-notify").to_owned()).collect()
    }

    fn post(&mut self, message: Value) {
        self.host(&message.to_string());
    }

    fn control(&mut self, action: &str, options: Value) {
        self.post(json!({ "type": "rc-adapter-control-call", "callAction": action, "options": options }));
    }

    fn offer(&mut self, service: Value) {
        self.post(json!({ "type": "rc-adapter-register-third-party-service", "service": service }));
    }

    /// Questions to this path.
    fn requests(&self, path: &str) -> Vec<Value> {
        let requests = self.rc("rc-post-message-request").into_iter();
        requests.filter(|message| message["path"] == path).cloned().collect()
    }

    /// The page answers its last question of this path.
    fn respond_to(&mut self, path: &str, response: Value) {
        let request =
            self.requests(path).pop().unwrap_or_else(|| panic!("{path} was not asked: {:#?}", self.heard));
        let id = request["requestId"].clone();
        self.post(json!({ "type": "rc-post-message-response", "responseId": id, "response": response }));
    }

    fn contacts(&mut self) -> Vec<String> {
        while self.phone.contacts_step(self.now, 8) {}
        self.input(Input::Timeout);
        self.phone.contact_rows(0, 99).into_iter().map(|row| row.name).collect()
    }

    /// Somebody calls and is answered.
    fn talk(&mut self) {
        self.invite(1, "", &description(7, "sendrecv"));
        self.control("answer", json!({}));
        let ok = self.response("INVITE");
        let tag = ok.header("To").unwrap().split("tag=").nth(1).unwrap().to_owned();
        self.ack(1, &format!(";tag={tag}"), "");
    }
}

fn contact(id: &str, name: &str, number: &str) -> Value {
    json!({ "id": id, "name": name, "type": "TestService",
        "phoneNumbers": [{ "phoneNumber": number, "phoneType": "direct" }],
        "company": "CompanyName", "jobTitle": "Engineer", "emails": ["test@email.com"],
        "profileImageUrl": "https://avatar_uri", "deleted": false, "custom": { "deal": 42 } })
}

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
fn new_call_dials_where_it_says_so_and_is_ignored_while_another_is_made_or_that_number_is_on_a_call() {
    let mut script = page();
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "911 08 54 60" }));
    match script.phone.view(script.now).screen {
        view::Screen::Keypad(keypad) => assert_eq!(keypad.field, "911085460"),
        other => panic!("{other:?}"),
    }
    let call = json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34911085460", "toCall": true });
    script.post(call.clone());
    assert_eq!(script.notices(), ["init"]);
    script.pass(3_000);
    script.post(call);
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34922", "toCall": true }));
    assert_eq!(script.notices(), ["init"]);
    assert_eq!(script.count("softframe:error"), 0, "it is left alone, not refused");
    let object = script.last_rc("rc-call-init-notify")["call"].clone();
    assert_eq!(
        (&object["direction"], &object["to"], &object["fromNumber"], &object["startTime"]),
        (&json!("Outbound"), &json!("+34911085460"), &json!("+34900"), &Value::Null)
    );
    assert_eq!(object["callStatus"], "webphone-session-connecting");
}

#[test]
fn call_that_comes_in_is_told_from_the_ring_to_the_end_with_the_whole_object() {
    let mut script = page();
    script.talk();
    script.control("mute", json!({}));
    script.control("unmute", json!({}));
    script.control("hold", json!({}));
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "f", "", &description(8, "recvonly"));
    script.control("unhold", json!({}));
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "f", "", &description(9, "sendrecv"));
    script.pass(2_000);
    script.control("hangup", json!({}));
    assert_eq!(
        script.notices(),
        ["ring", "start", "mute", "mute", "hold", "resume", "end"],
        "{:#?}",
        script.heard
    );
    let ring = script.last_rc("rc-call-ring-notify")["call"].clone();
    for key in [
        "id",
        "callId",
        "direction",
        "callStatus",
        "to",
        "toUserName",
        "from",
        "fromNumber",
        "fromUserName",
        "fromTag",
        "toTag",
        "startTime",
        "creationTime",
        "isOnHold",
        "isOnMute",
        "isOnFlip",
        "isOnTransfer",
        "isToVoicemail",
        "isForwarded",
        "isReplied",
        "recordStatus",
        "contactMatch",
        "minimized",
        "partyData",
        "lastActiveTime",
        "callQueueName",
        "warmTransferSessionId",
    ] {
        assert!(ring.as_object().unwrap().contains_key(key), "{key}");
    }
    assert_eq!((&ring["id"], &ring["callId"]), (&json!("given"), &json!("in1")));
    assert_eq!((&ring["fromUserName"], &ring["callQueueName"]), (&json!("Ana"), &json!("Sales")));
    let hold = script.last_rc("rc-call-hold-notify")["call"].clone();
    assert_eq!((&hold["callStatus"], &hold["isOnHold"]), (&json!("webphone-session-onHold"), &json!(true)));
    let end = script.last_rc("rc-call-end-notify")["call"].clone();
    assert_eq!(end["callStatus"], "webphone-session-finished");
    assert_eq!(end["endTime"].as_u64().unwrap() - end["startTime"].as_u64().unwrap(), 2_000);
    let active: Vec<Value> = script
        .rc("rc-active-call-notify")
        .iter()
        .map(|message| message["call"]["telephonyStatus"].clone())
        .collect();
    assert_eq!(active, ["Ringing", "CallConnected", "OnHold", "CallConnected", "NoCall"]);
    assert_eq!(script.last_rc("rc-active-call-notify")["call"]["terminationType"], "final");
}

#[test]
fn calls_are_controlled_by_either_of_their_ids() {
    let mut script = page();
    script.invite(1, "", &description(7, "sendrecv"));
    script.post(json!({ "type": "rc-adapter-control-call", "callAction": "reject", "callId": "in1" }));
    assert_eq!(script.response("INVITE").status().unwrap().0, 486);
    assert_eq!(script.notices(), ["ring", "end"]);
}

#[test]
fn ringing_call_is_forwarded_and_sent_to_the_voice_mail() {
    let mut script = page();
    script.invite(1, "", &description(7, "sendrecv"));
    script.control("forward", json!({ "forwardNumber": "+34922" }));
    let moved = script.response("INVITE");
    assert_eq!(moved.status().unwrap().0, 302);
    assert!(moved.header("Contact").unwrap().contains("+34922@"), "{moved:?}");
    let mut script = page();
    script.invite(1, "", &description(7, "sendrecv"));
    script.control("toVoicemail", json!({}));
    let moved = script.response("INVITE");
    assert!(moved.header("Contact").unwrap().contains("*97@"), "{moved:?}");
    let mut script = Script::with(r#""dialects":["rc"],"#);
    script.invite(1, "", &description(7, "sendrecv"));
    script.control("toVoicemail", json!({}));
    assert_eq!(script.response("INVITE").status().unwrap().0, 480, "where there is none");
}

#[test]
fn running_call_is_transferred_and_takes_keys() {
    let mut script = page();
    script.talk();
    script.control("dtmf", json!({ "dtmf": "12#" }));
    script.control("dtmf", json!({ "dtmf": "hello" }));
    script.pass(1_000);
    assert_eq!(script.count("softframe:error"), 0);
    script.control("transfer", json!({ "transferNumber": "+34922" }));
    let refer = script.request("REFER");
    assert!(refer.header("Refer-To").unwrap().contains("+34922@"), "{refer:?}");
}

#[test]
fn recording_is_the_one_wish_that_is_answered_with_an_error() {
    let mut script = page();
    script.talk();
    script.post(json!({ "type": "rc-adapter-control-call", "callAction": "startRecord", "callId": "given" }));
    let error = script.last_rc("rc-control-call-error");
    assert_eq!(error["callId"], "given");
    for action in ["toggleRingingDialog", "nonsense"] {
        script.control(action, json!({}));
    }
    assert_eq!(script.rc("rc-control-call-error").len(), 1);
}

#[test]
fn sessions_are_told_on_request() {
    let mut script = page();
    script.post(json!({ "type": "rc-adapter-webphone-sessions-sync" }));
    assert_eq!(script.last_rc("rc-webphone-sessions-sync")["calls"], json!([]));
    script.talk();
    script.post(json!({ "type": "rc-adapter-webphone-sessions-sync" }));
    let calls = script.last_rc("rc-webphone-sessions-sync")["calls"].clone();
    assert_eq!(calls.as_array().map(Vec::len), Some(1));
    assert_eq!(calls[0], script.last_rc("rc-call-start-notify")["call"]);
}

#[test]
fn every_question_of_the_page_is_answered_also_to_an_unknown_path() {
    let mut script = page();
    for (path, answer) in [
        ("/nobody-knows", json!({ "data": "no matched path" })),
        ("/unlogged-calls", json!({ "calls": [], "hasMore": false })),
        ("/check-popup-window", json!(false)),
    ] {
        script.post(
            json!({ "type": "rc-adapter-message-request", "requestId": path, "path": path, "body": {} }),
        );
        let response = script.last_rc("rc-adapter-message-response");
        assert_eq!((&response["responseId"], &response["response"]), (&json!(path), &answer));
    }
}

#[test]
fn message_of_the_page_is_shown_in_both_forms_until_its_time_is_over_or_it_is_taken_back() {
    let mut script = page();
    let toast = |script: &Script| script.phone.view(script.now).toast.map(|toast| (toast.text, toast.error));
    let request =
        |path: &str| json!({ "type": "rc-adapter-message-request", "requestId": "a", "path": path });
    let mut new = request("/custom-alert-message");
    new["body"] = json!({ "message": "Saved\u{202e}", "level": "success", "ttl": 9_000 });
    script.post(new);
    assert_eq!(script.last_rc("rc-adapter-message-response")["response"], "a");
    script.pass(8_999);
    assert_eq!(toast(&script), Some((view::Text::plain("Saved"), false)));
    script.pass(1);
    assert_eq!(toast(&script), None);

    let mut old = request("/custom-alert-message");
    old["alertMessage"] = "Lost".into();
    old["alertLevel"] = "danger".into();
    old["ttl"] = 0.into();
    script.post(old);
    script.pass(60_000);
    assert_eq!(toast(&script), Some((view::Text::plain("Lost"), true)));
    script.post(request("/dismiss-alert-message"));
    assert_eq!(script.last_rc("rc-adapter-message-response")["response"], "ok");
    assert_eq!(toast(&script), None);
}

#[test]
fn page_takes_back_the_message_that_it_names_or_any_of_its_own_and_no_news_of_the_phone() {
    let mut script = page();
    let shown =
        |script: &Script| script.phone.view(script.now).toast.map(|toast| toast.text.args[0].1.clone());
    let ask = |script: &mut Script, id: &str, path: &str, body: Value| {
        script.post(
            json!({ "type": "rc-adapter-message-request", "requestId": id, "path": path, "body": body }),
        );
        assert_eq!(script.last_rc("rc-adapter-message-response")["responseId"], id);
    };
    let alert = |script: &mut Script, id: &str| {
        ask(script, id, "/custom-alert-message", json!({ "message": id, "level": "warning", "ttl": 0 }));
    };
    let dismiss = |script: &mut Script, body: Value| ask(script, "x", "/dismiss-alert-message", body);

    alert(&mut script, "first");
    alert(&mut script, "second");
    for other in ["first", "sec", "x"] {
        dismiss(&mut script, json!({ "id": other }));
        assert_eq!(shown(&script).as_deref(), Some("second"), "{other} is not shown");
    }
    dismiss(&mut script, json!({ "id": "second" }));
    assert_eq!(shown(&script), None);
    for any in [json!({}), json!({ "id": null }), json!({ "id": "" })] {
        alert(&mut script, "third");
        dismiss(&mut script, any);
        assert_eq!(shown(&script), None);
    }

    let flow = script.flow.unwrap();
    script.input(Input::Socket { flow, event: softframe_phone::SocketEvent::Closed });
    alert(&mut script, "fourth");
    script.input(Input::Action(Action::CallNumber("600".into())));
    let news = |script: &Script| script.phone.view(script.now).toast.map(|toast| toast.text.id);
    for body in [json!({}), json!({ "id": "fourth" })] {
        dismiss(&mut script, body);
        assert_eq!(news(&script), Some("dial.offline"), "that is the phone's own");
    }
}

#[test]
fn contacts_come_page_by_page_with_the_stamp_of_the_first_and_then_as_changes() {
    let mut script = page();
    script.offer(json!({ "name": "TestService", "contactsPath": "/contacts" }));
    assert_eq!(script.requests("/contacts")[0]["body"], json!({ "page": 1, "syncTimestamp": null }));
    script.respond_to(
        "/contacts",
        json!({ "data": [contact("1", "Ana", "+34911")], "nextPage": 2, "syncTimestamp": 100 }),
    );
    assert_eq!(script.requests("/contacts")[1]["body"], json!({ "page": 2, "syncTimestamp": null }));
    script.respond_to(
        "/contacts",
        json!({ "data": [contact("2", "Bert", "+34922")], "nextPage": null, "syncTimestamp": 200 }),
    );
    assert_eq!(script.contacts(), ["Ana", "Bert"]);
    script.post(json!({ "type": "rc-adapter-sync-third-party-contacts" }));
    assert_eq!(
        script.requests("/contacts")[2]["body"],
        json!({ "page": 1, "syncTimestamp": 100, "type": "api" })
    );
    let mut gone = contact("1", "Ana", "+34911");
    gone["deleted"] = true.into();
    script.respond_to(
        "/contacts",
        json!({ "data": [gone, contact("3", "Cleo", "+34933")], "syncTimestamp": 300 }),
    );
    assert_eq!(script.contacts(), ["Bert", "Cleo"]);
    // Not answered: what there was stays.
    script.post(json!({ "type": "rc-adapter-sync-third-party-contacts" }));
    script.post(json!({ "type": "rc-adapter-sync-third-party-contacts" }));
    assert_eq!(script.requests("/contacts").len(), 4, "one at a time");
    script.pass(60_000);
    assert_eq!(script.contacts(), ["Bert", "Cleo"]);
    assert_eq!(script.requests("/contacts").len(), 5, "what was wanted meanwhile is not lost");
}

#[test]
fn whole_list_without_a_stamp_takes_the_place_of_the_last_without_its_deleted_rows() {
    let mut script = page();
    script.offer(json!({ "name": "TestService", "contactsPath": "/contacts" }));
    script.respond_to(
        "/contacts",
        json!({ "data": [contact("1", "Ana", "+34911"), contact("2", "Bert", "+34922")] }),
    );
    assert_eq!(script.contacts(), ["Ana", "Bert"]);
    script.post(json!({ "type": "rc-adapter-sync-third-party-contacts" }));
    let mut gone = contact("2", "Bert", "+34922");
    gone["deleted"] = true.into();
    script.respond_to("/contacts", json!({ "data": [contact("3", "Cleo", "+34933"), gone] }));
    assert_eq!(script.contacts(), ["Cleo"]);
    script.post(json!({ "type": "rc-adapter-sync-third-party-contacts" }));
    script.respond_to("/contacts", json!({ "data": "nothing" }));
    assert!(script.contacts().is_empty(), "what is no list is an empty one");
}

#[test]
fn what_is_typed_is_searched_in_the_page_after_800_ms_of_rest() {
    let mut script = page();
    script.offer(json!({ "name": "TestService", "contactSearchPath": "/contacts/search" }));
    script.input(Input::Action(Action::DialField("test".into())));
    script.pass(799);
    assert!(script.requests("/contacts/search").is_empty());
    script.pass(1);
    assert_eq!(script.requests("/contacts/search")[0]["body"], json!({ "searchString": "test" }));
    script.respond_to("/contacts/search", json!({ "data": [contact("9", "Somebody Else", "+34944")] }));
    match script.phone.view(script.now).screen {
        view::Screen::Keypad(keypad) => {
            let names: Vec<&str> = keypad.suggestions.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(names, ["Somebody Else"], "what the page returns is shown");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn caller_is_matched_viewed_and_matched_again_on_demand() {
    let mut script = page();
    let own = contact("123456", "TestService 1", "+34911");
    script.offer(json!({ "name": "TestService", "contactMatchPath": "/contacts/match",
        "viewMatchedContactPath": "/contacts/view", "contactMatchTtl": 7_200_000, "contactNoMatchTtl": 300_000 }));
    script.invite(1, "", &description(7, "sendrecv"));
    assert_eq!(
        script.requests("/contacts/match")[0]["body"],
        json!({ "phoneNumbers": ["+34911"], "callerIds": {} })
    );
    script.respond_to("/contacts/match", json!({ "data": { "+34911": [own] } }));
    script.post(json!({ "type": "rc-adapter-webphone-sessions-sync" }));
    let call = script.last_rc("rc-webphone-sessions-sync")["calls"][0].clone();
    assert_eq!(call["contactMatch"], own, "the page's own object");
    assert_eq!(call["fromUserName"], "TestService 1");
    script.cancel(1, "");
    script.post(json!({ "type": "rc-adapter-trigger-contact-match", "phoneNumbers": ["+34911", "+34999"] }));
    assert_eq!(
        script.requests("/contacts/match")[1]["body"],
        json!({ "phoneNumbers": ["+34911"], "callerIds": {}, "triggerFrom": "manual" }),
        "fresh, but asked for by the page; the other is not known here"
    );
    script.input(Input::Action(Action::ContactClick("h20:provider:TestService123456".into())));
    assert_eq!(script.requests("/contacts/view")[0]["body"], own);
}

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

#[test]
fn who_signs_in_after_another_gets_the_whole_list_of_the_page_again() {
    let mut world = softframe_sim::World::new();
    let station = world.station();
    world.trust(station);
    world
        .boot(station, r#"{"server":"wss://softframe.test/ws","domain":"softframe.test","dialects":["rc"]}"#);
    let sign_in = |world: &mut softframe_sim::World, user: &str| {
        let (server, user, password) =
            ("wss://softframe.test/ws".into(), user.into(), format!("secret-{user}"));
        world.act(station, Action::SignIn { server, user, password });
        world.run(1_000);
    };
    let asked = |world: &softframe_sim::World| {
        let heard = world.stations[station].heard.iter();
        let requests = heard.filter(|message| message["type"] == "rc-post-message-request");
        requests.cloned().collect::<Vec<_>>()
    };
    sign_in(&mut world, "200");
    let service = json!({ "name": "TestService", "contactsPath": "/contacts" });
    let register = json!({ "type": "rc-adapter-register-third-party-service", "service": service });
    world.host(station, &register.to_string());
    let response = json!({ "data": [contact("1", "Ana", "+34911")], "syncTimestamp": 100 });
    let id = asked(&world)[0]["requestId"].clone();
    let answer = json!({ "type": "rc-post-message-response", "responseId": id, "response": response });
    world.host(station, &answer.to_string());
    world.host(station, r#"{"type":"rc-adapter-logout"}"#);
    world.run(3_000);
    sign_in(&mut world, "201");
    let all = asked(&world);
    assert_eq!(all.len(), 2, "{all:#?}");
    assert_eq!(all[1]["body"], json!({ "page": 1, "syncTimestamp": null }));
}

#[test]
fn container_comes_back_where_it_was_left() {
    let mut world = softframe_sim::World::new();
    let first = world.station();
    world.trust(first);
    world.boot(first, r#"{"dialects":["rc"]}"#);
    let moved =
        json!({ "type": "rc-adapter-syncPosition", "position": { "translateX": -40.5, "translateY": -10 } });
    world.host(first, &moved.to_string());
    world.host(first, r#"{"type":"rc-adapter-syncPosition","position":{"translateX":1e99,"translateY":0}}"#);
    world.host(first, r#"{"type":"rc-adapter-syncMinimized","minimized":true}"#);
    let state_of = |world: &softframe_sim::World, station: usize| {
        let heard = &world.stations[station].heard;
        heard.iter().find(|message| message["type"] == "rc-adapter-pushAdapterState").unwrap().clone()
    };
    let state = state_of(&world, first);
    assert_eq!(
        (&state["position"], &state["minimized"], &state["closed"]),
        (&json!(null), &json!(null), &json!(null)),
        "nobody has touched it yet"
    );
    let store = world.stations[first].store.clone();
    let next = world.station();
    world.stations[next].store = store;
    world.trust(next);
    world.boot(next, r#"{"dialects":["rc"]}"#);
    let state = state_of(&world, next);
    assert_eq!(
        (&state["position"], &state["minimized"], &state["closed"]),
        (&json!({ "translateX": -40, "translateY": -10 }), &json!(true), &json!(null))
    );
}

#[test]
fn container_is_told_of_calls_the_ring_the_bar_and_the_language() {
    let mut script = page();
    assert_eq!(script.last_rc("rc-adapter-pushLocale")["locale"], "en");
    script.invite(1, "", &description(7, "sendrecv"));
    assert_eq!(script.last_rc("rc-adapter-pushRingState")["ringing"], true);
    let pushed = script.last_rc("rc-adapter-pushCalls");
    assert_eq!(pushed["calls"], json!([script.last_rc("rc-call-ring-notify")["call"]]));
    script.cancel(1, "");
    assert_eq!(script.last_rc("rc-adapter-pushRingState")["ringing"], false);
    assert_eq!(script.last_rc("rc-adapter-pushCalls")["calls"], json!([]));
    script.host(r#"{"type":"minimize"}"#);
    assert_eq!(script.last_rc("rc-adapter-syncMinimized")["minimized"], true);
    // The person opens the container: the phone is whole in it, and says nothing back.
    script.post(json!({ "type": "rc-adapter-syncMinimized", "minimized": false }));
    assert_eq!(script.rc("rc-adapter-syncMinimized").len(), 1);
    assert_eq!(script.last("widget:size")["height"], 460);
    script.input(Input::Action(Action::Language("de".into())));
    assert_eq!(script.last_rc("rc-adapter-pushLocale")["locale"], "de");
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
fn ringtone_of_the_page_sets_how_loud_it_rings_and_with_what_from_origins_that_are_named() {
    let mut script = Script::with(r#""dialects":["rc"],"soundHosts":["https://rings.example"],"#);
    let volume = |script: &Script| script.phone.view(script.now).screen;
    script.input(Input::Action(Action::OpenSettings));
    let ring = |volume: view::Screen| match volume {
        view::Screen::Settings(settings) => settings.sound.devices.ring_volume,
        other => panic!("{other:?}"),
    };
    let tone = |uri: &str, volume: Value| json!({ "type": "rc-adapter-update-ringtone", "name": "x", "uri": uri, "volume": volume });
    script.post(tone("data:audio/mpeg;base64,SUQz", json!(0.3)));
    assert_eq!(ring(volume(&script)), 30);
    for odd in [json!(7), json!(-1), json!("loud"), Value::Null] {
        script.post(tone("https://a.example/x.mp3", odd));
        assert_eq!(ring(volume(&script)), 30);
    }
    for uri in ["data:text/html;base64,PGI+", "data:audio/mpeg,x", "javascript:alert(1)", ""] {
        script.post(tone(uri, json!(1)));
    }
    script.post(tone(&format!("data:audio/mpeg;base64,{}", "A".repeat(2_000_000)), json!(1)));
    script.post(json!({ "type": "rc-adapter-update-ringtone", "volume": 0.5 }));
    let [first, others @ ..] = script.rings.as_slice() else { panic!("{:?}", script.rings) };
    assert_eq!((first.as_str(), others.len()), ("SUQz", 9));
    assert!(others.iter().all(String::is_empty), "what cannot be had leaves our own sound: {others:?}");
    let told = |script: &Script| script.rc("softframe:error").len();
    assert_eq!(told(&script), 8, "all but the empty one, which is the wish for ours");
    let error = script.last_rc("softframe:error")["data"].clone();
    assert_eq!(
        (&error["command"], &error["code"]),
        (&json!("rc-adapter-update-ringtone"), &json!("not_supported"))
    );

    for uri in ["https://rings.example.evil.example/x.wav", "https://rings.example:8443/x.wav"] {
        script.post(tone(uri, json!(1)));
        assert_eq!(script.rings.last().map(String::as_str), Some(""), "{uri}");
    }
    script.post(tone("https://rings.example/x.wav", json!(1)));
    assert_eq!(script.rings.last().map(String::as_str), Some("https://rings.example/x.wav"));
    assert_eq!(told(&script), 10);
    // The browser finds no sound there.
    script.input(Input::RingFailed);
    assert_eq!(told(&script), 11);
}

#[test]
fn do_not_contact_restricts_or_asks_the_person() {
    let mut script = page();
    script.offer(json!({ "name": "TestService", "doNotContactPath": "/doNotContact" }));
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34911085460", "toCall": true }));
    let body = script.requests("/doNotContact")[0]["body"].clone();
    assert_eq!(body, json!({ "actionType": "call", "phoneNumber": "+34911085460" }));
    let answer = json!({ "data": { "result": true, "message": "Do not call", "mode": "restrict" } });
    script.respond_to("/doNotContact", answer);
    assert_eq!(script.count("phone:calling"), 0);
    assert_eq!(script.phone.view(script.now).toast.unwrap().text, view::Text::plain("Do not call"));
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
fn loader_is_told_the_name_of_the_phone_and_its_colours_and_when_they_change() {
    let mut script = Script::with(r#""dialects":["rc"],"theme":{"mode":"dark","name":"Marigold"},"#);
    let brand = script.last_rc("rc-brand-assets-notify");
    assert_eq!(
        brand,
        json!({ "type": "rc-brand-assets-notify", "logoUri": null, "iconUri": null, "name": "Marigold" })
    );
    assert_eq!(script.last_rc("rc-adapter-theme-notify")["theme"], "dark");
    script.input(Input::Action(Action::Theme(softframe_phone::Theme::Light)));
    let themes: Vec<&Value> =
        script.rc("rc-adapter-theme-notify").into_iter().map(|told| &told["theme"]).collect();
    assert_eq!(themes, ["dark", "light"]);
    assert_eq!(script.rc("rc-brand-assets-notify").len(), 1);
}

#[test]
fn page_is_told_the_colours_in_force_and_again_when_the_machine_changes_its_own() {
    let mut script = page();
    let told = |script: &Script| -> Vec<Value> {
        script.rc("rc-adapter-theme-notify").iter().map(|told| told["theme"].clone()).collect()
    };
    assert_eq!(told(&script), ["light"], "the machine has said nothing");
    for dark in [true, true, false] {
        script.input(Input::Dark(dark));
    }
    assert_eq!(told(&script), ["light", "dark", "light"]);
    // What the person has chosen stands against the machine.
    script.input(Input::Action(Action::Theme(softframe_phone::Theme::Dark)));
    for dark in [true, false] {
        script.input(Input::Dark(dark));
    }
    assert_eq!(told(&script), ["light", "dark", "light", "dark"]);
    script.input(Input::Action(Action::Theme(softframe_phone::Theme::System)));
    assert_eq!(told(&script), ["light", "dark", "light", "dark", "light"]);
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

/// What a page may hold for a number.
const NUMBERS: [&str; 8] = ["+34911", "+34922", "911", "112", "*21*5#", "sip:a@b", "1;x", ""];

fn random_message() -> impl Strategy<Value = Value> {
    let number = prop::sample::select(NUMBERS.to_vec());
    let action = prop::sample::select(vec![
        "answer",
        "reject",
        "hangup",
        "hold",
        "unhold",
        "mute",
        "unmute",
        "transfer",
        "forward",
        "toVoicemail",
        "dtmf",
        "startRecord",
        "toggleRingingDialog",
        "constructor",
    ]);
    let kind = prop::sample::select(vec![
        "rc-adapter-new-call",
        "rc-adapter-control-call",
        "rc-adapter-register-third-party-service",
        "rc-adapter-sync-third-party-contacts",
        "rc-adapter-trigger-contact-match",
        "rc-adapter-webphone-sessions-sync",
        "rc-adapter-message-request",
        "rc-adapter-update-authorization-status",
        "rc-adapter-set-presence",
        "rc-adapter-navigate-to",
        "rc-calling-settings-update",
        "rc-post-message-response",
        "rc-adapter-update-auto-log-settings",
        "rc-adapter-trigger-call-logger-match",
        "rc-adapter-update-ringtone",
        "rc-adapter-new-sms",
        "rc-x",
    ]);
    (kind, action, number, "\\PC{0,12}", any::<Option<bool>>(), any::<i64>()).prop_map(
        |(kind, action, number, text, yes, count)| {
            json!({ "type": kind, "phoneNumber": number, "toCall": yes, "callAction": action, "callId": yes.map(|_| text.clone()),
                "options": { "transferNumber": number, "forwardNumber": number, "dtmf": text },
                "service": { "name": if yes == Some(false) { Value::Null } else { "T".into() }, "contactsPath": text,
                    "contactMatchPath": "/m", "callLogEntityMatcherPath": "/l", "doNotContactPath": yes.map(|_| "/d"), "contactNoMatchTtl": count },
                "phoneNumbers": [number, count], "requestId": text, "path": text, "authorized": yes, "call": yes,
                "userStatus": "Busy", "dndStatus": "TakeAllCalls", "fromNumber": number, "responseId": text,
                "response": { "data": { number: [{ "id": count, "name": text }] }, "nextPage": count } })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_messages_of_the_dialect_pass_the_gates_of_dialling_and_break_nothing(
        messages in prop::collection::vec((random_message(), 0u64..400), 1..25), trusted in any::<bool>()
    ) {
        let mut script = page();
        if !trusted {
            script.input(Input::Host(HostInput::Waiting { chain: vec!["https://evil.example".into()] }));
        }
        let before = script.heard.len();
        script.sent.clear();
        for (message, millis) in messages {
            script.post(message);
            script.pass(millis);
        }
        let dials = script.sent.iter().filter(|sent| sent.is_request() && sent.octets().starts_with(b"INVITE"));
        let dialled: Vec<String> =
            dials.map(|invite| String::from_utf8_lossy(invite.octets()).lines().next().unwrap_or_default().to_owned()).collect();
        prop_assert!(dialled.len() <= 5, "{dialled:?}");
        // What needs the person's word is not called without it.
        prop_assert!(dialled.iter().all(|line| !line.contains("sip:112@") && !line.contains('*')), "{dialled:?}");
        if !trusted {
            prop_assert!(dialled.is_empty());
            let leaked = script.heard.iter().skip(before).find(|message| message["type"] != "widget:attention");
            prop_assert!(leaked.is_none(), "{leaked:?}");
        }
    }
}
