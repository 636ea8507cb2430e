//! Sessions that others open: ring, answer, refuse, and the wait for the ACK.

use super::{
    Confirmed, Ending, MAX_RINGING, MAX_SESSIONS, Offer, Reliable, Repeat, Repeated, Session, SessionTimer,
};
use crate::{
    EndedBy, Event, Instant, SessionId,
    agent::{ALLOW, SUPPORTED, UserAgent},
    dialog::{Dialog, DialogId},
    transaction::{ServerTransaction, TransactionKey},
    wire::{Message, ResponseBuilder, StatusCode},
};

/// A provisional response is repeated each minute, so that proxies keep waiting (RFC 3261 §13.3.1.1).
const RING_AGAIN: u64 = 60_000;
/// INVITEs taken in [`STORM`] milliseconds from one caller, and from all: more is no person's doing.
const MAX_FROM_CALLER: usize = 5;
const MAX_FROM_ALL: usize = 20;
const STORM: u64 = 10_000;
/// INVITE transactions of others at a time: what rings, what was refused and waits for its ACK. What waits for an answer of
/// ours is bounded by the number of sessions.
const MAX_SERVERS: usize = 32;

impl UserAgent {
    /// An INVITE outside of any dialog.
    pub(crate) fn handle_invite(&mut self, now: Instant, invite: Message) {
        if self.is_merged(&invite) {
            return self.reply_now(&invite, StatusCode::LOOP_DETECTED);
        }
        if self.is_refused() || self.registration.is_leaving() {
            // The flow is kept for the calls that there are, or for a farewell.
            return self.reply_now(&invite, StatusCode::TEMPORARILY_UNAVAILABLE);
        }
        if self.is_storm(now, &invite) {
            let builder = self.reply(&invite, StatusCode::TEMPORARILY_UNAVAILABLE);
            let retry_after = (STORM / 1_000).to_string();
            return self.answer_request(builder.header("Retry-After", &retry_after).build());
        }
        let replaces = match self.replaced_by(&invite) {
            Ok(replaces) => replaces,
            Err(status) => return self.reply_now(&invite, status),
        };
        let key = TransactionKey::of(&invite);
        let ringing = self.sessions.values().filter(|session| matches!(session, Session::Ringing { .. }));
        if ringing.count() >= MAX_RINGING || self.sessions.len() >= MAX_SESSIONS {
            return self.reply_now(&invite, StatusCode::BUSY_HERE);
        }
        self.serve(key.clone(), &invite);
        let dialog = Dialog::of_request(&invite, &self.ids.token());
        self.respond(now, &key, ResponseBuilder::new(&invite, StatusCode::TRYING).build());
        let session = self.next_session();
        let first = u32::try_from(self.ids.between(1, 1_000_000)).unwrap_or(1);
        let ringing = Session::Ringing {
            key,
            invite: Box::new(invite.clone()),
            dialog: Box::new(dialog),
            ring_again_at: now.after(RING_AGAIN),
            expires_at: expires_at(now, &invite),
            reliable: Reliable::demanded_by(&invite, first),
            replaces,
        };
        self.sessions.insert(session, ringing);
        self.ring(now, session);
        self.tell(Event::Incoming { session, request: Box::new(invite), replaces });
    }

    /// A request begins its transaction. In a full table the oldest one gives way that has its final response: what may come
    /// of it is the ACK of somebody who has let us wait for it.
    pub(super) fn serve(&mut self, key: TransactionKey, request: &Message) {
        if self.servers.len() >= MAX_SERVERS {
            let answered = self.servers.iter().find(|(_, server)| !server.is_open());
            let answered = answered.map(|(key, _)| key.clone());
            answered.and_then(|answered| self.servers.remove(&answered));
        }
        self.servers.insert(key, ServerTransaction::new(request.clone()));
    }

    fn ring(&mut self, now: Instant, session: SessionId) {
        let Some(Session::Ringing { invite, dialog, reliable, .. }) = self.sessions.get(&session) else {
            return;
        };
        if invite.body().is_empty() && reliable.as_ref().is_some_and(|reliable| reliable.is_open()) {
            // The first reliable response would have to bring our offer (RFC 3262 §5), and nobody has made one yet.
            return;
        }
        let builder = ResponseBuilder::new(invite, StatusCode::RINGING).to_tag(&dialog.id.local_tag);
        let builder = builder.header("Contact", &self.contact()).header("Allow", ALLOW);
        self.provisional(now, session, builder);
    }

    /// Whether too many INVITEs came lately; one that is refused for it does not count.
    fn is_storm(&mut self, now: Instant, invite: &Message) -> bool {
        self.lately.retain(|(at, _)| now.since(*at) < STORM);
        let caller = invite.from().uri.as_str();
        let of_caller = self.lately.iter().filter(|(_, other)| other == caller).count();
        let is_storm = of_caller >= MAX_FROM_CALLER || self.lately.len() >= MAX_FROM_ALL;
        if !is_storm {
            self.lately.push((now, caller.to_owned()));
        }
        is_storm
    }

