//! `cargo xtask fuzz`: each target of `tests/fuzz` under libFuzzer for a while, and a line for each: executions, edges,
//! verdict. What is found is made as small as it can be and shown, with what to do about it.
//!
//! It needs a C++ compiler, which libFuzzer is built with, and no other Rust than the one at hand.

use crate::{
    Outcome,
    child::{apt_install, can_apt, cargo, in_path, output, run, say},
    tree::{Tree, files_below, read},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How long each target runs, unless `--seconds` says otherwise.
const SECONDS: u64 = 120;
/// No input may take longer; on a loaded machine the slowest takes a hundredth of it.
const INPUT_SECONDS: &str = "10";
/// Nor may the process grow beyond this. A single piece of memory is bounded by the program itself.
const MEMORY_MEGABYTES: &str = "1024";
/// What a smaller form of an input that was found may take to be looked for.
const SMALLER_SECONDS: &str = "30";
/// What a finding shows of its input.
const MAX_SHOWN_OCTETS: usize = 2_000;

/// What libFuzzer wants of the compiler, in stable options: counters and comparisons of each edge.
const FLAGS: [&str; 7] = [
    "--cfg",
    "fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

/// Runs one target or all, one after the other; a failure of one does not keep the others from running.
pub(crate) fn run_all(tree: &Tree, only: Option<&str>, seconds: Option<&str>) -> Outcome {
    let seconds = seconds
        .map_or(Ok(SECONDS), |text| text.parse::<u64>().map_err(|_| format!("'{text}' is no number.")))?;
    let program = build(tree)?;
    let targets = targets(&program)?;
    let known = || targets.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(name) = only.filter(|only| targets.iter().all(|(name, _)| name != only)) {
        return Err(format!("there is no target '{name}'; there are {}.", known()));
    }
    let mut lines = Vec::new();
    let mut failed = 0;
    for (name, max_octets) in targets.iter().filter(|(name, _)| only.is_none_or(|only| only == name)) {
        say(format!("fuzz {name} for {seconds} s"));
        let place = tree.built("fuzz").join(name);
        let fuzzed = fuzz(&program, name, max_octets, &place, seconds)?;
        failed += usize::from(fuzzed.found.is_some());
        let line = fuzzed.line(name);
        println!("{line}");
        lines.push(line);
        if let Some(found) = fuzzed.found {
            show(&program, name, &place, &found)?;
        }
    }
    println!("\n{}", lines.join("\n"));
    if failed == 0 { Ok(()) } else { Err(format!("{failed} targets found something; it stands above.")) }
}

fn build(tree: &Tree) -> Outcome<PathBuf> {
    if in_path("c++").is_none() && can_apt() {
        apt_install(&["g++"])?;
    }
    if in_path("c++").is_none() {
        return Err("libFuzzer is compiled by a C++ compiler, and there is no `c++`: on Debian as root \
                    `apt-get install g++`."
            .to_owned());
    }
    // Named, the target's flags are not those of build scripts, which have no libFuzzer to link.
    let host = host(tree)?;
    let folder = tree.built("fuzz");
    say("building the fuzz targets");
    run(cargo(tree)
        .args([
            "build",
            "--profile",
            "fuzz",
            "--target",
            &host,
            "-p",
            "softframe-fuzz",
            "--features",
            "libfuzzer",
        ])
        .env("CARGO_TARGET_DIR", &folder)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f")))?;
    Ok(folder.join(host).join("fuzz/softframe-fuzz"))
}

fn host(tree: &Tree) -> Outcome<String> {
    let text = output(cargo(tree).args(["version", "--verbose"]))?;
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).ok_or_else(|| "cargo does not say which machine this is.".to_owned())
}

/// Names, each with the longest input.
fn targets(program: &Path) -> Outcome<Vec<(String, String)>> {
    // What libFuzzer misses of a sanitizer, which there is none of, it says on the other stream.
    let listed = Command::new(program).env("SOFTFRAME_FUZZ", "list").output();
    let listed = listed.map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let pair = |line: &str| line.split_once(' ').map(|(name, octets)| (name.to_owned(), octets.to_owned()));
    Ok(text.lines().filter_map(pair).collect())
}

/// What a run of one target came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fuzzed {
    executions: String,
    edges: String,
    slowest: String,
    /// The input that broke something.
    found: Option<PathBuf>,
}

impl Fuzzed {
    fn line(&self, name: &str) -> String {
        let verdict = if self.found.is_some() { "FOUND SOMETHING" } else { "nothing found" };
        let Fuzzed { executions, edges, slowest, .. } = self;
        format!("{name:<11} {executions:>10} executions {edges:>6} edges, slowest {slowest} s: {verdict}")
    }

    /// From what libFuzzer has printed.
    fn read(log: &str, found: Option<PathBuf>) -> Fuzzed {
        let last_after = |mark: &str| {
            let rest = log.rsplit_once(mark).map_or("?", |(_, rest)| rest);
            rest.split_whitespace().next().unwrap_or("?").to_owned()
        };
        Fuzzed {
            executions: last_after("stat::number_of_executed_units:"),
            edges: last_after(" cov: "),
            slowest: last_after("stat::slowest_unit_time_sec:"),
            found,
        }
    }
}

fn fuzz(program: &Path, name: &str, max_octets: &str, place: &Path, seconds: u64) -> Outcome<Fuzzed> {
    let folder = |part: &str| {
        let folder = place.join(part);
        fs::create_dir_all(&folder)
            .map(|()| folder.clone())
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))
    };
    // What was learnt stays for the next time; seeds are written by the program.
    let (corpus, seeds, found) = (folder("corpus")?, folder("seeds")?, folder("found")?);
    let (log, words) = (place.join("log"), place.join("words"));
    fs::write(&words, "\"x\"\n").map_err(|error| format!("cannot write {}: {error}", words.display()))?;
    let before = files_below(&found)?;
    let file = fs::File::create(&log).map_err(|error| format!("cannot write {}: {error}", log.display()))?;
    let mut command = Command::new("nice");
    command
        .args(["-n", "10"])
        .arg(program)
        .args([&corpus, &seeds])
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={max_octets}"))
        .arg(format!("-timeout={INPUT_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MEGABYTES}"))
        .arg(format!("-dict={}", words.display()))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg("-print_final_stats=1")
        .env("SOFTFRAME_FUZZ", name)
        .env("SOFTFRAME_FUZZ_FOLDER", place)
        .stdout(Stdio::null())
        .stderr(file);
    let status = command.status().map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let text = String::from_utf8_lossy(&read(&log)?).into_owned();
    if status.success() {
        return Ok(Fuzzed::read(&text, None));
    }
    let fresh = files_below(&found)?
        .into_iter()
        .find(|file| !before.contains(file) && !file.starts_with("slow-unit"));
    // A file of this name was there already where the same was found before.
    let again = text
        .rsplit_once("Test unit written to ")
        .map(|(_, rest)| PathBuf::from(rest.lines().next().unwrap_or("")));
    let input = fresh.map(|file| found.join(file)).or(again);
    let input = input.ok_or_else(|| format!("{name} ended with {status}; {} says more.", log.display()))?;
    panic_of(&text).into_iter().for_each(|line| println!("{line}"));
    Ok(Fuzzed::read(&text, Some(input)))
}

