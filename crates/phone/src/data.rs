//! Data that a page gives a call, and its way over the wire (protocol.md 4.5): small texts by key that go with the call where
//! it is transferred to.
//!
//! It never goes to a number that the operator has not named: what a page knows of a customer does not reach a carrier.

use crate::{
    bridge::{self, CallEvent},
    json,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};

/// Characters of a key, so that it can stand in the name of a header.
const MAX_KEY_CHARS: usize = 64;
/// Octets of one value, and of all keys and values of a call: a request must stay far from 64 kB, also where the values are
/// escaped twice.
const MAX_VALUE_OCTETS: usize = 512;
const MAX_OCTETS: usize = 2 * 1024;
/// All of it in one header …
pub(crate) const WHOLE: &str = "X-Softframe-Data";
/// … and each by itself, for dialplans.
pub(crate) const EACH: &str = "X-USR-";
/// Before a key in `userData`.
const SHOWN: &str = "USR_";

/// What a page gave a call, by key, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Variables(Vec<(String, String)>);

/// Why there are none.
pub(crate) type Rule = &'static str;

impl Variables {
    /// Reads `variables`: an object of texts, or one as text, perhaps with single quotes as in JavaScript.
    pub(crate) fn read(value: &Value) -> Result<Variables, Rule> {
        const RULE: Rule = "variables must be an object of texts.";
        match value {
            Value::Object(map) => Variables::of(map),
            Value::String(text) => {
                let whole = json::value(text.as_bytes());
                let parsed = whole.or_else(|_| json::value(text.replace('\'', "\"").as_bytes()));
                match parsed {
                    Ok(Value::Object(map)) => Variables::of(&map),
                    _ => Err(RULE),
                }
            }
            _ => Err(RULE),
        }
    }

    fn of(map: &Map<String, Value>) -> Result<Variables, Rule> {
        let mut variables = Variables::default();
        for (key, value) in map {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => {
                    return Err("The values of variables must be texts.");
                }
            };
            variables.set(key, value)?;
        }
        Ok(variables)
    }

    /// One more, or another value.
    fn set(&mut self, key: &str, value: String) -> Result<(), Rule> {
        let key = key.strip_prefix(SHOWN).unwrap_or(key);
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-');
        if key.is_empty() || key.len() > MAX_KEY_CHARS || !key.bytes().all(plain) {
            return Err("A key of variables must be 1 to 64 of A-Z a-z 0-9 _ -.");
        }
        if value.len() > MAX_VALUE_OCTETS || value.contains(['\r', '\n', '\0']) {
            return Err("A value of variables must be one line of at most 512 bytes.");
        }
        let others = self.0.iter().filter(|(known, _)| known != key);
        let octets: usize = others.map(|(key, value)| key.len() + value.len()).sum();
        if octets + key.len() + value.len() > MAX_OCTETS {
            return Err("All variables of a call together must be at most 2 kB.");
        }
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, place)) => *place = value,
            None => self.0.push((key.to_owned(), value)),
        }
        Ok(())
    }

    /// With these beside, or in the place of, those that there are.
    pub(crate) fn with(&self, other: &Variables) -> Result<Variables, Rule> {
        let mut merged = self.clone();
        for (key, value) in &other.0 {
            merged.set(key, value.clone())?;
        }
        Ok(merged)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts them into `userData`, beside what the page has given there.
    pub(crate) fn show_in(&self, user_data: &mut Option<Value>) {
        if self.is_empty() {
            return;
        }
        let mut shown = match user_data.take() {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        for (key, value) in &self.0 {
            shown.insert(format!("{SHOWN}{key}"), Value::from(value.as_str()));
        }
        *user_data = Some(Value::Object(shown));
    }

    /// The headers that carry them.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        if self.is_empty() {
            return Vec::new();
        }
        let whole: Map<String, Value> =
            self.0.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect();
        let whole = Base64UrlUnpadded::encode_string(bridge::json(&whole).as_bytes());
        let each = self.0.iter().map(|(key, value)| (format!("{EACH}{key}"), percent_encoded(value)));
        std::iter::once((WHOLE.to_owned(), whole)).chain(each).collect()
    }

    /// What the headers of a request carry, as far as it keeps the rules. Names of headers have no case, so the whole one
    /// is believed before those for dialplans.
    pub(crate) fn of_headers<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Variables {
        let mut variables = Variables::default();
        let headers: Vec<(&str, &str)> = headers.filter(|(name, _)| is_carrier(name)).collect();
        let whole = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(WHOLE));
        let whole = whole.and_then(|(_, value)| unpacked(value));
        if let Some(Ok(Value::Object(map))) = whole.map(|octets| json::value(&octets)) {
            for (key, value) in &map {
                let text = value.as_str().unwrap_or_default();
                // One that breaks a rule costs itself alone.
                let _ = variables.set(key, text.to_owned());
            }
        }
        for (name, value) in headers {
            let key = name.get(..EACH.len()).filter(|head| head.eq_ignore_ascii_case(EACH));
            let Some(key) = key.and_then(|_| name.get(EACH.len()..)) else { continue };
            let is_known = variables.0.iter().any(|(known, _)| known.eq_ignore_ascii_case(key));
            if !is_known {
                let _ = variables.set(key, percent_decoded(value.trim()));
            }
        }
        variables
    }
}

