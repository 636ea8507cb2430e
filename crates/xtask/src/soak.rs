//! `cargo xtask soak`: the tests of damaged input and of random weather for as long as one likes, with fresh dice each
//! time, every fuzz target for longer, pages with thousands of calls, answered ones and refused ones, and the largest
//! file of contacts.

use crate::{
    Outcome,
    child::{cargo, run},
    folder, fuzz, server, suites,
    tree::Tree,
};

/// How long each runs, unless `--seconds` says otherwise.
const SECONDS: u64 = 60;
/// Random days of three phones that a busy machine plays in a second.
const CASES_A_SECOND: u64 = 20;
/// How much longer each fuzz target runs: what is rare takes its time.
const FUZZ_FACTOR: u64 = 5;
/// Calls in one page; answered ones take twenty minutes.
const CALLS: &str = "2000";
/// The most contacts that are taken.
const CONTACTS: &str = "1000000";
/// The largest vCard file that is taken, in millions of octets.
const MEGABYTES: &str = "256";

/// One after the other, so that their counts can be compared.
pub(crate) fn run_all(tree: &Tree, seconds: Option<&str>) -> Outcome {
    let seconds = seconds
        .map_or(Ok(SECONDS), |text| text.parse::<u64>().map_err(|_| format!("'{text}' is no number.")))?;
    let mut weather = cargo(tree);
    weather.args(["test", "-p", "softframe-sim", "--test", "torture", "--test", "soak", "--test", "agents"]);
    weather.args(["--", "--nocapture", "--test-threads=1", "never_stop", "never_panic", "random_weather"]);
    run(weather.env("SOFTFRAME_SOAK", seconds.to_string()))?;
    let mut phones = cargo(tree);
    phones.args(["test", "-p", "softframe-sim", "--test", "phones", "property"]);
    run(phones.env("PROPTEST_CASES", (seconds.saturating_mul(CASES_A_SECOND)).to_string()))?;
    fuzz::run_all(tree, None, Some(&seconds.saturating_mul(FUZZ_FACTOR).to_string()))?;
    let program = server::build(tree)?;
    let www = folder::make(tree, folder::Kind::Build)?;
    let mut browser = suites::with_browser(tree, &program, &www, &www, &["test", "--test", "endurance"])?;
    run(browser.args(["--", "--nocapture"]).env("SOFTFRAME_SOAK_CALLS", CALLS))?;
    let arguments = ["test", "--test", "contacts_files"];
    let mut large = suites::with_browser(tree, &program, &www, &www, &arguments)?;
    run(large.args(["--", "--nocapture", "large_file"]).env("SOFTFRAME_SOAK_MEGABYTES", MEGABYTES))?;
    let arguments = ["test", "--test", "contacts_load"];
    let mut many = suites::with_browser(tree, &program, &www, &www, &arguments)?;
    run(many.args(["--", "--nocapture", "as_many_contacts"]).env("SOFTFRAME_SOAK_CONTACTS", CONTACTS))
}
