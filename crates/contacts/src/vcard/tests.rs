//! Dialects and defects of vCard files, and what is made of each; then files damaged at random.
//!
//! It never compares more than what a contact keeps.

use super::*;
use crate::MAX_PHONES;

/// Reads `file` in chunks of `size`: each card as `name|number,number` or `line: reason`.
fn read_in(file: &[u8], size: usize) -> Vec<String> {
    let mut reader = Reader::new();
    let mut cards = Vec::new();
    for chunk in file.chunks(size) {
        reader.feed(chunk);
        cards.extend(std::iter::from_fn(|| reader.next_card()));
    }
    reader.finish();
    cards.extend(std::iter::from_fn(|| reader.next_card()));
    cards.iter().map(told).collect()
}

fn told(card: &Result<Contact, Defect>) -> String {
    match card {
        Ok(contact) => {
            let numbers: Vec<&str> = contact.phones.iter().map(|phone| phone.number.as_str()).collect();
            format!("{}|{}", contact.name, numbers.join(","))
        }
        Err(defect) => format!("{}: {:?}", defect.line, defect.why),
    }
}

/// The same cards come out however the file is cut into chunks.
fn check(name: &str, file: impl AsRef<[u8]>, expected: &[&str]) {
    for size in [1, 2, 3, 7, 64, 1 << 20] {
        assert_eq!(read_in(file.as_ref(), size), expected, "{name}, chunks of {size}");
    }
}

