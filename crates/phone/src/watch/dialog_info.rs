//! Dialog state (RFC 4235): the calls of somebody else, kept up by full and partial documents.

use super::xml::{Broken, Node, Reader};

/// Dialogs of one person; a telephone has a handful, a queue a few dozen.
pub(crate) const MAX_DIALOGS: usize = 64;

/// What a subscription accepts.
pub(crate) const DIALOG_INFO: &str = "application/dialog-info+xml";

/// One call of theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialog {
    id: String,
    pub(crate) stage: Stage,
    /// Whether they were called; `None` where the document does not say, as Asterisk's.
    pub(crate) is_recipient: Option<bool>,
    /// They hold it (`+sip.rendering` of the local target is `no`).
    pub(crate) is_held: bool,
}

/// `state` of RFC 4235 §4.1.6.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// `trying`, `proceeding`.
    Trying,
    Early,
    Confirmed,
    /// Or unknown.
    #[default]
    Terminated,
}

/// What one notifier has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialogs {
    version: Option<u32>,
    pub(crate) dialogs: Vec<Dialog>,
    /// A change was missed, so that partial documents say nothing until a full one comes.
    is_lacking: bool,
}

/// What a document did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    /// It says nothing that can be used.
    No,
    /// A change was missed: the whole state must be asked for.
    Lacking,
}

struct Document {
    version: u32,
    is_full: bool,
    dialogs: Vec<Dialog>,
}

impl Dialogs {
    /// Takes a document by the rule of RFC 4235 §4.3: a partial one counts where it is the next, a full one always. (The
    /// numbers of NOTIFY have put them in order already; a notifier that never counts is understood so, too.)
    pub(crate) fn take(&mut self, text: &str) -> Taken {
        let Ok(document) = read(text) else { return Taken::No };
        if document.is_full {
            let dialogs =
                document.dialogs.into_iter().filter(|dialog| dialog.stage != Stage::Terminated).collect();
            *self = Dialogs { version: Some(document.version), dialogs, is_lacking: false };
            return Taken::Yes;
        }
        match self.version {
            _ if self.is_lacking => Taken::No,
            Some(version) if document.version <= version => Taken::No,
            Some(version) if document.version == version.saturating_add(1) => {
                self.version = Some(document.version);
                document.dialogs.into_iter().for_each(|dialog| self.change(dialog));
                Taken::Yes
            }
            Some(_) | None => {
                self.is_lacking = true;
                Taken::Lacking
            }
        }
    }

    fn change(&mut self, changed: Dialog) {
        self.dialogs.retain(|known| known.id != changed.id);
        if changed.stage != Stage::Terminated && self.dialogs.len() < MAX_DIALOGS {
            self.dialogs.push(changed);
        }
    }
}

