//! A host page with the phone in it, as a test speaks of it.

use crate::{Browser, PATIENCE, Server, Setup, prepared, schema, until, within};
use fantoccini::{
    Locator,
    elements::{Element, ElementRef},
};
use serde_json::{Value, json};
use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Collects what the page is told, from before its own scripts run, and holds `state` against the fold of all events.
fn collector() -> String {
    let library = std::fs::read_to_string(prepared("SOFTFRAME_WWW").join("softframe.js"));
    include_str!("collector.js").replace("/* LIBRARY */", &library.expect("the widget has its host library"))
}

/// Answer, Decline and Allow react 500 ms after they are really visible; End 600 ms after Call.
const ARMING: Duration = Duration::from_millis(700);

/// A page in a browser of its own.
pub struct Page {
    /// The browser.
    pub browser: Browser,
    /// How many of the events a test has been through.
    read: Cell<usize>,
}

impl Page {
    /// Collects messages from now on; for frames, where the collector of the page does not run.
    pub const COLLECT: &str =
        "self.heard = []; addEventListener('message', ({ data }) => data?.type && heard.push(data));";

    /// Embeds a frame by name and address as the documents say.
    pub const EMBED: &str = "const frame = document.createElement('iframe'); frame.name = arguments[0]; \
         frame.allow = 'microphone; autoplay'; frame.width = 320; frame.height = 460; frame.src = arguments[1]; \
         document.body.prepend(frame);";

    /// The demo's page for an extension, with a microphone.
    pub async fn open_demo(server: &Server, extension: u32) -> Page {
        Page::open(&server.page(&format!("/demo/?ext={extension}")), Setup::Microphone).await
    }

    /// The demo's page, once its phone is registered.
    pub async fn open_registered(server: &Server, extension: u32) -> Page {
        let page = Page::open_demo(server, extension).await;
        page.expect("logged").await;
        page
    }

    /// Any page.
    pub async fn open(address: &str, setup: Setup) -> Page {
        let browser = Browser::start(setup).await;
        browser.before_each_document(&collector()).await;
        browser.client.goto(address).await.expect("the page loads");
        Page { browser, read: Cell::new(0) }
    }

    /// A widget without an account, and a page that may not use it yet.
    pub async fn open_plain(server: &Server, setup: Setup) -> Page {
        let page = Page::open(&server.page("/demo/crm.css"), setup).await;
        page.add_frame("sf", &server.on("localhost", "/plain/")).await;
        page.expect("softframe:ready").await;
        page
    }

    /// Signs in by the form, as a person does.
    pub async fn sign_in(&self, user: &str, password: &str) {
        self.phone(async |frame| {
            frame.type_into("input[name=username]", user).await;
            frame.type_into("input[name=password]", password).await;
            frame.press("Sign in").await;
        })
        .await;
    }

    /// A page of another site with the phone in it.
    pub async fn open_evil(server: &Server, path: &str) -> Page {
        Page::open_on(server, "evil.localhost", path).await
    }

    /// A page of any site with the phone of a folder of [`serve_widget`](crate::serve_widget) in it.
    pub async fn open_served(server: &Server, address: &str) -> Page {
        let page = Page::open(&server.page("/demo/crm.css"), Setup::Microphone).await;
        page.add_frame("sf", address).await;
        page
    }

    /// A page on this host with the phone in it.
    pub async fn open_on(server: &Server, host: &str, path: &str) -> Page {
        // Any file of the demo is a page without a policy of its own.
        let page = Page::open(&server.on(host, "/demo/crm.css"), Setup::Microphone).await;
        page.add_frame("sf", &server.on("localhost", path)).await;
        page
    }

    /// Puts a frame into the page.
    pub async fn add_frame(&self, name: &str, address: &str) {
        self.run(Page::EMBED, vec![json!(name), json!(address)]).await;
    }

    /// The page again.
    pub async fn reload(&self) {
        self.browser.client.refresh().await.expect("the page loads again");
        self.read.set(0);
    }

