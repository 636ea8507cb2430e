//! Rules about the repository that no compiler checks: the arrows between crates, and the shape of files.
//!
//! Each rule is one function that lists what breaks it.

use crate::{
    Outcome,
    child::{cargo, output},
    languages, table,
    tree::{Tree, files_below, read},
};
use serde_json::Value;

/// Longest file of the product, in lines before its tests.
const MAX_LINES: usize = 500;

/// Which of our crates each may depend on. Nothing but xtask's tests may grow this without a new map in the README.
const ARROWS: [(&str, &[&str]); 16] = [
    ("softframe-sip", &[]),
    ("softframe-contacts", &[]),
    ("softframe-phone", &["softframe-sip", "softframe-contacts"]),
    ("softframe-web", &["softframe-phone"]),
    ("softframe-server", &["softframe-sip"]),
    ("softframe-cli", &["softframe-sip"]),
    ("xtask", &[]),
    ("softframe-sim", &["softframe-sip", "softframe-contacts", "softframe-phone", "softframe-server"]),
    ("softframe-browser-tests", &["softframe-phone", "softframe-web"]),
    ("softframe-fixtures", &["softframe-phone", "softframe-web"]),
    ("softframe-probe", &["softframe-phone"]),
    ("softframe-parsing", &["softframe-sip"]),
    ("softframe-contacts-bench", &["softframe-contacts"]),
    ("softframe-fuzz", &["softframe-sip", "softframe-contacts", "softframe-phone"]),
    ("softframe-schema", &["softframe-phone"]),
    ("softframe-live", &["softframe-sip", "softframe-phone"]),
];

/// A rule of this file, and what breaks it.
pub(crate) type Rule = (&'static str, Outcome<Vec<String>>);

/// All rules, each with what breaks it.
pub(crate) fn rules(tree: &Tree) -> Vec<Rule> {
    vec![
        ("arrows between crates", arrows(tree)),
        ("files start with what they are, and end in time", files(tree)),
        ("rows of the RFC table name their proof", table::broken(tree)),
        ("each language has all texts", languages::broken(tree)),
    ]
}

fn arrows(tree: &Tree) -> Outcome<Vec<String>> {
    let text = output(cargo(tree).args(["metadata", "--format-version", "1", "--no-deps"]))?;
    let metadata: Value = serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata lists no packages")?;
    Ok(broken_arrows(packages))
}

fn broken_arrows(packages: &[Value]) -> Vec<String> {
    let names: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut broken = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or("");
        let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            broken.push(format!("{name} is not on the map"));
            continue;
        };
        let targets = package["dependencies"].as_array().into_iter().flatten();
        // What only tests use does not reach the product.
        let shipped = targets.filter(|dependency| dependency["kind"] != "dev");
        for target in shipped.filter_map(|dependency| dependency["name"].as_str()) {
            if names.contains(&target) && !allowed.contains(&target) {
                broken.push(format!("{name} → {target}"));
            }
        }
    }
    broken
}

fn files(tree: &Tree) -> Outcome<Vec<String>> {
    let mut broken = Vec::new();
    for folder in ["crates", "tests"] {
        for path in files_below(&tree.at(folder))?.iter().filter(|path| path.ends_with(".rs")) {
            let text = String::from_utf8_lossy(&read(&tree.at(folder).join(path))?).into_owned();
            // A file of tests may be as long as its stories.
            let limit = if is_test(&format!("{folder}/{path}")) { usize::MAX } else { MAX_LINES };
            broken.extend(broken_shape(&text, limit).map(|what| format!("{folder}/{path} {what}")));
        }
    }
    Ok(broken)
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn broken_shape(text: &str, limit: usize) -> Option<String> {
    if !text.starts_with("//! ") {
        return Some("does not start with `//!`".to_owned());
    }
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
    (lines > limit).then(|| format!("has {lines} lines before its tests"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arrow_against_the_map_is_found() {
        let depends = |name: &str, kind: Value| json!({ "name": name, "kind": kind });
        let packages = [
            json!({ "name": "softframe-sip", "dependencies": [depends("softframe-phone", Value::Null), depends("serde", Value::Null)] }),
            json!({ "name": "softframe-phone", "dependencies": [depends("softframe-sip", Value::Null), depends("softframe-web", json!("dev"))] }),
            json!({ "name": "softframe-web", "dependencies": [depends("softframe-sip", Value::Null)] }),
            json!({ "name": "softframe-extra", "dependencies": [] }),
        ];
        assert_eq!(
            broken_arrows(&packages),
            [
                "softframe-sip → softframe-phone",
                "softframe-web → softframe-sip",
                "softframe-extra is not on the map"
            ]
        );
    }

    #[test]
    fn shape_of_a_file_is_judged() {
        assert_eq!(broken_shape("//! A file.\nfn main() {}\n", MAX_LINES), None);
        assert!(broken_shape("fn main() {}\n", MAX_LINES).is_some());
        let long = format!("//! Long.\n{}", "x\n".repeat(MAX_LINES));
        assert!(broken_shape(&long, MAX_LINES).is_some());
        let tested = format!("//! Long tests.\n#[cfg(test)]\n{}", "x\n".repeat(MAX_LINES));
        assert_eq!(broken_shape(&tested, MAX_LINES), None);
    }
}
