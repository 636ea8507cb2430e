//! Agents against Kamailio on real sockets: what `sim` shows for our own server, here for one that others wrote.

mod phones;
mod server;

use phones::{Phones, config};
use server::Kamailio;
use softframe_sip::{Command, Secret};

async fn registered(algorithm: &str, qop: &str) -> (Kamailio, Phones) {
    let kamailio = Kamailio::start(algorithm, qop);
    let mut phones = Phones::new(&kamailio, &["200", "201"]);
    for phone in 0..2 {
        phones.command(phone, Command::Register);
        phones.until(phone, "Registered").await;
    }
    (kamailio, phones)
}

/// An answered call: the sessions of caller and callee.
async fn in_call(phones: &mut Phones) -> (softframe_sip::SessionId, softframe_sip::SessionId) {
    let ours = phones.call(0, "201");
    let theirs = phones.until(1, "incoming").await;
    phones.until(0, "progress 180").await;
    phones
        .command(1, Command::Accept { session: theirs, answer: b"v=0 answer".to_vec(), headers: Vec::new() });
    phones.until(0, "accepted").await;
    phones.until(1, "confirmed").await;
    (ours, theirs)
}

#[tokio::test]
async fn register_with_each_algorithm_and_refuse_a_wrong_password() {
    for (algorithm, qop) in [("MD5", "1"), ("SHA-256", "1"), ("MD5", "0")] {
        let (kamailio, mut both) = registered(algorithm, qop).await;
        in_call(&mut both).await;
        let mut wrong = config(&kamailio, "202");
        wrong.secret = Secret::Password("wrong".to_owned());
        let mut phones = Phones::with(vec![wrong]);
        phones.command(0, Command::Register);
        phones.until(0, "Refused 401").await;
    }
}

#[tokio::test]
async fn call_is_answered_held_and_ended_by_either_side() {
    let (_kamailio, mut phones) = registered("SHA-256", "1").await;
    for by in [0, 1] {
        let (ours, theirs) = in_call(&mut phones).await;
        for (from, to, session, other) in [(0, 1, ours, theirs), (1, 0, theirs, ours)] {
            phones.command(from, Command::Reinvite { session, offer: b"v=0 hold".to_vec() });
            phones.until(to, "offered").await;
            phones.command(to, Command::Answer { session: other, answer: b"v=0 held".to_vec() });
            phones.until(from, "reinvited").await;
        }
        let session = if by == 0 { ours } else { theirs };
        phones.command(by, Command::Terminate { session, reason: None });
        phones.until(1 - by, "terminated Remote 200").await;
    }
}

#[tokio::test]
async fn call_is_declined_cancelled_or_nobody_is_there() {
    let (_kamailio, mut phones) = registered("SHA-256", "1").await;
    phones.call(0, "201");
    let session = phones.until(1, "incoming").await;
    phones.command(1, Command::Reject { session, code: 486, headers: Vec::new() });
    phones.until(0, "terminated Remote 486").await;
    phones.until(1, "terminated Local 486").await;

    let session = phones.call(0, "201");
    phones.until(1, "incoming").await;
    phones.command(0, Command::Terminate { session, reason: None });
    phones.until(1, "terminated Remote 487").await;
    phones.until(0, "terminated Local 487").await;

    phones.call(0, "299");
    phones.until(0, "terminated Remote 480").await;
}

#[tokio::test]
async fn call_survives_a_cut_of_the_flow() {
    let (_kamailio, mut phones) = registered("SHA-256", "1").await;
    let (ours, theirs) = in_call(&mut phones).await;
    phones.cut(0);
    phones.until(0, "Registered").await;
    phones.command(0, Command::Reinvite { session: ours, offer: b"v=0 again".to_vec() });
    phones.until(1, "offered").await;
    phones.command(1, Command::Answer { session: theirs, answer: b"v=0 here".to_vec() });
    phones.until(0, "reinvited").await;
    phones.command(1, Command::Terminate { session: theirs, reason: None });
    phones.until(0, "terminated Remote 200").await;
}

