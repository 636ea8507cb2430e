//! Transfers whose call is over before their outcome is known: the other side may hang up before it says how its call to
//! the third goes (RFC 5057 §5.2). `phone:terminated` was told and stays the last word of that call; how the transfer
//! ended is the answer to the command, and a note to the person.
//!
//! It never tells an event of a call that is over.

use super::{Await, Call};
use crate::{
    CallId, Phone,
    bridge::Ask,
    bridge::Code,
    cause::{Ending, Reason},
    view::Text,
};
use serde_json::json;
use softframe_sip::{EndedBy, Instant, SessionId};

/// Such transfers at a time: one for each session there can be (`MAX_SESSIONS` of softframe-sip). The oldest gives way.
const MAX_OVER: usize = 6;

/// A transfer that goes on without its call.
#[derive(Debug)]
pub(crate) struct Over {
    session: SessionId,
    /// Who is transferred, and to which number.
    name: String,
    says: String,
    number: String,
    to: String,
    /// Our call with that number (attended).
    other: Option<CallId>,
    asks: Vec<Ask>,
    /// When it counts as failed.
    pub(crate) ends_at: Instant,
}

impl Phone {
    /// The other side has hung up while it is being transferred: what was asked for waits on.
    pub(super) fn transfer_goes_on(&mut self, now: Instant, call: &mut Call, ending: &Ending) {
        let Some(transfer) = call.talk().and_then(|talk| talk.transfer.clone()) else { return };
        let (Some(session), EndedBy::Remote) = (call.session, ending.ended_by) else { return };
        let ends_at = call.talk().and_then(super::Talk::transfer_ends).unwrap_or(now);
        let all = std::mem::take(&mut call.asks);
        let (waiting, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(awaited, _)| *awaited == Await::Transferred);
        call.asks = others;
        if self.transfers_over.len() >= MAX_OVER {
            let oldest = self.transfers_over.remove(0);
            self.transfer_unknown(oldest);
        }
        self.transfers_over.push(Over {
            session,
            name: call.name(),
            says: call.says(),
            number: call.number().to_owned(),
            to: transfer.to,
            other: transfer.other,
            asks: waiting.into_iter().map(|(_, ask)| ask).collect(),
            ends_at,
        });
    }

    /// A word about a transfer whose call is over.
    pub(super) fn transfer_went_over(&mut self, now: Instant, session: SessionId, code: u16) {
        let Some(at) = self.transfers_over.iter().position(|over| over.session == session) else { return };
        if code < 200 {
            return;
        }
        let over = self.transfers_over.remove(at);
        let why = Reason::of_status(code).unwrap_or(Reason::Error).text_id();
        let args =
            vec![("name", over.name), ("says", over.says), ("to", over.to), ("reason", why.to_owned())];
        if code >= 300 {
            for ask in over.asks {
                self.fail_ask(Some(ask), Code::Sip(code), "The transfer failed.");
            }
            return self.ui.toast(now, Text { id: "transfer.over.failed", args }, true);
        }
        for ask in over.asks {
            self.answer_ask(Some(ask), json!({}));
        }
        if let Some(other) = over.other {
            self.leave_to(now, other, over.number);
        }
        self.ui.toast(now, Text { id: "transfer.over.done", args }, false);
    }

    /// Those of which nobody will tell the end.
    pub(crate) fn transfers_over_due(&mut self, now: Instant) {
        while let Some(at) = self.transfers_over.iter().position(|over| over.ends_at <= now) {
            let over = self.transfers_over.remove(at);
            self.transfer_unknown(over);
        }
    }

    /// All of them: there is no account any more that would hear of their end.
    pub(crate) fn drop_transfers_over(&mut self) {
        for over in std::mem::take(&mut self.transfers_over) {
            self.transfer_unknown(over);
        }
    }

    fn transfer_unknown(&mut self, over: Over) {
        for ask in over.asks {
            self.fail_ask(Some(ask), Code::Sip(408), "Nobody has told how the transfer ended.");
        }
    }
}
