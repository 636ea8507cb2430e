//! The script that times our reader and digest beside those of JsSIP and SIP.js, made of one module and two packages.
//!
//! It runs nothing; the browser of `cargo xtask bench` does.

use crate::{
    Outcome,
    child::{apt_install, can_apt, clean, in_path, run},
    tree::{Tree, read, write},
    widget::{self, GLUE, MODULE},
};
use std::{path::PathBuf, process::Command};

/// Builds the module with what the shipped one is built with, fetches the packages, and gives the script.
pub(crate) fn script(tree: &Tree) -> Outcome<PathBuf> {
    let widget = widget::build(tree, "softframe-parsing", &[], true)?;
    let folder = tree.built("parsing");
    write(&folder.join(GLUE), &widget.glue)?;
    write(&folder.join(MODULE), &widget.module)?;
    for name in ["package.json", "bench.js"] {
        write(&folder.join(name), &read(&tree.at("tests/parsing").join(name))?)?;
    }
    run(npm()?.current_dir(&folder).args(["install", "--no-package-lock", "--no-audit", "--no-fund"]))?;
    let script = folder.join("script.js");
    run(clean(folder.join("node_modules/.bin/esbuild"))
        .current_dir(&folder)
        .args(["bench.js", "--bundle", "--format=iife", "--global-name=parsing", "--loader:.wasm=binary"])
        // The glue asks where it came from only when nobody gives it the module.
        .args(["--log-override:empty-import-meta=silent", "--log-level=warning"])
        .arg(format!("--outfile={}", script.display())))?;
    Ok(script)
}

/// npm, installed where that can be done.
pub(crate) fn npm() -> Outcome<Command> {
    if in_path("npm").is_none() && can_apt() {
        apt_install(&["npm"])?;
    }
    let found = in_path("npm").ok_or_else(|| {
        "JavaScript that is compared or tested with needs npm: on Debian as root `apt-get install npm`."
            .to_owned()
    })?;
    Ok(clean(found))
}
