//! The product without a browser: calls, policy, the host protocol and its dialects, and the view.
//!
//! It reads no clock, draws no randomness, does no I/O and knows no origin. Three doors: [`Phone::handle_input`],
//! [`Phone::poll_output`], [`Phone::poll_timeout`]; all work is done in the first.

#![forbid(unsafe_code)]

mod action;
mod port;
pub mod view;

pub use action::{Action, Answer, Consent, Theme};
pub use port::{
    Audience, CallId, Dtmf, FileEvent, HostInput, Input, JournalEntry, MediaError, MediaEvent, MediaRequest,
    Output, PeerId, PeerState, RequestId, SocketEvent, Sound, StorageError, StoreRequest,
};
pub use softframe_contacts::{Contact, Contacts, Hit, Source};
pub use softframe_sip::{FlowId, Instant};

/// One phone: an account, its calls, its contacts, and what the screen and the host page are told of them.
pub struct Phone {
    contacts: Contacts,
}

impl Phone {
    /// A phone that knows nothing yet. `seed` must be fresh randomness: every id is drawn from it.
    pub fn new(_seed: [u8; 32]) -> Phone {
        Phone { contacts: Contacts::new() }
    }

    /// Everything that happens comes in here, and all work is done here. Cannot fail.
    pub fn handle_input(&mut self, _now: Instant, _input: Input) {}

    /// Pops the queue of outputs.
    pub fn poll_output(&mut self) -> Option<Output> {
        None
    }

    /// The earliest deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// What the screen shows at `now`.
    pub fn view(&self, _now: Instant) -> view::View {
        view::View::default()
    }

    /// The contacts, to read.
    pub fn contacts(&self) -> &Contacts {
        &self.contacts
    }

    /// Rows `start..start + count` of the whole contact list, for the virtual list.
    pub fn contact_rows(&self, _start: usize, _count: usize) -> Vec<view::Row> {
        Vec::new()
    }

    /// Indexes for `units` (about 1 kB of text each) and says if more remains.
    pub fn contacts_step(&mut self, _now: Instant, units: u32) -> bool {
        self.contacts.step(units)
    }
}
