//! What a trunk says of calls and asks for, as the page hears it: SIPp behind Kamailio and rtpengine.

use crate::Office;
use serde_json::{Value, json};
use softframe_live::{Answers, SOUND, Script};
use std::time::Duration;

/// Between two steps of the widget's.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn call_without_an_offer_is_answered_and_heard() {
    let office = Office::open(Answers::Manual).await;
    let script = Script::caller("200")
        .begins("INVITE", &[], "")
        .may_get(100)
        .may_get(180)
        .gets(200, &["m=audio"])
        .acknowledges(SOUND)
        .plays("tone.ulaw")
        .takes("INFO", &[])
        .answers("200 OK", &[], "")
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = office.kamailio.sipp(&script);
    office.page.expect("phone:ringing").await;
    office.page.answer().await;
    office.page.expect("phone:accepted").await;
    office.expect_tone().await;
    office.asks_for_the_end().await;
    assert_eq!(office.page.expect("phone:terminated").await["cause"]["endedBy"], "remote");
    office.expect_done(sipp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caller_and_way_of_a_call_reach_the_page_and_the_screen() {
    let office = Office::open(Answers::Manual).await;
    let headers = [
        "P-Asserted-Identity: \"Ana \\\"A.\\\" Núñez\" <sip:+34600100200@sip.test>",
        "Diversion: <sip:903@sip.test>;reason=no-answer",
        "History-Info: <sip:901@sip.test>;index=1",
        "User-to-User: 48656c6c6f;encoding=hex",
        "X-Queue: sales",
    ];
    let script = Script::caller("200")
        .begins("INVITE", &headers, SOUND)
        .may_get(100)
        .gets(180, &[])
        // Until it is read on the screen.
        .waits(4_000)
        .cancels(&["Reason: SIP;cause=200;text=\"Call completed elsewhere\""]);
    let sipp = office.kamailio.sipp(&script);
    let ringing = office.page.expect("phone:ringing").await;
    assert_eq!(
        (&ringing["from"], &ringing["displayName"], &ringing["to"]),
        (&json!("+34600100200"), &json!("Ana \"A.\" Núñez"), &json!("901")),
        "{ringing}"
    );
    for header in &headers[1..] {
        let (name, value) = header.split_once(": ").expect("a header");
        assert_eq!(ringing["headers"][name], value, "{ringing}");
    }
    office.page.phone(async |frame| frame.reads("Ana \"A.\" Núñez").await).await;
    let ended = office.page.expect("phone:terminated").await;
    assert_eq!(ended["cause"]["reason"], "answered-elsewhere", "{ended}");
    office.expect_done(sipp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn number_that_calls_goes_out_and_who_picks_up_is_told() {
    let office = Office::open(Answers::Manual).await;
    let script = Script::callee()
        .is_called(&[
            "P-Preferred-Identity: <sip:.34900100200@sip.test>",
            "P-Asserted-Identity: <sip:200@sip.test>",
        ])
        .says("180 Ringing", "", &[], "")
        .waits(300)
        .says("200 OK", "", &["P-Asserted-Identity: \"Bo\" <sip:311@sip.test>"], SOUND)
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = office.kamailio.sipp(&script);
    let data = json!({ "number": "5000", "from": "+34900100200" });
    office.page.post(json!({ "type": "click2call", "data": data })).await;
    let accepted = office.page.expect("phone:accepted").await;
    assert_eq!(
        (&accepted["connected"], &accepted["displayName"], &accepted["to"]),
        (&json!("311"), &json!("Bo"), &json!("5000")),
        "{accepted}"
    );
    office.page.post(json!({ "type": "hangup" })).await;
    office.page.expect("phone:terminated").await;
    office.expect_done(sipp).await;
}

/// Who offers no telephone-event gets keys by INFO, each after the answer to the last.
#[tokio::test(flavor = "multi_thread")]
async fn keys_go_by_info_where_the_trunk_takes_none_by_rtp() {
    let office = Office::open(Answers::Manual).await;
    let mut script = Script::callee().is_called(&[]).says("200 OK", "", &[], SOUND).takes("ACK", &[]);
    for signal in ["Signal=1", "Signal=#"] {
        script = script.takes("INFO", &["Content-Type: application/dtmf-relay", signal]).waits(300).answers(
            "200 OK",
            &[],
            "",
        );
    }
    let sipp = office.kamailio.sipp(&script.takes("BYE", &[]).answers("200 OK", &[], ""));
    office.page.click2call("5000").await;
    office.page.expect("phone:accepted").await;
    let answered = office.page.ask("dtmf", json!({ "digits": "1#" })).await;
    assert!(answered.is_ok(), "{answered:?}");
    office.page.post(json!({ "type": "hangup" })).await;
    office.page.expect("phone:terminated").await;
    office.expect_done(sipp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn call_puts_itself_through_where_its_caller_is_listed_and_rings_where_not() {
    let config = json!({ "autoAnswer": { "enabled": true, "callers": ["300"] } });
    let office = Office::with(config, Answers::Manual).await;
    let headers = |caller: &'static str| ["Call-Info: <sip:sip.test>;answer-after=0", caller];
    let script = Script::caller("200")
        .begins("INVITE", &headers("P-Asserted-Identity: <sip:301@sip.test>"), SOUND)
        .may_get(100)
        .gets(180, &[])
        .waits(2_500)
        .cancels(&[]);
    let sipp = office.kamailio.sipp(&script);
    let is_missed = |data: &Value| data["status"] == "missed";
    office.page.expect_where(PATIENCE, "phone:terminated", is_missed).await;
    office.expect_done(sipp).await;
    assert_eq!(office.page.count("phone:accepted").await, 0);

    let script = Script::caller("200")
        .begins("INVITE", &headers("P-Asserted-Identity: <sip:300@sip.test>"), SOUND)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges("")
        .plays("tone.ulaw")
        .takes("INFO", &[])
        .answers("200 OK", &[], "")
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = office.kamailio.sipp(&script);
    office.page.expect("phone:accepted").await;
    office.expect_tone().await;
    office.asks_for_the_end().await;
    office.page.expect("phone:terminated").await;
    office.expect_done(sipp).await;
}
