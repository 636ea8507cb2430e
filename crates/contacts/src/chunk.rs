//! Contacts as octets for a store: up to 4,096 of them with a version and a checksum.
//!
//! It never gives back part of a damaged chunk.

use crate::ids::hash;
use crate::{Contact, record};

/// Most contacts of one chunk: some 250 kB, which a browser's store takes in a few milliseconds.
pub const MAX_CONTACTS: usize = 4096;

/// "SFC" and the version of the form.
const MAGIC: &[u8] = b"SFC2";

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
    let (mut rest, count) = records(octets)?;
    let mut contacts = Vec::with_capacity(count);
    while let Some((record, after)) = record::read(rest) {
        contacts.push(record.to_contact());
        rest = after;
    }
    Ok(contacts)
}

/// The packed records of a chunk and how many they are, after a look at each.
pub(crate) fn records(octets: &[u8]) -> Result<(&[u8], usize), Damaged> {
    let body = octets.strip_prefix(MAGIC).ok_or(Damaged::Version)?;
    let (checksum, records) = body.split_at_checked(HEAD_OCTETS - MAGIC.len()).ok_or(Damaged::Checksum)?;
    if hash(records).to_le_bytes() != checksum {
        return Err(Damaged::Checksum);
    }
    let mut rest = records;
    let mut count = 0;
    while !rest.is_empty() {
        let (_, after) = record::read(rest).filter(|(record, _)| record.is_whole()).ok_or(Damaged::Record)?;
        count += 1;
        if count > MAX_CONTACTS {
            return Err(Damaged::Record);
        }
        rest = after;
    }
    Ok((records, count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PhoneNumber;

    fn contacts(count: usize) -> Vec<Contact> {
        let contact = |at: usize| Contact {
            id: at.to_string(),
            name: "Ána ".repeat(1 + at % 90),
            phones: vec![
                PhoneNumber { number: format!("+34 600 {at}"), kind: Some("mobile".into()) },
                PhoneNumber { number: at.to_string(), kind: Some("boat".into()) },
                PhoneNumber { number: "1".into(), kind: None },
            ],
            company: at.is_multiple_of(2).then(|| "Ácme".into()),
            title: at.is_multiple_of(3).then(|| "Chief".into()),
            email: at.is_multiple_of(5).then(|| "chief@acme.example".into()),
            username: at.is_multiple_of(7).then(|| format!("user{at}")),
        };
        (0..count).map(contact).collect()
    }

    #[test]
    fn chunk_gives_back_what_was_put_in() {
        for count in [0, 1, 2, 100, MAX_CONTACTS] {
            let mut contacts = contacts(count);
            let decoded = decode(&encode(&contacts)).unwrap();
            contacts
                .iter_mut()
                .for_each(|contact| contact.name = crate::record::cut(&contact.name, 256).to_owned());
            assert!(decoded == contacts, "{count}");
        }
        assert_eq!(decode(&encode(&contacts(MAX_CONTACTS + 1))).unwrap().len(), MAX_CONTACTS);
    }

    #[test]
    fn chunk_with_any_octet_changed_or_lost_is_damaged() {
        let chunk = encode(&contacts(5));
        for at in 0..chunk.len() {
            assert!(decode(&chunk[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut damaged = chunk.clone();
                damaged[at] ^= 1 << bit;
                assert!(decode(&damaged).is_err(), "bit {bit} of {at}");
            }
        }
        assert_eq!(decode(b""), Err(Damaged::Version));
        assert_eq!(decode(b"[{\"id\":1}]"), Err(Damaged::Version));
    }

    #[test]
    fn chunk_with_a_true_checksum_over_nonsense_is_refused() {
        let records = encode(&contacts(5))[HEAD_OCTETS..].to_vec();
        for at in 0..records.len() {
            for value in [0, 1, 0x7F, 0x80, 0xFF] {
                let mut records = records.clone();
                records[at] = value;
                let chunk = [MAGIC, &hash(&records).to_le_bytes(), &records].concat();
                // Some changes only change a letter; the others are told, and none is anything else.
                assert!(matches!(decode(&chunk), Ok(_) | Err(Damaged::Record)), "{value} at {at}");
            }
        }
    }
}
