//! `/xuc/api/2.0`: the server side that XiVO's clients expect, in front of the phone of whoever signs in.
//!
//! The frames are the phone's matter; here is what must be said while no phone is signed in.

use super::{
    Gateway, Grant, Role,
    desk::{self, Presence},
    leg::{Heard, Leg},
    reply::{answer, too_early, unavailable},
    shared::{MAX_MAIL, Mail, Unavailable},
    socket::{Admitted, ended, looked_after, opened},
};
use crate::http::Shared;
use axum::{
    body::{Body, Bytes},
    extract::{Query, State, ws::WebSocketUpgrade},
    http::{HeaderMap, Response, StatusCode},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

/// How long a token of `auth/login` is good, in seconds; `auth/check` begins the time anew.
const TOKEN_SECONDS: u64 = 8 * 60 * 60;
/// bcrypt reads no more of a password (72 octets); a longer one is not the one that was hashed.
const MAX_PASSWORD: usize = 72;
/// A hash of nothing, of the cost that `htpasswd` takes: an unknown login takes as long as a known one.
const NO_HASH: &str = "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";

#[derive(Deserialize)]
struct SignIn {
    login: String,
    password: String,
}

/// `POST /xuc/api/2.0/auth/login`.
pub(super) async fn login(State(site): Shared, body: Bytes) -> Response<Body> {
    let Some(gateway) = &site.gateway else { return failed(StatusCode::NOT_FOUND, "NoGateway") };
    let Ok(SignIn { login, password }) = serde_json::from_slice(&body) else {
        return failed(StatusCode::BAD_REQUEST, "BadRequest");
    };
    let known = gateway.settings.logins.get(&login).cloned();
    let hash = known.as_ref().map_or_else(|| NO_HASH.to_owned(), |known| known.password.clone());
    // One at a time: guessing is as slow as the hash, and takes no more than one processor.
    let turn = gateway.sign_ins.acquire().await;
    match gateway.shared.attempt(&login, known.is_some()).await {
        Ok(None) => {}
        Ok(Some(wait)) => return too_early(wait),
        Err(Unavailable) => return unavailable(),
    }
    let is_right = tokio::task::spawn_blocking(move || {
        password.len() <= MAX_PASSWORD && bcrypt::verify(password, &hash).unwrap_or(false)
    });
    let is_right = is_right.await.unwrap_or(false);
    drop(turn);
    let Some(known) = known.filter(|_| is_right) else {
        return failed(StatusCode::UNAUTHORIZED, "InvalidCredentials");
    };
    if gateway.shared.succeeded(&login).await.is_err() {
        return unavailable();
    }
    let Ok(token) = crate::fresh_password() else { return unavailable() };
    let grant = Grant { role: Role::Client, extension: known.extension };
    match gateway.shared.keep_token(&token, &grant, TOKEN_SECONDS).await {
        Ok(()) => answer(StatusCode::OK, &json!({ "login": login, "token": token, "TTL": TOKEN_SECONDS })),
        Err(_) => unavailable(),
    }
}

/// `GET /xuc/api/2.0/auth/check`.
pub(super) async fn check(State(site): Shared, headers: HeaderMap) -> Response<Body> {
    let Some(gateway) = &site.gateway else { return failed(StatusCode::NOT_FOUND, "NoGateway") };
    let token = super::bearer_of(&headers);
    match gateway.bearer(token).await {
        Ok(Some(grant)) if grant.role == Role::Client => {
            let is_of_file = gateway.settings.tokens.contains_key(token);
            let renewed = match is_of_file {
                true => Ok(true),
                false => gateway.shared.renew_token(token, TOKEN_SECONDS).await,
            };
            match renewed {
                Ok(true) => answer(StatusCode::OK, &json!({ "token": token, "TTL": TOKEN_SECONDS })),
                Ok(false) => failed(StatusCode::FORBIDDEN, "TokenExpired"),
                Err(Unavailable) => unavailable(),
            }
        }
        Ok(_) => failed(StatusCode::FORBIDDEN, "TokenExpired"),
        Err(_) => unavailable(),
    }
}

fn failed(code: StatusCode, error: &str) -> Response<Body> {
    answer(code, &json!({ "error": error }))
}

/// `GET /xuc/api/2.0/cti?token=…`.
pub(super) async fn cti(
    State(site): Shared,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    let roles = &[Role::Client];
    opened(site, &query, &headers, roles, upgrade, |site, leg, Admitted { token, grant, id }| async move {
        let Some(gateway) = &site.gateway else { return };
        let extension = grant.extension.clone();
        let client = Client { gateway, extension, id, phone: None, logged_on: false, failures: 0 };
        client.run(leg, &grant, &token).await;
    })
    .await
}

/// One client.
struct Client<'a> {
    gateway: &'a Gateway,
    extension: String,
    id: String,
    /// Which phone serves it.
    phone: Option<String>,
    /// It has heard `LoggedOn`, which it hears once.
    logged_on: bool,
    /// Calls that could not be made, for their ids.
    failures: u32,
}

