//! Offers of ours before the call is accepted (RFC 3311): by UPDATE, where the first offer has its answer in a reliable
//! response and the other side takes UPDATE. Never offers in a dialog whose first exchange is open.

use super::{Early, EarlyOffer, Offer, Session};
use crate::{
    Event, Instant, SessionId,
    agent::UserAgent,
    dialog::{Dialog, DialogId},
};

impl Early {
    /// An offer of ours that has no outcome yet.
    fn has_offered(&self) -> bool {
        matches!(&self.offer, EarlyOffer::Agreed(Offer::Ours { .. } | Offer::OursAgain { .. }))
    }
}

impl Session {
    /// What is offered in this dialog of the session, if that is more than the first offer.
    pub(super) fn offers_in(&mut self, id: &DialogId) -> Option<(&mut Dialog, &mut Offer)> {
        match self {
            Session::Inviting { forks, .. } => forks.iter_mut().find_map(|early| match &mut early.offer {
                EarlyOffer::Agreed(offer) => {
                    Some((early.dialog.as_mut().filter(|dialog| dialog.id == *id)?, offer))
                }
                EarlyOffer::None | EarlyOffer::Waits(_) => None,
            }),
            Session::Ringing { dialog, reliable: Some(reliable), .. } => Some((dialog, reliable.agreed()?)),
            Session::Confirmed(confirmed) => {
                let same = confirmed.dialog.id == *id;
                same.then_some((&mut confirmed.dialog, &mut confirmed.offer))
            }
            Session::Ringing { reliable: None, .. } | Session::Leaving { .. } => None,
        }
    }

    /// The early dialog with this To tag, or the one there is of a call that comes in, if an UPDATE may offer in it now.
    fn open_to_update(&self, fork: &str) -> Option<&DialogId> {
        match self {
            Session::Inviting { forks, .. } => {
                let early = forks.iter().find(|early| early.tag == fork && early.takes_update)?;
                let is_free = matches!(early.offer, EarlyOffer::Agreed(Offer::Settled));
                early.dialog.as_ref().filter(|_| is_free).map(|dialog| &dialog.id)
            }
            Session::Ringing { dialog, invite, reliable: Some(reliable), .. } => {
                (reliable.is_free() && invite.lists("Allow", "UPDATE")).then_some(&dialog.id)
            }
            Session::Ringing { reliable: None, .. } | Session::Confirmed(_) | Session::Leaving { .. } => None,
        }
    }

    /// The early dialog in which an offer of ours waits no longer for the other side to be ready.
    pub(super) fn offers_again_in(&mut self, now: Instant) -> Option<DialogId> {
        let is_due = |offer: &Offer| matches!(offer, Offer::OursAgain { at, .. } if *at <= now);
        match self {
            Session::Inviting { forks, .. } => forks.iter().find_map(|early| match &early.offer {
                EarlyOffer::Agreed(offer) if is_due(offer) => Some(early.dialog.as_ref()?.id.clone()),
                EarlyOffer::Agreed(_) | EarlyOffer::None | EarlyOffer::Waits(_) => None,
            }),
            Session::Ringing { dialog, reliable: Some(reliable), .. } => {
                reliable.agreed().filter(|offer| is_due(offer)).map(|_| dialog.id.clone())
            }
            Session::Confirmed(confirmed) => is_due(&confirmed.offer).then(|| confirmed.dialog.id.clone()),
            Session::Ringing { reliable: None, .. } | Session::Leaving { .. } => None,
        }
    }
}

impl UserAgent {
    /// Whether [`Command::Update`](crate::Command::Update) would go out now.
    pub fn takes_update(&self, session: SessionId, fork: &str) -> bool {
        let state = self.sessions.get(&session);
        self.reaches_dialogs() && state.is_some_and(|state| state.open_to_update(fork).is_some())
    }

    /// [`Command::Update`](crate::Command::Update).
    pub(crate) fn update(&mut self, now: Instant, session: SessionId, fork: &str, offer: Vec<u8>) {
        match self.sessions.get(&session) {
            // It was accepted a moment ago.
            Some(Session::Confirmed(_)) => self.reinvite(now, session, offer),
            Some(state @ (Session::Inviting { .. } | Session::Ringing { .. })) => {
                match state.open_to_update(fork).filter(|_| self.reaches_dialogs()).cloned() {
                    Some(id) => self.send_offer(now, session, &id, offer, 0),
                    None => self.tell(Event::ReinviteFailed { session, code: 491 }),
                }
            }
            Some(Session::Leaving { .. }) | None => {}
        }
    }

    /// These devices are asked no longer, and with them what was offered to them.
    pub(super) fn offers_dropped(&mut self, session: SessionId, gone: &[Early]) {
        for _ in gone.iter().filter(|early| early.has_offered()) {
            self.tell(Event::ReinviteFailed { session, code: 487 });
        }
    }
}
