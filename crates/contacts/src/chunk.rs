//! Contacts as octets for a store: up to 4,096 of them with a version and a checksum.
//!
//! It never gives back part of a damaged chunk.

use crate::ids::hash;
use crate::{Contact, record};

/// Most contacts of one chunk: some 250 kB, which a browser's store takes in a few milliseconds.
pub const MAX_CONTACTS: usize = 4096;

/// "SFC" and the version of the form.
const MAGIC: &[u8] = b"SFC1";

/// Octets before the records: magic and checksum.
const HEAD_OCTETS: usize = 12;

/// A chunk that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damaged {
    /// Of another version, or no chunk at all.
    Version,
    /// The checksum does not fit: some octets were changed or lost.
    Checksum,
    /// The checksum fits, and yet a record cannot be read: it was not written by this version.
    Record,
}

impl core::fmt::Display for Damaged {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Damaged::Version => "stored contacts are of another version; import the file again",
            Damaged::Checksum => "stored contacts are damaged; import the file again",
            Damaged::Record => "stored contacts cannot be read; import the file again",
        })
    }
}

impl core::error::Error for Damaged {}

/// Packs the first [`MAX_CONTACTS`] of `contacts`.
pub fn encode(contacts: &[Contact]) -> Vec<u8> {
    let mut records = Vec::new();
    for contact in contacts.iter().take(MAX_CONTACTS) {
        record::write(contact, &mut records);
    }
    let checksum = hash(&records).to_le_bytes();
    [MAGIC, &checksum, &records].concat()
}

/// Unpacks a chunk.
///
/// # Errors
/// If it was not written by [`encode`] octet for octet.
pub fn decode(octets: &[u8]) -> Result<Vec<Contact>, Damaged> {
    let body = octets.strip_prefix(MAGIC).ok_or(Damaged::Version)?;
    let (checksum, mut rest) = body.split_at_checked(HEAD_OCTETS - MAGIC.len()).ok_or(Damaged::Checksum)?;
    if hash(rest).to_le_bytes() != checksum {
        return Err(Damaged::Checksum);
    }
    let mut contacts = Vec::new();
    while !rest.is_empty() {
        let (record, after) =
            record::read(rest).filter(|(record, _)| record.is_whole()).ok_or(Damaged::Record)?;
        if contacts.len() == MAX_CONTACTS {
            return Err(Damaged::Record);
        }
        contacts.push(record.to_contact());
        rest = after;
    }
    Ok(contacts)
}
