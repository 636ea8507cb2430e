//! The browser's clock: the current instant, and one timer for the phone's next deadline.
//!
//! It never sets a timer of the page where a Worker starts: a hidden page's timers fall to one a minute.

use crate::{app::Feed, listener::Listener, shell::Shell};
use softframe_phone::{Input, Instant};
use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, Performance, Window, Worker};

/// The longest delay a browser timer takes; a later deadline is armed again when it ends.
const MAX_DELAY_MS: f64 = 2_147_483_647.0;

/// Reads the time, and feeds [`Input::Wall`] and [`Input::Timeout`] when the armed deadline has passed.
pub(crate) struct Clock {
    performance: Option<Performance>,
    ticker: RefCell<Ticker>,
    armed: Cell<Option<Instant>>,
}

enum Ticker {
    Worker { worker: Worker, _listeners: [Listener; 2] },
    Page { window: Window, timer: Option<i32>, fired: Closure<dyn FnMut()> },
    None,
}

impl Clock {
    /// A clock that feeds `feed`.
    pub(crate) fn new(feed: Feed, shell: &Shell) -> Clock {
        let performance = web_sys::window().and_then(|window| window.performance());
        let ticker = match shell.worker() {
            Some(worker) => Ticker::of_worker(worker, feed),
            None => Ticker::of_page(feed),
        };
        Clock { performance, ticker: RefCell::new(ticker), armed: Cell::new(None) }
    }

    /// Monotonic, milliseconds since the page started.
    pub(crate) fn now(&self) -> Instant {
        Instant(self.exact() as u64)
    }

    /// The same with its fraction, to measure steps.
    pub(crate) fn exact(&self) -> f64 {
        self.performance.as_ref().map_or_else(js_sys::Date::now, Performance::now)
    }

    /// Milliseconds since 1970.
    pub(crate) fn wall() -> Input {
        Input::Wall(js_sys::Date::now() as u64)
    }

    /// Fires at this deadline, or before it: one that is put off, as by each letter that is typed, is armed when the one
    /// before has ended, and costs no message to the Worker until then.
    pub(crate) fn arm(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline.filter(|at| self.armed.get().is_none_or(|armed| *at < armed)) else {
            return;
        };
        self.armed.set(Some(deadline));
        self.ticker.borrow_mut().set((deadline.0 as f64 - self.exact()).ceil().clamp(0.0, MAX_DELAY_MS));
    }

    /// The timer has fired: the next deadline is to be armed, also if it is the same one.
    pub(crate) fn fired(&self) {
        self.armed.set(None);
    }

    /// The Worker did not start: timers of the page instead.
    pub(crate) fn without_worker(&self, feed: Feed) {
        *self.ticker.borrow_mut() = Ticker::of_page(feed);
        self.armed.set(None);
    }
}

impl Ticker {
    fn of_worker(worker: Worker, feed: Feed) -> Ticker {
        let failed = feed.clone();
        let listeners = [
            Listener::new(&worker, "message", move |_: Event| feed.tick()),
            Listener::new(&worker, "error", move |_: Event| failed.worker_failed()),
        ];
        Ticker::Worker { worker, _listeners: listeners }
    }

    fn of_page(feed: Feed) -> Ticker {
        let Some(window) = web_sys::window() else { return Ticker::None };
        Ticker::Page { window, timer: None, fired: Closure::new(move || feed.tick()) }
    }

    fn set(&mut self, delay_ms: f64) {
        match self {
            Ticker::Worker { worker, .. } => {
                let _ = worker.post_message(&JsValue::from_f64(delay_ms));
            }
            Ticker::Page { window, timer, fired } => {
                if let Some(id) = timer.take() {
                    window.clear_timeout_with_handle(id);
                }
                let function = fired.as_ref().unchecked_ref();
                *timer = window
                    .set_timeout_with_callback_and_timeout_and_arguments_0(function, delay_ms as i32)
                    .ok();
            }
            Ticker::None => {}
        }
    }
}

impl Feed {
    fn tick(&self) {
        let Some(app) = self.app() else { return };
        app.clock().fired();
        if app.is_due() {
            app.feed([Clock::wall(), Input::Timeout]);
        }
    }

    fn worker_failed(&self) {
        self.with(|app| app.clock().without_worker(self.clone()));
        self.inputs([Input::Timeout]);
    }
}
