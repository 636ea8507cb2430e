//! The one microphone: asked for when a call needs it, lent as cloned tracks, given back with the last of them.
//!
//! It never asks by itself and never keeps a track that nobody uses.

use crate::listener::Listener;
use js_sys::{Promise, futures::JsFuture};
use softframe_phone::MediaError;
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{
    DomException, Event, MediaStream, MediaStreamConstraints, MediaStreamTrack, MediaStreamTrackState,
    PermissionState, PermissionStatus,
};

/// The microphone, in all its states.
pub(crate) struct Microphone {
    state: RefCell<State>,
    granted: Rc<Cell<bool>>,
    watch: RefCell<Option<Listener>>,
}

enum State {
    Off,
    Asking { answer: Promise },
    On { source: Weak<Source> },
}

/// What the browser gave; the last loan that lets go of it switches it off.
struct Source {
    track: MediaStreamTrack,
}

impl Drop for Source {
    fn drop(&mut self) {
        self.track.stop();
    }
}

/// A track of the microphone. Dropped, it stops; with the last one the microphone is off.
pub(crate) struct Loan {
    /// The track, for one peer alone.
    pub(crate) track: MediaStreamTrack,
    _source: Rc<Source>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.track.stop();
    }
}

impl Microphone {
    /// Off.
    pub(crate) fn new() -> Rc<Microphone> {
        Rc::new(Microphone {
            state: RefCell::new(State::Off),
            granted: Rc::new(Cell::new(false)),
            watch: RefCell::new(None),
        })
    }

    /// Watches the permission, so that [`Microphone::is_granted`] is known without waiting.
    pub(crate) async fn watch_permission(self: Rc<Microphone>) {
        let Some(status) = permission().await else { return };
        let (granted, heard) = (self.granted.clone(), Clone::clone(&status));
        granted.set(status.state() == PermissionState::Granted);
        let listener = Listener::new(&status, "change", move |_: Event| {
            granted.set(heard.state() == PermissionState::Granted);
        });
        *self.watch.borrow_mut() = Some(listener);
    }

    /// Whether the microphone will come without a question. Only then may candidates be gathered before it is
    /// there: without the permission the browser hides them behind names that a server cannot resolve.
    pub(crate) fn is_granted(&self) -> bool {
        self.granted.get() || self.source().is_some()
    }

    /// Asks for it now; [`Microphone::lend`] waits for the answer. One question at a time.
    pub(crate) fn ask(&self) {
        let asking = matches!(&*self.state.borrow(), State::Asking { .. });
        if !asking && self.source().is_none() {
            let answer = user_media().unwrap_or_else(|error| Promise::reject(&error));
            *self.state.borrow_mut() = State::Asking { answer };
        }
    }

    /// A track of its own for one peer.
    pub(crate) async fn lend(&self) -> Result<Loan, MediaError> {
        self.ask();
        if let Some(source) = self.source() {
            return Ok(Loan::of(source));
        }
        let asking = match &*self.state.borrow() {
            State::Asking { answer } => Clone::clone(answer),
            State::Off | State::On { .. } => return Err(MediaError::Other),
        };
        let came = JsFuture::from(asking).await;
        // Of two peers that wait for the same answer the first has put it into `On` already.
        if let Some(source) = self.source() {
            return Ok(Loan::of(source));
        }
        *self.state.borrow_mut() = State::Off;
        let stream: MediaStream = came.map_err(|error| error_of(&error))?.unchecked_into();
        let track = stream.get_audio_tracks().get(0).dyn_into().map_err(|_| MediaError::NoDevice)?;
        let source = Rc::new(Source { track });
        *self.state.borrow_mut() = State::On { source: Rc::downgrade(&source) };
        Ok(Loan::of(source))
    }

    /// What is on now; a source that was unplugged does not count.
    fn source(&self) -> Option<Rc<Source>> {
        let State::On { source } = &*self.state.borrow() else { return None };
        source.upgrade().filter(|source| source.track.ready_state() == MediaStreamTrackState::Live)
    }
}

impl Loan {
    fn of(source: Rc<Source>) -> Loan {
        // The inherent `clone` is JavaScript's: a new track of the same source.
        Loan { track: MediaStreamTrack::clone(&source.track), _source: source }
    }
}

fn user_media() -> Result<Promise, JsValue> {
    let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
    let constraints = MediaStreamConstraints::new();
    constraints.set_audio(&JsValue::TRUE);
    window.navigator().media_devices()?.get_user_media_with_constraints(&constraints)
}

async fn permission() -> Option<PermissionStatus> {
    let permissions = web_sys::window()?.navigator().permissions().ok()?;
    let query = js_sys::Object::new();
    js_sys::Reflect::set(&query, &"name".into(), &"microphone".into()).ok()?;
    let status = JsFuture::from(permissions.query(&query).ok()?).await.ok()?;
    Some(status.unchecked_into())
}

/// What the browser's refusal means.
fn error_of(error: &JsValue) -> MediaError {
    let name = error.dyn_ref::<DomException>().map(DomException::name).unwrap_or_default();
    match name.as_str() {
        "NotAllowedError" | "SecurityError" if forbidden_by_page() => MediaError::Policy,
        "NotAllowedError" | "SecurityError" => MediaError::Denied,
        "NotFoundError" | "OverconstrainedError" => MediaError::NoDevice,
        "NotReadableError" | "AbortError" => MediaError::Busy,
        // No `mediaDevices` at all: the page is not a secure context.
        "" => MediaError::Denied,
        _ => MediaError::Other,
    }
}

/// Whether the page that embeds us has not delegated the microphone (`allow="microphone"` is missing).
fn forbidden_by_page() -> bool {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return false };
    let policy = ["permissionsPolicy", "featurePolicy"]
        .iter()
        .filter_map(|name| js_sys::Reflect::get(&document, &(*name).into()).ok())
        .find(|policy| policy.is_object());
    let Some(policy) = policy else { return false };
    let allows = js_sys::Reflect::get(&policy, &"allowsFeature".into()).ok();
    let Some(allows) = allows.and_then(|allows| allows.dyn_into::<js_sys::Function>().ok()) else {
        return false;
    };
    allows.call1(&policy, &"microphone".into()).is_ok_and(|answer| answer.is_falsy())
}
