//! Signing in, staying signed in, and finding back: ladders between a phone and a small registrar in virtual time.

use super::{
    requests::{INVITE, request},
    world::{World, config},
};
use softframe_sip::{
    Command, ConnectionState, Input,
    wire::{Message, Method, ResponseBuilder, StatusCode, Uri},
};

fn registering() -> World {
    let mut world = World::new(&["200"]);
    world.command(0, Command::Register);
    world
}

#[test]
fn register_answers_the_challenge_and_is_told_once() {
    let mut world = registering();
    world.run(1_000);
    assert_eq!(
        world.ladder(),
        ["200 > REGISTER", "200 < 401 REGISTER", "200 > REGISTER", "200 < 200 REGISTER"]
    );
    assert_eq!(world.told(0), ["Connecting", "authenticated sip.test", "Registered 200"]);
}

#[test]
fn refresh_comes_before_expiry_with_the_kept_nonce_and_is_not_told() {
    let mut world = registering();
    world.run(1_000);
    world.told(0);
    world.ladder();
    world.run(449_000);
    assert!(world.ladder().is_empty(), "no refresh before 75 per cent of 600 s");
    world.run(91_000);
    assert_eq!(world.ladder(), ["200 > REGISTER", "200 < 200 REGISTER"]);
    assert!(world.told(0).is_empty());
}

#[test]
fn short_grant_of_the_registrar_is_kept_to_among_several_bindings() {
    // What the registrar says of all bindings, or of none, counts less than what stands beside our own.
    for of_all in [None, Some(("Expires", "600"))] {
        let mut world = registering();
        world.proxy.granted = 60;
        world.proxy.extra.extend(of_all);
        world.run(44_000);
        assert_eq!(world.proxy.registrations, 1);
        world.run(11_000);
        assert_eq!(world.proxy.registrations, 2, "{of_all:?}");
    }
}

/// The binding as servers say it that know the phone by where its packets come from, and not by its instance.
#[test]
fn grant_is_found_in_a_contact_that_the_registrar_has_rewritten_behind_one_that_cannot_be_read() {
    let rewritten: fn(&Uri, u32) -> String = |contact, expires| {
        let user = contact.user().unwrap_or_default();
        format!("<sip:{user}@10.0.0.9:4711;transport=ws>;expires={expires}")
    };
    let unreadable_then_rewritten: fn(&Uri, u32) -> String = |contact, expires| {
        let user = contact.user().unwrap_or_default();
        format!("<sip:[::@x>;expires=3, <sip:{user}@10.0.0.9>;expires={expires}")
    };
    for says in [rewritten, unreadable_then_rewritten] {
        let mut world = registering();
        (world.proxy.granted, world.proxy.says_binding) = (60, Some(says));
        world.run(44_000);
        assert_eq!(world.proxy.registrations, 1);
        world.run(11_000);
        assert_eq!(world.proxy.registrations, 2);
    }
}

#[test]
fn first_hop_without_outbound_is_registered_with_in_the_old_way() {
    let mut world = registering();
    world.proxy.refusals.push((439, Vec::new()));
    world.run(1_000);
    assert_eq!(world.connection(0), Some(ConnectionState::Registered));
    let numbered = |message: &Message| {
        let contact = message.contact().expect("a Contact");
        let is_outbound = message.lists("Supported", "outbound");
        assert_eq!(contact.params.get("reg-id").is_some(), is_outbound);
        assert!(contact.params.get("+sip.instance").is_some());
        is_outbound
    };
    let registers: Vec<bool> = world.sent(0).map(|register| numbered(&register)).collect();
    assert_eq!(registers, [true, false, false], "asked, refused, challenged");
    // Another way to the registrar may be one that knows it.
    world.cut(0);
    world.run(1_000);
    assert!(numbered(&world.sent(0).last().expect("a REGISTER")));
    // Who says so again is refused.
    let mut world = registering();
    world.proxy.refusals.extend([(439, Vec::new()), (439, Vec::new())]);
    world.run(600_000);
    assert_eq!(world.told(0), ["Connecting", "Refused 439"]);
}

