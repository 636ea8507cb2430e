//! The commands of contacts in the JSON Schema.
//!
//! As in `schema`: types that are read by hand elsewhere, and never compiled into the widget.

use super::{ContactRow, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A contact of the page.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
pub(super) struct Contact {
    id: Text,
    name: Option<String>,
    phones: Option<Phones>,
    company: Option<String>,
    title: Option<String>,
    emails: Option<Vec<String>>,
    username: Option<String>,
    avatar: Option<String>,
    url: Option<String>,
    /// Takes the contact away.
    deleted: Option<bool>,
}

/// The numbers of a contact, or its only one.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
pub(super) enum Phones {
    All(Vec<ContactNumber>),
    One(Text),
}

/// A number of a contact.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
pub(super) enum ContactNumber {
    Plain(Text),
    Labelled { number: Text, r#type: Option<String>, label: Option<String> },
}

/// `contacts` with its rows in one of three forms.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
pub(super) struct ContactPush {
    contacts: Option<Vec<Contact>>,
    /// The list as JSON text.
    json: Option<String>,
    /// One JSON object a line, in UTF-8.
    #[schemars(extend("tsType" = "ArrayBuffer"))]
    ndjson: Option<Value>,
    #[schemars(extend("enum" = ["upsert", "replace"]))]
    mode: Option<String>,
    /// A name for all that is pushed under it. Default: `host`.
    source: Option<String>,
    batch: Option<Batch>,
}

/// A part of a push.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
pub(super) struct Batch {
    /// From 1.
    n: u32,
    last: Option<bool>,
}

/// `contacts`.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
pub(super) enum Contacts {
    Rows(Vec<Contact>),
    Push(ContactPush),
}

/// `contacts:remove`.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
pub(super) struct ContactsRemove {
    ids: Vec<Text>,
    source: Option<String>,
}

/// `contacts:clear`.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
pub(super) struct ContactsClear {
    source: Option<String>,
}

/// `contacts:search`: as the person types.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
pub(super) struct ContactsSearch {
    query: Text,
    /// Default: 20, at most 100.
    max: Option<u32>,
}

/// The answer to `contacts:search`.
#[derive(JsonSchema)]
#[allow(dead_code)]
pub(super) struct Hits {
    hits: Vec<ContactRow>,
    more: bool,
}

/// `contacts:match`: who has these numbers, at most 100.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
pub(super) struct ContactsMatch {
    numbers: Vec<Text>,
}

/// The answer to `contacts:match`.
#[derive(JsonSchema)]
#[allow(dead_code)]
pub(super) struct Matches {
    matches: BTreeMap<String, Vec<ContactRow>>,
}

/// `contacts:vcf`: a vCard file.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code)]
pub(super) struct ContactsVcf {
    text: String,
}

/// The answer to `contacts:vcf`.
#[derive(JsonSchema)]
#[allow(dead_code)]
pub(super) struct VcfTaken {
    count: u32,
    rejected: u32,
}
