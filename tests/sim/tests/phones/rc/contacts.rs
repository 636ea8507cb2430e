//! The contacts of a page of RingCentral Embeddable: listed, searched and matched.

use super::{contact, page};
use serde_json::json;
use softframe_phone::{Action, Input, view};
use softframe_sim::description;

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
