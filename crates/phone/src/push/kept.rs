//! Dropped contacts in the account's space of the store: chunks that are added, read again, and cleaned where they lie.
//!
//! Each chunk holds contacts of one file. It never deletes a contact that is not in another chunk, unless the person
//! removed it, and looks at the chunks one by one.

mod clean;
mod edits;
mod removals;

use crate::{Phone, StorageError, StoreRequest};
use clean::{Cleaning, Edited};
use edits::Edits;
use litemap::LiteMap;
use softframe_contacts::{Contact, Mode, Source};
use softframe_sip::Instant;
use std::{collections::VecDeque, rc::Rc};

/// Where the chunks are, as `contacts/PLACE.FILE`.
const PREFIX: &str = "contacts/";
/// Where the names of the files are, as `files/FILE`.
const FILES: &str = "files/";
/// Which files are to go, as `away/FILE`: the page may end before all of them is gone. It comes before the chunks in the
/// order of the store, so that nobody of them is found again.
const LEAVING: &str = "away/";
/// Where anything of dropped contacts is.
const PLACES: [&str; 5] = [PREFIX, FILES, LEAVING, edits::PREFIX, removals::PREFIX];
/// Bits of the number of a chunk and of a file that are drawn, below those that count: other tabs of the account count
/// to the same.
const DRAWN_OF_CHUNK: u32 = 32;
const DRAWN_OF_FILE: u32 = 16;
/// What counts in the number of a chunk has so many digits in its key.
const COUNT_DIGITS: usize = 8;
/// Contacts of a chunk: some 60 kB, packed, written and read in a fraction of a millisecond.
pub(super) const CHUNK_CONTACTS: usize = 1_024;
/// Units of work (1 kB of text each) that a chunk counts as: it is looked through and copied, no more.
const CHUNK_UNITS: u32 = 8;
/// Chunks that may wait: what came first is found before the last is read.
const MAX_STORED: usize = 8;
/// Octets of a packed contact, for the estimate of what is to come.
const CONTACT_OCTETS: usize = 62;
/// Files whose names are kept: what more files hold is removed with all.
const MAX_FILES: usize = 100;

/// What is known of the store.
#[derive(Default)]
pub(crate) struct Kept {
    /// Chunks that came from it and are not in the index yet.
    stored: VecDeque<Vec<u8>>,
    /// They are pushed to the index as one push.
    pushing: bool,
    /// The chunks it has, and the file of each; 0: of none.
    chunks: LiteMap<u64, u32>,
    /// The files it has.
    files: LiteMap<u32, String>,
    /// It was read: only then is it known which numbers are free.
    loaded: bool,
    /// Reads that it was asked for and that have not ended; and how many of these began before all was removed, so that
    /// what they bring is gone.
    reads: usize,
    void_reads: usize,
    /// Contacts that the person removed, and files: they may still be in the store, which says so, too.
    removed: LiteMap<String, ()>,
    leaving: Vec<u32>,
    /// Contacts that the person changed: the store still has them as they were.
    edited: LiteMap<String, Edited>,
    edits: Edits,
    cleaning: Option<Cleaning>,
    /// Chunks that the last cleaning left.
    clean: usize,
}

impl Kept {
    /// Chunks wait to be taken in.
    pub(super) fn waits(&self) -> bool {
        !self.stored.is_empty()
    }

    /// The store could not write something.
    pub(super) fn write_failed(&mut self) {
        if let Some(cleaning) = &mut self.cleaning {
            cleaning.has_failed = true;
        }
    }

    /// Rows of those, by estimate.
    pub(super) fn rows_to_come(&self) -> usize {
        self.stored.iter().map(Vec::len).sum::<usize>() / CONTACT_OCTETS
    }

    /// The number of a file by its name, and whether it is new: the same file again is the same.
    fn file_number(&mut self, name: &str, drawn: u16) -> (u32, bool) {
        if let Some((number, _)) = self.files.iter().find(|(_, known)| *known == name) {
            return (*number, false);
        }
        if name.is_empty() || self.files.len() >= MAX_FILES {
            return (0, false);
        }
        // A crash may have left chunks of a file whose name was not kept.
        let last =
            self.files.keys().chain(self.chunks.values()).max().map_or(0, |last| last >> DRAWN_OF_FILE);
        let number = last.wrapping_add(1) << DRAWN_OF_FILE | u32::from(drawn);
        self.files.insert(number, name.to_owned());
        (number, true)
    }

    /// Where a chunk lies.
    fn key_of(&self, number: u64) -> String {
        let (count, drawn) = (number >> DRAWN_OF_CHUNK, number as u32);
        let file = self.chunks.get(&number).copied().unwrap_or(0);
        format!("{PREFIX}{count:0COUNT_DIGITS$}{drawn:08x}.{file}")
    }

