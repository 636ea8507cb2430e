//! Numbers and rings through the exchange, in virtual time, with media that are only descriptions.

use super::*;
use crate::core::{self, Exchange};
use softframe_sip::{Cause, Event};

const DOMAIN: &str = "softframe.test";

/// The exchange, the numbers, and the phone of user 200.
struct Scene {
    exchange: Exchange,
    answering: Answering,
    phone: UserAgent,
    now: Instant,
    events: Vec<Event>,
    orders: Vec<(CallId, Order)>,
    /// What media say when they are asked for a description.
    description: Result<String, String>,
    /// Media say nothing at all.
    is_silent: bool,
}

const PHONE: FlowId = FlowId(1);

impl Scene {
    fn new() -> Scene {
        let config = core::Config {
            domain: DOMAIN.to_owned(),
            aliases: Vec::new(),
            users: BTreeMap::from([("200".to_owned(), "secret".to_owned())]),
            other_numbers: Some(OTHER_NUMBERS.to_owned()),
        };
        let account = Config {
            servers: vec![format!("ws://{DOMAIN}/ws")],
            user: "200".to_owned(),
            domain: DOMAIN.to_owned(),
            auth_user: None,
            display_name: None,
            secret: Secret::Password("secret".to_owned()),
            instance: "phone".to_owned(),
            expires: 600,
            user_agent: "test".to_owned(),
        };
        let mut scene = Scene {
            exchange: Exchange::new(config, [1; 32]),
            answering: Answering::new(DOMAIN.to_owned(), [2; 32]),
            phone: UserAgent::new(account, [3; 32]),
            now: Instant(0),
            events: Vec::new(),
            orders: Vec::new(),
            description: Ok("v=0 ours".to_owned()),
            is_silent: false,
        };
        scene.answering.start(scene.now);
        scene.command(Command::Register);
        assert_eq!(scene.exchange.whereabouts(scene.now).len(), NUMBERS.len() + 1);
        scene
    }

    fn command(&mut self, command: Command) {
        self.phone.handle_input(self.now, softframe_sip::Input::Command(command));
        self.run();
    }

    /// Carries frames until nobody has any. Media describe themselves at once.
    fn run(&mut self) {
        loop {
            if let Some(output) = self.phone.poll_output() {
                self.phone_wants(output);
            } else if let Some(output) = self.exchange.poll_output() {
                match output {
                    core::Output::Transmit(PHONE, octets) => {
                        self.phone.handle_input(self.now, softframe_sip::Input::Frame(FlowId(1), octets));
                    }
                    core::Output::Transmit(flow, octets) => {
                        self.answering.handle_input(self.now, Input::Frame(flow, octets));
                    }
                    core::Output::Dropped(_, reason) => panic!("{reason}"),
                }
            } else if let Some(output) = self.answering.poll_output() {
                self.answering_wants(output);
            } else {
                return;
            }
        }
    }

    fn phone_wants(&mut self, output: softframe_sip::Output) {
        match output {
            softframe_sip::Output::Connect { flow, .. } => {
                self.exchange.handle_input(self.now, core::Input::Opened(PHONE, Trust::Challenged));
                self.phone.handle_input(self.now, softframe_sip::Input::Connected(flow));
            }
            softframe_sip::Output::Transmit(_, octets) => {
                self.exchange.handle_input(self.now, core::Input::Frame(PHONE, octets));
            }
            softframe_sip::Output::Disconnect(_) => {
                self.exchange.handle_input(self.now, core::Input::Closed(PHONE));
            }
            softframe_sip::Output::Event(event) => self.events.push(event),
        }
    }

    fn answering_wants(&mut self, output: Output) {
        match output {
            Output::Opened(flow, trust) => {
                self.exchange.handle_input(self.now, core::Input::Opened(flow, trust));
            }
            Output::Closed(flow) => self.exchange.handle_input(self.now, core::Input::Closed(flow)),
            Output::Frame(flow, octets) => {
                self.exchange.handle_input(self.now, core::Input::Frame(flow, octets))
            }
            Output::Media(call, order) => {
                let report = match order {
                    Order::Answer(..) | Order::Offer(_) => {
                        Some(Report::Description(self.description.clone()))
                    }
                    Order::Renew(_) => Some(Report::Renewed(Ok("v=0 renewed".to_owned()))),
                    Order::Accept(_) | Order::Close => None,
                };
                self.orders.push((call, order));
                if let Some(report) = report.filter(|_| !self.is_silent) {
                    self.answering.handle_input(self.now, Input::Media(call, report));
                }
            }
        }
    }

