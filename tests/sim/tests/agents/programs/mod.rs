//! Random programs for one user agent against a peer that does right and wrong things, held against a small reference:
//! what fails is shrunk to the few steps that matter. As many as stand in [`PROGRAMS`], the same ones in each run;
//! `cargo xtask soak` tries fresh ones for longer.

mod model;
mod peer;
mod rows;
mod steps;

use super::world::{Hits, PASSWORD, config};
use model::{Model, Wire};
use peer::{Move, Peer, Registrar};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use rows::ROWS;
use softframe_sip::{
    Command, ConnectionState, Event, FlowId, Input, Instant, Output, SessionId, SubscriptionId, UserAgent,
};
use std::cell::RefCell;
use steps::{Step, opening, step};

const PROGRAMS: u32 = 2_000;
const LONGEST: usize = 60;
/// Steps that are taken to bring every program to rest.
const MAX_REST: usize = 200;

/// One agent, its peer, and who watches them.
struct Stage {
    now: u64,
    agent: UserAgent,
    flow: Option<FlowId>,
    is_reachable: bool,
    peer: Peer,
    model: Model,
    wire: Wire,
    hits: Hits,
    subscriptions: Vec<SubscriptionId>,
    log: Vec<String>,
    fault: Option<String>,
}

impl Stage {
    fn new() -> Stage {
        let mut stage = Stage {
            now: 0,
            agent: UserAgent::new(config("200", PASSWORD), [5; 32]),
            flow: None,
            is_reachable: true,
            peer: Peer::default(),
            model: Model::default(),
            wire: Wire::default(),
            hits: Hits::default(),
            subscriptions: Vec::new(),
            log: Vec::new(),
            fault: None,
        };
        stage.input(Input::Command(Command::Register));
        stage
    }

    fn fault(&mut self, what: &str, why: Result<(), String>) {
        if let (Err(why), None) = (why, &self.fault) {
            self.fault = Some(format!("{what}: {why}"));
        }
    }

    fn input(&mut self, input: Input) {
        let mut inputs = vec![input];
        while !inputs.is_empty() {
            let input = inputs.remove(0);
            match &input {
                Input::Command(command) => self.model.commanded(command),
                Input::Frame(_, octets) => {
                    let octets = octets.clone();
                    self.note('<', &octets);
                    self.wire.delivered(&octets);
                }
                _ => {}
            }
            let rows = self.hits.before(0, &self.agent, &input);
            self.agent.handle_input(Instant(self.now), input);
            self.hits.count(rows);
            self.outputs(&mut inputs);
        }
    }

    fn outputs(&mut self, inputs: &mut Vec<Input>) {
        while let Some(output) = self.agent.poll_output() {
            match output {
                Output::Connect { flow, .. } if self.is_reachable => {
                    self.flow = Some(flow);
                    inputs.push(Input::Connected(flow));
                }
                Output::Connect { flow, .. } => inputs.push(Input::Disconnected(flow)),
                Output::Disconnect(flow) => {
                    if self.flow == Some(flow) {
                        self.lost();
                    }
                }
                Output::Transmit(flow, octets) => {
                    self.note('>', &octets);
                    let verdict = self.wire.sent(&octets, self.now);
                    self.fault(&first_line(&octets), verdict);
                    let answers = self.peer.receive(&octets);
                    inputs.extend(answers.into_iter().map(|text| Input::Frame(flow, text.into_bytes())));
                }
                Output::Event(event) => {
                    self.hits.told(0, &event);
                    let what = format!("{event:?}");
                    let what = what.split("request:").next().unwrap_or_default().split("response:").next();
                    let what = what.unwrap_or_default().to_owned();
                    self.log.push(format!("{:>8}   {what}", self.now));
                    let verdict = self.model.told(&event);
                    self.fault(&what, verdict);
                    if matches!(&event, Event::Connection(one) if one.state == ConnectionState::Offline) {
                        self.peer.left();
                    }
                    if let Event::SubscriptionFailed { subscription, retry_at: None, .. } = event {
                        self.subscriptions.retain(|one| *one != subscription);
                    }
                }
            }
        }
    }

    /// Pings and pongs are left out.
    fn note(&mut self, direction: char, octets: &[u8]) {
        if octets.len() > 4 {
            self.log.push(format!("{:>8} {direction} {}", self.now, first_line(octets)));
        }
    }

    fn lost(&mut self) {
        self.flow = None;
        self.wire.lost();
        self.peer.lost();
    }

