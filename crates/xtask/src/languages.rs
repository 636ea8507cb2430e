//! Rules about the texts of the widget: each language has all of them, in forms that the language has.
//!
//! English is the list of ids; nobody's words are judged here beyond their shape.

use crate::{
    Outcome,
    tree::{Tree, files_below, read},
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What is translated from.
const ENGLISH: &str = "en";

/// The plural categories of each language (CLDR 42 and later, as `Intl.PluralRules` names them).
const PLURALS: [(&str, &[&str]); 7] = [
    ("en", &["one", "other"]),
    ("es", &["one", "many", "other"]),
    ("fr", &["one", "many", "other"]),
    ("de", &["one", "other"]),
    ("pt", &["one", "many", "other"]),
    ("it", &["one", "many", "other"]),
    ("ar", &["zero", "one", "two", "few", "many", "other"]),
];

/// Categories that mean one number only, so that the words may say it: `مكالمتان` is two calls. (French and Portuguese
/// have 0 and 1 in `one`.)
const SINGLE: [(&str, &[&str]); 5] =
    [("en", &["one"]), ("es", &["one"]), ("de", &["one"]), ("it", &["one"]), ("ar", &["zero", "one", "two"])];

/// Has words of their own for none, one and two.
const DUAL: &str = "ar";

/// What may read as in English, in these languages, and why.
const SAME: [(&str, &[&str], &str); 14] = [
    ("recents.talked", &["es", "fr", "de", "pt", "it", "ar"], "nothing but an argument"),
    ("format.count", &["es", "fr", "de", "pt", "it", "ar"], "nothing but an argument"),
    (
        "ended.sip",
        &["es", "fr", "de", "pt", "it", "ar"],
        "the name of the protocol, and what the server says",
    ),
    ("format.duration", &["es", "fr", "de", "pt", "it"], "symbols of units, the same in Latin script"),
    ("format.duration.hours", &["es", "fr", "de", "pt", "it"], "symbols of units, the same in Latin script"),
    ("format.duration.short", &["es", "fr", "de", "pt", "it"], "symbols of units, the same in Latin script"),
    ("in.said", &["pt"], "the same quotation marks"),
    ("in.quoted", &["pt"], "the same quotation marks"),
    ("quality.percent", &["es", "fr", "de"], "a number and its sign"),
    ("quality.millis", &["es", "fr", "de", "pt", "it"], "symbols of units, the same in Latin script"),
    ("forward.summary", &["es", "fr", "de", "pt", "it"], "an arrow that points on, from left to right"),
    ("contact.fax", &["es", "fr", "pt", "it"], "the word of that language"),
    ("call.headset", &["de"], "the word of that language"),
    ("quality.jitter", &["de", "it"], "the word of that language"),
];

/// The same for words that one language shares.
const SHARED: [(&str, &str); 3] = [("fr", "tab.contacts"), ("fr", "contacts.count"), ("de", "status.title")];

/// All that breaks the rules, each with its file and id.
pub(crate) fn broken(tree: &Tree) -> Outcome<Vec<String>> {
    let folder = tree.at("www/strings");
    let mut files = Vec::new();
    for name in files_below(&folder)? {
        let language = name.trim_end_matches(".json").to_owned();
        let text = read(&folder.join(&name))?;
        match serde_json::from_slice::<Map<String, Value>>(&text) {
            Ok(texts) => files.push((language, texts)),
            Err(error) => return Err(format!("www/strings/{name} is no JSON object: {error}.")),
        }
    }
    let page = String::from_utf8_lossy(&read(&tree.at("www/index.html"))?).into_owned();
    Ok(judged(&files, &page))
}

fn judged(files: &[(String, Map<String, Value>)], page: &str) -> Vec<String> {
    let Some((_, english)) = files.iter().find(|(language, _)| language == ENGLISH) else {
        return vec!["there is no www/strings/en.json".to_owned()];
    };
    let mut broken = Vec::new();
    for (language, categories) in PLURALS {
        match files.iter().find(|(found, _)| found == language) {
            Some((_, texts)) => {
                let faults = broken_texts(language, categories, texts, english);
                broken
                    .extend(faults.into_iter().map(|fault| format!("www/strings/{language}.json: {fault}")));
            }
            None => broken.push(format!("there is no www/strings/{language}.json")),
        }
        let link = format!("hreflang=\"{language}\" href=\"strings/{language}.json\"");
        if !page.contains(&link) {
            broken.push(format!("www/index.html has no link with {link}"));
        }
        if !page.contains(&format!("<option value=\"{language}\" lang=\"{language}\"")) {
            broken.push(format!("www/index.html lets nobody choose {language}"));
        }
    }
    let unknown = files.iter().filter(|(found, _)| !PLURALS.iter().any(|(known, _)| known == found));
    broken.extend(
        unknown.map(|(found, _)| format!("www/strings/{found}.json: its plural forms are not known here")),
    );
    broken
}

fn broken_texts(
    language: &str,
    categories: &[&str],
    texts: &Map<String, Value>,
    english: &Map<String, Value>,
) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, original) in english {
        match texts.get(id) {
            None => broken.push(format!("\"{id}\" is missing ({original})")),
            Some(value) => {
                let faults = broken_text(language, categories, value, original);
                broken.extend(faults.into_iter().map(|fault| format!("\"{id}\" {fault}")));
                if language == ENGLISH {
                    continue;
                }
                match (is_english(value, original), may_be_same(language, id)) {
                    (true, false) => broken.push(format!("\"{id}\" is the English text")),
                    (false, true) => {
                        broken.push(format!("\"{id}\" is listed as the English text, and is not"))
                    }
                    (true, true) | (false, false) => {}
                }
            }
        }
    }
    let unknown = texts.keys().filter(|id| !english.contains_key(*id));
    broken.extend(unknown.map(|id| format!("\"{id}\" is no id of English")));
    broken
}

