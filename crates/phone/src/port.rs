//! What crosses between the phone and its shell, in both directions.

use crate::{Action, HeadsetEvent, Lights};
use softframe_sip::FlowId;

/// One call of this phone. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// One media transport (an `RTCPeerConnection`). A call may change its peer: a fork that wins gets a fresh one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId(pub u64);

/// One question to the browser. One is open per call at a time; each is answered or timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// What comes in.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Input {
    /// The wall clock, milliseconds since 1970 UTC: at start, on change, and with every tick of a running call.
    Wall(u64),
    /// The text of `config.json`, `None` where there is none. First of all inputs.
    Config(Option<String>),
    /// The `+sip.instance` UUID of this frame (RFC 5626), before [`Input::Restored`]; without it one is drawn.
    Instance(String),
    /// A previous life of this core ended in this load: `softframe:ready` is out, and the next message to the
    /// host has this `seq`. Before all other inputs.
    Resume { seq: u64 },
    /// What [`Output::Keep`] kept last in this frame, before a reload of it.
    Kept(String),
    /// The answer to [`Output::FetchAccount`]: the JSON text, `None` for a 401 or any failure.
    Account(Option<String>),
    /// What the page was opened with (`?server=`, `?user=`, `?lang=`, `?theme=`, `?dialect=`): proposals only.
    Proposals(Vec<(String, String)>),
    /// What the browser's person prefers to read (BCP 47), the best first.
    Languages(Vec<String>),
    /// What the device space of the store held, as (key, value); empty if the store is blocked or took over 1 s.
    Restored(Vec<(String, Vec<u8>)>),
    /// One value asked for by [`StoreRequest::Load`].
    Loaded { space: String, key: String, value: Vec<u8> },
    /// All values asked for have come.
    LoadEnd { space: String },
    /// A store request failed.
    StorageFailed(StorageError),
    /// The host page.
    Host(HostInput),
    /// The person.
    Action(Action),
    /// A WebSocket.
    Socket { flow: FlowId, event: SocketEvent },
    /// The answer to a [`MediaRequest`], or news of a peer (`request` is `None`).
    Media { call: CallId, peer: PeerId, request: Option<RequestId>, event: MediaEvent },
    /// A vCard file that was dropped, chosen or pasted.
    File(FileEvent),
    /// The answer to [`Output::Post`].
    Posted { post: u64, outcome: PostOutcome },
    /// The socket of [`Output::RelayOpen`].
    Relay(RelayEvent),
    /// `online` of the browser.
    Online(bool),
    /// Whether the page can be seen: at start and on change.
    Visible(bool),
    /// Whether the machine wants dark colours: at start and on change.
    Dark(bool),
    /// The browser refused to play sound without a gesture; the ring is silent.
    SoundBlocked,
    /// What [`Output::RingWith`] named cannot be loaded or is no sound: it rings with ours.
    RingFailed,
    /// The speakers there are, as (id, name), at start and on change; never from a browser that lets nobody choose.
    Speakers(Vec<(String, String)>),
    /// The microphones there are, as (id, name), at start and on change.
    Microphones(Vec<(String, String)>),
    /// Buttons of headsets, and media keys.
    Headset(HeadsetEvent),
    /// Of the tabs that share one phone, where the configuration says so.
    Tab(TabEvent),
    /// The answers to [`Output::Check`], each as it comes.
    Found(Found),
    /// Whether the browser is known to refuse the microphone without asking.
    MicrophoneBlocked(bool),
    /// The page is being unloaded: say farewell on the wire now.
    Leave,
    /// A previous life left these behind (trap, crash): their `phone:terminated` goes out now.
    Journal(Vec<JournalEntry>),
    /// A deadline has passed.
    Timeout,
}

