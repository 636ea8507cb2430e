//! Requests that must not be lost with their flow: they wait for the next registration, and go out again then. Nothing
//! waits here that somebody would send anew by himself.

use super::{Purpose, UserAgent};
use crate::{
    Instant,
    dialog::{Dialog, DialogId},
    digest::Attempt,
    wire::{Message, Method},
};

/// Requests that wait for the next registration: a BYE for each session, and the outcome of a transfer.
const MAX_PARKED: usize = 16;

impl UserAgent {
    /// A BYE: at once where we are registered, else as soon as we are again.
    pub(crate) fn send_bye(&mut self, now: Instant, mut dialog: Dialog, reason: Option<String>) {
        let via = self.via();
        // The subscription of a REFER goes on in the same dialog, and with the same numbers.
        if let Some(outlived) = self.outlived_dialog(&dialog.id) {
            dialog.catch_up(outlived);
            outlived.catch_up(&dialog);
            outlived.next_sequence();
        }
        let mut builder = dialog.request(Method::Bye, via).header("User-Agent", &self.config.user_agent);
        if let Some(reason) = reason {
            builder = builder.header("Reason", &reason);
        }
        let bye = builder.build();
        if self.reaches_dialogs() {
            self.send(now, Purpose::Bye, bye, dialog.is_ours);
        } else {
            self.park(Purpose::Bye, bye, dialog.is_ours);
        }
    }

    /// Keeps a request for the next registration, if it is one that must not be lost.
    pub(crate) fn park(&mut self, purpose: Purpose, request: Message, is_ours: bool) {
        let is_kept =
            matches!(purpose, Purpose::Bye | Purpose::LastWord | Purpose::Cancel | Purpose::Invite(_));
        if is_kept && self.parked.len() < MAX_PARKED {
            // Last words go first: after the BYE there may be nobody who listens. They are numbered when they are sent.
            let last_words =
                self.parked.iter().take_while(|(purpose, ..)| *purpose == Purpose::LastWord).count();
            let at = if purpose == Purpose::LastWord { last_words } else { self.parked.len() };
            self.parked.insert(at, (purpose, request, is_ours));
        }
    }

    /// Registered again: what waited goes out, with a branch of the new flow, or of the INVITE that it cancels. Other
    /// requests may have followed a NOTIFY, and a NOTIFY the BYE, so that these need the next number.
    pub(crate) fn send_parked(&mut self, now: Instant) {
        for (purpose, request, is_ours) in std::mem::take(&mut self.parked) {
            if purpose == Purpose::Cancel {
                self.send_as_is(now, purpose, request, None);
                continue;
            }
            if let Purpose::Invite(session) = purpose {
                if self.sessions.contains_key(&session) {
                    self.send_again(now, &purpose, &request, request.edit(), Some(Attempt::default()));
                }
                continue;
            }
            let mut edit = request.edit().set_via(self.via());
            let id = DialogId::of_own(&request);
            let outlives = self.outlived_dialog(&id).is_some();
            if purpose == Purpose::LastWord && !outlives && self.gone.contains(&id) {
                continue;
            }
            if purpose == Purpose::LastWord || outlives {
                edit = edit.cseq(self.next_sequence(&purpose, &request));
            }
            self.send(now, purpose, edit.finish(), is_ours);
        }
    }
}
