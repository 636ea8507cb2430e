//! What servers tell us by subscription: whether colleagues are free (`hints:subscribe`), and how full the voice mail
//! is. And what we let others know: the person's status, where the operator wants that.
//!
//! It never guesses: a number is told when its first answer has come.

pub(crate) mod dialog_info;
pub(crate) mod pidf;
mod xml;

use crate::{
    Output, Phone,
    bridge::{self, HintChange},
};
use dialog_info::{DIALOG_INFO, Dialogs, Stage, Taken};
use pidf::{PIDF, Presence};
use softframe_sip::{
    Command, Instant, SubscriptionId,
    wire::{Message, SubscriptionState},
};

/// Numbers watched at once. Each takes two subscriptions of the user agent's.
pub(crate) const MAX_WATCHED: usize = 100;

/// Notifiers whose documents are kept: as many as the SIP side has dialogs with, so that those which went without a word
/// make room.
const MAX_DOCUMENTS: usize = 4;

/// All that is subscribed to.
#[derive(Default)]
pub(crate) struct Watches {
    watched: Vec<Watch>,
    voicemail: Option<SubscriptionId>,
}

/// A number whose state somebody wants.
struct Watch {
    number: String,
    /// The page asked for it, in the native protocol.
    by_page: bool,
    dialogs: Feed,
    presence: Feed,
    /// By notifier: Call-ID and tag.
    documents: Vec<(String, String, Dialogs)>,
    known: Option<Presence>,
    told: Option<Hint>,
}

/// One of the two subscriptions of a number.
#[derive(Default)]
struct Feed {
    /// `None` without a user agent that could have one.
    subscription: Option<SubscriptionId>,
    heard: Heard,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Heard {
    #[default]
    Nothing,
    Something,
    /// With the code that stands for the failure.
    Failed(i16),
}

/// `hint:change`: the codes are the extension states of Asterisk, as XiVO's pages know them (protocol.md 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hint {
    code: i16,
    note: String,
}

const ON_HOLD: i16 = 16;
const BUSY_AND_RINGING: i16 = 9;
const RINGING: i16 = 8;
const UNAVAILABLE: i16 = 4;
const CALLING: i16 = 1;
const AVAILABLE: i16 = 0;
const DEACTIVATED: i16 = -1;
const UNEXISTING: i16 = -2;
const ERROR: i16 = -99;

fn name_of(code: i16) -> &'static str {
    match code {
        ON_HOLD => "ONHOLD",
        BUSY_AND_RINGING => "BUSY_AND_RINGING",
        RINGING => "RINGING",
        UNAVAILABLE => "INDISPONIBLE",
        CALLING => "CALLING",
        AVAILABLE => "AVAILABLE",
        DEACTIVATED => "DEACTIVATED",
        UNEXISTING => "UNEXISTING",
        _ => "ERROR",
    }
}

/// What a subscription that failed says of a number.
fn code_of_failure(code: u16, reason: &str) -> i16 {
    match (reason, code) {
        ("noresource", _) | (_, 404) => UNEXISTING,
        ("deactivated" | "rejected", _) => DEACTIVATED,
        // Nobody is registered there.
        ("", 480) => UNAVAILABLE,
        _ => ERROR,
    }
}

impl Watch {
    fn feed_mut(&mut self, subscription: SubscriptionId) -> Option<&mut Feed> {
        [&mut self.dialogs, &mut self.presence]
            .into_iter()
            .find(|feed| feed.subscription == Some(subscription))
    }

    /// Takes a NOTIFY. Whether the whole state must be asked for.
    fn take(&mut self, subscription: SubscriptionId, is_last: bool, notify: &Message) -> bool {
        let text = String::from_utf8_lossy(notify.body());
        // Nobody has decided yet whether we may know.
        let is_pending = SubscriptionState::of(notify).state == "pending";
        let is_dialogs = self.dialogs.subscription == Some(subscription);
        if is_last {
            // Of the last notifier what is known stands until the next one says something.
            let tag = notify.from().tag().unwrap_or_default();
            if is_dialogs && self.documents.len() > 1 {
                self.documents.retain(|(_, known, _)| known != tag);
            }
            return false;
        }
        let taken = match is_dialogs {
            true => self.take_dialogs(notify, &text),
            false => match pidf::read(&text) {
                Ok(presence) => {
                    self.known = Some(presence);
                    Taken::Yes
                }
                Err(_) => Taken::No,
            },
        };
        // Without a body: nothing is published of this number.
        let is_news = taken == Taken::Yes || (notify.body().is_empty() && !is_pending);
        if let Some(feed) = self.feed_mut(subscription).filter(|_| is_news) {
            feed.heard = Heard::Something;
        }
        taken == Taken::Lacking
    }

