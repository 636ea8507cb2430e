//! `POST /v1/enigma/…`: what a widget tells of its calls goes to the lists of Enigma, each once.
//!
//! 202 only after the integer reply of Redis. Anything else has pushed nothing, or will not push again for this key.

use super::{
    Role,
    enigma::{Arrived, Ended, Told},
    reply::{answer, refused, unavailable},
    settings::EnigmaVersion,
    shared::Letter,
};
use crate::http::{Shared, Site};
use axum::{
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, Response, StatusCode},
};
use serde_json::json;
use std::collections::HashMap;

/// `Idempotency-Key`: the id of a call, and what of it is told.
const MAX_KEY: usize = 320;

/// `POST /v1/enigma/notify`.
pub(super) async fn call(
    State(site): Shared,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    told::<Arrived>(&site, query.get("v"), &headers, &body).await.unwrap_or_else(|refusal| *refusal)
}

/// `POST /v1/enigma/cdr`.
pub(super) async fn ended(
    State(site): Shared,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    told::<Ended>(&site, query.get("v"), &headers, &body).await.unwrap_or_else(|refusal| *refusal)
}

async fn told<T: Told>(
    site: &Site,
    version: Option<&String>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Body>, Box<Response<Body>>> {
    let bad = |reason: &str| Box::new(refused(StatusCode::BAD_REQUEST, reason));
    let Some(gateway) = &site.gateway else {
        return Err(Box::new(refused(StatusCode::NOT_FOUND, "This server has no gateways.")));
    };
    let grant = gateway.admitted(headers, &[Role::Widget]).await?;
    let version = match version {
        Some(name) => EnigmaVersion::named(name).ok_or_else(|| bad("'v' is 2 or 3"))?,
        None => gateway.settings.enigma.version,
    };
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(bad(
            "Idempotency-Key is 1 to 320 characters: the id of the call, and what is told of it",
        ));
    }
    let told: T =
        serde_json::from_slice(body).map_err(|error| bad(&format!("not the JSON expected: {error}")))?;
    if let Some(complaint) = told.complaint() {
        return Err(bad(complaint));
    }
    if told.extension().is_some_and(|extension| extension != grant.extension) {
        return Err(Box::new(refused(StatusCode::FORBIDDEN, "This token is for another extension.")));
    }
    // Two people may have a part in one call, each with a message of their own.
    let key = format!("{}:{}:{key}", T::LIST, grant.extension);
    let text = told.message(version, &grant.extension);
    let letter = Letter { key: &key, list: T::LIST, text: &text, end: gateway.settings.enigma.push };
    match gateway.shared.push_once(letter).await {
        Ok(Some(length)) => Ok(answer(StatusCode::ACCEPTED, &json!({ "length": length }))),
        Ok(None) => Err(Box::new(refused(StatusCode::NOT_IMPLEMENTED, "No Redis is configured (--redis)."))),
        Err(_) => Err(Box::new(unavailable())),
    }
}
