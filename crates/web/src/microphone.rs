//! The one microphone: asked for when a call needs it, lent as cloned tracks, given back with the last of them.
//!
//! It never asks by itself and never keeps a track that nobody uses.

use crate::{
    app::Feed,
    listener::{Listener, after, promise},
};
use js_sys::{Promise, futures::JsFuture};
use softframe_phone::{Devices, Input, MediaError};
use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{
    Event, MediaStream, MediaStreamConstraints, MediaStreamTrack, MediaStreamTrackState, PermissionState,
    PermissionStatus,
};

/// The microphone, in all its states.
pub(crate) struct Microphone {
    state: RefCell<State>,
    granted: Rc<Cell<bool>>,
    wished: RefCell<Devices>,
    watch: RefCell<Option<Listener>>,
    /// The one in use was unplugged, and nothing was asked for since.
    is_unplugged: Cell<bool>,
}

enum State {
    /// `why` the last question was refused.
    Off {
        why: MediaError,
    },
    Asking {
        settled: Promise,
    },
    On {
        source: Weak<Source>,
    },
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
            state: RefCell::new(State::Off { why: MediaError::Other }),
            granted: Rc::new(Cell::new(false)),
            wished: RefCell::default(),
            watch: RefCell::new(None),
            is_unplugged: Cell::new(false),
        })
    }

    /// The one in use was unplugged: the next question takes whatever is left.
    pub(crate) fn unplugged(&self) {
        self.is_unplugged.set(true);
    }

    /// Watches the permission, so that [`Microphone::is_granted`] is known without waiting, and tells the phone
    /// where it is refused for good.
    pub(crate) async fn watch_permission(self: Rc<Microphone>, feed: Feed) {
        let Some(status) = permission().await else { return };
        let (granted, heard) = (self.granted.clone(), Clone::clone(&status));
        let note = move |state: PermissionState| {
            granted.set(state == PermissionState::Granted);
            feed.input(Input::MicrophoneBlocked(state == PermissionState::Denied));
        };
        note(status.state());
        let listener = Listener::new(&status, "change", move |_: Event| note(heard.state()));
        *self.watch.borrow_mut() = Some(listener);
    }

    /// Whether the microphone will come without a question. Only then may candidates be gathered before it is
    /// there: without the permission the browser hides them behind names that a server cannot resolve.
    pub(crate) fn is_granted(&self) -> bool {
        self.granted.get() || self.source().is_some()
    }

    /// Asks for this one from now on; whether that is another wish than before.
    pub(crate) fn choose(&self, devices: &Devices) -> bool {
        let of = |devices: &Devices| (devices.microphone.clone(), devices.echo, devices.noise, devices.gain);
        let before = self.wished.replace(devices.clone());
        of(&before) != of(devices)
    }

    /// Asks for it now; [`Microphone::lend`] waits for the answer. One question at a time; an answer that nobody
    /// waits for any more is given back.
    pub(crate) fn ask(self: &Rc<Self>) {
        let asking = matches!(&*self.state.borrow(), State::Asking { .. });
        if asking || self.source().is_some() {
            return;
        }
        let (settled, resolve) = promise();
        *self.state.borrow_mut() = State::Asking { settled };
        let (microphone, mut wished) = (self.clone(), self.wished.borrow().clone());
        let asked = user_media(&wished);
        js_sys::futures::spawn_local(async move {
            let mut came = answer(asked).await;
            // One that was pulled out this moment is not there, or still listed and said to be in use.
            let is_unplugged = microphone.is_unplugged.replace(false);
            let is_gone = |why| why == MediaError::NoDevice || is_unplugged && why == MediaError::Busy;
            if !wished.microphone.is_empty() && came.as_ref().is_err_and(|error| is_gone(error_of(error))) {
                // Another takes its place.
                wished.microphone.clear();
                came = answer(user_media(&wished)).await;
            }
            let source = microphone.settle(came);
            let _ = resolve.call0(&JsValue::NULL);
            // Those who wait for `settled` run before the next task and take their loans.
            after(0).await;
            drop(source);
        });
    }

    /// A track of its own for one peer.
    pub(crate) async fn lend(self: &Rc<Self>) -> Result<Loan, MediaError> {
        self.ask();
        let asking = match &*self.state.borrow() {
            State::Asking { settled } => Some(Clone::clone(settled)),
            State::Off { .. } | State::On { .. } => None,
        };
        if let Some(settled) = asking {
            // It is never rejected.
            let _ = JsFuture::from(settled).await;
        }
        match &*self.state.borrow() {
            State::Off { why } => Err(*why),
            State::On { source } => source.upgrade().map(Loan::of).ok_or(MediaError::Other),
            State::Asking { .. } => Err(MediaError::Other),
        }
    }

    fn settle(&self, answer: Result<JsValue, JsValue>) -> Option<Rc<Source>> {
        let track = answer.map_err(|error| error_of(&error)).and_then(|stream| {
            let stream: MediaStream = stream.unchecked_into();
            stream.get_audio_tracks().get(0).dyn_into().map_err(|_| MediaError::NoDevice)
        });
        let source = track.map(|track| Rc::new(Source { track }));
        *self.state.borrow_mut() = match &source {
            Ok(source) => State::On { source: Rc::downgrade(source) },
            Err(why) => State::Off { why: *why },
        };
        source.ok()
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

/// The microphone is a condition, since of one that is merely wished for Chromium may give another.
fn constraints(wished: &Devices) -> JsValue {
    let audio = js_sys::Object::new();
    let set = |key: &str, value: JsValue| drop(js_sys::Reflect::set(&audio, &key.into(), &value));
    set("echoCancellation", wished.echo.into());
    set("noiseSuppression", wished.noise.into());
    set("autoGainControl", wished.gain.into());
    if !wished.microphone.is_empty() {
        let exactly = js_sys::Object::new();
        let _ = js_sys::Reflect::set(&exactly, &"exact".into(), &wished.microphone.as_str().into());
        set("deviceId", exactly.into());
    }
    audio.into()
}

fn user_media(wished: &Devices) -> Result<Promise, JsValue> {
    let window = web_sys::window().ok_or(JsValue::UNDEFINED)?;
    let constraints = MediaStreamConstraints::new();
    constraints.set_audio(&self::constraints(wished));
    window.navigator().media_devices()?.get_user_media_with_constraints(&constraints)
}

async fn answer(asked: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(asked?).await
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
    // A constraint that cannot be met has an error of its own kind, which not every browser counts among the others.
    let name = js_sys::Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
    let name = name.unwrap_or_default();
    match name.as_str() {
        "NotAllowedError" | "SecurityError" if !is_allowed_by_page("microphone") => MediaError::Policy,
        "NotAllowedError" | "SecurityError" => MediaError::Denied,
        "NotFoundError" | "OverconstrainedError" => MediaError::NoDevice,
        "NotReadableError" | "AbortError" => MediaError::Busy,
        // No `mediaDevices` at all: the page is not a secure context.
        "" => MediaError::Denied,
        _ => MediaError::Other,
    }
}

/// Whether the page that embeds us has delegated this (`allow="microphone"`). Where the browser does not say, it has.
pub(crate) fn is_allowed_by_page(feature: &str) -> bool {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return true };
    let policy = ["permissionsPolicy", "featurePolicy"]
        .iter()
        .filter_map(|name| js_sys::Reflect::get(&document, &(*name).into()).ok())
        .find(|policy| policy.is_object());
    let Some(policy) = policy else { return true };
    let asked = |method: &str, argument: &JsValue| {
        let method =
            js_sys::Reflect::get(&policy, &method.into()).ok()?.dyn_into::<js_sys::Function>().ok()?;
        method.call1(&policy, argument).ok()
    };
    // A feature that the browser does not know is neither given nor refused.
    let known = asked("features", &JsValue::UNDEFINED).map(|list| js_sys::Array::from(&list));
    let known = known.is_none_or(|known| known.includes(&feature.into(), 0));
    !known || asked("allowsFeature", &feature.into()).is_none_or(|answer| answer.is_truthy())
}
