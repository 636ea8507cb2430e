//! What was typed, and the contacts that answer it, best first.
//!
//! It never changes the index; a search is a read.

use core::ops::Range;
use std::collections::BinaryHeap;

use crate::country::Country;
use crate::fold;
use crate::index::bits::Bits;
use crate::index::digits::{self, Digits};
use crate::index::keys::{self, Forms, KEY_DIGITS};
use crate::index::meant::{COSTS, Forgiven, Meant, Wrong};
use crate::index::segment::{COMPANY, Segment, name};
use crate::index::shelf::Slot;
use crate::index::top::{self, Found, Preferred, Top};

/// Words of a query that count; nobody types more, and each costs a look at every candidate.
const MAX_TERMS: usize = 8;

/// To look at a contact costs as much as to read so many of the list of who has a word.
const LOOKED_AT: usize = 8;

/// So many who have a word are worth a look at the alphabetical order first.
const MANY: usize = 256;

/// A word that is only begun, in a name.
const PREFIX: u32 = 2;

/// A word of the company instead of the name.
const IN_COMPANY: u32 = 4;

/// A word that is in a number.
const IN_NUMBER: u32 = 3;

/// What was typed, ready to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// Folded; each must begin some word of the name or the company.
    pub(crate) words: Vec<Vec<u8>>,
    /// If it was digits only: how they may stand in a number.
    pub(crate) digits: Vec<Digits>,
}

impl Query {
    /// Reads what was typed by someone at home in `home`.
    pub(crate) fn new(text: &str, home: Option<Country>) -> Query {
        let folded = fold::folded(text);
        let words = folded.split(|octet| *octet == b' ').filter(|word| !word.is_empty()).take(MAX_TERMS);
        Query { words: words.map(<[u8]>::to_vec).collect(), digits: digits::typed(text, home) }
    }

    /// What of it may stand in a number: all of it, or words that are digits.
    pub(crate) fn in_numbers(&self) -> impl Iterator<Item = Digits> {
        let words = self.words.iter().filter(|word| word.iter().all(u8::is_ascii_digit));
        let words = words.map(|word| Digits { digits: word.clone(), only_start: false });
        self.digits.iter().cloned().chain(words.filter(|_| self.digits.is_empty()))
    }

    /// Whether nothing can be found by it.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.digits.is_empty()
    }

    /// The best `max` of a segment, best first; of those who answer as well, the `preferred` before the others. Of numbers
    /// that have the digits, `numbers` are compared: short digits are in nearly every number.
    pub(crate) fn search(
        &self,
        slot: &Slot,
        max: usize,
        numbers: usize,
        preferred: &[Preferred],
    ) -> Vec<Found> {
        let mut search = Search::new(slot, max, preferred);
        for digits in &self.digits {
            search.numbers(digits, numbers.max(max));
        }
        search.names(&self.words);
        search.top.into_sorted()
    }

    /// Whether somebody `found` has several words wholly, all but one at their places: then each was hardly meant to be
    /// another, but for a single slip.
    pub(crate) fn is_written<'a>(&self, mut found: impl Iterator<Item = &'a Found>) -> bool {
        self.words.len() > 1 && found.any(|hit| top::score_of(*hit) < PREFIX)
    }

    /// What may have been meant if a slip is forgiven in one of the words, for each of them.
    pub(crate) fn slips(&self, forgiven: Forgiven) -> Vec<Wrong> {
        let is_alone = self.words.len() == 1;
        self.words.iter().map(|word| Wrong::new(word, forgiven, is_alone)).collect()
    }

    /// The best `max` of a segment that are not `found` if one of `slips` is forgiven.
    pub(crate) fn search_slips(
        &self,
        slot: &Slot,
        max: usize,
        found: &[Found],
        slips: &[Wrong],
        preferred: &[Preferred],
    ) -> Vec<Found> {
        let doc_of = |hit: &Found| top::doc_of(*hit, &slot.segment, preferred).map(|(_, doc)| doc);
        let mut hits = Vec::new();
        for (at, wrong) in slips.iter().enumerate() {
            let mut search = Search::new(slot, max, preferred);
            for hit in found {
                search.seen.extend(doc_of(hit));
            }
            search.names_like(&self.words, at, wrong);
            hits.extend(search.top.into_sorted());
        }
        let mut hits = BinaryHeap::from(hits).into_sorted_vec();
        let mut seen = Bits::new(slot.segment.len());
        hits.retain(|hit| doc_of(hit).is_some_and(|doc| seen.insert(doc)));
        hits.truncate(max);
        hits
    }
}

