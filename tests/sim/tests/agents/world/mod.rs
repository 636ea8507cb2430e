//! A virtual world: phones, a link with a delay, and a small registrar and proxy, all on one clock. What crosses the
//! link is written down as a ladder. Never reads a real clock and never sleeps.

mod hits;
mod proxy;

pub(crate) use hits::Hits;
use proxy::Proxy;
use softframe_server::core::{self, Exchange, Trust};

use softframe_sip::{
    Command, Config, ConnectionState, EndedBy, Event, FlowId, Input, Instant, Output, Secret, SessionId,
    UserAgent,
    wire::{Frame, Message},
};
use std::collections::BTreeMap;

/// Milliseconds a message takes from one end to the other.
pub(crate) const DELAY: u64 = 10;
pub(crate) const PASSWORD: &str = "secret";
pub(crate) const OFFER: &str = "v=0 the offer";
pub(crate) const ANSWER: &str = "v=0 the answer";

/// Makes a damaged copy of a frame, or none.
type Damage = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>>>;

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) phones: Vec<Phone>,
    pub(crate) proxy: Proxy,
    /// The core of the real server, which then stands in the place of `proxy`.
    pub(crate) server: Option<Exchange>,
    /// Frames to phones come a second time as this makes them.
    pub(crate) damage: Option<Damage>,
    pub(crate) damaged: usize,
    /// What came in which state.
    pub(crate) hits: Hits,
    queue: BTreeMap<(u64, u64), Delivery>,
    sent: u64,
    /// What crossed the link: of which phone, in which direction. Read when it is looked at, which few of many worlds do.
    ladder: Vec<(usize, char, Vec<u8>)>,
}

pub(crate) struct Phone {
    pub(crate) name: &'static str,
    pub(crate) agent: UserAgent,
    pub(crate) events: Vec<Event>,
    /// Whether a socket can be opened.
    pub(crate) reachable: bool,
    /// The one address at which none can.
    pub(crate) dead_edge: Option<&'static str>,
    /// Addresses at which sockets were opened, oldest first.
    pub(crate) edges: Vec<String>,
    /// Whether what is sent in either direction disappears, without the socket being closed.
    pub(crate) frozen: bool,
    /// Frames it sent.
    sent: Vec<Vec<u8>>,
    /// The last 200 to an INVITE that came, to be played again.
    pub(crate) last_200: Option<Vec<u8>>,
    flow: Option<FlowId>,
}

enum Delivery {
    Opened(usize, FlowId),
    Refused(usize, FlowId),
    ToProxy(usize, FlowId, Vec<u8>),
    ToPhone(usize, FlowId, Vec<u8>),
}

pub(crate) fn config(user: &str, password: &str) -> Config {
    Config {
        servers: vec!["wss://sip.test/ws".to_owned()],
        user: user.to_owned(),
        domain: "sip.test".to_owned(),
        auth_user: None,
        display_name: None,
        secret: Secret::Password(password.to_owned()),
        instance: format!("00000000-0000-4000-8000-000000000{user}"),
        expires: 600,
        user_agent: "Softframe".to_owned(),
    }
}

/// A body that says what it is.
pub(crate) fn sdp(text: &str) -> Vec<u8> {
    format!("v=0 {text}").into_bytes()
}

