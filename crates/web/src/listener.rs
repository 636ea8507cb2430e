//! A listener on a browser object, as a value that unregisters when it is dropped, and promises from events.
//!
//! It never forgets a closure: what is not held is not heard.

use js_sys::{Array, Function, Promise, futures::JsFuture};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, EventTarget, Window};

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
    within(millis, &settled).await?.as_bool()
}

/// What a promise is kept with; `None` if that is nothing, if it is rejected, or if it is neither in `millis`.
pub(crate) async fn within(millis: i32, promise: &Promise) -> Option<JsValue> {
    let timer = Timer::new(millis);
    let first = Promise::race(&Array::of2(promise, &timer.promise));
    // The timer's promise is kept with nothing.
    JsFuture::from(first).await.ok().filter(|value| !value.is_undefined())
}

/// Waits so long.
pub(crate) async fn after(millis: i32) {
    let timer = Timer::new(millis);
    // It is never rejected.
    let _ = JsFuture::from(Clone::clone(&timer.promise)).await;
}

/// A promise that is kept with nothing in time. A timer that nobody waits for any more is stopped: until it fires, it
/// would keep everything that waited with it.
struct Timer {
    promise: Promise,
    handle: Option<i32>,
}

impl Timer {
    fn new(millis: i32) -> Timer {
        let (promise, resolve) = promise();
        let start = |window: Window| {
            window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, millis).ok()
        };
        Timer { promise, handle: web_sys::window().and_then(start) }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let (Some(window), Some(handle)) = (web_sys::window(), self.handle) {
            window.clear_timeout_with_handle(handle);
        }
    }
}
