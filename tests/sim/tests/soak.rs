//! Damaged input of every kind, without end if asked: a phone in the middle of a call gets descriptions, host messages
//! and vCards that were mutated, and must stay a phone. `SOFTFRAME_SOAK=120` runs each for so many seconds with fresh
//! dice (`cargo xtask soak`); without it a fixed few.

use softframe_phone::{
    FileEvent, HostInput, Input, Instant, MediaEvent, MediaRequest, Output, Phone, SocketEvent,
};
use softframe_sim::{START, description};
use softframe_sip::wire::{Frame, Message};
use std::time::{Duration, Instant as Clock, SystemTime, UNIX_EPOCH};

/// A small generator; xorshift is enough to shuffle octets.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Damages `octets` in one to five places, with pieces of `corpus`.
    fn mutate(&mut self, octets: &mut Vec<u8>, corpus: &[&str], spices: &[u8]) {
        for _ in 0..=self.below(5) {
            let at = self.below(octets.len() + 1).min(octets.len());
            match self.below(7) {
                0 => octets.insert(at, spices[self.below(spices.len())]),
                1 if at < octets.len() => octets[at] = spices[self.below(spices.len())],
                2 if at < octets.len() => drop(octets.remove(at)),
                3 => octets.truncate(at),
                4 => {
                    let other = corpus[self.below(corpus.len())].as_bytes();
                    let from = self.below(other.len());
                    let end = (from + self.below(120)).min(other.len());
                    octets.splice(at..at, other[from..end].iter().copied());
                }
                5 => {
                    let end = (at + self.below(80)).min(octets.len());
                    let piece: Vec<u8> = octets[at..end].repeat(1 + self.below(40));
                    octets.splice(at..at, piece);
                }
                _ => {
                    let digits = "9".repeat(self.below(24));
                    octets.splice(at..at, digits.into_bytes());
                }
            }
        }
    }
}

/// Runs `once` a fixed number of times, or for the time that was asked for; prints how often.
fn soak(name: &str, times: u64, mut once: impl FnMut(&mut Dice)) {
    let seconds = std::env::var("SOFTFRAME_SOAK").ok().and_then(|text| text.parse().ok());
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = seconds.map_or(0x5eed, |_: u64| since_epoch.subsec_nanos().into()) | 1;
    let (begin, mut done, mut dice) = (Clock::now(), 0_u64, Dice(seed));
    println!("{name}: seed {seed}");
    while seconds.map_or(done < times, |seconds| begin.elapsed() < Duration::from_secs(seconds)) {
        once(&mut dice);
        done += 1;
    }
    println!("{name}: {done} runs in {:.1} s", begin.elapsed().as_secs_f64());
}

/// A registered phone whose server and browser are the test itself.
struct Bench {
    phone: Phone,
    now: Instant,
    sent: Vec<Message>,
    heard: u64,
}

impl Bench {
    fn new() -> Bench {
        let mut bench = Bench { phone: Phone::new([5; 32]), now: Instant(0), sent: Vec::new(), heard: 0 };
        bench.input(Input::Wall(START));
        bench.input(Input::Host(HostInput::Trusted {
            chain: vec!["https://crm.example".into()],
            listed: true,
        }));
        let config = r#"{"server":"wss://a.test/ws","account":{"user":"200","password":"x"}}"#;
        bench.input(Input::Config(Some(config.into())));
        bench.input(Input::Restored(Vec::new()));
        bench
    }

    fn input(&mut self, input: Input) {
        self.phone.handle_input(self.now, input);
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::Connect { flow, .. } => {
                    self.phone.handle_input(self.now, Input::Socket { flow, event: SocketEvent::Opened });
                }
                Output::Transmit { flow, frame } => {
                    let Frame::Message(message) = Frame::read(frame) else { continue };
                    if message.octets().starts_with(b"REGISTER") || message.octets().starts_with(b"OPTIONS") {
                        let event = SocketEvent::Frame(ok(&message));
                        self.phone.handle_input(self.now, Input::Socket { flow, event });
                    } else {
                        self.sent.push(*message);
                    }
                }
                Output::Host { message, .. } => {
                    self.heard += 1;
                    let told: serde_json::Value = serde_json::from_str(&message).expect("JSON");
                    assert!(told["type"].is_string(), "{message}");
                }
                Output::Media { call, peer, request: Some(request), what } => {
                    let event = match what {
                        MediaRequest::Offer { .. } | MediaRequest::RingOffer => {
                            MediaEvent::Offer(description(1, "sendrecv"))
                        }
                        MediaRequest::Answer { .. } => MediaEvent::Answer(description(2, "sendrecv")),
                        _ => MediaEvent::Applied,
                    };
                    self.phone
                        .handle_input(self.now, Input::Media { call, peer, request: Some(request), event });
                }
                _ => {}
            }
        }
        let _drawn = self.phone.view(self.now);
    }

    fn frame(&mut self, text: Vec<u8>) {
        let flow = softframe_phone::FlowId((1 << 32) + 1);
        self.input(Input::Socket { flow, event: SocketEvent::Frame(text) });
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now.after(millis);
        self.input(Input::Timeout);
    }
}

