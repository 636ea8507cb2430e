//! Chromium or Firefox under its driver: one of each for a test, gone with the value.
//!
//! WebDriver's own defaults hide background throttling and the back-forward cache; what needs them goes through the
//! raw debugging protocol ([`Browser::cdp`]), which Chromium alone speaks.

mod chromium;
mod firefox;

use crate::{http::request, prepared};
use fantoccini::{
    Client, ClientBuilder,
    wd::{TimeoutConfiguration, WebDriverCompatibleCommand},
};
use firefox::Preload;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// What this machine has, as the browser sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// A fake microphone that beeps once a second, and permission to use it.
    Microphone,
    /// A fake microphone, but the person says no.
    Denied,
    /// No microphone at all.
    NoMicrophone,
    /// A microphone, but no sound before a gesture in the page.
    NoAutoplay,
    /// The devices of the PulseAudio server at this address, and permission to use them.
    Machine(&'static str),
    /// As [`Setup::Microphone`]; a server whose public key has this SHA-256 is believed, whoever has signed for it.
    Believing([u8; 32]),
}

/// A browser with one window.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    pub(crate) client: Client,
    /// Of Firefox: what runs in every document. It forgets that when nobody listens any more.
    preload: Option<Preload>,
}

impl Browser {
    /// Starts one: Firefox where `cargo xtask test --only firefox` has prepared it, else Chromium.
    pub async fn start(setup: Setup) -> Browser {
        let is_firefox = firefox::is_wanted();
        let (driver, port) = if is_firefox { firefox::driver() } else { chromium::driver(setup) };
        let mut builder = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new());
        let wishes = if is_firefox { firefox::capabilities(setup) } else { chromium::capabilities(setup) };
        builder.capabilities(wishes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        let address = format!("http://127.0.0.1:{port}");
        let client = builder.connect(&address).await.expect("the driver starts a browser");
        let session = client.session_id().await.expect("a session").expect("its id");
        let preload = if is_firefox { Some(Preload::connect(&client).await) } else { None };
        Browser { driver, port, session, client, preload }
    }

    /// Whether it speaks the Chrome DevTools Protocol: traces, drags from the desktop, hidden tabs.
    pub fn is_chromium(&self) -> bool {
        self.preload.is_none()
    }

    /// One command of the Chrome DevTools Protocol, to the page.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        assert!(self.is_chromium(), "{command}: Firefox does not speak this protocol");
        let cdp = Cdp { command: command.to_owned(), parameters };
        self.client.issue_cmd(cdp).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Where the browser itself can be asked to trace.
    pub(crate) fn debugger_port(&self) -> u16 {
        let options = self.client.capabilities().and_then(|all| all.get("goog:chromeOptions"));
        let address = options.and_then(|options| options["debuggerAddress"].as_str());
        let port = address.and_then(|address| address.rsplit(':').next()?.parse().ok());
        port.expect("the driver says where the debugger is")
    }

    /// A new document in the same window.
    pub async fn visit(&self, address: &str) {
        self.client.goto(address).await.expect("the page loads");
    }

    /// Scripts may take so long; the driver's own limit is 30 s.
    pub async fn allow_scripts(&self, time: Duration) {
        let timeouts = TimeoutConfiguration::new(Some(time), None, None);
        self.client.update_timeouts(timeouts).await.expect("the driver takes a limit");
    }

    /// Runs a function body in the page, whose end may be that of the page.
    ///
    /// # Errors
    /// What the driver says when the script throws or the page is gone.
    pub async fn attempt(&self, script: &str, arguments: Vec<Value>) -> Result<Value, String> {
        self.client.execute(script, arguments).await.map_err(|error| error.to_string())
    }

    /// What the browser has written to its console since it was last asked.
    pub async fn console(&self) -> Vec<String> {
        let lines = self.client.issue_cmd(ConsoleLines).await.expect("the console");
        let texts = lines.as_array().into_iter().flatten();
        texts.filter_map(|line| line["message"].as_str().map(str::to_owned)).collect()
    }

    /// Runs in every document of the page from now on, before its own scripts; in Chromium not in frames of other sites.
    pub async fn before_each_document(&self, script: &str) {
        if let Some(preload) = &self.preload {
            return preload.add(script).await;
        }
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser only when it is asked; without it, it stays behind after a failed test.
        let _ = request(self.port, "DELETE", &format!("/session/{}", self.session), None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Chromium's driver wants the port that it chose for IPv4 for IPv6, too, and ends where somebody else has that.
const DRIVER_STARTS: usize = 3;

/// The driver on a port that it chooses itself and says behind `before`. Its browser hears by the PulseAudio server at
/// `pulse`.
fn start_driver(program: &str, arguments: &[&str], pulse: Option<&str>, before: &str) -> (Child, u16) {
    let started = (0..DRIVER_STARTS).find_map(|_| {
        let mut child = Command::new(prepared(program))
            .args(arguments)
            .envs(pulse.map(|address| ("PULSE_SERVER", address)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once(before)?.1.trim_end_matches('.').parse().ok());
        match port {
            Some(port) => {
                std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
                Some((child, port))
            }
            None => {
                child.wait().expect("it has ended: it says nothing more");
                None
            }
        }
    });
    started.expect("the driver says its port")
}

#[derive(Debug)]
struct Cdp {
    command: String,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Cdp {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.command, "params": self.parameters }).to_string()))
    }
}

#[derive(Debug)]
struct ConsoleLines;

impl WebDriverCompatibleCommand for ConsoleLines {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}