    /// From here on, the page is the one in the window that was opened last.
    pub async fn enter_newest_window(&self) {
        let client = &self.browser.client;
        let windows = client.windows().await.expect("windows");
        let newest = windows.into_iter().next_back().expect("one at least");
        client.switch_to_window(newest).await.expect("into the window");
        self.read.set(0);
    }

    /// Runs a function body in the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.browser
            .client
            .execute(script, arguments)
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Runs the body of an async function in the page: its value, or the `code` of what it threw.
    pub async fn run_async(&self, script: &str) -> Result<Value, Value> {
        let whole = format!(
            "const done = arguments[arguments.length - 1]; (async () => {{ {script} }})().then(\
                 (value) => done({{ value: value ?? null }}), \
                 (error) => done({{ code: error.code ?? null, text: String(error) }}));"
        );
        let outcome = self.browser.client.execute_async(&whole, Vec::new()).await;
        let outcome = outcome.unwrap_or_else(|error| panic!("{script}: {error}"));
        match outcome.get("value") {
            Some(value) => Ok(value.clone()),
            None if outcome["code"].is_null() => panic!("{script}: {}", outcome["text"]),
            None => Err(outcome["code"].clone()),
        }
    }

    /// Loads the host library of the phone's folder, as a classic script of another origin.
    pub async fn load_library(&self, server: &Server) {
        self.load_script(server, "softframe.js").await;
    }

    /// Loads a script of the phone's folder, as a page of another origin does.
    pub async fn load_script(&self, server: &Server, name: &str) {
        let address = server.on("localhost", &format!("/200/{name}"));
        let script = format!(
            "const script = document.createElement('script'); script.src = '{address}'; \
             await new Promise((resolve, reject) => {{ script.onload = resolve; script.onerror = reject; \
                 document.head.append(script); }});"
        );
        self.run_async(&script).await.expect("the library loads");
    }

    /// From now on `state` is asked for after each event and held against the fold of all events since the first
    /// snapshot, in a page that has the library and its phone as `phone`.
    pub async fn watch_state(&self) {
        let script = "const sorted = (value) => JSON.stringify(value, (_, one) => one?.constructor === Object \
                 ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => a < b ? -1 : 1)) : one); \
             if (!phone.state) await phone.once('softframe:state'); \
             self.folds = { open: 0, compared: 0, wrong: [], fold: phone.state }; \
             phone.on('*', (data, message) => { \
                 if (!message.seq || !phone.state) return; \
                 folds.fold = Softframe.fold(folds.fold, message); \
                 folds.open += 1; \
                 phone.send('state').then((truth) => { \
                     folds.open -= 1; folds.compared += 1; \
                     for (const fold of [folds.fold, phone.state]) \
                         if (sorted(truth) !== sorted(fold)) folds.wrong.push([message.type, truth, fold]); \
                 }, (error) => { folds.open -= 1; folds.wrong.push([message.type, String(error)]); }); \
             });";
        self.run_async(script).await.expect("the state is watched");
    }

    /// Every event since [`Page::watch_state`] left `state` as their fold; how many there were.
    pub async fn assert_folds(&self) -> u64 {
        let folds = until("all snapshots are there", async || {
            let folds = self.run("return folds", Vec::new()).await;
            (folds["open"] == 0).then_some(folds)
        })
        .await;
        assert_eq!(folds["wrong"], json!([]), "after an event, the snapshot, the fold");
        folds["compared"].as_u64().expect("a number")
    }

    /// Posts to the phone as the documents say.
    pub async fn post(&self, message: Value) {
        self.run("window.frames.sf.postMessage(arguments[0], '*')", vec![message]).await;
    }

    /// Posts with an `id` and waits for the response: its `data`, or its `error`.
    pub async fn ask(&self, kind: &str, data: Value) -> Result<Value, Value> {
        let id = format!("{kind}-{}", self.heard().await.len());
        self.post(json!({ "type": kind, "data": data, "id": id })).await;
        let response = until(&format!("a response to {kind}"), async || {
            self.heard().await.into_iter().find(|one| one["type"] == "softframe:response" && one["id"] == id)
        })
        .await;
        if response["ok"] == json!(true) {
            schema::assert_answer(kind, &response["data"]);
            Ok(response["data"].clone())
        } else {
            Err(response["error"].clone())
        }
    }

