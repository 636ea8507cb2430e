//! Calls of clients of XiVO: made, taken, held and failed.

use super::{
    accept, accept_renewal, client, client_with, errors, events, frames, id, kinds, open, parsed, web,
};
use serde_json::json;
use softframe_phone::{HostInput, Input, MediaRequest};
use softframe_sim::{START, description};

#[test]
fn call_that_a_client_makes_is_told_from_dialling_to_release() {
    let mut script = client();
    web(
        &mut script,
        "dial",
        json!({"destination": "+34922", "variables": {"var1": "value 1", "USR_var2": "value 2"}}),
    );
    let invite = script.request("INVITE");
    let user_data = format!(
        r#"{{"SIPCALLID":"{}","USR_var1":"value 1","USR_var2":"value 2","XIVO_DSTNUM":"+34922","XIVO_SRCNUM":"200"}}"#,
        invite.header("Call-ID").unwrap()
    );
    let event = |kind: &str| {
        format!(
            r#"{{"msgType":"PhoneEvent","ctiMessage":{{"eventType":"{kind}","DN":"200","otherDN":"+34922","otherDName":"","linkedId":"{0}","uniqueId":"{0}","callDirection":"Outgoing","userData":{user_data}}}}}"#,
            id(1)
        )
    };
    assert_eq!(frames(&mut script, "a"), [event("EventDialing")]);
    script.respond(&invite, "180 Ringing", "o", "", "");
    assert!(frames(&mut script, "a").is_empty());
    script.respond(&invite, "200 OK", "o", "", &description(7, "sendrecv"));
    assert_eq!(frames(&mut script, "a"), [event("EventEstablished")]);
    web(&mut script, "hangup", json!({}));
    assert_eq!(frames(&mut script, "a"), [event("EventReleased")]);
    script.request("BYE");
}

#[test]
fn call_that_comes_in_has_what_the_platform_says_of_it() {
    let mut script = client_with(
        r#""xivo":{"userId":9,"context":"from-extern"},"headers":{"linkedId":"X-Queue","attached":"X-T"},"#,
    );
    script.invite(1, "", &description(1, "sendrecv"));
    let expected = format!(
        r#"{{"msgType":"PhoneEvent","ctiMessage":{{"eventType":"EventRinging","DN":"200","otherDN":"+34911","otherDName":"Ana","linkedId":"Sales","uniqueId":"{}","queueName":"Sales","callDirection":"Incoming","userData":{{"SIPCALLID":"in1","XIVO_CONTEXT":"from-extern","XIVO_DSTNUM":"+34900","XIVO_SRCNUM":"+34911","XIVO_USERID":"9","XIVO_eam":"Blue"}}}}}}"#,
        id(1)
    );
    assert_eq!(frames(&mut script, "a"), [expected]);
    web(&mut script, "answer", json!({}));
    let ok = script.response("INVITE");
    let tag = format!(";tag={}", ok.header("To").unwrap().split_once("tag=").unwrap().1);
    script.ack(1, &tag, "");
    web(&mut script, "getCurrentCallsPhoneEvents", json!({}));
    let said = parsed(&mut script, "a");
    assert_eq!(said.len(), 2);
    assert_eq!(said[0]["ctiMessage"]["eventType"], "EventEstablished");
    assert_eq!(said[1]["msgType"], "CurrentCallsPhoneEvents");
    assert_eq!(said[1]["ctiMessage"]["events"], json!([said[0]["ctiMessage"]]));
}

