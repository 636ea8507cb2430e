//! Keys of numbers: every place in a number, as the at most four digits that begin there.
//!
//! It never keys what is not a digit.

use crate::country::Country;
use crate::number::{self, Number};

/// Digits of one key. Four make some 11,000 keys, which numbers fill evenly.
pub(crate) const KEY_DIGITS: usize = 4;

/// Codes are numbers to base 11 of four places (0 = no digit), so that their order is that of the digits as text.
pub(crate) const CODES: usize = 11 * 11 * 11 * 11;

/// The first octet of a key in the dictionary; no word begins with it.
const MARK: u8 = 1;

/// The code of the first [`KEY_DIGITS`] of `digits`.
pub(crate) fn code(digits: &[u8]) -> u16 {
    let place = |at: usize| digits.get(at).map_or(0, |digit| u16::from(digit.wrapping_sub(b'0') % 10) + 1);
    ((place(0) * 11 + place(1)) * 11 + place(2)) * 11 + place(3)
}

/// A code as it stands in the dictionary.
pub(crate) fn to_key(code: u16) -> Vec<u8> {
    let places = [code / 1331, code / 121 % 11, code / 11 % 11, code % 11];
    core::iter::once(MARK).chain(places.iter().take_while(|p| **p > 0).map(|p| b'0' + *p as u8 - 1)).collect()
}

/// The first [`KEY_DIGITS`] of `digits` as a key of the dictionary.
pub(crate) fn digits_key(digits: &[u8]) -> Vec<u8> {
    core::iter::once(MARK).chain(digits.iter().take(KEY_DIGITS).copied()).collect()
}

/// The forms in which a number can be looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forms {
    /// All its digits, as written.
    pub(crate) written: Vec<u8>,
    /// As it is compared: international if that is known.
    pub(crate) number: Number,
}

impl Forms {
    /// Reads `text` into room that is used again.
    pub(crate) fn read(&mut self, text: &str, home: Option<Country>) {
        self.written.clear();
        number::digits_into(text, &mut self.written);
        number::read_into(text, home, &mut self.number);
    }

    /// Appends the codes of every place of every form.
    pub(crate) fn codes_into(&self, out: &mut Vec<u16>) {
        let mut all = |digits: &[u8]| {
            for at in 0..digits.len() {
                out.push(code(digits.get(at..).unwrap_or(&[])));
            }
        };
        all(&self.written);
        if !self.written.ends_with(&self.number.digits) {
            all(&self.number.digits);
        }
    }
}
