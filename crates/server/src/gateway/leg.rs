//! One WebSocket of a gateway: texts in and out, and a sign of life where there are none.
//!
//! It never waits for a peer that does not read.

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use std::time::Duration;
use tokio::time::Instant;

/// Longest text: a batch of contacts. Whoever has more sends more batches.
pub(super) const MAX_MESSAGE: usize = 1024 * 1024;

/// So often the other side is asked whether it is there, and its token is looked at; whoever says nothing for twice as long is
/// gone.
const LOOK_EVERY: Duration = Duration::from_secs(25);

/// Of a client so many texts go on at once, and one each time after: as many as a phone takes of its page. A client that
/// sends faster is read no faster, so that the letters of its phone never pile up and cost the phone its socket.
pub(super) const BURST: u32 = 200;
const EACH: Duration = Duration::from_millis(20);

/// A peer that takes nothing for this long is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// Try again later (RFC 6455 §7.4.1, as registered with IANA): another server may do better.
const TRY_AGAIN_LATER: u16 = 1013;
/// It may not be here any longer (RFC 6455 §7.4.1).
const POLICY: u16 = 1008;

/// See the module.
pub(super) struct Leg {
    websocket: WebSocket,
    heard_at: Instant,
    looked_at: Instant,
    /// When all of [`BURST`] may come at once again; `None`: this side is read as fast as it sends.
    rested_at: Option<Instant>,
}

/// What came.
pub(super) enum Heard {
    Text(String),
    /// It is time to look after it.
    Due,
    /// It is over.
    End,
}

impl Leg {
    /// `is_paced`: whether it is read no faster than a phone takes.
    pub(super) fn new(websocket: WebSocket, is_paced: bool) -> Leg {
        let now = Instant::now();
        Leg { websocket, heard_at: now, looked_at: now, rested_at: is_paced.then_some(now) }
    }

    /// A name that nobody guesses; `None` where there is no randomness.
    pub(super) fn fresh_id() -> Option<String> {
        crate::fresh_password().ok()
    }

    /// The next text. May be dropped while it waits, and loses nothing by that.
    pub(super) async fn hear(&mut self) -> Heard {
        loop {
            let due = self.looked_at + LOOK_EVERY;
            if due <= Instant::now() {
                self.looked_at = Instant::now();
                let is_gone = self.heard_at.elapsed() >= LOOK_EVERY + LOOK_EVERY;
                return if is_gone { Heard::End } else { Heard::Due };
            }
            let Ok(message) = tokio::time::timeout_at(due, self.next()).await else { continue };
            self.heard_at = Instant::now();
            match message {
                Some(Ok(Message::Text(text))) => {
                    self.rested_at = self.rested_at.map(|at| at.max(self.heard_at) + EACH);
                    return Heard::Text(text.to_string());
                }
                // The library answers pings itself.
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Heard::End,
            }
        }
    }

    /// What it sends next, when it may.
    async fn next(&mut self) -> Option<Result<Message, axum::Error>> {
        if let Some(opens_at) = self.rested_at.and_then(|at| at.checked_sub(EACH * (BURST - 1))) {
            tokio::time::sleep_until(opens_at).await;
        }
        self.websocket.recv().await
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
    pub(super) async fn later(self) {
        self.close(TRY_AGAIN_LATER, "try again").await;
    }

    /// Closes it for good: its token is not good any longer.
    pub(super) async fn revoked(self) {
        self.close(POLICY, "the token is not good any longer").await;
    }

    async fn close(mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        let _gone_either_way = self.send(Message::Close(Some(frame))).await;
    }

    async fn send(&mut self, message: Message) -> bool {
        matches!(tokio::time::timeout(WRITE_PATIENCE, self.websocket.send(message)).await, Ok(Ok(())))
    }
}
