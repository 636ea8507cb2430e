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
use serde::{Deserialize, Serialize};
use serde_json::Value;
use softframe_sip::Instant;

/// Entries kept: some weeks of a busy phone; the oldest goes (ui.md 15).
const MAX_ENTRIES: usize = 1_000;
/// Calls that ended while the page was gone: no more than there can have been at once.
const MAX_LOST: usize = 16;
/// Where they are in the account's space.
pub(crate) const PREFIX: &str = "history/";
/// Serial numbers below this have the six digits that keys have.
const MAX_SERIAL: u32 = 1_000_000;
const SEEN_KEY: &str = "history-seen";

/// One call that is over. There may be [`MAX_ENTRIES`] in a page that is open for weeks, so it takes few octets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) at: u64,
    /// Tells calls of one moment apart.
    serial: u32,
    pub(crate) rang: u32,
    /// Seconds of talk, `None`: it was not answered.
    pub(crate) talked: Option<u32>,
    pub(crate) inbound: bool,
    /// The page has it in a log of its own.
    pub(crate) logged: bool,
    pub(crate) reason: Reason,
    /// Number, id and name, one after the other.
    texts: Box<str>,
    number_octets: u16,
    id_octets: u16,
}

/// The same as it is kept in the store.
#[derive(Serialize, Deserialize)]
struct Stored {
    number: String,
    /// The caller's own name for itself; contacts are looked up anew each time.
    name: String,
    inbound: bool,
    at: u64,
    talked: Option<u64>,
    rang: u64,
    reason: String,
    /// What its events were told with; empty in what older versions kept.
    #[serde(default)]
    id: String,
    #[serde(default)]
    logged: bool,
}

fn seconds(long: u64) -> u32 {
    u32::try_from(long).unwrap_or(u32::MAX)
}

fn octets(text: &str) -> u16 {
    u16::try_from(text.len()).unwrap_or(0)
}

impl Entry {
    fn new(stored: &Stored, serial: u32) -> Entry {
        Entry {
            at: stored.at,
            serial,
            rang: seconds(stored.rang),
            talked: stored.talked.map(seconds),
            inbound: stored.inbound,
            logged: stored.logged,
            reason: Reason::from_name(&stored.reason).unwrap_or(Reason::Error),
            texts: [stored.number.as_str(), &stored.id, &stored.name].concat().into(),
            number_octets: octets(&stored.number),
            id_octets: octets(&stored.id),
        }
    }

    fn texts(&self) -> (&str, &str, &str) {
        let (number, rest) = self.texts.split_at_checked(self.number_octets.into()).unwrap_or_default();
        let (id, name) = rest.split_at_checked(self.id_octets.into()).unwrap_or_default();
        (number, id, name)
    }

    pub(crate) fn number(&self) -> &str {
        self.texts().0
    }

    /// `id` of its events.
    pub(crate) fn id(&self) -> &str {
        self.texts().1
    }

    /// The caller's own name for itself.
    pub(crate) fn name(&self) -> &str {
        self.texts().2
    }

    /// Where it is kept; sorts by time.
    pub(crate) fn key(&self) -> String {
        format!("{PREFIX}{:015}-{:06}", self.at, self.serial)
    }

    fn stored(&self) -> Stored {
        let (number, id, name) = self.texts();
        Stored {
            number: number.to_owned(),
            name: name.to_owned(),
            inbound: self.inbound,
            at: self.at,
            talked: self.talked.map(u64::from),
            rang: u64::from(self.rang),
            reason: self.reason.name().to_owned(),
            id: id.to_owned(),
            logged: self.logged,
        }
    }

    /// Missed: came in and nobody on this side answered or declined it, nor was it sent on.
    pub(crate) fn is_missed(&self) -> bool {
        let is_settled =
            matches!(self.reason, Reason::AnsweredElsewhere | Reason::Rejected | Reason::Forwarded);
        self.inbound && self.talked.is_none() && !is_settled
    }
}

