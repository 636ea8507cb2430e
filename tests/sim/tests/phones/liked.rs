//! Whom the person talks with comes first in a search, among those who answer it as well.

use super::book::{card, drop_file, index, reload_with};
use softframe_phone::{Action, view, view::Tab};
use softframe_sim::{Station, World};

/// What a person finds who types this into the dial field.
fn suggested(world: &mut World, station: usize, field: &str) -> Vec<String> {
    world.act(station, Action::DialField(field.into()));
    match world.view(station).screen {
        view::Screen::Keypad(keypad) => keypad.suggestions.into_iter().map(|row| row.name).collect(),
        other => panic!("{other:?}"),
    }
}

/// A call that the server knows nobody for: in the recents it is one as others.
fn call(world: &mut World, number: &str) {
    world.act(0, Action::CallNumber(number.into()));
    world.run(12_000);
    index(world, 0);
}

/// A past call of so many days ago.
fn past(station: &mut Station, serial: u32, number: &str, days: u64) {
    let at = softframe_sim::START - days * 24 * 3_600 * 1_000;
    let key = ("200@softframe.test".to_owned(), format!("history/{at:015}-{serial:06}"));
    let entry = format!(
        r#"{{"number":"{number}","name":"","inbound":true,"at":{at},"talked":1,"rang":1,"reason":"hangup"}}"#
    );
    station.store.insert(key, entry.into_bytes());
}

const NAMES: [&str; 4] = ["Ana Alba", "Ana Bosch", "Ana Cruz", "Anabel Diaz"];

fn with_book() -> World {
    let mut world = World::pair();
    let cards: String = (0..).zip(NAMES).map(|(at, name)| card(name, 600_111_000 + at)).collect();
    drop_file(&mut world, 0, &cards);
    world.act(0, Action::CloseSheet);
    world
}

#[test]
fn who_was_called_comes_first_until_the_call_is_removed_from_the_recents() {
    let mut world = with_book();
    assert_eq!(suggested(&mut world, 0, "ana"), NAMES);
    call(&mut world, "600111002");
    assert_eq!(suggested(&mut world, 0, "ana"), ["Ana Cruz", "Ana Alba", "Ana Bosch", "Anabel Diaz"]);
    // In the list of contacts, too; and a better answer stays before a frequent one.
    world.act(0, Action::Tab(Tab::Contacts));
    world.act(0, Action::ContactSearch("ana".into()));
    let screen = world.view(0).screen;
    let rows = world.stations[0].phone.rows(&screen, 0, 9);
    assert_eq!(rows[0].name, "Ana Cruz");
    world.act(0, Action::Tab(Tab::Keypad));
    call(&mut world, "600111003");
    call(&mut world, "600111003");
    assert_eq!(suggested(&mut world, 0, "ana"), ["Ana Cruz", "Ana Alba", "Ana Bosch", "Anabel Diaz"]);
    assert_eq!(suggested(&mut world, 0, "600111")[..2], ["Anabel Diaz", "Ana Cruz"]);
    world.act(0, Action::Tab(Tab::Recents));
    let screen = world.view(0).screen;
    for row in world.stations[0].phone.rows(&screen, 0, 9) {
        world.act(0, Action::RemoveRecent(row.key));
    }
    index(&mut world, 0);
    world.act(0, Action::Tab(Tab::Keypad));
    assert_eq!(suggested(&mut world, 0, "ana"), NAMES);
}

#[test]
fn who_is_called_each_week_comes_before_who_was_called_once_and_both_are_known_after_a_reload() {
    let mut world = with_book();
    let next = reload_with(&mut world, 0, |station| {
        past(station, 1, "600111001", 0);
        for week in 0..4 {
            past(station, 2 + week, "600111002", 1 + 7 * u64::from(week));
        }
        // Long ago, and often.
        for day in 0..2 {
            past(station, 9 + day, "600111000", 400 + u64::from(day));
        }
    });
    assert_eq!(suggested(&mut world, next, "ana"), ["Ana Cruz", "Ana Bosch", "Ana Alba", "Anabel Diaz"]);
}

#[test]
fn number_of_a_whole_company_brings_nobody_to_the_front() {
    let mut world = with_book();
    let cards: String =
        ["Bo One", "Bo Two", "Bo Three", "Bo Zero"].map(|name| card(name, 600_222_000)).concat();
    drop_file(&mut world, 0, &(cards + &card("Bo Zulu", 600_222_001)));
    world.act(0, Action::CloseSheet);
    call(&mut world, "600222000");
    call(&mut world, "600222001");
    assert_eq!(suggested(&mut world, 0, "bo")[..2], ["Bo Zulu", "Bo One"]);
}
