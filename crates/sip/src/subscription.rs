//! Subscriptions to the state of others (RFC 6665): one SUBSCRIBE, a dialog with each notifier that answers it by NOTIFY,
//! refreshed in time and made anew when they are lost. What a NOTIFY says is its reader's matter; nothing of it is read here.

mod notify;

pub(crate) use notify::Notified;

use crate::{
    Event, Ids, Instant, SubscriptionId,
    agent::{Purpose, UserAgent},
    dialog::{Dialog, DialogId},
    digest::Unanswered,
    registration::longer,
    table::Table,
    transaction::TIMEOUT,
    wire::{Message, Method, NameAddr, RequestBuilder, Uri},
};

/// Subscriptions at a time: a hundred colleagues by two packages each, the voice mail, and some to spare.
const MAX_SUBSCRIPTIONS: usize = 256;
/// Notifiers of one SUBSCRIBE that was forked.
const MAX_NOTIFIERS: usize = 4;
/// SUBSCRIBEs in the air: a whole panel of colleagues that asks again at once must not crowd out calls.
const MAX_IN_THE_AIR: usize = 16;
/// Seconds asked for, as RFC 3842 and RFC 4235 propose.
const EXPIRES: u32 = 3_600;
/// Never asked for more, whatever Min-Expires says: a day.
const MAX_EXPIRES: u32 = 86_400;
/// Seconds that count as granted where it is less: nobody needs to be asked more often.
const LEAST_EXPIRES: u32 = 10;
/// Least time between two dialogs of one subscription, so that a notifier that ends each at once is not hammered.
const AGAIN_AFTER: u64 = 10_000;
/// What failed for now is tried again after this, doubled each time, unless Retry-After says otherwise.
const PUT_OFF: u64 = 30_000;
/// Doublings of [`PUT_OFF`]: half an hour at most.
const MAX_DOUBLINGS: u32 = 6;
/// Retry-After is obeyed from this on: a server that says 0 is not hammered.
const LEAST_RETRY_AFTER: u64 = 5_000;
/// Retry-After is obeyed up to this: one hour.
const MAX_RETRY_AFTER: u64 = 3_600_000;

/// All subscriptions, by number.
pub(crate) type Subscriptions = Table<SubscriptionId, Subscription>;

/// One subscription, wanted until it is ended by its owner or refused for good.
#[derive(Debug)]
pub(crate) struct Subscription {
    target: Uri,
    /// The Event header as it is sent.
    event: String,
    accept: &'static str,
    expires: u32,
    state: State,
    /// Failures since the last NOTIFY.
    failures: u32,
    /// Why the last notifier ended it, empty if none did since it last spoke.
    reason: String,
    opened_at: Option<Instant>,
}

#[derive(Debug)]
enum State {
    /// To be asked for then, where we are registered.
    Waiting { at: Instant },
    /// Asked for.
    Open(Open),
    /// Ended by us; the notifiers' last NOTIFY is still answered (RFC 6665 §4.1.2.3).
    Leaving { open: Open, until: Instant },
}

/// What a SUBSCRIBE outside of dialogs has opened.
#[derive(Debug)]
struct Open {
    call_id: String,
    local: NameAddr,
    /// Of that SUBSCRIBE, as it was sent last.
    sequence: u32,
    /// Timer N (RFC 6665 §4.1.2.4): until then NOTIFYs make dialogs.
    forks_until: Instant,
    /// Seconds that its 2xx granted, for a NOTIFY that does not say.
    granted: u32,
    notifiers: Vec<Notifier>,
}

