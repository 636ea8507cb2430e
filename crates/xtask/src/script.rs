//! A script for the browser of a bench: one of our packages as a wasm module, and npm packages to measure it beside.
//!
//! It runs nothing.

use crate::{
    Outcome,
    child::{apt_install, can_apt, clean, in_path, run, say},
    folder,
    tree::{Tree, files_below, read, write},
    widget::{self, GLUE, MODULE},
};
use std::{path::PathBuf, process::Command};

/// Builds the module with what the shipped one is built with, fetches the packages, and gives the script: what `bench.js`
/// of the folder exports, under `name`; and the octets of brotli of the module.
pub(crate) fn make(tree: &Tree, package: &str, name: &str, shown: &str) -> Outcome<(PathBuf, usize)> {
    let widget = widget::build(tree, package, &[], true)?;
    let place = tree.built(name);
    write(&place.join(GLUE), &widget.glue)?;
    write(&place.join(MODULE), &widget.module)?;
    let weight = |octets: &[u8]| folder::compressed(octets, folder::BEST).len();
    let (module, glue) = (weight(&widget.module), weight(&widget.glue));
    say(format!(
        "{shown} as a module of its own: {module} octets of brotli, and {glue} of JavaScript around it"
    ));
    let sources = tree.at("tests").join(name);
    for file in files_below(&sources)?.iter().filter(|file| file.ends_with(".js") || file.ends_with(".json"))
    {
        write(&place.join(file), &read(&sources.join(file))?)?;
    }
    run(npm()?.current_dir(&place).args(["install", "--no-package-lock", "--no-audit", "--no-fund"]))?;
    let script = place.join("script.js");
    run(clean(place.join("node_modules/.bin/esbuild"))
        .current_dir(&place)
        .args(["bench.js", "--bundle", "--format=iife", "--loader:.wasm=binary"])
        .arg(format!("--global-name={name}"))
        // The glue asks where it came from only when nobody gives it the module.
        .args(["--log-override:empty-import-meta=silent", "--log-level=warning"])
        .arg(format!("--outfile={}", script.display())))?;
    Ok((script, module))
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
