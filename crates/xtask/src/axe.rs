//! axe-core, the checker of accessibility that a test runs on every screen: fetched by npm, never shipped.

use crate::{
    Outcome,
    child::run,
    script::npm,
    tree::{Tree, read, write},
};
use std::path::PathBuf;

/// The script, fetched when there is none of the wanted version.
pub(crate) fn script(tree: &Tree) -> Outcome<PathBuf> {
    const MANIFEST: &str = "package.json";
    let folder = tree.built("axe");
    let wanted = read(&tree.at("tests/browser").join(MANIFEST))?;
    let script = folder.join("node_modules/axe-core/axe.min.js");
    if script.exists() && read(&folder.join(MANIFEST)).is_ok_and(|made| made == wanted) {
        return Ok(script);
    }
    write(&folder.join(MANIFEST), &wanted)?;
    run(npm()?.current_dir(&folder).args(["install", "--no-package-lock", "--no-audit", "--no-fund"]))?;
    Ok(script)
}
