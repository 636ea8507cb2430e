//! Words with a slip of the finger: a letter wrong, missing, too many, or two neighbours swapped; in long words two.
//!
//! The automaton never forgives the first letter: people get that right, and all words would have to be looked at. Who
//! got it wrong after all is found by [`first_slips`], a look at each word that was meant if the rest is right.

/// Letters that take part; what comes after is not compared.
const MAX_LETTERS: usize = 29;

/// A shorter word with a slip is like too many others.
const LEAST_LETTERS: usize = 4;

/// And with two slips.
const LEAST_LETTERS_OF_TWO: usize = 8;

/// Letters of an alphabet lie no further apart than this: the first may have been any of them.
const ALPHABET: u32 = 32;

/// Accepts every text that begins with the word, or with the word after as many slips as are allowed. Sets of places
/// in the word are bits: place i means that i letters of it are used up.
pub(crate) struct Slips {
    letters: Vec<char>,
    /// 1 or 2.
    allowed: usize,
}

/// What of the word can be used up after some octets of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// Without a slip, with one, and with two.
    after: [u32; 3],
    /// Places at which the letter after next was read, so that the next may follow; without a slip before, and with one.
    swapping: [u32; 2],
    /// Octets of a letter that is not complete: its bits so far, and how many octets are missing.
    letter: u32,
    missing: u8,
}

/// The letters of a word in which a slip is forgiven.
fn letters_of(word: &[u8]) -> Option<Vec<char>> {
    let letters: Vec<char> = str::from_utf8(word).ok()?.chars().take(MAX_LETTERS).collect();
    (letters.len() >= LEAST_LETTERS && !letters.iter().all(char::is_ascii_digit)).then_some(letters)
}

/// What was meant, if the slip was in the first letter and the rest is right: words begin with one of these. None for
/// digits and short words.
pub(crate) fn first_slips(word: &[u8]) -> Vec<Vec<u8>> {
    let Some(letters) = letters_of(word) else { return Vec::new() };
    let ([first, rest @ ..], Some(second)) = (letters.as_slice(), letters.get(1)) else { return Vec::new() };
    let text = |first: char, rest: &[char]| {
        let letters = core::iter::once(&first).chain(rest);
        letters.collect::<String>().into_bytes()
    };
    let swapped = core::iter::once(first).chain(rest.get(1..).unwrap_or(&[])).copied().collect::<Vec<_>>();
    let mut meant = vec![text(*second, &swapped)];
    if rest.len() >= LEAST_LETTERS {
        meant.push(text(*second, rest.get(1..).unwrap_or(&[])));
    }
    let alphabet = match first {
        'a'..='z' => u32::from('a')..=u32::from('z'),
        other => u32::from(*other).saturating_sub(ALPHABET)..=u32::from(*other).saturating_add(ALPHABET),
    };
    let others =
        alphabet.filter_map(char::from_u32).filter(|letter| letter.is_alphabetic() && letter != first);
    for letter in others {
        meant.push(text(letter, rest));
        meant.push(text(letter, &letters));
    }
    meant
}

impl Slips {
    /// One slip. `None` if the word is not UTF-8 or shorter than four letters: then too much is alike.
    pub(crate) fn one(word: &[u8]) -> Option<Slips> {
        letters_of(word).map(|letters| Slips { letters, allowed: 1 })
    }

    /// Up to two. `None` if the word is shorter than eight letters.
    pub(crate) fn two(word: &[u8]) -> Option<Slips> {
        let letters = letters_of(word).filter(|letters| letters.len() >= LEAST_LETTERS_OF_TWO);
        letters.map(|letters| Slips { letters, allowed: 2 })
    }

    /// Whether a text that is accepted is no longer than the word with its slips.
    pub(crate) fn is_whole(&self, text: &[u8]) -> bool {
        let letters = str::from_utf8(text).unwrap_or("").chars();
        let state = letters.fold(self.start(), |state, letter| self.read(&state, letter));
        self.is_match(&state)
    }

    fn end(&self) -> u32 {
        1 << self.letters.len()
    }

    fn read(&self, state: &State, letter: char) -> State {
        let State { after, swapping, .. } = *state;
        let [clean, one, _] = after;
        let same = (0..)
            .zip(&self.letters)
            .filter(|(_, own)| **own == letter)
            .fold(0_u32, |same, (at, _)| same | 1 << at);
        let mut next = after.map(|places| (places & same) << 1);
        let mut next_swapping = [0, 0];
        if clean != 1 {
            let slip = |places: u32, swapping: u32| {
                let wrong = (places & !same) << 1;
                let missing = (places & same >> 1) << 2;
                places | wrong | missing | (swapping & same) << 2
            };
            let [_, once, twice] = &mut next;
            *once |= slip(clean, swapping[0]);
            next_swapping[0] = clean & same >> 1;
            if self.allowed > 1 {
                // Two letters that are missing, and one that is missing before two that are swapped, are read at once.
                *twice |= slip(one, swapping[1]) | (clean & same >> 2) << 3;
                next_swapping[1] = one & same >> 1 | (clean & same >> 2) << 1;
            }
        }
        State { after: next, swapping: next_swapping, letter: 0, missing: 0 }
    }

    fn is_done(&self, state: &State) -> bool {
        state.after.iter().fold(0, |all, places| all | places) & self.end() != 0
    }

    /// The first letter, which all that is accepted begins with.
    pub(crate) fn first_letter(&self) -> Vec<u8> {
        self.letters.iter().take(1).collect::<String>().into_bytes()
    }

    /// Before any octet of a text.
    pub(crate) fn start(&self) -> State {
        State { after: [1, 0, 0], swapping: [0, 0], letter: 0, missing: 0 }
    }

