//! What screen readers are told: each text a new line of one of two regions, gone when it was heard.
//!
//! It never keeps old news: who reads on to the end of the page, or opens a sheet, would take it for new.

use super::dom::{Part, id, window};
use std::cell::Cell;
use wasm_bindgen::{JsCast, closure::Closure};

/// By then a text is read out, or a screen reader holds it: emptying the region takes nothing back.
const HEARD_MS: i32 = 8_000;

/// The regions, and when they are emptied.
pub(crate) struct Voice {
    empty: Closure<dyn FnMut()>,
    timer: Cell<Option<i32>>,
}

impl Voice {
    pub(crate) fn new() -> Voice {
        let empty = Closure::new(|| [id::SAY, id::ALERT].map(Part::by_id).iter().for_each(Part::clear));
        Voice { empty, timer: Cell::new(None) }
    }

    /// Says it; `more` than was said at this moment, or anew.
    pub(crate) fn say(&self, text: &str, assertive: bool, more: bool) {
        let region = Part::by_id(if assertive { id::ALERT } else { id::SAY });
        if !more {
            region.clear();
        }
        // A new element is read out even if its text is that of the last one.
        let line = Part::new("p");
        line.text(text);
        region.append(&line);
        self.rest();
        let function = self.empty.as_ref().unchecked_ref();
        self.timer
            .set(window().set_timeout_with_callback_and_timeout_and_arguments_0(function, HEARD_MS).ok());
    }

    fn rest(&self) {
        if let Some(timer) = self.timer.take() {
            window().clear_timeout_with_handle(timer);
        }
    }
}

impl Drop for Voice {
    fn drop(&mut self) {
        self.rest();
    }
}
