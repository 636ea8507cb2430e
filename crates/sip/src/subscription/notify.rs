//! NOTIFY inside a subscription (RFC 6665 §4.1.3): whose it is, what it says of the subscription's own life, and what
//! follows from its end.

use super::{MAX_NOTIFIERS, Notifier, Open, Refresh, State, Subscription, retry_after};
use crate::{
    Event, Instant, SubscriptionId,
    agent::UserAgent,
    dialog::Dialog,
    wire::{EventType, Message, StatusCode, SubscriptionState},
};

/// NOTIFYs taken in [`WITHIN`] milliseconds for all subscriptions: the busiest panels know 300 a second.
const MAX_NOTIFIED: u32 = 5_000;
const WITHIN: u64 = 10_000;

/// NOTIFYs of the present ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Notified {
    since: Instant,
    count: u32,
}

impl Notified {
    fn is_flood(&mut self, now: Instant) -> bool {
        if now.since(self.since) >= WITHIN {
            *self = Notified { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count > MAX_NOTIFIED
    }
}

impl Open {
    fn is_of(&self, notify: &Message) -> bool {
        self.call_id == notify.call_id() && self.local.tag() == notify.to().tag()
    }

    /// The notifier of this NOTIFY, made by it where it may be; `None` if there is no room or it comes too late.
    fn notifier(&mut self, now: Instant, notify: &Message) -> Option<usize> {
        let tag = notify.from().tag().unwrap_or_default();
        let known = self.notifiers.iter().position(|known| known.dialog.id.remote_tag == tag);
        if known.is_some() || self.notifiers.len() >= MAX_NOTIFIERS || self.forks_until < now {
            return known;
        }
        let dialog = Dialog::of_notify(&self.local, self.sequence, notify);
        let ends_at = now.after(u64::from(self.granted) * 1_000);
        self.notifiers.push(Notifier { dialog, ends_at, refresh: Refresh::At(ends_at) });
        Some(self.notifiers.len() - 1)
    }
}

impl Subscription {
    /// Package and id (RFC 6665 §8.2.1) must be what was asked for.
    fn is_about(&self, event: &str) -> bool {
        let (ours, theirs) = (EventType::parse(&self.event), EventType::parse(event));
        ours.is(&theirs.package) && ours.id == theirs.id
    }
}

/// What a NOTIFY is answered with, and what it means.
enum Verdict {
    Refused(StatusCode),
    /// It came before.
    Repeated,
    Active,
    /// The last of its dialog.
    Last {
        reason: String,
        retry_after: Option<u64>,
    },
}

impl UserAgent {
    /// The subscription that this request is a NOTIFY of.
    pub(crate) fn subscription_of(&self, notify: &Message) -> Option<SubscriptionId> {
        let is = |subscription: &Subscription| match &subscription.state {
            State::Open(open) | State::Leaving { open, .. } => open.is_of(notify),
            State::Waiting { .. } => false,
        };
        self.subscriptions.iter().find(|(_, subscription)| is(subscription)).map(|(id, _)| *id)
    }

    /// A NOTIFY of this subscription.
    pub(crate) fn notified(&mut self, now: Instant, id: SubscriptionId, notify: Message) {
        if self.notifications.is_flood(now) {
            // Retry-After keeps the subscription (RFC 6665 §4.2.2), where another refusal might end it.
            let builder = self.reply(&notify, StatusCode::SERVER_INTERNAL_ERROR);
            let retry_after = (WITHIN / 1_000).to_string();
            return self.answer_request(builder.header("Retry-After", &retry_after).build());
        }
        match self.judge(now, id, &notify) {
            Verdict::Refused(status) => self.reply_now(&notify, status),
            Verdict::Repeated => self.reply_now(&notify, StatusCode::OK),
            Verdict::Active => {
                self.reply_now(&notify, StatusCode::OK);
                self.tell_notified(id, notify, false);
            }
            Verdict::Last { reason, retry_after } => {
                self.reply_now(&notify, StatusCode::OK);
                self.tell_notified(id, notify, true);
                self.subscription_ended(now, id, reason, retry_after);
            }
        }
    }

    fn tell_notified(&mut self, id: SubscriptionId, notify: Message, is_last: bool) {
        let is_wanted =
            self.subscriptions.get(&id).is_some_and(|one| !matches!(one.state, State::Leaving { .. }));
        if is_wanted {
            let fork = notify.from().tag().unwrap_or_default().to_owned();
            let request = Box::new(notify);
            self.tell(Event::Notified { subscription: id, fork, is_last, request });
        }
    }

    /// Finds or makes the dialog, and takes over what Subscription-State says.
    fn judge(&mut self, now: Instant, id: SubscriptionId, notify: &Message) -> Verdict {
        let gone = Verdict::Refused(StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return gone };
        if !subscription.is_about(notify.header("Event").unwrap_or_default()) {
            return Verdict::Refused(StatusCode::BAD_EVENT);
        }
        let Some(open) = subscription.open_mut() else { return gone };
        let Some(index) = open.notifier(now, notify) else { return gone };
        let granted = open.granted;
        let Some(notifier) = open.notifiers.get_mut(index) else { return gone };
        if notifier.dialog.is_repeated(notify) {
            return Verdict::Repeated;
        }
        if !notifier.dialog.is_in_order(notify) {
            return Verdict::Refused(StatusCode::SERVER_INTERNAL_ERROR);
        }
        notifier.dialog.refresh_target(notify);
        // Lenient: RFC 6665 §4.1.3 demands the header; without it nothing has changed.
        let state = SubscriptionState::of(notify);
        if state.is_terminated() {
            open.notifiers.remove(index);
            let reason = state.reason.unwrap_or_default();
            return Verdict::Last { reason, retry_after: retry_after(state.retry_after) };
        }
        let is_new = notifier.refresh == Refresh::At(notifier.ends_at);
        match (state.expires, notifier.refresh) {
            (Some(seconds), _) => notifier.granted(now, &mut self.ids, seconds),
            (None, Refresh::Sent { .. }) => notifier.granted(now, &mut self.ids, granted),
            (None, Refresh::At(_)) if is_new => notifier.granted(now, &mut self.ids, granted),
            (None, Refresh::At(_)) => {}
        }
        subscription.failures = 0;
        subscription.reason.clear();
        Verdict::Active
    }

    /// A notifier said its last word (RFC 6665 §4.1.3). With another one left, or with none that is wanted, nothing
    /// follows from it.
    fn subscription_ended(
        &mut self,
        now: Instant,
        id: SubscriptionId,
        reason: String,
        retry_after: Option<u64>,
    ) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let open = match &subscription.state {
            State::Open(open) => open,
            State::Leaving { open, .. } => {
                if open.notifiers.is_empty() {
                    self.subscriptions.remove(&id);
                }
                return;
            }
            State::Waiting { .. } => return,
        };
        if !open.notifiers.is_empty() {
            return;
        }
        subscription.reason = reason;
        match (subscription.reason.as_str(), retry_after) {
            ("rejected", _) => self.subscription_over(id, 403),
            ("noresource", _) => self.subscription_over(id, 404),
            // What was asked about never changes again.
            ("invariant", _) => self.subscription_over(id, 200),
            ("probation" | "giveup", _) | (_, Some(_)) => self.retry_subscription(now, id, 480, retry_after),
            // `deactivated`, `timeout`, and those nobody knows.
            (_, None) => subscription.again(now),
        }
    }
}