    fn take_dialogs(&mut self, notify: &Message, text: &str) -> Taken {
        let (call, tag) = (notify.call_id(), notify.from().tag().unwrap_or_default());
        // Those of another Call-ID belong to a subscription that was made anew.
        self.documents.retain(|(known, _, _)| known == call);
        let known = self.documents.iter_mut().find(|(_, known, _)| known == tag);
        match known {
            Some((_, _, dialogs)) => dialogs.take(text),
            None => {
                let mut dialogs = Dialogs::default();
                let taken = dialogs.take(text);
                if self.documents.len() >= MAX_DOCUMENTS {
                    self.documents.remove(0);
                }
                self.documents.push((call.to_owned(), tag.to_owned(), dialogs));
                taken
            }
        }
    }

    fn failed(&mut self, subscription: SubscriptionId, is_over: bool, code: i16) {
        if self.dialogs.subscription == Some(subscription) {
            self.documents.clear();
        } else {
            self.known = None;
        }
        if let Some(feed) = self.feed_mut(subscription) {
            feed.heard = Heard::Failed(code);
            if is_over {
                feed.subscription = None;
            }
        }
    }

    /// What is known now; `None` while an answer is awaited that could change it.
    fn hint(&self) -> Option<Hint> {
        let note = self.known.as_ref().map(|presence| presence.note.clone()).unwrap_or_default();
        let code = match (self.dialogs.heard, self.presence.heard) {
            (Heard::Nothing, _) | (Heard::Failed(_), Heard::Nothing) => return None,
            (Heard::Failed(code), Heard::Failed(_)) => code,
            (Heard::Failed(_), Heard::Something) => self.code_of_presence(),
            (Heard::Something, presence) => match self.code_of_dialogs(&note) {
                // The same is said of who is idle and of who is not there: only presence can tell them apart.
                AVAILABLE if presence == Heard::Nothing => return None,
                AVAILABLE if self.code_of_presence() == UNAVAILABLE => UNAVAILABLE,
                code => code,
            },
        };
        Some(Hint { code, note })
    }

    fn code_of_presence(&self) -> i16 {
        match &self.known {
            Some(presence) if presence.open == Some(false) => UNAVAILABLE,
            Some(presence) if presence.note.eq_ignore_ascii_case("unavailable") => UNAVAILABLE,
            Some(presence) if presence.on_the_phone => CALLING,
            Some(_) | None => AVAILABLE,
        }
    }

    fn code_of_dialogs(&self, note: &str) -> i16 {
        let all = || self.documents.iter().flat_map(|(_, _, document)| &document.dialogs);
        let confirmed = || all().filter(|dialog| dialog.stage == Stage::Confirmed);
        let rings = all().any(|dialog| match dialog.stage {
            Stage::Early => dialog.is_recipient != Some(false),
            Stage::Trying => dialog.is_recipient == Some(true),
            Stage::Confirmed | Stage::Terminated => false,
        });
        let calls = all().any(|dialog| {
            matches!(dialog.stage, Stage::Trying | Stage::Early) && dialog.is_recipient == Some(false)
        });
        let talks = confirmed().next().is_some();
        match (rings, talks || calls) {
            (true, true) => BUSY_AND_RINGING,
            (true, false) => RINGING,
            // Asterisk says so beside a confirmed dialog only.
            (false, true) if talks && note.eq_ignore_ascii_case("ringing") => BUSY_AND_RINGING,
            (false, true) if !calls && confirmed().all(|dialog| dialog.is_held) => ON_HOLD,
            (false, true) => CALLING,
            (false, false) => AVAILABLE,
        }
    }
}

