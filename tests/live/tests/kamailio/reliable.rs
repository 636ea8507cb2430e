//! PRACK (RFC 3262) and session timers (RFC 4028) against SIPp, in both roles, with the wrong answer too.

use crate::phones::Phones;
use softframe_live::{Kamailio, SDP, Script, Settings};

#[tokio::test]
async fn reliable_ringing_of_the_callee_is_acknowledged_once_for_each_number() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let reliable = |number: &'static str| ["Require: 100rel", number];
    let script = Script::callee()
        .is_called(&["Supported: .*100rel"])
        .says("183 Session Progress", "", &reliable("RSeq: 41"), "v=0 early")
        .takes("PRACK", &["RAck: 41 [0-9]+ INVITE"])
        .answers("200 OK", &[], "")
        // The same again, and one that was skipped to: neither gets a PRACK.
        .says("183 Session Progress", "", &reliable("RSeq: 41"), "v=0 early")
        .says("180 Ringing", "", &reliable("RSeq: 43"), "")
        .says("180 Ringing", "", &reliable("RSeq: 42"), "")
        .takes("PRACK", &["RAck: 42 [0-9]+ INVITE"])
        .answers("200 OK", &[], "")
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "progress 183 v=0 early").await;
    phones.until(0, "progress 180").await;
    phones.until(0, "accepted v=0 answer").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
    assert_eq!(phones.count(0, "> PRACK"), 2);
}

#[tokio::test]
async fn caller_that_demands_reliable_ringing_gets_it_again_until_its_prack_comes() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::caller("200")
        .begins("INVITE", &["Require: 100rel", "Supported: 100rel"], SDP)
        .may_get(100)
        .gets_reliable(180)
        .waits(1_000)
        .sends("PRACK", &["RAck: 999 1 INVITE"], "")
        .gets(481, &[])
        .sends("PRACK", &["RAck: [$rseq] 1 INVITE"], "")
        // Where all of this took half a second, it has come once more.
        .may_get(180)
        .gets(200, &[])
        .gets(200, &[])
        .acknowledges_first()
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming").await;
    phones.until_count(0, "< PRACK", 2).await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "confirmed").await;
    assert!(phones.count(0, "> SIP/2.0 180") >= 2, "it was repeated");
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn interval_that_is_too_small_is_refused_and_a_longer_one_is_taken_in_both_roles() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::callee()
        .is_called(&["Session-Expires: 1800", "Supported: .*timer"])
        .says("422 Session Interval Too Small", "", &["Min-SE: 3600"], "")
        .takes("ACK", &[])
        .is_called(&["Session-Expires: 3600", "Min-SE: 3600"])
        .says("200 OK", "b", &["Session-Expires: 3600;refresher=uac", "Require: timer"], "v=0 answer")
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "accepted").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;

    let script = Script::caller("200")
        .begins("INVITE", &["Supported: timer", "Session-Expires: 30"], SDP)
        .may_get(100)
        .gets(422, &["Min-SE: *90"])
        .acknowledges_refusal()
        .begins("INVITE", &["Supported: timer", "Session-Expires: 90", "Min-SE: 90"], SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &["Session-Expires: *90;refresher=uac", "Require: .*timer"])
        .acknowledges("")
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming").await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "terminated Remote 200").await;
    phones.until_done(sipp).await;
}

/// Granted ten seconds, the refresh is due after five: an UPDATE where they take it, else a re-INVITE.
#[tokio::test]
async fn granted_interval_is_refreshed_at_half_time_in_the_way_the_other_side_takes() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let granted = ["Session-Expires: 10;refresher=uac", "Require: timer"];
    for (allow, method) in
        [("Allow: INVITE, ACK, BYE, UPDATE", "UPDATE"), ("Allow: INVITE, ACK, BYE", "INVITE")]
    {
        let headers = [granted[0], granted[1], allow];
        let script = Script::callee()
            .is_called(&[])
            .says("200 OK", "", &headers, "v=0 answer")
            .takes("ACK", &[])
            .takes(method, &["Session-Expires: 10;refresher=uac"])
            .answers("200 OK", &headers, if method == "INVITE" { "v=0 same" } else { "" });
        let script = if method == "INVITE" { script.takes("ACK", &[]) } else { script };
        let script = script.takes("BYE", &[]).answers("200 OK", &[], "");
        let sipp = kamailio.sipp(&script);
        let session = phones.call(0, "5000");
        phones.until(0, "accepted").await;
        if method == "INVITE" {
            phones.until(0, "refresh").await;
            phones.reinvite(0, session, "v=0 same");
            phones.until(0, "reinvited").await;
        } else {
            phones.until_count(0, "> UPDATE", 1).await;
        }
        phones.hang_up(0, session);
        phones.until_done(sipp).await;
    }
}
