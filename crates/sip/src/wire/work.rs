//! How much the reader does, counted in the tests of this crate alone: octets looked at and headers gone through. A clock
//! would measure the machine as well.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local!(static DONE: Cell<usize> = const { Cell::new(0) });

/// So many octets or headers more.
#[cfg(test)]
pub(super) fn add(steps: usize) {
    DONE.set(DONE.get() + steps);
}

#[cfg(not(test))]
pub(super) fn add(_: usize) {}

/// What `what` costs.
#[cfg(test)]
pub(super) fn of(what: impl FnOnce()) -> usize {
    let before = DONE.get();
    what();
    DONE.get() - before
}
