//! Rows of lists: contacts, hits, recents, numbers. A row is written again only when it differs.
//!
//! A row opens or fills; only its handset calls. A past call has a menu, and Delete removes it.

use super::{
    avatar::Avatar,
    context::Context,
    dom::{Part, Template, is_mirrored},
    tip::Tip,
    words::Words,
};
use crate::listener::Listener;
use softframe_phone::{Action, view::Row};
use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::{KeyboardEvent, MouseEvent};

/// One row with its handset. It knows what it shows: the page is never asked.
pub(crate) struct RowView {
    cx: Rc<Context>,
    part: Part,
    open: Part,
    avatar: Avatar,
    name: Words,
    second: Part,
    icon: Part,
    text: Words,
    number: Words,
    /// The number gives way to how many there are.
    counted: Cell<bool>,
    /// What a number calls itself, quoted.
    said: Words,
    time: Part,
    /// Said, not seen: the day that begins here, and which way a call went.
    day: Part,
    way: Part,
    begins: RefCell<String>,
    handset: Part,
    row: Rc<RefCell<Row>>,
    /// Nothing was written yet.
    fresh: Cell<bool>,
    /// The whole of what may be cut, and whom the handset calls.
    whole: Tip,
    whom: Tip,
    letter: RefCell<String>,
    /// Whether it has a second line, and whether that has a number or a quoted name beside what it says.
    lines: Cell<Option<(bool, bool, bool)>>,
    index: Cell<usize>,
    count: Cell<usize>,
    top: Cell<f64>,
    shown: Cell<bool>,
    tabbable: Cell<bool>,
    _listeners: [Listener; 4],
}

impl RowView {
    /// An empty row.
    pub(crate) fn new(cx: &Rc<Context>) -> RowView {
        let part = cx.copy(Template::Row);
        let (open, handset) = (part.find(".open"), part.find(".handset"));
        let row: Rc<RefCell<Row>> = Rc::default();
        let opened = {
            let (cx, row) = (cx.clone(), row.clone());
            open.on("click", move |_| {
                let key = row.borrow().key.clone();
                cx.act(Action::OpenContact(key));
            })
        };
        let called = {
            let (cx, row) = (cx.clone(), row.clone());
            handset.on("click", move |event| {
                let again = event.dyn_ref::<MouseEvent>().is_some_and(|event| event.detail() > 1);
                let action = called(&row.borrow());
                if let Some(action) = action.filter(|_| !again) {
                    cx.act(action);
                }
            })
        };
        let menu = {
            let (cx, row) = (cx.clone(), row.clone());
            part.on("contextmenu", move |event| {
                let past = row.borrow().clone();
                if past.at != 0 {
                    event.prevent_default();
                    cx.act(Action::OpenNumbers(past.key));
                }
            })
        };
        let keys = keys(cx, &part, &open, &handset, &row);
        RowView {
            cx: cx.clone(),
            avatar: Avatar::new(part.find(".avatar")),
            name: Words::new(part.find(".name")),
            second: part.find(".second"),
            icon: part.find(".second > .icon"),
            text: Words::new(part.find(".text")),
            number: Words::new(part.find(".number")),
            counted: Cell::new(false),
            said: Words::new(part.find(".said")),
            time: part.find(".time"),
            day: part.find(".day-begins"),
            way: part.find(".way"),
            begins: RefCell::default(),
            whole: Tip::new(part.clone()),
            whom: Tip::new(handset.clone()),
            part,
            open,
            handset,
            row,
            fresh: Cell::new(true),
            letter: RefCell::default(),
            lines: Cell::new(None),
            index: Cell::new(0),
            count: Cell::new(0),
            top: Cell::new(f64::NAN),
            shown: Cell::new(true),
            tabbable: Cell::new(true),
            _listeners: [opened, called, menu, keys],
        }
    }

    /// Writes what differs.
    pub(crate) fn update(&self, row: &Row) {
        let fresh = self.fresh.replace(false);
        if !fresh && *self.row.borrow() == *row {
            return;
        }
        let old = self.row.replace(row.clone());
        let renamed = fresh || old.name != row.name;
        if renamed || old.avatar != row.avatar {
            self.avatar.write(&row.avatar, &row.name);
        }
        if row.name.is_empty() {
            self.name.write(&self.cx.plain("in.withheld"), &[]);
        } else if renamed || old.name_match != row.name_match {
            self.name.write(&row.name, &row.name_match);
        }
        let counted = row.several > 0 && row.number_match.is_empty();
        let alone = row.number.is_empty() || counted;
        let name = self.cx.who(&row.name, &row.says);
        self.whole.write(if alone { name } else { format!("{name} · {}", row.number) });
        if old.second_icon != row.second_icon {
            self.icon.show(!row.second_icon.is_empty());
            self.icon.icon(row.second_icon);
            let way = match row.second_icon {
                "in" => "recents.in",
                "out" => "recents.out",
                _ => "",
            };
            self.way.text(&if way.is_empty() { String::new() } else { self.cx.plain(way) });
        }
        self.second_line(row, counted);
        if fresh || old.at != row.at {
            let time = if row.at == 0 { String::new() } else { self.cx.strings().borrow().time(row.at) };
            self.time.text_or_hide(&time);
        }
        if old.missed != row.missed {
            self.part.only_if("data-missed", row.missed);
        }
        if fresh || is_callable(&old) != is_callable(row) {
            self.handset.show(is_callable(row));
        }
        if renamed {
            let label = self.cx.with("recents.callto", &[("name", &row.name)]);
            self.handset.write("aria-label", &label);
            self.whom.write(label);
        }
    }

