//! Phone numbers as they are compared: digits, whether they are international, and which of two are the same.
//!
//! It never guesses a country: without a home country a national number stays national.

use crate::country::{Country, SHORTEST_NATIONAL};

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
    /// The last nine digits are equal, one of the two being national with an unusual trunk prefix.
    LastNine,
}

/// Fewest digits of a number that can be written nationally and internationally.
const SHORTEST_PUBLIC: usize = 7;

/// The digit of ASCII, full-width, Arabic-Indic, Persian or Devanagari script.
pub(crate) fn digit(c: char) -> Option<u8> {
    let code = c as u32;
    let value = match code {
        0x30..=0x39 => code - 0x30,
        0x660..=0x669 => code - 0x660,
        0x6F0..=0x6F9 => code - 0x6F0,
        0x966..=0x96F => code - 0x966,
        0xFF10..=0xFF19 => code - 0xFF10,
        _ => return None,
    };
    Some(b'0' + value as u8)
}

/// All digits of `text` in order, whatever stands between them.
pub(crate) fn digits_into(text: &str, out: &mut Vec<u8>) {
    out.extend(text.chars().filter_map(digit));
}

/// Reads `text` as someone at home in `home` means it.
pub(crate) fn read(text: &str, home: Option<Country>) -> Number {
    let mut number = Number::default();
    read_into(text, home, &mut number);
    number
}

/// As [`read`], into room that is used again.
pub(crate) fn read_into(text: &str, home: Option<Country>, number: &mut Number) {
    number.digits.clear();
    let text = without_scheme(text.trim());
    let text = text.get(..extension_start(text)).unwrap_or(text);
    let plus = text.trim_start_matches(|c: char| !is_plus(c) && digit(c).is_none()).starts_with(is_plus);
    number.international = plus;
    // `+49 (0)30` and `0049 (0)30`: the zero is for callers at home.
    let is_abroad = plus || text.trim_start_matches(|c| digit(c).is_none()).starts_with("00");
    match text.find("(0)").filter(|_| is_abroad) {
        Some(at) => {
            digits_into(text.get(..at).unwrap_or(""), &mut number.digits);
            digits_into(text.get(at + 3..).unwrap_or(""), &mut number.digits);
        }
        None => digits_into(text, &mut number.digits),
    }
    if !number.international {
        number.complete(home);
    }
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

/// Where an extension begins (`ext. 12`, `x12`, `;ext=12`, `/ 12` after a public number), else the end.
fn extension_start(text: &str) -> usize {
    let mut digits = 0;
    for (at, c) in text.char_indices() {
        digits += usize::from(digit(c).is_some());
        let ends = match c {
            ';' | ',' => digits > 0,
            'x' | 'X' | 'e' | 'E' => digits >= SHORTEST_PUBLIC,
            // `030/123456` is one number; ` / 12` after a whole one is not.
            '/' => digits >= SHORTEST_PUBLIC && text.get(..at).is_some_and(|before| before.ends_with(' ')),
            _ => false,
        };
        if ends {
            return at;
        }
    }
    text.len()
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
            self.digits = [home.code.as_bytes(), national].concat();
            self.international = true;
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

    /// Whether the two are one number. O(length).
    pub(crate) fn likeness(&self, other: &Number) -> Option<Likeness> {
        let (a, b) = (self.digits.as_slice(), other.digits.as_slice());
        if a.is_empty() || b.is_empty() {
            return None;
        }
        if a == b {
            return Some(Likeness::Same);
        }
        if self.international && other.international {
            return None;
        }
        let (a, b) = (self.without_trunk(), other.without_trunk());
        let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
        if short.len() < SHORTEST_PUBLIC {
            return None;
        }
        // What is left over is a country code, of three digits at most.
        if long.len() - short.len() > 3 {
            return None;
        }
        if long.ends_with(short) {
            return Some(Likeness::Same);
        }
        let nine = short.len().checked_sub(9).and_then(|from| short.get(from..))?;
        long.ends_with(nine).then_some(Likeness::LastNine)
    }

    /// A national number without the zeros before it.
    fn without_trunk(&self) -> &[u8] {
        let digits = self.digits.as_slice();
        if self.international {
            return digits;
        }
        digits.strip_prefix(b"00").or_else(|| digits.strip_prefix(b"0")).unwrap_or(digits)
    }
}

#[cfg(test)]
mod tests;
