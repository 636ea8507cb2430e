//! Contacts on their way into the index: pushes of the host, vCard files, what the store held.
//!
//! It never works in one go: files and stored chunks wait until `contacts_step` asks for a bounded amount.

mod files;
mod kept;
mod unsaved;

use files::{File, Report};
use kept::Kept;
use unsaved::Unsaved;

use crate::{
    Output, Phone, StorageError,
    bridge::{self, Ask, Code, ContactsHead, IndexedData, RowWish},
    call::source_name,
    view::Text,
};
use litemap::LiteMap;
use serde_json::{Value, json};
use softframe_contacts::{
    Contact, Contacts, Hit, Indexed, Mode, Rejection, Source,
    vcard::{Defect, Reader},
};
use softframe_sip::Instant;
use std::collections::VecDeque;

/// Pushes open at once; each source has one, and a page has few sources.
const MAX_PUSHES: usize = 16;
/// Between two `contacts:indexing`.
const PROGRESS_MILLIS: u64 = 250;
/// Rows that wait to be indexed before more of a file or of the store is read: enough for many steps.
const MAX_WAITING_ROWS: usize = 4_096;

/// A push of the host under way.
struct Open {
    source: Source,
    head: ContactsHead,
    /// Answered when the push is over.
    ask: Ask,
    /// Rows that are still to come, by estimate.
    to_come: usize,
}

/// What waits to be taken in.
#[derive(Default)]
pub(crate) struct Push {
    open: LiteMap<u64, Open>,
    files: VecDeque<File>,
    /// Dropped contacts that are in the index and not in the store yet, with the name of their file.
    unsaved: Unsaved,
    /// Files were read and their contacts are not all indexed yet.
    report: Option<Report>,
    kept: Kept,
    /// `Output::Index` is out and not finished.
    indexing: bool,
    told_progress: Option<Instant>,
    /// The trouble with the store that was told last: each kind once in a row.
    trouble: Option<StorageError>,
    /// Sources that pushed a text which reads like a number as an id: theirs go back as texts, others' as numbers.
    text_numbers: LiteMap<Source, ()>,
}

impl Phone {
    pub(crate) fn push_begin(&mut self, push: u64, head: &str) {
        let oldest = self.push.open.first().map(|(oldest, _)| *oldest);
        if self.push.open.len() >= MAX_PUSHES
            && let Some(oldest) = oldest.and_then(|oldest| self.push.open.remove(&oldest))
        {
            // Half a replacement never counts.
            if !oldest.head.replace {
                self.contacts.end(&oldest.source);
            }
            self.fail_ask(Some(oldest.ask), Code::RateLimited, "Too many pushes are open at once.");
        }
        let message = crate::json::value(head.as_bytes()).unwrap_or(Value::Null);
        let head = bridge::contacts_head(message.get("data").unwrap_or(&Value::Null));
        let source = Source::Host(head.source.clone());
        self.begin_source(&source, &head);
        let id = message.get("id").filter(|id| id.is_string() || id.is_number()).cloned();
        let ask = Ask { id, command: "contacts".to_owned(), asker: None };
        self.push.open.insert(push, Open { source, head, ask, to_come: 0 });
    }

    /// The first message of a push. Of replacements of one source at the same time the one counts that began last.
    fn begin_source(&mut self, source: &Source, head: &ContactsHead) {
        if !head.first {
            return;
        }
        let is_overtaken = |open: &Open| head.replace && open.head.replace && open.source == *source;
        let overtaken = self.push.open.iter().find(|(_, open)| is_overtaken(open)).map(|(push, _)| *push);
        // Each that begins is rid of the one before, so there is one at most.
        if let Some(open) = overtaken.and_then(|push| self.push.open.remove(&push)) {
            let why = "Another replacement of the same source has begun.";
            self.fail_ask(Some(open.ask), Code::WrongState, why);
        }
        self.contacts.begin(source.clone(), mode(head));
    }

    pub(crate) fn push_rows(&mut self, push: u64, rows: &str, to_come: usize) {
        let Some(open) = self.push.open.get_mut(&push) else { return };
        open.to_come = to_come;
        let source = open.source.clone();
        match bridge::rows_of(rows) {
            Some(rows) => {
                for row in rows {
                    self.take_row(&source, &bridge::row(row));
                }
            }
            None => self.contacts.reject(&source, Rejection::Shape),
        }
        self.wants_index();
    }

