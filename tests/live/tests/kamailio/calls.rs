//! Calls between two phones, to several at once, and over the trunk.

use crate::phones::{Phones, config};
use softframe_live::{Kamailio, SDP, Script, Settings};
use softframe_sip::Command;

#[tokio::test]
async fn call_is_answered_held_and_ended_by_either_side() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    for by in [0, 1] {
        let (ours, theirs) = phones.in_call("201").await;
        for (from, to, session, other) in [(0, 1, ours, theirs), (1, 0, theirs, ours)] {
            phones.reinvite(from, session, "v=0 hold");
            phones.until(to, "offered v=0 hold").await;
            phones.answer(to, other, "v=0 held");
            phones.until(from, "reinvited v=0 held").await;
        }
        phones.hang_up(by, if by == 0 { ours } else { theirs });
        phones.until(1 - by, "terminated Remote 200").await;
    }
}

#[tokio::test]
async fn call_is_declined_cancelled_or_nobody_is_there() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    phones.call(0, "201");
    let session = phones.until(1, "incoming").await;
    phones.command(1, Command::Reject { session, code: 486, headers: Vec::new() });
    phones.until(0, "terminated Remote 486").await;
    phones.until(1, "terminated Local 486").await;

    let session = phones.call(0, "201");
    phones.until(1, "incoming").await;
    phones.hang_up(0, session);
    phones.until(1, "terminated Remote 487").await;
    phones.until(0, "terminated Local 487").await;

    for (number, end) in [("209", "terminated Remote 480"), ("299", "terminated Remote 404")] {
        phones.call(0, number);
        phones.until(0, end).await;
    }
}

#[tokio::test]
async fn account_with_two_phones_rings_on_both_and_the_one_that_was_too_late_knows_why() {
    let kamailio = Kamailio::start(Settings::default());
    let mut second = config(kamailio.port, "201");
    second.instance = "00000000-0000-4000-8000-000000000999".to_owned();
    let configs = vec![config(kamailio.port, "200"), config(kamailio.port, "201"), second];
    let mut phones = Phones::with(configs);
    for phone in 0..3 {
        phones.register(phone).await;
    }
    let ours = phones.call(0, "201");
    let (one, two) = (phones.until(1, "incoming").await, phones.until(2, "incoming").await);
    // Each rings in an early dialog of its own.
    phones.until(0, "progress 180").await;
    phones.until(0, "progress 180").await;
    phones.accept(2, two, "v=0 second");
    phones.until(0, "accepted v=0 second").await;
    phones.until(2, "confirmed").await;
    assert_eq!(phones.until(1, "terminated Remote 487 SIP 200").await, one);
    phones.hang_up(0, ours);
    phones.until(2, "terminated Remote 200").await;

    // Declined on one, it rings on at the other; cancelled, it was missed by both.
    let ours = phones.call(0, "201");
    let (one, _) = (phones.until(1, "incoming").await, phones.until(2, "incoming").await);
    phones.command(1, Command::Reject { session: one, code: 486, headers: Vec::new() });
    phones.until(1, "terminated Local 486").await;
    phones.until(0, "progress 180").await;
    phones.hang_up(0, ours);
    phones.until(2, "terminated Remote 487").await;
    phones.until(0, "terminated Local 487").await;
    assert!(phones.frames(2).iter().any(|frame| frame.starts_with("< CANCEL")));
}

/// A phone on UDP: two Record-Routes in each call, in one comma list or in two lines.
#[tokio::test]
async fn call_to_and_from_a_phone_on_udp() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let callee = Script::callee()
        .takes("INVITE", &["Supported: .*100rel"])
        .opens("180 Ringing", &[], "")
        .opens("200 Answering, at last", &[], SDP)
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&callee);
    let session = phones.call(0, "5000");
    phones.until(0, "accepted").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;

    let caller = Script::caller("201")
        .begins("INVITE", &["X-Queue: sales"], SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &["Allow: .*UPDATE"])
        .acknowledges("")
        .sends("BYE", &["Reason: Q.850;cause=16"], "")
        .gets(200, &[]);
    let sipp = kamailio.sipp(&caller);
    let session = phones.until(1, "incoming offer").await;
    phones.accept(1, session, "v=0 answer");
    phones.until(1, "confirmed").await;
    phones.until(1, "terminated Remote 200 Q.850 16").await;
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn caller_on_the_trunk_gives_up_and_the_phone_knows_it() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::caller("200")
        .begins("INVITE", &[], SDP)
        .may_get(100)
        .gets(180, &[])
        .cancels(&["Reason: SIP;cause=200;text=\"Call completed elsewhere\""]);
    let sipp = kamailio.sipp(&script);
    phones.until(0, "incoming").await;
    phones.until(0, "terminated Remote 487").await;
    phones.until_done(sipp).await;
}

