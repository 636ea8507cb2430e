//! Requests of ours: each has a transaction, a purpose, and at most a few answers to challenges. Here responses,
//! time-outs and the loss of the flow find their way to who asked.

use super::UserAgent;
use crate::{
    Instant, SessionId, SubscriptionId,
    dialog::{Dialog, DialogId},
    digest::{Attempt, Unanswered},
    flow::Answers,
    session::longer,
    transaction::{ClientAction, ClientTransaction, TIMEOUT, TransactionKey},
    wire::{Edit, Message, Method},
};

/// Our own requests in the air. Keys pressed against a server that does not answer leave one each for 32 s.
const MAX_EXCHANGES: usize = 64;

/// One request of ours in the air.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) transaction: ClientTransaction,
    pub(crate) purpose: Purpose,
    /// `None` where challenges are not answered: in dialogs that the other side opened.
    attempt: Option<Attempt>,
    patience: Patience,
}

/// How long an INVITE may stay without a final response once a provisional one has come: its transaction sets no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// A person may let it ring, and ends it by a command.
    Endless,
    /// An INVITE inside a session is answered by a machine: it is cancelled then.
    Until(Instant),
    /// CANCEL is sent; whether or not it is answered, the INVITE is forgotten then.
    Cancelled(Instant),
}

/// Who asked for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The registration.
    Register,
    /// The flow, to see whether it is alive.
    Ping,
    /// A session's first INVITE.
    Invite(SessionId),
    /// An INVITE whose session has ended: CANCEL goes out as soon as it may, and what it still makes is ended.
    Abandoned { reason: Option<String> },
    /// An offer inside a session: by INVITE, or by UPDATE before the call is accepted.
    Offer(SessionId),
    /// UPDATE inside a session, without an offer.
    Update(SessionId),
    /// REFER inside a session.
    Refer(SessionId),
    /// SUBSCRIBE, in a dialog or outside of one.
    Subscribe(SubscriptionId),
    /// PUBLISH.
    Publish,
    /// INFO inside a session.
    Info(SessionId),
    /// BYE: repeated on the next flow if this one breaks.
    Bye,
    /// The NOTIFY that tells how a transfer has ended: repeated as the BYE is, for who has asked may wait for nothing else.
    LastWord,
    /// CANCEL: repeated on the next flow as it is, or who is called goes on ringing for nobody.
    Cancel,
    /// MESSAGE, of which somebody wants to hear what becomes of it.
    Message(u64),
    /// MESSAGE, PRACK: nobody waits for what comes of it.
    Forgotten,
}

