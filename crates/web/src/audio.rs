//! What is heard: remote streams in `<audio>` elements, tones in the one `AudioContext`, and whether the browser
//! lets sound start.
//!
//! It never opens the microphone by itself, and fetches no sound but the ring of a page from an origin that the operator
//! has named.

mod level;
mod line;
mod speakers;
mod tones;

use crate::{
    app::Feed,
    boot,
    listener::{Listener, after, within},
    microphone::{Loan, Microphone},
};
use js_sys::{Array, ArrayBuffer, Uint8Array, futures::JsFuture};
use line::Line;
use softframe_phone::{Action, Devices, Input, Sound};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use tones::Playing;
use wasm_bindgen::JsCast;
use web_sys::{
    AudioBuffer, AudioContext, AudioContextState, Event, HtmlAudioElement, MediaStream,
    MediaStreamAudioDestinationNode, MediaStreamAudioSourceNode, MediaStreamTrack, RequestCache,
    RequestCredentials, Response,
};

/// A context that may run says so within this time; one that needs a gesture never does.
const START_MS: i32 = 400;
/// After the last tone the context rests, so that an idle phone keeps no sound device open.
const REST_MS: i32 = 5_000;

/// A ring of a page is no longer: half a minute as it comes from a compact disc, minutes of what is packed.
const MAX_RING_OCTETS: u32 = 6 * 1024 * 1024;

/// A voice that is not heard is noticed after a few seconds.
const LOOKS_EVERY_SECONDS: u8 = 2;

/// The one microphone, the one context, and what plays.
pub(crate) struct Audio {
    feed: Feed,
    microphone: Rc<Microphone>,
    context: RefCell<Option<(AudioContext, Listener)>>,
    playing: RefCell<Option<Playing>>,
    speaker: RefCell<String>,
    devices: RefCell<Devices>,
    blocked: Cell<bool>,
    generation: Cell<u32>,
    line: Cell<&'static Line>,
    /// What rings in the place of our own sound, …
    ring: RefCell<Option<AudioBuffer>>,
    /// … of so many that were given.
    rings: Cell<u32>,
    /// Since devices were looked for.
    seconds: Cell<u8>,
    /// Meters move, …
    metering: Cell<bool>,
    /// … by this.
    metered: RefCell<Option<Loan>>,
}

impl Audio {
    /// Silence.
    pub(crate) fn new(feed: Feed) -> Audio {
        Audio {
            feed,
            microphone: Microphone::new(),
            context: RefCell::new(None),
            playing: RefCell::new(None),
            speaker: RefCell::default(),
            devices: RefCell::default(),
            blocked: Cell::new(false),
            generation: Cell::new(0),
            line: Cell::new(Line::of("")),
            ring: RefCell::new(None),
            rings: Cell::new(0),
            seconds: Cell::new(0),
            metering: Cell::new(false),
            metered: RefCell::new(None),
        }
    }

    /// The microphone.
    pub(crate) fn microphone(&self) -> &Rc<Microphone> {
        &self.microphone
    }

    /// Finds out whether a ring would be heard, and listens for the gesture that lets it be.
    pub(crate) fn start(self: &Rc<Self>) -> Vec<Listener> {
        self.wake();
        speakers::tell(&self.feed);
        let Some(document) = web_sys::window().and_then(|window| window.document()) else {
            return Vec::new();
        };
        ["pointerup", "keydown"]
            .into_iter()
            .map(|name| {
                let audio = self.clone();
                Listener::capture(&document, name, move |_: Event| audio.unlock())
            })
            .chain(speakers::watch(&self.feed))
            .collect()
    }

    /// Plays `sound` instead of what plays now.
    pub(crate) fn play(self: &Rc<Self>, sound: Sound) {
        // A key tone is heard beside what plays (ringback, say), all others exchange it.
        if !matches!(sound, Sound::Key(_)) {
            drop(self.playing.borrow_mut().take());
        }
        if sound == Sound::Silence {
            return self.rest_later();
        }
        self.wake();
        let Some(context) = self.context() else { return };
        // Who is called hears it, wherever the headset lies.
        let rings = matches!(sound, Sound::Ring | Sound::TestRing);
        let (ring_speaker, loud) = {
            let devices = self.devices.borrow();
            (devices.ring_speaker.clone(), if rings { devices.ring_volume } else { 100 })
        };
        let speaker = if rings { ring_speaker } else { self.speaker() };
        speakers::send(&context, &speaker);
        let loud = f32::from(loud) / 100.0;
        let playing = match self.ring.borrow().as_ref().filter(|_| rings) {
            Some(ring) => Playing::recording(&context, ring, loud, sound == Sound::Ring),
            None => Playing::start(&context, sound, loud, self.line.get()),
        };
        match playing {
            Ok(playing) if matches!(sound, Sound::Key(_)) => playing.let_end(),
            Ok(playing) => *self.playing.borrow_mut() = Some(playing),
            Err(_) => crate::app::warn("a tone could not be made"),
        }
    }