    /// The same request over two paths (RFC 3261 §8.2.2.2).
    fn is_merged(&self, invite: &Message) -> bool {
        self.servers.values().map(ServerTransaction::request).any(|other| {
            other.call_id() == invite.call_id()
                && other.from().tag() == invite.from().tag()
                && other.cseq() == invite.cseq()
        })
    }

    /// [`Command::Accept`](crate::Command::Accept).
    pub(crate) fn accept(
        &mut self,
        now: Instant,
        session: SessionId,
        answer: &[u8],
        headers: &[(String, String)],
    ) {
        let Some(Session::Ringing { key, invite, dialog, reliable, replaces, .. }) =
            self.sessions.get_mut(&session)
        else {
            return;
        };
        if reliable.as_mut().is_some_and(|reliable| reliable.puts_off(answer, headers)) {
            return;
        }
        let (key, invite, dialog, replaced) = (key.clone(), invite.clone(), dialog.clone(), *replaces);
        // What both have agreed on in reliable responses is not said again (RFC 6337 §3.1.1).
        let is_open = reliable.as_ref().is_none_or(|reliable| reliable.is_open());
        let then = reliable.as_mut().and_then(|reliable| reliable.take_put_off());
        let answer = if is_open { answer } else { b"" };
        let response = self.ok(&invite, &dialog.id.local_tag, answer, headers);
        self.respond(now, &key, response.clone());
        let mut ok = Repeated::new(now, response, is_open && invite.body().is_empty(), true);
        ok.then = then;
        let timer = SessionTimer::of_request(now, &invite);
        let confirmed = Confirmed::new(*dialog, Offer::Unacknowledged(ok), &invite, timer);
        self.sessions.insert(session, Session::Confirmed(Box::new(confirmed)));
        self.end_replaced(now, replaced);
    }

    /// The 2xx to an INVITE or UPDATE.
    pub(crate) fn ok(
        &mut self,
        invite: &Message,
        tag: &str,
        answer: &[u8],
        headers: &[(String, String)],
    ) -> Message {
        let builder = ResponseBuilder::new(invite, StatusCode::OK).to_tag(tag);
        let builder = builder.header("Contact", &self.contact_as(invite.to())).header("Allow", ALLOW);
        let builder = SessionTimer::answer(invite, builder.header("Supported", SUPPORTED));
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        builder.body("application/sdp", answer).build()
    }

    /// [`Command::Progress`](crate::Command::Progress).
    pub(crate) fn progress(&mut self, now: Instant, session: SessionId, code: u16, answer: &[u8]) {
        let Some(Session::Ringing { invite, dialog, reliable, .. }) = self.sessions.get(&session) else {
            return;
        };
        // An offer must be reliable, or nothing would bring its answer (RFC 3261 §13.2.1).
        let answer = if reliable.is_none() && invite.body().is_empty() { b"" } else { answer };
        let status = StatusCode::new(code).filter(|status| (101..200).contains(&status.code()));
        let builder = ResponseBuilder::new(invite, status.unwrap_or(StatusCode::SESSION_PROGRESS));
        let builder = builder.to_tag(&dialog.id.local_tag).header("Contact", &self.contact());
        self.provisional(now, session, builder.body("application/sdp", answer));
    }

    /// [`Command::Reject`](crate::Command::Reject).
    pub(crate) fn reject(
        &mut self,
        now: Instant,
        session: SessionId,
        code: u16,
        headers: &[(String, String)],
    ) {
        let Some(Session::Ringing { key, invite, dialog, .. }) = self.sessions.get(&session) else { return };
        let status = StatusCode::new(code).filter(|status| status.code() >= 300);
        let status = status.unwrap_or(StatusCode::TEMPORARILY_UNAVAILABLE);
        let key = key.clone();
        let builder = ResponseBuilder::new(invite, status).to_tag(&dialog.id.local_tag);
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        self.respond(now, &key, builder.build());
        self.terminated(session, EndedBy::Local, status.code(), "", None);
    }

    /// The ACK of a 2xx of ours; that of a failed INVITE is absorbed by its transaction.
    pub(crate) fn handle_ack(&mut self, now: Instant, ack: &Message) {
        let id = DialogId::of_request(ack);
        let found = self
            .sessions
            .iter_mut()
            .find(|(_, session)| session.dialog().is_some_and(|dialog| dialog.id == id));
        let Some((&session, state)) = found else { return };
        match state {
            Session::Leaving { dialog, bye, ok } if ok.is_acknowledged_by(ack) => {
                let (dialog, reason) = (dialog.clone(), bye.reason.clone());
                self.sessions.remove(&session);
                self.send_bye(now, *dialog, reason);
            }
            Session::Confirmed(confirmed) => {
                let Offer::Unacknowledged(ok) = &mut confirmed.offer else { return };
                if !ok.is_acknowledged_by(ack) {
                    return;
                }
                let (tells, then) = (ok.is_first || ok.wants_answer, ok.then.take());
                confirmed.offer = Offer::Settled;
                if tells {
                    self.tell(Event::Confirmed { session, body: ack.body().to_vec() });
                }
                if let Some(offer) = then {
                    self.reinvite(now, session, offer);
                }
            }
            Session::Leaving { .. } | Session::Inviting { .. } | Session::Ringing { .. } => {}
        }
    }

