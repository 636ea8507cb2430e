//! Reliable provisional responses (RFC 3262), as caller and as callee, and what may not follow; UPDATE before the answer.

use super::{
    requests::{INVITE, answers, codes, request},
    world::{ANSWER, DELAY, World},
};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

/// Lets the phone call 300, whose answers the test gives; the INVITE.
pub(super) fn calling(world: &mut World) -> Message {
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    world.proxy.heard.remove(0)
}

/// A response of device `tag` to a request of the phone's, and what the phone sends then.
pub(super) fn respond(
    world: &mut World,
    request: &Message,
    code: u16,
    tag: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Vec<Message> {
    let status = StatusCode::new(code).expect("a status");
    let builder =
        ResponseBuilder::new(request, status).to_tag(tag).header("Contact", &format!("<sip:{tag}@c>"));
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    world.proxy.heard.clear();
    world.send_to_phone(0, builder.body("application/sdp", body.as_bytes()).build().into_octets());
    world.run(100);
    std::mem::take(&mut world.proxy.heard)
}

const RELIABLE: [(&str, &str); 1] = [("Require", "100rel")];

fn rseq(number: &str) -> [(&str, &str); 2] {
    [RELIABLE[0], ("RSeq", number)]
}

#[test]
fn caller_acknowledges_each_reliable_response_once_and_in_order() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    assert!(invite.lists("Supported", "100rel"));
    let pracks = respond(&mut world, &invite, 180, "a", &rseq("7"), "");
    assert_eq!((pracks[0].method().as_str(), pracks[0].header("RAck")), ("PRACK", Some("7 1 INVITE")));
    assert_eq!(pracks[0].uri().map(ToString::to_string).as_deref(), Some("sip:a@c"));
    assert_eq!((pracks[0].to().tag(), pracks[0].cseq().number), (Some("a"), 2));
    // The same again, one too far, one without a number that can be read, and an unreliable one.
    assert!(respond(&mut world, &invite, 180, "a", &rseq("7"), "").is_empty());
    assert!(respond(&mut world, &invite, 183, "a", &rseq("9"), "v=0 lost").is_empty());
    assert!(respond(&mut world, &invite, 181, "a", &rseq("many"), "").is_empty());
    assert!(respond(&mut world, &invite, 182, "a", &[("RSeq", "8")], "").is_empty());
    let pracks = respond(&mut world, &invite, 183, "a", &rseq("8"), "v=0 early");
    assert_eq!((pracks[0].header("RAck"), pracks[0].cseq().number), (Some("8 1 INVITE"), 3));
    // Another fork counts for itself.
    let pracks = respond(&mut world, &invite, 180, "b", &rseq("3"), "");
    assert_eq!((pracks[0].header("RAck"), pracks[0].cseq().number), (Some("3 1 INVITE"), 2));
    let told = world.told(0);
    assert_eq!(
        told[1..],
        ["progress 180", "progress 181", "progress 182", "progress 183", "progress 180"],
        "as news"
    );
    // The numbers of the winner go on where its early dialog stood.
    let acks = respond(&mut world, &invite, 200, "a", &[], "");
    assert_eq!((acks[0].method().as_str(), acks[0].cseq().number), ("ACK", 1));
    let session = CALL;
    world.hang_up(0, session);
    world.run(20);
    assert_eq!(world.proxy.heard[0].cseq().number, 4);
}