fn read(text: &str) -> Result<Document, Broken> {
    let mut reader = Reader::new(text);
    let mut document: Option<Document> = None;
    let mut dialog: Option<Dialog> = None;
    let (mut in_local, mut in_state) = (false, false);
    while let Some(node) = reader.next()? {
        match node {
            Node::Start { name, attributes } => {
                let value = |wanted: &str| {
                    let found = attributes.iter().find(|(name, _)| *name == wanted);
                    found.map(|(_, value)| value.trim())
                };
                match (name, &mut dialog) {
                    ("dialog-info", _) if document.is_none() => {
                        document = Some(Document {
                            version: value("version")
                                .and_then(|version| version.parse().ok())
                                .ok_or(Broken)?,
                            is_full: value("state") != Some("partial"),
                            dialogs: Vec::new(),
                        });
                    }
                    ("dialog", None) => {
                        let direction = value("direction").filter(|direction| !direction.is_empty());
                        dialog = Some(Dialog {
                            id: value("id").unwrap_or_default().to_owned(),
                            is_recipient: direction.map(|direction| direction == "recipient"),
                            ..Dialog::default()
                        });
                    }
                    ("local", Some(_)) => in_local = true,
                    ("state", Some(_)) => in_state = true,
                    ("param", Some(dialog)) if in_local => {
                        let is_rendering = value("pname").is_some_and(|name| name.ends_with("sip.rendering"));
                        dialog.is_held |= is_rendering && value("pval") == Some("no");
                    }
                    _ => {}
                }
            }
            Node::Text(text) => {
                if let (true, Some(dialog)) = (in_state, &mut dialog) {
                    dialog.stage = match text.trim().to_ascii_lowercase().as_str() {
                        "trying" | "proceeding" => Stage::Trying,
                        "early" => Stage::Early,
                        "confirmed" => Stage::Confirmed,
                        _ => Stage::Terminated,
                    };
                }
            }
            Node::End { name } => match name {
                "local" => in_local = false,
                "state" => in_state = false,
                "dialog" => {
                    if let (Some(document), Some(dialog)) = (&mut document, dialog.take())
                        && document.dialogs.len() < MAX_DIALOGS
                    {
                        document.dialogs.push(dialog);
                    }
                }
                _ => {}
            },
        }
    }
    document.ok_or(Broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(version: u32, state: &str, dialogs: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\r\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" \
             version=\"{version}\" state=\"{state}\" entity=\"sip:301@a\">{dialogs}</dialog-info>"
        )
    }

    fn dialog(id: &str, state: &str) -> String {
        format!("<dialog id=\"{id}\" direction=\"recipient\"><state>{state}</state></dialog>")
    }

    fn ids(dialogs: &Dialogs) -> Vec<&str> {
        dialogs.dialogs.iter().map(|dialog| dialog.id.as_str()).collect()
    }

    #[test]
    fn documents_of_real_servers_are_read() {
        // Asterisk: no direction, no local target. Kamailio: everything.
        let asterisk = document(2, "full", "<dialog id=\"302\">\n<state>confirmed</state>\n</dialog>");
        let kamailio = document(
            7,
            "full",
            "<dialog id=\"a@b\" call-id=\"a@b\" direction=\"initiator\"><state>confirmed</state>\
             <remote><identity display=\"A\">sip:a@b</identity><target uri=\"sip:a@b\"/></remote>\
             <local><identity>sip:301@a</identity><target uri=\"sip:301@c\">\
             <param pname=\"+sip.rendering\" pval=\"no\"/></target></local></dialog>",
        );
        let mut dialogs = Dialogs::default();
        assert_eq!(dialogs.take(&asterisk), Taken::Yes);
        let expected =
            Dialog { id: "302".into(), stage: Stage::Confirmed, is_recipient: None, is_held: false };
        assert_eq!(dialogs.dialogs, [expected]);
        assert_eq!(dialogs.take(&kamailio), Taken::Yes);
        let expected =
            Dialog { id: "a@b".into(), stage: Stage::Confirmed, is_recipient: Some(false), is_held: true };
        assert_eq!(dialogs.dialogs, [expected]);
        assert_eq!(dialogs.take(&document(8, "full", "")), Taken::Yes);
        assert!(dialogs.dialogs.is_empty());
    }

    #[test]
    fn partial_documents_count_in_their_order_and_a_gap_is_told_once() {
        let mut dialogs = Dialogs::default();
        assert_eq!(dialogs.take(&document(0, "full", &dialog("1", "early"))), Taken::Yes);
        assert_eq!(dialogs.take(&document(1, "partial", &dialog("2", "confirmed"))), Taken::Yes);
        assert_eq!(ids(&dialogs), ["1", "2"]);
        assert_eq!(dialogs.take(&document(1, "partial", &dialog("1", "terminated"))), Taken::No, "known");
        assert_eq!(dialogs.take(&document(2, "partial", &dialog("1", "terminated"))), Taken::Yes);
        assert_eq!(ids(&dialogs), ["2"]);
        assert_eq!(dialogs.take(&document(4, "partial", &dialog("3", "early"))), Taken::Lacking);
        assert_eq!(dialogs.take(&document(5, "partial", &dialog("4", "early"))), Taken::No, "asked already");
        assert_eq!(ids(&dialogs), ["2"], "what is known stands meanwhile");
        assert_eq!(dialogs.take(&document(6, "full", &dialog("4", "early"))), Taken::Yes);
        assert_eq!(dialogs.take(&document(7, "partial", &dialog("5", "trying"))), Taken::Yes);
        assert_eq!(ids(&dialogs), ["4", "5"]);
        // A notifier that never counts.
        assert_eq!(dialogs.take(&document(0, "full", "")), Taken::Yes);
        assert!(ids(&dialogs).is_empty());
        // Nothing to build a partial one on.
        assert_eq!(Dialogs::default().take(&document(3, "partial", "")), Taken::Lacking);
    }

    #[test]
    fn what_is_no_dialog_info_says_nothing() {
        for text in ["", "hello", "<presence/>", "<dialog-info version='x'/>", "<dialog-info version='1'>"] {
            assert_eq!(Dialogs::default().take(text), Taken::No, "{text}");
        }
    }

    #[test]
    fn dialogs_of_one_document_and_of_many_are_bounded() {
        let mut dialogs = Dialogs::default();
        let many: String = (0..100).map(|n| dialog(&n.to_string(), "early")).collect();
        assert_eq!(dialogs.take(&document(0, "full", &many)), Taken::Yes);
        assert_eq!(dialogs.dialogs.len(), MAX_DIALOGS);
        assert_eq!(dialogs.take(&document(1, "partial", &dialog("new", "early"))), Taken::Yes);
        assert_eq!(dialogs.dialogs.len(), MAX_DIALOGS);
    }
}
