//! 54: the rules of forwarding as the person sets them.
//!
//! A rule that cannot be followed is never set: the old one stays, and the field says why.

use crate::{
    Phone, dial,
    forward::{Forwards, When},
    view::{ForwardRule, Forwarding, Text},
};

/// How long the phone rings before, as the slider offers it (ui.md 53).
pub(crate) const MIN_RING_SECONDS: u32 = 5;
pub(crate) const MAX_RING_SECONDS: u32 = 60;

/// What is not set yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    when: When,
    destination: String,
    error: Option<Text>,
}

fn parts(forwards: &mut Forwards, when: When) -> (&mut bool, &mut String) {
    match when {
        When::Unconditional => (&mut forwards.unc.enabled, &mut forwards.unc.destination),
        When::Busy => (&mut forwards.busy.enabled, &mut forwards.busy.destination),
        When::NoAnswer => (&mut forwards.na.enabled, &mut forwards.na.destination),
    }
}

impl Phone {
    pub(crate) fn forwarding(&self) -> Forwarding {
        let mut forwards = self.forwards().clone();
        let seconds = forwards.na.timeout;
        let rules = [
            (When::Unconditional, "forward.unc", "forward.unc.sub"),
            (When::Busy, "forward.busy", "forward.busy.sub"),
            (When::NoAnswer, "forward.na", ""),
        ]
        .map(|(when, title, sub)| {
            let (enabled, destination) = parts(&mut forwards, when);
            let draft = self.ui.draft.as_ref().filter(|draft| draft.when == when);
            ForwardRule {
                rule: when.name(),
                title,
                sub,
                open: *enabled || draft.is_some(),
                destination: draft.map_or_else(|| destination.clone(), |draft| draft.destination.clone()),
                seconds: (when == When::NoAnswer).then_some(seconds),
                error: draft.and_then(|draft| draft.error.clone()),
            }
        });
        Forwarding { rules: rules.into() }
    }

    /// "No answer → 1003" in the menu of the status.
    pub(crate) fn forwarding_summary(&self) -> Text {
        let forwarding = self.forwarding();
        let on = forwarding
            .rules
            .iter()
            .find(|rule| rule.open && rule.error.is_none() && !rule.destination.is_empty());
        on.map_or_else(
            || Text::of("status.off"),
            |rule| Text {
                id: "forward.summary",
                args: vec![("rule", rule.title.to_owned()), ("to", rule.destination.clone())],
            },
        )
    }

    /// A rule is switched on or off. Without a number it is on only once there is one.
    pub(crate) fn switch_forward(&mut self, rule: &str, on: bool) {
        let Some(when) = When::from_name(rule) else { return };
        self.ui.draft.take_if(|draft| draft.when == when);
        let mut forwards = self.forwards().clone();
        let (enabled, destination) = parts(&mut forwards, when);
        if on && destination.is_empty() {
            self.ui.draft = Some(Draft { when, destination: String::new(), error: None });
            return;
        }
        *enabled = on;
        self.set_forwards(when, forwards);
    }

    /// Where calls go by this rule.
    pub(crate) fn forward_to(&mut self, rule: &str, typed: &str) {
        let Some(when) = When::from_name(rule) else { return };
        let number = dial::clean(typed, &self.config).ok().filter(|number| *number != self.extension());
        let Some(number) = number else {
            let error = Some(Text::of("dial.invalid"));
            self.ui.draft = Some(Draft { when, destination: typed.to_owned(), error });
            return;
        };
        self.ui.draft = None;
        let mut forwards = self.forwards().clone();
        let (enabled, destination) = parts(&mut forwards, when);
        (*enabled, *destination) = (true, number);
        self.set_forwards(when, forwards);
    }

    /// How long it rings before, in seconds.
    pub(crate) fn forward_after(&mut self, seconds: u32) {
        let mut forwards = self.forwards().clone();
        forwards.na.timeout = seconds.clamp(MIN_RING_SECONDS, MAX_RING_SECONDS);
        self.set_forwards(When::NoAnswer, forwards);
    }

    fn set_forwards(&mut self, when: When, forwards: Forwards) {
        let Some(aor) = self.identity().map(|identity| identity.aor()) else { return };
        if forwards != *self.forwards() {
            self.keep_forwards(aor, forwards);
            self.forwards_changed(when);
        }
    }
}
