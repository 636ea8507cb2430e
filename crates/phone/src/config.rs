//! `config.json`: every key has one type and one rule; a key that breaks its rule is named on screen.
//!
//! It knows no account that a person typed and never fetches anything.

mod read;

use crate::{Dtmf, Forwards, Theme, json};
use read::{Keys, read_looks, read_network, read_policy, wrong};
use serde::Deserialize;
use serde_json::Value;

/// A value shown on the error screen is cut here.
const MAX_FOUND_CHARS: usize = 60;

/// What the operator of the widget decided, with every default filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Addresses in order of preference.
    pub servers: Vec<String>,
    /// Default: the host of the first server.
    pub domain: Option<String>,
    /// Origins that may embed the phone, exact or `https://*.example.com`.
    pub hosts: Vec<String>,
    /// Origins that may only send contacts.
    pub addons: Vec<String>,
    /// Origins of contact pictures.
    pub image_hosts: Vec<String>,
    /// Origins of the sounds that a page may ring with.
    pub sound_hosts: Vec<String>,
    /// Signs in by itself.
    pub account: Option<AccountConfig>,
    /// Where such an account is fetched.
    pub account_url: Option<String>,
    /// Where it is fetched in the words of 008.
    pub settings_url: Option<String>,
    /// Pages that `hosts` names may sign in.
    pub host_login: bool,
    /// For the peer connection.
    pub ice_servers: Vec<IceServer>,
    /// `all` or `relay`.
    pub ice_transport_policy: IcePolicy,
    /// ISO 3166, for national numbers.
    pub country: String,
    /// `team` of every event without `X-Team`.
    pub team: String,
    /// Which SIP headers mean what.
    pub headers: HeaderNames,
    /// BCP 47, empty: the browser's.
    pub language: String,
    /// Texts that replace ours.
    pub strings: Vec<(String, String)>,
    /// The size the widget wants.
    pub size: (u32, u32),
    /// Colours.
    pub theme: ThemeConfig,
    /// A second call may ring.
    pub call_waiting: bool,
    /// Of several tabs one has the phone; otherwise each has one of its own.
    pub one_tab: bool,
    /// Own numbers; the first is `from` of outbound calls.
    pub numbers: Vec<String>,
    /// Seconds asked for in REGISTER.
    pub register_expires: u32,
    /// Policy of dialling.
    pub dial: DialConfig,
    /// `sip:` URIs may be dialled.
    pub dial_uris: bool,
    /// `ws:` servers allowed beside loopback.
    pub insecure_servers: Vec<String>,
    /// Statuses: id, label.
    pub statuses: Vec<(String, String)>,
    /// The answer to callers while do-not-disturb is on: 480, 486 or 603.
    pub dnd_code: u16,
    /// Which numbers may get the data of a call.
    pub data_to: Vec<String>,
    /// Where calls go on to, until somebody changes it.
    pub forwards: Forwards,
    /// Calls that may put themselves through.
    pub auto_answer: AutoAnswer,
    /// The number of the voice mail; with one, its summary is subscribed to.
    pub voicemail: Option<String>,
    /// Others may see the person's status (PUBLISH).
    pub publish_status: bool,
    /// How key tones travel where a command does not say.
    pub dtmf: Dtmf,
    /// What XiVO's pages are told.
    pub xivo: XivoConfig,
    /// The server's gateway.
    pub gateway: Option<GatewayConfig>,
    /// How Enigma is told of calls; `None`: not at all.
    pub enigma: Option<EnigmaConfig>,
    /// Host protocols of other phones that are spoken beside ours.
    pub dialects: Vec<String>,
    /// Addresses that are told of calls.
    pub webhooks: Vec<String>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            servers: Vec::new(),
            domain: None,
            hosts: Vec::new(),
            addons: Vec::new(),
            image_hosts: Vec::new(),
            sound_hosts: Vec::new(),
            account: None,
            account_url: None,
            settings_url: None,
            host_login: false,
            ice_servers: Vec::new(),
            ice_transport_policy: IcePolicy::All,
            country: String::new(),
            team: String::new(),
            headers: HeaderNames::default(),
            language: String::new(),
            strings: Vec::new(),
            size: (320, 460),
            theme: ThemeConfig::default(),
            call_waiting: true,
            one_tab: false,
            numbers: Vec::new(),
            register_expires: 600,
            dial: DialConfig::default(),
            dial_uris: false,
            insecure_servers: Vec::new(),
            statuses: Vec::new(),
            dnd_code: 486,
            // Extensions: up to six digits.
            data_to: vec!["??????".to_owned()],
            forwards: Forwards::default(),
            auto_answer: AutoAnswer::default(),
            voicemail: None,
            publish_status: false,
            dtmf: Dtmf::Auto,
            xivo: XivoConfig::default(),
            gateway: None,
            enigma: None,
            dialects: Vec::new(),
            webhooks: Vec::new(),
        }
    }
}

