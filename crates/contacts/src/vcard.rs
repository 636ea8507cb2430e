//! vCard 2.1, 3.0 and 4.0 (RFC 6350), read as a stream of chunks; never holds more than a card and a chunk.

use crate::{Contact, Rejection};

/// A card that was not taken, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The line of the file at which the card begins, from 1.
    pub line: usize,
    /// Why.
    pub why: Rejection,
}

/// Reads one file. Feed a chunk, then drain `next_card`.
#[derive(Default)]
pub struct Reader {
    _private: (),
}

impl Reader {
    /// At the start of a file.
    pub fn new() -> Reader {
        Reader::default()
    }

    /// The next octets of the file, in chunks of any size.
    pub fn feed(&mut self, _chunk: &[u8]) {}

    /// The file is over: a card without END is a defect.
    pub fn finish(&mut self) {}

    /// The next card or defect that is complete so far.
    pub fn next_card(&mut self) -> Option<Result<Contact, Defect>> {
        None
    }
}