/// RFC 3262 §5 lets a caller put a second offer into its PRACK, and never demands it: an answer in a reliable response is
/// acknowledged without a body, and what the caller wants to change then waits for the call, in which it is a re-INVITE.
#[test]
fn answer_in_a_reliable_response_needs_no_second_offer_and_one_of_ours_is_made_when_the_call_stands() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    let pracks = respond(&mut world, &invite, 183, "a", &rseq("1"), "v=0 early");
    assert_eq!((pracks.len(), pracks[0].method().as_str(), pracks[0].body()), (1, "PRACK", &b""[..]));
    world.told(0);
    world.proxy.heard.clear();
    let session = CALL;
    let offer = || Command::Reinvite { session, offer: b"v=0 hold".to_vec() };
    world.command(0, offer());
    world.run(100);
    assert_eq!(world.told(0), ["reinvite failed 491"]);
    assert!(world.proxy.heard.is_empty());
    let acks = respond(&mut world, &invite, 200, "a", &[], "");
    assert_eq!((acks.len(), acks[0].method().as_str()), (1, "ACK"));
    world.command(0, offer());
    world.run(100);
    let reinvite = world.proxy.heard.remove(0);
    assert_eq!((reinvite.method().as_str(), reinvite.body()), ("INVITE", &b"v=0 hold"[..]));
}

#[test]
fn reliable_response_without_a_to_tag_makes_no_dialog_to_acknowledge_in() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    let builder =
        ResponseBuilder::new(&invite, StatusCode::RINGING).header("Require", "100rel").header("RSeq", "1");
    world.send_to_phone(0, builder.build().into_octets());
    world.run(100);
    assert!(world.proxy.heard.is_empty());
    assert_eq!(world.told(0), ["inviting", "progress 180"]);
}

#[test]
fn challenged_prack_is_sent_again_and_no_number_is_used_twice() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    let prack = respond(&mut world, &invite, 183, "a", &rseq("1"), "v=0").remove(0);
    let challenge = ResponseBuilder::new(&prack, StatusCode::PROXY_AUTHENTICATION_REQUIRED).header(
        "Proxy-Authenticate",
        "Digest realm=\"sip.test\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"",
    );
    world.proxy.heard.clear();
    world.send_to_phone(0, challenge.build().into_octets());
    world.run(20);
    let again = world.proxy.heard.remove(0);
    assert_eq!((again.method().as_str(), again.header("RAck")), ("PRACK", Some("1 1 INVITE")));
    assert!(again.header("Proxy-Authorization").is_some());
    respond(&mut world, &invite, 200, "a", &[], "v=0");
    world.proxy.heard.clear();
    let session = CALL;
    world.command(0, Command::Info { session, content_type: "text/plain".to_owned(), body: b"x".to_vec() });
    world.run(20);
    let numbers = [prack.cseq().number, again.cseq().number, world.proxy.heard[0].cseq().number];
    assert_eq!(numbers, [2, 3, 4]);
}

/// An INVITE that demands reliable responses, and what came: 100 and a numbered 180.
fn demanded(world: &mut World, body: &str) -> Vec<Message> {
    let lines = ["Contact: <sip:300@c>", "Content-Type: application/sdp", "Require: 100rel"];
    answers(world, request(INVITE, "1", &lines, body))
}

fn prack(world: &mut World, to: &Message, number: u32, rack: &str, body: &str) -> Vec<Message> {
    let (to, cseq, rack) =
        (format!("To: {}", to.to()), format!("CSeq: {number} PRACK"), format!("RAck: {rack}"));
    let lines = [to.as_str(), cseq.as_str(), rack.as_str(), "Content-Type: application/sdp"];
    answers(world, request("PRACK sip:200@x.invalid", &format!("p{number}"), &lines, body))
}

#[test]
fn callee_repeats_what_was_demanded_to_be_reliable_until_the_prack_comes() {
    let mut world = World::registered(&["200"]);
    let rung = demanded(&mut world, "v=0");
    assert_eq!((codes(&rung), rung[1].header("Require")), (vec![100, 180], Some("100rel")));
    let number = rung[1].number("RSeq").expect("RSeq");
    world.ladder();
    world.run(3_600);
    // At 0.5, 1.5 and 3.5 s.
    assert_eq!(world.ladder(), ["200 > 180 INVITE"; 3]);
    for (sequence, wrong) in [
        format!("{} 1 INVITE", number + 1),
        format!("{number} 2 INVITE"),
        format!("{number} 1 UPDATE"),
        format!("{number}"),
        "x y INVITE".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let refused = prack(&mut world, &rung[1], 2 + u32::try_from(sequence).expect("few"), &wrong, "");
        assert_eq!(codes(&refused), [481], "{wrong}");
    }
    assert_eq!(codes(&prack(&mut world, &rung[1], 10, &format!("{number} 1 INVITE"), "")), [200]);
    assert_eq!(
        codes(&prack(&mut world, &rung[1], 11, &format!("{number} 1 INVITE"), "")),
        [481],
        "there is none left"
    );
    world.ladder();
    world.run(50_000);
    assert!(world.ladder().is_empty());
    world.run(10_000);
    // Each minute, with the next number.
    let again: Vec<u32> = world.proxy.heard.iter().filter_map(|heard| heard.number("RSeq")).collect();
    assert_eq!(again.first(), Some(&(number + 1)));
    assert_eq!(world.told(0), ["incoming from 300"]);
}

