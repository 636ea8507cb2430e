//! Contacts on their way from a page to a name on screen.

use super::book::{index, names};
use serde_json::{Value, json};
use softframe_phone::{Action, HostInput, Input, view};
use softframe_sim::World;

#[test]
fn the_published_push_names_the_caller() {
    let mut world = World::pair();
    let push = json!({"type": "contacts", "data": {"contacts": [
        {"id": "id1", "name": "John Doe", "phones": ["200"]},
        {"id": "id2", "name": "Jennifer Doe", "phones": ["+34666555444", "+34666777888"], "company": "Doe Ltd"},
    ]}});
    world.host(1, &push.to_string());
    index(&mut world, 1);
    let indexed = world.stations[1].last("contacts:indexed");
    assert_eq!((&indexed["source"], &indexed["count"]), (&"host".into(), &2.into()));
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    let ringing = world.stations[1].last("phone:ringing");
    assert_eq!(
        ringing["contact"],
        json!({"id": "id1", "source": "host", "name": "John Doe", "number": "200"})
    );
    match world.view(1).screen {
        view::Screen::Incoming(incoming) => assert_eq!(incoming.party.name, "John Doe"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_push_in_slices_is_answered_once_and_a_bad_row_costs_itself() {
    let mut world = World::pair();
    let head = r#"{"type":"contacts","id":"p","data":{"source":"crm"}}"#.to_owned();
    world.input(0, Input::Host(HostInput::ContactsBegin { push: 1, head }));
    for slice in 0..30 {
        let rows: Vec<Value> = (0..100)
            .map(|row| json!({"id": slice * 100 + row, "name": format!("Person {slice} {row}"), "phones": ["1"]}))
            .collect();
        let rows = Value::Array(rows).to_string();
        world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows, to_come: 0 }));
    }
    let rows = r#"[5, {"name":"x"}, {"id":"y"}]"#.to_owned();
    world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows, to_come: 0 }));
    world.input(0, Input::Host(HostInput::ContactRowsBad { push: 1, count: 2 }));
    world.input(0, Input::Host(HostInput::ContactsEnd { push: 1 }));
    assert_eq!(world.stations[0].response("p")["ok"], true);
    index(&mut world, 0);
    let indexed = world.stations[0].last("contacts:indexed");
    assert_eq!((&indexed["count"], &indexed["rejected"]), (&3_000.into(), &5.into()));
    assert_eq!(indexed["reasons"], json!({"shape": 3, "no-id": 1, "no-name": 1}));
    world.host(0, r#"{"type":"contacts:search","id":"s","data":{"query":"perso 7 42","max":3}}"#);
    let response = world.stations[0].response("s");
    assert_eq!(response["data"]["hits"].as_array().map(Vec::len), Some(1), "{response}");
    assert_eq!(response["data"]["hits"][0]["id"], 742, "a numeric id is given back as it came");
}

#[test]
fn push_that_is_one_too_many_at_once_ends_the_oldest_which_is_told() {
    let mut world = World::pair();
    let rows = |push: u64| json!([{"id": push, "name": format!("Ana {push}"), "phones": ["1"]}]).to_string();
    for push in 0..17 {
        let head =
            json!({"type": "contacts", "id": format!("p{push}"), "data": {"source": format!("s{push}")}})
                .to_string();
        world.input(0, Input::Host(HostInput::ContactsBegin { push, head }));
    }
    assert_eq!(world.stations[0].response("p0")["error"]["code"], "rate_limited");
    assert_eq!(world.stations[0].kinds("softframe:response").len(), 1);
    for push in 0..17 {
        world.input(0, Input::Host(HostInput::ContactRows { push, rows: rows(push), to_come: 0 }));
        world.input(0, Input::Host(HostInput::ContactsEnd { push }));
    }
    index(&mut world, 0);
    assert_eq!(world.stations[0].phone.contacts().len(), 16);
    assert_eq!(world.stations[0].kinds("softframe:response").len(), 17, "each is answered once");
}