    fn second_line(&self, row: &Row, counted: bool) {
        let words = self.cx.text(&row.second);
        // How many there are stands where the number does: neither is cut in favour of a company.
        let count = || self.cx.with("contact.numbers", &[("n", &row.several.to_string())]);
        let shown = match counted {
            true => Cow::Owned(count()),
            // Not twice; and what happened (it has an icon) needs the place.
            false if words == row.number || row.name == row.number => Cow::Borrowed(""),
            false if !row.second_icon.is_empty() => Cow::Borrowed(""),
            false => Cow::Borrowed(row.number.as_str()),
        };
        if self.counted.replace(counted) != counted {
            // Digits run from the left, words as they do.
            self.number.part().write("dir", if counted { "auto" } else { "ltr" });
        }
        let lines = (
            !(words.is_empty() && shown.is_empty() && row.says.is_empty()),
            !words.is_empty() && !shown.is_empty(),
            !words.is_empty() && !row.says.is_empty(),
        );
        if self.lines.replace(Some(lines)) != Some(lines) {
            self.second.show(lines.0);
            self.second.class("more", lines.1);
            self.second.class("quoted", lines.2);
        }
        self.text.write_or_hide(&words, &[]);
        let said = if row.says.is_empty() {
            String::new()
        } else {
            self.cx.with("in.quoted", &[("name", &row.says)])
        };
        self.said.write_or_hide(&said, &[]);
        self.number.write_or_hide(&shown, if shown.is_empty() || counted { &[] } else { &row.number_match });
    }

    /// Is the first with this letter; an empty one: it is not the first with its.
    pub(crate) fn begin(&self, letter: &str) {
        if *self.letter.borrow() != letter {
            self.part.attribute("data-letter", (!letter.is_empty()).then_some(letter));
            letter.clone_into(&mut self.letter.borrow_mut());
        }
    }

    /// Where it stands among how many.
    pub(crate) fn place(&self, index: usize, count: usize) {
        let counted = self.count.replace(count);
        if self.index.replace(index) != index || counted == 0 {
            self.part.write("aria-posinset", &(index + 1).to_string());
        }
        if counted != count {
            self.part.write("aria-setsize", &count.to_string());
        }
    }

    /// The day that begins with it, or none: a heading is drawn elsewhere, and who cannot see it hears it here.
    pub(crate) fn begins(&self, day: &str) {
        if *self.begins.borrow() != day {
            day.clone_into(&mut self.begins.borrow_mut());
            self.day.text(day);
        }
    }

    /// How far below the top of its list it stands, in pixels.
    pub(crate) fn put(&self, top: f64) {
        if self.top.replace(top) != top {
            self.part.property("transform", &format!("translateY({top}px)"));
        }
    }

    /// Is shown or hidden.
    pub(crate) fn show(&self, shown: bool) {
        if self.shown.replace(shown) != shown {
            self.part.show(shown);
        }
    }

    /// Whether Tab leads to it.
    pub(crate) fn stop(&self, tabbable: bool) {
        if self.tabbable.replace(tabbable) != tabbable {
            self.open.write("tabindex", if tabbable { "0" } else { "-1" });
        }
    }

    /// Whether it is shown.
    pub(crate) fn is_shown(&self) -> bool {
        self.shown.get()
    }

    /// Its place, from 0 on.
    pub(crate) fn index(&self) -> usize {
        self.index.get()
    }

    /// The list item.
    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What takes the focus.
    pub(crate) fn open(&self) -> &Part {
        &self.open
    }

    /// When its call began.
    pub(crate) fn at(&self) -> u64 {
        self.row.borrow().at
    }
}

/// Arrows lead to the handset and back; Enter with Shift calls.
fn keys(cx: &Rc<Context>, part: &Part, open: &Part, handset: &Part, row: &Rc<RefCell<Row>>) -> Listener {
    let (cx, open, handset, row) = (cx.clone(), open.clone(), handset.clone(), row.clone());
    part.on("keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        match (key.key().as_str(), is_mirrored()) {
            ("ArrowRight", false) | ("ArrowLeft", true) if handset.is_shown() => handset.focus(),
            ("ArrowLeft", false) | ("ArrowRight", true) => open.focus(),
            ("Enter", _) if key.shift_key() && !key.repeat() => {
                let action = called(&row.borrow());
                if let Some(action) = action {
                    cx.act(action);
                }
            }
            ("Delete", _) if row.borrow().at != 0 => {
                let key = row.borrow().key.clone();
                cx.act(Action::RemoveRecent(key));
            }
            _ => return,
        }
        event.prevent_default();
    })
}

fn is_callable(row: &Row) -> bool {
    !row.handset.is_empty() || row.several > 0
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
    input: Part,
    clear: Part,
    is_empty: Cell<Option<bool>>,
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
        let button = part.find(".clear");
        let clear = {
            let (cx, input) = (cx.clone(), input.clone());
            button.on("click", move |_| {
                input.input().set_value("");
                cx.act(typed(String::new()));
                input.focus();
            })
        };
        place.append(&part);
        Search { input, clear: button, is_empty: Cell::new(None), _listeners: [on_input, clear] }
    }

    /// Writes the phone's text if it is another (a letter that is being composed stays).
    pub(crate) fn update(&self, query: &str) {
        if self.input.input().value() != query {
            self.input.input().set_value(query);
        }
        if self.is_empty.replace(Some(query.is_empty())) != Some(query.is_empty()) {
            self.clear.show(!query.is_empty());
        }
    }

    /// The field.
    pub(crate) fn input(&self) -> &Part {
        &self.input
    }
}
