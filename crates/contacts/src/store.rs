//! All contacts: pushes wait in order, are indexed in steps, and each source has its own shelf.
//!
//! It never does more in a call than asked for, and never shows half of a replacement.

mod book;

pub(crate) use book::Book;

use std::collections::VecDeque;

use crate::country::{self, Country};
use crate::index::shelf::Shelf;
use crate::tally::Tally;
use crate::{Contact, Hit, Indexed, MAX_ID_CHARS, MAX_SOURCES, Mode, Rejection, Source, chunk, record};

/// Octets of one unit of work.
const UNIT: usize = 1024;

/// Octets of rows that wait together.
const BLOCK_OCTETS: usize = 64 * 1024;

/// All contacts, and the index over them.
///
/// Rows that are pushed wait as packed octets (about 60 each); [`Contacts::step`] takes them into the index. What
/// was pushed is found as soon as the segment it belongs to is sealed: after 4,096 contacts, then after as many as
/// there are already, and when nothing waits any more. Of a push that is still open the last 1,024 contacts, or as many
/// as were found before, may wait for its end: each segment makes every search dearer.
#[derive(Debug, Default)]
pub struct Contacts {
    books: Vec<Book>,
    queue: VecDeque<(usize, Task)>,
    home: Option<Country>,
    /// Rows taken in, and rows pushed, since the indexer last ran dry with no push open.
    done: usize,
    known: usize,
    /// Sources beyond [`MAX_SOURCES`], which are refused: reported and forgotten.
    refused: Vec<Indexed>,
    /// Who comes first among equals, the most wanted first.
    pub(crate) preferred: Vec<(Source, String)>,
}

/// What waits to be done for a source.
#[derive(Debug)]
enum Task {
    Begin(Mode),
    /// Packed records, and how many octets of them are done.
    Rows {
        octets: Vec<u8>,
        at: usize,
        rows: usize,
    },
    End,
    /// Ids, the next one last.
    Remove(Vec<String>),
    Purge,
}

impl Contacts {
    /// No contacts.
    pub fn new() -> Contacts {
        Contacts::default()
    }

    /// The country (ISO 3166, as `ES`) in which national numbers are at home; whether it is known here. Contacts
    /// that are indexed already are read again in steps.
    pub fn set_country(&mut self, iso: &str) -> bool {
        self.home = country::by_iso(iso);
        self.home.is_some()
    }

    /// A push to `source` starts. One push per source is open at a time: a second `begin` ends the first, or, where both
    /// replace, takes its place.
    pub fn begin(&mut self, source: Source, mode: Mode) {
        if mode == Mode::Upsert {
            self.end(&source);
        }
        if let Some(at) = self.book_for(&source) {
            self.queue.push_back((at, Task::Begin(mode)));
            self.set_pushing(at, true);
        }
    }

    /// One row of the open push of `source`; an `id` with no phones left and `Upsert` keeps the name. O(size).
    /// Without [`Contacts::begin`] it counts as an upsert.
    pub fn push(&mut self, source: &Source, mut contact: Contact) {
        if contact.name.trim().is_empty() {
            contact.name = contact.company.clone().unwrap_or_default();
        }
        if contact.id.is_empty() {
            return self.reject(source, Rejection::NoId);
        }
        if contact.name.trim().is_empty() {
            return self.reject(source, Rejection::NoName);
        }
        if record::is_longer(&contact.id, MAX_ID_CHARS) {
            return self.reject(source, Rejection::TooLarge);
        }
        let Some(at) = self.book_for(source) else { return };
        self.known += 1;
        if let Some((_, Task::Rows { octets, rows, .. })) =
            self.queue.back_mut().filter(|(book, _)| *book == at)
            && octets.len() < BLOCK_OCTETS
        {
            *rows += 1;
            return record::write(&contact, octets);
        }
        let mut octets = Vec::new();
        record::write(&contact, &mut octets);
        self.queue.push_back((at, Task::Rows { octets, at: 0, rows: 1 }));
    }

    /// The contacts of a stored chunk but those whose id `is_gone`, as rows of the open push of `source`: as if each were
    /// pushed, but without unpacking them. How many they are. O(size), some 0.5 ms for a full chunk.
    ///
    /// # Errors
    /// If the chunk is damaged; then none of it is taken.
    pub fn push_chunk(
        &mut self,
        source: &Source,
        octets: &[u8],
        is_gone: impl Fn(&str) -> bool,
    ) -> Result<usize, chunk::Damaged> {
        let (mut rest, _) = chunk::records(octets)?;
        let (mut records, mut rows) = (Vec::with_capacity(rest.len()), 0);
        while let (Some((own, after)), Some((record, _))) = (record::split(rest), record::read(rest)) {
            if !is_gone(record.id) {
                records.extend_from_slice(own);
                rows += 1;
            }
            rest = after;
        }
        if let Some(at) = self.book_for(source).filter(|_| rows > 0) {
            self.known += rows;
            self.queue.push_back((at, Task::Rows { octets: records, at: 0, rows }));
        }
        Ok(rows)
    }

