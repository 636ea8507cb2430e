//! A whole server on a free port, asked over real sockets.

use futures_util::{SinkExt, StreamExt};
use softframe_server::{Options, Settings, start};
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};

/// Longer than anything here takes; a test that meets it fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server with a widget folder of its own, which goes with the value.
struct Server {
    address: SocketAddr,
    folder: PathBuf,
}

impl Server {
    async fn start(name: &str) -> Server {
        Server::listening(name, [127, 0, 0, 1]).await
    }

    async fn listening(name: &str, address: [u8; 4]) -> Server {
        let folder = std::env::temp_dir().join(format!("softframe-server-{}-{name}", std::process::id()));
        for (file, text) in [
            ("www/index.html", "<title>phone</title>"),
            ("www/app-0123456789abcdef.wasm", "wasm"),
            ("www/app-0123456789abcdef.wasm.br", "small"),
            ("demo/index.html", "<title>demo</title>"),
            ("secret.txt", "secret"),
        ] {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("create");
            std::fs::write(path, text).expect("write");
        }
        let options = Options {
            listen: SocketAddr::from((address, 0)),
            www: folder.join("www"),
            demo: folder.join("demo"),
            settings: Settings::demo(|| "password".to_owned()),
        };
        Server { address: start(options).await.expect("listens"), folder }
    }

