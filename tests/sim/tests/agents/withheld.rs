//! Calls whose caller does not say who they are (RFC 3323 §4.1.1.3): no message of theirs tells it, and the other side
//! reaches them all the same.

use super::world::{World, config, sdp};
use softframe_sip::{Command, SessionId, wire::Message};

/// The name of who calls; nothing else in a world has these letters.
const NAME: &str = "morgan";

fn world() -> World {
    let mut caller = config("200", super::world::PASSWORD);
    caller.user = NAME.to_owned();
    World::with(vec![("200", caller), ("201", config("201", super::world::PASSWORD))])
}

/// Both are registered, and the first has called the second without a name.
fn in_withheld_call(world: &mut World) -> (SessionId, SessionId) {
    for phone in [0, 1] {
        world.command(phone, Command::Register);
    }
    world.run(1_000);
    let ours = world.call_with(0, "201", vec![("Privacy".to_owned(), "id".to_owned())]);
    world.run(500);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    world.run(500);
    world.told(0);
    world.told(1);
    (ours, theirs)
}

/// What the caller says inside of the call, in each way there is.
fn say_everything(world: &mut World, ours: SessionId, theirs: SessionId) {
    world.command(0, Command::Reinvite { session: ours, offer: sdp("hold") });
    world.run(100);
    world.command(1, Command::Answer { session: theirs, answer: sdp("held") });
    world.run(100);
    world.command(1, Command::Reinvite { session: theirs, offer: sdp("hold") });
    world.run(100);
    world.command(0, Command::Answer { session: ours, answer: sdp("held") });
    world.run(100);
    world.command(
        0,
        Command::Refer { session: ours, target: "203".to_owned(), replaces: None, headers: Vec::new() },
    );
    world.run(100);
    world.command(1, Command::Decline { session: theirs });
    // Half of the session's interval: the caller refreshes by UPDATE.
    world.run(1_000_000);
}

/// The Contacts that the caller gave to the other side, by method of the message.
fn contacts(world: &World) -> Vec<(String, String)> {
    let is_theirs = |message: &Message| message.method().as_str() != "REGISTER";
    let contact = |message: Message| {
        let contact = message.contact()?.uri.to_string();
        let kind = if message.is_request() { "" } else { "2xx of " };
        Some((format!("{kind}{}", message.method()), contact))
    };
    world.sent(0).filter(is_theirs).filter_map(contact).collect()
}

#[test]
fn contact_of_a_withheld_caller_names_nobody_and_leads_back_to_them() {
    let mut world = world();
    let (ours, theirs) = in_withheld_call(&mut world);
    say_everything(&mut world, ours, theirs);
    let contacts = contacts(&world);
    for kind in ["INVITE", "2xx of INVITE", "REFER", "UPDATE"] {
        assert!(contacts.iter().any(|(found, _)| found == kind), "no {kind} in {contacts:?}");
    }
    let names = |(_, contact): &&(String, String)| contact.contains(NAME);
    assert_eq!(contacts.iter().find(names), None);
    // Nor does any other line, but the one that the server knows the caller by.
    let names = |line: &&str| line.contains(NAME) && !line.contains("Authorization:");
    for message in world.sent(0).filter(|message| message.method().as_str() != "REGISTER") {
        let text = String::from_utf8_lossy(message.octets()).into_owned();
        assert_eq!(text.lines().find(names), None, "{}", message.method());
    }
    world.hang_up(1, theirs);
    world.run(100);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 200"));
    world.assert_quiet();
}

#[test]
fn withheld_caller_uses_the_temporary_gruu_and_never_the_public_one() {
    let mut world = world();
    world.proxy.gruu = Some("sip:morgan@sip.test;gr=urn:uuid:1");
    world.proxy.temporary_gruu = Some("sip:tgruu.7hs@sip.test;gr");
    let (ours, theirs) = in_withheld_call(&mut world);
    say_everything(&mut world, ours, theirs);
    let contacts = contacts(&world);
    assert!(!contacts.is_empty());
    let others = |(_, contact): &&(String, String)| contact != "sip:tgruu.7hs@sip.test;gr";
    assert_eq!(contacts.iter().find(others), None);
}

#[test]
fn nothing_in_a_withheld_call_stands_in_a_named_one_of_the_same_caller() {
    let mut world = world();
    world.proxy.gruu = Some("sip:morgan@sip.test;gr=urn:uuid:1");
    world.proxy.temporary_gruu = Some("sip:tgruu.7hs@sip.test;gr");
    let (ours, theirs) = in_withheld_call(&mut world);
    say_everything(&mut world, ours, theirs);
    world.hang_up(0, ours);
    world.run(500);
    let withheld: Vec<Message> = world.sent(0).collect();
    world.call(0, "201");
    world.run(500);
    let named: Vec<Message> = world.sent(0).skip(withheld.len()).collect();
    // What each side of a call is told, and nobody else has made up: not what the server knows us by.
    let marks = |messages: &[Message]| -> std::collections::BTreeSet<String> {
        let is_for_them = |message: &&Message| {
            message.method().as_str() != "REGISTER" && message.uri().is_some_and(|uri| uri.user().is_some())
        };
        let of = |message: &Message| {
            let contact = message.contact().map(|contact| contact.uri.to_string());
            let tag = message.from().tag().map(str::to_owned);
            let all = [Some(message.via().host.clone()), Some(message.call_id().to_owned()), contact, tag];
            all.into_iter().flatten().collect::<Vec<_>>()
        };
        messages.iter().filter(is_for_them).flat_map(of).collect()
    };
    let (withheld, named) = (marks(&withheld), marks(&named));
    assert!(withheld.len() > 4 && named.len() > 3, "{withheld:?} {named:?}");
    let both: Vec<_> = withheld.intersection(&named).collect();
    assert!(both.is_empty(), "{both:?}");
}

#[test]
fn withheld_caller_is_reached_over_the_next_flow_of_either_side() {
    for cut in [0, 1] {
        let mut world = world();
        let (_, theirs) = in_withheld_call(&mut world);
        world.cut(cut);
        world.run(1_000);
        world.hang_up(1, theirs);
        world.run(500);
        assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 200"));
    }
}

#[test]
fn each_level_of_privacy_that_keeps_the_caller_back_makes_the_call_anonymous_and_the_others_do_not() {
    for (levels, hides) in [
        ("id", true),
        ("user", true),
        ("header", true),
        ("session; header;critical", true),
        ("none", false),
        ("session", false),
        ("history;identity", false),
    ] {
        let mut world = world();
        world.command(0, Command::Register);
        world.run(1_000);
        world.call_with(0, "201", vec![("Privacy".to_owned(), levels.to_owned())]);
        let invite = world.sent(0).next_back().expect("an INVITE");
        let from =
            (invite.from().uri.host() == "anonymous.invalid", invite.from().to_string().contains(NAME));
        assert_eq!(from, (hides, !hides), "{levels}");
    }
}
