//! Messages of a host page into a phone in the middle of its calls: what asks is answered exactly once, and all that
//! leaves is JSON. And the rows of contacts, each by itself.

use crate::{Target, bytes::Bytes, phone::Station};
use serde_json::Value;
use softframe_contacts::{Contacts, MAX_ID_CHARS, MAX_PHONES, Mode, Source};
use softframe_phone::{HostInput, Input, fuzz};

pub(crate) const TARGET: Target = Target { name: "host", run, seeds, words: WORDS, max_octets: 1500 };

pub(crate) const ROWS: Target =
    Target { name: "rows", run: run_rows, seeds: row_seeds, words: ROW_WORDS, max_octets: 1024 };

const ROW_WORDS: &[&str] = &[
    "{\"id\":1,",
    "\"id\":\"1\"",
    "\"id\":-0",
    "\"id\":1e3",
    "\"name\":\"Ana\"",
    "\"name\":null",
    "\"phones\":[",
    "\"phones\":\"+34\"",
    "{\"number\":\"+34\",\"type\":\"work\"}",
    "\"company\":\"A\"",
    "\"title\":\"T\"",
    "\"deleted\":true",
    "\\u202e",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud800",
    "null",
    "true",
    "[]",
    "{}",
    "99999999999999999999",
    "1e400",
    "[[[[",
    "\u{fffd}",
];