    pub(crate) fn push_bad(&mut self, push: u64, count: usize) {
        let Some(open) = self.push.open.get(&push) else { return };
        for _ in 0..count {
            self.contacts.reject(&open.source, Rejection::Shape);
        }
        self.wants_index();
    }

    pub(crate) fn push_end(&mut self, push: u64) {
        let Some(open) = self.push.open.remove(&push) else { return };
        if open.head.last {
            self.contacts.end(&open.source);
        }
        self.wants_index();
        self.answer_ask(Some(open.ask), json!({}));
    }

    /// A small push that came whole.
    pub(crate) fn take_rows(&mut self, rows: &[Value], head: &ContactsHead) {
        let source = Source::Host(head.source.clone());
        self.begin_source(&source, head);
        for row in rows {
            self.take_row(&source, row);
        }
        if head.last {
            self.contacts.end(&source);
        }
        self.wants_index();
    }

    fn take_row(&mut self, source: &Source, row: &Value) {
        match bridge::contact_of_row(row) {
            Ok(RowWish::Put { contact, text_number }) => {
                self.take_contact(source, contact, text_number);
            }
            Ok(RowWish::Delete(id)) => self.contacts.remove(source, &[id]),
            Err(why) => self.contacts.reject(source, why),
        }
    }

    /// One contact of a push that is open. `text_number`: its id is a text that reads like a number.
    pub(crate) fn take_contact(&mut self, source: &Source, contact: Contact, text_number: bool) {
        if text_number && !self.push.text_numbers.contains_key(source) {
            self.push.text_numbers.insert(source.clone(), ());
        }
        self.contacts.push(source, contact);
    }

    /// An id as the host gave it.
    pub(crate) fn given_id(&self, hit: &Hit) -> Value {
        let id = hit.contact.id.as_str();
        let numbers =
            matches!(hit.source, Source::Host(_)) && !self.push.text_numbers.contains_key(&hit.source);
        bridge::as_number(id).filter(|_| numbers).unwrap_or_else(|| Value::from(id))
    }

    /// `contacts:vcf`: volatile, like all the host pushes.
    pub(crate) fn take_vcf(&mut self, text: &str) -> Value {
        let source = Source::Host("vcard".to_owned());
        let mut reader = Reader::new();
        self.contacts.begin(source.clone(), Mode::Upsert);
        reader.feed(text.as_bytes());
        reader.finish();
        let (mut count, mut rejected) = (0, 0);
        while let Some(card) = reader.next_card() {
            match card {
                Ok(contact) => {
                    self.contacts.push(&source, contact);
                    count += 1;
                }
                Err(Defect { why, .. }) => {
                    self.contacts.reject(&source, why);
                    rejected += 1;
                }
            }
        }
        self.contacts.end(&source);
        self.wants_index();
        json!({ "count": count, "rejected": rejected })
    }

    pub(crate) fn wants_index(&mut self) {
        if !std::mem::replace(&mut self.push.indexing, true) {
            self.out.push_back(Output::Index);
        }
    }

    /// Takes in and indexes for `units`; says if more remains.
    pub(crate) fn step_contacts(&mut self, now: Instant, units: u32) -> bool {
        let mut left = units;
        while left > 0 && self.wants_rows() {
            let cost = if self.step_file() { 1 } else { self.step_stored(now) };
            if cost == 0 {
                break;
            }
            left = left.saturating_sub(cost);
        }
        let waits =
            self.push.kept.waits() || self.push.files.iter().any(|file| file.over || !file.chunks.is_empty());
        let more = self.contacts.step(left.max(1)) || waits;
        self.tell_indexing(now);
        let keeps = self.keep_step(more);
        // A push or file that is not read, or not removed, to its end yet will change its source again.
        let settled =
            self.push.open.is_empty() && self.push.files.is_empty() && !self.push.kept.removes_file();
        let mut changed = false;
        while settled && let Some(indexed) = self.contacts.poll_indexed() {
            self.tell_indexed(indexed);
            changed = true;
        }
        if settled && !more {
            self.tell_import(now);
        }
        if changed {
            self.liked.forget();
            self.refresh_matches(now);
            self.renew_journal(now);
        }
        let more = more || keeps || self.step_liked(now);
        if !more {
            self.push.indexing = false;
        }
        more
    }

