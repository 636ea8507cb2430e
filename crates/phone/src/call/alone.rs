//! No two others hear the person at once: a call that is to be held for another one is silent from that moment on, and
//! where it refuses to be held, it is muted.
//!
//! It never decides which of two calls the person talks to.

use super::{Call, State};
use crate::{CallId, MediaRequest, Phone, view::Text};
use softframe_sip::Instant;

impl Call {
    /// Accepted, not held by us, nor about to be.
    fn hears_the_person(&self) -> bool {
        let waits = match &self.state {
            State::Talking(talk) => talk.want_held,
            State::Accepting { hold, .. } => *hold,
            _ => false,
        };
        self.is_live() && !waits
    }
}

impl Phone {
    /// Another call that is talked to.
    pub(super) fn talks_beside(&self, id: CallId) -> Option<CallId> {
        // Who is in one conversation with this one may hear the person.
        let is_other = |call: &&Call| call.id != id && !self.are_merged(id, call.id);
        self.calls.values().filter(is_other).find(|call| call.hears_the_person()).map(|call| call.id)
    }

    /// Until this call is held for another one, it does not hear what is said to that.
    pub(super) fn hush(&mut self, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.hushed = true;
        }
        self.tell_media(id, MediaRequest::Mute(true));
    }

    /// It is held, or stays as it was: what the person has muted counts again.
    pub(super) fn unhush(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if std::mem::take(&mut call.hushed) {
            let muted = call.muted;
            self.tell_media(id, MediaRequest::Mute(muted));
        }
    }

    /// The other side refused to be held. Beside another call it is muted, and the person is told which one.
    pub(super) fn stays_live(&mut self, now: Instant, id: CallId) {
        if self.talks_beside(id).is_some() {
            self.silence(now, id);
        } else {
            self.ui.toast(now, Text::of("call.hold.no"), true);
        }
        self.unhush(id);
    }

    /// The person speaks to this call again: whoever was spoken to does not hear it.
    pub(super) fn speaks_to(&mut self, now: Instant, id: CallId) {
        let is_heard = self.calls.get(&id).is_some_and(Call::hears_the_person);
        let other = self.talks_beside(id).filter(|_| is_heard);
        if let Some(other) = other.filter(|other| self.calls.get(other).is_some_and(|call| !call.muted)) {
            self.silence(now, other);
        }
    }

    /// A call is over. Who was muted only because that one was beside it hears the person again.
    pub(super) fn hears_again(&mut self, now: Instant, over: CallId) {
        let was_silenced = |call: &&Call| call.silenced_for == Some(over);
        let Some(id) = self.calls.values().find(was_silenced).map(|call| call.id) else { return };
        match self.talks_beside(id) {
            None => self.mute(now, id, false),
            beside => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.silenced_for = beside;
                }
            }
        }
    }

    fn silence(&mut self, now: Instant, id: CallId) {
        let beside = self.talks_beside(id);
        let was_muted = self.calls.get(&id).is_some_and(|call| call.muted);
        self.mute(now, id, true);
        if let Some(call) = self.calls.get_mut(&id).filter(|_| !was_muted) {
            call.silenced_for = beside;
        }
        let name = self.calls.get(&id).map(Call::name).unwrap_or_default();
        self.ui.toast(now, Text { id: "call.hold.muted", args: vec![("name", name)] }, true);
    }
}
