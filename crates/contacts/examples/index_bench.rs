//! What the index costs: building, memory, the longest step, and answers against a careful linear scan.
//!
//! It never decides whether that is good: it prints.

#![allow(clippy::disallowed_methods, missing_docs)]

#[path = "../tests/people/mod.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod people;

use std::hint::black_box;

use softframe_contacts::{Contacts, Mode, Source};

/// What pushes cost is told so often, for the least to be taken.
const RUNS: usize = 5;

/// Time this thread has worked, in milliseconds: other work of the machine does not count.
fn worked() -> f64 {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells the time of a thread");
    text.split(' ').next().and_then(|ns| ns.parse::<f64>().ok()).expect("nanoseconds") / 1e6
}

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|size| size.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![10_000, 100_000, 250_000] } else { sizes };
    if std::env::args().any(|word| word == "pushes") {
        for size in sizes {
            println!("{size} contacts");
            pushes(&people::people(1, size));
        }
        return;
    }
    if std::env::args().any(|word| word == "queries") {
        for size in sizes {
            for (book, rows) in [("many", people::people(1, size)), ("few", people::of_few_names(1, size))] {
                println!("\n{size} contacts of {book} names");
                let contacts = batches(&rows, true);
                for (kind, queries) in queries(&rows) {
                    row(kind, &timed(&queries, |query| contacts.search(query, 20).len()), None);
                }
            }
        }
        return;
    }
    cards();
    for size in sizes {
        bench(size);
    }
}

/// Files of small cards and of cards with pictures, fed as a browser's stream gives them.
fn cards() {
    let picture = "A".repeat(73);
    let picture: String = (0..400).map(|_| format!(" {picture}\r\n")).collect();
    for (kind, photo) in
        [("small", String::new()), ("with pictures", format!("PHOTO;ENCODING=b:AAAA\r\n{picture}"))]
    {
        let card = |row: &softframe_contacts::Contact| {
            let tel =
                row.phones.iter().map(|p| format!("TEL;TYPE=CELL:{}\r\n", p.number)).collect::<String>();
            format!(
                "BEGIN:VCARD\r\nVERSION:3.0\r\nN:{0};;;;\r\nFN:{0}\r\n{tel}{photo}REV:2026\r\nEND:VCARD\r\n",
                row.name
            )
        };
        let file: String =
            people::people(2, if photo.is_empty() { 50_000 } else { 1000 }).iter().map(card).collect();
        let mut reader = softframe_contacts::vcard::Reader::new();
        let (start, mut count) = (worked(), 0);
        for chunk in file.as_bytes().chunks(65_536) {
            reader.feed(chunk);
            while reader.next_card().is_some() {
                count += 1;
            }
        }
        reader.finish();
        println!("{count} cards, {kind}: {:.0} MB/s", file.len() as f64 / 1e3 / (worked() - start));
    }
}

fn bench(size: usize) {
    let rows = people::people(1, size);
    let octets: usize = rows
        .iter()
        .map(|row| row.name.len() + row.phones.iter().map(|p| p.number.len()).sum::<usize>())
        .sum();
    println!("\n{size} contacts, {} octets of name and numbers each", octets / size);
    let source = Source::Host("bench".into());
    let mut contacts = Contacts::new();
    let start = worked();
    contacts.begin(source.clone(), Mode::Upsert);
    for row in &rows {
        contacts.push(&source, row.clone());
    }
    contacts.end(&source);
    let pushed = worked();
    while contacts.step(16) {}
    let built = worked();
    println!(
        "push {:.0} ms, index {:.0} ms: {:.2} µs a contact; {:.1} MB, {} octets a contact",
        pushed - start,
        built - pushed,
        (built - start) * 1000.0 / size as f64,
        contacts.memory() as f64 / 1e6,
        contacts.memory() / size
    );
    batches(&rows, true);
    pushes(&rows);
    steps(&rows);
    let scan = Scan::new(&rows);
    for (kind, queries) in queries(&rows) {
        let index = timed(&queries, |query| contacts.search(query, 20).len());
        let linear = timed(&queries, |query| scan.search(query, 20).len());
        row(kind, &index, Some(&linear));
    }
    let mut seed = people::Seed::new(9);
    let callers: Vec<String> = (0..40)
        .map(|n| {
            if n % 4 == 0 {
                people::number(&mut seed).0
            } else {
                rows[seed.below(size)].phones[0].number.clone()
            }
        })
        .collect();
    row("caller", &timed(&callers, |number| contacts.by_number(number).len()), None);
    let starts: Vec<String> = (0..40).map(|_| seed.below(size).to_string()).collect();
    row("page of 20", &timed(&starts, |start| contacts.page(start.parse().unwrap_or(0), 20).len()), None);
}

