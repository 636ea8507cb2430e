//! Subscriptions (RFC 6665): the phone is the subscriber, the test its notifiers.

use super::{
    notifier::{
        count, heard, next_refresh, notify, notify_about, respond, subscribe, subscribed, subscriber,
    },
    world::World,
};
use softframe_sip::{Command, Event, SubscriptionId, wire::Message};

#[test]
fn subscription_begins_with_the_notify_and_is_refreshed_in_its_dialog_before_it_ends() {
    let mut world = subscriber();
    subscribe(&mut world, "301", "dialog");
    let request = heard(&mut world, "SUBSCRIBE");
    assert_eq!(request.uri().map(ToString::to_string).as_deref(), Some("sip:301@sip.test"));
    for (name, value) in [("Event", "dialog"), ("Accept", "application/dialog-info+xml"), ("Expires", "3600")]
    {
        assert_eq!(request.header(name), Some(value));
    }
    // The NOTIFY overtakes the 200.
    assert_eq!(notify(&mut world, &request, "n1", 7, "active;expires=1000", "one"), 200);
    respond(&mut world, &request, 200, "n1", &[("Expires", "1000")]);
    assert_eq!(world.told(0), ["notified n1 one"]);
    world.run(740_000);
    assert_eq!(count(&world, "SUBSCRIBE"), 0, "not before 75 per cent");
    let refresh = next_refresh(&mut world);
    assert_eq!((refresh.call_id(), refresh.to().tag()), (request.call_id(), Some("n1")));
    assert_eq!(refresh.from().tag(), request.from().tag());
    assert_eq!(refresh.cseq().number, request.cseq().number + 1);
    assert_eq!(refresh.uri().map(ToString::to_string).as_deref(), Some("sip:n1@notifier.test"));
    assert_eq!(refresh.list("Route").collect::<Vec<_>>(), ["<sip:a.test;lr>", "<sip:b.test;lr>"]);
    respond(&mut world, &refresh, 200, "n1", &[("Expires", "1000")]);
    assert_eq!(notify(&mut world, &request, "n1", 8, "active;expires=1000", "two"), 200);
    assert_eq!(world.told(0), ["notified n1 two"]);
    world.run(740_000);
    assert_eq!(count(&world, "SUBSCRIBE"), 0, "refreshed once");
}

#[test]
fn notifies_that_do_not_belong_are_refused_and_those_that_come_twice_are_told_once() {
    let (mut world, _, request) = subscribed();
    assert_eq!(notify(&mut world, &request, "n1", 1, "active", "again"), 200, "the same number");
    assert_eq!(notify(&mut world, &request, "n1", 3, "active", "three"), 200);
    assert_eq!(notify(&mut world, &request, "n1", 2, "active", "late"), 500);
    assert_eq!(notify_about(&mut world, &request, "n1", 4, "active", "presence", "other"), 489);
    assert_eq!(notify_about(&mut world, &request, "n1", 4, "active", "dialog;id=9", "other"), 489);
    let text = String::from_utf8_lossy(request.octets()).replace(request.call_id(), "another");
    let foreign = Message::parse(text.into_bytes()).expect("a message");
    assert_eq!(notify(&mut world, &foreign, "n1", 5, "active", "foreign"), 481);
    assert_eq!(world.told(0), ["notified n1 three"]);
    // Only while timer N runs may a further branch answer.
    world.run(33_000);
    assert_eq!(notify(&mut world, &request, "n2", 1, "active", "too late"), 481);
    assert!(world.told(0).is_empty());
}

#[test]
fn each_branch_of_a_forked_subscribe_is_a_dialog_of_its_own_up_to_four() {
    let (mut world, id, request) = subscribed();
    for (tag, code) in [("n2", 200), ("n3", 200), ("n4", 200), ("n5", 481)] {
        assert_eq!(notify(&mut world, &request, tag, 1, "active;expires=1000", tag), code, "{tag}");
    }
    assert_eq!(world.told(0), ["notified n2 n2", "notified n3 n3", "notified n4 n4"]);
    assert_eq!(notify(&mut world, &request, "n2", 2, "terminated;reason=noresource", ""), 200);
    assert_eq!(world.told(0), ["notified n2  last"], "the others stand");
    world.command(0, Command::Unsubscribe { subscription: id });
    world.run(20);
    let mut tags: Vec<String> = Vec::new();
    while count(&world, "SUBSCRIBE") > 0 {
        let farewell = heard(&mut world, "SUBSCRIBE");
        assert_eq!(farewell.header("Expires"), Some("0"));
        tags.push(farewell.to().tag().expect("a tag").to_owned());
    }
    assert_eq!(tags, ["n1", "n3", "n4"]);
}

