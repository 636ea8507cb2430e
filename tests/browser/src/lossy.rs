//! A bad network between a browser and the media of its server: datagrams pass, sound on its way to the browser is lost.
//!
//! It loses every n-th packet, so that a test knows how many; what is no RTP (ICE, DTLS, RTCP) always arrives.

use crate::with_body;
use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Largest datagram of UDP.
const DATAGRAM: usize = 65_535;

/// Carries datagrams until the test ends.
#[derive(Clone, Default)]
pub struct Lossy {
    /// Every n-th packet is lost; 0: none.
    loses_every: Arc<AtomicU64>,
}

impl Lossy {
    /// From now on every `nth` packet of sound does not arrive at the browser; 0: all do.
    pub fn lose_every(&self, nth: u64) {
        self.loses_every.store(nth, Ordering::Relaxed);
    }

    /// Answers of the server, with the address of a relay in the place of its own.
    pub fn between(&self) -> impl FnMut(&str) -> Option<String> + Send + 'static {
        let lossy = self.clone();
        let is_answer = |text: &str| text.starts_with("SIP/2.0 200") && text.contains("\r\na=candidate:");
        move |text| is_answer(text).then(|| with_body(text, |sdp| lossy.reroute(sdp)))
    }

    /// `a=candidate:FOUNDATION COMPONENT udp PRIORITY ADDRESS PORT typ host` (RFC 8839 §5.1).
    fn reroute(&self, sdp: &str) -> String {
        let lines = sdp.split_inclusive("\r\n").map(|line| {
            if !line.starts_with("a=candidate:") {
                return line.to_owned();
            }
            let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let server = format!("{}:{}", words[4], words[5]).parse().expect("an address");
            words[5] = self.carry(server).to_string();
            words.join(" ")
        });
        lines.collect()
    }

    /// Carries for this server; the port at which it listens, on the server's own address.
    fn carry(&self, server: SocketAddr) -> u16 {
        let listen = || UdpSocket::bind((server.ip(), 0)).expect("a free port");
        let (near, far) = (Arc::new(listen()), Arc::new(listen()));
        let port = near.local_addr().expect("bound").port();
        let browser = Arc::new(Mutex::new(None));
        let (to_server, from_browser, known) = (far.clone(), near.clone(), browser.clone());
        std::thread::spawn(move || {
            let mut datagram = [0; DATAGRAM];
            while let Ok((length, from)) = from_browser.recv_from(&mut datagram) {
                *known.lock().expect("nobody panics with it") = Some(from);
                // The server may be gone already.
                let _ = to_server.send_to(&datagram[..length], server);
            }
        });
        let loses_every = self.loses_every.clone();
        std::thread::spawn(move || {
            let (mut datagram, mut sound) = ([0; DATAGRAM], 0_u64);
            while let Ok(length) = far.recv(&mut datagram) {
                let nth = loses_every.load(Ordering::Relaxed);
                sound += u64::from(is_sound(&datagram[..length]));
                if is_sound(&datagram[..length]) && nth > 0 && sound.is_multiple_of(nth) {
                    continue;
                }
                let browser = *browser.lock().expect("nobody panics with it");
                if let Some(browser) = browser {
                    let _ = near.send_to(&datagram[..length], browser);
                }
            }
        });
        port
    }
}

/// RTP, and not the RTCP that shares its port (RFC 7983 §7, RFC 5761 §4).
fn is_sound(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind))
}
