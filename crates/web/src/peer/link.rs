//! One peer: its connection, its track of the microphone, and what it plays.
//!
//! It never sends the microphone before the call is agreed, while it is muted, or while it is held.

mod device;
mod keys;
mod sound;

use super::gather::{Gathering, Ice};
use crate::{
    app::{Feed, warn, words},
    audio::{Audio, Mixer, Player},
    listener::Listener,
    microphone::Loan,
};
use js_sys::{Promise, Reflect, futures::JsFuture};
use keys::Keys;
use softframe_phone::{CallId, Input, MediaError, MediaEvent, MediaRequest, PeerId, PeerState};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{
    Event, MediaStream, MediaStreamTrack, MediaStreamTrackState, RtcIceConnectionState, RtcOfferOptions,
    RtcPeerConnection, RtcPeerConnectionState, RtcRtpTransceiver, RtcRtpTransceiverDirection as Direction,
    RtcSdpType, RtcSessionDescriptionInit, RtcSignalingState, RtcTrackEvent,
};

/// A peer. `close` ends it for good.
pub(crate) struct Link {
    feed: Feed,
    audio: Rc<Audio>,
    call: CallId,
    peer: PeerId,
    ice: Ice,
    connection: RtcPeerConnection,
    /// An offer that is read, from the ring on, and whether that is done; until it is answered.
    prepared: RefCell<Option<(String, Promise)>>,
    transceiver: RefCell<Option<RtcRtpTransceiver>>,
    loan: RefCell<Option<Loan>>,
    player: RefCell<Option<Player>>,
    mixer: RefCell<Option<Mixer>>,
    sending: Cell<Sending>,
    keys: Keys,
    /// How often a microphone was taken in the running call.
    takes: Cell<u32>,
    listeners: RefCell<Vec<Listener>>,
}

/// What of the microphone may go out. The peer is closed when `closed` is.
#[derive(Clone, Copy)]
struct Sending {
    agreed: bool,
    muted: bool,
    held: bool,
    held_before_offer: bool,
    closed: bool,
    last: Option<PeerState>,
}

impl Link {
    /// A fresh connection without a microphone.
    pub(crate) fn new(
        feed: Feed,
        audio: Rc<Audio>,
        call: CallId,
        peer: PeerId,
        ice: Ice,
    ) -> Result<Rc<Link>, MediaError> {
        let connection =
            RtcPeerConnection::new_with_configuration(&ice.configuration()).map_err(|error| {
                warn(&format!("the browser makes no peer connection: {}", words(&error)));
                MediaError::Other
            })?;
        let link = Rc::new(Link {
            feed,
            audio,
            call,
            peer,
            ice,
            connection,
            prepared: RefCell::new(None),
            transceiver: RefCell::new(None),
            loan: RefCell::new(None),
            player: RefCell::new(None),
            mixer: RefCell::new(None),
            sending: Cell::new(Sending {
                agreed: false,
                muted: false,
                held: false,
                held_before_offer: false,
                closed: false,
                last: None,
            }),
            keys: Keys::default(),
            takes: Cell::new(0),
            listeners: RefCell::default(),
        });
        link.listen();
        Ok(link)
    }

    /// The call it belongs to.
    pub(crate) fn call(&self) -> CallId {
        self.call
    }

    /// For the shell, which closes it after a trap.
    pub(crate) fn connection(&self) -> &RtcPeerConnection {
        &self.connection
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.sending.get().closed
    }

    /// Whether both sides have agreed once.
    pub(crate) fn is_negotiated(&self) -> bool {
        self.sending.get().agreed
    }

    /// What the peer sends.
    pub(crate) fn remote(&self) -> Option<MediaStream> {
        self.player.borrow().as_ref().map(|player| Clone::clone(player.stream()))
    }

    /// Does one request that has an answer.
    pub(crate) async fn serve(self: &Rc<Self>, what: MediaRequest) -> Result<MediaEvent, MediaError> {
        match what {
            MediaRequest::Offer { send, restart } => self.offer(send, restart).await.map(MediaEvent::Offer),
            MediaRequest::RingOffer => self.ring_offer().await.map(MediaEvent::Offer),
            MediaRequest::Microphone => {
                self.ask_for_microphone();
                self.borrow_microphone().await.map(|()| MediaEvent::Applied)
            }
            MediaRequest::Answer { offer, send } => {
                let answer = self.answer(offer, send).await;
                // However that went: the same offer may come again, and is another one then.
                drop(self.prepared.take());
                // To begin to play takes the browser longer than to send the answer, which comes first.
                self.hear_again();
                answer.map(MediaEvent::Answer)
            }
            MediaRequest::Accept { answer, provisional } => self.accept(&answer, provisional).await,
            MediaRequest::Settle { answer } => {
                self.describe(RtcSdpType::Answer, &answer).await?;
                Ok(MediaEvent::Applied)
            }
            MediaRequest::Rollback => self.rollback().await,
            MediaRequest::Prepare { .. }
            | MediaRequest::Agreed
            | MediaRequest::Mute(_)
            | MediaRequest::Dtmf(_)
            | MediaRequest::Mix(_)
            | MediaRequest::Measure
            | MediaRequest::Close => Ok(MediaEvent::Applied),
        }
    }

