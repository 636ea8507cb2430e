//! Files dragged over the widget, pasted, or chosen: the overlay, and the browser never opens one.
//!
//! What becomes of a file is not decided here; only its ending is looked at, to say at once what is refused.

use super::{
    context::Context,
    dom::{Part, document, id, window},
};
use crate::listener::Listener;
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DataTransfer, DragEvent, Event, File, FileList};

/// What cards that are pasted as text are called.
const PASTED: &str = "pasted.vcf";

/// The listeners of one screen.
pub(crate) struct Drop {
    _listeners: Vec<Listener>,
}

impl Drop {
    pub(crate) fn new(cx: &Rc<Context>) -> Drop {
        let overlay = Overlay { cx: cx.clone(), part: Part::by_id(id::DROP), depth: Rc::default() };
        let window = window();
        let on = |name: &'static str, act: fn(&Overlay, &DragEvent)| {
            let overlay = overlay.clone();
            // In the capture phase: whatever lies under the pointer must not take the file.
            Listener::capture(&window, name, move |event: Event| {
                if let Some(event) = event.dyn_ref::<DragEvent>().filter(|event| has_files(event)) {
                    event.prevent_default();
                    act(&overlay, event);
                }
            })
        };
        let chooser = Part::by_id(id::CHOOSER);
        let (chosen_cx, field, pasted_cx) = (cx.clone(), chooser.clone(), cx.clone());
        let chosen = chooser.on("change", move |_| {
            if let Some(files) = field.input().files() {
                chosen_cx.take_files(listed(&files));
            }
            // So that choosing the same file again is a change.
            field.input().set_value("");
        });
        Drop {
            _listeners: vec![
                on("dragenter", |overlay, _| overlay.enter()),
                on("dragover", |_, event| set_effect(event)),
                on("dragleave", |overlay, _| overlay.leave()),
                on("drop", |overlay, event| overlay.take(event)),
                chosen,
                Listener::capture(&window, "paste", move |event| {
                    let Some(data) =
                        event.dyn_ref::<ClipboardEvent>().and_then(ClipboardEvent::clipboard_data)
                    else {
                        return;
                    };
                    let files = pasted(&data);
                    // Any other text goes where it was pasted.
                    if !files.is_empty() {
                        event.prevent_default();
                        pasted_cx.take_files(files);
                    }
                }),
            ],
        }
    }
}

#[derive(Clone)]
struct Overlay {
    cx: Rc<Context>,
    part: Part,
    depth: Rc<Cell<u32>>,
}

impl Overlay {
    /// Each element under the pointer is entered before the one above it is left.
    fn enter(&self) {
        self.depth.set(self.depth.get() + 1);
        if self.depth.get() > 1 {
            return;
        }
        // Outside of an open sheet everything is inert and below it.
        let sheet = Part::by_id(id::SHEET);
        if sheet.element().has_attribute("open") {
            sheet.append(&self.part);
        } else if let Some(body) = document().body() {
            Part::of(body.into()).append(&self.part);
        }
        self.part.show(true);
    }

    fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
        if self.depth.get() == 0 {
            self.part.show(false);
        }
    }

    fn take(&self, event: &DragEvent) {
        self.depth.set(0);
        self.part.show(false);
        if let Some(files) =
            event.data_transfer().and_then(|data| data.files()).filter(|files| files.length() > 0)
        {
            self.cx.take_files(listed(&files));
        }
    }
}

fn listed(files: &FileList) -> Vec<File> {
    (0..files.length()).filter_map(|index| files.get(index)).collect()
}

/// Files, or cards as text.
fn pasted(data: &DataTransfer) -> Vec<File> {
    let files = data.files().map(|files| listed(&files)).unwrap_or_default();
    if !files.is_empty() {
        return files;
    }
    let text = data.get_data("text/plain").unwrap_or_default();
    let has_card = text.lines().any(|line| line.trim().eq_ignore_ascii_case("BEGIN:VCARD"));
    let file = has_card.then(|| File::new_with_str_sequence(&js_sys::Array::of1(&text.into()), PASTED).ok());
    file.flatten().into_iter().collect()
}

fn has_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| is_of_files(&data))
}

fn is_of_files(data: &DataTransfer) -> bool {
    data.types().iter().any(|kind| kind.as_string().as_deref() == Some("Files"))
}

fn set_effect(event: &DragEvent) {
    if let Some(data) = event.data_transfer() {
        data.set_drop_effect("copy");
    }
}
