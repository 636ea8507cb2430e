//! Whoever is at the other end of a flow, with an input for a script: it answers what was sent, asks inside and outside
//! of dialogs, repeats itself, and damages what it says.

use crate::{bodies, bytes::Bytes};
use softframe_sip::wire::Message;

/// Messages remembered: what is older is not played on.
const MAX_REMEMBERED: usize = 24;

/// The other end of a flow.
#[derive(Default)]
pub(crate) struct Peer {
    /// What the one who is tested has sent, oldest first.
    sent: Vec<Message>,
    /// What was said to it.
    said: Vec<Vec<u8>>,
    branches: u32,
}

const CODES: [u16; 40] = [
    200, 180, 183, 100, 401, 407, 486, 487, 481, 491, 500, 503, 408, 422, 423, 302, 301, 404, 403, 480, 488,
    202, 199, 204, 412, 439, 484, 405, 420, 501, 600, 603, 606, 300, 305, 380, 416, 489, 493, 699,
];

const METHODS: [&str; 16] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "MESSAGE",
    "INFO",
    "NOTIFY",
    "REFER",
    "UPDATE",
    "PRACK",
    "SUBSCRIBE",
    "REGISTER",
    "PUBLISH",
    "INVITE",
    "FOO",
];

const LINES: [&str; 64] = [
    "Require: 100rel\r\nRSeq: 1",
    "Require: 100rel\r\nRSeq: 2",
    "RSeq: 4294967295\r\nRequire: 100rel",
    "RSeq: 0",
    "Supported: timer, 100rel, replaces",
    "Require: timer",
    "Require: foo, bar",
    "Session-Expires: 90;refresher=uac",
    "Session-Expires: 1800;refresher=uas",
    "Session-Expires: 4294967295",
    "Session-Expires: 1",
    "Min-SE: 90",
    "Min-SE: 4000",
    "Min-SE: 4294967295",
    "Retry-After: 1",
    "Retry-After: 4294967295",
    "Expires: 0",
    "Expires: 60",
    "Expires: 4294967295",
    "Min-Expires: 1200",
    "Contact: <sip:p@p.test>",
    "Contact: <sip:q@q.test>;q=0.5, <sip:r@r.test>;q=0.7, <sip:q@q.test>",
    "Contact: *",
    "Contact: <tel:+34600>",
    "WWW-Authenticate: Digest realm=\"a.test\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256",
    "WWW-Authenticate: Digest realm=\"a.test\", nonce=\"n2\", stale=true, qop=\"auth\"",
    "Proxy-Authenticate: Digest realm=\"a.test\", nonce=\"n3\", qop=\"auth,auth-int\"",
    "Proxy-Authenticate: Digest realm=\"evil\", nonce=\"n4\"",
    "Record-Route: <sip:r1.test;lr>, <sip:r2.test>",
    "Event: refer",
    "Event: refer;id=1",
    "Event: dialog",
    "Event: message-summary",
    "Event: presence",
    "Subscription-State: active;expires=60",
    "Subscription-State: pending",
    "Subscription-State: terminated;reason=noresource",
    "Subscription-State: terminated;reason=deactivated",
    "Subscription-State: terminated;reason=probation;retry-after=4294967295",
    "Refer-To: <sip:202@a.test>",
    "Refer-To: <sip:202@a.test;method=BYE>",
    "Refer-To: <sip:202@a.test?Replaces=1%3Bto-tag%3Da%3Bfrom-tag%3Db>",
    "Refer-Sub: false",
    "Refer-Sub: true",
    "Reason: SIP;cause=200;text=\"Call completed elsewhere\"",
    "RAck: 1 1 INVITE",
    "RAck: 2 1 INVITE",
    "P-Asserted-Identity: \"A\" <sip:+34@a.test>, <tel:5>",
    "Privacy: id",
    "Allow: INVITE, ACK, BYE",
    "Allow: INVITE, ACK, BYE, UPDATE, CANCEL, PRACK",
    "Flow-Timer: 10",
    "Flow-Timer: 4294967295",
    "Service-Route: <sip:s.test;lr>",
    "Max-Forwards: 0",
    "SIP-ETag: e1",
    "Info-Package: x",
    "Call-Info: <sip:a>;answer-after=0",
    "Replaces: 1;to-tag=a;from-tag=b",
    "Target-Dialog: 1;local-tag=a;remote-tag=b",
    "Supported: outbound, gruu",
    "Diversion: <sip:5@a.test>;reason=busy",
    "Allow-Events: refer",
    "Warning: 399 a \"b\"",
];

