//! What `www/boot.js` keeps outside of wasm memory, so that it outlives a trap of the core.
//!
//! Rust only calls it; it decides nothing while the core lives.

use wasm_bindgen::prelude::*;
use web_sys::{RtcPeerConnection, WebSocket, Worker};

#[wasm_bindgen]
extern "C" {
    /// The object that `boot.js` hands to [`crate::start`].
    pub type Shell;

    /// The journal: what must still be said about `call`, as JSON; `undefined` when it is over.
    #[wasm_bindgen(method)]
    pub(crate) fn keep(this: &Shell, call: &str, entry: Option<String>);

    /// What the life of the page before this one left in the journal, a JSON array, and forgets it.
    #[wasm_bindgen(method)]
    pub(crate) fn left(this: &Shell, instance: &str) -> Option<String>;

    /// The origin that messages go to from now on.
    #[wasm_bindgen(method)]
    pub(crate) fn pin(this: &Shell, origin: &str);

    /// The `seq` that went out last.
    #[wasm_bindgen(method)]
    pub(crate) fn said(this: &Shell, seq: f64);

    /// The next `seq` of this load if a core has lived in it before.
    #[wasm_bindgen(method)]
    pub(crate) fn resume(this: &Shell) -> Option<f64>;

    /// The live sockets, by flow.
    #[wasm_bindgen(method)]
    pub(crate) fn socket(this: &Shell, flow: &str, socket: Option<&WebSocket>);

    /// The live peer connections.
    #[wasm_bindgen(method)]
    pub(crate) fn peer(this: &Shell, peer: &str, connection: Option<&RtcPeerConnection>);

    /// The clock worker, where the browser starts one.
    #[wasm_bindgen(method)]
    pub(crate) fn worker(this: &Shell) -> Option<Worker>;

    /// A test build asks for one trap.
    #[cfg(feature = "trap")]
    #[wasm_bindgen(method)]
    pub(crate) fn trap(this: &Shell) -> bool;
}
