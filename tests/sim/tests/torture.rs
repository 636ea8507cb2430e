//! The torture messages of RFC 4475 and RFC 5118 through our reader: what is valid is read right, what is malformed is
//! refused, and no mutation of either makes it panic. Never judges a message by what another reader does.

use softframe_sip::wire::{
    AuthValue, Defect, EventType, Frame, Malformed, Message, Method, NameAddr, RAck, Reason, Replaces,
    Scheme, SessionExpires, SubscriptionState, TargetDialog, Uri, UserToUser, Via, Warning,
};
use std::{fs, path::PathBuf};

fn octets(path: &str) -> Vec<u8> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("torture").join(path);
    fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn read(path: &str) -> Result<Message, Malformed> {
    Message::parse(octets(path))
}

/// RFC 5118's archive has LF line ends and wrong lengths: mended as its text says, nothing else touched.
fn read_5118(name: &str) -> Result<Message, Malformed> {
    let text = String::from_utf8(octets(&format!("rfc5118/{name}"))).expect("UTF-8");
    let lines = text.lines().filter(|line| !line.starts_with("Content-Length"));
    let mut octets = lines.map(|line| format!("{line}\r\n")).collect::<String>().into_bytes();
    if !octets.windows(4).any(|window| window == b"\r\n\r\n") {
        octets.extend_from_slice(b"\r\n");
    }
    Message::parse(octets)
}

/// From, To, CSeq, top Via host, Via count and body length of each valid message of RFC 4475, as its text describes it.
const VALID: &[(&str, &str, &str, u32, &str, usize, usize)] = &[
    // name, From URI, To URI, CSeq, topmost sent-by, number of Vias, octets of body
    ("wsinv", "sip:jdrosen@example.com", "sip:vivekg@chair-dnrc.example.com", 9, "192.0.2.2", 3, 150),
    (
        "intmeth",
        "sip:mundane@example.com",
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com",
        139_122_385,
        "host1.example.com",
        1,
        0,
    ),
    (
        "esc01",
        "sip:I%20have%20spaces@example.net",
        "sip:%75se%72@example.com",
        234_234,
        "host5.example.net",
        1,
        150,
    ),
    (
        "escnull",
        "sip:null-%00-null@example.com",
        "sip:null-%00-null@example.com",
        14_398_234,
        "host5.example.com",
        1,
        0,
    ),
    ("esc02", "sip:resource@example.com", "sip:resource@example.com", 29_344, "host.example.com", 1, 0),
    ("lwsdisp", "sip:caller@example.com", "sip:user@example.com", 60, "funky.example.com", 1, 0),
    ("dblreq", "sip:j.user@example.com", "sip:j.user@example.com", 8, "192.0.2.125", 1, 0),
    ("semiuri", "sip:caller@example.org", "sip:j_user@example.com", 8, "192.0.2.1", 1, 0),
    ("transports", "sip:caller@example.com", "sip:user@example.com", 60, "t1.example.com", 5, 0),
    ("mpart01", "sip:fluffy@example.com", "sip:kumiko@example.org", 1, "127.0.0.1:5070", 1, 553),
    ("unreason", "sip:user@example.com", "sip:user@example.edu", 35, "192.0.2.198", 1, 154),
    ("noreason", "sip:user@example.com", "sip:user@example.edu", 35, "192.0.2.105", 1, 0),
    ("badbranch", "sip:caller@example.org", "sip:user@example.com", 8, "192.0.2.1", 1, 0),
    ("unkscm", "sip:caller@example.net", "sip:user@example.com", 3_923_423, "host9.example.com", 1, 0),
    ("novelsc", "sip:caller@example.net", "sip:user@example.com", 3_923_423, "host9.example.com", 1, 0),
    ("unksm2", "http://www.example.com", "isbn:2983792873", 234_902, "192.0.2.21:5060", 1, 0),
    ("bext01", "sip:caller@example.net", "sip:j_user@example.com", 8, "fold-and-staple.example.com", 1, 0),
    ("invut", "sip:caller@example.net", "sip:j.user@example.com", 235_448, "somehost.example.com", 1, 40),
    ("regaut01", "sip:j.user@example.com", "sip:j.user@example.com", 9_338, "192.0.2.253", 1, 0),
    ("bcast", "sip:user@example.com", "sip:user@example.edu", 35, "192.0.2.198", 2, 154),
    ("zeromf", "sip:caller@example.net", "sip:user@example.com", 39_234_321, "host1.example.com", 1, 0),
    ("cparam01", "sip:watson@example.com", "sip:watson@example.com", 2, "saturn.example.com:5060", 1, 0),
    ("cparam02", "sip:watson@example.com", "sip:watson@example.com", 3, "saturn.example.com:5060", 1, 0),
    ("regescrt", "sip:user@example.com", "sip:user@example.com", 14_398_234, "host5.example.com", 1, 0),
    ("sdp01", "sip:caller@example.net", "sip:j_user@example.com", 8, "192.0.2.15", 1, 150),
    (
        "inv2543",
        "sip:+13035551111@ift.client.example.net;user=phone",
        "sip:+16505552222@ss1.example.net",
        56,
        "iftgw.example.com",
        1,
        105,
    ),
];

