//! The README's table of RFCs: every test that a row names exists, and every row that promises something names one.

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

#[test]
fn every_row_of_the_rfc_table_names_tests_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["tests/sim/tests", "tests/live/tests", "crates/sip/src", "crates/phone/src"] {
        sources(&root.join(folder), &mut files);
    }
    let code: String = files.iter().map(|file| std::fs::read_to_string(file).expect("text")).collect();
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
    }
}
