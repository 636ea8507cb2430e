//! Clients of XiVO's `Cti`, octet by octet: what they are told, and what comes of what they ask. A phone, and a server that
//! is the test itself.

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{HostInput, Input};
use softframe_sim::{START, description};
use softframe_sip::wire::Message;

const OPENING: [&str; 6] = [
    r#"{"msgType":"LoggedOn","ctiMessage":{}}"#,
    r##"{"msgType":"UsersStatuses","ctiMessage":[{"name":"online","longName":"Available","color":"#2e7d32","actions":[]},{"name":"busy","longName":"Busy","color":"#c62828","actions":[]},{"name":"away","longName":"Away","color":"#ef6c00","actions":[]}]}"##,
    r#"{"msgType":"UserStatusUpdate","ctiMessage":{"status":"online"}}"#,
    r#"{"msgType":"UserConfigUpdate","ctiMessage":{"userId":0,"fullName":"200","mobileNumber":"","agentId":0,"voiceMailId":0,"voiceMailEnabled":false,"dndEnabled":false,"naFwdEnabled":false,"naFwdDestination":"","uncFwdEnabled":false,"uncFwdDestination":"","busyFwdEnabled":false,"busyFwdDestination":""}}"#,
    r#"{"msgType":"PhoneStatusUpdate","ctiMessage":{"status":"AVAILABLE"}}"#,
    r#"{"msgType":"VoiceMailStatusUpdate","ctiMessage":{"voiceMailId":0,"newMessages":0,"waitingMessages":0,"oldMessages":0}}"#,
];

pub(crate) fn open(script: &mut Script, socket: &str) {
    script.host(&json!({ "type": "xivo:open", "data": { "socket": socket } }).to_string());
}

/// A frame of this client, as its `Cti` would write it.
fn say(script: &mut Script, socket: &str, frame: Value) {
    raw(script, socket, &frame.to_string());
}

fn raw(script: &mut Script, socket: &str, frame: &str) {
    let message = json!({ "type": "xivo:frame", "data": { "socket": socket, "frame": frame } });
    script.host(&message.to_string());
}

fn web(script: &mut Script, command: &str, more: Value) {
    let mut frame = json!({ "claz": "web", "command": command });
    for (key, value) in more.as_object().unwrap() {
        frame[key] = value.clone();
    }
    say(script, "a", frame);
}

/// What this client was sent since the last time.
fn frames(script: &mut Script, socket: &str) -> Vec<String> {
    let is = |message: &Value| message["type"] == "xivo:frame" && message["data"]["socket"] == socket;
    let found = script.heard.iter().filter(|message| is(message));
    let found = found.map(|message| message["data"]["frame"].as_str().unwrap().to_owned()).collect();
    script.heard.retain(|message| !is(message));
    found
}

fn parsed(script: &mut Script, socket: &str) -> Vec<Value> {
    frames(script, socket).iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

/// The events of calls: type and unique id.
fn events(script: &mut Script) -> Vec<(String, String)> {
    let text = |message: &Value, key: &str| message["ctiMessage"][key].as_str().unwrap().to_owned();
    let said = parsed(script, "a");
    let calls = said.iter().filter(|message| message["msgType"] == "PhoneEvent");
    calls.map(|message| (text(message, "eventType"), text(message, "uniqueId"))).collect()
}

fn kinds(script: &mut Script) -> Vec<String> {
    events(script).into_iter().map(|(kind, _)| kind).collect()
}

fn errors(script: &mut Script) -> Vec<(String, String)> {
    let said = parsed(script, "a");
    let errors = said.iter().filter(|message| message["msgType"] == "Error");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    errors
        .map(|message| (text(&message["ctiMessage"]["Error"]), text(&message["ctiMessage"]["command"])))
        .collect()
}

/// A client `a` whose opening is over.
fn client() -> Script {
    client_with("")
}

fn client_with(keys: &str) -> Script {
    let mut script = Script::with(keys);
    open(&mut script, "a");
    assert_eq!(frames(&mut script, "a").len(), OPENING.len());
    script
}

/// The id of the nth call.
fn id(number: u32) -> String {
    format!("{}.{number}", START / 1_000)
}

/// Answers the INVITE the phone sent last.
fn accept(script: &mut Script, tag: &str) -> Message {
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", tag, "", &description(7, "sendrecv"));
    invite
}

/// Answers the re-INVITE the phone sent last.
fn accept_renewal(script: &mut Script) {
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "", "", &description(8, "sendrecv"));
}

#[test]
fn client_of_a_signed_in_phone_gets_the_opening_in_its_order() {
    let mut script = Script::new();
    open(&mut script, "a");
    assert_eq!(frames(&mut script, "a"), OPENING);
    open(&mut script, "b");
    assert_eq!(frames(&mut script, "b"), OPENING, "each socket has its own");
    assert!(frames(&mut script, "a").is_empty());
}

#[test]
fn client_that_comes_first_is_let_in_when_somebody_is_signed_in() {
    let mut script = Script::unregistered("");
    open(&mut script, "a");
    say(&mut script, "a", json!({"claz": "ping"}));
    assert_eq!(frames(&mut script, "a"), [r#"{"msgType":"ping","ctiMessage":{}}"#]);
    script.pass(9_999);
    assert!(frames(&mut script, "a").is_empty());
    script.register();
    assert_eq!(frames(&mut script, "a"), OPENING);
}

#[test]
fn client_is_sent_away_after_ten_seconds_without_anybody_signed_in() {
    let mut script = Script::unregistered("");
    open(&mut script, "a");
    script.pass(9_999);
    assert!(frames(&mut script, "a").is_empty());
    script.pass(1);
    assert_eq!(
        frames(&mut script, "a"),
        [r#"{"msgType":"LoggedOnError","ctiMessage":{"Error":"loggedOnTimeout"}}"#]
    );
    assert_eq!(*script.last("xivo:close"), json!({ "socket": "a", "code": 1001 }));
}

#[test]
fn client_of_a_refused_account_is_sent_away_at_once() {
    let mut script = Script::unregistered("");
    open(&mut script, "a");
    let register = script.request("REGISTER");
    script.respond(&register, "403 Forbidden", "r", "", "");
    assert_eq!(
        frames(&mut script, "a"),
        [r#"{"msgType":"LoggedOnError","ctiMessage":{"Error":"loggedOnFailed"}}"#]
    );
}

#[test]
fn sign_out_closes_the_clients_and_their_number_has_a_limit() {
    let mut script = Script::new();
    for number in 0..17 {
        open(&mut script, &number.to_string());
    }
    assert_eq!(*script.last("xivo:close"), json!({ "socket": "16", "code": 1013 }));
    open(&mut script, "15");
    assert_eq!(frames(&mut script, "15").len(), 2 * OPENING.len(), "who opens again takes its own place");
    script.host(r#"{"type":"logout"}"#);
    assert_eq!(script.count("xivo:close"), 17);
}

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
fn what_is_not_done_is_said_and_what_is_no_frame_too() {
    let mut script = client();
    for command in ["conference", "getList", "agentLogin", "displayNameLookup"] {
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
