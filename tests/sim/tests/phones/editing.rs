//! Changing one dropped contact: what is found, kept, and what becomes of it when its file comes again.

use super::book::{card, drop_files, import, index, is_stored, names, reload};
use softframe_phone::{Action, view};
use softframe_sim::World;

/// Opens the form of the contact in this place of the list.
fn open_form(world: &mut World, station: usize, place: usize) {
    world.act(station, Action::CloseSheet);
    let row = world.stations[station].phone.contact_rows(place, 1).remove(0);
    world.act(station, Action::OpenContact(row.key));
    world.act(station, Action::EditContact);
}

fn form(world: &World, station: usize) -> (view::Draft, Option<view::Fault>) {
    match world.view(station).sheet {
        Some(view::Sheet::Edit { draft, fault, .. }) => (draft, fault),
        other => panic!("{other:?}"),
    }
}

/// The person types another name and number, and saves.
fn change(world: &mut World, station: usize, place: usize, name: &str, number: &str) {
    open_form(world, station, place);
    let (draft, _) = form(world, station);
    let numbers = vec![number.to_owned(), String::new()];
    world.act(station, Action::ContactDraft(view::Draft { name: name.to_owned(), numbers, ..draft }));
    world.act(station, Action::SaveContact);
    assert_eq!(world.view(station).sheet, None);
    index(world, station);
}

/// Names that a search finds.
fn found(world: &World, station: usize, query: &str) -> Vec<String> {
    let hits = world.stations[station].phone.contacts().search(query, 9);
    hits.into_iter().map(|hit| hit.contact.name).collect()
}

fn named(world: &World, station: usize, number: &str) -> Vec<String> {
    let hits = world.stations[station].phone.contacts().by_number(number);
    hits.into_iter().map(|hit| hit.contact.name).collect()
}

const FILE: [(&str, u32); 3] = [("Anazq", 5_550_001), ("Bozq", 5_550_002), ("Cyzq", 5_550_003)];

fn file() -> String {
    FILE.map(|(name, number)| card(name, number)).concat()
}

#[test]
fn changed_contact_is_found_named_and_kept_and_nothing_of_the_old_text_is_left() {
    let mut world = World::pair();
    drop_files(&mut world, 0, &[("a.vcf", &file())]);
    change(&mut world, 0, 1, "Noor Khan", "+34 600 111 222");
    assert_eq!(
        world.view(0).toast.map(|toast| toast.text),
        Some(view::Text::with("contact.saved", "name", "Noor Khan"))
    );
    assert_eq!(found(&world, 0, "noor"), ["Noor Khan"]);
    assert_eq!(named(&world, 0, "+34600111222"), ["Noor Khan"]);
    assert!(found(&world, 0, "bozq").is_empty() && named(&world, 0, "5550002").is_empty());
    // The id of a card is no text of a person, and stays: it is made of the name by the test alone.
    assert!(is_stored(&world, 0, "Noor Khan") && !is_stored(&world, 0, "5550002"));
    let index = format!("{:?}", world.stations[0].phone.contacts());
    let octets = |text: &str| text.bytes().map(|octet| octet.to_string()).collect::<Vec<_>>().join(", ");
    assert!(index.contains(&octets("5550001")) && !index.contains(&octets("5550002")));
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Anazq", "Cyzq", "Noor Khan"]);
    assert_eq!(named(&world, next, "+34600111222"), ["Noor Khan"]);
}

#[test]
fn the_same_file_again_undoes_no_change_also_after_a_reload() {
    let mut world = World::pair();
    drop_files(&mut world, 0, &[("a.vcf", &file())]);
    change(&mut world, 0, 1, "Noor Khan", "+34 600 111 222");
    change(&mut world, 0, 2, "Noor Khan-Smith", "+34 600 111 222");
    drop_files(&mut world, 0, &[("a.vcf", &file())]);
    let (added, updated, _, _) = import(&world, 0);
    assert_eq!((added, updated), (0, 0));
    assert_eq!(names(&world, 0), ["Anazq", "Cyzq", "Noor Khan-Smith"]);
    let next = reload(&mut world, 0);
    drop_files(&mut world, next, &[("a.vcf", &file())]);
    assert_eq!(names(&world, next), ["Anazq", "Cyzq", "Noor Khan-Smith"]);
}

#[test]
fn a_card_that_has_changed_since_takes_the_place_of_what_the_person_typed() {
    let mut world = World::pair();
    drop_files(&mut world, 0, &[("a.vcf", &file())]);
    change(&mut world, 0, 1, "Noor Khan", "+34 600 111 222");
    let news = file().replace("5550002", "5550009");
    drop_files(&mut world, 0, &[("a.vcf", &news)]);
    assert_eq!(import(&world, 0).1, 1, "it is said that one was updated");
    assert_eq!(named(&world, 0, "5550009"), ["Bozq"]);
    // The first file again is one more change of the card.
    drop_files(&mut world, 0, &[("a.vcf", &file())]);
    assert_eq!(named(&world, 0, "5550002"), ["Bozq"]);
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Anazq", "Bozq", "Cyzq"]);
}

