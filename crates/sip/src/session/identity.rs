//! Who has the line now, as the network says inside a session (RFC 3325, RFC 4916 §4.4): told when the request that says it
//! has been accepted, and not as often as a peer likes. Never judges who it is.

use crate::{Event, Instant, SessionId, agent::UserAgent, wire::Message};

/// Milliseconds between two of them in one session: no person reads faster. What comes between is told then, the last of it.
const APART: u64 = 1_000;

/// What was told in a session a moment ago.
#[derive(Debug)]
pub(crate) struct Identity {
    session: SessionId,
    /// The next may be told then.
    free_at: Instant,
    waits: Option<Box<Message>>,
}

impl Identity {
    pub(crate) fn poll_timeout(&self) -> Instant {
        self.free_at
    }
}

impl UserAgent {
    /// An INVITE or UPDATE inside this session was accepted.
    pub(super) fn identify(&mut self, now: Instant, session: SessionId, request: &Message) {
        let says = |name| request.header(name).is_some();
        if !says("P-Asserted-Identity") && !says("Remote-Party-ID") {
            return;
        }
        let request = Box::new(request.clone());
        match self.identities.iter_mut().find(|known| known.session == session) {
            Some(known) => known.waits = Some(request),
            None => self.tell_identity(now, session, request),
        }
    }

    fn tell_identity(&mut self, now: Instant, session: SessionId, request: Box<Message>) {
        self.identities.push(Identity { session, free_at: now.after(APART), waits: None });
        self.tell(Event::Identified { session, request });
    }

    /// Tells what has waited, of sessions that there still are.
    pub(crate) fn identities_timeout(&mut self, now: Instant) {
        self.identities.retain(|known| self.sessions.contains_key(&known.session));
        while let Some(due) = self.identities.iter().position(|known| known.free_at <= now) {
            let Identity { session, waits, .. } = self.identities.remove(due);
            if let Some(request) = waits {
                self.tell_identity(now, session, request);
            }
        }
    }
}
