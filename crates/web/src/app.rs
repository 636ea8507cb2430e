//! The phone and its browser parts: inputs go in one at a time, outputs are performed after each.
//!
//! It decides nothing, never loses an input that arrives while another is at work, and holds no borrow of the
//! phone across an `await`.

use crate::{
    audio::Audio,
    clock::Clock,
    files::Files,
    gateway::Gateway,
    headset::Headsets,
    host::Host,
    idle::Idle,
    listener::Listener,
    media_keys::MediaKeys,
    peer::Peers,
    shell::Shell,
    socket::Sockets,
    storage::Storage,
    tabs::Tabs,
    ui::{Strings, Ui},
};
use softframe_phone::{CallId, Input, JournalEntry, Output, Phone, view::Text};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::{Rc, Weak},
};
use wasm_bindgen::{JsCast, prelude::*};

/// What is said before there is a screen: trouble with the store, and a word or two more.
const MAX_EARLY: usize = 8;

/// Everything that lives as long as the core.
pub(crate) struct App {
    phone: RefCell<Phone>,
    inbox: RefCell<VecDeque<Input>>,
    draining: Cell<bool>,
    screen: Cell<Screen>,
    ui: RefCell<Option<Ui>>,
    /// Said before there was a screen, and whether at once.
    early: RefCell<Vec<(Text, bool)>>,
    shell: Rc<Shell>,
    clock: Clock,
    sockets: Sockets,
    peers: Rc<Peers>,
    audio: Rc<Audio>,
    host: Host,
    idle: Idle,
    files: Files,
    gateway: Gateway,
    headsets: Rc<Headsets>,
    media_keys: MediaKeys,
    tabs: Rc<Tabs>,
    storage: Rc<Storage>,
    listeners: RefCell<Vec<Listener>>,
}

/// Whether the screen shows what the phone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Screen {
    Current,
    Dirty,
    /// In a slice of idle time: it is written once, at the end.
    Later {
        dirty: bool,
    },
}

/// The way into the app that its parts hold. After the app is gone it leads nowhere.
#[derive(Clone)]
pub(crate) struct Feed(Weak<App>);

impl Feed {
    /// Feeds one input.
    pub(crate) fn input(&self, input: Input) {
        self.inputs([input]);
    }

    /// Feeds some, in order.
    pub(crate) fn inputs(&self, inputs: impl IntoIterator<Item = Input>) {
        self.with(|app| app.feed(inputs));
    }

    /// The app itself, for a part that needs another part.
    pub(crate) fn with(&self, act: impl FnOnce(&App)) {
        if let Some(app) = self.0.upgrade() {
            act(&app);
        }
    }

    /// The app, where the answer matters.
    pub(crate) fn app(&self) -> Option<Rc<App>> {
        self.0.upgrade()
    }
}

impl App {
    /// A core with a fresh seed and no account.
    pub(crate) fn new(shell: Shell) -> Rc<App> {
        let shell = Rc::new(shell);
        Rc::new_cyclic(|app| {
            let feed = Feed(app.clone());
            let audio = Rc::new(Audio::new(feed.clone()));
            App {
                phone: RefCell::new(Phone::new(seed())),
                inbox: RefCell::default(),
                draining: Cell::new(false),
                screen: Cell::new(Screen::Dirty),
                ui: RefCell::new(None),
                early: RefCell::default(),
                clock: Clock::new(feed.clone(), &shell),
                sockets: Sockets::new(feed.clone(), shell.clone()),
                peers: Peers::new(feed.clone(), audio.clone(), shell.clone()),
                host: Host::new(feed.clone(), shell.clone()),
                idle: Idle::new(feed.clone()),
                files: Files::new(feed.clone()),
                gateway: Gateway::new(feed.clone()),
                headsets: Headsets::new(feed.clone()),
                media_keys: MediaKeys::new(feed.clone()),
                tabs: Tabs::new(feed.clone()),
                storage: Storage::new(feed),
                audio,
                shell,
                listeners: RefCell::default(),
            }
        })
    }

    /// A way in for closures.
    pub(crate) fn way_in(self: &Rc<App>) -> Feed {
        Feed(Rc::downgrade(self))
    }

