//! Calls we make: the wish, the offer, the INVITE, early media, forks, the answer.
//!
//! It never dials what `dial` has not let pass.

use super::{Await, Call, Direction, Exchange, Progressing, Purpose, Renewal, State};
use crate::{
    CallId, MediaRequest, PeerId, Phone,
    bridge::{Ask, Code},
    call::tell::Extra,
    cause::{Ending, Reason},
    data::{self, Variables},
    dial, headers, sdp,
};
use serde_json::{Value, json};
use softframe_sip::{Command, Instant, SessionId, wire::Message};

/// Headers a host may add to an INVITE.
const MAX_HOST_HEADERS: usize = 32;
/// Octets of the value of one of them.
const MAX_HOST_HEADER_OCTETS: usize = 512;
/// Forks whose answers are kept: as many as the SIP side tells apart.
const MAX_ANSWERS: usize = 16;
/// A microphone prompt in a frame that is not displayed is never seen: the page is told after this time.
const ATTENTION_MILLIS: u64 = 1_500;

/// `from` of a call that does not say who calls (RFC 3323).
pub(crate) const WITHHELD: &str = "anonymous";

/// A call that somebody wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wish {
    /// Cleaned.
    pub(crate) number: String,
    pub(crate) from: Option<String>,
    pub(crate) user_data: Option<Value>,
    /// What the INVITE carries, if it may.
    pub(crate) variables: Variables,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) reference: Option<String>,
    /// The host's command, if it was one.
    pub(crate) ask: Option<Ask>,
    /// The session whose other side asked for it (a transfer), if it was one.
    pub(crate) referred: Option<SessionId>,
    /// The call that waits while this one asks, if it is for a transfer of it.
    pub(crate) consults: Option<CallId>,
    /// The number that who answers is connected with.
    pub(crate) onward: Option<String>,
    /// The page has let it pass, or has nothing to say.
    pub(crate) cleared: bool,
}

/// What goes on once the active call is held.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    Dial(Box<Wish>),
    Answer(CallId, Option<Ask>),
    Unhold(CallId, Option<Ask>),
}

impl Phone {
    /// Dials, after holding the call that is live.
    pub(crate) fn dial(&mut self, now: Instant, wish: Wish) {
        if let Some((code, message)) = self.no_dialling() {
            self.refuse_dialling(now, &wish, code);
            self.decline_referral(now, &wish);
            self.fail_ask(wish.ask, code, message);
            return;
        }
        let Some(wish) = self.ask_clearance(now, wish) else { return };
        match self.live_call() {
            Some(live) => self.hold_then(now, live, Next::Dial(Box::new(wish))),
            None => self.begin_outgoing(now, wish),
        }
    }

    pub(crate) fn no_dialling(&self) -> Option<(Code, &'static str)> {
        if !self.is_registered() {
            return Some((Code::NotRegistered, "The phone is not registered."));
        }
        if self.calls.len() >= super::MAX_CALLS {
            return Some((Code::TooManyCalls, "There are six calls already."));
        }
        let attempt = self.calls.values().any(Call::is_outgoing_attempt)
            || self.after_hold.is_some()
            || self.is_clearing();
        attempt.then_some((Code::WrongState, "Another call is being made."))
    }

    pub(crate) fn begin_outgoing(&mut self, now: Instant, wish: Wish) {
        let (id, peer) = self.fresh_call();
        let state = State::Preparing { attention_at: Some(now.after(ATTENTION_MILLIS)) };
        let mut call = Call::new(id, peer, Direction::Outbound, now, state);
        call.label = crate::uuid::uuid(&mut self.ids);
        let from = wish.from.or_else(|| self.rc.from()).or_else(|| self.config.numbers.first().cloned());
        let withheld = from.as_deref() == Some(WITHHELD);
        let domain = self.identity().map(|identity| identity.domain.clone()).unwrap_or_default();
        let identity = match &from {
            Some(_) if withheld => vec![("Privacy".to_owned(), "id".to_owned())],
            Some(from) => {
                let number = dial::clean_number(from, false).unwrap_or_else(|_| from.clone());
                headers::identity(&self.config.headers.from, &number, &domain)
            }
            None => Vec::new(),
        };
        call.from = if withheld { String::new() } else { from.unwrap_or_else(|| self.extension()) };
        call.matches = self.who_has(&wish.number);
        call.to = wish.number;
        call.team = self.config.team.clone();
        call.user_data = wish.user_data;
        call.variables = wish.variables;
        call.variables.show_in(&mut call.user_data);
        call.reference = wish.reference;
        call.referred = wish.referred;
        call.consults = wish.consults;
        call.onward = wish.onward;
        call.headers = host_headers(wish.headers, &self.config.headers.call_id);
        call.facts.contact_ref = headers::contact_ref_of(&call.headers, &self.config.headers.contact_ref);
        call.headers.extend(identity);
        call.headers.push((self.config.headers.call_id.clone(), call.label.clone()));
        call.asks.extend(wish.ask.map(|ask| (Await::Inviting, ask)));
        call.date = self.clock.wall(now);
        self.remember_label(&call.label);
        self.calls.insert(id, call);
        self.ui.show_call(id);
        self.ask_media(now, id, MediaRequest::Offer { send: true, restart: false }, Purpose::Invite);
    }

