//! Reading: start line, header lines, and the headers no message may lack. One pass over the octets, no recursion, and
//! limits are checked before anything is kept.

use super::{
    CSeq, MAX_BODY_OCTETS, MAX_HEADER_OCTETS, MAX_HEADERS, MAX_HOPS, MAX_MESSAGE_OCTETS, Message, Method,
    NameAddr, StatusCode, Uri, Via,
    message::{Defect, Field, Malformed, Parts, Required, Start},
    text::{List, is_token, split_list},
    uri::number,
    work,
};
use std::{borrow::Cow, ops::Range};

pub(super) fn message(octets: Vec<u8>) -> Result<Message, Malformed> {
    if octets.len() > MAX_MESSAGE_OCTETS {
        return Err(Malformed { defect: Defect::TooLarge, response: None });
    }
    let mut at = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
    let start_line = next_line(&octets, &mut at);
    let line = slice(&octets, &start_line);
    let (is_response, is_ack) = (line.starts_with(b"SIP/"), line.starts_with(b"ACK "));
    let start = parse_start(&String::from_utf8_lossy(line));
    if start == Err(Defect::StartLine) {
        return Err(Malformed { defect: Defect::StartLine, response: None });
    }
    let (fields, truncated) = parse_fields(&octets, &mut at);
    let draft = Fields::new(&octets, &fields);
    let complete = draft.complete(start.as_ref().ok(), truncated, at..octets.len());
    match (start, complete) {
        (Ok(start), Ok((required, body))) => Ok(Message::of(Parts { octets, start, fields, body, required })),
        (Err(defect), _) | (Ok(_), Err(defect)) => {
            let response = if is_response || is_ack { None } else { draft.refusal(defect) };
            Err(Malformed { defect, response })
        }
    }
}

pub(super) fn slice<'a>(octets: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    octets.get(range.clone()).unwrap_or_default()
}

/// The header lines of a message that may lack something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    octets: &'a [u8],
    fields: &'a [Field],
}

