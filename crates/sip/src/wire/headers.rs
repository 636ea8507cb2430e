//! Headers whose values have a form of their own, each read into its type. Those that are addresses (Refer-To,
//! P-Asserted-Identity, Diversion, History-Info, Path, Call-Info …) are read by [`Message::addresses`], those that are
//! numbers (Min-SE, RSeq, Flow-Timer, Retry-After …) by [`Message::number`]. A bad value costs itself, never the message.

use super::{
    Message, Method,
    text::{Params, Unreadable, is_token, quote, quoted, split_blank, split_outside, with_params},
    uri::number,
};
use std::fmt;

#[cfg(test)]
mod tests;

/// Replaces (RFC 3891): the dialog in whose place an INVITE comes, as its receiver knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// The Call-ID.
    pub call_id: String,
    /// The receiver's own tag.
    pub to_tag: String,
    /// The tag of the other side.
    pub from_tag: String,
    /// Only while it is not accepted.
    pub early_only: bool,
}

impl Replaces {
    /// Reads the value.
    pub fn parse(text: &str) -> Result<Replaces, Unreadable> {
        let (call_id, [to_tag, from_tag], params) = dialog(text, ["to-tag", "from-tag"])?;
        Ok(Replaces { call_id, to_tag, from_tag, early_only: params.get("early-only").is_some() })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

/// Target-Dialog (RFC 4538): a dialog that who sends a request outside of it is in, as the sender knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetDialog {
    /// The Call-ID.
    pub call_id: String,
    /// The sender's tag.
    pub local_tag: String,
    /// The receiver's tag.
    pub remote_tag: String,
}

impl TargetDialog {
    /// Reads the value.
    pub fn parse(text: &str) -> Result<TargetDialog, Unreadable> {
        let (call_id, [local_tag, remote_tag], _) = dialog(text, ["local-tag", "remote-tag"])?;
        Ok(TargetDialog { call_id, local_tag, remote_tag })
    }
}

/// A Call-ID and two tags in parameters, which must all be there.
fn dialog(text: &str, tags: [&str; 2]) -> Result<(String, [String; 2], Params), Unreadable> {
    let (call_id, params) = with_params(text);
    let params = params?;
    let [Some(one), Some(other)] = tags.map(|tag| params.get(tag).filter(|tag| !tag.is_empty())) else {
        return Err(Unreadable::new("the tags of both sides"));
    };
    if call_id.is_empty() {
        return Err(Unreadable::new("a Call-ID"));
    }
    Ok((call_id.to_owned(), [one.to_owned(), other.to_owned()], params))
}

/// RAck (RFC 3262): which reliable response a PRACK acknowledges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// RSeq of the response.
    pub response: u32,
    /// The number of the request that it answers.
    pub sequence: u32,
    /// The method of that request.
    pub method: Method,
}

impl RAck {
    /// Reads the value.
    pub fn parse(text: &str) -> Result<RAck, Unreadable> {
        let parts = split_blank(text.trim_ascii()).and_then(|(response, rest)| {
            let (sequence, method) = split_blank(rest.trim_ascii_start())?;
            Some((number(response)?, number(sequence)?, method.trim_ascii_start()))
        });
        match parts {
            Some((response, sequence, method)) if is_token(method) => {
                Ok(RAck { response, sequence, method: Method::from(method) })
            }
            Some(_) | None => Err(Unreadable::new("two numbers and a method")),
        }
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.response, self.sequence, self.method)
    }
}

/// Session-Expires (RFC 4028).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval in seconds.
    pub seconds: u32,
    /// Who refreshes, if it says so.
    pub refresher: Option<Refresher>,
}

/// Who refreshes a session, by its part in the transaction that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answered it.
    Uas,
}

impl SessionExpires {
    /// Reads the value.
    pub fn parse(text: &str) -> Result<SessionExpires, Unreadable> {
        let (seconds, params) = with_params(text);
        let seconds = seconds
            .split([' ', '('])
            .next()
            .and_then(number)
            .ok_or(Unreadable::new("a number of seconds"))?;
        let params = params.unwrap_or_default();
        let is = |name: &str| params.get("refresher").is_some_and(|value| value.eq_ignore_ascii_case(name));
        let refresher = if is("uac") { Some(Refresher::Uac) } else { is("uas").then_some(Refresher::Uas) };
        Ok(SessionExpires { seconds, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

/// A Reason header value (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// `SIP` or `Q.850`.
    pub protocol: String,
    /// The cause number.
    pub cause: u16,
    /// The text, if any.
    pub text: String,
}

impl Reason {
    /// Reads one value. Without a cause that can be read it is 0.
    pub fn parse(text: &str) -> Reason {
        let (protocol, params) = with_params(text);
        let params = params.unwrap_or_default();
        let cause = params.get("cause").and_then(|cause| number(cause.trim_ascii())).unwrap_or_default();
        let text = params.get("text").unwrap_or_default().to_owned();
        Reason { protocol: protocol.to_owned(), cause, text }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};cause={}", self.protocol, self.cause)?;
        if self.text.is_empty() { Ok(()) } else { write!(f, ";text={}", quote(&self.text)) }
    }
}

/// Event (RFC 6665).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// The package, with its templates.
    pub package: String,
    /// Which of several subscriptions of one dialog.
    pub id: Option<String>,
}

impl EventType {
    /// Reads the value.
    pub fn parse(text: &str) -> EventType {
        let (package, params) = with_params(text);
        let id = params.unwrap_or_default().get("id").map(str::to_owned);
        EventType { package: package.to_owned(), id }
    }

