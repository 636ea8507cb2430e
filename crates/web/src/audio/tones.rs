//! The tones beside the call, made by oscillators from a table.
//!
//! It never loops by a timer: an oscillator's gain is planned ahead, so a hidden page rings in time.

use super::line::Line;
use softframe_phone::Sound;
use wasm_bindgen::prelude::*;
use web_sys::{AudioBuffer, AudioContext, AudioScheduledSourceNode, GainNode, OscillatorType};

/// How far ahead a repeating tone is planned. A call that rings longer has long been answered or given up.
const PLANNED_SECONDS: f64 = 300.0;
/// A ramp this short removes the click at the edge of a tone.
const EDGE_SECONDS: f64 = 0.008;

/// Bursts within one period, in seconds, at one loudness.
struct Cadence {
    hertz: &'static [f32],
    gain: f32,
    bursts: &'static [(f64, f64)],
    period: f64,
    times: Option<u32>,
    fade_in: f64,
}

/// A tone that plays until it is over or dropped.
pub(crate) struct Playing {
    sources: Vec<AudioScheduledSourceNode>,
    gain: GainNode,
    ends_by_itself: bool,
}

impl Playing {
    /// Starts `sound` now, `loud` of its full loudness, as the network of `line` would.
    pub(crate) fn start(
        context: &AudioContext,
        sound: Sound,
        loud: f32,
        line: &Line,
    ) -> Result<Playing, JsValue> {
        let now = context.current_time();
        let mut playing = Playing::silent(context)?;
        let notes = match sound {
            Sound::Ended => Some((660.0, 440.0)),
            Sound::Answered => Some((440.0, 660.0)),
            _ => None,
        };
        if let Some((first, second)) = notes {
            // Of 60 ms each.
            playing.note(context, first, now, now + 0.06)?;
            playing.note(context, second, now + 0.07, now + 0.13)?;
            playing.burst(now, 0.06, 0.12)?;
            playing.burst(now + 0.07, 0.06, 0.12)?;
            return Ok(playing);
        }
        let mut cadence = cadence(sound, line);
        cadence.gain *= loud;
        let end = playing.plan(&cadence, now)?;
        for hertz in frequencies(sound, &cadence) {
            playing.note(context, hertz, now, end)?;
        }
        Ok(playing)
    }

    /// Starts a recording now, over and over where it `repeats`.
    pub(crate) fn recording(
        context: &AudioContext,
        recording: &AudioBuffer,
        loud: f32,
        repeats: bool,
    ) -> Result<Playing, JsValue> {
        let mut playing = Playing::silent(context)?;
        playing.gain.gain().set_value(loud);
        let source = context.create_buffer_source()?;
        source.set_buffer(Some(recording));
        source.set_loop(repeats);
        source.connect_with_audio_node(&playing.gain)?;
        source.start()?;
        playing.sources.push(source.into());
        Ok(playing)
    }

    fn silent(context: &AudioContext) -> Result<Playing, JsValue> {
        let gain = context.create_gain()?;
        gain.connect_with_audio_node(&context.destination())?;
        gain.gain().set_value(0.0);
        Ok(Playing { sources: Vec::new(), gain, ends_by_itself: false })
    }

    /// Lets it end by itself.
    pub(crate) fn let_end(mut self) {
        self.ends_by_itself = true;
    }

    fn note(&mut self, context: &AudioContext, hertz: f32, from: f64, to: f64) -> Result<(), JsValue> {
        let oscillator = context.create_oscillator()?;
        oscillator.set_type(OscillatorType::Sine);
        oscillator.frequency().set_value(hertz);
        oscillator.connect_with_audio_node(&self.gain)?;
        oscillator.start_with_when(from)?;
        oscillator.stop_with_when(to)?;
        self.sources.push(oscillator.into());
        Ok(())
    }

    /// Plans all bursts and says when the last one ends.
    fn plan(&self, cadence: &Cadence, now: f64) -> Result<f64, JsValue> {
        let planned = (PLANNED_SECONDS / cadence.period).ceil() as u32;
        let periods = cadence.times.unwrap_or(planned);
        for period in 0..periods {
            let start = f64::from(period) * cadence.period;
            for (offset, length) in cadence.bursts {
                let at = start + offset;
                let faded =
                    if cadence.fade_in > 0.0 { ((at + length) / cadence.fade_in).min(1.0) } else { 1.0 };
                self.burst(now + at, *length, cadence.gain * faded as f32)?;
            }
        }
        Ok(now + f64::from(periods) * cadence.period)
    }

