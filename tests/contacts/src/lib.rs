//! What `cargo xtask bench contacts` measures in a browser: a book that is indexed and asked, and a reader of cards; and,
//! weighed as a module of its own, all of softframe-contacts.
//!
//! It does no more to a row than the phone does after it has read it.

use softframe_contacts::{Contact, Contacts, Mode, PhoneNumber, Source, chunk, vcard::Reader};
use wasm_bindgen::prelude::wasm_bindgen;

/// Parts rows, and the fields of a row: id, name, company, then the numbers.
const ROW: u8 = 0x1E;
const FIELD: u8 = 0x1F;

/// A book of the host's contacts. Ids are decimal numbers.
#[wasm_bindgen]
pub struct Book {
    contacts: Contacts,
    source: Source,
}

#[wasm_bindgen]
impl Book {
    /// Empty, at home in `country`, or nowhere if that is empty.
    #[wasm_bindgen(constructor)]
    pub fn new(country: &str) -> Book {
        let mut contacts = Contacts::new();
        contacts.set_country(country);
        let source = Source::Host(String::new());
        contacts.begin(source.clone(), Mode::Upsert);
        Book { contacts, source }
    }

    /// Takes in rows of one text.
    pub fn push(&mut self, rows: &str) {
        let mut rest = rows;
        while !rest.is_empty() {
            let mut contact = Contact::default();
            let mut place = 0;
            loop {
                // Both parting octets are no part of a character.
                let end = rest.bytes().position(|octet| octet == ROW || octet == FIELD).unwrap_or(rest.len());
                let field = rest[..end].to_owned();
                match place {
                    0 => contact.id = field,
                    1 => contact.name = field,
                    2 => contact.company = Some(field).filter(|field| !field.is_empty()),
                    _ => contact.phones.push(PhoneNumber { number: field, kind: None }),
                }
                place += 1;
                let last = rest.as_bytes().get(end).is_none_or(|octet| *octet == ROW);
                rest = rest.get(end + 1..).unwrap_or_default();
                if last {
                    break;
                }
            }
            self.contacts.push(&self.source, contact);
        }
    }

    /// No more rows.
    pub fn end(&mut self) {
        self.contacts.end(&self.source);
    }

    /// Works for so many units; whether more remains.
    pub fn step(&mut self, units: u32) -> bool {
        self.contacts.step(units)
    }

    /// How many can be found.
    pub fn count(&self) -> usize {
        self.contacts.len()
    }

    /// What it holds by its own account, in octets.
    pub fn memory(&self) -> usize {
        self.contacts.memory()
    }

    /// The ids of the best for what was typed.
    pub fn search(&self, query: &str, max: usize) -> Vec<u32> {
        ids(self.contacts.search(query, max))
    }

    /// The ids of those whose number this is.
    pub fn callers(&self, number: &str) -> Vec<u32> {
        ids(self.contacts.by_number(number))
    }

    /// Everything else the crate can do, so that nothing of it is left out of the module.
    pub fn rest(&mut self, id: &str) -> usize {
        let found = self.contacts.get(&self.source, id).is_some();
        let mut octets = Vec::new();
        if let Some((contacts, _)) = self.contacts.export(&self.source, 0) {
            octets = chunk::encode(&contacts);
        }
        let read = chunk::decode(&octets).map_or(0, |contacts| contacts.len());
        let pushed = self.contacts.push_chunk(&self.source, &octets, |gone| gone == id).unwrap_or_default();
        let page = self.contacts.page(read, pushed).len();
        self.contacts.remove(&self.source, &[id.to_owned()]);
        self.contacts.clear(&Source::Vcard);
        self.contacts.prefer(vec![(self.source.clone(), id.to_owned())]);
        let known = self.contacts.progress().map_or(0, |(_, known)| known);
        let indexed = self.contacts.poll_indexed().map_or(0, |indexed| indexed.count);
        usize::from(found) + page + known + indexed + self.contacts.sources().len()
    }
}

fn ids(hits: Vec<softframe_contacts::Hit>) -> Vec<u32> {
    hits.iter().filter_map(|hit| hit.contact.id.parse().ok()).collect()
}

/// Reads a file of cards as it comes.
#[wasm_bindgen]
#[derive(Default)]
pub struct Cards {
    reader: Reader,
}

#[wasm_bindgen]
impl Cards {
    /// At the beginning of a file.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Cards {
        Cards::default()
    }

    /// Some more of the file; how many good cards that gave. None: the end.
    pub fn feed(&mut self, octets: Option<Vec<u8>>) -> usize {
        match octets {
            Some(octets) => self.reader.feed(&octets),
            None => self.reader.finish(),
        }
        std::iter::from_fn(|| self.reader.next_card()).filter(Result::is_ok).count()
    }
}
