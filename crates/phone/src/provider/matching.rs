//! Whose number this is, by the page's word, kept for as long as the page says.
//!
//! One question at a time; numbers that are being asked for are not asked for again. Without an answer a number counts
//! as nobody's, for as long.

use super::{Given, Op, Question, Reply, hit};
use crate::{CallId, Phone, history::Entry, view::Tab};
use litemap::LiteMap;
use softframe_contacts::{Hit, MAX_MATCHES};
use softframe_sip::Instant;

/// Numbers whose answers are kept: those of weeks of calls; the oldest goes.
const MAX_KEPT: usize = 1_000;
/// Numbers that wait to be asked for.
const MAX_WAITING: usize = 500;
/// Numbers of one question.
const MAX_ASKED: usize = 100;
/// Past calls whose numbers are asked for at once (protocol.md 3.6).
const MAX_RECENT: usize = 30;

#[derive(Default)]
pub(super) struct Matching {
    /// By the number as it is asked for.
    kept: LiteMap<String, Kept>,
    waiting: Vec<String>,
    asked: Vec<String>,
    /// The page itself wants to be asked for what waits.
    by_page: bool,
    /// The tab that was shown last.
    tab: Tab,
}

struct Kept {
    at: Instant,
    rows: Vec<Given>,
}

impl Matching {
    pub(super) fn given(&self) -> impl Iterator<Item = &Given> {
        self.kept.values().flat_map(|kept| &kept.rows)
    }

    fn keep(&mut self, number: String, kept: Kept) {
        if self.kept.len() >= MAX_KEPT && !self.kept.contains_key(&number) {
            let oldest = self.kept.iter().min_by_key(|(_, kept)| kept.at).map(|(number, _)| number.clone());
            oldest.and_then(|number| self.kept.remove(&number));
        }
        self.kept.insert(number, kept);
    }
}

impl Phone {
    /// Everybody with this number: of the index, then whom the page has named.
    pub(crate) fn who_has(&self, number: &str) -> Vec<Hit> {
        let mut hits = self.contacts.by_number(number);
        let Some(provider) = self.provider.as_ref() else { return hits };
        let Some(kept) = provider.matching.kept.get(&self.asked_as(number)) else { return hits };
        let source = provider.source();
        for Given { contact, .. } in &kept.rows {
            let is_known = hits.iter().any(|hit| hit.source == source && hit.contact.id == contact.id);
            if !is_known && hits.len() < MAX_MATCHES {
                let phones = &contact.phones;
                let phone =
                    phones.iter().position(|phone| self.contacts.is_same_number(&phone.number, number));
                hits.push(Hit { phone, ..hit(&source, contact) });
            }
        }
        hits
    }

    /// In E.164 where that is certain.
    fn asked_as(&self, number: &str) -> String {
        self.contacts.international(number).unwrap_or_else(|| number.to_owned())
    }

    /// Calls and the latest recents.
    pub(crate) fn match_what_is_known(&mut self, now: Instant) {
        let calls = self.calls.values().filter(|call| !call.said.is_empty()).map(|call| call.number());
        let recents = self.history.newest().map(Entry::number).take(MAX_RECENT);
        let numbers: Vec<String> = calls.chain(recents).map(str::to_owned).collect();
        self.want_match(now, numbers, false);
    }

    /// The page asks to be asked; only for numbers that are known here.
    pub(crate) fn match_again(&mut self, now: Instant, numbers: Vec<String>) {
        let Some(provider) = self.provider.as_ref() else { return };
        let is_known = |number: &String| {
            let same = |other: &str| self.contacts.is_same_number(other, number);
            provider.matching.kept.contains_key(&self.asked_as(number))
                || self.calls.values().any(|call| same(call.number()))
                || self.history.newest().any(|entry| same(entry.number()))
        };
        let known: Vec<String> = numbers.into_iter().take(MAX_ASKED).filter(is_known).collect();
        self.want_match(now, known, true);
    }

