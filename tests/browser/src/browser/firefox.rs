//! Firefox and its driver, and a connection by WebDriver BiDi for what runs in every document.
//!
//! It never asks anybody for a microphone: its own is fake.

use super::{Setup, start_driver};
use crate::prepared;
use fantoccini::Client;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::process::Child;
use tokio::{net::TcpStream, sync::Mutex};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// Where `cargo xtask test --only firefox` says that it is.
const BINARY: &str = "SOFTFRAME_FIREFOX";

/// Whether the tests run in Firefox.
pub(super) fn is_wanted() -> bool {
    std::env::var_os(BINARY).is_some()
}

/// What a session must have.
pub(super) fn capabilities(setup: Setup) -> Vec<(&'static str, Value)> {
    let is_chromiums = matches!(setup, Setup::Believing(_) | Setup::Machine(_));
    assert!(!is_chromiums, "nobody has taught Firefox this: {setup:?}");
    let preferences = json!({
        "media.navigator.streams.fake": setup != Setup::NoMicrophone,
        "media.navigator.permission.disabled": setup != Setup::Denied,
        "permissions.default.microphone": if setup == Setup::Denied { 2 } else { 1 },
        "media.autoplay.default": if setup == Setup::NoAutoplay { 1 } else { 0 },
        // Both ends of a call are on this machine, and nobody resolves `.local` here.
        "media.peerconnection.ice.loopback": true,
        "media.peerconnection.ice.obfuscate_host_addresses": false,
        "network.captive-portal-service.enabled": false,
        "network.connectivity-service.enabled": false,
    });
    let options = json!({
        "args": ["-headless", "--width=1360", "--height=1000"],
        "binary": prepared(BINARY),
        "prefs": preferences,
    });
    vec![("browserName", json!("firefox")), ("moz:firefoxOptions", options), ("webSocketUrl", json!(true))]
}

/// The driver and its port.
pub(super) fn driver() -> (Child, u16) {
    let arguments = ["--port=0", "--websocket-port=0", "--log=info"];
    start_driver("SOFTFRAME_GECKODRIVER", &arguments, None, "Listening on 127.0.0.1:")
}

/// Scripts that run in every document, as long as the connection is there.
pub(super) struct Preload {
    socket: Mutex<WebSocketStream<MaybeTlsStream<TcpStream>>>,
}

impl Preload {
    /// To the session of this client.
    pub(super) async fn connect(client: &Client) -> Preload {
        let address = client.capabilities().and_then(|all| all.get("webSocketUrl")).and_then(Value::as_str);
        let address = address.expect("the driver gives the address of the session");
        let (socket, _) = connect_async(address).await.expect("Firefox takes a connection");
        Preload { socket: Mutex::new(socket) }
    }

    /// From now on.
    pub(super) async fn add(&self, script: &str) {
        let mut socket = self.socket.lock().await;
        let function = format!("() => {{ {script} }}");
        let command = json!({
            "id": 1,
            "method": "script.addPreloadScript",
            "params": { "functionDeclaration": function },
        });
        socket.send(Message::text(command.to_string())).await.expect("Firefox takes a command");
        while let Some(message) = socket.next().await {
            let text = message.expect("Firefox answers").into_text().unwrap_or_default();
            let answer: Value = serde_json::from_str(&text).unwrap_or_default();
            if answer["id"] == 1 {
                assert_eq!(answer["type"], "success", "{answer}");
                return;
            }
        }
        panic!("Firefox ends the connection");
    }
}
