//! Offers inside a session (RFC 3261 §14): ours, theirs, and when both meet. One that fails leaves the session as it was;
//! only 481 and 408 say that there is none any more. Ours go by re-INVITE where the session stands, as RFC 3311 §5.1
//! recommends, and by UPDATE before that.

use super::{Offer, Repeated, Session, SessionTimer};
use crate::{
    EndedBy, Event, Instant, SessionId,
    agent::{ALLOW, Purpose, SUPPORTED, UserAgent, reason_of},
    dialog::DialogId,
    transaction::{ServerTransaction, TransactionKey},
    wire::{Message, Method, ResponseBuilder, StatusCode},
};

/// An offer that is put off so often meets a side that never listens.
const MAX_GLARES: u8 = 5;
/// INVITEs of one dialog that are remembered at a time: who sends more than these in half a minute does not want to talk.
const MAX_OFFERS: usize = 24;
/// Seconds that 500 may make an offer wait (RFC 3261 §14.2); who says more means something else.
const MAX_WAIT: u32 = 10;

impl Offer {
    /// This request of theirs brings one.
    pub(super) fn of_theirs(request: &Message) -> Offer {
        Offer::Theirs { key: TransactionKey::of(request), invite: Box::new(request.clone()) }
    }

    /// Their request that waits for our answer.
    pub(super) fn theirs(&self) -> Option<(TransactionKey, Message)> {
        match self {
            Offer::Theirs { key, invite } => Some((key.clone(), (**invite).clone())),
            Offer::Settled
            | Offer::Ours { .. }
            | Offer::OursAgain { .. }
            | Offer::Asked { .. }
            | Offer::Unacknowledged(_) => None,
        }
    }
}

impl UserAgent {
    /// [`Command::Reinvite`](crate::Command::Reinvite).
    pub(crate) fn reinvite(&mut self, now: Instant, session: SessionId, offer: Vec<u8>) {
        let reaches_them = self.reaches_dialogs();
        match self.sessions.get_mut(&session) {
            Some(Session::Confirmed(confirmed)) if reaches_them => match &mut confirmed.offer {
                Offer::Settled => {
                    let id = confirmed.dialog.id.clone();
                    self.send_offer(now, session, &id, offer, 0);
                }
                Offer::Unacknowledged(ok) if ok.then.is_none() => ok.then = Some(offer),
                Offer::Ours { .. }
                | Offer::OursAgain { .. }
                | Offer::Theirs { .. }
                | Offer::Asked { .. }
                | Offer::Unacknowledged(_) => self.tell(Event::ReinviteFailed { session, code: 491 }),
            },
            Some(Session::Confirmed(_)) => self.tell(Event::ReinviteFailed { session, code: 503 }),
            // The first offer and its answer are not through for sure.
            Some(Session::Inviting { .. } | Session::Ringing { .. }) => {
                self.tell(Event::ReinviteFailed { session, code: 491 });
            }
            Some(Session::Leaving { .. }) | None => {}
        }
    }

    /// Offers in this dialog, in which nothing else is in the air.
    pub(super) fn send_offer(
        &mut self,
        now: Instant,
        session: SessionId,
        id: &DialogId,
        offer: Vec<u8>,
        glares: u8,
    ) {
        let via = self.via();
        let Some(state) = self.sessions.get_mut(&session) else { return };
        let (method, timer) = match state {
            Session::Confirmed(confirmed) => (Method::Invite, confirmed.timer),
            // RFC 4028 §7.4: the timer is a matter of the INVITE that has no answer yet.
            Session::Inviting { .. } | Session::Ringing { .. } | Session::Leaving { .. } => {
                (Method::Update, None)
            }
        };
        let Some((dialog, current)) = state.offers_in(id) else { return };
        let (builder, local, is_ours) = (dialog.request(method, via), dialog.local.clone(), dialog.is_ours);
        let sequence = dialog.sequence();
        *current = Offer::Ours { offer: offer.clone(), sequence, glares };
        let builder = builder.header("Contact", &self.contact_as(&local));
        let builder = builder.header("Allow", ALLOW).header("Supported", SUPPORTED);
        let builder = builder.header("User-Agent", &self.config.user_agent);
        let builder = match timer {
            Some(timer) => builder.header("Session-Expires", &timer.value()),
            None => builder,
        };
        let request = builder.body("application/sdp", &offer).build();
        self.send(now, Purpose::Offer(session), request, is_ours);
    }

