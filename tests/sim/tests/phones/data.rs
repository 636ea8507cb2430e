//! Data that a page gives a call: where it is seen, where it goes with the call, and where it never does.

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Action, HostInput, Input, Output};
use softframe_sim::{World, description};

/// 200 talks to 201; 202 is there.
fn talking() -> World {
    let mut world = World::pair();
    let third = world.station();
    world.trust(third);
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    world.run(1_000);
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    world
}

fn set(world: &mut World, station: usize, id: &str, variables: Value) {
    let message = json!({"type": "setData", "id": id, "data": {"variables": variables}});
    world.host(station, &message.to_string());
}

fn sent<'a>(world: &'a World, station: usize, method: &str) -> &'a str {
    world.stations[station].sent.iter().rev().find(|frame| frame.starts_with(method)).unwrap()
}

#[test]
fn data_of_a_call_is_in_its_next_event_beside_what_the_page_had_given() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","data":{"number":"201","userData":{"own":[1]}}}"#);
    world.run(1_000);
    set(&mut world, 0, "s", json!({"var1": "val1", "USR_var2": 2}));
    assert_eq!(world.stations[0].response("s")["ok"], true);
    let shown = json!({"own": [1], "USR_var1": "val1", "USR_var2": "2"});
    assert_eq!(world.stations[0].last("phone:updated")["userData"], shown);
    set(&mut world, 0, "again", json!("{'var1':'new'}"));
    assert_eq!(world.stations[0].last("phone:updated")["userData"]["USR_var1"], "new");
    world.answer(1);
    world.run(1_000);
    assert_eq!(world.stations[0].last("phone:accepted")["userData"]["USR_var2"], "2");
}

#[test]
fn data_that_breaks_a_rule_is_an_error_and_changes_nothing() {
    let mut world = talking();
    set(&mut world, 0, "full", json!({"a": "x".repeat(500), "b": "x".repeat(500), "c": "x".repeat(500)}));
    world.stations[0].heard.clear();
    for (id, variables, code) in [
        ("line", json!({"a": "x\r\nRoute: <sip:evil>"}), "bad_request"),
        ("name", json!({"a: b": "x"}), "bad_request"),
        ("value", json!({"a": "x".repeat(513)}), "bad_request"),
        ("list", json!([1]), "bad_request"),
        ("words", json!("no object"), "bad_request"),
        ("sum", json!({"d": "x".repeat(510), "e": "x".repeat(510)}), "too_large"),
    ] {
        set(&mut world, 0, id, variables);
        assert_eq!(world.stations[0].response(id)["error"]["code"], code, "{id}");
    }
    assert!(world.stations[0].kinds("phone:updated").is_empty());
    let named = r#"{"type":"setData","id":"n","data":{"callId":"none","variables":{"a":"b"}}}"#;
    world.host(0, named);
    assert_eq!(world.stations[0].response("n")["error"]["code"], "no_such_call");
}

