//! URIs: `sip:`, `sips:`, `tel:` and whatever else may stand where one is expected. Kept octet for octet; never
//! resolved or compared by anything but text.

use super::{
    text::{Params, Unreadable, escape, has_control_beyond_ascii, unescape},
    work,
};
use std::fmt;

/// What stands before the first colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
    /// Anything else: nothing but its text is known.
    Other,
}

/// A URI. Prints exactly as it was read.
///
/// ```
/// use softframe_sip::wire::Uri;
/// let uri = Uri::parse("sip:john.doe@[2001:db8::1]:5061;gr=urn:uuid:1?Subject=hi")?;
/// assert_eq!((uri.user().as_deref(), uri.host(), uri.port()), (Some("john.doe"), "[2001:db8::1]", Some(5061)));
/// assert_eq!(uri.param("gr"), Some("urn:uuid:1"));
/// # Ok::<(), softframe_sip::wire::Unreadable>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri {
    scheme: Scheme,
    /// Escaped, as it came, without a password. Of `tel:` the number.
    user: Option<String>,
    password: Option<String>,
    host: String,
    port: Option<u16>,
    params: Params,
    /// What follows `?`, as it came.
    headers: Option<String>,
    text: String,
}

impl Uri {
    /// Reads a whole URI; anything that follows it is an error.
    pub fn parse(text: &str) -> Result<Uri, Unreadable> {
        work::add(text.len());
        let is_foreign = |octet| matches!(octet, 0..=b' ' | b'<' | b'>' | b'"' | 0x7f);
        if text.bytes().any(is_foreign) || has_control_beyond_ascii(text) {
            return Err(Unreadable::new("a URI without spaces, quotes and brackets"));
        }
        let (scheme, rest) = text.split_once(':').ok_or(Unreadable::new("a scheme"))?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "sip" => Scheme::Sip,
            "sips" => Scheme::Sips,
            "tel" => Scheme::Tel,
            other if is_scheme(other) => Scheme::Other,
            _ => return Err(Unreadable::new("a scheme")),
        };
        match scheme {
            Scheme::Sip | Scheme::Sips => Uri::parse_sip(scheme, rest, text),
            Scheme::Tel => Uri::parse_tel(rest, text),
            Scheme::Other => Ok(Uri::bare(Scheme::Other, text)),
        }
    }

    /// `sip:user@host`; the user part is escaped as needed, and an empty one is none.
    pub fn sip(user: Option<&str>, host: &str) -> Uri {
        let user = user.filter(|user| !user.is_empty()).map(|user| escape(user, b"&=+$,;?/"));
        let mut uri = Uri { user, host: host.to_owned(), ..Uri::bare(Scheme::Sip, "") };
        uri.rewrite();
        uri
    }

    fn bare(scheme: Scheme, text: &str) -> Uri {
        Uri {
            scheme,
            user: None,
            password: None,
            host: String::new(),
            port: None,
            params: Params::default(),
            headers: None,
            text: text.to_owned(),
        }
    }

    fn parse_sip(scheme: Scheme, rest: &str, text: &str) -> Result<Uri, Unreadable> {
        // The user part may hold `;`, `?` and `/`, everything behind it must escape `@`: the first one ends it.
        let (userinfo, rest) = match rest.split_once('@') {
            Some((userinfo, rest)) => (Some(userinfo), rest),
            None => (None, rest),
        };
        let (user, password) = match userinfo {
            Some(userinfo) => match userinfo.split_once(':') {
                Some((user, password)) => (Some(user), Some(password.to_owned())),
                None => (Some(userinfo), None),
            },
            None => (None, None),
        };
        if user.is_some_and(str::is_empty) {
            return Err(Unreadable::new("a user part"));
        }
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers.to_owned())),
            None => (rest, None),
        };
        let (hostport, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        let (host, port) = parse_hostport(hostport)?;
        let params = Params::parse(params)?;
        let user = user.map(str::to_owned);
        Ok(Uri { scheme, user, password, host, port, params, headers, text: text.to_owned() })
    }

    fn parse_tel(rest: &str, text: &str) -> Result<Uri, Unreadable> {
        let (number, params) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        if number.is_empty() {
            return Err(Unreadable::new("a number"));
        }
        let params = Params::parse(params)?;
        Ok(Uri { user: Some(number.to_owned()), params, ..Uri::bare(Scheme::Tel, text) })
    }

    /// Its scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `sip:` or `sips:`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The user part without escapes; the number of a `tel:`.
    pub fn user(&self) -> Option<String> {
        self.user.as_deref().map(unescape)
    }

    /// The password, which nobody should send.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The host as it stands there, an IPv6 address in its brackets. Empty where the scheme has none.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if one stands there.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// One parameter's value, empty if it has none.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name)
    }

    /// The headers behind `?`, names and values without escapes.
    pub fn headers(&self) -> impl Iterator<Item = (String, String)> {
        let headers = self.headers.as_deref().unwrap_or_default();
        headers.split('&').filter_map(|header| {
            let (name, value) = header.split_once('=')?;
            Some((unescape(name), unescape(value)))
        })
    }

    /// The same with a parameter set or replaced.
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Uri {
        self.params.set(name, value);
        self.rewrite();
        self
    }

    /// The same with one more header behind `?`, escaped as needed.
    pub fn with_header(mut self, name: &str, value: &str) -> Uri {
        let header = format!("{}={}", escape(name, b""), escape(value, b"[]/?:+$"));
        self.headers = Some(match self.headers.take() {
            Some(headers) => format!("{headers}&{header}"),
            None => header,
        });
        self.rewrite();
        self
    }

    /// The same without headers, as a Request-URI must be (RFC 3261 §19.1.5).
    pub fn without_headers(mut self) -> Uri {
        if self.headers.take().is_some() {
            self.rewrite();
        }
        self
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Equality by user, host and port, hosts without case: what a binding is found by. Not all of RFC 3261 §19.1.4.
    pub fn same_place(&self, other: &Uri) -> bool {
        self.is_sip() == other.is_sip()
            && self.user() == other.user()
            && self.host.eq_ignore_ascii_case(&other.host)
            && self.port == other.port
    }

    fn rewrite(&mut self) {
        let scheme = match self.scheme {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other => return,
        };
        let mut text = format!("{scheme}:");
        if let Some(user) = &self.user {
            text.push_str(user);
        }
        if let Some(password) = &self.password {
            text.push(':');
            text.push_str(password);
        }
        if self.user.is_some() && self.is_sip() {
            text.push('@');
        }
        text.push_str(&self.host);
        if let Some(port) = self.port {
            text.push_str(&format!(":{port}"));
        }
        text.push_str(&self.params.to_string());
        if let Some(headers) = &self.headers {
            text.push('?');
            text.push_str(headers);
        }
        self.text = text;
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Uri {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Uri, Unreadable> {
        Uri::parse(text)
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet))
}

/// `host[:port]`, the host a name, an IPv4 address or an IPv6 address in brackets.
pub(crate) fn parse_hostport(text: &str) -> Result<(String, Option<u16>), Unreadable> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, rest) = rest.split_once(']').ok_or(Unreadable::new("a closing bracket"))?;
            if !is_ipv6(address) {
                return Err(Unreadable::new("an IPv6 address"));
            }
            let port = match rest.trim() {
                "" => None,
                rest => Some(rest.strip_prefix(':').ok_or(Unreadable::new("a port"))?),
            };
            (format!("[{address}]"), port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host.trim_end().to_owned(), Some(port)),
            None => (text.to_owned(), None),
        },
    };
    let is_name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
    if host.is_empty() || !(host.starts_with('[') || host.bytes().all(is_name)) {
        return Err(Unreadable::new("a host"));
    }
    let port = match port {
        Some(port) => Some(number(port.trim()).ok_or(Unreadable::new("a port"))?),
        None => None,
    };
    Ok((host, port))
}

/// An IPv6 address. The extra colon of RFC 3261's own grammar (`2001:db8:::192.0.2.1`) is read too (RFC 5118 §4.10).
fn is_ipv6(address: &str) -> bool {
    // Not by `replace`: nothing else here looks for a text in a text, and that search weighs a kilobyte.
    let mut mended = String::with_capacity(address.len());
    for character in address.chars() {
        if character != ':' || !mended.ends_with("::") {
            mended.push(character);
        }
    }
    mended.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Digits only; no sign, which Rust's own reading would take.
pub(crate) fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    if text.is_empty() || !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