/// `account`. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountConfig {
    /// User part.
    #[serde(deserialize_with = "some_text")]
    pub user: String,
    /// A password …
    pub password: Option<String>,
    /// … or a token (RFC 8898).
    pub token: Option<String>,
    /// Where it differs from `user`.
    pub auth_user: Option<String>,
    /// Shown to those we call.
    pub display_name: Option<String>,
    /// What events call this person.
    pub context: Option<ContextConfig>,
    /// By which the gateway knows this person's phone, in the place of the token that all have in `gateway`.
    pub gateway_token: Option<String>,
}

impl std::fmt::Debug for AccountConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountConfig({:?}, …)", self.user)
    }
}

/// `account.context`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ContextConfig {
    /// `context.user` of events.
    pub user: Option<String>,
    /// `context.extension` of events.
    pub extension: Option<String>,
}

/// One entry of `iceServers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceServer {
    /// `stun:` and `turn:` addresses.
    pub urls: Vec<String>,
    /// For TURN.
    pub username: Option<String>,
    /// For TURN.
    pub credential: Option<String>,
}

/// `iceTransportPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IcePolicy {
    /// Any candidate.
    #[default]
    All,
    /// TURN only.
    Relay,
}

/// `headers`: the names on the wire of what events carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderNames {
    /// The call's id, in both directions.
    pub call_id: String,
    /// The team.
    pub team: String,
    /// The queue.
    pub queue: String,
    /// The number the caller dialled; the first present wins.
    pub dialled: Vec<String>,
    /// What says to the server which of our numbers calls.
    pub from: Vec<String>,
    /// The platform's id of the whole call …
    pub linked_id: String,
    /// … and of this leg of it.
    pub unique_id: String,
    /// How the names begin of what the platform attaches to a call.
    pub attached: String,
    /// Seconds in the queue …
    pub hold_time: String,
    /// … or the second since 1970 at which it began.
    pub queue_enter: String,
    /// What the caller is known by at the customer's; the first present wins.
    pub contact_ref: Vec<String>,
    /// Why a call of ours was refused, in words; the first present wins.
    pub error: Vec<String>,
}

impl Default for HeaderNames {
    fn default() -> HeaderNames {
        HeaderNames {
            call_id: "X-Call-ID".into(),
            team: "X-Team".into(),
            queue: "X-Queue".into(),
            dialled: vec!["X-Dialed-Number".into(), "X-Teleforge-Dial-Number".into()],
            from: vec!["P-Preferred-Identity".into()],
            linked_id: "X-Asterisk-Linkedid".into(),
            unique_id: "X-Asterisk-Uniqueid".into(),
            attached: "X-XIVO-".into(),
            hold_time: "X-Queue-Hold-Time".into(),
            queue_enter: "X-Queue-Enter-Time".into(),
            contact_ref: ["X-Contact-Ref", "X-Platforma-Contact-Ref", "X-Teleforge-Contact-Ref"]
                .map(str::to_owned)
                .into(),
            error: vec!["X-Platforma-Error".into(), "X-Teleforge-Error".into()],
        }
    }
}

/// `theme`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThemeConfig {
    /// Light, dark or the system's.
    pub mode: Theme,
    /// `#rrggbb` for light …
    pub accent: Option<String>,
    /// … and dark.
    pub accent_dark: Option<String>,
    /// 0 to 18.
    pub radius: Option<u8>,
    /// At most 24 characters.
    pub name: Option<String>,
}

/// `dial`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialConfig {
    /// `*` and `#` codes from the host ask the person.
    pub confirm_codes: bool,
    /// `+` and `00` numbers from the host ask the person.
    pub confirm_international: bool,
    /// Prefixes that are never dialled.
    pub blocked: Vec<String>,
    /// Numbers that always ask when the host dials.
    pub emergency: Vec<String>,
    /// How fast the host may dial, `None`: no limit.
    pub host_limit: Option<HostLimit>,
}

