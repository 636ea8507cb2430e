//! The browser: the only crate that does browser I/O, reads its clock or touches the DOM.
//!
//! It translates between the browser and [`softframe_phone::Phone`] and decides nothing. `www/boot.js` loads it,
//! calls [`start`] with what must outlive it, and starts it afresh after a trap.

mod app;
mod audio;
mod boot;
mod check;
mod clock;
mod files;
mod gateway;
mod headset;
mod host;
mod idle;
mod journal;
mod listener;
mod media_keys;
mod microphone;
mod peer;
mod shell;
mod socket;
mod storage;
mod tabs;
mod texts;
pub mod trust;
pub mod ui;

pub use shell::Shell;
use wasm_bindgen::prelude::*;

/// Starts a core. `shell` is the object of `www/boot.js` that outlives it.
#[wasm_bindgen]
pub fn start(shell: Shell) {
    boot::start(shell);
}

/// A test build: the next input executes `unreachable` while the phone is borrowed, if the page says so.
#[cfg(feature = "trap")]
pub(crate) fn trap_if_asked(shell: &Shell) {
    if shell.trap() {
        #[cfg(target_arch = "wasm32")]
        core::arch::wasm32::unreachable();
    }
}
