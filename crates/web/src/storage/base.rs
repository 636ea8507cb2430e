//! The IndexedDB database: one store of encrypted values, one of the keys that encrypt them.
//!
//! It never holds a transaction over anything but its own requests: the browser ends it at the next `await`.

use super::cipher;
use crate::listener::{Listener, first_of_within};
use js_sys::{Array, Uint8Array};
use litemap::LiteMap;
use softframe_phone::StorageError;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{
    CryptoKey, EventTarget, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest, IdbRequest,
    IdbTransaction, IdbTransactionMode, SubtleCrypto,
};

/// A database opens in milliseconds, behind a slow disk in a second or two.
const OPENING_MS: i32 = 5_000;
/// The largest value of the index is written in a second by a slow disk; a base that takes this long is given up.
const ANSWER_MS: i32 = 8_000;
const NAME: &str = "softframe";
const VERSION: u32 = 1;
const VALUES: &str = "values";
const KEYS: &str = "keys";
/// Values of one read: a megabyte of contacts, which a browser copies in a millisecond or two.
const VALUES_AT_ONCE: u32 = 16;

/// An open database.
pub(super) struct Base {
    database: IdbDatabase,
    subtle: SubtleCrypto,
    keys: RefCell<LiteMap<String, CryptoKey>>,
    silent: Rc<Cell<bool>>,
    _ends: [Listener; 2],
}

/// Some values of a load.
#[derive(Default)]
pub(super) struct Part {
    /// Those that could be read.
    pub(super) values: LiteMap<String, Vec<u8>>,
    /// Some could not.
    pub(super) error: Option<StorageError>,
    /// The name of the last one, unless there are no more.
    pub(super) last: Option<String>,
}

impl Base {
    /// `None` where the browser gives no database or no cipher (a sandboxed or insecure page). `gone` is called where
    /// another page deletes the database, or the browser takes it away: it is closed then, since the other page, and
    /// whoever opens it after that, waits for this.
    pub(super) async fn open(gone: impl Fn() + Clone + 'static) -> Option<Base> {
        let window = web_sys::window()?;
        let subtle = window.crypto().ok()?.subtle();
        if JsValue::from(&subtle).is_undefined() {
            return None;
        }
        let request = window.indexed_db().ok()??.open_with_u32(NAME, VERSION).ok()?;
        let _upgrade = Listener::new(&request, "upgradeneeded", |event| {
            let request = event.target().map(JsCast::unchecked_into::<IdbOpenDbRequest>);
            let result = request.and_then(|request| request.result().ok());
            if let Some(database) = result.map(JsCast::unchecked_into::<IdbDatabase>) {
                // A store that is there already is what we want.
                let _ = database.create_object_store(VALUES);
                let _ = database.create_object_store(KEYS);
            }
        });
        // A browser whose disk is in trouble may never say a word.
        if first_of_within(OPENING_MS, &request, "success", &["error", "blocked"]).await != Some(true) {
            return None;
        }
        let database: IdbDatabase = request.result().ok()?.unchecked_into();
        let silent = Rc::new(Cell::new(false));
        let _ends = ["versionchange", "close"].map(|name| {
            let (base, silent, gone) = (Clone::clone(&database), silent.clone(), gone.clone());
            Listener::new(&database, name, move |_| {
                IdbDatabase::close(&base);
                silent.set(true);
                gone();
            })
        });
        Some(Base { database, subtle, keys: RefCell::default(), silent, _ends })
    }

