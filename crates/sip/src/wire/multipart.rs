//! Bodies of several parts (RFC 5621, RFC 2046 §5.1): gateways put what their network says of the call beside the session's
//! description. Who reads descriptions alone finds that one part here. Never looks into it.

use super::{
    message::Message,
    text::{Params, split_once, split_params},
    work,
};

/// Longest boundary, in octets (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;
/// Parts looked at: a description stands among the first.
const MAX_PARTS: usize = 8;
const SDP: &str = "application/sdp";

impl Message {
    /// The same message with the session's description for its body, where that is one part of several; else untouched.
    pub fn with_description_alone(self) -> Message {
        match description(&self) {
            Some(sdp) => self.edit().body(SDP, &sdp).finish(),
            None => self,
        }
    }
}

fn description(message: &Message) -> Option<Vec<u8>> {
    if message.body().is_empty() {
        return None;
    }
    let (kind, params) = split_once(message.header("Content-Type")?, b';')?;
    if !kind.get(..10)?.eq_ignore_ascii_case("multipart/") {
        return None;
    }
    let params = Params::parse(&format!(";{params}")).ok()?;
    let boundary = params.get("boundary").filter(|boundary| (1..=MAX_BOUNDARY).contains(&boundary.len()))?;
    let delimiter = format!("--{boundary}");
    let mut rest = message.body();
    work::add(rest.len());
    rest = after(rest, delimiter.as_bytes())?;
    for _ in 0..MAX_PARTS {
        let end = position(rest, delimiter.as_bytes())?;
        if let Some(sdp) = rest.get(..end).and_then(content) {
            return Some(sdp);
        }
        rest = rest.get(end + delimiter.len()..)?;
    }
    None
}

/// The content of a part, if it is a description. What stands before the first line end belongs to the delimiter.
fn content(part: &[u8]) -> Option<Vec<u8>> {
    let part = after(part, b"\n")?;
    let end = position(part, b"\r\n\r\n")?;
    let headers = String::from_utf8_lossy(part.get(..end)?);
    let is_sdp = |line: &str| {
        let Some((name, value)) = split_once(line, b':') else { return false };
        let (kind, _) = split_params(value);
        name.trim_ascii().eq_ignore_ascii_case("Content-Type") && kind.trim_ascii().eq_ignore_ascii_case(SDP)
    };
    if !headers.lines().any(is_sdp) {
        return None;
    }
    let content = part.get(end + 4..)?;
    // The last line end is the delimiter's, and every line of a description needs one of its own.
    let content = content.strip_suffix(b"\r\n").unwrap_or(content);
    let content = content.strip_suffix(b"\r\n").unwrap_or(content);
    Some([content, b"\r\n"].concat())
}

fn position(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    octets.windows(wanted.len()).position(|window| window == wanted)
}

fn after<'a>(octets: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    octets.get(position(octets, wanted)? + wanted.len()..)
}
