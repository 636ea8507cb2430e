//! The README's table of RFCs: the tests that it names exist, and in each row one is against what others wrote.

use crate::{
    Outcome,
    tree::{Tree, files_below, read},
};

/// The messages of RFC 4475 and RFC 5118 are others', too.
const CORPUS: [&str; 2] = ["rfc4475_", "rfc5118_"];

/// What breaks that.
pub(crate) fn broken(tree: &Tree) -> Outcome<Vec<String>> {
    let text = |path: &str| read(&tree.at(path)).map(|octets| String::from_utf8_lossy(&octets).into_owned());
    let (mut all, mut live) = (String::new(), String::new());
    for folder in ["crates", "tests"] {
        for path in files_below(&tree.at(folder))?.iter().filter(|path| path.ends_with(".rs")) {
            let source = text(&format!("{folder}/{path}"))?;
            if folder == "tests" && path.starts_with("live/") {
                live += &source;
            }
            all += &source;
        }
    }
    Ok(broken_rows(&text("README.md")?, &all, &live))
}

fn broken_rows(readme: &str, all: &str, live: &str) -> Vec<String> {
    let has = |source: &str, name: &str| source.contains(&format!("fn {name}("));
    let mut broken = Vec::new();
    let table = readme.lines().skip_while(|line| !line.starts_with("| RFC |")).skip(2);
    for row in table.take_while(|line| line.starts_with('|')) {
        let title = row.split('|').nth(1).unwrap_or_default().trim();
        let mut is_proven = false;
        for (name, is_live) in names(row) {
            if !has(if is_live { live } else { all }, name) {
                broken.push(format!("RFC {title}: there is no test {name}"));
            }
            is_proven |= is_live || CORPUS.iter().any(|corpus| name.starts_with(corpus));
        }
        if !is_proven {
            broken.push(format!("RFC {title}: no test against what others wrote"));
        }
    }
    broken
}

/// Names of tests in a row, and whether they are set in italics.
fn names(row: &str) -> impl Iterator<Item = (&str, bool)> {
    let parts: Vec<&str> = row.split('`').collect();
    (1..parts.len()).step_by(2).filter_map(move |place| {
        let name = *parts.get(place)?;
        let is_name =
            name.contains('_') && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
        let is_live = parts.get(place - 1)?.ends_with('*') && parts.get(place + 1)?.starts_with('*');
        is_name.then_some((name, is_live))
    })
}

#[cfg(test)]
mod tests {
    use super::broken_rows;

    #[test]
    fn rows_without_proof_and_names_without_tests_are_found() {
        let readme = "Words.\n| RFC | what | tests |\n|---|---|---|\n| 1 | `a=b` | `own_test`, *`live_test`* |\n\
                      | 2 | x | `own_test` |\n| 3 | x | `rfc4475_all`, *`own_test`* |\n| 4 | x | *`gone_test`* |\n\n| 5 |";
        let live = "async fn live_test() {}";
        let all = format!("fn own_test() {{}} fn rfc4475_all() {{}} {live}");
        assert_eq!(
            broken_rows(readme, &all, live),
            [
                "RFC 2: no test against what others wrote",
                "RFC 3: there is no test own_test",
                "RFC 4: there is no test gone_test"
            ]
        );
    }
}
