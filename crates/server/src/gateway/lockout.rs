//! Logins whose password was wrong several times in a row wait before it is tried again, the right one too.
//!
//! Each server counts for itself: a guess at another one costs that server's patience, and there are few servers. Only
//! hashes of logins are kept, so that long names cost nothing.

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
/// Failures are forgotten after so long without another.
const FORGET_AFTER: Duration = Duration::from_secs(60 * 60);
/// Logins that are remembered: each takes some 40 octets. Of more, the one with the fewest failures goes, so that a flood of
/// made-up logins does not wipe out the one that is attacked.
const MAX_LOGINS: usize = 10_000;

/// See the module.
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

impl Failures {
    fn until(self) -> Instant {
        let doublings = match self.count.checked_sub(FREE_FAILURES) {
            None => return self.last,
            Some(doublings) => doublings.min(16),
        };
        self.last + LONGEST_WAIT.min(FIRST_WAIT * (1 << doublings))
    }
}

impl Lockout {
    /// How long this login has to wait from `now` on; `None`: not at all.
    pub(super) fn wait(&self, login: &str, now: Instant) -> Option<Duration> {
        let failures = self.lock().get(&self.hasher.hash_one(login)).copied()?;
        failures.until().checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// The password was wrong.
    pub(super) fn failed(&self, login: &str, now: Instant) {
        let key = self.hasher.hash_one(login);
        let mut failed = self.lock();
        failed.retain(|_, failures| now.saturating_duration_since(failures.last) < FORGET_AFTER);
        if failed.len() >= MAX_LOGINS && !failed.contains_key(&key) {
            let least = failed.iter().min_by_key(|(_, failures)| (failures.count, failures.last));
            let least = least.map(|(key, _)| *key);
            least.map(|key| failed.remove(&key));
        }
        let failures = failed.entry(key).or_insert(Failures { count: 0, last: now });
        *failures = Failures { count: failures.count.saturating_add(1), last: now };
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

    #[test]
    fn the_fifth_wrong_password_waits_a_second_and_each_further_one_twice_as_long_up_to_five_minutes() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        let mut waits = Vec::new();
        for _ in 0..15 {
            lockout.failed("ana", start);
            waits.push(lockout.wait("ana", start).map_or(0, |wait| wait.as_secs()));
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(lockout.wait("ana", after(start, 299)), Some(Duration::from_secs(1)));
        assert_eq!(lockout.wait("ana", after(start, 300)), None);
        assert_eq!(lockout.wait("bob", start), None, "nobody else waits");
    }

    #[test]
    fn the_right_password_or_an_hour_clears_a_login() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        for _ in 0..4 {
            lockout.failed("ana", start);
        }
        lockout.succeeded("ana");
        lockout.failed("ana", start);
        assert_eq!(lockout.wait("ana", start), None);
        for _ in 0..4 {
            lockout.failed("bob", start);
        }
        lockout.failed("bob", after(start, 3_600));
        assert_eq!(lockout.wait("bob", after(start, 3_600)), None);
    }

    #[test]
    fn a_flood_of_made_up_logins_leaves_the_attacked_one_waiting_and_the_table_bounded() {
        let (lockout, start) = (Lockout::default(), Instant::now());
        for _ in 0..6 {
            lockout.failed("ana", start);
        }
        for number in 0..MAX_LOGINS + 10 {
            lockout.failed(&number.to_string(), start);
        }
        assert_eq!(lockout.wait("ana", start), Some(Duration::from_secs(2)));
        assert_eq!(lockout.lock().len(), MAX_LOGINS);
    }
}