/// Whether the text, or one of its plural forms, is a text of English.
fn is_english(value: &Value, original: &Value) -> bool {
    let forms = |value: &Value| match value {
        Value::Object(forms) => forms.values().cloned().collect(),
        one => vec![one.clone()],
    };
    let english = forms(original);
    forms(value).iter().any(|form| english.contains(form))
}

fn may_be_same(language: &str, id: &str) -> bool {
    SHARED.contains(&(language, id))
        || SAME.iter().any(|(same, languages, _)| *same == id && languages.contains(&language))
}

fn broken_text(language: &str, categories: &[&str], value: &Value, original: &Value) -> Vec<String> {
    let wanted = holes_of(original);
    let mut broken = Vec::new();
    if let Some(forms) = value.as_object() {
        if !wanted.contains("n") {
            broken.push("has plural forms, but nothing to count".to_owned());
        }
        let found: BTreeSet<&str> = forms.keys().map(String::as_str).collect();
        let needed: BTreeSet<&str> = categories.iter().copied().collect();
        if found != needed {
            broken.push(format!("has the plural forms {found:?}, not {needed:?}"));
        }
        // Filled up from another: `few` and `many` may be alike, none, one and two are not.
        let own = |category: &str| language == DUAL && ["zero", "one", "two"].contains(&category);
        let twins = forms.iter().filter(|(one, form)| {
            own(one.as_str()) && forms.iter().any(|(other, text)| other != *one && text == *form)
        });
        broken.extend(twins.map(|(category, _)| format!("({category}) reads like another form")));
        for (category, form) in forms {
            let single = SINGLE.iter().any(|(of, all)| *of == language && all.contains(&category.as_str()));
            broken.extend(broken_form(form, &wanted, single).map(|fault| format!("({category}) {fault}")));
        }
    } else {
        if original.is_object() {
            broken.push("has no plural forms".to_owned());
        }
        broken.extend(broken_form(value, &wanted, false));
    }
    broken
}

/// `counted`: the words may say the number instead of `{n}`.
fn broken_form(form: &Value, wanted: &BTreeSet<String>, counted: bool) -> Option<String> {
    let Some(text) = form.as_str() else { return Some("is no text".to_owned()) };
    let mut found = holes(text);
    if counted && wanted.contains("n") {
        found.insert("n".to_owned());
    }
    if found != *wanted {
        return Some(format!("has the arguments {found:?}, not {wanted:?}"));
    }
    if text.is_empty() || text.trim() != text || text.contains("  ") || text.contains(['\n', '\t']) {
        return Some("is empty, or has stray white space".to_owned());
    }
    if text.contains(['!', '¡']) || text.contains("...") {
        return Some("has an exclamation mark, or three dots instead of …".to_owned());
    }
    None
}

