//! The segments of one source, in the order in which their contacts came, with the part that is still open.
//!
//! It never mixes sources, and never shows an exchanged contact and its successor at the same time.

use crate::country::Country;
use crate::ids::{self, Ids, Place};
use crate::index::bits::Bits;
use crate::index::builder::{self, Builder};
use crate::index::merge::Merging;
use crate::index::seal::Sealing;
use crate::index::segment::{MAX_DOCS, Segment};
use crate::index::uses::Uses;
use crate::record::{self, Record};

/// Contacts of the first segment; later ones are as large as all before, so that what is in is found early.
const FIRST_SEGMENT: usize = 4096;

/// So many neighbours of about the same size are merged. A contact is copied once for each time its segment
/// grows by so much, and each size has fewer segments than this, which cost a search some microseconds each. With half
/// as many a contact of a push of a hundred was copied once more, and a search took as long; with half as many again what
/// had been merged once rarely fitted into a segment together: that cost a half more at 250,000, and a search with a slip
/// took twice as long.
const MERGED_AT_ONCE: usize = 16;

/// Fewest contacts that are sealed while more of a push are to come: small segments are copied once more.
const LEAST_OF_OPEN_PUSH: usize = 1024;

/// More segments are merged even if they differ in size.
const MAX_SEGMENTS: usize = 64;

/// Contacts read again by one step.
const REREAD_SLICE: usize = 16;

/// One finished segment, and what has been removed of it.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(super) serial: u16,
    pub(crate) segment: Segment,
    dead: Bits,
    /// The same, by place in the alphabetical order.
    pub(crate) dead_ranks: Bits,
}

impl Slot {
    /// With all its contacts.
    pub(super) fn new(serial: u16, segment: Segment) -> Slot {
        Slot { serial, segment, dead: Bits::default(), dead_ranks: Bits::default() }
    }

    /// Whether a place is in it.
    pub(crate) fn is_at(&self, place: Place) -> bool {
        self.serial == place.serial
    }

    /// Contacts that are still there.
    pub(crate) fn live(&self) -> usize {
        self.segment.len() - self.dead.count()
    }

    /// Whether a contact was removed or exchanged.
    pub(crate) fn is_dead(&self, doc: u16) -> bool {
        self.dead.has(doc)
    }

    /// How much of a builder its contacts would fill.
    fn load(&self) -> usize {
        self.segment.load() * self.live() / self.segment.len().max(1) + 1
    }

    /// How large it is, in powers of [`MERGED_AT_ONCE`].
    fn level(&self) -> u32 {
        self.live().checked_ilog(MERGED_AT_ONCE).unwrap_or(0)
    }

    /// A contact was removed or exchanged.
    pub(super) fn kill(&mut self, doc: u16) {
        if self.dead.insert(doc) {
            self.dead_ranks.insert(self.segment.rank(doc));
        }
    }

    /// Whether it is worth making anew.
    fn is_stale(&self, home: Option<Country>, purges: bool) -> bool {
        let allowed = if purges { 0 } else { self.segment.len() / 4 };
        self.dead.count() > allowed || self.segment.home() != home
    }
}

/// What is being made.
#[derive(Debug)]
enum Making {
    Nothing,
    /// Segments become one, or are rid of what is gone.
    Merge(Box<Merging>),
    /// Contacts of the finished segment at `slot` are read again, as those of another country.
    Reread {
        builder: Box<Builder>,
        slot: usize,
        doc: usize,
    },
    /// To be put at `position`.
    Seal {
        sealing: Box<Sealing>,
        position: usize,
    },
}

/// What a row did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Added,
    Updated,
    /// It was there, octet for octet.
    Same,
}

/// All contacts of one source.
#[derive(Debug)]
pub(crate) struct Shelf {
    slots: Vec<Slot>,
    open: Option<Box<Builder>>,
    /// What the open part before left for the next one.
    spare: Option<Uses>,
    /// The open part before was sealed because it was full: this one is likely to become so, too.
    streams: bool,
    making: Making,
    /// Not one contact that is gone may stay in a segment; until the next time that all is in order.
    purges: bool,
    ids: Ids,
}

impl Shelf {
    pub(crate) fn new() -> Shelf {
        Shelf {
            slots: Vec::new(),
            open: None,
            spare: None,
            streams: false,
            making: Making::Nothing,
            purges: false,
            ids: Ids::default(),
        }
    }

    /// What is dead goes out of all segments as soon as nothing is open.
    pub(crate) fn purge(&mut self) {
        self.purges = true;
    }

    /// How many ids there are, in what can be found and in what is still open.
    pub(crate) fn ids(&self) -> usize {
        self.ids.len()
    }

    /// The finished segments.
    pub(crate) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Contacts that can be found.
    pub(crate) fn live(&self) -> usize {
        self.slots.iter().map(Slot::live).sum()
    }

    /// The packed record of an id.
    pub(crate) fn octets_of(&self, id: &str) -> Option<&[u8]> {
        self.octets(self.place(id)?)
    }

    /// Where an id is; in a finished segment, or not yet.
    pub(crate) fn place(&self, id: &str) -> Option<Place> {
        self.place_of(ids::hash(id.as_bytes()), id)
    }

