//! REFER of the other side (RFC 3515): we are asked to call somebody else. Whether we do is decided above; here the
//! request is answered, followed, and its outcome told by NOTIFY. Never follows anything by itself.

use super::{Following, Referral, Session};
use crate::{
    EndedBy, Event, Instant, SessionId,
    agent::{Purpose, UserAgent},
    wire::{Message, Method, NameAddr, StatusCode, Uri},
};

/// How long the decision may take: a person may be asked.
const DECISION: u64 = 60_000;
/// Headers of a Refer-To URI that may enter our INVITE; any other could forge who calls or how it is routed
/// (RFC 3261 §19.1.5).
const FOLLOWED_HEADERS: [&str; 2] = ["Replaces", "User-to-User"];

impl UserAgent {
    /// A REFER inside a session.
    pub(crate) fn handle_refer(&mut self, now: Instant, session: SessionId, request: &Message) {
        let target = request.header("Refer-To").and_then(|value| NameAddr::parse(value).ok());
        let Some(target) = target.map(|target| target.uri).filter(Uri::is_sip) else {
            return self.reply_now(request, StatusCode::BAD_REQUEST);
        };
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else {
            return self.reply_now(request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
        };
        if confirmed.referral.is_some() {
            return self.reply_now(request, StatusCode::REQUEST_PENDING);
        }
        let is_silent = wants_no_notify(request);
        confirmed.referral = Some(Referral {
            id: request.cseq().number,
            target: target.clone(),
            by: request.header("Referred-By").map(str::to_owned),
            progress: Following::Undecided { until: now.after(DECISION) },
            is_silent,
        });
        let builder = self.reply(request, StatusCode::ACCEPTED).header("Contact", &self.contact());
        let builder = if is_silent { builder.header("Refer-Sub", "false") } else { builder };
        self.answer_request(builder.build());
        self.notify_referrer(now, session, StatusCode::TRYING);
        // Of what it wants in the INVITE only this matters for whether it is followed.
        let replaces = target.headers().find(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
        let bare = target.without_headers();
        let target = match replaces {
            Some((name, value)) => bare.with_header(&name, &value).to_string(),
            None => bare.to_string(),
        };
        self.tell(Event::Referred { session, target });
    }

    /// [`Command::Follow`](crate::Command::Follow).
    pub(crate) fn follow(
        &mut self,
        now: Instant,
        session: SessionId,
        referred: SessionId,
        offer: &[u8],
        headers: &[(String, String)],
    ) {
        let referral = match self.sessions.get_mut(&referred) {
            Some(Session::Confirmed(confirmed)) => confirmed.referral.as_mut(),
            Some(Session::Inviting { .. } | Session::Ringing { .. } | Session::Leaving { .. }) | None => None,
        };
        let is_undecided =
            |referral: &&mut Referral| matches!(referral.progress, Following::Undecided { .. });
        let Some(referral) = referral.filter(is_undecided) else {
            return self.never_began(session, EndedBy::Remote, 487, "The transfer was withdrawn.");
        };
        referral.progress = Following::By(session);
        let mut headers = headers.to_vec();
        headers.extend(referral.target.headers().filter(|(name, _)| {
            FOLLOWED_HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name)) || name.starts_with("X-")
        }));
        headers.extend(referral.by.clone().map(|by| ("Referred-By".to_owned(), by)));
        let target = referral.target.clone().without_headers();
        // What was decided on is a number, so it is dialled like one, in our domain. Only where a call is to be replaced
        // must the very device be reached, whatever its host.
        let replaces = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
        let target = match target.user() {
            Some(user) if !replaces => user,
            Some(_) | None => target.to_string(),
        };
        self.invite(now, session, &target, offer, &headers);
    }

    /// [`Command::Decline`](crate::Command::Decline), and what nobody decided.
    pub(crate) fn decline(&mut self, now: Instant, session: SessionId) {
        if let Some(Session::Confirmed(confirmed)) = self.sessions.get(&session)
            && let Some(Following::Undecided { .. }) =
                confirmed.referral.as_ref().map(|referral| referral.progress)
        {
            self.notify_referrer(now, session, StatusCode::DECLINE);
        }
    }

    /// Declines the REFERs that nobody decided in time.
    pub(crate) fn referral_timeout(&mut self, now: Instant, session: SessionId) {
        if let Some(Session::Confirmed(confirmed)) = self.sessions.get(&session)
            && let Some(Following::Undecided { until }) =
                confirmed.referral.as_ref().map(|referral| referral.progress)
            && until <= now
        {
            self.decline(now, session);
        }
    }

    /// Tells those who referred us how the calls go that follow them.
    pub(crate) fn tell_referrers(&mut self, now: Instant) {
        for (follower, status) in std::mem::take(&mut self.outcomes) {
            let follows = |session: &Session| match session {
                Session::Confirmed(confirmed) => confirmed
                    .referral
                    .as_ref()
                    .is_some_and(|referral| referral.progress == Following::By(follower)),
                Session::Inviting { .. } | Session::Ringing { .. } | Session::Leaving { .. } => false,
            };
            let referred = self.sessions.iter().find(|(_, session)| follows(session)).map(|(id, _)| *id);
            if let Some(referred) = referred {
                self.notify_referrer(now, referred, status);
            }
        }
    }

    /// NOTIFY with a sipfrag; a final status ends the subscription.
    fn notify_referrer(&mut self, now: Instant, session: SessionId, status: StatusCode) {
        let (via, contact) = (self.via(), self.contact());
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else { return };
        let referral = confirmed.referral.as_ref().map(|referral| (referral.id, referral.is_silent));
        let Some((id, is_silent)) = referral else { return };
        if is_silent {
            // Decided and under way: there is nothing more to follow but the end.
            confirmed.referral.take_if(|_| status.is_final());
            return;
        }
        let state = match status.is_final() {
            true => "terminated;reason=noresource",
            false => "active;expires=180",
        };
        let is_ours = confirmed.dialog.is_ours;
        let builder = confirmed.dialog.request(Method::Notify, via).header("Contact", &contact);
        let builder = builder.header("Event", &format!("refer;id={id}")).header("Subscription-State", state);
        let sipfrag = format!("SIP/2.0 {status} {}\r\n", status.phrase());
        let notify = builder.body("message/sipfrag;version=2.0", sipfrag.as_bytes()).build();
        if status.is_final() {
            confirmed.referral = None;
        }
        if self.is_registered() {
            self.send(now, Purpose::Forgotten, notify, is_ours);
        }
    }
}

/// `Refer-Sub: false` (RFC 4488), of a REFER or of its answer.
pub(super) fn wants_no_notify(message: &Message) -> bool {
    let value = message.header("Refer-Sub").unwrap_or_default();
    value.split(';').next().is_some_and(|value| value.trim().eq_ignore_ascii_case("false"))
}
