//! Pages and receivers written for 008: the facts of a call as `cdr`, and events by POST to the addresses of `config.json`.

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Input, Output, PostOutcome};
use softframe_sim::description;

const HOOK: &str = r#""dialects":["008"],"webhooks":[{"label":"crm","endpoint":"https://hook.test/in"}],"#;
const TWO_HOOKS: &str = r#""webhooks":["https://a.test/","https://b.test/"],"#;

/// The posts not looked at yet: number, address, JSON.
fn posts(script: &mut Script) -> Vec<(u64, String, Value)> {
    let posts = script.gateway.extract_if(.., |output| matches!(output, Output::Post { .. }));
    let parts = |output| match output {
        Output::Post { post, url, seal, body } => {
            assert_eq!(seal, None, "the gateway's token is nobody else's business");
            Some((post, url, serde_json::from_str(&body).expect("JSON")))
        }
        _ => None,
    };
    posts.filter_map(parts).collect()
}

fn one_post(script: &mut Script) -> (u64, String, Value) {
    let mut posts = posts(script);
    assert_eq!(posts.len(), 1, "{posts:?}");
    posts.remove(0)
}

#[test]
fn call_has_its_facts_beside_the_flat_fields_where_the_page_is_of_008_and_nowhere_else() {
    let mut script = Script::with(HOOK);
    script.invite(1, "", &description(7, "sendrecv"));
    let ringing = script.last("phone:ringing");
    let record = ringing["cdr"].as_object().expect("the record");
    let documented =
        ["id", "direction", "from", "to", "headers", "video", "status", "date", "wait", "total", "duration"];
    assert_eq!(record.len(), documented.len(), "{record:?}");
    for key in documented {
        assert_eq!(record[key], ringing[key], "{key}");
    }
    let mut plain = Script::with("");
    plain.invite(1, "", &description(7, "sendrecv"));
    assert_eq!(plain.last("phone:ringing").get("cdr"), None);
}

#[test]
fn event_of_a_call_is_posted_as_the_page_hears_it_each_after_the_one_before() {
    let mut script = Script::with(HOOK);
    posts(&mut script);
    script.invite(1, "", &description(7, "sendrecv"));
    let (post, url, body) = one_post(&mut script);
    assert_eq!(url, "https://hook.test/in");
    assert_eq!(body["type"], "phone:ringing");
    assert_eq!(&body["data"], script.last("phone:ringing"));
    script.host(r#"{"type":"answer"}"#);
    let ok = script.response("INVITE");
    let tag = format!(";tag={}", ok.header("To").unwrap().split_once("tag=").unwrap().1);
    script.ack(1, &tag, "");
    assert!(posts(&mut script).is_empty(), "the first is on its way");
    script.input(Input::Posted { post, outcome: PostOutcome::Taken });
    let (post, _, body) = one_post(&mut script);
    assert_eq!(body["type"], "phone:accepted");
    script.input(Input::Posted { post, outcome: PostOutcome::Taken });
    script.bye(2, &tag);
    let (_, _, body) = one_post(&mut script);
    assert_eq!(body["type"], "phone:terminated");
    assert_eq!(body["data"]["cdr"]["total"], body["data"]["total"], "the end has the facts, too");
}

#[test]
fn webhook_that_is_down_is_tried_five_times_more_ever_less_often_and_then_told_of_the_next() {
    let mut script = Script::with(HOOK);
    posts(&mut script);
    script.host(r#"{"type":"status","data":{"status":"away"}}"#);
    script.host(r#"{"type":"status","data":{"status":"online"}}"#);
    for pause in [5_000, 10_000, 20_000, 40_000, 80_000] {
        let (post, _, body) = one_post(&mut script);
        assert_eq!(body["data"]["context"]["status"], "away");
        script.input(Input::Posted { post, outcome: PostOutcome::Later });
        script.pass(pause - 1);
        assert!(posts(&mut script).is_empty(), "before {pause} ms");
        script.pass(1);
    }
    let (post, ..) = one_post(&mut script);
    script.input(Input::Posted { post, outcome: PostOutcome::Later });
    assert_eq!(one_post(&mut script).2["data"]["context"]["status"], "online");
}

#[test]
fn webhook_that_is_down_or_refuses_holds_up_no_other() {
    let mut script = Script::with(TWO_HOOKS);
    posts(&mut script);
    script.host(r#"{"type":"status","data":{"status":"away"}}"#);
    script.host(r#"{"type":"status","data":{"status":"online"}}"#);
    let first = posts(&mut script);
    let addresses: Vec<&str> = first.iter().map(|(_, url, _)| url.as_str()).collect();
    assert_eq!(addresses, ["https://a.test/", "https://b.test/"]);
    script.input(Input::Posted { post: first[0].0, outcome: PostOutcome::Later });
    script.input(Input::Posted { post: first[1].0, outcome: PostOutcome::Refused(404) });
    let (_, url, body) = one_post(&mut script);
    assert_eq!((url.as_str(), &body["data"]["context"]["status"]), ("https://b.test/", &json!("online")));
}

#[test]
fn webhook_that_does_not_answer_keeps_the_first_event_and_the_newest_ninety_nine() {
    let mut script = Script::with(r#""webhooks":["https://a.test/"],"#);
    for number in 0..104 {
        // Slower than the limit of commands.
        script.pass(100);
        script.host(&json!({ "type": "dnd", "data": { "enabled": number % 2 == 0 } }).to_string());
    }
    let changes = script.heard.iter().filter(|message| message["type"] == "status:change");
    let told: Vec<Value> = changes.map(|message| message["data"].clone()).collect();
    assert_eq!(told.len(), 104);
    let mut taken = Vec::new();
    while let Some((post, _, body)) = posts(&mut script).pop() {
        taken.push(body["data"].clone());
        script.input(Input::Posted { post, outcome: PostOutcome::Taken });
    }
    // The first was on its way all the time; of those behind it the oldest gave way.
    let expected: Vec<Value> = told.iter().take(1).chain(&told[5..]).cloned().collect();
    assert_eq!(taken, expected);
}

#[test]
fn webhooks_that_are_too_many_or_not_safe_are_named_on_screen() {
    for (bad, found) in [
        (r#"["http://hook.test/"]"#, "http://hook.test/"),
        (r#"[{"label":"x","endpoint":"ftp://hook.test/"}]"#, "ftp://hook.test/"),
        (r#"["https://"]"#, "https://"),
    ] {
        let error = softframe_phone::Config::parse(&format!(r#"{{"webhooks":{bad}}}"#)).expect_err(bad);
        let said = format!("{error:?}");
        assert!(said.contains("webhooks") && said.contains(found), "{said}");
    }
    let many = format!(r#"{{"webhooks":[{}]}}"#, [r#""https://h.test/""#; 9].join(","));
    assert!(softframe_phone::Config::parse(&many).is_err());
    assert!(softframe_phone::Config::parse(r#"{"webhooks":["http://127.0.0.1:1/"]}"#).is_ok());
}
