//! Lists of choices that act at once: a language, a device.
//!
//! While the list is shut, a browser tells of each letter and arrow as of a choice. The person is still looking for theirs
//! then: it is taken by Enter, or when they leave the list, and never by Escape.

use super::{
    context::Context,
    dom::{Part, clock_ms},
};
use crate::listener::Listener;
use softframe_phone::Action;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsCast;
use web_sys::{HtmlSelectElement, KeyboardEvent};

/// What a key chooses in a shut list is told before the browser does anything else. A list that a key has opened takes the
/// person longer than that.
const SAME_KEY_MS: f64 = 100.0;

/// A `select`.
pub(crate) struct Choice {
    part: Part,
    pending: Rc<Cell<bool>>,
    _listeners: [Listener; 5],
}

impl Choice {
    /// What is chosen makes `made`.
    pub(crate) fn new(cx: &Rc<Context>, part: Part, made: fn(String) -> Action) -> Choice {
        let pending: Rc<Cell<bool>> = Rc::default();
        let key_at = Rc::new(Cell::new(f64::NEG_INFINITY));
        let taken = Rc::new(Cell::new(String::new()));
        let take = {
            let (cx, part, pending) = (cx.clone(), part.clone(), pending.clone());
            Rc::new(move || {
                pending.set(false);
                cx.act(made(list(&part).value()));
            })
        };
        let left = {
            let (pending, take) = (pending.clone(), take.clone());
            part.on("blur", move |_| {
                if pending.get() {
                    take();
                }
            })
        };
        let pressed = {
            let (key_at, pending, take) = (key_at.clone(), pending.clone(), take.clone());
            let (part, taken) = (part.clone(), taken.clone());
            part.clone().on("keydown", move |event| {
                let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
                key_at.set(if key.key() == "Enter" { f64::NEG_INFINITY } else { clock_ms() });
                match key.key().as_str() {
                    "Enter" if pending.get() => {
                        event.prevent_default();
                        take();
                    }
                    "Escape" if pending.replace(false) => {
                        let before = taken.take();
                        list(&part).set_value(&before);
                        taken.set(before);
                    }
                    _ if !pending.get() => taken.set(list(&part).value()),
                    _ => {}
                }
            })
        };
        let typed = {
            let key_at = key_at.clone();
            part.on("keypress", move |event| {
                // Enter takes what an open list has at hand.
                if event.dyn_ref::<KeyboardEvent>().is_some_and(|key| key.key() != "Enter") {
                    key_at.set(clock_ms());
                }
            })
        };
        let pointed = {
            let key_at = key_at.clone();
            part.on("pointerdown", move |_| key_at.set(f64::NEG_INFINITY))
        };
        let chosen = {
            let (key_at, pending) = (key_at.clone(), pending.clone());
            part.on("change", move |_| match clock_ms() - key_at.get() < SAME_KEY_MS {
                true => pending.set(true),
                false => take(),
            })
        };
        Choice { part, pending, _listeners: [left, pressed, typed, pointed, chosen] }
    }

    /// The list itself, for its options.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// Shows what is chosen, unless the person is choosing.
    pub(crate) fn write(&self, value: &str) {
        if !self.pending.get() {
            list(&self.part).set_value(value);
        }
    }
}

/// A list of choices, typed.
fn list(part: &Part) -> &HtmlSelectElement {
    part.element().unchecked_ref()
}
