//! `/v1/socket`: a phone on one side, clients of its extension on the other, each perhaps at another server.
//!
//! A frame of a phone begins with a line that names a client, or is empty for all; a frame of a client is one message of
//! the host protocol. What neither side may do is not decided here: the phone treats a client as it does its page.

use super::{
    Gateway, Grant, Role,
    desk::{self, Presence},
    leg::{Heard, Leg, MAX_MESSAGE},
    letters,
    reply::{refused, unavailable},
    shared::{MAX_MAIL, Mail},
};
use crate::http::{Shared, Site};
use axum::{
    body::Body,
    extract::{Query, State, ws::WebSocketUpgrade},
    http::{HeaderMap, Response, StatusCode},
    response::IntoResponse,
};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use std::{collections::HashMap, sync::Arc};

/// `GET /v1/socket?token=…`, or with `Authorization: Bearer`.
pub(super) async fn upgrade(
    State(site): Shared,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response<Body> {
    let roles = &[Role::Widget, Role::Client];
    opened(site, &query, &headers, roles, upgrade, |site, leg, Admitted { token, grant, id }| async move {
        let Some(gateway) = &site.gateway else { return };
        match grant.role {
            Role::Widget => phone(gateway, leg, &grant, &id, &token).await,
            Role::Client | Role::Service => client(gateway, leg, &grant, &id, &token).await,
        }
    })
    .await
}

/// Whose socket it is, by which token, and its name here.
pub(super) struct Admitted {
    pub(super) token: String,
    pub(super) grant: Grant,
    pub(super) id: String,
}

/// Opens a socket for whoever bears a token of one of `roles` and finds a seat, which `serve` then has to its end; else the
/// answer that says no.
pub(super) async fn opened<F: Future<Output = ()> + Send>(
    site: Arc<Site>,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    roles: &[Role],
    upgrade: WebSocketUpgrade,
    serve: impl FnOnce(Arc<Site>, Leg, Admitted) -> F + Send + 'static,
) -> Response<Body> {
    let Some(gateway) = &site.gateway else {
        return refused(StatusCode::NOT_FOUND, "This server has no gateways.");
    };
    let token = query.get("token").cloned().unwrap_or_else(|| super::bearer_of(headers).to_owned());
    let grant = match gateway.admit(&token, roles).await {
        Ok(grant) => grant,
        Err(refusal) => return *refusal,
    };
    let Some(seat) = gateway.seats.take(&grant) else {
        return refused(StatusCode::TOO_MANY_REQUESTS, "There are too many sockets already.");
    };
    let Some(id) = Leg::fresh_id() else { return unavailable() };
    let admitted = Admitted { token, grant, id };
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    upgrade
        .on_upgrade(async move |websocket| {
            let _seat = seat;
            let is_paced = admitted.grant.role != Role::Widget;
            serve(site, Leg::new(websocket, is_paced), admitted).await;
        })
        .into_response()
}

/// The phone of an extension.
async fn phone(gateway: &Gateway, mut leg: Leg, grant: &Grant, id: &str, token: &str) {
    let extension = grant.extension.as_str();
    let revoked = desk::token_channel(token);
    let channels = [desk::widget_channel(id), revoked.clone()];
    let Ok(mail) = gateway.shared.subscribe(&channels, letters::MAX_UNSORTED).await else {
        return leg.later().await;
    };
    if gateway.arrive(extension, id).await.is_err() {
        return leg.later().await;
    }
    let (waiting, mut letters) = letters::queue();
    let is_revoked = {
        let serving = async {
            let mut is_revoked = false;
            loop {
                let next = tokio::select! {
                    letter = letters.recv() => match letter {
                        Some(letter) => leg.say(letter).await,
                        None => false,
                    },
                    heard = leg.hear() => match heard {
                        Heard::Text(text) => said_by_phone(gateway, extension, id, &text).await,
                        Heard::Due => looked_after(gateway, &mut leg, grant, token, &mut is_revoked).await,
                        Heard::End => false,
                    },
                };
                if !next {
                    return is_revoked;
                }
            }
        };
        tokio::select! {
            is_revoked = letters::sort(gateway, extension, &revoked, mail, waiting) => is_revoked,
            is_revoked = serving => is_revoked,
        }
    };
    // Without Redis there is nobody to tell; the next message finds that nobody listens.
    let _unheard = gateway.depart(extension, id).await;
    ended(leg, is_revoked).await;
}

/// Whether a socket may stay and its other side can be asked whether it is there.
pub(super) async fn looked_after(
    gateway: &Gateway,
    leg: &mut Leg,
    grant: &Grant,
    token: &str,
    is_revoked: &mut bool,
) -> bool {
    match gateway.is_good(token, grant.role).await {
        Ok(true) => leg.ping().await,
        Ok(false) => {
            *is_revoked = true;
            false
        }
        Err(_) => false,
    }
}

/// Closes it, and says if it is of no use to come again.
pub(super) async fn ended(leg: Leg, is_revoked: bool) {
    if is_revoked { leg.revoked().await } else { leg.later().await }
}

/// What a phone says goes to all clients of its extension, with the name of the phone in it, or to one.
async fn said_by_phone(gateway: &Gateway, extension: &str, id: &str, text: &str) -> bool {
    #[derive(Deserialize)]
    struct Head {
        r#type: String,
        data: Option<Box<RawValue>>,
    }
    #[derive(Deserialize)]
    struct OfSocket {
        socket: String,
    }
    let Some((client, message)) = text.split_once('\n') else { return true };
    if !client.is_empty() {
        return gateway.shared.publish(&desk::client_channel(extension, client), message).await.is_ok();
    }
    let (Ok(head), Some(rest)) = (serde_json::from_str::<Head>(message), message.strip_prefix('{')) else {
        return true;
    };
    if head.r#type.starts_with("xivo:") {
        let socket = head.data.and_then(|data| serde_json::from_str::<OfSocket>(data.get()).ok());
        let Some(OfSocket { socket }) = socket else { return true };
        return gateway.shared.publish(&desk::client_channel(extension, &socket), message).await.is_ok();
    }
    let named = format!("{{\"widget\":\"{id}\",{rest}");
    gateway.shared.publish(&desk::event_channel(extension), &named).await.is_ok()
}

