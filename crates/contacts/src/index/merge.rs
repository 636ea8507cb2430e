//! Makes one segment of neighbouring ones, in slices, out of what they have in order already: no text is read again.
//!
//! It never changes the segments it reads, and takes over nothing of a contact that is gone.

use core::cmp::Ordering;
use core::ops::Range;

use crate::country::Country;
use crate::ids::{self, Ids, Place};
use crate::index::dictionary::{Cursor, Writer};
use crate::index::keys::KEYS;
use crate::index::runs::{Head, Heads, beginning};
use crate::index::seal::{KEY_SLICE, post};
use crate::index::segment::{COMPANY, Segment, name_key, name_rest, part};
use crate::index::shelf::Slot;
use crate::record;

/// Contacts, words or keys of one call.
const SLICE: usize = 64;

/// The new number of a document that is gone; no document has it.
const GONE: u16 = u16::MAX;

/// A segment in the making. The old ones must stay as they are until it is done.
#[derive(Debug)]
pub(crate) struct Merging {
    pub(crate) serial: u16,
    /// The slots that are merged.
    pub(crate) run: Range<usize>,
    stage: Stage,
    sources: Vec<Reading>,
    /// Which of the sources is read, where one is read after the other; of keys, the next.
    at: usize,
    /// Which of the sources goes on, where they are read side by side.
    heads: Heads,
    dictionary: Writer,
    word: Vec<u8>,
    /// How often each key is used; then where the next posting of it goes.
    key_cursors: Vec<u32>,
    segment: Segment,
}

/// What is made now, of all sources.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Records,
    Words,
    CountKeys,
    PlaceKeys,
    FillKeys,
    Names,
    Order,
    Done,
}

/// How far one of the old segments is read, and what of it became what.
#[derive(Debug)]
struct Reading {
    /// The new number of each document.
    docs: Vec<u16>,
    /// The new ordinal of each word.
    ordinals: Vec<u16>,
    cursor: Cursor,
    /// The word under the cursor.
    word: Option<usize>,
    /// The next key, document or place in the alphabetical order.
    next: usize,
}

impl Merging {
    /// All contacts of `run` that are left, which fit into one segment and have their numbers read at `home`.
    pub(crate) fn new(slots: &[Slot], run: Range<usize>, serial: u16, home: Option<Country>) -> Merging {
        let old = slots.get(run.clone()).unwrap_or(&[]);
        let sources = old.iter().map(|slot| {
            let mut cursor = Cursor::new(&slot.segment.dictionary, 0);
            let word = cursor.next(&slot.segment.dictionary);
            let docs = Vec::with_capacity(slot.segment.len());
            let ordinals = Vec::with_capacity(slot.segment.dictionary.len());
            Reading { docs, ordinals, cursor, word, next: 0 }
        });
        let sum = |of: fn(&Segment) -> usize| old.iter().map(|slot| of(&slot.segment)).sum::<usize>();
        let segment = Segment {
            records: Vec::with_capacity(sum(|one| one.records.len())),
            record_ends: Vec::with_capacity(sum(Segment::len)),
            postings: Vec::with_capacity(sum(|one| one.postings.len())),
            words: Vec::with_capacity(sum(|one| one.words.len())),
            word_ends: Vec::with_capacity(sum(Segment::len)),
            ..Segment::empty(home)
        };
        Merging {
            serial,
            sources: sources.collect(),
            run,
            stage: Stage::Records,
            at: 0,
            heads: Heads::default(),
            dictionary: Writer::default(),
            word: Vec::new(),
            key_cursors: vec![0; KEYS],
            segment,
        }
    }

