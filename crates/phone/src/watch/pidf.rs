//! Presence (RFC 3856) as PIDF (RFC 3863) with the activities of RFC 4480: reads that of others, writes our own.

use super::xml::{Broken, Node, Reader, escaped};
use crate::headers::shown;

/// What a subscription accepts, and what is published.
pub(crate) const PIDF: &str = "application/pidf+xml";

/// What somebody lets be known of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presence {
    /// `basic` is `open` in one tuple at least; `None` where none says.
    pub(crate) open: Option<bool>,
    /// The first note, as it may stand on a screen.
    pub(crate) note: String,
    /// The activity `on-the-phone`.
    pub(crate) on_the_phone: bool,
}

/// `Err` for what is no presence document.
pub(crate) fn read(text: &str) -> Result<Presence, Broken> {
    let mut reader = Reader::new(text);
    let mut presence: Option<Presence> = None;
    let mut within = "";
    while let Some(node) = reader.next()? {
        match node {
            Node::Start { name: "presence", .. } if presence.is_none() => {
                presence = Some(Presence::default())
            }
            Node::Start { name, .. } => {
                within = name;
                if let ("on-the-phone", Some(presence)) = (name, &mut presence) {
                    presence.on_the_phone = true;
                }
            }
            Node::Text(text) => match (within, &mut presence) {
                ("basic", Some(presence)) => {
                    let is_open = text.trim().eq_ignore_ascii_case("open");
                    presence.open = Some(is_open || presence.open == Some(true));
                }
                ("note", Some(presence)) if presence.note.is_empty() => presence.note = shown(text.trim()),
                _ => {}
            },
            Node::End { .. } => within = "",
        }
    }
    presence.ok_or(Broken)
}

/// Our own: `activity` of RFC 4480 (empty: none) and a note.
pub(crate) fn write(entity: &str, activity: &str, note: &str) -> String {
    let (entity, note) = (escaped(entity), escaped(note));
    let activity = match activity {
        "" => String::new(),
        activity => format!("<rpid:activities><rpid:{activity}/></rpid:activities>"),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" \
         entity=\"{entity}\"><tuple id=\"t\"><status><basic>open</basic></status><note>{note}</note></tuple>\
         <dm:person id=\"p\">{activity}<dm:note>{note}</dm:note></dm:person></presence>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_of_real_servers_is_read() {
        let asterisk = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<presence entity=\"sip:302@a\" \
            xmlns=\"urn:ietf:params:xml:ns:pidf\" xmlns:pp=\"urn:ietf:params:xml:ns:pidf:person\">\n \
            <note>On the phone</note>\n <tuple id=\"302\">\n  <status>\n   <basic>open</basic>\n  </status>\n  \
            <contact priority=\"1\">sip:302@a</contact>\n </tuple>\n <pp:person>\n  <status>\n   <ep:activities \
            xmlns:ep=\"urn:x\"><ep:on-the-phone/></ep:activities>\n  </status>\n </pp:person>\n</presence>";
        let expected = Presence { open: Some(true), note: "On the phone".into(), on_the_phone: true };
        assert_eq!(read(asterisk), Ok(expected));
        for (text, open, note) in [
            ("<presence><tuple><status><basic>closed</basic></status></tuple></presence>", Some(false), ""),
            (
                "<presence><tuple><status><basic>closed</basic></status></tuple><tuple><status><basic> OPEN </basic>\
              </status><note>a\u{202e}b</note></tuple><note>c</note></presence>",
                Some(true),
                "ab",
            ),
            ("<presence/>", None, ""),
        ] {
            assert_eq!(read(text), Ok(Presence { open, note: note.into(), on_the_phone: false }), "{text}");
        }
        for text in ["", "x", "<dialog-info/>", "<presence>"] {
            assert_eq!(read(text), Err(Broken), "{text}");
        }
    }

    #[test]
    fn our_own_is_read_back() {
        let text = write("sip:200@a", "on-the-phone", "Back <soon> & so");
        let expected = Presence { open: Some(true), note: "Back <soon> & so".into(), on_the_phone: true };
        assert_eq!(read(&text), Ok(expected));
        assert!(!read(&write("sip:200@a", "", "Available")).unwrap().on_the_phone);
    }
}