    /// Our offer was sent again, with credentials and so with another number.
    pub(crate) fn offer_renumbered(&mut self, session: SessionId, again: &Message) {
        let offers = self.sessions.get_mut(&session).and_then(|one| one.offers_in(&DialogId::of_own(again)));
        if let Some((_, Offer::Ours { sequence, .. })) = offers {
            *sequence = again.cseq().number;
        }
    }

    /// The wait after 491 is over.
    pub(super) fn offer_again(&mut self, now: Instant, session: SessionId, id: &DialogId) {
        let reaches_them = self.reaches_dialogs();
        let Some((_, current)) = self.sessions.get_mut(&session).and_then(|one| one.offers_in(id)) else {
            return;
        };
        let Offer::OursAgain { offer, glares, .. } = std::mem::replace(current, Offer::Settled) else {
            return;
        };
        match reaches_them {
            true => self.send_offer(now, session, id, offer, glares),
            false => self.tell(Event::ReinviteFailed { session, code: 503 }),
        }
    }

    /// A response to our re-INVITE, or to our UPDATE with an offer.
    pub(crate) fn offer_response(
        &mut self,
        now: Instant,
        session: SessionId,
        request: &Message,
        response: &Message,
    ) {
        let Some((code, _)) = response.status() else { return };
        let (id, number) = (DialogId::of_own(request), request.cseq().number);
        let is_invite = *request.method() == Method::Invite;
        let Some((dialog, offer)) = self.sessions.get_mut(&session).and_then(|one| one.offers_in(&id)) else {
            // The session ended meanwhile: a 2xx still wants its ACK, the BYE is on its way already.
            if is_invite && (200..300).contains(&code) {
                self.late_ok(now, request, response);
            }
            return;
        };
        let is_current = matches!(offer, Offer::Ours { sequence, .. } if *sequence == number);
        match code {
            100..200 => {}
            200..300 => {
                if is_current {
                    *offer = Offer::Settled;
                    dialog.refresh_target(response);
                }
                if is_invite {
                    let dialog = dialog.clone();
                    self.acknowledge(&dialog, request, b"");
                }
                if is_current {
                    if let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session)
                        && is_invite
                    {
                        confirmed.timer = SessionTimer::of_response(now, response);
                    }
                    self.tell(Event::Reinvited { session, answer: response.body().to_vec() });
                    self.go_on_ringing(now, session);
                }
            }
            // It was given up before: the failure is told.
            _ if !is_current => {}
            491 | 500 if self.offers_again(now, session, &id, response) => self.go_on_ringing(now, session),
            408 | 481 if self.is_accepted(session) => self.vanished(now, session, code, response),
            _ => self.offer_failed(now, session, &id, code),
        }
    }

    /// Nothing came of our offer in this dialog: all is as before.
    fn offer_failed(&mut self, now: Instant, session: SessionId, id: &DialogId, code: u16) {
        if let Some((_, offer)) = self.sessions.get_mut(&session).and_then(|one| one.offers_in(id)) {
            *offer = Offer::Settled;
        }
        self.tell(Event::ReinviteFailed { session, code });
        self.go_on_ringing(now, session);
    }

    fn is_accepted(&self, session: SessionId) -> bool {
        matches!(self.sessions.get(&session), Some(Session::Confirmed(_)))
    }

    /// Both sides offered at once: who opened the dialog waits longer (RFC 3261 §14.1). After 500 the wait is theirs to
    /// say (§14.2). `false`: it is not offered again.
    fn offers_again(&mut self, now: Instant, session: SessionId, id: &DialogId, response: &Message) -> bool {
        let Some((dialog, current)) = self.sessions.get_mut(&session).and_then(|one| one.offers_in(id))
        else {
            return false;
        };
        let Offer::Ours { offer, glares, .. } = &*current else { return false };
        let code = response.status().map_or(0, |(code, _)| code);
        let wait = match (code, response.number("Retry-After")) {
            (491, _) if dialog.is_ours => self.ids.between(210, 400) * 10,
            (491, _) => self.ids.between(0, 200) * 10,
            (_, Some(seconds @ 0..=MAX_WAIT)) => u64::from(seconds) * 1_000,
            (_, _) => return false,
        };
        if *glares == MAX_GLARES {
            return false;
        }
        *current = Offer::OursAgain { offer: offer.clone(), at: now.after(wait), glares: glares + 1 };
        true
    }

    /// 481 or 408: the other side knows nothing of this session, or is gone (RFC 3261 §12.2.1.2).
    pub(super) fn vanished(&mut self, now: Instant, session: SessionId, code: u16, response: &Message) {
        let Some(Session::Confirmed(confirmed)) = self.sessions.get(&session) else { return };
        let dialog = confirmed.dialog.clone();
        let phrase = response.status().map(|(_, phrase)| phrase.to_owned()).unwrap_or_default();
        if let Offer::Ours { .. } = confirmed.offer {
            self.tell(Event::ReinviteFailed { session, code });
        }
        self.end_their_offer(now, session);
        self.terminated(session, EndedBy::Network, code, &phrase, reason_of(response));
        self.send_bye(now, dialog, None);
    }

    /// No final response to our re-INVITE or UPDATE. Before the call is accepted, the INVITE says what becomes of it.
    pub(crate) fn offer_silence(&mut self, now: Instant, session: SessionId, request: &Message) {
        let Some(Session::Confirmed(confirmed)) = self.sessions.get(&session) else {
            let id = DialogId::of_own(request);
            let offers = self.sessions.get_mut(&session).and_then(|one| one.offers_in(&id));
            if let Some((_, Offer::Ours { .. })) = offers {
                self.offer_failed(now, session, &id, 408);
            }
            return;
        };
        let dialog = confirmed.dialog.clone();
        if let Offer::Ours { .. } = confirmed.offer {
            self.tell(Event::ReinviteFailed { session, code: 408 });
        }
        self.end_their_offer(now, session);
        self.terminated(session, EndedBy::Network, 408, "The other side does not answer.", None);
        self.send_bye(now, dialog, None);
    }

    /// The flow broke while our offer was in the air, or the re-INVITE rings on and on: the session goes on, the phone may offer
    /// again.
    pub(crate) fn offer_lost(&mut self, session: SessionId) {
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else { return };
        if let Offer::Ours { .. } = confirmed.offer {
            confirmed.offer = Offer::Settled;
            self.tell(Event::ReinviteFailed { session, code: 408 });
        }
    }

    /// The flow broke while their re-INVITE waited for us: nobody hears the answer any more.
    pub(crate) fn offers_lost(&mut self) {
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            if self.their_offer(session).is_some() {
                self.settle(session, Offer::Settled);
                self.tell(Event::OfferWithdrawn { session });
            }
        }
    }

    /// A re-INVITE of the other side, or an UPDATE with an offer.
    pub(crate) fn handle_reinvite(&mut self, now: Instant, session: SessionId, invite: Message) {
        let of_dialog = |other: &&ServerTransaction| other.request().call_id() == invite.call_id();
        let is_storm = self.servers.values().filter(of_dialog).count() >= MAX_OFFERS;
        let confirmed = match self.sessions.get_mut(&session) {
            Some(Session::Confirmed(confirmed)) if !is_storm => confirmed,
            // Ours has no final response yet (RFC 3261 §14.2).
            Some(Session::Inviting { .. }) => return self.reply_now(&invite, StatusCode::REQUEST_PENDING),
            // Theirs has none, or they offer without end.
            Some(Session::Confirmed(_) | Session::Ringing { .. } | Session::Leaving { .. }) | None => {
                return self.put_off(&invite);
            }
        };
        match &confirmed.offer {
            Offer::Ours { .. } | Offer::Unacknowledged(_) | Offer::Asked { .. } => {
                self.reply_now(&invite, StatusCode::REQUEST_PENDING);
            }
            Offer::Theirs { .. } => self.put_off(&invite),
            Offer::Settled | Offer::OursAgain { .. } => {
                let gave_way = matches!(confirmed.offer, Offer::OursAgain { .. });
                let key = TransactionKey::of(&invite);
                let offer = invite.body().to_vec();
                confirmed.dialog.refresh_target(&invite);
                confirmed.offer = Offer::of_theirs(&invite);
                self.serve(key.clone(), &invite);
                if *invite.method() == Method::Invite {
                    self.respond(now, &key, ResponseBuilder::new(&invite, StatusCode::TRYING).build());
                }
                if gave_way {
                    self.tell(Event::ReinviteFailed { session, code: 491 });
                }
                self.tell(Event::Offered { session, offer });
            }
        }
    }

    /// [`Command::Answer`](crate::Command::Answer).
    pub(crate) fn answer(&mut self, now: Instant, session: SessionId, answer: &[u8]) {
        if self.answer_unoffered(now, session, answer) {
            return;
        }
        let Some((key, invite)) = self.their_offer(session) else { return };
        let response = self.ok(&invite, "", answer, &[]);
        if let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) {
            confirmed.timer = SessionTimer::of_request(now, &invite);
        }
        self.identify(now, session, &invite);
        if *invite.method() != Method::Invite {
            self.servers.remove(&key);
            self.answer_request(response);
            self.settle(session, Offer::Settled);
            return self.settle_early(now, session);
        }
        self.respond(now, &key, response.clone());
        let ok = Repeated::new(now, response, invite.body().is_empty(), false);
        self.settle(session, Offer::Unacknowledged(ok));
    }

    /// [`Command::RefuseOffer`](crate::Command::RefuseOffer).
    pub(crate) fn refuse_offer(&mut self, now: Instant, session: SessionId, code: u16) {
        if self.refuse_unoffered(now, session, code) {
            return;
        }
        let Some((key, invite)) = self.their_offer(session) else { return };
        let status = StatusCode::new(code).filter(|status| status.code() >= 300);
        let status = status.unwrap_or(StatusCode::NOT_ACCEPTABLE_HERE);
        let response = ResponseBuilder::new(&invite, status).build();
        self.refuse_request(now, &key, response);
        self.settle(session, Offer::Settled);
        self.settle_early(now, session);
    }

    /// A CANCEL of their re-INVITE: the session goes on as it was.
    pub(crate) fn cancel_reinvite(&mut self, now: Instant, key: &TransactionKey) {
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            if let Some((theirs, invite)) = self.their_offer(session)
                && theirs == *key
            {
                let response = ResponseBuilder::new(&invite, StatusCode::REQUEST_TERMINATED).build();
                self.respond(now, key, response);
                self.settle(session, Offer::Settled);
                self.tell(Event::OfferWithdrawn { session });
            }
        }
    }

    /// The session ends while what they offered waits for an answer: its request gets its final response.
    pub(crate) fn end_their_offer(&mut self, now: Instant, session: SessionId) {
        self.acknowledge_asked(session, b"");
        if let Some((key, invite)) = self.their_offer(session) {
            let response = ResponseBuilder::new(&invite, StatusCode::REQUEST_TERMINATED).build();
            self.refuse_request(now, &key, response);
            self.settle(session, Offer::Settled);
        }
    }

    /// The final response to a request with an offer of theirs. The transaction of an UPDATE or PRACK ends with it, and what
    /// comes again later gets the same.
    fn refuse_request(&mut self, now: Instant, key: &TransactionKey, response: Message) {
        if *response.method() == Method::Invite {
            return self.respond(now, key, response);
        }
        self.servers.remove(key);
        self.answer_request(response);
    }

    fn their_offer(&self, session: SessionId) -> Option<(TransactionKey, Message)> {
        match self.sessions.get(&session)? {
            Session::Confirmed(confirmed) => confirmed.offer.theirs(),
            Session::Ringing { reliable, .. } => reliable.as_ref()?.their_offer(),
            Session::Inviting { .. } | Session::Leaving { .. } => None,
        }
    }

    fn settle(&mut self, session: SessionId, offer: Offer) {
        if let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) {
            confirmed.offer = offer;
        }
    }
}
