//! The open part of the index: contacts are taken in one by one until it is sealed into a segment.
//!
//! It never answers a search; what is in it is found once it is sealed.

use crate::country::Country;
use crate::ids::Place;
use crate::index::bits::Bits;
use crate::index::keys::{self, Forms};
use crate::index::segment::{COMPANY, MAX_DOCS, Segment, part};
use crate::index::uses::Uses;
use crate::record::Record;
use crate::{fold, ids};

/// Most distinct words of a segment: their ordinals stay below [`COMPANY`].
const MAX_WORDS: usize = 65_000;

/// Most octets of records of a segment, so that growing a table never moves much.
const MAX_OCTETS: usize = 8 * 1024 * 1024;

/// Most keys of numbers of a segment; a contact may have 100 numbers.
const MAX_KEYS: usize = 2 * 1024 * 1024;

/// Contacts that there is room for at first: a host may send a book by the hundred.
const SMALL: usize = 128;

/// Places of the smallest table of words: such a hundred has some 250.
const LEAST_SLOTS: usize = 512;

/// The last octet of a word hardly moves the middle of its hash: multiplied by this, words of one beginning lie apart, and
/// are not looked for one behind the other.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// What [`load`] says of a builder that takes no more.
pub(crate) const FULL: usize = 1000;

/// How full a builder is with so much in it, in thousandths of its limits.
pub(crate) fn load(docs: usize, words: usize, octets: usize, keys: usize) -> usize {
    let part = |size: usize, limit: usize| size * FULL / limit;
    let words = part(words, MAX_WORDS - usize::from(u8::MAX));
    part(docs, MAX_DOCS).max(words).max(part(octets, MAX_OCTETS)).max(part(keys, MAX_KEYS))
}

/// What has been taken in so far.
#[derive(Debug)]
pub(crate) struct Builder {
    /// The serial number its segment will have.
    pub(crate) serial: u16,
    pub(crate) home: Option<Country>,
    pub(crate) records: Vec<u8>,
    pub(crate) record_ends: Vec<u32>,
    pub(crate) dictionary: Words,
    /// Of each document: its words by their number in `dictionary`, and the keys of its numbers.
    pub(crate) words: Vec<u16>,
    pub(crate) word_ends: Vec<u32>,
    pub(crate) keys: Vec<u16>,
    pub(crate) key_ends: Vec<u32>,
    /// The keys that any document has.
    pub(crate) uses: Uses,
    /// Removed or exchanged before it was sealed.
    pub(crate) dead: Bits,
    /// What it exchanges in finished segments: marked when it is sealed, so that nobody is missing in between.
    pub(crate) exchanges: Vec<Place>,
    text: Vec<u8>,
    forms: Forms,
}

impl Builder {
    /// `uses` are those of no contact.
    pub(crate) fn new(serial: u16, home: Option<Country>, uses: Uses) -> Builder {
        Builder {
            serial,
            home,
            records: Vec::with_capacity(SMALL * 64),
            record_ends: Vec::new(),
            dictionary: Words::default(),
            words: Vec::with_capacity(SMALL * 4),
            word_ends: Vec::new(),
            keys: Vec::with_capacity(SMALL * 16),
            key_ends: Vec::new(),
            uses,
            dead: Bits::default(),
            exchanges: Vec::new(),
            text: Vec::new(),
            forms: Forms::default(),
        }
    }

    /// Makes room for so many contacts like those of `segment`, so that the tables need not be moved as they grow.
    pub(crate) fn reserve(&mut self, docs: usize, segment: &Segment) {
        // A sixteenth more than on the average. Sizes are below 2^23 and contacts below 2^16.
        let share =
            |size: usize| (size as u64 * docs as u64 / segment.len().max(1) as u64) as usize / 16 * 17;
        let (octets, words, keys) = segment.sizes();
        self.records.reserve_exact(share(octets).min(MAX_OCTETS));
        self.words.reserve_exact(share(words));
        self.keys.reserve_exact(share(keys).min(MAX_KEYS));
        for ends in [&mut self.record_ends, &mut self.word_ends, &mut self.key_ends] {
            ends.reserve_exact(docs);
        }
    }

    /// How many contacts it has taken in.
    pub(crate) fn len(&self) -> usize {
        self.record_ends.len()
    }