/// Whether a header is one that carries data.
pub(crate) fn is_carrier(name: &str) -> bool {
    let is = |head: &str| name.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head));
    is(EACH) || name.eq_ignore_ascii_case(WHOLE)
}

/// Takes the data out of an event: what is written of a call elsewhere than in its own events has none (protocol.md 4.5).
pub(crate) fn leave_out(event: &mut CallEvent) {
    event.headers.retain(|name, _| !is_carrier(name));
    if let Some(Value::Object(shown)) = &mut event.user_data {
        shown.retain(|key, _| !key.starts_with(SHOWN));
    }
}

/// Whether data may go to this number: one of our domain that a pattern of `dataTo` fits.
pub(crate) fn may_go_to(number: &str, patterns: &[String], domain: &str) -> bool {
    let user = match number.split_once(':') {
        Some((_, address)) => address
            .rsplit_once('@')
            .filter(|(_, host)| host.eq_ignore_ascii_case(domain))
            .map(|(user, _)| user),
        None => Some(number),
    };
    user.is_some_and(|user| !user.is_empty() && patterns.iter().any(|pattern| fits(pattern, user)))
}

/// `?` is a digit or none, `*` at the end is all that follows; any other character is itself. Neither goes back, so that the
/// work stays in the length of the pattern.
fn fits(pattern: &str, text: &str) -> bool {
    let mut text = text.chars().peekable();
    for (at, wanted) in pattern.char_indices() {
        match wanted {
            '*' if at + 1 == pattern.len() => return true,
            '?' => {
                text.next_if(char::is_ascii_digit);
            }
            _ => {
                if text.next_if_eq(&wanted).is_none() {
                    return false;
                }
            }
        }
    }
    text.next().is_none()
}

/// What stands in [`WHOLE`] (base64url, RFC 4648 §5; padding is allowed), unless it is more than could be kept.
fn unpacked(value: &str) -> Option<Vec<u8>> {
    let text = value.trim().trim_end_matches('=');
    if text.len() > 4 * MAX_OCTETS {
        return None;
    }
    Base64UrlUnpadded::decode_vec(text).ok()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(octet.into()),
            _ => {
                let digit =
                    |value: u8| char::from_digit(value.into(), 16).unwrap_or('0').to_ascii_uppercase();
                encoded.extend(['%', digit(octet >> 4), digit(octet & 15)]);
            }
        }
    }
    encoded
}

