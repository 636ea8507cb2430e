//! Phones and the server's exchange on one virtual clock: real frames, real state, canned descriptions.
//!
//! It never sleeps and never mocks a part of ours; only the browser's media answers are canned.

use serde_json::Value;
use softframe_phone::{
    Action, Answer, CallId, FlowId, HostInput, Input, Instant, MediaError, MediaEvent, MediaRequest,
    MediaStats, Output, Phone, SocketEvent, Sound, StorageError, StoreRequest, view::View,
};
use softframe_server::core::{self, Exchange, Trust};
use std::collections::{BTreeMap, BTreeSet};

/// The domain of every world.
pub const DOMAIN: &str = "softframe.test";
/// The wall clock at the start: 2023-05-21T15:10:19.342Z, as in the published payloads.
pub const START: u64 = 1_684_681_819_342;
/// No test needs more steps; a loop without end fails instead.
const MAX_STEPS: usize = 100_000;

/// Units of indexing at a time between what a store gives early and late.
const STEP_OF_LOADED: u32 = 4;

/// What the microphone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Microphone {
    /// Answers at once.
    Works,
    /// Every first request fails so.
    Fails(MediaError),
    /// Answers after so many milliseconds.
    Slow(u64),
    /// The prompt stays open.
    Silent,
}

/// A phone, its browser and its host page.
pub struct Station {
    /// The phone.
    pub phone: Phone,
    /// Its microphone.
    pub microphone: Microphone,
    /// Messages to the host page, oldest first.
    pub heard: Vec<Value>,
    /// What was played.
    pub sounds: Vec<Sound>,
    /// The store, by space and key.
    pub store: BTreeMap<(String, String), Vec<u8>>,
    /// The store takes nothing more.
    pub is_full: bool,
    /// What the store has under this beginning of a key it did not take and gives from memory: last, when what came before is
    /// indexed already.
    pub given_last: Option<&'static str>,
    /// Media requests, oldest first.
    pub media: Vec<MediaRequest>,
    /// Journal entries that stand.
    pub journal: BTreeMap<CallId, softframe_phone::JournalEntry>,
    /// Calls that ended with the page, for the recents of the next.
    pub left: Vec<softframe_phone::JournalEntry>,
    /// Grants the person gave: lasting or not.
    pub grants: Vec<bool>,
    /// Announcements, by message id.
    pub announced: Vec<&'static str>,
    /// The same, whole.
    pub announced_texts: Vec<softframe_phone::view::Text>,
    /// What was said to other tabs.
    pub tabs: Vec<softframe_phone::TabRequest>,
    /// Texts that the person was given as files.
    pub saved: Vec<String>,
    /// Where voices were sent, in order; empty: the system's.
    pub speakers: Vec<String>,
    /// What the browser was told to use, in order.
    pub devices: Vec<softframe_phone::Devices>,
    /// What was sent to headsets: which, number and octets of the report.
    pub reports: Vec<(u32, u8, Vec<u8>)>,
    /// What media keys stand for.
    pub lights: softframe_phone::Lights,
    /// SIP frames it sent, as text.
    pub sent: Vec<String>,
    /// Peers that were opened and not closed.
    pub peers: BTreeSet<(CallId, softframe_phone::PeerId)>,
    /// Those that were asked for more than to read an offer: for the microphone.
    asked: BTreeSet<(CallId, softframe_phone::PeerId)>,
    /// Opens no socket while false.
    pub network: bool,
    /// Frames are lost without a close while true.
    pub frozen: bool,
    /// What each second of a call brings; `None`: the browser counts nothing.
    pub sound: Option<MediaStats>,
    counted: MediaStats,
    flows: BTreeMap<FlowId, FlowId>,
    offers: u64,
}

/// Stations and the exchange between them.
pub struct World {
    /// The clock.
    pub now: Instant,
    /// The stations, by number.
    pub stations: Vec<Station>,
    exchange: Exchange,
    next_flow: u64,
    /// What slow browsers will say, and when.
    coming: Vec<(Instant, usize, Input)>,
}

