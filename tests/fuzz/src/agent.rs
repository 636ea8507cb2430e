//! The SIP user agent as a state machine: an input is a program of commands, messages of a peer, broken flows and time.
//! Whatever it does, every frame that leaves is a message, every session tells one story with one end, numbers rise, no
//! deadline stays behind, and when the world is kind again nothing is left in any table.

use crate::{Target, bytes::Bytes, message, peer::Peer};
use softframe_sip::{
    Command, Config, Event, FlowId, Input, Instant, Output, Secret, SessionId, SubscriptionId, UserAgent,
    wire::{Frame, Message, Reason},
};
use std::collections::BTreeMap;

pub(crate) const TARGET: Target = Target { name: "agent", run, seeds, words: &[], max_octets: 512 };

/// More acts of one program tell nothing new.
const MAX_ACTS: usize = 80;
/// Deadlines that follow one another without time: more is a loop.
const MAX_DEADLINES: usize = 500;

/// Programs of one call each way that go well, by the numbers of the acts below, and some noise.
fn seeds() -> Vec<Vec<u8>> {
    let mut all = vec![
        // Invites, 180, 200 with a description, re-invites, 200, ends.
        vec![
            0, 0, 0, 0, 8, 0, 0, 1, 0, 0, 20, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 5, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0,
            1, 4, 0,
        ],
        // Is invited, accepts, is acknowledged, hears BYE.
        vec![8, 5, 0, 1, 1, 0, 0, 0, 0, 1, 0, 8, 3, 0, 0, 1, 0, 0, 0, 20, 0, 8, 3, 0, 0, 2, 1, 0, 0, 20, 0],
    ];
    all.extend((1..9_u8).map(|seed| {
        (0..200_u8).map(|at| at.wrapping_mul(seed.wrapping_mul(29)).wrapping_add(at >> 3)).collect()
    }));
    all
}

fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let mut bench = Bench::new();
    bench.sign_in();
    let mut acts = 0;
    while !bytes.is_empty() && acts < MAX_ACTS {
        bench.act(&mut bytes);
        acts += 1;
    }
    bench.calm();
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Begun,
    Up,
    Over,
}

struct Bench {
    agent: UserAgent,
    peer: Peer,
    now: Instant,
    /// The flow that is open, and the one that was asked for.
    open: Option<FlowId>,
    wanted: Option<FlowId>,
    sessions: BTreeMap<SessionId, Seen>,
    subscriptions: Vec<SubscriptionId>,
    /// The last number in each dialog, with the branch that had it.
    numbers: BTreeMap<[String; 3], (u32, String)>,
    /// Flows open, and requests are answered, at once.
    is_kind: bool,
}

impl Bench {
    fn new() -> Bench {
        let config = Config {
            servers: vec!["wss://a.test/ws".to_owned(), "wss://b.test/ws".to_owned()],
            user: "200".to_owned(),
            domain: "a.test".to_owned(),
            auth_user: None,
            display_name: Some("Two \"Hundred\"".to_owned()),
            secret: Secret::Password("secret".to_owned()),
            instance: "00000000-0000-4000-8000-000000000200".to_owned(),
            expires: 600,
            user_agent: "Softframe".to_owned(),
        };
        Bench {
            agent: UserAgent::new(config, [5; 32]),
            peer: Peer::default(),
            now: Instant(1_000),
            open: None,
            wanted: None,
            sessions: BTreeMap::new(),
            subscriptions: Vec::new(),
            numbers: BTreeMap::new(),
            is_kind: false,
        }
    }

    fn sign_in(&mut self) {
        self.is_kind = true;
        self.input(Input::Command(Command::Register));
        self.run(100);
        self.is_kind = false;
    }

