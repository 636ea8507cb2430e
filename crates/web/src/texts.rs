//! The texts of one language, fetched when it is spoken first.
//!
//! It never leaves the screen without words: where those of a language cannot be had, there is English.

use crate::{
    app::{Feed, warn},
    boot::{fetch, text_of},
    ui::Strings,
};
use softframe_phone::ENGLISH;
use web_sys::{RequestCache, RequestCredentials};

/// The texts of this language, else those of English.
pub(crate) async fn load(language: &'static str) -> Strings {
    let strings = read(language).await;
    if strings.is_empty() && language != ENGLISH { read(ENGLISH).await } else { strings }
}

/// The screen speaks this language as soon as its texts are there.
pub(crate) fn speak(feed: Feed, language: &'static str) {
    js_sys::futures::spawn_local(async move {
        let strings = load(language).await;
        feed.with(|app| app.speak(strings));
    });
}

async fn read(language: &'static str) -> Strings {
    // A name with a hash never changes its content, so the browser may keep it; a plain one is kept as its server says.
    let fetched = fetch(&address(language), RequestCredentials::SameOrigin, RequestCache::Default);
    let strings = Strings::new(language, &text_of(fetched).await.unwrap_or_default());
    if strings.is_empty() {
        warn(&format!("the texts of the language \"{language}\" could not be read"));
    }
    strings
}

/// Where the page says that they are.
fn address(language: &str) -> String {
    let document = web_sys::window().and_then(|window| window.document());
    let link = document.and_then(|document| {
        document.query_selector(&format!("link[rel=alternate][hreflang={language}]")).ok().flatten()
    });
    let address = link.and_then(|link| link.get_attribute("href"));
    address.unwrap_or_else(|| format!("strings/{language}.json"))
}
