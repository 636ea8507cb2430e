//! Server transactions: what was answered to one request, for when it comes again, and the wait for the ACK of a
//! failed INVITE. Never transmits.

use super::{T4, TIMEOUT, TimedOut, TransactionKey};
use crate::{
    Instant,
    wire::{Message, Method},
};

/// One request and what it was answered with (RFC 3261 §17.2.1 and §17.2.2, RFC 6026 §7.1).
#[derive(Clone, Debug)]
pub struct ServerTransaction {
    request: Message,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// `Trying` of other requests than INVITE, too.
    Proceeding { last: Option<Box<Message>> },
    /// A 2xx to INVITE was sent; who sent it repeats it until the ACK comes. Timer L.
    Accepted { ends_at: Instant },
    /// 300 to 699 to INVITE was sent, the ACK is missing. Timer H.
    Completed { last: Box<Message>, gives_up_at: Instant },
    /// The ACK of that came. What repeats the INVITE beyond our hop may have been on its way before, and would ring anew.
    /// Timer I, as over an unreliable transport.
    Confirmed { ends_at: Instant },
    /// `Completed` of other requests lasts no time: timer J is zero.
    Terminated,
}

/// What to do with a request that has this transaction's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAction {
    /// It came again: transmit this once more.
    Repeat(Box<Message>),
    /// The ACK that was waited for: nothing more to do.
    Acknowledged,
    /// It came again, and nothing is to be said.
    Ignore,
}

impl ServerTransaction {
    /// Begins with the request that made it.
    pub fn new(request: Message) -> ServerTransaction {
        ServerTransaction { request, state: State::Proceeding { last: None } }
    }

    /// The request.
    pub fn request(&self) -> &Message {
        &self.request
    }

    /// What further requests are matched by.
    pub fn key(&self) -> TransactionKey {
        TransactionKey::of(&self.request)
    }

    /// The same request again, or the ACK.
    pub fn handle_request(&mut self, now: Instant, request: &Message) -> ServerAction {
        let is_ack = *request.method() == Method::Ack;
        match &self.state {
            State::Completed { .. } if is_ack => {
                self.state = State::Confirmed { ends_at: now.after(T4) };
                ServerAction::Acknowledged
            }
            State::Proceeding { last: Some(last) } | State::Completed { last, .. } if !is_ack => {
                ServerAction::Repeat(last.clone())
            }
            State::Proceeding { .. }
            | State::Completed { .. }
            | State::Accepted { .. }
            | State::Confirmed { .. }
            | State::Terminated => ServerAction::Ignore,
        }
    }

    /// A response is about to be transmitted. `false` where it must not be: a final one was sent already (a 2xx to
    /// INVITE may be sent again).
    #[must_use]
    pub fn respond(&mut self, now: Instant, response: &Message) -> bool {
        let Some(status) = response.status_code() else { return false };
        let is_invite = *self.request.method() == Method::Invite;
        match self.state {
            State::Proceeding { .. } => {
                self.state = match status {
                    _ if status.is_provisional() => {
                        State::Proceeding { last: Some(Box::new(response.clone())) }
                    }
                    _ if is_invite && status.is_success() => State::Accepted { ends_at: now.after(TIMEOUT) },
                    _ if is_invite => {
                        State::Completed { last: Box::new(response.clone()), gives_up_at: now.after(TIMEOUT) }
                    }
                    _ => State::Terminated,
                };
                true
            }
            State::Accepted { .. } => status.is_success(),
            State::Completed { .. } | State::Confirmed { .. } | State::Terminated => false,
        }
    }

    /// A deadline may have passed. `Some` where the ACK of a failed INVITE never came.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<TimedOut> {
        let due = self.poll_timeout().is_some_and(|deadline| deadline <= now);
        if !due {
            return None;
        }
        let missing_ack = matches!(self.state, State::Completed { .. });
        self.state = State::Terminated;
        missing_ack.then_some(TimedOut)
    }

    /// The next deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Accepted { ends_at } | State::Confirmed { ends_at } => Some(ends_at),
            State::Completed { gives_up_at, .. } => Some(gives_up_at),
            State::Proceeding { .. } | State::Terminated => None,
        }
    }

    /// Whether no final response was sent yet.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    /// Whether it can be forgotten.
    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}
