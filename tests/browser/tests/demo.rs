//! The demo's pages do what an integrator would copy from them.

use softframe_browser_tests::{Page, Server, Setup, until};

#[tokio::test(flavor = "multi_thread")]
async fn button_of_a_customer_calls_and_a_call_pops_the_customer_up() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run("document.querySelector('#customers .number').click()", Vec::new()).await;
    assert_eq!(page.expect("phone:calling").await["to"], "+34911085460");
    page.expect("phone:accepted").await;
    page.post(serde_json::json!({ "type": "hangup" })).await;
    page.expect("phone:terminated").await;

    page.run("document.querySelector('#ring button').click()", Vec::new()).await;
    assert_eq!(page.expect("phone:ringing").await["from"], "+34911085460");
    until("the customer pops up", async || {
        let text = page.run("return document.querySelector('#pop').innerText", Vec::new()).await;
        let text = text.as_str().unwrap_or_default();
        (text.contains("Inés Carvajal") && text.contains("is calling")).then_some(())
    })
    .await;
    page.picture_of_page("demo-ringing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_of_the_page_are_pushed_and_name_the_caller() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.run("document.querySelector('#push').click()", Vec::new()).await;
    let indexed = page.expect("contacts:indexed").await;
    assert_eq!(
        indexed["count"],
        page.run("return document.querySelectorAll('#customers tbody tr').length", Vec::new()).await
    );
    server.ring(200, "+46705550161");
    assert_eq!(page.expect("phone:ringing").await["contact"]["name"], "Zoë Lindqvist");
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_phone_is_opened_in_the_size_it_wants() {
    let server = Server::start();
    let page = Page::open(&server.page("/demo/closed.html?ext=200"), Setup::Microphone).await;
    page.expect("logged").await;
    page.run("document.querySelector('#customers .number').click()", Vec::new()).await;
    page.expect("phone:calling").await;
    until("the phone is open", async || {
        let script =
            "const frame = document.querySelector('iframe'); return [frame.clientWidth, frame.clientHeight]";
        (page.run(script, Vec::new()).await == serde_json::json!([320, 460])).then_some(())
    })
    .await;
    page.picture_of_page("demo-opened").await;
}