    fn want_match(&mut self, now: Instant, numbers: Vec<String>, by_page: bool) {
        let numbers: Vec<String> = numbers.iter().map(|number| self.asked_as(number)).collect();
        let Some(provider) = self.provider.as_mut().filter(|provider| provider.offers(Op::Match)) else {
            return;
        };
        let (ttl, no_match_ttl) = (provider.registration.ttl, provider.registration.no_match_ttl);
        let matching = &mut provider.matching;
        matching.kept.retain(|_, kept| now.since(kept.at) <= ttl);
        for number in numbers {
            let is_fresh = matching.kept.get(&number).is_some_and(|kept| now.since(kept.at) <= no_match_ttl);
            let is_under_way = matching.asked.contains(&number) || matching.waiting.contains(&number);
            let is_wanted = !number.is_empty() && !is_under_way && (by_page || !is_fresh);
            if is_wanted && matching.waiting.len() < MAX_WAITING {
                matching.by_page |= by_page;
                matching.waiting.push(number);
            }
        }
        self.ask_matches(now);
    }

    fn ask_matches(&mut self, now: Instant) {
        let Some(provider) = self.provider.as_mut() else { return };
        let matching = &mut provider.matching;
        if !matching.asked.is_empty() || matching.waiting.is_empty() {
            return;
        }
        let numbers: Vec<String> = matching.waiting.drain(..matching.waiting.len().min(MAX_ASKED)).collect();
        let by_page = matching.by_page;
        matching.by_page &= !matching.waiting.is_empty();
        matching.asked.clone_from(&numbers);
        if !self.ask_provider(now, Question::Match { numbers, by_page })
            && let Some(provider) = self.provider.as_mut()
        {
            provider.matching.asked.clear();
        }
    }

    pub(super) fn matched(&mut self, now: Instant, reply: Option<Reply>) {
        let matches = reply.unwrap_or_default().matches;
        let Some(provider) = self.provider.as_mut() else { return };
        for number in std::mem::take(&mut provider.matching.asked) {
            let exact = matches.iter().find(|(key, _)| *key == number);
            let same = || matches.iter().find(|(key, _)| self.contacts.is_same_number(key, &number));
            let rows = exact.or_else(same).map(|(_, rows)| rows.as_slice()).unwrap_or_default();
            let rows = rows.iter().filter(|given| !given.deleted).take(MAX_MATCHES).cloned().collect();
            provider.matching.keep(number, Kept { at: now, rows });
        }
        self.refresh_matches(now);
        self.ask_matches(now);
    }

    /// A visit to the contacts fetches what has changed, one to the recents asks who they are.
    pub(super) fn follow_tabs(&mut self, now: Instant) {
        let tab = self.ui.tab;
        let Some(provider) = self.provider.as_mut() else { return };
        if std::mem::replace(&mut provider.matching.tab, tab) == tab {
            return;
        }
        match tab {
            Tab::Contacts => self.want_list(now, false),
            Tab::Recents => {
                self.match_what_is_known(now);
                self.rc_asks_what_is_logged(|_| true);
            }
            Tab::Keypad => {}
        }
    }

    /// Each call is asked for once, when it is told.
    pub(super) fn follow_calls(&mut self, now: Instant) {
        let Some(provider) = self.provider.as_mut() else { return };
        provider.seen.retain(|id| self.calls.contains_key(id));
        let seen = &provider.seen;
        let is_new = |(id, said): &(CallId, bool)| *said && !seen.contains(id);
        let calls = self.calls.values().map(|call| (call.id, !call.said.is_empty()));
        let fresh: Vec<CallId> = calls.filter(is_new).map(|(id, _)| id).collect();
        if fresh.is_empty() {
            return;
        }
        let numbers = fresh.iter().filter_map(|id| self.calls.get(id)).map(|call| call.number().to_owned());
        let numbers: Vec<String> = numbers.collect();
        provider.seen.extend(fresh);
        self.want_match(now, numbers, false);
    }
}
