//! Chromium and its driver: flags that make it small, quiet and full of fake microphones.
//!
//! It never goes to the network of itself.

use super::{Setup, start_driver};
use crate::prepared;
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::process::Child;

const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1360,1000",
];

/// What a session must have.
pub(super) fn capabilities(setup: Setup) -> Vec<(&'static str, Value)> {
    let mut flags: Vec<String> = FLAGS.map(str::to_owned).into();
    let mut add = |flag: &str| flags.push(flag.to_owned());
    if !matches!(setup, Setup::NoMicrophone | Setup::Machine(_)) {
        add("--use-fake-device-for-media-stream");
    }
    match setup {
        Setup::Microphone | Setup::NoAutoplay | Setup::NoMicrophone | Setup::Machine(_) => {
            add("--use-fake-ui-for-media-stream")
        }
        Setup::Denied => add("--deny-permission-prompts"),
        Setup::Believing(key) => {
            add("--use-fake-ui-for-media-stream");
            add(&format!("--ignore-certificate-errors-spki-list={}", BASE64.encode(&key)));
        }
    }
    if setup != Setup::NoAutoplay {
        add("--autoplay-policy=no-user-gesture-required");
    }
    let options = json!({ "args": flags, "binary": prepared("SOFTFRAME_CHROMIUM") });
    vec![
        ("browserName", json!("chrome")),
        ("goog:chromeOptions", options),
        ("goog:loggingPrefs", json!({ "browser": "ALL" })),
    ]
}

/// The driver and its port.
pub(super) fn driver(setup: Setup) -> (Child, u16) {
    let pulse = if let Setup::Machine(pulse) = setup { Some(pulse) } else { None };
    start_driver("SOFTFRAME_CHROMEDRIVER", &["--port=0"], pulse, "successfully on port ")
}