    /// Status, head in lower case, and body.
    async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        let host =
            if headers.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.address) };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("reads");
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, head.to_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        self.ask("GET", path, "", "").await
    }

    /// A socket that is closed is known to be only a moment later.
    async fn until_sockets(&self, count: usize) {
        let start = std::time::Instant::now();
        loop {
            let (_, _, body) = self.get("/demo/state?trace=0").await;
            let state: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            if state["sockets"].as_array().map(Vec::len) == Some(count) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{state}");
        }
    }

    async fn upgrade(&self, subprotocol: Option<&'static str>) -> Result<WebSocketStream<TcpStream>, u16> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request().expect("a request");
        if let Some(name) = subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(name));
        }
        let stream = TcpStream::connect(self.address).await.expect("connects");
        match client_async(request, stream).await {
            Ok((socket, response)) => {
                assert_eq!(
                    response.headers().get("sec-websocket-protocol"),
                    Some(&HeaderValue::from_static("sip"))
                );
                Ok(socket)
            }
            Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Left behind in the temporary folder at worst.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The next message; `None` when the connection has ended.
async fn next(socket: &mut WebSocketStream<TcpStream>) -> Option<Message> {
    let message = tokio::time::timeout(PATIENCE, socket.next()).await.expect("something comes in time");
    message.and_then(Result::ok)
}

async fn ping(socket: &mut WebSocketStream<TcpStream>) {
    socket.send(Message::text("\r\n\r\n")).await.expect("sends");
}

#[tokio::test]
async fn widget_folder_has_its_policy_and_its_own_config() {
    let server = Server::start("widget").await;
    let (status, head, body) = server.get("/200/").await;
    assert_eq!((status, body.as_str()), (200, "<title>phone</title>"));
    for header in [
        "content-security-policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cross-origin-embedder-policy: require-corp",
        "cross-origin-resource-policy: cross-origin",
        "cache-control: no-cache",
        "content-type: text/html",
    ] {
        assert!(head.contains(header), "{header} is missing in {head}");
    }
    assert!(!head.contains("x-frame-options") && !head.contains("set-cookie"), "{head}");
    let (_, head, body) = server.ask("GET", "/201/config.json", "Host: localhost:9999\r\n", "").await;
    let config: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(config["server"], "ws://localhost:9999/ws");
    assert_eq!(config["account"]["user"], "201");
    assert_eq!(config["account"]["password"], "password");
    assert!(head.contains("connect-src 'self' ws://localhost:9999;"), "{head}");
    let (_, _, plain) = server.get("/plain/config.json").await;
    assert!(plain.contains("/ws") && !plain.contains("password"), "{plain}");
}

#[tokio::test]
async fn hashed_module_is_immutable_compressed_and_typed() {
    let server = Server::start("module").await;
    let path = "/200/app-0123456789abcdef.wasm";
    let (_, head, body) = server.ask("GET", path, "Accept-Encoding: gzip, br\r\n", "").await;
    assert_eq!(body, "small");
    for header in
        ["content-encoding: br", "content-type: application/wasm", "immutable", "vary: accept-encoding"]
    {
        assert!(head.contains(header), "{header} is missing in {head}");
    }
    let (_, head, body) = server.get(path).await;
    assert_eq!(body, "wasm");
    assert!(!head.contains("content-encoding"), "{head}");
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag");
    let (status, _, body) = server.ask("GET", path, &format!("If-None-Match: {tag}\r\n"), "").await;
    assert_eq!((status, body.as_str()), (304, ""));
}

#[tokio::test]
async fn paths_hosts_and_methods_that_are_refused() {
    let server = Server::start("refused").await;
    for (method, path, headers, expected) in [
        ("GET", "/200/../secret.txt", "", 400),
        ("GET", "/200/%2e%2e/%2e%2e/secret.txt", "", 400),
        ("GET", "/200/..%2fsecret.txt", "", 400),
        ("GET", "/200/none.js", "", 404),
        ("GET", "/999/", "", 404),
        ("GET", "/nothing", "", 404),
        ("GET", "/200", "", 302),
        ("GET", "/", "", 302),
        ("DELETE", "/200/index.html", "", 405),
        ("GET", "/demo/state", "Host: evil.example\r\n", 421),
        ("GET", "/200/config.json", "Host: evil.example\r\n", 421),
        ("POST", "/demo/fault", "Origin: https://evil.example\r\n", 403),
        ("GET", "/ws", "Origin: https://evil.example\r\n", 403),
    ] {
        let (status, _, body) = server.ask(method, path, headers, "").await;
        assert_eq!(status, expected, "{method} {path} {headers}: {body}");
        assert!(!body.contains("secret"), "{path}");
    }
}

#[tokio::test]
async fn malformed_demo_requests_say_what_is_wrong() {
    let server = Server::start("malformed").await;
    for (path, body, expected, says) in [
        ("/demo/ring", "", 400, "not the JSON expected"),
        ("/demo/ring", "{\"to\":\"200\"}", 400, "missing field `from`"),
        ("/demo/ring", "{\"to\":\"2 0\",\"from\":\"600\"}", 400, "user parts"),
        ("/demo/ring", "{\"to\":\"200\",\"from\":\"600\",\"seconds\":0}", 400, "'seconds'"),
        ("/demo/ring", "{\"to\":\"200\",\"from\":\"600\",\"headers\":{\"a b\":\"c\"}}", 400, "'headers'"),
        (
            "/demo/ring",
            "{\"to\":\"200\",\"from\":\"600\",\"headers\":{\"X\":\"a\\r\\nb\"}}",
            400,
            "'headers'",
        ),
        ("/demo/ring", "{\"to\":\"999\",\"from\":\"600\"}", 409, "nobody"),
        ("/demo/ring/x", "", 400, "a number"),
        ("/demo/ring/99999", "", 404, "no such ring"),
        ("/demo/fault", "{\"kind\":\"explode\"}", 400, "one of close"),
        ("/demo/fault", "{\"kind\":\"close\",\"user\":\"200\"}", 409, "no socket"),
    ] {
        let (status, _, answer) = server.ask("POST", path, "", body).await;
        assert_eq!(status, expected, "{path} {body}: {answer}");
        assert!(answer.contains(says), "{path} {body}: {answer}");
    }
    let long = format!("{{\"to\":\"{}\"}}", "1".repeat(20_000));
    assert_eq!(server.ask("POST", "/demo/ring", "", &long).await.0, 413);
}

#[tokio::test]
async fn upgrade_needs_the_subprotocol_and_pings_are_answered() {
    let server = Server::start("upgrade").await;
    assert_eq!(server.upgrade(None).await.err(), Some(400));
    assert_eq!(server.upgrade(Some("mqtt")).await.err(), Some(400));
    let mut socket = server.upgrade(Some("sip")).await.expect("upgraded");
    ping(&mut socket).await;
    assert_eq!(next(&mut socket).await, Some(Message::text("\r\n")));
    socket.send(Message::text("nonsense")).await.expect("sends");
    socket.send(Message::binary(vec![0xff; 10])).await.expect("sends");
    ping(&mut socket).await;
    assert_eq!(next(&mut socket).await, Some(Message::text("\r\n")), "rubbish costs nothing");
    socket.send(Message::binary(vec![b'a'; 70_000])).await.expect("sends");
    while next(&mut socket).await.is_some() {}
}

#[tokio::test]
async fn faults_close_freeze_and_refuse() {
    let server = Server::start("faults").await;
    let fault = async |kind: &str| {
        let (status, _, body) =
            server.ask("POST", "/demo/fault", "", &format!("{{\"kind\":\"{kind}\"}}")).await;
        assert_eq!((status, body.trim()), (200, "{\"sockets\":1}"), "{kind}");
    };
    let mut socket = server.upgrade(Some("sip")).await.expect("upgraded");
    fault("freeze").await;
    ping(&mut socket).await;
    let silence = tokio::time::timeout(Duration::from_millis(300), socket.next()).await;
    assert!(silence.is_err(), "frozen, but {silence:?}");
    fault("thaw").await;
    assert_eq!(next(&mut socket).await, Some(Message::text("\r\n")));
    fault("close").await;
    assert!(matches!(next(&mut socket).await, Some(Message::Close(Some(_)))));
    assert_eq!(next(&mut socket).await, None);
    let mut socket = server.upgrade(Some("sip")).await.expect("upgraded");
    server.until_sockets(1).await;
    fault("drop").await;
    assert_eq!(next(&mut socket).await, None);
    let mut socket = server.upgrade(Some("sip")).await.expect("upgraded");
    server.until_sockets(1).await;
    fault("refuse").await;
    assert!(matches!(next(&mut socket).await, Some(Message::Close(Some(_)))));
    assert_eq!(server.upgrade(Some("sip")).await.err(), Some(503));
}

/// This machine's address in its network, if it has one: connecting a UDP socket sends nothing.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    socket
        .local_addr()
        .ok()
        .map(|address| address.ip())
        .filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}

