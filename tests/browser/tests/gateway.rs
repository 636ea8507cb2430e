//! Calls of the real widget on the lists of a real Redis, and clients that use the widget over the servers' sockets.

#[path = "../../../crates/server/tests/documented/mod.rs"]
mod documented;
#[path = "../../../crates/server/tests/redis/mod.rs"]
mod redis;

use documented::{NEW, documented};
use futures_util::{SinkExt, StreamExt};
use redis::Redis;
use serde_json::{Value, json};
use softframe_browser_tests::{PATIENCE, Page, Server, Setup, until, within};
use std::time::Duration;
use tokio_tungstenite::{client_async, tungstenite::Message};

const INBOUND: &str = "enigma:notifications:inbound";
const CDR: &str = "enigma:notifications:cdr";
/// The phone asks again half a minute after many failures.
const LONG_PAUSE: Duration = Duration::from_secs(45);

async fn open(server: &Server) -> Page {
    let page = Page::open(&server.page("/demo/enigma.html?ext=200"), Setup::Microphone).await;
    page.expect("logged").await;
    page
}

/// A customer calls, and is put through; the id of the call.
async fn talk(page: &Page) -> String {
    page.run("document.querySelector('#ring button').click()", Vec::new()).await;
    page.expect("phone:ringing").await;
    page.answer().await;
    let accepted = page.expect("phone:accepted").await;
    accepted["id"].as_str().expect("an id").to_owned()
}

/// What the list must hold, in the words of the document.
fn expected(id: &str) -> String {
    let reference = format!("\"{id}\"");
    let values = [
        ("<caller>", "\"+27821234567\""),
        ("<dial_number>", "\"0215550100\""),
        ("<hold_time>", "37"),
        ("<internal_call_ref>", &reference),
        ("<custom_call_ref>", "\"ACC-9\""),
        ("<ext>", "\"200\""),
    ];
    documented(NEW, &values)
}

async fn until_listed(redis: &Redis, list: &str, count: usize) -> Vec<String> {
    within(LONG_PAUSE, "the list grows", async || {
        let texts = redis.list(list);
        (texts.len() >= count).then_some(texts)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn call_of_a_customer_is_on_the_list_of_redis_as_documented_and_on_the_page_and_its_end_follows() {
    let redis = Redis::start();
    let server = Server::with_gateway(&redis.url());
    let page = open(&server).await;
    let id = talk(&page).await;
    assert_eq!(until_listed(&redis, INBOUND, 1).await, [expected(&id)]);
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    let ends = until_listed(&redis, CDR, 1).await;
    let end: Value = serde_json::from_str(&ends[0]).expect("JSON");
    assert_eq!((&end["type"], &end["payload"]["call_ref"]), (&json!("cdr"), &json!(id)));
    assert_eq!(
        (&end["payload"]["end_reason"], &end["payload"]["ref"]),
        (&json!("hangup"), &json!("click-dial"))
    );
    let shown = page.run(
        "return [...document.querySelectorAll('#notifications li')].map((item) => item.dataset.type)",
        Vec::new(),
    );
    assert_eq!(shown.await, json!(["call", "cdr"]));
    assert_eq!((redis.list(INBOUND).len(), redis.list(CDR).len()), (1, 1));

    // A call to a customer is none of theirs.
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    assert_eq!(redis.list(INBOUND).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn call_while_redis_is_down_is_told_once_after_it_is_back_even_by_the_page_after_a_reload() {
    let mut redis = Redis::start();
    let server = Server::with_gateway(&redis.url());
    let page = open(&server).await;
    redis.kill();
    let id = talk(&page).await;
    // In the store by now: the event goes out after it.
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    redis.revive();
    page.reload().await;
    page.expect("logged").await;
    assert_eq!(until_listed(&redis, INBOUND, 1).await, [expected(&id)]);
    until_listed(&redis, CDR, 1).await;
    // One more call shows that nothing else was waiting.
    let next = talk(&page).await;
    assert_eq!(until_listed(&redis, INBOUND, 2).await, [expected(&id), expected(&next)]);
}

/// A client at a server's socket.
struct Client(tokio_tungstenite::WebSocketStream<tokio::net::TcpStream>);

impl Client {
    async fn connect(server: &Server) -> Client {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", server.port)).await.expect("connects");
        let url = format!("ws://127.0.0.1:{}/v1/socket?token=client-200", server.port);
        Client(client_async(url, stream).await.expect("admitted").0)
    }

    async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("sends");
    }

    /// The next message of this type.
    async fn expect(&mut self, kind: &str) -> Value {
        let next = async {
            loop {
                let message = self.0.next().await.expect("open").expect("a frame");
                let Message::Text(text) = message else { continue };
                let value: Value = serde_json::from_str(&text).expect("JSON");
                if value["type"] == kind {
                    return value;
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.unwrap_or_else(|_| panic!("no {kind}"))
    }

    /// Asks for the state until a phone answers.
    async fn state(&mut self) -> Value {
        until("a phone answers", async || {
            self.say(json!({ "type": "state", "id": "s" })).await;
            let answer = self.expect("softframe:response").await;
            (answer["ok"] == true).then(|| answer["data"].clone())
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn client_at_one_server_uses_the_widget_at_another_and_goes_on_after_its_server_has_ended() {
    let redis = Redis::start();
    let home = Server::with_gateway(&redis.url());
    let other = Server::with_gateway(&redis.url());
    let page = open(&home).await;
    let mut client = Client::connect(&other).await;
    assert_eq!(client.state().await["context"]["extension"], "200");
    client.say(json!({ "type": "contacts", "data": { "contacts": [{ "id": 1, "name": "Echo", "phones": ["600"] }] } })).await;
    client.expect("contacts:indexed").await;
    client.say(json!({ "type": "click2call", "id": 1, "data": { "number": "600", "ref": "order-7" } })).await;
    let calling = client.expect("phone:calling").await;
    assert_eq!(
        (&calling["data"]["contact"]["name"], &calling["data"]["ref"]),
        (&json!("Echo"), &json!("order-7"))
    );
    assert_eq!(client.expect("softframe:response").await["data"]["callId"], calling["data"]["id"]);
    client.expect("phone:accepted").await;
    page.expect("phone:accepted").await;
    other.end();
    let mut client = Client::connect(&home).await;
    assert_eq!(client.state().await["calls"][0]["id"], calling["data"]["id"]);
    client.say(json!({ "type": "hangup", "id": 2 })).await;
    assert_eq!(client.expect("phone:terminated").await["data"]["cause"]["reason"], "hangup");
    page.expect("phone:terminated").await;
}