    /// Rows that wait fill memory, and what came first should be found first.
    fn wants_rows(&self) -> bool {
        self.contacts.progress().is_none_or(|(done, known)| known.saturating_sub(done) < MAX_WAITING_ROWS)
    }

    /// Contacts read so far and, by estimate, all there are to read; while indexing is under way.
    pub(crate) fn contacts_progress(&self) -> Option<(usize, usize)> {
        let pushed = self.push.open.iter().map(|(_, open)| open.to_come);
        let kept = [self.push.kept.rows_to_come(), self.cards_to_come()];
        let to_come = pushed.chain(kept).fold(0, usize::saturating_add);
        let is_under_way = to_come > 0 || self.contacts.progress().is_some();
        let (done, known) = self.contacts.taken();
        is_under_way.then(|| (done, known.saturating_add(to_come)))
    }

    /// The account is known: its space is read, and what was dropped before belongs to it.
    pub(crate) fn open_space(&mut self) {
        if let Some(space) = self.space() {
            self.read_space(space, String::new());
        }
    }

    /// The account is gone: nothing of it stays in memory.
    pub(crate) fn close_space(&mut self) {
        self.contacts = Contacts::new();
        self.contacts.set_country(&self.config.country);
        // Whoever pushes still waits for an answer.
        for (_, open) in std::mem::take(&mut self.push).open {
            self.fail_ask(Some(open.ask), Code::NotLogged, "Nobody is signed in any more.");
        }
        self.forget_provided();
        self.history.clear();
        self.liked.forget();
        self.voicemail = None;
        self.outbox.close();
    }

    /// Trouble with the store stops nothing; it is told once.
    pub(crate) fn storage_failed(&mut self, now: Instant, error: StorageError) {
        if error != StorageError::Damaged {
            self.push.kept.write_failed();
        }
        if self.push.trouble.replace(error) == Some(error) {
            return;
        }
        let (message, text) = match error {
            StorageError::Blocked => ("The browser gives no storage.", "contacts.blocked"),
            StorageError::Quota => ("The browser's storage is full.", "contacts.full"),
            StorageError::Damaged => ("A stored value was damaged and left out.", "contacts.damaged"),
        };
        self.ui.toast(now, Text::of(text), true);
        self.out.push_back(Output::Warn(message.to_owned()));
        self.fail_ask(Some(Ask::default()), Code::Internal, message);
    }

    fn tell_indexing(&mut self, now: Instant) {
        let Some((done, total)) = self.contacts_progress() else { return };
        if self.push.told_progress.is_some_and(|told| now.since(told) < PROGRESS_MILLIS) {
            return;
        }
        self.push.told_progress = Some(now);
        self.tell("contacts:indexing", &bridge::json(&bridge::Indexing { done, total }));
        self.out.push_back(Output::Render);
    }

    fn tell_indexed(&mut self, indexed: Indexed) {
        if let Some(report) = self.push.report.as_mut().filter(|_| indexed.source == Source::Vcard) {
            report.added += indexed.added;
            report.updated += indexed.updated;
        }
        let source = source_name(&indexed.source);
        let data = IndexedData {
            source,
            count: indexed.count,
            added: indexed.added,
            updated: indexed.updated,
            removed: indexed.removed,
            rejected: indexed.rejected,
            reasons: indexed
                .reasons
                .iter()
                .map(|(why, count)| (reason_name(*why).to_owned(), (*count).into()))
                .collect(),
        };
        self.tell("contacts:indexed", &bridge::json(&data));
        self.out.push_back(Output::Render);
    }

    /// Contacts by source, for the settings.
    pub(crate) fn contact_counts(&self) -> Vec<(String, usize)> {
        self.contacts.sources().iter().map(|(source, count)| (source_name(source), *count)).collect()
    }
}

fn mode(head: &ContactsHead) -> Mode {
    if head.replace { Mode::Replace } else { Mode::Upsert }
}

/// As `contacts:indexed` names them.
fn reason_name(why: Rejection) -> &'static str {
    match why {
        Rejection::Shape => "shape",
        Rejection::NoId => "no-id",
        Rejection::NoName => "no-name",
        Rejection::NoPhone => "no-phone",
        Rejection::CutOff => "cut-off",
        Rejection::TooLarge => "too-large",
    }
}
