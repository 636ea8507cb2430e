//! The page's third-party service: its registration, what it is asked, and what it answers.
//!
//! Its paths are the page's own words and go back as they came.

use super::{call::Past, commands::is_true};
use crate::{
    Output, Phone,
    bridge::{
        as_number, json,
        provider::{matches, word},
    },
    headers::undisturbing,
    json::object,
    provider::{
        DEFAULT_NO_MATCH_TTL, DEFAULT_TTL, Form, Given, Offers, Op, Question, Refusal, Registration, Reply,
    },
    view::Text,
};
use serde_json::{Map, Value};
use softframe_contacts::{Contact, MAX_ID_CHARS, MAX_PHONES, PhoneNumber};
use softframe_sip::Instant;

/// Longest name of a service; a path may be as long.
const MAX_NAME_CHARS: usize = 48;
const MAX_PATH_CHARS: usize = 256;

/// Paths that make an offer, with the place of each in [`Service`].
const PATHS: [&str; 6] = [
    "contactsPath",
    "contactSearchPath",
    "contactMatchPath",
    "viewMatchedContactPath",
    "callLoggerPath",
    "doNotContactPath",
];

/// What else is kept of a registration.
const KEPT: [&str; 10] = [
    "name",
    "contactMatchTtl",
    "contactNoMatchTtl",
    "authorizationPath",
    "authorized",
    "authorizedAccount",
    "authorizedTitle",
    "unauthorizedTitle",
    "callLoggerTitle",
    LOGGED_PATH,
];
/// Where the page is asked which calls it has in its log.
const LOGGED_PATH: &str = "callLogEntityMatcherPath";
/// Of a registration that is kept: its paths at their longest, and some room.
const MAX_KEPT_OCTETS: usize = 8 * 1024;

/// What the page has registered so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Service {
    pub(super) name: String,
    paths: [Option<String>; 6],
    has_gate: bool,
    authorized: bool,
    ttl: Option<u64>,
    no_match_ttl: Option<u64>,
    /// Everything that the page has said of it, for a reload of this frame.
    said: Map<String, Value>,
}

impl Service {
    fn path(&self, op: Op) -> Option<&str> {
        let [list, search, matching, view, log, do_not_contact] = &self.paths;
        let path = match op {
            Op::List => list,
            Op::Search => search,
            Op::Match => matching,
            Op::View => view,
            Op::Log => log,
            Op::DoNotCall => do_not_contact,
        };
        path.as_deref()
    }

    /// A text of the registration that is shown.
    pub(super) fn title(&self, key: &str) -> Option<String> {
        let text = self.said.get(key)?.as_str().map(undisturbing)?;
        Some(text.chars().take(MAX_NAME_CHARS).collect()).filter(|text: &String| !text.trim().is_empty())
    }

    /// Where calls are logged, while the page lets itself be asked.
    pub(super) fn log_path(&self) -> Option<&str> {
        self.path(Op::Log).filter(|_| self.is_open())
    }

    /// Where the page is asked which calls it has in its log.
    pub(super) fn logged_path(&self) -> Option<String> {
        self.word(LOGGED_PATH).filter(|_| self.is_open())
    }

    /// A path of the registration that is no offer.
    fn word(&self, key: &str) -> Option<String> {
        let path = self.said.get(key)?.as_str()?;
        Some(path.chars().take(MAX_PATH_CHARS).collect()).filter(|path: &String| !path.is_empty())
    }

    fn is_open(&self) -> bool {
        self.authorized || !self.has_gate
    }

    /// A second registration overwrites what it names and keeps the rest.
    fn take(&mut self, service: &Value) {
        for key in PATHS.iter().chain(&KEPT) {
            if let Some(value) = service.get(key) {
                self.said.insert((*key).to_owned(), value.clone());
            }
        }
        for (key, place) in PATHS.iter().zip(&mut self.paths) {
            if let Some(path) = service.get(key).and_then(Value::as_str) {
                *place = Some(path.chars().take(MAX_PATH_CHARS).collect::<String>())
                    .filter(|path| !path.is_empty());
            }
        }
        let number = |key: &str| service.get(key).and_then(Value::as_u64);
        self.ttl = number("contactMatchTtl").or(self.ttl);
        self.no_match_ttl = number("contactNoMatchTtl").or(self.no_match_ttl);
        self.has_gate |= service.get("authorizationPath").is_some_and(Value::is_string);
        if let Some(authorized) = service.get("authorized").and_then(Value::as_bool) {
            self.authorized = authorized;
        }
    }

