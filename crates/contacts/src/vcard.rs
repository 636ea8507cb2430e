//! vCard 2.1, 3.0 and 4.0 (RFC 6350), read as a stream of chunks; never holds more than a card and a chunk.
//!
//! It never decodes a picture, never fetches anything, and never lets one bad card spoil the next.

mod card;
mod encoding;
mod line;
mod property;

use std::collections::VecDeque;

use crate::{Contact, Rejection};
use card::Card;
use encoding::Decoder;
use line::Lines;
use property::Property;

/// Most octets of a file; what comes after is not read.
pub const MAX_FILE_OCTETS: u64 = 256 * 1024 * 1024;

/// A card that was not taken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The line of the file at which the card begins, from 1.
    pub line: usize,
    /// Why.
    pub why: Rejection,
}

/// Reads one file. Feed a chunk, then drain `next_card`.
///
/// Taken are name (FN, else N, ORG, EMAIL), numbers with their kinds, company, title, the first EMAIL and UID; all else
/// is skipped unseen. A card without UID gets an id made of its name and numbers, so that the same file again is the same.
///
/// ```
/// let mut reader = softframe_contacts::vcard::Reader::new();
/// reader.feed(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ana\r\nTEL;TYPE=CELL:+34 600 1");
/// reader.feed(b"23 456\r\nEND:VCARD\r\n");
/// reader.finish();
/// let ana = reader.next_card().unwrap().unwrap();
/// assert_eq!((ana.name.as_str(), ana.phones[0].number.as_str()), ("Ana", "+34 600 123 456"));
/// assert_eq!(reader.next_card(), None);
/// ```
#[derive(Default)]
pub struct Reader {
    octets: u64,
    decoder: Decoder,
    lines: Lines,
    cards: Cards,
}

impl Reader {
    /// At the start of a file.
    pub fn new() -> Reader {
        Reader::default()
    }

    /// The next octets of the file, in chunks of any size.
    pub fn feed(&mut self, chunk: &[u8]) {
        let had = self.octets;
        self.octets = had.saturating_add(chunk.len() as u64);
        if self.octets > MAX_FILE_OCTETS {
            if had <= MAX_FILE_OCTETS {
                self.cards.refuse(self.lines.number(), Rejection::TooLarge);
            }
            return;
        }
        let (lines, cards) = (&mut self.lines, &mut self.cards);
        self.decoder.feed(chunk, &mut |octets| lines.feed(octets, &mut |line| cards.take(line)));
    }

    /// The file is over: a card without END is a defect.
    pub fn finish(&mut self) {
        let (lines, cards) = (&mut self.lines, &mut self.cards);
        self.decoder.finish(&mut |octets| lines.feed(octets, &mut |line| cards.take(line)));
        lines.finish(&mut |line| cards.take(line));
        cards.finish();
    }

    /// The next card or defect that is complete so far.
    pub fn next_card(&mut self) -> Option<Result<Contact, Defect>> {
        self.cards.read.pop_front()
    }
}

/// Lines become cards.
#[derive(Default)]
struct Cards {
    read: VecDeque<Result<Contact, Defect>>,
    state: State,
}

#[derive(Default)]
enum State {
    /// No card yet, and whether the file has any text.
    #[default]
    Empty,
    /// Text, and no card.
    Preamble,
    /// In a card.
    Inside(Box<Card>),
    /// After a card, or after a file that was refused.
    Between,
}

impl Cards {
    fn take(&mut self, line: line::Line<'_>) {
        let Some(property) = Property::parse(line.octets) else {
            if matches!(self.state, State::Empty) && !line.octets.trim_ascii().is_empty() {
                self.state = State::Preamble;
            }
            return;
        };
        let is_card = property.value.trim_ascii().eq_ignore_ascii_case(b"VCARD");
        match &mut self.state {
            State::Inside(card) if property.is("END") && is_card => {
                if card.leaves() {
                    self.end(true);
                }
            }
            State::Inside(card) if property.is("BEGIN") && is_card => {
                if !card.enters_agent() {
                    // The END before is missing; what the card had is whole, since another follows.
                    self.end(true);
                    self.state = State::Inside(Box::new(Card::new(line.number)));
                }
            }
            State::Inside(card) => card.take(&property, line.is_cut),
            State::Empty | State::Preamble | State::Between if property.is("BEGIN") && is_card => {
                self.state = State::Inside(Box::new(Card::new(line.number)));
            }
            State::Empty => self.state = State::Preamble,
            State::Preamble | State::Between => {}
        }
    }

    fn end(&mut self, is_whole: bool) {
        if let State::Inside(card) = core::mem::replace(&mut self.state, State::Between) {
            let line = card.line;
            self.read.push_back(card.into_contact(is_whole).map_err(|why| Defect { line, why }));
        }
    }

    fn finish(&mut self) {
        match self.state {
            State::Inside(_) => self.end(false),
            State::Preamble => self.refuse(1, Rejection::Shape),
            State::Empty | State::Between => {}
        }
    }

    fn refuse(&mut self, line: usize, why: Rejection) {
        self.state = State::Between;
        self.read.push_back(Err(Defect { line, why }));
    }
}

#[cfg(test)]
mod tests;
