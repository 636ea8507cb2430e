//! Contact rows of the host: each row by itself, so that a bad one costs only itself.
//!
//! It never builds the rows of a push as one value.

use crate::{headers::undisturbing, json};
use serde::de::IgnoredAny;
use serde_json::{Deserializer, Value};
use softframe_contacts::{Contact, PhoneNumber, Rejection};

/// Longest id kept.
pub(crate) const MAX_ID_CHARS: usize = 128;
/// Numbers kept of one contact.
pub(crate) const MAX_PHONES: usize = 100;

/// What a row asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum RowWish {
    /// `text_number`: the id is a text that reads like a number.
    Put {
        contact: Contact,
        text_number: bool,
    },
    Delete(String),
}

/// The rows of a JSON array, unread. `None` if it is no array.
///
/// Each is short-lived as a [`Value`], made by [`row`].
pub(crate) fn rows_of(text: &str) -> Option<Vec<&str>> {
    let mut rest = text.trim_ascii_start().strip_prefix('[')?.trim_ascii();
    let mut rows = Vec::new();
    if rest == "]" {
        return Some(rows);
    }
    loop {
        let mut values = Deserializer::from_slice(rest.as_bytes()).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (row, after) = rest.split_at_checked(values.byte_offset())?;
        rows.push(row);
        let after = after.trim_ascii_start();
        if after == "]" {
            return Some(rows);
        }
        rest = after.strip_prefix(',')?.trim_ascii_start();
    }
}

/// One row's text as a value; `null`, which is no contact, where it is no JSON.
pub(crate) fn row(text: &str) -> Value {
    json::value(text.as_bytes()).unwrap_or_default()
}

/// Reads one row.
pub(crate) fn contact_of_row(row: &Value) -> Result<RowWish, Rejection> {
    let row = row.as_object().ok_or(Rejection::Shape)?;
    let id = row.get("id").and_then(super::text_of).filter(|id| !id.is_empty()).ok_or(Rejection::NoId)?;
    if id.chars().count() > MAX_ID_CHARS {
        return Err(Rejection::TooLarge);
    }
    if row.get("deleted").and_then(Value::as_bool) == Some(true) {
        return Ok(RowWish::Delete(id));
    }
    let text =
        |key: &str| row.get(key).and_then(Value::as_str).map(undisturbing).filter(|text| !text.is_empty());
    let phones = match row.get("phones") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().take(MAX_PHONES).filter_map(phone).collect(),
        Some(one) => vec![phone(one).ok_or(Rejection::Shape)?],
    };
    let name = match row.get("name") {
        Some(Value::String(name)) => undisturbing(name),
        Some(Value::Null) | None => String::new(),
        Some(_) => return Err(Rejection::Shape),
    };
    if name.trim().is_empty() {
        return Err(Rejection::NoName);
    }
    let text_number = row.get("id").is_some_and(Value::is_string) && as_number(&id).is_some();
    // One is shown; a page that has more keeps them itself.
    let email = row.get("emails").and_then(|emails| emails.as_str().or_else(|| emails.get(0)?.as_str()));
    let email = email.map(undisturbing).filter(|email| !email.is_empty());
    let contact = Contact {
        id,
        name,
        phones,
        company: text("company"),
        title: text("title"),
        email,
        username: text("username"),
    };
    Ok(RowWish::Put { contact, text_number })
}

/// The number whose decimal text this is.
pub(crate) fn as_number(id: &str) -> Option<Value> {
    let number: i64 = id.parse().ok()?;
    (number.to_string() == id).then(|| Value::from(number))
}

fn phone(value: &Value) -> Option<PhoneNumber> {
    let Value::Object(fields) = value else {
        return super::text_of(value).map(|number| PhoneNumber { number: undisturbing(&number), kind: None });
    };
    let number = fields.get("number").and_then(super::text_of)?;
    let kind = fields.get("type").and_then(Value::as_str).map(str::to_lowercase);
    Some(PhoneNumber { number: undisturbing(&number), kind })
}
