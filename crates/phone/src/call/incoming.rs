//! Calls that come in: the gates, the ring, the answer.
//!
//! It never answers by itself, but for a call in the place of the one whose sound is on, and for those that `auto_answer`
//! lets through.

use super::{Await, Call, Direction, EarlyOffer, MAX_CALLS, MAX_RINGING, Purpose, State, outgoing::Next};
use crate::{
    CallId, MediaError, MediaRequest, Output, Phone,
    bridge::{Ask, Code},
    call::tell::Extra,
    cause::{Ending, Reason},
    forward::{Onward, When},
    headers::{self, Facts},
    sdp,
    view::Text,
};
use softframe_sip::{Command, Instant, SessionId, wire::Message};
use std::collections::VecDeque;

/// INVITEs of one caller in ten seconds (protocol.md 1.7).
const MAX_PER_CALLER: usize = 5;
/// INVITEs in ten seconds.
const MAX_PER_TEN_SECONDS: usize = 20;

/// Why a call does not ring.
enum Refusal {
    Code(u16, Reason),
    /// It goes on to another number.
    Onward(Onward),
}

/// The INVITEs of the last ten seconds.
#[derive(Default)]
pub(crate) struct Arrivals {
    recent: VecDeque<(Instant, String)>,
}

impl Arrivals {
    fn admit(&mut self, now: Instant, caller: &str) -> bool {
        while self.recent.front().is_some_and(|(at, _)| now.since(*at) >= 10_000) {
            self.recent.pop_front();
        }
        let same = self.recent.iter().filter(|(_, who)| who == caller).count();
        if same >= MAX_PER_CALLER || self.recent.len() >= MAX_PER_TEN_SECONDS {
            return false;
        }
        self.recent.push_back((now, caller.to_owned()));
        true
    }
}

impl Phone {
    pub(crate) fn incoming(
        &mut self,
        now: Instant,
        session: SessionId,
        invite: &Message,
        replaces: Option<SessionId>,
    ) {
        let own = self.extension();
        let is_contact = |to: &str| self.agent.as_ref().is_some_and(|agent| agent.is_contact_user(to));
        let facts = headers::read(invite, &self.config.headers, |to| to == own || is_contact(to));
        let offer = invite.body().to_vec();
        let refusal = match replaces {
            // Nobody is there to take it, and in a moment there is no connection to end it over either.
            _ if self.space().is_none() => Some(Refusal::Code(480, Reason::Unavailable)),
            // The person has that call already, only with somebody else.
            Some(_) => sdp_refusal(&offer),
            None => self.refusal(now, &facts, &offer),
        };
        let (id, peer) = self.fresh_call();
        let state = State::Incoming { offer, silenced: false, trouble: None };
        let mut call = Call::new(id, peer, Direction::Inbound, now, state);
        call.session = Some(session);
        call.replaces = replaces;
        call.date = self.clock.wall(now);
        call.from = facts.from.clone();
        call.to = facts.dialled.clone().unwrap_or(own);
        call.team = facts.team.clone().unwrap_or_else(|| self.config.team.clone());
        call.matches = self.who_has(&facts.from);
        call.label = match &facts.call_id {
            Some(given) => self.unused_label(given),
            None => crate::uuid::uuid(&mut self.ids),
        };
        call.variables = facts.variables.clone();
        call.variables.show_in(&mut call.user_data);
        call.facts = facts;
        self.remember_label(&call.label);
        self.calls.insert(id, call);
        match refusal {
            Some(refusal) => self.turn_away(now, id, session, refusal),
            None => {
                self.plan_forward(now, id, replaces);
                self.plan_auto_answer(now, id, invite);
                self.ring(now, id);
                self.offer_early(now, id, invite);
                self.prepare_media(id);
                self.take_place(now, id, replaces);
            }
        }
    }

    /// Why a call does not ring. Forwarding of all calls goes before do-not-disturb, which goes before forwarding of those
    /// that meet another.
    fn refusal(&mut self, now: Instant, facts: &Facts, offer: &[u8]) -> Option<Refusal> {
        let ringing = self.calls.values().filter(|call| call.is_ringing_in()).count();
        let busy = !self.calls.is_empty();
        if !self.arrivals.admit(now, &facts.from) {
            return Some(Refusal::Code(486, Reason::Busy));
        }
        if let Some(onward) = self.onward(When::Unconditional) {
            return Some(Refusal::Onward(onward));
        }
        if self.person.dnd {
            return Some(Refusal::Code(self.config.dnd_code, Reason::Busy));
        }
        if let Some(onward) = self.onward(When::Busy).filter(|_| busy) {
            return Some(Refusal::Onward(onward));
        }
        let is_full = ringing >= MAX_RINGING || self.calls.len() >= MAX_CALLS;
        if is_full || (busy && !self.config.call_waiting) {
            return Some(Refusal::Code(486, Reason::Busy));
        }
        sdp_refusal(offer)
    }

