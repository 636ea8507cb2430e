//! The Kunzite messages: `click2call`, `contacts`, and the `phone:*` events with their 12 keys.
//!
//! The native protocol is a superset of them, so nothing is translated; what must not change is held by the tests
//! here against the published payloads.

/// The keys of `data` in every `phone:*` event, in the published order.
#[cfg(test)]
pub(crate) const KEYS: [&str; 11] =
    ["context", "id", "date", "from", "to", "direction", "status", "duration", "wait", "total", "team"];
