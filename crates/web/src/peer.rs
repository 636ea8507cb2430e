//! Media transports: serves the phone's media requests with one `RTCPeerConnection` for each peer.
//!
//! The only place that names `RTCPeerConnection`. It never rewrites a description, and on every path out of a peer
//! its tracks are stopped and its connection is closed.

mod gather;
mod link;
mod stats;

use crate::{app::Feed, audio::Audio, shell::Shell};
use link::Link;
use litemap::LiteMap;
use softframe_phone::{
    CallId, Devices, Input, MediaError, MediaEvent, MediaRequest, Paths, PeerId, RequestId,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::prelude::*;

/// Chromium refuses the 501st connection of a page although the others are closed, until the garbage of the closed
/// ones is collected. Nothing in a page asks for that but the pressure of a big allocation.
const CONNECTIONS_BETWEEN_COLLECTIONS: u32 = 50;
const PRESSURE_BYTES: u32 = 50 * 1024 * 1024;

/// All live peers.
pub(crate) struct Peers {
    feed: Feed,
    audio: Rc<Audio>,
    shell: Rc<Shell>,
    ice: RefCell<gather::Ice>,
    live: RefCell<LiteMap<PeerId, Rc<Link>>>,
    made: Cell<u32>,
}

impl Peers {
    /// No peer yet.
    pub(crate) fn new(feed: Feed, audio: Rc<Audio>, shell: Rc<Shell>) -> Rc<Peers> {
        Rc::new(Peers {
            feed,
            audio,
            shell,
            ice: RefCell::new(gather::Ice::default()),
            live: RefCell::default(),
            made: Cell::new(0),
        })
    }

    /// `iceServers` and `iceTransportPolicy` of the configuration, handed to the browser as they are.
    pub(crate) fn configure(&self, servers: JsValue, policy: Option<String>) {
        *self.ice.borrow_mut() = gather::Ice::new(servers, policy);
    }

    /// Does one thing with media and feeds its answer.
    pub(crate) fn request(
        self: &Rc<Self>,
        call: CallId,
        peer: PeerId,
        request: Option<RequestId>,
        what: MediaRequest,
    ) {
        match what {
            MediaRequest::Agreed => self.at(peer, Link::agree),
            MediaRequest::Mute(muted) => self.at(peer, |link| link.mute(muted)),
            MediaRequest::Dtmf(tones) => self.at(peer, |link| link.dtmf(&tones)),
            MediaRequest::Mix(calls) => self.mix(&calls),
            MediaRequest::Measure => self.measure(call, peer),
            MediaRequest::Close => self.close(peer),
            MediaRequest::Prepare { ref offer } => {
                // A connection that cannot be made is said to be so when the call is answered.
                if let Ok(link) = self.link(call, peer, &what) {
                    link.prepare(offer);
                }
            }
            MediaRequest::Offer { .. }
            | MediaRequest::RingOffer
            | MediaRequest::Microphone
            | MediaRequest::Answer { .. }
            | MediaRequest::Accept { .. }
            | MediaRequest::Settle { .. }
            | MediaRequest::Rollback => self.serve(call, peer, request, what),
        }
    }

    /// Says how the peer is heard, where the browser counts.
    fn measure(&self, call: CallId, peer: PeerId) {
        self.audio.look_for_devices();
        let Some(link) = self.live.borrow().get(&peer).cloned() else { return };
        let feed = self.feed.clone();
        js_sys::futures::spawn_local(async move {
            if let Some(stats) = stats::of(link.connection()).await.filter(|_| !link.is_closed()) {
                feed.input(Input::Media { call, peer, request: None, event: MediaEvent::Stats(stats) });
            }
        });
    }

    /// How sound can travel from here.
    pub(crate) async fn paths(&self) -> Paths {
        let ice = self.ice.borrow().clone();
        gather::paths(ice).await.unwrap_or_default()
    }

    /// The way in, for parts that have none of their own.
    pub(crate) fn feed(&self) -> Feed {
        self.feed.clone()
    }

    fn at(&self, peer: PeerId, act: impl FnOnce(&Link)) {
        let link = self.live.borrow().get(&peer).cloned();
        if let Some(link) = link {
            act(&link);
        }
    }

    fn close(&self, peer: PeerId) {
        let link = self.live.borrow_mut().remove(&peer);
        self.shell.peer(&peer.0.to_string(), None);
        if let Some(link) = link {
            link.close();
        }
    }

    fn serve(self: &Rc<Self>, call: CallId, peer: PeerId, request: Option<RequestId>, what: MediaRequest) {
        let peers = self.clone();
        js_sys::futures::spawn_local(async move {
            let event = match peers.link(call, peer, &what) {
                Ok(link) => {
                    let is_new_try = what != MediaRequest::Microphone;
                    let served = link.serve(what).await;
                    // Closed meanwhile: the phone has forgotten the peer, and the link has let go of everything.
                    if link.is_closed() {
                        return;
                    }
                    // Nothing was ever agreed on this connection: it is of no use, and a new try makes a new one.
                    if served.is_err() && is_new_try && !link.is_negotiated() {
                        peers.close(peer);
                    }
                    served.unwrap_or_else(MediaEvent::Failed)
                }
                Err(error) => MediaEvent::Failed(error),
            };
            peers.feed.input(Input::Media { call, peer, request, event });
        });
    }

    /// The peer, made now if the request may make one.
    fn link(&self, call: CallId, peer: PeerId, what: &MediaRequest) -> Result<Rc<Link>, MediaError> {
        if let Some(link) = self.live.borrow().get(&peer) {
            return Ok(link.clone());
        }
        match what {
            // What may take longest begins first.
            MediaRequest::Offer { .. } | MediaRequest::Answer { .. } => self.audio.microphone().ask(),
            MediaRequest::Prepare { .. } | MediaRequest::RingOffer => {}
            _ => return Err(MediaError::Other),
        }
        self.collect();
        let ice = self.ice.borrow().clone();
        let link = Link::new(self.feed.clone(), self.audio.clone(), call, peer, ice)?;
        self.shell.peer(&peer.0.to_string(), Some(link.connection()));
        self.live.borrow_mut().insert(peer, link.clone());
        Ok(link)
    }

    fn collect(&self) {
        let made = self.made.get() + 1;
        self.made.set(made);
        if made.is_multiple_of(CONNECTIONS_BETWEEN_COLLECTIONS) {
            js_sys::futures::spawn_local(async {
                drop(js_sys::ArrayBuffer::new(PRESSURE_BYTES));
            });
        }
    }

    /// After a gesture: what the browser refused to play starts now.
    pub(crate) fn play_again(&self) {
        for link in self.live.borrow().values() {
            link.play_again();
        }
    }

    /// All that play go to this speaker, and those that will.
    pub(crate) fn send_to(&self, speaker: String) {
        // Told again with every list of devices: what plays is not disturbed by the same.
        if speaker == self.audio.speaker() {
            return;
        }
        for link in self.live.borrow().values() {
            link.send_to(&speaker);
        }
        self.audio.send_to(speaker);
    }

    /// What the person chose. A call that runs changes its microphone without a word to the other side.
    pub(crate) fn use_devices(&self, devices: Devices) {
        let links: Vec<_> = self.live.borrow().values().cloned().collect();
        for link in &links {
            link.set_volume(devices.volume);
        }
        if !self.audio.use_devices(devices) {
            return;
        }
        // All let go of the old one before one of them asks for the new one: there is one microphone.
        let using: Vec<_> = links.into_iter().filter(|link| link.release_microphone()).collect();
        for link in using {
            js_sys::futures::spawn_local(async move { link.take_microphone().await });
        }
    }

    /// Whether a mix runs in the audio context.
    pub(crate) fn is_mixing(&self) -> bool {
        self.live.borrow().values().any(|link| link.is_mixing())
    }

    /// Each of `calls` hears the microphone and the others; everybody else hears the microphone alone.
    fn mix(&self, calls: &[CallId]) {
        let links: Vec<_> = self.live.borrow().values().cloned().collect();
        for link in &links {
            if !calls.contains(&link.call()) {
                link.unmix();
                continue;
            }
            let others =
                links.iter().filter(|other| calls.contains(&other.call()) && !Rc::ptr_eq(other, link));
            let streams: Vec<_> = others.filter_map(|other| other.remote()).collect();
            link.mix(&streams);
        }
    }
}