    pub(crate) fn fresh_call(&mut self) -> (CallId, PeerId) {
        self.last_call += 1;
        self.last_peer += 1;
        (CallId(self.last_call), PeerId(self.last_peer))
    }

    pub(crate) fn offer_made(&mut self, now: Instant, id: CallId, sdp: String) {
        let Some(session) = self.agent.as_mut().map(|agent| agent.next_session()) else {
            // Signed out meanwhile.
            return self.finish(now, id, Ending::local(Reason::Cancelled, 0, ""));
        };
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.session = Some(session);
        call.state = State::Calling;
        let (target, mut headers, offer) = (call.to.clone(), call.headers.clone(), sdp.into_bytes());
        let (variables, referred) = (call.variables.clone(), call.referred);
        headers.extend(self.carried(&variables, &target));
        // Whether or not who transferred us has left: what they asked for is more than a number.
        let command = match referred {
            Some(referred) => Command::Follow { session, referred, offer, headers },
            None => Command::Invite { session, target, offer, headers },
        };
        self.command(now, command);
    }

    /// The INVITE is on the wire: the call begins for the host.
    pub(crate) fn inviting(&mut self, now: Instant, session: SessionId) {
        let Some(id) = self.call_of(session) else { return };
        let wall = self.clock.wall(now);
        let sip_call_id = self.agent.as_ref().and_then(|agent| agent.call_id(session)).map(str::to_owned);
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.facts.sip_call_id = sip_call_id.unwrap_or_default();
        call.started = now;
        call.date = wall;
        let (label, muted) = (call.label.clone(), call.muted);
        self.tell_call(now, id, "phone:calling", Extra::default());
        if muted {
            self.tell_call(now, id, "phone:muted", Extra { muted: Some(true), ..Extra::default() });
        }
        self.say_call(id, "call.calling");
        self.answer_asks(id, Await::Inviting, &json!({ "callId": label }));
    }

    pub(crate) fn progress(&mut self, now: Instant, session: SessionId, fork: String, response: &Message) {
        let Some(id) = self.call_of(session) else { return };
        let code = response.status().map_or(0, |(code, _)| code);
        let media = sdp::admit(response.body()).ok().map(str::to_owned);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let before = match &call.state {
            State::Calling => Progressing::since(now),
            State::Progressing(progressing) => progressing.clone(),
            _ => return,
        };
        let Progressing { since, ringing, mut early, renewing, mut answers, told } = before;
        let first_ring = code == 180 && !ringing;
        let first_media = media.clone().filter(|_| early.is_none());
        if first_media.is_some() {
            early = Some(fork.clone());
        }
        let is_known = answers.iter().any(|(known, _)| *known == fork);
        answers.extend(media.filter(|_| !is_known && answers.len() < MAX_ANSWERS).map(|sdp| (fork, sdp)));
        let heard = early.is_some();
        let ringing = ringing || code == 180;
        let told_now = (code, heard);
        call.state =
            State::Progressing(Progressing { since, ringing, early, renewing, answers, told: told_now });
        if let Some(answer) = first_media {
            self.ask_media(now, id, MediaRequest::Accept { answer, provisional: true }, Purpose::Early);
        }
        // Each fork rings, and each repeats it: the host hears of what is new.
        if told != (code, heard) {
            let extra = Extra { code: Some(code), early_media: Some(heard), ..Extra::default() };
            self.tell_call(now, id, "phone:progress", extra);
        }
        if first_ring {
            self.say_call(id, "call.ringing");
        }
        self.connected(now, id, response);
    }

