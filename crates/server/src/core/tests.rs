//! The exchange against phones of plain text, in virtual time: what each test sends and expects stands in it.

mod attacks;
mod reconnecting;
mod registrar;
mod withheld;

use super::*;
use softframe_sip::{
    RealmHash,
    digest::{self, DigestInput},
    wire::{AuthValue, Method},
};

const DOMAIN: &str = "softframe.test";

/// An exchange with flows 1, 2 and 3, of users 200 (twice) and 201.
struct Scene {
    exchange: Exchange,
    now: Instant,
    sequence: u32,
}

/// What came out for one flow.
#[derive(Debug)]
struct Came(FlowId, Message);

impl Scene {
    fn new() -> Scene {
        let users = ["200", "201"].map(|user| (user.to_owned(), format!("secret-{user}")));
        let config = Config {
            domain: DOMAIN.to_owned(),
            aliases: vec!["localhost".to_owned()],
            users: BTreeMap::from(users),
            other_numbers: Some("200".to_owned()),
        };
        let mut exchange = Exchange::new(config, [7; 32]);
        for flow in 1..=3 {
            exchange.handle_input(Instant(0), Input::Opened(FlowId(flow), Trust::Challenged));
        }
        Scene { exchange, now: Instant(1000), sequence: 0 }
    }

    /// With 200 on flows 1 and 2, and 201 on flow 3.
    fn registered() -> Scene {
        let mut scene = Scene::new();
        for (flow, user) in [(1, "200"), (2, "200"), (3, "201")] {
            let came = scene.authenticated(flow, "REGISTER", user, user, "");
            assert_eq!(came.code(), 200, "{user}");
        }
        scene
    }

    fn send(&mut self, flow: u64, text: &str) -> Vec<Came> {
        self.exchange.handle_input(self.now, Input::Frame(FlowId(flow), text.as_bytes().to_vec()));
        self.came()
    }

    fn came(&mut self) -> Vec<Came> {
        let mut came = Vec::new();
        while let Some(output) = self.exchange.poll_output() {
            match output {
                Output::Transmit(flow, octets) => {
                    came.push(Came(flow, Message::parse(octets).expect("the exchange writes SIP")));
                }
                Output::Dropped(_, reason) => panic!("dropped: {reason}"),
            }
        }
        came
    }

    fn wait(&mut self, millis: u64) -> Vec<Came> {
        self.now = self.now.after(millis);
        self.exchange.handle_input(self.now, Input::Timeout);
        self.came()
    }

    fn request(&mut self, flow: u64, method: &str, from: &str, to: &str, more: &str) -> String {
        self.sequence += 1;
        let n = self.sequence;
        let uri = if method == "REGISTER" { format!("sip:{DOMAIN}") } else { format!("sip:{to}@{DOMAIN}") };
        let contact = if more.contains("Contact:") {
            ""
        } else {
            "Contact: <sip:c{flow}@c{flow}.invalid;transport=ws>\r\n"
        };
        let contact = contact.replace("{flow}", &flow.to_string());
        let from = if from.contains('@') { from.to_owned() } else { format!("{from}@{DOMAIN}") };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/WS c{flow}.invalid;branch=z9hG4bKb{n}\r\nMax-Forwards: 70\r\n\
             From: <sip:{from}>;tag=f{n}\r\nTo: <sip:{to}@{DOMAIN}>\r\nCall-ID: call{n}\r\nCSeq: {n} {method}\r\n\
             {contact}{more}Content-Length: 0\r\n\r\n"
        )
    }

    /// The request, its challenge, and the request again with credentials: the last one's first answer.
    fn authenticated(&mut self, flow: u64, method: &str, from: &str, to: &str, more: &str) -> Vec<Came> {
        let challenge = self.challenge(flow, method, from, to);
        let line = credentials(&challenge, "SHA-256", method, from, to, &format!("secret-{from}"));
        let request = self.request(flow, method, from, to, &format!("{line}{more}"));
        self.send(flow, &request)
    }

    fn challenge(&mut self, flow: u64, method: &str, from: &str, to: &str) -> Message {
        let request = self.request(flow, method, from, to, "");
        let came = self.send(flow, &request);
        assert!([401, 407].contains(&came.code()), "{came:?}");
        came.into_iter().next().expect("a challenge").1
    }

    /// 201 calls 200, and both phones of 200 have the INVITE.
    fn called(&mut self) -> (Message, Vec<Came>) {
        let came = self.authenticated(3, "INVITE", "201", "200", "");
        let codes: Vec<_> = came.iter().map(|Came(flow, message)| (flow.0, name(message))).collect();
        assert_eq!(codes, [(3, "100".to_owned()), (1, "INVITE".to_owned()), (2, "INVITE".to_owned())]);
        let mut came = came.into_iter();
        (came.next().expect("100").1, came.collect())
    }
}

