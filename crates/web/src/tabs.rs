//! Which tab has the phone: the one that holds a Web Lock on the account. The others wait for it, and hear of it by a
//! BroadcastChannel.
//!
//! It decides nothing: who may have the phone is the phone's to say. A tab that closes lets go by itself.

use crate::{
    app::Feed,
    listener::{Listener, promise},
};
use js_sys::{Function, Object, Promise, Reflect};
use softframe_phone::{Input, TabEvent, TabRequest};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{BroadcastChannel, MessageEvent};

/// Of the lock and the channel; the account follows.
const NAME: &str = "softframe.phone";

/// What the tabs say to one another.
mod said {
    /// "Who has it?"
    pub(super) const WHO: &str = "who";
    /// "I have it", and no call runs …
    pub(super) const IDLE: &str = "idle";
    /// … or one does.
    pub(super) const IN_CALL: &str = "call";
    /// "The person wants it here."
    pub(super) const WANTED: &str = "wanted";
    /// "You may have it."
    pub(super) const GIVEN: &str = "given";
}

/// The tab's place among those that share a phone.
pub(crate) struct Tabs {
    feed: Feed,
    shared: RefCell<Option<Shared>>,
    has_it: Cell<bool>,
    in_call: Cell<bool>,
    /// The person wants it here: what is given is for this tab.
    wants_it: Cell<bool>,
    /// Lets go of the lock.
    release: RefCell<Option<Function>>,
    /// Waits of an account before this one lead nowhere.
    generation: Cell<u32>,
}

struct Shared {
    name: String,
    channel: BroadcastChannel,
    _listener: Listener,
}

impl Tabs {
    /// Shares nothing.
    pub(crate) fn new(feed: Feed) -> Rc<Tabs> {
        Rc::new(Tabs {
            feed,
            shared: RefCell::new(None),
            has_it: Cell::new(false),
            in_call: Cell::new(false),
            wants_it: Cell::new(false),
            release: RefCell::new(None),
            generation: Cell::new(0),
        })
    }

    /// Does what the phone asks for.
    pub(crate) fn request(self: &Rc<Self>, request: TabRequest) {
        match request {
            TabRequest::Claim(account) => self.claim(&account),
            TabRequest::Take => {
                self.wants_it.set(true);
                self.say(said::WANTED);
            }
            // The lock is taken away by the one who asked.
            TabRequest::Give => self.say(said::GIVEN),
            TabRequest::InCall(in_call) => {
                self.in_call.set(in_call);
                self.tell();
            }
            TabRequest::Leave => self.leave(),
        }
    }

    fn claim(self: &Rc<Self>, account: &str) {
        self.leave();
        let name = format!("{NAME}.{account}");
        let Ok(channel) = BroadcastChannel::new(&name) else { return self.tell_phone(TabEvent::Here) };
        let tabs = Rc::downgrade(self);
        let listener = Listener::new(&channel, "message", move |event| {
            let said = event.dyn_ref::<MessageEvent>().and_then(|event| event.data().as_string());
            if let (Some(tabs), Some(said)) = (tabs.upgrade(), said) {
                tabs.heard(&said);
            }
        });
        *self.shared.borrow_mut() = Some(Shared { name: name.clone(), channel, _listener: listener });
        // A core before this one had it, and the page has it still.
        let again = mark().is_some_and(|had| had == name);
        self.wait(if again { "steal" } else { "ifAvailable" });
    }

    fn heard(self: &Rc<Self>, said: &str) {
        let has_it = self.has_it.get();
        match said {
            said::WHO if has_it => self.tell(),
            said::WANTED if has_it => {
                self.tell_phone(TabEvent::Wanted);
                self.tell();
            }
            said::GIVEN if self.wants_it.take() => self.wait("steal"),
            said::IDLE | said::IN_CALL if !has_it => {
                // What the person wanted was refused, or is done.
                self.wants_it.set(false);
                self.tell_phone(TabEvent::Elsewhere { in_call: said == said::IN_CALL });
            }
            _ => {}
        }
    }

    /// Waits in the row for the lock, takes it if it is free (`ifAvailable`), or from whoever has given it (`steal`).
    fn wait(self: &Rc<Self>, how: &str) {
        let generation = self.generation.get();
        let name = self.shared.borrow().as_ref().map(|shared| shared.name.clone());
        let Some(name) = name else { return };
        let (tabs, lost) = (Rc::downgrade(self), Rc::downgrade(self));
        let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let Some(tabs) = tabs.upgrade().filter(|tabs| tabs.generation.get() == generation) else {
                return JsValue::UNDEFINED;
            };
            if !lock.is_object() {
                tabs.tell_phone(TabEvent::Elsewhere { in_call: false });
                tabs.say(said::WHO);
                tabs.wait("");
                return JsValue::UNDEFINED;
            }
            tabs.has_it.set(true);
            tabs.leave_mark();
            tabs.tell_phone(TabEvent::Here);
            tabs.tell();
            // Kept until the account is left, the page is gone, or another tab takes it.
            let (kept, release) = promise();
            *tabs.release.borrow_mut() = Some(release);
            kept.into()
        });
        let Some(asked) = ask_for_lock(&name, how, &granted) else {
            return self.tell_phone(TabEvent::Here);
        };
        js_sys::futures::spawn_local(async move {
            let ended = js_sys::futures::JsFuture::from(asked).await;
            // Stolen: in the row again.
            if let Some(tabs) =
                lost.upgrade().filter(|tabs| ended.is_err() && tabs.generation.get() == generation)
            {
                if !tabs.has_it.replace(false) {
                    // A frame without an origin of its own has no locks: there is nobody to ask.
                    return tabs.tell_phone(TabEvent::Here);
                }
                set_mark("");
                tabs.tell_phone(TabEvent::Elsewhere { in_call: false });
                tabs.wait("");
            }
        });
    }

    fn leave_mark(&self) {
        if let Some(shared) = &*self.shared.borrow() {
            set_mark(&shared.name);
        }
    }

    fn leave(&self) {
        self.generation.set(self.generation.get() + 1);
        if self.has_it.replace(false) {
            set_mark("");
        }
        if let Some(release) = self.release.borrow_mut().take() {
            let _ = release.call0(&JsValue::NULL);
        }
        if let Some(shared) = self.shared.borrow_mut().take() {
            shared.channel.close();
        }
    }

    fn tell(&self) {
        if self.has_it.get() {
            self.say(if self.in_call.get() { said::IN_CALL } else { said::IDLE });
        }
    }

    fn say(&self, what: &str) {
        if let Some(shared) = &*self.shared.borrow() {
            let _ = shared.channel.post_message(&what.into());
        }
    }

    fn tell_phone(&self, event: TabEvent) {
        self.feed.input(Input::Tab(event));
    }
}

/// What outlives a core that traps: which account's phone this page has.
const MARK: &str = "softframePhone";

fn mark() -> Option<String> {
    Reflect::get(&js_sys::global(), &MARK.into()).ok()?.as_string()
}

fn set_mark(name: &str) {
    let _ = Reflect::set(&js_sys::global(), &MARK.into(), &name.into());
}

/// `None` where the browser has no locks: there is nobody to ask.
fn ask_for_lock(name: &str, how: &str, granted: &JsValue) -> Option<Promise> {
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)?;
    let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    let options = Object::new();
    if !how.is_empty() {
        Reflect::set(&options, &how.into(), &JsValue::TRUE).ok()?;
    }
    request.call3(&locks, &name.into(), &options, granted).ok()?.dyn_into().ok()
}
