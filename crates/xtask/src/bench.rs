//! `cargo xtask bench`: what the widget weighs, how long it takes, and what a panel of colleagues costs. Figures to
//! compare; nothing here passes or fails.

use crate::{
    Outcome,
    child::{cargo, run, say},
    chromium::Chromium,
    folder, script, server, suites,
    tree::{Tree, files_below, read},
    weigh,
};

/// Prints bytes by file and by crate, then times.
pub(crate) fn run_all(tree: &Tree) -> Outcome {
    let www = folder::make(tree, folder::Kind::Dist)?;
    println!("\n{:<44} {:>9} {:>9}", "part", "raw B", "brotli B");
    let mut total = (0, 0);
    for path in files_below(&www)?.iter().filter(|path| is_loaded(path)) {
        let raw = read(&www.join(path))?.len();
        let side = www.join(format!("{path}.br"));
        let small = if side.exists() { read(&side)?.len() } else { raw };
        println!("{path:<44} {raw:>9} {small:>9}");
        total = (total.0 + raw, total.1 + small);
    }
    println!("{:<44} {:>9} {:>9}\n", "all", total.0, total.1);
    println!("{:<44} {:>9} {:>9}", "of the module", "raw B", "brotli B");
    for part in weigh::parts(tree)? {
        println!("{:<44} {:>9} {:>9}", part.name, part.raw, part.small);
    }
    println!();
    say("colleagues that are watched, natively");
    run(cargo(tree).args(["run", "--quiet", "--release", "-p", "softframe-sim", "--example", "colleagues"]))?;
    let program = server::build(tree)?;
    let (script, _) = script::make(tree, "softframe-parsing", "parsing", "softframe-sip")?;
    say("times in Chromium on this machine (medians, and the range)");
    let mut bench = suites::with_browser(tree, &program, &www, &www, &["run", "--bin", "bench"])?;
    run(bench.env("SOFTFRAME_PARSING", script))
}

/// Tests that print how calls do beside indexing and without it, in turns.
const CALLS_BESIDE: [&str; 3] = [
    "calls_ring_and_are_answered_as_fast",
    "voice_of_a_call_has_no_more_gaps",
    "answer_behind_a_thousand_messages",
];

/// Prints what a contact book costs beside three libraries and a linear scan, in one Chromium, and how far the aims are;
/// where no sizes are named, calls beside indexing in the widget, too. `only` may be `ours`: without the libraries.
pub(crate) fn contacts(
    tree: &Tree,
    sizes: Option<&str>,
    seconds: Option<&str>,
    only: Option<&str>,
) -> Outcome {
    let (script, octets) = script::make(tree, "softframe-contacts-bench", "contacts", "softframe-contacts")?;
    let mut bench = cargo(tree);
    bench.args(["run", "--quiet", "--package", "softframe-browser-tests", "--bin", "contacts"]);
    let chromium = Chromium::find()?;
    bench.env("SOFTFRAME_CHROMIUM", chromium.browser).env("SOFTFRAME_CHROMEDRIVER", chromium.driver);
    bench.env("SOFTFRAME_CONTACTS", script).env("SOFTFRAME_OCTETS", octets.to_string());
    bench.env("SOFTFRAME_ONLY", only.unwrap_or_default());
    bench.env("SOFTFRAME_SIZES", sizes.unwrap_or("10000,100000,250000,1000000"));
    run(bench.env("SOFTFRAME_SECONDS", seconds.unwrap_or("120")))?;
    if sizes.is_some() {
        return Ok(());
    }
    let program = server::build(tree)?;
    let www = folder::make(tree, folder::Kind::Dist)?;
    say("calls beside indexing, in the widget");
    let mut calls = suites::with_browser(tree, &program, &www, &www, &["test", "--test", "contacts_load"])?;
    run(calls.args(["--", "--nocapture", "--test-threads", "1"]).args(CALLS_BESIDE))
}

/// What a browser may load; the rest is for servers.
fn is_loaded(path: &str) -> bool {
    [".html", ".js", ".css", ".wasm", ".json", ".svg"].iter().any(|ending| path.ends_with(ending))
}
