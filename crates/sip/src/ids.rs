//! Every id of an agent (branches, tags, Call-IDs, client nonces) from one seed. Never draws randomness itself: the
//! same seed gives the same ids, so the seed must be fresh.

use sha2::{Digest, Sha256};

/// SHA-256 in counter mode over a secret seed: who sees one id learns nothing about the others.
#[derive(Clone)]
pub struct Ids {
    seed: [u8; 32],
    drawn: u64,
}

impl Ids {
    /// From 32 random octets.
    pub fn new(seed: [u8; 32]) -> Ids {
        Ids { seed, drawn: 0 }
    }

    /// 32 fresh octets.
    pub fn octets(&mut self) -> [u8; 32] {
        self.drawn = self.drawn.wrapping_add(1);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.drawn.to_be_bytes());
        hash.finalize().into()
    }

    /// 20 characters of `a-v0-9`: 100 bits, a token, fit for tags, Call-IDs and client nonces.
    pub fn token(&mut self) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
        let octets = self.octets();
        let letter = |octet: &u8| ALPHABET.get(usize::from(octet & 31)).copied().map_or('0', char::from);
        octets.iter().take(20).map(letter).collect()
    }

    /// A branch with the cookie of RFC 3261 §8.1.1.7.
    pub fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.token())
    }

    /// A number of `low..=high`, for jitter.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        let [a, b, c, d, ..] = self.octets();
        let span = high.saturating_sub(low).saturating_add(1);
        low + u64::from(u32::from_be_bytes([a, b, c, d])) % span
    }
}

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn same_seed_same_ids_other_seed_other_ids() {
        let draw = |seed| {
            let mut ids = Ids::new([seed; 32]);
            (0..1000).map(|_| ids.token()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        let all: std::collections::BTreeSet<String> = draw(1).into_iter().chain(draw(2)).collect();
        assert_eq!(all.len(), 2000);
    }

    #[test]
    fn between_stays_between() {
        let mut ids = Ids::new([7; 32]);
        let drawn: Vec<u64> = (0..1000).map(|_| ids.between(3, 7)).collect();
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&3), Some(&7)));
    }
}
