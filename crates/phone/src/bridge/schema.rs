//! The JSON Schema of the host protocol, from the types that `phone` writes and reads.
//!
//! Compiled with the feature `schema` alone, for `tests/schema`; it never changes what a message means. What is read by
//! hand in `command.rs` has its type here, and a test holds the two together.

mod contacts;

use super::{
    Attention, CallEvent, ConnectionData, ContactClick, ContactRow, ErrorData, ForwardChange, Hello,
    HintChange, IndexedData, Indexing, Logged, MediaQuality, MediaTrouble, MessageReceived, Ready, Size,
    Snapshot, StatusChange, Unlogged, XivoClose, XivoFrame, provider,
};
use crate::voicemail::Voicemail;
use contacts::{
    Contacts, ContactsClear, ContactsMatch, ContactsRemove, ContactsSearch, ContactsVcf, Hits, Matches,
    VcfTaken,
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A text; a number counts as its decimal text.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Text {
    #[allow(dead_code)]
    Text(String),
    #[allow(dead_code)]
    Number(i64),
}

/// `click2call` and `call`: dials.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Click2Call {
    number: Text,
    /// `false` fills the number in and dials nothing. Default: `true`.
    auto_dial: Option<bool>,
    /// A number of ours that the call shows, or `anonymous`.
    from: Option<Text>,
    /// Comes back in every event of the call; at most 8 kB of JSON.
    user_data: Option<BTreeMap<String, Value>>,
    /// Data that the INVITE carries, as by `setData`.
    variables: Option<Variables>,
    /// Headers of the INVITE, `X-…` alone.
    headers: Option<BTreeMap<String, String>>,
    /// Comes back in every event of the call, and names it in commands.
    r#ref: Option<Text>,
}

/// The answer to `click2call`, once the INVITE is sent.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Dialled {
    /// Absent where the number was only filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<String>,
}

/// Data of a call: keys of 1 to 64 of `A-Z a-z 0-9 _ -`, values of one line and at most 512 bytes, 2 kB in all; or such an
/// object as text.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Variables {
    Object(BTreeMap<String, Variable>),
    Text(String),
}

/// A text; what is none counts as one.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Variable {
    Text(String),
    Number(f64),
    Flag(bool),
}

/// `login`, and `settings` with the same: signs in, where `config.json` names the page in `hosts` and says `hostLogin`. The
/// words of SIP.js 0.7 are taken, too: `uri`, `wsServers`, `authorizationUser`; and those of 008: `sipUri`, `wsUri`, `sipUser`,
/// `sipPassword`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct LoginWish {
    /// `wss://…`, or several in order. Default: those of `config.json`.
    server: Option<Servers>,
    /// Perhaps with `@domain`.
    user: Option<String>,
    password: Option<String>,
    token: Option<String>,
    auth_user: Option<String>,
    display_name: Option<String>,
}

/// The answer to `report`: what went over the wire lately and what became of it, for support; credentials, keys and texts are
/// masked.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Report {
    text: String,
}

/// One address, or several.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
enum Servers {
    One(String),
    Several(Vec<String>),
}

/// `message`: a text message, at most 1300 bytes in UTF-8.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct TextMessage {
    to: Text,
    text: String,
}

/// `setData`: goes with the call where it is transferred to, and stands in its `userData` as `USR_…`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct SetData {
    call_id: Option<Text>,
    variables: Variables,
}

/// Which call is meant: `id` of its events or its `ref`; without it, the one there is.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct CallChoice {
    call_id: Option<Text>,
}

/// `reject`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Reject {
    call_id: Option<Text>,
    /// The SIP status, 400 to 699. Default: 486.
    code: Option<u16>,
}

/// `dtmf`: key tones.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Dtmf {
    call_id: Option<Text>,
    /// 1 to 64 of `0-9 * # A-D` and comma, which waits.
    digits: Text,
    #[schemars(extend("enum" = ["auto", "rtp", "info"]))]
    method: Option<String>,
}

/// `transfer` and `transfer:start`, and `redirect` of a call that rings.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct Transfer {
    call_id: Option<Text>,
    to: Text,
}

/// `transfer:complete`: connects two calls and leaves; `merge`: makes them one conversation with the person.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code)]
struct TransferComplete {
    call_id: Option<Text>,
    other_call_id: Option<Text>,
}