    /// One slice of work; whether more remains. Contacts get their new places in `ids` as they come over.
    pub(crate) fn step(&mut self, slots: &[Slot], ids: &mut Ids) -> bool {
        let slots = slots.get(self.run.clone()).unwrap_or(&[]);
        let acts = match self.stage {
            Stage::CountKeys | Stage::PlaceKeys | Stage::FillKeys | Stage::Done => 1,
            Stage::Records | Stage::Words | Stage::Names | Stage::Order => SLICE,
        };
        for _ in 0..acts {
            let (was_any, next) = match self.stage {
                Stage::Records => (self.add_record(slots, ids), Stage::Words),
                Stage::Words => (self.add_word(slots), Stage::CountKeys),
                Stage::CountKeys => (self.add_keys(slots), Stage::PlaceKeys),
                Stage::PlaceKeys => (self.place_keys(), Stage::FillKeys),
                Stage::FillKeys => (self.add_keys(slots), Stage::Names),
                Stage::Names => (self.add_name(slots), Stage::Order),
                Stage::Order => (self.add_place(slots), Stage::Done),
                Stage::Done => return false,
            };
            if !was_any {
                self.begin(next, slots);
                return true;
            }
        }
        true
    }

    /// The next stage begins with the first of all.
    fn begin(&mut self, stage: Stage, slots: &[Slot]) {
        self.stage = stage;
        self.at = 0;
        self.sources.iter_mut().for_each(|source| source.next = 0);
        match stage {
            Stage::Words => {
                for at in 0..self.sources.len() {
                    if let Some(head) = self.sources.get(at).and_then(|source| source.word_head(at)) {
                        self.heads.push(head, &by_word(&self.sources));
                    }
                }
            }
            Stage::FillKeys => {
                let count = self.segment.key_ends.last().map_or(0, |end| *end as usize);
                self.segment.key_postings = vec![0; count];
            }
            Stage::Order => {
                let len = self.segment.len();
                self.segment.ranks = vec![0; len];
                self.segment.order.reserve_exact(len);
                for at in 0..self.sources.len() {
                    if let Some(head) = self.go_on(slots, at) {
                        self.heads.push(head, &by_name(&self.segment));
                    }
                }
            }
            Stage::Records | Stage::CountKeys | Stage::PlaceKeys | Stage::Names | Stage::Done => {}
        }
    }

    /// The packed record of a contact that has come over.
    pub(crate) fn octets(&self, doc: u16) -> &[u8] {
        self.segment.octets(doc)
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.segment.memory()
            + 4 * self.key_cursors.len()
            + self.sources.iter().map(|one| 2 * (one.docs.len() + one.ordinals.len())).sum::<usize>()
    }

    /// To be asked once [`Merging::step`] says that nothing remains.
    pub(crate) fn into_segment(self) -> Segment {
        Segment { dictionary: self.dictionary.finish(), ..self.segment }.shrunk()
    }

    fn add_record(&mut self, slots: &[Slot], ids: &mut Ids) -> bool {
        let Some((slot, source)) = slots.get(self.at).zip(self.sources.get_mut(self.at)) else {
            return false;
        };
        let doc = source.docs.len();
        if doc == slot.segment.len() {
            self.at += 1;
            return true;
        }
        let old = Place { serial: slot.serial, doc: doc as u16 };
        if slot.is_dead(old.doc) {
            source.docs.push(GONE);
            return true;
        }
        let new = Place { serial: self.serial, doc: self.segment.len() as u16 };
        source.docs.push(new.doc);
        let octets = slot.segment.octets(old.doc);
        self.segment.records.extend_from_slice(octets);
        self.segment.record_ends.push(self.segment.records.len() as u32);
        if let Some(id) = record::id(octets) {
            ids.replace(ids::hash(id), old, new);
        }
        true
    }

