//! Contacts as packed octets: the form in which they wait, are indexed and are stored.
//!
//! It never trusts what it reads: a record that is cut or not UTF-8 reads as `None`.

use crate::{Contact, MAX_NAME_CHARS, MAX_NUMBER_CHARS, MAX_PHONES, PhoneNumber};

/// The kinds of number that take no room; others are written out.
const KINDS: [&str; 10] =
    ["mobile", "work", "home", "direct", "extension", "company", "fax", "other", "main", "pager"];

/// A kind that is written out, cut to [`MAX_KIND_CHARS`].
const OTHER_KIND: u8 = 255;

/// In the place of a kind: what follows is no number but the user name, before all numbers.
const USER_NAME: u8 = 254;

/// Longest kind kept, in characters: it is a word beside a number on a small screen.
const MAX_KIND_CHARS: usize = 32;

/// One packed contact, read in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) company: &'a str,
    pub(crate) title: &'a str,
    pub(crate) email: &'a str,
    pub(crate) username: &'a str,
    phones: &'a [u8],
}

/// Appends `contact` to `out`, cut to the limits of a row. The first octets tell its length.
pub(crate) fn write(contact: &Contact, out: &mut Vec<u8>) {
    let start = out.len();
    // Most bodies are so short that their length is one octet.
    out.push(0);
    write_text(&contact.id, out);
    let Contact { name, company, title, email, .. } = contact;
    for text in [Some(name), company.as_ref(), title.as_ref(), email.as_ref()] {
        write_text(cut(text.map_or("", String::as_str), MAX_NAME_CHARS), out);
    }
    if let Some(username) = &contact.username {
        out.push(USER_NAME);
        write_text(cut(username, MAX_NAME_CHARS), out);
    }
    let kept = contact.phones.iter().filter(|phone| !is_longer(&phone.number, MAX_NUMBER_CHARS));
    for phone in kept.take(MAX_PHONES) {
        let kind = phone.kind.as_deref().unwrap_or("");
        let known = if kind.is_empty() { None } else { KINDS.iter().position(|known| *known == kind) };
        match known {
            Some(index) => out.push(index as u8 + 1),
            None if kind.is_empty() => out.push(0),
            None => {
                out.push(OTHER_KIND);
                write_text(cut(kind, MAX_KIND_CHARS), out);
            }
        }
        write_text(&phone.number, out);
    }
    end_block(start, out);
}

/// Puts the length of what follows octet `start` there.
fn end_block(start: usize, out: &mut Vec<u8>) {
    let length = out.len() - start - 1;
    if let Some(octet) = out.get_mut(start).filter(|_| length <= 0x7F) {
        *octet = length as u8;
        return;
    }
    let body = out.split_off(start + 1);
    out.truncate(start);
    write_length(length, out);
    out.extend_from_slice(&body);
}

/// The first `chars` characters of `text`.
pub(crate) fn cut(text: &str, chars: usize) -> &str {
    if !is_longer(text, chars) {
        return text;
    }
    text.char_indices().nth(chars).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// Whether a text has more characters.
pub(crate) fn is_longer(text: &str, chars: usize) -> bool {
    text.len() > chars && text.chars().count() > chars
}

/// One record and the octets after it.
pub(crate) fn read(octets: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let (body, rest) = read_block(octets)?;
    let (id, body) = read_text(body)?;
    let (name, body) = read_text(body)?;
    let (company, body) = read_text(body)?;
    let (title, body) = read_text(body)?;
    let (email, body) = read_text(body)?;
    let (username, phones) = match body.split_first() {
        Some((&USER_NAME, body)) => read_text(body)?,
        _ => ("", body),
    };
    Some((Record { id, name, company, title, email, username, phones }, rest))
}

/// The octets of the id of a record.
pub(crate) fn id(octets: &[u8]) -> Option<&[u8]> {
    let (body, _) = read_block(octets)?;
    read_block(body).map(|(id, _)| id)
}

/// The name in a record.
pub(crate) fn name(octets: &[u8]) -> Option<&str> {
    let (body, _) = read_block(octets)?;
    let (_, body) = read_block(body)?;
    read_text(body).map(|(name, _)| name)
}

/// The octets of the first record, its length included, and those after it.
pub(crate) fn split(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = read_block(octets)?;
    octets.split_at_checked(octets.len() - rest.len())
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    write_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Seven bits an octet, the low ones first.
fn write_length(mut length: usize, out: &mut Vec<u8>) {
    while length > 0x7F {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

fn read_text(octets: &[u8]) -> Option<(&str, &[u8])> {
    let (block, rest) = read_block(octets)?;
    Some((str::from_utf8(block).ok()?, rest))
}

fn read_block(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0;
    let mut rest = octets;
    for shift in [0, 7, 14, 21] {
        let (first, after) = rest.split_first()?;
        length |= ((first & 0x7F) as usize) << shift;
        rest = after;
        if first & 0x80 == 0 {
            return rest.split_at_checked(length);
        }
    }
    None
}

impl<'a> Record<'a> {
    /// The numbers with their kinds, in the order given.
    pub(crate) fn phones(&self) -> Phones<'a> {
        Phones { rest: self.phones }
    }

    /// Whether every number can be read: what is decoded from a store is checked once.
    pub(crate) fn is_whole(&self) -> bool {
        let mut phones = self.phones();
        phones.by_ref().count() <= MAX_PHONES && phones.rest.is_empty()
    }

    /// The contact, unpacked.
    pub(crate) fn to_contact(self) -> Contact {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Contact {
            id: self.id.to_owned(),
            name: self.name.to_owned(),
            phones: self
                .phones()
                .map(|(kind, number)| PhoneNumber { number: number.to_owned(), kind: some(kind) })
                .collect(),
            company: some(self.company),
            title: some(self.title),
            email: some(self.email),
            username: some(self.username),
        }
    }
}

/// The numbers of a record: (kind or empty, number).
#[derive(Clone, Debug)]
pub(crate) struct Phones<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Phones<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (&code, rest) = self.rest.split_first()?;
        let (kind, rest) = match code {
            0 => ("", rest),
            OTHER_KIND => read_text(rest)?,
            code => (*KINDS.get(code as usize - 1)?, rest),
        };
        let (number, rest) = read_text(rest)?;
        self.rest = rest;
        Some((kind, number))
    }
}