    /// The call was transferred behind their server.
    pub(crate) fn identified(&mut self, now: Instant, session: SessionId, request: &Message) {
        if let Some(id) = self.call_of(session) {
            self.connected(now, id, request);
        }
    }

    /// The network says who has the line: a colleague of the group that was called, or who it was forwarded to.
    fn connected(&mut self, now: Instant, id: CallId, response: &Message) {
        let Some(party) = headers::asserted(response).filter(|party| !party.anonymous) else { return };
        let Some(call) = self.calls.get_mut(&id).filter(|_| !party.user.is_empty()) else { return };
        let is_other = party.user != call.number();
        let is_named = !party.display.is_empty() && party.display != call.facts.display_name;
        if !is_named && !is_other {
            return;
        }
        if is_other {
            call.connected = Some(party.user);
        }
        call.facts.display_name = party.display;
        let number = call.number().to_owned();
        let matches = self.who_has(&number);
        if let Some(call) = self.calls.get_mut(&id) {
            call.matches = matches;
        }
        self.tell_call(now, id, "phone:updated", Extra::default());
    }

    pub(crate) fn accepted(&mut self, now: Instant, session: SessionId, fork: &str, response: &Message) {
        let Some(id) = self.call_of(session) else {
            // The person hung up while the 200 was under way.
            self.command(now, Command::Terminate { session, reason: None });
            return;
        };
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Progressing { early, renewing, answers, .. } = match &mut call.state {
            State::Calling => Progressing::since(now),
            State::Progressing(progressing) => std::mem::replace(progressing, Progressing::since(now)),
            _ => return,
        };
        let body = match sdp::admit(response.body()) {
            Ok(body) => Some(body.to_owned()),
            // RFC 3261 §13.2.1: the answer may have come in a reliable 18x already.
            Err(_) if response.body().is_empty() => {
                answers.into_iter().find(|(known, _)| known == fork).map(|(_, sdp)| sdp)
            }
            Err(_) => None,
        };
        let Some(body) = body else {
            self.command(now, Command::Terminate { session, reason: None });
            self.finish(now, id, Ending::local(Reason::MediaFailed, 488, "No usable answer"));
            return;
        };
        self.connected(now, id, response);
        self.begin_talk(now, id, sdp::inspect(&body));
        match early {
            Some(heard) if heard != fork => self.talk_with_another_fork(now, id),
            Some(_) | None => {
                self.begins_broken(now, id);
                self.take_answer(now, id, body, renewing);
            }
        }
        self.connect_onward(now, id);
    }

    /// The browser has taken the description of the fork that lost: a transport speaks to one peer only, so the
    /// winner gets a fresh one by re-INVITE.
    fn talk_with_another_fork(&mut self, now: Instant, id: CallId) {
        self.renew_peer(id);
        let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) else { return };
        let renewal = Renewal { hold: talk.want_held, restart: false, fresh: true };
        talk.exchange = Exchange::Offering(renewal);
        let offer = MediaRequest::Offer { send: !renewal.hold, restart: false };
        self.ask_media(now, id, offer, Purpose::Reinvite);
    }

    /// A call whose microphone prompt stays open asks the page to show the phone.
    pub(crate) fn prompts_due(&mut self, now: Instant) {
        let mut due = false;
        for (_, call) in self.calls.iter_mut() {
            if let State::Preparing { attention_at } = &mut call.state {
                due |= attention_at.take_if(|at| *at <= now).is_some();
            }
        }
        if due {
            self.attention("microphone");
        }
    }
}

/// Only `X-*` of a host go out, none that is `ours`, and nothing that could end a header early.
fn host_headers(headers: Vec<(String, String)>, ours: &str) -> Vec<(String, String)> {
    let token = |name: &str| name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-');
    headers
        .into_iter()
        .filter(|(name, value)| {
            name.get(..2).is_some_and(|head| head.eq_ignore_ascii_case("x-"))
                && token(name)
                && !name.eq_ignore_ascii_case(ours)
                && !data::is_carrier(name)
                && value.len() <= MAX_HOST_HEADER_OCTETS
                && !value.chars().any(char::is_control)
        })
        .take(MAX_HOST_HEADERS)
        .collect()
}
