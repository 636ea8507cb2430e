//! Contacts on their way from a page or a file to a name on screen.

use serde_json::{Value, json};
use softframe_phone::{Action, FileEvent, HostInput, Input, view};
use softframe_sim::World;

/// Works until nothing is left, also of what the store answers.
pub(crate) fn index(world: &mut World, station: usize) {
    let mut rests = 0;
    for _ in 0..20_000 {
        let now = world.now;
        let more = world.stations[station].phone.contacts_step(now, 4);
        world.settle();
        rests = if more { 0 } else { rests + 1 };
        if rests > 1 {
            return;
        }
    }
    panic!("indexing does not end");
}

fn drop_file(world: &mut World, station: usize, text: &str) {
    drop_files(world, station, &[("team.vcf", text)]);
}

pub(crate) fn drop_files(world: &mut World, station: usize, files: &[(&str, &str)]) {
    for (file, (name, text)) in (1..).zip(files) {
        let (octets, name) = (text.as_bytes().to_vec(), (*name).to_owned());
        let size = octets.len() as u64;
        world.input(station, Input::File(FileEvent::Begin { file, name, size }));
        for chunk in octets.chunks(100) {
            world.input(station, Input::File(FileEvent::Chunk { file, octets: chunk.to_vec() }));
        }
        world.input(station, Input::File(FileEvent::End { file }));
    }
    index(world, station);
}

/// The names in the contact list.
pub(crate) fn names(world: &World, station: usize) -> Vec<String> {
    world.stations[station].phone.contact_rows(0, 99).into_iter().map(|row| row.name).collect()
}

/// The values of the store below `contacts/`, as they lie there.
fn chunks(world: &World, station: usize) -> Vec<(String, Vec<u8>)> {
    let store = world.stations[station].store.iter();
    let chunks = store.filter(|((_, key), _)| key.starts_with("contacts/"));
    chunks.map(|((_, key), value)| (key.clone(), value.clone())).collect()
}

/// Whether any chunk holds this text.
pub(crate) fn is_stored(world: &World, station: usize, text: &str) -> bool {
    let holds = |octets: &[u8]| octets.windows(text.len()).any(|window| window == text.as_bytes());
    chunks(world, station).iter().any(|(_, octets)| holds(octets))
}

/// A phone of the same account that starts with what the store of the other has.
pub(crate) fn reload(world: &mut World, station: usize) -> usize {
    let store = world.stations[station].store.clone();
    let next = world.station();
    world.stations[next].store = store;
    world.trust(next);
    world.boot(next, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    index(world, next);
    next
}

pub(crate) fn import(world: &World, station: usize) -> (usize, usize, usize, Vec<view::Skipped>) {
    match world.view(station).sheet {
        Some(view::Sheet::Import { added, updated, skipped, defects, .. }) => {
            (added, updated, skipped, defects)
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn card(name: &str, number: u32) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{name}\r\nFN:{name}\r\nTEL:{number}\r\nEND:VCARD\r\n")
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
    let skipped = view::Skipped { file: "team.vcf".into(), line: Some(7), why: "contacts.why.phone" };
    assert_eq!(import(&world, 0), (1, 0, 1, vec![skipped]));
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
fn push_under_way_at_a_sign_out_is_answered_once_and_leaves_nothing() {
    let mut world = World::pair();
    let head = r#"{"type":"contacts","id":"p","data":{"source":"crm"}}"#.to_owned();
    let rows = json!([{"id": 1, "name": "Ana", "phones": ["1"]}]).to_string();
    world.input(0, Input::Host(HostInput::ContactsBegin { push: 1, head }));
    world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows: rows.clone() }));
    world.act(0, Action::SignOut);
    world.run(3_000);
    assert_eq!(world.stations[0].response("p")["error"]["code"], "not_logged");
    world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows }));
    world.input(0, Input::Host(HostInput::ContactsEnd { push: 1 }));
    index(&mut world, 0);
    assert!(world.stations[0].phone.contacts().is_empty());
    let answers = world.stations[0].kinds("softframe:response");
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn file_under_way_at_a_sign_out_adds_nothing_to_the_next_account() {
    let mut world = World::pair();
    let cards: String = (0..3_000).map(|n| card(&format!("Person{n}"), n)).collect();
    let (first, rest) = cards.as_bytes().split_at(cards.len() / 2);
    let (name, size) = ("a.vcf".to_owned(), cards.len() as u64);
    world.input(0, Input::File(FileEvent::Begin { file: 1, name, size }));
    world.input(0, Input::File(FileEvent::Chunk { file: 1, octets: first.to_vec() }));
    index(&mut world, 0);
    world.act(0, Action::SignOut);
    world.run(3_000);
    world.boot(0, &world.kiosk("202", "secret-202", ""));
    world.run(3_000);
    world.input(0, Input::File(FileEvent::Chunk { file: 1, octets: rest.to_vec() }));
    world.input(0, Input::File(FileEvent::End { file: 1 }));
    index(&mut world, 0);
    assert!(world.stations[0].phone.contacts().is_empty());
    drop_file(&mut world, 0, &card("Cy", 3));
    assert_eq!(names(&world, 0), ["Cy"]);
}

