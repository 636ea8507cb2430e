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
    counted: Option<(String, Count)>,
    waiting: Rc<Cell<Count>>,
    say: Closure<dyn FnMut()>,
    timer: Option<i32>,
}

impl Hits {
    pub(crate) fn new(cx: &Rc<Context>) -> Hits {
        let waiting: Rc<Cell<Count>> = Rc::default();
        let (cx, count) = (cx.clone(), waiting.clone());
        let say = Closure::new(move || {
            cx.voice().say(&count.get().text(&cx), false, false);
        });
        Hits { counted: None, waiting, say, timer: None }
    }

    /// A search has so many results now. An empty one is no search.
    pub(crate) fn count(&mut self, query: &str, count: Count) {
        if self.counted.as_ref().is_some_and(|(searched, hits)| searched == query && *hits == count) {
            return;
        }
        self.counted = Some((query.to_owned(), count));
        self.rest();
        if query.trim().is_empty() {
            return;
        }
        self.waiting.set(count);
        let function = self.say.as_ref().unchecked_ref();
        self.timer = window().set_timeout_with_callback_and_timeout_and_arguments_0(function, PAUSE_MS).ok();
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