    /// Begins to read an offer before it is to be answered: of all that an answer takes, this takes the browser longest.
    pub(crate) fn prepare(&self, offer: &str) {
        drop(self.reading(offer));
    }

    /// An offer that is being read, or was.
    fn reading(&self, offer: &str) -> Promise {
        let known = self
            .prepared
            .borrow()
            .as_ref()
            .filter(|(read, _)| read == offer)
            .map(|(_, reading)| Clone::clone(reading));
        if let Some(reading) = known {
            return reading;
        }
        let reading = self.connection.set_remote_description(&description(RtcSdpType::Offer, offer));
        *self.prepared.borrow_mut() = Some((offer.to_owned(), Clone::clone(&reading)));
        let heard = Clone::clone(&reading);
        // What is wrong with it is said when it is to be answered.
        js_sys::futures::spawn_local(async move { drop(JsFuture::from(heard).await) });
        reading
    }

    async fn offer(self: &Rc<Self>, send: bool, restart: bool) -> Result<String, MediaError> {
        self.ask_for_microphone();
        if !self.audio.microphone().is_granted() {
            self.borrow_microphone().await?;
        }
        let transceiver = self.transceiver()?;
        self.change(|sending| {
            sending.held_before_offer = sending.held;
            sending.held = !send;
        });
        turn(&transceiver, send)?;
        let options = RtcOfferOptions::new();
        options.set_ice_restart(restart);
        let gathering = self.gather(&options).await?;
        self.borrow_microphone().await?;
        gathering.description().await.ok_or(MediaError::Description)
    }

    async fn ring_offer(&self) -> Result<String, MediaError> {
        turn(&self.transceiver()?, true)?;
        let gathering = self.gather(&RtcOfferOptions::new()).await?;
        gathering.description().await.ok_or(MediaError::Description)
    }

    /// Makes our offer, and gathers for it.
    async fn gather(&self, options: &RtcOfferOptions) -> Result<Gathering, MediaError> {
        let gathering = Gathering::start(&self.connection, self.ice.clone());
        let offer = self.step(self.connection.create_offer_with_rtc_offer_options(options)).await?;
        self.step(self.connection.set_local_description(offer.unchecked_ref())).await?;
        Ok(gathering)
    }

    async fn answer(self: &Rc<Self>, offer: String, send: bool) -> Result<String, MediaError> {
        self.ask_for_microphone();
        let reading = self.reading(&offer);
        self.step(reading).await?;
        let transceiver = self.adopt_transceivers()?;
        // The microphone may be in one that this offer has no use for.
        if let Some(track) = self.sent().filter(|_| transceiver.sender().track().is_none()) {
            self.step(transceiver.sender().replace_track(Some(&track))).await?;
        }
        if !self.audio.microphone().is_granted() {
            self.borrow_microphone().await?;
        }
        turn(&transceiver, send)?;
        let gathering = Gathering::start(&self.connection, self.ice.clone());
        let answer = self.step(self.connection.create_answer()).await?;
        self.step(self.connection.set_local_description(answer.unchecked_ref())).await?;
        // To switch it on takes the browser longer than all that.
        self.borrow_microphone().await?;
        let description = gathering.description().await.ok_or(MediaError::Description)?;
        self.change(|sending| {
            sending.agreed = true;
            sending.held = !send;
        });
        Ok(description)
    }

    async fn accept(&self, answer: &str, provisional: bool) -> Result<MediaEvent, MediaError> {
        let kind = if provisional { RtcSdpType::Pranswer } else { RtcSdpType::Answer };
        self.describe(kind, answer).await?;
        if !provisional {
            self.agree();
        }
        Ok(MediaEvent::Applied)
    }

    /// Both sides have accepted the call.
    pub(crate) fn agree(&self) {
        self.change(|sending| sending.agreed = true);
    }

