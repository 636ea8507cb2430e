//! A listener on a browser object, as a value that unregisters when it is dropped, and promises from events.
//!
//! It never forgets a closure: what is not held is not heard.

use js_sys::{Array, Function, Promise};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, EventTarget};

/// Listens until dropped.
pub(crate) struct Listener {
    target: EventTarget,
    name: &'static str,
    capture: bool,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `heard` for each event `name` of `target`.
    pub(crate) fn new(
        target: &EventTarget,
        name: &'static str,
        heard: impl FnMut(Event) + 'static,
    ) -> Listener {
        Listener::at(target, name, false, heard)
    }

    /// The same in the capture phase: before the target sees it.
    pub(crate) fn capture(
        target: &EventTarget,
        name: &'static str,
        heard: impl FnMut(Event) + 'static,
    ) -> Listener {
        Listener::at(target, name, true, heard)
    }

    fn at(
        target: &EventTarget,
        name: &'static str,
        capture: bool,
        heard: impl FnMut(Event) + 'static,
    ) -> Listener {
        let closure = Closure::<dyn FnMut(Event)>::new(heard);
        let function = closure.as_ref().unchecked_ref();
        // `addEventListener` throws for nothing that we pass.
        let _ = target.add_event_listener_with_callback_and_bool(name, function, capture);
        Listener { target: Clone::clone(target), name, capture, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback_and_bool(self.name, function, self.capture);
    }
}

/// A promise and the function that keeps it.
pub(crate) fn promise() -> (Promise, Function) {
    let mut kept = None;
    let promise = Promise::new(&mut |resolve: Function, _: Function| kept = Some(resolve));
    // The executor of a promise runs before its constructor returns, so `kept` is always there.
    (promise, kept.unwrap_or_else(|| JsValue::UNDEFINED.unchecked_into()))
}

/// Waits for the first of two events: `true` for `good`; `None` if neither comes in `millis`.
pub(crate) async fn first_of_within(
    millis: i32,
    target: &EventTarget,
    good: &'static str,
    bad: &[&'static str],
) -> Option<bool> {
    let (settled, resolve) = promise();
    let keep = |answer: bool| {
        let resolve = Clone::clone(&resolve);
        move |_: Event| {
            let _ = resolve.call1(&JsValue::NULL, &JsValue::from_bool(answer));
        }
    };
    let mut listeners = vec![Listener::new(target, good, keep(true))];
    listeners.extend(bad.iter().map(|name| Listener::new(target, name, keep(false))));
    // The timer's promise is kept with nothing.
    let settled = Promise::race(&Array::of2(&settled, &after(millis)));
    js_sys::futures::JsFuture::from(settled).await.ok()?.as_bool()
}

/// A promise that is kept in `millis`, for limits on other promises.
pub(crate) fn after(millis: i32) -> Promise {
    let (promise, resolve) = promise();
    if let Some(window) = web_sys::window() {
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis);
    }
    promise
}
