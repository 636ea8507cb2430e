//! One row for each (state, event) of RFC 3261 figures 5 to 8 and RFC 6026 figures 5 and 7, over a reliable transport.

use super::*;
use crate::{
    Instant,
    wire::{NameAddr, RequestBuilder, ResponseBuilder, StatusCode, Uri, Via},
};

fn request(method: Method) -> Message {
    let address = |user: &str| NameAddr::new(Uri::sip(Some(user), "h"));
    let via = Via::new("WSS", "a.invalid", "z9hG4bK1");
    let builder = RequestBuilder::new(
        method,
        Uri::sip(Some("b"), "h"),
        via,
        address("a").with_tag("1"),
        address("b"),
        "c",
        7,
    );
    builder.header("Route", "<sip:p;lr>").header("X-Own", "1").body("application/sdp", b"v=0").build()
}

fn response(method: Method, code: u16) -> Message {
    let status = StatusCode::new(code).expect("code");
    ResponseBuilder::new(&request(method), status).to_tag("2").build()
}

/// Feeds codes to a client transaction and names what became of each: `.` ignored, `P` passed, `A` passed with an ACK.
fn client(method: Method, codes: &[u16]) -> (String, ClientTransaction) {
    let mut transaction = ClientTransaction::new(Instant(0), request(method.clone()));
    let actions = codes.iter().map(|&code| {
        match transaction.handle_response(Instant(1_000), &response(method.clone(), code)) {
            ClientAction::Pass => 'P',
            ClientAction::PassAndAcknowledge(_) => 'A',
            ClientAction::Ignore => '.',
        }
    });
    (actions.collect(), transaction)
}

#[test]
fn client_transactions_by_state_and_event() {
    let table: &[(Method, &[u16], &str, Option<u64>)] = &[
        // method, responses at 1,000 ms, what became of them, the deadline left
        (Method::Invite, &[], "", Some(32_000)),
        (Method::Invite, &[100], "P", None),
        (Method::Invite, &[100, 180, 183], "PPP", None),
        (Method::Invite, &[200], "P", Some(33_000)),
        (Method::Invite, &[180, 200, 200, 180, 486], "PPP..", Some(33_000)),
        (Method::Invite, &[486], "A", None),
        (Method::Invite, &[180, 302, 486, 200, 100], "PA...", None),
        (Method::Options, &[], "", Some(32_000)),
        (Method::Options, &[100], "P", Some(32_000)),
        (Method::Options, &[100, 100], "PP", Some(32_000)),
        (Method::Options, &[200, 200], "P.", None),
        (Method::Options, &[100, 404, 200], "PP.", None),
    ];
    for (method, codes, actions, deadline) in table {
        let (got, transaction) = client(method.clone(), codes);
        assert_eq!(
            (got.as_str(), transaction.poll_timeout()),
            (*actions, deadline.map(Instant)),
            "{method} {codes:?}"
        );
    }
}

#[test]
fn client_timers_fire_at_their_time_and_not_before() {
    let table: &[(Method, &[u16], u64, Option<TimedOut>)] = &[
        (Method::Invite, &[], 32_000, Some(TimedOut)),
        (Method::Invite, &[200], 33_000, None),
        (Method::Bye, &[], 32_000, Some(TimedOut)),
        (Method::Bye, &[100], 32_000, Some(TimedOut)),
    ];
    for (method, codes, at, outcome) in table {
        let (_, mut transaction) = client(method.clone(), codes);
        assert_eq!(transaction.handle_timeout(Instant(at - 1)), None, "{method} {codes:?} before");
        assert!(!transaction.is_terminated(), "{method} {codes:?} before");
        assert_eq!(transaction.handle_timeout(Instant(*at)), *outcome, "{method} {codes:?} at");
        assert!(transaction.is_terminated(), "{method} {codes:?} at");
    }
    let (_, mut ringing) = client(Method::Invite, &[180]);
    assert_eq!(ringing.handle_timeout(Instant(10_000_000)), None, "an INVITE may ring for ever");
    assert!(ringing.is_proceeding());
}

