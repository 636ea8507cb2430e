//! Phone numbers as they are compared: digits, whether they are international, and which of two are the same.
//!
//! It never guesses a country: without a home country a national number stays national.

use crate::country::{self, Country, SHORTEST_NATIONAL};

/// A number read for comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Number {
    /// ASCII digits: with country code and without prefix if international, else as dialled.
    pub(crate) digits: Vec<u8>,
    /// Whether `digits` begin with a country code.
    pub(crate) international: bool,
}

/// How sure it is that two numbers are one; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Likeness {
    /// The same digits, or the same but for a country code that one of them lacks.
    Same,
    /// The same digits, of which one would be a national number without its trunk prefix, and is none.
    Bare,
}

/// Fewest digits of a number that can be written nationally and internationally.
const SHORTEST_PUBLIC: usize = 7;

/// The digit of ASCII, full-width, Arabic-Indic, Persian or Devanagari script.
#[inline]
pub(crate) fn digit(c: char) -> Option<u8> {
    let code = c as u32;
    let value = match code {
        0..0x30 | 0x3A..0x660 => return None,
        0x30..=0x39 => code - 0x30,
        0x660..=0x669 => code - 0x660,
        0x6F0..=0x6F9 => code - 0x6F0,
        0x966..=0x96F => code - 0x966,
        0xFF10..=0xFF19 => code - 0xFF10,
        _ => return None,
    };
    Some(b'0' + value as u8)
}

/// Reads `text` as someone at home in `home` means it, and all its digits as they are written, into room that is used
/// again. Gives how many of those stand before an extension.
pub(crate) fn read_into(
    text: &str,
    home: Option<Country>,
    number: &mut Number,
    written: &mut Vec<u8>,
) -> usize {
    written.clear();
    number.digits.clear();
    number.international = false;
    let mut is_abroad = false;
    let mut extension = None;
    let mut optional_zero = None;
    let mut before = ['\0'; 2];
    for c in without_scheme(text.trim_start()).chars() {
        let digits = written.len();
        if let Some(digit) = digit(c) {
            is_abroad |= digits == 1 && extension.is_none() && before[1] == '0' && digit == b'0';
            written.push(digit);
            // In whatever script.
            before = [before[1], char::from(digit)];
            continue;
        }
        if extension.is_none() {
            number.international |= digits == 0 && is_plus(c);
            extension = begins_extension(c, before[1], digits).then_some(digits);
            if c == ')' && before == ['(', '0'] && optional_zero.is_none() {
                // Without a country code before it, it is a digit as others.
                optional_zero = digits.checked_sub(1).filter(|at| *at > 0);
            }
        }
        before = [before[1], c];
    }
    let own = extension.unwrap_or(written.len());
    number.digits.extend_from_slice(written.get(..own).unwrap_or_default());
    // `+49 (0)30` and `0049 (0)30`: the zero is for callers at home.
    if let Some(at) = optional_zero.filter(|_| number.international || is_abroad) {
        number.digits.remove(at);
    }
    if !number.international {
        number.complete(home);
    }
    own
}

fn is_plus(c: char) -> bool {
    c == '+' || c == '\u{FF0B}'
}

fn without_scheme(text: &str) -> &str {
    match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text.get(4..).unwrap_or(""),
        _ => text,
    }
}

/// Whether an extension begins by `c` (`ext. 12`, `x12`, `;ext=12`, `/ 12` after a public number).
fn begins_extension(c: char, before: char, digits: usize) -> bool {
    match c {
        ';' | ',' => digits > 0,
        'x' | 'X' | 'e' | 'E' => digits >= SHORTEST_PUBLIC,
        // `030/123456` is one number; ` / 12` after a whole one is not.
        '/' => digits >= SHORTEST_PUBLIC && before == ' ',
        _ => false,
    }
}

impl Number {
    /// Makes digits without a plus sign international where that is certain.
    fn complete(&mut self, home: Option<Country>) {
        if self.cut_exit("00") || home.is_some_and(|home| self.cut_exit(home.exit())) {
            self.international = true;
            return;
        }
        let Some(home) = home else { return };
        let national = self.digits.strip_prefix(home.trunk.as_bytes()).unwrap_or(&self.digits);
        if national.len() < SHORTEST_NATIONAL {
            return;
        }
        if self.digits.len() > home.longest && self.digits.starts_with(home.code.as_bytes()) {
            self.international = true;
        } else if national.len() <= home.longest {
            let trunk = self.digits.len() - national.len();
            self.begin_with(home.code.as_bytes(), trunk);
            self.international = true;
        }
    }

    /// Exchanges the first `gone` digits for `code`.
    fn begin_with(&mut self, code: &[u8], gone: usize) {
        let old = self.digits.len();
        self.digits.resize(old + code.len(), 0);
        self.digits.copy_within(gone..old, code.len());
        self.digits.truncate(old - gone + code.len());
        if let Some(start) = self.digits.get_mut(..code.len()) {
            start.copy_from_slice(code);
        }
    }

    /// Takes off the prefix of international calls. A short number that begins so is an extension.
    fn cut_exit(&mut self, exit: &str) -> bool {
        let cut = self.digits.strip_prefix(exit.as_bytes()).is_some_and(|rest| rest.len() >= 8);
        if cut {
            self.digits.drain(..exit.len());
        }
        cut
    }

    /// Whether the two are one number in a country where national numbers begin with 0: there, digits that begin
    /// otherwise may be an international number without its plus sign. `own` and `others` are the digits as written before
    /// an extension.
    pub(crate) fn is_bare(&self, own: &[u8], other: &Number, others: &[u8]) -> bool {
        let is = |bare: &[u8], full: &Number| {
            bare.len() >= SHORTEST_PUBLIC
                && !bare.starts_with(b"0")
                && full.international
                && full.digits == bare
        };
        is(own, other) || is(others, self)
    }

    /// Whether the two are one number. O(length).
    ///
    /// A number whose country is not known may be of any: it is another one that ends so, if that is how the other would
    /// be dialled in its own country. The last digits alone would name a stranger once in a thousand calls.
    pub(crate) fn likeness(&self, other: &Number) -> Option<Likeness> {
        let (a, b) = (self.digits.as_slice(), other.digits.as_slice());
        if a.is_empty() || b.is_empty() {
            return None;
        }
        let is_one = a == b
            || match (self.international, other.international) {
                (true, true) => false,
                (true, false) => country::is_dialled(a, b),
                (false, true) => country::is_dialled(b, a),
                // Either may be international without its plus sign, or lack what is dialled before it at home.
                (false, false) => [(a, b), (b, a)].into_iter().any(|(long, short)| {
                    country::is_dialled(long, short) || country::is_with_trunk(long, short)
                }),
            };
        is_one.then_some(Likeness::Same)
    }
}

#[cfg(test)]
mod tests;
