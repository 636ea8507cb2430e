//! Seeded weather: three phones and the real server's core do and suffer random things, then calm down. Whatever
//! happened, every session ended exactly once, nothing is left, and everybody finds back.
//!
//! As many seeds as fit into the time; `cargo xtask soak` gives more of it, and begins where nobody has been. One alone:
//! `SEED=7 cargo test -p softframe-sim --test agents random_weather`.

use super::{
    requests::{INVITE, answers, codes, request},
    world::{Hits, World},
};
use softframe_sip::{Command, ConnectionState, Event, Input, SessionId, wire::Message};
use std::{
    collections::BTreeMap,
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH},
};

const NAMES: [&str; 3] = ["200", "201", "202"];
/// What the suite has time for.
const SECONDS: u64 = 60;
/// More in the suite would only take longer.
const MOST: u64 = 10_000;
/// Fewer do not hit every row, however slow the machine is.
const LEAST: u64 = 1_000;
const DAMAGED_SEEDS: u64 = 300;

/// xorshift64*: the same weather in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() {
            return None;
        }
        from.get(usize::try_from(self.below(from.len() as u64)).expect("small")).copied()
    }
}

/// What a phone has seen of each session: the reference the events are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Begun,
    Up,
    Over,
}

#[derive(Default)]
struct Witness {
    sessions: BTreeMap<SessionId, Seen>,
}

impl Witness {
    fn watch(&mut self, event: &Event, script: &[String]) {
        let known = self.sessions.clone();
        let before = |session: &SessionId| known.get(session).copied();
        let mut step = |session: &SessionId, legal: &[Option<Seen>], next: Seen| {
            let before = self.sessions.get(session).copied();
            assert!(legal.contains(&before), "{event:?} after {before:?}\n{}", script.join("\n"));
            self.sessions.insert(*session, next);
        };
        match event {
            // Before the call is answered, too.
            Event::ReinviteFailed { session, .. }
            | Event::Info { session, .. }
            | Event::Informed { session, .. }
            | Event::Transfer { session, .. }
                if before(session) == Some(Seen::Begun) => {}
            // The subscription of a REFER outlives the session.
            Event::Transfer { session, .. } if before(session) == Some(Seen::Over) => {}
            Event::Inviting { session } | Event::Incoming { session, .. } => {
                step(session, &[None], Seen::Begun)
            }
            Event::Progress { session, .. } => step(session, &[Some(Seen::Begun)], Seen::Begun),
            Event::Accepted { session, .. } => step(session, &[Some(Seen::Begun)], Seen::Up),
            Event::Confirmed { session, .. } => step(session, &[Some(Seen::Begun), Some(Seen::Up)], Seen::Up),
            Event::Offered { session, .. }
            | Event::Reinvited { session, .. }
            | Event::EarlyAnswered { session, .. }
            | Event::OfferWithdrawn { session }
            | Event::ReinviteFailed { session, .. }
            | Event::Info { session, .. }
            | Event::Informed { session, .. }
            | Event::Refresh { session }
            | Event::Transfer { session, .. }
            | Event::Referred { session, .. } => {
                step(session, &[Some(Seen::Up), Some(Seen::Begun)], Seen::Up)
            }
            Event::Terminated { session, .. } => {
                step(session, &[None, Some(Seen::Begun), Some(Seen::Up)], Seen::Over);
            }
            _ => {}
        }
    }

    fn alive(&self) -> Vec<SessionId> {
        self.sessions.iter().filter(|(_, seen)| **seen != Seen::Over).map(|(session, _)| *session).collect()
    }
}

