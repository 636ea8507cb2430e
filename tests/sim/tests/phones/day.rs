//! What an agent meets in a long day: two things at once, a press at the wrong moment, an hour away from the desk.

use crate::script::Script;
use serde_json::{Value, json};
use softframe_phone::{Action, Answer, Input, MediaRequest, Sound, view::Screen};
use softframe_sim::{Microphone, World, description};

/// 200, 201 and 202, each registered with a trusted page.
fn three() -> World {
    let mut world = World::pair();
    let third = world.station();
    world.trust(third);
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    world.run(500);
    world
}

fn states(world: &mut World, station: usize) -> Vec<(String, String)> {
    world.host(station, r#"{"type":"state","id":"state"}"#);
    let calls = world.stations[station].response("state")["data"]["calls"].as_array().expect("calls").clone();
    world.stations[station].heard.retain(|message| message["id"] != "state");
    let text = |call: &Value, key: &str| call[key].as_str().expect("a text").to_owned();
    let other =
        |call: &Value| if call["direction"] == "inbound" { text(call, "from") } else { text(call, "to") };
    calls.iter().map(|call| (other(call), text(call, "state"))).collect()
}

fn toast(world: &World, station: usize) -> Option<&'static str> {
    world.view(station).toast.map(|toast| toast.text.id)
}

/// 201 calls 200, which is calling 202 that has not answered.
fn called_while_calling() -> World {
    let mut world = three();
    world.act(0, Action::CallNumber("202".into()));
    world.run(1_000);
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    world
}

#[test]
fn who_answers_us_while_we_have_answered_somebody_else_is_held_until_we_come_back() {
    let mut world = called_while_calling();
    let (ringing, called) = (world.ringing(0), world.front(0));
    world.act(0, Action::Answer(ringing, Answer::HoldOther));
    world.run(1_000);
    world.answer(2);
    world.run(1_000);
    let held = |state: &str| ("202".to_owned(), state.to_owned());
    assert_eq!(states(&mut world, 0), [held("held"), ("201".to_owned(), "active".to_owned())]);
    assert_eq!(world.stations[2].last("phone:hold")["by"], "remote", "they hear that they wait");
    assert_eq!(world.front(0), ringing, "who is talked to stays in front");
    world.act(0, Action::Swap(called));
    world.run(1_000);
    assert_eq!(states(&mut world, 0), [held("active"), ("201".to_owned(), "held".to_owned())]);
}

#[test]
fn who_is_answered_while_another_is_being_resumed_is_the_only_one_heard() {
    let mut world = three();
    world.act(1, Action::CallNumber("200".into()));
    world.run(1_000);
    world.answer(0);
    world.run(1_000);
    let first = world.front(0);
    world.act(0, Action::Hold(first, true));
    world.run(1_000);
    world.act(2, Action::CallNumber("200".into()));
    world.run(1_000);
    let second = world.ringing(0);
    world.stations[1].microphone = Microphone::Slow(300);
    world.act(0, Action::Hold(first, false));
    world.act(0, Action::Answer(second, Answer::HoldOther));
    world.run(5_000);
    let of = |number: &str, state: &str| (number.to_owned(), state.to_owned());
    assert_eq!(states(&mut world, 0), [of("201", "held"), of("202", "active")]);
}

#[test]
fn who_answers_us_while_the_browser_still_answers_somebody_else_is_held() {
    let mut world = called_while_calling();
    let ringing = world.ringing(0);
    world.stations[0].microphone = Microphone::Slow(400);
    world.act(0, Action::Answer(ringing, Answer::HoldOther));
    world.run(100);
    world.answer(2);
    world.run(5_000);
    let calls = states(&mut world, 0);
    assert_eq!(calls, [("202".to_owned(), "held".to_owned()), ("201".to_owned(), "active".to_owned())]);
}