impl<'a> Fields<'a> {
    pub(super) fn new(octets: &'a [u8], fields: &'a [Field]) -> Fields<'a> {
        Fields { octets, fields }
    }

    pub(super) fn name(&self, field: &'a Field) -> &'a str {
        // Only token octets pass `parse_field`, so this is UTF-8.
        str::from_utf8(slice(self.octets, &field.name)).unwrap_or_default()
    }

    /// Whether a line has this name, given as the long one. Most lines asked about have another, so octets are compared.
    fn is_named(&self, field: &Field, wanted: &str) -> bool {
        match slice(self.octets, &field.name) {
            compact @ [_] => same_name(str::from_utf8(compact).unwrap_or_default(), wanted),
            name => name.eq_ignore_ascii_case(wanted.as_bytes()),
        }
    }

    pub(super) fn value(&self, field: &'a Field) -> &'a str {
        match &field.decoded {
            Some(decoded) => decoded,
            None => str::from_utf8(slice(self.octets, &field.value)).unwrap_or_default(),
        }
    }

    pub(super) fn first(&self, name: &str) -> Option<&'a str> {
        work::add(self.fields.len());
        let wanted = long_name(name);
        let field = self.fields.iter().find(|field| self.is_named(field, wanted))?;
        Some(self.value(field))
    }

    pub(super) fn named(self, name: &'a str) -> Values<'a> {
        work::add(self.fields.len());
        Values { of: self, rest: self.fields.iter(), wanted: long_name(name) }
    }

    /// All values of a header that is a comma list.
    pub(super) fn list(self, name: &'a str) -> Listed<'a> {
        Listed { lines: self.named(name), line: split_list("") }
    }

    fn only(&self, name: &'static str) -> Result<&'a str, Defect> {
        let mut values = self.named(name);
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (None, _) | (Some(_), Some(_)) => Err(Defect::Header(name)),
        }
    }

    fn complete(
        &self,
        start: Option<&Start>,
        truncated: bool,
        rest: Range<usize>,
    ) -> Result<(Required, Range<usize>), Defect> {
        let hops = |name| self.list(name).count();
        if truncated || ["Via", "Route", "Record-Route"].into_iter().any(|name| hops(name) > MAX_HOPS) {
            return Err(Defect::TooLarge);
        }
        let via = self.list("Via").next().ok_or(Defect::Header("Via"))?;
        let via = Via::parse(via).map_err(|_| Defect::Header("Via"))?;
        let from = NameAddr::parse(self.only("From")?).map_err(|_| Defect::Header("From"))?;
        let to = NameAddr::parse(self.only("To")?).map_err(|_| Defect::Header("To"))?;
        let cseq = CSeq::parse(self.only("CSeq")?).map_err(|_| Defect::Header("CSeq"))?;
        if let Some(Start::Request { method, .. }) = start
            && *method != cseq.method
        {
            return Err(Defect::Header("CSeq"));
        }
        let call_id = self.only("Call-ID")?.to_owned();
        if call_id.is_empty() || call_id.contains([' ', '\t']) {
            return Err(Defect::Header("Call-ID"));
        }
        Ok((Required { via, from, to, call_id, cseq }, self.body(rest)?))
    }

    fn body(&self, rest: Range<usize>) -> Result<Range<usize>, Defect> {
        let available = rest.len();
        let mut length = None;
        for value in self.named("Content-Length") {
            let value = number::<usize>(value).ok_or(Defect::Length)?;
            if length.is_some_and(|length| length != value) {
                return Err(Defect::Length);
            }
            length = Some(value);
        }
        match length.unwrap_or(available) {
            length if length > available => Err(Defect::Length),
            length if length > MAX_BODY_OCTETS => Err(Defect::TooLarge),
            length => Ok(rest.start..rest.start + length),
        }
    }

    /// A response to a request that lacks something, if it has what a response needs (RFC 3261 §8.2.6.2).
    fn refusal(&self, defect: Defect) -> Option<Vec<u8>> {
        let status = match defect {
            Defect::TooLarge => StatusCode::REQUEST_ENTITY_TOO_LARGE,
            Defect::Version => StatusCode::VERSION_NOT_SUPPORTED,
            Defect::StartLine | Defect::Header(_) | Defect::Length => StatusCode::BAD_REQUEST,
        };
        self.named("Via").next()?;
        self.named("Call-ID").next()?;
        let phrase = match defect {
            Defect::Header(name) => format!("Bad {name}"),
            _ => status.phrase().to_owned(),
        };
        let mut text = format!("SIP/2.0 {status} {phrase}\r\n");
        for value in self.named("Via") {
            text.push_str(&format!("Via: {value}\r\n"));
        }
        // Where one of these stands twice, the first is as good as the second, and the response should be readable.
        for name in ["From", "To", "Call-ID", "CSeq"] {
            if let Some(value) = self.first(name) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text.push_str("Content-Length: 0\r\n\r\n");
        Some(text.into_bytes())
    }
}

/// The values of the lines of one name.
#[derive(Clone, Debug)]
pub(super) struct Values<'a> {
    of: Fields<'a>,
    rest: std::slice::Iter<'a, Field>,
    wanted: &'a str,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let Values { of, rest, wanted } = self;
        rest.find(|field| of.is_named(field, wanted)).map(|field| of.value(field))
    }
}

/// The values of a comma list, over all its lines.
#[derive(Clone, Debug)]
pub(super) struct Listed<'a> {
    lines: Values<'a>,
    line: List<'a>,
}

impl<'a> Iterator for Listed<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            if let Some(value) = self.line.next() {
                return Some(value);
            }
            self.line = split_list(self.lines.next()?);
        }
    }
}

/// The next line without its end; `at` moves behind it.
fn next_line(octets: &[u8], at: &mut usize) -> Range<usize> {
    let start = *at;
    let rest = octets.get(start..).unwrap_or_default();
    let end = match rest.iter().position(|&octet| octet == b'\n') {
        Some(length) => {
            *at = start + length + 1;
            start + length
        }
        None => {
            *at = octets.len();
            octets.len()
        }
    };
    work::add(*at - start);
    match octets.get(start..end) {
        Some([.., b'\r']) => start..end - 1,
        _ => start..end,
    }
}

/// All header lines up to the empty line, and whether there were more or longer ones than are read.
pub(super) fn parse_fields(octets: &[u8], at: &mut usize) -> (Vec<Field>, bool) {
    let mut fields = Vec::new();
    while *at < octets.len() {
        let start = *at;
        let mut line = next_line(octets, at);
        if line.is_empty() {
            break;
        }
        let mut folded = false;
        while octets.get(*at).is_some_and(|octet| matches!(octet, b' ' | b'\t')) {
            line.end = next_line(octets, at).end;
            folded = true;
        }
        if fields.len() == MAX_HEADERS || line.len() > MAX_HEADER_OCTETS {
            return (fields, true);
        }
        fields.extend(parse_field(octets, line, start..*at, folded));
    }
    (fields, false)
}

