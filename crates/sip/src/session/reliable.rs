//! Reliable provisional responses (RFC 3262): PRACK for those of others, and ours repeated until theirs comes. Ours are
//! reliable only for a caller who demands it, and then a whole exchange of offer and answer may come before the 2xx.

use super::{Early, EarlyOffer, Offer, Session};
use crate::{
    EndedBy, Event, Instant, SessionId,
    agent::{Purpose, UserAgent},
    dialog::{Dialog, DialogId},
    transaction::{T1, TIMEOUT, TransactionKey},
    wire::{Message, Method, RAck, ResponseBuilder, StatusCode},
};

/// Provisional responses that wait for the PRACK of the one before: ringing, and early media.
const MAX_QUEUED: usize = 4;

/// Description and headers of a 2xx.
type Answer = (Vec<u8>, Vec<(String, String)>);

/// Our provisional responses to one INVITE with `Require: 100rel`.
#[derive(Clone, Debug)]
pub(crate) struct Reliable {
    /// RSeq of the next one.
    next: u32,
    unacknowledged: Option<Provisional>,
    queue: Vec<ResponseBuilder>,
    exchange: Exchange,
    /// Accepted before a description of ours was acknowledged, or one of theirs answered: the 2xx must wait
    /// (RFC 3262 §3).
    then: Option<Answer>,
}

/// Offer and answer before the 2xx (RFC 3262 §5).
#[derive(Clone, Debug)]
enum Exchange {
    /// The first offer has no answer that is known to have arrived.
    Open,
    /// Ours is in a reliable response: the PRACK must bring the answer.
    Ours,
    /// Either side may offer anew: they by PRACK or UPDATE, we by UPDATE.
    Agreed(Offer),
}

/// What a PRACK means.
enum Verdict {
    /// It is for no response that waits.
    Stray,
    /// The answer that it had to bring is missing.
    Unanswered,
    Acknowledged,
    /// It brings an offer that there is no place for.
    TooEarly,
    /// It brings the answer to ours.
    Answered,
    /// It brings another offer.
    Offered,
}

#[derive(Clone, Debug)]
struct Provisional {
    response: Message,
    number: u32,
    interval: u64,
    again_at: Instant,
    gives_up_at: Instant,
}

impl Reliable {
    /// For an INVITE that demands it. `first` is any number below 2³¹.
    pub(crate) fn demanded_by(invite: &Message, first: u32) -> Option<Box<Reliable>> {
        let demands = invite.lists("Require", "100rel");
        let (queue, exchange) = (Vec::new(), Exchange::Open);
        let reliable = Reliable { next: first, unacknowledged: None, queue, exchange, then: None };
        demands.then(|| Box::new(reliable))
    }

