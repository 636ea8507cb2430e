//! The other end of every call of a program, and the registrar: it does what a step says, right or wrong, and by itself
//! answers only what keeps the line. It writes its messages as text, so that it shares no builder with the agent.

use softframe_sip::wire::{Frame, Message};
use std::collections::BTreeSet;

/// Frames that may come a second time: the last ones.
const REPEATABLE: usize = 6;

/// What the registrar does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registrar {
    Works,
    IsSilent,
    IsBusy,
}

/// What the other end does.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// The right answer to the oldest request that has none, or the ACK that is due.
    NextRight,
    /// This code to one of the last requests, whether or not it has its final answer.
    Respond {
        which: usize,
        code: u16,
        fork: u8,
        body: bool,
        reliable: bool,
    },
    Call {
        offer: bool,
        reliable: bool,
    },
    Ack {
        which: usize,
        body: bool,
    },
    Cancel {
        which: usize,
    },
    Prack {
        which: usize,
        is_right: bool,
        body: bool,
    },
    /// A request inside of a dialog: its method, and whether it has a description.
    Inside {
        which: usize,
        method: &'static str,
        body: bool,
    },
    Notify {
        which: usize,
        code: u16,
        is_last: bool,
    },
    /// A request with a number that was used before.
    Stale {
        which: usize,
        method: &'static str,
    },
    /// A request in a dialog that nobody knows.
    Stranger {
        method: &'static str,
    },
    Outside {
        method: &'static str,
    },
    Repeat {
        which: usize,
    },
    Noise {
        kind: u8,
    },
}

/// A dialog as this end knows it: whole From and To values.
#[derive(Clone, Debug)]
struct Dialog {
    call_id: String,
    ours: String,
    theirs: String,
    target: String,
    sequence: u32,
}

/// An INVITE of this end.
#[derive(Clone, Debug)]
struct Placed {
    text: String,
    /// The final response, or the last one.
    response: Option<Message>,
    rseq: Option<u32>,
    is_acknowledged: bool,
}

#[derive(Default)]
pub(crate) struct Peer {
    serial: u32,
    /// The agent's address, from its last REGISTER.
    contact: String,
    registrar: Option<Registrar>,
    /// Requests of the agent's, and whether they have a final answer.
    heard: Vec<(Message, bool)>,
    cancelled: BTreeSet<String>,
    dialogs: Vec<Dialog>,
    placed: Vec<Placed>,
    sent: Vec<String>,
}

fn newest<T>(all: &[T], which: usize) -> Option<usize> {
    (!all.is_empty()).then(|| all.len() - 1 - which % all.len())
}

fn value(message: &Message, name: &str) -> String {
    message.header(name).unwrap_or_default().to_owned()
}

fn tag_of(value: &str) -> &str {
    value.split_once(";tag=").map_or("", |(_, tag)| tag)
}

impl Peer {
    pub(crate) fn set_registrar(&mut self, registrar: Registrar) {
        self.registrar = Some(registrar);
    }

    /// What was sent so far is not repeated any more.
    pub(crate) fn lost(&mut self) {
        self.sent.clear();
    }

    /// The agent has signed out: it has forgotten what it asked, and hears no answer any more.
    pub(crate) fn left(&mut self) {
        self.heard.clear();
    }

    /// A frame of the agent's; what is answered by itself.
    pub(crate) fn receive(&mut self, octets: &[u8]) -> Vec<String> {
        let message = match Frame::read(octets.to_vec()) {
            Frame::Ping => return vec!["\r\n".to_owned()],
            Frame::Pong => return Vec::new(),
            Frame::Message(message) => *message,
            Frame::Malformed(malformed) => panic!("the agent sent what is no message: {malformed}"),
        };
        match (message.is_request(), message.method().as_str()) {
            (true, "REGISTER") => self.registered(&message),
            (true, "OPTIONS") => vec![response(&message, 200, "r", "", "")],
            (true, "ACK") => Vec::new(),
            (true, method) => {
                if method == "CANCEL" {
                    self.cancelled.insert(message.via().branch().to_owned());
                }
                self.heard.push((message, false));
                Vec::new()
            }
            (false, "INVITE") => {
                self.answered(message);
                Vec::new()
            }
            (false, _) => Vec::new(),
        }
    }

