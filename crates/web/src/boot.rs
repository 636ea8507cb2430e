//! The start of a core: what is fetched, restored and listened to, in the order the phone needs.
//!
//! It never waits for anything that is not needed next: a slow text file delays no registration.

use crate::{
    app::{App, Feed, warn},
    clock::Clock,
    files::Files,
    host::Host,
    journal,
    listener::{Listener, after, promise, within},
    shell::Shell,
    texts,
    trust::Rules,
    ui::Ui,
};
use js_sys::{Array, Function, JSON, Promise, Reflect, futures::JsFuture};
use softframe_phone::{Input, Phone};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, MediaQueryList, RequestCache, RequestCredentials, RequestInit, Response};

/// The store may take so long; then the phone starts without what it held.
const RESTORE_MS: i32 = 1_000;
/// Configuration and store decide on the language; a server that lets us wait longer finds the browser's on screen.
const DECIDE_MS: i32 = 3_000;
/// A server that is away or in trouble is asked again after so long, then after twice as long, up to the other.
const ASK_AGAIN_MS: i32 = 1_000;
const MAX_ASK_AGAIN_MS: i32 = 30_000;
/// What a server in trouble begins to answer with (RFC 9110 §15.6).
const SERVER_ERROR: u16 = 500;
/// It has had too many questions (RFC 6585 §4).
const TOO_MANY_REQUESTS: u16 = 429;
/// In sessionStorage: one id for each frame, kept over reloads (RFC 5626 `+sip.instance`).
const INSTANCE: &str = "softframe.instance";
/// There, too: what the phone wants to know again after a reload.
const KEPT: &str = "softframe.kept";

thread_local! {
    /// The core lives until the page or a trap ends it.
    static CORE: RefCell<Option<Rc<App>>> = const { RefCell::new(None) };
}

/// Starts a core.
pub(crate) fn start(shell: Shell) {
    let app = App::new(shell);
    CORE.set(Some(app.clone()));
    let feed = app.way_in();
    if let Some(seq) = app.shell().resume() {
        feed.input(Input::Resume { seq: seq as u64 });
    }
    feed.inputs([Clock::wall(), Input::Online(is_online()), Input::Visible(is_visible())]);
    feed.inputs(dark_scheme().map(|scheme| Input::Dark(scheme.matches())));
    let parts = app.audio().start().into_iter().chain(app.headsets().start());
    for listener in listeners(&feed).into_iter().chain(Host::listen(&feed)).chain(parts) {
        app.listen(listener);
    }
    let (decided, decide) = promise();
    js_sys::futures::spawn_local(show(app.clone(), decided));
    js_sys::futures::spawn_local(begin(app, decide));
}

/// The screen, when it is known in which language, and its texts are there.
async fn show(app: Rc<App>, decided: Promise) {
    within(DECIDE_MS, &decided).await;
    let strings = texts::load(app.asks(Phone::language).texts).await;
    let (feed, dropped, stale) = (app.way_in(), app.way_in(), app.way_in());
    let ui = Ui::new(
        Rc::new(move |input| feed.input(input)),
        Rc::new(move |files| dropped.with(|app| Files::take(app.files(), files))),
        Rc::new(move || stale.with(App::redraw)),
        strings,
    );
    app.show(ui);
}

/// Identity, configuration, store, and what the life before left, in this order.
async fn begin(app: Rc<App>, decide: Function) {
    let ask = || fetch("config.json", RequestCredentials::SameOrigin, RequestCache::NoCache);
    let config = ask();
    let restoring = restore(&app);
    js_sys::futures::spawn_local(app.audio().microphone().clone().watch_permission(app.way_in()));
    let instance = instance(app.shell().resume().is_some()).await;
    let left = app.shell().left(&instance);
    app.feed([Input::Instance(instance)]);
    let config = text_at_last("config.json", config, ask).await;
    configure(&app, config.as_deref());
    app.feed([Input::Config(config), Input::Proposals(proposals()), Input::Languages(languages())]);
    app.feed(kept().map(Input::Kept));
    app.host().decide();
    let restored = restoring.await;
    app.feed([Input::Restored(restored)]);
    let _ = decide.call0(&JsValue::NULL);
    app.host().settle();
    if let Some(left) = left {
        app.feed([Input::Journal(journal::from_json(&left))]);
    }
}

