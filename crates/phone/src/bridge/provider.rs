//! The page's address book in our own words: `provider:register`, `provider:request`, `provider:response`.
//!
//! It reads and writes and decides nothing. Rows are those of `contacts`.

use super::{
    Command, RowWish,
    command::{field, text_of},
    contact_of_row, json,
};
use crate::{
    json::{object, tree, typed},
    provider::{
        DEFAULT_NO_MATCH_TTL, DEFAULT_TTL, Form, Given, Offers, Op, Question, Refusal, Registration, Reply,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use softframe_contacts::{Contact, PhoneNumber};

/// Longest name; it becomes a part of the name of a source, which has 64 characters.
const MAX_NAME_CHARS: usize = 48;
/// Numbers of one answer that are looked at; more were not asked for.
const MAX_MATCHES: usize = 1_000;

/// `provider:register`: what the page can answer.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct ProviderRegister {
    /// Shown nowhere; a second one under the same name takes the place of the first.
    name: String,
    /// All contacts, page by page, and what has changed since.
    list: Option<bool>,
    /// Contacts for what is typed.
    search: Option<bool>,
    /// Whose these numbers are.
    r#match: Option<bool>,
    /// Opens a contact in the page.
    view: Option<bool>,
    /// Takes each call that is over.
    log: Option<bool>,
    /// Says before each call whether it may be made.
    do_not_call: Option<bool>,
    /// Milliseconds that a match is kept. Default: 7,200,000.
    ttl: Option<u64>,
    /// Milliseconds after which a number may be asked for again. Default: 300,000.
    no_match_ttl: Option<u64>,
}

/// `provider:response`: the answer to a `provider:request`, by its `id`.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ProviderResponse {
    id: String,
    /// Default: `true`.
    ok: Option<bool>,
    /// `list`: `{contacts, nextPage, syncTimestamp}`; `search`: `{contacts}`; `match`: `{matches: {number: rows}}`;
    /// `doNotCall`: `{refuse, message, final}`.
    data: Option<Value>,
    /// Why there is none; for people who read the page's messages.
    #[allow(dead_code)]
    error: Option<Value>,
}

/// `provider:request`: the page answers by `provider:response` with the same `id`.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ProviderRequest<'a> {
    id: &'a str,
    #[cfg_attr(feature = "schema", schemars(extend("enum" = ["list", "search", "match", "view", "log", "doNotCall"])))]
    op: &'static str,
    /// `list`: `{page, syncTimestamp}`; `search`: `{query}`; `match`: `{numbers}`; `view`: `{contact}`, as the page gave
    /// it; `log`: `{call}`, the data of its `phone:terminated`; `doNotCall`: `{number}`.
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, Value>"))]
    body: Value,
}

pub(super) fn register(data: Value) -> Result<Command, &'static str> {
    let json = typed::<ProviderRegister>(data).map_err(|_| "A field of data has the wrong type.")?;
    let name: String = json.name.trim().chars().take(MAX_NAME_CHARS).collect();
    if name.is_empty() {
        return Err("name must be a text.");
    }
    let does = |offer: Option<bool>| offer.unwrap_or(false);
    Ok(Command::ProviderRegister(Registration {
        name,
        form: Form::Native,
        offers: Offers {
            list: does(json.list),
            search: does(json.search),
            matching: does(json.r#match),
            view: does(json.view),
            log: does(json.log),
            do_not_call: does(json.do_not_call),
        },
        ttl: json.ttl.unwrap_or(DEFAULT_TTL),
        no_match_ttl: json.no_match_ttl.unwrap_or(DEFAULT_NO_MATCH_TTL),
        authorized: true,
    }))
}

pub(super) fn response(data: Value) -> Result<Command, &'static str> {
    let json = typed::<ProviderResponse>(data).map_err(|_| "id must be the text of a request.")?;
    let answer = json.ok.unwrap_or(true).then(|| json.data.unwrap_or_default());
    Ok(Command::ProviderResponse { id: json.id, answer })
}

/// The data of a `provider:request`.
pub(crate) fn request(id: &str, question: &Question) -> String {
    let (op, fields) = match question {
        Question::List { page, since, .. } => {
            ("list", vec![("page", page.clone()), ("syncTimestamp", since.clone())])
        }
        Question::Search { words } => ("search", vec![("query", text_value(words))]),
        Question::Match { numbers, .. } => ("match", vec![("numbers", numbers.clone().into())]),
        Question::View { contact } => ("view", vec![("contact", contact.clone())]),
        Question::Log { event } => ("log", vec![("call", tree(event.as_ref()))]),
        Question::DoNotCall { number } => ("doNotCall", vec![("number", text_value(number))]),
    };
    let body = object(fields);
    json(&ProviderRequest { id, op, body })
}

/// What the data of a `provider:response` says to a question of this kind.
pub(crate) fn reply(op: Op, data: &Value) -> Reply {
    let get = |key: &str| data.get(key).cloned().unwrap_or_default();
    match op {
        Op::List | Op::Search => Reply {
            rows: rows(data.get("contacts").unwrap_or(data)),
            next: get("nextPage"),
            stamp: get("syncTimestamp"),
            ..Reply::default()
        },
        Op::Match => {
            Reply { matches: matches(data.get("matches").unwrap_or(data), rows), ..Reply::default() }
        }
        Op::DoNotCall => Reply {
            refusal: get("refuse").as_bool().unwrap_or(false).then(|| Refusal {
                message: field(&get("message")).unwrap_or_default(),
                is_final: get("final").as_bool().unwrap_or(false),
            }),
            ..Reply::default()
        },
        Op::View | Op::Log => Reply::default(),
    }
}

/// An object of lists by number.
pub(crate) fn matches(data: &Value, read: impl Fn(&Value) -> Vec<Given>) -> Vec<(String, Vec<Given>)> {
    let numbers = data.as_object().into_iter().flatten().take(MAX_MATCHES);
    numbers.map(|(number, list)| (number.clone(), read(list))).collect()
}

fn rows(list: &Value) -> Vec<Given> {
    list.as_array().into_iter().flatten().filter_map(given).collect()
}

/// One row; one that is none is left out.
fn given(own: &Value) -> Option<Given> {
    let (contact, deleted, text_id) = match contact_of_row(own).ok()? {
        RowWish::Put { contact, text_number } => (contact, false, text_number),
        RowWish::Delete(id) => (Contact { id, ..Contact::default() }, true, false),
    };
    Some(Given { contact, own: own.clone(), deleted, text_id })
}

/// A contact as a row, where the page's own object is not kept.
pub(crate) fn row(contact: &Contact, id: Value) -> Value {
    let phone = |phone: &PhoneNumber| {
        object(vec![("number", text_value(&phone.number)), ("type", phone.kind.as_deref().into())])
    };
    let phones: Vec<Value> = contact.phones.iter().map(phone).collect();
    let mut row = Map::new();
    row.insert("id".into(), id);
    row.insert("name".into(), text_value(&contact.name));
    row.insert("phones".into(), phones.into());
    for (key, value) in [
        ("company", &contact.company),
        ("title", &contact.title),
        ("emails", &contact.email),
        ("username", &contact.username),
    ] {
        if let Some(value) = value {
            row.insert(key.into(), text_value(value));
        }
    }
    Value::Object(row)
}

fn text_value(text: &str) -> Value {
    Value::from(text)
}

/// A text or number of the page, as text.
pub(crate) fn word(value: Option<&Value>) -> Option<String> {
    value.and_then(text_of)
}
