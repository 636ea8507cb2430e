//! INVITEs that take the place of another session (RFC 3891): which one, and when that is refused. Nothing is ended
//! before the new one is accepted.

use super::{MAX_RINGING, Session};
use crate::{
    Instant, SessionId,
    agent::UserAgent,
    dialog::DialogId,
    table::remember,
    wire::{Message, Replaces, StatusCode},
};

/// Dialogs remembered after their end, so that who is late hears 603 and not that there never was one.
const MAX_GONE: usize = 4 * MAX_RINGING;

impl UserAgent {
    /// The session that this INVITE replaces, if it says so (RFC 3891 §3).
    pub(super) fn replaced_by(&self, invite: &Message) -> Result<Option<SessionId>, StatusCode> {
        let mut values = invite.values("Replaces");
        let Some(value) = values.next() else { return Ok(None) };
        let (Ok(replaces), None) = (Replaces::parse(value), values.next()) else {
            return Err(StatusCode::BAD_REQUEST);
        };
        let Replaces { call_id, to_tag, from_tag, early_only } = replaces;
        let id = DialogId { call_id, local_tag: to_tag, remote_tag: from_tag };
        let found = self.sessions.iter().find(|(_, session)| session.has_dialog(&id));
        match found {
            Some((_, Session::Confirmed(_))) if early_only => Err(StatusCode::BUSY_HERE),
            Some((session, Session::Confirmed(_) | Session::Inviting { .. })) => Ok(Some(*session)),
            // Nobody but its caller may give a ringing call away.
            Some((_, Session::Ringing { .. })) => Err(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
            Some((_, Session::Leaving { .. })) => Err(StatusCode::DECLINE),
            None if self.gone.contains(&id) => Err(StatusCode::DECLINE),
            None => Err(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
        }
    }

    /// A session is over: what remains of it are the names of its dialogs, for those who are late.
    pub(super) fn remember_gone(&mut self, session: &Session) {
        match session {
            Session::Inviting { forks, .. } => self.late.leave(forks),
            Session::Confirmed(confirmed) => {
                let id = confirmed.dialog.id.clone();
                if let Some(ack) = &confirmed.ack {
                    self.late.end(id.clone(), ack.clone());
                }
                remember(&mut self.gone, MAX_GONE, id);
            }
            Session::Ringing { .. } | Session::Leaving { .. } => {}
        }
    }

    /// The 2xx is out: the session it replaces ends.
    pub(super) fn end_replaced(&mut self, now: Instant, replaced: Option<SessionId>) {
        if let Some(replaced) = replaced {
            self.terminate(now, replaced, None);
        }
    }
}