    fn run(&mut self, millis: u64) {
        let end = self.now + millis;
        while let Some(at) = self.agent.poll_timeout().filter(|at| at.0 <= end) {
            self.now = self.now.max(at.0);
            self.input(Input::Timeout);
            if self.agent.poll_timeout() == Some(at) {
                self.fault("a deadline", Err("that does not go away".to_owned()));
                return;
            }
        }
        self.now = end;
    }

    fn peer(&mut self, what: &Move) {
        let Some(flow) = self.flow else { return };
        for text in self.peer.act(what) {
            self.input(Input::Frame(flow, text.into_bytes()));
        }
    }

    fn take(&mut self, step: &Step) {
        self.log.push(format!("{:>8} {step:?}", self.now));
        if let Some(command) = self.command(step) {
            return self.input(Input::Command(command));
        }
        match step {
            Step::Woke => self.input(Input::Woke),
            Step::Cut => {
                if let Some(flow) = self.flow {
                    self.lost();
                    self.input(Input::Disconnected(flow));
                }
            }
            Step::Reachable(is_reachable) => self.is_reachable = *is_reachable,
            Step::Registrar(kind) => self.peer.set_registrar(match kind {
                0 => Registrar::IsSilent,
                1 => Registrar::IsBusy,
                _ => Registrar::Works,
            }),
            Step::Peer(what) => self.peer(what),
            Step::Run(millis) => {
                self.run(*millis);
                if *millis > 30_000 {
                    // No transaction lives so long that it would repeat what it sent before.
                    self.peer.lost();
                }
            }
            _ => {}
        }
    }

    /// The command of a step, if there is a session that it can be about.
    fn command(&mut self, step: &Step) -> Option<Command> {
        let pick = |from: Vec<SessionId>, which: usize| from.get(which % from.len().max(1)).copied();
        let any = |which: usize| pick(self.model.alive(), which);
        Some(match *step {
            Step::Invite { offer } => {
                let session = self.agent.next_session();
                let offer = if offer { b"v=0 offer".to_vec() } else { Vec::new() };
                Command::Invite { session, target: "300".to_owned(), offer, headers: Vec::new() }
            }
            Step::Accept(which) => {
                let session = pick(self.model.ringing(), which).or(any(which))?;
                Command::Accept { session, answer: b"v=0 answer".to_vec(), headers: Vec::new() }
            }
            Step::Progress { which, body } => {
                let session = pick(self.model.ringing(), which).or(any(which))?;
                let answer = if body { b"v=0 early".to_vec() } else { Vec::new() };
                Command::Progress { session, code: 183, answer }
            }
            Step::Reject(which) => {
                let session = pick(self.model.ringing(), which).or(any(which))?;
                Command::Reject { session, code: 486, headers: Vec::new() }
            }
            // Also of one that is over.
            Step::Terminate(which) => {
                Command::Terminate { session: pick(self.model.all(), which)?, reason: None }
            }
            Step::Reinvite(which) => Command::Reinvite { session: any(which)?, offer: b"v=0 again".to_vec() },
            Step::Update(which) => {
                let session = any(which)?;
                let fork =
                    self.agent.call_id(session).map(|call_id| self.peer.fork_of(call_id)).unwrap_or_default();
                Command::Update { session, fork, offer: b"v=0 renewed".to_vec() }
            }
            Step::Answer(which) => {
                let session = pick(self.model.offered(), which).or(any(which))?;
                Command::Answer { session, answer: b"v=0 yes".to_vec() }
            }
            Step::Refuse(which) => {
                Command::RefuseOffer { session: pick(self.model.offered(), which).or(any(which))?, code: 488 }
            }
            Step::Info(which) => Command::Info {
                session: any(which)?,
                content_type: "text/plain".to_owned(),
                body: b"x".to_vec(),
            },
            Step::Refer { which, is_attended } => {
                let session = any(which)?;
                let replaces = any(which + 1).filter(|other| is_attended && *other != session);
                Command::Refer { session, target: "400".to_owned(), replaces, headers: Vec::new() }
            }
            Step::Follow(which) => {
                let referred = pick(self.model.all(), which)?;
                let session = self.agent.next_session();
                Command::Follow { session, referred, offer: b"v=0 follows".to_vec(), headers: Vec::new() }
            }
            Step::Decline(which) => Command::Decline { session: pick(self.model.all(), which)? },
            Step::Redirect { which, goes } => {
                let target = goes.then(|| "elsewhere".to_owned());
                Command::Redirect { session: any(which)?, target, offer: None, without: Vec::new() }
            }
            Step::Subscribe => {
                let subscription = self.agent.next_subscription();
                self.subscriptions.push(subscription);
                let (target, event) = ("300".to_owned(), "dialog".to_owned());
                Command::Subscribe { subscription, target, event, accept: "application/dialog-info+xml" }
            }
            Step::Unsubscribe => Command::Unsubscribe { subscription: self.subscriptions.pop()? },
            Step::Message => Command::Message {
                number: None,
                target: "300".to_owned(),
                content_type: "text/plain".to_owned(),
                body: b"x".to_vec(),
            },
            Step::Register => Command::Register,
            Step::Unregister => Command::Unregister,
            _ => return None,
        })
    }

