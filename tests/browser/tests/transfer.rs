//! A call that is handed on, after asking first.

use softframe_browser_tests::{Page, Server};

/// Two people talk; the first asks a third one and connects the two. The third is the number that sends a tone: heard at
/// the second phone, which never called it.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_asked_first_is_heard_by_the_one_who_is_handed_on() {
    let server = Server::start();
    let (page, other) =
        (Page::open_registered(&server, 200).await, Page::open_registered(&server, 201).await);
    page.click2call("201").await;
    other.expect("phone:ringing").await;
    other.answer().await;
    page.expect("phone:accepted").await;
    other.expect_audio().await;
    page.phone(async |frame| {
        frame.press("Transfer").await;
        frame.type_into(".search-place input", "600").await;
        frame.press("Ask first").await;
    })
    .await;
    assert_eq!(page.expect("phone:hold").await["by"], "local");
    assert_eq!(other.expect("phone:hold").await["by"], "remote");
    assert_eq!(page.expect("phone:accepted").await["to"], "600");
    server.expect_heard("600").await;
    page.reached("34-asked", ".complete:not([aria-disabled=true])", "Transfer").await;
    page.phone(async |frame| frame.click(".consult .complete").await).await;
    for _ in 0..2 {
        assert_eq!(page.expect("phone:terminated").await["cause"]["reason"], "transferred");
    }
    page.expect_no_media().await;
    assert_eq!(other.expect("phone:accepted").await["to"], "600");
    other.expect_audio_to("600", &server).await;
    other.picture("transfer/handed-on").await;
}
