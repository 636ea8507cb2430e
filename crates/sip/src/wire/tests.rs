//! Reading single values, writing messages, and the limits.

use super::*;

fn parse(lines: &[&str], body: &str) -> Result<Message, Malformed> {
    Message::parse(format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes())
}

fn invite() -> Message {
    parse(
        &[
            "INVITE sip:201@h SIP/2.0",
            "Via: SIP/2.0/WSS a.invalid;branch=z9hG4bK1 , SIP/2.0/UDP b;branch=z9hG4bK2",
            "v: SIP/2.0/UDP c",
            "f: \"A \\\"B\\\"\" <sip:200@h>;tag=x",
            "t: <sip:201@h>",
            "i: 1",
            "CSeq: 7 INVITE",
            "Route: <sip:p1;lr>, <sip:p2;lr>",
            "Record-Route: <sip:p3;lr>",
            "X-Odd:   kept\tas  it is",
        ],
        "body",
    )
    .expect("valid")
}

#[test]
fn frames_are_pings_pongs_messages_or_malformed() {
    assert_eq!(Frame::read(PING.to_vec()), Frame::Ping);
    assert_eq!(Frame::read(PONG.to_vec()), Frame::Pong);
    assert_eq!(Frame::read(Vec::new()), Frame::Pong);
    assert!(matches!(Frame::read(invite().into_octets()), Frame::Message(_)));
    assert!(matches!(Frame::read(b"GET / HTTP/1.1\r\n\r\n".to_vec()), Frame::Malformed(_)));
}

#[test]
fn uris_read_and_refused() {
    let read = [
        ("sip:john.doe@example.com", Some("john.doe"), "example.com", None),
        ("sips:200@[2001:db8::1]:5061;transport=ws", Some("200"), "[2001:db8::1]", Some(5061)),
        ("sip:200@h;gr=urn:uuid:f81d4fae-7dec", Some("200"), "h", None),
        ("sip:%2397%2a@h", Some("#97*"), "h", None),
        ("sip:#97#@h", Some("#97#"), "h", None),
        ("sip:a:secret@h", Some("a"), "h", None),
        ("SIP:h", None, "h", None),
        ("tel:+34911085460;phone-context=x", Some("+34911085460"), "", None),
        ("urn:service:sos", None, "", None),
    ];
    for (text, user, host, port) in read {
        let uri = Uri::parse(text).expect(text);
        assert_eq!((uri.user().as_deref(), uri.host(), uri.port()), (user, host, port), "{text}");
        assert_eq!(uri.to_string(), text);
    }
    for text in [
        "",
        "201",
        "sip:",
        "sip:@h",
        "sip:a@",
        "sip:a@h:x",
        "sip:a@h:70000",
        "sip:a@2001:db8::1",
        "sip:a@b c",
        "sip:a\u{85}@b",
        "sip:a@b;",
        "<sip:a@b>",
        "tel:",
    ] {
        assert!(Uri::parse(text).is_err(), "{text}");
    }
}

#[test]
fn uris_written_with_escapes() {
    assert_eq!(Uri::sip(Some("#97@ "), "h").as_str(), "sip:%2397%40%20@h");
    let refer = Uri::sip(Some("201"), "h").with_header("Replaces", "a@b;to-tag=1;from-tag=2");
    assert_eq!(refer.as_str(), "sip:201@h?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2");
    assert_eq!(refer.headers().next().map(|(_, value)| value).as_deref(), Some("a@b;to-tag=1;from-tag=2"));
    assert_eq!(refer.without_headers().as_str(), "sip:201@h");
    assert_eq!(Uri::sip(Some(""), "h").as_str(), "sip:h", "an empty user part is none");
}

