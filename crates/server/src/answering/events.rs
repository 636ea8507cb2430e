//! What agents, media and time tell, and what the numbers do about it.
//!
//! It carries nothing: commands go to agents, orders to media, both through [`Answering`].

use super::{
    Answering, CallId, Order, Output, Report, Role,
    call::{Call, Due, Stage},
    dtmf,
    line::{Happening, Sound},
    number::{Behaviour, EARLY, SHORT},
    ring::Outcome,
};
use softframe_sip::{
    Cause, Command, ConnectionState, EndedBy, Event, Instant, SessionId,
    wire::{Message, NameAddr},
};

impl Answering {
    /// What an agent says, and what it is told to do.
    pub(super) fn event(&mut self, now: Instant, id: u64, event: Event) -> Vec<Command> {
        match event {
            Event::Connection(connection) => self.connection(now, id, connection.state),
            Event::Incoming { session, request, .. } => self.incoming(id, session, &request),
            Event::Progress { response, .. } => {
                self.outcome(id, |outcome| outcome.progress(&response));
                Vec::new()
            }
            Event::Accepted { session, response, .. } => self.accepted(id, session, &response),
            Event::Confirmed { session, body } => {
                if !body.is_empty() {
                    self.media(id, session, Order::Accept(body));
                }
                Vec::new()
            }
            Event::Offered { session, offer } if offer.is_empty() => {
                vec![Command::RefuseOffer { session, code: 488 }]
            }
            Event::Offered { session, offer } => {
                self.media(id, session, Order::Renew(offer));
                Vec::new()
            }
            Event::Info { session, request } => {
                let content_type = request.header("Content-Type").unwrap_or_default();
                if let Some(digit) = dtmf::from_info(content_type, request.body()) {
                    self.digit(now, id, session, digit);
                }
                Vec::new()
            }
            // A number calls nobody.
            Event::Referred { session, .. } => vec![Command::Decline { session }],
            Event::Redirected { session, .. } => {
                vec![Command::Redirect { session, target: None, offer: None, without: Vec::new() }]
            }
            Event::Terminated { session, cause } => self.terminated(id, session, &cause),
            Event::Authenticated(_)
            | Event::Inviting { .. }
            | Event::Reinvited { .. }
            | Event::EarlyAnswered { .. }
            | Event::OfferWithdrawn { .. }
            | Event::ReinviteFailed { .. }
            | Event::Refresh { .. }
            | Event::Informed { .. }
            | Event::Transfer { .. }
            | Event::Message { .. }
            | Event::MessageAnswered { .. }
            | Event::Notify { .. }
            | Event::Notified { .. }
            | Event::NotifierGone { .. }
            | Event::SubscriptionFailed { .. }
            | Event::PublishRefused { .. }
            | Event::Identified { .. }
            | Event::NotSip { .. } => Vec::new(),
        }
    }

    /// A caller that is registered for the first time starts its call.
    fn connection(&mut self, now: Instant, id: u64, state: ConnectionState) -> Vec<Command> {
        let Some(agent) = self.agents.get_mut(&id) else { return Vec::new() };
        let Role::Caller(ring) = &agent.role else { return Vec::new() };
        if state != ConnectionState::Registered {
            return Vec::new();
        }
        match agent.calls.iter_mut().next() {
            None if self.outcomes.get(&id).is_some_and(Outcome::is_new) => {
                let session = agent.user_agent.next_session();
                let behaviour = Behaviour::Answers(Sound::TONE);
                let stage = Stage::Offering { until: Some(now.after(ring.seconds * 1000)) };
                agent.calls.insert(session, Call::new(ring.from.clone(), ring.to.clone(), behaviour, stage));
                self.outcome(id, Outcome::started);
                self.media(id, session, Order::Offer(Sound::TONE));
            }
            None | Some(_) => {}
        }
        Vec::new()
    }

    fn incoming(&mut self, id: u64, session: SessionId, request: &Message) -> Vec<Command> {
        let Some(agent) = self.agents.get_mut(&id) else { return Vec::new() };
        let Role::Number(behaviour) = agent.role else {
            return vec![Command::Reject { session, code: 486, headers: Vec::new() }];
        };
        let order = match (behaviour, request.body()) {
            (Behaviour::Refuses(code), _) => {
                return vec![Command::Reject { session, code, headers: Vec::new() }];
            }
            (Behaviour::Rings, _) => None,
            (_, []) => Some(Order::Offer(behaviour.sound())),
            (_, offer) => Some(Order::Answer(behaviour.sound(), offer.to_vec())),
        };
        let user = |address: &NameAddr| address.uri.user().unwrap_or_default();
        let (number, peer) = (user(request.to()), user(request.from()));
        let stage = if order.is_some() { Stage::Describing } else { Stage::Ringing };
        agent.calls.insert(session, Call::new(number, peer, behaviour, stage));
        if let Some(order) = order {
            self.media(id, session, order);
        }
        Vec::new()
    }

    fn accepted(&mut self, id: u64, session: SessionId, response: &Message) -> Vec<Command> {
        if let Some(call) = self.call(id, session) {
            call.stage = Stage::Talking { until: None };
            self.outcome(id, Outcome::answered);
            self.media(id, session, Order::Accept(response.body().to_vec()));
        }
        Vec::new()
    }

