//! A call: one session of the SIP side, one peer of the browser, and what was said of it to the host.
//!
//! Its life is one enum. Media requests of a call are strictly serial; each is answered or timed out.

mod alone;
mod auto_answer;
mod carried;
mod early;
mod early_media;
mod end;
mod forwarded;
mod incoming;
mod keys;
mod media;
mod merge;
mod outgoing;
mod over;
mod quality;
mod reconnect;
mod referred;
mod talk;
mod tell;
mod transfer;

pub(crate) use early::EarlyOffer;
pub(crate) use early_media::Renewing;
pub(crate) use end::over_text;
pub(crate) use incoming::Arrivals;
pub(crate) use keys::Keys;
pub(crate) use media::{Media, Purpose};
pub(crate) use merge::Merged;
pub(crate) use outgoing::{Next, WITHHELD, Wish};
pub(crate) use over::Over;
pub(crate) use quality::{Grade, Quality};
pub(crate) use tell::{source_name, times};
pub(crate) use transfer::{FailedTransfer, Transfer};

use crate::{CallId, MediaError, PeerId, bridge::Ask, data::Variables, headers::Facts, sdp::Looks};
use serde_json::Value;
use softframe_contacts::Hit;
use softframe_sip::{Instant, SessionId};

/// Ringing at once; more would hide each other (protocol.md 1.7).
pub(crate) const MAX_RINGING: usize = 3;
/// Calls at once (protocol.md 1.7).
pub(crate) const MAX_CALLS: usize = 6;
/// A transfer whose end nobody tells has failed: as long as a phone rings (Timer C).
const TRANSFER_MILLIS: u64 = 180_000;
/// Events kept for a host that is trusted only later in the call.
pub(crate) const MAX_SAID: usize = 64;
/// Digits shown of those sent in a call.
pub(crate) const MAX_KEYS_SHOWN: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Inbound,
    Outbound,
}

impl Direction {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        }
    }
}

/// One call.
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) session: Option<SessionId>,
    pub(crate) direction: Direction,
    /// `data.id` of its events.
    pub(crate) label: String,
    /// The host's own name for it.
    pub(crate) reference: Option<String>,
    /// The session whose other side asked for this call (a transfer).
    pub(crate) referred: Option<SessionId>,
    /// The call that waits while this one asks (attended transfer).
    pub(crate) consults: Option<CallId>,
    /// The number that who answers is connected with; then we leave.
    pub(crate) onward: Option<String>,
    /// The session in whose place it came (a transfer of theirs).
    pub(crate) replaces: Option<SessionId>,
    /// Wall and monotonic time of its first event; of its making until then.
    pub(crate) date: u64,
    pub(crate) started: Instant,
    pub(crate) from: String,
    pub(crate) to: String,
    /// Who the network says has the line, where that is not who was called.
    pub(crate) connected: Option<String>,
    /// When it is answered by itself; stays once it was.
    pub(crate) auto_answer: Option<Instant>,
    /// When it goes on to another number, unanswered.
    pub(crate) forward_at: Option<Instant>,
    pub(crate) facts: Facts,
    pub(crate) team: String,
    pub(crate) user_data: Option<Value>,
    /// Data that goes with it where it is transferred to.
    pub(crate) variables: Variables,
    /// Headers of our INVITE.
    pub(crate) headers: Vec<(String, String)>,
    /// Whose number this is, as found when the call began.
    pub(crate) matches: Vec<Hit>,
    pub(crate) state: State,
    pub(crate) early: EarlyOffer,
    pub(crate) media: Media,
    pub(crate) muted: bool,
    /// Muted by us, since it refused to be held for this call, and not by the person.
    pub(crate) silenced_for: Option<CallId>,
    /// Hears nothing until it is held for another call.
    pub(crate) hushed: bool,
    /// Keys sent in this call, the last ones.
    pub(crate) keys: String,
    /// Keys on their way.
    pub(crate) tones: Keys,
    /// Commands that wait for something of this call.
    pub(crate) asks: Vec<(Await, Ask)>,
    /// Its place among the calls of which the host was told.
    pub(crate) turn: u64,
    /// Events so far: kind, data.
    pub(crate) said: Vec<(&'static str, String)>,
}

/// What a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Await {
    /// The INVITE on the wire.
    Inviting,
    /// The 200 sent.
    Answered,
    /// The re-INVITE accepted.
    Held,
    /// As `Held`, back.
    Unheld,
    /// The final NOTIFY.
    Transferred,
    /// The answer to the INFO of the last key.
    Keyed,
}

