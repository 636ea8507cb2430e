//! What is told of a part while the pointer stands on it.
//!
//! It is written when the pointer comes: rows of lists change at every letter, and the browser looks at the style of each
//! part whose `title` changes.

use super::dom::Part;
use crate::listener::Listener;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The title of a part.
pub(crate) struct Tip {
    part: Part,
    text: Rc<RefCell<String>>,
    /// The pointer is there.
    pointed: Rc<Cell<bool>>,
    _listeners: [Listener; 2],
}

impl Tip {
    /// Of this part, which nobody else gives a title.
    pub(crate) fn new(part: Part) -> Tip {
        let (text, pointed) = (Rc::new(RefCell::new(String::new())), Rc::new(Cell::new(false)));
        let come = {
            let (text, pointed, shown) = (text.clone(), pointed.clone(), part.clone());
            part.on("pointerenter", move |_| {
                pointed.set(true);
                shown.write("title", &text.borrow());
            })
        };
        let gone = {
            let pointed = pointed.clone();
            part.on("pointerleave", move |_| pointed.set(false))
        };
        Tip { part, text, pointed, _listeners: [come, gone] }
    }

    /// Says `text` from now on.
    pub(crate) fn write(&self, text: String) {
        if *self.text.borrow() == text {
            return;
        }
        if self.pointed.get() {
            self.part.write("title", &text);
        }
        *self.text.borrow_mut() = text;
    }
}