    fn wait(&mut self, millis: u64) {
        let end = self.now.after(millis);
        while self.now < end {
            let deadlines =
                [self.exchange.poll_timeout(), self.answering.poll_timeout(), self.phone.poll_timeout()];
            self.now = deadlines.into_iter().flatten().min().unwrap_or(end).clamp(self.now.after(1), end);
            self.exchange.handle_input(self.now, core::Input::Timeout);
            self.answering.handle_input(self.now, Input::Timeout);
            self.phone.handle_input(self.now, softframe_sip::Input::Timeout);
            self.run();
        }
    }

    fn call(&mut self, number: &str) -> SessionId {
        self.events.clear();
        let session = self.phone.next_session();
        let (target, offer) = (number.to_owned(), b"v=0 theirs".to_vec());
        self.command(Command::Invite { session, target, offer, headers: Vec::new() });
        session
    }

    /// What the phone was told, as words.
    fn told(&self) -> Vec<String> {
        self.events.iter().filter_map(word).collect()
    }
}

fn word(event: &Event) -> Option<String> {
    match event {
        Event::Progress { response, .. } if response.body().is_empty() => Some("ringing".to_owned()),
        Event::Progress { .. } => Some("early".to_owned()),
        Event::Accepted { response, .. } => {
            Some(format!("accepted {}", String::from_utf8_lossy(response.body())))
        }
        Event::Incoming { request, .. } => Some(format!("incoming {}", request.from())),
        Event::Message { request } => Some(format!("message {}", String::from_utf8_lossy(request.body()))),
        Event::Terminated { cause: Cause { ended_by, code, .. }, .. } => {
            Some(format!("ended {code} {ended_by:?}"))
        }
        _ => None,
    }
}

#[test]
fn each_number_does_what_it_is_for() {
    for (number, at_once, later) in [
        ("600", vec!["ringing", "accepted v=0 ours"], vec![]),
        ("601", vec!["ringing", "accepted v=0 ours"], vec![]),
        ("602", vec!["ringing", "ended 486 Remote"], vec![]),
        ("603", vec!["ringing"], vec![]),
        ("604", vec!["ringing", "ended 603 Remote"], vec![]),
        ("605", vec!["ringing", "early"], vec!["accepted v=0 ours"]),
        ("606", vec!["ringing", "accepted v=0 ours"], vec!["ended 200 Remote"]),
        ("+34911085460", vec!["ringing", "accepted v=0 ours"], vec![]),
        ("999", vec!["ended 404 Remote"], vec![]),
    ] {
        let mut scene = Scene::new();
        scene.call(number);
        assert_eq!(scene.told(), at_once, "{number}");
        scene.events.clear();
        scene.wait(6_000);
        assert_eq!(scene.told(), later, "{number}");
    }
}

#[test]
fn offer_goes_to_media_and_the_end_of_the_call_ends_them() {
    let mut scene = Scene::new();
    let session = scene.call("601");
    let call = scene.orders[0].0;
    assert_eq!(scene.orders, [(call, Order::Answer(Sound::Echo, b"v=0 theirs".to_vec()))]);
    scene.orders.clear();
    scene.command(Command::Reinvite { session, offer: b"v=0 hold".to_vec() });
    assert_eq!(scene.orders, [(call, Order::Renew(b"v=0 hold".to_vec()))]);
    scene.orders.clear();
    scene.command(Command::Terminate { session, reason: None });
    assert_eq!(scene.orders, [(call, Order::Close)]);
    assert!(scene.answering.calls(|_| None).is_empty());
}

