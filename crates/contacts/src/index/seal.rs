//! Turns the open part of the index into a segment, in slices.
//!
//! One call never does more than sort one run or handle a few dozen tokens or contacts.

use core::cmp::Ordering;

use fst::MapBuilder;

use crate::index::builder::Builder;
use crate::index::keys::{self, CODES};
use crate::index::runs::{Key, Runs};
use crate::index::segment::{COMPANY, Segment, part};

/// Tokens or contacts of one call.
const SLICE: usize = 64;

/// Words of a name that take part in sorting by one comparison; the others only break ties.
const SORTED_WORDS: usize = 4;

/// A segment in the making.
pub(crate) struct Sealing {
    pub(crate) builder: Builder,
    stage: Stage,
    map: MapBuilder<Vec<u8>>,
    /// The ordinal of each word and each code.
    word_ordinals: Vec<u16>,
    code_ordinals: Vec<u16>,
    posting_ends: Vec<u32>,
    /// Where the next posting of each token goes.
    cursors: Vec<u32>,
    postings: Vec<u16>,
    words: Vec<u16>,
    order: Vec<u16>,
    ranks: Vec<u16>,
}

enum Stage {
    SortWords(Runs),
    AddCodes { next: usize, words: Runs },
    AddWords(Runs),
    Fill { doc: usize, keys: Vec<Key> },
    SortNames(Runs),
    Order(Runs),
    Done,
}

impl Sealing {
    pub(crate) fn new(builder: Builder) -> Sealing {
        let words = builder.dictionary.len();
        let keys = (0..words as u16).map(|number| (builder.dictionary.beginning(number), number));
        Sealing {
            stage: Stage::SortWords(Runs::new(keys.collect())),
            map: MapBuilder::memory(),
            word_ordinals: vec![0; words],
            code_ordinals: vec![0; CODES],
            posting_ends: Vec::new(),
            cursors: Vec::new(),
            postings: Vec::new(),
            words: Vec::new(),
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
                    0 => Stage::AddCodes { next: 0, words: runs },
                    _ => Stage::SortWords(runs),
                }
            }
            Stage::AddCodes { next, words } => match self.add_codes(next) {
                Some(next) => Stage::AddCodes { next, words },
                None => Stage::AddWords(words),
            },
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

    /// Digit keys come first, since they begin with an octet that no word has.
    fn add_codes(&mut self, next: usize) -> Option<usize> {
        let mut added = 0;
        for code in next..CODES {
            let count = self.builder.count_of(code);
            if count == 0 {
                continue;
            }
            if added == SLICE {
                return Some(code);
            }
            added += 1;
            let ordinal = self.add_token(&keys::to_key(code as u16), count);
            if let Some(slot) = self.code_ordinals.get_mut(code) {
                *slot = ordinal;
            }
        }
        None
    }

    fn add_words(&mut self, mut runs: Runs) -> Stage {
        for _ in 0..SLICE {
            let words = &self.builder.dictionary;
            let Some(number) = runs.pop(&|a, b| words.text(a).cmp(words.text(b))) else {
                self.cursors = core::iter::once(0).chain(self.posting_ends.iter().copied()).collect();
                self.postings = vec![0; self.posting_ends.last().map_or(0, |end| *end as usize)];
                self.words = Vec::with_capacity(self.builder.words.len());
                return Stage::Fill { doc: 0, keys: Vec::with_capacity(self.builder.len()) };
            };
            let count = words.counts.get(usize::from(number)).copied().unwrap_or(0);
            let text = words.text(number).to_vec();
            let ordinal = self.add_token(&text, count);
            if let Some(slot) = self.word_ordinals.get_mut(usize::from(number)) {
                *slot = ordinal;
            }
        }
        Stage::AddWords(runs)
    }

    fn add_token(&mut self, text: &[u8], count: u32) -> u16 {
        let ordinal = self.posting_ends.len();
        // Refused are only keys out of order, and these are sorted and distinct.
        let added = self.map.insert(text, ordinal as u64);
        debug_assert!(added.is_ok());
        let end = self.posting_ends.last().copied().unwrap_or(0) + count;
        self.posting_ends.push(end);
        ordinal as u16
    }

    /// Writes postings and words of a slice of contacts by ordinals.
    fn fill(&mut self, from: usize, mut keys: Vec<Key>) -> Stage {
        let end = self.builder.len().min(from + SLICE);
        for doc in from..end {
            // The first ordinals of the name, counted from 1.
            let mut key = 0_u64;
            let mut places = SORTED_WORDS as u32;
            for number in part(&self.builder.words, &self.builder.word_ends, doc) {
                if *number == COMPANY {
                    places = 0;
                    self.words.push(COMPANY);
                    continue;
                }
                let ordinal = self.word_ordinals.get(usize::from(*number)).copied().unwrap_or(0);
                self.words.push(ordinal);
                post(&mut self.postings, &mut self.cursors, ordinal, doc);
                if places > 0 {
                    places -= 1;
                    key |= (u64::from(ordinal) + 1) << (16 * places);
                }
            }
            for code in part(&self.builder.codes, &self.builder.code_ends, doc) {
                let ordinal = self.code_ordinals.get(usize::from(*code)).copied().unwrap_or(0);
                post(&mut self.postings, &mut self.cursors, ordinal, doc);
            }
            keys.push((key, doc as u16));
        }
        if end < self.builder.len() {
            return Stage::Fill { doc: end, keys };
        }
        self.ranks = vec![0; self.builder.len()];
        self.order = Vec::with_capacity(self.builder.len());
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
        let rest = |doc: u16| {
            let words = part(&self.words, &self.builder.word_ends, usize::from(doc));
            words.iter().take_while(|word| **word != COMPANY).skip(SORTED_WORDS)
        };
        rest(a).cmp(rest(b)).then(a.cmp(&b))
    }

    /// The segment and what its maker leaves behind. To be asked once [`Sealing::step`] says that nothing remains.
    pub(crate) fn into_segment(self) -> (Segment, Leftover) {
        let mut builder = self.builder;
        builder.records.shrink_to_fit();
        builder.record_ends.shrink_to_fit();
        builder.word_ends.shrink_to_fit();
        let mut ends = self.posting_ends;
        ends.shrink_to_fit();
        let segment = Segment {
            records: builder.records,
            record_ends: builder.record_ends,
            dictionary: self.map.into_map(),
            first_word: ends.len().saturating_sub(builder.dictionary.len()),
            posting_ends: ends,
            postings: self.postings,
            words: self.words,
            word_ends: builder.word_ends,
            order: self.order,
            ranks: self.ranks,
            home: builder.home,
        };
        (segment, Leftover { serial: builder.serial, dead: builder.dead, exchanges: builder.exchanges })
    }
}

/// What belongs beside a new segment.
pub(crate) struct Leftover {
    pub(crate) serial: u16,
    pub(crate) dead: crate::index::bits::Bits,
    pub(crate) exchanges: Vec<crate::ids::Place>,
}

fn post(postings: &mut [u16], cursors: &mut [u32], ordinal: u16, doc: usize) {
    let Some(cursor) = cursors.get_mut(usize::from(ordinal)) else { return };
    if let Some(posting) = postings.get_mut(*cursor as usize) {
        *posting = doc as u16;
    }
    *cursor += 1;
}
