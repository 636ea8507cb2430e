//! vCard files: chunks wait in a queue and are read a unit at a time.
//!
//! It never reads a file in one go, and a broken card costs only itself.

use crate::{
    FileEvent, Output, Phone,
    account::Account,
    view::{Sheet, Skipped, Text},
};
use softframe_contacts::{
    Mode, Rejection, Source,
    vcard::{Defect, Reader},
};
use softframe_sip::Instant;
use std::{collections::VecDeque, rc::Rc};

/// Octets of one file (protocol.md 1.7).
const MAX_FILE_OCTETS: u64 = 256 * 1024 * 1024;
/// Files at once (protocol.md 1.7).
const MAX_FILES: usize = 20;
/// Defects listed on the sheet; the others are counted. More, nobody reads.
const MAX_DEFECTS: usize = 200;
/// Octets that may wait to be read: a file is as large as it likes, and never stands in memory.
const MAX_WAITING_OCTETS: usize = 64 * 1_024;
/// Octets of a file that count as one unit of work.
const UNIT_OCTETS: usize = 1_024;

/// A file on its way.
pub(super) struct File {
    id: u64,
    name: Rc<str>,
    size: u64,
    octets: u64,
    pub(super) chunks: VecDeque<Vec<u8>>,
    /// Read from the first chunk.
    at: usize,
    reader: Reader,
    pub(super) over: bool,
    /// Its end was not reached.
    is_broken: bool,
    cards: usize,
}

/// What came of the files of one drop, until it can be shown.
#[derive(Default)]
pub(super) struct Report {
    names: Vec<Rc<str>>,
    pub(super) added: usize,
    pub(super) updated: usize,
    skipped: usize,
    /// Files that were not read to their end, then cards.
    defects: Vec<Skipped>,
    /// How many of those are files.
    refused: usize,
    /// Not all could wait for an account.
    is_cut_short: bool,
}

impl Report {
    /// A file that was not read, or not to its end. It comes first: it counts for more than a card.
    fn refuse_file(&mut self, name: Rc<str>, why: &'static str) {
        self.skipped += 1;
        self.defects.insert(self.refused, Skipped { file: name.to_string(), line: None, why });
        self.defects.truncate(MAX_DEFECTS);
        self.refused = (self.refused + 1).min(MAX_FILES);
        if self.names.len() < MAX_DEFECTS {
            self.names.push(name);
        }
    }

    /// The first file that was not read, and why.
    fn refusal(&self) -> Option<&Skipped> {
        self.defects.first().filter(|first| first.line.is_none())
    }
}

impl File {
    /// Octets that came and are not read yet.
    fn waiting(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum::<usize>().saturating_sub(self.at)
    }

    /// Cards that are still to come, if the rest is like what was read.
    fn cards_to_come(&self) -> usize {
        let read = self.octets.saturating_sub(self.waiting() as u64);
        let rest = self.size.saturating_sub(read);
        (self.cards as u64 * rest).checked_div(read).unwrap_or(0) as usize
    }
}

