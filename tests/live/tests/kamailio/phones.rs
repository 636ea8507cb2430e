//! Agents on real WebSockets and a real clock, in one task that waits for what is told next.

use softframe_cli::{Came, Trust, open};
use softframe_live::Sipp;
use softframe_sip::{
    Command, Config, Event, FlowId, Input, Instant, Output, Secret, SessionId, SubscriptionId, UserAgent,
    wire::{Frame, Message},
};
use std::{collections::VecDeque, time::Duration};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What has not come by then will not; a dead flow is found within twenty seconds, on an idle machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Phones {
    begin: std::time::Instant,
    trust: Trust,
    phones: Vec<Phone>,
    came: UnboundedReceiver<(usize, Input)>,
    comes: UnboundedSender<(usize, Input)>,
}

struct Phone {
    agent: UserAgent,
    told: VecDeque<(SessionId, String)>,
    socket: Option<(FlowId, UnboundedSender<Vec<u8>>)>,
    trace: Vec<String>,
    frames: Vec<String>,
}

/// An account on a server, or behind a relay, on this machine.
pub(crate) fn config(port: u16, user: &str) -> Config {
    Config {
        servers: vec![format!("ws://127.0.0.1:{port}/")],
        user: user.to_owned(),
        domain: "sip.test".to_owned(),
        auth_user: None,
        display_name: Some(format!("Phone \"{user}\"")),
        secret: Secret::Password("secret".to_owned()),
        instance: format!("00000000-0000-4000-8000-000000000{user:0>3}"),
        expires: 600,
        user_agent: "Softframe".to_owned(),
    }
}

impl Phones {
    /// Phones of these users, all of them registered.
    pub(crate) async fn registered(port: u16, users: &[&str]) -> Phones {
        let mut phones = Phones::with(users.iter().map(|user| config(port, user)).collect());
        for phone in 0..users.len() {
            phones.register(phone).await;
        }
        phones
    }

    pub(crate) async fn register(&mut self, phone: usize) {
        self.command(phone, Command::Register);
        self.until(phone, "Registered").await;
    }

    pub(crate) fn with(configs: Vec<Config>) -> Phones {
        Phones::that_trust(Trust::system().expect("there is TLS here"), configs)
    }

    /// Phones that believe only these certificates.
    pub(crate) fn that_trust(trust: Trust, configs: Vec<Config>) -> Phones {
        let (comes, came) = unbounded_channel();
        let phones = configs.into_iter().enumerate().map(|(number, config)| {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
            let mut seed = [u8::try_from(number).expect("few phones"); 32];
            seed[..16].copy_from_slice(&now.as_nanos().to_be_bytes());
            Phone {
                agent: UserAgent::new(config, seed),
                told: VecDeque::new(),
                socket: None,
                trace: Vec::new(),
                frames: Vec::new(),
            }
        });
        Phones { begin: std::time::Instant::now(), trust, phones: phones.collect(), came, comes }
    }

    fn now(&self) -> Instant {
        Instant(u64::try_from(self.begin.elapsed().as_millis()).expect("a short test"))
    }

    pub(crate) fn command(&mut self, phone: usize, command: Command) {
        self.input(phone, Input::Command(command));
    }

    pub(crate) fn call(&mut self, phone: usize, target: &str) -> SessionId {
        let session = self.next_session(phone);
        let (target, offer) = (target.to_owned(), b"v=0 offer".to_vec());
        self.command(phone, Command::Invite { session, target, offer, headers: Vec::new() });
        session
    }

    pub(crate) fn accept(&mut self, phone: usize, session: SessionId, answer: &str) {
        let answer = answer.as_bytes().to_vec();
        self.command(phone, Command::Accept { session, answer, headers: Vec::new() });
    }

    pub(crate) fn reinvite(&mut self, phone: usize, session: SessionId, offer: &str) {
        self.command(phone, Command::Reinvite { session, offer: offer.as_bytes().to_vec() });
    }

    /// An offer to the device whose response a phone has heard last, before it has picked up.
    pub(crate) fn update(&mut self, phone: usize, session: SessionId, offer: &str) {
        let response = self.phones[phone].frames.iter().rev().find(|frame| frame.starts_with("< SIP/2.0 18"));
        let to = response.and_then(|frame| frame.lines().find(|line| line.starts_with("To:")));
        let fork = to.and_then(|to| to.split_once(";tag=")).expect("a To tag").1.trim().to_owned();
        self.command(phone, Command::Update { session, fork, offer: offer.as_bytes().to_vec() });
    }

    pub(crate) fn answer(&mut self, phone: usize, session: SessionId, answer: &str) {
        self.command(phone, Command::Answer { session, answer: answer.as_bytes().to_vec() });
    }

    pub(crate) fn hang_up(&mut self, phone: usize, session: SessionId) {
        self.command(phone, Command::Terminate { session, reason: None });
    }

