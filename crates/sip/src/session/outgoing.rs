//! Sessions that we open: INVITE, its forks, its end. Each To tag is an early dialog of its own; the first 2xx wins, a
//! later one is acknowledged and ended.

use super::{
    Confirmed, Early, EarlyOffer, MAX_SESSIONS, Offer, SESSION_EXPIRES, Session, SessionTimer,
    redirect::Onward,
};
use crate::{
    Cause, EndedBy, Event, Instant, Reason, SessionId,
    agent::{ALLOW, Purpose, SUPPORTED, UserAgent, reason_of},
    dialog::{ANONYMOUS_HOST, Dialog, DialogId},
    transaction::TransactionKey,
    wire::{Message, Method, NameAddr, ResponseBuilder, StatusCode, Uri, split_outside},
};

/// Whether this is a Privacy header that keeps the caller from the callee (RFC 3323 §4.2, RFC 3325 §9.3).
fn hides_the_caller(name: &str, value: &str) -> bool {
    let hides = |level: &str| matches!(level.trim_ascii(), "id" | "user" | "header");
    name.eq_ignore_ascii_case("Privacy") && split_outside(value, b';').any(hides)
}

/// RFC 3323 §4.1.1.3. The server knows us by our credentials.
fn anonymous() -> NameAddr {
    let mut from = NameAddr::new(Uri::sip(Some("anonymous"), ANONYMOUS_HOST));
    from.display = "Anonymous".to_owned();
    from
}

impl UserAgent {
    /// [`Command::Invite`](crate::Command::Invite).
    pub(crate) fn invite(
        &mut self,
        now: Instant,
        session: SessionId,
        target: &str,
        offer: &[u8],
        headers: &[(String, String)],
    ) {
        if self.sessions.contains_key(&session) {
            return;
        }
        if !self.is_registered() {
            return self.never_began(session, EndedBy::Network, 503, "Not registered.");
        }
        if self.sessions.len() >= MAX_SESSIONS {
            return self.never_began(session, EndedBy::Local, 486, "Too many calls.");
        }
        let Some(target) = self.target(target) else {
            return self.never_began(session, EndedBy::Local, 404, "Not a number.");
        };
        let from = match headers.iter().any(|(name, value)| hides_the_caller(name, value)) {
            true => anonymous(),
            false => self.own_address(),
        };
        let contact = self.contact_as(&from);
        let mut builder = self
            .new_request_from(Method::Invite, target, from)
            .header("Contact", &contact)
            .header("Allow", ALLOW)
            .header("Supported", SUPPORTED)
            .header("Session-Expires", &SESSION_EXPIRES.to_string())
            .header("Accept", "application/sdp");
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let invite = builder.body("application/sdp", offer).build();
        let key = TransactionKey::of(&invite);
        let onward = invite.uri().cloned().map(Onward::new).unwrap_or_default();
        let inviting = Session::Inviting { key, invite: Box::new(invite.clone()), forks: Vec::new(), onward };
        self.sessions.insert(session, inviting);
        self.send(now, Purpose::Invite(session), invite, true);
        self.doubt_flow(now);
        self.tell(Event::Inviting { session });
    }

    /// The one event of a session that never was.
    pub(crate) fn never_began(&mut self, session: SessionId, ended_by: EndedBy, code: u16, phrase: &str) {
        let phrase = phrase.to_owned();
        let cause = Cause { ended_by, code, phrase, reason: None, retry_after: None, refusal: None };
        self.outcomes.extend(StatusCode::new(code).map(|status| (session, status)));
        self.tell(Event::Terminated { session, cause });
    }

    /// The INVITE was sent again, with credentials. What rang for the one before is over with its refusal.
    pub(crate) fn invite_again(&mut self, session: SessionId, again: &Message) {
        let Some(Session::Inviting { key, invite, forks, .. }) = self.sessions.get_mut(&session) else {
            return;
        };
        *key = TransactionKey::of(again);
        **invite = again.clone();
        let gone = std::mem::take(forks);
        self.late.leave(&gone);
        self.offers_dropped(session, &gone);
    }

