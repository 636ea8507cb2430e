//! The gateway: what it is told of calls, each once whatever happens on the way, and what its clients may do.

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Input, Output, PostOutcome, RelayEvent, Seal};
use softframe_sim::description;

const GATEWAY: &str = r#""gateway":{"url":"wss://gw.test/x/","token":"tok"},"enigma":{},"#;
/// As the server's test has it, octet for octet.
const LETTER: &str = r#"{"at":"2023-05-21T15:10:19.342Z","contactRef":"ACC-9","dialNumber":"+34900","direction":"inbound","extension":"200","holdTime":37,"id":"given","number":"+34911"}"#;

/// An INVITE of a queue.
fn queued(script: &mut Script, headers: &str) -> String {
    let body = description(7, "sendrecv");
    script.frame(format!(
        "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
         From: \"Ana\" <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>\r\nCall-ID: in1\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:ana@p.test;transport=ws>\r\nX-Call-ID: given\r\nX-Dialed-Number: +34900\r\n{headers}\
         Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    script.pass(8_000);
    script.host(r#"{"type":"answer"}"#);
    let ok = script.response("INVITE");
    let tag = format!(";tag={}", ok.header("To").unwrap().split_once("tag=").unwrap().1);
    script.ack(1, &tag, "");
    tag
}

/// The posts not looked at yet: number, address, key, JSON.
fn posts(script: &mut Script) -> Vec<(u64, String, String, String)> {
    let posts = script.gateway.extract_if(.., |output| matches!(output, Output::Post { .. }));
    let parts = |output| match output {
        Output::Post { post, url, seal, body } => {
            let Seal { token, key } = seal.expect("posts to the gateway are sealed");
            assert_eq!(token, "tok");
            Some((post, url, key, body))
        }
        _ => None,
    };
    posts.filter_map(parts).collect()
}

fn one_post(script: &mut Script) -> (u64, String, String, String) {
    let mut posts = posts(script);
    assert_eq!(posts.len(), 1, "{posts:?}");
    posts.remove(0)
}

fn letters(script: &Script) -> usize {
    script.kept.keys().filter(|key| key.starts_with("gateway/")).count()
}

const QUEUE: &str = "X-Queue-Hold-Time: 37\r\nX-Contact-Ref: ACC-9\r\n";

#[test]
fn call_that_is_put_through_carries_its_notification_and_is_told_to_the_gateway() {
    let payload =
        r#""number":"+34911","dial_number":"+34900","hold_time":37,"call_ref":"given","contact_ref":"ACC-9""#;
    for (version, expected) in [
        (3, format!(r#"{{"type":"call","payload":{{{payload},"call_dir":"inbound","ref":"200"}}}}"#)),
        (2, format!(r#"{{"type":"call","payload":{{{payload},"campaign_ref":"inbound","ref":"200"}}}}"#)),
    ] {
        let mut script =
            Script::with(&GATEWAY.replace("\"enigma\":{}", &format!("\"enigma\":{{\"version\":{version}}}")));
        queued(&mut script, QUEUE);
        let expected: Value = serde_json::from_str(&expected).unwrap();
        assert_eq!(script.last("phone:accepted")["enigma"], expected);
        assert!(script.last("phone:ringing").get("enigma").is_none());
        let (post, url, key, body) = one_post(&mut script);
        assert_eq!(url, format!("https://gw.test/x/v1/enigma/notify?v={version}"));
        assert_eq!((key.as_str(), body.as_str()), ("given:inbound", LETTER));
        script.input(Input::Posted { post, outcome: PostOutcome::Taken });
        script.pass(60_000);
        assert!(posts(&mut script).is_empty(), "told once");
        assert_eq!(letters(&script), 0);
    }
}

#[test]
fn end_of_a_call_is_told_with_its_cause_and_times() {
    let mut script = Script::with(GATEWAY);
    let tag = queued(&mut script, QUEUE);
    let (post, ..) = one_post(&mut script);
    script.input(Input::Posted { post, outcome: PostOutcome::Taken });
    script.pass(12_400);
    script.bye(2, &tag);
    assert_eq!(
        script.last("phone:terminated")["enigma"],
        json!({"type": "cdr", "payload": {
            "extension": "200", "number": "+34911", "dial_number": "+34900", "call_ref": "given", "contact_ref": "ACC-9",
            "dialed_at": "2023-05-21T15:10:19.342Z", "end_reason": "hangup", "end_code": 200, "call_time": 12,
            "hold_time": 37, "call_dir": "inbound", "recording_url": "", "ref": "click-dial",
        }})
    );
    let (_, url, key, body) = one_post(&mut script);
    assert_eq!((url.as_str(), key.as_str()), ("https://gw.test/x/v1/enigma/cdr?v=3", "given:cdr"));
    let mut expected: Value = serde_json::from_str(LETTER).unwrap();
    expected["callTime"] = 12.into();
    expected["endCode"] = 200.into();
    expected["endReason"] = "hangup".into();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
}

#[test]
fn call_that_we_make_is_told_at_its_end_alone_by_the_names_that_were_given() {
    let mut script = Script::with(GATEWAY);
    script.host(
        r#"{"type":"click2call","data":{"number":"0821234567","ref":"order-7","headers":{"X-Platforma-Contact-Ref":"ACC-1"}}}"#,
    );
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "a", "", &description(7, "sendrecv"));
    assert!(script.last("phone:accepted").get("enigma").is_none());
    assert!(posts(&mut script).is_empty());
    script.host(r#"{"type":"hangup","data":{"callId":"order-7"}}"#);
    let (_, _, key, body) = one_post(&mut script);
    assert!(key.ends_with(":cdr"), "{key}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let named =
        ["id", "number", "dialNumber", "contactRef", "direction"].map(|name| body[name].as_str().unwrap());
    assert_eq!(named, ["order-7", "0821234567", "0821234567", "ACC-1", "outbound"]);
}

#[test]
fn wait_in_the_queue_is_counted_from_its_begin_and_never_with_our_ringing() {
    // The queue was entered 37 seconds before the call came here.
    for (headers, seconds) in [
        ("X-Queue-Enter-Time: 1684681782\r\n", 37),
        ("X-Queue-Enter-Time: 1684681782.25\r\n", 37),
        ("X-Queue-Hold-Time: 5\r\nX-Queue-Enter-Time: 1684681782\r\n", 5),
        ("X-Queue-Enter-Time: 1884681782\r\n", 0),
        ("X-Queue-Enter-Time: 1\r\n", 0),
        ("X-Queue-Hold-Time: soon\r\n", 0),
        ("", 0),
    ] {
        let mut script = Script::with(GATEWAY);
        queued(&mut script, headers);
        assert_eq!(script.last("phone:accepted")["enigma"]["payload"]["hold_time"], seconds, "{headers}");
    }
}

#[test]
fn call_is_told_when_it_rings_where_that_is_wanted() {
    let mut script = Script::with(&GATEWAY.replace("\"enigma\":{}", "\"enigma\":{\"notifyOn\":\"ringing\"}"));
    script.invite(1, "", &description(7, "sendrecv"));
    assert_eq!(script.last("phone:ringing")["enigma"]["payload"]["call_ref"], "given");
    let (post, _, key, _) = one_post(&mut script);
    assert_eq!(key, "given:inbound");
    script.input(Input::Posted { post, outcome: PostOutcome::Taken });
    script.host(r#"{"type":"answer"}"#);
    script.response("INVITE");
    assert!(posts(&mut script).is_empty(), "the call is known already");
}

#[test]
fn gateway_that_is_down_is_asked_again_with_the_same_key_ever_less_often_until_it_has_the_call() {
    let mut script = Script::with(GATEWAY);
    queued(&mut script, QUEUE);
    for pause in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        let (post, _, key, body) = one_post(&mut script);
        assert_eq!((key.as_str(), body.as_str()), ("given:inbound", LETTER));
        script.input(Input::Posted { post, outcome: PostOutcome::Later });
        script.pass(pause - 1);
        assert!(posts(&mut script).is_empty(), "before {pause} ms");
        script.pass(1);
        assert_eq!(letters(&script), 1, "in the store until it is taken");
    }
    let (post, ..) = one_post(&mut script);
    script.input(Input::Posted { post: post - 1, outcome: PostOutcome::Taken });
    assert_eq!(letters(&script), 1, "the answer to an earlier try is none to this one");
    script.input(Input::Posted { post, outcome: PostOutcome::Taken });
    assert_eq!(letters(&script), 0);
}

#[test]
fn letter_that_the_gateway_never_takes_does_not_hold_up_the_next() {
    let mut script = Script::with(GATEWAY);
    let tag = queued(&mut script, QUEUE);
    script.bye(2, &tag);
    let (post, _, key, _) = one_post(&mut script);
    assert_eq!(key, "given:inbound");
    script.input(Input::Posted { post, outcome: PostOutcome::Refused(400) });
    assert_eq!(one_post(&mut script).2, "given:cdr");
}

#[test]
fn reload_before_the_answer_tells_the_same_again_and_nothing_after_it() {
    let mut script = Script::with(GATEWAY);
    queued(&mut script, QUEUE);
    one_post(&mut script);
    let kept = script.kept.clone();
    assert_eq!(letters(&script), 1);
    let mut next = Script::with(GATEWAY);
    let space = "200@a.test".to_owned();
    for (key, value) in kept {
        next.kept.insert(key.clone(), value.clone());
        next.input(Input::Loaded { space: space.clone(), key, value });
    }
    next.input(Input::LoadEnd { space: space.clone() });
    let (post, _, key, body) = one_post(&mut next);
    assert_eq!((key.as_str(), body.as_str()), ("given:inbound", LETTER));
    next.input(Input::Posted { post, outcome: PostOutcome::Taken });
    assert_eq!(letters(&next), 0);
    // Half a day later nobody wants to know, and the gateway may have forgotten that it knew.
    let (key, value) = script.kept.iter().find(|(key, _)| key.starts_with("gateway/")).unwrap();
    next.pass(12 * 60 * 60 * 1_000 + 10_000);
    next.gateway.clear();
    next.input(Input::Loaded { space, key: key.clone(), value: value.clone() });
    assert!(posts(&mut next).is_empty());
}

#[test]
fn without_a_gateway_the_page_has_the_notification_and_nobody_else() {
    let mut script = Script::with(r#""enigma":{},"#);
    queued(&mut script, QUEUE);
    assert_eq!(script.last("phone:accepted")["enigma"]["payload"]["ref"], "200");
    assert!(script.gateway.is_empty());
    assert_eq!(letters(&script), 0);
    let mut script = Script::with(r#""gateway":{"url":"wss://gw.test","token":"tok"},"#);
    queued(&mut script, QUEUE);
    assert!(script.last("phone:accepted").get("enigma").is_none());
    assert!(posts(&mut script).is_empty());
}

/// A phone whose socket to the gateway is open.
fn relayed() -> Script {
    let mut script = Script::with(GATEWAY);
    let opened = script.gateway.pop();
    assert!(
        matches!(&opened, Some(Output::RelayOpen { url }) if url == "wss://gw.test/x/v1/socket?token=tok"),
        "{opened:?}"
    );
    script.input(Input::Relay(RelayEvent::Opened));
    let first = sent(&mut script);
    assert!(
        matches!(&first[..], [(client, message)] if client.is_empty() && message["type"] == "logged"),
        "{first:?}"
    );
    script
}

/// What went out over the socket: for whom, and what.
fn sent(script: &mut Script) -> Vec<(String, Value)> {
    let sent = script.gateway.extract_if(.., |output| matches!(output, Output::RelaySend(_)));
    let parts = |output| match output {
        Output::RelaySend(text) => {
            let (client, message) = text.split_once('\n').expect("a line with the client");
            Some((client.to_owned(), serde_json::from_str(message).expect("JSON")))
        }
        _ => None,
    };
    sent.filter_map(parts).collect()
}

fn client_says(script: &mut Script, client: &str, message: &str) {
    script.input(Input::Relay(RelayEvent::Text(format!("{client}\n{message}"))));
}

#[test]
fn command_of_a_client_is_done_and_answered_to_it_alone_and_all_hear_the_events() {
    let mut script = relayed();
    script.heard.clear();
    client_says(&mut script, "c1", r#"{"type":"click2call","id":1,"data":{"number":"+34922","ref":"r"}}"#);
    let invite = script.request("INVITE");
    assert!(invite.octets().starts_with(b"INVITE sip:+34922@"), "{invite:?}");
    let sent = sent(&mut script);
    let [(all, calling), (one, response)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((all.as_str(), &calling["type"], &calling["seq"]), ("", &json!("phone:calling"), &json!(2)));
    assert_eq!((one.as_str(), &response["ok"], &response["id"]), ("c1", &json!(true), &json!(1)));
    assert_eq!(response["data"]["callId"], calling["data"]["id"]);
    assert_eq!(script.count("phone:calling"), 1, "the page hears it, too");
    assert_eq!(script.count("softframe:response"), 0, "but not the answer");
}

#[test]
fn client_passes_the_same_gate_as_the_page_and_hears_its_own_errors() {
    let mut script = relayed();
    client_says(&mut script, "c1", r#"{"type":"click2call","id":"a","data":{"number":"112"}}"#);
    assert!(
        script.sent.iter().all(|message| !message.octets().starts_with(b"INVITE")),
        "an emergency number asks"
    );
    script.gateway.clear();
    client_says(&mut script, "c2", r#"{"type":"hangup"}"#);
    client_says(&mut script, "c2", r#"{"type":"nonsense","id":7}"#);
    client_says(&mut script, "", r#"{"type":"state","id":8}"#);
    client_says(&mut script, "c2", "not JSON");
    let errors = sent(&mut script);
    let codes: Vec<(&str, &Value)> = errors
        .iter()
        .map(|(client, message)| {
            let code = message["error"].get("code").unwrap_or(&message["data"]["code"]);
            (client.as_str(), code)
        })
        .collect();
    assert_eq!(codes, [("c2", &json!("no_such_call")), ("c2", &json!("unknown_command"))]);
    assert!(
        !script.heard.iter().any(|message| message["type"] == "softframe:error"),
        "the page did nothing wrong"
    );
}

#[test]
fn client_signs_nobody_in_and_neither_is_the_address_book_of_the_page_nor_hears_what_that_is_asked() {
    let mut script = Script::with(r#""hostLogin":true,"gateway":{"url":"wss://gw.test/x","token":"tok"},"#);
    script.gateway.clear();
    script.input(Input::Relay(RelayEvent::Opened));
    script.host(r#"{"type":"provider:register","data":{"name":"crm","match":true}}"#);
    script.gateway.clear();
    for (kind, data) in [
        ("login", json!({ "server": "wss://evil.test/ws", "user": "200", "password": "x" })),
        (
            "settings",
            json!({ "sipUri": "sip:200@evil.test", "wsUri": "wss://evil.test", "sipPassword": "x" }),
        ),
        ("provider:register", json!({ "name": "evil", "match": true })),
        ("provider:response", json!({ "id": "x", "data": {} })),
    ] {
        client_says(&mut script, "c1", &json!({ "type": kind, "id": 1, "data": data }).to_string());
        let sent = sent(&mut script);
        assert!(
            matches!(&sent[..], [(client, message)] if client == "c1" && message["error"]["code"] == "not_trusted"),
            "{kind}: {sent:?}"
        );
    }
    assert_eq!(script.count("unlogged"), 0);
    script.invite(1, "", &description(1, "sendrecv"));
    assert_eq!(script.last("provider:request")["op"], "match", "the page is the address book still");
    let sent = sent(&mut script);
    assert!(sent.iter().any(|(_, message)| message["type"] == "phone:ringing"));
    assert!(sent.iter().all(|(_, message)| message["type"] != "provider:request"), "{sent:?}");
}

#[test]
fn sockets_of_clients_leave_room_for_those_of_the_page() {
    let mut script = relayed();
    for number in 0..17 {
        let message = json!({ "type": "xivo:open", "data": { "socket": format!("s{number}") } });
        client_says(&mut script, "c1", &message.to_string());
    }
    let closed = sent(&mut script);
    let closed: Vec<&Value> =
        closed.iter().map(|(_, message)| message).filter(|message| message["type"] == "xivo:close").collect();
    assert!(
        matches!(closed[..], [one] if one["data"] == json!({ "socket": "s16", "code": 1013 })),
        "{closed:?}"
    );
    script.host(r#"{"type":"xivo:open","data":{"socket":"page"}}"#);
    assert!(script.count("xivo:frame") > 0, "the page's own is let in");
}

#[test]
fn client_that_says_too_much_is_slowed_and_the_page_is_not() {
    let mut script = relayed();
    for _ in 0..1_000 {
        client_says(&mut script, "c1", r#"{"type":"nonsense","id":1}"#);
    }
    let limited = sent(&mut script);
    let limited = limited.iter().filter(|(_, message)| message["error"]["code"] == "rate_limited").count();
    assert_eq!(limited, 800, "two hundred at once");
    script.host(r#"{"type":"state","id":"page"}"#);
    assert!(script.heard.iter().any(|message| message["id"] == "page" && message["ok"] == true));
}

#[test]
fn contacts_of_a_client_are_taken_as_those_of_the_page() {
    let mut script = relayed();
    client_says(
        &mut script,
        "c1",
        r#"{"type":"contacts","id":1,"data":{"contacts":[{"id":1,"name":"Eva","phones":["5"]}]}}"#,
    );
    let now = script.now;
    while script.phone.contacts_step(now, 1) {}
    client_says(&mut script, "c1", r#"{"type":"contacts:match","id":2,"data":{"numbers":["5"]}}"#);
    let answers = sent(&mut script);
    let found = answers.iter().find(|(_, message)| message["id"] == 2).expect("an answer");
    assert_eq!(found.1["data"]["matches"]["5"][0]["name"], "Eva");
}

#[test]
fn socket_that_closes_is_opened_again_after_pauses_and_not_after_a_sign_out() {
    let mut script = relayed();
    script.gateway.clear();
    script.input(Input::Relay(RelayEvent::Closed));
    for pause in [1_000, 2_000, 4_000] {
        script.pass(pause - 1);
        assert!(script.gateway.is_empty(), "before {pause} ms: {:?}", script.gateway);
        script.pass(1);
        assert!(matches!(script.gateway.pop(), Some(Output::RelayOpen { .. })));
        script.input(Input::Relay(RelayEvent::Closed));
    }
    script.pass(8_000);
    script.input(Input::Relay(RelayEvent::Opened));
    assert_eq!(sent(&mut script).len(), 1, "clients are told that the phone is there again");
    script.host(r#"{"type":"logout"}"#);
    script.pass(3_000);
    assert!(matches!(script.gateway.last(), Some(Output::RelayClose)), "{:?}", script.gateway);
    script.gateway.clear();
    script.pass(60_000);
    assert!(script.gateway.is_empty());
}

/// The frames for clients of `Cti` that went out over the socket: for whom, the socket there, and the type.
fn cti(script: &mut Script) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let frames = sent(script).into_iter().filter(|(_, message)| message["type"] == "xivo:frame");
    let read = |(client, message): (String, Value)| {
        let frame: Value = serde_json::from_str(&text(&message["data"]["frame"])).expect("JSON");
        (client, text(&message["data"]["socket"]), text(&frame["msgType"]))
    };
    frames.map(read).collect()
}

#[test]
fn client_of_cti_is_answered_by_the_way_it_came_and_comes_anew_when_that_was_cut() {
    let mut script = relayed();
    // The page has one of the same name.
    script.host(r#"{"type":"xivo:open","data":{"socket":"s"}}"#);
    let of_page = |script: &Script| script.count("xivo:frame");
    assert_eq!((of_page(&script), cti(&mut script)), (6, Vec::new()));
    client_says(&mut script, "c1", r#"{"type":"xivo:open","data":{"socket":"s"}}"#);
    let opening = cti(&mut script);
    assert_eq!((of_page(&script), opening.len()), (6, 6));
    assert_eq!(opening[0], ("c1".to_owned(), "s".to_owned(), "LoggedOn".to_owned()));
    let dial = json!({"type": "xivo:frame", "data": {"socket": "s", "frame": r#"{"command":"dial","destination":"x"}"#}});
    client_says(&mut script, "c1", &dial.to_string());
    assert_eq!(cti(&mut script), [("c1".to_owned(), "s".to_owned(), "PhoneEvent".to_owned())]);
    assert_eq!(of_page(&script), 6, "a failure is for who asked");
    script.invite(1, "", &description(1, "sendrecv"));
    assert_eq!((of_page(&script), cti(&mut script).len()), (7, 1), "a call for all");
    script.input(Input::Relay(RelayEvent::Closed));
    script.pass(1_000);
    script.input(Input::Relay(RelayEvent::Opened));
    script.gateway.clear();
    client_says(&mut script, "c1", r#"{"type":"xivo:open","data":{"socket":"s"}}"#);
    assert_eq!(cti(&mut script).len(), 6);
}

#[test]
fn each_account_has_a_token_of_its_own_for_the_gateway_where_all_have_one_configuration() {
    let opened = |script: &mut Script| {
        script.register();
        match script.gateway.pop() {
            Some(Output::RelayOpen { url }) => url,
            other => panic!("{other:?}"),
        }
    };
    let config = |more: &str| format!(r#"{{"server":"wss://a.test/ws",{GATEWAY}{more}}}"#);
    let account = |token: &str| json!({ "user": "201", "password": "x", "gatewayToken": token });
    let mut script = Script::configured(config(&format!(r#""account":{}"#, account("own-201"))));
    assert_eq!(opened(&mut script), "wss://gw.test/x/v1/socket?token=own-201");

    let mut script = Script::configured(config(r#""accountUrl":"/me/phone.json""#));
    script.input(Input::Account(Some(account("own-202").to_string())));
    assert_eq!(opened(&mut script), "wss://gw.test/x/v1/socket?token=own-202");

    // One that would be something else in an address is none.
    let mut script = Script::configured(config(r#""accountUrl":"/me/phone.json""#));
    script.input(Input::Account(Some(account("own&x=1").to_string())));
    assert_eq!(opened(&mut script), "wss://gw.test/x/v1/socket?token=tok");
}
