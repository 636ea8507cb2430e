//! One call's media without I/O: ICE, DTLS-SRTP and RTP by str0m, G.711 and key-pad events on top.
//!
//! It never opens a socket or reads the clock, and takes no codec that needs one: PCMU and PCMA are plain octets.

use super::{
    dtmf,
    g711::{Law, PACKET, RATE},
    heard::Heard,
    tone::{TONE_HZ, Tone},
};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use str0m::{
    Candidate, Event, IceConnectionState, Input, Output, Rtc, RtcConfig,
    change::{SdpAnswer, SdpOffer, SdpPendingOffer},
    format::{Codec, FormatParams},
    media::{Direction, Frequency, MediaKind, Mid, Pt},
    net::{Protocol, Receive},
    rtp::{RtpPacket, RtpWrite},
};

/// The payload type that our offers give telephone-event; answers keep the other side's.
const EVENT_PAYLOAD_TYPE: u8 = 101;

/// The time between two packets.
const INTERVAL: Duration = Duration::from_millis(20);

/// Packets owed after a pause of the machine; more are skipped, not sent in a burst.
const MAX_BURST: u32 = 5;

/// Longer descriptions are refused unread (protocol.md 1.7).
const MAX_SDP: usize = 32 * 1024;

/// What the caller hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sound {
    /// So many hertz without an end.
    Tone(u32),
    /// The caller's own voice.
    Echo,
}

impl Sound {
    /// The tone of most numbers.
    pub const TONE: Sound = Sound::Tone(TONE_HZ);
}

/// What happened on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// ICE and DTLS are through; sound flows.
    Connected,
    /// A digit began.
    Digit(char),
    /// Nothing will flow any more.
    Closed,
}

/// What a line wants done.
pub(crate) enum Wish {
    /// Send this datagram.
    Transmit(SocketAddr, Vec<u8>),
    /// Tell the call.
    Tell(Happening),
    /// Come again at this time, or with a datagram.
    Wait(Instant),
}

/// One call's media.
pub(crate) struct Line {
    rtc: Rtc,
    local: SocketAddr,
    sound: Sound,
    audio: Option<Mid>,
    state: State,
    events: dtmf::Events,
    heard: Heard,
}

/// Where the line stands.
enum State {
    /// Our offer is out.
    Offered(SdpPendingOffer),
    /// Both descriptions are known; ICE and DTLS are under way.
    Connecting,
    /// Sound flows.
    Connected(Stream),
    /// Over.
    Closed,
}

/// The outgoing stream.
struct Stream {
    mid: Mid,
    payload_type: Pt,
    tone: Tone,
    sequence: u64,
    timestamp: u32,
    next: Instant,
}

