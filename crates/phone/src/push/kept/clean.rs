//! Chunks of the store that hold what was removed or changed since are written again without it; those of a file that
//! goes are deleted, and its contacts with them.
//!
//! It never has more than a few chunks at a time, and never works while contacts are on their way.

use super::{CHUNK_CONTACTS, FILES, Kept, LEAVING, file_key};
use crate::{Phone, StoreRequest};
use litemap::LiteMap;
use softframe_contacts::{Contact, Source, chunk};
use std::collections::VecDeque;

/// More chunks than twice the need, and these: files were dropped again, or many small ones.
const SPARE_CHUNKS: usize = 8;
/// Contacts that are looked up in one step.
const LOOKS: usize = 64;
/// Chunks that the store is asked for ahead. If each is asked for when the one before is done, each waits for the disk and
/// then for idle time, which took a hundred times as long as to look through it.
const AHEAD: usize = 8;
/// The number of no chunk, for which the store is asked last: its answer comes when all is written.
const AFTER_ALL: u64 = u64::MAX;

/// A way through the chunks.
pub(super) struct Cleaning {
    /// The next one last.
    waiting: Vec<u64>,
    what: What,
    /// The store was asked for these, in this order, and has not answered.
    asked: VecDeque<u64>,
    /// They came; nobody has looked into them.
    came: VecDeque<(u64, Vec<u8>)>,
    /// Is looked through.
    open: Option<Open>,
    /// The store could not write something: what says that this is to be done stays there.
    pub(super) has_failed: bool,
}

/// A contact that the person changed.
pub(super) struct Edited {
    /// As it was, and as it may lie in a chunk of its file.
    pub(super) before: Contact,
    /// It stands in that place as it is now.
    pub(super) is_placed: bool,
}

enum What {
    /// Contacts that are in the index in another form, and these, which were removed, go. Those that were changed come
    /// into the place in which they were, so that they go with their file.
    Stale { removed: LiteMap<String, ()>, edited: LiteMap<String, Edited> },
    /// All contacts go that are in the index in this form.
    File(u32),
}

impl Edited {
    /// What stands where `contact` stood: the first place that it had is the only one.
    fn in_place_of(&mut self, contact: &Contact, current: Option<Contact>) -> Option<Contact> {
        let is_place = *contact == self.before || current.as_ref() == Some(contact);
        let takes_it = is_place && !self.is_placed;
        self.is_placed |= is_place;
        current.filter(|_| takes_it)
    }
}

/// A chunk that is looked through.
struct Open {
    number: u64,
    rest: std::vec::IntoIter<Contact>,
    stay: Vec<Contact>,
    changed: bool,
}

impl Open {
    fn new(number: u64, contacts: Vec<Contact>) -> Open {
        Open { number, rest: contacts.into_iter(), stay: Vec::new(), changed: false }
    }
}

impl Cleaning {
    /// `chunks`: the next one last.
    fn new(chunks: impl Iterator<Item = u64>, what: What) -> Cleaning {
        let waiting = std::iter::once(AFTER_ALL).chain(chunks).collect();
        let (asked, came) = (VecDeque::new(), VecDeque::new());
        Cleaning { waiting, what, asked, came, open: None, has_failed: false }
    }

    /// A chunk came.
    pub(super) fn came(&mut self, number: u64, octets: Vec<u8>) {
        if self.asked.contains(&number) {
            self.came.push_back((number, octets));
        }
    }

    /// The store has answered what it was asked first; without the chunk if it is damaged or gone.
    pub(super) fn ended(&mut self) {
        self.asked.pop_front();
    }

    /// A contact that was removed is there again; whether it was removed.
    pub(super) fn is_back(&mut self, id: &str) -> bool {
        match &mut self.what {
            What::Stale { removed, .. } => removed.remove(id).is_some(),
            What::File(_) => false,
        }
    }

    /// The next chunk to be asked for, if it is time.
    fn next_to_ask(&mut self) -> Option<u64> {
        let under_way = self.asked.len() + self.came.len() + usize::from(self.open.is_some());
        let room = if self.waiting.len() == 1 { 1 } else { AHEAD };
        let number = self.waiting.pop_if(|_| under_way < room)?;
        self.asked.push_back(number);
        Some(number)
    }

    fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_empty() && self.came.is_empty() && self.open.is_none()
    }
}

impl Kept {
    /// The contacts of a file are on their way out.
    pub(in crate::push) fn removes_file(&self) -> bool {
        self.cleaning.as_ref().is_some_and(|cleaning| matches!(cleaning.what, What::File(_)))
    }

    /// A file that is to go and has all the chunks.
    fn only_file_leaves(&self) -> Option<u32> {
        let file = self.leaving.first().copied().filter(|_| self.edited.is_empty())?;
        self.chunks.values().all(|of| *of == file).then_some(file)
    }

