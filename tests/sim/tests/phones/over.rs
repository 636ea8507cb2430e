//! Transfers whose outcome is told when their call is over: who asked for it hears it all the same.

use crate::script::Script;
use softframe_sim::description;
use softframe_sip::wire::Message;

/// A transfer of the only call was accepted, and the other side has hung up.
fn left() -> (Script, Message) {
    let mut script = Script::new();
    script.answered(&description(7, "sendrecv"));
    script.host(r#"{"type":"transfer","id":"t","data":{"to":"202"}}"#);
    let refer = script.request("REFER");
    script.respond(&refer, "202 Accepted", "f", "", "");
    inside(&mut script, &refer, "BYE", 50, "", "");
    assert_eq!(script.count("phone:terminated"), 1);
    (script, refer)
}

/// A request of the other side in the dialog of the REFER.
fn inside(script: &mut Script, refer: &Message, method: &str, number: u32, headers: &str, body: &str) {
    let (from, to) = (refer.header("To").expect("To"), refer.header("From").expect("From"));
    let contact = refer.contact().expect("Contact").uri;
    script.frame(format!(
        "{method} {contact} SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKo{number}\r\nMax-Forwards: 70\r\n\
         From: {from}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        refer.call_id(),
        body.len()
    ));
}

fn last_word(script: &mut Script, refer: &Message, status: &str) {
    let headers = "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n\
                   Contact: <sip:peer@b.test>\r\nContent-Type: message/sipfrag;version=2.0\r\n";
    inside(script, refer, "NOTIFY", 51, headers, &format!("SIP/2.0 {status}\r\n"));
}

fn answer(script: &Script) -> Option<&serde_json::Value> {
    script.heard.iter().find(|message| message["id"] == "t")
}

#[test]
fn transfer_that_succeeds_after_the_end_of_its_call_answers_the_command_and_tells_no_event() {
    let (mut script, refer) = left();
    assert!(answer(&script).is_none(), "nothing is known yet");
    let events = script.count("phone:transfer");
    last_word(&mut script, &refer, "200 OK");
    assert_eq!(answer(&script).expect("an answer")["ok"], true);
    let toast = script.phone.view(script.now).toast.expect("a toast").text;
    assert_eq!(toast.id, "transfer.over.done");
    assert_eq!((script.count("phone:transfer"), script.count("phone:terminated")), (events, 1));
}

#[test]
fn transfer_that_fails_after_the_end_of_its_call_fails_the_command_and_the_person_is_told() {
    let (mut script, refer) = left();
    last_word(&mut script, &refer, "486 Busy Here");
    assert_eq!(answer(&script).expect("an answer")["error"]["code"], "sip_486");
    let toast = script.phone.view(script.now).toast.expect("a toast").text;
    assert_eq!(toast.id, "transfer.over.failed");
    assert!(toast.args.contains(&("reason", "ended.busy".to_owned())), "words, no code: {toast:?}");
}

#[test]
fn transfer_of_which_nobody_tells_the_end_after_its_call_times_out() {
    let (mut script, _) = left();
    script.pass(179_000);
    assert!(answer(&script).is_none());
    script.pass(2_000);
    assert_eq!(answer(&script).expect("an answer")["error"]["code"], "sip_408");
}

/// A transfer of the only call, which was held before, has failed: our re-INVITE that takes it off hold is on its way.
fn resuming() -> (Script, Message) {
    let mut script = Script::new();
    script.answered(&description(7, "sendrecv"));
    script.host(r#"{"type":"hold"}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f", "Contact: <sip:peer@b.test>\r\n", &description(7, "recvonly"));
    script.host(r#"{"type":"transfer","data":{"to":"202"}}"#);
    let refer = script.request("REFER");
    script.respond(&refer, "202 Accepted", "f", "", "");
    last_word(&mut script, &refer, "486 Busy Here");
    let resume = script.request("INVITE");
    (script, resume)
}

fn banner(script: &Script) -> &'static str {
    script.phone.view(script.now).banner.expect("a banner").text.id
}

fn said(script: &Script) -> Vec<&'static str> {
    script.said.iter().map(|text| text.id).filter(|id| id.starts_with("transfer.failed")).collect()
}

#[test]
fn who_is_back_after_a_transfer_that_failed_is_said_to_be_once_the_other_side_has_agreed() {
    let (mut script, resume) = resuming();
    assert_eq!((banner(&script), said(&script)), ("transfer.failed.held", vec![]), "it is only wished yet");
    let contact = "Contact: <sip:peer@b.test>\r\n";
    script.respond(&resume, "200 OK", "f", contact, &description(7, "sendrecv"));
    assert_eq!((banner(&script), said(&script)), ("transfer.failed", vec!["transfer.failed"]));
}

#[test]
fn who_stays_on_hold_after_a_transfer_that_failed_since_the_other_side_refuses_is_said_to() {
    let (mut script, resume) = resuming();
    script.respond(&resume, "488 Not Acceptable Here", "f", "", "");
    assert_eq!((banner(&script), said(&script)), ("transfer.failed.held", vec!["transfer.failed.held"]));
    let toast = script.phone.view(script.now).toast.expect("why it is held").text;
    assert_eq!(toast.id, "call.resume.no");
}
