//! The same octets through our reader and through rsip's: they must agree, but for a list of what rsip is known to get
//! wrong. An entry of that list that explains nothing any more fails the test, as do too few comparisons.

#[path = "differential/written.rs"]
mod written;

use rsip::prelude::{HeadersExt, ToTypedHeader, UntypedHeader};
use softframe_sip::wire::{Message, NameAddr};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// Messages from the seed, beside those of the two RFCs.
const WRITTEN: usize = 2_000;
/// With fewer messages of which rsip reads the whole, or fewer values that agree, the test would show too little.
const MIN_COMPARED: usize = 1_700;
const MIN_AGREED: usize = 20_000;

/// What one reader makes of a message: the values by their names.
type Reading = BTreeMap<&'static str, String>;

/// What rsip is known to read wrongly.
struct Known {
    /// What is in the message, and why our reading is the right one.
    why: &'static str,
    /// The values of the reading that it may spoil; `message` where rsip refuses the whole.
    values: &'static [&'static str],
    /// Whether it is in this message.
    is_in: fn(&str) -> bool,
}

/// Each entry is in at least one message, and explains a difference that no other one does.
const KNOWN: &[Known] = &[
    Known {
        why: "RFC 3261 §7.3.1: a value may go on in the next line; rsip refuses the message",
        values: &["message"],
        is_in: |text| head(text).contains("\r\n ") || head(text).contains("\r\n\t"),
    },
    Known {
        why: "RFC 3261 §7.3.3: compact names are names; rsip knows only the long ones",
        values: &["call-id", "from", "from tag", "to", "to tag", "transport", "sent-by", "branch", "contact"],
        is_in: |text| lines(text).any(|(name, _)| name.trim().len() == 1),
    },
    Known {
        why: "RFC 3261 §7.3.1: white space may stand before the colon; rsip refuses the message",
        values: &["message"],
        is_in: |text| lines(text).any(|(name, _)| name.ends_with([' ', '\t'])),
    },
    Known {
        why: "RFC 3261 §25.1, LWS: white space may stand behind a value; rsip refuses the value",
        values: &["from", "from tag", "to", "to tag", "contact"],
        is_in: |text| lines(text).any(|(_, value)| value.ends_with([' ', '\t'])),
    },
    Known {
        why: "RFC 4475 §3.1.2.15: white space behind the start line is a fault that costs nothing; rsip refuses the message",
        values: &["message"],
        is_in: |text| text.split("\r\n").next().is_some_and(|start| start.ends_with(' ')),
    },
    Known {
        why: "RFC 3261 §7.1: any token is a method; rsip has fourteen",
        values: &["message", "cseq"],
        is_in: |text| !METHODS.contains(&method(text)),
    },
    Known {
        why: "RFC 3261 §25.1: a user part may have a dot; rsip takes it for a part of the host",
        values: &["message", "request-uri", "from", "from tag", "to", "to tag", "contact"],
        is_in: |text| addresses(text).any(|uri| user(uri).contains('.')),
    },
    Known {
        why: "RFC 3261 §19.1.1: a URI may have headers; rsip leaves them out or refuses it",
        values: &["message", "request-uri", "from", "from tag", "to", "to tag", "contact"],
        is_in: |text| addresses(text).any(|uri| uri.contains('?')),
    },
    Known {
        why: "RFC 3261 §25.1, absoluteURI: a scheme may be unknown, which is answered with 416; rsip refuses the message or cuts the URI",
        values: &["message", "request-uri"],
        is_in: |text| addresses(text).any(|uri| !uri.starts_with("sip")),
    },
    Known {
        why: "RFC 3261 §25.1: an IPv6 host stands in brackets; rsip reads none",
        values: &[
            "message",
            "request-uri",
            "from",
            "from tag",
            "to",
            "to tag",
            "contact",
            "transport",
            "sent-by",
            "branch",
        ],
        is_in: |text| head(text).contains('['),
    },
    Known {
        why: "RFC 3261 §7.3.1: several values may stand in one line; rsip reads none or parts of them",
        values: &["branch", "contact"],
        is_in: |text| {
            lines(text)
                .any(|(name, value)| ["via", "contact"].contains(&name.as_str()) && value.contains(','))
        },
    },
    Known {
        why: "RFC 3261 §18.3: what follows the length that Content-Length tells is no body; rsip does not look at it",
        values: &["body"],
        is_in: |text| {
            let length = lines(text).find(|(name, _)| ["content-length", "l"].contains(&name.trim()));
            let length = length.and_then(|(_, value)| value.trim().parse::<usize>().ok());
            text.split_once("\r\n\r\n").zip(length).is_some_and(|((_, rest), length)| rest.len() > length)
        },
    },
    Known {
        why: "RFC 7118 §5.2: a frame has its own end, so a message without the empty line is read; rsip takes all but the \
              first line for the body",
        values: &["from", "from tag", "to", "to tag", "contact", "call-id", "cseq", "body"],
        is_in: |text| !text.contains("\r\n\r\n"),
    },
];

