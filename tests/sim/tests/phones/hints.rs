//! Whether colleagues are free, how full the voice mail is, and what others see of us: a phone and a server that is the
//! test itself.

use crate::script::Script;
use serde_json::Value;
use softframe_phone::{Action, Input, Instant, view::Screen};
use softframe_sip::wire::Message;

/// The SUBSCRIBE of this package that the phone sent.
fn subscribe(script: &mut Script, event: &str) -> Message {
    let is = |message: &Message| message.is_request() && message.header("Event") == Some(event);
    let at = script.sent.iter().position(is).unwrap_or_else(|| panic!("no {event}: {:?}", script.sent));
    script.sent.remove(at)
}

fn notify(script: &mut Script, subscribe: &Message, number: u32, state: &str, body: &str) {
    notify_from("n", script, subscribe, number, state, body);
}

/// NOTIFY of the device with this tag.
fn notify_from(tag: &str, script: &mut Script, subscribe: &Message, number: u32, state: &str, body: &str) {
    let (event, contact) = (subscribe.header("Event").unwrap(), subscribe.contact().unwrap().uri);
    script.sent.retain(Message::is_request);
    script.frame(format!(
        "NOTIFY {contact} SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{tag}{event}{number}{}\r\nMax-Forwards: 70\r\n\
         From: <{}>;tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {number} NOTIFY\r\nContact: <sip:n@p.test>\r\n\
         Event: {event}\r\nSubscription-State: {state}\r\nContent-Type: x/y\r\nContent-Length: {}\r\n\r\n{body}",
        subscribe.call_id(),
        subscribe.to().uri,
        subscribe.from(),
        subscribe.call_id(),
        body.len()
    ));
    let at = script.sent.iter().position(|message| message.status().is_some()).expect("an answer");
    let answer = script.sent.remove(at);
    assert_eq!(answer.status().unwrap().0, 200);
}

fn dialogs(version: u32, state: &str, dialogs: &[(&str, &str)]) -> String {
    let dialog = |(at, (direction, stage)): (usize, &(&str, &str))| {
        let direction =
            if direction.is_empty() { String::new() } else { format!(" direction=\"{direction}\"") };
        let (stage, held) = match stage.strip_suffix(" held") {
            Some(stage) => (
                stage,
                "<local><target uri=\"u\"><param pname=\"+sip.rendering\" pval=\"no\"/></target></local>",
            ),
            None => (*stage, ""),
        };
        format!("<dialog id=\"{at}\"{direction}><state>{stage}</state>{held}</dialog>")
    };
    let dialogs: String = dialogs.iter().enumerate().map(dialog).collect();
    format!("<dialog-info version=\"{version}\" state=\"{state}\" entity=\"e\">{dialogs}</dialog-info>")
}

fn pidf(basic: &str, note: &str) -> String {
    format!("<presence><note>{note}</note><tuple><status><basic>{basic}</basic></status></tuple></presence>")
}

fn hints(script: &mut Script) -> Vec<(String, i64, String)> {
    let is = |message: &&Value| message["type"] == "hint:change";
    let read = |message: &Value| {
        let data = &message["data"];
        let text = |key: &str| data[key].as_str().unwrap().to_owned();
        (text("number"), data["code"].as_i64().unwrap(), text("name"))
    };
    let found = script.heard.iter().filter(is).map(read).collect();
    script.heard.retain(|message| message["type"] != "hint:change");
    found
}

fn codes(script: &mut Script) -> Vec<i64> {
    hints(script).into_iter().map(|(_, code, _)| code).collect()
}

