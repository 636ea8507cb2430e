//! The one task that owns the exchange and the numbers that answer: it carries frames between sockets and both,
//! keeps the clock, and does what `/demo/*` asks.
//!
//! It decides nothing about SIP.

use crate::{
    answering::{self, Answering},
    core::{self, Exchange, Trust},
    socket::{self, MAX_QUEUE},
    trace::{Direction, Trace},
};
use serde_json::{Value, json};
use softframe_sip::{FlowId, Instant};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

pub(crate) use crate::answering::Ring;

/// Events waiting for the task; a socket that fills it waits.
const MAX_EVENTS: usize = 1024;

/// The longest sleep, so that a deadline that was missed is noticed.
const MAX_SLEEP: u64 = 1000;

/// A fault that a test asks for.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// Whose sockets; all, if none is named.
    pub(crate) user: Option<String>,
    /// How long [`FaultKind::Refuse`] lasts.
    pub(crate) seconds: u64,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The WebSocket is closed with a close frame.
    Close,
    /// The TCP connection ends without one.
    Drop,
    /// Nothing is read or written any more; the TCP connection stays.
    Freeze,
    /// What was frozen goes on.
    Thaw,
    /// Sockets are closed, and for a while all upgrades get 503.
    Refuse,
    /// All bindings and nonces are forgotten; sockets stay.
    Forget,
    /// All bindings and nonces are forgotten, all sockets are closed.
    RestartRegistrar,
}

impl FaultKind {
    /// All, by their names in requests.
    pub(crate) const NAMES: [(&str, FaultKind); 7] = [
        ("close", FaultKind::Close),
        ("drop", FaultKind::Drop),
        ("freeze", FaultKind::Freeze),
        ("thaw", FaultKind::Thaw),
        ("refuse", FaultKind::Refuse),
        ("forget", FaultKind::Forget),
        ("restart-registrar", FaultKind::RestartRegistrar),
    ];