const METHODS: &[&str] = &[
    "ACK",
    "BYE",
    "CANCEL",
    "INFO",
    "INVITE",
    "MESSAGE",
    "NOTIFY",
    "OPTIONS",
    "PRACK",
    "PUBLISH",
    "REFER",
    "REGISTER",
    "SUBSCRIBE",
    "UPDATE",
];

fn head(text: &str) -> &str {
    text.split_once("\r\n\r\n").map_or(text, |(head, _)| head)
}

/// Names in lower case and values of the lines behind the first, with the white space that stands behind either.
fn lines(text: &str) -> impl Iterator<Item = (String, &str)> {
    let lines = head(text).split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim_start()))
}

/// The method of a request, or of the one that a response belongs to.
fn method(text: &str) -> &str {
    let cseq =
        lines(text).find(|(name, _)| name.trim() == "cseq").and_then(|(_, value)| value.split(' ').nth(1));
    text.split(' ').next().filter(|word| !word.starts_with("SIP/")).or(cseq).unwrap_or_default()
}

/// The Request-URI and what stands in From, To and Contact.
fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let request = text.split(' ').nth(1).filter(|_| !text.starts_with("SIP/"));
    let values =
        lines(text).filter(|(name, _)| ["from", "f", "to", "t", "contact", "m"].contains(&name.trim()));
    request.into_iter().chain(values.map(|(_, value)| {
        let uri = value.rsplit_once('<').map_or(value, |(_, rest)| rest);
        uri.split('>').next().unwrap_or(uri)
    }))
}

fn user(uri: &str) -> &str {
    uri.split_once('@').map_or("", |(user, _)| user)
}

/// User part and the rest, this in lower case, since case does not count there and rsip changes it.
fn same(uri: &str) -> String {
    let (scheme, rest) = uri.split_once(':').unwrap_or_default();
    let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
    format!("{scheme}: user {user:?}, host {}", host.to_ascii_lowercase())
}

/// As [`same`], by the parts that rsip has found.
fn same_of_rsip(uri: &rsip::Uri) -> String {
    let scheme = uri.scheme.as_ref().map(ToString::to_string).unwrap_or_default();
    let user = uri.auth.as_ref().map(ToString::to_string).unwrap_or_default();
    let params: String = uri.params.iter().map(ToString::to_string).collect();
    format!(
        "{scheme}: user {user:?}, host {}",
        format!("{}{params}", uri.host_with_port).to_ascii_lowercase()
    )
}

fn ours(message: &Message) -> Reading {
    let mut reading = Reading::new();
    match message.status() {
        Some((code, _)) => drop(reading.insert("status", code.to_string())),
        None => {
            reading.insert("method", message.method().to_string());
            reading.insert("request-uri", message.uri().map(|uri| same(uri.as_str())).unwrap_or_default());
        }
    }
    let address = |reading: &mut Reading, [name, tag]: [&'static str; 2], address: &NameAddr| {
        reading.insert(name, same(address.uri.as_str()));
        reading.insert(tag, address.tag().unwrap_or_default().to_owned());
    };
    address(&mut reading, ["from", "from tag"], message.from());
    address(&mut reading, ["to", "to tag"], message.to());
    reading
        .insert("contact", message.contact().map(|contact| same(contact.uri.as_str())).unwrap_or_default());
    reading.insert("call-id", message.call_id().to_owned());
    reading.insert("cseq", format!("{} {}", message.cseq().number, message.cseq().method));
    reading.insert("transport", message.via().transport.to_ascii_uppercase());
    reading.insert("sent-by", message.via().sent_by().to_ascii_lowercase());
    reading.insert("branch", message.via().branch().to_owned());
    reading.insert("body", message.body().len().to_string());
    reading
}