#[test]
fn notifier_that_has_moved_is_refreshed_where_its_last_notify_says() {
    let (mut world, _, request) = subscribed();
    let lines = [
        format!("From: <{}>;tag=n1", request.to().uri),
        format!("To: {}", request.from()),
        format!("Call-ID: {}", request.call_id()),
    ];
    let lines = lines.iter().map(String::as_str).chain([
        "CSeq: 2 NOTIFY",
        "Contact: <sip:moved@notifier.test>",
        "Event: dialog",
        "Subscription-State: active;expires=100",
    ]);
    let notify = super::requests::request("NOTIFY sip:200@x", "moved", &lines.collect::<Vec<_>>(), "two");
    world.send_to_phone(0, notify);
    world.run(20);
    assert_eq!(world.told(0), ["notified n1 two"]);
    let refresh = next_refresh(&mut world);
    assert_eq!(refresh.uri().map(ToString::to_string).as_deref(), Some("sip:moved@notifier.test"));
}

#[test]
fn branch_that_falls_silent_is_told_as_gone_when_its_time_is_over_and_the_others_stand() {
    // Nobody answers the refresh of n2, or its answer says that the dialog is not known.
    for forgets in [false, true] {
        let (mut world, _, request) = subscribed();
        assert_eq!(notify(&mut world, &request, "n2", 1, "active;expires=300", "two"), 200);
        assert_eq!(world.told(0), ["notified n2 two"]);
        let refresh = next_refresh(&mut world);
        assert_eq!(refresh.to().tag(), Some("n2"));
        if forgets {
            respond(&mut world, &refresh, 481, "n2", &[]);
        } else {
            assert!(world.told(0).is_empty(), "not before its time");
            world.run(76_000);
        }
        assert_eq!(world.told(0), ["gone n2"]);
        assert_eq!(notify(&mut world, &request, "n1", 2, "active", "still"), 200);
        assert_eq!(world.told(0), ["notified n1 still"]);
    }
}

#[test]
fn subscription_granted_for_a_moment_is_not_refreshed_more_often_than_every_seven_seconds() {
    let mut world = subscriber();
    subscribe(&mut world, "301", "dialog");
    let begin = world.now;
    while world.now < begin + 100_000 {
        let asked = std::mem::take(&mut world.proxy.heard).into_iter().rfind(Message::is_request);
        if let Some(request) = asked.filter(|request| request.method().as_str() == "SUBSCRIBE") {
            respond(&mut world, &request, 200, "n1", &[("Expires", "1")]);
            let number = u32::try_from(world.now - begin).expect("small");
            notify(&mut world, &request, "n1", number, "active;expires=1", "");
        }
        world.run(100);
    }
    let asked = world.ladder().iter().filter(|line| *line == "200 > SUBSCRIBE").count();
    assert!((10..=14).contains(&asked), "{asked}");
}

#[test]
fn ended_subscription_says_expires_0_and_takes_the_last_notify_in_silence() {
    let (mut world, id, request) = subscribed();
    world.command(0, Command::Unsubscribe { subscription: id });
    world.run(20);
    let farewell = heard(&mut world, "SUBSCRIBE");
    assert_eq!((farewell.header("Expires"), farewell.to().tag()), (Some("0"), Some("n1")));
    respond(&mut world, &farewell, 200, "n1", &[("Expires", "0")]);
    assert_eq!(notify(&mut world, &request, "n1", 2, "terminated;reason=timeout", "bye"), 200);
    assert_eq!(notify(&mut world, &request, "n1", 3, "active", "after it"), 481);
    assert!(world.told(0).is_empty());
    assert_eq!(
        world.ladder(),
        [
            "200 > SUBSCRIBE",
            "200 < 200 SUBSCRIBE",
            "200 < NOTIFY",
            "200 > 200 NOTIFY",
            "200 < NOTIFY",
            "200 > 481 NOTIFY"
        ]
    );
    world.assert_quiet();
}