    fn add_word(&mut self, slots: &[Slot]) -> bool {
        let first = self.heads.first().and_then(|(_, at)| self.sources.get(at));
        let Some(source) = first else { return false };
        self.word.clone_from(&source.cursor.word);
        let Segment { postings, posting_ends, .. } = &mut self.segment;
        let (ordinal, before) = (posting_ends.len() as u16, postings.len());
        while let Some((_, at)) = self.heads.first()
            && let (Some(slot), Some(source)) = (slots.get(at), self.sources.get_mut(at))
            && let Some(word) = source.word.filter(|_| source.cursor.word == self.word)
        {
            // A word that nobody has any more has the ordinal of the next one, which nobody asks it for.
            source.ordinals.push(ordinal);
            let old = part(&slot.segment.postings, &slot.segment.posting_ends, word);
            postings.extend(old.iter().filter_map(|old| source.doc(*old)));
            source.word = source.cursor.next(&slot.segment.dictionary);
            let next = source.word_head(at);
            self.heads.replace_first(next, &by_word(&self.sources));
        }
        if postings.len() > before {
            self.dictionary.push(&self.word);
            posting_ends.push(postings.len() as u32);
        }
        true
    }

    /// Writes the documents of a slice of keys, one source after the other. While there is no room for them, they are
    /// only counted.
    fn add_keys(&mut self, slots: &[Slot]) -> bool {
        let Some((slot, source)) = slots.get(self.at).zip(self.sources.get_mut(self.at)) else {
            return false;
        };
        let Segment { keys, key_ends, key_postings, .. } = &slot.segment;
        let start = source.next;
        source.next = keys.len().min(start + SLICE);
        if start == source.next {
            self.at += 1;
            return true;
        }
        let slice = start..source.next;
        let mut from =
            start.checked_sub(1).and_then(|before| key_ends.get(before)).map_or(0, |end| *end as usize);
        let (keys, ends) = (keys.get(slice.clone()).unwrap_or(&[]), key_ends.get(slice).unwrap_or(&[]));
        // Where nobody is gone, how many there are is known without looking at them.
        let counts_all = self.segment.key_postings.is_empty() && slot.live() == slot.segment.len();
        for (key, end) in keys.iter().zip(ends) {
            let postings = key_postings.get(from..*end as usize).unwrap_or(&[]);
            from = *end as usize;
            let Some(cursor) = self.key_cursors.get_mut(usize::from(*key)) else { continue };
            if counts_all {
                *cursor += postings.len() as u32;
                continue;
            }
            for doc in postings.iter().filter_map(|old| source.doc(*old)) {
                post(&mut self.segment.key_postings, cursor, doc);
            }
        }
        true
    }

    /// Which keys there are, and where the postings of each go.
    fn place_keys(&mut self) -> bool {
        let Segment { keys, key_ends, .. } = &mut self.segment;
        let mut end = key_ends.last().copied().unwrap_or(0);
        let next = KEYS.min(self.at + KEY_SLICE);
        for (key, cursor) in
            (self.at as u16..).zip(self.key_cursors.get_mut(self.at..next).unwrap_or(&mut []))
        {
            let start = end;
            end += core::mem::replace(cursor, start);
            if end > start {
                keys.push(key);
                key_ends.push(end);
            }
        }
        self.at = next;
        next < KEYS
    }

    fn add_name(&mut self, slots: &[Slot]) -> bool {
        let Some((slot, source)) = slots.get(self.at).zip(self.sources.get_mut(self.at)) else {
            return false;
        };
        let Some(doc) = source.docs.get(source.next) else {
            self.at += 1;
            return true;
        };
        if *doc != GONE {
            for word in slot.segment.words(source.next as u16) {
                // The mark of the company is no ordinal, and stays.
                self.segment.words.push(source.ordinals.get(usize::from(*word)).copied().unwrap_or(COMPANY));
            }
            self.segment.word_ends.push(self.segment.words.len() as u32);
        }
        source.next += 1;
        true
    }

    /// Of the contacts that come next in the order of their segments, the first.
    fn add_place(&mut self, slots: &[Slot]) -> bool {
        let Some(((_, doc), at)) = self.heads.first() else { return false };
        let Segment { order, ranks, .. } = &mut self.segment;
        if let Some(rank) = ranks.get_mut(usize::from(doc)) {
            *rank = order.len() as u16;
        }
        order.push(doc);
        let next = self.go_on(slots, at);
        self.heads.replace_first(next, &by_name(&self.segment));
        true
    }

