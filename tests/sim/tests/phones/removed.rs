//! Dropped contacts that the person removes, one by one or all.

use super::book::{
    CARDS, card, chunks, drop_file, drop_files, give_file, index, is_indexed,
    is_never_found_while_the_store_is_read, is_stored, names, reload, reload_with, remove,
};
use softframe_phone::{Action, view};
use softframe_sim::World;

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

#[test]
fn contact_of_a_large_book_whose_removal_was_cut_short_is_not_found_for_a_moment_while_the_book_is_read() {
    let mut world = World::pair();
    let cards: String = (0..12_000).map(|n| card(&format!("Person{n}"), n)).collect();
    drop_file(&mut world, 0, &[card("Bonifaz", 99_999), cards].concat());
    remove(&mut world, 0, 0);
    assert!(is_stored(&world, 0, "Bonifaz"), "the page ends at once");
    let next = is_never_found_while_the_store_is_read(&mut world, 0, "Bonifaz");
    assert_eq!(world.stations[next].phone.contacts().len(), 12_000);
}

#[test]
fn contact_that_is_back_while_its_chunk_is_looked_for_is_there_when_the_page_is_opened_again() {
    let mut world = World::pair();
    let cards: String = (0..12_000).map(|n| card(&format!("Person{n}"), n)).collect();
    drop_file(&mut world, 0, &[cards, card("Bonifaz", 99_999)].concat());
    remove(&mut world, 0, 0);
    let (now, before) = (world.now, chunks(&world, 0).len());
    // The way through the chunks begins when the index is done, and the last of them holds who is looked for.
    let mut looks = 0;
    while looks < 50 {
        world.stations[0].phone.contacts_step(now, 1);
        world.settle();
        looks += usize::from(world.stations[0].phone.contacts().progress().is_none());
    }
    assert!(is_stored(&world, 0, "Bonifaz"));
    give_file(&mut world, 0, 2, "again.vcf", &card("Bonifaz", 99_999));
    for _ in 0..200 {
        world.stations[0].phone.contacts_step(now, 1);
        world.settle();
        if chunks(&world, 0).len() > before {
            break;
        }
    }
    assert_eq!(chunks(&world, 0).len(), before + 1, "it is stored again; the page ends at once");
    let next = reload(&mut world, 0);
    assert_eq!(world.stations[next].phone.contacts().len(), 12_001);
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
fn contact_whose_mark_of_removal_a_full_disk_left_in_memory_stays_away_and_leaves_no_octet() {
    let mut world = World::pair();
    // So many that one of them alone is no reason to make the index anew.
    let cards: String = (0..40).map(|n| card(&format!("Person{n}"), n)).collect();
    drop_file(&mut world, 0, &[card("Zqxifaz", 99_999), cards].concat());
    remove(&mut world, 0, 40);
    assert!(is_stored(&world, 0, "Zqxifaz"), "the page ends at once");
    let next = reload_with(&mut world, 0, |station| station.given_last = Some("absent/"));
    let contacts = world.stations[next].phone.contacts();
    assert_eq!(contacts.len(), 40);
    assert!(contacts.search("zqxifaz", 1).is_empty());
    assert!(is_indexed(&world, next, "Person7") && !is_indexed(&world, next, "Zqxifaz"));
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
