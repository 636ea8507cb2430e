//! Signing in, losing the socket, coming back.

use softframe_phone::{Action, view};
use softframe_sim::World;

fn sign_in(password: &str) -> Action {
    Action::SignIn { server: "wss://softframe.test/ws".into(), user: "200".into(), password: password.into() }
}

fn states(world: &World, station: usize) -> Vec<String> {
    let changes = world.stations[station].kinds("connection:change");
    changes.iter().map(|data| data["state"].as_str().unwrap_or("").to_owned()).collect()
}

#[test]
fn an_account_of_the_configuration_signs_in_by_itself() {
    let mut world = World::new();
    let station = world.station();
    world.trust(station);
    world.boot(station, &world.kiosk("200", "secret-200", ""));
    world.run(500);
    assert_eq!(states(&world, station), ["connecting", "registered"]);
    let logged = world.stations[station].last("logged");
    assert_eq!(
        logged["context"].to_string(),
        r#"{"extension":"200","size":{"height":460,"width":320},"status":"online","user":"200@softframe.test"}"#
    );
    assert!(matches!(world.view(station).screen, view::Screen::Keypad(_)));
}

#[test]
fn nothing_connects_before_the_store_has_answered() {
    let mut world = World::new();
    let station = world.station();
    let config = world.kiosk("200", "secret-200", "");
    world.input(station, softframe_phone::Input::Config(Some(config)));
    world.run(999);
    assert_eq!(world.bindings("200"), 0);
    world.run(1);
    world.run(100);
    assert_eq!(world.bindings("200"), 1, "a store that takes a second counts as empty");
}

