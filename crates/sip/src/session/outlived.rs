//! What a session leaves behind in its dialog: the subscription that a REFER has made is a usage of its own (RFC 5057
//! §5.2), which the BYE does not end. Its NOTIFYs go on in either direction until the last word, or until its time is
//! over. Never keeps a session alive, and lets nothing but the NOTIFY through.

use super::{Confirmed, Following, MAX_SESSIONS, Referral, Session, Transfer};
use crate::{
    Instant, SessionId,
    agent::{Purpose, UserAgent},
    dialog::{Dialog, DialogId},
    wire::{Message, Method, StatusCode},
};

/// How long a REFER is followed, in milliseconds: as long as a phone may ring (Timer C, RFC 3261 §16.6). Our NOTIFYs
/// grant the same.
pub(super) const REFERRED: u64 = 180_000;
/// Dialogs kept for their subscription at a time: as many as there can be sessions. The oldest gives way.
const MAX_OUTLIVED: usize = MAX_SESSIONS;

/// A dialog whose session is over.
#[derive(Clone, Debug)]
pub(crate) struct Outlived {
    pub(crate) dialog: Dialog,
    /// As in [`Confirmed`].
    transfer: Option<Transfer>,
    referral: Option<Referral>,
    /// When all of it is forgotten.
    until: Instant,
}

impl Outlived {
    /// Of a session that has ended; `None` where it leaves nothing behind.
    fn of(ended: &Confirmed, has_last_word: bool) -> Option<Outlived> {
        let Confirmed { dialog, transfer, referral, .. } = ended;
        let last_word = ended.last_word.filter(|_| has_last_word);
        let (ours, theirs) =
            (transfer.map(|transfer| transfer.until), referral.as_ref().map(|referral| referral.until));
        let until = *[ours, theirs, last_word].iter().flatten().max()?;
        Some(Outlived { dialog: dialog.clone(), transfer: *transfer, referral: referral.clone(), until })
    }

    /// Whether the other side waits for a word of ours.
    pub(crate) fn owes(&self) -> bool {
        self.referral.is_some()
    }

    /// When nobody has decided on their REFER, or all is forgotten.
    pub(crate) fn poll_timeout(&self) -> Instant {
        let undecided = self.referral.as_ref().and_then(Referral::poll_timeout);
        undecided.map_or(self.until, |undecided| undecided.min(self.until))
    }
}

impl Referral {
    /// When it counts as declined.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self.progress {
            Following::Undecided { until } => Some(until),
            Following::By(_) => None,
        }
    }
}

impl UserAgent {
    /// The session has ended: what it leaves behind is kept.
    pub(super) fn outlive(&mut self, session: SessionId, ended: &Session) {
        let Session::Confirmed(confirmed) = ended else { return };
        let has_last_word = self.has_last_word(&confirmed.dialog.id);
        let Some(outlived) = Outlived::of(confirmed, has_last_word) else { return };
        if self.outlived.len() >= MAX_OUTLIVED {
            let oldest = self.outlived.keys().next().copied();
            oldest.and_then(|oldest| self.outlived.remove(&oldest));
        }
        self.outlived.insert(session, outlived);
    }

    /// Whether the last word about a REFER is on its way in this dialog, or waits for the next registration.
    fn has_last_word(&self, id: &DialogId) -> bool {
        let is_it = |purpose: &Purpose, request: &Message| {
            *purpose == Purpose::LastWord && DialogId::of_own(request) == *id
        };
        self.parked.iter().any(|(purpose, request, _)| is_it(purpose, request))
            || self.exchanges.values().any(|one| is_it(&one.purpose, one.transaction.request()))
    }

    /// The REFER of ours in this session, or in what it has left behind.
    pub(super) fn transfer_in(&mut self, session: SessionId) -> Option<&mut Option<Transfer>> {
        match self.sessions.get_mut(&session) {
            Some(Session::Confirmed(confirmed)) => Some(&mut confirmed.transfer),
            Some(Session::Inviting { .. } | Session::Ringing { .. } | Session::Leaving { .. }) | None => {
                self.outlived.get_mut(&session).map(|outlived| &mut outlived.transfer)
            }
        }
    }

    /// The REFER of theirs, with the dialog in which it came.
    pub(super) fn referral_in(&mut self, session: SessionId) -> Option<(&mut Dialog, &mut Option<Referral>)> {
        match self.sessions.get_mut(&session) {
            Some(Session::Confirmed(confirmed)) => Some((&mut confirmed.dialog, &mut confirmed.referral)),
            Some(Session::Inviting { .. } | Session::Ringing { .. } | Session::Leaving { .. }) | None => {
                let outlived = self.outlived.get_mut(&session)?;
                Some((&mut outlived.dialog, &mut outlived.referral))
            }
        }
    }

    /// The session, over or not, whose REFER this one follows.
    pub(super) fn followed_by(&self, follower: SessionId) -> Option<SessionId> {
        let follows = |referral: Option<&Referral>| {
            referral.is_some_and(|referral| referral.progress == Following::By(follower))
        };
        let standing = self.sessions.iter().find(|(_, session)| match session {
            Session::Confirmed(confirmed) => follows(confirmed.referral.as_ref()),
            Session::Inviting { .. } | Session::Ringing { .. } | Session::Leaving { .. } => false,
        });
        let over = || self.outlived.iter().find(|(_, outlived)| follows(outlived.referral.as_ref()));
        standing.map(|(session, _)| *session).or_else(|| over().map(|(session, _)| *session))
    }

    /// The dialog of this id whose session is over.
    pub(crate) fn outlived_dialog(&mut self, id: &DialogId) -> Option<&mut Dialog> {
        self.outlived.values_mut().map(|outlived| &mut outlived.dialog).find(|dialog| dialog.id == *id)
    }

    /// A request in a dialog without a session.
    pub(crate) fn handle_outlived(&mut self, request: &Message) {
        let id = DialogId::of_request(request);
        let found = self.outlived.iter_mut().find(|(_, outlived)| outlived.dialog.id == id);
        let Some((&session, outlived)) = found.filter(|_| *request.method() == Method::Notify) else {
            return self.reply_now(request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        };
        match outlived.dialog.is_in_order(request) {
            true => self.handle_notify(session, request),
            false => self.reply_now(request, StatusCode::SERVER_INTERNAL_ERROR),
        }
    }

    /// What nobody has decided on is declined, and what has had its time is forgotten; but not while a request of the same
    /// dialog waits for the next registration, since that needs the next number.
    pub(crate) fn outlived_timeout(&mut self, now: Instant) {
        let sessions: Vec<SessionId> = self.outlived.keys().copied().collect();
        for session in sessions {
            self.referral_timeout(now, session);
        }
        let parked = &self.parked;
        self.outlived.retain(|_, outlived| {
            if outlived.until <= now
                && parked.iter().any(|(_, request, _)| DialogId::of_own(request) == outlived.dialog.id)
            {
                outlived.until = now.after(REFERRED);
            }
            outlived.until > now
        });
    }
}
