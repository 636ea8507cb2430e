//! The index against brute force: the same contacts in the same order, whatever was pushed, exchanged and removed.
//!
//! It never shares code with the index: words are folded by Unicode's own tables, digits compared one by one.

mod people;

use std::collections::BTreeMap;

use people::Seed;
use softframe_contacts::{Contact, Contacts, Mode, PhoneNumber, Source};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

fn host() -> Source {
    Source::Host("host".into())
}

fn words(text: &str) -> Vec<String> {
    let plain: String = text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
        .flat_map(|c| match c {
            'ł' => vec!['l'],
            'ø' => vec!['o'],
            'ß' => vec!['s', 's'],
            'ς' => vec!['σ'],
            '\'' => vec![],
            c => vec![c],
        })
        .collect();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// A contact as brute force sees it.
struct Row {
    id: String,
    name: Vec<String>,
    company: Vec<String>,
    numbers: Vec<String>,
}

impl Row {
    fn new(contact: &Contact) -> Row {
        Row {
            id: contact.id.clone(),
            name: words(&contact.name),
            company: contact.company.as_deref().map(words).unwrap_or_default(),
            numbers: contact.phones.iter().map(|phone| digits(&phone.number)).collect(),
        }
    }

    /// 0 a whole word, 2 a beginning; 1 more away from its place, 4 more in the company; the sum over the query.
    fn score(&self, query: &[String]) -> Option<usize> {
        let begun = |word: &String, typed: &String| {
            word.starts_with(typed.as_str()).then(|| if word == typed { 0 } else { 2 })
        };
        let best = |(place, typed): (usize, &String)| {
            let name = self
                .name
                .iter()
                .enumerate()
                .filter_map(|(at, word)| Some(begun(word, typed)? + usize::from(at != place)));
            let company = self.company.iter().filter_map(|word| Some(begun(word, typed)? + 4));
            name.chain(company).min()
        };
        query.iter().enumerate().map(best).sum()
    }
}

fn filled(rows: &[Contact]) -> Contacts {
    let mut contacts = Contacts::new();
    contacts.begin(host(), Mode::Upsert);
    for row in rows {
        contacts.push(&host(), row.clone());
    }
    contacts.end(&host());
    while contacts.step(64) {}
    contacts
}

fn ids(hits: Vec<softframe_contacts::Hit>) -> Vec<String> {
    hits.into_iter().map(|hit| hit.contact.id).collect()
}

/// The first `letters` letters of word `at`.
fn begin(row: &Row, at: usize, letters: usize) -> Option<String> {
    let word = row.name.get(at)?;
    (word.chars().count() >= letters).then(|| word.chars().take(letters).collect())
}

#[test]
fn prefixes_find_what_brute_force_finds_in_the_same_order() {
    for people in [people::people(3, 9000), people::of_few_names(3, 9000)] {
        let mut rows: Vec<Row> = people.iter().map(Row::new).collect();
        let mut contacts = filled(&people);
        compare_prefixes(&contacts, &rows, &[]);
        // Too few to make segments anew, so the marks count.
        let gone: Vec<String> = rows.iter().step_by(7).map(|row| row.id.clone()).collect();
        contacts.remove(&host(), &gone);
        while contacts.step(64) {}
        rows.retain(|row| !gone.contains(&row.id));
        compare_prefixes(&contacts, &rows, &[]);
        // Some of them, some who are gone, and somebody who never was there.
        let mut preferred: Vec<String> =
            people.iter().step_by(241).map(|contact| contact.id.clone()).collect();
        preferred.insert(7, "nobody".to_owned());
        contacts.prefer(preferred.iter().map(|id| (host(), id.clone())).collect());
        compare_prefixes(&contacts, &rows, &preferred);
    }
}

fn compare_prefixes(contacts: &Contacts, rows: &[Row], preferred: &[String]) {
    let mut seed = Seed::new(4);
    let mut asked = 0;
    while asked < 300 {
        let row = &rows[seed.below(rows.len())];
        // Every other time of few letters, which begin thousands of words.
        let lengths: &[usize] = if asked % 2 == 0 { &[1, 1, 1, 2] } else { &[1, 2, 3, 5, 8] };
        let one = |seed: &mut Seed| {
            let company = row.company.get(seed.below(4)).filter(|_| seed.below(6) == 0);
            company.cloned().or_else(|| begin(row, seed.below(3), seed.of(lengths)))
        };
        let query: Option<Vec<String>> = (0..1 + asked % 4).map(|_| one(&mut seed)).collect();
        let Some(query) = query else { continue };
        compare(contacts, rows, &query, preferred);
        asked += 1;
    }
}

fn compare(contacts: &Contacts, rows: &[Row], query: &[String], preferred: &[String]) {
    let place = |row: &Row| preferred.iter().position(|id| *id == row.id).unwrap_or(usize::MAX);
    let mut expected: Vec<(usize, usize, String, usize)> = rows
        .iter()
        .enumerate()
        .filter_map(|(at, row)| Some((row.score(query)?, place(row), row.name.join(" "), at)))
        .collect();
    expected.sort();
    let expected: Vec<&str> = expected.iter().take(20).map(|(.., at)| rows[*at].id.as_str()).collect();
    let mut found = ids(contacts.search(&query.join(" "), 20));
    // Beyond what is exact come the forgiven ones, which have a test of their own.
    assert!(expected.len() == 20 || found.len() >= expected.len());
    found.truncate(expected.len());
    assert_eq!(found, expected, "{query:?}");
}

#[test]
fn equal_words_are_counted_once_each_as_brute_force_does() {
    let mut people = people::of_few_names(5, 3000);
    let mut seed = Seed::new(6);
    for person in &mut people {
        let name = person.name.clone();
        let words: Vec<&str> = name.split(' ').collect();
        // One name twice, in the company again, alone, or as it was.
        person.name = match seed.below(6) {
            0 => format!("{0} {0}", words[0]),
            1 => format!("{0} {1} {0}", words[0], words[1]),
            2 => words[0].to_owned(),
            _ => continue,
        };
        person.company = (seed.below(2) == 0).then(|| format!("{0} {0}", words[0]));
    }
    let rows: Vec<Row> = people.iter().map(Row::new).collect();
    let contacts = filled(&people);
    for _ in 0..200 {
        let row = &rows[seed.below(rows.len())];
        let Some(word) = begin(row, seed.below(2), seed.of(&[1, 1, 2, 3])) else { continue };
        let whole = row.name[0].clone();
        for query in [vec![&word; 2], vec![&word; 3], vec![&whole; 2], vec![&word, &whole, &word]] {
            compare(&contacts, &rows, &query.into_iter().cloned().collect::<Vec<_>>(), &[]);
        }
    }
}

#[test]
fn digits_find_what_brute_force_finds() {
    let people = people::people(5, 9000);
    let rows: Vec<Row> = people.iter().map(Row::new).collect();
    let contacts = filled(&people);
    let mut seed = Seed::new(6);
    for asked in 0..300 {
        let number = seed.of(&rows.iter().map(|row| row.numbers[0].as_str()).collect::<Vec<_>>()[..]);
        let count = [1, 2, 3, 4, 5, 7, 9][asked % 7];
        let Some(from) = number.len().checked_sub(count).map(|room| seed.below(room + 1)) else { continue };
        let query = &number[from..from + count];
        if query.starts_with("00") {
            // Also the beginning of a call abroad.
            continue;
        }
        let has = |row: &&Row| row.numbers.iter().any(|number| number.contains(query));
        let expected: Vec<&str> = rows.iter().filter(has).map(|row| row.id.as_str()).collect();
        let found = ids(contacts.search(query, 20));
        assert_eq!(found.len(), expected.len().min(20), "{query}");
        assert!(found.iter().all(|id| expected.contains(&id.as_str())), "{query}");
        // Whole numbers come first.
        let whole = rows.iter().filter(|row| row.numbers.iter().any(|number| number == query)).count();
        let of = |id: &String| rows.iter().find(|row| row.id == *id).unwrap();
        let first = found.iter().take(whole).all(|id| of(id).numbers.iter().any(|number| number == query));
        assert!(first, "{query}: {whole} whole");
    }
}

#[test]
fn one_slip_is_forgiven_as_long_as_there_is_room() {
    let people = people::people(8, 3000);
    let contacts = filled(&people);
    let rows: Vec<Row> = people.iter().map(Row::new).collect();
    let mut seed = Seed::new(9);
    let (mut asked, mut found) = (0, 0);
    while asked < 200 {
        let row = &rows[seed.below(rows.len())];
        let Some(word) = begin(row, 1, 7) else { continue };
        let mut letters: Vec<char> = word.chars().collect();
        let at = 1 + seed.below(5);
        match seed.below(3) {
            0 => drop(letters.remove(at)),
            1 => letters.insert(at, 'w'),
            _ => letters.swap(at, at + 1),
        }
        let query: String = letters.into_iter().collect();
        asked += 1;
        found += usize::from(ids(contacts.search(&query, 20)).contains(&row.id));
    }
    assert!(found >= 195, "{found} of {asked}");
}

#[test]
fn slip_in_the_first_letter_and_two_in_a_long_word_are_forgiven_as_long_as_there_is_room() {
    let people = people::people(8, 3000);
    let contacts = filled(&people);
    let rows: Vec<Row> = people.iter().map(Row::new).collect();
    let mut seed = Seed::new(9);
    for kind in ["first", "two"] {
        let (mut asked, mut found) = (0, 0);
        while asked < 200 {
            let row = &rows[seed.below(rows.len())];
            let Some(word) = row.name.get(seed.below(2)).filter(|word| word.chars().count() >= 9) else {
                continue;
            };
            let mut letters: Vec<char> = word.chars().collect();
            match (kind, seed.below(3)) {
                ("first", 0) => letters[0] = letters[4],
                ("first", 1) => drop(letters.remove(0)),
                ("first", _) => letters.swap(0, 1),
                (_, 0) => (letters[2], letters[6]) = ('w', 'y'),
                (_, 1) => drop((letters.remove(7), letters.swap(3, 4))),
                (_, _) => (letters.insert(1, 'w'), letters.insert(6, 'w')).0,
            }
            let query: String = letters.into_iter().filter(|letter| letter.is_alphabetic()).collect();
            if query.chars().count() < 8 {
                continue;
            }
            asked += 1;
            found += usize::from(ids(contacts.search(&query, 500)).contains(&row.id));
        }
        assert!(found >= 198, "{kind}: {found} of {asked}");
    }
}

#[test]
fn callers_are_named_in_four_forms_and_strangers_are_not() {
    let mut seed = Seed::new(10);
    let numbers: Vec<(String, String)> = (0..4000).map(|_| people::number(&mut seed)).collect();
    let contact = |(at, (_, written)): (usize, &(String, String))| Contact {
        id: at.to_string(),
        name: format!("P{at}"),
        phones: vec![PhoneNumber { number: written.clone(), kind: None }],
        ..Contact::default()
    };
    let people: Vec<Contact> = numbers.iter().enumerate().map(contact).collect();
    let contacts = filled(&people);
    let mut wrong = Vec::new();
    for (at, (full, _)) in numbers.iter().enumerate().step_by(7) {
        let bare = full.trim_start_matches('+');
        let (code, trunk, _) = people::PLANS
            .iter()
            .find(|(code, _, length)| bare.starts_with(code) && bare.len() == code.len() + length)
            .unwrap();
        let forms =
            [full.clone(), format!("00{bare}"), bare.to_owned(), format!("{trunk}{}", &bare[code.len()..])];
        for form in forms {
            if !ids(contacts.by_number(&form)).contains(&at.to_string()) {
                wrong.push((form, numbers[at].1.clone()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    let strangers = (0..20_000)
        .map(|_| people::number(&mut seed).0)
        .filter(|number| !contacts.by_number(number).is_empty());
    assert_eq!(strangers.count(), 0);
}

#[test]
fn pages_are_stretches_of_one_alphabetical_list() {
    let people = people::people(11, 9000);
    let mut contacts = filled(&people);
    let mut sorted: Vec<(String, usize)> =
        people.iter().enumerate().map(|(at, contact)| (words(&contact.name).join(" "), at)).collect();
    sorted.sort();
    let check = |contacts: &Contacts, sorted: &[(String, usize)]| {
        assert_eq!(contacts.len(), sorted.len());
        for start in (0..sorted.len() + 40).step_by(397) {
            let expected = sorted.iter().skip(start).take(30).map(|(_, at)| people[*at].id.clone());
            assert_eq!(ids(contacts.page(start, 30)), expected.collect::<Vec<_>>(), "{start}");
        }
    };
    check(&contacts, &sorted);
    // A fifth is removed: too few to make segments anew, so the marks count.
    let gone: Vec<String> = people.iter().step_by(5).map(|contact| contact.id.clone()).collect();
    contacts.remove(&host(), &gone);
    while contacts.step(64) {}
    sorted.retain(|(_, at)| at % 5 != 0);
    check(&contacts, &sorted);
}

/// What the host has said, by source and id.
type Model = BTreeMap<(Source, String), Contact>;

fn check_all(contacts: &mut Contacts, model: &Model, round: usize) {
    while contacts.step(8) {}
    assert_eq!(contacts.len(), model.len(), "round {round}");
    let mut listed: Vec<(Source, Contact)> =
        contacts.page(0, model.len() + 9).into_iter().map(|hit| (hit.source, hit.contact)).collect();
    let mut expected: Vec<(Source, Contact)> =
        model.iter().map(|((source, _), contact)| (source.clone(), contact.clone())).collect();
    let by_name =
        |(_, a): &(Source, Contact), (_, b): &(Source, Contact)| words(&a.name).cmp(&words(&b.name));
    assert!(listed.is_sorted_by(|a, b| by_name(a, b).is_le()), "round {round}");
    let key = |(source, contact): &(Source, Contact)| (source.clone(), contact.id.clone());
    listed.sort_by_key(key);
    expected.sort_by_key(key);
    assert!(listed == expected, "round {round}");
    for ((source, id), contact) in model.iter().take(20) {
        assert_eq!(&contacts.get(source, id).unwrap().contact, contact);
        let found = contacts.by_number(&contact.phones[0].number);
        assert!(
            found.iter().any(|hit| hit.contact == *contact && hit.source == *source),
            "round {round}: {contact:?}"
        );
        let count = contacts
            .search(&contact.name, 1000)
            .iter()
            .filter(|hit| hit.contact.id == *id && hit.source == *source)
            .count();
        assert_eq!(count, 1, "round {round}: {}", contact.name);
    }
}

#[test]
fn pushes_in_any_order_end_in_what_the_host_said() {
    for round in 0..12 {
        let mut seed = Seed::new(100 + round as u64);
        let mut contacts = Contacts::new();
        let mut model = Model::new();
        let mut serial = 0;
        for _ in 0..60 {
            let source = seed.of(&["a", "b"]);
            let source = if seed.below(3) == 0 { Source::Vcard } else { Source::Host(source.into()) };
            match seed.below(10) {
                0 => {
                    contacts.clear(&source);
                    model.retain(|(other, _), _| *other != source);
                }
                1..=2 => {
                    let ids: Vec<String> =
                        (0..1 + seed.below(30)).map(|_| format!("c{}", seed.below(60))).collect();
                    contacts.remove(&source, &ids);
                    ids.iter().for_each(|id| drop(model.remove(&(source.clone(), id.clone()))));
                }
                wish => {
                    let mode = if wish == 3 { Mode::Replace } else { Mode::Upsert };
                    if mode == Mode::Replace {
                        model.retain(|(other, _), _| *other != source);
                    }
                    contacts.begin(source.clone(), mode);
                    for _ in 0..seed.below(40) {
                        let mut contact = people::person(&mut seed, serial);
                        serial += 1;
                        contact.id = format!("c{}", seed.below(60));
                        contacts.push(&source, contact.clone());
                        model.insert((source.clone(), contact.id.clone()), contact);
                        if seed.below(10) == 0 {
                            contacts.step(1);
                        }
                    }
                    contacts.end(&source);
                }
            }
            // Often it runs dry, so that many small segments come and are merged.
            match seed.below(4) {
                0 => {}
                1 => drop(contacts.step(1 + seed.below(9) as u32)),
                _ => while contacts.step(2) {},
            }
        }
        check_all(&mut contacts, &model, round);
        // What is written out and read again is the same.
        let mut copy = Contacts::new();
        for (source, _) in contacts.sources() {
            let mut cursor = 0;
            while let Some((rows, next)) = contacts.export(&source, cursor) {
                let chunk = softframe_contacts::chunk::encode(&rows);
                assert_eq!(copy.push_chunk(&source, &chunk, |_| false), Ok(rows.len()));
                cursor = next;
            }
        }
        check_all(&mut copy, &model, round);
    }
}

#[test]
fn numbers_are_read_again_when_the_country_is_known() {
    let people = [Contact {
        id: "1".into(),
        name: "Ana".into(),
        phones: vec![PhoneNumber { number: "600 123 456".into(), kind: None }],
        ..Contact::default()
    }];
    let mut contacts = filled(&people);
    assert!(contacts.search("+34600", 9).is_empty());
    assert!(contacts.set_country("es"));
    while contacts.step(1) {}
    let hit = contacts.search("+34600", 9).remove(0);
    assert_eq!(hit.phone_range, Some(0..3));
    assert_eq!(ids(contacts.search("0034600", 9)), ["1"]);
    assert_eq!(ids(contacts.by_number("+34600123456")), ["1"]);
    assert!(contacts.by_number("+33600123456").is_empty());
    assert!(!contacts.set_country("??"));
}

#[test]
fn step_never_does_more_than_its_units() {
    let people = people::people(12, 9000);
    let mut contacts = Contacts::new();
    contacts.begin(host(), Mode::Upsert);
    for contact in &people {
        contacts.push(&host(), contact.clone());
    }
    contacts.end(&host());
    let (mut steps, mut done, mut found_after) = (0, 0, None);
    while contacts.step(1) {
        steps += 1;
        let (now, known) = contacts.progress().unwrap();
        assert_eq!(known, people.len());
        // The shortest row has over 16 octets.
        assert!(now - done <= 1024 / 16, "{} rows in one unit", now - done);
        done = now;
        if found_after.is_none() && !contacts.search("ana", 1).is_empty() {
            found_after = Some(now);
        }
    }
    let text: usize = people.iter().map(|contact| contact.name.len() + contact.phones[0].number.len()).sum();
    assert!(steps > text / 1024, "{steps} steps for {text} octets");
    // The first segment is found while the others are still made.
    assert_eq!(found_after, Some(4096));
    assert_eq!(contacts.progress(), None);
}
