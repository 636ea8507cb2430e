//! What the screen shows in each state, by message ids and flags.

use softframe_phone::{
    Action, Input, Theme,
    view::{Dot, Row, Screen, Sheet, Tab, Text, Tone},
};
use softframe_sim::World;

fn keypad(world: &World, station: usize) -> softframe_phone::view::Keypad {
    match world.view(station).screen {
        Screen::Keypad(keypad) => keypad,
        other => panic!("{other:?}"),
    }
}

fn recents(world: &World, station: usize) -> Vec<Row> {
    let screen = world.view(station).screen;
    assert!(matches!(screen, Screen::Recents(_)), "{screen:?}");
    world.stations[station].phone.rows(&screen, 0, 2_000)
}

fn missed_call(world: &mut World) {
    world.act(0, Action::CallNumber("201".into()));
    world.run(2_000);
    let call = world.front(0);
    world.act(0, Action::End(call));
    world.run(11_000);
}

#[test]
fn starting_then_keypad_and_available() {
    let mut world = World::new();
    let station = world.station();
    assert_eq!(world.view(station).screen, Screen::Starting);
    world.boot(station, &world.kiosk("200", "secret-200", ""));
    world.run(500);
    let view = world.view(station);
    assert!(matches!(view.screen, Screen::Keypad(_)));
    assert_eq!((view.header.dot, view.header.status.id), (Dot::Available, "status.available"));
    assert_eq!((view.header.extension.as_str(), view.banner), ("200", None));
}

#[test]
fn a_lost_network_shows_a_countdown_disables_call_and_try_now_ends_it() {
    let mut world = World::pair();
    world.stations[0].network = false;
    world.cut(0);
    world.run(20_000);
    let view = world.view(0);
    assert_eq!((view.header.dot, view.header.status.id), (Dot::Connecting, "net.reconnecting"));
    assert_eq!(view.header.extension, "", "where the words need the place");
    let banner = view.banner.expect("a banner");
    assert_eq!((banner.tone, banner.text.id), (Tone::Warn, "net.offline.ban"));
    let seconds: u64 = banner.text.args[0].1.parse().unwrap();
    assert_eq!(banner.action.unwrap().1, Action::TryNow);
    world.act(0, Action::DialField("201".into()));
    let shown = keypad(&world, 0);
    assert_eq!((shown.call_enabled, shown.note), (false, Some(Text::of("dial.offline"))));
    if seconds > 2 {
        world.run(1_000);
        let later: u64 = world.view(0).banner.unwrap().text.args[0].1.parse().unwrap();
        assert_eq!(later, seconds - 1);
    }
    world.stations[0].network = true;
    world.act(0, Action::TryNow);
    world.run(100);
    assert_eq!(world.view(0).banner, None);
    assert!(keypad(&world, 0).call_enabled);
    assert!(world.stations[0].announced.contains(&"say.online"));
}

#[test]
fn call_with_an_empty_field_brings_the_last_number_and_the_second_press_calls() {
    let mut world = World::pair();
    missed_call(&mut world);
    world.act(0, Action::Call);
    assert_eq!(keypad(&world, 0).field, "201");
    world.act(0, Action::Call);
    world.run(100);
    assert!(matches!(world.view(0).screen, Screen::Call(_)));
    let call = world.front(0);
    world.act(0, Action::End(call));
    world.run(11_000);
    assert_eq!(keypad(&world, 0).field, "", "what was called is gone from the field");
    assert_eq!(keypad(&world, 0).suggestions[0].handset, "201");
}