/// The recents of the account that is signed in.
#[derive(Default)]
pub(crate) struct History {
    /// Oldest first.
    entries: Vec<Entry>,
    seen: u64,
    /// The last serial number.
    last: u32,
    /// Calls of an earlier life with the extension they belong to, until its recents are there.
    lost: Vec<(String, Entry)>,
    /// While the page is hidden: how many there were to see when it went.
    away: Option<u32>,
}

impl History {
    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// The one at this place, the newest at 0.
    pub(crate) fn at(&self, place: usize) -> Option<&Entry> {
        self.entries.iter().rev().nth(place)
    }

    /// How many there are, and when the newest began: another one than before where a call has come in.
    pub(crate) fn stamp(&self) -> (usize, u64) {
        (self.entries.len(), self.entries.last().map_or(0, |entry| entry.at))
    }

    /// Missed calls that were not seen yet.
    pub(crate) fn missed(&self) -> u32 {
        let unseen = self.entries.iter().filter(|entry| entry.at > self.seen && entry.is_missed()).count();
        u32::try_from(unseen).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(self.position(key)?)
    }

    fn position(&self, key: &str) -> Option<usize> {
        key.starts_with(PREFIX).then(|| self.entries.iter().position(|entry| entry.key() == key))?
    }

    fn insert(&mut self, entry: Entry) {
        let place = |other: &Entry| (other.at, other.serial) < (entry.at, entry.serial);
        let at = self.entries.partition_point(place);
        // One block for all there may be: a list that doubles leaves as much behind each time, and a module never shrinks.
        self.entries.reserve_exact((MAX_ENTRIES + 1).saturating_sub(self.entries.len()));
        self.entries.insert(at, entry);
    }

    /// The number called last from here.
    pub(crate) fn last_dialled(&self) -> Option<&str> {
        self.newest().find(|entry| !entry.inbound).map(Entry::number)
    }

    pub(crate) fn clear(&mut self) {
        *self = History { lost: std::mem::take(&mut self.lost), ..History::default() };
    }

    /// A value of the store.
    pub(crate) fn restore(&mut self, key: &str, value: &[u8]) {
        if key == SEEN_KEY {
            self.seen = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        } else if let (Some((_, serial)), Ok(stored)) = (key.rsplit_once('-'), crate::json::read(value)) {
            let entry = Entry::new(&stored, serial.parse().unwrap_or(0));
            // One whose key is another's could never be removed.
            if entry.key() == key {
                self.insert(entry);
            }
        }
    }
}

impl Phone {
    /// A call that nobody saw the end of goes into the recents of its account, too. `data` is its `phone:terminated`.
    pub(crate) fn record_lost(&mut self, now: Instant, accepted_at: Option<u64>, data: &Value) {
        let text = |key: &str| data.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let number = |key: &str| data.get(key).and_then(|value| value.as_u64()).unwrap_or(0);
        let inbound = text("direction") == "inbound";
        let wait = number("wait");
        let began = accepted_at.map(|at| at.saturating_sub(wait * 1_000));
        let reason = data.pointer("/cause/reason").and_then(Value::as_str);
        let lost = Stored {
            number: text(if inbound { "from" } else { "to" }),
            name: text("displayName"),
            inbound,
            at: began.unwrap_or_else(|| self.clock.wall(now)),
            talked: (text("status") == "answered").then(|| number("duration")),
            rang: wait,
            reason: reason.unwrap_or(Reason::Error.name()).to_owned(),
            id: text("id"),
            logged: false,
        };
        let extension =
            data.pointer("/context/extension").and_then(|value| value.as_str()).unwrap_or_default();
        if self.history.lost.len() < MAX_LOST {
            self.history.lost.push((extension.to_owned(), Entry::new(&lost, 0)));
        }
    }