trait First {
    fn code(&self) -> u16;
}

impl First for Vec<Came> {
    fn code(&self) -> u16 {
        self.first().and_then(|Came(_, message)| message.status_code()).map_or(0, StatusCode::code)
    }
}

fn name(message: &Message) -> String {
    message.status_code().map_or_else(|| message.method().as_str().to_owned(), |status| status.to_string())
}

fn names(came: &[Came]) -> Vec<(u64, String)> {
    came.iter().map(|Came(flow, message)| (flow.0, name(message))).collect()
}

fn credentials(
    challenge: &Message,
    algorithm: &str,
    method: &str,
    user: &str,
    to: &str,
    password: &str,
) -> String {
    let (asks, tells) = match method {
        "REGISTER" => ("WWW-Authenticate", "Authorization"),
        _ => ("Proxy-Authenticate", "Proxy-Authorization"),
    };
    let all = challenge.values(asks).map(|value| AuthValue::parse(value).expect("challenge"));
    let one = all.into_iter().find(|value| value.get("algorithm") == Some(algorithm)).expect("algorithm");
    let nonce = one.get("nonce").expect("nonce");
    let uri = if method == "REGISTER" { format!("sip:{DOMAIN}") } else { format!("sip:{to}@{DOMAIN}") };
    let kind = Algorithm::from_name(algorithm).expect("known");
    let secret = RealmHash::from_password(user, DOMAIN, password);
    let input = DigestInput { nonce, nc: "00000001", cnonce: "c", method, uri: &uri, body: None };
    let response = digest::response(kind, secret.of(kind), input);
    format!(
        "{tells}: Digest username=\"{user}\", realm=\"{DOMAIN}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
         algorithm={algorithm}, cnonce=\"c\", qop=auth, nc=00000001\r\n"
    )
}

/// A phone's response to a request it got.
fn response(request: &Message, code: u16, tag: &str) -> String {
    let status = StatusCode::new(code).expect("code");
    let built = ResponseBuilder::new(request, status)
        .to_tag(tag)
        .header("Contact", &format!("<sip:{tag}@x.invalid>"));
    String::from_utf8(built.build().into_octets()).expect("text")
}

#[test]
fn invite_forks_and_the_losers_are_cancelled_with_their_reason() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    for (copy, flow) in copies.iter().zip([1, 2]) {
        assert!(copy.1.header("Record-Route").is_some_and(|value| value.contains(";lr")));
        assert_eq!(copy.1.header("Max-Forwards"), Some("69"));
        assert_eq!(copy.1.header("Proxy-Authorization"), None);
        let came = scene.send(flow, &response(&copy.1, 180, &format!("t{flow}")));
        assert_eq!(names(&came), [(3, "180".to_owned())]);
    }
    let came = scene.send(1, &response(&copies[0].1, 200, "t1"));
    assert_eq!(names(&came), [(3, "200".to_owned()), (2, "CANCEL".to_owned())]);
    assert_eq!(came[1].1.header("Reason"), Some("SIP;cause=200;text=\"Call completed elsewhere\""));
    let came = scene.send(2, &response(&copies[1].1, 487, "t2"));
    assert_eq!(names(&came), [(2, "ACK".to_owned())], "the caller hears nothing of the loser");
    scene.wait(32_000);
    assert_eq!(scene.exchange.pending(), 0);
}

#[test]
fn best_response_goes_back_when_all_have_refused() {
    for (one, other, best) in [(486, 480, 486), (480, 603, 603), (404, 500, 404), (487, 486, 486)] {
        let mut scene = Scene::registered();
        let (_, copies) = scene.called();
        let first = scene.send(1, &response(&copies[0].1, one, "t1"));
        assert!(names(&first).iter().all(|(flow, _)| *flow != 3), "{first:?}");
        let second = scene.send(2, &response(&copies[1].1, other, "t2"));
        let back: Vec<_> = second.iter().filter(|came| came.0 == FlowId(3)).collect();
        assert_eq!(name(&back[0].1), best.to_string());
    }
}