impl Phone {
    /// Watches these numbers from now on, for the page. `false` if there would be too many; then none of them is.
    pub(crate) fn watch(&mut self, now: Instant, numbers: &[String]) -> bool {
        if !self.watch_also(now, numbers) {
            return false;
        }
        for index in 0..self.watches.watched.len() {
            let meant = self.watches.watched.get_mut(index).filter(|watch| numbers.contains(&watch.number));
            if let Some(watch) = meant {
                watch.by_page = true;
                // Who asks again is told again.
                self.tell_page(index);
            }
        }
        true
    }

    /// Watches these numbers, for a client of a dialect that will be asked whether it still wants them.
    pub(crate) fn watch_also(&mut self, now: Instant, numbers: &[String]) -> bool {
        let mut fresh: Vec<&String> = Vec::new();
        for number in numbers {
            if !fresh.contains(&number) && self.watches.watched.iter().all(|watch| watch.number != *number) {
                fresh.push(number);
            }
        }
        if self.watches.watched.len() + fresh.len() > MAX_WATCHED {
            return false;
        }
        for number in fresh {
            self.watches.watched.push(Watch {
                number: number.clone(),
                by_page: false,
                dialogs: Feed::default(),
                presence: Feed::default(),
                documents: Vec::new(),
                known: None,
                told: None,
            });
        }
        self.subscribe_watches(now);
        true
    }

    /// The page wants to hear of these no more; without a list, of none.
    pub(crate) fn unwatch(&mut self, now: Instant, numbers: Option<&[String]>) {
        for watch in &mut self.watches.watched {
            if numbers.is_none_or(|numbers| numbers.contains(&watch.number)) {
                watch.by_page = false;
            }
        }
        self.unwatch_unwanted(now);
    }

    /// What nobody asks for any more is not watched.
    pub(crate) fn unwatch_unwanted(&mut self, now: Instant) {
        let all = std::mem::take(&mut self.watches.watched);
        let is_wanted = |watch: &Watch| watch.by_page || self.xivo.wants(&watch.number);
        let (kept, gone): (Vec<Watch>, Vec<Watch>) = all.into_iter().partition(is_wanted);
        self.watches.watched = kept;
        for subscription in gone.iter().flat_map(|watch| [&watch.dialogs, &watch.presence]) {
            if let Some(subscription) = subscription.subscription {
                self.command(now, Command::Unsubscribe { subscription });
            }
        }
    }

    /// The next account watches whom its own page names.
    pub(crate) fn unwatch_all(&mut self) {
        self.watches = Watches::default();
    }

    /// The user agent has gone, and its subscriptions with it; what is watched stays.
    pub(crate) fn subscriptions_gone(&mut self) {
        self.watches.voicemail = None;
        for watch in &mut self.watches.watched {
            (watch.dialogs, watch.presence) = (Feed::default(), Feed::default());
            (watch.documents, watch.known) = (Vec::new(), None);
        }
    }

    /// Registered: what a user agent that has just begun does not know yet.
    pub(crate) fn subscribe_all(&mut self, now: Instant) {
        let user = self.identity().map(|identity| identity.user.clone());
        if let Some(user) =
            user.filter(|_| self.config.voicemail.is_some() && self.watches.voicemail.is_none())
        {
            self.watches.voicemail =
                self.subscribe(now, user, "message-summary", "application/simple-message-summary");
        }
        self.subscribe_watches(now);
        self.publish_person(now);
    }

    fn subscribe_watches(&mut self, now: Instant) {
        for index in 0..self.watches.watched.len() {
            let Some(watch) = self.watches.watched.get(index) else { return };
            let number = watch.number.clone();
            let is_new = |feed: &Feed| feed.subscription.is_none() && feed.heard == Heard::Nothing;
            if !is_new(&watch.dialogs) || !is_new(&watch.presence) {
                continue;
            }
            let dialogs = self.subscribe(now, number.clone(), "dialog", DIALOG_INFO);
            let presence = self.subscribe(now, number, "presence", PIDF);
            if let Some(watch) = self.watches.watched.get_mut(index) {
                (watch.dialogs.subscription, watch.presence.subscription) = (dialogs, presence);
            }
        }
    }

    fn subscribe(
        &mut self,
        now: Instant,
        target: String,
        event: &str,
        accept: &'static str,
    ) -> Option<SubscriptionId> {
        let subscription = self.agent.as_mut()?.next_subscription();
        let event = event.to_owned();
        self.command(now, Command::Subscribe { subscription, target, event, accept });
        Some(subscription)
    }

