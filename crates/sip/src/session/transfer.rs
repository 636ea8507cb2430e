//! REFER inside a session (RFC 3515, RFC 5589): the other side is asked to call somebody else, and its NOTIFYs say how
//! that goes. Ending the session after success is the phone's decision.

use super::{Session, referred::wants_no_notify};
use crate::{
    Event, Instant, SessionId,
    agent::{Purpose, UserAgent},
    wire::{Message, Method},
};

impl UserAgent {
    /// [`Command::Refer`](crate::Command::Refer).
    pub(crate) fn refer(
        &mut self,
        now: Instant,
        session: SessionId,
        target: &str,
        replaces: Option<SessionId>,
    ) {
        let target = match replaces {
            // The other call's own target, not the number that was dialled: it reaches the very device.
            Some(other) => self.sessions.get(&other).and_then(Session::dialog).map(|dialog| {
                let replaces = dialog.replaces();
                dialog.remote_target().clone().without_headers().with_header("Replaces", &replaces)
            }),
            None => self.target(target),
        };
        let (via, contact, by) = (self.via(), self.contact(), self.address_of_record());
        let is_registered = self.is_registered();
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else { return };
        let Some(target) = target.filter(|_| is_registered) else {
            let code = if is_registered { 404 } else { 503 };
            return self.tell(Event::Transfer { session, code });
        };
        let is_ours = confirmed.dialog.is_ours;
        confirmed.transfer = Some(0);
        let builder = confirmed.dialog.request(Method::Refer, via).header("Contact", &contact);
        let builder =
            builder.header("Refer-To", &format!("<{target}>")).header("Referred-By", &by.to_string());
        let request = builder.header("User-Agent", &self.config.user_agent).build();
        self.send(now, Purpose::Refer(session), request, is_ours);
    }

    /// The answer to REFER itself: 202 only says that NOTIFYs will follow.
    pub(crate) fn refer_response(&mut self, session: SessionId, response: &Message) {
        match response.status() {
            // No NOTIFY will follow: what was accepted is all there is to know.
            Some((200..300, _)) if wants_no_notify(response) => self.transfer_progress(session, 200),
            Some((200..300, _)) => self.transfer_progress(session, 100),
            Some((code @ 300.., _)) => self.transfer_progress(session, code),
            Some(_) | None => {}
        }
    }

    /// How the transfer goes.
    pub(crate) fn transfer_progress(&mut self, session: SessionId, code: u16) {
        if let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session)
            && confirmed.transfer.is_some_and(|told| told != code)
        {
            confirmed.transfer = (code < 200).then_some(code);
            self.tell(Event::Transfer { session, code });
        }
    }
}
