//! The best that were found of one segment.
//!
//! It never holds more than are wanted.

use crate::index::segment::Segment;
use std::collections::BinaryHeap;

/// A found contact of one segment: less is better. The score, whether it is one of the others, and its place: of those
/// whom one prefers among these, of others in the alphabetical order.
pub(crate) type Found = u32;

/// The bit of the others.
const OTHER: Found = 1 << 16;

/// A contact that comes before those who answer as well: its place among all such, and which one of a segment it is.
pub(crate) type Preferred = (u32, u16);

fn found(score: u32, of: Found, place: u16) -> Found {
    score << 17 | of | u32::from(place)
}

/// The score of a found contact.
pub(crate) fn score_of(found: Found) -> u32 {
    found >> 17
}

/// The score, and whether it is one of the others.
pub(crate) fn class_of(found: Found) -> u32 {
    found >> 16
}

/// Which of `segment` it is, and its place among those whom one prefers; 0 for others.
pub(crate) fn doc_of(found: Found, segment: &Segment, preferred: &[Preferred]) -> Option<Preferred> {
    let place = usize::from(found as u16);
    if found & OTHER == 0 {
        return preferred.get(place).copied();
    }
    segment.at_rank(place).map(|doc| (0, doc))
}

/// The best so many.
pub(super) struct Top {
    pub(super) max: usize,
    /// The worst on top.
    heap: BinaryHeap<Found>,
    /// What comes in is better than this.
    bar: Found,
}

impl Top {
    pub(super) fn new(max: usize) -> Top {
        Top { max, heap: BinaryHeap::with_capacity(max + 1), bar: if max == 0 { 0 } else { Found::MAX } }
    }

    pub(super) fn put(&mut self, score: u32, rank: u16) {
        self.put_found(found(score, OTHER, rank));
    }

    /// Somebody whom one prefers, by the place among those of the segment.
    pub(super) fn put_preferred(&mut self, score: u32, place: usize) {
        self.put_found(found(score, 0, place as u16));
    }

    fn put_found(&mut self, found: Found) {
        if found < self.bar {
            self.heap.push(found);
            if self.heap.len() > self.max {
                self.heap.pop();
            }
            if self.heap.len() == self.max {
                self.bar = self.heap.peek().copied().unwrap_or(0);
            }
        }
    }

    /// Whether somebody with that score whom one does not prefer would come in.
    pub(super) fn takes(&self, score: u32, rank: u16) -> bool {
        found(score, OTHER, rank) < self.bar
    }

    /// Whether nothing of `score` or worse can come in.
    pub(super) fn is_full_below(&self, score: u32) -> bool {
        self.heap.len() == self.max && self.heap.peek().is_none_or(|worst| score_of(*worst) < score)
    }

    pub(super) fn into_sorted(self) -> Vec<Found> {
        self.heap.into_sorted_vec()
    }
}
