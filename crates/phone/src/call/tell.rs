//! What the host and the screen reader hear of a call.
//!
//! Each event is a whole snapshot with all 12 keys; `wait`, `duration` and `total` are whole seconds.

use super::{Await, Call, MAX_SAID, State, quality::Heard};
use crate::{
    CallId, JournalEntry, Output, Phone,
    bridge::{self, Ask, CallEvent, CauseData, Code, ContactRow},
    cause::{self, Ending, Reason},
    clock,
    view::Text,
};
use serde_json::{Map, Value};
use softframe_contacts::{Hit, Source};
use softframe_sip::Instant;

/// Ids remembered for `-2`, `-3`; a queue repeats an id within minutes.
const MAX_LABELS: usize = 1_000;

/// What an event carries beside the snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra {
    pub(crate) code: Option<u16>,
    pub(crate) early_media: Option<bool>,
    pub(crate) by: Option<&'static str>,
    pub(crate) muted: Option<bool>,
    pub(crate) state: Option<&'static str>,
    pub(crate) cause: Option<Ending>,
    pub(crate) transferred_to: Option<String>,
}

impl Phone {
    /// Tells the host of a change, keeps it for a host trusted later, and renews the journal.
    pub(crate) fn tell_call(&mut self, now: Instant, id: CallId, kind: &'static str, extra: Extra) {
        let unknown = self.calls.get(&id).is_none_or(|call| call.said.is_empty());
        if unknown && !matches!(kind, "phone:calling" | "phone:ringing") {
            // Nothing of a call is told before its first event.
            return;
        }
        let Some(mut event) = self.call_event(now, id, extra) else { return };
        event.enigma = self.calls.get(&id).and_then(|call| self.enigma_call(call, kind));
        let notified = event.enigma.is_some();
        let data = bridge::json(&event);
        self.tell(kind, &data);
        if notified {
            self.notify(now, &data);
        }
        self.xivo_call(id, kind, event.by.or(event.state));
        if let Some(call) = self.calls.get_mut(&id) {
            if call.said.is_empty() {
                self.last_turn += 1;
                call.turn = self.last_turn;
            }
            if call.said.len() >= MAX_SAID {
                // The first events are those a late host needs; the middle of a long call is not.
                let later = call.said.iter().skip(MAX_SAID / 2);
                let of_no_need = later.take_while(|(kind, _)| *kind == "phone:accepted").count();
                call.said.remove(MAX_SAID / 2 + of_no_need);
            }
            call.said.push((kind, data));
        }
        self.stale_journal = true;
    }

    /// The calls of which the host was told, in that order: one that waits for the microphone may have begun before one that
    /// rings already.
    pub(crate) fn told_calls(&self) -> Vec<&Call> {
        let mut told: Vec<&Call> = self.calls.values().filter(|call| !call.said.is_empty()).collect();
        told.sort_by_key(|call| call.turn);
        told
    }

    /// After every change of a call: a BYE of yesterday would be refused for its sequence number.
    pub(crate) fn renew_journal(&mut self, now: Instant) {
        if std::mem::take(&mut self.stale_journal) {
            let ids: Vec<CallId> = self.calls.keys().copied().collect();
            for id in ids {
                self.journal(now, id);
            }
        }
    }