impl Default for DialConfig {
    fn default() -> DialConfig {
        DialConfig {
            confirm_codes: true,
            confirm_international: false,
            blocked: Vec::new(),
            emergency: vec!["112".into()],
            host_limit: Some(HostLimit::default()),
        }
    }
}

/// `xivo`: what a platform would know of the person, for pages that are written for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct XivoConfig {
    /// The person's other telephone.
    pub mobile_number: Option<String>,
    /// The person's number in the platform.
    pub user_id: u64,
    /// The number of the voice mail box in the platform.
    pub voice_mail_id: u64,
    /// The dialplan context that calls are said to come from.
    pub context: Option<String>,
    /// The status of the phone is that of its calls, and not of its registration.
    pub status_from_hint: bool,
}

/// `gateway`. Its `Debug` shows no token.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct GatewayConfig {
    /// `wss://host[/path]`, without a slash at its end.
    pub url: String,
    /// By which it knows this phone; without one it is not used.
    pub token: Option<String>,
}

impl std::fmt::Debug for GatewayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GatewayConfig({:?}, …)", self.url)
    }
}

/// `enigma`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnigmaConfig {
    /// 2 for releases before 3.0.0, else 3.
    pub version: u8,
    /// When a call that comes in is told.
    pub notify_on: NotifyOn,
}

impl Default for EnigmaConfig {
    fn default() -> EnigmaConfig {
        EnigmaConfig { version: 3, notify_on: NotifyOn::Accepted }
    }
}

/// `enigma.notifyOn`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyOn {
    /// When it is put through.
    #[default]
    Accepted,
    /// When it rings.
    Ringing,
}

/// `autoAnswer`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct AutoAnswer {
    /// Without it no call is.
    pub enabled: bool,
    /// Numbers that may, each of our own domain or with `@` and its host; the end of a number may be `*`. Without any none
    /// may.
    pub callers: Vec<String>,
}

/// `dial.hostLimit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HostLimit {
    /// Calls in ten seconds.
    pub per10s: usize,
    /// Calls in an hour.
    pub per_hour: usize,
    /// The same number again within this time is ignored.
    pub same_number_ms: u64,
}

impl Default for HostLimit {
    fn default() -> HostLimit {
        HostLimit { per10s: 5, per_hour: 60, same_number_ms: 2_000 }
    }
}

/// What is wrong with a configuration: shown on screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// `dial.hostLimit`, empty for the file as a whole.
    pub key: String,
    /// What the key must be.
    pub rule: &'static str,
    /// What stands there.
    pub found: String,
}

impl Config {
    /// Reads the file's text; warnings are for the console.
    pub fn parse(text: &str) -> Result<(Config, Vec<String>), ConfigError> {
        let value = json::value(text.as_bytes()).map_err(|error| ConfigError {
            key: String::new(),
            rule: "must be JSON",
            found: error.to_string().chars().take(MAX_FOUND_CHARS).collect(),
        })?;
        let Value::Object(map) = value else {
            return Err(wrong("", "must be a JSON object", &value));
        };
        let mut keys = Keys::new(map);
        let mut config = Config::default();
        read_network(&mut keys, &mut config);
        read_looks(&mut keys, &mut config);
        read_policy(&mut keys, &mut config);
        let warnings = keys.finish(&config)?;
        Ok((config, warnings))
    }

    /// The host part of the address-of-record, for a server the account uses.
    pub fn domain_for(&self, server: &str) -> String {
        self.domain.clone().unwrap_or_else(|| host_of(server).to_owned())
    }

    /// Whether this address may be connected to: `wss:`, or `ws:` to loopback or a listed server.
    pub fn allows_server(&self, server: &str) -> bool {
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '\\');
        if host_of(server).contains(odd) {
            return false;
        }
        if server.starts_with("wss://") {
            return !host_of(server).is_empty();
        }
        server.starts_with("ws://")
            && (is_loopback(host_of(server)) || self.insecure_servers.iter().any(|allowed| allowed == server))
    }
}

/// The host of a URL, without port, user and path; IPv6 with its brackets.
pub(crate) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if authority.starts_with('[') {
        return authority.find(']').and_then(|end| authority.get(..=end)).unwrap_or("");
    }
    authority.split_once(':').map_or(authority, |(host, _)| host)
}

/// A token that needs no escaping in the address of the gateway's socket.
pub(crate) fn is_token(token: &str) -> bool {
    token.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet))
}