/// From the host page. Origins are checked before anything of this is made.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum HostInput {
    /// The embedding chain is not trusted yet: it is named on the sign-in form and the consent card.
    Waiting { chain: Vec<String> },
    /// The embedding chain is trusted from now on. `listed`: because the configuration names every origin of it.
    Trusted { chain: Vec<String>, listed: bool },
    /// `event.data` of a trusted parent as JSON text: everything but the bulk of `contacts`. `held`: it came
    /// before the chain was trusted and was kept unread until now, so a `click2call` is filled in, not dialled,
    /// and what would open the microphone or call somebody is not done.
    Message { text: String, held: bool },
    /// A `contacts` push starts. `head` is the message as JSON without its rows.
    ContactsBegin { push: u64, head: String },
    /// A slice of its rows: a JSON array of at most a hundred rows. `to_come`: how many rows of the push come after it,
    /// by estimate.
    ContactRows { push: u64, rows: String, to_come: usize },
    /// Rows that could not even be written as JSON (cycles, BigInt).
    ContactRowsBad { push: u64, count: usize },
    /// The push is complete.
    ContactsEnd { push: u64 },
    /// Something of the parent that is not read: it has no JSON form (cycles, BigInt), or too long a one. `head` is
    /// its `type` and `id` as JSON.
    Unreadable { head: String, too_large: bool },
}

/// Of the tabs that share one phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TabEvent {
    /// This tab has the phone.
    Here,
    /// Another one has it; whether a call runs there.
    Elsewhere { in_call: bool },
    /// The person wants it in another tab.
    Wanted,
}

/// To the tabs that share one phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TabRequest {
    /// Have the phone of this account, or wait for it; [`Input::Tab`] tells which.
    Claim(String),
    /// Have it now: the person wants it here.
    Take,
    /// Another tab may have it.
    Give,
    /// Whether a call runs here.
    InCall(bool),
    /// Share nothing any more.
    Leave,
}

/// What the browser found of itself (57).
#[derive(Clone, Debug)]
pub enum Found {
    /// The name of the microphone that opened, or why none did.
    Microphone(Result<String, MediaError>),
    /// What the page that embeds us withholds (`Permissions-Policy`), by its names for `allow`.
    Missing(Vec<&'static str>),
    /// How sound can travel.
    Paths(Paths),
}

/// The kinds of candidates that ICE found (RFC 8445 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// STUN or TURN servers are configured.
    pub asked: bool,
    /// An address of this machine.
    pub host: bool,
    /// Server-reflexive: the address that a STUN server sees.
    pub reflexive: bool,
    /// Relayed by a TURN server.
    pub relay: bool,
}

/// Of a WebSocket.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum SocketEvent {
    /// Open, subprotocol `sip` agreed.
    Opened,
    /// One message, text or binary.
    Frame(Vec<u8>),
    /// Closed, or never opened.
    Closed,
}

/// What the browser did.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum MediaEvent {
    /// Answer to [`MediaRequest::Offer`]: our offer.
    Offer(String),
    /// Answer to [`MediaRequest::Answer`]: our answer.
    Answer(String),
    /// Answer to [`MediaRequest::Accept`] and other requests without a result.
    Applied,
    /// The request failed.
    Failed(MediaError),
    /// The transport's state changed.
    State(PeerState),
    /// The microphone went away or was forbidden in the call.
    MicrophoneLost,
    /// These keys of [`MediaRequest::Dtmf`] could not be played.
    KeysFailed(String),
    /// What was asked for by [`MediaRequest::Measure`].
    Stats(MediaStats),
}

/// What a peer has counted since it began, as `getStats` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaStats {
    /// Packets that came.
    pub received: u64,
    /// Packets that should have come and did not.
    pub lost: u64,
    /// Interarrival jitter, milliseconds (RFC 3550 §6.4.1).
    pub jitter_millis: u32,
    /// There and back, milliseconds; 0: not known.
    pub round_trip_millis: u32,
    /// What the other side has lost of ours lately, per mille (RFC 3550 §6.4.1 "fraction lost").
    pub lost_there_per_mille: u32,
}

/// Why the browser could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum MediaError {
    /// The person or the browser forbids the microphone.
    Denied,
    /// The page that embeds us does (`Permissions-Policy`).
    Policy,
    /// There is none.
    NoDevice,
    /// Another program has it.
    Busy,
    /// The description was refused.
    Description,
    /// No answer in time, or anything else.
    Other,
}

