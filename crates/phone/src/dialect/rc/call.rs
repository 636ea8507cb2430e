//! Calls as this dialect knows them: the `call` object, the notices of what becomes of it, and the active call.
//!
//! It looks at calls and never touches them.

use super::Known;
use crate::{
    CallId, Phone,
    bridge::CallEvent,
    call::{Call, Direction, source_name},
    json::object,
};
use serde_json::Value;
use softframe_sip::Instant;

/// How far a call is, as far as the page hears of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Early,
    Connected,
    Held,
}

impl Stage {
    fn of(call: &Call) -> Stage {
        match call.talk() {
            None => Stage::Early,
            Some(talk) if talk.held.is_some() => Stage::Held,
            Some(_) => Stage::Connected,
        }
    }

    fn telephony(self) -> &'static str {
        match self {
            Stage::Early => "Ringing",
            Stage::Connected => "CallConnected",
            Stage::Held => "OnHold",
        }
    }
}

impl Phone {
    /// The difference between the calls that the page knows and those that there are.
    pub(super) fn settle_calls(&mut self, now: Instant) {
        for known in std::mem::take(&mut self.rc.calls) {
            match self.calls.get(&known.id) {
                Some(_) => self.rc.calls.push(known),
                None => self.rc_ended(now, known.object),
            }
        }
        let told = self.calls.values().filter(|call| !call.said.is_empty()).map(|call| call.id);
        let told: Vec<CallId> = told.collect();
        for id in told {
            self.settle_call(id);
        }
    }

    fn settle_call(&mut self, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        let object = self.rc_call(call);
        let (stage, is_muted, direction) = (Stage::of(call), call.muted, call.direction);
        let at = self.rc.calls.iter().position(|known| known.id == id);
        let before = at.and_then(|at| self.rc.calls.get(at)).map(|known| (known.stage, known.is_muted));
        let first = match direction {
            Direction::Inbound => "rc-call-ring-notify",
            Direction::Outbound => "rc-call-init-notify",
        };
        let mut notices = Vec::new();
        if before.is_none() {
            notices.push(first);
        }
        let (stage_before, was_muted) = before.unwrap_or((Stage::Early, false));
        if stage_before == Stage::Early && stage > Stage::Early {
            notices.push("rc-call-start-notify");
        }
        match (stage_before, stage) {
            (Stage::Early | Stage::Connected, Stage::Held) => notices.push("rc-call-hold-notify"),
            (Stage::Held, Stage::Connected) => notices.push("rc-call-resume-notify"),
            _ => {}
        }
        if was_muted != is_muted {
            notices.push("rc-call-mute-notify");
        }
        let is_news = !notices.is_empty();
        for notice in notices {
            self.rc_shows(notice, "call", object.clone());
        }
        if before.is_none() || stage_before != stage {
            let active = active(&object, stage.telephony());
            self.rc_shows("rc-active-call-notify", "call", active);
        }
        let known = Known { id, object, stage, is_muted };
        match at.and_then(|at| self.rc.calls.get_mut(at)) {
            Some(place) => *place = known,
            None => self.rc.calls.push(known),
        }
        if is_news {
            self.rc_push_calls();
        }
    }

    /// The loader shows how many there are, and asks before the page is left.
    fn rc_push_calls(&mut self) {
        let calls = self.rc_calls();
        self.rc_shows("rc-adapter-pushCalls", "calls", calls.into());
    }

    fn rc_ended(&mut self, now: Instant, mut object: Value) {
        let ended = self.clock.wall(now);
        if let Some(fields) = object.as_object_mut() {
            fields.insert("callStatus".into(), "webphone-session-finished".into());
            fields.insert("endTime".into(), ended.into());
        }
        let mut last = active(&object, "NoCall");
        if let Some(fields) = last.as_object_mut() {
            fields.insert("terminationType".into(), "final".into());
        }
        self.rc_shows("rc-call-end-notify", "call", object);
        self.rc_shows("rc-active-call-notify", "call", last);
        self.rc_push_calls();
    }

    /// All calls that the page knows.
    pub(super) fn rc_calls(&self) -> Vec<Value> {
        let told = self.calls.values().filter(|call| !call.said.is_empty());
        told.map(|call| self.rc_call(call)).collect()
    }