#[test]
fn push_under_way_at_a_sign_out_is_answered_once_and_leaves_nothing() {
    let mut world = World::pair();
    let head = r#"{"type":"contacts","id":"p","data":{"source":"crm"}}"#.to_owned();
    let rows = json!([{"id": 1, "name": "Ana", "phones": ["1"]}]).to_string();
    world.input(0, Input::Host(HostInput::ContactsBegin { push: 1, head }));
    world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows: rows.clone(), to_come: 0 }));
    world.act(0, Action::SignOut);
    world.run(3_000);
    assert_eq!(world.stations[0].response("p")["error"]["code"], "not_logged");
    world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows, to_come: 0 }));
    world.input(0, Input::Host(HostInput::ContactsEnd { push: 1 }));
    index(&mut world, 0);
    assert!(world.stations[0].phone.contacts().is_empty());
    let answers = world.stations[0].kinds("softframe:response");
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[test]
fn a_contact_that_comes_while_it_rings_names_the_caller() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"click2call","data":{"number":"201"}}"#);
    world.run(1_000);
    world.host(1, r#"{"type":"contacts","data":[{"id":1,"name":"Ana","phones":["200"]}]}"#);
    index(&mut world, 1);
    assert_eq!(world.stations[1].ladder(), ["phone:ringing", "phone:updated"]);
    assert_eq!(world.stations[1].last("phone:updated")["contact"]["name"], "Ana");
    match world.view(1).screen {
        view::Screen::Incoming(incoming) => assert_eq!(incoming.party.name, "Ana"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn calls_of_a_contact_stand_on_its_page_with_the_minute_they_are_seen_in() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"contacts","data":[{"id":1,"name":"Ana","phones":["201"]}]}"#);
    index(&mut world, 0);
    world.act(0, Action::CallNumber("201".into()));
    world.run(2_000);
    let call = world.front(0);
    world.act(0, Action::End(call));
    world.run(11_000);
    let row = world.stations[0].phone.contact_rows(0, 1).remove(0);
    world.act(0, Action::OpenContact(row.key));
    let page = |world: &World| match world.view(0).screen {
        view::Screen::Contact(page) => page,
        other => panic!("{other:?}"),
    };
    let first = page(&world);
    assert_eq!(first.recent.len(), 1);
    assert_eq!(first.now % 60_000, 0);
    let begun = first.recent[0].at;
    assert!(first.now <= begun + 60_000 && first.now + 60_000 > begun, "{} {begun}", first.now);
    world.run(61_000);
    let later = page(&world).now;
    assert!((60_000..=120_000).contains(&(later - first.now)), "{later}");
}

#[test]
fn contacts_of_the_page_cannot_be_removed_by_the_person() {
    let mut world = World::pair();
    world.host(0, r#"{"type":"contacts","data":[{"id":1,"name":"Ana","phones":["200"]}]}"#);
    index(&mut world, 0);
    let row = world.stations[0].phone.contact_rows(0, 1).remove(0);
    world.act(0, Action::OpenContact(row.key));
    match world.view(0).screen {
        view::Screen::Contact(page) => assert!(!page.removable),
        other => panic!("{other:?}"),
    }
    world.act(0, Action::RemoveContact);
    index(&mut world, 0);
    assert_eq!(names(&world, 0), ["Ana"]);
}

#[test]
fn progress_of_a_push_counts_what_is_still_to_come_and_never_begins_anew() {
    let mut world = World::pair();
    let head = r#"{"type":"contacts","data":{"source":"crm"}}"#.to_owned();
    world.input(0, Input::Host(HostInput::ContactsBegin { push: 1, head }));
    for slice in 0..10 {
        let rows: Vec<Value> = (0..100)
            .map(|row| json!({"id": slice * 100 + row, "name": format!("Person {slice} {row}"), "phones": ["1"]}))
            .collect();
        let (rows, to_come) = (Value::Array(rows).to_string(), 900 - slice * 100);
        world.input(0, Input::Host(HostInput::ContactRows { push: 1, rows, to_come }));
        // The index is faster than the rows come in.
        index(&mut world, 0);
        world.run(300);
    }
    world.input(0, Input::Host(HostInput::ContactsEnd { push: 1 }));
    index(&mut world, 0);
    let told: Vec<(u64, u64)> = world.stations[0]
        .kinds("contacts:indexing")
        .iter()
        .map(|data| (data["done"].as_u64().unwrap(), data["total"].as_u64().unwrap()))
        .collect();
    assert!(told.len() >= 9, "{told:?}");
    assert!(told.iter().all(|(_, total)| *total == 1_000), "{told:?}");
    assert!(told.is_sorted() && told.last().is_some_and(|(done, _)| *done >= 900), "{told:?}");
    // The next push is counted for itself.
    let head = r#"{"type":"contacts","data":{"source":"crm"}}"#.to_owned();
    world.input(0, Input::Host(HostInput::ContactsBegin { push: 2, head }));
    let rows = json!([{"id": 1, "name": "Ana", "phones": ["1"]}]).to_string();
    world.input(0, Input::Host(HostInput::ContactRows { push: 2, rows, to_come: 4 }));
    world.run(300);
    index(&mut world, 0);
    assert_eq!(*world.stations[0].last("contacts:indexing"), json!({"done": 1, "total": 5}));
}

#[test]
fn progress_is_told_at_most_four_times_a_second_also_between_small_pushes() {
    let mut world = World::pair();
    for push in 0..40 {
        let row = json!({"id": push, "name": "Ana", "phones": ["200"]});
        world.host(0, &json!({"type": "contacts", "data": [row]}).to_string());
        index(&mut world, 0);
        world.run(25);
    }
    let told = world.stations[0].kinds("contacts:indexing").len();
    assert!((1..=5).contains(&told), "{told} in a second");
}

#[test]
fn cards_of_a_message_are_answered_by_how_many_were_good_and_how_many_were_not() {
    let mut world = World::pair();
    let card =
        |name: &str, number: &str| format!("BEGIN:VCARD\nVERSION:3.0\nFN:{name}\n{number}\nEND:VCARD\n");
    let text =
        [card("Ana", "TEL:1"), card("Bea", "NOTE:none"), card("Cai", "TEL:3"), card("", "TEL:4")].concat();
    world.host(0, &json!({"type": "contacts:vcf", "id": "a", "data": {"text": text}}).to_string());
    assert_eq!(world.stations[0].response("a")["data"], json!({"count": 2, "rejected": 2}));
    index(&mut world, 0);
    let indexed = world.stations[0].last("contacts:indexed");
    assert_eq!((&indexed["count"], &indexed["rejected"]), (&2.into(), &2.into()));
    assert_eq!(names(&world, 0), ["Ana", "Cai"]);
}

#[test]
fn letters_find_a_screenful_at_once_and_the_rest_when_typing_pauses() {
    /// What a letter finds, and when the rest is looked for (ms).
    const FIRST: usize = 24;
    const PAUSE: u64 = 250;
    let mut world = World::pair();
    let many: Vec<String> = (0..130).map(|n| format!(r#"{{"id":{n},"name":"Ana {n}"}}"#)).collect();
    world.host(0, &format!(r#"{{"type":"contacts","data":[{}]}}"#, many.join(",")));
    index(&mut world, 0);
    let list = |world: &World| match world.view(0).screen {
        view::Screen::Contacts(list) => list,
        other => panic!("{other:?}"),
    };
    let names = |world: &World, rows: usize| -> Vec<String> {
        let screen = view::Screen::Contacts(list(world));
        let rows = world.stations[0].phone.rows(&screen, 0, rows);
        rows.into_iter().map(|row| row.name).collect()
    };
    world.act(0, Action::Tab(view::Tab::Contacts));
    world.act(0, Action::ContactSearch("a".into()));
    world.run(PAUSE - 1);
    world.act(0, Action::ContactSearch("an".into()));
    world.run(PAUSE - 1);
    assert_eq!(
        (list(&world).len(), list(&world).is_begun),
        (FIRST, true),
        "another letter begins the wait anew"
    );
    let first = names(&world, FIRST);
    world.run(1);
    assert_eq!((list(&world).len(), list(&world).is_begun), (100, false));
    assert!(list(&world).is_full());
    assert_eq!(names(&world, FIRST), first, "what stood there stays where it was");
    world.act(0, Action::ContactSearch("ana 12".into()));
    assert_eq!((list(&world).len(), list(&world).is_begun), (11, false), "all of few are known at once");
}
