//! A list of any length of which only the rows in view stand in the page.
//!
//! It reads rows by index when it is written, and never holds more than a screenful.

use super::{context::Context, dom::Part, row::RowView};
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
/// Scrolled by so many rows at once, the letter is shown.
const FAST_ROWS: f64 = 12.0;

/// The list, its scroll container and the letter chip.
pub(crate) struct VirtualList {
    cx: Rc<Context>,
    scroll: Part,
    list: Part,
    letter: Part,
    /// Between the first event of scrolling and the last: a list that comes back at another place is no fast scroll.
    moving: Rc<Cell<bool>>,
    pool: Vec<RowView>,
    row_px: f64,
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
    pub(crate) fn new(cx: &Rc<Context>, scroll: Part, list: Part, letter: Part) -> VirtualList {
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
                letter.show(false);
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
            row_px: ROW_PX,
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

    /// Writes the rows in view of `total`; where they stand in the order of names, with its letters.
    pub(crate) fn update(&mut self, total: usize, by_name: bool, read: &dyn Fn(usize, usize) -> Vec<Row>) {
        let is_first = self.pool.is_empty();
        self.total.set(total);
        if self.view_px == 0.0 {
            // It was hidden.
            self.look();
        }
        let spacer = (total as f64 * self.row_px).min(MAX_SPACER_PX);
        if spacer != self.height {
            self.height = spacer;
            self.list.property("height", &format!("{spacer}px"));
        }
        self.top = self.top.min((spacer - self.view_px).max(0.0));
        let wanted = self.wanted_focus.borrow_mut().take();
        if let Some(index) = wanted {
            self.reveal(index);
        }
        let spare = if by_name || self.top > 0.0 { SPARE_ROWS } else { 0 };
        let window = Window::of(self.top, self.view_px, self.row_px, total, spacer, spare);
        let count = window.count;
        let rows = read(window.first, count);
        self.resize(count);
        let mut section = String::new();
        for (offset, row) in rows.iter().enumerate() {
            let index = window.first + offset;
            let letter = letter_of(&row.name);
            // What is before the first of many rows is out of view, and so is that row.
            let begins = by_name && letter != section && (offset > 0 || index == 0);
            if let Some(view) = self.pool.get(index % count.max(1)) {
                view.update(row);
                view.place(index, total);
                view.put(window.offset_px + offset as f64 * self.row_px);
                view.part().attribute("data-letter", begins.then_some(letter.as_str()));
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
        if let Some(view) = wanted.and_then(|index| self.pool.get(index % count.max(1))) {
            view.open().focus();
        }
        let whole = total as f64 * self.row_px;
        let seen = self.top * scale(whole, spacer, self.view_px) / self.row_px;
        self.one_stop((seen.ceil() as usize).min(total.saturating_sub(1)));
        if by_name {
            self.show_letter(&rows, &window);
        }
        // The first rows tell how high rows are: in large letters, higher than was thought.
        if is_first {
            let thought = self.row_px;
            self.measure();
            if self.row_px != thought {
                self.update(total, by_name, read);
            }
        }
    }

    /// Back to the first row.
    pub(crate) fn rewind(&mut self) {
        if self.top != 0.0 {
            self.top = 0.0;
            self.scroll.element().set_scroll_top(0);
        }
    }

    /// A row is as high as its text makes it.
    fn measure(&mut self) {
        let shown = self.pool.iter().find(|view| view.is_shown());
        let high = shown.map(|view| view.part().html().offset_height());
        if let Some(high) = high.filter(|high| *high > 0) {
            self.row_px = f64::from(high);
        }
    }

    fn resize(&mut self, count: usize) {
        while self.pool.len() < count {
            let view = RowView::new(&self.cx);
            self.list.append(view.part());
            self.pool.push(view);
        }
        for surplus in self.pool.drain(count..) {
            surplus.part().remove();
        }
    }

    /// Tab leads to the row that was left or, where that is out of view, to the first that is wholly in view.
    fn one_stop(&mut self, seen: usize) {
        let shown = || self.pool.iter().filter(|row| row.is_shown());
        let focused = if self.list.holds_focus() {
            shown().find(|row| row.part().holds_focus()).map(RowView::index)
        } else {
            None
        };
        self.left = focused.or(self.left);
        let last_seen = seen + (self.view_px / self.row_px).floor() as usize;
        let left = self.left.filter(|left| focused.is_some() || (seen..last_seen).contains(left));
        let stop = left.unwrap_or(seen);
        for row in shown() {
            row.stop(row.index() == stop);
        }
    }

    /// Scrolls so that row `index` is in view.
    fn reveal(&mut self, index: usize) {
        let spacer = (self.total.get() as f64 * self.row_px).min(MAX_SPACER_PX);
        let view = self.view_px;
        let whole = self.total.get() as f64 * self.row_px;
        let (top, row) = (index as f64 * self.row_px, self.row_px);
        let scale = scale(whole, spacer, view);
        let at = self.top * scale;
        let to = if top < at {
            top
        } else if top + row > at + view {
            top + row - view
        } else {
            return;
        };
        self.top = (to / scale).round();
        self.scroll.element().set_scroll_top(self.top as i32);
    }

    fn show_letter(&mut self, rows: &[Row], window: &Window) {
        let top = window.first as f64;
        if self.moving.get() && (top - self.last_top).abs() >= FAST_ROWS {
            let first = rows.get(SPARE_ROWS.min(window.first));
            self.letter.text_or_hide(&first.map(|row| letter_of(&row.name)).unwrap_or_default());
        }
        self.last_top = top;
    }
}

/// The letter under which a name stands, as names are ordered.
fn letter_of(name: &str) -> String {
    softframe_phone::initial(name).into_iter().flat_map(char::to_uppercase).collect()
}

/// Pixels of content for a pixel of scroll: 1 until the spacer is capped.
fn scale(whole: f64, spacer: f64, view: f64) -> f64 {
    let travel = (spacer - view).max(1.0);
    if spacer < whole { (whole - view) / travel } else { 1.0 }
}

/// Which rows stand in the page, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Window {
    first: usize,
    count: usize,
    offset_px: f64,
}

impl Window {
    fn of(scroll_top: f64, view: f64, row: f64, total: usize, spacer: f64, spare: usize) -> Window {
        let whole = total as f64 * row;
        let top = (scroll_top * scale(whole, spacer, view)).clamp(0.0, (whole - view).max(0.0));
        let first = ((top / row).floor() as usize).saturating_sub(spare).min(total);
        let count = ((view / row).ceil() as usize + 2 * spare + 1).min(total - first);
        // Relative to the spacer: the row that is at `top` stands at `scroll_top`.
        Window { first, count, offset_px: scroll_top.max(0.0) - (top - first as f64 * row) }
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

    #[test]
    fn rows_in_view_follow_the_scroll_and_stay_where_the_eye_is() {
        let window = Window::of(0.0, 400.0, 52.0, 1_000, 52_000.0, SPARE_ROWS);
        assert_eq!((window.first, window.count, window.offset_px), (0, 17, 0.0));
        let window = Window::of(5_200.0, 400.0, 52.0, 1_000, 52_000.0, SPARE_ROWS);
        assert_eq!((window.first, window.offset_px), (96, 96.0 * 52.0));
        let end = Window::of(52_000.0 - 400.0, 400.0, 52.0, 1_000, 52_000.0, SPARE_ROWS);
        assert_eq!(end.first + end.count, 1_000);
        assert_eq!(
            Window::of(0.0, 400.0, 52.0, 1_000, 52_000.0, 0).count,
            9,
            "in view, the last one in part"
        );
    }

    #[test]
    fn a_capped_spacer_reaches_the_first_and_the_last_row() {
        let total = 1_000_000;
        let start = Window::of(0.0, 400.0, 52.0, total, MAX_SPACER_PX, SPARE_ROWS);
        assert_eq!((start.first, start.offset_px), (0, 0.0));
        let end = Window::of(MAX_SPACER_PX - 400.0, 400.0, 52.0, total, MAX_SPACER_PX, SPARE_ROWS);
        assert_eq!(end.first + end.count, total);
        let bottom = end.offset_px + end.count as f64 * 52.0;
        assert!((bottom - MAX_SPACER_PX).abs() < 0.01, "the last row ends where the spacer ends: {bottom}");
    }

    #[test]
    fn an_empty_and_a_short_list_have_no_rows_beyond_their_end() {
        assert_eq!(Window::of(0.0, 400.0, 52.0, 0, 0.0, SPARE_ROWS).count, 0);
        assert_eq!(Window::of(0.0, 400.0, 52.0, 3, 156.0, SPARE_ROWS).count, 3);
        assert_eq!(Window::of(9_000.0, 400.0, 52.0, 3, 156.0, SPARE_ROWS).first, 0);
    }
}
