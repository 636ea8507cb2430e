//! REGISTER, challenges of every kind, and who gets no digest.

use crate::phones::{Phones, config};
use softframe_live::{Kamailio, OpensslRegistrar, Script, Settings};
use softframe_sip::{Command, Secret};
use std::time::Duration;

#[tokio::test]
async fn register_with_each_algorithm_and_refuse_a_wrong_password() {
    for (algorithm, qop) in [("MD5", true), ("SHA-256", true), ("MD5", false)] {
        let kamailio = Kamailio::start(Settings { algorithm, qop, ..Settings::default() });
        let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
        phones.in_call("201").await;
        // REGISTER gets 401, INVITE 407, and each is answered at once.
        let challenged = ["< SIP/2.0 401", "< SIP/2.0 407"].map(|begins| phones.count(0, begins));
        assert_eq!(challenged, [1, 1], "{algorithm}");
        let mut wrong = config(kamailio.port, "202");
        wrong.secret = Secret::Password("wrong".to_owned());
        let mut phones = Phones::with(vec![wrong]);
        phones.command(0, Command::Register);
        phones.until(0, "Refused 401").await;
        assert_eq!(phones.count(0, "> REGISTER"), 2, "a wrong password is not tried again");
    }
}

#[tokio::test]
async fn answer_by_sha_512_256_is_the_one_that_openssl_reckons() {
    for algorithm in ["SHA-512-256", "SHA-512-256-sess"] {
        let registrar = OpensslRegistrar::start(algorithm);
        let phones = Phones::registered(registrar.port, &["200"]).await;
        assert_eq!(phones.count(0, "> REGISTER"), 2, "{algorithm}");
        let mut wrong = config(registrar.port, "202");
        wrong.secret = Secret::Password("wrong".to_owned());
        let mut phones = Phones::with(vec![wrong]);
        phones.command(0, Command::Register);
        phones.until(0, "Refused 401").await;
    }
}

#[tokio::test]
async fn kept_nonce_saves_the_challenge_until_it_is_stale_and_then_the_new_one_is_taken() {
    let kamailio = Kamailio::start(Settings { nonce_expire: 3, ..Settings::default() });
    let mut phones = Phones::registered(kamailio.port, &["200", "201"]).await;
    let text = |text: &str| Command::Message {
        number: None,
        target: "201".to_owned(),
        content_type: "text/plain".to_owned(),
        body: text.as_bytes().to_vec(),
    };
    for word in ["one", "two"] {
        phones.command(0, text(word));
        phones.until(1, &format!("message {word}")).await;
    }
    assert_eq!(phones.count(0, "< SIP/2.0 407"), 1, "the second one goes with nc=00000002");
    phones.pass(Duration::from_secs(5)).await;
    phones.command(0, text("three"));
    phones.until(1, "message three").await;
    assert_eq!(phones.count(0, "< SIP/2.0 407"), 2, "the nonce was stale");
    assert_eq!(phones.told(1), Vec::<String>::new(), "and nothing arrived twice");
}

/// The trunk challenges, too: once for our own realm, with three algorithms, once for a realm that never took us.
#[tokio::test]
async fn callee_that_challenges_gets_the_strongest_digest_of_our_realm_and_none_of_another() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let challenge = |algorithm: &str| {
        format!(
            "WWW-Authenticate: Digest realm=\"sip.test\",nonce=\"n1\",qop=\"auth\",opaque=\"o=1\",algorithm={algorithm}"
        )
    };
    let challenges = ["MD5", "SHA-512-256", "SHA-256"].map(challenge);
    let challenges: Vec<&str> = challenges.iter().map(String::as_str).collect();
    let script = Script::callee()
        .is_called(&[])
        .says("401 Who are you", "", &challenges, "")
        .takes("ACK", &[])
        .is_called(&["Authorization: Digest .*algorithm=SHA-512-256", "opaque=.o=1", "nc=00000001"])
        .says("486 Busy Here", "b", &[], "")
        .takes("ACK", &[]);
    let sipp = kamailio.sipp(&script);
    phones.call(0, "5000");
    phones.until(0, "terminated Remote 486").await;
    phones.until_done(sipp).await;

    let foreign = "WWW-Authenticate: Digest realm=\"elsewhere.test\",nonce=\"n1\",qop=\"auth\"";
    let script =
        Script::callee().is_called(&[]).says("401 Who are you", "", &[foreign], "").takes("ACK", &[]);
    let sipp = kamailio.sipp(&script);
    phones.call(0, "5000");
    phones.until(0, "terminated Remote 401").await;
    phones.until_done(sipp).await;
}

/// Who calls us never gets a digest out of our BYE.
#[tokio::test]
async fn bye_in_a_call_of_theirs_that_is_challenged_is_not_repeated_with_a_digest() {
    let kamailio = Kamailio::start(Settings::default());
    let mut phones = Phones::registered(kamailio.port, &["200"]).await;
    let challenge = "Proxy-Authenticate: Digest realm=\"sip.test\",nonce=\"n1\",qop=\"auth\"";
    let script = Script::caller("200")
        .begins("INVITE", &[], softframe_live::SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges("")
        .takes("BYE", &[])
        .answers("407 Pay first", &[challenge], "")
        .waits(1_000);
    let sipp = kamailio.sipp(&script);
    let session = phones.until(0, "incoming").await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "confirmed").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
    assert_eq!(phones.count(0, "> BYE"), 1);
}