/// The contacts with the rarest of the keys that a number with these digits must have.
fn rarest<'a>(segment: &'a Segment, digits: &[u8]) -> &'a [u16] {
    let last = digits.len().saturating_sub(KEY_DIGITS);
    let places = (0..=last).filter_map(|at| digits.get(at..));
    let postings = places.map(|digits| segment.numbers(keys::places(digits)));
    postings.min_by_key(|postings| postings.len()).unwrap_or(&[])
}

/// One word of the query in one segment.
struct Term {
    /// The words that begin with it, and whether the first of them is it.
    tokens: Range<u16>,
    is_whole: bool,
    /// No contact that has it, and was not seen, costs less.
    least: u32,
    /// If it is digits: those, to be looked for in numbers too.
    digits: Option<Digits>,
    /// If a slip is forgiven: what was meant instead.
    meant: Option<Meant>,
}

impl Term {
    /// Whether it may be this word.
    fn is_at(&self, word: Option<&u16>) -> bool {
        self.meant.is_some() || word.is_some_and(|word| self.tokens.contains(word))
    }

    /// What it costs that a contact has this word: 0 if it is the whole one. `None` if it is another.
    fn cost(&self, word: u16) -> Option<u32> {
        if let Some(meant) = &self.meant {
            let mut lists = COSTS.iter().zip(&meant.words);
            return lists.find(|(_, words)| words.binary_search(&word).is_ok()).map(|(cost, _)| *cost);
        }
        let is_whole = self.is_whole && word == self.tokens.start;
        self.tokens.contains(&word).then_some(if is_whole { 0 } else { PREFIX })
    }
}

/// No contact that has all of `terms`, and was not seen, costs less.
fn least_of(terms: &[Term]) -> u32 {
    terms.iter().map(|term| term.least).sum()
}

struct Search<'a> {
    slot: &'a Slot,
    top: Top,
    seen: Bits,
    /// Looked at before all others: they stand before those who answer as well.
    preferred: &'a [Preferred],
}

