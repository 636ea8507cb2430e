//! What a media peer hears: packets, energy and the loudest frequency, so that a test can tell a tone from an echo
//! from silence.
//!
//! It keeps no sound, only figures.

use super::g711::RATE;
use serde_json::{Value, json};

/// Samples looked at together: 100 ms, a resolution of 10 Hz.
const WINDOW: usize = 800;

/// The frequencies looked for, in hertz: the telephone band in steps of the resolution.
const BAND: std::ops::RangeInclusive<usize> = 100..=3400;
const STEP: usize = 10;

/// Windows remembered for "now": three seconds, so that a beep once a second is always among them.
const MAX_WINDOWS: usize = 30;

/// Digits remembered: no test and no person types more into a demo.
const MAX_DIGITS: usize = 64;

/// Mean square below which a window is silence (-50 dB of full scale).
const SILENCE: f64 = 1e-5;

/// One window's loudness and pitch.
#[derive(Clone, Copy, Debug)]
struct Window {
    mean_square: f64,
    hertz: usize,
}

/// Figures of one call's incoming sound.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    packets: u64,
    octets: u64,
    energy: f64,
    window: Vec<f64>,
    recent: std::collections::VecDeque<Window>,
    loudest: Option<Window>,
    digits: String,
}

impl Heard {
    /// One packet's samples.
    pub(crate) fn sound(&mut self, samples: impl ExactSizeIterator<Item = i16>) {
        self.packets += 1;
        self.octets += samples.len() as u64;
        for sample in samples {
            let level = f64::from(sample) / 32768.0;
            self.energy += level * level / f64::from(RATE);
            self.window.push(level);
            if self.window.len() == WINDOW {
                self.close_window();
            }
        }
    }

    /// One digit of the key pad.
    pub(crate) fn digit(&mut self, digit: char) {
        if self.digits.len() < MAX_DIGITS {
            self.digits.push(digit);
        }
    }

    /// The loudest frequency of the last three seconds, if they were not silent.
    pub(crate) fn dominant_hertz(&self) -> Option<usize> {
        let loudest = self.recent.iter().max_by(|a, b| a.mean_square.total_cmp(&b.mean_square))?;
        (loudest.mean_square > SILENCE).then_some(loudest.hertz)
    }

    /// The loudest frequency of the last window, if that was not silent.
    fn latest_hertz(&self) -> Option<usize> {
        self.recent.back().filter(|window| window.mean_square > SILENCE).map(|window| window.hertz)
    }

    /// For `/demo/state`. `energy` is counted as WebRTC's totalAudioEnergy is: full scale for one second is 1.
    pub(crate) fn to_json(&self) -> Value {
        let recent = self.recent.iter().map(|window| window.mean_square).fold(0.0, f64::max);
        json!({
            "packets": self.packets,
            "octets": self.octets,
            "energy": self.energy,
            "dominantHz": self.dominant_hertz(),
            "latestHz": self.latest_hertz(),
            "recentLevel": recent.sqrt(),
            "loudestHz": self.loudest.filter(|window| window.mean_square > SILENCE).map(|window| window.hertz),
            "loudestLevel": self.loudest.map_or(0.0, |window| window.mean_square.sqrt()),
            "dtmf": self.digits,
        })
    }

    fn close_window(&mut self) {
        let samples = std::mem::take(&mut self.window);
        let mean_square = samples.iter().map(|level| level * level).sum::<f64>() / samples.len() as f64;
        let loudest_in_band =
            BAND.step_by(STEP).max_by(|a, b| goertzel(&samples, *a).total_cmp(&goertzel(&samples, *b)));
        let window = Window { mean_square, hertz: loudest_in_band.unwrap_or(0) };
        if self.loudest.is_none_or(|loudest| mean_square > loudest.mean_square) {
            self.loudest = Some(window);
        }
        if self.recent.len() == MAX_WINDOWS {
            self.recent.pop_front();
        }
        self.recent.push_back(window);
    }
}

/// The power of one frequency (Goertzel).
fn goertzel(samples: &[f64], hertz: usize) -> f64 {
    let coefficient = 2.0 * (std::f64::consts::TAU * hertz as f64 / f64::from(RATE)).cos();
    let (last, before) =
        samples.iter().fold((0.0, 0.0), |(last, before), x| (x + coefficient * last - before, last));
    last * last + before * before - coefficient * last * before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answering::{g711::Law, tone::Tone};

    #[test]
    fn tone_is_told_from_silence_and_other_tones() {
        for hertz in [200, 440, 1000, 2500] {
            let mut tone = Tone::new(Law::Mu, hertz);
            let mut heard = Heard::default();
            for _ in 0..50 {
                heard.sound(tone.packet().into_iter().map(|octet| Law::Mu.decode(octet)));
            }
            assert_eq!(heard.dominant_hertz(), Some(hertz as usize));
            assert!((heard.energy - 0.03125).abs() < 0.001, "{}", heard.energy);
            assert_eq!(heard.packets, 50);
        }
        let mut heard = Heard::default();
        heard.sound([0i16; 8000].into_iter());
        assert_eq!(heard.dominant_hertz(), None);
    }
}
