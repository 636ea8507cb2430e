//! What pushed contacts answer: found by words and digits, named by number, listed, exchanged and removed.
//!
//! It never looks inside: only the public doors are used.

use softframe_contacts::{Contact, Contacts, Indexed, Mode, PhoneNumber, Rejection, Source};

fn host() -> Source {
    Source::Host("host".into())
}

fn contact(id: &str, name: &str, phones: &[&str]) -> Contact {
    let phones = phones.iter().map(|number| PhoneNumber { number: (*number).into(), kind: None });
    Contact { id: id.into(), name: name.into(), phones: phones.collect(), ..Contact::default() }
}

fn push(contacts: &mut Contacts, mode: Mode, rows: &[Contact]) {
    contacts.begin(host(), mode);
    for row in rows {
        contacts.push(&host(), row.clone());
    }
    contacts.end(&host());
    while contacts.step(4) {}
}

fn with(rows: &[(&str, &[&str])]) -> Contacts {
    let mut contacts = Contacts::new();
    let rows: Vec<Contact> = rows.iter().map(|(name, phones)| contact(name, name, phones)).collect();
    push(&mut contacts, Mode::Upsert, &rows);
    contacts
}

fn names(hits: Vec<softframe_contacts::Hit>) -> Vec<String> {
    hits.into_iter().map(|hit| hit.contact.name).collect()
}

const PEOPLE: &[(&str, &[&str])] = &[
    ("Ana María López", &["+34 600 123 456"]),
    ("Álvaro Núñez", &["91 108 54 60"]),
    ("Maria Anders", &["0049 (0)30 901820"]),
    ("O'Brien, Seán", &["(212) 555-0147", "404"]),
    ("Łukasz Żak", &["+48 22 123 45 67"]),
    ("Straße GmbH", &["+49 89 1234567 ext. 12"]),
    ("Ο Οδυσσέας", &["٠١٢٣٤٥٦٧٨٩"]),
];

#[test]
fn words_match_as_prefixes_in_any_order_without_case_or_accents() {
    let contacts = with(PEOPLE);
    let check =
        |query: &str, expected: &[&str]| assert_eq!(names(contacts.search(query, 20)), expected, "{query}");
    check("maria", &["Maria Anders", "Ana María López"]);
    check("marie", &["Maria Anders", "Ana María López"]);
    check("lop ana", &["Ana María López"]);
    check("LÓPEZ", &["Ana María López"]);
    check("alv nun", &["Álvaro Núñez"]);
    check("an", &["Ana María López", "Maria Anders"]);
    check("obri", &["O'Brien, Seán"]);
    check("o'b sea", &["O'Brien, Seán"]);
    check("lukasz zak", &["Łukasz Żak"]);
    check("strasse", &["Straße GmbH"]);
    check("οδυσσεασ", &["Ο Οδυσσέας"]);
    check("ria", &[]);
    check("aria", &["Maria Anders", "Ana María López"]);
    check("naria", &["Maria Anders", "Ana María López"]);
    check("anedrs", &["Maria Anders"]);
    check("mari andrs", &["Maria Anders"]);
    check("mria andrs", &[]);
    check("", &[]);
    check("  ", &[]);
}

#[test]
fn digits_match_anywhere_in_a_number_however_it_is_written() {
    let contacts = with(PEOPLE);
    let check =
        |query: &str, expected: &[&str]| assert_eq!(names(contacts.search(query, 20)), expected, "{query}");
    check("600123", &["Ana María López"]);
    check("0 12", &["Ο Οδυσσέας", "Ana María López"]);
    check("+34 600", &["Ana María López"]);
    check("0034600", &["Ana María López"]);
    check("91 108", &["Álvaro Núñez"]);
    check("404", &["O'Brien, Seán"]);
    check("55-01", &["O'Brien, Seán"]);
    check("9018", &["Maria Anders"]);
    check("+49 (0)30 9018", &["Maria Anders"]);
    check("٣٤٥٦٧٨", &["Ο Οδυσσέας"]);
    check("gmbh 8912", &["Straße GmbH"]);
    check("99999", &[]);
}

