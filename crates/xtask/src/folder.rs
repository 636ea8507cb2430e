//! The folder of static files that is the product: `www/` and the module, under hashed names, with brotli beside them.
//!
//! It is complete: nothing in it refers outside of it, and no path is baked in.

use crate::{
    Outcome,
    child::say,
    headers, licences,
    names::{self, Files},
    tree::{Tree, files_below, fingerprint, read, write},
    widget::{self, MODULE, Widget},
};
use serde_json::{Map, Value};
use std::{
    io::Write,
    path::{Path, PathBuf},
};

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// For the demo and for work on the code: quickly compressed, module as the compiler made it.
    Build,
    /// For production: the smallest we can make.
    Dist,
    /// For one test: a widget that traps when it is told to.
    Trap,
    /// The same, built as what is shipped.
    DistTrap,
    /// For the pictures: every screen with made-up people, and no phone.
    Pictures,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Kind::Build => "www",
            Kind::Dist => "dist",
            Kind::Trap => "www-trap",
            Kind::DistTrap => "dist-trap",
            Kind::Pictures => "www-pictures",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Kind::Build | Kind::Dist | Kind::Trap | Kind::DistTrap => "softframe-web",
            Kind::Pictures => "softframe-fixtures",
        }
    }

    fn features(self) -> &'static [&'static str] {
        match self {
            Kind::Build | Kind::Dist | Kind::Pictures => &[],
            Kind::Trap | Kind::DistTrap => &["trap"],
        }
    }

    /// Built with the profile that takes minutes.
    fn is_shipped(self) -> bool {
        match self {
            Kind::Dist | Kind::DistTrap => true,
            Kind::Build | Kind::Trap | Kind::Pictures => false,
        }
    }

    /// The best takes ten seconds on the module, 5 a fraction of one.
    fn brotli_quality(self) -> u32 {
        if self == Kind::Dist { BEST } else { 5 }
    }
}

/// The quality of brotli that is shipped.
pub(crate) const BEST: u32 = 11;

/// What wasm-bindgen made, in the folder: `softframe.js` is the library for host pages.
const GLUE: &str = "core.js";

/// Below this a compressed file saves nothing.
const MIN_COMPRESSED: usize = 256;

/// Files that lie in `www/` but are not part of the product.
fn is_product(path: &str) -> bool {
    !path.ends_with(".md") && !path.split('/').any(|part| part.starts_with('.'))
}

/// Makes the folder and gives its path. Does nothing if everything that goes into it is as it was.
pub(crate) fn make(tree: &Tree, kind: Kind) -> Outcome<PathBuf> {
    let widget = widget::build(tree, kind.package(), kind.features(), kind.is_shipped())?;
    let www = tree.at("www");
    let mut files = Files::new();
    for path in files_below(&www)?.into_iter().filter(|path| is_product(path)) {
        let content = read(&www.join(&path))?;
        files.insert(path, content);
    }
    files.insert(licences::FILE.to_owned(), licences::text(tree)?.into_bytes());
    if kind == Kind::Pictures {
        // The same page, started by another script.
        files.insert("boot.js".to_owned(), read(&tree.at("tests/browser/fixtures/pictures.js"))?);
    }
    let folder = tree.built(kind.folder());
    let stamp = tree.built(&format!("{}.stamp", kind.folder()));
    let config = configuration(&folder)?;
    let wanted = version(&files, &widget, &config);
    if folder.exists() && std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        say(format!("{} is up to date", folder.display()));
        return Ok(folder);
    }
    say(format!("packing {}", folder.display()));
    let made = packed(files, widget)?;
    clear(&folder)?;
    for (path, content) in &made {
        place(&folder, path, content, kind.brotli_quality())?;
    }
    for (name, text) in headers::files(&config) {
        write(&folder.join(name), text.as_bytes())?;
    }
    write(&stamp, wanted.as_bytes())?;
    Ok(folder)
}

/// What goes into a folder: the same text, the same folder.
fn version(files: &Files, widget: &Widget, config: &Map<String, Value>) -> String {
    let settings = serde_json::json!(config).to_string();
    let rest = [widget.glue.as_slice(), &widget.module, SELF, settings.as_bytes()];
    fingerprint(files.iter().flat_map(|(path, content)| [path.as_bytes(), content]).chain(rest))
}

/// A change of how files are packed is a change of what is packed.
const SELF: &[u8] = concat!(
    include_str!("folder.rs"),
    include_str!("names.rs"),
    include_str!("headers.rs"),
    include_str!("../../server/src/policy.rs")
)
.as_bytes();

