//! The page that embeds the widget: whose messages are read, and where ours go.
//!
//! The only place that knows origins. It never touches `event.data` before source and origin are known, and never
//! sends to `'*'` but to a parent that was admitted as `"null"`.

mod intake;

use crate::{
    app::{Feed, warn},
    listener::Listener,
    shell::Shell,
    storage::Storage,
    trust::{Bucket, NULL, Rules, Verdict, grant_key, normal},
};
use intake::Intake;
use js_sys::{JSON, Reflect};
use softframe_phone::{Audience, HostInput, Input, StoreRequest};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::{Event, MessageEvent, Window};

/// Messages kept unread while nobody has decided: a page that pushes its contacts before the person allows it
/// loses none of 600,000; the oldest go first.
const MAX_PARKED: usize = 4_096;
/// Of a trusted parent this much is read at once; more is read in slices. Addons may push so much and no more, and
/// counters are shown so often.
const MESSAGES_A_SECOND: f64 = 50.0;
const MESSAGES_AT_ONCE: f64 = 200.0;
/// The space of the store for grants: the phone never sees it.
const GRANTS: &str = "grants";

/// The host page.
pub(crate) struct Host {
    feed: Feed,
    shell: Rc<Shell>,
    parent: Option<Window>,
    own: String,
    state: RefCell<State>,
    parked: RefCell<VecDeque<Parked>>,
    pub(crate) intake: Intake,
    read_at_once: Cell<Bucket>,
    of_addons: Cell<Bucket>,
    shown: Cell<Bucket>,
    counters: Cell<Counters>,
}

/// Messages that were not read.
#[derive(Clone, Copy, Default)]
struct Counters {
    /// Of somebody who may not speak to the phone.
    refused: u32,
    /// Of the parent, put aside until somebody decides.
    held: u32,
    /// Put aside, and gone because more came.
    dropped: u32,
}

struct State {
    rules: Rules,
    chain: Vec<String>,
    standing: Standing,
    account: Option<String>,
    grant_without_account: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The configuration has not come yet.
    Undecided,
    /// A grant or the person will decide. `told`: the phone knows.
    Waiting {
        told: bool,
    },
    Trusted,
}

struct Parked {
    event: MessageEvent,
    held: bool,
}

impl Host {
    /// Reads the chain; decides nothing yet.
    pub(crate) fn new(feed: Feed, shell: Rc<Shell>) -> Host {
        let window = web_sys::window();
        let parent = window.as_ref().and_then(|own| {
            let parent = own.parent().ok().flatten()?;
            (!js_sys::Object::is(&parent, own)).then_some(parent)
        });
        let own = window.and_then(|window| window.location().origin().ok()).unwrap_or_default();
        let chain = if parent.is_some() { ancestors() } else { Vec::new() };
        let bucket = Cell::new(Bucket::new(MESSAGES_A_SECOND, MESSAGES_AT_ONCE));
        Host {
            intake: Intake::new(feed.clone()),
            feed,
            shell,
            parent,
            own,
            state: RefCell::new(State {
                rules: Rules::default(),
                chain,
                standing: Standing::Undecided,
                account: None,
                grant_without_account: false,
            }),
            parked: RefCell::default(),
            read_at_once: bucket.clone(),
            of_addons: bucket.clone(),
            shown: bucket,
            counters: Cell::default(),
        }
    }

    /// Listens to everybody who can reach this window.
    pub(crate) fn listen(feed: &Feed) -> Option<Listener> {
        let (feed, window) = (feed.clone(), web_sys::window()?);
        Some(Listener::new(&window, "message", move |event: Event| {
            if let Some(app) = feed.app() {
                app.host().receive(event.unchecked_into());
            }
        }))
    }

    /// What the configuration admits.
    pub(crate) fn configure(&self, rules: Rules) {
        if rules.admits_everybody() {
            warn("hosts: [\"*\"] lets every page that embeds this phone use it");
        }
        self.state.borrow_mut().rules = rules;
    }

    /// The phone has its configuration: a chain that it admits is trusted at once.
    pub(crate) fn decide(&self) {
        let mut state = self.state.borrow_mut();
        let verdict = state.rules.verdict(&self.own, &state.chain);
        if state.standing == Standing::Undecided {
            state.standing = Standing::Waiting { told: false };
        }
        drop(state);
        if verdict == Verdict::Trusted {
            self.trust();
        }
    }

    /// The store has answered: without an account there is no grant to wait for.
    pub(crate) fn settle(&self) {
        if self.state.borrow().account.is_none() {
            self.wait();
        }
    }

