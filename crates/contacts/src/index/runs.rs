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
        let Some(run) = self.items.get_mut(start..end).filter(|run| !run.is_empty()) else { return 0 };
        sort(run, |a, b| order(a, b, ties));
        self.sorted = end;
        self.heads.push(start, is_less(&self.items, ties));
        end - start
    }

    /// The least element that was not given yet.
    pub(crate) fn pop(&mut self, ties: Ties<'_>) -> Option<u16> {
        let at = self.heads.first()?;
        let (_, item) = *self.items.get(at)?;
        let next = at + 1;
        let is_over = next.is_multiple_of(RUN) || next >= self.items.len();
        self.heads.replace_first(Some(next).filter(|_| !is_over), is_less(&self.items, ties));
        Some(item)
    }
}

/// Whether the element at one place comes before that at another.
fn is_less<'a>(items: &'a [Key], ties: Ties<'a>) -> impl Fn(usize, usize) -> bool + 'a {
    move |a, b| matches!((items.get(a), items.get(b)), (Some(a), Some(b)) if order(a, b, ties) == Ordering::Less)
}

/// Which of many sorted lists goes on: a binary heap of what stands for each, the least on top.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    heads: Vec<usize>,
}

impl Heads {
    /// What stands for the list that has the least element.
    pub(crate) fn first(&self) -> Option<usize> {
        self.heads.first().copied()
    }

    /// One more list. O(log(lists)).
    pub(crate) fn push(&mut self, head: usize, is_less: impl Fn(usize, usize) -> bool) {
        let mut child = self.heads.len();
        self.heads.push(head);
        while child > 0 {
            let parent = (child - 1) / 2;
            if !self.is_less(child, parent, &is_less) {
                return;
            }
            self.heads.swap(child, parent);
            child = parent;
        }
    }

    /// The first list goes on, or is over. O(log(lists)).
    pub(crate) fn replace_first(&mut self, head: Option<usize>, is_less: impl Fn(usize, usize) -> bool) {
        match (head, self.heads.first_mut()) {
            (Some(head), Some(first)) => *first = head,
            (None, Some(_)) => drop(self.heads.swap_remove(0)),
            (_, None) => return,
        }
        let mut parent = 0;
        loop {
            let (left, right) = (2 * parent + 1, 2 * parent + 2);
            let least = if self.is_less(right, left, &is_less) { right } else { left };
            if !self.is_less(least, parent, &is_less) {
                return;
            }
            self.heads.swap(least, parent);
            parent = least;
        }
    }

    fn is_less(&self, a: usize, b: usize, is_less: impl Fn(usize, usize) -> bool) -> bool {
        matches!((self.heads.get(a), self.heads.get(b)), (Some(a), Some(b)) if is_less(*a, *b))
    }
}

/// Shell's sort, with Ciura's gaps. For the few hundred elements that are sorted here it is as quick as the standard
/// library's, which would add some 6 kB for each type of element.
pub(crate) fn sort<T>(items: &mut [T], order: impl Fn(&T, &T) -> Ordering) {
    let larger = core::iter::successors(Some(1577_usize), |gap| Some(gap * 9 / 4))
        .take_while(|gap| *gap < items.len());
    let larger: Vec<usize> = larger.collect();
    for gap in larger.into_iter().rev().chain([701, 301, 132, 57, 23, 10, 4, 1]) {
        for next in gap..items.len() {
            let mut at = next;
            while at >= gap
                && let (Some(before), Some(item)) = (items.get(at - gap), items.get(at))
                && order(before, item) == Ordering::Greater
            {
                items.swap(at - gap, at);
                at -= gap;
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
