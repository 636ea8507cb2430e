//! The best that were found of one segment.
//!
//! It never holds more than are wanted.

use std::collections::BinaryHeap;

/// A found contact of one segment: less is better. The score, then the place in the alphabetical order.
pub(crate) type Found = u32;

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
        if self.takes(score, rank) {
            self.heap.push(score << 16 | u32::from(rank));
            if self.heap.len() > self.max {
                self.heap.pop();
            }
            if self.heap.len() == self.max {
                self.bar = self.heap.peek().copied().unwrap_or(0);
            }
        }
    }

    /// Whether that would come in.
    pub(super) fn takes(&self, score: u32, rank: u16) -> bool {
        score << 16 | u32::from(rank) < self.bar
    }

    /// Whether nothing of `score` or worse can come in.
    pub(super) fn is_full_below(&self, score: u32) -> bool {
        self.heap.len() == self.max && self.heap.peek().is_none_or(|worst| worst >> 16 < score)
    }

    pub(super) fn into_sorted(self) -> Vec<Found> {
        self.heap.into_sorted_vec()
    }
}
