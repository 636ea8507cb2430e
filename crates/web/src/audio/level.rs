//! How loud the microphone hears: on every meter in sight, and the microphone is kept open for no other.
//!
//! It asks nobody for the microphone: where that is not allowed yet, the meters stand still.

use super::Audio;
use crate::{listener::after, ui::level_meters};
use std::rc::Rc;
use web_sys::{AnalyserNode, MediaStreamTrackState};

/// As often as a bar seems to move by itself.
const LOOK_MS: i32 = 50;
/// Bars of a meter (ui.md 4.12).
const BARS: f32 = 20.0;
/// What an analyser has by default: 40 ms of sound.
const WAVE: usize = 2_048;

impl Audio {
    /// Measures from now on as long as a meter is in sight.
    pub(crate) fn meter(self: &Rc<Self>) {
        if level_meters().is_empty() || !self.microphone.is_granted() || self.metering.replace(true) {
            return;
        }
        let audio = self.clone();
        js_sys::futures::spawn_local(async move {
            // Another microphone was chosen, or this one was unplugged: what is there now is measured.
            while audio.measure().await.is_some() {}
            audio.metering.set(false);
            show(0.0);
            audio.rest_later();
        });
    }

    /// Lets go of the microphone, so that another one can be asked for.
    pub(super) fn release_metered(&self) {
        self.metered.borrow_mut().take();
    }

    /// Until no meter is in sight, which is `None`, or the microphone is another.
    async fn measure(self: &Rc<Self>) -> Option<()> {
        let loan = self.microphone.lend().await.ok()?;
        self.wake();
        let context = self.context()?;
        let stream = Audio::stream_of(&loan.track)?;
        *self.metered.borrow_mut() = Some(loan);
        let source = context.create_media_stream_source(&stream).ok()?;
        let analyser = context.create_analyser().ok()?;
        source.connect_with_audio_node(&analyser).ok()?;
        let in_sight = loop {
            after(LOOK_MS).await;
            if !show(loudness(&analyser)) {
                break None;
            }
            let metered = self.metered.borrow();
            let is_live =
                |loan: &crate::microphone::Loan| loan.track.ready_state() == MediaStreamTrackState::Live;
            if !metered.as_ref().is_some_and(is_live) {
                break Some(());
            }
        };
        let _ = source.disconnect();
        self.release_metered();
        in_sight
    }
}

fn loudness(analyser: &AnalyserNode) -> f32 {
    let mut wave = [0.0; WAVE];
    analyser.get_float_time_domain_data(&mut wave);
    (wave.iter().map(|one| one * one).sum::<f32>() / WAVE as f32).sqrt()
}

/// Writes a loudness from 0 to 1; whether there is a meter in sight.
fn show(loudness: f32) -> bool {
    let meters = level_meters();
    for meter in &meters {
        let _ = meter.set_attribute("value", &bars(loudness).to_string());
    }
    !meters.is_empty()
}

/// The ear's scale, roughly: a tenth of the loudness is half the bars. Below a thousandth there is only noise.
fn bars(loudness: f32) -> u8 {
    ((loudness.sqrt().sqrt() * (BARS + 3.0)) - 4.0).clamp(0.0, BARS) as u8
}

#[cfg(test)]
mod tests {
    use super::bars;

    #[test]
    fn silence_has_no_bar_speech_some_and_shouting_nearly_all() {
        let all = [0.0, 0.0005, 0.01, 0.1, 0.5, 1.0].map(bars);
        assert_eq!(all, [0, 0, 3, 8, 15, 19]);
    }
}
