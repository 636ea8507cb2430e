//! Header values and URIs: what was read prints to what reads the same.

use crate::{Target, bytes::Bytes};
use softframe_sip::wire::{
    AuthValue, CSeq, EventType, NameAddr, Params, RAck, Reason, Replaces, SessionExpires, SubscriptionState,
    TargetDialog, Uri, UserToUser, Via, Warning, quote, sipfrag_status, split_list, unescape,
};

pub(crate) const HEADERS: Target =
    Target { name: "headers", run: run_header, seeds: header_seeds, words: HEADER_WORDS, max_octets: 1024 };

pub(crate) const URI: Target =
    Target { name: "uri", run: run_uri, seeds: uri_seeds, words: URI_WORDS, max_octets: 512 };

const HEADER_WORDS: &[&str] = &[
    "\"",
    "\\\"",
    "<sip:",
    ">",
    ";",
    ",",
    "=",
    "SIP/2.0/WSS ",
    "z9hG4bK",
    ";branch=",
    ";tag=",
    ";to-tag=",
    ";from-tag=",
    ";early-only",
    ";refresher=uac",
    ";refresher=uas",
    ";cause=",
    ";text=\"",
    ";q=0.5",
    ";expires=",
    ";id=",
    ";reason=",
    ";retry-after=",
    "active",
    "terminated",
    "Digest ",
    "Bearer ",
    "realm=\"",
    "nonce=\"",
    ";encoding=hex",
    "[::1]:5060",
    "99999999999999999999",
    "4294967295",
    "4294967296",
    " INVITE",
    "Q.850",
    "%41",
    "\u{fffd}",
    "\0",
];

