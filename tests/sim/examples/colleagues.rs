//! How much of a core a panel of colleagues costs: 100 numbers are watched, and their servers tell of 300 changes a second
//! (RFC 4235 in NOTIFY) for ten seconds. Prints the share of one core; nothing here passes or fails.

use softframe_phone::{FlowId, HostInput, Input, Instant, Output, Phone, SocketEvent};
use softframe_sip::wire::Message;
use std::hint::black_box;

/// Numbers watched.
const NUMBERS: usize = 100;
/// Changes in a second, and for how long.
const PER_SECOND: usize = 300;
const SECONDS: usize = 10;

struct Panel {
    phone: Phone,
    now: u64,
    flow: Option<FlowId>,
    sent: Vec<Message>,
    told: usize,
}

impl Panel {
    fn input(&mut self, input: Input) {
        self.phone.handle_input(Instant(self.now), input);
        while let Some(output) = self.phone.poll_output() {
            match output {
                Output::Connect { flow, .. } => {
                    self.flow = Some(flow);
                    let event = SocketEvent::Opened;
                    self.phone.handle_input(Instant(self.now), Input::Socket { flow, event });
                }
                Output::Transmit { frame, .. } => self.sent.extend(Message::parse(frame)),
                Output::Host { message, .. } => self.told += usize::from(message.contains("hint:change")),
                _ => {}
            }
        }
    }

    fn frame(&mut self, octets: Vec<u8>) {
        let Some(flow) = self.flow else { return };
        self.input(Input::Socket { flow, event: SocketEvent::Frame(octets) });
    }

    fn ok(&mut self, request: &Message) {
        let contact = request.header("Contact").unwrap_or_default();
        self.frame(
            format!(
                "SIP/2.0 200 OK\r\nVia: {}\r\nFrom: {}\r\nTo: {};tag=s\r\nCall-ID: {}\r\nCSeq: {}\r\n\
                 Contact: {contact};expires=3600\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n",
                request.header("Via").unwrap_or_default(),
                request.header("From").unwrap_or_default(),
                request.header("To").unwrap_or_default(),
                request.call_id(),
                request.header("CSeq").unwrap_or_default(),
            )
            .into_bytes(),
        );
    }
}

/// As Kamailio sends it.
fn notify(subscribe: &Message, number: usize, body: &str) -> Vec<u8> {
    let contact = subscribe.contact().map(|contact| contact.uri.to_string()).unwrap_or_default();
    format!(
        "NOTIFY {contact} SIP/2.0\r\nVia: SIP/2.0/WSS 10.0.0.1;branch=z9hG4bK{}.{number}\r\nMax-Forwards: 70\r\n\
         Record-Route: <sip:10.0.0.1;transport=ws;r2=on;lr;ftag=n>\r\nFrom: <{}>;tag=n\r\nTo: {}\r\nCall-ID: {}\r\n\
         CSeq: {number} NOTIFY\r\nUser-Agent: presence server\r\nEvent: {}\r\nContact: <sip:10.0.0.1:5060;transport=ws>\r\n\
         Subscription-State: active;expires=3600\r\nContent-Type: application/dialog-info+xml\r\n\
         Content-Length: {}\r\n\r\n{body}",
        subscribe.call_id(),
        subscribe.to().uri,
        subscribe.from(),
        subscribe.call_id(),
        subscribe.header("Event").unwrap_or_default(),
        body.len(),
    )
    .into_bytes()
}

fn dialog_info(number: usize, version: usize) -> String {
    let state = ["early", "confirmed", "terminated"][version % 3];
    format!(
        "<?xml version=\"1.0\"?>\r\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" \
         state=\"full\" entity=\"sip:{number}@pbx.example\">\r\n<dialog id=\"3b1f{number}-{version}\" \
         call-id=\"3b1f{number}-{version}\" local-tag=\"as1\" remote-tag=\"as2\" direction=\"recipient\">\r\n\
         <state>{state}</state>\r\n<remote>\r\n<identity display=\"A caller\">sip:+34911085460@pbx.example</identity>\r\n\
         <target uri=\"sip:+34911085460@pbx.example\"/>\r\n</remote>\r\n<local>\r\n<identity>sip:{number}@pbx.example\
         </identity>\r\n<target uri=\"sip:{number}@10.0.0.9:5060\"><param pname=\"+sip.rendering\" pval=\"yes\"/></target>\
         \r\n</local>\r\n</dialog>\r\n</dialog-info>\r\n"
    )
}

/// Seconds that this thread has been on a core; of the clock where the system does not say.
fn on_the_core(since: std::time::Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.map_or_else(|| since.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

fn main() {
    let mut panel = Panel { phone: Phone::new([7; 32]), now: 0, flow: None, sent: Vec::new(), told: 0 };
    panel.input(Input::Wall(1_684_681_819_342));
    panel.input(Input::Host(HostInput::Trusted { chain: vec!["https://crm.example".into()], listed: true }));
    let config = r#"{"server":"wss://pbx.example/ws","account":{"user":"200","password":"x"}}"#;
    panel.input(Input::Config(Some(config.into())));
    panel.input(Input::Restored(Vec::new()));
    let register = panel.sent.remove(0);
    panel.ok(&register);
    let numbers: Vec<String> = (0..NUMBERS).map(|number| format!("\"{}\"", 1_000 + number)).collect();
    let text = format!(r#"{{"type":"hints:subscribe","data":{{"numbers":[{}]}}}}"#, numbers.join(","));
    panel.input(Input::Host(HostInput::Message { text, held: false }));
    let mut dialogs = Vec::new();
    while !panel.sent.is_empty() {
        for request in std::mem::take(&mut panel.sent).into_iter().filter(Message::is_request) {
            panel.ok(&request);
            panel.frame(notify(&request, 1, ""));
            dialogs.extend(Some(request).filter(|request| request.header("Event") == Some("dialog")));
        }
        panel.sent.retain(Message::is_request);
    }
    assert_eq!(dialogs.len(), NUMBERS, "all are subscribed to");

    let frames: Vec<Vec<u8>> = (0..PER_SECOND * SECONDS)
        .map(|change| {
            let (number, round) = (change % NUMBERS, change / NUMBERS);
            notify(&dialogs[number], round + 2, &dialog_info(1_000 + number, round + 1))
        })
        .collect();
    let octets: usize = frames.iter().map(Vec::len).sum();
    panel.told = 0;
    let clock = std::time::Instant::now();
    let before = on_the_core(clock);
    for (change, frame) in frames.into_iter().enumerate() {
        panel.now += if change % 3 == 0 { 4 } else { 3 };
        panel.frame(black_box(frame));
        panel.sent.clear();
    }
    let spent = on_the_core(clock) - before;
    let changes = PER_SECOND * SECONDS;
    println!(
        "{NUMBERS} colleagues, {PER_SECOND} NOTIFY/s of {} octets: {:.2} % of a core ({:.1} µs each), {} of {changes} told",
        octets / changes,
        spent / SECONDS as f64 * 100.0,
        spent / changes as f64 * 1e6,
        panel.told,
    );
}
