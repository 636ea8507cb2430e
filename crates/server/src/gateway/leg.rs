//! One WebSocket of a gateway: texts in and out, and a sign of life where there are none.
//!
//! It never waits for a peer that does not read.

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use std::time::Duration;
use tokio::time::Instant;

/// Longest text: a batch of contacts. Whoever has more sends more batches.
pub(super) const MAX_MESSAGE: usize = 1024 * 1024;

/// After so long without a word the other side is asked whether it is there; within as long again it has to say something.
const QUIET: Duration = Duration::from_secs(25);

/// A peer that takes nothing for this long is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// Try again later (RFC 6455 §7.4.1, as registered with IANA): another server may do better.
const TRY_AGAIN_LATER: u16 = 1013;

/// See the module.
pub(super) struct Leg {
    websocket: WebSocket,
    heard_at: Instant,
}

/// What came.
pub(super) enum Heard {
    Text(String),
    /// Nothing for a while.
    Quiet,
    /// It is over.
    End,
}

impl Leg {
    pub(super) fn new(websocket: WebSocket) -> Leg {
        Leg { websocket, heard_at: Instant::now() }
    }

    /// A name that nobody guesses; `None` where there is no randomness.
    pub(super) fn fresh_id() -> Option<String> {
        crate::fresh_password().ok()
    }

    /// The next text. May be dropped while it waits, and loses nothing by that.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            let silent_for = self.heard_at.elapsed();
            if silent_for >= QUIET + QUIET {
                return Heard::End;
            }
            let wait = if silent_for < QUIET { QUIET - silent_for } else { QUIET + QUIET - silent_for };
            let Ok(message) = tokio::time::timeout(wait, self.websocket.recv()).await else {
                match self.heard_at.elapsed() < QUIET + QUIET {
                    true => return Heard::Quiet,
                    false => return Heard::End,
                }
            };
            self.heard_at = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => return Heard::Text(text.to_string()),
                // The library answers pings itself.
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Heard::End,
            }
        }
    }

    /// Whether it went out.
    pub(super) async fn say(&mut self, text: String) -> bool {
        self.send(Message::Text(text.into())).await
    }

    /// Whether the question went out.
    pub(super) async fn ping(&mut self) -> bool {
        self.send(Message::Ping(Vec::new().into())).await
    }

    /// Closes it for now.
    pub(super) async fn later(mut self) {
        let frame = CloseFrame { code: TRY_AGAIN_LATER, reason: "try again".into() };
        let _gone_either_way = self.send(Message::Close(Some(frame))).await;
    }

    async fn send(&mut self, message: Message) -> bool {
        matches!(tokio::time::timeout(WRITE_PATIENCE, self.websocket.send(message)).await, Ok(Ok(())))
    }
}
