//! A phone whose server and browser are the test itself: it says what they say, and keeps what the phone answers.

use serde_json::Value;
use softframe_phone::{
    FlowId, HostInput, Input, Instant, MediaEvent, MediaRequest, Output, PeerId, Phone, SocketEvent, Sound,
    StoreRequest,
};
use softframe_sim::{START, description};
use softframe_sip::wire::Message;
use std::collections::BTreeMap;

/// A phone, and a server that is the test itself.
pub(crate) struct Script {
    pub(crate) phone: Phone,
    /// The REGISTER that was answered with 200.
    pub(crate) register: Option<Message>,
    pub(crate) now: Instant,
    pub(crate) flow: Option<FlowId>,
    /// Requests and responses of the phone not looked at yet.
    pub(crate) sent: Vec<Message>,
    pub(crate) heard: Vec<Value>,
    pub(crate) media: Vec<(PeerId, MediaRequest)>,
    pub(crate) sounds: Vec<Sound>,
    /// What screen readers were told.
    pub(crate) said: Vec<softframe_phone::view::Text>,
    /// What calls ring with, in the place of our own sound.
    pub(crate) rings: Vec<String>,
    /// What the browser has done and not said yet; `None`: it says everything at once.
    pub(crate) unsaid: Option<Vec<Input>>,
    /// What ends the last call that changed, if the phone dies now.
    pub(crate) farewell: Option<Message>,
    /// What the gateway was told, and how its socket was used.
    pub(crate) gateway: Vec<Output>,
    /// The account's space of the store.
    pub(crate) kept: BTreeMap<String, Vec<u8>>,
    /// The browser plays no key tones.
    pub(crate) plays_no_keys: bool,
}

impl Script {
    /// Registered, the host page trusted.
    pub(crate) fn new() -> Script {
        Script::with("")
    }

    /// The same with these keys in its configuration.
    pub(crate) fn with(keys: &str) -> Script {
        let mut script = Script::unregistered(keys);
        script.register();
        assert!(script.heard.iter().any(|message| message["type"] == "logged"), "{:?}", script.heard);
        script
    }

    /// Its REGISTER is under way.
    pub(crate) fn unregistered(keys: &str) -> Script {
        Script::configured(format!(
            r#"{{"server":"wss://a.test/ws",{keys}"account":{{"user":"200","password":"x"}}}}"#
        ))
    }

    /// With this `config.json`, and nothing in its store.
    pub(crate) fn configured(config: String) -> Script {
        let mut script = Script {
            phone: Phone::new([3; 32]),
            register: None,
            now: Instant(0),
            flow: None,
            sent: Vec::new(),
            heard: Vec::new(),
            media: Vec::new(),
            sounds: Vec::new(),
            said: Vec::new(),
            rings: Vec::new(),
            unsaid: None,
            farewell: None,
            gateway: Vec::new(),
            kept: BTreeMap::new(),
            plays_no_keys: false,
        };
        script.input(Input::Wall(START));
        script.input(Input::Host(HostInput::Trusted {
            chain: vec!["https://crm.example".into()],
            listed: true,
        }));
        script.input(Input::Config(Some(config)));
        script.input(Input::Restored(Vec::new()));
        script
    }