/// All files under their final names.
fn packed(mut files: Files, widget: Widget) -> Outcome<Files> {
    files.insert(GLUE.to_owned(), widget.glue);
    files.insert(MODULE.to_owned(), widget.module);
    let index = files.get("index.html").ok_or("there is no www/index.html")?;
    let index = with_preloads(&String::from_utf8_lossy(index));
    files.insert("index.html".to_owned(), index.into_bytes());
    names::hashed(files).map(|(files, _)| files)
}

/// Saves one round trip: the browser asks for the glue and the module while it still reads the page.
fn with_preloads(index: &str) -> String {
    let links = [
        (GLUE, format!("<link rel=\"modulepreload\" href=\"./{GLUE}\">")),
        (
            MODULE,
            format!(
                "<link rel=\"preload\" as=\"fetch\" type=\"application/wasm\" crossorigin href=\"./{MODULE}\">"
            ),
        ),
    ];
    let missing: String =
        links.into_iter().filter(|(file, _)| !index.contains(file)).map(|(_, link)| link).collect();
    index.replacen("</head>", &format!("{missing}</head>"), 1)
}

/// What the headers are made from: the `config.json` that lies in the folder now.
fn configuration(folder: &Path) -> Outcome<Map<String, Value>> {
    let path = folder.join("config.json");
    if !path.exists() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&read(&path)?) {
        Ok(Value::Object(config)) => Ok(config),
        Ok(_) => Err(format!("{} is not an object.", path.display())),
        Err(error) => Err(format!("{} cannot be read: {error}.", path.display())),
    }
}

/// Removes what an earlier build left, but keeps a `config.json` that a person put there.
fn clear(folder: &Path) -> Outcome {
    if !folder.exists() {
        return Ok(());
    }
    for path in files_below(folder)?.iter().filter(|path| *path != "config.json") {
        let path = folder.join(path);
        std::fs::remove_file(&path).map_err(|error| format!("cannot remove {}: {error}", path.display()))?;
    }
    Ok(())
}

fn place(folder: &Path, path: &str, content: &[u8], quality: u32) -> Outcome {
    write(&folder.join(path), content)?;
    // `config.json` is exchanged by hand; a stale compressed twin would win over it.
    if path == "config.json" || content.len() < MIN_COMPRESSED {
        return Ok(());
    }
    let side = compressed(content, quality);
    if side.len() < content.len() { write(&folder.join(format!("{path}.br")), &side) } else { Ok(()) }
}

/// Brotli of one file.
pub(crate) fn compressed(content: &[u8], quality: u32) -> Vec<u8> {
    let mut side = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut side, 1 << 16, quality, 22);
    // A vector takes everything.
    let written = writer.write_all(content);
    drop(writer);
    if written.is_ok() { side } else { content.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_gets_the_preloads_it_lacks() {
        let page = with_preloads("<head><link rel=modulepreload href=\"./core.js\"></head>");
        assert_eq!(page.matches("core.js").count(), 1, "{page}");
        assert!(page.contains("softframe_bg.wasm\"></head>"), "{page}");
    }

    #[test]
    fn host_library_is_small() {
        const MAX_OCTETS: usize = 6_000;
        let size = compressed(include_bytes!("../../../www/softframe.js"), BEST).len();
        assert!(size <= MAX_OCTETS, "{size} octets of brotli");
        const MAX_OCTETS_OF_CTI: usize = 4_000;
        let size = compressed(include_bytes!("../../../www/softframe-cti.js"), BEST).len();
        assert!(size <= MAX_OCTETS_OF_CTI, "{size} octets of brotli");
    }

    #[test]
    fn loader_of_the_dialect_is_small() {
        const MAX_OCTETS: usize = 4_500;
        let size = compressed(include_bytes!("../../../www/softframe-rc.js"), BEST).len();
        assert!(size <= MAX_OCTETS, "{size} octets of brotli");
    }

    #[test]
    fn folder_is_made_anew_when_its_configuration_changes() {
        let widget = Widget { glue: b"glue".to_vec(), module: b"module".to_vec() };
        let files = Files::from([("index.html".to_owned(), b"page".to_vec())]);
        let of = |hosts: &[&str]| {
            let config = Map::from_iter([("hosts".to_owned(), serde_json::json!(hosts))]);
            version(&files, &widget, &config)
        };
        assert_eq!(of(&["https://crm.example"]), of(&["https://crm.example"]));
        assert_ne!(of(&["https://crm.example"]), of(&[]));
    }

    #[test]
    fn compressed_reads_back() {
        let text = "softframe ".repeat(500);
        let side = compressed(text.as_bytes(), 5);
        let mut back = String::new();
        std::io::Read::read_to_string(&mut brotli::Decompressor::new(side.as_slice(), 4096), &mut back)
            .expect("brotli");
        assert!(side.len() < 100 && back == text);
    }
}