    /// The contacts have changed: who is on the line may have a name now.
    pub(crate) fn refresh_matches(&mut self, now: Instant) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            let Some(number) = self.calls.get(&id).map(|call| call.number().to_owned()) else { continue };
            let matches = self.who_has(&number);
            if let Some(call) = self.calls.get_mut(&id).filter(|call| call.matches != matches) {
                call.matches = matches;
                self.tell_call(now, id, "phone:updated", Extra::default());
            }
        }
    }

    pub(crate) fn call_event(&self, now: Instant, id: CallId, extra: Extra) -> Option<CallEvent> {
        let call = self.calls.get(&id)?;
        let ended = extra.cause.is_some();
        let (wait, duration) = times(call, now, ended);
        let rows: Vec<ContactRow> =
            call.matches.iter().map(|hit| self.contact_row(hit, call.number())).collect();
        let mut event = CallEvent {
            context: self.context(),
            id: call.label.clone(),
            date: clock::iso8601(call.date),
            from: call.from.clone(),
            to: call.to.clone(),
            direction: call.direction.name(),
            status: match (call.talk(), ended) {
                (Some(_), _) => "answered",
                (None, true) => "missed",
                (None, false) => "ringing",
            },
            duration,
            wait,
            total: if ended { wait + duration } else { 0 },
            team: call.team.clone(),
            reference: call.reference.clone(),
            connected: call.connected.clone(),
            display_name: call.facts.display_name.clone(),
            contact: rows.first().cloned(),
            contacts: rows,
            headers: headers_map(&call.facts.extras),
            user_data: call.user_data.clone(),
            sip_call_id: call.facts.sip_call_id.clone(),
            video: false,
            code: extra.code,
            early_media: extra.early_media,
            by: extra.by,
            muted: extra.muted,
            state: extra.state,
            cause: extra.cause.map(|ending| cause_data(ending, extra.transferred_to)),
            enigma: None,
            cdr: None,
            quality: call.talk().filter(|_| ended).and_then(|talk| talk.quality.summary()).map(Heard::data),
        };
        event.cdr = self.record_008(&event);
        Some(event)
    }

    /// A contact as the host sees it, with the number that matched.
    pub(crate) fn contact_row(&self, hit: &Hit, number: &str) -> ContactRow {
        let matched =
            hit.phone.and_then(|phone| hit.contact.phones.get(phone)).or(hit.contact.phones.first());
        ContactRow {
            id: self.given_id(hit),
            source: source_name(&hit.source),
            name: hit.contact.name.clone(),
            number: matched.map_or_else(|| number.to_owned(), |phone| phone.number.clone()),
            company: hit.contact.company.clone(),
        }
    }

    /// What must still be said and sent if this core dies now.
    fn journal(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get(&id).filter(|call| !call.said.is_empty()) else { return };
        let ending = Ending::local(Reason::Error, 0, "The phone stopped");
        let accepted_at = call.talk().map(|talk| talk.accepted_wall);
        let farewell = call.session.and_then(|session| {
            let octets = self.agent.as_ref()?.farewell(session)?;
            Some((self.flow?, octets))
        });
        let Some(event) = self.call_event(now, id, Extra { cause: Some(ending), ..Extra::default() }) else {
            return;
        };
        let mut event = event;
        event.enigma = self.calls.get(&id).and_then(|call| self.enigma_end(call, &event));
        if accepted_at.is_some() {
            // The shell knows when this core died and fills these.
            (event.duration, event.total) = (0, event.wait);
        }
        let terminated = bridge::unnumbered("phone:terminated", &bridge::json(&event));
        let entry = Some(JournalEntry { terminated, accepted_at, farewell, told: false });
        self.out.push_back(Output::Journal { call: id, entry });
    }

    pub(crate) fn say_call(&mut self, id: CallId, text: &'static str) {
        self.announce_call(id, text, false);
    }

    pub(crate) fn alert_call(&mut self, id: CallId, text: &'static str) {
        self.announce_call(id, text, true);
    }

    fn announce_call(&mut self, id: CallId, text: &'static str, assertive: bool) {
        let (name, says) = self.calls.get(&id).map(|call| (call.name(), call.says())).unwrap_or_default();
        let text = Text { id: text, args: vec![("name", name), ("says", says), ("t", String::new())] };
        self.out.push_back(Output::Announce { text, assertive });
    }

    /// Answers the commands that waited for this.
    pub(crate) fn answer_asks(&mut self, id: CallId, wait: Await, data: &Value) {
        for ask in self.take_asks(id, wait) {
            self.answer_ask(Some(ask), data.clone());
        }
    }

    /// Answers the one that has waited longest for this.
    pub(crate) fn answer_first(&mut self, id: CallId, wait: Await) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if let Some(at) = call.asks.iter().position(|(awaited, _)| *awaited == wait) {
            let (_, ask) = call.asks.remove(at);
            self.answer_ask(Some(ask), Value::Object(Map::new()));
        }
    }

    /// They will not get it.
    pub(crate) fn fail_asks(&mut self, id: CallId, wait: Await, code: Code, message: &str) {
        for ask in self.take_asks(id, wait) {
            self.fail_ask(Some(ask), code, message);
        }
    }

    fn take_asks(&mut self, id: CallId, wait: Await) -> Vec<Ask> {
        let Some(call) = self.calls.get_mut(&id) else { return Vec::new() };
        let (taken, kept) =
            std::mem::take(&mut call.asks).into_iter().partition(|(awaited, _)| *awaited == wait);
        call.asks = kept;
        let taken: Vec<(Await, Ask)> = taken;
        taken.into_iter().map(|(_, ask)| ask).collect()
    }

    pub(crate) fn remember_label(&mut self, label: &str) {
        if self.labels.len() >= MAX_LABELS {
            self.labels.pop_front();
        }
        self.labels.reserve_exact(MAX_LABELS.saturating_sub(self.labels.len()));
        self.labels.push_back(fingerprint(label));
    }

    /// Whether a call of this load had this id. Two of 1,000 that only seem to be the same cost a `-2`.
    pub(crate) fn had_label(&self, label: &str) -> bool {
        self.labels.contains(&fingerprint(label))
    }
}

/// FNV-1a, 64 bits: a thousand ids are kept in the place of two hundred.
fn fingerprint(label: &str) -> u64 {
    let step = |hash: u64, octet: u8| (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
    label.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Whole seconds of ringing and of talk.
pub(crate) fn times(call: &Call, now: Instant, ended: bool) -> (u64, u64) {
    match &call.state {
        State::Talking(talk) if ended => (talk.wait, now.since(talk.accepted) / 1_000),
        State::Talking(talk) => (talk.wait, 0),
        _ if ended => (now.since(call.started) / 1_000, 0),
        _ => (0, 0),
    }
}

fn cause_data(ending: Ending, transferred_to: Option<String>) -> CauseData {
    CauseData {
        reason: ending.reason.name(),
        code: ending.code,
        text: ending.text,
        details: Some(ending.details).filter(|details| !details.is_empty()),
        ended_by: cause::side(ending.ended_by),
        transferred_to,
    }
}

fn headers_map(headers: &[(String, String)]) -> Map<String, Value> {
    let mut map = Map::new();
    for (name, value) in headers {
        map.entry(name.clone()).or_insert_with(|| Value::from(value.as_str()));
    }
    map
}

pub(crate) fn source_name(source: &Source) -> String {
    match source {
        Source::Vcard => "vcard".to_owned(),
        Source::Host(name) => name.clone(),
    }
}
