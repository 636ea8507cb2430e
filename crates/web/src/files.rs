//! Files that were dropped or chosen, streamed to the phone in small pieces while idle.
//!
//! It never opens a file to look into it, and never holds more of it than one chunk.

use crate::app::Feed;
use js_sys::{Uint8Array, futures::JsFuture};
use softframe_phone::{FileEvent, Input, Phone};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::File;

/// So much is read from the disk at a time.
const CHUNK_BYTES: f64 = 1024.0 * 1024.0;
/// Of one drop; more files are refused by name.
const MAX_FILES: usize = 20;

/// The files that wait, and what of the first is read but not fed yet.
pub(crate) struct Files {
    feed: Feed,
    waiting: Rc<RefCell<VecDeque<Reading>>>,
    numbers: Cell<u64>,
}

struct Reading {
    number: u64,
    file: File,
    state: State,
}

enum State {
    /// Not begun.
    Waiting,
    /// The disk is at work from this octet on.
    Disk { at: f64 },
    /// A chunk is here, fed up to `fed`; the next starts at `next`.
    Chunk { octets: Uint8Array, fed: u32, next: f64 },
    /// It could not be read further.
    Broken,
}

impl Files {
    /// None.
    pub(crate) fn new(feed: Feed) -> Files {
        Files { feed, waiting: Rc::default(), numbers: Cell::new(0) }
    }

    /// Takes what was dropped, pasted or chosen.
    pub(crate) fn take(&self, files: Vec<File>) {
        for (index, file) in files.into_iter().enumerate() {
            if index >= MAX_FILES || !is_vcard(&file) {
                self.feed.input(Input::File(FileEvent::Refused { name: file.name() }));
                continue;
            }
            let number = self.numbers.get() + 1;
            self.numbers.set(number);
            // All of them first: what comes of them is told together.
            let begin = FileEvent::Begin { file: number, name: file.name(), size: file.size() as u64 };
            self.feed.input(Input::File(begin));
            self.waiting.borrow_mut().push_back(Reading { number, file, state: State::Waiting });
        }
        self.feed.with(|app| app.idle().wake());
    }

    /// Feeds about `kilobytes` of the first file; how many it fed. 0: nothing to do until the disk answers.
    pub(crate) fn step(&self, kilobytes: usize) -> usize {
        // What is fed stands in memory until it is read.
        if self.feed.app().is_some_and(|app| !app.asks(Phone::wants_octets)) {
            return 0;
        }
        let front = self.waiting.borrow_mut().pop_front();
        let Some(Reading { number, file, state }) = front else { return 0 };
        let (state, worked) = match state {
            State::Waiting => (Some(self.read(number, &file, 0.0)), 1),
            State::Disk { at } => (Some(State::Disk { at }), 0),
            State::Chunk { octets, fed, next } if fed < octets.length() => {
                let end = fed.saturating_add(kilobytes as u32 * 1024).min(octets.length());
                let piece = octets.subarray(fed, end).to_vec();
                self.feed.input(Input::File(FileEvent::Chunk { file: number, octets: piece }));
                (Some(State::Chunk { octets, fed: end, next }), ((end - fed) as usize / 1024).max(1))
            }
            State::Chunk { next, .. } if next < file.size() => (Some(self.read(number, &file, next)), 1),
            State::Chunk { .. } => {
                self.feed.input(Input::File(FileEvent::End { file: number }));
                (None, 1)
            }
            State::Broken => {
                self.feed.input(Input::File(FileEvent::Broken { file: number }));
                (None, 1)
            }
        };
        if let Some(state) = state {
            self.waiting.borrow_mut().push_front(Reading { number, file, state });
        }
        worked
    }

    /// Asks the disk for the chunk at `at`.
    fn read(&self, number: u64, file: &File, at: f64) -> State {
        let next = (at + CHUNK_BYTES).min(file.size());
        let (feed, waiting) = (self.feed.clone(), self.waiting.clone());
        let Ok(slice) = file.slice_with_f64_and_f64(at, next) else { return State::Broken };
        js_sys::futures::spawn_local(async move {
            let state = match JsFuture::from(slice.array_buffer()).await {
                Ok(buffer) => State::Chunk { octets: Uint8Array::new(&buffer), fed: 0, next },
                Err(_) => State::Broken,
            };
            if let Some(reading) = waiting.borrow_mut().iter_mut().find(|reading| reading.number == number) {
                reading.state = state;
            }
            feed.with(|app| app.idle().wake());
        });
        State::Disk { at }
    }
}

/// By its name or the type the system gives it; the content is the phone's to judge.
fn is_vcard(file: &File) -> bool {
    let name = file.name().to_ascii_lowercase();
    let kind: &web_sys::Blob = file.unchecked_ref();
    name.ends_with(".vcf")
        || name.ends_with(".vcard")
        || matches!(kind.type_().as_str(), "text/vcard" | "text/x-vcard")
}
