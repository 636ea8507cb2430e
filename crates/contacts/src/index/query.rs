//! What was typed, and the contacts that answer it, best first.
//!
//! It never changes the index; a search is a read.

use core::ops::Range;

use crate::country::Country;
use crate::fold::{self, Folded};
use crate::index::bits::Bits;
use crate::index::keys::{self, Forms, KEY_DIGITS};
use crate::index::runs;
use crate::index::segment::{COMPANY, Segment};
use crate::index::shelf::Slot;
use crate::index::top::{Found, Top};
use crate::index::typo::{self, Slips};
use crate::number::{self, Number};

/// Words of a query that count; nobody types more, and each costs a look at every candidate.
const MAX_TERMS: usize = 8;

/// Digits of a query that count: no number is longer.
const MAX_DIGITS: usize = 40;

/// Words that a slip may have been, of one segment.
const MAX_SLIPS: usize = 256;

/// To look at a contact costs as much as to read so many of the list of who has a word.
const LOOKED_AT: usize = 8;

/// More than any score without a slip.
const SLIP: u32 = 64;

/// More than any with one that is not in the first letter.
const FAR_SLIP: u32 = 2 * SLIP;

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

/// Digits that a number may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    pub(crate) digits: Vec<u8>,
    /// Only at the beginning of the international form.
    pub(crate) only_start: bool,
}

/// What is forgiven in one word of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgiven {
    /// One slip behind the first letter, from four letters.
    One,
    /// Two behind the first letter, from eight letters; or one in the first letter.
    Far,
}

/// The words that may have been meant, whole ones and those that begin so, each in order, and what that costs.
#[derive(Clone, Debug, Default)]
struct Meant {
    whole: Vec<u16>,
    begun: Vec<u16>,
    cost: u32,
}

