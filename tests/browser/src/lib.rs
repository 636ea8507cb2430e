//! The real widget in a real browser: one server and one browser for each test, and pages that read like a story.
//!
//! It never looks into the widget's code; what it asserts is what a host page, a person or the server could see.
//! `cargo xtask test` builds what it needs and says where that is by environment variables.

mod browser;
mod catalogue;
mod events;
mod http;
mod keys;
mod lossy;
mod page;
mod plain;
mod pulse;
mod reached;
mod relay;
mod schema;
mod server;
mod thread;

pub use browser::{Browser, Setup};
pub use catalogue::{Catalogue, Form};
pub use events::assert_call;
pub use lossy::Lossy;
pub use page::{Frame, Page, write_file};
pub use plain::{
    receive_posts, serve_changing_widget, serve_file, serve_pages, serve_widget, serve_widget_in_trouble,
};
pub use pulse::Pulse;
pub use relay::{Relay, with_body};
pub use server::Server;
pub use thread::{Stretches, Trace};

use std::{path::PathBuf, time::Duration};

/// Anything on one machine that takes longer than this is not going to come.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// How often a condition is looked at.
pub const GLANCE: Duration = Duration::from_millis(40);

/// A place that `cargo xtask test` prepared.
pub(crate) fn prepared(name: &str) -> PathBuf {
    match std::env::var_os(name) {
        Some(path) => PathBuf::from(path),
        None => panic!("{name} is not set: run these tests by `cargo xtask test --only browser`"),
    }
}

/// Looks until `look` finds something; panics with `what` after [`PATIENCE`].
pub async fn until<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// As [`until`], with a patience of its own.
pub async fn within<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = std::time::Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < patience, "{what}: not within {patience:?}");
        tokio::time::sleep(GLANCE).await;
    }
}
