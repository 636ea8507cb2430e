//! Flows that are cut or freeze, idle and in a call, and a server that is started anew.

use crate::phones::{Phones, config};
use softframe_live::{Kamailio, Relay, Settings};

/// Phone 0 behind a relay, phone 1 not.
async fn behind_a_relay(settings: Settings) -> (Kamailio, Relay, Phones) {
    let kamailio = Kamailio::start(settings);
    let relay = Relay::start(kamailio.port).await;
    let mut phones = Phones::with(vec![config(relay.port, "200"), config(kamailio.port, "201")]);
    for phone in 0..2 {
        phones.register(phone).await;
    }
    (kamailio, relay, phones)
}

#[tokio::test]
async fn idle_flow_that_is_closed_is_opened_again_at_the_first_try_and_calls_come_in() {
    let (_kamailio, relay, mut phones) = behind_a_relay(Settings::default()).await;
    relay.close();
    phones.until(0, "Reconnecting").await;
    phones.until(0, "Registered").await;
    assert_eq!(relay.connections(), 2);
    let ours = phones.call(1, "200");
    let theirs = phones.until(0, "incoming").await;
    phones.accept(0, theirs, "v=0 answer");
    phones.until(1, "accepted").await;
    phones.hang_up(1, ours);
    phones.until(0, "terminated Remote 200").await;
}

#[tokio::test]
async fn idle_flow_that_freezes_is_found_by_the_missing_pong_and_replaced() {
    let settings = Settings { flow_timer: 4, ..Settings::default() };
    let (_kamailio, relay, mut phones) = behind_a_relay(settings).await;
    phones.until_answered_ping(0).await;
    relay.freeze();
    // Four seconds to the next ping, ten for its answer.
    phones.until(0, "Reconnecting").await;
    phones.until(0, "Registered").await;
    assert_eq!(relay.connections(), 2);
    // The binding of the frozen flow is there for the registrar still: the new one has taken its place.
    let ours = phones.call(1, "200");
    let theirs = phones.until(0, "incoming").await;
    phones.accept(0, theirs, "v=0 answer");
    phones.until(1, "accepted").await;
    phones.hang_up(1, ours);
    phones.until(0, "terminated Remote 200").await;
}

#[tokio::test]
async fn call_survives_a_flow_that_is_closed_and_either_side_can_go_on() {
    let (_kamailio, relay, mut phones) = behind_a_relay(Settings::default()).await;
    for by in [0, 1] {
        let (ours, theirs) = phones.in_call("201").await;
        relay.close();
        phones.until(0, "Registered").await;
        let (session, other) = if by == 0 { (ours, theirs) } else { (theirs, ours) };
        phones.reinvite(by, session, "v=0 again");
        phones.until(1 - by, "offered v=0 again").await;
        phones.answer(1 - by, other, "v=0 here");
        phones.until(by, "reinvited v=0 here").await;
        phones.hang_up(by, session);
        phones.until(1 - by, "terminated Remote 200").await;
    }
}

#[tokio::test]
async fn call_survives_a_flow_that_freezes() {
    let (_kamailio, relay, mut phones) = behind_a_relay(Settings::default()).await;
    let (ours, theirs) = phones.in_call("201").await;
    relay.freeze();
    // In a call ten seconds to the ping, ten for its answer.
    phones.until(0, "Reconnecting").await;
    phones.until(0, "Registered").await;
    phones.reinvite(0, ours, "v=0 again");
    phones.until(1, "offered v=0 again").await;
    phones.answer(1, theirs, "v=0 here");
    phones.until(0, "reinvited v=0 here").await;
    phones.hang_up(1, theirs);
    phones.until(0, "terminated Remote 200").await;
}

/// Who hung up while the flow was away is not talked to for ever: the first request on the new flow says so.
#[tokio::test]
async fn far_end_that_hung_up_during_the_cut_ends_the_call_at_the_first_offer_after_it() {
    let (_kamailio, relay, mut phones) = behind_a_relay(Settings::default()).await;
    let (ours, theirs) = phones.in_call("201").await;
    relay.freeze();
    phones.hang_up(1, theirs);
    phones.until(0, "Reconnecting").await;
    phones.until(0, "Registered").await;
    phones.reinvite(0, ours, "v=0 again");
    phones.until(0, "terminated Network 481").await;
}

#[tokio::test]
async fn server_that_is_started_anew_finds_all_phones_again_and_their_call_goes_on() {
    let mut kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let (ours, theirs) = phones.in_call("201").await;
    kamailio.stop();
    for phone in 0..2 {
        phones.until(phone, "Reconnecting").await;
    }
    kamailio.start_again();
    for phone in 0..2 {
        phones.until(phone, "Registered").await;
    }
    for (from, to, session, other) in [(0, 1, ours, theirs), (1, 0, theirs, ours)] {
        phones.reinvite(from, session, "v=0 again");
        phones.until(to, "offered v=0 again").await;
        phones.answer(to, other, "v=0 here");
        phones.until(from, "reinvited v=0 here").await;
    }
    phones.hang_up(1, theirs);
    phones.until(0, "terminated Remote 200").await;
    phones.in_call("201").await;
}