    /// An answered call from phone 0 to phone 1, whose number is given: the sessions of both.
    pub(crate) async fn in_call(&mut self, number: &str) -> (SessionId, SessionId) {
        let ours = self.call(0, number);
        let theirs = self.until(1, "incoming").await;
        self.until(0, "progress 180").await;
        self.accept(1, theirs, "v=0 answer");
        self.until(0, "accepted v=0 answer").await;
        self.until(1, "confirmed").await;
        (ours, theirs)
    }

    pub(crate) fn next_subscription(&mut self, phone: usize) -> SubscriptionId {
        self.phones[phone].agent.next_subscription()
    }

    /// The whole messages that a phone has sent and heard, in order, each after `> ` or `< `.
    pub(crate) fn frames(&self, phone: usize) -> &[String] {
        &self.phones[phone].frames
    }

    /// How many messages of a phone begin so: `> PRACK `, `< SIP/2.0 401`.
    pub(crate) fn count(&self, phone: usize, begins: &str) -> usize {
        self.phones[phone].frames.iter().filter(|frame| frame.starts_with(begins)).count()
    }

    /// What a phone was told since it was last asked, whoever it is about.
    pub(crate) fn told(&mut self, phone: usize) -> Vec<String> {
        self.phones[phone].told.drain(..).map(|(_, told)| told).collect()
    }

    pub(crate) fn next_session(&mut self, phone: usize) -> SessionId {
        self.phones[phone].agent.next_session()
    }

    fn input(&mut self, phone: usize, input: Input) {
        if let Input::Frame(_, octets) = &input {
            self.note(phone, '<', octets);
        }
        let now = self.now();
        self.phones[phone].agent.handle_input(now, input);
        while let Some(output) = self.phones[phone].agent.poll_output() {
            match output {
                Output::Connect { flow, url } => self.connect(phone, flow, url),
                Output::Disconnect(_) => self.phones[phone].socket = None,
                Output::Transmit(flow, octets) => {
                    self.note(phone, '>', &octets);
                    if let Some((open, socket)) = &self.phones[phone].socket
                        && *open == flow
                    {
                        let _ = socket.send(octets);
                    }
                }
                Output::Event(event) => self.phones[phone].told.extend(short(&event)),
            }
        }
    }

    fn connect(&mut self, phone: usize, flow: FlowId, url: String) {
        let comes = self.comes.clone();
        let tell = move |came| {
            let input = match came {
                Came::Open => Input::Connected(flow),
                Came::Octets(octets) => Input::Frame(flow, octets),
                Came::Gone(_) => Input::Disconnected(flow),
            };
            // The test may be over.
            let _ = comes.send((phone, input));
        };
        self.phones[phone].socket = Some((flow, open(&url, &self.trust, tell)));
    }

    /// Waits until a phone is told what begins with `what`; the session it was told of.
    pub(crate) async fn until(&mut self, phone: usize, what: &str) -> SessionId {
        let begin = std::time::Instant::now();
        loop {
            while let Some((session, told)) = self.phones[phone].told.pop_front() {
                if told.starts_with(what) {
                    return session;
                }
            }
            self.wait(begin, what).await;
        }
    }

    /// Waits until a phone is told what has `what` in it; all that it was told.
    pub(crate) async fn until_containing(&mut self, phone: usize, what: &str) -> String {
        let begin = std::time::Instant::now();
        loop {
            while let Some((_, told)) = self.phones[phone].told.pop_front() {
                if told.contains(what) {
                    return told;
                }
            }
            self.wait(begin, what).await;
        }
    }

    /// Waits until as many messages of a phone begin so, see [`Phones::count`].
    pub(crate) async fn until_count(&mut self, phone: usize, begins: &str, count: usize) {
        let begin = std::time::Instant::now();
        while self.count(phone, begins) < count {
            self.wait(begin, begins).await;
        }
    }

    /// Waits until the BYE of this phone was answered, so that no other one can overtake it.
    pub(crate) async fn until_answered_bye(&mut self, phone: usize) {
        let begin = std::time::Instant::now();
        while !self.phones[phone].trace.iter().any(|line| line.contains("< 200 BYE")) {
            self.wait(begin, "an answered BYE").await;
        }
    }

    /// Waits until a keep-alive of this phone's was answered.
    pub(crate) async fn until_answered_ping(&mut self, phone: usize) {
        let begin = std::time::Instant::now();
        let is_answer = |line: &String| line.contains("< pong") || line.contains("< 200 OPTIONS");
        while !self.phones[phone].trace.iter().any(is_answer) {
            self.wait(begin, "an answered ping").await;
        }
    }

    /// Goes on while something else is waited for.
    pub(crate) async fn until_done(&mut self, sipp: Sipp) {
        let begin = std::time::Instant::now();
        let task = tokio::task::spawn_blocking(|| sipp.went());
        while !task.is_finished() {
            self.wait(begin, "end of SIPp").await;
        }
        if let Err(why) = task.await.expect("no panic") {
            panic!("{}\n{why}", self.traces());
        }
    }

    /// Goes on until this much time has passed, in which nothing is to happen.
    pub(crate) async fn pass(&mut self, time: Duration) {
        let end = std::time::Instant::now() + time;
        while let Some(left) = end.checked_duration_since(std::time::Instant::now()) {
            self.step(left).await;
        }
    }

