//! The server's registrar and proxy: three flows say what they like; all that leaves is a message for a flow that is
//! open, and in the end no request is pending.

use crate::{Target, bytes::Bytes, message, peer::Peer};
use softframe_sip::{FlowId, Instant, wire::Frame};
use std::collections::BTreeMap;

/// The part of the server that decides, without the sockets and media around it, which would take minutes to compile.
#[path = "../../../crates/server/src/core/mod.rs"]
#[allow(dead_code, unreachable_pub)]
mod core;

use self::core::{Config, Exchange, Input, Output, Trust};

pub(crate) const TARGET: Target =
    Target { name: "exchange", run, seeds, words: message::WORDS, max_octets: 1024 };

const MAX_ACTS: usize = 60;

const REGISTER: &str = "REGISTER sip:a.test SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKr\r\nFrom: <sip:200@a.test>;tag=1\r\n\
                        To: <sip:200@a.test>\r\nCall-ID: r\r\nCSeq: 1 REGISTER\r\nContact: <sip:200@x.invalid>;expires=60\r\n\r\n";

fn seeds() -> Vec<Vec<u8>> {
    let raw = |text: &str| [b"\x0b\0".as_slice(), text.as_bytes()].concat();
    let mut all = vec![raw(REGISTER)];
    all.extend((1..7_u8).map(|seed| {
        (0..160_u8).map(|at| at.wrapping_mul(seed.wrapping_mul(31)).wrapping_add(at >> 2)).collect()
    }));
    all
}

fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let users = ["200", "201"].map(|user| (user.to_owned(), "secret".to_owned()));
    let config = Config {
        domain: "a.test".to_owned(),
        aliases: vec!["localhost".to_owned()],
        users: BTreeMap::from(users),
        other_numbers: Some("201".to_owned()),
    };
    let mut bench = Bench {
        exchange: Exchange::new(config, [9; 32]),
        now: Instant(1_000),
        flows: [FlowId(0); 3],
        next_flow: 1,
        peers: Default::default(),
    };
    // Who is inside need not prove anything: so calls come about without digests, which no input guesses.
    for (flow, trust) in [(0, Trust::Internal), (1, Trust::Internal), (2, Trust::Challenged)] {
        bench.opened(flow, trust);
    }
    for (flow, user) in [(0, "200"), (1, "201")] {
        bench.frame(flow, REGISTER.replace("200", user).into_bytes());
    }
    let mut acts = 0;
    while !bytes.is_empty() && acts < MAX_ACTS {
        bench.act(&mut bytes);
        acts += 1;
    }
    bench.run(600_000);
    assert_eq!(bench.exchange.pending(), 0, "a request is pending for ever");
}

struct Bench {
    exchange: Exchange,
    now: Instant,
    /// The flow of each peer now; a number is never used again.
    flows: [FlowId; 3],
    next_flow: u64,
    peers: [Peer; 3],
}

impl Bench {
    fn opened(&mut self, peer: usize, trust: Trust) {
        self.flows[peer] = FlowId(self.next_flow);
        self.next_flow += 1;
        self.input(Input::Opened(self.flows[peer], trust));
    }

    fn frame(&mut self, peer: usize, octets: Vec<u8>) {
        self.input(Input::Frame(self.flows[peer], octets));
    }

    fn input(&mut self, input: Input) {
        self.exchange.handle_input(self.now, input);
        while let Some(output) = self.exchange.poll_output() {
            // What is for a flow that has closed meanwhile, its socket drops.
            let Output::Transmit(flow, octets) = output else { continue };
            match Frame::read(octets.clone()) {
                Frame::Message(message) => {
                    let peer = self.flows.iter().position(|open| *open == flow);
                    peer.into_iter().for_each(|peer| self.peers[peer].heard((*message).clone()));
                }
                Frame::Ping | Frame::Pong => {}
                Frame::Malformed(_) if message::is_refusal(&octets) => {}
                Frame::Malformed(malformed) => panic!("{malformed}: {}", String::from_utf8_lossy(&octets)),
            }
        }
    }

    fn run(&mut self, millis: u64) {
        let end = self.now.after(millis);
        let mut deadlines = 0;
        while let Some(next) = self.exchange.poll_timeout().filter(|next| *next <= end) {
            deadlines += 1;
            assert!(deadlines < 2_000, "deadlines without end");
            self.now = next.max(self.now);
            self.input(Input::Timeout);
            let after = self.exchange.poll_timeout();
            assert!(
                after.is_none_or(|after| after > self.now),
                "a deadline that does not go away: {next:?} {after:?}"
            );
        }
        self.now = end;
    }

    fn act(&mut self, bytes: &mut Bytes) {
        let peer = bytes.below(3);
        match bytes.below(12) {
            0..=6 => {
                let said = self.peers[peer].say(bytes);
                said.into_iter().for_each(|octets| self.frame(peer, octets));
            }
            7 => self.input(Input::Closed(self.flows[peer])),
            8 => {
                let trust = bytes.pick(&[Trust::Internal, Trust::Challenged, Trust::Guest]);
                self.opened(peer, trust);
            }
            9 => self.run(bytes.pick(&[0, 10, 5_000, 33_000, 200_000])),
            10 => self.input(Input::Restarted),
            _ => {
                let octets = bytes.piece(255).to_vec();
                self.frame(peer, octets);
            }
        }
    }
}