    /// Whether it must be sealed before it takes more.
    pub(crate) fn is_full(&self) -> bool {
        load(self.len(), self.dictionary.len(), self.records.len(), self.keys.len()) >= FULL
    }

    /// Takes in a packed record; its number in the segment. O(its size).
    pub(crate) fn add(&mut self, octets: &[u8], record: Record<'_>) -> u16 {
        let doc = self.record_ends.len() as u16;
        self.records.extend_from_slice(octets);
        self.record_ends.push(self.records.len() as u32);
        self.add_words(record.name);
        if !record.company.is_empty() {
            self.words.push(COMPANY);
            self.add_words(record.company);
        }
        self.word_ends.push(self.words.len() as u32);
        self.add_keys(record);
        doc
    }

    fn add_words(&mut self, text: &str) {
        self.text.clear();
        fold::fold_into(text, &mut self.text);
        for word in self.text.split(|octet| *octet == b' ').filter(|word| !word.is_empty()) {
            let number = self.dictionary.number_of(word);
            self.words.push(number);
        }
    }

    fn add_keys(&mut self, record: Record<'_>) {
        let doc = self.record_ends.len() as u16;
        let (uses, keys) = (&mut self.uses, &mut self.keys);
        let mut add = |key| {
            if uses.add(key, doc) {
                keys.push(key);
            }
        };
        for (_, number) in record.phones() {
            self.forms.read(number, self.home);
            self.forms.each_key(&mut add);
        }
        if !record.username.is_empty() {
            add(keys::username(record.username));
        }
        self.key_ends.push(self.keys.len() as u32);
    }

    /// The packed record of a contact.
    pub(crate) fn octets(&self, doc: u16) -> &[u8] {
        part(&self.records, &self.record_ends, usize::from(doc))
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.records.capacity()
            + self.dictionary.memory()
            + self.uses.memory()
            + 4 * (self.record_ends.capacity() + self.word_ends.capacity() + self.key_ends.capacity())
            + 2 * (self.words.capacity() + self.keys.capacity())
    }
}

/// The distinct words of the open part, numbered as they come.
#[derive(Debug, Default)]
pub(crate) struct Words {
    text: Vec<u8>,
    ends: Vec<u32>,
    hashes: Vec<u32>,
    /// How often each is used.
    pub(crate) counts: Vec<u32>,
    /// Number + 1 of the word at each place of a hash table, 0 where there is none; a power of two.
    slots: Vec<u32>,
}

impl Words {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The text of a word.
    pub(crate) fn text(&self, number: u16) -> &[u8] {
        part(&self.text, &self.ends, usize::from(number))
    }

    /// The number of a word, a new one if it has not been seen.
    fn number_of(&mut self, word: &[u8]) -> u16 {
        if self.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = (ids::hash(word).wrapping_mul(SPREAD) >> 32) as u32;
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get(at).copied().filter(|slot| *slot > 0) {
            let number = slot - 1;
            if self.hashes.get(number as usize) == Some(&hash) && self.text(number as u16) == word {
                if let Some(count) = self.counts.get_mut(number as usize) {
                    *count += 1;
                }
                return number as u16;
            }
            at = (at + 1) & mask;
        }
        self.add(word, hash, at)
    }

    fn add(&mut self, word: &[u8], hash: u32, at: usize) -> u16 {
        let number = self.len();
        self.text.extend_from_slice(word);
        self.ends.push(self.text.len() as u32);
        self.hashes.push(hash);
        self.counts.push(1);
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = number as u32 + 1;
        }
        number as u16
    }

    /// Twice the places. The hashes are kept, so no text is read again: 0.3 ms at 65,000 words.
    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(LEAST_SLOTS);
        self.slots = vec![0; size];
        let more = size / 2 - self.len();
        for list in [&mut self.ends, &mut self.hashes, &mut self.counts] {
            list.reserve_exact(more);
        }
        for (number, hash) in self.hashes.iter().enumerate() {
            let mut at = *hash as usize & (size - 1);
            while self.slots.get(at).is_some_and(|slot| *slot > 0) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = number as u32 + 1;
            }
        }
    }

    fn memory(&self) -> usize {
        self.text.capacity()
            + 4 * (self.ends.capacity()
                + self.hashes.capacity()
                + self.counts.capacity()
                + self.slots.capacity())
    }
}
