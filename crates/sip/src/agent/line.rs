//! The line: from the wish to be reachable to a registered flow, and back to one after every loss.

use super::{Connection, ConnectionState, Event, FlowId, Output, Purpose, UserAgent};
use crate::{
    EndedBy, Instant, SessionId,
    dialog::is_anonymous,
    digest::Unanswered,
    flow::{self, Answers},
    registration::{self, Outcome},
    session::Session,
    wire::{Message, Method, NameAddr, PING, RequestBuilder, Uri},
};

impl UserAgent {
    /// [`Command::Register`](super::Command::Register).
    pub(super) fn sign_in(&mut self, now: Instant) {
        if self.registration.is_leaving() {
            // The farewell is on its way, and nobody waits for its answer any more.
            self.leave();
        }
        if self.flow.is_closed() {
            self.registration.unbind();
            self.tell_connection(ConnectionState::Connecting, None, "Connecting.", None);
            self.connect(now);
        } else if self.flow.is_waiting() {
            self.connect(now);
        } else if self.is_refused() {
            // The flow was kept for a call.
            self.registration.unbind();
            self.tell_connection(ConnectionState::Connecting, None, "Connecting.", None);
            self.register(now);
        }
    }

    /// [`Command::Unregister`](super::Command::Unregister).
    pub(super) fn sign_out(&mut self, now: Instant) {
        self.end_all_sessions(now);
        self.unsubscribe_all(now);
        self.unpublish(now);
        if self.is_registered() {
            let via = self.via();
            let request = self.registration.unregister(now, via);
            self.send_register(now, request);
        } else {
            self.leave();
        }
    }

    /// INVITEs that were given up, of which nobody has said yet that they came (RFC 3261 §9.1).
    fn has_cancels_to_come(&self) -> bool {
        self.exchanges.values().any(|exchange| {
            matches!(exchange.purpose, Purpose::Abandoned { .. }) && exchange.transaction.is_unanswered()
        })
    }

    fn leave(&mut self) {
        self.close_flow();
        self.exchanges.clear();
        self.subscriptions.clear();
        self.publication = None;
        self.servers.clear();
        self.answered.clear();
        self.late.clear();
        // What waits for an ACK was told as ended, and its BYE reaches nobody any more.
        self.sessions.clear();
        self.outlived.clear();
        self.parked.clear();
        self.registration.unbind();
        self.tell_connection(ConnectionState::Offline, None, "Signed out.", None);
    }

    pub(super) fn close_flow(&mut self) {
        if let Some(flow) = self.flow.id() {
            self.outputs.push_back(Output::Disconnect(flow));
            self.exchanges.clear();
        }
        self.flow.close();
    }

    fn connect(&mut self, now: Instant) {
        let (flow, server) = self.flow.open(now);
        let url = self.config.servers.get(server).cloned().unwrap_or_default();
        self.transport = if url.starts_with("ws:") { "WS" } else { "WSS" };
        self.outputs.push_back(Output::Connect { flow, url });
    }

    pub(super) fn connected(&mut self, now: Instant, flow: FlowId) {
        if self.flow.opened(now, flow) {
            self.register(now);
        }
    }

    pub(super) fn disconnected(&mut self, now: Instant, flow: FlowId) {
        if self.flow.id() != Some(flow) {
            return;
        }
        let reason = match self.flow.open_id() {
            Some(_) => "The connection was lost.",
            None => "The server cannot be reached.",
        };
        self.flow_gone(now, None, reason, 0);
    }

    /// Gives this flow up and plans the next.
    pub(super) fn flow_failed(&mut self, now: Instant, code: Option<u16>, reason: &str, at_least: u64) {
        if let Some(flow) = self.flow.id() {
            self.outputs.push_back(Output::Disconnect(flow));
        }
        self.flow_gone(now, code, reason, at_least);
    }

    fn flow_gone(&mut self, now: Instant, code: Option<u16>, reason: &str, at_least: u64) {
        if self.is_refused() {
            // Nothing further until a person acts, so the calls on it are over.
            return self.calls_lost();
        }
        let was_leaving = self.registration.is_leaving();
        self.registration.unbind();
        if was_leaving {
            self.flow.close();
            return self.leave();
        }
        let until = self.flow.failed(now, &mut self.ids, at_least);
        self.tell_connection(ConnectionState::Reconnecting, code, reason, Some(until));
        self.exchanges_lost(now);
        self.subscriptions_lost(now);
        self.servers.clear();
        self.ringing_lost();
        self.offers_lost();
        if until <= now {
            self.connect(now);
        }
    }

    fn calls_lost(&mut self) {
        self.flow.close();
        self.exchanges.clear();
        let sessions: Vec<SessionId> = self.sessions.keys().copied().collect();
        for session in sessions {
            self.terminated(session, EndedBy::Network, 503, "The connection was lost.", None);
        }
    }

    fn register(&mut self, now: Instant) {
        let via = self.via();
        let request = self.registration.register(now, via);
        self.send_register(now, request);
    }

    fn send_register(&mut self, now: Instant, request: RequestBuilder) {
        let request = request.header("Allow", super::ALLOW).header("User-Agent", &self.config.user_agent);
        self.send(now, Purpose::Register, request.build(), true);
    }