/// `hints:subscribe`: numbers to watch, at most 100 in all.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct HintsSubscribe {
    numbers: Vec<Text>,
}

/// `hints:unsubscribe`: these numbers, or all.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct HintsUnsubscribe {
    numbers: Option<Vec<Text>>,
}

/// `status`: an id of `statuses`, or `online`, `busy`, `away`.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Status {
    status: String,
}

/// `dnd`: do not disturb.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Dnd {
    enabled: bool,
}

/// `forward`: calls go on to another number.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct ForwardWish {
    /// All at once, those during another call, or those that nobody answers.
    #[schemars(extend("enum" = ["unc", "busy", "na"]))]
    kind: String,
    enabled: bool,
    /// Left out: as it was.
    destination: Option<Text>,
    /// Seconds of ringing before `na`, 3 to 170. Default: as it was, 20 at first.
    timeout: Option<u32>,
}

/// `navigate`.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct Navigate {
    #[schemars(extend("enum" = ["keypad", "contacts", "history", "settings", "call"]))]
    view: String,
}

/// `size`: pixels, 48 to 4096.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct WantedSize {
    width: u32,
    height: u32,
}

/// `hello`: which versions the page speaks; `port` asks for a port for bulk traffic, which comes with the answer.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct HelloWish {
    versions: Option<Vec<u32>>,
    features: Option<Vec<String>>,
    port: Option<bool>,
}

/// `{}`.
#[derive(JsonSchema)]
struct Nothing {}

/// `xivo:open` and `xivo:close`: a client of XiVO's `Cti` opens or closes its socket.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct XivoSocket {
    /// The client's own name for it.
    socket: Text,
}

/// `xivo:frame`: what such a client sends.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
struct XivoClientFrame {
    socket: Text,
    /// JSON as text, as the platform would get it.
    frame: String,
}

/// No data.
#[derive(Deserialize, JsonSchema)]
struct NoData {}

/// The error of a response.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct CommandError {
    /// As in `softframe:error`; `sip_486` and the like for what the other side refused.
    code: String,
    message: String,
}

/// Events of a call, and the keys that each has beside those that all have.
const CALL_EVENTS: [(&str, &[&str]); 14] = [
    ("phone:calling", &[]),
    ("phone:ringing", &[]),
    ("phone:progress", &["code", "earlyMedia"]),
    ("phone:accepted", &[]),
    ("phone:hold", &["by"]),
    ("phone:unhold", &["by"]),
    ("phone:muted", &["muted"]),
    ("phone:updated", &[]),
    ("phone:reconnecting", &[]),
    ("phone:reconnected", &[]),
    ("phone:transfer", &["state"]),
    ("phone:audio-blocked", &[]),
    ("phone:refused", &["cause"]),
    ("phone:terminated", &["cause"]),
];

