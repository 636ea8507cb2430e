//! Two lines call each other in virtual time: no sockets, no waiting.

use super::*;

/// A pair with a wire between them.
struct Pair {
    now: Instant,
    left: Line,
    right: Line,
    told: Vec<(char, Happening)>,
}

const LEFT: ([u8; 4], u16) = ([10, 0, 0, 1], 1000);
const RIGHT: ([u8; 4], u16) = ([10, 0, 0, 2], 2000);

impl Pair {
    /// `left` offers with full ICE, as a browser does; `right` answers as the server does.
    fn called(left: Sound, right: Sound) -> Pair {
        let now = Instant::now();
        let (mut left, offer) = Line::offering_as(now, LEFT.into(), left, false).expect("offer");
        assert!(offer.contains("a=rtpmap:101 telephone-event/8000"), "{offer}");
        let (right, answer) = Line::answering(now, RIGHT.into(), right, offer.as_bytes()).expect("answer");
        assert!(answer.contains("a=rtpmap:101 telephone-event/8000"), "{answer}");
        left.accept(answer.as_bytes()).expect("accept");
        Pair { now, left, right, told: Vec::new() }
    }

    fn run(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            self.left.timeout(self.now);
            self.right.timeout(self.now);
            let next = self.drain().min(end);
            self.now = next.max(self.now + Duration::from_millis(1));
        }
    }

    /// Moves datagrams until both wait; says until when.
    fn drain(&mut self) -> Instant {
        let mut waits = [None, None];
        while waits.iter().any(Option::is_none) {
            match self.left.poll(self.now) {
                Wish::Transmit(_, octets) => {
                    self.right.datagram(self.now, LEFT.into(), &octets);
                    waits[1] = None;
                }
                Wish::Tell(happening) => self.told.push(('L', happening)),
                Wish::Wait(at) => waits[0] = Some(at),
            }
            match self.right.poll(self.now) {
                Wish::Transmit(_, octets) => {
                    self.left.datagram(self.now, RIGHT.into(), &octets);
                    waits[0] = None;
                }
                Wish::Tell(happening) => self.told.push(('R', happening)),
                Wish::Wait(at) => waits[1] = Some(at),
            }
        }
        waits.into_iter().flatten().min().expect("both wait")
    }
}

#[test]
fn tone_and_echo_reach_both_ends() {
    let mut pair = Pair::called(Sound::Tone, Sound::Echo);
    pair.run(4);
    assert!(
        pair.told.contains(&('L', Happening::Connected)) && pair.told.contains(&('R', Happening::Connected))
    );
    for (name, line) in [("right hears the tone", &pair.right), ("left hears its echo", &pair.left)] {
        assert_eq!(line.heard().dominant_hertz(), Some(440), "{name}: {}", line.heard().to_json());
        assert!(line.heard().to_json()["packets"].as_u64() > Some(100), "{name}");
    }
}

#[test]
fn key_pad_event_is_told_once() {
    let mut pair = Pair::called(Sound::Echo, Sound::Echo);
    pair.run(2);
    for duration in [160u16, 320, 480] {
        let [high, low] = duration.to_be_bytes();
        pair.left.send(pair.now, EVENT_PAYLOAD_TYPE.into(), vec![7, 10, high, low]);
        // One event keeps its timestamp through all its packets.
        let State::Connected(stream) = &mut pair.left.state else { panic!("connected") };
        stream.timestamp = 0;
        pair.run(1);
    }
    assert_eq!(pair.right.heard().to_json()["dtmf"], "7");
    assert_eq!(pair.told.iter().filter(|told| **told == ('R', Happening::Digit('7'))).count(), 1);
}

#[test]
fn unusable_offer_is_refused_with_a_reason() {
    let now = Instant::now();
    let (_, offer) = Line::offering(now, LEFT.into(), Sound::Tone).expect("offer");
    let without_fingerprint: String = offer
        .lines()
        .filter(|line| !line.contains("fingerprint"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let only_opus = offer.replace("SAVPF 0 8 101", "SAVPF 96");
    assert_ne!(only_opus, offer);
    for bad in ["", "v=0\r\n", "hello", &without_fingerprint, &only_opus, &"a".repeat(MAX_SDP + 1)] {
        let answer = Line::answering(now, RIGHT.into(), Sound::Tone, bad.as_bytes());
        assert!(answer.is_err_and(|reason| !reason.is_empty()), "{bad}");
    }
}