#[test]
fn rfc4475_valid_messages_are_read_right_and_print_back() {
    for &(name, from, to, cseq, sent_by, vias, body) in VALID {
        let path = format!("rfc4475/{name}.dat");
        let message = read(&path).unwrap_or_else(|malformed| panic!("{name}: {malformed}"));
        assert_eq!(message.from().uri.as_str(), from, "{name}: From");
        assert_eq!(message.to().uri.as_str(), to, "{name}: To");
        assert_eq!(message.cseq().number, cseq, "{name}: CSeq");
        assert_eq!(message.via().sent_by(), sent_by, "{name}: Via");
        assert_eq!(message.list("Via").count(), vias, "{name}: number of Vias");
        assert_eq!(message.body().len(), body, "{name}: body");
        assert_eq!(message.octets(), octets(&path), "{name}: octets");
    }
}

#[test]
fn rfc4475_longreq_is_read_whole() {
    let message = read("rfc4475/longreq.dat").expect("valid");
    assert_eq!(message.to().display.matches("extreme").count(), 10);
    assert_eq!(message.to().uri.port(), Some(6000));
    assert_eq!(message.list("Via").count(), 34);
    assert_eq!(message.body().len(), 150);
    assert!(message.call_id().len() > 100);
}

#[test]
fn rfc4475_details_that_readers_get_wrong() {
    let wsinv = read("rfc4475/wsinv.dat").expect("valid");
    assert_eq!(wsinv.via().branch(), "390skdjuw");
    assert_eq!(wsinv.number("Max-Forwards"), Some(68));
    assert_eq!(wsinv.header("Subject"), Some(""));
    assert_eq!(wsinv.header("NewFangledHeader"), Some("newfangled value continued newfangled value"));
    let contact = wsinv.contact().expect("contact");
    assert_eq!(
        (contact.display.as_str(), contact.params.get("newparam")),
        ("Quoted string \"\"", Some("newvalue"))
    );
    assert_eq!(wsinv.to().tag(), Some("1918181833n"));
    assert_eq!(wsinv.from().display, "J Rosenberg \\\"");

    let intmeth = read("rfc4475/intmeth.dat").expect("valid");
    assert_eq!(intmeth.method(), &Method::from("!interesting-Method0123456789_*+`.%indeed'~"));
    assert_eq!(intmeth.from().tag(), Some("_token~1'+`*%!-."));
    assert_eq!(intmeth.to().display, "BEL:\u{7} NUL:\0 DEL:\u{7f}");

    let esc01 = read("rfc4475/esc01.dat").expect("valid");
    assert_eq!(esc01.uri().and_then(Uri::user).as_deref(), Some("sips:user@example.com"));
    assert_eq!(esc01.contact().expect("contact").uri.user().as_deref(), Some("caller"));

    let esc02 = read("rfc4475/esc02.dat").expect("valid");
    assert_eq!(esc02.method(), &Method::from("RE%47IST%45R"));
    assert_eq!(esc02.values("Contact").count(), 2);
    assert_eq!(esc02.to().display, "%Z%45");

    let semiuri = read("rfc4475/semiuri.dat").expect("valid");
    assert_eq!(semiuri.uri().and_then(Uri::user).as_deref(), Some("user;par=u@example.net"));
    assert_eq!(semiuri.list("Accept").count(), 6);

    let unreason = read("rfc4475/unreason.dat").expect("valid");
    assert!(
        unreason
            .status()
            .is_some_and(|(code, phrase)| code == 200 && phrase.starts_with("= 2**3 * 5**2 но сто"))
    );
    assert_eq!(read("rfc4475/noreason.dat").expect("valid").status(), Some((100, "")));

    let with = |name: &str| read(&format!("rfc4475/{name}.dat")).expect("valid").contact().expect("contact");
    assert_eq!(with("cparam01").params.get("unknownparam"), Some(""));
    assert_eq!(with("cparam02").uri.param("unknownparam"), Some(""));
    let route = with("regescrt").uri.headers().next().expect("header");
    assert_eq!(route, ("Route".to_owned(), "<sip:sip.example.com>".to_owned()));
    let scheme = read("rfc4475/unkscm.dat").expect("valid").uri().map(Uri::scheme);
    assert_eq!(
        scheme,
        Some(Scheme::Other),
        "a foreign scheme is known as such, so that it can be answered with 416"
    );
}

