//! The README's tables of what is supported: every test that a row names exists, and every row that promises something names
//! one.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What stands in these folders, in one text.
fn code(folders: &[&str]) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    folders.iter().for_each(|folder| sources(&root.join(folder), &mut files));
    files.iter().map(|file| std::fs::read_to_string(file).expect("text")).collect()
}

#[test]
fn every_method_of_the_phone_api_has_a_row_and_every_row_names_tests_that_there_are() {
    let code = code(&["tests/sim/tests", "tests/browser/tests"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let (_, section) = readme.split_once("## Pages written for XiVO").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("its end");
    let mut whats = String::new();
    let rows = section.lines().filter(|line| line.starts_with("| `") && !line.contains("| tests |"));
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [what, _, tests] = cells[..] else { panic!("not three columns: {row}") };
        whats += what;
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "{row}");
        for test in named {
            assert!(code.contains(&format!("fn {test}() ")), "{what}: there is no {test}");
        }
    }
    let document =
        std::fs::read_to_string(root.join("tests/seeds/xivo-phone-api.txt")).expect("the document");
    let headed = document.split("Cti.").skip(1).filter_map(|rest| rest.split_once('(').map(|(name, _)| name));
    for name in headed.filter(|name| name.bytes().all(|octet| octet.is_ascii_alphanumeric())) {
        assert!(whats.contains(&format!("`{name}`")), "no row for {name}");
    }
}

/// Names with so many joints are tests and nothing else.
const JOINTS: usize = 3;

#[test]
fn every_test_that_the_readme_names_anywhere_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let code = code(&["tests", "crates"]);
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let is_test = |name: &&str| {
        name.matches('_').count() >= JOINTS
            && name.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_')
    };
    let named: Vec<&str> = readme.split('`').filter(is_test).collect();
    assert!(named.len() > 200, "{}", named.len());
    let gone: Vec<&str> = named.into_iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(gone.is_empty(), "{gone:#?}");
}

#[test]
fn tables_of_the_four_systems_name_a_test_in_each_row() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    for head in [
        "| documented feature | test",
        "| documented feature of Enigma | test",
        "| documented feature of 008 | test",
        "| documented feature of Kunzite | test",
    ] {
        let (_, table) = readme.split_once(head).unwrap_or_else(|| panic!("no {head}"));
        let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
        assert!(rows.len() > 3, "{head}: {rows:?}");
        for row in rows {
            let tests = row.trim_matches('|').rsplit('|').next().unwrap_or_default();
            assert!(tests.split('`').any(|name| name.matches('_').count() >= JOINTS), "no test in {row}");
        }
    }
}

#[test]
fn every_row_of_the_rfc_table_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let others = code(&["tests/live/tests"]);
    let code = code(&["tests/sim/tests", "tests/live/tests", "crates/sip/src", "crates/phone/src"]);
    let readme = std::fs::read_to_string(root.join("README.md")).expect("the README");
    let (_, table) = readme.split_once("## What of SIP is supported").expect("the section");
    let (table, _) = table.split_once("\n## ").expect("its end");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| RFC"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    assert!(rows.len() > 20, "{} rows", rows.len());
    for row in rows {
        let [rfc, what, ours, _, _, tests] = row[..] else { panic!("not six columns: {row:?}") };
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert_eq!(named.is_empty(), ours == "no", "{rfc} {what}: {named:?}");
        for test in named {
            assert!(code.contains(&format!("fn {test}() ")), "{rfc} {what}: there is no {test}");
        }
        // Two ends of our own may agree on the same misreading: somebody else's program or text has a say in each row.
        let live: Vec<&str> = tests.split("*`").skip(1).filter_map(|rest| rest.split('`').next()).collect();
        for test in &live {
            assert!(
                others.contains(&format!("fn {test}() ")),
                "{rfc} {what}: {test} is no test of tests/live"
            );
        }
        assert!(ours == "no" || !live.is_empty() || tests.contains("`rfc4475_"), "{rfc} {what}: ours alone");
    }
}
