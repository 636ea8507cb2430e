//! Redis as what several servers share: lists, keys with an expiry, and channels.
//!
//! No command is repeated here: whoever asked repeats, with the same key, when it gets no answer.

use super::{
    super::{Grant, settings::Push},
    Letter, Mail, TOLD_SECONDS, Unavailable, fingerprint,
    lockout::{FORGET_AFTER, MAX_COUNTED, pause},
};
use futures_util::StreamExt;
use redis::{
    AsyncCommands, Client, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// A Redis that takes longer is taken for one that is down.
const PATIENCE: Duration = Duration::from_secs(2);

/// Attempts of one connection; the next command begins anew.
const RETRIES: usize = 1;

/// A widget that joined so long ago, and neither left nor joined again, is forgotten with its server.
const WIDGET_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The key is set with the push or not at all: Redis runs a script whole, and writes its effects to its log as one. The
/// push comes first, since a key of the wrong type makes it fail, and then nothing may be remembered.
const PUSH_ONCE: &str = "
local before = redis.call('GET', KEYS[1])
if before then return tonumber(before) end
local length = redis.call(ARGV[1], KEYS[2], ARGV[2])
redis.call('SET', KEYS[1], length, 'EX', ARGV[3])
return length";

/// A login that waits says for how long; any other is counted in the same step, and waits from then on for the pause of its
/// count. The first argument is how long the count is kept, the others are the pauses, all in milliseconds.
const ATTEMPT: &str = "
local wait = redis.call('PTTL', KEYS[2])
if wait > 0 then return wait end
local count = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local pause = tonumber(ARGV[math.min(count, #ARGV - 1) + 1])
if pause > 0 then redis.call('SET', KEYS[2], count, 'PX', pause) end
return 0";

/// See [`super::Shared`].
pub(crate) struct Redis {
    client: Client,
    commands: ConnectionManager,
    push_once: Script,
    attempt: Script,
}

impl Redis {
    /// Opens nothing yet; a Redis that comes up later is found then.
    pub(super) fn new(address: &str) -> Result<Redis, String> {
        let client = Client::open(address)
            .map_err(|_| "the address of Redis has the form redis://host:6379/0".to_owned())?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(RETRIES)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let commands = ConnectionManager::new_lazy_with_config(client.clone(), config)
            .map_err(|error| format!("Redis cannot be asked: {error}"))?;
        Ok(Redis { client, commands, push_once: Script::new(PUSH_ONCE), attempt: Script::new(ATTEMPT) })
    }

    /// The length of the list after the push, now or before.
    pub(super) async fn push_once(&self, letter: Letter<'_>) -> Result<u64, Unavailable> {
        let command = match letter.end {
            Push::Rpush => "RPUSH",
            Push::Lpush => "LPUSH",
        };
        let key = format!("softframe:told:{}", letter.key);
        let mut commands = self.commands.clone();
        let mut invocation = self.push_once.prepare_invoke();
        invocation.key(key).key(letter.list).arg(command).arg(letter.text).arg(TOLD_SECONDS);
        answered(invocation.invoke_async(&mut commands)).await
    }

    pub(super) async fn attempt(&self, login: &str, is_known: bool) -> Result<Option<Duration>, Unavailable> {
        let mut commands = self.commands.clone();
        let mut invocation = self.attempt.prepare_invoke();
        let [count, wait] = login_keys(login, is_known);
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        invocation.key(count).key(wait).arg(millis(FORGET_AFTER));
        for count in 1..=MAX_COUNTED {
            invocation.arg(millis(pause(count)));
        }
        let wait: u64 = answered(invocation.invoke_async(&mut commands)).await?;
        Ok((wait > 0).then_some(Duration::from_millis(wait)))
    }

    pub(super) async fn succeeded(&self, login: &str) -> Result<(), Unavailable> {
        let mut commands = self.commands.clone();
        answered(commands.del(login_keys(login, true).as_slice())).await
    }

    pub(super) async fn token(&self, token: &str) -> Result<Option<Grant>, Unavailable> {
        let mut commands = self.commands.clone();
        let found: Option<String> = answered(commands.get(token_key(token))).await?;
        Ok(found.and_then(|text| serde_json::from_str(&text).ok()))
    }

    pub(super) async fn keep_token(
        &self,
        token: &str,
        grant: &Grant,
        seconds: u64,
    ) -> Result<(), Unavailable> {
        let text = serde_json::to_string(grant).map_err(|_| Unavailable)?;
        let mut commands = self.commands.clone();
        answered(commands.set_ex(token_key(token), text, seconds)).await
    }

    pub(super) async fn renew_token(&self, token: &str, seconds: u64) -> Result<bool, Unavailable> {
        let mut commands = self.commands.clone();
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        answered(commands.expire(token_key(token), seconds)).await
    }

    pub(super) async fn drop_token(&self, token: &str) -> Result<(), Unavailable> {
        let mut commands = self.commands.clone();
        answered(commands.del(token_key(token))).await
    }

    pub(super) async fn publish(&self, channel: &str, text: &str) -> Result<usize, Unavailable> {
        let mut commands = self.commands.clone();
        answered(commands.publish(channel_name(channel), text)).await
    }

    /// One connection for each listener: it is found dead with the listener, and needs no book of who wants what.
    pub(super) async fn subscribe(
        &self,
        channels: &[String],
        room: usize,
    ) -> Result<mpsc::Receiver<Mail>, Unavailable> {
        let open = async {
            let mut connection = self.client.get_async_pubsub().await?;
            let names: Vec<String> = channels.iter().map(|channel| channel_name(channel)).collect();
            connection.subscribe(names).await?;
            Ok(connection)
        };
        let mut messages = answered(open).await?.into_on_message();
        let (sender, receiver) = mpsc::channel(room);
        tokio::spawn(async move {
            loop {
                let message = tokio::select! {
                    message = messages.next() => message,
                    () = sender.closed() => return,
                };
                let Some(message) = message else { return };
                let name = message.get_channel_name();
                let channel = name.strip_prefix(CHANNELS).unwrap_or(name).to_owned();
                let Ok(text) = message.get_payload() else { continue };
                // Who does not keep up loses its connection, and starts again.
                if sender.try_send(Mail { channel, text }).is_err() {
                    return;
                }
            }
        });
        Ok(receiver)
    }

    pub(super) async fn join(&self, extension: &str, widget: &str) -> Result<(), Unavailable> {
        let (key, mut commands) = (widgets_key(extension), self.commands.clone());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let mut both = redis::pipe();
        both.atomic().zadd(&key, widget, now).ignore().expire(&key, WIDGET_SECONDS).ignore();
        answered(both.query_async(&mut commands)).await
    }

    pub(super) async fn leave(&self, extension: &str, widget: &str) -> Result<(), Unavailable> {
        let mut commands = self.commands.clone();
        answered(commands.zrem(widgets_key(extension), widget)).await
    }

    pub(super) async fn widgets(&self, extension: &str) -> Result<Vec<String>, Unavailable> {
        let mut commands = self.commands.clone();
        answered(commands.zrevrange(widgets_key(extension), 0, -1)).await
    }
}

async fn answered<T>(work: impl Future<Output = redis::RedisResult<T>>) -> Result<T, Unavailable> {
    match tokio::time::timeout(PATIENCE + PATIENCE, work).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => {
            eprintln!("Redis: {error}");
            Err(Unavailable)
        }
        Err(_) => {
            eprintln!("Redis: no answer in time");
            Err(Unavailable)
        }
    }
}

/// Whoever reads the keys of Redis learns no token.
fn token_key(token: &str) -> String {
    format!("softframe:token:{}", fingerprint(token))
}

/// Hexadecimal digits by which logins that nobody has are told apart: made-up ones fill no more than 65,536 keys.
const UNKNOWN_DIGITS: usize = 4;

/// Where the attempts of a login are counted, and what is there while it waits.
fn login_keys(login: &str, is_known: bool) -> [String; 2] {
    let mut login = fingerprint(login);
    if !is_known {
        login.truncate(UNKNOWN_DIGITS);
    }
    ["attempts", "wait"].map(|what| format!("softframe:{what}:{login}"))
}

fn widgets_key(extension: &str) -> String {
    format!("softframe:widgets:{extension}")
}

const CHANNELS: &str = "softframe:";

fn channel_name(channel: &str) -> String {
    format!("{CHANNELS}{channel}")
}