fn row_seeds() -> Vec<Vec<u8>> {
    [
        r#"[{"id":"1","name":"Ana","phones":["+34911",{"number":"1","type":"work"}],"company":"C","title":"T"}]"#,
        r#"[{"id":1,"name":"B","phones":34911},{"id":2,"deleted":true},5,{"name":"x"},{"id":"","name":"y"}]"#,
        r#"[{"id":1.5,"name":" ","phones":null},{"id":"a","name":"\u202e\u0000C","phones":[null,true,{"number":5,"type":7}]}]"#,
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

fn run_rows(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let source = Source::Host("host".to_owned());
    let mut contacts = Contacts::new();
    contacts.begin(source.clone(), Mode::Upsert);
    let rows = fuzz::rows(&text);
    for contact in rows.iter().flatten() {
        assert!(!contact.id.is_empty() && contact.id.chars().count() <= MAX_ID_CHARS, "{contact:?}");
        assert!(!contact.name.trim().is_empty(), "{contact:?}");
        assert!(contact.phones.len() <= MAX_PHONES, "{contact:?}");
        assert!(!contact.name.contains(['\n', '\u{202e}', '\0']), "{contact:?}");
        contacts.push(&source, contact.clone());
    }
    contacts.end(&source);
    let mut steps = 0;
    while contacts.step(8) {
        steps += 1;
        assert!(steps < 10_000, "the index never comes to rest");
    }
    for contact in rows.iter().flatten() {
        assert!(contacts.get(&source, &contact.id).is_some(), "{contact:?}");
        let _ = contacts.search(&contact.name, 5);
    }
}

pub(crate) const WORDS: &[&str] = &[
    "{\"type\":\"",
    "\"id\":\"1\"",
    "\"id\":1",
    "\"data\":{",
    "\"data\":[",
    "\"callId\":",
    "\"number\":\"201\"",
    "\"digits\":\"1\"",
    "\"to\":\"202\"",
    "\"code\":486",
    "\"enabled\":true",
    "\"numbers\":[\"201\"]",
    "\"query\":\"an\"",
    "\"source\":\"crm\"",
    "\"mode\":\"replace\"",
    "\"batch\":{\"n\":1,\"last\":true}",
    "click2call",
    "answer",
    "reject",
    "hangup",
    "hold",
    "unhold",
    "mute",
    "unmute",
    "dtmf",
    "transfer",
    "transfer:start",
    "transfer:complete",
    "transfer:cancel",
    "state",
    "status",
    "dnd",
    "forward",
    "redirect",
    "setData",
    "merge",
    "login",
    "settings",
    "\"uri\":\"201@c.test\"",
    "message",
    "\"text\":\"hi\"",
    "\"variables\":{\"a\":\"b\"}",
    "X-USR-a: %41\r\n",
    "\"kind\":\"busy\"",
    "\"destination\":\"202\"",
    "hints:subscribe",
    "hints:unsubscribe",
    "contacts",
    "contacts:remove",
    "contacts:clear",
    "contacts:search",
    "contacts:match",
    "contacts:vcf",
    "xivo:open",
    "xivo:frame",
    "\"socket\":\"a\"",
    "hello",
    "show",
    "hide",
    "navigate",
    "size",
    "logout",
    "\n",
    "null",
    "1e3",
    "-1",
    "\\u0000",
    "__proto__",
    "[[[[[[[[[",
    "<1",
    ">1",
    "!",
    "~",
    "#9",
    "\"userData\":{",
    "\"headers\":{\"X-A\":\"b\"}",
    "\"ref\":\"r\"",
    "\"autoDial\":false",
    "rc-adapter-control-call",
    "rc-adapter-new-call",
    "rc-post-message-response",
    "provider:response",
    "\"responseId\":\"$asked\"",
    "\"id\":\"$asked\"",
    "\"callAction\":\"",
    "\"options\":{",
    "\"phoneNumbers\":[",
    "\"nextPage\":",
    "\"syncTimestamp\":",
];

pub(crate) const MESSAGES: [&str; 78] = [
    r#"{"type":"provider:register","id":"x","data":{"name":"crm","list":true,"search":true,"match":true,"view":true,"log":true,"doNotCall":true,"ttl":5,"noMatchTtl":0}}"#,
    r#"{"type":"provider:response","id":"x","data":{"id":"$asked","data":{"contacts":[{"id":1,"name":"Ana","phones":["201"]}],"nextPage":"c","syncTimestamp":5}}}"#,
    r#"{"type":"provider:response","data":{"id":"$asked","data":{"matches":{"201":[{"id":"9","name":"B","phones":[]}]},"refuse":true,"final":false}}}"#,
    r#"{"type":"provider:response","data":{"id":"$asked","ok":false,"error":"no"}}"#,
    r#"{"type":"rc-adapter-register-third-party-service","service":{"name":"T","contactsPath":"/c","contactSearchPath":"/s","contactMatchPath":"/m","viewMatchedContactPath":"/v","callLoggerPath":"/l","doNotContactPath":"/d","contactMatchTtl":1,"contactNoMatchTtl":0,"authorizationPath":"/a","authorized":true}}"#,
    r#"{"type":"rc-post-message-response","responseId":"$asked","response":{"data":[{"id":"1","name":"Ana","type":"T","phoneNumbers":[{"phoneNumber":"201","phoneType":"homePhone"}],"deleted":false}],"nextPage":2,"syncTimestamp":9}}"#,
    r#"{"type":"rc-post-message-response","responseId":"$asked","response":{"data":{"201":[{"id":"2","name":"B"}],"result":true,"mode":"restrict","message":"no"}}}"#,
    r#"{"type":"rc-post-message-response","responseId":"$asked","response":"ok"}"#,
    r#"{"type":"rc-adapter-update-authorization-status","authorized":false}"#,
    r#"{"type":"rc-adapter-sync-third-party-contacts"}"#,
    r#"{"type":"rc-adapter-trigger-contact-match","phoneNumbers":["201",5,null]}"#,
    r#"{"type":"rc-adapter-new-call","phoneNumber":"202","toCall":true}"#,
    r#"{"type":"rc-adapter-new-call","phoneNumber":"*21#","toCall":1}"#,
    r#"{"type":"rc-adapter-control-call","callAction":"answer","callId":"c1"}"#,
    r#"{"type":"rc-adapter-control-call","callAction":"hold"}"#,
    r#"{"type":"rc-adapter-control-call","callAction":"forward","options":{"forwardNumber":"202"}}"#,
    r#"{"type":"rc-adapter-control-call","callAction":"toVoicemail"}"#,
    r#"{"type":"rc-adapter-control-call","callAction":"transfer","options":{"transferNumber":"202"}}"#,
    r#"{"type":"rc-adapter-control-call","callAction":"dtmf","options":{"dtmf":"1#"}}"#,
    r#"{"type":"rc-adapter-control-call","callAction":"startRecord"}"#,
    r#"{"type":"rc-adapter-control-call","callAction":"hangup"}"#,
    r#"{"type":"rc-adapter-webphone-sessions-sync"}"#,
    r#"{"type":"rc-adapter-message-request","requestId":"q","path":"/custom-alert-message","body":{"message":"a\u202e"}}"#,
    r#"{"type":"rc-adapter-set-presence","userStatus":"Busy","dndStatus":"TakeAllCalls"}"#,
    r#"{"type":"rc-adapter-navigate-to","path":"//history"}"#,
    r#"{"type":"rc-calling-settings-update","fromNumber":"+34911"}"#,
    r#"{"type":"click2call","id":"x","data":{"number":"201"}}"#,
    r#"{"type":"click2call","id":"x","data":{"number":"+34 911","autoDial":false,"from":"1","userData":{"a":[1]},"headers":{"X-A":"b"},"ref":"r"}}"#,
    r#"{"type":"click2call","id":"x","data":{"number":"*21#"}}"#,
    r#"{"type":"answer","id":"x"}"#,
    r#"{"type":"reject","id":"x","data":{"code":603,"callId":null}}"#,
    r#"{"type":"hangup","id":"x"}"#,
    r#"{"type":"hold","id":"x"}"#,
    r#"{"type":"unhold","id":"x"}"#,
    r#"{"type":"mute","id":"x"}"#,
    r#"{"type":"unmute"}"#,
    r#"{"type":"dtmf","id":"x","data":{"callId":"x","digits":"12#","method":"info"}}"#,
    r#"{"type":"dtmf","id":"x","data":{"digits":"1"}}"#,
    r#"{"type":"transfer","id":"x","data":{"to":"202"}}"#,
    r#"{"type":"transfer:start","id":"x","data":{"to":"202"}}"#,
    r#"{"type":"transfer:complete","id":"x"}"#,
    r#"{"type":"transfer:cancel","id":"x"}"#,
    r#"{"type":"state","id":1e3}"#,
    r#"{"type":"state","id":"x"}"#,
    r#"{"type":"status","id":"x","data":{"status":"busy"}}"#,
    r#"{"type":"dnd","id":"x","data":{"enabled":true}}"#,
    r#"{"type":"dnd","data":{"enabled":false}}"#,
    r#"{"type":"forward","id":"x","data":{"kind":"na","enabled":true,"destination":"202","timeout":5}}"#,
    r#"{"type":"forward","id":"x","data":{"kind":"unc","enabled":true,"destination":202}}"#,
    r#"{"type":"redirect","id":"x","data":{"to":"202"}}"#,
    r#"{"type":"message","id":"x","data":{"to":"201","text":"hi \u00e9"}}"#,
    r#"{"type":"login","id":"x","data":{"server":"wss://c.test/ws","user":"201","password":"y"}}"#,
    r#"{"type":"settings","id":"x","data":{"uri":"202@c.test","wsServers":["wss://c.test/ws"],"password":"z"}}"#,
    r#"{"type":"merge","id":"x"}"#,
    r#"{"type":"setData","id":"x","data":{"variables":{"a":"b \u00e9","USR_n":1}}}"#,
    r#"{"type":"setData","id":"x","data":{"variables":"{'a':'b'}"}}"#,
    r#"{"type":"hints:subscribe","id":"x","data":{"numbers":["200","201","202"]}}"#,
    r#"{"type":"hints:unsubscribe","id":"x"}"#,
    r#"{"type":"contacts","data":{"contacts":[{"id":"1","name":"Ana","phones":["+34911",{"number":"201","type":"work"}]}],"mode":"replace","source":"crm"}}"#,
    r#"{"type":"contacts","data":[{"id":1,"name":"B","phones":34911,"company":"C","deleted":true}]}"#,
    r#"{"type":"contacts:remove","id":"x","data":{"ids":[1],"source":"crm"}}"#,
    r#"{"type":"contacts:clear","id":"x","data":{}}"#,
    r#"{"type":"contacts:search","id":"x","data":{"query":"an","max":5}}"#,
    r#"{"type":"contacts:match","id":"x","data":{"numbers":["+34911",5]}}"#,
    r#"{"type":"contacts:vcf","id":"x","data":{"text":"BEGIN:VCARD\nFN:A\nTEL:1\nEND:VCARD"}}"#,
    r#"{"type":"xivo:open","id":"x","data":{"socket":"a"}}"#,
    r#"{"type":"xivo:frame","id":"x","data":{"socket":"a","frame":"{\"claz\":\"web\",\"command\":\"dial\",\"destination\":\"201\"}"}}"#,
    r#"{"type":"xivo:close","id":"x","data":{"socket":"a"}}"#,
    r#"{"type":"hello","id":"x"}"#,
    r#"{"type":"show","id":"x"}"#,
    r#"{"type":"hide","id":"x"}"#,
    r#"{"type":"navigate","id":"x","data":{"view":"recents"}}"#,
    r#"{"type":"size","id":"x","data":{"width":320,"height":460}}"#,
    r#"{"type":"unknown","id":"x"}"#,
    r#"{"type":"state","id":"x","data":[[[[[[[[[[1]]]]]]]]]]}"#,
    r#"{"type":"call","id":"x","data":{"number":5}}"#,
    r#"{"type":"logout","id":"x"}"#,
    r#"{"type":"login","id":"x","data":{"user":"1"}}"#,
];

/// The first octet says which calls there are; then a line is a message, or what its first character says.
fn seeds() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (at, messages) in MESSAGES.chunks(4).enumerate() {
        let start = [u8::try_from(at % 4).unwrap_or(0)];
        all.push([start.as_slice(), messages.join("\n").as_bytes()].concat());
    }
    all.push(b"\0<1{\"type\":\"contacts\",\"id\":\"7\",\"data\":{\"mode\":\"replace\"}}\n[1[{\"id\":1,\"name\":\"A\",\"phones\":[\"201\"]}]\n#1\n>1".to_vec());
    all.push(b"\x03~{\"type\":\"click2call\",\"id\":\"7\",\"data\":{\"number\":\"201\"}}\n!{\"type\":\"x\",\"id\":2}\n#9\n{\"type\":\"state\",\"id\":3}".to_vec());
    all
}

fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let mut station = Station::signed_in();
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
        say(&mut station, line);
    }
    station.end();
    station.check_asks();
}

