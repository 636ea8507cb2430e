//! Contacts from vCard files or the host page, indexed in small bounded steps, searched as one types.
//!
//! It never reads a clock, does I/O or blocks: work is asked for in units of about 1 kB of text each.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

use core::ops::Range;

pub mod chunk;
mod compare;
mod country;
mod fold;
mod ids;
mod index;
mod list;
mod number;
mod record;
mod search;
mod store;
mod tally;
pub mod vcard;

pub use store::Contacts;

/// Whether `text` has `part` in it, whatever the case and the accents: `jose` is in `María José`. O(size) of both.
pub fn reads_like(text: &str, part: &str) -> bool {
    let (text, part) = (fold::folded(text), fold::folded(part));
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

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
    /// The first e-mail address, if given: shown and kept, not searched.
    pub email: Option<String>,
    /// The name by which the platform of the page calls this person, if given: kept for
    /// [`Contacts::by_username`], neither shown nor searched.
    pub username: Option<String>,
}

impl Contact {
    /// A number that equal contacts share and others, but for chance, do not; the same at every start. O(size).
    pub fn fingerprint(&self) -> u64 {
        let mut octets = Vec::new();
        record::write(self, &mut octets);
        ids::hash(&octets)
    }
}

/// The letter under which a name stands in the alphabetical list: as names are ordered, without its accent and in its
/// small form. O(length of the name).
///
/// ```
/// assert_eq!(softframe_contacts::initial("Łukasz"), Some('l'));
/// assert_eq!(softframe_contacts::initial("…"), None);
/// ```
pub fn initial(name: &str) -> Option<char> {
    str::from_utf8(&fold::folded(name)).ok()?.trim_start().chars().next()
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

/// Longest id taken, in characters: cut, two of them could become one.
pub const MAX_ID_CHARS: usize = 128;

/// Longest number kept, in characters; longer ones are left out.
pub const MAX_NUMBER_CHARS: usize = 64;

/// Most numbers of a contact; the others are left out.
pub const MAX_PHONES: usize = 100;

/// Most contacts of all sources: their index takes some 140 MB.
pub const MAX_CONTACTS: usize = 1_000_000;

/// The same; so few where this crate is tested that they are soon there.
const MOST: usize = if cfg!(test) { 300 } else { MAX_CONTACTS };

/// Most sources: a host names them as it likes.
pub const MAX_SOURCES: usize = 64;

/// Most contacts with one number that [`Contacts::by_number`] names: a switchboard is no person.
pub const MAX_MATCHES: usize = 20;

/// Most contacts that come first among equals ([`Contacts::prefer`]): each is looked at in every search.
pub const MAX_PREFERRED: usize = 50;

/// A found contact and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its source.
    pub source: Source,
    /// The contact.
    pub contact: Contact,
    /// Which of its numbers matched, if the query was digits or a caller.
    pub phone: Option<usize>,
    /// The octets of the name that a search matched, in order; empty otherwise.
    pub name_ranges: Vec<Range<usize>>,
    /// The octets of that number that a search matched.
    pub phone_range: Option<Range<usize>>,
}

/// Where a found contact stands in the index, until contacts are pushed, removed or indexed: after that somebody else
/// may stand there, or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocAddress {
    slot: u32,
    doc: u16,
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