/// The device space, within its time; starts at once.
fn restore(app: &Rc<App>) -> impl Future<Output = Vec<(String, Vec<u8>)>> + use<> {
    let (storage, found) = (app.storage().clone(), Rc::new(RefCell::new(Vec::new())));
    let (restored, resolve) = promise();
    let filled = found.clone();
    js_sys::futures::spawn_local(async move {
        let values = storage.restore().await;
        *filled.borrow_mut() = values;
        let _ = resolve.call0(&JsValue::NULL);
    });
    async move {
        within(RESTORE_MS, &restored).await;
        found.take()
    }
}

/// What the browser parts read of the configuration. The phone reads all of it and says what is wrong.
fn configure(app: &Rc<App>, config: Option<&str>) {
    let config = config.and_then(|text| JSON::parse(text).ok()).filter(JsValue::is_object);
    let get = |key: &str| config.as_ref().and_then(|config| Reflect::get(config, &key.into()).ok());
    let texts = |key: &str| -> Vec<String> {
        let list = get(key).filter(Array::is_array).map(|list| Array::from(&list));
        list.map(|list| list.iter().filter_map(|item| item.as_string()).collect()).unwrap_or_default()
    };
    let servers = get("iceServers").unwrap_or(JsValue::UNDEFINED);
    app.peers().configure(servers, get("iceTransportPolicy").and_then(|policy| policy.as_string()));
    app.audio().sound_as_in(&get("country").and_then(|country| country.as_string()).unwrap_or_default());
    app.host().configure(Rules::new(&texts("hosts"), &texts("addons")));
}

/// The account of `accountUrl`, with the cookies of its origin.
pub(crate) fn fetch_account(feed: Feed, url: String) {
    js_sys::futures::spawn_local(async move {
        let ask = || fetch(&url, RequestCredentials::Include, RequestCache::NoCache);
        let account = text_at_last("accountUrl", ask(), ask).await;
        feed.input(Input::Account(account));
    });
}

/// Asks for a file.
pub(crate) fn fetch(url: &str, credentials: RequestCredentials, cache: RequestCache) -> Option<Promise> {
    let init = RequestInit::new();
    init.set_cache(cache);
    init.set_credentials(credentials);
    web_sys::window().map(|window| window.fetch_with_str_and_init(url, &init))
}

/// The text of a good answer.
pub(crate) async fn text_of(fetched: Option<Promise>) -> Option<String> {
    answer_of(fetched).await?
}

/// The text of a good answer, or that the server refuses it; `None` where it is away or in trouble.
async fn answer_of(fetched: Option<Promise>) -> Option<Option<String>> {
    let response: Response = JsFuture::from(fetched?).await.ok()?.unchecked_into();
    if response.status() >= SERVER_ERROR || response.status() == TOO_MANY_REQUESTS {
        return None;
    }
    if !response.ok() {
        return Some(None);
    }
    Some(JsFuture::from(response.text().ok()?).await.ok()?.as_string())
}

/// The text of a good answer, and none where the server refuses it: without these nothing works, so a server that is
/// away is asked until it is back. `name` is what the console calls it.
async fn text_at_last(
    name: &str,
    mut fetched: Option<Promise>,
    ask: impl Fn() -> Option<Promise>,
) -> Option<String> {
    let mut pause = ASK_AGAIN_MS;
    loop {
        if let Some(answer) = answer_of(fetched).await {
            return answer;
        }
        warn(&format!("{name}: the server does not answer; it is asked again in {} s", pause / 1_000));
        after(pause).await;
        pause = (pause * 2).min(MAX_ASK_AGAIN_MS);
        fetched = ask();
    }
}

/// The id of this frame. A duplicated tab copies sessionStorage: the one that comes second draws a new id, so
/// that two frames never evict each other's binding. A core after a trap has the lock already.
async fn instance(again: bool) -> String {
    let store = web_sys::window().and_then(|window| window.session_storage().ok().flatten());
    let kept = store.as_ref().and_then(|store| store.get_item(INSTANCE).ok().flatten());
    if let Some(kept) = kept
        && (again || hold(&kept).await)
    {
        return kept;
    }
    let drawn = draw_uuid();
    hold(&drawn).await;
    // Without sessionStorage the id lives as long as the page.
    if let Some(store) = store {
        let _ = store.set_item(INSTANCE, &drawn);
    }
    drawn
}

