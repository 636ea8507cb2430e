//! URIs: `sip:`, `sips:`, `tel:` and whatever else may stand where one is expected. Kept octet for octet; never
//! resolved or compared by anything but text.

use super::{
    text::{
        Params, Unreadable, escape, is_bare, position, split_once, split_outside, split_params, unescape,
    },
    work,
};
use std::{fmt, ops::Range};

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
    text: String,
    scheme: Scheme,
    /// Escaped, as it came, without a password; empty if there is none. Of `tel:` the number.
    user: Range<usize>,
    password: Option<Range<usize>>,
    host: Range<usize>,
    port: Option<u16>,
    params: Params,
    /// Where the parameters stand, if any. What follows them is `?` and the headers, as they came.
    params_at: Range<usize>,
}

impl Uri {
    /// Reads a whole URI; anything that follows it is an error.
    pub fn parse(text: &str) -> Result<Uri, Unreadable> {
        work::add(text.len());
        if !is_bare(text) {
            return Err(Unreadable::new("a URI without spaces, quotes and brackets"));
        }
        let (scheme, _) = split_once(text, b':').ok_or(Unreadable::new("a scheme"))?;
        let known = [("sip", Scheme::Sip), ("sips", Scheme::Sips), ("tel", Scheme::Tel)];
        let known = known.into_iter().find(|(name, _)| scheme.eq_ignore_ascii_case(name));
        let (start, text) = (scheme.len() + 1, text.to_owned());
        match known {
            Some((_, Scheme::Tel)) => Uri::parse_tel(start, text),
            Some((_, scheme)) => Uri::parse_sip(scheme, start, text),
            None if is_scheme(scheme) => Ok(Uri::bare(Scheme::Other, text)),
            None => Err(Unreadable::new("a scheme")),
        }
    }

    /// `sip:user@host`; the user part is escaped as needed, and an empty one is none.
    pub fn sip(user: Option<&str>, host: &str) -> Uri {
        let mut text = "sip:".to_owned();
        let start = text.len();
        text.push_str(&escape(user.unwrap_or_default(), b"&=+$,;?/"));
        let user = start..text.len();
        if !user.is_empty() {
            text.push('@');
        }
        let start = text.len();
        text.push_str(host);
        Uri { user, host: start..text.len(), ..Uri::bare(Scheme::Sip, text) }
    }

    /// One of which nothing but the text is known.
    fn bare(scheme: Scheme, text: String) -> Uri {
        let end = text.len();
        Uri {
            text,
            scheme,
            user: 0..0,
            password: None,
            host: 0..0,
            port: None,
            params: Params::default(),
            params_at: end..end,
        }
    }

    fn parse_sip(scheme: Scheme, start: usize, text: String) -> Result<Uri, Unreadable> {
        let rest = text.get(start..).unwrap_or_default();
        // The user part may hold `;`, `?` and `/`, everything behind it must escape `@`: the first one ends it.
        let (userinfo, rest) = match split_once(rest, b'@') {
            Some(("", _)) => return Err(Unreadable::new("a user part")),
            Some((userinfo, rest)) => (userinfo, rest),
            None => ("", rest),
        };
        let user = position(userinfo.as_bytes(), b':').unwrap_or(userinfo.len());
        if user == 0 && !userinfo.is_empty() {
            return Err(Unreadable::new("a user part"));
        }
        let (user, password) = (start..start + user, start + user + 1..start + userinfo.len());
        let host = text.len() - rest.len();
        let (rest, _) = split_once(rest, b'?').unwrap_or((rest, ""));
        let (hostport, params) = split_params(rest);
        let params_at = host + hostport.len()..host + rest.len();
        let (name, port) = parse_hostport(hostport)?;
        let (host, params) = (host..host + name.len(), Params::parse_checked(params, true)?);
        let password = (user.len() < userinfo.len()).then_some(password);
        Ok(Uri { scheme, user, password, host, port, params, params_at, text })
    }