    /// Ends a confirmed session with BYE, which waits for the ACK of our first 2xx.
    pub(crate) fn hang_up(&mut self, now: Instant, session: SessionId, reason: Option<String>) {
        let Some(Session::Confirmed(confirmed)) = self.sessions.get(&session) else { return };
        let Confirmed { dialog, offer, .. } = (**confirmed).clone();
        self.end_their_offer(now, session);
        self.terminated(session, EndedBy::Local, 200, "", None);
        match offer {
            Offer::Unacknowledged(ok) if ok.is_first => {
                let bye = Box::new(Ending { reason });
                self.sessions.insert(session, Session::Leaving { dialog: Box::new(dialog), bye, ok });
            }
            Offer::Unacknowledged(_)
            | Offer::Settled
            | Offer::Ours { .. }
            | Offer::OursAgain { .. }
            | Offer::Asked { .. }
            | Offer::Theirs { .. } => self.send_bye(now, dialog, reason),
        }
    }

    /// Deadlines of all sessions.
    pub(crate) fn sessions_timeout(&mut self, now: Instant) {
        let due = |session: &Session| session.poll_timeout().is_some_and(|deadline| deadline <= now);
        let due: Vec<SessionId> =
            self.sessions.iter().filter(|(_, session)| due(session)).map(|(id, _)| *id).collect();
        for session in due {
            self.session_timeout(now, session);
        }
    }

    fn session_timeout(&mut self, now: Instant, session: SessionId) {
        self.referral_timeout(now, session);
        self.timer_timeout(now, session);
        if let Some(id) = self.sessions.get_mut(&session).and_then(|state| state.offers_again_in(now)) {
            self.offer_again(now, session, &id);
        }
        let repeat = match self.sessions.get_mut(&session) {
            Some(Session::Ringing { expires_at: Some(at), .. }) if *at <= now => {
                return self.expired(now, session);
            }
            Some(Session::Ringing { ring_again_at, .. }) if *ring_again_at <= now => {
                *ring_again_at = now.after(RING_AGAIN);
                self.ring(now, session);
                // Both may be due at once.
                return self.reliable_timeout(now, session);
            }
            Some(Session::Ringing { .. }) => return self.reliable_timeout(now, session),
            Some(Session::Leaving { ok, .. }) => ok.handle_timeout(now),
            Some(Session::Confirmed(confirmed)) => match &mut confirmed.offer {
                Offer::Unacknowledged(ok) => ok.handle_timeout(now),
                Offer::Asked { until, .. } if *until <= now => {
                    self.refuse_unoffered(now, session, 408);
                    return;
                }
                Offer::Settled
                | Offer::Ours { .. }
                | Offer::OursAgain { .. }
                | Offer::Theirs { .. }
                | Offer::Asked { .. } => None,
            },
            Some(Session::Inviting { .. }) | None => None,
        };
        match repeat {
            Some(Repeat::Now(response)) => self.transmit(response.into_octets()),
            Some(Repeat::GiveUp) => self.never_acknowledged(now, session),
            None => {}
        }
    }

    /// Nobody took the call while the INVITE was good for: that ends as a CANCEL does.
    fn expired(&mut self, now: Instant, session: SessionId) {
        let Some(Session::Ringing { key, invite, dialog, .. }) = self.sessions.get(&session) else { return };
        let builder = ResponseBuilder::new(invite, StatusCode::REQUEST_TERMINATED);
        let (key, response) = (key.clone(), builder.to_tag(&dialog.id.local_tag).build());
        self.respond(now, &key, response);
        self.terminated(session, EndedBy::Remote, 487, "", None);
    }

    /// RFC 3261 §13.3.1.4: without an ACK the dialog is confirmed, but the session ends.
    fn never_acknowledged(&mut self, now: Instant, session: SessionId) {
        match self.sessions.get(&session) {
            Some(Session::Leaving { dialog, bye, .. }) => {
                let (dialog, reason) = (dialog.clone(), bye.reason.clone());
                self.sessions.remove(&session);
                self.send_bye(now, *dialog, reason);
            }
            Some(Session::Confirmed(confirmed)) => {
                let dialog = confirmed.dialog.clone();
                self.terminated(session, EndedBy::Network, 408, "The other side does not answer.", None);
                self.send_bye(now, dialog, None);
            }
            Some(Session::Inviting { .. } | Session::Ringing { .. }) | None => {}
        }
    }
}

/// Expires of an INVITE (RFC 3261 §20.19). One that was over before it came says nothing.
fn expires_at(now: Instant, invite: &Message) -> Option<Instant> {
    let seconds = invite.number("Expires").filter(|seconds| *seconds > 0)?;
    Some(now.after(u64::from(seconds) * 1_000))
}