const BODIES: [(&str, &str); 14] = [
    ("application/sdp", bodies::CHROMIUM),
    ("application/sdp", bodies::FREESWITCH),
    ("application/sdp", "v=0 no description"),
    ("message/sipfrag;version=2.0", "SIP/2.0 100 Trying"),
    ("message/sipfrag", "SIP/2.0 200 OK\r\n"),
    ("message/sipfrag", "SIP/2.0 603 Decline"),
    ("message/sipfrag", "nothing"),
    ("application/simple-message-summary", "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n"),
    (
        "application/pidf+xml",
        "<presence><tuple><status><basic>open</basic></status><note>x</note></tuple></presence>",
    ),
    (
        "application/dialog-info+xml",
        "<dialog-info version=\"0\" state=\"full\"><dialog id=\"1\"><state>confirmed</state></dialog></dialog-info>",
    ),
    ("application/dialog-info+xml", "<dialog-info version=\"2\" state=\"partial\"/>"),
    ("application/dtmf-relay", "Signal=1\r\nDuration=160\r\n"),
    ("text/plain", "hello"),
    ("multipart/mixed;boundary=x", "--x\r\n\r\n--x--"),
];

impl Peer {
    /// The one who is tested has sent this.
    pub(crate) fn heard(&mut self, message: Message) {
        self.sent.push(message);
        if self.sent.len() > MAX_REMEMBERED {
            self.sent.remove(0);
        }
    }

    pub(crate) fn last_request(&self) -> Option<&Message> {
        self.sent.iter().rev().find(|message| message.is_request())
    }

    /// The next thing it says, if it has anything to say.
    pub(crate) fn say(&mut self, bytes: &mut Bytes) -> Option<Vec<u8>> {
        let mut octets = match bytes.below(8) {
            0..=2 => self.response(bytes)?,
            3 | 4 => self.request_inside(bytes)?,
            5 | 6 => self.request_outside(bytes),
            _ => self.said.get(bytes.below(self.said.len().max(1)))?.clone(),
        };
        if bytes.chance(6) {
            damage(&mut octets, bytes);
        }
        self.said.push(octets.clone());
        if self.said.len() > MAX_REMEMBERED {
            self.said.remove(0);
        }
        Some(octets)
    }

    /// A response to one of the last requests.
    fn response(&mut self, bytes: &mut Bytes) -> Option<Vec<u8>> {
        let back = bytes.below(6);
        let request = self.sent.iter().rev().filter(|message| message.is_request()).nth(back)?;
        let code = bytes.pick(&CODES);
        let tag = bytes.pick(&["t1", "t2", "t3", ""]);
        let mut text = format!("SIP/2.0 {code} Phrase\r\n");
        for via in request.list("Via") {
            text.push_str(&format!("Via: {via}\r\n"));
        }
        let to = if request.to().tag().is_some() || tag.is_empty() {
            request.to().to_string()
        } else {
            request.to().clone().with_tag(tag).to_string()
        };
        let contact = request.header("Contact").filter(|_| request.method().as_str() == "REGISTER");
        text.push_str(&format!(
            "From: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n",
            request.from(),
            request.call_id(),
            request.cseq()
        ));
        match contact {
            Some(contact) => text.push_str(&format!("Contact: {contact};expires=600\r\n")),
            None => text.push_str("Contact: <sip:p@p.test>\r\n"),
        }
        Some(finish(text, bytes))
    }

