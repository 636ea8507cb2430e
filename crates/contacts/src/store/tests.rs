//! Where limits end, by one so low that it is soon reached, and what is told of the contacts that are in.
//!
//! It never counts in real time: steps are made until nothing waits.

use super::*;
use crate::{MAX_CONTACTS, MOST};

fn contact(at: usize) -> Contact {
    Contact { id: at.to_string(), name: format!("Ana {at}"), ..Contact::default() }
}

fn push(contacts: &mut Contacts, source: &Source, mode: Mode, rows: impl Iterator<Item = usize>) -> Indexed {
    contacts.begin(source.clone(), mode);
    for at in rows {
        contacts.push(source, contact(at));
    }
    contacts.end(source);
    while contacts.step(16) {}
    contacts.poll_indexed().unwrap()
}

#[test]
fn one_contact_more_than_a_million_of_all_sources_is_refused_and_counted_and_nothing_else_is_lost() {
    assert_eq!(MAX_CONTACTS, 1_000_000);
    let mut contacts = Contacts::new();
    let (host, cards) = (Source::Host("host".into()), Source::Vcard);
    let first = push(&mut contacts, &cards, Mode::Upsert, 0..100);
    assert_eq!((first.added, first.rejected), (100, 0));

    // The last that there is room for is in, and the three behind it are not.
    let full = push(&mut contacts, &host, Mode::Upsert, 0..MOST - 100 + 3);
    assert_eq!((full.added, full.count, full.rejected), (MOST - 100, MOST - 100, 3));
    assert_eq!(full.reasons, [(Rejection::TooLarge, 3)]);
    assert_eq!(contacts.len(), MOST);
    assert!(contacts.get(&host, &(MOST - 101).to_string()).is_some());
    assert!(contacts.get(&host, &(MOST - 100).to_string()).is_none());
    assert_eq!(contacts.search("ana", MOST + 9).len(), MOST);

    // Who is there can be exchanged, and a row behind one that is refused counts as any other.
    contacts.push(&host, contact(MOST));
    contacts.push(&host, Contact { name: "Bea".into(), ..contact(7) });
    contacts.end(&host);
    while contacts.step(16) {}
    let changed = contacts.poll_indexed().unwrap();
    assert_eq!((changed.added, changed.updated, changed.rejected), (0, 1, 1));
    assert_eq!(contacts.get(&host, "7").unwrap().contact.name, "Bea");

    // Whoever goes makes room, in whatever source, for just as many.
    contacts.remove(&cards, &["5".to_owned()]);
    while contacts.step(16) {}
    assert_eq!(contacts.poll_indexed().unwrap().removed, 1);
    let again = push(&mut contacts, &host, Mode::Upsert, [MOST, MOST + 1].into_iter());
    assert_eq!((again.added, again.rejected), (1, 1));
    assert_eq!(contacts.len(), MOST);

    // A book that is full is replaced by itself, though for a while there are two of it.
    let replaced = push(&mut contacts, &host, Mode::Replace, 0..MOST - 100);
    assert_eq!((replaced.count, replaced.rejected, replaced.removed), (MOST - 100, 0, 1));
    assert_eq!(contacts.len(), MOST - 1);

    // Whoever took the last place in a replacement has it, also when named again.
    let twice = push(&mut contacts, &cards, Mode::Replace, [MOST, MOST, 0].into_iter());
    assert_eq!((twice.count, twice.rejected, twice.removed), (2, 0, 98), "{twice:?}");
}

#[test]
fn source_that_is_one_too_many_is_refused_row_by_row_and_each_is_counted() {
    let mut contacts = Contacts::new();
    let source = |at: usize| Source::Host(format!("s{at}"));
    for at in 0..MAX_SOURCES {
        push(&mut contacts, &source(at), Mode::Upsert, 0..1);
    }
    let refused = push(&mut contacts, &source(MAX_SOURCES), Mode::Upsert, 0..3);
    // The begin of its push is refused, too.
    assert_eq!((refused.source, refused.count, refused.rejected), (source(MAX_SOURCES), 0, 4));
    assert_eq!(refused.reasons, [(Rejection::TooLarge, 4)]);
    assert_eq!(contacts.len(), MAX_SOURCES);
}

#[test]
fn rows_of_a_source_that_is_cleared_are_no_longer_known_to_come() {
    let mut contacts = Contacts::new();
    let (host, cards) = (Source::Host("host".into()), Source::Vcard);
    (0..40).for_each(|at| contacts.push(&host, contact(at)));
    (0..2).for_each(|at| contacts.push(&cards, contact(at)));
    assert_eq!(contacts.progress(), Some((0, 42)));
    contacts.clear(&host);
    assert_eq!(contacts.progress(), Some((0, 2)));
}

#[test]
fn who_was_removed_is_not_exported_though_the_segment_still_has_the_record() {
    let mut contacts = Contacts::new();
    push(&mut contacts, &Source::Vcard, Mode::Upsert, 0..100);
    contacts.remove(&Source::Vcard, &["3".to_owned(), "99".to_owned()]);
    while contacts.step(16) {}
    let (rows, cursor) = contacts.export(&Source::Vcard, 0).unwrap();
    let ids: Vec<usize> = rows.iter().map(|row| row.id.parse().unwrap()).collect();
    assert_eq!(ids, (0..99).filter(|at| *at != 3).collect::<Vec<_>>());
    assert_eq!(contacts.export(&Source::Vcard, cursor), None);
}