/// A description in Chromium's shape.
pub fn description(number: u64, direction: &str) -> String {
    format!(
        "v=0\r\no=- {number} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=extmap-allow-mixed\r\n\
         a=msid-semantic: WMS\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 126\r\nc=IN IP4 0.0.0.0\r\n\
         a=rtcp:9 IN IP4 0.0.0.0\r\na=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host generation 0\r\n\
         a=ice-ufrag:ab{number}\r\na=ice-pwd:0123456789012345678901\r\na=ice-options:trickle\r\n\
         a=fingerprint:sha-256 AA:BB:CC:DD\r\na=setup:actpass\r\na=mid:0\r\na={direction}\r\na=rtcp-mux\r\n\
         a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:126 telephone-event/8000\r\n"
    )
}

impl Default for World {
    fn default() -> World {
        World::new()
    }
}

impl World {
    /// An exchange with the users 200 to 203, whose passwords are `secret-200` …
    pub fn new() -> World {
        let users = ["200", "201", "202", "203"].map(|user| (user.to_owned(), format!("secret-{user}")));
        let config = core::Config {
            domain: DOMAIN.to_owned(),
            aliases: Vec::new(),
            users: BTreeMap::from(users),
            other_numbers: None,
        };
        let exchange = Exchange::new(config, [9; 32]);
        World { now: Instant(1_000), stations: Vec::new(), exchange, next_flow: 1, coming: Vec::new() }
    }

    /// Two phones, 200 and 201, registered, each with a trusted host page that has heard `logged`.
    pub fn pair() -> World {
        let mut world = World::new();
        for user in ["200", "201"] {
            let station = world.station();
            world.trust(station);
            world.boot(station, &world.kiosk(user, &format!("secret-{user}"), ""));
        }
        world.run(1_000);
        for station in &mut world.stations {
            assert_eq!(station.kinds("logged").len(), 1, "{:?}", station.heard);
            station.heard.clear();
        }
        world
    }