impl UserAgent {
    /// Sends a request with credentials that were accepted before. Not for ACK.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        purpose: Purpose,
        request: Message,
        answers_challenges: bool,
    ) {
        let request = if answers_challenges { self.authorized(request.edit(), &request) } else { request };
        self.send_as_is(now, purpose, request, answers_challenges.then(Attempt::default));
    }

    pub(super) fn send_as_is(
        &mut self,
        now: Instant,
        purpose: Purpose,
        request: Message,
        attempt: Option<Attempt>,
    ) {
        self.transmit(request.octets().to_vec());
        let is_invite = *request.method() == Method::Invite;
        let transaction = ClientTransaction::new(now, request);
        let patience = match purpose {
            Purpose::Offer(_) if is_invite => Patience::Until(now.after(TIMEOUT)),
            Purpose::Offer(_)
            | Purpose::Register
            | Purpose::Ping
            | Purpose::Invite(_)
            | Purpose::Abandoned { .. }
            | Purpose::Update(_)
            | Purpose::Refer(_)
            | Purpose::Info(_)
            | Purpose::Subscribe(_)
            | Purpose::Publish
            | Purpose::Bye
            | Purpose::LastWord
            | Purpose::Cancel
            | Purpose::Message(_)
            | Purpose::Forgotten => Patience::Endless,
        };
        if is_invite {
            self.late.remember(transaction.request());
        }
        self.make_room();
        self.exchanges.insert(transaction.key(), Exchange { transaction, purpose, attempt, patience });
    }

    /// What somebody waits for is bounded by the number of sessions; the rest gives way, first of all that of which nothing
    /// follows any more: a peer can ask for a PRACK or NOTIFY as often as it likes.
    fn make_room(&mut self) {
        let worth = |exchange: &Exchange| match exchange.purpose {
            Purpose::Forgotten | Purpose::Ping => Some(0),
            Purpose::Info(_)
            | Purpose::Bye
            | Purpose::LastWord
            | Purpose::Cancel
            | Purpose::Message(_)
            | Purpose::Abandoned { .. } => Some(1),
            Purpose::Register
            | Purpose::Invite(_)
            | Purpose::Offer(_)
            | Purpose::Update(_)
            | Purpose::Refer(_)
            | Purpose::Subscribe(_)
            | Purpose::Publish => None,
        };
        if self.exchanges.len() >= MAX_EXCHANGES {
            let idle = self.exchanges.iter().filter_map(|(key, exchange)| Some((worth(exchange)?, key)));
            let idle = idle.min_by_key(|(worth, _)| *worth).map(|(_, key)| key.clone());
            let given_up =
                idle.and_then(|idle| self.exchanges.remove(&idle)).map(|exchange| exchange.purpose);
            match given_up {
                Some(Purpose::Info(session)) => self.informed(session, 408),
                Some(Purpose::Message(number)) => self.message_answered(number, 408),
                Some(_) | None => {}
            }
        }
    }

    fn authorized(&mut self, edit: Edit, request: &Message) -> Message {
        let uri = request.uri().map(ToString::to_string).unwrap_or_default();
        let mut edit = edit.remove("Authorization").remove("Proxy-Authorization");
        for (name, value) in self.credentials.authorize(&mut self.ids, request.method(), &uri, request.body())
        {
            edit = edit.add(name, &value);
        }
        edit.finish()
    }

    /// A response came.
    pub(crate) fn handle_response(&mut self, now: Instant, response: Message) {
        let key = TransactionKey::of(&response);
        let Some(exchange) = self.exchanges.get_mut(&key) else {
            return self.stray_response(now, &response);
        };
        match exchange.transaction.handle_response(now, &response) {
            ClientAction::Ignore => return,
            ClientAction::Pass => {}
            ClientAction::PassAndAcknowledge(ack) => self.transmit(ack.into_octets()),
        }
        let Some(exchange) = self.exchanges.get_mut(&key) else { return };
        if response.status_code().is_some_and(|status| status.is_final()) {
            // Nothing is left to be cancelled (RFC 3261 §9.1).
            exchange.patience = Patience::Endless;
        }
        let purpose = exchange.purpose.clone();
        let request = exchange.transaction.request().clone();
        let attempt = exchange.attempt.clone();
        if exchange.transaction.is_terminated() {
            self.exchanges.remove(&key);
        }
        let code = response.status().map_or(0, |(code, _)| code);
        let is_wanted = self.is_wanted(&purpose, &request);
        if let (422, true, Some(edit)) = (code, is_wanted, longer(&request, &response)) {
            return self.send_again(now, &purpose, &request, edit, attempt);
        }
        let unanswered = match (code, attempt.filter(|_| is_wanted)) {
            (401 | 407, Some(attempt)) => match self.try_again(now, &purpose, &request, &response, attempt) {
                Ok(()) => return,
                Err(unanswered) => Some(unanswered),
            },
            _ => None,
        };
        self.dispatch(now, &key, purpose, &request, &response, unanswered);
    }

    /// Whether a request may be sent again: inside a session nothing but the BYE follows its end (RFC 3261 §15).
    fn is_wanted(&self, purpose: &Purpose, request: &Message) -> bool {
        match purpose {
            Purpose::Abandoned { .. } | Purpose::Cancel => false,
            Purpose::Register | Purpose::Ping | Purpose::Invite(_) | Purpose::Bye => true,
            Purpose::Subscribe(_) | Purpose::Publish | Purpose::Message(_) => true,
            Purpose::Forgotten if request.to().tag().is_none() => true,
            Purpose::Offer(_)
            | Purpose::Update(_)
            | Purpose::Refer(_)
            | Purpose::Info(_)
            | Purpose::LastWord
            | Purpose::Forgotten => {
                let id = DialogId::of_own(request);
                let is_notify = *request.method() == Method::Notify;
                if is_notify && self.outlived.values().any(|outlived| outlived.dialog.id == id) {
                    return true;
                }
                self.sessions.values().any(|session| session.is_going_on() && session.has_dialog(&id))
            }
        }
    }

    /// The same request with credentials, a new branch and the next number (RFC 3261 §22.1).
    fn try_again(
        &mut self,
        now: Instant,
        purpose: &Purpose,
        request: &Message,
        response: &Message,
        mut attempt: Attempt,
    ) -> Result<(), Unanswered> {
        self.credentials.challenged(response, &mut attempt)?;
        self.send_again(now, purpose, request, request.edit(), Some(attempt));
        Ok(())
    }

    /// The same request with a new branch and the next number.
    pub(crate) fn send_again(
        &mut self,
        now: Instant,
        purpose: &Purpose,
        request: &Message,
        edit: Edit,
        attempt: Option<Attempt>,
    ) {
        let sequence = self.next_sequence(purpose, request);
        let edit = edit.set_via(self.via()).cseq(sequence);
        let again = match &attempt {
            Some(_) => self.authorized(edit, request),
            None => edit.finish(),
        };
        match purpose {
            Purpose::Invite(session) => self.invite_again(*session, &again),
            Purpose::Offer(session) => self.offer_renumbered(*session, &again),
            Purpose::Refer(session) => self.refer_renumbered(*session, request, &again),
            Purpose::Subscribe(subscription) => self.subscribe_renumbered(*subscription, &again),
            Purpose::Register
            | Purpose::Ping
            | Purpose::Abandoned { .. }
            | Purpose::Update(_)
            | Purpose::Info(_)
            | Purpose::Publish
            | Purpose::Message(_)
            | Purpose::Bye
            | Purpose::LastWord
            | Purpose::Cancel
            | Purpose::Forgotten => {}
        }
        self.send_as_is(now, purpose.clone(), again, attempt);
    }

    pub(super) fn next_sequence(&mut self, purpose: &Purpose, request: &Message) -> u32 {
        if let Purpose::Register = purpose {
            return self.registration.next_sequence();
        }
        let id = DialogId::of_own(request);
        let dialog = match purpose {
            Purpose::Subscribe(subscription) => {
                self.subscriptions.get_mut(subscription).and_then(|one| one.dialog_with(&id))
            }
            _ => {
                let sessions = &mut self.sessions;
                let mut outlived = self.outlived.values_mut().map(|outlived| &mut outlived.dialog);
                outlived
                    .find(|dialog| dialog.id == id)
                    .or_else(|| sessions.values_mut().find_map(|session| session.dialog_with(&id)))
            }
        };
        // Outside of dialogs, and in one that a BYE is ending, nobody else counts.
        dialog.map_or(request.cseq().number.saturating_add(1), Dialog::next_sequence)
    }

    fn dispatch(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        purpose: Purpose,
        request: &Message,
        response: &Message,
        unanswered: Option<Unanswered>,
    ) {
        let code = response.status().map_or(0, |(code, _)| code);
        match purpose {
            Purpose::Register => self.register_response(now, response, unanswered),
            Purpose::Invite(session) => self.invite_response(now, session, request, response),
            Purpose::Abandoned { .. } => self.abandoned_response(now, key, request, response),
            Purpose::Offer(session) => self.offer_response(now, session, request, response),
            Purpose::Update(session) => self.update_response(now, session, response),
            Purpose::Refer(session) => self.refer_response(session, request, response),
            Purpose::Info(session) => self.informed(session, code),
            Purpose::Subscribe(subscription) => {
                self.subscribe_response(now, subscription, request, response, unanswered);
            }
            Purpose::Publish => self.publish_response(now, response, unanswered),
            Purpose::Message(number) => self.message_answered(number, code),
            Purpose::Ping => self.flow.answered(Answers::Requests),
            Purpose::Bye | Purpose::LastWord | Purpose::Cancel | Purpose::Forgotten => {}
        }
    }

    /// The session of this INVITE has ended: CANCEL it as soon as a provisional response allows (RFC 3261 §9.1).
    pub(crate) fn abandon(&mut self, now: Instant, key: &TransactionKey, reason: Option<String>) {
        let Some(exchange) = self.exchanges.get_mut(key) else { return };
        exchange.purpose = Purpose::Abandoned { reason };
        if exchange.transaction.is_proceeding() {
            self.send_cancel(now, key);
        }
    }

    /// Once for each INVITE.
    pub(crate) fn send_cancel(&mut self, now: Instant, key: &TransactionKey) {
        let Some(exchange) = self.exchanges.get_mut(key) else { return };
        if let Patience::Cancelled(_) = exchange.patience {
            return;
        }
        exchange.patience = Patience::Cancelled(now.after(TIMEOUT));
        let mut edit = exchange.transaction.request().to_cancel().edit();
        if let Purpose::Abandoned { reason: Some(reason) } = &exchange.purpose {
            edit = edit.add("Reason", reason);
        }
        self.send_as_is(now, Purpose::Cancel, edit.finish(), None);
    }

    /// Deadlines of all exchanges.
    pub(crate) fn exchanges_timeout(&mut self, now: Instant) {
        let due = |exchange: &Exchange| exchange.poll_timeout().is_some_and(|deadline| deadline <= now);
        let keys: Vec<TransactionKey> =
            self.exchanges.iter().filter(|(_, exchange)| due(exchange)).map(|(key, _)| key.clone()).collect();
        for key in keys {
            let Some(exchange) = self.exchanges.get_mut(&key) else { continue };
            let purpose = exchange.purpose.clone();
            if exchange.transaction.handle_timeout(now).is_some() {
                let request = exchange.transaction.request().clone();
                self.exchanges.remove(&key);
                self.silence(now, purpose, &request);
            } else if exchange.transaction.is_terminated() {
                self.exchanges.remove(&key);
            } else {
                self.out_of_patience(now, &key, &purpose);
            }
        }
    }

    fn out_of_patience(&mut self, now: Instant, key: &TransactionKey, purpose: &Purpose) {
        match self.exchanges.get(key).map(|exchange| exchange.patience) {
            Some(Patience::Until(_)) => {
                if let Purpose::Offer(session) = purpose {
                    self.offer_lost(*session);
                }
                self.send_cancel(now, key);
            }
            Some(Patience::Cancelled(_)) => {
                self.exchanges.remove(key);
            }
            Some(Patience::Endless) | None => {}
        }
    }

    /// No final response came: it counts as 408 (RFC 3261 §8.1.3.1).
    fn silence(&mut self, now: Instant, purpose: Purpose, request: &Message) {
        match purpose {
            Purpose::Register => self.flow_failed(now, Some(408), "The server does not answer.", 0),
            Purpose::Invite(session) => self.silent(session),
            Purpose::Offer(session) | Purpose::Update(session) => self.offer_silence(now, session, request),
            Purpose::Refer(session) => self.transfer_progress(session, 408),
            Purpose::Info(session) => self.informed(session, 408),
            Purpose::Subscribe(subscription) => self.subscribe_silence(now, subscription),
            Purpose::Publish => self.publish_silence(now),
            Purpose::Message(number) => self.message_answered(number, 408),
            Purpose::Abandoned { .. }
            | Purpose::Ping
            | Purpose::Bye
            | Purpose::LastWord
            | Purpose::Cancel
            | Purpose::Forgotten => {}
        }
    }

    /// The flow broke: transactions fail at once, dialogs stay. An INVITE that nobody has answered with a word has most
    /// likely reached nobody: it may go out once more, over the next flow, but not over one after that.
    pub(crate) fn exchanges_lost(&mut self, now: Instant) {
        let invites = self.parked.extract_if(.., |(purpose, ..)| matches!(purpose, Purpose::Invite(_)));
        for (purpose, ..) in invites.collect::<Vec<_>>() {
            if let Purpose::Invite(session) = purpose {
                self.invite_lost(session, 503, "The connection was lost.");
            }
        }
        for exchange in std::mem::take(&mut self.exchanges).into_values() {
            match exchange.purpose {
                Purpose::Invite(_) if exchange.transaction.is_unanswered() => {
                    self.park(exchange.purpose, exchange.transaction.request().clone(), true);
                }
                Purpose::Invite(session) => {
                    self.invite_lost(session, 503, "The connection was lost.");
                    if exchange.transaction.is_proceeding() {
                        self.park(Purpose::Cancel, exchange.transaction.request().to_cancel(), true);
                    }
                }
                Purpose::Offer(session) => self.offer_lost(session),
                Purpose::Update(session) => self.update_failed(now, session, None),
                Purpose::Refer(session) => self.transfer_progress(session, 503),
                Purpose::Info(session) => self.informed(session, 503),
                purpose @ (Purpose::Bye | Purpose::LastWord | Purpose::Cancel) => {
                    let (is_ours, request) = (exchange.attempt.is_some(), exchange.transaction.request());
                    // With the branch of the next flow it is another request (RFC 3261 §12.2.1.1).
                    let request = match purpose {
                        Purpose::Bye => request.edit().cseq(request.cseq().number.saturating_add(1)).finish(),
                        _ => request.clone(),
                    };
                    self.park(purpose, request, is_ours);
                }
                Purpose::Publish => self.publish_lost(now),
                Purpose::Message(number) => self.message_answered(number, 503),
                // Subscriptions are begun anew on the next flow, all of them.
                Purpose::Register
                | Purpose::Ping
                | Purpose::Subscribe(_)
                | Purpose::Abandoned { .. }
                | Purpose::Forgotten => {}
            }
        }
    }
}

impl Exchange {
    /// The next deadline: the transaction's, or the end of our patience.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let patience = match self.patience {
            Patience::Endless => None,
            Patience::Until(at) | Patience::Cancelled(at) => Some(at),
        };
        Instant::earliest(&[self.transaction.poll_timeout(), patience])
    }
}
