//! Where the voices go: the speakers that the browser names, and the one that the person chose.
//!
//! One that was unplugged is waited for: until it is back, the system's choice plays.

use crate::{
    Output, Phone,
    devices::{MAX_DEVICES, Named, offered},
    view::Sheet,
};
use softframe_sip::Instant;

impl Phone {
    /// The browser names them, again whenever they change.
    pub(crate) fn speakers_are(&mut self, now: Instant, mut speakers: Vec<Named>) {
        speakers.truncate(MAX_DEVICES);
        let before = self.ui.speakers.replace(speakers.clone()).unwrap_or_default();
        let wished = self.person.speaker().to_owned();
        self.device_news(now, &before, &speakers, &wished);
        self.send_to_speaker();
        self.use_devices();
    }

    pub(crate) fn set_speaker(&mut self, id: &str) {
        self.keep_speaker(id);
        self.send_to_speaker();
    }

    /// What was chosen, as far as it is there.
    pub(crate) fn send_to_speaker(&mut self) {
        if self.ui.speakers.is_none() {
            return;
        }
        let id = self.speaker().to_owned();
        self.out.push_back(Output::Speaker(id));
    }

    /// The one that plays; empty: the system's.
    pub(crate) fn speaker(&self) -> &str {
        let wished = self.person.speaker();
        let there = self.ui.speakers.iter().flatten().any(|(id, _)| id == wished);
        if there { wished } else { "" }
    }

    /// 36.
    pub(crate) fn route_sheet(&self) -> Option<Sheet> {
        Some(Sheet::Route {
            speakers: offered(self.ui.speakers.as_ref()?),
            chosen: self.speaker().to_owned(),
            sound: Box::new(self.sound_settings()),
        })
    }

    /// Icon and label of the tile, where there is one.
    pub(crate) fn route(&self) -> Option<(&'static str, &'static str)> {
        let speakers = self.ui.speakers.as_ref()?;
        let playing = speakers.iter().find(|(id, _)| id == self.speaker());
        let on_head = playing.is_some_and(|(_, name)| name.to_lowercase().contains("head"));
        Some(if on_head { ("headset", "call.headset") } else { ("speaker", "set.speaker") })
    }
}
