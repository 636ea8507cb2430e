//! Rows of lists: contacts, hits, recents, suggestions, numbers. A row is written again only when it differs.
//!
//! A row opens or fills; only its handset calls.

use super::{
    avatar,
    context::Context,
    dom::{Part, Template, is_mirrored},
};
use crate::listener::Listener;
use softframe_phone::{Action, view::Row};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, MouseEvent};

/// One row with its handset.
pub(crate) struct RowView {
    cx: Rc<Context>,
    part: Part,
    row: Rc<RefCell<Row>>,
    _listeners: [Listener; 3],
}

impl RowView {
    /// An empty row.
    pub(crate) fn new(cx: &Rc<Context>) -> RowView {
        let part = cx.copy(Template::Row);
        let row: Rc<RefCell<Row>> = Rc::default();
        let open = {
            let (cx, row) = (cx.clone(), row.clone());
            part.find(".open").on("click", move |_| {
                let key = row.borrow().key.clone();
                cx.act(Action::OpenContact(key));
            })
        };
        let handset = {
            let (cx, row) = (cx.clone(), row.clone());
            part.find(".handset").on("click", move |event| {
                let again = event.dyn_ref::<MouseEvent>().is_some_and(|event| event.detail() > 1);
                let action = called(&row.borrow());
                if let Some(action) = action.filter(|_| !again) {
                    cx.act(action);
                }
            })
        };
        let keys = {
            let (cx, row, sides) = (cx.clone(), row.clone(), (part.find(".open"), part.find(".handset")));
            part.on("keydown", move |event| {
                let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
                match (key.key().as_str(), is_mirrored()) {
                    ("ArrowRight", false) | ("ArrowLeft", true) if sides.1.is_shown() => sides.1.focus(),
                    ("ArrowLeft", false) | ("ArrowRight", true) => sides.0.focus(),
                    ("Enter", _) if key.shift_key() && !key.repeat() => {
                        let action = called(&row.borrow());
                        if let Some(action) = action {
                            cx.act(action);
                        }
                    }
                    _ => return,
                }
                event.prevent_default();
            })
        };
        RowView { cx: cx.clone(), part, row, _listeners: [open, handset, keys] }
    }

    /// Writes what differs.
    pub(crate) fn update(&self, row: &Row) {
        if *self.row.borrow() == *row {
            return;
        }
        *self.row.borrow_mut() = row.clone();
        let part = &self.part;
        avatar::write(&part.find(".avatar"), &row.avatar, &row.name);
        let name = part.find(".name");
        if row.name.is_empty() {
            name.text(&self.cx.plain("in.withheld"));
        } else {
            name.marked(&row.name, &row.name_match);
        }
        let counted = row.several > 0 && row.number_match.is_empty();
        let alone = row.number.is_empty() || counted;
        let title = if alone { row.name.clone() } else { format!("{} · {}", row.name, row.number) };
        name.attribute("title", Some(&title));
        let second = part.find(".second");
        let icon = second.find(".icon");
        icon.show(!row.second_icon.is_empty());
        if !row.second_icon.is_empty() {
            icon.icon(row.second_icon);
        }
        let (text, number) = (second.find(".text"), second.find(".number"));
        let mut words = self.cx.text(&row.second);
        if counted {
            if !words.is_empty() {
                words.push_str(" · ");
            }
            words.push_str(&self.cx.with("contact.numbers", &[("n", &row.several.to_string())]));
        }
        // Not twice; and what happened (it has an icon) needs the place.
        let said = words == row.number || row.name == row.number;
        let shown = if said || counted || !row.second_icon.is_empty() { "" } else { row.number.as_str() };
        second.show(!(words.is_empty() && shown.is_empty()));
        text.text(&words);
        text.class("more", !words.is_empty() && !shown.is_empty());
        number.marked(shown, if shown.is_empty() { &[] } else { &row.number_match });
        let time = if row.at == 0 { String::new() } else { self.cx.strings().borrow().time(row.at) };
        part.find(".time").text_or_hide(&time);
        part.only_if("data-missed", row.missed);
        let handset = part.find(".handset");
        handset.show(!row.handset.is_empty() || row.several > 0);
        let label = self.cx.with("recents.callto", &[("name", &row.name)]);
        handset.attribute("aria-label", Some(&label));
        handset.attribute("title", Some(&label));
    }

    /// Where it stands among how many.
    pub(crate) fn place(&self, index: usize, count: usize) {
        self.part.attribute("aria-posinset", Some(&(index + 1).to_string()));
        self.part.attribute("aria-setsize", Some(&count.to_string()));
    }

    /// Its place, from 0 on.
    pub(crate) fn index(&self) -> usize {
        let place = self.part.says("aria-posinset").and_then(|place| place.parse().ok());
        place.unwrap_or(1_usize).saturating_sub(1)
    }