#[test]
fn missing_prack_refuses_the_call_after_thirty_two_seconds() {
    let mut world = World::registered(&["200"]);
    demanded(&mut world, "v=0");
    world.run(31_800);
    assert_eq!(world.told(0), ["incoming from 300"]);
    world.proxy.heard.clear();
    world.run(200);
    assert_eq!(codes(&world.proxy.heard), [504]);
    assert_eq!(world.told(0), ["terminated network 504"]);
    world.proxy.heard.clear();
    world.run(60_000);
    assert!(world.proxy.heard.is_empty());
    assert!(world.phones[0].agent.is_idle());
}

#[test]
fn early_media_waits_for_the_prack_of_the_ringing_and_the_answer_for_that_of_the_early_media() {
    let mut world = World::registered(&["200"]);
    let rung = demanded(&mut world, "v=0");
    let number = rung[1].number("RSeq").expect("RSeq");
    let session = world.incoming(0);
    world.proxy.heard.clear();
    world.command(0, Command::Progress { session, code: 183, answer: b"v=0 early".to_vec() });
    world.run(20);
    assert!(world.proxy.heard.is_empty(), "the 180 is not acknowledged yet");
    let then = prack(&mut world, &rung[1], 2, &format!("{number} 1 INVITE"), "");
    assert_eq!((codes(&then), then[1].number("RSeq")), (vec![200, 183], Some(number + 1)));
    world.proxy.heard.clear();
    world.accept(0, session);
    world.run(20);
    assert!(world.proxy.heard.is_empty(), "the description is not acknowledged yet");
    let then = prack(&mut world, &rung[1], 3, &format!("{} 1 INVITE", number + 1), "");
    assert_eq!(codes(&then), [200, 200]);
    assert_eq!(then[1].method().as_str(), "INVITE");
}

#[test]
fn answer_does_not_wait_for_the_prack_of_the_ringing_which_may_still_come() {
    let mut world = World::registered(&["200"]);
    let rung = demanded(&mut world, "v=0");
    let number = rung[1].number("RSeq").expect("RSeq");
    let session = world.incoming(0);
    world.proxy.heard.clear();
    world.accept(0, session);
    world.run(20);
    assert_eq!(codes(&world.proxy.heard), [200]);
    assert_eq!(codes(&prack(&mut world, &rung[1], 2, &format!("{number} 1 INVITE"), "")), [200]);
    let to = format!("To: {}", rung[1].to());
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    assert_eq!(codes(&prack(&mut world, &rung[1], 3, &format!("{number} 1 INVITE"), "")), [481], "too late");
    assert_eq!(world.told(0), ["incoming from 300", "confirmed"]);
}

#[test]
fn prack_that_comes_when_we_have_hung_up_before_the_ack_is_answered() {
    let mut world = World::registered(&["200"]);
    let rung = demanded(&mut world, "v=0");
    let number = rung[1].number("RSeq").expect("RSeq");
    let session = world.incoming(0);
    world.accept(0, session);
    world.hang_up(0, session);
    world.run(20);
    assert_eq!(codes(&prack(&mut world, &rung[1], 2, &format!("{number} 1 INVITE"), "")), [200]);
    assert_eq!(codes(&prack(&mut world, &rung[1], 3, "nothing", "")), [481]);
    let to = format!("To: {}", rung[1].to());
    let bye = answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    assert_eq!(bye.iter().map(|bye| bye.method().as_str()).collect::<Vec<_>>(), ["BYE"]);
}

