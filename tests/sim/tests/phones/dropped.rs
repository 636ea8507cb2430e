//! Files of contacts that are dropped, and kept for the account.

use super::book::{
    CARDS, card, chunks, drop_file, drop_files, file_names, import, index, names, reload, remove_file,
};
use softframe_phone::{Action, FileEvent, Input, view};
use softframe_sim::World;

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
fn damaged_value_of_the_store_is_told_to_the_page_and_to_the_person() {
    let mut world = World::pair();
    for _ in 0..3 {
        world.input(0, Input::StorageFailed(softframe_phone::StorageError::Damaged));
    }
    assert_eq!(world.stations[0].kinds("softframe:error").len(), 1);
    assert_eq!(world.view(0).toast.unwrap().text.id, "contacts.damaged");
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
