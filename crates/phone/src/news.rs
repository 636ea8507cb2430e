//! Small news above the tabs: one at a time, for the eye and for the ear.
//!
//! It never asks anything; what needs an answer is a sheet.

use crate::{
    Action, Output, Phone,
    history::Entry,
    ui::{Menu, Ui},
    view::Text,
};
use softframe_contacts::Contact;
use softframe_sip::Instant;

/// A toast without and with an action (ui.md 4.11).
const TOAST_MILLIS: u64 = 4_000;
const TOAST_ACTION_MILLIS: u64 = 8_000;

/// The news that is shown.
pub(crate) struct ToastState {
    pub(crate) text: Text,
    pub(crate) error: bool,
    pub(crate) action: Option<(Text, Action)>,
    /// Screen readers have it.
    told: bool,
    until: Option<Instant>,
    /// A message of the page, by the id that the page takes it back with.
    of_page: Option<String>,
}

/// What the toast can bring back.
pub(crate) enum Removed {
    /// Of the recents.
    Recent(Entry),
    /// Of a file.
    Contact(Contact),
}

impl ToastState {
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// It stays while the person is at it; an error stays anyhow.
    pub(crate) fn linger(&mut self, now: Instant, linger: bool) {
        if !self.error {
            let wait = if self.action.is_some() { TOAST_ACTION_MILLIS } else { TOAST_MILLIS };
            self.until = (!linger).then(|| now.after(wait));
        }
    }
}

impl Ui {
    pub(crate) fn toast(&mut self, now: Instant, text: Text, error: bool) {
        let until = (!error).then(|| now.after(TOAST_MILLIS));
        self.toast = Some(ToastState { text, error, action: None, told: false, until, of_page: None });
    }

    /// What shows is the page's message `id`. It goes after so many milliseconds, at 0 when it is closed, and without them
    /// as other news does.
    pub(crate) fn toast_is_of_page(&mut self, now: Instant, id: &str, millis: Option<u64>) {
        if let Some(toast) = self.toast.as_mut() {
            toast.of_page = Some(id.to_owned());
            if let Some(millis) = millis {
                toast.until = (millis > 0).then(|| now.after(millis));
            }
        }
    }

    /// The page takes its message `id` back, or whichever it has there; news of ours is not the page's.
    pub(crate) fn take_back_of_page(&mut self, id: Option<&str>) {
        self.toast
            .take_if(|toast| toast.of_page.as_deref().is_some_and(|shown| id.is_none_or(|id| id == shown)));
    }

    /// News with something to do about it.
    pub(crate) fn offer(&mut self, now: Instant, text: Text, label: Text, action: Action) {
        let until = Some(now.after(TOAST_ACTION_MILLIS));
        let action = Some((label, action));
        self.toast = Some(ToastState { text, error: false, action, told: false, until, of_page: None });
    }
}

impl Phone {
    /// Said to screen readers, `assertive`: at once.
    pub(crate) fn say(&mut self, text: Text, assertive: bool) {
        self.out.push_back(Output::Announce { text, assertive });
    }

    /// A toast is news for the ear, too; what stays until it is closed interrupts.
    pub(crate) fn say_toast(&mut self) {
        let Some(toast) = self.ui.toast.as_mut().filter(|toast| !toast.told) else { return };
        toast.told = true;
        let (text, error) = (toast.text.clone(), toast.error);
        self.say(text, error);
    }

    pub(crate) fn remove_recent(&mut self, now: Instant, key: &str) {
        let Some(entry) = self.remove_entry(key) else { return };
        self.ui.menu = Menu::None;
        let row = self.recent_row(&entry);
        let args = vec![("name", row.name), ("says", row.says)];
        let text = Text { id: "recents.removed", args };
        self.offer_undo(now, text, Removed::Recent(entry));
    }

    pub(crate) fn offer_undo(&mut self, now: Instant, text: Text, removed: Removed) {
        self.ui.offer(now, text, Text::of("recents.undo"), Action::Undo);
        self.ui.undo = Some(removed);
    }

    pub(crate) fn undo(&mut self) {
        match self.ui.undo.take() {
            Some(Removed::Recent(entry)) => self.keep_entry(entry),
            Some(Removed::Contact(contact)) => self.restore_dropped_contact(contact),
            None => {}
        }
        self.ui.toast = None;
    }
}