#[test]
fn rfc4475_malformed_messages_are_refused_with_the_right_answer() {
    let table = [
        ("badinv01", Defect::Header("Via"), "400 "),
        ("clerr", Defect::Length, "400 "),
        ("ncl", Defect::Length, "400 "),
        ("mcl01", Defect::Length, "400 "),
        ("scalar02", Defect::Header("CSeq"), "400 "),
        ("quotbal", Defect::Header("To"), "400 "),
        ("ltgtruri", Defect::Header("Request-URI"), "400 "),
        ("lwsruri", Defect::Header("Request-URI"), "400 "),
        ("lwsstart", Defect::Header("Request-URI"), "400 "),
        ("badvers", Defect::Version, "505 "),
        ("mismatch01", Defect::Header("CSeq"), "400 "),
        ("mismatch02", Defect::Header("CSeq"), "400 "),
        ("insuf", Defect::Header("From"), ""),
        ("multi01", Defect::Header("From"), "400 "),
        ("bigcode", Defect::StartLine, ""),
        ("scalarlg", Defect::Header("CSeq"), ""),
        ("test", Defect::StartLine, ""),
    ];
    for (name, defect, answer) in table {
        let malformed = read(&format!("rfc4475/{name}.dat")).expect_err(name);
        assert_eq!(malformed.defect, defect, "{name}");
        match malformed.response {
            Some(response) => {
                let start = format!("SIP/2.0 {answer}");
                assert!(!answer.is_empty() && response.starts_with(start.as_bytes()), "{name}");
            }
            None => assert_eq!(answer, "", "{name}: no answer"),
        }
    }
}

#[test]
fn rfc4475_deviations_cost_a_value_and_never_the_message() {
    for name in ["trws", "escruri", "baddate", "badaspec", "baddn", "regbadct"] {
        read(&format!("rfc4475/{name}.dat")).unwrap_or_else(|malformed| panic!("{name}: {malformed}"));
    }
    assert_eq!(read("rfc4475/baddn.dat").expect("read").from().display, "Bell, Alexander");
    assert_eq!(read("rfc4475/regbadct.dat").expect("read").contact(), None);
}

#[test]
fn rfc5118_messages_are_read_right() {
    let table = [
        ("ipv6-good", "sip:[2001:db8::10]", None, "[2001:db8::9:1]"),
        ("via-received-param-with-delim", "sip:[2001:db8::10]", None, "[2001:db8::9:1]"),
        ("via-received-param-no-delim", "sip:[2001:db8::10]", None, "[2001:db8::9:1]"),
        ("port-ambiguous", "sip:[2001:db8::10:5070]", None, "[2001:db8::9:1]"),
        ("port-unambiguous", "sip:[2001:db8::10]:5070", Some(5070), "[2001:db8::9:1]"),
        ("ipv6-in-sdp", "sip:user@[2001:db8::10]", None, "[2001:db8::20]"),
        ("mult-ip-in-header", "sip:user@host.example.net", None, "[2001:db8::9:1]:6050"),
        ("mult-ip-in-sdp", "sip:user@[2001:db8::10]", None, "[2001:db8::9:1]"),
        ("ipv4-mapped-ipv6", "sip:user@example.com", None, "[::ffff:192.0.2.10]:19823"),
        ("ipv6-correct-abnf-2-colons", "sip:user@[2001:db8::192.0.2.1]", None, "lab1.east.example.com"),
        ("ipv6-bug-abnf-3-colons", "sip:user@[2001:db8:::192.0.2.1]", None, "lab1.east.example.com"),
    ];
    for (name, uri, port, sent_by) in table {
        let message = read_5118(name).unwrap_or_else(|malformed| panic!("{name}: {malformed}"));
        let read = message.uri().expect("request");
        assert_eq!((read.as_str(), read.port()), (uri, port), "{name}");
        assert_eq!(message.via().sent_by(), sent_by, "{name}");
    }
    let delimited = read_5118("via-received-param-with-delim").expect("valid");
    assert_eq!(delimited.via().params.get("received"), Some("[2001:db8::9:255]"));
    let bad = read_5118("ipv6-bad").expect_err("an address without brackets is no host");
    assert_eq!(bad.defect, Defect::Header("Request-URI"));
}

