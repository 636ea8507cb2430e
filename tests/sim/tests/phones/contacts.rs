//! Contacts on their way from a page or a file to a name on screen.

use serde_json::{Value, json};
use softframe_phone::{Action, FileEvent, HostInput, Input, view};
use softframe_sim::World;

/// Works until nothing is left.
fn index(world: &mut World, station: usize) {
    for _ in 0..10_000 {
        let now = world.now;
        let more = world.stations[station].phone.contacts_step(now, 4);
        world.settle();
        if !more {
            return;
        }
    }
    panic!("indexing does not end");
}

fn drop_file(world: &mut World, station: usize, text: &str) {
    let octets = text.as_bytes().to_vec();
    let size = octets.len() as u64;
    world.input(station, Input::File(FileEvent::Begin { file: 1, name: "team.vcf".into(), size }));
    for chunk in octets.chunks(100) {
        world.input(station, Input::File(FileEvent::Chunk { file: 1, octets: chunk.to_vec() }));
    }
    world.input(station, Input::File(FileEvent::End { file: 1 }));
    index(world, station);
}

const CARDS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Marta Ruiz\r\nTEL;TYPE=CELL:201\r\nEND:VCARD\r\n\
                     BEGIN:VCARD\r\nVERSION:3.0\r\nFN:No Number\r\nEND:VCARD\r\n";

#[test]
fn the_published_push_names_the_caller() {
    let mut world = World::pair();
    let push = json!({"type": "contacts", "data": {"contacts": [
        {"id": "id1", "name": "John Doe", "phones": ["200"]},
        {"id": "id2", "name": "Jennifer Doe", "phones": ["+34666555444", "+34666777888"], "company": "Doe Ltd"},
    ]}});
    world.host(1, &push.to_string());
    index(&mut world, 1);
    let indexed = world.stations[1].last("contacts:indexed");
    assert_eq!((&indexed["source"], &indexed["count"]), (&"host".into(), &2.into()));
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    let ringing = world.stations[1].last("phone:ringing");
    assert_eq!(
        ringing["contact"],
        json!({"id": "id1", "source": "host", "name": "John Doe", "number": "200"})
    );
    match world.view(1).screen {
        view::Screen::Incoming(incoming) => assert_eq!(incoming.party.name, "John Doe"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_push_in_slices_is_answered_once_and_a_bad_row_costs_itself() {
    let mut world = World::pair();
    let head = r#"{"type":"contacts","id":"p","data":{"source":"crm"}}"#.to_owned();
    world.input(0, Input::Host(HostInput::ContactsBegin { push: 1, head }));
    for slice in 0..30 {
        let rows: Vec<Value> = (0..100)
            .map(|row| json!({"id": slice * 100 + row, "name": format!("Person {slice} {row}"), "phones": ["1"]}))
            .collect();
        let rows = Value::Array(rows).to_string();
        world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows }));
    }
    let rows = r#"[5, {"name":"x"}, {"id":"y"}]"#.to_owned();
    world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows }));
    world.input(0, Input::Host(HostInput::ContactRowsBad { push: 1, count: 2 }));
    world.input(0, Input::Host(HostInput::ContactsEnd { push: 1 }));
    assert_eq!(world.stations[0].response("p")["ok"], true);
    index(&mut world, 0);
    let indexed = world.stations[0].last("contacts:indexed");
    assert_eq!((&indexed["count"], &indexed["rejected"]), (&3_000.into(), &5.into()));
    assert_eq!(indexed["reasons"], json!({"shape": 3, "no-id": 1, "no-name": 1}));
    world.host(0, r#"{"type":"contacts:search","id":"s","data":{"query":"perso 7 42","max":3}}"#);
    let response = world.stations[0].response("s");
    assert_eq!(response["data"]["hits"].as_array().map(Vec::len), Some(1), "{response}");
    assert_eq!(response["data"]["hits"][0]["id"], 742, "a numeric id is given back as it came");
}