    /// NOTIFY of one of ours.
    pub(crate) fn notified(
        &mut self,
        now: Instant,
        subscription: SubscriptionId,
        is_last: bool,
        notify: &Message,
    ) {
        if self.watches.voicemail == Some(subscription) {
            return self.summary_received(notify);
        }
        let Some((index, watch)) = self.watch_of(subscription) else { return };
        if watch.take(subscription, is_last, notify) {
            self.command(now, Command::Resubscribe { subscription });
        }
        self.tell_hint(index);
    }

    /// A device of who is watched has gone without a word.
    pub(crate) fn notifier_gone(&mut self, subscription: SubscriptionId, fork: &str) {
        let Some((index, watch)) = self.watch_of(subscription) else { return };
        if watch.dialogs.subscription == Some(subscription) {
            watch.documents.retain(|(_, known, _)| known != fork);
        }
        self.tell_hint(index);
    }

    /// One of ours has nobody who answers it; `is_over`: and never will.
    pub(crate) fn subscription_failed(
        &mut self,
        subscription: SubscriptionId,
        is_over: bool,
        code: u16,
        reason: &str,
    ) {
        if self.watches.voicemail == Some(subscription) {
            if is_over {
                let text = format!("The server does not tell of the voice mail (SIP {code}).");
                self.out.push_back(Output::Warn(text));
            }
            return;
        }
        let Some((index, watch)) = self.watch_of(subscription) else { return };
        watch.failed(subscription, is_over, code_of_failure(code, reason));
        self.tell_hint(index);
    }

    fn watch_of(&mut self, subscription: SubscriptionId) -> Option<(usize, &mut Watch)> {
        let mut watched = self.watches.watched.iter_mut().enumerate();
        watched.find(|(_, watch)| {
            [&watch.dialogs, &watch.presence].iter().any(|feed| feed.subscription == Some(subscription))
        })
    }

    fn tell_hint(&mut self, index: usize) {
        let Some(watch) = self.watches.watched.get_mut(index) else { return };
        let Some(hint) = watch.hint().filter(|hint| watch.told.as_ref() != Some(hint)) else { return };
        let (number, code) = (watch.number.clone(), hint.code);
        watch.told = Some(hint);
        self.tell_page(index);
        self.xivo_hint(&number, code);
    }

    fn tell_page(&mut self, index: usize) {
        let Some(watch) = self.watches.watched.get(index).filter(|watch| watch.by_page) else { return };
        let Some(hint) = &watch.told else { return };
        let (number, note) = (watch.number.clone(), hint.note.clone());
        let data = HintChange { number, code: hint.code, name: name_of(hint.code), note };
        self.tell("hint:change", &bridge::json(&data));
    }

    /// The code that was told last of this number.
    pub(crate) fn known_hint(&self, number: &str) -> Option<i16> {
        let watch = self.watches.watched.iter().find(|watch| watch.number == number)?;
        Some(watch.told.as_ref()?.code)
    }

    /// For the screen: whether who has this number is free, as far as the page watches it.
    pub(crate) fn is_free(&self, number: &str) -> Option<bool> {
        match self.known_hint(number)? {
            AVAILABLE => Some(true),
            code if code > 0 && code != UNAVAILABLE => Some(false),
            _ => None,
        }
    }

    /// The person's status for others, where the operator wants that.
    pub(crate) fn publish_person(&mut self, now: Instant) {
        let Some(identity) = self.identity().filter(|_| self.config.publish_status) else { return };
        let entity = format!("sip:{}", identity.aor());
        let (activity, note) = match (self.person.dnd, self.person.status.as_str()) {
            (true, _) => ("busy", "Do not disturb"),
            (false, "online") => ("", "Available"),
            (false, "busy") => ("busy", "Busy"),
            (false, "away") => ("away", "Away"),
            (false, own) => {
                let label = self.config.statuses.iter().find(|(id, _)| id == own);
                ("", label.map_or(own, |(_, label)| label.as_str()))
            }
        };
        let body = pidf::write(&entity, activity, note).into_bytes();
        let (event, content_type) = ("presence".to_owned(), PIDF.to_owned());
        self.command(now, Command::Publish { event, content_type, body });
    }
}
