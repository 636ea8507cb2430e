//! A second call that was put off: a bar above the screen, still answerable.

use super::{
    context::Context,
    dom::{Part, Template, id},
    who::named,
};
use crate::listener::Listener;
use softframe_phone::{CallId, view::Incoming};
use std::{cell::Cell, rc::Rc};

/// The bar.
pub(crate) struct Waiting {
    cx: Rc<Context>,
    part: Part,
    bar: Part,
    _open: Listener,
}

impl Waiting {
    /// `later` names the call that was put off; a click takes it back.
    pub(crate) fn new(cx: &Rc<Context>, later: &Rc<Cell<Option<CallId>>>) -> Waiting {
        let (part, bar) = (Part::by_id(id::WAITING), cx.copy(Template::Waiting));
        part.append(&bar);
        let (again, later) = (cx.clone(), later.clone());
        let open = bar.on("click", move |_| {
            later.set(None);
            again.redraw();
        });
        Waiting { cx: cx.clone(), part, bar, _open: open }
    }

    /// Shown while there is such a call.
    pub(crate) fn update(&self, waiting: Option<&Incoming>) {
        self.part.show(waiting.is_some());
        if let Some(incoming) = waiting {
            let name = named(&self.cx, &incoming.party);
            let waits = self.cx.with("in.waiting", &[("name", &name)]);
            let more = super::sheet::more_waiting(&self.cx, incoming);
            let parts = [waits, incoming.since.clone(), more];
            let said: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
            self.bar.find(".text").text(&said.join(" · "));
        }
    }
}
