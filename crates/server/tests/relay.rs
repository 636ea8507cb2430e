//! The sockets of the gateways over real ones: a phone and its clients, at one server or at two that share a Redis.

mod redis;
mod served;

use redis::Redis;
use serde_json::{Value, json};
use served::{PATIENCE, Served, Socket};

const PRESENCE: &str = "gateway:phone";

/// The phone of 200 at a server, known to all: its name is what the next client hears with an event.
async fn phone(server: &Served) -> Socket {
    server.native("phone-200").await
}

/// What the client says reaches the phone, perhaps only when that has come up. Says as what the phone knows the client.
async fn until_heard(client: &mut Socket, phone: &mut Socket) -> String {
    heard(client, phone).await.expect("both are open")
}

/// The same; `None` when one of them has ended.
async fn heard(client: &mut Socket, phone: &mut Socket) -> Option<String> {
    client.say(r#"{"type":"state","id":"first"}"#).await;
    loop {
        tokio::select! {
            text = phone.hear() => {
                let text = text?;
                let (name, message) = text.split_once('\n').expect("a line with the client");
                assert_eq!(message, r#"{"type":"state","id":"first"}"#);
                return Some(name.to_owned());
            }
            answer = client.hear() => {
                // Nobody is there yet, or another one still was.
                if answer?.contains("not_logged") {
                    client.say(r#"{"type":"state","id":"first"}"#).await;
                }
            }
        }
    }
}

async fn commands_are_answered_to_who_asked_and_events_go_to_all(here: &Served, there: &Served) {
    let mut phone = phone(here).await;
    let (mut one, mut other) = (there.native("client-200").await, here.native("client-200").await);
    let mut stranger = there.native("client-201").await;
    let name = until_heard(&mut one, &mut phone).await;
    phone
        .say(format!(
            "{name}\n{}",
            json!({"type": "softframe:response", "id": "first", "ok": true, "data": {}})
        ))
        .await;
    phone.say("\n{\"type\":\"phone:ringing\",\"data\":{\"id\":\"x\"},\"seq\":7,\"v\":1}").await;
    assert_eq!(one.json_but(PRESENCE).await["id"], "first");
    let mut names = Vec::new();
    for client in [&mut one, &mut other] {
        let event = client.json_but(PRESENCE).await;
        assert_eq!(
            (&event["type"], &event["seq"], &event["v"]),
            (&json!("phone:ringing"), &json!(7), &json!(1))
        );
        names.push(event["widget"].clone());
    }
    assert_eq!(names[0], names[1]);
    // A phone speaks to clients of its own extension alone, whatever name it writes.
    stranger.say(r#"{"type":"state","id":1}"#).await;
    assert_eq!(stranger.json_but("").await["error"]["code"], "not_logged", "and nothing of 200 before that");
    one.say(r#"{"type":"hangup","id":2,"data":{"callId":"x"}}"#).await;
    assert_eq!(phone.wish().await, (name, json!({"type": "hangup", "id": 2, "data": {"callId": "x"}})));
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_and_clients_of_one_process_need_no_redis() {
    let server = Served::start(None);
    commands_are_answered_to_who_asked_and_events_go_to_all(&server, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_and_clients_at_two_servers_meet_over_redis() {
    let redis = Redis::start();
    let (here, there) = (Served::start(Some(&redis.url())), Served::start(Some(&redis.url())));
    commands_are_answered_to_who_asked_and_events_go_to_all(&here, &there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_whose_server_ends_goes_on_at_the_other_and_so_does_a_phone() {
    let redis = Redis::start();
    let (mut first, second) = (Served::start(Some(&redis.url())), Served::start(Some(&redis.url())));
    let mut phone_there = phone(&second).await;
    let mut client = first.native("client-200").await;
    until_heard(&mut client, &mut phone_there).await;
    first.end();
    while client.hear().await.is_some() {}
    let mut client = second.native("client-200").await;
    until_heard(&mut client, &mut phone_there).await;
    // Now the server of a phone: its place in the list is left behind, and the next phone takes over.
    let mut third = Served::start(Some(&redis.url()));
    let mut lost = phone(&third).await;
    while client.json_but("").await["data"]["state"] != "here" {}
    until_heard(&mut client, &mut lost).await;
    third.end();
    while lost.hear().await.is_some() {}
    let start = std::time::Instant::now();
    while !redis.ask(&["PUBSUB", "CHANNELS", "softframe:widget:*"]).starts_with("*1\r\n") {
        assert!(start.elapsed() < PATIENCE, "Redis does not notice that a server is gone");
    }
    until_heard(&mut client, &mut phone_there).await;
    let members = redis.ask(&["ZCARD", "softframe:widgets:200"]);
    assert_eq!(members, ":1\r\n", "what the dead server left behind is forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_phones_the_newest_is_meant_unless_the_other_is_named() {
    let server = Served::start(None);
    let mut client = server.native("client-200").await;
    let mut older = phone(&server).await;
    let here = async |client: &mut Socket| loop {
        let message = client.json_but("").await;
        if message["type"] == PRESENCE && message["data"]["state"] == "here" {
            return message["data"]["widget"].as_str().expect("a name").to_owned();
        }
    };
    let name = here(&mut client).await;
    let mut newer = phone(&server).await;
    here(&mut client).await;
    until_heard(&mut client, &mut newer).await;
    client.say(json!({"type": "show", "widget": name}).to_string()).await;
    assert_eq!(older.wish().await.1["type"], "show");
    newer.close().await;
    while client.json_but("").await["data"]["state"] != "gone" {}
    until_heard(&mut client, &mut older).await;
    client.say(json!({"type": "show", "id": 1, "widget": "nobody"}).to_string()).await;
    assert_eq!(client.json_but("").await["error"]["code"], "not_logged");
    client.say(r#"{"type":"show","widget":"nobody"}"#).await;
    let error = client.json_but("").await;
    assert_eq!((&error["type"], &error["data"]["command"]), (&json!("softframe:error"), &json!("show")));
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_for_known_tokens_of_their_kind() {
    let server = Served::start(None);
    for (path, status) in [
        ("/v1/socket", 401),
        ("/v1/socket?token=nobody", 401),
        ("/v1/socket?token=service", 403),
        ("/xuc/api/2.0/cti?token=phone-200", 403),
        ("/xuc/api/2.0/cti", 401),
    ] {
        assert_eq!(server.socket(path).await.err(), Some(status), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_end_with_redis_and_are_open_again_after_it() {
    let mut redis = Redis::start();
    let server = Served::start(Some(&redis.url()));
    let (mut phone_before, mut client) = (phone(&server).await, server.native("client-200").await);
    until_heard(&mut client, &mut phone_before).await;
    redis.kill();
    while phone_before.hear().await.is_some() {}
    while client.hear().await.is_some() {}
    redis.revive();
    let start = std::time::Instant::now();
    loop {
        assert!(start.elapsed() < PATIENCE, "Redis is back, but the server does not find it");
        let (mut again, mut client) = (phone(&server).await, server.native("client-200").await);
        // Either side may be told to try again while the server looks for Redis.
        if heard(&mut client, &mut again).await.is_some() {
            return;
        }
    }
}

/// Asks for a call while the phone answers what it is told to.
async fn click2dial(
    server: &Served,
    token: &str,
    wish: Value,
    phone: Option<(&mut Socket, Value)>,
) -> (u16, String, Value) {
    let body = wish.to_string();
    let asked = server.ask("POST", "/click2dial/calls", token, &body);
    let answering = async {
        let (phone, mut answer) = phone?;
        let (client, message) = phone.wish().await;
        answer["type"] = "softframe:response".into();
        answer["id"] = message["id"].clone();
        phone.say(format!("{client}\n{answer}")).await;
        Some(message)
    };
    let (answer, message) = tokio::join!(asked, answering);
    (answer.0, answer.1, json!({ "answer": answer.2, "message": message }))
}

#[tokio::test(flavor = "multi_thread")]
async fn call_that_another_system_asks_for_is_made_by_the_agents_phone_at_another_server() {
    let redis = Redis::start();
    let (here, there) = (Served::start(Some(&redis.url())), Served::start(Some(&redis.url())));
    let mut client = here.native("client-200").await;
    let mut phone = phone(&here).await;
    while client.json_but("").await["type"] != PRESENCE {}
    let wish = json!({ "agent": "200", "callee": "0821234567", "outbound_id": "0215550100", "contact_ref": "ACC-9" });
    let good = json!({ "ok": true, "data": { "callId": "c1" } });
    let (status, _, said) = click2dial(&there, "service", wish.clone(), Some((&mut phone, good))).await;
    assert_eq!(status, 201, "{said}");
    assert_eq!(said["answer"], json!({ "call_ref": "c1", "call_id": "c1" }));
    assert_eq!(said["message"]["type"], "click2call");
    assert_eq!(said["message"]["data"]["number"], "0821234567");
    let bad = json!({ "ok": false, "error": { "code": "rate_limited", "message": "Too fast." } });
    let (status, head, _) = click2dial(&there, "client-200", wish.clone(), Some((&mut phone, bad))).await;
    assert_eq!(status, 409);
    assert!(head.contains("x-platforma-error: rate_limited: too fast."), "{head}");
    for (token, wish, expected, says) in [
        ("", wish.clone(), 401, ""),
        ("phone-200", wish.clone(), 403, ""),
        ("client-201", wish.clone(), 403, "x-platforma-error: this token is for another agent"),
        ("service", json!({ "agent": "200", "callee": "12" }), 400, "x-platforma-error: callee must have"),
        ("service", json!({ "agent": "200" }), 400, "x-platforma-error: agent and callee are missing"),
        (
            "service",
            json!({ "agent": "201", "callee": "0821234567" }),
            409,
            "x-platforma-error: the agent's phone is not",
        ),
    ] {
        let (status, head, _) = click2dial(&there, token, wish.clone(), None).await;
        assert_eq!(status, expected, "{token} {wish}");
        assert!(head.contains(says), "{wish}: {head}");
    }
}

/// The type of each frame, until this many.
async fn frames(client: &mut Socket, count: usize) -> Vec<Value> {
    let mut frames = Vec::new();
    for _ in 0..count {
        frames.push(client.json_but("").await);
    }
    frames
}

#[tokio::test(flavor = "multi_thread")]
async fn client_of_xivo_signs_in_and_is_served_with_and_without_a_phone() {
    let redis = Redis::start();
    let (here, there) = (Served::start(Some(&redis.url())), Served::start(Some(&redis.url())));
    let sign_in = async |login: &str, password: &str| {
        let body = json!({ "login": login, "password": password }).to_string();
        here.ask("POST", "/xuc/api/2.0/auth/login", "", &body).await
    };
    for (login, password) in
        [("ana", "wrong"), ("nobody", "secret"), ("nobody", ""), ("ana", &"x".repeat(100))]
    {
        let (status, _, answer) = sign_in(login, password).await;
        assert_eq!((status, answer), (401, json!({ "error": "InvalidCredentials" })), "{login}");
    }
    let (status, _, answer) = sign_in("ana", "secret").await;
    assert_eq!((status, &answer["login"]), (200, &json!("ana")));
    let token = answer["token"].as_str().expect("a token");
    assert_eq!(there.ask("GET", "/xuc/api/2.0/auth/check", token, "").await.2["token"], token);
    let (status, _, answer) = there.ask("GET", "/xuc/api/2.0/auth/check", "old", "").await;
    assert_eq!((status, answer), (403, json!({ "error": "TokenExpired" })));

    let mut client = there.socket(&format!("/xuc/api/2.0/cti?token={token}")).await.expect("admitted");
    let opening = frames(&mut client, 6).await;
    let kinds: Vec<&str> = opening.iter().map(|frame| frame["msgType"].as_str().expect("a type")).collect();
    let documented = [
        "LoggedOn",
        "UsersStatuses",
        "UserStatusUpdate",
        "UserConfigUpdate",
        "PhoneStatusUpdate",
        "VoiceMailStatusUpdate",
    ];
    assert_eq!(kinds, documented);
    assert_eq!(opening[4]["ctiMessage"]["status"], "INDISPONIBLE");
    client.say(r#"{"claz":"ping"}"#).await;
    client.say(r#"{"claz":"web","command":"dial","destination":"1001"}"#).await;
    client.say(r#"{"claz":"web","command":"getCurrentCallsPhoneEvents"}"#).await;
    client.say(r#"{"claz":"web","command":"hangup"}"#).await;
    let answers = frames(&mut client, 4).await;
    assert_eq!(answers[0], json!({ "msgType": "ping", "ctiMessage": {} }));
    assert_eq!(answers[1]["ctiMessage"]["eventType"], "EventFailure");
    assert_eq!(
        (&answers[1]["ctiMessage"]["DN"], &answers[1]["ctiMessage"]["otherDN"]),
        (&json!("200"), &json!("1001"))
    );
    assert_eq!(answers[2], json!({ "msgType": "CurrentCallsPhoneEvents", "ctiMessage": { "events": [] } }));
    assert_eq!(answers[3]["msgType"], "Error");

    let mut phone = phone(&here).await;
    let (name, opened) = phone.wish().await;
    assert_eq!(opened, json!({ "type": "xivo:open", "data": { "socket": name } }));
    let tell = async |phone: &mut Socket, frame: Value| {
        let data = json!({ "socket": name, "frame": frame.to_string() });
        phone.say(format!("\n{}", json!({ "type": "xivo:frame", "data": data, "seq": 1, "v": 1 }))).await;
    };
    tell(&mut phone, json!({ "msgType": "LoggedOn", "ctiMessage": {} })).await;
    tell(&mut phone, json!({ "msgType": "PhoneStatusUpdate", "ctiMessage": { "status": "AVAILABLE" } }))
        .await;
    assert_eq!(client.json_but("").await["ctiMessage"]["status"], "AVAILABLE", "it is logged on already");
    let dial = r#"{"claz":"web","command":"dial","destination":"1001","variables":{"a":"b"}}"#;
    client.say(dial).await;
    assert_eq!(
        phone.wish().await,
        (name.clone(), json!({ "type": "xivo:frame", "data": { "socket": name, "frame": dial } }))
    );
    phone.close().await;
    let gone = client.json_but("").await;
    assert_eq!(gone, json!({ "msgType": "PhoneStatusUpdate", "ctiMessage": { "status": "INDISPONIBLE" } }));

    let mut phone = self::phone(&here).await;
    phone.wish().await;
    client.close().await;
    assert_eq!(phone.wish().await.1["type"], "xivo:close");
    assert_eq!(here.ask("DELETE", "/v1/token", token, "").await.0, 200);
    assert_eq!(there.socket(&format!("/xuc/api/2.0/cti?token={token}")).await.err(), Some(401), "revoked");
}

/// As in `seats.rs`.
const MAX_OF_GRANT: usize = 32;

#[tokio::test]
async fn client_that_opens_too_many_sockets_is_refused_and_neither_the_phone_nor_others_are() {
    let server = Served::start(None);
    let mut open = Vec::new();
    for _ in 0..MAX_OF_GRANT {
        open.push(server.native("client-200").await);
    }
    assert_eq!(server.socket("/v1/socket?token=client-200").await.err(), Some(429));
    assert_eq!(server.socket("/xuc/api/2.0/cti?token=client-200").await.err(), Some(429));
    let (_phone, _other) = (phone(&server).await, server.native("client-201").await);
    drop(open.pop());
    let again = async {
        while server.socket("/v1/socket?token=client-200").await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, again).await.expect("the seat is given back");
}

async fn sign_in(server: &Served, login: &str, password: &str) -> (u16, String, Value) {
    let body = json!({ "login": login, "password": password }).to_string();
    server.ask("POST", "/xuc/api/2.0/auth/login", "", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn login_that_is_guessed_at_waits_whether_somebody_has_it_or_not_and_nobody_else_does() {
    let server = Served::start(None);
    let start = std::time::Instant::now();
    for login in ["ana", "nobody"] {
        for _ in 0..5 {
            assert_eq!(sign_in(&server, login, "wrong").await.0, 401);
        }
        // Each wait is twice as long as the one before: a slow machine meets a later one.
        loop {
            let (status, head, answer) = sign_in(&server, login, "wrong").await;
            if status == 429 {
                assert_eq!(answer, json!({ "error": "TooManyAttempts" }), "{login}");
                assert!(head.contains("retry-after: "), "{head}");
                break;
            }
            assert!(start.elapsed() < PATIENCE, "{login} never waits");
        }
    }
    assert_eq!(sign_in(&server, "bob", "wrong").await.0, 401, "whoever was not guessed at is only wrong");
    // A machine so slow that many guesses passed has a longer wait behind them.
    let start = std::time::Instant::now();
    while sign_in(&server, "ana", "secret").await.0 != 200 {
        assert!(start.elapsed() < 3 * PATIENCE, "it never opens again");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_two_servers_are_counted_together_and_make_the_right_password_wait_at_both() {
    let redis = Redis::start();
    let (here, there) = (Served::start(Some(&redis.url())), Served::start(Some(&redis.url())));
    for server in [&here, &there, &here, &there] {
        assert_eq!(sign_in(server, "ana", "wrong").await.0, 401);
    }
    let key = |pattern: &str| {
        let keys = redis.ask(&["KEYS", pattern]);
        keys.lines().nth(2).unwrap_or_else(|| panic!("no {pattern}: {keys}")).to_owned()
    };
    let count = key("softframe:attempts:*");
    assert_eq!(redis.ask(&["GET", &count]), "$1\r\n4\r\n");
    assert!(!count.contains("ana"), "{count}");
    // As after many more: the next one makes it wait for five minutes.
    redis.ask(&["SET", &count, "20"]);
    assert_eq!(sign_in(&here, "ana", "wrong").await.0, 401);
    for server in [&here, &there] {
        let (status, head, _) = sign_in(server, "ana", "secret").await;
        assert_eq!(status, 429);
        assert!(head.contains("retry-after: 2") || head.contains("retry-after: 300"), "{head}");
    }
    assert_eq!(redis.ask(&["GET", &count]), "$2\r\n21\r\n", "who is too early makes it no longer");
    // When that is over, the right one clears the login everywhere.
    redis.ask(&["DEL", &key("softframe:wait:*")]);
    assert_eq!(sign_in(&there, "ana", "secret").await.0, 200);
    assert_eq!(redis.ask(&["EXISTS", &count]), ":0\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_a_token_that_is_revoked_are_closed_at_every_server_and_do_not_bring_it_back() {
    let redis = Redis::start();
    let (here, there) = (Served::start(Some(&redis.url())), Served::start(Some(&redis.url())));
    let token = sign_in(&here, "ana", "secret").await.2["token"].as_str().expect("a token").to_owned();
    let native = format!("/v1/socket?token={token}");
    let mut sockets = Vec::new();
    for (server, path) in
        [(&here, &native), (&there, &native), (&there, &format!("/xuc/api/2.0/cti?token={token}"))]
    {
        sockets.push(server.socket(path).await.expect("admitted"));
    }
    // Who is answered listens.
    frames(&mut sockets[2], 6).await;
    let mut other = there.native("client-200").await;
    for socket in sockets[..2].iter_mut().chain([&mut other]) {
        expect_answer(socket).await;
    }
    assert_eq!(here.ask("DELETE", "/v1/token", &token, "").await.0, 200);
    for socket in &mut sockets {
        while socket.hear().await.is_some() {}
    }
    assert_eq!(there.socket(&native).await.err(), Some(401));
    // A token of the file is as good as the file says.
    assert_eq!(here.ask("DELETE", "/v1/token", "client-200", "").await.0, 200);
    expect_answer(&mut other).await;
}

/// A client without a phone is told so.
async fn expect_answer(client: &mut Socket) {
    client.say(r#"{"type":"state","id":1}"#).await;
    assert_eq!(client.json_but(PRESENCE).await["error"]["code"], "not_logged");
}
