//! A caller who brings no offer and demands reliable responses (RFC 3262 §5): ours goes out while the phone rings, so
//! that ringing is heard, and nobody is heard before the person answers.

use crate::script::Script;
use softframe_phone::{Input, MediaError, MediaEvent, MediaRequest};
use softframe_sim::description;
use softframe_sip::wire::Message;

fn request(script: &mut Script, method: &str, sequence: u32, more: &str, body: &str) {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let tag = if more.contains("RAck") || method == "ACK" { ";tag=TAG" } else { "" };
    let tag = tag.replace("TAG", &tag_of(script));
    let branch = if method == "CANCEL" { "INVITE" } else { method };
    script.frame(format!(
        "{method} sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{branch}{sequence}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\n\
         CSeq: {sequence} {method}\r\nContact: <sip:ana@p.test>\r\n{more}{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
}

/// Our tag, from the last response that has one.
fn tag_of(script: &Script) -> String {
    let tag = |message: &Message| message.to().tag().map(str::to_owned).filter(|_| !message.is_request());
    script.sent.iter().rev().find_map(tag).unwrap_or_default()
}

fn rings(script: &mut Script) {
    request(script, "INVITE", 1, "Require: 100rel\r\n", "");
}

fn provisional(script: &Script) -> Option<&Message> {
    script.sent.iter().find(|message| message.status().is_some_and(|(code, _)| code == 180))
}

fn prack(script: &mut Script, body: &str) {
    let number = provisional(script).expect("a 180").header("RSeq").expect("RSeq").to_owned();
    request(script, "PRACK", 2, &format!("RAck: {number} 1 INVITE\r\n"), body);
}

/// Status and body of the final response to the INVITE.
fn outcome(script: &Script) -> Option<(u16, String)> {
    let to_invite = |message: &&Message| {
        message.status().is_some_and(|(code, _)| code >= 200)
            && message.header("CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"))
    };
    let found = script.sent.iter().find(to_invite)?;
    Some((found.status()?.0, String::from_utf8_lossy(found.body()).into_owned()))
}

fn asked(script: &Script) -> Vec<&MediaRequest> {
    script.media.iter().map(|(_, what)| what).collect()
}

fn answer() -> MediaRequest {
    MediaRequest::Accept { answer: description(9, "sendrecv"), provisional: false }
}

#[test]
fn a_late_offer_that_must_be_reliable_rings_with_our_offer_and_nobody_is_heard_before_the_answer() {
    let mut script = Script::new();
    rings(&mut script);
    let ringing = provisional(&script).expect("the caller hears that it rings");
    assert_eq!(ringing.header("Require"), Some("100rel"));
    assert!(String::from_utf8_lossy(ringing.body()).contains("m=audio"));
    prack(&mut script, &description(9, "sendrecv"));
    assert_eq!(script.response("PRACK").status().unwrap().0, 200);
    assert_eq!(asked(&script), [&MediaRequest::RingOffer], "no microphone, and nothing flows");
    assert_eq!((script.count("phone:ringing"), script.count("phone:accepted")), (1, 0));
    script.host(r#"{"type":"answer","id":"a"}"#);
    assert_eq!(outcome(&script), Some((200, String::new())), "the offer is not made again");
    request(&mut script, "ACK", 1, "", "");
    assert_eq!(script.count("phone:accepted"), 1);
    assert_eq!(asked(&script), [&MediaRequest::RingOffer, &MediaRequest::Microphone, &answer()]);
    assert!(script.heard.iter().any(|message| message["id"] == "a" && message["ok"] == true));
}

#[test]
fn who_answers_before_the_answer_to_our_offer_has_come_is_connected_by_it() {
    let mut script = Script::new();
    rings(&mut script);
    script.host(r#"{"type":"answer"}"#);
    assert_eq!(outcome(&script), None);
    prack(&mut script, &description(9, "sendrecv"));
    assert_eq!(outcome(&script), Some((200, String::new())));
    request(&mut script, "ACK", 1, "", "");
    assert_eq!(script.count("phone:accepted"), 1);
    assert_eq!(asked(&script), [&MediaRequest::RingOffer, &MediaRequest::Microphone, &answer()]);
}

#[test]
fn a_microphone_that_is_refused_leaves_it_ringing_and_the_next_try_has_the_same_transport() {
    let mut script = Script::new();
    rings(&mut script);
    prack(&mut script, &description(9, "sendrecv"));
    script.unsaid = Some(Vec::new());
    script.host(r#"{"type":"answer","id":"a"}"#);
    let mut said = script.unsaid.take().unwrap();
    if let Some(Input::Media { event, .. }) = said.last_mut() {
        *event = MediaEvent::Failed(MediaError::Denied);
    }
    said.into_iter().for_each(|said| script.input(said));
    assert_eq!((outcome(&script), script.count("phone:terminated")), (None, 0));
    script.host(r#"{"type":"answer"}"#);
    request(&mut script, "ACK", 1, "", "");
    assert_eq!(script.count("phone:accepted"), 1);
    let peers: Vec<_> = script.media.iter().map(|(peer, _)| *peer).collect();
    assert!(peers.iter().all(|peer| *peer == peers[0]), "{:?}", script.media);
    assert!(!asked(&script).contains(&&MediaRequest::Close));
}

#[test]
fn a_browser_that_makes_no_offer_leaves_it_ringing_and_is_asked_again_at_the_answer() {
    let mut script = Script::new();
    script.unsaid = Some(Vec::new());
    rings(&mut script);
    let mut said = script.unsaid.take().unwrap();
    if let Some(Input::Media { event, .. }) = said.last_mut() {
        *event = MediaEvent::Failed(MediaError::Other);
    }
    said.into_iter().for_each(|said| script.input(said));
    assert!(provisional(&script).is_none());
    assert_eq!((script.count("phone:ringing"), script.count("phone:terminated")), (1, 0));
    script.host(r#"{"type":"answer"}"#);
    let (code, body) = outcome(&script).expect("a final response");
    assert_eq!(code, 200);
    assert!(body.contains("m=audio"));
    request(&mut script, "ACK", 1, "", &description(9, "sendrecv"));
    assert_eq!(script.count("phone:accepted"), 1);
}

#[test]
fn an_answer_that_is_none_refuses_the_call_and_one_that_is_declined_or_given_up_leaves_no_transport() {
    for ending in ["unusable", "declined", "given up", "declined early"] {
        let mut script = Script::new();
        if ending == "declined early" {
            script.unsaid = Some(Vec::new());
        }
        rings(&mut script);
        let code = match ending {
            "unusable" => {
                prack(&mut script, "v=0\r\n");
                488
            }
            "given up" => {
                prack(&mut script, &description(9, "sendrecv"));
                request(&mut script, "CANCEL", 1, "", "");
                487
            }
            _ => {
                script.host(r#"{"type":"reject"}"#);
                486
            }
        };
        for said in script.unsaid.take().unwrap_or_default() {
            script.input(said);
        }
        assert_eq!(outcome(&script).map(|(code, _)| code), Some(code), "{ending}");
        assert_eq!(script.count("phone:terminated"), 1, "{ending}");
        assert_eq!(asked(&script).last(), Some(&&MediaRequest::Close), "{ending}");
    }
}
