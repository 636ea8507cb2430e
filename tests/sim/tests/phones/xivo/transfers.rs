//! Calls that clients of XiVO lead to others: transferred, forwarded, from the mobile, and the data that goes along.

use super::{accept, accept_renewal, client, client_with, errors, frames, kinds, parsed, raw, web};
use crate::script::Script;
use serde_json::{Value, json};
use softframe_sim::description;
use softframe_sip::wire::Message;

/// The sipfrag of a NOTIFY to the referrer.
fn went(script: &mut Script, refer: &Message, number: u32, state: &str, fragment: &str) {
    let (to, from) = (refer.header("From").unwrap(), refer.header("To").unwrap());
    let contact = refer.contact().unwrap().uri;
    script.frame(format!(
        "NOTIFY {contact} SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKn{number}\r\nMax-Forwards: 70\r\nFrom: {from}\r\n\
         To: {to}\r\nCall-ID: {}\r\nCSeq: {number} NOTIFY\r\nContact: <sip:p@p.test>\r\nEvent: refer\r\n\
         Subscription-State: {state}\r\nContent-Type: message/sipfrag\r\nContent-Length: {}\r\n\r\n{fragment}",
        refer.call_id(),
        fragment.len()
    ));
}

#[test]
fn call_is_transferred_at_once_and_a_transfer_that_fails_leaves_it() {
    let mut script = client();
    web(&mut script, "dial", json!({"destination": "31"}));
    accept(&mut script, "x");
    kinds(&mut script);
    web(&mut script, "directTransfer", json!({"destination": "32"}));
    let refer = script.request("REFER");
    assert!(refer.header("Refer-To").unwrap().contains("sip:32@"), "{refer:?}");
    script.respond(&refer, "202 Accepted", "x", "", "");
    went(&mut script, &refer, 10, "terminated;reason=noresource", "SIP/2.0 486 Busy Here");
    assert_eq!(
        parsed(&mut script, "a"),
        [json!({"msgType": "Error", "ctiMessage": {"Error": "Sip486", "command": "directTransfer"}})]
    );
    web(&mut script, "directTransfer", json!({"destination": "33"}));
    let refer = script.request("REFER");
    script.respond(&refer, "202 Accepted", "x", "", "");
    went(&mut script, &refer, 11, "terminated;reason=noresource", "SIP/2.0 200 OK");
    assert_eq!(kinds(&mut script), ["EventReleased"]);
    script.request("BYE");
}

/// Two calls: one is held, and the one that asks talks.
fn asking() -> Script {
    let mut script = client();
    web(&mut script, "dial", json!({"destination": "31"}));
    accept(&mut script, "x");
    kinds(&mut script);
    // A newer client says which of the person's telephones is to do it; there is this one.
    web(&mut script, "attendedTransfer", json!({"destination": "32", "device": "MobileApp"}));
    accept_renewal(&mut script);
    accept(&mut script, "y");
    assert_eq!(kinds(&mut script), ["EventOnHold", "EventDialing", "EventEstablished"]);
    script
}

#[test]
fn attended_transfer_is_completed() {
    let mut script = asking();
    web(&mut script, "completeTransfer", json!({}));
    let refer = script.request("REFER");
    assert!(refer.header("Refer-To").unwrap().contains("Replaces="), "{refer:?}");
    script.respond(&refer, "202 Accepted", "x", "", "");
    went(&mut script, &refer, 10, "terminated;reason=noresource", "SIP/2.0 200 OK");
    assert_eq!(kinds(&mut script), ["EventReleased", "EventReleased"]);
}

#[test]
fn attended_transfer_that_is_cancelled_takes_the_first_call_back() {
    let mut script = asking();
    web(&mut script, "cancelTransfer", json!({}));
    script.request("BYE");
    accept_renewal(&mut script);
    assert_eq!(kinds(&mut script), ["EventReleased", "EventEstablished"]);
    web(&mut script, "cancelTransfer", json!({}));
    assert_eq!(errors(&mut script), [("WrongState".to_owned(), "cancelTransfer".to_owned())]);
}

#[test]
fn call_that_is_forwarded_at_once_never_rings() {
    let mut script = client();
    web(&mut script, "uncFwd", json!({"state": true, "destination": "1003"}));
    frames(&mut script, "a");
    script.invite(1, "", &description(1, "sendrecv"));
    let moved = script.response("INVITE");
    assert_eq!(moved.status().unwrap().0, 302);
    assert!(moved.header("Contact").unwrap().contains("sip:1003@"), "{moved:?}");
    assert!(frames(&mut script, "a").is_empty());
}