/// Of a media transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum PeerState {
    /// Media can flow.
    Connected,
    /// Media may come back by itself.
    Disconnected,
    /// It will not, unless ICE starts anew.
    Failed,
    /// The handshake of its keys (DTLS) failed: no new ICE helps, only another peer can speak.
    Dead,
}

/// What the browser must do with media. Requests of one call are strictly serial.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum MediaRequest {
    /// Microphone and peer, if there are none yet, then an offer. `send` false: hold. `restart`: new ICE.
    Offer { send: bool, restart: bool },
    /// A peer for a call that rings, which reads this offer: without the microphone, and nothing goes out. No answer: what
    /// is wrong with it is said where the call is answered.
    Prepare { offer: String },
    /// A peer, and an offer for a call that rings: without the microphone.
    RingOffer,
    /// The microphone goes into the peer that made a [`MediaRequest::RingOffer`].
    Microphone,
    /// Microphone and peer, if there are none yet, apply this offer, then an answer.
    Answer { offer: String, send: bool },
    /// Apply this answer. `provisional`: early media, a final one may follow.
    Accept { answer: String, provisional: bool },
    /// Apply this answer for good, though the call is not accepted: another offer may follow, and the microphone stays
    /// closed until [`Accept`](MediaRequest::Accept) or [`Agreed`](MediaRequest::Agreed).
    Settle { answer: String },
    /// The call is accepted, and its answer was applied before. No answer.
    Agreed,
    /// The offer in flight was refused: back to what was agreed before.
    Rollback,
    /// Stop sending the microphone (silence), or send it again. No answer.
    Mute(bool),
    /// Key tones by RFC 4733. No answer.
    Dtmf(String),
    /// Mix these calls with one another and the microphone (three-way). Empty: no mix. No answer.
    Mix(Vec<CallId>),
    /// Say how the peer is heard: [`MediaEvent::Stats`], not as an answer.
    Measure,
    /// Close the peer, stop its tracks. No answer.
    Close,
}

/// How key tones travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Dtmf {
    /// As `dtmf` of the configuration says; without a word of it RFC 4733 if negotiated, else INFO.
    Auto,
    /// RFC 4733.
    Rtp,
    /// INFO.
    Info,
}

/// Headers of a post to the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// `Authorization: Bearer`.
    pub token: String,
    /// `Idempotency-Key`: what was taken under it once is not taken again.
    pub key: String,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostOutcome {
    /// It has arrived.
    Taken,
    /// No answer, or one that may be another later.
    Later,
    /// It will never take it; the HTTP status.
    Refused(u16),
}

/// Of the socket to the gateway.
#[derive(Clone, Debug)]
pub enum RelayEvent {
    /// Open.
    Opened,
    /// One text message.
    Text(String),
    /// Closed, or never opened.
    Closed,
}

/// Of a file.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum FileEvent {
    /// Starts. `size` in octets.
    Begin { file: u64, name: String, size: u64 },
    /// The next octets, at most 1 MB.
    Chunk { file: u64, octets: Vec<u8> },
    /// Over.
    End { file: u64 },
    /// The disk gives no more of it: it was changed, moved, or may not be read.
    Broken { file: u64 },
    /// Not a vCard file by its name.
    Refused { name: String },
}

/// Why the store could not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum StorageError {
    /// The browser gives none.
    Blocked,
    /// Full.
    Quota,
    /// A value does not match its checksum, or could not be decrypted.
    Damaged,
}

/// Keys and values under a space (`device`, or an address-of-record). Values are encrypted by the shell.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum StoreRequest {
    /// Put one value.
    Put { space: String, key: String, value: Vec<u8> },
    /// Delete all keys that start so.
    Delete { space: String, prefix: String },
    /// Ask for all keys that start so.
    Load { space: String, prefix: String },
}

