//! Two calls as one conversation, by their sound: each of two others hears the other one, and no more after they part.

use serde_json::{Value, json};
use softframe_browser_tests::{Page, Server, within};
use std::time::Duration;

/// The tone of 600. 601 repeats what it hears.
const TONE: u64 = 440;
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until what this number has heard of late is that tone, or nothing.
async fn expect_to_hear(server: &Server, number: &str, tone: Option<u64>) {
    within(PATIENCE, &format!("{number} hears {tone:?}"), async || {
        let heard = server.call_with(number)?["heard"].clone();
        (heard["packets"].as_u64()? > 50 && heard["dominantHz"].as_u64() == tone).then_some(())
    })
    .await;
}

async fn act(page: &Page, kind: &str, data: Value) {
    page.ask(kind, data).await.unwrap_or_else(|error| panic!("{kind}: {error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_others_hear_one_another_while_their_calls_are_merged_and_not_before_or_after() {
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    page.click2call("601").await;
    let first = page.expect("phone:calling").await["id"].clone();
    page.expect("phone:accepted").await;
    page.click2call("600").await;
    let second = page.expect("phone:calling").await["id"].clone();
    page.expect("phone:accepted").await;
    // The person says nothing, so that all that is heard is the other.
    for id in [&first, &second] {
        act(&page, "mute", json!({ "callId": id })).await;
    }
    expect_to_hear(&server, "600", None).await;

    act(&page, "merge", json!({})).await;
    // The echo hears the tone, and the tone hears its own from the echo.
    expect_to_hear(&server, "601", Some(TONE)).await;
    expect_to_hear(&server, "600", Some(TONE)).await;

    act(&page, "hold", json!({ "callId": second })).await;
    expect_to_hear(&server, "601", None).await;
    expect_to_hear(&server, "600", None).await;
    act(&page, "hangup", json!({ "callId": second })).await;
    page.expect("phone:terminated").await;
    // The person is heard again by the one that is left.
    act(&page, "unmute", json!({ "callId": first })).await;
    server.expect_heard("601").await;
    // Every page holds the snapshot against the fold of its events; here it is seen that it does.
    assert!(page.run("return compared", Vec::new()).await.as_u64() >= Some(8), "after each event");
}

/// What 608 sounds like.
const HIGH: u64 = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_are_merged_and_split_by_the_person_and_each_other_hears_the_tone_of_the_other_in_between()
{
    let server = Server::start();
    let page = Page::open_registered(&server, 200).await;
    for number in ["600", "608"] {
        page.click2call(number).await;
        page.expect("phone:accepted").await;
    }
    // The person says nothing, so that all that is heard is the other.
    page.phone(async |frame| frame.press("Merge").await).await;
    page.phone(async |frame| {
        frame.reads("3-way call").await;
        frame.press("Mute").await;
    })
    .await;
    page.reached("30-three-way", ".merged .top .title", "3-way call").await;
    expect_to_hear(&server, "600", Some(HIGH)).await;
    expect_to_hear(&server, "608", Some(TONE)).await;

    page.phone(async |frame| frame.press("Split").await).await;
    expect_to_hear(&server, "600", None).await;
    expect_to_hear(&server, "608", None).await;
    page.phone(async |frame| frame.reads("2 calls").await).await;

    page.phone(async |frame| frame.press("Merge").await).await;
    page.phone(async |frame| frame.reads("3-way call").await).await;
    page.phone(async |frame| frame.click("[aria-label='Drop 600']").await).await;
    assert_eq!(page.expect("phone:terminated").await["to"], "600");
    page.phone(async |frame| frame.reads("End call").await).await;
}