    /// A request in a dialog of the one who is tested, or what looks like one.
    fn request_inside(&mut self, bytes: &mut Bytes) -> Option<Vec<u8>> {
        let back = bytes.below(8);
        let message =
            self.sent.iter().rev().filter(|message| message.method().as_str() != "REGISTER").nth(back)?;
        let (mut from, to) = if message.is_request() {
            (message.to(), message.from())
        } else {
            (message.from(), message.to())
        };
        let tagged = from.clone().with_tag(bytes.pick(&["t1", "t2", "t3"]));
        if from.tag().is_none() {
            from = &tagged;
        }
        let method = bytes.pick(&METHODS);
        let number = match bytes.below(4) {
            0 => message.cseq().number,
            1 => message.cseq().number.wrapping_add(1),
            2 => u32::from(bytes.octet()),
            _ => 0xffff_fff0_u32.wrapping_add(u32::from(bytes.octet())),
        };
        let (from, to, call_id) = (from.to_string(), to.to_string(), message.call_id().to_owned());
        let text = self.head(bytes, method, &from, &to, &call_id, number);
        Some(finish(text, bytes))
    }

    fn request_outside(&mut self, bytes: &mut Bytes) -> Vec<u8> {
        let method = bytes.pick(&METHODS);
        let (caller, call) = (bytes.below(4), bytes.below(6));
        let from = format!("\"C {caller}\" <sip:30{caller}@a.test>;tag=f{caller}");
        let text = self.head(bytes, method, &from, "<sip:200@a.test>", &format!("call{call}"), 1);
        finish(text, bytes)
    }

    fn head(
        &mut self,
        bytes: &mut Bytes,
        method: &str,
        from: &str,
        to: &str,
        call_id: &str,
        number: u32,
    ) -> String {
        if !bytes.chance(4) {
            self.branches += 1;
        }
        let branch = self.branches;
        format!(
            "{method} sip:200@x.invalid SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{branch}\r\nFrom: {from}\r\nTo: {to}\r\n\
             Call-ID: {call_id}\r\nCSeq: {number} {method}\r\nContact: <sip:p@p.test>\r\n"
        )
    }

    /// What a server that means well would say to this request.
    pub(crate) fn good_answer(request: &Message) -> Option<Vec<u8>> {
        let code = match request.method().as_str() {
            "ACK" => return None,
            "INVITE" => "486 Busy Here",
            "SUBSCRIBE" | "REFER" => "489 Bad Event",
            _ => "200 OK",
        };
        let mut text = format!("SIP/2.0 {code}\r\n");
        for via in request.list("Via") {
            text.push_str(&format!("Via: {via}\r\n"));
        }
        let to = if request.to().tag().is_some() {
            request.to().clone()
        } else {
            request.to().clone().with_tag("good")
        };
        text.push_str(&format!(
            "From: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n",
            request.from(),
            request.call_id(),
            request.cseq()
        ));
        if let Some(contact) = request.header("Contact").filter(|_| request.method().as_str() == "REGISTER") {
            text.push_str(&format!("Contact: {contact};expires=600\r\n"));
        }
        text.push_str("\r\n");
        Some(text.into_bytes())
    }
}

fn finish(mut text: String, bytes: &mut Bytes) -> Vec<u8> {
    for _ in 0..bytes.below(4) {
        text.push_str(bytes.pick(&LINES));
        text.push_str("\r\n");
    }
    let choice = bytes.below(2 * BODIES.len());
    match BODIES.get(choice) {
        Some((kind, body)) => {
            text.push_str(&format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
        }
        None => text.push_str("\r\n"),
    }
    text.into_bytes()
}

/// A few octets exchanged, cut out, doubled or put in.
fn damage(octets: &mut Vec<u8>, bytes: &mut Bytes) {
    for _ in 0..=bytes.below(3) {
        let at = (bytes.below(256) * 4 + bytes.below(4)) % octets.len().max(1);
        match bytes.below(5) {
            0 if !octets.is_empty() => octets[at] = bytes.octet(),
            1 if !octets.is_empty() => drop(octets.remove(at)),
            2 => octets.truncate(at),
            3 => {
                let end = (at + bytes.below(60)).min(octets.len());
                let piece = octets[at.min(end)..end].to_vec();
                octets.splice(at.min(end)..at.min(end), piece);
            }
            _ => {
                let piece = bytes.piece(24).to_vec();
                let at = at.min(octets.len());
                octets.splice(at..at, piece);
            }
        }
    }
}