/// A dialog with one notifier.
#[derive(Debug)]
struct Notifier {
    dialog: Dialog,
    ends_at: Instant,
    refresh: Refresh,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refresh {
    At(Instant),
    /// Sent. A NOTIFY must follow until then: without one the dialog leads nowhere any more.
    Sent {
        until: Instant,
    },
}

/// What a deadline of a subscription asks for.
enum Due {
    Subscribe,
    /// Timer N is over, and nobody has notified.
    Silent,
    /// This notifier wants a refresh.
    Refresh(usize),
    /// This one does not notify any more.
    Lost(usize),
    Left,
}

impl Notifier {
    fn granted(&mut self, now: Instant, ids: &mut Ids, seconds: u32) {
        let seconds = u64::from(seconds.clamp(LEAST_EXPIRES, MAX_EXPIRES));
        self.ends_at = now.after(seconds * 1_000);
        // 75 to 90 per cent, as for the registration.
        self.refresh = Refresh::At(now.after(seconds * 10 * ids.between(75, 90)));
    }

    fn due(&self, now: Instant) -> Option<bool> {
        match self.refresh {
            _ if self.ends_at <= now => Some(false),
            Refresh::Sent { until } if until <= now => Some(false),
            Refresh::At(at) if at <= now => Some(true),
            Refresh::At(_) | Refresh::Sent { .. } => None,
        }
    }

    fn poll_timeout(&self, may_send: bool) -> Instant {
        match self.refresh {
            Refresh::At(at) if may_send => at.min(self.ends_at),
            Refresh::At(_) => self.ends_at,
            Refresh::Sent { until } => until.min(self.ends_at),
        }
    }
}

impl Subscription {
    /// `may_send`: we are registered, and not too many are in the air.
    pub(crate) fn poll_timeout(&self, may_send: bool) -> Option<Instant> {
        match &self.state {
            State::Waiting { at } => may_send.then_some(*at),
            State::Open(open) if open.notifiers.is_empty() => Some(open.forks_until),
            State::Open(open) => open.notifiers.iter().map(|notifier| notifier.poll_timeout(may_send)).min(),
            State::Leaving { until, .. } => Some(*until),
        }
    }

    fn due(&self, now: Instant, may_send: bool) -> Option<Due> {
        match &self.state {
            State::Waiting { at } => (may_send && *at <= now).then_some(Due::Subscribe),
            State::Open(open) if open.notifiers.is_empty() => {
                (open.forks_until <= now).then_some(Due::Silent)
            }
            State::Open(open) => {
                open.notifiers.iter().enumerate().find_map(|(index, notifier)| match notifier.due(now)? {
                    true => may_send.then_some(Due::Refresh(index)),
                    false => Some(Due::Lost(index)),
                })
            }
            State::Leaving { until, .. } => (*until <= now).then_some(Due::Left),
        }
    }

    fn open_mut(&mut self) -> Option<&mut Open> {
        match &mut self.state {
            State::Open(open) | State::Leaving { open, .. } => Some(open),
            State::Waiting { .. } => None,
        }
    }

    /// The dialog of this id.
    pub(crate) fn dialog_with(&mut self, id: &DialogId) -> Option<&mut Dialog> {
        let mut dialogs = self.open_mut()?.notifiers.iter_mut().map(|notifier| &mut notifier.dialog);
        dialogs.find(|dialog| dialog.id == *id)
    }

    /// At once, unless that has just been done.
    fn again(&mut self, now: Instant) {
        let earliest = self.opened_at.map_or(now, |opened| opened.after(AGAIN_AFTER));
        self.state = State::Waiting { at: now.max(earliest) };
    }
}

impl UserAgent {
    /// [`Command::Subscribe`](crate::Command::Subscribe).
    pub(crate) fn subscribe(
        &mut self,
        now: Instant,
        id: SubscriptionId,
        target: &str,
        event: &str,
        accept: &'static str,
    ) {
        if self.subscriptions.len() >= MAX_SUBSCRIPTIONS {
            // One that is ended makes room: its last NOTIFY is refused with 481, which is as good.
            let is_left = |one: &Subscription| matches!(one.state, State::Leaving { .. });
            let left = self.subscriptions.iter().find(|(_, one)| is_left(one)).map(|(left, _)| *left);
            left.and_then(|left| self.subscriptions.remove(&left));
        }
        let Some(target) = self.target(target).filter(|_| self.subscriptions.len() < MAX_SUBSCRIPTIONS)
        else {
            return self.tell(Event::SubscriptionFailed {
                subscription: id,
                code: 500,
                reason: String::new(),
                retry_at: None,
            });
        };
        self.subscriptions.insert(
            id,
            Subscription {
                target,
                event: event.to_owned(),
                accept,
                expires: EXPIRES,
                state: State::Waiting { at: now },
                failures: 0,
                reason: String::new(),
                opened_at: None,
            },
        );
    }

