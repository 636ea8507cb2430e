//! Looks at session descriptions: admissible or not, direction, key tones. Never writes or changes one.
//!
//! The browser is the judge of a description: what webrtc-sdp cannot read is merely unknown here. Only a missing
//! fingerprint and the size limits of protocol.md 1.7 refuse.

use std::net::IpAddr;
use webrtc_sdp::{
    SdpType,
    media_type::{SdpMediaValue, parse_media},
};

/// What a browser or PBX sends is below 8 kB.
pub(crate) const MAX_SDP_OCTETS: usize = 32 * 1024;
/// As above.
pub(crate) const MAX_SDP_LINES: usize = 1_000;
/// One audio section is used; PBXs offer up to five.
pub(crate) const MAX_SECTIONS: usize = 8;
/// The browser opens a connection check for each.
pub(crate) const MAX_CANDIDATES: usize = 32;

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

/// What can be seen of the first live audio section; `None` if there is none that webrtc-sdp can read.
pub(crate) fn inspect(text: &str) -> Option<Looks> {
    let mut parts = text.split("\nm=");
    let session = Part::of(parts.next()?);
    let media = Part::of(parts.find(|section| is_live_audio(section))?);
    // ICE descriptions of browsers carry c=0.0.0.0 at port 9 before candidates are known; it is a hold only
    // where there is no ICE (RFC 3264 §8.4, RFC 8839 §4.3.1).
    let ice = media.ice || session.ice;
    let nowhere = media.nowhere.or(session.nowhere).unwrap_or(false) && !ice;
    let quiet = media.quiet.or(session.quiet).unwrap_or(false);
    Some(Looks { held: quiet || nowhere, key_tones: media.key_tones })
}

/// Whether a section, from what follows its `m=` on, is audio that was not rejected.
fn is_live_audio(section: &str) -> bool {
    let line = section.lines().next().unwrap_or("").trim_end();
    matches!(parse_media(line), Ok(SdpType::Media(media)) if media.media == SdpMediaValue::Audio && media.port != 0)
}

/// What one part of a description says, the session's or a section's. These lines are read here: webrtc-sdp reads all
/// attributes or none, which for four words is 120 kB of code, refuses the whole description for one that it does
/// not understand, and takes the square of their length for some.
#[derive(Default)]
struct Part {
    /// The sender does not want to hear us.
    quiet: Option<bool>,
    /// It has no address.
    nowhere: Option<bool>,
    ice: bool,
    key_tones: bool,
}

impl Part {
    fn of(lines: &str) -> Part {
        let mut part = Part::default();
        for line in lines.lines() {
            if let Some(attribute) = line.strip_prefix("a=") {
                part.note(attribute.trim());
            } else if let Some(connection) = line.strip_prefix("c=") {
                part.nowhere.get_or_insert(is_nowhere(connection));
            }
        }
        part
    }

    fn note(&mut self, attribute: &str) {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "sendonly" | "inactive" => drop(self.quiet.get_or_insert(true)),
            "sendrecv" | "recvonly" => drop(self.quiet.get_or_insert(false)),
            "ice-ufrag" => self.ice = true,
            "rtpmap" => self.key_tones |= is_key_tones(value),
            _ => {}
        }
    }
}

/// `IN IP4 0.0.0.0` or its like (RFC 8866 §5.7).
fn is_nowhere(connection: &str) -> bool {
    let address = connection.split_whitespace().nth(2).and_then(|address| address.split('/').next());
    address.and_then(|address| address.parse().ok()).is_some_and(|address: IpAddr| address.is_unspecified())
}

/// `126 telephone-event/8000` (RFC 8866 §6.6).
fn is_key_tones(rtpmap: &str) -> bool {
    let codec = rtpmap.split_whitespace().nth(1).and_then(|encoding| encoding.split('/').next());
    codec.is_some_and(|codec| codec.eq_ignore_ascii_case("telephone-event"))
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
    fn looks_are_those_of_webrtc_sdp() {
        use webrtc_sdp::attribute_type::{SdpAttribute, SdpAttributeType::Rtpmap};
        for word in ["sendrecv", "recvonly", "sendonly", "inactive"] {
            let text = chromium(&format!("a={word}\r\na=rtpmap:0 PCMU/8000\r\n"))
                .replace("SHA-256 AA:BB", &fingerprint());
            for text in [text.replace("telephone-event", "opus"), text] {
                let session = webrtc_sdp::parse_sdp(&text, true).expect("a description");
                let media = session.media.first().expect("a section");
                let held = media
                    .get_attributes()
                    .iter()
                    .any(|attribute| matches!(attribute, SdpAttribute::Sendonly | SdpAttribute::Inactive));
                let key_tones = media.get_attributes_of_type(Rtpmap).iter().any(|attribute| {
                    matches!(attribute, SdpAttribute::Rtpmap(map) if map.codec_name == "telephone-event")
                });
                assert_eq!(inspect(&text), Some(Looks { held, key_tones }), "{text}");
            }
        }
    }

    fn fingerprint() -> String {
        format!("sha-256 {}", vec!["AB"; 32].join(":"))
    }

    #[test]
    fn a_rejected_audio_section_is_passed_over() {
        let two = chromium("a=sendonly\r\n").replace(
            "m=audio 9",
            "m=audio 0 RTP/AVP 0\r\na=inactive\r\na=rtpmap:126 telephone-event/8000\r\nm=audio 9",
        );
        assert_eq!(
            inspect(&two.replace("126 telephone-event/8000\r\n", "9 G722/8000\r\n")),
            Some(Looks { held: true, key_tones: false })
        );
        assert_eq!(inspect("v=0\r\nm=audio 0 RTP/AVP 0\r\na=sendonly\r\n"), None);
    }

    #[test]
    fn the_old_zero_address_is_a_hold_where_no_ice_is() {
        let old =
            "v=0\r\no=x 1 1 IN IP4 1.2.3.4\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
        assert_eq!(inspect(old), Some(Looks { held: true, key_tones: false }));
    }

    #[test]
    fn what_the_session_says_holds_where_the_section_says_nothing_of_its_own() {
        for (session, section, held) in [
            ("a=sendonly\r\n", "", true),
            ("a=sendonly\r\n", "a=sendrecv\r\n", false),
            ("a=sendrecv\r\n", "a=inactive\r\n", true),
            ("c=IN IP6 ::\r\n", "", true),
            ("c=IN IP4 0.0.0.0\r\n", "c=IN IP4 1.2.3.4\r\n", false),
            ("c=IN IP4 1.2.3.4\r\n", "c=IN IP4 0.0.0.0\r\n", true),
            ("c=IN IP4 0.0.0.0\r\na=ice-ufrag:ab\r\n", "", false),
        ] {
            let text = format!(
                "v=0\r\no=x 1 1 IN IP4 1.2.3.4\r\ns=-\r\n{session}t=0 0\r\nm=audio 4000 RTP/AVP 0\r\n{section}"
            );
            assert_eq!(inspect(&text).map(|looks| looks.held), Some(held), "{text}");
        }
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
