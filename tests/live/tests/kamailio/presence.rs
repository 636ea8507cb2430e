//! Presence, the state of calls and waiting messages through Kamailio's presence server, which keeps what phones publish.

use crate::phones::Phones;
use softframe_live::{Kamailio, Settings};
use softframe_sip::Command;

const PIDF: &str = "application/pidf+xml";
const DIALOG_INFO: &str = "application/dialog-info+xml";
const SUMMARY: &str = "application/simple-message-summary";

fn subscribe(phones: &mut Phones, target: &str, event: &str, accept: &'static str) {
    let subscription = phones.next_subscription(0);
    let (target, event) = (target.to_owned(), event.to_owned());
    phones.command(0, Command::Subscribe { subscription, target, event, accept });
}

fn publish(event: &str, content_type: &str, body: &str) -> Command {
    Command::Publish {
        event: event.to_owned(),
        content_type: content_type.to_owned(),
        body: body.as_bytes().to_vec(),
    }
}

fn pidf(basic: &str, note: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"sip:201@sip.test\">\
         <tuple id=\"softframe\"><status><basic>{basic}</basic></status><note>{note}</note></tuple></presence>"
    )
}

#[tokio::test]
async fn presence_that_a_colleague_publishes_is_told_now_and_at_each_change() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    subscribe(&mut phones, "201", "presence", PIDF);
    // Of whom nothing is published, there is a first word all the same.
    phones.until(0, "notified").await;
    for (basic, note) in [("open", "At my desk"), ("closed", "Lunch")] {
        phones.command(1, publish("presence", PIDF, &pidf(basic, note)));
        let told = phones.until_containing(0, note).await;
        assert!(told.contains(basic), "{told}");
    }
    // Signing out takes it back.
    phones.command(1, Command::Unregister);
    phones.until(1, "Offline").await;
    phones.until(0, "notified").await;
}

#[tokio::test]
async fn call_state_that_is_published_reaches_who_watches_it() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    subscribe(&mut phones, "201", "dialog", DIALOG_INFO);
    phones.until(0, "notified").await;
    let info = "<?xml version=\"1.0\"?><dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" \
                state=\"full\" entity=\"sip:201@sip.test\"><dialog id=\"d1\" direction=\"recipient\">\
                <state>early</state></dialog></dialog-info>";
    phones.command(1, publish("dialog", DIALOG_INFO, info));
    phones.until_containing(0, "<state>early</state>").await;
}

#[tokio::test]
async fn waiting_messages_are_told_to_who_subscribed() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    subscribe(&mut phones, "201", "message-summary", SUMMARY);
    phones.until(0, "notified").await;
    let summary = "Messages-Waiting: yes\r\nMessage-Account: sip:201@sip.test\r\nVoice-Message: 3/1\r\n";
    phones.command(1, publish("message-summary", SUMMARY, summary));
    phones.until_containing(0, "Voice-Message: 3/1").await;
}

#[tokio::test]
async fn event_that_the_server_does_not_know_fails_for_good() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    subscribe(&mut phones, "201", "x-weather", PIDF);
    phones.until(0, "subscription failed 489").await;
    phones.command(0, publish("x-weather", PIDF, "<rain/>"));
    phones.until(0, "publication refused 489").await;
}
