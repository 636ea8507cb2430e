//! The data of events, field by field as the hosts know them (protocol.md 1.6).
//!
//! It holds no logic: `phone` fills these, serde writes them.

use crate::dialect::{agent008::Record, enigma::Notification};
use serde::Serialize;
use serde_json::{Map, Value};

/// `context` of every event of the phone.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Context {
    pub(crate) status: String,
    pub(crate) user: String,
    pub(crate) extension: String,
    pub(crate) size: Size,
}

#[derive(Clone, Copy, Debug, Serialize, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Size {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The 12 documented keys, then what we add.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallEvent {
    pub(crate) context: Context,
    pub(crate) id: String,
    pub(crate) date: String,
    pub(crate) from: String,
    pub(crate) to: String,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["inbound", "outbound"])))]
    pub(crate) direction: &'static str,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["ringing", "answered", "missed"])))]
    pub(crate) status: &'static str,
    pub(crate) duration: u64,
    pub(crate) wait: u64,
    pub(crate) total: u64,
    pub(crate) team: String,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    /// The number of who has the line, where that is not `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connected: Option<String>,
    pub(crate) display_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<ContactRow>,
    pub(crate) contacts: Vec<ContactRow>,
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub(crate) headers: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_data: Option<Value>,
    pub(crate) sip_call_id: String,
    pub(crate) video: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) early_media: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["local", "remote"])))]
    pub(crate) by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) muted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["trying", "progress", "done", "failed"])))]
    pub(crate) state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<CauseData>,
    /// What Enigma is told of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enigma: Option<Notification>,
    /// The facts again, for a page of 008.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cdr: Option<Record>,
    /// Of the whole call, with `phone:terminated`, where it was long enough to be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quality: Option<QualityData>,
}

/// How the sound was.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct QualityData {
    /// Mean opinion score by the E-model (ITU-T G.107), 1 to 4.5.
    pub(crate) mos: f64,
    /// Packets lost, per cent; while the call runs the worse of both directions.
    pub(crate) loss: f64,
    /// Milliseconds.
    pub(crate) jitter: u32,
    /// Round trip, milliseconds.
    pub(crate) rtt: u32,
}

#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CauseData {
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["hangup", "busy", "no-answer", "rejected", "cancelled",
        "not-found", "unavailable", "forbidden", "answered-elsewhere", "transferred", "forwarded", "media-failed",
        "lost", "error"])))]
    pub(crate) reason: &'static str,
    pub(crate) code: u16,
    pub(crate) text: String,
    /// What the server explains beside code and text (`headers.error`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<String>,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["local", "remote", "network"])))]
    pub(crate) ended_by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transferred_to: Option<String>,
}

/// A contact as events carry it.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ContactRow {
    /// As the page gave it.
    #[cfg_attr(feature = "schema", schemars(extend("type" = ["string", "number"])))]
    pub(crate) id: Value,
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) company: Option<String>,
}

/// `connection:change`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionData {
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["connecting", "registered", "reconnecting", "offline", "refused"])))]
    pub(crate) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u16>,
    pub(crate) reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_at: Option<String>,
}

/// `contacts:indexed`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct IndexedData {
    pub(crate) source: String,
    pub(crate) count: usize,
    pub(crate) added: usize,
    pub(crate) updated: usize,
    pub(crate) removed: usize,
    pub(crate) rejected: usize,
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, usize>"))]
    pub(crate) reasons: RefusedReasons,
}

/// Reason → rows.
pub(crate) type RefusedReasons = Map<String, Value>;
