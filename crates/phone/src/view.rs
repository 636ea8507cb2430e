//! What the screen shows, as message ids, arguments and flags. Decides every label and enabled flag; draws nothing.

mod calls;
mod form;
mod lists;
mod make;
mod shown;

pub(crate) use calls::{microphone_title, party};
pub use form::{Draft, Fault};
pub use lists::found_row;
pub(crate) use lists::{contact_key, contact_list_row, is_name, kind_id};
pub use shown::{
    About, CallScreen, CheckPage, CheckRow, CheckState, Consultation, Ended, ForwardRule, Forwarding,
    Incoming, Party, Pill, Tile, TransferPick,
};

use crate::{CallId, Hit, Language};
use softframe_contacts::DocAddress;

/// A message id of the string table and its arguments; `text` as it is where the id is empty (names, numbers).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// `call.held`.
    pub id: &'static str,
    /// `{t}` and the like.
    pub args: Vec<(&'static str, String)>,
}

impl Text {
    /// A message without arguments.
    pub fn of(id: &'static str) -> Text {
        Text { id, args: Vec::new() }
    }

    /// A name or number as it is: the argument `text` of the empty id.
    pub fn plain(text: &str) -> Text {
        Text { id: "", args: vec![("text", text.to_owned())] }
    }

    /// A message with one argument.
    pub fn with(id: &'static str, name: &'static str, value: impl ToString) -> Text {
        Text { id, args: vec![(name, value.to_string())] }
    }
}

/// The whole screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// What fills the frame.
    pub screen: Screen,
    /// Header of the tab screens.
    pub header: Header,
    /// The most serious persistent trouble.
    pub banner: Option<Banner>,
    /// Over the screen.
    pub sheet: Option<Sheet>,
    /// Small news.
    pub toast: Option<Toast>,
    /// Colours, language.
    pub look: Look,
    /// Letters press tiles in calls.
    pub single_keys: bool,
}

/// Looks that the account or host chose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// Colours.
    pub theme: crate::Theme,
    /// Whose texts are shown, and how numbers and dates are written.
    pub language: Language,
    /// `#rrggbb` of the host, if it gives one: light, dark.
    pub accent: Option<(String, String)>,
    /// Texts exchanged by the configuration.
    pub strings: Vec<(String, String)>,
}

/// What fills the frame.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub enum Screen {
    /// 04.
    #[default]
    Starting,
    /// 59: key, rule, what was found.
    ConfigError { key: String, rule: String, found: String },
    /// 01, 02.
    SignIn(SignIn),
    /// 05 to 07.
    Keypad(Keypad),
    /// 08 to 11.
    Contacts(ContactList),
    /// 14.
    Contact(ContactPage),
    /// 15, 16.
    Recents(RecentList),
    /// 17 to 19, 21.
    Incoming(Incoming),
    /// 22 to 30, 41.
    Call(CallScreen),
    /// 31.
    TransferPick(TransferPick),
    /// 38, 39, 40.
    Ended(Ended),
    /// 55 (what exists of it).
    Settings(Settings),
    /// 54.
    Forwarding(Forwarding),
    /// 57.
    Check(CheckPage),
    /// 58.
    About(About),
    /// 51: whether a call runs there.
    OtherTab { in_call: bool },
}

/// The tabs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Tab {
    /// Key pad.
    #[default]
    Keypad,
    /// Contacts.
    Contacts,
    /// Recents.
    Recents,
}

/// Header, and bar of a running call while browsing (49).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// The person.
    pub name: String,
    /// Shape of the dot.
    pub dot: Dot,
    /// "Available", or the state of the connection.
    pub status: Text,
    /// The extension.
    pub extension: String,
    /// Missed calls not seen yet.
    pub missed: u32,
    /// Messages wait in the voice mail: how many new ones.
    pub voicemail: Option<u32>,
    /// The page makes the frame a bar, or large again, where it is asked to.
    pub resizable: bool,
    /// A call that runs while the person browses.
    pub running: Option<RunningCall>,
}

/// The bar of 49.
#[derive(Clone, Debug, PartialEq)]
pub struct RunningCall {
    /// Which.
    pub call: CallId,
    /// Name or number.
    pub name: String,
    /// What the other side calls itself, where no contact says who it is.
    pub says: String,
    /// `mm:ss`, empty before it is accepted.
    pub time: String,
    /// Microphone off.
    pub muted: bool,
    /// Which colour.
    pub tone: Tone,
}

