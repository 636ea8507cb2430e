//! Dropped contacts in the account's space of the store: chunks that are added, read again, and now and then
//! written anew.
//!
//! It never deletes a chunk before its contacts are in another one.

use crate::{Phone, StorageError, StoreRequest};
use litemap::LiteMap;
use softframe_contacts::{Contact, Mode, Source, chunk};
use softframe_sip::Instant;
use std::collections::VecDeque;

/// Where the chunks are.
const PREFIX: &str = "contacts/";
/// More chunks than twice the need, and these: files were dropped again, or many small ones.
const SPARE_CHUNKS: usize = 8;

/// What is known of the store.
#[derive(Default)]
pub(crate) struct Kept {
    /// Chunks that came from it and are not in the index yet.
    stored: VecDeque<Vec<u8>>,
    /// The chunks it has.
    numbers: LiteMap<u64, ()>,
    /// It was read: only then is it known which numbers are free.
    loaded: bool,
    rewrite: Option<Rewrite>,
}

/// All contacts go into new chunks, then the old ones go.
struct Rewrite {
    cursor: u64,
    old: Vec<u64>,
}

impl Kept {
    /// Chunks wait to be taken in.
    pub(super) fn waits(&self) -> bool {
        !self.stored.is_empty()
    }
}

impl Phone {
    /// One chunk of the store.
    pub(super) fn step_stored(&mut self, now: Instant) -> bool {
        let Some(chunk) = self.push.kept.stored.pop_front() else { return false };
        if self.contacts.push_chunk(&Source::Vcard, &chunk).is_err() {
            self.storage_failed(now, StorageError::Damaged);
        }
        if self.push.kept.stored.is_empty() {
            self.contacts.end(&Source::Vcard);
        }
        true
    }

    /// Dropped contacts go into the account's space; without an account they wait for the next one.
    /// Says if more remains.
    pub(super) fn save_chunk(&mut self) -> bool {
        let Some(space) = self.space().filter(|_| self.push.kept.loaded) else { return false };
        let count = self.push.unsaved.len().min(chunk::MAX_CONTACTS);
        if count == 0 {
            return false;
        }
        let contacts: Vec<Contact> = self.push.unsaved.drain(..count).collect();
        self.put_chunk(space, &contacts);
        !self.push.unsaved.is_empty()
    }

    fn put_chunk(&mut self, space: String, contacts: &[Contact]) {
        let number = self.push.kept.numbers.last().map_or(0, |(last, ())| last.saturating_add(1));
        self.push.kept.numbers.insert(number, ());
        self.store(StoreRequest::Put { space, key: key_of(number), value: chunk::encode(contacts) });
    }

    /// A chunk of the rewriting that is due or under way; says if more remains. Only where all else is done: a
    /// file that came in between ends it, and the next time begins anew.
    pub(super) fn rewrite_step(&mut self) -> bool {
        let idle = self.push.files.is_empty() && self.push.open.is_empty() && self.push.unsaved.is_empty();
        let Some(space) = self.space().filter(|_| self.push.kept.loaded && idle) else {
            self.push.kept.rewrite = None;
            return false;
        };
        let Some(rewrite) = self.push.kept.rewrite.take() else {
            let needed = self.dropped_count().div_ceil(chunk::MAX_CONTACTS);
            let due = self.push.kept.numbers.len() > needed * 2 + SPARE_CHUNKS;
            let old = self.push.kept.numbers.keys().copied().collect();
            self.push.kept.rewrite = due.then_some(Rewrite { cursor: 0, old });
            return due;
        };
        match self.contacts.export(&Source::Vcard, rewrite.cursor) {
            Some((contacts, cursor)) => {
                self.put_chunk(space, &contacts);
                self.push.kept.rewrite = Some(Rewrite { cursor, ..rewrite });
                true
            }
            None => {
                for number in rewrite.old {
                    self.push.kept.numbers.remove(&number);
                    self.store(StoreRequest::Delete { space: space.clone(), prefix: key_of(number) });
                }
                false
            }
        }
    }

    fn dropped_count(&self) -> usize {
        let of_files = |(source, count): (Source, usize)| (source == Source::Vcard).then_some(count);
        self.contacts.sources().into_iter().find_map(of_files).unwrap_or(0)
    }

    /// A value of the account's space.
    pub(crate) fn loaded(&mut self, space: &str, key: &str, value: Vec<u8>) {
        if self.space().as_deref() != Some(space) {
            return;
        }
        if let Some(number) = key.strip_prefix(PREFIX) {
            self.push.kept.numbers.extend(number.parse::<u64>().map(|number| (number, ())));
            if self.push.kept.stored.is_empty() {
                self.contacts.begin(Source::Vcard, Mode::Upsert);
            }
            self.push.kept.stored.push_back(value);
            self.wants_index();
        } else if key.starts_with("history") {
            self.history.restore(key, &value);
        }
    }

    pub(crate) fn load_ended(&mut self, space: &str) {
        if self.space().as_deref() == Some(space) {
            self.push.kept.loaded = true;
            self.wants_index();
        }
    }

    /// "Remove all": also from the store.
    pub(crate) fn remove_dropped(&mut self) {
        self.contacts.clear(&Source::Vcard);
        self.push.unsaved.clear();
        self.push.kept.stored.clear();
        self.push.kept.numbers.clear();
        self.push.kept.rewrite = None;
        if let Some(space) = self.space() {
            self.store(StoreRequest::Delete { space, prefix: PREFIX.to_owned() });
        }
        self.wants_index();
    }
}

fn key_of(number: u64) -> String {
    format!("{PREFIX}{number:08}")
}
