//! When a description leaves: at the first candidate that is of use, not after all of them, and never later
//! than a person waits for a ring.

use super::widget_for;
use serde_json::{Value, json};
use softframe_browser_tests::{Page, Setup, serve_pages, until};
use softframe_live::{Kamailio, Settings};
use std::{net::UdpSocket, time::Duration};

/// Longer than the phone waits for a server that does not answer, shorter than others do: 5 s and 40 s.
const SOON: Duration = Duration::from_secs(3);

/// In the frame: when an INVITE or its 2xx left, and how far the browser was with its candidates then.
const WATCH: &str = "self.left = []; const send = WebSocket.prototype.send; \
     WebSocket.prototype.send = function (data) { \
         const text = typeof data === 'string' ? data : new TextDecoder().decode(data); \
         if (/^(INVITE|SIP.2.0 200)/.test(text) && /CSeq: [0-9]+ INVITE/.test(text)) \
             left.push([Date.now(), [...softframe.peers.values()].at(-1)?.iceGatheringState ?? 'none']); \
         return send.call(this, data); };";

async fn watched(config: &Value, port: u16, user: &str) -> Page {
    let host = format!("http://127.0.0.1:{}", serve_pages());
    let page = Page::open(&host, Setup::Microphone).await;
    page.add_frame("sf", &widget_for(config.clone(), &host, &format!("ws://127.0.0.1:{port}/"), user)).await;
    page.expect("logged").await;
    page.phone(async |frame| frame.run(WATCH, Vec::new()).await).await;
    page
}

async fn clock(page: &Page) -> u64 {
    page.run("return Date.now()", Vec::new()).await.as_u64().expect("a time")
}

/// The first that left did so soon after `begin`; how far the browser was with its candidates then.
async fn left_at_once(page: &Page, begin: u64, what: &str) -> Value {
    let first = until(what, async || {
        let left = page.phone(async |frame| frame.run("return left[0] ?? null", Vec::new()).await).await;
        (!left.is_null()).then_some(left)
    })
    .await;
    let took = first[0].as_u64().expect("a time").saturating_sub(begin);
    println!("{what} left after {took} ms, {}", first[1]);
    assert!(u128::from(took) < SOON.as_millis(), "{what}: {took} ms");
    first[1].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn invite_leaves_while_candidates_are_looked_for_and_neither_it_nor_the_answer_waits_for_a_dead_server()
{
    // Nobody reads what is sent there.
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = format!("stun:127.0.0.1:{}", silent.local_addr().expect("bound").port());
    let kamailio = Kamailio::start(Settings::default());
    for config in [json!({}), json!({ "iceServers": [{ "urls": address }] })] {
        let (one, two) =
            tokio::join!(watched(&config, kamailio.port, "200"), watched(&config, kamailio.port, "201"));
        let asked = clock(&one).await;
        one.click2call("201").await;
        two.expect("phone:ringing").await;
        assert_eq!(left_at_once(&one, asked, "the INVITE").await, "gathering");
        let taken = clock(&two).await;
        two.answer().await;
        tokio::join!(one.expect("phone:accepted"), two.expect("phone:accepted"));
        left_at_once(&two, taken, "the answer").await;
        tokio::join!(one.expect_audio(), two.expect_audio());
    }
}
