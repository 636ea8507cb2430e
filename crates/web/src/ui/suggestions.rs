//! Suggestions below a field: options of a listbox, the highlighted one is the field's active descendant.
//!
//! Only those stand in the page that are in view, and what was above them: what nobody sees would still be laid out at
//! every letter.

use super::{
    avatar,
    context::Context,
    dom::{Part, Template},
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
    rows: Rc<RefCell<Vec<Row>>>,
    highlighted: Option<usize>,
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
    avatar: Part,
    name: Part,
    free: Part,
    number: Part,
    shown: Option<Row>,
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
            rows: Rc::default(),
            highlighted: None,
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
            option.part.attribute("aria-setsize", Some(&rows.len().to_string()));
            option.part.flag("aria-selected", highlighted == Some(index));
        }
        if *self.rows.borrow() != rows {
            *self.rows.borrow_mut() = rows.to_vec();
        }
        let at = highlighted.and_then(|index| Some((index, self.options.get(index)?)));
        let active = at.and_then(|(_, option)| option.part.says("id"));
        self.field.attribute("aria-activedescendant", active.as_deref());
        self.field.flag("aria-expanded", !rows.is_empty());
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
        for surplus in self.options.drain(count..) {
            surplus.part.remove();
        }
    }

    fn add(&mut self) {
        let index = self.options.len();
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
        self.list.append(&part);
        self.options.push(OptionView {
            avatar: part.find(".avatar"),
            name: part.find(".name"),
            free: part.find(".free"),
            number: part.find(".number"),
            part,
            shown: None,
            _click: click,
        });
    }
}

impl OptionView {
    fn write(&mut self, cx: &Context, row: &Row) {
        if self.shown.as_ref() == Some(row) {
            return;
        }
        avatar::write(&self.avatar, &row.avatar, &row.name);
        self.name.marked(&row.name, &row.name_match);
        self.name.attribute("title", Some(&row.name));
        if row.free != self.shown.as_ref().and_then(|shown| shown.free) {
            self.free.class("busy", row.free == Some(false));
            self.free.text_or_hide(&row.free.map_or_else(String::new, |is_free| {
                cx.plain(if is_free { "transfer.free" } else { "transfer.oncall" })
            }));
        }
        let hint = cx.text(&row.second);
        if hint.is_empty() || !row.number.is_empty() {
            self.number.marked(&row.number, &row.number_match);
        } else {
            self.number.text(&hint);
        }
        self.shown = Some(row.clone());
    }
}

/// Scrolled no further than it needs.
fn nearest(part: &Part) {
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    part.element().scroll_into_view_with_scroll_into_view_options(&options);
}
