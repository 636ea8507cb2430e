//! What the person chose: status, do not disturb, colours, language. Kept for the account on this device.
//!
//! A lost connection never changes it.

use crate::{
    Output, Phone, StoreRequest, Theme,
    account::DEVICE,
    bridge::{StatusChange, json},
    devices::Devices,
    language::Language,
};
use serde::{Deserialize, Serialize};
use softframe_sip::Instant;

/// Its key in the device's space: do-not-disturb must be known before the first call can come.
const PERSON_KEY: &str = "person";

/// The person's choices.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    /// Whose status and do-not-disturb these are (AOR); all else is for everybody on this device.
    #[serde(default)]
    of: String,
    pub(crate) status: String,
    pub(crate) dnd: bool,
    theme: Option<String>,
    /// Where the person chose one (BCP 47).
    #[serde(default)]
    language: Option<String>,
    /// Letters press nothing in calls (WCAG 2.1.4).
    #[serde(default)]
    no_single_keys: bool,
    /// The speaker chosen last, by the browser's id; empty: the system's.
    #[serde(default)]
    speaker: String,
    /// Microphone, ring, volumes.
    #[serde(default)]
    pub(crate) devices: Devices,
}

impl Default for Person {
    fn default() -> Person {
        Person {
            of: String::new(),
            status: "online".to_owned(),
            dnd: false,
            theme: None,
            language: None,
            no_single_keys: false,
            speaker: String::new(),
            devices: Devices::default(),
        }
    }
}

impl Theme {
    /// As it is kept and told.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

impl Person {
    pub(crate) fn theme(&self) -> Option<Theme> {
        match self.theme.as_deref() {
            Some("light") => Some(Theme::Light),
            Some("dark") => Some(Theme::Dark),
            Some("system") => Some(Theme::System),
            _ => None,
        }
    }

    pub(crate) fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }

    pub(crate) fn single_keys(&self) -> bool {
        !self.no_single_keys
    }

    pub(crate) fn speaker(&self) -> &str {
        &self.speaker
    }
}

impl Phone {
    /// `false` if there is no such status.
    pub(crate) fn set_status(&mut self, now: Instant, status: &str) -> bool {
        if status == "dnd" {
            self.set_dnd(now, true);
            return true;
        }
        if !self.statuses().iter().any(|(id, _)| id == status) {
            return false;
        }
        self.person.status = status.to_owned();
        self.person_changed(now);
        true
    }

    pub(crate) fn set_dnd(&mut self, now: Instant, dnd: bool) {
        if self.person.dnd != dnd {
            self.person.dnd = dnd;
            self.person_changed(now);
        }
    }

    pub(crate) fn set_theme(&mut self, theme: Theme) {
        self.person.theme = Some(theme.name().to_owned());
        self.save_person();
    }

    /// Nothing, or what we have no texts for: no choice from now on.
    pub(crate) fn set_language(&mut self, tag: &str) {
        self.person.language = Language::of(tag).map(|language| language.tag);
        self.save_person();
    }

    pub(crate) fn set_single_keys(&mut self, on: bool) {
        self.person.no_single_keys = !on;
        self.save_person();
    }

    pub(crate) fn keep_speaker(&mut self, id: &str) {
        self.person.speaker = id.to_owned();
        self.save_person();
    }

    /// Id and label; the label of ours is a message id.
    pub(crate) fn statuses(&self) -> Vec<(String, String)> {
        if !self.config.statuses.is_empty() {
            return self.config.statuses.clone();
        }
        let own = [("online", "status.available"), ("busy", "status.busy"), ("away", "status.away")];
        own.into_iter().map(|(id, label)| (id.to_owned(), label.to_owned())).collect()
    }

    fn person_changed(&mut self, now: Instant) {
        self.save_person();
        self.publish_person(now);
        let data = json(&StatusChange { context: self.context(), dnd: self.person.dnd });
        self.tell("status:change", &data);
    }

    /// The phone works for this account. Who signs in after somebody else is available until they say otherwise.
    ///
    /// Nothing is written where nobody has said anything: a sign-in alone leaves no trace.
    pub(crate) fn works_for(&mut self, aor: String) {
        let Person { status, dnd, .. } = Person::default();
        let said = self.person.dnd != dnd || self.person.status != status;
        let was = std::mem::replace(&mut self.person.of, aor.clone());
        if said && was != aor {
            if !was.is_empty() {
                (self.person.status, self.person.dnd) = (status, dnd);
            }
            self.save_person();
        }
        self.out.push_back(Output::Account(Some(aor)));
    }

    pub(crate) fn save_person(&mut self) {
        let value = json(&self.person).into_bytes();
        self.store(StoreRequest::Put { space: DEVICE.to_owned(), key: PERSON_KEY.to_owned(), value });
    }

    pub(crate) fn restore_person(&mut self, values: &[(String, Vec<u8>)]) {
        let value = values.iter().find(|(key, _)| key == PERSON_KEY).map(|(_, value)| value.as_slice());
        if let Some(person) = value.and_then(|value| crate::json::read(value).ok()) {
            self.person = person;
            self.send_to_speaker();
            self.use_devices();
        }
    }
}
