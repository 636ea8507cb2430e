//! Reads the frames of a client: `{"claz":"web","command":…}` (protocol.md 4.2).
//!
//! It decides nothing; what a client cannot have is named as wrong.

use crate::{
    Dtmf,
    bridge::{Code, Command, MAX_DIGITS, MAX_FIELD_CHARS, MAX_NUMBERS, text_of},
    data::Variables,
    forward::{self, When},
    json,
};
use serde_json::{Map, Value};

/// What a client wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wish {
    Ping,
    Dial {
        whom: Whom,
        to: String,
        variables: Variables,
    },
    /// Data for every call there is.
    SetData(Variables),
    Answer(Option<String>),
    Hangup(Option<String>),
    /// Holds, or takes back from hold.
    Hold(Option<String>),
    /// Mutes, or the reverse.
    Microphone(Option<String>),
    /// The events of the calls there are.
    Calls,
    Watch(Vec<String>),
    WatchNone,
    LookUp(String),
    /// `getConfig` of the line.
    Line,
    Native(Command),
    Wrong(Code),
}

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    Number,
    /// The number, from the person's other telephone.
    NumberFromMobile,
    /// Who has this name in the platform.
    User,
}

/// The name of the command, and what it wants; `None` where it is no object.
pub(super) fn read(text: &str) -> Option<(String, Wish)> {
    let Ok(Value::Object(frame)) = json::value(text.as_bytes()) else { return None };
    if frame.get("claz").and_then(Value::as_str) == Some("ping") {
        return Some((String::new(), Wish::Ping));
    }
    let name = frame.get("command").and_then(Value::as_str)?;
    let name: String = name.chars().take(MAX_FIELD_CHARS).collect();
    let wish = wish(&name, &frame).unwrap_or_else(Wish::Wrong);
    Some((name, wish))
}

fn wish(name: &str, frame: &Map<String, Value>) -> Result<Wish, Code> {
    let call = || Ok(field(frame, "uniqueId"));
    let needed = |key: &str| field(frame, key).ok_or(Code::BadRequest);
    Ok(match name {
        "dial" => dial(Whom::Number, needed("destination")?, variables(frame)?),
        "dialFromMobile" => dial(Whom::NumberFromMobile, needed("destination")?, variables(frame)?),
        "dialByUsername" => dial(Whom::User, needed("username")?, variables(frame)?),
        // A platform would ring the person's own telephone first; this is that telephone.
        "originate" => dial(Whom::Number, needed("destination")?, Variables::default()),
        "setData" if frame.contains_key("variables") => Wish::SetData(variables(frame)?),
        "setData" => return Err(Code::BadRequest),
        "answer" => Wish::Answer(call()?),
        "hangup" => Wish::Hangup(call()?),
        "hold" => Wish::Hold(call()?),
        "toggleMicrophone" => Wish::Microphone(call()?),
        "getCurrentCallsPhoneEvents" => Wish::Calls,
        "directTransfer" => Wish::Native(Command::Transfer { call: None, to: needed("destination")? }),
        "attendedTransfer" => Wish::Native(Command::TransferStart { call: None, to: needed("destination")? }),
        "completeTransfer" => Wish::Native(Command::TransferComplete { call: None, other: None }),
        "cancelTransfer" => Wish::Native(Command::TransferCancel),
        "sendDtmf" => Wish::Native(dtmf(&needed("key")?)?),
        "dnd" => Wish::Native(Command::Dnd { enabled: state(frame)? }),
        "uncFwd" => forward(When::Unconditional, frame)?,
        "busyFwd" => forward(When::Busy, frame)?,
        "naFwd" => forward(When::NoAnswer, frame)?,
        "userStatusUpdate" => Wish::Native(Command::Status { status: needed("status")? }),
        "subscribeToPhoneHints" => Wish::Watch(numbers(frame)?),
        "unsubscribeFromAllPhoneHints" => Wish::WatchNone,
        "directoryLookUp" | "searchContacts" => Wish::LookUp(field(frame, "term").unwrap_or_default()),
        "getConfig" if field(frame, "objectType").as_deref() == Some("line") => Wish::Line,
        _ => return Err(Code::NotSupported),
    })
}

fn dial(whom: Whom, to: String, variables: Variables) -> Wish {
    Wish::Dial { whom, to, variables }
}

/// A text or a number; an empty one counts as absent.
fn field(frame: &Map<String, Value>, key: &str) -> Option<String> {
    let text = text_of(frame.get(key)?)?;
    Some(text.chars().take(MAX_FIELD_CHARS).collect::<String>()).filter(|text| !text.is_empty())
}

