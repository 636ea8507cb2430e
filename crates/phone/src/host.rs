//! The host page: trust, the queue before sign-in, commands and their one response each.
//!
//! It knows no origin beyond its name on screen; whether a chain is trusted is decided outside.

mod commands;

use crate::{
    Audience, HostInput, Output, Phone,
    account::Account,
    bridge::{self, Ask, Attention, Code, Command, Context, ErrorData, Read, Size},
    dialect::Asker,
};
use serde_json::Value;
use softframe_sip::{FlowId, Instant};
use std::collections::VecDeque;

/// What this version can do.
const FEATURES: &[&str] = &[
    "calls", "contacts", "vcard", "dtmf", "transfer", "hints", "forward", "redirect", "data", "provider",
    "messages", "merge",
];
/// Commands kept between `softframe:ready` and `logged` (protocol.md 1.4).
const MAX_QUEUED: usize = 256;
/// What a command over the rate is told.
const RATE_LIMITED: &str = "More than 50 commands in a second.";
/// How long they are kept.
const QUEUE_MILLIS: u64 = 30_000;
/// Acting commands: a second's worth and the burst (protocol.md 1.7).
const COMMANDS_PER_SECOND: u64 = 50;
const COMMAND_BURST: u64 = 200;
/// Terminated events of an earlier life, kept until the chain is trusted.
const MAX_OWED: usize = 16;

/// Where the embedding chain stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trust {
    Unknown,
    Waiting {
        chain: Vec<String>,
        refused: bool,
    },
    /// `listed`: the configuration names every origin of it.
    Trusted {
        chain: Vec<String>,
        listed: bool,
    },
}

/// What is between the phone and its host page.
pub(crate) struct Host {
    pub(crate) trust: Trust,
    /// Of the next message; `None` until `softframe:ready` is out.
    seq: Option<u64>,
    queue: VecDeque<(Ask, Command, Instant)>,
    bucket: Bucket,
    /// Of all clients of the gateway, so that none of them takes from the page's.
    clients: Bucket,
    /// `phone:terminated` of a previous life.
    owed: Vec<String>,
    last_attention: Option<&'static str>,
    /// The last flow of which it was told that no SIP came over it.
    pub(crate) strange_flow: Option<FlowId>,
}

/// A token bucket, in thousandths.
struct Bucket {
    tokens: u64,
    at: Instant,
}

impl Bucket {
    fn full() -> Bucket {
        Bucket { tokens: COMMAND_BURST * 1_000, at: Instant(0) }
    }

    fn take(&mut self, now: Instant) -> bool {
        let earned = now.since(self.at).saturating_mul(COMMANDS_PER_SECOND);
        self.tokens = self.tokens.saturating_add(earned).min(COMMAND_BURST * 1_000);
        self.at = now;
        let enough = self.tokens >= 1_000;
        if enough {
            self.tokens -= 1_000;
        }
        enough
    }
}

impl Host {
    pub(crate) fn new() -> Host {
        Host {
            trust: Trust::Unknown,
            seq: None,
            queue: VecDeque::new(),
            bucket: Bucket::full(),
            clients: Bucket::full(),
            owed: Vec::new(),
            last_attention: None,
            strange_flow: None,
        }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.trust, Trust::Waiting { .. })
    }

    pub(crate) fn is_trusted(&self) -> bool {
        matches!(self.trust, Trust::Trusted { .. })
    }

    /// The configuration names every origin of the chain: its operator has decided, not a person.
    pub(crate) fn is_listed(&self) -> bool {
        matches!(self.trust, Trust::Trusted { listed: true, .. })
    }

    /// The chain as the screen names it: the parent first.
    pub(crate) fn chain(&self) -> &[String] {
        match &self.trust {
            Trust::Waiting { chain, .. } | Trust::Trusted { chain, .. } => chain,
            Trust::Unknown => &[],
        }
    }

    pub(crate) fn resume(&mut self, seq: u64) {
        self.seq = Some(seq);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.queue.front().map(|(_, _, until)| *until)
    }

    fn next_seq(&mut self) -> u64 {
        let seq = self.seq.unwrap_or(1);
        self.seq = Some(seq.saturating_add(1));
        seq
    }
}

