//! Which record has which id: a hash table in many small parts, so that no insertion ever moves much.
//!
//! It keeps no ids: the caller compares the record it is pointed to.

/// Parts of the table. With a million ids a part has 4,000, and to enlarge it takes some 20 microseconds.
const PARTS: usize = 256;

/// A place never used.
const EMPTY: u64 = u64::MAX;

/// A place used before.
const FREED: u64 = u64::MAX - 1;

/// Where a record is: the serial number of its segment and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Never [`Place::NO_SERIAL`].
    pub(crate) serial: u16,
    pub(crate) doc: u16,
}

impl Place {
    /// Would make an entry look empty.
    pub(crate) const NO_SERIAL: u16 = u16::MAX;

    fn from_entry(entry: u64) -> Place {
        Place { serial: (entry >> 16) as u16, doc: entry as u16 }
    }
}

/// FNV-1a, 64 bit: stable between versions, since ids of cards are made with it.
pub(crate) fn hash(octets: &[u8]) -> u64 {
    octets
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x100_0000_01b3))
}

/// The places of one source.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    parts: Vec<Part>,
    len: usize,
}

#[derive(Clone, Debug, Default)]
struct Part {
    /// High half: bits of the hash; low half: the place.
    entries: Vec<u64>,
    /// Entries that are not [`EMPTY`].
    used: usize,
}

impl Ids {
    /// How many ids there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The place of an id with this hash for which `is_it` holds.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(Place) -> bool) -> Option<Place> {
        let part = self.parts.get(part_of(hash))?;
        part.find(hash, is_it).and_then(|at| part.entries.get(at)).map(|entry| Place::from_entry(*entry))
    }

    /// Adds an id that is not there.
    pub(crate) fn insert(&mut self, hash: u64, place: Place) {
        if self.parts.is_empty() {
            self.parts = vec![Part::default(); PARTS];
        }
        if let Some(part) = self.parts.get_mut(part_of(hash)) {
            part.insert(hash, place);
            self.len += 1;
        }
    }

    /// An id moved.
    pub(crate) fn replace(&mut self, hash: u64, old: Place, new: Place) {
        let Some(part) = self.parts.get_mut(part_of(hash)) else { return };
        let at = part.find(hash, |place| place == old);
        if let Some(entry) = at.and_then(|at| part.entries.get_mut(at)) {
            *entry = entry_of(hash, new);
        }
    }

    /// An id is gone.
    pub(crate) fn remove(&mut self, hash: u64, old: Place) {
        let Some(part) = self.parts.get_mut(part_of(hash)) else { return };
        let at = part.find(hash, |place| place == old);
        if let Some(entry) = at.and_then(|at| part.entries.get_mut(at)) {
            *entry = FREED;
            self.len -= 1;
        }
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.parts.iter().map(|part| part.entries.capacity() * 8 + size_of::<Part>()).sum()
    }
}

fn part_of(hash: u64) -> usize {
    (hash >> 56) as usize
}

fn entry_of(hash: u64, place: Place) -> u64 {
    hash << 32 | u64::from(place.serial) << 16 | u64::from(place.doc)
}

impl Part {
    /// Entries are a power of two; probing is linear.
    fn find(&self, hash: u64, is_it: impl Fn(Place) -> bool) -> Option<usize> {
        let mask = self.entries.len().checked_sub(1)?;
        let mut at = start(hash << 32) & mask;
        loop {
            let entry = *self.entries.get(at)?;
            if entry == EMPTY {
                return None;
            }
            if entry != FREED && entry >> 32 == hash & 0xFFFF_FFFF && is_it(Place::from_entry(entry)) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }

    fn insert(&mut self, hash: u64, place: Place) {
        // At least an eighth stays empty, so that probing ends.
        if (self.used + 1) * 8 > self.entries.len() * 7 {
            self.grow();
        }
        self.put(entry_of(hash, place));
    }

    fn grow(&mut self) {
        let live = self.entries.iter().filter(|entry| **entry < FREED).count();
        let size = (live * 2).max(7).next_power_of_two();
        let old = core::mem::replace(&mut self.entries, vec![EMPTY; size]);
        self.used = 0;
        for entry in old {
            if entry < FREED {
                self.put(entry);
            }
        }
    }

    fn put(&mut self, entry: u64) {
        let Some(mask) = self.entries.len().checked_sub(1) else { return };
        let mut at = start(entry) & mask;
        while let Some(slot) = self.entries.get_mut(at) {
            if *slot == EMPTY {
                *slot = entry;
                self.used += 1;
                return;
            }
            at = (at + 1) & mask;
        }
    }
}

/// Where probing starts for an entry: the kept bits of its hash, mixed.
fn start(entry: u64) -> usize {
    ((entry >> 32).wrapping_mul(0x9E37_79B9) >> 7) as usize
}
