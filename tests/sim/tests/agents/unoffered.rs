//! INVITEs of ours without an offer: theirs comes in the 2xx or in a reliable provisional response, our answer in the ACK
//! or the PRACK, and never before there is one.

use super::{requests::codes, world::World};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

const CALL: SessionId = SessionId(1);

/// Lets the phone call 300 without an offer; the test answers. The INVITE.
fn calling(world: &mut World) -> Message {
    world.proxy.bindings.clear();
    let session = world.phones[0].agent.next_session();
    let (target, offer, headers) = ("sip:300@elsewhere".to_owned(), Vec::new(), Vec::new());
    world.command(0, Command::Invite { session, target, offer, headers });
    world.run(20);
    world.told(0);
    let invite = std::mem::take(&mut world.proxy.heard).remove(0);
    assert_eq!((invite.content_type().as_str(), invite.body()), ("", &b""[..]));
    invite
}

/// A response of device `tag` with RSeq where it is provisional; what the phone sends then.
fn respond(world: &mut World, invite: &Message, code: u16, tag: &str, body: &str) -> Vec<Message> {
    let builder = ResponseBuilder::new(invite, StatusCode::new(code).expect("a status")).to_tag(tag);
    let builder = builder.header("Contact", &format!("<sip:{tag}@c>"));
    let builder = if code < 200 { builder.header("Require", "100rel").header("RSeq", "1") } else { builder };
    world.send_to_phone(0, builder.body("application/sdp", body.as_bytes()).build().into_octets());
    world.run(20);
    std::mem::take(&mut world.proxy.heard)
}

fn answer(world: &mut World) -> Vec<Message> {
    world.command(0, Command::Answer { session: CALL, answer: b"v=0 ours".to_vec() });
    world.run(20);
    std::mem::take(&mut world.proxy.heard)
}

/// Method, number and body of each.
fn seen(messages: &[Message]) -> Vec<(&str, u32, &[u8])> {
    let seen = |message| -> (&str, u32, &[u8]) {
        let message: &Message = message;
        (message.method().as_str(), message.cseq().number, message.body())
    };
    messages.iter().map(seen).collect()
}

#[test]
fn ack_waits_for_our_answer_to_the_offer_in_the_2xx() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    assert!(respond(&mut world, &invite, 200, "a", "v=0 theirs").is_empty());
    assert_eq!(world.told(0), ["accepted v=0 theirs"]);
    world.run(3_000);
    assert!(respond(&mut world, &invite, 200, "a", "v=0 theirs").is_empty(), "it is repeated in vain");
    assert_eq!(seen(&answer(&mut world)), [("ACK", 1, &b"v=0 ours"[..])]);
    assert_eq!(seen(&respond(&mut world, &invite, 200, "a", "v=0 theirs")), [("ACK", 1, &b"v=0 ours"[..])]);
    assert!(answer(&mut world).is_empty(), "there is nothing more to answer");
    world.run(40_000);
    world.hang_up(0, CALL);
    world.run(20);
    assert_eq!(seen(&world.proxy.heard), [("BYE", 2, &b""[..])]);
    assert_eq!(world.told(0), ["terminated local 200"]);
}

#[test]
fn call_whose_offer_nobody_answers_is_acknowledged_and_ended() {
    for end in ["silence", "refused", "hung up", "offered anew"] {
        let mut world = World::registered(&["200"]);
        let invite = calling(&mut world);
        respond(&mut world, &invite, 200, "a", "v=0 theirs");
        world.told(0);
        let told = match end {
            "silence" => {
                world.run(31_900);
                assert!(world.proxy.heard.is_empty());
                world.run(200);
                "terminated local 408"
            }
            "refused" => {
                world.command(0, Command::RefuseOffer { session: CALL, code: 488 });
                "terminated local 488"
            }
            "hung up" => {
                world.hang_up(0, CALL);
                "terminated local 200"
            }
            _ => {
                world.command(0, Command::Reinvite { session: CALL, offer: b"v=0 new".to_vec() });
                assert_eq!(world.told(0), ["reinvite failed 491"]);
                continue;
            }
        };
        world.run(20);
        let sent = std::mem::take(&mut world.proxy.heard);
        assert_eq!(seen(&sent), [("ACK", 1, &b""[..]), ("BYE", 2, &b""[..])], "{end}");
        assert_eq!(world.told(0), [told]);
        let again = respond(&mut world, &invite, 200, "a", "v=0 theirs");
        assert_eq!(seen(&again), [("ACK", 1, &b""[..])], "{end}");
    }
}

#[test]
fn prack_waits_for_our_answer_to_the_offer_in_a_reliable_response_and_the_ack_has_none() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    assert!(respond(&mut world, &invite, 183, "a", "v=0 theirs").is_empty());
    assert!(respond(&mut world, &invite, 183, "a", "v=0 theirs").is_empty(), "repeated");
    assert_eq!(world.told(0), ["progress 183"]);
    let pracks = answer(&mut world);
    assert_eq!(seen(&pracks), [("PRACK", 2, &b"v=0 ours"[..])]);
    assert_eq!(pracks[0].header("RAck"), Some("1 1 INVITE"));
    // Both have agreed: what a 2xx may say again is no offer.
    assert_eq!(seen(&respond(&mut world, &invite, 200, "a", "v=0 again")), [("ACK", 1, &b""[..])]);
    // Another device's 2xx is too late.
    let other = respond(&mut world, &invite, 200, "b", "v=0 other");
    assert_eq!(seen(&other), [("ACK", 1, &b""[..]), ("BYE", 2, &b""[..])]);
}

#[test]
fn early_offer_that_is_refused_cancels_the_call() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    respond(&mut world, &invite, 183, "a", "v=0 theirs");
    world.told(0);
    world.command(0, Command::RefuseOffer { session: CALL, code: 488 });
    world.run(20);
    assert_eq!(seen(&world.proxy.heard), [("CANCEL", 1, &b""[..])]);
    assert_eq!(world.told(0), ["terminated local 487"]);
}

#[test]
fn two_of_our_own_agree_in_ringing_and_prack_or_in_200_and_ack() {
    for early in [true, false] {
        let mut world = World::registered(&["200", "201"]);
        let session = world.phones[0].agent.next_session();
        let headers = early.then(|| ("Require".to_owned(), "100rel".to_owned()));
        let (target, offer) = ("201".to_owned(), Vec::new());
        let headers = headers.into_iter().collect();
        world.command(0, Command::Invite { session, target, offer, headers });
        world.run(100);
        let theirs = world.incoming(1);
        if early {
            world
                .command(1, Command::Progress { session: theirs, code: 180, answer: b"v=0 theirs".to_vec() });
            world.run(100);
            answer(&mut world);
            world.run(100);
        }
        world.accept(1, theirs);
        world.run(100);
        answer(&mut world);
        world.run(100);
        let (caller, callee) = match early {
            true => (
                vec!["inviting", "progress 180", "accepted "],
                vec!["incoming from 200", "early answer v=0 ours", "confirmed"],
            ),
            false => (
                vec!["inviting", "progress 180", "accepted v=0 the answer"],
                vec!["incoming from 200", "confirmed v=0 ours"],
            ),
        };
        assert_eq!(
            (world.told(0), world.told(1)),
            (
                caller.iter().map(ToString::to_string).collect(),
                callee.iter().map(ToString::to_string).collect()
            )
        );
        world.hang_up(1, theirs);
        world.run(100);
        assert_eq!(world.told(0), ["terminated remote 200"]);
        world.assert_quiet();
        assert!(codes(&world.proxy.heard).is_empty());
    }
}
