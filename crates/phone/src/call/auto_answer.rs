//! Calls that put themselves through, as an intercom does: only where the operator lets their caller, never beside another
//! call, and the person sees and hears it.

use crate::{CallId, Phone, Sound, call::Call, headers};
use softframe_sip::{Instant, wire::Message};

/// A person is never put through without a moment to see who it is.
const LEAST_SECONDS: u32 = 1;
/// Longer than it rings anywhere.
const MOST_SECONDS: u32 = 60;

impl Phone {
    /// What an INVITE that rings now asks for, and its caller may have.
    pub(super) fn plan_auto_answer(&mut self, now: Instant, id: CallId, invite: &Message) {
        let is_alone = self.calls.len() == 1;
        let domain = self.identity().map(|identity| identity.domain.clone()).unwrap_or_default();
        let Some(call) = self.calls.get_mut(&id).filter(|_| is_alone) else { return };
        let allowed = &self.config.auto_answer;
        let is_listed = |listed: &String| {
            let (number, host) = listed.split_once('@').unwrap_or((listed, &domain));
            let is_number = match number.strip_suffix('*') {
                Some(head) => call.from.starts_with(head),
                None => number == call.from,
            };
            let is_of_network = !listed.contains('@');
            let theirs = call.facts.from_host.as_ref();
            is_number && theirs.map_or(is_of_network, |theirs| theirs.eq_ignore_ascii_case(host))
        };
        let is_allowed = allowed.enabled && allowed.callers.iter().any(is_listed);
        if is_allowed && !call.from.is_empty() && headers::vouches_for_caller(invite) {
            let after = headers::answer_after(invite);
            let millis = |seconds: u32| u64::from(seconds.clamp(LEAST_SECONDS, MOST_SECONDS)) * 1_000;
            call.auto_answer = after.map(|seconds| now.after(millis(seconds)));
        }
    }

    /// Those whose time has come. Another call in between leaves it to the person, and so does a page whose sound the
    /// browser holds back: nobody would hear that they are heard.
    pub(crate) fn auto_answers_due(&mut self, now: Instant) {
        let is_due = |call: &&Call| call.is_ringing_in() && call.auto_answer.is_some_and(|at| at <= now);
        let Some(id) = self.calls.values().find(is_due).map(|call| call.id) else { return };
        if self.calls.len() > 1 || self.ui.sound_blocked {
            if let Some(call) = self.calls.get_mut(&id) {
                call.auto_answer = None;
            }
            return;
        }
        self.sound_once(Sound::Answered);
        self.answer(now, id, None);
    }
}
