//! Recents: the calls of this account on this device, newest first, kept in its space of the store.
//!
//! It never holds descriptions, headers or data of the host.

use crate::{
    Phone, StoreRequest,
    bridge::json,
    call::{Call, Direction, times},
    cause::{Ending, Reason},
    view::Text,
};
use litemap::LiteMap;
use serde::{Deserialize, Serialize};
use softframe_sip::Instant;

/// Entries kept: some weeks of a busy phone; the oldest goes (ui.md 15).
const MAX_ENTRIES: usize = 1_000;
/// Calls that ended while the page was gone: no more than there can have been at once.
const MAX_LOST: usize = 16;
/// Where they are in the account's space.
pub(crate) const PREFIX: &str = "history/";
const SEEN_KEY: &str = "history-seen";

/// One call that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) number: String,
    /// The caller's own name for itself; contacts are looked up anew each time.
    pub(crate) name: String,
    pub(crate) inbound: bool,
    pub(crate) at: u64,
    /// Seconds of talk, `None`: it was not answered.
    pub(crate) talked: Option<u64>,
    pub(crate) rang: u64,
    pub(crate) reason: String,
}

impl Entry {
    /// Missed: came in and nobody on this side answered or declined it, nor was it sent on.
    pub(crate) fn is_missed(&self) -> bool {
        self.inbound
            && self.talked.is_none()
            && !matches!(
                Reason::from_name(&self.reason),
                Some(Reason::AnsweredElsewhere | Reason::Rejected | Reason::Forwarded)
            )
    }
}

/// The recents of the account that is signed in.
#[derive(Default)]
pub(crate) struct History {
    /// By a key that sorts by time.
    entries: LiteMap<String, Entry>,
    seen: u64,
    last: u64,
    /// Calls of an earlier life with the extension they belong to, until its recents are there.
    lost: Vec<(String, Entry)>,
    /// While the page is hidden: how many there were to see when it went.
    away: Option<u32>,
}

impl History {
    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().rev().map(|(key, entry)| (key.as_str(), entry))
    }

    /// Missed calls that were not seen yet.
    pub(crate) fn missed(&self) -> u32 {
        let unseen = self.entries.values().filter(|entry| entry.at > self.seen && entry.is_missed()).count();
        u32::try_from(unseen).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The number called last from here.
    pub(crate) fn last_dialled(&self) -> Option<&str> {
        self.entries.values().rev().find(|entry| !entry.inbound).map(|entry| entry.number.as_str())
    }

    pub(crate) fn clear(&mut self) {
        *self = History { lost: std::mem::take(&mut self.lost), ..History::default() };
    }

    /// A value of the store.
    pub(crate) fn restore(&mut self, key: &str, value: &[u8]) {
        if key == SEEN_KEY {
            self.seen = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        } else if let Ok(entry) = crate::json::read(value) {
            self.entries.insert(key.to_owned(), entry);
        }
    }

    fn surplus(&self) -> Vec<String> {
        let surplus = self.entries.len().saturating_sub(MAX_ENTRIES);
        self.entries.keys().take(surplus).cloned().collect()
    }
}

impl Phone {
    /// A call that nobody saw the end of goes into the recents of its account, too. `data` is its `phone:terminated`.
    pub(crate) fn record_lost(&mut self, now: Instant, accepted_at: Option<u64>, data: &str) {
        let Ok(data) = crate::json::value(data.as_bytes()) else { return };
        let text = |key: &str| data.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let seconds = |key: &str| data.get(key).and_then(|value| value.as_u64()).unwrap_or(0);
        let inbound = text("direction") == "inbound";
        let wait = seconds("wait");
        let began = accepted_at.map(|at| at.saturating_sub(wait * 1_000));
        let entry = Entry {
            number: text(if inbound { "from" } else { "to" }),
            name: text("displayName"),
            inbound,
            at: began.unwrap_or_else(|| self.clock.wall(now)),
            talked: (text("status") == "answered").then(|| seconds("duration")),
            rang: wait,
            reason: Reason::Error.name().to_owned(),
        };
        let extension =
            data.pointer("/context/extension").and_then(|value| value.as_str()).unwrap_or_default();
        if self.history.lost.len() < MAX_LOST {
            self.history.lost.push((extension.to_owned(), entry));
        }
    }

