//! The data of the events that are not of a call, and the snapshot of `state` (protocol.md 1.5 and 1.6).
//!
//! It holds no logic: `phone` fills these, serde writes them.

use super::{
    Context,
    event::{ContactRow, QualityData},
};
use crate::{forward::Forwards, voicemail::Voicemail};
use serde::Serialize;

/// `softframe:ready`: the phone hears messages from now on.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Ready {
    /// The version of the protocol.
    pub(crate) v: u32,
    /// The version of the widget.
    pub(crate) version: &'static str,
    pub(crate) protocols: &'static [&'static str],
    pub(crate) features: &'static [&'static str],
    /// Another one for each load.
    pub(crate) instance: String,
}

/// The answer to `hello`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Hello {
    pub(crate) v: u32,
    pub(crate) features: &'static [&'static str],
    pub(crate) limits: Limits,
}

/// What a page should keep to.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    /// Contacts of one message; more than that cost the browser many times the time of each.
    pub(crate) max_message_contacts: u32,
}

/// `logged`: somebody is signed in, or the page has just been trusted.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Logged {
    pub(crate) context: Context,
}

/// `unlogged`.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Unlogged {
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["logout", "refused"])))]
    pub(crate) reason: &'static str,
    /// The SIP status that refused the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<u16>,
}

/// `status:change`: what others see of the person.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct StatusChange {
    pub(crate) context: Context,
    /// Do not disturb.
    pub(crate) dnd: bool,
}

/// `forward:change`: where calls go on to.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ForwardChange {
    pub(crate) context: Context,
    /// The rule that has changed.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["unc", "busy", "na"])))]
    pub(crate) kind: &'static str,
    /// All of them, as in `state`.
    pub(crate) forwards: Forwards,
}

/// `hint:change`: what is known of a number that is watched.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct HintChange {
    pub(crate) number: String,
    /// 0 available, 1 calling, 4 unavailable, 8 ringing, 9 both, 16 on hold; below 0: not known.
    pub(crate) code: i16,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["ONHOLD", "BUSY_AND_RINGING", "RINGING", "INDISPONIBLE",
        "CALLING", "AVAILABLE", "DEACTIVATED", "UNEXISTING", "ERROR"])))]
    pub(crate) name: &'static str,
    pub(crate) note: String,
}

/// `message:received`: a text message.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct MessageReceived {
    pub(crate) from: String,
    pub(crate) text: String,
}

/// `contacts:indexing`: how far the index is.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Indexing {
    pub(crate) done: usize,
    pub(crate) total: usize,
}

/// `contact:click`: the person opened a contact.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ContactClick {
    pub(crate) contact: ContactRow,
}

/// `widget:attention`: a page that keeps the phone closed opens it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Attention {
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["consent", "confirm", "microphone", "sound", "signin"])))]
    pub(crate) reason: &'static str,
}

/// `media:error`: no microphone.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct MediaTrouble {
    pub(crate) code: String,
}

/// `xivo:frame`: a frame of the phone for a client.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct XivoFrame {
    /// The client's name for its socket.
    pub(crate) socket: String,
    /// JSON as text, as the platform would send it.
    pub(crate) frame: String,
}

/// `xivo:close`: the phone ends a client's socket.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct XivoClose {
    pub(crate) socket: String,
    /// Of RFC 6455 §7.4.1.
    pub(crate) code: u16,
}

/// `media:quality`: the bars of a call have changed.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct MediaQuality {
    /// The call's, as in its events.
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) heard: QualityData,
}

/// `softframe:error`: what a command without an `id` could not do.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ErrorData {
    /// The `type` of the command; empty where there was none.
    pub(crate) command: String,
    pub(crate) code: String,
    pub(crate) message: String,
}

/// The answer to `state`: what all events so far add up to.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Snapshot {
    pub(crate) context: Context,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["connecting", "registered", "reconnecting", "offline", "refused"])))]
    pub(crate) connection: &'static str,
    /// Calls that were told and are not over.
    pub(crate) calls: Vec<CallState>,
    pub(crate) forwards: Forwards,
    pub(crate) dnd: bool,
    pub(crate) voicemail: Voicemail,
    /// Of the last event.
    pub(crate) seq: u64,
}

/// A call as `state` has it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct CallState {
    pub(crate) id: String,
    /// The `ref` of the `click2call` that made it.
    pub(crate) r#ref: Option<String>,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["inbound", "outbound"])))]
    pub(crate) direction: &'static str,
    pub(crate) from: String,
    pub(crate) to: String,
    /// ISO 8601, in UTC.
    pub(crate) date: String,
    /// What the events told: `held` is by us.
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["calling", "progress", "ringing", "active", "held"])))]
    pub(crate) state: &'static str,
    pub(crate) muted: bool,
    /// Seconds that it rang, once it is answered.
    pub(crate) wait: u64,
}