    /// Everything the page was told, envelopes included.
    pub async fn heard(&self) -> Vec<Value> {
        let script = "return self.unfolded?.length ? { unfolded } : self.heard ?? []";
        match self.run(script, Vec::new()).await {
            Value::Array(events) => {
                events.iter().for_each(schema::assert_message);
                events
            }
            other => panic!("after an event, the snapshot is not the fold of all events: {other}"),
        }
    }

    /// The types of the events, in order.
    pub async fn heard_types(&self) -> Vec<String> {
        self.heard().await.iter().filter_map(|event| event["type"].as_str().map(str::to_owned)).collect()
    }

    /// How often the page was told this.
    pub async fn count(&self, kind: &str) -> usize {
        self.heard().await.iter().filter(|event| event["type"] == kind).count()
    }

    /// Waits for the next event of this type after the last one expected; gives its `data`.
    pub async fn expect(&self, kind: &str) -> Value {
        self.expect_within(PATIENCE, kind).await
    }

    /// As [`Page::expect`], with a patience of its own.
    pub async fn expect_within(&self, patience: Duration, kind: &str) -> Value {
        self.expect_where(patience, kind, |_| true).await
    }

    /// Waits for the next event of this type that fits.
    pub async fn expect_where(&self, patience: Duration, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let start = std::time::Instant::now();
        loop {
            let heard = self.heard().await;
            let next = heard.iter().enumerate().skip(self.read.get());
            if let Some((place, event)) =
                next.into_iter().find(|(_, one)| one["type"] == kind && fits(&one["data"]))
            {
                self.read.set(place + 1);
                return event["data"].clone();
            }
            let types: Vec<&Value> = heard.iter().skip(self.read.get()).map(|event| &event["type"]).collect();
            assert!(start.elapsed() < patience, "no {kind} within {patience:?}; heard {types:?}");
            tokio::time::sleep(crate::GLANCE).await;
        }
    }

    /// From now on, events that came already are not expected any more.
    pub async fn forget(&self) {
        self.read.set(self.heard().await.len());
    }

    /// `click2call` exactly as documented.
    pub async fn click2call(&self, number: &str) {
        self.post(json!({ "type": "click2call", "data": { "number": number } })).await;
    }

    /// Waits for a state of the connection.
    pub async fn expect_connection(&self, state: &str) {
        self.expect_connection_within(PATIENCE, state).await;
    }

    /// As [`Page::expect_connection`], with a patience of its own.
    pub async fn expect_connection_within(&self, patience: Duration, state: &str) {
        self.expect_where(patience, "connection:change", |data| data["state"] == state).await;
    }

