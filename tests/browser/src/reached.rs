//! Which screens of the catalogue a real run has reached.
//!
//! A fixture alone proves nothing: a state that the product never comes to would have the prettiest picture.

use crate::{Page, within};
use serde_json::json;
use std::time::Duration;

/// Some come only after a server has been silent for a while, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(40);

/// Whether one part that a person can see reads this.
const SEEN: &str = "const [selector, text] = arguments; \
     return [...document.querySelectorAll(selector)].some((one) => one.checkVisibility({ visibilityProperty: true }) && \
     `${one.innerText} ${one.value ?? ''} ${one.ariaLabel ?? ''}`.replace(/\\s+/g, ' ').includes(text))";

impl Page {
    /// The screen of this fixture comes up: `text` can be read in what `selector` names. Its picture goes to `reached/`.
    ///
    /// `tests/reached.rs` reads the calls of this from the sources of the tests, so `name` is written out there.
    pub async fn reached(&self, name: &str, selector: &str, text: &str) {
        self.phone(async |frame| {
            within(PATIENCE, &format!("{name}: {text:?} in {selector}"), async || {
                (frame.run(SEEN, vec![json!(selector), json!(text)]).await == json!(true)).then_some(())
            })
            .await;
        })
        .await;
        self.picture(&format!("reached/{name}")).await;
    }
}
