//! Key tones against a scripted server: by RTP or by INFO, in order, with gaps, and what becomes of those that wait.

use crate::script::Script;
use serde_json::Value;
use softframe_phone::MediaRequest;
use softframe_sim::description;

/// Without `telephone-event`.
fn no_key_tones() -> String {
    description(7, "sendrecv").replace("telephone-event", "opus")
}

#[test]
fn keys_by_info_go_one_by_one_each_after_the_answer_to_the_last_and_its_gap() {
    let mut script = Script::new();
    let tag = script.answered(&no_key_tones());
    script.host(r##"{"type":"dtmf","id":"a","data":{"digits":"12,#"}}"##);
    script.host(r#"{"type":"dtmf","id":"b","data":{"digits":"9"}}"#);
    let signal = |key: char| format!("Signal={key}\r\nDuration=160\r\n");
    assert_eq!(script.informed(), [signal('1')]);
    script.pass(5_000);
    assert_eq!(script.informed(), [signal('1')], "it has no answer yet");
    let first = script.request("INFO");
    assert_eq!(first.content_type(), "application/dtmf-relay");
    script.respond(&first, "200 OK", &tag, "", "");
    // The gap was over long ago.
    assert_eq!(script.informed(), [signal('2')]);
    let second = script.request("INFO");
    assert!(second.cseq().number > first.cseq().number);
    script.respond(&second, "200 OK", &tag, "", "");
    // A comma is two seconds, after the tone and its gap.
    script.pass(160 + 70 + 1_999);
    assert!(script.informed().is_empty());
    script.pass(1);
    assert_eq!(script.informed(), [signal('#')]);
    assert_eq!(script.count("softframe:response"), 0, "not all keys have arrived");
    let third = script.request("INFO");
    script.respond(&third, "200 OK", &tag, "", "");
    let answered = |script: &Script, id: &str| {
        let is = |message: &&Value| message["type"] == "softframe:response" && message["id"] == id;
        script.heard.iter().find(is).map(|message| message["ok"] == true)
    };
    assert_eq!((answered(&script, "a"), answered(&script, "b")), (Some(true), None));
    script.pass(160 + 70 - 1);
    assert!(script.informed().is_empty());
    script.pass(1);
    assert_eq!(script.informed(), [signal('9')]);
    let last = script.request("INFO");
    script.respond(&last, "200 OK", &tag, "", "");
    assert_eq!(answered(&script, "b"), Some(true));
}

#[test]
fn key_that_is_refused_or_unanswered_drops_those_behind_it_and_the_next_command_is_heard() {
    for (status, code) in [(Some("415 Unsupported"), "sip_415"), (None, "sip_408")] {
        let mut script = Script::new();
        let tag = script.answered(&no_key_tones());
        script.host(r#"{"type":"dtmf","id":"a","data":{"digits":"12"}}"#);
        script.host(r#"{"type":"dtmf","id":"b","data":{"digits":"3"}}"#);
        let info = script.request("INFO");
        match status {
            Some(status) => script.respond(&info, status, &tag, "", ""),
            None => {
                // Pings are answered; only the other side of the call is silent.
                for _ in 0..33 {
                    script.pass(1_000);
                    script.frame("\r\n".to_owned());
                }
            }
        }
        script.pass(5_000);
        assert!(script.informed().is_empty());
        let failed = script.heard.iter().filter(|message| message["error"]["code"] == code).count();
        assert_eq!(failed, 2, "{code}: {:?}", script.heard.last());
        assert_eq!(script.count("phone:terminated"), 0);
        script.host(r#"{"type":"dtmf","id":"c","data":{"digits":"4"}}"#);
        assert_eq!(script.informed(), ["Signal=4\r\nDuration=160\r\n"]);
    }
}

#[test]
fn keys_go_by_info_while_the_other_side_holds_because_it_takes_no_rtp_then() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    script.invite(2, &tag, &description(7, "sendonly"));
    script.ack(2, &tag, "");
    script.host(r#"{"type":"dtmf","data":{"digits":"5"}}"#);
    assert_eq!(script.informed(), ["Signal=5\r\nDuration=160\r\n"]);
    script.host(r#"{"type":"dtmf","id":"a","data":{"digits":"6","method":"rtp"}}"#);
    assert_eq!(
        script.heard.last().map(|message| &message["error"]["code"]),
        Some(&Value::from("wrong_state"))
    );
    let by_rtp = |script: &Script, key: &str| {
        script.media.iter().any(|(_, what)| *what == MediaRequest::Dtmf(key.into()))
    };
    assert!(!by_rtp(&script, "5") && !by_rtp(&script, "6"));
    script.invite(3, &tag, &description(7, "sendrecv"));
    script.host(r#"{"type":"dtmf","data":{"digits":"7"}}"#);
    assert!(by_rtp(&script, "7"));
}

#[test]
fn keys_without_end_are_refused_and_those_of_an_ended_call_are_answered() {
    let mut script = Script::new();
    let tag = script.answered(&no_key_tones());
    for number in 0..5 {
        let digits = "5".repeat(64);
        script.host(&format!(r#"{{"type":"dtmf","id":{number},"data":{{"digits":"{digits}"}}}}"#));
    }
    let codes = |script: &Script| -> Vec<String> {
        script
            .heard
            .iter()
            .filter_map(|message| message["error"]["code"].as_str().map(str::to_owned))
            .collect()
    };
    assert_eq!(codes(&script), ["rate_limited"]);
    script.bye(2, &tag);
    assert_eq!(codes(&script)[1..], ["no_such_call"; 4]);
    script.sent.clear();
    script.pass(60_000);
    assert!(script.informed().is_empty());
}

#[test]
fn keys_go_by_rtp_where_the_other_side_offers_it_unless_command_or_configuration_say_otherwise() {
    let (with, without) = (description(7, "sendrecv"), no_key_tones());
    for (offer, config, method, rtp) in [
        (&with, "", "auto", true),
        (&without, "", "auto", false),
        (&with, "", "info", false),
        (&without, "", "rtp", true),
        (&with, r#""dtmf":"info","#, "auto", false),
        (&without, r#""dtmf":"rtp","#, "auto", true),
        (&with, r#""dtmf":"info","#, "rtp", true),
        (&with, r#""dtmf":"auto","#, "auto", true),
    ] {
        // As callee by their offer, as caller by their answer.
        for called in [true, false] {
            let mut script = Script::with(config);
            if called {
                script.answered(offer);
            } else {
                script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
                let invite = script.request("INVITE");
                script.respond(&invite, "200 OK", "a", "", offer);
            }
            script.host(&format!(r#"{{"type":"dtmf","data":{{"digits":"5","method":"{method}"}}}}"#));
            let by_rtp = script.media.iter().any(|(_, what)| *what == MediaRequest::Dtmf("5".into()));
            assert_eq!(
                (by_rtp, script.informed().len()),
                (rtp, usize::from(!rtp)),
                "{config} {method} {called}"
            );
        }
    }
}

#[test]
fn keys_that_the_browser_cannot_play_go_by_info_unless_the_operator_wants_rtp() {
    for (config, by_info) in [("", 1), (r#""dtmf":"rtp","#, 0)] {
        let mut script = Script::with(config);
        script.answered(&description(7, "sendrecv"));
        script.plays_no_keys = true;
        script.host(r#"{"type":"dtmf","data":{"digits":"5"}}"#);
        assert_eq!(script.informed().len(), by_info, "{config}");
        let toast = script.phone.view(script.now).toast.map(|toast| toast.text.id);
        assert_eq!(toast.is_some(), by_info == 0, "{config}: {toast:?}");
    }
}

#[test]
fn keys_in_early_media_and_after_a_reinvite_go_as_the_last_answer_offers() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
    let invite = script.request("INVITE");
    script.respond(&invite, "183 Session Progress", "a", "", &no_key_tones());
    script.host(r#"{"type":"dtmf","id":"a","data":{"digits":"1"}}"#);
    assert_eq!(
        script.heard.last().unwrap()["error"]["code"],
        "wrong_state",
        "INFO belongs to a call that stands"
    );
    script.respond(&invite, "200 OK", "a", "", &no_key_tones());
    script.host(r#"{"type":"hold"}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "a", "", &description(7, "recvonly"));
    script.host(r#"{"type":"dtmf","data":{"digits":"2"}}"#);
    assert!(script.informed().is_empty());
    assert_eq!(script.media.last().unwrap().1, MediaRequest::Dtmf("2".into()));
}
