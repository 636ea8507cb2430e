//! An account that a page offers (`login`, `settings`), in our words, those of SIP.js 0.7 or those of 008.
//!
//! It counts only where `config.json` names the page in `hosts` and says `hostLogin`; a password goes to the user agent and
//! nowhere else.

use super::{Account, Form, Identity, SIGN_IN_MILLIS};
use crate::{
    Phone,
    bridge::{Ask, Code},
    config::{AccountConfig, is_host},
};
use serde_json::{Value, json};
use softframe_sip::{Instant, Secret};

/// Servers of one offer; as many as the configuration may name.
const MAX_SERVERS: usize = 8;
/// Octets of one of its texts: what stands in every request, or in no sensible password.
const MAX_TEXT_OCTETS: usize = 512;
/// What a page is told that may not sign in.
const NOT_ALLOWED: &str = "config.json does not let this page sign in.";

/// The account as it was offered. Its `Debug` shows no password.
#[derive(Clone, PartialEq)]
pub(crate) struct Offer {
    /// Empty: those of the configuration.
    pub(crate) servers: Vec<String>,
    /// Of the address, where one is named.
    pub(crate) domain: Option<String>,
    pub(crate) account: AccountConfig,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer({:?}, {:?}, …)", self.servers, self.account.user)
    }
}

/// A login that waits until the phone has started or the one before has left, or for the server's word.
#[derive(Debug, Default)]
pub(crate) struct Login {
    waiting: Option<(Ask, Offer)>,
    asked: Option<Ask>,
}

impl Offer {
    /// Reads `data` by whichever names it has.
    pub(crate) fn read(data: &Value) -> Result<Offer, &'static str> {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| data.get(*name)?.as_str());
            found.filter(|text| !text.trim().is_empty() && text.len() <= MAX_TEXT_OCTETS).map(str::to_owned)
        };
        let address = text(&["user", "uri", "sipUri"]).ok_or("user must be the name of an account.")?;
        let address = address.trim();
        let address = address.strip_prefix("sip:").or(address.strip_prefix("sips:")).unwrap_or(address);
        let (user, domain) = match address.split_once('@') {
            Some((user, domain)) => (user, Some(domain.to_owned())),
            None => (address, None),
        };
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '@');
        if user.is_empty() || user.contains(odd) || domain.as_deref().is_some_and(|domain| !is_host(domain)) {
            return Err("user must be the name of an account.");
        }
        let (password, token) = (text(&["password", "sipPassword"]), text(&["token"]));
        if password.is_none() && token.is_none() {
            return Err("password or token must be there.");
        }
        let account = AccountConfig {
            user: user.to_owned(),
            password,
            token,
            auth_user: text(&["authUser", "authorizationUser", "sipUser"]),
            display_name: text(&["displayName", "nickname"]),
            context: None,
            gateway_token: None,
        };
        Ok(Offer { servers: servers(data)?, domain, account })
    }
}

/// One address or a list; SIP.js takes objects in it, too.
fn servers(data: &Value) -> Result<Vec<String>, &'static str> {
    const RULE: &str = "server must be an address that starts with wss://, or a list of up to 8 of them.";
    let named = ["server", "wsServers", "wsUri"].iter().find_map(|name| data.get(*name));
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        other => other.get("wsUri").or_else(|| other.get("ws_uri"))?.as_str().map(str::to_owned),
    };
    match named {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= MAX_SERVERS => {
            list.iter().map(|value| one(value).ok_or(RULE)).collect()
        }
        Some(Value::Array(_)) => Err(RULE),
        Some(value) => Ok(vec![one(value).ok_or(RULE)?]),
    }
}

impl Phone {
    /// `login` and `settings`. The answer comes when the server has taken or refused the account.
    pub(crate) fn login_for_host(&mut self, now: Instant, ask: Ask, offer: Offer) {
        if !self.config.host_login || !self.host.is_listed() {
            return self.fail_ask(Some(ask), Code::NotTrusted, NOT_ALLOWED);
        }
        if let Err(rule) = self.identity_of(&offer) {
            return self.fail_ask(Some(ask), Code::BadRequest, rule);
        }
        match &self.account {
            Account::SignedOut(form) => {
                let form = form.clone();
                self.sign_in_offered(now, ask, &offer, form);
            }
            Account::SignedIn { identity, logged: true, .. } if self.is_same(identity, &offer) => {
                self.answer_ask(Some(ask), json!({}));
            }
            Account::SignedIn { .. } | Account::SigningIn { .. } if !self.calls.is_empty() => {
                self.fail_ask(Some(ask), Code::WrongState, "There is a call.");
            }
            Account::SignedIn { .. } | Account::SigningIn { .. } => {
                self.login_waits(ask, offer);
                self.sign_out(now);
            }
            Account::Starting { .. } | Account::Fetching | Account::Leaving { .. } => {
                self.login_waits(ask, offer);
            }
        }
    }

    /// The last word of a page counts.
    fn login_waits(&mut self, ask: Ask, offer: Offer) {
        if let Some((before, _)) = self.login.waiting.replace((ask, offer)) {
            self.fail_ask(Some(before), Code::WrongState, "Another login has taken its place.");
        }
    }

