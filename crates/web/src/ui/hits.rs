//! Says how many results a search has, when the person has stopped typing.
//!
//! Never while they still type: each letter would interrupt the one before.

use super::{context::Context, dom::window};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::{JsCast, closure::Closure};

/// Typing has stopped (ui.md 7).
const PAUSE_MS: i32 = 600;

/// How many results a search has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// So many stand there.
    pub(crate) shown: usize,
    /// There may be more.
    pub(crate) is_full: bool,
}

impl Count {
    /// These and no more.
    pub(crate) fn all(shown: usize) -> Count {
        Count { shown, is_full: false }
    }

    /// "The first 100 results".
    pub(crate) fn text(self, cx: &Context) -> String {
        let id = if self.is_full { "say.hits.first" } else { "say.hits" };
        cx.with(id, &[("n", &self.shown.to_string())])
    }
}

/// The search that was last counted, and the count that waits to be said.
pub(crate) struct Hits {
    counted: Option<(String, Option<Count>)>,
    waiting: Rc<Cell<Option<Count>>>,
    say: Closure<dyn FnMut()>,
    timer: Rc<Cell<Option<i32>>>,
}

impl Hits {
    pub(crate) fn new(cx: &Rc<Context>) -> Hits {
        let waiting: Rc<Cell<Option<Count>>> = Rc::default();
        let timer: Rc<Cell<Option<i32>>> = Rc::default();
        let (cx, count, due) = (cx.clone(), waiting.clone(), timer.clone());
        let say = Closure::new(move || {
            due.set(None);
            if let Some(count) = count.get() {
                cx.voice().say(&count.text(&cx), false, false);
            }
        });
        Hits { counted: None, waiting, say, timer }
    }

    /// A search has so many results now; `None`: that is known before typing is said to have stopped. An empty one is no
    /// search.
    pub(crate) fn count(&mut self, query: &str, count: Option<Count>) {
        let before = self.counted.as_ref().filter(|(searched, _)| searched == query).map(|(_, hits)| *hits);
        if before == Some(count) {
            return;
        }
        self.counted = Some((query.to_owned(), count));
        self.waiting.set(count);
        if before == Some(None) && self.timer.get().is_some() {
            // The pause is that since the letter.
            return;
        }
        self.rest();
        if query.trim().is_empty() {
            return;
        }
        let function = self.say.as_ref().unchecked_ref();
        let timer = window().set_timeout_with_callback_and_timeout_and_arguments_0(function, PAUSE_MS);
        self.timer.set(timer.ok());
    }

    /// What was searched for is off the screen: nothing is counted any more.
    pub(crate) fn rest(&mut self) {
        if let Some(timer) = self.timer.take() {
            window().clear_timeout_with_handle(timer);
        }
    }
}

impl Drop for Hits {
    fn drop(&mut self) {
        self.rest();
    }
}
