//! Requests of others: what is refused outright, what belongs to a session, what begins one.

use super::{ALLOW, Event, Purpose, SUPPORTED, UserAgent};
use crate::{
    EndedBy, Instant, Reason, SessionId,
    dialog::DialogId,
    session::{Session, is_too_brief, too_brief},
    table::remember,
    transaction::{ServerAction, TransactionKey},
    wire::{
        EventType, Message, Method, ResponseBuilder, StatusCode, SubscriptionState, Uri, join_list,
        sipfrag_status, split_list,
    },
};

/// Responses kept for requests that come again: those of the last moments.
const MAX_ANSWERED: usize = 16;

/// MESSAGEs taken in [`WITHIN`] milliseconds, as with calls: more is no person's doing.
const MAX_TEXTS: usize = 20;
/// The same of INFO: a number with its extension is pressed at once by a machine, one digit in each.
const MAX_INFOS: usize = 100;
/// The same of NOTIFY: a summary of the voice mail, and the few steps of a transfer.
const MAX_NOTIFIES: usize = 50;
const WITHIN: u64 = 10_000;

impl UserAgent {
    pub(super) fn handle_request(&mut self, now: Instant, request: Message) {
        let key = TransactionKey::of(&request);
        // An ACK is never answered, and a CANCEL is judged anew each time: one that was refused because it names another
        // call must not speak for the next.
        let repeats = !matches!(request.method(), Method::Ack | Method::Cancel);
        let answered = self.answered.iter().find(|(answered, _)| repeats && *answered == key);
        if let Some((_, octets)) = answered {
            let octets = octets.clone();
            return self.transmit(octets);
        }
        if let Some(server) = self.servers.get_mut(&key)
            && *request.method() != Method::Cancel
        {
            match server.handle_request(now, &request) {
                ServerAction::Repeat(response) => return self.transmit(response.into_octets()),
                ServerAction::Acknowledged => return,
                ServerAction::Ignore => {}
            }
            if *request.method() != Method::Ack {
                return;
            }
        }
        match request.method() {
            Method::Ack => self.handle_ack(now, &request),
            Method::Cancel => self.handle_cancel(now, &request),
            _ => match self.refusal(&request) {
                Some(response) => self.answer_request(response),
                None => self.handle_admitted(now, request),
            },
        }
    }

    fn handle_admitted(&mut self, now: Instant, request: Message) {
        if *request.method() == Method::Notify
            && let Some(subscription) = self.subscription_of(&request)
        {
            return self.notified(now, subscription, request);
        }
        if self.is_flood(now, &request) {
            return;
        }
        match request.to().tag() {
            Some(_) => self.handle_inside(now, request),
            None => self.handle_outside(now, request),
        }
    }

    /// What RFC 3261 §8.2 refuses before anything else is looked at.
    fn refusal(&mut self, request: &Message) -> Option<Message> {
        let refuse = |agent: &mut UserAgent, status| agent.reply(request, status);
        if !request.uri().is_some_and(Uri::is_sip) {
            return Some(refuse(self, StatusCode::UNSUPPORTED_URI_SCHEME).build());
        }
        if !split_list(ALLOW).any(|method| method == request.method().as_str()) {
            return Some(refuse(self, StatusCode::METHOD_NOT_ALLOWED).header("Allow", ALLOW).build());
        }
        if request.header("Replaces").is_some() && *request.method() != Method::Invite {
            return Some(refuse(self, StatusCode::BAD_REQUEST).build());
        }
        let known = |option: &&str| !split_list(SUPPORTED).any(|known| known.eq_ignore_ascii_case(option));
        let unknown: Vec<&str> = request.list("Require").filter(known).collect();
        if !unknown.is_empty() {
            let builder = refuse(self, StatusCode::BAD_EXTENSION);
            return Some(builder.header("Unsupported", &join_list(&unknown)).build());
        }
        let is_encoded =
            request.header("Content-Encoding").is_some_and(|e| !e.eq_ignore_ascii_case("identity"));
        let may_offer = matches!(request.method(), Method::Invite | Method::Update);
        let is_offer = may_offer && !request.body().is_empty();
        if is_encoded || (is_offer && request.content_type() != "application/sdp") {
            let builder = refuse(self, StatusCode::UNSUPPORTED_MEDIA_TYPE);
            return Some(
                builder.header("Accept", "application/sdp").header("Accept-Encoding", "identity").build(),
            );
        }
        // Who does not know the extension could do nothing about it (RFC 4028 §9).
        if may_offer && request.lists("Supported", "timer") && is_too_brief(request) {
            return Some(too_brief(refuse(self, StatusCode::SESSION_INTERVAL_TOO_SMALL)).build());
        }
        None
    }

