//! What clients are told, field by field as the Phone API document has it (protocol.md 4.4).
//!
//! It holds no logic beyond names: the phone fills these, serde writes them.

use crate::{
    bridge::{Code, json, text_of},
    config::XivoConfig,
};
use serde::Serialize;
use serde_json::{Map, Value};

/// How the names begin of what clients and the page attach to a call.
const PREFIX: &str = "USR_";

/// `PhoneEvent`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneEvent {
    pub(super) event_type: &'static str,
    #[serde(rename = "DN")]
    pub(super) dn: String,
    #[serde(rename = "otherDN")]
    pub(super) other_dn: String,
    #[serde(rename = "otherDName")]
    pub(super) other_d_name: String,
    pub(super) linked_id: String,
    pub(super) unique_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) queue_name: Option<String>,
    pub(super) call_direction: &'static str,
    pub(super) user_data: Map<String, Value>,
    /// Of the contact that the number belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) username: Option<String>,
}

/// `CurrentCallsPhoneEvents`.
#[derive(Serialize)]
pub(super) struct Calls {
    pub(super) events: Vec<PhoneEvent>,
}

/// `UsersStatuses`: one that a person may choose.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserStatus {
    pub(super) name: String,
    pub(super) long_name: String,
    pub(super) color: &'static str,
    /// Of a platform's supervision; there are none.
    pub(super) actions: [(); 0],
}

/// `UserStatusUpdate` and `PhoneStatusUpdate`.
#[derive(Serialize)]
pub(super) struct Status<'a> {
    pub(super) status: &'a str,
}

/// `PhoneHintStatusEvent`.
#[derive(Serialize)]
pub(super) struct Hint<'a> {
    pub(super) number: &'a str,
    pub(super) status: i16,
}

/// `UserConfigUpdate`: always whole, since pages replace what they know by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserConfig {
    pub(super) user_id: u64,
    pub(super) full_name: String,
    pub(super) mobile_number: String,
    pub(super) agent_id: u64,
    pub(super) voice_mail_id: u64,
    pub(super) voice_mail_enabled: bool,
    pub(super) dnd_enabled: bool,
    pub(super) na_fwd_enabled: bool,
    pub(super) na_fwd_destination: String,
    pub(super) unc_fwd_enabled: bool,
    pub(super) unc_fwd_destination: String,
    pub(super) busy_fwd_enabled: bool,
    pub(super) busy_fwd_destination: String,
}

/// `VoiceMailStatusUpdate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VoiceMail {
    pub(super) voice_mail_id: u64,
    pub(super) new_messages: u32,
    pub(super) waiting_messages: u32,
    pub(super) old_messages: u32,
}

/// `DirectoryResult`.
#[derive(Serialize)]
pub(super) struct Directory {
    pub(super) headers: [&'static str; 5],
    pub(super) entries: Vec<DirectoryEntry>,
}

#[derive(Serialize)]
pub(super) struct DirectoryEntry {
    pub(super) status: i16,
    pub(super) entry: [String; 5],
}

/// `LineConfig`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) number: &'a str,
    pub(super) has_device: bool,
    pub(super) web_rtc: bool,
}

/// `Error`.
#[derive(Serialize)]
pub(super) struct Failure<'a> {
    #[serde(rename = "Error")]
    pub(super) error: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) command: &'a str,
}

/// What all clients were told last; each is told again when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) user_status: String,
    pub(super) config: UserConfig,
    pub(super) phone_status: &'static str,
    pub(super) voice_mail: VoiceMail,
}

/// What `userData` of a call is made of.
pub(super) struct Call<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) sip_call_id: &'a str,
    /// By the platform.
    pub(super) attached: &'a [(String, String)],
    /// By clients and the page.
    pub(super) variables: Option<&'a Value>,
    pub(super) called_person: Option<&'a str>,
    pub(super) config: &'a XivoConfig,
}

/// `userData`: what the platform says of the call, and what was attached to it.
pub(super) fn user_data(call: &Call<'_>) -> Map<String, Value> {
    let mut data = Map::new();
    let mut put = |key: String, value: &str| data.insert(key, Value::from(value));
    if let Some(context) = &call.config.context {
        put("XIVO_CONTEXT".to_owned(), context);
    }
    if call.config.user_id > 0 {
        put("XIVO_USERID".to_owned(), &call.config.user_id.to_string());
    }
    put("XIVO_SRCNUM".to_owned(), call.from);
    put("XIVO_DSTNUM".to_owned(), call.to);
    if let Some(name) = call.called_person {
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        put("XIVO_DST_FIRSTNAME".to_owned(), first);
        put("XIVO_DST_LASTNAME".to_owned(), last);
    }
    for (key, value) in call.attached {
        put(format!("XIVO_{key}"), value);
    }
    if !call.sip_call_id.is_empty() {
        put("SIPCALLID".to_owned(), call.sip_call_id);
    }
    for (key, value) in call.variables.and_then(Value::as_object).into_iter().flatten() {
        let text = text_of(value).unwrap_or_else(|| json(value));
        let key = if key.starts_with(PREFIX) { key.clone() } else { format!("{PREFIX}{key}") };
        put(key, &text);
    }
    data
}

/// Of an address that was dialled, clients are told the user alone.
pub(super) fn user_part(number: &str) -> &str {
    let user = number.split_once(':').and_then(|(_, rest)| rest.split_once('@'));
    user.map_or(number, |(user, _)| user)
}

/// `not_supported` as pages of the platform write errors: `NotSupported`.
pub(super) fn error_name(code: Code) -> String {
    let upper = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
    };
    code.to_string().split('_').map(upper).collect()
}
