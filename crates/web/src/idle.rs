//! Long work in small steps while the browser has nothing better to do: contacts of the host, chunks of files, and the
//! index; and messages of the page that wait unread, which are read at once and in slices.
//!
//! It never works longer than a slice at a time, and never trusts `requestIdleCallback` alone: off-screen and in
//! hidden tabs it starves, so slices by `MessageChannel` take over when it is late. Those are taken from a person who
//! types, so they wait; and all are fewer while a call is about to begin.

use crate::{
    app::{App, Feed},
    listener::Listener,
};
use softframe_phone::{Phone, Stress};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, IdleDeadline, MessageChannel, Window};

/// No idle callback for this long: it starves.
const STARVED_MS: i32 = 250;
/// A slice that has worked for so long takes no further step, whatever the browser grants: an idle deadline is up to 50 ms
/// away, and a call that comes in meanwhile waits. With slices of 4 ms a call was answered first after three to four times
/// as long as without any, with these after one and a half; and the index is ready as soon.
const ENOUGH_MS: f64 = 0.1;
/// Slices that the browser did not offer wait until the person has rested for so long.
const QUIET_MS: f64 = 100.0;
/// What a person does that must be answered at once.
const GESTURES: [&str; 4] = ["keydown", "pointerdown", "touchmove", "wheel"];
/// While a call rings or is set up, so much lies between two slices.
const RINGING_GAP_MS: f64 = 16.0;
/// One step aims at this, and a slice at little more.
const STEP_MS: f64 = 1.0;
/// What a step may grow to, in units (about 1 kB of text each) and in rows or kilobytes taken in: cheap steps must
/// not teach a pace that the next dear one cannot keep. The dearest unit costs a tenth of a millisecond, the cheapest a
/// thirtieth of that.
const MAX_UNITS: f64 = 32.0;

/// The scheduler.
pub(crate) struct Idle {
    feed: Feed,
    window: Option<Window>,
    channel: Option<MessageChannel>,
    _slice: Option<Listener>,
    callback: Closure<dyn FnMut(IdleDeadline)>,
    watchdog: Closure<dyn FnMut()>,
    mode: Cell<Mode>,
    /// What is left of an idle time while other events have their turn.
    granted: RefCell<Option<IdleDeadline>>,
    /// An idle callback is on its way, maybe from an earlier time of work: one chain of them is enough.
    asked: Cell<bool>,
    /// A slice is on its way by the channel: one is enough.
    posted: Cell<bool>,
    timer: Cell<Option<i32>>,
    last_gesture_ms: Rc<Cell<f64>>,
    _gestures: Vec<Listener>,
    index_waits: Cell<bool>,
    index_next: Cell<bool>,
    indexing: Pace,
    intake: Pace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing to do.
    Rest,
    /// An idle callback is asked for, and the watchdog set.
    Idle,
    /// Slices by channel; an idle callback that comes nevertheless takes over again.
    Channel,
}

/// How much one millisecond does, learnt from the steps before.
struct Pace {
    per_ms: Cell<f64>,
}

impl Pace {
    fn amount(&self) -> u32 {
        (self.per_ms.get() * STEP_MS).clamp(1.0, MAX_UNITS) as u32
    }

    fn learn(&self, amount: u32, took_ms: f64) {
        let seen = f64::from(amount) / took_ms.max(0.05);
        // Slower counts soon, faster by and by; one stall of a busy machine must not bring the work to a crawl.
        let old = self.per_ms.get();
        self.per_ms.set(if seen < old { seen.max(old / 2.0) } else { old * 0.8 + seen * 0.2 });
    }
}

impl Idle {
    /// At rest.
    pub(crate) fn new(feed: Feed) -> Idle {
        let channel = MessageChannel::new().ok();
        let slice = channel.as_ref().map(|channel| {
            let feed = feed.clone();
            channel.port1().start();
            Listener::new(&channel.port1(), "message", move |_: Event| {
                feed.with(|app| {
                    app.idle().posted.set(false);
                    app.idle().slice(None);
                })
            })
        });
        let (idle, late) = (feed.clone(), feed.clone());
        let last_gesture_ms = Rc::new(Cell::new(f64::MIN));
        let gestures = web_sys::window().map(|window| {
            let on = |name| {
                let (feed, last) = (feed.clone(), last_gesture_ms.clone());
                Listener::capture(&window, name, move |_| feed.with(|app| last.set(app.clock().exact())))
            };
            GESTURES.map(on).into()
        });
        Idle {
            last_gesture_ms,
            _gestures: gestures.unwrap_or_default(),
            feed,
            window: web_sys::window(),
            channel,
            _slice: slice,
            callback: Closure::new(move |deadline: IdleDeadline| {
                idle.with(|app| app.idle().slice(Some(&deadline)));
            }),
            watchdog: Closure::new(move || late.with(|app| app.idle().late())),
            mode: Cell::new(Mode::Rest),
            granted: RefCell::new(None),
            asked: Cell::new(false),
            posted: Cell::new(false),
            timer: Cell::new(None),
            index_waits: Cell::new(false),
            index_next: Cell::new(false),
            indexing: Pace { per_ms: Cell::new(8.0) },
            intake: Pace { per_ms: Cell::new(8.0) },
        }
    }

