//! Fuzz targets for every reader and state machine: each takes octets, does with them what a peer, a host page or a
//! storage could, and panics where a promise is broken.
//!
//! `cargo xtask fuzz` runs them under libFuzzer; `tests/replay.rs` runs their seeds in the normal suite. No target reads
//! a clock, draws randomness or keeps anything from one input to the next: the same octets do the same again.

mod agent;
mod bodies;
mod book;
mod bytes;
mod cards;
mod challenges;
mod config;
mod exchange;
mod host;
mod message;
mod numbers;
mod peer;
mod phone;
mod stored;
mod values;
mod xivo;

use std::{fs, path::Path, sync::OnceLock};

/// Something to fuzz.
pub struct Target {
    /// Its name on the command line.
    pub name: &'static str,
    /// Judges one input.
    pub run: fn(&[u8]),
    /// What to begin with: small inputs that reach far.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words to mutate with.
    pub words: &'static [&'static str],
    /// Longest input, in octets: what is longer only takes longer.
    pub max_octets: usize,
}

/// All targets.
pub const TARGETS: [Target; 17] = [
    message::TARGET,
    values::HEADERS,
    values::URI,
    challenges::TARGET,
    bodies::SDP,
    bodies::BODIES,
    agent::TARGET,
    exchange::TARGET,
    cards::TARGET,
    host::ROWS,
    book::TARGET,
    numbers::TARGET,
    host::TARGET,
    phone::TARGET,
    config::TARGET,
    stored::TARGET,
    xivo::TARGET,
];

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

/// Takes the target that `SOFTFRAME_FUZZ` names, and writes its seeds and words into the folder that
/// `SOFTFRAME_FUZZ_FOLDER` names. `list` prints all names, each with its longest input, and ends the program.
pub fn choose() {
    let name = std::env::var("SOFTFRAME_FUZZ").unwrap_or_default();
    if name == "list" {
        for target in &TARGETS {
            println!("{} {}", target.name, target.max_octets);
        }
        std::process::exit(0);
    }
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        eprintln!("SOFTFRAME_FUZZ={name:?} is no target.");
        std::process::exit(2);
    };
    let _ = CHOSEN.set(target);
    if let Ok(folder) = std::env::var("SOFTFRAME_FUZZ_FOLDER")
        && let Err(error) = write_start(target, Path::new(&folder))
    {
        eprintln!("cannot write to {folder}: {error}");
        std::process::exit(2);
    }
}

/// Judges one input by the target that was chosen.
pub fn run_chosen(octets: &[u8]) {
    if let Some(target) = CHOSEN.get() {
        (target.run)(octets);
    }
}

fn write_start(target: &Target, folder: &Path) -> std::io::Result<()> {
    let seeds = folder.join("seeds");
    fs::create_dir_all(&seeds)?;
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(seeds.join(format!("{number:03}")), seed)?;
    }
    // libFuzzer takes no empty one.
    let words = [&["\0"], target.words].concat();
    fs::write(folder.join("words"), dictionary(&words))
}

/// The form of libFuzzer: a quoted word a line, `\xAB` for what is not plain.
fn dictionary(words: &[&str]) -> String {
    let quoted = |octet: u8| match octet {
        b' '..=b'~' if !b"\"\\".contains(&octet) => char::from(octet).to_string(),
        other => format!("\\x{other:02X}"),
    };
    words.iter().map(|word| format!("\"{}\"\n", word.bytes().map(quoted).collect::<String>())).collect()
}