/// 301 is watched; its two subscriptions.
fn watched() -> (Script, Message, Message) {
    let mut script = Script::new();
    script.host(r#"{"type":"hints:subscribe","id":"w","data":{"numbers":["301"]}}"#);
    assert_eq!(script.heard.pop().unwrap()["ok"], true);
    let (dialog, presence) = (subscribe(&mut script, "dialog"), subscribe(&mut script, "presence"));
    assert_eq!(dialog.uri().unwrap().to_string(), "sip:301@a.test");
    assert_eq!(dialog.header("Accept"), Some("application/dialog-info+xml"));
    assert_eq!(presence.header("Accept"), Some("application/pidf+xml"));
    (script, dialog, presence)
}

#[test]
fn a_watched_number_is_told_once_it_is_known_and_then_at_each_change() {
    let (mut script, dialog, presence) = watched();
    notify(&mut script, &dialog, 1, "active;expires=3600", &dialogs(0, "full", &[]));
    assert!(hints(&mut script).is_empty(), "idle and gone look the same to this package");
    notify(&mut script, &presence, 1, "active;expires=3600", &pidf("open", "Ready"));
    assert_eq!(hints(&mut script), [("301".to_owned(), 0, "AVAILABLE".to_owned())]);
    notify(&mut script, &dialog, 2, "active;expires=3600", &dialogs(1, "full", &[("recipient", "early")]));
    notify(&mut script, &dialog, 3, "active;expires=3600", &dialogs(2, "full", &[("recipient", "early")]));
    assert_eq!(hints(&mut script), [("301".to_owned(), 8, "RINGING".to_owned())], "the change alone");
    script.host(r#"{"type":"hints:subscribe","data":{"numbers":[301]}}"#);
    assert_eq!(codes(&mut script), [8], "who asks again is told again");
    assert!(script.sent.is_empty(), "and nobody else is asked");
}

#[test]
fn device_that_falls_silent_rings_no_longer_when_its_subscription_is_over() {
    let (mut script, dialog, presence) = watched();
    let rings = dialogs(0, "full", &[("recipient", "early")]);
    notify(&mut script, &dialog, 1, "active;expires=3600", &dialogs(0, "full", &[]));
    notify(&mut script, &presence, 1, "active;expires=3600", &pidf("open", "Ready"));
    notify_from("m", &mut script, &dialog, 1, "active;expires=20", &rings);
    assert_eq!(codes(&mut script), [0, 8]);
    script.pass(19_999);
    assert!(codes(&mut script).is_empty());
    script.pass(1);
    assert_eq!(codes(&mut script), [0]);
}

#[test]
fn states_of_the_dialogs_and_of_presence_make_one_code() {
    type Row<'a> = (&'a [(&'a str, &'a str)], (&'a str, &'a str), i64, &'a str);
    let table: &[Row<'_>] = &[
        (&[], ("open", "Ready"), 0, "AVAILABLE"),
        (&[("", "terminated")], ("closed", "Unavailable"), 4, "INDISPONIBLE"),
        (&[], ("open", "Unavailable"), 4, "INDISPONIBLE"),
        (&[("recipient", "early")], ("open", ""), 8, "RINGING"),
        (&[("", "early")], ("open", "Ringing"), 8, "RINGING"),
        (&[("", "confirmed")], ("open", "On the phone"), 1, "CALLING"),
        (&[("initiator", "early")], ("open", ""), 1, "CALLING"),
        (&[("initiator", "trying")], ("open", ""), 1, "CALLING"),
        (&[("initiator", "confirmed held")], ("open", ""), 16, "ONHOLD"),
        (&[("initiator", "confirmed held"), ("recipient", "confirmed")], ("open", ""), 1, "CALLING"),
        (&[("initiator", "confirmed"), ("recipient", "early")], ("open", ""), 9, "BUSY_AND_RINGING"),
        (&[("", "confirmed")], ("open", "Ringing"), 9, "BUSY_AND_RINGING"),
        (&[("recipient", "confirmed")], ("closed", ""), 1, "CALLING"),
    ];
    for (states, (basic, note), code, name) in table {
        let (mut script, dialog, presence) = watched();
        notify(&mut script, &presence, 1, "active;expires=3600", &pidf(basic, note));
        notify(&mut script, &dialog, 1, "active;expires=3600", &dialogs(0, "full", states));
        let expected = ("301".to_owned(), *code, (*name).to_owned());
        assert_eq!(hints(&mut script), [expected], "{states:?} {basic} {note}");
    }
}

#[test]
fn refusals_and_ends_of_both_subscriptions_have_their_codes() {
    for (status, code) in
        [("404 Not Found", -2), ("403 Forbidden", -99), ("489 Bad Event", -99), ("480 Gone", 4)]
    {
        let (mut script, dialog, presence) = watched();
        script.respond(&dialog, status, "p", "", "");
        assert!(hints(&mut script).is_empty(), "presence may still tell");
        script.respond(&presence, status, "p", "", "");
        assert_eq!(codes(&mut script), [code], "{status}");
    }
    for (reason, code) in [("noresource", -2), ("rejected", -1)] {
        let (mut script, dialog, presence) = watched();
        script.respond(&presence, "489 Bad Event", "p", "", "");
        notify(&mut script, &dialog, 1, &format!("terminated;reason={reason}"), "");
        assert_eq!(codes(&mut script), [code], "{reason}");
    }
    // Silence.
    let (mut script, _, _) = watched();
    script.now = Instant(script.now.0 + 32_000);
    script.input(softframe_phone::Input::Timeout);
    assert_eq!(codes(&mut script), [-99]);
}

#[test]
fn a_server_without_one_of_the_packages_still_tells_by_the_other() {
    let (mut script, dialog, presence) = watched();
    script.respond(&presence, "489 Bad Event", "p", "", "");
    notify(&mut script, &dialog, 1, "active;expires=3600", "");
    assert_eq!(codes(&mut script), [0], "nothing is published of an idle one");
    let (mut script, dialog, presence) = watched();
    script.respond(&dialog, "489 Bad Event", "p", "", "");
    notify(&mut script, &presence, 1, "pending;expires=3600", "");
    assert!(hints(&mut script).is_empty(), "nobody has allowed it yet");
    notify(&mut script, &presence, 2, "active;expires=3600", &pidf("closed", ""));
    let busy = "<presence><person><activities><on-the-phone/></activities></person></presence>";
    notify(&mut script, &presence, 3, "active;expires=3600", busy);
    assert_eq!(codes(&mut script), [4, 1]);
}

#[test]
fn a_gap_in_partial_states_asks_for_the_whole_and_keeps_what_is_known() {
    let (mut script, dialog, presence) = watched();
    notify(&mut script, &presence, 1, "active;expires=3600", &pidf("open", ""));
    notify(&mut script, &dialog, 1, "active;expires=3600", &dialogs(0, "full", &[("recipient", "early")]));
    notify(
        &mut script,
        &dialog,
        2,
        "active;expires=3600",
        &dialogs(1, "partial", &[("recipient", "confirmed")]),
    );
    assert_eq!(codes(&mut script), [8, 1]);
    script.sent.clear();
    let text = dialogs(3, "partial", &[("recipient", "terminated")]);
    notify(&mut script, &dialog, 3, "active;expires=3600", &text);
    assert!(hints(&mut script).is_empty());
    script.input(softframe_phone::Input::Timeout);
    let refresh = subscribe(&mut script, "dialog");
    assert_eq!((refresh.to().tag(), refresh.call_id()), (Some("n"), dialog.call_id()));
    notify(&mut script, &dialog, 4, "active;expires=3600", &dialogs(4, "full", &[]));
    assert_eq!(codes(&mut script), [0]);
}

#[test]
fn what_an_earlier_subscription_knew_is_forgotten_with_the_first_word_of_the_next() {
    let (mut script, dialog, presence) = watched();
    notify(&mut script, &presence, 1, "active;expires=3600", &pidf("open", ""));
    notify(
        &mut script,
        &dialog,
        1,
        "active;expires=3600",
        &dialogs(0, "full", &[("recipient", "confirmed")]),
    );
    assert_eq!(codes(&mut script), [1]);
    script.now = Instant(script.now.0 + 20_000);
    notify(&mut script, &dialog, 2, "terminated;reason=deactivated", "");
    assert!(hints(&mut script).is_empty(), "it still stands");
    let anew = subscribe(&mut script, "dialog");
    notify(&mut script, &anew, 1, "active;expires=3600", &dialogs(0, "full", &[]));
    assert_eq!(codes(&mut script), [0]);
}

#[test]
fn watching_is_bounded_checked_and_ends() {
    let mut script = Script::new();
    for (data, code) in [
        (r#"{}"#, "bad_request"),
        (r#"{"numbers":"301"}"#, "bad_request"),
        (r#"{"numbers":[{}]}"#, "bad_request"),
        (r#"{"numbers":["301","nobody"]}"#, "invalid_number"),
        (r#"{"numbers":["sip:a@b"]}"#, "invalid_number"),
    ] {
        script.host(&format!(r#"{{"type":"hints:subscribe","id":"w","data":{data}}}"#));
        assert_eq!(script.heard.pop().unwrap()["error"]["code"], code, "{data}");
    }
    let numbers: Vec<String> = (0..101).map(|number| format!("\"{number}\"")).collect();
    script.host(&format!(
        r#"{{"type":"hints:subscribe","id":"w","data":{{"numbers":[{}]}}}}"#,
        numbers.join(",")
    ));
    assert_eq!(script.heard.pop().unwrap()["error"]["code"], "too_large");
    assert!(script.sent.is_empty(), "none of them is watched");

    let (mut script, dialog, presence) = watched();
    notify(&mut script, &dialog, 1, "active;expires=3600", "");
    notify(&mut script, &presence, 1, "active;expires=3600", "");
    assert_eq!(codes(&mut script), [0]);
    script.host(r#"{"type":"hints:unsubscribe","id":"u","data":{"numbers":["3-01","302"]}}"#);
    assert_eq!(script.heard.pop().unwrap()["ok"], true);
    for event in ["dialog", "presence"] {
        assert_eq!(subscribe(&mut script, event).header("Expires"), Some("0"));
    }
    notify(&mut script, &dialog, 2, "terminated;reason=timeout", &dialogs(1, "full", &[("", "early")]));
    assert!(hints(&mut script).is_empty());
}

#[test]
fn the_voice_mail_is_subscribed_to_where_its_number_is_configured() {
    let script = Script::new();
    assert!(!script.sent.iter().any(|message| message.octets().starts_with(b"SUBSCRIBE")));
    let mut script = Script::with(r#""voicemail":"*97","#);
    let request = subscribe(&mut script, "message-summary");
    assert_eq!(request.uri().unwrap().to_string(), "sip:200@a.test");
    assert_eq!(request.header("Accept"), Some("application/simple-message-summary"));
    let summary = "Messages-Waiting: yes\r\nVoice-Message: 2/1\r\n";
    notify(&mut script, &request, 1, "active;expires=3600", summary);
    notify(&mut script, &request, 2, "active;expires=3600", summary);
    assert_eq!(script.count("voicemail:update"), 1);
    assert_eq!(script.last("voicemail:update")["newMessages"], 2);
}

#[test]
fn the_status_is_published_where_that_is_configured_and_nowhere_else() {
    let mut script = Script::new();
    script.host(r#"{"type":"status","data":{"status":"away"}}"#);
    assert!(script.sent.is_empty());

    let mut script = Script::with(r#""publishStatus":true,"#);
    let first = script.request("PUBLISH");
    assert_eq!(first.content_type(), "application/pidf+xml");
    assert!(String::from_utf8_lossy(first.body()).contains("<note>Available</note>"));
    script.respond(&first, "200 OK", "p", "SIP-ETag: one\r\nExpires: 3600\r\n", "");
    script.host(r#"{"type":"dnd","data":{"enabled":true}}"#);
    let change = script.request("PUBLISH");
    assert_eq!(change.header("SIP-If-Match"), Some("one"));
    assert!(String::from_utf8_lossy(change.body()).contains("<rpid:busy/>"));
    script.respond(&change, "412 Conditional Request Failed", "p", "", "");
    let anew = script.request("PUBLISH");
    assert_eq!((anew.header("SIP-If-Match"), anew.body()), (None, change.body()));
    script.respond(&anew, "200 OK", "p", "SIP-ETag: two\r\nExpires: 3600\r\n", "");
    script.host(r#"{"type":"logout"}"#);
    let gone = script.request("PUBLISH");
    assert_eq!((gone.header("SIP-If-Match"), gone.header("Expires")), (Some("two"), Some("0")));
}

#[test]
fn who_is_free_stands_beside_the_targets_of_a_transfer() {
    let (mut script, dialog, presence) = watched();
    script.host(
        r#"{"type":"contacts","data":{"contacts":[{"id":1,"name":"Ana","phones":["301"]},{"id":2,"name":"Bo","phones":["302"]}]}}"#,
    );
    script.phone.contacts_step(script.now, 100);
    script.answered(&softframe_sim::description(7, "sendrecv"));
    let Screen::Call(call) = script.phone.view(script.now).screen else { panic!("no call") };
    script.input(Input::Action(Action::PickTransfer(call.call)));
    script.input(Input::Action(Action::DialField("30".into())));
    let free = |script: &Script| match script.phone.view(script.now).screen {
        Screen::TransferPick(pick) => {
            pick.rows.iter().map(|row| (row.number.clone(), row.free)).collect::<Vec<_>>()
        }
        other => panic!("nothing is picked: {other:?}"),
    };
    assert_eq!(free(&script), [("301".to_owned(), None), ("302".to_owned(), None)]);
    notify(&mut script, &presence, 1, "active;expires=3600", &pidf("open", ""));
    for (stage, is_free) in [("confirmed", Some(false)), ("terminated", Some(true))] {
        let number = if stage == "confirmed" { 1 } else { 2 };
        let body = dialogs(number, "full", &[("recipient", stage)]);
        notify(&mut script, &dialog, number, "active;expires=3600", &body);
        assert_eq!(free(&script), [("301".to_owned(), is_free), ("302".to_owned(), None)]);
    }
}

#[test]
fn a_page_may_change_from_a_hundred_colleagues_to_a_hundred_others_at_once() {
    let mut script = Script::new();
    let list = |from: u32| (from..from + 100).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    for round in 1..=3 {
        let numbers = list(round * 1_000);
        script.host(&format!(r#"{{"type":"hints:subscribe","data":{{"numbers":[{numbers}]}}}}"#));
        // Each is answered, and stands.
        loop {
            let is = |message: &Message| message.octets().starts_with(b"SUBSCRIBE");
            let Some(at) = script.sent.iter().position(is) else { break };
            let request = script.sent.remove(at);
            script.respond(&request, "200 OK", "n", "Expires: 3600\r\n", "");
            if request.header("Expires") == Some("0") {
                continue;
            }
            notify(&mut script, &request, 1, "active;expires=3600", "");
        }
        let known = codes(&mut script);
        assert_eq!(known.len(), 100, "{round}");
        assert!(known.iter().all(|code| *code == 0), "{round}: {known:?}");
        script.host(r#"{"type":"hints:unsubscribe","data":{}}"#);
    }
}
