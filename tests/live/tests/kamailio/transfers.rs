//! REFER, by us and by others, with and without somebody to replace.

use crate::phones::Phones;
use softframe_live::{Kamailio, SDP, Script, Settings};
use softframe_sip::{Command, SessionId};

/// Any call but `beside`: those of a phone begin with any letter.
const NOT_BESIDE: &str = "Call-ID: ([^b]|b[^e])";

#[tokio::test]
async fn transfer_connects_the_other_two() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201", "202"]).await;
    let (ours, theirs) = phones.in_call("201").await;
    phones.command(
        0,
        Command::Refer { session: ours, target: "202".to_owned(), replaces: None, headers: Vec::new() },
    );
    phones.until(1, "referred to sip:202@sip.test").await;
    let session = phones.next_session(1);
    let offer = b"v=0 offer".to_vec();
    phones.command(1, Command::Follow { session, referred: theirs, offer, headers: Vec::new() });
    let third = phones.until(2, "incoming").await;
    phones.until(0, "transfer 180").await;
    phones.accept(2, third, "v=0 answer");
    phones.until(0, "transfer 200").await;
    phones.hang_up(0, ours);
    phones.until(1, "terminated Remote 200").await;
    phones.hang_up(2, third);
    phones.until(1, "terminated Remote 200").await;
}

#[tokio::test]
async fn transfer_that_fails_gives_the_call_back() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let (ours, theirs) = phones.in_call("201").await;
    phones.command(
        0,
        Command::Refer { session: ours, target: "209".to_owned(), replaces: None, headers: Vec::new() },
    );
    phones.until(1, "referred to sip:209@sip.test").await;
    let session = phones.next_session(1);
    let offer = b"v=0 offer".to_vec();
    phones.command(1, Command::Follow { session, referred: theirs, offer, headers: Vec::new() });
    phones.until(1, "terminated Remote 480").await;
    phones.until(0, "transfer 480").await;
    phones.reinvite(0, ours, "v=0 back");
    phones.until(1, "offered v=0 back").await;
    phones.answer(1, theirs, "v=0 here");
    phones.until(0, "reinvited v=0 here").await;
}

#[tokio::test]
async fn attended_transfer_puts_one_call_in_the_place_of_another() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201", "202"]).await;
    let (first, theirs) = phones.in_call("201").await;
    let second = phones.call(0, "202");
    let asked = phones.until(2, "incoming").await;
    phones.accept(2, asked, "v=0 answer");
    phones.until(0, "accepted").await;
    phones.until(2, "confirmed").await;
    phones.command(
        0,
        Command::Refer { session: first, target: String::new(), replaces: Some(second), headers: Vec::new() },
    );
    phones.until(1, "referred to").await;
    let session = phones.next_session(1);
    let offer = b"v=0 offer".to_vec();
    phones.command(1, Command::Follow { session, referred: theirs, offer, headers: Vec::new() });
    let joined = phones.until(2, "incoming").await;
    phones.accept(2, joined, "v=0 answer");
    // The call that was replaced ends on both sides, and who asked for it hears of the success.
    phones.until(2, "terminated Local 200").await;
    phones.until(2, "confirmed").await;
    phones.until(0, "transfer 200").await;
    phones.hang_up(0, first);
    phones.until(1, "terminated Remote 200").await;
    phones.hang_up(1, session);
    phones.until(2, "terminated Remote 200").await;
}

