//! What registrars say that Kamailio does not: SIPp behind an edge, on a real WebSocket for the phone.

use crate::phones::{Phones, config};
use softframe_live::{Edge, Registrar, SDP, Script, Sipp};
use softframe_sip::Command;
use std::time::{Duration, Instant};

/// A phone that registers with what this script answers. The edge holds its WebSocket.
fn register(registrar: &Registrar, script: &Script) -> (Edge, Phones, Sipp) {
    let edge = Edge::before(registrar.port, 1);
    let sipp = registrar.sipp(&edge, script);
    let config = softframe_sip::Config { servers: vec![edge.url()], ..config(0, "200") };
    let mut phones = Phones::with(vec![config]);
    phones.command(0, Command::Register);
    (edge, phones, sipp)
}

/// As Asterisk does: one header line for each algorithm, the weakest first, no spaces, an opaque; then bindings of others,
/// one of them unreadable, and the way for requests (RFC 3608).
#[tokio::test]
async fn challenges_of_three_algorithms_and_bindings_of_others_are_read_and_the_service_route_is_taken() {
    let registrar = Registrar::reserve();
    let challenge = |algorithm: &str| {
        format!(
            "WWW-Authenticate: Digest realm=\"sip.test\",nonce=\"n1\",opaque=\"o1\",algorithm={algorithm},qop=\"auth\""
        )
    };
    let challenges = ["MD5", "SHA-512-256", "SHA-256"].map(challenge);
    let challenges: Vec<&str> = challenges.iter().map(String::as_str).collect();
    let route = format!("<sip:127.0.0.1:{};lr;from=registrar>", registrar.port);
    let script = Script::callee()
        .takes("REGISTER", &["Path: .*;ob", "Supported: .*outbound"])
        .opens("401 Unauthorized", &challenges, "")
        .takes("REGISTER", &["Authorization: Digest .*algorithm=SHA-512-256", "opaque=.o1", "nc=00000001"])
        .opens(
            "200 OK",
            &[
                "Contact: <sip:200#7@10.0.0.1;expires=>;;expires=x",
                "Contact: <sip:200@10.0.0.2>;expires=3600;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000999>\";reg-id=1",
                "Contact: <sip:200@own.invalid;transport=ws>;expires=77;reg-id=1;\
                 +sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000200>\";pub-gruu=\"sip:200@sip.test;gr=mine\"",
                &format!("Service-Route: {route}"),
                "Require: outbound",
            ],
            "",
        );
    let (_edge, mut phones, sipp) = register(&registrar, &script);
    phones.until(0, "Registered").await;
    phones.until_done(sipp).await;
    phones.call(0, "5000");
    let invite = phones.frames(0).iter().find(|frame| frame.starts_with("> INVITE")).expect("it has left");
    assert!(invite.contains(&format!("\r\nRoute: {route}\r\n")), "{invite}");
    assert!(invite.contains("\r\nContact: <sip:200@sip.test;gr=mine>\r\n"), "{invite}");
}

