//! The flow (RFC 5626, RFC 7118): one WebSocket at a time, when to open the next, and whether the open one is alive.
//! Never sends: it says what is due.

use crate::{FlowId, Ids, Instant};

/// A socket that is not open by then never will be: a TLS handshake takes three round trips.
const OPENING: u64 = 10_000;
/// Without a Flow-Timer of the server's.
const KEEP_ALIVE: u64 = 25_000;
/// In a call a dead flow should be known before the person wonders.
const KEEP_ALIVE_IN_CALL: u64 = 10_000;
/// RFC 5626 §4.4.1.
const PONG: u64 = 10_000;
/// After a sleep most flows are dead, and who calls waits for each second: half the patience.
const PONG_IN_DOUBT: u64 = 5_000;
/// Waiting times between attempts in milliseconds; the first retry comes at once.
const BACK_OFF: [u64; 7] = [0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

/// The flow and how it came to be.
#[derive(Debug)]
pub(crate) struct Flow {
    state: State,
    last_id: u64,
    /// Attempts in a row that did not end in a registration.
    failures: usize,
    /// Which of the servers is tried, or next.
    server: usize,
    /// Of each server, when it may be asked again (Retry-After).
    not_before: Vec<Instant>,
    /// The last flow that a registrar took us on.
    proven: Option<FlowId>,
    /// What the server asked for in Flow-Timer, in milliseconds.
    flow_timer: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Not wanted.
    Closed,
    /// Between two attempts.
    Waiting {
        until: Instant,
    },
    Opening {
        id: FlowId,
        gives_up_at: Instant,
    },
    Open {
        id: FlowId,
        ping: Ping,
        answers: Answers,
    },
}

#[derive(Clone, Copy, Debug)]
enum Ping {
    /// Counted from the last ping, or from when the flow opened.
    Due {
        since: Instant,
    },
    Unanswered {
        since: Instant,
        gives_up_at: Instant,
    },
}

/// What this server answers. OpenSIPS and others never answer CRLF over a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// Nothing known: both are sent, either answer will do.
    Unknown,
    /// CRLF.
    Crlf,
    /// Any request.
    Requests,
}

/// What a deadline of the flow asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Open the next socket.
    Connect,
    /// Ping with what is answered here.
    Ping(Answers),
    /// The flow never opened or is dead: close it.
    Dead,
}

impl Flow {
    pub(crate) fn new(servers: usize) -> Flow {
        Flow {
            state: State::Closed,
            last_id: 0,
            failures: 0,
            server: 0,
            not_before: vec![Instant(0); servers.max(1)],
            proven: None,
            flow_timer: None,
        }
    }

    /// Begins an attempt: which flow, and which of the servers.
    pub(crate) fn open(&mut self, now: Instant) -> (FlowId, usize) {
        self.last_id += 1;
        let id = FlowId(self.last_id);
        self.state = State::Opening { id, gives_up_at: now.after(OPENING) };
        self.flow_timer = None;
        (id, self.server)
    }

    /// The socket is open. `false` if it is not the one that was asked for.
    pub(crate) fn opened(&mut self, now: Instant, opened: FlowId) -> bool {
        match self.state {
            State::Opening { id, .. } if id == opened => {
                self.state = State::Open { id, ping: Ping::Due { since: now }, answers: Answers::Unknown };
                true
            }
            State::Opening { .. } | State::Closed | State::Waiting { .. } | State::Open { .. } => false,
        }
    }

    /// Ends this flow for good.
    pub(crate) fn close(&mut self) {
        self.state = State::Closed;
        self.failures = 0;
        self.server = 0;
    }

    /// This flow failed: when the next attempt is due. The server that failed is not asked for `at_least` milliseconds.
    pub(crate) fn failed(&mut self, now: Instant, ids: &mut Ids, at_least: u64) -> Instant {
        let wait = BACK_OFF.get(self.failures).or(BACK_OFF.last()).copied().unwrap_or_default();
        if let Some(not_before) = self.not_before.get_mut(self.server) {
            *not_before = now.after(at_least);
        }
        // After a registration the turn begins anew with the preferred server.
        let was_proven = self.proven.is_some() && self.proven == self.id();
        self.server = if was_proven { 0 } else { self.server + 1 };
        self.failures += 1;
        // 50 to 100 per cent: a restarted server is not met by all its phones in the same moment.
        let wait = wait * ids.between(50, 100) / 100;
        let until = self.choose_server(now.after(wait));
        self.state = State::Waiting { until };
        until
    }

    /// The next server in turn that may be asked at `wanted`, else the one that may be asked first, and when.
    fn choose_server(&mut self, wanted: Instant) -> Instant {
        let servers = self.not_before.len();
        let turn = |offset: usize| (self.server + offset) % servers.max(1);
        let in_turn =
            (0..servers).map(turn).filter_map(|server| Some((server, *self.not_before.get(server)?)));
        let chosen = in_turn.min_by_key(|(_, not_before)| (*not_before).max(wanted));
        let (server, not_before) = chosen.unwrap_or_default();
        self.server = server;
        not_before.max(wanted)
    }

