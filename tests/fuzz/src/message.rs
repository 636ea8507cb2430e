//! The SIP message reader: what is read prints back, and whatever is built of it can be read again.

use crate::{Target, values};
use softframe_sip::wire::{Defect, Frame, Malformed, Message, Method, ResponseBuilder, StatusCode, Via};
use std::{fs, path::Path};

pub(crate) const TARGET: Target =
    Target { name: "message", run, seeds: corpus, words: WORDS, max_octets: 4096 };

pub(crate) const WORDS: &[&str] = &[
    "SIP/2.0",
    "INVITE ",
    "ACK ",
    "BYE ",
    "REGISTER ",
    "\r\n",
    "\r\n\r\n",
    "\r\n ",
    "\r\nVia: SIP/2.0/WSS a;branch=z9hG4bK1",
    "\r\nFrom: <sip:a@b>;tag=1",
    "\r\nTo: <sip:a@b>",
    "\r\nCall-ID: 1",
    "\r\nCSeq: 1 INVITE",
    "\r\nContact: *",
    "\r\nContent-Length: 0",
    "\r\nl: ",
    "\r\nv: ",
    "\r\nf: ",
    "\r\nt: ",
    "\r\ni: ",
    "\r\nRoute: <sip:a;lr>",
    "\r\nMax-Forwards: 70",
    "sip:",
    "sips:",
    "tel:",
    "urn:x:y",
    "[::1]",
    ";lr",
    ";tag=",
    ";branch=",
    ";received=",
    ";ext=",
    "%00",
    "%0d%0a",
    "\"\\\"",
    "4294967296",
    "99999999999999999999",
    "\u{fffd}",
    "\0",
];

/// The messages of RFC 4475 and RFC 5118, and some of our own.
pub(crate) fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/torture");
    let mut all = Vec::new();
    for part in ["rfc4475", "rfc5118"] {
        let entries = fs::read_dir(folder.join(part)).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        all.extend(paths.iter().filter_map(|path| fs::read(path).ok()));
    }
    all.extend([
        b"\r\n\r\n".to_vec(),
        b"\r\n".to_vec(),
        OPTIONS.as_bytes().to_vec(),
        BUSY.as_bytes().to_vec(),
    ]);
    all
}

const OPTIONS: &str = "OPTIONS sip:200@a.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK1\r\nFrom: <sip:1@a.test>;tag=f\r\n\
                       To: <sip:200@a.test>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n";
const BUSY: &str = "SIP/2.0 486 Busy Here\r\nv: SIP/2.0/WSS p.test;branch=z9hG4bK1\r\nf: <sip:1@a.test>;tag=f\r\n\
                    t: \"A, B\" <sip:200@a.test>;tag=t\r\ni: 1\r\nCSeq: 1 INVITE\r\nReason: SIP;cause=486,Q.850;cause=17;text=\"x\"\r\nl: 0\r\n\r\n";

fn run(octets: &[u8]) {
    match Frame::read(octets.to_vec()) {
        Frame::Ping | Frame::Pong => assert!(octets.iter().all(|octet| b"\r\n".contains(octet))),
        Frame::Malformed(malformed) => {
            assert!(!malformed.to_string().is_empty());
            if let Some(response) = malformed.response {
                assert!(is_refusal(&response), "{}", String::from_utf8_lossy(&response));
            }
        }
        Frame::Message(message) => judge(&message, octets),
    }
}

/// What answers octets that are no message. It repeats their headers, and may be no message for the same reason.
pub(crate) fn is_refusal(octets: &[u8]) -> bool {
    let head = octets.strip_prefix(b"SIP/2.0 ").unwrap_or_default();
    head.starts_with(b"4") || head.starts_with(b"5")
}

fn judge(message: &Message, octets: &[u8]) {
    assert_eq!(message.octets(), octets, "an untouched message prints back");
    for (name, value) in message.headers() {
        let _ = (message.number(name), message.list(name).count(), message.addresses(name).count());
        assert!(!value.contains(['\r', '\n']), "{name} has a line end: {value:?}");
    }
    for (_, value) in message.headers().take(20) {
        values::judge_header(value);
    }
    let _ = (message.privacy().count(), message.content_type(), message.contact());
    let edited = message.edit().set("X-Touched", "yes").add_first("Route", "<sip:r.test;lr>").finish();
    assert_eq!(edited.header("X-Touched"), Some("yes"));
    assert_eq!(edited.body(), message.body());
    let again = same_after_reading(&edited, "an edited message");
    assert!(
        again.is_none_or(|again| again.header("X-Touched") == Some("yes") && again.body() == message.body())
    );
    if message.is_request() {
        answer(message);
    }
    if let Ok(converted) = rsip::SipMessage::try_from(message) {
        let _ = Message::try_from(&converted);
    }
}

fn answer(request: &Message) {
    for code in [100, 200, 488] {
        let code = StatusCode::new(code).expect("a status code");
        let response = ResponseBuilder::new(request, code).to_tag("mine").body("text/plain", b"x").build();
        if let Some(response) = same_after_reading(&response, "a response") {
            assert_eq!(response.call_id(), request.call_id());
            assert_eq!(response.cseq(), request.cseq());
            assert_eq!(response.via(), request.via());
            assert_eq!(response.list("Via").count(), request.list("Via").count());
        }
        if *request.method() == Method::Invite && code.code() == 488 {
            same_after_reading(&request.to_ack(&response), "an ACK");
        }
    }
    if *request.method() == Method::Invite {
        same_after_reading(&request.to_cancel(), "a CANCEL");
    }
    let passed_on = request.edit().push_via(Via::new("WSS", "proxy.test", "z9hG4bKp")).finish();
    if let Some(read) = same_after_reading(&passed_on, "a request that is passed on") {
        assert_eq!(read.via().host, "proxy.test");
        assert!(read.edit().pop_via().is_some());
    }
}

/// What was written is read as what it is, if it is not longer than may be read.
fn same_after_reading(written: &Message, what: &str) -> Option<Message> {
    match Message::parse(written.octets().to_vec()) {
        Ok(read) => {
            assert_eq!((read.method(), read.status()), (written.method(), written.status()), "{what}");
            // Names may have had controls in them, which are written as spaces.
            for (read, written) in [(read.from(), written.from()), (read.to(), written.to())] {
                assert_eq!((&read.uri, read.tag()), (&written.uri, written.tag()), "{what}");
            }
            Some(read)
        }
        Err(Malformed { defect: Defect::TooLarge, .. }) => None,
        Err(malformed) => {
            panic!("{what}: {malformed}\n{}", String::from_utf8_lossy(written.octets()));
        }
    }
}
