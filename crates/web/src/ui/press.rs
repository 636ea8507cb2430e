//! A button that makes one action, and how long it must have been seen before it does.
//!
//! What the action is comes from the view with each update.

use super::{
    context::Context,
    dom::{Part, clock_ms},
};
use crate::listener::Listener;
use softframe_phone::Action;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::MouseEvent;

/// Answer, Decline and the consent card react so long after they are really visible (ui.md 4.9).
pub(crate) const ARM_MS: f64 = 500.0;
/// … and to keys only if the person was not typing just before: the Enter was meant for something else.
const KEY_QUIET_MS: f64 = 700.0;
/// End stands where Call or Answer was just pressed.
pub(crate) const END_DEAD_MS: f64 = 600.0;

/// Since when something has been visible, and from when on it reacts.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    visible_since: Rc<Cell<Option<f64>>>,
    delay_ms: f64,
    minds_keys: bool,
}

impl Arm {
    /// Reacts `delay_ms` after it became visible; with `minds_keys` also only to deliberate keys.
    pub(crate) fn after(delay_ms: f64, minds_keys: bool) -> Arm {
        Arm { visible_since: Rc::default(), delay_ms, minds_keys }
    }

    /// It became visible now.
    pub(crate) fn start(&self) {
        self.visible_since.set(Some(clock_ms()));
    }

    /// It is visible, or is not.
    pub(crate) fn visible(&self, visible: bool) {
        match (visible, self.visible_since.get()) {
            (true, None) => self.start(),
            (true, Some(_)) => {}
            (false, _) => self.visible_since.set(None),
        }
    }

    /// Whether it reacts to the pointer (`by_key` false) or a key.
    pub(crate) fn ready(&self, cx: &Context, by_key: bool) -> bool {
        let seen = self.visible_since.get().is_some_and(|since| clock_ms() - since >= self.delay_ms);
        seen && !(by_key && self.minds_keys && cx.since_last_key() < KEY_QUIET_MS)
    }
}

/// A button with its action.
pub(crate) struct Press {
    part: Part,
    action: Rc<RefCell<Option<Action>>>,
    _click: Listener,
}

impl Press {
    /// A button that reacts at once.
    pub(crate) fn new(cx: &Rc<Context>, part: Part) -> Press {
        Press::guarded(cx, part, None)
    }

    /// A button that reacts only when armed.
    pub(crate) fn armed(cx: &Rc<Context>, part: Part, arm: &Arm) -> Press {
        Press::guarded(cx, part, Some(arm.clone()))
    }

    fn guarded(cx: &Rc<Context>, part: Part, arm: Option<Arm>) -> Press {
        let action: Rc<RefCell<Option<Action>>> = Rc::default();
        let (cx, wanted, element) = (cx.clone(), action.clone(), part.clone());
        let click = part.on("click", move |event| {
            // Before the browser's default: a button in a form would send it.
            event.prevent_default();
            let clicks = event.dyn_ref::<MouseEvent>().map_or(0, |event| event.detail());
            let Some(action) = wanted.borrow().clone() else { return };
            let disabled = element.element().has_attribute("aria-disabled");
            let armed = arm.as_ref().is_none_or(|arm| arm.ready(&cx, clicks == 0));
            let again = clicks > 1 && dials(&action);
            if armed && !again && !element.element().has_attribute("aria-busy") {
                cx.act(if disabled { Action::WhyNot } else { action });
            }
        });
        Press { part, action, _click: click }
    }

    /// Makes this from now on.
    pub(crate) fn makes(&self, action: Action) {
        *self.action.borrow_mut() = Some(action);
    }

    /// Works or not. It stays focusable.
    pub(crate) fn enable(&self, enabled: bool) {
        self.part.only_if("aria-disabled", !enabled);
    }

    /// The button.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }
}

/// A double click never dials twice, nor undoes what its first click did.
fn dials(action: &Action) -> bool {
    matches!(
        action,
        Action::Call
            | Action::CallNumber(_)
            | Action::CallAgain
            | Action::Transfer(..)
            | Action::Redirect(..)
            | Action::Merge(..)
            | Action::Split(_)
            | Action::Connect(..)
    )
}