fn ok(request: &Message) -> Vec<u8> {
    use softframe_sip::wire::{ResponseBuilder, StatusCode};
    let builder = ResponseBuilder::new(request, StatusCode::OK).to_tag("server");
    let contact = request.header("Contact").map(|contact| format!("{contact};expires=600"));
    contact.iter().fold(builder, |builder, contact| builder.header("Contact", contact)).build().into_octets()
}

const SDP: [&str; 3] = [
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 126\r\n\
     c=IN IP4 0.0.0.0\r\na=candidate:1 1 udp 2122260223 127.0.0.1 50000 typ host\r\na=ice-ufrag:ab\r\n\
     a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\n\
     a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:126 telephone-event/8000\r\n",
    "v=0\r\no=FreeSWITCH 1 2 IN IP4 10.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP6 ::1\r\nb=AS:84\r\nt=0 0\r\nr=7d 1h 0 25h\r\n\
     k=prompt\r\na=msid-semantic: WMS *\r\nm=audio 17000 RTP/SAVPF 8 0 101\r\na=extmap:1/sendonly urn:ietf:params:rtp-hdrext:ssrc-audio-level ext\r\n\
     a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\na=ssrc:1 cname:x\r\na=ssrc-group:FID 1 2\r\na=rtcp-fb:* nack pli\r\n\
     a=rid:1 send pt=97;max-width=1280\r\na=simulcast:send 1;2 recv ~3\r\na=imageattr:97 send [x=[480:16:800],y=320,par=[1.2-1.3],q=0.6] recv *\r\n\
     a=maxptime:60\r\na=ptime:20\r\na=fingerprint:SHA-256 AA\r\na=sendonly\r\n",
    "v=0\r\no=x 1 1 IN IP4 1\r\ns= \r\nt=0 0\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=inactive\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n\
     a=sctp-port:5000\r\na=sctpmap:5000 webrtc-datachannel 256\r\na=max-message-size:1\r\na=dtls-message:client x\r\na=identity:x\r\na=bundle-only\r\n\
     a=remote-candidates:1 1.2.3.4 5\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=end-of-candidates\r\na=fingerprint:sha-1 \u{e9}:\u{202e}\r\n",
];