    fn parse_tel(start: usize, text: String) -> Result<Uri, Unreadable> {
        let (number, params) = split_params(text.get(start..).unwrap_or_default());
        if number.is_empty() {
            return Err(Unreadable::new("a number"));
        }
        let (user, params) = (start..start + number.len(), Params::parse_checked(params, true)?);
        Ok(Uri {
            user: user.clone(),
            params,
            params_at: user.end..text.len(),
            ..Uri::bare(Scheme::Tel, text)
        })
    }

    fn part(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
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
        (!self.user.is_empty()).then(|| unescape(self.part(&self.user)))
    }

    /// The password, which nobody should send.
    pub fn password(&self) -> Option<&str> {
        self.password.as_ref().map(|password| self.part(password))
    }

    /// The host as it stands there, an IPv6 address in its brackets. Empty where the scheme has none.
    pub fn host(&self) -> &str {
        self.part(&self.host)
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
        let headers = self.text.get(self.params_at.end + 1..).unwrap_or_default();
        split_outside(headers, b'&').filter_map(|header| {
            let (name, value) = split_once(header, b'=')?;
            Some((unescape(name), unescape(value)))
        })
    }

    /// The same with a parameter set or replaced; of a scheme that is not known, the same.
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Uri {
        if self.scheme != Scheme::Other {
            self.params.set(name, value);
            let headers = self.text.split_off(self.params_at.end);
            self.text.truncate(self.params_at.start);
            self.text.push_str(&self.params.to_string());
            self.params_at.end = self.text.len();
            self.text.push_str(&headers);
        }
        self
    }

    /// The same with one more header behind `?`, escaped as needed; of a scheme that is not known, the same.
    pub fn with_header(mut self, name: &str, value: &str) -> Uri {
        if self.scheme != Scheme::Other {
            self.text.push(if self.params_at.end == self.text.len() { '?' } else { '&' });
            self.text.push_str(&escape(name, b""));
            self.text.push('=');
            self.text.push_str(&escape(value, b"[]/?:+$"));
        }
        self
    }

    /// The same without headers, as a Request-URI must be (RFC 3261 §19.1.5).
    pub fn without_headers(mut self) -> Uri {
        self.text.truncate(self.params_at.end);
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
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port == other.port
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
    text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet))
}

/// `host[:port]`, the host a name, an IPv4 address or an IPv6 address in brackets.
pub(crate) fn parse_hostport(text: &str) -> Result<(&str, Option<u16>), Unreadable> {
    let (host, port) = match text.strip_prefix('[') {
        Some(inner) => {
            let (address, rest) = split_once(inner, b']').ok_or(Unreadable::new("a closing bracket"))?;
            if !is_ipv6(address) {
                return Err(Unreadable::new("an IPv6 address"));
            }
            let port = match rest.trim_ascii() {
                "" => None,
                rest => Some(rest.strip_prefix(':').ok_or(Unreadable::new("a port"))?),
            };
            (text.get(..text.len() - rest.len()).unwrap_or_default(), port)
        }
        None => {
            let (host, port) = match split_once(text, b':') {
                Some((host, port)) => (host.trim_ascii_end(), Some(port)),
                None => (text, None),
            };
            let is_name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
            if host.is_empty() || !host.bytes().all(is_name) {
                return Err(Unreadable::new("a host"));
            }
            (host, port)
        }
    };
    let port = match port {
        Some(port) => Some(number(port.trim_ascii()).ok_or(Unreadable::new("a port"))?),
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
pub(crate) fn number<N: TryFrom<u64>>(text: &str) -> Option<N> {
    N::try_from(digits(text)?).ok()
}

fn digits(text: &str) -> Option<u64> {
    let mut value = (!text.is_empty()).then_some(0_u64);
    for octet in text.bytes() {
        let digit = octet.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value = value?.checked_mul(10)?.checked_add(u64::from(digit));
    }
    value
}
