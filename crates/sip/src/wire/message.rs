//! One message: its octets, where its parts lie in them, and the headers no message may lack already read. A message
//! that lacks them is no `Message` but a `Malformed`; nothing here panics, recurses or grows faster than its input.

use super::{
    CSeq, Method, NameAddr, StatusCode, Uri, Via,
    parse::{self, Fields, slice},
    text::split_params,
    uri::number,
};
use std::{fmt, ops::Range, sync::Arc};

/// A message of a peer may be this long: an INVITE with a browser's offer has 3 to 8 kB, and what is larger costs
/// memory for each of its copies.
pub const MAX_MESSAGE_OCTETS: usize = 64 * 1024;
/// A body may be this long; the largest offers seen have 12 kB.
pub const MAX_BODY_OCTETS: usize = 32 * 1024;
/// Header lines of one message; real ones have 10 to 40.
pub const MAX_HEADERS: usize = 200;
/// Octets of one header line: Identity with a certificate chain has 4 kB.
pub const MAX_HEADER_OCTETS: usize = 8 * 1024;
/// Via, Route and Record-Route values: as many as Max-Forwards would let pass in practice.
pub const MAX_HOPS: usize = 64;

/// The keep-alive of RFC 5626 §3.5.1.
pub const PING: &[u8] = b"\r\n\r\n";
/// Its answer.
pub const PONG: &[u8] = b"\r\n";

/// What one WebSocket message can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// CRLF CRLF: answer with [`PONG`].
    Ping,
    /// CRLF: the answer to a ping of ours.
    Pong,
    /// A message.
    Message(Box<Message>),
    /// Neither.
    Malformed(Box<Malformed>),
}

impl Frame {
    /// Reads one WebSocket message, text or binary (RFC 7118 §5.2): exactly one SIP message or a keep-alive.
    pub fn read(octets: Vec<u8>) -> Frame {
        if octets.iter().all(|octet| matches!(octet, b'\r' | b'\n')) {
            return if octets.len() > PONG.len() { Frame::Ping } else { Frame::Pong };
        }
        match Message::parse(octets) {
            Ok(message) => Frame::Message(Box::new(message)),
            Err(malformed) => Frame::Malformed(Box::new(malformed)),
        }
    }
}

/// What is wrong with octets that are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// Over [`MAX_MESSAGE_OCTETS`], [`MAX_BODY_OCTETS`], [`MAX_HEADERS`], [`MAX_HEADER_OCTETS`] or [`MAX_HOPS`].
    TooLarge,
    /// The start line is none.
    StartLine,
    /// SIP, but not 2.0.
    Version,
    /// This header is missing, unreadable or there twice.
    Header(&'static str),
    /// Content-Length is no number or longer than what came.
    Length,
}

/// Octets that are no message, with what is needed to say so to the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// What is wrong.
    pub defect: Defect,
    /// The response that tells a sender, where the octets are a request one can answer.
    pub response: Option<Vec<u8>>,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.defect {
            Defect::TooLarge => f.write_str("the message is larger than is accepted"),
            Defect::StartLine => f.write_str("the start line is not one of SIP"),
            Defect::Version => f.write_str("the version is not SIP/2.0"),
            Defect::Header(name) => write!(f, "{name} is missing, unreadable or there twice"),
            Defect::Length => f.write_str("Content-Length does not fit the body"),
        }
    }
}

impl std::error::Error for Malformed {}

/// One SIP message, request or response, as it came or as it will leave. Cloning is cheap: what never changes is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub(super) parts: Arc<Parts>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) octets: Vec<u8>,
    pub(super) start: Start,
    pub(super) fields: Vec<Field>,
    pub(super) body: Range<usize>,
    pub(super) required: Required,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Request { method: Method, uri: Uri },
    Response { status: StatusCode, phrase: String },
}

/// One header line, folded lines and its line end included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) line: Range<usize>,
    pub(super) name: Range<usize>,
    /// Of the long name, to find it by.
    pub(super) key: u32,
    pub(super) value: Range<usize>,
    /// The value where its octets cannot be shown as they are: folded, or not UTF-8.
    pub(super) decoded: Option<Box<str>>,
}

/// What every message has (RFC 3261 §8.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Required {
    pub(super) via: Via,
    pub(super) from: NameAddr,
    pub(super) to: NameAddr,
    pub(super) call_id: String,
    pub(super) cseq: CSeq,
}

