//! A contact book in a phone and in its store, as the tests of contacts fill it and look at it.

use softframe_phone::{Action, FileEvent, Input, view};
use softframe_sim::{Station, World};

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

pub(crate) fn drop_file(world: &mut World, station: usize, text: &str) {
    drop_files(world, station, &[("team.vcf", text)]);
}

pub(crate) fn drop_files(world: &mut World, station: usize, files: &[(&str, &str)]) {
    for (file, (name, text)) in (1..).zip(files) {
        give_file(world, station, file, name, text);
    }
    index(world, station);
}

/// Hands over a file, which is not read yet.
pub(crate) fn give_file(world: &mut World, station: usize, file: u64, name: &str, text: &str) {
    let (octets, name) = (text.as_bytes(), name.to_owned());
    let size = octets.len() as u64;
    world.input(station, Input::File(FileEvent::Begin { file, name, size }));
    for chunk in octets.chunks(100) {
        world.input(station, Input::File(FileEvent::Chunk { file, octets: chunk.to_vec() }));
    }
    world.input(station, Input::File(FileEvent::End { file }));
}

/// The names in the contact list.
pub(crate) fn names(world: &World, station: usize) -> Vec<String> {
    world.stations[station].phone.contact_rows(0, 99).into_iter().map(|row| row.name).collect()
}

/// The values of the store below `contacts/`, as they lie there.
pub(crate) fn chunks(world: &World, station: usize) -> Vec<(String, Vec<u8>)> {
    let store = world.stations[station].store.iter();
    let chunks = store.filter(|((_, key), _)| key.starts_with("contacts/"));
    chunks.map(|((_, key), value)| (key.clone(), value.clone())).collect()
}

/// Whether any chunk holds this text.
pub(crate) fn is_stored(world: &World, station: usize, text: &str) -> bool {
    let holds = |octets: &[u8]| octets.windows(text.len()).any(|window| window == text.as_bytes());
    chunks(world, station).iter().any(|(_, octets)| holds(octets))
}

/// Whether the index of a phone has this text anywhere, also where nothing finds it.
pub(crate) fn is_indexed(world: &World, station: usize, text: &str) -> bool {
    let octets = text.bytes().map(|octet| octet.to_string()).collect::<Vec<_>>().join(", ");
    format!("{:?}", world.stations[station].phone.contacts()).contains(&octets)
}

/// A phone of the same account that starts with what the store of the other has.
pub(crate) fn reload(world: &mut World, station: usize) -> usize {
    reload_with(world, station, |_| ())
}

/// The same, of a store that is made different before it is read.
pub(crate) fn reload_with(world: &mut World, station: usize, change: impl Fn(&mut Station)) -> usize {
    let store = world.stations[station].store.clone();
    let next = world.station();
    world.stations[next].store = store;
    change(&mut world.stations[next]);
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

/// Removes the contact in this place of the list.
pub(crate) fn remove(world: &mut World, station: usize, place: usize) {
    world.act(station, Action::CloseSheet);
    let row = world.stations[station].phone.contact_rows(place, 1).remove(0);
    world.act(station, Action::OpenContact(row.key));
    world.act(station, Action::RemoveContact);
}

/// Removes the file of this name, as the settings do.
pub(crate) fn remove_file(world: &mut World, station: usize, name: &str) {
    world.act(station, Action::CloseSheet);
    let (number, _) = files(world, station).into_iter().find(|(_, known)| known == name).expect("the file");
    world.act(station, Action::RemoveFile(number));
    world.act(station, Action::RemoveAllContacts);
}

/// The files that the settings list.
pub(crate) fn files(world: &mut World, station: usize) -> Vec<(u32, String)> {
    world.act(station, Action::OpenSettings);
    match world.view(station).screen {
        view::Screen::Settings(settings) => settings.files,
        other => panic!("{other:?}"),
    }
}

/// A phone of the same account opens and takes in what the store has, a little at a time: after each step nobody is found
/// for `gone`, though others were found before the last one was in.
pub(crate) fn is_never_found_while_the_store_is_read(world: &mut World, station: usize, gone: &str) -> usize {
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

pub(crate) fn file_names(world: &mut World, station: usize) -> Vec<String> {
    files(world, station).into_iter().map(|(_, name)| name).collect()
}

/// One good card and one that nobody can be called by.
pub(crate) const CARDS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Marta Ruiz\r\nTEL;TYPE=CELL:201\r\nEND:VCARD\r\n\
                     BEGIN:VCARD\r\nVERSION:3.0\r\nFN:No Number\r\nEND:VCARD\r\n";