impl Query {
    /// Reads what was typed by someone at home in `home`.
    pub(crate) fn new(text: &str, home: Option<Country>) -> Query {
        let folded = fold::folded(text);
        let words = folded.split(|octet| *octet == b' ').filter(|word| !word.is_empty()).take(MAX_TERMS);
        Query { words: words.map(<[u8]>::to_vec).collect(), digits: typed_digits(text, home) }
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

    /// The best `max` of a segment, best first. Of numbers that have the digits, `numbers` are compared: short digits
    /// are in nearly every number.
    pub(crate) fn search(&self, slot: &Slot, max: usize, numbers: usize) -> Vec<Found> {
        let mut search = Search { slot, top: Top::new(max), seen: Bits::new(slot.segment.len()) };
        for digits in &self.digits {
            search.numbers(digits, numbers.max(max));
        }
        search.names(&self.words);
        search.top.into_sorted()
    }

    /// The best `max` of a segment that are not `found` if slips are forgiven in one of the words.
    pub(crate) fn search_slips(
        &self,
        slot: &Slot,
        max: usize,
        found: &[Found],
        forgiven: Forgiven,
    ) -> Vec<Found> {
        let mut hits = Vec::new();
        for (at, word) in self.words.iter().enumerate() {
            let Some(meant) = Meant::of(word, &slot.segment, forgiven) else { continue };
            let mut search = Search { slot, top: Top::new(max), seen: Bits::new(slot.segment.len()) };
            for hit in found {
                search.seen.extend(slot.segment.at_rank(*hit as usize & 0xFFFF));
            }
            search.names_like(&self.words, at, meant);
            hits.extend(search.top.into_sorted());
        }
        runs::sort(&mut hits, Found::cmp);
        let mut seen = Bits::new(slot.segment.len());
        hits.retain(|hit| seen.insert(*hit as u16));
        hits.truncate(max);
        hits
    }
}

impl Meant {
    /// `None` if no word of the segment was meant.
    fn of(word: &[u8], segment: &Segment, forgiven: Forgiven) -> Option<Meant> {
        let automaton = match forgiven {
            Forgiven::One => Slips::one(word),
            Forgiven::Far => Slips::two(word),
        };
        let (mut whole, mut begun) =
            automaton.map(|slips| segment.words_like(&slips, MAX_SLIPS)).unwrap_or_default();
        if forgiven == Forgiven::Far {
            for beginning in typo::first_slips(word) {
                let (words, is_whole) = segment.tokens(&beginning);
                let rest = words.start + u16::from(is_whole);
                whole.extend(words.start..rest);
                begun.extend((rest..words.end).take(MAX_SLIPS.saturating_sub(begun.len())));
            }
            for words in [&mut whole, &mut begun] {
                runs::sort(words, u16::cmp);
            }
        }
        let cost = if forgiven == Forgiven::Far { FAR_SLIP } else { SLIP };
        (!whole.is_empty() || !begun.is_empty()).then_some(Meant { whole, begun, cost })
    }
}

/// The digits of a query that has no letters, and what else they may mean.
fn typed_digits(text: &str, home: Option<Country>) -> Vec<Digits> {
    let is_letter = |c| match fold::fold_char(c) {
        Folded::Nothing | Folded::Break => false,
        Folded::One(one) => !one.is_ascii_digit(),
        Folded::More(_) => true,
    };
    if text.chars().any(is_letter) {
        return Vec::new();
    }
    let (mut typed, mut number) = (Vec::new(), Number::default());
    number::read_into(text, home, &mut number, &mut typed);
    typed.truncate(MAX_DIGITS);
    if typed.is_empty() {
        return Vec::new();
    }
    let mut forms = vec![Digits { digits: typed.clone(), only_start: false }];
    let is_plus = text.trim_start().starts_with('+');
    let exit = ["00", home.map_or("00", |home| home.exit())];
    let abroad = exit.iter().filter(|_| !is_plus).find_map(|exit| typed.strip_prefix(exit.as_bytes()));
    let at_home = home
        .filter(|home| !is_plus && abroad.is_none() && !home.trunk.is_empty())
        .and_then(|home| Some([home.code.as_bytes(), typed.strip_prefix(home.trunk.as_bytes())?].concat()));
    for digits in
        [abroad.map(<[u8]>::to_vec), at_home].into_iter().flatten().filter(|digits| digits.len() > 1)
    {
        forms.push(Digits { digits, only_start: true });
    }
    // `+49 (0)30`, or a number with an extension: what of it is in the international form.
    number.digits.truncate(MAX_DIGITS);
    if number.international && forms.iter().all(|form| form.digits != number.digits) {
        forms.push(Digits { digits: number.digits, only_start: true });
    }
    forms
}

impl Digits {
    /// How well a number answers: 0 the whole number, 1 its beginning, 2 its end, 3 inside.
    pub(crate) fn score(&self, forms: &Forms) -> Option<u32> {
        let (full, written) = (forms.number.digits.as_slice(), forms.written.as_slice());
        let digits = self.digits.as_slice();
        if self.only_start {
            let starts = forms.number.international && full.starts_with(digits);
            return starts.then_some(u32::from(full != digits));
        }
        if full == digits || written == digits {
            return Some(0);
        }
        if full.starts_with(digits) || written.starts_with(digits) {
            return Some(1);
        }
        if full.ends_with(digits) || written.ends_with(digits) {
            return Some(2);
        }
        let inside = |number: &[u8]| number.windows(digits.len().max(1)).any(|window| window == digits);
        (inside(written) || inside(full)).then_some(3)
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
    /// If it is digits: those, to be looked for in numbers too.
    digits: Option<Digits>,
    /// If a slip is forgiven: what was meant instead.
    meant: Option<Meant>,
}

impl Term {
    /// No contact that has it costs less.
    fn least(&self) -> u32 {
        self.meant.as_ref().map_or(if self.is_whole { 0 } else { PREFIX }, |meant| meant.cost)
    }

    /// Whether it may be this word.
    fn is_at(&self, word: Option<&u16>) -> bool {
        self.meant.is_some() || word.is_some_and(|word| self.tokens.contains(word))
    }

    /// What it costs that a contact has this word: 0 if it is the whole one. `None` if it is another.
    fn cost(&self, word: u16) -> Option<u32> {
        if let Some(Meant { whole, begun, .. }) = &self.meant {
            let is_whole = whole.binary_search(&word).is_ok();
            return (is_whole || begun.binary_search(&word).is_ok()).then_some(if is_whole {
                0
            } else {
                PREFIX
            });
        }
        let is_whole = self.is_whole && word == self.tokens.start;
        self.tokens.contains(&word).then_some(if is_whole { 0 } else { PREFIX })
    }
}

struct Search<'a> {
    slot: &'a Slot,
    top: Top,
    seen: Bits,
}

impl Search<'_> {
    /// Contacts of which a number has the digits: short ones that are just these first, so that an extension is never
    /// cut off, then those that end so.
    fn numbers(&mut self, digits: &Digits, max: usize) {
        let segment = &self.slot.segment;
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
        match terms.as_deref_mut() {
            None | Some([]) => {}
            Some([term]) => self.one_word(term),
            Some(terms) => self.all_words(terms),
        }
    }