    /// Contacts wait to be indexed.
    pub(crate) fn index(&self) {
        self.index_waits.set(true);
        self.wake();
    }

    /// There is work.
    pub(crate) fn wake(&self) {
        if self.mode.get() == Mode::Rest {
            self.mode.set(Mode::Idle);
            if !self.ask_for_idle() || self.is_hidden() {
                self.starve();
            }
        }
    }

    /// Messages of the page wait unread. No idle time is waited for: the last of them may answer a call. All else still
    /// waits for it.
    pub(crate) fn read_soon(&self) {
        self.wake();
        self.post_slice();
    }

    fn is_hidden(&self) -> bool {
        self.window.as_ref().and_then(Window::document).is_some_and(|document| document.hidden())
    }

    /// The timer: no idle time came, or a slice has waited long enough.
    fn late(&self) {
        self.timer.set(None);
        match self.mode.get() {
            Mode::Rest => {}
            Mode::Idle => self.starve(),
            Mode::Channel if self.unrest_ms() > 0.0 => self.next_slice(),
            Mode::Channel => self.slice(None),
        }
    }

    /// How long a person must still be left alone.
    fn unrest_ms(&self) -> f64 {
        let now = self.feed.app().map_or(f64::MAX, |app| app.clock().exact());
        QUIET_MS - (now - self.last_gesture_ms.get())
    }

    /// The browser gave no idle time: slices by channel, until it does.
    fn starve(&self) {
        if self.mode.get() == Mode::Idle {
            self.mode.set(Mode::Channel);
            self.next_slice();
        }
    }

    fn ask_for_idle(&self) -> bool {
        let Some(window) = &self.window else { return false };
        let callback = self.callback.as_ref().unchecked_ref();
        let asked = self.asked.get() || window.request_idle_callback(callback).is_ok();
        self.asked.set(asked);
        self.call_later(STARVED_MS);
        asked
    }

    /// Whether [`Idle::late`] comes after so long.
    fn call_later(&self, ms: i32) -> bool {
        let Some(window) = &self.window else { return false };
        let watchdog = self.watchdog.as_ref().unchecked_ref();
        let timer = window.set_timeout_with_callback_and_timeout_and_arguments_0(watchdog, ms).ok();
        if let Some(before) = self.timer.replace(timer) {
            window.clear_timeout_with_handle(before);
        }
        timer.is_some()
    }

    fn next_slice(&self) {
        // A hidden page answers nobody at once, and its timers come once a second.
        let gap = match self.stress() {
            Stress::Setup if !self.is_hidden() => RINGING_GAP_MS,
            _ => 0.0,
        };
        let wait = self.unrest_ms().max(gap);
        if !self.page_waits() && wait > 0.0 && self.call_later(wait.ceil() as i32) {
            return;
        }
        self.post_slice();
    }

    /// Whether a slice comes by the channel.
    fn post_slice(&self) -> bool {
        let post = || self.channel.as_ref()?.port2().post_message(&JsValue::NULL).ok();
        let posted = self.posted.get() || post().is_some();
        self.posted.set(posted);
        posted
    }

    fn page_waits(&self) -> bool {
        self.feed.app().is_some_and(|app| app.host().has_unread())
    }

    fn stress(&self) -> Stress {
        self.feed.app().map(|app| app.asks(Phone::stress)).unwrap_or_default()
    }

    fn slice(&self, deadline: Option<&IdleDeadline>) {
        if deadline.is_some() {
            self.asked.set(false);
        }
        let granted = self.granted.take().filter(|_| deadline.is_none());
        let deadline = deadline.or(granted.as_ref());
        match (self.mode.get(), deadline) {
            (Mode::Rest, _) => return,
            // Posted for messages of the page, or before idle time came back: the watchdog still waits for more of that.
            (Mode::Idle, None) => {
                if self.work(None) {
                    self.post_slice();
                }
                return;
            }
            (Mode::Channel, Some(_)) => self.mode.set(Mode::Idle),
            (Mode::Idle, Some(_)) | (Mode::Channel, None) => {}
        }
        if let (Some(window), Some(timer)) = (&self.window, self.timer.take()) {
            window.clear_timeout_with_handle(timer);
        }
        let more = self.work(deadline);
        self.feed.with(|app| app.storage().go_on());
        match (more, self.mode.get()) {
            (false, _) => self.mode.set(Mode::Rest),
            (true, Mode::Channel) => self.next_slice(),
            (true, Mode::Idle | Mode::Rest) => {
                if self.keep(deadline) {
                    return;
                }
                if !self.ask_for_idle() {
                    self.starve();
                } else if self.page_waits() {
                    self.post_slice();
                }
            }
        }
    }