    /// The list item.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What takes the focus.
    pub(crate) fn open(&self) -> Part {
        self.part.find(".open")
    }

    /// Names the row.
    pub(crate) fn key(&self) -> String {
        self.row.borrow().key.clone()
    }
}

fn called(row: &Row) -> Option<Action> {
    if row.several > 0 {
        return Some(Action::OpenNumbers(row.key.clone()));
    }
    (!row.handset.is_empty()).then(|| Action::CallNumber(row.handset.clone()))
}

/// A short list: all rows stand in the page.
pub(crate) struct RowList {
    cx: Rc<Context>,
    list: Part,
    rows: Vec<RowView>,
    _keys: Listener,
}

impl RowList {
    /// In this `ul`.
    pub(crate) fn new(cx: &Rc<Context>, list: Part) -> RowList {
        let keys = one_stop(&list);
        RowList { cx: cx.clone(), list, rows: Vec::new(), _keys: keys }
    }

    /// Writes what differs.
    pub(crate) fn update(&mut self, rows: &[Row]) {
        while self.rows.len() < rows.len() {
            let row = RowView::new(&self.cx);
            self.list.append(row.part());
            self.rows.push(row);
        }
        for surplus in self.rows.drain(rows.len()..) {
            surplus.part().remove();
        }
        for (index, (view, row)) in self.rows.iter().zip(rows).enumerate() {
            view.update(row);
            view.place(index, rows.len());
        }
        roving(&self.list);
    }
}

/// A list is one stop for Tab: arrows, Home, End and page keys move between rows.
pub(crate) fn one_stop(list: &Part) -> Listener {
    const PAGE: usize = 6;
    let all = list.clone();
    list.on("keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        let rows = all.all(".open");
        let Some(at) = rows.iter().position(|row| row.holds_focus()) else { return };
        let last = rows.len() - 1;
        let to = match key.key().as_str() {
            "ArrowDown" => (at + 1).min(last),
            "ArrowUp" => at.saturating_sub(1),
            "PageDown" => (at + PAGE).min(last),
            "PageUp" => at.saturating_sub(PAGE),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        for (index, row) in rows.iter().enumerate() {
            row.attribute("tabindex", Some(if index == to { "0" } else { "-1" }));
        }
        if let Some(row) = rows.get(to) {
            row.focus();
        }
    })
}

/// Exactly one row can be reached by Tab.
pub(crate) fn roving(list: &Part) {
    let rows = list.all(".open");
    let at = rows.iter().position(|row| row.says("tabindex").as_deref() == Some("0")).unwrap_or(0);
    for (index, row) in rows.iter().enumerate() {
        row.attribute("tabindex", Some(if index == at { "0" } else { "-1" }));
    }
}

/// Suggestions below a field: options of a listbox, the highlighted one is the field's active descendant.
pub(crate) struct Suggestions {
    cx: Rc<Context>,
    list: Part,
    field: Part,
    rows: Vec<(Part, Listener)>,
    shown: Vec<Row>,
    highlighted: Option<usize>,
    choose: fn(usize, &Row) -> Action,
    latest: Rc<RefCell<Vec<Row>>>,
}

impl Suggestions {
    /// Of this field; a click makes what `choose` says.
    pub(crate) fn new(
        cx: &Rc<Context>,
        list: Part,
        field: Part,
        choose: fn(usize, &Row) -> Action,
    ) -> Suggestions {
        Suggestions {
            cx: cx.clone(),
            list,
            field,
            rows: Vec::new(),
            shown: Vec::new(),
            highlighted: None,
            choose,
            latest: Rc::default(),
        }
    }

    /// Writes what differs.
    pub(crate) fn update(&mut self, rows: &[Row], highlighted: Option<usize>) {
        while self.rows.len() < rows.len() {
            self.add();
        }
        for (part, _listener) in self.rows.drain(rows.len()..) {
            part.remove();
        }
        if self.shown != rows {
            for (index, row) in rows.iter().enumerate() {
                if let Some((part, _)) = self.rows.get(index).filter(|_| self.shown.get(index) != Some(row)) {
                    write_suggestion(&self.cx, part, row);
                }
            }
            self.shown = rows.to_vec();
            *self.latest.borrow_mut() = rows.to_vec();
        }
        for (index, (part, _)) in self.rows.iter().enumerate() {
            part.flag("aria-selected", highlighted == Some(index));
        }
        let active = highlighted.and_then(|index| self.rows.get(index)).and_then(|(part, _)| part.says("id"));
        self.field.attribute("aria-activedescendant", active.as_deref());
        self.field.flag("aria-expanded", !rows.is_empty());
        if highlighted != self.highlighted
            && let Some((part, _)) = highlighted.and_then(|index| self.rows.get(index))
        {
            nearest(part);
        }
        self.highlighted = highlighted;
    }

