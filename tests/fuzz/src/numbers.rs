//! Whose number is this: a number finds itself, and two numbers are the same from both sides.

use crate::Target;
use softframe_contacts::{Contact, Contacts, MAX_NUMBER_CHARS, Mode, PhoneNumber, Source};

pub(crate) const TARGET: Target = Target { name: "numbers", run, seeds, words: WORDS, max_octets: 160 };

const WORDS: &[&str] = &[
    "+34",
    "0034",
    "034",
    "+49 (0)30",
    "tel:",
    ";ext=",
    " ext. ",
    "x12",
    " / 12",
    "+1",
    "011",
    "8~10",
    "*21#",
    "911",
    "\u{ff0b}",
    "\u{660}\u{661}",
    "\u{ff10}",
    "+",
    "00",
    "0",
    "(0)",
    "ES",
    "DE",
    "US",
    "IT",
    "RU",
    "\n",
];

/// Country, a number, another.
fn seeds() -> Vec<Vec<u8>> {
    [
        "ES\n600 123 456\n+34600123456",
        "DE\n+49 (0)30 123456\n030/123456",
        "US\n(212) 555-0100 ext. 7\n12125550100",
        "IT\n06 698\n+39 06 698",
        "\n201\n201",
        "RU\n8 495 123-45-67\ntel:+7-495-1234567;ext=5",
        "FR\n0033 1 23 45 67 89\n\u{ff0b}33123456789",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// One promise of three for each input, by its length: books take their time.
fn run(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets).into_owned();
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let (country, a, b) = (next(), next(), next());
    let mut first = book(country, a);
    let one_way = first.by_number(b).len();
    let _ = (first.search(a, 5), first.search(b, 5));
    // What is too long is left out.
    let is_short = |number: &str| number.chars().count() <= MAX_NUMBER_CHARS;
    if is_short(a) && is_plain(a) {
        assert_eq!(first.by_number(a).len(), 1, "{a:?} in {country:?} finds itself");
    }
    match octets.len() % 3 {
        0 if is_short(a) && is_short(b) => {
            assert_eq!(one_way, book(country, b).by_number(a).len(), "{a:?} and {b:?} in {country:?}");
        }
        1 => {
            let mut late = book("", a);
            late.set_country(country);
            finish(&mut late);
            assert_eq!(late.by_number(b).len(), one_way, "{a:?} and {b:?}, {country:?} later");
        }
        _ => {
            first.set_country("");
            finish(&mut first);
            let never = book("", a);
            assert_eq!(
                first.by_number(b).len(),
                never.by_number(b).len(),
                "{a:?} and {b:?}, not {country:?} any more"
            );
        }
    }
}

/// Digits before anything that could end a number.
fn is_plain(number: &str) -> bool {
    let start = number.trim().trim_start_matches(['+', '(', ' ']);
    start.starts_with(|c: char| c.is_ascii_digit())
}

fn book(country: &str, number: &str) -> Contacts {
    let source = Source::Host("host".to_owned());
    let mut contacts = Contacts::new();
    contacts.set_country(country);
    contacts.begin(source.clone(), Mode::Upsert);
    let phones = vec![PhoneNumber { number: number.to_owned(), kind: None }];
    contacts.push(&source, Contact { id: "1".into(), name: "Ana".into(), phones, ..Contact::default() });
    contacts.end(&source);
    finish(&mut contacts);
    contacts
}

fn finish(contacts: &mut Contacts) {
    let mut steps = 0;
    while contacts.step(8) {
        steps += 1;
        assert!(steps < 10_000, "the index never comes to rest");
    }
}
