//! What a person does with one contact: looks at it, changes it, removes it; and with those of a file.
//!
//! It never changes a contact of the page that embeds us: that one is the page's own.

use crate::{
    Phone, bridge,
    bridge::ContactClick,
    headers::undisturbing,
    news::Removed,
    ui::{Menu, Page},
    view::{Draft, Fault, Sheet, Text},
};
use softframe_contacts::{Contact, MAX_NAME_CHARS, MAX_NUMBER_CHARS, MAX_PHONES, PhoneNumber, Source};
use softframe_sip::Instant;

/// The form of a contact that came from a file. It outlives a call that covers it.
pub(crate) struct Editing {
    /// As it is kept.
    contact: Contact,
    draft: Draft,
    fault: Option<Fault>,
}

impl Editing {
    fn new(contact: Contact) -> Editing {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let draft = Draft {
            name: contact.name.clone(),
            company: text(&contact.company),
            email: text(&contact.email),
            numbers: contact.phones.iter().map(|phone| phone.number.clone()).collect(),
        };
        let mut editing = Editing { contact, draft: Draft::default(), fault: None };
        editing.take(draft);
        editing
    }

    /// What the person has typed so far, cut to what a contact may have; below it there is room for one more number.
    fn take(&mut self, draft: Draft) {
        let cut = |text: String, chars| text.chars().filter(|c| !c.is_control()).take(chars).collect();
        let Draft { name, company, email, mut numbers } = draft;
        while numbers.last().is_some_and(|last| last.trim().is_empty()) {
            numbers.pop();
        }
        numbers.push(String::new());
        numbers.truncate(MAX_PHONES);
        self.draft = Draft {
            name: cut(name, MAX_NAME_CHARS),
            company: cut(company, MAX_NAME_CHARS),
            email: cut(email, MAX_NAME_CHARS),
            numbers: numbers.into_iter().map(|number| cut(number, MAX_NUMBER_CHARS)).collect(),
        };
        self.fault = None;
    }

    /// The contact that it makes.
    fn finish(&self) -> Result<Contact, Fault> {
        let draft = &self.draft;
        let text = |text: &str| undisturbing(text).trim().to_owned();
        let some = |typed: &str| Some(text(typed)).filter(|text| !text.is_empty());
        let name = some(&draft.name).ok_or(Fault::Name)?;
        let mut phones = Vec::new();
        for (at, number) in draft.numbers.iter().enumerate() {
            let Some(number) = some(number) else { continue };
            if !number.chars().any(|c| c.is_numeric() || matches!(c, '*' | '#')) {
                return Err(Fault::Number(at));
            }
            // A number that was there keeps its kind.
            let kind = self.contact.phones.get(at).and_then(|phone| phone.kind.clone());
            phones.push(PhoneNumber { number, kind });
        }
        if phones.is_empty() {
            return Err(Fault::NoNumber);
        }
        let (company, email) = (some(&draft.company), some(&draft.email));
        Ok(Contact { name, phones, company, email, ..self.contact.clone() })
    }
}

impl Phone {
    /// A row of the contacts, or of the recents by the only contact with its number; else its number comes into
    /// the dial field.
    pub(crate) fn open_contact(&mut self, key: &str) {
        let number = self.history.get(key).map(|entry| entry.number().to_owned());
        let contact = match &number {
            Some(number) => match self.who_has(number).as_slice() {
                [only] => Some((only.source.clone(), only.contact.id.clone())),
                _ => None,
            },
            None => crate::view::contact_key(key),
        };
        match (contact, number) {
            (Some((source, id)), _) => (self.ui.page, self.ui.menu) = (Page::Contact(source, id), Menu::None),
            (None, Some(_)) => self.open_numbers(key),
            (None, None) => {}
        }
    }

    /// Of a contact, or of a past call, which can be removed there.
    pub(crate) fn open_numbers(&mut self, key: &str) {
        if self.history.get(key).is_some() {
            self.ui.menu = Menu::Recent(key.to_owned());
        } else if let Some((source, id)) = crate::view::contact_key(key) {
            self.ui.menu = Menu::Numbers(source, id);
        }
    }

    pub(crate) fn contact_click(&mut self, now: Instant, key: &str) {
        let Some((source, id)) = crate::view::contact_key(key) else { return };
        let Some(hit) = self.contact_of(&source, &id) else { return };
        let row = self.contact_row(&hit, "");
        self.tell("contact:click", &bridge::json(&ContactClick { contact: row }));
        self.view_provided(now, &hit);
    }

    /// The first time asks, the sheet's button does it.
    pub(crate) fn remove_contacts(&mut self) {
        match std::mem::take(&mut self.ui.menu) {
            Menu::RemoveContacts(None) => self.remove_dropped(),
            Menu::RemoveContacts(Some(number)) => self.remove_file(number),
            _ => self.ui.menu = Menu::RemoveContacts(None),
        }
    }

    /// The contact whose page is shown, if it came from a file.
    pub(crate) fn remove_contact(&mut self, now: Instant) {
        let Page::Contact(Source::Vcard, id) = &self.ui.page else { return };
        let id = id.clone();
        let Some(contact) = self.remove_dropped_contact(&id) else { return };
        self.ui.page = Page::Tabs;
        let text = Text::with("contact.removed", "name", &contact.name);
        self.offer_undo(now, text, Removed::Contact(contact));
    }

    /// Opens the form for the contact whose page is shown, if it came from a file.
    pub(crate) fn edit_contact(&mut self) {
        let Page::Contact(Source::Vcard, id) = &self.ui.page else { return };
        let hit = self.contacts.get(&Source::Vcard, id);
        self.ui.editing = hit.map(|hit| Editing::new(hit.contact));
    }

    pub(crate) fn contact_draft(&mut self, draft: Draft) {
        if let Some(editing) = &mut self.ui.editing {
            editing.take(draft);
        }
    }

    pub(crate) fn save_contact(&mut self, now: Instant) {
        let Some(editing) = &mut self.ui.editing else { return };
        match editing.finish() {
            Ok(contact) => {
                let is_same = contact == editing.contact;
                self.ui.editing = None;
                if !is_same {
                    self.ui.toast(now, Text::with("contact.saved", "name", &contact.name), false);
                    self.change_dropped_contact(contact);
                }
            }
            Err(fault) => editing.fault = Some(fault),
        }
    }

    /// The form, where no call is in front of it.
    pub(crate) fn edit_sheet(&self) -> Option<Sheet> {
        let covered = self.ui.front.is_some() && !self.ui.browsing;
        let Editing { contact, draft, fault } = self.ui.editing.as_ref().filter(|_| !covered)?;
        let kinds = contact.phones.iter().map(|phone| crate::view::kind_id(phone.kind.as_deref())).collect();
        Some(Sheet::Edit { draft: draft.clone(), kinds, fault: *fault })
    }
}