    /// [`Command::Unsubscribe`](crate::Command::Unsubscribe). One that nobody has answered yet is just forgotten: its
    /// NOTIFY will be refused with 481, which ends it at the notifier.
    pub(crate) fn unsubscribe(&mut self, now: Instant, id: SubscriptionId) {
        let Some(mut subscription) = self.subscriptions.remove(&id) else { return };
        let State::Open(mut open) = subscription.state else { return };
        if open.notifiers.is_empty() || !self.is_registered() {
            return;
        }
        for notifier in &mut open.notifiers {
            let via = self.via();
            let request = notifier.dialog.request(Method::Subscribe, via);
            let request = self.finish_subscribe(request, &subscription.event, subscription.accept, 0);
            self.send(now, Purpose::Subscribe(id), request, true);
        }
        subscription.state = State::Leaving { open, until: now.after(TIMEOUT) };
        self.subscriptions.insert(id, subscription);
    }

    /// All of them: the account signs out.
    pub(crate) fn unsubscribe_all(&mut self, now: Instant) {
        let all: Vec<SubscriptionId> = self.subscriptions.keys().copied().collect();
        for id in all {
            self.unsubscribe(now, id);
        }
    }

    /// [`Command::Resubscribe`](crate::Command::Resubscribe): a refresh now, to which notifiers send the whole state.
    pub(crate) fn resubscribe(&mut self, now: Instant, id: SubscriptionId) {
        let Some(State::Open(open)) = self.subscriptions.get_mut(&id).map(|found| &mut found.state) else {
            return;
        };
        for notifier in &mut open.notifiers {
            if let Refresh::At(_) = notifier.refresh {
                notifier.refresh = Refresh::At(now);
            }
        }
    }

    /// Whether SUBSCRIBE may be sent now.
    pub(crate) fn may_subscribe(&self) -> bool {
        let is_ours = |exchange: &&crate::agent::Exchange| matches!(exchange.purpose, Purpose::Subscribe(_));
        self.is_registered() && self.exchanges.values().filter(is_ours).count() < MAX_IN_THE_AIR
    }

    /// Deadlines of all subscriptions.
    pub(crate) fn subscriptions_timeout(&mut self, now: Instant) {
        // Each round sends something or moves a deadline, and there is no more to move than this.
        for _ in 0..2 * MAX_SUBSCRIPTIONS * MAX_NOTIFIERS {
            let may_send = self.may_subscribe();
            let due = self.subscriptions.iter().find_map(|(id, one)| Some((*id, one.due(now, may_send)?)));
            match due {
                Some((id, Due::Subscribe)) => self.open_subscription(now, id),
                Some((id, Due::Silent)) => self.retry_subscription(now, id, 408, None),
                Some((id, Due::Refresh(index))) => self.refresh_notifier(now, id, index),
                Some((id, Due::Lost(index))) => self.notifier_lost(now, id, index),
                Some((id, Due::Left)) => {
                    self.subscriptions.remove(&id);
                }
                None => return,
            }
        }
    }

    fn finish_subscribe(&self, request: RequestBuilder, event: &str, accept: &str, expires: u32) -> Message {
        let request = request.header("Contact", &self.contact()).header("Event", event);
        let request = request.header("Accept", accept).header("Expires", &expires.to_string());
        request.header("User-Agent", &self.config.user_agent).build()
    }

