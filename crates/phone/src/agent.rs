//! Between the phone and its SIP user agent: commands and frames to it, events and frames from it.
//!
//! Flows are numbered anew for each agent; to the outside each number comes once.

use crate::{CallId, FlowId, Output, Phone, SocketEvent};
use softframe_sip::{Command, Event, Instant, SessionId, UserAgent};

/// CRLF CRLF: what is longer is a message.
const MAX_KEEP_ALIVE_OCTETS: usize = 4;
/// Flow numbers of one agent; it numbers them from zero.
const FLOWS_OF_AN_AGENT: u64 = 1 << 32;

impl Phone {
    pub(super) fn socket(&mut self, now: Instant, flow: FlowId, event: SocketEvent) {
        let Some(own) =
            flow.0.checked_sub(self.generation * FLOWS_OF_AN_AGENT).filter(|own| *own < FLOWS_OF_AN_AGENT)
        else {
            return;
        };
        if matches!(event, SocketEvent::Frame(_)) {
            self.check_heard(now);
        }
        let Some(agent) = self.agent.as_mut() else { return };
        let flow = FlowId(own);
        agent.handle_input(
            now,
            match event {
                SocketEvent::Opened => softframe_sip::Input::Connected(flow),
                SocketEvent::Frame(octets) => softframe_sip::Input::Frame(flow, octets),
                SocketEvent::Closed => softframe_sip::Input::Disconnected(flow),
            },
        );
    }

    /// A command to the SIP side, and what it does at once.
    pub(super) fn command(&mut self, now: Instant, command: Command) {
        self.stale_journal = true;
        if let Some(agent) = self.agent.as_mut() {
            agent.handle_input(now, softframe_sip::Input::Command(command));
        }
    }

    pub(super) fn drain_agent(&mut self, now: Instant) {
        while let Some(output) = self.agent.as_mut().and_then(UserAgent::poll_output) {
            let ours = |flow: FlowId, phone: &Phone| FlowId(phone.generation * FLOWS_OF_AN_AGENT + flow.0);
            match output {
                softframe_sip::Output::Connect { flow, url } => {
                    let flow = ours(flow, self);
                    self.flow = Some(flow);
                    self.out.push_back(Output::Connect { flow, url });
                }
                softframe_sip::Output::Disconnect(flow) => {
                    let flow = ours(flow, self);
                    self.flow.take_if(|current| *current == flow);
                    self.out.push_back(Output::Disconnect { flow });
                }
                softframe_sip::Output::Transmit(flow, frame) => {
                    let flow = ours(flow, self);
                    // A request that a timer sent takes a number of its dialog, too.
                    self.stale_journal |= frame.len() > MAX_KEEP_ALIVE_OCTETS;
                    self.out.push_back(Output::Transmit { flow, frame });
                }
                softframe_sip::Output::Event(event) => self.event(now, event),
            }
        }
    }

    pub(super) fn event(&mut self, now: Instant, event: Event) {
        self.stale_journal |= !matches!(event, Event::Connection(_) | Event::Authenticated(_));
        match event {
            Event::Connection(connection) => self.connection_changed(now, connection),
            Event::Authenticated(hash) => self.authenticated(hash),
            Event::Incoming { session, request, replaces } => self.incoming(now, session, &request, replaces),
            Event::Inviting { session } => self.inviting(now, session),
            Event::Progress { session, fork, response } => self.progress(now, session, fork, &response),
            Event::Accepted { session, fork, response } => self.accepted(now, session, &fork, &response),
            Event::Confirmed { session, body } => self.confirmed(now, session, &body),
            Event::EarlyAnswered { session, answer } => self.early_answered(now, session, &answer),
            Event::Offered { session, offer } => self.offered(now, session, &offer),
            Event::OfferWithdrawn { session } => self.offer_withdrawn(now, session),
            Event::Reinvited { session, answer } => self.reinvited(now, session, &answer),
            Event::ReinviteFailed { session, .. } => self.reinvite_failed(now, session),
            Event::Refresh { session } => self.refresh(now, session),
            Event::Transfer { session, code } => self.transfer_went(now, session, code),
            Event::Redirected { session, target } => self.redirected(now, session, &target),
            Event::Referred { session, target } => self.referred(now, session, &target),
            Event::Terminated { session, cause } => self.terminated(now, session, &cause),
            Event::MessageAnswered { number, code } => self.text_answered(number, code),
            Event::Message { request } => self.message_received(&request),
            Event::Notify { request } => self.summary_received(&request),
            Event::Notified { subscription, is_last, request, .. } => {
                self.notified(now, subscription, is_last, &request);
            }
            Event::NotifierGone { subscription, fork } => self.notifier_gone(subscription, &fork),
            Event::SubscriptionFailed { subscription, code, reason, retry_at } => {
                self.subscription_failed(subscription, retry_at.is_none(), code, &reason);
            }
            Event::Identified { session, request } => self.identified(now, session, &request),
            Event::PublishRefused { code } => {
                let text = format!("The server takes no status of the person (SIP {code}).");
                self.out.push_back(Output::Warn(text));
            }
            // Key tones of the other side have no screen yet.
            Event::Info { .. } => {}
            Event::Informed { session, code } => self.informed(now, session, code),
            Event::NotSip { why } => self.not_sip(now, &why),
        }
    }

    /// What a previous life owes goes over the first flow.
    pub(super) fn send_farewells(&mut self) {
        let Some(flow) = self.flow else { return };
        for frame in std::mem::take(&mut self.farewells) {
            self.out.push_back(Output::Transmit { flow, frame });
        }
    }

    pub(super) fn call_of(&self, session: SessionId) -> Option<CallId> {
        self.calls.values().find(|call| call.session == Some(session)).map(|call| call.id)
    }
}