#[test]
fn descriptions_of_any_kind_never_stop_a_phone() {
    let mut bench = Bench::new();
    let mut number = 0_u64;
    let mut answered = 0_u64;
    soak("descriptions", 1_500, |dice| {
        number += 1;
        let mut body = SDP[dice.below(SDP.len())].as_bytes().to_vec();
        dice.mutate(&mut body, &SDP, b"\r\n=:;/ 0-9[]~*,\0\xff\xc3");
        let head = format!(
            "INVITE sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{number}\r\nFrom: <sip:{number}@a.test>;tag=f\r\n\
             To: <sip:200@a.test>\r\nCall-ID: {number}\r\nCSeq: 1 INVITE\r\nContact: <sip:p@p.test>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        bench.frame([head.into_bytes(), body].concat());
        bench.input(Input::Host(HostInput::Message { text: r#"{"type":"answer"}"#.into(), held: false }));
        let taken = bench.sent.iter().find(|message| message.status().is_some_and(|(code, _)| code == 200));
        if let Some(ok) = taken {
            answered += 1;
            let to = ok.to().to_string();
            for (method, sequence) in [("ACK", 1), ("BYE", 2)] {
                bench.frame(
                    format!(
                        "{method} sip:200@c.test SIP/2.0\r\nVia: SIP/2.0/WSS p.test;branch=z9hG4bK{method}{number}\r\n\
                         From: <sip:{number}@a.test>;tag=f\r\nTo: {to}\r\nCall-ID: {number}\r\nCSeq: {sequence} {method}\r\n\r\n"
                    )
                    .into_bytes(),
                );
            }
        }
        bench.sent.clear();
        // As slow as the gates for callers want it.
        bench.pass(1_000);
    });
    assert!(answered * 5 > number, "{answered} of {number} were taken: the test shows too little");
}

#[test]
fn host_messages_of_any_kind_never_stop_a_phone() {
    const MESSAGES: [&str; 10] = [
        r#"{"type":"click2call","id":"1","data":{"number":"+34 911","autoDial":false,"from":"1","userData":{"a":[1]},"headers":{"X-A":"b"},"ref":"r"}}"#,
        r#"{"type":"contacts","id":2,"data":{"contacts":[{"id":"1","name":"Ana","phones":["+34911",{"number":"1","type":"work"}]}],"mode":"replace","source":"crm","batch":{"n":1,"last":true}}}"#,
        r#"{"type":"contacts","data":[{"id":1,"name":"B","phones":34911,"company":"C","deleted":true}]}"#,
        r#"{"type":"contacts:search","id":"3","data":{"query":"an","max":5}}"#,
        r#"{"type":"contacts:match","id":"4","data":{"numbers":["+34911",5]}}"#,
        r#"{"type":"contacts:vcf","id":"5","data":{"text":"BEGIN:VCARD\nFN:A\nTEL:1\nEND:VCARD"}}"#,
        r#"{"type":"dtmf","id":"6","data":{"callId":"x","digits":"12#","method":"info"}}"#,
        r#"{"type":"state","id":1e3}"#,
        r#"{"type":"size","id":"7","data":{"width":320,"height":460}}"#,
        r#"{"type":"reject","id":"8","data":{"code":603,"callId":null}}"#,
    ];
    let mut bench = Bench::new();
    soak("host messages", 4_000, |dice| {
        let mut octets = MESSAGES[dice.below(MESSAGES.len())].as_bytes().to_vec();
        dice.mutate(&mut octets, &MESSAGES, b"\"{}[],:\\0-.eE \n\xe2");
        let text = String::from_utf8_lossy(&octets).into_owned();
        bench.input(Input::Host(HostInput::Message { text: text.clone(), held: dice.below(4) == 0 }));
        let push = u64::try_from(dice.below(3)).unwrap_or(0);
        bench.input(Input::Host(match dice.below(4) {
            0 => HostInput::ContactsBegin { push, head: text },
            1 => HostInput::ContactRows { push, rows: text, to_come: 0 },
            2 => HostInput::ContactRowsBad { push, count: 2 },
            _ => HostInput::ContactsEnd { push },
        }));
        bench.phone.contacts_step(bench.now, 4);
        bench.pass(100);
    });
    assert!(bench.heard > 500, "only {} messages came back", bench.heard);
}

#[test]
fn vcards_of_any_kind_never_stop_a_phone() {
    const CARDS: [&str; 3] = [
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Ru=EDz;Ana;;;\r\nTEL;CELL:+34 600\r\n\
         AGENT:\r\nBEGIN:VCARD\r\nFN:X\r\nEND:VCARD\r\nPHOTO;BASE64:\r\n AAAA\r\nEND:VCARD\r\n",
        "BEGIN:VCARD\nVERSION:4.0\nUID:urn:uuid:1\nFN:Bob \\, \\n B\nitem1.TEL;VALUE=uri;TYPE=\"work,voice\":tel:+1-2;ext=3\nORG:A;B\n\
         TITLE:T\nEMAIL:a@b\nEND:VCARD\n",
        "\u{feff}BEGIN:VCARD\r\nVERSION:3.0\r\nFN:\u{202e}C\r\n folded\r\nTEL;TYPE=HOME,PREF:1\r\nEND:VCARD\r\n",
    ];
    let mut bench = Bench::new();
    let mut file = 0;
    soak("vcards", 1_500, |dice| {
        file += 1;
        let mut octets = Vec::new();
        for _ in 0..=dice.below(3) {
            octets.extend_from_slice(CARDS[dice.below(CARDS.len())].as_bytes());
        }
        dice.mutate(&mut octets, &CARDS, b"\r\n:;=\"\\ \t,.%\0\xff\xfe");
        bench.input(Input::File(FileEvent::Begin { file, name: "a.vcf".into(), size: 1 }));
        for chunk in octets.chunks(1 + dice.below(200)) {
            bench.input(Input::File(FileEvent::Chunk { file, octets: chunk.to_vec() }));
        }
        bench.input(Input::File(FileEvent::End { file }));
        let mut steps = 0;
        while bench.phone.contacts_step(bench.now, 8) {
            steps += 1;
            assert!(steps < 10_000, "the index never comes to rest");
        }
        bench.pass(10);
    });
    assert!(bench.phone.contacts().len() > 10);
}
