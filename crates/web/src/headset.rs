//! WebHID: the buttons and lights of headsets, which the phone reads and writes by their descriptors.
//!
//! It asks for nothing by itself: a headset that was allowed once is used, another is chosen by the person.

use crate::{app::Feed, listener::Listener, microphone::is_allowed_by_page};
use js_sys::{Array, JSON, Object, Promise, Reflect, Uint8Array, futures::JsFuture};
use softframe_phone::{HeadsetEvent, Input};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, EventTarget};

/// HID Usage Tables 1.5 §14.
const TELEPHONY_PAGE: f64 = 11.0;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    #[wasm_bindgen(extends = EventTarget)]
    type Hid;
    #[wasm_bindgen(method, js_name = getDevices)]
    fn allowed(this: &Hid) -> Promise;
    #[wasm_bindgen(method, js_name = requestDevice)]
    fn ask(this: &Hid, options: &JsValue) -> Promise;

    #[derive(Clone)]
    #[wasm_bindgen(extends = EventTarget)]
    type HidDevice;
    #[wasm_bindgen(method, getter)]
    fn collections(this: &HidDevice) -> Array;
    #[wasm_bindgen(method, getter, js_name = productName)]
    fn name(this: &HidDevice) -> String;
    #[wasm_bindgen(method, getter)]
    fn opened(this: &HidDevice) -> bool;
    #[wasm_bindgen(method)]
    fn open(this: &HidDevice) -> Promise;
    #[wasm_bindgen(method, js_name = sendReport)]
    fn send(this: &HidDevice, report: u8, octets: &Uint8Array) -> Promise;

    /// Of a report, and of a device that comes or goes.
    type HidEvent;
    #[wasm_bindgen(method, getter)]
    fn device(this: &HidEvent) -> HidDevice;
    #[wasm_bindgen(method, getter, js_name = reportId)]
    fn report(this: &HidEvent) -> u8;
    #[wasm_bindgen(method, getter)]
    fn data(this: &HidEvent) -> js_sys::DataView;
}

/// The headsets in use.
pub(crate) struct Headsets {
    feed: Feed,
    /// The last number given to one.
    last: Cell<u32>,
    open: RefCell<Vec<(u32, HidDevice, Listener)>>,
}

impl Headsets {
    /// None.
    pub(crate) fn new(feed: Feed) -> Rc<Headsets> {
        Rc::new(Headsets { feed, last: Cell::new(0), open: RefCell::default() })
    }

    /// Uses what was allowed in an earlier life, and what is plugged in of that later.
    pub(crate) fn start(self: &Rc<Self>) -> Vec<Listener> {
        let Some(hid) = hid() else { return Vec::new() };
        self.feed.input(Input::Headset(HeadsetEvent::Offered));
        self.take(hid.allowed());
        let (came, gone) = (self.clone(), self.clone());
        vec![
            Listener::new(&hid, "connect", move |event: Event| {
                came.take(Promise::resolve(&JsValue::from(Array::of1(&device_of(&event)))));
            }),
            Listener::new(&hid, "disconnect", move |event: Event| gone.drop_device(&device_of(&event))),
        ]
    }

    /// The browser's own window asks the person, in whose gesture this must be called.
    pub(crate) fn ask(self: &Rc<Self>) {
        let Some(hid) = hid() else { return };
        let (filter, options) = (Object::new(), Object::new());
        let _ = Reflect::set(&filter, &"usagePage".into(), &TELEPHONY_PAGE.into());
        let _ = Reflect::set(&options, &"filters".into(), &Array::of1(&filter));
        self.take(hid.ask(&options));
    }

    /// Switches its lights.
    pub(crate) fn send(&self, headset: u32, report: u8, octets: &[u8]) {
        let open = self.open.borrow();
        if let Some((_, device, _)) = open.iter().find(|(id, ..)| *id == headset) {
            let sent = device.send(report, &Uint8Array::from(octets));
            // One that is being unplugged says so by itself.
            js_sys::futures::spawn_local(async move { drop(JsFuture::from(sent).await) });
        }
    }

    fn take(self: &Rc<Self>, devices: Promise) {
        let headsets = self.clone();
        js_sys::futures::spawn_local(async move {
            // Nobody was chosen, or the policy of the page forbids it after all.
            let Ok(devices) = JsFuture::from(devices).await else { return };
            for device in Array::from(&devices).iter() {
                headsets.open(device.unchecked_into()).await;
            }
        });
    }

    async fn open(self: &Rc<Self>, device: HidDevice) {
        let telephony = |one: JsValue| {
            Reflect::get(&one, &"usagePage".into()).ok().and_then(|page| page.as_f64())
                == Some(TELEPHONY_PAGE)
        };
        if !device.collections().iter().any(telephony) || self.position(&device).is_some() {
            return;
        }
        // Another program may have it for itself.
        if !device.opened() && JsFuture::from(device.open()).await.is_err() {
            return crate::app::warn("the headset could not be opened");
        }
        let collections = JSON::stringify(&device.collections()).map(String::from).unwrap_or_default();
        let headset = self.last.get() + 1;
        self.last.set(headset);
        let feed = self.feed.clone();
        let listener = Listener::new(&device, "inputreport", move |event: Event| {
            let event: &HidEvent = event.unchecked_ref();
            let data = event.data();
            let octets = Uint8Array::new_with_byte_offset_and_length(
                &data.buffer(),
                data.byte_offset() as u32,
                data.byte_length() as u32,
            );
            let (report, octets) = (event.report(), octets.to_vec());
            feed.input(Input::Headset(HeadsetEvent::Report { headset, report, octets }));
        });
        let name = device.name();
        self.open.borrow_mut().push((headset, device, listener));
        self.feed.input(Input::Headset(HeadsetEvent::Opened { headset, name, collections }));
    }

    fn drop_device(&self, device: &HidDevice) {
        let place = self.position(device);
        if let Some(place) = place {
            let (headset, ..) = self.open.borrow_mut().swap_remove(place);
            self.feed.input(Input::Headset(HeadsetEvent::Gone { headset }));
        }
    }

    fn position(&self, device: &HidDevice) -> Option<usize> {
        self.open.borrow().iter().position(|(_, known, _)| Object::is(known, device))
    }
}

/// Where the browser has it, and the page that embeds us has delegated it (`allow="hid"`).
fn hid() -> Option<Hid> {
    let navigator = web_sys::window()?.navigator();
    let hid = Reflect::get(&navigator, &"hid".into()).ok().filter(JsValue::is_object)?;
    is_allowed_by_page("hid").then(|| hid.unchecked_into())
}

fn device_of(event: &Event) -> HidDevice {
    event.unchecked_ref::<HidEvent>().device()
}
