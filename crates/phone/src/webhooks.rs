//! Addresses of `config.json` that are told of calls, as 008 tells them: each event by a POST of `{ type, data }`.
//!
//! Each address has its own order of events and its own pauses. Nothing of it is kept over a reload: a notification that
//! must not be lost goes through the gateway.

use crate::{Output, Phone, PostOutcome, bridge};
use softframe_sip::Instant;
use std::collections::VecDeque;

/// Addresses; each event costs a request to each of them.
pub(crate) const MAX_WEBHOOKS: usize = 8;
/// Events that wait for one address: the calls of a quarter of an hour; the oldest give way.
const MAX_WAITING: usize = 100;
/// After the first try. With the pauses below the last one is two and a half minutes later, as with 008.
const MAX_RETRIES: u32 = 5;
/// The pause before the first retry, in milliseconds; each further one is twice as long.
const FIRST_PAUSE: u64 = 5_000;

/// The addresses and what they are still to be told.
#[derive(Default)]
pub(crate) struct Webhooks(Vec<Webhook>);

struct Webhook {
    url: String,
    /// JSON, the oldest first.
    waiting: VecDeque<String>,
    failures: u32,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Posting(u64),
    Pausing(Instant),
}

impl Webhooks {
    pub(crate) fn new(urls: &[String]) -> Webhooks {
        let webhook = |url: &String| Webhook {
            url: url.clone(),
            waiting: VecDeque::new(),
            failures: 0,
            state: State::Idle,
        };
        Webhooks(urls.iter().map(webhook).collect())
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let until = |webhook: &Webhook| match webhook.state {
            State::Pausing(until) => Some(until),
            State::Idle | State::Posting(_) => None,
        };
        self.0.iter().filter_map(until).min()
    }
}

impl Phone {
    /// An event of the phone: calls, the status, and a contact that was clicked are told.
    pub(crate) fn tell_webhooks(&mut self, kind: &str, data: &str) {
        if self.webhooks.0.is_empty()
            || !(kind.starts_with("phone:") || matches!(kind, "status:change" | "contact:click"))
        {
            return;
        }
        let body = bridge::unnumbered(kind, data);
        let mut is_late = false;
        for webhook in &mut self.webhooks.0 {
            if webhook.waiting.len() >= MAX_WAITING {
                // The first is perhaps on its way.
                webhook.waiting.remove(1);
                is_late = true;
            }
            webhook.waiting.push_back(body.clone());
        }
        if is_late {
            self.out.push_back(Output::Warn("a webhook is too slow: the oldest event is not told".into()));
        }
    }

    /// Sends the oldest of each address, unless one is on its way or it pauses.
    pub(crate) fn post_webhooks(&mut self, now: Instant) {
        for webhook in &mut self.webhooks.0 {
            let is_due = match webhook.state {
                State::Idle => true,
                State::Posting(_) => false,
                State::Pausing(until) => now >= until,
            };
            let Some(body) = webhook.waiting.front().filter(|_| is_due) else { continue };
            self.last_request += 1;
            webhook.state = State::Posting(self.last_request);
            self.out.push_back(Output::Post {
                post: self.last_request,
                url: webhook.url.clone(),
                seal: None,
                body: body.clone(),
            });
        }
    }

    /// What became of a post, if it was one to a webhook.
    pub(crate) fn webhook_posted(&mut self, now: Instant, post: u64, outcome: PostOutcome) {
        let Some(webhook) = self.webhooks.0.iter_mut().find(|webhook| webhook.state == State::Posting(post))
        else {
            return;
        };
        if outcome == PostOutcome::Later && webhook.failures < MAX_RETRIES {
            webhook.state = State::Pausing(now.after(FIRST_PAUSE << webhook.failures));
            webhook.failures += 1;
            return;
        }
        if outcome != PostOutcome::Taken {
            self.out.push_back(Output::Warn("a webhook does not take an event: it is not told".into()));
        }
        webhook.waiting.pop_front();
        webhook.failures = 0;
        webhook.state = State::Idle;
    }
}
