//! REFER inside a session (RFC 3515, RFC 5589): the other side is asked to call somebody else, and its NOTIFYs say how
//! that goes. Ending the session after success is the phone's decision.

use super::{Session, Transfer, outlived::REFERRED, referred::wants_no_notify};
use crate::{
    Event, Instant, SessionId,
    agent::{Purpose, UserAgent},
    dialog::is_anonymous,
    wire::{Message, Method, Uri, number},
};

/// Octets of Refer-To: what does not fit in there is in the REFER itself, which must stay far from 64 kB.
const MAX_TARGET_OCTETS: usize = 6 * 1024;

/// The target with these headers, the first ones as far as there is room.
fn with_headers(target: Uri, headers: &[(String, String)]) -> Uri {
    let mut target = target;
    for (name, value) in headers {
        let longer = target.clone().with_header(name, value);
        if longer.to_string().len() > MAX_TARGET_OCTETS {
            break;
        }
        target = longer;
    }
    target
}

impl UserAgent {
    /// [`Command::Refer`](crate::Command::Refer).
    pub(crate) fn refer(
        &mut self,
        now: Instant,
        session: SessionId,
        target: &str,
        replaces: Option<SessionId>,
        headers: &[(String, String)],
    ) {
        let target = match replaces {
            // The other call's own target, not the number that was dialled: it reaches the very device.
            Some(other) => self.sessions.get(&other).and_then(Session::dialog).map(|dialog| {
                let replaces = dialog.replaces().to_string();
                dialog.remote_target().clone().without_headers().with_header("Replaces", &replaces)
            }),
            None => self.target(target),
        };
        let (via, contact, by) = (self.via(), self.contact_of(session), self.address_of_record());
        let reaches_them = self.reaches_dialogs();
        let confirmed = match self.sessions.get_mut(&session) {
            Some(Session::Confirmed(confirmed)) => confirmed,
            // There is nobody to ask before the call is accepted.
            Some(Session::Inviting { .. } | Session::Ringing { .. }) => {
                return self.tell(Event::Transfer { session, code: 503 });
            }
            Some(Session::Leaving { .. }) | None => return,
        };
        let Some(target) = target.filter(|_| reaches_them) else {
            let code = if reaches_them { 404 } else { 503 };
            return self.tell(Event::Transfer { session, code });
        };
        let is_ours = confirmed.dialog.is_ours;
        let builder = confirmed.dialog.request(Method::Refer, via).header("Contact", &contact);
        let target = with_headers(target, headers);
        let builder = builder.header("Refer-To", &format!("<{target}>"));
        let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        let builder = match is_anonymous(&confirmed.dialog.local) {
            true => builder,
            false => builder.header("Referred-By", &by.to_string()),
        };
        let request = builder.header("User-Agent", &self.config.user_agent).build();
        let (id, is_alone) = (request.cseq().number, confirmed.transfer.is_none());
        confirmed.transfer = Some(Transfer { id, told: 0, is_alone, until: now.after(REFERRED) });
        self.send(now, Purpose::Refer(session), request, is_ours);
    }

    /// Our REFER was sent again, with credentials and so with another number.
    pub(crate) fn refer_renumbered(&mut self, session: SessionId, before: &Message, again: &Message) {
        if let Some(transfer) = self.transfer_with(session, before.cseq().number) {
            transfer.id = again.cseq().number;
        }
    }

    fn transfer_with(&mut self, session: SessionId, id: u32) -> Option<&mut Transfer> {
        self.transfer_in(session)?.as_mut().filter(|transfer| transfer.id == id)
    }

    /// The answer to REFER itself: 202 only says that NOTIFYs will follow.
    pub(crate) fn refer_response(&mut self, session: SessionId, request: &Message, response: &Message) {
        let is_current = self.transfer_with(session, request.cseq().number).is_some();
        match response.status().filter(|_| is_current) {
            // No NOTIFY will follow: what was accepted is all there is to know.
            Some((200..300, _)) if wants_no_notify(response) => self.transfer_progress(session, 200),
            Some((200..300, _)) => self.transfer_progress(session, 100),
            Some((code @ 300.., _)) => self.transfer_progress(session, code),
            Some(_) | None => {}
        }
    }

    /// How the transfer goes.
    pub(crate) fn transfer_progress(&mut self, session: SessionId, code: u16) {
        if let Some(current) = self.transfer_in(session)
            && let Some(transfer) = current.take_if(|transfer| transfer.told != code)
        {
            *current = (code < 200).then_some(Transfer { told: code, ..transfer });
            self.tell(Event::Transfer { session, code });
        }
    }

    /// Whether a NOTIFY is of our REFER: its id is the number of the REFER (RFC 3515 §2.4.6), and only where there is but
    /// one it may be left out.
    pub(crate) fn is_of_transfer(&mut self, session: SessionId, id: Option<&str>) -> bool {
        let Some(transfer) = self.transfer_in(session).and_then(|transfer| *transfer) else { return false };
        id.map_or(transfer.is_alone, |id| number(id) == Some(transfer.id))
    }
}