#[test]
fn subscription_ended_before_anybody_answered_is_refused_to_the_notifier() {
    let mut world = subscriber();
    let id = subscribe(&mut world, "301", "dialog");
    let request = heard(&mut world, "SUBSCRIBE");
    world.command(0, Command::Unsubscribe { subscription: id });
    respond(&mut world, &request, 200, "n1", &[("Expires", "1000")]);
    assert_eq!(count(&world, "SUBSCRIBE"), 0, "without a dialog there is nothing to say");
    assert_eq!(notify(&mut world, &request, "n1", 1, "active;expires=1000", "one"), 481);
    assert!(world.told(0).is_empty());
}

#[test]
fn refusals_are_final_passing_or_bargained_with() {
    for (code, headers, told) in [
        (404, vec![], "subscription failed 404"),
        (403, vec![], "subscription failed 403"),
        (405, vec![], "subscription failed 405"),
        (489, vec![("Allow-Events", "presence")], "subscription failed 489"),
        (603, vec![], "subscription failed 603"),
        (501, vec![], "subscription failed 501"),
        (423, vec![], "subscription failed 423"),
        (423, vec![("Min-Expires", "60")], "subscription failed 423"),
        (423, vec![("Min-Expires", "999999")], "subscription failed 423"),
    ] {
        let mut world = subscriber();
        subscribe(&mut world, "301", "dialog");
        let request = heard(&mut world, "SUBSCRIBE");
        respond(&mut world, &request, code, "p", &headers);
        assert_eq!(world.told(0), [told], "{code} {headers:?}");
        world.run(4_000_000);
        assert_eq!(count(&world, "SUBSCRIBE"), 0, "{code}: nothing follows");
        assert!(world.told(0).is_empty());
    }
    for (code, headers, at_least, at_most) in [
        (480, vec![], 22_000, 31_000),
        (486, vec![], 22_000, 31_000),
        (429, vec![], 22_000, 31_000),
        (503, vec![("Retry-After", "120")], 119_000, 121_000),
        (500, vec![("Retry-After", "5")], 4_000, 6_000),
        (481, vec![], 22_000, 31_000),
    ] {
        let mut world = subscriber();
        subscribe(&mut world, "301", "dialog");
        let request = heard(&mut world, "SUBSCRIBE");
        respond(&mut world, &request, code, "p", &headers);
        assert_eq!(world.told(0), [format!("subscription failed {code}, again")]);
        world.run(at_least);
        assert_eq!(count(&world, "SUBSCRIBE"), 0, "{code}: too early");
        world.run(at_most - at_least);
        let again = heard(&mut world, "SUBSCRIBE");
        assert_ne!(again.call_id(), request.call_id(), "{code}");
        respond(&mut world, &again, code, "p", &[]);
        world.told(0);
        world.run(44_000);
        assert_eq!(count(&world, "SUBSCRIBE"), 0, "{code}: the second wait is longer");
        world.run(17_000);
        heard(&mut world, "SUBSCRIBE");
    }
}

#[test]
fn time_that_the_answer_grants_counts_where_the_notify_names_none() {
    let mut world = subscriber();
    subscribe(&mut world, "301", "dialog");
    let request = heard(&mut world, "SUBSCRIBE");
    respond(&mut world, &request, 200, "n1", &[("Expires", "100")]);
    assert_eq!(notify(&mut world, &request, "n1", 1, "active", "one"), 200);
    world.run(73_000);
    assert_eq!(count(&world, "SUBSCRIBE"), 0, "not before 75 per cent");
    let refresh = next_refresh(&mut world);
    // It moves the end at once: the NOTIFY after it may take half a minute, and comes after what would have been the end.
    respond(&mut world, &refresh, 200, "n1", &[("Expires", "50")]);
    world.run(30_000);
    assert_eq!(count(&world, "SUBSCRIBE"), 0);
    assert_eq!(notify(&mut world, &request, "n1", 2, "active", "two"), 200);
    world.run(36_000);
    assert_eq!(count(&world, "SUBSCRIBE"), 0);
    world.run(10_000);
    assert_eq!(heard(&mut world, "SUBSCRIBE").to().tag(), Some("n1"), "within the same dialog");
    assert_eq!(world.told(0), ["notified n1 one", "notified n1 two"]);
}