#[test]
fn wrong_password_is_refused_and_nothing_follows() {
    let mut world = World::with(vec![("200", config("200", "wrong"))]);
    world.command(0, Command::Register);
    world.run(3_600_000);
    assert_eq!(
        world.ladder(),
        ["200 > REGISTER", "200 < 401 REGISTER", "200 > REGISTER", "200 < 401 REGISTER"]
    );
    assert_eq!(world.told(0), ["Connecting", "Refused 401"]);
    assert_eq!(world.phones[0].agent.poll_timeout(), None);
    world.command(0, Command::Register);
    world.run(1_000);
    assert_eq!(world.told(0), ["Connecting", "Refused 401"], "a person may try again");
}

#[test]
fn refused_account_stops_and_busy_server_is_tried_again_after_its_time() {
    let mut world = registering();
    world.proxy.refusals.push((403, Vec::new()));
    world.run(600_000);
    assert_eq!(world.told(0), ["Connecting", "Refused 403"]);

    // What may pass by itself is no reason to give up.
    for code in [408, 429, 480, 491, 500, 504] {
        let mut world = registering();
        world.proxy.refusals.push((code, Vec::new()));
        world.run(2_000);
        let told =
            ["Connecting", &format!("Reconnecting {code}"), "authenticated sip.test", "Registered 200"];
        assert_eq!(world.told(0), told);
    }

    // An edge that is being emptied names another, and only those of the configuration are tried.
    let mut world = registering();
    world.proxy.refusals.push((302, vec![("Contact", "<sip:elsewhere.test;transport=wss>".to_owned())]));
    world.run(1_000);
    assert_eq!(world.told(0), ["Connecting", "Reconnecting 302", "authenticated sip.test", "Registered 200"]);

    let mut world = registering();
    world.proxy.refusals.push((503, vec![("Retry-After", "120 (maintenance)".to_owned())]));
    world.run(119_000);
    assert_eq!(world.told(0), ["Connecting", "Reconnecting 503"]);
    world.run(3_000);
    assert_eq!(world.told(0), ["authenticated sip.test", "Registered 200"]);

    let mut world = registering();
    world.proxy.refusals.push((503, vec![("Retry-After", "4294967295".to_owned())]));
    world.run(3_599_000);
    assert_eq!(world.told(0), ["Connecting", "Reconnecting 503"]);
    world.run(3_000);
    assert_eq!(world.told(0), ["authenticated sip.test", "Registered 200"], "an hour is the longest");
}

#[test]
fn too_brief_interval_is_lengthened() {
    let mut world = registering();
    world.proxy.refusals.push((423, vec![("Min-Expires", "1800".to_owned())]));
    world.run(1_000);
    assert_eq!(world.connection(0), Some(ConnectionState::Registered));
    world.run(1_300_000);
    assert_eq!(world.proxy.registrations, 1, "1800 s were granted");
}

#[test]
fn registrar_that_wants_a_little_longer_each_time_is_not_followed_without_end() {
    let mut world = registering();
    let longer = |seconds: u32| (423, vec![("Min-Expires", seconds.to_string())]);
    world.proxy.refusals = (601..1_600).map(longer).collect();
    world.run(60_000);
    let asked = world.whole_ladder().iter().filter(|line| line.as_str() == "200 > REGISTER").count();
    assert!(asked <= 4, "{asked}");
    assert_eq!(world.told(0), ["Connecting", "Refused 423"]);

    // One that wants twice as much each time, up to a day.
    let mut world = registering();
    world.proxy.refusals = (0..9).map(|doubled| longer(601 << doubled)).collect();
    world.run(60_000);
    assert_eq!(world.told(0), ["Connecting", "Refused 423"]);
    world.proxy.refusals = vec![longer(1_000)];
    world.command(0, Command::Register);
    world.run(1_000);
    assert_eq!(world.told(0), ["Connecting", "Refused 423"], "less than was asked for is no reason");
}

