//! RingCentral Embeddable: its `rc-adapter-*` messages in, its `rc-*-notify` messages out (`?dialect=rc`).
//!
//! It translates and holds no call logic: what a page wants becomes a command of ours, and what it hears is the
//! difference between what it was told last and what is now. It never sees a SIP header.

mod call;
mod commands;
mod container;
mod logger;
pub(crate) mod service;
mod told;

use crate::{Audience, CallId, Output, Phone, bridge, host::allowed, json};
use container::Container;
use serde_json::Value;
use service::Service;
use softframe_sip::Instant;
use told::Told;

/// Everything of this dialect begins so.
const PREFIX: &str = "rc-";
/// Its name in `config.json` and in the frame's address.
const NAME: &str = "rc";

/// What the dialect remembers.
#[derive(Default)]
pub(crate) struct Rc {
    /// A page has spoken it, or the address or the configuration says that it will.
    service: Option<Service>,
    told: Told,
    /// Calls that the page knows, as it knows them.
    calls: Vec<Known>,
    /// `fromNumber` of its calling settings.
    from: Option<String>,
    /// The page wants no call logged by itself.
    keeps_no_log: bool,
    /// The registration of the page before a reload of this frame alone, and the pages that it belongs to.
    kept: Option<Value>,
    container: Container,
    /// Questions about the page's log that are open, by id.
    asked: Vec<String>,
}

/// A call as the page was told of it.
struct Known {
    id: CallId,
    object: Value,
    stage: call::Stage,
    is_muted: bool,
}

impl Rc {
    /// What the store has of an earlier load.
    pub(crate) fn restore(&mut self, values: &[(String, Vec<u8>)]) {
        self.restore_container(values);
    }

    /// What was kept before a reload.
    pub(crate) fn keep(&mut self, text: &str) {
        self.kept = json::value(text.as_bytes()).ok();
    }

    /// The number of ours that calls show.
    pub(crate) fn from(&self) -> Option<String> {
        self.from.clone()
    }

    /// Whether calls are logged at their end.
    pub(crate) fn logs(&self) -> bool {
        !self.keeps_no_log
    }
}

impl Phone {
    /// Takes a message of this dialect; whether it was one.
    pub(crate) fn hears_rc(&mut self, now: Instant, text: &str, held: bool) -> bool {
        if !self.speaks(NAME) || !text.contains(PREFIX) || !self.host.is_trusted() {
            return false;
        }
        let kind = bridge::ask_of(text).command;
        if !kind.starts_with(PREFIX) {
            return false;
        }
        let Some(message) = message_of(text) else { return true };
        if kind == "rc-post-message-response" {
            let id = bridge::provider::word(message.get("responseId")).unwrap_or_default();
            let response = message.get("response").unwrap_or(&Value::Null);
            if !self.rc_says_what_is_logged(&id, response) {
                self.provider_said(now, &id, Some(response));
            }
        } else if allowed(&mut self.host, now) {
            self.rc_command(now, &kind, &message, held);
        }
        true
    }

    /// One message of this dialect: no `seq`, its fields beside its `type`.
    pub(crate) fn say_rc(&mut self, message: Value) {
        if self.host.is_trusted() {
            self.out.push_back(Output::Host { to: Audience::Trusted, message: bridge::json(&message) });
        }
    }

    /// Tells what has changed by this input.
    pub(crate) fn settle_rc(&mut self, now: Instant) {
        if self.speaks(NAME) && self.host.is_trusted() {
            self.register_kept(now);
            self.settle_container();
            self.settle_states();
            self.settle_calls(now);
        }
    }
}

/// The envelope, unless it is larger or deeper than any of this dialect. Its own nesting is that of the contacts of
/// somebody else's system, so it may go deeper than ours.
fn message_of(text: &str) -> Option<Value> {
    if text.len() > bridge::MAX_MESSAGE_OCTETS {
        return None;
    }
    // serde stops at 128 levels by itself.
    json::value(text.as_bytes()).ok()
}
