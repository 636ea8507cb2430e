//! What the server was told: the command line's values and the optional file, read once at start.
//!
//! It never opens a socket and never prints: what is wrong comes back as a sentence.

use crate::gateway::settings::GatewaySettings;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf};

/// The extensions of a server without a file: enough for two people, their second tabs and the tests.
const EXTENSIONS: std::ops::RangeInclusive<u16> = 200..=209;

/// The domain of every address-of-record; `.test` never resolves (RFC 6761), so nothing leaves by mistake.
const DOMAIN: &str = "softframe.test";

/// More users than this are a production system, which this is not.
const MAX_USERS: usize = 1000;

/// What [`crate::start`] needs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The widget's folder, as `cargo xtask dist` makes it.
    pub www: PathBuf,
    /// The demo's folder.
    pub demo: PathBuf,
    /// Users, domain and additions to each `config.json`.
    pub settings: Settings,
}

/// The users and what their widgets are told. Its file is JSON:
/// `{"domain", "users": {"200": "password"}, "widget", "gateway"}`.
#[derive(Clone)]
pub struct Settings {
    /// The domain of the addresses-of-record, and the realm of the challenges.
    pub domain: String,
    /// Passwords by user part.
    pub users: BTreeMap<String, String>,
    /// Keys that go into every `config.json` as they are.
    pub widget: Map<String, Value>,
    /// The gateways, if there are any.
    pub gateway: Option<GatewaySettings>,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Settings({}, {} users)", self.domain, self.users.len())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    domain: Option<String>,
    users: Option<BTreeMap<String, String>>,
    #[serde(default)]
    widget: Map<String, Value>,
    gateway: Option<GatewaySettings>,
}

impl Settings {
    /// 200 to 209, each with the password that `fresh` gives it.
    pub fn demo(mut fresh: impl FnMut() -> String) -> Settings {
        let users = EXTENSIONS.map(|number| (number.to_string(), fresh())).collect();
        Settings { domain: DOMAIN.to_owned(), users, widget: Map::new(), gateway: None }
    }

    /// Reads the file's text; what it leaves out is as in [`Settings::demo`].
    pub fn from_json(text: &str, fresh: impl FnMut() -> String) -> Result<Settings, String> {
        let file: File = serde_json::from_str(text).map_err(|error| format!("not readable: {error}"))?;
        let mut settings = Settings::demo(fresh);
        settings.widget = file.widget;
        settings.gateway = file.gateway;
        settings.domain = file.domain.unwrap_or(settings.domain);
        settings.users = file.users.unwrap_or(settings.users);
        if settings.users.len() > MAX_USERS {
            return Err(format!("more than {MAX_USERS} users"));
        }
        let names = settings.users.keys().chain(std::iter::once(&settings.domain));
        match names.into_iter().find(|name| !is_plain(name)) {
            None => settings.gateway.as_ref().and_then(GatewaySettings::complaint).map_or(Ok(settings), Err),
            Some(name) => Err(format!("'{name}' may hold only letters, digits, '.', '-', '_' and '+'")),
        }
    }
}

/// A name that is safe in a path, a URI and a header without escaping.
fn is_plain(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    (1..=64).contains(&name.len()) && !name.starts_with('.') && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_read_or_says_what_is_wrong() {
        let read = |text: &str| Settings::from_json(text, || "fresh".to_owned());
        let some = read(r#"{"users":{"300":"pw"},"widget":{"country":"ES"}}"#).expect("valid");
        assert!(some.gateway.is_none());
        assert_eq!(some.users.get("300").map(String::as_str), Some("pw"));
        assert_eq!(some.widget.get("country"), Some(&Value::from("ES")));
        assert_eq!(read("{}").expect("empty").users.len(), 10);
        for (text, says) in [
            ("[", "not readable"),
            (r#"{"user":{}}"#, "unknown field"),
            (r#"{"users":{"../x":"pw"}}"#, "may hold only"),
            (r#"{"domain":"a b"}"#, "may hold only"),
            (r#"{"gateway":{"tokens":{"t":{"role":"client"}}}}"#, "have an extension"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
