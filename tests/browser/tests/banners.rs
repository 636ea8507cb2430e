//! What stands over and around the screens, as real servers, callers and pages bring it about: a call that answers by
//! itself, a number that needs a word, an account that is refused, a server that is gone, and browsing in a call.

use serde_json::json;
use softframe_browser_tests::{Page, Server, Setup, serve_widget, until};
use std::time::Duration;

/// A machine that has other things to do writes the text of a second late.
const SECONDS: Duration = Duration::from_secs(10);

async fn reads(page: &Page, text: &str) {
    page.phone(async |frame| frame.reads(text).await).await;
}

/// A page in front of one phone, with these keys in its `config.json`.
async fn open_with(server: &Server) -> Page {
    let page = Page::open_on(server, "127.0.0.1", "/200/").await;
    page.expect("logged").await;
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_caller_is_put_through_after_a_countdown_that_can_be_declined() {
    let number = "+34911085460";
    let server = Server::with_widget(&json!({ "autoAnswer": { "enabled": true, "callers": [number] } }));
    let page = open_with(&server).await;
    let after = |seconds: u32| json!({ "Call-Info": format!("<sip:softframe.test>;answer-after={seconds}") });
    server.ring_with(200, number, &after(5));
    page.expect("phone:ringing").await;
    reads(&page, "Answers in ").await;
    page.press_armed("Decline").await;
    page.expect("phone:terminated").await;
    assert_eq!(page.count("phone:accepted").await, 0);

    let ring = server.ring_with(200, number, &after(2));
    page.expect("phone:ringing").await;
    reads(&page, "Answers in ").await;
    page.expect_within(SECONDS, "phone:accepted").await;
    reads(&page, "Answered by itself. They hear you.").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;

    // Who is not listed rings as everybody does.
    let ring = server.ring_with(200, "+34911085461", &after(1));
    page.expect("phone:ringing").await;
    let text = page.phone(async |frame| frame.text().await).await;
    assert!(!text.contains("Answers in"), "{text}");
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    assert_eq!(page.count("phone:accepted").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn number_that_needs_a_word_is_shown_with_who_asks_and_why_and_called_by_the_person_alone() {
    let server = Server::start();
    let page = open_with(&server).await;
    page.click2call("*21*600#").await;
    for text in ["wants to call", "127.0.0.1", "*21*600#", "This is a service code."] {
        reads(&page, text).await;
    }
    page.picture("calls/50-confirm").await;
    page.press_armed("Don’t call").await;
    until("the card is gone", async || {
        let text = page.phone(async |frame| frame.text().await).await;
        (!text.contains("wants to call")).then_some(())
    })
    .await;
    assert_eq!(page.count("phone:calling").await, 0, "nobody was called");

    page.click2call("112").await;
    reads(&page, "This is an emergency number. Call it only if you need help now.").await;
    page.press_armed("Call 112").await;
    page.expect("phone:calling").await;
    until("the call is on its way", async || (!server.saw_request("200", "INVITE").is_empty()).then_some(()))
        .await;
    assert_eq!(page.count("phone:calling").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn card_in_a_frame_that_the_page_filters_says_why_it_does_nothing_and_in_plain_sight_it_calls() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let filter = "document.querySelector('iframe[name=sf]').style.filter = arguments[0]";
    page.run(filter, vec![json!("drop-shadow(0 0 4px red)")]).await;
    page.click2call("112").await;
    page.press_armed("Call 112").await;
    reads(&page, "Something of the page lies over the phone, or changes its look.").await;
    assert_eq!(page.count("phone:calling").await, 0, "nobody was called");
    page.run(filter, vec![json!("")]).await;
    page.press_armed("Call 112").await;
    page.expect("phone:calling").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_is_refused_is_a_banner_that_leads_to_the_sign_in() {
    let server = Server::with_password("200", "right");
    let config = json!({
        "server": format!("ws://127.0.0.1:{}/ws", server.port), "domain": "softframe.test",
        "account": { "user": "200", "password": "wrong" },
    });
    let page = Page::open_served(&server, &serve_widget("/", config.to_string())).await;
    reads(&page, "The server refused this account.").await;
    page.picture("calls/43-refused").await;
    reads(&page, "Signed out by server").await;
    page.phone(async |frame| {
        // What needs no server works.
        frame.press("Contacts").await;
        frame.reads("No contacts yet").await;
        frame.press("Sign in").await;
        frame.reads("Sign in to your phone").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_is_gone_is_a_banner_that_counts_down_and_calls_wait_for_it() {
    let server = Server::start();
    let page = open_with(&server).await;
    server.end();
    page.expect_connection("reconnecting").await;
    reads(&page, "No connection.").await;
    reads(&page, "Next try in ").await;
    page.phone(async |frame| {
        frame.type_into(".number-field", "600").await;
        frame.reads("No connection. The call can’t start.").await;
        frame.press("Try now").await;
        frame.reads("Recents").await;
    })
    .await;
    assert_eq!(page.count("phone:calling").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn person_browses_in_a_call_and_comes_back_by_the_bar_that_says_how_it_is() {
    let server = Server::start();
    let page = open_with(&server).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.phone(async |frame| {
        frame.press("Mute").await;
        frame.press("Show phone, keep the call").await;
        frame.press("Contacts").await;
        frame.reads("No contacts yet").await;
    })
    .await;
    let bar =
        "const bar = document.querySelector('#running'); return bar.checkVisibility() ? bar.innerText : ''";
    until("the bar names the call", async || {
        let text = page.phone(async |frame| frame.run(bar, Vec::new()).await).await;
        let text = text.as_str().unwrap_or_default();
        ["600", "00:", "Muted"].iter().all(|part| text.contains(part)).then_some(())
    })
    .await;
    page.picture("calls/49-browsing").await;
    page.phone(async |frame| {
        frame.click("#running").await;
        frame.reads("End call").await;
    })
    .await;
    // A number that is called from here is a second call; the first waits.
    page.phone(async |frame| {
        frame.press("Add call").await;
        frame.press("Keypad").await;
        frame.type_into(".number-field", "601").await;
        frame.press("Call").await;
    })
    .await;
    assert_eq!(page.expect("phone:hold").await["to"], "600");
    assert_eq!(page.expect("phone:accepted").await["to"], "601");
    assert_eq!(page.count("phone:terminated").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_that_waits_for_a_click_is_a_banner_until_there_was_one() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/?ext=200"), Setup::NoAutoplay).await;
    page.expect("logged").await;
    reads(&page, "Calls can’t ring yet.").await;
    page.phone(async |frame| frame.press("Turn on sound").await).await;
    until("the banner is gone", async || {
        let text = page.phone(async |frame| frame.text().await).await;
        (!text.contains("Calls can’t ring yet.")).then_some(())
    })
    .await;
}
