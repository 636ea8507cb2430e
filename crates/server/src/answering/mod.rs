//! The numbers that answer by themselves, and calls that a test starts: user agents whose flows never leave this
//! process, so that their calls pass the proxy as all others do.
//!
//! It opens no socket and reads no clock; media are ordered from outside and report back.

mod call;
mod dtmf;
mod g711;
mod heard;
mod line;
mod media;
mod number;
mod ring;
mod tone;

pub(crate) use line::warm_up;
pub use line::{Happening, Sound};
pub(crate) use media::Media;
pub use media::{Order, Report};
pub(crate) use number::{NUMBERS, OTHER_NUMBERS};
pub use ring::Ring;

use crate::core::Trust;
use call::{Call, Due, Stage};
use number::{Behaviour, EARLY, SHORT};
use ring::Outcome;
use serde_json::{Value, json};
use softframe_sip::{
    Command, Config, ConnectionState, Event, FlowId, Ids, Instant, Secret, SessionId, UserAgent,
    wire::{Message, NameAddr},
};
use std::collections::{BTreeMap, VecDeque};

/// Flows of sockets are numbered below it, ours from it on.
const FIRST_FLOW: u64 = 1 << 40;

/// Flows of one agent, which makes a new one only when the proxy ends the old.
const FLOWS_OF_AGENT: u64 = 1 << 20;

/// Rings at a time; each is an agent of its own.
const MAX_RINGS: usize = 50;

/// Rings remembered after their end.
const MAX_OUTCOMES: usize = 200;

/// A call of ours. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId {
    agent: u64,
    session: SessionId,
}

/// What comes in.
#[derive(Clone, Debug)]
pub enum Input {
    /// A frame for one of our flows.
    Frame(FlowId, Vec<u8>),
    /// Media of a call.
    Media(CallId, Report),
    /// The caller of a ring hangs up.
    HangUp(u64),
    /// The registrar has forgotten us.
    Restarted,
    /// A deadline of [`Answering::poll_timeout`] has passed.
    Timeout,
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A flow of ours is open.
    Opened(FlowId, Trust),
    /// It is closed.
    Closed(FlowId),
    /// A frame by it.
    Frame(FlowId, Vec<u8>),
    /// A wish for a call's media.
    Media(CallId, Order),
}

/// All numbers and rings.
pub struct Answering {
    domain: String,
    ids: Ids,
    agents: BTreeMap<u64, Agent>,
    next_agent: u64,
    outcomes: BTreeMap<u64, Outcome>,
    outputs: VecDeque<Output>,
}

struct Agent {
    user: String,
    user_agent: UserAgent,
    role: Role,
    calls: BTreeMap<SessionId, Call>,
}

enum Role {
    /// Takes calls.
    Number(Behaviour),
    /// Makes one call and is gone.
    Caller(Ring),
}