/// The caller on the trunk asks us to call somebody else, and follows how it goes to the end.
#[tokio::test]
async fn refer_from_the_trunk_is_followed_and_told_to_its_end() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    for (target, answered, last) in [("201", true, "SIP/2.0 200"), ("209", false, "SIP/2.0 480")] {
        let refer_to = format!("Refer-To: <sip:{target}@sip.test>");
        let mut script = Script::caller("200")
            .begins("INVITE", &[], SDP)
            .may_get(100)
            .may_get(180)
            .gets(200, &[])
            .acknowledges("")
            .sends("REFER", &[&refer_to, "Referred-By: <sip:+34911085460@127.0.0.1>"], "")
            .gets(202, &[])
            .takes("NOTIFY", &["Event: *refer", "Subscription-State: *active", "SIP/2.0 100"])
            .answers("200 OK", &[], "");
        if answered {
            script = script.takes("NOTIFY", &["SIP/2.0 180"]).answers("200 OK", &[], "");
        }
        let script = script
            .takes("NOTIFY", &["Subscription-State: *terminated", last])
            .answers("200 OK", &[], "")
            .sends("BYE", &[], "")
            .gets(200, &[]);
        let sipp = kamailio.sipp(&script);
        let theirs = phones.until(0, "incoming").await;
        phones.accept(0, theirs, "v=0 answer");
        phones.until(0, &format!("referred to sip:{target}@sip.test")).await;
        let session = phones.next_session(0);
        let offer = b"v=0 offer".to_vec();
        phones.command(0, Command::Follow { session, referred: theirs, offer, headers: Vec::new() });
        if answered {
            let third = phones.until(1, "incoming").await;
            phones.accept(1, third, "v=0 answer");
            phones.until(0, "accepted").await;
        }
        phones.until_done(sipp).await;
        phones.hang_up(0, session);
    }
}

#[tokio::test]
async fn refer_that_nobody_wants_to_follow_is_told_as_declined() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::caller("200")
        .begins("INVITE", &[], SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges("")
        .sends("REFER", &["Refer-To: sip:201@sip.test"], "")
        .gets(202, &[])
        .takes("NOTIFY", &["SIP/2.0 100"])
        .answers("200 OK", &[], "")
        .takes("NOTIFY", &["Subscription-State: *terminated", "SIP/2.0 603"])
        .answers("200 OK", &[], "")
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming").await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "referred to sip:201@sip.test").await;
    phones.command(0, Command::Decline { session });
    phones.until(0, "terminated Remote 200").await;
    phones.until_done(sipp).await;
}

/// A callee on the trunk that transfers by itself: it is followed to its last word, refused, or without a word.
#[tokio::test]
async fn refer_to_the_trunk_is_followed_to_the_last_notify_or_is_refused() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let answered = || Script::callee().is_called(&[]).says("200 OK", "", &[], "v=0 answer").takes("ACK", &[]);
    let notify =
        |state: &'static str| ["Event: refer", state, "Content-Type: message/sipfrag"].map(str::to_owned);
    let (active, last) = (
        notify("Subscription-State: active;expires=60"),
        notify("Subscription-State: terminated;reason=noresource"),
    );
    let (active, last) = (active.each_ref().map(String::as_str), last.each_ref().map(String::as_str));
    let done = answered()
        .takes("REFER", &["Refer-To: .*sip:202@sip.test", "Referred-By: .*sip:200@sip.test"])
        .answers("202 Accepted", &[], "")
        .sends("NOTIFY", &active, "SIP/2.0 180 Ringing")
        .gets(200, &[])
        .sends("NOTIFY", &last, "SIP/2.0 200 OK")
        .gets(200, &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let refused = answered().takes("REFER", &[]).answers("603 Decline", &[], "").takes("BYE", &[]).answers(
        "200 OK",
        &[],
        "",
    );
    for (script, told) in [(done, ["transfer 180", "transfer 200"].as_slice()), (refused, &["transfer 603"])]
    {
        let sipp = kamailio.sipp(&script);
        let session = phones.call(0, "5000");
        phones.until(0, "accepted").await;
        phones.command(
            0,
            Command::Refer { session, target: "202".to_owned(), replaces: None, headers: Vec::new() },
        );
        for told in told {
            phones.until(0, told).await;
        }
        phones.hang_up(0, session);
        phones.until_done(sipp).await;
    }
}

#[tokio::test]
async fn refer_of_which_the_trunk_wants_no_word_gets_none_and_is_followed_all_the_same() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let script = Script::caller("200")
        .begins("INVITE", &[], SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges("")
        .sends("REFER", &["Refer-To: <sip:201@sip.test>", "Refer-Sub: false", "Supported: norefersub"], "")
        .gets(202, &["Refer-Sub: *false"])
        .waits(1_000)
        .sends("BYE", &[], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&script);
    let theirs = phones.until(0, "incoming").await;
    phones.accept(0, theirs, "v=0 answer");
    phones.until(0, "referred to sip:201@sip.test").await;
    let session = phones.next_session(0);
    let offer = b"v=0 offer".to_vec();
    phones.command(0, Command::Follow { session, referred: theirs, offer, headers: Vec::new() });
    let third = phones.until(1, "incoming").await;
    phones.accept(1, third, "v=0 answer");
    phones.until(0, "accepted").await;
    phones.until_done(sipp).await;
    assert_eq!(phones.count(0, "> NOTIFY"), 0);
}