/// What must have happened, by state: a storm in which it does not shows nothing of it. What is rarer has ladders.
const ROWS: &[(&str, &[&str])] = &[
    (
        "none",
        &[
            "INVITE",
            "ACK",
            "BYE",
            "CANCEL",
            "200 REGISTER",
            "401 REGISTER",
            "200 BYE",
            "200 CANCEL",
            "487 INVITE",
            "481 BYE",
        ],
    ),
    (
        "inviting",
        &[
            "100 INVITE",
            "180 INVITE",
            "183 INVITE",
            "200 PRACK",
            "200 INVITE",
            "407 INVITE",
            "4xx INVITE",
            "terminate",
            "reinvite",
            "accept",
            "answer",
            "info",
            "refer",
            "flow lost",
        ],
    ),
    (
        "ringing",
        &["PRACK", "CANCEL", "accept", "reject", "progress", "terminate", "reinvite", "info", "flow lost"],
    ),
    ("accepting", &["ACK", "CANCEL", "terminate", "reinvite", "accept", "flow lost"]),
    (
        "talking",
        &[
            "INVITE",
            "ACK",
            "BYE",
            "INFO",
            "REFER",
            "NOTIFY",
            "UPDATE",
            "200 INVITE",
            "200 INFO",
            "202 REFER",
            "200 NOTIFY",
            "200 UPDATE",
            "terminate",
            "reinvite",
            "answer",
            "refuse",
            "refer",
            "info",
            "flow lost",
        ],
    ),
    (
        "offering",
        &[
            "100 INVITE",
            "200 INVITE",
            "491 INVITE",
            "4xx INVITE",
            "INVITE",
            "INFO",
            "NOTIFY",
            "terminate",
            "reinvite",
            "refer",
            "flow lost",
        ],
    ),
    (
        "offered",
        &["CANCEL", "BYE", "INFO", "NOTIFY", "answer", "refuse", "terminate", "reinvite", "flow lost"],
    ),
];

/// A number of the environment.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The seeds that may be tried, and for how long.
fn season() -> (Range<u64>, Duration) {
    let fresh = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() << 20;
    match (asked("SEED"), asked("SOFTFRAME_SOAK")) {
        (Some(seed), _) => (seed..seed + 1, Duration::MAX),
        (None, Some(seconds)) => (fresh()..u64::MAX, Duration::from_secs(seconds)),
        (None, None) => (1..MOST + 1, Duration::from_secs(SECONDS)),
    }
}

#[derive(Default)]
struct Weather {
    seeds: u64,
    seen: BTreeMap<&'static str, usize>,
    hits: Hits,
}

/// Takes seeds until there are no more, or no time.
fn weather(next: &AtomicU64, seeds: &Range<u64>, begin: Clock, time: Duration) -> Weather {
    let mut weather = Weather::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        let is_late = begin.elapsed() >= time && seed >= seeds.start + LEAST;
        if is_late || seed >= seeds.end {
            return weather;
        }
        storm(seed, &mut weather.seen, &mut weather.hits);
        weather.seeds += 1;
    }
}

#[test]
fn random_weather_leaves_nothing_behind() {
    let (range, time) = season();
    let (next, begin) = (AtomicU64::new(range.start), Clock::now());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let all: Vec<Weather> = thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| weather(&next, &range, begin, time))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a seed failed; its script stands above"))
            .collect()
    });
    let (mut seeds, mut seen, mut hits) = (0, BTreeMap::<&'static str, usize>::new(), Hits::default());
    for one in all {
        seeds += one.seeds;
        one.seen.into_iter().for_each(|(what, count)| *seen.entry(what).or_default() += count);
        one.hits.rows.into_iter().for_each(|(row, count)| *hits.rows.entry(row).or_default() += count);
    }
    println!(
        "{seeds} seeds from {} on in {:.1} s; told: {seen:?}",
        range.start,
        begin.elapsed().as_secs_f64()
    );
    if seeds == 1 {
        return;
    }
    for ((state, event), count) in &hits.rows {
        println!("{state:>10} {event:<16} {count:>7}");
    }
    let hit = |state: &'static str, event: &str| hits.rows.contains_key(&(state, event.to_owned()));
    let never: Vec<String> = ROWS
        .iter()
        .flat_map(|(state, events)| events.iter().map(move |event| (*state, *event)))
        .filter(|(state, event)| !hit(state, event))
        .map(|(state, event)| format!("{state}: {event}"))
        .collect();
    assert!(never.is_empty(), "never hit in {seeds} seeds: {never:#?}");
    // A storm in which nothing happens shows nothing.
    for (what, at_least) in [
        ("accepted", 50),
        ("confirmed", 50),
        ("reinvited", 20),
        ("offered", 20),
        ("early answer", 1),
        ("failed", 20),
        ("lost", 20),
        ("ended", 300),
    ] {
        assert!(seen.get(what).is_some_and(|count| *count >= at_least), "{what}: {seen:?}");
    }
}

