//! Transfers between three whole phones, blind and attended: who asks, who follows, who is called.

use crate::{calls::talk, script::Script};
use serde_json::Value;
use softframe_phone::{
    Action,
    view::{Screen, Text, Tone},
};
use softframe_sim::World;

/// A third phone, registered as 202.
fn third(world: &mut World) -> usize {
    let station = world.station();
    world.trust(station);
    world.boot(station, &world.kiosk("202", "secret-202", ""));
    world.run(1_000);
    station
}

#[test]
fn a_blind_transfer_connects_the_other_two_and_ends_as_transferred() {
    let mut world = World::pair();
    let third = third(&mut world);
    talk(&mut world);
    world.host(0, r#"{"type":"transfer","id":"t","data":{"to":"202"}}"#);
    world.run(1_000);
    world.answer(third);
    world.run(1_000);
    let station = &world.stations[0];
    let states: Vec<&Value> = station.kinds("phone:transfer").iter().map(|data| &data["state"]).collect();
    assert_eq!(states, ["trying", "progress", "done"]);
    assert_eq!(station.response("t")["ok"], true);
    assert_eq!(station.last("phone:terminated")["cause"]["reason"], "transferred");
    let Screen::Ended(ended) = world.view(0).screen else { panic!("{:?}", world.view(0).screen) };
    assert_eq!((ended.pill.0.id, ended.pill.1, ended.again), ("ended.transferred", Tone::Live, false));
    assert_eq!(ended.party.instead, Some(Text::with("transfer.nowwith", "to", "202")));
    let transferred = &world.stations[1];
    assert_eq!(transferred.last("phone:calling")["to"], "202");
    assert_eq!(transferred.last("phone:accepted")["to"], "202");
    assert_eq!(transferred.kinds("phone:terminated").len(), 1, "the first call");
    assert_eq!(world.stations[third].last("phone:accepted")["from"], "201");
    assert!(world.stations[third].kinds("phone:terminated").is_empty());
}

#[test]
fn a_transfer_that_fails_leaves_the_call() {
    let mut world = World::pair();
    talk(&mut world);
    world.host(0, r#"{"type":"transfer","id":"t","data":{"to":"202"}}"#);
    world.run(40_000);
    let station = &world.stations[0];
    assert_eq!(station.last("phone:transfer")["state"], "failed");
    assert!(station.response("t")["error"]["code"].as_str().unwrap().starts_with("sip_4"));
    assert!(station.kinds("phone:terminated").is_empty());
}

#[test]
fn a_transfer_to_a_code_asks_the_person_and_is_declined_after_a_minute_without_an_answer() {
    let mut world = World::new();
    for (user, more) in [("200", r#""dial":{"confirmCodes":false},"#), ("201", "")] {
        let station = world.station();
        world.trust(station);
        world.boot(station, &world.kiosk(user, &format!("secret-{user}"), more));
    }
    world.run(1_000);
    talk(&mut world);
    world.host(0, r#"{"type":"transfer","id":"t","data":{"to":"*97"}}"#);
    world.run(59_000);
    assert_eq!(world.stations[1].last("widget:attention")["reason"], "confirm");
    assert!(world.stations[1].kinds("phone:calling").is_empty(), "nothing is dialled without a word");
    world.run(2_000);
    assert_eq!(world.stations[0].last("phone:transfer")["code"], 603);
    assert_eq!(world.stations[0].response("t")["error"]["code"], "sip_603");
}

/// 200 talks to 201, and has asked 202, who has answered: the three stations, and the label of the call that asks.
fn consulting() -> (World, usize, String) {
    let mut world = World::pair();
    let third = third(&mut world);
    talk(&mut world);
    world.host(0, r#"{"type":"transfer:start","id":"s","data":{"to":"202"}}"#);
    world.run(1_000);
    assert_eq!(world.stations[0].last("phone:hold")["by"], "local");
    assert_eq!(world.stations[1].last("phone:hold")["by"], "remote");
    let label = world.stations[0].response("s")["data"]["callId"].as_str().expect("a callId").to_owned();
    world.answer(third);
    world.run(1_000);
    assert_eq!(world.stations[0].last("phone:accepted")["to"], "202");
    (world, third, label)
}

fn state(world: &mut World, station: usize) -> Vec<(String, String)> {
    world.host(station, r#"{"type":"state","id":"state"}"#);
    let calls = world.stations[station].response("state")["data"]["calls"].as_array().expect("calls").clone();
    world.stations[station].heard.retain(|message| message["id"] != "state");
    let text = |call: &Value, key: &str| call[key].as_str().expect("a text").to_owned();
    calls.iter().map(|call| (text(call, "to"), text(call, "state"))).collect()
}

#[test]
fn an_attended_transfer_connects_the_other_two_and_ends_both_calls() {
    for command in [
        r#"{"type":"transfer:complete","id":"join"}"#.to_owned(),
        r#"{"type":"transfer:complete","id":"join","data":{"callId":"LABEL"}}"#.to_owned(),
    ] {
        let (mut world, third, label) = consulting();
        world.host(0, &command.replace("LABEL", &label));
        world.run(2_000);
        let station = &world.stations[0];
        assert_eq!(station.response("join")["ok"], true, "{:?}", station.response("join"));
        let states: Vec<&Value> = station.kinds("phone:transfer").iter().map(|data| &data["state"]).collect();
        assert_eq!(states.last(), Some(&&Value::from("done")));
        let ends: Vec<(&str, &str)> = station
            .kinds("phone:terminated")
            .iter()
            .map(|data| {
                let cause = &data["cause"];
                (cause["reason"].as_str().expect("text"), cause["transferredTo"].as_str().expect("text"))
            })
            .collect();
        assert_eq!(ends.len(), 2);
        assert!(ends.contains(&("transferred", "202")) && ends.contains(&("transferred", "201")), "{ends:?}");
        assert!(station.peers.is_empty() && state(&mut world, 0).is_empty());
        for (station, number) in [(1, "202"), (third, "201")] {
            let calls = state(&mut world, station);
            assert_eq!(calls.len(), 1, "{number}");
            assert_eq!(calls[0].1, "active");
        }
    }
}

#[test]
fn cancelling_an_attended_transfer_goes_back_to_who_waits() {
    let (mut world, third, _) = consulting();
    world.host(0, r#"{"type":"transfer:cancel","id":"x"}"#);
    world.run(1_000);
    assert_eq!(world.stations[0].response("x")["ok"], true);
    assert_eq!(state(&mut world, 0), [("201".to_owned(), "active".to_owned())]);
    assert_eq!(world.stations[1].last("phone:unhold")["by"], "remote");
    assert_eq!(world.stations[third].kinds("phone:terminated").len(), 1);
    assert_eq!(world.stations[0].last("phone:terminated")["cause"]["reason"], "hangup");
    // While the other one still rings.
    world.host(0, r#"{"type":"transfer:start","id":"s2","data":{"to":"202"}}"#);
    world.run(500);
    world.host(0, r#"{"type":"transfer:complete","id":"early"}"#);
    world.run(10);
    assert_eq!(world.stations[0].response("early")["error"]["code"], "wrong_state");
    world.host(0, r#"{"type":"transfer:cancel","id":"x2"}"#);
    world.run(1_000);
    assert_eq!(world.stations[0].response("x2")["ok"], true);
    assert_eq!(state(&mut world, 0), [("201".to_owned(), "active".to_owned())]);
    world.host(0, r#"{"type":"transfer:cancel","id":"x3"}"#);
    world.run(10);
    assert_eq!(world.stations[0].response("x3")["error"]["code"], "wrong_state");
}

#[test]
fn who_is_asked_and_refuses_or_hangs_up_gives_the_waiting_call_back() {
    let mut world = World::pair();
    let third = third(&mut world);
    talk(&mut world);
    world.host(0, r#"{"type":"transfer:start","data":{"to":"202"}}"#);
    world.run(1_000);
    world.host(third, r#"{"type":"reject"}"#);
    world.run(1_000);
    assert_eq!(state(&mut world, 0), [("201".to_owned(), "active".to_owned())]);
    let banner = world.view(0).banner.expect("a banner");
    assert_eq!((banner.text.id, banner.text.args[1].1.as_str()), ("transfer.failed", "ended.busy"));
    // Asking somebody else and going back is no news of the one who refused.
    let call = world.front(0);
    world.act(0, Action::Consult(call, "202".into()));
    world.run(1_000);
    world.act(0, Action::CancelTransfer);
    world.run(1_000);
    assert_eq!(world.view(0).banner, None);
    world.host(0, r#"{"type":"transfer:start","data":{"to":"202"}}"#);
    world.run(1_000);
    world.host(third, r#"{"type":"reject"}"#);
    world.run(1_000);
    world.act(0, Action::RetryTransfer);
    let Screen::TransferPick(pick) = world.view(0).screen else { panic!("{:?}", world.view(0).screen) };
    assert_eq!((pick.query.as_str(), pick.name.as_str()), ("202", "201"));
    world.act(0, Action::Back);
    assert_eq!(world.view(0).banner, None, "what was tried again is no news any more");
    let (mut world, third, _) = consulting();
    world.host(third, r#"{"type":"hangup"}"#);
    world.run(1_000);
    assert_eq!(state(&mut world, 0), [("201".to_owned(), "active".to_owned())]);
    // Nobody at that number.
    world.host(0, r#"{"type":"transfer:start","data":{"to":"203"}}"#);
    world.run(40_000);
    assert_eq!(state(&mut world, 0), [("201".to_owned(), "active".to_owned())]);
}

#[test]
fn who_waits_and_hangs_up_leaves_the_call_that_asked() {
    let (mut world, _, _) = consulting();
    world.host(1, r#"{"type":"hangup"}"#);
    world.run(1_000);
    assert_eq!(state(&mut world, 0), [("202".to_owned(), "active".to_owned())]);
    world.host(0, r#"{"type":"transfer:complete","id":"join"}"#);
    world.run(10);
    assert_eq!(world.stations[0].response("join")["error"]["code"], "wrong_state");
}

#[test]
fn who_waits_and_hangs_up_before_the_other_is_called_leaves_nobody_to_call() {
    let script = |unsaid: bool| {
        let mut script = Script::new();
        let tag = script.answered(&softframe_sim::description(7, "sendrecv"));
        script.host(r#"{"type":"transfer:start","id":"s","data":{"to":"202"}}"#);
        let hold = script.request("INVITE");
        if unsaid {
            script.unsaid = Some(Vec::new());
            script.respond(&hold, "200 OK", "f", "", &softframe_sim::description(9, "recvonly"));
            script.bye(2, &tag);
            for said in script.unsaid.take().unwrap() {
                script.input(said);
            }
        } else {
            script.bye(2, &tag);
        }
        script
    };
    // While they are being held, and while the browser makes the offer to the other.
    for unsaid in [false, true] {
        let mut script = script(unsaid);
        script.pass(60_000);
        let invited = script.sent.iter().any(|message| message.octets().starts_with(b"INVITE"));
        assert!(!invited, "nobody is called ({unsaid})");
        let response = script.heard.iter().find(|message| message["id"] == "s").expect("a response");
        assert_eq!(response["error"]["code"], "no_such_call");
        assert_eq!((script.count("phone:calling"), script.count("phone:terminated")), (0, 1));
        assert_eq!(script.phone.view(script.now).toast.expect("a toast").text.id, "transfer.gone");
    }
}

#[test]
fn who_waits_and_hangs_up_while_the_other_rings_is_told_to_who_asks() {
    let mut world = World::pair();
    third(&mut world);
    talk(&mut world);
    world.host(0, r#"{"type":"transfer:start","data":{"to":"202"}}"#);
    world.run(1_000);
    world.host(1, r#"{"type":"hangup"}"#);
    world.run(1_000);
    assert_eq!(state(&mut world, 0), [("202".to_owned(), "progress".to_owned())]);
    assert_eq!(world.view(0).toast.expect("a toast").text.id, "transfer.left");
}

#[test]
fn who_is_held_for_a_caller_that_gives_up_meanwhile_is_talked_to_again() {
    let mut script = Script::new();
    script.answered(&softframe_sim::description(7, "sendrecv"));
    let invite = |script: &mut Script, method: &str| {
        script.frame(format!(
            "{method} sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKsecond\r\nMax-Forwards: 70\r\n\
             From: <sip:+34922@a.test>;tag=s\r\nTo: <sip:200@a.test>\r\nCall-ID: second\r\nCSeq: 1 {method}\r\n\
             Contact: <sip:bert@p.test>\r\nContent-Length: 0\r\n\r\n"
        ));
    };
    invite(&mut script, "INVITE");
    script.host(r#"{"type":"answer","id":"a"}"#);
    let hold = script.request("INVITE");
    invite(&mut script, "CANCEL");
    script.respond(&hold, "200 OK", "f", "", &softframe_sim::description(9, "recvonly"));
    let response = script.heard.iter().find(|message| message["id"] == "a").expect("a response");
    assert_eq!(response["error"]["code"], "no_such_call");
    let back = script.request("INVITE");
    assert!(String::from_utf8_lossy(back.body()).contains("m=audio"));
    script.respond(&back, "200 OK", "f", "", &softframe_sim::description(9, "sendrecv"));
    assert_eq!((script.count("phone:hold"), script.count("phone:unhold")), (1, 1));
}

#[test]
fn a_page_transfers_five_calls_in_ten_seconds_and_no_more() {
    let mut script = Script::new();
    script.answered(&softframe_sim::description(7, "sendrecv"));
    let transfer = |script: &mut Script, id: u64| {
        script.host(&format!(r#"{{"type":"transfer","id":{id},"data":{{"to":"201"}}}}"#));
    };
    for id in 1..=5 {
        transfer(&mut script, id);
        let refer = script.request("REFER");
        script.respond(&refer, "603 Decline", "f", "", "");
    }
    transfer(&mut script, 6);
    let response = script.heard.iter().find(|message| message["id"] == 6).expect("a response");
    assert_eq!(response["error"]["code"], "rate_limited", "{response}");
    assert!(!script.sent.iter().any(|message| message.octets().starts_with(b"REFER")));
    assert_eq!(script.phone.view(script.now).toast.expect("a toast").text.id, "news.rate");
    script.pass(10_000);
    transfer(&mut script, 7);
    script.request("REFER");
    assert_eq!(script.count("phone:terminated"), 0);
}

#[test]
fn a_refused_attended_transfer_leaves_both_calls() {
    let (mut world, third, _) = consulting();
    // Who waits has no more room for a call, or will not follow: a person there is asked and says no.
    for number in ["1", "2", "3", "4", "5"] {
        let invite = format!(
            "INVITE sip:201@x SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKbusy{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:30{number}@a>;tag={number}\r\nTo: <sip:201@a>\r\nCall-ID: busy{number}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:p@p.test>\r\nContent-Length: 0\r\n\r\n"
        );
        world.frame(1, invite.as_bytes());
        world.input(1, softframe_phone::Input::Timeout);
        if number < "4" {
            world.answer(1);
            world.run(100);
        }
    }
    world.host(0, r#"{"type":"transfer:complete","id":"join"}"#);
    world.run(70_000);
    let station = &world.stations[0];
    assert_eq!(station.response("join")["ok"], false, "{:?}", station.response("join"));
    assert_eq!(station.last("phone:transfer")["state"], "failed");
    assert!(station.kinds("phone:terminated").is_empty());
    assert!(!station.announced.contains(&"transfer.failed"), "nobody is back: {:?}", station.announced);
    let toast = world.view(0).toast.map(|toast| toast.text);
    assert_eq!(
        toast.map(|text| (text.id, text.args[0].1.clone())),
        Some(("transfer.refused", "ended.rejected".to_owned()))
    );
    let calls = state(&mut world, 0);
    assert_eq!(
        calls,
        [("201".to_owned(), "held".to_owned()), ("202".to_owned(), "active".to_owned())],
        "{third}"
    );
}

#[test]
fn any_two_calls_are_connected_where_both_are_named() {
    let mut world = World::pair();
    let third = third(&mut world);
    talk(&mut world);
    world.host(0, r#"{"type":"click2call","id":"d","data":{"number":"202","ref":"second"}}"#);
    world.run(1_000);
    world.answer(third);
    world.run(1_000);
    let first = world.stations[0].kinds("phone:accepted")[0]["id"].as_str().expect("an id").to_owned();
    for (data, code) in [
        (format!(r#"{{"callId":"{first}","otherCallId":"nobody"}}"#), "no_such_call"),
        (format!(r#"{{"callId":"{first}","otherCallId":"{first}"}}"#), "wrong_state"),
        (r#"{"callId":{}}"#.to_owned(), "bad_request"),
    ] {
        world.host(0, &format!(r#"{{"type":"transfer:complete","id":"join","data":{data}}}"#));
        assert_eq!(world.stations[0].response("join")["error"]["code"], code, "{data}");
        world.stations[0].heard.retain(|message| message["id"] != "join");
    }
    let data = format!(r#"{{"callId":"{first}","otherCallId":"second"}}"#);
    world.host(0, &format!(r#"{{"type":"transfer:complete","id":"join","data":{data}}}"#));
    world.run(2_000);
    assert_eq!(world.stations[0].response("join")["ok"], true);
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 2);
    assert_eq!(state(&mut world, third).len(), 1);
}

#[test]
fn an_attended_transfer_begins_only_where_a_call_can_be_held_and_a_number_dialled() {
    let mut world = World::pair();
    for (data, code) in [(r#"{"to":"202"}"#, "no_such_call"), (r#"{}"#, "bad_request")] {
        world.host(0, &format!(r#"{{"type":"transfer:start","id":"s","data":{data}}}"#));
        assert_eq!(world.stations[0].response("s")["error"]["code"], code, "{data}");
        world.stations[0].heard.clear();
    }
    talk(&mut world);
    for (to, code) in [("x", "invalid_number"), ("112", "needs_confirmation")] {
        world.host(0, &format!(r#"{{"type":"transfer:start","id":"s","data":{{"to":"{to}"}}}}"#));
        assert_eq!(world.stations[0].response("s")["error"]["code"], code, "{to}");
        world.stations[0].heard.retain(|message| message["id"] != "s");
    }
    assert_eq!(state(&mut world, 0), [("201".to_owned(), "active".to_owned())]);
}

#[test]
fn a_device_in_a_call_is_followed_to_whatever_its_address_is_and_without_a_call_it_is_not() {
    for (target, follows) in [
        ("sip:290-0x560bbd07f1c0@b.test?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2", true),
        ("sip:290-0x560bbd07f1c0@b.test", false),
    ] {
        let mut script = Script::new();
        let tag = script.answered(&softframe_sim::description(7, "sendrecv"));
        script.frame(format!(
            "REFER sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKr\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\nCSeq: 2 REFER\r\n\
             Contact: <sip:ana@p.test>\r\nRefer-To: <{target}>\r\nContent-Length: 0\r\n\r\n"
        ));
        let notify = script.request("NOTIFY");
        assert!(String::from_utf8_lossy(notify.body()).contains("100"), "{target}");
        script.respond(&notify, "200 OK", "f", "", "");
        let dials = script.sent.iter().any(|message| message.octets().starts_with(b"INVITE"));
        assert_eq!(dials, follows, "{target}");
        if !follows {
            assert!(String::from_utf8_lossy(script.request("NOTIFY").body()).contains("603"));
            continue;
        }
        // Who transfers us is held first.
        let reinvite = script.request("INVITE");
        script.respond(&reinvite, "200 OK", "f", "", &softframe_sim::description(9, "recvonly"));
        let invite = script.request("INVITE");
        assert_eq!(invite.header("Replaces"), Some("x;to-tag=1;from-tag=2"));
        assert_eq!(invite.uri().unwrap().to_string(), "sip:290-0x560bbd07f1c0@b.test");
    }
}

#[test]
fn who_was_asked_may_leave_before_the_last_word_of_the_transfer_and_counts_as_transferred() {
    let mut script = Script::new();
    let tag = script.answered(&softframe_sim::description(7, "sendrecv"));
    script.host(r#"{"type":"transfer:start","data":{"to":"202"}}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f", "", &softframe_sim::description(9, "recvonly"));
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "b", "", &softframe_sim::description(8, "sendrecv"));
    script.request("ACK");
    script.host(r#"{"type":"transfer:complete","id":"join"}"#);
    let refer = script.request("REFER");
    assert!(refer.header("Refer-To").unwrap().starts_with("<sip:peer@b.test;transport=ws?Replaces="));
    script.respond(&refer, "202 Accepted", "f", "", "");
    script.frame(format!(
        "BYE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKbye\r\nMax-Forwards: 70\r\n\
         From: {};tag=b\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
        format_args!("<{}>", invite.to().uri),
        invite.from(),
        invite.call_id()
    ));
    assert_eq!(script.last("phone:terminated")["cause"]["reason"], "transferred");
    assert_eq!(script.last("phone:terminated")["cause"]["transferredTo"], "+34911");
    assert_eq!(script.count("phone:unhold"), 0, "nothing goes back yet");
    let mut told = |code: &str, state: &str, number: u32| {
        let body = format!("SIP/2.0 {code}\r\n");
        script.frame(format!(
            "NOTIFY sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKn{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\nCSeq: {number} NOTIFY\r\n\
             Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    };
    told("481 Gone", "terminated;reason=noresource", 2);
    // It was no transfer after all: who waits is not left alone.
    assert_eq!(script.last("phone:transfer")["state"], "failed");
    let back = script.request("INVITE");
    assert!(String::from_utf8_lossy(back.body()).contains("a=sendrecv"));
}

#[test]
fn the_person_asks_first_and_the_screen_offers_the_way_back_and_the_transfer_once_it_is_answered() {
    let mut world = World::pair();
    let third = third(&mut world);
    talk(&mut world);
    let waits = world.front(0);
    world.act(0, Action::PickTransfer(waits));
    world.act(0, Action::DialField("20".into()));
    world.act(0, Action::Consult(waits, "202".into()));
    world.run(1_000);
    let consultation = |world: &World| match world.view(0).screen {
        Screen::Call(call) => call.consultation.expect("somebody waits"),
        other => panic!("no call: {other:?}"),
    };
    let before = consultation(&world);
    assert_eq!((before.back.id, before.ready), ("transfer.backto", false));
    world.answer(third);
    world.run(1_000);
    assert!(consultation(&world).ready);
    let asking = world.front(0);
    world.act(0, Action::CancelTransfer);
    world.run(1_000);
    assert_eq!(world.view(0).toast, None, "no news to who did it");
    assert_eq!(world.front(0), waits);
    assert_eq!(state(&mut world, 0), [("201".to_owned(), "active".to_owned())]);
    world.act(0, Action::Consult(waits, "202".into()));
    world.run(1_000);
    world.answer(third);
    world.run(1_000);
    let again = world.front(0);
    assert_ne!(again, asking);
    world.act(0, Action::CompleteTransfer(again));
    world.run(2_000);
    assert!(state(&mut world, 0).is_empty());
    assert_eq!(state(&mut world, third).len(), 1);
}

#[test]
fn who_refuses_to_be_held_is_not_transferred_by_asking_first() {
    let mut script = Script::new();
    script.answered(&softframe_sim::description(7, "sendrecv"));
    script.host(r#"{"type":"transfer:start","id":"s","data":{"to":"202"}}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "488 Not Acceptable Here", "f", "", "");
    let response = script.heard.iter().find(|message| message["id"] == "s").expect("a response");
    assert_eq!(response["error"]["code"], "wrong_state");
    assert!(!script.sent.iter().any(|message| message.octets().starts_with(b"INVITE")), "nobody is dialled");
    assert_eq!((script.count("phone:hold"), script.count("phone:terminated")), (0, 0));
}

#[test]
fn an_attended_transfer_of_which_nobody_tells_the_end_is_done_when_it_is_accepted() {
    let mut script = Script::new();
    script.answered(&softframe_sim::description(7, "sendrecv"));
    script.host(r#"{"type":"transfer:start","data":{"to":"202"}}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f", "", &softframe_sim::description(9, "recvonly"));
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "b", "", &softframe_sim::description(8, "sendrecv"));
    script.host(r#"{"type":"transfer:complete","id":"join"}"#);
    let refer = script.request("REFER");
    script.respond(&refer, "202 Accepted", "f", "Contact: <sip:ana@p.test>\r\nRefer-Sub: false\r\n", "");
    let response = script.heard.iter().find(|message| message["id"] == "join").expect("a response");
    assert_eq!(response["ok"], true);
    assert_eq!(script.count("phone:terminated"), 2);
    let (one, two) = (script.request("BYE"), script.request("BYE"));
    assert_ne!(one.call_id(), two.call_id());
}

#[test]
fn who_is_to_be_resumed_and_hangs_up_while_the_other_is_held_leaves_no_command_without_an_answer() {
    let (mut script, tag) = held_and_live();
    script.host(r#"{"type":"unhold","id":"back","data":{"callId":"given"}}"#);
    let hold = script.request("INVITE");
    script.bye(2, &tag);
    assert_eq!(script.last("phone:terminated")["id"], "given");
    script.respond(&hold, "200 OK", "b", "", &softframe_sim::description(9, "recvonly"));
    script.pass(60_000);
    let responses: Vec<&Value> = script.heard.iter().filter(|message| message["id"] == "back").collect();
    assert_eq!(responses.len(), 1, "{responses:?}");
    assert_eq!(responses[0]["error"]["code"], "no_such_call");
}

/// `given` is held, and 202 has answered.
fn held_and_live() -> (Script, String) {
    let mut script = Script::new();
    let tag = script.answered(&softframe_sim::description(7, "sendrecv"));
    script.host(r#"{"type":"transfer:start","data":{"to":"202"}}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f", "", &softframe_sim::description(9, "recvonly"));
    script.request("ACK");
    let invite = script.request("INVITE");
    script.respond(&invite, "200 OK", "b", "", &softframe_sim::description(8, "sendrecv"));
    script.request("ACK");
    (script, tag)
}

#[test]
fn who_did_not_say_who_calls_does_not_say_it_in_a_transfer_either() {
    for (from, says) in [(r#","from":"anonymous""#, false), ("", true)] {
        let mut script = Script::new();
        script.host(&format!(r#"{{"type":"click2call","data":{{"number":"201"{from}}}}}"#));
        let invite = script.request("INVITE");
        script.respond(&invite, "200 OK", "b", "", &softframe_sim::description(8, "sendrecv"));
        script.host(r#"{"type":"transfer","data":{"to":"202"}}"#);
        let refer = script.request("REFER");
        assert_eq!(refer.header("Referred-By").is_some(), says);
    }
}

#[test]
fn a_number_with_something_behind_it_is_no_device() {
    // Blocked, or a matter of the person's word, as a server that takes parameters of a number for nothing dials them.
    for target in
        ["+900123%3Bx=y", "+900123;x=y", "+900123%3Fx", "*97%3Bx", "112;x=y", "+900123,1", "+900123@x"]
    {
        let mut script = Script::with(r#""dial":{"blocked":["+900"]},"#);
        let tag = script.answered(&softframe_sim::description(7, "sendrecv"));
        script.frame(format!(
            "REFER sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKr\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\nCSeq: 2 REFER\r\n\
             Contact: <sip:ana@p.test>\r\nRefer-To: <sip:{target}@b.test?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n\
             Content-Length: 0\r\n\r\n"
        ));
        let dials = script.sent.iter().any(|message| message.octets().starts_with(b"INVITE"));
        assert!(!dials, "{target}");
    }
}

#[test]
fn transfer_that_outlives_its_call_fails_when_the_person_signs_out() {
    let mut script = Script::new();
    let tag = script.answered(&softframe_sim::description(7, "sendrecv"));
    script.host(r#"{"type":"transfer","id":"a","data":{"to":"202"}}"#);
    let refer = script.request("REFER");
    script.respond(&refer, "202 Accepted", "f", "", "");
    script.bye(2, &tag);
    assert_eq!((script.count("phone:terminated"), script.count("softframe:response")), (1, 0));
    script.host(r#"{"type":"logout"}"#);
    let answer = script.heard.iter().find(|message| message["id"] == "a").expect("an answer");
    assert_eq!(answer["error"]["code"], "sip_408", "{answer}");
}

#[test]
fn who_asks_for_a_transfer_and_leaves_at_once_has_it_followed_with_its_replaces() {
    let mut script = Script::new();
    let tag = script.answered(&softframe_sim::description(7, "sendrecv"));
    script.frame(format!(
        "REFER sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKr\r\nMax-Forwards: 70\r\n\
         From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{tag}\r\nCall-ID: in1\r\nCSeq: 2 REFER\r\n\
         Contact: <sip:ana@p.test>\r\nRefer-To: <sip:202@b.test?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n\
         Content-Length: 0\r\n\r\n"
    ));
    script.bye(3, &tag);
    assert_eq!(script.count("phone:terminated"), 1);
    let mut sent = std::mem::take(&mut script.sent);
    sent.retain(|message| message.octets().starts_with(b"INVITE") && message.to().tag().is_none());
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0].header("Replaces"), Some("x;to-tag=1;from-tag=2"));
    assert_eq!(sent[0].uri().unwrap().to_string(), "sip:202@b.test");
    script.respond(&sent[0], "200 OK", "b", "", &softframe_sim::description(8, "sendrecv"));
    assert_eq!(script.last("phone:accepted")["to"], "202");
    let told: Vec<String> = std::iter::from_fn(|| {
        let at = script.sent.iter().position(|message| message.octets().starts_with(b"NOTIFY"))?;
        Some(String::from_utf8_lossy(script.sent.remove(at).body()).trim().to_owned())
    })
    .collect();
    assert_eq!(told.last().map(String::as_str), Some("SIP/2.0 200 OK"));
}
