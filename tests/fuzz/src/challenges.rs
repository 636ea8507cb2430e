//! Challenges of servers: what is answered, is answered in one line of a header that can be read.

use crate::{Target, bytes::Bytes};
use softframe_sip::{
    Ids, RealmHash, Secret,
    digest::{Attempt, Credentials},
    wire::{AuthValue, Message, Method},
};

pub(crate) const TARGET: Target = Target { name: "challenges", run, seeds, words: WORDS, max_octets: 2048 };

const WORDS: &[&str] = &[
    "Digest ",
    "Bearer ",
    "Basic ",
    "realm=\"a.test\"",
    "realm=\"b.test\"",
    "nonce=\"1\"",
    "nonce=\"2\"",
    "qop=\"auth\"",
    "qop=\"auth-int\"",
    "qop=\"auth,auth-int\"",
    "qop=auth",
    "algorithm=MD5",
    "algorithm=MD5-sess",
    "algorithm=SHA-256",
    "algorithm=SHA-256-sess",
    "algorithm=SHA-512-256",
    "opaque=\"o\"",
    "stale=true",
    "domain=\"sip:a.test\"",
    ", ",
    "\n",
    "\\\"",
    "\u{fffd}",
    "\0",
];

/// Answers, proxy and realm of an input: the first octet says how the secret is known, then each line is a response: its
/// first octet says of what.
fn seeds() -> Vec<Vec<u8>> {
    [
        "\0\0Digest realm=\"a.test\", nonce=\"1\", qop=\"auth\", algorithm=MD5\n\x10\n\0Digest realm=\"a.test\", nonce=\"2\", stale=true, algorithm=MD5",
        "\x01\x01Digest realm=\"a.test\", nonce=\"1\", qop=\"auth,auth-int\", algorithm=SHA-256-sess, opaque=\"x\\\"y\"",
        "\x02\0Bearer realm=\"a.test\"",
        "\x02\x01Bearer realm=\"a.test\"",
        "\0\x03Digest realm=\"\", nonce=\"\"",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let secret = match bytes.octet() % 3 {
        0 => Secret::Password("secret".to_owned()),
        1 => Secret::Hashes(vec![RealmHash::from_password("200", "a.test", "secret")]),
        _ => Secret::Token("token".to_owned()),
    };
    let (mut credentials, mut ids) = (Credentials::new("2\"00", secret), Ids::new([7; 32]));
    let mut attempt = Attempt::default();
    for line in bytes.rest().split(|octet| *octet == b'\n') {
        let mut bytes = Bytes::new(line);
        let kind = bytes.octet();
        if kind & 0x10 != 0 {
            let _ = credentials.accepted();
            attempt = Attempt::default();
            continue;
        }
        let method = if kind & 2 == 0 { Method::Register } else { Method::Invite };
        let Some(response) = response(kind, &method, bytes.rest()) else { continue };
        let is_answered = credentials.challenged(&response, &mut attempt).is_ok();
        let lines = credentials.authorize(&mut ids, &method, "sip:a.test", b"body");
        assert!(!is_answered || !lines.is_empty(), "a challenge that is answered has an answer");
        for (name, value) in lines {
            assert!(["Authorization", "Proxy-Authorization"].contains(&name));
            assert!(!value.contains(['\r', '\n']), "{value:?}");
            let read = AuthValue::parse(&value).unwrap_or_else(|error| panic!("{value:?}: {error:?}"));
            if read.is("Digest") {
                assert_eq!(read.get("username"), Some("2\"00"), "{value:?}");
                assert!(read.get("response").is_some_and(|response| response.len() >= 32), "{value:?}");
            }
        }
    }
}

fn response(kind: u8, method: &Method, challenge: &[u8]) -> Option<Message> {
    let (code, name) = if kind & 1 == 0 { (401, "WWW-Authenticate") } else { (407, "Proxy-Authenticate") };
    let method = method.as_str();
    let head = format!(
        "SIP/2.0 {code} No\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK1\r\nFrom: <sip:1@a.test>;tag=f\r\nTo: <sip:1@a.test>\r\n\
         Call-ID: 1\r\nCSeq: 1 {method}\r\n"
    );
    let mut octets = head.into_bytes();
    for value in challenge.split(|octet| *octet == 0x0b) {
        octets.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    octets.extend(b"\r\n");
    Message::parse(octets).ok()
}
