//! What the browser finds out for "Check my phone" (57): the microphone, what the page withholds, how sound can travel.
//!
//! It judges nothing; the phone says what a finding means.

use crate::{app::Feed, audio::Audio, microphone::is_allowed_by_page, peer::Peers};
use softframe_phone::{Found, Input};
use std::rc::Rc;

/// What the phone uses of what a page may delegate, in the order of the recipe in README.
const WANTED: [&str; 2] = ["microphone", "autoplay"];

/// Looks, and feeds each finding as it comes.
pub(crate) fn run(feed: &Feed, audio: &Rc<Audio>, peers: &Rc<Peers>) {
    let missing = WANTED.into_iter().filter(|feature| !is_allowed_by_page(feature)).collect();
    feed.input(Input::Found(Found::Missing(missing)));
    let (microphone, heard) = (audio.microphone().clone(), feed.clone());
    js_sys::futures::spawn_local(async move {
        let name = microphone.lend().await.map(|loan| loan.track.label());
        heard.input(Input::Found(Found::Microphone(name)));
    });
    let (peers, found) = (peers.clone(), feed.clone());
    js_sys::futures::spawn_local(async move {
        found.input(Input::Found(Found::Paths(peers.paths().await)));
    });
}