    /// Whether the text so far is accepted.
    pub(crate) fn is_match(&self, state: &State) -> bool {
        let [clean, one, _] = state.after;
        let end = self.end();
        // The last letters may be the missing ones.
        let short = clean & end >> 1 | if self.allowed > 1 { one & end >> 1 | clean & end >> 2 } else { 0 };
        state.missing == 0 && (self.is_done(state) || short != 0)
    }

    /// Whether more text may be accepted.
    pub(crate) fn can_match(&self, state: &State) -> bool {
        state.after.iter().chain(&state.swapping).any(|places| *places != 0)
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

    fn accepts(automaton: &Slips, text: &str) -> bool {
        let state = text.bytes().fold(automaton.start(), |state, octet| automaton.accept(&state, octet));
        automaton.is_match(&state)
    }

    fn one(word: &str, text: &str) -> bool {
        accepts(&Slips::one(word.as_bytes()).unwrap(), text)
    }

    fn two(word: &str, text: &str) -> bool {
        accepts(&Slips::two(word.as_bytes()).unwrap(), text)
    }

    /// The fewest slips between `word` and any beginning of `text`, by the table of all beginnings of both.
    fn oracle(word: &str, text: &str) -> usize {
        let word: Vec<char> = word.chars().collect();
        let text: Vec<char> = text.chars().collect();
        if word.first() != text.first() {
            return usize::MAX;
        }
        let (a, b) = (&word[1..], &text[1..]);
        let mut table = vec![vec![0; b.len() + 1]; a.len() + 1];
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                let mut least = if i == 0 || j == 0 { i + j } else { usize::MAX };
                if i > 0 && j > 0 {
                    least = (table[i - 1][j] + 1)
                        .min(table[i][j - 1] + 1)
                        .min(table[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]));
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        least = least.min(table[i - 2][j - 2] + 1);
                    }
                }
                table[i][j] = least;
            }
        }
        table[a.len()].iter().copied().min().unwrap_or(usize::MAX)
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
            assert_eq!(one(word, text), expected, "{word} {text}");
        }
    }

    #[test]
    fn two_slips_are_forgiven_from_eight_letters_and_three_are_not() {
        for (word, text, expected) in [
            ("gonsales", "gonzalez", true),
            ("gnozaelz", "gonzalez", true),
            ("gonlez", "gonzalez", false),
            ("gonzles", "gonzalez", true),
            ("gonzzallez", "gonzalez", true),
            ("vanderwals", "vanderwaals", true),
            ("venderwals", "vanderwaals-oosterhout", true),
            ("venterwals", "vanderwaals", false),
            ("gonsaler", "gonzalez", true),
            ("gomsaler", "gonzalez", false),
        ] {
            if word.len() < LEAST_LETTERS_OF_TWO {
                assert!(Slips::two(word.as_bytes()).is_none(), "{word}");
            } else {
                assert_eq!(two(word, text), expected, "{word} {text}");
            }
        }
    }

    #[test]
    fn slip_in_the_first_letter_is_one_of_these() {
        let meant = |word: &str| first_slips(word.as_bytes());
        for (word, text) in [
            ("naria", "maria"),
            ("aria", "maria"),
            ("mmaria", "maria"),
            ("amria", "maria"),
            ("ыванов", "иванов"),
        ] {
            let found = meant(word).iter().any(|beginning| text.as_bytes().starts_with(beginning));
            assert!(found, "{word} {text}");
        }
        assert!(meant("ana").is_empty() && meant("1234").is_empty());
        assert!(meant("maria").len() < 60);
    }

    #[test]
    fn text_that_goes_on_after_the_word_is_not_whole() {
        let whole = |word: &str, text: &str| Slips::one(word.as_bytes()).unwrap().is_whole(text.as_bytes());
        for text in ["marta", "martta", "marra", "marrtas", "mrarta"] {
            assert!(whole("marrta", text), "{text}");
        }
        for text in ["martas", "martabe", "marrtanna"] {
            assert!(!whole("marrta", text), "{text}");
        }
    }

    #[test]
    fn short_words_and_digits_are_not_forgiven() {
        assert!(Slips::one(b"ana").is_none());
        assert!(Slips::one(b"60012").is_none());
    }

    proptest::proptest! {
        #[test]
        fn accepts_what_the_oracle_accepts(word in "[abж]{4,7}", text in "[abж]{0,9}") {
            proptest::prop_assert_eq!(one(&word, &text), oracle(&word, &text) <= 1, "{} {}", word, text);
        }

        #[test]
        fn accepts_two_slips_where_the_oracle_does(word in "[abcж]{8,10}", text in "[abcж]{0,12}") {
            proptest::prop_assert_eq!(two(&word, &text), oracle(&word, &text) <= 2, "{} {}", word, text);
        }

        #[test]
        fn accepts_words_with_two_slips(word in "[a-dж]{8,12}", slips in proptest::collection::vec((1_usize..8, 0..4_u8), 0..3)) {
            let mut typed: Vec<char> = word.chars().collect();
            for (at, kind) in slips {
                let at = at.min(typed.len() - 1);
                match kind {
                    0 => drop(typed.remove(at)),
                    1 => typed.insert(at, 'x'),
                    2 => typed[at] = 'x',
                    _ => typed.swap(at, at - usize::from(at > 1)),
                }
            }
            let typed: String = typed.into_iter().collect();
            if typed.chars().count() >= 8 {
                proptest::prop_assert_eq!(two(&typed, &word), oracle(&typed, &word) <= 2, "{} {}", typed, word);
            }
        }
    }
}
