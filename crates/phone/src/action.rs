//! What the person did. The screen makes these and decides nothing.

use crate::{
    CallId,
    view::{Draft, Tab},
};

/// One thing the person did on the screen.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Action {
    /// The sign-in form was sent.
    SignIn {
        server: String,
        user: String,
        password: String,
    },
    /// The server line of the sign-in form was opened for editing.
    ChangeServer,
    /// Sign out, after the sheet has asked where a call is running.
    SignOut,
    /// The consent card.
    Consent(Consent),
    /// A tab was chosen.
    Tab(Tab),
    /// The dial field holds this text now (typed, pasted, cleared).
    DialField(String),
    /// The key 1 held down: the number of the voice mail.
    VoicemailKey,
    /// A key of the key pad: into the field, or DTMF where the call's key pad is open.
    Key(char),
    /// The Call button or Enter: calls what the field or the highlighted suggestion says.
    Call,
    /// Highlight suggestion `n` (keyboard) …
    Highlight(Option<usize>),
    /// … or put suggestion `n` into the field (click).
    Fill(usize),
    /// A handset button: calls this number.
    CallNumber(String),
    /// The screen's answer to an incoming call.
    Answer(CallId, Answer),
    /// Decline an incoming call.
    Decline(CallId),
    /// Stop the ring here only.
    Silence(CallId),
    /// End the call shown (CANCEL or BYE).
    End(CallId),
    /// Mute or not.
    Mute(CallId, bool),
    /// Hold or resume.
    Hold(CallId, bool),
    /// Hold the active call and resume this one.
    Swap(CallId),
    /// Talk to this call and the other one at once.
    Merge(CallId, CallId),
    /// Go on with this one of two merged calls; the other is held.
    Split(CallId),
    /// Join the others of these two calls, and leave.
    Connect(CallId, CallId),
    /// End both of two merged calls.
    EndAll(CallId),
    /// Open or close the key pad in the call.
    CallKeypad(bool),
    /// Choose a target for this call (31).
    PickTransfer(CallId),
    /// Choose whom an incoming call is sent to, instead of answering it.
    SendTo(CallId),
    /// Send it there.
    Redirect(CallId, String),
    /// Choose a target again after a transfer that came back (35).
    RetryTransfer,
    /// Blind transfer to this number.
    Transfer(CallId, String),
    /// Hold this call and ask this number first.
    Consult(CallId, String),
    /// Connect who waits with who was asked, or go back to who waits.
    CompleteTransfer(CallId),
    CancelTransfer,
    /// A button was pressed that does not work now: the phone says why.
    WhyNot,
    /// Talk on with who was to be transferred and is not yet (32).
    TakeBack(CallId),
    /// Leave the call view and browse; or return to it.
    Browse(bool),
    /// Close the "ended" view.
    Done,
    /// Call the number of the "ended" view again.
    CallAgain,
    /// The pointer or focus is on the "ended" view or a toast: it stays.
    Linger(bool),
    /// The search field of contacts holds this.
    ContactSearch(String),
    /// The search field of recents holds this.
    RecentSearch(String),
    /// Show only missed calls.
    OnlyMissed(bool),
    /// Open the page of a contact, by row key.
    OpenContact(String),
    /// Open the sheet of numbers of a row.
    OpenNumbers(String),
    /// Tell the host page the person wants to see this contact.
    ContactClick(String),
    /// Remove this entry of the recents; Undo brings it back.
    RemoveRecent(String),
    /// Undo of the toast.
    Undo,
    /// Back from a sub-page, or Esc: closes the top sheet, else leaves the sub-page, else clears the field.
    Back,
    /// Close the sheet.
    CloseSheet,
    /// Open the status sheet, the settings page.
    OpenStatus,
    /// Open the settings page.
    OpenSettings,
    /// The phone is wanted in this tab.
    UseHere,
    /// Open "Check my phone", or check again.
    Check,
    /// Open the page about the phone.
    OpenAbout,
    /// Save the report for support as a file.
    SaveReport,
    /// Set the person's status (`online`, `busy`, `away`, or an id of the config).
    Status(String),
    /// Be a bar, or be whole again.
    Minimise(bool),
    /// Open the page of forwarding.
    OpenForwarding,
    /// Switch a rule of forwarding (`unc`, `busy`, `na`) on or off.
    Forward(&'static str, bool),
    /// Where calls go by this rule.
    ForwardTo(&'static str, String),
    /// How long it rings before calls go on, in seconds.
    ForwardAfter(u32),
    /// Do not disturb.
    DoNotDisturb(bool),
    /// Colours.
    Theme(Theme),
    /// The language (BCP 47); empty: as the configuration or the browser has it.
    Language(String),
    /// Letters press tiles in calls.
    SingleKeys(bool),
    /// Open the sheet that says how this call is heard.
    OpenQuality(CallId),
    /// Open the sheet of speakers.
    OpenRoute,
    /// Voices go to this speaker.
    Speaker(String),
    /// The microphone that hears the person, the speaker that rings.
    Microphone(String),
    /// See [`Action::Microphone`].
    RingSpeaker(String),
    /// How loud voices are, per cent.
    Volume(u8),
    /// How loud it rings, per cent.
    RingVolume(u8),
    /// Whether echo, noise and quiet voices are mended.
    Mend(Mending, bool),
    /// Choose a headset whose buttons are used.
    AskHeadset,
    /// Hear a short ring, or a tone where voices are heard.
    TestRing,
    /// See [`Action::TestRing`].
    TestSpeaker,
    /// A device that was just plugged in is used from now on.
    UseDevice(String),
    /// The confirm card: call, or not.
    Confirm(bool),
    /// Banner: try to connect now.
    TryNow,
    /// Microphone sheet: try the call again.
    TryAgain,
    /// Remove all contacts that came from files: the first time asks, the second does it.
    RemoveAllContacts,
    /// The same for those of one file, by its number.
    RemoveFile(u32),
    /// Remove the contact that is shown; Undo brings it back.
    RemoveContact,
    /// Change the contact that is shown …
    EditContact,
    /// … the form holds this now …
    ContactDraft(Draft),
    /// … and is to be kept.
    SaveContact,
    /// The browser let sound start (a gesture, or a click on "Turn on sound").
    SoundOn,
    /// The toast offered to put the call into the page's log.
    LogCall,
    /// Connect the page's own system, or disconnect it.
    Authorize,
    /// Close the toast.
    CloseToast,
}

/// What the browser mends of what the microphone hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mending {
    /// Echo of the speaker.
    Echo,
    /// Noise.
    Noise,
    /// Voices of different loudness.
    Gain,
}

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The only call, or hold the active one first.
    HoldOther,
    /// End the active one first.
    EndOther,
}

/// The consent card's buttons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Trust this chain from now on.
    Allow,
    /// Trust it until the frame unloads.
    Once,
    /// Do not.
    No,
}

/// Colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}
