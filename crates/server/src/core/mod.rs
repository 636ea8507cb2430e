//! Registrar and proxy of one domain over WebSocket flows (RFC 3261 §10 and §16, RFC 7118), without I/O.
//!
//! It reads no clock, draws no randomness, opens no socket and holds nothing asynchronous: time is an argument,
//! ids come from a seed, frames go in and out by three doors.

mod away;
mod context;
mod digest;
mod proxy;
mod registrar;

use away::Away;
use context::Context;
use digest::Nonces;
use registrar::Registrar;
use softframe_sip::{
    FlowId, Ids, Instant,
    digest::Algorithm,
    wire::{Frame, Message, PONG, ResponseBuilder, StatusCode},
};
use std::collections::{BTreeMap, VecDeque};

/// Flows at a time: each costs a socket, and this is a development server.
pub const MAX_FLOWS: usize = 500;

/// Response contexts at a time; beyond it new requests get 503.
pub const MAX_CONTEXTS: usize = 2000;

/// The domain and those who live in it.
#[derive(Clone)]
pub struct Config {
    /// The host part of its addresses-of-record, and the realm of its challenges.
    pub domain: String,
    /// Other names and addresses under which it is reached.
    pub aliases: Vec<String>,
    /// Passwords by user part.
    pub users: BTreeMap<String, String>,
    /// Who takes the numbers that nobody has: a user part.
    pub other_numbers: Option<String>,
}

/// What a flow must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// A password, by digest.
    Challenged,
    /// Nothing: it never left this process, and may be any user.
    Internal,
    /// Nothing either, but nobody finds it: it is one end of a call that only looks like a user's.
    Guest,
}

/// What comes in.
#[derive(Clone, Debug)]
pub enum Input {
    /// A flow is open.
    Opened(FlowId, Trust),
    /// A flow is gone.
    Closed(FlowId),
    /// One WebSocket message.
    Frame(FlowId, Vec<u8>),
    /// Forget all bindings and nonces, as a restart without storage would.
    Restarted,
    /// A deadline of [`Exchange::poll_timeout`] has passed.
    Timeout,
}

/// What goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// One WebSocket message.
    Transmit(FlowId, Vec<u8>),
    /// A frame was no message; this is what was wrong with it.
    Dropped(FlowId, String),
}

/// Registrar and proxy of one domain.
pub struct Exchange {
    config: Config,
    ids: Ids,
    /// Seals what comes back from outside; never leaves.
    secret: String,
    nonces: Nonces,
    registrar: Registrar,
    away: Away,
    flows: BTreeMap<FlowId, Flow>,
    contexts: BTreeMap<u64, Context>,
    next_context: u64,
    outputs: VecDeque<Output>,
}

struct Flow {
    trust: Trust,
    /// The user it has proven to be.
    user: Option<String>,
}

/// Where a user is, for a person who looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// The user part.
    pub user: String,
    /// The contact's URI.
    pub contact: String,
    /// Its flow.
    pub flow: FlowId,
    /// Seconds until it expires.
    pub expires: u64,
}

impl Exchange {
    /// An exchange without flows. All ids come from `seed`, which must be fresh randomness.
    pub fn new(config: Config, seed: [u8; 32]) -> Exchange {
        let mut ids = Ids::new(seed);
        let secret = ids.token() + &ids.token();
        Exchange {
            config,
            ids,
            secret,
            nonces: Nonces::default(),
            registrar: Registrar::default(),
            away: Away::default(),
            flows: BTreeMap::new(),
            contexts: BTreeMap::new(),
            next_context: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Everything that happens comes in here. Cannot fail: a bad frame is an input with a defined answer.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        self.away.begin(now);
        match input {
            Input::Opened(flow, trust) => {
                if self.flows.len() < MAX_FLOWS {
                    self.flows.insert(flow, Flow { trust, user: None });
                }
            }
            Input::Closed(flow) => self.closed(now, flow),
            Input::Frame(flow, octets) => self.frame(now, flow, octets),
            Input::Restarted => {
                self.registrar.forget();
                self.away.restart(now);
                self.nonces = Nonces::default();
            }
            Input::Timeout => self.timeout(now),
        }
    }

    /// Pops the queue of outputs.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The earliest deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let contexts = self.contexts.values().filter_map(Context::poll_timeout);
        contexts.chain(self.registrar.poll_timeout()).min()
    }