#[test]
fn offer_in_a_prack_before_the_first_one_is_answered_is_refused() {
    let mut world = World::registered(&["200"]);
    let rung = demanded(&mut world, "v=0");
    let number = rung[1].number("RSeq").expect("RSeq");
    assert_eq!(codes(&prack(&mut world, &rung[1], 2, &format!("{number} 1 INVITE"), "v=0 more")), [488]);
    assert_eq!(world.told(0), ["incoming from 300"]);
}

#[test]
fn call_without_an_offer_rings_silently_until_there_is_ours() {
    // The first reliable response would have to bring it (RFC 3262 §5).
    let mut world = World::registered(&["200"]);
    assert_eq!(codes(&demanded(&mut world, "")), [100]);
    let session = world.incoming(0);
    world.proxy.heard.clear();
    world.accept(0, session);
    world.run(20);
    assert_eq!((codes(&world.proxy.heard), world.proxy.heard[0].body()), (vec![200], ANSWER.as_bytes()));
}

/// The session of the one call there is.
const CALL: SessionId = SessionId(1);

fn progress(world: &mut World, code: u16, body: &str) -> Vec<Message> {
    let session = CALL;
    world.proxy.heard.clear();
    world.command(0, Command::Progress { session, code, answer: body.as_bytes().to_vec() });
    world.run(20);
    std::mem::take(&mut world.proxy.heard)
}

#[test]
fn our_offer_in_a_reliable_response_is_answered_by_the_prack_and_the_200_has_none() {
    let mut world = World::registered(&["200"]);
    demanded(&mut world, "");
    let rung = progress(&mut world, 180, "v=0 ours");
    assert_eq!((codes(&rung), rung[0].body()), (vec![180], &b"v=0 ours"[..]));
    let number = rung[0].number("RSeq").expect("RSeq");
    // A PRACK without the answer acknowledges nothing.
    assert_eq!(codes(&prack(&mut world, &rung[0], 2, &format!("{number} 1 INVITE"), "")), [400]);
    assert_eq!(world.told(0), ["incoming from 300"]);
    assert_eq!(codes(&prack(&mut world, &rung[0], 3, &format!("{number} 1 INVITE"), "v=0 theirs")), [200]);
    assert_eq!(world.told(0), ["early answer v=0 theirs"]);
    world.run(61_000);
    let again = std::mem::take(&mut world.proxy.heard);
    assert_eq!((codes(&again)[0], again[0].body()), (180, &b""[..]), "it rings on, and offers nothing");
    let number = again[0].number("RSeq").expect("RSeq");
    prack(&mut world, &rung[0], 4, &format!("{number} 1 INVITE"), "");
    world.accept(0, CALL);
    world.run(20);
    let ok = std::mem::take(&mut world.proxy.heard);
    assert_eq!((codes(&ok), ok[0].body()), (vec![200], &b""[..]));
    let to = format!("To: {}", rung[0].to());
    answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    assert_eq!(world.told(0), ["confirmed"]);
}

#[test]
fn accepted_call_waits_for_the_answer_to_our_early_offer() {
    let mut world = World::registered(&["200"]);
    demanded(&mut world, "");
    let rung = progress(&mut world, 180, "v=0 ours");
    let number = rung[0].number("RSeq").expect("RSeq");
    let session = world.incoming(0);
    world.proxy.heard.clear();
    world.accept(0, session);
    world.run(20);
    assert!(world.proxy.heard.is_empty());
    let then = prack(&mut world, &rung[0], 2, &format!("{number} 1 INVITE"), "v=0 theirs");
    assert_eq!((codes(&then), then[1].body()), (vec![200, 200], &b""[..]));
    assert_eq!(world.told(0), ["incoming from 300", "early answer v=0 theirs"]);
}