    /// The next contact of a source that is still there, unless it is over.
    fn go_on(&mut self, slots: &[Slot], at: usize) -> Option<Head> {
        let (slot, source) = slots.get(at).zip(self.sources.get_mut(at))?;
        loop {
            let old = slot.segment.at_rank(source.next)?;
            source.next += 1;
            if let Some(doc) = source.doc(old) {
                return Some(((name_key(self.segment.words(doc)), doc), at));
            }
        }
    }
}

impl Reading {
    /// The new number of a document that is still there.
    fn doc(&self, old: u16) -> Option<u16> {
        self.docs.get(usize::from(old)).copied().filter(|doc| *doc != GONE)
    }

    /// The word under the cursor, as the head of the source at this place.
    fn word_head(&self, at: usize) -> Option<Head> {
        self.word.map(|_| ((beginning(&self.cursor.word), at as u16), at))
    }
}

/// The order of the sources by words that begin alike. Of equal words the one that came first is first.
fn by_word(sources: &[Reading]) -> impl Fn(u16, u16) -> Ordering {
    |a, b| {
        let word = |at: u16| sources.get(usize::from(at)).map(|source| source.cursor.word.as_slice());
        word(a).cmp(&word(b)).then(a.cmp(&b))
    }
}

/// The order of contacts by the rests of names that begin alike. Of equal names the one that came first is first.
fn by_name(segment: &Segment) -> impl Fn(u16, u16) -> Ordering {
    |a, b| name_rest(segment.words(a)).cmp(name_rest(segment.words(b))).then(a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::builder::Builder;
    use crate::index::seal::Sealing;
    use crate::index::uses::Uses;
    use crate::{Contact, PhoneNumber, country};
    use proptest::collection::vec;

    fn sealed(contacts: &[Contact]) -> Segment {
        let mut builder = Builder::new(0, country::by_iso("ES"), Uses::new());
        for contact in contacts {
            let mut octets = Vec::new();
            record::write(contact, &mut octets);
            builder.add(&octets, record::read(&octets).unwrap().0);
        }
        let mut sealing = Sealing::new(builder);
        while sealing.step() {}
        sealing.into_segment().0
    }

    fn contact(at: usize, name: &str, number: u32) -> Contact {
        Contact {
            id: at.to_string(),
            name: name.to_owned(),
            company: at.is_multiple_of(3).then(|| "Ana & Bo".to_owned()),
            phones: vec![PhoneNumber { number: number.to_string(), kind: None }],
            ..Contact::default()
        }
    }

    proptest::proptest! {
        #[test]
        fn merged_segment_is_the_one_that_is_made_of_what_is_left(
            parts in vec(vec(("[abж]{1,3}( [abж]{1,2}){0,5}", 1_u32..9_999_999, proptest::bool::weighted(0.2)), 1..40), 1..18),
        ) {
            let (mut slots, mut left, mut ids, mut at) = (Vec::new(), Vec::new(), Ids::default(), 0);
            for (serial, part) in (0..).zip(&parts) {
                let contacts: Vec<Contact> =
                    part.iter().zip(at..).map(|((name, number, _), at)| contact(at, name, *number)).collect();
                at += part.len();
                let mut slot = Slot::new(serial, sealed(&contacts));
                for ((doc, contact), (.., is_gone)) in (0..).zip(contacts).zip(part) {
                    if *is_gone {
                        slot.kill(doc);
                    } else {
                        ids.insert(ids::hash(contact.id.as_bytes()), Place { serial, doc });
                        left.push(contact);
                    }
                }
                slots.push(slot);
            }
            let mut merging = Merging::new(&slots, 0..slots.len(), 77, country::by_iso("ES"));
            while merging.step(&slots, &mut ids) {}
            proptest::prop_assert_eq!(merging.into_segment(), sealed(&left));
            for (doc, contact) in (0..).zip(&left) {
                let place = ids.find(ids::hash(contact.id.as_bytes()), |_| true);
                proptest::prop_assert_eq!(place, Some(Place { serial: 77, doc }));
            }
        }
    }
}