    /// All bindings.
    pub fn whereabouts(&self, now: Instant) -> Vec<Whereabouts> {
        let of_user = |(user, bindings): (&str, &[registrar::Binding])| {
            let one = |binding: &registrar::Binding| Whereabouts {
                user: user.to_owned(),
                contact: binding.contact.uri.as_str().to_owned(),
                flow: binding.flow,
                expires: binding.expires.since(now).div_ceil(1000),
            };
            bindings.iter().map(one).collect::<Vec<_>>()
        };
        self.registrar.users().flat_map(of_user).collect()
    }

    /// The user that a flow has proven to be.
    pub fn user_of(&self, flow: FlowId) -> Option<&str> {
        self.flows.get(&flow)?.user.as_deref()
    }

    /// Whether somebody has this user part.
    pub fn knows(&self, user: &str) -> bool {
        self.config.users.contains_key(user) || !self.registrar.of(user).is_empty()
    }

    /// Requests under way.
    pub fn pending(&self) -> usize {
        self.contexts.len()
    }

    fn frame(&mut self, now: Instant, flow: FlowId, octets: Vec<u8>) {
        if !self.flows.contains_key(&flow) {
            return;
        }
        match Frame::read(octets) {
            Frame::Ping => self.outputs.push_back(Output::Transmit(flow, PONG.to_vec())),
            Frame::Pong => {}
            Frame::Malformed(malformed) => {
                self.outputs.push_back(Output::Dropped(flow, malformed.to_string()));
                if let Some(response) = malformed.response {
                    self.outputs.push_back(Output::Transmit(flow, response));
                }
            }
            Frame::Message(message) if message.is_request() => self.request(now, flow, *message),
            Frame::Message(message) => self.response(now, flow, &message),
        }
    }

    fn closed(&mut self, now: Instant, flow: FlowId) {
        self.flows.remove(&flow);
        for (user, binding) in self.registrar.flow_closed(flow) {
            self.away.leave(now, &user, binding);
        }
        self.each_context(|context, tag| context.flow_closed(now, flow, tag));
    }

    fn timeout(&mut self, now: Instant) {
        self.registrar.tidy(now);
        self.each_context(|context, tag| context.timeout(now, tag));
    }

    /// Lets every context act, sends what it wants, and drops those that are over.
    fn each_context(&mut self, act: impl Fn(&mut Context, &str) -> Vec<context::Send>) {
        let tag = self.ids.token();
        let sends: Vec<_> = self.contexts.values_mut().flat_map(|context| act(context, &tag)).collect();
        self.send_all(sends);
        self.contexts.retain(|_, context| !context.is_over());
    }

    fn send_all(&mut self, sends: Vec<context::Send>) {
        for context::Send(flow, message) in sends {
            self.transmit(flow, message);
        }
    }

    fn transmit(&mut self, flow: FlowId, message: Message) {
        self.outputs.push_back(Output::Transmit(flow, message.into_octets()));
    }

    /// A seal of `text` that nobody else can make.
    fn sealed(&self, text: &str) -> String {
        Algorithm::Sha256.hash(&format!("{} {text}", self.secret))
    }

    /// A response of our own.
    fn answer(&mut self, flow: FlowId, request: &Message, code: StatusCode, headers: &[(&str, String)]) {
        let mut response = ResponseBuilder::new(request, code).to_tag(&self.ids.token());
        for (name, value) in headers {
            response = response.header(name, value);
        }
        self.transmit(flow, response.build());
    }
}

#[cfg(test)]
mod tests;