#[test]
fn what_is_set_in_a_uri_stands_where_it_belongs_and_the_rest_stays_as_it_came() {
    let uri = |text: &str| Uri::parse(text).expect("valid");
    let held = uri("SIP:a:secret@[::1]:05060;x=1;lr?y=z");
    assert_eq!(held.password(), Some("secret"));
    let changed = held.with_param("X", Some("2")).with_param("ob", None).with_header("q", "&");
    assert_eq!(changed.as_str(), "SIP:a:secret@[::1]:05060;X=2;lr;ob?y=z&q=%26");
    assert_eq!(changed.without_headers().as_str(), "SIP:a:secret@[::1]:05060;X=2;lr;ob");
    assert_eq!(uri("tel:+34").with_param("phone-context", Some("x")).as_str(), "tel:+34;phone-context=x");
    assert_eq!(uri("urn:a:b").with_param("x", None).with_header("y", "z").as_str(), "urn:a:b");
    assert_eq!(Uri::sip(Some("200"), "h").with_param("ob", None), uri("sip:200@h;ob"));
}

#[test]
fn parameters_are_replaced_in_their_place_added_at_the_end_or_taken_away() {
    let mut params = Params::parse("; a = 1;b;c=\"\\\"x;\" ").expect("valid");
    assert_eq!(params.iter().collect::<Vec<_>>(), [("a", Some("1")), ("b", None), ("c", Some("\"x;"))]);
    params.set("B", Some("two words"));
    params.set("d", None);
    assert_eq!(params.to_string(), ";a=1;B=\"two words\";c=\"\\\"x;\";d");
    params.remove("C");
    params.remove("A");
    assert_eq!((params.to_string().as_str(), params.get("c")), (";B=\"two words\";d", None));
}

/// The search that takes eight octets at a time finds what one that takes each finds.
#[test]
fn octet_is_found_wherever_it_stands() {
    let octets: Vec<u8> = (0..=255).chain(0..=40).collect();
    for wanted in 0..=255 {
        for start in [0, 1, 7, 8, 200, 270, 290] {
            let rest = octets.get(start..).expect("a start within");
            let each = rest.iter().position(|&octet| octet == wanted);
            assert_eq!(text::position(rest, wanted), each, "{wanted} from {start}");
        }
    }
}

#[test]
fn separators_count_outside_of_quotes_and_brackets_only() {
    for (text, values) in [
        ("a,b , ,c", &["a", "b", "c"][..]),
        ("\"a,\\\",b\" <c,d>,e", &["\"a,\\\",b\" <c,d>", "e"]),
        ("<a\",b>,c", &["<a\",b>", "c"]),
        ("\"a,b", &["\"a,b"]),
        ("<a,b", &["<a,b"]),
        ("a>,b", &["a>", "b"]),
    ] {
        assert_eq!(split_list(text).collect::<Vec<_>>(), values, "{text}");
    }
}

#[test]
fn addresses_read_and_refused() {
    let read = [
        ("\"<a>\" <sip:b@h>", "<a>", "sip:b@h", None),
        ("\"x, \\\"y\\\"\" <sip:a@b> ;tag=1", "x, \"y\"", "sip:a@b", Some("1")),
        ("sip:a@b;tag=1", "", "sip:a@b", Some("1")),
        ("Anna Lopez <sip:a@b;x=y>;tag=1", "Anna Lopez", "sip:a@b;x=y", Some("1")),
        ("<tel:+34>", "", "tel:+34", None),
        ("Jos\u{e9}<sip:a@b>", "Jos\u{e9}", "sip:a@b", None),
    ];
    for (text, display, uri, tag) in read {
        let address = NameAddr::parse(text).expect(text);
        assert_eq!(
            (address.display.as_str(), address.uri.as_str(), address.tag()),
            (display, uri, tag),
            "{text}"
        );
        assert_eq!(NameAddr::parse(&address.to_string()).as_ref(), Ok(&address));
    }
    for text in ["\"abc <sip:a@b>", "abc\" <sip:a@b>", "<sip:a@b", "sip:a@b?x=y", "", "<>", "<sip:a@b>x", "*"]
    {
        assert!(NameAddr::parse(text).is_err(), "{text}");
    }
    let contact = NameAddr::parse("<sip:a@b>;+sip.instance=\"<urn:uuid:1>\";reg-id=1").expect("contact");
    assert_eq!(contact.params.get("+SIP.instance"), Some("<urn:uuid:1>"));
    assert_eq!(contact.to_string(), "<sip:a@b>;+sip.instance=\"<urn:uuid:1>\";reg-id=1");
}