    /// A response to the INVITE that opens a session.
    pub(crate) fn invite_response(
        &mut self,
        now: Instant,
        session: SessionId,
        request: &Message,
        response: &Message,
    ) {
        let Some((code, _)) = response.status() else { return };
        match (code, self.sessions.get_mut(&session)) {
            (100, _) => {}
            (101..200, Some(Session::Inviting { .. })) => {
                if self.is_progress(now, session, request, response) {
                    let fork = response.to().tag().unwrap_or_default().to_owned();
                    self.outcomes.extend(response.status_code().map(|status| (session, status)));
                    self.tell(Event::Progress { session, fork, response: Box::new(response.clone()) });
                }
            }
            (200..300, Some(Session::Inviting { .. })) => self.accepted(now, session, request, response),
            (200..300, _) => self.late_ok(now, request, response),
            (300.., _) => self.refused(session, response),
            (_, _) => {}
        }
    }

    /// Nothing more will come of the INVITE. A session that it made already goes on.
    pub(crate) fn invite_lost(&mut self, session: SessionId, code: u16, phrase: &str) {
        if let Some(Session::Inviting { .. }) = self.sessions.get(&session) {
            self.terminated(session, EndedBy::Network, code, phrase, None);
        }
    }

    fn accepted(&mut self, now: Instant, session: SessionId, request: &Message, response: &Message) {
        let Some(dialog) = Dialog::of_response(request, response) else {
            // A 2xx without a To tag makes no dialog, so it can be neither acknowledged nor ended.
            return self.terminated(session, EndedBy::Network, 500, "The answer is not valid.", None);
        };
        let early = self.sessions.get_mut(&session).and_then(|session| session.dialog_with(&dialog.id));
        let dialog = match early {
            Some(early) => dialog.continues(early),
            // It may have hung up early.
            None => self.late.continued(dialog),
        };
        let brings_offer = request.body().is_empty() && !response.body().is_empty();
        let (offer, ack) = match self.offers_of_winner(session, &dialog.id) {
            None if brings_offer => (Offer::asked(now, request), None),
            offer => (offer.unwrap_or(Offer::Settled), Some(self.acknowledge(&dialog, request, b""))),
        };
        let fork = dialog.id.remote_tag.clone();
        let timer = SessionTimer::of_response(now, response);
        let mut confirmed = Confirmed::new(dialog, offer, response, timer);
        confirmed.ack = ack;
        self.sessions.insert(session, Session::Confirmed(Box::new(confirmed)));
        self.outcomes.push((session, StatusCode::OK));
        self.tell(Event::Accepted { session, fork, response: Box::new(response.clone()) });
    }

    /// The forks end; what is offered in the early dialog of the one that wins goes on, if its first exchange is complete.
    fn offers_of_winner(&mut self, session: SessionId, winner: &DialogId) -> Option<Offer> {
        let Some(Session::Inviting { forks, .. }) = self.sessions.get_mut(&session) else { return None };
        let mut forks = std::mem::take(forks);
        self.late.leave(&forks);
        let at = forks.iter().position(|early| early.tag == winner.remote_tag);
        let won = at.map(|at| forks.swap_remove(at).offer);
        self.offers_dropped(session, &forks);
        match won {
            Some(EarlyOffer::Agreed(offer)) => Some(offer),
            Some(EarlyOffer::None | EarlyOffer::Waits(_)) | None => None,
        }
    }

    /// Sends the ACK of a 2xx: a request of its own that carries the INVITE's credentials (RFC 3261 §13.2.2.4), and our
    /// answer where the 2xx had the offer.
    pub(crate) fn acknowledge(&mut self, dialog: &Dialog, invite: &Message, answer: &[u8]) -> Message {
        let mut builder = dialog.ack(self.via(), invite.cseq().number);
        for name in ["Authorization", "Proxy-Authorization"] {
            for value in invite.values(name) {
                builder = builder.header(name, value);
            }
        }
        let ack = builder.body("application/sdp", answer).build();
        self.transmit(ack.octets().to_vec());
        ack
    }

