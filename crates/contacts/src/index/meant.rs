//! What may have been meant by a word in which a slip is forgiven.
//!
//! It never asks who has it.

use crate::index::segment::Segment;
use crate::index::top::Found;
use crate::index::typo::{self, Slips};
use std::collections::BinaryHeap;

/// Words that a slip may have been, of one segment.
const MAX_SLIPS: usize = 256;

/// More than any score without a slip.
const SLIP: u32 = 64;

/// More than any with one that is not in the first letter.
const FAR_SLIP: u32 = 2 * SLIP;

/// What a word costs that is meant wholly, one that is right but for its first letter, and one that only begins so: more
/// than a whole one that is not at its place.
pub(crate) const COSTS: [u32; 3] = [0, 1, 3];

/// What is forgiven in one word of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgiven {
    /// One slip, from four letters; in the first of them only where nothing else was typed and the rest is right to the
    /// end of the word.
    One,
    /// Two behind the first letter, from eight letters; or one in the first letter.
    Far,
}

/// The words that may have been meant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meant {
    /// For each of [`COSTS`], in order.
    pub(crate) words: [Vec<u16>; COSTS.len()],
    /// What any of them costs beside that.
    pub(crate) cost: u32,
}

/// A word in which a slip is forgiven.
pub(crate) struct Wrong {
    slips: Option<Slips>,
    /// Other beginnings, one of which may have been meant.
    beginnings: Vec<Vec<u8>>,
    /// How many words that go on after such a beginning, at most, may have been meant.
    max_begun: usize,
    pub(crate) cost: u32,
}

impl Wrong {
    /// `is_alone`: nothing else was typed.
    pub(crate) fn new(word: &[u8], forgiven: Forgiven, is_alone: bool) -> Wrong {
        let may_begin = is_alone || forgiven == Forgiven::Far;
        let beginnings = if may_begin { typo::first_slips(word) } else { Vec::new() };
        match forgiven {
            Forgiven::One => Wrong { slips: Slips::one(word), beginnings, max_begun: 0, cost: SLIP },
            Forgiven::Far => {
                Wrong { slips: Slips::two(word), beginnings, max_begun: MAX_SLIPS, cost: FAR_SLIP }
            }
        }
    }

    /// `None` if no word of the segment was meant.
    pub(crate) fn meant(&self, segment: &Segment) -> Option<Meant> {
        let slips = self.slips.as_ref();
        let (whole, mut begun) = slips.map(|slips| segment.words_like(slips, MAX_SLIPS)).unwrap_or_default();
        let mut other = Vec::new();
        for beginning in &self.beginnings {
            let (words, is_whole) = segment.tokens(beginning);
            let rest = words.start + u16::from(is_whole);
            other.extend(words.start..rest);
            begun.extend((rest..words.end).take(self.max_begun.saturating_sub(begun.len())));
        }
        let words = [whole, in_order(&other), in_order(&begun)];
        words.iter().any(|words| !words.is_empty()).then_some(Meant { words, cost: self.cost })
    }
}

/// Sorted by the heap that keeps what is found best: a sort of its own would be more to load.
fn in_order(words: &[u16]) -> Vec<u16> {
    let heap: BinaryHeap<Found> = words.iter().map(|word| Found::from(*word)).collect();
    heap.into_sorted_vec().into_iter().map(|word| word as u16).collect()
}
