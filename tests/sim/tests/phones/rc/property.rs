//! Messages of RingCentral Embeddable by chance: they pass the gates and break nothing.

use super::page;
use proptest::prelude::*;
use serde_json::{Value, json};
use softframe_phone::{HostInput, Input};

/// What a page may hold for a number.
const NUMBERS: [&str; 8] = ["+34911", "+34922", "911", "112", "*21*5#", "sip:a@b", "1;x", ""];

fn random_message() -> impl Strategy<Value = Value> {
    let number = prop::sample::select(NUMBERS.to_vec());
    let action = prop::sample::select(vec![
        "answer",
        "reject",
        "hangup",
        "hold",
        "unhold",
        "mute",
        "unmute",
        "transfer",
        "forward",
        "toVoicemail",
        "dtmf",
        "startRecord",
        "toggleRingingDialog",
        "constructor",
    ]);
    let kind = prop::sample::select(vec![
        "rc-adapter-new-call",
        "rc-adapter-control-call",
        "rc-adapter-register-third-party-service",
        "rc-adapter-sync-third-party-contacts",
        "rc-adapter-trigger-contact-match",
        "rc-adapter-webphone-sessions-sync",
        "rc-adapter-message-request",
        "rc-adapter-update-authorization-status",
        "rc-adapter-set-presence",
        "rc-adapter-navigate-to",
        "rc-calling-settings-update",
        "rc-post-message-response",
        "rc-adapter-update-auto-log-settings",
        "rc-adapter-trigger-call-logger-match",
        "rc-adapter-update-ringtone",
        "rc-adapter-new-sms",
        "rc-x",
    ]);
    (kind, action, number, "\\PC{0,12}", any::<Option<bool>>(), any::<i64>()).prop_map(
        |(kind, action, number, text, yes, count)| {
            json!({ "type": kind, "phoneNumber": number, "toCall": yes, "callAction": action, "callId": yes.map(|_| text.clone()),
                "options": { "transferNumber": number, "forwardNumber": number, "dtmf": text },
                "service": { "name": if yes == Some(false) { Value::Null } else { "T".into() }, "contactsPath": text,
                    "contactMatchPath": "/m", "callLogEntityMatcherPath": "/l", "doNotContactPath": yes.map(|_| "/d"), "contactNoMatchTtl": count },
                "phoneNumbers": [number, count], "requestId": text, "path": text, "authorized": yes, "call": yes,
                "userStatus": "Busy", "dndStatus": "TakeAllCalls", "fromNumber": number, "responseId": text,
                "response": { "data": { number: [{ "id": count, "name": text }] }, "nextPage": count } })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_messages_of_the_dialect_pass_the_gates_of_dialling_and_break_nothing(
        messages in prop::collection::vec((random_message(), 0u64..400), 1..25), trusted in any::<bool>()
    ) {
        let mut script = page();
        if !trusted {
            script.input(Input::Host(HostInput::Waiting { chain: vec!["https://evil.example".into()] }));
        }
        let before = script.heard.len();
        script.sent.clear();
        for (message, millis) in messages {
            script.post(message);
            script.pass(millis);
        }
        let dials = script.sent.iter().filter(|sent| sent.is_request() && sent.octets().starts_with(b"INVITE"));
        let dialled: Vec<String> =
            dials.map(|invite| String::from_utf8_lossy(invite.octets()).lines().next().unwrap_or_default().to_owned()).collect();
        prop_assert!(dialled.len() <= 5, "{dialled:?}");
        // What needs the person's word is not called without it.
        prop_assert!(dialled.iter().all(|line| !line.contains("sip:112@") && !line.contains('*')), "{dialled:?}");
        if !trusted {
            prop_assert!(dialled.is_empty());
            let leaked = script.heard.iter().skip(before).find(|message| message["type"] != "widget:attention");
            prop_assert!(leaked.is_none(), "{leaked:?}");
        }
    }
}
