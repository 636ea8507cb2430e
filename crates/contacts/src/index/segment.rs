//! One finished part of the index: up to 65,535 contacts of one source, found by word, digits or place in the list.
//!
//! It never changes once it is made.

use core::ops::Range;

use crate::country::Country;
use crate::index::builder;
use crate::index::dictionary::Dictionary;
use crate::index::typo::Slips;
use crate::record::{self, Record};

/// Most contacts of a segment: their numbers fit 16 bits.
pub(crate) const MAX_DOCS: usize = 65_535;

/// Stands between the words of the name and those of the company; no ordinal is so high.
pub(crate) const COMPANY: u16 = u16::MAX;

/// Words of a name that are in its key.
const KEY_WORDS: usize = 4;

/// Words are counted in the order of their text, so that all words with a prefix are a range of ordinals, and their postings one range of `postings`. Keys of numbers are numbers themselves, in order.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq))]
pub(crate) struct Segment {
    pub(super) records: Vec<u8>,
    pub(super) record_ends: Vec<u32>,
    pub(super) dictionary: Dictionary,
    /// Where the postings of each word end.
    pub(super) posting_ends: Vec<u32>,
    /// The documents of each word.
    pub(super) postings: Vec<u16>,
    /// The keys of numbers that there are, where the postings of each end, and the documents of each.
    pub(super) keys: Vec<u16>,
    pub(super) key_ends: Vec<u32>,
    pub(super) key_postings: Vec<u16>,
    /// The words of each document: its name's, [`COMPANY`], its company's.
    pub(super) words: Vec<u16>,
    pub(super) word_ends: Vec<u32>,
    /// The documents in alphabetical order, and the place of each there.
    pub(super) order: Vec<u16>,
    pub(super) ranks: Vec<u16>,
    /// The home country by which numbers were read.
    pub(super) home: Option<Country>,
}

/// The part of `ends` and `items` that belongs to number `at`.
pub(super) fn part<'a, T>(items: &'a [T], ends: &[u32], at: usize) -> &'a [T] {
    let start = at.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| *end as usize);
    ends.get(at).and_then(|end| items.get(start..*end as usize)).unwrap_or(&[])
}

/// As [`part`], to be written.
pub(super) fn part_mut<'a, T>(items: &'a mut [T], ends: &[u32], at: usize) -> &'a mut [T] {
    let start = at.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |end| *end as usize);
    ends.get(at).and_then(|end| items.get_mut(start..*end as usize)).unwrap_or(&mut [])
}

/// The stretch of `postings` of the items `start..end`.
fn stretch<'a>(postings: &'a [u16], ends: &[u32], start: usize, end: usize) -> &'a [u16] {
    let end_of = |at: usize| at.checked_sub(1).and_then(|last| ends.get(last)).map(|end| *end as usize);
    end_of(end).and_then(|end| postings.get(end_of(start).unwrap_or(0)..end)).unwrap_or(&[])
}

/// The words of a name that decide most comparisons by alphabet, as one number; the others only break ties.
pub(super) fn name_key(words: &[u16]) -> u64 {
    let mut key = 0;
    let mut place = u64::BITS;
    for word in name(words).take(KEY_WORDS) {
        place -= u16::BITS;
        // Counted from 1, so that a shorter name comes first.
        key |= (u64::from(*word) + 1) << place;
    }
    key
}

/// The words of a name that are not in its key.
pub(super) fn name_rest(words: &[u16]) -> impl Iterator<Item = &u16> {
    name(words).skip(KEY_WORDS)
}

/// The words of a name alone.
pub(super) fn name(words: &[u16]) -> impl Iterator<Item = &u16> {
    words.iter().take_while(|word| **word != COMPANY)
}

impl Segment {
    /// Without contacts.
    pub(super) fn empty(home: Option<Country>) -> Segment {
        Segment {
            records: Vec::new(),
            record_ends: Vec::new(),
            dictionary: Dictionary::default(),
            posting_ends: Vec::new(),
            postings: Vec::new(),
            keys: Vec::new(),
            key_ends: Vec::new(),
            key_postings: Vec::new(),
            words: Vec::new(),
            word_ends: Vec::new(),
            order: Vec::new(),
            ranks: Vec::new(),
            home,
        }
    }

