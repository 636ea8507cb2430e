//! Rows: suggestions, contacts, recents, and the keys that name them in actions.
//!
//! It draws nothing; what a row calls is written on it.

use super::{ContactList, ContactPage, Keypad, Past, RecentList, Row, Screen, Text};
use crate::{Phone, Source, cause::Reason, dial, history::Entry};
use softframe_contacts::{Contact, Hit};
use softframe_sip::Instant;

/// Suggestions under the dial field: as many as a tall frame has room for.
const MAX_SUGGESTIONS: usize = 8;
/// Rows of a search by name (ui.md 07).
const MAX_BY_NAME: usize = 50;
/// Rows of a search in the contacts: beyond it one types another letter.
pub(super) const MAX_HITS: usize = 100;
/// Of them, those that each letter looks for: more than a tall frame shows, for two thirds of the time.
pub(super) const FIRST_HITS: usize = 24;
/// Calls on the page of a contact.
const MAX_PAGE_CALLS: usize = 5;
const MINUTE_MS: u64 = 60_000;

/// The field holds a name: a letter that no number has.
pub(crate) fn is_name(field: &str) -> bool {
    let is_sip = field.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("sip:"));
    !is_sip && field.chars().any(|c| c.is_alphabetic() && !matches!(c, 'A'..='D'))
}

/// A contact's row key; read back by `contact_key`.
pub(crate) fn key_of(source: &Source, id: &str) -> String {
    match source {
        Source::Vcard => format!("v:{id}"),
        Source::Host(name) => format!("h{}:{name}{id}", name.len()),
    }
}

pub(crate) fn contact_key(key: &str) -> Option<(Source, String)> {
    if let Some(id) = key.strip_prefix("v:") {
        return Some((Source::Vcard, id.to_owned()));
    }
    let (length, rest) = key.strip_prefix('h')?.split_once(':')?;
    let (name, id) = rest.split_at_checked(length.parse().ok()?)?;
    Some((Source::Host(name.to_owned()), id.to_owned()))
}

/// A contact in the contact list.
pub(crate) fn contact_list_row(hit: &Hit) -> Row {
    let contact = &hit.contact;
    let callable: Vec<&str> = contact
        .phones
        .iter()
        .filter(|phone| phone.kind.as_deref() != Some("fax"))
        .map(|phone| phone.number.as_str())
        .collect();
    Row {
        key: key_of(&hit.source, &contact.id),
        avatar: contact.id.clone(),
        name: contact.name.clone(),
        number: callable.first().copied().unwrap_or("").to_owned(),
        second: company(contact),
        handset: callable.first().copied().unwrap_or("").to_owned(),
        several: if callable.len() > 1 { callable.len() } else { 0 },
        ..Row::default()
    }
}

/// A contact that a search in the list has found, with what of it matched.
pub fn found_row(hit: &Hit, query: &str) -> Row {
    let mut row = contact_list_row(hit);
    row.name_match = name_matches(&row.name, query);
    if let Some(phone) = hit.phone.and_then(|phone| hit.contact.phones.get(phone)) {
        row.number = phone.number.clone();
    }
    row.number_match = number_match(&row.number, query).into_iter().collect();
    row
}

fn company(contact: &Contact) -> Text {
    contact.company.as_deref().map(Text::plain).unwrap_or_default()
}

/// One number of a contact, as a suggestion.
fn number_row(hit: &Hit, number: &str, query: &str) -> Row {
    let contact = &hit.contact;
    Row {
        key: key_of(&hit.source, &contact.id),
        avatar: contact.id.clone(),
        name: contact.name.clone(),
        name_match: name_matches(&contact.name, query),
        number: number.to_owned(),
        number_match: number_match(number, query).into_iter().collect(),
        second: company(contact),
        handset: number.to_owned(),
        ..Row::default()
    }
}

/// Octet ranges of the words of `name` that begin with a word of the query.
fn name_matches(name: &str, query: &str) -> Vec<(usize, usize)> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    for part in name.split_inclusive(char::is_whitespace) {
        let longest = words.iter().filter_map(|word| common_prefix(part, word)).max();
        if let Some(length) = longest {
            ranges.push((at, at + length));
        }
        at += part.len();
    }
    ranges
}

