//! A SIP user agent (RFC 3261) over WebSocket frames (RFC 7118), without I/O.
//!
//! It never reads a clock, draws randomness, touches a socket or looks into a body: time is an argument,
//! randomness a seed, media an opaque offer or answer.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::unreachable
    )
)]

mod agent;
mod dialog;
pub mod digest;
mod flow;
mod ids;
mod publication;
mod registration;
mod session;
mod subscription;
mod table;
pub mod transaction;
pub mod wire;

pub use agent::{
    Cause, Command, Config, Connection, ConnectionState, EndedBy, Event, FlowId, Input, Output, RealmHash,
    Secret, SessionId, SubscriptionId, UserAgent,
};
pub use ids::Ids;
pub use wire::Reason;

/// A point on a monotonic clock, in milliseconds since an origin the caller chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

impl Instant {
    /// This point and `millis` later; saturates.
    pub fn after(self, millis: u64) -> Instant {
        Instant(self.0.saturating_add(millis))
    }

    /// Milliseconds since `earlier`, 0 if it lies ahead.
    pub fn since(self, earlier: Instant) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The first of these deadlines, if there is one. It takes the place of chains of iterators, each of which is code of
    /// its own.
    pub fn earliest(deadlines: &[Option<Instant>]) -> Option<Instant> {
        deadlines.iter().flatten().min().copied()
    }
}
