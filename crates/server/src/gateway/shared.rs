//! What several servers share, behind one door: Redis, or without one the memory of this process.
//!
//! Every wait is bounded; what Redis does not do in time is [`Unavailable`], and may be asked again.

mod lockout;
mod memory;
mod redis;

use super::{Grant, settings::Push};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Messages that wait for a client that takes them slowly. One that is further behind loses its socket.
pub(super) const MAX_MAIL: usize = 256;

/// How long a key of a message that was told is remembered: longer than a widget goes on trying, so that no
/// repetition comes after it is forgotten.
pub(super) const TOLD_SECONDS: u64 = 24 * 60 * 60;

/// Redis does not answer, or not as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

/// Where a message for another system goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letter<'a> {
    /// Names the message: of two with the same only the first is pushed.
    pub(crate) key: &'a str,
    /// The list.
    pub(crate) list: &'a str,
    /// What is pushed.
    pub(crate) text: &'a str,
    /// To which end.
    pub(crate) end: Push,
}

/// The door.
pub(crate) enum Shared {
    /// One process.
    Memory(memory::Memory),
    /// Any number of processes.
    Redis(redis::Redis),
}

impl Shared {
    /// With an address Redis, without one memory. A Redis that is down now is asked again later.
    pub(super) fn new(address: Option<&str>) -> Result<Shared, String> {
        match address {
            Some(address) => Ok(Shared::Redis(redis::Redis::new(address)?)),
            None => Ok(Shared::Memory(memory::Memory::default())),
        }
    }

    /// Pushes the letter unless one with its key was pushed before. `None`: there is no Redis to push to.
    pub(super) async fn push_once(&self, letter: Letter<'_>) -> Result<Option<u64>, Unavailable> {
        match self {
            Shared::Memory(_) => Ok(None),
            Shared::Redis(redis) => redis.push_once(letter).await.map(Some),
        }
    }

    /// Counts an attempt to sign in as wrong until it is said to be right, or says how long this login has to wait.
    /// `is_known`: somebody has this login.
    pub(super) async fn attempt(&self, login: &str, is_known: bool) -> Result<Option<Duration>, Unavailable> {
        match self {
            Shared::Memory(memory) => Ok(memory.lockout.attempt(login, Instant::now())),
            Shared::Redis(redis) => redis.attempt(login, is_known).await,
        }
    }

    /// The password was right: nothing is held against the login any longer.
    pub(super) async fn succeeded(&self, login: &str) -> Result<(), Unavailable> {
        match self {
            Shared::Memory(memory) => memory.lockout.succeeded(login),
            Shared::Redis(redis) => redis.succeeded(login).await?,
        }
        Ok(())
    }

    /// Who bears this token.
    pub(super) async fn token(&self, token: &str) -> Result<Option<Grant>, Unavailable> {
        match self {
            Shared::Memory(memory) => Ok(memory.token(token)),
            Shared::Redis(redis) => redis.token(token).await,
        }
    }

    /// Remembers a token for so long.
    pub(super) async fn keep_token(
        &self,
        token: &str,
        grant: &Grant,
        seconds: u64,
    ) -> Result<(), Unavailable> {
        match self {
            Shared::Memory(memory) => memory.keep_token(token, grant, seconds),
            Shared::Redis(redis) => redis.keep_token(token, grant, seconds).await?,
        }
        Ok(())
    }

    /// Begins the time of a token anew; whether there is such a token still.
    pub(super) async fn renew_token(&self, token: &str, seconds: u64) -> Result<bool, Unavailable> {
        match self {
            Shared::Memory(memory) => Ok(memory.renew_token(token, seconds)),
            Shared::Redis(redis) => redis.renew_token(token, seconds).await,
        }
    }

    /// Forgets a token.
    pub(super) async fn drop_token(&self, token: &str) -> Result<(), Unavailable> {
        match self {
            Shared::Memory(memory) => memory.drop_token(token),
            Shared::Redis(redis) => redis.drop_token(token).await?,
        }
        Ok(())
    }

    /// Sends a text to all who listen on `channel` now, and says how many do.
    pub(super) async fn publish(&self, channel: &str, text: &str) -> Result<usize, Unavailable> {
        match self {
            Shared::Memory(memory) => Ok(memory.publish(channel, text)),
            Shared::Redis(redis) => redis.publish(channel, text).await,
        }
    }

    /// Listens on channels from now on; ends with the value, or with Redis, or when more than `room` messages wait.
    pub(super) async fn subscribe(
        &self,
        channels: &[String],
        room: usize,
    ) -> Result<mpsc::Receiver<Mail>, Unavailable> {
        match self {
            Shared::Memory(memory) => Ok(memory.subscribe(channels, room)),
            Shared::Redis(redis) => redis.subscribe(channels, room).await,
        }
    }

    /// Adds a widget to those of an extension, as the newest.
    pub(super) async fn join(&self, extension: &str, widget: &str) -> Result<(), Unavailable> {
        match self {
            Shared::Memory(memory) => memory.join(extension, widget),
            Shared::Redis(redis) => redis.join(extension, widget).await?,
        }
        Ok(())
    }

    /// Takes it away.
    pub(super) async fn leave(&self, extension: &str, widget: &str) -> Result<(), Unavailable> {
        match self {
            Shared::Memory(memory) => memory.leave(extension, widget),
            Shared::Redis(redis) => redis.leave(extension, widget).await?,
        }
        Ok(())
    }

    /// The widgets of an extension, the newest first. One that a dead server left behind may be among them: nobody
    /// listens on its channel.
    pub(super) async fn widgets(&self, extension: &str) -> Result<Vec<String>, Unavailable> {
        match self {
            Shared::Memory(memory) => Ok(memory.widgets(extension)),
            Shared::Redis(redis) => redis.widgets(extension).await,
        }
    }
}

/// Names a secret where others may read: nobody learns it from that.
pub(super) fn fingerprint(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A text, and the channel it came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) channel: String,
    pub(crate) text: String,
}
