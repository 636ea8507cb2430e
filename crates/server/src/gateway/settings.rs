//! `gateway` of the server's file: who may use the gateways, and where they lead.
//!
//! It never opens a connection; what is wrong comes back as a sentence.

use super::Role;
use serde::Deserialize;
use std::collections::BTreeMap;

/// More logins or tokens than this belong into a directory, which this file is not.
const MAX_ENTRIES: usize = 10_000;

/// Of a day.
pub(crate) const SECONDS_OF_DAY: u64 = 86_400;

/// `gateway` of the file; `--redis` and `--enigma` replace its keys.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewaySettings {
    /// `redis://[user:password@]host:port/db`; without it one process keeps everything in memory.
    pub redis: Option<String>,
    /// How calls are told.
    pub enigma: EnigmaSettings,
    /// Who may sign in, by login.
    pub logins: BTreeMap<String, Login>,
    /// Tokens that are given out by hand.
    pub tokens: BTreeMap<String, StaticToken>,
}

impl std::fmt::Debug for GatewaySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let GatewaySettings { redis, enigma, logins, tokens } = self;
        let redis = redis.is_some();
        write!(
            f,
            "GatewaySettings(redis: {redis}, {enigma:?}, {} logins, {} tokens)",
            logins.len(),
            tokens.len()
        )
    }
}

/// `gateway.enigma`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnigmaSettings {
    /// The form of the messages, where a request does not say.
    pub version: EnigmaVersion,
    /// The end of the list that takes new messages.
    pub push: Push,
}

/// The release of Enigma whose form the messages have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub enum EnigmaVersion {
    /// Before 3.0.0.
    V2,
    /// From 3.0.0 on.
    #[default]
    V3,
}

impl EnigmaVersion {
    /// `2`, `v2`, `3` or `v3`.
    pub fn named(name: &str) -> Option<EnigmaVersion> {
        match name.strip_prefix('v').unwrap_or(name) {
            "2" => Some(EnigmaVersion::V2),
            "3" => Some(EnigmaVersion::V3),
            _ => None,
        }
    }
}

impl EnigmaVersion {
    /// As `config.json` has it.
    pub fn number(self) -> u8 {
        match self {
            EnigmaVersion::V2 => 2,
            EnigmaVersion::V3 => 3,
        }
    }
}

impl TryFrom<u8> for EnigmaVersion {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<EnigmaVersion, &'static str> {
        EnigmaVersion::named(&number.to_string()).ok_or("gateway.enigma.version is 2 or 3")
    }
}

/// Which end of a list takes new messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Push {
    /// For whoever reads with BLPOP: first in, first out.
    #[default]
    Rpush,
    /// For whoever reads with BRPOP.
    Lpush,
}

/// Who signs in at a gateway.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// As `htpasswd -nB` writes it: `$2y$…`.
    pub password: String,
    /// Whose phone it is.
    pub extension: String,
}

/// A token of the file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticToken {
    /// What it is for.
    pub role: Role,
    /// Whose phone; empty for a service.
    #[serde(default)]
    pub extension: String,
    /// The last day, in UTC, as days since 1970; the file has `2027-12-31`.
    #[serde(default, deserialize_with = "day")]
    pub expires: Option<u64>,
}

impl GatewaySettings {
    /// What is wrong, as a sentence.
    pub(crate) fn complaint(&self) -> Option<String> {
        if self.logins.len().max(self.tokens.len()) > MAX_ENTRIES {
            return Some(format!("gateway: more than {MAX_ENTRIES} logins or tokens"));
        }
        if let Some((login, _)) = self.logins.iter().find(|(_, login)| !login.password.starts_with("$2")) {
            return Some(format!(
                "gateway.logins.{login}: the password must be a hash as `htpasswd -nB` writes it"
            ));
        }
        let whose = |token: &&StaticToken| (token.role == Role::Service) != token.extension.is_empty();
        self.tokens
            .values()
            .any(|token| whose(&token))
            .then(|| "gateway.tokens: a widget and a client have an extension, a service has none".to_owned())
    }
}

fn day<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(reader)?;
    let wrong = || serde::de::Error::custom("expires is a day such as 2027-12-31");
    days_since_1970(&text).map(Some).ok_or_else(wrong)
}

/// Of `YYYY-MM-DD`, in the Gregorian calendar.
pub(crate) fn days_since_1970(date: &str) -> Option<u64> {
    let mut parts = date.split('-').map(str::parse::<u64>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The year begins in March here, so that the leap day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    days.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<GatewaySettings, String> {
        let settings: GatewaySettings = serde_json::from_str(text).map_err(|error| error.to_string())?;
        settings.complaint().map_or(Ok(settings), Err)
    }

    #[test]
    fn section_of_the_file_is_read_or_says_what_is_wrong() {
        let some = read(
            r#"{"redis":"redis://127.0.0.1:6379/0","enigma":{"version":2,"push":"lpush"},
                "logins":{"ana":{"password":"$2y$05$x","extension":"200"}},
                "tokens":{"t1":{"role":"widget","extension":"200","expires":"2027-12-31"},"t2":{"role":"service"}}}"#,
        )
        .expect("valid");
        assert_eq!(some.enigma, EnigmaSettings { version: EnigmaVersion::V2, push: Push::Lpush });
        assert_eq!(some.tokens.get("t1").and_then(|token| token.expires), days_since_1970("2027-12-31"));
        assert!(!format!("{some:?}").contains("t1"), "no token in a log");
        for (text, says) in [
            (r#"{"enigma":{"version":4}}"#, "2 or 3"),
            (r#"{"enigma":{"push":"x"}}"#, "unknown variant"),
            (r#"{"logins":{"ana":{"password":"clear","extension":"200"}}}"#, "htpasswd"),
            (r#"{"tokens":{"t":{"role":"widget"}}}"#, "have an extension"),
            (r#"{"tokens":{"t":{"role":"service","extension":"200"}}}"#, "has none"),
            (r#"{"tokens":{"t":{"role":"service","expires":"soon"}}}"#, "a day such as"),
            (r#"{"tokns":{}}"#, "unknown field"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn days_are_counted_over_leap_years() {
        for (date, days) in [
            ("1970-01-01", Some(0)),
            ("1972-03-01", Some(790)),
            ("2000-02-29", Some(11_016)),
            ("2026-11-30", Some(20_787)),
            ("2026-13-01", None),
            ("2026-11", None),
            ("1969-12-31", None),
            ("x", None),
        ] {
            assert_eq!(days_since_1970(date), days, "{date}");
        }
    }
}