    fn terminated(&mut self, id: u64, session: SessionId, cause: &Cause) -> Vec<Command> {
        let Some(agent) = self.agents.get_mut(&id) else { return Vec::new() };
        let ended = agent.calls.remove(&session);
        let is_caller = matches!(agent.role, Role::Caller(_));
        if ended.is_some() {
            self.outputs.push_back(Output::Media(CallId { agent: id, session }, Order::Close));
        }
        if !is_caller {
            return Vec::new();
        }
        let digits = ended.map(|call| call.digits).unwrap_or_default();
        self.outcome(id, |outcome| outcome.ended(cause, &digits));
        vec![Command::Unregister]
    }

    pub(super) fn report(&mut self, now: Instant, of: CallId, report: Report) {
        let CallId { agent: id, session } = of;
        match report {
            Report::Description(Ok(description)) => self.described(now, of, description),
            Report::Description(Err(reason)) => {
                eprintln!("media: {reason}");
                match self.call(id, session).map(|call| &call.stage) {
                    Some(Stage::Describing) => {
                        self.command(now, id, Command::Reject { session, code: 488, headers: Vec::new() });
                    }
                    Some(_) => self.end(now, of),
                    None => {}
                }
            }
            Report::Renewed(Ok(description)) => {
                self.command(now, id, Command::Answer { session, answer: description.into_bytes() });
            }
            Report::Renewed(Err(reason)) => {
                eprintln!("media: {reason}");
                self.command(now, id, Command::RefuseOffer { session, code: 488 });
            }
            Report::Happened(Happening::Connected) => {}
            Report::Happened(Happening::Digit(digit)) => self.digit(now, id, session, digit),
            Report::Happened(Happening::Closed) => {
                if let Some(call) = self.call(id, session) {
                    call.media_closed(now);
                }
            }
        }
    }

    /// Media have our side's description.
    fn described(&mut self, now: Instant, of: CallId, description: String) {
        let CallId { agent: id, session } = of;
        let Some(call) = self.call(id, session) else { return };
        let (answer, headers) = (description.clone().into_bytes(), Vec::new());
        let command = match (&call.stage, call.behaviour) {
            (Stage::Describing, Behaviour::PlaysEarly) => {
                call.stage = Stage::Early { answer: description, until: now.after(EARLY) };
                Command::Progress { session, code: 183, answer }
            }
            (Stage::Describing, behaviour) => {
                let until = (behaviour == Behaviour::HangsUp).then(|| now.after(SHORT));
                call.stage = Stage::Talking { until };
                Command::Accept { session, answer, headers }
            }
            (&Stage::Offering { until: Some(until) }, _) => {
                call.stage = Stage::Inviting { until };
                let Some(Role::Caller(ring)) = self.agents.get(&id).map(|agent| &agent.role) else { return };
                let (target, headers) = (ring.to.clone(), ring.headers.clone());
                Command::Invite { session, target, offer: answer, headers }
            }
            (
                Stage::Ringing
                | Stage::Early { .. }
                | Stage::Offering { until: None }
                | Stage::Inviting { .. }
                | Stage::Talking { .. },
                _,
            ) => return,
        };
        self.command(now, id, command);
    }

    fn digit(&mut self, now: Instant, id: u64, session: SessionId, digit: char) {
        if let Some(call) = self.call(id, session) {
            call.digit(now, digit);
        }
    }

    /// The caller of a ring hangs up, however far its call is.
    pub(super) fn hang_up(&mut self, now: Instant, id: u64) {
        let Some(agent) = self.agents.get(&id) else { return };
        let Role::Caller(_) = agent.role else { return };
        let sessions = agent.calls.keys().copied().collect::<Vec<_>>();
        if sessions.is_empty() && self.outcomes.get(&id).is_some_and(Outcome::is_new) {
            self.outcome(id, |outcome| outcome.ended(&not_called(), ""));
            self.command(now, id, Command::Unregister);
        }
        for session in sessions {
            self.end(now, CallId { agent: id, session });
        }
    }

    /// Ends a call. The agent knows of none whose INVITE is not out.
    fn end(&mut self, now: Instant, of: CallId) {
        let CallId { agent: id, session } = of;
        let is_offering =
            self.call(id, session).is_some_and(|call| matches!(call.stage, Stage::Offering { .. }));
        if !is_offering {
            self.command(now, id, Command::Terminate { session, reason: None });
            return;
        }
        for command in self.terminated(id, session, &not_called()) {
            self.command(now, id, command);
        }
    }

    /// What calls do by themselves.
    pub(super) fn due(&mut self, now: Instant) {
        let mut due = Vec::new();
        for (id, agent) in &mut self.agents {
            for (session, call) in &mut agent.calls {
                while let Some(what) = call.due(now) {
                    due.push((*id, *session, call.peer.clone(), what));
                }
            }
        }
        for (id, session, peer, what) in due {
            let command = match what {
                Due::Answer(answer) => {
                    Command::Accept { session, answer: answer.into_bytes(), headers: Vec::new() }
                }
                Due::HangUp => {
                    self.end(now, CallId { agent: id, session });
                    continue;
                }
                Due::Digits(digits) => Command::Message {
                    number: None,
                    target: peer,
                    content_type: "text/plain".to_owned(),
                    body: format!("DTMF {digits}").into_bytes(),
                },
            };
            self.command(now, id, command);
        }
        self.drop_callers();
    }
}

/// How a ring ended that was hung up before it called: as a CANCEL ends one.
fn not_called() -> Cause {
    Cause {
        ended_by: EndedBy::Local,
        code: 487,
        phrase: String::new(),
        reason: None,
        retry_after: None,
        refusal: None,
    }
}
