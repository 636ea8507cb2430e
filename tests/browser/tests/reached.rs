//! Every screen of the catalogue is also reached by a real run of some test, or is named here with what it waits for.

use std::{collections::BTreeSet, path::Path};

/// Fixtures that no test reaches yet. Whoever reaches one takes it out of here: a name too many fails, too.
const NOT_REACHED: [&str; 0] = [];

/// How a test says it; in two parts, so that this file does not say it.
const CALL: &str = concat!(".reached", "(");

fn sources(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).expect("a folder of sources");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let texts = paths.filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    texts.map(|path| std::fs::read_to_string(path).expect("a source")).collect()
}

/// The texts that follow `before`, such as `("`, up to the next quote.
fn quoted<'a>(sources: &'a str, before: &str) -> BTreeSet<&'a str> {
    let all = sources.split(before).skip(1).map(|rest| rest.trim_start());
    all.filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).collect()
}

#[test]
fn every_screen_of_the_catalogue_is_reached_by_a_real_run() {
    let fixtures = sources("fixtures/src");
    let is_screen = |name: &&str| {
        let number = name.split('-').next().unwrap_or_default();
        number.len() == 2 && number.bytes().all(|octet| octet.is_ascii_digit())
    };
    let screens: BTreeSet<&str> = quoted(&fixtures, "(").into_iter().filter(is_screen).collect();
    assert!(screens.len() > 70, "{screens:?}");
    let tests = sources("tests");
    let reached = quoted(&tests, CALL);
    let unknown: Vec<_> = reached.difference(&screens).collect();
    assert!(unknown.is_empty(), "no such fixture: {unknown:?}");
    let known = BTreeSet::from(NOT_REACHED);
    let missing: Vec<_> = screens.difference(&reached).filter(|name| !known.contains(**name)).collect();
    assert!(missing.is_empty(), "no real run reaches: {missing:?}");
    let done: Vec<_> =
        known.iter().filter(|name| reached.contains(**name) || !screens.contains(**name)).collect();
    assert!(done.is_empty(), "reached after all, or gone: {done:?}");
}
