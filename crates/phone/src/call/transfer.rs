//! Transfers: blind, and attended after a second call has asked (RFC 5589). What fails leaves the calls that there are.
//!
//! It never ends a call before the other two are known to be connected.

use super::{Await, Call, State, Talk, Wish};
use crate::{
    Action, CallId, Phone,
    bridge::{Ask, Code},
    call::tell::Extra,
    cause::{Ending, Reason},
    dial,
    view::{Banner, Text, Tone},
};
use serde_json::json;
use softframe_sip::{Command, EndedBy, Instant, SessionId};

/// So long the other side has to say that somebody has answered, before the person is offered to talk on.
const TAKE_BACK_MILLIS: u64 = 10_000;

/// A transfer under way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Transfer {
    /// The number it goes to.
    pub(crate) to: String,
    pub(crate) since: Instant,
    /// Our call with that number, which ends as well (attended).
    pub(crate) other: Option<CallId>,
    /// The person talks on. A REFER cannot be withdrawn (RFC 3515): whoever answers all the same gets the call.
    pub(crate) taken_back: bool,
}

/// A transfer that came back (35).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FailedTransfer {
    /// The call that is back.
    pub(crate) call: CallId,
    /// Where it should have gone.
    pub(crate) to: String,
    why: Reason,
    /// The person has heard of it.
    told: bool,
}

impl Phone {
    /// Blind transfer to a cleaned number.
    pub(crate) fn transfer(&mut self, now: Instant, id: CallId, to: String, ask: Option<Ask>) {
        self.refer(now, id, Transfer { to, since: now, other: None, taken_back: false }, ask);
    }

    /// Whoever was called to be connected with somebody has answered.
    pub(super) fn connect_onward(&mut self, now: Instant, id: CallId) {
        let onward =
            self.calls.get(&id).filter(|call| call.talk().is_some()).and_then(|call| call.onward.clone());
        if let Some(to) = onward {
            self.transfer(now, id, to, None);
        }
    }

    /// What the person typed, cleaned.
    pub(crate) fn aim(
        &mut self,
        now: Instant,
        id: CallId,
        to: &str,
        act: impl FnOnce(&mut Phone, Instant, CallId, String, Option<Ask>),
    ) {
        match dial::clean(to, &self.config) {
            Ok(to) => {
                self.ui.picking = None;
                act(self, now, id, to, None);
            }
            Err(_) => self.ui.toast(now, Text::of("dial.invalid"), true),
        }
    }

    fn refer(&mut self, now: Instant, id: CallId, transfer: Transfer, ask: Option<Ask>) {
        let replaces =
            transfer.other.and_then(|other| self.calls.get(&other)).and_then(|other| other.session);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (session, variables) = (call.session, call.variables.clone());
        let (Some(session), Some(talk)) = (session, call.talk_mut().filter(|talk| talk.transfer.is_none()))
        else {
            self.fail_ask(ask, Code::WrongState, "This call cannot be transferred now.");
            return;
        };
        let target = transfer.to.clone();
        talk.transfer = Some(transfer);
        self.ui.failed_transfer = None;
        call.asks.extend(ask.map(|ask| (Await::Transferred, ask)));
        let headers = self.carried(&variables, &target);
        self.command(now, Command::Refer { session, target, replaces, headers });
    }

    /// Asks `to` first, while this call is held.
    pub(crate) fn consult(&mut self, now: Instant, id: CallId, to: String, ask: Option<Ask>) {
        let asks_already = self.calls.values().any(|call| call.consults == Some(id));
        if asks_already || !self.calls.get(&id).is_some_and(Call::can_be_joined) {
            self.fail_ask(ask, Code::WrongState, "This call cannot be transferred now.");
            return;
        }
        let variables = self.calls.get(&id).map(|call| call.variables.clone()).unwrap_or_default();
        // Somebody else is asked: what became of the last one is known.
        self.ui.failed_transfer = None;
        self.dial(now, Wish { number: to, ask, variables, consults: Some(id), ..Wish::default() });
    }