/// One header; a line that is none is left out, and the message goes on.
fn parse_field(octets: &[u8], text: Range<usize>, line: Range<usize>, folded: bool) -> Option<Field> {
    let content = slice(octets, &text);
    work::add(content.len());
    if content.starts_with(b" ") || content.starts_with(b"\t") {
        // The first line continues nothing; it would continue whatever is put before it.
        return None;
    }
    let colon = content.iter().position(|&octet| octet == b':')?;
    let name = trim(octets, text.start..text.start + colon);
    if !str::from_utf8(slice(octets, &name)).is_ok_and(is_token) {
        return None;
    }
    let value = trim(octets, text.start + colon + 1..text.end);
    let decoded = match String::from_utf8_lossy(slice(octets, &value)) {
        Cow::Borrowed(text) if !folded && !text.contains('\r') => None,
        text => Some(unfold(&text).into_boxed_str()),
    };
    Some(Field { line, name, value, decoded })
}

/// Each line end with the white space after it is one space (RFC 3261 §7.3.1). So is a CR alone, which some take for a
/// line end: no value that is read may end a header that is written.
pub(super) fn unfold(text: &str) -> String {
    work::add(text.len());
    let mut lines = text.split(['\r', '\n']).filter(|line| !line.is_empty());
    let mut unfolded = lines.next().unwrap_or_default().trim_end().to_owned();
    for line in lines {
        unfolded.push(' ');
        unfolded.push_str(line.trim());
    }
    unfolded
}

fn trim(octets: &[u8], range: Range<usize>) -> Range<usize> {
    let content = slice(octets, &range);
    let blank = |octet: &&u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
    let front = content.iter().take_while(blank).count();
    let back = content.iter().rev().take_while(blank).count();
    let start = range.start + front;
    start..(range.end - back.min(range.len())).max(start)
}

fn parse_start(line: &str) -> Result<Start, Defect> {
    let line = line.trim_end();
    if let Some(("SIP" | "sip", rest)) = line.split_once('/')
        && let Some((version, rest)) = rest.split_once(' ')
    {
        if version != "2.0" {
            return Err(Defect::StartLine);
        }
        let (code, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = number(code).filter(|_| code.len() == 3).and_then(StatusCode::new);
        let status = status.ok_or(Defect::StartLine)?;
        return Ok(Start::Response { status, phrase: phrase.to_owned() });
    }
    let (method, rest) = line.split_once(' ').ok_or(Defect::StartLine)?;
    let (uri, version) = rest.rsplit_once(' ').ok_or(Defect::StartLine)?;
    let (name, version) = version.split_once('/').ok_or(Defect::StartLine)?;
    if !is_token(method) || !name.eq_ignore_ascii_case("SIP") {
        return Err(Defect::StartLine);
    }
    if version != "2.0" {
        return Err(Defect::Version);
    }
    let uri = Uri::parse(uri).map_err(|_| Defect::Header("Request-URI"))?;
    Ok(Start::Request { method: Method::from(method), uri })
}

/// RFC 3261 §20 and the registry of header names: one-letter names and what they stand for.
const COMPACT: &[(&str, &str)] = &[
    ("a", "Accept-Contact"),
    ("b", "Referred-By"),
    ("c", "Content-Type"),
    ("d", "Request-Disposition"),
    ("e", "Content-Encoding"),
    ("f", "From"),
    ("i", "Call-ID"),
    ("j", "Reject-Contact"),
    ("k", "Supported"),
    ("l", "Content-Length"),
    ("m", "Contact"),
    ("n", "Identity-Info"),
    ("o", "Event"),
    ("r", "Refer-To"),
    ("s", "Subject"),
    ("t", "To"),
    ("u", "Allow-Events"),
    ("v", "Via"),
    ("x", "Session-Expires"),
    ("y", "Identity"),
];

pub(super) fn long_name(name: &str) -> &str {
    if name.len() != 1 {
        return name;
    }
    let known = COMPACT.iter().find(|(compact, _)| compact.eq_ignore_ascii_case(name));
    known.map_or(name, |(_, long)| long)
}

pub(super) fn same_name(one: &str, other: &str) -> bool {
    long_name(one).eq_ignore_ascii_case(long_name(other))
}