/// Status dot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Dot {
    /// Grey ring.
    #[default]
    Offline,
    /// Amber, full.
    Connecting,
    /// Green.
    Available,
    /// Red.
    Busy,
    /// Amber ring.
    Away,
    /// Red with a bar.
    DoNotDisturb,
}

/// The four meanings, and none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Tone {
    /// Grey.
    #[default]
    Plain,
    /// Ringing, selected.
    Accent,
    /// Live.
    Live,
    /// Waiting.
    Warn,
    /// Ended, failed.
    End,
}

/// 42, 43, 47.
#[derive(Clone, Debug, PartialEq)]
pub struct Banner {
    /// Its colour.
    pub tone: Tone,
    /// Icon name.
    pub icon: &'static str,
    /// One line.
    pub text: Text,
    /// One underlined action.
    pub action: Option<(Text, crate::Action)>,
}

/// News above the tabs.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// The text.
    pub text: Text,
    /// One action.
    pub action: Option<(Text, crate::Action)>,
    /// Stays until closed.
    pub error: bool,
}

/// The form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignIn {
    /// Proposed server; `Some` fixed text if the configuration gives it.
    pub server: String,
    /// The server is one line with Change.
    pub server_fixed: bool,
    /// Proposed user.
    pub user: String,
    /// The chain that will be able to use this phone, outermost last; empty if already trusted.
    pub chain: Vec<String>,
    /// Under way.
    pub busy: bool,
    /// Wrong user or password.
    pub bad: bool,
    /// Error under the server field.
    pub server_error: Option<Text>,
    /// Result of a file dropped on the form.
    pub note: Option<Text>,
}

/// 05 to 07.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keypad {
    /// The field.
    pub field: String,
    /// The field holds a name: keys give way to the list.
    pub by_name: bool,
    /// Matches or, for an empty field, the people last called.
    pub suggestions: Vec<Row>,
    /// The highlighted one.
    pub highlighted: Option<usize>,
    /// "Call", "Call {name}".
    pub call_label: Text,
    /// The Call button works.
    pub call_enabled: bool,
    /// Why not, or what is wrong with the field.
    pub note: Option<Text>,
}

/// One row of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Names the row in actions.
    pub key: String,
    /// Contact id, for the avatar's colour; empty: unknown person.
    pub avatar: String,
    /// Name, or number.
    pub name: String,
    /// Octet ranges of the name that matched.
    pub name_match: Vec<(usize, usize)>,
    /// What that number calls itself, where no contact says whose it is: to be quoted beside it.
    pub says: String,
    /// The number.
    pub number: String,
    /// Octet ranges of the number that matched.
    pub number_match: Vec<(usize, usize)>,
    /// Company or reason, with its icon name.
    pub second: Text,
    /// Icon of the second line, empty: none.
    pub second_icon: &'static str,
    /// Wall milliseconds for the time at the end, 0: none.
    pub at: u64,
    /// Shown in red with the word.
    pub missed: bool,
    /// What the handset calls, empty: no handset.
    pub handset: String,
    /// The handset opens a sheet of so many numbers instead; 0: it calls. Unless one of them matched, the row says how
    /// many.
    pub several: usize,
    /// Whether who has the number is free, where that is known and asked for.
    pub free: Option<bool>,
}

/// 08 to 11.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactList {
    /// The search field.
    pub query: String,
    /// Where what a search has found stands; rows are read by [`crate::Phone::rows`].
    pub found: Vec<DocAddress>,
    /// These are the best of them: the rest is looked for when typing pauses.
    pub is_begun: bool,
    /// What the page has found beyond, below ours.
    pub by_page: Vec<Hit>,
    /// How many contacts there are.
    pub total: usize,
    /// Done and total, while indexing.
    pub progress: Option<(usize, usize)>,
}

