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
        let (mut left, offer) = Line::offering(now, LEFT.into(), left).expect("offer");
        assert!(offer.contains("a=rtpmap:101 telephone-event/8000"), "{offer}");
        let (right, answer) = Line::answering(now, RIGHT.into(), right, offer.as_bytes()).expect("answer");
        assert!(answer.contains("a=rtpmap:101 telephone-event/8000"), "{answer}");
        left.accept(answer.as_bytes()).expect("accept");
        Pair { now, left, right, told: Vec::new() }
    }

    /// `left` offers anew with this direction.
    fn reinvited(&mut self, direction: Direction) {
        let mid = self.left.audio.expect("a section");
        let mut change = self.left.rtc.sdp_api();
        change.set_direction(mid, direction);
        let (offer, pending) = change.apply().expect("a change");
        let answer = self.right.renew(events_named(&offer.to_sdp_string()).as_bytes()).expect("answered");
        let answer = SdpAnswer::from_sdp_string(&events_disguised(&answer)).expect("readable");
        self.left.rtc.sdp_api().accept_answer(pending, answer).expect("accepted");
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
    let mut pair = Pair::called(Sound::TONE, Sound::Echo);
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
fn held_line_is_silent_until_it_is_resumed() {
    let mut pair = Pair::called(Sound::Echo, Sound::TONE);
    pair.run(2);
    let packets = |pair: &Pair| pair.left.heard().to_json()["packets"].as_u64().unwrap_or_default();
    for (direction, in_two_seconds) in [(Direction::SendOnly, 0..=2), (Direction::SendRecv, 90..=102)] {
        pair.reinvited(direction);
        let before = packets(&pair);
        pair.run(2);
        let heard = packets(&pair) - before;
        assert!(in_two_seconds.contains(&heard), "{direction:?}: {heard}");
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
    let (_, offer) = Line::offering(now, LEFT.into(), Sound::TONE).expect("offer");
    let without_fingerprint: String = offer
        .lines()
        .filter(|line| !line.contains("fingerprint"))
        .map(|line| format!("{line}\r\n"))
        .collect();
    let only_opus = offer.replace("SAVPF 0 8 101", "SAVPF 96");
    assert_ne!(only_opus, offer);
    for bad in ["", "v=0\r\n", "hello", &without_fingerprint, &only_opus, &"a".repeat(MAX_SDP + 1)] {
        let answer = Line::answering(now, RIGHT.into(), Sound::TONE, bad.as_bytes());
        assert!(answer.is_err_and(|reason| !reason.is_empty()), "{bad}");
    }
}

/// The lines of Chromium's audio offer that matter here.
const CHROMIUM: &str = "v=0\r
o=- 4611731400430051336 2 IN IP4 127.0.0.1\r
s=-\r
t=0 0\r
a=group:BUNDLE 0\r
a=extmap-allow-mixed\r
a=msid-semantic: WMS 6f0c\r
m=audio 40123 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r
c=IN IP4 10.1.2.3\r
a=rtcp:9 IN IP4 0.0.0.0\r
a=candidate:842163049 1 udp 2122260223 10.1.2.3 40123 typ host generation 0 network-id 1\r
a=candidate:842163050 1 udp 2122262783 c6a33b8a-6d5e-4a5e-b1a3-9a0b0b9b0b9b.local 40124 typ host generation 0\r
a=candidate:842163051 1 tcp 1518280447 10.1.2.3 9 typ host tcptype active generation 0 network-id 1\r
a=ice-ufrag:EsAw\r
a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r
a=ice-options:trickle\r
a=fingerprint:sha-256 D2:FA:0E:C3:22:59:5E:14:95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:0F\r
a=setup:actpass\r
a=mid:0\r
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r
a=sendrecv\r
a=msid:6f0c 9d1e\r
a=rtcp-mux\r
a=rtcp-rsize\r
a=rtpmap:111 opus/48000/2\r
a=rtcp-fb:111 transport-cc\r
a=fmtp:111 minptime=10;useinbandfec=1\r
a=rtpmap:63 red/48000/2\r
a=fmtp:63 111/111\r
a=rtpmap:9 G722/8000\r
a=rtpmap:0 PCMU/8000\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:13 CN/8000\r
a=rtpmap:110 telephone-event/48000\r
a=rtpmap:126 telephone-event/8000\r
a=ssrc:3735928559 cname:abc\r
a=ssrc:3735928559 msid:6f0c 9d1e\r
";

#[test]
fn browser_offer_is_answered_with_g711_and_its_own_event_number() {
    let answered = Line::answering(Instant::now(), RIGHT.into(), Sound::TONE, CHROMIUM.as_bytes());
    let (_, answer) = answered.map_err(|reason| panic!("{reason}")).expect("answered");
    let section = answer.lines().find(|line| line.starts_with("m=audio")).expect("audio");
    let numbers: Vec<_> = section.split(' ').skip(3).collect();
    assert_eq!(numbers, ["0", "8", "126"], "{answer}");
    for line in
        ["a=rtpmap:126 telephone-event/8000", "a=ice-lite", "a=setup:", "a=fingerprint:sha-256", "a=sendrecv"]
    {
        assert!(answer.contains(line), "{line} is missing in {answer}");
    }
    assert!(answer.contains(" 10.0.0.2 2000 typ host"), "{answer}");
}