#[test]
fn extension_of_four_digits_is_found_among_numbers_that_have_them_inside() {
    let mut rows: Vec<Contact> = (0..3000)
        .map(|at| contact(&at.to_string(), &format!("A{at}"), &[&format!("+34 6{at:04} 1492 {at:04}")]))
        .collect();
    rows.push(contact("z", "Zoe", &["1492"]));
    let mut contacts = Contacts::new();
    push(&mut contacts, Mode::Upsert, &rows);
    assert_eq!(names(contacts.search("1492", 20))[0], "Zoe");
}

#[test]
fn name_that_is_there_as_typed_brings_those_one_slip_away_and_none_further() {
    let contacts = with(&[
        ("Maria Schneider", &[]),
        ("Maria Schnaider", &[]),
        ("Maria Schnaidar", &[]),
        ("Varia Schneider", &[]),
    ]);
    let check =
        |query: &str, expected: &[&str]| assert_eq!(names(contacts.search(query, 20)), expected, "{query}");
    check("maria schneider", &["Maria Schneider", "Maria Schnaider"]);
    // Where it is not written out yet, one may be meant that is further away.
    check("maria schneide", &["Maria Schneider", "Maria Schnaider", "Maria Schnaidar", "Varia Schneider"]);
}

#[test]
fn slip_is_forgiven_beside_digits_only_where_those_are_there() {
    let people: Vec<String> =
        (0..1_000).map(|number| format!("Person {} {}", number / 100, number % 100)).collect();
    let rows: Vec<(&str, &[&str])> = people.iter().map(|name| (name.as_str(), &["1"][..])).collect();
    let contacts = with(&rows);
    for query in ["perso 7 42", "persom 7 42", "preson 7 42", "42 7 persn"] {
        assert_eq!(names(contacts.search(query, 3)), ["Person 7 42"], "{query}");
    }
}

#[test]
fn whole_word_with_a_slip_comes_before_longer_ones() {
    let contacts = with(&[("Ana Martaba", &["1"]), ("Bo Martabe", &["2"]), ("Zoe Marta", &["3"])]);
    assert_eq!(names(contacts.search("marrta", 20)), ["Zoe Marta", "Ana Martaba", "Bo Martabe"]);
}

#[test]
fn whole_word_with_a_slip_in_its_first_letter_is_found_before_many_that_only_begin_so() {
    let mut rows: Vec<Contact> =
        (0..30).map(|at| contact(&at.to_string(), &format!("Arctander {at}"), &["1"])).collect();
    rows.push(contact("z", "Zoe Garcia", &["2"]));
    let mut contacts = Contacts::new();
    push(&mut contacts, Mode::Upsert, &rows);
    for query in ["arcia", "barcia", "agrcia"] {
        assert_eq!(names(contacts.search(query, 20))[0], "Zoe Garcia", "{query}");
    }
}

#[test]
fn whom_one_prefers_comes_first_among_those_who_answer_as_well() {
    let mut contacts = with(&[
        ("Ana Alba", &["+34600111001"]),
        ("Ana Bosch", &["+34600111002"]),
        ("Ana Cruz", &["+34600111003"]),
        ("Anabel Diaz", &["+34600111004"]),
        ("Bea Anaya", &["+34600111005"]),
    ]);
    let id = |contacts: &Contacts, name: &str| (host(), contacts.search(name, 1)[0].contact.id.clone());
    let wanted = ["Bea Anaya", "Ana Cruz", "Anabel Diaz", "Ana Bosch"].map(|name| id(&contacts, name));
    contacts.prefer(wanted.to_vec());
    let found = |query: &str| names(contacts.search(query, 20));
    // Whole words first, then beginnings in their place; of each, whom one prefers, in that order.
    assert_eq!(found("ana"), ["Ana Cruz", "Ana Bosch", "Ana Alba", "Anabel Diaz", "Bea Anaya"]);
    assert_eq!(found("600111")[..4], ["Bea Anaya", "Ana Cruz", "Anabel Diaz", "Ana Bosch"]);
    assert_eq!(found("ana cruy"), ["Ana Cruz"]);
    // A list that is too short for all has them all the same.
    assert_eq!(names(contacts.search("ana", 1)), ["Ana Cruz"]);
    // Also where a slip is forgiven.
    assert_eq!(names(contacts.search("anabol", 2)), ["Anabel Diaz"]);
    contacts.remove(&host(), &[wanted[1].1.clone()]);
    while contacts.step(8) {}
    assert_eq!(names(contacts.search("ana", 2)), ["Ana Bosch", "Ana Alba"]);
}

