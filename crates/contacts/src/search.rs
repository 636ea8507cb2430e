//! Questions to all sources at once: what was typed, whose number this is.
//!
//! It never waits for the indexer: it answers from what is indexed.

use crate::index::keys::{self, Forms, KEY_DIGITS};
use crate::index::meant::Forgiven;
use crate::index::query::Query;
use crate::index::shelf::Slot;
use crate::index::top::{self, Found, Preferred};
use crate::number::{self, Likeness, Number};
use crate::record::{self, Record};
use crate::{Contacts, DocAddress, Hit, MAX_MATCHES, MAX_PREFERRED, Source, fold};
use core::cmp::Reverse;
use std::collections::{BinaryHeap, binary_heap::PeekMut};

/// Most hits of a search: a list on screen shows a few dozen.
const MAX_HITS: usize = 1000;

/// Most numbers that are compared for digits: one to three are in nearly every number.
const MAX_NUMBERS: usize = 1024;

/// Digits at the end of a number by which equal numbers are found: with country codes and trunk prefixes cut off,
/// numbers that are the same have at least these in common.
const COMMON_DIGITS: usize = 7;

impl Contacts {
    /// The best `max` contacts for what was typed: every word a prefix of some word of the name or the company, or
    /// digits inside a number. Whole words before begun ones, those at their place before others, then whom one prefers
    /// ([`Contacts::prefer`]), then by alphabet. Where that finds too few, one slip in a word of four letters is forgiven,
    /// behind all others (in its first letter, if it is the only word and the rest is whole); where that does, too, one in
    /// the first letter of any, or two in a word of eight.
    pub fn search(&self, query: &str, max: usize) -> Vec<Hit> {
        self.read(query, &self.find(query, max))
    }

    /// The same, but for what the contacts say: a list on screen reads by [`Contacts::read`] those in view alone.
    pub fn find(&self, query: &str, max: usize) -> Vec<DocAddress> {
        let query = Query::new(query, self.home());
        let max = max.min(MAX_HITS);
        if query.is_empty() || max == 0 {
            return Vec::new();
        }
        let slots: Vec<_> = self.slots().collect();
        let numbers = MAX_NUMBERS / slots.len().max(1);
        let preferred = self.preferred(&slots);
        let mut answers: Vec<Vec<Found>> = slots
            .iter()
            .zip(&preferred)
            .map(|((slot, _), preferred)| query.search(slot, max, numbers, preferred))
            .collect();
        for forgiven in [Forgiven::One, Forgiven::Far] {
            let found = answers.iter().flatten();
            if found.clone().count() >= max || (forgiven == Forgiven::Far && query.is_written(found)) {
                break;
            }
            let slips = query.slips(forgiven);
            for (((slot, _), preferred), answer) in slots.iter().zip(&preferred).zip(&mut answers) {
                answer.extend(query.search_slips(slot, max, answer, &slips, preferred));
            }
        }
        merged(&slots, &preferred, answers, max)
    }

    /// Whom a search gives first among those who answer it as well: the most wanted first, at most [`MAX_PREFERRED`]. They
    /// need not be there: who is not, or not yet, is passed over.
    pub fn prefer(&mut self, mut contacts: Vec<(Source, String)>) {
        contacts.truncate(MAX_PREFERRED);
        self.preferred = contacts;
    }

    /// Those of each segment whom one prefers.
    fn preferred(&self, slots: &[(&Slot, &Source)]) -> Vec<Vec<Preferred>> {
        let mut preferred = vec![Vec::new(); slots.len()];
        for (place, (source, id)) in (0..).zip(&self.preferred) {
            let book = self.books().iter().find(|book| book.source == *source);
            let Some(at) = book.and_then(|book| book.shelf.place(id)) else { continue };
            let slot = slots.iter().position(|(slot, of)| slot.is_at(at) && *of == source);
            if let Some(list) = slot.and_then(|slot| preferred.get_mut(slot)) {
                list.push((place, at.doc));
            }
        }
        preferred
    }

