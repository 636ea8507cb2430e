//! The end of a call: exactly one `phone:terminated` for one that was announced, whatever happened.
//!
//! It never waits for the wire: what the person ends is over at once.

use super::{Call, State, tell::Extra};
use crate::{
    CallId, Output, Phone, Sound,
    bridge::Code,
    cause::{Ending, Reason, Stage, ending},
    view::Text,
};
use softframe_sip::{Cause, Command, EndedBy, Instant, SessionId};

impl Phone {
    /// The SIP side says that the session is over.
    pub(crate) fn terminated(&mut self, now: Instant, session: SessionId, cause: &Cause) {
        let Some(id) = self.call_of(session) else { return };
        let Some(call) = self.calls.get(&id) else { return };
        let stage = match (&call.state, call.is_outgoing_attempt()) {
            (State::Talking(_), _) => Stage::Talking,
            (_, true) => Stage::Outgoing,
            (_, false) => Stage::Incoming,
        };
        let mut ending = ending(stage, cause, &self.config.headers);
        if cause.ended_by == EndedBy::Local && self.calls.values().any(|other| other.has_taken(session)) {
            ending.reason = Reason::Transferred;
        }
        // Who was asked first is taken over by who waited: the end of our call with them is the first sign of it.
        let waits = self.joins(id);
        if waits.is_some() {
            ending.reason = Reason::Transferred;
        }
        self.finish_to(now, id, ending, waits);
    }

    /// Ends the call as its state wants it, for `reason` where it is accepted.
    pub(crate) fn end(&mut self, now: Instant, id: CallId, reason: Reason) {
        let Some(call) = self.calls.get(&id) else { return };
        let session = call.session;
        let ending = match &call.state {
            State::Preparing { .. } => {
                self.decline_unfollowed(now, id);
                Ending::local(Reason::Cancelled, 0, "")
            }
            State::Calling | State::Redirecting { .. } | State::Progressing(_) => {
                Ending::local(Reason::Cancelled, 487, "")
            }
            State::Incoming { .. } | State::Answering { .. } => return self.decline(now, id, None),
            State::Accepting { .. } | State::Talking(_) => Ending::local(reason, 200, ""),
        };
        if let Some(session) = session {
            self.command(now, Command::Terminate { session, reason: None });
        }
        self.finish(now, id, ending);
    }

    pub(crate) fn finish(&mut self, now: Instant, id: CallId, ending: Ending) {
        self.finish_to(now, id, ending, None);
    }

    pub(crate) fn finish_to(
        &mut self,
        now: Instant,
        id: CallId,
        ending: Ending,
        transferred_to: Option<String>,
    ) {
        self.part(id);
        let Some(call) = self.calls.get(&id) else { return };
        let announced = !call.said.is_empty();
        let (mut logged, mut told) = (false, None);
        if announced {
            let extra = Extra {
                cause: Some(ending.clone()),
                transferred_to: transferred_to.clone(),
                ..Extra::default()
            };
            if let Some(mut event) = self.call_event(now, id, extra) {
                event.enigma = self.calls.get(&id).and_then(|call| self.enigma_end(call, &event));
                let data = crate::bridge::json(&event);
                self.tell("phone:terminated", &data);
                self.notify(now, &data);
                logged = self.log_provided(now, &event);
                told = Some(event);
            }
            self.xivo_call(id, "phone:terminated", None);
        }
        self.close_peer(id);
        let Some(mut call) = self.calls.remove(&id) else { return };
        self.transfer_goes_on(now, &mut call, &ending);
        for (_, ask) in std::mem::take(&mut call.asks) {
            let code = if ending.code >= 300 { Code::Sip(ending.code) } else { Code::NoSuchCall };
            self.fail_ask(Some(ask), code, "The call is over.");
        }
        if announced {
            let entry = self.journal_after(&call, told.as_ref());
            self.out.push_back(Output::Journal { call: id, entry });
            self.after_end(now, &call, &ending, transferred_to, logged);
        } else if ending.ended_by != EndedBy::Local {
            // It never reached the wire: a page was told nothing, a person wants to know.
            self.ui.toast(now, Text::of("dial.offline"), true);
        }
        self.ui.call_gone(id, self.calls.keys().next_back().copied());
        self.hold_done(now, id);
        self.hears_again(now, id);
        self.after_consultation(now, &call, &ending);
    }

    fn after_end(&mut self, now: Instant, call: &Call, ending: &Ending, to: Option<String>, logged: bool) {
        let now_with = to.as_deref().map(|to| self.named(to));
        self.record(call, now, ending, logged);
        self.rc_offers_log(now, logged);
        let talked = call.talk().is_some();
        self.sound_once(match (talked, ending.reason) {
            (true, _) => Sound::Ended,
            (false, Reason::Busy) if call.direction == super::Direction::Outbound => Sound::Busy,
            (false, _) => Sound::Silence,
        });
        let duration = super::tell::times(call, now, true).1;
        let others = !self.calls.is_empty() && ending.reason != Reason::Transferred;
        self.say(over_text(call, ending, duration, others), false);
        self.ui.call_ended(now, call, ending, duration, now_with, self.calls.is_empty());
    }
}

/// What became of a call, and of which where there are `others`.
pub(crate) fn over_text(call: &Call, ending: &Ending, duration: u64, others: bool) -> Text {
    let (reason, duration) = (ending.reason.text_id(), ("duration", duration.to_string()));
    let to = ("to", call.to.clone());
    match others {
        true => {
            let who = [("name", call.name()), ("says", call.says())];
            let args = who.into_iter().chain([("reason", reason.to_owned()), duration, to]).collect();
            Text { id: "ended.of", args }
        }
        false => Text { id: reason, args: vec![duration, to] },
    }
}