    /// The phone works for this account: is there a grant for it and this chain?
    pub(crate) fn account(&self, account: Option<String>, storage: &Rc<Storage>) {
        let mut state = self.state.borrow_mut();
        state.account.clone_from(&account);
        let Some(account) = account else { return };
        let key = grant_key(&account, &state.chain);
        if std::mem::take(&mut state.grant_without_account) {
            storage.request(StoreRequest::Put { space: GRANTS.into(), key: key.clone(), value: vec![1] });
        }
        if state.standing == Standing::Trusted {
            return;
        }
        drop(state);
        let (feed, storage) = (self.feed.clone(), storage.clone());
        js_sys::futures::spawn_local(async move {
            let granted = storage.has(GRANTS, &key).await;
            if let Some(app) = feed.app() {
                if granted { app.host().trust() } else { app.host().wait() }
            }
        });
    }

    /// The person allows it.
    pub(crate) fn grant(&self, lasting: bool, storage: &Rc<Storage>) {
        let mut state = self.state.borrow_mut();
        if !state.rules.may_be_granted(&state.chain) {
            return;
        }
        match (&state.account, lasting) {
            (Some(account), true) => {
                let key = grant_key(account, &state.chain);
                storage.request(StoreRequest::Put { space: GRANTS.into(), key, value: vec![1] });
            }
            (None, true) => state.grant_without_account = true,
            (_, false) => {}
        }
        drop(state);
        self.trust();
    }

    /// What came before is held if the person had to be asked; a page that was admitted all along just came early.
    fn trust(&self) {
        let mut state = self.state.borrow_mut();
        if state.standing == Standing::Trusted || !state.rules.may_be_granted(&state.chain) {
            return;
        }
        let held = state.standing == Standing::Waiting { told: true };
        state.standing = Standing::Trusted;
        let chain = state.chain.clone();
        let listed = state.rules.lists(&chain);
        drop(state);
        self.pin();
        for parked in self.parked.borrow_mut().iter_mut() {
            parked.held = held;
        }
        self.feed.input(Input::Host(HostInput::Trusted { chain, listed }));
        self.feed.with(|app| app.idle().read_soon());
    }

    fn wait(&self) {
        let mut state = self.state.borrow_mut();
        let Standing::Waiting { told: false } = state.standing else { return };
        // Nobody is asked about a chain that cannot be admitted.
        if !state.rules.may_be_granted(&state.chain) {
            return;
        }
        state.standing = Standing::Waiting { told: true };
        let chain = state.chain.clone();
        drop(state);
        self.feed.input(Input::Host(HostInput::Waiting { chain }));
    }

    /// The shell posts the last words of a core that trapped: only to a parent that is trusted.
    fn pin(&self) {
        if let Some(parent) = self.state.borrow().chain.first() {
            self.shell.pin(if parent == NULL { "*" } else { parent });
        }
    }

    fn receive(&self, event: MessageEvent) {
        let from_parent = match (&self.parent, event.source()) {
            (Some(parent), Some(source)) => js_sys::Object::is(parent, &source),
            (_, _) => false,
        };
        if !from_parent {
            return self.receive_of_stranger(event);
        }
        if !self.is_pinned(&event.origin()) {
            return self.count(|counters| &mut counters.refused);
        }
        let trusted = self.state.borrow().standing == Standing::Trusted;
        let at_once = trusted && self.parked.borrow().is_empty() && self.take(&self.read_at_once);
        if at_once {
            return self.intake.read(&event.data(), false);
        }
        let mut parked = self.parked.borrow_mut();
        // Of a trusted parent nothing is ever dropped.
        let dropped = !trusted && parked.len() >= MAX_PARKED && parked.pop_front().is_some();
        parked.push_back(Parked { event, held: false });
        drop(parked);
        if trusted {
            self.feed.with(|app| app.idle().read_soon());
        } else {
            self.count(|counters| &mut counters.held);
            if dropped {
                self.count(|counters| &mut counters.dropped);
            }
        }
    }

    /// Whether this is the parent's origin. Where the browser lists no ancestors, the first one that the parent
    /// itself shows is the parent's.
    fn is_pinned(&self, origin: &str) -> bool {
        let origin = normal(origin);
        let mut state = self.state.borrow_mut();
        if let Some(parent) = state.chain.first() {
            return *parent == origin;
        }
        state.chain.push(origin);
        let decided = state.standing != Standing::Undecided;
        let (rules, chain) = (state.rules.clone(), state.chain.clone());
        drop(state);
        if decided {
            match rules.verdict(&self.own, &chain) {
                Verdict::Trusted => self.trust(),
                Verdict::Unknown | Verdict::Nobody => self.wait(),
            }
        }
        true
    }