/// The lines of a panic, without the stack.
fn panic_of(log: &str) -> Vec<&str> {
    const MOST: usize = 12;
    let lines =
        log.lines().skip_while(|line| !line.contains("panicked at") && !line.contains("ERROR: libFuzzer"));
    lines.take_while(|line| !line.starts_with("stack backtrace")).take(MOST).collect()
}

/// Makes an input smaller and says what to do with it.
fn show(program: &Path, name: &str, place: &Path, found: &Path) -> Outcome {
    let smaller = place.join("smaller");
    // Where nothing smaller is found, nothing is written.
    let _ = fs::remove_file(&smaller);
    let mut command = Command::new("nice");
    command.args(["-n", "10"]).arg(program).args(["-minimize_crash=1", "-timeout=10"]);
    command
        .arg(format!("-max_total_time={SMALLER_SECONDS}"))
        .arg(format!("-exact_artifact_path={}", smaller.display()))
        .arg(found)
        .env("SOFTFRAME_FUZZ", name)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _ = command.status();
    let file = if smaller.exists() { smaller } else { found.to_owned() };
    let octets = read(&file)?;
    let shown = octets.get(..MAX_SHOWN_OCTETS).unwrap_or(&octets);
    println!("{}: {} octets\n\n(\"{name}\", b\"{}\"),\n", file.display(), octets.len(), shown.escape_ascii());
    println!(
        "As a line of FOUND in tests/fuzz/tests/replay.rs this fails in `cargo test -p softframe-fuzz`."
    );
    println!("A test of the crate that is wrong says best what should have happened.\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_what_libfuzzer_prints() {
        let log = "#2 INITED cov: 8 ft: 8 corp: 1/1b\n#9\tDONE   cov: 90 ft: 91 corp: 2/7b\n\
                   stat::number_of_executed_units: 1234\nstat::average_exec_per_sec: 9\nstat::slowest_unit_time_sec:    0\n";
        let fuzzed = Fuzzed::read(log, None);
        assert_eq!(
            (fuzzed.executions.as_str(), fuzzed.edges.as_str(), fuzzed.slowest.as_str()),
            ("1234", "90", "0")
        );
        assert!(fuzzed.line("uri").ends_with("nothing found"));
        assert_eq!(Fuzzed::read("", None).executions, "?");
    }

    /// What libFuzzer does with an input that breaks something, in a shell's words.
    const FINDER: &str = r#"#!/bin/sh
for word in "$@"; do
  case "$word" in
    -artifact_prefix=*) printf 'long input' > "${word#*=}crash-1"; echo "Test unit written to ${word#*=}crash-1" >&2 ;;
    -exact_artifact_path=*) printf 'in' > "${word#*=}" ;;
  esac