    /// The recents of an account are there: what it had lost joins them.
    pub(crate) fn find_lost(&mut self) {
        let extension = self.extension();
        for (of, entry) in std::mem::take(&mut self.history.lost) {
            // The store had the time, or the page came back as it was.
            let is_kept = !entry.id().is_empty() && self.history.newest().any(|one| one.id() == entry.id());
            if of == extension && is_kept {
                continue;
            }
            if of == extension {
                let serial = self.next_serial();
                self.keep_entry(Entry { serial, ..entry });
            } else {
                self.history.lost.push((of, entry));
            }
        }
    }

    fn next_serial(&mut self) -> u32 {
        self.history.last = (self.history.last + 1) % MAX_SERIAL;
        self.history.last
    }

    /// A call that is over goes into the recents; `logged`: the page has been asked to log it.
    pub(crate) fn record(&mut self, call: &Call, now: Instant, ending: &Ending, logged: bool) {
        let (wait, duration) = times(call, now, true);
        let over = Stored {
            number: call.called().to_owned(),
            name: call.facts.display_name.clone(),
            inbound: call.direction == Direction::Inbound,
            at: call.date,
            talked: call.talk().map(|_| duration),
            rang: wait,
            reason: ending.reason.name().to_owned(),
            id: call.label.clone(),
            logged,
        };
        let serial = self.next_serial();
        self.keep_entry(Entry::new(&over, serial));
    }

    pub(crate) fn keep_entry(&mut self, entry: Entry) {
        if self.space().is_none() {
            return;
        }
        self.store_entry(&entry);
        self.history.insert(entry);
        self.wants_index();
        while self.history.entries.len() > MAX_ENTRIES {
            self.remove_at(0);
        }
    }

    fn store_entry(&mut self, entry: &Entry) {
        if let Some(space) = self.space() {
            let value = json(&entry.stored()).into_bytes();
            self.store(StoreRequest::Put { space, key: entry.key(), value });
        }
    }

    /// The page has the call of this `id` in a log of its own.
    pub(crate) fn mark_logged(&mut self, id: &str) {
        let entry = self.history.entries.iter_mut().find(|entry| !entry.logged && entry.id() == id);
        if let Some(entry) = entry {
            entry.logged = true;
            let entry = entry.clone();
            self.store_entry(&entry);
        }
    }

    pub(crate) fn remove_entry(&mut self, key: &str) -> Option<Entry> {
        Some(self.remove_at(self.history.position(key)?))
    }

    fn remove_at(&mut self, at: usize) -> Entry {
        let entry = self.history.entries.remove(at);
        self.wants_index();
        if let Some(space) = self.space() {
            self.store(StoreRequest::Delete { space, prefix: entry.key() });
        }
        entry
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
        let newest = self.history.newest().next().map_or(0, |entry| entry.at);
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
        Entry::new(
            &Stored {
                number: "1".into(),
                name: "Ána".into(),
                inbound,
                at,
                talked,
                rang: 3,
                reason,
                id: "ñ-1".into(),
                logged: true,
            },
            1,
        )
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
        let known = entry(7, true, None, Reason::Cancelled);
        history.restore("history/000000000000007-000001", json(&known.stored()).as_bytes());
        history.restore("history/000000000000008-000001", json(&known.stored()).as_bytes());
        history.restore("history/000000000000009-000002", b"nonsense");
        assert_eq!((history.newest().count(), history.missed()), (1, 1));
        assert_eq!(history.get("history/000000000000007-000001"), Some(&known));
        assert_eq!((known.number(), known.id(), known.name()), ("1", "ñ-1", "Ána"));
        history.restore("history-seen", b"7");
        assert_eq!(history.missed(), 0);
        // As versions before ids wrote it.
        let old =
            br#"{"number":"1","name":"A","inbound":true,"at":9,"talked":null,"rang":3,"reason":"busy"}"#;
        history.restore("history/000000000000009-000001", old);
        assert_eq!(
            history.newest().next().map(|old| (old.id(), old.name(), old.logged)),
            Some(("", "A", false))
        );
    }
}