impl<'a> Search<'a> {
    fn new(slot: &'a Slot, max: usize, preferred: &'a [Preferred]) -> Search<'a> {
        Search { slot, top: Top::new(max), seen: Bits::new(slot.segment.len()), preferred }
    }

    /// Contacts of which a number has the digits: short ones that are just these first, so that an extension is never
    /// cut off, then those that end so.
    fn numbers(&mut self, digits: &Digits, max: usize) {
        let segment = &self.slot.segment;
        let mut forms = Forms::default();
        self.score_preferred(|search, doc| search.number_score(doc, digits, &mut forms));
        if let Some(whole) = keys::whole(&digits.digits).filter(|_| !digits.only_start) {
            self.compare(segment.numbers(whole), digits, max);
        }
        self.compare(rarest(segment, &digits.digits), digits, max);
    }

    fn compare(&mut self, candidates: &[u16], digits: &Digits, max: usize) {
        let mut forms = Forms::default();
        let mut found = 0;
        for &doc in candidates {
            if self.slot.is_dead(doc) || self.seen.has(doc) {
                continue;
            }
            let Some(score) = self.number_score(doc, digits, &mut forms) else { continue };
            self.seen.insert(doc);
            self.top.put(score, self.slot.segment.rank(doc));
            found += 1;
            if found >= max {
                return;
            }
        }
    }

    fn number_score(&self, doc: u16, digits: &Digits, forms: &mut Forms) -> Option<u32> {
        let phones = self.slot.segment.record(doc)?.phones();
        let scores = phones.filter_map(|(_, number)| {
            forms.read(number, self.slot.segment.home());
            digits.score(forms)
        });
        scores.min()
    }

    /// Contacts of which some word begins with each of `words`.
    fn names(&mut self, words: &[Vec<u8>]) {
        let mut terms: Option<Vec<Term>> =
            words.iter().map(|word| self.term(word, words.len() > 1)).collect();
        let Some(terms) = terms.as_deref_mut() else { return };
        self.name_preferred(terms);
        match terms {
            [] => {}
            [term] => self.one_word(term),
            terms => self.all_words(terms),
        }
    }

    /// Those whom one prefers, whatever else there is.
    fn score_preferred(&mut self, mut score: impl FnMut(&Self, u16) -> Option<u32>) {
        for (place, (_, doc)) in self.preferred.iter().enumerate() {
            if !self.seen.has(*doc)
                && let Some(score) = score(self, *doc)
            {
                self.seen.insert(*doc);
                self.top.put_preferred(score, place);
            }
        }
    }

    /// The same by their words.
    fn name_preferred(&mut self, terms: &[Term]) {
        let mut forms = Forms::default();
        self.score_preferred(|search, doc| search.score(doc, terms, &mut forms));
    }

    /// One word in this segment; `None` if nobody has it.
    fn term(&self, word: &[u8], may_be_number: bool) -> Option<Term> {
        let (tokens, is_whole) = self.slot.segment.tokens(word);
        let is_number = may_be_number && word.iter().all(u8::is_ascii_digit);
        let digits = is_number.then(|| Digits { digits: word.to_vec(), only_start: false });
        let least = if is_whole { 0 } else { PREFIX };
        (!tokens.is_empty() || digits.is_some()).then_some(Term {
            tokens,
            is_whole,
            least,
            digits,
            meant: None,
        })
    }

    /// Contacts that have all `words`, in the place of the one at `at` one that was meant.
    fn names_like(&mut self, words: &[Vec<u8>], at: usize, wrong: &Wrong) {
        let mut terms = Vec::with_capacity(words.len());
        for (place, word) in words.iter().enumerate() {
            if place == at {
                let least = wrong.cost;
                terms.push(Term { tokens: 0..0, is_whole: false, least, digits: None, meant: None });
            } else if let Some(term) = self.term(word, words.len() > 1) {
                terms.push(term);
            } else {
                return;
            }
        }
        // Who lacks another word is no answer, whatever was meant.
        let others = self.having(&terms);
        if others.as_ref().is_some_and(|others| others.count() == 0) {
            return;
        }
        let segment = &self.slot.segment;
        let Some(meant) = wrong.meant(segment) else { return };
        let lists = meant.words.clone();
        if let Some(term) = terms.get_mut(at) {
            term.meant = Some(meant);
        }
        self.name_preferred(&terms);
        for (words, cost) in lists.into_iter().zip(COSTS) {
            let least = wrong.cost + cost;
            let (mut few, mut many) = (Vec::new(), Vec::new());
            for word in words {
                let postings = segment.postings(word..word + 1);
                // Other words that are digits may be in a number: then each is looked at.
                let is_many = terms.len() == 1 && postings.len() >= MANY;
                if is_many {
                    self.first_names(word..word + 1, least);
                }
                let list = if is_many { &mut many } else { &mut few };
                list.extend(
                    postings.iter().filter(|doc| others.as_ref().is_none_or(|others| others.has(**doc))),
                );
            }
            self.score_all(&few, &terms, least);
            self.score_all(&many, &terms, least + 1);
        }
    }

    /// One word: names that begin with it stand together in the alphabetical order, so the best are found without
    /// looking at all.
    fn one_word(&mut self, term: &Term) {
        let (start, end) = (term.tokens.start, term.tokens.end);
        let rest = start + u16::from(term.is_whole);
        if term.is_whole {
            self.first_names(start..rest, 0);
            self.candidates(start..rest, core::slice::from_ref(term), 1);
        }
        self.first_names(rest..end, PREFIX);
        if !self.top.is_full_below(PREFIX + 1) {
            self.candidates(rest..end, core::slice::from_ref(term), PREFIX + 1);
        }
    }

    /// The first names of the alphabetical order that begin with one of `tokens`.
    fn first_names(&mut self, tokens: Range<u16>, score: u32) {
        let segment = &self.slot.segment;
        let mut wanted = self.top.max;
        for rank in segment.names_from(tokens) {
            if wanted == 0 {
                return;
            }
            let Some(doc) = segment.at_rank(rank).filter(|doc| !self.slot.is_dead(*doc)) else { continue };
            wanted -= 1;
            if self.seen.insert(doc) {
                self.top.put(score, rank as u16);
            }
        }
    }

    /// Contacts that may have all words of `terms`: who has the rarest, and such others as are not much more frequent.
    /// `None` if no term is a word.
    fn having(&self, terms: &[Term]) -> Option<Bits> {
        let segment = &self.slot.segment;
        let words = terms.iter().filter(|term| term.digits.is_none() && !term.tokens.is_empty());
        let postings = words.map(|term| segment.postings(term.tokens.clone()));
        let rarest = postings.clone().min_by_key(|postings| postings.len())?;
        let mut docs = Bits::of(segment.len(), rarest, None);
        for postings in postings {
            // The rarest is itself.
            if postings.len() != rarest.len() && postings.len() / LOOKED_AT < docs.count() {
                docs = Bits::of(segment.len(), postings, Some(&docs));
            }
        }
        Some(docs)
    }

    /// Several words: who may have all is looked at.
    fn all_words(&mut self, terms: &mut [Term]) {
        let segment = &self.slot.segment;
        let Some(docs) = self.having(terms) else {
            let postings = terms.iter().map(|term| segment.postings(term.tokens.clone()));
            let rarest = postings.min_by_key(|postings| postings.len());
            return self.score_all(rarest.unwrap_or(&[]), terms, 0);
        };
        // Whose name has a word wholly comes first, so that of the others it is known that they cost more.
        for at in 0..terms.len() {
            let Some(start) = terms.get(at).filter(|term| term.least < PREFIX).map(|term| term.tokens.start)
            else {
                continue;
            };
            let postings = segment.postings(start..start + 1);
            if postings.len() / LOOKED_AT < docs.count() {
                let docs = Bits::of(segment.len(), postings, Some(&docs)).list();
                self.score_named(&docs, terms, 0, Some(start));
                for term in terms.iter_mut().filter(|term| term.tokens.start == start) {
                    term.least = PREFIX;
                }
            }
        }
        let best = least_of(terms);
        if self.top.is_full_below(best) {
            return;
        }
        let count = |term: &Term| terms.iter().filter(|other| other.tokens == term.tokens).count() as u32;
        let most = terms.iter().map(|term| (count(term), term)).max_by_key(|(count, _)| *count);
        let mut least = 0;
        if let Some((count, term)) = most.filter(|(count, _)| *count > 1) {
            let postings = segment.postings(term.tokens.clone());
            self.score_all(&Bits::twice(segment.len(), postings, &docs).list(), terms, 0);
            // Who has one such word has all but one of the equal ones away from their places.
            least = best + count - 1;
        }
        self.score_all(&docs.list(), terms, least);
    }

    /// Scores all contacts of `tokens`; none has a better score than `least`.
    fn candidates(&mut self, tokens: Range<u16>, terms: &[Term], least: u32) {
        self.score_all(self.slot.segment.postings(tokens), terms, least);
    }

    /// Scores all of `docs` that were not seen yet; none has a better score than `least`.
    fn score_all(&mut self, docs: &[u16], terms: &[Term], least: u32) {
        self.score_named(docs, terms, least, None);
    }

    /// The same, but for those whose name has not this `word`.
    fn score_named(&mut self, docs: &[u16], terms: &[Term], least: u32, word: Option<u16>) {
        let segment = &self.slot.segment;
        let mut forms = Forms::default();
        let best = least_of(terms);
        if self.top.is_full_below(least) {
            return;
        }
        for &doc in docs {
            let rank = segment.rank(doc);
            if !self.top.takes(least.max(best), rank) {
                continue;
            }
            // Each word that is not at its place costs one at least: mostly that is enough to know.
            let words = segment.words(doc);
            let moved = terms.iter().enumerate().filter(|(at, term)| !term.is_at(words.get(*at))).count();
            if !self.top.takes(best + moved as u32, rank)
                || word.is_some_and(|word| !name(words).any(|own| *own == word))
                || self.slot.is_dead(doc)
                || !self.seen.insert(doc)
            {
                continue;
            }
            if let Some(score) = self.score(doc, terms, &mut forms) {
                self.top.put(score, rank);
            }
        }
    }

    /// For each term: 0 a whole word, 2 its beginning; 1 more if it is not at its place, 4 more in the company.
    fn score(&self, doc: u16, terms: &[Term], forms: &mut Forms) -> Option<u32> {
        let words = self.slot.segment.words(doc);
        let mut sum = 0;
        for (place, term) in terms.iter().enumerate() {
            let mut best = u32::MAX;
            let mut outside = 0;
            for (at, word) in words.iter().enumerate() {
                if *word == COMPANY {
                    outside = IN_COMPANY;
                } else if let Some(begun) = term.cost(*word) {
                    let moved = if outside == 0 { u32::from(at != place) } else { outside };
                    best = best.min(begun + moved);
                }
            }
            if best == u32::MAX {
                self.number_score(doc, term.digits.as_ref()?, forms)?;
                best = IN_NUMBER;
            }
            sum += best + term.meant.as_ref().map_or(0, |meant| meant.cost);
        }
        Some(sum)
    }
}