/// What goes out.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Output {
    /// Open a WebSocket.
    Connect { flow: FlowId, url: String },
    /// Close it.
    Disconnect { flow: FlowId },
    /// Send one text message on it.
    Transmit { flow: FlowId, frame: Vec<u8> },
    /// Do this with media. `request` is `None` for requests without an answer.
    Media { call: CallId, peer: PeerId, request: Option<RequestId>, what: MediaRequest },
    /// One message to the host page, as JSON text.
    Host { to: Audience, message: String },
    /// The person trusts the waiting chain: remember it for the account (`lasting`), or until unload.
    Grant { lasting: bool },
    /// The account the phone works for now, as address-of-record (restored, configured or signed in), `None` after
    /// sign-out: the shell looks up whether a grant for it and the waiting chain is stored.
    Account(Option<String>),
    /// Keep, delete or load.
    Store(StoreRequest),
    /// Keep this outside of wasm memory until the next one for the same call; `entry` `None`: the call is over.
    Journal { call: CallId, entry: Option<JournalEntry> },
    /// Play this in a loop or once; exchanges what plays.
    Sound(Sound),
    /// Ring with this from now on: an audio file in base64, or the address of one; empty: with our own sound.
    RingWith(String),
    /// Voices, and what sounds beside them in a call, go to this speaker; empty: the system's.
    Speaker(String),
    /// Use these from now on.
    Devices(crate::Devices),
    /// What media keys of the machine stand for now.
    Lights(Lights),
    /// Send this report to a headset (`HIDDevice.sendReport`).
    HeadsetReport { headset: u32, report: u8, octets: Vec<u8> },
    /// The person wants to choose a headset whose buttons are used.
    AskHeadset,
    /// Say this to screen readers.
    Announce { text: crate::view::Text, assertive: bool },
    /// For the console: a doubtful configuration and the like. Never credentials or numbers.
    Warn(String),
    /// Fetch `accountUrl` of the configuration with credentials; answered by [`Input::Account`].
    FetchAccount { url: String },
    /// POST this JSON, even while the page goes. Answered by [`Input::Posted`].
    Post { post: u64, url: String, seal: Option<Seal>, body: String },
    /// Open the one socket to the gateway, in the place of one before; [`Input::Relay`] tells of it.
    RelayOpen { url: String },
    /// Send one text message over it.
    RelaySend(String),
    /// Close it; nothing more is told of it.
    RelayClose,
    /// Keep this for a reload of this frame and no longer (sessionStorage), in the place of what was kept before.
    Keep(String),
    /// Only where the configuration says `oneTab`.
    Tab(TabRequest),
    /// Look at the microphone, the page and the network; [`Input::Found`] tells, three times.
    Check,
    /// Give the person this text as a file.
    Save { name: &'static str, text: String },
    /// The view has changed.
    Render,
    /// Contacts wait to be indexed.
    Index,
}

/// How little other work may stand in the way of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stress {
    /// There are none.
    #[default]
    None,
    /// Somebody talks.
    Talk,
    /// A call rings or is being set up.
    Setup,
}

/// Who may read a message to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Audience {
    /// Whoever embeds us: carries nothing private (`softframe:ready`, `widget:attention`).
    Anyone,
    /// The trusted parent only; dropped while there is none.
    Trusted,
}

/// What must still be said about a call if the core dies, or kept of it if the page goes.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// The `phone:terminated` message, as JSON text, without `seq`.
    pub terminated: String,
    /// When the call was accepted, wall milliseconds: the shell fills `duration` and `total` from it.
    pub accepted_at: Option<u64>,
    /// BYE, CANCEL or a final response, for the flow.
    pub farewell: Option<(FlowId, Vec<u8>)>,
    /// Everybody knows: the call ended with the page, and is only to be found in the recents. `accepted_at` is when it
    /// stopped ringing.
    pub told: bool,
}

/// What is heard beside the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Sound {
    /// Nothing.
    Silence,
    /// Incoming, on the ring device.
    Ring,
    /// Another call waits, in the ear.
    CallWaiting,
    /// Ringback of the country.
    Ringback,
    /// Busy of the country, three times.
    Busy,
    /// Two falling notes.
    Ended,
    /// Two rising notes: a call was answered by itself.
    Answered,
    /// A short ring, to hear where it rings and how loud.
    TestRing,
    /// A short tone, to hear where voices are heard.
    TestSpeaker,
    /// One key tone.
    Key(char),
}
