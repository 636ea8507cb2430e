//! JSON into types by one road: text to a `Value`, and a `Value` to the type.
//!
//! serde makes a reader of its own for each pair of a type and a source: with three sources these weighed 4 kB more of
//! the widget's download. What must not be built in memory first (a message of another page) is read elsewhere.

mod typed;

pub(crate) use typed::{WrongType, typed};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Result, Value};

/// Any JSON.
#[inline(never)]
pub(crate) fn value(text: &[u8]) -> Result<Value> {
    serde_json::from_slice(text)
}

/// What is told as text elsewhere, as a value: serde makes no second writer for it.
pub(crate) fn tree<T: Serialize>(told: &T) -> Value {
    value(crate::bridge::json(told).as_bytes()).unwrap_or_default()
}

/// An object of these fields. `json!` writes code for each field that is five times as long.
pub(crate) fn object(fields: Vec<(&'static str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// JSON of one type.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> std::result::Result<T, WrongType> {
    typed(value(text).map_err(|_| WrongType)?)
}