fn utf16(text: &str, is_big: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

const PLAIN: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:López;Ana;;;\r\nFN:Ana López\r\nTEL;TYPE=CELL:+34 600 123 456\r\nEND:VCARD\r\n";
const ANA: &[&str] = &["Ana López|+34 600 123 456"];

#[test]
fn colon_in_quotes_that_a_chunk_cuts_is_not_the_one_before_the_value() {
    let file = "BEGIN:VCARD\r\nVERSION:2.1\r\nFN:Ana\r\nTEL;X=\"a:b\";ENCODING=QUOTED-PRINTABLE:+34 6=\r\n00\r\nEND:VCARD\r\n";
    check("quotes", file, &["Ana|+34 600"]);
    // A quote that is never closed is none, and the value begins at the first colon.
    check("one quote", file.replace("a:b\"", "a"), &["Ana|+34 600"]);
}

#[test]
fn dialects_are_read() {
    check("plain", PLAIN, ANA);
    check(
        "apple",
        "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iOS 17.0//EN\r\nN:Appleseed;John;;;\r\nFN:John Appleseed\r\n\
         ORG:Apple;\r\nitem1.TEL;type=pref:888-555-5512\r\nitem1.X-ABLabel:_$!<Main>!$_\r\n\
         TEL;type=CELL;type=VOICE:888-555-1212\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\n SkZJRgAB\r\n\
         X-ABUID:1:ABPerson\r\nEND:VCARD\r\n",
        &["John Appleseed|888-555-5512,888-555-1212"],
    );
    check(
        "outlook 2.1",
        "BEGIN:VCARD\nVERSION:2.1\nN;LANGUAGE=de;CHARSET=Windows-1252:M\u{fc}ller;J\u{fc}rgen\nFN:J\u{fc}rgen M\u{fc}ller\n\
         TEL;WORK;VOICE:+49 (30) 901820\nTEL;HOME;FAX:030 1\nEND:VCARD\n"
            .chars()
            .map(|c| c as u8)
            .collect::<Vec<u8>>(),
        &["Jürgen Müller|+49 (30) 901820,030 1"],
    );
    check(
        "android 2.1",
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=98=D0=B2=D0=B0=D0=BD=D0=BE=D0=B2;=D0=\r\n\
         =98=D0=B2=D0=B0=D0=BD;;;\r\nTEL;CELL;PREF:+7 495 1234567\r\nPHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQAA\r\n \
         AQABAAD\r\n\r\nEND:VCARD\r\n",
        &["Иван Иванов|+7 495 1234567"],
    );
    check(
        "v4",
        "BEGIN:VCARD\r\nVERSION:4.0\r\nFN;PREF=1:Ana\r\nFN:Other\r\n\
         TEL;VALUE=uri;PREF=1;TYPE=\"voice,home\":tel:+1-555-555-5555;ext=5555\r\nTEL:+1 212\r\nEND:VCARD\r\n",
        &["Ana|+1-555-555-5555 ext. 5555,+1 212"],
    );
    check("lower case", PLAIN.to_lowercase(), &["ana lópez|+34 600 123 456"]);
}

#[test]
fn kinds_come_from_types_of_every_version() {
    let file = "BEGIN:VCARD\nFN:A\nTEL;CELL:1\nTEL;TYPE=WORK,VOICE:2\nTEL;TYPE=\"voice,home\":3\n\
                TEL;type=HOME;type=FAX:4\nTEL;TYPE=main:5\nTEL;VOICE:6\nTITLE:Chief\\, all\nORG:Acme\\; Co;Sales\nEMAIL:a@acme.example\nEMAIL:b@acme.example\nUID:u-1\nEND:VCARD\n";
    let mut reader = Reader::new();
    reader.feed(file.as_bytes());
    let contact = reader.next_card().unwrap().unwrap();
    let kinds: Vec<Option<&str>> = contact.phones.iter().map(|phone| phone.kind.as_deref()).collect();
    assert_eq!(kinds, [Some("mobile"), Some("work"), Some("home"), Some("fax"), Some("company"), None]);
    assert_eq!(contact.title.as_deref(), Some("Chief, all"));
    assert_eq!(contact.company.as_deref(), Some("Acme; Co"));
    assert_eq!(contact.email.as_deref(), Some("a@acme.example"));
    assert_eq!(contact.id, "u-1");
}

#[test]
fn encodings_are_told_apart() {
    check("utf-8 mark", format!("\u{FEFF}{PLAIN}"), ANA);
    check("utf-16 le", utf16(&format!("\u{FEFF}{PLAIN}"), false), ANA);
    check("utf-16 be", utf16(&format!("\u{FEFF}{PLAIN}"), true), ANA);
    check("utf-16 without mark", utf16(PLAIN, false), ANA);
    check("utf-16 pairs", utf16(&PLAIN.replace("López", "𝄞"), true), &["Ana 𝄞|+34 600 123 456"]);
    let latin: Vec<u8> = PLAIN.chars().map(|c| c as u8).collect();
    check("raw windows-1252", latin, ANA);
    check(
        "quoted latin",
        PLAIN.replace("FN:Ana López", "FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Ana L=F3pez"),
        ANA,
    );
    check("quoted, bare", PLAIN.replace("FN:Ana López", "FN;QUOTED-PRINTABLE:Ana L=C3=B3=\r\npez"), ANA);
}

#[test]
fn defects_of_lines_are_read_over() {
    check("fold by tab", PLAIN.replace("López\r\nTEL", "Ló\r\n\tpez\r\nTEL"), ANA);
    let folded = PLAIN.replace("FN:Ana López", "FN:Ana L\u{c3}\r\n \u{b3}pez");
    check("fold inside a character", folded.chars().map(|c| c as u32 as u8).collect::<Vec<u8>>(), ANA);
    check("fold of 2.1", PLAIN.replace("3.0", "2.1").replace("FN:Ana ", "FN:Ana\r\n "), ANA);
    check("line feeds", PLAIN.replace('\r', ""), ANA);
    check("carriage returns", PLAIN.replace('\n', ""), ANA);
    check("blank lines", PLAIN.replace("\r\n", "\r\n\r\n"), ANA);
    check("groups", PLAIN.replace("TEL;", "item1.TEL;").replace("FN:", "g.FN:"), ANA);
    check("no final end of line", PLAIN.trim_end(), ANA);
    check("trailing spaces", PLAIN.replace("\r\n", "  \r\n"), ANA);
    check("garbage", PLAIN.replace("FN:", "garbage without colon\r\n\u{1}\u{2}\r\nFN:"), ANA);
    check("quoted parameter", PLAIN.replace("TEL;TYPE=CELL:", "TEL;X-A=\"a:b;c\";TYPE=CELL:"), ANA);
    check("quote not closed", PLAIN.replace("TEL;TYPE=CELL:", "TEL;TYPE=\"CELL:"), ANA);
    check("preamble", format!("some text\r\nkey: value\r\n{PLAIN}"), ANA);
    check(
        "escapes",
        PLAIN.replace("FN:Ana López", "FN:Ana\\n \\\\López\\, x"),
        &["Ana \\López, x|+34 600 123 456"],
    );
    check(
        "note that looks like a number",
        PLAIN.replace("TEL", "NOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nTEL:666=\r\nTEL:777\r\nTEL"),
        ANA,
    );
    check("picture not folded", PLAIN.replace("TEL", "PHOTO;ENCODING=b:AAAA\r\nBBBB\r\nCCCC=\r\nTEL"), ANA);
    check(
        "picture with blank line",
        PLAIN.replace("TEL", "PHOTO;BASE64:\r\n  AAAA\r\n  BB==\r\n\r\nTEL"),
        ANA,
    );
    check("directions and controls", PLAIN.replace("Ana", "\u{202E}A\u{7}na\u{200B}"), ANA);
}

#[test]
fn cards_that_lack_something_are_taken_or_named() {
    let check_without = |what: &str, expected: &[&str]| {
        let file: String = PLAIN.split_inclusive('\n').filter(|line| !line.starts_with(what)).collect();
        check(what, file, expected);
    };
    check_without("FN", ANA);
    check_without("N:", ANA);
    check_without("VERSION", ANA);
    check_without("TEL", &["1: NoPhone"]);
    check_without("END", &["1: CutOff"]);
    check_without("BEGIN", &["1: Shape"]);
    check("empty numbers", PLAIN.replace("TEL", "TEL:\r\nTEL;WORK: \r\nTEL:none\r\nTEL"), ANA);
    check("no name", PLAIN.replace("López;Ana", ";").replace("Ana López", ""), &["1: NoName"]);
    check(
        "company only",
        PLAIN.replace("N:López;Ana", "ORG:Acme").replace("FN:Ana López", ""),
        &["Acme|+34 600 123 456"],
    );
    check(
        "mail only",
        PLAIN.replace("N:López;Ana;;;", "EMAIL:a@b").replace("FN:Ana López", "FN: "),
        &["a@b|+34 600 123 456"],
    );
    check(
        "end missing in between",
        format!("{}{PLAIN}", PLAIN.replace("END:VCARD\r\n", "")),
        &[ANA[0], ANA[0]],
    );
    check("cut off", format!("{PLAIN}{}", &PLAIN[..40]), &[ANA[0], "7: CutOff"]);
    check("nothing", "", &[]);
    check("white space", " \r\n\r\n", &[]);
    check("no cards", "PK\u{3}\u{4}", &["1: Shape"]);
}

#[test]
fn agents_are_passed_over() {
    let agent = "AGENT:\r\nBEGIN:VCARD\r\nVERSION:2.1\r\nFN:Agent\r\nTEL:666\r\nAGENT:\r\nBEGIN:VCARD\r\nEND:VCARD\r\nEND:VCARD\r\n";
    check("agent", PLAIN.replace("TEL", &format!("{agent}TEL")), ANA);
    check("agent in one line", PLAIN.replace("TEL", "AGENT:BEGIN:VCARD\\nFN:x\\nEND:VCARD\\n\r\nTEL"), ANA);
}

#[test]
fn limits_hold() {
    let long = "x".repeat(1024 * 1024 + 1);
    let cards = format!("{}{PLAIN}", PLAIN.replace("Ana López\r\n", &format!("{long}\r\n")));
    assert_eq!(read_in(cards.as_bytes(), 4096), ["1: TooLarge", ANA[0]]);
    let cards = PLAIN.replace("TEL", &format!("NOTE:{long}\r\n{long}\r\nTEL"));
    assert_eq!(read_in(cards.as_bytes(), 4096), ANA);
    let many: String = (0..150).map(|n| format!("TEL:{n}\r\n")).collect();
    let mut reader = Reader::new();
    reader.feed(PLAIN.replace("TEL", &format!("{many}TEL:{}\r\nTEL", "1".repeat(65))).as_bytes());
    assert_eq!(reader.next_card().unwrap().unwrap().phones.len(), MAX_PHONES);
    let mut reader = Reader { octets: MAX_FILE_OCTETS - PLAIN.len() as u64, ..Reader::new() };
    reader.feed(PLAIN.as_bytes());
    assert!(reader.next_card().unwrap().is_ok());
    reader.feed(PLAIN.as_bytes());
    reader.feed(PLAIN.as_bytes());
    assert_eq!(reader.next_card(), Some(Err(Defect { line: 7, why: Rejection::TooLarge })));
    assert_eq!(reader.next_card(), None);
}

#[test]
fn ids_are_stable() {
    let id = |file: &str| {
        let mut reader = Reader::new();
        reader.feed(file.as_bytes());
        reader.next_card().unwrap().unwrap().id
    };
    assert_eq!(id(PLAIN), id(&PLAIN.replace("3.0", "4.0")));
    assert_ne!(id(PLAIN), id(&PLAIN.replace("456", "457")));
    assert_eq!(id(PLAIN).len(), 21);
    let long = format!("UID:{}\r\nTEL", "u".repeat(129));
    assert_eq!(id(&PLAIN.replace("TEL", &long)), id(PLAIN));
}

/// A small generator, the same in every run.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) as usize
}