    /// Does something inside the phone's frame.
    pub async fn phone<T>(&self, act: impl AsyncFnOnce(Frame<'_>) -> T) -> T {
        self.inside("iframe[name=sf]", act).await
    }

    /// Does something inside a frame.
    pub async fn inside<T>(&self, selector: &str, act: impl AsyncFnOnce(Frame<'_>) -> T) -> T {
        inside(&self.browser.client, selector, act).await
    }

    /// Presses a button that reacts only once it has been visible for a while.
    pub async fn press_armed(&self, name: &str) {
        self.phone(async |frame| {
            frame.reads(name).await;
            tokio::time::sleep(ARMING).await;
            frame.press(name).await;
        })
        .await;
    }

    /// The person answers what rings.
    pub async fn answer(&self) {
        self.press_armed("Answer").await;
    }

    /// How many messages the phone has refused unread.
    pub async fn refused(&self) -> u64 {
        self.phone(async |frame| frame.counter("refused").await).await
    }

    /// How many messages the phone has put aside unread, until somebody decides.
    pub async fn held(&self) -> u64 {
        self.phone(async |frame| frame.counter("held").await).await
    }

    /// Brings another tab to the front, so that this one is really hidden.
    pub async fn hide(&self) {
        self.browser.cdp("Target.createTarget", json!({ "url": "about:blank" })).await;
        until("the page is hidden", async || {
            (self.run("return document.hidden", Vec::new()).await == json!(true)).then_some(())
        })
        .await;
    }

    /// What the browser keeps of dropped contacts: the keys, and whether any value holds this text in the clear.
    pub async fn kept(&self, text: &str) -> (Vec<String>, bool) {
        let script = "const text = arguments[0], done = arguments[arguments.length - 1]; const open = indexedDB.open('softframe'); \
             open.onsuccess = () => { const store = open.result.transaction('values').objectStore('values'); \
                 const keys = store.getAllKeys(), values = store.getAll(); \
                 values.onsuccess = () => { open.result.close(); \
                     const held = values.result.some((value) => new TextDecoder().decode(value).includes(text)); \
                     done([keys.result.map((key) => key.split('\\0')[1]).filter((key) => /^(contacts|files|edits)\\//.test(key)), held]); }; };";
        let found = self.phone(async |frame| frame.run_async_with(script, vec![json!(text)]).await).await;
        serde_json::from_value(found).expect("keys")
    }

    /// Drops a file on the phone, as from the desktop.
    pub async fn drop_file(&self, name: &str, text: &str) {
        self.drop_files(&[(name, text.as_bytes())]).await;
    }

    /// The same with several at once.
    pub async fn drop_files(&self, files: &[(&str, &[u8])]) {
        let files: Vec<_> = files.iter().map(|(name, octets)| write_file(name, octets)).collect();
        self.drop_paths(&files).await;
    }

    /// The same with files that are on the disk. Where no drag can be made, they are chosen.
    pub async fn drop_paths(&self, files: &[std::path::PathBuf]) {
        if !self.browser.is_chromium() {
            let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            return self
                .phone(async |frame| {
                    let chooser = frame.find(Locator::Css("#chooser")).await;
                    chooser.send_keys(&paths.join("\n")).await.expect("files are chosen");
                })
                .await;
        }
        // A page that is loaded again is scrolled where it was.
        let middle = "const frame = document.querySelector('iframe[name=sf]'); frame.scrollIntoView({ block: 'center' }); \
             const box = frame.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]";
        let place = self.run(middle, Vec::new()).await;
        let data = json!({ "items": [], "files": files, "dragOperationsMask": 1 });
        for kind in ["dragEnter", "dragOver", "drop"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "data": data });
            self.browser.cdp("Input.dispatchDragEvent", event).await;
        }
    }

    /// `totalAudioEnergy` of what the newest peer connection receives, by getStats.
    pub async fn audio_energy(&self) -> f64 {
        let script = "const done = arguments[arguments.length - 1]; const peer = [...softframe.peers.values()].at(-1); \
             if (!peer) done(0); else peer.getStats().then((stats) => { let energy = 0; \
             stats.forEach((one) => { if (one.type === 'inbound-rtp') energy += one.totalAudioEnergy ?? 0; }); done(energy); })";
        self.phone(async |frame| frame.run_async(script).await).await.as_f64().unwrap_or(0.0)
    }

    /// From now on, the origins of messages whose content the phone touches are in `reads` of its frame: a browser
    /// deserialises a message when its content is first touched.
    pub const WATCH_READS: &str = "self.reads = []; \
         const data = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data').get; \
         Object.defineProperty(MessageEvent.prototype, 'data', { get() { reads.push(this.origin); return data.call(this); } });";

    /// In frames that are loaded from now on, the memory of the phone's module can be looked at.
    pub const WATCH_MEMORY: &str = "if (self !== top) { const make = WebAssembly.instantiateStreaming; \
         WebAssembly.instantiateStreaming = async (...what) => { const made = await make.apply(WebAssembly, what); \
             self.memory = made.instance.exports.memory; return made; }; }";

    /// How large that memory is, since [`Page::WATCH_MEMORY`].
    pub async fn module_octets(&self) -> usize {
        let script = "return memory.buffer.byteLength";
        let octets = self.phone(async |frame| frame.run(script, Vec::new()).await).await;
        octets.as_u64().expect("a size") as usize
    }