#[test]
fn failed_invite_is_acknowledged_in_its_own_transaction() {
    let mut transaction = ClientTransaction::new(Instant(0), request(Method::Invite));
    let action = transaction.handle_response(Instant(1), &response(Method::Invite, 486));
    let ClientAction::PassAndAcknowledge(ack) = action else { panic!("{action:?}") };
    let text = String::from_utf8(ack.octets().to_vec()).expect("text");
    let expected = "ACK sip:b@h SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
        From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 7 ACK\r\nRoute: <sip:p;lr>\r\n\
        Content-Length: 0\r\n\r\n";
    assert_eq!(text, expected);
    assert_eq!(TransactionKey::of(&ack), transaction.key());
    let cancel = request(Method::Invite).to_cancel();
    assert_eq!(TransactionKey::cancelled_by(&cancel), transaction.key());
    assert_ne!(TransactionKey::of(&cancel), transaction.key());
    assert_eq!((cancel.cseq().to_string().as_str(), cancel.to().tag()), ("7 CANCEL", None));
}

/// Events of a server transaction: a code is a response of ours, 0 the request again, 1 the ACK. Named are: `s` sent,
/// `x` not to be sent, `r` repeated, `a` acknowledged, `.` ignored.
fn server(method: Method, events: &[u16]) -> (String, ServerTransaction) {
    let mut transaction = ServerTransaction::new(request(method.clone()));
    let ack = request(Method::Invite).to_ack(&response(Method::Invite, 486));
    let again = request(method.clone());
    let names = events.iter().map(|&event| match event {
        0 | 1 => match transaction.handle_request(Instant(1_000), if event == 0 { &again } else { &ack }) {
            ServerAction::Repeat(_) => 'r',
            ServerAction::Acknowledged => 'a',
            ServerAction::Ignore => '.',
        },
        code if transaction.respond(Instant(1_000), &response(method.clone(), code)) => 's',
        _ => 'x',
    });
    (names.collect(), transaction)
}

#[test]
fn server_transactions_by_state_and_event() {
    let table: &[(Method, &[u16], &str, Option<u64>)] = &[
        (Method::Invite, &[0, 1], "..", None),
        (Method::Invite, &[100, 0, 180, 0, 1], "srsr.", None),
        (Method::Invite, &[180, 200, 0, 1, 200, 180, 486], "ss..sxx", Some(33_000)),
        (Method::Invite, &[486, 0, 200, 180, 486], "srxxx", Some(33_000)),
        (Method::Invite, &[486, 1, 0, 1, 486, 200], "sa..xx", Some(6_000)),
        (Method::Info, &[0, 100, 0], ".sr", None),
        (Method::Info, &[200, 0, 200], "s.x", None),
        (Method::Info, &[100, 481, 0], "ss.", None),
    ];
    for (method, events, names, deadline) in table {
        let (got, transaction) = server(method.clone(), events);
        assert_eq!(
            (got.as_str(), transaction.poll_timeout()),
            (*names, deadline.map(Instant)),
            "{method} {events:?}"
        );
    }
}

#[test]
fn server_timers_fire_at_their_time_and_not_before() {
    let table: &[(&[u16], u64, Option<TimedOut>)] =
        &[(&[486], 33_000, Some(TimedOut)), (&[200], 33_000, None), (&[486, 1], 6_000, None)];
    for (events, at, outcome) in table {
        let (_, mut transaction) = server(Method::Invite, events);
        assert_eq!(transaction.handle_timeout(Instant(at - 1)), None);
        assert!(!transaction.is_terminated(), "{events:?} before");
        assert_eq!(transaction.handle_timeout(Instant(*at)), *outcome);
        assert!(transaction.is_terminated(), "{events:?} at");
    }
}

#[test]
fn keys_are_told_apart_by_who_sent_them_and_without_a_cookie_by_call_id_and_number_too() {
    let from = |host: &str, call_id: &str, branch: &str| {
        let via = Via::new("UDP", host, branch);
        let address = NameAddr::new(Uri::sip(None, "h"));
        RequestBuilder::new(Method::Options, Uri::sip(None, "h"), via, address.clone(), address, call_id, 1)
            .build()
    };
    let odd = |call_id: &str, branch: &str| from("H", call_id, branch);
    assert_ne!(TransactionKey::of(&odd("1", "x")), TransactionKey::of(&odd("2", "x")));
    assert_ne!(TransactionKey::of(&odd("1", "z9hG4bK")), TransactionKey::of(&odd("2", "z9hG4bK")));
    assert_eq!(TransactionKey::of(&odd("1", "z9hG4bKx")), TransactionKey::of(&odd("2", "z9hG4bKx")));
    // Another host may have thought of the same branch (RFC 3261 §17.2.3).
    let other = from("other", "1", "z9hG4bKx");
    assert_ne!(TransactionKey::of(&odd("1", "z9hG4bKx")), TransactionKey::of(&other));
}
