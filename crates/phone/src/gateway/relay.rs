//! The socket to the gateway: its clients hear every event, and their commands are done as those of the host page are.
//!
//! A frame is a line that names the client, empty for all of them, and after it one message of the host protocol.

use super::pause;
use crate::{Output, Phone, RelayEvent, account::Account, bridge};
use softframe_sip::Instant;

/// Longest name of a client.
const MAX_NAME: usize = 64;

/// Where the socket stands, and how many events went out over it.
#[derive(Default)]
pub(crate) struct Relay {
    state: State,
    /// Of the next event; clients see a gap as a host page does.
    seq: u64,
}

#[derive(Clone, Copy, Default)]
enum State {
    /// Nobody is signed in, or there is no gateway.
    #[default]
    Off,
    Opening {
        failures: u32,
    },
    Open,
    Waiting {
        until: Instant,
        failures: u32,
    },
}

impl Relay {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until, .. } => Some(until),
            State::Off | State::Opening { .. } | State::Open => None,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }
}

impl Phone {
    /// Opens the socket when somebody is signed in, and closes it after that.
    pub(super) fn relay_due(&mut self, now: Instant) {
        let logged = matches!(self.account, Account::SignedIn { logged: true, .. });
        let address = self.gateway().filter(|_| logged).and_then(|gateway| {
            let token = gateway.token.as_ref()?;
            Some(format!("{}/v1/socket?token={token}", gateway.url))
        });
        match (address, self.relay.state) {
            (Some(url), State::Off) => self.open_relay(url, 0),
            (Some(url), State::Waiting { until, failures }) if until <= now => self.open_relay(url, failures),
            (None, State::Opening { .. } | State::Open | State::Waiting { .. }) => {
                self.relay.state = State::Off;
                self.out.push_back(Output::RelayClose);
            }
            (Some(_), State::Opening { .. } | State::Open | State::Waiting { .. }) | (None, State::Off) => {}
        }
    }

    fn open_relay(&mut self, url: String, failures: u32) {
        self.relay.state = State::Opening { failures };
        self.out.push_back(Output::RelayOpen { url });
    }

    /// Something happened to the socket.
    pub(crate) fn relay_event(&mut self, now: Instant, event: RelayEvent) {
        if matches!(event, RelayEvent::Opened | RelayEvent::Closed) {
            self.xivo_clients_gone(now);
        }
        match (event, self.relay.state) {
            (_, State::Off) => {}
            (RelayEvent::Opened, _) => {
                self.relay.state = State::Open;
                let data = bridge::json(&bridge::Logged { context: self.context() });
                self.relay_tell("logged", &data);
            }
            (RelayEvent::Text(text), _) => self.relay_heard(now, &text),
            (RelayEvent::Closed, State::Opening { failures } | State::Waiting { failures, .. }) => {
                let failures = failures.saturating_add(1);
                self.relay.state = State::Waiting { until: now.after(pause(failures)), failures };
            }
            (RelayEvent::Closed, State::Open) => {
                self.relay.state = State::Waiting { until: now.after(pause(1)), failures: 1 };
            }
        }
    }

    fn relay_heard(&mut self, now: Instant, text: &str) {
        let Some((client, message)) = text.split_once('\n') else { return };
        if !client.is_empty() && client.len() <= MAX_NAME {
            self.client_message(now, client, message);
        }
    }

    /// An event for all clients.
    pub(crate) fn relay_tell(&mut self, kind: &str, data: &str) {
        if self.relay.is_open() {
            self.relay.seq += 1;
            let message = bridge::numbered(kind, data, self.relay.seq);
            self.out.push_back(Output::RelaySend(format!("\n{message}")));
        }
    }

    /// A message for one client; dropped while the socket is closed, as the client's question is.
    pub(crate) fn relay_answer(&mut self, client: &str, message: &str) {
        if self.relay.is_open() {
            self.out.push_back(Output::RelaySend(format!("{client}\n{message}")));
        }
    }
}