fn storm(seed: u64, seen: &mut BTreeMap<&'static str, usize>, hits: &mut Hits) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut world = World::with_server(&NAMES);
    let mut witnesses: [Witness; 3] = Default::default();
    let mut script = vec![format!("seed {seed}")];
    for _ in 0..60 {
        let action = act(&mut world, &mut dice, &witnesses);
        script.push(format!("{:>6} {action}", world.now));
        look(&mut world, &mut witnesses, &script, seen);
        // Now and then long enough for a session timer.
        let pause = match dice.below(80) {
            0 => 901_000,
            other => [0, 3, 10, 15, 100, 1_000, 7_000][usize::try_from(other % 7).expect("small")],
        };
        world.run(pause);
        look(&mut world, &mut witnesses, &script, seen);
    }
    for phone in 0..NAMES.len() {
        world.phones[phone].frozen = false;
        world.phones[phone].reachable = true;
    }
    world.run(120_000);
    look(&mut world, &mut witnesses, &script, seen);
    for (phone, witness) in witnesses.iter().enumerate() {
        for session in witness.alive() {
            world.hang_up(phone, session);
        }
    }
    world.run(120_000);
    let pending = world.server.as_ref().map_or(0, softframe_server::core::Exchange::pending);
    if pending > 0 || !world.phones.iter().all(|phone| phone.agent.is_idle()) {
        // A registration may be on its way to be refreshed, or a connection be asked for life, at just this moment.
        world.run(1_000);
    }
    look(&mut world, &mut witnesses, &script, seen);
    for (row, count) in std::mem::take(&mut world.hits.rows) {
        *hits.rows.entry(row).or_default() += count;
    }
    let script = script.join("\n");
    for (phone, witness) in witnesses.iter().enumerate() {
        assert!(witness.alive().is_empty(), "{} {:?}\n{script}", NAMES[phone], witness.alive());
        assert_eq!(world.connection(phone), None, "all events were looked at");
        let registered =
            world.server.as_ref().expect("a server").whereabouts(softframe_sip::Instant(world.now));
        assert!(
            registered.iter().any(|at| at.user == NAMES[phone]),
            "{} is not back\n{script}",
            NAMES[phone]
        );
        assert!(world.phones[phone].agent.is_idle(), "{}\n{script}", NAMES[phone]);
    }
    assert_eq!(world.server.as_ref().map(softframe_server::core::Exchange::pending), Some(0), "{script}");
    numbers_rise(&world, &script);
}

/// CSeq of what each phone sent inside each dialog, of each method but ACK and CANCEL: strictly rising.
fn numbers_rise(world: &World, script: &str) {
    for (phone, name) in NAMES.iter().enumerate() {
        let mut last: BTreeMap<[String; 3], (u32, String)> = BTreeMap::new();
        for message in world.requests(phone) {
            let method = message.method().as_str();
            let (Some(tag), None, false) =
                (message.to().tag(), message.status(), ["ACK", "CANCEL"].contains(&method))
            else {
                continue;
            };
            let (number, branch) = (message.cseq().number, message.via().branch().to_owned());
            let own_tag = message.from().tag().unwrap_or_default();
            let key = [message.call_id(), own_tag, tag].map(str::to_owned);
            let before = last.insert(key, (number, branch.clone()));
            // The same branch is the same request once more; another one is a request of its own.
            let rises = before.is_none_or(|before| before.0 < number || before == (number, branch));
            assert!(rises, "{name} {method} {number}\n{script}");
        }
    }
}

/// The caller's flow broke before a word of ours reached them, and their INVITE came again over the next one: one Call-ID
/// and one From tag, but two dialogs, for each has a tag of ours (RFC 3261 §12).
#[test]
fn numbers_of_an_invite_that_was_taken_on_both_flows_begin_anew_in_the_second_dialog() {
    let mut world = World::registered(&NAMES);
    let [first, second] = [1, 2].map(|number| {
        let cseq = format!("CSeq: {number} INVITE");
        let lines = [&cseq, "Contact: <sip:300@c>", "Content-Type: application/sdp"];
        let rung = answers(&mut world, request(INVITE, &number.to_string(), &lines, "v=0"));
        assert_eq!(codes(&rung), [100, 180]);
        let session = world.incoming(0);
        world.accept(0, session);
        let lines = [format!("To: {}", rung[1].to()), format!("CSeq: {number} ACK")];
        let lines = lines.each_ref().map(String::as_str);
        answers(&mut world, request("ACK sip:200@x.invalid", &format!("a{number}"), &lines, ""));
        session
    });
    world.hang_up(0, first);
    world.command(0, Command::Reinvite { session: second, offer: b"v=0 again".to_vec() });
    let sent: Vec<_> = world.requests(0).collect();
    let said: Vec<_> = sent.iter().map(|one| (one.method().as_str(), one.cseq().number)).collect();
    assert_eq!(said, [("BYE", 1), ("INVITE", 1)]);
    let same = |what: fn(&Message) -> Option<&str>| what(&sent[0]) == what(&sent[1]);
    assert!(same(|one| Some(one.call_id())) && same(|one| one.to().tag()) && !same(|one| one.from().tag()));
    numbers_rise(&world, "two dialogs of one caller");
}

