//! Turns the open part of the index into a segment, in slices.
//!
//! One call never does more than sort one run or handle a few dozen tokens or contacts.

use core::cmp::Ordering;

use crate::index::bits::Bits;
use crate::index::builder::{Builder, Words};
use crate::index::dictionary::Writer;
use crate::index::keys::KEYS;
use crate::index::runs::{Key, Runs, beginning};
use crate::index::segment::{COMPANY, Segment, name_key, name_rest, part, part_mut};
use crate::index::uses::Uses;

/// Words or contacts of one call.
const SLICE: usize = 64;

/// Keys of numbers of one call, in use or not.
pub(super) const KEY_SLICE: usize = 4096;

/// A segment in the making.
#[derive(Debug)]
pub(crate) struct Sealing {
    pub(crate) builder: Builder,
    stage: Stage,
    dictionary: Writer,
    /// The ordinal of each word.
    ordinals: Vec<u16>,
    posting_ends: Vec<u32>,
    /// Where the next posting of each word goes.
    cursors: Vec<u32>,
    postings: Vec<u16>,
    keys: Vec<u16>,
    key_ends: Vec<u32>,
    /// Where the next posting of each key goes.
    key_cursors: Vec<u32>,
    key_postings: Vec<u16>,
    order: Vec<u16>,
    ranks: Vec<u16>,
}

#[derive(Debug)]
enum Stage {
    SortWords(Runs),
    AddKeys { next: usize, words: Runs },
    AddWords(Runs),
    Fill { doc: usize, keys: Vec<Key> },
    SortNames(Runs),
    Order(Runs),
    Done,
}

impl Sealing {
    pub(crate) fn new(builder: Builder) -> Sealing {
        let words = builder.dictionary.len();
        let keys = (0..words as u16).map(|number| (beginning(builder.dictionary.text(number)), number));
        Sealing {
            stage: Stage::SortWords(Runs::new(keys.collect())),
            dictionary: Writer::default(),
            ordinals: vec![0; words],
            posting_ends: Vec::with_capacity(words),
            cursors: Vec::with_capacity(words),
            postings: Vec::new(),
            keys: Vec::with_capacity(builder.uses.len()),
            key_ends: Vec::with_capacity(builder.uses.len()),
            key_cursors: Vec::with_capacity(builder.uses.len()),
            key_postings: Vec::new(),
            order: Vec::new(),
            ranks: Vec::new(),
            builder,
        }
    }

    /// One slice of work; whether more remains.
    pub(crate) fn step(&mut self) -> bool {
        self.stage = match core::mem::replace(&mut self.stage, Stage::Done) {
            Stage::SortWords(mut runs) => {
                let words = &self.builder.dictionary;
                match runs.sort_run(&|a, b| words.text(a).cmp(words.text(b))) {
                    0 => Stage::AddKeys { next: 0, words: runs },
                    _ => Stage::SortWords(runs),
                }
            }
            Stage::AddKeys { next, words } if next < KEYS => {
                self.add_keys(next);
                Stage::AddKeys { next: next + KEY_SLICE, words }
            }
            Stage::AddKeys { words, .. } => {
                self.key_postings = vec![0; self.key_ends.last().map_or(0, |end| *end as usize)];
                Stage::AddWords(words)
            }
            Stage::AddWords(runs) => self.add_words(runs),
            Stage::Fill { doc, keys } => self.fill(doc, keys),
            Stage::SortNames(mut runs) => match runs.sort_run(&|a, b| self.by_name(a, b)) {
                0 => Stage::Order(runs),
                _ => Stage::SortNames(runs),
            },
            Stage::Order(runs) => self.put_in_order(runs),
            Stage::Done => Stage::Done,
        };
        !matches!(self.stage, Stage::Done)
    }

    /// Which keys there are, and where the postings of each go.
    fn add_keys(&mut self, next: usize) {
        let mut end = self.key_ends.last().copied().unwrap_or(0);
        let Sealing { builder, keys, key_ends, key_cursors, .. } = self;
        builder.uses.put_in_place(next..next + KEY_SLICE, |key, count| {
            keys.push(key);
            key_cursors.push(end);
            end += u32::from(count);
            key_ends.push(end);
            (keys.len() - 1) as u16
        });
    }

