//! Two tabs of one account that change the contacts of one store at the same time, and two doors to one source.

use super::book::{card, drop_files, file_names, files, index, is_stored, reload};
use serde_json::{Value, json};
use softframe_phone::{Action, FileEvent, HostInput, Input};
use softframe_sim::World;

/// Steps of both tabs, in turns, on one store, until neither has anything left to do.
fn work_side_by_side(world: &mut World, tabs: [usize; 2]) {
    let mut store = world.stations[tabs[0]].store.clone();
    let mut rests = 0;
    for turn in 0..20_000 {
        let tab = tabs[turn % 2];
        world.stations[tab].store = store;
        let now = world.now;
        let more = world.stations[tab].phone.contacts_step(now, 4);
        world.settle();
        store = world.stations[tab].store.clone();
        rests = if more { 0 } else { rests + 1 };
        if rests > 3 {
            world.stations[tabs[0]].store = store.clone();
            world.stations[tabs[1]].store = store;
            return;
        }
    }
    panic!("two tabs do not come to rest");
}

/// A phone with two files of several chunks each, and another tab of its account.
fn two_tabs() -> (World, [usize; 2]) {
    let mut world = World::pair();
    let cards = |name: &str| (0..3_000).map(|n| card(&format!("{name}{n}"), n)).collect::<String>();
    drop_files(&mut world, 0, &[("a.vcf", &cards("Ana")), ("b.vcf", &cards("Bo"))]);
    let other = reload(&mut world, 0);
    (world, [0, other])
}

fn begin_to_remove(world: &mut World, station: usize, name: &str) {
    world.act(station, Action::CloseSheet);
    let (number, _) = files(world, station).into_iter().find(|(_, known)| known == name).expect("the file");
    world.act(station, Action::RemoveFile(number));
    world.act(station, Action::RemoveAllContacts);
}

#[test]
fn file_that_two_tabs_remove_at_once_is_gone_for_both_and_the_other_stays() {
    let (mut world, tabs) = two_tabs();
    for tab in tabs {
        begin_to_remove(&mut world, tab, "a.vcf");
    }
    work_side_by_side(&mut world, tabs);
    for tab in tabs {
        assert_eq!(world.stations[tab].phone.contacts().len(), 3_000, "tab {tab}");
        assert!(world.stations[tab].phone.contacts().search("Ana7", 1).is_empty());
        assert_eq!(file_names(&mut world, tab), ["b.vcf"]);
    }
    assert!(!is_stored(&world, 0, "Ana"));
    let next = reload(&mut world, 0);
    assert_eq!(world.stations[next].phone.contacts().len(), 3_000);
    let left = world.stations[next].store.keys().filter(|(_, key)| key.starts_with("away/")).count();
    assert_eq!((file_names(&mut world, next), left), (vec!["b.vcf".to_owned()], 0));
}

#[test]
fn file_that_one_tab_takes_while_another_removes_one_is_kept_whole() {
    let (mut world, tabs) = two_tabs();
    begin_to_remove(&mut world, 0, "a.vcf");
    let text: String = (0..2_500).map(|n| card(&format!("Cy{n}"), n)).collect();
    let size = text.len() as u64;
    world.input(tabs[1], Input::File(FileEvent::Begin { file: 1, name: "c.vcf".into(), size }));
    for chunk in text.as_bytes().chunks(16 * 1_024) {
        world.input(tabs[1], Input::File(FileEvent::Chunk { file: 1, octets: chunk.to_vec() }));
        let now = world.now;
        world.stations[0].phone.contacts_step(now, 1);
    }
    world.input(tabs[1], Input::File(FileEvent::End { file: 1 }));
    // What either has written before they take turns is in the one store.
    let written = world.stations[tabs[1]].store.clone();
    world.stations[0].store.extend(written);
    work_side_by_side(&mut world, tabs);
    assert!(!is_stored(&world, 0, "Ana"));
    let next = reload(&mut world, 0);
    assert_eq!(world.stations[next].phone.contacts().len(), 5_500);
    assert_eq!(file_names(&mut world, next), ["b.vcf", "c.vcf"]);
    assert!(world.stations[next].phone.contacts().search("Ana7", 1).is_empty());
}

fn rows(name: &str, from: usize) -> String {
    let row = |n: usize| json!({ "id": format!("{name}{n}"), "name": format!("{name} {n}"), "phones": [n.to_string()] });
    Value::Array((from..from + 500).map(row).collect()).to_string()
}

#[test]
fn source_that_two_doors_replace_at_once_has_the_book_of_who_began_last_and_both_are_answered() {
    let mut world = World::pair();
    let begin = |world: &mut World, push: u64| {
        let head = json!({ "type": "contacts", "id": push, "data": { "source": "crm", "mode": "replace" } });
        world.input(0, Input::Host(HostInput::ContactsBegin { push, head: head.to_string() }));
    };
    let send = |world: &mut World, push, rows| {
        world.input(0, Input::Host(HostInput::ContactRows { push, rows, to_come: 0 }))
    };
    let end = |world: &mut World, push| world.input(0, Input::Host(HostInput::ContactsEnd { push }));
    begin(&mut world, 1);
    for from in (0..5_000).step_by(500) {
        send(&mut world, 1, rows("Old", from));
    }
    end(&mut world, 1);
    index(&mut world, 0);
    begin(&mut world, 2);
    send(&mut world, 2, rows("Ana", 0));
    let now = world.now;
    world.stations[0].phone.contacts_step(now, 4);
    begin(&mut world, 3);
    for from in [500, 1_000] {
        send(&mut world, 2, rows("Ana", from));
        send(&mut world, 3, rows("Bo", from));
        let now = world.now;
        world.stations[0].phone.contacts_step(now, 4);
    }
    end(&mut world, 2);
    end(&mut world, 3);
    index(&mut world, 0);
    let found = |world: &World, name: &str| world.stations[0].phone.contacts().search(name, 3_000).len();
    assert_eq!((found(&world, "old"), found(&world, "ana"), found(&world, "bo")), (0, 0, 1_000));
    for gone in ["Old ", "Ana "] {
        let octets = gone.bytes().map(|octet| octet.to_string()).collect::<Vec<_>>().join(", ");
        assert!(!format!("{:?}", world.stations[0].phone.contacts()).contains(&octets), "{gone}");
    }
    let heard = world.stations[0].heard.iter().filter(|told| told["type"] == "softframe:response");
    let answers: Vec<Value> =
        heard.map(|told| json!([told["id"], told["ok"], told["error"]["code"]])).collect();
    assert_eq!(answers, [json!([1, true, null]), json!([2, false, "wrong_state"]), json!([3, true, null])]);
    // Who comes next has the source for itself.
    begin(&mut world, 4);
    send(&mut world, 4, rows("Cy", 0));
    end(&mut world, 4);
    index(&mut world, 0);
    assert_eq!(world.stations[0].phone.contacts().len(), 500);
}
