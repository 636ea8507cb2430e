//! The octets of a file as UTF-8: marks of order are removed, UTF-16 is converted as it comes.
//!
//! It never decides about single-octet character sets: that is done for each value, by what it says of itself.

/// Octets of the head that decide.
const HEAD_OCTETS: usize = 3;

/// What the file is written in.
#[derive(Debug, Default)]
pub(super) enum Decoder {
    /// Not decided: the first octets.
    #[default]
    Start,
    Head(Vec<u8>),
    Octets,
    Utf16 {
        is_big: bool,
        /// The first octet of a pair that a chunk cut.
        odd: Option<u8>,
        /// The first half of a character of two units.
        high: Option<u16>,
    },
}

impl Decoder {
    /// Gives what `chunk` adds to the text.
    pub(super) fn feed(&mut self, chunk: &[u8], give: &mut dyn FnMut(&[u8])) {
        match self {
            Decoder::Start => {
                *self = Decoder::Head(Vec::new());
                self.feed(chunk, give);
            }
            Decoder::Head(head) => {
                head.extend_from_slice(chunk);
                if head.len() >= HEAD_OCTETS {
                    self.decide(give);
                }
            }
            Decoder::Octets => give(chunk),
            Decoder::Utf16 { is_big, odd, high } => {
                let text = utf16(chunk, *is_big, odd, high);
                give(text.as_bytes());
            }
        }
    }

    /// The file is over.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(&[u8])) {
        if matches!(self, Decoder::Head(_)) {
            self.decide(give);
        }
    }

    fn decide(&mut self, give: &mut dyn FnMut(&[u8])) {
        let Decoder::Head(head) = core::mem::take(self) else { return };
        let utf16 = |is_big| Decoder::Utf16 { is_big, odd: None, high: None };
        let (decoder, text) = match head.as_slice() {
            [0xEF, 0xBB, 0xBF, text @ ..] => (Decoder::Octets, text),
            [0xFF, 0xFE, text @ ..] => (utf16(false), text),
            [0xFE, 0xFF, text @ ..] => (utf16(true), text),
            text @ [0, _, ..] => (utf16(true), text),
            text @ [_, 0, ..] => (utf16(false), text),
            text => (Decoder::Octets, text),
        };
        *self = decoder;
        self.feed(text, give);
    }
}

fn utf16(chunk: &[u8], is_big: bool, odd: &mut Option<u8>, high: &mut Option<u16>) -> String {
    let mut text = String::with_capacity(chunk.len());
    for &octet in chunk {
        let Some(first) = odd.take() else {
            *odd = Some(octet);
            continue;
        };
        let pair = [first, octet];
        let unit = if is_big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
        if (0xD800..0xDC00).contains(&unit) {
            *high = Some(unit);
            continue;
        }
        let units: &[u16] = &[high.take().unwrap_or(unit), unit];
        let units = if (0xDC00..0xE000).contains(&unit) { units } else { units.get(1..).unwrap_or(units) };
        text.extend(
            char::decode_utf16(units.iter().copied()).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)),
        );
    }
    text
}

/// The text of a value that says it is in `charset`, or does not say.
pub(super) fn text(octets: &[u8], charset: Option<&[u8]>) -> String {
    let is_latin = charset.is_some_and(|charset| {
        [&b"ISO-8859-1"[..], b"ISO-8859-15", b"LATIN1", b"WINDOWS-1252", b"CP1252"]
            .iter()
            .any(|name| name.eq_ignore_ascii_case(charset))
    });
    match str::from_utf8(octets) {
        Ok(text) if !is_latin || text.is_ascii() => text.to_owned(),
        _ => octets.iter().map(|octet| windows_1252(*octet)).collect(),
    }
}

/// Latin-1, but for the signs that Windows put into the second control block.
fn windows_1252(octet: u8) -> char {
    const SIGNS: &[char; 32] = &[
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    let sign = octet.checked_sub(0x80).and_then(|at| SIGNS.get(usize::from(at)));
    sign.copied().unwrap_or(octet as char)
}

/// Quoted-printable (RFC 2045 §6.7) without its soft breaks. What is not an escape stays.
pub(super) fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((&octet, after)) = rest.split_first() {
        let escaped = match after {
            [high, low, ..] if octet == b'=' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                out.push(high << 4 | low);
                rest = after.get(2..).unwrap_or(&[]);
            }
            None => {
                out.push(octet);
                rest = after;
            }
        }
    }
    out
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).map(|value| value as u8)
}
