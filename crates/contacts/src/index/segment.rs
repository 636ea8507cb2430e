//! One finished part of the index: up to 65,535 contacts of one source, found by word, digits or place in the list.
//!
//! It never changes once it is made.

use core::ops::Range;

use fst::{Automaton, IntoStreamer, Map, Streamer};

use crate::country::Country;
use crate::index::builder;
use crate::record::{self, Record};

/// Most contacts of a segment: their numbers fit 16 bits.
pub(crate) const MAX_DOCS: usize = 65_535;

/// Stands between the words of the name and those of the company; no ordinal is so high.
pub(crate) const COMPANY: u16 = u16::MAX;

/// Words and digit keys are alike: tokens of one dictionary, whose values count them in the order of their text, so
/// that all tokens with a prefix are a range of ordinals, and their postings one range of `postings`.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(super) records: Vec<u8>,
    pub(super) record_ends: Vec<u32>,
    pub(super) dictionary: Map<Vec<u8>>,
    /// How many tokens are keys of numbers, which come before the words.
    pub(super) first_word: usize,
    /// Where the postings of each token end.
    pub(super) posting_ends: Vec<u32>,
    /// The documents of each token.
    pub(super) postings: Vec<u16>,
    /// The tokens of each document: its name's, [`COMPANY`], its company's.
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

impl Segment {
    /// How many contacts it was made with.
    pub(crate) fn len(&self) -> usize {
        self.record_ends.len()
    }

    /// How full a builder was by what is in it, in thousandths.
    pub(crate) fn load(&self) -> usize {
        let codes = self.postings.len().saturating_sub(self.words.len());
        builder::load(self.len(), self.posting_ends.len() - self.first_word, self.records.len(), codes)
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

    /// The ordinals of the tokens that begin with `prefix`, and whether the first of them is `prefix` itself.
    pub(crate) fn tokens(&self, prefix: &[u8]) -> (Range<u16>, bool) {
        let all = self.posting_ends.len() as u64;
        let mut from = self.dictionary.range().ge(prefix).into_stream();
        let Some((key, first)) = from.next().map(|(key, value)| (key.to_vec(), value)) else {
            return (0..0, false);
        };
        if !key.starts_with(prefix) {
            return (0..0, false);
        }
        let mut after = prefix.to_vec();
        // Text has no octet 0xFF, so the last can be counted up.
        if let Some(last) = after.last_mut() {
            *last += 1;
        }
        let end = self.dictionary.range().ge(&after).into_stream().next().map_or(all, |(_, value)| value);
        (first as u16..end as u16, key == prefix)
    }

    /// The ordinals of at most `max` tokens that `automaton` accepts.
    pub(crate) fn tokens_like(&self, automaton: &impl Automaton, max: usize) -> Vec<u16> {
        let mut found = self.dictionary.search(automaton).into_stream();
        let mut tokens = Vec::new();
        while let Some((_, ordinal)) = found.next().filter(|_| tokens.len() < max) {
            tokens.push(ordinal as u16);
        }
        tokens
    }

    /// All postings of a range of tokens: one stretch, since tokens and postings are in the same order.
    pub(crate) fn postings(&self, tokens: Range<u16>) -> &[u16] {
        let end = |at: u16| at.checked_sub(1).and_then(|last| self.posting_ends.get(usize::from(last)));
        let start = end(tokens.start).map_or(0, |end| *end as usize);
        end(tokens.end).and_then(|end| self.postings.get(start..*end as usize)).unwrap_or(&[])
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
            + self.dictionary.as_fst().size()
            + 4 * (self.record_ends.capacity() + self.posting_ends.capacity() + self.word_ends.capacity())
            + 2 * (self.postings.capacity()
                + self.words.capacity()
                + self.order.capacity()
                + self.ranks.capacity())
    }
}
