//! Octets as content lines: folded lines are joined, what no contact needs is passed over unseen.
//!
//! It never holds more of a line than its limit, whatever the line holds.

use super::property;

/// Most octets of an unfolded line; the card of a longer one is not taken.
const MAX_LINE_OCTETS: usize = 1024 * 1024;

/// Most octets before the colon; a line that has none by then is no property.
const MAX_HEAD_OCTETS: usize = 1024;

/// Most octets of an END with the space around it.
const MAX_END_OCTETS: usize = 64;

/// A content line.
pub(super) struct Line<'a> {
    /// Unfolded; only up to the colon if it is of no use.
    pub(super) octets: &'a [u8],
    /// Where it begins in the file, from 1.
    pub(super) number: usize,
    /// Longer than [`MAX_LINE_OCTETS`].
    pub(super) is_cut: bool,
}

/// The line that is being put together.
#[derive(Debug)]
pub(super) struct Lines {
    line: Vec<u8>,
    use_: Use,
    /// Whether the value is quoted-printable, so that `=` at its end joins it with the next.
    is_quoted: bool,
    /// The last octet of the value, kept or not.
    last: u8,
    place: Place,
    /// Where the line begins, and the line of the file that is being read.
    start: usize,
    number: usize,
    /// vCard 2.1 folds at white space and keeps it; later versions put one more in.
    keeps_space: bool,
}

/// What is done with the octets of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Kept, until the colon tells what it is.
    Undecided,
    Keep,
    Skip,
    /// Too long.
    Cut,
}

/// Where in a line of the file the next octet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// After a carriage return: a line feed belongs to it.
    AfterReturn,
    Inside,
}

impl Default for Lines {
    fn default() -> Lines {
        Lines {
            line: Vec::new(),
            use_: Use::Undecided,
            is_quoted: false,
            last: 0,
            place: Place::Start,
            start: 1,
            number: 1,
            keeps_space: false,
        }
    }
}

impl Lines {
    /// The line of the file that is being read.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Takes the next octets and gives the lines that are complete.
    pub(super) fn feed(&mut self, octets: &[u8], give: &mut dyn FnMut(Line<'_>)) {
        let mut rest = octets;
        while let Some(&first) = rest.first() {
            if self.place == Place::AfterReturn {
                self.place = Place::Start;
                if first == b'\n' {
                    rest = rest.get(1..).unwrap_or(&[]);
                    continue;
                }
            }
            if self.place == Place::Start {
                self.place = Place::Inside;
                if self.begin(first, give) {
                    rest = rest.get(1..).unwrap_or(&[]);
                    continue;
                }
            }
            let end = rest.iter().position(|octet| matches!(octet, b'\r' | b'\n'));
            let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
            self.add(part);
            rest = after;
            if let Some((end, after)) = after.split_first() {
                self.decide(true);
                self.place = if *end == b'\r' { Place::AfterReturn } else { Place::Start };
                self.number += 1;
                // Nothing goes on with this line, so a card is given as soon as it ends.
                if self.is_end() {
                    self.give(give);
                }
                rest = after;
            }
        }
    }

    /// A longer line is not looked at: it is trimmed at each of its folds, which may be space and nothing else.
    fn is_end(&self) -> bool {
        self.line.len() <= MAX_END_OCTETS && self.line.trim_ascii().eq_ignore_ascii_case(b"END:VCARD")
    }

    /// The first octet of a line of the file: does it go on with the line before? Whether the octet is used up.
    fn begin(&mut self, first: u8, give: &mut dyn FnMut(Line<'_>)) -> bool {
        if self.is_quoted && self.last == b'=' {
            if self.use_ == Use::Keep {
                self.line.pop();
            }
            self.last = 0;
            return false;
        }
        if matches!(first, b' ' | b'\t') && !self.line.is_empty() {
            if self.keeps_space {
                self.add(b" ");
            }
            return true;
        }
        self.give(give);
        false
    }

    fn add(&mut self, part: &[u8]) {
        let Some(&last) = part.last() else { return };
        self.last = last;
        match self.use_ {
            Use::Skip | Use::Cut => {}
            Use::Undecided => {
                self.line.extend_from_slice(part);
                self.decide(false);
            }
            Use::Keep => self.line.extend_from_slice(part),
        }
        if self.use_ == Use::Keep && self.line.len() > MAX_LINE_OCTETS {
            self.use_ = Use::Cut;
        }
    }

    /// What the line is of use for, as soon as its head tells. Where a chunk ends must make no difference, so a quote counts
    /// as never closed only where the line of the file ends, or the head has grown too long.
    fn decide(&mut self, ends: bool) {
        if self.use_ != Use::Undecided {
            return;
        }
        let is_long = self.line.len() > MAX_HEAD_OCTETS;
        let head = self.line.get(..MAX_HEAD_OCTETS).unwrap_or(&self.line);
        let colon = if ends || is_long { property::colon(head) } else { property::unquoted_colon(head) };
        let Some(colon) = colon else {
            if is_long {
                self.use_ = Use::Skip;
                self.line.truncate(MAX_HEAD_OCTETS);
            }
            return;
        };
        let head = self.line.get(..colon).unwrap_or(&[]);
        self.is_quoted = property::is_quoted_printable(head);
        self.use_ = Use::Keep;
        if !property::is_used(head) {
            self.use_ = Use::Skip;
            self.line.truncate(colon + 1);
        }
    }

    fn give(&mut self, give: &mut dyn FnMut(Line<'_>)) {
        if self.use_ == Use::Keep {
            self.notice_version();
        }
        if !self.line.is_empty() {
            give(Line { octets: &self.line, number: self.start, is_cut: self.use_ == Use::Cut });
        }
        self.line.clear();
        self.use_ = Use::Undecided;
        self.is_quoted = false;
        self.last = 0;
        self.start = self.number;
    }

    fn notice_version(&mut self) {
        let line = self.line.trim_ascii();
        if line.get(..6).is_some_and(|name| name.eq_ignore_ascii_case(b"BEGIN:")) {
            self.keeps_space = false;
        } else if line.get(..8).is_some_and(|name| name.eq_ignore_ascii_case(b"VERSION:")) {
            self.keeps_space = line.ends_with(b"2.1");
        }
    }

    /// The file is over.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(Line<'_>)) {
        self.decide(true);
        self.give(give);
    }
}
