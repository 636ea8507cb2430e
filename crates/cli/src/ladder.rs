//! What goes over the wire, for a person to read: an arrow for each message, and the whole of it where that is wanted.
//!
//! It never shows what proves who somebody is or opens what is encrypted, and passes nothing on that a terminal would
//! take for an order.

use softframe_sip::wire::{AuthValue, Frame, Message};
use std::{fmt::Write as _, io::Write as _};

/// Between the two ends, in characters.
const WIDTH: usize = 64;
/// Parameters of an Authorization header that tell no secret, and help to find what is wrong.
const SHOWN: [&str; 7] = ["username", "realm", "uri", "algorithm", "qop", "nc", "nonce"];
const MASKED: &str = "(not shown)";

/// From whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Out,
    In,
}

/// One message: its arrow, and all of it below that where `is_whole`.
pub(crate) fn rung(seconds: f64, direction: Direction, octets: &[u8], is_whole: bool) -> String {
    let frame = Frame::read(octets.to_vec());
    let what = match &frame {
        Frame::Ping => "keep-alive".to_owned(),
        Frame::Pong => "keep-alive answered".to_owned(),
        Frame::Malformed(malformed) => format!("no SIP: {malformed}"),
        Frame::Message(message) => summary(message),
    };
    let what: String = clean(&what).chars().take(WIDTH - 4).collect();
    let line = format!("{:─^WIDTH$}", format!(" {what} "));
    let mut text = match direction {
        Direction::Out => format!("{seconds:>8.3}  phone {line}> server\n"),
        Direction::In => format!("{seconds:>8.3}  phone <{line} server\n"),
    };
    if let (true, Frame::Message(message)) = (is_whole, &frame) {
        for line in whole(message) {
            let _ = writeln!(text, "          {line}");
        }
    }
    text
}

/// `INVITE sip:201@pbx.example`, `200 OK (INVITE)`.
fn summary(message: &Message) -> String {
    match message.status() {
        Some((code, phrase)) => format!("{code} {phrase} ({})", message.cseq().method),
        None => {
            format!("{} {}", message.method(), message.uri().map(ToString::to_string).unwrap_or_default())
        }
    }
}

fn whole(message: &Message) -> Vec<String> {
    let text = String::from_utf8_lossy(message.octets()).into_owned();
    let mut lines = vec![clean(text.lines().next().unwrap_or_default())];
    for (name, value) in message.headers() {
        lines.push(clean(&format!("{name}: {}", header(name, value))));
    }
    if !message.body().is_empty() {
        lines.push(String::new());
        lines.extend(String::from_utf8_lossy(message.body()).lines().map(|line| clean(&body(line))));
    }
    lines
}

fn header(name: &str, value: &str) -> String {
    if !["authorization", "proxy-authorization"].contains(&name.to_ascii_lowercase().as_str()) {
        return value.to_owned();
    }
    let Ok(value) = AuthValue::parse(value) else { return MASKED.to_owned() };
    let shown = SHOWN.into_iter().filter_map(|name| Some(format!("{name}=\"{}\"", value.get(name)?)));
    let shown: Vec<String> = shown.collect();
    format!("{} {}, response {MASKED}", value.scheme, shown.join(", "))
}

/// Keys of a description of sound: ICE's password, and those of SDES.
fn body(line: &str) -> String {
    for begins in ["a=ice-pwd:", "a=crypto:", "k="] {
        if line.starts_with(begins) {
            return format!("{begins} {MASKED}");
        }
    }
    line.to_owned()
}

/// Prints this. Whoever reads it may have read enough, so it may fail.
pub(crate) fn show(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Without control characters.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTER: &str = "REGISTER sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bK1\r\n\
        From: <sip:200@pbx.example>;tag=a\r\nTo: <sip:200@pbx.example>\r\nCall-ID: 1\r\nCSeq: 2 REGISTER\r\n";

    fn shown(rest: &str) -> String {
        rung(1.5, Direction::Out, format!("{REGISTER}{rest}").as_bytes(), true)
    }

    #[test]
    fn message_is_an_arrow_and_all_of_it_below_where_that_is_wanted() {
        let text = shown("X-Note: \u{1b}[31mred\r\n\r\n");
        assert!(text.starts_with("   1.500  phone ─"), "{text}");
        assert!(text.contains("─ REGISTER sip:pbx.example ─") && text.contains("─> server\n"), "{text}");
        assert!(text.contains("X-Note:  [31mred"), "a terminal takes no orders from it: {text}");
        let answer = REGISTER.replacen("REGISTER sip:pbx.example SIP/2.0", "SIP/2.0 200 Fine", 1) + "\r\n";
        let text = rung(0.0, Direction::In, answer.as_bytes(), false);
        assert!(text.contains("phone <─") && text.contains("─ 200 Fine (REGISTER) ─"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn what_proves_or_decrypts_is_not_shown() {
        for secret in [
            "Authorization: Digest username=\"200\", realm=\"r\", cnonce=\"SECRET\", response=\"SECRET\"\r\n\r\n",
            "proxy-authorization: Digest response=SECRET,\r\n username=\"200\"\r\n\r\n",
            "Authorization: Bearer SECRET\r\n\r\n",
            "Authorization: \"SECRET\r\n\r\n",
            "Content-Type: application/sdp\r\n\r\nv=0\r\na=ice-pwd:SECRET\r\n",
            "Content-Type: application/sdp\r\n\r\nv=0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET\n",
        ] {
            let text = shown(secret);
            assert!(text.contains(MASKED) && !text.contains("SECRET"), "{text}");
        }
        let text =
            shown("Authorization: Digest username=\"200\", realm=\"r\", nc=00000002, response=\"x\"\r\n\r\n");
        assert!(text.contains("username=\"200\", realm=\"r\", nc=\"00000002\""), "what helps is: {text}");
    }
}