#[test]
fn hits_tell_what_matched() {
    let contacts = with(PEOPLE);
    let hit = contacts.search("lop ana", 1).remove(0);
    let marked: Vec<&str> = hit.name_ranges.iter().map(|range| &hit.contact.name[range.clone()]).collect();
    assert_eq!(marked, ["Ana", "Lóp"]);
    let hit = contacts.search("55501", 1).remove(0);
    assert_eq!(hit.phone, Some(0));
    assert_eq!(hit.phone_range.map(|range| &hit.contact.phones[0].number[range]), Some("555-01"));
    let hit = contacts.search("404", 1).remove(0);
    assert_eq!(hit.phone, Some(1));
    assert_eq!(hit.phone_range, Some(0..3));
    let hit = contacts.search("gmbh 8912", 1).remove(0);
    assert_eq!(hit.phone_range.map(|range| &hit.contact.phones[0].number[range]), Some("89 12"));
}

#[test]
fn callers_are_named_in_every_form_of_their_number() {
    let contacts = with(PEOPLE);
    let check =
        |number: &str, expected: &[&str]| assert_eq!(names(contacts.by_number(number)), expected, "{number}");
    for number in ["+34600123456", "0034600123456", "600123456", "34600123456", "tel:+34-600-123-456"] {
        check(number, &["Ana María López"]);
    }
    check("+34911085460", &["Álvaro Núñez"]);
    check("+4930901820", &["Maria Anders"]);
    check("030901820", &["Maria Anders"]);
    check("+12125550147", &["O'Brien, Seán"]);
    check("404", &["O'Brien, Seán"]);
    check("04", &[]);
    check("12", &[]);
    check("+49891234567", &["Straße GmbH"]);
    check("+34600123457", &[]);
    check("+44600123456", &[]);
    check("anonymous", &[]);
    check("", &[]);
}

#[test]
fn number_from_abroad_without_its_plus_sign_is_known_where_national_ones_begin_with_zero() {
    for (home, expected) in [("DE", &["Ana"][..]), ("US", &[])] {
        let mut contacts = Contacts::new();
        contacts.set_country(home);
        push(&mut contacts, Mode::Upsert, &[contact("1", "Ana", &["+45 12 34 56 78"])]);
        assert_eq!(names(contacts.by_number("+4512345678")), ["Ana"]);
        // In the United States these ten digits are somebody else's.
        assert_eq!(names(contacts.by_number("4512345678")), expected, "{home}");
    }
}

#[test]
fn upsert_exchanges_by_id_and_the_same_again_changes_nothing() {
    let mut contacts = Contacts::new();
    push(&mut contacts, Mode::Upsert, &[contact("1", "Ana", &["100"]), contact("2", "Bo", &["200"])]);
    let first = contacts.poll_indexed().unwrap();
    assert_eq!((first.count, first.added, first.updated, first.removed), (2, 2, 0, 0));
    push(&mut contacts, Mode::Upsert, &[contact("2", "Bob", &["200"]), contact("1", "Ana", &["100"])]);
    let second = contacts.poll_indexed().unwrap();
    assert_eq!((second.count, second.added, second.updated, second.removed), (2, 0, 1, 0));
    assert_eq!(names(contacts.page(0, 9)), ["Ana", "Bob"]);
    assert_eq!(names(contacts.by_number("200")), ["Bob"]);
    assert_eq!(contacts.get(&host(), "2").unwrap().contact.name, "Bob");
    assert_eq!(contacts.poll_indexed(), None);
}

#[test]
fn replace_keeps_what_it_names_and_shows_the_old_until_its_end() {
    let mut contacts = Contacts::new();
    push(&mut contacts, Mode::Upsert, &[contact("1", "Ana", &["1"]), contact("2", "Bo", &["2"])]);
    contacts.poll_indexed();
    contacts.begin(host(), Mode::Replace);
    contacts.push(&host(), contact("2", "Bob", &["2"]));
    contacts.push(&host(), contact("3", "Cy", &["3"]));
    while contacts.step(4) {}
    assert_eq!(names(contacts.page(0, 9)), ["Ana", "Bo"]);
    assert_eq!(contacts.poll_indexed(), None);
    contacts.end(&host());
    while contacts.step(4) {}
    assert_eq!(names(contacts.page(0, 9)), ["Bob", "Cy"]);
    let report = contacts.poll_indexed().unwrap();
    assert_eq!((report.count, report.added, report.updated, report.removed), (2, 1, 1, 1));
}

