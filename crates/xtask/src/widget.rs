//! The widget's module: compiled for wasm32 and bound to JavaScript.
//!
//! It knows nothing of the folder that is served. wasm-opt has no part in it: `-Oz` (binaryen 132) takes a tenth of the
//! octets, and makes those that brotli leaves 3 to 4 % more.

use crate::{
    Outcome,
    child::{run, say},
    compiler::Compiler,
    tree::{Tree, fingerprint, read},
};
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// The names of the two files, which `www/` refers to.
pub(crate) const GLUE: &str = "softframe.js";
/// The module.
pub(crate) const MODULE: &str = "softframe_bg.wasm";

/// Glue and module.
pub(crate) struct Widget {
    /// The JavaScript that wasm-bindgen made.
    pub(crate) glue: Vec<u8>,
    /// The module it loads.
    pub(crate) module: Vec<u8>,
}

/// Compiles a package that is a widget (cargo knows what has changed) and binds it; `smallest` takes minutes for what
/// the draft does in seconds.
pub(crate) fn build(tree: &Tree, package: &str, features: &[&str], smallest: bool) -> Outcome<Widget> {
    let compiled = compile(tree, package, features, smallest)?;
    bound(tree, &compiled, !smallest)
}

/// The module that ships, but for the names of its functions, which it still has.
pub(crate) fn with_names(tree: &Tree, package: &str) -> Outcome<Widget> {
    bound(tree, &compile(tree, package, &[], true)?, true)
}

fn compile(tree: &Tree, package: &str, features: &[&str], smallest: bool) -> Outcome<Vec<u8>> {
    let profile = if smallest { "release" } else { "draft" };
    let compiler = Compiler::find()?;
    say(format!("compiling {package} for wasm32 ({compiler:?} compiler)"));
    let mut cargo = compiler.cargo(tree, "build");
    cargo.args(["--profile", profile, "--package", package, "--lib"]);
    if !features.is_empty() {
        cargo.args(["--features", &features.join(",")]);
    }
    if smallest {
        compiler.shrink(&mut cargo);
    }
    run(&mut cargo)?;
    read(&compiler.artefacts(tree, profile).join(format!("{}.wasm", package.replace('-', "_"))))
}

fn bound(tree: &Tree, compiled: &[u8], has_names: bool) -> Outcome<Widget> {
    let folder = bind(tree, compiled, has_names)?;
    Ok(Widget { glue: read(&folder.join(GLUE))?, module: read(&folder.join(MODULE))? })
}

/// Runs the binder unless it has run on these very octets; one folder for each.
fn bind(tree: &Tree, compiled: &[u8], has_names: bool) -> Outcome<PathBuf> {
    let bound = tree.built("bound");
    let folder =
        bound.join(fingerprint([compiled, include_bytes!("widget.rs").as_slice(), &[u8::from(has_names)]]));
    if folder.join(MODULE).exists() {
        return Ok(folder);
    }
    say("binding it to JavaScript");
    let fail = |error: &dyn std::fmt::Debug| format!("wasm-bindgen refused the module: {error:?}");
    let mut bindgen = Bindgen::new();
    bindgen.input_bytes("softframe", compiled.to_vec());
    bindgen.web(true).map_err(|error| fail(&error))?;
    // Names tell a person where a trap came from, and weigh as much as the code.
    bindgen.typescript(false).remove_producers_section(true).remove_name_section(!has_names);
    // After a trap every later call throws instead of running on half-changed state, and the shell can start anew.
    bindgen.reset_state_function(true).force_enable_abort_handler(true);
    forget_old(&bound);
    bindgen.generate(&folder).map_err(|error| fail(&error))?;
    if folder.join("snippets").exists() {
        return Err(
            "the widget uses inline JavaScript snippets, which are not packed; put that code into www/."
                .to_owned(),
        );
    }
    Ok(folder)
}

/// Bound modules of earlier builds go when there are many: three kinds of folder are in use at a time.
fn forget_old(bound: &Path) {
    const KEPT: usize = 5;
    let Ok(entries) = std::fs::read_dir(bound) else { return };
    let time = |path: &PathBuf| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort_by_key(time);
    for old in folders.iter().rev().skip(KEPT) {
        // One that stays costs space, nothing else.
        let _ = std::fs::remove_dir_all(old);
    }
}
