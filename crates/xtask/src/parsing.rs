//! The script that times our reader and digest beside those of JsSIP and SIP.js, made of one module and two packages.
//!
//! It runs nothing; the browser of `cargo xtask bench` does.

use crate::{
    Outcome,
    child::{apt_install, can_apt, clean, in_path, run, say},
    folder,
    tree::{Tree, read, write},
    widget::{self, GLUE, MODULE},
};
use std::{path::PathBuf, process::Command};

/// Builds the module with what the shipped one is built with, fetches the packages, and gives the script.
pub(crate) fn script(tree: &Tree) -> Outcome<PathBuf> {
    let widget = widget::build(tree, "softframe-parsing", &[], true)?;
    let place = tree.built("parsing");
    write(&place.join(GLUE), &widget.glue)?;
    write(&place.join(MODULE), &widget.module)?;
    let weight = |octets: &[u8]| folder::compressed(octets, folder::BEST).len();
    let (module, glue) = (weight(&widget.module), weight(&widget.glue));
    say(format!(
        "softframe-sip as a module of its own: {module} octets of brotli, and {glue} of JavaScript around it"
    ));
    for name in ["package.json", "bench.js"] {
        write(&place.join(name), &read(&tree.at("tests/parsing").join(name))?)?;
    }
    run(npm()?.current_dir(&place).args(["install", "--no-package-lock", "--no-audit", "--no-fund"]))?;
    let script = place.join("script.js");
    run(clean(place.join("node_modules/.bin/esbuild"))
        .current_dir(&place)
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