/// `$asked` stands for the id of the last question to the page.
fn say(station: &mut Station, line: &str) {
    let line = &line.replace("$asked", &station.last_request());
    let mut characters = line.chars();
    let first = characters.next();
    let push = |text: &str| text.chars().next().map_or(0, |c| u64::from(u32::from(c) % 4));
    let after = |text: &str| {
        text.char_indices()
            .nth(1)
            .map_or(String::new(), |(at, _)| text.get(at..).unwrap_or_default().to_owned())
    };
    let rest = characters.as_str();
    match first {
        Some('<') => {
            station.input(Input::Host(HostInput::ContactsBegin { push: push(rest), head: after(rest) }))
        }
        Some('[') => station.input(Input::Host(HostInput::ContactRows {
            push: push(rest),
            rows: after(rest),
            to_come: 0,
        })),
        Some('(') => {
            station.input(Input::Host(HostInput::ContactRowsBad { push: push(rest), count: rest.len() }))
        }
        Some('>') => station.input(Input::Host(HostInput::ContactsEnd { push: push(rest) })),
        Some('!') => station.input(Input::Host(HostInput::Unreadable {
            head: rest.to_owned(),
            too_large: rest.len().is_multiple_of(2),
        })),
        Some('~') => station.input(Input::Host(HostInput::Message { text: rest.to_owned(), held: true })),
        Some('#') => {
            station.index();
            station.run(1_000 * u64::try_from(rest.len()).unwrap_or(0).pow(2));
        }
        _ => {
            if let Some(id) = ask(line) {
                station.asks.push(id);
            }
            station.host(line);
        }
    }
}

/// The `id` of a message that must be answered. A push of contacts is answered when it is over, which may be never.
pub(crate) fn ask(text: &str) -> Option<Value> {
    let Ok(Value::Object(message)) = serde_json::from_str(text) else { return None };
    let kind = message.get("type")?.as_str()?;
    let is_plain = kind.chars().count() <= 64
        && !kind.starts_with("rc-")
        && kind != "contacts"
        && !message.contains_key("__proto__");
    let is_shallow = message.values().all(|value| depth(value) < 8);
    let id = message.get("id")?;
    (is_plain && is_shallow && (id.is_string() || id.is_number())).then(|| id.clone())
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