    /// The contacts that [`Contacts::find`] has found for `query`, with what of them answers it.
    pub fn read(&self, query: &str, found: &[DocAddress]) -> Vec<Hit> {
        let home = self.home();
        let query = Query::new(query, home);
        let slots: Vec<_> = self.slots().collect();
        let found = found.iter().filter_map(|at| {
            let (slot, source) = slots.get(at.slot as usize)?;
            let mut hit = Hit::of(source, slot.segment.record(at.doc)?);
            hit.mark(&query, home);
            Some(hit)
        });
        found.collect()
    }

    /// Whose number this is: all matches of the best class, in the order they were pushed, at most
    /// [`MAX_MATCHES`]. Never a guess: nobody, if no number is the same. O(length of the number) look-ups.
    pub fn by_number(&self, number: &str) -> Vec<Hit> {
        let mut wanted = Forms::default();
        wanted.read(number, self.home());
        let may_be_bare = self.home().is_some_and(|home| home.trunk == "0");
        let mut forms = Forms::default();
        let mut matches: Vec<(Likeness, Hit)> = Vec::new();
        if wanted.number.digits.is_empty() {
            return Vec::new();
        }
        // Twenty of the best class are enough, however many share the number of their company.
        let is_full = |matches: &[(Likeness, Hit)]| {
            matches.iter().filter(|(likeness, _)| *likeness == Likeness::Same).count() >= MAX_MATCHES
        };
        for (slot, source) in self.slots() {
            for doc in same_ending(slot, &wanted.number) {
                if is_full(&matches) {
                    break;
                }
                if slot.is_dead(doc) {
                    continue;
                }
                let Some(record) = slot.segment.record(doc) else { continue };
                let mut best = None;
                for (at, (_, phone)) in record.phones().enumerate() {
                    forms.read(phone, slot.segment.home());
                    let likeness = forms.number.likeness(&wanted.number).or_else(|| {
                        let is_bare =
                            may_be_bare && forms.number.is_bare(forms.own(), &wanted.number, wanted.own());
                        is_bare.then_some(Likeness::Bare)
                    });
                    best = best.into_iter().chain(likeness.map(|likeness| (likeness, at))).min();
                }
                let Some((likeness, at)) = best else { continue };
                if matches.iter().filter(|(other, _)| *other <= likeness).count() >= MAX_MATCHES {
                    continue;
                }
                let mut hit = Hit::of(source, record);
                hit.phone = Some(at);
                matches.push((likeness, hit));
            }
        }
        let best = matches.iter().map(|(likeness, _)| *likeness).min();
        let of_best = matches.into_iter().filter(|(likeness, _)| Some(*likeness) == best);
        of_best.map(|(_, hit)| hit).take(MAX_MATCHES).collect()
    }

    /// Who has this user name: the first in the order pushed. Looks at some 16 contacts of each segment.
    pub fn by_username(&self, username: &str) -> Option<Hit> {
        let key = keys::username(username);
        let in_slot = |(slot, source): (&Slot, &Source)| {
            let docs = slot.segment.numbers(key..key + 1).iter().filter(|doc| !slot.is_dead(**doc));
            let mut records = docs.filter_map(|doc| slot.segment.record(*doc));
            let found = records.find(|record| record.username == username)?;
            Some(Hit::of(source, found))
        };
        self.slots().find_map(in_slot)
    }

    /// All finished segments in the order of their contacts, with their sources.
    pub(crate) fn slots(&self) -> impl Iterator<Item = (&Slot, &Source)> {
        self.books().iter().flat_map(|book| book.shelf.slots().iter().map(|slot| (slot, &book.source)))
    }
}

/// The best `max` of what each of the segments has found, best first.
fn merged(
    slots: &[(&Slot, &Source)],
    preferred: &[Vec<Preferred>],
    answers: Vec<Vec<Found>>,
    max: usize,
) -> Vec<DocAddress> {
    let mut lists: Vec<_> = answers.into_iter().map(Vec::into_iter).collect();
    let mut next = |at: u32| {
        let place = at as usize;
        Head::next(at, slots.get(place)?.0, preferred.get(place)?, lists.get_mut(place)?).map(Reverse)
    };
    let mut heads: BinaryHeap<_> = (0..slots.len() as u32).filter_map(&mut next).collect();
    let mut found = Vec::new();
    while let Some(mut best) = heads.peek_mut().filter(|_| found.len() < max) {
        let Head { slot, doc, .. } = best.0;
        found.push(DocAddress { slot, doc });
        match next(slot) {
            Some(after) => *best = after,
            None => drop(PeekMut::pop(best)),
        }
    }
    found
}