/// A control is written as a space, which would end the parameter, and a bracket would take in all that follows: the ACK of
/// such a call could not be read, or had no tag.
#[test]
fn parameters_with_controls_of_any_kind_or_brackets_are_refused() {
    for control in ['\0', '\u{7f}', '\u{85}', '\u{8f}', '<', '>'] {
        for params in [format!("a{control}b"), format!("a=b{control}c")] {
            let text = format!("<sip:200@a.test>;{params};tag=1");
            assert!(NameAddr::parse(&text).is_err(), "{text:?}");
        }
    }
    let beyond_ascii = NameAddr::parse("<sip:200@a.test>;é=ñ;tag=1").unwrap();
    assert_eq!(beyond_ascii.to_string(), "<sip:200@a.test>;é=ñ;tag=1");
}

#[test]
fn vias_and_challenges_read() {
    let via = Via::parse("SIP / 2.0 / WS  127.0.0.1:8188 ;rport=5 ; branch=z9").expect("via");
    assert_eq!(
        (via.transport.as_str(), via.sent_by(), via.branch()),
        ("WS", "127.0.0.1:8188".to_owned(), "z9")
    );
    assert!(Via::parse("SIP/2.0/WS ;branch=z").is_err());
    let challenge = AuthValue::parse(
        "Digest realm = \"a \\\"b\\\", c\",nonce=\"n\" , qop=\"auth,auth-int\",algorithm=SHA-256,stale=TRUE",
    );
    let challenge = challenge.expect("challenge");
    let got =
        ["realm", "NONCE", "qop", "algorithm", "stale"].map(|name| challenge.get(name).unwrap_or_default());
    assert_eq!(got, ["a \"b\", c", "n", "auth,auth-int", "SHA-256", "TRUE"]);
    assert_eq!(sipfrag_status(b"SIP/2.0 486 Busy Here\r\nX: y").map(|(status, _)| status.code()), Some(486));
    assert_eq!(sipfrag_status(b"hello"), None);
}

#[test]
fn names_are_compact_or_long_in_any_case_and_lists_span_lines() {
    let message = invite();
    assert_eq!(message.header("VIA"), message.header("v"));
    assert_eq!(message.list("Via").count(), 3);
    assert_eq!(message.from().display, "A \"B\"");
    assert_eq!(message.header("x-odd"), Some("kept\tas  it is"));
    assert_eq!(message.body(), b"body");
}

#[test]
fn edit_leaves_untouched_lines_octet_for_octet() {
    let edit = invite().edit();
    let forwarded = edit
        .push_via(Via::new("WS", "p", "z9hG4bKp"))
        .remove_first("Route")
        .add_first("Record-Route", "<sip:p;lr>");
    let forwarded = forwarded.uri(Uri::sip(Some("x"), "y")).set("Max-Forwards", "69").finish();
    let text = String::from_utf8(forwarded.octets().to_vec()).expect("text");
    let expected = "INVITE sip:x@y SIP/2.0\r\n\
        Via: SIP/2.0/WS p;branch=z9hG4bKp\r\n\
        Via: SIP/2.0/WSS a.invalid;branch=z9hG4bK1 , SIP/2.0/UDP b;branch=z9hG4bK2\r\n\
        v: SIP/2.0/UDP c\r\n\
        f: \"A \\\"B\\\"\" <sip:200@h>;tag=x\r\n\
        t: <sip:201@h>\r\ni: 1\r\nCSeq: 7 INVITE\r\n\
        Route: <sip:p2;lr>\r\n\
        Record-Route: <sip:p;lr>\r\nRecord-Route: <sip:p3;lr>\r\n\
        X-Odd:   kept\tas  it is\r\nMax-Forwards: 69\r\n\r\nbody";
    assert_eq!(text, expected);
    assert_eq!(Message::parse(text.into_bytes()).as_ref(), Ok(&forwarded));
}

