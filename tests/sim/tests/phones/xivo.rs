//! Clients of XiVO's `Cti`, octet by octet: what they are told, and what comes of what they ask. A phone, and a server that
//! is the test itself.

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{HostInput, Input, MediaRequest};
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
    assert_eq!(frames(&mut script, "15").len(), OPENING.len(), "who opens once more is in already");
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
    let seed = include_str!("../../../seeds/xivo-phone-api.txt");
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

/// The frame that the document shows for `setData`, and the data that it shows in the events after it.
fn of_the_document() -> (String, Value) {
    let document = include_str!("../../../seeds/xivo-phone-api.txt");
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