    /// Nobody is signed in: who waits may try.
    pub(super) fn login_due(&mut self, now: Instant) {
        let Account::SignedOut(form) = &self.account else { return };
        let form = form.clone();
        if let Some((ask, offer)) = self.login.waiting.take() {
            self.sign_in_offered(now, ask, &offer, form);
        }
    }

    fn sign_in_offered(&mut self, now: Instant, ask: Ask, offer: &Offer, form: Form) {
        let Ok(identity) = self.identity_of(offer) else { return };
        let secret = match (&offer.account.token, &offer.account.password) {
            (Some(token), _) => Secret::Token(token.clone()),
            (None, password) => Secret::Password(password.clone().unwrap_or_default()),
        };
        self.login.asked = Some(ask);
        let deadline = now.after(SIGN_IN_MILLIS);
        self.account = Account::SigningIn { identity: identity.clone(), form, hashes: Vec::new(), deadline };
        self.register(now, &identity, secret);
    }

    /// The server's word on what the page offered, or none.
    pub(super) fn login_settled(&mut self, outcome: Result<(), (Code, &str)>) {
        let Some(ask) = self.login.asked.take() else { return };
        match outcome {
            Ok(()) => self.answer_ask(Some(ask), json!({})),
            Err((code, message)) => self.fail_ask(Some(ask), code, message),
        }
    }

    fn is_same(&self, identity: &Identity, offer: &Offer) -> bool {
        self.identity_of(offer).is_ok_and(|offered| {
            offered.aor() == identity.aor()
                && offered.servers == identity.servers
                && offered.auth_user == identity.auth_user
        })
    }

    /// Who that is, and where it signs in.
    pub(super) fn identity_of(&self, offer: &Offer) -> Result<Identity, &'static str> {
        let servers = match offer.servers.is_empty() {
            true => self.config.servers.clone(),
            false => offer.servers.clone(),
        };
        let first = servers.first().ok_or("server must be there, since config.json names none.")?;
        if !servers.iter().all(|server| self.config.allows_server(server)) {
            return Err(
                "server must start with wss://; ws:// is for the same machine, or what insecureServers lists.",
            );
        }
        let account = offer.account.clone();
        let context = account.context.unwrap_or_default();
        Ok(Identity {
            domain: offer.domain.clone().unwrap_or_else(|| self.config.domain_for(first)),
            servers,
            user: account.user,
            auth_user: account.auth_user,
            display_name: account.display_name,
            context_user: context.user,
            extension: context.extension,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_in_the_words_of_three_systems() {
        let offer =
            |servers: &[&str], domain: Option<&str>, auth_user: Option<&str>, name: Option<&str>| Offer {
                servers: servers.iter().map(|server| (*server).to_owned()).collect(),
                domain: domain.map(str::to_owned),
                account: AccountConfig {
                    user: "200".into(),
                    password: Some("x".into()),
                    token: None,
                    auth_user: auth_user.map(str::to_owned),
                    display_name: name.map(str::to_owned),
                    context: None,
                    gateway_token: None,
                },
            };
        for (data, expected) in [
            (
                json!({"server": "wss://a/ws", "user": "200", "password": "x"}),
                offer(&["wss://a/ws"], None, None, None),
            ),
            (
                json!({"uri": "200@pbx.test", "wsServers": ["wss://a/ws", {"wsUri": "wss://b/ws"}],
                       "authorizationUser": "auth", "password": "x", "hackIpInContact": true}),
                offer(&["wss://a/ws", "wss://b/ws"], Some("pbx.test"), Some("auth"), None),
            ),
            (
                json!({"sipUri": "sip:200@pbx.test", "wsUri": "wss://a/ws", "sipUser": "auth", "sipPassword": "x",
                       "nickname": "Ana", "hosts": ["*"], "webhooks": ["https://evil"], "autoAnswer": true}),
                offer(&["wss://a/ws"], Some("pbx.test"), Some("auth"), Some("Ana")),
            ),
            (json!({"user": "200", "password": "x"}), offer(&[], None, None, None)),
        ] {
            assert_eq!(Offer::read(&data).unwrap(), expected, "{data}");
        }
    }

    #[test]
    fn accounts_that_could_break_a_request_are_none() {
        for data in [
            json!({}),
            json!({"user": "", "password": "x"}),
            json!({"user": "200"}),
            json!({"user": "2 0", "password": "x"}),
            json!({"user": "200>", "password": "x"}),
            json!({"user": "200@a b", "password": "x"}),
            json!({"user": "200@a@b", "password": "x"}),
            json!({"user": "200\r\nX: y", "password": "x"}),
            json!({"user": 200, "password": "x"}),
            json!({"user": "200", "password": "x".repeat(513)}),
            json!({"user": "200", "password": "x", "server": 5}),
            json!({"user": "200", "password": "x", "server": vec!["wss://a"; 9]}),
        ] {
            assert!(Offer::read(&data).is_err(), "{data}");
        }
    }

    #[test]
    fn nothing_shows_the_password() {
        let offer = Offer::read(&json!({"user": "200", "password": "hush"})).unwrap();
        assert!(!format!("{offer:?}").contains("hush"));
    }
}
