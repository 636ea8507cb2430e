//! `/demo/*`: what a person or a test asks of the server beside SIP.
//!
//! It only reads requests and writes answers; the switchboard acts.

use crate::{
    files::text,
    http::Shared,
    switchboard::{Fault, FaultKind, Ring},
};
use axum::{
    body::{Body, Bytes},
    extract::{Path, Query, State},
    http::{HeaderValue, Response, StatusCode, header},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Messages of the trace in a state, unless `?trace=N` asks for another number.
const TRACE: usize = 60;

/// Longest ring in seconds: as long as the proxy's Timer C.
const MAX_RING_SECONDS: u64 = 180;

/// What a ring may carry, so that a test of limits cannot be mistaken for a broken one.
const MAX_RING_HEADERS: usize = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RingRequest {
    to: String,
    from: String,
    display_name: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultRequest {
    kind: String,
    user: Option<String>,
    seconds: Option<u64>,
}

/// `GET /demo/state`.
pub(crate) async fn state(
    State(site): Shared,
    Query(query): Query<HashMap<String, String>>,
) -> Response<Body> {
    let trace = query.get("trace").and_then(|count| count.parse().ok()).unwrap_or(TRACE);
    answer(StatusCode::OK, site.switchboard.state(trace).await)
}

/// `POST /demo/ring`: a number calls an extension.
pub(crate) async fn ring(State(site): Shared, body: Bytes) -> Response<Body> {
    let request: RingRequest = match read(&body) {
        Ok(request) => request,
        Err(refusal) => return *refusal,
    };
    let seconds = request.seconds.unwrap_or(60);
    let user_part = |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(is_user_octet);
    let wrong = if !user_part(&request.to) || !user_part(&request.from) {
        Some("'to' and 'from' are user parts: 1 to 64 of letters, digits and +-_.*#")
    } else if !(1..=MAX_RING_SECONDS).contains(&seconds) {
        Some("'seconds' is 1 to 180")
    } else if request.headers.len() > MAX_RING_HEADERS || !request.headers.iter().all(is_header) {
        Some("'headers' are up to 32 names with values of one line")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        return refused(StatusCode::BAD_REQUEST, wrong);
    }
    let ring = Ring {
        to: request.to,
        from: request.from,
        display_name: request.display_name,
        headers: request.headers.into_iter().collect(),
        seconds,
    };
    match site.switchboard.ring(ring).await {
        Ok(id) => answer(StatusCode::CREATED, json!({"id": id})),
        Err(reason) => refused(StatusCode::CONFLICT, &reason),
    }
}

/// `GET /demo/ring/ID`: how it goes.
pub(crate) async fn ring_state(State(site): Shared, Path(id): Path<String>) -> Response<Body> {
    match id.parse() {
        Ok(id) => found(site.switchboard.ring_state(id).await),
        Err(_) => refused(StatusCode::BAD_REQUEST, "the id is a number"),
    }
}

/// `DELETE` or `POST /demo/ring/ID`: the caller hangs up.
pub(crate) async fn hang_up(State(site): Shared, Path(id): Path<String>) -> Response<Body> {
    match id.parse() {
        Ok(id) => found(site.switchboard.hang_up(id).await),
        Err(_) => refused(StatusCode::BAD_REQUEST, "the id is a number"),
    }
}

/// `POST /demo/fault`: something goes wrong on purpose.
pub(crate) async fn fault(State(site): Shared, body: Bytes) -> Response<Body> {
    let request: FaultRequest = match read(&body) {
        Ok(request) => request,
        Err(refusal) => return *refusal,
    };
    let Some(kind) = FaultKind::named(&request.kind) else {
        let kinds = FaultKind::NAMES.map(|(name, _)| name).join(", ");
        return refused(StatusCode::BAD_REQUEST, &format!("'kind' is one of {kinds}"));
    };
    let seconds = request.seconds.unwrap_or(5).min(MAX_RING_SECONDS);
    match site.switchboard.fault(Fault { kind, user: request.user, seconds }).await {
        Ok(sockets) => answer(StatusCode::OK, json!({"sockets": sockets})),
        Err(reason) => refused(StatusCode::CONFLICT, &reason),
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Box<Response<Body>>> {
    serde_json::from_slice(body).map_err(|error| {
        Box::new(refused(StatusCode::BAD_REQUEST, &format!("not the JSON expected: {error}")))
    })
}

fn is_user_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"+-_.*#".contains(&octet)
}

fn is_header((name, value): (&String, &String)) -> bool {
    let is_name =
        (1..=64).contains(&name.len()) && name.bytes().all(|o| o.is_ascii_alphanumeric() || o == b'-');
    is_name && value.len() <= 1024 && !value.chars().any(char::is_control)
}

fn found(value: Option<Value>) -> Response<Body> {
    match value {
        Some(value) => answer(StatusCode::OK, value),
        None => refused(StatusCode::NOT_FOUND, "no such ring"),
    }
}

fn refused(code: StatusCode, reason: &str) -> Response<Body> {
    answer(code, json!({"error": reason}))
}

fn answer(code: StatusCode, value: Value) -> Response<Body> {
    let mut response = text(code, value.to_string());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
