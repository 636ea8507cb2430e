//! Which (state, event) the agents have been through: states as commands and events show them, events as messages,
//! commands and the loss of the flow. Only counts; what may happen where is judged elsewhere.

use softframe_sip::{Command, Event, Input, SessionId, UserAgent};
use std::collections::BTreeMap;

/// State, event.
pub(crate) type Row = (&'static str, String);

#[derive(Default)]
pub(crate) struct Hits {
    pub(crate) rows: BTreeMap<Row, usize>,
    states: BTreeMap<(usize, SessionId), &'static str>,
}

impl Hits {
    /// Before an input: the rows it hits, and the states that commands lead to.
    pub(crate) fn before(&mut self, phone: usize, agent: &UserAgent, input: &Input) -> Vec<Row> {
        match input {
            Input::Frame(_, octets) => {
                let glance = std::str::from_utf8(octets).ok().and_then(glance);
                let row = |(event, call_id)| (self.state_of_call(phone, agent, call_id), event);
                glance.map(row).into_iter().collect()
            }
            Input::Disconnected(_) => {
                let states = self.states.iter().filter(|((owner, _), _)| *owner == phone);
                states.map(|(_, state)| (*state, "flow lost".to_owned())).collect()
            }
            Input::Command(command) => self.commanded(phone, command).into_iter().collect(),
            Input::Connected(_) | Input::Woke | Input::Timeout => Vec::new(),
        }
    }

    pub(crate) fn count(&mut self, rows: Vec<Row>) {
        for row in rows {
            *self.rows.entry(row).or_default() += 1;
        }
    }

    /// The sessions of a phone in this state.
    pub(crate) fn in_state(&self, phone: usize, wanted: &str) -> Vec<SessionId> {
        let found = self.states.iter().filter(|((owner, _), state)| *owner == phone && **state == wanted);
        found.map(|((_, session), _)| *session).collect()
    }

    fn state_of_call(&self, phone: usize, agent: &UserAgent, call_id: &str) -> &'static str {
        let of_call = |(owner, session): &(usize, SessionId)| {
            *owner == phone && agent.call_id(*session) == Some(call_id)
        };
        self.states.iter().find(|(key, _)| of_call(key)).map_or("none", |(_, state)| *state)
    }

    fn commanded(&mut self, phone: usize, command: &Command) -> Option<Row> {
        let (session, what, from, to) = match command {
            Command::Accept { session, .. } => (session, "accept", "ringing", "accepting"),
            Command::Reject { session, .. } => (session, "reject", "", ""),
            Command::Terminate { session, .. } => (session, "terminate", "", ""),
            Command::Reinvite { session, .. } => (session, "reinvite", "talking", "offering"),
            Command::Update { session, .. } => (session, "update", "", ""),
            Command::Answer { session, .. } => (session, "answer", "offered", "talking"),
            Command::RefuseOffer { session, .. } => (session, "refuse", "offered", "talking"),
            Command::Refer { session, .. } => (session, "refer", "", ""),
            Command::Info { session, .. } => (session, "info", "", ""),
            Command::Progress { session, .. } => (session, "progress", "", ""),
            _ => return None,
        };
        let state = self.states.get_mut(&(phone, *session))?;
        let before = *state;
        if before == from {
            *state = to;
        }
        Some((before, what.to_owned()))
    }

    /// After it: what an agent told.
    pub(crate) fn told(&mut self, phone: usize, event: &Event) {
        let (session, state) = match event {
            Event::Inviting { session } => (session, "inviting"),
            Event::Incoming { session, .. } => (session, "ringing"),
            Event::Accepted { session, .. }
            | Event::Confirmed { session, .. }
            | Event::Reinvited { session, .. }
            | Event::OfferWithdrawn { session }
            | Event::ReinviteFailed { session, .. } => (session, "talking"),
            Event::Offered { session, .. } => (session, "offered"),
            Event::Terminated { session, .. } => {
                self.states.remove(&(phone, *session));
                return;
            }
            _ => return,
        };
        self.states.insert((phone, *session), state);
    }
}

/// What a message is, and of which call. Reads no more than that: there are millions of them, all written by our own
/// agents and server, and damaged ones need no row.
fn glance(text: &str) -> Option<(String, &str)> {
    let mut lines = text.lines();
    let start = lines.next()?;
    let (mut call_id, mut sequence) = (None, None);
    for line in lines.take_while(|line| !line.is_empty()) {
        call_id = call_id.or_else(|| line.strip_prefix("Call-ID: "));
        sequence = sequence.or_else(|| line.strip_prefix("CSeq: "));
        if call_id.is_some() && sequence.is_some() {
            break;
        }
    }
    let (call_id, method) = (call_id?, sequence?.split_once(' ')?.1);
    let label = match start.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok()) {
        Some(code @ (..300 | 401 | 407 | 481 | 487 | 491)) => format!("{code} {method}"),
        Some(code) => format!("{}xx {method}", code / 100_u16),
        None => method.to_owned(),
    };
    Some((label, call_id))
}
