//! RingCentral Embeddable: its messages in and out, byte for byte, without a browser.
//!
//! Here is the page; what it is told and asks is below, by subject.

mod calls;
mod contacts;
mod golden;
mod log;
mod login;
mod property;
mod service;
mod shown;

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::Input;
use softframe_sim::description;

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

    /// The page asks the phone: what that answers.
    fn ask(&mut self, path: &str, body: Value) -> Value {
        self.ask_as(path, path, body)
    }

    /// The same in a question of this id.
    fn ask_as(&mut self, id: &str, path: &str, body: Value) -> Value {
        self.post(
            json!({ "type": "rc-adapter-message-request", "requestId": id, "path": path, "body": body }),
        );
        let answer = self.last_rc("rc-adapter-message-response");
        assert_eq!(answer["responseId"], id);
        answer["response"].clone()
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
