//! Words with one slip of the finger: a letter wrong, missing, too many, or two neighbours swapped.
//!
//! It never forgives the first letter: people get that right, and all words would have to be looked at.

/// Letters that take part; what comes after is not compared.
const MAX_LETTERS: usize = 30;

/// Accepts every text that begins with the word, or with the word after one slip. Sets of places in the word are
/// bits: place i means that i letters of it are used up.
pub(crate) struct OneSlip {
    letters: Vec<char>,
}

/// What of the word can be used up after some octets of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// Without a slip, and with one.
    clean: u32,
    slipped: u32,
    /// Places at which the letter after next was read, so that the next may follow.
    swapping: u32,
    /// Octets of a letter that is not complete: its bits so far, and how many octets are missing.
    letter: u32,
    missing: u8,
}

impl OneSlip {
    /// `None` if the word is not UTF-8 or shorter than four letters: then too much is alike.
    pub(crate) fn new(word: &[u8]) -> Option<OneSlip> {
        let letters: Vec<char> = str::from_utf8(word).ok()?.chars().take(MAX_LETTERS).collect();
        (letters.len() >= 4 && !letters.iter().all(char::is_ascii_digit)).then_some(OneSlip { letters })
    }

    /// Whether a text that is accepted is no longer than the word with its slip.
    pub(crate) fn is_whole(&self, text: &[u8]) -> bool {
        let letters = str::from_utf8(text).unwrap_or("").chars();
        let state = letters.fold(self.start(), |state, letter| self.read(&state, letter));
        self.is_match(&state)
    }

    fn end(&self) -> u32 {
        1 << self.letters.len()
    }

    fn read(&self, state: &State, letter: char) -> State {
        let State { clean, slipped, swapping, .. } = *state;
        let same = (0..)
            .zip(&self.letters)
            .filter(|(_, own)| **own == letter)
            .fold(0_u32, |same, (at, _)| same | 1 << at);
        let mut next = State {
            clean: (clean & same) << 1,
            slipped: (slipped & same) << 1,
            swapping: 0,
            letter: 0,
            missing: 0,
        };
        if clean != 1 {
            let wrong = (clean & !same) << 1;
            let missing = (clean & same >> 1) << 2;
            next.slipped |= clean | wrong | missing | (swapping & same) << 2;
            next.swapping = clean & same >> 1;
        }
        next
    }

    fn is_done(&self, state: &State) -> bool {
        (state.clean | state.slipped) & self.end() != 0
    }
}

impl OneSlip {
    /// The first letter, which all that is accepted begins with.
    pub(crate) fn first_letter(&self) -> Vec<u8> {
        self.letters.iter().take(1).collect::<String>().into_bytes()
    }

    /// Before any octet of a text.
    pub(crate) fn start(&self) -> State {
        State { clean: 1, slipped: 0, swapping: 0, letter: 0, missing: 0 }
    }

    /// Whether the text so far is accepted.
    pub(crate) fn is_match(&self, state: &State) -> bool {
        // The last letter may be the missing one.
        state.missing == 0 && (self.is_done(state) || state.clean & self.end() >> 1 != 0)
    }

    /// Whether more text may be accepted.
    pub(crate) fn can_match(&self, state: &State) -> bool {
        state.clean | state.slipped | state.swapping != 0
    }

    /// After one more octet of a text.
    pub(crate) fn accept(&self, state: &State, octet: u8) -> State {
        if self.is_done(state) {
            return *state;
        }
        let (bits, missing) = match (octet, state.missing) {
            (0..=0x7F, _) => (u32::from(octet), 0),
            (0x80..=0xBF, missing) => {
                (state.letter << 6 | u32::from(octet & 0x3F), missing.saturating_sub(1))
            }
            (0xC0..=0xDF, _) => (u32::from(octet & 0x1F), 1),
            (0xE0..=0xEF, _) => (u32::from(octet & 0x0F), 2),
            (0xF0..=0xFF, _) => (u32::from(octet & 0x07), 3),
        };
        if missing > 0 {
            return State { letter: bits, missing, ..*state };
        }
        self.read(state, char::from_u32(bits).unwrap_or(char::REPLACEMENT_CHARACTER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(word: &str, text: &str) -> bool {
        let automaton = OneSlip::new(word.as_bytes()).unwrap();
        let state = text.bytes().fold(automaton.start(), |state, octet| automaton.accept(&state, octet));
        automaton.is_match(&state)
    }

    /// Whether some beginning of `text` is at most one slip away from `word`, by trying all slips.
    fn oracle(word: &str, text: &str) -> bool {
        let word: Vec<char> = word.chars().collect();
        let text: Vec<char> = text.chars().collect();
        let begins = |slip: &[char]| text.starts_with(slip);
        if word.first() != text.first() {
            return false;
        }
        let cut = |at: usize| [&word[..at], &word[at + 1..]].concat();
        let mut slips = vec![word.clone()];
        slips.extend((1..word.len()).map(cut));
        for at in 1..=word.len() {
            for letter in &text {
                slips.push([&word[..at], &[*letter], &word[at..]].concat());
                if at < word.len() {
                    slips.push([&word[..at], &[*letter], &word[at + 1..]].concat());
                }
            }
        }
        for at in 1..word.len() - 1 {
            let mut swapped = word.clone();
            swapped.swap(at, at + 1);
            slips.push(swapped);
        }
        slips.iter().any(|slip| begins(slip))
    }

    #[test]
    fn one_slip_is_forgiven_and_two_are_not() {
        for (word, text, expected) in [
            ("maria", "maria", true),
            ("maria", "mariana", true),
            ("marai", "maria", true),
            ("mraia", "maria", true),
            ("amria", "maria", false),
            ("mraai", "maria", false),
            ("mara", "maria", true),
            ("marria", "maria", true),
            ("mario", "maria", true),
            ("nario", "maria", false),
            ("иванов", "иваноу", true),
            ("ивнаов", "иванов", true),
            ("ивонав", "иванов", false),
        ] {
            assert_eq!(accepts(word, text), expected, "{word} {text}");
        }
    }

    #[test]
    fn text_that_goes_on_after_the_word_is_not_whole() {
        let whole = |word: &str, text: &str| OneSlip::new(word.as_bytes()).unwrap().is_whole(text.as_bytes());
        for text in ["marta", "martta", "marra", "marrtas", "mrarta"] {
            assert!(whole("marrta", text), "{text}");
        }
        for text in ["martas", "martabe", "marrtanna"] {
            assert!(!whole("marrta", text), "{text}");
        }
    }

    #[test]
    fn short_words_and_digits_are_not_forgiven() {
        assert!(OneSlip::new(b"ana").is_none());
        assert!(OneSlip::new(b"60012").is_none());
    }

    proptest::proptest! {
        #[test]
        fn accepts_what_the_oracle_accepts(word in "[abж]{4,7}", text in "[abж]{0,9}") {
            proptest::prop_assert_eq!(accepts(&word, &text), oracle(&word, &text), "{} {}", word, text);
        }
    }
}