    /// Connects the other sides of two calls. What the host leaves out are the call that waits and the one that asks
    /// for it, or the only two there are.
    pub(crate) fn complete_transfer(
        &mut self,
        now: Instant,
        first: Option<CallId>,
        other: Option<CallId>,
        ask: Option<Ask>,
    ) {
        let Some((first, other)) = self.pair(first, other) else {
            self.fail_ask(ask, Code::WrongState, "There are no two calls to connect.");
            return;
        };
        let is_free = |id: CallId| self.calls.get(&id).is_some_and(Call::can_be_joined);
        if !is_free(first) || !is_free(other) {
            self.fail_ask(ask, Code::WrongState, "Both calls must be answered, and not be transferred.");
            return;
        }
        let to = self.calls.get(&other).map(|call| call.number().to_owned()).unwrap_or_default();
        self.refer(now, first, Transfer { to, since: now, other: Some(other), taken_back: false }, ask);
    }

    /// The call that is transferred, and the one whose other side it gets.
    pub(super) fn pair(&self, first: Option<CallId>, other: Option<CallId>) -> Option<(CallId, CallId)> {
        let origin_of = |id: CallId| self.calls.get(&id).and_then(|call| call.consults);
        let asks_for =
            |id: CallId| self.calls.values().find(|call| call.consults == Some(id)).map(|call| call.id);
        let pair = match (first, other) {
            (Some(first), Some(other)) => Some((first, other)),
            (Some(one), None) | (None, Some(one)) => match (origin_of(one), asks_for(one)) {
                (Some(origin), _) => Some((origin, one)),
                (None, Some(asking)) => Some((one, asking)),
                (None, None) => self.two_calls(),
            },
            (None, None) => {
                let asking = self.calls.values().rev().find_map(|call| Some((call.consults?, call.id)));
                asking.or_else(|| self.two_calls())
            }
        };
        pair.filter(|(first, other)| {
            let named = |id: &CallId| self.calls.get(id).is_some();
            first != other && named(first) && named(other)
        })
    }

    /// The only two that are answered, the held one first.
    fn two_calls(&self) -> Option<(CallId, CallId)> {
        let mut talking = self.calls.values().filter(|call| call.talk().is_some());
        match (talking.next(), talking.next(), talking.next()) {
            (Some(one), Some(two), None) if one.is_live() => Some((two.id, one.id)),
            (Some(one), Some(two), None) => Some((one.id, two.id)),
            _ => None,
        }
    }

    /// Whether the person may have this call back, of whose transfer nothing is heard. Where somebody was asked first,
    /// there are two calls to go back to.
    pub(crate) fn may_take_back(&self, now: Instant, call: &Call) -> bool {
        let under_way = call.talk().and_then(|talk| talk.transfer.as_ref());
        under_way.is_some_and(|transfer| {
            let is_blind = transfer.other.is_none() && call.onward.is_none();
            is_blind && !transfer.taken_back && now.since(transfer.since) >= TAKE_BACK_MILLIS
        })
    }

    /// The person talks on with who was to be transferred.
    pub(crate) fn take_back(&mut self, now: Instant, id: CallId) {
        if !self.calls.get(&id).is_some_and(|call| self.may_take_back(now, call)) {
            return;
        }
        let talk = self.calls.get_mut(&id).and_then(Call::talk_mut);
        if let Some(transfer) = talk.and_then(|talk| talk.transfer.as_mut()) {
            transfer.taken_back = true;
        }
        self.say_their_hold(id);
        self.resume(now, id, None);
    }

    /// "This call ends when {to} answers. If nobody does, {name} comes back."
    pub(crate) fn transfer_note(&self, call: &Call) -> Option<Text> {
        let transfer = call.talk()?.transfer.as_ref().filter(|transfer| !transfer.taken_back)?;
        let to = self.name_of(&transfer.to).unwrap_or_else(|| transfer.to.clone());
        Some(Text { id: "transfer.running.note", args: vec![("to", to), ("name", call.first_name())] })
    }

    /// Ends the call that asks, and goes back to the one that waits.
    pub(crate) fn cancel_transfer(&mut self, now: Instant, ask: Option<Ask>) {
        let asking = self.calls.values().rev().find_map(|call| Some((call.consults?, call.id)));
        let Some((origin, asking)) = asking else {
            self.fail_ask(ask, Code::WrongState, "There is no transfer to cancel.");
            return;
        };
        let is_under_way =
            self.calls.get(&origin).and_then(Call::talk).is_some_and(|talk| talk.transfer.is_some());
        if is_under_way {
            self.fail_ask(ask, Code::WrongState, "The transfer is under way.");
            return;
        }
        if let Some(call) = self.calls.get_mut(&asking) {
            call.consults = None;
        }
        self.end(now, asking, Reason::Hangup);
        self.resume(now, origin, ask);
    }