    fn input(&mut self, input: Input) {
        self.agent.handle_input(self.now, input);
        let mut outputs = 0;
        while let Some(output) = self.agent.poll_output() {
            outputs += 1;
            assert!(outputs < MAX_DEADLINES, "one input and no end of outputs");
            self.perform(output);
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
            Output::Disconnect(flow) => {
                self.open = self.open.filter(|open| *open != flow);
                self.wanted = self.wanted.filter(|wanted| *wanted != flow);
            }
            Output::Transmit(flow, octets) => {
                assert_eq!(Some(flow), self.open, "a frame for a flow that is not open");
                self.transmitted(octets);
            }
            Output::Event(event) => self.told(&event),
        }
    }

    fn connect(&mut self) {
        if let Some(flow) = self.wanted.take() {
            self.open = Some(flow);
            self.input(Input::Connected(flow));
        }
    }

    fn transmitted(&mut self, octets: Vec<u8>) {
        let message = match Frame::read(octets.clone()) {
            Frame::Message(message) => *message,
            Frame::Ping if self.is_kind => return self.frame(b"\r\n".to_vec()),
            Frame::Ping | Frame::Pong => return,
            Frame::Malformed(_) if message::is_refusal(&octets) => return,
            Frame::Malformed(malformed) => panic!("{malformed}: {}", String::from_utf8_lossy(&octets)),
        };
        self.check_number(&message);
        if self.is_kind && message.is_request() {
            if let Some(answer) = Peer::good_answer(&message) {
                self.frame(answer);
            }
            return;
        }
        self.peer.heard(message);
    }

    /// CSeq inside each dialog, of each method but ACK and CANCEL: strictly rising.
    fn check_number(&mut self, message: &Message) {
        let method = message.method().as_str();
        let (Some(tag), true, false) =
            (message.to().tag(), message.is_request(), ["ACK", "CANCEL"].contains(&method))
        else {
            return;
        };
        let (number, branch) = (message.cseq().number, message.via().branch().to_owned());
        let latest = (number, branch);
        // Somebody may call twice under one Call-ID and tag: two dialogs of ours, each with its numbers.
        let own = message.from().tag().unwrap_or_default();
        let dialog = [message.call_id(), own, tag].map(str::to_owned);
        let before = self.numbers.insert(dialog, latest.clone());
        // The same branch is the same request once more; another one is a request of its own.
        assert!(
            before.as_ref().is_none_or(|before| before.0 < number || *before == latest),
            "{method} {latest:?} after {before:?}"
        );
    }

    fn step(&mut self, event: &Event, session: SessionId, legal: &[Option<Seen>], next: Seen) {
        let before = self.sessions.insert(session, next);
        assert!(legal.contains(&before), "{event:?} after {before:?}");
    }

    fn told(&mut self, event: &Event) {
        match event {
            Event::Inviting { session } | Event::Incoming { session, .. } => {
                self.step(event, *session, &[None], Seen::Begun)
            }
            Event::Progress { session, .. } | Event::Redirected { session, .. } => {
                self.step(event, *session, &[Some(Seen::Begun)], Seen::Begun)
            }
            Event::Accepted { session, .. } => self.step(event, *session, &[Some(Seen::Begun)], Seen::Up),
            Event::Confirmed { session, .. } => {
                self.step(event, *session, &[Some(Seen::Begun), Some(Seen::Up)], Seen::Up)
            }
            Event::Offered { session, .. }
            | Event::Identified { session, .. }
            | Event::Reinvited { session, .. }
            | Event::EarlyAnswered { session, .. }
            | Event::OfferWithdrawn { session }
            | Event::ReinviteFailed { session, .. }
            | Event::Info { session, .. }
            | Event::Informed { session, .. }
            | Event::Refresh { session }
            | Event::Referred { session, .. } => {
                let before = self.sessions.get(session).copied();
                assert!(matches!(before, Some(Seen::Up | Seen::Begun)), "{event:?} after {before:?}");
            }
            // A BYE does not end what a REFER has begun.
            Event::Transfer { session, .. } => {
                assert!(self.sessions.contains_key(session), "{event:?} before anything");
            }
            Event::Terminated { session, .. } => {
                self.step(event, *session, &[None, Some(Seen::Begun), Some(Seen::Up)], Seen::Over);
            }
            _ => {}
        }
    }

