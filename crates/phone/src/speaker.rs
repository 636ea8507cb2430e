//! Where the voices go: the speakers that the browser names, and the one that the person chose.
//!
//! One that was unplugged is waited for: until it is back, the system's choice plays.

use crate::{
    Output, Phone,
    view::{Sheet, Text},
};

/// More outputs than a desk has; the rest is not offered.
const MAX_SPEAKERS: usize = 32;

impl Phone {
    /// The browser names them, again whenever they change.
    pub(crate) fn speakers_are(&mut self, mut speakers: Vec<(String, String)>) {
        speakers.truncate(MAX_SPEAKERS);
        self.ui.speakers = Some(speakers);
        self.send_to_speaker();
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
    fn speaker(&self) -> &str {
        let wished = self.person.speaker();
        let there = self.ui.speakers.iter().flatten().any(|(id, _)| id == wished);
        if there { wished } else { "" }
    }

    /// 36, what exists of it.
    pub(crate) fn route_sheet(&self) -> Option<Sheet> {
        let named = self.ui.speakers.as_ref()?.iter().map(|(id, name)| (id.clone(), Text::plain(name)));
        let system = (String::new(), Text::of("set.speaker.system"));
        let speakers = std::iter::once(system).chain(named).collect();
        Some(Sheet::Route { speakers, chosen: self.speaker().to_owned() })
    }

    /// Icon of the tile, where there is one.
    pub(crate) fn route_icon(&self) -> Option<&'static str> {
        let speakers = self.ui.speakers.as_ref()?;
        let playing = speakers.iter().find(|(id, _)| id == self.speaker());
        let on_head = playing.is_some_and(|(_, name)| name.to_lowercase().contains("head"));
        Some(if on_head { "headset" } else { "speaker" })
    }
}
