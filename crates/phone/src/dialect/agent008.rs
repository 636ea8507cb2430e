//! 008 (github.com/kunzite-app/008): its messages are those of Kunzite, with the facts of a call in an object of their own.
//!
//! `contacts` as a list, `call`, `hangup` and `settings` are read by the native protocol.

use crate::{Phone, bridge::CallEvent, data};
use serde::Serialize;
use serde_json::{Map, Value};

/// Its name in `config.json` and in the frame's address.
const NAME: &str = "008";

/// `data.cdr` of an event: the flat fields again, under the names that 008 documents.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Record {
    id: String,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["inbound", "outbound"])))]
    direction: &'static str,
    from: String,
    to: String,
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, String>"))]
    headers: Map<String, Value>,
    video: bool,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["ringing", "answered", "missed"])))]
    status: &'static str,
    date: String,
    wait: u64,
    total: u64,
    duration: u64,
}

impl Phone {
    /// For a page that wants it (`?dialect=008` or `dialects: ["008"]`).
    pub(crate) fn record_008(&self, event: &CallEvent) -> Option<Record> {
        if !self.speaks(NAME) {
            return None;
        }
        let mut headers = event.headers.clone();
        headers.retain(|name, _| !data::is_carrier(name));
        Some(Record {
            id: event.id.clone(),
            direction: event.direction,
            from: event.from.clone(),
            to: event.to.clone(),
            headers,
            video: event.video,
            status: event.status,
            date: event.date.clone(),
            wait: event.wait,
            total: event.total,
            duration: event.duration,
        })
    }
}