#[test]
fn edit_pops_vias_until_none_is_left() {
    let edit = invite().edit().pop_via().expect("second");
    assert_eq!(edit.clone().finish().via().sent_by(), "b");
    let edit = edit.pop_via().expect("third");
    assert_eq!(edit.clone().finish().via().sent_by(), "c");
    assert!(edit.pop_via().is_none());
}

#[test]
fn response_copies_what_it_must_and_adds_a_tag_once() {
    let response = ResponseBuilder::new(&invite(), StatusCode::RINGING).to_tag("me").build();
    let text = String::from_utf8(response.octets().to_vec()).expect("text");
    let expected = "SIP/2.0 180 Ringing\r\n\
        Via: SIP/2.0/WSS a.invalid;branch=z9hG4bK1 , SIP/2.0/UDP b;branch=z9hG4bK2\r\n\
        v: SIP/2.0/UDP c\r\nf: \"A \\\"B\\\"\" <sip:200@h>;tag=x\r\nt: <sip:201@h>;tag=me\r\n\
        i: 1\r\nCSeq: 7 INVITE\r\nRecord-Route: <sip:p3;lr>\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(text, expected);
    assert_eq!(Message::parse(text.into_bytes()).as_ref(), Ok(&response));
    let again = ResponseBuilder::new(&invite(), StatusCode::BUSY_HERE)
        .to_tag("a")
        .to_tag("b")
        .phrase("Not\r\nnow")
        .build();
    assert_eq!(
        (again.to().tag(), again.status(), again.header("Record-Route")),
        (Some("a"), Some((486, "Not  now")), None)
    );
}

#[test]
fn tag_is_added_to_whatever_octets_came() {
    for to in ["\"A\u{1}\u{85}\" <sip:201@h>;x=\"y\tz\"", "<sip:201@h>\r\n ;x", "sip:201@h \t"] {
        let text = String::from_utf8(invite().into_octets()).expect("text");
        let request = text.replace("t: <sip:201@h>", &format!("t: {to}"));
        let request = Message::parse(request.into_bytes()).expect("a request");
        let response = ResponseBuilder::new(&request, StatusCode::OK).to_tag("mine").build();
        let wanted = format!("\r\nt: {};tag=mine\r\n", to.trim_end());
        assert!(String::from_utf8_lossy(response.octets()).contains(&wanted), "{response:?}");
        let read = Message::parse(response.into_octets()).expect("a response");
        assert_eq!((read.to().tag(), &read.to().uri), (Some("mine"), &request.to().uri));
    }
}

#[test]
fn tag_without_a_value_gives_way_to_ours() {
    for to in ["<sip:201@h>;tag", "<sip:201@h>;tag=\"\";x=y", "\"A\" <sip:201@h>;x=y;TAG=", "sip:201@h;tag"] {
        let text = String::from_utf8(invite().into_octets()).expect("text");
        let request = Message::parse(text.replace("t: <sip:201@h>", &format!("t: {to}")).into_bytes());
        let response =
            ResponseBuilder::new(&request.expect("a request"), StatusCode::OK).to_tag("mine").build();
        let read = Message::parse(response.octets().to_vec()).expect("a response");
        assert_eq!((read.to().tag(), read.to()), (Some("mine"), response.to()), "{to}");
        let tags = read.to().params.iter().filter(|(name, _)| name.eq_ignore_ascii_case("tag"));
        assert_eq!((tags.count(), read.to().params.get("x").is_some()), (1, to.contains("x=y")), "{to}");
    }
}