#[test]
fn replacement_that_another_one_overtakes_is_never_shown_and_not_counted() {
    for old in [&[contact("1", "Old", &["1"])][..], &[]] {
        let mut contacts = Contacts::new();
        push(&mut contacts, Mode::Replace, old);
        while contacts.poll_indexed().is_some() {}
        contacts.begin(host(), Mode::Replace);
        for n in 0..3_000 {
            contacts.push(&host(), contact(&n.to_string(), "Ana", &["2"]));
        }
        while contacts.step(1) {}
        contacts.begin(host(), Mode::Replace);
        contacts.push(&host(), contact("1", "Bo", &["3"]));
        contacts.push(&host(), contact("x", "Cy", &["4"]));
        while contacts.step(1) {}
        if !old.is_empty() {
            assert_eq!(names(contacts.page(0, 9)), ["Old"]);
        }
        contacts.end(&host());
        while contacts.step(1) {}
        assert_eq!(names(contacts.page(0, 9)), ["Bo", "Cy"]);
        assert!(!holds(&contacts, "Ana"));
        let indexed = contacts.poll_indexed().expect("a report");
        assert_eq!(indexed.count, 2);
        if !old.is_empty() {
            assert_eq!((indexed.added, indexed.updated, indexed.removed), (1, 1, 0));
        }
    }
}

#[test]
fn sources_are_not_mixed() {
    let mut contacts = Contacts::new();
    push(&mut contacts, Mode::Upsert, &[contact("1", "Ana", &["1"])]);
    contacts.begin(Source::Vcard, Mode::Upsert);
    contacts.push(&Source::Vcard, contact("1", "Ana Card", &["1"]));
    contacts.end(&Source::Vcard);
    while contacts.step(1) {}
    assert_eq!(contacts.len(), 2);
    contacts.remove(&host(), &["1".into(), "9".into()]);
    while contacts.step(1) {}
    assert_eq!(names(contacts.search("ana", 9)), ["Ana Card"]);
    contacts.clear(&Source::Vcard);
    assert!(contacts.is_empty());
    assert_eq!(names(contacts.by_number("1")), Vec::<String>::new());
    let mut reports: Vec<Indexed> = std::iter::from_fn(|| contacts.poll_indexed()).collect();
    reports.sort_by(|a, b| a.source.cmp(&b.source));
    assert_eq!(
        reports.iter().map(|report| (report.count, report.removed)).collect::<Vec<_>>(),
        [(0, 1), (0, 1)]
    );
}

#[test]
fn rows_that_cannot_be_kept_are_counted() {
    let mut contacts = Contacts::new();
    let long = "x".repeat(129);
    push(
        &mut contacts,
        Mode::Upsert,
        &[
            contact("", "No id", &[]),
            contact("1", " ", &["1"]),
            contact(&long, "Long", &[]),
            contact("2", "Bo", &[]),
        ],
    );
    contacts.reject(&host(), Rejection::Shape);
    let mut report = contacts.poll_indexed().unwrap();
    report.reasons.sort();
    assert_eq!((report.count, report.rejected), (1, 4));
    assert_eq!(
        report.reasons,
        [(Rejection::Shape, 1), (Rejection::NoId, 1), (Rejection::NoName, 1), (Rejection::TooLarge, 1)]
    );
}

#[test]
fn contacts_pushed_one_by_one_are_all_found_in_the_order_pushed() {
    let mut contacts = Contacts::new();
    for at in 0..700 {
        push(
            &mut contacts,
            Mode::Upsert,
            &[contact(&at.to_string(), &format!("N{at:03}"), &["600 123 456"])],
        );
        assert_eq!(contacts.len(), at + 1);
    }
    let expected: Vec<String> = (0..700).map(|at| format!("N{at:03}")).collect();
    assert_eq!(names(contacts.page(0, 1000)), expected);
    assert_eq!(names(contacts.search("n", 1000)), expected);
    assert_eq!(names(contacts.by_number("+34600123456")), expected[..20]);
    assert_eq!(contacts.poll_indexed().unwrap().added, 700);
}