#[test]
fn pauses_begin_anew_once_a_notifier_has_spoken() {
    let mut world = subscriber();
    subscribe(&mut world, "301", "dialog");
    for _ in 0..3 {
        let request = next_refresh(&mut world);
        respond(&mut world, &request, 480, "p", &[]);
    }
    // Thirty seconds, doubled twice, or three quarters of that.
    world.run(89_000);
    assert_eq!(count(&world, "SUBSCRIBE"), 0);
    let request = next_refresh(&mut world);
    respond(&mut world, &request, 200, "n1", &[("Expires", "1000")]);
    assert_eq!(notify(&mut world, &request, "n1", 1, "active", ""), 200);
    assert_eq!(notify(&mut world, &request, "n1", 2, "terminated;reason=giveup", ""), 200);
    world.run(31_000);
    heard(&mut world, "SUBSCRIBE");
}

#[test]
fn too_brief_interval_of_a_subscription_is_lengthened_outside_and_inside_of_the_dialog() {
    let mut world = subscriber();
    subscribe(&mut world, "301", "dialog");
    let request = heard(&mut world, "SUBSCRIBE");
    respond(&mut world, &request, 423, "p", &[("Min-Expires", "7200")]);
    let longer = heard(&mut world, "SUBSCRIBE");
    assert_eq!(longer.header("Expires"), Some("7200"));
    respond(&mut world, &longer, 200, "n1", &[]);
    assert_eq!(notify(&mut world, &longer, "n1", 1, "active;expires=100", ""), 200);
    world.run(91_000);
    let refresh = heard(&mut world, "SUBSCRIBE");
    respond(&mut world, &refresh, 423, "n1", &[("Min-Expires", "9000")]);
    let longer = heard(&mut world, "SUBSCRIBE");
    assert_eq!((longer.header("Expires"), longer.to().tag()), (Some("14400"), Some("n1")));
    assert!(longer.cseq().number > refresh.cseq().number);
    assert_eq!(world.told(0), ["notified n1 "]);
}

#[test]
fn notifier_that_has_forgotten_us_or_says_nothing_is_asked_anew() {
    // The refresh is refused for good.
    for code in [480, 481] {
        let (mut world, _, request) = subscribed();
        let refresh = next_refresh(&mut world);
        respond(&mut world, &refresh, code, "n1", &[]);
        let anew = heard(&mut world, "SUBSCRIBE");
        assert!(anew.to().tag().is_none() && anew.call_id() != request.call_id());
        assert_eq!(notify(&mut world, &request, "n1", 9, "active", "of the old dialog"), 481);
        assert_eq!(notify(&mut world, &anew, "n9", 1, "active", "new"), 200);
        assert_eq!(world.told(0), ["notified n9 new"]);
    }

    // A refresh that is accepted, and no NOTIFY after it.
    let (mut world, _, _) = subscribed();
    let refresh = next_refresh(&mut world);
    respond(&mut world, &refresh, 200, "n1", &[("Expires", "1000")]);
    world.run(33_000);
    assert!(heard(&mut world, "SUBSCRIBE").to().tag().is_none());

    // A refresh refused for now is repeated in the dialog, and what was granted still counts.
    let (mut world, _, request) = subscribed();
    let refresh = next_refresh(&mut world);
    respond(&mut world, &refresh, 503, "n1", &[("Retry-After", "20")]);
    assert_eq!(notify(&mut world, &request, "n1", 2, "active", "still"), 200);
    world.run(21_000);
    assert_eq!(heard(&mut world, "SUBSCRIBE").to().tag(), Some("n1"));
}

