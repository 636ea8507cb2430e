//! Addresses of `config.json` that are told of calls.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, receive_posts, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_hears_of_a_call_what_the_page_hears_and_in_its_order() {
    let (address, posts) = receive_posts();
    let webhooks = json!([{ "label": "crm", "endpoint": address }]);
    let server = Server::with_widget(&json!({ "webhooks": webhooks, "dialects": ["008"] }));
    let page = Page::open_registered(&server, 200).await;
    let ring = server.ring(200, "+34666555444");
    page.expect("phone:ringing").await;
    page.answer().await;
    page.expect("phone:accepted").await;
    server.hang_up(&ring);
    let terminated = page.expect("phone:terminated").await;
    let told = until("the end of the call is posted", async || {
        let posts = posts.lock().expect("nobody panicked").clone();
        let calls: Vec<Value> =
            posts.into_iter().filter(|post| post["data"]["from"] == "+34666555444").collect();
        (calls.last()?["type"] == "phone:terminated").then_some(calls)
    })
    .await;
    let kinds: Vec<&str> = told.iter().filter_map(|post| post["type"].as_str()).collect();
    assert_eq!(kinds, ["phone:ringing", "phone:accepted", "phone:terminated"]);
    assert_eq!(told[2]["data"], terminated);
    assert_eq!(told[2]["data"]["cdr"]["total"], terminated["total"]);
}