impl Line {
    /// Answers `offer`; the line's one candidate is `local`.
    pub(crate) fn answering(
        now: Instant,
        local: SocketAddr,
        sound: Sound,
        offer: &[u8],
    ) -> Result<(Line, String), String> {
        let offer = readable(offer)?;
        if !offers_g711(offer) {
            return Err("neither PCMU nor PCMA was offered".to_owned());
        }
        let offer = SdpOffer::from_sdp_string(&events_disguised(offer)).map_err(|error| error.to_string())?;
        let mut rtc = configured(now, true);
        rtc.add_local_candidate(host(local)?);
        let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| error.to_string())?;
        let line = Line::new(rtc, local, sound, State::Connecting);
        Ok((line, events_named(&answer.to_sdp_string())))
    }

    /// Offers; [`Line::accept`] takes the answer.
    pub(crate) fn offering(now: Instant, local: SocketAddr, sound: Sound) -> Result<(Line, String), String> {
        let mut rtc = configured(now, false);
        rtc.add_local_candidate(host(local)?);
        let mut change = rtc.sdp_api();
        let audio = change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = change.apply().ok_or("no offer could be made")?;
        let mut line = Line::new(rtc, local, sound, State::Offered(pending));
        line.audio = Some(audio);
        Ok((line, events_named(&offer.to_sdp_string())))
    }

    fn new(rtc: Rtc, local: SocketAddr, sound: Sound, state: State) -> Line {
        let (events, heard) = (dtmf::Events::default(), Heard::default());
        Line { rtc, local, sound, audio: None, state, events, heard }
    }

    /// The answer to [`Line::offering`].
    pub(crate) fn accept(&mut self, answer: &[u8]) -> Result<(), String> {
        let answer = events_disguised(readable(answer)?);
        let answer = SdpAnswer::from_sdp_string(&answer).map_err(|error| error.to_string())?;
        match std::mem::replace(&mut self.state, State::Connecting) {
            State::Offered(pending) => {
                self.rtc.sdp_api().accept_answer(pending, answer).map_err(|error| error.to_string())
            }
            // A second answer (200 after 183 with the same body) changes nothing.
            other @ (State::Connecting | State::Connected(_) | State::Closed) => {
                self.state = other;
                Ok(())
            }
        }
    }

    /// A new offer within the call (hold, resume): its answer.
    pub(crate) fn renew(&mut self, offer: &[u8]) -> Result<String, String> {
        let offer = events_disguised(readable(offer)?);
        let offer = SdpOffer::from_sdp_string(&offer).map_err(|error| error.to_string())?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|error| error.to_string())?;
        Ok(events_named(&answer.to_sdp_string()))
    }

    /// What it hears.
    pub(crate) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// A datagram came. One that is not ours is dropped.
    pub(crate) fn datagram(&mut self, now: Instant, source: SocketAddr, octets: &[u8]) {
        // The callee's checks may overtake its answer. Answered now, its DTLS would start and meet nobody, and come
        // again only a second later; unanswered, the checks come again in milliseconds.
        if let State::Offered(_) = self.state {
            return;
        }
        let Ok(contents) = octets.try_into() else { return };
        let receive = Receive { proto: Protocol::Udp, source, destination: self.local, contents };
        let input = Input::Receive(now, receive);
        if self.rtc.accepts(&input) && self.rtc.handle_input(input).is_err() {
            self.state = State::Closed;
        }
    }

    /// Time passed.
    pub(crate) fn timeout(&mut self, now: Instant) {
        if self.rtc.handle_input(Input::Timeout(now)).is_err() {
            self.state = State::Closed;
        }
        if matches!(self.sound, Sound::Tone(_)) {
            self.send_tone(now);
        }
    }

    /// The next thing to do; ends each round with [`Wish::Wait`].
    pub(crate) fn poll(&mut self, now: Instant) -> Wish {
        loop {
            let output = match self.rtc.poll_output() {
                Ok(output) => output,
                Err(_) => return self.close(),
            };
            match output {
                Output::Transmit(transmit) => {
                    return Wish::Transmit(transmit.destination, transmit.contents.to_vec());
                }
                Output::Timeout(at) => return Wish::Wait(self.sooner(at)),
                Output::Event(event) => {
                    if let Some(happening) = self.event(now, event) {
                        return Wish::Tell(happening);
                    }
                }
            }
        }
    }

    fn close(&mut self) -> Wish {
        self.state = State::Closed;
        Wish::Tell(Happening::Closed)
    }

    fn sooner(&self, at: Instant) -> Instant {
        match &self.state {
            State::Connected(stream) if matches!(self.sound, Sound::Tone(_)) => at.min(stream.next),
            State::Connected(_) | State::Offered(_) | State::Connecting | State::Closed => at,
        }
    }

    fn event(&mut self, now: Instant, event: Event) -> Option<Happening> {
        match event {
            Event::Connected => {
                self.connected(now);
                Some(Happening::Connected)
            }
            // Comes once sound can flow, before or after `Connected`.
            Event::MediaAdded(added) if added.kind == MediaKind::Audio => {
                self.audio.get_or_insert(added.mid);
                self.connected(now);
                None
            }
            Event::RtpPacket(packet) => self.packet(now, &packet),
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) | Event::Closed => {
                self.state = State::Closed;
                Some(Happening::Closed)
            }
            _ => None,
        }
    }

    fn connected(&mut self, now: Instant) {
        let Some((mid, payload_type, law)) = self.outgoing() else { return };
        // Who plays none sends none of it.
        let hertz = if let Sound::Tone(hertz) = self.sound { hertz } else { TONE_HZ };
        let tone = Tone::new(law, hertz);
        self.state =
            State::Connected(Stream { mid, payload_type, tone, sequence: 0, timestamp: 0, next: now });
    }

    /// The stream's section, and the first of the other side's payload types that we can write.
    fn outgoing(&self) -> Option<(Mid, Pt, Law)> {
        let mid = self.audio?;
        let laws = self.rtc.media(mid)?.remote_pts().iter().filter_map(|number| {
            let params = self.rtc.codec_config().find(|params| params.pt() == *number)?;
            Some((mid, *number, law_of(params.spec().codec)?))
        });
        laws.into_iter().next()
    }

    fn packet(&mut self, now: Instant, packet: &RtpPacket) -> Option<Happening> {
        let payload_type = packet.header.payload_type;
        let codec = self.rtc.codec_config().find(|params| params.pt() == payload_type)?.spec().codec;
        if codec == Codec::CN {
            let digit = self.events.packet(packet.header.timestamp, &packet.payload)?;
            self.heard.digit(digit);
            return Some(Happening::Digit(digit));
        }
        let law = law_of(codec)?;
        self.heard.sound(packet.payload.iter().map(|octet| law.decode(*octet)));
        if self.sound == Sound::Echo {
            self.send(now, payload_type, packet.payload.to_vec());
        }
        None
    }

    fn send_tone(&mut self, now: Instant) {
        for _ in 0..MAX_BURST {
            let State::Connected(stream) = &mut self.state else { return };
            if stream.next > now {
                return;
            }
            stream.next += INTERVAL;
            let (payload_type, packet) = (stream.payload_type, stream.tone.packet());
            self.send(now, payload_type, packet);
        }
        if let State::Connected(stream) = &mut self.state {
            stream.next = stream.next.max(now);
        }
    }

    fn send(&mut self, now: Instant, payload_type: Pt, payload: Vec<u8>) {
        let State::Connected(stream) = &mut self.state else { return };
        let is_held = |media: &str0m::media::Media| !media.direction().is_sending();
        if self.rtc.media(stream.mid).is_none_or(is_held) {
            return;
        }
        let mut direct = self.rtc.direct_api();
        let Some(outgoing) = direct.stream_tx_by_mid(stream.mid, None) else { return };
        let write = RtpWrite::new(payload_type, stream.sequence.into(), stream.timestamp, now, payload);
        outgoing.write_rtp(write.marker(stream.sequence == 0));
        stream.sequence += 1;
        stream.timestamp = stream.timestamp.wrapping_add(PACKET as u32);
    }
}

