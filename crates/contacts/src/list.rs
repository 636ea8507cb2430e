//! The list of all contacts in alphabetical order, as the screen scrolls through it.
//!
//! It never sorts or copies the whole list.

use crate::index::page;
use crate::{Contacts, Hit};

impl Contacts {
    /// `count` contacts from `start` on in alphabetical order of what is indexed, for the list on screen.
    pub fn page(&self, start: usize, count: usize) -> Vec<Hit> {
        let slots: Vec<_> = self.slots().collect();
        let segments: Vec<_> = slots.iter().map(|(slot, _)| *slot).collect();
        let page = page::page(&segments, start, count).into_iter();
        page.filter_map(|(at, doc)| {
            let (slot, source) = slots.get(at)?;
            Some(Hit::of(source, slot.segment.record(doc)?))
        })
        .collect()
    }
}
