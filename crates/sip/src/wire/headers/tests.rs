//! Each header that has a reader: good values, several of them, quoted ones, and bad ones, which cost themselves.

use super::*;
use crate::wire::NameAddr;

/// A message with these lines.
fn message(lines: &[&str]) -> Message {
    let text = format!(
        "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n\
         Call-ID: 1\r\nCSeq: 1 INVITE\r\n{}\r\n\r\n",
        lines.join("\r\n")
    );
    Message::parse(text.into_bytes()).expect("a message, whatever its headers")
}

#[test]
fn replaces_and_target_dialog_need_both_tags() {
    let replaces = Replaces::parse("a1@b ; From-Tag=f; to-tag=t;early-only;x=\"y;z\"").expect("a value");
    assert_eq!(replaces.to_string(), "a1@b;to-tag=t;from-tag=f;early-only");
    let target =
        TargetDialog::parse("fa77as7dad8-sd98@host1;local-tag=kkaz-;remote-tag=6544").expect("a value");
    assert_eq!((target.local_tag.as_str(), target.remote_tag.as_str()), ("kkaz-", "6544"));
    assert_eq!(target.call_id, "fa77as7dad8-sd98@host1");
    for bad in [
        "",
        "a",
        "a;to-tag=t",
        "a;to-tag=;from-tag=f",
        ";to-tag=t;from-tag=f",
        "a;to-tag=t;from-tag=\"f",
        "a;;",
    ] {
        assert!(Replaces::parse(bad).is_err(), "{bad:?}");
        assert!(
            TargetDialog::parse(&bad.replace("to-", "remote-").replace("from-", "local-")).is_err(),
            "{bad:?}"
        );
    }
}