    /// How many messages of this origin the phone has read since [`Page::WATCH_READS`].
    pub async fn reads_of(&self, origin: &str) -> u64 {
        let script = "return reads.filter((one) => one === arguments[0]).length";
        let count = self.phone(async |frame| frame.run(script, vec![json!(origin)]).await).await;
        count.as_u64().expect("a number")
    }

    /// From now on, the tracks of microphones that the phone takes, and their clones, are in `taken` of its frame.
    pub async fn watch_microphone(&self) {
        let script = "self.taken = []; const take = navigator.mediaDevices.getUserMedia; \
             navigator.mediaDevices.getUserMedia = async function (...wish) { \
                 const stream = await take.apply(this, wish); taken.push(...stream.getTracks()); return stream; }; \
             const clone = MediaStreamTrack.prototype.clone; \
             MediaStreamTrack.prototype.clone = function () { \
                 const track = clone.call(this); if (taken.includes(this)) taken.push(track); return track; };";
        self.phone(async |frame| frame.run(script, Vec::new()).await).await;
    }

    /// How many tracks of microphones are live since [`Page::watch_microphone`].
    pub async fn live_microphones(&self) -> u64 {
        let script = "return taken.filter((track) => track.readyState === 'live').length";
        let count = self.phone(async |frame| frame.run(script, Vec::new()).await).await;
        count.as_u64().expect("a number")
    }

    /// Waits until nothing of a call is left: no peer connection, and no live microphone where they are watched.
    pub async fn expect_no_media(&self) {
        let script = "const live = (self.taken ?? []).filter((track) => track.readyState === 'live'); \
             return softframe.peers.size + live.length";
        until("all peer connections and microphones are gone", async || {
            let left = self.phone(async |frame| frame.run(script, Vec::new()).await).await;
            (left == json!(0)).then_some(())
        })
        .await;
    }

    /// Waits until a number that stays silent has heard us, so that its media path is there.
    pub async fn expect_audio_to(&self, number: &str, server: &Server) {
        server.expect_heard(number).await;
    }

    /// Waits until the phone has heard as much as a tone of three seconds gives.
    pub async fn expect_audio(&self) {
        within(Duration::from_secs(12), "audio arrives at the phone", async || {
            (self.audio_energy().await > 0.1).then_some(())
        })
        .await;
    }

    /// A picture of the phone alone, as `NAME.png` among the pictures.
    pub async fn picture(&self, name: &str) {
        let client = &self.browser.client;
        let frame = client.find(Locator::Css("iframe[name=sf]")).await.expect("the frame");
        let octets = frame.screenshot().await.expect("a picture");
        save(name, &octets);
    }

    /// The same of the whole page as a WebP, for documents: a quarter of the octets.
    pub async fn small_picture_of_page(&self, name: &str) {
        let wanted = json!({ "format": "webp", "quality": 55 });
        let answer = self.browser.cdp("Page.captureScreenshot", wanted).await;
        let octets = from_base64(answer["data"].as_str().expect("a picture"));
        save_as(&format!("{name}.webp"), &octets);
    }

    /// A picture of the whole page.
    pub async fn picture_of_page(&self, name: &str) {
        save(name, &self.browser.client.screenshot().await.expect("a picture"));
    }
}