    /// The peer gives every right answer, nothing is broken, and time goes by.
    fn calm(&mut self) {
        for _ in 0..MAX_REST {
            self.peer(&Move::NextRight);
            self.run(200);
            if self.peer.owes() == 0 {
                break;
            }
        }
    }

    /// Brings everything to rest: first with the calls that stand, then without them.
    fn rest(&mut self) -> Result<(), String> {
        self.is_reachable = true;
        self.peer.set_registrar(Registrar::Works);
        self.input(Input::Command(Command::Register));
        // Longer than the longest wait for the next flow.
        self.run(40_000);
        for session in self.model.offered() {
            self.input(Input::Command(Command::Answer { session, answer: b"v=0 at last".to_vec() }));
        }
        self.calm();
        self.run(40_000);
        self.calm();
        let unanswered = self.model.unanswered();
        for subscription in std::mem::take(&mut self.subscriptions) {
            self.input(Input::Command(Command::Unsubscribe { subscription }));
        }
        for session in self.model.alive() {
            self.input(Input::Command(Command::Terminate { session, reason: None }));
        }
        self.calm();
        // Whoever asked for a transfer has heard how it ended.
        self.run(200_000);
        self.calm();
        self.run(40_000);
        let left = self.model.alive();
        let faults = [
            self.fault.take(),
            unanswered,
            (!left.is_empty()).then(|| format!("not over: {left:?}")),
            self.wire.left(),
            (!self.agent.is_idle()).then(|| "the agent is not idle".to_owned()),
        ];
        faults.into_iter().flatten().next().map_or(Ok(()), Err)
    }
}

fn first_line(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let cseq = text.split("\r\n").find(|line| line.starts_with("CSeq"));
    format!("{} ({})", text.split("\r\n").next().unwrap_or_default(), cseq.unwrap_or_default())
}

#[test]
fn random_programs_end_each_call_once_and_answer_each_command_once() {
    let soak = std::env::var("SOFTFRAME_SOAK").ok();
    let config = Config {
        cases: soak.as_ref().map_or(PROGRAMS, |_| 10 * PROGRAMS),
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = match soak {
        Some(_) => TestRunner::new(config),
        None => TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
    };
    let (counts, hits) = (RefCell::new((0_usize, 0_usize)), RefCell::new(Hits::default()));
    let programs = (opening(), prop::collection::vec(step(), 1..LONGEST));
    let outcome = runner.run(&programs, |(opening, program)| {
        let mut stage = Stage::new();
        for step in opening.iter().chain(&program) {
            stage.take(step);
            if stage.fault.is_some() {
                break;
            }
        }
        let verdict = stage.rest();
        let mut counts = counts.borrow_mut();
        *counts = (counts.0 + 1, counts.1 + program.len());
        for (row, count) in std::mem::take(&mut stage.hits.rows) {
            *hits.borrow_mut().rows.entry(row).or_default() += count;
        }
        verdict.map_err(|fault| TestCaseError::fail(format!("{fault}\n{}", stage.log.join("\n"))))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (programs, steps) = counts.into_inner();
    println!("{programs} programs of {steps} steps");
    let hits = hits.into_inner();
    for ((state, event), count) in &hits.rows {
        println!("{state:>10} {event:<16} {count:>7}");
    }
    let hit = |state: &'static str, event: &str| hits.rows.contains_key(&(state, event.to_owned()));
    let rows = ROWS.iter().flat_map(|(state, events)| events.iter().map(move |event| (*state, *event)));
    let never: Vec<_> = rows.filter(|(state, event)| !hit(state, event)).collect();
    assert!(never.is_empty(), "never hit in {programs} programs: {never:?}");
}
