//! Sorting in slices: short runs are sorted one by one, then merged a few elements at a time.
//!
//! It never does more than one run, or one element, in one call.

use core::cmp::Ordering;

/// Elements of a run: sorting one takes some 0.05 ms.
const RUN: usize = 512;

/// What is sorted: a number that decides most comparisons, and which element it is.
pub(crate) type Key = (u64, u16);

/// The order of two elements whose numbers are equal. Every call is given the same one.
pub(crate) type Ties<'a> = &'a dyn Fn(u16, u16) -> Ordering;

/// The first eight octets of a text as a number in the order of the text.
pub(crate) fn beginning(text: &[u8]) -> u64 {
    let mut octets = [0; size_of::<u64>()];
    octets.iter_mut().zip(text).for_each(|(octet, of_text)| *octet = *of_text);
    u64::from_be_bytes(octets)
}

fn order(a: &Key, b: &Key, ties: Ties<'_>) -> Ordering {
    a.0.cmp(&b.0).then_with(|| ties(a.1, b.1))
}

/// Elements on their way into order.
#[derive(Debug)]
pub(crate) struct Runs {
    items: Vec<Key>,
    /// Items before this are in sorted runs.
    sorted: usize,
    /// Where the next element of each run stands.
    heads: Heads,
}

impl Runs {
    pub(crate) fn new(items: Vec<Key>) -> Runs {
        Runs { items, sorted: 0, heads: Heads::default() }
    }

    /// Sorts one more run; how many elements it had. 0: all are sorted, and [`Runs::pop`] may be asked.
    pub(crate) fn sort_run(&mut self, ties: Ties<'_>) -> usize {
        let start = self.sorted;
        let end = self.items.len().min(start + RUN);
        let Some(run) = self.items.get_mut(start..end) else { return 0 };
        sort(run, |a, b| order(a, b, ties));
        let Some(first) = run.first() else { return 0 };
        self.heads.push((*first, start), ties);
        self.sorted = end;
        end - start
    }

    /// The least element that was not given yet.
    pub(crate) fn pop(&mut self, ties: Ties<'_>) -> Option<u16> {
        let ((_, item), at) = self.heads.first()?;
        let next = at + 1;
        let follower = self.items.get(next).filter(|_| !next.is_multiple_of(RUN));
        self.heads.replace_first(follower.map(|key| (*key, next)), ties);
        Some(item)
    }
}

/// The next element of a sorted list, and what stands for the list.
pub(crate) type Head = (Key, usize);

/// Which of many sorted lists goes on: a binary heap of their heads, the least on top.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    heads: Vec<Head>,
}

impl Heads {
    /// The least of all.
    pub(crate) fn first(&self) -> Option<Head> {
        self.heads.first().copied()
    }

    /// One more list. O(log(lists)).
    pub(crate) fn push(&mut self, head: Head, ties: Ties<'_>) {
        let mut child = self.heads.len();
        self.heads.push(head);
        while child > 0 {
            let parent = (child - 1) / 2;
            let pair = (self.heads.get(parent), self.heads.get(child));
            let (Some((before, _)), Some((key, _))) = pair else { return };
            if order(key, before, ties).is_ge() {
                return;
            }
            self.heads.swap(child, parent);
            child = parent;
        }
    }

    /// The first list goes on, or is over. O(log(lists)).
    pub(crate) fn replace_first(&mut self, head: Option<Head>, ties: Ties<'_>) {
        let Some((key, list)) = head.or_else(|| self.heads.pop()) else { return };
        let mut parent = 0;
        // Who is less goes up, and the place that it leaves goes down.
        while let Some((child, least)) = self.least_child(parent, ties)
            && order(&least.0, &key, ties).is_lt()
            && let Some(place) = self.heads.get_mut(parent)
        {
            *place = least;
            parent = child;
        }
        if let Some(place) = self.heads.get_mut(parent) {
            *place = (key, list);
        }
    }

    fn least_child(&self, parent: usize, ties: Ties<'_>) -> Option<(usize, Head)> {
        let at = 2 * parent + 1;
        let left = self.heads.get(at)?;
        match self.heads.get(at + 1) {
            Some(right) if order(&right.0, &left.0, ties).is_lt() => Some((at + 1, *right)),
            Some(_) | None => Some((at, *left)),
        }
    }
}

/// Shell's sort, with Ciura's gaps. For the few hundred elements that are sorted here it is as quick as the standard
/// library's, which would add some 6 kB for each type of element.
pub(crate) fn sort<T: Copy>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    let larger = core::iter::successors(Some(1577_usize), |gap| Some(gap * 9 / 4))
        .take_while(|gap| *gap < items.len());
    let larger: Vec<usize> = larger.collect();
    for gap in larger.into_iter().rev().chain([701, 301, 132, 57, 23, 10, 4, 1]) {
        for next in gap..items.len() {
            let Some(item) = items.get(next).copied() else { break };
            let mut at = next;
            while at >= gap
                && let Some(before) =
                    items.get(at - gap).copied().filter(|before| order(before, &item).is_gt())
                && let Some(place) = items.get_mut(at)
            {
                *place = before;
                at -= gap;
            }
            if let Some(place) = items.get_mut(at) {
                *place = item;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_come_out_in_order_whatever_their_number() {
        for len in [0, 1, 2, RUN - 1, RUN, RUN + 1, 5 * RUN + 7] {
            let number = |at: u16| u64::from(at).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54;
            let items: Vec<Key> = (0..len as u16).map(|at| (number(at), at)).collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(number, at)| (*number, u16::MAX - at));
            let ties = |a: u16, b: u16| b.cmp(&a);
            let mut runs = Runs::new(items);
            while runs.sort_run(&ties) > 0 {}
            let sorted: Vec<u16> = std::iter::from_fn(|| runs.pop(&ties)).collect();
            assert_eq!(sorted, expected.iter().map(|(_, at)| *at).collect::<Vec<_>>(), "{len}");
        }
    }

    proptest::proptest! {
        #[test]
        fn sort_sorts(items in proptest::collection::vec(0_u16..500, 0..4000)) {
            let mut sorted = items.clone();
            sort(&mut sorted, u16::cmp);
            let mut expected = items;
            expected.sort();
            proptest::prop_assert_eq!(sorted, expected);
        }
    }
}
