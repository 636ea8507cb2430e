//! A registrar and proxy just large enough for a ladder: digest, bindings, forking to all of them, Record-Route. It
//! keeps no transactions, so what a phone repeats, arrives repeated; it shares no code with any server of ours.

use super::PASSWORD;
use softframe_sip::{
    RealmHash,
    digest::{Algorithm, DigestInput, response},
    wire::{AuthValue, Frame, Message, Method, NameAddr, PONG, ResponseBuilder, StatusCode, Uri, Via},
};

pub(crate) struct Proxy {
    /// Address-of-record user, Contact URI, phone.
    pub(crate) bindings: Vec<(String, Uri, usize)>,
    /// How many REGISTERs were accepted.
    pub(crate) registrations: usize,
    /// Answers CRLF with CRLF.
    pub(crate) answers_crlf: bool,
    /// Drops everything.
    pub(crate) silent: bool,
    /// What the next REGISTERs are answered with instead: status and headers.
    pub(crate) refusals: Vec<(u16, Vec<(&'static str, String)>)>,
    /// Requests other than REGISTER are challenged with 407, too.
    pub(crate) challenges_all: bool,
    /// Seconds granted; what was asked for if 0.
    pub(crate) granted: u32,
    /// Flow-Timer of the 200.
    pub(crate) flow_timer: Option<u32>,
    /// Further headers of the 200.
    pub(crate) extra: Vec<(&'static str, &'static str)>,
    /// What stands for a binding in the 200, made of its Contact and its seconds; else it is said as it should be.
    pub(crate) says_binding: Option<fn(&Uri, u32) -> String>,
    /// The public GRUU given to every binding.
    pub(crate) gruu: Option<&'static str>,
    /// The temporary one.
    pub(crate) temporary_gruu: Option<&'static str>,
    /// Takes what goes to nobody in its own domain as well: the test answers.
    pub(crate) swallow: bool,
    /// Messages that came for nobody: responses to what a test sent by itself, requests inside its dialogs.
    pub(crate) heard: Vec<Message>,
    nonces: u64,
}

const REALM: &str = "sip.test";

impl Proxy {
    pub(crate) fn new() -> Proxy {
        Proxy {
            bindings: Vec::new(),
            registrations: 0,
            answers_crlf: true,
            silent: false,
            refusals: Vec::new(),
            challenges_all: false,
            granted: 0,
            flow_timer: None,
            extra: Vec::new(),
            says_binding: None,
            gruu: None,
            temporary_gruu: None,
            swallow: false,
            heard: Vec::new(),
            nonces: 0,
        }
    }

    /// A phone's socket closed.
    pub(crate) fn lost(&mut self, phone: usize) {
        self.bindings.retain(|(_, _, owner)| *owner != phone);
    }

    /// A frame of a phone came: what goes to which phone.
    pub(crate) fn receive(&mut self, phone: usize, octets: Vec<u8>) -> Vec<(usize, Vec<u8>)> {
        if self.silent {
            return Vec::new();
        }
        match Frame::read(octets) {
            Frame::Ping if self.answers_crlf => vec![(phone, PONG.to_vec())],
            Frame::Ping | Frame::Pong => Vec::new(),
            Frame::Malformed(malformed) => panic!("a phone sent a malformed message: {malformed}"),
            Frame::Message(message) if message.is_request() => self.request(phone, &message),
            Frame::Message(message) => self.response(&message),
        }
    }

    fn request(&mut self, phone: usize, request: &Message) -> Vec<(usize, Vec<u8>)> {
        let reply = |builder: ResponseBuilder| vec![(phone, builder.to_tag("proxy").build().into_octets())];
        if *request.method() == Method::Ack && request.to().tag() == Some("proxy") {
            return Vec::new();
        }
        if *request.method() == Method::Register {
            return reply(self.register(phone, request));
        }
        let is_inside = request.to().tag().is_some();
        let is_challenged =
            self.challenges_all && !is_inside && !matches!(request.method(), Method::Ack | Method::Cancel);
        if is_challenged && !self.is_authentic(request, "Proxy-Authorization") {
            return reply(self.challenge(request, StatusCode::PROXY_AUTHENTICATION_REQUIRED));
        }
        let uri = request.uri().expect("a request").clone();
        if *request.method() == Method::Options && uri.user().is_none() {
            return reply(ResponseBuilder::new(request, StatusCode::OK));
        }
        // What is published is for the server, not for the devices of who publishes.
        let is_published = *request.method() == Method::Publish;
        let targets = if is_published { Vec::new() } else { self.targets(&uri) };
        if targets.is_empty() && (self.swallow || uri.host() != "sip.test") {
            self.heard.push(request.clone());
            return Vec::new();
        }
        if targets.is_empty() && *request.method() != Method::Ack {
            return reply(ResponseBuilder::new(request, StatusCode::TEMPORARILY_UNAVAILABLE));
        }
        let forward = |(index, (uri, to)): (usize, (Uri, usize))| {
            // The branch follows from the one above, so CANCEL and ACK find their INVITE; `from` finds the way back.
            let mut via = Via::new("WS", "proxy", &format!("{}-{index}", request.via().branch()));
            via.params.set("from", Some(&phone.to_string()));
            let mut edit = request.edit().push_via(via).uri(uri).remove_first("Route");
            if *request.method() == Method::Invite {
                edit = edit.add_first("Record-Route", "<sip:proxy;lr;transport=ws>");
            }
            (to, edit.finish().into_octets())
        };
        targets.into_iter().enumerate().map(forward).collect()
    }

    /// The bindings of an address-of-record, or the one whose Contact this is.
    fn targets(&self, uri: &Uri) -> Vec<(Uri, usize)> {
        let found = self.bindings.iter().filter(|(user, contact, _)| {
            uri.same_place(contact)
                || (uri.host() == "sip.test" && uri.user().as_ref() == Some(user))
                || (self.temporary_gruu == Some(uri.as_str()) && user.parse::<u32>().is_err())
        });
        found.map(|(_, contact, phone)| (contact.clone(), *phone)).collect()
    }

    fn response(&mut self, message: &Message) -> Vec<(usize, Vec<u8>)> {
        let Some(phone) = message.via().params.get("from").and_then(|phone| phone.parse().ok()) else {
            self.heard.push(message.clone());
            return Vec::new();
        };
        let edit = message.edit().pop_via();
        edit.map(|edit| (phone, edit.finish().into_octets())).into_iter().collect()
    }

    fn register(&mut self, phone: usize, request: &Message) -> ResponseBuilder {
        if !self.refusals.is_empty() {
            let (code, headers) = self.refusals.remove(0);
            let builder = ResponseBuilder::new(request, StatusCode::new(code).expect("a status"));
            return headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        }
        if !self.is_authentic(request, "Authorization") {
            return self.challenge(request, StatusCode::UNAUTHORIZED);
        }
        let user = request.to().uri.user().unwrap_or_default();
        let contact: NameAddr = request.contact().expect("a Contact");
        assert!(contact.uri.host().ends_with(".invalid"));
        assert!(matches!(contact.params.get("reg-id"), Some("1") | None));
        let instance = contact.params.get("+sip.instance").expect("an instance").to_owned();
        self.bindings.retain(|(_, uri, _)| !uri.same_place(&contact.uri));
        let asked = request.number("Expires").expect("Expires");
        let mut builder = ResponseBuilder::new(request, StatusCode::OK);
        if asked > 0 {
            self.registrations += 1;
            self.bindings.push((user, contact.uri.clone(), phone));
            let expires = if self.granted == 0 { asked } else { self.granted };
            // Another device's binding stands first, as in real answers.
            builder =
                builder.header("Contact", "<sip:other@x.invalid>;+sip.instance=\"<urn:uuid:1>\";expires=7");
            let own = format!("<{}>;+sip.instance=\"{instance}\";reg-id=1;expires={expires}", contact.uri);
            let own = self.says_binding.map_or(own, |says| says(&contact.uri, expires));
            let gruu = self.gruu.map(|gruu| format!(";pub-gruu=\"{gruu}\"")).unwrap_or_default();
            let temporary = self.temporary_gruu.map(|gruu| format!(";temp-gruu=\"{gruu}\""));
            builder = builder.header("Contact", &(own + &gruu + &temporary.unwrap_or_default()));
            for (name, value) in &self.extra {
                builder = builder.header(name, value);
            }
        }
        match self.flow_timer {
            Some(seconds) => builder.header("Flow-Timer", &seconds.to_string()),
            None => builder,
        }
    }

    fn challenge(&mut self, request: &Message, status: StatusCode) -> ResponseBuilder {
        self.nonces += 1;
        let name = match status {
            StatusCode::UNAUTHORIZED => "WWW-Authenticate",
            _ => "Proxy-Authenticate",
        };
        let builder = ResponseBuilder::new(request, status);
        ["MD5", "SHA-256"].into_iter().fold(builder, |builder, algorithm| {
            let nonce = format!("nonce{}", self.nonces);
            let value =
                format!("Digest realm=\"{REALM}\",nonce=\"{nonce}\",algorithm={algorithm},qop=\"auth\"");
            builder.header(name, &value)
        })
    }

    fn is_authentic(&self, request: &Message, name: &str) -> bool {
        let Some(value) = request.header(name).and_then(|value| AuthValue::parse(value).ok()) else {
            return false;
        };
        let get = |name| value.get(name).unwrap_or_default();
        assert_eq!(get("algorithm"), "SHA-256", "the strongest challenge is answered");
        assert_eq!(get("uri"), request.uri().expect("a request").as_str());
        let hash = RealmHash::from_password(get("username"), REALM, PASSWORD);
        let input = DigestInput {
            nonce: get("nonce"),
            nc: get("nc"),
            cnonce: get("cnonce"),
            method: request.method().as_str(),
            uri: get("uri"),
            body: None,
        };
        get("response") == response(Algorithm::Sha256, hash.of(Algorithm::Sha256), input)
    }
}