impl Answering {
    /// No numbers yet. All ids come from `seed`, which must be fresh randomness.
    pub fn new(domain: String, seed: [u8; 32]) -> Answering {
        Answering {
            domain,
            ids: Ids::new(seed),
            agents: BTreeMap::new(),
            next_agent: 0,
            outcomes: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Puts all numbers into service.
    pub fn start(&mut self, now: Instant) {
        for (number, behaviour, _) in NUMBERS {
            self.add(now, number.to_owned(), None, Role::Number(behaviour));
        }
    }

    /// A number calls; how it goes is in [`Answering::ring_state`] under the id.
    pub fn ring(&mut self, now: Instant, ring: Ring) -> Result<u64, String> {
        let rings = self.agents.values().filter(|agent| matches!(agent.role, Role::Caller(_))).count();
        if rings >= MAX_RINGS {
            return Err(format!("more than {MAX_RINGS} rings at a time"));
        }
        if self.outcomes.len() >= MAX_OUTCOMES {
            self.outcomes.pop_first();
        }
        let (from, name) = (ring.from.clone(), ring.display_name.clone());
        let id = self.next_agent;
        self.outcomes.insert(id, Outcome::new(&ring));
        self.add(now, from, name, Role::Caller(ring));
        Ok(id)
    }

    /// How a ring goes or went.
    pub fn ring_state(&self, id: u64) -> Option<Value> {
        let outcome = self.outcomes.get(&id)?;
        Some(outcome.to_json(id))
    }

    /// Everything that happens comes in here.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Frame(flow, octets) => {
                let (id, flow) = inner(flow);
                self.tell(now, id, softframe_sip::Input::Frame(flow, octets));
            }
            Input::Media(call, report) => self.report(now, call, report),
            Input::HangUp(id) => self.hang_up(now, id),
            Input::Restarted => self.tell_all(now, &softframe_sip::Input::Woke),
            Input::Timeout => {
                self.tell_all(now, &softframe_sip::Input::Timeout);
                self.due(now);
            }
        }
    }

    /// Pops the queue of outputs.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The earliest deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let of_agent = |agent: &Agent| {
            agent.calls.values().filter_map(Call::poll_timeout).chain(agent.user_agent.poll_timeout()).min()
        };
        self.agents.values().filter_map(of_agent).min()
    }

    /// All calls, with what `heard` knows of their media.
    pub fn calls(&self, heard: impl Fn(CallId) -> Option<Value>) -> Vec<Value> {
        let of_agent = |(id, agent): (&u64, &Agent)| {
            let one = |(session, call): (&SessionId, &Call)| {
                let ring = matches!(agent.role, Role::Caller(_)).then_some(*id);
                json!({
                    "number": call.number, "answeredBy": agent.user, "peer": call.peer, "state": call.name(), "dtmf": call.digits,
                    "ring": ring, "heard": heard(CallId { agent: *id, session: *session }),
                })
            };
            agent.calls.iter().map(one).collect::<Vec<_>>()
        };
        self.agents.iter().flat_map(of_agent).collect()
    }

    fn add(&mut self, now: Instant, user: String, display_name: Option<String>, role: Role) {
        let config = Config {
            servers: vec![format!("ws://{}/", self.domain)],
            user: user.clone(),
            domain: self.domain.clone(),
            auth_user: None,
            display_name,
            // Never asked for: the flow is internal.
            secret: Secret::Password(String::new()),
            instance: self.ids.token(),
            expires: 600,
            user_agent: "softframe-server".to_owned(),
        };
        let user_agent = UserAgent::new(config, self.ids.octets());
        let id = self.next_agent;
        self.next_agent += 1;
        self.agents.insert(id, Agent { user, user_agent, role, calls: BTreeMap::new() });
        self.command(now, id, Command::Register);
    }

    fn command(&mut self, now: Instant, id: u64, command: Command) {
        self.tell(now, id, softframe_sip::Input::Command(command));
    }

    fn tell_all(&mut self, now: Instant, input: &softframe_sip::Input) {
        for id in self.agents.keys().copied().collect::<Vec<_>>() {
            self.tell(now, id, input.clone());
        }
    }

    /// Gives an agent an input and does what it then wants.
    fn tell(&mut self, now: Instant, id: u64, input: softframe_sip::Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(agent) = self.agents.get_mut(&id) {
            let Some(input) = inputs.pop_front() else { return };
            let is_caller = matches!(agent.role, Role::Caller(_));
            agent.user_agent.handle_input(now, input);
            while let Some(output) = self.agents.get_mut(&id).and_then(|agent| agent.user_agent.poll_output())
            {
                match output {
                    softframe_sip::Output::Connect { flow, .. } => {
                        let trust = if is_caller { Trust::Guest } else { Trust::Internal };
                        self.outputs.push_back(Output::Opened(outer(id, flow), trust));
                        inputs.push_back(softframe_sip::Input::Connected(flow));
                    }
                    softframe_sip::Output::Disconnect(flow) => {
                        self.outputs.push_back(Output::Closed(outer(id, flow)));
                    }
                    softframe_sip::Output::Transmit(flow, octets) => {
                        self.outputs.push_back(Output::Frame(outer(id, flow), octets));
                    }
                    softframe_sip::Output::Event(event) => {
                        let commands = self.event(now, id, event);
                        inputs.extend(commands.into_iter().map(softframe_sip::Input::Command));
                    }
                }
            }
        }
    }

    /// What an agent says, and what it is told to do.
    fn event(&mut self, now: Instant, id: u64, event: Event) -> Vec<Command> {
        match event {
            Event::Connection(connection) => self.connection(now, id, connection.state),
            Event::Incoming { session, request } => self.incoming(id, session, &request),
            Event::Progress { response, .. } => {
                self.outcome(id, |outcome| outcome.progress(&response));
                Vec::new()
            }
            Event::Accepted { session, response, .. } => self.accepted(id, session, &response),
            Event::Confirmed { session, body } => {
                if !body.is_empty() {
                    self.media(id, session, Order::Accept(body));
                }
                Vec::new()
            }
            Event::Offered { session, offer } if offer.is_empty() => {
                vec![Command::RefuseOffer { session, code: 488 }]
            }
            Event::Offered { session, offer } => {
                self.media(id, session, Order::Renew(offer));
                Vec::new()
            }
            Event::Info { session, request } => {
                let content_type = request.header("Content-Type").unwrap_or_default();
                if let Some(digit) = dtmf::from_info(content_type, request.body()) {
                    self.digit(now, id, session, digit);
                }
                Vec::new()
            }
            Event::Terminated { session, cause } => self.terminated(id, session, &cause),
            Event::Authenticated(_)
            | Event::Inviting { .. }
            | Event::Reinvited { .. }
            | Event::ReinviteFailed { .. }
            | Event::Transfer { .. }
            | Event::Message { .. }
            | Event::Notify { .. } => Vec::new(),
        }
    }

    /// A caller that is registered for the first time starts its call.
    fn connection(&mut self, now: Instant, id: u64, state: ConnectionState) -> Vec<Command> {
        let Some(agent) = self.agents.get_mut(&id) else { return Vec::new() };
        let Role::Caller(ring) = &agent.role else { return Vec::new() };
        if state != ConnectionState::Registered {
            return Vec::new();
        }
        match agent.calls.iter_mut().next() {
            None if self.outcomes.get(&id).is_some_and(Outcome::is_new) => {
                let session = agent.user_agent.next_session();
                let behaviour = Behaviour::Answers(Sound::Tone);
                let stage = Stage::Inviting { until: now.after(ring.seconds * 1000) };
                agent.calls.insert(session, Call::new(ring.from.clone(), ring.to.clone(), behaviour, stage));
                self.outcome(id, Outcome::started);
                self.media(id, session, Order::Offer(Sound::Tone));
            }
            None | Some(_) => {}
        }
        Vec::new()
    }

    fn incoming(&mut self, id: u64, session: SessionId, request: &Message) -> Vec<Command> {
        let Some(agent) = self.agents.get_mut(&id) else { return Vec::new() };
        let Role::Number(behaviour) = agent.role else {
            return vec![Command::Reject { session, code: 486, headers: Vec::new() }];
        };
        let order = match (behaviour, request.body()) {
            (Behaviour::Refuses(code), _) => {
                return vec![Command::Reject { session, code, headers: Vec::new() }];
            }
            (Behaviour::Rings, _) => None,
            (_, []) => Some(Order::Offer(behaviour.sound())),
            (_, offer) => Some(Order::Answer(behaviour.sound(), offer.to_vec())),
        };
        let user = |address: &NameAddr| address.uri.user().unwrap_or_default();
        let (number, peer) = (user(request.to()), user(request.from()));
        let stage = if order.is_some() { Stage::Describing } else { Stage::Ringing };
        agent.calls.insert(session, Call::new(number, peer, behaviour, stage));
        if let Some(order) = order {
            self.media(id, session, order);
        }
        Vec::new()
    }

    fn accepted(&mut self, id: u64, session: SessionId, response: &Message) -> Vec<Command> {
        if let Some(call) = self.call(id, session) {
            call.stage = Stage::Talking { until: None };
            self.outcome(id, Outcome::answered);
            self.media(id, session, Order::Accept(response.body().to_vec()));
        }
        Vec::new()
    }

    fn terminated(&mut self, id: u64, session: SessionId, cause: &softframe_sip::Cause) -> Vec<Command> {
        let Some(agent) = self.agents.get_mut(&id) else { return Vec::new() };
        let ended = agent.calls.remove(&session);
        let is_caller = matches!(agent.role, Role::Caller(_));
        if ended.is_some() {
            self.outputs.push_back(Output::Media(CallId { agent: id, session }, Order::Close));
        }
        if !is_caller {
            return Vec::new();
        }
        let digits = ended.map(|call| call.digits).unwrap_or_default();
        self.outcome(id, |outcome| outcome.ended(cause, &digits));
        vec![Command::Unregister]
    }

    fn report(&mut self, now: Instant, of: CallId, report: Report) {
        let CallId { agent: id, session } = of;
        match report {
            Report::Description(Ok(description)) => self.described(now, of, description),
            Report::Description(Err(reason)) => {
                eprintln!("media: {reason}");
                let command = match self.call(id, session).map(|call| &call.stage) {
                    Some(Stage::Describing) => Command::Reject { session, code: 488, headers: Vec::new() },
                    Some(_) | None => Command::Terminate { session, reason: None },
                };
                self.command(now, id, command);
            }
            Report::Renewed(Ok(description)) => {
                self.command(now, id, Command::Answer { session, answer: description.into_bytes() });
            }
            Report::Renewed(Err(reason)) => {
                eprintln!("media: {reason}");
                self.command(now, id, Command::RefuseOffer { session, code: 488 });
            }
            Report::Happened(Happening::Connected) => {}
            Report::Happened(Happening::Digit(digit)) => self.digit(now, id, session, digit),
            Report::Happened(Happening::Closed) => {
                if let Some(call) = self.call(id, session) {
                    call.media_closed(now);
                }
            }
        }
    }

    /// Media have our side's description.
    fn described(&mut self, now: Instant, of: CallId, description: String) {
        let CallId { agent: id, session } = of;
        let Some(call) = self.call(id, session) else { return };
        let (answer, headers) = (description.clone().into_bytes(), Vec::new());
        let command = match (&call.stage, call.behaviour) {
            (Stage::Describing, Behaviour::PlaysEarly) => {
                call.stage = Stage::Early { answer: description, until: now.after(EARLY) };
                Command::Progress { session, code: 183, answer }
            }
            (Stage::Describing, behaviour) => {
                let until = (behaviour == Behaviour::HangsUp).then(|| now.after(SHORT));
                call.stage = Stage::Talking { until };
                Command::Accept { session, answer, headers }
            }
            (Stage::Inviting { .. }, _) => {
                let Some(Role::Caller(ring)) = self.agents.get(&id).map(|agent| &agent.role) else { return };
                let (target, headers) = (ring.to.clone(), ring.headers.clone());
                Command::Invite { session, target, offer: answer, headers }
            }
            (Stage::Ringing | Stage::Early { .. } | Stage::Talking { .. }, _) => return,
        };
        self.command(now, id, command);
    }

    fn digit(&mut self, now: Instant, id: u64, session: SessionId, digit: char) {
        if let Some(call) = self.call(id, session) {
            call.digit(now, digit);
        }
    }

    fn hang_up(&mut self, now: Instant, id: u64) {
        let Some(agent) = self.agents.get(&id) else { return };
        let Role::Caller(_) = agent.role else { return };
        for session in agent.calls.keys().copied().collect::<Vec<_>>() {
            self.command(now, id, Command::Terminate { session, reason: None });
        }
    }

    /// What calls do by themselves.
    fn due(&mut self, now: Instant) {
        let mut due = Vec::new();
        for (id, agent) in &mut self.agents {
            for (session, call) in &mut agent.calls {
                while let Some(what) = call.due(now) {
                    due.push((*id, *session, call.peer.clone(), what));
                }
            }
        }
        for (id, session, peer, what) in due {
            let command = match what {
                Due::Answer(answer) => {
                    Command::Accept { session, answer: answer.into_bytes(), headers: Vec::new() }
                }
                Due::HangUp => Command::Terminate { session, reason: None },
                Due::Digits(digits) => Command::Message {
                    target: peer,
                    content_type: "text/plain".to_owned(),
                    body: format!("DTMF {digits}").into_bytes(),
                },
            };
            self.command(now, id, command);
        }
        self.drop_callers();
    }

    /// Callers whose call is over are gone.
    fn drop_callers(&mut self) {
        let outcomes = &self.outcomes;
        self.agents.retain(|id, agent| match agent.role {
            Role::Number(_) => true,
            Role::Caller(_) => !agent.calls.is_empty() || !outcomes.get(id).is_none_or(Outcome::is_ended),
        });
    }

    fn call(&mut self, id: u64, session: SessionId) -> Option<&mut Call> {
        self.agents.get_mut(&id)?.calls.get_mut(&session)
    }

    fn outcome(&mut self, id: u64, change: impl FnOnce(&mut Outcome)) {
        if let Some(outcome) = self.outcomes.get_mut(&id) {
            change(outcome);
        }
    }

    fn media(&mut self, agent: u64, session: SessionId, order: Order) {
        self.outputs.push_back(Output::Media(CallId { agent, session }, order));
    }
}

/// An agent's flow as the exchange numbers it.
fn outer(agent: u64, flow: FlowId) -> FlowId {
    FlowId(FIRST_FLOW + agent * FLOWS_OF_AGENT + flow.0 % FLOWS_OF_AGENT)
}

/// The agent, and the flow as it numbers it.
fn inner(flow: FlowId) -> (u64, FlowId) {
    let own = flow.0.saturating_sub(FIRST_FLOW);
    (own / FLOWS_OF_AGENT, FlowId(own % FLOWS_OF_AGENT))
}

#[cfg(test)]
mod tests;