/// The same phones, but every third frame that reaches one comes a second time, damaged. What such a frame may do is
/// open; that it breaks nothing is not.
#[test]
fn damaged_copies_of_frames_break_no_agent() {
    let mut damaged = 0;
    for seed in 1..=DAMAGED_SEEDS {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut world = World::with_server(&NAMES);
        world.damage = Some(Box::new(move |octets| damage(&mut dice, octets)));
        let mut dice = Dice(seed | 1);
        let mut witnesses: [Witness; 3] = Default::default();
        let mut script = vec![format!("seed {seed}")];
        for _ in 0..60 {
            let action = act(&mut world, &mut dice, &witnesses);
            script.push(format!("{:>6} {action}", world.now));
            world.run([0, 15, 100, 1_000][usize::try_from(dice.below(4)).expect("small")]);
            watch(&mut world, &mut witnesses, &script);
        }
        world.damage = None;
        damaged += world.damaged;
        for (phone, witness) in witnesses.iter().enumerate() {
            world.phones[phone].frozen = false;
            world.phones[phone].reachable = true;
            for session in witness.alive() {
                world.hang_up(phone, session);
            }
            // A damaged answer may have refused it for good.
            world.command(phone, Command::Register);
        }
        world.run(120_000);
        watch(&mut world, &mut witnesses, &script);
        for (phone, witness) in witnesses.iter().enumerate() {
            let agent = &world.phones[phone].agent;
            let rests = witness.alive().is_empty() && agent.is_idle();
            assert!(rests, "{} {agent:?}\n{}", NAMES[phone], script.join("\n"));
        }
    }
    assert!(damaged > 500, "{damaged}");
}

fn watch(world: &mut World, witnesses: &mut [Witness; 3], script: &[String]) {
    for (phone, witness) in witnesses.iter_mut().enumerate() {
        for event in std::mem::take(&mut world.phones[phone].events) {
            witness.watch(&event, script);
        }
    }
}

/// `None` for two of three frames; else the frame with a few octets changed, cut out or doubled.
fn damage(dice: &mut Dice, octets: &[u8]) -> Option<Vec<u8>> {
    if dice.below(3) > 0 {
        return None;
    }
    let mut octets = octets.to_vec();
    for _ in 0..=dice.below(3) {
        let at = usize::try_from(dice.below(octets.len().max(1) as u64)).expect("small");
        match dice.below(3) {
            0 if !octets.is_empty() => {
                octets[at] = b"0123456789;<>\"= \r\nazAZ"[usize::try_from(dice.below(22)).expect("small")]
            }
            1 if !octets.is_empty() => drop(octets.remove(at)),
            _ => {
                let end = (at + 40).min(octets.len());
                let piece = octets[at..end].to_vec();
                octets.splice(at..at, piece);
            }
        }
    }
    Some(octets)
}

fn look(
    world: &mut World,
    witnesses: &mut [Witness; 3],
    script: &[String],
    seen: &mut BTreeMap<&'static str, usize>,
) {
    for (phone, witness) in witnesses.iter_mut().enumerate() {
        for event in std::mem::take(&mut world.phones[phone].events) {
            if let Event::Connection(connection) = &event {
                assert_ne!(connection.state, ConnectionState::Refused, "{}", script.join("\n"));
            }
            let what = match &event {
                Event::Accepted { .. } => "accepted",
                Event::Confirmed { .. } => "confirmed",
                Event::Reinvited { .. } => "reinvited",
                Event::Offered { .. } => "offered",
                Event::EarlyAnswered { .. } => "early answer",
                Event::ReinviteFailed { .. } => "failed",
                Event::Connection(connection) if connection.state == ConnectionState::Reconnecting => "lost",
                Event::Terminated { .. } => "ended",
                _ => "other",
            };
            *seen.entry(what).or_default() += 1;
            witness.watch(&event, script);
        }
    }
}

