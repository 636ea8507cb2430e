//! The whole phone as a state machine: an input is a program of what a person, a host page, a browser, a server and the
//! clock do. Whatever it does, each call tells one whole story, each question of the host has one answer, and in the
//! end no peer connection and no entry of the journal is left.

use crate::{Target, bodies, bytes::Bytes, host, message, peer::Peer};
use serde_json::Value;
use softframe_phone::{
    Action, Answer, CallId, Consent, FileEvent, FlowId, HostInput, Input, Instant, MediaError, MediaEvent,
    MediaRequest, Output, PeerId, PeerState, Phone, RequestId, SocketEvent, StorageError, StoreRequest,
    Theme, view::Tab,
};
use softframe_sip::wire::{Frame, Message};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) const TARGET: Target = Target { name: "phone", run, seeds, words: &[], max_octets: 512 };

const MAX_ACTS: usize = 80;
const MAX_DEADLINES: usize = 600;
const START: u64 = 1_684_681_819_342;
const CONFIG: &str = r#"{"server":"wss://a.test/ws","domain":"a.test","country":"ES","voicemail":"*97","publishStatus":true,"dialects":["rc"],
    "account":{"user":"200","password":"x"}}"#;

fn seeds() -> Vec<Vec<u8>> {
    let mut all = vec![
        // Calls, is answered, holds, resumes, presses a key, ends.
        vec![0, 0, 1, 3, 0, 0, 1, 0, 0, 20, 1, 0, 6, 0, 7, 0, 11, 0, 5],
        // Rings, is answered, is acknowledged.
        vec![6, 5, 0, 1, 1, 0, 0, 0, 0, 0, 3, 6, 3, 0, 0, 1, 0, 0, 0, 20],
    ];
    all.extend((1..9_u8).map(|seed| {
        (0..200_u8).map(|at| at.wrapping_mul(seed.wrapping_mul(23)).wrapping_add(at >> 3)).collect()
    }));
    all
}

fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let mut station = Station::signed_in();
    station.is_kind = false;
    let mut acts = 0;
    while !bytes.is_empty() && acts < MAX_ACTS {
        station.act(&mut bytes);
        acts += 1;
    }
    station.end();
    station.check_asks();
    station.check_stories();
    assert!(station.peers.is_empty(), "peers are left: {:?}", station.peers);
    assert!(station.journal.is_empty(), "entries of the journal are left: {:?}", station.journal);
}

type Question = (CallId, PeerId, Option<RequestId>, MediaRequest);

/// A phone, with the script in place of its server, its browser and its page.
pub(crate) struct Station {
    phone: Phone,
    now: Instant,
    peer: Peer,
    flow: Option<FlowId>,
    wanted: Option<FlowId>,
    heard: Vec<Value>,
    /// The ids that must be answered.
    pub(crate) asks: Vec<Value>,
    calls: BTreeSet<CallId>,
    peers: BTreeSet<(CallId, PeerId)>,
    journal: BTreeSet<CallId>,
    /// Questions to the browser that wait for an answer.
    questions: Vec<Question>,
    /// The browser answers at once.
    is_quick: bool,
    /// The server opens flows and answers requests.
    is_kind: bool,
    last_ok: Option<Message>,
    space: Option<String>,
}

impl Station {
    pub(crate) fn signed_in() -> Station {
        let mut station = Station {
            phone: Phone::new([5; 32]),
            now: Instant(1_000),
            peer: Peer::default(),
            flow: None,
            wanted: None,
            heard: Vec::new(),
            asks: Vec::new(),
            calls: BTreeSet::new(),
            peers: BTreeSet::new(),
            journal: BTreeSet::new(),
            questions: Vec::new(),
            is_quick: true,
            is_kind: true,
            last_ok: None,
            space: None,
        };
        station.input(Input::Wall(START));
        station.input(Input::Host(HostInput::Trusted {
            chain: vec!["https://crm.example".into()],
            listed: true,
        }));
        station.input(Input::Config(Some(CONFIG.into())));
        station.input(Input::Restored(Vec::new()));
        station.run(100);
        station
    }

    /// The data of what the page was told of this type.
    pub(crate) fn heard(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.heard.iter().filter(move |message| message["type"] == kind).map(|message| &message["data"])
    }

