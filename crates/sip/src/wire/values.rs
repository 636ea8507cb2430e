//! Header values with a structure: name-addr, Via, CSeq, challenges and credentials. Each is read on its own: a bad
//! one costs itself, never the message.

use super::{
    Method, StatusCode,
    text::{
        Params, Unreadable, find_outside, is_token, position, quote, quoted, split_blank, split_list,
        split_once, split_params,
    },
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
        let text = text.trim_ascii();
        if text.starts_with('"') {
            let (display, rest) = quoted(text)?;
            let inner = rest.trim_ascii_start().strip_prefix('<');
            return NameAddr::parse_bracketed(
                display,
                inner.ok_or(Unreadable::new("an address in angle brackets"))?,
            );
        }
        match split_once(text, b'<') {
            Some((display, _)) if position(display.as_bytes(), b'"').is_some() => {
                Err(Unreadable::new("a display name with both quotes or none"))
            }
            Some((display, inner)) => NameAddr::parse_bracketed(display.trim_ascii_end().to_owned(), inner),
            None => NameAddr::parse_bare(text),
        }
    }

    /// What follows the opening bracket.
    fn parse_bracketed(display: String, inner: &str) -> Result<NameAddr, Unreadable> {
        let end = find_outside(inner, b'>').ok_or(Unreadable::new("a closing angle bracket"))?;
        let uri = Uri::parse(inner.get(..end).unwrap_or_default().trim_ascii())?;
        let params = Params::parse(inner.get(end + 1..).unwrap_or_default())?;
        Ok(NameAddr { display, uri, params })
    }

    /// Without angle brackets the parameters belong to the header, and `?` and `,` may not stand (RFC 3261 §20).
    fn parse_bare(text: &str) -> Result<NameAddr, Unreadable> {
        // A `;` before `@` may be part of the user, as in `sip:user;par=u%40example.net@example.com`.
        let rest = split_once(text, b'@').map_or(text, |(_, rest)| rest);
        let (_, params) = split_params(rest);
        let uri = text.get(..text.len() - params.len()).unwrap_or_default();
        if uri.bytes().any(|octet| matches!(octet, b'?' | b',')) {
            return Err(Unreadable::new("angle brackets around this URI"));
        }
        Ok(NameAddr {
            display: String::new(),
            uri: Uri::parse(uri.trim_ascii_end())?,
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
        let parts = split_once(text, b'/').and_then(|(name, rest)| Some((name, split_once(rest, b'/')?)));
        let (name, (version, rest)) = parts.ok_or(Unreadable::new("a Via value"))?;
        if !name.trim_ascii().eq_ignore_ascii_case("SIP") || !is_token(version.trim_ascii()) {
            return Err(Unreadable::new("SIP/2.0 in a Via"));
        }
        let (transport, rest) = split_blank(rest.trim_ascii()).ok_or(Unreadable::new("a sent-by"))?;
        if !is_token(transport) {
            return Err(Unreadable::new("a transport"));
        }
        let (sent_by, params) = split_params(rest);
        let (host, port) = parse_hostport(sent_by.trim_ascii())?;
        Ok(Via {
            transport: transport.to_owned(),
            host: host.to_owned(),
            port,
            params: Params::parse(params)?,
        })
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
        let (digits, method) = split_blank(text.trim_ascii()).ok_or(Unreadable::new("a method"))?;
        let sequence = number(digits).filter(|&sequence| sequence < 1 << 31);
        let number = sequence.ok_or(Unreadable::new("a sequence number below 2^31"))?;
        let method = method.trim_ascii();
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
    params: Params,
}

impl AuthValue {
    /// Reads one value; several challenges stand in several header lines.
    pub fn parse(text: &str) -> Result<AuthValue, Unreadable> {
        let text = text.trim_ascii();
        let (scheme, rest) = split_blank(text).unwrap_or((text, ""));
        if !is_token(scheme) {
            return Err(Unreadable::new("an authentication scheme"));
        }
        let mut params = Params::default();
        for part in split_list(rest) {
            let Some((name, value)) = split_once(part, b'=') else { continue };
            let (name, value) = (name.trim_ascii_end(), value.trim_ascii_start());
            match value.starts_with('"') {
                true => params.add(name, &quoted(value)?.0),
                false => params.add(name, value),
            }
        }
        Ok(AuthValue { scheme: scheme.to_owned(), params })
    }

    /// A parameter without its quotes.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.params.get(name)
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
    let (version, rest) = split_once(line.trim_ascii(), b' ')?;
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        return None;
    }
    let (code, phrase) = split_once(rest, b' ').unwrap_or((rest, ""));
    Some((StatusCode::new(number(code)?)?, phrase.to_owned()))
}
