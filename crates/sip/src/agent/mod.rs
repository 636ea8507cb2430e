//! The user agent: one account on one registrar, its flow, its registration and its sessions. Here inputs find their
//! way; all work is done in `handle_input`, polling only pops.

mod exchange;
mod incoming;
mod line;
mod outcome;
mod parked;
mod types;

pub(crate) use exchange::{Exchange, Purpose};
pub(crate) use incoming::reason_of;
pub use outcome::*;
pub use types::*;

use crate::{
    Ids, Instant,
    dialog::DialogId,
    digest::Credentials,
    flow::Flow,
    publication::Publication,
    registration::{Registration, State},
    session::{Identity, Late, Outlived, Session, Sessions},
    subscription::{Notified, Subscriptions},
    table::Table,
    transaction::{ServerTransaction, TransactionKey},
    wire::{Frame, Message, Method, NameAddr, PONG, RequestBuilder, ResponseBuilder, StatusCode, Uri, Via},
};
use std::collections::VecDeque;

/// The methods we take.
pub(crate) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, NOTIFY, PRACK, REFER, UPDATE";
/// The extensions we know.
pub(crate) const SUPPORTED: &str = "outbound, gruu, norefersub, timer, 100rel, replaces, tdialog";

/// A SIP user agent (RFC 3261 §6) for one account.
///
/// Each input costs a scan over the few sessions there can be and the requests in the air.
///
/// ```
/// use softframe_sip::{Command, Config, Input, Instant, Output, Secret, UserAgent};
/// let config = Config {
///     servers: vec!["wss://pbx.example/ws".into()],
///     user: "200".into(),
///     domain: "pbx.example".into(),
///     auth_user: None,
///     display_name: None,
///     secret: Secret::Password("secret".into()),
///     instance: "f81d4fae-7dec-41d0-a765-00a0c91e6bf6".into(),
///     expires: 600,
///     user_agent: "Example".into(),
/// };
/// let mut agent = UserAgent::new(config, [7; 32]); // fresh random octets, outside of an example
/// agent.handle_input(Instant(0), Input::Command(Command::Register));
/// let mut frames = Vec::new();
/// while let Some(output) = agent.poll_output() {
///     match output {
///         Output::Connect { flow, .. } => agent.handle_input(Instant(20), Input::Connected(flow)),
///         Output::Transmit(_, frame) => frames.push(frame),
///         Output::Disconnect(_) | Output::Event(_) => {}
///     }
/// }
/// assert!(frames[0].starts_with(b"REGISTER sip:pbx.example SIP/2.0\r\n"));
/// assert!(agent.poll_timeout().is_some(), "an answer is waited for");
/// ```
pub struct UserAgent {
    pub(crate) config: Config,
    pub(crate) ids: Ids,
    pub(crate) credentials: Credentials,
    pub(crate) flow: Flow,
    pub(crate) registration: Registration,
    pub(crate) sessions: Sessions,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) notifications: Notified,
    pub(crate) publication: Option<Publication>,
    /// Dialogs in which a REFER is still followed, by their sessions, which are over.
    pub(crate) outlived: Table<SessionId, Outlived>,
    /// Requests of ours in the air.
    pub(crate) exchanges: Table<TransactionKey, Exchange>,
    /// INVITEs of others that have no final response, or no ACK for it.
    pub(crate) servers: Table<TransactionKey, ServerTransaction>,
    /// Of sessions in which it was just told who has the line.
    pub(crate) identities: Vec<Identity>,
    /// BYEs and last words of transfers that wait for the next registration, and whether their dialogs are ours.
    pub(crate) parked: Vec<(Purpose, Message, bool)>,
    /// Responses to requests that need no transaction, for when those come again.
    pub(crate) answered: Vec<(TransactionKey, Vec<u8>)>,
    /// How sessions of ours went on in this input, for those who referred us.
    pub(crate) outcomes: Vec<(SessionId, StatusCode)>,
    /// INVITEs of ours, for 2xx that come when nobody waits for them.
    pub(crate) late: Late,
    /// Dialogs of sessions that are over.
    pub(crate) gone: Vec<DialogId>,
    /// INVITEs of others in the last seconds, by caller.
    pub(crate) lately: Vec<(Instant, String)>,
    /// When the last MESSAGEs, INFOs and NOTIFYs came.
    pub(crate) recent: Vec<(Instant, Method)>,
    pub(crate) outputs: VecDeque<Output>,
    told: ConnectionState,
    transport: &'static str,
    last_session: u64,
    last_subscription: u64,
    discarded: u64,
}