    /// What must be cleaned, if anything. `needed`: chunks that would be enough.
    fn next_cleaning(&mut self, needed: usize) -> Option<Cleaning> {
        // Who leaves with a file must be in its chunks first.
        if let Some(file) = self.leaving.first().copied().filter(|_| self.edited.is_empty()) {
            let of_file = self.chunks.iter().filter(|(_, of)| **of == file);
            return Some(Cleaning::new(of_file.map(|(number, _)| *number), What::File(file)));
        }
        let many = self.chunks.len() > needed.max(self.clean) * 2 + SPARE_CHUNKS;
        if !many && self.removed.is_empty() && self.edited.is_empty() {
            return None;
        }
        let (removed, edited) = (std::mem::take(&mut self.removed), std::mem::take(&mut self.edited));
        let what = What::Stale { removed, edited };
        Some(Cleaning::new(self.chunks.keys().rev().copied(), what))
    }
}

impl Phone {
    /// A little cleaning, where it is due and all else is done; says if more remains.
    pub(super) fn clean_step(&mut self) -> bool {
        let push = &self.push;
        let idle = push.files.is_empty() && push.open.is_empty() && push.unsaved.is_empty();
        let idle = idle && push.kept.loaded && self.contacts.progress().is_none();
        let Some(space) = self.space().filter(|_| idle) else { return false };
        let needed = self.dropped_count().div_ceil(CHUNK_CONTACTS);
        if self.push.kept.cleaning.is_none()
            && let Some(file) = self.push.kept.only_file_leaves()
        {
            self.clear_only_file(space, file);
            return true;
        }
        let going_on = self.push.kept.cleaning.take();
        let Some(mut cleaning) = going_on.or_else(|| self.push.kept.next_cleaning(needed)) else {
            return false;
        };
        if cleaning.is_over() {
            self.cleaned(space, cleaning.what, cleaning.has_failed);
            return true;
        }
        while let Some(number) = cleaning.next_to_ask() {
            let prefix = self.push.kept.key_of(number);
            self.read_space(space.clone(), prefix);
        }
        let goes_on = match cleaning.open.take() {
            Some(mut open) if !open.rest.as_slice().is_empty() => {
                self.look_through(&mut open, &mut cleaning.what);
                cleaning.open = Some(open);
                true
            }
            Some(open) => {
                self.put_back(space, open);
                true
            }
            None => match cleaning.came.pop_front() {
                Some((number, octets)) => {
                    // Whoever can read one that is damaged may still want it.
                    cleaning.open = chunk::decode(&octets).ok().map(|contacts| Open::new(number, contacts));
                    true
                }
                None => cleaning.is_over(),
            },
        };
        self.push.kept.cleaning = Some(cleaning);
        goes_on
    }

    /// Nobody has to be looked at.
    fn clear_only_file(&mut self, space: String, file: u32) {
        self.contacts.clear(&Source::Vcard);
        let kept = &mut self.push.kept;
        let keys: Vec<String> = kept.chunks.keys().map(|number| kept.key_of(*number)).collect();
        kept.chunks.clear();
        let removed = std::mem::take(&mut kept.removed);
        self.forget_removals(&space, &removed);
        // Not all chunks at once: another tab may have put some there since.
        for prefix in keys {
            self.store(StoreRequest::Delete { space: space.clone(), prefix });
        }
        self.cleaned(space, What::File(file), false);
        self.wants_index();
    }

    fn look_through(&mut self, open: &mut Open, what: &mut What) {
        let mut gone = Vec::new();
        for contact in open.rest.by_ref().take(LOOKS) {
            let current = self.contacts.get(&Source::Vcard, &contact.id).map(|hit| hit.contact);
            let is_current = current.as_ref() == Some(&contact);
            let stays = match what {
                What::Stale { removed, .. } if removed.contains_key(&contact.id) => None,
                What::Stale { edited, .. } => match edited.get_mut(&contact.id) {
                    Some(edited) => edited.in_place_of(&contact, current),
                    // One that the index does not have, for want of room, is not lost.
                    None => (is_current || current.is_none()).then(|| contact.clone()),
                },
                What::File(_) => {
                    if is_current {
                        gone.push(contact.id.clone());
                    }
                    None
                }
            };
            open.changed |= stays.as_ref() != Some(&contact);
            open.stay.extend(stays);
        }
        if !gone.is_empty() {
            self.contacts.remove(&Source::Vcard, &gone);
        }
    }

    /// In one transaction, so that a crash leaves the old one or the new one.
    fn put_back(&mut self, space: String, open: Open) {
        let key = self.push.kept.key_of(open.number);
        if open.stay.is_empty() {
            self.push.kept.chunks.remove(&open.number);
            self.store(StoreRequest::Delete { space, prefix: key });
        } else if open.changed {
            self.store(StoreRequest::Put { space, key, value: chunk::encode(&open.stay) });
        }
    }

    /// `has_failed`: the next start of the phone is to do it again.
    fn cleaned(&mut self, space: String, what: What, has_failed: bool) {
        match what {
            What::Stale { removed, .. } => {
                self.push.kept.clean = self.push.kept.chunks.len();
                if !has_failed {
                    self.forget_removals(&space, &removed);
                }
            }
            What::File(file) => {
                self.contacts.purge(&Source::Vcard);
                self.push.kept.leaving.retain(|leaving| *leaving != file);
                self.push.kept.files.remove(&file);
                for place in [FILES, LEAVING].into_iter().filter(|_| !has_failed) {
                    let prefix = file_key(place, file);
                    self.store(StoreRequest::Delete { space: space.clone(), prefix });
                }
            }
        }
    }
}
