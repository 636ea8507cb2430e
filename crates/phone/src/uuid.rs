//! Ids of the phone, drawn from the seed.
//!
//! It never asks the machine for randomness; the same seed gives the same ids.

use softframe_sip::Ids;

/// A version 4 UUID (RFC 9562).
pub(crate) fn uuid(ids: &mut Ids) -> String {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = ids.octets();
    let random = u128::from_be_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]);
    let versioned = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{versioned:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or("");
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_version_4_and_differ() {
        let mut ids = Ids::new([7; 32]);
        let (one, two) = (uuid(&mut ids), uuid(&mut ids));
        assert_ne!(one, two);
        assert_eq!((one.len(), &one[14..15]), (36, "4"));
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}
