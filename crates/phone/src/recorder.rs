//! The flight recorder: what went over the wire and what became of it, for a report that goes to support.
//!
//! It never keeps a credential, a key, or what people wrote to one another: all that is masked before it is kept.

use crate::{Input, MediaEvent, Output, Phone, SocketEvent, clock};
use softframe_sip::Instant;
use std::collections::VecDeque;

/// Enough for the sign-in and some twenty calls; less than a picture of one contact takes.
const MAX_RECORD_OCTETS: usize = 256 * 1024;
/// An INVITE of a browser has about 4 kB. What is longer is cut, so that one message cannot push out all others.
const MAX_ENTRY_OCTETS: usize = 8 * 1024;
/// CRLF CRLF: a keep-alive tells nothing.
const MAX_KEEP_ALIVE_OCTETS: usize = 4;

/// Headers of which only the name is kept: answers to challenges, and what pages and peers send along.
const MASKED_HEADERS: [&str; 8] = [
    "authorization",
    "proxy-authorization",
    "authentication-info",
    "proxy-authentication-info",
    "identity",
    "user-to-user",
    "subject",
    "s",
];
/// Lines of a description (RFC 8866) of which only the name is kept: keys, and what could take over a media path.
const MASKED_LINES: [&str; 7] =
    ["a=ice-pwd", "a=ice-ufrag", "a=fingerprint", "a=crypto", "a=key-mgmt", "a=identity", "k="];
const MASK: &str = " [masked]";

/// What was kept, the oldest first.
#[derive(Default)]
pub(crate) struct Recorder {
    entries: VecDeque<(Instant, String)>,
    octets: usize,
}

impl Recorder {
    fn note(&mut self, now: Instant, mut text: String) {
        if text.len() > MAX_ENTRY_OCTETS {
            let cut = text.floor_char_boundary(MAX_ENTRY_OCTETS);
            text.truncate(cut);
            text.push_str("\n[cut]");
        }
        self.octets += text.len();
        self.entries.push_back((now, text));
        while self.octets > MAX_RECORD_OCTETS {
            let Some((_, oldest)) = self.entries.pop_front() else { break };
            self.octets -= oldest.len();
        }
    }

    fn frame(&mut self, now: Instant, direction: &str, frame: &[u8]) {
        if frame.len() > MAX_KEEP_ALIVE_OCTETS {
            self.note(now, masked(direction, frame));
        }
    }
}

impl Phone {
    /// Before the input is worked on: it is what the rest follows from. Gives where its outputs will begin.
    pub(crate) fn record_input(&mut self, now: Instant, input: &Input) -> usize {
        if let Input::Socket { event: SocketEvent::Frame(frame), .. } = input {
            self.recorder.frame(now, "received", frame);
        } else if let Some(text) = told(input) {
            self.recorder.note(now, text);
        }
        self.out.len()
    }

    /// What this input led to: the outputs from `first` on.
    pub(crate) fn record_outputs(&mut self, now: Instant, first: usize) {
        for output in self.out.iter().skip(first) {
            match output {
                Output::Transmit { frame, .. } => self.recorder.frame(now, "sent", frame),
                Output::Connect { url, .. } => {
                    // What stands behind the path may be a secret of the integrator.
                    let address = url.split('?').next().unwrap_or_default();
                    self.recorder.note(now, format!("socket to {address}"));
                }
                Output::Disconnect { .. } => self.recorder.note(now, "socket given up".to_owned()),
                Output::Warn(text) => self.recorder.note(now, format!("warning: {text}")),
                Output::Host { message, .. } => {
                    if let Some(kind) = kind_of(message) {
                        self.recorder.note(now, format!("told the page: {kind}"));
                    }
                }
                _ => {}
            }
        }
    }

    /// All that was kept, as text for people.
    pub(crate) fn report(&self, now: Instant) -> String {
        let wall = self.clock.wall(now);
        let mut text = format!("Softframe {}\n{}\n", env!("CARGO_PKG_VERSION"), clock::iso8601(wall));
        let state =
            self.connection.as_ref().map_or("offline", |known| crate::account::state_name(known.state));
        if let Some(account) = self.account() {
            text.push_str(&account);
            text.push_str(": ");
        }
        text.push_str(state);
        for (at, entry) in &self.recorder.entries {
            text.push_str("\n\n");
            text.push_str(&clock::iso8601(wall.saturating_sub(now.since(*at))));
            text.push(' ');
            text.push_str(entry);
        }
        text.push('\n');
        text
    }
}

/// What an input that is no message tells of the states of things.
fn told(input: &Input) -> Option<String> {
    Some(match input {
        Input::Socket { event: SocketEvent::Opened, .. } => "socket opened".to_owned(),
        Input::Socket { event: SocketEvent::Closed, .. } => "socket closed".to_owned(),
        Input::Media { call, event: MediaEvent::State(state), .. } => {
            format!("call {}: sound {state:?}", call.0)
        }
        Input::Media { call, event: MediaEvent::Failed(error), .. } => {
            format!("call {}: media failed, {error:?}", call.0)
        }
        Input::Media { call, event: MediaEvent::MicrophoneLost, .. } => {
            format!("call {}: microphone lost", call.0)
        }
        // Which keys they were may be a secret.
        Input::Media { call, event: MediaEvent::KeysFailed(_), .. } => {
            format!("call {}: keys could not be played", call.0)
        }
        Input::Online(true) => "browser online".to_owned(),
        Input::Online(false) => "browser offline".to_owned(),
        Input::SoundBlocked => "sound blocked".to_owned(),
        _ => return None,
    })
}