    async fn wait(&mut self, begin: std::time::Instant, what: &str) {
        assert!(begin.elapsed() < PATIENCE, "no {what}\n{}", self.traces());
        self.step(Duration::from_secs(1)).await;
    }

    fn traces(&self) -> String {
        let traces: Vec<String> = self.phones.iter().map(|phone| phone.trace.join("\n")).collect();
        traces.join("\n--\n")
    }

    /// Takes in what comes next or is due next, and waits for it at most so long.
    async fn step(&mut self, most: Duration) {
        let now = self.now();
        let deadlines = self.phones.iter().filter_map(|phone| phone.agent.poll_timeout());
        let pause = deadlines.map(|at| at.since(now)).min().unwrap_or(1_000).max(1);
        let pause = Duration::from_millis(pause).min(most);
        match tokio::time::timeout(pause, self.came.recv()).await {
            Ok(Some((phone, input))) => self.input(phone, input),
            Ok(None) => {}
            Err(_) => {
                for phone in 0..self.phones.len() {
                    self.input(phone, Input::Timeout);
                }
            }
        }
    }

    fn note(&mut self, phone: usize, direction: char, octets: &[u8]) {
        let what = match Frame::read(octets.to_vec()) {
            Frame::Ping => "ping".to_owned(),
            Frame::Pong => "pong".to_owned(),
            Frame::Malformed(malformed) => format!("malformed: {malformed}"),
            Frame::Message(message) => summary(&message),
        };
        let at = self.begin.elapsed().as_millis();
        self.phones[phone].trace.push(format!("{at:>6} {direction} {what}"));
        self.phones[phone].frames.push(format!("{direction} {}", String::from_utf8_lossy(octets)));
    }
}

fn summary(message: &Message) -> String {
    match message.status() {
        Some((code, phrase)) => format!("{code} {} ({phrase})", message.cseq().method),
        None => {
            format!("{} {}", message.method(), message.uri().map(ToString::to_string).unwrap_or_default())
        }
    }
}

fn short(event: &Event) -> Option<(SessionId, String)> {
    let none = SessionId(0);
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    Some(match event {
        Event::Connection(connection) => {
            let code = connection.code.map(|code| format!(" {code}")).unwrap_or_default();
            (none, format!("{:?}{code}", connection.state))
        }
        Event::Incoming { session, request, .. } => (
            *session,
            format!("incoming {}", if request.body().is_empty() { "without offer" } else { "offer" }),
        ),
        Event::Progress { session, response, .. } => {
            let code = response.status().map_or(0, |(code, _)| code);
            (*session, format!("progress {code} {}", text(response.body())))
        }
        Event::Accepted { session, response, .. } => {
            (*session, format!("accepted {}", text(response.body())))
        }
        Event::Confirmed { session, body } => (*session, format!("confirmed {}", text(body))),
        Event::Offered { session, offer } => (*session, format!("offered {}", text(offer))),
        Event::Reinvited { session, answer } => (*session, format!("reinvited {}", text(answer))),
        Event::EarlyAnswered { session, answer } => (*session, format!("early answer {}", text(answer))),
        Event::OfferWithdrawn { session } => (*session, "offer withdrawn".to_owned()),
        Event::ReinviteFailed { session, code } => (*session, format!("reinvite failed {code}")),
        Event::Refresh { session } => (*session, "refresh".to_owned()),
        Event::Info { session, request } => (*session, format!("info {}", text(request.body()))),
        Event::Informed { session, code } => (*session, format!("informed {code}")),
        Event::Redirected { session, target } => (*session, format!("redirected to {target}")),
        Event::Referred { session, target } => (*session, format!("referred to {target}")),
        Event::Transfer { session, code } => (*session, format!("transfer {code}")),
        Event::Message { request } => (none, format!("message {}", text(request.body()))),
        Event::Notify { request } => (none, format!("notify {}", text(request.body()))),
        Event::NotSip { why } => (none, format!("not SIP: {why}")),
        Event::Terminated { session, cause } => {
            let reason = cause.reason.as_ref();
            let reason =
                reason.map(|reason| format!(" {} {}", reason.protocol, reason.cause)).unwrap_or_default();
            (*session, format!("terminated {:?} {}{reason}", cause.ended_by, cause.code))
        }
        Event::Notified { request, is_last, .. } => {
            let last = if *is_last { "the last time " } else { "" };
            (none, format!("notified {last}{}", text(request.body())))
        }
        Event::NotifierGone { .. } => (none, "a notifier is gone".to_owned()),
        Event::SubscriptionFailed { code, .. } => (none, format!("subscription failed {code}")),
        Event::Identified { session, .. } => (*session, "identified".to_owned()),
        Event::MessageAnswered { code, .. } => (none, format!("message answered {code}")),
        Event::PublishRefused { code } => (none, format!("publication refused {code}")),
        Event::Authenticated(_) | Event::Inviting { .. } => return None,
    })
}