#[test]
fn damaged_files_never_lose_the_card_after() {
    let mut state = 0x5EED;
    for round in 0..20_000 {
        let mut file = PLAIN.as_bytes().to_vec();
        for _ in 0..1 + next(&mut state) % 4 {
            let at = next(&mut state) % file.len();
            match next(&mut state) % 4 {
                0 => file[at] = next(&mut state) as u8,
                1 => drop(file.remove(at)),
                2 => file.insert(at, b":;=\"\\\r\n .,\0\xff"[next(&mut state) % 12]),
                _ => file.truncate(at.max(8)),
            }
        }
        file.extend_from_slice(b"\r\n\r\n");
        file.extend_from_slice(PLAIN.as_bytes());
        let cards = read_in(&file, 1 + next(&mut state) % 50);
        let utf16 = file.starts_with(b"\0") || file.get(1) == Some(&0);
        assert!(utf16 || cards.last().map(String::as_str) == Some(ANA[0]), "round {round}: {cards:?}");
    }
}

#[test]
// The test looks at the clock, the crate does not.
#[allow(clippy::disallowed_methods)]
fn folds_of_nothing_but_space_cost_no_more_than_their_length() {
    let time = |folds: usize| {
        let text = format!("BEGIN:VCARD\r\nFN:a{}\r\nTEL:1\r\nEND:VCARD\r\n", "\r\n  ".repeat(folds));
        let runs = (0..5).map(|_| {
            let begin = std::time::Instant::now();
            let mut reader = Reader::new();
            reader.feed(text.as_bytes());
            reader.finish();
            assert!(reader.next_card().is_some_and(|card| card.is_ok()));
            begin.elapsed()
        });
        // The least: what a busy machine took away is in none of five, most likely.
        runs.min().expect("five runs")
    };
    // 16 times the length: a square would take 256 times as long.
    let (short, long) = (time(2_000), time(32_000));
    assert!(long < short * 80 + std::time::Duration::from_millis(20), "{short:?}, {long:?}");
}