    /// The whole `call` object. What a phone of plain SIP has not is there as it is where nothing of it happens.
    fn rc_call(&self, call: &Call) -> Value {
        let talk = call.talk();
        let stage = Stage::of(call);
        let status = match stage {
            Stage::Early => "webphone-session-connecting",
            Stage::Held => "webphone-session-onHold",
            Stage::Connected if call.muted => "webphone-session-onMute",
            Stage::Connected => "webphone-session-connected",
        };
        let inbound = call.direction == Direction::Inbound;
        let name = match (call.matches.as_slice(), call.facts.display_name.as_str()) {
            ([first, ..], _) => first.contact.name.clone(),
            ([], name) => name.to_owned(),
        };
        let started = talk.map(|talk| talk.accepted_wall);
        let text = |text: &str| Value::from(text);
        let no = || Value::from(false);
        let queue = Some(call.facts.queue.as_str()).filter(|queue| !queue.is_empty());
        let warm = call.consults.and_then(|id| self.calls.get(&id)).map(|call| call.label.as_str());
        object(vec![
            ("id", text(&call.label)),
            ("callId", text(&call.facts.sip_call_id)),
            ("direction", text(direction(inbound))),
            ("callStatus", text(status)),
            ("to", text(&call.to)),
            ("toUserName", text(if inbound { "" } else { &name })),
            ("from", text(&call.from)),
            ("fromNumber", text(&call.from)),
            ("fromUserName", text(if inbound { &name } else { "" })),
            ("fromTag", text("")),
            ("toTag", text("")),
            ("startTime", started.into()),
            ("creationTime", call.date.into()),
            ("isOnHold", (stage == Stage::Held).into()),
            ("isOnMute", call.muted.into()),
            ("isOnFlip", no()),
            ("isOnTransfer", talk.is_some_and(|talk| talk.transfer.is_some()).into()),
            ("isToVoicemail", no()),
            ("isForwarded", no()),
            ("isReplied", no()),
            ("recordStatus", text("webphone-record-idle")),
            ("contactMatch", self.rc_contact_match(call).unwrap_or_default()),
            ("minimized", self.ui.browsing.into()),
            ("partyData", Value::Null),
            ("lastActiveTime", started.unwrap_or(call.date).into()),
            ("callQueueName", queue.into()),
            ("warmTransferSessionId", warm.into()),
        ])
    }

    /// The page's own object where the contact is the page's.
    fn rc_contact_match(&self, call: &Call) -> Option<Value> {
        let hit = call.matches.first()?;
        let ours = || super::service::contact(&source_name(&hit.source), &hit.contact);
        Some(self.own_object(&hit.source, &hit.contact.id).unwrap_or_else(ours))
    }
}

fn direction(inbound: bool) -> &'static str {
    if inbound { "Inbound" } else { "Outbound" }
}

/// The call in the form of `rc-active-call-notify`.
fn active(call: &Value, status: &'static str) -> Value {
    let get = |key: &str| call.get(key).cloned().unwrap_or_default();
    let number = |key: &str| object(vec![("phoneNumber", get(key))]);
    let started = Some(get("startTime")).filter(|time| !time.is_null());
    object(vec![
        ("id", get("id")),
        ("sessionId", get("id")),
        ("direction", get("direction")),
        ("telephonyStatus", status.into()),
        ("startTime", started.unwrap_or_else(|| get("creationTime"))),
        ("from", number("fromNumber")),
        ("fromName", get("fromUserName")),
        ("to", number("to")),
        ("toName", get("toUserName")),
    ])
}

/// A call that is over.
pub(super) struct Past<'a> {
    pub(super) id: &'a str,
    pub(super) inbound: bool,
    /// Of the other side, …
    pub(super) number: &'a str,
    /// … and how it calls itself.
    pub(super) name: &'a str,
    /// Ours.
    pub(super) own: String,
    pub(super) date: String,
    /// Seconds, where it was answered.
    pub(super) talked: Option<u64>,
}

impl<'a> Past<'a> {
    pub(super) fn of(event: &'a CallEvent) -> Past<'a> {
        let inbound = event.direction == "inbound";
        let (number, own) = if inbound { (&event.from, &event.to) } else { (&event.to, &event.from) };
        Past {
            id: &event.id,
            inbound,
            number,
            name: &event.display_name,
            own: own.clone(),
            date: event.date.clone(),
            talked: (event.status == "answered").then_some(event.duration),
        }
    }

    /// As a logger takes it; `name` is how the other side is known here.
    pub(super) fn object(&self, name: &str) -> Value {
        let result = match (self.talked, self.inbound) {
            (Some(_), true) => "Accepted",
            (Some(_), false) => "Call connected",
            (None, true) => "Missed",
            (None, false) => "No Answer",
        };
        let text = |text: &str| Value::from(text);
        let party =
            |number: &str, name: &str| object(vec![("phoneNumber", text(number)), ("name", text(name))]);
        let (own, other) = (party(&self.own, ""), party(self.number, name));
        let (from, to) = if self.inbound { (other, own) } else { (own, other) };
        object(vec![
            ("sessionId", text(self.id)),
            ("telephonySessionId", text(self.id)),
            ("direction", text(direction(self.inbound))),
            ("telephonyStatus", text("NoCall")),
            ("from", from),
            ("to", to),
            ("startTime", text(&self.date)),
            ("duration", self.talked.unwrap_or(0).into()),
            ("result", text(result)),
            ("type", text("Voice")),
            ("action", text("Phone Call")),
        ])
    }
}