    fn registered(&mut self, register: &Message) -> Vec<String> {
        let contact = register.contact().map(|contact| contact.uri.to_string()).unwrap_or_default();
        match self.registrar.unwrap_or(Registrar::Works) {
            Registrar::IsSilent => Vec::new(),
            Registrar::IsBusy => vec![response(register, 503, "r", "Retry-After: 2\r\n", "")],
            Registrar::Works => {
                let bindings = format!("Contact: <{contact}>;expires=600\r\nRequire: outbound\r\n");
                self.contact = contact;
                vec![response(register, 200, "r", &bindings, "")]
            }
        }
    }

    /// A response to an INVITE of this end.
    fn answered(&mut self, response: Message) {
        let branch = format!(";branch={}\r\n", response.via().branch());
        let Some(placed) = self.placed.iter_mut().find(|placed| placed.text.contains(&branch)) else {
            return;
        };
        placed.rseq = response.number("RSeq").or(placed.rseq);
        let (ours, theirs) = (value(&response, "From"), value(&response, "To"));
        let known = |dialog: &Dialog| tag_of(&dialog.theirs) == tag_of(&theirs);
        let makes_one = response.status().is_some_and(|(code, _)| (101..300).contains(&code));
        let target = response.contact().map(|contact| contact.uri.to_string());
        if let (true, Some(target), false) = (makes_one, target, self.dialogs.iter().any(known)) {
            let (call_id, sequence) = (response.call_id().to_owned(), response.cseq().number);
            self.dialogs.push(Dialog { call_id, ours, theirs, target, sequence });
        }
        placed.response = Some(response);
    }

    /// What goes to the agent.
    pub(crate) fn act(&mut self, what: &Move) -> Vec<String> {
        let sent = self.written(what);
        self.sent.extend(sent.iter().cloned());
        sent
    }

    fn written(&mut self, what: &Move) -> Vec<String> {
        let written = match what {
            Move::NextRight => return self.next_right(),
            Move::Respond { which, code, fork, body, reliable } => {
                newest(&self.heard, *which).map(|at| self.respond(at, *code, *fork, *body, *reliable))
            }
            Move::Call { offer, reliable } => Some(self.call(*offer, *reliable)),
            Move::Ack { which, body } => {
                newest(&self.placed, *which).and_then(|at| self.acknowledge(at, *body))
            }
            Move::Cancel { which } => newest(&self.placed, *which).and_then(|at| {
                let text = &self.placed.get(at)?.text;
                let head = text.split("\r\n\r\n").next()?.replace("INVITE", "CANCEL");
                let kept = ["CANCEL ", "Via:", "From:", "To:", "Call-ID:", "CSeq:"];
                let lines = head.split("\r\n").filter(|line| kept.iter().any(|kept| line.starts_with(kept)));
                Some(lines.map(|line| format!("{line}\r\n")).collect::<String>() + "\r\n")
            }),
            Move::Prack { which, is_right, body } => {
                newest(&self.placed, *which).and_then(|at| self.prack(at, *is_right, *body))
            }
            Move::Inside { which, method, body } => {
                newest(&self.dialogs, *which).map(|at| self.inside(at, method, *body))
            }
            Move::Notify { which, code, is_last } => newest(&self.dialogs, *which).map(|at| {
                let state = if *is_last { "terminated;reason=noresource" } else { "active;expires=60" };
                let headers = format!(
                    "Event: refer\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\n"
                );
                self.request(at, "NOTIFY", 1, &headers, &format!("SIP/2.0 {code} x\r\n"))
            }),
            Move::Stale { which, method } => {
                newest(&self.dialogs, *which).map(|at| self.request(at, method, 0, "", ""))
            }
            Move::Stranger { method } => Some(self.outside(method, ";tag=nobody", "")),
            Move::Outside { method } => Some(self.outside(method, "", "")),
            Move::Repeat { which } => {
                let from = self.sent.len().saturating_sub(REPEATABLE);
                let last = self.sent.get(from..).unwrap_or_default();
                newest(last, *which).and_then(|at| last.get(at).cloned())
            }
            Move::Noise { kind } => Some(
                match kind % 3 {
                    0 => "\r\n\r\n",
                    1 => "INVITE sip:x@y SIP/2.0\r\nVia: nothing\r\n\r\n",
                    _ => "GET / HTTP/1.1\r\n\r\n",
                }
                .to_owned(),
            ),
        };
        written.into_iter().collect()
    }