#[test]
fn subscribe_that_nobody_notifies_of_has_failed_after_32_seconds() {
    let mut world = subscriber();
    subscribe(&mut world, "301", "dialog");
    let request = heard(&mut world, "SUBSCRIBE");
    respond(&mut world, &request, 200, "n1", &[("Expires", "1000")]);
    world.run(31_900);
    assert!(world.told(0).is_empty());
    world.run(100);
    assert_eq!(world.told(0), ["subscription failed 408, again"]);
    world.run(31_000);
    heard(&mut world, "SUBSCRIBE");
    // And where not even the 200 comes.
    world.run(32_000);
    assert_eq!(world.told(0), ["subscription failed 408, again"]);
}

#[test]
fn what_follows_from_the_end_depends_on_its_reason() {
    // Reason, what is told, when it is asked again.
    for (reason, told, again) in [
        ("deactivated", "", Some(0)),
        ("timeout", "", Some(0)),
        ("whatever", "", Some(0)),
        ("probation;retry-after=50", "subscription failed 480 probation, again", Some(50_000)),
        ("giveup;retry-after=50", "subscription failed 480 giveup, again", Some(50_000)),
        ("rejected", "subscription failed 403 rejected", None),
        ("noresource", "subscription failed 404 noresource", None),
        ("invariant", "subscription failed 200 invariant", None),
    ] {
        let (mut world, _, request) = subscribed();
        world.run(10_000);
        let state = format!("terminated;reason={reason}");
        assert_eq!(notify(&mut world, &request, "n1", 2, &state, "end"), 200);
        let expected = ["notified n1 end last", told];
        assert_eq!(world.told(0), expected[..if told.is_empty() { 1 } else { 2 }], "{reason}");
        match again {
            Some(0) => assert!(heard(&mut world, "SUBSCRIBE").to().tag().is_none(), "{reason}"),
            Some(millis) => {
                world.run(millis - 100);
                assert_eq!(count(&world, "SUBSCRIBE"), 0, "{reason}");
                world.run(200);
                heard(&mut world, "SUBSCRIBE");
            }
            None => {
                world.run(4_000_000);
                assert_eq!(count(&world, "SUBSCRIBE"), 0, "{reason}");
            }
        }
    }
}

#[test]
fn notifier_that_gives_up_without_a_time_is_asked_again_after_a_while_and_not_at_once() {
    for reason in ["giveup", "probation"] {
        let (mut world, _, request) = subscribed();
        world.run(10_000);
        assert_eq!(notify(&mut world, &request, "n1", 2, &format!("terminated;reason={reason}"), ""), 200);
        let told = ["notified n1  last".to_owned(), format!("subscription failed 480 {reason}, again")];
        assert_eq!(world.told(0), told);
        world.run(22_000);
        assert_eq!(count(&world, "SUBSCRIBE"), 0, "{reason}");
        world.run(9_000);
        heard(&mut world, "SUBSCRIBE");
    }
}

#[test]
fn notifier_that_ends_each_subscription_at_once_is_asked_every_ten_seconds() {
    let (mut world, _, mut request) = subscribed();
    for _ in 0..5 {
        assert_eq!(notify(&mut world, &request, "n1", 2, "terminated;reason=deactivated", ""), 200);
        world.run(9_000);
        assert_eq!(count(&world, "SUBSCRIBE"), 0);
        world.run(1_000);
        request = heard(&mut world, "SUBSCRIBE");
        assert_eq!(notify(&mut world, &request, "n1", 1, "active", ""), 200);
    }
}

#[test]
fn subscription_is_asked_for_anew_on_the_next_flow_and_waits_for_it() {
    let (mut world, _, request) = subscribed();
    world.cut(0);
    world.run(20_000);
    let anew = heard(&mut world, "SUBSCRIBE");
    assert!(anew.to().tag().is_none() && anew.call_id() != request.call_id());
    assert_eq!(notify(&mut world, &request, "n1", 2, "active", "of the old flow"), 481);
    assert_eq!(notify(&mut world, &anew, "n1", 1, "active", "new"), 200);
    world.phones[0].reachable = false;
    world.cut(0);
    let late = subscribe(&mut world, "302", "dialog");
    world.run(60_000);
    assert_eq!(count(&world, "SUBSCRIBE"), 0, "nothing without a registration");
    world.phones[0].reachable = true;
    world.run(60_000);
    let targets: Vec<String> = (0..2).map(|_| heard(&mut world, "SUBSCRIBE").to().uri.to_string()).collect();
    assert_eq!(targets, ["sip:301@sip.test", "sip:302@sip.test"], "{late:?}");
}