    fn add_words(&mut self, mut runs: Runs) -> Stage {
        for _ in 0..SLICE {
            let words = &self.builder.dictionary;
            let Some(number) = runs.pop(&|a, b| words.text(a).cmp(words.text(b))) else {
                self.postings = vec![0; self.posting_ends.last().map_or(0, |end| *end as usize)];
                return Stage::Fill { doc: 0, keys: Vec::with_capacity(self.builder.len()) };
            };
            let ordinal = self.posting_ends.len();
            self.dictionary.push(words.text(number));
            let start = self.posting_ends.last().copied().unwrap_or(0);
            let count = words.counts.get(usize::from(number)).copied().unwrap_or(0);
            self.cursors.push(start);
            self.posting_ends.push(start + count);
            if let Some(slot) = self.ordinals.get_mut(usize::from(number)) {
                *slot = ordinal as u16;
            }
        }
        Stage::AddWords(runs)
    }

    /// Writes postings of a slice of contacts, and their words by ordinals.
    fn fill(&mut self, from: usize, mut keys: Vec<Key>) -> Stage {
        let builder = &mut self.builder;
        let end = builder.len().min(from + SLICE);
        for doc in from..end {
            let words = part_mut(&mut builder.words, &builder.word_ends, doc);
            for word in words.iter_mut().filter(|word| **word != COMPANY) {
                let ordinal = self.ordinals.get(usize::from(*word)).copied().unwrap_or(0);
                *word = ordinal;
                if let Some(cursor) = self.cursors.get_mut(usize::from(ordinal)) {
                    post(&mut self.postings, cursor, doc as u16);
                }
            }
            keys.push((name_key(words), doc as u16));
            for key in part(&builder.keys, &builder.key_ends, doc) {
                let place = builder.uses.place(*key);
                if let Some(cursor) = place.and_then(|place| self.key_cursors.get_mut(place)) {
                    post(&mut self.key_postings, cursor, doc as u16);
                }
            }
        }
        if end < builder.len() {
            return Stage::Fill { doc: end, keys };
        }
        // What is not needed any more makes room for what comes.
        builder.keys = Vec::new();
        builder.key_ends = Vec::new();
        self.key_cursors = Vec::new();
        builder.dictionary = Words::default();
        self.ordinals = Vec::new();
        self.cursors = Vec::new();
        self.ranks = vec![0; builder.len()];
        self.order = Vec::with_capacity(builder.len());
        Stage::SortNames(Runs::new(keys))
    }

    fn put_in_order(&mut self, mut runs: Runs) -> Stage {
        for _ in 0..SLICE {
            let Some(doc) = runs.pop(&|a, b| self.by_name(a, b)) else { return Stage::Done };
            if let Some(rank) = self.ranks.get_mut(usize::from(doc)) {
                *rank = self.order.len() as u16;
            }
            self.order.push(doc);
        }
        Stage::Order(runs)
    }

    /// Alphabetical by the words of the name after those of the key, then as they came.
    fn by_name(&self, a: u16, b: u16) -> Ordering {
        let words = |doc: u16| part(&self.builder.words, &self.builder.word_ends, usize::from(doc));
        name_rest(words(a)).cmp(name_rest(words(b))).then(a.cmp(&b))
    }

    /// The segment and what its maker leaves behind. To be asked once [`Sealing::step`] says that nothing remains.
    pub(crate) fn into_segment(self) -> (Segment, Leftover) {
        let builder = self.builder;
        let segment = Segment {
            records: builder.records,
            record_ends: builder.record_ends,
            dictionary: self.dictionary.finish(),
            posting_ends: self.posting_ends,
            postings: self.postings,
            keys: self.keys,
            key_ends: self.key_ends,
            key_postings: self.key_postings,
            words: builder.words,
            word_ends: builder.word_ends,
            order: self.order,
            ranks: self.ranks,
            home: builder.home,
        };
        let segment = segment.shrunk();
        let Builder { serial, dead, exchanges, mut uses, .. } = builder;
        uses.clear();
        (segment, Leftover { serial, dead, exchanges, uses })
    }
}

/// What belongs beside a new segment.
pub(crate) struct Leftover {
    pub(crate) serial: u16,
    pub(crate) dead: Bits,
    pub(crate) exchanges: Vec<crate::ids::Place>,
    /// Of no contact.
    pub(crate) uses: Uses,
}

/// Writes a posting in its place.
pub(super) fn post(postings: &mut [u16], cursor: &mut u32, doc: u16) {
    if let Some(posting) = postings.get_mut(*cursor as usize) {
        *posting = doc;
    }
    *cursor += 1;
}