fn header_seeds() -> Vec<Vec<u8>> {
    [
        "\"A. \\\"B\\\"\" <sip:a@b.test;lr?X=y>;tag=1;q=0.5",
        "Alice <sip:a@b>",
        "sip:a@b;tag=1",
        "SIP / 2.0 / WSS a.test : 80 ; branch=z9hG4bK1;received=[::1]",
        "425 INVITE",
        "1@a;to-tag=a;from-tag=b;early-only",
        "1@a;local-tag=a;remote-tag=b",
        "90;refresher=uas",
        "1 1 INVITE",
        "SIP;cause=200;text=\"Call completed elsewhere\", Q.850;cause=16",
        "refer;id=93809824",
        "terminated;reason=noresource;retry-after=5",
        "56a390f3d2b7310023a2;encoding=hex;purpose=x",
        "399 a.test \"Some \\\"text\\\"\"",
        "Digest realm=\"a, b\", nonce=\"x\\\"y\", qop=\"auth,auth-int\", algorithm=SHA-256",
        "<sip:a@b>, \"x,y\" <sip:c@d>;x=\",\", e",
        "SIP/2.0 180 Ringing\r\nX: y",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

fn run_header(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    judge_header(&text);
    for part in split_list(&text) {
        judge_header(part);
    }
    let _ = sipfrag_status(octets);
    assert!(!quote(&text).contains(['\r', '\n', '\0']));
    let _ = unescape(&text);
}

/// Reads `value` as everything it could be.
pub(crate) fn judge_header(value: &str) {
    // Controls are written as spaces.
    let is_kept = !value.contains(char::is_control);
    if let Ok(address) = NameAddr::parse(value) {
        let printed = address.to_string();
        let again = NameAddr::parse(&printed).unwrap_or_else(|error| panic!("{printed:?}: {error:?}"));
        assert_eq!(again.uri, address.uri, "{printed:?}");
        assert!(!is_kept || again == address, "{printed:?}: {again:?} {address:?}");
        assert_eq!(again.tag(), address.tag());
        let tagged = address.with_tag("fresh");
        assert_eq!(NameAddr::parse(&tagged.to_string()).as_ref().map(NameAddr::tag), Ok(Some("fresh")));
    }
    if let Ok(via) = Via::parse(value) {
        let printed = via.to_string();
        let again = Via::parse(&printed).unwrap_or_else(|error| panic!("{printed:?}: {error:?}"));
        assert!(!is_kept || again == via, "{printed:?}: {again:?} {via:?}");
    }
    if let Ok(cseq) = CSeq::parse(value) {
        assert_eq!(CSeq::parse(&cseq.to_string()), Ok(cseq));
    }
    if let Ok(expires) = SessionExpires::parse(value) {
        assert_eq!(SessionExpires::parse(&expires.to_string()), Ok(expires));
    }
    if let Ok(rack) = RAck::parse(value) {
        assert_eq!(RAck::parse(&rack.to_string()), Ok(rack));
    }
    if let Ok(replaces) = Replaces::parse(value) {
        assert_eq!(Replaces::parse(&replaces.to_string()), Ok(replaces));
    }
    if let Ok(dialog) = TargetDialog::parse(value) {
        assert!(!dialog.call_id.is_empty(), "{value:?}");
    }
    if let Ok(params) = Params::parse(value) {
        let again = Params::parse(&params.to_string());
        assert!(!is_kept || again == Ok(params), "{value:?}: {again:?}");
    }
    let reason = Reason::parse(value);
    let again = Reason::parse(&reason.to_string());
    assert_eq!((again.cause, again.protocol), (reason.cause, reason.protocol), "{value:?}");
    let _ = (EventType::parse(value), SubscriptionState::parse(value), Warning::parse(value));
    let _ = UserToUser::parse(value).map(|value| value.octets());
    let _ = AuthValue::parse(value).map(|value| value.get("realm").map(str::len));
}

const URI_WORDS: &[&str] = &[
    "sip:",
    "sips:",
    "tel:",
    "urn:",
    "@",
    ":",
    ";",
    "?",
    "=",
    "&",
    "%40",
    "%00",
    "%3B",
    "[::1]",
    "[2001:db8::10]",
    ":5060",
    ":65536",
    ";lr",
    ";transport=ws",
    ";gr=",
    ";ob",
    ";user=phone",
    ";phone-context=",
    ";ext=",
    "+34",
    "Replaces=",
];

fn uri_seeds() -> Vec<Vec<u8>> {
    [
        "\0sip:a%40b:pw@[2001:db8::10]:5070;lr;transport=wss?X-A=b%20c&Replaces=1%3Bto-tag%3Da",
        "\0sips:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        "\0sip:user;par=u%40example.net@example.com",
        "\0tel:+34-911;ext=5;phone-context=+34",
        "\0urn:service:sos",
        "\0sip:a.test",
        "\x01Ana & Co: ;?/@%",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

fn run_uri(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let built = bytes.chance(2);
    let text = String::from_utf8_lossy(bytes.rest()).into_owned();
    if built {
        let uri = Uri::sip(Some(&text), "a.test").with_header("X-Any", &text).with_param("p", Some("v"));
        let again = Uri::parse(uri.as_str()).unwrap_or_else(|error| panic!("{}: {error:?}", uri.as_str()));
        assert_eq!(again.host(), "a.test", "{}", uri.as_str());
        assert_eq!(again.user().unwrap_or_default(), text, "{}", uri.as_str());
        assert_eq!(again.headers().next(), Some(("X-Any".to_owned(), text.clone())), "{}", uri.as_str());
        return;
    }
    let Ok(uri) = Uri::parse(&text) else { return };
    let again = Uri::parse(uri.as_str()).unwrap_or_else(|error| panic!("{:?}: {error:?}", uri.as_str()));
    assert_eq!(again, uri);
    assert!(uri.same_place(&again));
    let _ = (uri.user(), uri.password(), uri.host(), uri.port(), uri.headers().count());
    if uri.is_sip() {
        let marked = uri.clone().with_param("ob", None).without_headers();
        let again =
            Uri::parse(marked.as_str()).unwrap_or_else(|error| panic!("{:?}: {error:?}", marked.as_str()));
        assert_eq!(again.param("ob"), Some(""), "{:?}", marked.as_str());
        assert_eq!((again.host(), again.port(), again.user()), (uri.host(), uri.port(), uri.user()));
        assert_eq!(again.headers().count(), 0);
    }
}
