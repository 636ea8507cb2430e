//! The aims, and beside each what was measured.

use super::{Figures, Own, Stage};

/// Kinds of query that are names.
const NAMES: [&str; 7] =
    ["miss", "one letter", "common name", "full name", "two words, any order", "CJK", "Arabic"];

/// Kinds that must be found without fail.
const EXACT: [&str; 12] = [
    "one letter",
    "common name",
    "full name",
    "two words, any order",
    "one-letter words",
    "letter and word",
    "company word",
    "3 digits",
    "middle digits",
    "extension",
    "CJK",
    "Arabic",
];

/// Octets of brotli of a module that only takes and gives texts: allocator, strings, binder.
const ANY_MODULE: f64 = 8_167.0;

struct Aims {
    missed: usize,
}

impl Aims {
    fn line(&mut self, what: &str, figure: f64, limit: f64, is_most: bool) {
        let met = if is_most { figure <= limit } else { figure >= limit };
        self.missed += usize::from(!met);
        let sign = if is_most { "≤" } else { "≥" };
        println!("{what:<64} {figure:>9.3} {sign} {limit:<8} {}", if met { "met" } else { "MISSED" });
    }

    fn at_most(&mut self, what: &str, figure: f64, limit: f64) {
        self.line(what, figure, limit, true);
    }

    fn at_least(&mut self, what: &str, figure: f64, limit: f64) {
        self.line(what, figure, limit, false);
    }
}

/// Prints each aim with its figure.
pub(crate) fn print(stages: &[(usize, Stage)], own: &Own) {
    println!("\naims");
    let mut aims = Aims { missed: 0 };
    for (size, stage) in stages {
        indexing(&mut aims, *size, stage);
        if *size == 250_000 {
            answers(&mut aims, stage);
        }
    }
    let cpu =
        |wanted: usize| stages.iter().find(|(size, _)| *size == wanted).map(|(_, stage)| stage["ours"].cpu);
    if let (Some(quarter), Some(million)) = (cpu(250_000), cpu(1_000_000)) {
        aims.at_most("CPU at 1,000,000 as times that at 250,000", million / quarter, 5.0);
    }
    for (_, few) in own.few.iter().filter(|(size, _)| *size == 250_000) {
        for (kind, [_, worst, recall, _]) in &few.queries {
            aims.at_most(&format!("{kind}, of few names: worst ms"), *worst, 1.5);
            if EXACT.contains(&kind.as_str()) {
                aims.at_least(&format!("{kind}, of few names: recall %"), recall * 100.0, 100.0);
            }
        }
    }
    for (size, units, [.., longest]) in &own.steps {
        aims.at_most(&format!("longest step of {units} units at {size}, ms"), *longest, 3.0);
    }
    for (size, each) in &own.pushes {
        aims.at_most(&format!("{size} contacts in pushes of 100, µs of CPU each"), *each, 2.6);
    }
    for (country, size, forms) in &own.callers {
        callers(&mut aims, country, *size, forms);
    }
    let [cards, read, megabytes, seconds] = own.cards;
    aims.at_least("vCard, MB/s", megabytes / seconds, 60.0);
    aims.at_least("vCard, good cards read, %", read / cards * 100.0, 100.0);
    let octets = super::variable("SOFTFRAME_OCTETS").parse().unwrap_or(f64::NAN);
    let what = format!("contacts part, kB of brotli beside the {:.1} of any module", ANY_MODULE / 1e3);
    aims.at_most(&what, (octets - ANY_MODULE) / 1e3, 45.0);
    println!("{} missed", aims.missed);
}

fn indexing(aims: &mut Aims, size: usize, stage: &Stage) {
    let ours = &stage["ours"];
    let beside = |name: &str| stage.get(name).filter(|one| one.cut.is_none()).map(|one| one.cpu);
    aims.at_most(&format!("{size} contacts, µs of CPU each"), ours.cpu * 1000.0 / size as f64, 2.6);
    if let Some(scan) = beside("scan") {
        aims.at_most(&format!("{size} contacts, CPU as times the scan's"), ours.cpu / scan, 0.8);
    }
    if let Some(mini) = beside("MiniSearch") {
        aims.at_most(&format!("{size} contacts, CPU as times MiniSearch's"), ours.cpu / mini, 0.05);
    }
    match size {
        250_000 => aims.at_most("250000 contacts, MB", ours.memory, 48.0),
        1_000_000 => aims.at_most("1000000 contacts, MB", ours.memory, 160.0),
        _ => {}
    }
    aims.at_most(&format!("{size} contacts, tasks over 50 ms"), ours.long, 0.0);
}

fn answers(aims: &mut Aims, stage: &Stage) {
    let ours: &Figures = &stage["ours"];
    for (kind, [median, worst, recall, _]) in &ours.queries {
        if NAMES.contains(&kind.as_str()) {
            aims.at_most(&format!("{kind}: median ms"), *median, 0.2);
        }
        if kind == "3 digits" {
            aims.at_most(&format!("{kind}: median ms"), *median, 1.0);
        }
        aims.at_most(&format!("{kind}: worst ms"), *worst, 1.5);
        if EXACT.contains(&kind.as_str()) {
            aims.at_least(&format!("{kind}: recall %"), recall * 100.0, 100.0);
        }
        if matches!(kind.as_str(), "one typo" | "first letter" | "two slips") {
            aims.at_least(&format!("{kind}: recall %"), recall * 100.0, 95.0);
        }
        if kind == "formatted number" {
            aims.at_least(&format!("{kind}: recall %"), recall * 100.0, 99.5);
        }
    }
}

fn callers(aims: &mut Aims, country: &str, size: usize, forms: &[serde_json::Value]) {
    let home = if country.is_empty() { "no country" } else { country };
    for form in forms {
        let name = form[0].as_str().unwrap_or_default();
        let at = |place: usize| form[place].as_f64().unwrap_or(f64::NAN);
        aims.at_least(&format!("caller {name}, {home}, {size}: right %"), at(3) * 100.0, 99.9);
        if name.ends_with("unknown") {
            aims.at_most(&format!("caller {name}, {home}, {size}: wrong hits"), at(4), 0.0);
        }
        if size == 1_000_000 {
            aims.at_most(&format!("caller {name}, {home}, {size}: worst µs"), at(2), 100.0);
        }
    }
}
