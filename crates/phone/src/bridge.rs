//! The native host protocol: reads messages into [`Command`]s and writes events and responses (protocol.md 1).
//!
//! Only this module and `dialect` know the JSON of a host protocol. It decides nothing about calls.

mod command;
mod envelope;
mod event;
pub(crate) mod provider;
mod rows;
#[cfg(feature = "schema")]
pub mod schema;
mod told;

pub(crate) use command::{contacts_head, text_of};
pub(crate) use envelope::ask_of;
pub(crate) use envelope::depth;
pub(crate) use event::{
    CallEvent, CauseData, ConnectionData, ContactRow, Context, IndexedData, QualityData, Size,
};
pub(crate) use rows::{RowWish, as_number, contact_of_row, row, rows_of};
pub(crate) use told::{
    Attention, CallState, ContactClick, ErrorData, ForwardChange, Hello, HintChange, Indexing, Limits,
    Logged, MediaQuality, MediaTrouble, MessageReceived, Ready, Snapshot, StatusChange, Unlogged, XivoClose,
    XivoFrame,
};

use crate::{
    Dtmf, MediaError,
    account::Offer,
    data::Variables,
    dialect::{Asker, xivo},
    forward, json,
    provider::Registration,
};
use command::command;

use serde::Serialize;
use serde_json::Value;

/// Longest `type`.
pub(crate) const MAX_TYPE_CHARS: usize = 64;
/// Deepest nesting of a message.
pub(crate) const MAX_DEPTH: usize = 8;
/// Everything but bulk contacts is small; a vCard text by message is the largest.
pub(crate) const MAX_MESSAGE_OCTETS: usize = 16 * 1024 * 1024;
pub(crate) const TOO_LARGE: &str = "The message is larger than 16 MB.";
/// `from`, `ref` and the like.
pub(crate) const MAX_FIELD_CHARS: usize = 256;
/// `userData` of a call as JSON: every event of the call carries it, and the journal.
pub(crate) const MAX_USER_DATA_OCTETS: usize = 8 * 1024;
/// DTMF of one command.
pub(crate) const MAX_DIGITS: usize = 64;
/// Numbers of one `hints:subscribe`: more than can be watched, so that too many are told apart from nonsense.
pub(crate) const MAX_NUMBERS: usize = 1_000;

/// The error codes of protocol.md 1.6 that this version can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    NotTrusted,
    NotLogged,
    NotRegistered,
    UnknownCommand,
    BadRequest,
    InvalidNumber,
    NeedsConfirmation,
    NoSuchCall,
    WrongState,
    TooManyCalls,
    NotSupported,
    Timeout,
    MediaDenied,
    MediaNoDevice,
    MediaBusy,
    Sip(u16),
    RateLimited,
    TooLarge,
    Internal,
}

impl Code {
    pub(crate) fn of_media(error: MediaError) -> Code {
        match error {
            MediaError::Denied | MediaError::Policy => Code::MediaDenied,
            MediaError::NoDevice => Code::MediaNoDevice,
            MediaError::Busy => Code::MediaBusy,
            MediaError::Description | MediaError::Other => Code::Internal,
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Code::NotTrusted => "not_trusted",
            Code::NotLogged => "not_logged",
            Code::NotRegistered => "not_registered",
            Code::UnknownCommand => "unknown_command",
            Code::BadRequest => "bad_request",
            Code::InvalidNumber => "invalid_number",
            Code::NeedsConfirmation => "needs_confirmation",
            Code::NoSuchCall => "no_such_call",
            Code::WrongState => "wrong_state",
            Code::TooManyCalls => "too_many_calls",
            Code::NotSupported => "not_supported",
            Code::Timeout => "timeout",
            Code::MediaDenied => "media_denied",
            Code::MediaNoDevice => "media_no_device",
            Code::MediaBusy => "media_busy",
            Code::Sip(code) => return write!(f, "sip_{code}"),
            Code::RateLimited => "rate_limited",
            Code::TooLarge => "too_large",
            Code::Internal => "internal",
        })
    }
}

/// A command's way back: it is answered exactly once. The default: of no command, what is told as `softframe:error`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ask {
    /// `None`: no reply, a failure becomes `softframe:error`.
    pub(crate) id: Option<Value>,
    pub(crate) command: String,
    /// Who asks in the words of another protocol; then there is no `id`.
    pub(crate) asker: Option<Asker>,
}

