//! One phone in several tabs (51): where the configuration wants it, one tab has the phone, and the others say so.
//!
//! It never takes the phone out of a call, and no tab goes without one: when the tab that has it closes, another has it.

use crate::{Output, Phone, TabEvent, TabRequest, account::Account};
use softframe_sip::{Command, Instant};

/// Where the phone is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// Here: each tab has a phone of its own, or this one has the only one.
    #[default]
    Here,
    /// The browser is asked.
    Unknown,
    /// In another tab; whether a call runs there.
    Elsewhere { in_call: bool },
}

/// This tab among those that share a phone.
#[derive(Debug, Default)]
pub(crate) struct Tabs {
    pub(crate) place: Place,
    /// What the others were told last.
    told_in_call: bool,
}

impl Phone {
    /// The account is known. Whoever has just signed in by hand has the phone until the browser says otherwise.
    pub(crate) fn claim(&mut self, now: Instant) {
        let by_hand = matches!(self.account, Account::SigningIn { .. });
        if !self.config.one_tab || by_hand {
            return self.command(now, Command::Register);
        }
        self.tabs.place = Place::Unknown;
        self.claim_place();
    }

    /// Asks for the one place that there is for this account.
    pub(crate) fn claim_place(&mut self) {
        if let Some(name) = self.account().filter(|_| self.config.one_tab) {
            self.out.push_back(Output::Tab(TabRequest::Claim(name)));
        }
    }

    pub(crate) fn tab_event(&mut self, now: Instant, event: TabEvent) {
        // Late answers of an account that was left.
        if !matches!(self.account, Account::SignedIn { .. }) || !self.config.one_tab {
            return;
        }
        match (event, self.tabs.place) {
            (TabEvent::Here, Place::Here) => {}
            (TabEvent::Here, Place::Unknown | Place::Elsewhere { .. }) => {
                self.tabs.place = Place::Here;
                self.command(now, Command::Register);
            }
            // The other tab goes on: it was there first, or was asked for by the person there.
            (TabEvent::Elsewhere { in_call }, Place::Here) if self.calls.is_empty() => {
                self.tabs.place = Place::Elsewhere { in_call };
                self.command(now, Command::Unregister);
            }
            (TabEvent::Elsewhere { .. }, Place::Here) => {}
            (TabEvent::Elsewhere { in_call }, Place::Unknown | Place::Elsewhere { .. }) => {
                self.tabs.place = Place::Elsewhere { in_call };
            }
            (TabEvent::Wanted, Place::Here) if self.calls.is_empty() => {
                self.tabs.place = Place::Elsewhere { in_call: false };
                self.command(now, Command::Unregister);
                self.out.push_back(Output::Tab(TabRequest::Give));
            }
            (TabEvent::Wanted, _) => {}
        }
    }

    /// "Use it here": not while somebody talks there.
    pub(crate) fn use_here(&mut self) {
        if self.tabs.place == (Place::Elsewhere { in_call: false }) {
            self.out.push_back(Output::Tab(TabRequest::Take));
        }
    }

    /// The others show whether a call runs here.
    pub(crate) fn tell_tabs(&mut self) {
        let in_call = !self.calls.is_empty();
        if self.config.one_tab && self.tabs.place == Place::Here && self.tabs.told_in_call != in_call {
            self.tabs.told_in_call = in_call;
            self.out.push_back(Output::Tab(TabRequest::InCall(in_call)));
        }
    }
}
