//! What goes into an agent and what comes out of it. Data only: nothing here decides anything.

use super::{Cause, Connection};
use crate::{
    Instant,
    wire::{Message, Reason},
};

/// One WebSocket connection, numbered by the agent when it asks for it. A frame of an older flow is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub u64);

/// One INVITE session (RFC 3261 §13), seen from this side. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// One subscription (RFC 6665), seen from this side. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub u64);

/// Digest hashes of user, realm and password in all three algorithms (RFC 8760), hexadecimal: what may be
/// saved in place of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct RealmHash {
    /// The realm that challenged.
    pub realm: String,
    /// MD5(user:realm:password).
    pub md5: String,
    /// SHA-256(user:realm:password).
    pub sha256: String,
    /// SHA-512-256(user:realm:password).
    pub sha512_256: String,
}

/// What proves who we are. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub enum Secret {
    /// A password, known in this life of the agent only.
    Password(String),
    /// Hashes saved earlier; an unknown realm ends in [`ConnectionState::Refused`](super::ConnectionState::Refused).
    Hashes(Vec<RealmHash>),
    /// RFC 8898 Bearer where the server challenges with it, else used as a password.
    Token(String),
}

impl std::fmt::Debug for RealmHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RealmHash({:?}, …)", self.realm)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The account, fixed for the life of the agent.
#[derive(Clone)]
pub struct Config {
    /// `wss:` addresses in order of preference; the agent fails over in this order.
    pub servers: Vec<String>,
    /// The user part of the address-of-record.
    pub user: String,
    /// The host part of the address-of-record and of the registrar.
    pub domain: String,
    /// The user name in digests, where it differs from `user`.
    pub auth_user: Option<String>,
    /// Shown to those we call.
    pub display_name: Option<String>,
    /// What proves who we are.
    pub secret: Secret,
    /// The UUID of `+sip.instance` (RFC 5626), without `urn:uuid:`.
    pub instance: String,
    /// Seconds asked for in REGISTER.
    pub expires: u32,
    /// The User-Agent header.
    pub user_agent: String,
}

/// What comes in.
#[derive(Clone, Debug)]
pub enum Input {
    /// The flow asked for by [`Output::Connect`] is open.
    Connected(FlowId),
    /// The flow could not be opened, or has closed.
    Disconnected(FlowId),
    /// One WebSocket message, text or binary.
    Frame(FlowId, Vec<u8>),
    /// What the user of the agent wants. No command answers; its outcome is an event.
    Command(Command),
    /// The machine slept, or the network changed: the flow is suspect, prove it or replace it at once.
    Woke,
    /// A deadline of [`UserAgent::poll_timeout`](crate::UserAgent::poll_timeout) has passed.
    Timeout,
}