#[test]
fn idle_phone_has_no_current_calls() {
    let mut script = client();
    web(&mut script, "getCurrentCallsPhoneEvents", json!({}));
    assert_eq!(
        frames(&mut script, "a"),
        [r#"{"msgType":"CurrentCallsPhoneEvents","ctiMessage":{"events":[]}}"#]
    );
}

#[test]
fn name_of_the_called_person_and_of_the_contact_stand_in_the_event() {
    let mut script = client_with("");
    script.host(r#"{"type":"contacts","data":[{"id":"1","name":"Jane Black","phones":["+34911"]}]}"#);
    let now = script.now;
    while script.phone.contacts_step(now, 1) {}
    script.invite(1, "", &description(1, "sendrecv"));
    let said = parsed(&mut script, "a");
    assert_eq!(said[0]["ctiMessage"]["otherDName"], "Jane Black");
}

#[test]
fn call_that_rings_is_declined_by_hanging_up() {
    let mut script = client();
    script.invite(1, "", &description(1, "sendrecv"));
    web(&mut script, "hangup", json!({}));
    assert_eq!(script.response("INVITE").status().unwrap().0, 486);
    assert_eq!(kinds(&mut script), ["EventRinging", "EventReleased"]);
}

#[test]
fn hold_is_a_toggle_and_taking_one_back_holds_the_other() {
    let mut script = client();
    web(&mut script, "dial", json!({"destination": "31"}));
    accept(&mut script, "x");
    web(&mut script, "hold", json!({}));
    accept_renewal(&mut script);
    assert_eq!(kinds(&mut script), ["EventDialing", "EventEstablished", "EventOnHold"]);
    web(&mut script, "hold", json!({}));
    accept_renewal(&mut script);
    assert_eq!(kinds(&mut script), ["EventEstablished"]);
    // A second call holds the first.
    script.pass(2_000);
    web(&mut script, "dial", json!({"destination": "32"}));
    accept_renewal(&mut script);
    accept(&mut script, "y");
    let first = id(1);
    let second = format!("{}.2", START / 1_000 + 2);
    assert_eq!(
        events(&mut script),
        [
            ("EventOnHold".to_owned(), first.clone()),
            ("EventDialing".to_owned(), second.clone()),
            ("EventEstablished".to_owned(), second.clone()),
        ]
    );
    web(&mut script, "hold", json!({"uniqueId": first}));
    accept_renewal(&mut script);
    accept_renewal(&mut script);
    assert_eq!(
        events(&mut script),
        [("EventOnHold".to_owned(), second.clone()), ("EventEstablished".to_owned(), first.clone())]
    );
    web(&mut script, "hangup", json!({"uniqueId": second}));
    assert_eq!(events(&mut script), [("EventReleased".to_owned(), second)]);
    web(&mut script, "hold", json!({"uniqueId": "nobody"}));
    assert_eq!(errors(&mut script), [("NoSuchCall".to_owned(), "hold".to_owned())]);
}

#[test]
fn wish_to_dial_that_is_refused_is_a_failed_call_of_its_own_client_alone() {
    let mut script = client();
    open(&mut script, "b");
    frames(&mut script, "b");
    web(&mut script, "dial", json!({"destination": "john", "variables": {"a": "1"}}));
    let expected = format!(
        r#"{{"msgType":"PhoneEvent","ctiMessage":{{"eventType":"EventFailure","DN":"200","otherDN":"john","otherDName":"","linkedId":"{0}","uniqueId":"{0}","callDirection":"Outgoing","userData":{{"USR_a":"1","XIVO_DSTNUM":"john","XIVO_SRCNUM":"200"}}}}}}"#,
        id(1)
    );
    assert_eq!(frames(&mut script, "a"), [expected]);
    assert!(frames(&mut script, "b").is_empty());
    assert!(script.sent.iter().all(|message| !message.octets().starts_with(b"INVITE")));
}

#[test]
fn phone_that_has_lost_its_server_says_so_and_fails_to_dial() {
    let mut script = client();
    let flow = script.flow.unwrap();
    script.input(Input::Socket { flow, event: softframe_phone::SocketEvent::Closed });
    assert_eq!(
        frames(&mut script, "a"),
        [r#"{"msgType":"PhoneStatusUpdate","ctiMessage":{"status":"INDISPONIBLE"}}"#]
    );
    web(&mut script, "dial", json!({"destination": "31"}));
    assert_eq!(kinds(&mut script), ["EventFailure"]);
    script.sent.clear();
    script.pass(60_000);
    assert!(
        script.sent.iter().all(|message| !message.octets().starts_with(b"INVITE")),
        "nor does it dial later"
    );
}

#[test]
fn wishes_of_clients_pass_the_gate_of_host_dialling() {
    let mut script = client();
    web(&mut script, "dial", json!({"destination": "112"}));
    assert_eq!(errors(&mut script), [("NeedsConfirmation".to_owned(), "dial".to_owned())]);
    for number in 0..6 {
        web(&mut script, "dial", json!({"destination": format!("30{number}")}));
        web(&mut script, "hangup", json!({}));
    }
    let kinds = kinds(&mut script);
    assert_eq!(kinds.iter().filter(|kind| *kind == "EventDialing").count(), 4, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| *kind == "EventFailure").count(), 2, "{kinds:?}");
}

#[test]
fn frame_from_before_the_page_was_trusted_dials_nothing() {
    let mut script = client();
    let frame = r#"{"claz":"web","command":"dial","destination":"31"}"#;
    let text = json!({ "type": "xivo:frame", "data": { "socket": "a", "frame": frame } }).to_string();
    script.input(Input::Host(HostInput::Message { text, held: true }));
    assert_eq!(errors(&mut script), [("NeedsConfirmation".to_owned(), "dial".to_owned())]);
    assert!(script.sent.iter().all(|message| !message.octets().starts_with(b"INVITE")));
}

#[test]
fn keys_and_the_microphone_are_those_of_the_call() {
    let mut script = client();
    web(&mut script, "sendDtmf", json!({"key": "5"}));
    assert_eq!(errors(&mut script), [("NoSuchCall".to_owned(), "sendDtmf".to_owned())]);
    web(&mut script, "dial", json!({"destination": "31"}));
    accept(&mut script, "x");
    script.media.clear();
    web(&mut script, "sendDtmf", json!({"key": "5"}));
    for _ in 0..2 {
        web(&mut script, "toggleMicrophone", json!({"uniqueId": id(1)}));
    }
    let media: Vec<MediaRequest> = script.media.iter().map(|(_, what)| what.clone()).collect();
    assert_eq!(media, [MediaRequest::Dtmf("5".into()), MediaRequest::Mute(true), MediaRequest::Mute(false)]);
    web(&mut script, "sendDtmf", json!({"key": "55555"}));
    assert!(errors(&mut script).is_empty(), "some pages send more than one");
}

#[test]
fn user_is_called_by_name_where_addresses_may_be_dialled() {
    let mut script = client();
    web(&mut script, "dialByUsername", json!({"username": "jblack", "variables": {"a": "1"}}));
    let said = parsed(&mut script, "a");
    assert_eq!(
        (&said[0]["ctiMessage"]["eventType"], &said[0]["ctiMessage"]["otherDN"]),
        (&json!("EventFailure"), &json!("jblack"))
    );
    let mut script = client_with(r#""dialUris":true,"#);
    web(&mut script, "dialByUsername", json!({"username": "jblack", "variables": {"a": "1"}}));
    assert_eq!(script.request("INVITE").uri().unwrap().to_string(), "sip:jblack@a.test");
    let said = parsed(&mut script, "a");
    assert_eq!(said[0]["ctiMessage"]["userData"]["USR_a"], "1");
    assert_eq!(said[0]["ctiMessage"]["otherDN"], "jblack");
    web(&mut script, "hangup", json!({}));
    for name in ["a b", "a@b", "a>b", ""] {
        web(&mut script, "dialByUsername", json!({"username": name}));
        assert!(script.sent.iter().all(|message| !message.octets().starts_with(b"INVITE")), "{name}");
    }
}

#[test]
fn user_with_a_contact_is_called_by_its_first_number_and_named_in_the_events() {
    let mut script = client();
    script.host(
        r#"{"type":"contacts","data":[{"id":"1","name":"Jim","phones":["31"],"username":"jim"},
            {"id":"2","name":"Jane Black","phones":["1058","32"],"username":"jblack"}]}"#,
    );
    let now = script.now;
    while script.phone.contacts_step(now, 1) {}
    web(&mut script, "dialByUsername", json!({"username": "jblack"}));
    assert_eq!(script.request("INVITE").uri().unwrap().to_string(), "sip:1058@a.test");
    let dialling = parsed(&mut script, "a").pop().unwrap();
    let event = &dialling["ctiMessage"];
    assert_eq!(
        (&event["otherDN"], &event["otherDName"], &event["username"]),
        (&json!("1058"), &json!("Jane Black"), &json!("jblack"))
    );
    script.invite(1, "", &description(1, "sendrecv"));
    let rings = parsed(&mut script, "a").pop().unwrap();
    assert!(rings["ctiMessage"].get("username").is_none(), "nobody of the platform: {rings}");
}