    /// Whatever the agent waits for, rightly; nothing if there is nothing.
    fn next_right(&mut self) -> Vec<String> {
        let waits = |placed: &Placed| {
            let code = placed.response.as_ref().and_then(|response| Some(response.status()?.0));
            !placed.is_acknowledged && code.is_some_and(|code| code >= 200)
        };
        if let Some(at) = self.placed.iter().position(waits) {
            let offered = self.placed.get(at).is_some_and(|placed| !placed.text.ends_with("\r\n\r\n"));
            return self.acknowledge(at, !offered).into_iter().collect();
        }
        let Some(at) = self.heard.iter().position(|(_, is_answered)| !is_answered) else { return Vec::new() };
        let (code, body) = match self.heard.get(at) {
            Some((request, _)) if request.method().as_str() == "INVITE" => {
                let is_cancelled = self.cancelled.contains(request.via().branch());
                (if is_cancelled { 487 } else { 200 }, !is_cancelled)
            }
            Some((request, _)) if request.method().as_str() == "REFER" => (202, false),
            Some((request, _)) => (200, !request.body().is_empty() && request.method().as_str() != "INFO"),
            None => return Vec::new(),
        };
        vec![self.respond(at, code, 0, body, false)]
    }

    fn respond(&mut self, at: usize, code: u16, fork: u8, body: bool, reliable: bool) -> String {
        let Some((request, is_answered)) = self.heard.get_mut(at) else { return String::new() };
        *is_answered |= code >= 200;
        let request = request.clone();
        let tag = format!("p{at}f{fork}");
        let mut headers =
            "Contact: <sip:peer@peer.test>\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n".to_owned();
        match (request.method().as_str(), code) {
            ("INVITE", 101..=199) if reliable => {
                self.serial += 1;
                headers.push_str(&format!("Require: 100rel\r\nRSeq: {}\r\n", self.serial));
            }
            ("SUBSCRIBE", 200..=299) => headers.push_str("Expires: 600\r\n"),
            (_, 300..=399) => headers = "Contact: <sip:elsewhere@sip.test>\r\n".to_owned(),
            (_, 422) => headers.push_str("Min-SE: 2000\r\n"),
            (_, 401) => {
                headers.push_str("WWW-Authenticate: Digest realm=\"sip.test\", nonce=\"n\", qop=\"auth\"\r\n")
            }
            (_, 500) => headers.push_str("Retry-After: 1\r\n"),
            _ => {}
        }
        let body = if body { "v=0 of the peer" } else { "" };
        if !body.is_empty() {
            headers.push_str("Content-Type: application/sdp\r\n");
        }
        let text = response(&request, code, &tag, &headers, body);
        let Ok(read) = Message::parse(text.clone().into_bytes()) else { panic!("{text}") };
        let theirs = value(&request, "From");
        let ours = value(&read, "To");
        let known =
            |dialog: &Dialog| tag_of(&dialog.ours) == tag_of(&ours) && dialog.call_id == request.call_id();
        let makes_one = request.method().as_str() == "INVITE" && (101..300).contains(&code);
        let target = request.contact().map(|contact| contact.uri.to_string());
        if let (true, Some(target), false) = (makes_one, target, self.dialogs.iter().any(known)) {
            let call_id = request.call_id().to_owned();
            self.dialogs.push(Dialog { call_id, ours, theirs, target, sequence: 100 });
        }
        text
    }

    fn branch(&mut self) -> String {
        self.serial += 1;
        format!("Via: SIP/2.0/UDP peer.test;branch=z9hG4bKp{}\r\n", self.serial)
    }

    fn call(&mut self, offer: bool, reliable: bool) -> String {
        let (via, serial, contact) = (self.branch(), self.serial, self.contact.clone());
        let require = if reliable { "Require: 100rel\r\n" } else { "" };
        let (kind, body) =
            if offer { ("Content-Type: application/sdp\r\n", "v=0 offer of the peer") } else { ("", "") };
        let text = format!(
            "INVITE {contact} SIP/2.0\r\n{via}From: <sip:300@sip.test>;tag=c{serial}\r\nTo: <sip:200@sip.test>\r\n\
             Call-ID: call-{serial}\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:peer@peer.test>\r\n\
             Supported: 100rel, timer\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n{require}{kind}\r\n{body}"
        );
        self.place(&text);
        text
    }

    fn place(&mut self, text: &str) {
        self.placed.push(Placed {
            text: text.to_owned(),
            response: None,
            rseq: None,
            is_acknowledged: false,
        });
    }