/// As a host's library sends them: messages of 100 with time to run dry in between, each a push of its own, or all
/// one push.
fn batches(rows: &[softframe_contacts::Contact], is_one: bool) -> Contacts {
    let source = Source::Host("bench".into());
    let mut contacts = Contacts::new();
    let start = worked();
    contacts.begin(source.clone(), Mode::Upsert);
    for batch in rows.chunks(100) {
        if !is_one {
            contacts.begin(source.clone(), Mode::Upsert);
        }
        for row in batch {
            contacts.push(&source, row.clone());
        }
        if !is_one {
            contacts.end(&source);
        }
        while contacts.step(16) {}
    }
    contacts.end(&source);
    while contacts.step(16) {}
    let cost = (worked() - start) * 1000.0 / rows.len() as f64;
    println!("in batches of 100, one push {is_one}: {cost:.2} µs a contact, found {}", contacts.len());
    contacts
}

/// Pushes of their own, and what searches cost over the segments that they leave.
fn pushes(rows: &[softframe_contacts::Contact]) {
    let contacts = batches(rows, false);
    for _ in 1..RUNS {
        batches(rows, false);
    }
    for (kind, queries) in queries(rows) {
        row(kind, &timed(&queries, |query| contacts.search(query, 20).len()), None);
    }
}

/// Steps of one unit, and of sixteen: how long they take. The work is the same every time, so of three runs the
/// least of each step counts: what the machine did beside is not the index's.
fn steps(rows: &[softframe_contacts::Contact]) {
    for units in [1, 16] {
        let mut times = run_in_steps(rows, units);
        for _ in 0..2 {
            for (least, time) in times.iter_mut().zip(run_in_steps(rows, units)) {
                *least = least.min(time);
            }
        }
        times.sort_by(f64::total_cmp);
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
        println!(
            "steps of {units:>2} units: {} in all, p50 {:.3}, p99 {:.3}, p99.9 {:.3}, longest {:.2} ms",
            times.len(),
            at(0.5),
            at(0.99),
            at(0.999),
            at(1.0)
        );
    }
}

fn run_in_steps(rows: &[softframe_contacts::Contact], units: u32) -> Vec<f64> {
    let mut contacts = Contacts::new();
    for row in rows {
        contacts.push(&Source::Vcard, row.clone());
    }
    let mut times = Vec::new();
    loop {
        let start = std::time::Instant::now();
        let more = contacts.step(units);
        times.push(start.elapsed().as_secs_f64() * 1e3);
        if !more {
            return times;
        }
    }
}