/// What the user of the agent wants.
#[derive(Clone, Debug)]
pub enum Command {
    /// Connect and register; after [`ConnectionState::Refused`](super::ConnectionState::Refused) the way back.
    Register,
    /// REGISTER with Expires 0 for our own binding, then close the flow. Sessions end with BYE.
    Unregister,
    /// Call `target`. Answered by `Progress`, `Accepted` or `Terminated`. Without an offer the body of the first reliable
    /// response is theirs, and wants an `Answer` within 32 s.
    Invite {
        /// From [`UserAgent::next_session`](crate::UserAgent::next_session).
        session: SessionId,
        /// A user part (`+34911085460`, `201`), or a whole `sip:` URI.
        target: String,
        /// The SDP offer, sent octet for octet.
        offer: Vec<u8>,
        /// Further headers, by their names on the wire. With `Privacy: id`, From tells nobody (RFC 3323).
        headers: Vec<(String, String)>,
    },
    /// 200 with this answer to an incoming INVITE.
    Accept {
        /// Which.
        session: SessionId,
        /// The SDP answer (or the offer, where the INVITE had none), sent octet for octet.
        answer: Vec<u8>,
        /// Further headers.
        headers: Vec<(String, String)>,
    },
    /// A provisional response of 101 to 199 with a body to an incoming INVITE: early media (RFC 3960).
    Progress {
        /// Which.
        session: SessionId,
        /// The status code; 183 for one out of range.
        code: u16,
        /// The SDP answer, sent octet for octet. [`Command::Accept`] then carries the same. Where the INVITE had no offer
        /// and demands reliable responses: ours, and [`Event::EarlyAnswered`] brings the answer; what `Accept` carries is
        /// not sent then.
        answer: Vec<u8>,
    },
    /// A final response of 300 to 699 to an incoming INVITE.
    Reject {
        /// Which.
        session: SessionId,
        /// The status code.
        code: u16,
        /// Further headers (`Contact` of a 302, `Retry-After` …).
        headers: Vec<(String, String)>,
    },
    /// End the session as its state wants it: CANCEL, BYE, or 480 to an incoming one.
    Terminate {
        /// Which.
        session: SessionId,
        /// The Reason header to send, if any.
        reason: Option<Reason>,
    },
    /// A new offer inside the session (hold, resume, ICE restart). Answered by `Reinvited` or `ReinviteFailed`; before the
    /// call is accepted always by the latter.
    Reinvite {
        /// Which.
        session: SessionId,
        /// The SDP offer.
        offer: Vec<u8>,
    },
    /// A new offer before the call is accepted, by UPDATE (RFC 3311); of one that was accepted a moment ago, by re-INVITE.
    /// Answered as `Reinvite` is: by `ReinviteFailed` with 491 unless
    /// [`takes_update`](crate::UserAgent::takes_update).
    Update {
        /// Which.
        session: SessionId,
        /// The To tag of the device, as in [`Event::Progress`]; of a call that comes in it is not looked at.
        fork: String,
        /// The SDP offer.
        offer: Vec<u8>,
    },
    /// The answer to [`Event::Offered`], or to what came for an INVITE without an offer.
    Answer {
        /// Which.
        session: SessionId,
        /// The SDP answer.
        answer: Vec<u8>,
    },
    /// Refuse [`Event::Offered`] with this code (488); the session goes on as it was.
    RefuseOffer {
        /// Which.
        session: SessionId,
        /// The status code.
        code: u16,
    },
    /// INFO inside the session (RFC 6086), for DTMF where RFC 4733 was not negotiated. Answered by `Informed`.
    Info {
        /// Which.
        session: SessionId,
        /// `application/dtmf-relay` and the like.
        content_type: String,
        /// The body.
        body: Vec<u8>,
    },
    /// REFER inside the session (RFC 3515). Answered by `Transfer` events.
    Refer {
        /// Which.
        session: SessionId,
        /// As in [`Command::Invite`].
        target: String,
        /// The session the target is already in (attended transfer, RFC 3891).
        replaces: Option<SessionId>,
        /// Further headers, by their names on the wire: of the REFER, and escaped in Refer-To, from where they come into
        /// the INVITE (RFC 3261 §19.1.5), the first ones as far as there is room.
        headers: Vec<(String, String)>,
    },
    /// Call the one that [`Event::Referred`] names. Answered as [`Command::Invite`] is; the other side hears by itself how
    /// it goes.
    Follow {
        /// From [`UserAgent::next_session`](crate::UserAgent::next_session).
        session: SessionId,
        /// The session in which the REFER came. It may be over.
        referred: SessionId,
        /// The SDP offer, sent octet for octet.
        offer: Vec<u8>,
        /// Further headers, by their names on the wire.
        headers: Vec<(String, String)>,
    },
    /// What to do about [`Event::Redirected`].
    Redirect {
        /// Which.
        session: SessionId,
        /// As in [`Command::Invite`]; `None` passes this address over, as does one that was called before.
        target: Option<String>,
        /// A fresh SDP offer, where an answer to the last one has been used (early media); `None` sends the same again.
        offer: Option<Vec<u8>>,
        /// Headers that this target and those after it do not get, by their names.
        without: Vec<String>,
    },
    /// Do not call the one that [`Event::Referred`] names. An undecided one is declined after a minute.
    Decline {
        /// The session in which the REFER came.
        session: SessionId,
    },
    /// SUBSCRIBE (RFC 6665) until it is ended or refused for good, whatever becomes of dialogs and flows. Answered by
    /// `Notified` and `SubscriptionFailed`.
    Subscribe {
        /// From [`UserAgent::next_subscription`](crate::UserAgent::next_subscription).
        subscription: SubscriptionId,
        /// As in [`Command::Invite`].
        target: String,
        /// The Event header: a package, perhaps with parameters.
        event: String,
        /// The media types that can be read.
        accept: &'static str,
    },
    /// Ask for the whole state again.
    Resubscribe {
        /// Which.
        subscription: SubscriptionId,
    },
    /// SUBSCRIBE with Expires 0. Nothing is told of it any more.
    Unsubscribe {
        /// Which.
        subscription: SubscriptionId,
    },
    /// PUBLISH this of us (RFC 3903), kept up until we sign out; the last one counts.
    Publish {
        /// The event package.
        event: String,
        /// The Content-Type.
        content_type: String,
        /// The body.
        body: Vec<u8>,
    },
    /// MESSAGE outside of any session (RFC 3428).
    Message {
        /// What [`Event::MessageAnswered`] calls it; `None`: nobody waits for what comes of it.
        number: Option<u64>,
        /// As in [`Command::Invite`].
        target: String,
        /// The Content-Type.
        content_type: String,
        /// The body.
        body: Vec<u8>,
    },
}

