//! 51, 57 and 58: the phone in another tab, "Check my phone", and what this phone is.
//!
//! What is right, wrong, and to be done comes from the view.

use super::{
    context::Context,
    dom::{Part, Template, copy_text, window},
    frame::pressing,
    press::Press,
};
use crate::listener::Listener;
use js_sys::Array;
use softframe_phone::{
    Action,
    view::{About, CheckPage, CheckState},
};
use std::rc::Rc;
use web_sys::{Blob, Url};

/// 57.
pub(crate) struct CheckView {
    cx: Rc<Context>,
    part: Part,
    again: Press,
    shown: CheckPage,
    _back: Press,
    _copy: Listener,
}

impl CheckView {
    pub(crate) fn new(cx: &Rc<Context>) -> CheckView {
        let part = cx.copy(Template::Check);
        let rows = part.find(".checks");
        CheckView {
            cx: cx.clone(),
            again: pressing(cx, part.find(".again"), Action::Check),
            shown: CheckPage::default(),
            _back: pressing(cx, part.find(".back"), Action::Back),
            _copy: part.find(".copy").on("click", move |_| copy_text(&rows)),
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    pub(crate) fn update(&mut self, view: &CheckPage) {
        if self.shown == *view {
            return;
        }
        self.again.enable(!view.running);
        let list = self.part.find(".checks");
        list.only_if("aria-busy", view.running);
        list.clear();
        for row in &view.rows {
            let (state, icon, word) = match row.state {
                CheckState::Running => ("running", "clock", "check.running"),
                CheckState::Good => ("live", "check", "check.good"),
                CheckState::Warn => ("warn", "alert", "check.warn"),
                CheckState::Bad => ("end", "alert", "check.bad"),
            };
            let part = self.cx.copy(Template::CheckRow);
            part.attribute("data-tone", Some(state));
            part.icon(icon);
            part.find(".unseen").text(&self.cx.plain(word));
            part.find(".name").text(&self.cx.plain(row.title));
            part.find("small").text(&self.cx.text(&row.text));
            list.append(&part);
        }
        self.shown = view.clone();
    }
}

/// 58.
pub(crate) struct AboutView {
    part: Part,
    _back: Press,
}

impl AboutView {
    pub(crate) fn new(cx: &Rc<Context>) -> AboutView {
        let part = cx.copy(Template::About);
        AboutView { _back: pressing(cx, part.find(".back"), Action::Back), part }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    pub(crate) fn update(&self, view: &About) {
        self.part.find(".version").text(view.version);
        self.part.find(".line").text(&view.line);
    }
}

/// 51.
pub(crate) struct OtherTabView {
    part: Part,
    here: Press,
}

impl OtherTabView {
    pub(crate) fn new(cx: &Rc<Context>) -> OtherTabView {
        let part = cx.copy(Template::OtherTab);
        OtherTabView { here: pressing(cx, part.find(".here"), Action::UseHere), part }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    pub(crate) fn update(&self, in_call: bool) {
        self.here.enable(!in_call);
        self.part.find(".why").show(in_call);
    }
}

/// Gives the person this text as a file. The browser's own name stands above it: support asks for it first.
pub(crate) fn save_file(name: &str, text: &str) {
    let browser = window().navigator().user_agent().unwrap_or_default();
    let parts = Array::of3(&browser.as_str().into(), &"\n".into(), &text.into());
    let Ok(blob) = Blob::new_with_str_sequence(&parts) else { return };
    let Ok(url) = Url::create_object_url_with_blob(&blob) else { return };
    let link = Part::new("a");
    link.attribute("href", Some(&url));
    link.attribute("download", Some(name));
    link.html().click();
    let _ = Url::revoke_object_url(&url);
}