#[test]
fn missed_neighbours_fold_and_undo_brings_an_entry_back() {
    let mut world = World::pair();
    missed_call(&mut world);
    missed_call(&mut world);
    assert_eq!(world.view(1).header.missed, 2);
    world.act(1, Action::Tab(Tab::Recents));
    let rows = recents(&world, 1);
    assert_eq!((rows.len(), rows[0].missed, rows[0].second.id), (1, true, "recents.twice"));
    let key = rows[0].key.clone();
    world.act(1, Action::RemoveRecent(key));
    assert_eq!(recents(&world, 1)[0].second.id, "recents.rang");
    assert_eq!(world.view(1).toast.unwrap().text.id, "recents.removed");
    world.act(1, Action::Undo);
    assert_eq!(recents(&world, 1)[0].second.id, "recents.twice");
    world.act(1, Action::OpenContact(rows[0].key.clone()));
    // Nobody known: what can be done with the call.
    let Some(Sheet::Numbers { numbers, recent, .. }) = world.view(1).sheet else { panic!("a sheet") };
    assert_eq!((numbers[0].0.as_str(), recent.as_ref()), ("200", Some(&rows[0].key)));
    world.act(1, Action::RemoveRecent(rows[0].key.clone()));
    assert_eq!((world.view(1).sheet, recents(&world, 1)[0].second.id), (None, "recents.rang"));
}

#[test]
fn the_second_call_lies_over_the_first_and_the_running_one_over_the_tabs() {
    let mut world = World::pair();
    let third = world.station();
    world.boot(third, &world.kiosk("202", "secret-202", ""));
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    world.act(1, Action::Browse(true));
    let view = world.view(1);
    assert!(matches!(view.screen, Screen::Keypad(_)));
    let running = view.header.running.expect("the bar");
    assert_eq!((running.name.as_str(), running.time.as_str(), running.tone), ("200", "00:01", Tone::Live));
    world.act(1, Action::Browse(false));
    world.act(third, Action::CallNumber("201".into()));
    world.run(1_000);
    let view = world.view(1);
    assert!(matches!(view.screen, Screen::Call(_)));
    assert!(matches!(view.sheet, Some(Sheet::SecondIncoming(_))));
}

