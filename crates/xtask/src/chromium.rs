//! Finds Chromium and its driver for the tests, or installs both on Debian.
//!
//! It never downloads a browser from anywhere else.

use crate::{
    Outcome,
    child::{apt_install, can_apt, in_path},
};
use std::path::PathBuf;

/// A browser and the driver of the same version.
pub(crate) struct Chromium {
    /// The browser.
    pub(crate) browser: PathBuf,
    /// Its driver.
    pub(crate) driver: PathBuf,
}

impl Chromium {
    /// What PATH has, installed if need be.
    pub(crate) fn find() -> Outcome<Chromium> {
        if let Some(found) = Chromium::installed() {
            return Ok(found);
        }
        if can_apt() {
            apt_install(&["chromium", "chromium-driver"])?;
        }
        Chromium::installed().ok_or_else(|| {
            "the browser tests need Chromium and its driver in PATH: on Debian as root \
             `apt-get install chromium chromium-driver`."
                .to_owned()
        })
    }

    fn installed() -> Option<Chromium> {
        let browser =
            ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| in_path(name))?;
        Some(Chromium { browser, driver: in_path("chromedriver")? })
    }
}
