//! base64url without padding (RFC 4648 §5): the form in which any octets fit into a header and a URI alike.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn encode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for group in octets.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, octet| (bits << 8) | u32::from(*octet));
        let bits = bits << (8 * (3 - group.len()));
        for place in 0..=group.len() {
            let index = (bits >> (18 - 6 * place)) & 63;
            text.extend(ALPHABET.get(index as usize).map(|octet| char::from(*octet)));
        }
    }
    text
}

/// `None` for what is no base64url, or would be longer than `max_octets`. Padding is allowed.
pub(super) fn decode(text: &str, max_octets: usize) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    if text.len() / 4 * 3 > max_octets {
        return None;
    }
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for octet in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == octet)?;
        bits = ((bits << 6) | u32::try_from(value).ok()?) & 0xfff;
        held += 6;
        if held >= 8 {
            held -= 8;
            octets.push(((bits >> held) & 0xff) as u8);
        }
    }
    // A single letter is no octet.
    (held < 6).then_some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_of_every_length_come_back() {
        for (octets, text) in [
            (&b""[..], ""),
            (b"f", "Zg"),
            (b"fo", "Zm8"),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg"),
            (b"\xfb\xff\xbf", "-_-_"),
        ] {
            assert_eq!(encode(octets), text);
            assert_eq!(decode(text, 100).as_deref(), Some(octets));
        }
        assert_eq!(decode("Zg==", 100).as_deref(), Some(&b"f"[..]));
        for bad in ["Z", "Zm9vY", "+/", "Z g", "é"] {
            assert_eq!(decode(bad, 100), None, "{bad}");
        }
        assert_eq!(decode("Zm9vZm9v", 5), None);
    }
}