    /// One word in this segment; `None` if nobody has it.
    fn term(&self, word: &[u8], may_be_number: bool) -> Option<Term> {
        let (tokens, is_whole) = self.slot.segment.tokens(word);
        let is_number = may_be_number && word.iter().all(u8::is_ascii_digit);
        let digits = is_number.then(|| Digits { digits: word.to_vec(), only_start: false });
        (!tokens.is_empty() || digits.is_some()).then_some(Term { tokens, is_whole, digits, meant: None })
    }

    /// Contacts that have all `words`, in the place of the one at `wrong` one that was meant.
    fn names_like(&mut self, words: &[Vec<u8>], wrong: usize, meant: Meant) {
        let mut terms = Vec::with_capacity(words.len());
        for (at, word) in words.iter().enumerate() {
            if at == wrong {
                terms.push(Term { tokens: 0..0, is_whole: false, digits: None, meant: None });
            } else if let Some(term) = self.term(word, words.len() > 1) {
                terms.push(term);
            } else {
                return;
            }
        }
        let segment = &self.slot.segment;
        let postings = |tokens: Range<u16>| segment.postings(tokens).len();
        let count: usize = meant.whole.iter().chain(&meant.begun).map(|word| postings(*word..word + 1)).sum();
        let others = terms.iter().filter(|term| term.digits.is_none() && !term.tokens.is_empty());
        let rarest = others.map(|term| term.tokens.clone()).min_by_key(|tokens| postings(tokens.clone()));
        if let Some(term) = terms.get_mut(wrong) {
            term.meant = Some(meant.clone());
        }
        if let Some(tokens) = rarest.filter(|tokens| postings(tokens.clone()) < count) {
            return self.candidates(tokens, &terms, meant.cost);
        }
        for (words, least) in [(meant.whole, meant.cost), (meant.begun, meant.cost + PREFIX)] {
            for word in words {
                self.candidates(word..word + 1, &terms, least);
            }
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

    /// Several words: who has the rarest of them, and such others as are not much more frequent, is looked at.
    fn all_words(&mut self, terms: &mut [Term]) {
        let segment = &self.slot.segment;
        let count = |term: &Term| segment.postings(term.tokens.clone()).len();
        let rarest = terms.iter().min_by_key(|term| (term.digits.is_some(), count(term)));
        let Some(rarest) = rarest else { return };
        let rarest = segment.postings(rarest.tokens.clone());
        let mut docs = Bits::of(segment.len(), rarest, None);
        for term in terms.iter().filter(|term| term.digits.is_none()) {
            let postings = segment.postings(term.tokens.clone());
            // The rarest is itself.
            if postings.len() != rarest.len() && postings.len() / LOOKED_AT < docs.count() {
                docs = Bits::of(segment.len(), postings, Some(&docs));
            }
        }
        // Who has a word wholly comes first, so that of the others it is known that they cost more.
        for at in 0..terms.len() {
            let Some(start) = terms.get(at).filter(|term| term.is_whole).map(|term| term.tokens.start) else {
                continue;
            };
            let postings = segment.postings(start..start + 1);
            if postings.len() / LOOKED_AT < docs.count() {
                self.score_all(postings, Some(&docs), terms, 0);
                if let Some(term) = terms.get_mut(at) {
                    term.is_whole = false;
                }
            }
        }
        self.score_all(rarest, Some(&docs), terms, 0);
    }

    /// Scores all contacts of `tokens`; none has a better score than `least`.
    fn candidates(&mut self, tokens: Range<u16>, terms: &[Term], least: u32) {
        self.score_all(self.slot.segment.postings(tokens), None, terms, least);
    }

    /// Scores all of `docs`, or those `among` others, that were not seen yet; none has a better score than `least`.
    fn score_all(&mut self, docs: &[u16], among: Option<&Bits>, terms: &[Term], least: u32) {
        let segment = &self.slot.segment;
        let mut forms = Forms::default();
        let best: u32 = terms.iter().map(Term::least).sum();
        for &doc in docs.iter().filter(|doc| among.is_none_or(|among| among.has(**doc))) {
            let rank = segment.rank(doc);
            if !self.top.takes(least.max(best), rank) {
                continue;
            }
            // Each word that is not at its place costs one at least: mostly that is enough to know.
            let words = segment.words(doc);
            let moved = terms.iter().enumerate().filter(|(at, term)| !term.is_at(words.get(*at))).count();
            if !self.top.takes(best + moved as u32, rank) || self.slot.is_dead(doc) || !self.seen.insert(doc)
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
