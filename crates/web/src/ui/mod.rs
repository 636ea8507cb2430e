//! The screen: renders the phone's view. It decides nothing; what the person did becomes an `Action`.

use softframe_phone::{Input, Instant, Phone, view::Text};
use std::rc::Rc;

/// The texts of the screen, by message id.
pub struct Strings;

impl Strings {
    /// Reads a flat JSON object of texts.
    pub fn new(_json: &str) -> Strings {
        Strings
    }
}

/// The screen.
pub struct Ui;

impl Ui {
    /// Listens to the document; `feed` takes what the person did, `files` what was dropped.
    pub fn new(_feed: Rc<dyn Fn(Input)>, _files: Rc<dyn Fn(web_sys::FileList)>, _strings: Strings) -> Ui {
        Ui
    }

    /// Writes the document.
    pub fn render(&mut self, _phone: &Phone, _now: Instant) {}

    /// Says something to screen readers.
    pub fn announce(&mut self, _text: &Text, _assertive: bool) {}
}