#[test]
fn time_of_the_sender_stands_in_the_first_answer_and_in_no_other() {
    let request = invite().edit().add("Timestamp", "54 0.5").finish();
    for (status, expected) in [(StatusCode::TRYING, Some("54 0.5")), (StatusCode::RINGING, None)] {
        assert_eq!(ResponseBuilder::new(&request, status).build().header("Timestamp"), expected, "{status}");
    }
}

#[test]
fn headers_of_an_address_never_stand_in_a_start_line() {
    let target = || Uri::parse("sip:201@h;x=y?Replaces=a&X-B=c").expect("a URI");
    let via = Via::new("WSS", "a.invalid", "z9hG4bK1");
    let address = NameAddr::new(Uri::sip(Some("200"), "h"));
    let fresh = RequestBuilder::new(Method::Invite, target(), via, address.clone(), address, "1", 1).build();
    for request in [fresh, invite().edit().uri(target()).finish()] {
        assert!(request.octets().starts_with(b"INVITE sip:201@h;x=y SIP/2.0\r\n"), "{request:?}");
    }
}

#[test]
fn numbers_of_requests_end_below_the_thirty_second_bit_and_names_of_calls_have_no_blanks() {
    let text = String::from_utf8(invite().into_octets()).expect("text");
    for (line, other, defect) in [
        ("CSeq: 7", "CSeq: 2147483647", None),
        ("CSeq: 7", "CSeq: 2147483648", Some(Defect::Header("CSeq"))),
        ("i: 1\r", "i: a@b\r", None),
        ("i: 1\r", "i: a b\r", Some(Defect::Header("Call-ID"))),
        ("i: 1\r", "i: a\tb\r", Some(Defect::Header("Call-ID"))),
        ("i: 1\r", "i: \r", Some(Defect::Header("Call-ID"))),
    ] {
        assert!(text.contains(line), "{line}");
        let read = Message::parse(text.replace(line, other).into_bytes());
        assert_eq!(read.err().map(|malformed| malformed.defect), defect, "{other}");
    }
}

#[test]
fn header_injection_is_impossible() {
    let message =
        invite().edit().set("X-A", "1\r\nX-B: 2").set("X-C\r\nX-D", "3").add("To", "<sip:evil@h>").finish();
    assert_eq!((message.header("X-A"), message.header("X-B")), (Some("1  X-B: 2"), None));
    assert_eq!((message.header("X-D"), message.values("To").count()), (None, 1));
}

#[test]
fn carriage_return_inside_of_a_value_is_white_space() {
    let text = String::from_utf8(invite().into_octets()).expect("text");
    let text = text.replace("CSeq:", "X-A: a\rVia: b\r\nX-B: c\r\r\n d\r\nCSeq:");
    let message = Message::parse(text.into_bytes()).expect("a message");
    assert_eq!((message.header("X-A"), message.header("X-B")), (Some("a Via: b"), Some("c d")));
}

#[test]
fn first_line_that_continues_nothing_is_no_header() {
    let text = String::from_utf8(invite().into_octets()).expect("text");
    let folded = text.replacen("\r\n", "\r\n X-A: b\r\n", 1);
    let message = Message::parse(folded.into_bytes()).expect("a message");
    assert_eq!(message.header("X-A"), None);
    let passed_on = message.edit().push_via(Via::new("WSS", "p", "z9hG4bKp")).finish();
    let passed_on = Message::parse(passed_on.into_octets()).expect("a message");
    assert_eq!((passed_on.via().host.as_str(), passed_on.list("Via").count()), ("p", 4));
    assert!(
        Message::parse(text.replacen("\r\nVia", "\r\n Via", 1).into_bytes())
            .is_ok_and(|read| read.via().host == "c")
    );
}

