//! Header values with a structure: name-addr, Via, CSeq, challenges and credentials. Each is read on its own: a bad
//! one costs itself, never the message.

use super::{
    Method, StatusCode,
    text::{Params, Unreadable, find_outside, is_token, quote, quoted, split_list},
    uri::{Uri, number, parse_hostport},
};
use std::fmt;

/// An address with a name and parameters: From, To, Contact, Route, Record-Route, Refer-To, P-Asserted-Identity …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// The display name without quotes and escapes, empty if there is none. May hold controls: not for the screen as is.
    pub display: String,
    /// The URI.
    pub uri: Uri,
    /// The parameters of the header, not those of the URI.
    pub params: Params,
}

impl NameAddr {
    /// A bare address.
    pub fn new(uri: Uri) -> NameAddr {
        NameAddr { display: String::new(), uri, params: Params::default() }
    }

    /// Reads one value. Unquoted display names with commas and dots are read too.
    pub fn parse(text: &str) -> Result<NameAddr, Unreadable> {
        let text = text.trim();
        if text.starts_with('"') {
            let (display, rest) = quoted(text)?;
            return NameAddr::parse_bracketed(display, rest.trim_start());
        }
        match text.find('<') {
            Some(at) => {
                let (display, rest) = text.split_at(at);
                if display.contains('"') {
                    return Err(Unreadable::new("a display name with both quotes or none"));
                }
                NameAddr::parse_bracketed(display.trim_end().to_owned(), rest)
            }
            None => NameAddr::parse_bare(text),
        }
    }

    fn parse_bracketed(display: String, text: &str) -> Result<NameAddr, Unreadable> {
        let inner = text.strip_prefix('<').ok_or(Unreadable::new("an address in angle brackets"))?;
        let end = find_outside(inner, b'>').ok_or(Unreadable::new("a closing angle bracket"))?;
        let uri = Uri::parse(inner.get(..end).unwrap_or_default().trim())?;
        let params = Params::parse(inner.get(end + 1..).unwrap_or_default())?;
        Ok(NameAddr { display, uri, params })
    }

    /// Without angle brackets the parameters belong to the header, and `?` and `,` may not stand (RFC 3261 §20).
    fn parse_bare(text: &str) -> Result<NameAddr, Unreadable> {
        let userinfo_end = text.find('@').map_or(0, |at| at + 1);
        let (userinfo, rest) = text.split_at(userinfo_end);
        // A `;` before `@` may be part of the user, as in `sip:user;par=u%40example.net@example.com`.
        let end = rest.find(';').unwrap_or(rest.len());
        let (uri, params) = text.split_at(userinfo.len() + end);
        if uri.contains(['?', ',']) {
            return Err(Unreadable::new("angle brackets around this URI"));
        }
        Ok(NameAddr {
            display: String::new(),
            uri: Uri::parse(uri.trim_end())?,
            params: Params::parse(params)?,
        })
    }

    /// The tag parameter of From and To.
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// The same with this tag.
    pub fn with_tag(mut self, tag: &str) -> NameAddr {
        self.params.set("tag", Some(tag));
        self
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.display.is_empty() {
            write!(f, "{} ", quote(&self.display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// One Via value (RFC 3261 §20.42).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// `WS`, `WSS`, `UDP` …, or one nobody knows.
    pub transport: String,
    /// The host of sent-by, IPv6 in brackets.
    pub host: String,
    /// The port of sent-by.
    pub port: Option<u16>,
    /// The parameters.
    pub params: Params,
}

impl Via {
    /// A Via of our own over a WebSocket (RFC 7118 §5.3).
    pub fn new(transport: &str, host: &str, branch: &str) -> Via {
        let mut params = Params::default();
        params.set("branch", Some(branch));
        Via { transport: transport.to_owned(), host: host.to_owned(), port: None, params }
    }

    /// Reads one value: spaces may surround each `/` and `:`.
    pub fn parse(text: &str) -> Result<Via, Unreadable> {
        let mut parts = text.trim().splitn(3, '/');
        let mut part = || parts.next().map(str::trim).ok_or(Unreadable::new("a Via value"));
        let (name, version, rest) = (part()?, part()?, part()?);
        if !name.eq_ignore_ascii_case("SIP") || !is_token(version) {
            return Err(Unreadable::new("SIP/2.0 in a Via"));
        }
        let (transport, rest) = rest.split_once([' ', '\t']).ok_or(Unreadable::new("a sent-by"))?;
        if !is_token(transport) {
            return Err(Unreadable::new("a transport"));
        }
        let rest = rest.trim();
        let (sent_by, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        let (host, port) = parse_hostport(sent_by.trim())?;
        Ok(Via { transport: transport.to_owned(), host, port, params: Params::parse(params)? })
    }

    /// The branch, empty where an RFC 2543 peer left it out.
    pub fn branch(&self) -> &str {
        self.params.get("branch").unwrap_or_default()
    }

    /// Host and port as one text, for comparing.
    pub fn sent_by(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host.to_ascii_lowercase()),
            None => self.host.to_ascii_lowercase(),
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}

/// Sequence number and method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2³¹ (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The method of the request, also in its responses.
    pub method: Method,
}

impl CSeq {
    /// Reads the value.
    pub fn parse(text: &str) -> Result<CSeq, Unreadable> {
        let (digits, method) = text.trim().split_once([' ', '\t']).ok_or(Unreadable::new("a method"))?;
        let sequence = number(digits).filter(|&sequence| sequence < 1 << 31);
        let number = sequence.ok_or(Unreadable::new("a sequence number below 2^31"))?;
        let method = method.trim();
        if !is_token(method) {
            return Err(Unreadable::new("a method"));
        }
        Ok(CSeq { number, method: Method::from(method) })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

/// A scheme and its parameters: WWW-Authenticate, Proxy-Authenticate, Authorization, Proxy-Authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthValue {
    /// `Digest`, `Bearer` …
    pub scheme: String,
    params: Vec<(String, String)>,
}

impl AuthValue {
    /// Reads one value; several challenges stand in several header lines.
    pub fn parse(text: &str) -> Result<AuthValue, Unreadable> {
        let text = text.trim();
        let (scheme, rest) = text.split_at(text.find([' ', '\t']).unwrap_or(text.len()));
        if !is_token(scheme) {
            return Err(Unreadable::new("an authentication scheme"));
        }
        let mut params = Vec::new();
        for part in split_list(rest) {
            let Some((name, value)) = part.split_once('=') else { continue };
            let value = value.trim_start();
            let value = match value.starts_with('"') {
                true => quoted(value)?.0,
                false => value.to_owned(),
            };
            params.push((name.trim_end().to_owned(), value));
        }
        Ok(AuthValue { scheme: scheme.to_owned(), params })
    }

    /// A parameter without its quotes.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.params.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Whether the scheme is this one.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// Status and phrase of a `message/sipfrag` body (RFC 3420), as NOTIFY of a REFER carries it.
pub fn sipfrag_status(body: &[u8]) -> Option<(StatusCode, String)> {
    let line = body.split(|&octet| octet == b'\r' || octet == b'\n').find(|line| !line.is_empty())?;
    let line = String::from_utf8_lossy(line);
    let mut parts = line.trim().splitn(3, ' ');
    if !parts.next()?.eq_ignore_ascii_case("SIP/2.0") {
        return None;
    }
    let status = StatusCode::new(number(parts.next()?)?)?;
    Some((status, parts.next().unwrap_or_default().to_owned()))
}
