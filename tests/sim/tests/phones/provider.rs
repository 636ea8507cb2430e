//! The page's own address book: what it is asked, when, and what becomes of its answers.

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Action, Input, view};
use softframe_sim::description;

/// A page that offers this much.
fn page(offers: Value) -> Script {
    let mut script = Script::with(r#""country":"ES","#);
    let mut data = json!({ "name": "crm" });
    let fields = data.as_object_mut().unwrap();
    fields.extend(offers.as_object().unwrap().clone());
    script.host(&json!({ "type": "provider:register", "id": "r", "data": data }).to_string());
    let answer = script.heard.iter().find(|message| message["id"] == "r").expect("an answer");
    assert_eq!(answer["ok"], true, "{answer}");
    script
}

impl Script {
    /// Questions of this kind so far.
    fn asked(&self, op: &str) -> Vec<Value> {
        let of_op = |message: &&Value| message["type"] == "provider:request" && message["data"]["op"] == op;
        self.heard.iter().filter(of_op).map(|message| message["data"].clone()).collect()
    }

    fn last_asked(&self, op: &str) -> Value {
        self.asked(op).pop().unwrap_or_else(|| panic!("{op} was not asked: {:#?}", self.heard))
    }

    /// The page answers the last question of this kind.
    fn reply(&mut self, op: &str, data: Value) {
        let id = self.last_asked(op)["id"].clone();
        let response = json!({ "type": "provider:response", "data": { "id": id, "data": data } });
        self.host(&response.to_string());
    }

    fn index(&mut self) {
        while self.phone.contacts_step(self.now, 8) {}
        self.input(Input::Timeout);
    }

    fn names(&self) -> Vec<String> {
        self.phone.contact_rows(0, 99).into_iter().map(|row| row.name).collect()
    }

    fn suggested(&self) -> Vec<String> {
        match self.phone.view(self.now).screen {
            view::Screen::Keypad(keypad) => keypad.suggestions.into_iter().map(|row| row.name).collect(),
            other => panic!("{other:?}"),
        }
    }

    fn caller(&self) -> String {
        match self.phone.view(self.now).screen {
            view::Screen::Incoming(incoming) => incoming.party.name,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn list_is_fetched_page_by_page_and_then_only_what_has_changed() {
    let mut script = page(json!({ "list": true }));
    assert_eq!(script.last_asked("list")["body"], json!({ "page": 1, "syncTimestamp": null }));
    let row = |id: &str, name: &str| json!({ "id": id, "name": name, "phones": ["201"] });
    script.reply("list", json!({ "contacts": [row("a", "Ana")], "nextPage": "cursor", "syncTimestamp": 7 }));
    assert_eq!(script.last_asked("list")["body"], json!({ "page": "cursor", "syncTimestamp": null }));
    script.reply("list", json!({ "contacts": [row("b", "Bert")], "nextPage": null, "syncTimestamp": 8 }));
    assert_eq!(script.asked("list").len(), 2);
    script.index();
    assert_eq!(script.names(), ["Ana", "Bert"]);
    // A visit to the contacts asks for what has changed since the first page.
    script.input(Input::Action(Action::Tab(view::Tab::Contacts)));
    assert_eq!(script.last_asked("list")["body"], json!({ "page": 1, "syncTimestamp": 7 }));
    let gone = json!({ "id": "a", "deleted": true });
    script.reply("list", json!({ "contacts": [gone, row("c", "Cleo")], "syncTimestamp": 9 }));
    script.index();
    assert_eq!(script.names(), ["Bert", "Cleo"]);
}

#[test]
fn whole_list_that_breaks_off_leaves_what_there_was_and_a_complete_one_takes_its_place() {
    let mut script = page(json!({ "list": true }));
    let row = |id: &str, name: &str| json!({ "id": id, "name": name, "phones": ["201"] });
    // Without a stamp every answer is the whole.
    script.reply("list", json!({ "contacts": [row("a", "Ana"), row("b", "Bert")] }));
    script.index();
    script.input(Input::Action(Action::Tab(view::Tab::Contacts)));
    script.reply("list", json!({ "contacts": [row("c", "Cleo")], "nextPage": 2 }));
    script.pass(59_999);
    assert_eq!(script.asked("list").len(), 3);
    script.pass(1);
    script.index();
    assert_eq!(script.names(), ["Ana", "Bert"], "the second page never came");
    script.input(Input::Action(Action::Tab(view::Tab::Keypad)));
    script.input(Input::Action(Action::Tab(view::Tab::Contacts)));
    script.reply("list", json!({ "contacts": [row("c", "Cleo")] }));
    script.index();
    assert_eq!(script.names(), ["Cleo"]);
}

#[test]
fn what_is_wanted_during_a_fetch_makes_one_more() {
    let mut script = page(json!({ "list": true }));
    for tab in [view::Tab::Contacts, view::Tab::Keypad, view::Tab::Contacts] {
        script.input(Input::Action(Action::Tab(tab)));
    }
    assert_eq!(script.asked("list").len(), 1, "one at a time");
    script.reply("list", json!([]));
    assert_eq!(script.asked("list").len(), 2, "what changed meanwhile is not lost");
    script.reply("list", json!([]));
    assert_eq!(script.asked("list").len(), 2);
}

#[test]
fn search_waits_for_three_characters_and_for_rest_and_stands_below_ours() {
    let mut script = page(json!({ "search": true }));
    script.host(r#"{"type":"contacts","data":[{"id":1,"name":"Marta Ruiz","phones":["201"]}]}"#);
    script.index();
    script.input(Input::Action(Action::DialField("ma".into())));
    script.pass(5_000);
    assert!(script.asked("search").is_empty(), "two characters find everybody");
    script.input(Input::Action(Action::DialField("mar".into())));
    script.pass(799);
    assert!(script.asked("search").is_empty());
    script.input(Input::Action(Action::DialField("mart".into())));
    script.pass(799);
    assert!(script.asked("search").is_empty(), "typing has not come to rest");
    script.pass(1);
    assert_eq!(script.last_asked("search")["body"], json!({ "query": "mart" }));
    // What the page finds is shown, also what we would not have found.
    let rows = json!({ "contacts": [{ "id": "x", "name": "Tina Martínez", "phones": ["+34911085460"] }] });
    script.reply("search", rows);
    assert_eq!(script.suggested(), ["Marta Ruiz", "Tina Martínez"]);
    script.input(Input::Action(Action::DialField("marta".into())));
    assert_eq!(script.suggested(), ["Marta Ruiz"]);
    script.input(Input::Action(Action::DialField("mart".into())));
    script.pass(2_000);
    assert_eq!(script.suggested().len(), 2);
    assert_eq!(script.asked("search").len(), 1, "the answer is kept for five minutes");
}

#[test]
fn caller_gets_the_name_that_the_page_gives_and_is_asked_for_once_in_its_time() {
    let mut script = page(json!({ "match": true, "ttl": 600_000, "noMatchTtl": 60_000 }));
    script.invite(1, "", &description(7, "sendrecv"));
    assert_eq!(script.last_asked("match")["body"], json!({ "numbers": ["+34911"] }));
    let own = json!({ "id": "c7", "name": "Ana Ruiz", "phones": ["34 911"], "vip": true });
    script.reply("match", json!({ "matches": { "+34911": [own] } }));
    assert_eq!(script.caller(), "Ana Ruiz");
    let updated = script.last("phone:updated");
    assert_eq!(updated["contact"]["id"], "c7");
    assert_eq!(updated["contact"]["source"], "provider:crm");
    script.cancel(1, "");
    script.input(Input::Action(Action::Tab(view::Tab::Recents)));
    script.pass(60_000);
    assert_eq!(script.asked("match").len(), 1, "it is fresh");
    script.pass(1);
    script.input(Input::Action(Action::Tab(view::Tab::Keypad)));
    script.input(Input::Action(Action::Tab(view::Tab::Recents)));
    assert_eq!(script.asked("match").len(), 2);
}

#[test]
fn match_without_an_answer_counts_as_nobody_until_its_time_is_over() {
    let mut script = page(json!({ "match": true, "noMatchTtl": 60_000 }));
    script.invite(1, "", &description(7, "sendrecv"));
    script.pass(30_000);
    let id = script.last_asked("match")["id"].clone();
    let late = json!({ "+34911": [{ "id": "c7", "name": "Ana Ruiz", "phones": [] }] });
    script.host(&json!({ "type": "provider:response", "data": { "id": id, "data": late } }).to_string());
    assert_eq!(script.count("phone:updated"), 0, "it came too late");
    assert_eq!(script.asked("match").len(), 1);
}

#[test]
fn contact_that_is_known_from_a_match_alone_is_opened_and_seen_in_the_page_as_it_gave_it() {
    let mut script = page(json!({ "match": true, "view": true }));
    script.invite(1, "", &description(7, "sendrecv"));
    let own = json!({ "id": "c7", "name": "Ana Ruiz", "phones": ["+34911"], "custom": { "deal": 42 } });
    script.reply("match", json!({ "+34911": [own] }));
    let key = "h12:provider:crmc7".to_owned();
    match script.phone.view(script.now).screen {
        view::Screen::Incoming(call) => assert_eq!(call.party.opens, key, "already while it rings"),
        other => panic!("{other:?}"),
    }
    script.cancel(1, "");
    script.input(Input::Action(Action::OpenContact(key.clone())));
    match script.phone.view(script.now).screen {
        view::Screen::Contact(page) => assert_eq!((page.row.name.as_str(), page.click), ("Ana Ruiz", true)),
        other => panic!("{other:?}"),
    }
    script.input(Input::Action(Action::ContactClick(key)));
    assert_eq!(script.last_asked("view")["body"], json!({ "contact": own }));
    assert_eq!(script.count("contact:click"), 1);
}

#[test]
fn call_is_logged_by_the_page_when_it_is_over() {
    let mut script = page(json!({ "log": true }));
    script.invite(1, "", &description(7, "sendrecv"));
    assert!(script.asked("log").is_empty());
    script.cancel(1, "");
    let call = script.last_asked("log")["body"]["call"].clone();
    assert_eq!(&call, script.last("phone:terminated"));
}

#[test]
fn number_is_called_only_after_the_page_has_let_it_pass() {
    let mut script = page(json!({ "doNotCall": true }));
    script.host(r#"{"type":"click2call","id":"c","data":{"number":"911085460"}}"#);
    assert_eq!(script.last_asked("doNotCall")["body"], json!({ "number": "+34911085460" }));
    assert_eq!(script.count("phone:calling"), 0);
    script.reply("doNotCall", json!({}));
    assert_eq!(script.count("phone:calling"), 1);
    let invite = script.request("INVITE");
    assert!(invite.octets().starts_with(b"INVITE sip:911085460@"), "{invite:?}");
}

#[test]
fn page_that_does_not_say_in_three_seconds_forbids_nothing() {
    let mut script = page(json!({ "doNotCall": true }));
    script.input(Input::Action(Action::CallNumber("911085460".into())));
    script.pass(2_999);
    assert_eq!(script.count("phone:calling"), 0);
    script.pass(1);
    assert_eq!(script.count("phone:calling"), 1);
}

#[test]
fn number_that_the_page_forbids_is_not_called_and_one_it_warns_of_asks_the_person() {
    let mut script = page(json!({ "doNotCall": true }));
    script.host(r#"{"type":"click2call","id":"c","data":{"number":"911085460"}}"#);
    script.reply("doNotCall", json!({ "refuse": true, "final": true, "message": "Left us\u{202e}" }));
    assert_eq!(script.phone.view(script.now).toast.unwrap().text, view::Text::plain("Left us"));
    let answer = script.heard.iter().find(|message| message["id"] == "c").unwrap();
    assert_eq!(answer["error"]["code"], "invalid_number");
    script.input(Input::Action(Action::CallNumber("911085461".into())));
    script.reply("doNotCall", json!({ "refuse": true }));
    match script.phone.view(script.now).sheet {
        Some(view::Sheet::Confirm { why, from, .. }) => {
            assert_eq!((why.id, from.as_str()), ("confirm.donotcall", ""));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(script.count("phone:calling"), 0);
    script.input(Input::Action(Action::Confirm(true)));
    assert_eq!(script.count("phone:calling"), 1, "the person has the last word");
    assert_eq!(script.asked("doNotCall").len(), 2, "and is not asked for again");
}

#[test]
fn emergency_asks_nobody() {
    let mut script = page(json!({ "doNotCall": true }));
    script.input(Input::Action(Action::CallNumber("112".into())));
    assert_eq!(script.count("phone:calling"), 1);
    assert!(script.asked("doNotCall").is_empty());
}

#[test]
fn registration_is_refused_without_a_name_and_before_the_page_is_trusted_is_none() {
    let mut script = Script::new();
    script.host(r#"{"type":"provider:register","id":"a","data":{"list":true}}"#);
    script.host(r#"{"type":"provider:register","id":"b","data":{"name":"x","list":5}}"#);
    for id in ["a", "b"] {
        let answer = script.heard.iter().find(|message| message["id"] == id).unwrap();
        assert_eq!(answer["error"]["code"], "bad_request");
    }
    assert!(script.asked("list").is_empty());
}

#[test]
fn another_name_ends_the_first_address_book_and_a_clear_makes_the_next_fetch_whole() {
    let mut script = page(json!({ "list": true }));
    script.reply(
        "list",
        json!({ "contacts": [{ "id": "a", "name": "Ana", "phones": ["201"] }], "syncTimestamp": 5 }),
    );
    script.index();
    script.host(r#"{"type":"contacts:clear","data":{"source":"provider:crm"}}"#);
    script.input(Input::Action(Action::Tab(view::Tab::Contacts)));
    assert_eq!(script.last_asked("list")["body"], json!({ "page": 1, "syncTimestamp": null }));
    script.reply(
        "list",
        json!({ "contacts": [{ "id": "a", "name": "Ana", "phones": ["201"] }], "syncTimestamp": 6 }),
    );
    script.index();
    assert_eq!(script.names(), ["Ana"]);
    script.host(r#"{"type":"provider:register","data":{"name":"other","list":true}}"#);
    script.index();
    assert!(script.names().is_empty());
    assert_eq!(script.last_asked("list")["body"], json!({ "page": 1, "syncTimestamp": null }));
}

#[test]
fn call_that_waits_for_the_word_of_the_page_is_refused_when_the_person_signs_out() {
    let mut script = page(json!({ "doNotCall": true }));
    script.host(r#"{"type":"click2call","id":"c","data":{"number":"911085460"}}"#);
    script.host(r#"{"type":"logout"}"#);
    script.pass(4_000);
    let answers: Vec<&Value> = script.heard.iter().filter(|message| message["id"] == "c").collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0]["error"]["code"], "not_registered");
    assert_eq!(script.count("phone:calling"), 0);
}