    async fn rollback(&self) -> Result<MediaEvent, MediaError> {
        if self.connection.signaling_state() != RtcSignalingState::Stable {
            let description = RtcSessionDescriptionInit::new(RtcSdpType::Rollback);
            self.step(self.connection.set_local_description(&description)).await?;
        }
        // A rollback gives the descriptions back, but not the direction that was set for the offer.
        self.change(|sending| sending.held = sending.held_before_offer);
        if let Some(transceiver) = &*self.transceiver.borrow() {
            turn(transceiver, !self.sending.get().held)?;
        }
        Ok(MediaEvent::Applied)
    }

    async fn describe(&self, kind: RtcSdpType, sdp: &str) -> Result<(), MediaError> {
        self.step(self.connection.set_remote_description(&description(kind, sdp))).await.map(drop)
    }

    /// A step of the negotiation; a refusal means the description is at fault. On a connection that was closed
    /// meanwhile nothing may be called any more: it would throw.
    async fn step(&self, promise: Promise) -> Result<JsValue, MediaError> {
        let done = JsFuture::from(promise).await;
        if self.is_closed() {
            return Err(MediaError::Other);
        }
        done.map_err(|error| {
            warn(&format!("media: {}", words(&error)));
            MediaError::Description
        })
    }

    /// The transceiver of our own offers.
    fn transceiver(&self) -> Result<RtcRtpTransceiver, MediaError> {
        let known = self.transceiver.borrow().clone();
        if let Some(transceiver) = known {
            return Ok(transceiver);
        }
        if self.is_closed() {
            return Err(MediaError::Other);
        }
        let made = self.connection.add_transceiver_with_str("audio");
        *self.transceiver.borrow_mut() = Some(Clone::clone(&made));
        Ok(made)
    }

    /// The first audio section of an offer is the call; every other section is refused. What we had for an offer that was
    /// rolled back belongs to no section, and is of no use either.
    fn adopt_transceivers(&self) -> Result<RtcRtpTransceiver, MediaError> {
        if self.is_closed() {
            return Err(MediaError::Other);
        }
        let ours = self.transceiver.borrow().clone();
        let mut chosen = ours.filter(|ours| ours.mid().is_some());
        for transceiver in self.connection.get_transceivers().iter() {
            let transceiver: RtcRtpTransceiver = transceiver.unchecked_into();
            let is_audio = transceiver.mid().is_some() && transceiver.receiver().track().kind() == "audio";
            match &chosen {
                Some(chosen) if js_sys::Object::is(chosen, &transceiver) => {}
                None if is_audio => chosen = Some(transceiver),
                Some(_) | None => transceiver.stop(),
            }
        }
        *self.transceiver.borrow_mut() = chosen.clone();
        chosen.ok_or(MediaError::Description)
    }

    fn ask_for_microphone(&self) {
        if !self.has_live_track() {
            self.audio.microphone().ask();
        }
    }

    fn has_live_track(&self) -> bool {
        self.track().is_some_and(|track| track.ready_state() == MediaStreamTrackState::Live)
    }

    /// The microphone goes into the transceiver; a track that has ended (unplugged) is exchanged.
    async fn borrow_microphone(self: &Rc<Self>) -> Result<(), MediaError> {
        if !self.has_live_track() {
            let loan = match self.audio.microphone().lend().await {
                Ok(loan) => loan,
                // A running call goes on without: the other side is still heard.
                Err(_) if self.is_negotiated() && !self.is_closed() => return Ok(()),
                Err(error) => return Err(error),
            };
            // Closed while the question was open: the loan ends here.
            if self.is_closed() {
                return Err(MediaError::Other);
            }
            loan.track.set_enabled(false);
            self.listen_to(&loan.track);
            let track = Clone::clone(&loan.track);
            drop(self.loan.borrow_mut().replace(loan));
            // A mix keeps its own track in the sender.
            if self.mixer.borrow().is_none() {
                self.step(self.transceiver()?.sender().replace_track(Some(&track))).await?;
            }
        }
        self.enable();
        Ok(())
    }

    /// Stops or starts sending the microphone.
    pub(crate) fn mute(&self, muted: bool) {
        self.change(|sending| sending.muted = muted);
    }

    /// Lets go of everything.
    pub(crate) fn close(&self) {
        self.change(|sending| sending.closed = true);
        // An event of the connection may be what closes it: the listener that is running must outlive that.
        let listeners = self.listeners.take();
        js_sys::futures::spawn_local(async move { drop(listeners) });
        self.connection.close();
        drop(self.loan.borrow_mut().take());
        drop(self.mixer.borrow_mut().take());
        drop(self.player.borrow_mut().take());
    }

    /// What goes out: the microphone, or the mix that it is part of.
    fn sent(&self) -> Option<MediaStreamTrack> {
        self.mixer.borrow().as_ref().map(Mixer::track).or_else(|| self.track())
    }