impl ContactList {
    /// Whether it has what a search has found, and not all contacts.
    pub fn is_search(&self) -> bool {
        !self.query.trim().is_empty()
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        if self.is_search() { self.found.len() + self.by_page.len() } else { self.total }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a search has found as many as it looks for: there may be more.
    pub fn is_full(&self) -> bool {
        self.found.len() >= lists::MAX_HITS
    }
}

/// 14.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContactPage {
    /// The contact as a row.
    pub row: Row,
    /// Job title and company.
    pub line: String,
    /// E-mail address.
    pub email: String,
    /// Number, kind (message id), whether it has a handset.
    pub numbers: Vec<(String, &'static str, bool)>,
    /// Its calls.
    pub recent: Vec<Row>,
    /// Wall milliseconds now, to the minute, for "Today".
    pub now: u64,
    /// The host can show it.
    pub click: bool,
    /// It came from a file, and can be changed and removed.
    pub removable: bool,
}

/// 15, 16.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecentList {
    /// Only missed.
    pub missed: bool,
    /// The search field.
    pub query: String,
    /// Newest first; rows are read by [`crate::Phone::rows`].
    pub calls: Vec<Past>,
    /// Wall milliseconds now, for "Today".
    pub now: u64,
    /// The voice mail, once the server has told of it.
    pub voicemail: Option<Mailbox>,
}

/// One row of the recents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its place among all calls, the newest first.
    pub place: usize,
    /// Wall milliseconds of its begin: tells the day.
    pub at: u64,
    /// So many calls were missed in a row.
    pub times: usize,
}

/// The voice mail above the recents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// Messages nobody has heard.
    pub new_messages: u32,
    /// The others.
    pub old_messages: u32,
    /// What its handset calls, empty: no handset.
    pub number: String,
}

/// What exists of 55.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The language that the person chose; empty: none.
    pub language: String,
    /// Contacts by source: name, count.
    pub sources: Vec<(String, usize)>,
    /// Files whose contacts are kept: number, name.
    pub files: Vec<(u32, String)>,
    /// The page's own system: what its button says, and whose account is connected.
    pub service: Option<(Text, String)>,
    /// Devices and volumes.
    pub sound: SoundSettings,
    /// Version of the widget.
    pub version: &'static str,
}

/// Devices: the choices as (id, name), and what was chosen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SoundSettings {
    /// What can hear the person.
    pub microphones: Vec<(String, Text)>,
    /// Where sound can go; `None`: the browser lets nobody choose.
    pub speakers: Option<Vec<(String, Text)>>,
    /// Where voices go.
    pub speaker: String,
    /// The rest.
    pub devices: crate::Devices,
    /// The headsets whose buttons are used; `None`: none can be chosen here.
    pub headsets: Option<String>,
}

/// Over the screen, one at a time.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Sheet {
    /// 03.
    Consent { chain: Vec<String> },
    /// 20.
    SecondIncoming(Box<Incoming>),
    /// 13.
    Import { name: String, added: usize, updated: usize, skipped: usize, defects: Vec<Skipped> },
    /// 44 to 46: title, sub, whether Try again makes sense, and the call that rings meanwhile and can be declined.
    Microphone { title: Text, sub: Text, again: bool, decline: Option<CallId> },
    /// 50.
    Confirm { from: String, number: String, why: Text },
    /// Numbers of a row, and what a number that is no contact's calls itself; `recent` is the past call that can be
    /// removed. Without a name the number was withheld.
    Numbers { name: String, says: String, numbers: Vec<(String, &'static str, bool)>, recent: Option<String> },
    /// 53: whose they are ("1007 · pbx.example"), the statuses (id, label), which is set, whether DND is on, whether a
    /// call runs.
    Status {
        account: String,
        statuses: Vec<(String, String)>,
        set: String,
        dnd: bool,
        in_call: bool,
        forward: Text,
    },
    /// 36: the speakers (id, name), and which plays.
    Route { speakers: Vec<(String, Text)>, chosen: String, sound: Box<SoundSettings> },
    /// The form of a contact; the kinds (message ids) of the numbers that it has.
    Edit { draft: Draft, kinds: Vec<&'static str>, fault: Option<Fault> },
    /// 37: bars, mean opinion score and loss in tenths (of a point, of a per cent), jitter, round trip.
    Quality { bars: u8, score_tenths: u32, loss_tenths: u32, jitter_millis: u32, round_trip_millis: u32 },
    /// Asks before the contacts of this file go, or all that came from files.
    RemoveContacts { file: Option<String> },
}

/// A card that was not taken, or a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Skipped {
    /// The name of its file.
    pub file: String,
    /// The line at which the card begins, from 1; `None`: the file as a whole, or the rest of it.
    pub line: Option<usize>,
    /// Message id of the reason.
    pub why: &'static str,
}
