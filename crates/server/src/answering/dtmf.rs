//! Digits of the key pad, from RFC 4733 events and from INFO bodies.
//!
//! It never takes a repeated packet for a second press: an event's timestamp is its name.

/// The digits of event codes 0 to 15 (RFC 4733 §3.2).
const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// Reads the events of one stream.
#[derive(Debug, Default)]
pub(crate) struct Events {
    last: Option<u32>,
}

impl Events {
    /// The digit that begins with this packet, if one does.
    pub(crate) fn packet(&mut self, timestamp: u32, payload: &[u8]) -> Option<char> {
        let &[event, _, _, _, ..] = payload else { return None };
        if self.last.replace(timestamp) == Some(timestamp) {
            return None;
        }
        DIGITS.get(usize::from(event)).copied()
    }
}

/// The digit of an INFO body: `Signal=5` of application/dtmf-relay, or the bare digit of application/dtmf.
pub(crate) fn from_info(content_type: &str, body: &[u8]) -> Option<char> {
    let text = std::str::from_utf8(body).ok()?;
    let kind = content_type.split(';').next().unwrap_or("").trim();
    let signal = if kind.eq_ignore_ascii_case("application/dtmf-relay") {
        text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then_some(value.trim())
        })?
    } else if kind.eq_ignore_ascii_case("application/dtmf") {
        text.trim()
    } else {
        return None;
    };
    match signal.chars().next()?.to_ascii_uppercase() {
        _ if signal == "10" => Some('*'),
        _ if signal == "11" => Some('#'),
        digit if signal.len() == 1 && DIGITS.contains(&digit) => Some(digit),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_counts_once_for_each_timestamp() {
        let mut events = Events::default();
        let heard: Vec<_> = [(100, 5), (100, 5), (100, 5), (900, 5), (900, 5), (1700, 11), (2500, 99)]
            .into_iter()
            .filter_map(|(timestamp, event)| events.packet(timestamp, &[event, 0x8a, 3, 32]))
            .collect();
        assert_eq!(heard, ['5', '5', '#']);
        assert_eq!(events.packet(9, &[1, 2]), None);
    }

    #[test]
    fn info_is_read_in_both_forms() {
        for (content_type, body, digit) in [
            ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", Some('5')),
            ("application/dtmf-relay;charset=utf-8", "Duration=160\r\nsignal = *\r\n", Some('*')),
            ("application/dtmf-relay", "Signal=11", Some('#')),
            ("application/dtmf", "a", Some('A')),
            ("application/dtmf", "55", None),
            ("application/dtmf-relay", "Duration=160", None),
            ("text/plain", "Signal=5", None),
        ] {
            assert_eq!(from_info(content_type, body.as_bytes()), digit, "{content_type} {body}");
        }
    }
}
