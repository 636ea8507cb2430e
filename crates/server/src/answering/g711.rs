//! G.711 (PCMU and PCMA): one octet for each sample of 8 kHz.
//!
//! It never resamples and never guesses the law: the payload type says which.

/// Samples each second.
pub(crate) const RATE: u32 = 8000;

/// Samples in one packet of 20 ms.
pub(crate) const PACKET: usize = 160;

/// Which of the two laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    /// PCMU.
    Mu,
    /// PCMA.
    A,
}

impl Law {
    /// The sample of an octet, -32768 to 32767.
    pub(crate) fn decode(self, octet: u8) -> i16 {
        match self {
            Law::Mu => {
                let octet = !octet;
                let magnitude = ((i16::from(octet & 0x0f) << 3) + 0x84) << ((octet & 0x70) >> 4);
                if octet & 0x80 == 0 { magnitude - 0x84 } else { 0x84 - magnitude }
            }
            Law::A => {
                let octet = octet ^ 0x55;
                let exponent = (octet & 0x70) >> 4;
                let mantissa = i16::from(octet & 0x0f) << 4;
                let magnitude = match exponent {
                    0 => mantissa + 8,
                    shift => (mantissa + 0x108) << (shift - 1),
                };
                if octet & 0x80 == 0 { -magnitude } else { magnitude }
            }
        }
    }

    /// The octet whose sample is nearest: the laws have only 256 values, and a tone needs few of them.
    pub(crate) fn encode(self, sample: i16) -> u8 {
        let distance = |octet: &u8| i32::from(self.decode(*octet)).abs_diff(i32::from(sample));
        (0..=u8::MAX).min_by_key(distance).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_octets_have_their_samples() {
        for (law, octet, sample) in [
            (Law::Mu, 0xff, 0),
            (Law::Mu, 0x80, 32124),
            (Law::Mu, 0x00, -32124),
            (Law::A, 0xd5, 8),
            (Law::A, 0x55, -8),
            (Law::A, 0xaa, 32256),
            (Law::A, 0x2a, -32256),
        ] {
            assert_eq!(law.decode(octet), sample, "{law:?} {octet:#x}");
        }
    }

    #[test]
    fn encode_is_within_a_step_of_the_sample() {
        for law in [Law::Mu, Law::A] {
            for sample in (-32000..32000).step_by(777) {
                let error = (i32::from(law.decode(law.encode(sample))) - i32::from(sample)).abs();
                assert!(error <= 16 + i32::from(sample).abs() / 16, "{law:?} {sample}: {error}");
            }
        }
    }
}