    pub(crate) fn named(name: &str) -> Option<FaultKind> {
        FaultKind::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
}

/// What the task is told.
enum Event {
    Open(mpsc::Sender<socket::Order>, oneshot::Sender<FlowId>),
    Frame(FlowId, Vec<u8>),
    Closed(FlowId),
    Media(answering::CallId, answering::Report),
    Ring(Ring, oneshot::Sender<Result<u64, String>>),
    RingState(u64, oneshot::Sender<Option<Value>>),
    HangUp(u64, oneshot::Sender<Option<Value>>),
    State(usize, oneshot::Sender<Value>),
    Fault(Fault, oneshot::Sender<Result<usize, String>>),
}

/// The way to the task; clones lead to the same.
#[derive(Clone)]
pub(crate) struct Switchboard {
    events: mpsc::Sender<Event>,
    /// Milliseconds on the clock until which upgrades are refused.
    refusing: Arc<AtomicU64>,
    clock: Clock,
}

/// Milliseconds since the start.
#[derive(Clone, Copy)]
struct Clock(std::time::Instant);

impl Clock {
    fn now(self) -> Instant {
        Instant(u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// One open socket's way to the task.
pub(crate) struct Line {
    flow: FlowId,
    switchboard: Switchboard,
}

impl Line {
    /// A frame came.
    pub(crate) async fn frame(&self, octets: Vec<u8>) {
        self.switchboard.tell(Event::Frame(self.flow, octets)).await;
    }

    /// The socket is gone.
    pub(crate) async fn closed(self) {
        self.switchboard.tell(Event::Closed(self.flow)).await;
    }
}

impl Switchboard {
    /// Starts the task.
    pub(crate) fn start(exchange: Exchange, answering: Answering) -> Switchboard {
        let (events, incoming) = mpsc::channel(MAX_EVENTS);
        let switchboard =
            Switchboard { events, refusing: Arc::default(), clock: Clock(std::time::Instant::now()) };
        let task = Task {
            switchboard: switchboard.clone(),
            exchange,
            answering,
            sockets: BTreeMap::new(),
            media: BTreeMap::new(),
            trace: Trace::default(),
            flows: 0,
        };
        tokio::spawn(task.run(incoming));
        switchboard
    }

    /// A new socket; `None` when the task is gone or has too many.
    pub(crate) async fn open(&self, orders: mpsc::Sender<socket::Order>) -> Option<Line> {
        let flow = self.ask(|reply| Event::Open(orders, reply)).await?;
        Some(Line { flow, switchboard: self.clone() })
    }

    /// Whether upgrades are refused now.
    pub(crate) fn refuses(&self) -> bool {
        self.refusing.load(Ordering::Relaxed) > self.clock.now().0
    }

    pub(crate) async fn state(&self, trace: usize) -> Value {
        self.ask(|reply| Event::State(trace, reply)).await.unwrap_or(Value::Null)
    }

    pub(crate) async fn ring(&self, ring: Ring) -> Result<u64, String> {
        self.ask(|reply| Event::Ring(ring, reply)).await.unwrap_or_else(|| Err("shutting down".to_owned()))
    }

    pub(crate) async fn ring_state(&self, id: u64) -> Option<Value> {
        self.ask(|reply| Event::RingState(id, reply)).await?
    }

    pub(crate) async fn hang_up(&self, id: u64) -> Option<Value> {
        self.ask(|reply| Event::HangUp(id, reply)).await?
    }

    pub(crate) async fn fault(&self, fault: Fault) -> Result<usize, String> {
        self.ask(|reply| Event::Fault(fault, reply)).await.unwrap_or_else(|| Err("shutting down".to_owned()))
    }

    async fn tell(&self, event: Event) {
        // Fails only when the task has ended, and then there is nobody to tell.
        let _ended = self.events.send(event).await;
    }

    async fn ask<T>(&self, event: impl FnOnce(oneshot::Sender<T>) -> Event) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.tell(event(reply)).await;
        answer.await.ok()
    }
}

/// What the task owns.
struct Task {
    switchboard: Switchboard,
    exchange: Exchange,
    answering: Answering,
    sockets: BTreeMap<FlowId, mpsc::Sender<socket::Order>>,
    media: BTreeMap<answering::CallId, answering::Media>,
    trace: Trace,
    flows: u64,
}

impl Task {
    async fn run(mut self, mut incoming: mpsc::Receiver<Event>) {
        self.answering.start(self.switchboard.clock.now());
        self.pump();
        loop {
            let sleep = Duration::from_millis(self.sleep());
            match tokio::time::timeout(sleep, incoming.recv()).await {
                Ok(Some(event)) => self.event(event),
                Ok(None) => return,
                Err(_) => {
                    let now = self.switchboard.clock.now();
                    self.exchange.handle_input(now, core::Input::Timeout);
                    self.answering.handle_input(now, answering::Input::Timeout);
                }
            }
            self.pump();
        }
    }

    fn sleep(&self) -> u64 {
        let now = self.switchboard.clock.now();
        let deadlines = [self.exchange.poll_timeout(), self.answering.poll_timeout()];
        deadlines.into_iter().flatten().map(|at| at.since(now)).min().unwrap_or(MAX_SLEEP).min(MAX_SLEEP)
    }

    fn event(&mut self, event: Event) {
        let now = self.switchboard.clock.now();
        // A reply that nobody waits for any more is nobody's loss.
        let _unheard = match event {
            Event::Open(orders, reply) => self.opened(now, orders, reply),
            Event::Frame(flow, octets) => {
                self.received(now, flow, octets);
                Ok(())
            }
            Event::Closed(flow) => {
                self.sockets.remove(&flow);
                self.exchange.handle_input(now, core::Input::Closed(flow));
                Ok(())
            }
            Event::Media(call, report) => {
                self.answering.handle_input(now, answering::Input::Media(call, report));
                Ok(())
            }
            Event::Ring(ring, reply) => reply.send(self.ring(now, ring)).map_err(drop),
            Event::RingState(id, reply) => reply.send(self.answering.ring_state(id)).map_err(drop),
            Event::HangUp(id, reply) => {
                self.answering.handle_input(now, answering::Input::HangUp(id));
                reply.send(self.answering.ring_state(id)).map_err(drop)
            }
            Event::State(trace, reply) => reply.send(self.state(now, trace)).map_err(drop),
            Event::Fault(fault, reply) => reply.send(self.fault(now, &fault)).map_err(drop),
        };
    }

    fn opened(
        &mut self,
        now: Instant,
        orders: mpsc::Sender<socket::Order>,
        reply: oneshot::Sender<FlowId>,
    ) -> Result<(), ()> {
        if self.sockets.len() >= core::MAX_FLOWS {
            return Ok(());
        }
        self.flows += 1;
        let flow = FlowId(self.flows);
        self.sockets.insert(flow, orders);
        self.exchange.handle_input(now, core::Input::Opened(flow, Trust::Challenged));
        reply.send(flow).map_err(drop)
    }

    fn received(&mut self, now: Instant, flow: FlowId, octets: Vec<u8>) {
        self.trace.add(now.0, flow.0, self.exchange.user_of(flow), Direction::In, &octets);
        self.exchange.handle_input(now, core::Input::Frame(flow, octets));
    }

    fn ring(&mut self, now: Instant, ring: Ring) -> Result<u64, String> {
        if !self.exchange.knows(&ring.to) {
            return Err(format!("nobody has the number {}", ring.to));
        }
        self.answering.ring(now, ring)
    }

    /// Carries frames and wishes until nobody has any.
    fn pump(&mut self) {
        loop {
            let now = self.switchboard.clock.now();
            if let Some(output) = self.exchange.poll_output() {
                self.carry(now, output);
            } else if let Some(output) = self.answering.poll_output() {
                self.perform(now, output);
            } else {
                return;
            }
        }
    }

    fn carry(&mut self, now: Instant, output: core::Output) {
        match output {
            core::Output::Dropped(flow, reason) => eprintln!("flow {}: dropped a frame: {reason}", flow.0),
            core::Output::Transmit(flow, octets) => {
                self.trace.add(now.0, flow.0, self.exchange.user_of(flow), Direction::Out, &octets);
                let Some(socket) = self.sockets.get(&flow) else {
                    return self.answering.handle_input(now, answering::Input::Frame(flow, octets));
                };
                // One that is closed has its last event on the way.
                if let Err(mpsc::error::TrySendError::Full(_)) = socket.try_send(socket::Order::Frame(octets))
                {
                    eprintln!("flow {}: more than {MAX_QUEUE} frames behind, dropped", flow.0);
                    self.sockets.remove(&flow);
                }
            }
        }
    }

    fn perform(&mut self, now: Instant, output: answering::Output) {
        match output {
            answering::Output::Opened(flow, trust) => {
                self.exchange.handle_input(now, core::Input::Opened(flow, trust));
            }
            answering::Output::Closed(flow) => self.exchange.handle_input(now, core::Input::Closed(flow)),
            answering::Output::Frame(flow, octets) => self.received(now, flow, octets),
            answering::Output::Media(call, order) => self.media(call, order),
        }
    }

    fn media(&mut self, call: answering::CallId, order: answering::Order) {
        if let answering::Order::Close = order {
            self.media.remove(&call);
            return;
        }
        let switchboard = self.switchboard.clone();
        let media = self.media.entry(call).or_insert_with(|| {
            answering::Media::start(move |report| {
                let switchboard = switchboard.clone();
                async move { switchboard.tell(Event::Media(call, report)).await }
            })
        });
        media.order(order);
    }

    fn fault(&mut self, now: Instant, fault: &Fault) -> Result<usize, String> {
        let flows: Vec<FlowId> =
            self.sockets.keys().copied().filter(|flow| self.concerns(fault, *flow)).collect();
        if flows.is_empty() && fault.user.is_some() {
            return Err("this user has no socket".to_owned());
        }
        let forgets = matches!(fault.kind, FaultKind::Forget | FaultKind::RestartRegistrar);
        if forgets {
            self.exchange.handle_input(now, core::Input::Restarted);
            self.answering.handle_input(now, answering::Input::Restarted);
        }
        if fault.kind == FaultKind::Refuse {
            self.switchboard.refusing.store(now.after(fault.seconds * 1000).0, Ordering::Relaxed);
        }
        for flow in &flows {
            let order = match fault.kind {
                FaultKind::Close | FaultKind::Refuse | FaultKind::RestartRegistrar => socket::Order::Close,
                FaultKind::Drop => socket::Order::Drop,
                FaultKind::Freeze => socket::Order::Freeze,
                FaultKind::Thaw => socket::Order::Thaw,
                FaultKind::Forget => continue,
            };
            if self.sockets.get(flow).is_none_or(|socket| socket.try_send(order).is_err()) {
                return Err("the socket takes no orders".to_owned());
            }
        }
        Ok(flows.len())
    }

    /// A registrar that restarts or forgets does it to all.
    fn concerns(&self, fault: &Fault, flow: FlowId) -> bool {
        let of_all = matches!(fault.kind, FaultKind::Forget | FaultKind::RestartRegistrar);
        of_all || fault.user.as_deref().is_none_or(|user| self.exchange.user_of(flow) == Some(user))
    }

    fn state(&self, now: Instant, trace: usize) -> Value {
        let binding = |binding: core::Whereabouts| {
            let internal = !self.sockets.contains_key(&binding.flow);
            json!({
                "user": binding.user, "contact": binding.contact, "flow": binding.flow.0,
                "expires": binding.expires, "internal": internal,
            })
        };
        let socket = |flow: &FlowId| json!({"flow": flow.0, "user": self.exchange.user_of(*flow)});
        json!({
            "now": now.0,
            "bindings": self.exchange.whereabouts(now).into_iter().map(binding).collect::<Vec<_>>(),
            "sockets": self.sockets.keys().map(socket).collect::<Vec<_>>(),
            "pending": self.exchange.pending(),
            "calls": self.answering.calls(|call| self.media.get(&call).map(answering::Media::heard)),
            "trace": self.trace.last(trace),
        })
    }
}