impl World {
    /// Phones of these names, not yet signed in.
    pub(crate) fn new(names: &[&'static str]) -> World {
        World::with(names.iter().map(|name| (*name, config(name, PASSWORD))).collect())
    }

    pub(crate) fn with(phones: Vec<(&'static str, Config)>) -> World {
        let phones = phones.into_iter().enumerate().map(|(index, (name, config))| {
            let seed = [u8::try_from(index).expect("few phones") + 1; 32];
            let agent = UserAgent::new(config, seed);
            Phone {
                name,
                agent,
                events: Vec::new(),
                sent: Vec::new(),
                reachable: true,
                dead_edge: None,
                edges: Vec::new(),
                frozen: false,
                last_200: None,
                flow: None,
            }
        });
        World {
            now: 0,
            phones: phones.collect(),
            proxy: Proxy::new(),
            server: None,
            damage: None,
            damaged: 0,
            hits: Hits::default(),
            queue: BTreeMap::new(),
            sent: 0,
            ladder: Vec::new(),
        }
    }

    /// The real server's core between phones that are registered with it.
    pub(crate) fn with_server(names: &[&'static str]) -> World {
        let users = names.iter().map(|name| ((*name).to_owned(), PASSWORD.to_owned())).collect();
        let config =
            core::Config { domain: "sip.test".to_owned(), aliases: Vec::new(), users, other_numbers: None };
        let mut world = World::new(names);
        world.server = Some(Exchange::new(config, [99; 32]));
        world.register_all();
        world
    }

    /// Phones that are registered, with empty ladders and no events.
    pub(crate) fn registered(names: &[&'static str]) -> World {
        let mut world = World::new(names);
        world.register_all();
        world
    }

    fn register_all(&mut self) {
        for phone in 0..self.phones.len() {
            self.command(phone, Command::Register);
        }
        self.run(1_000);
        for phone in &mut self.phones {
            let last = phone.events.iter().rev().find_map(|event| match event {
                Event::Connection(connection) => Some(connection.state),
                _ => None,
            });
            assert_eq!(last, Some(ConnectionState::Registered), "{}", phone.name);
            phone.events.clear();
        }
        self.ladder.clear();
    }

    pub(crate) fn command(&mut self, phone: usize, command: Command) {
        self.input(phone, Input::Command(command));
    }

    pub(crate) fn input(&mut self, phone: usize, input: Input) {
        let seen = self.hits.before(phone, &self.phones[phone].agent, &input);
        self.phones[phone].agent.handle_input(Instant(self.now), input);
        self.hits.count(seen);
        self.drain(phone);
    }

    /// Lets `millis` pass.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.now + millis;
        while let Some(next) = self.next_moment().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.step();
        }
        self.now = end;
    }

    fn next_moment(&self) -> Option<u64> {
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        let timers = self.phones.iter().filter_map(|phone| phone.agent.poll_timeout()).map(|at| at.0);
        let server = self.server.as_ref().and_then(Exchange::poll_timeout).map(|at| at.0);
        queued.into_iter().chain(timers).chain(server).min()
    }

    fn step(&mut self) {
        let due = self.queue.keys().next().copied().filter(|(at, _)| *at <= self.now);
        if let Some(key) = due {
            let delivery = self.queue.remove(&key).expect("just seen");
            return self.deliver(delivery);
        }
        let server = self.server.as_ref().and_then(Exchange::poll_timeout);
        if server.is_some_and(|at| at.0 <= self.now) {
            self.server_input(core::Input::Timeout);
        }
        for phone in 0..self.phones.len() {
            if self.phones[phone].agent.poll_timeout().is_some_and(|at| at.0 <= self.now) {
                let before = self.phones[phone].agent.poll_timeout();
                self.input(phone, Input::Timeout);
                let after = self.phones[phone].agent.poll_timeout();
                assert_ne!(before, after, "{}: a deadline that does not go away", self.phones[phone].name);
            }
        }
    }

    fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Opened(phone, flow) => {
                self.phones[phone].flow = Some(flow);
                self.server_input(core::Input::Opened(seen_from_server(phone, flow), Trust::Challenged));
                self.input(phone, Input::Connected(flow));
            }
            Delivery::Refused(phone, flow) => self.input(phone, Input::Disconnected(flow)),
            Delivery::ToProxy(phone, flow, octets) if self.phones[phone].flow == Some(flow) => {
                if self.phones[phone].frozen {
                    return;
                }
                if self.server.is_some() {
                    return self.server_input(core::Input::Frame(seen_from_server(phone, flow), octets));
                }
                for (to, octets) in self.proxy.receive(phone, octets) {
                    self.send_to_phone(to, octets);
                }
            }
            Delivery::ToPhone(phone, flow, octets) if self.phones[phone].flow == Some(flow) => {
                if self.phones[phone].frozen {
                    return;
                }
                self.note(phone, '<', &octets);
                if octets.starts_with(b"SIP/2.0 200") && octets.windows(6).any(|window| window == b"INVITE") {
                    self.phones[phone].last_200 = Some(octets.clone());
                }
                let copy = self.damage.as_mut().and_then(|damage| damage(&octets));
                self.input(phone, Input::Frame(flow, octets));
                if let Some(copy) = copy {
                    self.damaged += 1;
                    self.input(phone, Input::Frame(flow, copy));
                }
            }
            Delivery::ToProxy(..) | Delivery::ToPhone(..) => {}
        }
    }

