//! The contact store against a plain map: whatever is pushed, exchanged and removed in whatever order and however far
//! the index has come, in the end it has what the map has, and a search finds what a look at every contact finds.

use crate::{Target, bytes::Bytes};
use softframe_contacts::{Contact, Contacts, Hit, MAX_PHONES, Mode, PhoneNumber, Source, chunk};
use std::collections::BTreeMap;

pub(crate) const TARGET: Target = Target { name: "contacts", run, seeds, words: &[], max_octets: 512 };

/// Words of several scripts that share beginnings, and one that folds to nothing.
const WORDS: [&str; 20] = [
    "Ana", "Anaïs", "an", "Bo", "Böll", "ŁÓDŹ", "Straße", "O'Neil", "Иван", "иван", "田中", "محمد", "ﬁnn",
    "2nd", "X", "Ana-Bo", "Çağla", "ǅ", "a\u{301}", "İ",
];
const NUMBERS: [&str; 12] = [
    "201",
    "2012",
    "+34600123456",
    "600 123 456",
    "0034600123456",
    "034600123456",
    "+49 (0)30 1234567",
    "030/1234567",
    "911",
    "*21#",
    "no digits",
    "+1 212 555 0100 ext. 9",
];

fn seeds() -> Vec<Vec<u8>> {
    (0..6_u8)
        .map(|seed| (0..120_u8).map(|at| at.wrapping_mul(37).wrapping_add(seed.wrapping_mul(101))).collect())
        .collect()
}

type Model = BTreeMap<(Source, String), Contact>;

fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let (mut contacts, mut model) = (Contacts::new(), Model::new());
    let mut steps = 0;
    while !bytes.is_empty() && steps < 200 {
        act(&mut bytes, &mut contacts, &mut model);
        steps += 1;
    }
    judge(&mut contacts, &model);
    let mut copy = Contacts::new();
    for (source, _) in contacts.sources() {
        let mut cursor = 0;
        while let Some((rows, next)) = contacts.export(&source, cursor) {
            assert_eq!(copy.push_chunk(&source, &chunk::encode(&rows), |_| false), Ok(rows.len()));
            cursor = next;
        }
    }
    judge(&mut copy, &model);
}

fn source(bytes: &mut Bytes) -> Source {
    match bytes.below(3) {
        0 => Source::Vcard,
        1 => Source::Host("a".to_owned()),
        _ => Source::Host("b".to_owned()),
    }
}

fn id(bytes: &mut Bytes) -> String {
    format!("c{}", bytes.below(40))
}

fn contact(bytes: &mut Bytes) -> Contact {
    let id = id(bytes);
    let words: Vec<&str> = (0..1 + bytes.below(3)).map(|_| bytes.pick(&WORDS)).collect();
    let phone = |bytes: &mut Bytes| {
        let (number, kind) = (bytes.pick(&NUMBERS).to_owned(), bytes.pick(&["", "work", "boat"]));
        PhoneNumber { number, kind: Some(kind.to_owned()).filter(|kind| !kind.is_empty()) }
    };
    let phones = (0..bytes.below(4)).map(|_| phone(bytes)).collect();
    let company = bytes.chance(3).then(|| bytes.pick(&WORDS).to_owned());
    let email = bytes.chance(5).then(|| "a@b.example".to_owned());
    Contact { id, name: words.join(" "), phones, company, title: None, email, username: None }
}

fn act(bytes: &mut Bytes, contacts: &mut Contacts, model: &mut Model) {
    match bytes.below(11) {
        0..=4 => {
            let (source, replaces) = (source(bytes), bytes.chance(4));
            if replaces {
                model.retain(|(other, _), _| *other != source);
            }
            contacts.begin(source.clone(), if replaces { Mode::Replace } else { Mode::Upsert });
            for _ in 0..bytes.below(12) {
                let contact = contact(bytes);
                model.insert((source.clone(), contact.id.clone()), contact.clone());
                contacts.push(&source, contact);
                if bytes.chance(8) {
                    contacts.step(1);
                }
            }
            contacts.end(&source);
        }
        5 => {
            let source = source(bytes);
            let ids: Vec<String> = (0..1 + bytes.below(8)).map(|_| id(bytes)).collect();
            contacts.remove(&source, &ids);
            ids.into_iter().for_each(|id| drop(model.remove(&(source.clone(), id))));
        }
        6 => {
            let source = source(bytes);
            contacts.clear(&source);
            model.retain(|(other, _), _| *other != source);
        }
        7 => drop(contacts.step(u32::from(bytes.octet() % 8))),
        8 => finish(contacts),
        9 => {
            let preferred = (0..bytes.below(6)).map(|_| (source(bytes), id(bytes)));
            contacts.prefer(preferred.collect());
        }
        _ => {
            // In the middle of everything only what was pushed some time can be found, and each only once.
            let found = contacts.search(bytes.pick(&WORDS), 50);
            let mut keys: Vec<_> =
                found.iter().map(|hit| (hit.source.clone(), hit.contact.id.clone())).collect();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), found.len(), "somebody is found twice");
            let _ = contacts.by_number(bytes.pick(&NUMBERS));
        }
    }
}

fn finish(contacts: &mut Contacts) {
    let mut steps = 0;
    while contacts.step(8) {
        steps += 1;
        assert!(steps < 100_000, "the index never comes to rest");
    }
}

fn judge(contacts: &mut Contacts, model: &Model) {
    finish(contacts);
    assert_eq!(contacts.progress(), None);
    assert_eq!(contacts.len(), model.len());
    let key = |hit: &Hit| (hit.source.clone(), hit.contact.id.clone());
    let listed: Model =
        contacts.page(0, model.len() + 9).into_iter().map(|hit| (key(&hit), hit.contact)).collect();
    assert_eq!(&listed, model);
    for ((source, id), contact) in model {
        assert_eq!(contacts.get(source, id).map(|hit| hit.contact).as_ref(), Some(contact));
    }
    for word in WORDS {
        let found = contacts.search(word, 200);
        let is_whole = |contact: &Contact| {
            let names = contact.name.split(' ').chain(contact.company.as_deref());
            names.into_iter().any(|name| name == word)
        };
        for (key, _) in model.iter().filter(|(_, contact)| is_whole(contact)) {
            assert!(
                found.iter().any(|hit| (&hit.source, &hit.contact.id) == (&key.0, &key.1)),
                "{word} finds {key:?}"
            );
        }
        for hit in &found {
            assert_eq!(model.get(&key(hit)), Some(&hit.contact), "{word}");
            let cuts = hit.name_ranges.iter().all(|range| hit.contact.name.get(range.clone()).is_some());
            let number = hit.phone.and_then(|at| hit.contact.phones.get(at));
            let marks = hit
                .phone_range
                .clone()
                .is_none_or(|range| number.is_some_and(|phone| phone.number.get(range).is_some()));
            assert!(cuts && marks, "{word}: {hit:?}");
        }
    }
    for number in NUMBERS {
        let found = contacts.by_number(number);
        let is_same =
            |contact: &Contact| contact.phones.iter().take(MAX_PHONES).any(|phone| phone.number == number);
        let expected = model.values().filter(|contact| is_same(contact)).count();
        if number != "no digits" {
            assert!(found.len() >= expected.min(20), "{number}: {} of {expected}", found.len());
        }
        assert!(found.iter().all(|hit| model.get(&key(hit)) == Some(&hit.contact)), "{number}");
    }
}
