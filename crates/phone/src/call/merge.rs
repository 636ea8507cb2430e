//! Two calls as one conversation: each of the others hears the person and the other one, mixed in the browser (RFC 4353 §5.6
//! without a focus of its own: the two dialogs stay).
//!
//! It never merges what is not accepted, and what ends, holds or resumes one of the two parts them.

use super::{Call, Talk};
use crate::{
    CallId, MediaRequest, Phone,
    bridge::{Ask, Code},
    view::Text,
};
use serde_json::json;
use softframe_sip::Instant;

/// Two calls that are, or are about to be, one conversation.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    calls: [CallId; 2],
    /// Since both are resumed, and their sound is mixed.
    since: Option<Instant>,
    ask: Option<Ask>,
}

impl Phone {
    /// Whether these two are merged, or about to be.
    pub(super) fn are_merged(&self, one: CallId, other: CallId) -> bool {
        self.is_merged(one) && self.is_merged(other)
    }

    /// Whether it is one of two that are merged, or about to be.
    pub(crate) fn is_merged(&self, id: CallId) -> bool {
        self.merged.as_ref().is_some_and(|merged| merged.calls.contains(&id))
    }

    /// Since when the person talks to this call and another one at once.
    pub(crate) fn mixed_since(&self, id: CallId) -> Option<Instant> {
        self.merged.as_ref().filter(|merged| merged.calls.contains(&id))?.since
    }

    /// This call, and the one that is merged with it: what the person does to the conversation is done to both.
    pub(crate) fn conversation(&self, id: CallId) -> Vec<CallId> {
        let merged = self.merged.as_ref().filter(|merged| merged.calls.contains(&id));
        merged.map_or_else(|| vec![id], |merged| merged.calls.to_vec())
    }

    /// The person goes on with this call alone: the one that is merged with it is held.
    pub(crate) fn split(&mut self, now: Instant, stays: CallId) {
        if let Some(other) = self.conversation(stays).into_iter().find(|id| *id != stays) {
            self.ui.front = Some(stays);
            self.hold(now, other, true, None);
        }
    }

    /// Whether these two could be merged now.
    pub(crate) fn can_merge(&self, one: &Call, other: &Call) -> bool {
        let is_busy = self.merged.is_some() || self.after_hold.is_some() || !self.is_registered();
        !is_busy && one.can_be_joined() && other.can_be_joined()
    }

    /// Resumes the one that is held beside the other, then mixes them. Left out: the only two there are.
    pub(crate) fn merge(
        &mut self,
        now: Instant,
        first: Option<CallId>,
        other: Option<CallId>,
        ask: Option<Ask>,
    ) {
        let can_merge = |one: CallId, two: CallId| {
            let calls = self.calls.get(&one).zip(self.calls.get(&two));
            calls.is_some_and(|(one, two)| self.can_merge(one, two))
        };
        let Some((one, two)) = self.pair(first, other).filter(|(one, two)| can_merge(*one, *two)) else {
            return self.fail_ask(ask, Code::WrongState, "There are no two answered calls to merge.");
        };
        self.merged = Some(Merged { calls: [one, two], since: None, ask });
        for id in [one, two] {
            self.want_hold(now, id, false, None);
        }
        self.merge_goes_on(now);
    }

    /// A call was resumed, or its peer is another one: where both are there, they are mixed.
    pub(super) fn merge_goes_on(&mut self, now: Instant) {
        let Some(Merged { calls, .. }) = &self.merged else { return };
        let calls = *calls;
        let is_up = |talk: &Talk| talk.held.is_none() && !talk.want_held;
        let all_up = calls.iter().all(|id| self.calls.get(id).and_then(Call::talk).is_some_and(is_up));
        if !all_up {
            return;
        }
        let [one, _] = calls;
        self.tell_media(one, MediaRequest::Mix(calls.to_vec()));
        if let Some(merged) = &mut self.merged {
            let is_new = merged.since.replace(merged.since.unwrap_or(now)).is_none();
            let ask = merged.ask.take();
            self.answer_ask(ask, json!({}));
            if is_new {
                self.say(Text::of("say.merged"), false);
            }
        }
    }

    /// One of two goes its own way: the other stays with the person.
    pub(super) fn part(&mut self, id: CallId) {
        let Some(merged) = self.merged.take_if(|merged| merged.calls.contains(&id)) else { return };
        self.fail_ask(merged.ask, Code::WrongState, "One of the calls could not be resumed, or is over.");
        // The peer of a call that ends is closed and tells nobody any more.
        if let Some(left) = merged.calls.iter().find(|call| **call != id && merged.since.is_some()) {
            self.tell_media(*left, MediaRequest::Mix(Vec::new()));
        }
    }
}
