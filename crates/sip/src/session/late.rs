//! 2xx to INVITEs that nobody waits for any more (RFC 3261 §13.2.2.4): of a fork that lost, after a CANCEL, or after the
//! flow broke that carried the INVITE. Each is acknowledged as often as it comes, and its dialog ended once: whoever
//! picked up must not sit in a call with nobody.

use super::{Early, MAX_FORKS, Offer, Session};
use crate::{
    Instant,
    agent::UserAgent,
    dialog::{Dialog, DialogId},
    table::remember,
    transaction::TransactionKey,
    wire::{Message, Method},
};

/// INVITEs remembered after their transactions: those of the last calls, each perhaps sent twice for a challenge.
const MAX_SENT: usize = 32;

/// What is remembered of our INVITEs, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Late {
    /// Without their bodies.
    sent: Vec<Message>,
    /// Dialogs that are over, and the ACK that goes out each time their 2xx comes.
    ended: Vec<(DialogId, Message)>,
    /// Early dialogs in which a PRACK of ours has used a number.
    early: Vec<Dialog>,
}

impl Late {
    /// An INVITE goes out.
    pub(crate) fn remember(&mut self, invite: &Message) {
        remember(&mut self.sent, MAX_SENT, invite.edit().body("", b"").finish());
    }

    /// A dialog is over, its 2xx may still come again.
    pub(super) fn end(&mut self, id: DialogId, ack: Message) {
        remember(&mut self.ended, MAX_FORKS, (id, ack));
    }

    /// Nobody waits for these devices any more. One of them may still send a 2xx, and the numbers of its dialog go on.
    pub(super) fn leave(&mut self, forks: &[Early]) {
        let asked = forks.iter().filter(|early| early.rseq.is_some());
        for dialog in asked.filter_map(|early| early.dialog.as_ref()) {
            // Who comes and goes without end takes no other device's place.
            self.early.retain(|known| known.id != dialog.id);
            remember(&mut self.early, MAX_FORKS, dialog.clone());
        }
    }

    /// The dialog of a device that was left and is heard again: no number in it is used twice.
    pub(super) fn continued(&self, dialog: Dialog) -> Dialog {
        match self.early.iter().find(|early| early.id == dialog.id) {
            Some(early) => dialog.continues(early),
            None => dialog,
        }
    }

    /// Messages and dialogs kept.
    pub(crate) fn len(&self) -> usize {
        self.sent.len() + self.ended.len() + self.early.len()
    }

    pub(crate) fn clear(&mut self) {
        self.sent.clear();
        self.ended.clear();
        self.early.clear();
    }
}

impl UserAgent {
    /// A response without a transaction.
    pub(crate) fn stray_response(&mut self, now: Instant, response: &Message) {
        let is_ok = response.status_code().is_some_and(|status| status.is_success())
            && *response.method() == Method::Invite;
        let key = TransactionKey::of(response);
        let of = |invite: &&Message| is_ok && TransactionKey::of(invite) == key;
        match self.late.sent.iter().find(of).cloned() {
            Some(invite) => self.late_ok(now, &invite, response),
            None => self.discard(),
        }
    }

    /// A 2xx that changes nothing: the one we have again, or one that nobody wants.
    pub(crate) fn late_ok(&mut self, now: Instant, invite: &Message, response: &Message) {
        let Some(dialog) = Dialog::of_response(invite, response) else { return };
        let known = |session: &&Session| session.dialog().is_some_and(|known| known.id == dialog.id);
        let confirmed = match self.sessions.values().find(known) {
            // Its ACK waits for our answer.
            Some(Session::Confirmed(confirmed)) if matches!(confirmed.offer, Offer::Asked { .. }) => return,
            Some(Session::Confirmed(confirmed)) => Some((confirmed.dialog.clone(), confirmed.ack.clone())),
            Some(_) | None => None,
        };
        match confirmed {
            Some((_, Some(ack))) if ack.cseq().number == invite.cseq().number => {
                self.transmit(ack.into_octets());
            }
            // Of a re-INVITE that was given up: without the ACK the other side would end the call.
            Some((dialog, _)) => drop(self.acknowledge(&dialog, invite, b"")),
            None if invite.to().tag().is_some() => drop(self.acknowledge(&dialog, invite, b"")),
            None => self.end_fork(now, invite, dialog),
        }
    }

    fn end_fork(&mut self, now: Instant, invite: &Message, dialog: Dialog) {
        if let Some((_, ack)) = self.late.ended.iter().find(|(id, _)| *id == dialog.id) {
            let octets = ack.octets().to_vec();
            return self.transmit(octets);
        }
        let dialog = self.late.continued(dialog);
        let ack = self.acknowledge(&dialog, invite, b"");
        self.late.end(dialog.id.clone(), ack);
        self.send_bye(now, dialog, None);
    }
}
