//! Reading: start line, header lines, and the headers no message may lack. One pass over the octets, no recursion, and
//! limits are checked before anything is kept.

use super::{
    CSeq, MAX_BODY_OCTETS, MAX_HEADER_OCTETS, MAX_HEADERS, MAX_HOPS, MAX_MESSAGE_OCTETS, Message, Method,
    NameAddr, StatusCode, Uri, Via,
    message::{Defect, Field, Malformed, Parts, Required, Start},
    text::{List, is_token, is_token_octet, position, split_list, split_once},
    uri::number,
    work,
};
use std::{borrow::Cow, ops::Range};

/// Room for the header lines of most messages at once.
const USUAL_HEADERS: usize = 24;

pub(super) fn message(octets: Vec<u8>) -> Result<Message, Malformed> {
    if octets.len() > MAX_MESSAGE_OCTETS {
        return Err(Malformed { defect: Defect::TooLarge, response: None });
    }
    let mut at = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
    let start_line = next_line(&octets, &mut at);
    let line = slice(&octets, &start_line);
    let (is_response, is_ack) = (line.starts_with(b"SIP/"), line.starts_with(b"ACK "));
    let start = parse_start(&as_text(line));
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

fn as_text(octets: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(octets),
    }
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

    pub(super) fn value(&self, field: &'a Field) -> &'a str {
        match &field.decoded {
            Some(decoded) => decoded,
            None => str::from_utf8(slice(self.octets, &field.value)).unwrap_or_default(),
        }
    }

    pub(super) fn first(&self, name: &str) -> Option<&'a str> {
        Fields::named(*self, name).next()
    }

    pub(super) fn named<'n>(self, name: &'n str) -> Values<'a, 'n> {
        work::add(self.fields.len());
        let wanted = long_name(name);
        Values { of: self, rest: self.fields.iter(), wanted, key: key(wanted.as_bytes()) }
    }

    /// All values of a header that is a comma list.
    pub(super) fn list<'n>(self, name: &'n str) -> Listed<'a, 'n> {
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
        if call_id.is_empty() || call_id.bytes().any(|octet| matches!(octet, b' ' | b'\t')) {
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
pub(super) struct Values<'a, 'n> {
    of: Fields<'a>,
    rest: std::slice::Iter<'a, Field>,
    /// The long name.
    wanted: &'n str,
    key: u32,
}

impl<'a> Iterator for Values<'a, '_> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let Values { of, rest, wanted, key } = self;
        let field =
            rest.find(|field| field.key == *key && long_name(of.name(field)).eq_ignore_ascii_case(wanted))?;
        Some(of.value(field))
    }
}

/// The values of a comma list, over all its lines.
#[derive(Clone, Debug)]
pub(super) struct Listed<'a, 'n> {
    lines: Values<'a, 'n>,
    line: List<'a>,
}

impl<'a> Iterator for Listed<'a, '_> {
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
    let end = match position(rest, b'\n') {
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
    let mut fields = Vec::with_capacity(USUAL_HEADERS);
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
    let colon = position(content, b':')?;
    let name = trim(octets, text.start..text.start + colon);
    let known = slice(octets, &name);
    if known.is_empty() || !known.iter().copied().all(is_token_octet) {
        return None;
    }
    let key = match known {
        &[letter] => key(of_letter(letter).map_or(known, str::as_bytes)),
        _ => key(known),
    };
    let value = trim(octets, text.start + colon + 1..text.end);
    let decoded = match as_text(slice(octets, &value)) {
        Cow::Borrowed(text) if !folded && position(text.as_bytes(), b'\r').is_none() => None,
        text => Some(unfold(&text).into_boxed_str()),
    };
    Some(Field { line, name, key, value, decoded })
}

/// What two long names without a difference but of case share, and seldom two others: most lines that are asked about have
/// another name.
fn key(name: &[u8]) -> u32 {
    let [first, last] = [name.first(), name.last()].map(|octet| octet.map_or(0, u8::to_ascii_lowercase));
    (name.len() as u32) << 16 | u32::from(first) << 8 | u32::from(last)
}

/// Each line end with the white space after it is one space (RFC 3261 §7.3.1). So is a CR alone, which some take for a
/// line end: no value that is read may end a header that is written.
pub(super) fn unfold(text: &str) -> String {
    work::add(text.len());
    let mut unfolded = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.bytes().position(|octet| matches!(octet, b'\r' | b'\n'));
        let (line, behind) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or_default();
        rest = behind.get(1..).unwrap_or_default();
        if !unfolded.is_empty() && !line.is_empty() {
            unfolded.push(' ');
        }
        unfolded.push_str(line.trim_ascii());
    }
    unfolded
}

fn trim(octets: &[u8], range: Range<usize>) -> Range<usize> {
    let content = slice(octets, &range);
    let start = range.end.min(octets.len()) - content.trim_ascii_start().len();
    start..start + content.trim_ascii().len()
}

fn parse_start(line: &str) -> Result<Start, Defect> {
    let line = line.trim_ascii_end();
    if let Some(("SIP" | "sip", rest)) = split_once(line, b'/')
        && let Some((version, rest)) = split_once(rest, b' ')
    {
        if version != "2.0" {
            return Err(Defect::StartLine);
        }
        let (code, phrase) = split_once(rest, b' ').unwrap_or((rest, ""));
        let status = number(code).filter(|_| code.len() == 3).and_then(StatusCode::new);
        let status = status.ok_or(Defect::StartLine)?;
        return Ok(Start::Response { status, phrase: phrase.to_owned() });
    }
    let (method, rest) = split_once(line, b' ').ok_or(Defect::StartLine)?;
    let end = rest.bytes().rposition(|octet| octet == b' ').ok_or(Defect::StartLine)?;
    let (uri, version) = rest.split_at_checked(end).unwrap_or_default();
    let (name, version) = split_once(version, b'/').ok_or(Defect::StartLine)?;
    if !is_token(method) || !name.trim_ascii_start().eq_ignore_ascii_case("SIP") {
        return Err(Defect::StartLine);
    }
    if version != "2.0" {
        return Err(Defect::Version);
    }
    let uri = Uri::parse(uri).map_err(|_| Defect::Header("Request-URI"))?;
    Ok(Start::Request { method: Method::from(method), uri })
}

/// RFC 3261 §20 and the registry of header names: what a name of one letter stands for.
pub(super) fn long_name(name: &str) -> &str {
    match name.as_bytes() {
        &[letter] => of_letter(letter).unwrap_or(name),
        _ => name,
    }
}

fn of_letter(letter: u8) -> Option<&'static str> {
    Some(match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'n' => "Identity-Info",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => return None,
    })
}

pub(super) fn same_name(one: &str, other: &str) -> bool {
    long_name(one).eq_ignore_ascii_case(long_name(other))
}
