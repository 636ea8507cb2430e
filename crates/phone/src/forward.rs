//! Forwarding: calls that go on to another number at once, while the person talks, or after nobody has answered.
//!
//! It only says where a call goes; `call/incoming` sends it there. Kept for each account on this device. It never forwards
//! to what the page may not dial.

use crate::{
    Phone, StoreRequest,
    account::DEVICE,
    bridge::{self, Ask, Code, ForwardChange},
    config::Config,
    dial::{self, TRANSFER_LIMIT},
    headers,
};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use serde_json::json;
use softframe_sip::Instant;

/// Where the rules of an account are in the device's space: they must be known before its first call can come.
const PREFIX: &str = "forward/";
/// Accounts whose rules are kept.
const MAX_ACCOUNTS: usize = 32;
/// How long a phone rings before the call goes on, in seconds, and what may be asked for: less than a ring tone is no
/// ringing, and proxies give up after three minutes (RFC 3261 §16.6, Timer C).
const RING_SECONDS: u32 = 20;
pub(crate) const RINGS: std::ops::RangeInclusive<u32> = 3..=170;

/// When a call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Unconditional,
    Busy,
    NoAnswer,
}

impl When {
    /// As the host protocol names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            When::Unconditional => "unc",
            When::Busy => "busy",
            When::NoAnswer => "na",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<When> {
        [When::Unconditional, When::Busy, When::NoAnswer].into_iter().find(|when| when.name() == name)
    }

    /// The reason of a Diversion (RFC 5806 §4).
    fn diversion(self) -> &'static str {
        match self {
            When::Unconditional => "unconditional",
            When::Busy => "user-busy",
            When::NoAnswer => "no-answer",
        }
    }
}

/// One rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Forward {
    /// It is on.
    pub enabled: bool,
    /// The number that calls go to; kept while the rule is off.
    pub destination: String,
}

/// The rule for calls that nobody answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ForwardUnanswered {
    /// It is on.
    pub enabled: bool,
    /// The number that calls go to; kept while the rule is off.
    pub destination: String,
    /// How long the phone rings before, in seconds.
    pub timeout: u32,
}

impl Default for ForwardUnanswered {
    fn default() -> ForwardUnanswered {
        ForwardUnanswered { enabled: false, destination: String::new(), timeout: RING_SECONDS }
    }
}

/// All rules of an account: `config.json`'s `forward` until somebody changes one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Forwards {
    /// Every call, at once.
    pub unc: Forward,
    /// While there is another call.
    pub busy: Forward,
    /// What has rung for some time.
    pub na: ForwardUnanswered,
}

impl Forwards {
    /// Where a call goes in this case.
    fn destination(&self, when: When) -> Option<&str> {
        let (enabled, destination) = match when {
            When::Unconditional => (self.unc.enabled, &self.unc.destination),
            When::Busy => (self.busy.enabled, &self.busy.destination),
            When::NoAnswer => (self.na.enabled, &self.na.destination),
        };
        Some(destination.as_str()).filter(|destination| enabled && !destination.is_empty())
    }

    /// Rules that are on lead to a number, and wait as long as a phone may ring.
    pub(crate) fn is_sound(&self, uris: bool) -> bool {
        let leads = |enabled: bool, destination: &str| {
            (!enabled && destination.is_empty()) || dial::clean_number(destination, uris).is_ok()
        };
        leads(self.unc.enabled, &self.unc.destination)
            && leads(self.busy.enabled, &self.busy.destination)
            && leads(self.na.enabled, &self.na.destination)
            && RINGS.contains(&self.na.timeout)
    }
}

/// What is kept, by address-of-record.
pub(crate) type Kept = LiteMap<String, Forwards>;

/// A change of one rule, as a page wants it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) when: When,
    pub(crate) enabled: bool,
    /// `None`: as it is.
    pub(crate) destination: Option<String>,
    /// Seconds of ringing; `None`: as it is.
    pub(crate) timeout: Option<u32>,
}