#[test]
fn caller_cancel_reaches_ringing_phones_and_waits_for_silent_ones() {
    let mut scene = Scene::registered();
    let (trying, copies) = scene.called();
    scene.send(1, &response(&copies[0].1, 180, "t1"));
    let n = trying.cseq().number;
    let cancel = format!(
        "CANCEL sip:200@{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/WS c3.invalid;branch=z9hG4bKb{n}\r\nMax-Forwards: 70\r\n\
         From: <sip:201@{DOMAIN}>;tag=f{n}\r\nTo: <sip:200@{DOMAIN}>\r\nCall-ID: call{n}\r\nCSeq: {n} CANCEL\r\n\
         Reason: SIP;cause=487\r\nContent-Length: 0\r\n\r\n"
    );
    let came = scene.send(3, &cancel);
    assert_eq!(names(&came), [(3, "200".to_owned()), (1, "CANCEL".to_owned())]);
    assert_eq!(came[1].1.header("Reason"), Some("SIP;cause=487"));
    let came = scene.send(2, &response(&copies[1].1, 180, "t2"));
    assert_eq!(names(&came), [(2, "CANCEL".to_owned()), (3, "180".to_owned())]);
    scene.send(1, &response(&copies[0].1, 487, "t1"));
    let came = scene.send(2, &response(&copies[1].1, 487, "t2"));
    assert_eq!(names(&came), [(2, "ACK".to_owned()), (3, "487".to_owned())]);
    assert_eq!(scene.send(3, &cancel.replace("z9hG4bK", "z9hG4bKother")).code(), 481);
}

#[test]
fn unreachable_unknown_and_outside_numbers() {
    let mut scene = Scene::registered();
    for (to, expected) in [("999", "404"), ("+34911085460", "100"), ("911085460", "100")] {
        let came = scene.authenticated(3, "INVITE", "201", to, "");
        assert_eq!(name(&came[0].1), expected, "{to}");
    }
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(1)));
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(2)));
    scene.came();
    assert_eq!(scene.authenticated(3, "INVITE", "201", "200", "").code(), 480);
}

#[test]
fn silence_ends_by_timer_b_and_ringing_by_timer_c() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    scene.send(1, &response(&copies[0].1, 180, "t1"));
    assert!(scene.wait(31_999).is_empty());
    assert!(scene.wait(1).is_empty(), "the silent branch is given up, the other rings on");
    assert!(scene.wait(181_000 - 32_000 - 1).is_empty());
    assert_eq!(names(&scene.wait(1)), [(1, "CANCEL".to_owned())]);
    let came = scene.send(1, &response(&copies[0].1, 487, "t1"));
    assert_eq!(names(&came), [(1, "ACK".to_owned()), (3, "408".to_owned())]);
}

#[test]
fn lost_flow_of_the_callee_is_no_answer_of_the_caller_a_cancel() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    scene.send(2, &response(&copies[1].1, 180, "t2"));
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(1)));
    assert!(scene.came().is_empty());
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(3)));
    assert_eq!(names(&scene.came()), [(2, "CANCEL".to_owned())]);

    let mut scene = Scene::registered();
    scene.called();
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(1)));
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(2)));
    assert_eq!(names(&scene.came()), [(3, "480".to_owned())]);
}

#[test]
fn requests_within_a_dialog_follow_the_record_route_both_ways() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    let came = scene.send(1, &response(&copies[0].1, 200, "t1"));
    let ok = &came[0].1;
    let route = ok.header("Record-Route").expect("Record-Route").to_owned();
    let within = |method: &str, from: &str, n: u32, route: &str| {
        format!(
            "{method} sip:unknown@elsewhere.invalid SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bKd{n}\r\nRoute: {route}\r\n\
             From: <sip:{from}@{DOMAIN}>;tag=a\r\nTo: <sip:x@{DOMAIN}>;tag=b\r\nCall-ID: d\r\nCSeq: {n} {method}\r\nContent-Length: 0\r\n\r\n"
        )
    };
    let came = scene.send(3, &within("ACK", "201", 1, &route));
    assert_eq!(names(&came), [(1, "ACK".to_owned())]);
    assert_eq!(came[0].1.header("Route"), None);
    let came = scene.send(1, &within("BYE", "200", 2, &route));
    assert_eq!(names(&came), [(3, "BYE".to_owned())]);
    let came = scene.send(3, &response(&came[0].1, 200, "b"));
    assert_eq!(names(&came), [(1, "200".to_owned())]);
    let forged = route.replace("@", "0@");
    assert_eq!(scene.send(3, &within("BYE", "201", 3, &forged)).code(), 481);
}

#[test]
fn contact_of_a_binding_leads_to_its_new_flow() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    let came = scene.send(1, &response(&copies[0].1, 200, "t1"));
    let route = came[0].1.header("Record-Route").expect("Record-Route").to_owned();
    // 200's phone comes back on flow 4 with the contact it had.
    scene.exchange.handle_input(scene.now, Input::Closed(FlowId(1)));
    scene.exchange.handle_input(scene.now, Input::Opened(FlowId(4), Trust::Challenged));
    let contact = "Contact: <sip:c1@c1.invalid;transport=ws>\r\n";
    assert_eq!(scene.authenticated(4, "REGISTER", "200", "200", contact).code(), 200);
    let bye = format!(
        "BYE sip:c1@c1.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bKe\r\nRoute: {route}\r\n\
         From: <sip:201@{DOMAIN}>;tag=a\r\nTo: <sip:200@{DOMAIN}>;tag=b\r\nCall-ID: d\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(names(&scene.send(3, &bye)), [(4, "BYE".to_owned())]);
}

