//! Key tones of a peer by RTP (RFC 4733): before the connection stands the browser would play them to nobody, so they wait.
//!
//! It never decides whether the other side takes them.

use super::Link;
use crate::app::{warn, words};
use js_sys::{Function, Reflect};
use softframe_phone::{Input, MediaEvent};
use std::cell::RefCell;
use wasm_bindgen::JsCast;
use web_sys::{RtcPeerConnectionState, RtcRtpSender};

/// Long enough for old gateways, and the gap between two of the same key.
const TONE_MS: u32 = 100;
const TONE_GAP_MS: u32 = 70;
/// More than half a minute of tones that wait is a mistake.
const MAX_WAITING: usize = 256;

/// What was not played yet.
#[derive(Default)]
pub(super) struct Keys(RefCell<String>);

impl Keys {
    /// Appends to what waits; `false` where too much does.
    pub(super) fn push(&self, tones: &str) -> bool {
        let mut waiting = self.0.borrow_mut();
        let fits = waiting.len() + tones.len() <= MAX_WAITING;
        if fits {
            waiting.push_str(tones);
        }
        fits
    }

    /// Plays what waits, behind the tones that still play; those that cannot be played come back.
    pub(super) fn play(&self, sender: &RtcRtpSender) -> Result<(), String> {
        let keys = self.0.take();
        if keys.is_empty() {
            return Ok(());
        }
        let Some(dtmf) = sender.dtmf() else { return Err(keys) };
        let tones = format!("{}{keys}", dtmf.tone_buffer());
        // It throws where the other side has agreed on no key tones, or takes no sound just now.
        let insert =
            Reflect::get(&dtmf, &"insertDTMF".into()).and_then(|insert| insert.dyn_into::<Function>());
        let inserted = insert.and_then(|insert| {
            insert.call3(&dtmf, &tones.as_str().into(), &TONE_MS.into(), &TONE_GAP_MS.into())
        });
        inserted.map(drop).map_err(|error| {
            warn(&format!("the keys could not be played: {}", words(&error)));
            keys
        })
    }
}

impl Link {
    /// Sends key tones, as soon as there is a connection.
    pub(crate) fn dtmf(&self, tones: &str) {
        if self.keys.push(tones) {
            self.play_keys();
        } else {
            self.keys_failed(tones.to_owned());
        }
    }

    /// Sends what waits, if there is a connection.
    pub(super) fn play_keys(&self) {
        if self.connection.connection_state() == RtcPeerConnectionState::Connected
            && let Some(transceiver) = &*self.transceiver.borrow()
            && let Err(keys) = self.keys.play(&transceiver.sender())
        {
            self.keys_failed(keys);
        }
    }

    fn keys_failed(&self, keys: String) {
        let (call, peer) = (self.call, self.peer);
        self.feed.input(Input::Media { call, peer, request: None, event: MediaEvent::KeysFailed(keys) });
    }
}