#[test]
fn data_goes_with_a_blind_transfer_and_is_seen_by_the_page_there() {
    let mut world = talking();
    set(&mut world, 0, "s", json!({"Order": "7 & más", "n": "1"}));
    world.host(0, r#"{"type":"transfer","id":"t","data":{"to":"202"}}"#);
    world.run(1_000);
    world.answer(2);
    world.run(2_000);
    assert_eq!(world.stations[0].response("t")["ok"], true);
    let refer = sent(&world, 0, "REFER ");
    assert!(refer.contains("\r\nX-USR-Order: 7%20%26%20m%C3%A1s\r\n"), "{refer}");
    assert!(refer.contains("\r\nX-Softframe-Data: "), "{refer}");
    assert!(refer.contains("Refer-To: <sip:202@softframe.test?X-Softframe-Data="), "{refer}");
    assert!(refer.contains("&X-USR-n=1>"), "{refer}");
    let seen = &world.stations[2].last("phone:ringing")["userData"];
    assert_eq!(seen, &json!({"USR_Order": "7 & más", "USR_n": "1"}));
}

#[test]
fn data_goes_with_an_attended_transfer_to_who_is_asked_first() {
    let mut world = talking();
    set(&mut world, 0, "s", json!({"Order": "7"}));
    world.host(0, r#"{"type":"transfer:start","data":{"to":"202"}}"#);
    world.run(1_000);
    assert_eq!(world.stations[2].last("phone:ringing")["userData"], json!({"USR_Order": "7"}));
    assert_eq!(world.stations[0].last("phone:calling")["userData"], json!({"USR_Order": "7"}));
    world.answer(2);
    world.run(1_000);
    world.host(0, r#"{"type":"transfer:complete","id":"t"}"#);
    world.run(3_000);
    assert_eq!(world.stations[0].response("t")["ok"], true);
    assert!(sent(&world, 0, "REFER ").contains("X-USR-Order: 7\r\n"));
}

#[test]
fn data_that_came_with_a_call_goes_on_with_its_transfer() {
    let mut world = talking();
    set(&mut world, 0, "s", json!({"Order": "7"}));
    world.host(0, r#"{"type":"transfer","data":{"to":"202"}}"#);
    world.run(1_000);
    world.answer(2);
    world.run(2_000);
    // 202 talks to 201 now, who made that call, and sends it to 203.
    world.host(2, r#"{"type":"transfer","data":{"to":"203"}}"#);
    world.run(1_000);
    assert!(sent(&world, 2, "REFER ").contains("X-USR-Order: 7\r\n"));
}

#[test]
fn data_of_click2call_is_in_the_invite_to_an_extension_and_to_no_other_number() {
    for (number, goes) in [("201", true), ("123456", true), ("1234567", false), ("+34911", false)] {
        let mut world = World::pair();
        let data =
            json!({"number": number, "variables": {"Order": "7"}, "headers": {"X-USR-Sly": "1", "X-A": "b"}});
        world.host(0, &json!({"type": "click2call", "data": data}).to_string());
        world.run(500);
        let invite = sent(&world, 0, "INVITE ");
        assert_eq!(invite.contains("X-USR-Order: 7\r\n"), goes, "{number} {invite}");
        assert_eq!(invite.contains("X-Softframe-Data"), goes, "{number} {invite}");
        assert!(!invite.contains("X-USR-Sly") && invite.contains("X-A: b"), "{invite}");
        assert_eq!(world.stations[0].last("phone:calling")["userData"], json!({"USR_Order": "7"}));
    }
}

#[test]
fn transfer_to_an_outside_number_carries_nothing() {
    let mut world = talking();
    set(&mut world, 0, "s", json!({"Order": "7"}));
    world.host(0, r#"{"type":"transfer","data":{"to":"+34911085460"}}"#);
    world.run(1_000);
    let refer = sent(&world, 0, "REFER ");
    assert!(!refer.contains("USR") && !refer.contains("Softframe-Data"), "{refer}");
}

#[test]
fn patterns_of_the_operator_say_who_gets_data() {
    let mut script = Script::with(r#""dataTo":["3??","sip:*"],"#);
    for (number, goes) in [("301", true), ("201", false)] {
        let call = json!({"number": number, "variables": {"a": "b"}});
        script.host(&json!({"type": "click2call", "data": call}).to_string());
        let invite = script.request("INVITE");
        assert_eq!(invite.header("X-USR-a").is_some(), goes, "{number}");
        script.respond(&invite, "486 Busy Here", "b", "", "");
        script.pass(3_000);
    }
}

#[test]
fn invite_that_is_redirected_outside_leaves_the_data_behind() {
    for (target, goes) in [("202", true), ("+34911", false)] {
        let mut script = Script::new();
        let call = r#"{"number":"201","variables":{"Order":"7"},"headers":{"X-A":"b"}}"#;
        script.host(&format!(r#"{{"type":"click2call","data":{call}}}"#));
        let invite = script.request("INVITE");
        assert!(invite.header("X-USR-Order").is_some());
        let contact = format!("Contact: <sip:{target}@a.test>\r\n");
        script.respond(&invite, "302 Moved", "m", &contact, "");
        let next = script.request("INVITE");
        assert!(next.uri().unwrap().to_string().contains(target));
        assert_eq!(next.header("X-USR-Order").is_some(), goes, "{target}");
        assert_eq!(next.header("X-Softframe-Data").is_some(), goes, "{target}");
        assert_eq!(next.header("X-A"), Some("b"));
    }
}

#[test]
fn call_that_is_sent_on_takes_no_data_with_it() {
    let mut world = World::pair();
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    set(&mut world, 0, "s", json!({"Order": "7"}));
    assert_eq!(world.stations[0].response("s")["ok"], true);
    world.host(0, r#"{"type":"redirect","data":{"to":"202"}}"#);
    let moved = sent(&world, 0, "SIP/2.0 302");
    assert!(!moved.contains("USR") && !moved.contains("Data"), "{moved}");
}

#[test]
fn data_in_an_invite_that_keeps_no_rule_costs_itself_alone() {
    let mut script = Script::new();
    script.frame(format!(
        "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKd\r\nMax-Forwards: 70\r\n\
         From: <sip:31@a.test>;tag=f\r\nTo: <sip:200@a.test>\r\nCall-ID: d\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:ana@p.test>\r\nX-USR-good: a%20b\r\nX-USR-percent: 5% more\r\nX-USR-long: {}\r\n\
         X-USR-line: a%0D%0Ab\r\nX-Softframe-Data: bm8\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{}",
        "x".repeat(600),
        description(1, "sendrecv").len(),
        description(1, "sendrecv")
    ));
    let seen = &script.last("phone:ringing")["userData"];
    assert_eq!(seen, &json!({"USR_good": "a b", "USR_percent": "5% more"}));
}

#[test]
fn records_of_a_call_have_none_of_its_data() {
    const SECRET: &str = "customer-4711";
    for (keys, offer) in [
        (
            r#""dialects":["008"],"enigma":{},"gateway":{"url":"wss://gw.test","token":"tok"},"#,
            json!({ "type": "provider:register", "data": { "name": "crm", "log": true } }),
        ),
        (
            r#""dialects":["rc"],"#,
            json!({ "type": "rc-adapter-register-third-party-service",
                "service": { "name": "crm", "callLoggerPath": "/log" } }),
        ),
    ] {
        let mut script = Script::with(keys);
        script.host(&offer.to_string());
        script.frame(format!(
            "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
             From: <sip:31@a.test>;tag=f\r\nTo: <sip:200@a.test>\r\nCall-ID: in1\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:ana@p.test>\r\nX-Contact-Ref: ACC-9\r\nX-USR-came: {SECRET}\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{}",
            description(1, "sendrecv").len(),
            description(1, "sendrecv")
        ));
        script.host(r#"{"type":"answer"}"#);
        let ok = script.response("INVITE");
        let tag = format!(";tag={}", ok.header("To").unwrap().split_once("tag=").unwrap().1);
        script.ack(1, &tag, "");
        script.host(&json!({ "type": "setData", "data": { "variables": { "set": SECRET } } }).to_string());
        assert_eq!(
            script.last("phone:updated")["userData"],
            json!({ "USR_came": SECRET, "USR_set": SECRET })
        );
        script.bye(2, &tag);

        let ended = script.last("phone:terminated");
        let logged = script
            .heard
            .iter()
            .find(|message| message["data"]["op"] == "log" || message["type"] == "rc-post-message-request");
        let records = [ended["cdr"].to_string(), ended["enigma"].to_string(), logged.unwrap().to_string()];
        let kept = script.kept.values().map(|value| String::from_utf8_lossy(value).into_owned());
        let told = script.gateway.iter().filter_map(|output| match output {
            Output::Post { body, .. } => Some(body.clone()),
            _ => None,
        });
        for record in records.into_iter().chain(kept).chain(told) {
            assert!(!record.contains(SECRET), "{record}");
        }
        assert!(keys.contains("rc") || ended["cdr"]["headers"]["X-Contact-Ref"] == "ACC-9", "{ended}");
    }
}

#[test]
fn data_that_came_before_the_page_was_trusted_is_not_taken() {
    let mut world = talking();
    let text = r#"{"type":"setData","id":"h","data":{"variables":{"a":"b"}}}"#;
    world.input(0, Input::Host(HostInput::Message { text: text.to_owned(), held: true }));
    assert_eq!(world.stations[0].response("h")["error"]["code"], "needs_confirmation");
}