async fn inside<T>(client: &fantoccini::Client, selector: &str, act: impl AsyncFnOnce(Frame<'_>) -> T) -> T {
    let frame = until("the frame", async || client.find(Locator::Css(selector)).await.ok()).await;
    frame.enter_frame().await.expect("into the frame");
    let result = act(Frame { client }).await;
    client.enter_parent_frame().await.expect("back to the page");
    result
}

/// A file on the disk under its own name. Nothing writes to it again: a browser does not read a file that has changed since
/// it was dropped.
pub fn write_file(name: &str, octets: &[u8]) -> std::path::PathBuf {
    static FOLDERS: AtomicU64 = AtomicU64::new(0);
    let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("softframe-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for files");
    let file = folder.join(name);
    std::fs::write(&file, octets).expect("the file is written");
    file
}

/// RFC 4648 §4; what is no letter of it is padding.
fn from_base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values: Vec<u32> = text
        .bytes()
        .filter_map(|letter| LETTERS.iter().position(|known| *known == letter))
        .map(|value| value as u32)
        .collect();
    let mut octets = Vec::with_capacity(values.len() * 3 / 4);
    for group in values.chunks(4) {
        let bits = group.iter().fold(0, |bits, value| bits << 6 | value) << (6 * (4 - group.len()));
        octets.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    octets
}

fn save(name: &str, octets: &[u8]) {
    save_as(&format!("{name}.png"), octets);
}

fn save_as(name: &str, octets: &[u8]) {
    let file = prepared("SOFTFRAME_PICTURES").join(name);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).expect("a folder for pictures");
    }
    std::fs::write(file, octets).expect("a picture is written");
}

/// The inside of the phone's frame, while [`Page::phone`] lasts.
pub struct Frame<'a> {
    client: &'a fantoccini::Client,
}

impl Frame<'_> {
    /// Runs a function body in the frame.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Does something inside a frame of this frame.
    pub async fn inside<T>(&self, selector: &str, act: impl AsyncFnOnce(Frame<'_>) -> T) -> T {
        inside(self.client, selector, act).await
    }

    /// A number that the phone keeps of messages it did not read.
    pub async fn counter(&self, name: &str) -> u64 {
        let script = "return document.documentElement.dataset[arguments[0]] ?? '0'";
        let count = self.run(script, vec![json!(name)]).await;
        count.as_str().and_then(|count| count.parse().ok()).expect("a counter")
    }

    /// Runs a function body whose last argument takes the result.
    pub async fn run_async(&self, script: &str) -> Value {
        self.run_async_with(script, Vec::new()).await
    }

    /// The same with arguments before that.
    pub async fn run_async_with(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute_async(script, arguments).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// The element, once it is there.
    pub async fn find(&self, place: Locator<'_>) -> Element {
        until("the element is there", async || self.client.find(place).await.ok()).await
    }

    /// Clicks with the mouse, once it can be clicked.
    pub async fn click(&self, selector: &str) {
        until(&format!("{selector} can be clicked"), async || {
            let found = self.client.find(Locator::Css(selector)).await.ok()?;
            found.click().await.ok()
        })
        .await;
    }

    /// Presses the button that a screen reader would call so.
    pub async fn press(&self, name: &str) {
        let script = "const [name] = arguments; const button = [...document.querySelectorAll('button, [role=button], a.button')].find((one) => \
             (one.ariaLabel === name || one.innerText.trim() === name) && one.checkVisibility() && !one.disabled && !one.closest('[inert]')); \
             return button ?? null;";
        let start = std::time::Instant::now();
        loop {
            if let Ok(found) = self.client.execute(script, vec![json!(name)]).await
                && let Some(button) = found.as_object().and_then(|element| element.values().next()?.as_str())
                && Element::from_element_id(self.client.clone(), ElementRef::from(button.to_owned()))
                    .click()
                    .await
                    .is_ok()
            {
                return;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "no button {name:?} to press; the phone shows {:?}",
                self.text().await
            );
            tokio::time::sleep(crate::GLANCE).await;
        }
    }

    /// Types into a field.
    pub async fn type_into(&self, selector: &str, text: &str) {
        let field = until(&format!("{selector} is there"), async || {
            self.client.find(Locator::Css(selector)).await.ok()
        })
        .await;
        field.send_keys(text).await.unwrap_or_else(|error| panic!("typing into {selector}: {error}"));
    }

    /// All text a person can see.
    pub async fn text(&self) -> String {
        self.run("return document.body.innerText", Vec::new()).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a person can read this.
    pub async fn reads(&self, text: &str) {
        let start = std::time::Instant::now();
        loop {
            let shown = self.text().await;
            if shown.contains(text) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "the phone never showed {text:?}, but {shown:?}");
            tokio::time::sleep(crate::GLANCE).await;
        }
    }
}