/// Behind the trunk a call may fork once more: several early dialogs, of which one wins.
#[tokio::test]
async fn forks_behind_the_trunk_ring_each_in_its_own_dialog_and_the_winner_is_acknowledged() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::callee()
        .is_called(&[])
        .says("180 Ringing", "a", &[], "")
        .says("183 Session Progress", "b", &[], "v=0 early of b")
        .says("180 Ringing", "c", &[], "")
        .says("200 OK", "b", &[], "v=0 answer of b")
        .takes("ACK", &["To: .*tag=1b"])
        .takes("BYE", &["To: .*tag=1b"])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    for progress in
        ["progress 180", "progress 183 v=0 early of b", "progress 180", "accepted v=0 answer of b"]
    {
        phones.until(0, progress).await;
    }
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
}

/// Two devices behind the trunk pick up at once: the later one is acknowledged and hung up on.
#[tokio::test]
async fn second_200_of_another_fork_is_acknowledged_and_ended() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::callee()
        .is_called(&[])
        .says("180 Ringing", "a", &[], "")
        .says("200 OK", "a", &[], "v=0 answer of a")
        .takes("ACK", &["To: .*tag=1a"])
        .says("200 OK", "b", &[], "v=0 answer of b")
        .takes("ACK", &["To: .*tag=1b"])
        .takes("BYE", &["To: .*tag=1b"])
        .answers("200 OK", &[], "")
        .takes("BYE", &["To: .*tag=1a"])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "accepted v=0 answer of a").await;
    phones.until_count(0, "> BYE", 1).await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
    assert_eq!(phones.told(0).iter().filter(|told| told.starts_with("terminated")).count(), 1);
}

#[tokio::test]
async fn repeated_200_is_acknowledged_each_time_and_told_once() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let script = Script::callee()
        .literally()
        .is_called(&[])
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "accepted").await;
    // The first ACK is that of the challenge.
    phones.until_count(0, "> ACK", 4).await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
    let told = phones.told(0);
    assert_eq!(told, ["terminated Local 200"]);

    // Ours is repeated until the ACK comes.
    let script = Script::caller("201")
        .begins("INVITE", &[], SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        // After 3.5 s it would come once more.
        .waits(3_000)
        .acknowledges("")
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.until(1, "incoming").await;
    phones.accept(1, session, "v=0 answer");
    phones.until(1, "confirmed").await;
    let is_answer = |frame: &&String| frame.starts_with("> SIP/2.0 200") && frame.contains("CSeq: 1 INVITE");
    let answers = phones.frames(1).iter().filter(is_answer).count();
    assert!(answers >= 3, "after 0.5 and 1.5 seconds, but {answers}");
    phones.hang_up(1, session);
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn redirection_is_asked_about_and_followed() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let contacts = "Contact: <sip:209@sip.test>;q=0.2, \"Reception\" <sip:201@sip.test>;q=0.9";
    let script = Script::callee().takes("INVITE", &[]).opens("302 Moved", &[contacts], "").takes("ACK", &[]);
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "redirected to sip:201@sip.test").await;
    phones.command(
        0,
        Command::Redirect {
            session,
            target: Some("sip:201@sip.test".to_owned()),
            offer: None,
            without: Vec::new(),
        },
    );
    let theirs = phones.until(1, "incoming").await;
    phones.accept(1, theirs, "v=0 answer");
    phones.until(0, "accepted").await;
    phones.until_done(sipp).await;
    phones.hang_up(1, theirs);
    phones.until(0, "terminated Remote 200").await;

    // Nobody wants to go there: the call ends as it was refused.
    let script = Script::callee()
        .takes("INVITE", &[])
        .opens("302 Moved", &["Contact: <sip:201@sip.test>"], "")
        .takes("ACK", &[]);
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "redirected to sip:201@sip.test").await;
    phones.command(0, Command::Redirect { session, target: None, offer: None, without: Vec::new() });
    phones.until(0, "terminated Remote 302").await;
    phones.until_done(sipp).await;
}