    /// Whether the 2xx must carry a description.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.exchange, Exchange::Open)
    }

    /// What they have offered beside a PRACK or by UPDATE, while it waits for our answer.
    pub(super) fn their_offer(&self) -> Option<(TransactionKey, Message)> {
        match &self.exchange {
            Exchange::Agreed(offer) => offer.theirs(),
            Exchange::Open | Exchange::Ours => None,
        }
    }

    /// The offers after the first one, once that has its answer.
    pub(super) fn agreed(&mut self) -> Option<&mut Offer> {
        match &mut self.exchange {
            Exchange::Agreed(offer) => Some(offer),
            Exchange::Open | Exchange::Ours => None,
        }
    }

    /// Whether an offer of ours may go out now.
    pub(super) fn is_free(&self) -> bool {
        self.then.is_none() && matches!(self.exchange, Exchange::Agreed(Offer::Settled))
    }

    /// Takes the next response; `Some` is to be sent now.
    fn push(&mut self, now: Instant, invite: &Message, builder: ResponseBuilder) -> Option<Message> {
        if self.unacknowledged.is_some() {
            if self.queue.len() < MAX_QUEUED {
                self.queue.push(builder);
            }
            return None;
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let builder = if self.is_open() { builder } else { builder.body("", b"") };
        let response = builder.header("Require", "100rel").header("RSeq", &number.to_string()).build();
        self.unacknowledged = Some(Provisional {
            response: response.clone(),
            number,
            interval: T1,
            again_at: now.after(T1),
            gives_up_at: now.after(TIMEOUT),
        });
        if invite.body().is_empty() && !response.body().is_empty() {
            self.exchange = Exchange::Ours;
        }
        Some(response)
    }

    /// Judges a PRACK, and takes what it acknowledges and brings.
    fn acknowledge(&mut self, invite: &Message, prack: &Message) -> Verdict {
        let is_for = |waits: &&mut Provisional| rack(prack) == Some((waits.number, invite.cseq().number));
        let Some(waits) = self.unacknowledged.as_mut().filter(is_for) else { return Verdict::Stray };
        let (is_described, is_silent) = (!waits.response.body().is_empty(), prack.body().is_empty());
        let was_ours = matches!(self.exchange, Exchange::Ours) && is_described;
        if was_ours && is_silent {
            return Verdict::Unanswered;
        }
        self.unacknowledged = None;
        if is_described {
            self.exchange = Exchange::Agreed(Offer::Settled);
        }
        match (is_silent, self.agreed()) {
            (true, _) => Verdict::Acknowledged,
            (false, _) if was_ours => Verdict::Answered,
            (false, Some(offer @ Offer::Settled)) => {
                *offer = Offer::of_theirs(prack);
                Verdict::Offered
            }
            (false, _) => Verdict::TooEarly,
        }
    }

    /// Keeps the answer for later if a description waits for its PRACK, or an offer for its answer.
    pub(crate) fn puts_off(&mut self, answer: &[u8], headers: &[(String, String)]) -> bool {
        let is_described = |waits: &Provisional| !waits.response.body().is_empty();
        let waits = self.unacknowledged.as_ref().is_some_and(is_described) || self.is_offering();
        if waits {
            self.then = Some((answer.to_vec(), headers.to_vec()));
        }
        waits
    }

    /// Whether an offer is in the air after the first one.
    fn is_offering(&self) -> bool {
        matches!(self.exchange, Exchange::Agreed(Offer::Ours { .. } | Offer::Theirs { .. }))
    }

    /// The offer of ours that was to be made again: the re-INVITE after the ACK makes it.
    pub(super) fn take_put_off(&mut self) -> Option<Vec<u8>> {
        match self.agreed().map(|offer| std::mem::replace(offer, Offer::Settled)) {
            Some(Offer::OursAgain { offer, .. }) => Some(offer),
            Some(_) | None => None,
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let offer = match &self.exchange {
            Exchange::Agreed(offer) => offer.poll_timeout(),
            Exchange::Open | Exchange::Ours => None,
        };
        let waits = self.unacknowledged.as_ref().map(|waits| waits.again_at.min(waits.gives_up_at));
        Instant::earliest(&[waits, offer])
    }
}

/// Which of our responses to the INVITE a PRACK is for.
fn rack(prack: &Message) -> Option<(u32, u32)> {
    let rack = RAck::parse(prack.header("RAck")?).ok()?;
    (rack.method == Method::Invite).then_some((rack.response, rack.sequence))
}

impl UserAgent {
    /// Sends a provisional response to a ringing session's INVITE as its caller wants it.
    pub(crate) fn provisional(&mut self, now: Instant, session: SessionId, builder: ResponseBuilder) {
        let Some(Session::Ringing { key, invite, reliable, .. }) = self.sessions.get_mut(&session) else {
            return;
        };
        let key = key.clone();
        let response = match reliable {
            Some(reliable) => reliable.push(now, invite, builder),
            None => Some(builder.build()),
        };
        if let Some(response) = response {
            self.respond(now, &key, response);
        }
    }

    /// PRACK of the other side.
    pub(crate) fn handle_prack(&mut self, now: Instant, session: SessionId, prack: &Message) {
        let verdict = match self.sessions.get_mut(&session) {
            Some(Session::Ringing { reliable: Some(reliable), invite, .. }) => {
                reliable.acknowledge(invite, prack)
            }
            // It crossed our 2xx, which has made it superfluous.
            Some(Session::Confirmed(confirmed)) if rack(prack).is_some() && confirmed.awaits_first_ack() => {
                if prack.body().is_empty() {
                    Verdict::Acknowledged
                } else {
                    Verdict::TooEarly
                }
            }
            Some(Session::Leaving { .. }) if rack(prack).is_some() => Verdict::Acknowledged,
            Some(
                Session::Ringing { .. }
                | Session::Confirmed(_)
                | Session::Leaving { .. }
                | Session::Inviting { .. },
            )
            | None => Verdict::Stray,
        };
        let status = match verdict {
            Verdict::Acknowledged | Verdict::Answered => StatusCode::OK,
            Verdict::Stray => StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST,
            Verdict::Unanswered => StatusCode::BAD_REQUEST,
            Verdict::TooEarly => StatusCode::NOT_ACCEPTABLE_HERE,
            Verdict::Offered => return self.offered_early(session, prack),
        };
        self.reply_now(prack, status);
        if let Verdict::Answered = verdict {
            self.tell(Event::EarlyAnswered { session, answer: prack.body().to_vec() });
        }
        self.go_on_ringing(now, session);
    }

    /// An offer of theirs was taken before the call was: its request waits for our answer.
    pub(super) fn offered_early(&mut self, session: SessionId, request: &Message) {
        self.serve(TransactionKey::of(request), request);
        self.tell(Event::Offered { session, offer: request.body().to_vec() });
    }

    /// Their early offer was answered or refused.
    pub(super) fn settle_early(&mut self, now: Instant, session: SessionId) {
        if let Some(Session::Ringing { reliable: Some(reliable), .. }) = self.sessions.get_mut(&session) {
            reliable.exchange = Exchange::Agreed(Offer::Settled);
            self.go_on_ringing(now, session);
        }
    }

    /// The session ends while what they offered early waits for an answer.
    pub(super) fn end_early_offer(&mut self, session: SessionId) {
        let Some(Session::Ringing { reliable: Some(reliable), .. }) = self.sessions.get(&session) else {
            return;
        };
        if let Some((key, request)) = reliable.their_offer() {
            self.servers.remove(&key);
            self.answer_request(ResponseBuilder::new(&request, StatusCode::REQUEST_TERMINATED).build());
        }
    }

    /// What waited for a PRACK, or for the answer to an offer, goes out.
    pub(super) fn go_on_ringing(&mut self, now: Instant, session: SessionId) {
        let Some(Session::Ringing { reliable: Some(reliable), .. }) = self.sessions.get_mut(&session) else {
            return;
        };
        if reliable.unacknowledged.is_some() || reliable.is_offering() {
            return;
        }
        if let Some((answer, headers)) = reliable.then.take() {
            self.accept(now, session, &answer, &headers);
        } else if !reliable.queue.is_empty() {
            let next = reliable.queue.remove(0);
            self.provisional(now, session, next);
        }
    }

    /// Repeats what was not acknowledged, or gives the call up.
    pub(super) fn reliable_timeout(&mut self, now: Instant, session: SessionId) {
        let Some(Session::Ringing { key, reliable: Some(reliable), invite, dialog, .. }) =
            self.sessions.get_mut(&session)
        else {
            return;
        };
        let Some(waits) = reliable.unacknowledged.as_mut() else { return };
        if waits.gives_up_at <= now {
            let builder = ResponseBuilder::new(invite, StatusCode::SERVER_TIME_OUT);
            let (key, response) = (key.clone(), builder.to_tag(&dialog.id.local_tag).build());
            self.respond(now, &key, response);
            self.terminated(session, EndedBy::Network, 504, "The other side does not answer.", None);
        } else if waits.again_at <= now {
            waits.interval *= 2;
            waits.again_at = now.after(waits.interval);
            let octets = waits.response.octets().to_vec();
            self.transmit(octets);
        }
    }

    /// A provisional response above 100 to our INVITE: whether it is news. A reliable one is acknowledged first; one
    /// that came twice, or before the one it follows, is none (RFC 3262 §4).
    pub(super) fn is_progress(
        &mut self,
        now: Instant,
        session: SessionId,
        request: &Message,
        response: &Message,
    ) -> bool {
        let Some(Session::Inviting { forks, .. }) = self.sessions.get_mut(&session) else { return false };
        let tag = response.to().tag().unwrap_or_default();
        let known = forks.iter().position(|early| early.tag == tag);
        if known.is_none() {
            if forks.len() == super::MAX_FORKS {
                return false;
            }
            let dialog = Dialog::of_response(request, response).map(|dialog| self.late.continued(dialog));
            let (tag, offer) = (tag.to_owned(), EarlyOffer::None);
            forks.push(Early { tag, dialog, rseq: None, offer, takes_update: false });
        }
        let at = known.unwrap_or(forks.len().saturating_sub(1));
        let Some(early) = forks.get_mut(at) else { return false };
        early.takes_update |= response.lists("Allow", "UPDATE");
        let number = response.number("RSeq").filter(|_| response.lists("Require", "100rel"));
        let (Some(number), Some(dialog)) = (number, &mut early.dialog) else { return true };
        if early.rseq.is_some_and(|last| last.checked_add(1) != Some(number)) {
            return false;
        }
        early.rseq = Some(number);
        dialog.refresh_target(response);
        let id = dialog.id.clone();
        let rack = RAck { response: number, sequence: request.cseq().number, method: Method::Invite };
        let is_first = matches!(early.offer, EarlyOffer::None) && !response.body().is_empty();
        if is_first && request.body().is_empty() {
            early.offer = EarlyOffer::Waits(rack);
            return true;
        }
        if is_first {
            early.offer = EarlyOffer::Agreed(Offer::Settled);
        }
        self.send_prack(now, session, &id, &rack, b"");
        true
    }

    pub(super) fn send_prack(
        &mut self,
        now: Instant,
        session: SessionId,
        id: &DialogId,
        rack: &RAck,
        answer: &[u8],
    ) {
        let via = self.via();
        let dialog = self.sessions.get_mut(&session).and_then(|session| session.dialog_with(id));
        let Some(dialog) = dialog else { return };
        let builder = dialog.request(Method::Prack, via).header("RAck", &rack.to_string());
        let builder = builder.body("application/sdp", answer);
        let prack = builder.header("User-Agent", &self.config.user_agent).build();
        self.send(now, Purpose::Forgotten, prack, true);
    }
}