impl Phone {
    /// `softframe:ready`, once per load, before anything that can fail.
    pub(crate) fn ready(&mut self) {
        if self.host.seq.is_some() {
            return;
        }
        let instance = crate::uuid::uuid(&mut self.ids);
        let data = bridge::Ready {
            v: 1,
            version: env!("CARGO_PKG_VERSION"),
            protocols: &["softframe/1", "kunzite"],
            features: FEATURES,
            instance,
        };
        let message = bridge::numbered("softframe:ready", &bridge::json(&data), self.host.next_seq());
        self.out.push_back(Output::Host { to: Audience::Anyone, message });
    }

    /// An event for the trusted parent. Without one it is not sent and takes no number, so that a host sees a gap
    /// only where something was lost.
    pub(crate) fn tell(&mut self, kind: &str, data: &str) {
        self.tell_parent(kind, data);
        self.relay_tell(kind, data);
        self.tell_webhooks(kind, data);
    }

    /// The same, for the parent alone.
    pub(crate) fn tell_parent(&mut self, kind: &str, data: &str) {
        if self.host.is_trusted() {
            let message = bridge::numbered(kind, data, self.host.next_seq());
            self.out.push_back(Output::Host { to: Audience::Trusted, message });
        }
    }

    /// Asks a page that keeps the phone closed to open it. Carries nothing private.
    pub(crate) fn attention(&mut self, reason: &'static str) {
        // The form and the card stay; the others are news each time.
        let stays = matches!(reason, "consent" | "signin");
        if self.host.seq.is_none() || (stays && self.host.last_attention == Some(reason)) {
            return;
        }
        self.host.last_attention = Some(reason);
        let data = bridge::json(&Attention { reason });
        let message = bridge::numbered("widget:attention", &data, self.host.next_seq());
        self.out.push_back(Output::Host { to: Audience::Anyone, message });
    }

    /// What asked for attention is settled; the next time may ask again.
    pub(crate) fn attention_over(&mut self) {
        self.host.last_attention = None;
    }

    /// The consent card shows: a page that keeps the phone closed opens it.
    pub(crate) fn ask_consent(&mut self) {
        if self.host.is_waiting() && matches!(self.account, Account::SignedIn { .. }) {
            self.attention("consent");
        }
    }

    pub(crate) fn host_input(&mut self, now: Instant, input: HostInput) {
        match input {
            HostInput::Waiting { chain } => {
                self.host.trust = Trust::Waiting { chain, refused: false };
                match self.account {
                    Account::SignedOut(_) => self.attention("signin"),
                    _ => self.ask_consent(),
                }
            }
            HostInput::Trusted { chain, listed } => self.trusted(chain, listed),
            HostInput::Message { text, held } => self.host_message(now, &text, held),
            HostInput::ContactsBegin { push, head } => self.push_begin(push, &head),
            HostInput::ContactRows { push, rows, to_come } => self.push_rows(push, &rows, to_come),
            HostInput::ContactRowsBad { push, count } => self.push_bad(push, count),
            HostInput::ContactsEnd { push } => self.push_end(push),
            HostInput::Unreadable { head, too_large } => self.unreadable(now, &head, too_large),
        }
    }