    /// How long it has run.
    pub(crate) fn seconds(&self) -> u64 {
        self.now.0 / 1_000
    }

    /// The id of the last question to the page's address book.
    pub(crate) fn last_request(&self) -> String {
        let id = |message: &Value| {
            let id = message.get("requestId").or_else(|| message.get("data")?.get("id"));
            let kind = message.get("type").and_then(Value::as_str).unwrap_or_default();
            let asks = matches!(kind, "provider:request" | "rc-post-message-request");
            id.filter(|_| asks).and_then(Value::as_str).map(str::to_owned)
        };
        self.heard.iter().rev().find_map(id).unwrap_or_default()
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.phone.handle_input(self.now, input);
        let mut outputs = 0;
        while let Some(output) = self.phone.poll_output() {
            outputs += 1;
            assert!(outputs < 5_000, "one input and no end of outputs");
            self.perform(output);
        }
        let _drawn = self.phone.view(self.now);
    }

    pub(crate) fn host(&mut self, text: &str) {
        self.input(Input::Host(HostInput::Message { text: text.to_owned(), held: false }));
    }

    /// Somebody calls.
    pub(crate) fn ring(&mut self, name: &str) {
        let body = bodies::CHROMIUM;
        self.frame(
            format!(
                "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{name}\r\nFrom: <sip:{name}@a.test>;tag=f\r\n\
                 To: <sip:200@a.test>\r\nCall-ID: {name}\r\nCSeq: 1 INVITE\r\nContact: <sip:p@p.test>\r\n\
                 Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes(),
        );
    }

    /// The ACK to the last 200.
    pub(crate) fn acknowledge(&mut self) {
        let Some(ok) = self.last_ok.take() else { return };
        self.frame(
            format!(
                "ACK sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bKack\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\n\
                 CSeq: 1 ACK\r\n\r\n",
                ok.from(),
                ok.to(),
                ok.call_id()
            )
            .into_bytes(),
        );
    }

    fn frame(&mut self, octets: Vec<u8>) {
        if let Some(flow) = self.flow {
            self.input(Input::Socket { flow, event: SocketEvent::Frame(octets) });
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Connect { flow, .. } => {
                self.wanted = Some(flow);
                if self.is_kind {
                    self.connect();
                }
            }
            Output::Disconnect { flow } => {
                self.flow = self.flow.filter(|open| *open != flow);
                self.wanted = self.wanted.filter(|wanted| *wanted != flow);
            }
            Output::Transmit { flow, frame } if Some(flow) == self.flow => self.transmitted(frame),
            Output::Host { message, .. } => {
                let told: Value =
                    serde_json::from_str(&message).unwrap_or_else(|error| panic!("{error}: {message}"));
                assert!(told["type"].is_string(), "{message}");
                self.heard.push(told);
            }
            Output::Media { call, peer, request, what } => self.asked(call, peer, request, what),
            Output::Journal { call, entry } => {
                self.calls.insert(call);
                match entry {
                    Some(entry) if !entry.told => drop(self.journal.insert(call)),
                    _ => drop(self.journal.remove(&call)),
                }
            }
            Output::Account(account) => self.space = account,
            Output::Store(StoreRequest::Load { space, .. }) if self.is_kind => {
                self.input(Input::LoadEnd { space })
            }
            _ => {}
        }
    }

    fn connect(&mut self) {
        if let Some(flow) = self.wanted.take() {
            self.flow = Some(flow);
            self.input(Input::Socket { flow, event: SocketEvent::Opened });
        }
    }

    fn transmitted(&mut self, frame: Vec<u8>) {
        let message = match Frame::read(frame.clone()) {
            Frame::Message(message) => *message,
            Frame::Ping if self.is_kind => return self.frame(b"\r\n".to_vec()),
            Frame::Ping | Frame::Pong => return,
            Frame::Malformed(_) if message::is_refusal(&frame) => return,
            Frame::Malformed(malformed) => panic!("{malformed}: {}", String::from_utf8_lossy(&frame)),
        };
        let is_ok = message.status().is_some_and(|(code, _)| code == 200)
            && message.cseq().method.as_str() == "INVITE";
        if is_ok {
            self.last_ok = Some(message.clone());
        }
        // Nothing but registering shall hang on luck.
        let is_housekeeping =
            ["REGISTER", "OPTIONS", "SUBSCRIBE", "PUBLISH"].contains(&message.method().as_str());
        if message.is_request() && (self.is_kind || is_housekeeping) {
            let answer = Peer::good_answer(&message);
            self.peer.heard(message);
            return answer.into_iter().for_each(|answer| self.frame(answer));
        }
        self.peer.heard(message);
    }

    fn asked(&mut self, call: CallId, peer: PeerId, request: Option<RequestId>, what: MediaRequest) {
        self.calls.insert(call);
        if what == MediaRequest::Close {
            self.peers.remove(&(call, peer));
        } else if matches!(what, MediaRequest::Offer { .. } | MediaRequest::Answer { .. }) {
            self.peers.insert((call, peer));
        }
        if request.is_none() {
            return;
        }
        if self.is_quick {
            let event = good_media(&what);
            self.input(Input::Media { call, peer, request, event });
        } else {
            self.questions.push((call, peer, request, what));
        }
    }

    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.now.after(millis);
        let mut deadlines = 0;
        while let Some(next) = self.phone.poll_timeout().filter(|next| *next <= end) {
            deadlines += 1;
            if deadlines > MAX_DEADLINES {
                assert!(next > self.now, "deadlines without end at {:?}", self.now);
                break;
            }
            self.now = next.max(self.now);
            self.input(Input::Timeout);
            let after = self.phone.poll_timeout();
            assert!(
                after.is_none_or(|after| after > self.now),
                "a deadline that does not go away: {next:?} {after:?}"
            );
        }
        self.now = end.max(self.now);
    }

