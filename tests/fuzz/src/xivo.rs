//! Frames of clients of XiVO's `Cti` into a phone in the middle of its calls: what is told is JSON in the platform's form,
//! each call tells one whole story, and nothing is dialled past the gate of host dialling.

use crate::{Target, bytes::Bytes, phone::Station};
use serde_json::{Value, json};
use softframe_phone::{HostInput, Input};
use std::collections::BTreeMap;

pub(crate) const TARGET: Target = Target { name: "xivo", run, seeds, words: WORDS, max_octets: 1500 };

const WORDS: &[&str] = &[
    "{\"claz\":\"web\",\"command\":\"",
    "{\"claz\":\"ping\"}",
    "\"destination\":\"201\"",
    "\"destination\":\"112\"",
    "\"destination\":\"*21#\"",
    "\"variables\":{\"a\":\"b\"}",
    "\"variables\":\"{'a':'b'}\"",
    "\"uniqueId\":\"1684681820.1\"",
    "\"state\":true",
    "\"phoneNumbers\":[\"201\"]",
    "\"key\":\"5\"",
    "\"status\":\"away\"",
    "\"term\":\"an\"",
    "\"username\":\"b\"",
    "dialFromMobile",
    "originate",
    "directTransfer",
    "attendedTransfer",
    "completeTransfer",
    "cancelTransfer",
    "getCurrentCallsPhoneEvents",
    "toggleMicrophone",
    "\n",
    "+b",
    "-a",
    "#9",
    "~",
    "\\r\\nX: y",
    "\\u0000",
    "null",
    "[[[[[[[[[",
];

const FRAMES: [&str; 30] = [
    r#"{"claz":"ping"}"#,
    r#"{"claz":"web","command":"dial","destination":"201","variables":{"var1":"value 1"}}"#,
    r#"{"claz":"web","command":"hold"}"#,
    r#"{"claz":"web","command":"hold","uniqueId":"1684681820.1"}"#,
    r#"{"claz":"web","command":"hangup"}"#,
    r#"{"claz":"web","command":"dial","destination":"*21#"}"#,
    r#"{"claz":"web","command":"dial","destination":"112"}"#,
    r#"{"claz":"web","command":"dial","destination":"1\r\nX: y"}"#,
    r#"{"claz":"web","command":"dialFromMobile","destination":"201","variables":"{'a':'b'}"}"#,
    r#"{"claz":"web","command":"dialByUsername","username":"jblack"}"#,
    r#"{"claz":"web","command":"originate","destination":"202"}"#,
    r#"{"claz":"web","command":"answer"}"#,
    r#"{"claz":"web","command":"toggleMicrophone"}"#,
    r#"{"claz":"web","command":"sendDtmf","key":"5"}"#,
    r#"{"claz":"web","command":"getCurrentCallsPhoneEvents"}"#,
    r#"{"claz":"web","command":"directTransfer","destination":"202"}"#,
    r#"{"claz":"web","command":"attendedTransfer","destination":"202"}"#,
    r#"{"claz":"web","command":"completeTransfer"}"#,
    r#"{"claz":"web","command":"cancelTransfer"}"#,
    r#"{"claz":"web","command":"naFwd","state":true,"destination":"202"}"#,
    r#"{"claz":"web","command":"uncFwd","state":"false"}"#,
    r#"{"claz":"web","command":"busyFwd","state":true,"destination":"x"}"#,
    r#"{"claz":"web","command":"dnd","state":true}"#,
    r#"{"claz":"web","command":"subscribeToPhoneHints","phoneNumbers":["201",202]}"#,
    r#"{"claz":"web","command":"unsubscribeFromAllPhoneHints"}"#,
    r#"{"claz":"web","command":"userStatusUpdate","status":"away"}"#,
    r#"{"claz":"web","command":"directoryLookUp","term":"an"}"#,
    r#"{"claz":"web","command":"setData","variables":"{'var1':'val1','USR_var2':'val2'}"}"#,
    r#"{"claz":"web","command":"conference"}"#,
    r#"{"claz":"web","command":"getConfig","objectType":"line"}"#,
];

fn seeds() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = FRAMES
        .chunks(5)
        .enumerate()
        .map(|(at, frames)| [&[u8::try_from(at % 4).unwrap_or(0)], frames.join("\n").as_bytes()].concat())
        .collect();
    all.push(b"\x02+b\n{\"claz\":\"web\",\"command\":\"answer\"}\n#3\n-b\n+b\n~{\"command\":\"dial\",\"destination\":\"201\"}\n-a\n{}".to_vec());
    all
}

/// The first octet says which calls there are; then a line is a frame of the client `a`, or what its first character says.
fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let mut station = Station::signed_in();
    message(&mut station, "open", "a", None, false);
    let calls = bytes.octet();
    if calls & 1 != 0 {
        station.ring("c1");
        station.host(r#"{"type":"answer"}"#);
        station.acknowledge();
    }
    if calls & 2 != 0 {
        station.ring("c2");
    }
    let text = String::from_utf8_lossy(bytes.rest()).into_owned();
    for line in text.split('\n').take(40) {
        let rest = line.get(1..).unwrap_or_default();
        match line.chars().next() {
            Some('+') => message(&mut station, "open", rest, None, false),
            Some('-') => message(&mut station, "close", rest, None, false),
            Some('~') => message(&mut station, "frame", "a", Some(rest), true),
            Some('#') => station.run(1_000 * u64::try_from(rest.len()).unwrap_or(0).pow(2)),
            _ => message(&mut station, "frame", "a", Some(line), false),
        }
    }
    station.end();
    check(&station);
}

fn message(station: &mut Station, what: &str, socket: &str, frame: Option<&str>, held: bool) {
    let mut data = json!({ "socket": socket });
    if let Some(frame) = frame {
        data["frame"] = Value::from(frame);
    }
    let text = json!({ "type": format!("xivo:{what}"), "data": data }).to_string();
    station.input(Input::Host(HostInput::Message { text, held }));
}

fn check(station: &Station) {
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for data in station.heard("xivo:frame").filter(|data| data["socket"] == "a") {
        let text = data["frame"].as_str().expect("a text");
        let frame: Value = serde_json::from_str(text).expect("JSON");
        let kind = frame["msgType"].as_str().expect("a type");
        assert!(frame.get("ctiMessage").is_some(), "{frame}");
        if kind == "PhoneEvent" {
            let text = |key: &str| frame["ctiMessage"][key].as_str().expect(key).to_owned();
            stories.entry(text("uniqueId")).or_default().push(text("eventType"));
        }
    }
    for (call, story) in stories {
        let ends = story.iter().filter(|event| *event == "EventReleased").count();
        assert!(ends <= 1, "{call}: {story:?}");
        assert!(ends == 0 || story.last().is_some_and(|last| last == "EventReleased"), "{call}: {story:?}");
        assert!(story.len() == 1 || !story.iter().any(|event| event == "EventFailure"), "{call}: {story:?}");
    }
    let called: Vec<&Value> = station.heard("phone:calling").map(|data| &data["to"]).collect();
    assert!(called.len() as u64 <= 5 * (1 + station.seconds() / 10), "{called:?}");
    let asked = |to: &&Value| to.as_str().is_none_or(|to| to == "112" || to.contains(['*', '#']));
    assert!(!called.iter().any(asked), "{called:?}");
}