/// Octets of `part` that its lower-case form shares with the whole of `word`.
fn common_prefix(part: &str, word: &str) -> Option<usize> {
    let mut wanted = word.chars().peekable();
    let mut length = 0;
    for c in part.chars() {
        if wanted.peek().is_none() {
            break;
        }
        for lower in c.to_lowercase() {
            wanted.next_if_eq(&lower)?;
        }
        length += c.len_utf8();
    }
    (wanted.peek().is_none() && length > 0).then_some(length)
}

/// Octet range of the digits of the query inside a number that may be written with marks.
fn number_match(number: &str, query: &str) -> Option<(usize, usize)> {
    let is_mark = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    let wanted: Vec<char> = query.chars().filter(|c| is_mark(*c)).collect();
    let written: Vec<(usize, char)> = number.char_indices().filter(|(_, c)| is_mark(*c)).collect();
    let found = written
        .windows(wanted.len().max(1))
        .find(|window| !wanted.is_empty() && window.iter().map(|(_, c)| c).eq(wanted.iter()))?;
    Some((found.first()?.0, found.last()?.0 + 1))
}

impl Phone {
    pub(super) fn keypad(&self) -> Keypad {
        let field = self.ui.field.clone();
        let by_name = is_name(&field);
        let suggestions = self.suggestions();
        let highlighted = self.ui.highlighted.filter(|row| *row < suggestions.len());
        let chosen = highlighted.and_then(|row| suggestions.get(row));
        let cleaned = dial::clean(&field, &self.config);
        let ready = self.is_registered();
        let note = match (ready, &cleaned) {
            (false, _) => Some(Text::of("dial.offline")),
            (true, Err(dial::Refusal::Blocked)) => Some(Text::with("dial.blocked", "number", &field)),
            (true, Err(dial::Refusal::Invalid)) if by_name && suggestions.is_empty() => {
                Some(Text::with("dial.none", "text", &field))
            }
            (true, Err(dial::Refusal::Invalid)) if !by_name && !field.is_empty() => {
                Some(Text::of("dial.invalid"))
            }
            (true, _) => None,
        };
        let callable = chosen.is_some() || cleaned.is_ok() || field.is_empty();
        Keypad {
            call_label: match chosen {
                Some(row) if !row.name.is_empty() => Text::with("dial.call.name", "name", &row.name),
                _ => Text::of("dial.call"),
            },
            call_enabled: ready && callable && !(by_name && chosen.is_none()),
            field,
            by_name,
            suggestions,
            highlighted,
            note,
        }
    }

    /// Matches of the dial field, or the people last called.
    pub(crate) fn suggestions(&self) -> Vec<Row> {
        let field = self.ui.picking.as_ref().map_or(self.ui.field.as_str(), |(_, query)| query);
        self.matches_of(field)
    }

    pub(super) fn matches_of(&self, field: &str) -> Vec<Row> {
        let field = field.trim();
        if field.is_empty() {
            return self.last_called();
        }
        let by_name = is_name(field);
        let max = if by_name { MAX_BY_NAME } else { MAX_SUGGESTIONS };
        let found = self.contacts.find(field, max);
        let hits = self.contacts.read(field, &found);
        let mut rows = Vec::new();
        for hit in &hits {
            let phones = hit.contact.phones.iter().filter(|phone| phone.kind.as_deref() != Some("fax"));
            let matched = hit.phone.and_then(|phone| hit.contact.phones.get(phone)).filter(|_| !by_name);
            match matched {
                Some(phone) => rows.push(number_row(hit, &phone.number, field)),
                None => rows.extend(phones.map(|phone| number_row(hit, &phone.number, field))),
            }
        }
        rows.truncate(max);
        for hit in self.found_by_page(field, &found) {
            let phones = hit.contact.phones.iter().filter(|phone| phone.kind.as_deref() != Some("fax"));
            rows.extend(phones.map(|phone| number_row(&hit, &phone.number, field)));
        }
        rows
    }