#[test]
fn mutations_of_all_messages_never_panic_and_never_lie() {
    let corpus: Vec<Vec<u8>> = ["rfc4475", "rfc5118"]
        .iter()
        .flat_map(|folder| {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("torture").join(folder);
            let mut files: Vec<_> =
                fs::read_dir(folder).expect("folder").map(|file| file.expect("file").path()).collect();
            files.sort();
            files.into_iter().map(|file| fs::read(file).expect("file"))
        })
        .collect();
    assert_eq!(corpus.len(), 62);
    // As in `soak.rs`: for a time, with fresh dice, if asked.
    let seconds = std::env::var("SOFTFRAME_SOAK").ok().and_then(|text| text.parse().ok());
    let (begin, seconds) = (std::time::Instant::now(), seconds.map(std::time::Duration::from_secs));
    let fresh = || std::time::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos();
    let seed = seconds.map_or(0x5eed, |_| fresh() | 1);
    println!("messages: seed {seed}");
    let mut dice = Dice(seed.into());
    let (mut messages, mut round) = (0, 0);
    while seconds.map_or(round < 40_000, |seconds| begin.elapsed() < seconds) {
        round += 1;
        let mut octets = corpus[round % corpus.len()].clone();
        for _ in 0..=dice.below(4) {
            mutate(&mut octets, &mut dice, &corpus);
        }
        let Frame::Message(message) = Frame::read(octets.clone()) else { continue };
        messages += 1;
        assert_eq!(message.octets(), octets);
        touch_everything(&message);
        let mended = message.edit().set("X-Touched", "yes").finish();
        assert_eq!(mended.header("X-Touched"), Some("yes"));
        assert_eq!(mended.body(), message.body());
    }
    println!("messages: {round} runs, {messages} still messages");
    assert!(messages > 5_000, "only {messages} mutations were still messages: the test shows too little");
}

/// Reads every value as everything it could be; what was read must print to what reads the same.
fn touch_everything(message: &Message) {
    for (name, value) in message.headers() {
        let _ = (message.number(name), message.list(name).count());
        let _ = (Replaces::parse(value), TargetDialog::parse(value), Warning::parse(value));
        let _ = (EventType::parse(value), SubscriptionState::parse(value));
        let _ = UserToUser::parse(value).map(|value| value.octets());
        if let Ok(expires) = SessionExpires::parse(value) {
            assert_eq!(SessionExpires::parse(&expires.to_string()), Ok(expires));
        }
        let reason = Reason::parse(value);
        assert_eq!(Reason::parse(&reason.to_string()).cause, reason.cause);
        if let Ok(rack) = RAck::parse(value) {
            assert_eq!(RAck::parse(&rack.to_string()), Ok(rack));
        }
        let _ = AuthValue::parse(value).map(|value| value.get("realm").map(str::len));
        if let Ok(uri) = Uri::parse(value) {
            assert_eq!(Uri::parse(uri.as_str()), Ok(uri));
        }
        if let Ok(address) = NameAddr::parse(value) {
            let again = NameAddr::parse(&address.to_string()).expect("what was printed");
            assert_eq!(
                (again.uri, again.params.iter().count()),
                (address.uri, address.params.iter().count())
            );
        }
    }
    let _ = message.privacy().count();
    for via in message.list("Via").filter_map(|via| Via::parse(via).ok()) {
        let again = Via::parse(&via.to_string()).expect("what was printed");
        assert_eq!((again.sent_by(), again.transport), (via.sent_by(), via.transport));
    }
    let _ = rsip::SipMessage::try_from(message).map(|message| Message::try_from(&message));
}

fn mutate(octets: &mut Vec<u8>, dice: &mut Dice, corpus: &[Vec<u8>]) {
    const SPICES: &[u8] = b"\"<>;,:@[]()=\\ \r\n\t\0%/?*\xff";
    let at = dice.below(octets.len().max(1));
    match dice.below(6) {
        0 if !octets.is_empty() => octets[at] = SPICES[dice.below(SPICES.len())],
        1 => octets.insert(at, SPICES[dice.below(SPICES.len())]),
        2 if !octets.is_empty() => drop(octets.remove(at)),
        3 => octets.truncate(at),
        4 => {
            let other = &corpus[dice.below(corpus.len())];
            let from = dice.below(other.len());
            let piece = other[from..(from + dice.below(200)).min(other.len())].to_vec();
            octets.splice(at..at, piece);
        }
        _ => {
            let end = (at + dice.below(60)).min(octets.len());
            let piece = octets[at.min(end)..end].to_vec();
            octets.splice(at..at, piece);
        }
    }
}

/// xorshift64*: the same mutations in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}
