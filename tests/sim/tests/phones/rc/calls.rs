//! Calls of a page of RingCentral Embeddable: made, controlled and told.

use super::page;
use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::view;
use softframe_sim::description;

#[test]
fn new_call_dials_where_it_says_so_and_is_ignored_while_another_is_made_or_that_number_is_on_a_call() {
    let mut script = page();
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "911 08 54 60" }));
    match script.phone.view(script.now).screen {
        view::Screen::Keypad(keypad) => assert_eq!(keypad.field, "911085460"),
        other => panic!("{other:?}"),
    }
    let call = json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34911085460", "toCall": true });
    script.post(call.clone());
    assert_eq!(script.notices(), ["init"]);
    script.pass(3_000);
    script.post(call);
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34922", "toCall": true }));
    assert_eq!(script.notices(), ["init"]);
    assert_eq!(script.count("softframe:error"), 0, "it is left alone, not refused");
    let object = script.last_rc("rc-call-init-notify")["call"].clone();
    assert_eq!(
        (&object["direction"], &object["to"], &object["fromNumber"], &object["startTime"]),
        (&json!("Outbound"), &json!("+34911085460"), &json!("+34900"), &Value::Null)
    );
    assert_eq!(object["callStatus"], "webphone-session-connecting");
}

#[test]
fn call_that_comes_in_is_told_from_the_ring_to_the_end_with_the_whole_object() {
    let mut script = page();
    script.talk();
    script.control("mute", json!({}));
    script.control("unmute", json!({}));
    script.control("hold", json!({}));
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "f", "", &description(8, "recvonly"));
    script.control("unhold", json!({}));
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "f", "", &description(9, "sendrecv"));
    script.pass(2_000);
    script.control("hangup", json!({}));
    assert_eq!(
        script.notices(),
        ["ring", "start", "mute", "mute", "hold", "resume", "end"],
        "{:#?}",
        script.heard
    );
    let ring = script.last_rc("rc-call-ring-notify")["call"].clone();
    for key in [
        "id",
        "callId",
        "direction",
        "callStatus",
        "to",
        "toUserName",
        "from",
        "fromNumber",
        "fromUserName",
        "fromTag",
        "toTag",
        "startTime",
        "creationTime",
        "isOnHold",
        "isOnMute",
        "isOnFlip",
        "isOnTransfer",
        "isToVoicemail",
        "isForwarded",
        "isReplied",
        "recordStatus",
        "contactMatch",
        "minimized",
        "partyData",
        "lastActiveTime",
        "callQueueName",
        "warmTransferSessionId",
    ] {
        assert!(ring.as_object().unwrap().contains_key(key), "{key}");
    }
    assert_eq!((&ring["id"], &ring["callId"]), (&json!("given"), &json!("in1")));
    assert_eq!((&ring["fromUserName"], &ring["callQueueName"]), (&json!("Ana"), &json!("Sales")));
    let hold = script.last_rc("rc-call-hold-notify")["call"].clone();
    assert_eq!((&hold["callStatus"], &hold["isOnHold"]), (&json!("webphone-session-onHold"), &json!(true)));
    let end = script.last_rc("rc-call-end-notify")["call"].clone();
    assert_eq!(end["callStatus"], "webphone-session-finished");
    assert_eq!(end["endTime"].as_u64().unwrap() - end["startTime"].as_u64().unwrap(), 2_000);
    let active: Vec<Value> = script
        .rc("rc-active-call-notify")
        .iter()
        .map(|message| message["call"]["telephonyStatus"].clone())
        .collect();
    assert_eq!(active, ["Ringing", "CallConnected", "OnHold", "CallConnected", "NoCall"]);
    assert_eq!(script.last_rc("rc-active-call-notify")["call"]["terminationType"], "final");
}

#[test]
fn calls_are_controlled_by_either_of_their_ids() {
    let mut script = page();
    script.invite(1, "", &description(7, "sendrecv"));
    script.post(json!({ "type": "rc-adapter-control-call", "callAction": "reject", "callId": "in1" }));
    assert_eq!(script.response("INVITE").status().unwrap().0, 486);
    assert_eq!(script.notices(), ["ring", "end"]);
}

#[test]
fn ringing_call_is_forwarded_and_sent_to_the_voice_mail() {
    let mut script = page();
    script.invite(1, "", &description(7, "sendrecv"));
    script.control("forward", json!({ "forwardNumber": "+34922" }));
    let moved = script.response("INVITE");
    assert_eq!(moved.status().unwrap().0, 302);
    assert!(moved.header("Contact").unwrap().contains("+34922@"), "{moved:?}");
    let mut script = page();
    script.invite(1, "", &description(7, "sendrecv"));
    script.control("toVoicemail", json!({}));
    let moved = script.response("INVITE");
    assert!(moved.header("Contact").unwrap().contains("*97@"), "{moved:?}");
    let mut script = Script::with(r#""dialects":["rc"],"#);
    script.invite(1, "", &description(7, "sendrecv"));
    script.control("toVoicemail", json!({}));
    assert_eq!(script.response("INVITE").status().unwrap().0, 480, "where there is none");
}

#[test]
fn running_call_is_transferred_and_takes_keys() {
    let mut script = page();
    script.talk();
    script.control("dtmf", json!({ "dtmf": "12#" }));
    script.control("dtmf", json!({ "dtmf": "hello" }));
    script.pass(1_000);
    assert_eq!(script.count("softframe:error"), 0);
    script.control("transfer", json!({ "transferNumber": "+34922" }));
    let refer = script.request("REFER");
    assert!(refer.header("Refer-To").unwrap().contains("+34922@"), "{refer:?}");
}

#[test]
fn recording_is_the_one_wish_that_is_answered_with_an_error() {
    let mut script = page();
    script.talk();
    script.post(json!({ "type": "rc-adapter-control-call", "callAction": "startRecord", "callId": "given" }));
    let error = script.last_rc("rc-control-call-error");
    assert_eq!(error["callId"], "given");
    for action in ["toggleRingingDialog", "nonsense"] {
        script.control(action, json!({}));
    }
    assert_eq!(script.rc("rc-control-call-error").len(), 1);
}

#[test]
fn sessions_are_told_on_request() {
    let mut script = page();
    script.post(json!({ "type": "rc-adapter-webphone-sessions-sync" }));
    assert_eq!(script.last_rc("rc-webphone-sessions-sync")["calls"], json!([]));
    script.talk();
    script.post(json!({ "type": "rc-adapter-webphone-sessions-sync" }));
    let calls = script.last_rc("rc-webphone-sessions-sync")["calls"].clone();
    assert_eq!(calls.as_array().map(Vec::len), Some(1));
    assert_eq!(calls[0], script.last_rc("rc-call-start-notify")["call"]);
}

#[test]
fn do_not_contact_restricts_or_asks_the_person() {
    let mut script = page();
    script.offer(json!({ "name": "TestService", "doNotContactPath": "/doNotContact" }));
    script.post(json!({ "type": "rc-adapter-new-call", "phoneNumber": "+34911085460", "toCall": true }));
    let body = script.requests("/doNotContact")[0]["body"].clone();
    assert_eq!(body, json!({ "actionType": "call", "phoneNumber": "+34911085460" }));
    let answer = json!({ "data": { "result": true, "message": "Do not call", "mode": "restrict" } });
    script.respond_to("/doNotContact", answer);
    assert_eq!(script.count("phone:calling"), 0);
    assert_eq!(script.phone.view(script.now).toast.unwrap().text, view::Text::plain("Do not call"));
}