impl Message {
    /// Reads a message. Line ends may be bare LF, the empty line and Content-Length may be missing (a WebSocket
    /// message has its own length); octets behind Content-Length are left out of the body.
    pub fn parse(octets: Vec<u8>) -> Result<Message, Malformed> {
        parse::message(octets)
    }

    pub(super) fn of(parts: Parts) -> Message {
        Message { parts: Arc::new(parts) }
    }

    /// The octets; of an untouched message exactly those that came.
    pub fn octets(&self) -> &[u8] {
        &self.parts.octets
    }

    /// The octets, without a copy where nobody else has this message.
    pub fn into_octets(self) -> Vec<u8> {
        Arc::try_unwrap(self.parts).map_or_else(|shared| shared.octets.clone(), |parts| parts.octets)
    }

    /// Whether this is a request.
    pub fn is_request(&self) -> bool {
        matches!(self.parts.start, Start::Request { .. })
    }

    /// The method of the request, or of the request a response belongs to (from its CSeq).
    pub fn method(&self) -> &Method {
        match &self.parts.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => &self.parts.required.cseq.method,
        }
    }

    /// The Request-URI; `None` of a response.
    pub fn uri(&self) -> Option<&Uri> {
        match &self.parts.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    /// Code and phrase of a response as they came; `None` of a request.
    pub fn status(&self) -> Option<(u16, &str)> {
        match &self.parts.start {
            Start::Request { .. } => None,
            Start::Response { status, phrase } => Some((status.code(), phrase)),
        }
    }

    /// The status of a response; `None` of a request.
    pub fn status_code(&self) -> Option<StatusCode> {
        match &self.parts.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(*status),
        }
    }

    /// The phrase of a response as it came; empty of a request.
    pub fn phrase(&self) -> &str {
        match &self.parts.start {
            Start::Request { .. } => "",
            Start::Response { phrase, .. } => phrase,
        }
    }

    /// The topmost Via.
    pub fn via(&self) -> &Via {
        &self.parts.required.via
    }

    /// From.
    pub fn from(&self) -> &NameAddr {
        &self.parts.required.from
    }

    /// To.
    pub fn to(&self) -> &NameAddr {
        &self.parts.required.to
    }

    /// Call-ID.
    pub fn call_id(&self) -> &str {
        &self.parts.required.call_id
    }

    /// CSeq.
    pub fn cseq(&self) -> &CSeq {
        &self.parts.required.cseq
    }

    /// The trimmed, unfolded value of the first header of this name (long name, any case), if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.as_fields().first(name)
    }

    /// The values of all lines of this name, one for each line.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.as_fields().named(name)
    }

    /// All values of a header that is a comma list, over all its lines.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.as_fields().list(name)
    }

    /// All headers in order: name as written, trimmed and unfolded value.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.as_fields();
        self.parts.fields.iter().map(move |field| (all.name(field), all.value(field)))
    }

    /// The readable addresses of a header (Contact, Route, Record-Route, Path, P-Asserted-Identity …).
    pub fn addresses<'a>(&'a self, name: &'a str) -> impl Iterator<Item = NameAddr> + 'a {
        self.list(name).filter_map(|value| NameAddr::parse(value).ok())
    }

    /// The first readable Contact address.
    pub fn contact(&self) -> Option<NameAddr> {
        self.addresses("Contact").next()
    }

    /// A header that is one number, leading zeros and parameters allowed; `None` if unreadable.
    pub fn number(&self, name: &str) -> Option<u32> {
        let value = self.header(name)?;
        let end = value.bytes().position(|octet| matches!(octet, b';' | b' ' | b'('));
        number(value.get(..end.unwrap_or(value.len()))?)
    }

    /// Whether a comma list of option tags or names holds this one, without case.
    pub fn lists(&self, name: &str, option: &str) -> bool {
        self.list(name).any(|value| value.eq_ignore_ascii_case(option))
    }

    /// The media type of the body in lower case, without parameters; empty if there is none.
    pub fn content_type(&self) -> String {
        let (kind, _) = split_params(self.header("Content-Type").unwrap_or_default());
        kind.trim_ascii().to_ascii_lowercase()
    }

    /// The body, empty if there is none.
    pub fn body(&self) -> &[u8] {
        slice(&self.parts.octets, &self.parts.body)
    }

    pub(super) fn as_fields(&self) -> Fields<'_> {
        Fields::new(&self.parts.octets, &self.parts.fields)
    }
}
