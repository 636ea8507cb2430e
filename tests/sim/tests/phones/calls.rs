//! Two phones call each other through the exchange: ladders of events on both sides.

use serde_json::{Value, json};
use softframe_phone::{Action, Answer, Input, MediaError, MediaEvent, MediaRequest, PeerState, Sound, view};
use softframe_sim::{Microphone, World};

const KEYS: [&str; 11] =
    ["context", "id", "date", "from", "to", "direction", "status", "duration", "wait", "total", "team"];

fn call(world: &mut World) {
    world.host(0, r#"{"type":"click2call","id":"c","data":{"number":"201","ref":"r1"}}"#);
    world.run(0);
}

/// A call from 200 to 201 that was answered.
pub(crate) fn talk(world: &mut World) {
    call(world);
    world.run(3_000);
    world.answer(1);
    world.run(500);
}

fn figures(data: &Value) -> (u64, u64, u64) {
    let of = |key: &str| data[key].as_u64().unwrap_or_else(|| panic!("{key} in {data}"));
    (of("wait"), of("duration"), of("total"))
}

/// Every event has every documented key with its type.
fn check_keys(world: &World) {
    for station in &world.stations {
        for message in &station.heard {
            let Some(kind) = message["type"].as_str().filter(|kind| kind.starts_with("phone:")) else {
                continue;
            };
            for key in KEYS {
                let value = &message["data"][key];
                let good = match key {
                    "context" => value.is_object(),
                    "duration" | "wait" | "total" => value.is_u64(),
                    _ => value.is_string(),
                };
                assert!(good, "{kind}: {key} = {value}");
            }
        }
    }
}

#[test]
fn a_call_from_ring_to_hang_up_tells_both_sides_the_same_story() {
    let mut world = World::pair();
    call(&mut world);
    let calling = world.stations[0].last("phone:calling").clone();
    assert_eq!(world.stations[0].response("c")["data"]["callId"], calling["id"]);
    assert_eq!(
        (&calling["from"], &calling["to"], &calling["ref"]),
        (&"200".into(), &"201".into(), &"r1".into())
    );
    assert_eq!((calling["status"].as_str(), calling["team"].as_str()), (Some("ringing"), Some("Dev_Team")));
    assert_eq!(world.stations[1].sounds, [Sound::Ring]);
    world.run(8_400);
    world.answer(1);
    world.run(22_900);
    world.host(0, r#"{"type":"hangup","id":"h","data":{"callId":"r1"}}"#);
    world.run(1_000);

    assert_eq!(
        world.stations[0].ladder(),
        ["phone:calling", "phone:progress", "phone:accepted", "phone:terminated"]
    );
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:accepted", "phone:terminated"]);
    for (station, direction, ended_by) in [(0, "outbound", "local"), (1, "inbound", "remote")] {
        let accepted = world.stations[station].last("phone:accepted");
        assert_eq!((figures(accepted), accepted["status"].as_str()), ((8, 0, 0), Some("answered")));
        let terminated = world.stations[station].last("phone:terminated");
        assert_eq!(figures(terminated), (8, 22, 30));
        assert_eq!(terminated["direction"], direction);
        assert_eq!(terminated["cause"]["reason"], "hangup");
        assert_eq!(terminated["cause"]["endedBy"], ended_by);
        assert!(world.stations[station].peers.is_empty(), "the peer was closed");
        assert!(world.stations[station].journal.is_empty(), "the journal is settled");
        let ids =
            world.stations[station].heard.iter().filter(|message| message["data"]["direction"] == direction);
        let ids: std::collections::BTreeSet<String> =
            ids.map(|message| message["data"]["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "one id over the whole call");
    }
    // The id of the outbound side travels as X-Call-ID.
    assert_eq!(
        world.stations[0].last("phone:terminated")["id"],
        world.stations[1].last("phone:terminated")["id"]
    );
    check_keys(&world);
}

#[test]
fn descriptions_travel_octet_for_octet() {
    let mut world = World::pair();
    talk(&mut world);
    let offer = world.stations[0].sent.iter().find(|frame| frame.starts_with("INVITE")).unwrap();
    let body = offer.split_once("\r\n\r\n").unwrap().1;
    assert!(
        world.stations[1]
            .media
            .iter()
            .any(|request| matches!(request, MediaRequest::Answer { offer, .. } if offer == body))
    );
}

#[test]
fn a_declined_call_is_missed_on_both_sides() {
    let mut world = World::pair();
    call(&mut world);
    world.run(2_500);
    let ringing = world.ringing(1);
    world.act(1, Action::Decline(ringing));
    world.run(1_000);
    let caller = world.stations[0].last("phone:terminated");
    assert_eq!((figures(caller), caller["status"].as_str()), ((2, 0, 2), Some("missed")));
    assert_eq!(caller["cause"]["reason"], "busy");
    assert_eq!(world.stations[1].last("phone:terminated")["cause"]["reason"], "rejected");
    assert_eq!(world.stations[1].sounds.last(), Some(&Sound::Silence));
    assert_eq!(world.stations[0].sounds.last(), Some(&Sound::Busy));
}

#[test]
fn a_cancelled_call_is_missed_once() {
    let mut world = World::pair();
    call(&mut world);
    world.run(4_000);
    let front = world.front(0);
    world.act(0, Action::End(front));
    world.run(40_000);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:terminated"]);
    let missed = world.stations[1].last("phone:terminated");
    assert_eq!(
        (missed["status"].as_str(), missed["cause"]["reason"].as_str()),
        (Some("missed"), Some("cancelled"))
    );
    assert_eq!(figures(missed), (4, 0, 4));
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 1);
    assert_eq!(world.view(1).header.missed, 1);
    world.act(1, Action::Tab(view::Tab::Recents));
    world.run(2_000);
    assert_eq!(world.view(1).header.missed, 0, "seen after two seconds");
    assert!(
        world.stations[1]
            .store
            .keys()
            .any(|(space, key)| space == "201@softframe.test" && key.starts_with("history/"))
    );
}

#[test]
fn hold_is_told_after_the_other_side_agreed_and_to_both() {
    let mut world = World::pair();
    talk(&mut world);
    world.host(0, r#"{"type":"hold","id":"h"}"#);
    world.run(100);
    assert_eq!(world.stations[0].response("h")["ok"], true);
    assert_eq!(world.stations[0].last("phone:hold")["by"], "local");
    assert_eq!(world.stations[1].last("phone:hold")["by"], "remote");
    world.host(0, r#"{"type":"unhold","id":"u"}"#);
    world.run(100);
    assert_eq!(world.stations[0].response("u")["ok"], true);
    assert_eq!(world.stations[0].last("phone:unhold")["by"], "local");
    assert_eq!(world.stations[1].last("phone:unhold")["by"], "remote");
}

#[test]
fn both_sides_may_hold_at_the_same_moment() {
    let mut world = World::pair();
    talk(&mut world);
    world.host(0, r#"{"type":"hold","id":"h"}"#);
    world.host(1, r#"{"type":"hold","id":"h"}"#);
    world.run(10_000);
    for station in [0, 1] {
        assert_eq!(world.stations[station].response("h")["ok"], true, "{station}");
        let by: Vec<&Value> =
            world.stations[station].kinds("phone:hold").iter().map(|data| &data["by"]).collect();
        assert_eq!(by.len(), 2, "{by:?}");
    }
}

#[test]
fn key_tones_go_by_rtp_or_by_info_as_asked() {
    let mut world = World::pair();
    talk(&mut world);
    world.host(0, r##"{"type":"dtmf","id":"a","data":{"digits":"12#"}}"##);
    world.host(0, r#"{"type":"dtmf","id":"b","data":{"digits":"5","method":"info"}}"#);
    world.run(1_000);
    assert!(world.stations[0].media.contains(&MediaRequest::Dtmf("12#".into())));
    assert_eq!(world.stations[0].response("b")["ok"], true);
    let info = world.stations[0].sent.iter().find(|frame| frame.starts_with("INFO")).unwrap();
    assert!(info.ends_with("Signal=5\r\nDuration=160\r\n"), "{info}");
}

#[test]
fn mute_is_told_and_asked_of_the_browser() {
    let mut world = World::pair();
    talk(&mut world);
    world.host(0, r#"{"type":"mute"}"#);
    assert_eq!(world.stations[0].last("phone:muted")["muted"], true);
    assert!(world.stations[0].media.contains(&MediaRequest::Mute(true)));
    assert!(world.stations[1].kinds("phone:muted").is_empty());
}

#[test]
fn a_denied_microphone_sends_no_invite_and_says_so() {
    let mut world = World::pair();
    world.stations[0].microphone = Microphone::Fails(MediaError::Denied);
    call(&mut world);
    let station = &world.stations[0];
    assert_eq!(station.response("c")["error"]["code"], "media_denied");
    assert_eq!(station.last("media:error")["code"], "media_denied");
    assert!(station.ladder().is_empty());
    assert!(!station.sent.iter().any(|frame| frame.starts_with("INVITE")));
    assert!(station.peers.is_empty());
    match world.view(0).sheet {
        Some(view::Sheet::Microphone { title, again, .. }) => {
            assert_eq!((title.id, again), ("mic.denied", true))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn offer_of_a_call_that_rings_is_read_before_it_is_answered_and_its_peer_is_closed_if_it_never_is() {
    for is_answered in [true, false] {
        let mut world = World::pair();
        call(&mut world);
        world.run(1_000);
        world.ringing(1);
        let [MediaRequest::Prepare { offer }] = world.stations[1].media.as_slice() else {
            panic!("{:?}", world.stations[1].media)
        };
        let answer = MediaRequest::Answer { offer: offer.clone(), send: true };
        if is_answered {
            world.answer(1);
            world.run(1_000);
            assert_eq!(world.stations[1].media[1], answer);
        } else {
            let caller = world.front(0);
            world.act(0, Action::End(caller));
            world.run(1_000);
            assert_eq!(world.stations[1].media[1..], [MediaRequest::Close]);
            assert!(world.stations[1].peers.is_empty());
        }
    }
}

#[test]
fn a_denied_microphone_lets_an_incoming_call_ring_on_and_declines_with_480() {
    let mut world = World::pair();
    world.stations[1].microphone = Microphone::Fails(MediaError::NoDevice);
    call(&mut world);
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    let ringing = world.ringing(1);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing"]);
    let declined = |world: &World| match world.view(1).sheet {
        Some(view::Sheet::Microphone { decline, .. }) => decline,
        other => panic!("{other:?}"),
    };
    assert_eq!(declined(&world), Some(ringing), "it can be declined where the trouble is");
    world.act(1, Action::Decline(ringing));
    assert_eq!(declined(&world), None, "what is to be done stays, without the call");
    world.run(1_000);
    assert_eq!(world.stations[0].last("phone:terminated")["cause"]["code"], 480);
    assert!(world.stations[1].peers.is_empty());
}

#[test]
fn an_open_microphone_prompt_asks_the_page_to_show_the_phone() {
    let mut world = World::pair();
    world.stations[0].microphone = Microphone::Silent;
    call(&mut world);
    world.run(1_500);
    assert_eq!(world.stations[0].last("widget:attention")["reason"], "microphone");
    world.run(60_000);
    assert_eq!(world.stations[0].response("c")["error"]["code"], "internal");
    assert!(world.stations[0].peers.is_empty());
}

#[test]
fn a_second_incoming_call_holds_the_first_when_answered() {
    let mut world = World::pair();
    let third = world.station();
    world.trust(third);
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    talk(&mut world);
    world.host(third, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    assert_eq!(world.stations[1].sounds.last(), Some(&Sound::CallWaiting));
    let ringing = world.ringing(1);
    world.act(1, Action::Answer(ringing, Answer::HoldOther));
    world.run(1_000);
    assert_eq!(world.stations[1].last("phone:hold")["by"], "local");
    assert_eq!(world.stations[1].kinds("phone:accepted").len(), 2);
    match world.view(1).screen {
        view::Screen::Call(screen) => assert_eq!((screen.call, screen.others.len()), (ringing, 1)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_click2call_in_a_call_holds_it_first() {
    let mut world = World::pair();
    let third = world.station();
    world.trust(third);
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    talk(&mut world);
    world.host(0, r#"{"type":"click2call","id":"d","data":{"number":"202"}}"#);
    world.run(1_000);
    let kinds = world.stations[0].ladder();
    let hold = kinds.iter().position(|kind| *kind == "phone:hold");
    let calling = kinds.iter().rposition(|kind| *kind == "phone:calling");
    assert!(hold.is_some() && hold < calling, "{kinds:?}");
    assert_eq!(world.stations[0].response("d")["ok"], true);
}

#[test]
fn unknown_numbers_are_not_found() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","data":{"number":"999"}}"#);
    world.run(1_000);
    let terminated = world.stations[0].last("phone:terminated");
    assert_eq!(terminated["cause"]["reason"], "not-found");
    match world.view(0).screen {
        view::Screen::Ended(ended) => {
            assert_eq!((ended.pill.0.id, ended.sip.as_str()), ("ended.not-found", "SIP 404 Not Found"))
        }
        other => panic!("{other:?}"),
    }
    world.run(10_000);
    assert!(matches!(world.view(0).screen, view::Screen::Keypad(_)));
}

#[test]
fn broken_media_is_renewed_by_an_ice_restart() {
    let mut world = World::pair();
    talk(&mut world);
    let call = world.front(0);
    let peer = world.stations[0].peers.iter().next().unwrap().1;
    let failed = Input::Media { call, peer, request: None, event: MediaEvent::State(PeerState::Failed) };
    world.input(0, failed);
    world.run(1_000);
    assert!(world.stations[0].media.contains(&MediaRequest::Offer { send: true, restart: true }));
    let ladder = world.stations[0].ladder();
    assert_eq!(ladder[ladder.len() - 2..], ["phone:reconnecting", "phone:reconnected"]);
}

#[test]
fn peer_whose_handshake_failed_is_replaced_and_not_restarted() {
    let mut world = World::pair();
    talk(&mut world);
    let call = world.front(0);
    let old = world.stations[0].peers.iter().next().unwrap().1;
    let asked = world.stations[0].media.len();
    let dead = Input::Media { call, peer: old, request: None, event: MediaEvent::State(PeerState::Dead) };
    world.input(0, dead);
    world.run(1_000);
    let asked = world.stations[0].media[asked..].to_vec();
    assert_eq!(asked[..2], [MediaRequest::Close, MediaRequest::Offer { send: true, restart: false }]);
    assert!(!world.stations[0].peers.contains(&(call, old)));
    let ladder = world.stations[0].ladder();
    assert_eq!(ladder[ladder.len() - 2..], ["phone:reconnecting", "phone:reconnected"]);
}

#[test]
fn leaving_the_page_ends_the_call_for_the_other_side() {
    let mut world = World::pair();
    talk(&mut world);
    world.input(0, Input::Leave);
    world.run(1_000);
    assert_eq!(world.stations[1].last("phone:terminated")["cause"]["endedBy"], "remote");
    assert_eq!(world.stations[0].kinds("phone:terminated").len(), 1);
    assert_eq!(world.bindings("200"), 0);
}

#[test]
fn page_that_goes_while_it_rings_has_missed_the_call_and_the_caller_hears_that_nobody_is_there() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.input(1, Input::Leave);
    world.run(1_000);
    let cause = |station: usize| {
        let terminated = world.stations[station].last("phone:terminated");
        (terminated["cause"]["reason"].clone(), terminated["cause"]["code"].clone())
    };
    assert_eq!(cause(0), (json!("unavailable"), json!(480)));
    assert_eq!(cause(1), (json!("no-answer"), json!(480)));
    let is_missed = |value: &[u8]| String::from_utf8_lossy(value).contains("no-answer");
    let kept = world.stations[1].store.iter().filter(|((_, key), _)| key.starts_with("history/"));
    assert_eq!(kept.map(|(_, value)| is_missed(value)).collect::<Vec<_>>(), [true]);
}

#[test]
fn the_journal_holds_what_a_crash_would_leave() {
    let mut world = World::pair();
    talk(&mut world);
    let entry = world.stations[0].journal.values().next().unwrap().clone();
    let message: Value = serde_json::from_str(&entry.terminated).unwrap();
    assert_eq!(
        (message["type"].as_str(), message["data"]["status"].as_str()),
        (Some("phone:terminated"), Some("answered"))
    );
    assert!(message.get("seq").is_none());
    assert!(entry.accepted_at.is_some());
    let (_, farewell) = entry.farewell.clone().unwrap();
    assert!(farewell.starts_with(b"BYE "));
    // A fresh core on the next load plays it.
    let next = world.station();
    world.boot(next, &world.kiosk("203", "secret-203", ""));
    world.input(next, Input::Journal(vec![entry]));
    assert!(world.stations[next].kinds("phone:terminated").is_empty(), "not before the page is trusted");
    world.trust(next);
    let terminated = world.stations[next].last("phone:terminated");
    assert_eq!(
        terminated["total"].as_u64(),
        Some(terminated["wait"].as_u64().unwrap() + terminated["duration"].as_u64().unwrap())
    );
}

#[test]
fn times_on_screen_change_every_second() {
    let mut world = World::pair();
    talk(&mut world);
    let pill = |world: &World| match world.view(0).screen {
        view::Screen::Call(screen) => screen.pill.0,
        other => panic!("{other:?}"),
    };
    assert_eq!(pill(&world), view::Text::plain("00:00"));
    let next = world.stations[0].phone.poll_timeout().unwrap();
    assert!(next <= world.now.after(1_000));
    world.run(61_000);
    assert_eq!(pill(&world), view::Text::plain("01:01"));
}

#[test]
fn a_call_answered_on_another_device_is_no_missed_call() {
    let mut world = World::pair();
    let twin = world.station();
    world.trust(twin);
    world.boot(twin, &world.kiosk("201", "secret-201", ""));
    world.run(1_000);
    call(&mut world);
    world.run(1_000);
    world.answer(twin);
    world.run(1_000);
    let terminated = world.stations[1].last("phone:terminated");
    assert_eq!(terminated["cause"]["reason"], "answered-elsewhere");
    assert_eq!(world.view(1).header.missed, 0);
    assert_eq!(world.stations[twin].ladder(), ["phone:ringing", "phone:accepted"]);
    assert_eq!(world.stations[0].kinds("phone:accepted").len(), 1);
}

#[test]
fn keys_of_the_open_key_pad_are_tones() {
    let mut world = World::pair();
    talk(&mut world);
    world.act(0, Action::CallKeypad(true));
    for key in ['4', '2'] {
        world.act(0, Action::Key(key));
    }
    match world.view(0).screen {
        view::Screen::Call(screen) => assert_eq!(screen.keypad.as_deref(), Some("42")),
        other => panic!("{other:?}"),
    }
    assert!(world.stations[0].media.contains(&MediaRequest::Dtmf("2".into())));
}

#[test]
fn a_blocked_ring_is_told_and_shown() {
    let mut world = World::pair();
    call(&mut world);
    world.input(1, Input::SoundBlocked);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:audio-blocked"]);
    assert_eq!(world.stations[1].last("widget:attention")["reason"], "sound");
    match world.view(1).screen {
        view::Screen::Incoming(incoming) => assert!(incoming.silent),
        other => panic!("{other:?}"),
    }
    world.act(1, Action::SoundOn);
    assert_eq!(world.stations[1].sounds, [Sound::Ring, Sound::Ring], "played again");
}

#[test]
fn the_fourth_ringing_call_hears_busy() {
    let mut world = World::pair();
    for user in ["202", "203", "200"] {
        let station = world.station();
        world.trust(station);
        world.boot(station, &world.kiosk(user, &format!("secret-{user}"), ""));
    }
    world.run(1_000);
    for station in [0, 2, 3, 4] {
        world.host(station, r#"{"type":"click2call","data":{"number":"201"}}"#);
        world.run(100);
    }
    assert_eq!(world.stations[1].kinds("phone:ringing").len(), 3);
    assert_eq!(world.stations[4].last("phone:terminated")["cause"]["reason"], "busy");
}

#[test]
fn the_farewell_of_the_journal_follows_the_dialog() {
    let mut world = World::pair();
    talk(&mut world);
    for _ in 0..3 {
        world.host(0, r#"{"type":"dtmf","data":{"digits":"5","method":"info"}}"#);
        world.run(100);
    }
    let sequence = |frame: &str| -> u32 {
        let line = frame.lines().find(|line| line.starts_with("CSeq:")).expect("CSeq");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    };
    let last =
        world.stations[0].sent.iter().rfind(|frame| frame.starts_with("INFO")).map(|frame| sequence(frame));
    let entry = world.stations[0].journal.values().next().unwrap();
    let (_, farewell) = entry.farewell.clone().unwrap();
    assert!(Some(sequence(&String::from_utf8(farewell).unwrap())) > last);
}

#[test]
fn a_hold_wished_while_the_browser_is_busy_comes_when_it_is_free() {
    let mut world = World::pair();
    world.stations[0].microphone = Microphone::Slow(400);
    call(&mut world);
    world.run(1_000);
    world.answer(1);
    world.host(0, r#"{"type":"hold","id":"h"}"#);
    assert!(world.stations[0].kinds("phone:hold").is_empty());
    world.run(2_000);
    assert_eq!(world.stations[0].response("h")["ok"], true);
    assert_eq!(world.stations[0].last("phone:hold")["by"], "local");
}

#[test]
fn a_hold_that_is_overtaken_is_answered_too() {
    let mut world = World::pair();
    talk(&mut world);
    world.stations[0].microphone = Microphone::Slow(400);
    world.host(0, r#"{"type":"hold","id":"h"}"#);
    world.host(0, r#"{"type":"unhold","id":"u"}"#);
    world.run(5_000);
    world.stations[0].response("h");
    assert_eq!(world.stations[0].response("u")["ok"], true);
    match world.view(0).screen {
        view::Screen::Call(screen) => assert!(!screen.tiles[3].pressed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_blocked_microphone_is_said_before_somebody_answers() {
    let mut world = World::pair();
    call(&mut world);
    world.input(1, Input::MicrophoneBlocked(true));
    match world.view(1).screen {
        view::Screen::Incoming(incoming) => assert_eq!(incoming.note, Some(view::Text::of("mic.denied"))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn eleven_hundred_calls_leave_no_peer_no_journal_and_nothing_that_waits() {
    let mut world = World::pair();
    let mut kept = None;
    for number in 0..1_100 {
        let (caller, callee) = (number % 2, 1 - number % 2);
        let to = ["200", "201"][callee];
        world.host(caller, &format!(r#"{{"type":"click2call","data":{{"number":"{to}"}}}}"#));
        world.run(1_000);
        match number % 4 {
            0 => world.host(caller, r#"{"type":"hangup"}"#),
            1 => world.host(callee, r#"{"type":"reject"}"#),
            kind => {
                world.answer(callee);
                world.run(1_000);
                if kind == 3 {
                    world.host(callee, r#"{"type":"dtmf","data":{"digits":"12","method":"info"}}"#);
                    world.host(caller, r#"{"type":"hold"}"#);
                    world.run(1_000);
                }
                world.host(callee, r#"{"type":"hangup"}"#);
            }
        }
        // A host may dial sixty times an hour.
        world.run(61_000);
        for station in &mut world.stations {
            let ends = station.kinds("phone:terminated").len();
            assert_eq!((ends, station.peers.len(), station.journal.len()), (1, 0, 0), "call {number}");
            station.heard.clear();
            (station.sent, station.media) = (Vec::new(), Vec::new());
        }
        // The history is full by then.
        if number >= 1_010 {
            let sizes: Vec<usize> =
                world.stations.iter().map(|station| station.store.values().map(Vec::len).sum()).collect();
            let small = kept.get_or_insert_with(|| sizes.clone());
            assert!(sizes.iter().zip(small).all(|(now, then)| now.abs_diff(*then) < 200), "call {number}");
        }
    }
}

#[test]
fn who_is_put_on_hold_is_told_why_nothing_is_heard_unless_they_hold_the_call_themselves() {
    let mut world = World::pair();
    talk(&mut world);
    let (mine, theirs) = (world.front(0), world.front(1));
    let said = |world: &mut World| std::mem::take(&mut world.stations[1].announced);
    said(&mut world);
    for (held, words) in [(true, "call.theyheld"), (false, "say.resumed")] {
        world.act(0, Action::Hold(mine, held));
        world.run(1_000);
        assert_eq!(said(&mut world), [words]);
    }
    world.act(1, Action::Hold(theirs, true));
    world.run(1_000);
    assert_eq!(said(&mut world), ["say.held"]);
    world.act(0, Action::Hold(mine, true));
    world.run(1_000);
    assert_eq!(said(&mut world), [""; 0], "nothing was heard before");
    world.act(1, Action::Hold(theirs, false));
    world.run(1_000);
    assert_eq!(said(&mut world), ["say.resumed", "call.theyheld"], "and nothing is heard yet");
}
