//! Looks at session descriptions: admissible or not, direction, key tones. Never writes or changes one.
//!
//! The browser is the judge of a description: what webrtc-sdp cannot read is merely unknown here. Only a missing
//! fingerprint and the size limits of protocol.md 1.7 refuse.

use webrtc_sdp::{
    address::ExplicitlyTypedAddress,
    attribute_type::{SdpAttribute, SdpAttributeType},
    media_type::{SdpMedia, SdpMediaValue},
    parse_sdp,
};

/// What a browser or PBX sends is below 8 kB.
pub(crate) const MAX_SDP_OCTETS: usize = 32 * 1024;
/// As above.
pub(crate) const MAX_SDP_LINES: usize = 1_000;
/// One audio section is used; PBXs offer up to five.
pub(crate) const MAX_SECTIONS: usize = 8;
/// The browser opens a connection check for each.
pub(crate) const MAX_CANDIDATES: usize = 32;
/// webrtc-sdp needs quadratic time; real descriptions are far below.
const MAX_INSPECTED_OCTETS: usize = 16 * 1024;
const MAX_INSPECTED_LINES: usize = 400;

/// Why a description is not given to the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Objection {
    TooLarge,
    NotText,
    /// Media without DTLS: a browser cannot, and nothing unencrypted is wanted.
    NoFingerprint,
}

/// What the description says of its sender's audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looks {
    /// The sender holds us: it does not want to hear, or has no address.
    pub(crate) held: bool,
    /// `telephone-event` (RFC 4733) is there.
    pub(crate) key_tones: bool,
}

/// The description as text, if it may go to the browser.
pub(crate) fn admit(body: &[u8]) -> Result<&str, Objection> {
    if body.len() > MAX_SDP_OCTETS {
        return Err(Objection::TooLarge);
    }
    let text = std::str::from_utf8(body).map_err(|_| Objection::NotText)?;
    let count = |head: &str| text.lines().filter(|line| line.starts_with(head)).count();
    if text.lines().count() > MAX_SDP_LINES
        || count("m=") > MAX_SECTIONS
        || count("a=candidate:") > MAX_CANDIDATES
    {
        return Err(Objection::TooLarge);
    }
    if count("a=fingerprint:") == 0 {
        return Err(Objection::NoFingerprint);
    }
    Ok(text)
}

/// What can be seen of the first live audio section; `None` if webrtc-sdp cannot read the description.
pub(crate) fn inspect(text: &str) -> Option<Looks> {
    if text.len() > MAX_INSPECTED_OCTETS || text.lines().count() > MAX_INSPECTED_LINES {
        return None;
    }
    let readable = prepared(text);
    let session = parse_sdp(&readable, false).ok()?;
    if session.media.len() != text.lines().filter(|line| line.starts_with("m=")).count() {
        return None;
    }
    let audio = |media: &&SdpMedia| *media.get_type() == SdpMediaValue::Audio && media.get_port() != 0;
    let media = session.media.iter().find(audio)?;
    let connection = media.get_connection().as_ref().or(session.connection.as_ref());
    let nowhere = connection.is_some_and(|connection| match &connection.address {
        ExplicitlyTypedAddress::Ip(address) => address.is_unspecified(),
        ExplicitlyTypedAddress::Fqdn { .. } => false,
    });
    // ICE descriptions of browsers carry c=0.0.0.0 at port 9 before candidates are known; it is a hold only
    // where there is no ICE (RFC 3264 §8.4, RFC 8839 §4.3.1).
    let ice = media.get_attribute(SdpAttributeType::IceUfrag).is_some()
        || session.get_attribute(SdpAttributeType::IceUfrag).is_some();
    let quiet = direction(media.get_attributes().iter()).or_else(|| direction(session.attribute.iter()));
    Some(Looks { held: quiet.unwrap_or(false) || (nowhere && !ice), key_tones: has_key_tones(media) })
}

/// Whether the attributes say that the sender does not want to hear us.
fn direction<'a>(mut attributes: impl Iterator<Item = &'a SdpAttribute>) -> Option<bool> {
    attributes.find_map(|attribute| match attribute {
        SdpAttribute::Sendonly | SdpAttribute::Inactive => Some(true),
        SdpAttribute::Sendrecv | SdpAttribute::Recvonly => Some(false),
        _ => None,
    })
}

fn has_key_tones(media: &SdpMedia) -> bool {
    media.get_attributes_of_type(SdpAttributeType::Rtpmap).iter().any(|attribute| match attribute {
        SdpAttribute::Rtpmap(map) => map.codec_name.eq_ignore_ascii_case("telephone-event"),
        _ => false,
    })
}

/// The text without what makes webrtc-sdp refuse the whole or shift sections (measured on 49 descriptions).
fn prepared(text: &str) -> String {
    let mut lines = String::with_capacity(text.len());
    let mut placeholder = false;
    for line in text.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            placeholder = !is_readable_section(media);
            match placeholder {
                true => lines.push_str("m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"),
                false => lines.extend([line, "\r\n"]),
            }
        } else if !placeholder && !is_refused_line(line) {
            lines.extend([line, "\r\n"]);
        }
    }
    lines
}