    fn registration(&self) -> Registration {
        let does = |op| self.path(op).is_some();
        Registration {
            name: self.name.clone(),
            form: Form::Rc,
            offers: Offers {
                list: does(Op::List),
                search: does(Op::Search),
                matching: does(Op::Match),
                view: does(Op::View),
                log: does(Op::Log),
                do_not_call: does(Op::DoNotCall),
            },
            ttl: self.ttl.unwrap_or(DEFAULT_TTL),
            no_match_ttl: self.no_match_ttl.unwrap_or(DEFAULT_NO_MATCH_TTL),
            authorized: self.is_open(),
        }
    }
}

impl Phone {
    /// `rc-adapter-register-third-party-service`; without a name it is none, and nothing is ever answered.
    pub(super) fn rc_registers(&mut self, now: Instant, service: &Value) {
        let name = service.get("name").and_then(Value::as_str).unwrap_or_default().trim();
        let name: String = name.chars().take(MAX_NAME_CHARS).collect();
        if name.is_empty() {
            return;
        }
        let mut known = self.rc.service.take().filter(|known| known.name == name).unwrap_or_default();
        known.name = name;
        known.take(service);
        let registration = known.registration();
        self.rc.service = Some(known);
        self.rc_may_ask(now, registration);
    }

    /// The page offers this, and may be asked or not.
    fn rc_may_ask(&mut self, now: Instant, registration: Registration) {
        self.keep_service();
        self.register_provider(now, registration);
        self.rc_asks_what_is_logged(|_| true);
    }

    /// A page registers once for its life, and does not hear that this frame alone was loaded again.
    fn keep_service(&mut self) {
        let Some(service) = self.rc.service.as_ref() else { return };
        let chain = self.host.chain().to_vec();
        let kept = object(vec![("chain", chain.into()), ("service", Value::Object(service.said.clone()))]);
        let text = json(&kept);
        if text.len() <= MAX_KEPT_OCTETS {
            self.out.push_back(Output::Keep(text));
        }
    }

    /// What this chain had registered before the reload, unless it has done so again.
    pub(super) fn register_kept(&mut self, now: Instant) {
        let Some(kept) = self.rc.kept.take() else { return };
        let is_theirs = kept.get("chain") == Some(&self.host.chain().to_vec().into());
        if let Some(service) = kept.get("service").filter(|_| is_theirs && self.rc.service.is_none()) {
            self.rc_registers(now, service);
        }
    }

    /// `rc-adapter-update-authorization-status`.
    pub(super) fn rc_authorizes(&mut self, now: Instant, message: &Value) {
        let Some(service) = self.rc.service.as_mut() else { return };
        service.authorized = message.get("authorized").is_some_and(is_true);
        service.said.insert("authorized".into(), service.authorized.into());
        if let Some(account) = message.get("authorizedAccount") {
            service.said.insert("authorizedAccount".into(), account.clone());
        }
        let registration = service.registration();
        self.rc_may_ask(now, registration);
    }

    /// The button of the settings, where the page wants to be asked before anything else: its label, and whose account it is
    /// connected to.
    pub(crate) fn rc_gate(&self) -> Option<(Text, String)> {
        let service = self.rc.service.as_ref().filter(|service| service.has_gate)?;
        let (title, own) = match service.authorized {
            true => ("authorizedTitle", "service.disconnect"),
            false => ("unauthorizedTitle", "service.connect"),
        };
        let own = || Text::with(own, "name", &service.name);
        let account = service.title("authorizedAccount").filter(|_| service.authorized);
        Some((
            service.title(title).map_or_else(own, |title| Text::plain(&title)),
            account.unwrap_or_default(),
        ))
    }

    /// The person presses it: what becomes of it, the page says by [`Phone::rc_authorizes`].
    pub(crate) fn rc_authorize(&mut self) {
        let Some(service) = self.rc.service.as_ref().filter(|service| service.has_gate) else { return };
        let path = service.word("authorizationPath").unwrap_or_default();
        let body = object(vec![("authorized", service.authorized.into())]);
        self.rc_asks(&path, body);
    }
}

/// `rc-post-message-request` for this question.
pub(crate) fn request(phone: &Phone, id: &str, question: &Question) -> Value {
    let path = phone.rc.service.as_ref().and_then(|service| service.path(question.op())).unwrap_or_default();
    let body = match question {
        Question::List { page, since, by_page } => {
            let mut fields = vec![("page", page.clone()), ("syncTimestamp", since.clone())];
            fields.extend(by_page.then(|| ("type", "api".into())));
            object(fields)
        }
        Question::Search { words } => object(vec![("searchString", words.as_str().into())]),
        Question::Match { numbers, by_page } => {
            let none = object(Vec::new());
            let mut fields = vec![("phoneNumbers", numbers.clone().into()), ("callerIds", none)];
            fields.extend(by_page.then(|| ("triggerFrom", "manual".into())));
            object(fields)
        }
        Question::View { contact } => contact.clone(),
        Question::Log { event } => phone.rc_logged(&Past::of(event), "presenceUpdate"),
        Question::DoNotCall { number } => {
            object(vec![("actionType", "call".into()), ("phoneNumber", number.as_str().into())])
        }
    };
    asked(id, path, body)
}

