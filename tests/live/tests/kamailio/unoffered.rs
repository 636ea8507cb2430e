//! Offers that are not in the INVITE: ours in 18x and theirs in PRACK, theirs in 18x and 2xx and ours in PRACK and ACK, with
//! SIPp as the other side of the proxy.

use crate::phones::Phones;
use softframe_live::{Kamailio, SDP, Script, Settings};
use softframe_sip::{Command, SessionId};

fn call_without_an_offer(phones: &mut Phones) -> SessionId {
    let session = phones.next_session(0);
    let (target, offer, headers) = ("5000".to_owned(), Vec::new(), Vec::new());
    phones.command(0, Command::Invite { session, target, offer, headers });
    session
}

/// The proxy's challenge got an ACK, too.
async fn hang_up_after_the_second_ack(phones: &mut Phones, session: SessionId) {
    phones.until_count(0, "> ACK", 2).await;
    phones.hang_up(0, session);
}

#[tokio::test]
async fn offer_in_the_200_to_our_invite_is_answered_in_the_ack() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::callee()
        .is_called(&[])
        .says("180 Ringing", "", &[], "")
        .says("200 OK", "", &[], "v=0 theirs")
        .takes("ACK", &["v=0 ours"])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = call_without_an_offer(&mut phones);
    phones.until(0, "accepted v=0 theirs").await;
    assert_eq!(phones.count(0, "> ACK"), 1, "none before there is an answer");
    phones.answer(0, session, "v=0 ours");
    hang_up_after_the_second_ack(&mut phones, session).await;
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn offer_in_a_reliable_response_to_our_invite_is_answered_in_the_prack() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::callee()
        .is_called(&["Supported: .*100rel"])
        .says("183 Session Progress", "", &["Require: 100rel", "RSeq: 7"], "v=0 theirs")
        .takes("PRACK", &["RAck: 7 [0-9]+ INVITE", "v=0 ours"])
        .answers("200 OK", &[], "")
        .says("200 OK", "", &[], "")
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = call_without_an_offer(&mut phones);
    phones.until(0, "progress 183 v=0 theirs").await;
    phones.answer(0, session, "v=0 ours");
    phones.until(0, "accepted").await;
    hang_up_after_the_second_ack(&mut phones, session).await;
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn our_offer_in_the_ringing_is_answered_in_the_prack_and_theirs_in_a_prack_in_its_200() {
    for late in [true, false] {
        let kamailio = Kamailio::start(Settings::default());
        let mut phones = Phones::registered(kamailio.port, &["200"]).await;
        let (offer, code) = if late { ("", 180) } else { (SDP, 183) };
        let mut script = Script::caller("200")
            .begins("INVITE", &["Require: 100rel", "Supported: 100rel"], offer)
            .may_get(100);
        if !late {
            // It rings by itself where that needs no offer of ours.
            script = script.gets_reliable(180).sends("PRACK", &["RAck: [$rseq] 1 INVITE"], "").gets(200, &[]);
        }
        let answered: &[&str] = if late { &[] } else { &["v=0 agreed"] };
        let script = script
            .gets_reliable(code)
            .sends("PRACK", &["RAck: [$rseq] 1 INVITE"], "v=0 theirs")
            .gets(200, answered)
            .gets(200, &[])
            .acknowledges_first()
            .takes("BYE", &[])
            .answers("200 OK", &[], "");
        let sipp = kamailio.sipp(&script);
        let session = phones.until(0, "incoming").await;
        phones.command(0, Command::Progress { session, code, answer: b"v=0 ours".to_vec() });
        if late {
            phones.until(0, "early answer v=0 theirs").await;
        } else {
            phones.until(0, "offered v=0 theirs").await;
            phones.answer(0, session, "v=0 agreed");
        }
        phones.accept(0, session, "v=0 ours");
        phones.until(0, "confirmed").await;
        phones.hang_up(0, session);
        phones.until_done(sipp).await;
    }
}