    /// A number for a chunk after all others.
    fn free_number(&self, drawn: u32) -> u64 {
        let count = self.chunks.last().map_or(0, |(last, _)| (last >> DRAWN_OF_CHUNK) + 1);
        count << DRAWN_OF_CHUNK | u64::from(drawn)
    }
}

impl Phone {
    /// Takes in one chunk of the store; what it counts as, 0 if there is none.
    pub(super) fn step_stored(&mut self, now: Instant) -> u32 {
        let Some(chunk) = self.push.kept.stored.pop_front() else { return 0 };
        let removed = &self.push.kept.removed;
        if self.contacts.push_chunk(&Source::Vcard, &chunk, |id| removed.contains_key(id)).is_err() {
            self.storage_failed(now, StorageError::Damaged);
        }
        self.end_of_stored();
        CHUNK_UNITS
    }

    /// The last chunk is in.
    fn end_of_stored(&mut self) {
        let kept = &mut self.push.kept;
        if kept.loaded && kept.stored.is_empty() && std::mem::take(&mut kept.pushing) {
            // What the disk refused is in memory and read last: such a mark comes after the chunks.
            self.remove_again();
            self.contacts.end(&Source::Vcard);
        }
    }

    /// More of the account's space may come.
    pub fn wants_stored(&self) -> bool {
        self.push.kept.stored.len() < MAX_STORED
    }

    /// Saves and cleans a little; says if more remains. `busy`: there is more to index.
    pub(super) fn keep_step(&mut self, busy: bool) -> bool {
        if busy && !self.push.unsaved.has_full() {
            return false;
        }
        self.save_chunk() || (!busy && self.clean_step())
    }

    /// Dropped contacts go into the account's space; without an account they wait for the next one.
    /// Says if more remains.
    fn save_chunk(&mut self) -> bool {
        let Some(space) = self.space().filter(|_| self.push.kept.loaded) else { return false };
        let Some((name, value)) = self.push.unsaved.pop() else { return false };
        let [a, b, c, d, e, f, ..] = self.ids.octets();
        let kept = &mut self.push.kept;
        let (file, is_new) = kept.file_number(&name, u16::from_be_bytes([a, b]));
        let number = kept.free_number(u32::from_be_bytes([c, d, e, f]));
        kept.chunks.insert(number, file);
        let key = kept.key_of(number);
        self.store(StoreRequest::Put { space: space.clone(), key, value });
        if is_new {
            let (key, value) = (file_key(FILES, file), name.as_bytes().to_vec());
            self.store(StoreRequest::Put { space, key, value });
        }
        !self.push.unsaved.is_empty()
    }

    fn dropped_count(&self) -> usize {
        let of_files = |(source, count): (Source, usize)| (source == Source::Vcard).then_some(count);
        self.contacts.sources().into_iter().find_map(of_files).unwrap_or(0)
    }

    /// The files whose contacts are kept: number and name. One that several tabs took is one.
    pub(crate) fn kept_files(&self) -> Vec<(u32, String)> {
        let mut files: Vec<(u32, String)> = Vec::new();
        for (number, name) in &self.push.kept.files {
            if !self.push.kept.leaving.contains(number) && files.iter().all(|(_, known)| known != name) {
                files.push((*number, name.clone()));
            }
        }
        files
    }

    /// A value of the account's space.
    pub(crate) fn loaded(&mut self, now: Instant, space: &str, key: &str, value: Vec<u8>) {
        if self.space().as_deref() != Some(space) || self.letter_loaded(now, key, &value) {
            return;
        }
        if self.push.kept.void_reads > 0 && PLACES.iter().any(|place| key.starts_with(place)) {
            return;
        }
        if let Some(place) = key.strip_prefix(PREFIX) {
            let Some((number, file)) = place_of(place) else { return };
            self.loaded_chunk(number, file, value);
        } else if let Some(number) = key.strip_prefix(LEAVING).and_then(|number| number.parse().ok()) {
            self.push.kept.leaving.push(number);
        } else if let Some(number) = key.strip_prefix(FILES).and_then(|number| number.parse().ok()) {
            self.push.kept.files.insert(number, String::from_utf8_lossy(&value).into_owned());
        } else if key.starts_with(removals::PREFIX) {
            self.push.kept.loaded_removal(value);
        } else if let Some(id) = key.strip_prefix(edits::PREFIX) {
            self.push.kept.loaded_edit(id, &value);
        } else if key.starts_with("history") {
            self.history.restore(key, &value);
        }
    }

