//! Conversions to and from rsip's messages, for code that speaks rsip. Never on the way of octets: rsip's reader loses
//! valid messages and its writer the phrase, so both directions go through our own.

use super::{Malformed, Message, Scheme, Uri, message::Start};
use rsip::{Header, headers::untyped, uri};
use std::fmt;

/// A message or URI that rsip's types have no place for: an unknown method, a `tel:` URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRepresentable;

impl fmt::Display for NotRepresentable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rsip has no type for this method or URI")
    }
}

impl std::error::Error for NotRepresentable {}

impl TryFrom<&Uri> for rsip::Uri {
    type Error = NotRepresentable;

    fn try_from(from: &Uri) -> Result<rsip::Uri, NotRepresentable> {
        let scheme = match from.scheme() {
            Scheme::Sip => uri::Scheme::Sip,
            Scheme::Sips => uri::Scheme::Sips,
            Scheme::Tel | Scheme::Other => return Err(NotRepresentable),
        };
        let auth = from.user().map(|user| uri::Auth { user, password: from.password().map(str::to_owned) });
        let host = match from.host().trim_matches(['[', ']']).parse() {
            Ok(address) => uri::Host::IpAddr(address),
            Err(_) => uri::Host::Domain(from.host().into()),
        };
        let param = |(name, value): (&str, Option<&str>)| {
            uri::Param::Other(name.into(), value.map(uri::param::OtherParamValue::from))
        };
        Ok(rsip::Uri {
            scheme: Some(scheme),
            auth,
            host_with_port: uri::HostWithPort { host, port: from.port().map(uri::Port::from) },
            params: from.params().iter().map(param).collect(),
            headers: Vec::new(),
        })
    }
}

impl TryFrom<&Message> for rsip::SipMessage {
    type Error = NotRepresentable;

    fn try_from(message: &Message) -> Result<rsip::SipMessage, NotRepresentable> {
        let mut headers = rsip::Headers::default();
        for (name, value) in message.headers() {
            headers.push(header(name, value));
        }
        let body = message.body().to_vec();
        Ok(match &message.parts.start {
            Start::Request { method, uri } => rsip::SipMessage::Request(rsip::Request {
                method: method.try_into().map_err(|_| NotRepresentable)?,
                uri: uri.try_into()?,
                version: rsip::Version::V2,
                headers,
                body,
            }),
            Start::Response { status, .. } => rsip::SipMessage::Response(rsip::Response {
                status_code: (*status).into(),
                version: rsip::Version::V2,
                headers,
                body,
            }),
        })
    }
}

/// The variants that rsip's typed accessors look for; all others keep their names.
fn header(name: &str, value: &str) -> Header {
    macro_rules! known {
        ($($text:literal = $variant:ident),* $(,)?) => {
            match super::parse::long_name(name).to_ascii_lowercase().as_str() {
                $($text => Header::$variant(untyped::$variant::from(value)),)*
                _ => Header::Other(name.to_owned(), value.to_owned()),
            }
        };
    }
    known! {
        "allow" = Allow, "authorization" = Authorization, "call-id" = CallId, "contact" = Contact,
        "content-length" = ContentLength, "content-type" = ContentType, "cseq" = CSeq, "event" = Event,
        "expires" = Expires, "from" = From, "max-forwards" = MaxForwards, "min-expires" = MinExpires,
        "proxy-authenticate" = ProxyAuthenticate, "proxy-authorization" = ProxyAuthorization,
        "record-route" = RecordRoute, "require" = Require, "route" = Route, "subject" = Subject,
        "supported" = Supported, "to" = To, "unsupported" = Unsupported, "user-agent" = UserAgent,
        "via" = Via, "www-authenticate" = WwwAuthenticate,
    }
}

impl TryFrom<&rsip::SipMessage> for Message {
    type Error = Malformed;

    /// Phrases are those of RFC 3261, not the variant names rsip prints; IPv6 hosts get their brackets.
    fn try_from(message: &rsip::SipMessage) -> Result<Message, Malformed> {
        let (start, headers, body) = match message {
            rsip::SipMessage::Request(request) => {
                let mut uri = request.uri.to_string();
                if let uri::Host::IpAddr(std::net::IpAddr::V6(address)) = request.uri.host() {
                    uri = uri.replacen(&address.to_string(), &format!("[{address}]"), 1);
                }
                (format!("{} {uri} SIP/2.0\r\n", request.method), &request.headers, &request.body)
            }
            rsip::SipMessage::Response(response) => {
                let code = response.status_code.code();
                let phrase = super::StatusCode::new(code).map_or("", super::StatusCode::phrase);
                (format!("SIP/2.0 {code} {phrase}\r\n"), &response.headers, &response.body)
            }
        };
        let mut text = start;
        for header in headers.iter() {
            text.push_str(&format!("{header}\r\n"));
        }
        text.push_str("\r\n");
        let mut octets = text.into_bytes();
        octets.extend_from_slice(body);
        Message::parse(octets)
    }
}