    /// The screen is there from now on.
    pub(crate) fn show(&self, mut ui: Ui) {
        for (text, assertive) in self.early.take() {
            ui.announce(&text, assertive);
        }
        *self.ui.borrow_mut() = Some(ui);
        self.soil();
        self.feed([]);
    }

    /// Listeners that live as long as the app.
    pub(crate) fn listen(&self, listener: Listener) {
        self.listeners.borrow_mut().push(listener);
    }

    /// Takes inputs. Called while another input is at work, it only queues them.
    pub(crate) fn feed(&self, inputs: impl IntoIterator<Item = Input>) {
        self.inbox.borrow_mut().extend(inputs);
        if self.draining.replace(true) {
            return;
        }
        loop {
            let next = self.inbox.borrow_mut().pop_front();
            match next {
                Some(input) => self.take(input),
                None if self.screen.get() == Screen::Dirty => self.render(),
                None => break,
            }
        }
        self.draining.set(false);
        let deadline = self.phone.borrow().poll_timeout();
        self.clock.arm(deadline);
    }

    /// Whether a deadline has come, also while the phone is at work; the next is armed if not.
    pub(crate) fn is_due(&self) -> bool {
        let Ok(phone) = self.phone.try_borrow() else { return true };
        let deadline = phone.poll_timeout();
        let is_due = deadline.is_some_and(|at| at <= self.clock.now());
        if !is_due {
            self.clock.arm(deadline);
        }
        is_due
    }

    /// Indexes contacts for `units`; `None` if the phone is at work, else whether more remains.
    pub(crate) fn contacts_step(&self, units: u32) -> Option<bool> {
        if self.draining.replace(true) {
            return None;
        }
        let now = self.clock.now();
        let more = self.phone.borrow_mut().contacts_step(now, units);
        self.perform_all();
        self.draining.set(false);
        self.feed([]);
        Some(more)
    }

    /// Something that the phone says at once; not while it is at work.
    pub(crate) fn asks<T: Default>(&self, question: impl FnOnce(&Phone) -> T) -> T {
        self.phone.try_borrow().map(|phone| question(&phone)).unwrap_or_default()
    }

    fn take(&self, input: Input) {
        let now = self.clock.now();
        let mut phone = self.phone.borrow_mut();
        #[cfg(feature = "trap")]
        crate::trap_if_asked(&self.shell);
        phone.handle_input(now, input);
        drop(phone);
        self.perform_all();
    }

    fn perform_all(&self) {
        loop {
            let output = self.phone.borrow_mut().poll_output();
            let Some(output) = output else { return };
            self.perform(output);
        }
    }

    fn perform(&self, output: Output) {
        match output {
            Output::Connect { flow, url } => self.sockets.connect(flow, &url),
            Output::Disconnect { flow } => self.sockets.disconnect(flow),
            Output::Transmit { flow, frame } => self.sockets.transmit(flow, &frame),
            Output::Media { call, peer, request, what } => self.peers.request(call, peer, request, what),
            Output::Host { to, message } => self.host.post(to, &message),
            Output::Grant { lasting } => self.host.grant(lasting, &self.storage),
            Output::Account(account) => self.host.account(account, &self.storage),
            Output::Store(request) => self.storage.request(request),
            Output::Journal { call, entry } => self.journal(call, entry),
            Output::Sound(sound) => self.audio.play(sound),
            Output::RingWith(sound) => self.audio.ring_with(sound),
            Output::Devices(devices) => self.peers.use_devices(devices),
            Output::Speaker(speaker) => self.peers.send_to(speaker),
            Output::Lights(lights) => self.media_keys.show(lights),
            Output::HeadsetReport { headset, report, octets } => {
                self.headsets.send(headset, report, &octets);
            }
            Output::AskHeadset => self.headsets.ask(),
            Output::Announce { text, assertive } => {
                if let Some(ui) = self.ui.borrow_mut().as_mut() {
                    ui.announce(&text, assertive);
                    self.soil();
                } else if self.early.borrow().len() < MAX_EARLY {
                    self.early.borrow_mut().push((text, assertive));
                }
            }
            Output::Warn(text) => warn(&text),
            Output::Keep(text) => crate::boot::keep(&text),
            Output::FetchAccount { url } => crate::boot::fetch_account(self.feed_of_parts(), url),
            Output::Post { post, url, seal, body } => self.gateway.post(post, url, seal, body),
            Output::RelayOpen { url } => self.gateway.open(&url),
            Output::RelaySend(text) => self.gateway.send(&text),
            Output::RelayClose => self.gateway.close(),
            Output::Tab(request) => self.tabs.request(request),
            Output::Check => crate::check::run(&self.feed_of_parts(), &self.audio, &self.peers),
            Output::Save { name, text } => crate::ui::save_file(name, &text),
            Output::Render => self.soil(),
            Output::Index => self.idle.index(),
        }
    }

