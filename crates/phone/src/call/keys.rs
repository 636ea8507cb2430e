//! Key tones of a call: by RFC 4733 where the other side takes them, else by INFO, in order and with gaps.
//!
//! It never has two INFOs of one call in the air: they could overtake each other.

use super::{Await, Call, MAX_KEYS_SHOWN, State};
use crate::{
    CallId, Dtmf, MediaRequest, Output, Phone, Sound,
    bridge::{Ask, Code, MAX_DIGITS},
    sdp,
    view::Text,
};
use serde_json::json;
use softframe_sip::{Command, Instant, SessionId};
use std::collections::VecDeque;

/// How long the other side is asked to play a tone of ours: long enough for old gateways.
const TONE_MILLIS: u64 = 160;
/// Silence behind it, as between tones by RTP: without one two of the same key sound like one.
const GAP_MILLIS: u64 = 70;
/// A comma, as in the tones of a browser.
const COMMA_MILLIS: u64 = 2_000;
/// Four of the longest commands with what answers them: a minute of tones.
const MAX_WAITING: usize = 4 * (MAX_DIGITS + 1);

/// What waits to be sent by INFO.
#[derive(Default)]
pub(crate) struct Keys {
    waiting: VecDeque<Key>,
    pace: Pace,
}

#[derive(Clone, Copy)]
enum Key {
    Tone(char),
    Comma,
    /// The last one of a command is behind us.
    Answer,
}

#[derive(Clone, Copy, Default)]
enum Pace {
    #[default]
    Free,
    /// An INFO waits for its answer; its tone and the gap behind it last until then.
    Asked { until: Instant },
    /// Nothing is sent before then.
    Silent { until: Instant },
}

impl Keys {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.pace {
            Pace::Silent { until } if !self.waiting.is_empty() => Some(until),
            Pace::Silent { .. } | Pace::Free | Pace::Asked { .. } => None,
        }
    }

    /// What is to be done now; a silence is begun by this.
    fn pop(&mut self, now: Instant) -> Option<Key> {
        match (self.pace, self.waiting.front()?) {
            (Pace::Asked { .. }, _) => return None,
            (Pace::Silent { until }, Key::Tone(_) | Key::Comma) if until > now => return None,
            (Pace::Silent { .. } | Pace::Free, _) => {}
        }
        let key = self.waiting.pop_front()?;
        match key {
            Key::Tone(_) => self.pace = Pace::Asked { until: now.after(TONE_MILLIS + GAP_MILLIS) },
            Key::Comma => self.pace = Pace::Silent { until: now.after(COMMA_MILLIS) },
            Key::Answer => {}
        }
        Some(key)
    }
}

impl Phone {
    /// Sends key tones. `ask` is answered when the last of them has arrived, as far as that can be known.
    pub(crate) fn dtmf(&mut self, now: Instant, id: CallId, digits: &str, method: Dtmf, ask: Option<Ask>) {
        let preferred = if method == Dtmf::Auto { self.config.dtmf } else { method };
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(by_rtp) = is_by_rtp(call, preferred) else {
            return self.fail_ask(ask, Code::WrongState, "No key tone can go out in this call now.");
        };
        if !by_rtp && call.tones.waiting.len() + digits.len() >= MAX_WAITING {
            return self.fail_ask(ask, Code::RateLimited, "Too many keys wait to be sent.");
        }
        call.keys.push_str(digits);
        let surplus = call.keys.chars().count().saturating_sub(MAX_KEYS_SHOWN);
        call.keys = call.keys.chars().skip(surplus).collect();
        self.out.push_back(Output::Announce { text: Text::plain(digits), assertive: false });
        self.sound_once(Sound::Key(digits.chars().last().unwrap_or('0')));
        match by_rtp {
            true => {
                self.tell_media(id, MediaRequest::Dtmf(digits.to_owned()));
                self.answer_ask(ask, json!({}));
            }
            false => self.queue_keys(now, id, digits, ask),
        }
    }

