//! A host page with the phone in it, as a test speaks of it.

use crate::{Browser, PATIENCE, Server, Setup, prepared, until, within};
use fantoccini::Locator;
use serde_json::{Value, json};
use std::{cell::Cell, time::Duration};

/// Collects what the page is told, from before its own scripts run.
const COLLECTOR: &str = "if (self === top) { self.heard = []; \
     addEventListener('message', ({ data, origin }) => data?.type && heard.push({ ...data, origin, at: Date.now() })); }";

/// A page in a browser of its own.
pub struct Page {
    /// The browser.
    pub browser: Browser,
    /// How many of the events a test has been through.
    read: Cell<usize>,
}

impl Page {
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
        browser.before_each_document(COLLECTOR).await;
        browser.client.goto(address).await.expect("the page loads");
        Page { browser, read: Cell::new(0) }
    }

    /// Runs a function body in the page.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.browser
            .client
            .execute(script, arguments)
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
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
            Ok(response["data"].clone())
        } else {
            Err(response["error"].clone())
        }
    }

    /// Everything the page was told, envelopes included.
    pub async fn heard(&self) -> Vec<Value> {
        match self.run("return self.heard ?? []", Vec::new()).await {
            Value::Array(events) => events,
            other => panic!("no list of events: {other}"),
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

    /// Does something inside the phone's frame.
    pub async fn phone<T>(&self, act: impl AsyncFnOnce(Frame<'_>) -> T) -> T {
        let client = &self.browser.client;
        let frame =
            until("the phone's frame", async || client.find(Locator::Css("iframe[name=sf]")).await.ok())
                .await;
        frame.enter_frame().await.expect("into the frame");
        let result = act(Frame { client }).await;
        client.enter_parent_frame().await.expect("back to the page");
        result
    }

    /// Keeps a list of the peer connections that the phone makes from now on, for [`Page::audio_energy`].
    pub async fn watch_media(&self) {
        let script = "self.peers ??= []; const Native = RTCPeerConnection; \
             self.RTCPeerConnection = class extends Native { constructor(...all) { super(...all); peers.push(this); } }";
        self.phone(async |frame| frame.run(script, Vec::new()).await).await;
    }

    /// `totalAudioEnergy` of what the newest peer connection receives, by getStats.
    pub async fn audio_energy(&self) -> f64 {
        let script = "const done = arguments[arguments.length - 1]; const peer = (self.peers ?? []).at(-1); \
             if (!peer) done(0); else peer.getStats().then((stats) => { let energy = 0; \
             stats.forEach((one) => { if (one.type === 'inbound-rtp') energy += one.totalAudioEnergy ?? 0; }); done(energy); })";
        self.phone(async |frame| frame.run_async(script).await).await.as_f64().unwrap_or(0.0)
    }

    /// How many of the peer connections made since [`Page::watch_media`] are not closed.
    pub async fn open_peers(&self) -> u64 {
        let script = "return (self.peers ?? []).filter((peer) => peer.connectionState !== 'closed').length";
        self.phone(async |frame| frame.run(script, Vec::new()).await).await.as_u64().unwrap_or(0)
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

    /// A picture of the whole page.
    pub async fn picture_of_page(&self, name: &str) {
        save(name, &self.browser.client.screenshot().await.expect("a picture"));
    }
}

fn save(name: &str, octets: &[u8]) {
    let folder = prepared("SOFTFRAME_PICTURES");
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    std::fs::write(folder.join(format!("{name}.png")), octets).expect("a picture is written");
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

    /// Runs a function body whose last argument takes the result.
    pub async fn run_async(&self, script: &str) -> Value {
        self.client
            .execute_async(script, Vec::new())
            .await
            .unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Clicks with the mouse, once it can be clicked.
    pub async fn click(&self, selector: &str) {
        until(&format!("{selector} can be clicked"), async || {
            let found = self.client.find(Locator::Css(selector)).await.ok()?;
            found.click().await.ok()
        })
        .await;
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
