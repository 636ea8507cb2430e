//! The content of a message that may be read: JSON text for the phone, and contacts in slices.
//!
//! Bulk may also come by a port that `hello` asks for: same reading, without the cost of big window messages.
//! It never converts a push of contacts in one go, and contacts never make another message wait.

use crate::{app::Feed, listener::Listener};
use js_sys::{Array, JSON, JsString, Object, Reflect, Uint8Array};
use softframe_phone::{HostInput, Input};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{Event, MessageChannel, MessageEvent, MessagePort};

/// More of one message (as UTF-16) the phone would refuse anyhow.
const MAX_MESSAGE_UNITS: u32 = 16 * 1024 * 1024;
/// A longer id is not given back to a message that cannot be read.
const MAX_ID_CHARS: u32 = 256;
/// A longer type is not ours.
const MAX_TYPE_CHARS: u32 = 64;
/// Rows of one slice: the phone's own limit, far below the cliff where one step takes milliseconds.
const MAX_ROWS: usize = 100;
/// Rows of one message: as many as there may be contacts (protocol.md 1.7). An array may say it has four billion.
const MAX_PUSHED_ROWS: u32 = 1_000_000;
/// Of one row where rows are long, as octets or UTF-16: room for a picture, and a slice of them still fits in memory.
const MAX_ROW_UNITS: u32 = 256 * 1024;

#[wasm_bindgen]
extern "C" {
    /// [`JSON::parse`] of a text that stays where it is: it may be larger than our memory should ever be.
    #[wasm_bindgen(catch, js_namespace = JSON)]
    fn parse(text: &JsString) -> Result<JsValue, JsValue>;
}

/// Pushes of contacts that are not read to their end yet, in order.
pub(crate) struct Intake {
    feed: Feed,
    waiting: RefCell<VecDeque<Waiting>>,
    pushes: Cell<u64>,
    port: RefCell<Port>,
}

/// The channel for bulk traffic. One for each load; a later `hello` exchanges it.
enum Port {
    None,
    /// A `hello` with this `id` asks for one: it goes with the response.
    Asked {
        id: JsValue,
    },
    Open {
        _own: MessagePort,
        _listener: Listener,
    },
}

enum Waiting {
    Push(Push),
    /// A message about contacts that must not overtake them.
    Message {
        text: String,
        held: bool,
    },
}

/// One message of contacts.
struct Push {
    push: u64,
    /// The message without its rows, until the phone has it: it keeps only few pushes open.
    head: Option<String>,
    body: Body,
}

enum Body {
    /// Rows, from `next` on.
    Rows { rows: Array, next: u32 },
    /// Rows as lines of JSON, from octet `next` on; so many `lines` before it.
    Lines { octets: Uint8Array, next: u32, lines: usize },
    /// A whole array as JSON text, not parsed yet.
    Text(JsString),
}

impl Intake {
    /// Nothing waits.
    pub(crate) fn new(feed: Feed) -> Intake {
        Intake { feed, waiting: RefCell::default(), pushes: Cell::new(0), port: RefCell::new(Port::None) }
    }

    /// Reads one message of the trusted parent. Hosts share the window with others: what has no type is not ours.
    pub(crate) fn read(&self, data: &JsValue, held: bool) {
        let Some(kind) = kind(data) else { return };
        if kind == "contacts" && self.begin(data) {
            return;
        }
        if kind == "hello" && get(&get(data, "data"), "port").is_truthy() {
            *self.port.borrow_mut() = Port::Asked { id: get(data, "id") };
        }
        match JSON::stringify(data) {
            // Not copied into our memory, which it may be larger than.
            Ok(text) if text.length() > MAX_MESSAGE_UNITS => self.input(unreadable(data, true)),
            Ok(text) if kind.starts_with("contacts") && !is_question(&kind) && self.is_busy() => {
                self.waiting.borrow_mut().push_back(Waiting::Message { text: text.into(), held });
            }
            Ok(text) => self.input(HostInput::Message { text: text.into(), held }),
            // Cycles and BigInt have no JSON form.
            Err(_) => self.input(unreadable(data, false)),
        }
    }

    /// Reads one message of somebody who may push contacts and nothing else; whether it was that.
    pub(crate) fn read_contacts(&self, data: &JsValue) -> bool {
        if kind(data).is_none_or(|kind| kind != "contacts") {
            return false;
        }
        let own = Object::assign(&Object::new(), data.unchecked_ref());
        // An answer would go to the parent, which did not ask. Deleting from a plain object does not fail.
        let _ = Reflect::delete_property(&own, &"id".into());
        self.begin(&own)
    }

