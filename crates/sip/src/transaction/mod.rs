//! Transactions (RFC 3261 §17, RFC 6026) over a reliable transport: no retransmission of requests, and the timers that
//! only absorb retransmissions (D, J, K) are zero. Timer I is not: a hop before the one that speaks to us may be UDP.
//! Never decides what a request means; who uses a transaction transmits what it says.

mod client;
mod server;
#[cfg(test)]
mod tests;

pub use client::{ClientAction, ClientTransaction};
pub use server::{ServerAction, ServerTransaction};

use crate::wire::{Message, Method};

/// Round-trip estimate in milliseconds (RFC 3261 §17.1.1.1).
pub const T1: u64 = 500;
/// The longest interval of retransmission, in milliseconds.
pub const T2: u64 = 4_000;
/// How long a message may remain in the network, in milliseconds: timer I.
pub const T4: u64 = 5_000;
/// Timers B, F, H, L and M, in milliseconds.
pub const TIMEOUT: u64 = 64 * T1;

/// What makes a message part of a transaction: branch, sent-by and method (RFC 3261 §17.1.3, §17.2.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionKey {
    branch: String,
    sent_by: String,
    method: Method,
}

impl TransactionKey {
    /// Of a request, or of the request a response belongs to. An ACK has that of its INVITE (where it answers 300 to
    /// 699; that of a 2xx has a branch of its own and matches nothing).
    pub fn of(message: &Message) -> TransactionKey {
        let method = match message.method() {
            Method::Ack => Method::Invite,
            other => other.clone(),
        };
        TransactionKey::with(message, method)
    }

    /// Of the INVITE that this CANCEL would end (RFC 3261 §9.2).
    pub fn cancelled_by(cancel: &Message) -> TransactionKey {
        TransactionKey::with(cancel, Method::Invite)
    }

    fn with(message: &Message, method: Method) -> TransactionKey {
        let via = message.via();
        let branch = match via.branch() {
            cookie if cookie.starts_with("z9hG4bK") && cookie.len() > 7 => cookie.to_owned(),
            // RFC 2543 branches are not unique by themselves (§17.2.3).
            odd => {
                let from = message.from().tag().unwrap_or_default();
                format!("{odd} {from} {} {}", message.call_id(), message.cseq().number)
            }
        };
        TransactionKey { branch, sent_by: via.sent_by(), method }
    }
}

/// A transaction ran out of time: timer B, F or H.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;