    /// The server takes the REGISTER.
    pub(crate) fn register(&mut self) {
        let register = self.request("REGISTER");
        let contact = register.header("Contact").unwrap().to_owned();
        self.respond(&register, "200 OK", "r", &format!("Contact: {contact};expires=600\r\n"), "");
        self.register = Some(register);
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.phone.handle_input(self.now, input);
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::Connect { flow, .. } => {
                    self.flow = Some(flow);
                    self.phone.handle_input(self.now, Input::Socket { flow, event: SocketEvent::Opened });
                }
                Output::Transmit { frame, .. } => self.sent.extend(Message::parse(frame)),
                Output::Host { message, .. } => self.heard.push(serde_json::from_str(&message).unwrap()),
                Output::Sound(sound) => self.sounds.push(sound),
                Output::Announce { text, .. } => self.said.push(text),
                Output::RingWith(sound) => self.rings.push(sound),
                Output::Post { .. }
                | Output::RelayOpen { .. }
                | Output::RelaySend(_)
                | Output::RelayClose => {
                    self.gateway.push(output);
                }
                Output::Store(StoreRequest::Put { space, key, value }) if space != "device" => {
                    self.kept.insert(key, value);
                }
                Output::Store(StoreRequest::Delete { space, prefix }) if space != "device" => {
                    self.kept.retain(|key, _| !key.starts_with(&prefix));
                }
                Output::Journal { entry, .. } => {
                    let octets = entry.and_then(|entry| entry.farewell).map(|(_, octets)| octets);
                    self.farewell = octets.and_then(|octets| Message::parse(octets).ok());
                }
                Output::Media { call, peer, request, what } => {
                    let event = match &what {
                        MediaRequest::Offer { .. } | MediaRequest::RingOffer => {
                            Some(MediaEvent::Offer(description(1, "sendrecv")))
                        }
                        MediaRequest::Answer { .. } => Some(MediaEvent::Answer(description(2, "sendrecv"))),
                        MediaRequest::Accept { .. }
                        | MediaRequest::Settle { .. }
                        | MediaRequest::Rollback
                        | MediaRequest::Microphone => Some(MediaEvent::Applied),
                        _ => None,
                    };
                    if let MediaRequest::Dtmf(keys) = &what
                        && self.plays_no_keys
                    {
                        let event = MediaEvent::KeysFailed(keys.clone());
                        self.phone.handle_input(self.now, Input::Media { call, peer, request: None, event });
                    }
                    self.media.push((peer, what));
                    if let (Some(event), Some(_)) = (event, request) {
                        let said = Input::Media { call, peer, request, event };
                        match &mut self.unsaid {
                            Some(unsaid) => unsaid.push(said),
                            None => self.phone.handle_input(self.now, said),
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// The next request of this method that the phone sent.
    pub(crate) fn request(&mut self, method: &str) -> Message {
        let is = |message: &Message| message.is_request() && message.octets().starts_with(method.as_bytes());
        let at = self.sent.iter().position(is).unwrap_or_else(|| panic!("no {method} in {:?}", self.sent));
        self.sent.remove(at)
    }

    /// The next response of the phone above 100.
    pub(crate) fn response(&mut self, method: &str) -> Message {
        let is = |message: &Message| {
            message.status().is_some_and(|(code, _)| code > 180)
                && message.header("CSeq").unwrap().ends_with(method)
        };
        let at = self.sent.iter().position(is).unwrap_or_else(|| panic!("no response in {:?}", self.sent));
        self.sent.remove(at)
    }

    pub(crate) fn frame(&mut self, text: String) {
        let flow = self.flow.unwrap();
        self.input(Input::Socket { flow, event: SocketEvent::Frame(text.into_bytes()) });
    }

    pub(crate) fn respond(&mut self, request: &Message, status: &str, tag: &str, more: &str, body: &str) {
        let header = |name: &str| request.header(name).unwrap_or("").to_owned();
        let to = header("To");
        let to = if to.contains("tag=") { to } else { format!("{to};tag={tag}") };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let contact = if more.is_empty() { "Contact: <sip:peer@b.test;transport=ws>\r\n" } else { more };
        self.frame(format!(
            "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n{contact}{kind}\
             Content-Length: {}\r\n\r\n{body}",
            header("Via"),
            header("From"),
            header("Call-ID"),
            header("CSeq"),
            body.len()
        ));
    }

    pub(crate) fn invite(&mut self, sequence: u32, to_tag: &str, body: &str) {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        self.frame(format!(
            "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{sequence}\r\nMax-Forwards: 70\r\n\
             From: \"Ana\" <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{to_tag}\r\nCall-ID: in1\r\n\
             CSeq: {sequence} INVITE\r\nContact: <sip:ana@p.test;transport=ws>\r\nX-Call-ID: given\r\nX-Team: Blue\r\n\
             X-Queue: Sales\r\nX-Dialed-Number: +34900\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    }

    pub(crate) fn cancel(&mut self, sequence: u32, to_tag: &str) {
        self.frame(format!(
            "CANCEL sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{sequence}\r\nMax-Forwards: 70\r\n\
             From: \"Ana\" <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{to_tag}\r\nCall-ID: in1\r\n\
             CSeq: {sequence} CANCEL\r\nContent-Length: 0\r\n\r\n"
        ));
    }

    pub(crate) fn ack(&mut self, sequence: u32, to_tag: &str, body: &str) {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        self.frame(format!(
            "ACK sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKa{sequence}\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{to_tag}\r\nCall-ID: in1\r\n\
             CSeq: {sequence} ACK\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    }

    pub(crate) fn bye(&mut self, sequence: u32, to_tag: &str) {
        self.frame(format!(
            "BYE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKb{sequence}\r\nMax-Forwards: 70\r\n\
             From: <sip:+34911@a.test>;tag=f\r\nTo: <sip:200@a.test>{to_tag}\r\nCall-ID: in1\r\n\
             CSeq: {sequence} BYE\r\nContent-Length: 0\r\n\r\n"
        ));
    }

    /// An INVITE in the place of the call `in1` with this To tag of the phone.
    pub(crate) fn replacing(&mut self, call: &str, tag: &str) {
        let body = description(8, "sendrecv");
        self.frame(format!(
            "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n\
             From: <sip:+34955@a.test>;tag={call}\r\nTo: <sip:200@a.test>\r\nCall-ID: {call}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:bert@p.test;transport=ws>\r\nReplaces: in1;to-tag={tag};from-tag=f\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
    }

    pub(crate) fn host(&mut self, text: &str) {
        self.input(Input::Host(HostInput::Message { text: text.into(), held: false }));
    }

    /// Lets time pass, with every deadline in it.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now.after(millis);
        while let Some(next) = self.phone.poll_timeout().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.input(Input::Timeout);
        }
        self.now = end;
    }

    /// The keys of the INFOs that were not looked at yet.
    pub(crate) fn informed(&self) -> Vec<String> {
        let infos = self.sent.iter().filter(|message| message.octets().starts_with(b"INFO"));
        infos.map(|info| String::from_utf8_lossy(info.body()).into_owned()).collect()
    }

    pub(crate) fn last(&self, kind: &str) -> &Value {
        let found = self.heard.iter().rev().find(|message| message["type"] == kind);
        &found.unwrap_or_else(|| panic!("no {kind} in {:#?}", self.heard))["data"]
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.heard.iter().filter(|message| message["type"] == kind).count()
    }

    /// An outgoing call whose fork `a` has sent early media.
    pub(crate) fn early(&mut self) -> Message {
        self.host(r#"{"type":"click2call","data":{"number":"+34922"}}"#);
        let invite = self.request("INVITE");
        self.respond(&invite, "183 Session Progress", "a", "", &description(7, "sendrecv"));
        invite
    }

    /// Whether each answer that the browser was given was provisional, and on which peer.
    pub(crate) fn accepts(&self) -> Vec<(PeerId, bool)> {
        let accept = |(peer, what): &(PeerId, MediaRequest)| match what {
            MediaRequest::Accept { provisional, .. } => Some((*peer, *provisional)),
            _ => None,
        };
        self.media.iter().filter_map(accept).collect()
    }

    /// Answers by the person, up to the ACK; the To tag of the phone.
    pub(crate) fn answered(&mut self, offer: &str) -> String {
        self.invite(1, "", offer);
        self.host(r#"{"type":"answer"}"#);
        let ok = self.response("INVITE");
        assert_eq!(ok.status().unwrap().0, 200);
        let to = ok.header("To").unwrap();
        let tag = format!(";tag={}", to.split_once("tag=").unwrap().1);
        let body = if offer.is_empty() { description(9, "sendrecv") } else { String::new() };
        self.ack(1, &tag, &body);
        assert_eq!(self.count("phone:accepted"), 1);
        tag
    }
}
