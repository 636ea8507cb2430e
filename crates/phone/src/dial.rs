//! What may be dialled: cleaning of numbers, and the gates a host's wish to dial passes (protocol.md 1.7).
//!
//! It never sends anything; it says what the number is, or why not.

use crate::config::{Config, HostLimit};
use softframe_sip::Instant;
use std::collections::VecDeque;

/// Longest text that is looked at; numbers copied from pages carry marks that are removed.
pub(crate) const MAX_TYPED_CHARS: usize = 64;
/// Longest cleaned number.
pub(crate) const MAX_NUMBER_CHARS: usize = 32;
/// Blind transfers by the host: each makes somebody call at our cost, so they have the pace of its dialling
/// (protocol.md 1.7). A queue may get several callers in a row.
pub(crate) const TRANSFER_LIMIT: HostLimit = HostLimit { per10s: 5, per_hour: 60, same_number_ms: 0 };
/// Starts remembered: the configured limit per hour cannot exceed it.
const MAX_STARTS: usize = 1_000;

/// Why nothing is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Not a number.
    Invalid,
    /// A configured prefix.
    Blocked,
}

/// Why the person is asked before a number of the host is dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Emergency,
    Foreign,
    Code,
    /// The page's list of whom not to call.
    DoNotCall,
}

impl Question {
    pub(crate) fn text_id(self) -> &'static str {
        match self {
            Question::Emergency => "confirm.emergency",
            Question::Foreign => "confirm.foreign",
            Question::Code => "confirm.code",
            Question::DoNotCall => "confirm.donotcall",
        }
    }
}

/// The number or URI to dial.
pub(crate) fn clean(text: &str, config: &Config) -> Result<String, Refusal> {
    let number = clean_number(text, config.dial_uris)?;
    match config.dial.blocked.iter().any(|prefix| !prefix.is_empty() && number.starts_with(prefix.as_str())) {
        true => Err(Refusal::Blocked),
        false => Ok(number),
    }
}

pub(crate) fn clean_number(text: &str, uris: bool) -> Result<String, Refusal> {
    if text.chars().count() > MAX_TYPED_CHARS || text.contains(['\r', '\n', '<', '>', ';', '?']) {
        return Err(Refusal::Invalid);
    }
    let text = text.trim();
    if let Some(rest) = strip_scheme(text, "sip:").or_else(|| strip_scheme(text, "sips:")) {
        let plain =
            |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
        let known = rest
            .split_once('@')
            .is_some_and(|(user, host)| plain(user) && plain(host) && !host.contains('@'));
        return if uris && known { Ok(text.to_owned()) } else { Err(Refusal::Invalid) };
    }
    let rest = strip_scheme(text, "tel:").or_else(|| strip_scheme(text, "callto:")).unwrap_or(text);
    let number: String = rest.chars().filter(|c| !is_decoration(*c)).map(as_ascii).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let good = (1..=MAX_NUMBER_CHARS).contains(&digits.len())
        && digits.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'*' | b'#' | b'A'..=b'D'));
    if good { Ok(number) } else { Err(Refusal::Invalid) }
}

fn strip_scheme<'a>(text: &'a str, scheme: &str) -> Option<&'a str> {
    let head = text.get(..scheme.len())?;
    if head.eq_ignore_ascii_case(scheme) { text.get(scheme.len()..) } else { None }
}

/// Marks between digits, and the invisible ones that numbers copied from pages carry.
fn is_decoration(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '(' | ')' | '-' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn as_ascii(c: char) -> char {
    let zero = match c {
        '\u{ff0b}' => return '+',
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06f0}'..='\u{06f9}' => 0x06f0,
        other => return other,
    };
    char::from_digit((c as u32).saturating_sub(zero), 10).unwrap_or(c)
}

/// Whether a number that the host wants to dial needs the person's word, and why.
pub(crate) fn question(number: &str, config: &Config) -> Option<Question> {
    let dial = &config.dial;
    if dial.emergency.iter().any(|emergency| emergency == number) {
        return Some(Question::Emergency);
    }
    if dial.confirm_codes && number.contains(['*', '#']) {
        return Some(Question::Code);
    }
    let foreign = number.starts_with('+') || number.starts_with("00");
    (dial.confirm_international && foreign).then_some(Question::Foreign)
}

