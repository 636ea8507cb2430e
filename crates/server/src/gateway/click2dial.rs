//! `POST /click2dial/calls`: another system asks for a call of an agent, and the agent's phone makes it.
//!
//! The phone's own gate for the host's calls decides; here it is only checked that the wish has the documented form.

use super::{
    Role,
    desk::client_channel,
    leg::Leg,
    reply::{answer, unavailable},
    shared::MAX_MAIL,
};
use crate::http::{Shared, Site};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{self, HeaderMap, HeaderValue, StatusCode},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// References are cut here, as its documents say.
const MAX_REFERENCE: usize = 230;
/// International numbers have at most 15 digits (E.164).
const MAX_OUTBOUND_DIGITS: usize = 15;
/// The phone answers when the call is on its way; a microphone that has to be allowed first takes longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Deserialize)]
struct Wish {
    agent: Text,
    callee: Text,
    #[serde(default)]
    outbound_id: Text,
    #[serde(default)]
    contact_ref: Text,
    /// Before 3.0.0.
    #[serde(default)]
    call_ref: Text,
}

/// Numbers come with quotes and without.
#[derive(Default, Deserialize)]
#[serde(from = "Value")]
struct Text(String);

impl From<Value> for Text {
    fn from(value: Value) -> Text {
        Text(match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        })
    }
}

/// What the phone answers.
#[derive(Deserialize)]
struct Response {
    ok: bool,
    #[serde(default)]
    data: Called,
    #[serde(default)]
    error: Failed,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Called {
    call_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failed {
    code: String,
    message: String,
}

/// Asks the agent's phone, and says what it said.
pub(super) async fn calls(State(site): Shared, headers: HeaderMap, body: Bytes) -> http::Response<Body> {
    asked(&site, &headers, &body).await.unwrap_or_else(|refusal| *refusal)
}

async fn asked(
    site: &Site,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<http::Response<Body>, Box<http::Response<Body>>> {
    let Some(gateway) = &site.gateway else {
        return Err(refused(StatusCode::NOT_FOUND, "this server has no gateways"));
    };
    let grant = gateway.admitted(headers, &[Role::Service, Role::Client]).await?;
    let bad = |reason: &str| refused(StatusCode::BAD_REQUEST, reason);
    let wish: Wish = serde_json::from_slice(body).map_err(|_| bad("agent and callee are missing"))?;
    let agent = wish.agent.0.as_str();
    if grant.role == Role::Client && grant.extension != agent {
        return Err(refused(StatusCode::FORBIDDEN, "this token is for another agent"));
    }
    let command = wish.command().map_err(bad)?;
    let down = |_| Box::new(unavailable());
    let Some(id) = Leg::fresh_id() else { return Err(Box::new(unavailable())) };
    let mut mail = gateway.shared.subscribe(&[client_channel(agent, &id)], MAX_MAIL).await.map_err(down)?;
    if gateway.deliver(agent, &id, None, &command.to_string()).await.map_err(down)?.is_none() {
        return Err(refused(StatusCode::CONFLICT, "the agent's phone is not signed in"));
    }
    let said = tokio::time::timeout(PATIENCE, mail.recv()).await.ok().flatten();
    let said: Response = said.and_then(|mail| serde_json::from_str(&mail.text).ok()).ok_or_else(|| {
        refused(StatusCode::GATEWAY_TIMEOUT, "the agent's phone does not say whether it calls")
    })?;
    let Some(call) = said.data.call_id.filter(|_| said.ok) else {
        let reason = format!("{}: {}", said.error.code, said.error.message);
        return Err(refused(StatusCode::CONFLICT, &reason));
    };
    let given = Some(cut(&wish.call_ref.0)).filter(|given| !given.is_empty());
    let reference = given.unwrap_or(&call);
    Ok(answer(StatusCode::CREATED, &json!({ "call_ref": reference, "call_id": call })))
}

impl Wish {
    /// `click2call` for the phone, or what is wrong.
    fn command(&self) -> Result<Value, &'static str> {
        if self.agent.0.is_empty() {
            return Err("agent is missing");
        }
        if !is_callee(&self.callee.0) {
            return Err("callee must have 10 digits from 0, 11 from 27, or 13 to 16 from 00");
        }
        let outbound = self.outbound_id.0.as_str();
        let digits = outbound.strip_prefix('+').unwrap_or(outbound);
        if digits.len() > MAX_OUTBOUND_DIGITS || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
            return Err("outbound_id must be a number");
        }
        let references = [&self.contact_ref.0, &self.call_ref.0];
        if !references.into_iter().all(|reference| is_reference(reference)) {
            return Err("contact_ref and call_ref may hold only A-Z a-z 0-9 . _ ~ : -");
        }
        let (mut data, mut headers) = (Map::new(), Map::new());
        data.insert("number".to_owned(), self.callee.0.as_str().into());
        if !outbound.is_empty() {
            data.insert("from".to_owned(), outbound.into());
            headers.insert("X-Platforma-Outbound-ID".to_owned(), outbound.into());
        }
        let (contact, call) = (cut(&self.contact_ref.0), cut(&self.call_ref.0));
        if !contact.is_empty() {
            headers.insert("X-Platforma-Contact-Ref".to_owned(), contact.into());
            data.insert("userData".to_owned(), json!({ "contact_ref": contact }));
        }
        if !call.is_empty() {
            data.insert("ref".to_owned(), call.into());
        }
        data.insert("headers".to_owned(), headers.into());
        Ok(json!({ "type": "click2call", "id": "click2dial", "data": data }))
    }
}

fn is_callee(number: &str) -> bool {
    let length = number.len();
    number.bytes().all(|octet| octet.is_ascii_digit())
        && match number {
            number if number.starts_with("00") => (13..=16).contains(&length),
            number if number.starts_with('0') => length == 10,
            number => number.starts_with("27") && length == 11,
        }
}

fn is_reference(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"._~:-".contains(&octet))
}