#[test]
fn limits_are_exact() {
    let fits = |octets: usize| Message::parse(vec![b'x'; octets]).map_err(|malformed| malformed.defect);
    assert_eq!(fits(MAX_MESSAGE_OCTETS), Err(Defect::StartLine));
    assert_eq!(fits(MAX_MESSAGE_OCTETS + 1), Err(Defect::TooLarge));
    let head = [
        "OPTIONS sip:a SIP/2.0",
        "Via: SIP/2.0/WS a",
        "From: <sip:a>;tag=1",
        "To: <sip:a>",
        "Call-ID: 1",
        "CSeq: 1 OPTIONS",
    ];
    let with = |lines: &[String], body: &str| {
        let lines: Vec<&str> = head.into_iter().chain(lines.iter().map(String::as_str)).collect();
        parse(&lines, body).map(|_| ()).map_err(|malformed| malformed.defect)
    };
    let many = |count: usize| vec!["X: y".to_owned(); count];
    assert_eq!(with(&many(MAX_HEADERS - 5), ""), Ok(()));
    assert_eq!(with(&many(MAX_HEADERS - 4), ""), Err(Defect::TooLarge));
    let long = |octets: usize| vec![format!("X: {}", "y".repeat(octets - 3))];
    assert_eq!(with(&long(MAX_HEADER_OCTETS), ""), Ok(()));
    assert_eq!(with(&long(MAX_HEADER_OCTETS + 1), ""), Err(Defect::TooLarge));
    let hops = |count: usize| vec![format!("Route: {}", vec!["<sip:p>"; count].join(","))];
    assert_eq!(with(&hops(MAX_HOPS), ""), Ok(()));
    assert_eq!(with(&hops(MAX_HOPS + 1), ""), Err(Defect::TooLarge));
    assert_eq!(with(&[], &"b".repeat(MAX_BODY_OCTETS)), Ok(()));
    assert_eq!(with(&[], &"b".repeat(MAX_BODY_OCTETS + 1)), Err(Defect::TooLarge));
}

#[test]
fn message_becomes_one_of_rsip_and_comes_back_octet_for_octet() {
    use rsip::prelude::{HeadersExt, UntypedHeader};
    let ours = parse(
        &[
            "INVITE sip:201@example.com SIP/2.0",
            "Via: SIP/2.0/WSS a.invalid;branch=z9hG4bK1",
            "From: <sip:200@example.com>;tag=x",
            "To: <sip:201@example.com>",
            "Call-ID: 1",
            "CSeq: 7 INVITE",
        ],
        "body",
    )
    .expect("valid");
    let theirs = rsip::SipMessage::try_from(&ours).expect("representable");
    let rsip::SipMessage::Request(request) = &theirs else { panic!("a request") };
    assert_eq!(Method::from(request.method), *ours.method());
    assert_eq!(request.uri.to_string(), ours.uri().expect("request").to_string());
    assert_eq!(request.call_id_header().expect("Call-ID").value(), ours.call_id());
    assert_eq!(Message::try_from(&theirs).as_ref(), Ok(&ours), "and back, octet for octet");
    let status: rsip::StatusCode = StatusCode::PROXY_AUTHENTICATION_REQUIRED.into();
    assert_eq!(StatusCode::try_from(status).map(StatusCode::phrase), Ok("Proxy Authentication Required"));
}

/// Reads each header as all that it could be, and writes the message again.
fn touch_everything(message: &Message) {
    for (_, value) in message.headers() {
        let _ = (Replaces::parse(value), TargetDialog::parse(value), Warning::parse(value));
        let _ = (EventType::parse(value), SubscriptionState::parse(value), Reason::parse(value));
        let _ = (UserToUser::parse(value), SessionExpires::parse(value), RAck::parse(value));
        let _ = (AuthValue::parse(value), Uri::parse(value), NameAddr::parse(value), unescape(value));
    }
    for name in ["Via", "Route", "Record-Route", "Contact"] {
        let _ = (message.number(name), message.list(name).count(), message.addresses(name).count());
    }
    let _ = message.edit().set("X-Touched", "yes").finish();
}