impl UserAgent {
    /// An idle agent; [`Command::Register`] starts it. All ids come from `seed`, which must be fresh randomness.
    pub fn new(config: Config, seed: [u8; 32]) -> UserAgent {
        let mut ids = Ids::new(seed);
        let user = config.auth_user.as_deref().unwrap_or(&config.user);
        UserAgent {
            credentials: Credentials::new(user, config.secret.clone()),
            flow: Flow::new(config.servers.len()),
            registration: Registration::new(&config, &mut ids),
            sessions: Table::default(),
            outlived: Table::default(),
            subscriptions: Table::default(),
            notifications: Notified::default(),
            publication: None,
            exchanges: Table::default(),
            servers: Table::default(),
            identities: Vec::new(),
            parked: Vec::new(),
            answered: Vec::new(),
            outcomes: Vec::new(),
            late: Late::default(),
            gone: Vec::new(),
            lately: Vec::new(),
            recent: Vec::new(),
            discarded: 0,
            outputs: VecDeque::new(),
            told: ConnectionState::Offline,
            transport: "WSS",
            last_session: 0,
            last_subscription: 0,
            ids,
            config,
        }
    }

    /// A fresh id for [`Command::Invite`].
    pub fn next_session(&mut self) -> SessionId {
        self.last_session += 1;
        SessionId(self.last_session)
    }

    /// A fresh id for [`Command::Subscribe`].
    pub fn next_subscription(&mut self) -> SubscriptionId {
        self.last_subscription += 1;
        SubscriptionId(self.last_subscription)
    }