impl Phone {
    pub(crate) fn file(&mut self, now: Instant, event: FileEvent) {
        match event {
            FileEvent::Begin { file, name, size } => {
                if size > MAX_FILE_OCTETS || self.push.files.len() >= MAX_FILES {
                    let report = self.push.report.get_or_insert_default();
                    report.refuse_file(crate::headers::shown(&name).into(), "contacts.why.big");
                    return self.wants_index();
                }
                // Who adds contacts hears whether they will be kept, though it was said before.
                self.push.trouble = None;
                self.push.files.push_back(File {
                    id: file,
                    name: crate::headers::shown(&name).into(),
                    size,
                    octets: 0,
                    chunks: VecDeque::new(),
                    at: 0,
                    reader: Reader::new(),
                    over: false,
                    is_broken: false,
                    cards: 0,
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
            FileEvent::End { file } => self.end_of_file(file, false),
            FileEvent::Broken { file } => self.end_of_file(file, true),
            FileEvent::Refused { .. } => self.ui.toast(now, Text::of("contacts.drop.no"), true),
        }
    }

    fn end_of_file(&mut self, file: u64, is_broken: bool) {
        if let Some(open) = self.push.files.iter_mut().find(|open| open.id == file) {
            (open.over, open.is_broken) = (true, is_broken);
        }
        self.wants_index();
    }

    /// One unit of the first file; `false` if there is nothing to do.
    pub(super) fn step_file(&mut self) -> bool {
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
            self.file_done(file);
        }
        true
    }

    fn drain_cards(&mut self) {
        let Some(file) = self.push.files.front_mut() else { return };
        let report = self.push.report.get_or_insert_default();
        let (mut news, mut back) = (Vec::new(), Vec::new());
        while let Some(card) = file.reader.next_card() {
            match card {
                Ok(contact) => {
                    file.cards += 1;
                    // The same file again changes nothing, in the store neither.
                    let known = self.contacts.get(&Source::Vcard, &contact.id);
                    let is_same = known.as_ref().is_some_and(|hit| hit.contact == contact);
                    if known.is_some() && self.push.kept.is_edit_of(&contact) {
                        continue;
                    }
                    if self.push.kept.is_back(&contact.id) {
                        back.push(contact.id.clone());
                    }
                    if !is_same {
                        news.push(contact.id.clone());
                        let has_room = self.push.unsaved.push(&file.name, contact.clone());
                        report.is_cut_short |= !has_room;
                    }
                    self.contacts.push(&Source::Vcard, contact);
                }
                Err(Defect { line, why }) => {
                    report.skipped += 1;
                    self.contacts.reject(&Source::Vcard, why);
                    if report.defects.len() < MAX_DEFECTS {
                        let (file, line) = (file.name.to_string(), Some(line));
                        report.defects.push(Skipped { file, line, why: why_id(why) });
                    }
                }
            }
        }
        news.iter().for_each(|id| self.forget_edit(id));
        back.iter().for_each(|id| self.forget_removal(id));
    }

    fn file_done(&mut self, mut file: File) {
        file.reader.finish();
        let (name, is_broken) = (file.name.clone(), file.is_broken);
        self.push.files.push_front(file);
        self.drain_cards();
        self.push.files.pop_front();
        if self.push.files.is_empty() {
            self.contacts.end(&Source::Vcard);
        }
        let report = self.push.report.get_or_insert_default();
        match is_broken {
            true => report.refuse_file(name, "contacts.why.disk"),
            false => report.names.push(name),
        }
    }

    /// More octets of files may come.
    pub fn wants_octets(&self) -> bool {
        self.push.files.iter().map(File::waiting).sum::<usize>() < MAX_WAITING_OCTETS
    }

    /// Cards that files still hold, by estimate.
    pub(super) fn cards_to_come(&self) -> usize {
        self.push.files.iter().map(File::cards_to_come).sum()
    }

    /// All files are read and indexed: what came of them.
    pub(super) fn tell_import(&mut self, now: Instant) {
        let Some(report) = self.push.report.take() else { return };
        let name = report.names.join(", ");
        let refusal = report.refusal().map(|refused| refused.file.clone());
        let args = vec![("name", refusal.as_ref().unwrap_or(&name).clone()), ("n", report.added.to_string())];
        let is_whole = refusal.is_none();
        let is_cut_short = report.is_cut_short;
        let Report { added, updated, skipped, defects, .. } = report;
        let sheet = Sheet::Import { name, added, updated, skipped, defects };
        let done = Text { id: if is_whole { "contacts.done" } else { "contacts.unread" }, args };
        // During a call no sheet (ui.md 12); on the form the result is a line below it.
        match (self.calls.is_empty(), self.identity().is_some()) {
            (true, true) => {
                self.ui.import = Some(sheet);
                self.say(done, !is_whole);
            }
            (_, false) => {
                self.form_note(done.clone());
                self.say(done, !is_whole);
            }
            (false, true) => self.ui.toast(now, done, !is_whole),
        }
        if is_cut_short {
            self.ui.toast(now, Text::of("contacts.toomany"), true);
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