/// Makes a certificate for nobody: the first one of a process takes 50 ms, in which the cipher library tests itself,
/// and no call should wait for that.
pub(crate) fn warm_up() {
    let _unused = str0m::crypto::from_feature_flags().dtls_provider.generate_certificate();
}

fn law_of(codec: Codec) -> Option<Law> {
    match codec {
        Codec::PCMU => Some(Law::Mu),
        Codec::PCMA => Some(Law::A),
        _ => None,
    }
}

/// PCMU, PCMA and key-pad events in RTP mode. Lite where we answer: a browser's own candidates may be mDNS names,
/// which only it can resolve; it checks, we answer (RFC 8445 §2.5). Full where we offer: then we nominate, and need not
/// wait a second for a browser that does.
fn configured(now: Instant, lite: bool) -> Rtc {
    let mut config = RtcConfig::new().set_rtp_mode(true).set_ice_lite(lite).clear_codecs();
    config = config.enable_pcmu(true).enable_pcma(true);
    // str0m knows no telephone-event; comfort noise stands in for it, see `events_disguised`.
    config.codec_config().add_config(
        EVENT_PAYLOAD_TYPE.into(),
        None,
        Codec::CN,
        Frequency::EIGHT_KHZ,
        None,
        FormatParams::default(),
    );
    config.build(now)
}

/// Both laws have payload types that are never mapped to anything else (RFC 3551).
fn offers_g711(sdp: &str) -> bool {
    let mut audio = sdp.lines().filter(|line| line.starts_with("m=audio "));
    audio.any(|line| line.split(' ').skip(3).any(|number| matches!(number.trim(), "0" | "8")))
}

fn host(local: SocketAddr) -> Result<Candidate, String> {
    Candidate::host(local, "udp").map_err(|error| error.to_string())
}

fn readable(sdp: &[u8]) -> Result<&str, String> {
    if sdp.len() > MAX_SDP {
        return Err(format!("longer than {MAX_SDP} octets"));
    }
    std::str::from_utf8(sdp).map_err(|_| "not UTF-8".to_owned())
}

/// The other side's telephone-event under the name of a codec that str0m knows, real comfort noise under one that
/// it does not.
fn events_disguised(sdp: &str) -> String {
    let lines =
        sdp.lines().map(|line| match line.strip_prefix("a=rtpmap:").and_then(|map| map.split_once(' ')) {
            Some((number, codec)) if codec.eq_ignore_ascii_case("telephone-event/8000") => {
                format!("a=rtpmap:{number} CN/{RATE}\r\n")
            }
            Some((number, codec)) if codec.to_ascii_uppercase().starts_with("CN/") => {
                format!("a=rtpmap:{number} comfort-noise/{RATE}\r\n")
            }
            _ => format!("{line}\r\n"),
        });
    lines.collect()
}

/// The reverse, for our own descriptions.
fn events_named(sdp: &str) -> String {
    sdp.replace(&format!(" CN/{RATE}"), &format!(" telephone-event/{RATE}"))
}

#[cfg(test)]
mod tests;
