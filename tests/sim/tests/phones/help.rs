//! "Check my phone", and the report for support.

use serde_json::json;
use softframe_phone::{
    Action, Found, Input, MediaError, Paths,
    view::{CheckPage, CheckState, Screen},
};
use softframe_sim::World;

fn page(world: &World) -> CheckPage {
    match world.view(0).screen {
        Screen::Check(page) => page,
        other => panic!("{other:?}"),
    }
}

fn row(world: &World, title: &str) -> (CheckState, &'static str) {
    let page = page(world);
    let row = page.rows.iter().find(|row| row.title == title).expect(title);
    (row.state, row.text.id)
}

fn found(world: &mut World, found: Found) {
    world.input(0, Input::Found(found));
}

const ALL_PATHS: Paths = Paths { asked: true, host: true, reflexive: true, relay: true };

#[test]
fn a_check_runs_row_by_row_and_all_is_well() {
    let mut world = World::pair();
    world.act(0, Action::Check);
    assert_eq!(row(&world, "set.mic").0, CheckState::Running);
    assert!(page(&world).running);
    world.run(1_000);
    assert_eq!(row(&world, "check.server"), (CheckState::Good, "check.server.ok"));
    assert_eq!(row(&world, "check.account"), (CheckState::Good, "check.account.ok"));
    found(&mut world, Found::Missing(Vec::new()));
    found(&mut world, Found::Microphone(Ok("Jabra".into())));
    found(&mut world, Found::Paths(ALL_PATHS));
    let page = page(&world);
    assert!(!page.running && page.rows.iter().all(|row| row.state == CheckState::Good), "{page:?}");
    assert_eq!(page.rows[1].text.args[0].1, "Jabra");
}

#[test]
fn each_finding_says_what_to_do() {
    let mut world = World::pair();
    world.act(0, Action::Check);
    for (error, id) in [
        (MediaError::Denied, "mic.denied.sub"),
        (MediaError::Policy, "mic.policy"),
        (MediaError::NoDevice, "check.mic.none"),
        (MediaError::Busy, "mic.busy"),
    ] {
        found(&mut world, Found::Microphone(Err(error)));
        assert_eq!(row(&world, "set.mic"), (CheckState::Bad, id));
    }
    for (missing, state) in [("autoplay", CheckState::Warn), ("microphone", CheckState::Bad)] {
        found(&mut world, Found::Missing(vec![missing]));
        assert_eq!(row(&world, "check.page"), (state, "check.page.bad"));
    }
    let none = Paths::default();
    for (paths, state, id) in [
        (Paths { relay: false, ..ALL_PATHS }, CheckState::Warn, "check.network.direct"),
        (Paths { asked: true, host: true, ..none }, CheckState::Warn, "check.network.silent"),
        (Paths { host: true, ..none }, CheckState::Warn, "check.network.local"),
        (none, CheckState::Bad, "check.network.none"),
    ] {
        found(&mut world, Found::Paths(paths));
        assert_eq!(row(&world, "check.network"), (state, id));
    }
    world.input(0, Input::SoundBlocked);
    assert_eq!(row(&world, "check.ring"), (CheckState::Bad, "check.ring.bad"));
}

#[test]
fn a_server_that_is_silent_is_named_after_eight_seconds_and_not_before() {
    let mut world = World::pair();
    world.stations[0].network = false;
    world.cut(0);
    world.act(0, Action::Check);
    world.run(7_900);
    assert_eq!(row(&world, "check.server").0, CheckState::Running);
    world.run(200);
    assert_eq!(row(&world, "check.server"), (CheckState::Bad, "check.server.bad"));
    assert_eq!(row(&world, "check.account"), (CheckState::Bad, "check.account.bad"));
    assert_eq!(row(&world, "set.mic"), (CheckState::Bad, "check.late"));
    assert!(!page(&world).running);
}

#[test]
fn check_and_about_lead_back_to_the_settings() {
    let mut world = World::pair();
    world.act(0, Action::OpenSettings);
    for action in [Action::Check, Action::OpenAbout] {
        world.act(0, action);
        assert!(matches!(world.view(0).screen, Screen::Check(_) | Screen::About(_)));
        world.act(0, Action::Back);
        assert!(matches!(world.view(0).screen, Screen::Settings(_)));
    }
}

#[test]
fn a_report_has_the_messages_and_states_of_a_call_and_no_secret_of_it() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    world.host(0, &json!({"type": "report", "id": "r"}).to_string());
    let response = world.stations[0].response("r").clone();
    assert_eq!(response["ok"], true);
    let report = response["data"]["text"].as_str().expect("a text").to_owned();
    assert!(report.starts_with("Softframe "), "{report}");
    for part in [
        "200@softframe.test: registered",
        "sent\nREGISTER sip:softframe.test SIP/2.0",
        "Authorization: [masked]",
        "received\nSIP/2.0 401 ",
        "sent\nINVITE sip:201@softframe.test SIP/2.0",
        "\nm=audio ",
        "told the page: phone:accepted",
    ] {
        assert!(report.contains(part), "{part:?} in {report}");
    }
    for secret in ["secret-200", "response=", "cnonce="] {
        assert!(!report.contains(secret), "{secret}");
    }
    for line in
        report.lines().filter(|line| line.starts_with("a=ice-pwd") || line.starts_with("a=fingerprint"))
    {
        assert!(line.ends_with(" [masked]"), "{line}");
    }
}

#[test]
fn save_report_gives_the_person_the_same_text_as_a_file() {
    let mut world = World::pair();
    world.act(0, Action::SaveReport);
    let saved = world.stations[0].saved.last().expect("a file");
    assert!(saved.contains("REGISTER"), "{saved}");
}

/// What was said of the check, by id and count.
fn told(world: &World) -> Vec<(&'static str, Option<String>)> {
    let texts = world.stations[0].announced_texts.iter().filter(|text| text.id.starts_with("check."));
    texts.map(|text| (text.id, text.args.first().map(|(_, n)| n.clone()))).collect()
}

#[test]
fn the_end_of_a_check_is_said_once_with_how_much_there_is_to_do() {
    let mut world = World::pair();
    world.act(0, Action::Check);
    world.run(1_000);
    found(&mut world, Found::Missing(Vec::new()));
    found(&mut world, Found::Microphone(Ok("Jabra".into())));
    assert_eq!(told(&world), [], "it runs");
    found(&mut world, Found::Paths(ALL_PATHS));
    world.run(20_000);
    assert_eq!(told(&world), [("check.done", None)]);

    world.act(0, Action::Check);
    world.run(1_000);
    found(&mut world, Found::Missing(vec!["autoplay"]));
    found(&mut world, Found::Microphone(Err(MediaError::Denied)));
    world.run(6_900);
    assert_eq!(told(&world).len(), 1, "one is still looked for");
    world.run(200);
    assert_eq!(told(&world)[1..], [("check.todo", Some("3".to_owned()))]);

    world.act(0, Action::Check);
    world.act(0, Action::Back);
    world.run(20_000);
    assert_eq!(told(&world).len(), 2, "nobody waits for it any more");
}
