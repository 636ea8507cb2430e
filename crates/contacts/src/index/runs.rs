//! Sorting in slices: short runs are sorted one by one, then merged a few elements at a time.
//!
//! It never does more than one run, or one element, in one call.

use core::cmp::Ordering;

/// Elements of a run: sorting one takes some 0.05 ms.
const RUN: usize = 512;

/// Elements on their way into order. Every call is given the same order.
#[derive(Debug)]
pub(crate) struct Runs<T> {
    items: Vec<T>,
    /// Items before this are in sorted runs.
    sorted: usize,
    /// Where the next element of each run stands; a binary heap, the least on top.
    heads: Vec<usize>,
}

impl<T: Copy> Runs<T> {
    pub(crate) fn new(items: Vec<T>) -> Runs<T> {
        Runs { items, sorted: 0, heads: Vec::new() }
    }

    /// Sorts one more run; how many elements it had. 0: all are sorted, and [`Runs::pop`] may be asked.
    pub(crate) fn sort_run(&mut self, order: impl Fn(&T, &T) -> Ordering) -> usize {
        let start = self.sorted;
        let end = self.items.len().min(start + RUN);
        let Some(run) = self.items.get_mut(start..end).filter(|run| !run.is_empty()) else { return 0 };
        run.sort_unstable_by(&order);
        self.sorted = end;
        self.heads.push(start);
        self.sift_up(order);
        end - start
    }

    /// The least element that was not given yet.
    pub(crate) fn pop(&mut self, order: impl Fn(&T, &T) -> Ordering) -> Option<T> {
        let at = *self.heads.first()?;
        let item = *self.items.get(at)?;
        let next = at + 1;
        if next.is_multiple_of(RUN) || next >= self.items.len() {
            self.heads.swap_remove(0);
        } else if let Some(head) = self.heads.first_mut() {
            *head = next;
        }
        self.sift_down(order);
        Some(item)
    }

    fn is_less(&self, a: usize, b: usize, order: &impl Fn(&T, &T) -> Ordering) -> bool {
        let item = |head: usize| self.heads.get(head).and_then(|at| self.items.get(*at));
        matches!((item(a), item(b)), (Some(a), Some(b)) if order(a, b) == Ordering::Less)
    }

    fn sift_up(&mut self, order: impl Fn(&T, &T) -> Ordering) {
        let mut child = self.heads.len() - 1;
        while child > 0 {
            let parent = (child - 1) / 2;
            if !self.is_less(child, parent, &order) {
                return;
            }
            self.heads.swap(child, parent);
            child = parent;
        }
    }

    fn sift_down(&mut self, order: impl Fn(&T, &T) -> Ordering) {
        let mut parent = 0;
        loop {
            let (left, right) = (2 * parent + 1, 2 * parent + 2);
            let least = if self.is_less(right, left, &order) { right } else { left };
            if !self.is_less(least, parent, &order) {
                return;
            }
            self.heads.swap(least, parent);
            parent = least;
        }
    }
}