/// Where the call stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// Outgoing: the browser makes our offer. Nothing is on the wire, nothing was said. `asked`: when the host
    /// hears that the microphone prompt may be open.
    Preparing { attention_at: Option<Instant> },
    /// Outgoing: INVITE sent.
    Calling,
    /// Outgoing: redirected there after early media had used up our offer. The browser makes another.
    Redirecting { target: String },
    /// Outgoing: a provisional response came.
    Progressing(Progressing),
    /// Incoming: rings. `trouble`: answering met this, so declining says 480.
    Incoming { offer: Vec<u8>, silenced: bool, trouble: Option<MediaError> },
    /// Incoming: the browser makes our answer. The caller still hears ringing.
    Answering { offer: Vec<u8> },
    /// Incoming: 200 sent, ACK awaited. What their offer showed; `late`: there was none, so the ACK must bring an answer.
    /// `hold`: as soon as that is allowed, it is held.
    Accepting { offered: Option<Looks>, late: bool, hold: bool },
    /// Both sides talk.
    Talking(Talk),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Progressing {
    pub(crate) since: Instant,
    /// 180: the other side rings.
    pub(crate) ringing: bool,
    /// The fork whose early media is heard.
    pub(crate) early: Option<String>,
    /// That early media is being brought back.
    pub(crate) renewing: Renewing,
    /// The first description of each fork: its answer, if its 2xx has none (RFC 6337 §3.1.1).
    pub(crate) answers: Vec<(String, String)>,
    /// What the host heard last: the status, and whether early media is there.
    pub(crate) told: (u16, bool),
}

impl Progressing {
    /// Nothing has come yet.
    pub(crate) fn since(now: Instant) -> Progressing {
        let (renewing, answers) = (Renewing::No, Vec::new());
        Progressing { since: now, ringing: false, early: None, renewing, answers, told: (0, false) }
    }
}

/// An accepted call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Talk {
    pub(crate) accepted: Instant,
    pub(crate) accepted_wall: u64,
    /// Seconds from the first event to the answer.
    pub(crate) wait: u64,
    /// Since when we hold the other side.
    pub(crate) held: Option<Instant>,
    /// What the person or host wants of it.
    pub(crate) want_held: bool,
    /// The other side holds us.
    pub(crate) held_by_them: bool,
    pub(crate) exchange: Exchange,
    pub(crate) link: Link,
    /// The other side takes key tones by RFC 4733, as far as its description shows.
    pub(crate) key_tones: bool,
    /// A transfer under way.
    pub(crate) transfer: Option<Transfer>,
    /// How it is heard.
    pub(crate) quality: Box<Quality>,
}

impl Talk {
    /// When a transfer counts as failed.
    pub(crate) fn transfer_ends(&self) -> Option<Instant> {
        self.transfer.as_ref().map(|transfer| transfer.since.after(TRANSFER_MILLIS))
    }
}

/// The offer/answer exchange of the dialog (RFC 3264): one at a time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Exchange {
    Idle,
    /// The browser makes our offer.
    Offering(Renewal),
    /// Our re-INVITE is on the wire.
    Inviting(Renewal),
    /// The browser applies their answer.
    Applying(Renewal),
    /// Their offer waits for our offer in the browser to be rolled back, or is being answered.
    Theirs {
        offer: Vec<u8>,
    },
    /// They asked for our offer; their answer comes with the ACK.
    Awaiting,
}

/// What a re-INVITE of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Renewal {
    pub(crate) hold: bool,
    pub(crate) restart: bool,
    /// For the fresh peer of a fork that won: without it there is no sound at all.
    pub(crate) fresh: bool,
}

/// Whether media and signalling of an accepted call are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    Whole,
    /// Ends as `lost` at the deadline. `renew_at`: when a re-INVITE with new ICE may go out.
    /// Without a deadline while only signalling is away: the sound may go on all the same.
    Broken {
        deadline: Option<Instant>,
        renew_at: Instant,
    },
}

impl Call {
    /// The other side's number.
    pub(crate) fn number(&self) -> &str {
        self.connected.as_deref().unwrap_or(self.called())
    }

    /// The number to call again: who was called, not who picked up.
    pub(crate) fn called(&self) -> &str {
        match self.direction {
            Direction::Inbound => &self.from,
            Direction::Outbound => &self.to,
        }
    }

    /// The contact's name, or the number: never what the other side calls itself.
    pub(crate) fn name(&self) -> String {
        match self.matches.as_slice() {
            [only] => only.contact.name.clone(),
            _ => self.number().to_owned(),
        }
    }

    /// What the other side calls itself, where no contact says who it is: to be quoted beside the number.
    pub(crate) fn says(&self) -> String {
        let is_stranger = self.matches.is_empty() && !self.number().is_empty();
        if is_stranger { self.facts.display_name.clone() } else { String::new() }
    }

