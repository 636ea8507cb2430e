//! Reads `config.json` key by key; the first that breaks its rule is named.
//!
//! It never guesses: a wrong type is an error, an unknown key a warning. A reader goes on after an error, so that it says
//! what each key is and no more; what was read then is thrown away.

use super::{
    Config, ConfigError, DialConfig, EnigmaConfig, GatewayConfig, HeaderNames, HostLimit, IceServer,
    MAX_FOUND_CHARS, ThemeConfig, XivoConfig, host_of, is_host, is_loopback, is_token,
};
use crate::{
    Dtmf, Forwards, Language,
    account::Offer,
    bridge, forward,
    json::{self, WrongType},
    webhooks::MAX_WEBHOOKS,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// Host lists are compared with every message's chain.
const MAX_ORIGINS: usize = 256;
/// More servers than this is a mistake; each one costs a connection attempt at fail-over.
const MAX_SERVERS: usize = 8;
/// Characters of `theme.name`, which stands in the bar.
const MAX_NAME_CHARS: usize = 24;
/// Roundest corner, in pixels.
const MAX_RADIUS: u8 = 18;
/// Keys whose neighbours are passwords and tokens: what stands there is not shown on the screen.
const SECRETS: [&str; 3] = ["account", "gateway", "iceServers"];

const FLAG: &str = "must be true or false";
const TEXT: &str = "must be a text";
const ORIGINS: &str = "must be a list of origins";
const ADDRESS: &str = "must be an address";
const OBJECT: &str = "must be an object";

pub(super) fn read_network(keys: &mut Keys, config: &mut Config) {
    const SERVER: &str = "must be an address that starts with wss://, or a list of up to 8 of them";
    let servers: Option<OneOrMany> = keys.take("server", SERVER);
    config.servers = servers.unwrap_or_default().0;
    config.insecure_servers = keys.list("insecureServers", "must be a list of ws:// addresses");
    if let Some(bad) = config.servers.iter().find(|server| !config.allows_server(server)) {
        keys.refuse("server", SERVER, &Value::from(bad.as_str()));
    }
    if config.servers.len() > MAX_SERVERS {
        keys.refuse("server", SERVER, &Value::from(config.servers.len()));
    }
    config.domain = keys.take_if("domain", "must be a host name", |domain: &String| is_host(domain));
    config.hosts = keys.list("hosts", ORIGINS);
    config.addons = keys.list("addons", ORIGINS);
    config.image_hosts = keys.list("imageHosts", ORIGINS);
    config.sound_hosts = keys.list("soundHosts", ORIGINS);
    read_foreign_account(keys, config);
    config.account =
        keys.take("account", "must be an object with user and password or token, all of them text");
    if config.account.is_some() && config.servers.is_empty() {
        keys.refuse("server", "must be there where account is", &Value::Null);
    }
    config.account_url = keys.take("accountUrl", ADDRESS);
    config.settings_url = keys.take("settingsUrl", ADDRESS);
    config.host_login = keys.flag("hostLogin", false);
    let servers: Option<Vec<IceServerJson>> =
        keys.take("iceServers", "must be a list of objects with urls, username and credential");
    config.ice_servers = servers.unwrap_or_default().into_iter().map(IceServer::from).collect();
    config.ice_transport_policy =
        keys.take("iceTransportPolicy", "must be \"all\" or \"relay\"").unwrap_or_default();
    let expires =
        keys.take_if("registerExpires", "must be a number of seconds from 60 to 86400", |seconds: &u32| {
            (60..=86_400).contains(seconds)
        });
    config.register_expires = expires.unwrap_or(config.register_expires);
}

/// `account` in the words of SIP.js 0.7 becomes one in ours; what it says of server and domain counts where nothing else does.
fn read_foreign_account(keys: &mut Keys, config: &mut Config) {
    let is_foreign = |account: &Value| account.get("uri").is_some() && account.get("user").is_none();
    let offer = keys.map.get("account").filter(|account| is_foreign(account)).map(Offer::read);
    let Some(Ok(Offer { servers, domain, account })) = offer else { return };
    if config.servers.is_empty() && servers.iter().all(|server| config.allows_server(server)) {
        config.servers = servers;
    }
    config.domain = config.domain.take().or(domain);
    let plain = json!({ "user": account.user, "password": account.password, "token": account.token,
                        "authUser": account.auth_user, "displayName": account.display_name });
    keys.map.insert("account".to_owned(), plain);
}

pub(super) fn read_looks(keys: &mut Keys, config: &mut Config) {
    config.language = keys.text("language", "must be a language tag such as \"en\"");
    let strings: Option<Map<String, Value>> = keys.take("strings", "must be an object of texts");
    for (id, value) in strings.unwrap_or_default() {
        match value {
            Value::String(text) => config.strings.push((id, text)),
            _ => keys.refuse(&format!("strings.{id}"), TEXT, &value),
        }
    }
    let size: Option<SizeJson> = keys.take("size", "must be {\"width\", \"height\"} in pixels");
    config.size = size.map_or(config.size, |size| (size.width, size.height));
    keys.object("theme", |keys| config.theme = read_theme(keys));
    let statuses: Option<Vec<StatusJson>> = keys.take("statuses", "must be a list of {\"id\", \"label\"}");
    config.statuses =
        statuses.unwrap_or_default().into_iter().map(|status| (status.id, status.label)).collect();
}

fn read_theme(keys: &mut Keys) -> ThemeConfig {
    let name: Option<String> = keys.take("name", "must be a text of at most 24 characters");
    ThemeConfig {
        mode: keys.take("mode", "must be \"system\", \"light\" or \"dark\"").unwrap_or_default(),
        accent: keys.colour("accent"),
        accent_dark: keys.colour("accentDark"),
        radius: keys.take_if("radius", "must be a number from 0 to 18", |radius: &u8| *radius <= MAX_RADIUS),
        name: name.map(|name| name.chars().take(MAX_NAME_CHARS).collect()),
    }
}

pub(super) fn read_policy(keys: &mut Keys, config: &mut Config) {
    config.country = keys.text("country", "must be a two-letter country code");
    config.team = keys.text("team", TEXT);
    keys.object("headers", |keys| read_headers(keys, &mut config.headers));
    config.call_waiting = keys.flag("callWaiting", config.call_waiting);
    config.one_tab = keys.flag("oneTab", config.one_tab);
    config.dial_uris = keys.flag("dialUris", config.dial_uris);
    let numbers: Option<Vec<NumberJson>> = keys.take("numbers", "must be a list of {\"number\", \"label\"}");
    config.numbers = numbers.unwrap_or_default().into_iter().map(|entry| entry.number).collect();
    let code = keys.take_if("dndCode", "must be 480, 486 or 603", |code| [480, 486, 603].contains(code));
    config.dnd_code = code.unwrap_or(config.dnd_code);
    if let Some(forwards) = keys.take::<Forwards>("forward", forward::RULE) {
        if !config.takes_forwards(&forwards) {
            keys.refuse("forward", forward::RULE, &Value::from("a rule without a number"));
        }
        config.forwards = forwards;
    }
    if let Some(patterns) = keys.optional_list("dataTo", "must be a list of patterns such as \"2???\"") {
        config.data_to = patterns;
    }
    const AUTO: &str = "must be {\"enabled\", \"callers\": a list of numbers}";
    config.auto_answer = keys.take("autoAnswer", AUTO).unwrap_or_default();
    config.voicemail = keys.take("voicemail", "must be a number as text");
    config.dialects = keys.list("dialects", "must be a list of names, such as [\"rc\"]");
    config.publish_status = keys.flag("publishStatus", config.publish_status);
    config.dtmf = keys.take("dtmf", "must be \"auto\", \"rtp\" or \"info\"").unwrap_or(Dtmf::Auto);
    keys.object("xivo", |keys| config.xivo = read_xivo(keys));
    read_gateway(keys, config);
    read_webhooks(keys, config);
    keys.object("dial", |keys| read_dial(keys, &mut config.dial));
}

fn read_headers(keys: &mut Keys, names: &mut HeaderNames) {
    for (key, place) in [
        ("callId", &mut names.call_id),
        ("team", &mut names.team),
        ("queue", &mut names.queue),
        ("linkedId", &mut names.linked_id),
        ("uniqueId", &mut names.unique_id),
        ("attached", &mut names.attached),
        ("holdTime", &mut names.hold_time),
        ("queueEnter", &mut names.queue_enter),
    ] {
        if let Some(name) = keys.take(key, "must be the name of a header") {
            *place = name;
        }
    }
    for (key, place) in [
        ("dialled", &mut names.dialled),
        ("from", &mut names.from),
        ("contactRef", &mut names.contact_ref),
        ("error", &mut names.error),
    ] {
        if let Some(OneOrMany(list)) = keys.take(key, "must be the name of a header, or a list of them") {
            *place = list;
        }
    }
}

fn read_xivo(keys: &mut Keys) -> XivoConfig {
    let from: Option<StatusFrom> = keys.take("phoneStatusFrom", "must be \"contact\" or \"hint\"");
    XivoConfig {
        mobile_number: keys.take("mobileNumber", "must be a number as text"),
        user_id: keys.take("userId", "must be a number").unwrap_or(0),
        voice_mail_id: keys.take("voiceMailId", "must be a number").unwrap_or(0),
        context: keys.take("context", TEXT),
        status_from_hint: matches!(from, Some(StatusFrom::Hint)),
    }
}

fn read_gateway(keys: &mut Keys, config: &mut Config) {
    let good = |gateway: &GatewayConfig| {
        config.allows_server(&gateway.url)
            && !gateway.url.contains(['?', '#'])
            && gateway.token.as_ref().is_none_or(|token| is_token(token))
    };
    const GATEWAY: &str = "must be {\"url\": an address that starts with wss://, \"token\"}";
    let mut gateway = keys.take_if("gateway", GATEWAY, good);
    if let Some(GatewayConfig { url, .. }) = &mut gateway {
        url.truncate(url.trim_end_matches('/').len());
    }
    config.gateway = gateway;
    const ENIGMA: &str = "must be {\"version\": 2 or 3, \"notifyOn\": \"accepted\" or \"ringing\"}";
    config.enigma = keys.take_if("enigma", ENIGMA, |enigma: &EnigmaConfig| [2, 3].contains(&enigma.version));
}

fn read_webhooks(keys: &mut Keys, config: &mut Config) {
    const RULE: &str = "must be a list of up to 8 addresses that start with https://";
    let webhooks: Vec<Webhook> = keys.take("webhooks", RULE).unwrap_or_default();
    if webhooks.len() > MAX_WEBHOOKS {
        keys.refuse("webhooks", RULE, &Value::from(webhooks.len()));
    }
    for Webhook(url) in webhooks {
        let is_safe = url.starts_with("https://") || url.starts_with("http://") && is_loopback(host_of(&url));
        if !is_safe || host_of(&url).is_empty() {
            keys.refuse("webhooks", RULE, &Value::from(url.as_str()));
        }
        config.webhooks.push(url);
    }
}

fn read_dial(keys: &mut Keys, dial: &mut DialConfig) {
    // Here `null` is not the same as nothing.
    if let Some(limit) = keys.map.remove("hostLimit") {
        match json::typed::<Option<HostLimit>>(limit.clone()) {
            Ok(parsed) => dial.host_limit = parsed,
            Err(WrongType) => {
                keys.refuse(
                    "hostLimit",
                    "must be {\"per10s\", \"perHour\", \"sameNumberMs\"} or null",
                    &limit,
                );
            }
        }
    }
    dial.confirm_codes = keys.flag("confirmCodes", dial.confirm_codes);
    dial.confirm_international = keys.flag("confirmInternational", dial.confirm_international);
    dial.blocked = keys.list("blocked", "must be a list of prefixes");
    if let Some(emergency) = keys.take("emergency", "must be a list of numbers") {
        dial.emergency = emergency;
    }
}

/// The keys not read yet of one object of the file.
pub(super) struct Keys {
    /// Of the object in the file: empty, or its key and a dot.
    prefix: String,
    map: Map<String, Value>,
    warnings: Vec<String>,
    /// The first key that broke its rule.
    wrong: Option<ConfigError>,
}

impl Keys {
    pub(super) fn new(map: Map<String, Value>) -> Keys {
        Keys { prefix: String::new(), map, warnings: Vec::new(), wrong: None }
    }

    /// Keeps the first refusal.
    fn refuse(&mut self, key: &str, rule: &'static str, found: &Value) {
        if self.wrong.is_none() {
            self.wrong = Some(wrong(&format!("{}{key}", self.prefix), rule, found));
        }
    }

    /// `null` counts as absent: a template may leave it.
    fn value(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    fn take<T: DeserializeOwned>(&mut self, key: &str, rule: &'static str) -> Option<T> {
        self.take_if(key, rule, |_| true)
    }

    fn take_if<T: DeserializeOwned>(
        &mut self,
        key: &str,
        rule: &'static str,
        good: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let value = self.value(key)?;
        let read = json::typed(value.clone()).ok().filter(good);
        if read.is_none() {
            self.refuse(key, rule, &value);
        }
        read
    }

    /// An object inside this one.
    fn object(&mut self, key: &str, read: impl FnOnce(&mut Keys)) {
        match self.value(key) {
            Some(Value::Object(map)) => {
                let mut inner = Keys::new(map);
                inner.prefix = format!("{key}.");
                read(&mut inner);
                inner.warn_of_the_rest();
                self.warnings.append(&mut inner.warnings);
                self.wrong = self.wrong.take().or(inner.wrong);
            }
            Some(other) => self.refuse(key, OBJECT, &other),
            None => {}
        }
    }

    fn flag(&mut self, key: &str, default: bool) -> bool {
        self.take(key, FLAG).unwrap_or(default)
    }

    fn text(&mut self, key: &str, rule: &'static str) -> String {
        self.take(key, rule).unwrap_or_default()
    }

    fn list(&mut self, key: &str, rule: &'static str) -> Vec<String> {
        self.optional_list(key, rule).unwrap_or_default()
    }

    fn optional_list(&mut self, key: &str, rule: &'static str) -> Option<Vec<String>> {
        let list: Vec<String> = self.take(key, rule)?;
        if list.len() > MAX_ORIGINS {
            self.refuse(key, "is too long", &Value::from(list.len()));
        }
        Some(list)
    }

    fn colour(&mut self, key: &str) -> Option<String> {
        self.take_if(key, "must be a colour such as \"#3f56d8\"", |text: &String| {
            text.strip_prefix('#')
                .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|octet| octet.is_ascii_hexdigit()))
        })
    }

    /// What was not asked for.
    fn warn_of_the_rest(&mut self) {
        let text = |key: &String| format!("config.json: unknown key \"{}{key}\"", self.prefix);
        self.warnings.extend(self.map.keys().map(text));
    }

    /// The warnings, or the first key that broke its rule.
    pub(super) fn finish(mut self, config: &Config) -> Result<Vec<String>, ConfigError> {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        self.warn_of_the_rest();
        let mut warnings = self.warnings;
        if config.hosts.iter().any(|host| host == "*") {
            warnings.push("config.json: hosts contains \"*\", any page may use this phone".into());
        }
        let own_texts = config.language.is_empty() || !config.strings.is_empty();
        if !own_texts && Language::of(&config.language).is_none() {
            warnings.push(format!(
                "config.json: there are no texts in the language \"{}\"; strings can bring them",
                config.language
            ));
        }
        Ok(warnings)
    }
}

