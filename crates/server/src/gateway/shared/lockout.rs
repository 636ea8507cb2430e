//! Logins whose password was wrong several times in a row wait before it is tried again, the right one too.
//!
//! An attempt counts as wrong until its password turns out to be right, so that many at once get no more guesses than one
//! after the other. Only hashes of logins are kept, so that long names cost nothing.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Wrong passwords before anybody waits: who mistypes has a few tries.
const FREE_FAILURES: u32 = 5;
/// The first wait; each further wrong password doubles it …
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// … up to this: some 300 guesses a day, and nobody who is guessed at is shut out for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// From so many failures on it grows no more.
pub(super) const MAX_COUNTED: u32 = 14;
/// Failures are forgotten after so long without another.
pub(super) const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);
/// Logins that are remembered: each takes some 40 octets. Of more, the one with the fewest failures goes, so that a flood of
/// made-up logins does not wipe out the one that is attacked.
const MAX_LOGINS: usize = 10_000;

/// How long a login waits after so many failures.
pub(super) fn pause(count: u32) -> Duration {
    match count.checked_sub(FREE_FAILURES) {
        None => Duration::ZERO,
        Some(doublings) => LONGEST_WAIT.min(FIRST_WAIT * (1 << doublings.min(MAX_COUNTED))),
    }
}

/// The count of one process.
#[derive(Default)]
pub(super) struct Lockout {
    hasher: RandomState,
    failed: Mutex<HashMap<u64, Failures>>,
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Lockout {
    /// Counts an attempt, or says how long this login has to wait from `now` on.
    pub(super) fn attempt(&self, login: &str, now: Instant) -> Option<Duration> {
        let (key, mut failed) = (self.hasher.hash_one(login), self.lock());
        failed.retain(|_, failures| now.saturating_duration_since(failures.last) < FORGET_AFTER);
        let before = failed.get(&key).copied().unwrap_or(Failures { count: 0, last: now });
        let wait = (before.last + pause(before.count)).saturating_duration_since(now);
        if !wait.is_zero() {
            return Some(wait);
        }
        if failed.len() >= MAX_LOGINS && before.count == 0 {
            let least = failed.iter().min_by_key(|(_, failures)| (failures.count, failures.last));
            let least = least.map(|(key, _)| *key);
            least.map(|key| failed.remove(&key));
        }
        failed.insert(key, Failures { count: before.count.saturating_add(1), last: now });
        None
    }

    /// The password was right: nothing is held against the login any longer.
    pub(super) fn succeeded(&self, login: &str) {
        self.lock().remove(&self.hasher.hash_one(login));
    }

    /// A thread that panicked has left whole entries behind.
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Failures>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    /// So many attempts with a wrong password, each as soon as it may be; when the next one may.
    fn guess(lockout: &Lockout, login: &str, times: u32, mut now: Instant) -> Instant {
        for count in 1..=times {
            assert_eq!(lockout.attempt(login, now), None, "{count}");
            now += pause(count);
        }
        now
    }

    #[test]
    fn the_fifth_wrong_password_waits_a_second_and_each_further_one_twice_as_long_up_to_five_minutes() {
        let waits: Vec<u64> = (1..=MAX_COUNTED + 1).map(|count| pause(count).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(pause(u32::MAX), LONGEST_WAIT);
        let (lockout, start) = (Lockout::default(), Instant::now());
        let free = guess(&lockout, "ana", MAX_COUNTED, start);
        let second = Duration::from_secs(1);
        assert_eq!(lockout.attempt("ana", free - second), Some(second));
        assert_eq!(
            lockout.attempt("ana", free - second),
            Some(second),
            "who is too early makes it no longer"
        );
        assert_eq!(lockout.attempt("ana", free), None);
        assert_eq!(lockout.attempt("bob", start), None, "nobody else waits");
    }

    #[test]
    fn attempts_at_once_are_no_more_than_those_one_after_the_other() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        let free = (0..100).filter(|_| lockout.attempt("ana", start).is_none()).count();
        assert_eq!(free, 5);
    }

    #[test]
    fn the_right_password_or_an_hour_clears_a_login() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        guess(&lockout, "ana", 5, start);
        lockout.succeeded("ana");
        guess(&lockout, "ana", 5, start);
        guess(&lockout, "bob", 4, start);
        guess(&lockout, "bob", 5, after(start, 3_600));
    }

    #[test]
    fn a_flood_of_made_up_logins_leaves_the_attacked_one_waiting_and_the_table_bounded() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        let free = guess(&lockout, "ana", 6, start);
        for number in 0..MAX_LOGINS + 10 {
            lockout.attempt(&number.to_string(), start);
        }
        assert!(lockout.attempt("ana", free - Duration::from_secs(1)).is_some());
        assert_eq!(lockout.lock().len(), MAX_LOGINS);
    }
}