    /// Back to who was held for a call that is over now.
    pub(crate) fn resume(&mut self, now: Instant, id: CallId, ask: Option<Ask>) {
        match self.calls.get(&id).is_some_and(|call| call.talk().is_some()) {
            true => {
                self.ui.front = Some(id);
                self.hold(now, id, false, ask);
            }
            false => self.answer_ask(ask, json!({})),
        }
    }

    /// A call is over. Who asked for another goes back to it; who waited for one that asked is not gone back to.
    pub(crate) fn after_consultation(&mut self, now: Instant, over: &Call, ending: &Ending) {
        let asking = self.calls.iter_mut().find(|(_, call)| call.consults == Some(over.id));
        if let Some((_, asking)) = asking {
            asking.consults = None;
            let (asking, to) = (asking.id, asking.to.clone());
            self.nobody_waits(now, asking, to, over, ending);
        }
        let Some(origin) = over.consults else { return };
        let Some(talk) = self.calls.get(&origin).and_then(Call::talk) else { return };
        // The transfer's own outcome decides, or the person went back already.
        if talk.transfer.is_some() || !talk.want_held {
            return;
        }
        // What the person did themselves is no news to them.
        let is_own =
            ending.ended_by == EndedBy::Local && matches!(ending.reason, Reason::Hangup | Reason::Cancelled);
        self.resume(now, origin, None);
        if !is_own {
            self.tell_person(origin, over.number(), ending.reason);
        }
    }

    /// Who waited has hung up: one that is not called yet is not called at all, one that rings is the person's to end.
    fn nobody_waits(&mut self, now: Instant, asking: CallId, to: String, over: &Call, ending: &Ending) {
        let attempt = self.calls.get(&asking).filter(|call| call.is_outgoing_attempt());
        if ending.ended_by == EndedBy::Local || attempt.is_none() {
            return;
        }
        if attempt.is_some_and(|call| matches!(call.state, State::Preparing { .. })) {
            self.end(now, asking, Reason::Cancelled);
            return self.tell_nobody_waits(now, to);
        }
        let args = vec![("name", over.name()), ("says", over.says())];
        self.ui.toast(now, Text { id: "transfer.left", args }, true);
    }

    /// "The caller hung up. {to} was not called."
    pub(crate) fn tell_nobody_waits(&mut self, now: Instant, to: String) {
        self.ui.toast(now, Text { id: "transfer.gone", args: vec![("to", to)] }, true);
    }

    /// "{to}: {reason}. {name} is back with you."
    fn tell_person(&mut self, back: CallId, to: &str, why: Reason) {
        self.ui.failed_transfer = Some(FailedTransfer { call: back, to: to.to_owned(), why, told: false });
        // Whether the call is heard again is known once the other side has answered.
        let resumes = |talk: &Talk| talk.held.is_some() && !talk.want_held;
        if !self.calls.get(&back).and_then(Call::talk).is_some_and(resumes) {
            self.failure_is_clear(back);
        }
    }

    /// The call that is back is heard again, or stays on hold: it is said, once.
    pub(super) fn failure_is_clear(&mut self, back: CallId) {
        let failed = self.ui.failed_transfer.as_mut().filter(|failed| failed.call == back && !failed.told);
        let Some(failed) = failed else { return };
        failed.told = true;
        let failed = failed.clone();
        let text = self.failed_text(&failed);
        self.say(text, true);
    }

    fn failed_text(&self, failed: &FailedTransfer) -> Text {
        let call = self.calls.get(&failed.call);
        let (name, says) = call.map(|call| (call.name(), call.says())).unwrap_or_default();
        let to = self.name_of(&failed.to).unwrap_or_else(|| failed.to.clone());
        let reason = failed.why.text_id().to_owned();
        let args = vec![("to", to), ("reason", reason), ("name", name), ("says", says)];
        let waits = call.and_then(Call::talk).is_some_and(|talk| talk.held.is_some());
        Text { id: if waits { "transfer.failed.held" } else { "transfer.failed" }, args }
    }