#[test]
fn strangers_and_spent_requests_are_refused() {
    let mut scene = Scene::registered();
    scene.exchange.handle_input(scene.now, Input::Opened(FlowId(9), Trust::Challenged));
    let within = format!(
        "BYE sip:c1@c1.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bKs\r\nFrom: <sip:a@b>;tag=a\r\n\
         To: <sip:200@{DOMAIN}>;tag=b\r\nCall-ID: s\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n"
    );
    assert_eq!(scene.send(9, &within).code(), 481);
    let options = |host: &str, more: &str, n: u32| {
        format!(
            "OPTIONS sip:{host} SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bKo{n}\r\nFrom: <sip:a@b>;tag=a\r\nTo: <sip:{host}>\r\n\
             Call-ID: o{n}\r\nCSeq: {n} OPTIONS\r\n{more}Content-Length: 0\r\n\r\n"
        )
    };
    for (n, (host, more, code)) in [
        (DOMAIN, "", 200),
        ("localhost", "", 200),
        ("other.example", "", 404),
        (DOMAIN, "Max-Forwards: 0\r\n", 483),
        (DOMAIN, "Max-Forwards: many\r\n", 483),
        (DOMAIN, "Proxy-Require: sec-agree\r\n", 420),
        (DOMAIN, "Route: <sip:other.example;lr>\r\n", 404),
    ]
    .into_iter()
    .enumerate()
    {
        let request = options(host, more, u32::try_from(n).expect("small"));
        assert_eq!(scene.send(9, &request).code(), code, "{host} {more}");
    }
}

#[test]
fn keep_alives_and_rubbish() {
    let mut scene = Scene::new();
    let mut send = |octets: &[u8]| {
        scene.exchange.handle_input(Instant(1), Input::Frame(FlowId(1), octets.to_vec()));
        std::iter::from_fn(|| scene.exchange.poll_output()).collect::<Vec<_>>()
    };
    assert_eq!(send(b"\r\n\r\n"), [Output::Transmit(FlowId(1), b"\r\n".to_vec())]);
    assert!(send(b"\r\n").is_empty());
    assert!(matches!(send(b"GET / HTTP/1.1\r\n\r\n").as_slice(), [Output::Dropped(FlowId(1), _)]));
    assert!(matches!(send(&[0xff; 70_000]).as_slice(), [Output::Dropped(FlowId(1), _)]));
    let without_cseq = b"OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/WS h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:h>\r\nCall-ID: x\r\n\r\n";
    let came = send(without_cseq);
    assert!(
        matches!(came.as_slice(), [Output::Dropped(..), Output::Transmit(_, octets)] if octets.starts_with(b"SIP/2.0 400"))
    );
    // A response to nothing.
    assert!(send(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/WS h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:h>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n").is_empty());
}

#[test]
fn damaged_frames_never_stop_the_exchange() {
    let mut scene = Scene::registered();
    let (_, copies) = scene.called();
    let seeds: Vec<Vec<u8>> = [
        scene.request(1, "INVITE", "200", "201", "Route: <sip:softframe.test;lr>\r\n"),
        scene.request(
            1,
            "REGISTER",
            "200",
            "200",
            "Contact: <sip:a@b>;expires=9, <sip:c@d>;+sip.instance=\"<x>\"\r\n",
        ),
        scene.request(3, "BYE", "201", "200", "Max-Forwards: 7\r\n"),
        response(&copies[0].1, 200, "t1"),
        response(&copies[1].1, 603, "t2"),
    ]
    .into_iter()
    .map(String::into_bytes)
    .collect();
    let mut ids = Ids::new([9; 32]);
    for round in 0..3000 {
        let mut octets = seeds[round % seeds.len()].clone();
        for _ in 0..ids.between(1, 6) {
            if octets.len() < 2 {
                break;
            }
            let at = usize::try_from(ids.between(0, octets.len() as u64 - 1)).expect("small");
            match ids.between(0, 3) {
                0 => {
                    octets[at] = b"\r\n:;,<>@\"\0\xff 9"[usize::try_from(ids.between(0, 12)).expect("small")]
                }
                1 => drop(octets.remove(at)),
                2 => octets.truncate(at.max(1)),
                _ => octets.insert(at, b';'),
            }
        }
        let flow = FlowId(ids.between(1, 3));
        scene.exchange.handle_input(scene.now, Input::Frame(flow, octets));
        while scene.exchange.poll_output().is_some() {}
    }
    scene.wait(400_000);
    assert_eq!(scene.exchange.pending(), 0, "nothing is left of all that");
    assert_eq!(scene.authenticated(1, "REGISTER", "200", "200", "").code(), 200);
}