pub(super) fn wrong(key: &str, rule: &'static str, found: &Value) -> ConfigError {
    let found = match SECRETS.contains(&key) {
        true => "something else".to_owned(),
        false => bridge::json(found).chars().take(MAX_FOUND_CHARS).collect(),
    };
    ConfigError { key: key.to_owned(), rule, found }
}

/// An address, or one with a label as 008 has it.
#[derive(Deserialize)]
#[serde(try_from = "Value")]
struct Webhook(String);

impl TryFrom<Value> for Webhook {
    type Error = WrongType;

    fn try_from(value: Value) -> Result<Webhook, WrongType> {
        let url = value.get("url").or_else(|| value.get("endpoint")).unwrap_or(&value);
        url.as_str().map(|url| Webhook(url.to_owned())).ok_or(WrongType)
    }
}

/// A text, or a list of them.
#[derive(Default, Deserialize)]
#[serde(try_from = "Value")]
struct OneOrMany(Vec<String>);

impl TryFrom<Value> for OneOrMany {
    type Error = WrongType;

    fn try_from(value: Value) -> Result<OneOrMany, WrongType> {
        match value {
            Value::String(one) => Ok(OneOrMany(vec![one])),
            list => json::typed(list).map(OneOrMany),
        }
    }
}

#[derive(Deserialize)]
struct IceServerJson {
    urls: OneOrMany,
    username: Option<String>,
    credential: Option<String>,
}

impl From<IceServerJson> for IceServer {
    fn from(json: IceServerJson) -> IceServer {
        IceServer { urls: json.urls.0, username: json.username, credential: json.credential }
    }
}

#[derive(Deserialize)]
struct SizeJson {
    width: u32,
    height: u32,
}

#[derive(Deserialize)]
struct StatusJson {
    id: String,
    label: String,
}

#[derive(Deserialize)]
struct NumberJson {
    number: String,
}

/// `xivo.phoneStatusFrom`.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum StatusFrom {
    Contact,
    Hint,
}
