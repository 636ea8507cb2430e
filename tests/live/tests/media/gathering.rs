//! When a description leaves: at the first candidate that is of use, not after all of them.

use super::widget_for;
use serde_json::{Value, json};
use softframe_browser_tests::{Page, Setup, serve_pages, until};
use softframe_live::{Kamailio, Settings};
use std::net::UdpSocket;

/// In the frame: how far the browser was with its candidates when an INVITE or its 2xx left.
const WATCH: &str = "self.left = []; const send = WebSocket.prototype.send; \
     WebSocket.prototype.send = function (data) { \
         const text = typeof data === 'string' ? data : new TextDecoder().decode(data); \
         if (/^(INVITE|SIP.2.0 200)/.test(text) && /CSeq: [0-9]+ INVITE/.test(text)) \
             left.push([...softframe.peers.values()].at(-1)?.iceGatheringState ?? 'none'); \
         return send.call(this, data); };";

async fn watched(config: &Value, port: u16, user: &str) -> Page {
    let host = format!("http://127.0.0.1:{}", serve_pages());
    let page = Page::open(&host, Setup::Microphone).await;
    page.add_frame("sf", &widget_for(config.clone(), &host, &format!("ws://127.0.0.1:{port}/"), user)).await;
    page.expect("logged").await;
    page.phone(async |frame| frame.run(WATCH, Vec::new()).await).await;
    page
}

/// How far the browser was with its candidates when the first one left.
async fn first_that_left(page: &Page, what: &str) -> Value {
    until(what, async || {
        let left = page.phone(async |frame| frame.run("return left[0] ?? null", Vec::new()).await).await;
        (!left.is_null()).then_some(left)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn invite_leaves_while_candidates_are_looked_for_and_neither_it_nor_the_answer_waits_for_a_dead_server()
{
    // Nobody reads what is sent there: the browser looks for candidates for ten seconds.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = format!("stun:127.0.0.1:{}", silent.local_addr().expect("bound").port());
    let kamailio = Kamailio::start(Settings::default());
    for (config, asks_a_server) in
        [(json!({}), false), (json!({ "iceServers": [{ "urls": address }] }), true)]
    {
        let (one, two) =
            tokio::join!(watched(&config, kamailio.port, "200"), watched(&config, kamailio.port, "201"));
        one.click2call("201").await;
        two.expect("phone:ringing").await;
        assert_eq!(first_that_left(&one, "the INVITE").await, "gathering");
        two.answer().await;
        tokio::join!(one.expect("phone:accepted"), two.expect("phone:accepted"));
        let answer = first_that_left(&two, "the answer").await;
        assert!(answer == "gathering" || !asks_a_server, "{answer}");
        tokio::join!(one.expect_audio(), two.expect_audio());
    }
}
