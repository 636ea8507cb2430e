//! What the page finds for what is being typed.
//!
//! Its rows stand below ours and move none of them.

use super::{Given, Op, Question, Reply, hit};
use crate::{Phone, view::Tab};
use litemap::LiteMap;
use softframe_contacts::{DocAddress, Hit, MAX_MATCHES};
use softframe_sip::Instant;

/// Fewer characters find everybody (protocol.md 3.5).
const MIN_CHARS: usize = 3;
/// Typing has come to rest.
const REST_MILLIS: u64 = 800;
/// An answer is not asked for again.
const KEPT_MILLIS: u64 = 300_000;
/// Answers kept: what somebody types in five minutes.
const MAX_KEPT: usize = 20;
/// Rows of one answer that are kept.
const MAX_ROWS: usize = 50;

#[derive(Default)]
pub(super) struct Search {
    /// What is typed now.
    words: String,
    /// When it is asked for.
    due: Option<Instant>,
    /// What is asked for now.
    asked: Option<String>,
    found: LiteMap<String, (Instant, Vec<Given>)>,
}

impl Search {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.due
    }

    pub(super) fn given(&self) -> impl Iterator<Item = &Given> {
        self.found.values().flat_map(|(_, rows)| rows)
    }
}

impl Phone {
    /// What is typed where people are looked for.
    fn typed(&self) -> &str {
        match (&self.ui.picking, self.ui.tab) {
            (Some((_, words)), _) => words.trim(),
            (None, Tab::Keypad) => self.ui.field.trim(),
            (None, Tab::Contacts) => self.ui.contact_query.trim(),
            (None, Tab::Recents) => "",
        }
    }

    pub(super) fn follow_search(&mut self, now: Instant) {
        let words = self.typed().to_owned();
        let Some(provider) = self.provider.as_mut().filter(|provider| provider.offers(Op::Search)) else {
            return;
        };
        let search = &mut provider.search;
        if search.words == words {
            return;
        }
        search.found.retain(|_, (at, _)| now.since(*at) < KEPT_MILLIS);
        let is_new = words.chars().count() >= MIN_CHARS && !search.found.contains_key(&words);
        search.due = is_new.then(|| now.after(REST_MILLIS));
        search.words = words;
    }

    pub(super) fn search_due(&mut self, now: Instant) {
        let Some(provider) = self.provider.as_mut() else { return };
        if provider.search.due.take_if(|due| *due <= now).is_none() {
            return;
        }
        // Nobody waits for the one before: the latest wins.
        provider.open.retain(|open| open.op != Op::Search);
        let words = provider.search.words.clone();
        provider.search.asked = Some(words.clone());
        self.ask_provider(now, Question::Search { words });
    }

    pub(super) fn searched(&mut self, now: Instant, reply: Option<Reply>) {
        let Some(search) = self.provider.as_mut().map(|provider| &mut provider.search) else { return };
        let Some(words) = search.asked.take() else { return };
        let mut rows = reply.unwrap_or_default().rows;
        rows.retain(|given| !given.deleted);
        rows.truncate(MAX_ROWS);
        if search.found.len() >= MAX_KEPT {
            let oldest = search.found.iter().min_by_key(|(_, (at, _))| *at).map(|(words, _)| words.clone());
            oldest.and_then(|words| search.found.remove(&words));
        }
        search.found.insert(words, (now, rows));
    }

    /// Whom the page has found for these words and we have not.
    pub(crate) fn found_by_page(&self, words: &str, ours: &[DocAddress]) -> Vec<Hit> {
        let Some(provider) = self.provider.as_ref() else { return Vec::new() };
        let Some((_, rows)) = provider.search.found.get(words) else { return Vec::new() };
        let (source, ours) = (provider.source(), self.contacts.read(words, ours));
        let is_ours =
            |given: &Given| ours.iter().any(|hit| hit.source == source && hit.contact.id == given.contact.id);
        let theirs = rows.iter().filter(|given| !is_ours(given));
        theirs.map(|given| hit(&source, &given.contact)).take(MAX_ROWS.max(MAX_MATCHES)).collect()
    }
}
