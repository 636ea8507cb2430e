//! Letters as a search compares them: lower case, without accents, one shape for each letter.
//!
//! It never allocates for ordinary letters and never changes what is shown; folded text is only compared.

/// Longest token that is compared, in octets of folded text: longer words are equal if they begin alike.
pub(crate) const MAX_TOKEN_OCTETS: usize = 48;

/// Latin-1 Supplement, Latin Extended-A and -B, from U+00C0. A capital stands for two letters (see [`latin`]),
/// a full stop for a character that stays as it is.
const LATIN: &[u8; 400] = b"\
aaaaaaAceeeeiiiidnooooo ouuuuyTS\
aaaaaaAceeeeiiiidnooooo ouuuuyTy\
aaaaaaccccccccddddeeeeeeeeeegggg\
gggghhhhiiiiiiiiiiIIjjkkqlllllll\
lllnnnnnnnnnooooooOOrrrrrrssssss\
ssttttttuuuuuuuuuuuuwwyyyzzzzzzs\
bbbbbboccdddddeeeffggHiikkllmnno\
ooqqpprssssttttuuuvyyzzzzzz2tt.w\
....DDDLLLNNNaaiioouuuuuuuuuueaa\
aaAAggggkkoooozzjDDDggHwnnaaAAoo\
aaaaeeeeiiiioooorrrruuuussttyyhh\
ndUUzzaaeeooooooooyylntj..acclts\
z..buveejjqqrryy";

/// IPA Extensions, from U+0250: the small letters of some capitals above.
const LATIN_PHONETIC: &[u8; 96] = b"\
aaabocddeeeeeeejggggohhhiiillllm\
mmnnno.ofrrrrrrrrrssjssttuuvvwyy\
zzzz.....beghjklq.............hh";

/// Latin Extended Additional, from U+1E00.
const LATIN_ADDITIONAL: &[u8; 256] = b"\
aabbbbbbccddddddddddeeeeeeeeeeff\
gghhhhhhhhhhiiiikkkkkkllllllllmm\
mmmmnnnnnnnnoooooooopppprrrrrrrr\
ssssssssssttttttttuuuuuuuuuuvvvv\
wwwwwwwwwwxxxxyyzzzzzzhtwyasssSd\
aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee\
eeeeeeeeiiiioooooooooooooooooooo\
oooouuuuuuuuuuuuuuyyyyyyyyllvvyy";

/// What one character becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// Nothing: a combining mark, an apostrophe, an invisible character.
    Nothing,
    /// The end of a word.
    Break,
    /// One letter or digit.
    One(char),
    /// Two or three.
    More([char; 3]),
}

/// Folds one character. Digits of other scripts become ASCII digits.
pub(crate) fn fold_char(c: char) -> Folded {
    let code = c as u32;
    match code {
        0..=0x7F => fold_ascii(c),
        // The letter-like signs ª, º, µ; the rest of the block are signs that part words or hide in them.
        0xAA => Folded::One('a'),
        0xBA => Folded::One('o'),
        0xB5 => Folded::One('μ'),
        0xAD => Folded::Nothing,
        0x80..=0xBF => Folded::Break,
        0xC0..=0x24F => latin(LATIN.get((code - 0xC0) as usize), c),
        0x250..=0x2AF => latin(LATIN_PHONETIC.get((code - 0x250) as usize), c),
        0x2C65 => Folded::One('a'),
        0x2C66 => Folded::One('t'),
        0x1E00..=0x1EFF => latin(LATIN_ADDITIONAL.get((code - 0x1E00) as usize), c),
        0x2B9..=0x2BC | 0x300..=0x36F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF => {
            Folded::Nothing
        }
        0x370..=0x3FF | 0x1F00..=0x1FFF => Folded::One(greek(code, c)),
        0x483..=0x489 => Folded::Nothing,
        0x400..=0x52F => Folded::One(cyrillic(code, c)),
        0x531..=0x556 => letter(code + 0x30),
        0x591..=0x5BD | 0x5BF | 0x5C1 | 0x5C2 | 0x5C4 | 0x5C5 | 0x5C7 => Folded::Nothing,
        0x610..=0x61A | 0x640 | 0x64B..=0x65F | 0x670 => Folded::Nothing,
        0x622 | 0x623 | 0x625 => Folded::One('\u{627}'),
        0x624 => Folded::One('\u{648}'),
        0x626 => Folded::One('\u{64A}'),
        0x660..=0x669 => letter(code - 0x660 + 0x30),
        0x6F0..=0x6F9 => letter(code - 0x6F0 + 0x30),
        0x966..=0x96F => letter(code - 0x966 + 0x30),
        // ’ and ‛ are apostrophes; U+200B..F and the marks of direction are not seen.
        0x2018 | 0x2019 | 0x201B | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF => {
            Folded::Nothing
        }
        0xFE00..=0xFE0F => Folded::Nothing,
        0x1680 | 0x2000..=0x206F | 0x3000..=0x303F | 0xFE30..=0xFE4F => Folded::Break,
        0x3131..=0x314E => jamo_of_key(code),
        0xAC00..=0xD7A3 => hangul(code - 0xAC00),
        0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).map_or(Folded::Break, fold_ascii),
        _ => Folded::One(c),
    }
}