/// What goes out.
#[derive(Clone, Debug)]
pub enum Output {
    /// Open a WebSocket with subprotocol `sip`.
    Connect {
        /// Its number from now on.
        flow: FlowId,
        /// Its address.
        url: String,
    },
    /// Close this flow; nothing of it is wanted any more.
    Disconnect(FlowId),
    /// One WebSocket message for this flow.
    Transmit(FlowId, Vec<u8>),
    /// Something the user of the agent should know.
    Event(Event),
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The connection's state changed. `Registered` comes once for each new binding, not at refreshes.
    Connection(Connection),
    /// A realm accepted us: these may be saved in place of the password.
    Authenticated(RealmHash),
    /// An INVITE came in; 100 and 180 are sent already.
    Incoming {
        /// Its session.
        session: SessionId,
        /// The request, for numbers, names and X-headers; its body is the offer, if there is one.
        request: Box<Message>,
        /// The session in whose place it comes (RFC 3891): that one ends when this one is accepted.
        replaces: Option<SessionId>,
    },
    /// The INVITE is on the wire.
    Inviting {
        /// Which.
        session: SessionId,
    },
    /// A provisional response above 100.
    Progress {
        /// Which.
        session: SessionId,
        /// The To tag: each is an early dialog of its own with its own answer.
        fork: String,
        /// The response; a body is an answer (early media).
        response: Box<Message>,
    },
    /// Our INVITE was refused, and a redirection has named this address. Answer with [`Command::Redirect`]: the same
    /// INVITE goes there, or the next address is asked about, or the session ends.
    Redirected {
        /// Which.
        session: SessionId,
        /// A URI that was not tried yet.
        target: String,
    },
    /// A 2xx came (ours to them) and its ACK is sent.
    Accepted {
        /// Which.
        session: SessionId,
        /// The To tag of the winner.
        fork: String,
        /// The response; its body is the answer.
        response: Box<Message>,
    },
    /// The ACK to our 2xx came (theirs to us).
    Confirmed {
        /// Which.
        session: SessionId,
        /// The ACK's body: an answer, where we made the offer in the 2xx. Else empty.
        body: Vec<u8>,
    },
    /// The PRACK of our provisional response brought the answer to the offer in it.
    EarlyAnswered {
        /// Which.
        session: SessionId,
        /// The SDP answer.
        answer: Vec<u8>,
    },
    /// The other side offers anew (hold, resume, move). Answer it or refuse it.
    Offered {
        /// Which.
        session: SessionId,
        /// The SDP offer; empty if the other side wants ours.
        offer: Vec<u8>,
    },
    /// An INVITE or UPDATE inside the session says who has the line now (P-Asserted-Identity or Remote-Party-ID): it was
    /// transferred behind a server of theirs. What else the request asks for is told beside this.
    Identified {
        /// Which.
        session: SessionId,
        /// The request.
        request: Box<Message>,
    },
    /// What they offered is off the table before it was answered: they cancelled it, or its flow broke. The session is
    /// as it was before.
    OfferWithdrawn {
        /// Which.
        session: SessionId,
    },
    /// Our re-INVITE or UPDATE was accepted.
    Reinvited {
        /// Which.
        session: SessionId,
        /// The SDP answer.
        answer: Vec<u8>,
    },
    /// Our re-INVITE or UPDATE failed; the session is as it was.
    ReinviteFailed {
        /// Which.
        session: SessionId,
        /// The status code, 408 for no answer.
        code: u16,
    },
    /// The session timer (RFC 4028) wants a re-INVITE, since the other side takes no UPDATE: offer with
    /// [`Command::Reinvite`] what is agreed already.
    Refresh {
        /// Which.
        session: SessionId,
    },
    /// INFO came inside a session; it was answered with 200.
    Info {
        /// Which.
        session: SessionId,
        /// The request.
        request: Box<Message>,
    },
    /// Our INFO got its answer. Two of one session in the air may overtake each other.
    Informed {
        /// Which.
        session: SessionId,
        /// The final status; 408 for no answer, 503 where it could not be sent.
        code: u16,
    },
    /// How a REFER of ours goes: 100 to 199 under way, 200 done, 300 and above failed. It may come after `Terminated` of the
    /// session, since a BYE does not end the subscription (RFC 5057 §5.2).
    Transfer {
        /// Which.
        session: SessionId,
        /// From the sipfrag, or the answer to REFER itself.
        code: u16,
    },
    /// The other side asks us to call somebody else in its place (REFER); it was answered with 202. Follow it or decline.
    Referred {
        /// Which.
        session: SessionId,
        /// The URI to call, as [`Command::Invite`] takes it; with a Replaces header where it is in a call already.
        target: String,
    },
    /// Our MESSAGE with this number got its answer.
    MessageAnswered {
        /// As in [`Command::Message`].
        number: u64,
        /// The final status; 404 for a target that is none, 408 for no answer, 503 where it could not be sent.
        code: u16,
    },
    /// MESSAGE came; it was answered with 200.
    Message {
        /// The request.
        request: Box<Message>,
    },
    /// NOTIFY outside of any subscription (message-summary); it was answered with 200.
    Notify {
        /// The request.
        request: Box<Message>,
    },
    /// NOTIFY inside a subscription; it was answered with 200.
    Notified {
        /// Which.
        subscription: SubscriptionId,
        /// The From tag: each notifier of a forked SUBSCRIBE has its own state.
        fork: String,
        /// The last word of this notifier.
        is_last: bool,
        /// The request.
        request: Box<Message>,
    },
    /// A notifier of a forked SUBSCRIBE has fallen silent until its time was over, or knows nothing of us any more: what it
    /// said last does not hold. The others stand.
    NotifierGone {
        /// Which.
        subscription: SubscriptionId,
        /// The From tag of its NOTIFYs.
        fork: String,
    },
    /// A subscription stands without a notifier.
    SubscriptionFailed {
        /// Which.
        subscription: SubscriptionId,
        /// The status of the SUBSCRIBE, 408 for silence; the one nearest to `reason` where a NOTIFY ended it.
        code: u16,
        /// `reason` of the last NOTIFY that ended a dialog, if none has come since: `rejected`, `noresource` …
        reason: String,
        /// When it is tried again by itself; `None`: never, and this is the last word of this subscription.
        retry_at: Option<Instant>,
    },
    /// The server takes no PUBLISH of ours.
    PublishRefused {
        /// The status code.
        code: u16,
    },
    /// A frame came that is no SIP message, and no request that could have been answered. Nothing else follows from it.
    NotSip {
        /// What is wrong with it, as a sentence.
        why: String,
    },
    /// The session is over. Comes exactly once for each session, and is its last event but for `Transfer`.
    Terminated {
        /// Which.
        session: SessionId,
        /// Why.
        cause: Cause,
    },
}
