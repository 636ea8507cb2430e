//! What comes back from the device's storage, torn or flipped or of another program: a chunk of contacts is whole or
//! refused, and no value stops a phone from starting.

use crate::{Target, bytes::Bytes};
use softframe_contacts::{Contact, Contacts, PhoneNumber, Source, chunk};
use softframe_phone::{Action, Input, Instant, Output, Phone, view::Tab};

pub(crate) const TARGET: Target = Target { name: "stored", run, seeds, words: WORDS, max_octets: 2048 };

const WORDS: &[&str] = &[
    "SFC2",
    "\0",
    "\u{1}",
    "{\"servers\":[\"wss://a.test/ws\"],\"user\":\"200\",\"domain\":\"a.test\",\"hashes\":[",
    "\"realm\":\"a.test\"",
    "\"md5\":\"",
    "null",
    "true",
    "[]",
    "{}",
    "\"dnd\":",
    "\"status\":\"",
    "\"theme\":\"",
    "\"number\":\"201\"",
    "\"at\":",
    "99999999999999999999",
    "-1",
    "1e308",
];

const ACCOUNT: &str = r#"{"servers":["wss://a.test/ws"],"user":"200","domain":"a.test","auth_user":null,"display_name":"A",
    "hashes":[{"realm":"a.test","md5":"d","sha256":"e","sha512_256":"f"}]}"#;

fn people() -> Vec<Contact> {
    let one = |id: &str, name: &str, number: &str, kind: Option<&str>| Contact {
        id: id.to_owned(),
        name: name.to_owned(),
        phones: vec![PhoneNumber { number: number.to_owned(), kind: kind.map(str::to_owned) }],
        company: Some("Ácme".to_owned()),
        title: None,
        email: None,
        username: None,
    };
    vec![
        one("1", "Ana", "+34 600", Some("mobile")),
        one("2", "Bo", "201", Some("boat")),
        one("3", "C", "1", None),
    ]
}

/// 0: a chunk as it is. 1: records, to which the right checksum is given. 2 to 4: a value of the phone.
fn seeds() -> Vec<Vec<u8>> {
    let chunk = chunk::encode(&people());
    let mut all = vec![
        [b"\0".as_slice(), &chunk].concat(),
        [b"\x01".as_slice(), chunk.get(12..).unwrap_or_default()].concat(),
    ];
    all.push([b"\x02".as_slice(), ACCOUNT.as_bytes()].concat());
    all.push(b"\x03{\"dnd\":true,\"status\":\"busy\",\"theme\":\"dark\"}".to_vec());
    all.push(b"\x04{\"number\":\"201\",\"name\":\"A\",\"inbound\":true,\"at\":1684681819342,\"talked\":null,\"rang\":5,\"reason\":\"cancelled\"}".to_vec());
    all.push([b"\x05".as_slice(), &chunk].concat());
    all
}

fn run(octets: &[u8]) {
    let mut bytes = Bytes::new(octets);
    let kind = bytes.below(6);
    let value = bytes.rest();
    match kind {
        0 => judge_chunk(value),
        1 => judge_chunk(&sealed(value)),
        2 => start(&[("account", value), ("person", b"{}")], &[]),
        3 => start(&[("account", ACCOUNT.as_bytes()), ("person", value)], &[]),
        4 => start(
            &[("account", ACCOUNT.as_bytes())],
            &[("history/1", value), ("history-seen", value), ("history/x", value)],
        ),
        _ => start(
            &[("account", ACCOUNT.as_bytes())],
            &[
                ("contacts/0000000000000000.0", value),
                ("contacts/99999999ffffffff.4294967295", &sealed(value)),
            ],
        ),
    }
}

/// The form of `softframe_contacts::chunk`, whose FNV-1a anybody can make.
fn sealed(records: &[u8]) -> Vec<u8> {
    let step = |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x100_0000_01b3);
    let hash = records.iter().fold(0xcbf2_9ce4_8422_2325, step);
    [b"SFC2", hash.to_le_bytes().as_slice(), records].concat()
}

fn judge_chunk(octets: &[u8]) {
    let source = Source::Vcard;
    let mut contacts = Contacts::new();
    let taken = contacts.push_chunk(&source, octets, |_| false);
    let mut steps = 0;
    while contacts.step(8) {
        steps += 1;
        assert!(steps < 10_000, "the index never comes to rest");
    }
    match (chunk::decode(octets), taken) {
        (Ok(read), Ok(count)) => {
            assert_eq!(read.len(), count);
            assert!(contacts.len() <= count);
            assert_eq!(
                chunk::decode(&chunk::encode(&read)).as_ref(),
                Ok(&read),
                "written anew it is the same"
            );
            for contact in read.iter().take(50) {
                assert!(contacts.get(&source, &contact.id).is_some(), "{contact:?}");
                let _ = (
                    contacts.search(&contact.name, 5),
                    contacts.by_number(contact.phones.first().map_or("", |phone| &phone.number)),
                );
            }
            assert_eq!(contacts.page(0, count).len(), contacts.len());
        }
        (Err(one), Err(other)) => assert_eq!((one, contacts.len()), (other, 0)),
        (read, taken) => panic!("{read:?} and {taken:?}"),
    }
}

/// A phone that starts with these values of the device and of the account.
fn start(device: &[(&str, &[u8])], own: &[(&str, &[u8])]) {
    let (mut phone, now) = (Phone::new([3; 32]), Instant(0));
    let owned = |values: &[(&str, &[u8])]| -> Vec<(String, Vec<u8>)> {
        values.iter().map(|(key, value)| ((*key).to_owned(), value.to_vec())).collect()
    };
    phone.handle_input(now, Input::Wall(1_684_681_819_342));
    phone.handle_input(now, Input::Config(Some("{}".to_owned())));
    phone.handle_input(now, Input::Restored(owned(device)));
    let mut space = None;
    while let Some(output) = phone.poll_output() {
        if let Output::Account(account) = output {
            space = account;
        }
    }
    if let Some(space) = space {
        for (key, value) in owned(own) {
            phone.handle_input(now, Input::Loaded { space: space.clone(), key, value });
        }
        phone.handle_input(now, Input::LoadEnd { space });
    }
    let mut steps = 0;
    while phone.contacts_step(now, 8) {
        steps += 1;
        assert!(steps < 10_000, "the index never comes to rest");
    }
    let _ = phone.contact_rows(0, 50);
    for tab in [Tab::Recents, Tab::Contacts, Tab::Keypad] {
        phone.handle_input(now, Input::Action(Action::Tab(tab)));
        let _ = phone.view(now);
    }
    phone.handle_input(now, Input::Action(Action::OpenSettings));
    let _ = phone.view(now);
    while phone.poll_output().is_some() {}
    assert!(phone.poll_timeout().is_none_or(|at| at > now), "a deadline has passed already");
}
