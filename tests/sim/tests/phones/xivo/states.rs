//! What clients of XiVO hear of the phone, the person and others.

use super::{accept, accept_renewal, client, client_with, errors, frames, open, parsed, raw, say, web};
use crate::script::Script;
use serde_json::json;
use softframe_sim::description;
use softframe_sip::wire::Message;

#[test]
fn what_is_not_done_is_said_and_what_is_no_frame_too() {
    let mut script = client();
    for command in ["conference", "getConfig", "getList", "agentLogin"] {
        web(&mut script, command, json!({}));
        assert_eq!(errors(&mut script), [("NotSupported".to_owned(), command.to_owned())]);
    }
    for text in ["", "null", "[]", "{", r#"{"claz":"web"}"#, &"[".repeat(100)] {
        raw(&mut script, "a", text);
        assert_eq!(
            frames(&mut script, "a"),
            [r#"{"msgType":"Error","ctiMessage":{"Error":"BadRequest"}}"#],
            "{text}"
        );
    }
    assert_eq!(script.count("softframe:error"), 0, "the page's own protocol hears nothing of it");
}

#[test]
fn status_of_the_phone_follows_its_calls_where_the_operator_wants_that() {
    let mut script = client_with(r#""xivo":{"phoneStatusFrom":"hint"},"#);
    let status = |script: &mut Script| -> Vec<String> {
        let said = parsed(script, "a");
        let found = said.iter().filter(|message| message["msgType"] == "PhoneStatusUpdate");
        found.map(|message| message["ctiMessage"]["status"].as_str().unwrap().to_owned()).collect()
    };
    script.invite(1, "", &description(1, "sendrecv"));
    assert_eq!(status(&mut script), ["RINGING"]);
    web(&mut script, "hangup", json!({}));
    assert_eq!(status(&mut script), ["AVAILABLE"]);
    web(&mut script, "dial", json!({"destination": "31"}));
    assert_eq!(status(&mut script), ["CALLING"]);
    accept(&mut script, "x");
    web(&mut script, "hold", json!({}));
    accept_renewal(&mut script);
    assert_eq!(status(&mut script), ["ONHOLD"]);
    script.invite(2, "", &description(1, "sendrecv"));
    assert_eq!(status(&mut script), ["BUSY_AND_RINGING"]);
    web(&mut script, "dnd", json!({"state": true}));
    assert!(status(&mut script).is_empty());
    script.host(r#"{"type":"reject"}"#);
    web(&mut script, "hangup", json!({}));
    assert_eq!(status(&mut script), ["ONHOLD", "BUSY"], "whoever calls now is told that it is busy");
}

#[test]
fn refused_account_has_the_status_of_its_refusal() {
    for (answer, expected) in
        [("403 Forbidden", "DEACTIVATED"), ("404 Not Found", "UNEXISTING"), ("401 Unauthorized", "ERROR")]
    {
        let mut script = client_with(r#""xivo":{"phoneStatusFrom":"hint"},"#);
        let is = |message: &Message| message.octets().starts_with(b"REGISTER");
        while !script.sent.iter().any(is) {
            script.pass(1_000);
        }
        let register = script.request("REGISTER");
        script.respond(&register, answer, "r", "", "");
        let said = parsed(&mut script, "a");
        assert_eq!(said.last().unwrap()["ctiMessage"]["status"], expected, "{answer}: {said:?}");
    }
}

#[test]
fn do_not_disturb_and_forwards_are_told_whole() {
    let mut script = client();
    let config = |script: &mut Script| parsed(script, "a").pop().map(|said| said["ctiMessage"].clone());
    web(&mut script, "dnd", json!({"state": true}));
    let told = config(&mut script).unwrap();
    assert_eq!(
        (&told["dndEnabled"], &told["fullName"], &told["uncFwdEnabled"]),
        (&json!(true), &json!("200"), &json!(false))
    );
    assert_eq!(told.as_object().unwrap().len(), 13, "never in part");
    script.invite(1, "", &description(1, "sendrecv"));
    assert_eq!(script.response("INVITE").status().unwrap().0, 486);
    web(&mut script, "dnd", json!({"state": false}));
    assert_eq!(config(&mut script).unwrap()["dndEnabled"], false);
    for (command, enabled, destination) in [
        ("uncFwd", "uncFwdEnabled", "uncFwdDestination"),
        ("busyFwd", "busyFwdEnabled", "busyFwdDestination"),
        ("naFwd", "naFwdEnabled", "naFwdDestination"),
    ] {
        web(&mut script, command, json!({"state": true, "destination": ""}));
        assert_eq!(errors(&mut script), [("BadRequest".to_owned(), command.to_owned())]);
        web(&mut script, command, json!({"state": true, "destination": "1003"}));
        let told = config(&mut script).unwrap();
        assert_eq!((&told[enabled], &told[destination]), (&json!(true), &json!("1003")));
        web(&mut script, command, json!({"state": false, "destination": ""}));
        let told = config(&mut script).unwrap();
        assert_eq!((&told[enabled], &told[destination]), (&json!(false), &json!("1003")));
    }
}

#[test]
fn status_of_the_person_is_told_and_one_that_there_is_not_is_an_error() {
    let mut script = client();
    web(&mut script, "userStatusUpdate", json!({"status": "away"}));
    assert_eq!(
        frames(&mut script, "a"),
        [r#"{"msgType":"UserStatusUpdate","ctiMessage":{"status":"away"}}"#]
    );
    web(&mut script, "userStatusUpdate", json!({"status": "flying"}));
    assert_eq!(errors(&mut script), [("BadRequest".to_owned(), "userStatusUpdate".to_owned())]);
}

#[test]
fn voice_mail_is_told_as_the_document_has_it() {
    let mut script = client_with(r#""xivo":{"voiceMailId":58},"#);
    let summary = "Messages-Waiting: yes\r\nVoice-Message: 2/1\r\n";
    script.frame(format!(
        "NOTIFY sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKm\r\nMax-Forwards: 70\r\n\
         From: <sip:200@a.test>;tag=v\r\nTo: <sip:200@a.test>\r\nCall-ID: m\r\nCSeq: 1 NOTIFY\r\n\
         Event: message-summary\r\nSubscription-State: terminated\r\n\
         Content-Type: application/simple-message-summary\r\nContent-Length: {}\r\n\r\n{summary}",
        summary.len()
    ));
    let seed = include_str!("../../../../seeds/xivo-phone-api.txt");
    let told = frames(&mut script, "a").pop().unwrap();
    assert!(seed.contains(&told), "{told}");
}

#[test]
fn directory_is_the_contacts_of_the_phone() {
    let mut script = client();
    script.host(
        r#"{"type":"contacts","data":[{"id":"1","name":"Jane Black","company":"B","phones":["1058",{"number":"+34600","type":"mobile"}]}]}"#,
    );
    let now = script.now;
    while script.phone.contacts_step(now, 1) {}
    frames(&mut script, "a");
    web(&mut script, "directoryLookUp", json!({"term": "bla"}));
    assert_eq!(
        frames(&mut script, "a"),
        [
            r#"{"msgType":"DirectoryResult","ctiMessage":{"headers":["Name","Number","Mobile","Other number","Company"],"entries":[{"status":-2,"entry":["Jane Black","1058","+34600","","B"]}]}}"#
        ]
    );
}

#[test]
fn configuration_of_the_line_is_its_number_without_a_password_and_of_queues_there_is_none() {
    let mut script = client();
    web(&mut script, "getConfig", json!({"objectType": "line"}));
    assert_eq!(
        frames(&mut script, "a"),
        [
            r#"{"msgType":"LineConfig","ctiMessage":{"id":"200","name":"200","number":"200","hasDevice":true,"webRtc":false}}"#
        ]
    );
    for (command, kind) in [("getConfig", "queue"), ("getList", "queue"), ("getList", "line")] {
        web(&mut script, command, json!({"objectType": kind}));
        assert_eq!(errors(&mut script), [("NotSupported".to_owned(), command.to_owned())], "{kind}");
    }
}

#[test]
fn hints_are_of_the_socket_that_asked_and_end_with_the_last_that_does() {
    let mut script = client();
    open(&mut script, "b");
    frames(&mut script, "b");
    web(&mut script, "subscribeToPhoneHints", json!({"phoneNumbers": ["301"]}));
    let refused = |script: &mut Script| {
        for event in ["dialog", "presence"] {
            let is = |message: &Message| message.is_request() && message.header("Event") == Some(event);
            let at = script.sent.iter().position(is).expect("a SUBSCRIBE");
            let subscribe = script.sent.remove(at);
            script.respond(&subscribe, "404 Not Found", "n", "", "");
        }
    };
    assert!(frames(&mut script, "a").is_empty());
    refused(&mut script);
    let gone = r#"{"msgType":"PhoneHintStatusEvent","ctiMessage":{"number":"301","status":-2}}"#;
    assert_eq!(frames(&mut script, "a"), [gone]);
    assert!(frames(&mut script, "b").is_empty());
    assert_eq!(script.count("hint:change"), 0, "nor was the page's own protocol asked");
    say(
        &mut script,
        "b",
        json!({"claz": "web", "command": "subscribeToPhoneHints", "phoneNumbers": ["301"]}),
    );
    assert_eq!(frames(&mut script, "b"), [gone], "what is known is told at once");
    assert!(frames(&mut script, "a").is_empty());
    script.sent.clear();
    web(&mut script, "subscribeToPhoneHints", json!({"phoneNumbers": ["302", "x"]}));
    assert_eq!(errors(&mut script), [("InvalidNumber".to_owned(), "subscribeToPhoneHints".to_owned())]);
    web(&mut script, "subscribeToPhoneHints", json!({"phoneNumbers": ["302"]}));
    web(&mut script, "unsubscribeFromAllPhoneHints", json!({}));
    assert_eq!(script.sent.iter().filter(|message| message.header("Event").is_some()).count(), 2);
    refused(&mut script);
    assert!(frames(&mut script, "a").is_empty(), "who has unsubscribed hears nothing");
}
