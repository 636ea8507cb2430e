//! The dial screen: field, suggestions, keys, Call. And the grid of keys, which the call's key pad has too.
//!
//! What is typed goes to the phone; what the field holds comes from it.

use super::{
    context::Context,
    dom::{Part, Template, clock_ms},
    press::Press,
    signin::text_of,
    suggestions::Suggestions,
    words::Words,
};
use crate::listener::Listener;
use softframe_phone::{Action, view::Keypad};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// A button held so long does its second thing (0: "+", delete: all).
const LONG_PRESS_MS: f64 = 500.0;
/// A number from this length on is written smaller.
const LONG_NUMBER_CHARS: usize = 12;

/// 05 to 07.
pub(crate) struct Dial {
    cx: Rc<Context>,
    part: Part,
    field: Part,
    delete: Part,
    suggestions: Suggestions,
    note: Part,
    call: Press,
    call_text: Words,
    /// How many suggestions there are, and which is highlighted.
    offered: Rc<Cell<(usize, Option<usize>)>>,
    /// How much place the suggestions had when they were written last.
    place: Option<(bool, bool, bool)>,
    /// Whether the number is long, there is none, and it can be called.
    number: Option<(bool, bool, bool)>,
    _keys: Keys,
    _listeners: Vec<Listener>,
}

impl Dial {
    pub(crate) fn new(cx: &Rc<Context>) -> Dial {
        let part = cx.copy(Template::Keypad);
        let (field, delete) = (part.find(".number-field"), part.find(".delete"));
        let offered: Rc<Cell<(usize, Option<usize>)>> = Rc::default();
        let listeners =
            vec![typed(cx, &field), field_keys(cx, &field, &offered), erased(cx, &field, &delete)]
                .into_iter()
                .chain(holding(&delete))
                .collect();
        let suggestions =
            Suggestions::new(cx, part.find(".suggestions"), field.clone(), |index, _| Action::Fill(index));
        let call = super::frame::pressing(cx, part.find(".call"), Action::Call);
        let keys = Keys::new(cx, &part.find(".keys"));
        Dial {
            cx: cx.clone(),
            note: part.find(".dial-note"),
            part,
            field,
            delete,
            suggestions,
            call_text: Words::new(call.part().find(".text")),
            call,
            offered,
            place: None,
            number: None,
            _keys: keys,
            _listeners: listeners,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What has the focus on this screen.
    pub(crate) fn field(&self) -> &Part {
        &self.field
    }

    /// Writes what differs.
    pub(crate) fn update(&mut self, view: &Keypad, banner: bool) {
        self.suggestions.look();
        if self.field.input().value() != view.field {
            self.field.input().set_value(&view.field);
        }
        let note = text_of(&self.cx, view.note.as_ref());
        self.note.text_or_hide(&note);
        let place = (banner, view.by_name, !note.is_empty());
        if self.place.replace(place) != Some(place) {
            self.part.class("banner-above", place.0);
            self.part.class("by-name", place.1);
            self.part.class("noted", place.2);
            self.suggestions.look();
        }
        self.suggestions.update(&view.suggestions, view.highlighted);
        self.offered.set((view.suggestions.len(), view.highlighted));
        let is_long = view.field.chars().count() >= LONG_NUMBER_CHARS;
        let number = (is_long, view.field.is_empty(), view.call_enabled);
        if self.number.replace(number) != Some(number) {
            self.field.class("long", is_long);
            self.delete.show(!view.field.is_empty());
            self.call.enable(view.call_enabled);
        }
        self.call_text.write(&self.cx.text(&view.call_label), &[]);
    }
}

fn typed(cx: &Rc<Context>, field: &Part) -> Listener {
    let (cx, input) = (cx.clone(), field.clone());
    field.on("input", move |_| cx.act(Action::DialField(input.input().value())))
}

/// Arrows highlight, Enter calls.
fn field_keys(cx: &Rc<Context>, field: &Part, offered: &Rc<Cell<(usize, Option<usize>)>>) -> Listener {
    let (cx, offered) = (cx.clone(), offered.clone());
    field.on("keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        if key.is_composing() {
            return;
        }
        let (count, at) = offered.get();
        let action = match key.key().as_str() {
            "ArrowDown" if count > 0 => Action::Highlight(Some(at.map_or(0, |at| (at + 1).min(count - 1)))),
            "ArrowUp" if count > 0 => Action::Highlight(at.and_then(|at| at.checked_sub(1))),
            "Enter" if !key.repeat() => Action::Call,
            _ => return,
        };
        event.prevent_default();
        cx.act(action);
    })
}

/// The last character; held, all of them.
fn erased(cx: &Rc<Context>, field: &Part, delete: &Part) -> Listener {
    let (cx, field, button) = (cx.clone(), field.clone(), delete.clone());
    delete.on("click", move |_| {
        let mut text = field.input().value();
        if was_held(&button) {
            text.clear();
        }
        text.pop();
        cx.act(Action::DialField(text));
        field.focus();
    })
}

/// Remembers on the element when it was pressed.
fn holding(part: &Part) -> Vec<Listener> {
    let down = part.clone();
    vec![part.on("pointerdown", move |_| down.attribute("data-down", Some(&(clock_ms() as u64).to_string())))]
}

fn was_held(part: &Part) -> bool {
    let since = part.says("data-down").and_then(|since| since.parse::<u64>().ok());
    part.attribute("data-down", None);
    since.is_some_and(|since| clock_ms() - since as f64 >= LONG_PRESS_MS)
}

/// The twelve keys.
pub(crate) struct Keys {
    _listeners: Vec<Listener>,
}

impl Keys {
    /// Into `place`. Each press makes [`Action::Key`]; 0 held, or with the other mouse button, makes "+", and 1 the
    /// number of the voice mail.
    pub(crate) fn new(cx: &Rc<Context>, place: &Part) -> Keys {
        let part = cx.copy(Template::Keys);
        place.append(&part);
        let mut listeners = Vec::new();
        let down = Rc::new(Cell::new(f64::MAX));
        {
            let down = down.clone();
            listeners.push(part.on("pointerdown", move |_| down.set(clock_ms())));
        }
        {
            let cx = cx.clone();
            listeners.push(part.on("click", move |event| {
                let Some(key) = key_of(&event) else { return };
                let held = clock_ms() - down.replace(f64::MAX) >= LONG_PRESS_MS;
                cx.act(match key {
                    '0' if held => Action::Key('+'),
                    '1' if held => Action::VoicemailKey,
                    key => Action::Key(key),
                });
            }));
        }
        {
            let cx = cx.clone();
            listeners.push(part.on("contextmenu", move |event| {
                event.prevent_default();
                match key_of(&event) {
                    Some('0') => cx.act(Action::Key('+')),
                    Some('1') => cx.act(Action::VoicemailKey),
                    _ => {}
                }
            }));
        }
        Keys { _listeners: listeners }
    }
}

fn key_of(event: &web_sys::Event) -> Option<char> {
    let target: Element = event.target()?.dyn_into().ok()?;
    let key = target.closest(".key").ok().flatten()?;
    key.get_attribute("data-key")?.chars().next()
}