/// The type of a message to the page. Its data may hold what the page sent itself, and is not kept.
fn kind_of(message: &str) -> Option<&str> {
    message.strip_prefix(r#"{"type":""#)?.split('"').next()
}

/// A SIP message, readable, without its secrets. Of bodies only descriptions of media are kept: others are texts, key
/// tones or the presence of people.
fn masked(direction: &str, frame: &[u8]) -> String {
    let text = String::from_utf8_lossy(frame);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut out = String::from(direction);
    let mut is_description = false;
    let mut is_masked = false;
    for line in head.lines() {
        // A line that begins with white space goes on with the header before it (RFC 3261 §7.3.1).
        let goes_on = line.starts_with([' ', '\t']);
        if goes_on && is_masked {
            continue;
        }
        let name = line.split(':').next().unwrap_or_default().trim_end();
        is_description |= is_one_of(name, &["content-type", "c"]) && line.contains("/sdp");
        is_masked = is_one_of(name, &MASKED_HEADERS) || name.get(..2).is_some_and(|x| is_one_of(x, &["x-"]));
        out.push('\n');
        match is_masked {
            true => push_masked(&mut out, name, ":"),
            false => push_without_passwords(&mut out, line),
        }
    }
    match (body.is_empty(), is_description) {
        (true, _) => {}
        (false, true) => {
            out.push('\n');
            push_description(&mut out, body);
        }
        (false, false) => out.push_str("\n\n[body left out]"),
    }
    out
}

fn push_description(out: &mut String, body: &str) {
    for line in body.lines() {
        out.push('\n');
        match MASKED_LINES.iter().find(|masked| line.starts_with(**masked)) {
            Some(name) => push_masked(out, name, ""),
            None => out.push_str(line),
        }
    }
}

fn push_masked(out: &mut String, name: &str, colon: &str) {
    out.push_str(name);
    out.push_str(colon);
    out.push_str(MASK);
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// `sip:user:password@host` (RFC 3261 §19.1.1) without the password.
fn push_without_passwords(out: &mut String, line: &str) {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('@') {
        let scheme =
            ["sip:", "sips:"].iter().filter_map(|scheme| Some(before.rfind(scheme)? + scheme.len())).max();
        let user = scheme.and_then(|start| Some((start, before.get(start..)?)));
        let password = user.and_then(|(start, user)| user.find(':').map(|colon| start + colon));
        match password.and_then(|colon| before.get(..colon)) {
            Some(known) => push_masked(out, known, ":"),
            None => out.push_str(before),
        }
        out.push('@');
        rest = after;
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(recorder: &Recorder) -> String {
        recorder.entries.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn secrets_of_headers_uris_and_descriptions_are_not_kept_and_all_else_is() {
        let frame = "REGISTER sip:pbx.test SIP/2.0\r\nFrom: <sip:200:secret1@pbx.test>;tag=a\r\n\
            Authorization: Digest username=\"200\",\r\n response=\"secret2\"\r\nX-Customer: secret3\r\n\
            proxy-authorization : Bearer secret4\r\nContact: \"a:b@c\" <sips:200@x.test:5061>\r\n\
            Content-Type: application/sdp\r\n\r\nv=0\r\na=ice-pwd:secret5\r\na=fingerprint:sha-256 secret6\r\n\
            a=crypto:1 AES secret7\r\na=candidate:1 1 udp 1 10.0.0.1 5000 typ host\r\n";
        let text = masked("sent", frame.as_bytes());
        assert!(!text.contains("secret"), "{text}");
        for line in [
            "sent\nREGISTER sip:pbx.test SIP/2.0\n",
            "\nFrom: <sip:200: [masked]@pbx.test>;tag=a\n",
            "\nAuthorization: [masked]\nX-Customer: [masked]\n",
            "\nContact: \"a:b@c\" <sips:200@x.test:5061>\n",
            "\na=ice-pwd [masked]\n",
            "\na=candidate:1 1 udp 1 10.0.0.1 5000 typ host",
        ] {
            assert!(text.contains(line), "{line:?} in {text}");
        }
    }

    #[test]
    fn bodies_that_describe_no_media_are_left_out() {
        for kind in ["text/plain", "application/dtmf-relay", "application/pidf+xml"] {
            let frame = format!("MESSAGE sip:200@pbx.test SIP/2.0\r\nContent-Type: {kind}\r\n\r\nSignal=7");
            let text = masked("received", frame.as_bytes());
            assert!(text.ends_with("[body left out]") && !text.contains("Signal"), "{text}");
        }
    }

    #[test]
    fn the_oldest_goes_when_the_ring_is_full_and_a_long_message_is_cut() {
        let mut recorder = Recorder::default();
        recorder.note(Instant(0), "the first".to_owned());
        for _ in 0..40 {
            recorder.note(Instant(1), "é".repeat(MAX_ENTRY_OCTETS));
        }
        let kept = kept(&recorder);
        assert!(!kept.contains("the first") && kept.contains("[cut]"));
        assert!(kept.len() <= MAX_RECORD_OCTETS + 64, "{}", kept.len());
        assert_eq!(recorder.octets, recorder.entries.iter().map(|(_, text)| text.len()).sum::<usize>());
    }

    #[test]
    fn keep_alives_are_not_kept() {
        let mut recorder = Recorder::default();
        recorder.frame(Instant(0), "sent", b"\r\n\r\n");
        assert!(recorder.entries.is_empty());
    }
}