    /// The recents of an account are there: what it had lost joins them.
    pub(crate) fn find_lost(&mut self) {
        let extension = self.extension();
        for (of, entry) in std::mem::take(&mut self.history.lost) {
            if of == extension {
                self.history.last += 1;
                let key = format!("{PREFIX}{:015}-{:06}", entry.at, self.history.last % 1_000_000);
                self.keep_entry(key, entry);
            } else {
                self.history.lost.push((of, entry));
            }
        }
    }

    /// A call that is over goes into the recents.
    pub(crate) fn record(&mut self, call: &Call, now: Instant, ending: &Ending, _to: Option<String>) {
        let (wait, duration) = times(call, now, true);
        let entry = Entry {
            number: call.called().to_owned(),
            name: call.facts.display_name.clone(),
            inbound: call.direction == Direction::Inbound,
            at: call.date,
            talked: call.talk().map(|_| duration),
            rang: wait,
            reason: ending.reason.name().to_owned(),
        };
        self.history.last += 1;
        let key = format!("{PREFIX}{:015}-{:06}", call.date, self.history.last % 1_000_000);
        self.keep_entry(key, entry);
    }

    pub(crate) fn keep_entry(&mut self, key: String, entry: Entry) {
        let Some(space) = self.space() else { return };
        let value = json(&entry).into_bytes();
        self.history.entries.insert(key.clone(), entry);
        self.store(StoreRequest::Put { space, key, value });
        for key in self.history.surplus() {
            self.remove_entry(&key);
        }
    }

    pub(crate) fn remove_entry(&mut self, key: &str) -> Option<Entry> {
        let entry = self.history.entries.remove(key)?;
        if let Some(space) = self.space() {
            self.store(StoreRequest::Delete { space, prefix: key.to_owned() });
        }
        Some(entry)
    }

    /// What was missed while nobody could see or hear it is said on return (ui.md 7), and a lost connection is tried again.
    pub(crate) fn page_visible(&mut self, now: Instant, visible: bool) {
        let missed = self.history.missed();
        match (self.history.away.take(), visible) {
            (before, false) => self.history.away = before.or(Some(missed)),
            (Some(before), true) => {
                if missed > before {
                    self.say(Text { id: "say.missed", args: vec![("n", missed.to_string())] }, false);
                }
                if !self.is_registered() {
                    self.woke(now);
                }
            }
            (None, true) => {}
        }
    }

    /// The person has looked at the recents.
    pub(crate) fn history_seen(&mut self) {
        let newest = self.history.entries.values().map(|entry| entry.at).max().unwrap_or(0);
        if newest <= self.history.seen {
            return;
        }
        self.history.seen = newest;
        if let Some(space) = self.space() {
            let value = newest.to_string().into_bytes();
            self.store(StoreRequest::Put { space, key: SEEN_KEY.to_owned(), value });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(at: u64, inbound: bool, talked: Option<u64>, reason: Reason) -> Entry {
        let reason = reason.name().to_owned();
        Entry { number: "1".into(), name: String::new(), inbound, at, talked, rang: 3, reason }
    }

    #[test]
    fn only_calls_nobody_took_count_as_missed() {
        for (talked, reason, missed) in [
            (None, Reason::Cancelled, true),
            (None, Reason::Lost, true),
            (None, Reason::Busy, true),
            (None, Reason::Rejected, false),
            (None, Reason::AnsweredElsewhere, false),
            (Some(3), Reason::Hangup, false),
        ] {
            assert_eq!(entry(1, true, talked, reason).is_missed(), missed, "{reason:?}");
        }
        assert!(!entry(1, false, None, Reason::NoAnswer).is_missed());
    }

    #[test]
    fn what_was_stored_comes_back() {
        let mut history = History::default();
        let stored = json(&entry(7, true, None, Reason::Cancelled));
        history.restore("history/000000000000007-000001", stored.as_bytes());
        history.restore("history/000000000000009-000002", b"nonsense");
        assert_eq!((history.newest().count(), history.missed()), (1, 1));
        history.restore("history-seen", b"7");
        assert_eq!(history.missed(), 0);
    }
}
