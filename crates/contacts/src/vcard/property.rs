//! One content line as property name, parameters and value, and the value as text.
//!
//! It never trusts the case, the order or the spelling of parameters: what it does not know it leaves.

use super::encoding;

/// The properties that make a contact or frame a card.
const USED: [&[u8]; 11] =
    [b"BEGIN", b"END", b"VERSION", b"FN", b"N", b"ORG", b"TEL", b"TITLE", b"EMAIL", b"UID", b"AGENT"];

/// A content line, in parts.
pub(super) struct Property<'a> {
    name: &'a [u8],
    /// As names and values; those of vCard 2.1 that are values only have no name.
    parameters: Vec<(&'a [u8], &'a [u8])>,
    pub(super) value: &'a [u8],
}

/// Where the value begins: the first colon that is not in quotes.
pub(super) fn colon(line: &[u8]) -> Option<usize> {
    let is_unclosed = || line.iter().filter(|octet| **octet == b'"').count() % 2 == 1;
    // A quote that is never closed is no quote.
    unquoted_colon(line).or_else(|| line.iter().position(|octet| *octet == b':').filter(|_| is_unclosed()))
}

/// The same of a line that goes on: what is not closed yet may still be.
pub(super) fn unquoted_colon(line: &[u8]) -> Option<usize> {
    let mut is_quoted = false;
    line.iter().position(|octet| {
        is_quoted ^= *octet == b'"';
        *octet == b':' && !is_quoted
    })
}

/// The name of a head, without its group.
fn name(head: &[u8]) -> &[u8] {
    let name = head.split(|octet| *octet == b';').next().unwrap_or(head);
    let name = name.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(name).trim_ascii();
    name.rsplit(|octet| *octet == b'.').next().unwrap_or(name)
}

/// Whether a contact needs the property.
pub(super) fn is_used(head: &[u8]) -> bool {
    let name = name(head);
    USED.iter().any(|used| used.eq_ignore_ascii_case(name))
}

/// Whether the value is quoted-printable.
pub(super) fn is_quoted_printable(head: &[u8]) -> bool {
    const ENCODING: &[u8] = b"QUOTED-PRINTABLE";
    head.len() > ENCODING.len()
        && head.windows(ENCODING.len()).any(|part| part.eq_ignore_ascii_case(ENCODING))
}

/// What stands between the name and the colon, in parts.
fn parameters(text: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut is_quoted = false;
    let parts = text.split(|octet| {
        is_quoted ^= *octet == b'"';
        *octet == b';' && !is_quoted
    });
    let equals = |part: &[u8]| part.iter().position(|octet| *octet == b'=');
    let parts = parts.map(|part| match equals(part).and_then(|at| part.split_at_checked(at)) {
        Some((name, value)) => (name.trim_ascii(), value.get(1..).unwrap_or(&[]).trim_ascii()),
        None => (&[][..], part.trim_ascii()),
    });
    parts.collect()
}

impl<'a> Property<'a> {
    /// `None` if the line has no colon.
    pub(super) fn parse(line: &'a [u8]) -> Option<Property<'a>> {
        let colon = colon(line)?;
        let (head, value) = line.split_at_checked(colon)?;
        let rest = head.iter().position(|octet| *octet == b';').and_then(|at| head.get(at + 1..));
        let parameters = rest.map(parameters).unwrap_or_default();
        Some(Property { name: name(head), parameters, value: value.get(1..)? })
    }

    /// Whether it has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Whether one of the types is `kind`: `TYPE=work,voice`, `TYPE="work,voice"`, or `;WORK;VOICE`.
    pub(super) fn has_type(&self, kind: &str) -> bool {
        let types =
            self.parameters.iter().filter(|(name, _)| name.is_empty() || name.eq_ignore_ascii_case(b"TYPE"));
        let mut values = types.flat_map(|(_, values)| values.split(|octet| matches!(octet, b',' | b'"')));
        values.any(|value| value.trim_ascii().eq_ignore_ascii_case(kind.as_bytes()))
    }

    /// The value in the characters it was written in, still with its escapes; `None` if it is packed.
    fn text(&self) -> Option<String> {
        let charset = self
            .parameters
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(b"CHARSET"))
            .map(|(_, value)| *value);
        let encoding = self.parameters.iter().find_map(|(name, value)| {
            let is_encoding = name.is_empty() || name.eq_ignore_ascii_case(b"ENCODING");
            let known = [&b"QUOTED-PRINTABLE"[..], b"BASE64", b"B"];
            known.into_iter().find(|known| is_encoding && value.eq_ignore_ascii_case(known))
        });
        match encoding {
            None => Some(encoding::text(self.value, charset)),
            Some(b"QUOTED-PRINTABLE") => {
                Some(encoding::text(&encoding::quoted_printable(self.value), charset))
            }
            Some(_) => None,
        }
    }

    /// The whole value as one line for the screen; empty if there is none.
    pub(super) fn line(&self) -> String {
        self.text().map_or(String::new(), |text| clean(&text))
    }

    /// The parts between semicolons.
    pub(super) fn parts(&self) -> Vec<String> {
        let text = self.text().unwrap_or_default();
        let mut parts = Vec::new();
        let mut start = 0;
        let mut is_escaped = false;
        for (at, octet) in text.bytes().enumerate() {
            if octet == b';' && !is_escaped {
                parts.push(clean(text.get(start..at).unwrap_or("")));
                start = at + 1;
            }
            is_escaped = octet == b'\\' && !is_escaped;
        }
        parts.push(clean(text.get(start..).unwrap_or("")));
        parts
    }
}

/// Without escapes, control characters and marks of direction; white space as single spaces.
fn clean(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut is_escaped = false;
    for c in text.chars() {
        if c == '\\' && !is_escaped {
            is_escaped = true;
            continue;
        }
        let c = match c {
            'n' | 'N' if is_escaped => ' ',
            '\\' | ';' | ',' | ':' | '"' if is_escaped => c,
            _ => {
                if is_escaped {
                    line.push('\\');
                }
                c
            }
        };
        is_escaped = false;
        if c.is_whitespace() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !is_unseen(c) {
            line.push(c);
        }
    }
    if line.ends_with(' ') {
        line.pop();
    }
    line
}

/// What must not reach the screen: controls and marks of direction.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}