    pub(crate) fn index(&mut self) {
        let mut steps = 0;
        while self.phone.contacts_step(self.now, 8) {
            steps += 1;
            assert!(steps < 10_000, "the index never comes to rest");
        }
    }

    /// The server means well, and the page goes.
    pub(crate) fn end(&mut self) {
        (self.is_kind, self.is_quick) = (true, true);
        for (call, peer, request, what) in std::mem::take(&mut self.questions) {
            let event = good_media(&what);
            self.input(Input::Media { call, peer, request, event });
        }
        self.index();
        self.connect();
        self.run(60_000);
        self.input(Input::Leave);
        self.run(120_000);
        self.index();
    }

    /// As many answers as questions, of each id.
    pub(crate) fn check_asks(&self) {
        let mut open: BTreeMap<String, i64> = BTreeMap::new();
        for id in &self.asks {
            *open.entry(id.to_string()).or_default() += 1;
        }
        for answer in self.heard.iter().filter(|told| told["type"] == "softframe:response") {
            if let Some(count) = open.get_mut(&answer["id"].to_string()) {
                *count -= 1;
            }
        }
        let wrong: Vec<_> = open.iter().filter(|(_, count)| **count > 0).collect();
        assert!(wrong.is_empty(), "without an answer: {wrong:?}");
    }

    /// The rules of the protocol for all that a host page has heard.
    fn check_stories(&self) {
        let mut calls: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
        let mut last = None;
        for message in &self.heard {
            if let Some(seq) = message["seq"].as_u64() {
                assert!(last.is_none_or(|last| seq == last + 1), "a gap before {message}");
                last = Some(seq);
            }
            if message["type"].as_str().is_some_and(|kind| kind.starts_with("phone:")) {
                calls.entry(message["data"]["id"].to_string()).or_default().push(message);
            }
        }
        for (id, events) in calls {
            let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
            if kinds == ["phone:refused"] {
                continue;
            }
            let count = |kind: &str| kinds.iter().filter(|found| **found == kind).count();
            assert!(matches!(kinds.first(), Some(&("phone:calling" | "phone:ringing"))), "{id}: {kinds:?}");
            assert_eq!(count("phone:calling") + count("phone:ringing"), 1, "{id}: {kinds:?}");
            assert!(count("phone:accepted") <= 1, "{id}: {kinds:?}");
            assert_eq!(count("phone:terminated"), 1, "{id}: {kinds:?}");
            assert_eq!(kinds.last(), Some(&"phone:terminated"), "{id}: {kinds:?}");
            let data = events.last().map(|event| &event["data"]).unwrap_or(&Value::Null);
            let of = |key: &str| data[key].as_u64().unwrap_or(u64::MAX / 4);
            assert_eq!(of("total"), of("wait") + of("duration"), "{data}");
            assert_eq!(data["status"] == "answered", count("phone:accepted") == 1, "{data}");
        }
    }