#[test]
fn remove_all_asks_and_then_deletes_from_the_store() {
    let mut world = World::pair();
    drop_file(&mut world, 0, CARDS);
    world.act(0, Action::CloseSheet);
    world.act(0, Action::RemoveAllContacts);
    assert_eq!(world.view(0).sheet, Some(view::Sheet::RemoveContacts { file: None }));
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

#[test]
fn the_same_file_again_changes_nothing_in_index_and_store() {
    let mut world = World::pair();
    drop_file(&mut world, 0, CARDS);
    let stored = chunks(&world, 0);
    assert_eq!(stored.len(), 1);
    drop_file(&mut world, 0, CARDS);
    assert_eq!(import(&world, 0).0, 0, "none is new");
    assert_eq!(chunks(&world, 0), stored);
    let indexed = world.stations[0].last("contacts:indexed");
    assert_eq!(
        (&indexed["count"], &indexed["added"], &indexed["updated"]),
        (&1.into(), &0.into(), &0.into())
    );
    drop_file(&mut world, 0, &CARDS.replace("201", "202"));
    let (added, updated, ..) = import(&world, 0);
    assert_eq!((added, updated), (0, 1));
}

#[test]
fn several_files_are_told_together_and_each_bad_card_with_its_file() {
    let mut world = World::pair();
    let bad = format!("{}BEGIN:VCARD\r\nFN:Cut", card("Ana", 1));
    drop_files(&mut world, 0, &[("a.vcf", CARDS), ("b.vcf", &bad), ("c.vcf", &card("Bo", 2))]);
    let (added, updated, skipped, defects) = import(&world, 0);
    assert_eq!((added, updated, skipped), (3, 0, 2));
    let found: Vec<_> = defects.iter().map(|one| (one.file.as_str(), one.line, one.why)).collect();
    assert_eq!(found, [("a.vcf", Some(7), "contacts.why.phone"), ("b.vcf", Some(7), "contacts.why.cut")]);
    match world.view(0).sheet {
        Some(view::Sheet::Import { name, .. }) => assert_eq!(name, "a.vcf, b.vcf, c.vcf"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_the_disk_refuses_or_that_are_too_large_are_listed_with_their_names_and_cost_no_other() {
    let mut world = World::pair();
    let broken = card("Half", 7);
    let size = 2 * broken.len() as u64;
    world.input(0, Input::File(FileEvent::Begin { file: 8, name: "moved.vcf".into(), size }));
    world.input(0, Input::File(FileEvent::Chunk { file: 8, octets: broken.into_bytes() }));
    world.input(0, Input::File(FileEvent::Broken { file: 8 }));
    let size = 257 * 1_024 * 1_024;
    world.input(0, Input::File(FileEvent::Begin { file: 9, name: "huge.vcf".into(), size }));
    drop_file(&mut world, 0, CARDS);
    let (added, _, skipped, defects) = import(&world, 0);
    // What was read before the end is in.
    assert_eq!((added, skipped), (2, 3));
    let found: Vec<_> = defects.iter().map(|one| (one.file.as_str(), one.line, one.why)).collect();
    let expected = [
        ("huge.vcf", None, "contacts.why.big"),
        ("moved.vcf", None, "contacts.why.disk"),
        ("team.vcf", Some(7), "contacts.why.phone"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn file_that_cannot_be_read_is_named_in_a_toast_during_a_call() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    world.input(0, Input::File(FileEvent::Begin { file: 1, name: "moved.vcf".into(), size: 9 }));
    world.input(0, Input::File(FileEvent::Broken { file: 1 }));
    index(&mut world, 0);
    let toast = world.view(0).toast.expect("a toast");
    assert_eq!((toast.text.id, toast.error), ("contacts.unread", true));
    assert!(toast.text.args.contains(&("name", "moved.vcf".to_owned())), "{:?}", toast.text);
}

#[test]
fn one_dropped_contact_is_removed_from_index_and_store_and_comes_back_by_undo() {
    let mut world = World::pair();
    let file = [card("Ana", 1), card("Bo", 2), card("Cy", 3)].concat();
    drop_file(&mut world, 0, &file);
    world.act(0, Action::CloseSheet);
    let row = world.stations[0].phone.contact_rows(1, 1).remove(0);
    world.act(0, Action::OpenContact(row.key.clone()));
    match world.view(0).screen {
        view::Screen::Contact(page) => assert!(page.removable && !page.click),
        other => panic!("{other:?}"),
    }
    world.act(0, Action::RemoveContact);
    assert_eq!(world.view(0).toast.unwrap().text.id, "contact.removed");
    index(&mut world, 0);
    assert_eq!(names(&world, 0), ["Ana", "Cy"]);
    assert!(!is_stored(&world, 0, "Bo") && is_stored(&world, 0, "Cy"));
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Ana", "Cy"]);
    world.act(0, Action::Undo);
    index(&mut world, 0);
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Ana", "Bo", "Cy"]);
}

/// Removes the contact in this place of the list.
fn remove(world: &mut World, station: usize, place: usize) {
    world.act(station, Action::CloseSheet);
    let row = world.stations[station].phone.contact_rows(place, 1).remove(0);
    world.act(station, Action::OpenContact(row.key));
    world.act(station, Action::RemoveContact);
}

#[test]
fn contact_whose_removal_was_cut_short_by_the_end_of_the_page_stays_away_and_leaves_no_mark() {
    let mut world = World::pair();
    drop_file(&mut world, 0, &[card("Ana", 1), card("Bo", 2), card("Cy", 3)].concat());
    remove(&mut world, 0, 1);
    assert!(is_stored(&world, 0, "Bo"), "the page ends at once");
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Ana", "Cy"]);
    let marks = |world: &World| {
        world.stations[next].store.keys().filter(|(_, key)| key.starts_with("absent/")).count()
    };
    assert!(!is_stored(&world, next, "Bo") && is_stored(&world, next, "Cy"));
    assert_eq!(marks(&world), 0, "it is out of the chunk");
    let again = reload(&mut world, next);
    assert_eq!(names(&world, again), ["Ana", "Cy"]);
}

/// A phone of the same account opens and takes in what the store has, a little at a time: after each step nobody is found
/// for `gone`, though others were found before the last one was in.
fn is_never_found_while_the_store_is_read(world: &mut World, station: usize, gone: &str) -> usize {
    let store = world.stations[station].store.clone();
    let next = world.station();
    world.stations[next].store = store;
    world.trust(next);
    world.boot(next, &world.kiosk("200", "secret-200", ""));
    let mut early = 0;
    while !world.stations[next].heard.iter().any(|told| told["type"] == "contacts:indexed") {
        world.run(10);
        let now = world.now;
        world.stations[next].phone.contacts_step(now, 1);
        let contacts = world.stations[next].phone.contacts();
        assert!(contacts.search(gone, 1).is_empty(), "{gone} is found after {early} steps");
        early += usize::from(!contacts.is_empty());
    }
    assert!(early > 100, "the others are found while the rest is read: {early}");
    index(world, next);
    next
}

#[test]
fn contact_of_a_large_book_whose_removal_was_cut_short_is_not_found_for_a_moment_while_the_book_is_read() {
    let mut world = World::pair();
    let cards: String = (0..12_000).map(|n| card(&format!("Person{n}"), n)).collect();
    drop_file(&mut world, 0, &[card("Bo", 99_999), cards].concat());
    remove(&mut world, 0, 0);
    assert!(is_stored(&world, 0, "Bo"), "the page ends at once");
    let next = is_never_found_while_the_store_is_read(&mut world, 0, "Bo");
    assert_eq!(world.stations[next].phone.contacts().len(), 12_000);
}

#[test]
fn file_whose_removal_was_cut_short_is_not_found_for_a_moment_while_another_is_read() {
    let mut world = World::pair();
    let cards = |name: &str| (0..12_000).map(|n| card(&format!("{name}{n}"), n)).collect::<String>();
    drop_files(&mut world, 0, &[("a.vcf", &cards("Ana")), ("b.vcf", &cards("Bo"))]);
    remove_file(&mut world, 0, "a.vcf");
    let next = is_never_found_while_the_store_is_read(&mut world, 0, "Ana");
    assert_eq!((world.stations[next].phone.contacts().len(), chunks(&world, next).len()), (12_000, 12));
    assert!(!is_stored(&world, next, "Ana"));
}

#[test]
fn contact_that_a_full_disk_leaves_in_its_chunk_stays_away_when_the_page_is_opened_again() {
    let mut world = World::pair();
    drop_file(&mut world, 0, &[card("Ana", 1), card("Bo", 2)].concat());
    remove(&mut world, 0, 1);
    world.stations[0].is_full = true;
    index(&mut world, 0);
    assert!(is_stored(&world, 0, "Bo"), "the chunk could not be written without");
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Ana"]);
    assert!(!is_stored(&world, next, "Bo"));
}

#[test]
fn contact_that_is_back_by_undo_or_by_its_file_before_the_page_ends_is_there_when_it_is_opened_again() {
    for by_file in [false, true] {
        let mut world = World::pair();
        let file = [card("Ana", 1), card("Bo", 2)].concat();
        drop_file(&mut world, 0, &file);
        remove(&mut world, 0, 1);
        match by_file {
            true => drop_file(&mut world, 0, &file),
            false => world.act(0, Action::Undo),
        }
        let next = reload(&mut world, 0);
        assert_eq!(names(&world, next), ["Ana", "Bo"], "by its file: {by_file}");
    }
}

#[test]
fn contacts_of_the_page_cannot_be_removed_by_the_person() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"contacts","data":[{"id":1,"name":"Ana","phones":["200"]}]}"#);
    index(&mut world, 0);
    let row = world.stations[0].phone.contact_rows(0, 1).remove(0);
    world.act(0, Action::OpenContact(row.key));
    match world.view(0).screen {
        view::Screen::Contact(page) => assert!(!page.removable),
        other => panic!("{other:?}"),
    }
    world.act(0, Action::RemoveContact);
    index(&mut world, 0);
    assert_eq!(names(&world, 0), ["Ana"]);
}

#[test]
fn contacts_of_one_file_are_removed_and_those_of_another_stay() {
    let mut world = World::pair();
    let shared = card("Ana", 1);
    drop_files(
        &mut world,
        0,
        &[("a.vcf", &[shared.clone(), card("Bo", 2)].concat()), ("b.vcf", &card("Cy", 3))],
    );
    drop_files(&mut world, 0, &[("c.vcf", &shared.replace("TEL:1", "TEL:11"))]);
    world.act(0, Action::CloseSheet);
    world.act(0, Action::OpenSettings);
    let files = match world.view(0).screen {
        view::Screen::Settings(settings) => settings.files,
        other => panic!("{other:?}"),
    };
    assert_eq!(files.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["a.vcf", "b.vcf", "c.vcf"]);
    world.act(0, Action::RemoveFile(files[0].0));
    assert_eq!(world.view(0).sheet, Some(view::Sheet::RemoveContacts { file: Some("a.vcf".into()) }));
    world.act(0, Action::RemoveAllContacts);
    index(&mut world, 0);
    assert_eq!(names(&world, 0), ["Ana", "Cy"], "a later file has changed Ana");
    assert!(!is_stored(&world, 0, "Bo"));
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Ana", "Cy"]);
    assert!(!world.stations[0].store.values().any(|value| value == b"a.vcf"));
}

/// Removes the file of this name, as the settings do.
fn remove_file(world: &mut World, station: usize, name: &str) {
    world.act(station, Action::CloseSheet);
    let (number, _) = files(world, station).into_iter().find(|(_, known)| known == name).expect("the file");
    world.act(station, Action::RemoveFile(number));
    world.act(station, Action::RemoveAllContacts);
}

/// The files that the settings list.
fn files(world: &mut World, station: usize) -> Vec<(u32, String)> {
    world.act(station, Action::OpenSettings);
    match world.view(station).screen {
        view::Screen::Settings(settings) => settings.files,
        other => panic!("{other:?}"),
    }
}

fn file_names(world: &mut World, station: usize) -> Vec<String> {
    files(world, station).into_iter().map(|(_, name)| name).collect()
}

#[test]
fn file_that_goes_takes_no_name_of_another_with_it() {
    let mut world = World::pair();
    let wanted: Vec<String> = (1..=12).map(|n| format!("{n}.vcf")).collect();
    for (n, name) in (1..).zip(&wanted) {
        drop_files(&mut world, 0, &[(name, &card(&format!("Person{n}"), n))]);
    }
    assert_eq!(file_names(&mut world, 0), wanted);
    remove_file(&mut world, 0, "1.vcf");
    index(&mut world, 0);
    let next = reload(&mut world, 0);
    assert_eq!(file_names(&mut world, next), wanted[1..]);
}

#[test]
fn file_whose_removal_was_cut_short_by_the_end_of_the_page_goes_when_it_is_opened_again() {
    let mut world = World::pair();
    drop_files(&mut world, 0, &[("a.vcf", &card("Ana", 1)), ("b.vcf", &card("Bo", 2))]);
    remove_file(&mut world, 0, "a.vcf");
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Bo"]);
    assert!(!is_stored(&world, next, "Ana"));
    let again = reload(&mut world, next);
    assert_eq!(
        (names(&world, again), file_names(&mut world, again)),
        (vec!["Bo".into()], vec!["b.vcf".into()])
    );
}

#[test]
fn files_that_two_tabs_of_an_account_take_at_once_are_both_kept() {
    let mut world = World::pair();
    let other = reload(&mut world, 0);
    drop_files(&mut world, 0, &[("a.vcf", &card("Ana", 1))]);
    drop_files(&mut world, other, &[("b.vcf", &card("Bo", 2))]);
    // Both write to one store.
    let written = world.stations[other].store.clone();
    world.stations[0].store.extend(written);
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Ana", "Bo"]);
    remove_file(&mut world, next, "a.vcf");
    index(&mut world, next);
    assert_eq!(
        (names(&world, next), file_names(&mut world, next)),
        (vec!["Bo".into()], vec!["b.vcf".into()])
    );
}

#[test]
fn file_that_two_tabs_take_at_once_is_listed_once_and_goes_as_one() {
    let mut world = World::pair();
    let other = reload(&mut world, 0);
    for station in [0, other] {
        drop_files(&mut world, station, &[("a.vcf", &card("Ana", 1))]);
    }
    let written = world.stations[other].store.clone();
    world.stations[0].store.extend(written);
    let next = reload(&mut world, 0);
    assert_eq!(file_names(&mut world, next), ["a.vcf"]);
    remove_file(&mut world, next, "a.vcf");
    index(&mut world, next);
    let last = reload(&mut world, next);
    assert!(names(&world, last).is_empty() && !is_stored(&world, last, "Ana"));
}

#[test]
fn chunk_that_is_read_while_all_is_removed_brings_nobody_back() {
    let mut world = World::pair();
    drop_files(&mut world, 0, &[("a.vcf", &card("Ana", 1)), ("b.vcf", &card("Bo", 2))]);
    remove_file(&mut world, 0, "a.vcf");
    // Asks the person first.
    world.act(0, Action::RemoveAllContacts);
    let now = world.now;
    // The chunk is asked for, and comes when all is removed already.
    world.stations[0].phone.contacts_step(now, 4);
    world.act(0, Action::RemoveAllContacts);
    index(&mut world, 0);
    assert!(names(&world, 0).is_empty() && chunks(&world, 0).is_empty());
    drop_file(&mut world, 0, &card("Cy", 3));
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Cy"]);
}

#[test]
fn file_of_many_chunks_beside_another_goes_wholly_and_leaves_no_octet_in_the_index() {
    let mut world = World::pair();
    let cards: String = (0..12_000).map(|n| card(&format!("Person{n}"), n)).collect();
    drop_files(&mut world, 0, &[("a.vcf", &cards), ("b.vcf", &card("Bo", 99_999))]);
    remove_file(&mut world, 0, "a.vcf");
    index(&mut world, 0);
    assert_eq!((names(&world, 0), chunks(&world, 0).len()), (vec!["Bo".into()], 1));
    let told = world.stations[0].kinds("contacts:indexed").into_iter().filter(|told| told["removed"] != 0);
    let told: Vec<_> = told.map(|told| (told["removed"].clone(), told["count"].clone())).collect();
    assert_eq!(told, [(12_000.into(), 1.into())], "told once");
    let octets = "Person".bytes().map(|octet| octet.to_string()).collect::<Vec<_>>().join(", ");
    assert!(!format!("{:?}", world.stations[0].phone.contacts()).contains(&octets));
}

#[test]
fn only_file_goes_in_one_step_however_many_contacts_it_has() {
    let mut world = World::pair();
    let cards: String = (0..3_000).map(|n| card(&format!("Person{n}"), n)).collect();
    drop_files(&mut world, 0, &[("a.vcf", &cards)]);
    assert_eq!((names(&world, 0).len(), chunks(&world, 0).len()), (99, 3));
    remove_file(&mut world, 0, "a.vcf");
    let now = world.now;
    world.stations[0].phone.contacts_step(now, 1);
    world.settle();
    assert_eq!((names(&world, 0).len(), chunks(&world, 0).len()), (0, 0));
    index(&mut world, 0);
    assert_eq!(world.stations[0].last("contacts:indexed")["removed"], 3_000);
    assert!(!world.stations[0].store.values().any(|value| value == b"a.vcf"));
    drop_file(&mut world, 0, &card("Cy", 3));
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Cy"]);
}

#[test]
fn remove_all_leaves_no_name_in_the_store() {
    let mut world = World::pair();
    drop_files(&mut world, 0, &[("a.vcf", &card("Ana", 1)), ("b.vcf", &card("Bo", 2))]);
    assert!(is_stored(&world, 0, "Ana") && is_stored(&world, 0, "Bo"));
    for _ in 0..2 {
        world.act(0, Action::RemoveAllContacts);
    }
    index(&mut world, 0);
    let of_files = |key: &str| key.starts_with("contacts/") || key.starts_with("files/");
    assert!(!world.stations[0].store.keys().any(|(_, key)| of_files(key)));
    drop_file(&mut world, 0, &card("Cy", 3));
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Cy"]);
}

#[test]
fn torn_or_changed_chunks_cost_themselves_only() {
    let mut world = World::pair();
    for (name, number) in [("Ana", 1), ("Bo", 2), ("Cy", 3), ("Di", 4)] {
        drop_files(&mut world, 0, &[(&format!("{name}.vcf"), &card(name, number))]);
    }
    let keys: Vec<_> =
        chunks(&world, 0).into_iter().map(|(key, _)| ("200@softframe.test".to_owned(), key)).collect();
    assert_eq!(keys.len(), 4);
    let store = &mut world.stations[0].store;
    if let Some(torn) = store.get_mut(&keys[1]) {
        torn.truncate(torn.len() / 2);
    }
    if let Some(last) = store.get_mut(&keys[2]).and_then(|flipped| flipped.last_mut()) {
        *last ^= 1;
    }
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Ana", "Di"]);
    assert_eq!(world.stations[next].kinds("softframe:error").len(), 1, "told once");
    // What could not be read is not thrown away, and the next file has a number of its own.
    drop_files(&mut world, next, &[("ed.vcf", &card("Ed", 5))]);
    let again = reload(&mut world, next);
    assert_eq!(names(&world, again), ["Ana", "Di", "Ed"]);
}

#[test]
fn stored_chunks_come_back_as_one_push() {
    let mut world = World::pair();
    let file: String = (0..5_000).map(|n| card(&format!("Person {n}"), n)).collect();
    drop_file(&mut world, 0, &file);
    assert_eq!(chunks(&world, 0).len(), 5, "a thousand each");
    let next = reload(&mut world, 0);
    assert_eq!(world.stations[next].phone.contacts().len(), 5_000);
    let reports = world.stations[next].kinds("contacts:indexed");
    assert_eq!(reports.len(), 1, "told once, at the end");
}

#[test]
fn progress_is_told_at_most_four_times_a_second_also_between_small_pushes() {
    let mut world = World::pair();
    for push in 0..40 {
        let row = json!({"id": push, "name": "Ana", "phones": ["200"]});
        world.host(0, &json!({"type": "contacts", "data": [row]}).to_string());
        index(&mut world, 0);
        world.run(25);
    }
    let told = world.stations[0].kinds("contacts:indexing").len();
    assert!((1..=5).contains(&told), "{told} in a second");
}

#[test]
fn large_file_waits_outside_until_what_came_is_read() {
    let mut world = World::pair();
    let text: String = (0..3_000).map(|n| card(&format!("Person {n}"), n)).collect();
    let size = text.len() as u64;
    world.input(0, Input::File(FileEvent::Begin { file: 1, name: "big.vcf".into(), size }));
    let mut fed = 0;
    while world.stations[0].phone.wants_octets() {
        let chunk = text.as_bytes()[fed..].iter().take(16 * 1_024).copied().collect::<Vec<_>>();
        fed += chunk.len();
        assert!(fed < 100_000, "takes in {fed} octets unread");
        world.input(0, Input::File(FileEvent::Chunk { file: 1, octets: chunk }));
    }
    index(&mut world, 0);
    assert!(world.stations[0].phone.wants_octets());
    let octets = text.as_bytes()[fed..].to_vec();
    world.input(0, Input::File(FileEvent::Chunk { file: 1, octets }));
    world.input(0, Input::File(FileEvent::End { file: 1 }));
    index(&mut world, 0);
    assert_eq!(world.stations[0].phone.contacts().len(), 3_000);
}
