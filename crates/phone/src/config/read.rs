//! Reads `config.json` key by key; the first that breaks its rule is named.
//!
//! It never guesses: a wrong type is an error, an unknown key a warning.

use super::{
    Config, ConfigError, DialConfig, EnigmaConfig, GatewayConfig, HeaderNames, HostLimit, IceServer,
    MAX_FOUND_CHARS, ThemeConfig, XivoConfig, host_of, is_host, is_loopback, is_token,
};
use crate::{
    Dtmf, Forwards, Language, Theme,
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

pub(super) fn read_network(keys: &mut Keys, config: &mut Config) -> Result<(), ConfigError> {
    const SERVER: &str = "must be an address that starts with wss://, or a list of up to 8 of them";
    if let Some(OneOrMany(servers)) = keys.take("server", SERVER)? {
        config.servers = servers;
    }
    config.insecure_servers = keys.list("insecureServers", "must be a list of ws:// addresses")?;
    let bad = config.servers.iter().find(|server| !config.allows_server(server));
    if let Some(bad) = bad {
        return Err(wrong("server", SERVER, &Value::String(bad.clone())));
    }
    if config.servers.len() > MAX_SERVERS {
        return Err(wrong("server", SERVER, &Value::from(config.servers.len())));
    }
    config.domain = keys.take("domain", "must be a host name")?;
    if let Some(domain) = config.domain.as_ref().filter(|domain| !is_host(domain)) {
        return Err(wrong("domain", "must be a host name", &Value::from(domain.as_str())));
    }
    config.hosts = keys.list("hosts", "must be a list of origins")?;
    config.addons = keys.list("addons", "must be a list of origins")?;
    config.image_hosts = keys.list("imageHosts", "must be a list of origins")?;
    config.sound_hosts = keys.list("soundHosts", "must be a list of origins")?;
    read_foreign_account(keys, config);
    config.account =
        keys.take("account", "must be an object with user and password or token, all of them text")?;
    if config.account.is_some() && config.servers.is_empty() {
        return Err(wrong("server", "must be there where account is", &Value::Null));
    }
    config.account_url = keys.take("accountUrl", "must be an address")?;
    config.settings_url = keys.take("settingsUrl", "must be an address")?;
    config.host_login = keys.take("hostLogin", "must be true or false")?.unwrap_or(false);
    const ICE: &str = "must be a list of objects with urls, username and credential";
    let servers: Vec<IceServerJson> = keys.take("iceServers", ICE)?.unwrap_or_default();
    config.ice_servers = servers.into_iter().map(IceServer::from).collect();
    config.ice_transport_policy =
        keys.take("iceTransportPolicy", "must be \"all\" or \"relay\"")?.unwrap_or_default();
    const EXPIRES: &str = "must be a number of seconds from 60 to 86400";
    if let Some(seconds) = keys.take::<u32>("registerExpires", EXPIRES)? {
        if !(60..=86_400).contains(&seconds) {
            return Err(wrong("registerExpires", EXPIRES, &Value::from(seconds)));
        }
        config.register_expires = seconds;
    }
    Ok(())
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

pub(super) fn read_looks(keys: &mut Keys, config: &mut Config) -> Result<(), ConfigError> {
    config.language = keys.text("language", "must be a language tag such as \"en\"")?;
    if let Some(Value::Object(map)) = keys.take::<Value>("strings", "must be an object of texts")? {
        for (id, value) in map {
            let Value::String(text) = value else {
                return Err(wrong(&format!("strings.{id}"), "must be a text", &value));
            };
            config.strings.push((id, text));
        }
    }
    const SIZE: &str = "must be {\"width\", \"height\"} in pixels";
    if let Some(size) = keys.take::<SizeJson>("size", SIZE)? {
        config.size = (size.width, size.height);
    }
    if let Some(theme) = keys.take::<Value>("theme", "must be an object")? {
        let (theme, warnings) = read_theme(theme)?;
        config.theme = theme;
        keys.warnings.extend(warnings);
    }
    #[derive(Deserialize)]
    struct StatusJson {
        id: String,
        label: String,
    }
    let statuses: Vec<StatusJson> =
        keys.take("statuses", "must be a list of {\"id\", \"label\"}")?.unwrap_or_default();
    config.statuses = statuses.into_iter().map(|status| (status.id, status.label)).collect();
    Ok(())
}

fn read_theme(value: Value) -> Result<(ThemeConfig, Vec<String>), ConfigError> {
    let Value::Object(map) = value else {
        return Err(wrong("theme", "must be an object", &value));
    };
    let mut keys = Keys::new("theme.", map);
    let mode = match keys.take::<String>("mode", MODE)?.as_deref() {
        None | Some("system") => Theme::System,
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        Some(other) => return Err(wrong("theme.mode", MODE, &Value::from(other))),
    };
    let accent = keys.colour("accent")?;
    let accent_dark = keys.colour("accentDark")?;
    let radius: Option<u8> = keys.take("radius", "must be a number from 0 to 18")?;
    if radius.is_some_and(|radius| radius > 18) {
        return Err(wrong("theme.radius", "must be a number from 0 to 18", &Value::from(radius)));
    }
    let name: Option<String> = keys.take("name", "must be a text of at most 24 characters")?;
    let name = name.map(|name| name.chars().take(24).collect());
    Ok((ThemeConfig { mode, accent, accent_dark, radius, name }, keys.unknown()))
}

const MODE: &str = "must be \"system\", \"light\" or \"dark\"";

pub(super) fn read_policy(keys: &mut Keys, config: &mut Config) -> Result<(), ConfigError> {
    config.country = keys.text("country", "must be a two-letter country code")?;
    config.team = keys.text("team", "must be a text")?;
    if let Some(names) = keys.take::<Value>("headers", "must be an object of header names")? {
        let (names, warnings) = read_headers(names)?;
        config.headers = names;
        keys.warnings.extend(warnings);
    }
    config.call_waiting = keys.take("callWaiting", "must be true or false")?.unwrap_or(true);
    config.one_tab = keys.take("oneTab", "must be true or false")?.unwrap_or(false);
    config.dial_uris = keys.take("dialUris", "must be true or false")?.unwrap_or(false);
    #[derive(Deserialize)]
    struct NumberJson {
        number: String,
    }
    let numbers: Vec<NumberJson> =
        keys.take("numbers", "must be a list of {\"number\", \"label\"}")?.unwrap_or_default();
    config.numbers = numbers.into_iter().map(|entry| entry.number).collect();
    const DND: &str = "must be 480, 486 or 603";
    if let Some(code) = keys.take::<u16>("dndCode", DND)? {
        if ![480, 486, 603].contains(&code) {
            return Err(wrong("dndCode", DND, &Value::from(code)));
        }
        config.dnd_code = code;
    }
    if let Some(forwards) = keys.take::<Forwards>("forward", forward::RULE)? {
        if !config.takes_forwards(&forwards) {
            return Err(wrong(
                "forward",
                forward::RULE,
                &Value::String("a rule without a number".to_owned()),
            ));
        }
        config.forwards = forwards;
    }
    if let Some(patterns) = keys.optional_list("dataTo", "must be a list of patterns such as \"2???\"")? {
        config.data_to = patterns;
    }
    const AUTO: &str = "must be {\"enabled\", \"callers\": a list of numbers}";
    config.auto_answer = keys.take("autoAnswer", AUTO)?.unwrap_or_default();
    config.voicemail = keys.take("voicemail", "must be a number as text")?;
    config.dialects = keys.list("dialects", "must be a list of names, such as [\"rc\"]")?;
    config.publish_status = keys.take("publishStatus", "must be true or false")?.unwrap_or(false);
    config.dtmf = keys.take("dtmf", "must be \"auto\", \"rtp\" or \"info\"")?.unwrap_or(Dtmf::Auto);
    if let Some(xivo) = keys.take::<Map<String, Value>>("xivo", "must be an object")? {
        let (xivo, warnings) = read_xivo(xivo)?;
        config.xivo = xivo;
        keys.warnings.extend(warnings);
    }
    read_gateway(keys, config)?;
    if let Some(dial) = keys.take::<Value>("dial", "must be an object")? {
        let (dial, warnings) = read_dial(dial)?;
        config.dial = dial;
        keys.warnings.extend(warnings);
    }
    Ok(())
}

fn read_headers(value: Value) -> Result<(HeaderNames, Vec<String>), ConfigError> {
    let Value::Object(map) = value else {
        return Err(wrong("headers", "must be an object of header names", &value));
    };
    const NAME: &str = "must be the name of a header";
    let mut keys = Keys::new("headers.", map);
    let mut names = HeaderNames::default();
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
        if let Some(name) = keys.take(key, NAME)? {
            *place = name;
        }
    }
    for (key, place) in
        [("dialled", &mut names.dialled), ("from", &mut names.from), ("contactRef", &mut names.contact_ref)]
    {
        if let Some(OneOrMany(list)) = keys.take(key, "must be the name of a header, or a list of them")? {
            *place = list;
        }
    }
    Ok((names, keys.unknown()))
}

fn read_xivo(map: Map<String, Value>) -> Result<(XivoConfig, Vec<String>), ConfigError> {
    const FROM: &str = "must be \"contact\" or \"hint\"";
    let mut keys = Keys::new("xivo.", map);
    let xivo = XivoConfig {
        mobile_number: keys.take("mobileNumber", "must be a number as text")?,
        user_id: keys.take("userId", "must be a number")?.unwrap_or(0),
        voice_mail_id: keys.take("voiceMailId", "must be a number")?.unwrap_or(0),
        context: keys.take("context", "must be a text")?,
        status_from_hint: match keys.take::<String>("phoneStatusFrom", FROM)?.as_deref() {
            None | Some("contact") => false,
            Some("hint") => true,
            Some(other) => return Err(wrong("xivo.phoneStatusFrom", FROM, &Value::from(other))),
        },
    };
    Ok((xivo, keys.unknown()))
}

fn read_gateway(keys: &mut Keys, config: &mut Config) -> Result<(), ConfigError> {
    const GATEWAY: &str = "must be {\"url\": an address that starts with wss://, \"token\"}";
    if let Some(mut gateway) = keys.take::<GatewayConfig>("gateway", GATEWAY)? {
        if !config.allows_server(&gateway.url)
            || gateway.url.contains(['?', '#'])
            || gateway.token.as_ref().is_some_and(|token| !is_token(token))
        {
            return Err(wrong("gateway", GATEWAY, &Value::String(gateway.url)));
        }
        gateway.url.truncate(gateway.url.trim_end_matches('/').len());
        config.gateway = Some(gateway);
    }
    const ENIGMA: &str = "must be {\"version\": 2 or 3, \"notifyOn\": \"accepted\" or \"ringing\"}";
    config.enigma = keys.take::<EnigmaConfig>("enigma", ENIGMA)?;
    if let Some(version) =
        config.enigma.as_ref().map(|enigma| enigma.version).filter(|version| ![2, 3].contains(version))
    {
        return Err(wrong("enigma", ENIGMA, &Value::from(version)));
    }
    read_webhooks(keys, config)
}

fn read_webhooks(keys: &mut Keys, config: &mut Config) -> Result<(), ConfigError> {
    const RULE: &str = "must be a list of up to 8 addresses that start with https://";
    let webhooks: Vec<Webhook> = keys.take("webhooks", RULE)?.unwrap_or_default();
    if webhooks.len() > MAX_WEBHOOKS {
        return Err(wrong("webhooks", RULE, &Value::from(webhooks.len())));
    }
    for Webhook(url) in webhooks {
        let is_safe = url.starts_with("https://") || url.starts_with("http://") && is_loopback(host_of(&url));
        if !is_safe || host_of(&url).is_empty() {
            return Err(wrong("webhooks", RULE, &Value::String(url)));
        }
        config.webhooks.push(url);
    }
    Ok(())
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

fn read_dial(value: Value) -> Result<(DialConfig, Vec<String>), ConfigError> {
    let Value::Object(mut map) = value else {
        return Err(wrong("dial", "must be an object", &value));
    };
    let mut dial = DialConfig::default();
    if let Some(limit) = map.remove("hostLimit") {
        let rule = "must be {\"per10s\", \"perHour\", \"sameNumberMs\"} or null";
        let parsed: Result<Option<HostLimit>, _> = json::typed(limit.clone());
        dial.host_limit = parsed.map_err(|_| wrong("dial.hostLimit", rule, &limit))?;
    }
    let mut keys = Keys::new("dial.", map);
    if let Some(confirm) = keys.take("confirmCodes", "must be true or false")? {
        dial.confirm_codes = confirm;
    }
    if let Some(confirm) = keys.take("confirmInternational", "must be true or false")? {
        dial.confirm_international = confirm;
    }
    dial.blocked = keys.list("blocked", "must be a list of prefixes")?;
    if let Some(emergency) = keys.take("emergency", "must be a list of numbers")? {
        dial.emergency = emergency;
    }
    Ok((dial, keys.unknown()))
}

/// The keys not read yet of one object of the file.
pub(super) struct Keys {
    pub(super) prefix: &'static str,
    pub(super) map: Map<String, Value>,
    /// Of objects inside this one.
    warnings: Vec<String>,
}

impl Keys {
    pub(super) fn new(prefix: &'static str, map: Map<String, Value>) -> Keys {
        Keys { prefix, map, warnings: Vec::new() }
    }

    /// `null` counts as absent: a template may leave it.
    fn take<T: DeserializeOwned>(&mut self, key: &str, rule: &'static str) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.map.remove(key).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        match json::typed(value.clone()) {
            Ok(parsed) => Ok(Some(parsed)),
            Err(_) => Err(wrong(&format!("{}{key}", self.prefix), rule, &value)),
        }
    }

    fn text(&mut self, key: &str, rule: &'static str) -> Result<String, ConfigError> {
        Ok(self.take(key, rule)?.unwrap_or_default())
    }

    fn list(&mut self, key: &str, rule: &'static str) -> Result<Vec<String>, ConfigError> {
        Ok(self.optional_list(key, rule)?.unwrap_or_default())
    }

    fn optional_list(&mut self, key: &str, rule: &'static str) -> Result<Option<Vec<String>>, ConfigError> {
        let list: Option<Vec<String>> = self.take(key, rule)?;
        if let Some(list) = list.as_ref().filter(|list| list.len() > MAX_ORIGINS) {
            return Err(wrong(&format!("{}{key}", self.prefix), "is too long", &Value::from(list.len())));
        }
        Ok(list)
    }

    fn colour(&mut self, key: &str) -> Result<Option<String>, ConfigError> {
        const RULE: &str = "must be a colour such as \"#3f56d8\"";
        let colour: Option<String> = self.take(key, RULE)?;
        let good = |text: &String| {
            text.strip_prefix('#')
                .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|octet| octet.is_ascii_hexdigit()))
        };
        match colour {
            Some(text) if !good(&text) => {
                Err(wrong(&format!("{}{key}", self.prefix), RULE, &Value::from(text)))
            }
            colour => Ok(colour),
        }
    }

    /// What was not asked for.
    fn unknown(self) -> Vec<String> {
        let text = |key: &String| format!("config.json: unknown key \"{}{key}\"", self.prefix);
        self.map.keys().map(text).chain(self.warnings).collect()
    }

    pub(super) fn leftover(self, config: &Config) -> Vec<String> {
        let mut warnings = self.unknown();
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
        warnings
    }
}

pub(super) fn wrong(key: &str, rule: &'static str, found: &Value) -> ConfigError {
    // A password must not appear on screen because a neighbour of it has the wrong type.
    let found = match key {
        "account" => "something else".to_owned(),
        _ => bridge::json(found).chars().take(MAX_FOUND_CHARS).collect(),
    };
    ConfigError { key: key.to_owned(), rule, found }
}

/// A text, or a list of them.
#[derive(Deserialize)]
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
