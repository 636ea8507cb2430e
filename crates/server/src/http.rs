//! Requests to answers: the widget's folders, the demo, the WebSocket upgrade and `/demo/*`.
//!
//! It decides what a request may see, never what a call does. Every answer carries the policy of its part.

use crate::{
    demo,
    files::{self, text},
    gateway,
    policy::{self, content_security_policy},
    settings::Options,
    socket,
    switchboard::Switchboard,
};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State, ws::WebSocketUpgrade},
    http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header, request::Parts},
    response::IntoResponse,
    routing::{any, get, post},
};
use serde_json::{Map, Value, json};
use std::{net::SocketAddr, sync::Arc};

/// Bodies of `/demo/*` are a few short fields.
const MAX_REQUEST_BODY: usize = 16 * 1024;

/// What every request may look at.
pub(crate) struct Site {
    pub(crate) options: Options,
    pub(crate) switchboard: Switchboard,
    pub(crate) gateway: Option<gateway::Gateway>,
}

pub(crate) type Shared = State<Arc<Site>>;

/// All routes.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/ws", get(upgrade))
        .route("/demo/state", get(demo::state))
        .route("/demo/ring", post(demo::ring))
        .route("/demo/ring/{id}", get(demo::ring_state).delete(demo::hang_up).post(demo::hang_up))
        .route("/demo/fault", post(demo::fault))
        .merge(gateway::routes())
        .fallback(any(page))
        .layer(axum::extract::DefaultBodyLimit::max(MAX_REQUEST_BODY))
        .layer(axum::middleware::from_fn_with_state(site.clone(), guard))
        .with_state(site)
}

/// A page on another site could make the browser ask this server, by name (DNS rebinding) or across origins. While
/// we listen on loopback only, only loopback names and origins are answered.
///
/// What acts or tells of calls without a password, `/demo/*` beside its files, is for this machine in any case.
async fn guard(
    State(site): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: axum::middleware::Next,
) -> Response<Body> {
    let is_private = is_private(request.uri().path());
    if is_private && !peer.ip().to_canonical().is_loopback() {
        return text(StatusCode::FORBIDDEN, "Only from the machine it runs on.");
    }
    // What takes a token admits by it, behind a proxy of any name and for pages of any origin.
    let by_token = gateway::is_gateway(request.uri().path());
    if is_private || (site.options.listen.ip().is_loopback() && !by_token) {
        let host = host_of(request.headers());
        if !is_loopback_name(host) {
            return text(StatusCode::MISDIRECTED_REQUEST, "This server answers to localhost only.");
        }
        let origin = request.headers().get(header::ORIGIN).map(|value| value.to_str().unwrap_or("?"));
        let acts = request.uri().path() == "/ws" || !request.method().is_safe();
        let trusted = origin
            .is_none_or(|origin| origin.split_once("://").is_some_and(|(_, host)| is_loopback_name(host)));
        if acts && !trusted {
            return text(StatusCode::FORBIDDEN, "Pages of other sites may not use this server.");
        }
    }
    next.run(request).await
}

/// `/demo/state`, `/demo/ring`, `/demo/fault`.
fn is_private(path: &str) -> bool {
    let first = path.strip_prefix("/demo/").and_then(|rest| rest.split('/').next());
    matches!(first, Some("state" | "ring" | "fault"))
}

async fn upgrade(State(site): Shared, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response<Body> {
    let offered =
        headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    if !offered.flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case("sip")) {
        return text(StatusCode::BAD_REQUEST, "Offer the subprotocol 'sip' (RFC 7118).");
    }
    let switchboard = site.switchboard.clone();
    if switchboard.refuses() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "Refusing connections, as a test asked.");
    }
    let upgrade =
        upgrade.protocols(["sip"]).max_message_size(socket::MAX_FRAME).max_frame_size(socket::MAX_FRAME);
    upgrade.on_upgrade(move |websocket| socket::run(websocket, switchboard)).into_response()
}

async fn page(State(site): Shared, request: Request) -> Response<Body> {
    let (asked, _) = request.into_parts();
    let path = asked.uri.path().trim_start_matches('/');
    let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let user = site.options.settings.users.get_key_value(first).map(|(user, _)| user.as_str());
    match (first, rest) {
        ("", None) => redirect("/demo/"),
        ("demo", None) => redirect("/demo/"),
        ("demo", Some(rest)) => {
            let files = files::serve(&site.options.demo, rest, &asked.method, &asked.headers).await;
            with_headers(files, [("X-Content-Type-Options", "nosniff")])
        }
        ("plain", _) => widget(&site, "plain", None, rest, &asked).await,
        (_, _) => match user {
            Some(user) => widget(&site, user, Some(user), rest, &asked).await,
            None => text(StatusCode::NOT_FOUND, "Nothing here. The demo is at /demo/, a widget at /200/."),
        },
    }
}

