//! What widgets tell of their calls, on the lists of a real Redis: the octets, and each call once.

mod documented;
mod redis;

use documented::{NEW, OLD, documented};
use redis::Redis;
use serde_json::json;
use softframe_server::{Options, Settings, start};
use std::{
    net::{Shutdown, SocketAddr},
    path::PathBuf,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Longer than anything here takes; a test that meets it fails.
const PATIENCE: Duration = Duration::from_secs(20);
const INBOUND: &str = "enigma:notifications:inbound";
const CDR: &str = "enigma:notifications:cdr";

/// A server with gateways and the tokens `phone-200`, `phone-201` and `client-200`.
async fn server(redis: Option<&str>, enigma: serde_json::Value) -> SocketAddr {
    let mut gateway = json!({
        "enigma": enigma,
        "tokens": {
            "phone-200": { "role": "widget", "extension": "200" },
            "phone-201": { "role": "widget", "extension": "201" },
            "client-200": { "role": "client", "extension": "200" },
            "past": { "role": "widget", "extension": "200", "expires": "2020-01-01" },
        },
    });
    if let Some(address) = redis {
        gateway["redis"] = address.into();
    }
    let settings = Settings::from_json(&json!({ "gateway": gateway }).to_string(), || "password".to_owned());
    let nowhere = PathBuf::from("nowhere");
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let settings = settings.expect("settings");
    start(Options { listen, www: nowhere.clone(), demo: nowhere, settings }).await.expect("listens")
}

/// Status, head in lower case, and body.
async fn ask(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let work = async {
        let mut stream = TcpStream::connect(server).await.expect("connects");
        let length = body.len();
        let host = if headers.contains("Host:") { "" } else { "Host: gateway.example\r\n" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{host}Origin: https://phone.example\r\n{headers}\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("writes");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("reads");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, head.to_lowercase(), body.trim().to_owned())
    };
    tokio::time::timeout(PATIENCE, work).await.expect("an answer in time")
}

async fn tell(server: SocketAddr, path: &str, token: &str, key: &str, body: &str) -> (u16, String) {
    let headers = format!("Authorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n");
    let (status, _, body) = ask(server, "POST", path, &headers, body).await;
    (status, body)
}

fn arrived(id: &str) -> String {
    json!({
        "id": id, "extension": "200", "number": "+27821234567", "dialNumber": "0215550100", "holdTime": 37,
        "contactRef": "ACC-9", "direction": "inbound", "at": "2026-11-30T01:02:03.004Z",
    })
    .to_string()
}

fn documented_call(heading: &str, id: &str) -> String {
    let reference = format!("\"{id}\"");
    documented(
        heading,
        &[
            ("<caller>", "\"+27821234567\""),
            ("<dial_number>", "\"0215550100\""),
            ("<hold_time>", "37"),
            ("<internal_call_ref>", &reference),
            ("<custom_call_ref>", "\"ACC-9\""),
            ("<ext>", "\"200\""),
        ],
    )
}

#[tokio::test]
async fn call_is_on_the_list_in_both_documented_forms_octet_for_octet() {
    let redis = Redis::start();
    let server = server(Some(&redis.url()), json!({})).await;
    for (path, id) in
        [("/v1/enigma/notify", "a"), ("/v1/enigma/notify?v=2", "b"), ("/v1/enigma/notify?v=3", "c")]
    {
        let (status, body) = tell(server, path, "phone-200", &format!("{id}:inbound"), &arrived(id)).await;
        assert_eq!(status, 202, "{body}");
    }
    for (form, id) in [(NEW, "a"), (OLD, "b"), (NEW, "c")] {
        let expected = documented_call(form, id);
        let popped = redis.ask(&["BLPOP", INBOUND, "1"]);
        assert_eq!(popped, format!("*2\r\n$28\r\n{INBOUND}\r\n${}\r\n{expected}\r\n", expected.len()));
    }
}

#[tokio::test]
async fn who_reads_with_brpop_has_the_first_call_first_where_pushes_go_to_the_head() {
    let redis = Redis::start();
    let server = server(Some(&redis.url()), json!({ "version": 2, "push": "lpush" })).await;
    for id in ["first", "second"] {
        assert_eq!(tell(server, "/v1/enigma/notify", "phone-200", id, &arrived(id)).await.0, 202);
    }
    for id in ["first", "second"] {
        let popped = redis.ask(&["BRPOP", INBOUND, "1"]);
        assert!(popped.contains(&documented_call(OLD, id)), "{popped}");
    }
}

#[tokio::test]
async fn end_of_a_call_is_told_on_its_own_list_in_both_forms() {
    let redis = Redis::start();
    let server = server(Some(&redis.url()), json!({})).await;
    let body = json!({
        "id": "x", "number": "0821234567", "dialNumber": "0215550100", "contactRef": "", "holdTime": 2,
        "direction": "outbound", "at": "2026-11-30T01:02:03.004Z", "endReason": "hangup", "endCode": 200, "callTime": 61,
    })
    .to_string();
    assert_eq!(tell(server, "/v1/enigma/cdr", "phone-200", "x:cdr", &body).await.0, 202);
    assert_eq!(tell(server, "/v1/enigma/cdr?v=2", "phone-200", "x2:cdr", &body).await.0, 202);
    let rest = r#""dial_number":"0215550100","call_ref":"x","contact_ref":"","dialed_at":"2026-11-30T01:02:03.004Z","end_reason":"hangup","end_code":200,"call_time":61,"hold_time":2,"call_dir":"outbound","recording_url":"""#;
    assert_eq!(
        redis.list(CDR),
        [
            format!(
                r#"{{"type":"cdr","payload":{{"extension":"200","number":"0821234567",{rest},"ref":"click-dial"}}}}"#
            ),
            format!(r#"{{"type":"cdr","payload":{{"extension":"200",{rest},"ref":"0821234567"}}}}"#),
        ]
    );
    assert!(redis.list(INBOUND).is_empty());
}

#[tokio::test]
async fn call_told_by_two_tabs_over_two_servers_at_once_is_on_the_list_once() {
    let redis = Redis::start();
    let servers = [server(Some(&redis.url()), json!({})).await, server(Some(&redis.url()), json!({})).await];
    for round in 0..20 {
        let (id, key) = (format!("call-{round}"), format!("call-{round}:inbound"));
        let body = arrived(&id);
        let both = servers.map(|server| {
            let (key, body) = (key.clone(), body.clone());
            tokio::spawn(async move { tell(server, "/v1/enigma/notify", "phone-200", &key, &body).await })
        });
        for told in both {
            assert_eq!(told.await.expect("no panic").0, 202);
        }
    }
    assert_eq!(redis.list(INBOUND).len(), 20);
    let colleague = arrived("call-0").replace("\"200\"", "\"201\"");
    assert_eq!(tell(servers[0], "/v1/enigma/notify", "phone-201", "call-0:inbound", &colleague).await.0, 202);
    assert_eq!(
        redis.list(INBOUND).len(),
        21,
        "another person with a part in the same call has an own message"
    );
}

/// A way to Redis that lets everything through until a script is run: it waits until Redis has answered that, lets nobody
/// see the answer, and breaks.
async fn way_that_loses_the_first_reply(
    redis: SocketAddr,
) -> (SocketAddr, tokio::sync::oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let (lost, is_lost) = tokio::sync::oneshot::channel();
    let mut lost = Some(lost);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let Ok(mut far) = TcpStream::connect(redis).await else { continue };
            let Some(lost) = lost.take() else {
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
                continue;
            };
            let (mut asked, mut answer) = (vec![0; 65_536], vec![0; 65_536]);
            loop {
                tokio::select! {
                    read = near.read(&mut asked) => match read {
                        Ok(length @ 1..) => far.write_all(&asked[..length]).await.expect("writes"),
                        _ => break,
                    },
                    read = far.read(&mut answer) => {
                        let length = read.expect("reads");
                        // The integer reply of the push; all before it are texts, OKs or errors.
                        if answer[..length].starts_with(b":") {
                            lost.send(()).expect("somebody waits");
                            break;
                        }
                        near.write_all(&answer[..length]).await.expect("writes");
                    }
                }
            }
            let near = near.into_std().expect("a socket");
            // It may be gone already.
            let _ = near.shutdown(Shutdown::Both);
        }
    });
    (address, is_lost)
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_killed_between_the_write_and_its_reply_has_the_call_once_after_a_repetition() {
    let mut redis = Redis::start();
    let (way, lost) = way_that_loses_the_first_reply(redis.address).await;
    let server = server(Some(&format!("redis://{way}/0")), json!({})).await;
    let (status, body) = tell(server, "/v1/enigma/notify", "phone-200", "k:inbound", &arrived("k")).await;
    assert_eq!(status, 503, "{body}");
    tokio::time::timeout(PATIENCE, lost).await.expect("in time").expect("the reply was lost");
    redis.kill();
    let (status, head, _) = {
        let headers = "Authorization: Bearer phone-200\r\nIdempotency-Key: k:inbound\r\n";
        ask(server, "POST", "/v1/enigma/notify", headers, &arrived("k")).await
    };
    assert_eq!(status, 503);
    assert!(head.contains("retry-after: 1"), "{head}");
    redis.revive();
    let start = std::time::Instant::now();
    // The server finds Redis again by itself; a widget asks as often.
    while tell(server, "/v1/enigma/notify", "phone-200", "k:inbound", &arrived("k")).await.0 != 202 {
        assert!(start.elapsed() < PATIENCE, "Redis is back, but the server does not find it");
    }
    assert_eq!(redis.list(INBOUND), [documented_call(NEW, "k")]);
}

#[tokio::test]
async fn list_that_is_none_remembers_nothing_and_is_told_when_it_is_one() {
    let redis = Redis::start();
    let server = server(Some(&redis.url()), json!({})).await;
    redis.ask(&["SET", INBOUND, "not a list"]);
    assert_eq!(tell(server, "/v1/enigma/notify", "phone-200", "k", &arrived("k")).await.0, 503);
    redis.ask(&["DEL", INBOUND]);
    assert_eq!(tell(server, "/v1/enigma/notify", "phone-200", "k", &arrived("k")).await.0, 202);
    assert_eq!(redis.list(INBOUND).len(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_a_sentence_and_pushes_nothing() {
    let redis = Redis::start();
    let server = server(Some(&redis.url()), json!({})).await;
    let good = arrived("x");
    let edited = |from: &str, to: &str| good.replace(from, to);
    for (token, key, body, expected, says) in [
        ("", "k", good.clone(), 401, "nobody has this token"),
        ("phone-2", "k", good.clone(), 401, "nobody has this token"),
        ("past", "k", good.clone(), 401, "nobody has this token"),
        ("client-200", "k", good.clone(), 403, "something else"),
        ("phone-201", "k", good.clone(), 403, "another extension"),
        ("phone-200", "", good.clone(), 400, "Idempotency-Key"),
        ("phone-200", &"k".repeat(321), good.clone(), 400, "Idempotency-Key"),
        ("phone-200", "k", String::new(), 400, "not the JSON"),
        ("phone-200", "k", edited("\"inbound\"", "\"outbound\""), 400, "'direction'"),
        ("phone-200", "k", edited("37", "\"37\""), 400, "not the JSON"),
        ("phone-200", "k", edited("37", "-1"), 400, "not the JSON"),
        ("phone-200", "k", edited("37", "9999999"), 400, "'holdTime'"),
        ("phone-200", "k", edited("\"x\"", "\"\""), 400, "'id'"),
        ("phone-200", "k", edited("ACC-9", "a\\nb"), 400, "'contactRef'"),
        ("phone-200", "k", edited("+27821234567", &"1".repeat(65)), 400, "'number'"),
    ] {
        let (status, answer) = tell(server, "/v1/enigma/notify", token, key, &body).await;
        assert_eq!(status, expected, "{token} {key} {body}: {answer}");
        assert!(answer.contains(says), "{body}: {answer}");
    }
    assert_eq!(tell(server, "/v1/enigma/notify?v=4", "phone-200", "k", &good).await.0, 400);
    assert!(redis.list(INBOUND).is_empty());
    let (status, head, _) = ask(server, "OPTIONS", "/v1/enigma/notify", "", "").await;
    assert_eq!(status, 204);
    assert!(
        head.contains("access-control-allow-headers: authorization, content-type, idempotency-key"),
        "{head}"
    );
    let without = self::server(None, json!({})).await;
    assert_eq!(tell(without, "/v1/enigma/notify", "phone-200", "k", &good).await.0, 501);
}

#[tokio::test]
async fn widget_that_the_server_serves_has_a_token_of_its_own_that_every_server_knows() {
    let redis = Redis::start();
    let servers = [server(Some(&redis.url()), json!({})).await, server(Some(&redis.url()), json!({})).await];
    // The widget's folder is for names of this machine only.
    let (_, head, body) = ask(servers[0], "GET", "/200/config.json", "Host: localhost\r\n", "").await;
    let config: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(config["gateway"]["url"], "ws://localhost");
    assert_eq!(config["enigma"]["version"], 3);
    assert!(head.contains(" ws://localhost http://localhost;"), "{head}");
    let token = config["gateway"]["token"].as_str().expect("a token");
    assert_eq!(tell(servers[1], "/v1/enigma/notify", token, "t", &arrived("t")).await.0, 202);
    let keys = redis.ask(&["KEYS", "*"]);
    assert!(keys.contains("softframe:token:") && !keys.contains(token), "{keys}");
}