#[test]
fn digits_are_reported_after_a_pause_from_media_and_info() {
    let mut scene = Scene::new();
    let session = scene.call("607");
    let call = scene.orders[0].0;
    scene.events.clear();
    for digit in ['1', '2'] {
        scene
            .answering
            .handle_input(scene.now, Input::Media(call, Report::Happened(Happening::Digit(digit))));
    }
    let (content_type, body) =
        ("application/dtmf-relay".to_owned(), b"Signal=#\r\nDuration=100\r\n".to_vec());
    scene.command(Command::Info { session, content_type, body });
    scene.wait(number::DIGIT_PAUSE - 1);
    assert!(scene.told().is_empty());
    scene.wait(1);
    assert_eq!(scene.told(), ["message DTMF 12#"]);
}

#[test]
fn ring_reaches_the_phone_and_its_outcome_is_told() {
    let ring = |seconds| Ring {
        to: "200".to_owned(),
        from: "+34911085460".to_owned(),
        display_name: Some("Inés".to_owned()),
        headers: vec![("X-Queue".to_owned(), "sales".to_owned())],
        seconds,
    };
    let state = |scene: &Scene, id| scene.answering.ring_state(id).map(|json| json["state"].to_string());
    let incoming = |scene: &Scene| {
        scene.events.iter().find_map(|event| match event {
            Event::Incoming { session, request, .. } => {
                Some((*session, request.header("X-Queue").map(str::to_owned)))
            }
            _ => None,
        })
    };

    // Answered, then hung up by the caller.
    let mut scene = Scene::new();
    let id = scene.answering.ring(scene.now, ring(30)).expect("room");
    scene.run();
    assert_eq!(scene.told(), [format!("incoming \"Inés\" <sip:+34911085460@{DOMAIN}>;tag={}", tag(&scene))]);
    let (session, queue) = incoming(&scene).expect("incoming");
    assert_eq!(queue.as_deref(), Some("sales"));
    assert_eq!(state(&scene, id).as_deref(), Some("\"ringing\""));
    scene.command(Command::Accept { session, answer: b"v=0 phone".to_vec(), headers: Vec::new() });
    assert_eq!(state(&scene, id).as_deref(), Some("\"answered\""));
    assert!(scene.orders.iter().any(|(_, order)| *order == Order::Accept(b"v=0 phone".to_vec())));
    scene.wait(60_000);
    assert_eq!(state(&scene, id).as_deref(), Some("\"answered\""), "seconds are for ringing");
    scene.answering.handle_input(scene.now, Input::HangUp(id));
    scene.run();
    assert!(scene.told().contains(&"ended 200 Remote".to_owned()), "{:?}", scene.told());
    assert_eq!(state(&scene, id).as_deref(), Some("\"ended\""));
    scene.wait(5_000);
    assert_eq!(scene.exchange.whereabouts(scene.now).len(), NUMBERS.len() + 1, "the caller has left");

    // Not answered in time.
    let mut scene = Scene::new();
    let id = scene.answering.ring(scene.now, ring(3)).expect("room");
    scene.run();
    scene.wait(2_999);
    assert_eq!(scene.told().len(), 1);
    scene.wait(1);
    assert!(scene.told().contains(&"ended 487 Remote".to_owned()), "{:?}", scene.told());
    let outcome = scene.answering.ring_state(id).expect("known");
    assert_eq!((outcome["end"]["code"].as_u64(), outcome["answered"].as_bool()), (Some(487), Some(false)));

    // Declined.
    let mut scene = Scene::new();
    let id = scene.answering.ring(scene.now, ring(30)).expect("room");
    scene.run();
    let (session, _) = incoming(&scene).expect("incoming");
    scene.command(Command::Reject { session, code: 603, headers: Vec::new() });
    let outcome = scene.answering.ring_state(id).expect("known");
    assert_eq!(
        (outcome["end"]["code"].as_u64(), outcome["end"]["endedBy"].as_str()),
        (Some(603), Some("callee"))
    );
}