#[test]
fn challenged_subscribe_and_its_refresh_are_answered_with_credentials() {
    let mut world = subscriber();
    world.proxy.challenges_all = true;
    subscribe(&mut world, "301", "dialog");
    world.run(100);
    assert_eq!(world.ladder(), ["200 > SUBSCRIBE", "200 < 407 SUBSCRIBE", "200 > SUBSCRIBE"]);
    let request = heard(&mut world, "SUBSCRIBE");
    assert_eq!(notify(&mut world, &request, "n1", 1, "active;expires=100", "one"), 200);
    world.run(91_000);
    let refresh = heard(&mut world, "SUBSCRIBE");
    assert_eq!(refresh.cseq().number, request.cseq().number + 1, "the number of the one that got in");
    let challenge =
        ("Proxy-Authenticate", "Digest realm=\"sip.test\", nonce=\"fresh\", algorithm=SHA-256, qop=\"auth\"");
    respond(&mut world, &refresh, 407, "n1", &[challenge]);
    let again = heard(&mut world, "SUBSCRIBE");
    assert!(again.header("Proxy-Authorization").is_some_and(|value| value.contains("fresh")));
    assert_eq!((again.cseq().number, again.to().tag()), (refresh.cseq().number + 1, Some("n1")));
}

#[test]
fn subscriptions_are_bounded_and_sixteen_are_asked_for_at_a_time() {
    let mut world = subscriber();
    for number in 1_000..1_256 {
        let subscription = world.phones[0].agent.next_subscription();
        let (target, event) = (number.to_string(), "dialog".to_owned());
        world.command(0, Command::Subscribe { subscription, target, event, accept: "x/y" });
    }
    world.run(20);
    assert_eq!(count(&world, "SUBSCRIBE"), 16);
    assert!(world.told(0).is_empty());
    let mut seen = 0;
    while count(&world, "SUBSCRIBE") > 0 {
        let request = heard(&mut world, "SUBSCRIBE");
        assert_eq!(notify(&mut world, &request, "n", 1, "active;expires=100000", ""), 200);
        respond(&mut world, &request, 200, "n", &[]);
        seen += 1;
    }
    assert_eq!(seen, 256);
    world.told(0);
    subscribe(&mut world, "one more", "dialog");
    assert_eq!(world.told(0), ["subscription failed 500"]);
}

#[test]
fn notifies_without_end_are_put_off_and_the_subscription_stays() {
    let (mut world, _, request) = subscribed();
    let mut taken = 0;
    while notify(&mut world, &request, "n1", taken + 2, "active", "") == 200 {
        taken += 1;
        world.now -= 20;
    }
    assert!((4_900..=5_000).contains(&taken), "{taken}");
    let told = world.told(0).len();
    assert_eq!(u32::try_from(told), Ok(taken));
    world.run(10_000);
    assert_eq!(notify(&mut world, &request, "n1", taken + 3, "active", "after it"), 200);
}

/// A small generator, so that a failing seed can be played again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// One of the things a notifier, a network or the owner of a subscription does.
fn happens(world: &mut World, dice: &mut Dice, id: SubscriptionId, seen: &[Message], number: &mut u32) {
    let which = usize::try_from(dice.roll(seen.len().max(1) as u64)).expect("few");
    let Some(subscribe) = seen.get(which).cloned() else { return world.run(1_000) };
    *number += 1;
    match dice.roll(12) {
        0..=2 => {
            let codes = [200, 200, 200, 202, 401, 403, 404, 408, 423, 480, 481, 489, 500, 503, 603];
            let code = codes[usize::try_from(dice.roll(15)).expect("few")];
            let headers = [("Expires", "120"), ("Min-Expires", "7200"), ("Retry-After", "7")];
            respond(world, &subscribe, code, "n1", &headers[..usize::try_from(dice.roll(4)).expect("few")]);
        }
        3..=6 => {
            let states = [
                "active;expires=60",
                "active",
                "pending;expires=90",
                "terminated;reason=deactivated",
                "terminated;reason=timeout",
                "terminated;reason=giveup;retry-after=9",
                "terminated;reason=probation",
                "terminated",
                "",
            ];
            let state = states[usize::try_from(dice.roll(9)).expect("few")];
            let tag = ["n1", "n2"][usize::try_from(dice.roll(2)).expect("few")];
            if world.is_open(0) {
                let answer = notify(world, &subscribe, tag, *number, state, "x");
                assert!([200, 481, 500].contains(&answer), "{answer} to {state}");
            }
        }
        7 if world.is_open(0) => world.cut(0),
        8 => world.command(0, Command::Resubscribe { subscription: id }),
        _ => world.run([10, 1_000, 33_000, 100_000][usize::try_from(dice.roll(4)).expect("few")]),
    }
}

