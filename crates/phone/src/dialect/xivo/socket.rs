//! The sockets of clients: who is there, and who waits to be let in.
//!
//! It says nothing to them but that there are too many.

use super::Xivo;
use crate::Phone;
use softframe_sip::Instant;

/// Clients at once: some tabs of a page, and as many programs behind the gateway; each is told everything.
const MAX_SOCKETS: usize = 16;
/// How long a client waits for somebody to be signed in (protocol.md 4.1).
const LOGGED_ON_MILLIS: u64 = 10_000;
/// Close codes (RFC 6455 §7.4.1): the session is over; there are too many.
pub(super) const CLOSE_GOING_AWAY: u16 = 1_001;
const CLOSE_TRY_LATER: u16 = 1_013;

/// Which way a socket's frames come and go, and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SocketId {
    /// The client of the gateway; `None`: the page.
    pub(super) client: Option<String>,
    pub(super) name: String,
}

pub(super) struct Socket {
    pub(super) id: SocketId,
    pub(super) opening: Opening,
    /// Numbers watched for it.
    pub(super) hints: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// For somebody to be signed in.
    Waiting {
        until: Instant,
    },
    Done,
}

impl Xivo {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let until = |socket: &Socket| match socket.opening {
            Opening::Waiting { until } => Some(until),
            Opening::Done => None,
        };
        self.sockets.iter().filter_map(until).min()
    }

    /// Whether a client watches this number.
    pub(crate) fn wants(&self, number: &str) -> bool {
        self.sockets.iter().any(|socket| socket.hints.iter().any(|wanted| wanted == number))
    }

    pub(super) fn socket_mut(&mut self, id: &SocketId) -> Option<&mut Socket> {
        self.sockets.iter_mut().find(|socket| socket.id == *id)
    }

    /// Those whose opening is over.
    pub(super) fn open(&self) -> Vec<SocketId> {
        let open = self.sockets.iter().filter(|socket| socket.opening == Opening::Done);
        open.map(|socket| socket.id.clone()).collect()
    }
}

impl Phone {
    /// A client that cannot know whether it was heard opens once more: it is let in once.
    pub(super) fn xivo_open(&mut self, now: Instant, id: SocketId) {
        if self.xivo.socket_mut(&id).is_some() {
            return;
        }
        let is_of_same_way = |socket: &&Socket| socket.id.client.is_some() == id.client.is_some();
        if self.xivo.sockets.iter().filter(is_of_same_way).count() >= MAX_SOCKETS {
            return self.xivo_close(&id, CLOSE_TRY_LATER);
        }
        let opening = Opening::Waiting { until: now.after(LOGGED_ON_MILLIS) };
        self.xivo.sockets.push(Socket { id, opening, hints: Vec::new() });
    }

    /// The client has gone, and nobody else may want what it watched.
    pub(super) fn xivo_closed(&mut self, now: Instant, id: &SocketId) {
        self.xivo.sockets.retain(|socket| socket.id != *id);
        self.unwatch_unwanted(now);
    }

    /// The way to the clients of the gateway is cut: they come anew.
    pub(crate) fn xivo_clients_gone(&mut self, now: Instant) {
        let before = self.xivo.sockets.len();
        self.xivo.sockets.retain(|socket| socket.id.client.is_none());
        if self.xivo.sockets.len() != before {
            self.unwatch_unwanted(now);
        }
    }
}