#[test]
fn offer_in_the_prack_of_an_answer_is_answered_in_its_200_before_the_call_is() {
    for update in [false, true] {
        let mut world = World::registered(&["200"]);
        let rung = demanded(&mut world, "v=0");
        let number = rung[1].number("RSeq").expect("RSeq");
        prack(&mut world, &rung[1], 2, &format!("{number} 1 INVITE"), "");
        let early = progress(&mut world, 183, "v=0 answer");
        let rack = format!("{} 1 INVITE", number + 1);
        assert_eq!(codes(&early), [183]);
        let to = format!("To: {}", rung[1].to());
        let offered = match update {
            false => prack(&mut world, &rung[1], 3, &rack, "v=0 more"),
            true => {
                prack(&mut world, &rung[1], 3, &rack, "");
                let lines = [to.as_str(), "CSeq: 4 UPDATE", "Content-Type: application/sdp"];
                answers(&mut world, request("UPDATE sip:200@x.invalid", "u4", &lines, "v=0 more"))
            }
        };
        assert!(offered.is_empty(), "the phone decides");
        assert_eq!(world.told(0), ["incoming from 300", "offered v=0 more"]);
        // The same again is no second offer, and another one has to wait.
        if !update {
            assert!(prack(&mut world, &rung[1], 3, &rack, "v=0 more").is_empty());
        }
        let lines = [to.as_str(), "CSeq: 5 UPDATE", "Content-Type: application/sdp"];
        let second = answers(&mut world, request("UPDATE sip:200@x.invalid", "u5", &lines, "v=0 third"));
        assert_eq!(codes(&second), [500]);
        // Accepted meanwhile: the offer is answered first.
        let session = CALL;
        world.proxy.heard.clear();
        world.accept(0, session);
        world.run(20);
        assert!(codes(&world.proxy.heard).is_empty());
        world.command(0, Command::Answer { session, answer: b"v=0 agreed".to_vec() });
        world.run(20);
        let sent = std::mem::take(&mut world.proxy.heard);
        let bodies: Vec<(&str, &[u8])> =
            sent.iter().map(|sent| (sent.cseq().method.as_str(), sent.body())).collect();
        let method = if update { "UPDATE" } else { "PRACK" };
        assert_eq!(
            (codes(&sent), bodies),
            (vec![200, 200], vec![(method, &b"v=0 agreed"[..]), ("INVITE", &b""[..])])
        );
        answers(&mut world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
        assert_eq!(world.told(0), ["confirmed"]);
    }
}

#[test]
fn offer_in_a_prack_can_be_refused_and_ends_with_the_call() {
    for end in ["refused", "cancelled", "rejected", "ended"] {
        let mut world = World::registered(&["200"]);
        let rung = demanded(&mut world, "v=0");
        let number = rung[1].number("RSeq").expect("RSeq");
        prack(&mut world, &rung[1], 2, &format!("{number} 1 INVITE"), "");
        progress(&mut world, 183, "v=0 answer");
        prack(&mut world, &rung[1], 3, &format!("{} 1 INVITE", number + 1), "v=0 more");
        let session = world.incoming(0);
        world.told(0);
        world.proxy.heard.clear();
        let expected: &[(u16, &str)] = match end {
            "refused" => {
                world.command(0, Command::RefuseOffer { session, code: 488 });
                &[(488, "PRACK")]
            }
            "cancelled" => {
                world.send_to_phone(0, request("CANCEL sip:200@x.invalid", "1", &[], ""));
                &[(200, "CANCEL"), (487, "INVITE"), (487, "PRACK")]
            }
            "rejected" => {
                world.command(0, Command::Reject { session, code: 486, headers: Vec::new() });
                &[(486, "INVITE"), (487, "PRACK")]
            }
            _ => {
                world.hang_up(0, session);
                &[(480, "INVITE"), (487, "PRACK")]
            }
        };
        world.run(20);
        let sent = std::mem::take(&mut world.proxy.heard);
        let found: Vec<(u16, &str)> =
            codes(&sent).into_iter().zip(sent.iter().map(|sent| sent.cseq().method.as_str())).collect();
        assert_eq!(found, expected, "{end}");
        if end == "refused" {
            world.accept(0, session);
            world.run(20);
            assert_eq!(codes(&world.proxy.heard), [200], "the call rang on");
        } else {
            answers(
                &mut world,
                request("ACK sip:200@x.invalid", "1", &[&format!("To: {}", rung[1].to())], ""),
            );
            // What may still be repeated is absorbed for so long.
            world.run(5_000);
            assert!(world.phones[0].agent.is_idle(), "{end}");
        }
    }
}

#[test]
fn description_in_an_unreliable_response_to_a_call_without_an_offer_is_left_out() {
    // It could be no offer, since nothing would bring the answer (RFC 3261 §13.2.1).
    let mut world = World::registered(&["200"]);
    answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let early = progress(&mut world, 183, "v=0 ours");
    assert_eq!((codes(&early), early[0].body()), (vec![183], &b""[..]));
}

#[test]
fn cancel_ends_the_repetitions() {
    let mut world = World::registered(&["200"]);
    demanded(&mut world, "v=0");
    let ended = answers(&mut world, request("CANCEL sip:200@x.invalid", "1", &[], ""));
    assert_eq!(codes(&ended), [200, 487]);
    assert_eq!(ended[0].to().tag(), ended[1].to().tag(), "both are of the call that rang (RFC 3261 §9.2)");
    world.ladder();
    world.run(60_000);
    assert!(world.ladder().is_empty());
    assert!(world.phones[0].agent.is_idle());
}

#[test]
fn update_of_the_callee_before_the_answer_is_taken_without_an_offer_only() {
    let mut world = World::registered(&["200"]);
    let invite = calling(&mut world);
    respond(&mut world, &invite, 180, "a", &rseq("1"), "");
    let update = |world: &mut World, tag: &str, number: u32, body: &str| {
        let lines = [
            format!("From: {};tag={tag}", invite.to()),
            format!("To: {}", invite.from()),
            format!("Call-ID: {}", invite.call_id()),
            format!("CSeq: {number} UPDATE"),
            "Contact: <sip:moved@c>".to_owned(),
            "Content-Type: application/sdp".to_owned(),
        ];
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        codes(&answers(world, request("UPDATE sip:200@x.invalid", &format!("u{tag}{number}"), &lines, body)))
    };
    assert_eq!(update(&mut world, "a", 1, ""), [200]);
    assert_eq!(update(&mut world, "a", 1, "")[..], [200], "the same again");
    assert_eq!(update(&mut world, "a", 2, "v=0 other"), [491], "our offer has no answer");
    respond(&mut world, &invite, 183, "a", &rseq("2"), "v=0 early");
    assert_eq!(update(&mut world, "a", 3, "v=0 other"), [488]);
    assert_eq!(update(&mut world, "nobody", 4, ""), [481]);
    respond(&mut world, &invite, 180, "b", &[], "");
    assert_eq!(update(&mut world, "b", 1, "v=0 other"), [491], "our offer has no answer");
    respond(&mut world, &invite, 200, "a", &[], "v=0");
    assert_eq!(update(&mut world, "a", 0, ""), [500], "its numbers go on");
    assert_eq!(update(&mut world, "a", 4, ""), [200]);
}

#[test]
fn ringing_without_its_prack_is_given_up_also_in_the_moment_of_ringing_again() {
    let mut world = World::registered(&["200"]);
    let begin = world.now + DELAY;
    // Without an offer, so that nothing is sent before the phone says so.
    answers(&mut world, request(INVITE, "1", &["Require: 100rel", "Contact: <sip:300@c>"], ""));
    let session = world.incoming(0);
    world.told(0);
    world.run(begin + 60_000 - 32_000 - world.now);
    world.command(0, Command::Progress { session, code: 183, answer: Vec::new() });
    world.run(31_999);
    assert!(world.told(0).is_empty());
    world.run(1);
    assert_eq!(world.told(0), ["terminated network 504"]);
}
