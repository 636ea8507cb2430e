//! Calls in the words of Teleforge Enigma: the messages on its lists, of both forms.
//!
//! The order of the fields is that of its documents; every field is there, none is null.

use super::settings::EnigmaVersion;
use serde::{Deserialize, Serialize};

/// The list of calls that came in.
const INBOUND: &str = "enigma:notifications:inbound";
/// The list of calls that are over.
const CDR: &str = "enigma:notifications:cdr";

/// Numbers, names of extensions.
const MAX_SHORT: usize = 64;
/// Ids and references; Enigma cuts references at 230.
const MAX_REFERENCE: usize = 256;
/// A recording's address.
const MAX_ADDRESS: usize = 2_048;
/// More seconds than this no call waits or lasts.
const MAX_SECONDS: u64 = 7 * 24 * 60 * 60;

/// `POST /v1/enigma/notify`: a call came in and was put through (or rings, if the widget says so).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Arrived {
    id: String,
    /// Of the token, if it is left out.
    extension: Option<String>,
    number: String,
    #[serde(default)]
    dial_number: String,
    #[serde(default)]
    hold_time: u64,
    #[serde(default)]
    contact_ref: String,
    #[serde(default = "inbound")]
    direction: String,
}

/// `POST /v1/enigma/cdr`: a call is over.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    id: String,
    extension: Option<String>,
    number: String,
    #[serde(default)]
    dial_number: String,
    #[serde(default)]
    hold_time: u64,
    #[serde(default)]
    contact_ref: String,
    direction: String,
    /// When it began, as ISO 8601.
    at: String,
    /// A cause of `phone:terminated`.
    end_reason: String,
    /// The SIP status, 0 without one.
    #[serde(default)]
    end_code: u16,
    /// Seconds of talk.
    #[serde(default)]
    call_time: u64,
    #[serde(default)]
    recording_url: String,
}

fn inbound() -> String {
    "inbound".to_owned()
}

#[derive(Serialize)]
struct Notification<T> {
    r#type: &'static str,
    payload: T,
}

#[derive(Serialize)]
struct CallPayload<'a> {
    number: &'a str,
    dial_number: &'a str,
    hold_time: u64,
    call_ref: &'a str,
    contact_ref: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign_ref: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_dir: Option<&'a str>,
    r#ref: &'a str,
}

#[derive(Serialize)]
struct CdrPayload<'a> {
    extension: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    dial_number: &'a str,
    call_ref: &'a str,
    contact_ref: &'a str,
    dialed_at: &'a str,
    end_reason: &'a str,
    end_code: u16,
    call_time: u64,
    hold_time: u64,
    call_dir: &'a str,
    recording_url: &'a str,
    r#ref: &'a str,
}

/// What a widget tells of a call.
pub(super) trait Told: serde::de::DeserializeOwned {
    /// The list it goes to.
    const LIST: &'static str;
    /// Whose call; `None`: of whoever tells.
    fn extension(&self) -> Option<&str>;
    /// What is wrong with it.
    fn complaint(&self) -> Option<&'static str>;
    /// The message on the list.
    fn message(&self, version: EnigmaVersion, extension: &str) -> String;
}

impl Told for Arrived {
    const LIST: &'static str = INBOUND;

    fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    fn complaint(&self) -> Option<&'static str> {
        let Arrived { id, number, dial_number, contact_ref, hold_time, direction, .. } = self;
        if direction != "inbound" {
            return Some("'direction' is 'inbound': only calls that came in are told so");
        }
        common_complaint(id, &[number, dial_number], contact_ref, &[*hold_time])
    }

    fn message(&self, version: EnigmaVersion, extension: &str) -> String {
        let old = version == EnigmaVersion::V2;
        json(
            "call",
            CallPayload {
                number: &self.number,
                dial_number: &self.dial_number,
                hold_time: self.hold_time,
                call_ref: &self.id,
                contact_ref: &self.contact_ref,
                campaign_ref: old.then_some("inbound"),
                call_dir: (!old).then_some("inbound"),
                r#ref: extension,
            },
        )
    }
}

impl Told for Ended {
    const LIST: &'static str = CDR;

    fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    fn complaint(&self) -> Option<&'static str> {
        let Ended { id, number, dial_number, contact_ref, hold_time, call_time, direction, .. } = self;
        if !["inbound", "outbound"].contains(&direction.as_str()) {
            return Some("'direction' is 'inbound' or 'outbound'");
        }
        if !is_line(&self.at, MAX_SHORT)
            || !is_line(&self.end_reason, MAX_SHORT)
            || !is_line(&self.recording_url, MAX_ADDRESS)
        {
            return Some("'at', 'endReason' and 'recordingUrl' are texts of one line");
        }
        common_complaint(id, &[number, dial_number], contact_ref, &[*hold_time, *call_time])
    }

    fn message(&self, version: EnigmaVersion, extension: &str) -> String {
        let old = version == EnigmaVersion::V2;
        json(
            "cdr",
            CdrPayload {
                extension,
                number: (!old).then_some(&self.number),
                dial_number: &self.dial_number,
                call_ref: &self.id,
                contact_ref: &self.contact_ref,
                dialed_at: &self.at,
                end_reason: &self.end_reason,
                end_code: self.end_code,
                call_time: self.call_time,
                hold_time: self.hold_time,
                call_dir: &self.direction,
                recording_url: &self.recording_url,
                r#ref: if old { &self.number } else { "click-dial" },
            },
        )
    }
}

fn common_complaint(
    id: &str,
    numbers: &[&String],
    contact_ref: &str,
    seconds: &[u64],
) -> Option<&'static str> {
    if id.is_empty() || !is_line(id, MAX_REFERENCE) || !is_line(contact_ref, MAX_REFERENCE) {
        return Some(
            "'id' and 'contactRef' are texts of one line of at most 256 characters, and 'id' is not empty",
        );
    }
    if !numbers.iter().all(|number| is_line(number, MAX_SHORT)) {
        return Some("'number' and 'dialNumber' are texts of one line of at most 64 characters");
    }
    (!seconds.iter().all(|seconds| *seconds <= MAX_SECONDS))
        .then_some("'holdTime' and 'callTime' are seconds, at most a week")
}

fn is_line(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(char::is_control)
}

/// Texts and whole numbers under known names cannot fail.
fn json<T: Serialize>(kind: &'static str, payload: T) -> String {
    serde_json::to_string(&Notification { r#type: kind, payload }).unwrap_or_default()
}
