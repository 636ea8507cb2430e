//! Every id of the phone, drawn from the seed by ChaCha20 (RFC 8439), so that no id tells another.
//!
//! It never asks the machine for randomness; the same seed gives the same ids.

/// A stream of octets from one seed.
pub(crate) struct Entropy {
    key: [u32; 8],
    counter: u32,
    block: [u8; 64],
    used: usize,
}

impl Entropy {
    pub(crate) fn new(seed: [u8; 32]) -> Entropy {
        let mut key = [0; 8];
        for (word, octets) in key.iter_mut().zip(seed.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*octets);
        }
        Entropy { key, counter: 0, block: [0; 64], used: 64 }
    }

    /// 32 octets, a seed for another generator.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        self.octets()
    }

    /// A version 4 UUID (RFC 9562).
    pub(crate) fn uuid(&mut self) -> String {
        let raw = u128::from_be_bytes(self.octets());
        let versioned = raw & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
        let hex = format!("{versioned:032x}");
        let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or("").to_owned();
        [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
    }

    fn octets<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.octet())
    }

    fn octet(&mut self) -> u8 {
        if self.used >= self.block.len() {
            self.block = chacha20_block(&self.key, self.counter);
            self.counter = self.counter.wrapping_add(1);
            self.used = 0;
        }
        let octet = self.block.get(self.used).copied().unwrap_or(0);
        self.used += 1;
        octet
    }
}

// RFC 8439 §2.3, with an all-zero nonce: every seed is used by one generator only.
fn chacha20_block(key: &[u32; 8], counter: u32) -> [u8; 64] {
    let [k0, k1, k2, k3, k4, k5, k6, k7] = *key;
    let start: [u32; 16] = [
        0x6170_7865,
        0x3320_646e,
        0x7962_2d32,
        0x6b20_6574,
        k0,
        k1,
        k2,
        k3,
        k4,
        k5,
        k6,
        k7,
        counter,
        0,
        0,
        0,
    ];
    let mut rows = start;
    for _ in 0..10 {
        rows = double_round(rows);
    }
    let mut block = [0; 64];
    let sums = rows.iter().zip(start).map(|(word, first)| word.wrapping_add(first));
    for (octets, word) in block.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
        *octets = word.to_le_bytes();
    }
    block
}

fn double_round(words: [u32; 16]) -> [u32; 16] {
    let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] = words;
    let [a0, b0, c0, d0] = quarter_round([a0, b0, c0, d0]);
    let [a1, b1, c1, d1] = quarter_round([a1, b1, c1, d1]);
    let [a2, b2, c2, d2] = quarter_round([a2, b2, c2, d2]);
    let [a3, b3, c3, d3] = quarter_round([a3, b3, c3, d3]);
    let [a0, b1, c2, d3] = quarter_round([a0, b1, c2, d3]);
    let [a1, b2, c3, d0] = quarter_round([a1, b2, c3, d0]);
    let [a2, b3, c0, d1] = quarter_round([a2, b3, c0, d1]);
    let [a3, b0, c1, d2] = quarter_round([a3, b0, c1, d2]);
    [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3]
}

fn quarter_round([mut a, mut b, mut c, mut d]: [u32; 4]) -> [u32; 4] {
    a = a.wrapping_add(b);
    d = (d ^ a).rotate_left(16);
    c = c.wrapping_add(d);
    b = (b ^ c).rotate_left(12);
    a = a.wrapping_add(b);
    d = (d ^ a).rotate_left(8);
    c = c.wrapping_add(d);
    b = (b ^ c).rotate_left(7);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zero_key_gives_the_published_key_stream() {
        // RFC 8439 appendix A.1, test vector 1.
        let block = chacha20_block(&[0; 8], 0);
        assert_eq!(block[..8], [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90]);
    }

    #[test]
    fn uuids_are_version_4_and_differ() {
        let mut entropy = Entropy::new([7; 32]);
        let (one, two) = (entropy.uuid(), entropy.uuid());
        assert_ne!(one, two);
        assert_eq!((one.len(), &one[14..15]), (36, "4"));
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}