    fn last_called(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for entry in self.history.newest() {
            if rows.len() >= MAX_SUGGESTIONS {
                break;
            }
            if !entry.number().is_empty() && !rows.iter().any(|row| row.handset == entry.number()) {
                rows.push(self.recent_row(entry));
            }
        }
        rows
    }

    pub(super) fn contact_list(&self) -> ContactList {
        let query = self.ui.contact_query.clone();
        let max = if self.ui.typing_until.is_some() { FIRST_HITS } else { MAX_HITS };
        let found = self.contacts.find(query.trim(), max);
        let is_begun = max < MAX_HITS && found.len() >= max;
        let by_page = self.found_by_page(query.trim(), &found);
        let (total, progress) = (self.contacts.len(), self.contacts_progress());
        ContactList { query, found, is_begun, by_page, total, progress }
    }

    /// Rows `start..start + count` of the list of `screen`, for the virtual list. To be read before anything changes.
    pub fn rows(&self, screen: &Screen, start: usize, count: usize) -> Vec<Row> {
        match screen {
            Screen::Contacts(list) if list.is_search() => self.found_rows(list, start, count),
            Screen::Contacts(_) => self.contact_rows(start, count),
            Screen::Recents(list) => {
                let calls = list.calls.iter().skip(start).take(count);
                calls
                    .filter_map(|call| {
                        Some(folded(self.recent_row(self.history.at(call.place)?), call.times))
                    })
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    fn found_rows(&self, list: &ContactList, start: usize, count: usize) -> Vec<Row> {
        let words = list.query.trim();
        let ours: Vec<_> = list.found.iter().copied().skip(start).take(count).collect();
        let mut hits = self.contacts.read(words, &ours);
        let theirs = list.by_page.iter().skip(start.saturating_sub(list.found.len()));
        hits.extend(theirs.take(count.saturating_sub(ours.len())).cloned());
        hits.iter().map(|hit| found_row(hit, words)).collect()
    }

    pub(super) fn contact_page(&self, now: Instant, source: &Source, id: &str) -> Option<ContactPage> {
        let hit = self.contact_of(source, id)?;
        let contact = &hit.contact;
        let line: Vec<&str> =
            [&contact.title, &contact.company].into_iter().flatten().map(String::as_str).collect();
        let own = |entry: &Entry| {
            self.who_has(entry.number()).iter().any(|hit| hit.source == *source && hit.contact.id == id)
        };
        let calls = self.history.newest().take(200).filter(|entry| own(entry)).take(MAX_PAGE_CALLS);
        Some(ContactPage {
            row: contact_list_row(&hit),
            line: line.join(", "),
            email: contact.email.clone().unwrap_or_default(),
            numbers: numbers_of(&hit),
            recent: calls.map(|entry| self.recent_row(entry)).collect(),
            now: self.clock.wall(now) / MINUTE_MS * MINUTE_MS,
            click: matches!(source, Source::Host(_)),
            removable: *source == Source::Vcard,
        })
    }

    pub(super) fn recents(&self, now: Instant) -> RecentList {
        let query = self.ui.recent_query.trim();
        let mut calls: Vec<Past> = Vec::new();
        let mut last: Option<&Entry> = None;
        for (place, entry) in self.history.newest().enumerate() {
            if self.ui.only_missed && !entry.is_missed() || !self.is_searched(entry, query) {
                continue;
            }
            let again = last.is_some_and(|last| last.is_missed() && last.number() == entry.number());
            match calls.last_mut().filter(|_| again && entry.is_missed()) {
                Some(call) => call.times += 1,
                None => calls.push(Past { place, at: entry.at, times: 1 }),
            }
            last = Some(entry);
        }
        RecentList {
            missed: self.ui.only_missed,
            query: self.ui.recent_query.clone(),
            calls,
            now: self.clock.wall(now),
            voicemail: self.mailbox().filter(|_| !self.ui.only_missed && query.is_empty()),
        }
    }

    /// Whether a search for this finds a call: in the number, or in the name whatever its accents.
    fn is_searched(&self, entry: &Entry, query: &str) -> bool {
        query.is_empty()
            || entry.number().contains(query)
            || softframe_contacts::reads_like(&self.recent_row(entry).name, query)
            || softframe_contacts::reads_like(entry.name(), query)
    }

    /// The only contact with this number.
    pub(crate) fn name_of(&self, number: &str) -> Option<String> {
        match self.contacts.by_number(number).as_slice() {
            [only] => Some(only.contact.name.clone()),
            _ => None,
        }
    }

    /// Name and number, or the number alone.
    pub(crate) fn named(&self, number: &str) -> String {
        self.name_of(number).map_or_else(|| number.to_owned(), |name| format!("{name} · {number}"))
    }

    /// One past call, named by the contacts of today.
    pub(crate) fn recent_row(&self, entry: &Entry) -> Row {
        let number = entry.number();
        let hits = self.who_has(number);
        let only = match hits.as_slice() {
            [hit] => Some(hit),
            _ => None,
        };
        let name = only.map_or_else(|| number.to_owned(), |hit| hit.contact.name.clone());
        let is_stranger = hits.is_empty() && !number.is_empty();
        let missed = entry.is_missed();
        let second = match (entry.talked, missed, entry.reason) {
            (Some(seconds), _, _) => Text::with("recents.talked", "duration", seconds),
            (None, true, _) => Text::with("recents.rang", "s", entry.rang),
            (None, false, Reason::AnsweredElsewhere) => Text::of("recents.elsewhere"),
            (None, false, reason) => Text::with(reason.text_id(), "to", number),
        };
        Row {
            key: entry.key(),
            avatar: only.map(|hit| hit.contact.id.clone()).unwrap_or_default(),
            // Once is enough where nobody is known.
            number: if name == number { String::new() } else { number.to_owned() },
            name,
            says: if is_stranger { entry.name().to_owned() } else { String::new() },
            second,
            second_icon: match (entry.inbound, missed) {
                (_, true) => "missed",
                (true, false) => "in",
                (false, false) => "out",
            },
            at: entry.at,
            missed,
            handset: number.to_owned(),
            ..Row::default()
        }
    }
}

fn folded(mut row: Row, times: usize) -> Row {
    match times {
        0 | 1 => {}
        2 => row.second = Text::of("recents.twice"),
        n => row.second = Text::with("recents.times", "n", n),
    }
    row
}

/// Number, message id of its kind, whether it has a handset.
pub(super) fn numbers_of(hit: &Hit) -> Vec<(String, &'static str, bool)> {
    let phones = hit.contact.phones.iter();
    phones
        .map(|phone| {
            (phone.number.clone(), kind_id(phone.kind.as_deref()), phone.kind.as_deref() != Some("fax"))
        })
        .collect()
}

pub(crate) fn kind_id(kind: Option<&str>) -> &'static str {
    match kind {
        Some("mobile" | "cell") => "contact.mobile",
        Some("work" | "business") => "contact.work",
        Some("home") => "contact.home",
        Some("direct") => "contact.direct",
        Some("extension") => "contact.extension",
        Some("company") => "contact.company",
        Some("fax") => "contact.fax",
        Some(_) => "contact.other",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_makes_a_name() {
        for (field, name) in
            [("ana", true), ("+34 9", false), ("12A", false), ("*97#", false), ("sip:a@b", false)]
        {
            assert_eq!(is_name(field), name, "{field}");
        }
    }

    #[test]
    fn row_keys_come_back() {
        for source in [Source::Vcard, Source::Host("crm:1".into())] {
            assert_eq!(contact_key(&key_of(&source, "a:b")), Some((source, "a:b".to_owned())));
        }
        assert_eq!(contact_key("h9:x"), None);
        assert_eq!(contact_key("history/1"), None);
    }

    #[test]
    fn what_matched_is_marked_in_octets() {
        assert_eq!(name_matches("Ána Pérez Ruiz", "pér ru"), [(5, 9), (12, 14)]);
        assert_eq!(number_match("+34 911 08", "9110"), Some((4, 9)));
        assert_eq!(number_match("+34", "7"), None);
    }
}