    /// The browser could not play these: they go by INFO, unless the operator wants key tones by RTP alone.
    pub(crate) fn keys_failed(&mut self, now: Instant, id: CallId, digits: &str) {
        let fits =
            |call: &Call| call.talk().is_some() && call.tones.waiting.len() + digits.len() < MAX_WAITING;
        if self.config.dtmf != Dtmf::Rtp && self.calls.get(&id).is_some_and(fits) {
            return self.queue_keys(now, id, digits, None);
        }
        self.ui.toast(now, Text::of("call.keys.no"), true);
    }

    fn queue_keys(&mut self, now: Instant, id: CallId, digits: &str, ask: Option<Ask>) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let key = |digit| if digit == ',' { Key::Comma } else { Key::Tone(digit) };
        call.tones.waiting.extend(digits.chars().map(key));
        call.tones.waiting.extend(ask.is_some().then_some(Key::Answer));
        call.asks.extend(ask.map(|ask| (Await::Keyed, ask)));
        self.next_keys(now, id);
    }

    fn next_keys(&mut self, now: Instant, id: CallId) {
        while let Some(call) = self.calls.get_mut(&id) {
            let (key, session) = (call.tones.pop(now), call.session);
            match (key, session) {
                (Some(Key::Tone(digit)), Some(session)) => self.send_key(now, session, digit),
                (Some(Key::Answer), _) => self.answer_first(id, Await::Keyed),
                (Some(Key::Comma | Key::Tone(_)), _) => {}
                (None, _) => return,
            }
        }
    }

    fn send_key(&mut self, now: Instant, session: SessionId, digit: char) {
        let body = format!("Signal={digit}\r\nDuration={TONE_MILLIS}\r\n").into_bytes();
        let content_type = "application/dtmf-relay".to_owned();
        self.command(now, Command::Info { session, content_type, body });
    }

    /// A key has arrived, or will not: then those behind it would be misheard.
    pub(crate) fn informed(&mut self, now: Instant, session: SessionId, code: u16) {
        let Some(id) = self.call_of(session) else { return };
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Pace::Asked { until } = call.tones.pace else { return };
        if code < 300 {
            call.tones.pace = Pace::Silent { until };
            return self.next_keys(now, id);
        }
        call.tones = Keys::default();
        self.ui.toast(now, Text::of("call.keys.no"), true);
        self.fail_asks(id, Await::Keyed, Code::Sip(code), "The other side did not take the keys.");
    }

    /// Silences that are over.
    pub(crate) fn keys_due(&mut self, now: Instant) {
        let due = |call: &Call| call.tones.deadline().is_some_and(|deadline| deadline <= now);
        let ids: Vec<CallId> = self.calls.values().filter(|call| due(call)).map(|call| call.id).collect();
        for id in ids {
            self.next_keys(now, id);
        }
    }
}

/// Whether key tones of this call go by RTP; `None` where they cannot go at all.
fn is_by_rtp(call: &Call, preferred: Dtmf) -> Option<bool> {
    let early = match &call.state {
        State::Talking(talk) => {
            // Who holds takes no RTP from us.
            return match preferred {
                Dtmf::Auto => Some(talk.key_tones && !talk.held_by_them),
                Dtmf::Rtp => (!talk.held_by_them).then_some(true),
                Dtmf::Info => Some(false),
            };
        }
        State::Progressing(progressing) => progressing,
        _ => return None,
    };
    let heard = early.early.as_ref()?;
    let answer = early.answers.iter().find(|(fork, _)| fork == heard);
    let takes = answer.and_then(|(_, sdp)| sdp::inspect(sdp)).is_none_or(|looks| looks.key_tones);
    // INFO belongs to a call that stands.
    match preferred {
        Dtmf::Auto if takes => Some(true),
        Dtmf::Rtp => Some(true),
        Dtmf::Auto | Dtmf::Info => None,
    }
}
