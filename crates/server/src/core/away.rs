//! Phones that are away for a moment: their flow has closed under a binding, and they may come back until that would have
//! ended. Who sends them something within a dialog is told to wait so long, and no longer.

use super::{
    MAX_FLOWS,
    registrar::{Binding, MAX_EXPIRES},
};
use softframe_sip::{FlowId, Instant};

/// Bindings remembered at a time: of all flows, should they all close at once. The oldest gives way.
const MAX_AWAY: usize = 2 * MAX_FLOWS;

#[derive(Default)]
pub(super) struct Away {
    bindings: Vec<Gone>,
    /// Since when bindings are known at all: of those before it nothing is.
    since: Option<Instant>,
}

struct Gone {
    user: String,
    binding: Binding,
}

impl Away {
    /// Something happens; the first time is the beginning.
    pub(super) fn begin(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// Everything is forgotten, as by a restart.
    pub(super) fn restart(&mut self, now: Instant) {
        *self = Away { bindings: Vec::new(), since: Some(now) };
    }

    /// A flow has closed under this binding.
    pub(super) fn leave(&mut self, now: Instant, user: &str, binding: Binding) {
        self.bindings.retain(|gone| gone.binding.expires > now);
        if self.bindings.len() >= MAX_AWAY {
            self.bindings.remove(0);
        }
        self.bindings.push(Gone { user: user.to_owned(), binding });
    }

    /// Whether a phone that was reached by this flow may come back.
    pub(super) fn is_flow(&self, now: Instant, flow: FlowId) -> bool {
        self.bindings.iter().any(|gone| gone.binding.flow == flow && gone.binding.expires > now)
    }

    /// Whether the phone with this instance may come back, as far as is known.
    pub(super) fn is_instance(&self, now: Instant, user: &str, instance: &str) -> bool {
        let is_it = |gone: &Gone| gone.user == user && gone.binding.is_instance(instance);
        let is_young = self.since.is_none_or(|since| now < since.after(u64::from(MAX_EXPIRES) * 1_000));
        is_young || self.bindings.iter().any(|gone| is_it(gone) && gone.binding.expires > now)
    }
}