    /// A call in the place of one whose sound is on is answered at once: the person is talking to that line. In the
    /// place of a held one it rings.
    fn take_place(&mut self, now: Instant, id: CallId, replaces: Option<SessionId>) {
        let replaced = replaces.and_then(|session| self.call_of(session));
        let Some(replaced) = replaced.and_then(|replaced| self.calls.get(&replaced)) else { return };
        let (muted, wants_hold) = (replaced.muted, replaced.talk().is_some_and(|talk| talk.want_held));
        if wants_hold || !(replaced.is_live() || replaced.is_outgoing_attempt()) {
            return;
        }
        if let Some(call) = self.calls.get_mut(&id) {
            // Who was not heard on that line is not heard on this one.
            call.muted = muted;
        }
        self.answer_now(now, id, None);
    }

    /// A call that never rang.
    fn turn_away(&mut self, now: Instant, id: CallId, session: SessionId, refusal: Refusal) {
        let (code, reason, headers, transferred_to) = match refusal {
            Refusal::Code(code, reason) => (code, reason, Vec::new(), None),
            Refusal::Onward(onward) => (302, Reason::Forwarded, onward.headers, Some(onward.destination)),
        };
        self.command(now, Command::Reject { session, code, headers });
        let ending = Ending::local(reason, code, "");
        let extra = Extra { cause: Some(ending.clone()), transferred_to, ..Extra::default() };
        let event = self.call_event(now, id, extra);
        if let Some(event) = event {
            self.tell("phone:refused", &crate::bridge::json(&event));
        }
        if let Some(call) = self.calls.remove(&id) {
            self.record(&call, now, &ending, false);
        }
    }

    fn ring(&mut self, now: Instant, id: CallId) {
        self.tell_call(now, id, "phone:ringing", Extra::default());
        let Some(call) = self.calls.get(&id) else { return };
        // What callers call themselves is quoted, to the ear, too (ui.md 1.5).
        let (said, name) = match call.says() {
            says if says.is_empty() => ("say.incoming", call.name()),
            says => ("say.incoming.says", says),
        };
        // A stranger's name is the number: it is read once.
        let number = if name == call.number() { "" } else { call.number() };
        let args = vec![("name", name), ("number", number.to_owned()), ("line", call.facts.queue.clone())];
        self.out.push_back(Output::Announce { text: Text { id: said, args }, assertive: true });
        self.ui.call_rings();
        if self.ui.sound_blocked {
            self.audio_blocked(now, id);
        }
    }

    pub(crate) fn audio_blocked(&mut self, now: Instant, id: CallId) {
        self.tell_call(now, id, "phone:audio-blocked", Extra::default());
        self.attention("sound");
    }

    /// Answers, after holding the call that is live.
    pub(crate) fn answer(&mut self, now: Instant, id: CallId, ask: Option<Ask>) {
        if !self.calls.get(&id).is_some_and(Call::is_ringing_in) {
            self.fail_ask(ask, Code::WrongState, "This call does not ring.");
            return;
        }
        if let Some(call) = self.calls.get_mut(&id) {
            // Who answers before its time has done so by hand.
            call.auto_answer.take_if(|at| *at > now);
        }
        match self.live_call() {
            Some(live) => self.hold_then(now, live, Next::Answer(id, ask)),
            None => self.answer_now(now, id, ask),
        }
    }

    pub(crate) fn answer_now(&mut self, now: Instant, id: CallId, ask: Option<Ask>) {
        let Some(call) = self.calls.get_mut(&id) else {
            self.fail_ask(ask, Code::NoSuchCall, "The call is over.");
            return;
        };
        let State::Incoming { offer, .. } = &call.state else {
            self.fail_ask(ask, Code::WrongState, "This call does not ring.");
            return;
        };
        let offer = offer.clone();
        let request = match std::str::from_utf8(&offer) {
            _ if call.early != EarlyOffer::None => MediaRequest::Microphone,
            Ok("") | Err(_) => MediaRequest::Offer { send: true, restart: false },
            Ok(text) => MediaRequest::Answer { offer: text.to_owned(), send: true },
        };
        call.state = State::Answering { offer };
        call.asks.extend(ask.map(|ask| (Await::Answered, ask)));
        self.ui.show_call(id);
        self.ask_media(now, id, request, Purpose::Accept);
    }

