//! Offers in a call: when two meet, when they come late.

use crate::phones::Phones;
use softframe_live::{Kamailio, SDP, Script, Settings};
use softframe_sip::Command;

/// Both of our own hold at the same moment: each is told 491, and after their waits both have their way.
#[tokio::test]
async fn offers_that_meet_are_both_repeated_and_taken() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let (ours, theirs) = phones.in_call("201").await;
    phones.reinvite(0, ours, "v=0 ours");
    phones.reinvite(1, theirs, "v=0 theirs");
    // Who was called waits the shorter time.
    phones.until(0, "offered v=0 theirs").await;
    phones.answer(0, ours, "v=0 answer");
    phones.until(1, "reinvited").await;
    // Ours gave way to theirs, as the phone is told; it may offer again.
    phones.reinvite(0, ours, "v=0 ours");
    phones.until(1, "offered v=0 ours").await;
    phones.answer(1, theirs, "v=0 answer");
    phones.until(0, "reinvited").await;
    assert!(phones.count(0, "< SIP/2.0 491") >= 1 && phones.count(1, "< SIP/2.0 491") >= 1);
    phones.hang_up(0, ours);
    phones.until(1, "terminated Remote 200").await;
}

#[tokio::test]
async fn offer_put_off_by_491_comes_again_with_a_higher_number() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::callee()
        .is_called(&[])
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .takes("INVITE", &["v=0 hold"])
        .answers("491 Request Pending", &[], "")
        .takes("ACK", &[])
        .takes("INVITE", &["v=0 hold"])
        .answers("200 OK", &[], "v=0 held")
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "accepted").await;
    phones.reinvite(0, session, "v=0 hold");
    phones.until(0, "reinvited v=0 held").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
    let numbers: Vec<u32> = phones
        .frames(0)
        .iter()
        .filter(|frame| frame.starts_with("> INVITE"))
        .filter_map(|frame| frame.split("CSeq: ").nth(1)?.split(' ').next()?.parse().ok())
        .collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
}

/// While our offer is in the air, theirs gets 491; ours is answered, then theirs comes again and is taken.
#[tokio::test]
async fn offer_of_theirs_while_ours_is_in_the_air_is_refused_with_491() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::caller("200")
        .begins("INVITE", &[], SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges("")
        .takes("INVITE", &["v=0 ours"])
        .sends("INVITE", &[], SDP)
        .may_get(100)
        .gets(491, &[])
        .acknowledges_refusal()
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming").await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "confirmed").await;
    phones.reinvite(0, session, "v=0 ours");
    phones.until(0, "terminated Remote 200").await;
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn invite_without_an_offer_is_answered_with_ours_and_the_ack_brings_the_answer() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::caller("200")
        .begins("INVITE", &[], "")
        .may_get(100)
        .may_get(180)
        .gets(200, &["v=0 our offer"])
        .acknowledges("v=0 their answer")
        // The same once more inside of the call, as who comes back from hold does it.
        .sends("INVITE", &[], "")
        .may_get(100)
        .gets(200, &["v=0 our next offer"])
        .acknowledges("v=0 their next answer")
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming without offer").await;
    phones.accept(0, session, "v=0 our offer");
    phones.until(0, "confirmed v=0 their answer").await;
    phones.until(0, "offered ").await;
    phones.answer(0, session, "v=0 our next offer");
    phones.until(0, "confirmed v=0 their next answer").await;
    phones.until(0, "terminated Remote 200").await;
    phones.until_done(sipp).await;
}

/// Early media was agreed on in a reliable response; SIPp puts the first offer off, refuses the second and takes the third.
#[tokio::test]
async fn offer_before_the_answer_goes_by_update_in_the_early_dialog() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let early = ["Require: 100rel", "RSeq: 7", "Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE"];
    let script = Script::callee()
        .is_called(&["Allow: .*UPDATE"])
        .says("183 Session Progress", "", &early, "v=0 early")
        .takes("PRACK", &["RAck: 7 [0-9]+ INVITE"])
        .answers("200 OK", &[], "")
        .takes("UPDATE", &["v=0 restart", "Contact: "])
        .answers("500 Not Now", &["Retry-After: 1"], "")
        .takes("UPDATE", &["v=0 restart"])
        .answers("488 Not Acceptable Here", &[], "")
        .takes("UPDATE", &["v=0 another"])
        .answers("200 OK", &[], "v=0 renewed")
        .says("200 OK", "", &[], "v=0 early")
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "progress 183 v=0 early").await;
    phones.update(0, session, "v=0 restart");
    phones.until(0, "reinvite failed 488").await;
    phones.update(0, session, "v=0 another");
    phones.until(0, "reinvited v=0 renewed").await;
    phones.until(0, "accepted v=0 early").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
    assert_eq!(phones.count(0, "> UPDATE"), 3);
}

/// SIPp as the caller that demands reliable responses: our UPDATE reaches it before we answer, and our 200 waits for what it
/// says to that.
#[tokio::test]
async fn callee_offers_by_update_before_it_answers() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let allow = "Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE";
    let script = Script::caller("200")
        .begins("INVITE", &["Require: 100rel", "Supported: 100rel", allow], "")
        .may_get(100)
        .gets_reliable(180)
        .sends("PRACK", &["RAck: [$rseq] 1 INVITE"], "v=0 answer")
        .gets(200, &[])
        .takes("UPDATE", &["v=0 renewed"])
        .answers("200 OK", &[], "v=0 agreed")
        .gets(200, &[])
        .acknowledges_first()
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming without offer").await;
    phones.command(0, Command::Progress { session, code: 180, answer: b"v=0 ours".to_vec() });
    phones.until(0, "early answer v=0 answer").await;
    let offer = b"v=0 renewed".to_vec();
    phones.command(0, Command::Update { session, fork: String::new(), offer });
    phones.accept(0, session, "");
    phones.until(0, "reinvited v=0 agreed").await;
    phones.until(0, "confirmed").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
}
