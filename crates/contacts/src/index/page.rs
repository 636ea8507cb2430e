//! Any stretch of the list of all contacts in alphabetical order, without sorting it.
//!
//! It never holds the whole order: each segment has its own, and a stretch is cut out of all of them.

use core::cmp::Ordering;

use crate::fold;
use crate::index::shelf::Slot;

/// The contacts `start..start + count` of the alphabetical list over `slots`, as (slot, document).
///
/// O(segments² × log²(contacts)) comparisons to find the beginning, then O(segments) for each contact.
pub(crate) fn page(slots: &[&Slot], start: usize, count: usize) -> Vec<(usize, u16)> {
    let mut cursors = cut(slots, start);
    let mut heads: Vec<Option<Head>> = Vec::with_capacity(slots.len());
    for (at, slot) in slots.iter().enumerate() {
        heads.push(cursors.get_mut(at).and_then(|cursor| next_live(slot, cursor)));
    }
    let mut page = Vec::with_capacity(count.min(1024));
    while page.len() < count {
        let waiting = heads.iter().enumerate().filter_map(|(at, head)| head.as_ref().map(|head| (at, head)));
        let Some((at, head)) = waiting.min_by(|(_, a), (_, b)| a.name.cmp(&b.name)) else { break };
        page.push((at, head.doc));
        let next = slots.get(at).zip(cursors.get_mut(at)).and_then(|(slot, cursor)| next_live(slot, cursor));
        if let Some(head) = heads.get_mut(at) {
            *head = next;
        }
    }
    page
}

struct Head {
    name: Vec<u8>,
    doc: u16,
}

/// The contact at the cursor or after it that is still there; the cursor moves behind it.
fn next_live(slot: &Slot, cursor: &mut usize) -> Option<Head> {
    loop {
        let doc = slot.segment.at_rank(*cursor)?;
        *cursor += 1;
        if !slot.is_dead(doc) {
            return Some(Head { name: name(slot, doc), doc });
        }
    }
}

fn name(slot: &Slot, doc: u16) -> Vec<u8> {
    slot.segment.record(doc).map_or(Vec::new(), |record| fold::folded(record.name))
}

/// For each slot the rank at which the list from `start` on begins: all before these are exactly `start` contacts.
///
/// Halves the widest of the stretches in which the cut may lie by a name of its middle, until nothing is open.
fn cut(slots: &[&Slot], start: usize) -> Vec<usize> {
    let mut low = vec![0; slots.len()];
    let mut high: Vec<usize> = slots.iter().map(|slot| slot.segment.len()).collect();
    loop {
        let widths = low.iter().zip(&high).map(|(low, high)| high - low);
        let Some((width, widest)) = widths.zip(0..).max().filter(|(width, _)| *width > 0) else { return low };
        let middle = low.get(widest).copied().unwrap_or(0) + width / 2;
        let Some(pivot) = slots.get(widest).and_then(|slot| Some(name(slot, slot.segment.at_rank(middle)?)))
        else {
            return low;
        };
        // All that stand before the pivot, which stands behind equal names of slots before its own.
        let mut ranks = Vec::with_capacity(slots.len());
        for (at, slot) in slots.iter().enumerate() {
            let (low, high) = (low.get(at).copied().unwrap_or(0), high.get(at).copied().unwrap_or(0));
            ranks.push(match at.cmp(&widest) {
                Ordering::Less => boundary(slot, low, high, |name| name <= pivot.as_slice()),
                Ordering::Equal => middle,
                Ordering::Greater => boundary(slot, low, high, |name| name < pivot.as_slice()),
            });
        }
        let before =
            slots.iter().zip(&ranks).map(|(slot, rank)| rank - slot.dead_ranks.before(*rank)).sum::<usize>();
        let pivot_lives = slots
            .get(widest)
            .is_some_and(|slot| slot.segment.at_rank(middle).is_some_and(|doc| !slot.is_dead(doc)));
        if before + usize::from(pivot_lives) <= start {
            // The pivot and all before it are before the cut.
            if let Some(rank) = ranks.get_mut(widest) {
                *rank += 1;
            }
            low = ranks;
        } else {
            high = ranks;
        }
    }
}

/// The first rank of `low..high` whose name is not `before` the pivot.
fn boundary(slot: &Slot, mut low: usize, mut high: usize, before: impl Fn(&[u8]) -> bool) -> usize {
    let mut text = Vec::new();
    while low < high {
        let middle = low + (high - low) / 2;
        text.clear();
        if let Some(record) = slot.segment.at_rank(middle).and_then(|doc| slot.segment.record(doc)) {
            fold::fold_into(record.name, &mut text);
        }
        if before(&text) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
