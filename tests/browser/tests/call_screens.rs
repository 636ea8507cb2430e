//! What is seen during and after calls, as real calls bring it about: quality, transfers that fail and succeed.

use serde_json::json;
use softframe_browser_tests::{Lossy, Page, Relay, Server, serve_widget, until};
use std::time::Duration;

/// Bars come after five seconds of sound; on a machine that has other things to do, later.
const MEASURED: Duration = Duration::from_secs(40);

/// The text of the first part that is seen.
async fn text_of(page: &Page, selector: &str) -> String {
    let script = "const one = [...document.querySelectorAll(arguments[0])].find((one) => one.checkVisibility()); \
                  return one?.innerText ?? ''";
    let text = page.phone(async |frame| frame.run(script, vec![json!(selector)]).await).await;
    text.as_str().unwrap_or_default().to_owned()
}

async fn reads(page: &Page, selector: &str, wanted: &str) {
    until(&format!("{selector} reads {wanted}"), async || {
        text_of(page, selector).await.contains(wanted).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sound_of_a_call_is_measured_shown_in_a_sheet_and_told_to_the_page() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("600").await;
    let accepted = page.expect("phone:accepted").await;
    let told = page.expect_within(MEASURED, "media:quality").await;
    assert_eq!(told["id"], accepted["id"]);
    assert!(told["mos"].as_f64() > Some(3.0), "{told}");
    page.phone(async |frame| frame.click("button.quality").await).await;
    reads(&page, "dialog h2", "connection").await;
    let mos = text_of(&page, "dialog .mos").await;
    assert!(mos.ends_with(" of 4.5"), "{mos}");
    page.reached("37-quality-good", "dialog .mos", " of 4.5").await;
    page.phone(async |frame| frame.press("Close").await).await;
    page.post(json!({ "type": "hangup" })).await;
    let ended = page.expect("phone:terminated").await;
    assert!(ended["quality"]["mos"].as_f64() > Some(3.0), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_loses_a_fifth_is_poor_on_screen_warned_of_once_and_told_to_the_page() {
    let server = Server::with_password("200", "correct horse");
    let relay = Relay::start(server.port).await;
    let page = Page::open_served(&server, &serve_widget("/", relay.config("200", "correct horse"))).await;
    page.expect("logged").await;
    let lossy = Lossy::default();
    relay.exchange_once(lossy.between());
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    // What screen readers are told from now on.
    let listen = "self.said = []; for (const region of document.querySelectorAll('#say, #alert')) \
         new MutationObserver((all) => all.forEach(({ addedNodes }) => addedNodes.forEach((one) => said.push(one.textContent)))) \
             .observe(region, { childList: true });";
    page.phone(async |frame| frame.run(listen, Vec::new()).await).await;

    // The first bars are of five good seconds: mixed ones would be poor already, and told once.
    page.expect_where(MEASURED, "media:quality", |told| told["loss"].as_f64() < Some(1.0)).await;
    lossy.lose_every(5);
    let told = page.expect_where(MEASURED, "media:quality", |told| told["loss"].as_f64() > Some(15.0)).await;
    assert!(told["mos"].as_f64() < Some(3.1), "{told}");
    reads(&page, ".call .note", "Weak connection. Words may get lost.").await;
    reads(&page, "button.quality", "Poor").await;
    page.phone(async |frame| frame.press("Mute").await).await;
    page.reached("26-active-muted-poor", ".tile[aria-pressed=true]", "Muted").await;
    page.phone(async |frame| {
        frame.press("Muted").await;
        frame.click("button.quality").await;
    })
    .await;
    page.reached("37-quality", "dialog h2", "Poor connection").await;
    reads(&page, "dialog .sub", "A cable or a stronger Wi-Fi usually helps.").await;
    page.phone(async |frame| frame.press("Close").await).await;

    lossy.lose_every(0);
    page.expect_where(MEASURED, "media:quality", |told| told["loss"].as_f64() < Some(1.0)).await;
    lossy.lose_every(5);
    page.expect_where(MEASURED, "media:quality", |told| told["loss"].as_f64() > Some(15.0)).await;
    let said = page.phone(async |frame| frame.run("return said", Vec::new()).await).await;
    let warnings = said
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one.as_str().is_some_and(|one| one.contains("Weak")));
    assert_eq!(warnings.count(), 1, "once a minute at most: {said}");
    page.post(json!({ "type": "hangup" })).await;
    let ended = page.expect("phone:terminated").await;
    let loss = ended["quality"]["loss"].as_f64();
    assert!(loss > Some(1.0) && loss < Some(20.0), "the mean of the whole call: {ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_fails_gives_the_caller_back_and_one_that_succeeds_is_shown() {
    let server = Server::start();
    let (page, other) =
        (Page::open_registered(&server, 200).await, Page::open_registered(&server, 201).await);
    page.click2call("201").await;
    other.expect("phone:ringing").await;
    other.answer().await;
    page.expect("phone:accepted").await;
    let transfer = async |to: &'static str| {
        page.phone(async |frame| {
            frame.press("Transfer").await;
            frame.type_into(".search-place input", to).await;
            frame.press("Transfer now").await;
        })
        .await;
    };
    transfer("602").await;
    reads(&page, "#banner", "602: Busy. 201 is back with you.").await;
    page.reached("35-transfer-failed", "#banner .text", "602: Busy.").await;
    page.phone(async |frame| frame.press("Try again").await).await;
    let filled = "return document.querySelector('.page:not([hidden]) input').value";
    let filled = page.phone(async |frame| frame.run(filled, Vec::new()).await).await;
    assert_eq!(filled, "602");
    page.phone(async |frame| {
        frame.click(".page:not([hidden]) .search .clear").await;
        frame.type_into(".search-place input", "600").await;
        frame.press("Transfer now").await;
    })
    .await;
    assert_eq!(page.expect("phone:terminated").await["cause"]["reason"], "transferred");
    reads(&page, ".ended .state-pill", "Transferred").await;
    page.reached("40-transferred", ".ended .state-pill", "Transferred").await;
    let with = text_of(&page, ".ended .company").await;
    assert!(with.starts_with("now with ") && with.contains("600"), "{with}");
    other.expect_where(MEASURED, "phone:accepted", |call| call["to"] == "600").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_microphone_is_exchanged_in_a_call_and_is_still_heard() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    server.expect_heard("600").await;
    page.phone(async |frame| frame.click(".tile:nth-child(3)").await).await;
    let choose = "const radios = [...document.querySelectorAll('dialog .microphones [role=radio]')]; \
                  radios.at(-1).click(); return radios.length";
    let offered = page.phone(async |frame| frame.run(choose, Vec::new()).await).await;
    assert!(offered.as_u64() >= Some(2), "the fake microphones are offered: {offered}");
    page.reached("36-route", "dialog h2", "Microphone").await;
    let chosen =
        "return [...document.querySelectorAll('dialog .microphones [role=radio]')].at(-1).ariaChecked";
    until("the last one is chosen", async || {
        (page.phone(async |frame| frame.run(chosen, Vec::new()).await).await == json!("true")).then_some(())
    })
    .await;
    page.phone(async |frame| {
        frame.run("document.querySelector('dialog .settings').click()", Vec::new()).await
    })
    .await;
    reads(&page, "h1", "Settings").await;
    server.expect_heard("600").await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    page.expect_no_media().await;
}
