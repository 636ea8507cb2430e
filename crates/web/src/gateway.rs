//! The gateway of the server: posts that it answers, and the one socket to it.
//!
//! It tries nothing twice and reads nothing: when to try again is the phone's.

use crate::{
    app::Feed,
    listener::{Listener, within},
};
use js_sys::{Object, Reflect};
use softframe_phone::{Input, PostOutcome, RelayEvent, Seal};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;
use web_sys::{Event, MessageEvent, RequestCredentials, RequestInit, Response, WebSocket};

/// A gateway that answers later has perhaps taken the post, and is asked again with the same key.
const POST_MS: i32 = 10_000;
/// Larger messages are not copied; the phone takes 16 MB of a page, and the gateway 1 MB of a client.
const MAX_TEXT: u32 = 1024 * 1024;

/// The way to the gateway.
pub(crate) struct Gateway {
    feed: Feed,
    link: RefCell<Option<Link>>,
}

struct Link {
    socket: WebSocket,
    _listeners: [Listener; 3],
}

impl Gateway {
    /// Nothing opened yet.
    pub(crate) fn new(feed: Feed) -> Gateway {
        Gateway { feed, link: RefCell::new(None) }
    }

    /// Posts, and feeds the outcome.
    pub(crate) fn post(&self, post: u64, url: String, seal: Option<Seal>, body: String) {
        let feed = self.feed.clone();
        js_sys::futures::spawn_local(async move {
            let outcome = posted(&url, seal, &body).await;
            feed.input(Input::Posted { post, outcome });
        });
    }

    /// Opens the socket, in the place of one before.
    pub(crate) fn open(&self, url: &str) {
        self.close();
        let Ok(socket) = WebSocket::new(url) else {
            return self.feed.input(Input::Relay(RelayEvent::Closed));
        };
        let link = Link { _listeners: listen(&self.feed, &socket), socket };
        *self.link.borrow_mut() = Some(link);
    }

    /// Sends one message; nothing if the socket is gone, its `Closed` is on the way.
    pub(crate) fn send(&self, text: &str) {
        if let Some(link) = &*self.link.borrow() {
            let _ = link.socket.send_with_str(text);
        }
    }

    /// Closes it and hears no more of it.
    pub(crate) fn close(&self) {
        let link = self.link.borrow_mut().take();
        if let Some(link) = link {
            let _ = link.socket.close();
        }
    }
}

async fn posted(url: &str, seal: Option<Seal>, body: &str) -> PostOutcome {
    let headers = Object::new();
    let set = |name: &str, value: &str| {
        let _ = Reflect::set(&headers, &name.into(), &value.into());
    };
    set("Content-Type", "application/json");
    if let Some(Seal { token, key }) = seal {
        set("Authorization", &format!("Bearer {token}"));
        set("Idempotency-Key", &encoded(&key));
    }
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&body.into());
    init.set_credentials(RequestCredentials::Omit);
    // The end of a call is often the end of the page.
    let _ = Reflect::set(&init, &"keepalive".into(), &JsValue::TRUE);
    let Some(fetched) = web_sys::window().map(|window| window.fetch_with_str_and_init(url, &init)) else {
        return PostOutcome::Later;
    };
    let Some(response) = within(POST_MS, &fetched).await else { return PostOutcome::Later };
    match response.unchecked_into::<Response>().status() {
        200..=299 => PostOutcome::Taken,
        // A token that is not known may be known tomorrow; a server without Redis will not have one by itself.
        401 | 408 | 425 | 429 | 500 | 502..=599 => PostOutcome::Later,
        code => PostOutcome::Refused(code),
    }
}

/// A header takes no other characters.
fn encoded(key: &str) -> String {
    if key.bytes().all(|octet| octet.is_ascii_graphic()) {
        return key.to_owned();
    }
    String::from(js_sys::encode_uri_component(key))
}

fn listen(feed: &Feed, socket: &WebSocket) -> [Listener; 3] {
    let (opened, framed, closed) = (feed.clone(), feed.clone(), feed.clone());
    [
        Listener::new(socket, "open", move |_: Event| opened.input(Input::Relay(RelayEvent::Opened))),
        Listener::new(socket, "message", move |event: Event| {
            let text = event.unchecked_ref::<MessageEvent>().data().dyn_into::<js_sys::JsString>().ok();
            if let Some(text) = text.filter(|text| text.length() <= MAX_TEXT) {
                framed.input(Input::Relay(RelayEvent::Text(text.into())));
            }
        }),
        Listener::new(socket, "close", move |_: Event| {
            closed.with(|app| app.gateway().close());
            closed.input(Input::Relay(RelayEvent::Closed));
        }),
    ]
}
