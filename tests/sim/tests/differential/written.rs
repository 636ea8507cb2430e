//! Valid messages from a seed, written as phones and servers write them and then changed as RFC 3261 §7.3.1 allows:
//! names in other case or compact, other order, other white space, folded lines, lists.

/// Of each of these one is picked.
const METHODS: &[&str] =
    &["INVITE", "BYE", "OPTIONS", "REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "INFO", "UPDATE"];
const STATUS: &[&str] = &[
    "100 Trying",
    "180 Ringing",
    "183 Session Progress",
    "200 OK",
    "202 Accepted",
    "302 Moved Temporarily",
    "401 Unauthorized",
    "404 Not Found",
    "407 Proxy Authentication Required",
    "481 Call/Transaction Does Not Exist",
    "486 Busy Here",
    "487 Request Terminated",
    "491 Request Pending",
    "503 Service Unavailable",
    "603 Decline",
];
const USERS: &[&str] = &["200", "201", "+34911085460", "anna", "anna-maria_1", "%2a97", "a:secret"];
const ODD_USERS: &[&str] = &["john.doe", "200;phone-context=x"];
const HOSTS: &[&str] = &["example.com", "pbx.example", "192.0.2.7", "h", "a-b.example:5061", "EXAMPLE.org"];
const ODD_HOSTS: &[&str] = &["[2001:db8::10]", "[2001:db8::10]:5070"];
const TRANSPORTS: &[&str] = &["WS", "WSS", "UDP", "TCP", "TLS"];
const NAMES: &[&str] = &["", "Anna ", "\"Anna Lopez\" ", "\"Lopez, Anna\" ", "Anna Lopez "];
const COMPACT: &[(&str, &str)] = &[
    ("Via", "v"),
    ("From", "f"),
    ("To", "t"),
    ("Call-ID", "i"),
    ("Contact", "m"),
    ("Content-Type", "c"),
    ("Content-Length", "l"),
];
const BODY: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n";

pub(crate) fn messages(count: usize) -> Vec<(String, Vec<u8>)> {
    let mut dice = Dice(0x5eed);
    (0..count).map(|number| (format!("written {number}"), message(&mut dice, number).into_bytes())).collect()
}

fn message(dice: &mut Dice, number: usize) -> String {
    let method = if dice.one_in(40) { "KICK" } else { dice.pick(METHODS) };
    let is_response = dice.one_in(3);
    let start = match is_response {
        true => format!("SIP/2.0 {}", dice.pick(STATUS)),
        false => format!("{method} {} SIP/2.0", uri(dice)),
    };
    let mut fields = vec![
        ("Via", via(dice)),
        ("From", format!("{}<{}>;tag=f{number}", dice.pick(NAMES), uri(dice))),
        ("To", address(dice, if is_response { ";tag=t-1" } else { "" })),
        ("Call-ID", format!("{number}-call@{}", dice.pick(&["host.example", "x"]))),
        ("CSeq", format!("{} {method}", dice.below(70_000))),
        ("Max-Forwards", "70".to_owned()),
        ("User-Agent", "Phone/1.0 (some system; v2)".to_owned()),
    ];
    if dice.one_in(2) {
        let expires = if dice.one_in(3) { ";expires=60" } else { "" };
        let others = if dice.one_in(20) { format!(", <{}>", uri(dice)) } else { String::new() };
        fields.push(("Contact", format!("<{}>{expires}{others}", uri(dice))));
    }
    if dice.one_in(3) {
        fields.push(("Via", "SIP/2.0/UDP second.example;branch=z9hG4bK-second".to_owned()));
    }
    if dice.one_in(4) {
        fields.push(("Record-Route", "<sip:p1.example;lr>, <sip:p2.example;lr>".to_owned()));
    }
    let body = if dice.one_in(2) { BODY } else { "" };
    if !body.is_empty() {
        fields.push(("Content-Type", "application/sdp".to_owned()));
    }
    fields.push(("Content-Length", body.len().to_string()));
    if dice.one_in(2) {
        // The topmost Via stays the first of its name.
        let at = dice.below(fields.len() - 1);
        let field = fields.remove(1);
        fields.insert(at.max(1), field);
    }
    let mut text = format!("{start}\r\n");
    for (name, value) in fields {
        text.push_str(&line(dice, name, &value));
    }
    // What follows the length is no part of the message (RFC 3261 §18.3).
    let rest = if dice.one_in(60) { "\r\n" } else { "" };
    format!("{text}\r\n{body}{rest}")
}

fn uri(dice: &mut Dice) -> String {
    let user = if dice.one_in(40) { dice.pick(ODD_USERS) } else { dice.pick(USERS) };
    let host = if dice.one_in(60) { dice.pick(ODD_HOSTS) } else { dice.pick(HOSTS) };
    let params = match dice.below(60) {
        0..20 => ";transport=ws",
        20..25 => ";user=phone",
        25..30 => ";ob;x=1",
        30 => "?Subject=x",
        _ => "",
    };
    let scheme = if dice.one_in(10) { "sips" } else { "sip" };
    let user = if dice.one_in(12) { String::new() } else { format!("{user}@") };
    format!("{scheme}:{user}{host}{params}")
}

/// With and without brackets; without them what has a parameter would be another URI.
fn address(dice: &mut Dice, tag: &str) -> String {
    match dice.below(4) {
        0 => format!("sip:{}@{}{tag}", dice.pick(USERS), dice.pick(HOSTS)),
        _ => format!("{}<{}>{tag}", dice.pick(NAMES), uri(dice)),
    }
}

fn via(dice: &mut Dice) -> String {
    let host = if dice.one_in(60) { dice.pick(ODD_HOSTS) } else { dice.pick(HOSTS) };
    let params = dice.pick(&["", ";rport", ";received=192.0.2.9", ";alias;x=y"]);
    let others = if dice.one_in(40) { ", SIP/2.0/UDP b.example;branch=z9hG4bK-b" } else { "" };
    let gap = if dice.one_in(20) { "  " } else { " " };
    format!(
        "SIP/2.0/{}{gap}{host}{params};branch=z9hG4bK{}{others}",
        dice.pick(TRANSPORTS),
        dice.below(1_000_000)
    )
}

fn line(dice: &mut Dice, name: &str, value: &str) -> String {
    let compact = COMPACT.iter().find(|(long, _)| *long == name).filter(|_| dice.one_in(60));
    let name = match (compact, dice.below(8)) {
        (Some((_, short)), _) => (*short).to_owned(),
        (None, 0) => name.to_ascii_lowercase(),
        (None, 1) => name.to_ascii_uppercase(),
        (None, _) => name.to_owned(),
    };
    let gap = match dice.below(120) {
        0 => "\r\n ",
        1..8 => "",
        8..16 => "   ",
        _ => " ",
    };
    let end = if dice.one_in(60) { " " } else { "" };
    format!("{name}:{gap}{value}{end}\r\n")
}

/// xorshift64*: the same messages in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn pick(&mut self, from: &'static [&'static str]) -> &'static str {
        from[self.below(from.len())]
    }
}
