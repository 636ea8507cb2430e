//! The last SIP messages that passed, for a person or a test to look at.
//!
//! It never shows what proves an identity: credentials, keys and ICE passwords are masked.

use serde_json::{Value, json};
use std::collections::VecDeque;

/// Messages remembered: a few calls' worth.
const MAX_MESSAGES: usize = 300;

/// Header lines and SDP attributes whose values are secrets, in lower case.
const SECRETS: [&str; 5] =
    ["authorization:", "proxy-authorization:", "a=ice-pwd:", "a=crypto:", "a=key-mgmt:"];

/// Which way a message went, seen from the server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    /// It came.
    In,
    /// It left.
    Out,
}

/// The ring of messages.
#[derive(Default)]
pub(crate) struct Trace {
    messages: VecDeque<Value>,
    passed: u64,
}

impl Trace {
    /// Remembers one; keep-alives are only counted.
    pub(crate) fn add(
        &mut self,
        at: u64,
        flow: u64,
        user: Option<&str>,
        direction: Direction,
        octets: &[u8],
    ) {
        self.passed += 1;
        if octets.len() <= 4 {
            return;
        }
        if self.messages.len() == MAX_MESSAGES {
            self.messages.pop_front();
        }
        let direction = match direction {
            Direction::In => "in",
            Direction::Out => "out",
        };
        let text = masked(&String::from_utf8_lossy(octets));
        let entry = json!({"n": self.passed, "at": at, "flow": flow, "user": user, "direction": direction, "text": text});
        self.messages.push_back(entry);
    }

    /// The last `count`, oldest first.
    pub(crate) fn last(&self, count: usize) -> Vec<Value> {
        let skipped = self.messages.len().saturating_sub(count);
        self.messages.iter().skip(skipped).cloned().collect()
    }
}

fn masked(text: &str) -> String {
    let line = |line: &str| {
        let lower = line.to_ascii_lowercase();
        match SECRETS.iter().find(|secret| lower.starts_with(*secret)) {
            Some(secret) => format!("{} (masked)", line.get(..secret.len()).unwrap_or(secret)),
            None => line.to_owned(),
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_ring_is_bounded() {
        let mut trace = Trace::default();
        for _ in 0..=MAX_MESSAGES {
            let octets = b"REGISTER sip:h SIP/2.0\r\nAuthorization: Digest response=\"abc\"\r\nCSeq: 1 REGISTER\r\n\r\n";
            trace.add(1, 2, Some("200"), Direction::In, octets);
        }
        let all = trace.last(usize::MAX);
        assert_eq!(all.len(), MAX_MESSAGES);
        let text = all.last().and_then(|entry| entry["text"].as_str()).unwrap_or_default();
        assert!(
            text.contains("Authorization: (masked)") && text.contains("CSeq: 1") && !text.contains("abc"),
            "{text}"
        );
        assert_eq!(trace.last(2).len(), 2);
    }
}