fn fold_ascii(c: char) -> Folded {
    match c {
        'a'..='z' | '0'..='9' => Folded::One(c),
        'A'..='Z' => Folded::One(c.to_ascii_lowercase()),
        // O’Brien is found as obrien and as o'brien.
        '\'' | '`' => Folded::Nothing,
        _ => Folded::Break,
    }
}

fn letter(code: u32) -> Folded {
    char::from_u32(code).map_or(Folded::Nothing, Folded::One)
}

fn latin(row: Option<&u8>, itself: char) -> Folded {
    let two = |a, b| Folded::More([a, b, '\0']);
    match row {
        None | Some(b'.') => Folded::One(itself),
        Some(b' ') => Folded::Break,
        Some(b'A') => two('a', 'e'),
        Some(b'O') => two('o', 'e'),
        Some(b'S') => two('s', 's'),
        Some(b'T') => two('t', 'h'),
        Some(b'D') => two('d', 'z'),
        Some(b'L') => two('l', 'j'),
        Some(b'N') => two('n', 'j'),
        Some(b'I') => two('i', 'j'),
        Some(b'H') => two('h', 'v'),
        Some(b'U') => two('o', 'u'),
        Some(&base) => Folded::One(base as char),
    }
}

fn greek(code: u32, itself: char) -> char {
    match code {
        0x386 | 0x3AC | 0x1F00..=0x1F0F | 0x1F70 | 0x1F71 | 0x1F80..=0x1F8F | 0x1FB0..=0x1FBC => 'α',
        0x388 | 0x3AD | 0x1F10..=0x1F1F | 0x1F72 | 0x1F73 | 0x1FC8 | 0x1FC9 => 'ε',
        0x389 | 0x3AE | 0x1F20..=0x1F2F | 0x1F74 | 0x1F75 | 0x1F90..=0x1F9F | 0x1FC2..=0x1FCC => 'η',
        0x38A | 0x390 | 0x3AA | 0x3AF | 0x3CA | 0x1F30..=0x1F3F | 0x1F76 | 0x1F77 | 0x1FD0..=0x1FDB => 'ι',
        0x38C | 0x3CC | 0x1F40..=0x1F4F | 0x1F78 | 0x1F79 | 0x1FF8 | 0x1FF9 => 'ο',
        0x1FE4 | 0x1FE5 | 0x1FEC => 'ρ',
        0x38E | 0x3AB | 0x3B0 | 0x3CB | 0x3CD | 0x1F50..=0x1F5F | 0x1F7A | 0x1F7B | 0x1FE0..=0x1FEB => 'υ',
        0x38F | 0x3CE | 0x1F60..=0x1F6F | 0x1F7C | 0x1F7D | 0x1FA0..=0x1FAF | 0x1FF2..=0x1FFC => 'ω',
        0x3C2 => 'σ',
        0x391..=0x3A9 => char::from_u32(code + 0x20).unwrap_or(itself),
        _ => itself,
    }
}

fn cyrillic(code: u32, itself: char) -> char {
    let lower = match code {
        0x410..=0x42F => code + 0x20,
        0x400..=0x40F => code + 0x50,
        0x4C0 => 0x4CF,
        // In this stretch the pairs are the other way round: odd is capital.
        0x4C1..=0x4CE => code + (code & 1),
        0x460..=0x481 | 0x48A..=0x4BF | 0x4D0..=0x52F => code | 1,
        _ => code,
    };
    let base = match lower {
        0x450 | 0x451 | 0x4D7 => 0x435,
        0x439 | 0x45D | 0x4E3 | 0x4E5 => 0x438,
        0x457 => 0x456,
        0x453 => 0x433,
        0x45C => 0x43A,
        0x45E | 0x4EF | 0x4F1 | 0x4F3 => 0x443,
        0x4D1 | 0x4D3 => 0x430,
        0x4C2 | 0x4DD => 0x436,
        0x4DF => 0x437,
        0x4E7 => 0x43E,
        0x4ED => 0x44D,
        0x4F5 => 0x447,
        0x4F9 => 0x44B,
        0x477 => 0x475,
        0x4DB => 0x4D9,
        0x4EB => 0x4E9,
        other => other,
    };
    char::from_u32(base).unwrap_or(itself)
}

