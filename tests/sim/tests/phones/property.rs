//! Random programs for three phones: whatever happens, each call tells one whole story.

use proptest::prelude::*;
use serde_json::{Value, json};
use softframe_phone::{
    Action, Answer, CallId, FlowId, Input, MediaError, MediaEvent, MediaRequest, PeerId, PeerState,
    RequestId, SocketEvent,
};
use softframe_sim::{Microphone, World};
use std::collections::BTreeMap;

/// One thing that happens to one of the phones.
#[derive(Clone, Debug)]
enum Step {
    Host(&'static str),
    Text(String),
    Answer,
    AnswerAndEnd,
    Decline,
    End,
    Hold(bool),
    Key(char),
    CallNumber(&'static str),
    Cut,
    Freeze(bool),
    Network(bool),
    Microphone(u8),
    Peer(u8),
    StrayMedia(u64, u64, u64),
    StrayFrame(u64, Vec<u8>),
    Wall(u64),
    Run(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::sample::select(vec![
            r#"{"type":"click2call","id":"x","data":{"number":"200"}}"#,
            r#"{"type":"click2call","data":{"number":"201"}}"#,
            r#"{"type":"click2call","id":"x","data":{"number":"999"}}"#,
            r#"{"type":"click2call","id":"x","data":{"number":"*21#"}}"#,
            r#"{"type":"answer","id":"x"}"#,
            r#"{"type":"reject","id":"x","data":{"code":603}}"#,
            r#"{"type":"hangup","id":"x"}"#,
            r#"{"type":"hold","id":"x"}"#,
            r#"{"type":"unhold","id":"x"}"#,
            r#"{"type":"mute"}"#,
            r#"{"type":"dtmf","id":"x","data":{"digits":"1","method":"info"}}"#,
            r#"{"type":"transfer","id":"x","data":{"to":"202"}}"#,
            r#"{"type":"transfer:start","id":"x","data":{"to":"202"}}"#,
            r#"{"type":"transfer:start","id":"x","data":{"to":"200"}}"#,
            r#"{"type":"transfer:complete","id":"x"}"#,
            r#"{"type":"transfer:cancel","id":"x"}"#,
            r#"{"type":"merge","id":"x"}"#,
            r#"{"type":"hints:subscribe","id":"x","data":{"numbers":["200","201","202"]}}"#,
            r#"{"type":"hints:unsubscribe","id":"x"}"#,
            r#"{"type":"dnd","data":{"enabled":true}}"#,
            r#"{"type":"dnd","data":{"enabled":false}}"#,
            r#"{"type":"forward","id":"x","data":{"kind":"na","enabled":true,"destination":"202","timeout":5}}"#,
            r#"{"type":"forward","id":"x","data":{"kind":"busy","enabled":true,"destination":"202"}}"#,
            r#"{"type":"forward","id":"x","data":{"kind":"unc","enabled":true,"destination":"200"}}"#,
            r#"{"type":"forward","id":"x","data":{"kind":"unc","enabled":false}}"#,
            r#"{"type":"message","id":"x","data":{"to":"201","text":"hi"}}"#,
            r#"{"type":"setData","id":"x","data":{"variables":{"a":"b"}}}"#,
            r#"{"type":"redirect","id":"x","data":{"to":"201"}}"#,
            r#"{"type":"state","id":"x"}"#,
            r#"{"type":"contacts","data":[{"id":1,"name":"Ana","phones":["200"]}]}"#,
            r#"{"type":"logout"}"#,
        ]).prop_map(Step::Host),
        1 => "\\PC{0,40}".prop_map(Step::Text),
        3 => Just(Step::Answer),
        1 => Just(Step::AnswerAndEnd),
        1 => Just(Step::Decline),
        1 => Just(Step::End),
        2 => any::<bool>().prop_map(Step::Hold),
        1 => prop::sample::select(vec!['1', '#']).prop_map(Step::Key),
        2 => prop::sample::select(vec!["200", "201", "202", "bob"]).prop_map(Step::CallNumber),
        1 => Just(Step::Cut),
        1 => any::<bool>().prop_map(Step::Freeze),
        1 => any::<bool>().prop_map(Step::Network),
        1 => (0u8..6).prop_map(Step::Microphone),
        1 => (0u8..6).prop_map(Step::Peer),
        1 => (0u64..4, 0u64..4, 0u64..6).prop_map(|(call, peer, request)| Step::StrayMedia(call, peer, request)),
        1 => (0u64..3, prop::collection::vec(any::<u8>(), 0..60)).prop_map(|(flow, octets)| Step::StrayFrame(flow, octets)),
        1 => (0u64..10_000_000).prop_map(Step::Wall),
        6 => prop::sample::select(vec![0, 10, 700, 4_000, 40_000]).prop_map(Step::Run),
    ]
}

fn front(world: &World, station: usize) -> Option<CallId> {
    match world.view(station).screen {
        softframe_phone::view::Screen::Call(call) => Some(call.call),
        _ => None,
    }
}

fn ringing(world: &World, station: usize) -> Option<CallId> {
    use softframe_phone::view::{Screen, Sheet};
    match (world.view(station).screen, world.view(station).sheet) {
        (Screen::Incoming(incoming), _) => Some(incoming.call),
        (_, Some(Sheet::SecondIncoming(incoming))) => Some(incoming.call),
        _ => None,
    }
}

fn perform(world: &mut World, station: usize, step: Step, asked: &mut Vec<(usize, String)>) {
    match step {
        Step::Host(text) => {
            let id = format!("ask {}", asked.len());
            if text.contains(r#""id":"x""#) {
                asked.push((station, id.clone()));
            }
            world.host(station, &text.replace(r#""id":"x""#, &format!(r#""id":"{id}""#)));
        }
        Step::Text(text) => world.host(station, &text),
        Step::Answer | Step::AnswerAndEnd => {
            let how = if matches!(step, Step::Answer) { Answer::HoldOther } else { Answer::EndOther };
            if let Some(call) = ringing(world, station) {
                world.act(station, Action::Answer(call, how));
            }
        }
        Step::Decline => {
            if let Some(call) = ringing(world, station) {
                world.act(station, Action::Decline(call));
            }
        }
        Step::End | Step::Hold(_) => {
            if let Some(call) = front(world, station) {
                let action = match step {
                    Step::Hold(hold) => Action::Hold(call, hold),
                    _ => Action::End(call),
                };
                world.act(station, action);
            }
        }
        Step::Key(key) => world.act(station, Action::Key(key)),
        Step::CallNumber(number) => world.act(station, Action::CallNumber(number.to_owned())),
        Step::Cut => world.cut(station),
        Step::Freeze(frozen) => world.stations[station].frozen = frozen,
        Step::Network(network) => world.stations[station].network = network,
        Step::Microphone(kind) => {
            world.stations[station].microphone = match kind {
                0 => Microphone::Fails(MediaError::Denied),
                1 => Microphone::Fails(MediaError::Description),
                2 => Microphone::Silent,
                3 => Microphone::Slow(300),
                4 => Microphone::Slow(1_700),
                _ => Microphone::Works,
            };
        }
        Step::Peer(kind) => {
            let Some((call, peer)) = world.stations[station].peers.iter().next().copied() else { return };
            let event = match kind {
                0 => MediaEvent::State(PeerState::Failed),
                1 => MediaEvent::State(PeerState::Disconnected),
                3 => MediaEvent::State(PeerState::Dead),
                2 => MediaEvent::MicrophoneLost,
                4 => MediaEvent::KeysFailed("5".into()),
                _ => MediaEvent::State(PeerState::Connected),
            };
            world.input(station, Input::Media { call, peer, request: None, event });
        }
        Step::StrayMedia(call, peer, request) => {
            let (call, peer, request) = (CallId(call), PeerId(peer), Some(RequestId(request)));
            world.input(station, Input::Media { call, peer, request, event: MediaEvent::Applied });
        }
        Step::StrayFrame(flow, octets) => {
            let flow = FlowId((1 << 32) + flow);
            world.input(station, Input::Socket { flow, event: SocketEvent::Frame(octets) });
        }
        Step::Wall(wall) => world.input(station, Input::Wall(softframe_sim::START + wall)),
        Step::Run(millis) => world.run(millis),
    }
}

/// How many calls hear the person at once, where the page has merged some.
fn mixed(world: &World, station: usize) -> usize {
    let mix = |what: &MediaRequest| match what {
        MediaRequest::Mix(calls) => Some(calls.len()),
        _ => None,
    };
    world.stations[station].media.iter().rev().find_map(mix).unwrap_or(0).max(1)
}

/// The snapshot after one more event, as a page makes it that asks once and listens from then on.
fn fold(state: &mut Value, kind: &str, data: &Value, seq: &Value) {
    state["seq"] = seq.clone();
    if !data["context"].is_null() {
        state["context"] = data["context"].clone();
    }
    match kind {
        "connection:change" => state["connection"] = data["state"].clone(),
        "status:change" => state["dnd"] = data["dnd"].clone(),
        "forward:change" => state["forwards"] = data["forwards"].clone(),
        "voicemail:update" => state["voicemail"] = data.clone(),
        "widget:size" => state["context"]["size"] = data.clone(),
        "phone:refused" => {}
        kind if kind.starts_with("phone:") => fold_call(state["calls"].as_array_mut().unwrap(), kind, data),
        _ => {}
    }
}

fn fold_call(calls: &mut Vec<Value>, kind: &str, data: &Value) {
    if kind == "phone:terminated" {
        return calls.retain(|call| call["id"] != data["id"]);
    }
    let at = calls.iter().position(|call| call["id"] == data["id"]).unwrap_or_else(|| {
        calls.push(json!({ "muted": false, "state": "calling" }));
        calls.len() - 1
    });
    let call = &mut calls[at];
    for key in ["id", "ref", "direction", "from", "to", "date", "wait"] {
        call[key] = data[key].clone();
    }
    match (kind, data["by"] == "local") {
        ("phone:calling", _) => call["state"] = json!("calling"),
        ("phone:ringing", _) => call["state"] = json!("ringing"),
        ("phone:progress", _) => call["state"] = json!("progress"),
        ("phone:accepted", _) | ("phone:unhold", true) => call["state"] = json!("active"),
        ("phone:hold", true) => call["state"] = json!("held"),
        ("phone:muted", _) => call["muted"] = data["muted"].clone(),
        _ => {}
    }
}

/// Each snapshot is the one before it and the events between the two.
fn check_folds(heard: &[Value]) {
    let mut folded: Option<Value> = None;
    for message in heard {
        let kind = message["type"].as_str().unwrap();
        let is_snapshot = kind == "softframe:response" && message["data"]["seq"].is_u64();
        match &mut folded {
            Some(folded) if is_snapshot => assert_eq!(*folded, message["data"], "before {message}"),
            None if is_snapshot => folded = Some(message["data"].clone()),
            // Who signs in next begins anew.
            Some(_) if matches!(kind, "logged" | "unlogged") => folded = None,
            Some(folded) if message["seq"].is_u64() => fold(folded, kind, &message["data"], &message["seq"]),
            Some(_) | None => {}
        }
    }
}

/// The rules of protocol.md 1.6 for all that a host page has heard.
fn check_story(heard: &[Value]) {
    let mut calls: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    let mut last = None;
    for message in heard {
        if let Some(seq) = message["seq"].as_u64() {
            assert!(last.is_none_or(|last| seq == last + 1), "gap before {message}");
            last = Some(seq);
        }
        if message["type"].as_str().is_some_and(|kind| kind.starts_with("phone:")) {
            calls.entry(message["data"]["id"].to_string()).or_default().push(message);
        }
    }
    for (id, events) in calls {
        let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        if kinds == ["phone:refused"] {
            continue;
        }
        assert!(matches!(kinds[0], "phone:calling" | "phone:ringing"), "{id}: {kinds:?}");
        let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
        assert_eq!(count("phone:calling") + count("phone:ringing"), 1, "{id}: {kinds:?}");
        assert!(count("phone:accepted") <= 1, "{id}: {kinds:?}");
        assert_eq!(count("phone:terminated"), 1, "{id}: {kinds:?}");
        assert_eq!(kinds.last(), Some(&"phone:terminated"), "{id}: {kinds:?}");
        let data = &events.last().unwrap()["data"];
        let of = |key: &str| data[key].as_u64().unwrap();
        assert_eq!(of("total"), of("wait") + of("duration"), "{data}");
        assert_eq!(data["status"] == "answered", count("phone:accepted") == 1, "{data}");
        let dates: std::collections::BTreeSet<String> =
            events.iter().map(|event| event["data"]["date"].to_string()).collect();
        assert_eq!(dates.len(), 1, "{id}: one date");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_tells_one_whole_story(program in prop::collection::vec((0usize..3, step()), 1..60)) {
        let mut world = World::pair();
        let third = world.station();
        world.trust(third);
        world.boot(third, &world.kiosk("202", "secret-202", ""));
        world.run(500);
        let mut asked = Vec::new();
        for (station, step) in program {
            perform(&mut world, station, step, &mut asked);
            world.host(station, r#"{"type":"state","id":"after the step"}"#);
        }
        for station in 0..3 {
            world.stations[station].frozen = false;
            world.stations[station].network = true;
            world.stations[station].microphone = Microphone::Works;
        }
        world.run(45_000);
        for station in 0..3 {
            world.host(station, r#"{"type":"state","id":"final-state"}"#);
            let is_state = |message: &&Value| message["id"] == "final-state" && message["ok"] == true;
            let state = world.stations[station].heard.iter().find(is_state);
            let calls = state.and_then(|message| message["data"]["calls"].as_array());
            let active = calls.into_iter().flatten().filter(|call| call["state"] == "active" && call["muted"] == false).count();
            let most = mixed(&world, station);
            prop_assert!(active <= most, "{active} hear the person at once, not {most}: {calls:?}");
        }
        for station in 0..3 {
            world.input(station, Input::Leave);
        }
        world.run(120_000);
        for (station, id) in asked {
            world.stations[station].response(&id);
        }
        for station in &world.stations {
            check_story(&station.heard);
            check_folds(&station.heard);
            prop_assert!(station.peers.is_empty(), "peers left: {:?}", station.peers);
            prop_assert!(station.journal.is_empty(), "journal left: {:?}", station.journal.keys());
        }
    }
}
