//! What became of a source, counted until it is reported.
//!
//! It never looks at a contact.

use crate::{Indexed, Rejection, Source};

/// What happened since the last report.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) changed: bool,
    pub(crate) added: usize,
    pub(crate) updated: usize,
    pub(crate) removed: usize,
    reasons: Vec<(Rejection, usize)>,
}

impl Tally {
    /// A row is dropped.
    pub(crate) fn reject(&mut self, why: Rejection) {
        self.changed = true;
        match self.reasons.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, count)) => *count += 1,
            None => self.reasons.push((why, 1)),
        }
    }

    /// The report, after which it begins anew. `count`: contacts that the source has now.
    pub(crate) fn take(&mut self, source: Source, count: usize) -> Indexed {
        let Tally { added, updated, removed, reasons, .. } = core::mem::take(self);
        let rejected = reasons.iter().map(|(_, count)| count).sum();
        Indexed { source, count, added, updated, removed, rejected, reasons }
    }
}
