//! What the gateway is still to be told of calls: kept in the store until it says that it has it.
//!
//! One letter is on its way at a time. The key of a letter makes the gateway take it once, however often it comes: after a
//! lost answer, after a reload, from two tabs.

use super::pause;
use crate::{Output, Phone, PostOutcome, Seal, StoreRequest, dialect::enigma, json};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use softframe_sip::Instant;

/// Letters that wait; the gateway is away for days when there are more, and the oldest go.
const MAX_LETTERS: usize = 500;
/// A letter that nobody took for so long (12 hours, in milliseconds) is given up: the gateway remembers the keys of those
/// it has for twice as long, so none is ever taken twice.
const LETTER_MILLIS: u64 = 12 * 60 * 60 * 1_000;
/// Where they are in the account's space.
const PREFIX: &str = "gateway/";
/// Ends a key in the store, so that none is the beginning of another. No id holds it.
const END: char = '\u{1f}';

/// The letters, by key in the order of their making.
#[derive(Default)]
pub(crate) struct Outbox {
    letters: LiteMap<String, Letter>,
    last: u64,
    state: State,
}

/// What is sent.
#[derive(Clone, Serialize, Deserialize)]
struct Letter {
    /// `Idempotency-Key`.
    key: String,
    /// The end of the address.
    path: String,
    body: String,
    /// Milliseconds since 1970.
    made: u64,
}

#[derive(Clone, Copy, Default)]
enum State {
    /// The next may go.
    #[default]
    Idle,
    /// The letter of this place in the order is on its way.
    Posting { post: u64, failures: u32 },
    /// The gateway could not take it.
    Waiting { until: Instant, failures: u32 },
}

impl Outbox {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until, .. } if !self.letters.is_empty() => Some(until),
            State::Waiting { .. } | State::Idle | State::Posting { .. } => None,
        }
    }

    /// The account is gone; its letters wait for it in the store.
    pub(crate) fn close(&mut self) {
        self.letters.clear();
        self.state = State::Idle;
    }
}

impl Phone {
    /// An event of a call: if it carries a notification, the gateway is told.
    pub(crate) fn notify(&mut self, now: Instant, data: &str) {
        let Some(version) = self.config.enigma.as_ref().map(|enigma| enigma.version) else { return };
        if self.gateway().is_none() {
            return;
        }
        let Ok(data) = json::value(data.as_bytes()) else { return };
        let Some((what, body)) = enigma::letter(&data, &self.extension()) else { return };
        let id = data.get("id").and_then(Value::as_str).unwrap_or_default();
        let path = if what == "cdr" { "cdr" } else { "notify" };
        self.keep_letter(Letter {
            key: format!("{id}:{what}"),
            path: format!("/v1/enigma/{path}?v={version}"),
            body: crate::bridge::json(&body),
            made: self.clock.wall(now),
        });
    }

    fn keep_letter(&mut self, letter: Letter) {
        if self.outbox.letters.values().any(|known| known.key == letter.key) {
            return;
        }
        let Some(space) = self.space() else { return };
        let value = crate::bridge::json(&letter).into_bytes();
        self.outbox.last += 1;
        let place =
            format!("{PREFIX}{:015}-{:06}{}{END}", letter.made, self.outbox.last % 1_000_000, letter.key);
        self.store(StoreRequest::Put { space, key: place.clone(), value });
        self.outbox.letters.insert(place, letter);
        while self.outbox.letters.len() > MAX_LETTERS {
            let oldest = self.outbox.letters.keys().next().cloned();
            self.out.push_back(Output::Warn(
                "the gateway has taken nothing for long: the oldest call is not told".into(),
            ));
            if let Some(oldest) = oldest {
                self.drop_letter(&oldest);
            }
        }
    }

    /// One that an earlier load left in the store.
    pub(crate) fn letter_loaded(&mut self, now: Instant, place: &str, value: &[u8]) -> bool {
        if !place.starts_with(PREFIX) {
            return false;
        }
        let letter = json::read::<Letter>(value).ok();
        let known = |letter: &Letter| self.outbox.letters.values().any(|other| other.key == letter.key);
        match letter.filter(|letter| {
            self.clock.wall(now).saturating_sub(letter.made) < LETTER_MILLIS && !known(letter)
        }) {
            Some(letter) => drop(self.outbox.letters.insert(place.to_owned(), letter)),
            None if !self.outbox.letters.contains_key(place) => self.drop_letter(place),
            None => {}
        }
        true
    }

    fn drop_letter(&mut self, place: &str) {
        self.outbox.letters.remove(place);
        if let Some(space) = self.space() {
            self.store(StoreRequest::Delete { space, prefix: place.to_owned() });
        }
    }

    /// Sends the oldest, unless one is on its way or the gateway has asked for a pause.
    pub(super) fn post_next(&mut self, now: Instant) {
        let failures = match self.outbox.state {
            State::Posting { .. } => return,
            State::Waiting { until, .. } if now < until => return,
            State::Waiting { failures, .. } => failures,
            State::Idle => 0,
        };
        let Some(gateway) = self.gateway() else { return };
        let (Some(letter), Some(token)) = (self.outbox.letters.values().next(), gateway.token.clone()) else {
            return;
        };
        let url = format!("http{}{}", gateway.url.strip_prefix("ws").unwrap_or(&gateway.url), letter.path);
        let (key, body) = (letter.key.clone(), letter.body.clone());
        self.last_request += 1;
        let post = self.last_request;
        self.outbox.state = State::Posting { post, failures };
        self.out.push_back(Output::Post { post, url, seal: Some(Seal { token, key }), body });
    }

    /// What became of a letter.
    pub(crate) fn posted(&mut self, now: Instant, post: u64, outcome: PostOutcome) {
        let failures = match self.outbox.state {
            State::Posting { post: open, failures } if open == post => failures,
            State::Posting { .. } | State::Idle | State::Waiting { .. } => return,
        };
        let first = self.outbox.letters.keys().next().cloned();
        match (outcome, first) {
            (PostOutcome::Later, _) => {
                let failures = failures.saturating_add(1);
                self.outbox.state = State::Waiting { until: now.after(pause(failures)), failures };
                return;
            }
            (PostOutcome::Taken, Some(first)) => self.drop_letter(&first),
            (PostOutcome::Refused(code), Some(first)) => {
                self.out.push_back(Output::Warn(format!("the gateway refuses to be told of a call: {code}")));
                self.drop_letter(&first);
            }
            (PostOutcome::Taken | PostOutcome::Refused(_), None) => {}
        }
        self.outbox.state = State::Idle;
    }
}