#[tokio::test]
async fn transfer_connects_the_other_two() {
    let kamailio = Kamailio::start("SHA-256", "1");
    let mut phones = Phones::new(&kamailio, &["200", "201", "202"]);
    for phone in 0..3 {
        phones.command(phone, Command::Register);
        phones.until(phone, "Registered").await;
    }
    let (ours, theirs) = in_call(&mut phones).await;
    phones.command(0, Command::Refer { session: ours, target: "202".to_owned(), replaces: None });
    phones.until(1, "referred to sip:202@sip.test").await;
    let session = phones.next_session(1);
    let offer = b"v=0 offer".to_vec();
    phones.command(1, Command::Follow { session, referred: theirs, offer, headers: Vec::new() });
    let third = phones.until(2, "incoming").await;
    phones.until(0, "transfer 180").await;
    phones
        .command(2, Command::Accept { session: third, answer: b"v=0 answer".to_vec(), headers: Vec::new() });
    phones.until(0, "transfer 200").await;
    phones.command(0, Command::Terminate { session: ours, reason: None });
    phones.until(1, "terminated Remote 200").await;
    phones.command(2, Command::Terminate { session: third, reason: None });
    phones.until(1, "terminated Remote 200").await;
}

#[tokio::test]
async fn attended_transfer_puts_one_call_in_the_place_of_another() {
    let kamailio = Kamailio::start("SHA-256", "1");
    let mut phones = Phones::new(&kamailio, &["200", "201", "202"]);
    for phone in 0..3 {
        phones.command(phone, Command::Register);
        phones.until(phone, "Registered").await;
    }
    let (first, theirs) = in_call(&mut phones).await;
    let second = phones.call(0, "202");
    let asked = phones.until(2, "incoming").await;
    let answer = || b"v=0 answer".to_vec();
    phones.command(2, Command::Accept { session: asked, answer: answer(), headers: Vec::new() });
    phones.until(0, "accepted").await;
    phones.until(2, "confirmed").await;
    phones.command(0, Command::Refer { session: first, target: String::new(), replaces: Some(second) });
    phones.until(1, "referred to").await;
    let session = phones.next_session(1);
    let offer = b"v=0 offer".to_vec();
    phones.command(1, Command::Follow { session, referred: theirs, offer, headers: Vec::new() });
    let joined = phones.until(2, "incoming").await;
    phones.command(2, Command::Accept { session: joined, answer: answer(), headers: Vec::new() });
    // The call that was replaced ends on both sides, and who asked for it hears of the success.
    phones.until(2, "terminated Local 200").await;
    phones.until(2, "confirmed").await;
    phones.until(0, "transfer 200").await;
    phones.command(0, Command::Terminate { session: first, reason: None });
    phones.until(1, "terminated Remote 200").await;
    phones.command(1, Command::Terminate { session, reason: None });
    phones.until(2, "terminated Remote 200").await;
}

/// A phone on UDP: two Record-Routes in each call, and a 200 that is repeated until its ACK comes.
#[tokio::test]
async fn call_to_and_from_a_phone_on_udp() {
    let (kamailio, mut phones) = registered("SHA-256", "1").await;
    let callee = kamailio.callee();
    let session = phones.call(0, "600");
    phones.until(0, "accepted").await;
    phones.command(0, Command::Terminate { session, reason: None });
    let callee = tokio::task::spawn_blocking(|| callee.went_well());
    assert!(phones.until_done(callee).await, "SIPp as callee");

    let caller = kamailio.caller("201");
    let session = phones.until(1, "incoming").await;
    phones.command(1, Command::Accept { session, answer: b"v=0 answer".to_vec(), headers: Vec::new() });
    phones.until(1, "confirmed").await;
    phones.until(1, "terminated Remote 200").await;
    let caller = tokio::task::spawn_blocking(|| caller.went_well());
    assert!(phones.until_done(caller).await, "SIPp as caller");
}

#[tokio::test]
async fn message_and_info_arrive_and_the_flow_is_kept_alive() {
    let (_kamailio, mut phones) = registered("SHA-256", "1").await;
    let (content_type, body) = ("text/plain".to_owned(), b"hola".to_vec());
    phones.command(0, Command::Message { target: "201".to_owned(), content_type, body });
    phones.until(1, "message hola").await;
    let (ours, _) = in_call(&mut phones).await;
    let (content_type, body) = ("application/dtmf-relay".to_owned(), b"Signal=5".to_vec());
    phones.command(0, Command::Info { session: ours, content_type, body });
    phones.until(1, "info Signal=5").await;
    // In a call the first ping comes after 10 s.
    phones.until_answered_ping(0).await;
    phones.command(0, Command::Unregister);
    phones.until(0, "Offline").await;
    phones.until(1, "terminated Remote 200").await;
}