    /// Of a message; empty where it has none.
    pub fn of(message: &Message) -> EventType {
        EventType::parse(message.header("Event").unwrap_or_default())
    }

    /// Whether it is this package.
    pub fn is(&self, package: &str) -> bool {
        self.package.eq_ignore_ascii_case(package)
    }
}

/// Subscription-State (RFC 6665).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionState {
    /// `active`, `pending`, `terminated`, or one nobody knows; in lower case.
    pub state: String,
    /// Why it ended, in lower case.
    pub reason: Option<String>,
    /// Seconds that it still lasts.
    pub expires: Option<u32>,
    /// Seconds to wait before the next one.
    pub retry_after: Option<u32>,
}

impl SubscriptionState {
    /// Reads the value.
    pub fn parse(text: &str) -> SubscriptionState {
        let (state, params) = with_params(text);
        let params = params.unwrap_or_default();
        let seconds = |name: &str| params.get(name).and_then(|value| number(value.trim_ascii()));
        SubscriptionState {
            state: state.to_ascii_lowercase(),
            reason: params.get("reason").map(str::to_ascii_lowercase),
            expires: seconds("expires"),
            retry_after: seconds("retry-after"),
        }
    }

    /// Of a message; empty where it has none.
    pub fn of(message: &Message) -> SubscriptionState {
        SubscriptionState::parse(message.header("Subscription-State").unwrap_or_default())
    }

    /// Whether there is no subscription any more.
    pub fn is_terminated(&self) -> bool {
        self.state == "terminated"
    }
}

/// User-to-User (RFC 7433).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserToUser {
    /// As it came, without quotes.
    pub data: String,
    /// `hex` where none stands there.
    pub encoding: String,
    /// Of whom it is, if it says so.
    pub purpose: Option<String>,
}

impl UserToUser {
    /// Reads one value.
    pub fn parse(text: &str) -> Result<UserToUser, Unreadable> {
        let text = text.trim_ascii();
        let (data, params) = match text.starts_with('"') {
            true => quoted(text).map(|(data, rest)| (data, Params::parse(rest)))?,
            false => {
                let (data, params) = with_params(text);
                (data.to_owned(), params)
            }
        };
        if data.is_empty() {
            return Err(Unreadable::new("data"));
        }
        let params = params.unwrap_or_default();
        let encoding = params.get("encoding").unwrap_or("hex").to_owned();
        Ok(UserToUser { data, encoding, purpose: params.get("purpose").map(str::to_owned) })
    }

    /// The octets behind `hex`; `None` of another encoding, or where they are none.
    pub fn octets(&self) -> Option<Vec<u8>> {
        let digits = self.data.as_bytes();
        if !self.encoding.eq_ignore_ascii_case("hex") || digits.len() % 2 == 1 {
            return None;
        }
        let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        digits.chunks(2).map(|pair| octet(pair).filter(|_| pair.iter().all(u8::is_ascii_hexdigit))).collect()
    }
}

/// Warning (RFC 3261 §20.43).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Three digits; 399 says the rest in words.
    pub code: u16,
    /// Who warns.
    pub agent: String,
    /// The text without its quotes.
    pub text: String,
}

impl Warning {
    /// Reads one value.
    pub fn parse(text: &str) -> Result<Warning, Unreadable> {
        let parts =
            split_blank(text.trim_ascii()).and_then(|(code, rest)| Some((number(code)?, split_blank(rest)?)));
        match parts {
            Some((code @ 100..1_000, (agent, text))) => {
                Ok(Warning { code, agent: agent.to_owned(), text: quoted(text.trim_ascii_start())?.0 })
            }
            Some(_) | None => Err(Unreadable::new("a code, an agent and a text")),
        }
    }
}

impl Message {
    /// What the sender wants to be kept private (RFC 3323): `id`, `user`, `header`, `session`, `critical`, `none` …
    pub fn privacy(&self) -> impl Iterator<Item = &str> {
        let levels = self.list("Privacy").flat_map(|value| split_outside(value, b';'));
        levels.map(str::trim_ascii).filter(|level| !level.is_empty())
    }
}