#[test]
fn refresh_that_is_put_off_for_no_time_hammers_nobody_and_the_phone_stays_registered() {
    let mut world = World::registered(&["200"]);
    world.proxy.refusals = vec![(503, vec![("Retry-After", "0".to_owned())]); 400];
    // 600 s were granted: the refresh begins after 450 to 540 of them.
    world.run(550_000);
    let asked = world.whole_ladder().iter().filter(|line| line.as_str() == "200 > REGISTER").count();
    assert!((2..=21).contains(&asked), "{asked}");
    assert!(world.told(0).is_empty());
    world.proxy.refusals.clear();
    world.run(6_000);
    assert_eq!(world.proxy.registrations, 2);
}

#[test]
fn binding_that_is_granted_for_no_time_is_none_and_is_asked_for_ever_less_often() {
    let mut world = World::new(&["200"]);
    world.proxy.says_binding = Some(|contact, _| format!("<{contact}>;expires=0"));
    world.command(0, Command::Register);
    world.run(60_000);
    let told = world.told(0);
    assert!(!told.iter().any(|event| event.starts_with("Registered")), "{told:?}");
    // Pauses of 0, 1, 2, 4, 8, 16 and 30 seconds, or half of that.
    assert!((6..=9).contains(&world.proxy.registrations), "{}", world.proxy.registrations);
}

#[test]
fn refresh_that_is_put_off_beyond_the_end_of_the_binding_leaves_the_flow_at_once() {
    let mut world = World::registered(&["200"]);
    world.proxy.refusals = vec![(503, vec![("Retry-After", "900".to_owned())])];
    // 600 s were granted.
    world.run(540_000);
    assert_eq!(world.told(0), ["Reconnecting 503"]);
    world.run(900_000);
    assert_eq!(world.told(0), ["Registered 200"]);
}

#[test]
fn binding_of_another_flow_of_the_same_device_sets_no_time() {
    let mut world = World::new(&["200"]);
    world.proxy.says_binding = Some(|contact, expires| {
        let instance = "+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000200>\"";
        format!(
            "<sip:old@x.invalid>;{instance};reg-id=2;expires=20, <{contact}>;{instance};reg-id=1;expires={expires}"
        )
    });
    world.command(0, Command::Register);
    world.run(400_000);
    assert_eq!(world.proxy.registrations, 1, "600 s were granted");
}

#[test]
fn registration_that_is_granted_for_ever_is_refreshed_after_a_day_at_the_latest() {
    let mut world = World::new(&["200"]);
    world.proxy.says_binding = Some(|contact, _| format!("<{contact}>;expires=4294967295"));
    world.command(0, Command::Register);
    world.run(86_400_000);
    assert_eq!(world.proxy.registrations, 2);
    assert_eq!(world.told(0), ["Connecting", "authenticated sip.test", "Registered 200"]);
}

#[test]
fn cut_flow_is_opened_again_and_registered_at_once() {
    let mut world = World::registered(&["200"]);
    world.cut(0);
    world.run(100);
    assert_eq!(world.ladder(), ["200 > REGISTER", "200 < 200 REGISTER"]);
    assert_eq!(world.told(0), ["Reconnecting", "Registered 200"]);
}

#[test]
fn closed_port_is_tried_again_with_growing_pauses_without_an_end() {
    let mut world = World::new(&["200"]);
    world.phones[0].reachable = false;
    world.command(0, Command::Register);
    world.run(300_000);
    let told = world.told(0);
    assert_eq!(told[0], "Connecting");
    assert!(told[1..].iter().all(|event| event == "Reconnecting"), "{told:?}");
    // Three quarters of 0, 1, 2, 4, 8, 16 and then 30 s: about 18 attempts in 5 minutes.
    assert!((14..=22).contains(&told.len()), "{}", told.len());
    world.phones[0].reachable = true;
    world.run(40_000);
    assert_eq!(world.connection(0), Some(ConnectionState::Registered));
}

