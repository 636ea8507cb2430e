//! INVITE sessions (RFC 3261 §13 and §14): a session is a usage of one dialog. What is left of a session after its end
//! (a CANCEL without an answer, a BYE under way) is a transaction's matter, not a session's.

mod early;
mod identity;
mod incoming;
mod late;
mod outgoing;
mod outlived;
mod redirect;
mod referred;
mod reinvite;
mod reliable;
mod replaces;
mod timer;
mod transfer;
mod unoffered;
mod update;

pub(crate) use identity::Identity;
pub(crate) use late::Late;
pub(crate) use outlived::Outlived;
pub(crate) use reliable::Reliable;
use unoffered::EarlyOffer;

pub(crate) use timer::{SESSION_EXPIRES, SessionTimer, is_too_brief, longer, too_brief};

use crate::{
    Instant, SessionId,
    dialog::{Dialog, DialogId},
    table::Table,
    transaction::{T1, T2, TIMEOUT, TransactionKey},
    wire::{Message, Uri},
};

/// Sessions at a time, all kinds: two in a transfer, two waiting, and two to spare.
pub(crate) const MAX_SESSIONS: usize = 6;
/// Unanswered INVITEs of others at a time; the next one is told that we are busy.
pub(crate) const MAX_RINGING: usize = 3;
/// Early dialogs of one INVITE: as many as a person has devices, twice.
pub(crate) const MAX_FORKS: usize = 16;

/// All sessions, by number.
pub(crate) type Sessions = Table<SessionId, Session>;

/// One INVITE session.
#[derive(Clone, Debug)]
pub(crate) enum Session {
    /// Our INVITE has no final response.
    Inviting {
        /// The INVITE as it was sent last.
        key: TransactionKey,
        invite: Box<Message>,
        /// One for each To tag seen so far.
        forks: Vec<Early>,
        onward: redirect::Onward,
    },
    /// Their INVITE has no final response.
    Ringing {
        key: TransactionKey,
        invite: Box<Message>,
        dialog: Box<Dialog>,
        ring_again_at: Instant,
        /// When the caller wants no answer any more, if the INVITE says so (RFC 3261 §13.3.1).
        expires_at: Option<Instant>,
        /// Where the caller demands reliable provisional responses.
        reliable: Option<Box<Reliable>>,
        /// The session in whose place it would come.
        replaces: Option<SessionId>,
    },
    /// A 2xx was sent or came.
    Confirmed(Box<Confirmed>),
    /// Ended by us before the ACK of our 2xx came: BYE must wait for it (RFC 3261 §15).
    Leaving { dialog: Box<Dialog>, bye: Box<Ending>, ok: Repeated },
}

/// A device that our INVITE has reached.
#[derive(Clone, Debug)]
pub(crate) struct Early {
    tag: String,
    /// Its early dialog (RFC 3261 §12.1), unless it gave no To tag.
    pub(crate) dialog: Option<Dialog>,
    /// RSeq of its last reliable response.
    rseq: Option<u32>,
    offer: EarlyOffer,
    /// As in [`Confirmed`].
    takes_update: bool,
}

/// A session both sides have agreed to.
#[derive(Clone, Debug)]
pub(crate) struct Confirmed {
    pub(crate) dialog: Dialog,
    pub(crate) offer: Offer,
    /// Our ACK of the 2xx that made it, for when that 2xx comes again.
    pub(crate) ack: Option<Message>,
    /// A REFER of ours whose outcome is not known.
    pub(crate) transfer: Option<Transfer>,
    /// A REFER of theirs whose outcome they have not heard.
    pub(crate) referral: Option<Referral>,
    /// When the subscription is over whose last word was said: should the flow break that carries it, it is said again, also
    /// after the session.
    pub(crate) last_word: Option<Instant>,
    /// RFC 4028, where it was agreed.
    pub(crate) timer: Option<SessionTimer>,
    /// Whether the other side lists UPDATE in Allow.
    pub(crate) takes_update: bool,
}

