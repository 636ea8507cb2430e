//! What should be heard now, by the calls there are.
//!
//! It makes no sound: it says which one, and only when that changes.

use crate::{
    CallId, Output, Phone, Sound,
    call::{Call, Next, State},
};
use softframe_sip::Instant;

impl Phone {
    pub(super) fn sound_once(&mut self, sound: Sound) {
        self.once = Some(sound);
    }

    pub(super) fn wanted_sound(&self) -> Sound {
        let busy = self.calls.values().any(|call| call.is_live() || call.is_outgoing_attempt());
        // The person has answered it, only somebody else must be held first.
        let is_taken =
            |call: &Call| matches!(&self.after_hold, Some((_, Next::Answer(id, _))) if *id == call.id);
        let rings =
            |call: &Call| matches!(call.state, State::Incoming { silenced: false, .. }) && !is_taken(call);
        if self.calls.values().any(rings) {
            return if busy { Sound::CallWaiting } else { Sound::Ring };
        }
        let rings_there = |call: &Call| match &call.state {
            State::Progressing(progressing) => progressing.ringing && progressing.early.is_none(),
            _ => false,
        };
        if self.calls.values().any(rings_there) { Sound::Ringback } else { Sound::Silence }
    }

    pub(super) fn play(&mut self) {
        let once = self.once.take().filter(|sound| *sound != Sound::Silence);
        let wanted = self.wanted_sound();
        let changed = std::mem::replace(&mut self.sound, wanted) != wanted;
        match (wanted, once) {
            (Sound::Silence, Some(once)) => self.out.push_back(Output::Sound(once)),
            _ if changed => self.out.push_back(Output::Sound(wanted)),
            _ => {}
        }
    }

    pub(super) fn sound_blocked(&mut self, now: Instant) {
        self.ui.sound_blocked = true;
        let ringing: Vec<CallId> =
            self.calls.values().filter(|call| call.is_ringing_in()).map(|call| call.id).collect();
        for id in ringing {
            self.audio_blocked(now, id);
        }
    }
}