#[tokio::test]
async fn invite_in_the_place_of_a_call_that_there_is_not_gets_481_and_rings_nowhere() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::caller("200")
        .begins("INVITE", &["Replaces: nobody@nowhere;to-tag=a;from-tag=b", "Require: replaces"], SDP)
        .may_get(100)
        .gets(481, &[])
        .acknowledges_refusal();
    let sipp = kamailio.sipp(&script);
    phones.until_done(sipp).await;
    assert!(!phones.told(0).iter().any(|told| told.starts_with("incoming")));
}

/// What a trunk says of its first call, in an INVITE that is to take its place.
const ITS_CALL: &str = "Replaces: [call_id];to-tag=[$tag];from-tag=[call_number]";

/// A call of SIPp's, answered; the tag of who was called is `[$tag]` from then on.
fn answered_caller() -> Script {
    let script = Script::caller("200").begins("INVITE", &[], SDP).may_get(100).may_get(180);
    script.gets_tagged(200).acknowledges("")
}

#[tokio::test]
async fn invite_of_the_trunk_takes_the_place_of_its_call_which_we_end() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = answered_caller()
        .begins_beside("INVITE", &[ITS_CALL, "Require: replaces"], SDP)
        .may_get(100)
        .may_get(180)
        .is_accepted_beside()
        .takes("BYE", &[NOT_BESIDE])
        .answers("200 OK", &[], "")
        .takes("BYE", &["Call-ID: beside"])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let first = phones.until(0, "incoming").await;
    phones.accept(0, first, "v=0 answer");
    let second = phones.until(0, "incoming").await;
    phones.accept(0, second, "v=0 answer");
    assert_eq!(phones.until(0, "terminated Local 200").await, first);
    phones.until(0, "confirmed").await;
    phones.hang_up(0, second);
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn invite_in_the_place_of_a_call_that_it_may_not_replace_is_refused_and_the_call_goes_on() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let early_only = format!("{ITS_CALL};early-only");
    let script = answered_caller()
        .begins_beside("INVITE", &["Replaces: [call_id];to-tag=wrong;from-tag=[call_number]"], SDP)
        .may_get(100)
        .is_refused_beside(481)
        .begins_beside("INVITE", &[&early_only], SDP)
        .may_get(100)
        .is_refused_beside(486)
        .takes("BYE", &[NOT_BESIDE])
        .answers("200 OK", &[], "")
        .begins_beside("INVITE", &[ITS_CALL], SDP)
        .may_get(100)
        .is_refused_beside(603);
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming").await;
    phones.accept(0, session, "v=0 answer");
    phones.until_count(0, "> SIP/2.0 486", 1).await;
    assert_eq!(phones.told(0), ["confirmed "]);
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
    assert_eq!(phones.told(0), ["terminated Local 200"]);
}

/// SIPp is who gets our REFER: it calls the device that Refer-To names, in the place of the call that it names.
fn transferred() -> Script {
    Script::callee()
        .is_called(&[])
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .takes_refer_to_replace()
        .answers("202 Accepted", &[], "")
}

/// NOTIFY with the last word, and the end of the call that was transferred.
fn told_and_ended(script: Script, last: &str) -> Script {
    let notify =
        ["Event: refer", "Subscription-State: terminated;reason=noresource", "Content-Type: message/sipfrag"];
    let script = script.sends("NOTIFY", &notify, last).gets(200, &[]);
    script.takes("BYE", &[NOT_BESIDE]).answers("200 OK", &[], "")
}

const NAMED: &str = "Replaces: [$replaced];to-tag=[$to_tag];from-tag=[$from_tag]";

/// Phone 0 in a call with SIPp and in one with phone 1: the sessions of phone 0, and that of phone 1.
async fn asked_for(phones: &mut Phones) -> (SessionId, SessionId, SessionId) {
    let first = phones.call(0, "5000");
    phones.until(0, "accepted").await;
    let second = phones.call(0, "201");
    let theirs = phones.until(1, "incoming").await;
    phones.accept(1, theirs, "v=0 answer");
    phones.until(0, "accepted").await;
    phones.until(1, "confirmed").await;
    (first, second, theirs)
}