    /// The browser made our answer: 200.
    pub(crate) fn answer_made(&mut self, now: Instant, id: CallId, sdp: String) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (State::Answering { offer }, Some(session)) = (&call.state, call.session) else { return };
        let offered = std::str::from_utf8(offer).ok().and_then(sdp::inspect);
        let late = offer.is_empty();
        call.state = State::Accepting { offered, late, hold: false };
        self.accept_session(now, id, session, sdp);
    }

    /// The ACK came: both sides agree that the call stands.
    pub(crate) fn confirmed(&mut self, now: Instant, session: SessionId, body: &[u8]) {
        let Some(id) = self.call_of(session) else { return };
        let Some(call) = self.calls.get(&id) else { return };
        let (offered, late) = match &call.state {
            State::Accepting { offered, late, .. } => (*offered, *late),
            State::Talking(_) => return self.late_answer(now, id, body),
            _ => return,
        };
        let answer = sdp::admit(body).ok().map(str::to_owned);
        if late && answer.is_none() {
            // RFC 3261 §13.2.1: ours was the offer, and without an answer there is no sound in either direction.
            self.command(now, Command::Terminate { session, reason: None });
            return self.finish(now, id, Ending::local(Reason::MediaFailed, 488, "No usable answer"));
        }
        let looks = answer.as_deref().map_or(offered, sdp::inspect);
        self.begin_talk(now, id, looks);
        self.begins_broken(now, id);
        if let Some(answer) = answer {
            self.ask_media(now, id, MediaRequest::Accept { answer, provisional: false }, Purpose::Final);
        }
        // What waited for the ACK.
        self.advance(now, id);
    }

    /// Answering met trouble at the microphone: the call rings on, declining says 480 (protocol.md 1.6).
    pub(crate) fn answer_failed(&mut self, now: Instant, id: CallId, error: MediaError) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let State::Answering { offer } = &call.state else { return };
        if error == MediaError::Description {
            if let Some(session) = call.session {
                self.command(now, Command::Reject { session, code: 488, headers: Vec::new() });
            }
            self.finish(now, id, Ending::local(Reason::MediaFailed, 488, "Not Acceptable Here"));
            return;
        }
        call.state = State::Incoming { offer: offer.clone(), silenced: false, trouble: Some(error) };
        // The next try is the person's.
        call.auto_answer = None;
        // Who has our offer already is spoken to over the transport that made it.
        if call.early == EarlyOffer::None {
            self.renew_peer(id);
        }
        self.fail_asks(id, Await::Answered, Code::of_media(error), "The microphone cannot be used.");
        self.media_trouble(error, None);
    }

    /// Declines, or refuses with the host's code.
    pub(crate) fn decline(&mut self, now: Instant, id: CallId, code: Option<u16>) {
        let Some(call) = self.calls.get(&id) else { return };
        let Some(session) = call.session else { return };
        let (trouble, ringing) = match &call.state {
            State::Incoming { trouble, .. } => (trouble.is_some(), true),
            State::Answering { .. } => (false, true),
            _ => (false, false),
        };
        if !ringing {
            return;
        }
        let code = code.unwrap_or(if trouble { 480 } else { 486 });
        self.command(now, Command::Reject { session, code, headers: Vec::new() });
        let reason = if trouble { Reason::MediaFailed } else { Reason::Rejected };
        self.finish(now, id, Ending::local(reason, code, ""));
    }

    /// The page goes while calls ring: nobody has declined them. Who calls is sent away, and the person has missed them.
    pub(crate) fn ring_in_vain(&mut self, now: Instant) {
        let ringing = self.calls.values().filter(|call| call.is_ringing_in());
        let ringing: Vec<(CallId, SessionId)> =
            ringing.filter_map(|call| Some((call.id, call.session?))).collect();
        for (id, session) in ringing {
            self.command(now, Command::Reject { session, code: 480, headers: Vec::new() });
            self.finish(now, id, Ending::local(Reason::NoAnswer, 480, ""));
        }
    }

    /// `given`, or with `-2`, `-3` … if a call of this load had it: a queue that rings again uses its id again. Nor may it
    /// be the page's own name for a call: whoever calls would get what is meant for that one.
    fn unused_label(&self, given: &str) -> String {
        let names = || self.calls.values().filter_map(|call| call.reference.as_ref());
        let free = |label: &String| !self.had_label(label) && !names().any(|name| name == label);
        let numbered = (2..).map(|n: u32| format!("{given}-{n}"));
        std::iter::once(given.to_owned()).chain(numbered).find(free).unwrap_or_else(|| given.to_owned())
    }

    pub(crate) fn oldest_ringing(&self) -> Option<CallId> {
        self.calls.values().find(|call| call.is_ringing_in()).map(|call| call.id)
    }
}

fn sdp_refusal(offer: &[u8]) -> Option<Refusal> {
    let is_bad = !offer.is_empty() && sdp::admit(offer).is_err();
    is_bad.then_some(Refusal::Code(488, Reason::MediaFailed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_gets_five_attempts_in_ten_seconds_and_all_together_twenty() {
        let mut arrivals = Arrivals::default();
        for at in 0..5 {
            assert!(arrivals.admit(Instant(at), "1"));
        }
        assert!(!arrivals.admit(Instant(9_999), "1"));
        for caller in 2..17 {
            assert!(arrivals.admit(Instant(9_999), &caller.to_string()));
        }
        assert!(!arrivals.admit(Instant(9_999), "99"));
        assert!(arrivals.admit(Instant(10_000), "1"));
    }
}