    /// The registrar took us: the next failure is a first one.
    pub(crate) fn proven(&mut self, flow_timer: Option<u32>) {
        self.failures = 0;
        self.proven = self.id();
        self.flow_timer = flow_timer.filter(|&seconds| seconds > 0).map(|seconds| u64::from(seconds) * 1_000);
    }

    /// The open flow, or the one being opened.
    pub(crate) fn id(&self) -> Option<FlowId> {
        match self.state {
            State::Opening { id, .. } | State::Open { id, .. } => Some(id),
            State::Closed | State::Waiting { .. } => None,
        }
    }

    /// The open flow.
    pub(crate) fn open_id(&self) -> Option<FlowId> {
        match self.state {
            State::Open { id, .. } => Some(id),
            State::Closed | State::Waiting { .. } | State::Opening { .. } => None,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting { .. })
    }

    /// A frame came: the flow is alive. The interval still counts from the last ping: what the server sends by itself
    /// keeps nothing open on its side.
    pub(crate) fn alive(&mut self) {
        if let State::Open { ping: ping @ Ping::Unanswered { .. }, .. } = &mut self.state
            && let Ping::Unanswered { since, .. } = *ping
        {
            *ping = Ping::Due { since };
        }
    }

    /// A ping of this kind was answered. CRLF is the cheaper one, so knowing that it works is never unlearnt.
    pub(crate) fn answered(&mut self, by: Answers) {
        if let State::Open { answers, .. } = &mut self.state
            && *answers != Answers::Crlf
        {
            *answers = by;
        }
    }

    /// Says what is due, and counts a ping as sent.
    pub(crate) fn handle_timeout(&mut self, now: Instant, in_call: bool) -> Option<Due> {
        let due = self.poll_timeout(in_call).is_some_and(|deadline| deadline <= now);
        if !due {
            return None;
        }
        match &mut self.state {
            State::Closed => None,
            State::Waiting { .. } => Some(Due::Connect),
            State::Opening { .. } | State::Open { ping: Ping::Unanswered { .. }, .. } => Some(Due::Dead),
            State::Open { ping, answers, .. } => {
                *ping = Ping::Unanswered { since: now, gives_up_at: now.after(PONG) };
                Some(Due::Ping(*answers))
            }
        }
    }

    /// The machine slept, or a call goes out that should not be lost in a dead flow: what to ping with, if the flow is open.
    pub(crate) fn suspect(&mut self, now: Instant) -> Option<Answers> {
        match &mut self.state {
            State::Open { ping, answers, .. } => {
                let doubted = now.after(PONG_IN_DOUBT);
                let gives_up_at = match *ping {
                    Ping::Due { .. } => doubted,
                    Ping::Unanswered { gives_up_at, .. } => doubted.min(gives_up_at),
                };
                *ping = Ping::Unanswered { since: now, gives_up_at };
                Some(*answers)
            }
            State::Closed | State::Waiting { .. } | State::Opening { .. } => None,
        }
    }

    /// The next deadline.
    pub(crate) fn poll_timeout(&self, in_call: bool) -> Option<Instant> {
        match self.state {
            State::Closed => None,
            State::Waiting { until } => Some(until),
            State::Opening { gives_up_at, .. } => Some(gives_up_at),
            State::Open { ping: Ping::Due { since }, .. } => Some(since.after(self.interval(in_call))),
            State::Open { ping: Ping::Unanswered { gives_up_at, .. }, .. } => Some(gives_up_at),
        }
    }