    fn acknowledge(&mut self, at: usize, body: bool) -> Option<String> {
        let via = self.branch();
        let placed = self.placed.get_mut(at)?;
        let response = placed.response.clone()?;
        let code = response.status()?.0;
        placed.is_acknowledged |= code >= 200;
        // The ACK of a refusal is of the INVITE's own transaction (RFC 3261 §17.1.1.3).
        let own = placed.text.split("\r\n").find(|line| line.starts_with("Via:"))?;
        let via = if code < 300 { via } else { format!("{own}\r\n") };
        if code >= 300 {
            // Over a reliable transport its transaction is over with this ACK (§17.2.1): nobody repeats it any more.
            self.sent.retain(|text| *text != placed.text);
        }
        let uri = placed.text.split(' ').nth(1)?.to_owned();
        let (kind, body) =
            if body { ("Content-Type: application/sdp\r\n", "v=0 answer of the peer") } else { ("", "") };
        Some(format!(
            "ACK {uri} SIP/2.0\r\n{via}From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} ACK\r\nMax-Forwards: 70\r\n{kind}\r\n{body}",
            value(&response, "From"),
            value(&response, "To"),
            response.call_id(),
            response.cseq().number,
        ))
    }

    /// The To tag of the newest device in this call.
    pub(crate) fn fork_of(&self, call_id: &str) -> String {
        let newest = self.dialogs.iter().rev().find(|dialog| dialog.call_id == call_id);
        newest.map(|dialog| tag_of(&dialog.ours).to_owned()).unwrap_or_default()
    }

    fn prack(&mut self, at: usize, is_right: bool, body: bool) -> Option<String> {
        let (call_id, rseq, sequence) = {
            let placed = self.placed.get(at)?;
            let response = placed.response.as_ref()?;
            (response.call_id().to_owned(), placed.rseq?, response.cseq().number)
        };
        let dialog = self.dialogs.iter().position(|dialog| dialog.call_id == call_id)?;
        let rack = format!("RAck: {} {sequence} INVITE\r\n", if is_right { rseq } else { rseq + 7 });
        let (kind, body) =
            if body { ("Content-Type: application/sdp\r\n", "v=0 in a PRACK") } else { ("", "") };
        Some(self.request(dialog, "PRACK", 1, &format!("{rack}{kind}"), body))
    }

    fn inside(&mut self, at: usize, method: &str, body: bool) -> String {
        let (mut headers, mut text) = match method {
            "REFER" => ("Refer-To: <sip:400@sip.test>\r\n", ""),
            "INFO" => ("Content-Type: text/plain\r\n", "x"),
            _ => ("", ""),
        };
        if body {
            (headers, text) = ("Content-Type: application/sdp\r\n", "v=0 anew of the peer");
        }
        let request = self.request(at, method, 1, headers, text);
        if method == "INVITE" {
            self.place(&request);
        }
        request
    }

    fn request(&mut self, at: usize, method: &str, step: u32, headers: &str, body: &str) -> String {
        let via = self.branch();
        let Some(dialog) = self.dialogs.get_mut(at) else { return String::new() };
        dialog.sequence += step;
        let Dialog { call_id, ours, theirs, target, sequence } = dialog;
        format!(
            "{method} {target} SIP/2.0\r\n{via}From: {ours}\r\nTo: {theirs}\r\nCall-ID: {call_id}\r\n\
             CSeq: {sequence} {method}\r\nMax-Forwards: 70\r\nContact: <sip:peer@peer.test>\r\n{headers}\r\n{body}"
        )
    }

    fn outside(&mut self, method: &str, tag: &str, headers: &str) -> String {
        let (via, serial, contact) = (self.branch(), self.serial, self.contact.clone());
        format!(
            "{method} {contact} SIP/2.0\r\n{via}From: <sip:300@sip.test>;tag=o{serial}\r\nTo: <sip:200@sip.test>{tag}\r\n\
             Call-ID: other-{serial}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n{headers}\r\n"
        )
    }

    /// Requests of the agent's that still want a final answer, and INVITEs of this end that want an ACK.
    pub(crate) fn owes(&self) -> usize {
        let waits = |placed: &&Placed| {
            let code = placed.response.as_ref().and_then(|response| Some(response.status()?.0));
            !placed.is_acknowledged && code.is_some_and(|code| code >= 200)
        };
        self.heard.iter().filter(|(_, is_answered)| !is_answered).count()
            + self.placed.iter().filter(waits).count()
    }
}

/// A response as text.
fn response(request: &Message, code: u16, tag: &str, headers: &str, body: &str) -> String {
    let vias: String = request.values("Via").map(|via| format!("Via: {via}\r\n")).collect();
    let to = value(request, "To");
    let to = if to.contains(";tag=") || code == 100 { to } else { format!("{to};tag={tag}") };
    let (from, call_id, cseq) = (value(request, "From"), request.call_id(), value(request, "CSeq"));
    format!(
        "SIP/2.0 {code} x\r\n{vias}From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n{headers}\r\n{body}"
    )
}
