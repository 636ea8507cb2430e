//! What goes wrong: sockets, the core, the microphone, the tab.

use serde_json::json;
use softframe_browser_tests::{Page, Relay, Server, Setup, serve_widget, until, within};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn closed_socket_is_left_at_once_and_registered_again() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    for kind in ["close", "drop"] {
        page.forget().await;
        server.fault(kind);
        page.expect_connection("reconnecting").await;
        page.expect_connection("registered").await;
    }
    assert_eq!(page.count("logged").await, 1, "not again when only the socket came back");
    page.click2call("600").await;
    page.expect("phone:accepted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn network_that_freezes_without_a_word_is_noticed_by_the_missing_pong() {
    let server = Server::with_password("200", "correct horse");
    let relay = Relay::start(server.port).await;
    let config = relay.config("200", "correct horse");
    let page = Page::open_served(&server, &serve_widget("/", config)).await;
    page.expect("logged").await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    relay.freeze();
    // In a call a ping goes every 10 s, and its answer is due within 10 s.
    page.expect_connection_within(Duration::from_secs(25), "reconnecting").await;
    let waited = relay.buried_ping().expect("the phone has pinged").elapsed();
    assert!((9.0..14.0).contains(&waited.as_secs_f64()), "left {waited:?} after the ping");
    page.expect_connection_within(Duration::from_secs(10), "registered").await;
    assert_eq!(relay.connections(), 2);
    // The call outlives its flow: it is heard, and ends over the new one.
    assert_eq!(page.count("phone:terminated").await, 0);
    let energy = page.audio_energy().await;
    until("it is still heard", async || (page.audio_energy().await > energy).then_some(())).await;
    // A server that is told no candidate of the new ICE has nowhere to send to.
    let renewal = server.saw_request("200", "INVITE").pop().expect("the call was renewed");
    let has =
        |start: &str, part: &str| renewal.lines().any(|line| line.starts_with(start) && line.contains(part));
    assert!(has("To: <sip:600@", ";tag=") && has("a=candidate:", " typ host"), "{renewal}");
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    until("the server sees BYE", async || (server.saw_request("200", "BYE").len() == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_refuses_for_a_while_is_tried_until_it_takes() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    server.post("/demo/fault", &json!({ "kind": "refuse", "seconds": 3 }));
    page.expect_connection("reconnecting").await;
    page.phone(async |frame| frame.reads("No connection").await).await;
    page.expect_connection_within(Duration::from_secs(20), "registered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_that_is_online_again_ends_the_pause_before_the_next_try() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    server.post("/demo/fault", &json!({ "kind": "refuse", "seconds": 60 }));
    // Pauses of 0, 1, 2, 4 and 8 s, and then one of 8 s at least.
    for _ in 0..6 {
        page.expect_connection("reconnecting").await;
    }
    server.post("/demo/fault", &json!({ "kind": "refuse", "seconds": 0 }));
    page.phone(async |frame| frame.run("window.dispatchEvent(new Event('online'))", Vec::new()).await).await;
    page.expect_connection_within(Duration::from_secs(5), "registered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trap_in_a_call_ends_it_once_and_the_next_call_works() {
    let server = Server::with_trapping_widget(&json!({}));
    let page = Page::open_registered(&server, 200).await;
    page.click2call("600").await;
    let accepted = page.expect("phone:accepted").await;
    page.expect_audio().await;
    page.phone(async |frame| frame.run("document.documentElement.dataset.trap = 'now'", Vec::new()).await)
        .await;
    // Any input does it.
    page.post(json!({ "type": "state" })).await;
    let terminated = page.expect("phone:terminated").await;
    assert_eq!(terminated["id"], accepted["id"]);
    assert_eq!(
        terminated["total"].as_u64(),
        terminated["wait"].as_u64().zip(terminated["duration"].as_u64()).map(|(a, b)| a + b)
    );
    until("the server sees BYE", async || (server.saw_request("200", "BYE").len() == 1).then_some(())).await;
    page.expect("logged").await;
    assert_eq!(page.count("phone:terminated").await, 1);
    let sequence: Vec<u64> = page.heard().await.iter().filter_map(|event| event["seq"].as_u64()).collect();
    assert!(
        sequence.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "no gap and no repeat over the restart: {sequence:?}"
    );
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    server.expect_heard("600").await;
    assert_eq!(page.count("phone:terminated").await, 1, "of the call before, and no more");
    assert_eq!(server.saw_request("200", "BYE").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn denied_microphone_stops_an_outgoing_call_before_it_is_sent() {
    let server = Server::start();
    for (setup, code, words) in [
        (Setup::Denied, "media_denied", "Microphone is blocked"),
        (Setup::NoMicrophone, "media_no_device", "No microphone found"),
    ] {
        let page = Page::open(&server.page("/demo/?ext=200"), setup).await;
        page.expect("logged").await;
        let error = page.ask("click2call", json!({ "number": "600" })).await.expect_err("no microphone");
        assert_eq!(error["code"], code);
        page.phone(async |frame| frame.reads(words).await).await;
        assert_eq!(server.saw_request("200", "INVITE"), Vec::<String>::new());
        // An incoming call rings all the same.
        server.ring(200, "101");
        page.expect("phone:ringing").await;
        page.ask("reject", json!({})).await.expect("rejected");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_hidden_for_seventy_seconds_still_answers() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.hide().await;
    // After 60 s the browser lets the page's timers run once a minute.
    tokio::time::sleep(Duration::from_secs(70)).await;
    assert_eq!(page.run("return document.hidden", Vec::new()).await, true);
    assert!(server.is_bound("200"));
    server.ring(200, "+34666555444");
    let start = Instant::now();
    page.expect("phone:ringing").await;
    assert_eq!(page.ask("answer", json!({})).await.map(|_| ()), Ok(()));
    page.expect("phone:accepted").await;
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    server.expect_heard("+34666555444").await;
    page.expect_audio().await;
    assert_eq!(page.run("return document.hidden", Vec::new()).await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_that_is_not_displayed_rings_dials_and_is_opened_by_the_page() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/closed.html?ext=200"), Setup::Microphone).await;
    page.expect("logged").await;
    let closed = "return document.querySelector('#drawer').hidden";
    assert_eq!(page.run(closed, Vec::new()).await, true);
    server.ring(200, "+34666555444");
    let ringing = page.expect("phone:ringing").await;
    assert_eq!(ringing["context"]["size"], json!({ "width": 320, "height": 460 }));
    until("the page opens the phone", async || {
        (page.run(closed, Vec::new()).await == json!(false)).then_some(())
    })
    .await;
    page.run("document.querySelector('#close').click()", Vec::new()).await;
    assert_eq!(page.ask("answer", json!({})).await.map(|_| ()), Ok(()), "answered while it is not displayed");
    page.expect("phone:accepted").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    within(Duration::from_secs(12), "energy", async || (page.audio_energy().await > 0.1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_in_a_call_ends_it_on_the_wire() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.reload().await;
    until("the server sees BYE", async || (!server.saw_request("200", "BYE").is_empty()).then_some(())).await;
    page.expect("logged").await;
    // The last word of the frame that leaves is for a page that is gone; the browser may hand it to the one that has taken
    // its place.
    assert!(page.count("phone:terminated").await <= 1, "a call ends once");
}