#[tokio::test]
async fn open_server_lets_only_its_own_machine_act() {
    let mut server = Server::listening("open", [0, 0, 0, 0]).await;
    let port = server.address.port();
    server.address = SocketAddr::from(([127, 0, 0, 1], port));
    assert_eq!(server.get("/demo/state").await.0, 200);
    let evil = "Origin: https://evil.example\r\n";
    assert_eq!(server.ask("POST", "/demo/fault", evil, "{}").await.0, 403);
    assert_eq!(server.ask("GET", "/demo/state", "Host: evil.example\r\n", "").await.0, 421);
    if let Some(own) = own_address() {
        server.address = SocketAddr::from((own, port));
        for (method, path) in [("GET", "/demo/state"), ("POST", "/demo/ring"), ("POST", "/demo/fault")] {
            assert_eq!(server.ask(method, path, "", "{}").await.0, 403, "{path} from {own}");
        }
        assert_eq!(server.get("/demo/").await.0, 200);
    }
}

#[tokio::test]
async fn sockets_that_send_rubbish_lose_only_themselves() {
    let server = Server::start("rubbish").await;
    let mut good = server.upgrade(Some("sip")).await.expect("a socket");
    for octets in [
        vec![0_u8; 60_000],
        b"INVITE".to_vec(),
        vec![0xff; 10],
        b"SIP/2.0 200 OK\r\n\r\n".to_vec(),
        Vec::new(),
    ] {
        let mut bad = server.upgrade(Some("sip")).await.expect("a socket");
        bad.send(Message::Binary(octets.into())).await.expect("sent");
    }
    let mut large = server.upgrade(Some("sip")).await.expect("a socket");
    // Refused while it is still being sent, so the sending may fail.
    let _sent_or_not = large.send(Message::Binary(vec![b'x'; 1 << 20].into())).await;
    let ended = tokio::time::timeout(PATIENCE, async { while let Some(Ok(_)) = large.next().await {} }).await;
    assert!(ended.is_ok(), "a frame of 1 MB ends the connection");
    good.send(Message::Text("\r\n\r\n".into())).await.expect("sent");
    let pong = tokio::time::timeout(PATIENCE, good.next()).await.expect("in time");
    assert_eq!(pong.expect("open").expect("a frame").into_data().as_ref(), b"\r\n");
    let body = "x".repeat(1 << 20);
    assert_eq!(server.ask("POST", "/demo/ring", "", &body).await.0, 413);
    for path in
        ["/200/../secret.txt", "/200/%2e%2e/secret.txt", "/demo/..%2fsecret.txt", "/200/%2e%2e%2fsecret.txt"]
    {
        let (code, _, body) = server.get(path).await;
        assert!([400, 404].contains(&code) && !body.contains("secret\n"), "{path}: {code}");
    }
}
