//! The shape of the `phone:*` events, as published: twelve keys, always all of them, with their types.

use serde_json::Value;

/// Asserts the twelve documented keys with their types, and the values given.
pub fn assert_call(data: &Value, direction: &str, status: &str, from: &str, to: &str) {
    const KEYS: [&str; 11] =
        ["id", "date", "from", "to", "direction", "status", "duration", "wait", "total", "team", "context"];
    for key in KEYS {
        assert!(!data[key].is_null(), "{key} is missing in {data}");
    }
    let context = &data["context"];
    for key in ["status", "user", "extension"] {
        assert!(context[key].is_string(), "context.{key} in {data}");
    }
    for key in ["width", "height"] {
        assert!(context["size"][key].is_u64(), "context.size.{key} in {data}");
    }
    for key in ["id", "date", "team"] {
        assert!(data[key].is_string(), "{key} in {data}");
    }
    for key in ["duration", "wait", "total"] {
        assert!(data[key].is_u64(), "{key} is no whole number in {data}");
    }
    let date = data["date"].as_str().unwrap_or_default();
    assert!(date.len() == 24 && date.ends_with('Z') && date.as_bytes().get(19) == Some(&b'.'), "date {date}");
    for (key, expected) in [("direction", direction), ("status", status), ("from", from), ("to", to)] {
        assert_eq!(data[key], expected, "{key} in {data}");
    }
}