type Queries = Vec<(&'static str, Vec<String>)>;

fn queries(rows: &[softframe_contacts::Contact]) -> Queries {
    let mut seed = people::Seed::new(7);
    let mut make = |f: &dyn Fn(&str, &str) -> Option<String>| -> Vec<String> {
        let mut made = Vec::new();
        // A book may have no word that is so long.
        for _ in 0..100_000 {
            if made.len() == 40 {
                break;
            }
            let row = &rows[seed.below(rows.len())];
            made.extend(f(&row.name, &row.phones[0].number));
        }
        made
    };
    let companies: Vec<&str> = rows.iter().filter_map(|row| row.company.as_deref()).collect();
    let company = |seed: &mut people::Seed, letters: usize| {
        let last = seed.of(&companies).split(' ').next_back().unwrap_or_default();
        last.chars().take(letters).collect::<String>()
    };
    let mut of_companies = people::Seed::new(8);
    let mut in_company = |letters| (0..40).map(|_| company(&mut of_companies, letters)).collect();
    let (company_1, company_9): (Vec<String>, Vec<String>) = (in_company(1), in_company(9));
    fn word(name: &str, at: usize, letters: usize) -> Option<String> {
        name.split(' ')
            .nth(at)
            .filter(|word| word.chars().count() >= letters)
            .map(|word| word.chars().take(letters).collect())
    }
    fn digits(number: &str, from: usize, count: usize) -> Option<String> {
        let all: String = number.chars().filter(char::is_ascii_digit).collect();
        all.get(from..from + count).map(str::to_owned)
    }
    vec![
        ("1 letter", make(&|name, _| word(name, 0, 1))),
        ("2 letters", make(&|name, _| word(name, 1, 2))),
        ("3 letters", make(&|name, _| word(name, 1, 3))),
        ("5 letters", make(&|name, _| word(name, 1, 5))),
        ("1 + 1 letters", make(&|name, _| Some(format!("{} {}", word(name, 1, 1)?, word(name, 0, 1)?)))),
        ("in order 1 + 1", make(&|name, _| Some(format!("{} {}", word(name, 0, 1)?, word(name, 1, 1)?)))),
        (
            "1 + 1 + 1",
            make(&|name, _| {
                Some(format!("{} {} {}", word(name, 2, 1)?, word(name, 0, 1)?, word(name, 1, 1)?))
            }),
        ),
        ("twice 1", make(&|name, _| Some(format!("{0} {0}", word(name, 1, 1)?)))),
        ("1 + 6 letters", make(&|name, _| Some(format!("{} {}", word(name, 0, 1)?, word(name, 1, 6)?)))),
        ("2 + 2 letters", make(&|name, _| Some(format!("{} {}", word(name, 1, 2)?, word(name, 0, 2)?)))),
        (
            "typo of 6",
            make(&|name, _| {
                let word = word(name, 1, 6)?;
                let mut letters: Vec<char> = word.chars().collect();
                letters.swap(2, 3);
                (letters[2] != letters[3]).then(|| letters.into_iter().collect())
            }),
        ),
        (
            "first of 6",
            make(&|name, _| {
                let word = word(name, 1, 6)?;
                let mut letters: Vec<char> = word.chars().collect();
                letters.swap(0, 1);
                (letters[0] != letters[1]).then(|| letters.into_iter().collect())
            }),
        ),
        (
            "two slips of 9",
            make(&|name, _| {
                let word = word(name, 1, 9)?;
                let mut letters: Vec<char> = word.chars().collect();
                letters.swap(2, 3);
                letters.remove(6);
                (letters[2] != letters[3]).then(|| letters.into_iter().collect())
            }),
        ),
        ("miss of 9", make(&|name, _| Some(format!("{}qqqqq", word(name, 1, 4)?)))),
        ("miss", make(&|name, _| Some(format!("{}q", word(name, 1, 3)?)))),
        ("company's 1", company_1),
        ("company's word", company_9),
        ("1 digit", make(&|_, number| digits(number, 0, 1))),
        ("2 digits", make(&|_, number| digits(number, 3, 2))),
        ("3 digits", make(&|_, number| digits(number, 4, 3))),
        ("5 digits", make(&|_, number| digits(number, 3, 5))),
        ("7 digits", make(&|_, number| digits(number, 2, 7))),
    ]
}

fn timed(queries: &[String], answer: impl Fn(&str) -> usize) -> Vec<f64> {
    let mut times = Vec::new();
    for query in queries {
        // The least of three: what the machine did beside is not the index's.
        let best = (0..3).map(|_| {
            let start = std::time::Instant::now();
            black_box(answer(black_box(query)));
            start.elapsed().as_secs_f64() * 1e3
        });
        times.push(best.fold(f64::MAX, f64::min));
    }
    times.sort_by(f64::total_cmp);
    times
}

fn row(kind: &str, index: &[f64], scan: Option<&[f64]>) {
    if index.is_empty() {
        return;
    }
    let p50 = |times: &[f64]| times[times.len() / 2];
    let max = |times: &[f64]| times[times.len() - 1];
    print!("{kind:<14} p50 {:>7.3} max {:>7.3} ms", p50(index), max(index));
    match scan {
        Some(scan) => println!(
            "   scan p50 {:>7.3} max {:>7.3} ms   ×{:.0}",
            p50(scan),
            max(scan),
            p50(scan) / p50(index)
        ),
        None => println!(),
    }
}

/// The simplest that is right for plain letters: names in lower case, digits without signs, looked at one by one.
struct Scan {
    rows: Vec<(String, String)>,
}

impl Scan {
    fn new(rows: &[softframe_contacts::Contact]) -> Scan {
        let start = worked();
        let rows = rows.iter().map(|row| {
            let name = format!(" {} {}", row.name, row.company.as_deref().unwrap_or(""))
                .to_lowercase()
                .replace('-', " ");
            let digits =
                row.phones.iter().map(|p| p.number.chars().filter(char::is_ascii_digit).collect::<String>());
            (name, digits.collect::<Vec<_>>().join(" "))
        });
        let scan = Scan { rows: rows.collect() };
        println!("a scan's preparation {:.0} ms", worked() - start);
        scan
    }

    fn search(&self, query: &str, max: usize) -> Vec<usize> {
        let is_digits = query.chars().all(|c| c.is_ascii_digit());
        let words: Vec<String> = query.split(' ').map(|word| format!(" {}", word.to_lowercase())).collect();
        let is_hit = |(name, digits): &(String, String)| {
            if is_digits {
                digits.contains(query)
            } else {
                words.iter().all(|word| name.contains(word.as_str()))
            }
        };
        let mut hits: Vec<(&str, usize)> = self
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| is_hit(row))
            .map(|(at, row)| (row.0.as_str(), at))
            .collect();
        if hits.len() > max {
            hits.select_nth_unstable(max);
            hits.truncate(max);
        }
        hits.sort_unstable();
        hits.into_iter().map(|(_, at)| at).collect()
    }
}
