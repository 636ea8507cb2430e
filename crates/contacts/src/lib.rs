//! Contacts from vCard files or the host page, indexed in small bounded steps, searched as one types.
//!
//! It never reads a clock, does I/O or blocks: work is asked for in units of about 1 kB of text each.

#![forbid(unsafe_code)]

pub mod vcard;

/// One person or company, as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// Unique within its source.
    pub id: String,
    /// As shown. At most [`MAX_NAME_CHARS`] characters.
    pub name: String,
    /// In the order given.
    pub phones: Vec<PhoneNumber>,
    /// Company, if given.
    pub company: Option<String>,
    /// Job title, if given.
    pub title: Option<String>,
}

/// One number of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhoneNumber {
    /// As written.
    pub number: String,
    /// `mobile`, `work`, `home`, `direct`, `extension`, `company`, `fax`, `other`, if known.
    pub kind: Option<String>,
}

/// Where contacts come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// Dropped by the person; kept.
    Vcard,
    /// Pushed by the host page under this name (default `host`); volatile.
    Host(String),
}

/// How pushed rows meet what the source already has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Added or, by `id`, exchanged.
    Upsert,
    /// The source has these and no others once the push ends.
    Replace,
}

/// Longest name kept, in characters; the rest is cut.
pub const MAX_NAME_CHARS: usize = 256;

/// A found contact and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its source.
    pub source: Source,
    /// The contact.
    pub contact: Contact,
    /// Which of its numbers matched, if the query was digits or a caller.
    pub phone: Option<usize>,
}

/// What became of a source since the last such report: `contacts:indexed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indexed {
    /// Which source.
    pub source: Source,
    /// Contacts it has now.
    pub count: usize,
    /// New ones.
    pub added: usize,
    /// Exchanged ones.
    pub updated: usize,
    /// Removed ones.
    pub removed: usize,
    /// Rows dropped.
    pub rejected: usize,
    /// Why, each reason with its number of rows.
    pub reasons: Vec<(Rejection, usize)>,
}

/// Why a row or a card is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejection {
    /// Not an object of the documented shape.
    Shape,
    /// No `id`.
    NoId,
    /// No name.
    NoName,
    /// No phone number.
    NoPhone,
    /// The card is cut off.
    CutOff,
    /// Over a limit.
    TooLarge,
}

/// All contacts, and the index over them.
#[derive(Default)]
pub struct Contacts {
    _private: (),
}

impl Contacts {
    /// No contacts.
    pub fn new() -> Contacts {
        Contacts::default()
    }

    /// A push to `source` starts. One push per source is open at a time: a second `begin` ends the first.
    pub fn begin(&mut self, _source: Source, _mode: Mode) {}

    /// One row of the open push of `source`; an `id` with no phones left and `Upsert` keeps the name. O(size).
    pub fn push(&mut self, _source: &Source, _contact: Contact) {}

    /// A row that could not be read; counted.
    pub fn reject(&mut self, _source: &Source, _why: Rejection) {}

    /// The push is complete: with [`Mode::Replace`] what it did not name is gone.
    pub fn end(&mut self, _source: &Source) {}

    /// Removes these ids of a source.
    pub fn remove(&mut self, _source: &Source, _ids: &[String]) {}

    /// Removes a source.
    pub fn clear(&mut self, _source: &Source) {}

    /// Works for `units` (about 1 kB of text each) and says if more remains.
    pub fn step(&mut self, _units: u32) -> bool {
        false
    }

    /// Rows taken in so far and rows known to come, while indexing is under way.
    pub fn progress(&self) -> Option<(usize, usize)> {
        None
    }

    /// A report for each source that changed, once the indexer has run dry.
    pub fn poll_indexed(&mut self) -> Option<Indexed> {
        None
    }

    /// The best `max` contacts for what was typed: every word a prefix of some word, or digits inside a number.
    pub fn search(&self, _query: &str, _max: usize) -> Vec<Hit> {
        Vec::new()
    }

    /// Whose number this is: all matches of the best class, in the order they were pushed, at most 20.
    pub fn by_number(&self, _number: &str) -> Vec<Hit> {
        Vec::new()
    }

    /// One contact by its source and id.
    pub fn get(&self, _source: &Source, _id: &str) -> Option<Hit> {
        None
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `count` contacts from `start` on in alphabetical order of what is indexed, for the list on screen.
    pub fn page(&self, _start: usize, _count: usize) -> Vec<Hit> {
        Vec::new()
    }
}
