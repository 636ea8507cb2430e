//! The questions of a call to the browser: one open at a time, the others in order behind it.
//!
//! It never interprets a description.

use super::{Call, Exchange, State};
use crate::{CallId, MediaError, MediaEvent, MediaRequest, Output, PeerId, PeerState, Phone, RequestId};
use softframe_sip::Instant;
use std::collections::VecDeque;

/// A first request may wait for the person at the microphone prompt.
const PROMPT_MILLIS: u64 = 60_000;
/// Any other answer comes in well under a second.
const ANSWER_MILLIS: u64 = 10_000;
/// Requests behind the open one; the exchanges of a dialog allow three.
const MAX_QUEUED: usize = 8;

/// What the answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Our offer goes into the INVITE.
    Invite,
    /// Our offer goes into the same INVITE to another target.
    Redirect,
    /// Our offer goes into the 180.
    RingOffer,
    /// Our answer (or offer, where theirs lacks) goes into the 200.
    Accept,
    /// Their early answer was applied.
    Early,
    /// Their answer was applied.
    Final,
    /// Our offer goes into a re-INVITE.
    Reinvite,
    /// The answer to that was applied.
    Reinvited,
    /// Our answer to their re-INVITE.
    Reanswer,
    /// Our offer to their re-INVITE without one.
    LateOffer,
    /// Back to what was agreed.
    Rollback,
    /// An offer that is off the table: what comes of it is undone.
    Withdrawn,
}

/// The browser's side of a call.
pub(crate) struct Media {
    pub(crate) peer: PeerId,
    /// The browser was asked for something: there may be a peer to close.
    used: bool,
    /// A peer was made while the call rang.
    prepared: bool,
    /// The peer is of no more use: the next offer comes from another one.
    dead: bool,
    /// Its sound is interrupted, as far as the browser has said.
    pub(super) broken: bool,
    open: Option<Open>,
    queue: VecDeque<(MediaRequest, Purpose)>,
}

struct Open {
    request: RequestId,
    purpose: Purpose,
    deadline: Instant,
}

impl Media {
    pub(crate) fn new(peer: PeerId) -> Media {
        Media {
            peer,
            used: false,
            prepared: false,
            dead: false,
            broken: false,
            open: None,
            queue: VecDeque::new(),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.open.as_ref().map(|open| open.deadline)
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.open.is_none() && self.queue.is_empty()
    }
}

impl Phone {
    /// Asks the browser; the answer comes back with `purpose`.
    pub(crate) fn ask_media(&mut self, now: Instant, id: CallId, what: MediaRequest, purpose: Purpose) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.media.queue.len() < MAX_QUEUED {
            call.media.queue.push_back((what, purpose));
        }
        self.next_media(now, id);
    }

    /// The browser reads the offer of a call that rings, so that less remains to be done when it is answered.
    pub(crate) fn prepare_media(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let State::Incoming { offer, .. } = &call.state else { return };
        let Some(offer) = str::from_utf8(offer).ok().filter(|offer| !offer.is_empty()) else { return };
        let what = MediaRequest::Prepare { offer: offer.to_owned() };
        call.media.prepared = true;
        self.tell_media(id, what);
    }

    /// A request without an answer.
    pub(crate) fn tell_media(&mut self, id: CallId, what: MediaRequest) {
        let Some(call) = self.calls.get(&id) else { return };
        let peer = call.media.peer;
        self.out.push_back(Output::Media { call: id, peer, request: None, what });
    }

    fn next_media(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.media.open.is_some() {
            return;
        }
        let Some((what, purpose)) = call.media.queue.pop_front() else { return };
        let prompts = !call.media.used || what == MediaRequest::Microphone;
        let patience = if prompts { PROMPT_MILLIS } else { ANSWER_MILLIS };
        self.last_request += 1;
        let request = RequestId(self.last_request);
        call.media.used = true;
        call.media.open = Some(Open { request, purpose, deadline: now.after(patience) });
        let peer = call.media.peer;
        self.out.push_back(Output::Media { call: id, peer, request: Some(request), what });
    }

    /// Their offer is off the table, and with it ours that it had overtaken: what the browser has not seen of them it is
    /// not asked, and what it makes of the rest is undone. Its answer to one offer must not go out as that to the next.
    pub(crate) fn withdraw_media(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let is_void =
            |purpose: Purpose| matches!(purpose, Purpose::Reanswer | Purpose::LateOffer | Purpose::Reinvite);
        call.media.queue.retain(|(_, purpose)| !is_void(*purpose));
        if let Some(open) = call.media.open.as_mut().filter(|open| is_void(open.purpose)) {
            open.purpose = Purpose::Withdrawn;
        }
    }

