//! `cargo xtask test`: every suite, one after the other, and a last line that counts.
//!
//! A suite that cannot run is a failure, never a pass; the later ones run all the same. Tests in real time share their
//! machine with others: few that fail are run again, each alone, and those that pass then are named at the end.

use crate::{
    Outcome, axe,
    child::{cargo, run, say, shown},
    chromium::Chromium,
    disk,
    firefox::Firefox,
    folder, probe, server, telephony, tidy,
    tree::Tree,
    typings,
};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// More failures than this in one suite are no bad luck: nothing is run again.
const MAX_RUN_AGAIN: usize = 3;

/// Tests that passed and failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
    /// Names of those that failed; not of what did not compile or ended early.
    names: Vec<String>,
    /// Names of those that failed, and passed when they were run again.
    again: Vec<String>,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.names.extend(other.names);
        self.again.extend(other.again);
    }
}

type Suite = (&'static str, fn(&Tree, &[String]) -> Outcome<Count>);

/// Browsers with their fake microphones at once: what two cores carry without late answers.
const BROWSERS: usize = 2;

const SUITES: [Suite; 10] = [
    ("format", format),
    ("lints", lints),
    ("tidy", rules),
    ("native", native),
    ("typings", typings),
    ("imports", imports),
    ("browser", browser),
    ("firefox", firefox),
    ("shipped", shipped),
    ("live", live),
];

/// Runs all suites, or the one named by `only`; `filter` goes to its test program.
pub(crate) fn run_all(tree: &Tree, only: Option<&str>, filter: &[String]) -> Outcome {
    if let Some(name) = only.filter(|name| SUITES.iter().all(|(known, _)| known != name)) {
        let known: Vec<&str> = SUITES.iter().map(|(known, _)| *known).collect();
        return Err(format!("there is no suite '{name}'; there are {}.", known.join(", ")));
    }
    if only.is_none() {
        disk::check(tree)?;
    }
    let mut all = Count::default();
    let mut lines = Vec::new();
    for (name, suite) in SUITES.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
        say(format!("suite {name}"));
        let start = Instant::now();
        let count = suite(tree, filter).unwrap_or_else(|sentence| {
            eprintln!("{name}: {sentence}");
            Count { failed: 1, ..Count::default() }
        });
        lines.push(line(name, &count, start.elapsed()));
        all.add(count);
    }
    println!("\n{}", lines.join("\n"));
    if !all.again.is_empty() {
        println!("failed at first, passed when run again alone: {}", all.again.join(", "));
    }
    println!("{} passed, {} failed", all.passed, all.failed);
    if all.failed == 0 { Ok(()) } else { Err("some tests failed; the first cause stands above.".to_owned()) }
}

fn line(name: &str, count: &Count, took: Duration) -> String {
    format!("{name:<8} {:>4} ok {:>3} bad {:>6.1} min", count.passed, count.failed, took.as_secs_f64() / 60.0)
}

fn one(result: Outcome) -> Outcome<Count> {
    result.map(|()| Count { passed: 1, ..Count::default() })
}

fn format(tree: &Tree, _: &[String]) -> Outcome<Count> {
    one(run(cargo(tree).args(["fmt", "--all", "--", "--check"])))
}