    fn frame(&mut self, octets: Vec<u8>) {
        if let Some(flow) = self.open {
            self.input(Input::Frame(flow, octets));
        }
    }

    /// Lets `millis` pass, or as much of it as can with so many deadlines.
    fn run(&mut self, millis: u64) {
        let end = self.now.after(millis);
        let mut deadlines = 0;
        while let Some(next) = self.agent.poll_timeout().filter(|next| *next <= end) {
            deadlines += 1;
            if deadlines > MAX_DEADLINES {
                assert!(next > self.now, "deadlines without end at {:?}: {:?}", self.now, self.agent);
                break;
            }
            self.now = next.max(self.now);
            self.input(Input::Timeout);
            let after = self.agent.poll_timeout();
            assert!(
                after.is_none_or(|after| after > self.now),
                "a deadline that does not go away: {next:?} {after:?} {:?}",
                self.agent
            );
        }
        self.now = end.max(self.now);
    }

    fn act(&mut self, bytes: &mut Bytes) {
        match bytes.below(24) {
            0..=7 => self.command(bytes),
            8..=16 => {
                if let Some(octets) = self.peer.say(bytes) {
                    self.frame(octets);
                }
            }
            17 => self.frame(
                bytes.pick(&[b"\r\n".as_slice(), b"\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\n"]).to_vec(),
            ),
            18 => {
                if let Some(flow) = self.open.take() {
                    self.input(Input::Disconnected(flow));
                }
            }
            19 => self.connect(),
            20 => self.run(bytes.pick(&[10, 0, 1, 500, 4_000, 32_000, 65_000, 200_000, 1_000_000])),
            21 => {
                let next = self.agent.poll_timeout();
                self.run(next.map_or(0, |next| next.since(self.now)));
            }
            22 => self.input(Input::Woke),
            _ => match self.wanted.take() {
                Some(flow) => self.input(Input::Disconnected(flow)),
                None => {
                    let answer = self.peer.last_request().and_then(Peer::good_answer);
                    answer.into_iter().for_each(|octets| self.frame(octets));
                }
            },
        }
    }

    fn session(&self, bytes: &mut Bytes) -> SessionId {
        let alive: Vec<SessionId> = self
            .sessions
            .iter()
            .filter(|(_, seen)| **seen != Seen::Over)
            .map(|(session, _)| *session)
            .collect();
        let number = bytes.octet();
        match alive.len() {
            0 => SessionId(u64::from(number % 4)),
            count => alive[count - 1 - usize::from(number) % count],
        }
    }

