//! Client transactions: what one request may still be answered with, and the ACK of a failed INVITE. Never transmits.

use super::{TIMEOUT, TimedOut, TransactionKey};
use crate::{
    Instant,
    wire::{Message, Method},
};

/// One request and what came of it (RFC 3261 §17.1.1 and §17.1.2, RFC 6026 §7.2).
#[derive(Clone, Debug)]
pub struct ClientTransaction {
    request: Message,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `Trying` of other requests than INVITE. Timer B or F.
    Calling { gives_up_at: Instant },
    /// An INVITE may ring for ever; any other request still has timer F.
    Proceeding { gives_up_at: Option<Instant> },
    /// A 2xx to INVITE came; more may, from other forks. Timer M.
    Accepted { ends_at: Instant },
    /// `Completed` lasts no time: timers D and K are zero.
    Terminated,
}

/// What to do with a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAction {
    /// It is for who made the request.
    Pass,
    /// The same, and this ACK is to be transmitted.
    PassAndAcknowledge(Box<Message>),
    /// It came late or twice.
    Ignore,
}

impl ClientTransaction {
    /// Begins; the caller transmits `request` now.
    pub fn new(now: Instant, request: Message) -> ClientTransaction {
        ClientTransaction { request, state: State::Calling { gives_up_at: now.after(TIMEOUT) } }
    }

    /// The request as it was sent.
    pub fn request(&self) -> &Message {
        &self.request
    }

    /// What its responses are found by.
    pub fn key(&self) -> TransactionKey {
        TransactionKey::of(&self.request)
    }

    /// A response with this transaction's key came.
    pub fn handle_response(&mut self, now: Instant, response: &Message) -> ClientAction {
        let Some(status) = response.status_code() else { return ClientAction::Ignore };
        let is_invite = *self.request.method() == Method::Invite;
        match self.state {
            State::Calling { gives_up_at } if status.is_provisional() => {
                let gives_up_at = if is_invite { None } else { Some(gives_up_at) };
                self.state = State::Proceeding { gives_up_at };
                ClientAction::Pass
            }
            State::Proceeding { .. } if status.is_provisional() => ClientAction::Pass,
            State::Calling { .. } | State::Proceeding { .. } if is_invite && status.is_success() => {
                self.state = State::Accepted { ends_at: now.after(TIMEOUT) };
                ClientAction::Pass
            }
            State::Calling { .. } | State::Proceeding { .. } if is_invite => {
                self.state = State::Terminated;
                ClientAction::PassAndAcknowledge(Box::new(self.request.to_ack(response)))
            }
            State::Calling { .. } | State::Proceeding { .. } => {
                self.state = State::Terminated;
                ClientAction::Pass
            }
            State::Accepted { .. } if status.is_success() => ClientAction::Pass,
            State::Accepted { .. } | State::Terminated => ClientAction::Ignore,
        }
    }

    /// A deadline may have passed. `Some` where no final response came in time: it counts as 408.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<TimedOut> {
        let due = self.poll_timeout().is_some_and(|deadline| deadline <= now);
        if !due {
            return None;
        }
        let ended = self.state;
        self.state = State::Terminated;
        match ended {
            State::Calling { .. } | State::Proceeding { .. } => Some(TimedOut),
            State::Accepted { .. } | State::Terminated => None,
        }
    }

    /// The next deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        match self.state {
            State::Calling { gives_up_at } => Some(gives_up_at),
            State::Proceeding { gives_up_at } => gives_up_at,
            State::Accepted { ends_at } => Some(ends_at),
            State::Terminated => None,
        }
    }

    /// Whether no response at all has come.
    pub fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Calling { .. })
    }

    /// Whether a provisional response has come and no final one: what a CANCEL needs (RFC 3261 §9.1).
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    /// Whether it can be forgotten.
    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}
