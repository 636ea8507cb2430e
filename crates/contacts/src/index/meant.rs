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

/// What is forgiven in one word of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgiven {
    /// One slip behind the first letter, from four letters.
    One,
    /// Two behind the first letter, from eight letters; or one in the first letter.
    Far,
}

/// The words that may have been meant, whole ones and those that begin so, each in order, and what that costs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meant {
    pub(crate) whole: Vec<u16>,
    pub(crate) begun: Vec<u16>,
    pub(crate) cost: u32,
}

/// A word in which a slip is forgiven.
pub(crate) struct Wrong {
    slips: Option<Slips>,
    /// Other beginnings, one of which may have been meant.
    beginnings: Vec<Vec<u8>>,
    pub(crate) cost: u32,
}

impl Wrong {
    pub(crate) fn new(word: &[u8], forgiven: Forgiven) -> Wrong {
        match forgiven {
            Forgiven::One => Wrong { slips: Slips::one(word), beginnings: Vec::new(), cost: SLIP },
            Forgiven::Far => {
                Wrong { slips: Slips::two(word), beginnings: typo::first_slips(word), cost: FAR_SLIP }
            }
        }
    }

    /// `None` if no word of the segment was meant.
    pub(crate) fn meant(&self, segment: &Segment) -> Option<Meant> {
        let slips = self.slips.as_ref();
        let (mut whole, mut begun) =
            slips.map(|slips| segment.words_like(slips, MAX_SLIPS)).unwrap_or_default();
        for beginning in &self.beginnings {
            let (words, is_whole) = segment.tokens(beginning);
            let rest = words.start + u16::from(is_whole);
            whole.extend(words.start..rest);
            begun.extend((rest..words.end).take(MAX_SLIPS.saturating_sub(begun.len())));
        }
        if !self.beginnings.is_empty() {
            (whole, begun) = (in_order(&whole), in_order(&begun));
        }
        (!whole.is_empty() || !begun.is_empty()).then_some(Meant { whole, begun, cost: self.cost })
    }
}

/// Sorted by the heap that keeps what is found best: a sort of its own would be more to load.
fn in_order(words: &[u16]) -> Vec<u16> {
    let heap: BinaryHeap<Found> = words.iter().map(|word| Found::from(*word)).collect();
    heap.into_sorted_vec().into_iter().map(|word| word as u16).collect()
}
