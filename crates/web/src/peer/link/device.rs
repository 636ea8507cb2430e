//! The devices of a peer while its call runs: another microphone, one that went away, another loudness.
//!
//! The other side is told nothing of it: the track is exchanged, the description stays.

use super::Link;
use crate::listener::Listener;
use softframe_phone::{Input, MediaEvent};
use std::rc::Rc;
use web_sys::{Event, MediaStreamTrack};

impl Link {
    /// Lets go of the microphone; whether it had one.
    pub(crate) fn release_microphone(&self) -> bool {
        self.loan.borrow_mut().take().is_some()
    }

    /// Takes the microphone that is chosen now, or the one that is left. Without any the phone is told.
    pub(crate) async fn take_microphone(self: Rc<Self>) {
        let turn = self.takes.get().wrapping_add(1);
        self.takes.set(turn);
        let taken = self.borrow_microphone().await;
        // What came in between let go of this one and takes another: that has the word.
        if self.takes.get() == turn && !self.is_closed() && (taken.is_err() || !self.has_live_track()) {
            let (call, peer) = (self.call, self.peer);
            self.feed.input(Input::Media { call, peer, request: None, event: MediaEvent::MicrophoneLost });
        }
    }

    /// How loud the other side is, per cent.
    pub(crate) fn set_volume(&self, volume: u8) {
        if let Some(player) = &*self.player.borrow() {
            player.set_volume(volume);
        }
    }

    pub(super) fn listen_to(self: &Rc<Self>, track: &MediaStreamTrack) {
        let link = Rc::downgrade(self);
        let ended = Listener::new(track, "ended", move |_: Event| {
            let Some(link) = link.upgrade() else { return };
            link.release_microphone();
            link.audio.microphone().unplugged();
            js_sys::futures::spawn_local(async move { link.take_microphone().await });
        });
        self.listeners.borrow_mut().push(ended);
    }
}