#[test]
fn description_is_found_among_several_parts_and_anything_else_stays_as_it_came() {
    let message = |kind: &str, body: &str| {
        let kind = format!("Content-Type: {kind}");
        let lines = ["INVITE sip:a@b SIP/2.0", "v: SIP/2.0/WS a;branch=z9hG4bK1", "f: <sip:a@b>;tag=1"];
        let more = ["t: <sip:a@b>", "i: 1", "CSeq: 1 INVITE", &kind];
        parse(&[&lines[..], &more[..]].concat(), body).expect("valid")
    };
    let isup = "Content-Type: application/isup;version=x\r\nContent-Disposition: signal\r\n\r\n\x01\x02";
    let sdp = "content-type : application/SDP ; x=y\r\n\r\nv=0\r\ns=-\r\n";
    let mixed = |parts: &[&str]| {
        let parts: String = parts.iter().map(|part| format!("\r\n--b-1\r\n{part}")).collect();
        format!("preamble{parts}\r\n--b-1--\r\n")
    };
    for (kind, body) in [
        ("multipart/mixed;boundary=b-1", mixed(&[isup, sdp])),
        ("Multipart/Alternative ; charset=x; boundary=\"b-1\"", mixed(&[sdp, isup])),
        ("multipart/mixed;boundary=b-1", mixed(&[sdp]).split_off("preamble\r\n".len())),
        ("multipart/mixed;boundary=b-1", mixed(&[sdp.trim_end()])),
    ] {
        let alone = message(kind, &body).with_description_alone();
        assert_eq!(alone.body(), b"v=0\r\ns=-\r\n", "{kind} {body}");
        assert_eq!(alone.content_type(), "application/sdp");
        assert_eq!(alone.number("Content-Length"), Some(10));
    }
    for (kind, body) in [
        ("application/sdp", "v=0\r\n".to_owned()),
        ("multipart/mixed;boundary=b-1", mixed(&[isup])),
        ("multipart/mixed;boundary=b-1", mixed(&[isup; 9]) + &mixed(&[sdp])),
        ("multipart/mixed;boundary=other", mixed(&[sdp])),
        ("multipart/mixed;boundary=", mixed(&[sdp])),
        ("multipart/mixed", mixed(&[sdp])),
        ("multipart/mixed;boundary=b-1", mixed(&[sdp]).replace("--b-1--", "")),
        ("text/plain;boundary=b-1", mixed(&[sdp])),
    ] {
        let before = message(kind, &body);
        assert_eq!(before.clone().with_description_alone().octets(), before.octets(), "{kind} {body}");
    }
}

#[test]
fn work_grows_with_the_message_and_not_with_its_square() {
    let head = "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n\
                Call-ID: 1\r\nCSeq: 1 INVITE\r\n";
    // Four times as often each is still within the limits of a message.
    let patterns = [
        ("X: <\r\n", 48),
        ("X: \"\r\n", 48),
        ("X\r\n", 500),
        ("\r\n ", 600),
        ("Via: a\r\n", 15),
        ("Record-Route: <sip:p,\r\n", 15),
        ("Contact: <sip:a@b>,<\r\n", 48),
        ("Privacy: ;;,\r\n", 48),
        ("Reason: SIP;cause=\"\r\n", 48),
        ("User-to-User: 00\r\n", 48),
        ("00", 1_000),
        (" 1", 1_000),
        (";", 2_000),
        (";a", 1_000),
        (",", 2_000),
        ("<", 2_000),
        ("\"", 2_000),
        ("%41", 600),
        (";a=\"\\\"\"", 280),
        ("\"<sip:a@b>;", 180),
    ];
    for (pattern, times) in patterns {
        let work = |times: usize| {
            let text = format!("{head}Route: {}\r\n\r\n", pattern.repeat(times));
            let work = work::of(|| match Frame::read(text.clone().into_bytes()) {
                Frame::Message(message) => touch_everything(&message),
                other => panic!("{pattern:?} is no message: {other:?}"),
            });
            assert!(work > text.len(), "{pattern:?}: not everything is counted");
            work
        };
        // What a message costs in any case is in both.
        let (short, long) = (work(times), work(4 * times));
        assert!(long <= 4 * short, "{pattern:?}: {short} and {long}");
    }
}