/// A question to the page.
pub(super) fn asked(id: &str, path: &str, body: Value) -> Value {
    object(vec![
        ("type", "rc-post-message-request".into()),
        ("requestId", id.into()),
        ("path", path.into()),
        ("body", body),
    ])
}

/// What `response` of a `rc-post-message-response` says to a question of this kind. What has not the expected shape
/// is empty.
pub(crate) fn reply(op: Op, response: &Value) -> Reply {
    let get = |key: &str| response.get(key).cloned().unwrap_or_default();
    let data = response.get("data").unwrap_or(&Value::Null);
    match op {
        Op::List => {
            Reply { rows: rows(data), next: get("nextPage"), stamp: get("syncTimestamp"), ..Reply::default() }
        }
        Op::Search => Reply { rows: rows(data), ..Reply::default() },
        Op::Match => Reply { matches: matches(data, rows), ..Reply::default() },
        Op::DoNotCall => Reply {
            refusal: data.get("result").and_then(Value::as_bool).unwrap_or(false).then(|| Refusal {
                message: word(data.get("message")).unwrap_or_default(),
                is_final: data.get("mode").and_then(Value::as_str) == Some("restrict"),
            }),
            ..Reply::default()
        },
        Op::View | Op::Log => Reply::default(),
    }
}

fn rows(list: &Value) -> Vec<Given> {
    list.as_array().into_iter().flatten().filter_map(given).collect()
}

/// One contact; what has no id or no name is none.
fn given(own: &Value) -> Option<Given> {
    let id = word(own.get("id")).filter(|id| !id.is_empty() && id.chars().count() <= MAX_ID_CHARS)?;
    let deleted = own.get("deleted").and_then(Value::as_bool).unwrap_or(false);
    let text =
        |key: &str| own.get(key).and_then(Value::as_str).map(undisturbing).filter(|text| !text.is_empty());
    let name = text("name").filter(|name| !name.trim().is_empty());
    let name = if deleted { name.unwrap_or_default() } else { name? };
    let phones = own.get("phoneNumbers").and_then(Value::as_array).into_iter().flatten();
    let phones = phones.take(MAX_PHONES).filter_map(phone).collect();
    let text_id = own.get("id").is_some_and(Value::is_string) && as_number(&id).is_some();
    let email = own.get("emails").and_then(|emails| emails.get(0)).and_then(Value::as_str).map(undisturbing);
    let contact = Contact {
        id,
        name,
        phones,
        company: text("company"),
        title: text("jobTitle"),
        email,
        username: None,
    };
    Some(Given { contact, own: own.clone(), deleted, text_id })
}

fn phone(value: &Value) -> Option<PhoneNumber> {
    let number = word(value.get("phoneNumber").or(value.is_string().then_some(value)))?;
    let kind = value.get("phoneType").and_then(Value::as_str).unwrap_or("unknown");
    let kind = kind.strip_suffix("Phone").unwrap_or(kind);
    let kind = match kind {
        "business" | "extension" | "home" | "mobile" | "company" | "contact" | "direct" | "fax" | "other" => {
            Some(kind.to_owned())
        }
        "unknown" => None,
        _ => Some("other".to_owned()),
    };
    Some(PhoneNumber { number: undisturbing(&number), kind })
}

/// A contact of ours in the words of this dialect, where the page's own object is not kept.
pub(crate) fn contact(source: &str, contact: &Contact) -> Value {
    let phone = |phone: &PhoneNumber| {
        let kind = phone.kind.as_deref().unwrap_or("unknown");
        object(vec![("phoneNumber", phone.number.as_str().into()), ("phoneType", kind.into())])
    };
    let phones: Vec<Value> = contact.phones.iter().map(phone).collect();
    let emails: Vec<Value> = contact.email.iter().map(|email| email.as_str().into()).collect();
    object(vec![
        ("id", contact.id.as_str().into()),
        ("name", contact.name.as_str().into()),
        ("type", source.into()),
        ("phoneNumbers", phones.into()),
        ("company", contact.company.as_deref().into()),
        ("jobTitle", contact.title.as_deref().into()),
        ("emails", emails.into()),
    ])
}