#[test]
fn call_that_nobody_answers_rings_and_is_forwarded() {
    let mut script = client_with(r#""forward":{"na":{"timeout":5}},"#);
    web(&mut script, "naFwd", json!({"state": true, "destination": "1003"}));
    frames(&mut script, "a");
    script.invite(1, "", &description(1, "sendrecv"));
    script.pass(5_000);
    assert_eq!(script.response("INVITE").status().unwrap().0, 302);
    assert_eq!(kinds(&mut script), ["EventRinging", "EventReleased"]);
}

#[test]
fn call_from_the_mobile_is_established_when_the_other_side_is_there() {
    let mut script = client_with(r#""xivo":{"mobileNumber":"0600"},"#);
    web(&mut script, "dialFromMobile", json!({"destination": "31", "variables": {"a": "1"}}));
    let invite = accept(&mut script, "x");
    assert_eq!(invite.uri().unwrap().to_string(), "sip:0600@a.test");
    let said = parsed(&mut script, "a");
    assert_eq!(said.len(), 1, "{said:?}");
    let event = &said[0]["ctiMessage"];
    assert_eq!((&event["eventType"], &event["otherDN"]), (&json!("EventDialing"), &json!("31")));
    assert_eq!(
        (&event["userData"]["USR_a"], &event["userData"]["XIVO_SRCNUM"]),
        (&json!("1"), &json!("0600"))
    );
    let refer = script.request("REFER");
    assert!(refer.header("Refer-To").unwrap().contains("sip:31@"), "{refer:?}");
    script.respond(&refer, "202 Accepted", "x", "", "");
    went(&mut script, &refer, 10, "active;expires=60", "SIP/2.0 180 Ringing");
    assert!(kinds(&mut script).is_empty());
    went(&mut script, &refer, 11, "terminated;reason=noresource", "SIP/2.0 200 OK");
    assert_eq!(kinds(&mut script), ["EventEstablished", "EventReleased"]);
    script.request("BYE");
}

#[test]
fn mobile_is_hung_up_when_the_other_side_does_not_answer_and_needs_a_number() {
    let mut script = client_with(r#""xivo":{"mobileNumber":"0600"},"#);
    web(&mut script, "dialFromMobile", json!({"destination": "31"}));
    accept(&mut script, "x");
    let refer = script.request("REFER");
    script.respond(&refer, "202 Accepted", "x", "", "");
    went(&mut script, &refer, 10, "terminated;reason=noresource", "SIP/2.0 486 Busy Here");
    assert_eq!(kinds(&mut script), ["EventDialing", "EventReleased"]);
    script.request("BYE");

    let mut script = client();
    web(&mut script, "dialFromMobile", json!({"destination": "31"}));
    let said = parsed(&mut script, "a");
    let kinds: Vec<&Value> = said.iter().map(|message| &message["msgType"]).collect();
    assert_eq!(kinds, ["Error", "PhoneEvent"]);
    assert_eq!(said[1]["ctiMessage"]["eventType"], "EventFailure");
}

/// The frame that the document shows for `setData`, and the data that it shows in the events after it.
fn of_the_document() -> (String, Value) {
    let document = include_str!("../../../../seeds/xivo-phone-api.txt");
    let at = document.find(r#"{"claz":"web","command":"setData""#).unwrap();
    let frame = document[at..].split_inclusive("}}").next().unwrap();
    (frame.to_owned(), json!({"USR_var1": "val1", "USR_var2": "val2"}))
}

#[test]
fn data_of_a_client_goes_with_a_transfer_and_is_seen_where_the_call_goes_to() {
    let (frame, expected) = of_the_document();
    let mut script = client();
    raw(&mut script, "a", &frame);
    assert_eq!(errors(&mut script), [("NoSuchCall".to_owned(), "setData".to_owned())]);
    web(&mut script, "dial", json!({"destination": "31"}));
    accept(&mut script, "x");
    frames(&mut script, "a");
    raw(&mut script, "a", &frame);
    raw(
        &mut script,
        "a",
        r#"{"claz":"web","command":"setData","variables":"{'var1':'val1','USR_var2':'val2'}"}"#,
    );
    assert!(frames(&mut script, "a").is_empty(), "it is told in the events that follow");
    for wrong in [r#""x""#, "5", r#"{"a b":"1"}"#, r#"{"a":"1\r\nX: y"}"#, r#"{"a":{}}"#] {
        raw(&mut script, "a", &format!(r#"{{"claz":"web","command":"setData","variables":{wrong}}}"#));
        assert_eq!(errors(&mut script), [("BadRequest".to_owned(), "setData".to_owned())], "{wrong}");
    }
    web(&mut script, "directTransfer", json!({"destination": "32"}));
    let refer = script.request("REFER");
    let carried: Vec<(String, String)> = refer
        .headers()
        .filter(|(name, _)| name.starts_with("X-"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(carried.len(), 3, "{carried:?}");
    script.respond(&refer, "202 Accepted", "x", "", "");
    went(&mut script, &refer, 10, "terminated;reason=noresource", "SIP/2.0 200 OK");
    let released = parsed(&mut script, "a").pop().unwrap();
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&released["ctiMessage"]["userData"][key], value, "{released}");
    }

    // The telephone that the call is transferred to.
    let mut other = client();
    let headers: String = carried.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let body = description(1, "sendrecv");
    other.frame(format!(
        "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKd\r\nMax-Forwards: 70\r\n\
         From: <sip:31@a.test>;tag=f\r\nTo: <sip:200@a.test>\r\nCall-ID: d\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:31@p.test;transport=ws>\r\n{headers}Content-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let rings = parsed(&mut other, "a").pop().unwrap();
    assert_eq!(rings["ctiMessage"]["eventType"], "EventRinging");
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&rings["ctiMessage"]["userData"][key], value, "{rings}");
    }
}
