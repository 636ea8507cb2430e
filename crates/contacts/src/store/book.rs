//! One source: its shelf, and the one that is to take its place.

use crate::country::Country;
use crate::index::shelf::{Shelf, Taken};
use crate::tally::Tally;
use crate::{MOST, Rejection, Source, record};

/// One source.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) source: Source,
    pub(crate) shelf: Shelf,
    pub(super) next: Option<Next>,
    /// Whether a push is open, as seen by the caller.
    pub(super) is_pushing: bool,
    pub(super) tally: Tally,
}

/// A replacement in the making.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) shelf: Shelf,
    /// How many of its ids the book has too.
    kept: usize,
    /// What was added and updated before it began: what counts if it never takes its place.
    before: (usize, usize),
}

impl Book {
    /// Of a source that nobody has pushed to yet.
    pub(super) fn new(source: Source) -> Book {
        Book { source, shelf: Shelf::new(), next: None, is_pushing: false, tally: Tally::default() }
    }

    /// Whether what is open is sealed when nothing waits: at the end of a push, and before it if it is much.
    pub(super) fn must_seal(&self) -> bool {
        if self.is_pushing { self.shelf.is_worth_sealing() } else { self.shelf.has_open() }
    }

    /// Contacts that it has and that are to take their place.
    pub(super) fn total(&self) -> usize {
        self.shelf.ids() + self.next.as_ref().map_or(0, |next| next.shelf.ids())
    }

    /// Takes in the record at `start`; where the next one is, and whether a segment must be sealed now. `others` are the
    /// contacts of the other sources.
    pub(super) fn take_row(
        &mut self,
        octets: &[u8],
        start: usize,
        others: usize,
        home: Option<Country>,
    ) -> (usize, bool) {
        let rest = octets.get(start..).unwrap_or(&[]);
        let (Some((own, after)), Some((record, _))) = (record::split(rest), record::read(rest)) else {
            // Only what `record::write` wrote waits, so this is not reached; what follows could not be read either.
            self.tally.reject(Rejection::Shape);
            return (octets.len(), false);
        };
        if others + self.total() >= MOST && !self.knows(record.id) {
            self.tally.reject(Rejection::TooLarge);
            return (octets.len() - after.len(), false);
        }
        let taken = match &mut self.next {
            None => self.shelf.add(own, record, home),
            Some(Next { shelf: next, kept, .. }) => {
                let was_there = self.shelf.octets_of(record.id);
                let is_same = was_there == Some(own);
                let is_known = was_there.is_some();
                match next.add(own, record, home) {
                    Taken::Added if is_known => {
                        *kept += 1;
                        if is_same { Taken::Same } else { Taken::Updated }
                    }
                    taken => taken,
                }
            }
        };
        match taken {
            Taken::Added => self.tally.added += 1,
            Taken::Updated => self.tally.updated += 1,
            Taken::Same => {}
        }
        self.tally.changed = true;
        let shelf = self.next.as_mut().map_or(&mut self.shelf, |next| &mut next.shelf);
        let is_full = shelf.is_full();
        if is_full {
            shelf.seal();
        }
        (octets.len() - after.len(), is_full)
    }

    /// Whether an id has a place already, here or in what is to come.
    fn knows(&self, id: &str) -> bool {
        let has_place = |shelf: &Shelf| shelf.octets_of(id).is_some();
        has_place(&self.shelf) || self.next.as_ref().is_some_and(|next| has_place(&next.shelf))
    }

    pub(super) fn remove(&mut self, id: &str) {
        let shelf = self.next.as_mut().map_or(&mut self.shelf, |next| &mut next.shelf);
        if shelf.remove(id) {
            self.tally.removed += 1;
        }
        self.tally.changed = true;
    }

    /// A replacement begins; one that has not come to its end is forgotten.
    pub(super) fn begin_anew(&mut self) {
        if let Some(next) = self.next.take() {
            (self.tally.added, self.tally.updated) = next.before;
        }
        if self.shelf.ids() > 0 {
            let before = (self.tally.added, self.tally.updated);
            self.next = Some(Next { shelf: Shelf::new(), kept: 0, before });
        }
    }

    /// The end of a push: a replacement takes the place of what was there.
    pub(super) fn swap(&mut self) {
        self.tally.changed = true;
        if let Some(next) = self.next.take() {
            self.tally.removed += self.shelf.ids().saturating_sub(next.kept);
            self.shelf = next.shelf;
        }
    }
}
