//! Keys of numbers: every place in a number, as the at most four digits that begin there; and of user names.
//!
//! It never keys what of a number is not a digit.

use core::ops::Range;

use crate::country::Country;
use crate::ids;
use crate::number::{self, Number};

/// Digits of one key. Four make some 11,000 keys, which numbers fill evenly.
pub(crate) const KEY_DIGITS: usize = 4;

/// Digits of a number so short that it has a key as a whole: what ends so is too much to look through.
const WHOLE_DIGITS: usize = 4;

/// Keys of places are numbers to base 11 of four digits (0 = no digit), so that all that begin alike are neighbours.
/// Keys of whole numbers come after them.
const PLACES: u16 = BASE * BASE * BASE * BASE;
const BASE: u16 = 11;

/// Keys of user names come last: of so many that a key of a full segment has some 16 contacts.
const USERS: u16 = 4096;

/// How many keys there are.
pub(crate) const KEYS: usize = (2 * PLACES + USERS) as usize;

/// The key that a user name shares with few others.
pub(crate) fn username(name: &str) -> u16 {
    2 * PLACES + (ids::hash(name.as_bytes()) >> 32) as u16 % USERS
}

/// The key of a place at which exactly `digits` stand, or more than [`KEY_DIGITS`] that begin with the first of them;
/// and the step from it to the next key of its length.
fn place(digits: &[u8]) -> (u16, u16) {
    let mut key = 0;
    let mut step = PLACES;
    for digit in digits.iter().take(KEY_DIGITS) {
        step /= BASE;
        key += (u16::from(digit.wrapping_sub(b'0') % 10) + 1) * step;
    }
    (key, step)
}

/// The keys of all places at which `digits` or more begin.
pub(crate) fn places(digits: &[u8]) -> Range<u16> {
    let (key, step) = place(digits);
    key..key + step
}

/// The key of a place at which the first [`KEY_DIGITS`] of `digits` stand; of fewer, the last of a number.
pub(crate) fn ending(digits: &[u8]) -> Range<u16> {
    let (key, _) = place(digits);
    key..key + 1
}

/// The key of a whole number, if it is so short that it has one.
pub(crate) fn whole(digits: &[u8]) -> Option<Range<u16>> {
    let (key, _) = place(digits);
    let is_short = (1..=WHOLE_DIGITS).contains(&digits.len());
    is_short.then_some(PLACES + key..PLACES + key + 1)
}

/// The forms in which a number can be looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forms {
    /// All its digits, as written.
    pub(crate) written: Vec<u8>,
    /// So many of them stand before an extension.
    own: usize,
    /// As it is compared: international if that is known.
    pub(crate) number: Number,
}

impl Forms {
    /// Reads `text` into room that is used again.
    pub(crate) fn read(&mut self, text: &str, home: Option<Country>) {
        self.own = number::read_into(text, home, &mut self.number, &mut self.written);
    }

    /// The digits before an extension, as written.
    pub(crate) fn own(&self) -> &[u8] {
        self.written.get(..self.own).unwrap_or_default()
    }

    /// Gives the keys of every place of every form, some of them twice.
    pub(crate) fn each_key(&self, mut act: impl FnMut(u16)) {
        // Where both forms end alike, they have the same keys.
        let pairs = self.written.iter().rev().zip(self.number.digits.iter().rev());
        let alike = pairs.take_while(|(a, b)| a == b).count();
        let full = self.number.digits.len() - alike;
        for (digits, count) in [(&self.written, self.written.len()), (&self.number.digits, full)] {
            let mut key = 0;
            for (at, digit) in digits.iter().enumerate().rev() {
                key = key / BASE + (u16::from(digit.wrapping_sub(b'0')).min(9) + 1) * (PLACES / BASE);
                if at < count {
                    act(key);
                }
            }
            if let Some(whole) = whole(digits) {
                act(whole.start);
            }
        }
    }
}
