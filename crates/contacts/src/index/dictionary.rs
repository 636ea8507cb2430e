//! The words of a segment in the order of their text, each as what differs from the word before it.
//!
//! It never changes once it is made. An automaton of the `fst` crate does the same in half of the octets; its table of
//! checksums alone would weigh 16 kB in the widget, a third of what all of this crate may.

use core::ops::Range;

use crate::index::typo::Slips;

/// Words of a block. The first of each stands whole, so that a word is found by halving over blocks.
const BLOCK: usize = 16;

/// Up to 65,535 words of at most 255 octets. A word is found in O(log(words)) comparisons.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(PartialEq))]
pub(crate) struct Dictionary {
    /// For each word: how many octets it shares with the one before, how many follow, and these.
    text: Vec<u8>,
    /// Where each block begins in `text`.
    blocks: Vec<u32>,
    len: usize,
}

/// A dictionary in the making.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    dictionary: Dictionary,
    last: Vec<u8>,
}

impl Writer {
    /// Appends the next word in the order of octets. O(its length).
    pub(crate) fn push(&mut self, word: &[u8]) {
        let Dictionary { text, blocks, len } = &mut self.dictionary;
        let shared = if len.is_multiple_of(BLOCK) {
            blocks.push(text.len() as u32);
            0
        } else {
            common(&self.last, word)
        };
        let rest = word.get(shared..).unwrap_or(&[]);
        text.extend([shared as u8, rest.len() as u8]);
        text.extend_from_slice(rest);
        *len += 1;
        self.last.clear();
        self.last.extend_from_slice(word);
    }

    /// All words that were pushed.
    pub(crate) fn finish(self) -> Dictionary {
        let mut dictionary = self.dictionary;
        dictionary.text.shrink_to_fit();
        dictionary.blocks.shrink_to_fit();
        dictionary
    }
}

/// How many octets two words begin with in common.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl Dictionary {
    /// How many words there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.text.capacity() + 4 * self.blocks.capacity()
    }

    /// The places of the words that begin with `prefix`, and whether the first of them is `prefix` itself.
    pub(crate) fn begun(&self, prefix: &[u8]) -> (Range<u16>, bool) {
        let (start, is_whole, begins) = self.place(prefix);
        if !begins {
            return (start as u16..start as u16, false);
        }
        let mut after = prefix.to_vec();
        // Text has no octet 0xFF, so the last can be counted up. Without any, all words begin so.
        let end = match after.last_mut() {
            Some(last) => {
                *last += 1;
                self.place(&after).0
            }
            None => self.len,
        };
        (start as u16..end as u16, is_whole)
    }

    /// Where `word` is or would be, and whether it is there, and whether what is there begins with it.
    fn place(&self, word: &[u8]) -> (usize, bool, bool) {
        let after = self.blocks.partition_point(|at| self.entry(*at as usize).1 < word);
        // The words of the last block whose head is less; if there is none, the very first word is not less.
        let block = after.saturating_sub(1);
        let mut at = self.blocks.get(block).map_or(0, |at| *at as usize);
        // How many octets the last word, which is less, begins with in common with `word`.
        let mut same = 0;
        for place in block * BLOCK..self.len {
            let (shared, rest) = self.entry(at);
            at += 2 + rest.len();
            if place.is_multiple_of(BLOCK) {
                same = 0;
            }
            if shared < same {
                // It differs from the last word before that does from `word`.
                return (place, false, false);
            }
            if shared == same {
                let wanted = word.get(same..).unwrap_or(&[]);
                let more = common(rest, wanted);
                if rest.get(more) > wanted.get(more) || more == wanted.len() {
                    return (place, rest.len() == more, more == wanted.len());
                }
                same += more;
            }
        }
        (self.len, false, false)
    }

    /// The shared and the own octets of the word at a place of the text.
    fn entry(&self, at: usize) -> (usize, &[u8]) {
        let Some([shared, rest, ..]) = self.text.get(at..) else { return (0, &[]) };
        let start = at + 2;
        (usize::from(*shared), self.text.get(start..start + usize::from(*rest)).unwrap_or(&[]))
    }

    /// The places of at most `max` words that begin with what was meant, some slips away; the whole ones apart.
    pub(crate) fn like(&self, slip: &Slips, max: usize) -> (Vec<u16>, Vec<u16>) {
        let first = slip.first_letter();
        let (places, _) = self.begun(&first);
        let mut cursor = Cursor::new(self, usize::from(places.start) / BLOCK);
        // The state after each octet of the word under the cursor, as far as it was read.
        let mut states = vec![slip.start()];
        let (mut whole, mut begun) = (Vec::new(), Vec::new());
        while whole.len() + begun.len() < max {
            // If nothing that begins so can be meant, the blocks that begin so are passed over.
            let read = states.len() - 1;
            let is_dead = states.last().is_some_and(|state| !slip.can_match(state));
            if is_dead {
                cursor.skip_blocks(self, read);
            }
            let Some(at) = cursor.next(self).filter(|at| *at < usize::from(places.end)) else { break };
            if at < usize::from(places.start) || (is_dead && cursor.shared >= read) {
                continue;
            }
            states.truncate(cursor.shared.min(read) + 1);
            for octet in cursor.word.get(states.len() - 1..).unwrap_or(&[]) {
                let Some(state) = states.last().filter(|state| slip.can_match(state)) else { break };
                let next = slip.accept(state, *octet);
                states.push(next);
            }
            if states.last().is_some_and(|state| slip.is_match(state)) {
                let list = if slip.is_whole(&cursor.word) { &mut whole } else { &mut begun };
                list.push(at as u16);
            }
        }
        (whole, begun)
    }
}

