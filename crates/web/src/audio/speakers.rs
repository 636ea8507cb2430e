//! The devices that the browser names, and which speaker plays an element or the tones.
//!
//! It never asks for a permission: names are there once the microphone was allowed.

use crate::{app::Feed, listener::Listener};
use js_sys::{Array, Function, Promise, Reflect, futures::JsFuture};
use softframe_phone::Input;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlAudioElement, MediaDevices};

/// Chromium's name for what an element plays on that nobody sent anywhere.
const SYSTEM: &str = "default";
/// … and on Windows for what calls should use; it is one of the others.
const COMMUNICATIONS: &str = "communications";

/// Tells the phone the devices now; the speakers only where the browser lets choose one.
pub(super) fn tell(feed: &Feed) {
    let Some(devices) = devices() else { return };
    let feed = feed.clone();
    js_sys::futures::spawn_local(async move {
        let listed = call(&devices, "enumerateDevices", &JsValue::UNDEFINED);
        let Some(listed) = listed else { return };
        // A browser that refuses the list lets choose nothing either.
        let Ok(list) = JsFuture::from(listed).await else { return };
        let named = |kind: &str| Array::from(&list).iter().filter_map(|one| device(&one, kind)).collect();
        let microphones = Input::Microphones(named("audioinput"));
        let speakers = lets_choose_speaker().then(|| Input::Speakers(named("audiooutput")));
        feed.inputs([microphones].into_iter().chain(speakers));
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

/// A browser in which an element can be sent to another speaker, in a page that allows it.
fn lets_choose_speaker() -> bool {
    let element = HtmlAudioElement::new().ok();
    let can = element.and_then(|element| get(&element, "setSinkId")).is_some_and(|found| found.is_function());
    can && crate::microphone::is_allowed_by_page("speaker-selection")
}

fn devices() -> Option<MediaDevices> {
    let devices = web_sys::window()?.navigator().media_devices().ok()?;
    get(&devices, "enumerateDevices").filter(JsValue::is_function)?;
    Some(devices)
}

/// Id and name of one of this kind that has both.
fn device(device: &JsValue, kind: &str) -> Option<(String, String)> {
    let text =
        |key: &str| get(device, key).and_then(|value| value.as_string()).filter(|text| !text.is_empty());
    let (id, name) = (text("deviceId")?, text("label")?);
    (text("kind")? == kind && id != SYSTEM && id != COMMUNICATIONS).then_some((id, name))
}

fn call(object: &JsValue, method: &str, argument: &JsValue) -> Option<Promise> {
    let method: Function = get(object, method)?.dyn_into().ok()?;
    method.call1(object, argument).ok()?.dyn_into().ok()
}

fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(object, &key.into()).ok()
}
