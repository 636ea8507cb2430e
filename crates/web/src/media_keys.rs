//! Media Session: the media keys of keyboards, headphones and lock screens, and what the system shows of the microphone.
//!
//! Without a call it takes no key from others.

use crate::app::Feed;
use js_sys::Reflect;
use softframe_phone::{HeadsetEvent, Input, Lights, MediaKey};
use wasm_bindgen::{JsCast, prelude::*};

/// What the browser calls the keys.
const ACTIONS: [(&str, MediaKey); 4] = [
    ("togglemicrophone", MediaKey::Mute),
    ("hangup", MediaKey::HangUp),
    ("play", MediaKey::Play),
    // Without us the browser would pause the other side's voice.
    ("pause", MediaKey::Pause),
];

#[wasm_bindgen]
extern "C" {
    type MediaSession;
    // An action that a browser does not know throws.
    #[wasm_bindgen(method, catch, js_name = setActionHandler)]
    fn handle(this: &MediaSession, action: &str, handler: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method, setter, js_name = playbackState)]
    fn set_playback(this: &MediaSession, state: &str);
    #[wasm_bindgen(method, catch, js_name = setMicrophoneActive)]
    fn set_microphone(this: &MediaSession, active: bool) -> Result<(), JsValue>;
}

/// The media keys.
pub(crate) struct MediaKeys {
    session: Option<MediaSession>,
    pressed: Closure<dyn FnMut(JsValue)>,
}

impl MediaKeys {
    /// Left to others.
    pub(crate) fn new(feed: Feed) -> MediaKeys {
        let session = web_sys::window()
            .and_then(|window| Reflect::get(&window.navigator(), &"mediaSession".into()).ok())
            .filter(JsValue::is_object)
            .map(JsValue::unchecked_into);
        let pressed = Closure::new(move |details: JsValue| {
            let name = Reflect::get(&details, &"action".into()).ok().and_then(|name| name.as_string());
            let key = ACTIONS.iter().find(|(known, _)| name.as_deref() == Some(known));
            if let Some((_, key)) = key {
                feed.input(Input::Headset(HeadsetEvent::Key(*key)));
            }
        });
        MediaKeys { session, pressed }
    }

    /// What they stand for from now on.
    pub(crate) fn show(&self, lights: Lights) {
        let Some(session) = &self.session else { return };
        let is_call = lights.off_hook || lights.ring;
        let handler = if is_call { self.pressed.as_ref() } else { &JsValue::NULL };
        for (action, _) in ACTIONS {
            let _ = session.handle(action, handler);
        }
        let talks = lights.off_hook && !lights.hold;
        session.set_playback(match (is_call, talks) {
            (false, _) => "none",
            (true, false) => "paused",
            (true, true) => "playing",
        });
        let _ = session.set_microphone(lights.off_hook && !lights.mute);
    }
}