    fn call(&self, bytes: &mut Bytes) -> CallId {
        let number = usize::from(bytes.octet());
        let count = self.calls.len();
        self.calls.iter().rev().nth(number % count.max(1)).copied().unwrap_or(CallId(number as u64))
    }

    fn act(&mut self, bytes: &mut Bytes) {
        match bytes.below(20) {
            0..=2 => self.command(bytes),
            3..=5 => self.person(bytes),
            6..=10 => {
                if let Some(octets) = self.peer.say(bytes) {
                    self.frame(octets);
                }
            }
            11 => self.browser(bytes),
            12 => self.is_quick = !self.is_quick,
            13 | 14 => self.run(bytes.pick(&[10, 0, 700, 4_000, 33_000, 70_000, 1_000_000])),
            15 => {
                if let Some(flow) = self.flow.take() {
                    self.input(Input::Socket { flow, event: SocketEvent::Closed });
                }
            }
            16 => self.connect(),
            17 => {
                let answer = self.peer.last_request().and_then(Peer::good_answer);
                answer.into_iter().for_each(|octets| self.frame(octets));
            }
            18 => self.acknowledge(),
            _ => self.machine(bytes),
        }
    }

    fn command(&mut self, bytes: &mut Bytes) {
        let template = bytes.pick(&host::MESSAGES);
        let id = format!("\"ask {}\"", self.asks.len());
        let text = template.replace("\"x\"", &id);
        self.asks.extend(host::ask(&text));
        self.host(&text);
    }

    fn person(&mut self, bytes: &mut Bytes) {
        let number =
            |bytes: &mut Bytes| bytes.pick(&["201", "+34600123456", "", "*21#", "sip:a@b", "112"]).to_owned();
        let action = match bytes.below(40) {
            0 => Action::CallNumber(number(bytes)),
            1 => Action::Answer(self.call(bytes), Answer::HoldOther),
            2 => Action::Answer(self.call(bytes), Answer::EndOther),
            3 => Action::Decline(self.call(bytes)),
            4 => Action::Silence(self.call(bytes)),
            5 => Action::End(self.call(bytes)),
            6 => Action::Hold(self.call(bytes), true),
            7 => Action::Hold(self.call(bytes), false),
            8 => Action::Mute(self.call(bytes), bytes.chance(2)),
            9 => Action::Swap(self.call(bytes)),
            10 => Action::CallKeypad(bytes.chance(2)),
            11 => Action::Key(bytes.pick(&['1', '#', 'é', '\0'])),
            12 => Action::PickTransfer(self.call(bytes)),
            13 => Action::Transfer(self.call(bytes), number(bytes)),
            14 => Action::Consult(self.call(bytes), number(bytes)),
            15 => Action::CompleteTransfer(self.call(bytes)),
            16 => Action::CancelTransfer,
            17 => Action::Browse(bytes.chance(2)),
            18 => Action::Done,
            19 => Action::CallAgain,
            20 => Action::Linger(bytes.chance(2)),
            21 => Action::DialField(bytes.text(12)),
            22 => Action::Call,
            23 => Action::Highlight(Some(bytes.below(6))),
            24 => Action::Fill(bytes.below(6)),
            25 => Action::ContactSearch(bytes.text(8)),
            26 => Action::RecentSearch(bytes.text(8)),
            27 => Action::Tab(bytes.pick(&[Tab::Keypad, Tab::Contacts, Tab::Recents])),
            28 => Action::OpenContact(bytes.text(8)),
            29 => Action::Undo,
            30 => Action::Back,
            31 => Action::CloseSheet,
            32 => Action::Status(bytes.pick(&["online", "busy", "away", "x"]).to_owned()),
            33 => Action::DoNotDisturb(bytes.chance(2)),
            34 => Action::Confirm(bytes.chance(2)),
            35 => Action::TryNow,
            36 => Action::TryAgain,
            37 => Action::RemoveAllContacts,
            38 => bytes
                .pick(&[
                    &Action::OpenStatus,
                    &Action::OpenSettings,
                    &Action::OpenRoute,
                    &Action::SoundOn,
                    &Action::CloseToast,
                    &Action::ChangeServer,
                    &Action::OnlyMissed(true),
                    &Action::SingleKeys(true),
                    &Action::Theme(Theme::Dark),
                    &Action::Consent(Consent::Allow),
                    &Action::Consent(Consent::No),
                ])
                .clone(),
            _ if bytes.chance(4) => Action::SignOut,
            _ => {
                Action::SignIn { server: "wss://a.test/ws".into(), user: number(bytes), password: "x".into() }
            }
        };
        self.input(Input::Action(action));
    }

