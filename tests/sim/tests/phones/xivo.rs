//! Clients of XiVO's `Cti`, octet by octet: what they are told, and what comes of what they ask. A phone, and a server that
//! is the test itself.
//!
//! Here is the client; what it asks and is told is below, by subject.

mod calls;
mod opening;
mod states;
mod transfers;

use crate::script::Script;
use serde_json::{Value, json};
use softframe_sim::{START, description};
use softframe_sip::wire::Message;

const OPENING: [&str; 6] = [
    r#"{"msgType":"LoggedOn","ctiMessage":{}}"#,
    r##"{"msgType":"UsersStatuses","ctiMessage":[{"name":"online","longName":"Available","color":"#2e7d32","actions":[]},{"name":"busy","longName":"Busy","color":"#c62828","actions":[]},{"name":"away","longName":"Away","color":"#ef6c00","actions":[]}]}"##,
    r#"{"msgType":"UserStatusUpdate","ctiMessage":{"status":"online"}}"#,
    r#"{"msgType":"UserConfigUpdate","ctiMessage":{"userId":0,"fullName":"200","mobileNumber":"","agentId":0,"voiceMailId":0,"voiceMailEnabled":false,"dndEnabled":false,"naFwdEnabled":false,"naFwdDestination":"","uncFwdEnabled":false,"uncFwdDestination":"","busyFwdEnabled":false,"busyFwdDestination":""}}"#,
    r#"{"msgType":"PhoneStatusUpdate","ctiMessage":{"status":"AVAILABLE"}}"#,
    r#"{"msgType":"VoiceMailStatusUpdate","ctiMessage":{"voiceMailId":0,"newMessages":0,"waitingMessages":0,"oldMessages":0}}"#,
];

pub(crate) fn open(script: &mut Script, socket: &str) {
    script.host(&json!({ "type": "xivo:open", "data": { "socket": socket } }).to_string());
}

/// A frame of this client, as its `Cti` would write it.
fn say(script: &mut Script, socket: &str, frame: Value) {
    raw(script, socket, &frame.to_string());
}

fn raw(script: &mut Script, socket: &str, frame: &str) {
    let message = json!({ "type": "xivo:frame", "data": { "socket": socket, "frame": frame } });
    script.host(&message.to_string());
}

fn web(script: &mut Script, command: &str, more: Value) {
    let mut frame = json!({ "claz": "web", "command": command });
    for (key, value) in more.as_object().unwrap() {
        frame[key] = value.clone();
    }
    say(script, "a", frame);
}

/// What this client was sent since the last time.
fn frames(script: &mut Script, socket: &str) -> Vec<String> {
    let is = |message: &Value| message["type"] == "xivo:frame" && message["data"]["socket"] == socket;
    let found = script.heard.iter().filter(|message| is(message));
    let found = found.map(|message| message["data"]["frame"].as_str().unwrap().to_owned()).collect();
    script.heard.retain(|message| !is(message));
    found
}

fn parsed(script: &mut Script, socket: &str) -> Vec<Value> {
    frames(script, socket).iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

/// The events of calls: type and unique id.
fn events(script: &mut Script) -> Vec<(String, String)> {
    let text = |message: &Value, key: &str| message["ctiMessage"][key].as_str().unwrap().to_owned();
    let said = parsed(script, "a");
    let calls = said.iter().filter(|message| message["msgType"] == "PhoneEvent");
    calls.map(|message| (text(message, "eventType"), text(message, "uniqueId"))).collect()
}

fn kinds(script: &mut Script) -> Vec<String> {
    events(script).into_iter().map(|(kind, _)| kind).collect()
}

fn errors(script: &mut Script) -> Vec<(String, String)> {
    let said = parsed(script, "a");
    let errors = said.iter().filter(|message| message["msgType"] == "Error");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors
        .map(|message| (text(&message["ctiMessage"]["Error"]), text(&message["ctiMessage"]["command"])))
        .collect()
}

/// A client `a` whose opening is over.
fn client() -> Script {
    client_with("")
}

fn client_with(keys: &str) -> Script {
    let mut script = Script::with(keys);
    open(&mut script, "a");
    assert_eq!(frames(&mut script, "a").len(), OPENING.len());
    script
}

/// The id of the nth call.
fn id(number: u32) -> String {
    format!("{}.{number}", START / 1_000)
}

/// Answers the INVITE the phone sent last.
fn accept(script: &mut Script, tag: &str) -> Message {
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", tag, "", &description(7, "sendrecv"));
    invite
}

/// Answers the re-INVITE the phone sent last.
fn accept_renewal(script: &mut Script) {
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "", "", &description(8, "sendrecv"));
}
