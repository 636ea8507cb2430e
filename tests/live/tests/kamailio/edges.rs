//! Phones behind edges (RFC 5626, RFC 3327): the registrar finds them by the Path that the edge has added, and their calls
//! outlive an edge.

use crate::phones::{Phones, config};
use softframe_live::{Edge, Kamailio, SDP, Script, Settings};
use softframe_sip::{Config, SessionId};

fn behind(edges: &[&Edge], user: &str) -> Config {
    Config { servers: edges.iter().map(|edge| edge.url()).collect(), ..config(0, user) }
}

/// Both sides offer anew, so that requests went both ways.
async fn reinvite_both_ways(phones: &mut Phones, ours: SessionId, theirs: SessionId) {
    for (from, to, session, other) in [(0, 1, ours, theirs), (1, 0, theirs, ours)] {
        phones.reinvite(from, session, "v=0 again");
        phones.until(to, "offered v=0 again").await;
        phones.answer(to, other, "v=0 here");
        phones.until(from, "reinvited v=0 here").await;
    }
}

#[tokio::test]
async fn phone_behind_an_edge_registers_with_a_path_and_is_called_through_it() {
    let kamailio = Kamailio::start(Settings::default());
    let edge = Edge::start(&kamailio, 1);
    // One behind the edge, one beside it.
    let mut phones = Phones::with(vec![behind(&[&edge], "200"), config(kamailio.port, "201")]);
    for phone in 0..2 {
        phones.register(phone).await;
    }
    let granted =
        phones.frames(0).iter().rev().find(|frame| frame.starts_with("< SIP/2.0 200")).expect("a 200");
    let path = granted.lines().find(|line| line.starts_with("Path:")).expect("the registrar has kept a Path");
    assert!(path.contains(&edge.host_and_port()) && path.contains(";ob"), "{path}");
    for by in [0, 1] {
        let (ours, theirs) = phones.in_call("201").await;
        reinvite_both_ways(&mut phones, ours, theirs).await;
        phones.hang_up(by, if by == 0 { ours } else { theirs });
        phones.until(1 - by, "terminated Remote 200").await;
    }
    let theirs = phones.call(1, "200");
    let ours = phones.until(0, "incoming").await;
    phones.accept(0, ours, "v=0 answer");
    phones.until(1, "accepted").await;
    phones.until(0, "confirmed").await;
    reinvite_both_ways(&mut phones, ours, theirs).await;
    phones.hang_up(1, theirs);
    phones.until(0, "terminated Remote 200").await;
}

/// A trunk that knows nothing of it calls a phone behind an edge, and is called.
#[tokio::test]
async fn trunk_and_phone_behind_an_edge_call_each_other_and_end_it() {
    let kamailio = Kamailio::start(Settings::default());
    let edge = Edge::start(&kamailio, 1);
    let mut phones = Phones::with(vec![behind(&[&edge], "200")]);
    phones.register(0).await;
    let caller = Script::caller("200")
        .begins("INVITE", &[], SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges("")
        .sends("INFO", &["Content-Type: application/dtmf-relay"], "Signal=5")
        .gets(200, &[])
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&caller);
    let session = phones.until(0, "incoming offer").await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "info Signal=5").await;
    phones.until(0, "terminated Remote 200").await;
    phones.until_done(sipp).await;

    // Three Vias, and one Record-Route: the edge does not stay in the dialog of a phone that has a GRUU.
    let callee = Script::callee()
        .takes("INVITE", &["Contact: <sip:200@sip.test;gr="])
        .opens("200 OK", &[], SDP)
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&callee);
    let session = phones.call(0, "5000");
    phones.until(0, "accepted").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
}

/// Where the registrar gives no GRUU, the Contact says `ob`, and the edge stays in the dialog with a token of the flow.
#[tokio::test]
async fn dialog_without_a_gruu_stays_on_the_flow_through_its_edge() {
    let kamailio = Kamailio::start(Settings { gruu: false, ..Settings::default() });
    let edge = Edge::start(&kamailio, 1);
    let mut phones = Phones::with(vec![behind(&[&edge], "200"), config(kamailio.port, "201")]);
    for phone in 0..2 {
        phones.register(phone).await;
    }
    let (ours, theirs) = phones.in_call("201").await;
    let invite = phones.frames(1).iter().find(|frame| frame.starts_with("< INVITE")).expect("an INVITE");
    assert!(invite.contains(";ob>"), "{invite}");
    let token = format!("@{};", edge.host_and_port());
    // Before the `@` stands the token.
    let route = invite.lines().find(|line| line.starts_with("Record-Route:") && line.contains(&token));
    assert!(route.is_some_and(|line| !line.contains("<sip:@")), "{invite}");
    reinvite_both_ways(&mut phones, ours, theirs).await;
    phones.hang_up(1, theirs);
    phones.until(0, "terminated Remote 200").await;

    let theirs = phones.call(1, "200");
    let ours = phones.until(0, "incoming").await;
    phones.accept(0, ours, "v=0 answer");
    phones.until(1, "accepted").await;
    phones.until(0, "confirmed").await;
    reinvite_both_ways(&mut phones, ours, theirs).await;
    phones.hang_up(0, ours);
    phones.until(1, "terminated Remote 200").await;
}

#[tokio::test]
async fn edge_that_ends_is_replaced_by_the_other_and_the_call_goes_on() {
    let kamailio = Kamailio::start(Settings::default());
    let (mut first, second) = (Edge::start(&kamailio, 1), Edge::start(&kamailio, 2));
    let configs = vec![behind(&[&first, &second], "200"), behind(&[&second], "201")];
    let mut phones = Phones::with(configs);
    for phone in 0..2 {
        phones.register(phone).await;
    }
    let (ours, theirs) = phones.in_call("201").await;
    first.stop();
    phones.until(0, "Reconnecting").await;
    phones.until(0, "Registered").await;
    reinvite_both_ways(&mut phones, ours, theirs).await;
    phones.hang_up(1, theirs);
    phones.until(0, "terminated Remote 200").await;

    // And calls come in.
    let theirs = phones.call(1, "200");
    let ours = phones.until(0, "incoming").await;
    phones.accept(0, ours, "v=0 answer");
    phones.until(1, "accepted").await;
    phones.hang_up(0, ours);
    assert_eq!(phones.until(1, "terminated Remote 200").await, theirs);
}
