//! Keys of numbers: every place in a number, as the at most four digits that begin there.
//!
//! It never keys what is not a digit.

use crate::country::Country;
use crate::number::{self, Number};

/// Digits of one key. Four make some 11,000 keys, which numbers fill evenly.
pub(crate) const KEY_DIGITS: usize = 4;

/// Digits of a number so short that it has a key as a whole: what ends so is too much to look through.
pub(crate) const WHOLE_DIGITS: usize = 3;

/// Codes of places are numbers to base 11 of four places (0 = no digit), so that their order is that of the digits
/// as text. Codes of whole numbers come after them.
const PLACES: usize = 11 * 11 * 11 * 11;

/// How many codes there are.
pub(crate) const CODES: usize = PLACES + 11 * 11 * 11;

/// The first octet of a key in the dictionary; no word begins so.
const PLACE: u8 = 1;
const WHOLE: u8 = 2;

/// The code of the first [`KEY_DIGITS`] of `digits`.
fn place_code(digits: &[u8]) -> u16 {
    let place = |at: usize| digits.get(at).map_or(0, |digit| u16::from(digit.wrapping_sub(b'0') % 10) + 1);
    ((place(0) * 11 + place(1)) * 11 + place(2)) * 11 + place(3)
}

/// A code as it stands in the dictionary.
pub(crate) fn to_key(code: u16) -> Vec<u8> {
    let (mark, code) = match code.checked_sub(PLACES as u16) {
        Some(whole) => (WHOLE, whole * 11),
        None => (PLACE, code),
    };
    let places = [code / 1331, code / 121 % 11, code / 11 % 11, code % 11];
    core::iter::once(mark).chain(places.iter().take_while(|p| **p > 0).map(|p| b'0' + *p as u8 - 1)).collect()
}

/// The first [`KEY_DIGITS`] of `digits` as a key of the dictionary.
pub(crate) fn place_key(digits: &[u8]) -> Vec<u8> {
    core::iter::once(PLACE).chain(digits.iter().take(KEY_DIGITS).copied()).collect()
}

/// The key of a whole number, if it is so short that it has one.
pub(crate) fn whole_key(digits: &[u8]) -> Option<Vec<u8>> {
    let is_short = (1..=WHOLE_DIGITS).contains(&digits.len());
    is_short.then(|| core::iter::once(WHOLE).chain(digits.iter().copied()).collect())
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
                out.push(place_code(digits.get(at..).unwrap_or(&[])));
            }
        };
        all(&self.written);
        if !self.written.ends_with(&self.number.digits) {
            all(&self.number.digits);
        }
        if (1..=WHOLE_DIGITS).contains(&self.written.len()) {
            out.push(PLACES as u16 + place_code(&self.written) / 11);
        }
    }
}