/// `state`, true or false; pages send it as text, too.
fn state(frame: &Map<String, Value>) -> Result<bool, Code> {
    match frame.get("state") {
        Some(Value::Bool(state)) => Ok(*state),
        Some(Value::String(text)) if text == "true" => Ok(true),
        Some(Value::String(text)) if text == "false" => Ok(false),
        _ => Err(Code::BadRequest),
    }
}

/// Who turns a rule off leaves its number as it is.
fn forward(when: When, frame: &Map<String, Value>) -> Result<Wish, Code> {
    let (enabled, destination) = (state(frame)?, field(frame, "destination"));
    if enabled && destination.is_none() {
        return Err(Code::BadRequest);
    }
    Ok(Wish::Native(Command::Forward(forward::Wish { when, enabled, destination, timeout: None })))
}

fn dtmf(key: &str) -> Result<Command, Code> {
    let digits = key.to_ascii_uppercase();
    let good = |c: char| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D');
    match digits.len() <= MAX_DIGITS && digits.chars().all(good) {
        true => Ok(Command::Dtmf { call: None, digits, method: Dtmf::Auto }),
        false => Err(Code::BadRequest),
    }
}

fn numbers(frame: &Map<String, Value>) -> Result<Vec<String>, Code> {
    match frame.get("phoneNumbers") {
        Some(Value::Array(list)) if list.len() > MAX_NUMBERS => Err(Code::TooLarge),
        Some(Value::Array(list)) => {
            list.iter().map(|number| text_of(number).ok_or(Code::BadRequest)).collect()
        }
        _ => Err(Code::BadRequest),
    }
}

/// `variables`, none where there are none.
fn variables(frame: &Map<String, Value>) -> Result<Variables, Code> {
    match frame.get("variables") {
        None | Some(Value::Null) => Ok(Variables::default()),
        Some(given) => Variables::read(given).map_err(|_| Code::BadRequest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_send_is_read() {
        let some = |text: &str| Some(text.to_owned());
        let dial = |variables: Option<&str>| Wish::Dial {
            whom: Whom::Number,
            to: "1001".into(),
            variables: variables.map_or_else(Variables::default, |text| {
                Variables::read(&serde_json::from_str(text).unwrap()).unwrap()
            }),
        };
        for (frame, expected) in [
            (r#"{"claz":"ping"}"#, Wish::Ping),
            (r#"{"claz":"web","command":"dial","destination":"1001"}"#, dial(None)),
            (r#"{"claz":"web","command":"dial","destination":1001,"variables":null}"#, dial(None)),
            (
                r#"{"claz":"web","command":"dial","destination":"1001","variables":{"a":"value 1","USR_b":2}}"#,
                dial(Some(r#"{"USR_b":"2","a":"value 1"}"#)),
            ),
            (
                r#"{"claz":"web","command":"dial","destination":"1001","variables":"{'var1':'val1','USR_var2':'val2'}"}"#,
                dial(Some(r#"{"USR_var2":"val2","var1":"val1"}"#)),
            ),
            (r#"{"command":"dial","destination":"1","variables":"{'a"}"#, Wish::Wrong(Code::BadRequest)),
            (
                r#"{"command":"dial","destination":"1","variables":{"a b":"1"}}"#,
                Wish::Wrong(Code::BadRequest),
            ),
            (
                r#"{"command":"dial","destination":"1","variables":{"a":"1\r\nX: y"}}"#,
                Wish::Wrong(Code::BadRequest),
            ),
            (r#"{"command":"dial"}"#, Wish::Wrong(Code::BadRequest)),
            (r#"{"claz":"web","command":"hangup"}"#, Wish::Hangup(None)),
            (r#"{"claz":"web","command":"hangup","uniqueId":"1.2"}"#, Wish::Hangup(some("1.2"))),
            (
                r#"{"claz":"web","command":"dnd","state":"true"}"#,
                Wish::Native(Command::Dnd { enabled: true }),
            ),
            (r#"{"claz":"web","command":"dnd","state":1}"#, Wish::Wrong(Code::BadRequest)),
            (r#"{"claz":"web","command":"sendDtmf","key":"x"}"#, Wish::Wrong(Code::BadRequest)),
            (r#"{"claz":"web","command":"getConfig","objectType":"line"}"#, Wish::Line),
            (r#"{"claz":"web","command":"getConfig","objectType":"queue"}"#, Wish::Wrong(Code::NotSupported)),
            (r#"{"claz":"web","command":"conference"}"#, Wish::Wrong(Code::NotSupported)),
        ] {
            assert_eq!(read(frame).map(|(_, wish)| wish), Some(expected), "{frame}");
        }
        for frame in ["", "null", "[]", "5", r#"{"claz":"web"}"#, r#"{"command":5}"#] {
            assert_eq!(read(frame), None, "{frame}");
        }
    }
}