impl Confirmed {
    /// `heard`: their message that made the session, with its Allow.
    pub(crate) fn new(
        dialog: Dialog,
        offer: Offer,
        heard: &Message,
        timer: Option<SessionTimer>,
    ) -> Confirmed {
        let takes_update = heard.lists("Allow", "UPDATE");
        Confirmed {
            dialog,
            offer,
            ack: None,
            transfer: None,
            referral: None,
            last_word: None,
            timer,
            takes_update,
        }
    }

    /// Whether the ACK of the 2xx that made it has not come.
    pub(crate) fn awaits_first_ack(&self) -> bool {
        matches!(&self.offer, Offer::Unacknowledged(ok) if ok.is_first)
    }
}

/// A REFER of ours (RFC 3515).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    /// Its CSeq, the id of the subscription it makes.
    pub(crate) id: u32,
    /// What was told last of it, 0 before the first word: its 202 and the first NOTIFY say the same.
    pub(crate) told: u16,
    /// No earlier one can still be notified of, so that a NOTIFY without an id is of this one.
    pub(crate) is_alone: bool,
    /// When its subscription is over, should it outlive the session.
    pub(crate) until: Instant,
}

/// A REFER of the other side's (RFC 3515).
#[derive(Clone, Debug)]
pub(crate) struct Referral {
    /// Its CSeq, the id of the subscription it makes.
    pub(crate) id: u32,
    /// Refer-To, with the headers it wants in the INVITE.
    pub(crate) target: Uri,
    /// Referred-By as it came.
    pub(crate) by: Option<String>,
    pub(crate) progress: Following,
    /// They want no NOTIFY (`Refer-Sub: false`, RFC 4488).
    pub(crate) is_silent: bool,
    /// The dialog that it has made, where it came outside of the session's (RFC 4538).
    pub(crate) dialog: Option<Box<Dialog>>,
    /// When its subscription is over, should it outlive the session.
    pub(crate) until: Instant,
}

/// What became of a REFER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Following {
    /// Nobody has decided; it is declined then.
    Undecided { until: Instant },
    /// This session follows it.
    By(SessionId),
}

/// Headers of a BYE that is still to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    pub(crate) reason: Option<String>,
}

/// Which offer is in the air, once the first one of the dialog is answered. Never two at a time (RFC 3264 §4).
#[derive(Clone, Debug)]
pub(crate) enum Offer {
    /// None.
    Settled,
    /// Our re-INVITE or UPDATE with this number is on the wire. The number tells its 2xx from a late repetition of an
    /// earlier one. `glares`: how often they have put it off.
    Ours { offer: Vec<u8>, sequence: u32, glares: u8 },
    /// Ours met one of theirs (491) and is sent again then (RFC 3261 §14.1).
    OursAgain { offer: Vec<u8>, at: Instant, glares: u8 },
    /// Their re-INVITE, or UPDATE with an offer, waits for our answer.
    Theirs { key: TransactionKey, invite: Box<Message> },
    /// Our 2xx waits for its ACK.
    Unacknowledged(Repeated),
    /// Their 2xx to this INVITE of ours has brought the offer: its ACK waits for our answer, but not for ever.
    Asked { invite: Box<Message>, until: Instant },
}

/// A 2xx of ours that is repeated until its ACK comes (RFC 3261 §13.3.1.4), also over a reliable transport: the next
/// hop may be UDP.
#[derive(Clone, Debug)]
pub(crate) struct Repeated {
    pub(crate) response: Box<Message>,
    /// Whether the ACK must bring an answer, since the 2xx carried the offer.
    pub(crate) wants_answer: bool,
    /// Whether it is the 2xx that made the session.
    pub(crate) is_first: bool,
    /// An offer of ours that waits for the ACK: before it the other side would have to refuse it.
    pub(crate) then: Option<Vec<u8>>,
    again_at: Instant,
    interval: u64,
    gives_up_at: Instant,
}

/// What a deadline of a repeated 2xx asks for.
pub(crate) enum Repeat {
    Now(Box<Message>),
    GiveUp,
}