    /// The browser has made something of an offer that was withdrawn.
    fn withdrawn_made(&mut self, now: Instant, id: CallId, event: &MediaEvent) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        match (event, call.session) {
            // An offer that nobody wants, before anything else that waits.
            (MediaEvent::Offer(_), _) => {
                call.media.queue.push_front((MediaRequest::Rollback, Purpose::Rollback));
            }
            // It has taken theirs: what was agreed before is offered anew, unless another offer comes next.
            (MediaEvent::Answer(_), Some(session)) => self.refresh(now, session),
            // It has refused it.
            (_, _) => {}
        }
    }

    /// Gives the call a fresh peer; what the old one was asked is forgotten, its late answers close it.
    pub(crate) fn renew_peer(&mut self, id: CallId) {
        self.close_peer(id);
        self.last_peer += 1;
        let peer = PeerId(self.last_peer);
        if let Some(call) = self.calls.get_mut(&id) {
            call.media = Media::new(peer);
            // But while a call rings, the microphone is ours already: no prompt is waited for.
            call.media.used = !matches!(call.state, State::Incoming { .. } | State::Answering { .. });
        }
    }

    /// Gives the call a fresh peer where the old one is dead; whether it did.
    pub(crate) fn replace_dead_peer(&mut self, id: CallId) -> bool {
        let is_dead = self.calls.get(&id).is_some_and(|call| call.media.dead);
        if is_dead {
            self.renew_peer(id);
        }
        is_dead
    }

    /// Closes the call's peer if there may be one.
    pub(crate) fn close_peer(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if std::mem::take(&mut call.media.used) | std::mem::take(&mut call.media.prepared) {
            let peer = call.media.peer;
            self.out.push_back(Output::Media { call: id, peer, request: None, what: MediaRequest::Close });
        }
    }

    /// What the browser did.
    pub(crate) fn media_event(
        &mut self,
        now: Instant,
        id: CallId,
        peer: PeerId,
        request: Option<RequestId>,
        event: MediaEvent,
    ) {
        let current = self.calls.get(&id).is_some_and(|call| call.media.peer == peer);
        if !current {
            // Late: the call is gone or has a newer peer. A state alone means that the peer is closing already.
            if request.is_some() {
                self.out.push_back(Output::Media {
                    call: id,
                    peer,
                    request: None,
                    what: MediaRequest::Close,
                });
            }
            return;
        }
        match (request, event) {
            (None, MediaEvent::State(state)) => self.peer_state(now, id, state),
            (None, MediaEvent::MicrophoneLost) => self.microphone_lost(now, id),
            (None, MediaEvent::KeysFailed(keys)) => self.keys_failed(now, id, &keys),
            (_, MediaEvent::Stats(stats)) => self.measured(now, id, stats),
            (
                None,
                MediaEvent::Offer(_) | MediaEvent::Answer(_) | MediaEvent::Applied | MediaEvent::Failed(_),
            ) => {}
            (Some(request), event) => self.media_answer(now, id, request, event),
        }
    }

    fn media_answer(&mut self, now: Instant, id: CallId, request: RequestId, event: MediaEvent) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let is_idle = call.media.is_idle() && call.talk().is_some_and(|talk| talk.exchange == Exchange::Idle);
        match call.media.open.take_if(|open| open.request == request) {
            Some(open) => self.media_outcome(now, id, open.purpose, event),
            // Too late for its purpose, and nothing comes behind it that would take its place.
            None if is_idle && matches!(event, MediaEvent::Offer(_)) => {
                self.ask_media(now, id, MediaRequest::Rollback, Purpose::Rollback);
            }
            None => return,
        }
        self.go_on(now, id);
    }

    /// The next request, or what waited for the browser to be free.
    fn go_on(&mut self, now: Instant, id: CallId) {
        self.next_media(now, id);
        self.advance(now, id);
    }

    fn media_outcome(&mut self, now: Instant, id: CallId, purpose: Purpose, event: MediaEvent) {
        match (purpose, event) {
            (Purpose::Invite, MediaEvent::Offer(sdp)) => self.offer_made(now, id, sdp),
            (Purpose::Redirect, MediaEvent::Offer(sdp)) => self.redirect_made(now, id, sdp),
            (Purpose::Accept, MediaEvent::Answer(sdp) | MediaEvent::Offer(sdp)) => {
                self.answer_made(now, id, sdp)
            }
            (Purpose::Accept, MediaEvent::Applied) => self.microphone_lent(now, id),
            (Purpose::RingOffer, MediaEvent::Offer(sdp)) => self.early_offer_made(now, id, sdp),
            (Purpose::Reinvite, MediaEvent::Offer(sdp)) => self.renewal_made(now, id, sdp),
            (Purpose::Reanswer, MediaEvent::Answer(sdp)) => self.reanswer_made(now, id, sdp),
            (Purpose::LateOffer, MediaEvent::Offer(sdp)) => self.late_offer_made(now, id, sdp),
            (Purpose::Reinvited, MediaEvent::Applied) => self.renewal_applied(now, id),
            (Purpose::Early | Purpose::Final | Purpose::Rollback, MediaEvent::Applied) => {}
            (Purpose::Withdrawn, event) => self.withdrawn_made(now, id, &event),
            (purpose, MediaEvent::Failed(error)) => self.media_failed(now, id, purpose, error),
            (purpose, _) => self.media_failed(now, id, purpose, MediaError::Other),
        }
    }

    fn peer_state(&mut self, now: Instant, id: CallId, state: PeerState) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.media.broken = state != PeerState::Connected;
        call.media.dead |= state == PeerState::Dead;
        match state {
            PeerState::Connected => {
                self.early_media_back(id);
                self.media_back(now, id);
            }
            PeerState::Disconnected | PeerState::Failed | PeerState::Dead => {
                self.early_media_broken(now, id, state);
                self.media_broken(now, id, state);
            }
        }
    }

    /// Requests that got no answer in time have failed.
    pub(crate) fn media_timeouts(&mut self, now: Instant) {
        let late = |call: &Call| call.media.deadline().is_some_and(|deadline| deadline <= now);
        let ids: Vec<CallId> = self.calls.values().filter(|call| late(call)).map(|call| call.id).collect();
        for id in ids {
            let Some(call) = self.calls.get_mut(&id) else { continue };
            let Some(open) = call.media.open.take() else { continue };
            self.media_failed(now, id, open.purpose, MediaError::Other);
            self.go_on(now, id);
        }
    }
}
