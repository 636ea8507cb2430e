//! What every part of the screen needs: the way to the phone, the texts, and when keys were pressed.
//!
//! It holds nothing of what is shown.

use super::{
    dom::{Part, clock_ms, document},
    text::Strings,
    voice::Voice,
};
use softframe_phone::{Action, Input, view::Text};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// Shared by all parts of one screen.
pub(crate) struct Context {
    feed: Rc<dyn Fn(Input)>,
    files: Rc<dyn Fn(Vec<web_sys::File>)>,
    redraw: Rc<dyn Fn()>,
    strings: RefCell<Strings>,
    last_key_ms: Cell<f64>,
    voice: Voice,
}

impl Context {
    /// See [`super::Ui::new`].
    pub(crate) fn new(
        feed: Rc<dyn Fn(Input)>,
        files: Rc<dyn Fn(Vec<web_sys::File>)>,
        redraw: Rc<dyn Fn()>,
        strings: Strings,
    ) -> Rc<Context> {
        let strings = RefCell::new(strings);
        Rc::new(Context {
            feed,
            files,
            redraw,
            strings,
            last_key_ms: Cell::new(f64::MIN),
            voice: Voice::new(),
        })
    }

    /// What screen readers are told.
    pub(crate) fn voice(&self) -> &Voice {
        &self.voice
    }

    /// The person did this.
    pub(crate) fn act(&self, action: Action) {
        (self.feed)(Input::Action(action));
    }

    /// Files were dropped, pasted or chosen.
    pub(crate) fn take_files(&self, files: Vec<web_sys::File>) {
        (self.files)(files);
    }

    /// The screen must be written again although the phone did not change.
    pub(crate) fn redraw(&self) {
        (self.redraw)();
    }

    /// A message of the view.
    pub(crate) fn text(&self, text: &Text) -> String {
        self.strings.borrow().of(text)
    }

    /// A text of the screen itself.
    pub(crate) fn plain(&self, id: &str) -> String {
        self.strings.borrow().plain(id)
    }

    /// The same with arguments.
    pub(crate) fn with(&self, id: &str, args: &[(&str, &str)]) -> String {
        self.strings.borrow().with(id, args)
    }

    /// A name; a number with what it calls itself, where it does.
    pub(crate) fn who(&self, name: &str, says: &str) -> String {
        self.strings.borrow().who(name, says)
    }

    /// All texts.
    pub(crate) fn strings(&self) -> &RefCell<Strings> {
        &self.strings
    }

    /// A copy of a template with its texts.
    pub(crate) fn copy(&self, template: super::dom::Template) -> Part {
        let part = Part::copy(template);
        self.localise(&part);
        part
    }

    /// Writes the texts that the markup names (`data-text`, `data-label`, `data-hint`) into a part and below.
    pub(crate) fn localise(&self, root: &Part) {
        let strings = self.strings.borrow();
        let mut parts = root.all("[data-text], [data-label], [data-hint]");
        parts.push(root.clone());
        for part in parts {
            if let Some(id) = part.says("data-text") {
                part.text(&strings.plain(&id));
            }
            if let Some(id) = part.says("data-label") {
                let label = strings.plain(&id);
                part.attribute("aria-label", Some(&label));
                if part.element().tag_name() == "BUTTON" {
                    part.attribute("title", Some(&label));
                }
            }
            if let Some(id) = part.says("data-hint") {
                part.attribute("placeholder", Some(&strings.plain(&id)));
            }
        }
    }

    /// Writes the texts of the whole page again, in a new language.
    pub(crate) fn localise_page(&self) {
        if let Some(body) = document().body() {
            self.localise(&Part::of(body.into()));
        }
    }

    /// A key was pressed now.
    pub(crate) fn key_pressed(&self) {
        self.last_key_ms.set(clock_ms());
    }

    /// Milliseconds since the key before the one that is down.
    pub(crate) fn since_last_key(&self) -> f64 {
        clock_ms() - self.last_key_ms.get()
    }
}