done
echo "stat::number_of_executed_units: 7" >&2
exit 77
"#;

    #[test]
    fn input_that_breaks_something_is_found_each_time_and_made_smaller() {
        use std::os::unix::fs::PermissionsExt;
        let place = std::env::temp_dir().join(format!("softframe-fuzz-{}", std::process::id()));
        fs::create_dir_all(&place).expect("a place to write");
        let program = place.join("program");
        fs::write(&program, FINDER).expect("a file");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("its mode");
        for _ in 0..2 {
            let fuzzed = fuzz(&program, "any", "9", &place, 1).expect("a verdict");
            let found = fuzzed.found.clone().expect("an input");
            assert_eq!(read(&found), Ok(b"long input".to_vec()));
            assert!(
                fuzzed.line("any").contains("7 executions")
                    && fuzzed.line("any").ends_with("FOUND SOMETHING")
            );
            show(&program, "any", &place, &found).expect("words");
            assert_eq!(read(&place.join("smaller")), Ok(b"in".to_vec()));
        }
        fs::remove_dir_all(&place).expect("it was there");
    }

    #[test]
    fn panic_is_shown_without_its_stack() {
        let log = "INFO: x\nthread 'a' panicked at b.rs:1:2:\nwhy\nstack backtrace:\n 0: c\n";
        assert_eq!(panic_of(log), ["thread 'a' panicked at b.rs:1:2:", "why"]);
        assert_eq!(panic_of("ERROR: libFuzzer: timeout\n"), ["ERROR: libFuzzer: timeout"]);
        assert!(panic_of("INFO: x\n").is_empty());
    }
}
