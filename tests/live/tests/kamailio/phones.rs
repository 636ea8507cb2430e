//! Agents on real WebSockets and a real clock, in one task that waits for what is told next.

use crate::server::Kamailio;
use futures_util::{SinkExt, StreamExt};
use softframe_sip::{
    Command, Config, Event, FlowId, Input, Instant, Output, Secret, SessionId, UserAgent,
    wire::{Frame, Message},
};
use std::{collections::VecDeque, time::Duration};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest};

pub(crate) struct Phones {
    begin: std::time::Instant,
    phones: Vec<Phone>,
    came: UnboundedReceiver<(usize, Input)>,
    comes: UnboundedSender<(usize, Input)>,
}

struct Phone {
    agent: UserAgent,
    told: VecDeque<(SessionId, String)>,
    socket: Option<(FlowId, UnboundedSender<Vec<u8>>)>,
    trace: Vec<String>,
}

pub(crate) fn config(kamailio: &Kamailio, user: &str) -> Config {
    Config {
        servers: vec![format!("ws://127.0.0.1:{}/", kamailio.port)],
        user: user.to_owned(),
        domain: "sip.test".to_owned(),
        auth_user: None,
        display_name: Some(format!("Phone \"{user}\"")),
        secret: Secret::Password("secret".to_owned()),
        instance: format!("00000000-0000-4000-8000-000000000{user}"),
        expires: 600,
        user_agent: "Softframe".to_owned(),
    }
}

impl Phones {
    pub(crate) fn new(kamailio: &Kamailio, users: &[&str]) -> Phones {
        Phones::with(users.iter().map(|user| config(kamailio, user)).collect())
    }

    pub(crate) fn with(configs: Vec<Config>) -> Phones {
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
            }
        });
        Phones { begin: std::time::Instant::now(), phones: phones.collect(), came, comes }
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

    pub(crate) fn next_session(&mut self, phone: usize) -> SessionId {
        self.phones[phone].agent.next_session()
    }

    /// Closes the socket under the agent.
    pub(crate) fn cut(&mut self, phone: usize) {
        let (flow, _) = self.phones[phone].socket.take().expect("an open socket");
        self.input(phone, Input::Disconnected(flow));
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
        let (send, mut sent) = unbounded_channel::<Vec<u8>>();
        self.phones[phone].socket = Some((flow, send));
        let comes = self.comes.clone();
        tokio::spawn(async move {
            let mut request = url.into_client_request().expect("an address");
            request.headers_mut().insert("Sec-WebSocket-Protocol", "sip".parse().expect("a value"));
            let Ok((mut socket, _)) = tokio_tungstenite::connect_async(request).await else {
                let _ = comes.send((phone, Input::Disconnected(flow)));
                return;
            };
            let _ = comes.send((phone, Input::Connected(flow)));
            loop {
                tokio::select! {
                    octets = sent.recv() => {
                        let Some(octets) = octets else { break };
                        let text = String::from_utf8(octets).expect("text");
                        if socket.send(tungstenite::Message::text(text)).await.is_err() { break }
                    }
                    message = socket.next() => match message {
                        Some(Ok(tungstenite::Message::Text(text))) => {
                            let _ = comes.send((phone, Input::Frame(flow, text.as_bytes().to_vec())));
                        }
                        Some(Ok(tungstenite::Message::Binary(octets))) => {
                            let _ = comes.send((phone, Input::Frame(flow, octets.to_vec())));
                        }
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => break,
                    },
                }
            }
            let _ = comes.send((phone, Input::Disconnected(flow)));
        });
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

    /// Waits until a keep-alive of this phone's was answered.
    pub(crate) async fn until_answered_ping(&mut self, phone: usize) {
        let begin = std::time::Instant::now();
        let is_answer = |line: &String| line.starts_with("< pong") || line.starts_with("< 200 OPTIONS");
        while !self.phones[phone].trace.iter().any(is_answer) {
            self.wait(begin, "an answered ping").await;
        }
    }

    /// Goes on while something else is waited for.
    pub(crate) async fn until_done(&mut self, task: tokio::task::JoinHandle<bool>) -> bool {
        let begin = std::time::Instant::now();
        while !task.is_finished() {
            self.wait(begin, "end of the other process").await;
        }
        task.await.expect("no panic")
    }

    async fn wait(&mut self, begin: std::time::Instant, what: &str) {
        let traces: Vec<String> = self.phones.iter().map(|phone| phone.trace.join("\n")).collect();
        assert!(begin.elapsed() < Duration::from_secs(20), "no {what}\n{}", traces.join("\n--\n"));
        let now = self.now();
        let deadlines = self.phones.iter().filter_map(|phone| phone.agent.poll_timeout());
        let pause = deadlines.map(|at| at.since(now)).min().unwrap_or(1_000).clamp(1, 1_000);
        match tokio::time::timeout(Duration::from_millis(pause), self.came.recv()).await {
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
        self.phones[phone].trace.push(format!("{direction} {what}"));
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
    Some(match event {
        Event::Connection(connection) => {
            let code = connection.code.map(|code| format!(" {code}")).unwrap_or_default();
            (none, format!("{:?}{code}", connection.state))
        }
        Event::Incoming { session, .. } => (*session, "incoming".to_owned()),
        Event::Progress { session, response, .. } => {
            (*session, format!("progress {}", response.status().map_or(0, |(code, _)| code)))
        }
        Event::Accepted { session, .. } => (*session, "accepted".to_owned()),
        Event::Confirmed { session, .. } => (*session, "confirmed".to_owned()),
        Event::Offered { session, .. } => (*session, "offered".to_owned()),
        Event::Reinvited { session, .. } => (*session, "reinvited".to_owned()),
        Event::OfferWithdrawn { session } => (*session, "offer withdrawn".to_owned()),
        Event::ReinviteFailed { session, code } => (*session, format!("reinvite failed {code}")),
        Event::Refresh { session } => (*session, "refresh".to_owned()),
        Event::Info { session, request } => {
            (*session, format!("info {}", String::from_utf8_lossy(request.body())))
        }
        Event::Informed { session, code } => (*session, format!("informed {code}")),
        Event::Redirected { session, target } => (*session, format!("redirected to {target}")),
        Event::Referred { session, target } => (*session, format!("referred to {target}")),
        Event::Transfer { session, code } => (*session, format!("transfer {code}")),
        Event::Message { request } => (none, format!("message {}", String::from_utf8_lossy(request.body()))),
        Event::Terminated { session, cause } => {
            (*session, format!("terminated {:?} {}", cause.ended_by, cause.code))
        }
        Event::Authenticated(_)
        | Event::Inviting { .. }
        | Event::Notify { .. }
        | Event::Notified { .. }
        | Event::SubscriptionFailed { .. }
        | Event::PublishRefused { .. }
        | Event::NotSip { .. } => {
            return None;
        }
    })
}
