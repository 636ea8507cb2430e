//! Answers of the gateways: JSON that pages of any origin may read.
//!
//! A token in a header admits, never a cookie, so another origin gains nothing by asking.

use crate::files::text;
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use serde_json::{Value, json};
use std::time::Duration;

/// Seconds after which a server without Redis may be asked again.
const RETRY_AFTER: &str = "1";

/// JSON that no cache keeps.
pub(crate) fn answer(code: StatusCode, value: &Value) -> Response<Body> {
    let mut response = text(code, value.to_string());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// A refusal that says why.
pub(crate) fn refused(code: StatusCode, reason: &str) -> Response<Body> {
    answer(code, &json!({ "error": reason }))
}

/// Redis does not answer; nothing has been done that a repetition would do twice.
pub(crate) fn unavailable() -> Response<Body> {
    let mut response = refused(StatusCode::SERVICE_UNAVAILABLE, "Redis does not answer. Ask again.");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
    response
}

/// The login that asks has to wait.
pub(crate) fn too_early(wait: Duration) -> Response<Body> {
    let mut response = answer(StatusCode::TOO_MANY_REQUESTS, &json!({ "error": "TooManyAttempts" }));
    // Whole seconds, and never too few.
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
    response
}

/// What a browser asks before a page of another origin may post.
pub(crate) async fn preflight() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, Idempotency-Key"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