#[test]
fn whatever_notifiers_do_sequence_numbers_rise_and_nothing_is_left_in_the_end() {
    for seed in 0..400 {
        let mut world = subscriber();
        let mut dice = Dice(seed);
        let id = subscribe(&mut world, "301", "dialog");
        let (mut seen, mut number) = (Vec::new(), 0);
        for _ in 0..40 {
            seen.extend(world.proxy.heard.extract_if(.., |message| message.method().as_str() == "SUBSCRIBE"));
            world.proxy.heard.clear();
            happens(&mut world, &mut dice, id, &seen, &mut number);
        }
        let mut dialogs: Vec<(String, u32)> = Vec::new();
        for request in world.sent(0).filter(|request| request.octets().starts_with(b"SUBSCRIBE")) {
            let key = format!("{} {}", request.call_id(), request.to().tag().unwrap_or_default());
            match dialogs.iter_mut().find(|(known, _)| *known == key) {
                Some((_, last)) => {
                    assert!(request.cseq().number > *last, "seed {seed}: {key}");
                    *last = request.cseq().number;
                }
                None => dialogs.push((key, request.cseq().number)),
            }
        }
        let finals = world.phones[0]
            .events
            .iter()
            .filter(|event| matches!(event, Event::SubscriptionFailed { retry_at: None, .. }));
        assert!(finals.count() <= 1, "seed {seed}");
        world.command(0, Command::Unsubscribe { subscription: id });
        world.run(60_000);
        world.told(0);
        world.ladder();
        world.run(4_000_000);
        assert!(world.phones[0].agent.is_idle(), "seed {seed}");
        assert!(!world.ladder().iter().any(|line| line.contains("SUBSCRIBE")), "seed {seed}");
        assert!(!world.told(0).iter().any(|told| told.contains("subscription")), "seed {seed}");
    }
}

#[test]
fn server_that_wants_to_be_asked_again_at_once_is_not_hammered() {
    // Refused outside of a dialog, by the notifier's last word, and at a refresh.
    let mut world = subscriber();
    subscribe(&mut world, "301", "dialog");
    let mut request = heard(&mut world, "SUBSCRIBE");
    for _ in 0..3 {
        respond(&mut world, &request, 503, "n1", &[("Retry-After", "0")]);
        world.run(4_900);
        assert_eq!(count(&world, "SUBSCRIBE"), 0);
        world.run(200);
        request = heard(&mut world, "SUBSCRIBE");
    }
    for _ in 0..3 {
        let state = "terminated;reason=probation;retry-after=0";
        assert_eq!(notify(&mut world, &request, "n1", 1, state, ""), 200);
        world.run(4_900);
        assert_eq!(count(&world, "SUBSCRIBE"), 0);
        world.run(200);
        request = heard(&mut world, "SUBSCRIBE");
    }
    assert_eq!(notify(&mut world, &request, "n1", 1, "active;expires=1000", ""), 200);
    respond(&mut world, &request, 200, "n1", &[("Expires", "1000")]);
    while count(&world, "SUBSCRIBE") == 0 {
        world.run(1_000);
    }
    let refresh = heard(&mut world, "SUBSCRIBE");
    respond(&mut world, &refresh, 503, "n1", &[("Retry-After", "0")]);
    world.run(4_900);
    assert_eq!(count(&world, "SUBSCRIBE"), 0);
}
