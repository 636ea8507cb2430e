//! How the connection stands, and why a session ended. Data only.

use crate::{
    Instant,
    wire::{Message, Reason},
};

/// Where the registration stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// The state.
    pub state: ConnectionState,
    /// The SIP status that led here, if one did.
    pub code: Option<u16>,
    /// The server's own phrase or a sentence of ours, for a person.
    pub reason: String,
    /// When the next attempt starts, if one is planned.
    pub retry_at: Option<Instant>,
}

/// `connection:change` of the host protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionState {
    /// First attempt.
    Connecting,
    /// A REGISTER 2xx is fresh and the flow is proven alive.
    Registered,
    /// Was registered, or 5xx, 408, dead flow: tries again by itself.
    Reconnecting,
    /// Not wanted: never registered, unregistered.
    Offline,
    /// Credentials or account refused: nothing further until a person acts.
    Refused,
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Who ended it.
    pub ended_by: EndedBy,
    /// The final status of the INVITE, if it ended by one (487 for CANCEL); 200 for a BYE; 408 for silence.
    pub code: u16,
    /// The phrase as it came.
    pub phrase: String,
    /// The Reason header that came with the end, if one did.
    pub reason: Option<Reason>,
    /// Seconds after which a refused INVITE may be tried again, if the refusal said so (Retry-After, RFC 3261 §20.33).
    pub retry_after: Option<u32>,
    /// The response that refused our INVITE, for what else its server says.
    pub refusal: Option<Message>,
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// This side.
    Local,
    /// The other side, or a server for it.
    Remote,
    /// Nobody: a timer, a dead flow.
    Network,
}
