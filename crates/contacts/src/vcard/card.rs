//! The card that is being read, and the contact it makes.
//!
//! It never keeps more than one contact may have.

use super::encoding::hex;
use super::property::Property;
use crate::{
    Contact, MAX_ID_CHARS, MAX_NAME_CHARS, MAX_NUMBER_CHARS, MAX_PHONES, PhoneNumber, Rejection, ids, record,
};

/// Types of a number, the telling ones first, and what they are called here.
const KINDS: [(&str, &str); 9] = [
    ("fax", "fax"),
    ("cell", "mobile"),
    ("mobile", "mobile"),
    ("iphone", "mobile"),
    ("main", "company"),
    ("work", "work"),
    ("home", "home"),
    ("pager", "other"),
    ("other", "other"),
];

/// What has been read of a card.
#[derive(Debug, Default)]
pub(super) struct Card {
    /// Where it begins in the file.
    pub(super) line: usize,
    formatted: String,
    name: String,
    company: String,
    title: String,
    email: String,
    uid: String,
    phones: Vec<PhoneNumber>,
    is_too_large: bool,
    agent: Agent,
}

/// AGENT of vCard 2.1 may hold a whole card, which is nobody's contact.
#[derive(Debug, Default)]
enum Agent {
    #[default]
    None,
    /// The line before was AGENT without a value.
    Announced,
    /// In that many cards inside the card.
    Inside(usize),
}

impl Card {
    pub(super) fn new(line: usize) -> Card {
        Card { line, ..Card::default() }
    }

    /// Another card begins: whether it is one inside this card.
    pub(super) fn enters_agent(&mut self) -> bool {
        self.agent = match self.agent {
            Agent::None => return false,
            Agent::Announced => Agent::Inside(1),
            Agent::Inside(depth) => Agent::Inside(depth.saturating_add(1)),
        };
        true
    }

    /// A card ends: whether it is this one.
    pub(super) fn leaves(&mut self) -> bool {
        self.agent = match self.agent {
            Agent::None | Agent::Announced => return true,
            Agent::Inside(0 | 1) => Agent::None,
            Agent::Inside(depth) => Agent::Inside(depth - 1),
        };
        false
    }

    /// One property.
    pub(super) fn take(&mut self, property: &Property<'_>, is_cut: bool) {
        if matches!(self.agent, Agent::Inside(_)) {
            return;
        }
        self.is_too_large |= is_cut;
        let is_agent = property.is("AGENT") && property.value.trim_ascii().is_empty();
        self.agent = if is_agent { Agent::Announced } else { Agent::None };
        let line = |slot: &mut String| {
            if slot.is_empty() {
                *slot = property.line();
            }
        };
        if property.is("FN") {
            line(&mut self.formatted);
        } else if property.is("TITLE") {
            line(&mut self.title);
        } else if property.is("EMAIL") {
            line(&mut self.email);
        } else if property.is("UID") {
            line(&mut self.uid);
        } else if property.is("N") && self.name.is_empty() {
            self.name = spoken(&property.parts());
        } else if property.is("ORG") && self.company.is_empty() {
            self.company = property.parts().into_iter().find(|part| !part.is_empty()).unwrap_or_default();
        } else if property.is("TEL") {
            self.take_phone(property);
        }
    }

    fn take_phone(&mut self, property: &Property<'_>) {
        let number = number(&property.line());
        let is_number = number.chars().any(|c| crate::number::digit(c).is_some() || matches!(c, '*' | '#'));
        if !is_number || number.chars().count() > MAX_NUMBER_CHARS || self.phones.len() >= MAX_PHONES {
            return;
        }
        let kind = KINDS.iter().find(|(kind, _)| property.has_type(kind)).map(|(_, name)| (*name).to_owned());
        match self.phones.iter_mut().find(|phone| phone.number == number) {
            // The same number again: what it tells more is kept.
            Some(phone) => phone.kind = phone.kind.take().or(kind),
            None => self.phones.push(PhoneNumber { number, kind }),
        }
    }

    /// The contact, or why there is none. Not `is_whole`: the file broke off.
    pub(super) fn into_contact(self, is_whole: bool) -> Result<Contact, Rejection> {
        if !is_whole {
            return Err(Rejection::CutOff);
        }
        if self.is_too_large {
            return Err(Rejection::TooLarge);
        }
        let names = [&self.formatted, &self.name, &self.company, &self.email];
        let name = names.into_iter().find(|name| !name.is_empty()).ok_or(Rejection::NoName)?;
        if self.phones.is_empty() {
            return Err(Rejection::NoPhone);
        }
        let some = |text: &str| (!text.is_empty()).then(|| record::cut(text, MAX_NAME_CHARS).to_owned());
        let name = record::cut(name, MAX_NAME_CHARS).to_owned();
        let id = if self.uid.is_empty() || self.uid.chars().count() > MAX_ID_CHARS {
            made_id(&name, &self.phones)
        } else {
            self.uid
        };
        let (company, title, email) = (some(&self.company), some(&self.title), some(&self.email));
        Ok(Contact { id, name, company, title, email, username: None, phones: self.phones })
    }
}

/// The same for the same name and numbers.
fn made_id(name: &str, phones: &[PhoneNumber]) -> String {
    let mut text = name.as_bytes().to_vec();
    for phone in phones {
        text.push(0);
        text.extend_from_slice(phone.number.as_bytes());
    }
    format!("card-{:016x}", ids::hash(&text))
}

/// Family; given; additional; before; after: in the order in which they are spoken.
fn spoken(parts: &[String]) -> String {
    let part = |at: usize| parts.get(at).map_or("", String::as_str);
    let spoken = [part(3), part(1), part(2), part(0), part(4)];
    spoken.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A number as it is shown: of a `tel:` URI (RFC 3966) the number, with its extension if it has one.
fn number(value: &str) -> String {
    let Some(uri) = value.get(..4).filter(|scheme| scheme.eq_ignore_ascii_case("tel:")).and(value.get(4..))
    else {
        return value.to_owned();
    };
    let mut parts = uri.split(';');
    let number = percent_decoded(parts.next().unwrap_or("").trim());
    let is_extension = |part: &&str| part.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("ext="));
    match parts.find(is_extension).and_then(|part| part.get(4..)) {
        Some(extension) => format!("{number} ext. {extension}"),
        None => number,
    }
}

fn percent_decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        octets.push(octet);
        if let ([high, low, after @ ..], b'%') = (after, octet)
            && let Some((high, low)) = hex(*high).zip(hex(*low))
        {
            octets.pop();
            octets.push(high << 4 | low);
            rest = after;
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}
