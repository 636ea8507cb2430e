//! Chunks of the store that hold what was removed or changed since are written again without it; those of a file that
//! goes are deleted, and its contacts with them.
//!
//! It never has more than one chunk at a time, and never works while contacts are on their way.

use super::{CHUNK_CONTACTS, FILES, Kept, LEAVING, file_key};
use crate::{Phone, StoreRequest};
use litemap::LiteMap;
use softframe_contacts::{Contact, Source, chunk};

/// More chunks than twice the need, and these: files were dropped again, or many small ones.
const SPARE_CHUNKS: usize = 8;
/// Contacts that are looked up in one step.
const LOOKS: usize = 64;

/// A way through the chunks.
pub(super) struct Cleaning {
    /// The next one last.
    waiting: Vec<u64>,
    what: What,
    state: State,
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

enum State {
    Between,
    /// The store was asked for this one.
    Asked(u64),
    /// It came; nobody has looked into it.
    Came(u64, Vec<u8>),
    Open(Open),
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
    /// A chunk came.
    pub(super) fn came(&mut self, number: u64, octets: Vec<u8>) {
        if matches!(self.state, State::Asked(asked) if asked == number) {
            self.state = State::Came(number, octets);
        }
    }

    /// The store has answered; without the chunk if it is damaged or gone.
    pub(super) fn ended(&mut self) {
        if matches!(self.state, State::Asked(_)) {
            self.state = State::Between;
        }
    }

    pub(super) fn is_back(&mut self, id: &str) {
        if let What::Stale { removed, .. } = &mut self.what {
            removed.remove(id);
        }
    }

    fn is_over(&self) -> bool {
        self.waiting.is_empty() && matches!(self.state, State::Between)
    }
}

impl Kept {
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
            let waiting = of_file.map(|(number, _)| *number).collect();
            return Some(Cleaning { waiting, what: What::File(file), state: State::Between });
        }
        let many = self.chunks.len() > needed.max(self.clean) * 2 + SPARE_CHUNKS;
        if !many && self.removed.is_empty() && self.edited.is_empty() {
            return None;
        }
        let (removed, edited) = (std::mem::take(&mut self.removed), std::mem::take(&mut self.edited));
        let what = What::Stale { removed, edited };
        let waiting = self.chunks.keys().rev().copied().collect();
        Some(Cleaning { waiting, what, state: State::Between })
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
            self.cleaned(space, cleaning.what);
            return true;
        }
        cleaning.state = match std::mem::replace(&mut cleaning.state, State::Between) {
            State::Between => match cleaning.waiting.pop() {
                Some(number) => {
                    let prefix = self.push.kept.key_of(number);
                    self.store(StoreRequest::Load { space, prefix });
                    State::Asked(number)
                }
                None => State::Between,
            },
            State::Came(number, octets) => match chunk::decode(&octets) {
                Ok(contacts) => State::Open(Open::new(number, contacts)),
                // Whoever can read it may still want it.
                Err(_) => State::Between,
            },
            State::Open(mut open) if !open.rest.as_slice().is_empty() => {
                self.look_through(&mut open, &mut cleaning.what);
                State::Open(open)
            }
            State::Open(open) => {
                self.put_back(space, open);
                State::Between
            }
            asked @ State::Asked(_) => asked,
        };
        let asked = matches!(cleaning.state, State::Asked(_));
        self.push.kept.cleaning = Some(cleaning);
        !asked
    }

    /// Nobody has to be looked at.
    fn clear_only_file(&mut self, space: String, file: u32) {
        self.contacts.clear(&Source::Vcard);
        let kept = &mut self.push.kept;
        let keys: Vec<String> = kept.chunks.keys().map(|number| kept.key_of(*number)).collect();
        kept.chunks.clear();
        kept.removed.clear();
        // Not all chunks at once: another tab may have put some there since.
        for prefix in keys {
            self.store(StoreRequest::Delete { space: space.clone(), prefix });
        }
        self.cleaned(space, What::File(file));
        self.wants_index();
    }

    fn look_through(&mut self, open: &mut Open, what: &mut What) {
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
                        self.contacts.remove(&Source::Vcard, std::slice::from_ref(&contact.id));
                    }
                    None
                }
            };
            open.changed |= stays.as_ref() != Some(&contact);
            open.stay.extend(stays);
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

    fn cleaned(&mut self, space: String, what: What) {
        match what {
            What::Stale { .. } => self.push.kept.clean = self.push.kept.chunks.len(),
            What::File(file) => {
                self.push.kept.leaving.retain(|leaving| *leaving != file);
                self.push.kept.files.remove(&file);
                for place in [FILES, LEAVING] {
                    let prefix = file_key(place, file);
                    self.store(StoreRequest::Delete { space: space.clone(), prefix });
                }
            }
        }
    }
}
