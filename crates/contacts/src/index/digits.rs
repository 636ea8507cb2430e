//! What was typed as digits, and how well a number answers it.
//!
//! It never looks for a number.

use crate::country::Country;
use crate::fold::{self, Folded};
use crate::index::keys::Forms;
use crate::number::{self, Number};

/// Digits of a query that count: no number is longer.
const MAX_DIGITS: usize = 40;

/// Digits that a number may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    pub(crate) digits: Vec<u8>,
    /// Only at the beginning of the international form.
    pub(crate) only_start: bool,
}

/// The digits of a query that has no letters, and what else they may mean.
pub(crate) fn typed(text: &str, home: Option<Country>) -> Vec<Digits> {
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
