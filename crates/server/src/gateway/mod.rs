//! The optional gateways: what a widget tells of its calls goes to other systems, and their wishes come to the widget.
//!
//! They keep nothing of their own that matters: what must outlive a request is in [`shared::Shared`], so any number of
//! servers with one Redis serve the same people.

mod click2dial;
mod desk;
mod enigma;
mod leg;
mod letters;
mod notify;
mod reply;
mod seats;
pub mod settings;
mod shared;
mod socket;
mod xivo;

use crate::http::Site;
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, Response, StatusCode, header},
    routing::{delete, get, post},
};
use reply::refused;
use seats::Seats;
use serde::{Deserialize, Serialize};
use settings::GatewaySettings;
use shared::{Shared, Unavailable};
use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::Semaphore;

/// A token of the file may be this long; ours have 32 characters.
const MAX_TOKEN: usize = 256;

/// How long a token that the server gives to a widget is good, from the last time it was shown.
const WIDGET_TOKEN_SECONDS: u64 = 24 * 60 * 60;

/// A widget that is loaded while Redis comes back would be without a token until it is loaded again.
const TOKEN_TRIES: usize = 3;
const TOKEN_PAUSE: Duration = Duration::from_millis(300);

/// What a token lets its bearer do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Be the phone of its extension.
    Widget,
    /// Hear the phone of its extension, and give it commands.
    Client,
    /// Ask for calls of any extension.
    Service,
}

/// What is known of the bearer of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) role: Role,
    /// Empty for [`Role::Service`].
    pub(crate) extension: String,
}

/// What every request of a gateway looks at.
pub(crate) struct Gateway {
    pub(crate) settings: GatewaySettings,
    pub(crate) shared: Shared,
    /// Passwords are looked at one after the other.
    sign_ins: Semaphore,
    seats: Seats,
}

impl Gateway {
    /// The gateways of a server with these settings. Redis is not asked for anything yet.
    ///
    /// # Errors
    /// An address of Redis that is none.
    pub(crate) fn new(settings: GatewaySettings) -> Result<Gateway, String> {
        let shared = Shared::new(settings.redis.as_deref())?;
        Ok(Gateway { settings, shared, sign_ins: Semaphore::new(1), seats: Seats::default() })
    }

    /// Who bears this token; `None` for nobody.
    pub(crate) async fn bearer(&self, token: &str) -> Result<Option<Grant>, Unavailable> {
        if token.is_empty() || token.len() > MAX_TOKEN {
            return Ok(None);
        }
        if let Some(known) = self.settings.tokens.get(token) {
            let valid = known.expires.is_none_or(|day| today() <= day);
            return Ok(valid.then(|| Grant { role: known.role, extension: known.extension.clone() }));
        }
        self.shared.token(token).await
    }

    /// A token for the widget of an extension that this server itself serves; `None` while Redis does not answer.
    pub(crate) async fn widget_token(&self, extension: &str) -> Option<String> {
        let token = crate::fresh_password().ok()?;
        let grant = Grant { role: Role::Widget, extension: extension.to_owned() };
        for _ in 0..TOKEN_TRIES {
            if self.shared.keep_token(&token, &grant, WIDGET_TOKEN_SECONDS).await.is_ok() {
                return Some(token);
            }
            tokio::time::sleep(TOKEN_PAUSE).await;
        }
        None
    }

    /// Whether a token is good still. That of a widget goes on being so because it is used; one of the file is as good as
    /// the file says.
    async fn is_good(&self, token: &str, role: Role) -> Result<bool, Unavailable> {
        if role == Role::Widget && !self.settings.tokens.contains_key(token) {
            return self.shared.renew_token(token, WIDGET_TOKEN_SECONDS).await;
        }
        Ok(self.bearer(token).await?.is_some())
    }

    /// Who asks, by `Authorization: Bearer`, if its role is one of `roles`; else the answer that says no.
    async fn admitted(&self, headers: &HeaderMap, roles: &[Role]) -> Result<Grant, Box<Response<Body>>> {
        self.admit(bearer_of(headers), roles).await
    }

    async fn admit(&self, token: &str, roles: &[Role]) -> Result<Grant, Box<Response<Body>>> {
        match self.bearer(token).await {
            Ok(Some(grant)) if roles.contains(&grant.role) => match self.is_good(token, grant.role).await {
                Ok(true) => Ok(grant),
                Ok(false) => Err(Box::new(unknown())),
                Err(Unavailable) => Err(Box::new(reply::unavailable())),
            },
            Ok(Some(_)) => Err(Box::new(refused(StatusCode::FORBIDDEN, "This token is for something else."))),
            Ok(None) => Err(Box::new(unknown())),
            Err(Unavailable) => Err(Box::new(reply::unavailable())),
        }
    }
}

fn unknown() -> Response<Body> {
    refused(StatusCode::UNAUTHORIZED, "Authorization: Bearer TOKEN is missing, or nobody has this token.")
}

/// The token of `Authorization: Bearer`; empty without one.
fn bearer_of(headers: &HeaderMap) -> &str {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    }
}

/// `DELETE /v1/token`: the token that asks is good no longer, and the sockets that it opened are closed.
async fn revoke(State(site): crate::http::Shared, headers: HeaderMap) -> Response<Body> {
    let Some(gateway) = &site.gateway else {
        return refused(StatusCode::NOT_FOUND, "This server has no gateways.");
    };
    let token = bearer_of(&headers);
    let dropped = async {
        gateway.shared.drop_token(token).await?;
        // One of the file cannot be dropped, and keeps its sockets.
        if !gateway.settings.tokens.contains_key(token) {
            gateway.shared.publish(&desk::token_channel(token), "").await?;
        }
        Ok(())
    };
    match dropped.await {
        Ok(()) => reply::answer(StatusCode::OK, &serde_json::json!({})),
        Err(Unavailable) => reply::unavailable(),
    }
}

/// The routes of the gateways. Each admits by a token, so pages of any origin may ask.
pub(crate) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/v1/enigma/notify", post(notify::call).options(reply::preflight))
        .route("/v1/enigma/cdr", post(notify::ended).options(reply::preflight))
        .route("/v1/socket", get(socket::upgrade))
        .route("/v1/token", delete(revoke).options(reply::preflight))
        .route("/click2dial/calls", post(click2dial::calls).options(reply::preflight))
        .route("/xuc/api/2.0/auth/login", post(xivo::login).options(reply::preflight))
        .route("/xuc/api/2.0/auth/check", get(xivo::check).options(reply::preflight))
        .route("/xuc/api/2.0/cti", get(xivo::cti))
}

/// Whether a path is one of the gateways'.
pub(crate) fn is_gateway(path: &str) -> bool {
    ["/v1/", "/click2dial/", "/xuc/"].iter().any(|start| path.starts_with(start))
}

#[cfg(test)]
mod tests;

fn today() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / settings::SECONDS_OF_DAY)
}