    fn command(&mut self, bytes: &mut Bytes) {
        let offer =
            |bytes: &mut Bytes| if bytes.chance(4) { Vec::new() } else { b"v=0 description".to_vec() };
        let target = |bytes: &mut Bytes| {
            bytes
                .pick(&["201", "sip:x@y.test?X-A=b", "", "a b\r\nc", "tel:+34", "sips:[::1]", "\u{e9}"])
                .to_owned()
        };
        let headers = |bytes: &mut Bytes| -> Vec<(String, String)> {
            let all = [
                ("X-A", "b"),
                ("Privacy", "id"),
                ("Require", "100rel"),
                ("X-B", "c\r\nVia: d"),
                ("Via", "e"),
                ("", "f"),
            ];
            (0..bytes.below(3))
                .map(|_| bytes.pick(&all))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        };
        let command = match bytes.below(24) {
            0..=2 => {
                let session = self.agent.next_session();
                Command::Invite {
                    session,
                    target: target(bytes),
                    offer: offer(bytes),
                    headers: headers(bytes),
                }
            }
            3 => Command::Accept {
                session: self.session(bytes),
                answer: offer(bytes),
                headers: headers(bytes),
            },
            4 => Command::Terminate {
                session: self.session(bytes),
                reason: bytes.chance(2).then(|| Reason::parse("SIP;cause=200;text=\"x\"")),
            },
            5 => Command::Reinvite { session: self.session(bytes), offer: offer(bytes) },
            6 => {
                let fork = bytes.pick(&["a", "b"]).to_owned();
                Command::Update { session: self.session(bytes), fork, offer: offer(bytes) }
            }
            7 | 8 => Command::Answer { session: self.session(bytes), answer: offer(bytes) },
            9 => Command::RefuseOffer { session: self.session(bytes), code: bytes.pick(&[488, 200, 0, 603]) },
            10 => Command::Progress {
                session: self.session(bytes),
                code: bytes.pick(&[183, 100, 0, 200]),
                answer: offer(bytes),
            },
            11 => Command::Reject {
                session: self.session(bytes),
                code: bytes.pick(&[486, 302, 200, 99]),
                headers: headers(bytes),
            },
            12 => Command::Info {
                session: self.session(bytes),
                content_type: "text/plain".into(),
                body: b"x".to_vec(),
            },
            13 | 14 => {
                let replaces = bytes.chance(2).then(|| self.session(bytes));
                Command::Refer {
                    session: self.session(bytes),
                    target: target(bytes),
                    replaces,
                    headers: headers(bytes),
                }
            }
            15 => {
                let session = self.agent.next_session();
                Command::Follow {
                    session,
                    referred: self.session(bytes),
                    offer: offer(bytes),
                    headers: headers(bytes),
                }
            }
            16 => {
                let target = bytes.chance(2).then(|| target(bytes));
                Command::Redirect {
                    session: self.session(bytes),
                    target,
                    offer: bytes.chance(2).then(|| offer(bytes)),
                    without: headers(bytes).into_iter().map(|(name, _)| name).collect(),
                }
            }
            17 => Command::Decline { session: self.session(bytes) },
            18 => {
                let subscription = self.agent.next_subscription();
                self.subscriptions.push(subscription);
                let event = bytes.pick(&["dialog", "message-summary", "presence", "refer"]).to_owned();
                Command::Subscribe { subscription, target: target(bytes), event, accept: "text/plain" }
            }
            19 => Command::Resubscribe { subscription: self.subscription(bytes) },
            20 => Command::Unsubscribe { subscription: self.subscription(bytes) },
            21 => Command::Publish {
                event: "presence".into(),
                content_type: "text/plain".into(),
                body: b"x".to_vec(),
            },
            22 => Command::Message {
                number: bytes.chance(2).then_some(7),
                target: target(bytes),
                content_type: "text/plain".into(),
                body: offer(bytes),
            },
            _ if bytes.chance(4) => Command::Unregister,
            _ => Command::Register,
        };
        self.input(Input::Command(command));
    }

    fn subscription(&self, bytes: &mut Bytes) -> SubscriptionId {
        let number = usize::from(bytes.octet());
        self.subscriptions.get(number % self.subscriptions.len().max(1)).copied().unwrap_or(SubscriptionId(9))
    }

    /// The server is back and means well, and the person ends everything: then nothing may be left.
    fn calm(&mut self) {
        self.is_kind = true;
        for _ in 0..2 {
            self.connect();
            self.input(Input::Command(Command::Register));
            self.run(120_000);
            let alive: Vec<SessionId> = self
                .sessions
                .iter()
                .filter(|(_, seen)| **seen != Seen::Over)
                .map(|(session, _)| *session)
                .collect();
            for session in alive {
                self.input(Input::Command(Command::Terminate { session, reason: None }));
            }
            for subscription in std::mem::take(&mut self.subscriptions) {
                self.input(Input::Command(Command::Unsubscribe { subscription }));
            }
            self.run(120_000);
        }
        let alive: Vec<_> = self.sessions.iter().filter(|(_, seen)| **seen != Seen::Over).collect();
        assert!(alive.is_empty(), "sessions without an end: {alive:?} {:?}", self.agent);
        assert!(self.agent.is_idle(), "something is left: {:?}", self.agent);
    }
}