#[test]
fn open_push_is_found_while_more_of_it_comes() {
    let mut contacts = Contacts::new();
    contacts.begin(host(), Mode::Replace);
    let mut found = Vec::new();
    for at in 0..3000 {
        contacts.push(&host(), contact(&at.to_string(), &format!("N{at}"), &["1"]));
        if at % 100 == 99 {
            while contacts.step(8) {}
            found.push(contacts.len());
        }
    }
    assert!(found.contains(&1100) || found.contains(&1024), "{found:?}");
    assert!(found.iter().zip(1..).all(|(found, batches)| found + 1100 >= batches * 100), "{found:?}");
    contacts.end(&host());
    while contacts.step(8) {}
    assert_eq!(contacts.len(), 3000);
}

#[test]
// The test looks at the clock, the crate does not.
#[allow(clippy::disallowed_methods)]
fn number_that_everybody_has_is_looked_up_no_slower_than_one_that_few_have() {
    let time = |count: usize| {
        let mut contacts = Contacts::new();
        let source = Source::Host("host".into());
        contacts.begin(source.clone(), Mode::Upsert);
        for id in 0..count {
            let phones = vec![PhoneNumber { number: "+34 911 085 460".into(), kind: None }];
            contacts.push(
                &source,
                Contact { id: id.to_string(), name: "A".into(), phones, ..Contact::default() },
            );
        }
        contacts.end(&source);
        while contacts.step(1_000) {}
        let runs = (0..5).map(|_| {
            let begin = std::time::Instant::now();
            assert_eq!(contacts.by_number("+34911085460").len(), 20);
            begin.elapsed()
        });
        runs.min().expect("five runs")
    };
    let (few, many) = (time(200), time(20_000));
    assert!(many < few * 20 + std::time::Duration::from_millis(2), "{few:?}, {many:?}");
}

/// Whether these octets stand anywhere in what the store holds: every list of numbers is printed, records and words too.
fn holds(contacts: &Contacts, text: &str) -> bool {
    let numbers: Vec<String> = text.bytes().map(|octet| octet.to_string()).collect();
    let all = format!("{contacts:?}");
    all.contains(&numbers.join(", ")) || all.contains(text)
}

#[test]
fn no_octet_of_an_old_book_is_left_after_replace_clear_and_remove_all() {
    let old: Vec<Contact> = (0..300)
        .map(|n| contact(&format!("zqxid{n}"), &format!("Zqxold Family{n}"), &["+34 911 222 333"]))
        .collect();
    let ids: Vec<String> = old.iter().map(|row| row.id.clone()).collect();
    let new = [contact("1", "Ana", &["+34 600 000 000"])];
    type Forget<'a> = &'a dyn Fn(&mut Contacts);
    let ways: [(&str, Forget); 3] = [
        ("replace", &|contacts| push(contacts, Mode::Replace, &new)),
        ("clear", &|contacts| contacts.clear(&host())),
        ("remove all", &|contacts| contacts.remove(&host(), &ids)),
    ];
    for (way, forget) in ways {
        let mut contacts = Contacts::new();
        push(&mut contacts, Mode::Upsert, &old);
        for text in ["Zqxold", "zqxold", "911 222 333", "zqxid7"] {
            assert!(holds(&contacts, text), "{way}: {text} is not found where it is");
        }
        forget(&mut contacts);
        while contacts.step(4) {}
        for text in ["Zqxold", "zqxold", "911 222 333", "zqxid7"] {
            assert!(!holds(&contacts, text), "{way}: {text} is left");
        }
    }
}