    /// RFC 5626 §4.4: somewhat earlier than the server's timer, so that a slow ping is still in time. Never later than without
    /// one: what stands between may be less patient, and a dead flow is to be found.
    fn interval(&self, in_call: bool) -> u64 {
        let interval = self.flow_timer.map_or(KEEP_ALIVE, |timer| (timer * 9 / 10).min(KEEP_ALIVE));
        if in_call { interval.min(KEEP_ALIVE_IN_CALL) } else { interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Flow {
        let mut flow = Flow::new(1);
        let (id, _) = flow.open(Instant(0));
        assert!(flow.opened(Instant(0), id));
        flow
    }

    #[test]
    fn back_off_grows_to_thirty_seconds_and_rotates_servers() {
        let (mut flow, mut ids, mut now) = (Flow::new(2), Ids::new([1; 32]), Instant(0));
        let mut servers = Vec::new();
        for (attempt, wait) in [0, 1, 2, 4, 8, 16, 30, 30].into_iter().enumerate() {
            servers.push(flow.open(now).1);
            let until = flow.failed(now, &mut ids, 0);
            let waited = until.since(now);
            assert!((wait * 500..=wait * 1_000).contains(&waited), "attempt {attempt}: {waited}");
            if wait > 0 {
                assert_eq!(flow.handle_timeout(Instant(until.0 - 1), false), None);
            }
            assert_eq!(flow.handle_timeout(until, false), Some(Due::Connect));
            now = until;
        }
        assert_eq!(servers, [0, 1, 0, 1, 0, 1, 0, 1]);
        flow.open(now);
        flow.proven(None);
        assert_eq!(
            flow.failed(now, &mut ids, 0),
            now,
            "after a registration the first retry comes at once again"
        );
        assert_eq!(flow.open(now).1, 0, "and goes to the preferred server");
        assert_eq!(flow.failed(now, &mut ids, 60_000), flow.poll_timeout(false).expect("a deadline"));
    }

    /// A server that comes back is not met by all its phones at once.
    #[test]
    fn phones_wait_from_half_to_the_whole_of_the_pause() {
        let waited = |seed| {
            let (mut flow, mut ids) = (Flow::new(1), Ids::new([seed; 32]));
            for _ in 0..6 {
                flow.failed(Instant(0), &mut ids, 0);
            }
            flow.failed(Instant(0), &mut ids, 0).0
        };
        let waits: Vec<u64> = (0..100).map(waited).collect();
        let among = |from: u64| waits.iter().filter(|wait| (from..from + 5_000).contains(*wait)).count();
        assert!([15_000, 20_000, 25_001].map(among).into_iter().all(|count| count > 20), "{waits:?}");
    }

    #[test]
    fn retry_after_holds_for_its_server_and_the_others_are_tried_meanwhile() {
        let (mut flow, mut ids) = (Flow::new(1), Ids::new([1; 32]));
        flow.open(Instant(0));
        assert_eq!(flow.failed(Instant(0), &mut ids, 60_000), Instant(60_000));
        let mut flow = Flow::new(2);
        assert_eq!(flow.open(Instant(0)).1, 0);
        assert_eq!(flow.failed(Instant(0), &mut ids, 60_000), Instant(0), "the other one at once");
        assert_eq!(flow.open(Instant(0)).1, 1);
        let until = flow.failed(Instant(0), &mut ids, 0);
        assert!(until < Instant(1_300));
        assert_eq!(flow.open(until).1, 1, "the first one is not to be asked yet");
        assert_eq!(flow.failed(until, &mut ids, 90_000), Instant(60_000));
        assert_eq!(flow.open(Instant(60_000)).1, 0);
    }

    #[test]
    fn pings_come_in_time_and_their_silence_kills() {
        for (flow_timer, in_call, interval) in [
            (None, false, 25_000),
            (None, true, 10_000),
            (Some(20), false, 18_000),
            (Some(0), false, 25_000),
            (Some(3_600), false, 25_000),
            (Some(u32::MAX), false, 25_000),
            (Some(u32::MAX), true, 10_000),
        ] {
            let mut flow = open();
            flow.proven(flow_timer);
            assert_eq!(flow.handle_timeout(Instant(interval - 1), in_call), None);
            assert_eq!(flow.handle_timeout(Instant(interval), in_call), Some(Due::Ping(Answers::Unknown)));
            assert_eq!(flow.handle_timeout(Instant(interval + 9_999), in_call), None);
            assert_eq!(flow.handle_timeout(Instant(interval + 10_000), in_call), Some(Due::Dead));
        }
    }

    #[test]
    fn server_that_never_answers_crlf_is_pinged_by_requests() {
        for learnt in [Answers::Crlf, Answers::Requests] {
            let mut flow = open();
            flow.handle_timeout(Instant(25_000), false);
            flow.alive();
            flow.answered(learnt);
            assert_eq!(flow.handle_timeout(Instant(49_999), false), None);
            assert_eq!(flow.handle_timeout(Instant(50_000), false), Some(Due::Ping(learnt)));
        }
    }

    #[test]
    fn socket_that_does_not_open_is_given_up_and_waking_halves_the_patience() {
        let mut flow = Flow::new(1);
        flow.open(Instant(0));
        assert_eq!(flow.handle_timeout(Instant(9_999), false), None);
        assert_eq!(flow.handle_timeout(Instant(10_000), false), Some(Due::Dead));
        let mut flow = open();
        assert_eq!(flow.suspect(Instant(100)), Some(Answers::Unknown));
        assert_eq!(flow.handle_timeout(Instant(5_099), false), None);
        assert_eq!(flow.handle_timeout(Instant(5_100), false), Some(Due::Dead));
        let mut flow = open();
        assert_eq!(flow.handle_timeout(Instant(25_000), false), Some(Due::Ping(Answers::Unknown)));
        flow.suspect(Instant(31_000));
        assert_eq!(flow.handle_timeout(Instant(34_999), false), None);
        assert_eq!(flow.handle_timeout(Instant(35_000), false), Some(Due::Dead), "doubt gives no more time");
    }
}