/// How a wish of the host to dial fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    /// The same number a moment ago: a double click on the page.
    Repeated,
    TooFast,
}

/// The host's dialling of the last hour.
#[derive(Default)]
pub(crate) struct HostGate {
    starts: VecDeque<(Instant, String)>,
}

impl HostGate {
    /// Counts the attempt if it passes.
    pub(crate) fn admit(&mut self, now: Instant, number: &str, limit: Option<HostLimit>) -> Verdict {
        let Some(limit) = limit else { return Verdict::Pass };
        while self.starts.front().is_some_and(|(start, _)| now.since(*start) >= 3_600_000) {
            self.starts.pop_front();
        }
        let again =
            |(at, dialled): &(Instant, String)| dialled == number && now.since(*at) < limit.same_number_ms;
        if self.starts.iter().any(again) {
            return Verdict::Repeated;
        }
        let recent = self.starts.iter().filter(|(start, _)| now.since(*start) < 10_000).count();
        if recent >= limit.per10s || self.starts.len() >= limit.per_hour.min(MAX_STARTS) {
            return Verdict::TooFast;
        }
        self.starts.push_back((now, number.to_owned()));
        Verdict::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_decoration() {
        for (typed, number) in [
            ("+34 (911) 08-54.60", "+34911085460"),
            ("TEL:+34911085460", "+34911085460"),
            ("callto:201", "201"),
            ("\u{202a}+34\u{00a0}911\u{2011}08\u{202c}", "+3491108"),
            ("\u{ff0b}\u{ff13}\u{0664}\u{06f5}", "+345"),
            ("*97#", "*97#"),
            ("12A", "12A"),
        ] {
            assert_eq!(clean(typed, &Config::default()), Ok(number.to_owned()), "{typed:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let long = "1".repeat(33);
        for typed in
            ["", "+", "john", "1;ext=2", "<1>", "1\r\nRoute: x", "1?x", &long, "++1", "sip:a@b", "1+2"]
        {
            assert_eq!(clean(typed, &Config::default()), Err(Refusal::Invalid), "{typed:?}");
        }
    }

    #[test]
    fn uris_are_dialled_only_if_configured() {
        let config = Config { dial_uris: true, ..Config::default() };
        assert_eq!(clean("sip:ana@b.example", &config), Ok("sip:ana@b.example".into()));
        for typed in ["sip:@b", "sip:a@", "sip:a@b@c", "sip:a b@c", "sip:a"] {
            assert_eq!(clean(typed, &config), Err(Refusal::Invalid), "{typed}");
        }
    }

    #[test]
    fn the_host_dials_five_times_in_ten_seconds_and_no_number_twice_in_two() {
        let (mut gate, limit) = (HostGate::default(), Some(HostLimit::default()));
        assert_eq!(gate.admit(Instant(0), "1", limit), Verdict::Pass);
        assert_eq!(gate.admit(Instant(1_999), "1", limit), Verdict::Repeated);
        assert_eq!(gate.admit(Instant(2_000), "1", limit), Verdict::Pass);
        for number in ["2", "3", "4"] {
            assert_eq!(gate.admit(Instant(3_000), number, limit), Verdict::Pass);
        }
        assert_eq!(gate.admit(Instant(9_999), "5", limit), Verdict::TooFast);
        assert_eq!(gate.admit(Instant(10_000), "5", limit), Verdict::Pass);
        assert_eq!(gate.admit(Instant(10_000), "5", None), Verdict::Pass);
    }

    #[test]
    fn some_numbers_ask_the_person() {
        let config = Config::default();
        assert_eq!(question("112", &config), Some(Question::Emergency));
        assert_eq!(question("*21*5#", &config), Some(Question::Code));
        assert_eq!(question("+4930", &config), None);
        let mut config = config;
        config.dial.confirm_international = true;
        assert_eq!(question("+4930", &config), Some(Question::Foreign));
    }
}