#[test]
fn no_octet_of_one_contact_is_left_once_it_was_changed_or_removed_and_purged() {
    for keeps in [true, false] {
        let mut contacts = Contacts::new();
        let mut book: Vec<Contact> =
            (0..9_000).map(|n| contact(&n.to_string(), &format!("Ana {n}"), &["+34 600 000 000"])).collect();
        book[7] = contact("zqxid", "Zqxold Name", &["+34 911 222 333"]);
        push(&mut contacts, Mode::Upsert, &book);
        while contacts.step(4) {}
        if keeps {
            push(&mut contacts, Mode::Upsert, &[contact("zqxid", "New", &["+34 600 000 001"])]);
        } else {
            contacts.remove(&host(), &["zqxid".to_owned()]);
        }
        contacts.purge(&host());
        while contacts.step(4) {}
        for text in ["Zqxold", "zqxold", "911 222 333"] {
            assert!(!holds(&contacts, text), "{text} is left");
        }
        assert_eq!(contacts.len(), 8_999 + usize::from(keeps));
        assert_eq!(contacts.search("new", 5).len(), usize::from(keeps));
    }
}

#[test]
fn user_name_finds_its_contact_until_that_is_pushed_without_it_and_no_search_finds_it() {
    let mut contacts = Contacts::new();
    let named = |id: &str, name: &str, username: Option<&str>| Contact {
        username: username.map(str::to_owned),
        ..contact(id, name, &["1058"])
    };
    let of = |contacts: &Contacts, username: &str| contacts.by_username(username).map(|hit| hit.contact.id);
    push(&mut contacts, Mode::Upsert, &[named("1", "Jim", None), named("2", "Jane", Some("jblack"))]);
    assert_eq!(of(&contacts, "jblack").as_deref(), Some("2"));
    let hit = contacts.get(&host(), "2").unwrap();
    assert_eq!((hit.contact.username.as_deref(), hit.contact.phones.len()), (Some("jblack"), 1));
    assert_eq!((of(&contacts, "jblac"), of(&contacts, "Jblack"), of(&contacts, "")), (None, None, None));
    assert!(contacts.search("jblack", 9).is_empty());
    push(&mut contacts, Mode::Upsert, &[named("2", "Jane", None)]);
    assert_eq!(of(&contacts, "jblack"), None);
}

#[test]
fn user_names_of_a_large_book_are_found_through_merges_exchanges_and_another_country() {
    const COUNT: usize = 40_000;
    let mut contacts = Contacts::new();
    let named = |at: usize, username: String| Contact {
        username: Some(username),
        ..contact(&at.to_string(), &format!("Person {at}"), &["1058"])
    };
    let all: Vec<Contact> = (0..COUNT).map(|at| named(at, format!("user{at}"))).collect();
    for part in all.chunks(COUNT / 10) {
        push(&mut contacts, Mode::Upsert, part);
    }
    let of = |contacts: &Contacts, username: &str| contacts.by_username(username).map(|hit| hit.contact.id);
    let finds_all = |contacts: &Contacts| {
        (0..COUNT).step_by(37).all(|at| of(contacts, &format!("user{at}")) == Some(at.to_string()))
    };
    assert!(finds_all(&contacts));
    assert_eq!(of(&contacts, &format!("user{COUNT}")), None);
    assert!(contacts.set_country("ES"));
    while contacts.step(64) {}
    assert!(finds_all(&contacts));
    // Two have the same: the first counts until it is gone.
    push(&mut contacts, Mode::Upsert, &[named(COUNT, "user0".into())]);
    assert_eq!(of(&contacts, "user0").as_deref(), Some("0"));
    contacts.remove(&host(), &["0".to_owned()]);
    while contacts.step(64) {}
    assert_eq!(of(&contacts, "user0"), Some(COUNT.to_string()));
}

#[test]
fn stored_chunk_is_taken_without_those_that_are_gone() {
    let rows: Vec<Contact> =
        (0..300).map(|n| contact(&n.to_string(), &format!("Ana {n}"), &["+34 600 11 22 33"])).collect();
    let octets = softframe_contacts::chunk::encode(&rows);
    let mut contacts = Contacts::new();
    contacts.begin(Source::Vcard, Mode::Upsert);
    let taken = contacts.push_chunk(&Source::Vcard, &octets, |id| id.ends_with('7'));
    contacts.end(&Source::Vcard);
    while contacts.step(4) {}
    assert_eq!((taken, contacts.len()), (Ok(270), 270));
    assert!(contacts.get(&Source::Vcard, "7").is_none() && contacts.get(&Source::Vcard, "8").is_some());
    assert!(!holds(&contacts, "Ana 297"));
}
