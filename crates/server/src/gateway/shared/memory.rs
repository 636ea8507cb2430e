//! The memory of one process in the place of Redis.
//!
//! It is gone with the process: tokens have to be asked for again, as after any server without Redis.

use super::{super::Grant, Mail, lockout::Lockout};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, time::Instant};

/// Tokens of a process; above this the one that ends first goes.
const MAX_TOKENS: usize = 10_000;

/// See [`super::Shared`].
#[derive(Default)]
pub(crate) struct Memory {
    state: Mutex<State>,
    pub(super) lockout: Lockout,
}

#[derive(Default)]
struct State {
    tokens: BTreeMap<String, (Grant, Instant)>,
    /// By channel. Who is gone is found at the next message.
    listeners: BTreeMap<String, Vec<mpsc::Sender<Mail>>>,
    /// By extension, the newest last.
    widgets: BTreeMap<String, Vec<String>>,
}

impl Memory {
    /// Nothing here can be half done when a thread panics.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn token(&self, token: &str) -> Option<Grant> {
        let state = self.state();
        let (grant, until) = state.tokens.get(token)?;
        (*until > Instant::now()).then(|| grant.clone())
    }

    pub(super) fn keep_token(&self, token: &str, grant: &Grant, seconds: u64) {
        let (mut state, now) = (self.state(), Instant::now());
        state.tokens.retain(|_, (_, until)| *until > now);
        if state.tokens.len() >= MAX_TOKENS {
            let first =
                state.tokens.iter().min_by_key(|(_, (_, until))| *until).map(|(token, _)| token.clone());
            first.map(|token| state.tokens.remove(&token));
        }
        state.tokens.insert(token.to_owned(), (grant.clone(), now + Duration::from_secs(seconds)));
    }

    pub(super) fn renew_token(&self, token: &str, seconds: u64) -> bool {
        let (mut state, now) = (self.state(), Instant::now());
        let kept = state.tokens.get_mut(token).filter(|(_, until)| *until > now);
        kept.map(|(_, until)| *until = now + Duration::from_secs(seconds)).is_some()
    }

    pub(super) fn drop_token(&self, token: &str) {
        self.state().tokens.remove(token);
    }

    pub(super) fn publish(&self, channel: &str, text: &str) -> usize {
        let mut state = self.state();
        let Some(listeners) = state.listeners.get_mut(channel) else { return 0 };
        let mail = Mail { channel: channel.to_owned(), text: text.to_owned() };
        // Who does not keep up is left behind, and finds its end of the channel closed.
        listeners.retain(|listener| listener.try_send(mail.clone()).is_ok());
        let heard = listeners.len();
        if heard == 0 {
            state.listeners.remove(channel);
        }
        heard
    }

    pub(super) fn subscribe(&self, channels: &[String], room: usize) -> mpsc::Receiver<Mail> {
        let (sender, receiver) = mpsc::channel(room);
        let mut state = self.state();
        state.listeners.retain(|_, listeners| {
            listeners.retain(|listener| !listener.is_closed());
            !listeners.is_empty()
        });
        for channel in channels {
            state.listeners.entry(channel.clone()).or_default().push(sender.clone());
        }
        receiver
    }

    pub(super) fn join(&self, extension: &str, widget: &str) {
        self.state().widgets.entry(extension.to_owned()).or_default().push(widget.to_owned());
    }

    pub(super) fn leave(&self, extension: &str, widget: &str) {
        let mut state = self.state();
        let Some(widgets) = state.widgets.get_mut(extension) else { return };
        widgets.retain(|known| known != widget);
        if widgets.is_empty() {
            state.widgets.remove(extension);
        }
    }

    pub(super) fn widgets(&self, extension: &str) -> Vec<String> {
        self.state()
            .widgets
            .get(extension)
            .map(|widgets| widgets.iter().rev().cloned().collect())
            .unwrap_or_default()
    }
}
