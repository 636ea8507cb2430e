//! Our offer to a caller who brings none and demands reliable responses: without it no ringing may be told (RFC 3262 §5).
//!
//! It never opens the microphone, and nothing flows, before the person answers.

use super::{Await, Call, Purpose, State};
use crate::{
    CallId, MediaRequest, Phone,
    cause::{Ending, Reason},
    headers, sdp,
};
use softframe_sip::{Command, Instant, SessionId, wire::Message};

/// How far that offer is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum EarlyOffer {
    /// There is none: offer and answer are exchanged when the call is answered.
    #[default]
    None,
    /// The browser makes it, or it is on its way.
    Made,
    /// The caller has answered it.
    Answered(String),
}

impl Phone {
    pub(super) fn offer_early(&mut self, now: Instant, id: CallId, invite: &Message) {
        let Some(call) = self.calls.get_mut(&id).filter(|_| headers::wants_early_offer(invite)) else {
            return;
        };
        call.early = EarlyOffer::Made;
        self.ask_media(now, id, MediaRequest::RingOffer, Purpose::RingOffer);
    }

    /// It goes out with the news that it rings.
    pub(crate) fn early_offer_made(&mut self, now: Instant, id: CallId, sdp: String) {
        let Some(session) = self.calls.get(&id).and_then(|call| call.session) else { return };
        self.command(now, Command::Progress { session, code: 180, answer: sdp.into_bytes() });
    }

    /// The caller does not hear it ring; the person may answer all the same.
    pub(crate) fn early_offer_failed(&mut self, now: Instant, id: CallId) {
        self.renew_peer(id);
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.early = EarlyOffer::None;
        if let State::Answering { offer } = &call.state {
            let offer = offer.clone();
            call.state = State::Incoming { offer, silenced: false, trouble: None };
            self.answer_now(now, id, None);
        }
    }

    /// The microphone is in the transport: 200, which waits for the caller's answer by itself.
    pub(crate) fn microphone_lent(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (State::Answering { .. }, Some(session)) = (&call.state, call.session) else { return };
        call.state = State::Accepting { offered: None, late: false, hold: false };
        let answer = call.early.clone();
        self.accept_session(now, id, session, String::new());
        if let EarlyOffer::Answered(answer) = answer {
            self.apply_early(now, id, answer);
        }
    }

    /// The caller has answered our offer; the browser takes that when the person has answered, too.
    pub(crate) fn early_answered(&mut self, now: Instant, session: SessionId, answer: &[u8]) {
        let Some(id) = self.call_of(session) else { return };
        let Ok(answer) = sdp::admit(answer).map(str::to_owned) else {
            let is_accepted = self.calls.get(&id).is_some_and(Call::is_live);
            self.command(
                now,
                match is_accepted {
                    true => Command::Terminate { session, reason: None },
                    false => Command::Reject { session, code: 488, headers: Vec::new() },
                },
            );
            return self.finish(now, id, Ending::local(Reason::MediaFailed, 488, "No usable answer"));
        };
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.early = EarlyOffer::Answered(answer.clone());
        if matches!(call.state, State::Accepting { .. }) {
            self.apply_early(now, id, answer);
        }
    }

    fn apply_early(&mut self, now: Instant, id: CallId, answer: String) {
        if let Some(State::Accepting { offered, .. }) = self.calls.get_mut(&id).map(|call| &mut call.state) {
            *offered = sdp::inspect(&answer);
        }
        self.ask_media(now, id, MediaRequest::Accept { answer, provisional: false }, Purpose::Final);
    }

    /// 200, and the command that wanted it is answered.
    pub(super) fn accept_session(&mut self, now: Instant, id: CallId, session: SessionId, sdp: String) {
        // The browser has a transport for it now, and did not before.
        self.resend_mute(id);
        self.command(now, Command::Accept { session, answer: sdp.into_bytes(), headers: Vec::new() });
        let label = self.calls.get(&id).map(|call| call.label.clone()).unwrap_or_default();
        self.answer_asks(id, Await::Answered, &serde_json::json!({ "callId": label }));
        // Who answered us while the browser made this answer waits. In whose place the call came is gone anyhow.
        let other =
            self.talks_beside(id).filter(|_| self.calls.get(&id).is_none_or(|call| call.replaces.is_none()));
        if let Some(other) = other {
            self.hush(other);
            self.want_hold(now, other, true, None);
        }
    }
}
