//! Journal entries as JSON, for the shell and back.
//!
//! It never interprets them: the shell fills in times, the phone reads what a crash left.

use js_sys::{Array, JSON, Object, Reflect};
use softframe_phone::{FlowId, JournalEntry};
use wasm_bindgen::prelude::*;

/// `{"terminated": "…", "acceptedAt": ms | null, "flow": "n" | null, "farewell": "…" | null, "told": boolean}`.
pub(crate) fn to_json(entry: &JournalEntry) -> String {
    let object = Object::new();
    let set = |key: &str, value: JsValue| {
        // `Reflect.set` on a plain object does not fail.
        let _ = Reflect::set(&object, &key.into(), &value);
    };
    set("terminated", entry.terminated.as_str().into());
    set("acceptedAt", entry.accepted_at.map_or(JsValue::NULL, |ms| JsValue::from_f64(ms as f64)));
    let (flow, octets) = entry.farewell.as_ref().map_or((JsValue::NULL, JsValue::NULL), |(flow, octets)| {
        (flow.0.to_string().into(), String::from_utf8_lossy(octets).as_ref().into())
    });
    set("flow", flow);
    set("farewell", octets);
    set("told", entry.told.into());
    JSON::stringify(&object).map(String::from).unwrap_or_default()
}

/// The entries of a JSON array of [`to_json`] objects; what is damaged is left out.
pub(crate) fn from_json(text: &str) -> Vec<JournalEntry> {
    let Ok(list) = JSON::parse(text) else { return Vec::new() };
    if !Array::is_array(&list) {
        return Vec::new();
    }
    Array::from(&list).iter().filter_map(|entry| read(&entry)).collect()
}

fn read(entry: &JsValue) -> Option<JournalEntry> {
    let field = |key: &str| Reflect::get(entry, &key.into()).unwrap_or(JsValue::UNDEFINED);
    let flow = field("flow").as_string().and_then(|flow| flow.parse().ok()).map(FlowId);
    Some(JournalEntry {
        terminated: field("terminated").as_string()?,
        accepted_at: field("acceptedAt").as_f64().map(|ms| ms as u64),
        farewell: flow.zip(field("farewell").as_string().map(String::into_bytes)),
        told: field("told").is_truthy(),
    })
}
