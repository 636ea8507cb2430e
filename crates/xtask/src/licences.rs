//! The licences of what the widget is made of, as one file of its folder: who ships others' code says so.
//!
//! It names what is compiled into the module and nothing of the tools; which those are, cargo knows.

use crate::{
    Outcome,
    child::{cargo, output},
    tree::{Tree, read},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// Where the page about the phone leads to.
pub(crate) const FILE: &str = "licences.txt";
/// What the widget is compiled from.
const ROOT: &str = "softframe-web";
/// How packages call the files that hold a licence.
const NAMES: [&str; 4] = ["LICENSE", "LICENCE", "COPYING", "NOTICE"];

/// The text of [`FILE`]: our own licence, then each other one with the packages that have it.
pub(crate) fn text(tree: &Tree) -> Outcome<String> {
    let mut command = cargo(tree);
    command.args(["metadata", "--format-version", "1", "--filter-platform", "wasm32-unknown-unknown"]);
    let metadata: Value =
        serde_json::from_str(&output(&mut command)?).map_err(|error| format!("cargo metadata: {error}"))?;
    let used = used(&metadata);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let is_others = !package["source"].is_null();
        if !is_others || !used.contains(package["id"].as_str().unwrap_or_default()) {
            continue;
        }
        let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
        let title = format!("{} {} ({})", text("name"), text("version"), text("license"));
        for licence in files(Path::new(&text("manifest_path")))? {
            texts.entry(licence).or_default().push(title.clone());
        }
    }
    let mut all = String::from_utf8_lossy(&read(&tree.at("LICENSE"))?).into_owned();
    for (licence, packages) in texts {
        all += &format!("\n\n{}\n\n{}\n\n{licence}", "-".repeat(72), packages.join("\n"));
    }
    Ok(all)
}

/// The ids of all that the module is compiled from, without what only tests or builds need.
fn used(metadata: &Value) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|node| Some((node["id"].as_str()?, &node["deps"])))
        .collect();
    let root = metadata["packages"].as_array().into_iter().flatten().find(|package| package["name"] == ROOT);
    let mut waiting: Vec<&str> = root.and_then(|root| root["id"].as_str()).into_iter().collect();
    let mut used = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !used.insert(id.to_owned()) {
            continue;
        }
        let needed = nodes.get(id).and_then(|deps| deps.as_array()).into_iter().flatten().filter(|dep| {
            dep["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
        });
        waiting.extend(needed.filter_map(|dep| dep["pkg"].as_str()));
    }
    used
}

/// The texts of the licences beside a manifest.
fn files(manifest: &Path) -> Outcome<Vec<String>> {
    let folder = manifest.parent().ok_or("a package without a folder")?;
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        path.is_file() && NAMES.iter().any(|known| name.starts_with(known))
    });
    paths.sort();
    paths.iter().map(|path| Ok(String::from_utf8_lossy(&read(path)?).trim().to_owned())).collect()
}