#[test]
fn resuming_who_is_being_held_for_another_call_leaves_that_one_ringing() {
    let mut script = knocked();
    script.host(r#"{"type":"answer","id":"a"}"#);
    script.host(r#"{"type":"unhold","id":"u","data":{"callId":"given"}}"#);
    let hold = script.request("INVITE");
    script.respond(&hold, "200 OK", "f", "", &description(9, "recvonly"));
    script.request("ACK");
    let back = script.request("INVITE");
    script.respond(&back, "200 OK", "f", "", &description(9, "sendrecv"));
    let response = |id: &str| script.heard.iter().find(|message| message["id"] == id).expect("a response");
    assert_eq!(
        (&response("a")["error"]["code"], &response("u")["ok"]),
        (&json!("wrong_state"), &json!(true))
    );
    assert_eq!((script.count("phone:accepted"), script.count("phone:unhold")), (1, 1));
    assert_eq!(script.sounds.last(), Some(&Sound::CallWaiting));
}

#[test]
fn who_holds_us_from_the_first_word_on_is_told() {
    for called in [true, false] {
        let mut script = Script::new();
        let offer = description(7, "sendonly");
        if called {
            script.answered(&offer);
        } else {
            script.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
            let invite = script.request("INVITE");
            script.respond(&invite, "200 OK", "a", "", &offer);
        }
        let kinds: Vec<&str> = script.heard.iter().filter_map(|message| message["type"].as_str()).collect();
        assert_eq!(kinds[kinds.len() - 2..], ["phone:accepted", "phone:hold"], "{called}");
        assert_eq!(script.last("phone:hold")["by"], "remote");
    }
}

#[test]
fn keys_that_do_not_arrive_are_said_to_who_typed_them() {
    let mut script = Script::new();
    script.answered(&description(7, "sendrecv").replace("telephone-event", "opus"));
    script.input(Input::Action(Action::CallKeypad(true)));
    script.input(Input::Action(Action::Key('5')));
    let info = script.request("INFO");
    script.respond(&info, "415 Unsupported Media Type", "f", "", "");
    let toast = script.phone.view(script.now).toast.expect("a toast");
    assert_eq!((toast.text.id, toast.error), ("call.keys.no", true));
}

#[test]
fn call_that_comes_while_the_person_signs_out_is_refused_and_rings_nobody() {
    let mut script = Script::new();
    script.host(r#"{"type":"logout"}"#);
    script.invite(1, "", &description(7, "sendrecv"));
    assert_eq!(script.response("INVITE").status().unwrap().0, 480);
    script.pass(10_000);
    assert_eq!((script.count("phone:ringing"), script.count("unlogged")), (0, 1));
    assert!(script.sounds.last().is_none_or(|sound| *sound == Sound::Silence), "{:?}", script.sounds);
}

#[test]
fn caller_who_takes_the_name_that_the_page_gave_its_own_call_does_not_get_its_commands() {
    let mut script = Script::new();
    script.host(r#"{"type":"click2call","data":{"number":"+34922","ref":"given"}}"#);
    let invite = script.request("INVITE");
    script.respond(&invite, "180 Ringing", "a", "", "");
    script.invite(1, "", &description(7, "sendrecv"));
    assert_eq!(script.last("phone:ringing")["id"], "given-2");
    script.host(r#"{"type":"hangup","data":{"callId":"given"}}"#);
    assert_eq!(script.last("phone:terminated")["direction"], "outbound");
}

#[test]
fn zero_held_down_in_a_call_is_a_zero_and_what_is_no_key_is_nothing() {
    let mut script = Script::new();
    script.answered(&description(7, "sendrecv"));
    script.input(Input::Action(Action::CallKeypad(true)));
    for key in ['+', 'x', '#'] {
        script.input(Input::Action(Action::Key(key)));
    }
    let sent: Vec<&MediaRequest> = script.media.iter().map(|(_, what)| what).rev().take(2).collect();
    assert_eq!(
        sent,
        [&MediaRequest::Dtmf("#".into()), &MediaRequest::Dtmf("0".into())],
        "a browser takes no other"
    );
}

#[test]
fn second_call_that_fails_says_why_beside_the_first() {
    let mut world = three();
    world.act(0, Action::CallNumber("202".into()));
    world.run(500);
    world.answer(2);
    world.run(500);
    world.act(0, Action::CallNumber("201".into()));
    world.run(500);
    world.host(1, r#"{"type":"reject","data":{"code":486}}"#);
    world.run(500);
    assert_eq!(toast(&world, 0), Some("ended.of"), "which of them");
}

#[test]
fn end_and_answer_ends_a_call_that_is_only_being_made() {
    let mut world = called_while_calling();
    let ringing = world.ringing(0);
    world.act(0, Action::Answer(ringing, Answer::EndOther));
    world.run(1_000);
    assert_eq!(states(&mut world, 0), [("201".to_owned(), "active".to_owned())]);
    assert_eq!(world.stations[2].last("phone:terminated")["cause"]["reason"], "cancelled");
}

#[test]
fn number_called_while_another_call_is_made_stays_in_the_field_and_it_is_said() {
    let mut world = three();
    world.act(0, Action::CallNumber("202".into()));
    world.run(1_000);
    world.act(0, Action::Browse(true));
    world.act(0, Action::DialField("201".into()));
    world.act(0, Action::Call);
    assert_eq!(toast(&world, 0), Some("dial.busy"));
    match world.view(0).screen {
        Screen::Keypad(keypad) => assert_eq!(keypad.field, "201"),
        other => panic!("{other:?}"),
    }
    assert_eq!(states(&mut world, 0).len(), 1);
}

#[test]
fn swap_that_cannot_be_for_want_of_a_connection_says_so() {
    let mut world = three();
    world.act(0, Action::CallNumber("202".into()));
    world.run(500);
    world.answer(2);
    world.run(500);
    let first = world.front(0);
    world.act(0, Action::CallNumber("201".into()));
    world.run(500);
    world.answer(1);
    world.run(500);
    world.stations[0].network = false;
    world.cut(0);
    world.act(0, Action::Swap(first));
    assert_eq!(toast(&world, 0), Some("dial.offline"));
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 0);
}

/// A second INVITE while the first call is talked to.
fn knocked() -> Script {
    let mut script = Script::new();
    script.answered(&description(7, "sendrecv"));
    let body = description(8, "sendrecv");
    script.frame(format!(
        "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKsecond\r\nMax-Forwards: 70\r\n\
         From: <sip:+34922@a.test>;tag=s\r\nTo: <sip:200@a.test>\r\nCall-ID: second\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:bert@p.test>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(script.sounds.last(), Some(&Sound::CallWaiting));
    script
}

#[test]
fn waiting_tone_ends_with_the_press_and_not_with_the_hold_and_comes_back_where_that_is_refused() {
    for (status, sound) in [("200 OK", Sound::Silence), ("488 Not Acceptable Here", Sound::CallWaiting)] {
        let mut script = knocked();
        script.host(r#"{"type":"answer"}"#);
        assert_eq!(
            script.sounds.last(),
            Some(&Sound::Silence),
            "before the other side has agreed to be held"
        );
        let hold = script.request("INVITE");
        let body = if status == "200 OK" { description(9, "recvonly") } else { String::new() };
        script.respond(&hold, status, "f", "", &body);
        assert_eq!(script.sounds.last(), Some(&sound), "{status}");
    }
}

#[test]
fn calls_missed_while_the_page_was_hidden_are_said_once_on_return() {
    let mut world = World::pair();
    let said = |world: &World| world.stations[0].announced.iter().filter(|id| **id == "say.missed").count();
    let miss = |world: &mut World| {
        world.act(1, Action::CallNumber("200".into()));
        world.run(1_000);
        let call = world.front(1);
        world.act(1, Action::End(call));
        world.run(11_000);
    };
    miss(&mut world);
    world.input(0, Input::Visible(true));
    assert_eq!(said(&world), 0, "nobody was away");
    world.input(0, Input::Visible(false));
    miss(&mut world);
    miss(&mut world);
    assert_eq!(said(&world), 0, "nobody is there to hear it");
    world.input(0, Input::Visible(true));
    world.input(0, Input::Visible(true));
    assert_eq!(said(&world), 1);
    world.input(0, Input::Visible(false));
    world.input(0, Input::Visible(true));
    assert_eq!(said(&world), 1, "no news");
}

/// The network has been away for a minute and is back, which nobody has noticed; then the browser says this.
fn registers_at_once_on(news: Input) {
    let mut world = World::pair();
    world.stations[0].network = false;
    world.cut(0);
    world.input(0, Input::Visible(false));
    world.run(60_000);
    world.stations[0].network = true;
    assert_eq!(world.stations[0].last("connection:change")["state"], "reconnecting");
    world.input(0, news);
    world.run(600);
    assert_eq!(world.stations[0].last("connection:change")["state"], "registered");
}

#[test]
fn phone_that_waits_for_its_next_try_connects_at_once_when_the_page_is_seen_again() {
    registers_at_once_on(Input::Visible(true));
}

#[test]
fn phone_that_waits_for_its_next_try_connects_at_once_when_the_browser_is_online_again() {
    registers_at_once_on(Input::Online(true));
}
