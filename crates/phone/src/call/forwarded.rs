//! Calls that rang and go on to another number: because nobody has answered, or because the page sends them there.
//!
//! It never sends on a call that the person is just answering.

use super::Call;
use crate::{
    CallId, Phone,
    bridge::{Ask, Code},
    cause::{Ending, Reason},
    forward::{Onward, When},
};
use serde_json::json;
use softframe_sip::{Command, Instant, SessionId};

impl Phone {
    /// A call rings: when it goes on, if it does. One in the place of another is for this person alone.
    pub(super) fn plan_forward(&mut self, now: Instant, id: CallId, replaces: Option<SessionId>) {
        let rings_for = self.rings_for().filter(|_| replaces.is_none());
        if let Some(call) = self.calls.get_mut(&id) {
            call.forward_at = rings_for.map(|millis| now.after(millis));
        }
    }

    /// Those that have rung long enough, where the rule still stands.
    pub(crate) fn forwards_due(&mut self, now: Instant) {
        let is_due = |call: &&Call| call.is_ringing_in() && call.forward_at.is_some_and(|at| at <= now);
        let due: Vec<CallId> = self.calls.values().filter(is_due).map(|call| call.id).collect();
        for id in due {
            if let Some(call) = self.calls.get_mut(&id) {
                call.forward_at = None;
            }
            if let Some(onward) = self.onward(When::NoAnswer) {
                self.send_on(now, id, onward);
            }
        }
    }

    /// The page sends a ringing call to a cleaned number.
    pub(crate) fn redirect_for_host(&mut self, now: Instant, id: CallId, to: String, ask: Option<Ask>) {
        if !self.calls.get(&id).is_some_and(Call::is_ringing_in) {
            return self.fail_ask(ask, Code::WrongState, "This call does not ring.");
        }
        // RFC 5806 §4: sent there by hand.
        let onward = self.onward_to(to, "deflection");
        self.send_on(now, id, onward);
        self.answer_ask(ask, json!({}));
    }

    fn send_on(&mut self, now: Instant, id: CallId, onward: Onward) {
        let Some(session) = self.calls.get(&id).and_then(|call| call.session) else { return };
        self.command(now, Command::Reject { session, code: 302, headers: onward.headers });
        let ending = Ending::local(Reason::Forwarded, 302, "");
        self.finish_to(now, id, ending, Some(onward.destination));
    }
}