    /// A response with a tag of its own where the request has none.
    pub(crate) fn reply(&mut self, request: &Message, status: StatusCode) -> ResponseBuilder {
        ResponseBuilder::new(request, status).to_tag(&self.ids.token())
    }

    pub(crate) fn reply_now(&mut self, request: &Message, status: StatusCode) {
        let response = self.reply(request, status).build();
        self.answer_request(response);
    }

    /// Transmits the one response to a request without a transaction of its own, and remembers it: over a reliable
    /// transport timer J is zero, but a hop further on may be UDP, and what comes twice must neither be shown twice nor
    /// be taken for a number that goes backwards.
    pub(crate) fn answer_request(&mut self, response: Message) {
        let answered = (TransactionKey::of(&response), response.octets().to_vec());
        remember(&mut self.answered, MAX_ANSWERED, answered);
        self.transmit(response.into_octets());
    }

    fn handle_outside(&mut self, now: Instant, request: Message) {
        match request.method() {
            Method::Invite => self.handle_invite(now, request),
            Method::Options => self.handle_options(&request),
            Method::Message => self.handle_text(request),
            Method::Notify if EventType::of(&request).is("message-summary") => {
                self.reply_now(&request, StatusCode::OK);
                self.tell(Event::Notify { request: Box::new(request) });
            }
            Method::Notify => {
                let response = self.reply(&request, StatusCode::BAD_EVENT);
                self.answer_request(response.header("Allow-Events", "message-summary").build());
            }
            Method::Refer => self.handle_refer_outside(now, &request),
            _ => self.reply_now(&request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
        }
    }

    /// MESSAGE, INFO and NOTIFY without end: what nobody could read so fast is refused, so that who sends it knows.
    fn is_flood(&mut self, now: Instant, request: &Message) -> bool {
        let most = match request.method() {
            Method::Message => MAX_TEXTS,
            Method::Info => MAX_INFOS,
            Method::Notify => MAX_NOTIFIES,
            _ => return false,
        };
        self.recent.retain(|(at, _)| now.since(*at) < WITHIN);
        let count = self.recent.iter().filter(|(_, method)| method == request.method()).count();
        if count < most {
            self.recent.push((now, request.method().clone()));
            return false;
        }
        let builder = self.reply(request, StatusCode::TEMPORARILY_UNAVAILABLE);
        let retry_after = (WITHIN / 1_000).to_string();
        self.answer_request(builder.header("Retry-After", &retry_after).build());
        true
    }

    fn handle_text(&mut self, request: Message) {
        self.reply_now(&request, StatusCode::OK);
        self.tell(Event::Message { request: Box::new(request) });
    }

    /// INFO inside a session. Of packages we know none (RFC 6086 §4.2.2); without one it is of the older kind.
    fn handle_info(&mut self, session: SessionId, request: Message) {
        if !self.sessions.get(&session).is_some_and(Session::is_going_on) {
            // Only the BYE is still to come.
            return self.reply_now(&request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        }
        if request.header("Info-Package").is_some() {
            let response =
                self.reply(&request, StatusCode::BAD_INFO_PACKAGE).header("Recv-Info", "nil").build();
            return self.answer_request(response);
        }
        self.reply_now(&request, StatusCode::OK);
        self.tell(Event::Info { session, request: Box::new(request) });
    }

    fn handle_options(&mut self, request: &Message) {
        let builder = self.reply(request, StatusCode::OK).header("Allow", ALLOW);
        let response = builder.header("Supported", SUPPORTED).header("Accept", "application/sdp").build();
        self.answer_request(response);
    }

    /// A request inside a dialog.
    fn handle_inside(&mut self, now: Instant, request: Message) {
        let id = DialogId::of_request(&request);
        let found =
            self.sessions.iter_mut().find_map(|(session, state)| Some((*session, state.dialog_with(&id)?)));
        let Some((session, dialog)) = found else {
            return self.handle_outlived(&request);
        };
        if !dialog.is_in_order(&request) {
            return self.reply_now(&request, StatusCode::SERVER_INTERNAL_ERROR);
        }
        match request.method() {
            Method::Invite => self.handle_reinvite(now, session, request),
            Method::Update => self.handle_update(now, session, request),
            Method::Prack => self.handle_prack(now, session, &request),
            Method::Bye => self.handle_bye(now, session, &request),
            Method::Info => self.handle_info(session, request),
            Method::Message => self.handle_text(request),
            Method::Notify => self.handle_notify(session, &request),
            Method::Refer => self.handle_refer(now, session, &request, None),
            Method::Options => self.handle_options(&request),
            _ => self.reply_now(&request, StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// NOTIFY of a REFER of ours (RFC 3515 §2.4.4).
    pub(crate) fn handle_notify(&mut self, session: SessionId, request: &Message) {
        let event = EventType::of(request);
        if !event.is("refer") {
            return self.reply_now(request, StatusCode::BAD_EVENT);
        }
        if !self.is_of_transfer(session, event.id.as_deref()) {
            return self.reply_now(request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        }
        self.reply_now(request, StatusCode::OK);
        let status = sipfrag_status(request.body()).map(|(status, _)| status.code());
        match status {
            Some(code @ 200..) => self.transfer_progress(session, code),
            // The last word, and it says nothing of the end: nobody will.
            Some(_) | None if SubscriptionState::of(request).is_terminated() => {
                self.transfer_progress(session, 408)
            }
            Some(code) => self.transfer_progress(session, code),
            None => {}
        }
    }

    fn handle_bye(&mut self, now: Instant, session: SessionId, request: &Message) {
        self.reply_now(request, StatusCode::OK);
        match self.sessions.get(&session) {
            // A BYE of the caller's before our final response (RFC 3261 §15.1.2): the INVITE is answered with 487.
            Some(Session::Ringing { key, invite, dialog, .. }) => {
                let (key, tag) = (key.clone(), dialog.id.local_tag.clone());
                let builder = ResponseBuilder::new(invite, StatusCode::REQUEST_TERMINATED).to_tag(&tag);
                self.respond(now, &key, builder.build());
            }
            Some(Session::Confirmed(_)) => self.end_their_offer(now, session),
            Some(Session::Leaving { .. }) => {
                self.sessions.remove(&session);
                return;
            }
            Some(Session::Inviting { .. }) => return self.early_bye(now, session, request),
            None => {}
        }
        self.terminated(session, EndedBy::Remote, 200, "", reason_of(request));
    }

    fn handle_cancel(&mut self, now: Instant, request: &Message) {
        let key = TransactionKey::cancelled_by(request);
        // The branch alone could be another call's that a careless proxy forwards.
        let is_of = |invite: &Message| {
            invite.call_id() == request.call_id()
                && invite.from().tag() == request.from().tag()
                && invite.cseq().number == request.cseq().number
        };
        let Some(server) = self.servers.get(&key).filter(|server| is_of(server.request())) else {
            return self.reply_now(request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        };
        let is_open = server.is_open();
        let found = self.sessions.iter().find_map(|(id, session)| match session {
            Session::Ringing { key: ringing, invite, dialog, .. } if *ringing == key => {
                let builder = ResponseBuilder::new(invite, StatusCode::REQUEST_TERMINATED);
                Some((*id, dialog.id.local_tag.clone(), builder))
            }
            _ => None,
        });
        // The same tag as in the responses to the INVITE (RFC 3261 §9.2).
        let tag = found.as_ref().map_or_else(|| self.ids.token(), |(_, tag, _)| tag.clone());
        self.answer_request(ResponseBuilder::new(request, StatusCode::OK).to_tag(&tag).build());
        if !is_open {
            return;
        }
        if let Some((session, tag, builder)) = found {
            let response = builder.to_tag(&tag).build();
            self.respond(now, &key, response);
            self.terminated(session, EndedBy::Remote, 487, "", reason_of(request));
        } else {
            self.cancel_reinvite(now, &key);
        }
    }

    /// INFO inside a session.
    pub(super) fn info(&mut self, now: Instant, session: SessionId, content_type: &str, body: &[u8]) {
        let via = self.via();
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else {
            return self.informed(session, 503);
        };
        let is_ours = confirmed.dialog.is_ours;
        let info = confirmed.dialog.request(Method::Info, via).body(content_type, body);
        let info = info.header("User-Agent", &self.config.user_agent).build();
        match self.reaches_dialogs() {
            true => self.send(now, Purpose::Info(session), info, is_ours),
            false => self.informed(session, 503),
        }
    }

    /// How an INFO of ours was answered, if its session still stands.
    pub(super) fn informed(&mut self, session: SessionId, code: u16) {
        if code >= 200 && self.sessions.get(&session).is_some_and(Session::is_going_on) {
            self.tell(Event::Informed { session, code });
        }
    }

    /// A response to an INVITE that has a transaction. Late and second final ones stay unsent.
    pub(crate) fn respond(&mut self, now: Instant, key: &TransactionKey, response: Message) {
        if self.servers.get_mut(key).is_some_and(|server| server.respond(now, &response)) {
            self.transmit(response.into_octets());
        }
    }
}

/// The Reason header (RFC 3326): of several values that of SIP, which says whether the call was taken elsewhere.
pub(crate) fn reason_of(message: &Message) -> Option<Reason> {
    let mut reasons: Vec<Reason> = message.list("Reason").map(Reason::parse).collect();
    let sip = reasons.iter().position(|reason| reason.protocol.eq_ignore_ascii_case("SIP"));
    (!reasons.is_empty()).then(|| reasons.swap_remove(sip.unwrap_or(0)))
}
