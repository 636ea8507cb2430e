//! Whether a part of the page can really be seen: nothing lies over it and the frame is not made transparent.
//!
//! Occlusion and opacity are what the second version of IntersectionObserver tells, where the browser has it. How much of
//! the part is in sight is reckoned here: a page may cut its frame down to the one button that it wants to be pressed.

use super::{
    dom::{Part, window},
    press::Arm,
};
use js_sys::{Array, Reflect};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// The least that browsers allow for an observer of visibility.
const LOOK_MS: f64 = 100.0;

/// Pixels of a side of the frame below which nothing is seen well enough: half of our narrowest frame, for a browser that
/// shows everything twice as large.
const LEAST_FRAME: f64 = 140.0;
/// Of a part that is higher than the frame, so much of the frame must show it.
const MOST_OF_FRAME: f64 = 0.6;
/// Steps of visibility at which the browser tells.
const STEPS: u32 = 20;

/// Arms when the part is seen, disarms when it is not. Ends when dropped.
pub(crate) struct Visible {
    covered: Rc<Cell<bool>>,
    observer: Option<IntersectionObserver>,
    _seen: Closure<dyn FnMut(Array)>,
}

impl Visible {
    /// Watches a part.
    pub(crate) fn watch(part: &Part, arm: Arm) -> Visible {
        let (armed, covered) = (arm.clone(), Rc::<Cell<bool>>::default());
        let hidden = covered.clone();
        let seen = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            if let Ok(entry) = entries.pop().dyn_into::<IntersectionObserverEntry>() {
                let is_seen = is_seen(&entry);
                armed.visible(is_seen);
                hidden.set(!is_seen);
            }
        });
        let options = IntersectionObserverInit::new();
        let steps: Array =
            (0..=STEPS).map(|step| JsValue::from(f64::from(step) / f64::from(STEPS))).collect();
        options.set_threshold(&steps);
        // Neither can fail on a fresh object.
        let _ = Reflect::set(&options, &"trackVisibility".into(), &JsValue::TRUE);
        let _ = Reflect::set(&options, &"delay".into(), &LOOK_MS.into());
        let observer = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options).ok();
        match &observer {
            Some(observer) => observer.observe(part.element()),
            None => arm.start(),
        }
        Visible { covered, observer, _seen: seen }
    }

    /// Whether the browser has said that it is not seen: covered, cut off, or in a frame that the page fades
    /// or filters.
    pub(crate) fn covered(&self) -> Rc<Cell<bool>> {
        self.covered.clone()
    }
}

impl Drop for Visible {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

/// Painted as it is (`isVisible`, where the browser has it), and as much of it in sight as the frame can show.
fn is_seen(entry: &IntersectionObserverEntry) -> bool {
    let is_painted = Reflect::get(entry, &"isVisible".into()).ok().and_then(|visible| visible.as_bool());
    let (seen, whole) = (entry.intersection_rect(), entry.bounding_client_rect());
    let side = |side: Result<JsValue, JsValue>| side.ok().and_then(|side| side.as_f64()).unwrap_or(0.0);
    let (width, height) = (side(window().inner_width()), side(window().inner_height()));
    // A pixel may be lost in rounding.
    let in_sight = seen.width() >= whole.width() - 1.0
        && seen.height() >= (whole.height() - 1.0).min(height * MOST_OF_FRAME);
    is_painted.unwrap_or(true) && in_sight && width >= LEAST_FRAME && height >= LEAST_FRAME
}
