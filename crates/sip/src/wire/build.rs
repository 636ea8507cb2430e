//! Writing: new requests, responses to requests, and changes to messages that pass through. What is not touched leaves
//! octet for octet as it came; what a caller hands in can never end its header line.

use super::{
    CSeq, Message, Method, NameAddr, StatusCode, Uri, Via,
    message::{Parts, Required, Start},
    parse::{parse_fields, same_name, slice, unfold},
    text::{is_token, join_list, split_list, split_once},
};

/// Headers only the typed setters write, so that a message never lacks them.
const REQUIRED: [&str; 6] = ["Via", "From", "To", "Call-ID", "CSeq", "Content-Length"];

/// A message being changed: what a proxy does to what it forwards, or an agent to a request it sends again.
///
/// It is a pointer, because each change hands it on by value.
#[derive(Clone, Debug)]
pub struct Edit {
    draft: Box<Draft>,
}

#[derive(Clone, Debug)]
struct Draft {
    start: Start,
    required: Required,
    lines: Vec<Line>,
    body: Vec<u8>,
}

#[derive(Clone, Debug)]
struct Line {
    name: String,
    octets: Vec<u8>,
}

impl Line {
    /// Line ends and other controls in `value` become spaces.
    fn new(name: &str, value: &str) -> Line {
        let value: String =
            value.chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect();
        Line { name: name.to_owned(), octets: format!("{name}: {value}\r\n").into_bytes() }
    }

    fn value(&self) -> String {
        let text = String::from_utf8_lossy(&self.octets);
        let value = split_once(&text, b':').map_or("", |(_, value)| value);
        unfold(value.trim_ascii())
    }
}

impl Message {
    /// Starts a change of this message.
    pub fn edit(&self) -> Edit {
        let all = self.as_fields();
        let lines = self.parts.fields.iter().map(|field| {
            let mut octets = slice(self.octets(), &field.line).to_vec();
            if !octets.ends_with(b"\n") {
                octets.extend_from_slice(b"\r\n");
            }
            Line { name: all.name(field).to_owned(), octets }
        });
        Edit {
            draft: Box::new(Draft {
                start: self.parts.start.clone(),
                required: self.parts.required.clone(),
                lines: lines.collect(),
                body: self.body().to_vec(),
            }),
        }
    }
}

impl Message {
    /// The CANCEL of this INVITE (RFC 3261 §9.1): same branch, same number, same route.
    pub fn to_cancel(&self) -> Message {
        self.edit().into_companion(Method::Cancel).finish()
    }

    /// The ACK of a response of 300 to 699 to this INVITE (RFC 3261 §17.1.1.3). That of a 2xx is a request of the
    /// dialog's own.
    pub fn to_ack(&self, response: &Message) -> Message {
        let mut edit = self.edit().into_companion(Method::Ack);
        if let Some(to) = response.header("To") {
            edit.replace("To", to);
            edit.draft.required.to = response.to().clone();
        }
        edit.finish()
    }
}

impl Edit {
    /// Another method for the same transaction: topmost Via, From, To, Call-ID, number and Route stay, all else goes.
    fn into_companion(mut self, method: Method) -> Edit {
        if let Start::Request { method: old, .. } = &mut self.draft.start {
            *old = method.clone();
        }
        self.draft.required.cseq.method = method;
        let kept = ["From", "To", "Call-ID", "Route", "Max-Forwards", "CSeq"];
        self.draft.lines.retain(|line| kept.into_iter().any(|name| same_name(&line.name, name)));
        let (via, cseq) = (self.draft.required.via.to_string(), self.draft.required.cseq.to_string());
        self.insert_first("Via", &via);
        self.replace("CSeq", &cseq);
        self.body("", b"")
    }

    /// Replaces the Request-URI; nothing on a response.
    pub fn uri(mut self, new: Uri) -> Edit {
        if let Start::Request { uri, .. } = &mut self.draft.start {
            *uri = new.without_headers();
        }
        self
    }

    /// Puts a Via on top.
    pub fn push_via(mut self, via: Via) -> Edit {
        self.insert_first("Via", &via.to_string());
        self.draft.required.via = via;
        self
    }

    /// Replaces the topmost Via.
    pub fn set_via(mut self, via: Via) -> Edit {
        self.take_first("Via");
        self.push_via(via)
    }