    fn lost(&mut self, phone: usize, flow: FlowId) {
        self.proxy.lost(phone);
        self.server_input(core::Input::Closed(seen_from_server(phone, flow)));
    }

    fn server_input(&mut self, input: core::Input) {
        let Some(server) = &mut self.server else { return };
        server.handle_input(Instant(self.now), input);
        let mut sent = Vec::new();
        while let Some(output) = server.poll_output() {
            match output {
                core::Output::Transmit(flow, octets) => sent.push((flow, octets)),
                core::Output::Dropped(_, reason) => {
                    assert!(self.damaged > 0, "a phone sent what is no message: {reason}");
                }
            }
        }
        for (flow, octets) in sent {
            let (phone, flow) = seen_from_phone(flow);
            self.push(Delivery::ToPhone(phone, flow, octets));
        }
    }

    /// The proxy side sends, on the phone's present flow.
    pub(crate) fn send_to_phone(&mut self, phone: usize, octets: Vec<u8>) {
        if let Some(flow) = self.phones[phone].flow {
            self.push(Delivery::ToPhone(phone, flow, octets));
        }
    }

    fn push(&mut self, delivery: Delivery) {
        self.sent += 1;
        self.queue.insert((self.now + DELAY, self.sent), delivery);
    }

    fn drain(&mut self, phone: usize) {
        while let Some(output) = self.phones[phone].agent.poll_output() {
            match output {
                Output::Connect { flow, url }
                    if self.phones[phone].reachable && self.phones[phone].dead_edge != Some(&url) =>
                {
                    self.phones[phone].edges.push(url);
                    self.push(Delivery::Opened(phone, flow));
                }
                Output::Connect { flow, .. } => self.push(Delivery::Refused(phone, flow)),
                Output::Disconnect(flow) => {
                    if self.phones[phone].flow == Some(flow) {
                        self.phones[phone].flow = None;
                        self.lost(phone, flow);
                    }
                }
                Output::Transmit(flow, octets) => {
                    self.note(phone, '>', &octets);
                    self.phones[phone].sent.push(octets.clone());
                    self.push(Delivery::ToProxy(phone, flow, octets));
                }
                Output::Event(event) => {
                    self.hits.told(phone, &event);
                    self.phones[phone].events.push(event);
                }
            }
        }
    }

    /// The messages that a phone sent, oldest first.
    pub(crate) fn sent(&self, phone: usize) -> impl DoubleEndedIterator<Item = Message> {
        self.phones[phone].sent.iter().filter_map(|octets| Message::parse(octets.clone()).ok())
    }

    /// Of these the requests, without REGISTER.
    pub(crate) fn requests(&self, phone: usize) -> impl Iterator<Item = Message> {
        let is_one = |octets: &&Vec<u8>| !octets.starts_with(b"SIP/2.0") && !octets.starts_with(b"REGISTER");
        self.phones[phone].sent.iter().filter(is_one).filter_map(|octets| Message::parse(octets.clone()).ok())
    }

    /// Whether a phone has an open socket.
    pub(crate) fn is_open(&self, phone: usize) -> bool {
        self.phones[phone].flow.is_some()
    }

    /// The socket closes, as both sides see it.
    pub(crate) fn cut(&mut self, phone: usize) {
        let flow = self.phones[phone].flow.take().expect("an open flow");
        self.lost(phone, flow);
        self.input(phone, Input::Disconnected(flow));
    }

    fn note(&mut self, phone: usize, direction: char, octets: &[u8]) {
        self.ladder.push((phone, direction, octets.to_vec()));
    }

