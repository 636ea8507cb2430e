//! The check of the phone, the report, and the phone in another tab, in a real browser with a real server.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, within};
use std::time::Duration;

/// ICE may take six seconds to give up, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// The rows of the check: what is tested, how it went, what is said.
const ROWS: &str = "return [...document.querySelectorAll('.checks .item')].map((row) => \
     [row.querySelector('.name').innerText, row.dataset.tone, row.querySelector('small').innerText])";

/// Waits until every row is known.
async fn checked(page: &Page) -> Vec<Value> {
    page.phone(async |frame| {
        within(PATIENCE, "the check is over", async || {
            let rows = frame.run(ROWS, Vec::new()).await;
            let rows = rows.as_array().filter(|rows| !rows.is_empty())?.clone();
            rows.iter().all(|row| row[1] != "running").then_some(rows)
        })
        .await
    })
    .await
}

async fn open_settings(page: &Page) {
    page.ask("navigate", json!({ "view": "settings" })).await.expect("the settings");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_finds_microphone_server_and_network_and_what_the_page_withholds() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    open_settings(&page).await;
    page.phone(async |frame| frame.click(".check-phone").await).await;
    let rows = checked(&page).await;
    let row =
        |name: &str| rows.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name}: {rows:?}"));
    for name in ["This page", "Microphone", "Phone server", "Account"] {
        assert_eq!(row(name)[1], "live", "{rows:?}");
    }
    assert!(row("Phone server")[2].as_str().is_some_and(|said| said.contains(" answers in ")), "{rows:?}");
    // No STUN, no TURN: addresses of this machine alone.
    assert_eq!(row("Network")[1], "warn", "{rows:?}");
    // As it is read: a sign alone says nothing to who does not see it.
    let read =
        "return [...document.querySelectorAll('.checks .item')].map((row) => row.innerText.split(/\\s+/)[0])";
    let words = page.phone(async |frame| frame.run(read, Vec::new()).await).await;
    assert_eq!(words, json!(["OK", "OK", "OK", "OK", "Note", "OK"]));
    page.phone(async |frame| frame.reads("Check finished: 1 thing to look at.").await).await;
    page.reached("57-check", ".checks [data-tone=live] .name", "Account").await;
    page.phone(async |frame| frame.click(".checking .again").await).await;
    assert_eq!(checked(&page).await.len(), rows.len());
    page.expect_no_media().await;
    // It is back in the settings, not at the tabs.
    page.phone(async |frame| {
        frame.press("Back").await;
        frame.reads("Save report").await;
    })
    .await;

    let withheld = "const frame = document.createElement('iframe'); frame.name = 'sf'; frame.src = arguments[0]; \
         frame.allow = \"autoplay 'none'\"; frame.width = 320; frame.height = 460; \
         document.querySelector('iframe[name=sf]')?.remove(); document.body.prepend(frame)";
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.run(withheld, vec![json!(server.on("localhost", "/200/"))]).await;
    page.expect("logged").await;
    open_settings(&page).await;
    page.phone(async |frame| frame.click(".check-phone").await).await;
    let rows = checked(&page).await;
    assert_eq!((&rows[0][1], &rows[1][1]), (&json!("end"), &json!("end")), "{rows:?}");
    assert!(rows[0][2].as_str().is_some_and(|said| said.contains("microphone")), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn report_has_messages_candidates_and_states_of_a_call_without_its_secrets_and_is_saved_as_a_file() {
    let server = Server::with_password("200", "very-secret-word");
    let page = Page::open_plain(&server, Setup::Microphone).await;
    page.phone(async |frame| {
        frame.type_into("#signin-user", "200").await;
        frame.type_into("#signin-password", "very-secret-word").await;
        frame.press("Sign in").await;
    })
    .await;
    page.expect("logged").await;
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    page.expect_audio().await;
    let report = page.ask("report", json!({})).await.expect("a report");
    let report = report["text"].as_str().expect("a text").to_owned();
    for part in ["Softframe ", "INVITE sip:600@", "a=candidate:", "sound Connected", "phone:accepted"] {
        assert!(report.contains(part), "{part:?} in {report}");
    }
    for secret in ["very-secret-word", "response=\"", "sha-256 "] {
        assert!(!report.contains(secret), "{secret:?} in {report}");
    }
    let masked = |name: &str| {
        let mut lines = report.lines().filter(|line| line.starts_with(name)).peekable();
        lines.peek().is_some() && lines.all(|line| line.ends_with("[masked]"))
    };
    assert!(masked("a=ice-pwd") && masked("a=fingerprint") && masked("Authorization"), "{report}");

    // The file that the person gets, by the blob that it is made of.
    let watch = "const make = URL.createObjectURL; URL.createObjectURL = (blob) => { self.made = blob; return make(blob); }; \
         addEventListener('click', ({ target }) => { if (target.download) self.named = target.download; }, true)";
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    page.phone(async |frame| frame.press("Done").await).await;
    open_settings(&page).await;
    let saved = page
        .phone(async |frame| {
            frame.run(watch, Vec::new()).await;
            frame.click(".report").await;
            frame.run_async("const done = arguments[0]; made.text().then((text) => done(text))").await
        })
        .await;
    let saved = saved.as_str().expect("a text");
    assert!(saved.starts_with("Mozilla/") && saved.contains("INVITE sip:600@"), "{saved}");
    assert!(!saved.contains("very-secret-word"));
}

/// Waits until a phone of this page reads this.
async fn reads(page: &Page, name: &str, text: &str) {
    page.inside(&format!("iframe[name={name}]"), async |frame| frame.reads(text).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_tabs_has_the_phone_the_other_takes_it_over_between_calls_and_has_it_when_the_first_closes()
 {
    let server = Server::with_widget(&json!({ "oneTab": true }));
    let page = Page::open_registered(&server, 200).await;
    page.add_frame("second", &server.on("localhost", "/200/")).await;
    reads(&page, "second", "The phone is in another tab").await;
    page.inside("iframe[name=second]", async |frame| {
        assert!(!frame.text().await.contains("Keypad"), "no tabs");
    })
    .await;

    // Not out of a call.
    page.click2call("600").await;
    page.expect("phone:accepted").await;
    reads(&page, "second", "A call is running there.").await;
    let disabled = "return document.querySelector('.here').ariaDisabled";
    page.inside("iframe[name=second]", async |frame| {
        assert_eq!(frame.run(disabled, Vec::new()).await, json!("true"));
    })
    .await;
    page.post(json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;
    page.inside("iframe[name=second]", async |frame| {
        within(PATIENCE, "the button works", async || {
            (frame.run(disabled, Vec::new()).await != json!("true")).then_some(())
        })
        .await;
        frame.press("Use it here").await;
        frame.reads("Available").await;
    })
    .await;
    page.reached("51-other-tab", ".title", "The phone is in another tab").await;
    // One binding: it rings where the phone is, and nowhere else.
    let ring = server.ring(200, "600");
    reads(&page, "second", "Incoming call").await;
    page.reached("51-other-tab-busy", ".why", "A call is running there.").await;
    server.hang_up(&ring);

    page.run("document.querySelector('iframe[name=second]').remove()", Vec::new()).await;
    reads(&page, "sf", "Available").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tab_whose_core_traps_has_the_phone_again_and_the_other_one_waits_on() {
    let server = Server::with_trapping_widget(&json!({ "oneTab": true }));
    let page = Page::open_registered(&server, 200).await;
    page.add_frame("second", &server.on("localhost", "/200/")).await;
    reads(&page, "second", "The phone is in another tab").await;
    page.phone(async |frame| frame.run("document.documentElement.dataset.trap = 'now'", Vec::new()).await)
        .await;
    // Any input does it.
    page.post(json!({ "type": "state" })).await;
    page.expect("logged").await;
    reads(&page, "sf", "Available").await;
    let ring = server.ring(200, "600");
    reads(&page, "sf", "Incoming call").await;
    reads(&page, "second", "A call is running there.").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    assert_eq!(page.count("phone:ringing").await, 1, "one of them has the phone");
    // The lock of the core that is dead holds nothing back.
    page.run("document.querySelector('iframe[name=sf]').remove()", Vec::new()).await;
    reads(&page, "second", "Available").await;
}
