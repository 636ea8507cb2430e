//! A list of any length of which only the rows in view stand in the page.
//!
//! It reads rows by index when it is written, and never holds more than a screenful.

use super::{
    context::Context,
    dom::{Part, Template},
    row::RowView,
};
use crate::listener::Listener;
use softframe_phone::view::Row;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

/// Firefox collapses an element between 14 and 28 million pixels.
const MAX_SPACER_PX: f64 = 10_000_000.0;
/// Rows above and below those in view, so that a small scroll shows no gap. A search has none until it is scrolled: each
/// letter writes all of its rows anew.
const SPARE_ROWS: usize = 4;
/// Until a row has been measured.
const ROW_PX: f64 = 52.0;
/// Until a heading has been measured.
const HEAD_PX: f64 = 28.0;
/// Scrolled by so many rows at once, the letter is shown.
const FAST_ROWS: f64 = 12.0;

/// What stands by the rows.
#[derive(Clone, Copy)]
pub(crate) enum Marks<'a> {
    /// Nothing.
    None,
    /// Their letters, where they stand in the order of names.
    Letters,
    /// Headings, each above the row of this index, in order.
    Heads(&'a [(usize, String)]),
}

/// The list, its scroll container and the letter chip, if there is one.
pub(crate) struct VirtualList {
    cx: Rc<Context>,
    scroll: Part,
    list: Part,
    letter: Option<Part>,
    /// Between the first event of scrolling and the last: a list that comes back at another place is no fast scroll.
    moving: Rc<Cell<bool>>,
    pool: Vec<RowView>,
    /// The place in the pool whose row comes first in the page.
    leads: usize,
    /// Taken out when there were fewer rows, and put back when there are more.
    spare: Vec<RowView>,
    heads: Vec<Part>,
    lines: Lines,
    /// A row that was written has told how high rows are.
    measured: bool,
    /// As it was looked at last.
    top: f64,
    view_px: f64,
    total: Rc<Cell<usize>>,
    wanted_focus: Rc<RefCell<Option<usize>>>,
    /// The row that had the focus last.
    left: Option<usize>,
    last_top: f64,
    height: f64,
    _listeners: Vec<Listener>,
}

