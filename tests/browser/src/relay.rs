//! A relay between a phone and its server, as networks and middle boxes are: it carries WebSocket messages both ways,
//! and on request exchanges one, adds one, swallows them, or freezes without a word.
//!
//! It never closes a connection that it froze: nobody is told.

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Instant,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{broadcast, watch},
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async, connect_async,
    tungstenite::{
        ClientRequestBuilder, Message,
        handshake::server::{ErrorResponse, Request, Response},
        http::HeaderValue,
    },
};

/// What the server says as the phone is to hear it; `None` leaves the message as it is.
type Exchange = Box<dyn FnMut(&str) -> Option<String> + Send>;

/// What the server says as octets.
type Octets = Box<dyn Fn(&str) -> Vec<u8> + Send>;

/// Messages that a connection may be behind; a test adds a handful.
const MAX_ADDED: usize = 64;

/// Listens until the test ends.
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    server: u16,
    exchanges: Mutex<VecDeque<Exchange>>,
    octets: Mutex<Option<Octets>>,
    added: broadcast::Sender<Message>,
    /// Connections up to this number are frozen.
    frozen: watch::Sender<u64>,
    /// What the server says does not arrive.
    swallows: watch::Sender<bool>,
    /// What came from the phone over frozen connections, and when.
    buried: Mutex<Vec<(Instant, String)>>,
    connections: watch::Sender<u64>,
}

impl Relay {
    /// Starts one in front of a server on this machine.
    pub async fn start(server: u16) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let shared = Arc::new(Shared {
            server,
            exchanges: Mutex::default(),
            octets: Mutex::default(),
            added: broadcast::Sender::new(MAX_ADDED),
            frozen: watch::Sender::new(0),
            swallows: watch::Sender::new(false),
            buried: Mutex::default(),
            connections: watch::Sender::new(0),
        });
        let accepting = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, accepting.clone()));
            }
        });
        Relay { port, shared }
    }

    /// A `config.json` for a phone behind this relay.
    pub fn config(&self, user: &str, password: &str) -> String {
        json!({
            "server": format!("ws://127.0.0.1:{}/ws", self.port), "domain": "softframe.test",
            "account": { "user": user, "password": password },
        })
        .to_string()
    }

    /// The next message of the server for which `exchange` has another is exchanged, after those asked for before.
    pub fn exchange_once(&self, exchange: impl FnMut(&str) -> Option<String> + Send + 'static) {
        self.shared.exchanges.lock().expect("no test panics in it").push_back(Box::new(exchange));
    }

    /// From now on all that the server says comes in binary messages, of the octets that are made of it.
    pub fn speak_binary(&self, octets: impl Fn(&str) -> Vec<u8> + Send + 'static) {
        *self.shared.octets.lock().expect("no test panics in it") = Some(Box::new(octets));
    }

    /// Whether the exchanges that were asked for have happened.
    pub fn has_exchanged(&self) -> bool {
        self.shared.exchanges.lock().expect("no test panics in it").is_empty()
    }

    /// Says something to the phone that the server never said.
    pub fn add(&self, message: impl Into<Message>) {
        self.shared.added.send(message.into()).expect("the phone is connected");
    }

    /// From now on, what the server says does not arrive, or arrives again.
    pub fn swallow(&self, swallows: bool) {
        self.shared.swallows.send_replace(swallows);
    }

    /// The connections of now carry nothing any more and stay open; new ones work.
    pub fn freeze(&self) {
        self.shared.frozen.send_replace(*self.shared.connections.borrow());
    }

    /// When the first keep-alive reached a frozen connection.
    pub fn buried_ping(&self) -> Option<Instant> {
        let buried = self.shared.buried.lock().expect("no test panics in it");
        let is_ping = |text: &str| text.trim().is_empty() || text.starts_with("OPTIONS ");
        buried.iter().find(|(_, text)| is_ping(text)).map(|(at, _)| *at)
    }

    /// How often a phone has connected.
    pub fn connections(&self) -> u64 {
        *self.shared.connections.borrow()
    }
}

async fn carry(stream: TcpStream, shared: Arc<Shared>) {
    // As a SIP server: a phone that asks for `sip` gets it (RFC 7118 §4.1).
    #[allow(clippy::result_large_err)] // the callback's type is the library's
    let agree = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        response.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("sip"));
        Ok(response)
    };
    let Ok(phone) = accept_hdr_async(stream, agree).await else { return };
    let address = format!("ws://127.0.0.1:{}/ws", shared.server).parse().expect("an address");
    let request = ClientRequestBuilder::new(address).with_sub_protocol("sip");
    let (server, _) = connect_async(request).await.expect("the server takes the relay");
    let mut number = 0;
    shared.connections.send_modify(|count| {
        *count += 1;
        number = *count;
    });
    carry_messages(number, phone, server, &shared).await;
}

async fn carry_messages<P, S>(
    number: u64,
    mut phone: WebSocketStream<P>,
    mut server: WebSocketStream<S>,
    shared: &Shared,
) where
    P: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let mut added = shared.added.subscribe();
    let (mut frozen, swallows) = (shared.frozen.subscribe(), shared.swallows.subscribe());
    loop {
        let is_frozen = *frozen.borrow_and_update() >= number;
        tokio::select! {
            from_phone = phone.next() => match from_phone {
                Some(Ok(message)) if is_frozen => shared.bury(&message),
                Some(Ok(message)) => drop(server.send(message).await),
                // The phone is gone; the server may learn of it.
                Some(Err(_)) | None => return,
            },
            from_server = server.next(), if !is_frozen => match from_server {
                Some(Ok(_)) if *swallows.borrow() => {}
                Some(Ok(message)) => drop(phone.send(shared.exchanged(message)).await),
                Some(Err(_)) | None => return,
            },
            Ok(message) = added.recv(), if !is_frozen => drop(phone.send(message).await),
            Ok(()) = frozen.changed() => {}
        }
    }
}

impl Shared {
    fn exchanged(&self, message: Message) -> Message {
        let mut exchanges = self.exchanges.lock().expect("no test panics in it");
        let text = message.to_text().ok();
        let other = text.zip(exchanges.front_mut()).and_then(|(text, exchange)| exchange(text));
        let message = match other {
            Some(other) => {
                exchanges.pop_front();
                Message::text(other)
            }
            None => message,
        };
        let octets = self.octets.lock().expect("no test panics in it");
        match (&*octets, &message) {
            (Some(octets), Message::Text(text)) => Message::binary(octets(text)),
            (_, _) => message,
        }
    }

    fn bury(&self, message: &Message) {
        let text = String::from_utf8_lossy(&message.clone().into_data()).into_owned();
        self.buried.lock().expect("no test panics in it").push((Instant::now(), text));
    }
}

/// A SIP message with another body, and the Content-Length that belongs to it.
pub fn with_body(message: &str, change: impl FnOnce(&str) -> String) -> String {
    let (head, body) = message.split_once("\r\n\r\n").expect("a whole message");
    let body = change(body);
    let lines = head.split("\r\n").map(|line| match line.split_once(':') {
        Some((name, _)) if name.trim().eq_ignore_ascii_case("content-length") => {
            format!("{name}: {}", body.len())
        }
        Some(_) | None => line.to_owned(),
    });
    format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
}
