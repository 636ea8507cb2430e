//! The page's whole list, page by page, then what has changed since.
//!
//! One fetch at a time; what is wanted meanwhile makes one more. A fetch that breaks off leaves what there was.

use super::{Given, Op, Question, Reply};
use crate::Phone;
use litemap::LiteMap;
use serde_json::Value;
use softframe_contacts::{Mode, Source};
use softframe_sip::Instant;

/// Pages of one fetch: with one row each still more than a person scrolls; a list that turns in a circle ends.
const MAX_PAGES: u32 = 10_000;
/// Rows of a whole list that wait for its last page: as many as the index takes.
const MAX_ROWS: usize = softframe_contacts::MAX_CONTACTS;
/// The page's own objects kept of its list, some 2 MB; of the others what the index has goes back.
const MAX_OWN: usize = 4_000;

/// Where the list stands.
#[derive(Default)]
pub(super) struct List {
    /// Of the last fetch that came to its end.
    stamp: Value,
    fetch: Option<Fetch>,
    /// Something has changed since the fetch began.
    again: Option<bool>,
    own: LiteMap<String, Value>,
}

/// A fetch under way.
struct Fetch {
    page: Value,
    pages: u32,
    by_page: bool,
    /// Of its first page.
    stamp: Value,
    /// A whole list that takes the place of another: it counts once it is complete.
    waiting: Option<Vec<Given>>,
}

impl List {
    pub(super) fn own(&self, id: &str) -> Option<Value> {
        self.own.get(id).cloned()
    }

    /// Nothing of it was ever asked for.
    pub(super) fn is_untouched(&self) -> bool {
        self.stamp.is_null() && self.own.is_empty() && self.fetch.is_none()
    }

    /// The contacts are gone, and with them what was known of their age.
    pub(super) fn forget(&mut self) {
        self.stamp = Value::Null;
        self.own.clear();
    }
}

impl Phone {
    /// Fetches the list, or what has changed. `by_page`: the page asked for it.
    pub(crate) fn want_list(&mut self, now: Instant, by_page: bool) {
        let Some(provider) = self.provider.as_mut().filter(|provider| provider.offers(Op::List)) else {
            return;
        };
        if provider.list.fetch.is_some() {
            provider.list.again = Some(by_page || provider.list.again.unwrap_or(false));
            return;
        }
        let first = Value::from(1);
        provider.list.fetch =
            Some(Fetch { page: first.clone(), pages: 0, by_page, stamp: Value::Null, waiting: None });
        self.ask_page(now, first);
    }

    fn ask_page(&mut self, now: Instant, page: Value) {
        let Some(list) = self.provider.as_ref().map(|provider| &provider.list) else { return };
        let by_page = list.fetch.as_ref().is_some_and(|fetch| fetch.by_page);
        let question = Question::List { page, since: list.stamp.clone(), by_page };
        if !self.ask_provider(now, question)
            && let Some(provider) = self.provider.as_mut()
        {
            provider.list.fetch = None;
        }
    }

    pub(super) fn listed(&mut self, now: Instant, reply: Option<Reply>) {
        let Some(provider) = self.provider.as_mut() else { return };
        let source = provider.source();
        let Some(mut fetch) = provider.list.fetch.take() else { return };
        let Some(reply) = reply else {
            self.contacts.end(&source);
            return self.fetched(now);
        };
        if fetch.pages == 0 {
            let is_delta = !provider.list.stamp.is_null() && !reply.stamp.is_null();
            let is_first =
                !self.contacts.sources().iter().any(|(known, count)| *known == source && *count > 0);
            if !is_delta {
                provider.list.own.clear();
            }
            match is_delta || is_first {
                true => self.contacts.begin(source.clone(), Mode::Upsert),
                false => fetch.waiting = Some(Vec::new()),
            }
            fetch.stamp = reply.stamp;
        }
        fetch.pages += 1;
        match &mut fetch.waiting {
            Some(waiting) => {
                let room = MAX_ROWS.saturating_sub(waiting.len());
                waiting.extend(reply.rows.into_iter().take(room));
            }
            None => self.take_given(&source, reply.rows),
        }
        let goes_on = is_truthy(&reply.next) && reply.next != fetch.page && fetch.pages < MAX_PAGES;
        if goes_on {
            let next = reply.next;
            fetch.page = next.clone();
            if let Some(provider) = self.provider.as_mut() {
                provider.list.fetch = Some(fetch);
            }
            return self.ask_page(now, next);
        }
        if let Some(rows) = fetch.waiting {
            self.contacts.begin(source.clone(), Mode::Replace);
            self.take_given(&source, rows);
        }
        self.contacts.end(&source);
        if let Some(provider) = self.provider.as_mut() {
            provider.list.stamp = fetch.stamp;
        }
        self.fetched(now);
    }

    fn fetched(&mut self, now: Instant) {
        self.wants_index();
        let again = self.provider.as_mut().and_then(|provider| provider.list.again.take());
        if let Some(by_page) = again {
            self.want_list(now, by_page);
        }
    }

    fn take_given(&mut self, source: &Source, rows: Vec<Given>) {
        for given in rows {
            let id = given.contact.id.clone();
            let own = self.provider.as_mut().map(|provider| &mut provider.list.own);
            if given.deleted {
                own.and_then(|own| own.remove(&id));
                self.contacts.remove(source, &[id]);
                continue;
            }
            if let Some(own) = own.filter(|own| own.len() < MAX_OWN || own.contains_key(&id)) {
                own.insert(id, given.own);
            }
            self.take_contact(source, given.contact, given.text_id);
        }
        self.wants_index();
    }

    /// The host has cleared the contacts of this source.
    pub(crate) fn forget_list(&mut self, source: &Source) {
        if let Some(provider) = self.provider.as_mut().filter(|provider| provider.source() == *source) {
            provider.list.forget();
        }
    }
}

/// As JavaScript sees it: pages say `null`, `0`, `""` or `false` for "no more".
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}