/// A host as it may stand in a request line: a name, an address, IPv6 in brackets, perhaps a port.
pub(crate) fn is_host(text: &str) -> bool {
    let host = host_of(text);
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let known = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-._".contains(&octet))
        }
    };
    let port = text.strip_prefix(host).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    known && port.is_some_and(|port| port.bytes().all(|octet| octet.is_ascii_digit()))
}

fn some_text<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    match text.trim().is_empty() {
        true => Err(serde::de::Error::custom("empty")),
        false => Ok(text),
    }
}

/// protocol.md 1.2.2: exactly these, never `*.localhost`.
fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Config {
        Config::parse(text).unwrap().0
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(parse("{}"), Config::default());
    }

    #[test]
    fn a_documented_file_is_read_without_warning() {
        let (config, warnings) = Config::parse(
            r#"{"server":"wss://pbx.example/ws","hosts":["https://crm.example"],"team":"Dev_Team",
                "account":{"user":"200","password":"x","context":{"extension":"200"}},
                "iceServers":[{"urls":"stun:a"}],"dial":{"hostLimit":null},"size":{"width":300,"height":400},
                "theme":{"mode":"dark","accent":"\u0023aabbcc"}}"#,
        )
        .unwrap();
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(config.domain_for(&config.servers[0]), "pbx.example");
        assert_eq!(config.dial.host_limit, None);
        assert_eq!((config.size, config.theme.mode), ((300, 400), Theme::Dark));
        assert_eq!(config.ice_servers[0].urls, ["stun:a"]);
    }

    #[test]
    fn unknown_keys_and_a_star_in_hosts_warn() {
        let text = r#"{"sevrer":"x","hosts":["*"],"xivo":{"b":1},"headers":{"team":"X-T","lnkedId":"X-L"},"dial":{"a":1}}"#;
        let (config, warnings) = Config::parse(text).unwrap();
        assert_eq!(warnings.len(), 5, "{warnings:?}");
        assert_eq!((config.headers.team.as_str(), config.headers.call_id.as_str()), ("X-T", "X-Call-ID"));
    }

    #[test]
    fn a_wrong_type_names_key_rule_and_value() {
        for (text, key, found) in [
            (r#"{"server":5}"#, "server", "5"),
            (r#"{"server":"ws://pbx.example/ws"}"#, "server", "\"ws://pbx.example/ws\""),
            (r#"{"hosts":"https://a"}"#, "hosts", "\"https://a\""),
            (r#"{"theme":{"accent":"red"}}"#, "theme.accent", "\"red\""),
            (r#"{"dial":{"hostLimit":{"per10s":"5"}}}"#, "dial.hostLimit", "{\"per10s\":\"5\"}"),
            (r#"{"account":{"user":1,"password":"secret"}}"#, "account", "something else"),
            (r#"{"account":["200","secret"]}"#, "account", "something else"),
            (r#"{"gateway":{"url":1,"token":"secret"}}"#, "gateway", "something else"),
            (r#"{"iceServers":[{"urls":1,"credential":"secret"}]}"#, "iceServers", "something else"),
            (r#"{"theme":{"mode":"grey"}}"#, "theme.mode", "\"grey\""),
            (r#"{"theme":5,"size":5}"#, "size", "5"),
            (r#"{"strings":{"ok":5},"team":1}"#, "strings.ok", "5"),
            (r#"{"registerExpires":5}"#, "registerExpires", "5"),
            (r#"{"dtmf":"inband"}"#, "dtmf", "\"inband\""),
            ("[]", "", "[]"),
        ] {
            let error = Config::parse(text).unwrap_err();
            assert_eq!((error.key.as_str(), error.found.as_str()), (key, found), "{text}");
        }
        assert_eq!(Config::parse("{").unwrap_err().rule, "must be JSON");
    }

    #[test]
    fn plain_sockets_go_to_loopback_or_a_listed_server_only() {
        let config = parse(r#"{"insecureServers":["ws://old.example:8088/ws"]}"#);
        for (server, allowed) in [
            ("wss://a.example", true),
            ("ws://localhost:5080/ws", true),
            ("ws://127.3.2.1/ws", true),
            ("ws://[::1]:80/", true),
            ("ws://x.localhost/", false),
            ("ws://old.example:8088/ws", true),
            ("ws://old.example/ws", false),
            ("http://a.example", false),
            ("wss://", false),
        ] {
            assert_eq!(config.allows_server(server), allowed, "{server}");
        }
    }
}