#[test]
fn missing_pong_leaves_registered_within_ten_seconds_and_finds_back_by_itself() {
    let mut world = World::registered(&["200"]);
    world.phones[0].frozen = true;
    world.run(24_500);
    let pings = world.whole_ladder().iter().filter(|line| line.as_str() == "200 > ping").count();
    assert_eq!(pings, 1);
    world.run(9_000);
    assert!(world.told(0).is_empty());
    world.run(1_000);
    assert_eq!(world.told(0), ["Reconnecting"]);
    world.phones[0].frozen = false;
    world.run(45_000);
    assert_eq!(world.connection(0), Some(ConnectionState::Registered));
}

#[test]
fn server_that_ignores_crlf_is_kept_alive_by_options() {
    let mut world = World::registered(&["200"]);
    world.proxy.answers_crlf = false;
    world.run(120_000);
    assert!(world.told(0).is_empty(), "the flow stays");
    let ladder = world.whole_ladder();
    assert_eq!(ladder.iter().filter(|line| line.as_str() == "200 > ping").count(), 1, "{ladder:?}");
    assert_eq!(ladder.iter().filter(|line| line.as_str() == "200 < 200 OPTIONS").count(), 4, "{ladder:?}");
}

#[test]
fn flow_timer_of_the_server_sets_the_pace() {
    let mut world = World::new(&["200"]);
    world.proxy.flow_timer = Some(10);
    world.command(0, Command::Register);
    world.run(46_000);
    assert_eq!(world.whole_ladder().iter().filter(|line| line.as_str() == "200 < pong").count(), 5);
}

#[test]
fn waking_registers_at_once_or_replaces_the_flow_within_five_seconds() {
    let mut world = World::registered(&["200"]);
    world.input(0, Input::Woke);
    world.run(100);
    assert_eq!(world.whole_ladder()[..3], ["200 > ping", "200 > OPTIONS", "200 > REGISTER"]);
    assert!(world.told(0).is_empty());

    world.phones[0].frozen = true;
    world.input(0, Input::Woke);
    world.run(4_900);
    assert!(world.told(0).is_empty());
    world.run(200);
    assert_eq!(world.told(0), ["Reconnecting"]);

    let mut world = World::new(&["200"]);
    world.phones[0].reachable = false;
    world.command(0, Command::Register);
    world.run(20_000);
    world.phones[0].reachable = true;
    world.input(0, Input::Woke);
    world.run(100);
    assert_eq!(
        world.connection(0),
        Some(ConnectionState::Registered),
        "waking does not wait for the pause to end"
    );
}

#[test]
fn unregister_takes_our_own_binding_away_and_closes_the_flow() {
    let mut world = World::registered(&["200"]);
    world.command(0, Command::Unregister);
    world.run(100);
    assert_eq!(world.ladder(), ["200 > REGISTER", "200 < 200 REGISTER"]);
    assert_eq!(world.told(0), ["Offline"]);
    assert!(world.proxy.bindings.is_empty());
    assert_eq!(world.phones[0].agent.poll_timeout(), None);
}

#[test]
fn unregister_does_not_wait_for_a_dead_server() {
    let mut world = World::registered(&["200"]);
    world.proxy.silent = true;
    world.command(0, Command::Unregister);
    world.run(1_990);
    assert!(world.told(0).is_empty());
    world.run(20);
    assert_eq!(world.told(0), ["Offline"]);
}