    /// Plays a remote stream until the player is dropped.
    pub(crate) fn player(self: &Rc<Self>, stream: MediaStream) -> Option<Player> {
        let element = HtmlAudioElement::new().ok()?;
        element.set_src_object(Some(&stream));
        let player = Player { element, stream };
        player.send_to(&self.speaker.borrow());
        player.set_volume(self.devices.borrow().volume);
        // Their names come with the permission for the microphone, which a call that plays has.
        speakers::tell(&self.feed);
        self.begin(&player.element);
        Some(player)
    }

    /// Voices and tones of calls go to this speaker from now on; empty: the system's.
    pub(crate) fn send_to(&self, speaker: String) {
        *self.speaker.borrow_mut() = speaker;
    }

    /// What the person chose; whether the microphone is another one, or hears in another way.
    pub(crate) fn use_devices(&self, devices: Devices) -> bool {
        let changed = self.microphone.choose(&devices);
        *self.devices.borrow_mut() = devices;
        if changed {
            self.release_metered();
        }
        changed
    }

    /// Rings with this from the next ring on: an audio file in base64, or the address of one; with our own sound where it
    /// is none.
    pub(crate) fn ring_with(self: &Rc<Self>, sound: String) {
        *self.ring.borrow_mut() = None;
        let number = self.rings.get().wrapping_add(1);
        self.rings.set(number);
        if sound.is_empty() {
            return;
        }
        let audio = self.clone();
        js_sys::futures::spawn_local(async move {
            let ring = audio.decoded(&sound).await;
            if audio.rings.get() != number {
                // The page has given another one since.
                return;
            }
            match ring {
                Some(ring) => *audio.ring.borrow_mut() = Some(ring),
                None => audio.feed.input(Input::RingFailed),
            }
        });
    }

    async fn decoded(self: &Rc<Self>, sound: &str) -> Option<AudioBuffer> {
        let file = file_of(sound).await.filter(|file| file.byte_length() <= MAX_RING_OCTETS)?;
        let decoded = self.context()?.decode_audio_data(&file).ok()?;
        Some(JsFuture::from(decoded).await.ok()?.unchecked_into())
    }

    /// Ringback and busy sound as in this country (ISO 3166-1) from now on.
    pub(crate) fn sound_as_in(&self, country: &str) {
        self.line.set(Line::of(country));
    }

    /// Once a second while a call runs. Nobody tells of a headset without a cable that goes: Linux knows only those that
    /// are plugged into the machine, and there the browser finds out when it is asked.
    pub(crate) fn look_for_devices(&self) {
        let second = self.seconds.get() + 1;
        self.seconds.set(second % LOOKS_EVERY_SECONDS);
        if second == LOOKS_EVERY_SECONDS {
            speakers::tell(&self.feed);
        }
    }

    /// Where they go.
    pub(crate) fn speaker(&self) -> String {
        self.speaker.borrow().clone()
    }

    /// A stream of one track.
    pub(crate) fn stream_of(track: &MediaStreamTrack) -> Option<MediaStream> {
        MediaStream::new_with_tracks(&Array::of1(track)).ok()
    }

    /// One track of `own` and `others` together.
    pub(crate) fn mixer(self: &Rc<Self>, own: &MediaStreamTrack, others: &[MediaStream]) -> Option<Mixer> {
        self.wake();
        let context = self.context()?;
        let sink = context.create_media_stream_destination().ok()?;
        let own = Audio::stream_of(own)?;
        let sources = std::iter::once(&own).chain(others).filter_map(|stream| {
            let source = context.create_media_stream_source(stream).ok()?;
            source.connect_with_audio_node(&sink).ok()?;
            Some(source)
        });
        Some(Mixer { sources: sources.collect(), sink })
    }

    fn context(self: &Rc<Self>) -> Option<AudioContext> {
        let made = self.context.borrow().is_some();
        if !made && let Ok(context) = AudioContext::new() {
            let (audio, changed) = (Rc::downgrade(self), Clone::clone(&context));
            let listener = Listener::new(&context, "statechange", move |_: Event| {
                if let Some(audio) = audio.upgrade().filter(|_| changed.state() == AudioContextState::Running)
                {
                    audio.is_allowed();
                }
            });
            *self.context.borrow_mut() = Some((context, listener));
        }
        self.context.borrow().as_ref().map(|(context, _)| Clone::clone(context))
    }