async fn widget(
    site: &Site,
    folder: &str,
    user: Option<&str>,
    rest: Option<&str>,
    asked: &Parts,
) -> Response<Body> {
    let (headers, host) = (&asked.headers, host_of(&asked.headers));
    let server = format!("{}://{host}/ws", if is_secure(headers) { "wss" } else { "ws" });
    let config = config(site, user, &server);
    let response = match rest {
        None => redirect(&format!("/{folder}/")),
        Some("config.json") => {
            let config = with_token(site, user, config.clone()).await;
            let mut response = text(StatusCode::OK, Value::Object(config).to_string());
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            response
        }
        Some(rest) => files::serve(&site.options.www, rest, &asked.method, headers).await,
    };
    let policy = content_security_policy(&config);
    let library = [("Access-Control-Allow-Origin", "*"), ("Cache-Control", policy::LIBRARY_CACHE)];
    let is_library = rest.is_some_and(|rest| policy::LIBRARY.contains(&rest));
    let response = with_headers(response, library.into_iter().filter(|_| is_library));
    with_headers(
        response,
        std::iter::once(("Content-Security-Policy", policy.as_str())).chain(policy::HEADERS),
    )
}

/// `config.json` of one folder: what the file says for all, then server, domain and account.
fn config(site: &Site, user: Option<&str>, server: &str) -> Map<String, Value> {
    let settings = &site.options.settings;
    let mut config = settings.widget.clone();
    config.entry("server").or_insert_with(|| server.into());
    config.entry("domain").or_insert_with(|| settings.domain.clone().into());
    if let Some((user, password)) = user.and_then(|user| settings.users.get_key_value(user)) {
        let name = format!("Extension {user}");
        config.insert("account".into(), json!({"user": user, "password": password, "displayName": name}));
        if let Some(gateway) = &site.gateway {
            let url = server.strip_suffix("/ws").unwrap_or(server);
            config.entry("gateway").or_insert_with(|| json!({"url": url}));
            if gateway.settings.redis.is_some() {
                config
                    .entry("enigma")
                    .or_insert_with(|| json!({"version": gateway.settings.enigma.version.number()}));
            }
        }
    }
    config
}

/// A gateway that is this server itself knows the widget by a token of its own.
async fn with_token(site: &Site, user: Option<&str>, mut config: Map<String, Value>) -> Map<String, Value> {
    if let (Some(gateway), Some(user)) = (&site.gateway, user)
        && let Some(Value::Object(entry)) = config.get_mut("gateway")
        && !entry.contains_key("token")
        && let Some(token) = gateway.widget_token(user).await
    {
        entry.insert("token".to_owned(), token.into());
    }
    config
}

fn host_of(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// `localhost`, a name below it, or a loopback address, with or without a port.
fn is_loopback_name(host: &str) -> bool {
    let bare = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let address = bare.trim_start_matches('[').trim_end_matches(']');
    let is_address = address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    is_address || bare.eq_ignore_ascii_case("localhost") || bare.to_ascii_lowercase().ends_with(".localhost")
}

/// Behind a proxy that ends TLS, the widget must come back by `wss:`.
fn is_secure(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|value| value == "https")
}

fn redirect(to: &str) -> Response<Body> {
    let mut response = text(StatusCode::FOUND, format!("See {to}"));
    if let Ok(location) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn with_headers<'a>(
    mut response: Response<Body>,
    headers: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Response<Body> {
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_without_a_password_is_private() {
        for (path, private) in [
            ("/demo/ring", true),
            ("/demo/ring/7", true),
            ("/demo/fault", true),
            ("/demo/state", true),
            ("/demo/", false),
            ("/demo/ringing.js", false),
            ("/200/", false),
        ] {
            assert_eq!(is_private(path), private, "{path}");
        }
    }

    #[test]
    fn loopback_names_are_told_from_others() {
        for (host, loopback) in [
            ("localhost:8080", true),
            ("127.0.0.1:1", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("other.localhost", true),
            ("", false),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("192.168.1.2", false),
        ] {
            assert_eq!(is_loopback_name(host), loopback, "{host}");
        }
    }
}
