//! 3xx to our INVITE (RFC 3261 §8.1.3.4): which addresses are asked about, in which order, and how it ends.

use super::world::World;
use softframe_sip::{
    Command, Event, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

const CALL: SessionId = SessionId(1);

/// Lets the phone call 300, whose answers the test gives.
fn calling() -> World {
    let mut world = World::registered(&["200"]);
    world.proxy.bindings.clear();
    world.proxy.swallow = true;
    world.call(0, "300");
    world.run(20);
    world.told(0);
    world
}

/// Answers the INVITE that is in the air; it is returned.
fn respond(world: &mut World, code: u16, contacts: &[&str]) -> Message {
    let at = world.proxy.heard.iter().position(|heard| heard.octets().starts_with(b"INVITE"));
    let invite = world.proxy.heard.remove(at.expect("an INVITE"));
    let builder =
        ResponseBuilder::new(&invite, StatusCode::new(code).expect("a status")).to_tag(&code.to_string());
    let builder = contacts.iter().fold(builder, |builder, contact| builder.header("Contact", contact));
    world.send_to_phone(0, builder.build().into_octets());
    world.run(20);
    invite
}

fn onward(world: &mut World, target: Option<&str>) {
    world.command(
        0,
        Command::Redirect {
            session: CALL,
            target: target.map(str::to_owned),
            offer: None,
            without: Vec::new(),
        },
    );
    world.run(20);
}

#[test]
fn addresses_named_again_take_no_room_from_others_and_count_by_their_best_q() {
    let mut world = calling();
    let again = ["<sip:301@a>;q=0.3"; 9].join(", ");
    respond(&mut world, 302, &[&again, "<sip:301@a>;q=0.9, <sip:302@a>;q=0.5, <sip:303@a>;q=0.1"]);
    for target in ["301", "302", "303"] {
        assert_eq!(world.told(0), [format!("redirected to sip:{target}@a")]);
        onward(&mut world, None);
    }
    assert_eq!(world.told(0), ["terminated remote 302"]);
}

#[test]
fn addresses_are_asked_about_by_their_q_and_each_gets_the_same_invite() {
    let mut world = calling();
    let first = respond(
        &mut world,
        302,
        &[
            "<sip:301@a>;q=0.2, <tel:+1>;q=0.9, <mailto:x@y>",
            "<sip:302@a?Replaces=1&Subject=x>;q=0.7",
            "<sip:303@a>;q=0.7",
            "<",
        ],
    );
    assert_eq!(world.told(0), ["redirected to sip:302@a"]);
    onward(&mut world, Some("302"));
    let second = respond(&mut world, 486, &[]);
    assert_eq!(second.uri().map(ToString::to_string).as_deref(), Some("sip:302@sip.test"));
    assert_eq!(
        (second.call_id(), second.from().tag(), second.to()),
        (first.call_id(), first.from().tag(), first.to())
    );
    assert_eq!((second.cseq().number, second.body()), (first.cseq().number + 1, first.body()));
    assert_ne!(second.via().branch(), first.via().branch());
    assert_eq!(world.told(0), ["redirected to sip:303@a"]);
    onward(&mut world, None);
    assert_eq!(world.told(0), ["redirected to sip:301@a"], "passed over");
    onward(&mut world, Some("sip:301@a"));
    let third = respond(&mut world, 180, &["<sip:301@c>"]);
    world.proxy.heard.push(third);
    respond(&mut world, 200, &["<sip:301@c>"]);
    assert_eq!(world.told(0), ["progress 180", "accepted "]);
}

#[test]
fn redirection_that_nobody_follows_ends_with_its_own_status() {
    let mut world = calling();
    respond(&mut world, 302, &["<sip:301@a>"]);
    onward(&mut world, None);
    assert_eq!(world.told(0), ["redirected to sip:301@a", "terminated remote 302"]);
    for contacts in [&[][..], &["<tel:+1>"], &["*"], &["<<>>"]] {
        let mut world = calling();
        respond(&mut world, 302, contacts);
        assert_eq!(world.told(0), ["terminated remote 302"], "{contacts:?}");
        assert!(world.phones[0].agent.is_idle());
    }
}

#[test]
fn last_refusal_is_told_and_603_asks_nobody_else() {
    let mut world = calling();
    respond(&mut world, 300, &["<sip:301@a>, <sip:302@a>"]);
    onward(&mut world, Some("301"));
    respond(&mut world, 404, &[]);
    onward(&mut world, Some("302"));
    respond(&mut world, 486, &[]);
    assert_eq!(
        world.told(0),
        ["redirected to sip:301@a", "redirected to sip:302@a", "terminated remote 486"]
    );
    let mut world = calling();
    respond(&mut world, 300, &["<sip:301@a>, <sip:302@a>"]);
    onward(&mut world, Some("301"));
    respond(&mut world, 603, &[]);
    assert_eq!(world.told(0), ["redirected to sip:301@a", "terminated remote 603"]);
}

#[test]
fn redirections_in_a_circle_and_without_end_come_to_an_end() {
    let mut world = calling();
    respond(&mut world, 302, &["<sip:301@a>"]);
    onward(&mut world, Some("sip:301@a"));
    respond(&mut world, 302, &["<sip:300@sip.test>, <sip:301@a>"]);
    assert_eq!(world.told(0), ["redirected to sip:301@a", "terminated remote 302"], "both were tried");

    let mut world = calling();
    for number in 0.. {
        let contact = format!("<sip:4{number}@a>, <sip:5{number}@a>;q=0.1");
        respond(&mut world, 302, &[&contact]);
        if world.told(0).iter().any(|event| event.starts_with("terminated")) {
            break;
        }
        assert!(number < 10, "without end");
        onward(&mut world, Some(&format!("somewhere{number}")));
    }
}

#[test]
fn address_that_would_be_dialled_a_second_time_is_passed_over() {
    let mut world = calling();
    respond(&mut world, 302, &["<sip:300@pstn>"]);
    onward(&mut world, Some("300"));
    assert_eq!(world.told(0), ["redirected to sip:300@pstn", "terminated remote 302"], "it was called first");
    assert!(!world.proxy.heard.iter().any(|heard| heard.octets().starts_with(b"INVITE")));

    let mut world = calling();
    respond(&mut world, 300, &["<sip:301@a>, <sip:301@b>;q=0.5, <sip:302@c>;q=0.1"]);
    onward(&mut world, Some("301"));
    respond(&mut world, 486, &[]);
    onward(&mut world, Some("sip:301@SIP.test"));
    assert_eq!(
        world.told(0),
        ["redirected to sip:301@a", "redirected to sip:301@b", "redirected to sip:302@c"],
        "the second would be the first again"
    );
    // Of two devices of one user each is a place of its own.
    onward(&mut world, Some("sip:301@sip.test;gr=2"));
    assert_eq!(respond(&mut world, 486, &[]).uri().and_then(|uri| uri.param("gr")), Some("2"));
    assert_eq!(world.told(0), ["terminated remote 486"]);
}

#[test]
fn target_that_stays_silent_is_passed_over_after_thirty_two_seconds() {
    let mut world = calling();
    respond(&mut world, 300, &["<sip:301@a>, <sip:302@a>;q=0.5"]);
    onward(&mut world, Some("301"));
    world.run(31_900);
    assert_eq!(world.told(0), ["redirected to sip:301@a"]);
    world.run(200);
    assert_eq!(world.told(0), ["redirected to sip:302@a"]);
    let at = world.proxy.heard.iter().position(|heard| heard.octets().starts_with(b"INVITE"));
    let silent = world.proxy.heard.remove(at.expect("an INVITE"));
    onward(&mut world, Some("302"));
    respond(&mut world, 180, &[]);
    assert_eq!(world.told(0), ["progress 180"]);
    // It picks up after all, when another one rings.
    let late = ResponseBuilder::new(&silent, StatusCode::OK).to_tag("late").header("Contact", "<sip:l@c>");
    world.ladder();
    world.send_to_phone(0, late.build().into_octets());
    world.run(20);
    assert_eq!(world.ladder()[1..3], ["200 > ACK", "200 > BYE"]);
    assert!(world.told(0).is_empty(), "the call goes on");

    // Nobody else is there to try.
    let mut world = calling();
    respond(&mut world, 302, &["<sip:301@a>"]);
    onward(&mut world, Some("301"));
    world.run(32_100);
    assert_eq!(world.told(0), ["redirected to sip:301@a", "terminated network 408"]);
    assert!(world.phones[0].agent.is_idle());
}

#[test]
fn best_of_all_refusals_is_told() {
    // What each target in turn is refused with (0: silence), and what is told.
    for (refusals, told) in [
        (&[486, 404][..], "remote 404"),
        (&[404, 486], "remote 486"),
        (&[486, 500], "remote 486"),
        (&[486, 0], "remote 486"),
        (&[0, 486], "remote 486"),
        (&[0, 500], "network 408"),
        (&[503, 500], "remote 500"),
        (&[500, 503], "remote 500"),
        (&[0, 0], "network 408"),
        (&[302, 486], "remote 486"),
        (&[486, 302], "remote 486"),
        (&[486, 603], "remote 603"),
    ] {
        let mut world = calling();
        respond(&mut world, 300, &["<sip:301@a>, <sip:302@a>;q=0.5"]);
        for (number, code) in (301..).zip(refusals) {
            onward(&mut world, Some(&format!("{number}")));
            match code {
                0 => {
                    world.run(32_100);
                    world.proxy.heard.clear();
                }
                code => drop(respond(&mut world, *code, &[])),
            }
        }
        assert_eq!(world.told(0).last(), Some(&format!("terminated {told}")), "{refusals:?}");
    }
}

#[test]
fn redirected_invite_carries_the_offer_it_is_given() {
    let mut world = calling();
    let first = respond(&mut world, 302, &["<sip:301@a>"]);
    let (session, target) = (CALL, Some("301".to_owned()));
    world.command(
        0,
        Command::Redirect { session, target, offer: Some(b"v=0 fresh".to_vec()), without: Vec::new() },
    );
    world.run(20);
    let second = respond(&mut world, 486, &[]);
    assert_eq!((second.body(), second.content_type().as_str()), (&b"v=0 fresh"[..], "application/sdp"));
    assert_eq!((second.call_id(), second.cseq().number), (first.call_id(), first.cseq().number + 1));
}

#[test]
fn call_that_waits_for_a_decision_can_be_hung_up_and_a_decision_without_a_question_is_none() {
    let mut world = calling();
    onward(&mut world, Some("301"));
    assert_eq!(world.proxy.heard.len(), 1, "nothing was redirected");
    respond(&mut world, 302, &["<sip:301@a>"]);
    world.hang_up(0, CALL);
    onward(&mut world, Some("301"));
    assert_eq!(world.told(0), ["redirected to sip:301@a", "terminated local 487"]);
    assert!(!world.proxy.heard.iter().any(|heard| heard.octets().starts_with(b"INVITE")));
    world.assert_quiet();
}

#[test]
fn retry_after_of_a_refusal_stands_in_the_cause_of_the_end() {
    for (code, header, expected) in [
        (503, Some("120"), Some(120)),
        (480, Some("18000;duration=3600"), Some(18_000)),
        (486, Some("60 (on another call)"), Some(60)),
        (600, Some("0"), Some(0)),
        (486, Some("soon"), None),
        (503, None, None),
    ] {
        let mut world = World::registered(&["200"]);
        world.proxy.bindings.clear();
        world.call(0, "sip:300@elsewhere");
        world.run(20);
        let invite = world.proxy.heard.remove(0);
        let status = StatusCode::new(code).expect("a status");
        let builder = ResponseBuilder::new(&invite, status).to_tag("b");
        let builder = header.iter().fold(builder, |builder, value| builder.header("Retry-After", value));
        world.send_to_phone(0, builder.build().into_octets());
        world.run(20);
        let Some(Event::Terminated { cause, .. }) = world.phones[0].events.last() else {
            panic!("no end: {:?}", world.told(0))
        };
        assert_eq!((cause.code, cause.retry_after), (code, expected), "{header:?}");
    }
}
