//! Whether a part of the page can really be seen: nothing lies over it and the frame is not made transparent.
//!
//! By the second version of IntersectionObserver where the browser has it, else by full intersection.

use super::{dom::Part, press::Arm};
use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{IntersectionObserver, IntersectionObserverEntry, IntersectionObserverInit};

/// The least that browsers allow for an observer of visibility.
const LOOK_MS: f64 = 100.0;

/// Arms when the part is seen, disarms when it is not. Ends when dropped.
pub(crate) struct Visible {
    arm: Arm,
    observer: Option<IntersectionObserver>,
    _seen: Closure<dyn FnMut(Array)>,
}

impl Visible {
    /// Watches a part.
    pub(crate) fn watch(part: &Part, arm: Arm) -> Visible {
        let armed = arm.clone();
        let seen = Closure::<dyn FnMut(Array)>::new(move |entries: Array| {
            if let Ok(entry) = entries.pop().dyn_into::<IntersectionObserverEntry>() {
                armed.visible(is_seen(&entry));
            }
        });
        let options = IntersectionObserverInit::new();
        // Long text may be taller than the sheet: what is cut by its scrolling still counts.
        options.set_threshold(&Array::of4(&0.0.into(), &0.5.into(), &0.9.into(), &1.0.into()));
        // Neither can fail on a fresh object.
        let _ = Reflect::set(&options, &"trackVisibility".into(), &JsValue::TRUE);
        let _ = Reflect::set(&options, &"delay".into(), &LOOK_MS.into());
        let observer = IntersectionObserver::new_with_options(seen.as_ref().unchecked_ref(), &options).ok();
        match &observer {
            Some(observer) => observer.observe(part.element()),
            None => arm.start(),
        }
        Visible { arm, observer, _seen: seen }
    }

    /// What it arms.
    pub(crate) fn arm(&self) -> &Arm {
        &self.arm
    }
}

impl Drop for Visible {
    fn drop(&mut self) {
        if let Some(observer) = &self.observer {
            observer.disconnect();
        }
    }
}

/// `isVisible` where there is one.
fn is_seen(entry: &IntersectionObserverEntry) -> bool {
    let visible = Reflect::get(entry, &"isVisible".into()).ok().and_then(|visible| visible.as_bool());
    entry.is_intersecting() && visible.unwrap_or(entry.intersection_ratio() >= 0.9)
}
