//! Dropped contacts on their way into the store, packed as they will lie there.
//!
//! It never holds more than a chunk of them unpacked: without an account they may wait for a long time.

use super::kept::CHUNK_CONTACTS;
use softframe_contacts::{Contact, chunk};
use std::{collections::VecDeque, rc::Rc};

/// Octets that may wait for an account: as many contacts as the index takes (protocol.md 1.7), if they are as long as
/// most (62 octets). What comes after those is in the index until the page is closed.
const MAX_OCTETS: usize = 64 * 1_024 * 1_024;

/// Chunks that are full, and one that is being filled.
#[derive(Default)]
pub(super) struct Unsaved {
    full: VecDeque<(Rc<str>, Vec<u8>)>,
    octets: usize,
    file: Option<Rc<str>>,
    open: Vec<Contact>,
}

impl Unsaved {
    /// One contact of a file; `false` if there is no room.
    pub(super) fn push(&mut self, file: &Rc<str>, contact: Contact) -> bool {
        if self.octets >= MAX_OCTETS {
            return false;
        }
        if self.open.len() >= CHUNK_CONTACTS || self.file.as_ref().is_some_and(|open| open != file) {
            self.close();
        }
        self.file = Some(file.clone());
        self.open.push(contact);
        true
    }

    fn close(&mut self) {
        let Some(file) = self.file.take().filter(|_| !self.open.is_empty()) else { return };
        let octets = chunk::encode(&std::mem::take(&mut self.open));
        self.octets += octets.len();
        self.full.push_back((file, octets));
    }

    /// The oldest chunk with the name of its file.
    pub(super) fn pop(&mut self) -> Option<(Rc<str>, Vec<u8>)> {
        if self.full.is_empty() {
            self.close();
        }
        let (file, octets) = self.full.pop_front()?;
        self.octets = self.octets.saturating_sub(octets.len());
        Some((file, octets))
    }

    /// Nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.full.is_empty() && self.open.is_empty()
    }

    /// A chunk is full.
    pub(super) fn has_full(&self) -> bool {
        !self.full.is_empty() || self.open.len() >= CHUNK_CONTACTS
    }

    /// Nothing waits any more.
    pub(super) fn clear(&mut self) {
        *self = Unsaved::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(n: usize, name: &str) -> Contact {
        Contact { id: n.to_string(), name: name.to_owned(), ..Contact::default() }
    }

    #[test]
    fn contacts_come_out_in_chunks_of_one_file_each_in_their_order() {
        let (a, b): (Rc<str>, Rc<str>) = (Rc::from("a.vcf"), Rc::from("b.vcf"));
        let mut unsaved = Unsaved::default();
        for n in 0..CHUNK_CONTACTS + 1 {
            assert!(unsaved.push(&a, contact(n, "Ana")));
        }
        assert!(unsaved.has_full());
        assert!(unsaved.push(&b, contact(9_999, "Bo")));
        let mut sizes = Vec::new();
        while let Some((file, octets)) = unsaved.pop() {
            sizes.push((file.to_string(), chunk::decode(&octets).expect("a chunk").len()));
        }
        let named = |file: &str, count| (file.to_owned(), count);
        assert_eq!(sizes, [named("a.vcf", CHUNK_CONTACTS), named("a.vcf", 1), named("b.vcf", 1)]);
        assert!(unsaved.is_empty());
    }

    #[test]
    fn what_waits_is_bounded_in_octets_and_room_comes_back() {
        let file: Rc<str> = Rc::from("a.vcf");
        let long = "x".repeat(256);
        let mut unsaved = Unsaved::default();
        let taken = (0..1_000_000).take_while(|n| unsaved.push(&file, contact(*n, &long))).count();
        assert!(taken * 256 > MAX_OCTETS * 9 / 10 && taken < 300_000, "{taken}");
        assert!(unsaved.pop().is_some() && unsaved.push(&file, contact(0, "Ana")));
    }
}
