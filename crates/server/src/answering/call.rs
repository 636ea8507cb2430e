//! One call of a number: where it stands, and what comes next by itself.
//!
//! It sends nothing; [`super::Answering`] does.

use super::number::{Behaviour, DIGIT_PAUSE};
use softframe_sip::Instant;

/// Digits kept of one call.
const MAX_DIGITS: usize = 64;

/// How long a BYE may come after media have ended, in milliseconds.
const BYE_PATIENCE: u64 = 2_000;

/// A call.
pub(crate) struct Call {
    /// The number as it was dialled, or that a ring seems to come from.
    pub(crate) number: String,
    /// The other side's user part.
    pub(crate) peer: String,
    /// What our side does.
    pub(crate) behaviour: Behaviour,
    pub(crate) stage: Stage,
    /// Digits heard so far.
    pub(crate) digits: String,
    /// The digits to report, and when.
    report: Option<(String, Instant)>,
}

/// Where a call stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It rings at ours, and nothing follows by itself.
    Ringing,
    /// Media were asked for an answer, or for an offer where the INVITE had none.
    Describing,
    /// Early media play; this is the answer to give.
    Early { answer: String, until: Instant },
    /// The call is up, until then if something ends it.
    Talking { until: Option<Instant> },
    /// Media were asked for an offer, and no INVITE is out yet; the call is given up then.
    Offering { until: Option<Instant> },
    /// Our own INVITE is out; it is given up then.
    Inviting { until: Instant },
}

/// What time brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Answer with this.
    Answer(String),
    /// End the call.
    HangUp,
    /// Report these digits.
    Digits(String),
}

impl Call {
    pub(crate) fn new(number: String, peer: String, behaviour: Behaviour, stage: Stage) -> Call {
        Call { number, peer, behaviour, stage, digits: String::new(), report: None }
    }

    /// A digit was heard.
    pub(crate) fn digit(&mut self, now: Instant, digit: char) {
        if self.digits.len() >= MAX_DIGITS {
            return;
        }
        self.digits.push(digit);
        if self.behaviour == Behaviour::ReportsDigits {
            let (digits, at) = self.report.get_or_insert_with(|| (String::new(), now));
            digits.push(digit);
            *at = now.after(DIGIT_PAUSE);
        }
    }

    /// Media ended. A phone that hangs up closes them before its BYE arrives, so that gets its time first.
    pub(crate) fn media_closed(&mut self, now: Instant) {
        let soon = now.after(BYE_PATIENCE);
        self.stage = match self.stage {
            Stage::Offering { until } => Stage::Offering { until: until.map(|at| at.min(soon)) },
            Stage::Talking { until } => Stage::Talking { until: Some(until.map_or(soon, |at| at.min(soon))) },
            Stage::Ringing | Stage::Describing | Stage::Early { .. } | Stage::Inviting { .. } => {
                Stage::Talking { until: Some(soon) }
            }
        };
    }

    /// The earliest deadline.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let of_stage = match &self.stage {
            Stage::Early { until, .. } | Stage::Inviting { until } => Some(*until),
            Stage::Offering { until } | Stage::Talking { until } => *until,
            Stage::Ringing | Stage::Describing => None,
        };
        of_stage.into_iter().chain(self.report.as_ref().map(|(_, at)| *at)).min()
    }

    /// What is due now, once.
    pub(crate) fn due(&mut self, now: Instant) -> Option<Due> {
        if self.report.as_ref().is_some_and(|(_, at)| *at <= now) {
            return self.report.take().map(|(digits, _)| Due::Digits(digits));
        }
        match &mut self.stage {
            Stage::Early { answer, until } if *until <= now => {
                let answer = std::mem::take(answer);
                self.stage = Stage::Talking { until: None };
                Some(Due::Answer(answer))
            }
            Stage::Offering { until } | Stage::Talking { until }
                if until.is_some_and(|until| until <= now) =>
            {
                *until = None;
                Some(Due::HangUp)
            }
            Stage::Inviting { until } if *until <= now => {
                self.stage = Stage::Ringing;
                Some(Due::HangUp)
            }
            Stage::Early { .. }
            | Stage::Talking { .. }
            | Stage::Offering { .. }
            | Stage::Inviting { .. }
            | Stage::Ringing
            | Stage::Describing => None,
        }
    }

    /// For `/demo/state`.
    pub(crate) fn name(&self) -> &'static str {
        match self.stage {
            Stage::Ringing | Stage::Inviting { .. } => "ringing",
            Stage::Describing | Stage::Offering { .. } => "connecting",
            Stage::Early { .. } => "early",
            Stage::Talking { .. } => "talking",
        }
    }
}