    /// A SUBSCRIBE outside of dialogs.
    fn open_subscription(&mut self, now: Instant, id: SubscriptionId) {
        let Some(subscription) = self.subscriptions.get(&id) else { return };
        let target = subscription.target.clone();
        let (event, accept, expires) =
            (subscription.event.clone(), subscription.accept, subscription.expires);
        let request = self.new_request(Method::Subscribe, target);
        let request = self.finish_subscribe(request, &event, accept, expires);
        if let Some(subscription) = self.subscriptions.get_mut(&id) {
            subscription.opened_at = Some(now);
            subscription.state = State::Open(Open {
                call_id: request.call_id().to_owned(),
                local: request.from().clone(),
                sequence: request.cseq().number,
                forks_until: now.after(TIMEOUT),
                granted: expires,
                notifiers: Vec::new(),
            });
        }
        self.send(now, Purpose::Subscribe(id), request, true);
    }

    fn refresh_notifier(&mut self, now: Instant, id: SubscriptionId, index: usize) {
        let via = self.via();
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let (event, accept, expires) =
            (subscription.event.clone(), subscription.accept, subscription.expires);
        let Some(notifier) = subscription.open_mut().and_then(|open| open.notifiers.get_mut(index)) else {
            return;
        };
        notifier.refresh = Refresh::Sent { until: now.after(TIMEOUT) };
        let request = notifier.dialog.request(Method::Subscribe, via);
        let request = self.finish_subscribe(request, &event, accept, expires);
        self.send(now, Purpose::Subscribe(id), request, true);
    }

    /// A notifier is gone without a word: without another one the subscription is made anew.
    fn notifier_lost(&mut self, now: Instant, id: SubscriptionId, index: usize) {
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let State::Open(open) = &mut subscription.state else { return };
        if index >= open.notifiers.len() {
            return;
        }
        let fork = open.notifiers.remove(index).dialog.id.remote_tag;
        if open.notifiers.is_empty() {
            // What it said stands until the next one speaks.
            return subscription.again(now);
        }
        self.tell(Event::NotifierGone { subscription: id, fork });
    }

    /// A SUBSCRIBE goes out again with this number (after a challenge).
    pub(crate) fn subscribe_renumbered(&mut self, id: SubscriptionId, again: &Message) {
        if let Some(open) = self.subscriptions.get_mut(&id).and_then(Subscription::open_mut)
            && again.to().tag().is_none()
            && open.call_id == again.call_id()
        {
            open.sequence = again.cseq().number;
        }
    }