/// The arguments of a text, or of all its plural forms.
fn holes_of(value: &Value) -> BTreeSet<String> {
    match value {
        Value::String(text) => holes(text),
        Value::Object(forms) => forms.values().filter_map(Value::as_str).flat_map(holes).collect(),
        _ => BTreeSet::new(),
    }
}

fn holes(text: &str) -> BTreeSet<String> {
    let after = text.split('{').skip(1);
    after.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn faults(language: &str, text: Value, english: Value) -> Vec<String> {
        let categories = PLURALS.iter().find(|(known, _)| *known == language).expect("a language").1;
        let of = |text: Value| Map::from_iter([("a.b".to_owned(), text)]);
        broken_texts(language, categories, &of(text), &of(english))
    }

    #[test]
    fn text_of_another_language_is_judged_by_its_shape() {
        for (text, english, fault) in [
            (json!("Anrufen"), json!("Call"), None),
            (json!("{name} anrufen"), json!("Call {name}"), None),
            (json!("Anrufen"), json!("Call {name}"), Some("arguments")),
            (json!("{nme} anrufen"), json!("Call {name}"), Some("arguments")),
            (json!("Call"), json!("Call"), Some("is the English text")),
            (json!(" Anrufen"), json!("Call"), Some("white space")),
            (json!("Jetzt  anrufen"), json!("Call"), Some("white space")),
            (json!(""), json!("Call"), Some("white space")),
            (json!("Anrufen!"), json!("Call"), Some("exclamation")),
            (json!(5), json!("Call"), Some("is no text")),
        ] {
            let found = faults("de", text.clone(), english);
            let right = match fault {
                Some(fault) => found.iter().any(|one| one.contains(fault)),
                None => found.is_empty(),
            };
            assert!(right, "{text}: {found:?}");
        }
    }

    #[test]
    fn plural_forms_are_those_of_the_language() {
        let english = || json!({ "one": "{n} call", "other": "{n} calls" });
        let two = json!({ "one": "{n} Anruf", "other": "{n} Anrufe" });
        assert_eq!(faults("de", two.clone(), english()), [""; 0]);
        assert_eq!(faults("ar", two.clone(), english()).len(), 1, "Arabic has six");
        assert_eq!(faults("fr", two, english()).len(), 1, "French has many");
        assert_eq!(faults("de", json!("{n} Anrufe"), english()).len(), 1);
        let said = json!({ "one": "ein Anruf", "other": "{n} Anrufe" });
        assert_eq!(faults("de", said, english()), [""; 0]);
        let zero_too = json!({ "one": "un appel", "many": "{n} d’appels", "other": "{n} appels" });
        assert_eq!(faults("fr", zero_too, english()).len(), 1, "`one` is 0 and 1 in French");
    }

    #[test]
    fn form_that_is_english_or_copied_from_another_is_named() {
        let english = || json!({ "one": "{n} call", "other": "{n} calls" });
        let half = json!({ "one": "ein Anruf", "other": "{n} calls" });
        assert_eq!(faults("de", half, english()), ["\"a.b\" is the English text"]);
        let copied = json!({
            "zero": "لا مكالمات", "one": "مكالمة واحدة", "two": "{n} مكالمة", "few": "{n} مكالمات", "many": "{n} مكالمة",
            "other": "{n} مكالمة",
        });
        assert_eq!(faults("ar", copied, english()), ["\"a.b\" (two) reads like another form"]);
        let of = |text: &str| Map::from_iter([("call.headset".to_owned(), json!(text))]);
        let found = broken_texts("de", &["one", "other"], &of("Kopfhörer"), &of("Headset"));
        assert_eq!(found, ["\"call.headset\" is listed as the English text, and is not"]);
    }

    #[test]
    fn missing_and_unknown_ids_are_named() {
        let of = |id: &str| Map::from_iter([(id.to_owned(), json!("x y"))]);
        let found = broken_texts("de", &["one", "other"], &of("dial.old"), &of("dial.new"));
        assert_eq!(found, ["\"dial.new\" is missing (\"x y\")", "\"dial.old\" is no id of English"]);
    }
}
