//! Two calls as one conversation: each of the others hears the person and the other one, mixed in the browser (RFC 4353 §5.6
//! without a focus of its own: the two dialogs stay).
//!
//! It never merges what is not accepted, and what ends, holds or resumes one of the two parts them.

use super::{Call, Talk};
use crate::{
    CallId, MediaRequest, Phone,
    bridge::{Ask, Code},
};
use serde_json::json;
use softframe_sip::Instant;

/// Two calls that are, or are about to be, one conversation.
#[derive(Clone, Debug)]
pub(crate) struct Merged {
    calls: [CallId; 2],
    /// Both are resumed, and their sound is mixed.
    is_mixed: bool,
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

    /// Resumes the one that is held beside the other, then mixes them. Left out: the only two there are.
    pub(crate) fn merge(
        &mut self,
        now: Instant,
        first: Option<CallId>,
        other: Option<CallId>,
        ask: Option<Ask>,
    ) {
        let is_free = |id: CallId| {
            let talk = self.calls.get(&id).and_then(Call::talk);
            talk.is_some_and(|talk| talk.transfer.is_none())
        };
        let pair = self.pair(first, other).filter(|(one, two)| is_free(*one) && is_free(*two));
        let is_busy = self.merged.is_some() || self.after_hold.is_some() || !self.is_registered();
        let Some((one, two)) = pair.filter(|_| !is_busy) else {
            return self.fail_ask(ask, Code::WrongState, "There are no two answered calls to merge.");
        };
        self.merged = Some(Merged { calls: [one, two], is_mixed: false, ask });
        for id in [one, two] {
            self.want_hold(now, id, false, None);
        }
        self.merge_goes_on();
    }

    /// A call was resumed, or its peer is another one: where both are there, they are mixed.
    pub(super) fn merge_goes_on(&mut self) {
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
            merged.is_mixed = true;
            let ask = merged.ask.take();
            self.answer_ask(ask, json!({}));
        }
    }

    /// One of two goes its own way: the other stays with the person.
    pub(super) fn part(&mut self, id: CallId) {
        let Some(merged) = self.merged.take_if(|merged| merged.calls.contains(&id)) else { return };
        self.fail_ask(merged.ask, Code::WrongState, "One of the calls could not be resumed, or is over.");
        // The peer of a call that ends is closed and tells nobody any more.
        if let Some(left) = merged.calls.iter().find(|call| **call != id && merged.is_mixed) {
            self.tell_media(*left, MediaRequest::Mix(Vec::new()));
        }
    }
}
