//! Calls that are over, for the page's log: asked for by the page, or put there by the person where the page wants nothing
//! logged by itself.
//!
//! They are those of this load: what is older is in the page's own log, or was never wanted there.

use super::{NAME, call, service::asked};
use crate::{
    Phone,
    bridge::{CallEvent, provider::word},
    json::object,
    uuid::uuid,
    view::Text,
};
use serde_json::Value;
use softframe_contacts::Source;
use softframe_sip::Instant;

/// Calls that are remembered: a day of a busy agent; the oldest go.
const MAX_ENDED: usize = 100;
/// Calls of one answer, as the original has it where the page does not say.
const PAGE_CALLS: u64 = 10;

/// A call that is over: what the person would ask the page to log.
pub(super) struct Ended {
    body: Value,
    is_logged: bool,
}

impl Ended {
    fn call(&self) -> Option<&Value> {
        self.body.get("call")
    }
}

impl Phone {
    /// A call is over, and the page has been asked to log it or not. Where it takes logs, the person may send this one.
    pub(crate) fn rc_ended_call(&mut self, now: Instant, event: &CallEvent, is_logged: bool) {
        if !self.speaks(NAME) {
            return;
        }
        let body = self.rc_logged(event, "createLog");
        let ended = &mut self.rc.ended;
        if ended.len() >= MAX_ENDED {
            ended.remove(0);
        }
        ended.push(Ended { body, is_logged });
        let Some(service) =
            self.rc.service.as_ref().filter(|service| !is_logged && service.log_path().is_some())
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
        let Some(last) = self.rc.ended.iter_mut().rev().find(|ended| !ended.is_logged) else { return };
        last.is_logged = true;
        let body = last.body.clone();
        self.rc_asks(&path, body);
    }

    /// A call that is over, and whom the page itself has named for its other side.
    pub(crate) fn rc_logged(&self, event: &CallEvent, trigger: &'static str) -> Value {
        let entity = event.contact.as_ref().and_then(|row| {
            let id = word(Some(&row.id))?;
            self.own_object(&Source::Host(row.source.clone()), &id)
        });
        let (from, to) = if event.direction == "inbound" { (entity, None) } else { (None, entity) };
        object(vec![
            ("call", call::logged(event)),
            ("fromEntity", from.unwrap_or_default()),
            ("toEntity", to.unwrap_or_default()),
            ("triggerType", trigger.into()),
        ])
    }

    /// A question of which nothing follows.
    pub(super) fn rc_asks(&mut self, path: &str, body: Value) {
        let id = uuid(&mut self.ids);
        self.say_rc(asked(&id, path, body));
    }

    /// `/unlogged-calls`: newest first.
    pub(super) fn rc_unlogged(&self, body: &Value) -> Value {
        let number = |key: &str, default| body.get(key).and_then(Value::as_u64).unwrap_or(default).max(1);
        let count = usize::try_from(number("perPage", PAGE_CALLS)).unwrap_or(MAX_ENDED);
        let page = usize::try_from(number("pageNumber", 1)).unwrap_or(MAX_ENDED);
        let all = self.rc.ended.iter().rev().filter(|ended| !ended.is_logged).filter_map(Ended::call);
        let mut rest = all.skip(count.saturating_mul(page - 1));
        let calls: Vec<Value> = rest.by_ref().take(count).cloned().collect();
        object(vec![("calls", calls.into()), ("hasMore", rest.next().is_some().into())])
    }

    /// `/get-call-log`, by either name that a page has for the session.
    pub(super) fn rc_call_log(&self, body: &Value) -> Value {
        let wanted = word(body.get("sessionId")).or_else(|| word(body.get("telephonySessionId")));
        let is = |call: &&Value| call.get("sessionId").and_then(Value::as_str) == wanted.as_deref();
        let found = self.rc.ended.iter().rev().filter_map(Ended::call).find(is);
        object(vec![("call", found.cloned().unwrap_or_default())])
    }
}
