//! Finds Firefox and its driver for the tests, or installs both.
//!
//! It never downloads a browser from anywhere else than Debian; the driver is compiled from its source.

use crate::{
    Outcome,
    child::{apt_install, can_apt, cargo, in_path, run},
    tree::Tree,
};
use std::path::PathBuf;

/// The driver that all was tried with. Debian has none.
const DRIVER: &str = "geckodriver@0.37.1";

/// A browser and its driver.
pub(crate) struct Firefox {
    /// The browser.
    pub(crate) browser: PathBuf,
    /// Its driver.
    pub(crate) driver: PathBuf,
}

impl Firefox {
    /// What PATH has, installed if need be; the driver also from an earlier time.
    pub(crate) fn find(tree: &Tree) -> Outcome<Firefox> {
        let browser = || ["firefox-esr", "firefox"].iter().find_map(|name| in_path(name));
        if browser().is_none() && can_apt() {
            apt_install(&["firefox-esr"])?;
        }
        let browser = browser().ok_or_else(|| {
            "the tests in Firefox need it in PATH: on Debian as root `apt-get install firefox-esr`."
                .to_owned()
        })?;
        let own = tree.built("tools/bin/geckodriver");
        if let Some(driver) = in_path("geckodriver").or_else(|| own.is_file().then(|| own.clone())) {
            return Ok(Firefox { browser, driver });
        }
        let mut install = cargo(tree);
        install.args(["install", "--quiet", "--locked", DRIVER, "--root"]).arg(tree.built("tools"));
        run(&mut install)?;
        Ok(Firefox { browser, driver: own })
    }
}