/// A syllable as its letters, so that one that is still being typed is a prefix of the whole.
fn hangul(index: u32) -> Folded {
    let lead = char::from_u32(0x1100 + index / 588).unwrap_or('\0');
    let vowel = char::from_u32(0x1161 + index % 588 / 28).unwrap_or('\0');
    let tail = index % 28;
    let tail = if tail == 0 { '\0' } else { char::from_u32(0x11A7 + tail).unwrap_or('\0') };
    Folded::More([lead, vowel, tail])
}

/// The consonant keys of a Korean keyboard, as the leading letter they begin.
fn jamo_of_key(code: u32) -> Folded {
    const LEADS: &[u32; 30] =
        &[0, 1, 1, 2, 2, 2, 3, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
    LEADS.get((code - 0x3131) as usize).map_or(Folded::Break, |lead| letter(0x1100 + lead))
}

/// What an ASCII octet becomes: itself folded, a space (end of a word) or 0 (nothing).
const ASCII: [u8; 128] = ascii_table();

const fn ascii_table() -> [u8; 128] {
    let mut table = [b' '; 128];
    let mut octet = 0;
    while octet < 128_u8 {
        let folded = match octet {
            b'a'..=b'z' | b'0'..=b'9' => octet,
            b'A'..=b'Z' => octet + 32,
            b'\'' | b'`' => 0,
            _ => b' ',
        };
        // A constant: an index out of bounds would not compile.
        #[allow(clippy::indexing_slicing)]
        {
            table[octet as usize] = folded;
        }
        octet += 1;
    }
    table
}

/// Appends the words of `text`, folded, cut to [`MAX_TOKEN_OCTETS`] and parted by single spaces.
pub(crate) fn fold_into(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    let mut word = start;
    for c in text.chars() {
        if c.is_ascii() {
            match ASCII.get(c as usize) {
                Some(0) | None => {}
                Some(b' ') => word = end_word(out, word),
                Some(&octet) => out.push(octet),
            }
            continue;
        }
        match fold_char(c) {
            Folded::Nothing => {}
            Folded::Break => word = end_word(out, word),
            Folded::One(one) => push_char(out, one),
            Folded::More(more) => more.iter().filter(|c| **c != '\0').for_each(|c| push_char(out, *c)),
        }
    }
    end_word(out, word);
    if out.len() > start {
        out.pop();
    }
}

/// Closes the word that began at `word` by a space and gives the place where the next begins.
fn end_word(out: &mut Vec<u8>, word: usize) -> usize {
    if out.len() == word {
        return word;
    }
    if out.len() - word > MAX_TOKEN_OCTETS {
        let mut cut = word + MAX_TOKEN_OCTETS;
        while out.get(cut).is_some_and(|octet| octet & 0xC0 == 0x80) {
            cut -= 1;
        }
        out.truncate(cut);
    }
    out.push(b' ');
    out.len()
}

fn push_char(out: &mut Vec<u8>, c: char) {
    let mut octets = [0; 4];
    out.extend_from_slice(c.encode_utf8(&mut octets).as_bytes());
}

/// The folded words of `text`, parted by single spaces.
pub(crate) fn folded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

/// Where in `text` the words begin that have one of `prefixes`, each as the octet range that the longest covers.
pub(crate) fn matched_ranges(text: &str, prefixes: &[Vec<u8>]) -> Vec<core::ops::Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let (end, next) = word_end(text, at);
        let word = text.get(at..end).unwrap_or("");
        let key = folded(word);
        let longest = prefixes.iter().filter(|p| !p.is_empty() && key.starts_with(p)).map(Vec::len).max();
        if let Some(octets) = longest {
            let lead = word.find(|c| matches!(fold_char(c), Folded::One(_) | Folded::More(_))).unwrap_or(0);
            ranges.push(at + lead..at + covered(word, octets));
        }
        at = next;
    }
    ranges
}

/// The end of the word that begins at `at`, and the beginning of the next.
fn word_end(text: &str, at: usize) -> (usize, usize) {
    let rest = text.get(at..).unwrap_or("");
    let is_break = |c: char| fold_char(c) == Folded::Break;
    let end = at + rest.find(is_break).unwrap_or(rest.len());
    let gap = text.get(end..).unwrap_or("");
    (end, end + gap.find(|c| !is_break(c)).unwrap_or(gap.len()))
}