#[test]
fn a_minimised_phone_asks_for_a_bar_and_for_its_room_when_it_has_something_to_ask() {
    let mut world = World::pair();
    let sizes = |world: &World| {
        let sizes = world.stations[0].kinds("widget:size");
        sizes.iter().map(|size| (size["width"].as_u64(), size["height"].as_u64())).collect::<Vec<_>>()
    };
    assert!(!world.view(0).header.resizable, "nobody has said that the page follows");
    world.host(0, r#"{"type":"hello","id":1,"data":{"features":["resize"]}}"#);
    assert!(world.view(0).header.resizable);
    world.host(0, r#"{"type":"minimize","id":"m"}"#);
    assert_eq!(world.stations[0].response("m")["ok"], true);
    world.host(0, r#"{"type":"minimize"}"#);
    assert_eq!(sizes(&world), [(Some(320), Some(48))]);
    world.act(0, Action::Minimise(false));
    assert_eq!(sizes(&world)[1..], [(Some(320), Some(460))]);
    world.act(0, Action::Minimise(true));
    world.host(0, r#"{"type":"click2call","data":{"number":"112"}}"#);
    assert!(matches!(world.view(0).sheet, Some(Sheet::Confirm { .. })));
    assert_eq!(sizes(&world)[2..], [(Some(320), Some(48)), (Some(320), Some(460))]);
}

#[test]
fn waiting_messages_are_on_the_header_and_above_the_recents_and_a_long_1_brings_their_number() {
    let mut world = World::new();
    let station = world.station();
    world.trust(station);
    world.boot(station, &world.kiosk("200", "secret-200", r#""voicemail":"*97","#));
    world.run(1_000);
    assert_eq!(world.view(station).header.voicemail, None);
    world.frame(station, NOTIFY.replace("LENGTH", &SUMMARY.len().to_string()).as_bytes());
    assert_eq!(world.view(station).header.voicemail, Some(2));
    world.act(station, Action::Tab(Tab::Recents));
    let Screen::Recents(list) = world.view(station).screen else { panic!("the recents") };
    let mailbox = list.voicemail.expect("a row");
    assert_eq!((mailbox.new_messages, mailbox.old_messages, mailbox.number.as_str()), (2, 1, "*97"));
    world.act(station, Action::OnlyMissed(true));
    assert!(matches!(world.view(station).screen, Screen::Recents(list) if list.voicemail.is_none()));
    world.act(station, Action::Tab(Tab::Keypad));
    world.act(station, Action::VoicemailKey);
    assert_eq!(keypad(&world, station).field, "*97");
}

const SUMMARY: &str = "Messages-Waiting: yes\r\nVoice-Message: 2/1\r\n";
const NOTIFY: &str = "NOTIFY sip:200@softframe.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKv\r\n\
    Max-Forwards: 70\r\nFrom: <sip:201@softframe.test>;tag=f\r\nTo: <sip:200@softframe.test>\r\n\
    Call-ID: v\r\nCSeq: 1 NOTIFY\r\nEvent: message-summary\r\nSubscription-State: terminated\r\n\
    Content-Type: application/simple-message-summary\r\nContent-Length: LENGTH\r\n\r\n\
    Messages-Waiting: yes\r\nVoice-Message: 2/1\r\n";

#[test]
fn a_call_that_ended_while_the_page_was_gone_is_in_the_recents_of_its_account_alone() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(3_000);
    world.answer(1);
    world.run(5_000);
    let entry = world.stations[0].journal.values().next().unwrap().clone();
    for (user, found) in [("203", false), ("200", true)] {
        let next = world.station();
        world.input(next, Input::Journal(vec![entry.clone()]));
        world.boot(next, &world.kiosk(user, &format!("secret-{user}"), ""));
        world.run(1_000);
        world.act(next, Action::Tab(Tab::Recents));
        let numbers: Vec<String> = recents(&world, next).into_iter().map(|row| row.handset).collect();
        assert_eq!(numbers == ["201"], found, "{user}: {numbers:?}");
    }
}

#[test]
fn recents_are_found_by_a_name_without_its_accents() {
    let mut world = World::new();
    let station = world.station();
    let entry = r#"{"number":"34911085460","name":"Inés Carvajal","inbound":true,"at":7,"talked":1,"rang":1,"reason":"hangup"}"#;
    let key = ("200@softframe.test".to_owned(), "history/000000000000007-000001".to_owned());
    world.stations[station].store.insert(key, entry.into());
    world.boot(station, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    world.act(station, Action::Tab(Tab::Recents));
    for (query, found) in
        [("ines", 1), ("INÉS c", 1), ("arvaj", 1), ("9110", 1), ("  ", 1), ("inez", 0), ("·", 0)]
    {
        world.act(station, Action::RecentSearch(query.into()));
        assert_eq!(recents(&world, station).len(), found, "{query:?}");
    }
}

#[test]
fn calls_that_end_because_the_page_goes_are_in_the_recents_once_when_it_is_back() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(3_000);
    world.answer(1);
    world.run(5_000);
    world.input(0, Input::Leave);
    let journal: Vec<_> = world.stations[0].left.clone();
    let stored = world.stations[0].store.clone();
    // A page that goes has no time for the disk, or just enough.
    for store in [Default::default(), stored] {
        let next = world.station();
        world.stations[next].store = store;
        world.trust(next);
        world.input(next, Input::Journal(journal.clone()));
        world.boot(next, &world.kiosk("200", "secret-200", ""));
        world.run(1_000);
        world.act(next, Action::Tab(Tab::Recents));
        let rows = recents(&world, next);
        let [row] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((row.handset.as_str(), row.second_icon, row.second.id), ("201", "out", "recents.talked"));
        assert!(world.stations[next].kinds("phone:terminated").is_empty(), "the page was told when it went");
    }
}

#[test]
fn a_thousand_calls_are_kept_and_found_and_the_oldest_goes() {
    let mut world = World::pair();
    for number in 0..1_003_u32 {
        let key = ("200@softframe.test".to_owned(), format!("history/{:015}-{number:06}", 1_000 + number));
        let entry = format!(
            r#"{{"number":"7{number:04}","name":"","inbound":false,"at":{},"talked":1,"rang":1,"reason":"hangup"}}"#,
            1_000 + number
        );
        world.stations[0].store.insert(key, entry.into_bytes());
    }
    let store = std::mem::take(&mut world.stations[0].store);
    let next = world.station();
    world.stations[next].store = store;
    world.boot(next, &world.kiosk("200", "secret-200", ""));
    world.run(1_000);
    world.act(next, Action::CallNumber("201".into()));
    world.run(1_000);
    let call = world.front(next);
    world.act(next, Action::End(call));
    world.run(11_000);
    world.act(next, Action::Tab(Tab::Recents));
    let rows = recents(&world, next);
    assert_eq!((rows.len(), rows[999].handset.as_str()), (1_000, "70004"));
    world.act(next, Action::RecentSearch("70500".into()));
    assert_eq!(recents(&world, next).len(), 1);
}

#[test]
fn tiles_keep_their_places_from_calling_to_talk() {
    let mut world = World::pair();
    world.input(0, Input::Speakers(Vec::new()));
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    let icons = |world: &World| match world.view(0).screen {
        Screen::Call(call) => call.tiles.iter().map(|tile| (tile.icon, tile.enabled)).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let ringing = icons(&world);
    world.answer(1);
    world.run(1_000);
    let talking = icons(&world);
    let names = |tiles: &[(&'static str, bool)]| tiles.iter().map(|(icon, _)| *icon).collect::<Vec<_>>();
    assert_eq!(names(&ringing), ["mic", "keypad", "speaker", "pause", "transfer", "add"]);
    assert_eq!(names(&ringing), names(&talking));
    assert_eq!(ringing[3], ("pause", false));
    assert_eq!(talking[3], ("pause", true));
}

#[test]
fn the_target_of_a_transfer_is_chosen_and_back_returns_to_the_call() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.run(1_000);
    let call = world.front(0);
    world.act(0, Action::PickTransfer(call));
    world.act(0, Action::DialField("202".into()));
    match world.view(0).screen {
        Screen::TransferPick(pick) => assert_eq!((pick.query.as_str(), pick.enabled), ("202", true)),
        other => panic!("{other:?}"),
    }
    world.act(0, Action::Back);
    assert_eq!(world.front(0), call);
    assert!(world.stations[0].kinds("phone:terminated").is_empty(), "Back ends no call");
}

#[test]
fn the_ended_view_goes_by_itself_unless_the_pointer_is_there() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.run(5_000);
    let call = world.front(0);
    world.act(0, Action::End(call));
    let pill = |world: &World| match world.view(0).screen {
        Screen::Ended(ended) => Some(ended.pill.0.id),
        _ => None,
    };
    assert_eq!(pill(&world), Some("ended.hangup"));
    world.act(0, Action::Linger(true));
    world.run(60_000);
    assert_eq!(pill(&world), Some("ended.hangup"));
    world.act(0, Action::Linger(false));
    world.run(3_999);
    assert_eq!(pill(&world), Some("ended.hangup"));
    world.run(1);
    assert_eq!(pill(&world), None);
}

#[test]
fn a_status_and_the_colours_are_kept_on_the_device() {
    let mut world = World::pair();
    world.act(0, Action::OpenStatus);
    match world.view(0).sheet {
        Some(Sheet::Status { account, statuses, set, dnd, in_call, .. }) => {
            assert_eq!(account, "200 · softframe.test");
            assert_eq!((statuses.len(), set.as_str(), dnd, in_call), (3, "online", false, false));
        }
        other => panic!("{other:?}"),
    }
    world.act(0, Action::Status("away".into()));
    world.act(0, Action::DoNotDisturb(true));
    world.act(0, Action::Theme(Theme::Dark));
    assert!(world.view(0).single_keys);
    world.act(0, Action::SingleKeys(false));
    assert_eq!(world.view(0).header.dot, Dot::DoNotDisturb);
    let store = std::mem::take(&mut world.stations[0].store);
    let next = world.station();
    world.stations[next].store = store;
    world.boot(next, &world.kiosk("200", "secret-200", ""));
    world.run(500);
    let view = world.view(next);
    assert_eq!((view.header.dot, view.look.theme), (Dot::DoNotDisturb, Theme::Dark));
    assert!(!view.single_keys);
}

#[test]
fn esc_closes_the_top_sheet_then_the_page_then_the_field() {
    let mut world = World::pair();
    world.act(0, Action::DialField("20".into()));
    world.act(0, Action::OpenSettings);
    world.act(0, Action::RemoveAllContacts);
    assert_eq!(world.view(0).sheet, Some(Sheet::RemoveContacts { file: None }));
    world.act(0, Action::Back);
    assert_eq!(world.view(0).sheet, None);
    assert!(matches!(world.view(0).screen, Screen::Settings(_)));
    world.act(0, Action::Back);
    assert_eq!(keypad(&world, 0).field, "20");
    world.act(0, Action::Back);
    assert_eq!(keypad(&world, 0).field, "");
}

#[test]
fn looks_of_the_configuration_reach_the_screen() {
    let mut world = World::new();
    let station = world.station();
    let more =
        r##""theme":{"mode":"dark","accent":"#112233"},"language":"de","strings":{"dial.call":"Anrufen"},"##;
    world.boot(station, &world.kiosk("200", "secret-200", more));
    let look = world.view(station).look;
    assert_eq!((look.theme, look.language.texts), (Theme::Dark, "de"));
    assert_eq!(look.accent, Some(("#112233".into(), "#112233".into())));
    assert_eq!(look.strings, [("dial.call".to_owned(), "Anrufen".to_owned())]);
}

#[test]
fn language_is_the_persons_else_the_configurations_else_the_address_else_the_browsers() {
    let spoken = |config: &str, proposed: &str, chosen: &str| {
        let mut world = World::new();
        let station = world.station();
        world.input(station, Input::Languages(vec!["nl".into(), "pt-BR".into(), "en".into()]));
        world.input(station, Input::Proposals(vec![("lang".into(), proposed.into())]));
        world.boot(station, &world.kiosk("200", "secret-200", config));
        world.act(station, Action::Language(chosen.into()));
        let language = world.view(station).look.language;
        (language.texts, language.tag)
    };
    let configured = r#""language":"es-MX","#;
    let own_words = r#""language":"nl","strings":{"dial.call":"Bellen"},"#;
    for (config, proposed, chosen, texts, tag) in [
        ("", "", "", "pt", "pt-BR"),
        ("", "fr_CA", "", "fr", "fr-CA"),
        ("", "<script>", "", "pt", "pt-BR"),
        (configured, "fr", "", "es", "es-MX"),
        (configured, "fr", "ar", "ar", "ar"),
        (r#""language":"nl","#, "fr", "", "fr", "fr"),
        (own_words, "fr", "", "en", "nl"),
    ] {
        let expected = (texts, tag.to_owned());
        assert_eq!(spoken(config, proposed, chosen), expected, "{config} {proposed} {chosen}");
    }
}

#[test]
fn language_that_was_chosen_is_kept_on_the_device_until_the_choice_is_taken_back() {
    let mut world = World::pair();
    world.act(0, Action::OpenSettings);
    world.act(0, Action::Language("de".into()));
    let chosen = |world: &World, station: usize| match world.view(station).screen {
        Screen::Settings(settings) => settings.language,
        other => panic!("{other:?}"),
    };
    assert_eq!(chosen(&world, 0), "de");
    let store = std::mem::take(&mut world.stations[0].store);
    let next = world.station();
    world.stations[next].store = store;
    world.boot(next, &world.kiosk("200", "secret-200", r#""language":"fr","#));
    world.run(500);
    assert_eq!(world.view(next).look.language.texts, "de");
    world.act(next, Action::OpenSettings);
    world.act(next, Action::Language(String::new()));
    assert_eq!((world.view(next).look.language.texts, chosen(&world, next).as_str()), ("fr", ""));
}

fn speakers(names: &[&str]) -> Input {
    Input::Speakers(names.iter().map(|name| (format!("id-{name}"), (*name).to_owned())).collect())
}

fn tile_icons(world: &World) -> Vec<&'static str> {
    match world.view(0).screen {
        Screen::Call(call) => call.tiles.iter().map(|tile| tile.icon).collect(),
        other => panic!("{other:?}"),
    }
}

fn route(world: &World) -> (Vec<String>, String) {
    match world.view(0).sheet {
        Some(Sheet::Route { speakers, chosen, .. }) => {
            (speakers.into_iter().map(|(id, _)| id).collect(), chosen)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn speaker_is_chosen_in_a_call_kept_on_the_device_and_waited_for_when_it_is_gone() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    assert!(!tile_icons(&world).contains(&"speaker"), "a browser that lets nobody choose");
    world.input(0, speakers(&["Built-in", "Jabra Headset"]));
    assert!(tile_icons(&world).contains(&"speaker"));
    world.act(0, Action::OpenRoute);
    assert_eq!(
        route(&world),
        (["", "id-Built-in", "id-Jabra Headset"].map(str::to_owned).to_vec(), String::new())
    );
    world.act(0, Action::Speaker("id-Jabra Headset".into()));
    assert_eq!(route(&world).1, "id-Jabra Headset", "at once, and the sheet stays");
    assert!(tile_icons(&world).contains(&"headset"));
    assert_eq!(world.stations[0].speakers.last().map(String::as_str), Some("id-Jabra Headset"));
    world.input(0, speakers(&["Built-in"]));
    assert_eq!((route(&world).1.as_str(), world.stations[0].speakers.last().unwrap().as_str()), ("", ""));
    world.input(0, speakers(&["Built-in", "Jabra Headset"]));
    assert_eq!(world.stations[0].speakers.last().map(String::as_str), Some("id-Jabra Headset"));
    world.act(0, Action::Back);
    assert_eq!(world.view(0).sheet, None);

    let store = std::mem::take(&mut world.stations[0].store);
    let next = world.station();
    world.stations[next].store = store;
    world.input(next, speakers(&["Built-in", "Jabra Headset"]));
    world.boot(next, &world.kiosk("200", "secret-200", ""));
    world.run(500);
    assert_eq!(world.stations[next].speakers.last().map(String::as_str), Some("id-Jabra Headset"));
}

#[test]
fn lost_connection_is_said_after_five_seconds_and_a_short_one_never() {
    let said =
        |world: &World| world.stations[0].announced.iter().filter(|id| **id == "net.offline.trying").count();
    let mut world = World::pair();
    world.cut(0);
    world.run(6_000);
    assert_eq!(said(&world), 0, "it was back at once");
    world.stations[0].network = false;
    world.cut(0);
    world.run(4_900);
    assert_eq!(said(&world), 0);
    world.run(200);
    assert_eq!(said(&world), 1);
    world.run(60_000);
    assert_eq!(said(&world), 1, "once for each loss");
}

#[test]
fn toast_is_said_once() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("+".into()));
    assert_eq!(world.view(0).toast.map(|toast| toast.text.id), Some("dial.invalid"));
    world.run(3_000);
    assert_eq!(world.stations[0].announced.iter().filter(|id| **id == "dial.invalid").count(), 1);
}

#[test]
fn page_opens_the_settings_beside_a_call_and_the_call_again() {
    let mut world = World::pair();
    world.act(0, Action::CallNumber("201".into()));
    world.run(1_000);
    world.answer(1);
    world.host(0, r#"{"type":"navigate","data":{"view":"settings"}}"#);
    assert!(matches!(world.view(0).screen, Screen::Settings(_)), "{:?}", world.view(0).screen);
    assert!(world.view(0).header.running.is_some());
    world.host(0, r#"{"type":"navigate","data":{"view":"call"}}"#);
    assert!(matches!(world.view(0).screen, Screen::Call(_)));
}
