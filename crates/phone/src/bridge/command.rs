//! The commands of the host, each read from its `data` (protocol.md 1.5).
//!
//! It decides nothing: a value is what it says, or the command is refused.

use super::{
    Click2Call, Command, ContactsHead, MAX_DIGITS, MAX_FIELD_CHARS, MAX_NUMBERS, MAX_TYPE_CHARS,
    MAX_USER_DATA_OCTETS,
};
use crate::{
    Dtmf,
    account::Offer,
    data::Variables,
    dialect::xivo::{self, What},
    forward::{RINGS, When, Wish},
    json,
    texting::MAX_TEXT_OCTETS,
};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Click2CallJson {
    number: Value,
    #[serde(default = "yes")]
    auto_dial: bool,
    from: Option<Value>,
    user_data: Option<Value>,
    variables: Option<Value>,
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
    other_call_id: Option<Value>,
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
pub(super) fn command(name: &str, data: Value) -> Result<Option<Command>, &'static str> {
    let command = match name {
        "click2call" | "call" => click2call(data)?,
        "answer" | "reject" | "hangup" | "hold" | "unhold" | "mute" | "unmute" | "dtmf" | "transfer"
        | "redirect" | "transfer:start" | "transfer:complete" | "merge" => call_command(name, data)?,
        "transfer:cancel" => Command::TransferCancel,
        "contacts" => contacts(data)?,
        "contacts:remove" | "contacts:clear" | "contacts:search" | "contacts:match" | "contacts:vcf" => {
            contacts_command(name, data)?
        }
        "hints:subscribe" | "hints:unsubscribe" => hints_command(name, &data)?,
        "state" => Command::State,
        "report" => Command::Report,
        "hello" => Command::Hello { resizes: names_feature(&data, "resize") },
        "show" => Command::Show,
        "hide" => Command::Hide,
        "minimize" => Command::Minimize,
        "logout" => Command::Logout,
        "forward" => forward(&data)?,
        "setData" => set_data(&data)?,
        "message" => text_message(&data)?,
        "status" | "dnd" | "navigate" | "size" => plain_command(name, data)?,
        "xivo:open" | "xivo:frame" | "xivo:close" => xivo(name, &data)?,
        "provider:register" => super::provider::register(data)?,
        "provider:response" => super::provider::response(data)?,
        "login" | "settings" => Command::Login(Box::new(Offer::read(&data)?)),
        _ => return Ok(None),
    };
    Ok(Some(command))
}

/// What a page says it can do; what it says beside that is of a later version.
fn names_feature(data: &Value, wanted: &str) -> bool {
    data.get("features").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == wanted))
}

fn click2call(data: Value) -> Result<Command, &'static str> {
    let json = json::typed::<Click2CallJson>(data).map_err(|_| "number must be a text or a number.")?;
    let number = Some(&json.number).filter(|number| number.is_string() || number.is_u64()).and_then(text_of);
    let number = number.ok_or("number must be a text or a whole number.")?;
    if json.user_data.as_ref().is_some_and(|data| super::json(data).len() > MAX_USER_DATA_OCTETS) {
        return Err("userData must be an object of at most 8 kB.");
    }
    Ok(Command::Click2Call(Click2Call {
        number,
        auto_dial: json.auto_dial,
        from: json.from.as_ref().and_then(field),
        user_data: json.user_data.filter(Value::is_object),
        variables: json.variables.as_ref().map(Variables::read).transpose()?.unwrap_or_default(),
        headers: json.headers.into_iter().collect(),
        reference: json.reference.as_ref().and_then(field),
        via: None,
    }))
}

fn call_command(name: &str, data: Value) -> Result<Command, &'static str> {
    const WRONG: &str = "A field of data has the wrong type.";
    let json = json::typed::<CallJson>(data).map_err(|_| WRONG)?;
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
        "transfer:complete" | "merge" => {
            let other = json.other_call_id.as_ref().map(|id| field(id).ok_or(WRONG)).transpose()?;
            match name {
                "merge" => Command::Merge { call, other },
                _ => Command::TransferComplete { call, other },
            }
        }
        _ => {
            let to = json.to.as_ref().and_then(text_of).ok_or("to must be a number.")?;
            match name {
                "transfer" => Command::Transfer { call, to },
                "redirect" => Command::Redirect { call, to },
                _ => Command::TransferStart { call, to },
            }
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
            json::read(text.as_bytes()).map_err(|_| "json must be the text of a list of contacts.")?
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
    let json = json::typed::<ContactsJson>(data).map_err(|_| "A field of data has the wrong type.")?;
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

fn set_data(data: &Value) -> Result<Command, &'static str> {
    const WRONG: &str = "callId must be a text.";
    let call = data.get("callId").filter(|id| !id.is_null()).map(|id| field(id).ok_or(WRONG)).transpose()?;
    let variables = Variables::read(data.get("variables").unwrap_or(&Value::Null))?;
    Ok(Command::SetData { call, variables })
}

fn text_message(data: &Value) -> Result<Command, &'static str> {
    let to = data.get("to").and_then(text_of).ok_or("to must be a number.")?;
    let text = data.get("text").and_then(Value::as_str).ok_or("text must be a text.")?;
    if text.is_empty() || text.len() > MAX_TEXT_OCTETS {
        return Err("text must be 1 to 1300 bytes.");
    }
    Ok(Command::Text { to, text: text.to_owned() })
}

fn forward(data: &Value) -> Result<Command, &'static str> {
    let when = data.get("kind").and_then(Value::as_str).and_then(When::from_name);
    let when = when.ok_or("kind must be unc, busy or na.")?;
    let enabled = data.get("enabled").and_then(Value::as_bool).ok_or("enabled must be true or false.")?;
    let destination = match data.get("destination") {
        None | Some(Value::Null) => None,
        Some(number) => Some(text_of(number).ok_or("destination must be a number.")?),
    };
    let timeout = match data.get("timeout") {
        None | Some(Value::Null) => None,
        Some(seconds) => {
            let seconds = seconds.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
            Some(
                seconds
                    .filter(|seconds| RINGS.contains(seconds))
                    .ok_or("timeout must be 3 to 170 seconds.")?,
            )
        }
    };
    Ok(Command::Forward(Wish { when, enabled, destination, timeout }))
}

fn plain_command(name: &str, data: Value) -> Result<Command, &'static str> {
    let json = json::typed::<PlainJson>(data).map_err(|_| "A field of data has the wrong type.")?;
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

/// What a client of XiVO's `Cti` does at its socket.
fn xivo(name: &str, data: &Value) -> Result<Command, &'static str> {
    let socket = data.get("socket").and_then(field).ok_or("socket must be a text.")?;
    let what = match name {
        "xivo:open" => What::Open,
        "xivo:close" => What::Close,
        _ => match data.get("frame").and_then(Value::as_str) {
            Some(frame) => What::Frame(frame.to_owned()),
            None => return Err("frame must be a text."),
        },
    };
    Ok(Command::Xivo(xivo::Message { socket, what }))
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
pub(super) fn field(value: &Value) -> Option<String> {
    text_of(value).map(|text| text.chars().take(MAX_FIELD_CHARS).collect())
}