impl VirtualList {
    /// In `list`, scrolled by `scroll`.
    pub(crate) fn new(cx: &Rc<Context>, scroll: Part, list: Part, letter: Option<Part>) -> VirtualList {
        let (total, wanted_focus) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(None)));
        let moving = Rc::new(Cell::new(false));
        let scrolled = {
            let (cx, moving) = (cx.clone(), moving.clone());
            scroll.on("scroll", move |_| {
                moving.set(true);
                cx.redraw();
            })
        };
        let rested = {
            let (letter, moving) = (letter.clone(), moving.clone());
            scroll.on("scrollend", move |_| {
                moving.set(false);
                letter.iter().for_each(|letter| letter.show(false));
            })
        };
        let keys = keys(cx, &list, &total, &wanted_focus);
        VirtualList {
            cx: cx.clone(),
            scroll,
            list,
            letter,
            moving,
            pool: Vec::new(),
            leads: 0,
            spare: Vec::new(),
            heads: Vec::new(),
            lines: Lines { row_px: ROW_PX, head_px: HEAD_PX, heads: Vec::new() },
            measured: false,
            top: 0.0,
            view_px: 0.0,
            total,
            wanted_focus,
            left: None,
            last_top: 0.0,
            height: -1.0,
            _listeners: vec![scrolled, rested, keys],
        }
    }

    /// Looks how high a row is and what is in view: to be called before anything of the screen is written, since a look at
    /// what was changed lays it all out, and the browser does so once more before it paints.
    pub(crate) fn look(&mut self) {
        self.top = f64::from(self.scroll.element().scroll_top());
        self.view_px = f64::from(self.scroll.element().client_height());
        self.measure();
    }

    /// Writes the rows in view of `total`.
    pub(crate) fn update(&mut self, total: usize, marks: Marks<'_>, read: &dyn Fn(usize, usize) -> Vec<Row>) {
        self.total.set(total);
        self.lines.heads.clear();
        if let Marks::Heads(heads) = marks {
            self.lines.heads.extend(heads.iter().map(|(index, _)| *index));
        }
        if self.view_px == 0.0 {
            // It was hidden.
            self.look();
        }
        let spacer = self.lines.whole(total).min(MAX_SPACER_PX);
        if spacer != self.height {
            self.height = spacer;
            self.list.property("height", &format!("{spacer}px"));
        }
        self.top = self.top.min((spacer - self.view_px).max(0.0));
        let wanted = self.wanted_focus.borrow_mut().take();
        if let Some(index) = wanted {
            self.reveal(index);
        }
        let spare = if !matches!(marks, Marks::None) || self.top > 0.0 { SPARE_ROWS } else { 0 };
        let window = Window::of(self.top, self.view_px, &self.lines, total, spacer, spare);
        let rows = read(window.first, window.count);
        let held = self.held();
        self.write(&rows, &window, total, matches!(marks, Marks::Letters));
        self.order(window.first % window.count.max(1));
        self.write_heads(marks, &window);
        if let Some(view) = wanted.and_then(|index| self.pool.get(index % window.count.max(1))) {
            view.open().focus();
        }
        // The last row has gone, and the focus with it: the row above has it now.
        if let Some(last) = total.checked_sub(1).filter(|last| held.is_some_and(|held| held > *last))
            && let Some(view) = self.pool.get(last % window.count.max(1))
        {
            view.open().focus();
        }
        let from = self.top * scale(self.lines.whole(total), spacer, self.view_px);
        let seen = self.lines.at(from, total);
        let is_cut = self.lines.top(seen) < from;
        self.one_stop((seen + usize::from(is_cut)).min(total.saturating_sub(1)));
        if let Marks::Letters = marks {
            self.show_letter(&rows, &window);
        }
        // The first rows tell how high rows are: in large letters, higher than was thought.
        if !self.measured {
            let thought = (self.lines.row_px, self.lines.head_px);
            self.measure();
            if (self.lines.row_px, self.lines.head_px) != thought {
                self.update(total, marks, read);
            }
        }
    }

    /// The rows of a window, each with its letter where that is the first of it.
    fn write(&mut self, rows: &[Row], window: &Window, total: usize, by_name: bool) {
        let count = window.count;
        self.resize(count);
        let mut section = String::new();
        for (offset, row) in rows.iter().enumerate() {
            let index = window.first + offset;
            let letter = if by_name { letter_of(&row.name) } else { String::new() };
            // What is before the first of many rows is out of view, and so is that row.
            let begins = letter != section && (offset > 0 || index == 0);
            if let Some(view) = self.pool.get(index % count.max(1)) {
                view.update(row);
                view.place(index, total);
                view.put(window.shift_px + self.lines.top(index));
                view.begin(if begins { &letter } else { "" });
                view.show(true);
            }
            section = letter;
        }
        // Fewer rows came than there should be (the index is at work): the rest of the pool rests.
        for offset in rows.len()..count {
            if let Some(view) = self.pool.get((window.first + offset) % count.max(1)) {
                view.show(false);
            }
        }
    }

    /// Rows stand in the page in the order in which they are seen, for who walks through it without seeing it. Those that
    /// have left at one end and come in at the other are moved; of both ways the one that leaves the focus where it is,
    /// since an element that is moved loses it, else the shorter one.
    fn order(&mut self, leads: usize) {
        let count = self.pool.len();
        let old = std::mem::replace(&mut self.leads, leads);
        let (on, back) = turns(old, leads, count);
        if on == 0 {
            return;
        }
        let to_end: Vec<usize> = (0..on).map(|step| (old + step) % count).collect();
        let held =
            self.pool.iter().position(|row| row.part().holds_focus()).filter(|_| self.list.holds_focus());
        let forward = match held {
            Some(held) => !to_end.contains(&held),
            None => on <= back,
        };
        if forward {
            to_end.iter().filter_map(|at| self.pool.get(*at)).for_each(|row| self.list.append(row.part()));
        } else {
            let to_start = (1..=back).map(|step| (old + count - step) % count);
            to_start.filter_map(|at| self.pool.get(at)).for_each(|row| self.list.prepend(row.part()));
        }
    }

    /// The headings in a window.
    fn write_heads(&mut self, marks: Marks<'_>, window: &Window) {
        let Marks::Heads(heads) = marks else { return };
        let in_view = heads.iter().skip_while(|(index, _)| *index < window.first);
        let in_view: Vec<_> = in_view.take_while(|(index, _)| *index < window.first + window.count).collect();
        while self.heads.len() < in_view.len() {
            let head = self.cx.copy(Template::Day);
            self.list.append(&head);
            self.heads.push(head);
        }
        for surplus in self.heads.drain(in_view.len()..) {
            surplus.remove();
        }
        for (head, (index, text)) in self.heads.iter().zip(in_view) {
            head.text(text);
            let top = window.shift_px + self.lines.top(*index) - self.lines.head_px;
            head.property("transform", &format!("translateY({top}px)"));
        }
        for row in &self.pool {
            let day = heads.iter().find(|(index, _)| *index == row.index());
            row.begins(day.map_or("", |(_, text)| text.as_str()));
        }
    }

    /// The row that has the focus.
    fn held(&self) -> Option<usize> {
        let focused = || self.pool.iter().find(|row| row.part().holds_focus());
        if self.list.holds_focus() { focused().map(RowView::index) } else { None }
    }

    /// When the row that has the focus began, for a list whose rows have times.
    pub(crate) fn focused_at(&self) -> Option<u64> {
        let focused = || self.pool.iter().find(|row| row.part().holds_focus());
        if self.list.holds_focus() { focused().map(RowView::at) } else { None }
    }

    /// The row of this index has the focus when the list is written next, unless it has it.
    pub(crate) fn want_focus(&self, index: usize) {
        let has_it = self.pool.iter().any(|row| row.index() == index && row.part().holds_focus());
        if !has_it {
            *self.wanted_focus.borrow_mut() = Some(index);
        }
    }

    /// Back to the first row.
    pub(crate) fn rewind(&mut self) {
        if self.top != 0.0 {
            self.top = 0.0;
            self.scroll.element().set_scroll_top(0);
        }
    }

    /// A row is as high as its text makes it, and so is a heading.
    fn measure(&mut self) {
        let row = self.pool.iter().find(|view| view.is_shown()).map(RowView::part);
        let high = |part: Option<&Part>| part.map_or(0, |part| part.html().offset_height());
        for (px, high) in
            [(&mut self.lines.row_px, high(row)), (&mut self.lines.head_px, high(self.heads.first()))]
        {
            if high > 0 {
                *px = f64::from(high);
                self.measured = true;
            }
        }
    }

    fn resize(&mut self, count: usize) {
        if self.pool.len() != count {
            // Those that stay are in the order of the pool before others come or go.
            self.order(0);
        }
        while self.pool.len() < count {
            let view = self.spare.pop().unwrap_or_else(|| RowView::new(&self.cx));
            self.list.append(view.part());
            self.pool.push(view);
        }
        while self.pool.len() > count
            && let Some(surplus) = self.pool.pop()
        {
            surplus.part().remove();
            self.spare.push(surplus);
        }
    }

    /// Tab leads to the row that was left or, where that is out of view, to the first that is wholly in view.
    fn one_stop(&mut self, seen: usize) {
        let shown = || self.pool.iter().filter(|row| row.is_shown());
        let focused = self.held();
        self.left = focused.or(self.left);
        let last_seen = seen + (self.view_px / self.lines.row_px).floor() as usize;
        let left = self.left.filter(|left| focused.is_some() || (seen..last_seen).contains(left));
        let stop = left.unwrap_or(seen);
        for row in shown() {
            row.stop(row.index() == stop);
        }
    }

    /// Scrolls so that row `index` is in view, with its heading.
    fn reveal(&mut self, index: usize) {
        let whole = self.lines.whole(self.total.get());
        let scale = scale(whole, whole.min(MAX_SPACER_PX), self.view_px);
        let (top, at) = (self.lines.top(index), self.top * scale);
        let from = top - if self.lines.heads.contains(&index) { self.lines.head_px } else { 0.0 };
        let end = top + self.lines.row_px;
        let to = if from < at {
            from
        } else if end > at + self.view_px {
            end - self.view_px
        } else {
            return;
        };
        self.top = (to / scale).round();
        self.scroll.element().set_scroll_top(self.top as i32);
    }

    fn show_letter(&mut self, rows: &[Row], window: &Window) {
        let top = window.first as f64;
        if let Some(letter) = &self.letter
            && self.moving.get()
            && (top - self.last_top).abs() >= FAST_ROWS
        {
            let first = rows.get(SPARE_ROWS.min(window.first));
            letter.text_or_hide(&first.map(|row| letter_of(&row.name)).unwrap_or_default());
        }
        self.last_top = top;
    }
}

