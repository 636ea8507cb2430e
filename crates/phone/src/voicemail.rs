//! What others leave for the person beside calls: text messages, and how many wait in the voice mail (RFC 3842).
//!
//! It never asks for a summary: servers send it by themselves after each registration, or `watch` has subscribed to it.

use crate::{
    Phone,
    bridge::{self, MessageReceived},
    headers,
    view::Mailbox,
};
use serde::Serialize;
use softframe_sip::wire::Message;

/// `voicemail:update`, and the same in `state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Voicemail {
    pub(crate) new_messages: u32,
    pub(crate) old_messages: u32,
    pub(crate) waiting: bool,
}

impl Voicemail {
    /// `None` where the body says nothing of messages at all. Headers are read as leniently as those of SIP.
    pub(crate) fn read(body: &[u8]) -> Option<Voicemail> {
        let text = String::from_utf8_lossy(body);
        let lines = || text.lines().filter_map(|line| line.split_once(':'));
        let value = |name: &str| {
            let found = lines().find(|(known, _)| known.trim().eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim())
        };
        let waiting = value("Messages-Waiting")?.eq_ignore_ascii_case("yes");
        // `2/8 (0/2)`: new and old, urgent ones among them in brackets.
        let counts = value("Voice-Message").unwrap_or_default();
        let (new, old) = counts.split_once('/').unwrap_or((counts, ""));
        let number = |text: &str| {
            let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or(0)
        };
        Some(Voicemail { new_messages: number(new), old_messages: number(old), waiting })
    }
}

impl Voicemail {
    /// What the header says of it.
    pub(crate) fn chip(self) -> Option<u32> {
        (self.waiting || self.new_messages > 0).then_some(self.new_messages)
    }
}

impl Phone {
    /// The row above the recents.
    pub(crate) fn mailbox(&self) -> Option<Mailbox> {
        let known = self.voicemail?;
        Some(Mailbox {
            new_messages: known.new_messages,
            old_messages: known.old_messages,
            number: self.config.voicemail.clone().unwrap_or_default(),
        })
    }

    /// A message-summary came; the host hears of what has changed.
    pub(crate) fn summary_received(&mut self, request: &Message) {
        let Some(voicemail) = Voicemail::read(request.body()) else { return };
        if self.voicemail.replace(voicemail) != Some(voicemail) {
            self.tell("voicemail:update", &bridge::json(&voicemail));
        }
    }

    pub(crate) fn message_received(&mut self, request: &Message) {
        let from = headers::name_addr(request.header("From").unwrap_or("")).user;
        let text = String::from_utf8_lossy(request.body());
        let data = MessageReceived { from, text: text.into_owned() };
        self.tell("message:received", &bridge::json(&data));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_read_and_what_is_none_says_nothing() {
        for (body, expected) in [
            ("Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n", Some((2, 8, true))),
            ("messages-waiting:no\r\nVoice-message : 0/8\r\n", Some((0, 8, false))),
            ("Messages-Waiting: yes\nMessage-Account: sip:a@b\n", Some((0, 0, true))),
            ("Messages-Waiting: yes\r\nVoice-Message: 3\r\n", Some((3, 0, true))),
            ("Messages-Waiting: yes\r\nVoice-Message: 99999999999/-1\r\n", Some((0, 0, true))),
            ("", None),
            ("\u{fffd}Voice-Message: 1/1", None),
        ] {
            let read = Voicemail::read(body.as_bytes());
            let numbers = read.map(|read| (read.new_messages, read.old_messages, read.waiting));
            assert_eq!(numbers, expected, "{body:?}");
        }
    }
}