    /// Everything that happens comes in here. Cannot fail: a bad frame is an input with a defined answer.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        match input {
            Input::Connected(flow) => self.connected(now, flow),
            Input::Disconnected(flow) => self.disconnected(now, flow),
            Input::Frame(flow, octets) if self.flow.open_id() == Some(flow) => self.handle_frame(now, octets),
            Input::Frame(..) | Input::Timeout => {}
            Input::Command(command) => self.handle_command(now, command),
            Input::Woke => self.woke(now),
        }
        self.handle_deadlines(now);
        self.tell_referrers(now);
        let is_leaving = |exchange: &Exchange| exchange.purpose == Purpose::Bye;
        if self.is_refused() && self.sessions.is_empty() && !self.exchanges.values().any(is_leaving) {
            self.close_flow();
        }
    }

    /// Pops the queue of outputs.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The earliest deadline.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let mut earliest = Instant::earliest(&[
            self.flow.poll_timeout(self.is_in_call()),
            self.registration.poll_timeout(),
            self.publication.as_ref().and_then(|one| one.poll_timeout(self.is_registered())),
        ]);
        let mut or = |deadline: Option<Instant>| earliest = Instant::earliest(&[earliest, deadline]);
        self.exchanges.values().for_each(|one| or(one.poll_timeout()));
        self.servers.values().for_each(|one| or(one.poll_timeout()));
        self.sessions.values().for_each(|one| or(one.poll_timeout()));
        self.outlived.values().for_each(|one| or(Some(one.poll_timeout())));
        let may_send = self.may_subscribe();
        self.subscriptions.values().for_each(|one| or(one.poll_timeout(may_send)));
        self.identities.iter().for_each(|one| or(Some(one.poll_timeout())));
        earliest
    }

    /// The octets that would end this session now (CANCEL, BYE or a final response), for the journal: played on
    /// the wire when this agent cannot do it any more.
    pub fn farewell(&self, session: SessionId) -> Option<Vec<u8>> {
        // A copy of the generator: if these octets are ever sent, this agent sends nothing more.
        let mut ids = self.ids.clone();
        let via = Via::new(self.transport, &format!("{}.invalid", ids.token()), &ids.branch());
        let message = match self.sessions.get(&session)? {
            Session::Inviting { invite, .. } => invite.to_cancel(),
            Session::Ringing { invite, dialog, .. } => {
                let builder = ResponseBuilder::new(invite, StatusCode::TEMPORARILY_UNAVAILABLE);
                builder.to_tag(&dialog.id.local_tag).build()
            }
            Session::Confirmed(confirmed) => confirmed.dialog.clone().request(Method::Bye, via).build(),
            Session::Leaving { dialog, .. } => dialog.clone().request(Method::Bye, via).build(),
        };
        Some(message.into_octets())
    }

    /// The Call-ID of a session.
    pub fn call_id(&self, session: SessionId) -> Option<&str> {
        Some(match self.sessions.get(&session)? {
            Session::Inviting { invite, .. } | Session::Ringing { invite, .. } => invite.call_id(),
            Session::Confirmed(confirmed) => &confirmed.dialog.id.call_id,
            Session::Leaving { dialog, .. } => &dialog.id.call_id,
        })
    }

    /// Whether this is the user part of our Contact. It says nothing to a person; servers that know nothing of who was
    /// called put it into To.
    pub fn is_contact_user(&self, user: &str) -> bool {
        self.registration.contact_user().is_some_and(|own| own == user)
    }

    /// Whether nothing of any call or request is left: no session, no transaction, nothing that waits to be sent.
    pub fn is_idle(&self) -> bool {
        self.sessions.is_empty()
            && self.exchanges.is_empty()
            && self.servers.is_empty()
            && self.parked.is_empty()
            && self.outcomes.is_empty()
            && !self.outlived.values().any(Outlived::owes)
    }

    /// Frames that were no message, and responses that nobody waited for.
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    pub(crate) fn discard(&mut self) {
        self.discarded += 1;
    }

    fn handle_command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Register => self.sign_in(now),
            Command::Unregister => self.sign_out(now),
            Command::Invite { session, target, offer, headers } => {
                self.invite(now, session, &target, &offer, &headers);
            }
            Command::Accept { session, answer, headers } => self.accept(now, session, &answer, &headers),
            Command::Progress { session, code, answer } => self.progress(now, session, code, &answer),
            Command::Reject { session, code, headers } => self.reject(now, session, code, &headers),
            Command::Terminate { session, reason } => self.terminate(now, session, reason.as_ref()),
            Command::Reinvite { session, offer } => self.reinvite(now, session, offer),
            Command::Update { session, fork, offer } => self.update(now, session, &fork, offer),
            Command::Answer { session, answer } => self.answer(now, session, &answer),
            Command::RefuseOffer { session, code } => self.refuse_offer(now, session, code),
            Command::Info { session, content_type, body } => self.info(now, session, &content_type, &body),
            Command::Refer { session, target, replaces, headers } => {
                self.refer(now, session, &target, replaces, &headers);
            }
            Command::Follow { session, referred, offer, headers } => {
                self.follow(now, session, referred, &offer, &headers);
            }
            Command::Redirect { session, target, offer, without } => {
                self.redirect(now, session, target.as_deref(), offer.as_deref(), &without);
            }
            Command::Decline { session } => self.decline(now, session),
            Command::Subscribe { subscription, target, event, accept } => {
                self.subscribe(now, subscription, &target, &event, accept);
            }
            Command::Resubscribe { subscription } => self.resubscribe(now, subscription),
            Command::Unsubscribe { subscription } => self.unsubscribe(now, subscription),
            Command::Publish { event, content_type, body } => self.publish(now, &event, &content_type, body),
            Command::Message { number, target, content_type, body } => {
                self.message(now, number, &target, &content_type, &body)
            }
        }
    }

    fn handle_frame(&mut self, now: Instant, octets: Vec<u8>) {
        self.flow.alive();
        match Frame::read(octets) {
            Frame::Ping => self.transmit(PONG.to_vec()),
            Frame::Pong => self.flow.answered(crate::flow::Answers::Crlf),
            Frame::Message(message) => {
                let message = message.with_description_alone();
                match message.is_request() {
                    true => self.handle_request(now, message),
                    false => self.handle_response(now, message),
                }
            }
            Frame::Malformed(malformed) => {
                self.discarded += 1;
                match malformed.response {
                    Some(response) => self.transmit(response),
                    None => self.tell(Event::NotSip { why: malformed.to_string() }),
                }
            }
        }
    }

    fn handle_deadlines(&mut self, now: Instant) {
        self.line_timeout(now);
        self.exchanges_timeout(now);
        self.sessions_timeout(now);
        self.outlived_timeout(now);
        self.identities_timeout(now);
        self.subscriptions_timeout(now);
        self.publication_timeout(now);
        self.servers.retain(|_, server| {
            // An ACK that never comes (timer H) changes nothing any more.
            let _ = server.handle_timeout(now);
            !server.is_terminated()
        });
    }

    /// One WebSocket message on the open flow; without one it is lost, and who sent it hears of it by its transaction.
    pub(crate) fn transmit(&mut self, octets: Vec<u8>) {
        if let Some(flow) = self.flow.open_id() {
            self.outputs.push_back(Output::Transmit(flow, octets));
        }
    }

    pub(crate) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// A Via of our own with a fresh branch, and a fresh name for us: nobody looks it up, since answers come over the flow
    /// (RFC 7118 §5), and one name in all of them would tell that a withheld call and another are of the same caller.
    pub(crate) fn via(&mut self) -> Via {
        let host = format!("{}.invalid", self.ids.token());
        Via::new(self.transport, &host, &self.ids.branch())
    }

    /// A request outside of any dialog, over the registrar's Service-Route.
    pub(crate) fn new_request(&mut self, method: Method, target: Uri) -> RequestBuilder {
        let from = self.own_address();
        self.new_request_from(method, target, from)
    }

    /// Our address with our name.
    pub(crate) fn own_address(&self) -> NameAddr {
        let mut own = self.address_of_record();
        own.display = self.config.display_name.clone().unwrap_or_default();
        own
    }

    /// The same of whom `from` says.
    pub(crate) fn new_request_from(&mut self, method: Method, target: Uri, from: NameAddr) -> RequestBuilder {
        let from = from.with_tag(&self.ids.token());
        let (via, call_id) = (self.via(), self.ids.token());
        let to = NameAddr::new(target.clone());
        let builder = RequestBuilder::new(method, target, via, from, to, &call_id, 1);
        let builder = builder.header("User-Agent", &self.config.user_agent);
        let route = &self.registration.service_route;
        route.iter().fold(builder, |builder, route| builder.header("Route", route))
    }

    /// A target of a command: a user part in our domain, or a whole URI. `None` if it is neither.
    pub(crate) fn target(&self, text: &str) -> Option<Uri> {
        let text = text.trim_ascii();
        match Uri::parse(text) {
            Ok(uri) if uri.is_sip() => Some(uri),
            Ok(_) | Err(_) if text.is_empty() => None,
            Ok(_) | Err(_) => Some(Uri::sip(Some(text), &self.config.domain)),
        }
    }

    /// Whether a REGISTER 2xx of this flow is fresh.
    pub(crate) fn is_registered(&self) -> bool {
        self.flow.open_id().is_some() && self.registration.is_bound()
    }

    /// Whether requests inside of dialogs can be sent: also on a flow that is only kept for its calls, since the account is
    /// refused.
    pub(crate) fn reaches_dialogs(&self) -> bool {
        self.is_registered() || self.is_refused() && self.flow.open_id().is_some()
    }

    /// Whether the registrar has refused the account.
    pub(crate) fn is_refused(&self) -> bool {
        self.registration.state == State::Refused
    }

    /// Ringing counts: who calls over a dead flow should not wait half a minute to hear of it.
    fn is_in_call(&self) -> bool {
        !self.sessions.is_empty()
    }
}

/// Where everything stands, without anything secret or personal.
impl std::fmt::Debug for UserAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserAgent")
            .field("flow", &self.flow)
            .field("registration", &self.registration.state)
            .field("sessions", &self.sessions.len())
            .field(
                "exchanges",
                &self.exchanges.values().map(|exchange| &exchange.purpose).collect::<Vec<_>>(),
            )
            .field("servers", &self.servers.len())
            .field("parked", &self.parked.len())
            .field("answered", &self.answered.len())
            .field("outcomes", &self.outcomes.len())
            .field("late", &self.late.len())
            .field("gone", &self.gone.len())
            .field("outlived", &self.outlived.len())
            .finish_non_exhaustive()
    }
}