    /// Lets the context run; says so if the browser does not.
    fn wake(self: &Rc<Self>) {
        self.generation.set(self.generation.get().wrapping_add(1));
        let Some(context) = self.context() else { return };
        if context.state() == AudioContextState::Running {
            return self.rest_later();
        }
        let Ok(resumed) = context.resume() else { return };
        let audio = self.clone();
        js_sys::futures::spawn_local(async move {
            within(START_MS, &resumed).await;
            match context.state() {
                AudioContextState::Running => audio.rest_later(),
                _ => audio.is_blocked(),
            }
        });
    }

    /// Suspends the context when nothing has played for a while.
    fn rest_later(self: &Rc<Self>) {
        let (audio, generation) = (self.clone(), self.generation.get());
        js_sys::futures::spawn_local(async move {
            after(REST_MS).await;
            let idle = audio.playing.borrow().is_none() && audio.generation.get() == generation;
            let mixing = audio.feed.app().is_some_and(|app| app.peers().is_mixing());
            if idle
                && !mixing
                && !audio.metering.get()
                && let Some(context) = audio.context()
            {
                let _ = context.suspend();
            }
        });
    }

    fn is_blocked(&self) {
        if !self.blocked.replace(true) {
            self.feed.input(Input::SoundBlocked);
        }
    }

    /// A gesture: whatever was refused may start now.
    fn unlock(self: &Rc<Self>) {
        if !self.blocked.get() {
            return;
        }
        match self.context() {
            Some(context) if context.state() != AudioContextState::Running => {
                // It tells when it runs.
                let _ = context.resume();
            }
            Some(_) | None => self.is_allowed(),
        }
    }

    /// It runs after all: by a gesture, or because a busy machine took its time.
    fn is_allowed(&self) {
        if self.blocked.replace(false) {
            self.feed.with(|app| app.peers().play_again());
            self.feed.input(Input::Action(Action::SoundOn));
        }
    }

    /// Starts an element; a refusal is told.
    pub(crate) fn begin(self: &Rc<Self>, element: &HtmlAudioElement) {
        let Ok(started) = element.play() else { return };
        let audio = self.clone();
        js_sys::futures::spawn_local(async move {
            let refused = JsFuture::from(started).await.err();
            let name = refused.and_then(|error| error.dyn_into::<web_sys::DomException>().ok());
            if name.is_some_and(|error| error.name() == "NotAllowedError") {
                audio.is_blocked();
            }
        });
    }
}

/// A remote stream that plays until this is dropped.
pub(crate) struct Player {
    element: HtmlAudioElement,
    stream: MediaStream,
}

impl Player {
    /// What it plays.
    pub(crate) fn stream(&self) -> &MediaStream {
        &self.stream
    }

    /// Plays there from now on.
    pub(crate) fn send_to(&self, speaker: &str) {
        speakers::send(&self.element, speaker);
    }

    /// How loud, per cent.
    pub(crate) fn set_volume(&self, volume: u8) {
        self.element.set_volume(f64::from(volume.min(100)) / 100.0);
    }

    /// The element, to start it again after a gesture.
    pub(crate) fn element(&self) -> &HtmlAudioElement {
        &self.element
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.element.pause();
        self.element.set_src_object(None);
    }
}

/// The file itself.
async fn file_of(sound: &str) -> Option<ArrayBuffer> {
    if sound.contains("://") {
        let fetched = boot::fetch(sound, RequestCredentials::Omit, RequestCache::Default)?;
        let answer: Response = JsFuture::from(fetched).await.ok()?.unchecked_into();
        let file = answer.array_buffer().ok().filter(|_| answer.ok())?;
        return Some(JsFuture::from(file).await.ok()?.unchecked_into());
    }
    // Each character of what it stands for is an octet.
    let text = web_sys::window()?.atob(sound).ok()?;
    let octets: Vec<u8> = text.chars().map(|octet| octet as u8).collect();
    Some(Uint8Array::from(octets.as_slice()).buffer())
}

/// Streams mixed into one track until this is dropped.
pub(crate) struct Mixer {
    sources: Vec<MediaStreamAudioSourceNode>,
    sink: MediaStreamAudioDestinationNode,
}

impl Mixer {
    /// The mixed track.
    pub(crate) fn track(&self) -> MediaStreamTrack {
        self.sink.stream().get_audio_tracks().get(0).unchecked_into()
    }
}

impl Drop for Mixer {
    fn drop(&mut self) {
        for source in &self.sources {
            let _ = source.disconnect();
        }
        self.track().stop();
    }
}
