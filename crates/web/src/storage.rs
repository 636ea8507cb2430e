//! The store of the phone: keys and values in IndexedDB, each value encrypted under a key that cannot be exported.
//!
//! It never loses the phone a value for want of a disk: where the browser gives none, memory serves until unload. It
//! never loads everything in one go: the next part waits until the phone has taken the one before.

mod base;
mod cipher;

use crate::app::Feed;
use base::{Base, Part};
use litemap::LiteMap;
use softframe_phone::{Input, Phone, StorageError, StoreRequest};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

/// Beside the address-of-record spaces: what the device itself remembers (saved account, looks).
const DEVICE: &str = "device";

/// The store. Requests are served in order, one at a time.
pub(crate) struct Storage {
    feed: Feed,
    base: RefCell<Option<Rc<Base>>>,
    memory: RefCell<LiteMap<String, Vec<u8>>>,
    queue: RefCell<VecDeque<Job>>,
    serving: Cell<bool>,
    told: Cell<bool>,
}

enum Job {
    Request(StoreRequest),
    /// A load goes on after this name, when the phone wants more.
    Rest {
        space: String,
        prefix: String,
        after: String,
    },
}

impl Storage {
    /// Nothing opened yet.
    pub(crate) fn new(feed: Feed) -> Rc<Storage> {
        Rc::new(Storage {
            feed,
            base: RefCell::new(None),
            memory: RefCell::default(),
            queue: RefCell::default(),
            serving: Cell::new(false),
            told: Cell::new(false),
        })
    }

    /// All of the device space.
    pub(crate) async fn restore(self: &Rc<Self>) -> Vec<(String, Vec<u8>)> {
        self.open().await;
        self.load(DEVICE, "").await
    }

    /// Puts, deletes or loads after everything asked for before.
    pub(crate) fn request(self: &Rc<Self>, request: StoreRequest) {
        self.queue.borrow_mut().push_back(Job::Request(request));
        self.go_on();
    }

    /// The phone may want more of a load by now.
    pub(crate) fn go_on(self: &Rc<Self>) {
        if self.queue.borrow().is_empty() || self.serving.replace(true) {
            return;
        }
        let storage = self.clone();
        js_sys::futures::spawn_local(async move {
            storage.open().await;
            while let Some(job) = storage.next() {
                match job {
                    Job::Request(request) => storage.serve(request).await,
                    Job::Rest { space, prefix, after } => storage.load_part(space, prefix, Some(after)).await,
                }
            }
            storage.serving.set(false);
        });
    }

    /// Loads that go on wait for the phone, and nothing waits for them.
    fn next(&self) -> Option<Job> {
        let wants = self.feed.app().is_some_and(|app| app.asks(Phone::wants_stored));
        let mut queue = self.queue.borrow_mut();
        let place = queue.iter().position(|job| wants || matches!(job, Job::Request(_)))?;
        queue.remove(place)
    }

    /// Whether exactly this key is there.
    pub(crate) async fn has(self: &Rc<Self>, space: &str, key: &str) -> bool {
        self.open().await;
        self.load(space, key).await.iter().any(|(found, _)| found == key)
    }

    async fn serve(&self, request: StoreRequest) {
        match request {
            StoreRequest::Put { space, key, value } => self.put(&space, &key, value).await,
            StoreRequest::Delete { space, prefix } => self.delete(&space, &prefix).await,
            StoreRequest::Load { space, prefix } => self.load_part(space, prefix, None).await,
        }
    }

    /// Opens the base once; a refusal is told once, and memory serves.
    async fn open(&self) {
        if self.base.borrow().is_some() || self.told.get() {
            return;
        }
        let feed = self.feed.clone();
        match Base::open(move || feed.input(Input::StorageFailed(StorageError::Blocked))).await {
            Some(base) => *self.base.borrow_mut() = Some(Rc::new(base)),
            None if !self.told.replace(true) => self.feed.input(Input::StorageFailed(StorageError::Blocked)),
            None => {}
        }
    }

    /// The base, as long as it answers; after that memory serves, and nothing waits for it again.
    fn base(&self) -> Option<Rc<Base>> {
        self.base.borrow().clone().filter(|base| !base.is_silent())
    }

    async fn put(&self, space: &str, key: &str, value: Vec<u8>) {
        let Some(base) = self.base() else {
            self.memory.borrow_mut().insert(name(space, key), value);
            return self.feed.input(Input::StorageFailed(StorageError::Blocked));
        };
        let name = name(space, key);
        match base.put(space, &name, &value).await {
            // What could not be stored before is out of date now.
            Ok(()) => drop(self.memory.borrow_mut().remove(&name)),
            Err(error) => {
                // Kept until unload at least.
                self.memory.borrow_mut().insert(name, value);
                self.feed.input(Input::StorageFailed(error));
            }
        }
    }

    async fn delete(&self, space: &str, prefix: &str) {
        let start = name(space, prefix);
        self.memory.borrow_mut().retain(|key, _| !key.starts_with(&start));
        if let Some(base) = self.base()
            && let Err(error) = base.delete(&start).await
        {
            self.feed.input(Input::StorageFailed(error));
        }
    }

    /// The next values for the phone; after the last of the base those in memory, which are newer.
    async fn load_part(&self, space: String, prefix: String, after: Option<String>) {
        let mut part = self.read(&space, &prefix, after.as_deref()).await;
        let start = name(&space, &prefix);
        let mut values = std::mem::take(&mut part.values);
        values.retain(|name, _| !self.memory.borrow().contains_key(name));
        if part.last.is_none() {
            let memory = self.memory.borrow();
            let kept = memory.iter().filter(|(name, _)| name.starts_with(&start));
            values.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        }
        for (key, value) in values {
            let key = key_of(&space, &key);
            self.feed.input(Input::Loaded { space: space.clone(), key, value });
        }
        match part.last {
            Some(after) => self.queue.borrow_mut().push_back(Job::Rest { space, prefix, after }),
            None => self.feed.input(Input::LoadEnd { space }),
        }
    }

    /// All of a small space.
    async fn load(&self, space: &str, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let start = name(space, prefix);
        let mut found: LiteMap<String, Vec<u8>> = LiteMap::new();
        let mut after = None;
        loop {
            let part = self.read(space, prefix, after.as_deref()).await;
            found.extend(part.values);
            after = part.last;
            if after.is_none() {
                break;
            }
        }
        let memory = self.memory.borrow();
        let kept = memory.iter().filter(|(name, _)| name.starts_with(&start));
        found.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
        found.into_iter().map(|(name, value)| (key_of(space, &name), value)).collect()
    }

    /// Some values of the base.
    async fn read(&self, space: &str, prefix: &str, after: Option<&str>) -> Part {
        let Some(base) = self.base() else { return Part::default() };
        let part = base.load(space, &name(space, prefix), after).await;
        if let Some(error) = part.error {
            self.feed.input(Input::StorageFailed(error));
        }
        part
    }
}

/// The key of the base. A space never holds a NUL.
fn name(space: &str, key: &str) -> String {
    format!("{space}\0{key}")
}

/// The key of a name.
fn key_of(space: &str, name: &str) -> String {
    name.get(space.len() + 1..).unwrap_or_default().to_owned()
}
