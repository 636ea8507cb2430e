//! Contacts that the person removed and that may still lie in a chunk: the store has a mark of each before anything else is
//! done, so that nobody comes back where the page ends at once.
//!
//! It never keeps a mark longer than it takes to clean the chunks.

use super::edits::number_of;
use crate::{Phone, StoreRequest};
use litemap::LiteMap;
use softframe_contacts::Source;

/// Where the marks are, as `absent/ID`. It comes before the chunks in the order of the store, so that the marks are read
/// first.
pub(super) const PREFIX: &str = "absent/";

fn key_of(id: &str) -> String {
    format!("{PREFIX}{:016x}", number_of(id))
}

impl super::Kept {
    /// One that the store had.
    pub(super) fn loaded_removal(&mut self, value: Vec<u8>) {
        if let Ok(id) = String::from_utf8(value) {
            self.removed.insert(id, ());
        }
    }

    /// A contact is there again; whether it was removed before, and the store may say so.
    pub(in crate::push) fn is_back(&mut self, id: &str) -> bool {
        let is_cleaned = self.cleaning.as_mut().is_some_and(|cleaning| cleaning.is_back(id));
        self.removed.remove(id).is_some() || is_cleaned
    }
}

impl Phone {
    /// The person removes a contact.
    pub(super) fn keep_removal(&mut self, id: &str) {
        self.push.kept.removed.insert(id.to_owned(), ());
        if let Some(space) = self.space() {
            self.store(StoreRequest::Put { space, key: key_of(id), value: id.as_bytes().to_vec() });
        }
    }

    /// It is there again.
    pub(in crate::push) fn forget_removal(&mut self, id: &str) {
        if let Some(space) = self.space() {
            self.store(StoreRequest::Delete { space, prefix: key_of(id) });
        }
    }

    /// No chunk has these any more.
    pub(super) fn forget_removals(&mut self, space: &str, removed: &LiteMap<String, ()>) {
        for id in removed.keys() {
            self.store(StoreRequest::Delete { space: space.to_owned(), prefix: key_of(id) });
        }
    }

    /// The page ended before these were out of their chunks, which have just been read, maybe before their marks.
    pub(super) fn remove_again(&mut self) {
        let ids: Vec<String> = self.push.kept.removed.keys().cloned().collect();
        if !ids.is_empty() {
            self.contacts.remove(&Source::Vcard, &ids);
            self.contacts.purge(&Source::Vcard);
        }
    }
}
