//! One WebSocket (RFC 7118): frames in to the switchboard, frames out, and the faults that tests ask for.
//!
//! It never reads a frame's content and never waits for a peer that does not read.

use crate::switchboard::{Line, Switchboard};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use std::{collections::VecDeque, time::Duration};
use tokio::sync::mpsc;

/// A SIP message of protocol.md 1.7; a larger frame ends the connection.
pub(crate) const MAX_FRAME: usize = 64 * 1024;

/// Frames waiting for a peer that reads slowly. One that is further behind is gone.
pub(crate) const MAX_QUEUE: usize = 256;

/// A peer that takes nothing for this long is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(10);

/// What the switchboard wants of a socket.
#[derive(Debug)]
pub(crate) enum Order {
    /// Send this.
    Frame(Vec<u8>),
    /// Close it as RFC 6455 wants.
    Close,
    /// Drop the TCP connection.
    Drop,
    /// Neither read nor write until thawed; the TCP connection stays.
    Freeze,
    /// Go on, with what was held back.
    Thaw,
}

/// Serves one connection to its end.
pub(crate) async fn run(mut websocket: WebSocket, switchboard: Switchboard) {
    let (orders, mut incoming_orders) = mpsc::channel(MAX_QUEUE);
    let Some(line) = switchboard.open(orders).await else { return };
    let mut state = State::Running;
    loop {
        let next = tokio::select! {
            order = incoming_orders.recv() => state.order(order, &mut websocket).await,
            frame = websocket.recv(), if matches!(state, State::Running) => received(frame, &line).await,
        };
        match next {
            Next::Go => {}
            Next::Change(next) => state = next,
            Next::End => break,
        }
    }
    line.closed().await;
}

enum State {
    Running,
    /// What was to be sent meanwhile.
    Frozen(VecDeque<Vec<u8>>),
}

enum Next {
    Go,
    Change(State),
    End,
}

impl State {
    async fn order(&mut self, order: Option<Order>, websocket: &mut WebSocket) -> Next {
        match (order, self) {
            (None | Some(Order::Drop), _) => Next::End,
            (Some(Order::Close), _) => {
                let frame = CloseFrame { code: 1001, reason: "closed by the server".into() };
                let close = websocket.send(Message::Close(Some(frame)));
                let _gone_either_way = tokio::time::timeout(WRITE_PATIENCE, close).await;
                Next::End
            }
            (Some(Order::Freeze), State::Running) => Next::Change(State::Frozen(VecDeque::new())),
            (Some(Order::Freeze), State::Frozen(_)) | (Some(Order::Thaw), State::Running) => Next::Go,
            (Some(Order::Thaw), State::Frozen(held)) => {
                for octets in std::mem::take(held) {
                    if !sent(websocket, octets).await {
                        return Next::End;
                    }
                }
                Next::Change(State::Running)
            }
            (Some(Order::Frame(octets)), State::Frozen(held)) => {
                if held.len() < MAX_QUEUE {
                    held.push_back(octets);
                }
                Next::Go
            }
            (Some(Order::Frame(octets)), State::Running) => match sent(websocket, octets).await {
                true => Next::Go,
                false => Next::End,
            },
        }
    }
}

async fn received(frame: Option<Result<Message, axum::Error>>, line: &Line) -> Next {
    match frame {
        Some(Ok(Message::Text(text))) => line.frame(text.as_bytes().to_vec()).await,
        Some(Ok(Message::Binary(octets))) => line.frame(octets.to_vec()).await,
        // The library answers pings itself.
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
        Some(Ok(Message::Close(_)) | Err(_)) | None => return Next::End,
    }
    Next::Go
}

/// SIP is UTF-8, so text; what is not goes as it is.
async fn sent(websocket: &mut WebSocket, octets: Vec<u8>) -> bool {
    let message = match String::from_utf8(octets) {
        Ok(text) => Message::Text(text.into()),
        Err(error) => Message::Binary(error.into_bytes().into()),
    };
    matches!(tokio::time::timeout(WRITE_PATIENCE, websocket.send(message)).await, Ok(Ok(())))
}