    /// It has left a request without an answer, so that whoever asks again would only wait again; or it is gone.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.get()
    }

    /// Puts one value under `name`, encrypted under the key of `space`.
    pub(super) async fn put(&self, space: &str, name: &str, value: &[u8]) -> Result<(), StorageError> {
        let key = self.key(space).await?;
        let sealed = cipher::seal(&self.subtle, &key, name, value).await.ok_or(StorageError::Blocked)?;
        let (transaction, store) = self.store(VALUES, IdbTransactionMode::Readwrite)?;
        store.put_with_key(&sealed, &name.into()).map_err(|error| error_of(&error))?;
        self.committed(&transaction).await
    }

    /// Deletes everything whose name starts with `start`.
    pub(super) async fn delete(&self, start: &str) -> Result<(), StorageError> {
        let (transaction, store) = self.store(VALUES, IdbTransactionMode::Readwrite)?;
        store.delete(&range(start, None)?).map_err(|error| error_of(&error))?;
        self.committed(&transaction).await
    }

    /// The next values whose name starts with `start`: from the first on, or after this one.
    pub(super) async fn load(&self, space: &str, start: &str, after: Option<&str>) -> Part {
        let mut part = Part::default();
        match self.load_into(&mut part, space, start, after).await {
            Ok(()) => {}
            Err(error) => part.error = Some(error),
        }
        part
    }

    async fn load_into(
        &self,
        part: &mut Part,
        space: &str,
        start: &str,
        after: Option<&str>,
    ) -> Result<(), StorageError> {
        let (names, sealed) = self.read(start, after).await?;
        if names.length() == 0 {
            return Ok(());
        }
        let key = self.key(space).await?;
        for (name, sealed) in names.iter().zip(sealed.iter()) {
            let Some(name) = name.as_string() else { continue };
            match cipher::open(&self.subtle, &key, &name, &sealed.unchecked_into::<Uint8Array>()).await {
                Some(value) => drop(part.values.insert(name.clone(), value)),
                None => part.error = Some(StorageError::Damaged),
            }
            part.last = Some(name);
        }
        part.last.take_if(|_| names.length() < VALUES_AT_ONCE);
        Ok(())
    }

    async fn read(&self, start: &str, after: Option<&str>) -> Result<(Array, Array), StorageError> {
        let (_, store) = self.store(VALUES, IdbTransactionMode::Readonly)?;
        let range = range(start, after)?;
        let names = store
            .get_all_keys_with_key_and_limit(&range, VALUES_AT_ONCE)
            .map_err(|error| error_of(&error))?;
        let sealed =
            store.get_all_with_key_and_limit(&range, VALUES_AT_ONCE).map_err(|error| error_of(&error))?;
        // Both requests of one transaction succeed in order: the second one's event is the last.
        if !self.answers(&sealed, "success", &["error"]).await {
            return Err(StorageError::Damaged);
        }
        let list = |request: IdbRequest| request.result().map(|list| list.unchecked_into::<Array>());
        match (list(names), list(sealed)) {
            (Ok(names), Ok(sealed)) => Ok((names, sealed)),
            (Err(_), _) | (_, Err(_)) => Err(StorageError::Damaged),
        }
    }

    /// The key of a space, made when it is first needed. It cannot be exported, so a copied database is of no use.
    async fn key(&self, space: &str) -> Result<CryptoKey, StorageError> {
        let known = self.keys.borrow().get(space).cloned();
        if let Some(key) = known {
            return Ok(key);
        }
        let key = match self.stored_key(space).await? {
            Some(key) => key,
            None => {
                let made = cipher::generate(&self.subtle).await.ok_or(StorageError::Blocked)?;
                self.add_key(space, &made).await?
            }
        };
        self.keys.borrow_mut().insert(space.to_owned(), Clone::clone(&key));
        Ok(key)
    }

    async fn stored_key(&self, space: &str) -> Result<Option<CryptoKey>, StorageError> {
        let (_, store) = self.store(KEYS, IdbTransactionMode::Readonly)?;
        let request = store.get(&space.into()).map_err(|error| error_of(&error))?;
        if !self.answers(&request, "success", &["error"]).await {
            return Err(StorageError::Damaged);
        }
        Ok(request.result().ok().and_then(|key| key.dyn_into().ok()))
    }

    /// Two tabs may make a key at once: the first one wins in both.
    async fn add_key(&self, space: &str, made: &CryptoKey) -> Result<CryptoKey, StorageError> {
        let (transaction, store) = self.store(KEYS, IdbTransactionMode::Readwrite)?;
        store.add_with_key(made, &space.into()).map_err(|error| error_of(&error))?;
        match self.committed(&transaction).await {
            Ok(()) => Ok(Clone::clone(made)),
            Err(error) if self.is_silent() => Err(error),
            Err(error) => self.stored_key(space).await?.ok_or(error),
        }
    }

    fn store(
        &self,
        name: &str,
        mode: IdbTransactionMode,
    ) -> Result<(IdbTransaction, IdbObjectStore), StorageError> {
        let transaction =
            self.database.transaction_with_str_and_mode(name, mode).map_err(|error| error_of(&error))?;
        let store = transaction.object_store(name).map_err(|error| error_of(&error))?;
        Ok((transaction, store))
    }

    /// Whether `good` comes, in time.
    async fn answers(&self, target: &EventTarget, good: &'static str, bad: &[&'static str]) -> bool {
        let answer = first_of_within(ANSWER_MS, target, good, bad).await;
        self.silent.set(self.silent.get() || answer.is_none());
        answer == Some(true)
    }

    async fn committed(&self, transaction: &IdbTransaction) -> Result<(), StorageError> {
        if self.answers(transaction, "complete", &["error", "abort"]).await {
            return Ok(());
        }
        let error = transaction.error().map(|error| error.name()).unwrap_or_default();
        Err(if error == "QuotaExceededError" { StorageError::Quota } else { StorageError::Blocked })
    }
}

/// All names that start so, or those of them after this one.
fn range(start: &str, after: Option<&str>) -> Result<JsValue, StorageError> {
    let (lower, end) = (after.unwrap_or(start), format!("{start}\u{ffff}"));
    IdbKeyRange::bound_with_lower_open(&lower.into(), &end.into(), after.is_some())
        .map(JsValue::from)
        .map_err(|error| error_of(&error))
}

fn error_of(error: &JsValue) -> StorageError {
    let name = error.dyn_ref::<web_sys::DomException>().map(web_sys::DomException::name).unwrap_or_default();
    if name == "QuotaExceededError" { StorageError::Quota } else { StorageError::Blocked }
}
