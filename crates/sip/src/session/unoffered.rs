//! INVITEs of ours without an offer (RFC 3261 §13.2.1, RFC 3262 §5): the first reliable response of a device brings
//! theirs, and what acknowledges that response, PRACK or ACK, brings our answer. Neither is sent before there is one.

use super::{Offer, Session};
use crate::{
    EndedBy, Instant, SessionId,
    agent::UserAgent,
    transaction::TIMEOUT,
    wire::{Message, RAck},
};

/// How far offer and answer are with a device that rings.
#[derive(Clone, Debug, Default)]
pub(crate) enum EarlyOffer {
    /// Its answer to ours, or its offer where our INVITE had none, has not come in a reliable response.
    #[default]
    None,
    /// The PRACK of its offer waits for our answer.
    Waits(RAck),
    /// The first exchange is complete: the 2xx has no offer, and another one may follow before (RFC 3311 §5.1).
    Agreed(Offer),
}

impl EarlyOffer {
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            EarlyOffer::Agreed(offer) => offer.poll_timeout(),
            EarlyOffer::None | EarlyOffer::Waits(_) => None,
        }
    }
}

impl Offer {
    /// A 2xx to this INVITE has brought their offer. Who sent it repeats it for so long, and gives up then.
    pub(super) fn asked(now: Instant, invite: &Message) -> Offer {
        Offer::Asked { invite: Box::new(invite.clone()), until: now.after(TIMEOUT) }
    }
}

impl UserAgent {
    /// [`Command::Answer`](crate::Command::Answer), where it is one to such an offer. `false`: it is not.
    pub(super) fn answer_unoffered(&mut self, now: Instant, session: SessionId, answer: &[u8]) -> bool {
        match self.sessions.get_mut(&session) {
            Some(Session::Inviting { forks, .. }) => {
                // Of several devices the one that has waited longest.
                let waits = |early: &super::Early| match &early.offer {
                    EarlyOffer::Waits(rack) => Some((early.dialog.as_ref()?.id.clone(), rack.clone())),
                    EarlyOffer::None | EarlyOffer::Agreed(_) => None,
                };
                let Some((early, (id, rack))) =
                    forks.iter_mut().find_map(|early| waits(early).map(|found| (early, found)))
                else {
                    return false;
                };
                early.offer = EarlyOffer::Agreed(Offer::Settled);
                self.send_prack(now, session, &id, &rack, answer);
                true
            }
            Some(Session::Confirmed(_)) => self.acknowledge_asked(session, answer),
            Some(Session::Ringing { .. } | Session::Leaving { .. }) | None => false,
        }
    }

    /// Sends the ACK that has waited, with this answer. `false` where none waits.
    pub(super) fn acknowledge_asked(&mut self, session: SessionId, answer: &[u8]) -> bool {
        let Some(Session::Confirmed(confirmed)) = self.sessions.get(&session) else { return false };
        let Offer::Asked { invite, .. } = &confirmed.offer else { return false };
        let (dialog, invite) = (confirmed.dialog.clone(), invite.clone());
        let ack = self.acknowledge(&dialog, &invite, answer);
        if let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) {
            confirmed.offer = Offer::Settled;
            confirmed.ack = Some(ack);
        }
        true
    }

    /// There is no answer to their offer: without one there is no call. `false` where none is waited for.
    pub(super) fn refuse_unoffered(&mut self, now: Instant, session: SessionId, code: u16) -> bool {
        match self.sessions.get(&session) {
            Some(Session::Inviting { forks, .. }) => {
                let waits = forks.iter().any(|early| matches!(early.offer, EarlyOffer::Waits(_)));
                if waits {
                    // A provisional response can be refused by a CANCEL alone.
                    self.terminate(now, session, None);
                }
                waits
            }
            Some(Session::Confirmed(confirmed)) => {
                let dialog = confirmed.dialog.clone();
                let waited = self.acknowledge_asked(session, b"");
                if waited {
                    self.terminated(session, EndedBy::Local, code, "", None);
                    self.send_bye(now, dialog, None);
                }
                waited
            }
            Some(Session::Ringing { .. } | Session::Leaving { .. }) | None => false,
        }
    }
}