impl Repeated {
    pub(crate) fn new(now: Instant, response: Message, wants_answer: bool, is_first: bool) -> Repeated {
        Repeated {
            response: Box::new(response),
            wants_answer,
            is_first,
            then: None,
            again_at: now.after(T1),
            interval: T1,
            gives_up_at: now.after(TIMEOUT),
        }
    }

    /// Whether this ACK is the one.
    pub(crate) fn is_acknowledged_by(&self, ack: &Message) -> bool {
        self.response.cseq().number == ack.cseq().number
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Repeat> {
        if self.gives_up_at <= now {
            return Some(Repeat::GiveUp);
        }
        if self.again_at > now {
            return None;
        }
        self.interval = (self.interval * 2).min(T2);
        self.again_at = now.after(self.interval);
        Some(Repeat::Now(self.response.clone()))
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        self.again_at.min(self.gives_up_at)
    }
}

impl Offer {
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Offer::OursAgain { at, .. } => Some(*at),
            Offer::Asked { until, .. } => Some(*until),
            Offer::Unacknowledged(ok) => Some(ok.poll_timeout()),
            Offer::Settled | Offer::Ours { .. } | Offer::Theirs { .. } => None,
        }
    }
}

impl Session {
    /// The dialog, once there is exactly one.
    pub(crate) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        match self {
            Session::Inviting { .. } => None,
            Session::Ringing { dialog, .. } | Session::Leaving { dialog, .. } => Some(dialog),
            Session::Confirmed(confirmed) => Some(&mut confirmed.dialog),
        }
    }

    /// Whether nobody has ended it yet.
    pub(crate) fn is_going_on(&self) -> bool {
        match self {
            Session::Inviting { .. } | Session::Ringing { .. } | Session::Confirmed(_) => true,
            Session::Leaving { .. } => false,
        }
    }

    /// The dialog of this id, early ones too.
    pub(crate) fn dialog_with(&mut self, id: &DialogId) -> Option<&mut Dialog> {
        match self {
            Session::Inviting { forks, .. } => {
                forks.iter_mut().filter_map(|early| early.dialog.as_mut()).find(|dialog| dialog.id == *id)
            }
            Session::Ringing { .. } | Session::Confirmed(_) | Session::Leaving { .. } => {
                self.dialog_mut().filter(|dialog| dialog.id == *id)
            }
        }
    }

    /// Whether this is one of its dialogs, early ones too.
    pub(crate) fn has_dialog(&self, id: &DialogId) -> bool {
        match self {
            Session::Inviting { forks, .. } => {
                forks.iter().filter_map(|early| early.dialog.as_ref()).any(|dialog| dialog.id == *id)
            }
            Session::Ringing { .. } | Session::Confirmed(_) | Session::Leaving { .. } => {
                self.dialog().is_some_and(|dialog| dialog.id == *id)
            }
        }
    }

    /// The same, to read.
    pub(crate) fn dialog(&self) -> Option<&Dialog> {
        match self {
            Session::Inviting { .. } => None,
            Session::Ringing { dialog, .. } | Session::Leaving { dialog, .. } => Some(dialog),
            Session::Confirmed(confirmed) => Some(&confirmed.dialog),
        }
    }

    /// The next deadline.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        match self {
            Session::Inviting { forks, .. } => {
                forks.iter().filter_map(|early| early.offer.poll_timeout()).min()
            }
            Session::Ringing { ring_again_at, expires_at, reliable, .. } => {
                let reliable = reliable.as_ref().and_then(|reliable| reliable.poll_timeout());
                Instant::earliest(&[reliable, *expires_at, Some(*ring_again_at)])
            }
            Session::Leaving { ok, .. } => Some(ok.poll_timeout()),
            Session::Confirmed(confirmed) => {
                let offer = confirmed.offer.poll_timeout();
                let undecided = confirmed.referral.as_ref().and_then(Referral::poll_timeout);
                let timer = confirmed.timer.as_ref().map(SessionTimer::poll_timeout);
                Instant::earliest(&[offer, undecided, timer])
            }
        }
    }
}
