//! Calls that ring.

use serde_json::json;
use softframe_browser_tests::{Page, Relay, Server, assert_call, serve_widget, until, with_body};
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread")]
async fn ringing_call_is_answered_and_both_sides_hear() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.watch_microphone().await;
    let ring = server.ring(200, "+34666555444");
    let ringing = page.expect("phone:ringing").await;
    assert_call(&ringing, "inbound", "ringing", "+34666555444", "200");
    assert_eq!(page.live_microphones().await, 0, "nothing is taken before somebody answers");
    page.phone(async |frame| frame.reads("+34666555444").await).await;
    page.answer().await;
    let accepted = page.expect("phone:accepted").await;
    assert_call(&accepted, "inbound", "answered", "+34666555444", "200");
    assert_eq!(accepted["id"], ringing["id"]);
    page.expect_audio().await;
    server.expect_heard("+34666555444").await;
    server.hang_up(&ring);
    let terminated = page.expect("phone:terminated").await;
    assert_call(&terminated, "inbound", "answered", "+34666555444", "200");
    assert_eq!(terminated["cause"]["endedBy"], "remote");
    let seconds = |key: &str| terminated[key].as_u64().expect("whole seconds");
    assert_eq!(seconds("total"), seconds("wait") + seconds("duration"));
    assert_eq!(page.count("phone:calling").await, 0, "an incoming call never says calling");
    page.expect_no_media().await;
}

/// From now on the microphone opens when the test says so (`opens[0].good()`), or another program has it (`busy()`).
const OPENS_WHEN_TOLD: &str = "self.opens = []; const media = navigator.mediaDevices, take = media.getUserMedia.bind(media); \
     media.getUserMedia = (wish) => new Promise((good, bad) => opens.push({ good: () => take(wish).then(good, bad), \
         busy: () => bad(new DOMException('Could not start audio source', 'NotReadableError')) }));";

