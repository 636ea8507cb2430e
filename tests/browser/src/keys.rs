//! Keys of a keyboard, pressed one after the other, for whatever has the focus.

use crate::Page;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};

/// As WebDriver writes keys that are no characters.
const NAMED: [(&str, char); 15] = [
    ("Backspace", '\u{e003}'),
    ("Tab", '\u{e004}'),
    ("Enter", '\u{e007}'),
    ("Shift", '\u{e008}'),
    ("Escape", '\u{e00c}'),
    ("Space", ' '),
    ("PageUp", '\u{e00e}'),
    ("PageDown", '\u{e00f}'),
    ("End", '\u{e010}'),
    ("Home", '\u{e011}'),
    ("ArrowLeft", '\u{e012}'),
    ("ArrowUp", '\u{e013}'),
    ("ArrowRight", '\u{e014}'),
    ("ArrowDown", '\u{e015}'),
    ("Delete", '\u{e017}'),
];

impl Page {
    /// Presses keys by their names: `Tab`, `Shift+Tab`, `m`.
    pub async fn keys(&self, keys: &[&str]) {
        let mut actions = KeyActions::new("keyboard".to_owned());
        for key in keys {
            let (shifted, name) = match key.strip_prefix("Shift+") {
                Some(name) => (true, name),
                None => (false, *key),
            };
            let value = code(name);
            let shift = code("Shift");
            if shifted {
                actions = actions.then(KeyAction::Down { value: shift });
            }
            actions = actions.then(KeyAction::Down { value }).then(KeyAction::Up { value });
            if shifted {
                actions = actions.then(KeyAction::Up { value: shift });
            }
        }
        self.browser
            .client
            .perform_actions(actions)
            .await
            .unwrap_or_else(|error| panic!("{keys:?}: {error}"));
    }

    /// Types a text, character by character.
    pub async fn type_keys(&self, text: &str) {
        let letters: Vec<String> = text.chars().map(String::from).collect();
        self.keys(&letters.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
}

fn code(name: &str) -> char {
    let named = NAMED.iter().find(|(known, _)| *known == name).map(|(_, code)| *code);
    let letter = || name.chars().next().filter(|_| name.chars().count() == 1);
    named.or_else(letter).unwrap_or_else(|| panic!("no key {name:?}"))
}