/// The letter under which a name stands, as names are ordered.
fn letter_of(name: &str) -> String {
    softframe_phone::initial(name).into_iter().flat_map(char::to_uppercase).collect()
}

/// How many rows move to the end, or else to the start, so that `new` is the first of `count` in a ring and not `old`.
fn turns(old: usize, new: usize, count: usize) -> (usize, usize) {
    let on = if count == 0 { 0 } else { (new + count - old % count) % count };
    (on, count - on)
}

/// Pixels of content for a pixel of scroll: 1 until the spacer is capped.
fn scale(whole: f64, spacer: f64, view: f64) -> f64 {
    let travel = (spacer - view).max(1.0);
    if spacer < whole { (whole - view) / travel } else { 1.0 }
}

/// Where rows and headings stand below each other, in pixels of the content.
struct Lines {
    row_px: f64,
    head_px: f64,
    /// The rows with a heading above them, in order.
    heads: Vec<usize>,
}

impl Lines {
    /// The top of row `index`, below its heading.
    fn top(&self, index: usize) -> f64 {
        let heads = self.heads.partition_point(|head| *head <= index);
        index as f64 * self.row_px + heads as f64 * self.head_px
    }

    /// All rows and headings.
    fn whole(&self, total: usize) -> f64 {
        total as f64 * self.row_px + self.heads.len() as f64 * self.head_px
    }