impl Client<'_> {
    async fn run(mut self, mut leg: Leg, grant: &Grant, token: &str) {
        let presence = desk::presence_channel(&self.extension);
        let revoked = desk::token_channel(token);
        let channels = [desk::client_channel(&self.extension, &self.id), presence.clone(), revoked.clone()];
        let Ok(mut mail) = self.gateway.shared.subscribe(&channels, MAX_MAIL).await else {
            return leg.later().await;
        };
        let mut is_revoked = false;
        let mut goes_on = self.attach(&mut leg).await;
        while goes_on {
            goes_on = tokio::select! {
                mail = mail.recv() => match mail {
                    Some(Mail { channel, text }) if channel == presence => self.present(&mut leg, &text).await,
                    Some(Mail { channel, .. }) if channel == revoked => {
                        is_revoked = true;
                        false
                    }
                    Some(Mail { text, .. }) => self.told(&mut leg, &text).await,
                    None => false,
                },
                heard = leg.hear() => match heard {
                    Heard::Text(text) => self.said(&mut leg, &text).await,
                    Heard::Due => looked_after(self.gateway, &mut leg, grant, token, &mut is_revoked).await,
                    Heard::End => false,
                },
            };
        }
        if let Some(phone) = self.phone.take() {
            // A phone that is gone has nothing to forget.
            let _gone_either_way = self.pass(&phone, "xivo:close", None).await;
        }
        ended(leg, is_revoked).await;
    }

    /// Lets the newest phone serve it; without one it hears so.
    async fn attach(&mut self, leg: &mut Leg) -> bool {
        let open = self.message("xivo:open", None);
        let Ok(found) = self.gateway.deliver(&self.extension, &self.id, None, &open).await else {
            return false;
        };
        self.phone = found;
        if self.phone.is_some() {
            return true;
        }
        let extension = self.extension.clone();
        let opening = [
            ("LoggedOn", json!({})),
            (
                "UsersStatuses",
                json!([{ "name": "online", "longName": "Available", "color": "#2e7d32", "actions": [] }]),
            ),
            ("UserStatusUpdate", json!({ "status": "online" })),
            (
                "UserConfigUpdate",
                json!({
                    "userId": 0, "fullName": extension, "mobileNumber": "", "agentId": 0, "voiceMailId": 0,
                    "voiceMailEnabled": false, "dndEnabled": false, "naFwdEnabled": false, "naFwdDestination": "",
                    "uncFwdEnabled": false, "uncFwdDestination": "", "busyFwdEnabled": false, "busyFwdDestination": "",
                }),
            ),
            ("PhoneStatusUpdate", json!({ "status": "INDISPONIBLE" })),
            (
                "VoiceMailStatusUpdate",
                json!({ "voiceMailId": 0, "newMessages": 0, "waitingMessages": 0, "oldMessages": 0 }),
            ),
        ];
        // One that has been served knows all of it but that its phone is gone.
        let known = if std::mem::replace(&mut self.logged_on, true) { 4..5 } else { 0..6 };
        for (kind, message) in opening.get(known).unwrap_or_default() {
            if !leg.say(json!({ "msgType": kind, "ctiMessage": message }).to_string()).await {
                return false;
            }
        }
        true
    }

    /// A phone came or went.
    async fn present(&mut self, leg: &mut Leg, text: &str) -> bool {
        match Presence::read(text) {
            Some(Presence::Here(widget)) if self.phone.as_ref() != Some(&widget) => {
                if let Some(before) = self.phone.take() {
                    let _gone_either_way = self.pass(&before, "xivo:close", None).await;
                }
                self.attach(leg).await
            }
            Some(Presence::Gone(widget)) if self.phone.as_ref() == Some(&widget) => self.attach(leg).await,
            Some(Presence::Here(_) | Presence::Gone(_)) | None => true,
        }
    }

    /// The phone says something: a frame for the client, an answer that nobody waits for, or that it is over.
    async fn told(&mut self, leg: &mut Leg, text: &str) -> bool {
        #[derive(Deserialize)]
        struct Told {
            r#type: String,
            #[serde(default)]
            data: Data,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Data {
            frame: Option<String>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Frame {
            msg_type: String,
        }
        let Ok(Told { r#type, data }) = serde_json::from_str(text) else { return true };
        let frame = match (r#type.as_str(), data.frame) {
            ("xivo:frame", Some(frame)) => frame,
            ("xivo:close", _) => return false,
            _ => return true,
        };
        let is_welcome =
            serde_json::from_str::<Frame>(&frame).is_ok_and(|frame| frame.msg_type == "LoggedOn");
        if is_welcome && std::mem::replace(&mut self.logged_on, true) {
            return true;
        }
        leg.say(frame).await
    }

    /// The client says something.
    async fn said(&mut self, leg: &mut Leg, text: &str) -> bool {
        let Ok(frame) = serde_json::from_str::<Value>(text) else { return true };
        if text_of(&frame, "claz") == "ping" {
            return leg.say(json!({ "msgType": "ping", "ctiMessage": {} }).to_string()).await;
        }
        if let Some(phone) = self.phone.clone() {
            match self.pass(&phone, "xivo:frame", Some(text)).await {
                Ok(true) => return true,
                Ok(false) => {}
                Err(()) => return false,
            }
            // Its server has died without a word; perhaps it is back elsewhere already.
            if !self.attach(leg).await {
                return false;
            }
            if let Some(phone) = self.phone.clone() {
                return self.pass(&phone, "xivo:frame", Some(text)).await.is_ok();
            }
        }
        leg.say(self.without_phone(&frame).to_string()).await
    }

    /// What a command comes to while no phone is signed in.
    fn without_phone(&mut self, frame: &Value) -> Value {
        let command = text_of(frame, "command");
        match command {
            "dial" | "originate" | "dialFromMobile" | "dialByUsername" => {
                self.failures += 1;
                let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
                let id = format!("{seconds}.{}", self.failures);
                let to = text_of(frame, if command == "dialByUsername" { "username" } else { "destination" });
                json!({ "msgType": "PhoneEvent", "ctiMessage": {
                    "eventType": "EventFailure", "DN": self.extension, "otherDN": to, "otherDName": "",
                    "linkedId": id, "uniqueId": id, "callDirection": "Outgoing", "userData": {},
                }})
            }
            "getCurrentCallsPhoneEvents" => {
                json!({ "msgType": "CurrentCallsPhoneEvents", "ctiMessage": { "events": [] } })
            }
            _ => {
                json!({ "msgType": "Error", "ctiMessage": { "Error": "PhoneUnavailable", "command": command } })
            }
        }
    }

    /// Hands something to the phone that serves it; `Ok(false)`: nobody is there.
    async fn pass(&self, phone: &str, kind: &str, frame: Option<&str>) -> Result<bool, ()> {
        let message = self.message(kind, frame);
        let taken = self.gateway.deliver(&self.extension, &self.id, Some(phone), &message).await;
        taken.map(|taken| taken.is_some()).map_err(drop)
    }

    fn message(&self, kind: &str, frame: Option<&str>) -> String {
        let data = match frame {
            Some(frame) => json!({ "socket": self.id, "frame": frame }),
            None => json!({ "socket": self.id }),
        };
        json!({ "type": kind, "data": data }).to_string()
    }
}

fn text_of<'a>(frame: &'a Value, key: &str) -> &'a str {
    frame.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_that_nobody_has_takes_as_long_as_another() {
        assert!(matches!(bcrypt::verify("", NO_HASH), Ok(false)), "a hash that is read to its end");
    }
}
