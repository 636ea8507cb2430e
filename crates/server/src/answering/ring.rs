//! A call that a person or a test makes a number start, and what became of it.
//!
//! It only remembers.

use serde_json::{Value, json};
use softframe_sip::{Cause, EndedBy, wire::Message};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Ring {
    /// Who is called: a user part.
    pub to: String,
    /// Who seems to call: a user part.
    pub from: String,
    /// The caller's name.
    pub display_name: Option<String>,
    /// Further headers of the INVITE.
    pub headers: Vec<(String, String)>,
    /// How long it rings.
    pub seconds: u64,
}

/// What became of it.
pub(crate) struct Outcome {
    to: String,
    from: String,
    state: State,
    digits: String,
}

enum State {
    New,
    Calling,
    Ringing,
    Answered,
    Ended { code: u16, reason: String, ended_by: &'static str, was_answered: bool },
}

impl Outcome {
    pub(crate) fn new(ring: &Ring) -> Outcome {
        Outcome { to: ring.to.clone(), from: ring.from.clone(), state: State::New, digits: String::new() }
    }

    pub(crate) fn is_new(&self) -> bool {
        matches!(self.state, State::New)
    }

    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    pub(crate) fn started(&mut self) {
        self.state = State::Calling;
    }

    pub(crate) fn progress(&mut self, response: &Message) {
        let rings = response.status_code().is_some_and(|status| status.code() > 100);
        if rings && matches!(self.state, State::Calling) {
            self.state = State::Ringing;
        }
    }

    pub(crate) fn answered(&mut self) {
        self.state = State::Answered;
    }

    pub(crate) fn ended(&mut self, cause: &Cause, digits: &str) {
        let was_answered = matches!(self.state, State::Answered);
        let ended_by = match cause.ended_by {
            EndedBy::Local => "caller",
            EndedBy::Remote => "callee",
            EndedBy::Network => "network",
        };
        self.digits = digits.to_owned();
        let reason = cause.phrase.clone();
        self.state = State::Ended { code: cause.code, reason, ended_by, was_answered };
    }

    pub(crate) fn to_json(&self, id: u64) -> Value {
        let (state, answered, end) = match &self.state {
            State::New | State::Calling => ("calling", false, None),
            State::Ringing => ("ringing", false, None),
            State::Answered => ("answered", true, None),
            State::Ended { code, reason, ended_by, was_answered } => {
                let end = json!({"code": code, "reason": reason, "endedBy": ended_by});
                ("ended", *was_answered, Some(end))
            }
        };
        json!({
            "id": id, "to": self.to, "from": self.from, "dtmf": self.digits, "state": state,
            "answered": answered, "end": end,
        })
    }
}