    /// The first row that ends below `px`; `total` where none does.
    fn at(&self, px: f64, total: usize) -> usize {
        let (mut low, mut high) = (0, total);
        while low < high {
            let middle = low.midpoint(high);
            if self.top(middle) + self.row_px <= px {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// Which rows stand in the page, and how far below their place in the content.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    first: usize,
    count: usize,
    shift_px: f64,
}

impl Window {
    fn of(scroll_top: f64, view: f64, lines: &Lines, total: usize, spacer: f64, spare: usize) -> Window {
        let whole = lines.whole(total);
        let top = (scroll_top * scale(whole, spacer, view)).clamp(0.0, (whole - view).max(0.0));
        let first = lines.at(top, total).saturating_sub(spare);
        // As many wherever it is scrolled to, and whether there are headings or not: rows keep their places in the pool.
        let cut = usize::from(spare > 0);
        let count = ((view / lines.row_px).ceil() as usize + 2 * spare + cut).min(total - first);
        // Relative to the spacer: what is at `top` stands at `scroll_top`.
        Window { first, count, shift_px: scroll_top.max(0.0) - top }
    }
}

/// Moves the focus, also to rows that are not in the page yet.
fn keys(
    cx: &Rc<Context>,
    list: &Part,
    total: &Rc<Cell<usize>>,
    wanted: &Rc<RefCell<Option<usize>>>,
) -> Listener {
    const PAGE: usize = 6;
    let (cx, total, wanted) = (cx.clone(), total.clone(), wanted.clone());
    list.on("keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let row = target.and_then(|target| target.closest(".row").ok().flatten()).map(Part::of);
        let place =
            row.and_then(|row| row.says("aria-posinset")).and_then(|place| place.parse::<usize>().ok());
        let (Some(at), Some(last)) =
            (place.and_then(|place| place.checked_sub(1)), total.get().checked_sub(1))
        else {
            return;
        };
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
        *wanted.borrow_mut() = Some(to);
        cx.redraw();
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Lines {
        Lines { row_px: 52.0, head_px: 28.0, heads: Vec::new() }
    }

    #[test]
    fn rows_in_view_follow_the_scroll_and_stay_where_the_eye_is() {
        let window = Window::of(0.0, 400.0, &rows(), 1_000, 52_000.0, SPARE_ROWS);
        assert_eq!(window, Window { first: 0, count: 17, shift_px: 0.0 });
        let window = Window::of(5_200.0, 400.0, &rows(), 1_000, 52_000.0, SPARE_ROWS);
        assert_eq!((window.first, window.shift_px), (96, 0.0));
        let end = Window::of(52_000.0 - 400.0, 400.0, &rows(), 1_000, 52_000.0, SPARE_ROWS);
        assert_eq!(end.first + end.count, 1_000);
        let search = Window::of(0.0, 400.0, &rows(), 1_000, 52_000.0, 0);
        assert_eq!(search.count, 8, "in view, the last one in part");
    }

    #[test]
    fn headings_move_the_rows_below_them_down() {
        let days = Lines { heads: vec![0, 3, 500], ..rows() };
        let tops = [0, 2, 3, 499, 500].map(|index| days.top(index));
        assert_eq!(tops, [28.0, 132.0, 212.0, 26_004.0, 26_084.0]);
        assert_eq!(days.whole(1_000), 52_084.0);
        for (px, row) in
            [(0.0, 0), (79.0, 0), (80.0, 1), (184.0, 3), (263.0, 3), (26_056.0, 500), (52_084.0, 1_000)]
        {
            assert_eq!(days.at(px, 1_000), row, "at {px}");
        }
        let end = Window::of(52_084.0 - 400.0, 400.0, &days, 1_000, 52_084.0, SPARE_ROWS);
        assert_eq!((end.first + end.count, end.shift_px), (1_000, 0.0));
    }

    #[test]
    fn a_capped_spacer_reaches_the_first_and_the_last_row() {
        let total = 1_000_000;
        let start = Window::of(0.0, 400.0, &rows(), total, MAX_SPACER_PX, SPARE_ROWS);
        assert_eq!((start.first, start.shift_px), (0, 0.0));
        let end = Window::of(MAX_SPACER_PX - 400.0, 400.0, &rows(), total, MAX_SPACER_PX, SPARE_ROWS);
        assert_eq!(end.first + end.count, total);
        let bottom = end.shift_px + rows().whole(total);
        assert!((bottom - MAX_SPACER_PX).abs() < 0.01, "the last row ends where the spacer ends: {bottom}");
    }

    #[test]
    fn rows_move_to_the_end_as_many_as_have_left_at_the_start() {
        assert_eq!(turns(0, 0, 17), (0, 17), "a letter moves none");
        assert_eq!(turns(0, 2, 17), (2, 15));
        assert_eq!(turns(16, 1, 17), (2, 15), "over the end of the pool");
        assert_eq!(turns(2, 0, 17), (15, 2), "back");
        assert_eq!(turns(0, 0, 0), (0, 0));
    }

    #[test]
    fn an_empty_and_a_short_list_have_no_rows_beyond_their_end() {
        assert_eq!(Window::of(0.0, 400.0, &rows(), 0, 0.0, SPARE_ROWS).count, 0);
        assert_eq!(Window::of(0.0, 400.0, &rows(), 3, 156.0, SPARE_ROWS).count, 3);
        assert_eq!(Window::of(9_000.0, 400.0, &rows(), 3, 156.0, SPARE_ROWS).first, 0);
    }
}
