//! Calls that are over, for the page's log: asked for by the page, or put there by the person where the page wants nothing
//! logged by itself.
//!
//! They are the recents, which remember what the page has logged: it was asked to, or says so itself.

use super::{NAME, call::Past, service::asked};
use crate::{Phone, bridge::provider::word, clock, history::Entry, json::object, uuid::uuid, view::Text};
use serde_json::Value;
use softframe_sip::Instant;

/// Calls of one answer, as the original has it where the page does not say.
const PAGE_CALLS: u64 = 10;
/// Calls that the page is asked about at once: more than one looks at in the recents.
const MAX_ASKED: usize = 100;
/// Questions whose answers are waited for; the oldest goes.
const MAX_OPEN: usize = 4;

impl Phone {
    /// A call is over. Where the page takes logs and was not asked to log this one, the person may send it.
    pub(crate) fn rc_offers_log(&mut self, now: Instant, logged: bool) {
        let Some(service) =
            self.rc.service.as_ref().filter(|service| !logged && service.log_path().is_some())
        else {
            return;
        };
        let label =
            service.title("callLoggerTitle").map_or(Text::of("log.call"), |title| Text::plain(&title));
        let text = Text::plain(&service.name);
        self.ui.offer(now, text, label, crate::Action::LogCall);
    }

    /// The person sends the last call that is not in the page's log.
    pub(crate) fn rc_log_call(&mut self) {
        self.ui.toast = None;
        let Some(path) = self.rc.service.as_ref().and_then(|service| service.log_path()) else { return };
        let path = path.to_owned();
        let Some((id, body)) = self.rc_unlogged_entries().next().map(|entry| {
            let body = self.rc_logged(&self.rc_past(entry), "createLog");
            (entry.id().to_owned(), body)
        }) else {
            return;
        };
        self.mark_logged(&id);
        self.rc_asks(&path, body);
    }

    /// A call that is over, and whom the page itself has named for its other side.
    pub(super) fn rc_logged(&self, past: &Past<'_>, trigger: &'static str) -> Value {
        let hits = self.who_has(past.number);
        let entity = hits.first().and_then(|hit| self.own_object(&hit.source, &hit.contact.id));
        let (from, to) = if past.inbound { (entity, None) } else { (None, entity) };
        object(vec![
            ("call", self.rc_past_call(past)),
            ("fromEntity", from.unwrap_or_default()),
            ("toEntity", to.unwrap_or_default()),
            ("triggerType", trigger.into()),
        ])
    }

    fn rc_past_call(&self, past: &Past<'_>) -> Value {
        let hits = self.who_has(past.number);
        past.object(hits.first().map_or(past.name, |hit| hit.contact.name.as_str()))
    }

    fn rc_past<'a>(&'a self, entry: &'a Entry) -> Past<'a> {
        Past {
            id: entry.id(),
            inbound: entry.inbound,
            number: entry.number(),
            name: entry.name(),
            own: self.extension(),
            date: clock::iso8601(entry.at),
            talked: entry.talked.map(u64::from),
        }
    }

    /// A question of which nothing follows, or what has its id.
    pub(super) fn rc_asks(&mut self, path: &str, body: Value) -> String {
        let id = uuid(&mut self.ids);
        self.say_rc(asked(&id, path, body));
        id
    }

    /// Newest first.
    fn rc_unlogged_entries(&self) -> impl Iterator<Item = &Entry> {
        self.history.newest().filter(|entry| !entry.logged && !entry.id().is_empty())
    }

    /// `/unlogged-calls`: newest first.
    pub(super) fn rc_unlogged(&self, body: &Value) -> Value {
        let number = |key: &str, default| body.get(key).and_then(Value::as_u64).unwrap_or(default).max(1);
        let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
        let (count, page) = (size(number("perPage", PAGE_CALLS)), size(number("page", 1)));
        let mut rest = self.rc_unlogged_entries().skip(count.saturating_mul(page - 1));
        let calls: Vec<Value> =
            rest.by_ref().take(count).map(|entry| self.rc_past_call(&self.rc_past(entry))).collect();
        object(vec![("calls", calls.into()), ("hasMore", rest.next().is_some().into())])
    }

    /// `/get-call-log`, by either name that a page has for the session.
    pub(super) fn rc_call_log(&self, body: &Value) -> Value {
        let wanted = word(body.get("sessionId")).or_else(|| word(body.get("telephonySessionId")));
        let wanted = wanted.filter(|wanted| !wanted.is_empty());
        let found = self.history.newest().find(|entry| Some(entry.id()) == wanted.as_deref());
        let call = found.map(|entry| self.rc_past_call(&self.rc_past(entry)));
        object(vec![("call", call.unwrap_or_default())])
    }

    /// Asks the page which of its past calls it has in its log (`callLogEntityMatcherPath`).
    pub(crate) fn rc_asks_what_is_logged(&mut self, is_wanted: impl Fn(&str) -> bool) {
        let Some(path) = self.rc.service.as_ref().and_then(|service| service.logged_path()) else { return };
        let ids = self.rc_unlogged_entries().map(Entry::id).filter(|id| is_wanted(id)).take(MAX_ASKED);
        let ids: Vec<Value> = ids.map(Value::from).collect();
        if ids.is_empty() || !self.speaks(NAME) {
            return;
        }
        let active: Vec<Value> = self.told_calls().iter().map(|call| call.label.as_str().into()).collect();
        let body = object(vec![("sessionIds", ids.into()), ("activeSessionIds", active.into())]);
        let id = self.rc_asks(&path, body);
        if self.rc.asked.len() >= MAX_OPEN {
            self.rc.asked.remove(0);
        }
        self.rc.asked.push(id);
    }

    /// Its answer, where `id` is that of such a question: what has an entry is logged.
    pub(super) fn rc_says_what_is_logged(&mut self, id: &str, response: &Value) -> bool {
        let Some(at) = self.rc.asked.iter().position(|asked| asked == id) else { return false };
        self.rc.asked.remove(at);
        let data = response.get("data").and_then(Value::as_object);
        for (session, entries) in data.into_iter().flatten().take(MAX_ASKED) {
            if entries.as_array().is_some_and(|entries| !entries.is_empty()) {
                self.mark_logged(session);
            }
        }
        true
    }
}
