//! What a peer plays and where, and what of other peers goes out with its microphone.
//!
//! It decides nothing: the phone says who hears whom.

use super::Link;
use web_sys::MediaStream;

impl Link {
    /// Sends the microphone and `others`.
    pub(crate) fn mix(&self, others: &[MediaStream]) {
        let Some(own) = self.track() else { return };
        let Some(mixer) = self.audio.mixer(&own, others) else { return };
        self.exchange(mixer.track());
        *self.mixer.borrow_mut() = Some(mixer);
    }

    /// Sends the microphone alone again.
    pub(crate) fn unmix(&self) {
        if self.mixer.borrow_mut().take().is_some()
            && let Some(own) = self.track()
        {
            self.exchange(own);
        }
    }

    /// Starts what the browser refused to play.
    pub(crate) fn play_again(&self) {
        if let Some(player) = &*self.player.borrow() {
            self.audio.begin(player.element());
        }
    }

    /// Plays there from now on.
    pub(crate) fn send_to(&self, speaker: &str) {
        if let Some(player) = &*self.player.borrow() {
            player.send_to(speaker);
        }
    }

    /// Whether it sends a mix.
    pub(crate) fn is_mixing(&self) -> bool {
        self.mixer.borrow().is_some()
    }
}