#[test]
fn a_wrong_password_says_so_and_stops() {
    let mut world = World::new();
    let station = world.station();
    world.boot(station, r#"{"server":"wss://softframe.test/ws"}"#);
    world.act(station, sign_in("wrong"));
    world.run(60_000);
    match world.view(station).screen {
        view::Screen::SignIn(form) => {
            assert_eq!((form.bad, form.busy, form.user.as_str()), (true, false, "200"))
        }
        other => panic!("{other:?}"),
    }
    let registers = world.stations[station].sent.iter().filter(|frame| frame.starts_with("REGISTER")).count();
    assert_eq!(registers, 2, "one without and one with credentials");
}

#[test]
fn a_wrong_password_of_the_configuration_is_refused_and_stops() {
    let mut world = World::new();
    let station = world.station();
    world.trust(station);
    world.boot(station, &world.kiosk("200", "wrong", ""));
    world.run(120_000);
    assert_eq!(states(&world, station).last().map(String::as_str), Some("refused"));
    assert!(world.stations[station].kinds("logged").is_empty());
    assert_eq!(world.view(station).banner.unwrap().text.id, "net.refused.ban");
    let registers = world.stations[station].sent.iter().filter(|frame| frame.starts_with("REGISTER")).count();
    assert_eq!(registers, 2);
}

#[test]
fn a_server_that_cannot_be_reached_is_named_within_fifteen_seconds() {
    let mut world = World::new();
    let station = world.station();
    world.stations[station].network = false;
    world.boot(station, r#"{"server":"wss://softframe.test/ws"}"#);
    world.act(station, sign_in("secret-200"));
    world.run(15_000);
    match world.view(station).screen {
        view::Screen::SignIn(form) => assert_eq!(form.server_error.unwrap().id, "signin.unreachable"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_saved_account_holds_hashes_and_signs_in_at_the_next_load() {
    let mut world = World::new();
    let station = world.station();
    world.boot(station, r#"{"server":"wss://softframe.test/ws"}"#);
    world.act(station, sign_in("secret-200"));
    world.run(1_000);
    let saved = world.stations[station].store.get(&("device".into(), "account".into())).expect("saved");
    assert!(!String::from_utf8_lossy(saved).contains("secret-200"));
    let store = std::mem::take(&mut world.stations[station].store);
    let next = world.station();
    world.stations[next].store = store;
    world.boot(next, r#"{"server":"wss://softframe.test/ws"}"#);
    world.run(1_000);
    assert!(matches!(world.view(next).screen, view::Screen::Keypad(_)));
    assert_eq!(world.view(next).header.dot, view::Dot::Available);
}

#[test]
fn a_cut_socket_is_registered_again_and_logged_is_not_repeated() {
    let mut world = World::pair();
    world.cut(0);
    world.run(5_000);
    assert_eq!(states(&world, 0), ["reconnecting", "registered"]);
    assert!(world.stations[0].kinds("logged").is_empty());
    assert_eq!(world.bindings("200"), 1);
}

#[test]
fn a_socket_that_freezes_without_a_close_is_noticed_and_replaced() {
    let mut world = World::pair();
    world.stations[0].frozen = true;
    world.run(40_000);
    assert_eq!(states(&world, 0).first().map(String::as_str), Some("reconnecting"));
    assert_ne!(world.view(0).header.dot, view::Dot::Available);
    world.stations[0].frozen = false;
    world.run(70_000);
    assert_eq!(states(&world, 0).last().map(String::as_str), Some("registered"));
}

#[test]
fn a_call_outlives_its_socket() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    world.answer(1);
    world.run(5_000);
    world.cut(0);
    world.run(5_000);
    let ladder = world.stations[0].ladder();
    assert_eq!(ladder[ladder.len() - 2..], ["phone:reconnecting", "phone:reconnected"], "{ladder:?}");
    world.host(0, r#"{"type":"hangup"}"#);
    world.run(1_000);
    assert_eq!(world.stations[1].last("phone:terminated")["cause"]["reason"], "hangup");
}

#[test]
fn a_call_into_a_socket_that_has_frozen_rings_over_the_next_one() {
    let mut world = World::pair();
    world.stations[0].frozen = true;
    world.host(0, r#"{"type":"click2call","id":"c","data":{"number":"201"}}"#);
    world.run(4_900);
    // Whatever opens from now on is alive.
    world.stations[0].frozen = false;
    assert_eq!(world.stations[0].ladder(), ["phone:calling"]);
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    assert_eq!(world.stations[0].ladder(), ["phone:calling", "phone:progress", "phone:accepted"]);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:accepted"]);
    assert_eq!(world.stations[0].response("c")["ok"], true);
}

#[test]
fn a_call_whose_other_side_hung_up_during_the_cut_or_says_nothing_after_it_is_lost() {
    for hangs_up in [true, false] {
        let mut world = World::pair();
        world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
        world.run(1_000);
        world.answer(1);
        world.run(5_000);
        world.stations[0].network = false;
        world.cut(0);
        world.run(500);
        if hangs_up {
            world.host(1, r#"{"type":"hangup"}"#);
        } else {
            world.stations[1].frozen = true;
        }
        world.run(2_000);
        world.stations[0].network = true;
        world.run(if hangs_up { 6_000 } else { 50_000 });
        let terminated = world.stations[0].kinds("phone:terminated");
        assert_eq!(terminated.len(), 1, "{hangs_up}: {:?}", world.stations[0].ladder());
        assert_eq!(terminated[0]["cause"]["reason"], "lost");
        assert!(world.stations[0].peers.is_empty());
    }
}

#[test]
fn registrations_are_refreshed_before_they_expire() {
    let mut world = World::pair();
    world.run(3_600_000);
    assert_eq!(world.bindings("200"), 1);
    assert!(states(&world, 0).is_empty(), "refreshes are not told");
}

#[test]
fn a_machine_that_slept_proves_its_flow_at_once() {
    let mut world = World::pair();
    world.input(0, softframe_phone::Input::Wall(softframe_sim::START + 3_600_000));
    world.run(5_000);
    assert_eq!(world.bindings("200"), 1);
    let registers = world.stations[0].sent.iter().filter(|frame| frame.starts_with("REGISTER")).count();
    assert!(registers >= 3, "{registers}");
}