    fn loaded_chunk(&mut self, number: u64, file: u32, value: Vec<u8>) {
        let kept = &mut self.push.kept;
        kept.chunks.insert(number, file);
        if let Some(cleaning) = &mut kept.cleaning {
            cleaning.came(number, value);
        } else if !kept.leaving.contains(&file) {
            if !std::mem::replace(&mut kept.pushing, true) {
                self.contacts.begin(Source::Vcard, Mode::Upsert);
            }
            kept.stored.push_back(value);
        }
        self.wants_index();
    }

    /// What the account had kept is here.
    pub(crate) fn space_is_loaded(&self) -> bool {
        self.push.kept.loaded
    }

    pub(crate) fn load_ended(&mut self, space: &str) {
        if self.space().as_deref() == Some(space) {
            let kept = &mut self.push.kept;
            kept.loaded = true;
            kept.reads = kept.reads.saturating_sub(1);
            if kept.void_reads > 0 {
                kept.void_reads -= 1;
            } else if let Some(cleaning) = &mut kept.cleaning {
                cleaning.ended();
            }
            self.find_lost();
            self.end_of_stored();
            self.wants_index();
        }
    }

    /// One dropped contact, from the index at once and from the store as soon as there is time.
    pub(crate) fn remove_dropped_contact(&mut self, id: &str) -> Option<Contact> {
        let contact = self.contacts.get(&Source::Vcard, id)?.contact;
        self.contacts.remove(&Source::Vcard, &[id.to_owned()]);
        self.contacts.purge(&Source::Vcard);
        // One that waits to be saved is cleaned away once it was.
        self.keep_removal(id);
        self.wants_index();
        Some(contact)
    }

    /// That contact again.
    pub(crate) fn restore_dropped_contact(&mut self, contact: Contact) {
        self.put_dropped_contact(contact);
    }

    /// The contact that the person has changed, under the id that it had.
    pub(crate) fn change_dropped_contact(&mut self, contact: Contact) {
        if let Some(before) = self.contacts.get(&Source::Vcard, &contact.id).map(|hit| hit.contact) {
            self.keep_edit(&before);
            self.push.kept.edited.entry(contact.id.clone()).or_insert(Edited { before, is_placed: false });
        }
        self.put_dropped_contact(contact);
        self.contacts.purge(&Source::Vcard);
    }

    /// Into the index, and into a chunk that belongs to no file.
    fn put_dropped_contact(&mut self, contact: Contact) {
        self.contacts.begin(Source::Vcard, Mode::Upsert);
        self.contacts.push(&Source::Vcard, contact.clone());
        self.contacts.end(&Source::Vcard);
        if self.push.kept.is_back(&contact.id) {
            self.forget_removal(&contact.id);
        }
        self.push.unsaved.push(&Rc::from(""), contact);
        self.wants_index();
    }

    /// The contacts of one file, but those that a later file has changed.
    pub(crate) fn remove_file(&mut self, number: u32) {
        let kept = &mut self.push.kept;
        let Some(name) = kept.files.get(&number) else { return };
        let same = kept.files.iter().filter(|(number, of)| *of == name && !kept.leaving.contains(number));
        let numbers: Vec<u32> = same.map(|(number, _)| *number).collect();
        kept.leaving.extend(&numbers);
        if let Some(space) = self.space() {
            for number in numbers {
                let key = file_key(LEAVING, number);
                self.store(StoreRequest::Put { space: space.clone(), key, value: Vec::new() });
            }
        }
        self.wants_index();
    }

    /// Reads of the account's space what begins so.
    pub(super) fn read_space(&mut self, space: String, prefix: String) {
        self.push.kept.reads += 1;
        self.store(StoreRequest::Load { space, prefix });
    }

    /// "Remove all": also from the store.
    pub(crate) fn remove_dropped(&mut self) {
        self.contacts.clear(&Source::Vcard);
        self.push.unsaved.clear();
        let Kept { loaded, reads, .. } = self.push.kept;
        self.push.kept = Kept { loaded, reads, void_reads: reads, ..Kept::default() };
        if let Some(space) = self.space() {
            for prefix in PLACES {
                self.store(StoreRequest::Delete { space: space.clone(), prefix: prefix.to_owned() });
            }
        }
        self.wants_index();
    }
}

/// Where something of a file is. No key begins with another one.
fn file_key(prefix: &str, file: u32) -> String {
    format!("{prefix}{file:010}")
}

/// The number of a chunk and of its file, by the rest of its key.
fn place_of(place: &str) -> Option<(u64, u32)> {
    let (number, file) = place.split_once('.')?;
    let (count, drawn) = number.split_at_checked(COUNT_DIGITS)?;
    let (count, drawn): (u32, u32) = (count.parse().ok()?, u32::from_str_radix(drawn, 16).ok()?);
    Some((u64::from(count) << DRAWN_OF_CHUNK | u64::from(drawn), file.parse().ok()?))
}
