//! The schema that is shipped, held against what pages are told.

use crate::prepared;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock},
};

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let text = std::fs::read(prepared("SOFTFRAME_WWW").join("schema/softframe-1.json"));
        serde_json::from_slice(&text.expect("the widget has its schema")).expect("the schema is JSON")
    })
}

/// Asserts that a message is what the schema says, if it is one of the phone. Pages hear others, too.
pub(crate) fn assert_message(message: &Value) {
    let kind = message["type"].as_str().unwrap_or_default();
    let is_response = kind == "softframe:response";
    if !is_response && (message["v"] != 1 || !message["seq"].is_u64()) {
        return;
    }
    let mut messages = document()["oneOf"].as_array().into_iter().flatten();
    let fits = |one: &&Value| {
        let fields = &one["properties"];
        fields["type"]["const"] == kind && (!is_response || fields["ok"]["const"] == message["ok"])
    };
    let found = messages.find(fits).unwrap_or_else(|| panic!("the schema has no {message}"));
    assert_valid(&format!("message {kind} {}", message["ok"]), found, message);
}

/// Asserts the `data` of the answer to a command.
pub(crate) fn assert_answer(command: &str, data: &Value) {
    if let Some(answer) = document()["commands"].get(command) {
        assert_valid(&format!("answer {command}"), &answer["answer"], data);
    }
}

fn assert_valid(name: &str, schema: &Value, instance: &Value) {
    static MADE: Mutex<BTreeMap<String, Validator>> = Mutex::new(BTreeMap::new());
    // A test that failed elsewhere says nothing of the validators.
    let mut made = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let validator = made.entry(name.to_owned()).or_insert_with(|| {
        let whole = json!({ "allOf": [schema], "$defs": document()["$defs"] });
        jsonschema::validator_for(&whole).expect("the schema is one")
    });
    let wrong: Vec<String> =
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path)).collect();
    assert!(wrong.is_empty(), "{name} is not what the schema says: {wrong:?} in {instance}");
}
