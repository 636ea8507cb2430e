//! A page that goes while there is a call: the other side hears of it at once, not when the server misses the phone.

use super::Office;
use softframe_live::{Answers, SOUND, Script};

/// What a person does without thinking of the call.
const REMOVES_THE_FRAME: &str = "document.querySelector('iframe[name=sf]').remove()";

/// The page goes somewhere else, or takes the phone out of itself.
async fn leave(office: &Office, by_removal: bool) {
    match by_removal {
        true => drop(office.page.run(REMOVES_THE_FRAME, Vec::new()).await),
        false => office.page.browser.visit("about:blank").await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn page_that_is_left_in_a_call_says_bye() {
    for by_removal in [false, true] {
        let office = Office::open(Answers::Manual).await;
        let script = Script::callee()
            .is_called(&[])
            .says("200 OK", "", &[], SOUND)
            .takes("ACK", &[])
            .takes("BYE", &[])
            .answers("200 OK", &[], "");
        let sipp = office.kamailio.sipp(&script);
        office.page.click2call("5000").await;
        office.page.expect("phone:accepted").await;
        leave(&office, by_removal).await;
        office.expect_done(sipp).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn page_that_is_left_while_it_rings_cancels_or_sends_the_caller_away() {
    let office = Office::open(Answers::Manual).await;
    let script = Script::callee()
        .is_called(&[])
        .says("180 Ringing", "", &[], "")
        .takes("CANCEL", &[])
        .answers("200 OK", &[], "")
        .says("487 Request Terminated", "", &[], "")
        .takes("ACK", &[]);
    let sipp = office.kamailio.sipp(&script);
    office.page.click2call("5000").await;
    office.page.expect("phone:progress").await;
    leave(&office, false).await;
    office.expect_done(sipp).await;

    let office = Office::open(Answers::Manual).await;
    let script = Script::caller("200")
        .begins("INVITE", &[], SOUND)
        .may_get(100)
        .gets(180, &[])
        .gets(480, &[])
        .acknowledges_refusal();
    let sipp = office.kamailio.sipp(&script);
    office.page.expect("phone:ringing").await;
    leave(&office, false).await;
    office.expect_done(sipp).await;
}
