//! A server in a runtime of its own, so that a test can end it, and the ways to ask it.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use softframe_server::{Options, Settings, start};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime::Runtime,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message},
};

/// Longer than anything here takes; a test that meets it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Served {
    /// With gateways and the tokens `phone-200`, `client-200`, `client-201`, `service`, and the login `ana` / `secret` of 200.
    pub(crate) fn start(redis: Option<&str>) -> Served {
        let mut gateway = json!({
            "logins": { "ana": { "password": bcrypt::hash("secret", 4).expect("a hash"), "extension": "200" } },
            "tokens": {
                "phone-200": { "role": "widget", "extension": "200" },
                "client-200": { "role": "client", "extension": "200" },
                "client-201": { "role": "client", "extension": "201" },
                "service": { "role": "service" },
            },
        });
        if let Some(address) = redis {
            gateway["redis"] = address.into();
        }
        let settings =
            Settings::from_json(&json!({ "gateway": gateway }).to_string(), || "password".to_owned());
        let nowhere = PathBuf::from("nowhere");
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let settings = settings.expect("settings");
        let options = Options { listen, www: nowhere.clone(), demo: nowhere, settings };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (told, address) = std::sync::mpsc::channel();
        runtime
            .spawn(async move { told.send(start(options).await.expect("listens")).expect("somebody waits") });
        Served { address: address.recv().expect("an address"), runtime: Some(runtime) }
    }

    /// Ends it without a word, as a loss of power does.
    pub(crate) fn end(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Status, head in lower case, and body.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: &str,
    ) -> (u16, String, Value) {
        let work = async {
            let mut stream = TcpStream::connect(self.address).await.expect("connects");
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: gateway.example\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).await.expect("writes");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("reads");
            let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
            let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
            (status, head.to_lowercase(), serde_json::from_str(body).unwrap_or_default())
        };
        tokio::time::timeout(PATIENCE, work).await.expect("an answer in time")
    }

    /// A socket; the status where it is refused.
    pub(crate) async fn socket(&self, path: &str) -> Result<Socket, u16> {
        let Ok(stream) = TcpStream::connect(self.address).await else { return Err(0) };
        let url = format!("ws://{}{path}", self.address);
        match client_async(url, stream).await {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// The socket of the phone or of a client by this token.
    pub(crate) async fn native(&self, token: &str) -> Socket {
        self.socket(&format!("/v1/socket?token={token}")).await.expect("admitted")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}

/// One WebSocket.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// The next text; `None` when it has ended.
    pub(crate) async fn hear(&mut self) -> Option<String> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    _ => return None,
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("something comes in time")
    }

    /// The next text as JSON, without those of this type.
    pub(crate) async fn json_but(&mut self, kind: &str) -> Value {
        loop {
            let text = self.hear().await.expect("open");
            let value: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("JSON: {text}"));
            if value["type"] != kind {
                return value;
            }
        }
    }

    /// The next text of a gateway to a phone: who speaks, and what.
    pub(crate) async fn wish(&mut self) -> (String, Value) {
        let text = self.hear().await.expect("open");
        let (client, message) = text.split_once('\n').expect("a line with the client");
        (client.to_owned(), serde_json::from_str(message).expect("JSON"))
    }

    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        // To one that has ended it goes nowhere; that is heard.
        let _ = self.0.send(Message::text(text.into())).await;
    }

    pub(crate) async fn close(mut self) {
        // It may have ended already.
        let _ = self.0.close(None).await;
    }
}