fn events(types: &mut SchemaGenerator) -> Map<String, Value> {
    let mut events = Map::new();
    for (name, required) in CALL_EVENTS {
        let data = types.subschema_for::<CallEvent>().to_value();
        let own = if required.is_empty() { data } else { json!({ "allOf": [data], "required": required }) };
        events.insert(name.to_owned(), own);
    }
    let others = [
        ("softframe:ready", types.subschema_for::<Ready>()),
        ("softframe:error", types.subschema_for::<ErrorData>()),
        ("logged", types.subschema_for::<Logged>()),
        ("unlogged", types.subschema_for::<Unlogged>()),
        ("connection:change", types.subschema_for::<ConnectionData>()),
        ("status:change", types.subschema_for::<StatusChange>()),
        ("forward:change", types.subschema_for::<ForwardChange>()),
        ("media:error", types.subschema_for::<MediaTrouble>()),
        ("media:quality", types.subschema_for::<MediaQuality>()),
        ("hint:change", types.subschema_for::<HintChange>()),
        ("voicemail:update", types.subschema_for::<Voicemail>()),
        ("message:received", types.subschema_for::<MessageReceived>()),
        ("contacts:indexing", types.subschema_for::<Indexing>()),
        ("contacts:indexed", types.subschema_for::<IndexedData>()),
        ("contact:click", types.subschema_for::<ContactClick>()),
        ("provider:request", types.subschema_for::<provider::ProviderRequest<'_>>()),
        ("widget:attention", types.subschema_for::<Attention>()),
        ("widget:size", types.subschema_for::<Size>()),
        ("xivo:frame", types.subschema_for::<XivoFrame>()),
        ("xivo:close", types.subschema_for::<XivoClose>()),
    ];
    events.extend(others.map(|(name, data)| (name.to_owned(), data.to_value())));
    events
}

fn commands(types: &mut SchemaGenerator, read: &mut SchemaGenerator) -> Map<String, Value> {
    let mut commands = Map::new();
    let mut add = |names: &[&str], data: schemars::Schema, answer: schemars::Schema| {
        for name in names {
            commands.insert((*name).to_owned(), json!({ "data": data, "answer": answer }));
        }
    };
    let nothing = types.subschema_for::<Nothing>();
    macro_rules! command {
        ($($name:literal),+ => $data:ty) => {
            add(&[$($name),+], read.subschema_for::<$data>(), nothing.clone())
        };
        ($($name:literal),+ => $data:ty, $answer:ty) => {
            add(&[$($name),+], read.subschema_for::<$data>(), types.subschema_for::<$answer>())
        };
    }
    command!("click2call", "call" => Click2Call, Dialled);
    command!("answer", "hangup", "hold", "unhold", "mute", "unmute" => CallChoice);
    command!("reject" => Reject);
    command!("dtmf" => Dtmf);
    command!("transfer", "transfer:start", "redirect" => Transfer);
    command!("transfer:complete", "merge" => TransferComplete);
    command!("transfer:cancel", "show", "hide", "minimize", "logout" => NoData);
    command!("state" => NoData, Snapshot);
    command!("report" => NoData, Report);
    command!("hello" => HelloWish, Hello);
    command!("status" => Status);
    command!("dnd" => Dnd);
    command!("forward" => ForwardWish);
    command!("setData" => SetData);
    command!("message" => TextMessage);
    command!("login", "settings" => LoginWish);
    command!("navigate" => Navigate);
    command!("size" => WantedSize);
    command!("hints:subscribe" => HintsSubscribe);
    command!("hints:unsubscribe" => HintsUnsubscribe);
    command!("xivo:open", "xivo:close" => XivoSocket);
    command!("xivo:frame" => XivoClientFrame);
    command!("contacts" => Contacts);
    command!("contacts:remove" => ContactsRemove);
    command!("contacts:clear" => ContactsClear);
    command!("contacts:search" => ContactsSearch, Hits);
    command!("contacts:match" => ContactsMatch, Matches);
    command!("contacts:vcf" => ContactsVcf, VcfTaken);
    command!("provider:register" => provider::ProviderRegister);
    command!("provider:response" => provider::ProviderResponse);
    commands
}

/// The whole protocol as one JSON Schema (draft 2020-12): `events` and `commands` by their `type`, the types in `$defs`,
/// and as the schema itself: any message of the phone.
pub fn document() -> Value {
    // What is skipped when it is written may be absent, and so may what has a default when it is read.
    let mut types = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut read = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let (events, commands) = (events(&mut types), commands(&mut types, &mut read));
    let error = types.subschema_for::<CommandError>();
    let id = json!({ "type": ["string", "number"] });
    let mut definitions = types.take_definitions(true);
    definitions.extend(read.take_definitions(true));
    let mut messages: Vec<Value> = events
        .iter()
        .map(|(name, data)| {
            json!({ "properties": { "type": { "const": name }, "data": data, "seq": { "type": "integer", "minimum": 1 }, "v": { "const": 1 } },
                    "required": ["type", "data", "seq", "v"] })
        })
        .collect();
    let response = json!({ "const": "softframe:response" });
    messages.push(json!({ "properties": { "type": response, "id": id, "ok": { "const": true }, "data": { "type": "object" } },
                          "required": ["type", "id", "ok", "data"] }));
    messages.push(
        json!({ "properties": { "type": response, "id": id, "ok": { "const": false }, "error": error },
                          "required": ["type", "id", "ok", "error"] }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "softframe/1: a message from the phone to the page that embeds it",
        "type": "object",
        "oneOf": messages,
        "events": events,
        "commands": commands,
        "$defs": definitions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{Read, read};
    use serde::de::DeserializeOwned;

    fn check<T: DeserializeOwned>(kind: &str, data: Value) {
        assert!(T::deserialize(data.clone()).is_ok(), "the schema has no {kind} with {data}");
        let message = json!({ "type": kind, "id": 1, "data": data }).to_string();
        match read(&message) {
            Read::Command { .. } => {}
            other => panic!("{message}: {other:?}"),
        }
    }

    #[test]
    fn command_of_the_schema_is_read() {
        check::<Click2Call>(
            "click2call",
            json!({ "number": "31", "autoDial": false, "from": 911, "userData": { "a": [1] }, "headers": { "X-A": "b" }, "ref": "r" }),
        );
        check::<Click2Call>("call", json!({ "number": 31 }));
        for kind in ["answer", "hangup", "hold", "unhold", "mute", "unmute"] {
            check::<CallChoice>(kind, json!({}));
            check::<CallChoice>(kind, json!({ "callId": "x" }));
        }
        check::<Reject>("reject", json!({ "code": 603 }));
        check::<Dtmf>("dtmf", json!({ "digits": "1,2", "method": "rtp" }));
        check::<Dtmf>("dtmf", json!({ "digits": 12 }));
        check::<Transfer>("transfer", json!({ "to": 31 }));
        check::<Transfer>("transfer:start", json!({ "to": "31", "callId": "x" }));
        check::<Transfer>("redirect", json!({ "to": "31" }));
        check::<TransferComplete>("merge", json!({}));
        check::<TransferComplete>("transfer:complete", json!({ "callId": "x", "otherCallId": "y" }));
        for kind in ["transfer:cancel", "show", "hide", "minimize", "logout", "state", "report"] {
            check::<NoData>(kind, json!({}));
        }
        check::<HelloWish>("hello", json!({ "versions": [1], "port": true }));
        check::<Status>("status", json!({ "status": "away" }));
        check::<ForwardWish>(
            "forward",
            json!({ "kind": "na", "enabled": true, "destination": 31, "timeout": 20 }),
        );
        check::<LoginWish>("login", json!({ "server": "wss://a", "user": "200", "password": "x" }));
        check::<LoginWish>("settings", json!({ "uri": "200@a", "wsServers": ["wss://a"], "password": "x" }));
        check::<TextMessage>("message", json!({ "to": 31, "text": "x" }));
        check::<SetData>("setData", json!({ "callId": "x", "variables": { "a": "b", "n": 1, "f": true } }));
        check::<SetData>("setData", json!({ "variables": "{'a':'b'}" }));
        check::<Dnd>("dnd", json!({ "enabled": true }));
        check::<Navigate>("navigate", json!({ "view": "keypad" }));
        check::<WantedSize>("size", json!({ "width": 320, "height": 460 }));
        check::<HintsSubscribe>("hints:subscribe", json!({ "numbers": ["31", 32] }));
        check::<HintsUnsubscribe>("hints:unsubscribe", json!({}));
        check::<XivoSocket>("xivo:open", json!({ "socket": "a" }));
        check::<XivoSocket>("xivo:close", json!({ "socket": "a" }));
        check::<XivoClientFrame>("xivo:frame", json!({ "socket": "a", "frame": "{}" }));
        let row = json!({ "id": 1, "name": "Ana", "phones": [31, { "number": "32", "type": "cell" }] });
        check::<Contacts>("contacts", json!([row]));
        check::<Contacts>(
            "contacts",
            json!({ "contacts": [row], "mode": "replace", "source": "crm", "batch": { "n": 1, "last": true } }),
        );
        check::<Contacts>("contacts", json!({ "json": "[]" }));
        check::<ContactsRemove>("contacts:remove", json!({ "ids": [1, "b"], "source": "crm" }));
        check::<ContactsClear>("contacts:clear", json!({}));
        check::<ContactsSearch>("contacts:search", json!({ "query": "ana", "max": 5 }));
        check::<ContactsMatch>("contacts:match", json!({ "numbers": ["31"] }));
        check::<ContactsVcf>("contacts:vcf", json!({ "text": "BEGIN:VCARD" }));
        check::<provider::ProviderRegister>(
            "provider:register",
            json!({ "name": "crm", "list": true, "search": true, "match": true, "view": true, "log": true,
                "doNotCall": true, "ttl": 1, "noMatchTtl": 2 }),
        );
        check::<provider::ProviderResponse>(
            "provider:response",
            json!({ "id": "x", "ok": false, "error": "no" }),
        );
        check::<provider::ProviderResponse>(
            "provider:response",
            json!({ "id": "x", "data": { "contacts": [row] } }),
        );
    }
}