fn act(world: &mut World, dice: &mut Dice, witnesses: &[Witness; 3]) -> String {
    let phone = usize::try_from(dice.below(3)).expect("small");
    let name = NAMES[phone];
    let alive = witnesses[phone].alive();
    let session = dice.pick(&alive);
    // Two times of three what a person would do: answer what rings, decide on what is offered.
    let sensible = |dice: &mut Dice, state: &str| {
        let waiting = dice.pick(&world.hits.in_state(phone, state));
        waiting.filter(|_| dice.below(3) > 0).or(session)
    };
    let (ringing, offered) = (sensible(dice, "ringing"), sensible(dice, "offered"));
    match (dice.below(42), session) {
        (0..=3, _) => {
            let target = NAMES[usize::try_from(dice.below(3)).expect("small")];
            // Every other one demands reliable provisional responses.
            let demands = (dice.below(2) == 0).then(|| ("Require".to_owned(), "100rel".to_owned()));
            // Every fourth one leaves the offer to the other side.
            let offer: &[u8] = if dice.below(4) == 0 { b"" } else { b"v=0 offer" };
            let session = world.phones[phone].agent.next_session();
            let (target, headers) = (target.to_owned(), demands.clone().into_iter().collect());
            let action = format!("{name} calls {target} as {session:?} {demands:?}, {} octets", offer.len());
            world.command(phone, Command::Invite { session, target, offer: offer.to_vec(), headers });
            action
        }
        (4..=10, _) if ringing.is_some() => {
            let session = ringing.expect("just seen");
            world.accept(phone, session);
            format!("{name} accepts {session:?}")
        }
        (11, Some(session)) => {
            world.command(phone, Command::Reject { session, code: 486, headers: Vec::new() });
            format!("{name} rejects {session:?}")
        }
        (12, Some(session)) => {
            world.hang_up(phone, session);
            format!("{name} hangs up {session:?}")
        }
        (13..=18, Some(session)) => {
            world.command(phone, Command::Reinvite { session, offer: b"v=0 again".to_vec() });
            format!("{name} offers in {session:?}")
        }
        (19..=24, _) if offered.is_some() => {
            let session = offered.expect("just seen");
            world.command(phone, Command::Answer { session, answer: b"v=0 yes".to_vec() });
            format!("{name} answers in {session:?}")
        }
        (25, _) if offered.is_some() => {
            let session = offered.expect("just seen");
            world.command(phone, Command::RefuseOffer { session, code: 488 });
            format!("{name} refuses in {session:?}")
        }
        (26, _) => {
            world.phones[phone].frozen = !world.phones[phone].frozen;
            format!("{name} frozen: {}", world.phones[phone].frozen)
        }
        (27, _) if world.is_open(phone) => {
            world.cut(phone);
            format!("{name} is cut")
        }
        (28, _) => {
            world.input(phone, Input::Woke);
            format!("{name} wakes")
        }
        (29, _) => {
            world.phones[phone].reachable = dice.below(3) > 0;
            format!("{name} reachable: {}", world.phones[phone].reachable)
        }
        (30, Some(session)) => {
            let target = NAMES[usize::try_from(dice.below(3)).expect("small")].to_owned();
            let replaces = dice.pick(&alive).filter(|other| *other != session);
            let action = format!("{name} refers in {session:?} to {target} {replaces:?}");
            world.command(phone, Command::Refer { session, target, replaces, headers: Vec::new() });
            action
        }
        (31 | 32, Some(referred)) => {
            let session = world.phones[phone].agent.next_session();
            let (offer, headers) = (b"v=0 follows".to_vec(), Vec::new());
            world.command(phone, Command::Follow { session, referred, offer, headers });
            format!("{name} follows {referred:?} as {session:?}")
        }
        (33, Some(session)) => {
            world.command(phone, Command::Decline { session });
            format!("{name} declines in {session:?}")
        }
        (34 | 35, Some(session)) => {
            let (content_type, body) = ("text/plain".to_owned(), b"x".to_vec());
            world.command(phone, Command::Info { session, content_type, body });
            format!("{name} informs in {session:?}")
        }
        (36, Some(session)) => {
            world.command(phone, Command::Progress { session, code: 183, answer: b"v=0 early".to_vec() });
            format!("{name} progresses {session:?}")
        }
        (37..=40, Some(session)) => {
            world.command(phone, Command::Answer { session, answer: b"v=0 at last".to_vec() });
            format!("{name} answers whatever there is in {session:?}")
        }
        _ => {
            world.phones[phone].frozen = false;
            world.phones[phone].reachable = true;
            format!("{name} thaws")
        }
    }
}
