//! What the screens of calls and of forwarding show.
//!
//! It decides nothing: `calls` and `forwarding` fill these.

use super::{Row, Text, Tone};
use crate::CallId;

/// Who is on a call, on every call screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Party {
    /// Contact id for the avatar's colour, empty: unknown.
    pub avatar: String,
    /// Queue or called line.
    pub line: Text,
    /// The number that was called, where `line` is a queue.
    pub called: String,
    /// Name; empty: the number is the headline.
    pub name: String,
    /// Number.
    pub number: String,
    /// Kind of the number (message id).
    pub kind: &'static str,
    /// In the place of the number.
    pub instead: Option<Text>,
    /// Company and title.
    pub company: String,
    /// What the other side calls itself, where no contact says who it is.
    pub says: String,
    /// It was called from here: it is no caller.
    pub outbound: bool,
    /// Several contacts share the number: their names and companies.
    pub shared: Vec<(String, String)>,
    /// No number was sent.
    pub withheld: bool,
    /// Key of the one contact that it is, where the page can show it; else empty.
    pub opens: String,
}

/// 17 to 19.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// Which.
    pub call: CallId,
    /// Who.
    pub party: Party,
    /// The ring is not heard; a click turns sound on.
    pub silent: bool,
    /// The person silenced it.
    pub silenced: bool,
    /// Trouble with the microphone that answering would meet.
    pub note: Option<Text>,
    /// How long it has rung.
    pub since: String,
    /// How many others ring.
    pub more: usize,
}

/// What a call is doing: in words, in a colour, by an icon (empty: a dot).
pub type Pill = (Text, Tone, &'static str);

/// 22 to 30, 41.
#[derive(Clone, Debug, PartialEq)]
pub struct CallScreen {
    /// The call in front.
    pub call: CallId,
    /// Who.
    pub party: Party,
    /// Pill: text, tone, icon name (empty: a dot).
    pub pill: Pill,
    /// Line below the pill.
    pub note: Option<Text>,
    /// The wash.
    pub wash: Tone,
    /// The tiles, in order.
    pub tiles: Vec<Tile>,
    /// Why some of them do not work yet, and what is below them.
    pub why_not: Option<Text>,
    /// Digits sent, if the key pad is open.
    pub keypad: Option<String>,
    /// "End call", and what it does.
    pub end: (Text, Box<crate::Action>),
    /// Other legs: call, who, what it is doing.
    pub others: Vec<(CallId, Party, Pill)>,
    /// The others hear one another (30): each can be dropped.
    pub merged: bool,
    /// Bars of quality, 0: unknown.
    pub bars: u8,
    /// 33, 34: somebody waits while this call asks.
    pub consultation: Option<Consultation>,
    /// 32: a transfer of which nothing is heard may be given up.
    pub take_back: bool,
}

/// What is below a call that asks before a transfer, in the place of End.
#[derive(Clone, Debug, PartialEq)]
pub struct Consultation {
    /// "Back to {name}".
    pub back: Text,
    /// Who was asked has answered: the two can be connected.
    pub ready: bool,
}

/// A tile.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Icon name.
    pub icon: &'static str,
    /// Label.
    pub label: Text,
    /// Pressed.
    pub pressed: bool,
    /// Works.
    pub enabled: bool,
    /// Under way.
    pub busy: bool,
    /// What it does.
    pub action: crate::Action,
}

/// 31.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferPick {
    /// Which.
    pub call: CallId,
    /// Who is to be transferred.
    pub name: String,
    /// The field.
    pub query: String,
    /// Targets.
    pub rows: Vec<Row>,
    /// What the running call is doing.
    pub pill: Pill,
    /// What "Ask first" would do.
    pub note: Option<Text>,
    /// The target is valid.
    pub enabled: bool,
    /// An incoming call is sent there unanswered: nobody is asked first.
    pub redirect: bool,
}

/// 38, 39, 40.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Who.
    pub party: Party,
    /// Pill.
    pub pill: Pill,
    /// The note under it.
    pub note: Option<Text>,
    /// `SIP 486 Busy Here`, empty: none.
    pub sip: String,
    /// Call again is offered.
    pub again: bool,
}

/// 54.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forwarding {
    /// Always, when busy, no answer.
    pub rules: Vec<ForwardRule>,
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForwardRule {
    /// Names it in actions.
    pub rule: &'static str,
    /// Message id.
    pub title: &'static str,
    /// Message id of the line below, empty: none.
    pub sub: &'static str,
    /// Its fields are shown; it is on, or will be with a number.
    pub open: bool,
    /// The number, as far as it is typed.
    pub destination: String,
    /// How long it rings before, where that counts.
    pub seconds: Option<u32>,
    /// What is wrong with the number.
    pub error: Option<Text>,
}

/// 57.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckPage {
    /// One for each test, in order.
    pub rows: Vec<CheckRow>,
    /// Something is not known yet.
    pub running: bool,
}

/// One test.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRow {
    /// Message id of what is tested.
    pub title: &'static str,
    /// How it went.
    pub state: CheckState,
    /// What was found, or what to do.
    pub text: Text,
}

/// How a test went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// Not known yet.
    Running,
    /// As it should be.
    Good,
    /// Calls work, perhaps not everywhere.
    Warn,
    /// Calls do not work.
    Bad,
}

/// 58.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// Version of the widget.
    pub version: &'static str,
    /// Server, transport and user.
    pub line: String,
}
