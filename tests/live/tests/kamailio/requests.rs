//! What comes and goes outside of calls: MESSAGE, OPTIONS, waiting messages, keep-alives.

use crate::phones::Phones;
use softframe_live::{Kamailio, SDP, Script, Settings};
use softframe_sip::Command;

#[tokio::test]
async fn message_and_info_arrive_and_the_flow_is_kept_alive() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let (content_type, body) = ("text/plain".to_owned(), "¡hola!".as_bytes().to_vec());
    phones.command(0, Command::Message { number: None, target: "201".to_owned(), content_type, body });
    phones.until(1, "message ¡hola!").await;
    let (ours, _) = phones.in_call("201").await;
    let (content_type, body) = ("application/dtmf-relay".to_owned(), b"Signal=5".to_vec());
    phones.command(0, Command::Info { session: ours, content_type, body });
    phones.until(1, "info Signal=5").await;
    // In a call the first ping comes after 10 s.
    phones.until_answered_ping(0).await;
    phones.command(0, Command::Unregister);
    phones.until(0, "Offline").await;
    phones.until(1, "terminated Remote 200").await;
}

#[tokio::test]
async fn options_from_the_trunk_is_answered_with_what_the_phone_can() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::caller("200")
        .begins("OPTIONS", &["Accept: application/sdp"], "")
        .gets(200, &["Allow: .*INVITE.*UPDATE", "Supported: .*100rel", "Accept: application/sdp"]);
    let sipp = kamailio.sipp(&script);
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn text_message_from_the_trunk_arrives_and_one_to_the_trunk_goes_out() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::caller("200")
        .begins("MESSAGE", &["Content-Type: text/plain;charset=utf-8"], "where are you?")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&script);
    phones.until(0, "message where are you?").await;
    phones.until_done(sipp).await;
    let sipp = kamailio.sipp(&Script::callee().takes("MESSAGE", &["on my way"]).answers("200 OK", &[], ""));
    let (content_type, body) = ("text/plain".to_owned(), b"on my way".to_vec());
    phones.command(0, Command::Message { number: None, target: "5000".to_owned(), content_type, body });
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn waiting_messages_are_told_unasked_and_another_event_is_refused() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let summary = ["Event: message-summary", "Subscription-State: terminated;reason=noresource"];
    let headers = [summary[0], summary[1], "Content-Type: application/simple-message-summary"];
    let body = "Messages-Waiting: yes\nMessage-Account: sip:200@sip.test\nVoice-Message: 2/8 (0/2)\n";
    let sipp = kamailio.sipp(&Script::caller("200").begins("NOTIFY", &headers, body).gets(200, &[]));
    phones.until(0, "notify Messages-Waiting: yes\r\n").await;
    phones.until_done(sipp).await;

    let headers = ["Event: x-weather", summary[1]];
    let script =
        Script::caller("200").begins("NOTIFY", &headers, "").gets(489, &["Allow-Events: .*message-summary"]);
    let sipp = kamailio.sipp(&script);
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn info_of_a_package_and_update_in_a_call_are_answered_as_they_must() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let package = ["Info-Package: x-sensor", "Content-Type: text/plain"];
    let keys = ["Content-Type: application/dtmf-relay"];
    let script = Script::caller("200")
        .begins("INVITE", &["Supported: timer", "Session-Expires: 1800;refresher=uac"], SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges("")
        .sends("INFO", &package, "21 degrees")
        .gets(469, &["Recv-Info:"])
        .sends("INFO", &keys, "Signal=5")
        .gets(200, &[])
        .sends("UPDATE", &["Supported: timer", "Session-Expires: 1800;refresher=uac"], "")
        .gets(200, &["Session-Expires: *1800;refresher=uac"])
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming").await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "info Signal=5").await;
    phones.until(0, "terminated Remote 200").await;
    phones.until_done(sipp).await;
}
