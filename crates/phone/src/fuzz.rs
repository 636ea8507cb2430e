//! Doors to readers that nobody outside sees, for the fuzz targets of `tests/fuzz`. Each judges what it can where the
//! types are private, and panics where a promise is broken.

#![allow(clippy::panic, clippy::expect_used)]

use crate::{
    bridge::{self, RowWish},
    headers, sdp,
    voicemail::Voicemail,
    watch::{
        dialog_info::{Dialogs, MAX_DIALOGS},
        pidf,
    },
};
use softframe_contacts::Contact;

/// A session description of a peer.
pub fn description(octets: &[u8]) {
    if let Ok(text) = std::str::from_utf8(octets) {
        let looks = sdp::inspect(text);
        // Line ends are CRLF or LF, and the last one may be missing.
        let mended = format!("{}\n", text.trim_end_matches(['\r', '\n']));
        assert!(looks.is_none() || sdp::inspect(&mended) == looks, "{text:?}: {looks:?}");
    }
    if let Ok(text) = sdp::admit(octets) {
        assert!(text.len() <= sdp::MAX_SDP_OCTETS);
        assert!(text.lines().any(|line| line.starts_with("a=fingerprint:")));
    }
}

/// Presence documents, and ours with any words in it.
pub fn presence(text: &str) {
    if let Ok(presence) = pidf::read(text) {
        assert!(presence.note.chars().count() <= headers::MAX_SHOWN_CHARS, "{presence:?}");
        assert!(!presence.note.contains(['\r', '\n']), "{presence:?}");
    }
    let ours = pidf::write(text, "on-the-phone", text);
    let read = pidf::read(&ours).unwrap_or_else(|_| panic!("ours is none: {ours:?}"));
    assert!(read.open == Some(true) && read.on_the_phone, "{ours:?}: {read:?}");
}

/// Documents of dialog states, one after the other.
pub fn dialog_states<'a>(texts: impl Iterator<Item = &'a str>) {
    let mut dialogs = Dialogs::default();
    for text in texts {
        let _ = dialogs.take(text);
        assert!(dialogs.dialogs.len() <= MAX_DIALOGS, "{}", dialogs.dialogs.len());
    }
}

/// A message-summary.
pub fn summary(octets: &[u8]) {
    let _ = Voicemail::read(octets);
}

/// What a header value says of somebody.
pub fn party(value: &str) {
    let party = headers::name_addr(value);
    assert!(party.display.chars().count() <= headers::MAX_SHOWN_CHARS);
    assert!(!party.display.contains(['\r', '\n', '\0']));
}

/// Rows of a `contacts` message as JSON, each by itself: what it puts, or `None`.
pub fn rows(text: &str) -> Vec<Option<Contact>> {
    let read = |text: &str| match bridge::contact_of_row(&bridge::row(text)) {
        Ok(RowWish::Put { contact, .. }) => Some(contact),
        Ok(RowWish::Delete(_)) | Err(_) => None,
    };
    bridge::rows_of(text).unwrap_or_default().into_iter().map(read).collect()
}