/// What the host wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    Click2Call(Click2Call),
    Answer {
        call: Option<String>,
    },
    Reject {
        call: Option<String>,
        code: u16,
    },
    Hangup {
        call: Option<String>,
    },
    Hold {
        call: Option<String>,
        hold: bool,
    },
    Mute {
        call: Option<String>,
        mute: bool,
    },
    Dtmf {
        call: Option<String>,
        digits: String,
        method: Dtmf,
    },
    Transfer {
        call: Option<String>,
        to: String,
    },
    Redirect {
        call: Option<String>,
        to: String,
    },
    TransferStart {
        call: Option<String>,
        to: String,
    },
    Merge {
        call: Option<String>,
        other: Option<String>,
    },
    TransferComplete {
        call: Option<String>,
        other: Option<String>,
    },
    TransferCancel,
    State,
    /// The flight recorder as text.
    Report,
    Status {
        status: String,
    },
    Dnd {
        enabled: bool,
    },
    Forward(forward::Wish),
    /// `login` and `settings`.
    Login(Box<Offer>),
    /// A text message.
    Text {
        to: String,
        text: String,
    },
    SetData {
        call: Option<String>,
        variables: Variables,
    },
    HintsSubscribe {
        numbers: Vec<String>,
    },
    /// Without numbers: all.
    HintsUnsubscribe {
        numbers: Option<Vec<String>>,
    },
    Contacts(Vec<Value>, ContactsHead),
    ContactsRemove {
        ids: Vec<String>,
        source: String,
    },
    ContactsClear {
        source: String,
    },
    ContactsSearch {
        query: String,
        max: usize,
    },
    ContactsMatch {
        numbers: Vec<String>,
    },
    ContactsVcf {
        text: String,
    },
    Hello {
        /// The page makes the frame as large as `widget:size` says.
        resizes: bool,
    },
    Show,
    Minimize,
    Hide,
    Navigate {
        view: String,
    },
    Size {
        width: u32,
        height: u32,
    },
    Logout,
    /// Of a client of XiVO's `Cti`.
    Xivo(xivo::Message),
    ProviderRegister(Registration),
    /// `None`: the page could not answer.
    ProviderResponse {
        id: String,
        answer: Option<Value>,
    },
}

/// `click2call` and its alias `call`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Click2Call {
    pub(crate) number: String,
    pub(crate) auto_dial: bool,
    pub(crate) from: Option<String>,
    pub(crate) user_data: Option<Value>,
    pub(crate) variables: Variables,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) reference: Option<String>,
    /// Another telephone of the person that is called first, and then connected with the number.
    pub(crate) via: Option<String>,
}

/// The head of a `contacts` push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContactsHead {
    pub(crate) source: String,
    pub(crate) replace: bool,
    /// This batch is the last of its push; a message without `batch` is.
    pub(crate) last: bool,
    /// The first batch of its push.
    pub(crate) first: bool,
}

/// A message by its envelope.
#[derive(Debug, PartialEq)]
pub(crate) enum Read {
    /// Not for us: ignored.
    Foreign,
    /// For us, but it cannot be done.
    Wrong { ask: Ask, code: Code, message: &'static str },
    /// Do this.
    Command { ask: Ask, command: Command },
}

/// Reads one message of a trusted parent.
pub(crate) fn read(text: &str) -> Read {
    if text.len() > MAX_MESSAGE_OCTETS {
        return Read::Wrong { ask: ask_of(text), code: Code::TooLarge, message: TOO_LARGE };
    }
    if depth(text) > MAX_DEPTH {
        let message = "The message is nested deeper than 8.";
        return Read::Wrong { ask: ask_of(text), code: Code::TooLarge, message };
    }
    let Ok(Value::Object(mut envelope)) = json::value(text.as_bytes()) else { return Read::Foreign };
    let Some(Value::String(kind)) = envelope.remove("type") else { return Read::Foreign };
    if kind.chars().count() > MAX_TYPE_CHARS || envelope.contains_key("__proto__") {
        return Read::Foreign;
    }
    let id = envelope.remove("id").filter(|id| id.is_string() || id.is_number());
    let ask = Ask { id, command: kind, asker: None };
    let data = match envelope.remove("data") {
        None | Some(Value::Null) => Value::Object(Default::default()),
        Some(data) => data,
    };
    let bare_contacts = ask.command == "contacts" && data.is_array();
    if !data.is_object() && !bare_contacts {
        return match ask.id {
            Some(_) => Read::Wrong { ask, code: Code::BadRequest, message: "data must be an object." },
            None => Read::Foreign,
        };
    }
    match command(&ask.command, data) {
        Ok(Some(command)) => Read::Command { ask, command },
        Ok(None) if ask.id.is_some() => {
            Read::Wrong { ask, code: Code::UnknownCommand, message: "There is no such command." }
        }
        Ok(None) => Read::Foreign,
        Err(message) => Read::Wrong { ask, code: Code::BadRequest, message },
    }
}

/// `{type, data, v}`: a message without its `seq`.
pub(crate) fn unnumbered(kind: &str, data: &str) -> String {
    format!(r#"{{"type":"{kind}","data":{data},"v":1}}"#)
}

/// `{type, data, seq, v}`.
pub(crate) fn numbered(kind: &str, data: &str, seq: u64) -> String {
    format!(r#"{{"type":"{kind}","data":{data},"seq":{seq},"v":1}}"#)
}

/// The response to a command that had an id.
pub(crate) fn response(id: &Value, outcome: &Result<Value, (Code, String)>) -> String {
    match outcome {
        Ok(data) => format!(r#"{{"type":"softframe:response","id":{id},"ok":true,"data":{data}}}"#),
        Err((code, message)) => format!(
            r#"{{"type":"softframe:response","id":{id},"ok":false,"error":{{"code":"{code}","message":{}}}}}"#,
            Value::from(message.as_str())
        ),
    }
}

/// The JSON of a value of ours. Ours have text keys and finite numbers only, so it cannot fail.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "{}".to_owned())
}

#[cfg(test)]
mod tests;