    fn burst(&self, at: f64, length: f64, gain: f32) -> Result<(), JsValue> {
        let parameter = self.gain.gain();
        parameter.set_value_at_time(0.0, at)?;
        parameter.linear_ramp_to_value_at_time(gain, at + EDGE_SECONDS)?;
        parameter.set_value_at_time(gain, at + length - EDGE_SECONDS)?;
        parameter.linear_ramp_to_value_at_time(0.0, at + length)?;
        Ok(())
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        if !self.ends_by_itself {
            let _ = self.gain.disconnect();
            for source in &self.sources {
                // Only one that was never started would refuse.
                let _ = source.stop();
            }
        }
    }
}

fn cadence(sound: Sound, line: &Line) -> Cadence {
    let once = Cadence {
        hertz: &[425.0],
        gain: 0.1,
        bursts: &[(0.0, 0.1)],
        period: 0.1,
        times: Some(1),
        fade_in: 0.0,
    };
    match sound {
        Sound::Ring => Cadence {
            hertz: &[660.0, 880.0],
            gain: 0.2,
            bursts: &[(0.0, 0.4), (0.6, 0.4)],
            period: 3.0,
            times: None,
            fade_in: 2.0,
        },
        Sound::TestRing => Cadence { times: Some(1), fade_in: 0.0, ..self::cadence(Sound::Ring, line) },
        Sound::TestSpeaker => {
            Cadence { hertz: &[440.0], bursts: &[(0.0, 0.4), (0.6, 0.4)], period: 1.0, ..once }
        }
        // −18 dB.
        Sound::CallWaiting => {
            Cadence { gain: 0.125, bursts: &[(0.0, 0.2)], period: 10.0, times: None, ..once }
        }
        Sound::Ringback => Cadence {
            hertz: line.ringback,
            bursts: line.bursts,
            period: line.period,
            // Two tones together are as loud as one.
            gain: once.gain / line.ringback.len() as f32,
            times: None,
            ..once
        },
        Sound::Busy => Cadence {
            hertz: line.busy,
            bursts: line.busy_burst,
            period: line.busy_burst.iter().map(|(_, length)| length * 2.0).sum(),
            gain: once.gain / line.busy.len() as f32,
            times: Some(3),
            ..once
        },
        // −20 dB for both tones together.
        Sound::Key(_) => Cadence { gain: 0.05, ..once },
        Sound::Silence | Sound::Ended | Sound::Answered => once,
    }
}

fn frequencies(sound: Sound, cadence: &Cadence) -> Vec<f32> {
    match sound {
        Sound::Key(key) => key_tones(key).map_or_else(Vec::new, |(low, high)| vec![low, high]),
        Sound::Silence
        | Sound::Ring
        | Sound::TestRing
        | Sound::TestSpeaker
        | Sound::CallWaiting
        | Sound::Ringback
        | Sound::Busy
        | Sound::Ended
        | Sound::Answered => cadence.hertz.to_vec(),
    }
}

/// ITU-T Q.23.
fn key_tones(key: char) -> Option<(f32, f32)> {
    const ROWS: [(f32, &str); 4] = [(697.0, "123A"), (770.0, "456B"), (852.0, "789C"), (941.0, "*0#D")];
    const COLUMNS: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
    ROWS.iter().find_map(|(low, keys)| {
        let column = keys.chars().position(|each| each == key)?;
        Some((*low, *COLUMNS.get(column)?))
    })
}

#[cfg(test)]
mod tests {
    use super::key_tones;

    #[test]
    fn every_key_has_its_two_tones() {
        assert_eq!(key_tones('1'), Some((697.0, 1209.0)));
        assert_eq!(key_tones('#'), Some((941.0, 1477.0)));
        assert_eq!(key_tones('D'), Some((941.0, 1633.0)));
        assert_eq!(key_tones('x'), None);
    }
}
