//! The vCard reader: chunks of any size give the same cards, and each card keeps to the limits of a contact.

use crate::{Target, bytes::Bytes};
use softframe_contacts::{
    Contact, MAX_NAME_CHARS, MAX_NUMBER_CHARS, MAX_PHONES,
    vcard::{Defect, Reader},
};

pub(crate) const TARGET: Target = Target { name: "vcard", run, seeds, words: WORDS, max_octets: 4096 };

const WORDS: &[&str] = &[
    "BEGIN:VCARD\r\n",
    "END:VCARD\r\n",
    "VERSION:2.1\r\n",
    "VERSION:4.0\r\n",
    "FN:",
    "N:",
    "ORG:",
    "TITLE:",
    "EMAIL:",
    "UID:",
    "TEL:",
    "TEL;TYPE=CELL:",
    "TEL;VALUE=uri;TYPE=\"work,voice\":tel:+1-2;ext=3",
    "item1.TEL:",
    "AGENT:\r\n",
    "PHOTO;BASE64:\r\n ",
    ";CHARSET=ISO-8859-1",
    ";CHARSET=UTF-8",
    ";ENCODING=QUOTED-PRINTABLE",
    "=\r\n",
    "=E9",
    "\r\n ",
    "\n\t",
    "\\,",
    "\\n",
    "\\;",
    "\u{feff}",
    "\r\n",
    "\0B\0E",
];

fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "\x05BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Ru=EDz;Ana;;=\r\n;\r\nTEL;CELL:+34 600\r\n\
         AGENT:\r\nBEGIN:VCARD\r\nFN:X\r\nEND:VCARD\r\nPHOTO;BASE64:\r\n AAAA\r\n\r\nEND:VCARD\r\n",
        "\x40BEGIN:VCARD\nVERSION:4.0\nUID:urn:uuid:1\nFN:Bob \\, \\n B\nitem1.TEL;VALUE=uri;TYPE=\"work,voice\":tel:+1-2;ext=3\n\
         item1.X-ABLabel:x\nORG:A;B\nTITLE:T\nEMAIL:a@b\nEND:VCARD\n",
        "\0\u{feff}BEGIN:VCARD\r\nVERSION:3.0\r\nFN:\u{202e}C\r\n folded\r\nTEL;TYPE=HOME,PREF:1\r\nBEGIN:VCARD\r\nORG:D\r\nTEL:2\r\n",
        "\x01no card at all\r\n",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    let wide: Vec<u8> =
        "BEGIN:VCARD\r\nFN:É\r\nTEL:1\r\nEND:VCARD\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    all.push([b"\x03\xff\xfe".as_slice(), &wide].concat());
    all
}

type Read = Vec<Result<Contact, Defect>>;

fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let size = 1 + usize::from(bytes.octet());
    let file = bytes.rest();
    let whole = read(std::iter::once(file));
    for card in whole.iter().flatten() {
        assert!(!card.id.is_empty() && !card.name.trim().is_empty(), "{card:?}");
        assert!(card.name.chars().count() <= MAX_NAME_CHARS, "{card:?}");
        assert!(card.phones.len() <= MAX_PHONES, "{card:?}");
        assert!(card.phones.iter().all(|phone| phone.number.chars().count() <= MAX_NUMBER_CHARS), "{card:?}");
    }
    let lines = 1 + file.iter().filter(|octet| b"\r\n".contains(octet)).count();
    for defect in whole.iter().filter_map(|card| card.as_ref().err()) {
        assert!((1..=lines).contains(&defect.line), "{defect:?} of {lines}");
    }
    let in_chunks = read(file.chunks(size));
    assert!(in_chunks == whole, "in chunks of {size}: {in_chunks:#?}\nwhole: {whole:#?}");
}

fn read<'a>(chunks: impl Iterator<Item = &'a [u8]>) -> Read {
    let (mut reader, mut read) = (Reader::new(), Read::new());
    for chunk in chunks {
        reader.feed(chunk);
        while let Some(card) = reader.next_card() {
            read.push(card);
        }
    }
    reader.finish();
    while let Some(card) = reader.next_card() {
        read.push(card);
    }
    read
}