    /// A response to an INVITE whose session has ended.
    pub(crate) fn abandoned_response(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: &Message,
        response: &Message,
    ) {
        match response.status_code() {
            Some(status) if status.is_provisional() => self.send_cancel(now, key),
            Some(status) if status.is_success() => self.late_ok(now, request, response),
            Some(_) | None => {}
        }
    }

    /// BYE in an early dialog: its 200 is still to come, or a device that should have refused hangs up (RFC 3261 §15). Where
    /// no other one rings, nobody will pick up any more.
    pub(crate) fn early_bye(&mut self, now: Instant, session: SessionId, bye: &Message) {
        let id = DialogId::of_request(bye);
        let Some(Session::Inviting { key, forks, .. }) = self.sessions.get_mut(&session) else { return };
        let is_it = |early: &Early| early.dialog.as_ref().is_some_and(|dialog| dialog.id == id);
        let (gone, left): (Vec<Early>, Vec<Early>) = std::mem::take(forks).into_iter().partition(is_it);
        let (key, is_last) = (key.clone(), left.is_empty());
        *forks = left;
        self.late.leave(&gone);
        self.offers_dropped(session, &gone);
        if is_last {
            self.abandon(now, &key, None);
            self.terminated(session, EndedBy::Remote, 200, "", reason_of(bye));
        }
    }

    /// [`Command::Terminate`](crate::Command::Terminate).
    pub(crate) fn terminate(&mut self, now: Instant, session: SessionId, reason: Option<&Reason>) {
        let reason = reason.map(Reason::to_string);
        let code = match self.sessions.get(&session) {
            Some(Session::Inviting { key, .. }) => {
                let key = key.clone();
                self.abandon(now, &key, reason);
                487
            }
            Some(Session::Ringing { key, invite, dialog, .. }) => {
                let (key, status) = (key.clone(), StatusCode::TEMPORARILY_UNAVAILABLE);
                let mut builder = ResponseBuilder::new(invite, status).to_tag(&dialog.id.local_tag);
                if let Some(reason) = reason {
                    builder = builder.header("Reason", &reason);
                }
                self.respond(now, &key, builder.build());
                status.code()
            }
            Some(Session::Confirmed(_)) => return self.hang_up(now, session, reason),
            Some(Session::Leaving { .. }) | None => return,
        };
        self.terminated(session, EndedBy::Local, code, "", None);
    }

    /// The session is over, and was not refused with more to say than this.
    pub(crate) fn terminated(
        &mut self,
        session: SessionId,
        ended_by: EndedBy,
        code: u16,
        phrase: &str,
        reason: Option<Reason>,
    ) {
        let phrase = phrase.to_owned();
        self.ended(session, Cause { ended_by, code, phrase, reason, retry_after: None, refusal: None });
    }

    /// The session's one and last event. What was in the air for it stays a matter of its transactions.
    pub(super) fn ended(&mut self, session: SessionId, mut cause: Cause) {
        self.end_early_offer(session);
        let Some(ended) = self.sessions.remove(&session) else { return };
        self.remember_gone(&ended);
        self.outlive(session, &ended);
        let status = StatusCode::new(cause.code);
        // Of a session that was accepted the referrer has heard already.
        self.outcomes.extend(status.map(|status| (session, status)));
        if let Some(status) = status.filter(|_| cause.phrase.is_empty()) {
            cause.phrase = status.phrase().to_owned();
        }
        self.tell(Event::Terminated { session, cause });
    }

    /// Refused: what nobody has taken yet ends as its state wants it.
    pub(crate) fn end_unanswered(&mut self, now: Instant) {
        let is_unanswered = |(id, session): (&SessionId, &Session)| match session {
            Session::Inviting { .. } | Session::Ringing { .. } => Some(*id),
            Session::Confirmed(_) | Session::Leaving { .. } => None,
        };
        let sessions: Vec<SessionId> = self.sessions.iter().filter_map(is_unanswered).collect();
        for session in sessions {
            self.terminate(now, session, None);
        }
    }

    /// Signing out: every session ends as its state wants it.
    pub(crate) fn end_all_sessions(&mut self, now: Instant) {
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            self.terminate(now, session, None);
        }
    }
}
