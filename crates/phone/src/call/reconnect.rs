//! Calls that outlive trouble: a socket that comes back, media that breaks, a microphone that goes.
//!
//! It never ends a call for a lost socket alone; sound may go on without one.

use super::{Call, Exchange, Link, Purpose, Renewing, State};
use crate::{
    CallId, MediaError, PeerState, Phone,
    bridge::Code,
    call::{Await, tell::Extra},
    cause::{Ending, Reason},
    view::Text,
};
use softframe_sip::{Command, EndedBy, Instant};

/// As long as a SIP transaction waits (64·T1): then the other side is gone.
const LOST_MILLIS: u64 = 32_000;
/// ICE often heals a disconnection by itself.
pub(super) const HEAL_MILLIS: u64 = 3_000;
/// Between attempts to renew.
const RENEW_MILLIS: u64 = 2_000;

impl Phone {
    /// The flow is gone.
    pub(crate) fn flow_lost(&mut self, now: Instant) {
        for id in self.talking() {
            self.break_link(now, id, None, now);
        }
    }

    /// Registered on a new flow: every call proves itself by a re-INVITE with new ICE.
    pub(crate) fn flow_back(&mut self, now: Instant) {
        for id in self.talking() {
            self.break_link(now, id, Some(now.after(LOST_MILLIS)), now);
            self.advance(now, id);
        }
    }

    fn talking(&self) -> Vec<CallId> {
        self.calls.values().filter(|call| call.talk().is_some()).map(|call| call.id).collect()
    }

    fn break_link(&mut self, now: Instant, id: CallId, deadline: Option<Instant>, renew_at: Instant) {
        let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) else { return };
        let first = talk.link == Link::Whole;
        talk.link = match talk.link {
            Link::Broken { deadline: Some(earlier), .. } => {
                Link::Broken { deadline: Some(earlier), renew_at }
            }
            Link::Whole | Link::Broken { deadline: None, .. } => Link::Broken { deadline, renew_at },
        };
        if first {
            self.tell_call(now, id, "phone:reconnecting", Extra::default());
            self.alert_call(id, "call.reconnecting");
        }
    }

    pub(crate) fn media_broken(&mut self, now: Instant, id: CallId, state: PeerState) {
        let wait = if state == PeerState::Disconnected { HEAL_MILLIS } else { 0 };
        self.break_link(now, id, Some(now.after(LOST_MILLIS)), now.after(wait));
        self.advance(now, id);
    }

    /// Accepted while its sound is interrupted: what the browser has said of that before counts from here.
    pub(super) fn begins_broken(&mut self, now: Instant, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.media.broken) {
            self.break_link(now, id, Some(now.after(LOST_MILLIS)), now);
        }
    }

    /// ICE healed by itself, or the renewal works.
    pub(crate) fn media_back(&mut self, now: Instant, id: CallId) {
        let signalling = self.is_registered();
        let Some(talk) = self.calls.get(&id).and_then(Call::talk) else { return };
        if signalling && talk.exchange == Exchange::Idle {
            self.link_whole(now, id);
        }
    }

    pub(crate) fn link_whole(&mut self, now: Instant, id: CallId) {
        let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) else { return };
        if talk.link == Link::Whole {
            return;
        }
        talk.link = Link::Whole;
        self.tell_call(now, id, "phone:reconnected", Extra::default());
        self.ui.toast(now, Text::of("call.back"), false);
    }

    pub(crate) fn renew_later(&mut self, now: Instant, id: CallId) {
        let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) else { return };
        if let Link::Broken { renew_at, .. } = &mut talk.link {
            *renew_at = now.after(RENEW_MILLIS);
        }
    }

    /// Renewals that are due, and calls that did not come back.
    pub(crate) fn links_due(&mut self, now: Instant) {
        for id in self.talking() {
            let Some(Link::Broken { deadline, renew_at }) =
                self.calls.get(&id).and_then(Call::talk).map(|talk| talk.link)
            else {
                continue;
            };
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.lose(now, id);
            } else if renew_at <= now {
                self.advance(now, id);
            }
        }
    }

    fn lose(&mut self, now: Instant, id: CallId) {
        if let Some(session) = self.calls.get(&id).and_then(|call| call.session) {
            self.command(now, Command::Terminate { session, reason: None });
        }
        let ending = Ending { ended_by: EndedBy::Network, ..Ending::local(Reason::Lost, 408, "") };
        self.finish(now, id, ending);
    }

    pub(crate) fn microphone_lost(&mut self, now: Instant, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.talk().is_some()) {
            self.media_trouble(MediaError::NoDevice, None);
            self.ui.toast(now, Text::of("mic.none"), true);
        }
    }

    /// A request to the browser failed.
    pub(crate) fn media_failed(&mut self, now: Instant, id: CallId, purpose: Purpose, error: MediaError) {
        match purpose {
            Purpose::Invite => self.offer_failed(now, id, error),
            Purpose::RingOffer => self.early_offer_failed(now, id),
            Purpose::Accept => self.answer_failed(now, id, error),
            Purpose::Early => {
                if let Some(State::Progressing(progressing)) =
                    self.calls.get_mut(&id).map(|call| &mut call.state)
                {
                    (progressing.early, progressing.renewing) = (None, Renewing::No);
                }
            }
            Purpose::Redirect => self.redirect_failed(now, id),
            Purpose::Final => self.end(now, id, Reason::MediaFailed),
            Purpose::Reinvite | Purpose::Reinvited => self.renewal_broke(now, id, error),
            Purpose::Reanswer | Purpose::LateOffer => self.offer_refused(now, id),
            Purpose::Rollback => self.media_broken(now, id, PeerState::Failed),
            Purpose::Withdrawn => {}
        }
    }

    /// No INVITE went out, and nothing starts by itself later (protocol.md 1.6).
    fn offer_failed(&mut self, now: Instant, id: CallId, error: MediaError) {
        let number = self.calls.get(&id).map(|call| call.to.clone());
        self.decline_unfollowed(now, id);
        self.fail_asks(id, Await::Inviting, Code::of_media(error), "The microphone cannot be used.");
        self.media_trouble(error, number);
        self.finish(now, id, Ending::local(Reason::MediaFailed, 0, ""));
    }

    fn renewal_broke(&mut self, now: Instant, id: CallId, error: MediaError) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let is_early = call.talk().is_none();
        let Some(exchange) = call.exchange_mut() else { return };
        match exchange.clone() {
            Exchange::Offering(renewal) => {
                *exchange = Exchange::Idle;
                self.renewal_failed(now, id, renewal);
            }
            // The answer to the call brings the next try.
            Exchange::Applying(renewal) if is_early => {
                *exchange = Exchange::Idle;
                self.renewal_failed(now, id, renewal);
            }
            // Both sides have agreed, only our browser cannot: a fresh start of ICE may heal it.
            Exchange::Applying(renewal) if renewal.fresh || error == MediaError::Description => {
                self.end(now, id, Reason::MediaFailed);
            }
            Exchange::Applying(_) => {
                *exchange = Exchange::Idle;
                self.media_broken(now, id, PeerState::Failed);
            }
            // Our offer failed while theirs waits: there is nothing to roll back.
            Exchange::Theirs { offer } => self.answer_offer(now, id, &offer),
            Exchange::Idle | Exchange::Inviting(_) | Exchange::Awaiting => {}
        }
    }

    fn offer_refused(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let session = call.session;
        let (Some(session), Some(talk)) = (session, call.talk_mut()) else { return };
        talk.exchange = Exchange::Idle;
        self.command(now, Command::RefuseOffer { session, code: 488 });
        self.advance(now, id);
    }
}