    /// The other end of the port, to go with the response that it was asked in.
    pub(crate) fn port_for(&self, message: &JsValue) -> Option<MessagePort> {
        let awaited = match &*self.port.borrow() {
            Port::Asked { id } => Object::is(id, &get(message, "id")),
            Port::None | Port::Open { .. } => false,
        };
        if !awaited || get(message, "type") != JsValue::from_str("softframe:response") {
            return None;
        }
        let channel = MessageChannel::new().ok()?;
        let (own, feed) = (channel.port1(), self.feed.clone());
        let listener = Listener::new(&own, "message", move |event: Event| {
            let event: &MessageEvent = event.unchecked_ref();
            feed.with(|app| app.host().intake.read(&event.data(), false));
        });
        own.start();
        *self.port.borrow_mut() = Port::Open { _own: own, _listener: listener };
        Some(channel.port2())
    }

    /// Whether rows wait.
    pub(crate) fn is_busy(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }

    /// Takes in at most `rows` rows; how many it took.
    pub(crate) fn step(&self, rows: usize) -> usize {
        let rows = rows.clamp(1, MAX_ROWS);
        let front = self.waiting.borrow_mut().pop_front();
        match front {
            None => 0,
            Some(Waiting::Message { text, held }) => {
                self.input(HostInput::Message { text, held });
                1
            }
            Some(Waiting::Push(mut push)) => {
                self.tell_begin(&mut push);
                self.take(push, rows)
            }
        }
    }

    fn take(&self, Push { push, head, body }: Push, wanted: usize) -> usize {
        let (taken, rest) = match body {
            Body::Rows { rows, next } => {
                let taken = self.take_rows(push, &rows, next, wanted);
                let next = next.saturating_add(taken);
                let more = next < rows.length();
                if more && next >= MAX_PUSHED_ROWS {
                    self.input(HostInput::ContactRowsBad { push, count: 1 });
                }
                let more = more && next < MAX_PUSHED_ROWS;
                (taken.max(1) as usize, more.then_some(Body::Rows { rows, next }))
            }
            Body::Lines { octets, next, lines } => {
                let (taken, next) = self.take_lines(push, &octets, next, lines, wanted);
                let lines = lines + taken;
                (taken, (next < octets.length()).then_some(Body::Lines { octets, next, lines }))
            }
            Body::Text(text) => {
                let parsed = parse(&text).ok().filter(Array::is_array);
                if parsed.is_none() {
                    self.input(HostInput::ContactRowsBad { push, count: 1 });
                }
                (MAX_ROWS, parsed.map(|rows| Body::Rows { rows: rows.unchecked_into(), next: 0 }))
            }
        };
        match rest {
            Some(body) => self.waiting.borrow_mut().push_front(Waiting::Push(Push { push, head, body })),
            None => self.end(push),
        }
        taken
    }

    fn tell_begin(&self, push: &mut Push) {
        if let Some(head) = push.head.take() {
            self.input(HostInput::ContactsBegin { push: push.push, head });
        }
    }

    /// The next push begins before this one ends: to the phone they are one, and the host is told once.
    fn end(&self, push: u64) {
        let next = self.waiting.borrow_mut().pop_front();
        match next {
            Some(Waiting::Push(mut next)) => {
                self.tell_begin(&mut next);
                self.waiting.borrow_mut().push_front(Waiting::Push(next));
            }
            Some(next) => self.waiting.borrow_mut().push_front(next),
            None => {}
        }
        self.input(HostInput::ContactsEnd { push });
    }

    /// Starts a push if the message carries rows in a form that can be cut in slices.
    fn begin(&self, data: &JsValue) -> bool {
        let body = get(data, "data");
        let (rows, head) = if Array::is_array(&body) {
            (Body::Rows { rows: body.unchecked_into(), next: 0 }, head(data, &JsValue::UNDEFINED, ""))
        } else if Array::is_array(&get(&body, "contacts")) {
            let rows = get(&body, "contacts").unchecked_into();
            (Body::Rows { rows, next: 0 }, head(data, &body, "contacts"))
        } else if let Ok(text) = get(&body, "json").dyn_into::<JsString>() {
            (Body::Text(text), head(data, &body, "json"))
        } else if let Ok(buffer) = get(&body, "ndjson").dyn_into::<js_sys::ArrayBuffer>() {
            (Body::Lines { octets: Uint8Array::new(&buffer), next: 0, lines: 0 }, head(data, &body, "ndjson"))
        } else {
            return false;
        };
        let Some(head) = head else {
            self.input(unreadable(data, false));
            return true;
        };
        let push = self.pushes.get() + 1;
        self.pushes.set(push);
        let waiting = Push { push, head: Some(head), body: rows };
        self.waiting.borrow_mut().push_back(Waiting::Push(waiting));
        self.feed.with(|app| app.idle().wake());
        true
    }

