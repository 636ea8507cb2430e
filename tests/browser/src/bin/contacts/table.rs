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