/// A client of an extension.
async fn client(gateway: &Gateway, mut leg: Leg, grant: &Grant, id: &str, token: &str) {
    let extension = grant.extension.as_str();
    let presence = desk::presence_channel(extension);
    let revoked = desk::token_channel(token);
    let own = desk::client_channel(extension, id);
    let channels = [own, desk::event_channel(extension), presence.clone(), revoked.clone()];
    let Ok(mut mail) = gateway.shared.subscribe(&channels, MAX_MAIL).await else { return leg.later().await };
    let mut is_revoked = false;
    loop {
        let next = tokio::select! {
            mail = mail.recv() => match mail {
                Some(Mail { channel, text }) if channel == presence => match Presence::read(&text) {
                    Some(presence) => leg.say(told(&presence).to_string()).await,
                    None => true,
                },
                Some(Mail { channel, .. }) if channel == revoked => {
                    is_revoked = true;
                    false
                }
                Some(Mail { text, .. }) => leg.say(text).await,
                None => false,
            },
            heard = leg.hear() => match heard {
                Heard::Text(text) => said_by_client(gateway, &mut leg, extension, id, &text).await,
                Heard::Due => looked_after(gateway, &mut leg, grant, token, &mut is_revoked).await,
                Heard::End => false,
            },
        };
        if !next {
            break;
        }
    }
    ended(leg, is_revoked).await;
}

fn told(presence: &Presence) -> Value {
    let (widget, state) = match presence {
        Presence::Here(widget) => (widget, "here"),
        Presence::Gone(widget) => (widget, "gone"),
    };
    json!({ "type": "gateway:phone", "data": { "widget": widget, "state": state }, "v": 1 })
}

/// One message of the host protocol for a phone; without one that could take it, the answer.
async fn said_by_client(gateway: &Gateway, leg: &mut Leg, extension: &str, id: &str, text: &str) -> bool {
    #[derive(Deserialize)]
    struct Head {
        r#type: String,
        #[serde(default)]
        id: Value,
        widget: Option<String>,
    }
    let Ok(Head { r#type, id: ask, widget }) = serde_json::from_str(text) else { return true };
    match gateway.deliver(extension, id, widget.as_deref(), text).await {
        Ok(Some(_)) => true,
        Ok(None) => {
            let message = format!("No phone of {extension} is signed in.");
            leg.say(letters::failure(&r#type, &ask, "not_logged", &message).to_string()).await
        }
        Err(_) => false,
    }
}