    /// What crossed the link since the last call, without keep-alives.
    pub(crate) fn ladder(&mut self) -> Vec<String> {
        let is_ping = |line: &str| ["ping", "pong", "OPTIONS"].iter().any(|ping| line.ends_with(ping));
        self.whole_ladder().into_iter().filter(|line| !is_ping(line)).collect()
    }

    /// The same with keep-alives.
    pub(crate) fn whole_ladder(&mut self) -> Vec<String> {
        let line = |(phone, direction, octets): (usize, char, Vec<u8>)| {
            let what = match Frame::read(octets) {
                Frame::Ping => "ping".to_owned(),
                Frame::Pong => "pong".to_owned(),
                Frame::Malformed(malformed) => format!("malformed: {malformed}"),
                Frame::Message(message) => summary(&message),
            };
            format!("{} {direction} {what}", self.phones[phone].name)
        };
        std::mem::take(&mut self.ladder).into_iter().map(line).collect()
    }

    /// What a phone was told since the last call, in short.
    pub(crate) fn told(&mut self, phone: usize) -> Vec<String> {
        std::mem::take(&mut self.phones[phone].events).iter().map(short).collect()
    }

    pub(crate) fn connection(&self, phone: usize) -> Option<ConnectionState> {
        self.phones[phone].events.iter().rev().find_map(|event| match event {
            Event::Connection(connection) => Some(connection.state),
            _ => None,
        })
    }

    /// Begins a call; the number of its session.
    pub(crate) fn call(&mut self, from: usize, target: &str) -> SessionId {
        self.call_with(from, target, Vec::new())
    }

    /// The same with these headers.
    pub(crate) fn call_with(
        &mut self,
        from: usize,
        target: &str,
        headers: Vec<(String, String)>,
    ) -> SessionId {
        let session = self.phones[from].agent.next_session();
        let (target, offer) = (target.to_owned(), OFFER.as_bytes().to_vec());
        self.command(from, Command::Invite { session, target, offer, headers });
        session
    }

    /// The session of the last `Incoming`.
    pub(crate) fn incoming(&self, phone: usize) -> SessionId {
        let session = self.phones[phone].events.iter().rev().find_map(|event| match event {
            Event::Incoming { session, .. } => Some(*session),
            _ => None,
        });
        session.unwrap_or_else(|| panic!("{} was not called", self.phones[phone].name))
    }

    pub(crate) fn accept(&mut self, phone: usize, session: SessionId) {
        let answer = ANSWER.as_bytes().to_vec();
        self.command(phone, Command::Accept { session, answer, headers: Vec::new() });
    }

    pub(crate) fn hang_up(&mut self, phone: usize, session: SessionId) {
        self.command(phone, Command::Terminate { session, reason: None });
    }

