//! What the person changed of dropped contacts, and what that means when a file with them is dropped again.
//!
//! The rule: the change stands against the very card that it was made on, so that the same file again undoes no work.
//! A card that has changed since has news, and takes its place; the person reads that it was updated. It never keeps a
//! text of the card: a number made of it is enough to know it again.

use crate::{Phone, StoreRequest};
use litemap::LiteMap;
use softframe_contacts::Contact;

/// Where they are in the store, as `edits/ID`.
pub(super) const PREFIX: &str = "edits/";
/// Changes that are known again: of more, the file that is dropped again wins. Nobody types so many.
const MAX_EDITS: usize = 10_000;

/// By contact, the card that was changed; both as numbers made of them.
pub(super) type Edits = LiteMap<u64, u64>;

/// The number of an id.
pub(super) fn number_of(id: &str) -> u64 {
    Contact { id: id.to_owned(), ..Contact::default() }.fingerprint()
}

fn key_of(id: u64) -> String {
    format!("{PREFIX}{id:016x}")
}

impl super::Kept {
    /// One that the store had; `id` as its key says it.
    pub(super) fn loaded_edit(&mut self, id: &str, value: &[u8]) {
        let card = value.first_chunk().map(|octets| u64::from_le_bytes(*octets));
        if let (Ok(id), Some(card)) = (u64::from_str_radix(id, 16), card)
            && self.edits.len() < MAX_EDITS
        {
            self.edits.insert(id, card);
        }
    }

    /// Whether the person has changed what this card says.
    pub(in crate::push) fn is_edit_of(&self, card: &Contact) -> bool {
        !self.edits.is_empty() && self.edits.get(&number_of(&card.id)) == Some(&card.fingerprint())
    }
}

impl Phone {
    /// The person changes a contact that was so before. Of several changes the first began with the card.
    pub(super) fn keep_edit(&mut self, before: &Contact) {
        let (id, card) = (number_of(&before.id), before.fingerprint());
        let edits = &mut self.push.kept.edits;
        if edits.contains_key(&id) || edits.len() >= MAX_EDITS {
            return;
        }
        edits.insert(id, card);
        if let Some(space) = self.space() {
            let value = card.to_le_bytes().to_vec();
            self.store(StoreRequest::Put { space, key: key_of(id), value });
        }
    }

    /// Another card took the place of what the person had typed.
    pub(in crate::push) fn forget_edit(&mut self, id: &str) {
        let id = number_of(id);
        if self.push.kept.edits.remove(&id).is_some()
            && let Some(space) = self.space()
        {
            self.store(StoreRequest::Delete { space, prefix: key_of(id) });
        }
    }
}
