//! The widget's module: compiled for wasm32, bound to JavaScript, made smaller where wasm-opt is at hand.
//!
//! It knows nothing of the folder that is served.

use crate::{
    Outcome,
    child::{clean, in_path, run, say},
    compiler::Compiler,
    folder::compressed,
    tree::{Tree, fingerprint, read, write},
};
use std::path::{Path, PathBuf};
use wasm_bindgen_cli_support::Bindgen;

/// The names of the two files, which `www/` refers to.
pub(crate) const GLUE: &str = "softframe.js";
/// The module.
pub(crate) const MODULE: &str = "softframe_bg.wasm";

/// Never `--all-features`: wasm-opt then emits what browsers refuse.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    // The abort handler that the binder adds catches what goes through the module.
    "--enable-exception-handling",
];

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
    let compiled =
        read(&compiler.artefacts(tree, profile).join(format!("{}.wasm", package.replace('-', "_"))))?;
    let folder = bind(tree, &compiled, smallest)?;
    let module = folder.join(MODULE);
    let module = if smallest { optimise(tree, &module)? } else { read(&module)? };
    Ok(Widget { glue: read(&folder.join(GLUE))?, module })
}

/// Runs the binder unless it has run on these very octets; one folder for each.
fn bind(tree: &Tree, compiled: &[u8], smallest: bool) -> Outcome<PathBuf> {
    let bound = tree.built("bound");
    let folder = bound.join(fingerprint([compiled, include_bytes!("widget.rs").as_slice()]));
    if folder.join(MODULE).exists() {
        return Ok(folder);
    }
    say("binding it to JavaScript");
    let fail = |error: &dyn std::fmt::Debug| format!("wasm-bindgen refused the module: {error:?}");
    let mut bindgen = Bindgen::new();
    bindgen.input_bytes("softframe", compiled.to_vec());
    bindgen.web(true).map_err(|error| fail(&error))?;
    // Names tell a person where a trap came from, and weigh as much as the code.
    bindgen.typescript(false).remove_producers_section(true).remove_name_section(smallest);
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

/// A tenth less code, in some 12 s, and kept if it is less over the wire too; without the tool the build goes on.
fn optimise(tree: &Tree, module: &Path) -> Outcome<Vec<u8>> {
    let output = module.with_extension("small.wasm");
    if output.exists() {
        return read(&output);
    }
    let local = tree.at("node_modules/.bin/wasm-opt");
    let Some(tool) = local.exists().then_some(local).or_else(|| in_path("wasm-opt")) else {
        say("no wasm-opt in node_modules or PATH: the module stays as it is (`npm install binaryen@132`)");
        return read(module);
    };
    say("wasm-opt");
    let scratch = output.with_extension("part");
    run(clean(tool).arg("-Oz").args(WASM_FEATURES).arg(module).arg("-o").arg(&scratch))?;
    let (small, plain) = (read(&scratch)?, read(module)?);
    // It shares code that compression would have shared better: what counts is what goes over the wire.
    let wire = |module: &[u8]| compressed(module, 11).len();
    let smaller = if wire(&small) < wire(&plain) { small } else { plain };
    write(&output, &smaller)?;
    Ok(smaller)
}
