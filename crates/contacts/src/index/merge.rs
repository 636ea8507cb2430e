//! Makes one segment of neighbouring ones, in slices, out of what they have in order already: no text is read again.
//!
//! It never changes the segments it reads, and takes over nothing of a contact that is gone.

use core::ops::Range;

use crate::country::Country;
use crate::ids::{self, Ids, Place};
use crate::index::dictionary::{Cursor, Writer};
use crate::index::segment::{COMPANY, Segment, part};
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
    /// Which of the sources is read, where one is read after the other.
    at: usize,
    dictionary: Writer,
    word: Vec<u8>,
    segment: Segment,
}

/// What is made now, of all sources.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Records,
    Words,
    Keys,
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
            Reading { docs: Vec::new(), ordinals: Vec::new(), cursor, word, next: 0 }
        });
        let sum = |of: fn(&Segment) -> usize| old.iter().map(|slot| of(&slot.segment)).sum::<usize>();
        let segment = Segment {
            records: Vec::with_capacity(sum(|one| one.records.len())),
            record_ends: Vec::with_capacity(sum(Segment::len)),
            postings: Vec::with_capacity(sum(|one| one.postings.len())),
            key_postings: Vec::with_capacity(sum(|one| one.key_postings.len())),
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
            dictionary: Writer::default(),
            word: Vec::new(),
            segment,
        }
    }

    /// One slice of work; whether more remains. Contacts get their new places in `ids` as they come over.
    pub(crate) fn step(&mut self, slots: &[Slot], ids: &mut Ids) -> bool {
        let slots = slots.get(self.run.clone()).unwrap_or(&[]);
        for _ in 0..SLICE {
            let (was_any, next) = match self.stage {
                Stage::Records => (self.add_record(slots, ids), Stage::Words),
                Stage::Words => (self.add_word(slots), Stage::Keys),
                Stage::Keys => (self.add_key(slots), Stage::Names),
                Stage::Names => (self.add_name(slots), Stage::Order),
                Stage::Order => (self.add_place(slots), Stage::Done),
                Stage::Done => return false,
            };
            if !was_any {
                self.stage = next;
                self.at = 0;
                self.sources.iter_mut().for_each(|source| source.next = 0);
                return true;
            }
        }
        true
    }

    /// The packed record of a contact that has come over.
    pub(crate) fn octets(&self, doc: u16) -> &[u8] {
        self.segment.octets(doc)
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.segment.memory()
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
        let heads = self.sources.iter().filter(|source| source.word.is_some());
        let Some(least) = heads.map(|source| &source.cursor.word).min() else { return false };
        self.word.clone_from(least);
        let Segment { postings, posting_ends, .. } = &mut self.segment;
        let (ordinal, before) = (posting_ends.len() as u16, postings.len());
        for (slot, source) in slots.iter().zip(&mut self.sources) {
            let Some(at) = source.word.filter(|_| source.cursor.word == self.word) else { continue };
            // A word that nobody has any more has the ordinal of the next one, which nobody asks it for.
            source.ordinals.push(ordinal);
            source.carry(part(&slot.segment.postings, &slot.segment.posting_ends, at), postings);
            source.word = source.cursor.next(&slot.segment.dictionary);
        }
        if postings.len() > before {
            self.dictionary.push(&self.word);
            posting_ends.push(postings.len() as u32);
        }
        true
    }

    fn add_key(&mut self, slots: &[Slot]) -> bool {
        let heads =
            slots.iter().zip(&self.sources).filter_map(|(slot, source)| slot.segment.keys.get(source.next));
        let Some(least) = heads.min().copied() else { return false };
        let Segment { keys, key_ends, key_postings, .. } = &mut self.segment;
        let before = key_postings.len();
        for (slot, source) in slots.iter().zip(&mut self.sources) {
            if slot.segment.keys.get(source.next) == Some(&least) {
                source.carry(
                    part(&slot.segment.key_postings, &slot.segment.key_ends, source.next),
                    key_postings,
                );
                source.next += 1;
            }
        }
        if key_postings.len() > before {
            keys.push(least);
            key_ends.push(key_postings.len() as u32);
        }
        true
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
        let Segment { words, word_ends, order, ranks, .. } = &mut self.segment;
        let name = |doc: u16| {
            let words = part(words, word_ends, usize::from(doc)).iter();
            words.take_while(|word| **word != COMPANY)
        };
        let mut first: Option<(usize, u16)> = None;
        for (at, (slot, source)) in slots.iter().zip(&mut self.sources).enumerate() {
            let Some(doc) = source.next_in_order(slot) else { continue };
            // Of equal names the one that came first is first.
            if first.is_none_or(|(_, other)| name(doc).lt(name(other))) {
                first = Some((at, doc));
            }
        }
        let Some((at, doc)) = first else { return false };
        if ranks.is_empty() {
            *ranks = vec![0; word_ends.len()];
            order.reserve_exact(word_ends.len());
        }
        if let (Some(source), Some(rank)) = (self.sources.get_mut(at), ranks.get_mut(usize::from(doc))) {
            source.next += 1;
            *rank = order.len() as u16;
        }
        order.push(doc);
        true
    }
}

impl Reading {
    /// Appends the new numbers of documents that are still there.
    fn carry(&self, old: &[u16], new: &mut Vec<u16>) {
        for old in old {
            if let Some(doc) = self.docs.get(usize::from(*old)).filter(|doc| **doc != GONE) {
                new.push(*doc);
            }
        }
    }

    /// The new number of the next contact in the order of the segment that is still there.
    fn next_in_order(&mut self, slot: &Slot) -> Option<u16> {
        loop {
            let old = slot.segment.at_rank(self.next)?;
            match self.docs.get(usize::from(old)) {
                Some(&GONE) | None => self.next += 1,
                Some(new) => return Some(*new),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::builder::Builder;
    use crate::index::seal::Sealing;
    use crate::{Contact, PhoneNumber, country};
    use proptest::collection::vec;

    fn sealed(contacts: &[Contact]) -> Segment {
        let mut builder = Builder::new(0, country::by_iso("ES"));
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
            parts in vec(vec(("[abж]{1,3}( [abж]{1,2}){0,5}", 1_u32..9_999_999, proptest::bool::weighted(0.2)), 1..90), 1..5),
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
