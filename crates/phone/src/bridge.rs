//! The native host protocol: reads messages into [`Command`]s and writes events and responses (protocol.md 1).
//!
//! Only this module and `dialect` know the JSON of a host protocol. It decides nothing about calls.

mod envelope;
mod event;
mod rows;

pub(crate) use envelope::ask_of;
pub(crate) use event::{CallEvent, CauseData, ConnectionData, ContactRow, Context, IndexedData, Size};
pub(crate) use rows::{RowWish, as_number, contact_of_row, rows_of};

use crate::{Dtmf, MediaError};
use envelope::depth;
use serde::{Deserialize, Serialize};
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
    State,
    Status {
        status: String,
    },
    Dnd {
        enabled: bool,
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
    Hello,
    Show,
    Hide,
    Navigate {
        view: String,
    },
    Size {
        width: u32,
        height: u32,
    },
    Logout,
    /// Documented, but not part of this version.
    Unsupported,
}

/// `click2call` and its alias `call`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Click2Call {
    pub(crate) number: String,
    pub(crate) auto_dial: bool,
    pub(crate) from: Option<String>,
    pub(crate) user_data: Option<Value>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) reference: Option<String>,
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
    let Ok(Value::Object(mut envelope)) = serde_json::from_str(text) else { return Read::Foreign };
    let Some(Value::String(kind)) = envelope.remove("type") else { return Read::Foreign };
    if kind.chars().count() > MAX_TYPE_CHARS || envelope.contains_key("__proto__") {
        return Read::Foreign;
    }
    let id = envelope.remove("id").filter(|id| id.is_string() || id.is_number());
    let ask = Ask { id, command: kind };
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Click2CallJson {
    number: Value,
    #[serde(default = "yes")]
    auto_dial: bool,
    from: Option<Value>,
    user_data: Option<Value>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(rename = "ref")]
    reference: Option<Value>,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallJson {
    call_id: Option<Value>,
    code: Option<u16>,
    digits: Option<Value>,
    method: Option<String>,
    to: Option<Value>,
}

#[derive(Deserialize)]
struct ContactsJson {
    #[serde(default)]
    ids: Vec<Value>,
    source: Option<String>,
    #[serde(default)]
    query: Value,
    max: Option<usize>,
    #[serde(default)]
    numbers: Vec<Value>,
    text: Option<String>,
}

#[derive(Deserialize)]
struct PlainJson {
    status: Option<String>,
    enabled: Option<bool>,
    view: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
}

/// The command of that name, `None` if there is none, or what is wrong with its data.
fn command(name: &str, data: Value) -> Result<Option<Command>, &'static str> {
    let command = match name {
        "click2call" | "call" => click2call(data)?,
        "answer" | "reject" | "hangup" | "hold" | "unhold" | "mute" | "unmute" | "dtmf" | "transfer" => {
            call_command(name, data)?
        }
        "contacts" => contacts(data)?,
        "contacts:remove" | "contacts:clear" | "contacts:search" | "contacts:match" | "contacts:vcf" => {
            contacts_command(name, data)?
        }
        "hints:subscribe" | "hints:unsubscribe" => hints_command(name, &data)?,
        "state" => Command::State,
        "hello" => Command::Hello,
        "show" => Command::Show,
        "hide" | "minimize" => Command::Hide,
        "logout" => Command::Logout,
        "status" | "dnd" | "navigate" | "size" => plain_command(name, data)?,
        "transfer:start" | "transfer:complete" | "transfer:cancel" | "redirect" | "merge" | "setData"
        | "message" | "forward" | "provider:register" | "provider:response" | "login" | "settings" => {
            Command::Unsupported
        }
        _ => return Ok(None),
    };
    Ok(Some(command))
}

fn click2call(data: Value) -> Result<Command, &'static str> {
    let json = Click2CallJson::deserialize(data).map_err(|_| "number must be a text or a number.")?;
    let number = Some(&json.number).filter(|number| number.is_string() || number.is_u64()).and_then(text_of);
    let number = number.ok_or("number must be a text or a whole number.")?;
    if json.user_data.as_ref().is_some_and(|data| data.to_string().len() > MAX_USER_DATA_OCTETS) {
        return Err("userData must be an object of at most 8 kB.");
    }
    Ok(Command::Click2Call(Click2Call {
        number,
        auto_dial: json.auto_dial,
        from: json.from.as_ref().and_then(field),
        user_data: json.user_data.filter(Value::is_object),
        headers: json.headers.into_iter().collect(),
        reference: json.reference.as_ref().and_then(field),
    }))
}