/// The callee picks up in the moment in which the caller gives up: the call that nobody wants is acknowledged and ended.
#[tokio::test]
async fn answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let script = Script::callee()
        .is_called(&[])
        .says("180 Ringing", "", &[], "")
        .takes("CANCEL", &[])
        .answers("200 OK", &[], "")
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.call(0, "5000");
    phones.until(0, "progress 180").await;
    phones.hang_up(0, session);
    phones.until(0, "terminated Local 487").await;
    phones.until_done(sipp).await;
}

/// A trunk of the older kind: short names, a `#` in its Contact, a header that nobody can read, and an odd case.
#[tokio::test]
async fn invite_with_short_names_and_unreadable_values_rings_and_its_contact_is_kept_octet_for_octet() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let odd = [
        "Contact: <sip:trunk#7@127.0.0.1:[local_port]>",
        "k: timer",
        "P-Asserted-Identity: <<<",
        "DIVERSION: ;;;",
        "Remote-Party-ID: \"unfinished",
    ];
    let script = Script::caller("200")
        .begins("INVITE", &odd, SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges("")
        .takes("BYE", &["BYE sip:trunk#7@127.0.0.1"])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming offer").await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "confirmed").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
}

/// What becomes of a call that the trunk cannot put through, as Kamailio passes it on.
#[tokio::test]
async fn refusals_of_the_trunk_end_the_call_with_what_arrived() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    // Kamailio makes 500 of a 503 of a branch (RFC 3261 §16.7).
    for (status, code) in
        [("404 Not Found", 404), ("486 Busy Here", 486), ("503 Full", 500), ("603 Decline", 603)]
    {
        let script =
            Script::callee().is_called(&[]).says(status, "", &["Retry-After: 5"], "").takes("ACK", &[]);
        let sipp = kamailio.sipp(&script);
        phones.call(0, "5000");
        phones.until(0, &format!("terminated Remote {code}")).await;
        phones.until_done(sipp).await;
    }
}

/// The proxy knows by the password who calls, the trunk by the proxy, and nobody by From or Contact (RFC 3323).
#[tokio::test]
async fn call_that_is_withheld_goes_out_and_names_nobody() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let withheld = |phones: &mut Phones, target: &str| {
        let (session, target, offer) = (phones.next_session(0), target.to_owned(), b"v=0 offer".to_vec());
        let headers = vec![("Privacy".to_owned(), "id".to_owned())];
        phones.command(0, Command::Invite { session, target, offer, headers });
        session
    };
    let script = Script::callee()
        .is_called(&[
            "From: .*<sip:anonymous@anonymous.invalid>",
            "Privacy: *id",
            "P-Asserted-Identity: <sip:200@sip.test>",
        ])
        .says("200 OK", "", &[], "v=0 answer")
        .takes("ACK", &[])
        .takes("BYE", &[])
        .answers("200 OK", &[], "");
    let sipp = kamailio.sipp(&script);
    let session = withheld(&mut phones, "5000");
    phones.until(0, "accepted").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;

    withheld(&mut phones, "201");
    let theirs = phones.until(1, "incoming").await;
    let invite = phones.frames(1).iter().find(|frame| frame.starts_with("< INVITE")).expect("it came");
    assert!(!invite.contains("sip:200@") && !invite.contains("Phone"), "{invite}");
    phones.accept(1, theirs, "v=0 answer");
    phones.until(0, "accepted").await;
    phones.hang_up(1, theirs);
    phones.until(0, "terminated Remote 200").await;
}
