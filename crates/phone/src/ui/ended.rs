//! What is shown of a call that is over, and for how long.
//!
//! It calls nobody again by itself.

use super::Ui;
use crate::{
    Phone,
    call::{Call, Direction, over_text},
    cause::{Ending, Reason},
    view::{Ended, Party, Text, Tone},
};
use softframe_sip::Instant;

/// The "ended" view, and after a failure (ui.md 38).
const ENDED_MILLIS: u64 = 4_000;
const FAILED_MILLIS: u64 = 10_000;

/// The "ended" view.
pub(crate) struct EndedState {
    pub(crate) view: Ended,
    pub(crate) number: String,
    until: Option<Instant>,
    failed: bool,
}

impl EndedState {
    /// When it goes by itself.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }
}

impl Ui {
    /// `now_with`: who has the other side now (a transfer).
    pub(crate) fn call_ended(
        &mut self,
        now: Instant,
        call: &Call,
        ending: &Ending,
        duration: u64,
        now_with: Option<String>,
        last: bool,
    ) {
        let missed = call.is_ringing_in() || call.direction == Direction::Inbound && call.talk().is_none();
        let good = matches!(ending.reason, Reason::Hangup | Reason::Cancelled | Reason::Transferred);
        if !last && !missed && !good {
            // Another call has the screen.
            self.toast(now, over_text(call, ending, duration, true), true);
        }
        if !last || missed {
            return;
        }
        let transferred = ending.reason == Reason::Transferred;
        let note = match ending.reason {
            Reason::Busy => Some(Text::of("ended.busy.note")),
            Reason::Forbidden => Some(Text::of("ended.forbidden.note")),
            Reason::MediaFailed => Some(Text::of("ended.media-failed.note")),
            Reason::Transferred => Some(Text::with("ended.spoke", "duration", duration)),
            _ => None,
        };
        let mut sip = String::new();
        if !good && ending.code >= 300 {
            sip = format!("SIP {} {}", ending.code, ending.text).trim_end().to_owned();
            if !ending.details.is_empty() {
                sip = format!("{sip}: {}", ending.details);
            }
        }
        let (tone, icon) = match (good, transferred) {
            (true, true) => (Tone::Live, "check"),
            (true, false) => (Tone::Plain, ""),
            (false, _) => (Tone::End, "alert"),
        };
        let instead = now_with.filter(|_| transferred).map(|to| Text::with("transfer.nowwith", "to", to));
        let view = Ended {
            party: Party { instead, ..crate::view::party(call) },
            pill: (over_text(call, ending, duration, false), tone, icon),
            note,
            sip,
            again: !transferred && !call.number().is_empty(),
        };
        let wait = if good { ENDED_MILLIS } else { FAILED_MILLIS };
        let number = call.called().to_owned();
        self.ended = Some(EndedState { view, number, until: Some(now.after(wait)), failed: !good });
    }
}

impl Phone {
    /// What the person is at stays.
    pub(super) fn linger(&mut self, now: Instant, linger: bool) {
        if let Some(ended) = &mut self.ui.ended {
            let wait = if ended.failed { FAILED_MILLIS } else { ENDED_MILLIS };
            ended.until = (!linger).then(|| now.after(wait));
        }
        if let Some(toast) = &mut self.ui.toast {
            toast.linger(now, linger);
        }
    }
}
