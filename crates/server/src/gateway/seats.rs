//! How many sockets there are: each costs memory, and a connection to Redis where there is one.
//!
//! It gives a seat or none, and never takes one away.

use super::Grant;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

/// Sockets of one server: half of the clients that Redis takes as it is shipped (`maxclients` 10,000), for two servers.
const MAX_SOCKETS: usize = 5_000;
/// Phones of one extension, and as many clients of it: some tabs, some programs, and those that a dead network has not given
/// back yet.
pub(super) const MAX_OF_GRANT: usize = 32;

/// The seats that are taken.
#[derive(Clone, Default)]
pub(super) struct Seats(Arc<Mutex<HashMap<Grant, usize>>>);

/// One of them; given back when dropped.
pub(super) struct Seat {
    seats: Seats,
    grant: Grant,
}

impl Seats {
    /// A seat, while there are some for these and for anybody.
    pub(super) fn take(&self, grant: &Grant) -> Option<Seat> {
        let mut taken = self.lock();
        let own = taken.get(grant).copied().unwrap_or(0);
        if own >= MAX_OF_GRANT || taken.values().sum::<usize>() >= MAX_SOCKETS {
            return None;
        }
        taken.insert(grant.clone(), own + 1);
        Some(Seat { seats: self.clone(), grant: grant.clone() })
    }

    /// A thread that panicked has left whole numbers behind.
    fn lock(&self) -> MutexGuard<'_, HashMap<Grant, usize>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        if let Some(count) = taken.get_mut(&self.grant) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.grant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Role, *};

    fn grant(role: Role, extension: &str) -> Grant {
        Grant { role, extension: extension.to_owned() }
    }

    #[test]
    fn clients_of_an_extension_have_so_many_seats_and_take_none_from_its_phone() {
        let (seats, client) = (Seats::default(), grant(Role::Client, "200"));
        let mut own: Vec<Seat> = (0..MAX_OF_GRANT).map_while(|_| seats.take(&client)).collect();
        assert_eq!(own.len(), MAX_OF_GRANT);
        assert!(seats.take(&client).is_none());
        assert!(seats.take(&grant(Role::Widget, "200")).is_some());
        assert!(seats.take(&grant(Role::Client, "201")).is_some());
        own.pop();
        assert!(seats.take(&client).is_some());
    }

    #[test]
    fn all_together_have_so_many_and_leave_nothing_behind() {
        let seats = Seats::default();
        let taken = |number: usize| seats.take(&grant(Role::Client, &(number / 8).to_string()));
        let all: Vec<Seat> = (0..).map_while(taken).collect();
        assert_eq!(all.len(), MAX_SOCKETS);
        drop(all);
        assert!(seats.lock().is_empty());
    }
}
