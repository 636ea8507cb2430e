//! Who may talk to the phone. Each refusal is seen twice: it was counted, and the same message acts from the right place.

use serde_json::json;
use softframe_browser_tests::{Page, Server, Setup, until};

#[tokio::test(flavor = "multi_thread")]
async fn page_of_another_site_gets_nothing_and_moves_nothing() {
    let server = Server::start();
    let page = Page::open_evil(&server, "/200/").await;
    page.expect("softframe:ready").await;
    until("the phone is registered", async || server.is_bound("200").then_some(())).await;
    page.post(json!({ "type": "click2call", "data": { "number": "600" } })).await;
    page.post(json!({ "type": "contacts", "data": [{ "id": "x", "name": "Mallory", "phones": ["1"] }] }))
        .await;
    server.ring(200, "+34666555444");
    // The phone has seen the messages once it shows the consent card, and the call once it rings.
    page.expect("widget:attention").await;
    until("the call rings", async || {
        server.call_with("+34666555444").filter(|call| call["state"] == "ringing")
    })
    .await;
    let allowed = ["softframe:ready", "widget:attention"];
    let heard = page.heard_types().await;
    assert!(heard.iter().all(|kind| allowed.contains(&kind.as_str())), "{heard:?}");
    assert_eq!(server.saw_request("200", "INVITE"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn sibling_frame_is_refused_and_counted_and_the_parent_acts() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    let before = page.refused().await;
    page.add_frame("evil", &server.on("evil.localhost", "/demo/crm.css")).await;
    page.inside("iframe[name=evil]", async |frame| {
        frame
            .run(
                "parent.frames.sf.postMessage({ type: 'click2call', data: { number: '600' } }, '*')",
                Vec::new(),
            )
            .await
    })
    .await;
    until("the refusal is counted", async || (page.refused().await == before + 1).then_some(())).await;
    assert_eq!(page.count("phone:calling").await, 0);
    page.click2call("600").await;
    page.expect("phone:calling").await;
    assert_eq!(page.refused().await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn frame_of_an_evil_frame_in_a_trusted_page_is_not_trusted() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
    page.add_frame("middle", &server.on("evil.localhost", "/demo/crm.css")).await;
    let address = server.on("localhost", "/200/");
    page.inside("iframe[name=middle]", async |frame| {
        frame.run(Page::COLLECT, Vec::new()).await;
        frame.run(Page::EMBED, vec![json!("sf"), json!(address)]).await;
    })
    .await;
    until("the phone is registered", async || server.is_bound("200").then_some(())).await;
    let heard = page
        .inside("iframe[name=middle]", async |frame| {
            until("the frame speaks", async || {
                let heard = frame.run("return heard.map((one) => one.type)", Vec::new()).await;
                heard.as_array().is_some_and(|all| !all.is_empty()).then_some(heard)
            })
            .await
        })
        .await;
    assert!(!heard.to_string().contains("logged"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn page_that_the_person_allows_gets_what_it_missed() {
    let server = Server::start();
    let page = Page::open_evil(&server, "/200/").await;
    page.post(json!({ "type": "click2call", "data": { "number": "600" } })).await;
    page.expect("widget:attention").await;
    page.press_armed("Allow").await;
    let logged = page.expect("logged").await;
    assert_eq!(logged["context"]["extension"], "200");
    // What was held is filled in, never dialled.
    assert_eq!(server.saw_request("200", "INVITE"), Vec::<String>::new());
    page.click2call("600").await;
    page.expect("phone:calling").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_the_configuration_are_named_in_the_policy_and_trusted() {
    let server = Server::with_widget(&json!({ "hosts": ["http://crm.localhost:*"] }));
    let page = Page::open_on(&server, "evil.localhost", "/200/").await;
    page.phone(async |frame| {
        // Refused by frame-ancestors: the browser shows its own page.
        until("the browser's refusal", async || (!frame.text().await.contains("Keypad")).then_some(())).await;
    })
    .await;
    assert_eq!(page.heard().await.len(), 0);
}
