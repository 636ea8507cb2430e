//! The screen: writes the DOM from `&View` and turns what the person does into `Action`s.
//!
//! It decides nothing: labels, enabled flags and what happens next come from `softframe_phone::view`.

mod avatar;
mod bar;
mod calls;
mod choice;
mod contacts;
mod context;
mod dom;
mod drop;
mod edit;
mod forwarding;
mod frame;
mod help;
mod hits;
mod import;
mod keypad;
mod keys;
mod list;
mod pages;
mod press;
mod recents;
mod route;
mod row;
mod screens;
mod sheet;
mod signin;
mod sound;
mod suggestions;
mod text;
mod theme;
mod tip;
mod visible;
mod voice;
mod waiting;
mod who;
mod words;

use bar::Bar;
use context::Context;
use drop::Drop;
use frame::Frame;
pub(crate) use help::save_file;
use keys::Keyboard;
use screens::Screens;
use sheet::Sheets;
use softframe_phone::{
    Input, Instant, Phone,
    view::{Look, Row, Screen, Text, View},
};
use std::rc::Rc;
pub use text::Strings;
use wasm_bindgen::{JsCast, prelude::Closure};

/// The meters of the microphone that the person sees now.
pub(crate) fn level_meters() -> Vec<web_sys::Element> {
    let document = dom::document();
    // Asked whenever the screen is written: the browser knows where they are, and one on a page that is not shown is not
    // asked how high it is, which would lay everything out.
    let found = document.get_elements_by_tag_name("meter");
    let all = (0..found.length()).filter_map(|index| found.item(index));
    let shown = all.filter(|meter| matches!(meter.closest("[hidden]"), Ok(None)));
    shown.filter(|meter| meter.client_height() > 0 && !document.hidden()).collect()
}

/// The same is not said again within this time (ui.md 7).
const NO_REPEAT_MS: f64 = 3_000.0;

/// The whole screen of one frame.
pub struct Ui {
    cx: Rc<Context>,
    frame: Frame,
    screens: Screens,
    sheets: Sheets,
    bar: Bar,
    keyboard: Keyboard,
    look: Option<Look>,
    /// The language that is spoken, or asked for and on its way.
    asked: &'static str,
    /// The id of what had the focus when the texts were exchanged.
    held: Option<String>,
    said: (String, f64),
    unsaid: Vec<(Text, bool)>,
    _drop: Drop,
}

impl Ui {
    /// Takes over the markup of `index.html`. `feed` gets what the person did, `files` what was dropped or chosen;
    /// `redraw` asks for a [`Ui::render`] although nothing of the phone changed (a list was scrolled).
    pub fn new(
        feed: Rc<dyn Fn(Input)>,
        files: Rc<dyn Fn(Vec<web_sys::File>)>,
        redraw: Rc<dyn Fn()>,
        strings: Strings,
    ) -> Ui {
        let asked = strings.language();
        let cx = Context::new(feed, files, redraw, strings);
        cx.localise_page();
        let warm = cx.clone();
        let warm = Closure::once_into_js(move || warm.strings().borrow().warm());
        // Where there is no idle time, the first number is as slow as it is.
        let _ = dom::window().request_idle_callback(warm.unchecked_ref());
        let sheets = Sheets::new(&cx);
        Ui {
            frame: Frame::new(&cx),
            screens: Screens::new(&cx),
            bar: Bar::new(&cx),
            keyboard: Keyboard::new(&cx, sheets.escape()),
            look: None,
            asked,
            held: None,
            said: (String::new(), f64::MIN),
            unsaid: Vec::new(),
            _drop: Drop::new(&cx),
            sheets,
            cx,
        }
    }

    /// Writes what differs from what stands there.
    pub fn render(&mut self, phone: &Phone, now: Instant) {
        let view = phone.view(now);
        self.render_view(&view, &|screen, start, count| phone.rows(screen, start, count));
    }

    /// The same for a view from anywhere; `rows` reads the rows of the list of a screen from one on, so many.
    pub fn render_view(&mut self, view: &View, rows: &dyn Fn(&Screen, usize, usize) -> Vec<Row>) {
        let held = screens::focused();
        self.look(&view.look);
        self.frame.update(view, Screens::tab(&view.screen));
        // Before the screens: under an open sheet nothing can take the focus.
        self.sheets.update(view.sheet.as_ref(), &view.header);
        self.keyboard.mean(self.screens.update(view, rows), view.single_keys);
        self.bar.update(view);
        if !self.sheets.is_open() {
            self.screens.keep_focus(held);
            if let Some(id) = self.held.take() {
                self.screens.give_focus_back(&id);
            }
        }
        self.say_all();
    }

    /// Says this to screen readers, once, when the screen is written next: a sheet that opens makes the rest of the
    /// page inert, and what is said must not stand there.
    pub fn announce(&mut self, text: &Text, assertive: bool) {
        self.unsaid.push((text.clone(), assertive));
    }

    fn say_all(&mut self) {
        let now = dom::clock_ms();
        let mut cleared = [false; 2];
        for (text, assertive) in std::mem::take(&mut self.unsaid) {
            let text = text::without_gaps(&self.cx.text(&text));
            if text.is_empty() || self.said.0 == text && now - self.said.1 < NO_REPEAT_MS {
                continue;
            }
            let more = std::mem::replace(&mut cleared[usize::from(assertive)], true);
            self.cx.voice().say(&text, assertive, more);
            self.said = (text, now);
        }
    }

    /// The language that is wished for and was not asked for yet; it is asked for once.
    pub(crate) fn wants(&mut self) -> Option<&'static str> {
        let wished = self.look.as_ref()?.language.texts;
        (std::mem::replace(&mut self.asked, wished) != wished).then_some(wished)
    }

    /// From now on all texts are these: what stands on the screen is built anew, and what had the focus has it again.
    pub(crate) fn speak(&mut self, strings: Strings) {
        self.held = screens::focused().map(|held| held.id());
        self.cx.strings().replace(strings);
        self.cx.localise_page();
        self.look = None;
        self.sheets.close();
        self.screens.forget();
        (self.frame, self.bar) = (Frame::new(&self.cx), Bar::new(&self.cx));
    }

    fn look(&mut self, look: &Look) {
        if self.look.as_ref() == Some(look) {
            return;
        }
        let changed = self.cx.strings().borrow_mut().exchange(&look.strings, &look.language);
        theme::write(look, self.cx.strings().borrow().tag());
        if changed {
            self.cx.localise_page();
            (self.frame, self.bar) = (Frame::new(&self.cx), Bar::new(&self.cx));
        }
        self.look = Some(look.clone());
    }
}
