//! Files of contacts that the person removes.

use super::book::{
    card, chunks, drop_file, drop_files, file_names, import, index, is_indexed,
    is_never_found_while_the_store_is_read, is_stored, names, reload, remove_file,
};
use softframe_phone::{Action, FileEvent, Input, view};
use softframe_sim::World;

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
    assert!(!is_indexed(&world, 0, "Person"));
}

#[test]
fn file_of_one_contact_beside_a_large_one_leaves_no_octet_in_the_index() {
    let mut world = World::pair();
    let cards: String = (0..3_000).map(|n| card(&format!("Person{n}"), n)).collect();
    drop_files(&mut world, 0, &[("a.vcf", &card("Bonifaz", 99_999)), ("b.vcf", &cards)]);
    assert!(is_indexed(&world, 0, "Bonifaz"));
    remove_file(&mut world, 0, "a.vcf");
    index(&mut world, 0);
    assert_eq!(world.stations[0].phone.contacts().len(), 3_000);
    assert!(!is_indexed(&world, 0, "Bonifaz"));
}

#[test]
fn file_that_is_one_too_many_at_once_is_named_and_the_twenty_before_it_are_taken() {
    let mut world = World::pair();
    for file in 1..=21 {
        let (name, text) = (format!("{file}.vcf"), card(&format!("Person{file}"), 100 + file));
        let octets = text.into_bytes();
        world.input(0, Input::File(FileEvent::Begin { file: file.into(), name, size: octets.len() as u64 }));
        world.input(0, Input::File(FileEvent::Chunk { file: file.into(), octets }));
    }
    for file in 1..=21 {
        world.input(0, Input::File(FileEvent::End { file }));
    }
    index(&mut world, 0);
    let (added, _, skipped, defects) = import(&world, 0);
    assert_eq!((added, skipped), (20, 1));
    assert_eq!(defects, [view::Skipped { file: "21.vcf".into(), line: None, why: "contacts.why.big" }]);
}

#[test]
fn file_that_grows_past_its_limit_while_it_is_read_is_cut_off_there() {
    const LIMIT: usize = 256 * 1024 * 1024;
    let mut world = World::pair();
    let (begun, name) = (card("Ana", 1).into_bytes(), "a.vcf".to_owned());
    world.input(0, Input::File(FileEvent::Begin { file: 1, name, size: begun.len() as u64 }));
    world.input(0, Input::File(FileEvent::Chunk { file: 1, octets: begun }));
    let mut more = card("Bo", 2).into_bytes();
    more.resize(LIMIT, 0);
    world.input(0, Input::File(FileEvent::Chunk { file: 1, octets: more }));
    world.input(0, Input::File(FileEvent::End { file: 1 }));
    index(&mut world, 0);
    assert_eq!(names(&world, 0), ["Ana"]);
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