    /// Takes the topmost Via away; `None` if no readable one is left, so the message was for us.
    pub fn pop_via(mut self) -> Option<Edit> {
        self.take_first("Via");
        let next = self.values("Via").into_iter().next()?;
        self.draft.required.via = Via::parse(&next).ok()?;
        Some(self)
    }

    /// Replaces the sequence number.
    pub fn cseq(mut self, number: u32) -> Edit {
        self.draft.required.cseq.number = number;
        let value = self.draft.required.cseq.to_string();
        self.replace("CSeq", &value);
        self
    }

    /// Replaces all lines of this name by one, or adds it. Not for Via, From, To, Call-ID, CSeq, Content-Length.
    pub fn set(mut self, name: &str, value: &str) -> Edit {
        if is_free(name) {
            self.replace(name, value);
        }
        self
    }

    /// Adds a line at the end. The same names excepted.
    pub fn add(mut self, name: &str, value: &str) -> Edit {
        if is_free(name) {
            self.draft.lines.push(Line::new(name, value));
        }
        self
    }

    /// Adds a line before the first one of this name (Route, Record-Route). The same names excepted.
    pub fn add_first(mut self, name: &str, value: &str) -> Edit {
        if is_free(name) {
            self.insert_first(name, value);
        }
        self
    }

    /// Takes all lines of this name away. The same names excepted.
    pub fn remove(mut self, name: &str) -> Edit {
        if is_free(name) {
            self.take_all(name);
        }
        self
    }

    /// Takes the first value of a comma list away (Route). The same names excepted.
    pub fn remove_first(mut self, name: &str) -> Edit {
        if is_free(name) {
            self.take_first(name);
        }
        self
    }

    /// Replaces the body and its type; an empty body has no type.
    pub fn body(mut self, content_type: &str, body: &[u8]) -> Edit {
        self.take_all("Content-Type");
        if !body.is_empty() {
            self.draft.lines.push(Line::new("Content-Type", content_type));
        }
        self.draft.body = body.to_vec();
        self.replace("Content-Length", &body.len().to_string());
        self
    }

    /// The message.
    pub fn finish(self) -> Message {
        let mut octets = match &self.draft.start {
            Start::Request { method, uri } => format!("{method} {uri} SIP/2.0\r\n"),
            Start::Response { status, phrase } => format!("SIP/2.0 {status} {phrase}\r\n"),
        }
        .into_bytes();
        let mut at = octets.len();
        for line in &self.draft.lines {
            octets.extend_from_slice(&line.octets);
        }
        octets.extend_from_slice(b"\r\n");
        let body = octets.len()..octets.len() + self.draft.body.len();
        let (fields, _) = parse_fields(&octets, &mut at);
        octets.extend_from_slice(&self.draft.body);
        let Draft { start, required, .. } = *self.draft;
        Message::of(Parts { octets, start, fields, body, required })
    }

    fn values(&self, name: &str) -> Vec<String> {
        let lines = self.draft.lines.iter().filter(|line| same_name(&line.name, name));
        lines.flat_map(|line| split_list(&line.value()).map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.draft.lines.iter().position(|line| same_name(&line.name, name))
    }

    fn take_all(&mut self, name: &str) {
        self.draft.lines.retain(|line| !same_name(&line.name, name));
    }

    /// At this place, else at the end.
    fn insert(&mut self, at: Option<usize>, name: &str, value: &str) {
        let end = self.draft.lines.len();
        self.draft.lines.insert(at.unwrap_or(end).min(end), Line::new(name, value));
    }

    fn replace(&mut self, name: &str, value: &str) {
        let at = self.place(name);
        self.take_all(name);
        self.insert(at, name, value);
    }

    fn insert_first(&mut self, name: &str, value: &str) {
        let top = (name == "Via").then_some(0);
        self.insert(self.place(name).or(top), name, value);
    }

    fn take_first(&mut self, name: &str) {
        let Some(at) = self.place(name) else { return };
        let Some(line) = self.draft.lines.get_mut(at) else { return };
        let value = line.value();
        let rest: Vec<&str> = split_list(&value).skip(1).collect();
        if rest.is_empty() {
            self.draft.lines.remove(at);
        } else {
            *line = Line::new(name, &join_list(&rest));
        }
    }
}

fn is_free(name: &str) -> bool {
    is_token(name) && !REQUIRED.iter().any(|required| same_name(name, required))
}

/// A new request. Max-Forwards is 70 unless set.
#[derive(Clone, Debug)]
pub struct RequestBuilder(Edit);

impl RequestBuilder {
    /// With what every request must have (RFC 3261 §8.1.1).
    pub fn new(
        method: Method,
        uri: Uri,
        via: Via,
        from: NameAddr,
        to: NameAddr,
        call_id: &str,
        sequence: u32,
    ) -> RequestBuilder {
        let cseq = CSeq { number: sequence, method: method.clone() };
        let lines = vec![
            Line::new("Via", &via.to_string()),
            Line::new("Max-Forwards", "70"),
            Line::new("From", &from.to_string()),
            Line::new("To", &to.to_string()),
            Line::new("Call-ID", call_id),
            Line::new("CSeq", &cseq.to_string()),
            Line::new("Content-Length", "0"),
        ];
        let draft = Draft {
            start: Start::Request { method, uri: uri.without_headers() },
            required: Required { via, from, to, call_id: call_id.to_owned(), cseq },
            lines,
            body: Vec::new(),
        };
        RequestBuilder(Edit { draft: Box::new(draft) })
    }

