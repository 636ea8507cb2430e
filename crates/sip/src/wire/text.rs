//! The lexer: tokens, quoted strings, lists and parameters. Never allocates more than it was given, never recurses.

use super::work;
use std::fmt;

/// A value could not be read. Costs that value, never the message it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What was expected where something else stood.
    pub expected: &'static str,
}

impl Unreadable {
    pub(crate) fn new(expected: &'static str) -> Unreadable {
        Unreadable { expected }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for Unreadable {}

/// RFC 3261 §25.1 `token`.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_octet)
}

pub(crate) fn is_token_octet(octet: u8) -> bool {
    matches!(
        octet,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
    )
}

/// Whether all of `text` may stand outside of quotes in a URI or a parameter: no space, no quote, no angle bracket, no
/// control. A control, those beyond ASCII too, is written as a space, and the header around it could not be read any more.
pub(crate) fn is_bare(text: &str) -> bool {
    work::add(text.len());
    let mut all = 0;
    let mut octets = text.bytes();
    let fits = octets.all(|octet| {
        all |= octet;
        !matches!(octet, 0..=b' ' | b'"' | b'<' | b'>' | 0x7f)
    });
    fits && (all < 0x80 || !text.chars().any(char::is_control))
}

/// Where `wanted` stands first, eight octets at a time. In the place of searches for characters, which weigh more and
/// take each text apart first.
pub(super) fn position(octets: &[u8], wanted: u8) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    let (words, rest) = octets.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        // An octet that is wanted becomes 0, and the lowest 0 is the lowest octet that borrows its high bit.
        let differs = u64::from_le_bytes(*word) ^ (LOW * u64::from(wanted));
        let hits = differs.wrapping_sub(LOW) & !differs & HIGH;
        if hits != 0 {
            return Some(at + hits.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    Some(at + rest.iter().position(|&octet| octet == wanted)?)
}

/// What stands before and behind the first `separator`, which is one of ASCII.
pub(crate) fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = position(text.as_bytes(), separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What stands before and behind the first space or tab.
pub(super) fn split_blank(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|octet| matches!(octet, b' ' | b'\t'))?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What stands before the first `;`, and the parameters from it on.
pub(crate) fn split_params(text: &str) -> (&str, &str) {
    let at = position(text.as_bytes(), b';').unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// The values of a comma list. Commas inside quotes and angle brackets do not separate. Empty values are left out.
pub fn split_list(text: &str) -> List<'_> {
    List(split_outside(text, b','))
}

/// The values as one line of a list.
pub(crate) fn join_list(values: &[&str]) -> String {
    let mut list = String::new();
    for value in values {
        list.push_str(if list.is_empty() { "" } else { ", " });
        list.push_str(value);
    }
    list
}

/// What [`split_list`] gives. A type with a name, since each chain of adapters in its place is compiled anew for each
/// closure that follows it.
#[derive(Clone, Debug)]
pub struct List<'a>(Split<'a>);

impl<'a> Iterator for List<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let value = self.0.next()?.trim_ascii();
            if !value.is_empty() {
                return Some(value);
            }
        }
    }
}

/// Splits at `separator` outside of quotes and angle brackets, in one pass.
pub(crate) fn split_outside(text: &str, separator: u8) -> Split<'_> {
    Split { rest: Some(text), separator }
}

/// What [`split_outside`] gives.
#[derive(Clone, Debug)]
pub(crate) struct Split<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let current = self.rest?;
        match find_outside(current, self.separator) {
            Some(at) => {
                self.rest = current.get(at + 1..);
                current.get(..at)
            }
            None => {
                self.rest = None;
                Some(current)
            }
        }
    }
}

/// The first `wanted` outside of quotes and angle brackets; a `>` that is wanted is also found behind its `<`.
pub(crate) fn find_outside(text: &str, wanted: u8) -> Option<usize> {
    // Most texts have no separator, and most that have one no quotes and brackets before it.
    let at = position(text.as_bytes(), wanted)?;
    let before = text.as_bytes().get(..at)?;
    if position(before, b'"').is_none() && position(before, b'<').is_none() {
        return Some(at);
    }
    let mut octets = text.bytes().enumerate();
    let mut found = None;
    while let Some((at, octet)) = octets.next() {
        match octet {
            _ if octet == wanted => found = Some(at),
            b'"' => {
                while let Some((_, inside)) = octets.next()
                    && inside != b'"'
                {
                    if inside == b'\\' {
                        octets.next();
                    }
                }
                continue;
            }
            b'<' => match octets.find(|&(_, octet)| octet == b'>') {
                Some((at, _)) if wanted == b'>' => found = Some(at),
                Some(_) | None => continue,
            },
            _ => continue,
        }
        break;
    }
    work::add(found.map_or(text.len(), |at| at + 1));
    found
}

/// The content of a quoted string at the start of `text` without its escapes, and what follows it.
pub(crate) fn quoted(text: &str) -> Result<(String, &str), Unreadable> {
    let mut rest = text.strip_prefix('"').ok_or(Unreadable::new("a quoted string"))?;
    let mut content = String::new();
    while let Some(at) = rest.bytes().position(|octet| matches!(octet, b'"' | b'\\')) {
        work::add(at + 1);
        let (plain, special) = rest.split_at_checked(at).unwrap_or_default();
        content.push_str(plain);
        let mut characters = special.chars();
        if characters.next() == Some('"') {
            return Ok((content, characters.as_str()));
        }
        content.extend(characters.next());
        rest = characters.as_str();
    }
    Err(Unreadable::new("a closing quote"))
}