fn theirs(octets: &[u8]) -> Result<Reading, String> {
    let message = rsip::SipMessage::try_from(octets).map_err(|error| error.to_string())?;
    let mut reading = Reading::new();
    match &message {
        rsip::SipMessage::Response(response) => {
            drop(reading.insert("status", response.status_code.code().to_string()))
        }
        rsip::SipMessage::Request(request) => {
            reading.insert("method", request.method.to_string());
            reading.insert("request-uri", same_of_rsip(&request.uri));
        }
    }
    // A value that rsip cannot read is told as what it says about it.
    let mut put = |name, value: Result<String, rsip::Error>| {
        reading.insert(name, value.unwrap_or_else(|error| format!("({error})")));
    };
    let from = message.from_header().and_then(|from| from.typed());
    put("from", from.as_ref().map(|from| same_of_rsip(&from.uri)).map_err(Clone::clone));
    put("from tag", from.map(|from| from.tag().map(ToString::to_string).unwrap_or_default()));
    let to = message.to_header().and_then(|to| to.typed());
    put("to", to.as_ref().map(|to| same_of_rsip(&to.uri)).map_err(Clone::clone));
    put("to tag", to.map(|to| to.tag().map(ToString::to_string).unwrap_or_default()));
    let contact = message.contact_header().ok().map(|contact| contact.typed());
    put(
        "contact",
        contact.map_or(Ok(String::new()), |contact| contact.map(|contact| same_of_rsip(&contact.uri))),
    );
    put("call-id", message.call_id_header().map(|id| id.value().trim().to_owned()));
    put(
        "cseq",
        message
            .cseq_header()
            .and_then(|cseq| cseq.typed())
            .map(|cseq| format!("{} {}", cseq.seq, cseq.method)),
    );
    let via = message.via_header().and_then(|via| via.typed());
    put("transport", via.as_ref().map(|via| via.transport.to_string()).map_err(Clone::clone));
    put("sent-by", via.as_ref().map(|via| via.uri.to_string().to_ascii_lowercase()).map_err(Clone::clone));
    put("branch", via.map(|via| via.branch().map(ToString::to_string).unwrap_or_default()));
    let body = match &message {
        rsip::SipMessage::Request(request) => &request.body,
        rsip::SipMessage::Response(response) => &response.body,
    };
    reading.insert("body", body.len().to_string());
    Ok(reading)
}

/// The messages of both RFCs as their archives have them; those of RFC 5118 with the line ends of SIP.
fn corpora() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for folder in ["rfc4475", "rfc5118"] {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("torture").join(folder);
        for file in fs::read_dir(path).expect("folder") {
            let file = file.expect("file");
            let mut octets = fs::read(file.path()).expect("octets");
            if folder == "rfc5118" {
                octets = String::from_utf8(octets).expect("text").replace('\n', "\r\n").into_bytes();
            }
            all.push((format!("{folder}/{}", file.file_name().to_string_lossy()), octets));
        }
    }
    all.sort();
    all
}

#[test]
fn rsip_and_we_read_the_same_but_for_what_rsip_is_known_to_get_wrong() {
    let mut messages = corpora();
    assert_eq!(messages.len(), 62);
    messages.extend(written::messages(WRITTEN));
    let (mut compared, mut agreed, mut unexplained) = (0, 0, Vec::new());
    let mut explained = [0; KNOWN.len()];
    for (name, octets) in messages {
        let Ok(message) = Message::parse(octets.clone()) else {
            assert!(
                name.starts_with("rfc"),
                "{name} is valid, and we refuse it:\n{}",
                String::from_utf8_lossy(&octets)
            );
            continue;
        };
        let text = String::from_utf8_lossy(&octets).into_owned();
        let mut differs = |value: &'static str, what: String| {
            let explains = |known: &Known| known.values.contains(&value) && (known.is_in)(&text);
            let reasons: Vec<usize> =
                (0..KNOWN.len()).filter(|at| KNOWN.get(*at).is_some_and(explains)).collect();
            match reasons[..] {
                [] => unexplained.push(format!("{name}: {what}\n{}", head(&text))),
                [only] => explained[only] += 1,
                _ => {}
            }
        };
        match theirs(&octets) {
            Err(error) => differs("message", error),
            Ok(theirs) => {
                compared += 1;
                for (value, ours) in ours(&message) {
                    match theirs.get(value) {
                        Some(theirs) if *theirs == ours => agreed += 1,
                        theirs => differs(value, format!("{value} is {ours:?} to us and {theirs:?} to rsip")),
                    }
                }
            }
        }
    }
    println!("{compared} messages compared, {agreed} values agree");
    for (known, times) in KNOWN.iter().zip(explained) {
        println!("{times:>5} {}", known.why);
    }
    let first: Vec<&String> = unexplained.iter().take(5).collect();
    assert!(
        first.is_empty(),
        "{} differences without a reason, such as\n{}",
        unexplained.len(),
        unexplained[..first.len()].join("\n\n")
    );
    let idle: Vec<&str> =
        KNOWN.iter().zip(explained).filter(|(_, times)| *times == 0).map(|(known, _)| known.why).collect();
    assert!(idle.is_empty(), "no longer needed: {idle:#?}");
    assert!(
        compared >= MIN_COMPARED && agreed >= MIN_AGREED,
        "too little: {compared} messages, {agreed} values"
    );
}