    /// A row that could not be read; counted.
    pub fn reject(&mut self, source: &Source, why: Rejection) {
        if let Some(book) = self.book_for(source).and_then(|at| self.books.get_mut(at)) {
            book.tally.reject(why);
        }
    }

    /// The push is complete: with [`Mode::Replace`] what it did not name is gone.
    pub fn end(&mut self, source: &Source) {
        let open = self.books.iter().position(|book| book.source == *source && book.is_pushing);
        if let Some(at) = open {
            self.queue.push_back((at, Task::End));
            self.set_pushing(at, false);
        }
    }

    /// Removes these ids of a source, once what was pushed before is in.
    pub fn remove(&mut self, source: &Source, ids: &[String]) {
        if let Some(at) = self.books.iter().position(|book| book.source == *source) {
            self.queue.push_back((at, Task::Remove(ids.iter().rev().cloned().collect())));
        }
    }

    /// What was removed or exchanged of a source so far is read out of its segments, in steps, instead of waiting until
    /// it is a quarter of one: no octet of it stays. Each contact of the segment is copied: for what a person does by
    /// hand.
    pub fn purge(&mut self, source: &Source) {
        if let Some(at) = self.books.iter().position(|book| book.source == *source) {
            self.queue.push_back((at, Task::Purge));
        }
    }

    /// Removes a source at once, with what of it still waits.
    pub fn clear(&mut self, source: &Source) {
        let Some(at) = self.books.iter().position(|book| book.source == *source) else { return };
        for (_, task) in self.queue.iter().filter(|(book, _)| *book == at) {
            if let Task::Rows { rows, .. } = task {
                self.known -= rows;
            }
        }
        self.queue.retain(|(book, _)| *book != at);
        if let Some(book) = self.books.get_mut(at) {
            book.tally.removed += book.shelf.ids();
            book.tally.changed = true;
            book.shelf = Shelf::new();
            book.next = None;
        }
    }

    fn set_pushing(&mut self, at: usize, is_pushing: bool) {
        if let Some(book) = self.books.get_mut(at) {
            book.is_pushing = is_pushing;
        }
    }

    /// The place of a source among the books; a new one if there is room.
    fn book_for(&mut self, source: &Source) -> Option<usize> {
        if let Some(at) = self.books.iter().position(|book| book.source == *source) {
            return Some(at);
        }
        if self.books.len() >= MAX_SOURCES {
            self.refuse(source);
            return None;
        }
        self.books.push(Book::new(source.clone()));
        Some(self.books.len() - 1)
    }

    fn refuse(&mut self, source: &Source) {
        let known = self.refused.iter_mut().find(|report| report.source == *source);
        if let Some(report) = known {
            report.rejected += 1;
            report.reasons = vec![(Rejection::TooLarge, report.rejected)];
        } else if self.refused.len() < MAX_SOURCES {
            let mut tally = Tally::default();
            tally.reject(Rejection::TooLarge);
            self.refused.push(tally.take(source.clone(), 0));
        }
    }

    /// Works for `units` (about 1 kB of text each) and says if more remains.
    pub fn step(&mut self, units: u32) -> bool {
        let mut budget = units as usize * UNIT;
        while budget > 0 {
            let Some(cost) = self.work() else { return false };
            budget = budget.saturating_sub(cost);
        }
        self.has_work()
    }

    /// One small act and its cost in octets; `None` if there is nothing to do.
    fn work(&mut self) -> Option<usize> {
        for book in &mut self.books {
            if book.shelf.step() || book.next.as_mut().is_some_and(|next| next.shelf.step()) {
                return Some(UNIT);
            }
        }
        if let Some((at, task)) = self.queue.pop_front() {
            return Some(self.perform(at, task));
        }
        let home = self.home;
        let begun = self.books.iter_mut().any(|book| {
            let seals = book.must_seal() && book.shelf.seal();
            seals || book.shelf.tidy(home)
        });
        if !begun && !self.books.iter().any(|book| book.is_pushing) {
            self.done = 0;
            self.known = 0;
        }
        begun.then_some(UNIT)
    }

    fn has_work(&self) -> bool {
        let waits =
            |book: &Book| book.shelf.is_making() || book.shelf.has_open() || book.shelf.is_untidy(self.home);
        !self.queue.is_empty() || self.books.iter().any(waits)
    }

