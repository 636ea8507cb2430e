//! Gives files names that change with their content, and puts the new names where other files refer to them.
//!
//! Pure: octets in, octets out. A file that no other refers to keeps its name, so `index.html`, `config.json` and
//! everything that code asks for by a composed name stay where they are.

use crate::{Outcome, tree::fingerprint};
use std::collections::{BTreeMap, BTreeSet};

/// What host pages name keeps its name, though files of ours refer to it, too.
const PLAIN: [&str; 1] = ["softframe.js"];

/// Paths relative to the folder, and contents.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The renamed files, and from which name each came.
pub(crate) fn hashed(files: Files) -> Outcome<(Files, BTreeMap<String, String>)> {
    let referred: BTreeMap<String, BTreeSet<String>> =
        files.iter().map(|(path, content)| (path.clone(), referred_by(path, content, &files))).collect();
    let leaves: BTreeSet<&String> =
        referred.values().flatten().filter(|path| !PLAIN.contains(&path.as_str())).collect();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut renamed = Files::new();
    while names.len() < files.len() {
        let ready = files.keys().find(|path| {
            !names.contains_key(*path)
                && referred.get(*path).is_some_and(|all| all.iter().all(|one| names.contains_key(one)))
        });
        let Some(path) = ready else {
            let stuck: Vec<&str> =
                files.keys().filter(|path| !names.contains_key(*path)).map(String::as_str).collect();
            return Err(format!("files of www/ refer to each other in a circle: {}.", stuck.join(", ")));
        };
        let mut content = files.get(path).cloned().unwrap_or_default();
        for target in referred.get(path).into_iter().flatten() {
            content =
                replaced(path, &content, target, names.get(target).map_or(target.as_str(), String::as_str));
        }
        let name = if leaves.contains(path) {
            with_hash(path, &fingerprint([content.as_slice()]))
        } else {
            path.clone()
        };
        renamed.insert(name.clone(), content);
        names.insert(path.clone(), name);
    }
    Ok((renamed, names))
}

/// `a/b.js` and `0123` to `a/b-0123.js`.
fn with_hash(path: &str, hash: &str) -> String {
    match path.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}-{hash}.{ending}"),
        None => format!("{path}-{hash}"),
    }
}

fn is_text(path: &str) -> bool {
    [".html", ".js", ".css", ".svg", ".webmanifest"].iter().any(|ending| path.ends_with(ending))
}

fn referred_by(path: &str, content: &[u8], files: &Files) -> BTreeSet<String> {
    if !is_text(path) {
        return BTreeSet::new();
    }
    let text = String::from_utf8_lossy(content);
    let refers =
        |target: &&String| *target != path && places(&text, &relative(path, target)).next().is_some();
    files.keys().filter(refers).cloned().collect()
}

fn replaced(path: &str, content: &[u8], target: &str, name: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(content);
    let (old, new) = (relative(path, target), relative(path, name));
    let mut result = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for place in places(&text, &old) {
        result += text.get(done..place).unwrap_or("");
        result += &new;
        done = place + old.len();
    }
    result += text.get(done..).unwrap_or("");
    result.into_bytes()
}

/// Where `text` names `file` as a whole address: between quotes or brackets, after `./` or not, before `?` or `#`.
fn places<'a>(text: &'a str, file: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(file).map(|(place, _)| place).filter(move |place| {
        let before = text.get(..*place).unwrap_or("");
        let before = before.strip_suffix("./").unwrap_or(before);
        let after = text.get(place + file.len()..).unwrap_or("");
        before.ends_with(['"', '\'', '`', '(']) && after.starts_with(['"', '\'', '`', ')', '?', '#'])
    })
}

/// How a file at `from` writes the address of the file at `to`.
fn relative(from: &str, to: &str) -> String {
    let mut from: Vec<&str> = from.split('/').collect();
    let mut to: Vec<&str> = to.split('/').collect();
    from.pop();
    while !from.is_empty() && to.len() > 1 && from.first() == to.first() {
        from.remove(0);
        to.remove(0);
    }
    format!("{}{}", "../".repeat(from.len()), to.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn text(files: &Files, path: &str) -> String {
        String::from_utf8(files.get(path).cloned().expect(path)).expect("text")
    }

    #[test]
    fn referred_files_change_names_through_the_whole_chain() {
        let tree = files(&[
            ("index.html", r#"<script type="module" src="boot.js"></script><link href="./style.css">"#),
            ("boot.js", "import init from './core.js'; init('softframe_bg.wasm')"),
            ("core.js", "export default 1"),
            ("softframe_bg.wasm", "\u{0}asm"),
            ("style.css", "a { background: url(icons/x.svg#a) }"),
            ("icons/x.svg", "<svg/>"),
            ("strings/es.json", "{}"),
        ]);
        let (made, names) = hashed(tree.clone()).expect("no circle");
        let name = |path: &str| names.get(path).cloned().expect(path);
        assert_eq!(name("index.html"), "index.html");
        assert_eq!(name("strings/es.json"), "strings/es.json", "nothing refers to it by its whole name");
        assert!(text(&made, "index.html").contains(&format!("src=\"{}\"", name("boot.js"))));
        assert!(text(&made, "index.html").contains(&format!("href=\"./{}\"", name("style.css"))));
        assert!(text(&made, &name("boot.js")).contains(&format!("init('{}')", name("softframe_bg.wasm"))));
        assert!(text(&made, &name("style.css")).contains(&format!("url({}#a)", name("icons/x.svg"))));

        let mut changed = tree;
        changed.insert("softframe_bg.wasm".to_owned(), b"other".to_vec());
        let (_, later) = hashed(changed).expect("no circle");
        assert_ne!(later.get("boot.js"), names.get("boot.js"), "its content names the module");
        assert_eq!(later.get("style.css"), names.get("style.css"));
    }

    #[test]
    fn library_keeps_its_name_beside_the_module_that_imports_it() {
        let tree = files(&[("softframe.module.js", "import './softframe.js'"), ("softframe.js", "1")]);
        let (made, _) = hashed(tree.clone()).expect("no circle");
        assert_eq!(made, tree);
    }

    #[test]
    fn circle_is_an_error_that_names_it() {
        let tree = files(&[("a.js", "import './b.js'"), ("b.js", "import './a.js'")]);
        let error = hashed(tree).expect_err("a circle");
        assert!(error.contains("a.js, b.js"), "{error}");
    }

    #[test]
    fn part_of_a_longer_name_is_no_reference() {
        let tree = files(&[("index.html", r#"<a href="unboot.js"><p>boot.js</p>"#), ("boot.js", "1")]);
        let (made, _) = hashed(tree).expect("no circle");
        assert!(made.contains_key("boot.js"));
    }

    #[test]
    fn address_from_a_deeper_folder_goes_up() {
        for (from, to, address) in
            [("index.html", "a/b.js", "a/b.js"), ("a/c.js", "a/b.js", "b.js"), ("a/c.js", "d.js", "../d.js")]
        {
            assert_eq!(relative(from, to), address);
        }
    }
}
