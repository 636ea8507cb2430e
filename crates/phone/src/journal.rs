//! What outlives the page: what is still to be said of calls that nobody saw the end of, and those that ended with it.
//!
//! It never reads the store: what it knows was handed over by the shell.

use crate::{
    JournalEntry, Phone,
    bridge::{self, CallEvent},
    call::Call,
    json,
};
use serde_json::Value;
use softframe_sip::{Command, Instant};

/// Farewells kept: no more calls than this can have been.
const MAX_FAREWELLS: usize = 16;

impl Phone {
    /// The page goes: every call and the binding say farewell in this one input.
    pub(crate) fn leave(&mut self, now: Instant) {
        self.is_leaving = true;
        self.ring_in_vain(now);
        self.end_all(now);
        // A page may come back as it was.
        self.is_leaving = false;
        self.command(now, Command::Unregister);
    }

    /// What is left of a call that is over: where the page goes before it is stored, to be kept in the recents.
    pub(crate) fn journal_after(&self, call: &Call, told: Option<&CallEvent>) -> Option<JournalEntry> {
        let event = told.filter(|_| self.is_leaving)?;
        Some(JournalEntry {
            terminated: bridge::unnumbered("phone:terminated", &bridge::json(event)),
            accepted_at: Some(call.date.saturating_add(event.wait.saturating_mul(1_000))),
            farewell: None,
            told: true,
        })
    }

    /// What an earlier life owes: the host its `phone:terminated`, the other side its farewell.
    pub(crate) fn journal_of_previous_life(&mut self, now: Instant, entries: Vec<JournalEntry>) {
        for entry in entries.into_iter().take(MAX_FAREWELLS) {
            if entry.told {
                let message = json::value(entry.terminated.as_bytes()).ok();
                let data = message.as_ref().and_then(|message| message.get("data"));
                data.into_iter().for_each(|data| self.record_lost(now, entry.accepted_at, data));
            } else if let Some(data) = self.filled_journal(now, &entry) {
                self.record_lost(now, entry.accepted_at, &data);
                let data = bridge::json(&data);
                self.notify(now, &data);
                self.owe_terminated(data);
            }
            self.farewells.extend(entry.farewell.map(|(_, octets)| octets));
        }
        self.farewells.truncate(MAX_FAREWELLS);
        if self.space_is_loaded() {
            self.find_lost();
        }
    }

    /// `duration` and `total`, where nobody has filled them yet.
    fn filled_journal(&self, now: Instant, entry: &JournalEntry) -> Option<Value> {
        let message = json::value(entry.terminated.as_bytes()).ok()?;
        let mut data = message.get("data")?.as_object()?.clone();
        let wait = data.get("wait")?.as_u64()?;
        if let (Some(accepted), Some(0)) =
            (entry.accepted_at, data.get("duration").and_then(|value| value.as_u64()))
        {
            let duration = self.clock.wall(now).saturating_sub(accepted) / 1_000;
            data.insert("duration".to_owned(), duration.into());
            if let Some(told) =
                data.get_mut("enigma").and_then(|enigma| enigma.pointer_mut("/payload/call_time"))
            {
                *told = duration.into();
            }
            data.insert("total".to_owned(), wait.saturating_add(duration).into());
        }
        Some(data.into())
    }
}
