//! A steady sine tone in G.711 packets.
//!
//! It never drifts: the period is computed once and repeated.

use super::g711::{Law, PACKET, RATE};

/// What number 600 sounds like, in hertz: the concert pitch that a test looks for.
pub(crate) const TONE_HZ: u32 = 440;

/// A quarter of full scale: heard clearly, far from clipping.
const AMPLITUDE: f64 = 8192.0;

/// An endless tone.
pub(crate) struct Tone {
    period: Vec<u8>,
    position: usize,
}

impl Tone {
    /// A tone of `hertz`, which must divide the second into whole periods (any whole number does).
    pub(crate) fn new(law: Law, hertz: u32) -> Tone {
        let samples = RATE / common_divisor(RATE, hertz.max(1));
        let sample = |n: u32| {
            let phase = f64::from(n) * f64::from(hertz) / f64::from(RATE);
            (AMPLITUDE * (phase * std::f64::consts::TAU).sin()) as i16
        };
        Tone { period: (0..samples).map(|n| law.encode(sample(n))).collect(), position: 0 }
    }

    /// The next 20 ms.
    pub(crate) fn packet(&mut self) -> Vec<u8> {
        let packet = self.period.iter().cycle().skip(self.position).take(PACKET).copied().collect();
        self.position = (self.position + PACKET) % self.period.len();
        packet
    }
}

fn common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