/// The best hit of a segment that was not given yet: less is better, by score and whether it is preferred, then by the
/// place among those or by name, then by segment.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Head {
    class: u32,
    place: u32,
    name: Vec<u8>,
    slot: u32,
    doc: u16,
}

impl Head {
    fn next(
        slot: u32,
        of: &Slot,
        preferred: &[Preferred],
        found: &mut impl Iterator<Item = Found>,
    ) -> Option<Head> {
        let hit = found.next()?;
        let (place, doc) = top::doc_of(hit, &of.segment, preferred)?;
        let name = fold::folded(record::name(of.segment.octets(doc))?);
        Some(Head { class: top::class_of(hit), place, name, slot, doc })
    }
}

/// The contacts of a segment that may have the same number, in the order pushed: of a short one those that have just
/// it, else those that have both the last four digits of [`COMMON_DIGITS`] and the first four.
fn same_ending(slot: &Slot, wanted: &Number) -> Vec<u16> {
    let digits = wanted.digits.as_slice();
    if let Some(whole) = keys::whole(digits) {
        return slot.segment.numbers(whole).to_vec();
    }
    let with = |count: usize| {
        let end = digits.get(digits.len().saturating_sub(count)..).unwrap_or(digits);
        slot.segment.numbers(keys::ending(end))
    };
    let mut others = with(KEY_DIGITS);
    let mut both = Vec::new();
    for doc in with(COMMON_DIGITS) {
        let less = others.iter().take_while(|other| *other < doc).count();
        others = others.get(less..).unwrap_or(&[]);
        if others.first() == Some(doc) {
            both.push(*doc);
        }
    }
    both
}

impl Hit {
    /// Of this contact of a source, and nothing of why.
    pub(crate) fn of(source: &Source, record: Record<'_>) -> Hit {
        let (source, contact) = (source.clone(), record.to_contact());
        Hit { source, contact, phone: None, name_ranges: Vec::new(), phone_range: None }
    }

    /// With what of the name and which number answers `query`.
    fn mark(&mut self, query: &Query, home: Option<crate::country::Country>) {
        self.name_ranges = fold::matched_ranges(&self.contact.name, &query.words);
        let typed: Vec<_> = query.in_numbers().collect();
        if typed.is_empty() {
            return;
        }
        let mut forms = Forms::default();
        let mut best = None;
        for (at, phone) in self.contact.phones.iter().enumerate() {
            forms.read(&phone.number, home);
            for digits in &typed {
                let Some(score) = digits.score(&forms) else { continue };
                if best.as_ref().is_none_or(|(least, _, _)| score < *least) {
                    best = Some((score, at, range_of(&phone.number, &digits.digits, &forms)));
                }
            }
        }
        if let Some((_, at, range)) = best {
            self.phone = Some(at);
            self.phone_range = range;
        }
    }
}

/// The octets of `text` in which `digits` stand; of digits that are only in the international form, those that are
/// written.
fn range_of(text: &str, digits: &[u8], forms: &Forms) -> Option<core::ops::Range<usize>> {
    let place = |number: &[u8]| number.windows(digits.len().max(1)).position(|window| window == digits);
    let (from, to) = match place(&forms.written) {
        Some(at) => (at, at + digits.len()),
        None => {
            let full = &forms.number.digits;
            // Counted from the end, where the two forms are alike.
            let at = place(full)?;
            let written = |place: usize| (place + forms.written.len()).saturating_sub(full.len());
            (written(at), written(at + digits.len()))
        }
    };
    let mut places = text.char_indices().filter(|(_, c)| number::digit(*c).is_some());
    let (start, first) = places.clone().nth(from)?;
    let (last, c) = if to > from + 1 { places.nth(to - 1)? } else { (start, first) };
    (to > from).then(|| start..last + c.len_utf8())
}