/// Holds a Web Lock on the id until the page ends; `false` if another frame holds it. Where the browser has no
/// locks there is nobody to ask.
async fn hold(instance: &str) -> bool {
    let (answered, answer) = promise();
    let Some(asked) = request_lock(instance, &answer) else { return true };
    let refused = Promise::race(&Array::of2(&asked, &answered));
    JsFuture::from(refused).await.map_or(true, |held| held.is_truthy())
}

fn request_lock(instance: &str, answer: &js_sys::Function) -> Option<Promise> {
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok().filter(JsValue::is_object)?;
    let request: js_sys::Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    let options = js_sys::Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &JsValue::TRUE).ok()?;
    let answer = Clone::clone(answer);
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let _ = answer.call1(&JsValue::NULL, &JsValue::from_bool(lock.is_object()));
        // A promise that is never kept holds the lock until the page is gone.
        if lock.is_object() { promise().0.into() } else { JsValue::FALSE }
    });
    let name = format!("{INSTANCE}.{instance}");
    request.call3(&locks, &name.into(), &options, &granted).ok()?.dyn_into().ok()
}

fn draw_uuid() -> String {
    let mut octets = [0_u8; 16];
    let crypto = web_sys::window().and_then(|window| window.crypto().ok());
    if let Some(crypto) = crypto {
        let _ = crypto.get_random_values_with_u8_array(&mut octets);
    }
    // RFC 9562 §5.4: version 4, variant 10.
    octets[6] = octets[6] & 0x0f | 0x40;
    octets[8] = octets[8] & 0x3f | 0x80;
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Keeps a text for a reload of this frame. Without sessionStorage a reload begins anew.
pub(crate) fn keep(text: &str) {
    if let Some(store) = web_sys::window().and_then(|window| window.session_storage().ok().flatten()) {
        let _ = store.set_item(KEPT, text);
    }
}

fn kept() -> Option<String> {
    web_sys::window()?.session_storage().ok().flatten()?.get_item(KEPT).ok().flatten()
}

/// The parameters of the page's URL, decoded; what cannot be decoded is left out.
fn proposals() -> Vec<(String, String)> {
    let query = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let decode = |text: &str| {
        let decoded = js_sys::decode_uri_component(&text.replace('+', " "));
        decoded.ok().map(String::from)
    };
    query
        .trim_start_matches('?')
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter_map(|(key, value)| Some((decode(key)?, decode(value)?)))
        .collect()
}

/// What the browser's person prefers to read, the best first.
fn languages() -> Vec<String> {
    let all = web_sys::window().map(|window| window.navigator().languages());
    all.map(|all| all.iter().filter_map(|tag| tag.as_string()).collect()).unwrap_or_default()
}

fn is_online() -> bool {
    web_sys::window().is_none_or(|window| window.navigator().on_line())
}

/// Whether the page is seen; timers of one that is not take up to a second.
pub(crate) fn is_visible() -> bool {
    web_sys::window().and_then(|window| window.document()).is_none_or(|document| !document.hidden())
}

/// Whether the machine wants dark colours, now and on change.
fn dark_scheme() -> Option<MediaQueryList> {
    web_sys::window()?.match_media("(prefers-color-scheme: dark)").ok().flatten()
}

/// What the page and the window tell for as long as the core lives.
fn listeners(feed: &Feed) -> Vec<Listener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let on_window = |name: &'static str, inputs: fn() -> Vec<Input>| {
        let feed = feed.clone();
        Listener::new(&window, name, move |_: Event| feed.inputs(inputs()))
    };
    let mut all = vec![
        on_window("pagehide", || vec![Input::Leave]),
        // Back from the back-forward cache: time has jumped and the sockets are gone.
        on_window("pageshow", || vec![Clock::wall(), Input::Online(is_online())]),
        on_window("online", || vec![Clock::wall(), Input::Online(true)]),
        on_window("offline", || vec![Input::Online(false)]),
    ];
    if let Some(document) = window.document() {
        let feed = feed.clone();
        all.push(Listener::new(&document, "visibilitychange", move |_: Event| {
            feed.inputs([Clock::wall(), Input::Visible(is_visible())]);
        }));
    }
    if let Some(scheme) = dark_scheme() {
        let (feed, now) = (feed.clone(), scheme.clone());
        all.push(Listener::new(&scheme, "change", move |_: Event| feed.input(Input::Dark(now.matches()))));
    }
    all
}

/// Writes an attribute of the root element, for tests to read.
pub(crate) fn mark(attribute: &str, value: &str) {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let Some(root) = root {
        let _ = root.set_attribute(attribute, value);
    }
}