    /// Without the room that was kept for what did not come.
    pub(super) fn shrunk(mut self) -> Segment {
        self.records.shrink_to_fit();
        for ends in [&mut self.record_ends, &mut self.posting_ends, &mut self.key_ends, &mut self.word_ends] {
            ends.shrink_to_fit();
        }
        for list in [&mut self.postings, &mut self.keys, &mut self.key_postings, &mut self.words] {
            list.shrink_to_fit();
        }
        self
    }

    /// How many contacts it was made with.
    pub(crate) fn len(&self) -> usize {
        self.record_ends.len()
    }

    /// Octets of records, words and keys of numbers of all contacts.
    pub(crate) fn sizes(&self) -> (usize, usize, usize) {
        (self.records.len(), self.words.len(), self.key_postings.len())
    }

    /// How full a builder was by what is in it, in thousandths.
    pub(crate) fn load(&self) -> usize {
        builder::load(self.len(), self.dictionary.len(), self.records.len(), self.key_postings.len())
    }

    /// The packed record of a contact.
    pub(crate) fn octets(&self, doc: u16) -> &[u8] {
        part(&self.records, &self.record_ends, usize::from(doc))
    }

    /// A contact, read in place.
    pub(crate) fn record(&self, doc: u16) -> Option<Record<'_>> {
        record::read(self.octets(doc)).map(|(record, _)| record)
    }

    /// The ordinals of a contact's words.
    pub(crate) fn words(&self, doc: u16) -> &[u16] {
        part(&self.words, &self.word_ends, usize::from(doc))
    }

    /// The contact at a place of the alphabetical order.
    pub(crate) fn at_rank(&self, rank: usize) -> Option<u16> {
        self.order.get(rank).copied()
    }

    /// The place of a contact in the alphabetical order.
    pub(crate) fn rank(&self, doc: u16) -> u16 {
        self.ranks.get(usize::from(doc)).copied().unwrap_or(u16::MAX)
    }

    /// The home country by which its numbers were read.
    pub(crate) fn home(&self) -> Option<Country> {
        self.home
    }

    /// The ordinals of the words that begin with `prefix`, and whether the first of them is `prefix` itself.
    pub(crate) fn tokens(&self, prefix: &[u8]) -> (Range<u16>, bool) {
        self.dictionary.begun(prefix)
    }

    /// The ordinals of at most `max` words that begin with what was meant, some slips away; the whole ones apart.
    pub(crate) fn words_like(&self, automaton: &Slips, max: usize) -> (Vec<u16>, Vec<u16>) {
        self.dictionary.like(automaton, max)
    }

    /// All postings of a range of words: one stretch, since words and postings are in the same order.
    pub(crate) fn postings(&self, words: Range<u16>) -> &[u16] {
        stretch(&self.postings, &self.posting_ends, usize::from(words.start), usize::from(words.end))
    }

    /// All postings of a range of keys of numbers.
    pub(crate) fn numbers(&self, keys: Range<u16>) -> &[u16] {
        let below = |bound: u16| self.keys.partition_point(|key| *key < bound);
        stretch(&self.key_postings, &self.key_ends, below(keys.start), below(keys.end))
    }

    /// The places in the alphabetical order of the contacts whose name begins with one of these tokens.
    pub(crate) fn names_from(&self, tokens: Range<u16>) -> Range<usize> {
        let first = |doc: &u16| self.words(*doc).first().copied().filter(|word| *word != COMPANY);
        let below = |bound: u16| self.order.partition_point(|doc| first(doc).is_none_or(|word| word < bound));
        below(tokens.start)..below(tokens.end)
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.records.capacity()
            + self.dictionary.memory()
            + 4 * (self.record_ends.capacity()
                + self.posting_ends.capacity()
                + self.key_ends.capacity()
                + self.word_ends.capacity())
            + 2 * (self.postings.capacity()
                + self.keys.capacity()
                + self.key_postings.capacity()
                + self.words.capacity()
                + self.order.capacity()
                + self.ranks.capacity())
    }
}
