//! Teleforge Enigma: calls in the words of its notifications, made from the typed fields of a call.
//!
//! It holds no call logic; that each is told once, and over what, is the matter of `gateway`.

use crate::{
    Phone,
    bridge::CallEvent,
    call::{Call, Direction},
    config::{EnigmaConfig, NotifyOn},
};
use serde::Serialize;
use serde_json::Value;

/// `data.enigma` of an event: the whole notification.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Notification {
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["call", "cdr"])))]
    r#type: &'static str,
    payload: Payload,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
enum Payload {
    Call(Arrived),
    Cdr(Ended),
}

/// A call that came in. Which fields are there depends on the version.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Arrived {
    number: String,
    dial_number: String,
    /// Seconds in the queue.
    hold_time: u64,
    call_ref: String,
    contact_ref: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_ref: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_dir: Option<&'static str>,
    r#ref: String,
}

/// A call that is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct Ended {
    extension: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    dial_number: String,
    call_ref: String,
    contact_ref: String,
    dialed_at: String,
    end_reason: &'static str,
    end_code: u16,
    /// Seconds of talk.
    call_time: u64,
    hold_time: u64,
    call_dir: &'static str,
    recording_url: &'static str,
    r#ref: String,
}

impl Phone {
    /// The notification of a call that came in, for the event of this name; `None` where it has none.
    pub(crate) fn enigma_call(&self, call: &Call, kind: &str) -> Option<Notification> {
        let EnigmaConfig { version, notify_on } = self.config.enigma.as_ref()?;
        let told = kind == "phone:accepted" || (kind == "phone:ringing" && *notify_on == NotifyOn::Ringing);
        if !told || call.direction != Direction::Inbound {
            return None;
        }
        let old = *version == 2;
        let payload = Payload::Call(Arrived {
            number: call.from.clone(),
            dial_number: dial_number(call),
            hold_time: call.facts.hold_seconds(call.date),
            call_ref: call_ref(call),
            contact_ref: call.facts.contact_ref.clone(),
            campaign_ref: old.then_some("inbound"),
            call_dir: (!old).then_some("inbound"),
            r#ref: self.extension(),
        });
        Some(Notification { r#type: "call", payload })
    }

    /// The notification of the end of a call, as `event` tells it.
    pub(crate) fn enigma_end(&self, call: &Call, event: &CallEvent) -> Option<Notification> {
        let (config, cause) = (self.config.enigma.as_ref()?, event.cause.as_ref()?);
        let old = config.version == 2;
        let number = call.number().to_owned();
        let payload = Payload::Cdr(Ended {
            extension: self.extension(),
            number: Some(number.clone()).filter(|_| !old),
            dial_number: dial_number(call),
            call_ref: call_ref(call),
            contact_ref: call.facts.contact_ref.clone(),
            dialed_at: event.date.clone(),
            end_reason: cause.reason,
            end_code: cause.code,
            call_time: event.duration,
            hold_time: call.facts.hold_seconds(call.date),
            call_dir: call.direction.name(),
            recording_url: "",
            r#ref: if old { number } else { "click-dial".to_owned() },
        });
        Some(Notification { r#type: "cdr", payload })
    }
}

/// The number that was called.
fn dial_number(call: &Call) -> String {
    match call.direction {
        Direction::Inbound => call.facts.dialled.clone().unwrap_or_default(),
        Direction::Outbound => call.to.clone(),
    }
}

/// The platform's own name for the call, if it asked for it.
fn call_ref(call: &Call) -> String {
    call.reference.clone().unwrap_or_else(|| call.label.clone())
}

/// What the gateway is told of a call, from an event that carries a notification: what (the end of its address, and of
/// its key), and the JSON. The notification itself is made again there, in the form that its readers want.
pub(crate) fn letter(data: &Value, extension: &str) -> Option<(&'static str, Value)> {
    let payload = data.get("enigma")?.get("payload")?;
    let of = |object: &Value, key: &str| object.get(key).cloned().unwrap_or_default();
    let inbound = data.get("direction")?.as_str()? == "inbound";
    let letter = [
        ("id", of(payload, "call_ref")),
        ("extension", extension.into()),
        ("number", of(data, if inbound { "from" } else { "to" })),
        ("dialNumber", of(payload, "dial_number")),
        ("holdTime", of(payload, "hold_time")),
        ("contactRef", of(payload, "contact_ref")),
        ("direction", of(data, "direction")),
        ("at", of(data, "date")),
    ];
    let end = data.get("cause").map(|cause| {
        [
            ("endReason", of(cause, "reason")),
            ("endCode", of(cause, "code")),
            ("callTime", of(data, "duration")),
        ]
    });
    let what = if end.is_some() { "cdr" } else { "inbound" };
    let fields = letter.into_iter().chain(end.into_iter().flatten());
    Some((what, fields.map(|(key, value)| (key.to_owned(), value)).collect()))
}