/// References are ASCII by now.
fn cut(reference: &str) -> &str {
    reference.get(..MAX_REFERENCE).unwrap_or(reference)
}

/// A refusal in the words of its documents: the reason is in a header.
fn refused(code: StatusCode, reason: &str) -> Box<http::Response<Body>> {
    let mut response = answer(code, &json!({ "error": reason }));
    if let Ok(value) = HeaderValue::from_str(reason) {
        response.headers_mut().insert("x-platforma-error", value);
    }
    Box::new(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(text: &str) -> Result<Value, &'static str> {
        serde_json::from_str::<Wish>(text).expect("JSON").command()
    }

    #[test]
    fn wish_becomes_a_command_with_its_references_cut_at_230() {
        let long = "r".repeat(231);
        let text = format!(
            r#"{{"agent":200,"callee":"0821234567","outbound_id":"0215550100","contact_ref":"{long}","call_ref":"c:1"}}"#
        );
        let cut = "r".repeat(230);
        assert_eq!(
            command(&text),
            Ok(json!({ "type": "click2call", "id": "click2dial", "data": {
                "number": "0821234567", "from": "0215550100", "ref": "c:1", "userData": { "contact_ref": cut },
                "headers": { "X-Platforma-Outbound-ID": "0215550100", "X-Platforma-Contact-Ref": cut },
            }}))
        );
    }

    #[test]
    fn callees_of_the_documented_lengths_alone_are_called() {
        for (callee, good) in [
            ("0821234567", true),
            ("082123456", false),
            ("08212345678", false),
            ("27821234567", true),
            ("2782123456", false),
            ("28821234567", false),
            ("0027821234567", true),
            ("0034911234567890", true),
            ("00349112345678901", false),
            ("002782123456", false),
            ("+27821234567", false),
            ("08212 4567", false),
            ("", false),
        ] {
            let text = format!(r#"{{"agent":"200","callee":"{callee}"}}"#);
            assert_eq!(command(&text).is_ok(), good, "{callee}");
        }
        for (field, value) in [
            ("outbound_id", "x"),
            ("outbound_id", "+1234567890123456"),
            ("contact_ref", "a b"),
            ("call_ref", "é"),
        ] {
            let text = format!(r#"{{"agent":"200","callee":"0821234567","{field}":"{value}"}}"#);
            assert!(command(&text).is_err(), "{text}");
        }
    }
}
