//! The WebSockets of the phone (RFC 7118), by flow.
//!
//! It never looks into a frame.

use crate::{app::Feed, listener::Listener, shell::Shell};
use litemap::LiteMap;
use softframe_phone::{FlowId, Input, SocketEvent};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsCast;
use web_sys::{BinaryType, Event, MessageEvent, WebSocket};

/// More of one frame than this is not copied: the agent refuses frames above 64 KiB, and one octet more shows it.
const MAX_FRAME_BYTES: u32 = 64 * 1024 + 1;

/// All live sockets.
pub(crate) struct Sockets {
    feed: Feed,
    shell: Rc<Shell>,
    live: RefCell<LiteMap<FlowId, Link>>,
}

struct Link {
    socket: WebSocket,
    _listeners: [Listener; 3],
}

impl Sockets {
    /// No socket yet.
    pub(crate) fn new(feed: Feed, shell: Rc<Shell>) -> Sockets {
        Sockets { feed, shell, live: RefCell::default() }
    }

    /// Opens one; a refusal is a [`SocketEvent::Closed`].
    pub(crate) fn connect(&self, flow: FlowId, url: &str) {
        let Ok(socket) = WebSocket::new_with_str(url, "sip") else {
            return self.feed.input(Input::Socket { flow, event: SocketEvent::Closed });
        };
        socket.set_binary_type(BinaryType::Arraybuffer);
        self.shell.socket(&flow.0.to_string(), Some(&socket));
        let link = Link { _listeners: listen(&self.feed, flow, &socket), socket };
        let before = self.live.borrow_mut().insert(flow, link);
        drop(before);
    }

    /// Sends one text message; nothing if the socket is gone, its `Closed` is on the way.
    pub(crate) fn transmit(&self, flow: FlowId, frame: &[u8]) {
        let Some(socket) = self.socket(flow) else { return };
        // SIP is UTF-8; a body that is not travels as a binary message (RFC 7118 §4.2 allows both).
        let _ = match std::str::from_utf8(frame) {
            Ok(text) => socket.send_with_str(text),
            Err(_) => socket.send_with_u8_array(frame),
        };
    }

    /// Closes one after what was sent; its `Closed` comes.
    pub(crate) fn disconnect(&self, flow: FlowId) {
        if let Some(socket) = self.socket(flow) {
            let _ = socket.close();
        }
    }

    /// It is closed.
    pub(crate) fn gone(&self, flow: FlowId) {
        let link = self.live.borrow_mut().remove(&flow);
        if link.is_some() {
            self.shell.socket(&flow.0.to_string(), None);
            self.feed.input(Input::Socket { flow, event: SocketEvent::Closed });
        }
    }

    fn socket(&self, flow: FlowId) -> Option<WebSocket> {
        self.live.borrow().get(&flow).map(|link| Clone::clone(&link.socket))
    }
}

fn listen(feed: &Feed, flow: FlowId, socket: &WebSocket) -> [Listener; 3] {
    let (opened, framed, closed) = (feed.clone(), feed.clone(), feed.clone());
    let at_open = Clone::clone(socket);
    [
        // A server that does not agree on `sip` is not a SIP server; the browser fails the handshake by itself
        // when another subprotocol comes, but not when none does in older versions.
        Listener::new(socket, "open", move |_: Event| match at_open.protocol().as_str() {
            "sip" => opened.input(Input::Socket { flow, event: SocketEvent::Opened }),
            _ => {
                let _ = at_open.close();
            }
        }),
        Listener::new(socket, "message", move |event: Event| {
            if let Some(octets) = frame(event.unchecked_ref()) {
                framed.input(Input::Socket { flow, event: SocketEvent::Frame(octets) });
            }
        }),
        Listener::new(socket, "close", move |_: Event| closed.with(|app| app.sockets().gone(flow))),
    ]
}

fn frame(event: &MessageEvent) -> Option<Vec<u8>> {
    let data = event.data();
    if let Some(text) = data.dyn_ref::<js_sys::JsString>() {
        let length = text.length().min(MAX_FRAME_BYTES);
        return Some(String::from(text.substring(0, length)).into_bytes());
    }
    let buffer = data.dyn_into::<js_sys::ArrayBuffer>().ok()?;
    let length = buffer.byte_length().min(MAX_FRAME_BYTES);
    Some(js_sys::Uint8Array::new_with_byte_offset_and_length(&buffer, 0, length).to_vec())
}
