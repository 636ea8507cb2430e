//! Calls in the place of others (RFC 3891), and the subscription of a transfer to its end (RFC 3515, RFC 4488).

use super::{
    requests::{INVITE, answers, codes, request},
    world::World,
};
use softframe_sip::{
    Command, SessionId,
    wire::{Message, ResponseBuilder, StatusCode},
};

/// A call from Anna (Call-ID one) that stands: its session, and our tag.
fn called(world: &mut World) -> (SessionId, String) {
    let rung = answers(world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let (session, tag) = (world.incoming(0), rung[1].to().tag().expect("a tag").to_owned());
    world.accept(0, session);
    world.run(20);
    let to = format!("To: {}", rung[1].to());
    answers(world, request("ACK sip:200@x.invalid", "a1", &[&to], ""));
    world.told(0);
    (session, tag)
}

/// An INVITE of Bert's with this Replaces.
fn bert(world: &mut World, branch: &str, replaces: &[&str]) -> Vec<Message> {
    let call_id = format!("Call-ID: {branch}");
    let replaces: Vec<String> = replaces.iter().map(|value| format!("Replaces: {value}")).collect();
    let mut lines = vec![
        "From: <sip:301@sip.test>;tag=bert",
        call_id.as_str(),
        "Contact: <sip:301@c>",
        "Require: replaces",
    ];
    lines.extend(replaces.iter().map(String::as_str));
    answers(world, request(INVITE, branch, &lines, ""))
}

#[test]
fn call_takes_the_place_of_another_when_it_is_accepted_and_not_before() {
    let mut world = World::registered(&["200"]);
    let (_, tag) = called(&mut world);
    let rung = bert(&mut world, "b", &[&format!("one;to-tag={tag};from-tag=anna")]);
    assert_eq!(codes(&rung), [100, 180]);
    let session = world.incoming(0);
    assert_eq!(world.told(0), ["incoming from 301 in the place of 1"]);
    world.accept(0, session);
    world.run(20);
    let sent = std::mem::take(&mut world.proxy.heard);
    assert_eq!(codes(&sent[..1]), [200]);
    assert_eq!((sent[1].method().as_str(), sent[1].call_id()), ("BYE", "one"));
    assert_eq!(world.told(0), ["terminated local 200"], "the one before");
}

#[test]
fn what_cannot_be_replaced_is_refused_and_nothing_rings() {
    let mut world = World::registered(&["200"]);
    let (session, tag) = called(&mut world);
    for (number, (replaces, code)) in [
        (vec![format!("two;to-tag={tag};from-tag=anna")], 481),
        (vec![format!("one;to-tag={tag};from-tag=other")], 481),
        (vec![format!("one;to-tag=anna;from-tag={tag}")], 481),
        (vec![format!("one;to-tag={tag};from-tag=anna;early-only")], 486),
        (vec![format!("one;to-tag={tag}")], 400),
        (vec!["one".to_owned()], 400),
        (vec![String::from(";;==")], 400),
        (vec![format!("one;to-tag={tag};from-tag=anna"), "two;to-tag=a;from-tag=b".to_owned()], 400),
    ]
    .into_iter()
    .enumerate()
    {
        let values: Vec<&str> = replaces.iter().map(String::as_str).collect();
        // Five INVITEs of one caller in ten seconds are let through.
        world.run(2_500);
        let answered = bert(&mut world, &format!("b{number}"), &values);
        assert_eq!(codes(&answered), [code], "{replaces:?}");
    }
    assert!(world.told(0).is_empty());
    // In any other request it has no meaning.
    let message = request("MESSAGE sip:200@x.invalid", "m", &["Replaces: one;to-tag=a;from-tag=b"], "hi");
    assert_eq!(codes(&answers(&mut world, message)), [400]);
    // Over already.
    world.run(10_000);
    world.hang_up(0, session);
    world.run(20);
    let late = bert(&mut world, "late", &[&format!("one;to-tag={tag};from-tag=anna")]);
    assert_eq!(codes(&late), [603]);
    assert_eq!(world.told(0), ["terminated local 200"]);
}

#[test]
fn ringing_call_of_others_is_not_given_away() {
    let mut world = World::registered(&["200"]);
    let rung = answers(&mut world, request(INVITE, "1", &["Contact: <sip:300@c>"], ""));
    let tag = rung[1].to().tag().expect("a tag").to_owned();
    let refused = bert(&mut world, "b", &[&format!("one;to-tag={tag};from-tag=anna")]);
    assert_eq!(codes(&refused), [481]);
    assert_eq!(world.told(0), ["incoming from 300"]);
}

#[test]
fn call_of_ours_that_still_rings_is_replaced_and_cancelled() {
    let mut world = World::registered(&["200"]);
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    let builder =
        ResponseBuilder::new(&invite, StatusCode::RINGING).to_tag("far").header("Contact", "<sip:300@c>");
    world.send_to_phone(0, builder.build().into_octets());
    world.run(20);
    let own = invite.from().tag().expect("a tag");
    let replaces = format!("{};to-tag={own};from-tag=far;early-only", invite.call_id());
    assert_eq!(codes(&bert(&mut world, "b", &[&replaces])), [100, 180]);
    let session = world.incoming(0);
    world.told(0);
    world.accept(0, session);
    world.run(20);
    let sent = std::mem::take(&mut world.proxy.heard);
    assert_eq!(codes(&sent[..1]), [200]);
    assert_eq!((sent[1].method().as_str(), sent[1].call_id()), ("CANCEL", invite.call_id()));
    assert_eq!(world.told(0), ["terminated local 487"]);
}

#[test]
fn attended_transfer_between_three_of_our_own_ends_with_the_two_others_in_a_call() {
    // 200 talks to 201 and to 202, and asks 201 to take its place with 202.
    let (mut world, first, theirs) = World::in_call(&["200", "201", "202"]);
    let second = world.call(0, "202");
    world.run(100);
    let third = world.incoming(2);
    world.accept(2, third);
    world.run(100);
    for phone in 0..3 {
        world.told(phone);
    }
    world.command(
        0,
        Command::Refer { session: first, target: String::new(), replaces: Some(second), headers: Vec::new() },
    );
    world.run(100);
    let session = world.phones[1].agent.next_session();
    world.command(
        1,
        Command::Follow { session, referred: theirs, offer: b"v=0".to_vec(), headers: Vec::new() },
    );
    world.run(100);
    let joined = world.incoming(2);
    assert_eq!(world.told(2), [format!("incoming from 201 in the place of {}", third.0)]);
    world.accept(2, joined);
    world.run(100);
    assert_eq!(world.told(2), ["terminated local 200", "confirmed"]);
    let told = world.told(0);
    assert!(told.contains(&"terminated remote 200".to_owned()), "202 has left: {told:?}");
    assert_eq!(told.last().map(String::as_str), Some("transfer 200"));
    world.hang_up(0, first);
    world.run(100);
    world.hang_up(1, session);
    world.run(100);
    assert_eq!(world.told(2), ["terminated remote 200"]);
    world.assert_quiet();
}

/// 200, called by Anna, has asked her to call 202; she has said 202 with these headers. The To line of the call.
fn referred(world: &mut World, headers: &[(&str, &str)]) -> String {
    let (session, tag) = called(world);
    world.command(
        0,
        Command::Refer { session, target: "202".to_owned(), replaces: None, headers: Vec::new() },
    );
    world.run(20);
    let refer = world.proxy.heard.remove(0);
    let builder = ResponseBuilder::new(&refer, StatusCode::ACCEPTED);
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
    world.send_to_phone(0, builder.build().into_octets());
    world.run(20);
    format!("To: <sip:200@sip.test>;tag={tag}")
}

fn notify(world: &mut World, to: &str, number: u32, state: &str, body: &str) -> Vec<u16> {
    notify_of(world, to, number, "refer", state, body)
}

fn notify_of(world: &mut World, to: &str, number: u32, event: &str, state: &str, body: &str) -> Vec<u16> {
    let (cseq, state) = (format!("CSeq: {number} NOTIFY"), format!("Subscription-State: {state}"));
    let event = format!("Event: {event}");
    let lines = [to, cseq.as_str(), state.as_str(), event.as_str(), "Content-Type: message/sipfrag"];
    codes(&answers(world, request("NOTIFY sip:200@x.invalid", &format!("n{number}"), &lines, body)))
}

#[test]
fn transfer_is_followed_to_its_last_word_and_no_further() {
    let mut world = World::registered(&["200"]);
    let to = referred(&mut world, &[]);
    assert_eq!(notify(&mut world, &to, 2, "active;expires=60", "SIP/2.0 180 Ringing"), [200]);
    assert_eq!(notify(&mut world, &to, 3, "terminated;reason=noresource", "SIP/2.0 486 Busy Here"), [200]);
    assert_eq!(
        notify(&mut world, &to, 4, "terminated", "SIP/2.0 200 OK"),
        [481],
        "there is no subscription left"
    );
    assert_eq!(world.told(0), ["transfer 100", "transfer 180", "transfer 486"]);
}

#[test]
fn transfer_whose_last_word_says_nothing_gives_the_call_back() {
    for body in ["SIP/2.0 100 Trying", "", "nonsense"] {
        let mut world = World::registered(&["200"]);
        let to = referred(&mut world, &[]);
        assert_eq!(notify(&mut world, &to, 2, "terminated;reason=giveup", body), [200]);
        assert_eq!(world.told(0), ["transfer 100", "transfer 408"], "{body:?}");
    }
}

#[test]
fn transfer_of_which_nobody_will_be_notified_is_done_when_it_is_accepted() {
    let mut world = World::registered(&["200"]);
    referred(&mut world, &[("Refer-Sub", "false")]);
    assert_eq!(world.told(0), ["transfer 200"]);
}

#[test]
fn who_wants_no_notify_gets_none_and_may_ask_again_after_the_end() {
    let mut world = World::registered(&["200", "202"]);
    let (session, tag) = called(&mut world);
    let to = format!("To: <sip:200@sip.test>;tag={tag}");
    let refer = |number: u32, world: &mut World| {
        let cseq = format!("CSeq: {number} REFER");
        let lines = [to.as_str(), cseq.as_str(), "Refer-To: <sip:299@sip.test>", "Refer-Sub: false ;x=y"];
        answers(world, request("REFER sip:200@x.invalid", &format!("r{number}"), &lines, ""))
    };
    for number in [2, 20] {
        let answered = refer(number, &mut world);
        assert_eq!((codes(&answered), answered[0].header("Refer-Sub")), (vec![202], Some("false")));
        assert_eq!(codes(&refer(number + 10, &mut world)), [491], "one at a time");
        let follower = world.phones[0].agent.next_session();
        world.command(
            0,
            Command::Follow {
                session: follower,
                referred: session,
                offer: b"v=0".to_vec(),
                headers: Vec::new(),
            },
        );
        world.run(100);
        assert!(world.proxy.heard.iter().all(|heard| heard.method().as_str() != "NOTIFY"));
        assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 480"));
    }
}

#[test]
fn notify_counts_for_the_transfer_whose_number_it_names() {
    let mut world = World::registered(&["200"]);
    // The first REFER of the dialog has CSeq 1.
    let to = referred(&mut world, &[]);
    for (number, other) in
        (2..).zip(["refer;id=2", "refer;id=none", "refer;id=", "presence", "presence;id=1"])
    {
        let code = if other.starts_with("refer") { 481 } else { 489 };
        assert_eq!(notify_of(&mut world, &to, number, other, "active", "SIP/2.0 200 OK"), [code], "{other}");
    }
    assert_eq!(notify_of(&mut world, &to, 50, "Refer ; ID=1", "active", "SIP/2.0 180 Ringing"), [200]);
    assert_eq!(world.told(0), ["transfer 100", "transfer 180"]);
}

#[test]
fn last_words_of_an_earlier_transfer_say_nothing_of_the_one_that_is_under_way() {
    let mut world = World::registered(&["200"]);
    let to = referred(&mut world, &[]);
    // Nobody told how it ended, and the person asked again.
    world.command(
        0,
        Command::Refer {
            session: SessionId(1),
            target: "203".to_owned(),
            replaces: None,
            headers: Vec::new(),
        },
    );
    world.run(20);
    let refer = std::mem::take(&mut world.proxy.heard).remove(0);
    assert_eq!(refer.cseq().number, 2);
    // Before its 202 has come, too.
    assert_eq!(notify_of(&mut world, &to, 2, "refer;id=1", "terminated", "SIP/2.0 200 OK"), [481]);
    assert_eq!(notify_of(&mut world, &to, 3, "refer", "terminated", "SIP/2.0 200 OK"), [481], "whose?");
    assert_eq!(notify_of(&mut world, &to, 4, "refer;id=2", "active", "SIP/2.0 183 Going"), [200]);
    assert_eq!(notify_of(&mut world, &to, 5, "refer;id=2", "terminated", "SIP/2.0 404 Not Found"), [200]);
    assert_eq!(world.told(0), ["transfer 100", "transfer 183", "transfer 404"]);
}

#[test]
fn challenged_refer_is_followed_by_its_second_number() {
    let mut world = World::registered(&["200"]);
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    let ok = ResponseBuilder::new(&invite, StatusCode::OK).to_tag("peer").header("Contact", "<sip:300@c>");
    world.send_to_phone(0, ok.body("application/sdp", b"v=0").build().into_octets());
    world.run(20);
    world.proxy.heard.clear();
    world.command(
        0,
        Command::Refer {
            session: SessionId(1),
            target: "202".to_owned(),
            replaces: None,
            headers: Vec::new(),
        },
    );
    world.run(20);
    let refer = world.proxy.heard.remove(0);
    let challenge = ResponseBuilder::new(&refer, StatusCode::PROXY_AUTHENTICATION_REQUIRED).header(
        "Proxy-Authenticate",
        "Digest realm=\"sip.test\", nonce=\"n1\", algorithm=SHA-256, qop=\"auth\"",
    );
    world.send_to_phone(0, challenge.build().into_octets());
    world.run(20);
    let again = world.proxy.heard.remove(0);
    assert_eq!((refer.cseq().number, again.cseq().number), (2, 3));
    world.told(0);
    let from = "From: <sip:300@elsewhere>;tag=peer";
    let to = format!("To: {}", invite.from());
    let call_id = format!("Call-ID: {}", invite.call_id());
    for (number, id, code) in [(1, 2, 481), (2, 3, 200)] {
        let (cseq, event) = (format!("CSeq: {number} NOTIFY"), format!("Event: refer;id={id}"));
        let lines = [from, &to, &call_id, &cseq, &event, "Subscription-State: terminated;reason=noresource"];
        let notify = request("NOTIFY sip:200@x.invalid", &format!("n{number}"), &lines, "SIP/2.0 200 OK");
        assert_eq!(codes(&answers(&mut world, notify)), [code]);
    }
    assert_eq!(world.told(0), ["transfer 200"]);
}

/// A REFER outside of the call, of someone who says in which dialog both are.
fn refer_outside(world: &mut World, number: u32, target_dialog: &str) -> Vec<Message> {
    let (cseq, call_id) = (format!("CSeq: {number} REFER"), format!("Call-ID: outside{number}"));
    let target_dialog = format!("Target-Dialog: {target_dialog}");
    let lines = [
        "From: <sip:pbx@sip.test>;tag=pbx",
        cseq.as_str(),
        call_id.as_str(),
        target_dialog.as_str(),
        "Require: tdialog",
        "Contact: <sip:pbx@c>",
        "Refer-To: <sip:202@sip.test>",
    ];
    answers(world, request("REFER sip:200@x.invalid", &format!("o{number}"), &lines, ""))
}

#[test]
fn refer_outside_of_a_call_counts_where_it_names_the_dialog_of_one() {
    let mut world = World::registered(&["200"]);
    let (session, tag) = called(&mut world);
    for (number, wrong) in (1..).zip([
        format!("two;local-tag=anna;remote-tag={tag}"),
        format!("one;local-tag={tag};remote-tag=anna"),
        format!("one;local-tag=mallory;remote-tag={tag}"),
        format!("one;remote-tag={tag}"),
    ]) {
        assert_eq!(codes(&refer_outside(&mut world, number, &wrong)), [481], "{wrong}");
    }
    let none =
        request("REFER sip:200@x.invalid", "none", &["Refer-To: <sip:202@sip.test>", "Call-ID: none"], "");
    assert_eq!(codes(&answers(&mut world, none)), [481]);
    assert!(world.told(0).is_empty());
    let right = format!("one;local-tag=anna;remote-tag={tag}");
    let taken = refer_outside(&mut world, 10, &right);
    assert_eq!((codes(&taken), taken[1].method().as_str()), (vec![202, 0], "NOTIFY"));
    assert_eq!(world.told(0), ["referred to sip:202@sip.test"]);
    assert_eq!(codes(&refer_outside(&mut world, 11, &right)), [491], "one at a time");
    // Its NOTIFYs go to who asked, in a dialog of their own.
    let follower = world.phones[0].agent.next_session();
    let (offer, headers) = (b"v=0".to_vec(), Vec::new());
    world.command(0, Command::Follow { session: follower, referred: session, offer, headers });
    world.run(100);
    let last = world.proxy.heard.pop().expect("a NOTIFY");
    for notify in [&taken[1], &last] {
        assert_eq!((notify.call_id(), notify.to().tag()), ("outside10", Some("pbx")));
        assert_eq!(notify.uri().map(ToString::to_string).as_deref(), Some("sip:pbx@c"));
        assert_eq!(notify.from().tag(), taken[0].to().tag());
        assert_eq!(notify.header("Event"), Some("refer;id=10"));
    }
    assert!(last.cseq().number > taken[1].cseq().number);
    assert!(last.header("Subscription-State").is_some_and(|state| state.starts_with("terminated")));
    // After the end of the call there is no such dialog.
    world.hang_up(0, session);
    assert_eq!(codes(&refer_outside(&mut world, 12, &right)).last(), Some(&481));
}

#[test]
fn refer_to_anything_but_a_call_is_refused() {
    let mut world = World::registered(&["200"]);
    let (_, tag) = called(&mut world);
    let to = format!("To: <sip:200@sip.test>;tag={tag}");
    for (number, (target, code)) in (2..).zip([
        ("<sip:202@sip.test;method=BYE>", 400),
        ("<https://a/b>", 400),
        ("<sip:202@sip.test;method=INVITE>", 202),
    ]) {
        let (cseq, target) = (format!("CSeq: {number} REFER"), format!("Refer-To: {target}"));
        let refer = request("REFER sip:200@x.invalid", &format!("m{number}"), &[&to, &cseq, &target], "");
        assert_eq!(codes(&answers(&mut world, refer))[0], code, "{target}");
    }
}
