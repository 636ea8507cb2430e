//! The keyboard (ui.md 6): Esc, `/`, typing on the dial screen, single keys in a call.
//!
//! Esc never ends a call, and what starts or ends one needs Shift.

use super::{
    context::Context,
    dom::{Part, document, in_text_field},
    press::Arm,
};
use crate::listener::Listener;
use softframe_phone::{
    Action, Answer, CallId,
    view::{CallScreen, Tile},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

/// What keys mean on the screen that is shown.
#[derive(Clone, Debug, Default)]
pub(crate) enum Meaning {
    /// Only what every screen has.
    #[default]
    Plain,
    /// Printable keys go to this field.
    Field(Part),
    /// `/` goes to this field.
    Search(Part),
    /// `/` presses this button, which opens the field.
    Opens(Part),
    /// Single keys answer or decline.
    Ringing(CallId, Arm),
    /// Single keys press tiles.
    Call { ends: Action, tiles: Vec<Tile>, held: Option<CallId>, keypad: bool, end: Arm },
}

impl Meaning {
    /// Of a call screen.
    pub(crate) fn of_call(view: &CallScreen, end: &Arm) -> Meaning {
        Meaning::Call {
            ends: (*view.end.1).clone(),
            tiles: view.tiles.clone(),
            held: view.others.first().filter(|_| !view.merged).map(|(call, ..)| *call),
            keypad: view.keypad.is_some(),
            end: end.clone(),
        }
    }
}

/// Listens to the document.
pub(crate) struct Keyboard {
    meaning: Rc<RefCell<Meaning>>,
    single: Rc<Cell<bool>>,
    _listeners: [Listener; 2],
}

impl Keyboard {
    /// `escape` closes the top sheet and says whether there was one.
    pub(crate) fn new(cx: &Rc<Context>, escape: impl Fn() -> bool + 'static) -> Keyboard {
        let meaning: Rc<RefCell<Meaning>> = Rc::default();
        let single = Rc::new(Cell::new(true));
        let (heard, now, letters) = (cx.clone(), meaning.clone(), single.clone());
        let down = Listener::new(&document(), "keydown", move |event| {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
            if key.is_composing() || key.ctrl_key() || key.alt_key() || key.meta_key() {
                return;
            }
            if key.key() == "Escape" {
                event.prevent_default();
                if !escape() {
                    heard.act(Action::Back);
                }
                return;
            }
            let typing = in_text_field(&event);
            let sheet = Part::by_id(super::dom::id::SHEET).element().has_attribute("open");
            if typing || sheet || event.default_prevented() {
                return;
            }
            let meaning = now.borrow().clone();
            meaning.take(&heard, key, letters.get());
        });
        // After the click that the key makes: the arming rule asks how long ago the key before it was.
        let up_cx = cx.clone();
        let up = Listener::new(&document(), "keyup", move |event| {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
            // Space outside of a field presses a button, and does so after this.
            if in_text_field(&event) || key.key().chars().count() == 1 && key.key() != " " {
                up_cx.key_pressed();
            }
        });
        Keyboard { meaning, single, _listeners: [down, up] }
    }

    /// What keys mean from now on; letters in calls nothing, unless `single`.
    pub(crate) fn mean(&self, meaning: Meaning, single: bool) {
        self.single.set(single);
        *self.meaning.borrow_mut() = meaning;
    }
}

impl Meaning {
    fn take(&self, cx: &Context, key: &KeyboardEvent, single: bool) {
        let pressed = key.key();
        match self {
            Meaning::Plain => {}
            // The letter itself then arrives in the field: focus moves before the key's default action.
            Meaning::Field(field) if pressed.chars().count() == 1 && pressed != " " => field.focus(),
            Meaning::Field(_) => {}
            Meaning::Search(field) if pressed == "/" => {
                key.prevent_default();
                field.focus();
            }
            Meaning::Opens(button) if pressed == "/" => {
                key.prevent_default();
                button.html().click();
            }
            Meaning::Search(_) | Meaning::Opens(_) => {}
            // A capital letter that was meant for a field answers nothing.
            Meaning::Ringing(_, arm) if !single || !arm.ready(cx, true) => {}
            Meaning::Ringing(call, _) => {
                let action = match (pressed.to_lowercase().as_str(), key.shift_key()) {
                    ("a", true) => Action::Answer(*call, Answer::HoldOther),
                    ("d", true) => Action::Decline(*call),
                    _ => return,
                };
                act_once(cx, key, action);
            }
            Meaning::Call { ends, tiles, held, keypad, end } => {
                let action = match digit(key) {
                    // Digits are sent only while the key pad is open.
                    Some(digit) => keypad.then_some(Action::Key(digit)),
                    None if single => in_call(key, ends, tiles, *held, *keypad),
                    None => None,
                };
                let dead = action.as_ref() == Some(ends) && !end.ready(cx, true);
                if let Some(action) = action.filter(|_| !dead) {
                    act_once(cx, key, action);
                }
            }
        }
    }
}

fn act_once(cx: &Context, key: &KeyboardEvent, action: Action) {
    key.prevent_default();
    if !key.repeat() {
        cx.act(action);
    }
}

fn digit(key: &KeyboardEvent) -> Option<char> {
    let pressed = key.key();
    pressed.chars().next().filter(|c| pressed.len() == 1 && matches!(c, '0'..='9' | '*' | '#'))
}

fn in_call(
    key: &KeyboardEvent,
    ends: &Action,
    tiles: &[Tile],
    held: Option<CallId>,
    keypad: bool,
) -> Option<Action> {
    let pressed = key.key();
    let tile = |icons: &[&str]| {
        let tile = tiles.iter().find(|tile| icons.contains(&tile.icon) && !tile.busy);
        tile.map(|tile| if tile.enabled { tile.action.clone() } else { Action::WhyNot })
    };
    match (pressed.to_lowercase().as_str(), key.shift_key()) {
        ("e", true) => Some(ends.clone()),
        ("m", false) => tile(&["mic", "mic-off"]),
        ("h", false) => tile(&["pause", "play"]),
        ("k", false) if keypad => Some(Action::CallKeypad(false)),
        ("k", false) => tile(&["keypad"]),
        // Connect looks alike, and ends what a letter alone never ends.
        ("t", false) => tile(&["transfer"]).filter(|action| !matches!(action, Action::Connect(..))),
        ("a", false) => tile(&["add"]),
        ("v", false) => tile(&["headset", "speaker"]),
        ("s", false) => held.map(Action::Swap),
        _ => None,
    }
}