#[test]
fn call_that_comes_during_the_sign_out_is_refused_and_nothing_is_left() {
    let mut world = World::registered(&["200"]);
    world.proxy.silent = true;
    world.command(0, Command::Unregister);
    world.send_to_phone(0, request(INVITE, "1", &[], ""));
    world.run(100);
    let answers: Vec<String> = world.ladder().into_iter().filter(|line| line.contains("INVITE")).collect();
    assert_eq!(answers, ["200 < INVITE", "200 > 480 INVITE"]);
    world.run(2_000);
    assert_eq!(world.told(0), ["Offline"]);
    assert!(world.phones[0].agent.is_idle());
}

#[test]
fn sign_out_before_the_ack_of_an_answer_leaves_nothing() {
    let mut world = World::registered(&["200", "201"]);
    world.call(1, "200");
    world.run(500);
    let session = world.incoming(0);
    world.proxy.silent = true;
    world.accept(0, session);
    world.command(0, Command::Unregister);
    world.run(40_000);
    assert_eq!(world.told(0), ["incoming from 201", "terminated local 200", "Offline"]);
    assert!(world.phones[0].agent.is_idle());
    assert_eq!(world.phones[0].agent.poll_timeout(), None);
}

#[test]
fn call_that_nobody_has_answered_at_the_sign_out_is_cancelled_once_that_is_allowed() {
    let mut world = World::registered(&["200"]);
    world.proxy.bindings.clear();
    world.call(0, "sip:300@elsewhere");
    world.run(20);
    let invite = world.proxy.heard.remove(0);
    world.command(0, Command::Unregister);
    world.run(100);
    assert_eq!(
        world.told(0),
        ["inviting", "terminated local 487"],
        "not before it is known to have come (RFC 3261 §9.1)"
    );
    let answer = |status| ResponseBuilder::new(&invite, status).to_tag("peer").build().into_octets();
    world.send_to_phone(0, answer(StatusCode::RINGING));
    world.run(100);
    let cancels = world.requests(0).filter(|request| *request.method() == Method::Cancel).count();
    assert_eq!(cancels, 1);
    world.send_to_phone(0, answer(StatusCode::REQUEST_TERMINATED));
    world.run(1_790);
    assert!(world.told(0).is_empty());
    world.run(20);
    assert_eq!(world.told(0), ["Offline"]);
    assert!(world.phones[0].agent.is_idle());
}

#[test]
fn sign_in_during_the_sign_out_follows_it_at_once() {
    let mut world = World::registered(&["200"]);
    world.proxy.silent = true;
    world.command(0, Command::Unregister);
    world.run(100);
    world.proxy.silent = false;
    world.command(0, Command::Register);
    world.run(500);
    assert_eq!(world.told(0), ["Offline", "Connecting", "Registered 200"]);
}

#[test]
fn servers_are_tried_in_their_order() {
    let mut both = config("200", super::world::PASSWORD);
    both.servers = vec!["wss://a/ws".to_owned(), "wss://b/ws".to_owned()];
    let mut agent = softframe_sip::UserAgent::new(both, [1; 32]);
    let mut now = softframe_sip::Instant(0);
    agent.handle_input(now, Input::Command(Command::Register));
    let mut urls = Vec::new();
    while urls.len() < 4 {
        match agent.poll_output() {
            Some(softframe_sip::Output::Connect { flow, url }) => {
                urls.push(url);
                agent.handle_input(now, Input::Disconnected(flow));
            }
            Some(_) => {}
            None => {
                now = agent.poll_timeout().expect("another attempt");
                agent.handle_input(now, Input::Timeout);
            }
        }
    }
    assert_eq!(urls, ["wss://a/ws", "wss://b/ws", "wss://a/ws", "wss://b/ws"]);
}

