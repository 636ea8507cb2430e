//! What is looked at of a message that is not read: how deep it is, and where its answer goes.
//!
//! It builds nothing of `data`.

use super::{Ask, MAX_TYPE_CHARS};
use serde::Deserialize;
use serde_json::Value;

/// The way back of a message whose `data` nobody looks at.
pub(crate) fn ask_of(text: &str) -> Ask {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Head {
        id: Value,
        r#type: Value,
    }
    let Head { id, r#type } = serde_json::from_slice(text.as_bytes()).unwrap_or_default();
    let kind = r#type.as_str().filter(|kind| kind.chars().count() <= MAX_TYPE_CHARS);
    let command = kind.unwrap_or_default().to_owned();
    Ask { id: Some(id).filter(|id| id.is_string() || id.is_number()), command, asker: None }
}

/// Deepest nesting, found without building anything.
pub(crate) fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0usize, false, false);
    for octet in text.bytes() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_that_is_not_read_is_answered_where_it_asked() {
        let nested = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        let deep = format!(r#"{{"type":"click2call","id":7,"data":{nested}}}"#);
        for (text, id, command) in [
            (deep.as_str(), Some(Value::from(7)), "click2call"),
            (r#"{"type":"x","id":"a"}"#, Some(Value::from("a")), "x"),
            (r#"{"type":5,"id":[1]}"#, None, ""),
            (r#"{"id":null}"#, None, ""),
            ("nonsense", None, ""),
        ] {
            let start = text.get(..20).unwrap_or(text);
            assert_eq!(ask_of(text), Ask { id, command: command.to_owned(), asker: None }, "{start}");
        }
    }

    #[test]
    fn brackets_in_texts_are_no_nesting() {
        for (text, expected) in [("[]", 1), (r#"{"a":"[[[\"[["}"#, 1), ("[[{}],[]]", 3), ("", 0)] {
            assert_eq!(depth(text), expected, "{text}");
        }
    }
}
