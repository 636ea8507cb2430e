//! Requests that cannot be served get the code that says why, and ring nowhere.

use crate::phones::Phones;
use softframe_live::{Kamailio, SDP, Script, Settings};

#[tokio::test]
async fn requests_of_the_trunk_that_cannot_be_served_get_the_code_that_says_why() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let invite = |headers: &[&str], body: &str, code: u16, checks: &[&str]| {
        let script = Script::caller("200").begins("INVITE", headers, body).may_get(100);
        script.gets(code, checks).acknowledges_refusal()
    };
    let other = |method: &str, headers: &[&str], body: &str, code: u16, checks: &[&str]| {
        Script::caller("200").begins(method, headers, body).gets(code, checks)
    };
    for (what, script) in [
        ("an extension", invite(&["Require: x-nothing, timer"], SDP, 420, &["Unsupported: *x-nothing"])),
        ("a body", invite(&["Content-Type: text/x-odd"], "odd", 415, &["Accept: .*application/sdp"])),
        ("a packed body", invite(&["Content-Encoding: gzip"], SDP, 415, &["Accept-Encoding:"])),
        ("a method", other("FETCH", &[], "", 405, &["Allow: .*INVITE"])),
        ("a number", other("PRACK", &["RAck: 1 1 INVITE"], "", 481, &[])),
        ("a dialog", other("UPDATE", &[], SDP, 481, &[])),
    ] {
        let sipp = kamailio.sipp(&script);
        println!("{what}");
        phones.until_done(sipp).await;
    }
    assert_eq!(phones.told(0), Vec::<String>::new(), "nobody hears of any of them");
}

/// Of the demo's Kamailio: who is no edge leads the calls of an account nowhere else.
#[tokio::test]
async fn registration_with_a_path_that_no_edge_has_added_is_refused() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let headers = ["Path: <sip:127.0.0.9:9;lr>", "Supported: path, outbound", "Expires: 600"];
    let sipp = kamailio.sipp(&Script::caller("200").begins("REGISTER", &headers, "").gets(403, &[]));
    phones.until_done(sipp).await;
}

/// Parallel workers of a proxy let messages overtake each other.
#[tokio::test]
async fn ringing_that_comes_after_the_answer_is_not_told() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::callee()
        .is_called(&[])
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .says("180 Ringing", "", &[], "")
        .says("183 Session Progress", "x", &[], "v=0 too late")
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "accepted v=0 answer").await;
    phones.pass(std::time::Duration::from_millis(500)).await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
    assert_eq!(phones.told(0), ["terminated Local 200"]);
}