#[test]
fn call_outlives_its_edge_and_goes_on_over_the_other_one_which_is_kept_until_it_fails() {
    const EDGES: [&str; 2] = ["wss://a/ws", "wss://b/ws"];
    let mut both = config("200", super::world::PASSWORD);
    both.servers = EDGES.map(str::to_owned).to_vec();
    let other = config("201", super::world::PASSWORD);
    let mut world = World::with(vec![("200", both), ("201", other)]);
    for phone in [0, 1] {
        world.command(phone, Command::Register);
    }
    world.run(1_000);
    let ours = world.call(0, "201");
    world.run(500);
    let theirs = world.incoming(1);
    world.accept(1, theirs);
    world.run(500);
    world.told(0);
    world.phones[0].dead_edge = Some(EDGES[0]);
    world.cut(0);
    world.run(2_000);
    assert_eq!(world.connection(0), Some(ConnectionState::Registered));
    assert_eq!(world.phones[0].edges, EDGES);
    // Whoever hangs up reaches the other side over it.
    world.command(0, Command::Reinvite { session: ours, offer: b"v=0".to_vec() });
    world.run(100);
    assert_eq!(world.told(1).last().map(String::as_str), Some("offered v=0"));
    world.hang_up(1, theirs);
    world.run(500);
    assert_eq!(world.told(0).last().map(String::as_str), Some("terminated remote 200"));
    // The first one is back, and nobody leaves the second for it.
    world.phones[0].dead_edge = None;
    world.run(3_600_000);
    assert_eq!(world.phones[0].edges, EDGES);
    // An edge that freezes is left for the preferred one.
    world.phones[0].frozen = true;
    world.run(34_000);
    world.phones[0].frozen = false;
    world.run(40_000);
    assert_eq!(world.connection(0), Some(ConnectionState::Registered));
    assert_eq!(world.phones[0].edges[2], EDGES[0]);
    world.assert_quiet();
}

/// The INVITE that leaves after a registration with these headers in its 200.
fn invite_after(extra: Vec<(&'static str, &'static str)>, gruu: Option<&'static str>) -> Message {
    let mut world = World::new(&["200"]);
    (world.proxy.extra, world.proxy.gruu) = (extra, gruu);
    world.command(0, Command::Register);
    world.run(1_000);
    world.call(0, "sip:300@elsewhere.test");
    world.run(100);
    world.proxy.heard.remove(0)
}

#[test]
fn service_route_of_the_registrar_is_taken_for_new_requests() {
    let routes = "<sip:edge.sip.test;lr>, <sip:core.sip.test;lr>";
    let invite = invite_after(vec![("Service-Route", routes)], None);
    assert_eq!(
        invite.list("Route").collect::<Vec<_>>(),
        ["<sip:edge.sip.test;lr>", "<sip:core.sip.test;lr>"]
    );
    assert_eq!(invite_after(Vec::new(), None).header("Route"), None);
}

#[test]
fn service_route_that_a_refresh_does_not_name_is_used_no_more() {
    let mut world = World::new(&["200"]);
    world.proxy.extra = vec![("Service-Route", "<sip:edge.sip.test;lr>")];
    world.command(0, Command::Register);
    world.run(1_000);
    world.proxy.extra.clear();
    world.run(540_000);
    assert_eq!(world.proxy.registrations, 2);
    world.call(0, "sip:300@elsewhere.test");
    world.run(100);
    assert_eq!(world.proxy.heard.remove(0).header("Route"), None);
}

#[test]
fn contact_of_a_call_is_the_gruu_or_marks_the_flow_where_the_registrar_knows_either() {
    let contact = |extra, gruu| invite_after(extra, gruu).contact().expect("a Contact").uri;
    let plain = contact(Vec::new(), None);
    assert!(plain.host().ends_with(".invalid") && plain.param("ob").is_none());
    assert_eq!(plain.param("transport"), Some("ws"));
    assert_eq!(contact(vec![("Require", "outbound")], None).param("ob"), Some(""));
    let gruu = "sip:200@sip.test;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    assert_eq!(contact(vec![("Require", "outbound")], Some(gruu)).as_str(), gruu);
    for useless in ["tel:+34911085460", "http://sip.test", "gr"] {
        assert!(contact(Vec::new(), Some(useless)).host().ends_with(".invalid"), "{useless}");
    }
}