/// Waits until question `n` for the microphone is open, and the answer to the call is described beside it.
async fn described_before_the_microphone(page: &Page, n: usize) {
    let script = "const peer = [...softframe.peers.values()].at(-1); const local = peer?.localDescription; \
         return opens.length > arguments[0] && local?.type === 'answer' && local.sdp.includes('a=candidate') || null";
    until("the answer is described", async || {
        page.phone(async |frame| frame.run(script, vec![json!(n)]).await).await.as_bool()
    })
    .await;
    assert_eq!(page.count("phone:accepted").await, 0, "nobody is told before there is a microphone");
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_is_described_while_the_microphone_opens_and_where_that_is_in_use_the_call_rings_on() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.watch_microphone().await;
    page.phone(async |frame| frame.run(OPENS_WHEN_TOLD, Vec::new()).await).await;
    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    page.answer().await;
    described_before_the_microphone(&page, 0).await;
    page.phone(async |frame| {
        frame.run("opens[0].busy()", Vec::new()).await;
        frame.reads("The microphone is used by another program.").await;
        let buttons = "return [...document.querySelectorAll('dialog button')].filter((one) => one.checkVisibility()) \
             .map((one) => one.innerText + (one === document.activeElement ? ', focused' : ''))";
        assert_eq!(frame.run(buttons, Vec::new()).await, json!(["Decline", "Try again, focused"]));
    })
    .await;
    page.expect_no_media().await;
    assert_eq!((page.count("phone:terminated").await, page.count("phone:accepted").await), (0, 0));
    page.phone(async |frame| frame.press("Try again").await).await;
    described_before_the_microphone(&page, 1).await;
    page.phone(async |frame| frame.run("opens[1].good()", Vec::new()).await).await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    server.expect_heard("+34666555444").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_who_gives_up_while_the_microphone_opens_leaves_neither_it_nor_a_connection() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.watch_microphone().await;
    page.phone(async |frame| frame.run(OPENS_WHEN_TOLD, Vec::new()).await).await;
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    page.answer().await;
    described_before_the_microphone(&page, 0).await;
    server.hang_up(&ring);
    assert_call(&page.expect("phone:terminated").await, "inbound", "missed", "+34666555444", "200");
    page.phone(async |frame| frame.run("opens[0].good()", Vec::new()).await).await;
    until("the microphone has come", async || {
        let came = page.phone(async |frame| frame.run("return taken.length > 0", Vec::new()).await).await;
        (came == json!(true)).then_some(())
    })
    .await;
    page.expect_no_media().await;
    assert_eq!((page.count("phone:terminated").await, page.count("phone:accepted").await), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn ringing_call_is_declined_by_the_person() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    page.press_armed("Decline").await;
    let terminated = page.expect("phone:terminated").await;
    assert_eq!(
        (&terminated["status"], &terminated["cause"]["reason"]),
        (&json!("missed"), &json!("rejected"))
    );
    assert_eq!(terminated["cause"]["endedBy"], "local");
    assert_eq!(page.count("phone:accepted").await, 0);
    assert_eq!(page.count("phone:terminated").await, 1);
    let ended = ended(&server, &ring).await;
    assert_eq!((&ended["code"], &ended["endedBy"]), (&json!(486), &json!("callee")), "the caller hears why");
    page.expect_no_media().await;
}

/// How the call ended for the caller.
async fn ended(server: &Server, ring: &serde_json::Value) -> serde_json::Value {
    until("the call is over for the caller", async || {
        let state = server.ring_state(ring);
        (state["state"] == "ended").then(|| state["end"].clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_gives_up_and_the_call_is_missed_once() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    server.hang_up(&ring);
    let terminated = page.expect("phone:terminated").await;
    assert_call(&terminated, "inbound", "missed", "+34666555444", "200");
    assert_eq!(terminated["cause"]["endedBy"], "remote");
    assert_eq!(page.count("phone:terminated").await, 1);
    let ended = ended(&server, &ring).await;
    assert_eq!((&ended["code"], &ended["endedBy"]), (&json!(487), &json!("caller")), "RFC 3261 §9.2");
    page.expect_no_media().await;
    page.phone(async |frame| {
        frame.click("#tab-recents").await;
        frame.reads("+34666555444").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn host_answers_and_rejects_by_message() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    server.ring(200, "100");
    page.expect("phone:ringing").await;
    assert_eq!(page.ask("answer", json!({})).await.map(|_| ()), Ok(()));
    page.expect("phone:accepted").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    server.ring(200, "101");
    let ringing = page.expect("phone:ringing").await;
    assert_eq!(page.ask("reject", json!({ "callId": ringing["id"] })).await.map(|_| ()), Ok(()));
    assert_eq!(page.expect("phone:terminated").await["status"], "missed");
}

#[tokio::test(flavor = "multi_thread")]
async fn header_of_the_exchange_names_the_call_and_its_team() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let id = "294e44c0-494d-487f-b286-2d22fb5b0c3a";
    server.ring_with(
        200,
        "+34917370192",
        &json!({ "X-Call-ID": id, "X-Team": "Dev_Team", "X-Ticket": "42" }),
    );
    let ringing = page.expect("phone:ringing").await;
    assert_eq!((&ringing["id"], &ringing["team"]), (&json!(id), &json!("Dev_Team")));
    assert_eq!(ringing["headers"]["X-Ticket"], "42");
}

#[tokio::test(flavor = "multi_thread")]
async fn second_call_waits_while_the_first_is_up() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    server.ring(200, "101");
    let second = page.expect("phone:ringing").await;
    assert_eq!(page.ask("answer", json!({ "callId": second["id"] })).await.map(|_| ()), Ok(()));
    // The first is held first: never two live calls.
    page.expect("phone:hold").await;
    page.expect("phone:accepted").await;
    let state = page.ask("state", json!({})).await.expect("a snapshot");
    assert_eq!(state["calls"].as_array().map(Vec::len), Some(2), "{state}");
    until("both end", async || {
        page.post(json!({ "type": "hangup" })).await;
        (page.count("phone:terminated").await == 2).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_without_an_offer_gets_one_while_it_rings_and_the_microphone_opens_with_the_answer() {
    let server = Server::with_password("200", "correct horse");
    let relay = Relay::start(server.port).await;
    let config = relay.config("200", "correct horse");
    let page = Page::open_served(&server, &serve_widget("/", config)).await;
    page.expect("logged").await;
    page.watch_microphone().await;
    // The offer of the INVITE comes in the PRACK instead, as the answer to ours.
    let kept = Arc::new(Mutex::new(String::new()));
    let offer = kept.clone();
    relay.exchange_once(move |text| {
        let late = |offered: &str| {
            let mid = offered.lines().find_map(|line| line.strip_prefix("a=mid:")).expect("a mid").to_owned();
            let own = offered.replace(&format!("a=mid:{mid}"), "a=mid:0");
            let own = own.replace(&format!("BUNDLE {mid}"), "BUNDLE 0");
            *offer.lock().expect("a lock") = own.replace("a=setup:actpass", "a=setup:active");
            String::new()
        };
        let invite = text.starts_with("INVITE ").then(|| with_body(text, late))?;
        Some(invite.replacen("\r\nCSeq:", "\r\nRequire: 100rel\r\nCSeq:", 1))
    });
    relay.exchange_once(move |text| {
        let answer = |_: &str| kept.lock().expect("a lock").clone();
        let prack = text.starts_with("PRACK ").then(|| with_body(text, answer))?;
        Some(prack.replacen("\r\nCSeq:", "\r\nContent-Type: application/sdp\r\nCSeq:", 1))
    });
    server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    until("our offer is acknowledged", async || relay.has_exchanged().then_some(())).await;
    let taken = async || page.phone(async |frame| frame.run("return taken.length", Vec::new()).await).await;
    assert_eq!(taken().await, 0, "nothing is taken before somebody answers");
    page.answer().await;
    page.expect("phone:accepted").await;
    assert_ne!(taken().await, 0);
    // The browser has taken their answer; the server misses ours in the 200, although the 180 has brought it, and hangs up.
    let terminated = page.expect("phone:terminated").await;
    assert_eq!(terminated["cause"]["endedBy"], "remote", "{terminated}");
    page.expect_no_media().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_missed_in_a_hidden_tab_is_said_on_return() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.hide().await;
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    page.browser.cdp("Page.bringToFront", json!({})).await;
    until("the number of missed calls is said", async || {
        let script = "return document.querySelector('#say').textContent";
        let said = page.phone(async |frame| frame.run(script, Vec::new()).await).await;
        said.as_str().is_some_and(|text| text.contains("1 missed call")).then_some(())
    })
    .await;
}

/// Of a frame with a shadow by a filter, or with something of the page close to it, the browser does not say that all of it
/// is in sight.
#[tokio::test(flavor = "multi_thread")]
async fn second_call_is_answered_while_the_first_is_held_also_in_a_frame_that_the_page_filters() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let filter = "document.querySelector('iframe[name=sf]').style.filter = 'drop-shadow(0 0 4px red)'";
    page.run(filter, Vec::new()).await;
    page.click2call("601").await;
    page.expect("phone:accepted").await;
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    page.press_armed("Hold and answer").await;
    assert_eq!(page.expect("phone:hold").await["to"], "601");
    assert_eq!(page.expect("phone:accepted").await["from"], "+34666555444");
    page.phone(async |frame| frame.reads("2 calls").await).await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
}

/// ISO 8859-1, as old systems write names: no text message could bring it, for a browser closes at octets that are no UTF-8.
fn latin(text: &str) -> Vec<u8> {
    let named = text.replace("From: <sip:+34666555444@", "From: \"Jos\u{e9} Ruiz\" <sip:+34666555444@");
    named.chars().map(|letter| u8::try_from(letter).expect("a letter of Western Europe")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_speaks_in_binary_messages_registers_the_phone_and_calls_work_in_both_directions() {
    let server = Server::with_password("200", "correct horse");
    let relay = Relay::start(server.port).await;
    relay.speak_binary(latin);
    let page = Page::open_served(&server, &serve_widget("/", relay.config("200", "correct horse"))).await;
    page.expect("logged").await;
    let ring = server.ring(200, "+34666555444");
    let ringing = page.expect("phone:ringing").await;
    assert_call(&ringing, "inbound", "ringing", "+34666555444", "200");
    // The letter that cannot be read costs itself.
    page.phone(async |frame| frame.reads("Jos\u{fffd} Ruiz").await).await;
    page.answer().await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    server.expect_heard("+34666555444").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    server.expect_heard("600").await;
    page.post(json!({ "type": "hangup" })).await;
    let terminated = page.expect("phone:terminated").await;
    assert_call(&terminated, "outbound", "answered", "200", "600");
    assert_eq!(relay.connections(), 1, "it is no reason to leave the server");
    page.expect_no_media().await;
}