#[test]
fn ring_that_is_hung_up_before_its_invite_is_out_calls_nobody() {
    let ring =
        Ring { to: "200".into(), from: "601".into(), display_name: None, headers: Vec::new(), seconds: 30 };

    // It is not even registered.
    let mut scene = Scene::new();
    let id = scene.answering.ring(scene.now, ring.clone()).expect("room");
    scene.answering.handle_input(scene.now, Input::HangUp(id));
    assert_is_over(&mut scene, id);

    // Media have no offer for it yet.
    let mut scene = Scene::new();
    scene.is_silent = true;
    let id = scene.answering.ring(scene.now, ring.clone()).expect("room");
    scene.run();
    let (call, order) = scene.orders.pop().expect("ordered");
    assert_eq!(order, Order::Offer(Sound::TONE));
    assert_eq!(scene.answering.calls(|_| None)[0]["state"], "connecting");
    scene.answering.handle_input(scene.now, Input::HangUp(id));
    let late = Input::Media(call, Report::Description(Ok("v=0 late".to_owned())));
    scene.answering.handle_input(scene.now, late);
    assert_is_over(&mut scene, id);
    assert_eq!(scene.orders, [(call, Order::Close)]);

    // Media cannot make one.
    let mut scene = Scene::new();
    scene.description = Err("no codec".to_owned());
    let id = scene.answering.ring(scene.now, ring.clone()).expect("room");
    assert_is_over(&mut scene, id);

    // Media never say anything.
    let mut scene = Scene::new();
    scene.is_silent = true;
    let id = scene.answering.ring(scene.now, ring).expect("room");
    scene.run();
    scene.wait(29_999);
    assert_eq!(scene.answering.ring_state(id).expect("known")["state"], "calling");
    scene.wait(1);
    assert_is_over(&mut scene, id);
}

/// The ring has ended, the phone never heard of it, and nothing of it is left.
fn assert_is_over(scene: &mut Scene, id: u64) {
    scene.run();
    let outcome = scene.answering.ring_state(id).expect("known");
    assert_eq!((&outcome["state"], &outcome["end"]["code"]), (&json!("ended"), &json!(487)));
    scene.wait(5_000);
    assert!(scene.told().is_empty(), "{:?}", scene.told());
    assert!(scene.answering.calls(|_| None).is_empty());
    assert_eq!(scene.answering.agents.len(), NUMBERS.len());
}

#[test]
fn number_as_caller_is_not_found_as_a_second_binding() {
    let mut scene = Scene::new();
    let ring =
        Ring { to: "200".into(), from: "600".into(), display_name: None, headers: Vec::new(), seconds: 30 };
    scene.answering.ring(scene.now, ring).expect("room");
    scene.run();
    let session = scene.call("600");
    assert_eq!(scene.told(), ["ringing", "accepted v=0 ours"]);
    scene.command(Command::Terminate { session, reason: None });
    assert!(scene.told().contains(&"ended 200 Local".to_owned()));
}

#[test]
fn restarted_registrar_gets_the_numbers_again() {
    let mut scene = Scene::new();
    scene.exchange.handle_input(scene.now, core::Input::Restarted);
    scene.answering.handle_input(scene.now, Input::Restarted);
    scene.run();
    assert_eq!(scene.exchange.whereabouts(scene.now).len(), NUMBERS.len());
}

fn tag(scene: &Scene) -> String {
    scene
        .events
        .iter()
        .find_map(|event| match event {
            Event::Incoming { request, .. } => request.from().tag().map(str::to_owned),
            _ => None,
        })
        .unwrap_or_default()
}

#[test]
fn media_that_fail_refuse_or_end_the_call() {
    let mut scene = Scene::new();
    scene.description = Err("no codec".to_owned());
    scene.call("600");
    assert_eq!(scene.told(), ["ringing", "ended 488 Remote"]);

    scene.description = Ok("v=0 ours".to_owned());
    scene.call("600");
    let call = scene.orders.last().expect("ordered").0;
    scene.answering.handle_input(scene.now, Input::Media(call, Report::Happened(Happening::Closed)));
    scene.wait(1_999);
    assert_eq!(scene.told().len(), 2, "the BYE of a phone that hangs up has its time");
    scene.wait(1);
    assert_eq!(scene.told().last().map(String::as_str), Some("ended 200 Remote"));
}
