//! Who calls, who has the line, and which of our numbers calls: identities of both directions, and calls that put
//! themselves through.

use crate::script::Script;
use serde_json::Value;
use softframe_phone::{
    Action, Answer, Input, Instant, Sound,
    view::{Row, Screen, Tab},
};
use softframe_sim::description;
use softframe_sip::wire::Message;

/// An INVITE of one of the server's own numbers with these further lines.
fn invite(script: &mut Script, from: &str, lines: &[&str]) {
    invite_from(script, &format!("sip:{from}@a.test"), lines);
}

fn invite_from(script: &mut Script, from: &str, lines: &[&str]) {
    invite_to(script, from, "sip:200@a.test", lines);
}

fn invite_to(script: &mut Script, from: &str, to: &str, lines: &[&str]) {
    let body = description(7, "sendrecv");
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let call = script.now.0;
    script.frame(format!(
        "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKi{call}{from}\r\nMax-Forwards: 70\r\n\
         From: <{from}>;tag=f\r\nTo: <{to}>\r\nCall-ID: in{call}{from}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:caller@p.test;transport=ws>\r\n{lines}Content-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
}

fn pass(script: &mut Script, millis: u64) {
    script.now = Instant(script.now.0 + millis);
    script.input(Input::Timeout);
}

#[test]
fn the_caller_is_who_the_network_says() {
    for (lines, from, name) in [
        (&[][..], "300", ""),
        (&["P-Asserted-Identity: \"Ana\" <sip:+34911@a.test>"][..], "+34911", "Ana"),
        (&["P-Asserted-Identity: <sip:a.test>, <tel:+34911;phone-context=x>"][..], "+34911", ""),
        (&["P-Asserted-Identity: <sip:a.test>", "P-Asserted-Identity: <tel:+34922>"][..], "+34922", ""),
        (
            &["Remote-Party-ID: \"Bo, of sales\" <sip:311@a.test>;party=calling;privacy=off"][..],
            "311",
            "Bo, of sales",
        ),
        (&["Remote-Party-ID: <sip:311@a.test>", "P-Asserted-Identity: <sip:322@a.test>"][..], "322", ""),
        (&["Remote-Party-ID: \"Bo\" <sip:311@a.test>;privacy=full;screen=yes"][..], "", ""),
        (&["P-Asserted-Identity: <sip:anonymous@anonymous.invalid>"][..], "", ""),
        // The network should have kept it back (RFC 3325 §9.3).
        (&["P-Asserted-Identity: \"Ana\" <sip:+34911@a.test>", "Privacy: critical;ID"][..], "300", ""),
        (&["P-Asserted-Identity: \"Ana\" <sip:+34911@a.test>", "Privacy: none"][..], "+34911", "Ana"),
    ] {
        let mut script = Script::new();
        invite(&mut script, "300", lines);
        let ringing = script.last("phone:ringing");
        assert_eq!((&ringing["from"], &ringing["displayName"]), (&from.into(), &name.into()), "{lines:?}");
    }
}

#[test]
fn the_number_that_was_called_is_the_oldest_of_the_way() {
    for (lines, to) in [
        (&["Diversion: <sip:903@a.test>, \"B, C\" <sip:902@a.test>;reason=unknown"][..], "902"),
        (&["Diversion: <sip:903@a.test>", "Diversion: <sip:902@a.test>,<sip:901@a.test>"][..], "901"),
        (&["History-Info: <sip:901@a.test>;index=1, <sip:902@a.test>;index=1.1"][..], "901"),
        (&["P-Called-Party-ID: <sip:900@a.test>", "Diversion: <sip:903@a.test>"][..], "900"),
        (&["X-Teleforge-Dial-Number: 899", "P-Called-Party-ID: <sip:900@a.test>"][..], "899"),
        (&["X-Dialed-Number: 898", "X-Teleforge-Dial-Number: 899"][..], "898"),
        (&["X-Dialed-Number:", "X-Teleforge-Dial-Number: 899"][..], "899"),
        (&[][..], "200"),
    ] {
        let mut script = Script::new();
        invite(&mut script, "300", lines);
        assert_eq!(script.last("phone:ringing")["to"], to, "{lines:?}");
    }
}

#[test]
fn what_the_network_says_of_the_way_reaches_the_page() {
    let mut script = Script::new();
    let lines = [
        "Diversion: <sip:900@a.test>;reason=no-answer",
        "History-Info: <sip:901@a.test>;index=1",
        "User-to-User: 48656c6c6f;encoding=hex",
        "Remote-Party-ID: <sip:311@a.test>",
        "X-Whatever: yes",
        "Authorization: Digest secret",
    ];
    invite(&mut script, "300", &lines);
    let ringing = script.last("phone:ringing");
    assert_eq!(ringing["to"], "901");
    let headers = ringing["headers"].as_object().unwrap();
    for (name, value) in [
        ("Diversion", "<sip:900@a.test>;reason=no-answer"),
        ("History-Info", "<sip:901@a.test>;index=1"),
        ("User-to-User", "48656c6c6f;encoding=hex"),
        ("Remote-Party-ID", "<sip:311@a.test>"),
        ("X-Whatever", "yes"),
    ] {
        assert_eq!(headers[name], value);
    }
    assert_eq!(headers.len(), 5, "and nothing else: {headers:?}");
}

#[test]
fn who_a_caller_is_that_is_withheld_does_not_reach_the_page_by_a_header() {
    for (lines, told) in [
        (&["P-Asserted-Identity: <sip:+34911@a.test>"][..], true),
        (&["P-Asserted-Identity: <sip:+34911@a.test>", "Privacy: id"][..], false),
        (&["Remote-Party-ID: <sip:+34911@a.test>;privacy=off"][..], true),
        (&["Remote-Party-ID: <sip:+34911@a.test>;privacy=full"][..], false),
        (&["Remote-Party-ID: <sip:+34911@a.test>", "Privacy: id"][..], false),
    ] {
        let mut script = Script::new();
        invite(&mut script, "anonymous", lines);
        let ringing = script.last("phone:ringing").to_string();
        assert_eq!(ringing.contains("34911"), told, "{lines:?}: {ringing}");
    }
}

#[test]
fn the_number_that_calls_is_told_to_the_server_as_it_is_configured() {
    let preferred = [("P-Preferred-Identity", "<sip:+34900@a.test>")];
    let others = [("P-Asserted-Identity", "<sip:+34900@a.test>"), ("X-Number", "+34900")];
    for (keys, data, expected, from) in [
        ("", r#""from":"+34 900""#, &preferred[..], "+34900"),
        ("", r#""from":34900"#, &[("P-Preferred-Identity", "<sip:34900@a.test>")][..], "34900"),
        (r#""numbers":[{"number":"+34 900","label":"x"}],"#, r#""ref":1"#, &preferred[..], "+34 900"),
        (
            r#""headers":{"from":["P-Asserted-Identity","X-Number"]},"#,
            r#""from":"+34900""#,
            &others[..],
            "+34900",
        ),
        ("", r#""ref":1"#, &[][..], "200"),
    ] {
        let mut script = Script::with(keys);
        script.host(&format!(r#"{{"type":"click2call","data":{{"number":"201",{data}}}}}"#));
        let invite = script.request("INVITE");
        let sent: Vec<(&str, &str)> = ["P-Preferred-Identity", "P-Asserted-Identity", "X-Number"]
            .into_iter()
            .filter_map(|name| Some((name, invite.header(name)?)))
            .collect();
        assert_eq!(sent, expected, "{keys} {data}");
        assert_eq!(script.last("phone:calling")["from"], from);
        assert_eq!(invite.from().uri.to_string(), "sip:200@a.test", "who signs is the account");
        assert!(invite.header("Privacy").is_none());
    }
}

#[test]
fn a_caller_that_is_withheld_is_in_no_header_and_no_event() {
    let mut script = Script::with(r#""numbers":[{"number":"+34900","label":"x"}],"#);
    script.host(r#"{"type":"click2call","data":{"number":"201","from":"Anonymous"}}"#);
    let invite = script.request("INVITE");
    assert_eq!(invite.from().uri.to_string(), "sip:anonymous@anonymous.invalid");
    assert_eq!(invite.from().display, "Anonymous");
    assert_eq!(invite.header("Privacy"), Some("id"));
    assert!(invite.header("P-Preferred-Identity").is_none());
    assert_eq!(script.last("phone:calling")["from"], "");
    for from in ["nobody", "+34\\r\\nEvil: yes", "sip:a@b"] {
        let mut script = Script::new();
        script
            .host(&format!(r#"{{"type":"click2call","id":"c","data":{{"number":"201","from":"{from}"}}}}"#));
        assert_eq!(script.heard.pop().unwrap()["error"]["code"], "invalid_number", "{from}");
        assert!(script.sent.is_empty());
    }
}

#[test]
fn who_picks_up_is_told_once_and_the_number_that_was_dialled_stays() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"600"}}"#);
    let invite = script.request("INVITE");
    let party = "Contact: <sip:peer@b.test>\r\nRemote-Party-ID: \"Desk\" <sip:600@a.test>;party=called\r\n";
    script.respond(&invite, "180 Ringing", "a", party, "");
    assert_eq!(script.last("phone:updated")["displayName"], "Desk");
    assert!(script.last("phone:updated")["connected"].is_null(), "it is the one that was called");
    let party = "Contact: <sip:peer@b.test>\r\nP-Asserted-Identity: \"Bo\" <sip:311@a.test>\r\n";
    script.respond(&invite, "180 Ringing", "a", party, "");
    script.respond(&invite, "200 OK", "a", party, &description(8, "sendrecv"));
    assert_eq!(script.count("phone:updated"), 2);
    for kind in ["phone:updated", "phone:accepted"] {
        let data = script.last(kind);
        assert_eq!(
            (&data["connected"], &data["displayName"], &data["to"]),
            (&"311".into(), &"Bo".into(), &"600".into())
        );
    }
    let Screen::Call(call) = script.phone.view(script.now).screen else { panic!("no call") };
    assert_eq!(call.party.number, "311");
    script.input(Input::Action(Action::End(call.call)));
    script.input(Input::Action(Action::CallAgain));
    script.request("ACK");
    assert_eq!(script.request("INVITE").uri().unwrap().to_string(), "sip:600@a.test", "called again");
    // Not before the answer.
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"600"}}"#);
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "a", party, &description(8, "sendrecv"));
    assert_eq!(script.last("phone:accepted")["connected"], "311");
    // Nobody's secret.
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"600"}}"#);
    let invite = script.request("INVITE");
    let party = "Contact: <sip:peer@b.test>\r\nRemote-Party-ID: <sip:311@a.test>;privacy=full\r\n";
    script.respond(&invite, "180 Ringing", "a", party, "");
    assert_eq!(script.count("phone:updated"), 0);
}

const ALLOWED: &str = r#""autoAnswer":{"enabled":true,"callers":["300","31*"]},"#;

fn answers(script: &Script) -> usize {
    let is = |message: &&Message| {
        message.status().is_some_and(|(code, _)| code == 200) && message.cseq().method.as_str() == "INVITE"
    };
    script.sent.iter().filter(is).count()
}

#[test]
fn a_call_puts_itself_through_only_where_its_caller_may() {
    const NOW: &str = "Call-Info: <sip:x>;answer-after=0";
    for (keys, from, line, through) in [
        (ALLOWED, "300", NOW, true),
        (ALLOWED, "311", "Alert-Info: <http://x>;info=alert-autoanswer;delay=0", true),
        (ALLOWED, "300", "Alert-Info: Auto Answer", true),
        (ALLOWED, "300", "Answer-Mode: Auto;require", true),
        (ALLOWED, "300", "Answer-Mode: Manual", false),
        (ALLOWED, "300", "Subject: answer-after=0", false),
        (ALLOWED, "301", NOW, false),
        ("", "300", NOW, false),
        (r#""autoAnswer":{"enabled":true},"#, "300", NOW, false),
        (r#""autoAnswer":{"enabled":false,"callers":["300"]},"#, "300", NOW, false),
        (r#""autoAnswer":{"enabled":true,"callers":["*"]},"#, "anonymous", NOW, false),
    ] {
        let mut script = Script::with(keys);
        invite(&mut script, from, &[line]);
        assert_eq!(script.count("phone:ringing"), 1);
        pass(&mut script, 999);
        assert_eq!(answers(&script), 0, "{keys} {from} {line}");
        pass(&mut script, 1);
        pass(&mut script, 100_000);
        assert_eq!(answers(&script) > 0, through, "{keys} {from} {line}");
    }
}

#[test]
fn a_number_of_another_domain_is_not_the_listed_one_unless_it_is_listed_with_its_host() {
    const ELSEWHERE: &str = r#""autoAnswer":{"enabled":true,"callers":["300@Desk.test","31*@desk.test"]},"#;
    const NOW: &str = "Call-Info: <sip:x>;answer-after=0";
    for (keys, from, line, through) in [
        (ALLOWED, "300@elsewhere.test", "Subject: hi", false),
        (ALLOWED, "300@A.test:5061", "Subject: hi", true),
        (ALLOWED, "666@a.test", "P-Asserted-Identity: <sip:300@elsewhere.test>", false),
        (ALLOWED, "666@elsewhere.test", "P-Asserted-Identity: <sip:300@a.test>", true),
        // A number without a domain is one of the network's where the network says it, not where the caller does.
        (ALLOWED, "666@elsewhere.test", "P-Asserted-Identity: <tel:311>", true),
        (ELSEWHERE, "300@a.test", "Subject: hi", false),
        (ELSEWHERE, "300@desk.test", "Subject: hi", true),
        (ELSEWHERE, "319@desk.test", "Subject: hi", true),
        (ELSEWHERE, "329@desk.test", "Subject: hi", false),
    ] {
        let mut script = Script::with(keys);
        invite_from(&mut script, &format!("sip:{from}"), &[NOW, line]);
        pass(&mut script, 1_000);
        assert_eq!(answers(&script) > 0, through, "{keys} {from} {line}");
    }
    let mut script = Script::with(ALLOWED);
    invite_from(&mut script, "tel:300", &[NOW]);
    pass(&mut script, 1_000);
    assert_eq!(answers(&script), 0);
}

#[test]
fn what_the_server_took_from_our_contact_is_no_number_that_was_called() {
    let mut script = Script::new();
    let contact = script.register.as_ref().and_then(Message::contact).expect("a Contact").uri;
    let own = contact.user().expect("a user part");
    invite_to(&mut script, "sip:300@a.test", &format!("sip:{own}@10.0.0.1"), &[]);
    let ringing = script.last("phone:ringing");
    assert_eq!(ringing["to"], "200");
}

#[test]
fn queue_stands_above_the_caller_with_the_line_that_was_called_and_else_the_line_alone() {
    for (lines, queue, id, called) in [
        (vec!["X-Queue: Sales", "P-Called-Party-ID: <sip:+34900@a.test>"], "Sales", "", "+34900"),
        (vec!["X-Queue: Sales"], "Sales", "", ""),
        (vec!["P-Called-Party-ID: <sip:+34900@a.test>"], "+34900", "in.line", ""),
        (vec![], "", "", ""),
    ] {
        let mut script = Script::new();
        invite(&mut script, "300", &lines);
        let Screen::Incoming(incoming) = script.phone.view(script.now).screen else { panic!("no ring") };
        let line = &incoming.party.line;
        let text = line.args.first().map_or("", |(_, text)| text.as_str());
        assert_eq!((text, line.id, incoming.party.called.as_str()), (queue, id, called), "{lines:?}");
    }
}

#[test]
fn a_call_that_puts_itself_through_is_seen_and_heard_and_may_be_declined_meanwhile() {
    let mut script = Script::with(ALLOWED);
    invite(&mut script, "300", &["Call-Info: <sip:x>;answer-after=3"]);
    pass(&mut script, 1_100);
    let Screen::Incoming(incoming) = script.phone.view(script.now).screen else { panic!("no ring") };
    let note = incoming.note.expect("a note");
    assert_eq!((note.id, note.args[0].1.as_str()), ("in.auto", "2"));
    pass(&mut script, 1_899);
    assert_eq!(answers(&script), 0);
    pass(&mut script, 1);
    assert_eq!(script.sounds.last(), Some(&Sound::Answered));
    let ok = script.response("INVITE");
    script.frame(format!(
        "ACK sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKack\r\nMax-Forwards: 70\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
        ok.from(),
        ok.to(),
        ok.call_id()
    ));
    assert_eq!(script.count("phone:accepted"), 1);
    let Screen::Call(call) = script.phone.view(script.now).screen else { panic!("no call") };
    assert_eq!(call.note.expect("a note").id, "call.auto");

    let mut script = Script::with(ALLOWED);
    invite(&mut script, "300", &["Call-Info: <sip:x>;answer-after=3"]);
    script.host(r#"{"type":"reject"}"#);
    pass(&mut script, 10_000);
    assert_eq!(answers(&script), 0);
    // By hand before its time: nothing says that it was not.
    let mut script = Script::with(ALLOWED);
    invite(&mut script, "300", &["Call-Info: <sip:x>;answer-after=3"]);
    script.host(r#"{"type":"answer"}"#);
    let Screen::Call(call) = script.phone.view(script.now).screen else { panic!("no call") };
    assert_eq!(call.note, None);
}

#[test]
fn a_call_puts_itself_through_beside_no_other_and_not_against_do_not_disturb() {
    let mut script = Script::with(ALLOWED);
    invite(&mut script, "300", &["Call-Info: <sip:x>;answer-after=5"]);
    pass(&mut script, 1_000);
    invite(&mut script, "999", &[]);
    pass(&mut script, 60_000);
    assert_eq!(answers(&script), 0, "two ring: the person chooses");
    let mut script = Script::with(ALLOWED);
    invite(&mut script, "999", &[]);
    pass(&mut script, 1_000);
    invite(&mut script, "300", &["Call-Info: <sip:x>;answer-after=0"]);
    pass(&mut script, 60_000);
    assert_eq!(answers(&script), 0);
    // One that came beside another is the person's also when the other one has ended before its time.
    let mut script = Script::with(ALLOWED);
    invite(&mut script, "999", &[]);
    let first = script.last("phone:ringing")["id"].as_str().expect("an id").to_owned();
    pass(&mut script, 1_000);
    invite(&mut script, "300", &["Call-Info: <sip:x>;answer-after=5"]);
    script.host(&format!(r#"{{"type":"reject","data":{{"callId":"{first}"}}}}"#));
    assert_eq!(script.count("phone:terminated"), 1);
    pass(&mut script, 60_000);
    assert_eq!(answers(&script), 0);
    let mut script = Script::with(ALLOWED);
    script.host(r#"{"type":"dnd","data":{"enabled":true}}"#);
    invite(&mut script, "300", &["Call-Info: <sip:x>;answer-after=0"]);
    pass(&mut script, 60_000);
    assert_eq!(answers(&script), 0);
    let refused: &Value = script.last("phone:refused");
    assert_eq!(refused["cause"]["reason"], "busy");
}

#[test]
fn a_caller_who_keeps_back_what_the_network_says_of_them_is_not_put_through() {
    const NOW: &str = "Call-Info: <sip:x>;answer-after=0";
    for lines in [
        // The name in From is the caller's own word, and the one that would contradict it may not be shown.
        &[NOW, "P-Asserted-Identity: <sip:666@a.test>", "Privacy: id"][..],
        &[NOW, "Privacy: header;id"][..],
        &[NOW, "Privacy: user"][..],
        // The server says itself that it has not looked at it.
        &[NOW, "Remote-Party-ID: <sip:300@a.test>;party=calling;screen=no"][..],
    ] {
        let mut script = Script::with(ALLOWED);
        invite(&mut script, "300", lines);
        assert_eq!(script.count("phone:ringing"), 1);
        script.pass(100_000);
        assert_eq!(answers(&script), 0, "{lines:?}");
    }
    let mut script = Script::with(ALLOWED);
    invite(&mut script, "300", &[NOW, "Privacy: none"]);
    script.pass(1_000);
    assert_eq!(answers(&script), 1);
}

#[test]
fn a_call_does_not_put_itself_through_where_the_person_would_not_hear_it() {
    let mut script = Script::with(ALLOWED);
    script.input(Input::SoundBlocked);
    invite(&mut script, "300", &["Call-Info: <sip:x>;answer-after=0"]);
    script.pass(10_000);
    assert_eq!(answers(&script), 0);
    script.host(r#"{"type":"answer"}"#);
    assert_eq!(answers(&script), 1, "by hand it is");
}

#[test]
fn who_has_the_line_after_a_transfer_behind_the_server_is_told_and_shown() {
    let mut script = Script::new();
    let tag = script.answered(&description(7, "sendrecv"));
    let mut update = |number: u32, line: &str| {
        script.frame(format!(
            "UPDATE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKu{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\nCSeq: {number} UPDATE\r\n\
             Contact: <sip:ana@p.test>\r\n{line}\r\nContent-Length: 0\r\n\r\n"
        ));
        assert_eq!(script.response("UPDATE").status().unwrap().0, 200);
        script.pass(1_000);
        script.count("phone:updated")
    };
    assert_eq!(update(2, "P-Asserted-Identity: \"Ana\" <sip:+34911@a.test>"), 0, "the same as before");
    assert_eq!(update(3, "P-Asserted-Identity: \"Bo\" <sip:311@a.test>"), 1);
    assert_eq!(update(4, "Remote-Party-ID: \"Bo\" <sip:311@a.test>"), 1);
    assert_eq!(update(5, "Subject: nothing"), 1);
    let updated = script.last("phone:updated");
    assert_eq!((&updated["connected"], &updated["displayName"]), (&"311".into(), &"Bo".into()));
    assert_eq!(updated["from"], "+34911", "who called stays");
    let Screen::Call(call) = script.phone.view(script.now).screen else { panic!("no call") };
    assert_eq!(call.party.number, "311");
}

/// The recents as they stand there.
fn recents(script: &mut Script) -> Vec<Row> {
    script.input(Input::Action(Action::Tab(Tab::Recents)));
    let screen = script.phone.view(script.now).screen;
    script.phone.rows(&screen, 0, 5)
}

#[test]
fn name_that_only_a_caller_gives_stands_beside_the_number_and_never_in_its_place() {
    let mut script = Script::new();
    invite(&mut script, "300", &["P-Asserted-Identity: \"Ana\" <sip:+34911@a.test>"]);
    let Screen::Incoming(ring) = script.phone.view(script.now).screen else { panic!("no ring") };
    assert_eq!((ring.party.name.as_str(), ring.party.says.as_str(), ring.party.outbound), ("", "Ana", false));
    script.input(Input::Action(Action::Answer(ring.call, Answer::HoldOther)));
    let ok = script.response("INVITE");
    let tag = ok.to().tag().unwrap_or_default().to_owned();
    let (via, call) = (ok.header("Via").unwrap_or_default(), ok.header("Call-ID").unwrap_or_default());
    script.frame(format!(
        "ACK sip:200@c.test SIP/2.0\r\nVia: {via}x\r\nFrom: <sip:300@a.test>;tag=f\r\nTo: <sip:200@a.test>;tag={tag}\r\n\
         Call-ID: {call}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n"
    ));
    let connected = script.said.iter().find(|text| text.id == "say.connected").expect("it is connected");
    for arg in [("name", "+34911".to_owned()), ("says", "Ana".to_owned())] {
        assert!(connected.args.contains(&arg), "{connected:?}");
    }
    script.input(Input::Action(Action::Browse(true)));
    let running = script.phone.view(script.now).header.running.expect("a bar");
    assert_eq!((running.name.as_str(), running.says.as_str()), ("+34911", "Ana"));
    script.input(Input::Action(Action::Browse(false)));
    script.input(Input::Action(Action::PickTransfer(ring.call)));
    let Screen::TransferPick(pick) = script.phone.view(script.now).screen else { panic!("no target") };
    assert_eq!(pick.name, "+34911");
    script.input(Input::Action(Action::Back));
    script.input(Input::Action(Action::End(ring.call)));
    script.input(Input::Action(Action::Done));

    let rows = recents(&mut script);
    assert_eq!(
        (rows[0].name.as_str(), rows[0].number.as_str(), rows[0].says.as_str()),
        ("+34911", "", "Ana")
    );
    script.input(Input::Action(Action::RecentSearch("ana".to_owned())));
    assert_eq!(recents(&mut script).len(), 1, "it is found by what it calls itself");
    script.input(Input::Action(Action::RemoveRecent(rows[0].key.clone())));
    let removed = script.said.last().expect("a word");
    assert_eq!(removed.args, [("name", "+34911".to_owned()), ("says", "Ana".to_owned())]);
}

#[test]
fn name_that_only_the_server_of_who_was_called_gives_is_no_callers_word() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"600"}}"#);
    let invite = script.request("INVITE");
    let party = "Contact: <sip:peer@b.test>\r\nP-Asserted-Identity: \"Bo\" <sip:311@a.test>\r\n";
    script.respond(&invite, "200 OK", "a", party, &description(8, "sendrecv"));
    let Screen::Call(call) = script.phone.view(script.now).screen else { panic!("no call") };
    assert_eq!(
        (call.party.number.as_str(), call.party.says.as_str(), call.party.outbound),
        ("311", "Bo", true)
    );
    script.input(Input::Action(Action::End(call.call)));
    let Screen::Ended(ended) = script.phone.view(script.now).screen else { panic!("no end") };
    assert_eq!((ended.party.says.as_str(), ended.party.outbound), ("Bo", true));
}

#[test]
fn what_callers_call_themselves_is_said_as_their_word() {
    for (lines, id) in [
        (&["P-Asserted-Identity: \"Ana\" <sip:+34911@a.test>"][..], "say.incoming.says"),
        (&["P-Asserted-Identity: <sip:+34911@a.test>"][..], "say.incoming"),
    ] {
        let mut script = Script::new();
        invite(&mut script, "300", lines);
        let said = script.said.iter().find(|text| text.id.starts_with("say.incoming")).expect("a ring");
        assert_eq!(said.id, id);
        assert!(said.args.contains(&("number", if id == "say.incoming" { "" } else { "+34911" }.to_owned())));
    }
}