#[tokio::test]
async fn attended_transfer_by_us_is_carried_out_by_the_trunk_with_the_names_in_our_refer() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let script = transferred()
        .begins_beside("INVITE", &[NAMED, "Require: replaces"], "v=0 joins")
        .may_get(100)
        .may_get(180)
        .is_accepted_beside();
    let script = told_and_ended(script, "SIP/2.0 200 OK");
    let sipp = kamailio.sipp(&script.takes("BYE", &["Call-ID: beside"]).answers("200 OK", &[], ""));
    let (first, second, theirs) = asked_for(&mut phones).await;
    let refer =
        Command::Refer { session: first, target: String::new(), replaces: Some(second), headers: Vec::new() };
    phones.command(0, refer);
    let joined = phones.until(1, "incoming").await;
    phones.accept(1, joined, "v=0 answer");
    assert_eq!(phones.until(1, "terminated Local 200").await, theirs);
    phones.until(0, "transfer 200").await;
    phones.hang_up(0, first);
    phones.until_answered_bye(0).await;
    phones.until(1, "confirmed").await;
    phones.hang_up(1, joined);
    phones.until_done(sipp).await;
}

/// The device that was asked for refuses: no such call, one that is not early any more, one that is over.
#[tokio::test]
async fn attended_transfer_that_the_device_refuses_gives_the_call_back() {
    let early_only = format!("{NAMED};early-only");
    let unknown = "Replaces: [$replaced];to-tag=wrong;from-tag=[$from_tag]";
    for (code, named, is_over) in [(481, unknown, false), (486, &early_only, false), (603, NAMED, true)] {
        let kamailio = Kamailio::start(Settings::default());
        let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
        let script = transferred();
        let script =
            script.begins_beside("INVITE", &[named], "v=0 joins").may_get(100).is_refused_beside(code);
        let script = told_and_ended(script, &format!("SIP/2.0 {code} Refused"));
        let sipp = kamailio.sipp(&script);
        let (first, second, theirs) = asked_for(&mut phones).await;
        let refer = Command::Refer {
            session: first,
            target: String::new(),
            replaces: Some(second),
            headers: Vec::new(),
        };
        phones.command(0, refer);
        if is_over {
            // Before anybody hears of the REFER.
            phones.hang_up(1, theirs);
        }
        phones.until(0, &format!("transfer {code}")).await;
        assert!(!phones.told(1).iter().any(|told| told.starts_with("incoming")), "{code}");
        phones.hang_up(0, first);
        phones.until_done(sipp).await;
    }
}

/// Asked outside of the call, which it names (RFC 4538); one that names another call is refused.
#[tokio::test]
async fn refer_outside_of_the_call_counts_where_it_names_its_dialog() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    for (tag, names_it) in [("[$tag]", true), ("another", false)] {
        let target_dialog = format!("Target-Dialog: [call_id];local-tag=[call_number];remote-tag={tag}");
        let headers = ["Refer-To: <sip:201@sip.test>", &target_dialog, "Require: tdialog"];
        let script = Script::caller("200")
            .begins("INVITE", &[], SDP)
            .may_get(100)
            .may_get(180)
            .gets_tagged(200)
            .acknowledges("")
            .begins_beside("REFER", &headers, "");
        let script = if names_it {
            script
                .gets(202, &[])
                .takes("NOTIFY", &["Subscription-State: *active", "SIP/2.0 100"])
                .answers("200 OK", &[], "")
                .takes("NOTIFY", &["Subscription-State: *terminated", "SIP/2.0 603"])
                .answers("200 OK", &[], "")
        } else {
            script.gets(481, &[]).waits(500)
        };
        let sipp = kamailio.sipp(&script);
        let session = phones.until(0, "incoming").await;
        phones.accept(0, session, "v=0 answer");
        if names_it {
            phones.until(0, "referred to sip:201@sip.test").await;
            phones.command(0, Command::Decline { session });
        }
        phones.until_done(sipp).await;
        assert!(!phones.told(0).iter().any(|told| told.starts_with("referred")));
        phones.hang_up(0, session);
    }
}