    /// A call from 0 to 1 that was answered, with empty ladders and no events: the sessions of both.
    pub(crate) fn in_call(names: &[&'static str]) -> (World, SessionId, SessionId) {
        let mut world = World::registered(names);
        let ours = world.call(0, names[1]);
        world.run(500);
        let theirs = world.incoming(1);
        world.accept(1, theirs);
        world.run(500);
        assert!(world.told(0).iter().any(|event| event.starts_with("accepted")));
        assert!(world.told(1).iter().any(|event| event.starts_with("confirmed")));
        world.ladder.clear();
        (world, ours, theirs)
    }

    /// Nothing of any call is left, and nothing more is sent but what keeps the line.
    pub(crate) fn assert_quiet(&mut self) {
        self.run(70_000);
        self.ladder.clear();
        for phone in &self.phones {
            assert!(phone.agent.is_idle(), "{}", phone.name);
        }
        self.run(40_000);
        // A registration may be due to be refreshed at just this time.
        let keeps_the_line = |line: &String| line.ends_with("REGISTER");
        let ladder: Vec<String> = self.ladder().into_iter().filter(|line| !keeps_the_line(line)).collect();
        assert!(ladder.is_empty(), "{ladder:?}");
    }
}

/// Phones number their flows each for itself, the server needs one number for each.
fn seen_from_server(phone: usize, flow: FlowId) -> FlowId {
    FlowId(flow.0 * 100 + u64::try_from(phone).expect("few phones"))
}

fn seen_from_phone(flow: FlowId) -> (usize, FlowId) {
    (usize::try_from(flow.0 % 100).expect("few phones"), FlowId(flow.0 / 100))
}

fn summary(message: &Message) -> String {
    let body = match message.content_type().as_str() {
        "application/sdp" => " sdp",
        "" => "",
        _ => " body",
    };
    match message.status() {
        Some((code, _)) => format!("{code} {}{body}", message.cseq().method),
        None => format!("{}{body}", message.method()),
    }
}

fn short(event: &Event) -> String {
    match event {
        Event::Connection(connection) => {
            let code = connection.code.map(|code| format!(" {code}")).unwrap_or_default();
            format!("{:?}{code}", connection.state)
        }
        Event::Authenticated(hash) => format!("authenticated {}", hash.realm),
        Event::Incoming { request, replaces, .. } => {
            let place = replaces.map(|session| format!(" in the place of {}", session.0)).unwrap_or_default();
            format!("incoming from {}{place}", request.from().uri.user().unwrap_or_default())
        }
        Event::Inviting { .. } => "inviting".to_owned(),
        Event::Progress { response, .. } => {
            format!("progress {}", response.status().map_or(0, |(code, _)| code))
        }
        Event::Accepted { response, .. } => format!("accepted {}", String::from_utf8_lossy(response.body())),
        Event::Confirmed { body, .. } => {
            format!("confirmed {}", String::from_utf8_lossy(body)).trim_end().to_owned()
        }
        Event::Offered { offer, .. } => {
            format!("offered {}", String::from_utf8_lossy(offer)).trim_end().to_owned()
        }
        Event::EarlyAnswered { answer, .. } => format!("early answer {}", String::from_utf8_lossy(answer)),
        Event::Reinvited { answer, .. } => format!("reinvited {}", String::from_utf8_lossy(answer)),
        Event::OfferWithdrawn { .. } => "offer withdrawn".to_owned(),
        Event::ReinviteFailed { code, .. } => format!("reinvite failed {code}"),
        Event::Refresh { .. } => "refresh".to_owned(),
        Event::Info { request, .. } => format!("info {}", String::from_utf8_lossy(request.body())),
        Event::Informed { code, .. } => format!("informed {code}"),
        Event::Transfer { code, .. } => format!("transfer {code}"),
        Event::Redirected { target, .. } => format!("redirected to {target}"),
        Event::Referred { target, .. } => format!("referred to {target}"),
        Event::Message { request } => format!("message {}", String::from_utf8_lossy(request.body())),
        Event::NotSip { why } => format!("not sip: {why}"),
        Event::Notify { request } => format!("notify {}", String::from_utf8_lossy(request.body())),
        Event::Notified { fork, is_last, request, .. } => {
            let body = String::from_utf8_lossy(request.body());
            format!("notified {fork} {body}{}", if *is_last { " last" } else { "" })
        }
        Event::NotifierGone { fork, .. } => format!("gone {fork}"),
        Event::SubscriptionFailed { code, reason, retry_at, .. } => {
            let reason = if reason.is_empty() { String::new() } else { format!(" {reason}") };
            format!("subscription failed {code}{reason}{}", if retry_at.is_some() { ", again" } else { "" })
        }
        Event::Identified { request, .. } => format!("identified by {}", request.method()),
        Event::MessageAnswered { number, code } => format!("message {number} answered {code}"),
        Event::PublishRefused { code } => format!("publish refused {code}"),
        Event::Terminated { cause, .. } => {
            let by = match cause.ended_by {
                EndedBy::Local => "local",
                EndedBy::Remote => "remote",
                EndedBy::Network => "network",
            };
            let reason =
                cause.reason.as_ref().map(|r| format!(" {};{}", r.protocol, r.cause)).unwrap_or_default();
            format!("terminated {by} {}{reason}", cause.code)
        }
    }
}
