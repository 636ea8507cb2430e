//! A tone of 440 Hz, as samples and in G.711.

/// Samples per second of G.711.
pub(crate) const RATE: u32 = 8_000;
const HERTZ: f64 = 440.0;
/// Somewhat above a third of what 16 bits can say.
const LOUDNESS: f64 = 12_000.0;

/// So many samples of it.
pub(crate) fn tone(samples: u32) -> impl Iterator<Item = i16> {
    (0..samples).map(|number| {
        let phase = f64::from(number) * HERTZ * std::f64::consts::TAU / f64::from(RATE);
        (phase.sin() * LOUDNESS) as i16
    })
}

/// One second of it in PCMU (ITU-T G.711), which can be repeated without a gap: 440 whole waves.
pub(crate) fn tone_in_pcmu() -> Vec<u8> {
    tone(RATE).map(pcmu).collect()
}

/// G.711 table 2a: a sign, which of eight segments, and four bits in it; all of them inverted.
fn pcmu(sample: i16) -> u8 {
    const BIAS: u16 = 132;
    const LOUDEST: u16 = 32_635;
    let sign = if sample < 0 { 0x80 } else { 0 };
    let biased = sample.unsigned_abs().min(LOUDEST) + BIAS;
    // The bias sets bit 7 at least.
    let segment = 8 - u16::try_from(biased.leading_zeros()).expect("sixteen at most");
    let place = biased >> (segment + 3) & 0x0f;
    !(sign | (segment << 4) as u8 | place as u8)
}

#[cfg(test)]
mod tests {
    use super::pcmu;

    #[test]
    fn samples_are_compressed_as_the_table_says() {
        for (sample, code) in
            [(0, 0xff), (-1, 0x7f), (4, 0xfe), (12_000, 0x98), (32_767, 0x80), (-32_768, 0x00)]
        {
            assert_eq!(pcmu(sample), code, "{sample}");
        }
    }
}