/// A proxy before the registrar has a realm of its own; both are answered at once, and both are kept.
#[tokio::test]
async fn challenges_of_two_realms_are_answered_in_one_request() {
    let registrar = Registrar::reserve();
    let challenges = [
        "WWW-Authenticate: Digest realm=\"sip.test\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256",
        "Proxy-Authenticate: Digest realm=\"edge.test\", nonce=\"n2\", algorithm=MD5",
    ];
    let answers = [
        "[^-]Authorization: Digest .*realm=.sip.test",
        "Proxy-Authorization: Digest .*realm=.edge.test",
        "nonce=.n1",
        "nonce=.n2",
    ];
    let script = Script::callee()
        .takes("REGISTER", &[])
        .opens("401 Unauthorized", &challenges, "")
        .takes("REGISTER", &answers)
        .opens("200 OK", &["Expires: 600"], "");
    let (_edge, mut phones, sipp) = register(&registrar, &script);
    phones.until(0, "Registered").await;
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn registrar_that_wants_longer_registrations_gets_one() {
    let registrar = Registrar::reserve();
    let script = Script::callee()
        .takes("REGISTER", &["Expires: 600"])
        .opens("423 Interval Too Brief", &["Min-Expires: 900"], "")
        .takes("REGISTER", &["Expires: 900"])
        .opens("200 OK", &["Expires: 900"], "");
    let (_edge, mut phones, sipp) = register(&registrar, &script);
    phones.until(0, "Registered").await;
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn registrar_that_is_full_is_asked_again_after_the_time_that_it_names_and_not_before() {
    // Proxies make 500 of a 503 (RFC 3261 §16.7).
    let registrar = Registrar::reserve();
    let script = Script::callee()
        .takes("REGISTER", &[])
        .opens("500 Full", &["Retry-After: 3"], "")
        .takes("REGISTER", &[])
        .opens("200 OK", &["Expires: 600"], "");
    let (_edge, mut phones, sipp) = register(&registrar, &script);
    // Before the 500 comes, so that all of the three seconds are counted.
    let begin = Instant::now();
    phones.until(0, "Reconnecting 500").await;
    phones.until(0, "Registered").await;
    let waited = begin.elapsed();
    assert!(waited >= Duration::from_secs(3), "{waited:?}");
    phones.until_done(sipp).await;
}

#[tokio::test]
async fn registrar_whose_first_hop_lacks_outbound_is_registered_with_in_the_old_way() {
    let registrar = Registrar::reserve();
    let script = Script::callee()
        .takes("REGISTER", &["reg-id=1"])
        .opens("439 First Hop Lacks Outbound Support", &[], "")
        .takes("REGISTER", &["Contact: [^;]*;transport=ws>;.sip.instance=[^;]*"])
        .opens("200 OK", &["Expires: 600"], "");
    let (_edge, mut phones, sipp) = register(&registrar, &script);
    phones.until(0, "Registered").await;
    phones.until_done(sipp).await;
    let last =
        phones.frames(0).iter().rev().find(|frame| frame.starts_with("> REGISTER")).expect("a REGISTER");
    assert!(!last.contains("reg-id"), "{last}");
}

/// Too many phones of one account (Asterisk's max_contacts), or no such account.
#[tokio::test]
async fn registrar_that_refuses_the_account_is_not_asked_again() {
    let registrar = Registrar::reserve();
    for (status, told) in [("403 Forbidden", "Refused 403"), ("404 Not Found", "Refused 404")] {
        let script = Script::callee().takes("REGISTER", &[]).opens(status, &[], "");
        let (_edge, mut phones, sipp) = register(&registrar, &script);
        phones.until(0, told).await;
        phones.until_done(sipp).await;
        phones.pass(Duration::from_secs(3)).await;
        assert_eq!(phones.count(0, "> REGISTER"), 1);
    }
}

/// Asterisk sends to the user of the Contact at the address that it saw, and calls with names that lead nowhere. What counts
/// is the user, and everything stays on the flow.
#[tokio::test]
async fn call_to_the_user_of_the_contact_at_another_host_rings_and_is_ended_on_its_flow() {
    let registrar = Registrar::reserve();
    let script = Script::callee()
        .is_registered_with()
        .opens("200 OK", &["Expires: 600"], "")
        .calls_by_path("sip:200@10.9.8.7:41234;transport=ws", SDP)
        .may_get(100)
        .may_get(180)
        .gets(200, &[])
        .acknowledges_by_path()
        .takes("BYE", &["BYE sip:asterisk@vm:5060;transport=ws"])
        .answers("200 OK", &[], "");
    let (_edge, mut phones, sipp) = register(&registrar, &script);
    let session = phones.until(0, "incoming offer").await;
    phones.accept(0, session, "v=0 answer");
    phones.until(0, "confirmed").await;
    phones.hang_up(0, session);
    phones.until_done(sipp).await;
}