/// Goes through the words.
#[derive(Debug)]
pub(super) struct Cursor {
    /// The place of the next word, in words and in octets.
    next: usize,
    at: usize,
    /// The word before it, and how much of it is as in the word before that.
    pub(super) word: Vec<u8>,
    shared: usize,
}

impl Cursor {
    /// Before the first word of a block.
    pub(super) fn new(dictionary: &Dictionary, block: usize) -> Cursor {
        let at = dictionary.blocks.get(block).map_or(dictionary.text.len(), |at| *at as usize);
        Cursor { next: block * BLOCK, at, word: Vec::with_capacity(64), shared: 0 }
    }

    /// Reads the next word of the dictionary that it goes through; its place.
    pub(super) fn next(&mut self, dictionary: &Dictionary) -> Option<usize> {
        let place = self.next;
        if place >= dictionary.len {
            return None;
        }
        let (shared, rest) = dictionary.entry(self.at);
        self.shared = if place.is_multiple_of(BLOCK) { common(&self.word, rest) } else { shared };
        self.word.truncate(shared);
        self.word.extend_from_slice(rest);
        self.at += 2 + rest.len();
        self.next += 1;
        Some(place)
    }

    /// At the beginning of a block, goes on to the last one that begins with the first `octets` of the word.
    fn skip_blocks(&mut self, dictionary: &Dictionary, octets: usize) {
        if !self.next.is_multiple_of(BLOCK) {
            return;
        }
        let block = self.next / BLOCK;
        let later = dictionary.blocks.get(block..).unwrap_or(&[]);
        let beginning = self.word.get(..octets).unwrap_or(&self.word);
        let skipped = later
            .partition_point(|at| dictionary.entry(*at as usize).1.starts_with(beginning))
            .saturating_sub(1);
        if let Some(at) = later.get(skipped).filter(|_| skipped > 0) {
            self.next = (block + skipped) * BLOCK;
            self.at = *at as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_set;
    use std::collections::BTreeSet;

    fn written(words: &BTreeSet<String>) -> Dictionary {
        let mut writer = Writer::default();
        words.iter().for_each(|word| writer.push(word.as_bytes()));
        writer.finish()
    }

    proptest::proptest! {
        #[test]
        fn words_that_begin_so_are_those_of_a_sorted_list(
            words in btree_set("[abж]{1,6}", 0..300),
            prefixes in proptest::collection::vec("[abcж]{0,4}", 20),
        ) {
            let dictionary = written(&words);
            for prefix in prefixes {
                let places: Vec<usize> =
                    (0..).zip(&words).filter(|(_, word)| word.starts_with(&prefix)).map(|(at, _)| at).collect();
                let (found, is_whole) = dictionary.begun(prefix.as_bytes());
                proptest::prop_assert_eq!(found.map(usize::from).collect::<Vec<_>>(), places, "{}", prefix);
                proptest::prop_assert_eq!(is_whole, words.contains(&prefix), "{}", prefix);
            }
        }

        #[test]
        fn words_with_a_slip_are_those_that_are_accepted_one_by_one(
            words in btree_set("[abcж]{1,7}", 0..900),
            typed in "[abж]{4,6}",
        ) {
            let slip = Slips::one(typed.as_bytes()).unwrap();
            let is_like = |word: &str| {
                let state = word.bytes().fold(slip.start(), |state, octet| slip.accept(&state, octet));
                slip.is_match(&state)
            };
            let expected: Vec<u16> =
                (0..).zip(&words).filter(|(_, word)| is_like(word)).map(|(at, _)| at).collect();
            let (whole, begun) = written(&words).like(&slip, usize::MAX);
            let mut found = [whole, begun].concat();
            found.sort();
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
