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

/// Whether there is one of the controls that are no octet of their own. Written it becomes a space, and the header around it
/// unreadable.
pub(crate) fn has_control_beyond_ascii(text: &str) -> bool {
    !text.is_ascii() && text.contains(char::is_control)
}

/// The values of a comma list. Commas inside quotes and angle brackets do not separate. Empty values are left out.
pub fn split_list(text: &str) -> List<'_> {
    List(split_outside(text, b','))
}

/// What [`split_list`] gives. A type with a name, since each chain of adapters in its place is compiled anew for each
/// closure that follows it.
#[derive(Clone, Debug)]
pub struct List<'a>(Split<'a>);

impl<'a> Iterator for List<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let value = self.0.next()?.trim();
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

/// The first `wanted` outside of quotes and angle brackets.
pub(crate) fn find_outside(text: &str, wanted: u8) -> Option<usize> {
    let (mut quoted, mut escaped, mut bracketed) = (false, false, false);
    for (at, octet) in text.bytes().enumerate() {
        work::add(1);
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !bracketed => quoted = !quoted,
            _ if quoted => {}
            _ if octet == wanted && (!bracketed || wanted == b'>') => return Some(at),
            b'<' => bracketed = true,
            b'>' => bracketed = false,
            _ => {}
        }
    }
    None
}

/// The content of a quoted string at the start of `text` without its escapes, and what follows it.
pub(crate) fn quoted(text: &str) -> Result<(String, &str), Unreadable> {
    let inner = text.strip_prefix('"').ok_or(Unreadable::new("a quoted string"))?;
    let mut content = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        work::add(character.len_utf8());
        match character {
            '"' => return Ok((content, inner.get(at + 1..).unwrap_or_default())),
            '\\' => match characters.next() {
                Some((_, escaped)) => content.push(escaped),
                None => break,
            },
            plain => content.push(plain),
        }
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
            escaped.push_str(&format!("%{octet:02X}"));
        }
    }
    escaped
}

/// Parameters of a URI or a header, in their order. Names are compared without case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<Param>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Param {
    name: String,
    value: Option<String>,
    quoted: bool,
}

impl Params {
    /// Reads `;name=value;name;name="quoted"`, spaces around `;` and `=` allowed.
    pub fn parse(text: &str) -> Result<Params, Unreadable> {
        let mut params = Vec::new();
        let text = text.trim();
        if text.is_empty() {
            return Ok(Params(params));
        }
        let text = text.strip_prefix(';').ok_or(Unreadable::new("a parameter"))?;
        for part in split_outside(text, b';') {
            params.push(Param::parse(part.trim())?);
        }
        Ok(Params(params))
    }

    /// The value of a parameter; empty if it stands without one.
    pub fn get(&self, name: &str) -> Option<&str> {
        work::add(self.0.len());
        let param = self.0.iter().find(|param| param.name.eq_ignore_ascii_case(name))?;
        Some(param.value.as_deref().unwrap_or_default())
    }

    /// Sets or replaces a parameter; it is quoted on the wire where its value is no token.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let quoted = value.is_some_and(|value| !value.bytes().all(is_param_octet) || value.is_empty());
        let param = Param { name: name.to_owned(), value: value.map(str::to_owned), quoted };
        match self.0.iter_mut().find(|old| old.name.eq_ignore_ascii_case(name)) {
            Some(old) => *old = param,
            None => self.0.push(param),
        }
    }

    /// Takes a parameter away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|param| !param.name.eq_ignore_ascii_case(name));
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|param| (param.name.as_str(), param.value.as_deref()))
    }
}

/// A value and the parameters behind it. Where they cannot be read the value still stands.
pub(crate) fn with_params(text: &str) -> (&str, Result<Params, Unreadable>) {
    work::add(text.len());
    let (value, params) = text.split_at(text.find(';').unwrap_or(text.len()));
    (value.trim(), Params::parse(params))
}

/// Token octets and those of hosts and addresses, which stand unquoted in `received` and URI parameters.
fn is_param_octet(octet: u8) -> bool {
    is_token_octet(octet) || matches!(octet, b'[' | b']' | b':' | b'/' | b'&' | b'$')
}

impl Param {
    fn parse(text: &str) -> Result<Param, Unreadable> {
        work::add(text.len());
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
            None => (text, None),
        };
        if name.is_empty()
            || name.bytes().any(|octet| matches!(octet, 0..=b' ' | b'"' | b'<' | b'>' | b',' | b';' | 0x7f))
            || has_control_beyond_ascii(name)
        {
            return Err(Unreadable::new("a parameter name"));
        }
        let name = name.to_owned();
        match value {
            Some(text) if text.starts_with('"') => {
                let (value, rest) = quoted(text)?;
                if !rest.trim().is_empty() {
                    return Err(Unreadable::new("nothing behind a quoted value"));
                }
                Ok(Param { name, value: Some(value), quoted: true })
            }
            Some(text)
                if text.bytes().any(|octet| matches!(octet, 0..=b' ' | b'"' | b'<' | b'>' | 0x7f))
                    || has_control_beyond_ascii(text) =>
            {
                Err(Unreadable::new("a parameter value"))
            }
            Some(text) => Ok(Param { name, value: Some(text.to_owned()), quoted: false }),
            None => Ok(Param { name, value: None, quoted: false }),
        }
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for param in &self.0 {
            match &param.value {
                Some(value) if param.quoted => write!(f, ";{}={}", param.name, quote(value))?,
                Some(value) => write!(f, ";{}={value}", param.name)?,
                None => write!(f, ";{}", param.name)?,
            }
        }
        Ok(())
    }
}