/// Also what is not looked at: webrtc-sdp needs the square of their length for some attributes, and refuses the whole for
/// one that it cannot read.
fn is_refused_line(line: &str) -> bool {
    const LOOKED_AT: [&str; 6] = ["rtpmap:", "ice-ufrag:", "sendrecv", "sendonly", "recvonly", "inactive"];
    if let Some(attribute) = line.strip_prefix("a=") {
        return !LOOKED_AT.iter().any(|known| attribute.starts_with(known));
    }
    line.starts_with(['e', 'u', 'p', 'r', 'z', 'k', 'i', 'b']) && line.get(1..2) == Some("=")
}

/// A section of another kind or protocol would vanish; a rejected audio section keeps its place.
fn is_readable_section(media: &str) -> bool {
    const PROTOCOLS: [&str; 10] = [
        "RTP/AVP",
        "RTP/AVPF",
        "RTP/SAVP",
        "RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
        "UDP/TLS/RTP/SAVPF",
        "TCP/DTLS/RTP/SAVPF",
        "DTLS/SCTP",
        "UDP/DTLS/SCTP",
        "TCP/DTLS/SCTP",
    ];
    let mut words = media.split(' ');
    let (kind, _, protocol) = (words.next(), words.next(), words.next());
    matches!(kind, Some("audio" | "video" | "application"))
        && protocol.is_some_and(|protocol| PROTOCOLS.contains(&protocol))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chromium(extra: &str) -> String {
        format!(
            "v=0\r\no=- 46 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111 126\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
             a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:SHA-256 AA:BB\r\n\
             a=setup:actpass\r\na=mid:0\r\n{extra}a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n\
             a=rtpmap:126 telephone-event/8000\r\n"
        )
    }

    #[test]
    fn directions_of_a_browser_tell_hold() {
        for (line, held) in [
            ("a=sendrecv\r\n", false),
            ("", false),
            ("a=recvonly\r\n", false),
            ("a=sendonly\r\n", true),
            ("a=inactive\r\n", true),
        ] {
            assert_eq!(inspect(&chromium(line)), Some(Looks { held, key_tones: true }), "{line:?}");
        }
    }

    #[test]
    fn the_old_zero_address_is_a_hold_where_no_ice_is() {
        let old =
            "v=0\r\no=x 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
        assert_eq!(inspect(old), Some(Looks { held: true, key_tones: false }));
    }

    #[test]
    fn a_foreign_section_does_not_shift_the_audio() {
        let mixed =
            chromium("a=sendonly\r\n").replace("m=audio 9", "m=image 0 udptl t38\r\na=inactive\r\nm=audio 9");
        assert_eq!(inspect(&mixed), Some(Looks { held: true, key_tones: true }));
    }

    #[test]
    fn lines_that_webrtc_sdp_refuses_do_not_hide_the_rest() {
        let odd = chromium("a=sendonly\r\n").replace("t=0 0\r\n", "e=x\r\nb=AS:1.5\r\nt=0 0\r\n");
        assert_eq!(inspect(&odd).map(|looks| looks.held), Some(true));
    }

    #[test]
    fn only_size_text_and_fingerprint_are_conditions() {
        assert!(admit(chromium("").as_bytes()).is_ok());
        assert!(admit(b"a=fingerprint:x\r\nnonsense").is_ok());
        assert_eq!(admit(b"v=0\r\n"), Err(Objection::NoFingerprint));
        assert_eq!(admit(&[0xff, 0xfe]), Err(Objection::NotText));
        let many = "m=audio 9 RTP/SAVPF 0\r\n".repeat(9);
        assert_eq!(admit(format!("a=fingerprint:x\r\n{many}").as_bytes()), Err(Objection::TooLarge));
        assert_eq!(admit(&vec![b'a'; MAX_SDP_OCTETS + 1]), Err(Objection::TooLarge));
        assert_eq!(inspect("nonsense"), None);
    }

    #[test]
    // The test looks at the clock, the crate does not.
    #[allow(clippy::disallowed_methods)]
    fn long_attributes_cost_no_square_of_time() {
        let head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n\
                    a=sendonly\r\na=ice-ufrag:ab\r\n";
        for (name, piece) in
            [("imageattr:97 send ", "[x=1,y=2] "), ("simulcast:send ", "1;"), ("rid:1 send ", "x=1;")]
        {
            let time = |octets: usize| {
                let text = format!("{head}a={name}{}\r\n", piece.repeat(octets / piece.len()));
                let runs = (0..3).map(|_| {
                    let begin = std::time::Instant::now();
                    assert!(inspect(&text).is_some_and(|looks| looks.held), "{name}");
                    begin.elapsed()
                });
                runs.min().expect("three runs")
            };
            let (short, long) = (time(1_000), time(15_000));
            assert!(long < short * 60 + std::time::Duration::from_millis(10), "{name}: {short:?}, {long:?}");
        }
    }
}
