//! vCard files: chunks wait in a queue and are read a unit at a time.
//!
//! It never reads a file in one go, and a broken card costs only itself.

use super::MAX_UNSAVED;
use crate::{
    FileEvent, Output, Phone,
    account::Account,
    view::{Sheet, Text},
};
use softframe_contacts::{
    Mode, Rejection, Source,
    vcard::{Defect, Reader},
};
use softframe_sip::Instant;
use std::collections::VecDeque;

/// Octets of one file (protocol.md 1.7).
const MAX_FILE_OCTETS: u64 = 256 * 1024 * 1024;
/// Files at once (protocol.md 1.7).
const MAX_FILES: usize = 20;
/// Defects listed on the sheet.
const MAX_DEFECTS: usize = 50;
/// Octets of a file that count as one unit of work.
const UNIT_OCTETS: usize = 1_024;

/// A file on its way.
pub(super) struct File {
    id: u64,
    name: String,
    octets: u64,
    pub(super) chunks: VecDeque<Vec<u8>>,
    /// Read from the first chunk.
    at: usize,
    reader: Reader,
    pub(super) over: bool,
    added: usize,
    skipped: usize,
    defects: Vec<(usize, &'static str)>,
}

impl Phone {
    pub(crate) fn file(&mut self, now: Instant, event: FileEvent) {
        match event {
            FileEvent::Begin { file, name, size } => {
                if size > MAX_FILE_OCTETS || self.push.files.len() >= MAX_FILES {
                    self.ui.toast(now, Text::of("contacts.why.big"), true);
                    return;
                }
                // Who adds contacts hears whether they will be kept, though it was said before.
                self.push.trouble = None;
                self.push.files.push_back(File {
                    id: file,
                    name: crate::headers::shown(&name),
                    octets: 0,
                    chunks: VecDeque::new(),
                    at: 0,
                    reader: Reader::new(),
                    over: false,
                    added: 0,
                    skipped: 0,
                    defects: Vec::new(),
                });
                self.contacts.begin(Source::Vcard, Mode::Upsert);
                self.wants_index();
            }
            FileEvent::Chunk { file, octets } => {
                let Some(open) = self.push.files.iter_mut().find(|open| open.id == file) else { return };
                open.octets += octets.len() as u64;
                // A file that grew since it was announced is cut off, and its last card says so.
                if open.octets <= MAX_FILE_OCTETS {
                    open.chunks.push_back(octets);
                }
                self.wants_index();
            }
            FileEvent::End { file } => {
                if let Some(open) = self.push.files.iter_mut().find(|open| open.id == file) {
                    open.over = true;
                }
                self.wants_index();
            }
            FileEvent::Refused { .. } => self.ui.toast(now, Text::of("contacts.drop.no"), true),
        }
    }

    /// One unit of the first file; `false` if there is nothing to do.
    pub(super) fn step_file(&mut self, now: Instant) -> bool {
        let Some(file) = self.push.files.front_mut() else { return false };
        if let Some(chunk) = file.chunks.front() {
            let end = (file.at + UNIT_OCTETS).min(chunk.len());
            file.reader.feed(chunk.get(file.at..end).unwrap_or(&[]));
            file.at = end;
            if end == chunk.len() {
                file.chunks.pop_front();
                file.at = 0;
            }
        } else if file.over {
            file.reader.finish();
        } else {
            return false;
        }
        self.drain_cards();
        let done = self.push.files.pop_front_if(|file| file.over && file.chunks.is_empty());
        if let Some(file) = done {
            self.file_done(now, file);
        }
        true
    }

    fn drain_cards(&mut self) {
        let Some(file) = self.push.files.front_mut() else { return };
        while let Some(card) = file.reader.next_card() {
            match card {
                Ok(contact) => {
                    file.added += 1;
                    if self.push.unsaved.len() < MAX_UNSAVED {
                        self.push.unsaved.push_back(contact.clone());
                    }
                    self.contacts.push(&Source::Vcard, contact);
                }
                Err(Defect { line, why }) => {
                    file.skipped += 1;
                    self.contacts.reject(&Source::Vcard, why);
                    if file.defects.len() < MAX_DEFECTS {
                        file.defects.push((line, why_id(why)));
                    }
                }
            }
        }
    }

    fn file_done(&mut self, now: Instant, mut file: File) {
        file.reader.finish();
        self.push.files.push_front(file);
        self.drain_cards();
        let Some(file) = self.push.files.pop_front() else { return };
        if self.push.files.is_empty() {
            self.contacts.end(&Source::Vcard);
        }
        let sheet = Sheet::Import {
            name: file.name.clone(),
            added: file.added,
            updated: 0,
            skipped: file.skipped,
            defects: file.defects,
        };
        let args = vec![("name", file.name), ("n", file.added.to_string())];
        let done = Text { id: "contacts.done", args };
        // During a call no sheet (ui.md 12); on the form the result is a line below it.
        match (self.calls.is_empty(), self.identity().is_some()) {
            (true, true) => {
                self.ui.import = Some(sheet);
                self.say(done, false);
            }
            (_, false) => {
                self.form_note(done.clone());
                self.say(done, false);
            }
            (false, true) => self.ui.toast(now, done, false),
        }
        self.out.push_back(Output::Render);
    }

    fn form_note(&mut self, note: Text) {
        if let Account::SignedOut(form) = &mut self.account {
            form.note = Some(note);
        }
    }
}

/// As the import sheet names them.
fn why_id(why: Rejection) -> &'static str {
    match why {
        Rejection::NoPhone => "contacts.why.phone",
        Rejection::NoName => "contacts.why.name",
        Rejection::TooLarge => "contacts.why.big",
        Rejection::Shape | Rejection::NoId | Rejection::CutOff => "contacts.why.cut",
    }
}
