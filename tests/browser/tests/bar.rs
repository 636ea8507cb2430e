//! The minimised phone: a bar that says who and what, and what one touch or key can do about it, by real calls.
//!
//! The page around it is one of the host library, which gives the frame the size that it asks for.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, Setup, until};
use std::time::Duration;

/// Answer and Decline react 500 ms after they are seen, to keys 700 ms after the last one; End after 600 ms.
const ARMED: Duration = Duration::from_millis(900);

/// A page in which the phone is a bar.
async fn open(server: &Server) -> Page {
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.load_library(server).await;
    let address = server.on("localhost", "/200/");
    let script = format!(
        "self.phone = await Softframe.create({{ url: '{address}' }}); \
         if (!phone.state) await phone.once('softframe:state'); await phone.send('minimize');"
    );
    page.run_async(&script).await.expect("the phone is there");
    is_as_high(&page, "48").await;
    page
}

async fn is_as_high(page: &Page, height: &str) {
    until(&format!("the frame is {height} high"), async || {
        (page.run("return phone.frame.height", Vec::new()).await == json!(height)).then_some(())
    })
    .await;
}

/// What the bar says and offers: its text, and the names of its buttons in their order.
async fn bar(page: &Page) -> (String, Vec<String>) {
    let script = "const bar = document.querySelector('#bar'); \
         const shown = [...bar.querySelectorAll('button')].filter((one) => one.checkVisibility()); \
         return [bar.innerText.replace(/\\s+/g, ' ').trim(), shown.map((one) => one.ariaLabel)]";
    let said = page.phone(async |frame| frame.run(script, Vec::new()).await).await;
    serde_json::from_value(said).expect("a text and names")
}

async fn shows(page: &Page, text: &str, buttons: &[&str]) {
    let mut last = None;
    let found = tokio::time::timeout(softframe_browser_tests::PATIENCE, async {
        loop {
            let (said, offered) = bar(page).await;
            if said.contains(text) && offered == buttons {
                return;
            }
            last = Some((said, offered));
            tokio::time::sleep(softframe_browser_tests::GLANCE).await;
        }
    })
    .await;
    assert!(found.is_ok(), "the bar never showed {text:?} and {buttons:?}, but {last:?}");
}

/// The same with a button that does nothing in the first moment.
async fn press_armed(page: &Page, name: &str) {
    tokio::time::sleep(ARMED).await;
    press(page, name).await;
}

async fn press(page: &Page, name: &str) {
    page.phone(async |frame| frame.press(name).await).await;
}

/// Gives the focus to a button and presses a key on it, as somebody who came there by Tab.
async fn press_key(page: &Page, name: &str, key: &str) {
    page.phone(async |frame| {
        let script = "[...document.querySelectorAll('#bar button')].find((one) => one.ariaLabel === arguments[0]).focus()";
        frame.run(script, vec![json!(name)]).await;
        tokio::time::sleep(ARMED).await;
        page.keys(&[key]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_answers_mutes_resumes_and_ends_and_says_each_time_where_the_call_is() {
    let server = Server::start();
    let page = open(&server).await;
    shows(&page, "Available", &["Open the phone"]).await;
    page.picture("calls/60-bar-idle").await;

    server.ring(200, "+34911085460");
    page.expect("phone:ringing").await;
    shows(&page, "+34911085460 Incoming call", &["Decline", "Answer"]).await;
    press_armed(&page, "Answer").await;
    page.expect("phone:accepted").await;
    shows(&page, "00:0", &["Mute", "End call", "Open the phone"]).await;
    press(&page, "Mute").await;
    assert_eq!(page.expect("phone:muted").await["muted"], json!(true));
    shows(&page, "· Muted", &["Mute", "End call", "Open the phone"]).await;
    press(&page, "Mute").await;
    assert_eq!(page.expect("phone:muted").await["muted"], json!(false));

    page.post(json!({ "type": "hold" })).await;
    page.expect("phone:hold").await;
    shows(&page, "On hold", &["Resume", "End call", "Open the phone"]).await;
    press(&page, "Resume").await;
    page.expect("phone:unhold").await;
    // Somebody else calls: the bar has both answers to that, the call goes on.
    let second = server.ring(200, "+34911085461");
    page.expect("phone:ringing").await;
    shows(&page, "+34911085461 Incoming call", &["Decline", "Answer", "Open the phone"]).await;
    press_armed(&page, "Decline").await;
    page.expect("phone:terminated").await;
    assert_eq!(server.ring_state(&second)["end"]["code"], json!(486));
    shows(&page, "+34911085460", &["Mute", "End call", "Open the phone"]).await;
    press_armed(&page, "End call").await;
    page.expect("phone:terminated").await;
    shows(&page, "Available", &["Open the phone"]).await;

    press(&page, "Open the phone").await;
    is_as_high(&page, "460").await;
    page.phone(async |frame| frame.reads("Recents").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_is_worked_by_keys_and_counts_what_was_missed() {
    let server = Server::start();
    let page = open(&server).await;
    let ring = server.ring(200, "+34911085460");
    page.expect("phone:ringing").await;
    server.hang_up(&ring);
    page.expect("phone:terminated").await;
    shows(&page, "1", &["Open the phone"]).await;

    server.ring(200, "+34911085461");
    page.expect("phone:ringing").await;
    press_key(&page, "Answer", "Enter").await;
    page.expect("phone:accepted").await;
    press_key(&page, "Mute", "Space").await;
    page.expect("phone:muted").await;
    press_key(&page, "End call", "Enter").await;
    page.expect("phone:terminated").await;
    press_key(&page, "Open the phone", "Enter").await;
    is_as_high(&page, "460").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bar_says_that_the_phone_is_offline_and_makes_room_for_what_needs_a_word() {
    let server = Server::start();
    let page = open(&server).await;
    page.post(json!({ "type": "click2call", "data": { "number": "112" } })).await;
    is_as_high(&page, "460").await;
    page.phone(async |frame| frame.reads("This is an emergency number").await).await;
    // The card reacts once it was in sight as a whole for a while, which on a busy machine comes late.
    until("nobody is asked any more", async || {
        page.phone(async |frame| {
            if !frame.text().await.contains("This is an emergency number") {
                return Some(());
            }
            frame.press("Don’t call").await;
            None
        })
        .await
    })
    .await;
    let sizes: Vec<Value> = page
        .heard()
        .await
        .into_iter()
        .filter(|one| one["type"] == "widget:size")
        .map(|one| one["data"]["height"].clone())
        .collect();
    assert_eq!(sizes, [json!(48), json!(460)]);

    page.run_async("await phone.send('minimize')").await.expect("a bar again");
    shows(&page, "Available", &["Open the phone"]).await;
    server.end();
    shows(&page, "Offline", &["Open the phone"]).await;
}
