//! Suggestions below a field: options of a listbox, the highlighted one is the field's active descendant.
//!
//! Only those stand in the page that are in view, and what was above them: what nobody sees would still be laid out at
//! every letter.

use super::{
    avatar::Avatar,
    context::Context,
    dom::{Part, Template},
    tip::Tip,
    words::Words,
};
use crate::listener::Listener;
use softframe_phone::{Action, view::Row};
use std::{cell::RefCell, rc::Rc};

/// Until an option has been measured.
const ROW_PX: f64 = 40.0;

/// The list below one field.
pub(crate) struct Suggestions {
    cx: Rc<Context>,
    list: Part,
    /// What scrolls: the list itself, or what it lies in.
    scroll: Part,
    field: Part,
    options: Vec<OptionView>,
    /// Taken out when there were fewer rows, and put back when there are more.
    spare: Vec<OptionView>,
    rows: Rc<RefCell<Vec<Row>>>,
    highlighted: Option<usize>,
    expanded: Option<bool>,
    choose: fn(usize, &Row) -> Action,
    /// As they were looked at last.
    top: f64,
    view_px: f64,
    row_px: f64,
    _scrolled: Listener,
}

/// One option, with what it shows.
struct OptionView {
    part: Part,
    avatar: Avatar,
    name: Words,
    /// The name in whole, which may be cut.
    whole: Tip,
    free: Part,
    number: Words,
    shown: Option<Row>,
    /// Among how many it stands, and whether it is highlighted.
    place: Option<(usize, bool)>,
    _click: Listener,
}

impl Suggestions {
    /// Of this field; a click makes what `choose` says.
    pub(crate) fn new(
        cx: &Rc<Context>,
        list: Part,
        field: Part,
        choose: fn(usize, &Row) -> Action,
    ) -> Suggestions {
        let around = list.element().closest(".scroll").ok().flatten();
        let scroll = around.map_or_else(|| list.clone(), Part::of);
        let redraw = cx.clone();
        Suggestions {
            cx: cx.clone(),
            _scrolled: scroll.on("scroll", move |_| redraw.redraw()),
            list,
            scroll,
            field,
            options: Vec::new(),
            spare: Vec::new(),
            rows: Rc::default(),
            highlighted: None,
            expanded: None,
            choose,
            top: 0.0,
            view_px: 0.0,
            row_px: ROW_PX,
        }
    }

    /// Looks what is in view: to be called before anything of the screen is written, or when the list has become higher.
    pub(crate) fn look(&mut self) {
        self.top = f64::from(self.scroll.element().scroll_top());
        self.view_px = f64::from(self.scroll.element().client_height());
        let high = self.options.first().map_or(0, |first| first.part.html().offset_height());
        if high > 0 {
            self.row_px = f64::from(high);
        }
    }

    /// Writes what differs.
    pub(crate) fn update(&mut self, rows: &[Row], highlighted: Option<usize>) {
        if self.view_px == 0.0 {
            // It was hidden.
            self.look();
        }
        if self.top > 0.0 && rows.first() != self.rows.borrow().first() {
            self.top = 0.0;
            self.scroll.element().set_scroll_top(0);
        }
        let in_view = ((self.top + self.view_px) / self.row_px).ceil() as usize;
        let least = highlighted.map_or(0, |at| at + 1);
        // One more, so that the last in view does not look like the last.
        self.resize((in_view + 1).max(least).min(rows.len()));
        for (index, (option, row)) in self.options.iter_mut().zip(rows).enumerate() {
            option.write(&self.cx, row);
            option.stand(rows.len(), highlighted == Some(index));
        }
        if *self.rows.borrow() != rows {
            *self.rows.borrow_mut() = rows.to_vec();
        }
        let at = highlighted.and_then(|index| Some((index, self.options.get(index)?)));
        if highlighted != self.highlighted {
            let active = at.and_then(|(_, option)| option.part.says("id"));
            self.field.attribute("aria-activedescendant", active.as_deref());
        }
        if self.expanded.replace(!rows.is_empty()) != Some(!rows.is_empty()) {
            self.field.flag("aria-expanded", !rows.is_empty());
        }
        if let Some((index, option)) = at.filter(|_| highlighted != self.highlighted) {
            let (from, to) = (index as f64 * self.row_px, (index + 1) as f64 * self.row_px);
            if from < self.top || to > self.top + self.view_px {
                nearest(&option.part);
            }
        }
        self.highlighted = highlighted;
    }

    fn resize(&mut self, count: usize) {
        while self.options.len() < count {
            self.add();
        }
        while self.options.len() > count
            && let Some(surplus) = self.options.pop()
        {
            surplus.part.remove();
            self.spare.push(surplus);
        }
    }

    fn add(&mut self) {
        // The last that was taken out is the next: each keeps its place, and with it its id.
        let option = self.spare.pop().unwrap_or_else(|| self.made(self.options.len()));
        self.list.append(&option.part);
        self.options.push(option);
    }

    fn made(&self, index: usize) -> OptionView {
        let part = self.cx.copy(Template::Suggestion);
        let list = self.list.says("id").unwrap_or_else(|| "targets".to_owned());
        part.write("id", &format!("{list}-{index}"));
        part.write("aria-posinset", &(index + 1).to_string());
        let (cx, rows, choose) = (self.cx.clone(), self.rows.clone(), self.choose);
        let click = part.on("click", move |_| {
            let action = rows.borrow().get(index).map(|row| choose(index, row));
            if let Some(action) = action {
                cx.act(action);
            }
        });
        OptionView {
            avatar: Avatar::new(part.find(".avatar")),
            name: Words::new(part.find(".name")),
            free: part.find(".free"),
            number: Words::new(part.find(".number")),
            whole: Tip::new(part.clone()),
            part,
            shown: None,
            place: None,
            _click: click,
        }
    }
}

impl OptionView {
    fn write(&mut self, cx: &Context, row: &Row) {
        if self.shown.as_ref() == Some(row) {
            return;
        }
        self.avatar.write(&row.avatar, &row.name);
        let name = cx.who(&row.name, &row.says);
        self.name.write(&name, &row.name_match);
        self.whole.write(name);
        if row.free != self.shown.as_ref().and_then(|shown| shown.free) {
            self.free.class("busy", row.free == Some(false));
            self.free.text_or_hide(&row.free.map_or_else(String::new, |is_free| {
                cx.plain(if is_free { "transfer.free" } else { "transfer.oncall" })
            }));
        }
        if row.number.is_empty() {
            self.number.write_or_hide(&cx.text(&row.second), &[]);
        } else {
            self.number.write_or_hide(&row.number, &row.number_match);
        }
        self.shown = Some(row.clone());
    }

    /// Where it stands: among how many, and whether it is highlighted.
    fn stand(&mut self, count: usize, highlighted: bool) {
        let before = self.place.replace((count, highlighted));
        if before.map(|(count, _)| count) != Some(count) {
            self.part.write("aria-setsize", &count.to_string());
        }
        if before.map(|(_, highlighted)| highlighted) != Some(highlighted) {
            self.part.flag("aria-selected", highlighted);
        }
    }
}

/// Scrolled no further than it needs.
fn nearest(part: &Part) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    part.element().scroll_into_view_with_scroll_into_view_options(&options);
}