    /// An answer of the browser, good or bad or to nothing, or news of a peer.
    fn browser(&mut self, bytes: &mut Bytes) {
        let kind = bytes.below(10);
        if kind < 5 && !self.questions.is_empty() {
            let (call, peer, request, what) = self.questions.remove(bytes.below(self.questions.len()));
            let event = match kind {
                0..=2 => good_media(&what),
                3 => MediaEvent::Failed(bytes.pick(&[
                    MediaError::Denied,
                    MediaError::Description,
                    MediaError::Other,
                    MediaError::NoDevice,
                ])),
                _ => MediaEvent::Offer("v=0 no description".to_owned()),
            };
            return self.input(Input::Media { call, peer, request, event });
        }
        let count = self.peers.len();
        let Some((call, peer)) = self.peers.iter().nth(bytes.below(count.max(1))).copied() else { return };
        let event = match kind {
            0 | 5 => MediaEvent::State(PeerState::Connected),
            1 | 6 => MediaEvent::State(PeerState::Disconnected),
            2 | 7 => MediaEvent::State(PeerState::Failed),
            3 | 8 => MediaEvent::State(PeerState::Dead),
            4 => MediaEvent::KeysFailed("5".into()),
            _ => MediaEvent::MicrophoneLost,
        };
        self.input(Input::Media { call, peer, request: None, event });
    }

    /// Files, the store, the network and the clock on the wall.
    fn machine(&mut self, bytes: &mut Bytes) {
        let input = match bytes.below(16) {
            0 => Input::File(FileEvent::Begin { file: 1, name: "a.vcf".into(), size: 90 }),
            1 => Input::File(FileEvent::Chunk {
                file: 1,
                octets: b"BEGIN:VCARD\nFN:A\nTEL:201\nEND:VCARD\n".to_vec(),
            }),
            2 => Input::File(FileEvent::Chunk { file: 1, octets: bytes.piece(80).to_vec() }),
            3 if bytes.chance(4) => Input::File(FileEvent::Broken { file: 1 }),
            3 => Input::File(FileEvent::End { file: 1 }),
            4 => Input::File(FileEvent::Refused { name: "a.txt".into() }),
            5 => Input::StorageFailed(bytes.pick(&[
                StorageError::Blocked,
                StorageError::Quota,
                StorageError::Damaged,
            ])),
            6 => Input::Wall(START + u64::from(bytes.octet()) * 1_000_000),
            7 => Input::Wall(bytes.pick(&[0, u64::MAX])),
            8 => Input::Online(bytes.chance(2)),
            9 => Input::Speakers(vec![("1".into(), "One".into())]),
            10 => Input::MicrophoneBlocked(bytes.chance(2)),
            11 => Input::SoundBlocked,
            12 => Input::Host(HostInput::Message { text: bytes.text(60), held: bytes.chance(2) }),
            13 => {
                let (space, key) = (
                    self.space.clone().unwrap_or_default(),
                    bytes.pick(&["contacts/0000000100000000.0", "history/5"]).to_owned(),
                );
                Input::Loaded { space, key, value: bytes.piece(60).to_vec() }
            }
            14 => Input::LoadEnd { space: self.space.clone().unwrap_or_default() },
            _ => return self.index(),
        };
        self.input(input);
    }
}

fn good_media(what: &MediaRequest) -> MediaEvent {
    match what {
        MediaRequest::Offer { .. } => MediaEvent::Offer(bodies::CHROMIUM.to_owned()),
        MediaRequest::Answer { .. } => MediaEvent::Answer(bodies::CHROMIUM.to_owned()),
        _ => MediaEvent::Applied,
    }
}