    /// Adds a header line; one whose name is no token or belongs to [`RequestBuilder::new`] is left out.
    pub fn header(self, name: &str, value: &str) -> RequestBuilder {
        RequestBuilder(self.0.add(name, value))
    }

    /// Sets the body.
    pub fn body(self, content_type: &str, body: &[u8]) -> RequestBuilder {
        RequestBuilder(self.0.body(content_type, body))
    }

    /// The message.
    pub fn build(self) -> Message {
        self.0.finish()
    }
}

/// A response to a request (RFC 3261 §8.2.6): Via, From, To, Call-ID and CSeq are the request's own octets;
/// Record-Route too where the response can make a dialog.
#[derive(Clone, Debug)]
pub struct ResponseBuilder(Edit);

impl ResponseBuilder {
    /// With the phrase of the status. Without [`ResponseBuilder::to_tag`] the To header stays as it came.
    pub fn new(request: &Message, status: StatusCode) -> ResponseBuilder {
        let makes_dialog = (101..300).contains(&status.code());
        let mut edit = request.edit();
        edit.draft.start = Start::Response { status, phrase: status.phrase().to_owned() };
        edit.draft.lines.retain(|line| {
            let is = |name: &str| same_name(&line.name, name);
            ["Via", "From", "To", "Call-ID", "CSeq"].into_iter().any(is)
                || (makes_dialog && is("Record-Route"))
                || (status == StatusCode::TRYING && is("Timestamp"))
        });
        ResponseBuilder(edit.body("", b""))
    }

    /// Another phrase.
    pub fn phrase(mut self, text: &str) -> ResponseBuilder {
        if let Start::Response { phrase, .. } = &mut self.0.draft.start {
            *phrase = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        }
        self
    }

    /// Adds this tag, a token, to To if it has none yet; what came of To stays as it came, but for a tag without a value.
    pub fn to_tag(mut self, tag: &str) -> ResponseBuilder {
        let Draft { required: Required { to, .. }, lines, .. } = &mut *self.0.draft;
        if to.tag().is_none() {
            let stands_empty = to.params.get("tag").is_some();
            to.params.set("tag", Some(tag));
            if let Some(line) = lines.iter_mut().find(|line| same_name(&line.name, "To")) {
                if stands_empty {
                    // It would be read in the place of ours behind it.
                    *line = Line::new("To", &to.to_string());
                } else {
                    line.octets.truncate(line.octets.trim_ascii_end().len());
                    line.octets.extend(format!(";tag={tag}\r\n").bytes());
                }
            }
        }
        self
    }

    /// Adds a header line, as in [`RequestBuilder::header`].
    pub fn header(self, name: &str, value: &str) -> ResponseBuilder {
        ResponseBuilder(self.0.add(name, value))
    }

    /// Sets the body.
    pub fn body(self, content_type: &str, body: &[u8]) -> ResponseBuilder {
        ResponseBuilder(self.0.body(content_type, body))
    }

    /// The message.
    pub fn build(self) -> Message {
        self.0.finish()
    }
}