    /// 35, over the call that is back.
    pub(crate) fn failed_banner(&self) -> Option<Banner> {
        let failed = self.ui.failed_transfer.as_ref().filter(|_| !self.ui.browsing)?;
        (self.front_call()?.id == failed.call).then(|| Banner {
            tone: Tone::End,
            icon: "alert",
            text: self.failed_text(failed),
            action: Some((Text::of("transfer.retry"), Action::RetryTransfer)),
        })
    }

    /// The number that is being connected with the other side of this call, if a transfer of ours does that.
    pub(crate) fn joins(&self, id: CallId) -> Option<String> {
        let other = |call: &Call| call.talk()?.transfer.as_ref()?.other;
        let waits = self.calls.values().find(|call| other(call) == Some(id));
        waits.map(|call| call.number().to_owned())
    }

    /// Transfers of which nobody has told the end.
    pub(crate) fn transfers_due(&mut self, now: Instant) {
        let due = |call: &Call| {
            let due = call.talk().and_then(Talk::transfer_ends).is_some_and(|at| at <= now);
            call.session.filter(|_| due)
        };
        let due: Vec<SessionId> = self.calls.values().filter_map(due).collect();
        for session in due {
            self.transfer_went(now, session, 408);
        }
    }

    pub(crate) fn transfer_went(&mut self, now: Instant, session: SessionId, code: u16) {
        let Some(id) = self.call_of(session) else { return self.transfer_went_over(now, session, code) };
        let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) else { return };
        let Some(transfer) = talk.transfer.clone() else { return };
        let state = match code {
            0..=100 => "trying",
            101..=199 => "progress",
            200..=299 => "done",
            _ => "failed",
        };
        if code >= 300 {
            talk.transfer = None;
        }
        let extra = Extra { code: Some(code), state: Some(state), ..Extra::default() };
        self.tell_call(now, id, "phone:transfer", extra);
        match code {
            200..300 => self.transferred(now, id, transfer),
            300.. => self.transfer_failed(now, id, &transfer, code),
            0..200 => {}
        }
    }

    /// The other two are connected: we leave.
    fn transferred(&mut self, now: Instant, id: CallId, transfer: Transfer) {
        self.answer_asks(id, Await::Transferred, &json!({}));
        let from = self.calls.get(&id).map(|call| call.number().to_owned()).unwrap_or_default();
        self.leave_to(now, id, transfer.to);
        if let Some(other) = transfer.other {
            self.leave_to(now, other, from);
        }
    }

    pub(super) fn leave_to(&mut self, now: Instant, id: CallId, to: String) {
        let Some(session) = self.calls.get(&id).and_then(|call| call.session) else { return };
        self.command(now, Command::Terminate { session, reason: None });
        self.finish_to(now, id, Ending::local(Reason::Transferred, 200, ""), Some(to));
    }

    fn transfer_failed(&mut self, now: Instant, id: CallId, transfer: &Transfer, code: u16) {
        self.fail_asks(id, Await::Transferred, Code::Sip(code), "The transfer failed.");
        let why = Reason::of_status(code).unwrap_or(Reason::Error);
        let both_stand = transfer.other.is_some_and(|other| self.calls.contains_key(&other));
        if both_stand {
            // Nobody is back: the one still waits, and the person still talks to the other.
            let args = vec![("reason", why.text_id().to_owned())];
            self.ui.toast(now, Text { id: "transfer.refused", args }, true);
        } else if !transfer.taken_back {
            // Who is back is live (ui.md 35), unless the person talks to somebody else meanwhile.
            let is_held = self.calls.get(&id).and_then(Call::talk).is_some_and(|talk| talk.want_held);
            let talks = self.calls.values().any(|other| other.id != id && other.is_live());
            if is_held && !talks {
                self.resume(now, id, None);
            }
            // Who talks on already has nobody to be told of.
            self.tell_person(id, &transfer.to, why);
        }
        // Nobody is there for who was called to be connected.
        if self.calls.get(&id).is_some_and(|call| call.onward.is_some()) {
            return self.end(now, id, Reason::Hangup);
        }
        // The one that was asked has gone meanwhile: who waits is not left alone.
        if transfer.other.is_some() && !both_stand {
            self.resume(now, id, None);
        }
    }
}