    fn perform(&mut self, at: usize, task: Task) -> usize {
        let (contacts, home) = (self.total(), self.home);
        let Some(book) = self.books.get_mut(at) else { return UNIT };
        match task {
            Task::Begin(Mode::Replace) => book.begin_anew(),
            Task::Begin(Mode::Upsert) => {}
            Task::Rows { octets, at: start, mut rows } => {
                let others = contacts - book.total();
                let (mut end, mut is_full) = (start, false);
                while end < octets.len() && end - start < UNIT && !is_full {
                    (end, is_full) = book.take_row(&octets, end, others, home);
                    rows -= 1;
                    self.done += 1;
                }
                if end < octets.len() {
                    self.queue.push_front((at, Task::Rows { octets, at: end, rows }));
                }
                return if is_full { UNIT } else { end - start };
            }
            Task::End => {
                if book.next.as_mut().is_some_and(|next| next.shelf.seal()) {
                    self.queue.push_front((at, Task::End));
                } else {
                    book.swap();
                }
            }
            Task::Remove(mut ids) => {
                if let Some(id) = ids.pop() {
                    book.remove(&id);
                    self.queue.push_front((at, Task::Remove(ids)));
                }
                return 64;
            }
            Task::Purge => book.shelf.purge(),
        }
        UNIT / 4
    }

    fn total(&self) -> usize {
        self.books.iter().map(Book::total).sum()
    }

    /// Rows taken in so far and rows known to come, while indexing is under way.
    pub fn progress(&self) -> Option<(usize, usize)> {
        self.has_work().then(|| self.taken())
    }

    /// The same, also while an open push has no row that waits.
    pub fn taken(&self) -> (usize, usize) {
        (self.done, self.known)
    }

    /// A report for each source that changed, once the indexer has run dry.
    pub fn poll_indexed(&mut self) -> Option<Indexed> {
        if self.has_work() {
            return None;
        }
        if let Some(report) = self.refused.pop() {
            return Some(report);
        }
        let book = self.books.iter_mut().find(|book| book.tally.changed && book.next.is_none())?;
        Some(book.tally.take(book.source.clone(), book.shelf.ids()))
    }

    /// One contact by its source and id, indexed or still being indexed.
    pub fn get(&self, source: &Source, id: &str) -> Option<Hit> {
        let book = self.books.iter().find(|book| book.source == *source)?;
        let (record, _) = record::read(book.shelf.octets_of(id)?)?;
        Some(Hit::of(source, record))
    }

    /// How many can be found.
    pub fn len(&self) -> usize {
        self.books.iter().map(|book| book.shelf.live()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sources that have contacts, and how many each.
    pub fn sources(&self) -> Vec<(Source, usize)> {
        let counts = self.books.iter().map(|book| (book.source.clone(), book.shelf.ids()));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    /// Up to [`chunk::MAX_CONTACTS`] contacts of a source in the order pushed, from `cursor` on (0 at first), and
    /// the cursor of the next call; `None` at the end. To write a source anew, once the indexer has run dry.
    pub fn export(&self, source: &Source, cursor: u64) -> Option<(Vec<Contact>, u64)> {
        let book = self.books.iter().find(|book| book.source == *source)?;
        let (mut slot, mut doc) = ((cursor >> 32) as usize, cursor as u32 as usize);
        let mut contacts = Vec::new();
        while let Some(part) = book.shelf.slots().get(slot) {
            while doc < part.segment.len() {
                let at = doc as u16;
                if !part.is_dead(at) {
                    if contacts.len() == chunk::MAX_CONTACTS {
                        return Some((contacts, (slot as u64) << 32 | doc as u64));
                    }
                    contacts.extend(part.segment.record(at).map(|record| record.to_contact()));
                }
                doc += 1;
            }
            (slot, doc) = (slot + 1, 0);
        }
        (!contacts.is_empty()).then_some((contacts, (slot as u64) << 32))
    }

    /// Octets held by the index and what waits, by estimate.
    pub fn memory(&self) -> usize {
        let waiting = self.queue.iter().map(|(_, task)| match task {
            Task::Rows { octets, .. } => octets.capacity(),
            Task::Remove(ids) => ids.iter().map(|id| id.capacity() + size_of::<String>()).sum(),
            Task::Begin(_) | Task::End | Task::Purge => 0,
        });
        let shelves = self
            .books
            .iter()
            .map(|book| book.shelf.memory() + book.next.as_ref().map_or(0, |next| next.shelf.memory()));
        waiting.sum::<usize>() + shelves.sum::<usize>()
    }

    pub(crate) fn books(&self) -> &[Book] {
        &self.books
    }

    pub(crate) fn home(&self) -> Option<Country> {
        self.home
    }
}

#[cfg(test)]
mod tests;