    /// A response to SUBSCRIBE.
    pub(crate) fn subscribe_response(
        &mut self,
        now: Instant,
        id: SubscriptionId,
        request: &Message,
        response: &Message,
        unanswered: Option<Unanswered>,
    ) {
        let Some((code, _)) = response.status().filter(|(code, _)| *code >= 200) else { return };
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let open = match &mut subscription.state {
            State::Open(open) if open.call_id == request.call_id() => open,
            State::Leaving { .. } if code >= 300 => {
                // There is nothing to leave any more.
                self.subscriptions.remove(&id);
                return;
            }
            State::Open(_) | State::Leaving { .. } | State::Waiting { .. } => return,
        };
        let tag = request.to().tag();
        let index = open.notifiers.iter().position(|known| Some(known.dialog.id.remote_tag.as_str()) == tag);
        let retry_after = retry_after(response.number("Retry-After"));
        match (code, tag, index) {
            (200..300, _, index) => {
                let seconds = response.number("Expires").unwrap_or(subscription.expires);
                open.granted = seconds.clamp(LEAST_EXPIRES, MAX_EXPIRES);
                // Until its NOTIFY comes the refresh counts as sent; the end is known already.
                if let Some(notifier) = index.and_then(|index| open.notifiers.get_mut(index)) {
                    notifier.ends_at = now.after(u64::from(open.granted) * 1_000);
                }
            }
            (423, _, index) => match longer(EXPIRES, subscription.expires, response) {
                Some(seconds) => {
                    subscription.expires = seconds;
                    match index {
                        Some(index) => self.refresh_notifier(now, id, index),
                        None => self.open_subscription(now, id),
                    }
                }
                None => self.subscription_over(id, code),
            },
            // Another branch has notified already.
            (_, None, _) if !open.notifiers.is_empty() => {}
            (_, None, _) if unanswered.is_none() && is_passing(code) => {
                self.retry_subscription(now, id, code, retry_after);
            }
            // The notifier has forgotten the dialog, or it may be gone by now: anew (RFC 6665 §4.1.2.2).
            (408 | 480 | 481, Some(_), Some(index)) => self.notifier_lost(now, id, index),
            // RFC 6665 §4.1.2.2: the dialog stands for as long as was granted.
            (_, Some(_), Some(index)) if unanswered.is_none() && is_passing(code) => {
                if let Some(notifier) = open.notifiers.get_mut(index) {
                    notifier.refresh = Refresh::At(now.after(retry_after.unwrap_or(PUT_OFF)));
                }
            }
            (_, Some(_), None) => {}
            (_, None | Some(_), _) => self.subscription_over(id, code),
        }
    }

    /// No answer at all to a SUBSCRIBE. In a dialog the time of its NOTIFY is over as well.
    pub(crate) fn subscribe_silence(&mut self, now: Instant, id: SubscriptionId) {
        if let Some(Subscription { state: State::Open(open), .. }) = self.subscriptions.get(&id)
            && open.notifiers.is_empty()
        {
            self.retry_subscription(now, id, 408, None);
        }
    }

    /// Not now; later by itself.
    fn retry_subscription(&mut self, now: Instant, id: SubscriptionId, code: u16, retry_after: Option<u64>) {
        let jitter = self.ids.between(75, 100);
        let Some(subscription) = self.subscriptions.get_mut(&id) else { return };
        let wait =
            retry_after.unwrap_or((PUT_OFF << subscription.failures.min(MAX_DOUBLINGS)) / 100 * jitter);
        subscription.failures = subscription.failures.saturating_add(1);
        let at = now.after(wait);
        subscription.state = State::Waiting { at };
        let reason = subscription.reason.clone();
        self.tell(Event::SubscriptionFailed { subscription: id, code, reason, retry_at: Some(at) });
    }

    /// For good.
    fn subscription_over(&mut self, id: SubscriptionId, code: u16) {
        if let Some(subscription) = self.subscriptions.remove(&id) {
            let reason = subscription.reason;
            self.tell(Event::SubscriptionFailed { subscription: id, code, reason, retry_at: None });
        }
    }

    /// The flow is gone. What notifiers know of us may lead to it, so with the next one each is asked for anew; what
    /// the old dialogs still send is refused with 481, which ends them.
    pub(crate) fn subscriptions_lost(&mut self, now: Instant) {
        self.subscriptions.retain(|_, subscription| {
            let is_open = matches!(subscription.state, State::Open(_));
            if is_open {
                subscription.state = State::Waiting { at: now };
            }
            !matches!(subscription.state, State::Leaving { .. })
        });
    }
}

/// Whether a refusal may pass by itself.
fn is_passing(code: u16) -> bool {
    match code {
        408 | 429 | 480 | 481 | 486 | 491 => true,
        501 | 505 | 513 => false,
        _ => (500..600).contains(&code),
    }
}

fn retry_after(seconds: Option<u32>) -> Option<u64> {
    seconds.map(|seconds| (u64::from(seconds) * 1_000).clamp(LEAST_RETRY_AFTER, MAX_RETRY_AFTER))
}