/// How many octets of `word` make the first `octets` octets of its folded form, marks that follow included.
fn covered(word: &str, octets: usize) -> usize {
    let mut made = 0;
    for (at, c) in word.char_indices() {
        let folded = fold_char(c);
        if made >= octets && folded != Folded::Nothing {
            return at;
        }
        made += match folded {
            Folded::Nothing | Folded::Break => 0,
            Folded::One(c) => c.len_utf8(),
            Folded::More(more) => more.iter().filter(|c| **c != '\0').map(|c| c.len_utf8()).sum(),
        };
    }
    word.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

    fn text(c: char) -> String {
        match fold_char(c) {
            Folded::Nothing => String::new(),
            Folded::Break => " ".into(),
            Folded::One(one) => one.into(),
            Folded::More(more) => more.iter().filter(|c| **c != '\0').collect(),
        }
    }

    /// Decomposed, without marks, in lower case.
    fn oracle(c: char) -> String {
        let plain: String =
            c.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
        plain.nfkd().filter(|c| !is_combining_mark(*c)).collect::<String>().replace('ς', "σ")
    }

    #[test]
    fn letters_fold_as_unicode_decomposes_them() {
        let blocks = [0x41..=0x5A, 0x61..=0x7A, 0xC0..=0x24F, 0x370..=0x52F, 0x531..=0x556, 0x1E00..=0x1FFF];
        let blocks =
            blocks.into_iter().chain([0xAC00..=0xD7A3, 0xFF10..=0xFF19, 0xFF21..=0xFF3A, 0xFF41..=0xFF5A]);
        let mut wrong = Vec::new();
        for c in blocks.flatten().filter_map(char::from_u32).filter(|c| c.is_alphanumeric()) {
            // Letters that do not decompose have a plain one that looks like them; rare signs stay as they are.
            let expected: String = oracle(c).chars().map(text).collect();
            if !matches!(c, 'Ͱ'..='Ϳ' | 'Ϗ'..='ϯ' | 'ϰ'..='Ͽ' | 'Ɂ' | '\u{1FBE}' | 'Ŀ' | 'ŀ' | 'ŉ' | 'ẚ' | 'ſ' | 'ẛ')
                && text(c) != expected
            {
                wrong.push(format!("{c} U+{:04X}: {} {expected}", c as u32, text(c)));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
    }

    #[test]
    fn letters_that_do_not_decompose_have_a_plain_form() {
        let check = |text: &str, expected: &str| assert_eq!(folded(text), expected.as_bytes(), "{text}");
        check(
            "Łódź Øre Straße Ærø Đorđe Þór œuvre Işık Ħal",
            "lodz ore strasse aero dorde thor oeuvre isik hal",
        );
        check("  Jean-Luc  O'Neill, d’Or (x) ", "jean luc oneill dor x");
        check("e\u{301}\u{302}a", "ea");
        check("أحمد مُحَمَّد", "احمد محمد");
        check("１２３ ٣٤ ۵", "123 34 5");
        check("🍕 Pizza", "🍕 pizza");
        check("\u{200B}a\u{202E}b", "ab");
        check("...", "");
        check(&"ж".repeat(40), &"ж".repeat(24));
    }

    #[test]
    fn syllable_being_typed_is_a_prefix_of_the_whole() {
        let name = folded("김민수");
        for typed in ["ㄱ", "기", "김", "김ㅁ", "김미"] {
            assert!(name.starts_with(&folded(typed)), "{typed}");
        }
        assert!(!name.starts_with(&folded("강")));
    }

    #[test]
    fn fast_and_slow_way_agree_on_ascii() {
        for c in '\0'..='\x7F' {
            let mut out = Vec::new();
            fold_into(&format!("a{c}b"), &mut out);
            let expected = format!("a{}b", text(c));
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{c:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,30}") {
            let once = folded(&text);
            let again = folded(str::from_utf8(&once).unwrap());
            proptest::prop_assert_eq!(once, again);
        }

        #[test]
        fn ranges_are_of_the_text(text in "\\PC{0,20}", typed in "\\PC{1,3}") {
            let prefixes: Vec<Vec<u8>> = folded(&typed).split(|o| *o == b' ').map(<[u8]>::to_vec).collect();
            for range in matched_ranges(&text, &prefixes) {
                proptest::prop_assert!(text.get(range.clone()).is_some_and(|part| !part.is_empty()), "{:?}", range);
            }
        }
    }
}