fn lints(tree: &Tree, _: &[String]) -> Outcome<Count> {
    one(run(cargo(tree).args(["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])))
}

fn rules(tree: &Tree, _: &[String]) -> Outcome<Count> {
    let mut count = Count::default();
    for (name, broken) in tidy::rules(tree) {
        let broken = broken?;
        for what in &broken {
            eprintln!("{name}: {what}");
        }
        if broken.is_empty() {
            count.passed += 1;
        } else {
            count.failed += 1;
        }
    }
    Ok(count)
}

fn native(tree: &Tree, filter: &[String]) -> Outcome<Count> {
    telephony::find_redis()?;
    let mut cargo = cargo(tree);
    cargo.args([
        "test",
        "--workspace",
        "--exclude",
        "softframe-browser-tests",
        "--exclude",
        "softframe-live",
        "--no-fail-fast",
    ]);
    // The same dice each time; `cargo xtask soak` throws others.
    counted(cargo.args(filter).env("PROPTEST_RNG_SEED", "1"))
}

fn typings(tree: &Tree, _: &[String]) -> Outcome<Count> {
    one(typings::check(tree))
}

fn imports(tree: &Tree, _: &[String]) -> Outcome<Count> {
    one(probe::check(tree))
}

fn browser(tree: &Tree, filter: &[String]) -> Outcome<Count> {
    telephony::find_redis()?;
    telephony::find_web_servers()?;
    telephony::find_pulse()?;
    let program = server::build(tree)?;
    let trapping = folder::make(tree, folder::Kind::Trap)?;
    let pictures = folder::make(tree, folder::Kind::Pictures)?;
    let www = folder::make(tree, folder::Kind::Build)?;
    let axe = axe::script(tree)?;
    let tests = || {
        let mut cargo = with_browser(tree, &program, &www, &trapping, &["test", "--no-fail-fast"])?;
        cargo.env("SOFTFRAME_WWW_PICTURES", &pictures).env("SOFTFRAME_AXE", &axe);
        Ok(cargo)
    };
    let count = in_real_time(tests, BROWSERS, filter)?;
    if filter.is_empty() {
        // What a person looks at after a whole run.
        crate::pictures::sheets(tree)?;
    }
    Ok(count)
}

/// Every screen in every form, and a sheet of each form.
pub(crate) fn pictures(tree: &Tree, for_readme: bool) -> Outcome {
    let mut wanted = vec!["every_screen_fits_its_frame_and_names_its_buttons".to_owned()];
    if for_readme {
        wanted.push("button_of_a_customer_calls_and_a_call_pops_the_customer_up".to_owned());
    }
    let count = browser(tree, &wanted)?;
    crate::pictures::sheets(tree)?;
    if for_readme {
        crate::pictures::put_into_readme(tree)?;
    }
    if count.failed == 0 { Ok(()) } else { Err("some pictures have faults; they stand above.".to_owned()) }
}

/// The main path in the other browser: the sign-in by the form, a call out, a call in, one by the page, contacts from the
/// page and from a file, and the long list.
fn firefox(tree: &Tree, filter: &[String]) -> Outcome<Count> {
    const TESTS: [&str; 9] = [
        "person_who_signs_in_by_the_form_calls_is_called_by_a_contact_and_calls_from_the_page",
        "right_password_signs_in_and_trusts_the_page",
        "click2call_as_documented_brings_audio_both_ways_and_exact_payloads",
        "ringing_call_is_answered_and_both_sides_hear",
        "pushed_contacts_name_the_caller_on_screen_and_in_the_event",
        "dropped_file_is_kept_over_a_reload_and_pushed_contacts_are_not",
        "rows_as_json_text_and_as_lines_in_a_transferred_buffer_are_taken_and_answered",
        "list_says_how_many_there_are_and_are_found_and_begins_each_letter",
        "four_hundred_thousand_lines_through_a_port_are_scrolled_from_the_first_to_the_last",
    ];
    let firefox = Firefox::find(tree)?;
    let program = server::build(tree)?;
    let www = folder::make(tree, folder::Kind::Build)?;
    let tests = || {
        let mut cargo = with_browser(tree, &program, &www, &www, &["test", "--no-fail-fast"])?;
        cargo.env("SOFTFRAME_FIREFOX", &firefox.browser).env("SOFTFRAME_GECKODRIVER", &firefox.driver);
        for file in ["loading", "outgoing", "incoming", "contacts", "contacts_load"] {
            cargo.args(["--test", file]);
        }
        Ok(cargo)
    };
    let wanted: Vec<&str> = filter.iter().map(String::as_str).collect();
    named(tests, if wanted.is_empty() { &TESTS } else { &wanted })
}

/// Runs these tests. One that was given another name must not drop out unseen.
fn named(cargo: impl Fn() -> Outcome<Command>, tests: &[&str]) -> Outcome<Count> {
    let names: Vec<String> = tests.iter().map(|name| (*name).to_owned()).collect();
    let count = in_real_time(cargo, BROWSERS, &names)?;
    let missing = tests.len().saturating_sub(count.passed + count.failed);
    Ok(Count { failed: count.failed + missing, ..count })
}

/// What is shipped is compiled by other rules than what all tests use: a call out, a call in, the end of a
/// core, and 20,000 contacts that are found while they come.
fn shipped(tree: &Tree, _: &[String]) -> Outcome<Count> {
    const TESTS: [&str; 4] = [
        "click2call_as_documented_brings_audio_both_ways_and_exact_payloads",
        "ringing_call_is_answered_and_both_sides_hear",
        "trap_in_a_call_ends_it_once_and_the_next_call_works",
        "twenty_thousand_in_one_message_are_indexed_in_steps_of_at_most_four_milliseconds",
    ];
    let program = server::build(tree)?;
    let trapping = folder::make(tree, folder::Kind::DistTrap)?;
    let www = folder::make(tree, folder::Kind::Dist)?;
    let tests = || {
        let mut cargo = with_browser(tree, &program, &www, &trapping, &["test", "--no-fail-fast"])?;
        cargo.args(["--test", "outgoing", "--test", "incoming", "--test", "faults", "--test", "contacts"]);
        Ok(cargo)
    };
    named(tests, &TESTS)
}

/// Kamailio, SIPp and others as processes: first without a browser, then with the widget in one.
fn live(tree: &Tree, filter: &[String]) -> Outcome<Count> {
    telephony::find()?;
    run(cargo(tree).args(["build", "--package", "softframe-cli"]))?;
    let cli = tree.target.join("debug").join(format!("softframe-cli{}", std::env::consts::EXE_SUFFIX));
    let www = folder::make(tree, folder::Kind::Build)?;
    let mut all = Count::default();
    // Without sound the tests wait most of the time, so that many go on at once.
    for (programs, threads) in
        [(["--lib", "--test=kamailio", "--test=cli"].as_slice(), 8), (&["--test=media"], BROWSERS)]
    {
        let tests = || {
            let mut cargo = cargo(tree);
            cargo
                .args(["test", "--package", "softframe-live", "--no-fail-fast"])
                .args(programs)
                .env("SOFTFRAME_CLI", &cli);
            browser_for(&mut cargo, tree, &www)?;
            Ok(cargo)
        };
        all.add(in_real_time(tests, threads, filter)?);
    }
    Ok(all)
}

/// A cargo command for the package of the browser tests, which finds there all it needs.
pub(crate) fn with_browser(
    tree: &Tree,
    server: &Path,
    www: &Path,
    trapping: &Path,
    arguments: &[&str],
) -> Outcome<Command> {
    let mut cargo = cargo(tree);
    cargo
        .args(arguments)
        .args(["--package", "softframe-browser-tests"])
        .env("SOFTFRAME_SERVER", server)
        .env("SOFTFRAME_WWW_TRAP", trapping)
        .env("SOFTFRAME_DEMO", tree.at("demo"));
    browser_for(&mut cargo, tree, www)?;
    Ok(cargo)
}

/// Says where the widget and a browser for it are.
fn browser_for(cargo: &mut Command, tree: &Tree, www: &Path) -> Outcome {
    let chromium = Chromium::find()?;
    cargo
        .env("SOFTFRAME_WWW", www)
        .env("SOFTFRAME_CHROMIUM", chromium.browser)
        .env("SOFTFRAME_CHROMEDRIVER", chromium.driver)
        .env("SOFTFRAME_PICTURES", tree.built("pictures"));
    Ok(())
}

/// Runs tests that measure real time, so many at once; the few that fail are run again, alone.
fn in_real_time(cargo: impl Fn() -> Outcome<Command>, threads: usize, filter: &[String]) -> Outcome<Count> {
    let mut count = counted(cargo()?.args(["--", "--test-threads", &threads.to_string()]).args(filter))?;
    let is_named = count.failed == count.names.len();
    if count.failed == 0 || count.failed > MAX_RUN_AGAIN || !is_named {
        return Ok(count);
    }
    say(format!("run again, alone: {}", count.names.join(", ")));
    let again = counted(cargo()?.args(["--", "--test-threads", "1", "--exact"]).args(&count.names))?;
    // One that did not run has not passed.
    let passed = again.passed.min(count.failed);
    let (good, bad) = count.names.drain(..).partition(|name| !again.names.contains(name));
    Ok(Count { passed: count.passed + passed, failed: count.failed - passed, names: bad, again: good })
}

/// Runs test programs, shows what they print, and adds up their results.
fn counted(command: &mut Command) -> Outcome<Count> {
    let shown = shown(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    let mut count = Count::default();
    for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines().map_while(Result::ok) {
        println!("{line}");
        if let Some((passed, failed)) = result(&line) {
            count.passed += passed;
            count.failed += failed;
        }
        count.names.extend(failure(&line).map(str::to_owned));
    }
    let status = child.wait().map_err(|error| format!("`{shown}` was lost: {error}"))?;
    if !status.success() && count.failed == 0 {
        // It did not compile, or a test program died before it could count.
        eprintln!("`{shown}` failed ({status}).");
        count.failed = 1;
    }
    Ok(count)
}

/// `test NAME ... FAILED`
fn failure(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// `test result: ok. 3 passed; 0 failed; …`: how many passed, how many failed.
fn result(line: &str) -> Option<(usize, usize)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number =
        |word: &str| counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok());
    Some((number(" passed")?, number(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_counted() {
        for (line, expected) in [
            (
                "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
                Some((3, 0)),
            ),
            (
                "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 1 filtered out",
                Some((12, 2)),
            ),
            ("test agent::tests::x ... ok", None),
            ("test result: odd", None),
        ] {
            assert_eq!(result(line), expected, "{line}");
        }
    }
}