    /// A page that waits for `logged` works however late the grant comes.
    fn trusted(&mut self, chain: Vec<String>, listed: bool) {
        let again = self.host.is_trusted();
        self.host.trust = Trust::Trusted { chain, listed };
        self.attention_over();
        if again {
            return;
        }
        if matches!(self.account, Account::SignedIn { logged: true, .. }) {
            self.tell_logged();
        }
        for data in std::mem::take(&mut self.host.owed) {
            self.tell("phone:terminated", &data);
        }
        let said: Vec<(&'static str, String)> =
            self.told_calls().into_iter().flat_map(|call| call.said.iter().cloned()).collect();
        for (kind, data) in said {
            self.tell(kind, &data);
        }
    }

    /// A `phone:terminated` of a previous life, now or when the chain is trusted.
    pub(crate) fn owe_terminated(&mut self, data: String) {
        if self.host.is_trusted() {
            self.tell("phone:terminated", &data);
        } else if self.host.owed.len() < MAX_OWED {
            self.host.owed.push(data);
        }
    }

    fn host_message(&mut self, now: Instant, text: &str, held: bool) {
        if self.hears_rc(now, text, held) {
            return;
        }
        match bridge::read(text) {
            Read::Foreign => {}
            // An answer is no command: there are no more of them than questions.
            Read::Command { ask, command: command @ Command::ProviderResponse { .. } }
                if self.host.is_trusted() =>
            {
                self.admit_command(now, ask, command, held)
            }
            // A window that is not the parent, an add-on, may send contacts, which are not counted.
            Read::Command { ask, command } if is_contacts(&command) => {
                self.admit_command(now, ask, command, held)
            }
            Read::Wrong { .. } | Read::Command { .. } if !self.host.is_trusted() => {}
            Read::Wrong { ask, .. } | Read::Command { ask, .. } if !self.host.bucket.take(now) => {
                self.fail_ask(Some(ask), Code::RateLimited, RATE_LIMITED);
            }
            Read::Wrong { ask, code, message } => self.fail_ask(Some(ask), code, message),
            Read::Command { ask, command } => self.admit_command(now, ask, command, held),
        }
    }

    /// A message of a client of the gateway, which admitted it by its token.
    pub(crate) fn client_message(&mut self, now: Instant, client: &str, text: &str) {
        let from = |ask: Ask| Ask { asker: Some(Asker::Client(client.to_owned())), ..ask };
        match bridge::read(text) {
            Read::Foreign => {}
            Read::Command { ask, command } if is_contacts(&command) => {
                self.admit_command(now, from(ask), command, false);
            }
            Read::Wrong { ask, .. } | Read::Command { ask, .. } if !self.host.clients.take(now) => {
                self.fail_ask(Some(from(ask)), Code::RateLimited, RATE_LIMITED);
            }
            Read::Wrong { ask, code, message } => self.fail_ask(Some(from(ask)), code, message),
            // Who signs in, and whose address book it is, are matters of the page that has the phone.
            Read::Command {
                ask,
                command: Command::Login(_) | Command::ProviderRegister(_) | Command::ProviderResponse { .. },
            } => self.fail_ask(Some(from(ask)), Code::NotTrusted, "That is for the page of the phone alone."),
            Read::Command { ask, command } => self.admit_command(now, from(ask), command, false),
        }
    }

    /// A message of which only `type` and `id` came through. It counts as any wrong one does.
    fn unreadable(&mut self, now: Instant, head: &str, too_large: bool) {
        let ask = Some(bridge::ask_of(head));
        if matches!(bridge::read(head), Read::Foreign) || !self.host.is_trusted() {
            return;
        }
        match too_large {
            _ if !self.host.bucket.take(now) => self.fail_ask(ask, Code::RateLimited, RATE_LIMITED),
            true => self.fail_ask(ask, Code::TooLarge, bridge::TOO_LARGE),
            false => self.fail_ask(ask, Code::BadRequest, "The message has no JSON form."),
        }
    }

    /// Commands that need an account wait for it; a click2call does not: nobody wants a call half a minute late.
    pub(crate) fn admit_command(&mut self, now: Instant, ask: Ask, command: Command, held: bool) {
        let logged = matches!(self.account, Account::SignedIn { logged: true, .. });
        if logged || !needs_account(&command) {
            self.run_command(now, ask, command, held);
        } else if self.host.queue.len() < MAX_QUEUED {
            self.host.queue.push_back((ask, command, now.after(QUEUE_MILLIS)));
        } else {
            self.fail_ask(Some(ask), Code::NotLogged, "Nobody is signed in, and 256 commands wait already.");
        }
    }

    pub(crate) fn run_queued(&mut self, now: Instant) {
        while let Some((ask, command, _)) = self.host.queue.pop_front() {
            self.run_command(now, ask, command, false);
        }
    }

    pub(crate) fn queue_due(&mut self, now: Instant) {
        while self.host.queue.front().is_some_and(|(_, _, until)| *until <= now) {
            if let Some((ask, _, _)) = self.host.queue.pop_front() {
                self.fail_ask(Some(ask), Code::NotLogged, "Nobody signed in within 30 seconds.");
            }
        }
    }

    pub(crate) fn answer_ask(&mut self, ask: Option<Ask>, data: Value) {
        if let Some(Ask { id: Some(id), asker, .. }) = ask {
            self.respond(asker, &id, &Ok(data));
        }
    }

    pub(crate) fn fail_ask(&mut self, ask: Option<Ask>, code: Code, message: &str) {
        match ask {
            Some(Ask { id: Some(id), asker, .. }) => {
                self.respond(asker, &id, &Err((code, message.to_owned())))
            }
            Some(Ask { asker: Some(asker), command, .. }) => self.fail_asker(asker, &command, code, message),
            Some(Ask { id: None, command, .. }) => {
                let data = ErrorData { command, code: code.to_string(), message: message.to_owned() };
                self.tell("softframe:error", &bridge::json(&data));
            }
            None => {}
        }
    }

    fn respond(&mut self, asker: Option<Asker>, id: &Value, outcome: &Result<Value, (Code, String)>) {
        if let Some(Asker::Client(client)) = asker {
            self.relay_answer(&client, &bridge::response(id, outcome));
        } else if self.host.is_trusted() {
            let message = bridge::response(id, outcome);
            self.out.push_back(Output::Host { to: Audience::Trusted, message });
        }
    }

    /// `context` of every event.
    pub(crate) fn context(&self) -> Context {
        let user = self.identity().map(|id| id.context_user.clone().unwrap_or_else(|| id.aor()));
        let (width, height) = self.size();
        Context {
            status: if self.person.dnd { "dnd".to_owned() } else { self.person.status.clone() },
            user: user.unwrap_or_default(),
            extension: self.extension(),
            size: Size { width, height },
        }
    }

    /// `account.context.extension`, else the account's user.
    pub(crate) fn extension(&self) -> String {
        self.identity().map(|id| id.extension.clone().unwrap_or_else(|| id.user.clone())).unwrap_or_default()
    }
}

/// Counts a message that acts; `false`: there are too many of them.
pub(crate) fn allowed(host: &mut Host, now: Instant) -> bool {
    host.bucket.take(now)
}

fn needs_account(command: &Command) -> bool {
    match command {
        Command::Answer { .. }
        | Command::Reject { .. }
        | Command::Hangup { .. }
        | Command::Hold { .. }
        | Command::Mute { .. }
        | Command::Dtmf { .. }
        | Command::Transfer { .. }
        | Command::Redirect { .. }
        | Command::TransferStart { .. }
        | Command::TransferComplete { .. }
        | Command::Merge { .. }
        | Command::TransferCancel
        | Command::State
        | Command::HintsSubscribe { .. }
        | Command::HintsUnsubscribe { .. }
        | Command::Status { .. }
        | Command::Dnd { .. }
        | Command::Forward(_)
        | Command::SetData { .. }
        | Command::Text { .. }
        | Command::Logout => true,
        Command::Click2Call(_)
        | Command::Contacts(..)
        | Command::ContactsRemove { .. }
        | Command::ContactsClear { .. }
        | Command::ContactsSearch { .. }
        | Command::ContactsMatch { .. }
        | Command::ContactsVcf { .. }
        | Command::Hello { .. }
        | Command::Login(_)
        | Command::Report
        | Command::Show
        | Command::Hide
        | Command::Minimize
        | Command::Navigate { .. }
        | Command::Size { .. }
        | Command::Xivo(_)
        | Command::ProviderRegister(_)
        | Command::ProviderResponse { .. } => false,
    }
}

fn is_contacts(command: &Command) -> bool {
    matches!(
        command,
        Command::Contacts(..)
            | Command::ContactsRemove { .. }
            | Command::ContactsClear { .. }
            | Command::ContactsVcf { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_200_commands_passes_then_50_a_second() {
        let mut bucket = Bucket { tokens: COMMAND_BURST * 1_000, at: Instant(0) };
        assert!((0..200).all(|_| bucket.take(Instant(0))));
        assert!(!bucket.take(Instant(19)));
        assert!(bucket.take(Instant(20)));
        assert!(!bucket.take(Instant(20)));
    }
}
