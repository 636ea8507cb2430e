//! Text messages of the page (RFC 3428): sent outside of any call, and answered when the other side has them.
//!
//! What comes in is told as `message:received`, in `voicemail`. It never sends to what the page may not dial.

use crate::{
    Phone,
    bridge::{Ask, Code},
    config::HostLimit,
    dial,
};
use litemap::LiteMap;
use serde_json::json;
use softframe_sip::{Command, Instant};

/// Octets of one text (RFC 3428 §8: it must pass where only UDP goes).
pub(crate) const MAX_TEXT_OCTETS: usize = 1_300;
/// Texts on their way at once: the pace lets no more through in the time a transaction has.
const MAX_WAITING: usize = 32;
/// The page's texts may cost as its calls do, but come in bursts: an address book is told of a change.
const PACE: HostLimit = HostLimit { per10s: 10, per_hour: 240, same_number_ms: 0 };

/// Texts that were sent and not answered.
#[derive(Default)]
pub(crate) struct Texting {
    waiting: LiteMap<u64, Ask>,
    last: u64,
    gate: dial::HostGate,
}

impl Phone {
    pub(crate) fn text_for_host(&mut self, now: Instant, ask: Ask, to: &str, text: String) {
        let Ok(to) = dial::clean(to, &self.config) else {
            return self.fail_ask(Some(ask), Code::InvalidNumber, "This is not a phone number.");
        };
        if dial::question(&to, &self.config).is_some() {
            return self.fail_ask(Some(ask), Code::NeedsConfirmation, "This number needs the person's word.");
        }
        if !self.is_registered() {
            return self.fail_ask(Some(ask), Code::NotRegistered, "The phone is not registered.");
        }
        let verdict = match self.texting.waiting.len() < MAX_WAITING {
            true => self.texting.gate.admit(now, &to, Some(PACE)),
            false => dial::Verdict::TooFast,
        };
        let Some(ask) = self.judged(now, ask, verdict) else { return };
        self.texting.last += 1;
        let number = self.texting.last;
        self.texting.waiting.insert(number, ask);
        let content_type = "text/plain;charset=UTF-8".to_owned();
        let body = text.into_bytes();
        self.command(now, Command::Message { number: Some(number), target: to, content_type, body });
    }

    pub(crate) fn text_answered(&mut self, number: u64, code: u16) {
        let ask = self.texting.waiting.remove(&number);
        match code {
            ..300 => self.answer_ask(ask, json!({})),
            300.. => self.fail_ask(ask, Code::Sip(code), "The message was not taken."),
        }
    }

    /// Nobody will tell what became of those that are on their way.
    pub(crate) fn texts_lost(&mut self) {
        for (_, ask) in std::mem::take(&mut self.texting.waiting) {
            self.fail_ask(
                Some(ask),
                Code::NotLogged,
                "The phone signed out before the message was answered.",
            );
        }
    }
}