    fn place_of(&self, hash: u64, id: &str) -> Option<Place> {
        self.ids.find(hash, |place| {
            self.octets(place).and_then(record::read).is_some_and(|(record, _)| record.id == id)
        })
    }

    fn octets(&self, place: Place) -> Option<&[u8]> {
        if let Some(slot) = self.slots.iter().find(|slot| slot.serial == place.serial) {
            return Some(slot.segment.octets(place.doc));
        }
        let made = match &self.making {
            Making::Merge(merging) if merging.serial == place.serial => {
                return Some(merging.octets(place.doc));
            }
            Making::Merge(_) | Making::Nothing => None,
            Making::Reread { builder, .. } => Some(builder.as_ref()),
            Making::Seal { sealing, .. } => Some(&sealing.builder),
        };
        let builders = [self.open.as_deref(), made];
        builders.into_iter().flatten().find(|b| b.serial == place.serial).map(|b| b.octets(place.doc))
    }

    /// Takes in a packed record. O(its size).
    pub(crate) fn add(&mut self, octets: &[u8], record: Record<'_>, home: Option<Country>) -> Taken {
        let hash = ids::hash(record.id.as_bytes());
        let old = self.place_of(hash, record.id);
        if old.and_then(|place| self.octets(place)) == Some(octets) {
            return Taken::Same;
        }
        let builder = self.open.take().unwrap_or_else(|| self.new_builder(home));
        let builder = self.open.insert(builder);
        let place = Place { serial: builder.serial, doc: builder.add(octets, record) };
        match old {
            None => {
                self.ids.insert(hash, place);
                return Taken::Added;
            }
            Some(old) if old.serial == builder.serial => {
                builder.dead.insert(old.doc);
            }
            Some(old) => builder.exchanges.push(old),
        }
        if let Some(old) = old {
            self.ids.replace(hash, old, place);
        }
        Taken::Updated
    }

    fn new_builder(&mut self, home: Option<Country>) -> Box<Builder> {
        let uses = self.spare.take().unwrap_or_else(Uses::new);
        let mut builder = Box::new(Builder::new(self.free_serial(), home, uses));
        if let Some(last) = self.slots.last().filter(|_| self.streams) {
            builder.reserve(self.target(), &last.segment);
        }
        builder
    }