    /// The screen is written again although the phone says nothing new: a list was scrolled.
    pub(crate) fn redraw(&self) {
        self.soil();
        self.feed([]);
    }

    fn soil(&self) {
        self.screen.set(match self.screen.get() {
            Screen::Current | Screen::Dirty => Screen::Dirty,
            Screen::Later { .. } => Screen::Later { dirty: true },
        });
    }

    /// Does a slice of long work, and writes the screen once after it.
    pub(crate) fn slice<T>(&self, work: impl FnOnce() -> T) -> T {
        let dirty = self.screen.get() == Screen::Dirty;
        self.screen.set(Screen::Later { dirty });
        let done = work();
        let dirty = self.screen.get() == Screen::Later { dirty: true };
        self.screen.set(if dirty { Screen::Dirty } else { Screen::Current });
        self.feed([]);
        done
    }

    fn render(&self) {
        self.screen.set(Screen::Current);
        // The screen may feed while it writes the DOM (focus moves): that only queues, `draining` is set.
        if let Some(ui) = self.ui.borrow_mut().as_mut() {
            ui.render(&self.phone.borrow(), self.clock.now());
            self.audio.meter();
            if let Some(language) = ui.wants() {
                crate::texts::speak(self.feed_of_parts(), language);
            }
        }
    }

    /// The texts of a language that the screen wanted.
    pub(crate) fn speak(&self, strings: Strings) {
        if let Some(ui) = self.ui.borrow_mut().as_mut() {
            ui.speak(strings);
        }
        self.redraw();
    }

    fn journal(&self, call: CallId, entry: Option<JournalEntry>) {
        self.shell.keep(&call.0.to_string(), entry.map(|entry| crate::journal::to_json(&entry)));
    }

    fn feed_of_parts(&self) -> Feed {
        self.peers.feed()
    }

    /// The clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The sockets.
    pub(crate) fn sockets(&self) -> &Sockets {
        &self.sockets
    }

    /// The media transports.
    pub(crate) fn peers(&self) -> &Peers {
        &self.peers
    }

    /// What is heard.
    pub(crate) fn audio(&self) -> &Rc<Audio> {
        &self.audio
    }

    /// The headsets.
    pub(crate) fn headsets(&self) -> &Rc<Headsets> {
        &self.headsets
    }

    /// The host page.
    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The idle slices.
    pub(crate) fn idle(&self) -> &Idle {
        &self.idle
    }

    /// The files at work.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// The way to the gateway.
    pub(crate) fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The store.
    pub(crate) fn storage(&self) -> &Rc<Storage> {
        &self.storage
    }

    /// What outlives the core.
    pub(crate) fn shell(&self) -> &Rc<Shell> {
        &self.shell
    }
}

/// Writes to the console.
pub(crate) fn warn(text: &str) {
    let console = js_sys::Reflect::get(&js_sys::global(), &"console".into());
    let warn = console.and_then(|console| js_sys::Reflect::get(&console, &"warn".into()));
    if let Some(warn) = warn.ok().and_then(|warn| warn.dyn_into::<js_sys::Function>().ok()) {
        let _ = warn.call1(&JsValue::NULL, &format!("softframe: {text}").into());
    }
}

/// What an error of the browser says of itself; its `{:?}` is empty in the widget of production.
pub(crate) fn words(error: &JsValue) -> String {
    let said = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.to_string()));
    said.or_else(|| error.as_string()).unwrap_or_default()
}

/// 32 octets of fresh randomness. A browser without `crypto.getRandomValues` cannot run the module at all.
fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    let drawn = web_sys::window()
        .and_then(|window| window.crypto().ok())
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut seed).ok());
    if drawn.is_none() {
        wasm_bindgen::throw_str("no randomness");
    }
    seed
}