    /// How many rows it took.
    fn take_rows(&self, push: u64, all: &Array, next: u32, wanted: usize) -> u32 {
        let end = next.saturating_add(wanted as u32).min(all.length());
        let to_come = all.length().min(MAX_PUSHED_ROWS).saturating_sub(end) as usize;
        // Not by `Array.slice`, which throws where the array of the page has a `constructor` of its own.
        let slice: Array = (next..end).map(|at| all.get(at)).collect();
        match JSON::stringify(&slice) {
            Ok(text) if text.length() <= MAX_MESSAGE_UNITS => {
                self.input(HostInput::ContactRows { push, rows: text.into(), to_come });
            }
            Ok(_) | Err(_) => self.take_one_by_one(push, &slice, to_come),
        }
        end.saturating_sub(next)
    }

    /// A row that has no JSON form, or too long a one, must not take its neighbours with it.
    fn take_one_by_one(&self, push: u64, slice: &Array, to_come: usize) {
        let text_of = |row: JsValue| {
            // `undefined` is stringified to no text at all.
            let text = JSON::stringify(&row).ok().filter(|text| text.is_string())?;
            (text.length() <= MAX_ROW_UNITS).then(|| String::from(text))
        };
        let texts: Vec<String> = slice.iter().filter_map(text_of).collect();
        let count = slice.length() as usize - texts.len();
        self.input(HostInput::ContactRows { push, rows: format!("[{}]", texts.join(",")), to_come });
        self.input(HostInput::ContactRowsBad { push, count });
    }

    /// How many lines it took, and where it goes on.
    fn take_lines(
        &self,
        push: u64,
        octets: &Uint8Array,
        next: u32,
        lines: usize,
        wanted: usize,
    ) -> (usize, u32) {
        let mut end = next;
        let mut taken = 0;
        while taken < wanted && end < octets.length() {
            // A longer line counts as several, none of which is a row.
            let line = octets.subarray(end, end.saturating_add(MAX_ROW_UNITS).min(octets.length()));
            let found = line.index_of(b'\n', 0);
            end += if found < 0 { line.length() } else { found as u32 + 1 };
            taken += 1;
        }
        let rest = (octets.length() - end) as usize;
        // As long as those before, and in 64 bits.
        let to_come = ((lines + taken) as u64 * rest as u64).checked_div(end.into()).unwrap_or(0) as usize;
        let text = octets.subarray(next, end).to_vec();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let whole = format!("[{}]", lines.join(","));
        if JSON::parse(&whole).is_ok() {
            self.input(HostInput::ContactRows { push, rows: whole, to_come });
        } else {
            let good: Vec<&str> = lines.iter().copied().filter(|line| JSON::parse(line).is_ok()).collect();
            self.input(HostInput::ContactRows { push, rows: format!("[{}]", good.join(",")), to_come });
            self.input(HostInput::ContactRowsBad { push, count: lines.len() - good.len() });
        }
        (taken, end)
    }

    fn input(&self, input: HostInput) {
        self.feed.input(Input::Host(input));
    }
}

fn kind(data: &JsValue) -> Option<String> {
    if !data.is_object() {
        return None;
    }
    let kind = get(data, "type").dyn_into::<JsString>().ok()?;
    (kind.length() <= MAX_TYPE_CHARS).then(|| kind.into())
}

/// What asks for contacts is answered at once, out of what is in by then; what changes them keeps its place.
fn is_question(kind: &str) -> bool {
    matches!(kind, "contacts:search" | "contacts:match")
}

/// What cannot be read, with what its answer needs.
fn unreadable(data: &JsValue, too_large: bool) -> HostInput {
    let head = Object::new();
    for key in ["type", "id"] {
        let value = get(data, key);
        let short = value.dyn_ref::<JsString>().is_none_or(|text| text.length() <= MAX_ID_CHARS);
        if short && (value.is_string() || value.as_f64().is_some()) {
            // `Reflect.set` on a plain object does not fail.
            let _ = Reflect::set(&head, &key.into(), &value);
        }
    }
    HostInput::Unreadable { head: JSON::stringify(&head).map(String::from).unwrap_or_default(), too_large }
}

fn get(object: &JsValue, key: &str) -> JsValue {
    // `Reflect.get` throws on what is no object, which then has no such field.
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

/// The message without its rows: everything of the envelope, and of `body` all but `rows`.
fn head(data: &JsValue, body: &JsValue, rows: &str) -> Option<String> {
    let rest = Object::new();
    if body.is_object() {
        Object::assign(&rest, body.unchecked_ref());
        Reflect::delete_property(&rest, &rows.into()).ok()?;
    }
    let head = Object::assign(&Object::new(), data.unchecked_ref());
    Reflect::set(&head, &"data".into(), &rest).ok()?;
    JSON::stringify(&head).ok().map(String::from)
}