#[test]
fn a_dropped_file_is_kept_for_the_account_and_comes_back() {
    let mut world = World::pair();
    drop_file(&mut world, 0, CARDS);
    match world.view(0).sheet {
        Some(view::Sheet::Import { added, skipped, defects, .. }) => {
            assert_eq!((added, skipped, defects), (1, 1, vec![(7, "contacts.why.phone")]));
        }
        other => panic!("{other:?}"),
    }
    let store = std::mem::take(&mut world.stations[0].store);
    assert!(store.keys().any(|(space, key)| space == "200@softframe.test" && key.starts_with("contacts/")));
    let next = world.station();
    world.stations[next].store = store;
    world.boot(next, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    index(&mut world, next);
    assert_eq!(world.stations[next].phone.contacts().len(), 1);
    world.act(next, Action::DialField("mar".into()));
    match world.view(next).screen {
        view::Screen::Keypad(keypad) => {
            assert!(keypad.by_name);
            assert_eq!(keypad.suggestions[0].name, "Marta Ruiz");
            assert_eq!(keypad.call_label, view::Text::with("dial.call.name", "name", "Marta Ruiz"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_dropped_before_sign_in_belongs_to_the_account_that_signs_in() {
    let mut world = World::new();
    let station = world.station();
    world.boot(station, r#"{"server":"wss://softframe.test/ws"}"#);
    drop_file(&mut world, station, CARDS);
    match world.view(station).screen {
        view::Screen::SignIn(form) => assert_eq!(form.note.unwrap().id, "contacts.done"),
        other => panic!("{other:?}"),
    }
    assert!(world.stations[station].store.is_empty());
    let sign_in = Action::SignIn {
        server: "wss://softframe.test/ws".into(),
        user: "200".into(),
        password: "secret-200".into(),
    };
    world.act(station, sign_in);
    world.run(1_000);
    index(&mut world, station);
    assert!(
        world.stations[station]
            .store
            .keys()
            .any(|(space, key)| { space == "200@softframe.test" && key.starts_with("contacts/") })
    );
}

#[test]
fn signing_out_clears_memory_and_keeps_the_store() {
    let mut world = World::pair();
    drop_file(&mut world, 0, CARDS);
    world.act(0, Action::SignOut);
    world.run(3_000);
    assert!(world.stations[0].phone.contacts().is_empty());
    assert!(world.stations[0].store.keys().any(|(_, key)| key.starts_with("contacts/")));
    assert!(!world.stations[0].store.contains_key(&("device".to_owned(), "account".to_owned())));
}

#[test]
fn remove_all_asks_and_then_deletes_from_the_store() {
    let mut world = World::pair();
    drop_file(&mut world, 0, CARDS);
    world.act(0, Action::CloseSheet);
    world.act(0, Action::RemoveAllContacts);
    assert_eq!(world.view(0).sheet, Some(view::Sheet::RemoveContacts));
    assert_eq!(world.stations[0].phone.contacts().len(), 1);
    world.act(0, Action::RemoveAllContacts);
    index(&mut world, 0);
    assert!(world.stations[0].phone.contacts().is_empty());
    assert!(!world.stations[0].store.keys().any(|(_, key)| key.starts_with("contacts/")));
}

#[test]
fn a_contact_that_comes_while_it_rings_names_the_caller() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    world.host(1, r#"{"type":"contacts","data":[{"id":1,"name":"Ana","phones":["200"]}]}"#);
    index(&mut world, 1);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:updated"]);
    assert_eq!(world.stations[1].last("phone:updated")["contact"]["name"], "Ana");
    match world.view(1).screen {
        view::Screen::Incoming(incoming) => assert_eq!(incoming.party.name, "Ana"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_store_is_told_once_and_stops_nothing() {
    let mut world = World::pair();
    for _ in 0..3 {
        world.input(0, Input::StorageFailed(softframe_phone::StorageError::Quota));
    }
    assert_eq!(world.stations[0].kinds("softframe:error").len(), 1);
    assert_eq!(world.view(0).toast.unwrap().text.id, "contacts.full");
    drop_file(&mut world, 0, CARDS);
    assert_eq!(world.stations[0].phone.contacts().len(), 1);
    // Who adds contacts hears of it again.
    world.act(0, Action::CloseToast);
    world.input(0, Input::StorageFailed(softframe_phone::StorageError::Blocked));
    assert_eq!(world.stations[0].kinds("softframe:error").len(), 2);
    assert_eq!(world.view(0).toast.unwrap().text.id, "contacts.blocked");
}

#[test]
fn a_file_dropped_again_and_again_does_not_fill_the_store() {
    let mut world = World::pair();
    for time in 0..30 {
        drop_file(&mut world, 0, &CARDS.replace("Marta", &format!("Marta {time}")));
    }
    let chunks = world.stations[0].store.keys().filter(|(_, key)| key.starts_with("contacts/")).count();
    assert!(chunks <= 11, "{chunks}");
    let store = std::mem::take(&mut world.stations[0].store);
    let next = world.station();
    world.stations[next].store = store;
    world.boot(next, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    index(&mut world, next);
    let hits = world.stations[next].phone.contacts().search("marta", 9);
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].contact.name, "Marta 29 Ruiz", "the newest stays");
}