    /// A configuration that signs in by itself; `more` are further keys.
    pub fn kiosk(&self, user: &str, password: &str, more: &str) -> String {
        format!(
            r#"{{"server":"wss://{DOMAIN}/ws","domain":"{DOMAIN}","team":"Dev_Team",{more}
                "account":{{"user":"{user}","password":"{password}"}}}}"#
        )
    }

    /// A new station, nothing told to it.
    pub fn station(&mut self) -> usize {
        let number = self.stations.len();
        self.stations.push(Station {
            phone: Phone::new([number as u8 + 1; 32]),
            microphone: Microphone::Works,
            sound: None,
            counted: MediaStats::default(),
            heard: Vec::new(),
            sounds: Vec::new(),
            store: BTreeMap::new(),
            is_full: false,
            given_last: None,
            media: Vec::new(),
            journal: BTreeMap::new(),
            left: Vec::new(),
            grants: Vec::new(),
            announced: Vec::new(),
            announced_texts: Vec::new(),
            saved: Vec::new(),
            tabs: Vec::new(),
            speakers: Vec::new(),
            devices: Vec::new(),
            reports: Vec::new(),
            lights: softframe_phone::Lights::default(),
            sent: Vec::new(),
            peers: BTreeSet::new(),
            asked: BTreeSet::new(),
            network: true,
            frozen: false,
            flows: BTreeMap::new(),
            offers: number as u64 * 1_000,
        });
        number
    }

    /// Wall clock, configuration and what the store holds of the device.
    pub fn boot(&mut self, station: usize, config: &str) {
        let wall = START + self.now.0 - 1_000;
        self.input(station, Input::Wall(wall));
        self.input(station, Input::Config(Some(config.to_owned())));
        let device = self.stations[station].values("device");
        self.input(station, Input::Restored(device));
    }

    /// The embedding page is trusted.
    pub fn trust(&mut self, station: usize) {
        let chain = vec!["https://crm.example".to_owned()];
        self.input(station, Input::Host(HostInput::Trusted { chain, listed: true }));
    }

    /// A message of the host page.
    pub fn host(&mut self, station: usize, message: &str) {
        let text = message.to_owned();
        self.input(station, Input::Host(HostInput::Message { text, held: false }));
    }

    /// What the person does.
    pub fn act(&mut self, station: usize, action: Action) {
        self.input(station, Input::Action(action));
    }

    /// Answers the call that rings.
    pub fn answer(&mut self, station: usize) {
        let call = self.ringing(station);
        self.act(station, Action::Answer(call, Answer::HoldOther));
    }

    /// The call that rings, by the screen.
    pub fn ringing(&self, station: usize) -> CallId {
        use softframe_phone::view::{Screen, Sheet};
        let view = self.view(station);
        match (view.screen, view.sheet) {
            (Screen::Incoming(incoming), _) => incoming.call,
            (_, Some(Sheet::SecondIncoming(incoming))) => incoming.call,
            other => panic!("nothing rings: {other:?}"),
        }
    }

    /// The call in front, by the screen.
    pub fn front(&self, station: usize) -> CallId {
        match self.view(station).screen {
            softframe_phone::view::Screen::Call(call) => call.call,
            other => panic!("no call: {other:?}"),
        }
    }

    /// The screen now.
    pub fn view(&self, station: usize) -> View {
        self.stations[station].phone.view(self.now)
    }

    /// One input, and all that follows from it at once.
    pub fn input(&mut self, station: usize, input: Input) {
        self.stations[station].phone.handle_input(self.now, input);
        self.settle();
    }

    /// Lets `millis` pass.
    pub fn run(&mut self, millis: u64) {
        let end = self.now.after(millis);
        for _ in 0..MAX_STEPS {
            self.settle();
            let phones = self.stations.iter().filter_map(|station| station.phone.poll_timeout());
            let coming = self.coming.iter().map(|(at, _, _)| *at);
            let next = phones.chain(self.exchange.poll_timeout()).chain(coming).min();
            match next.filter(|next| *next <= end) {
                Some(next) => {
                    self.now = next.max(self.now);
                    self.tick();
                }
                None => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the world does not come to rest at {:?}", self.now);
    }

    fn tick(&mut self) {
        let now = self.now;
        // In the order asked: a browser works through its own queue.
        while let Some(at) = self.coming.iter().position(|(at, _, _)| *at <= now) {
            let (_, station, input) = self.coming.remove(at);
            self.input(station, input);
        }
        for station in &mut self.stations {
            if station.phone.poll_timeout().is_some_and(|at| at <= now) {
                station.phone.handle_input(now, Input::Timeout);
            }
        }
        if self.exchange.poll_timeout().is_some_and(|at| at <= now) {
            self.exchange.handle_input(now, core::Input::Timeout);
        }
    }

    /// The station's socket closes.
    pub fn cut(&mut self, station: usize) {
        for (own, outer) in std::mem::take(&mut self.stations[station].flows) {
            self.exchange.handle_input(self.now, core::Input::Closed(outer));
            self.input(station, Input::Socket { flow: own, event: SocketEvent::Closed });
        }
    }

    /// The server says this to the station, whatever it is.
    pub fn frame(&mut self, station: usize, octets: &[u8]) {
        for (own, _) in self.stations[station].flows.clone() {
            self.input(station, Input::Socket { flow: own, event: SocketEvent::Frame(octets.to_vec()) });
        }
    }

    /// The server forgets all bindings.
    pub fn restart_server(&mut self) {
        self.exchange.handle_input(self.now, core::Input::Restarted);
        self.settle();
    }

    /// Who is registered, by flow.
    pub fn bindings(&self, user: &str) -> usize {
        self.exchange.whereabouts(self.now).iter().filter(|binding| binding.user == user).count()
    }

    /// Delivers everything until nobody has anything to say.
    pub fn settle(&mut self) {
        for _ in 0..MAX_STEPS {
            let mut quiet = true;
            for number in 0..self.stations.len() {
                while let Some(output) = self.stations[number].phone.poll_output() {
                    quiet = false;
                    self.perform(number, output);
                }
            }
            while let Some(output) = self.exchange.poll_output() {
                quiet = false;
                self.deliver(output);
            }
            if quiet {
                return;
            }
        }
        panic!("the world does not settle at {:?}", self.now);
    }

    fn deliver(&mut self, output: core::Output) {
        let core::Output::Transmit(outer, frame) = output else { return };
        let now = self.now;
        for station in &mut self.stations {
            let own = station.flows.iter().find(|(_, flow)| **flow == outer).map(|(own, _)| *own);
            if let Some(flow) = own.filter(|_| !station.frozen) {
                let event = SocketEvent::Frame(frame);
                station.phone.handle_input(now, Input::Socket { flow, event });
                return;
            }
        }
    }

    fn perform(&mut self, number: usize, output: Output) {
        let now = self.now;
        match output {
            Output::Connect { flow, .. } => self.connect(number, flow),
            Output::Disconnect { flow } => {
                if let Some(outer) = self.stations[number].flows.remove(&flow) {
                    self.exchange.handle_input(now, core::Input::Closed(outer));
                }
            }
            Output::Transmit { flow, frame } => {
                let station = &mut self.stations[number];
                station.sent.push(String::from_utf8_lossy(&frame).into_owned());
                if let Some(outer) = station.flows.get(&flow).filter(|_| !station.frozen) {
                    self.exchange.handle_input(now, core::Input::Frame(*outer, frame));
                }
            }
            Output::Media { call, peer, request, what } => self.media(number, call, peer, request, what),
            Output::Store(request) => self.keep(number, request),
            other => self.stations[number].note(other),
        }
    }

    fn connect(&mut self, number: usize, flow: FlowId) {
        let now = self.now;
        let station = &mut self.stations[number];
        if !station.network {
            station.phone.handle_input(now, Input::Socket { flow, event: SocketEvent::Closed });
            return;
        }
        let outer = FlowId(self.next_flow);
        self.next_flow += 1;
        station.flows.insert(flow, outer);
        self.exchange.handle_input(now, core::Input::Opened(outer, Trust::Challenged));
        station.phone.handle_input(now, Input::Socket { flow, event: SocketEvent::Opened });
    }

    fn media(
        &mut self,
        number: usize,
        call: CallId,
        peer: softframe_phone::PeerId,
        request: Option<softframe_phone::RequestId>,
        what: MediaRequest,
    ) {
        let now = self.now;
        let station = &mut self.stations[number];
        if what == MediaRequest::Measure {
            if let Some(event) = station.measure() {
                station.phone.handle_input(now, Input::Media { call, peer, request: None, event });
            }
            return;
        }
        station.peers.insert((call, peer));
        let first = !matches!(what, MediaRequest::Prepare { .. }) && station.asked.insert((call, peer));
        if what == MediaRequest::Close {
            station.peers.remove(&(call, peer));
        }
        station.offers += 1;
        let direction = |send: bool| if send { "sendrecv" } else { "sendonly" };
        let event = match &what {
            MediaRequest::Offer { send, .. } => {
                Some(MediaEvent::Offer(description(station.offers, direction(*send))))
            }
            MediaRequest::Answer { offer, send } => {
                let direction = match (offer.contains("a=sendonly"), send) {
                    (true, true) => "recvonly",
                    (true, false) => "inactive",
                    (false, send) => direction(*send),
                };
                Some(MediaEvent::Answer(description(station.offers, direction)))
            }
            MediaRequest::RingOffer => Some(MediaEvent::Offer(description(station.offers, "sendrecv"))),
            MediaRequest::Accept { .. }
            | MediaRequest::Settle { .. }
            | MediaRequest::Rollback
            | MediaRequest::Microphone => Some(MediaEvent::Applied),
            MediaRequest::Prepare { .. }
            | MediaRequest::Agreed
            | MediaRequest::Mute(_)
            | MediaRequest::Dtmf(_)
            | MediaRequest::Mix(_)
            | MediaRequest::Measure
            | MediaRequest::Close => None,
        };
        station.media.push(what);
        let slow = match station.microphone {
            Microphone::Slow(millis) => Some(now.after(millis)),
            Microphone::Works | Microphone::Fails(_) | Microphone::Silent => None,
        };
        let event = match station.microphone {
            Microphone::Works | Microphone::Slow(_) => event,
            Microphone::Fails(error) if first => event.map(|_| MediaEvent::Failed(error)),
            Microphone::Fails(_) => event,
            Microphone::Silent => None,
        };
        if let (Some(event), Some(_)) = (event, request) {
            let input = Input::Media { call, peer, request, event };
            match slow {
                Some(at) => self.coming.push((at, number, input)),
                None => station.phone.handle_input(now, input),
            }
        }
    }

    fn keep(&mut self, number: usize, request: StoreRequest) {
        let now = self.now;
        let station = &mut self.stations[number];
        match request {
            StoreRequest::Put { .. } if station.is_full => {
                station.phone.handle_input(now, Input::StorageFailed(StorageError::Quota));
            }
            StoreRequest::Put { space, key, value } => {
                station.store.insert((space, key), value);
            }
            StoreRequest::Delete { space, prefix } => {
                station.store.retain(|(of, key), _| *of != space || !key.starts_with(&prefix));
            }
            StoreRequest::Load { space, prefix } => {
                let last = station.given_last;
                let is_last = |key: &str| last.is_some_and(|last| key.starts_with(last));
                for waits in [false, true] {
                    for (key, value) in station.values(&space) {
                        if key.starts_with(&prefix) && is_last(&key) == waits {
                            let space = space.clone();
                            station.phone.handle_input(now, Input::Loaded { space, key, value });
                        }
                    }
                    while last.is_some() && station.phone.contacts_step(now, STEP_OF_LOADED) {}
                }
                station.phone.handle_input(now, Input::LoadEnd { space });
            }
        }
    }
}

impl Station {
    fn note(&mut self, output: Output) {
        match output {
            Output::Host { message, .. } => {
                self.heard.push(serde_json::from_str(&message).expect("messages to the host are JSON"));
            }
            Output::Journal { call, entry: Some(entry) } if entry.told => {
                self.journal.remove(&call);
                self.left.push(entry);
            }
            Output::Journal { call, entry: Some(entry) } => {
                self.journal.insert(call, entry);
            }
            Output::Journal { call, entry: None } => {
                self.journal.remove(&call);
            }
            Output::Sound(sound) => self.sounds.push(sound),
            Output::Grant { lasting } => self.grants.push(lasting),
            Output::Announce { text, .. } => {
                self.announced.push(text.id);
                self.announced_texts.push(text);
            }
            Output::Tab(request) => self.tabs.push(request),
            Output::Save { text, .. } => self.saved.push(text),
            Output::Speaker(speaker) => self.speakers.push(speaker),
            Output::Devices(devices) => self.devices.push(devices),
            Output::HeadsetReport { headset, report, octets } => self.reports.push((headset, report, octets)),
            Output::Lights(lights) => self.lights = lights,
            Output::Account(_)
            | Output::AskHeadset
            | Output::Warn(_)
            | Output::FetchAccount { .. }
            | Output::Keep(_)
            | Output::RingWith(_)
            | Output::Post { .. }
            | Output::RelayOpen { .. }
            | Output::RelaySend(_)
            | Output::RelayClose
            | Output::Render
            | Output::Check
            | Output::Index => {}
            Output::Connect { .. }
            | Output::Disconnect { .. }
            | Output::Transmit { .. }
            | Output::Media { .. }
            | Output::Store(_) => unreachable!("performed by the world"),
        }
    }

    /// A second has passed.
    fn measure(&mut self) -> Option<MediaEvent> {
        let second = self.sound?;
        let (received, lost) = (self.counted.received + second.received, self.counted.lost + second.lost);
        self.counted = MediaStats { received, lost, ..second };
        Some(MediaEvent::Stats(self.counted))
    }

    fn values(&self, space: &str) -> Vec<(String, Vec<u8>)> {
        let own = self.store.iter().filter(|((of, _), _)| of == space);
        own.map(|((_, key), value)| (key.clone(), value.clone())).collect()
    }

    /// The data of all messages of this type.
    pub fn kinds(&self, kind: &str) -> Vec<&Value> {
        self.heard.iter().filter(|message| message["type"] == kind).map(|message| &message["data"]).collect()
    }

    /// The types of all `phone:*` messages in order.
    pub fn ladder(&self) -> Vec<&str> {
        let kinds = self.heard.iter().filter_map(|message| message["type"].as_str());
        kinds.filter(|kind| kind.starts_with("phone:")).collect()
    }

    /// The last message of this type.
    pub fn last(&self, kind: &str) -> &Value {
        self.kinds(kind).pop().unwrap_or_else(|| panic!("no {kind} in {:#?}", self.heard))
    }

    /// The response to this id.
    pub fn response(&self, id: &str) -> &Value {
        let found: Vec<&Value> = self
            .heard
            .iter()
            .filter(|message| message["type"] == "softframe:response" && message["id"] == id)
            .collect();
        assert_eq!(found.len(), 1, "one response to {id}: {:#?}", self.heard);
        found[0]
    }
}