fn call_command(name: &str, data: Value) -> Result<Command, &'static str> {
    const WRONG: &str = "A field of data has the wrong type.";
    let json = CallJson::deserialize(data).map_err(|_| WRONG)?;
    let call = json.call_id.as_ref().map(|id| field(id).ok_or(WRONG)).transpose()?;
    Ok(match name {
        "answer" => Command::Answer { call },
        "reject" => {
            let code = json.code.unwrap_or(486);
            if !(400..=699).contains(&code) {
                return Err("code must be a SIP status from 400 to 699.");
            }
            Command::Reject { call, code }
        }
        "hangup" => Command::Hangup { call },
        "hold" | "unhold" => Command::Hold { call, hold: name == "hold" },
        "mute" | "unmute" => Command::Mute { call, mute: name == "mute" },
        "dtmf" => {
            let digits = json.digits.as_ref().and_then(text_of).ok_or("digits must be a text.")?;
            let good = |c: char| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D' | ',');
            if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.chars().all(good) {
                return Err("digits must be 1 to 64 of 0-9 * # A-D and comma.");
            }
            let method = match json.method.as_deref() {
                None | Some("auto") => Dtmf::Auto,
                Some("rtp") => Dtmf::Rtp,
                Some("info") => Dtmf::Info,
                Some(_) => return Err("method must be auto, rtp or info."),
            };
            Command::Dtmf { call, digits, method }
        }
        _ => {
            Command::Transfer { call, to: json.to.as_ref().and_then(text_of).ok_or("to must be a number.")? }
        }
    })
}

fn contacts(data: Value) -> Result<Command, &'static str> {
    let Value::Object(mut head) = data else {
        let Value::Array(rows) = data else { return Err("data must hold contacts.") };
        return Ok(Command::Contacts(rows, contacts_head(&Value::Null)));
    };
    let rows = match (head.remove("contacts"), head.remove("json")) {
        (Some(Value::Array(rows)), _) => rows,
        (None, Some(Value::String(text))) => {
            serde_json::from_str(&text).map_err(|_| "json must be the text of a list of contacts.")?
        }
        _ => return Err("contacts must be a list."),
    };
    Ok(Command::Contacts(rows, contacts_head(&Value::Object(head))))
}

/// Source and mode of a push, from its `data` without the rows.
pub(crate) fn contacts_head(data: &Value) -> ContactsHead {
    let batch = data.get("batch");
    let number = batch.and_then(|batch| batch.get("n")).and_then(Value::as_u64);
    let last = batch.is_none_or(|batch| batch.get("last").and_then(Value::as_bool).unwrap_or(false));
    ContactsHead {
        source: source_of(data.get("source").and_then(Value::as_str)),
        replace: data.get("mode").and_then(Value::as_str) == Some("replace"),
        last,
        first: number.is_none_or(|number| number <= 1),
    }
}

fn source_of(source: Option<&str>) -> String {
    let name: String = source.unwrap_or("").chars().take(MAX_TYPE_CHARS).collect();
    if name.is_empty() { "host".to_owned() } else { name }
}

fn contacts_command(name: &str, data: Value) -> Result<Command, &'static str> {
    let json = ContactsJson::deserialize(data).map_err(|_| "A field of data has the wrong type.")?;
    let source = source_of(json.source.as_deref());
    Ok(match name {
        "contacts:remove" => {
            Command::ContactsRemove { ids: json.ids.iter().filter_map(text_of).collect(), source }
        }
        "contacts:clear" => Command::ContactsClear { source },
        "contacts:search" => Command::ContactsSearch {
            query: field(&json.query).ok_or("query must be a text.")?,
            max: json.max.unwrap_or(20).min(100),
        },
        "contacts:match" => {
            Command::ContactsMatch { numbers: json.numbers.iter().filter_map(text_of).take(100).collect() }
        }
        _ => Command::ContactsVcf { text: json.text.ok_or("text must be the text of a vCard file.")? },
    })
}

fn hints_command(name: &str, data: &Value) -> Result<Command, &'static str> {
    const WRONG: &str = "numbers must be a list of texts.";
    let numbers = match data.get("numbers") {
        None | Some(Value::Null) => None,
        Some(Value::Array(numbers)) if numbers.len() <= MAX_NUMBERS => {
            Some(numbers.iter().map(|number| text_of(number).ok_or(WRONG)).collect::<Result<Vec<_>, _>>()?)
        }
        Some(_) => return Err(WRONG),
    };
    match (name, numbers) {
        ("hints:unsubscribe", numbers) => Ok(Command::HintsUnsubscribe { numbers }),
        (_, Some(numbers)) => Ok(Command::HintsSubscribe { numbers }),
        (_, None) => Err(WRONG),
    }
}

fn plain_command(name: &str, data: Value) -> Result<Command, &'static str> {
    let json = PlainJson::deserialize(data).map_err(|_| "A field of data has the wrong type.")?;
    Ok(match name {
        "status" => Command::Status { status: json.status.ok_or("status must be a text.")? },
        "dnd" => Command::Dnd { enabled: json.enabled.ok_or("enabled must be true or false.")? },
        "navigate" => Command::Navigate { view: json.view.ok_or("view must be a text.")? },
        _ => {
            let (Some(width), Some(height)) = (json.width, json.height) else {
                return Err("width and height must be numbers of pixels.");
            };
            Command::Size { width, height }
        }
    })
}

/// A JSON text or number as text.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// As `text_of`, cut to what is kept.
fn field(value: &Value) -> Option<String> {
    text_of(value).map(|text| text.chars().take(MAX_FIELD_CHARS).collect())
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