    /// Goes on in the same idle time after the events that came meanwhile; `false` if nothing is left of it.
    fn keep(&self, deadline: Option<&IdleDeadline>) -> bool {
        let free = self.stress() == Stress::None && self.unrest_ms() <= 0.0;
        let left = deadline.filter(|deadline| free && deadline.time_remaining() > STEP_MS);
        let Some(left) = left else { return false };
        self.granted.replace(Some(Clone::clone(left)));
        self.post_slice()
    }

    /// Works until the slice is over; whether more remains.
    fn work(&self, deadline: Option<&IdleDeadline>) -> bool {
        let Some(app) = self.feed.app() else { return false };
        app.slice(|| self.steps(&app, deadline))
    }

    /// Reads what the page sent; then, where there is time for it, steps. Without idle time that is waited for, whether
    /// more remains to be read.
    fn steps(&self, app: &App, deadline: Option<&IdleDeadline>) -> bool {
        let end = app.clock().exact() + ENOUGH_MS;
        let only_reads = deadline.is_none() && self.mode.get() == Mode::Idle;
        loop {
            let is_read = app.host().read_parked();
            if !is_read && (only_reads || !self.step(app)) {
                return false;
            }
            let granted = deadline.filter(|_| !is_read).map_or(f64::MAX, IdleDeadline::time_remaining);
            if granted < STEP_MS || app.clock().exact() > end {
                return true;
            }
        }
    }

    /// One step of the one thing or the other, in turn, so that what came first is found before all has come.
    fn step(&self, app: &App) -> bool {
        let index_first = self.index_next.replace(!self.index_next.get());
        if index_first && self.index_step(app) {
            return true;
        }
        self.intake_step(app) || self.index_step(app)
    }

    fn index_step(&self, app: &App) -> bool {
        if !self.index_waits.get() {
            return false;
        }
        let units = self.indexing.amount();
        let before = app.clock().exact();
        // `None`: the phone is at work just now; the work waits.
        if let Some(more) = app.contacts_step(units) {
            let took = app.clock().exact() - before;
            // A step that ran dry did less than it was asked for, nobody knows how much: a short one would teach a
            // pace that the next cannot keep.
            if more || took > STEP_MS {
                self.indexing.learn(units, took);
            }
            self.index_waits.set(more);
        }
        true
    }

    fn intake_step(&self, app: &App) -> bool {
        let before = app.clock().exact();
        let wanted = self.intake.amount();
        let taken = match app.host().intake.step(wanted as usize) {
            0 => app.files().step(wanted as usize),
            taken => taken,
        };
        if taken > 0 {
            self.intake.learn(taken as u32, app.clock().exact() - before);
        }
        taken > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step that becomes dear all at once still holds the thread no longer.
    const LONGEST_STEP_MS: f64 = 4.0;

    /// A step of an idle machine where a unit costs `unit_ms`: how long it takes.
    fn step(pace: &Pace, unit_ms: f64) -> f64 {
        let amount = pace.amount();
        let took = f64::from(amount) * unit_ms;
        pace.learn(amount, took);
        took
    }

    #[test]
    fn no_step_of_an_idle_machine_is_long_however_dear_the_work_becomes() {
        for (cheap, dear) in [(0.003, 0.1), (0.001, 0.03), (0.02, 0.1)] {
            let pace = Pace { per_ms: Cell::new(8.0) };
            for (unit_ms, settled) in [(cheap, false), (dear, true), (cheap, false), (dear, true)] {
                let took: Vec<f64> = (0..200).map(|_| step(&pace, unit_ms)).collect();
                assert!(took.iter().all(|took| *took <= LONGEST_STEP_MS), "{unit_ms}: {took:?}");
                let last = took.last().copied().unwrap_or_default();
                assert!(!settled || last > STEP_MS / 2.0, "{unit_ms}: steps are too short: {last}");
            }
        }
    }

    #[test]
    fn one_stall_halves_the_pace_and_no_more() {
        let pace = Pace { per_ms: Cell::new(20.0) };
        pace.learn(20, 400.0);
        assert_eq!(pace.amount(), 10);
        for _ in 0..20 {
            step(&pace, 0.05);
        }
        assert!(pace.amount() >= 19, "{}", pace.amount());
    }
}