    /// The first word of the name, or the number.
    pub(crate) fn first_name(&self) -> String {
        let name = self.name();
        let is_name = name != self.number();
        let first = name.split_whitespace().next().filter(|_| is_name).map(str::to_owned);
        first.unwrap_or(name)
    }

    pub(crate) fn talk(&self) -> Option<&Talk> {
        match &self.state {
            State::Talking(talk) => Some(talk),
            _ => None,
        }
    }

    /// Accepted, and its sound is not interrupted.
    pub(crate) fn is_whole(&self) -> bool {
        self.talk().is_some_and(|talk| talk.link == Link::Whole)
    }

    /// Accepted, and not on its way to somebody else.
    pub(crate) fn can_be_joined(&self) -> bool {
        self.talk().is_some_and(|talk| talk.transfer.is_none())
    }

    pub(crate) fn talk_mut(&mut self) -> Option<&mut Talk> {
        match &mut self.state {
            State::Talking(talk) => Some(talk),
            _ => None,
        }
    }

    /// The exchange of offers after the first one.
    pub(crate) fn exchange_mut(&mut self) -> Option<&mut Exchange> {
        match &mut self.state {
            State::Talking(talk) => Some(&mut talk.exchange),
            State::Progressing(Progressing { renewing: Renewing::Begun(exchange), .. }) => Some(exchange),
            _ => None,
        }
    }

    pub(crate) fn is_ringing_in(&self) -> bool {
        matches!(self.state, State::Incoming { .. })
    }

    pub(crate) fn is_outgoing_attempt(&self) -> bool {
        match self.state {
            State::Preparing { .. } | State::Calling | State::Redirecting { .. } | State::Progressing(_) => {
                true
            }
            State::Incoming { .. }
            | State::Answering { .. }
            | State::Accepting { .. }
            | State::Talking(_) => false,
        }
    }

    /// Whether it was accepted in the place of this session.
    pub(crate) fn has_taken(&self, session: SessionId) -> bool {
        let is_accepted = matches!(self.state, State::Accepting { .. } | State::Talking(_));
        is_accepted && self.replaces == Some(session)
    }

    /// Accepted, and not held by us or about to be resumed.
    pub(crate) fn is_live(&self) -> bool {
        match &self.state {
            State::Talking(talk) => talk.held.is_none() || !talk.want_held,
            State::Accepting { .. } => true,
            _ => false,
        }
    }

    /// The moment from which its time on screen counts.
    pub(crate) fn counted_since(&self) -> Instant {
        match &self.state {
            State::Progressing(progressing) => progressing.since,
            State::Talking(talk) => talk.held.unwrap_or(talk.accepted),
            State::Preparing { .. }
            | State::Calling
            | State::Redirecting { .. }
            | State::Incoming { .. }
            | State::Answering { .. }
            | State::Accepting { .. } => self.started,
        }
    }

    /// When something of this call is due.
    pub(crate) fn deadline(&self, registered: bool) -> Option<Instant> {
        let [first, second] = match &self.state {
            State::Preparing { attention_at } => [*attention_at, None],
            State::Progressing(progressing) => [progressing.renewing.deadline(), None],
            State::Talking(Talk { link: Link::Broken { deadline, renew_at }, exchange, .. }) => {
                // A renewal that waits for registration or media is not polled for; their ends start it.
                let free = registered && *exchange == Exchange::Idle && self.media.is_idle();
                let due = free.then_some(*renew_at);
                [*deadline, due]
            }
            _ => [None, None],
        };
        let transfer = self.talk().and_then(Talk::transfer_ends);
        let auto = self.auto_answer.filter(|_| self.is_ringing_in());
        let onward = self.forward_at.filter(|_| self.is_ringing_in());
        let measured = self.talk().and_then(Talk::measured_at);
        let (media, tones) = (self.media.deadline(), self.tones.deadline());
        Instant::earliest(&[first, second, transfer, auto, onward, measured, media, tones])
    }

    pub(crate) fn new(id: CallId, peer: PeerId, direction: Direction, now: Instant, state: State) -> Call {
        Call {
            id,
            session: None,
            direction,
            label: String::new(),
            reference: None,
            referred: None,
            consults: None,
            onward: None,
            replaces: None,
            date: 0,
            started: now,
            from: String::new(),
            to: String::new(),
            connected: None,
            auto_answer: None,
            forward_at: None,
            facts: Facts::default(),
            team: String::new(),
            user_data: None,
            variables: Variables::default(),
            headers: Vec::new(),
            matches: Vec::new(),
            state,
            early: EarlyOffer::None,
            media: Media::new(peer),
            muted: false,
            silenced_for: None,
            hushed: false,
            keys: String::new(),
            tones: Keys::default(),
            asks: Vec::new(),
            turn: 0,
            said: Vec::new(),
        }
    }
}
