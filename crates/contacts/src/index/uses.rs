//! Which keys of numbers there are in the open part of the index, and how many contacts have each.
//!
//! It never grows: it has a place for every key that can be, and serves one open part after the other, since to make it
//! anew costs as much as some ten contacts.

use core::ops::Range;

use crate::index::bits::Bits;
use crate::index::keys::KEYS;

/// How often each key is used.
#[derive(Debug)]
pub(crate) struct Uses {
    used: Bits,
    keys: Vec<Use>,
}

/// The use of one key.
#[derive(Clone, Copy, Debug, Default)]
struct Use {
    /// How many contacts have it.
    count: u16,
    /// The last of them, counted from 1; while the part is sealed, the place of the key among those in use.
    last: u16,
}

impl Uses {
    /// Of no contact.
    pub(crate) fn new() -> Uses {
        Uses { used: Bits::new(KEYS), keys: vec![Use::default(); KEYS] }
    }

    /// A contact, counted from 1, has a key; whether that was not known yet. Contacts come one after the other.
    pub(crate) fn add(&mut self, key: u16, doc: u16) -> bool {
        let Some(one) = self.keys.get_mut(usize::from(key)).filter(|one| one.last != doc) else {
            return false;
        };
        *one = Use { count: one.count + 1, last: doc };
        if one.count == 1 {
            self.used.insert(key);
        }
        true
    }

    /// How many keys are in use.
    pub(crate) fn len(&self) -> usize {
        self.used.count()
    }

    /// Gives the keys of `range` that are in use, in order, and how many contacts have each; what is given back is the
    /// [`Uses::place`] of the key. The bounds are multiples of 64.
    pub(crate) fn put_in_place(&mut self, range: Range<usize>, mut act: impl FnMut(u16, u16) -> u16) {
        for key in self.used.within(range) {
            if let Some(one) = self.keys.get_mut(usize::from(key)) {
                one.last = act(key, one.count);
            }
        }
    }

    /// The place that a key was given.
    pub(crate) fn place(&self, key: u16) -> Option<usize> {
        self.keys.get(usize::from(key)).map(|one| usize::from(one.last))
    }

    /// For the contacts of another part. O(keys in use).
    pub(crate) fn clear(&mut self) {
        for key in self.used.within(0..KEYS.next_multiple_of(64)) {
            if let Some(one) = self.keys.get_mut(usize::from(key)) {
                *one = Use::default();
            }
        }
        self.used.clear();
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.used.memory() + self.keys.capacity() * size_of::<Use>()
    }
}