    /// A response to REGISTER that was not answered with another REGISTER.
    pub(super) fn register_response(
        &mut self,
        now: Instant,
        response: &Message,
        unanswered: Option<Unanswered>,
    ) {
        let Some((code, phrase)) = response.status() else { return };
        if code < 200 {
            return;
        }
        let (code, phrase) = (Some(code), phrase.to_owned());
        match self.registration.handle_response(now, &mut self.ids, response) {
            Outcome::Bound { fresh, flow_timer } => self.bound(now, fresh, flow_timer),
            Outcome::Again => self.register(now),
            Outcome::PutOff => {}
            Outcome::Failed { at_least } => self.flow_failed(now, code, &phrase, at_least),
            Outcome::Refused => {
                let reason = unanswered.map_or(phrase, |unanswered| unanswered.sentence().to_owned());
                // Who talks goes on; the flow is closed with the last call.
                self.end_unanswered(now);
                self.subscriptions_lost(now);
                self.publish_lost(now);
                self.tell_connection(ConnectionState::Refused, code, &reason, None);
            }
            // The flow is needed until they can be cancelled; the deadline of the farewell is theirs, too.
            Outcome::Left if self.has_cancels_to_come() => {}
            Outcome::Left => self.leave(),
        }
    }

    fn bound(&mut self, now: Instant, fresh: bool, flow_timer: Option<u32>) {
        self.flow.proven(flow_timer);
        for hash in self.credentials.accepted() {
            self.tell(Event::Authenticated(hash));
        }
        if fresh {
            self.tell_connection(ConnectionState::Registered, Some(200), "Registered.", None);
            self.send_parked(now);
        }
    }

    pub(super) fn woke(&mut self, now: Instant) {
        if self.flow.is_waiting() {
            return self.connect(now);
        }
        if let Some(answers) = self.flow.suspect(now) {
            self.ping(now, answers);
            if self.registration.is_settled() {
                self.register(now);
            }
        }
    }

    /// A call has just gone out: whatever the server says to it, or to a ping beside it, shows that it is there.
    pub(crate) fn doubt_flow(&mut self, now: Instant) {
        match self.flow.suspect(now) {
            Some(Answers::Unknown | Answers::Crlf) => self.ping(now, Answers::Crlf),
            Some(Answers::Requests) => self.ping(now, Answers::Requests),
            None => {}
        }
    }

    fn ping(&mut self, now: Instant, answers: Answers) {
        if answers != Answers::Requests {
            self.transmit(PING.to_vec());
        }
        if answers != Answers::Crlf {
            let registrar = Uri::sip(None, &self.config.domain);
            let ping = self.new_request(Method::Options, registrar).build();
            self.send(now, Purpose::Ping, ping, false);
        }
    }

    /// Deadlines of the flow and of the registration.
    pub(super) fn line_timeout(&mut self, now: Instant) {
        match self.flow.handle_timeout(now, self.is_in_call()) {
            Some(flow::Due::Connect) => self.connect(now),
            Some(flow::Due::Ping(answers)) => self.ping(now, answers),
            Some(flow::Due::Dead) => self.flow_failed(now, None, "The server does not answer.", 0),
            None => {}
        }
        match self.registration.handle_timeout(now) {
            Some(registration::Due::Refresh) => self.register(now),
            Some(registration::Due::Silent) => {
                self.flow_failed(now, Some(408), "The server does not answer.", 0);
            }
            Some(registration::Due::Expired) => {
                self.flow_failed(now, Some(408), "The registration has expired.", 0);
            }
            Some(registration::Due::Left) => self.leave(),
            None => {}
        }
    }

    /// INVITEs of others that came over the lost flow: nobody hears an answer any more.
    fn ringing_lost(&mut self) {
        let ringing = |(id, session): (&SessionId, &Session)| match session {
            Session::Ringing { .. } => Some(*id),
            Session::Inviting { .. } | Session::Confirmed(_) | Session::Leaving { .. } => None,
        };
        let lost: Vec<SessionId> = self.sessions.iter().filter_map(ringing).collect();
        for session in lost {
            self.terminated(session, EndedBy::Network, 503, "The connection was lost.", None);
        }
    }

    fn tell_connection(
        &mut self,
        state: ConnectionState,
        code: Option<u16>,
        reason: &str,
        retry_at: Option<Instant>,
    ) {
        if self.told == state && state == ConnectionState::Offline {
            return;
        }
        self.told = state;
        self.tell(Event::Connection(Connection { state, code, reason: reason.to_owned(), retry_at }));
    }

    /// MESSAGE outside of any session.
    pub(super) fn message(
        &mut self,
        now: Instant,
        number: Option<u64>,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) {
        let failure = match self.target(target) {
            Some(target) if self.is_registered() => {
                let request = self.new_request(Method::Message, target).body(content_type, body).build();
                let purpose = number.map_or(Purpose::Forgotten, Purpose::Message);
                return self.send(now, purpose, request, true);
            }
            Some(_) => 503,
            None => 404,
        };
        if let Some(number) = number {
            self.message_answered(number, failure);
        }
    }

    /// What came of a MESSAGE that somebody waits for.
    pub(super) fn message_answered(&mut self, number: u64, code: u16) {
        if code >= 200 {
            self.tell(Event::MessageAnswered { number, code });
        }
    }

    /// The Contact of requests and responses that make or keep a dialog.
    pub(crate) fn contact(&self) -> String {
        self.registration.contact()
    }

    /// The same of a dialog in which we are `local`, as far as that says who we are.
    pub(crate) fn contact_as(&self, local: &NameAddr) -> String {
        match is_anonymous(local) {
            true => self.registration.anonymous_contact(),
            false => self.contact(),
        }
    }

    /// The same inside of a session.
    pub(crate) fn contact_of(&self, session: SessionId) -> String {
        let outlived = || self.outlived.get(&session).map(|outlived| &outlived.dialog);
        let dialog = self.sessions.get(&session).and_then(Session::dialog).or_else(outlived);
        dialog.map_or_else(|| self.contact(), |dialog| self.contact_as(&dialog.local))
    }

    /// Our address, for Referred-By.
    pub(crate) fn address_of_record(&self) -> NameAddr {
        NameAddr::new(Uri::sip(Some(&self.config.user), &self.config.domain))
    }
}
