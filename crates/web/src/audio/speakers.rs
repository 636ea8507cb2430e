//! The speakers that the browser names, and which of them plays an element or the tones.
//!
//! It never asks for a permission: names are there once the microphone was allowed.

use crate::{app::Feed, listener::Listener};
use js_sys::{Array, Function, Promise, Reflect, futures::JsFuture};
use softframe_phone::Input;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlAudioElement, MediaDevices};

/// Chromium's name for what an element plays on that nobody sent anywhere.
const SYSTEM: &str = "default";

/// Tells the phone the speakers now, if the browser lets choose.
pub(super) fn tell(feed: &Feed) {
    let Some(devices) = devices() else { return };
    let feed = feed.clone();
    js_sys::futures::spawn_local(async move {
        let listed = call(&devices, "enumerateDevices", &JsValue::UNDEFINED);
        let Some(listed) = listed else { return };
        // A browser that refuses the list lets choose nothing either.
        if let Ok(list) = JsFuture::from(listed).await {
            feed.input(Input::Speakers(Array::from(&list).iter().filter_map(|one| speaker(&one)).collect()));
        }
    });
}

/// Tells them again on each change.
pub(super) fn watch(feed: &Feed) -> Option<Listener> {
    let feed = feed.clone();
    let devices = devices()?;
    Some(Listener::new(&devices, "devicechange", move |_: Event| tell(&feed)))
}

/// Sends an `<audio>` or an `AudioContext` there. What cannot be sent plays on as it did.
pub(super) fn send(player: &JsValue, id: &str) {
    // Where the page does not allow it, even the place it has already would be refused.
    if get(player, "sinkId").and_then(|now| now.as_string()).as_deref() == Some(id) {
        return;
    }
    if let Some(sent) = call(player, "setSinkId", &id.into()) {
        js_sys::futures::spawn_local(async move {
            if JsFuture::from(sent).await.is_err() {
                crate::app::warn("the speaker could not be used");
            }
        });
    }
}

/// The devices of a browser in which an element can be sent to another speaker, and whose page allows it.
fn devices() -> Option<MediaDevices> {
    let element = HtmlAudioElement::new().ok()?;
    get(&element, "setSinkId").filter(JsValue::is_function)?;
    if !crate::microphone::is_allowed_by_page("speaker-selection") {
        return None;
    }
    let devices = web_sys::window()?.navigator().media_devices().ok()?;
    get(&devices, "enumerateDevices").filter(JsValue::is_function)?;
    Some(devices)
}

/// Id and name, of a speaker that has both.
fn speaker(device: &JsValue) -> Option<(String, String)> {
    let text =
        |key: &str| get(device, key).and_then(|value| value.as_string()).filter(|text| !text.is_empty());
    let (id, name) = (text("deviceId")?, text("label")?);
    (text("kind")? == "audiooutput" && id != SYSTEM).then_some((id, name))
}

fn call(object: &JsValue, method: &str, argument: &JsValue) -> Option<Promise> {
    let method: Function = get(object, method)?.dyn_into().ok()?;
    method.call1(object, argument).ok()?.dyn_into().ok()
}

fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok()
}