#[test]
fn changed_contact_goes_with_its_file_and_with_remove_all() {
    let mut world = World::pair();
    drop_files(&mut world, 0, &[("a.vcf", &file()), ("b.vcf", &card("Dizq", 5_550_004))]);
    change(&mut world, 0, 1, "Noor Khan", "+34 600 111 222");
    world.act(0, Action::OpenSettings);
    let files = match world.view(0).screen {
        view::Screen::Settings(settings) => settings.files,
        other => panic!("{other:?}"),
    };
    world.act(0, Action::RemoveFile(files[0].0));
    world.act(0, Action::RemoveAllContacts);
    index(&mut world, 0);
    assert_eq!(names(&world, 0), ["Dizq"]);
    let next = reload(&mut world, 0);
    assert_eq!(names(&world, next), ["Dizq"]);
    assert!(!is_stored(&world, 0, "Noor"));
    change(&mut world, 0, 0, "Noor Khan", "1");
    for _ in 0..2 {
        world.act(0, Action::RemoveAllContacts);
    }
    index(&mut world, 0);
    let left: Vec<_> = world.stations[0].store.keys().filter(|(_, key)| key.starts_with("edits/")).collect();
    assert!(left.is_empty() && !is_stored(&world, 0, "Noor"), "{left:?}");
}

#[test]
fn form_says_what_is_missing_and_a_kind_stays_with_its_number() {
    let mut world = World::pair();
    let text = card("Ana", 1)
        .replace("TEL:1", "EMAIL:ana@a.example\r\nORG:Acme\r\nTEL;TYPE=CELL:201\r\nTEL;TYPE=WORK:202");
    drop_files(&mut world, 0, &[("a.vcf", &text)]);
    open_form(&mut world, 0, 0);
    let (draft, fault) = form(&world, 0);
    let numbers = ["201", "202", ""].map(str::to_owned).to_vec();
    let of_card =
        view::Draft { name: "Ana".into(), company: "Acme".into(), email: "ana@a.example".into(), numbers };
    assert_eq!((&draft, fault), (&of_card, None));
    for (wrong, fault) in [
        (view::Draft { name: " ".into(), ..draft.clone() }, view::Fault::Name),
        (view::Draft { numbers: vec![String::new()], ..draft.clone() }, view::Fault::NoNumber),
        (view::Draft { numbers: vec!["201".into(), "none".into()], ..draft.clone() }, view::Fault::Number(1)),
    ] {
        world.act(0, Action::ContactDraft(wrong));
        world.act(0, Action::SaveContact);
        assert_eq!(form(&world, 0).1, Some(fault));
    }
    // The first number goes, the second changes and stays one of work, a third comes.
    let numbers = ["", "203", "204"].map(str::to_owned).to_vec();
    world.act(0, Action::ContactDraft(view::Draft { numbers, email: String::new(), ..draft }));
    assert_eq!(form(&world, 0).0.numbers.len(), 4, "there is room for one more");
    world.act(0, Action::SaveContact);
    index(&mut world, 0);
    match world.view(0).screen {
        view::Screen::Contact(page) => {
            let kinds: Vec<_> =
                page.numbers.iter().map(|(number, kind, _)| (number.as_str(), *kind)).collect();
            assert_eq!((kinds, page.email.as_str()), (vec![("203", "contact.work"), ("204", "")], ""));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn form_gives_way_to_a_call_and_has_what_was_typed_after_it() {
    let mut world = World::pair();
    drop_files(&mut world, 1, &[("a.vcf", &file())]);
    open_form(&mut world, 1, 0);
    let (draft, _) = form(&world, 1);
    let typed = view::Draft { name: "Half a na".into(), ..draft };
    world.act(1, Action::ContactDraft(typed.clone()));
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    assert_eq!(world.view(1).sheet, None, "a call outranks everything");
    world.host(0, r#"{"type":"hangup"}"#);
    world.run(1_000);
    assert_eq!(form(&world, 1).0, typed);
    world.act(1, Action::Back);
    assert_eq!(world.view(1).sheet, None);
}

#[test]
fn contact_of_the_page_has_no_form() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"contacts","data":[{"id":1,"name":"Ana","phones":["200"]}]}"#);
    index(&mut world, 0);
    let row = world.stations[0].phone.contact_rows(0, 1).remove(0);
    world.act(0, Action::OpenContact(row.key));
    world.act(0, Action::EditContact);
    assert_eq!(world.view(0).sheet, None);
}
