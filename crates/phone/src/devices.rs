//! The microphone, the speaker that rings, and how loud: what the browser names, and what the person chose of it.
//!
//! What was unplugged is waited for: until it is back, the system's choice is used.

use crate::{
    Action, Output, Phone, Sound,
    view::{SoundSettings, Text},
};
use serde::{Deserialize, Serialize};
use softframe_sip::Instant;

/// More of a kind than a desk has; the rest is not offered.
pub(crate) const MAX_DEVICES: usize = 32;
/// As loud as the sounds were made.
const FULL: u8 = 100;

/// What the browser should use; ids are the browser's, empty: the system's choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Devices {
    /// What hears the person.
    pub microphone: String,
    /// What rings.
    pub ring_speaker: String,
    /// Of voices, per cent.
    pub volume: u8,
    /// Of the ring, per cent.
    pub ring_volume: u8,
    /// What comes from the speaker is taken out of what the microphone hears.
    pub echo: bool,
    /// So is noise.
    pub noise: bool,
    /// Quiet voices are made louder.
    pub gain: bool,
}

impl Default for Devices {
    fn default() -> Devices {
        Devices {
            microphone: String::new(),
            ring_speaker: String::new(),
            volume: FULL,
            ring_volume: FULL,
            echo: true,
            noise: true,
            gain: true,
        }
    }
}

/// Id and name.
pub(crate) type Named = (String, String);

fn is_there(all: &[Named], id: &str) -> bool {
    all.iter().any(|(known, _)| known == id)
}

impl Phone {
    /// The browser names the microphones, again whenever they change.
    pub(crate) fn microphones_are(&mut self, now: Instant, mut microphones: Vec<Named>) {
        microphones.truncate(MAX_DEVICES);
        let before = std::mem::replace(&mut self.ui.microphones, microphones.clone());
        let wished = self.person.devices.microphone.clone();
        self.device_news(now, &before, &microphones, &wished);
        self.use_devices();
    }

    /// What came is offered, what went is said if it was in use. The first list is no news.
    pub(crate) fn device_news(&mut self, now: Instant, before: &[Named], after: &[Named], wished: &str) {
        if let Some((_, gone)) = before.iter().find(|(id, _)| id == wished && !is_there(after, id)) {
            let args = vec![("device", gone.clone()), ("other", "news.other".to_owned())];
            return self.ui.toast(now, Text { id: "news.gone", args }, false);
        }
        let came = after.iter().find(|(id, _)| !before.is_empty() && !is_there(before, id) && id != wished);
        if let Some((_, name)) = came {
            let text = Text::with("news.device", "device", name);
            self.ui.offer(now, text, Text::of("news.useit"), Action::UseDevice(name.clone()));
        }
    }

    /// All that belongs to the device of this name, from now on.
    pub(crate) fn use_device(&mut self, name: &str) {
        let of = |all: &[Named]| all.iter().find(|(_, known)| known == name).map(|(id, _)| id.clone());
        if let Some(microphone) = of(&self.ui.microphones) {
            self.person.devices.microphone = microphone;
        }
        let speaker = self.ui.speakers.as_deref().and_then(of);
        self.ui.toast = None;
        match speaker {
            Some(speaker) => self.set_speaker(&speaker),
            None => self.save_person(),
        }
        self.use_devices();
    }

    pub(crate) fn change_devices(&mut self, change: impl FnOnce(&mut Devices)) {
        let before = self.person.devices.clone();
        change(&mut self.person.devices);
        if self.person.devices != before {
            self.save_person();
            self.use_devices();
        }
    }

    /// What was chosen, as far as it is there.
    pub(crate) fn use_devices(&mut self) {
        let devices = self.devices_there();
        if self.ui.devices.as_ref() != Some(&devices) {
            self.ui.devices = Some(devices.clone());
            self.out.push_back(Output::Devices(devices));
        }
    }

    fn devices_there(&self) -> Devices {
        let mut devices = self.person.devices.clone();
        if !is_there(&self.ui.microphones, &devices.microphone) {
            devices.microphone.clear();
        }
        if !is_there(self.ui.speakers.as_deref().unwrap_or_default(), &devices.ring_speaker) {
            devices.ring_speaker.clear();
        }
        devices
    }

    /// A short ring where calls ring, or a tone where voices are heard. Not beside a call.
    pub(crate) fn test_sound(&mut self, sound: Sound) {
        if self.calls.is_empty() {
            self.sound_once(sound);
        }
    }

    /// The part of 55 about sound.
    pub(crate) fn sound_settings(&self) -> SoundSettings {
        SoundSettings {
            microphones: offered(&self.ui.microphones),
            speakers: self.ui.speakers.as_deref().map(offered),
            speaker: self.speaker().to_owned(),
            devices: self.devices_there(),
            headsets: self.headset_names(),
        }
    }
}

/// The system's choice, and all that have a name.
pub(crate) fn offered(all: &[Named]) -> Vec<(String, Text)> {
    let system = (String::new(), Text::of("set.speaker.system"));
    std::iter::once(system).chain(all.iter().map(|(id, name)| (id.clone(), Text::plain(name)))).collect()
}