    fn add(&mut self) {
        let index = self.rows.len();
        let part = self.cx.copy(Template::Suggestion);
        let list = self.list.says("id").unwrap_or_else(|| "targets".to_owned());
        part.attribute("id", Some(&format!("{list}-{index}")));
        let (cx, latest, choose) = (self.cx.clone(), self.latest.clone(), self.choose);
        let click = part.on("click", move |_| {
            let action = latest.borrow().get(index).map(|row| choose(index, row));
            if let Some(action) = action {
                cx.act(action);
            }
        });
        self.list.append(&part);
        self.rows.push((part, click));
    }
}

fn write_suggestion(cx: &Context, part: &Part, row: &Row) {
    avatar::write(&part.find(".avatar"), &row.avatar, &row.name);
    let (name, number) = (part.find(".name"), part.find(".number"));
    name.marked(&row.name, &row.name_match);
    name.attribute("title", Some(&row.name));
    let free = part.find(".free");
    free.class("busy", row.free == Some(false));
    free.text_or_hide(&row.free.map_or_else(String::new, |is_free| {
        cx.plain(if is_free { "transfer.free" } else { "transfer.oncall" })
    }));
    let hint = cx.text(&row.second);
    if hint.is_empty() || !row.number.is_empty() {
        number.marked(&row.number, &row.number_match);
    } else {
        number.text(&hint);
    }
}

/// Scrolled no further than it needs.
fn nearest(part: &Part) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    part.element().scroll_into_view_with_scroll_into_view_options(&options);
}

/// The number of a contact, with its kind and a handset.
pub(crate) struct Numbers {
    cx: Rc<Context>,
    list: Part,
    shown: Vec<(String, &'static str, bool)>,
    presses: Vec<super::press::Press>,
}

impl Numbers {
    /// In this `ul`.
    pub(crate) fn new(cx: &Rc<Context>, list: Part) -> Numbers {
        Numbers { cx: cx.clone(), list, shown: Vec::new(), presses: Vec::new() }
    }

    /// Written anew when they differ.
    pub(crate) fn update(&mut self, numbers: &[(String, &'static str, bool)]) {
        if self.shown == numbers && !self.presses.is_empty() {
            return;
        }
        self.shown = numbers.to_vec();
        self.presses.clear();
        self.list.clear();
        for (number, kind, has_handset) in numbers {
            let part = self.cx.copy(Template::Number);
            part.find(".number").text(number);
            part.find(".kind").text(&kind_text(&self.cx, kind));
            let handset = part.find(".handset");
            handset.show(*has_handset);
            handset.attribute("aria-label", Some(&self.cx.with("recents.callto", &[("name", number)])));
            self.list.append(&part);
            let call = Action::CallNumber(number.clone());
            self.presses.push(super::frame::pressing(&self.cx, handset, call));
        }
    }
}

/// `contact.mobile`; a bare `mobile` is the same.
pub(crate) fn kind_text(cx: &Context, kind: &str) -> String {
    match kind {
        "" => String::new(),
        id if id.contains('.') => cx.plain(id),
        kind => cx.plain(&format!("contact.{kind}")),
    }
}

/// A search field with its clear button.
pub(crate) struct Search {
    part: Part,
    input: Part,
    _listeners: [Listener; 2],
}

impl Search {
    /// In `place`; what is typed makes `typed`.
    pub(crate) fn new(cx: &Rc<Context>, place: &Part, label: &str, typed: fn(String) -> Action) -> Search {
        let part = cx.copy(Template::Search);
        let input = part.find("input");
        input.attribute("aria-label", Some(&cx.plain(label)));
        input.attribute("placeholder", Some(&cx.plain(label)));
        let on_input = {
            let (cx, input) = (cx.clone(), input.clone());
            part.on("input", move |_| cx.act(typed(input.input().value())))
        };
        let clear = {
            let (cx, input) = (cx.clone(), input.clone());
            part.find(".clear").on("click", move |_| {
                input.input().set_value("");
                cx.act(typed(String::new()));
                input.focus();
            })
        };
        place.append(&part);
        Search { part, input, _listeners: [on_input, clear] }
    }

    /// Writes the phone's text if it is another (a letter that is being composed stays).
    pub(crate) fn update(&self, query: &str) {
        if self.input.input().value() != query {
            self.input.input().set_value(query);
        }
        self.part.find(".clear").show(!query.is_empty());
    }

    /// The field.
    pub(crate) fn input(&self) -> &Part {
        &self.input
    }
}