    fn track(&self) -> Option<MediaStreamTrack> {
        self.loan.borrow().as_ref().map(|loan| Clone::clone(&loan.track))
    }

    fn exchange(&self, track: MediaStreamTrack) {
        let transceiver = self.transceiver.borrow().clone();
        if let Some(transceiver) = transceiver {
            let exchanged = transceiver.sender().replace_track(Some(&track));
            js_sys::futures::spawn_local(async move {
                if JsFuture::from(exchanged).await.is_err() {
                    warn("the track of a call could not be exchanged");
                }
            });
        }
    }

    fn change(&self, change: impl FnOnce(&mut Sending)) {
        let mut sending = self.sending.get();
        change(&mut sending);
        self.sending.set(sending);
        self.enable();
    }

    fn enable(&self) {
        let Sending { agreed, muted, held, closed, .. } = self.sending.get();
        if let Some(track) = self.track() {
            track.set_enabled(agreed && !muted && !held && !closed);
        }
    }

    fn listen(self: &Rc<Self>) {
        let weak = [Rc::downgrade(self), Rc::downgrade(self), Rc::downgrade(self)];
        let [tracks, states, ice] = weak;
        let listeners = [
            Listener::new(&self.connection, "track", move |event: Event| {
                if let Some(link) = tracks.upgrade() {
                    link.hear(&event.unchecked_ref::<RtcTrackEvent>().track());
                }
            }),
            Listener::new(&self.connection, "connectionstatechange", move |_: Event| {
                if let Some(link) = states.upgrade() {
                    link.tell_state();
                }
            }),
            Listener::new(&self.connection, "iceconnectionstatechange", move |_: Event| {
                if let Some(link) = ice.upgrade() {
                    link.tell_state();
                }
            }),
        ];
        self.listeners.borrow_mut().extend(listeners);
    }

    /// What was passed over while an offer was read.
    fn hear_again(&self) {
        let transceiver = self.transceiver.borrow().clone();
        if let Some(transceiver) = transceiver.filter(|_| !self.is_closed()) {
            self.hear(&transceiver.receiver().track());
        }
    }

    /// Plays what the other side sends; not before the call is answered.
    fn hear(&self, track: &MediaStreamTrack) {
        if track.kind() != "audio" || self.player.borrow().is_some() || self.prepared.borrow().is_some() {
            return;
        }
        // The streams of the event lose their track when the other side stops sending, and after a hold come as new ones.
        // The track of the one transceiver stays, and so does a stream of our own with it.
        let Some(stream) = Audio::stream_of(track) else { return };
        *self.player.borrow_mut() = self.audio.player(stream);
    }

    fn tell_state(&self) {
        self.play_keys();
        let Some(state) = state(&self.connection) else { return };
        let mut sending = self.sending.get();
        if sending.last.replace(state) == Some(state) {
            return;
        }
        self.sending.set(sending);
        let event = MediaEvent::State(state);
        self.feed.input(Input::Media { call: self.call, peer: self.peer, request: None, event });
    }
}

fn description(kind: RtcSdpType, sdp: &str) -> RtcSessionDescriptionInit {
    let description = RtcSessionDescriptionInit::new(kind);
    description.set_sdp(sdp);
    description
}

/// `connectionState` alone knows of DTLS and of a transport that will not come back: `iceConnectionState` stays
/// `disconnected` then. It only leads where the former lags.
fn state(connection: &RtcPeerConnection) -> Option<PeerState> {
    let ice = connection.ice_connection_state();
    let ice_failed = ice == RtcIceConnectionState::Failed;
    let ice_works = matches!(ice, RtcIceConnectionState::Connected | RtcIceConnectionState::Completed);
    match connection.connection_state() {
        RtcPeerConnectionState::Failed if ice_works => Some(PeerState::Dead),
        RtcPeerConnectionState::Failed => Some(PeerState::Failed),
        _ if ice_failed => Some(PeerState::Failed),
        RtcPeerConnectionState::Disconnected => Some(PeerState::Disconnected),
        RtcPeerConnectionState::Connected => Some(PeerState::Connected),
        _ => None,
    }
}

/// Sets the direction. A connection that is closed, or a section that the other side has refused, lets nobody: that throws.
fn turn(transceiver: &RtcRtpTransceiver, send: bool) -> Result<(), MediaError> {
    let set = Reflect::set(transceiver, &"direction".into(), &direction(send).into());
    set.map(drop).map_err(|_| MediaError::Description)
}

/// Held, the section says `sendonly` (the other side stops sending), and the track is silent.
fn direction(send: bool) -> Direction {
    if send { Direction::Sendrecv } else { Direction::Sendonly }
}
