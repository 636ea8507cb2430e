//! The numbers that answer by themselves, and calls that a test starts: user agents whose flows never leave this
//! process, so that their calls pass the proxy as all others do.
//!
//! It opens no socket and reads no clock; media are ordered from outside and report back.

mod call;
mod dtmf;
mod events;
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
use call::Call;
use number::Behaviour;
use ring::Outcome;
use serde_json::{Value, json};
use softframe_sip::{Command, Config, FlowId, Ids, Instant, Secret, SessionId, UserAgent};
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
