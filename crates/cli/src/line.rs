//! An agent, its socket and its clock as one thing to wait for. It decides nothing; all that goes over the wire is shown.

use crate::{
    Came, Trust,
    ladder::{Direction, rung, show},
    open,
};
use softframe_sip::{
    Command, Config, Event, FlowId, Input, Instant, Output, SessionId, UserAgent,
    wire::{Frame, Message},
};
use std::{collections::VecDeque, time::Duration};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What happened.
pub(crate) enum Happening {
    /// The agent says so.
    Event(Event),
    /// A response came; what the agent makes of it follows.
    Response(Box<Message>),
    /// A request left.
    Request(Box<Message>),
}

pub(crate) struct Line {
    agent: UserAgent,
    begin: std::time::Instant,
    trust: Trust,
    is_whole: bool,
    socket: Option<(FlowId, UnboundedSender<Vec<u8>>)>,
    came: UnboundedReceiver<(FlowId, Came)>,
    comes: UnboundedSender<(FlowId, Came)>,
    happened: VecDeque<Happening>,
    /// Why the last connection could not be opened.
    pub(crate) why: Option<String>,
}

impl Line {
    /// A phone that does nothing yet.
    pub(crate) fn new(config: Config, trust: Trust, is_whole: bool, seed: [u8; 32]) -> Line {
        let (comes, came) = unbounded_channel();
        Line {
            agent: UserAgent::new(config, seed),
            begin: std::time::Instant::now(),
            trust,
            is_whole,
            socket: None,
            came,
            comes,
            happened: VecDeque::new(),
            why: None,
        }
    }

    pub(crate) fn next_session(&mut self) -> SessionId {
        self.agent.next_session()
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.input(Input::Command(command));
    }

    /// What happens next; `None` if nothing does for so long.
    pub(crate) async fn next(&mut self, patience: Duration) -> Option<Happening> {
        let end = std::time::Instant::now() + patience;
        loop {
            if let Some(happening) = self.happened.pop_front() {
                return Some(happening);
            }
            let left = end.checked_duration_since(std::time::Instant::now())?;
            let due = self.agent.poll_timeout().map(|at| Duration::from_millis(at.since(self.now()).max(1)));
            match tokio::time::timeout(due.map_or(left, |due| due.min(left)), self.came.recv()).await {
                Ok(Some((flow, Came::Open))) => self.input(Input::Connected(flow)),
                Ok(Some((flow, Came::Octets(octets)))) => {
                    self.note(Direction::In, &octets);
                    self.input(Input::Frame(flow, octets));
                }
                Ok(Some((flow, Came::Gone(why)))) => {
                    self.why = why;
                    self.input(Input::Disconnected(flow));
                }
                // `comes` is held here, so it does not end.
                Ok(None) => return None,
                Err(_) => self.input(Input::Timeout),
            }
        }
    }

    fn now(&self) -> Instant {
        Instant(u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn input(&mut self, input: Input) {
        self.agent.handle_input(self.now(), input);
        while let Some(output) = self.agent.poll_output() {
            match output {
                Output::Connect { flow, url } => {
                    let comes = self.comes.clone();
                    // Nobody listens any more once the phone is gone.
                    let tell = move |came| drop(comes.send((flow, came)));
                    self.socket = Some((flow, open(&url, &self.trust, tell)));
                }
                Output::Disconnect(_) => self.socket = None,
                Output::Transmit(flow, octets) => {
                    self.note(Direction::Out, &octets);
                    if let Some((_, socket)) = self.socket.as_ref().filter(|(open, _)| *open == flow) {
                        // A socket that has just broken says so by itself.
                        let _ = socket.send(octets);
                    }
                }
                Output::Event(event) => self.happened.push_back(Happening::Event(event)),
            }
        }
    }

    fn note(&mut self, direction: Direction, octets: &[u8]) {
        show(&rung(self.begin.elapsed().as_secs_f64(), direction, octets, self.is_whole));
        if let Frame::Message(message) = Frame::read(octets.to_vec()) {
            match direction {
                Direction::In if message.status().is_some() => {
                    self.happened.push_back(Happening::Response(message));
                }
                Direction::Out if message.is_request() => {
                    self.happened.push_back(Happening::Request(message));
                }
                Direction::In | Direction::Out => {}
            }
        }
    }
}
