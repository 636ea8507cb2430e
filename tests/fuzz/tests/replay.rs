//! Every fuzz target over its own seeds, over each of them damaged in a few ways, and over what broke it once: so targets
//! stay true to what they fuzz without libFuzzer, and what was found stays found.

use softframe_fuzz::TARGETS;

/// Inputs that broke something, by target. `cargo xtask fuzz` prints such lines.
const FOUND: &[(&str, &[u8])] = &[
    // A colon in quotes was taken for the one before the value where a chunk ended in the quotes.
    ("vcard", b"\x05BEGIN:VCARD\nN:D\r\":.TEL;\":9\nEND:VCARD"),
    // An extension was taken for an international number behind 001, where it was asked for by that.
    ("numbers", b"\n23456\n00123456"),
    // An empty user part was written, which is no URI.
    ("uri", b"\x01"),
    // A carriage return inside of a value was kept.
    (
        "message",
        b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/WSS c\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n\
          CSeq: 1 OPTIONS\r\nX: 0\rVia: d\r\n\r\n",
    ),
    // A first line with white space before it continued the Via that was put before it.
    (
        "message",
        b"OPTIONS sip:a SIP/2.0\r\n X: y\r\nVia: SIP/2.0/WSS c\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n\
          CSeq: 1 OPTIONS\r\n\r\n",
    ),
    // Controls beyond ASCII in the URI of To became spaces in the response.
    (
        "message",
        b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/WSS c\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a\xc2\x85@b>\r\nCall-ID: 1\r\n\
          CSeq: 1 OPTIONS\r\n\r\n",
    ),
    // The same in a parameter of To, in the ACK of a refused call.
    (
        "message",
        b"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/WSS c\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;a\xc2\x8fb\r\nCall-ID: 1\r\n\
          CSeq: 1 INVITE\r\n\r\n",
    ),
    // A tag without a value stood before ours in the response.
    ("message", b"NVITE s: SIP/2.0\nT:i:;tag\nf:p:\nCall-ID:\x00\ncseq:0 NVITE\nV:SIP/2/U\rk"),
    // A bracket in a parameter took the tag behind it in.
    ("headers", b"<i:>;x=<"),
    // Two calls under one Call-ID and tag: the target took their dialogs for one.
    ("agent", b" \xa5N\x00\x07cde\xbc\x03c\x1e\xab\x1ent\x02\x00\x90\xf6rm\x0c\xc6\xab\x1e\xab"),
    // The digits of an extension were taken for those of an international number without its plus sign.
    ("numbers", b"DE\nl+49;1234566\n/1234566"),
    // The zero for callers at home was taken off where no country code stands before it, and nothing was left.
    ("numbers", b"2\n+(0)\n"),
    // A transfer goes on after its session.
    ("agent", b"\x00\x00\x00\x00\x00 \x00\x00\x00%\x00\x11\x00\x00\x05\x00\x00\x00%"),
];

/// Damaged copies of each seed: the suite has other things to do.
const COPIES: u64 = 3;

#[test]
fn what_was_found_stays_found() {
    for (name, octets) in FOUND {
        let target = TARGETS.iter().find(|target| target.name == *name).expect("a target of this name");
        (target.run)(octets);
    }
}

#[test]
fn seeds_and_damaged_copies_of_them_break_no_promise() {
    let mut dice = 0x5eed_u64;
    let mut below = |end: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice >> 33).expect("small") % end.max(1)
    };
    for target in &TARGETS {
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has nothing to begin with", target.name);
        for seed in seeds {
            assert!(seed.len() <= target.max_octets, "{}: a seed is longer than any input", target.name);
            (target.run)(&seed);
            for _ in 0..COPIES {
                let mut copy = seed.clone();
                for _ in 0..3 {
                    let at = below(copy.len());
                    match below(3) {
                        0 => copy.insert(at, below(256) as u8),
                        1 if !copy.is_empty() => drop(copy.remove(at)),
                        _ => copy.truncate(copy.len() - copy.len() / 4),
                    }
                }
                (target.run)(&copy);
            }
        }
    }
}

#[test]
fn names_of_targets_are_distinct() {
    let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), TARGETS.len());
}
