//! Reliable provisional responses (RFC 3262): PRACK for those of others, and ours repeated until theirs comes. Ours are
//! reliable only for a caller who demands it.

use super::{Early, Session};
use crate::{
    EndedBy, Instant, SessionId,
    agent::{Purpose, UserAgent},
    dialog::{Dialog, DialogId},
    transaction::{T1, TIMEOUT},
    wire::{Message, Method, ResponseBuilder, StatusCode},
};
use std::collections::VecDeque;

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
    queue: VecDeque<ResponseBuilder>,
    /// Accepted before a description of ours was acknowledged: the 2xx must wait (RFC 3262 §3).
    then: Option<Answer>,
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
        let reliable = Reliable { next: first, unacknowledged: None, queue: VecDeque::new(), then: None };
        demands.then(|| Box::new(reliable))
    }

    /// Takes the next response; `Some` is to be sent now.
    fn push(&mut self, now: Instant, builder: ResponseBuilder) -> Option<Message> {
        if self.unacknowledged.is_some() {
            if self.queue.len() < MAX_QUEUED {
                self.queue.push_back(builder);
            }
            return None;
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        let response = builder.header("Require", "100rel").header("RSeq", &number.to_string()).build();
        self.unacknowledged = Some(Provisional {
            response: response.clone(),
            number,
            interval: T1,
            again_at: now.after(T1),
            gives_up_at: now.after(TIMEOUT),
        });
        Some(response)
    }

    /// Whether this PRACK is for the one that waits for it.
    fn acknowledged(&mut self, invite: &Message, prack: &Message) -> bool {
        let waits = self.unacknowledged.as_ref().map(|provisional| provisional.number);
        let is_for = rack(prack)
            .is_some_and(|(number, sequence)| Some(number) == waits && sequence == invite.cseq().number);
        if is_for {
            self.unacknowledged = None;
        }
        is_for
    }

    /// Keeps the answer for later if a description waits for its PRACK.
    pub(crate) fn puts_off(&mut self, answer: &[u8], headers: &[(String, String)]) -> bool {
        let waits = self.unacknowledged.as_ref().is_some_and(|waits| !waits.response.body().is_empty());
        if waits {
            self.then = Some((answer.to_vec(), headers.to_vec()));
        }
        waits
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.unacknowledged.as_ref().map(|waits| waits.again_at.min(waits.gives_up_at))
    }
}

/// RAck: the number of the response and that of the INVITE.
fn rack(prack: &Message) -> Option<(u32, u32)> {
    let mut parts = prack.header("RAck")?.split_ascii_whitespace();
    let (number, sequence) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next()?.eq_ignore_ascii_case("INVITE").then_some((number, sequence))
}

impl UserAgent {
    /// Sends a provisional response to a ringing session's INVITE as its caller wants it.
    pub(crate) fn provisional(&mut self, now: Instant, session: SessionId, builder: ResponseBuilder) {
        let Some(Session::Ringing { key, reliable, .. }) = self.sessions.get_mut(&session) else { return };
        let key = key.clone();
        let response = match reliable {
            Some(reliable) => reliable.push(now, builder),
            None => Some(builder.build()),
        };
        if let Some(response) = response {
            self.respond(now, &key, response);
        }
    }

    /// PRACK of the other side.
    pub(crate) fn handle_prack(&mut self, now: Instant, session: SessionId, prack: &Message) {
        let mut then = None;
        let mut next = None;
        let is_for = match self.sessions.get_mut(&session) {
            Some(Session::Ringing { reliable: Some(reliable), invite, .. }) => {
                let is_for = reliable.acknowledged(invite, prack);
                if is_for {
                    then = reliable.then.take();
                    next = reliable.queue.pop_front();
                }
                is_for
            }
            // It crossed our 2xx, which has made it superfluous.
            Some(Session::Confirmed(confirmed)) => rack(prack).is_some() && confirmed.awaits_first_ack(),
            Some(Session::Leaving { .. }) => rack(prack).is_some(),
            Some(Session::Ringing { .. } | Session::Inviting { .. }) | None => false,
        };
        let status = match is_for {
            true if prack.body().is_empty() => StatusCode::OK,
            // An offer beside our answer: nothing here could answer it before the call is taken.
            true => StatusCode::NOT_ACCEPTABLE_HERE,
            false => StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST,
        };
        self.reply_now(prack, status);
        if let Some((answer, headers)) = then {
            self.accept(now, session, &answer, &headers);
        } else if let Some(next) = next {
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
            let dialog = Dialog::of_response(request, response);
            forks.push(Early { tag: tag.to_owned(), dialog, rseq: None });
        }
        let at = known.unwrap_or(forks.len().saturating_sub(1));
        let Some(early) = forks.get_mut(at) else { return false };
        let number = response.number("RSeq").filter(|_| response.lists("Require", "100rel"));
        let (Some(number), Some(dialog)) = (number, &mut early.dialog) else { return true };
        if early.rseq.is_some_and(|last| last.checked_add(1) != Some(number)) {
            return false;
        }
        early.rseq = Some(number);
        dialog.refresh_target(response);
        let id = dialog.id.clone();
        self.send_prack(now, session, &id, &format!("{number} {} INVITE", request.cseq().number));
        true
    }

    fn send_prack(&mut self, now: Instant, session: SessionId, id: &DialogId, rack: &str) {
        let via = self.via();
        let dialog = self.sessions.get_mut(&session).and_then(|session| session.dialog_with(id));
        let Some(dialog) = dialog else { return };
        let builder = dialog.request(Method::Prack, via).header("RAck", rack);
        let prack = builder.header("User-Agent", &self.config.user_agent).build();
        self.send(now, Purpose::Forgotten, prack, true);
    }
}