/// The text behind percent-encoding; what is none is taken as it is, whole.
fn percent_decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet != b'%' {
            octets.push(octet);
            continue;
        }
        let mut hex = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (hex(), hex()) else { return text.to_owned() };
        octets.push((high * 16 + low) as u8);
    }
    String::from_utf8(octets).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn variables(value: &Value) -> Variables {
        Variables::read(value).unwrap()
    }

    #[test]
    fn variables_survive_the_wire_in_either_form() {
        let given =
            variables(&json!({"var1": "val 1", "Name": "José \"%2\" <a>;b", "USR_n": 5, "yes": true}));
        let headers = given.headers();
        let of = |headers: &[(String, String)]| {
            Variables::of_headers(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        };
        assert_eq!(headers[0].0, WHOLE);
        assert_eq!(of(&headers[..1]), given);
        assert_eq!(of(&headers[1..]), given);
        assert!(headers.iter().all(|(_, value)| value.is_ascii() && !value.contains([' ', '"', '<', ';'])));
        let mut shown = Some(json!({"own": 1}));
        given.show_in(&mut shown);
        assert_eq!(
            shown,
            Some(
                json!({"own": 1, "USR_var1": "val 1", "USR_Name": "José \"%2\" <a>;b", "USR_n": "5", "USR_yes": "true"})
            )
        );
    }

    #[test]
    fn text_with_single_quotes_is_an_object_too() {
        for text in [r#"{"var1":"val1"}"#, "{'var1':'val1'}"] {
            assert_eq!(variables(&Value::from(text)), variables(&json!({"var1": "val1"})));
        }
        assert!(Variables::read(&Value::from("{var1:'val1'}")).is_err());
        assert!(Variables::read(&json!(["a"])).is_err());
    }

    #[test]
    fn what_breaks_a_limit_or_a_header_is_refused() {
        for bad in [
            json!({"": "x"}),
            json!({"USR_": "x"}),
            json!({"a b": "x"}),
            json!({"a:": "x"}),
            json!({ "k".repeat(65): "x" }),
            json!({"k": "a\r\nRoute: x"}),
            json!({"k": "x".repeat(513)}),
            json!({"k": null}),
            json!({"k": {}}),
            json!({"a": "x".repeat(512), "b": "x".repeat(512), "c": "x".repeat(512), "d": "x".repeat(512)}),
        ] {
            assert!(Variables::read(&bad).is_err(), "{bad}");
        }
        assert!(Variables::read(&json!({ "k".repeat(64): "x".repeat(512) })).is_ok());
    }

    #[test]
    fn header_that_is_no_percent_encoding_is_taken_as_it_is_and_a_bad_one_costs_itself() {
        let headers = [
            ("x-usr-A", "100% sure"),
            ("X-USR-B", "%41%zz"),
            ("X-USR-C", "%c3%28"),
            ("X-USR-D", "a%0d%0ab"),
            ("X-USR-", "x"),
            ("X-Softframe-Data", "!!!"),
            ("X-Other", "x"),
        ];
        let read = Variables::of_headers(headers.into_iter());
        assert_eq!(read, variables(&json!({"A": "100% sure", "B": "%41%zz", "C": "%c3%28"})));
    }

    #[test]
    fn whole_header_decides_the_case_of_a_key() {
        let given = variables(&json!({"OrderId": "7"}));
        let whole = given.headers().remove(0).1;
        let read = Variables::of_headers([("X-USR-orderid", "8"), (WHOLE, whole.as_str())].into_iter());
        assert_eq!(read, given);
    }

    #[test]
    fn data_goes_to_extensions_of_the_domain_alone() {
        let default = ["??????".to_owned()];
        for (number, may) in [
            ("201", true),
            ("123456", true),
            ("1234567", false),
            ("+34911", false),
            ("", false),
            ("*97", false),
            ("sip:201@a.test", true),
            ("sip:201@A.TEST", true),
            ("sip:201@b.test", false),
            ("sip:ana@a.test", false),
        ] {
            assert_eq!(may_go_to(number, &default, "a.test"), may, "{number}");
        }
        for (pattern, number, may) in [
            ("2???", "2001", true),
            ("2???", "2", true),
            ("2???", "301", false),
            ("2???", "20011", false),
            ("+34*", "+34911", true),
            ("*", "ana", true),
            ("9?", "9", true),
            ("", "1", false),
        ] {
            assert_eq!(may_go_to(number, &[pattern.to_owned()], "a.test"), may, "{pattern} {number}");
        }
    }
}
