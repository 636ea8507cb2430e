//! TypeScript's compiler over the typings that are shipped, a sample and the demo: fetched by npm, never shipped.

use crate::{
    Outcome,
    child::{clean, run},
    script::npm,
    tree::{Tree, read, write},
};
use std::path::PathBuf;

/// Fails where the compiler does.
pub(crate) fn check(tree: &Tree) -> Outcome {
    let compiler = compiler(tree)?;
    run(clean(compiler).arg("--project").arg(tree.at("tests/schema/tsconfig.json")))
}

/// The compiler, fetched when there is none of the wanted version.
fn compiler(tree: &Tree) -> Outcome<PathBuf> {
    const MANIFEST: &str = "package.json";
    let folder = tree.built("typescript");
    let wanted = read(&tree.at("tests/schema").join(MANIFEST))?;
    let compiler = folder.join("node_modules/.bin/tsc");
    if compiler.exists() && read(&folder.join(MANIFEST)).is_ok_and(|made| made == wanted) {
        return Ok(compiler);
    }
    write(&folder.join(MANIFEST), &wanted)?;
    run(npm()?.current_dir(&folder).args(["install", "--no-package-lock", "--no-audit", "--no-fund"]))?;
    Ok(compiler)
}