    /// Removes an id; whether it was there.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let hash = ids::hash(id.as_bytes());
        let Some(place) = self.place_of(hash, id) else { return false };
        self.ids.remove(hash, place);
        self.kill(place);
        if let Some(open) = self.open.as_mut().filter(|open| open.serial == place.serial) {
            open.dead.insert(place.doc);
        }
        true
    }

    fn kill(&mut self, place: Place) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.serial == place.serial) {
            slot.kill(place.doc);
        }
    }

    /// The least serial number that nothing has.
    fn free_serial(&self) -> u16 {
        let made = match &self.making {
            Making::Nothing => None,
            Making::Merge(merging) => Some(merging.serial),
            Making::Reread { builder, .. } => Some(builder.serial),
            Making::Seal { sealing, .. } => Some(sealing.builder.serial),
        };
        let open = self.open.as_ref().map(|open| open.serial);
        let used = |serial| {
            made == Some(serial)
                || open == Some(serial)
                || self.slots.iter().any(|slot| slot.serial == serial)
        };
        (0..Place::NO_SERIAL).find(|serial| !used(*serial)).unwrap_or(0)
    }

    /// How many contacts the open part takes.
    fn target(&self) -> usize {
        self.live().clamp(FIRST_SEGMENT, MAX_DOCS)
    }

    /// Whether the open part must be sealed before it takes more.
    pub(crate) fn is_full(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.is_full() || open.len() >= self.target())
    }

    /// Begins to seal the open part; whether there was anything to seal.
    pub(crate) fn seal(&mut self) -> bool {
        self.streams = self.is_full();
        let Some(builder) = self.open.take() else { return false };
        let position = self.slots.len();
        self.making = Making::Seal { sealing: Box::new(Sealing::new(*builder)), position };
        true
    }

    /// Begins to merge what should be merged; whether there was anything.
    pub(crate) fn tidy(&mut self, home: Option<Country>) -> bool {
        // What is open names contacts by their places in finished segments; they must stay there.
        if self.open.is_some() {
            return false;
        }
        let stale = self.slots.iter().position(|slot| slot.is_stale(home, self.purges)).map(|at| (at, at));
        self.purges &= stale.is_some();
        let Some((first, last)) = stale.or_else(|| self.crowd()) else { return false };
        let serial = self.free_serial();
        self.making = if self.slots.get(first).is_some_and(|slot| slot.segment.home() != home) {
            let uses = self.spare.take().unwrap_or_else(Uses::new);
            Making::Reread { builder: Box::new(Builder::new(serial, home, uses)), slot: first, doc: 0 }
        } else {
            Making::Merge(Box::new(Merging::new(&self.slots, first..last + 1, serial, home)))
        };
        true
    }

    /// The first and last of neighbours that are to be merged, if they fit into one segment: those of one level, the
    /// newest first; of many segments the lightest.
    fn crowd(&self) -> Option<(usize, usize)> {
        let runs = self.slots.windows(MERGED_AT_ONCE).enumerate().rev();
        let loads = runs.map(|(first, run)| (run.iter().map(Slot::load).sum::<usize>(), first, run));
        let mut fitting = loads.filter(|(load, _, _)| *load < builder::FULL);
        let first = if self.slots.len() > MAX_SEGMENTS {
            fitting.map(|(load, first, _)| (load, first)).min()?.1
        } else {
            let is_level =
                |run: &[Slot]| run.windows(2).all(|pair| matches!(pair, [a, b] if a.level() == b.level()));
            fitting.find(|(_, _, run)| is_level(run))?.1
        };
        Some((first, first + MERGED_AT_ONCE - 1))
    }

    /// Whether what is open is worth sealing though more of the push is to come.
    pub(crate) fn is_worth_sealing(&self) -> bool {
        let least = self.live().clamp(LEAST_OF_OPEN_PUSH, MAX_DOCS);
        self.open.as_ref().is_some_and(|open| open.is_full() || open.len() >= least)
    }

    /// One slice of what is being made; whether there was anything to do.
    pub(crate) fn step(&mut self) -> bool {
        match core::mem::replace(&mut self.making, Making::Nothing) {
            Making::Nothing => return false,
            Making::Merge(mut merging) => {
                if merging.step(&self.slots, &mut self.ids) {
                    self.making = Making::Merge(merging);
                } else {
                    self.exchange(*merging);
                }
            }
            Making::Reread { builder, slot, doc } => self.making = self.reread(builder, slot, doc),
            Making::Seal { mut sealing, position } => {
                if sealing.step() {
                    self.making = Making::Seal { sealing, position };
                } else {
                    self.install(*sealing, position);
                }
            }
        }
        true
    }

    fn reread(&mut self, mut builder: Box<Builder>, position: usize, doc: usize) -> Making {
        let slot = self.slots.get(position).filter(|slot| doc < slot.segment.len() && !builder.is_full());
        let Some(Slot { serial, segment, dead, .. }) = slot else {
            return Making::Seal { sealing: Box::new(Sealing::new(*builder)), position };
        };
        let end = segment.len().min(doc + REREAD_SLICE);
        for doc in (doc..end).map(|doc| doc as u16).filter(|doc| !dead.has(*doc)) {
            let Some(record) = segment.record(doc).filter(|_| !builder.is_full()) else { continue };
            let old = Place { serial: *serial, doc };
            let new = Place { serial: builder.serial, doc: builder.add(segment.octets(doc), record) };
            self.ids.replace(ids::hash(record.id.as_bytes()), old, new);
            builder.exchanges.push(old);
        }
        Making::Reread { builder, slot: position, doc: end }
    }

    /// The merged segment takes the place of those that it was made of.
    fn exchange(&mut self, merging: Merging) {
        let (serial, run) = (merging.serial, merging.run.clone());
        let segment = merging.into_segment();
        let made = Slot::new(serial, segment);
        self.slots.drain(run.start..run.end.min(self.slots.len()));
        if made.live() > 0 {
            self.slots.insert(run.start, made);
        }
    }

    /// The new segment goes in and what it exchanges goes out, at once.
    fn install(&mut self, sealing: Sealing, position: usize) {
        let (segment, leftover) = sealing.into_segment();
        self.spare = Some(leftover.uses);
        for old in leftover.exchanges {
            self.kill(old);
        }
        let mut slot = Slot::new(leftover.serial, segment);
        for doc in (0..slot.segment.len()).map(|doc| doc as u16).filter(|doc| leftover.dead.has(*doc)) {
            slot.kill(doc);
        }
        self.slots.insert(position.min(self.slots.len()), slot);
        self.slots.retain(|slot| slot.live() > 0);
    }

    /// Whether a slice of work waits.
    pub(crate) fn is_making(&self) -> bool {
        !matches!(self.making, Making::Nothing)
    }

    /// Whether contacts wait to be sealed.
    pub(crate) fn has_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether [`Shelf::tidy`] would begin something.
    pub(crate) fn is_untidy(&self, home: Option<Country>) -> bool {
        let is_stale = |slot: &Slot| slot.is_stale(home, self.purges);
        self.open.is_none() && (self.slots.iter().any(is_stale) || self.crowd().is_some())
    }

    /// Octets held, by estimate.
    pub(crate) fn memory(&self) -> usize {
        let slots = self.slots.iter().map(|slot| {
            slot.segment.memory() + slot.dead.memory() + slot.dead_ranks.memory() + size_of::<Slot>()
        });
        let made = match &self.making {
            Making::Nothing => 0,
            Making::Merge(merging) => merging.memory(),
            Making::Reread { builder, .. } => builder.memory(),
            Making::Seal { sealing, .. } => sealing.builder.memory(),
        };
        let open = self.open.as_ref().map_or(0, |open| open.memory());
        slots.sum::<usize>() + self.ids.memory() + made + open + self.spare.as_ref().map_or(0, Uses::memory)
    }
}