/// A call that is sent on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Onward {
    pub(crate) destination: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Phone {
    /// The rules of the account that is signed in.
    pub(crate) fn forwards(&self) -> &Forwards {
        let kept = self.identity().and_then(|identity| self.forwards.get(&identity.aor()));
        kept.unwrap_or(&self.config.forwards)
    }

    /// Where a call goes in this case, if a rule says so.
    pub(crate) fn onward(&self, when: When) -> Option<Onward> {
        let destination = self.forwards().destination(when)?;
        // An operator who forbids a number later forbids forwarding to it, too.
        let destination = dial::clean(destination, &self.config).ok()?;
        Some(self.onward_to(destination, when.diversion()))
    }

    /// The headers of a 302 to a cleaned number.
    pub(crate) fn onward_to(&self, destination: String, why: &str) -> Onward {
        let identity = self.identity().cloned().unwrap_or_default();
        let headers = headers::onward(&destination, &identity.user, &identity.domain, why);
        Onward { destination, headers }
    }

    /// How long a call rings before it goes on, in milliseconds.
    pub(crate) fn rings_for(&self) -> Option<u64> {
        let forwards = self.forwards();
        forwards.destination(When::NoAnswer).map(|_| u64::from(forwards.na.timeout) * 1_000)
    }

    /// The page changes a rule. What cannot be done leaves all as it was.
    pub(crate) fn forward_for_host(&mut self, now: Instant, ask: Ask, wish: Wish) {
        let Some(aor) = self.identity().map(|identity| identity.aor()) else {
            return self.fail_ask(Some(ask), Code::NotLogged, "Nobody is signed in.");
        };
        let destination = match self.forward_destination(&wish) {
            Ok(destination) => destination,
            Err((code, message)) => return self.fail_ask(Some(ask), code, message),
        };
        let mut forwards = self.forwards().clone();
        let (enabled, place) = match wish.when {
            When::Unconditional => (&mut forwards.unc.enabled, &mut forwards.unc.destination),
            When::Busy => (&mut forwards.busy.enabled, &mut forwards.busy.destination),
            When::NoAnswer => (&mut forwards.na.enabled, &mut forwards.na.destination),
        };
        *enabled = wish.enabled;
        if let Some(destination) = &destination {
            place.clone_from(destination);
        }
        if *enabled && place.is_empty() {
            return self.fail_ask(Some(ask), Code::InvalidNumber, "destination must be a phone number.");
        }
        if wish.when == When::NoAnswer {
            forwards.na.timeout = wish.timeout.unwrap_or(forwards.na.timeout);
        }
        if forwards == *self.forwards() {
            return self.answer_ask(Some(ask), json!({}));
        }
        // Each call that goes on is made at our cost: a page sets a rule no faster than it transfers calls.
        let target = destination.unwrap_or_default();
        let verdict = match wish.enabled {
            true => self.transfer_gate.admit(now, &target, Some(TRANSFER_LIMIT)),
            false => dial::Verdict::Pass,
        };
        let Some(ask) = self.judged(now, ask, verdict) else { return };
        self.keep_forwards(aor, forwards);
        self.forwards_changed(wish.when);
        self.answer_ask(Some(ask), json!({}));
    }

    /// The cleaned number of a wish, if it names one.
    fn forward_destination(&self, wish: &Wish) -> Result<Option<String>, (Code, &'static str)> {
        let named = wish.destination.as_deref().map(str::trim);
        let destination = match named {
            // A rule that is turned off keeps its number.
            Some("") if !wish.enabled => return Ok(None),
            Some(named) => named,
            None => return Ok(None),
        };
        let number = dial::clean(destination, &self.config)
            .map_err(|_| (Code::InvalidNumber, "destination must be a phone number that may be called."))?;
        if number == self.extension() {
            return Err((Code::InvalidNumber, "Calls cannot be forwarded to the phone itself."));
        }
        match dial::question(&number, &self.config) {
            Some(_) => Err((Code::NeedsConfirmation, "This number needs the person's word.")),
            None => Ok(Some(number)),
        }
    }

    pub(crate) fn keep_forwards(&mut self, aor: String, forwards: Forwards) {
        if self.forwards.len() >= MAX_ACCOUNTS && !self.forwards.contains_key(&aor) {
            let other = self.forwards.keys().next().cloned();
            if let Some(other) = other {
                self.forwards.remove(&other);
                let prefix = format!("{PREFIX}{other}");
                self.store(StoreRequest::Delete { space: DEVICE.to_owned(), prefix });
            }
        }
        let (key, value) = (format!("{PREFIX}{aor}"), bridge::json(&forwards).into_bytes());
        self.forwards.insert(aor, forwards);
        self.store(StoreRequest::Put { space: DEVICE.to_owned(), key, value });
    }

    pub(crate) fn forwards_changed(&mut self, when: When) {
        let data =
            ForwardChange { context: self.context(), kind: when.name(), forwards: self.forwards().clone() };
        self.tell("forward:change", &bridge::json(&data));
    }

    /// What the store holds of all accounts of this device.
    pub(crate) fn restore_forwards(&mut self, values: &[(String, Vec<u8>)]) {
        let kept = values.iter().filter_map(|(key, value)| {
            let forwards: Forwards = crate::json::read(value).ok()?;
            Some((key.strip_prefix(PREFIX)?.to_owned(), forwards))
        });
        self.forwards = kept.take(MAX_ACCOUNTS).collect();
    }
}

/// `forward` of `config.json` breaks this rule.
pub(crate) const RULE: &str = "must be {\"unc\", \"busy\", \"na\"}, each {\"enabled\", \"destination\"} with a number, and \
                               \"timeout\" from 3 to 170 seconds in na";

impl Config {
    /// Whether `forward` can be followed.
    pub(crate) fn takes_forwards(&self, forwards: &Forwards) -> bool {
        forwards.is_sound(self.dial_uris)
    }
}
