//! When a description leaves: at the first candidate that is of use, not after all of them.

use super::widget_for;
use serde_json::{Value, json};
use softframe_browser_tests::{Page, Setup, serve_pages, until};
use softframe_live::{Kamailio, Script, Settings};
use std::net::{TcpListener, UdpSocket};

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

/// A description of a browser's kind that names no place to send to: nothing connects, so that nothing ends the search.
const NOWHERE: &str = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 127.0.0.1\n\
                       a=mid:0\na=ice-ufrag:none\na=ice-pwd:0123456789012345678901\na=setup:actpass\na=rtcp-mux\n\
                       a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:\
                       18:19:1A:1B:1C:1D:1E:1F\na=rtpmap:0 PCMU/8000\n";

/// Servers that take what is sent to them and are silent: a browser waits for ten seconds by UDP, for forty by TCP.
struct Silent {
    stun: UdpSocket,
    turn: TcpListener,
}

impl Silent {
    fn start() -> Silent {
        let at = "127.0.0.1:0";
        Silent { stun: UdpSocket::bind(at).expect("a port"), turn: TcpListener::bind(at).expect("a port") }
    }

    fn config(&self) -> Value {
        let (stun, turn) = (self.stun.local_addr().expect("bound"), self.turn.local_addr().expect("bound"));
        let turn = format!("turn:{turn}?transport=tcp");
        json!({ "iceServers": [
            { "urls": format!("stun:{stun}") },
            { "urls": turn, "username": "200", "credential": "secret" },
        ] })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invite_leaves_while_candidates_are_looked_for_and_does_not_wait_for_a_dead_server() {
    let (kamailio, silent) = (Kamailio::start(Settings::default()), Silent::start());
    for config in [json!({}), silent.config()] {
        let (one, two) =
            tokio::join!(watched(&config, kamailio.port, "200"), watched(&config, kamailio.port, "201"));
        one.click2call("201").await;
        two.expect("phone:ringing").await;
        assert_eq!(first_that_left(&one, "the INVITE").await, "gathering");
        two.answer().await;
        tokio::join!(one.expect("phone:accepted"), two.expect("phone:accepted"));
        tokio::join!(one.expect_audio(), two.expect_audio());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_does_not_wait_for_a_dead_server() {
    let (kamailio, silent) = (Kamailio::start(Settings::default()), Silent::start());
    let page = watched(&silent.config(), kamailio.port, "200").await;
    let script = Script::caller("200")
        .begins("INVITE", &[], NOWHERE)
        .may_get(100)
        .may_get(180)
        .gets(200, &["a=ice-ufrag"])
        .acknowledges("")
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&script);
    page.expect("phone:ringing").await;
    page.answer().await;
    assert_eq!(first_that_left(&page, "the answer").await, "gathering");
    page.expect("phone:terminated").await;
    let ended = tokio::task::spawn_blocking(|| sipp.went()).await.expect("no panic");
    ended.unwrap_or_else(|why| panic!("{why}\n{}", kamailio.log()));
}
