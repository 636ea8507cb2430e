//! The store of the phone: keys and values in IndexedDB, each value encrypted under a key that cannot be exported.
//!
//! It never loses the phone a value for want of a disk: where the browser gives none, memory serves until unload.

mod base;
mod cipher;

use crate::app::Feed;
use base::Base;
use litemap::LiteMap;
use softframe_phone::{Input, StorageError, StoreRequest};
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
    queue: RefCell<VecDeque<StoreRequest>>,
    serving: Cell<bool>,
    told: Cell<bool>,
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
        self.queue.borrow_mut().push_back(request);
        if self.serving.replace(true) {
            return;
        }
        let storage = self.clone();
        js_sys::futures::spawn_local(async move {
            storage.open().await;
            loop {
                let next = storage.queue.borrow_mut().pop_front();
                let Some(next) = next else { break };
                storage.serve(next).await;
            }
            storage.serving.set(false);
        });
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
            StoreRequest::Load { space, prefix } => {
                for (key, value) in self.load(&space, &prefix).await {
                    self.feed.input(Input::Loaded { space: space.clone(), key, value });
                }
                self.feed.input(Input::LoadEnd { space });
            }
        }
    }

    /// Opens the base once; a refusal is told once, and memory serves.
    async fn open(&self) {
        if self.base.borrow().is_some() || self.told.get() {
            return;
        }
        match Base::open().await {
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

    async fn load(&self, space: &str, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let start = name(space, prefix);
        let mut found = match self.base() {
            None => Ok(LiteMap::new()),
            Some(base) => base.load(space, &start).await,
        }
        .unwrap_or_else(|error| {
            self.feed.input(Input::StorageFailed(error.error));
            error.rest
        });
        let memory = self.memory.borrow();
        let kept = memory.iter().filter(|(key, _)| key.starts_with(&start));
        found.extend(kept.map(|(key, value)| (key.clone(), value.clone())));
        let skip = name(space, "").len();
        found
            .into_iter()
            .map(|(key, value)| (key.get(skip..).unwrap_or_default().to_owned(), value))
            .collect()
    }
}

/// The key of the base. A space never holds a NUL.
fn name(space: &str, key: &str) -> String {
    format!("{space}\0{key}")
}