    /// A sibling, an opener, or an addon of the configuration, which may push contacts and nothing else.
    fn receive_of_stranger(&self, event: MessageEvent) {
        let addon = self.state.borrow().rules.is_addon(&normal(&event.origin()));
        if !addon || !self.take(&self.of_addons) || !self.intake.read_contacts(&event.data()) {
            self.count(|counters| &mut counters.refused);
        }
    }

    /// Counts, on the element that tests read; in a flood the numbers are right and shown late.
    fn count(&self, which: impl FnOnce(&mut Counters) -> &mut u32) {
        let mut counters = self.counters.get();
        let counter = which(&mut counters);
        *counter = counter.saturating_add(1);
        self.counters.set(counters);
        if self.take(&self.shown) {
            let Counters { refused, held, dropped } = counters;
            for (name, count) in [("data-refused", refused), ("data-held", held), ("data-dropped", dropped)] {
                crate::boot::mark(name, &count.to_string());
            }
        }
    }

    fn take(&self, bucket: &Cell<Bucket>) -> bool {
        let mut tokens = bucket.get();
        let taken = tokens.take(js_sys::Date::now());
        bucket.set(tokens);
        taken
    }

    /// Reads one parked message; whether there was one that may be read.
    pub(crate) fn read_parked(&self) -> bool {
        if self.state.borrow().standing != Standing::Trusted {
            return false;
        }
        let parked = self.parked.borrow_mut().pop_front();
        let Some(Parked { event, held }) = parked else { return false };
        self.intake.read(&event.data(), held);
        true
    }

    /// Whether a message waits that may be read.
    pub(crate) fn has_unread(&self) -> bool {
        self.state.borrow().standing == Standing::Trusted && !self.parked.borrow().is_empty()
    }

    /// Sends one message of ours.
    pub(crate) fn post(&self, to: Audience, message: &str) {
        let Some(parent) = &self.parent else { return };
        let Ok(value) = JSON::parse(message) else { return warn("a message of ours is not JSON") };
        if let Some(seq) = Reflect::get(&value, &"seq".into()).ok().and_then(|seq| seq.as_f64()) {
            self.shell.said(seq);
        }
        let transfer = js_sys::Array::from_iter(self.intake.port_for(&value));
        for target in self.targets(to) {
            if parent.post_message_with_transfer(&value, &target, &transfer).is_err() {
                warn(&format!("the host page could not be told: {target}"));
            }
        }
    }

    fn targets(&self, to: Audience) -> Vec<String> {
        let state = self.state.borrow();
        let trusted = state.standing == Standing::Trusted;
        match (state.chain.first(), to, trusted) {
            (Some(parent), _, true) if parent == NULL => vec!["*".to_owned()],
            (Some(parent), Audience::Anyone, false) if parent == NULL => Vec::new(),
            (Some(parent), Audience::Anyone, _) | (Some(parent), Audience::Trusted, true) => {
                vec![parent.clone()]
            }
            (None, Audience::Anyone, _) => self.likely_parents(&state.rules),
            (_, Audience::Trusted, _) => Vec::new(),
        }
    }

    /// Where the browser does not name the parent: a wrong target is dropped by the browser, so the referrer,
    /// which proves nothing, may well be one.
    fn likely_parents(&self, rules: &Rules) -> Vec<String> {
        let mut targets: Vec<String> = rules.exact_hosts().into_iter().map(str::to_owned).collect();
        targets.push(self.own.clone());
        let referrer =
            web_sys::window().and_then(|window| window.document()).map(|document| document.referrer());
        if let Some((scheme, rest)) = referrer.as_deref().and_then(|referrer| referrer.split_once("://")) {
            targets.push(format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()));
        }
        targets.sort_unstable();
        targets.dedup();
        targets
    }
}

/// `location.ancestorOrigins`, the parent first; empty where the browser has none.
fn ancestors() -> Vec<String> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let Ok(list) = Reflect::get(&window.location(), &"ancestorOrigins".into()) else { return Vec::new() };
    if !list.is_object() {
        return Vec::new();
    }
    let origins = js_sys::Array::from(&list);
    origins.iter().filter_map(|origin| origin.as_string()).map(|origin| normal(&origin)).collect()
}