/// `text` as a quoted string. Line ends and other controls become spaces: no value may end its header.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted.push(' '),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// `text` with each `%XX` replaced by its octet; what is not a valid escape stays as it is.
pub fn unescape(text: &str) -> String {
    work::add(text.len());
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escape = match (first, tail) {
            (b'%', [high, low, ..]) => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        match escape {
            Some((high, low)) => {
                octets.push(high * 16 + low);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

fn hex_digit(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `text` with every octet outside of `allowed` and the unreserved ones written as `%XX`.
pub(crate) fn escape(text: &str, allowed: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&octet) || allowed.contains(&octet) {
            escaped.push(char::from(octet));
        } else {
            let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0').to_ascii_uppercase();
            escaped.extend(['%', digit(octet >> 4), digit(octet & 15)]);
        }
    }
    escaped
}

/// Parameters of a URI or a header, in their order. Names are compared without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// Names and values without quotes and escapes, one right behind the other.
    text: String,
    spans: Vec<Span>,
}

/// One parameter: where in the text its name and its value end. The name begins where the parameter before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    name_end: usize,
    end: usize,
    form: Form,
}

/// How the value of a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// There is none, nor a `=`.
    Absent,
    Plain,
    Quoted,
}

impl Params {
    /// Reads `;name=value;name;name="quoted"`, spaces around `;` and `=` allowed.
    pub fn parse(text: &str) -> Result<Params, Unreadable> {
        Params::parse_checked(text, is_bare(text))
    }

    /// Reads them where it is known whether all of the text is bare.
    pub(super) fn parse_checked(text: &str, is_bare: bool) -> Result<Params, Unreadable> {
        let mut params = Params::default();
        let text = text.trim_ascii();
        if text.is_empty() {
            return Ok(params);
        }
        let text = text.strip_prefix(';').ok_or(Unreadable::new("a parameter"))?;
        params.text.reserve_exact(text.len());
        for part in split_outside(text, b';') {
            params.read(part.trim_ascii(), is_bare)?;
        }
        Ok(params)
    }

    /// Reads one parameter.
    fn read(&mut self, text: &str, all_bare: bool) -> Result<(), Unreadable> {
        let (name, value) = match split_once(text, b'=') {
            Some((name, value)) => (name.trim_ascii_end(), Some(value.trim_ascii_start())),
            None => (text, None),
        };
        let fits = |text: &str| all_bare || is_bare(text);
        if name.is_empty() || !fits(name) || position(name.as_bytes(), b',').is_some() {
            return Err(Unreadable::new("a parameter name"));
        }
        match value {
            None => self.push(name, "", Form::Absent),
            Some(text) if text.starts_with('"') => {
                let (value, rest) = quoted(text)?;
                if !rest.trim_ascii().is_empty() {
                    return Err(Unreadable::new("nothing behind a quoted value"));
                }
                self.push(name, &value, Form::Quoted);
            }
            Some(text) if fits(text) => self.push(name, text, Form::Plain),
            Some(_) => return Err(Unreadable::new("a parameter value")),
        }
        Ok(())
    }

    /// Adds one behind the others, of this name and this value as they are.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.push(name, value, Form::Plain);
    }

    fn push(&mut self, name: &str, value: &str, form: Form) {
        self.text.push_str(name);
        let name_end = self.text.len();
        self.text.push_str(value);
        self.spans.push(Span { name_end, end: self.text.len(), form });
    }

    /// The value of a parameter; empty if it stands without one.
    pub fn get(&self, name: &str) -> Option<&str> {
        work::add(self.spans.len());
        self.all().find(|(known, ..)| known.eq_ignore_ascii_case(name)).map(|(_, value, _)| value)
    }

    /// Sets or replaces a parameter; it is quoted on the wire where its value is no token.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let form = match value {
            None => Form::Absent,
            Some(value) if value.is_empty() || !value.bytes().all(is_param_octet) => Form::Quoted,
            Some(_) => Form::Plain,
        };
        self.replace(name, Some((value.unwrap_or_default(), form)));
    }

    /// Takes a parameter away.
    pub fn remove(&mut self, name: &str) {
        self.replace(name, None);
    }

    /// Writes all anew: the one of this name with another value in its place, or at the end, or without it.
    fn replace(&mut self, name: &str, mut new: Option<(&str, Form)>) {
        let old = std::mem::take(self);
        for (known, value, form) in old.all() {
            if !known.eq_ignore_ascii_case(name) {
                self.push(known, value, form);
            } else if let Some((value, form)) = new.take() {
                self.push(name, value, form);
            }
        }
        if let Some((value, form)) = new {
            self.push(name, value, form);
        }
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.all().map(|(name, value, form)| (name, (form != Form::Absent).then_some(value)))
    }

    fn all(&self) -> impl Iterator<Item = (&str, &str, Form)> {
        let mut start = 0;
        self.spans.iter().map(move |span| {
            let name = self.text.get(start..span.name_end).unwrap_or_default();
            start = span.end;
            (name, self.text.get(span.name_end..span.end).unwrap_or_default(), span.form)
        })
    }
}

/// A value and the parameters behind it. Where they cannot be read the value still stands.
pub(crate) fn with_params(text: &str) -> (&str, Result<Params, Unreadable>) {
    let (value, params) = split_params(text);
    (value.trim_ascii(), Params::parse(params))
}

/// Token octets and those of hosts and addresses, which stand unquoted in `received` and URI parameters.
fn is_param_octet(octet: u8) -> bool {
    is_token_octet(octet) || matches!(octet, b'[' | b']' | b':' | b'/' | b'&' | b'$')
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value, form) in self.all() {
            match form {
                Form::Quoted => write!(f, ";{name}={}", quote(value))?,
                Form::Plain => write!(f, ";{name}={value}")?,
                Form::Absent => write!(f, ";{name}")?,
            }
        }
        Ok(())
    }
}