#[test]
fn rack_is_two_numbers_and_a_method() {
    let rack = RAck::parse(" 776656 1 INVITE").expect("a value");
    assert_eq!((rack.response, rack.sequence, rack.to_string().as_str()), (776_656, 1, "776656 1 INVITE"));
    for bad in ["", "1", "1 2", "1 2 INVITE 3", "-1 2 INVITE", "1 x INVITE", "4294967296 1 INVITE"] {
        assert!(RAck::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn session_expires_and_who_refreshes() {
    use Refresher::{Uac, Uas};
    for (text, read, printed) in [
        ("1800", Some((1_800, None)), "1800"),
        ("0090 ; Refresher = UAS", Some((90, Some(Uas))), "90;refresher=uas"),
        ("90;x;refresher=uac", Some((90, Some(Uac))), "90;refresher=uac"),
        ("90 (of ours);refresher=uas", Some((90, Some(Uas))), "90;refresher=uas"),
        ("90;refresher=nobody", Some((90, None)), "90"),
        ("90;refresher=\"uac", Some((90, None)), "90"),
        ("soon;refresher=uac", None, ""),
        ("99999999999", None, ""),
        ("", None, ""),
    ] {
        let value = SessionExpires::parse(text).ok();
        assert_eq!(value.map(|value| (value.seconds, value.refresher)), read, "{text:?}");
        assert_eq!(value.map(|value| value.to_string()).unwrap_or_default(), printed, "{text:?}");
    }
}

#[test]
fn reasons_are_read_from_a_list_and_a_bad_one_costs_itself() {
    let message = message(&[
        "Reason: SIP ;cause=200 ;text=\"Call completed, \\\"elsewhere\\\"\", Q.850;cause=16",
        "Reason: Q.850;cause=many;text=x",
        "Reason: SIP;cause=\"6",
    ]);
    let read: Vec<(String, u16, String)> = message
        .list("Reason")
        .map(Reason::parse)
        .map(|reason| (reason.protocol, reason.cause, reason.text))
        .collect();
    let expected =
        [("SIP", 200, "Call completed, \"elsewhere\""), ("Q.850", 16, ""), ("Q.850", 0, "x"), ("SIP", 0, "")];
    assert_eq!(read, expected.map(|(protocol, cause, text)| (protocol.to_owned(), cause, text.to_owned())));
    let reason = Reason { protocol: "SIP".into(), cause: 200, text: "a \"b\"\r\nEvil: c".into() };
    assert_eq!(reason.to_string(), "SIP;cause=200;text=\"a \\\"b\\\"  Evil: c\"");
}

#[test]
fn event_and_subscription_state() {
    let event = EventType::parse("Dialog ; ID=7;x=\"1;2\"");
    assert!(event.is("dialog") && !event.is("dialog.winfo"));
    assert_eq!(event.id.as_deref(), Some("7"));
    assert_eq!(EventType::of(&message(&["o: message-summary"])).package, "message-summary");
    assert_eq!(EventType::of(&message(&[])).package, "");
    assert_eq!(EventType::parse("refer;id=\"1"), EventType { package: "refer".into(), id: None });
    let state = SubscriptionState::parse("Terminated;reason=Probation;retry-after=30;expires= 5");
    assert!(state.is_terminated());
    assert_eq!(
        (state.reason.as_deref(), state.retry_after, state.expires),
        (Some("probation"), Some(30), Some(5))
    );
    let state = SubscriptionState::parse("active;expires=soon;retry-after=-1");
    assert_eq!((state.state.as_str(), state.expires, state.retry_after), ("active", None, None));
    assert_eq!(SubscriptionState::of(&message(&["Subscription-State: ;;\""])), SubscriptionState::default());
}

#[test]
fn user_to_user_is_quoted_or_not_and_its_octets_are_hexadecimal() {
    let message = message(&[
        "User-to-User: 56a390f3d2b7310023;encoding=hex;purpose=isdn-uui",
        "User-to-User: \"a, b;c\";encoding=text, 0g, ;purpose=x, 123",
    ]);
    let values: Vec<UserToUser> =
        message.list("User-to-User").filter_map(|value| UserToUser::parse(value).ok()).collect();
    let octets: Vec<Option<usize>> =
        values.iter().map(|value| value.octets().map(|octets| octets.len())).collect();
    assert_eq!(octets, [Some(9), None, None, None], "the fourth of five is none");
    assert_eq!((values[0].purpose.as_deref(), values[1].data.as_str()), (Some("isdn-uui"), "a, b;c"));
    assert_eq!(UserToUser::parse("+1;x").expect("a value").octets(), None);
    assert!(UserToUser::parse("\"open").is_err());
}

#[test]
fn warnings_and_privacy() {
    let message = message(&[
        "Warning: 370 devnull \"Choose, a \\\"bigger\\\" pipe\", 399 isi.edu:5060 \"x\", 12 a \"b\", 399 a b, 399 a",
        "Privacy: id ; critical",
        "Privacy: header, user;;",
    ]);
    let warnings: Vec<(u16, String, String)> = message
        .list("Warning")
        .filter_map(|value| Warning::parse(value).ok())
        .map(|warning| (warning.code, warning.agent, warning.text))
        .collect();
    let expected = [(370, "devnull", "Choose, a \"bigger\" pipe"), (399, "isi.edu:5060", "x")];
    assert_eq!(warnings, expected.map(|(code, agent, text)| (code, agent.to_owned(), text.to_owned())));
    assert_eq!(message.privacy().collect::<Vec<_>>(), ["id", "critical", "header", "user"]);
}

#[test]
fn headers_that_are_addresses_are_read_one_by_one() {
    // Lines; of each readable value display name, URI and one parameter.
    type Row<'a> = (&'a str, &'a [&'a str], &'a str, &'a [(&'a str, &'a str, &'a str)]);
    let table: &[Row<'_>] = &[
        (
            "Refer-To",
            &["r: <sip:602@rig.test?Replaces=a%3Bto-tag%3Db>"],
            "x",
            &[("", "sip:602@rig.test?Replaces=a%3Bto-tag%3Db", "")],
        ),
        ("Refer-To", &["Refer-To: sip:602@rig.test;x=1"], "x", &[("", "sip:602@rig.test", "1")]),
        ("Referred-By", &["b: \"A, B\" <sip:a@b>;cid=\"1@c\""], "cid", &[("A, B", "sip:a@b", "1@c")]),
        (
            "P-Asserted-Identity",
            &["P-Asserted-Identity: \"A \\\"B\\\"\" <sip:+34911@b>, <tel:+34911>", "P-Asserted-Identity: <<"],
            "x",
            &[("A \"B\"", "sip:+34911@b", ""), ("", "tel:+34911", "")],
        ),
        (
            "P-Called-Party-ID",
            &["P-Called-Party-ID: Sales <sip:900@b>;x"],
            "x",
            &[("Sales", "sip:900@b", "")],
        ),
        (
            "Diversion",
            &[
                "Diversion: <sip:1@b>;reason=user-busy;counter=2, \"open <sip:2@b>",
                "Diversion: <sip:3@b>;reason=\"no-answer\"",
            ],
            "reason",
            &[("", "sip:1@b", "user-busy"), ("", "sip:3@b", "no-answer")],
        ),
        (
            "History-Info",
            &[
                "History-Info: <sip:1@b?Reason=SIP%3Bcause%3D302>;index=1, sip:2@b,c;index, <sip:3@b>;index=1.1",
            ],
            "index",
            &[("", "sip:1@b?Reason=SIP%3Bcause%3D302", "1"), ("", "sip:2@b", ""), ("", "sip:3@b", "1.1")],
        ),
        (
            "Path",
            &["Path: <sip:p1;lr>,<sip:p2;lr;ob>", "Path: nonsense"],
            "x",
            &[("", "sip:p1;lr", ""), ("", "sip:p2;lr;ob", "")],
        ),
        (
            "Service-Route",
            &["Service-Route: <sip:s;lr>;x=1 , <sip:[::1]:5060;lr>"],
            "x",
            &[("", "sip:s;lr", "1"), ("", "sip:[::1]:5060;lr", "")],
        ),
        (
            "Call-Info",
            &["Call-Info: <http://a/b?c=1,2>;purpose=icon, <mailto:a@b> ;purpose=info, <>;purpose=card"],
            "purpose",
            &[("", "http://a/b?c=1,2", "icon"), ("", "mailto:a@b", "info")],
        ),
        (
            "Alert-Info",
            &[
                "Alert-Info: <http://127.0.0.1/Bellcore-dr2>;info=alert-autoanswer",
                "Alert-Info: <urn:alert:tone:1>, ring",
            ],
            "info",
            &[("", "http://127.0.0.1/Bellcore-dr2", "alert-autoanswer"), ("", "urn:alert:tone:1", "")],
        ),
    ];
    for (name, lines, param, expected) in table {
        let read: Vec<NameAddr> = message(lines).addresses(name).collect();
        let read: Vec<(&str, &str, &str)> = read
            .iter()
            .map(|address| {
                (
                    address.display.as_str(),
                    address.uri.as_str(),
                    address.params.get(param).unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(read, *expected, "{lines:?}");
    }
}

#[test]
fn headers_that_are_numbers() {
    for (line, name, expected) in [
        ("Min-SE: 90;x=y", "Min-SE", Some(90)),
        ("RSeq: 0988", "RSeq", Some(988)),
        ("Flow-Timer: 25", "Flow-Timer", Some(25)),
        ("Retry-After: 18000;duration=3600", "Retry-After", Some(18_000)),
        ("Retry-After: 120 (I'm in a meeting)", "Retry-After", Some(120)),
        ("Retry-After: soon", "Retry-After", None),
        ("Flow-Timer: -1", "Flow-Timer", None),
        ("RSeq: 99999999999", "RSeq", None),
    ] {
        assert_eq!(message(&[line]).number(name), expected, "{line}");
    }
}
