//! A set of document numbers, one bit each.
//!
//! It never grows past the documents of one segment.

use core::ops::Range;

/// Which of up to 65,536 things are in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    count: usize,
}

impl Bits {
    /// None of `len`.
    pub(crate) fn new(len: usize) -> Bits {
        Bits { words: vec![0; len.div_ceil(64)], count: 0 }
    }

    /// Those of `docs` that are also `among` others.
    pub(crate) fn of(len: usize, docs: &[u16], among: Option<&Bits>) -> Bits {
        let mut bits = Bits::new(len);
        for doc in docs {
            if let Some(word) = bits.words.get_mut(usize::from(*doc) / 64) {
                *word |= 1 << (doc % 64);
            }
        }
        bits.counted(among)
    }

    /// Those that `docs` names more than once and that are also `among` others.
    pub(crate) fn twice(len: usize, docs: &[u16], among: &Bits) -> Bits {
        let (mut once, mut twice) = (Bits::new(len), Bits::new(len));
        for doc in docs {
            let (at, mask) = (usize::from(*doc) / 64, 1 << (doc % 64));
            if let (Some(once), Some(twice)) = (once.words.get_mut(at), twice.words.get_mut(at)) {
                *twice |= *once & mask;
                *once |= mask;
            }
        }
        twice.counted(Some(among))
    }

    fn counted(mut self, among: Option<&Bits>) -> Bits {
        for (word, other) in self.words.iter_mut().zip(among.into_iter().flat_map(|among| &among.words)) {
            *word &= other;
        }
        self.count = self.words.iter().map(|word| word.count_ones() as usize).sum();
        self
    }

    /// All that are in, in order.
    pub(crate) fn list(&self) -> Vec<u16> {
        let mut list = Vec::with_capacity(self.count);
        list.extend(self.within(0..self.words.len() * 64));
        list
    }

    /// Takes all out.
    pub(crate) fn clear(&mut self) {
        self.words.fill(0);
        self.count = 0;
    }

    /// How many are in.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Puts one in; whether it was out. What lies beyond the room given at first is made room for.
    pub(crate) fn insert(&mut self, at: u16) -> bool {
        let (word, mask) = (usize::from(at) / 64, 1 << (at % 64));
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let Some(word) = self.words.get_mut(word) else { return false };
        let fresh = *word & mask == 0;
        *word |= mask;
        self.count += usize::from(fresh);
        fresh
    }

    /// Puts one in, if there is one.
    pub(crate) fn extend(&mut self, at: Option<u16>) {
        if let Some(at) = at {
            self.insert(at);
        }
    }

    /// Whether one is in.
    pub(crate) fn has(&self, at: u16) -> bool {
        self.words.get(usize::from(at) / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    /// Those of `range`, whose bounds are multiples of 64, that are in. O(range / 64) and their number.
    pub(crate) fn within(&self, range: Range<usize>) -> impl Iterator<Item = u16> {
        (range.start / 64..self.words.len().min(range.end / 64)).flat_map(|at| {
            let mut word = self.words.get(at).copied().unwrap_or(0);
            core::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                // The lowest of those that are set; none of none.
                word &= word.wrapping_sub(1);
                (bit < u64::BITS).then_some((at * 64) as u16 + bit as u16)
            })
        })
    }

    /// How many of those before `end` are in. O(end / 64).
    pub(crate) fn before(&self, end: usize) -> usize {
        if self.count == 0 {
            return 0;
        }
        let whole = self.words.iter().take(end / 64).map(|word| word.count_ones() as usize).sum::<usize>();
        let part = self.words.get(end / 64).map_or(0, |word| (word & ((1 << (end % 64)) - 1)).count_ones());
        whole + part as usize
    }

    /// Octets held.
    pub(crate) fn memory(&self) -> usize {
        self.words.capacity() * 8
    }
}
