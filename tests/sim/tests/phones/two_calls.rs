//! Two calls at once: whichever way the second one comes, it is answered, or the person is told why not, and no two
//! others hear the person.

use crate::script::Script;
use serde_json::Value;
use softframe_phone::{
    Action, Answer, CallId, Input, MediaRequest, PeerId,
    view::{Screen, Sheet},
};
use softframe_sim::description;

const RECVONLY: &str = "recvonly";

/// Rings as the call `in{number}`, from +3495{number}.
fn rings(script: &mut Script, number: u32) {
    let body = description(u64::from(number), "sendrecv");
    script.frame(format!(
        "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKn{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:+3495{number}@a.test>;tag=f{number}\r\nTo: <sip:200@a.test>\r\nCall-ID: in{number}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:n{number}@p.test;transport=ws>\r\nX-Call-ID: call{number}\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
}

/// The ACK of the 200 to `in{number}`.
fn acks(script: &mut Script, number: u32, ok: &softframe_sip::wire::Message) {
    script.frame(format!(
        "ACK sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKa{number}\r\nMax-Forwards: 70\r\n\
         From: <sip:+3495{number}@a.test>;tag=f{number}\r\nTo: {}\r\nCall-ID: in{number}\r\nCSeq: 1 ACK\r\n\
         Content-Length: 0\r\n\r\n",
        ok.to()
    ));
}

fn ringing(script: &Script) -> CallId {
    let view = script.phone.view(script.now);
    match (view.screen, view.sheet) {
        (Screen::Incoming(incoming), _) => incoming.call,
        (_, Some(Sheet::SecondIncoming(incoming))) => incoming.call,
        other => panic!("nothing rings: {other:?}"),
    }
}

/// The person presses Answer.
fn press(script: &mut Script) {
    let id = ringing(script);
    script.input(Input::Action(Action::Answer(id, Answer::HoldOther)));
}

fn toast(script: &Script) -> Option<&'static str> {
    script.phone.view(script.now).toast.map(|toast| toast.text.id)
}

fn oks(script: &Script) -> Vec<String> {
    let is_ok = |message: &&softframe_sip::wire::Message| {
        message.status().is_some_and(|(code, _)| code == 200) && message.method().as_str() == "INVITE"
    };
    script.sent.iter().filter(is_ok).map(|ok| ok.call_id().to_owned()).collect()
}

/// Whether each peer was muted last.
fn muted(script: &Script, peer: PeerId) -> Option<bool> {
    script.media.iter().rev().find_map(|(of, what)| match what {
        MediaRequest::Mute(muted) if *of == peer => Some(*muted),
        _ => None,
    })
}

/// The first call stands; the second one rings beside it.
fn one_stands_and_one_rings() -> Script {
    let mut script = Script::new();
    rings(&mut script, 1);
    press(&mut script);
    let first = script.response("INVITE");
    acks(&mut script, 1, &first);
    rings(&mut script, 2);
    script
}

fn states(script: &mut Script) -> Vec<(String, String, bool)> {
    script.host(r#"{"type":"state","id":"s"}"#);
    let response =
        script.heard.iter().rev().find(|message| message["id"] == "s").expect("a response").clone();
    let text = |call: &Value, key: &str| call[key].as_str().expect("a text").to_owned();
    let calls = response["data"]["calls"].as_array().expect("calls");
    calls.iter().map(|call| (text(call, "from"), text(call, "state"), call["muted"] == true)).collect()
}

#[test]
fn second_call_answered_before_the_ack_of_the_first_is_answered_once_that_one_is_held() {
    let mut script = Script::new();
    rings(&mut script, 1);
    press(&mut script);
    let first = script.response("INVITE");
    rings(&mut script, 2);
    press(&mut script);
    assert_eq!((oks(&script), toast(&script)), (Vec::new(), None), "nothing has failed");
    acks(&mut script, 1, &first);
    let hold = script.request("INVITE");
    assert_eq!(hold.call_id(), "in1");
    assert!(oks(&script).is_empty(), "not before the first is held");
    script.respond(&hold, "200 OK", "f1", "", &description(9, RECVONLY));
    assert_eq!(oks(&script), ["in2"]);
    let second = script.response("INVITE");
    acks(&mut script, 2, &second);
    assert_eq!(script.count("phone:accepted"), 2);
    let calls: Vec<String> = states(&mut script).into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(calls, ["held", "active"]);
}

#[test]
fn second_call_is_answered_when_the_ack_of_the_first_never_comes() {
    let mut script = Script::new();
    rings(&mut script, 1);
    press(&mut script);
    script.sent.clear();
    rings(&mut script, 2);
    press(&mut script);
    // The server answers each keep-alive.
    for _ in 0..31 {
        script.pass(1_000);
        script.frame("\r\n".to_owned());
    }
    assert!(!oks(&script).contains(&"in2".to_owned()));
    script.pass(2_000);
    assert!(oks(&script).contains(&"in2".to_owned()));
    assert_eq!(script.last("phone:terminated")["from"], "+34951");
}

#[test]
fn hold_before_the_ack_is_done_after_it_and_answered() {
    let mut script = Script::new();
    rings(&mut script, 1);
    press(&mut script);
    let first = script.response("INVITE");
    script.host(r#"{"type":"hold","id":"h","data":{"callId":"call1"}}"#);
    assert!(script.heard.iter().all(|message| message["id"] != "h"), "not yet");
    acks(&mut script, 1, &first);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f1", "", &description(9, RECVONLY));
    let response = script.heard.iter().find(|message| message["id"] == "h").expect("a response");
    assert_eq!(response["ok"], true);
    assert_eq!(script.count("phone:hold"), 1);
}

#[test]
fn third_call_answered_while_the_first_is_being_held_for_the_second_rings_on_and_the_person_is_told() {
    let mut script = one_stands_and_one_rings();
    press(&mut script);
    let second = ringing(&script);
    script.input(Input::Action(Action::Answer(second, Answer::HoldOther)));
    assert_eq!(toast(&script), None, "pressed twice is pressed once");
    rings(&mut script, 3);
    script.input(Input::Action(Action::Answer(CallId(3), Answer::HoldOther)));
    assert_eq!(toast(&script), Some("call.holding"));
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f1", "", &description(9, RECVONLY));
    assert_eq!(oks(&script), ["in2"]);
    assert_eq!(ringing(&script), CallId(3));
}

/// The person answers `in1` while an own call rings there, and that one comes through then: both talk. The hold of it is
/// under way.
fn both_come_through() -> (Script, softframe_sip::wire::Message) {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922","ref":"own"}}"#);
    let invite = script.request("INVITE");
    script.respond(&invite, "180 Ringing", "b", "", "");
    rings(&mut script, 1);
    press(&mut script);
    let ok = script.response("INVITE");
    acks(&mut script, 1, &ok);
    script.respond(&invite, "200 OK", "b", "", &description(8, "sendrecv"));
    assert_eq!(script.count("phone:accepted"), 2);
    let hold = script.request("INVITE");
    assert_eq!(hold.call_id(), invite.call_id());
    (script, hold)
}

fn peers(script: &Script) -> (PeerId, PeerId) {
    let of = |wanted: fn(&MediaRequest) -> bool| {
        script.media.iter().find(|(_, what)| wanted(what)).expect("a peer").0
    };
    (
        of(|what| matches!(what, MediaRequest::Offer { .. })),
        of(|what| matches!(what, MediaRequest::Answer { .. })),
    )
}

#[test]
fn call_that_comes_through_beside_another_does_not_hear_the_person_while_it_is_being_held() {
    let (mut script, hold) = both_come_through();
    let (own, theirs) = peers(&script);
    assert_eq!((muted(&script, own), muted(&script, theirs)), (Some(true), None));
    assert_eq!(script.count("phone:muted"), 0, "the person has muted nobody");
    script.respond(&hold, "200 OK", "b", "", &description(9, RECVONLY));
    assert_eq!(muted(&script, own), Some(false), "when it is resumed it hears the person");
    script.host(r#"{"type":"unhold","data":{"callId":"own"}}"#);
    assert_eq!(script.count("phone:muted"), 0);
}

#[test]
fn call_beside_another_that_refuses_to_be_held_is_muted_and_the_person_is_told_which() {
    let (mut script, hold) = both_come_through();
    let (own, theirs) = peers(&script);
    script.respond(&hold, "488 Not Acceptable Here", "b", "", "");
    assert_eq!((muted(&script, own), muted(&script, theirs)), (Some(true), None));
    assert_eq!((script.count("phone:muted"), script.last("phone:muted")["to"].as_str()), (1, Some("+34922")));
    let told = script.phone.view(script.now).toast.expect("a toast").text;
    assert_eq!((told.id, told.args), ("call.hold.muted", vec![("name", "+34922".to_owned())]));
    // Who speaks to it instead is not heard by the other one.
    script.host(r#"{"type":"unmute","data":{"callId":"own"}}"#);
    assert_eq!((muted(&script, own), muted(&script, theirs)), (Some(false), Some(true)));
    assert_eq!(script.last("phone:muted")["from"], "+34951");
    assert_eq!(toast(&script), Some("call.hold.muted"));
    // Alone, it may be spoken to again.
    script.host(r#"{"type":"hangup","data":{"callId":"own"}}"#);
    script.host(r#"{"type":"unmute","data":{"callId":"call1"}}"#);
    assert_eq!(muted(&script, theirs), Some(false));
    let calls = states(&mut script);
    assert_eq!(calls, [("+34951".to_owned(), "active".to_owned(), false)]);
}

#[test]
fn call_that_was_muted_for_another_hears_the_person_again_when_that_ends_unless_they_muted_it() {
    for by_person in [false, true] {
        let (mut script, hold) = both_come_through();
        let (own, _) = peers(&script);
        if by_person {
            script.host(r#"{"type":"mute","data":{"callId":"own"}}"#);
        }
        script.respond(&hold, "488 Not Acceptable Here", "b", "", "");
        assert_eq!(muted(&script, own), Some(true));
        script.host(r#"{"type":"hangup","data":{"callId":"call1"}}"#);
        assert_eq!(muted(&script, own), Some(by_person));
        assert_eq!(script.last("phone:muted")["muted"], by_person);
    }
}

#[test]
fn refused_hold_of_the_only_call_mutes_nobody() {
    let mut script = Script::new();
    script.answered(&description(7, "sendrecv"));
    script.host(r#"{"type":"hold"}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "488 Not Acceptable Here", "f", "", "");
    assert_eq!((script.count("phone:muted"), toast(&script)), (0, Some("call.hold.no")));
    // Nor does that of a call which another one waits for: it rings on.
    rings(&mut script, 2);
    press(&mut script);
    let hold = script.request("INVITE");
    script.respond(&hold, "488 Not Acceptable Here", "f", "", "");
    assert_eq!((script.count("phone:muted"), toast(&script)), (0, Some("call.hold.no")));
    ringing(&script);
}

#[test]
fn two_calls_answered_in_one_moment_are_not_both_heard() {
    let mut script = Script::new();
    script.unsaid = Some(Vec::new());
    rings(&mut script, 1);
    rings(&mut script, 2);
    for _ in 0..2 {
        press(&mut script);
    }
    // The browser is slow, and then has made both answers.
    let said = script.unsaid.take().expect("the browser's");
    for input in said {
        script.input(input);
    }
    let (first, second) = (script.response("INVITE"), script.response("INVITE"));
    assert_eq!((first.call_id(), second.call_id()), ("in1", "in2"));
    let peer = script.media[0].0;
    assert_eq!(muted(&script, peer), Some(true), "the first does not hear what is said to the second");
    acks(&mut script, 2, &second);
    acks(&mut script, 1, &first);
    let hold = script.request("INVITE");
    assert_eq!(hold.call_id(), "in1");
    script.respond(&hold, "200 OK", "f1", "", &description(9, RECVONLY));
    let calls: Vec<String> = states(&mut script).into_iter().map(|(_, state, _)| state).collect();
    assert_eq!(calls, ["held", "active"]);
}

#[test]
fn call_that_ends_beside_another_is_named_and_the_last_one_is_not() {
    let mut script = one_stands_and_one_rings();
    let second = ringing(&script);
    script.said.clear();
    script.input(Input::Action(Action::Decline(second)));
    let told = script.said.last().expect("an announcement").clone();
    assert_eq!(told.id, "ended.of");
    for arg in [("name", "+34952".to_owned()), ("reason", "ended.rejected".to_owned())] {
        assert!(told.args.contains(&arg), "{told:?}");
    }
    script.host(r#"{"type":"hangup"}"#);
    assert_eq!(script.said.last().map(|text| text.id), Some("ended.hangup"));
}
