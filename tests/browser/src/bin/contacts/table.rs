//! The figures as tables of text.

use super::{Figures, Own, RIVALS, Stage};

/// Ours and all others at one size; in brackets how many times ours.
pub(crate) fn print(size: usize, stage: &Stage) {
    let Some(ours) = stage.get("ours") else { return };
    let names: Vec<&str> =
        ["ours", "scan"].into_iter().chain(RIVALS).filter(|name| stage.contains_key(*name)).collect();
    println!("\n{:<24}{}", format!("{size} contacts"), cells(names.iter().map(|name| (*name).to_owned())));
    let all = || names.iter().map(|name| &stage[*name]);
    let row = |what: &str, figure: &dyn Fn(&Figures) -> f64, places: usize| {
        let base = figure(ours);
        let cell = |one: &Figures| match &one.cut {
            Some(_) if one.cpu == 0.0 => "-".to_owned(),
            Some(_) => format!("cut ({:.0}x)", figure(one) / base),
            None if std::ptr::eq(one, ours) => format!("{:.places$}", figure(one)),
            None => format!("{:.places$} ({:.2}x)", figure(one), figure(one) / base),
        };
        println!("{what:<24}{}", cells(all().map(cell)));
    };
    row("CPU to index, ms", &|one| one.cpu, 0);
    row("CPU, µs a contact", &|one| one.cpu * 1000.0 / size as f64, 2);
    row("memory, MB", &|one| one.memory, 1);
    let plain = |what: &str, figure: &dyn Fn(&Figures) -> f64| {
        let cell = |one: &Figures| match &one.cut {
            Some(_) if one.cpu == 0.0 => "-".to_owned(),
            _ => format!("{:.0}", figure(one)),
        };
        println!("{what:<24}{}", cells(all().map(cell)));
    };
    plain("longest task, ms", &|one| one.longest);
    plain("tasks over 50 ms", &|one| one.long);
    for (name, why) in names.iter().filter_map(|name| Some((name, stage[*name].cut.as_ref()?))) {
        println!("{name}: {why}; what it had cost so far stands above");
    }
    println!("ms median/worst, recall/precision of the best 20 in %:");
    for (at, (kind, _)) in ours.queries.iter().enumerate() {
        let cell = |one: &Figures| {
            one.queries.get(at).map_or("-".to_owned(), |(_, [median, worst, recall, precision])| {
                format!("{}/{} {}/{}", short(*median), short(*worst), percent(*recall), percent(*precision))
            })
        };
        println!("{kind:<24}{}", cells(all().map(cell)));
    }
}

fn cells(texts: impl Iterator<Item = String>) -> String {
    texts.map(|text| format!("{text:>26}")).collect()
}

fn short(milliseconds: f64) -> String {
    if milliseconds < 10.0 { format!("{milliseconds:.3}") } else { format!("{milliseconds:.0}") }
}

fn percent(share: f64) -> String {
    if share.is_nan() { "-".to_owned() } else { format!("{:.1}", share * 100.0).replace(".0", "") }
}

/// All sizes as the table of the README.
pub(crate) fn print_markdown(stages: &[(usize, Stage)]) {
    const NAMES: [(&str, &str); 5] = [
        ("ours", "ours"),
        ("scan", "scan"),
        ("MiniSearch", "MiniSearch 7.2"),
        ("FlexSearch", "FlexSearch 0.8"),
        ("elasticlunr", "elasticlunr 0.9, 4-grams"),
    ];
    println!("\n| | {} |", NAMES.map(|(_, title)| title).join(" | "));
    println!("|{}", "---|".repeat(NAMES.len() + 1));
    for (size, stage) in stages {
        let Some(ours) = stage.get("ours") else { continue };
        let row = |what: &str, cell: &dyn Fn(&Figures) -> String| {
            let cell = |name: &str| stage.get(name).map_or("-".to_owned(), cell);
            println!("| {}: {what} | {} |", thousands(*size), NAMES.map(|(name, _)| cell(name)).join(" | "));
        };
        let times = |figure: f64, base: f64| match figure / base {
            1.0 => String::new(),
            times if times < 10.0 => format!(" ({times:.1})"),
            times => format!(" ({times:.0})"),
        };
        row("CPU to index", &|one| match &one.cut {
            Some(why) => why.clone(),
            None => format!("{:.2} s{}", one.cpu / 1e3, times(one.cpu, ours.cpu)),
        });
        row("tasks over 50 ms, the longest", &|one| format!("{:.0}, {:.0} ms", one.long, one.longest));
        row("memory", &|one| match one.memory {
            0.0 => "-".to_owned(),
            held => format!("{held:.0} MB{}", times(held, ours.memory)),
        });
        // Of the smaller sizes the first rows say enough.
        if *size < super::MOST_OF_RIVALS && stages.iter().any(|(other, _)| other > size) {
            continue;
        }
        for (at, (kind, _)) in ours.queries.iter().enumerate() {
            row(&format!("{kind}, median / worst ms, found"), &|one| {
                let figures = one.queries.get(at).map(|(_, figures)| figures);
                figures.map_or("-".to_owned(), |[median, worst, recall, _]| {
                    let found =
                        if recall.is_nan() { String::new() } else { format!(", {} %", percent(*recall)) };
                    format!("{} / {}{found}", two_digits(*median), two_digits(*worst))
                })
            });
        }
    }
}

fn two_digits(milliseconds: f64) -> String {
    let places = if milliseconds < 9.95 { 2 } else { 0 };
    format!("{milliseconds:.places$}")
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok());
    groups.collect::<Vec<_>>().join(",")
}

/// Steps, callers and cards.
pub(crate) fn print_own(own: &Own) {
    println!(
        "\nsteps, the least of four rounds of each, ms {:>12} {:>9} {:>9} {:>9}",
        "steps", "p50", "p99.9", "longest"
    );
    for (size, units, [count, median, rare, longest]) in &own.steps {
        println!(
            "{size:>9} contacts, {units:>2} units a step {count:>22} {median:>9.2} {rare:>9.2} {longest:>9.2}"
        );
    }
    for (size, figures) in &own.few {
        println!("\n{size} contacts of few names: ms median/worst, recall/precision of the best 20 in %");
        for (kind, [median, worst, recall, precision]) in &figures.queries {
            let (median, worst) = (short(*median), short(*worst));
            println!("{kind:<24}{median}/{worst} {}/{}", percent(*recall), percent(*precision));
        }
    }
    for (size, each) in &own.pushes {
        println!("{size:>9} contacts in pushes of 100 that each end: {each:.2} µs of CPU each");
    }
    for (country, size, forms) in &own.callers {
        let home = if country.is_empty() { "no country configured" } else { country };
        println!("\nlook-up by number, {size} contacts, {home}: µs median/worst, right %, wrong hits");
        for form in forms {
            let at = |place: usize| form[place].as_f64().unwrap_or(f64::NAN);
            let name = form[0].as_str().unwrap_or_default();
            println!(
                "{name:<18} {:>7.1}/{:<7.1} {:>7.2} % of {:<5} {:>4} wrong",
                at(1),
                at(2),
                at(3) * 100.0,
                at(5),
                at(4)
            );
        }
    }
    let [cards, read, megabytes, seconds] = own.cards;
    println!("\nvCard: {read} of {cards} cards, {megabytes:.1} MB, {:.0} MB/s", megabytes / seconds);
}
