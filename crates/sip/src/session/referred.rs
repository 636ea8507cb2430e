//! REFER of the other side (RFC 3515): we are asked to call somebody else. Whether we do is decided above; here the
//! request is answered, followed, and its outcome told by NOTIFY. Never follows anything by itself.

use super::{Following, Referral, Session, outlived::REFERRED};
use crate::{
    EndedBy, Event, Instant, SessionId,
    agent::{Purpose, UserAgent},
    dialog::{Dialog, DialogId},
    wire::{Message, Method, NameAddr, ResponseBuilder, StatusCode, TargetDialog, Uri, split_params},
};

/// How long the decision may take: a person may be asked.
const DECISION: u64 = 60_000;
/// Headers of a Refer-To URI that may enter our INVITE; any other could forge who calls or how it is routed
/// (RFC 3261 §19.1.5).
const FOLLOWED_HEADERS: [&str; 2] = ["Replaces", "User-to-User"];

impl UserAgent {
    /// A REFER outside of any dialog: nobody may make us dial, but who knows the names of a dialog of ours, as those do who
    /// are in it (RFC 4538).
    pub(crate) fn handle_refer_outside(&mut self, now: Instant, request: &Message) {
        let named = request.header("Target-Dialog").and_then(|value| TargetDialog::parse(value).ok());
        let found = named.and_then(|TargetDialog { call_id, local_tag, remote_tag }| {
            // As its sender knows it: our tag is the remote one.
            let id = DialogId { call_id, local_tag: remote_tag, remote_tag: local_tag };
            self.sessions.iter().find(|(_, session)| session.has_dialog(&id)).map(|(session, _)| *session)
        });
        let dialog = Dialog::of_request(request, &self.ids.token());
        match found {
            Some(session) => self.handle_refer(now, session, request, Some(Box::new(dialog))),
            None => self.reply_now(request, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST),
        }
    }

    /// A REFER inside a session, or about it in a dialog of its own.
    pub(crate) fn handle_refer(
        &mut self,
        now: Instant,
        session: SessionId,
        request: &Message,
        dialog: Option<Box<Dialog>>,
    ) {
        let target = request.header("Refer-To").and_then(|value| NameAddr::parse(value).ok());
        let is_call = |uri: &Uri| {
            uri.is_sip() && uri.param("method").is_none_or(|method| method.eq_ignore_ascii_case("INVITE"))
        };
        let Some(target) = target.map(|target| target.uri).filter(is_call) else {
            return self.reply_now(request, StatusCode::BAD_REQUEST);
        };
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else {
            // 481 would say that there is no dialog, and there is one (RFC 5057 §5.1).
            return self.reply_now(request, StatusCode::DECLINE);
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
            dialog: dialog.clone(),
            until: now.after(REFERRED),
        });
        let tag = dialog.map_or_else(|| self.ids.token(), |dialog| dialog.id.local_tag);
        let builder = ResponseBuilder::new(request, StatusCode::ACCEPTED).to_tag(&tag);
        let builder = builder.header("Contact", &self.contact_of(session));
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
        // Who has asked may have left: what they asked for stands (RFC 5057 §5.2).
        let referral = self.referral_in(referred).and_then(|(_, referral)| referral.as_mut());
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
        if self.undecided_until(session).is_some() {
            self.notify_referrer(now, session, StatusCode::DECLINE);
        }
    }

    /// Declines the REFERs that nobody decided in time.
    pub(crate) fn referral_timeout(&mut self, now: Instant, session: SessionId) {
        if self.undecided_until(session).is_some_and(|until| until <= now) {
            self.decline(now, session);
        }
    }

    fn undecided_until(&mut self, session: SessionId) -> Option<Instant> {
        self.referral_in(session)?.1.as_ref()?.poll_timeout()
    }

    /// Tells those who referred us how the calls go that follow them.
    pub(crate) fn tell_referrers(&mut self, now: Instant) {
        for (follower, status) in std::mem::take(&mut self.outcomes) {
            if let Some(referred) = self.followed_by(follower) {
                self.notify_referrer(now, referred, status);
            }
        }
    }

    /// NOTIFY with a sipfrag; a final status ends the subscription.
    fn notify_referrer(&mut self, now: Instant, session: SessionId, status: StatusCode) {
        let (via, contact) = (self.via(), self.contact_of(session));
        let Some((dialog, current)) = self.referral_in(session) else { return };
        let Some(referral) = current else { return };
        let (id, is_silent) = (referral.id, referral.is_silent);
        if is_silent {
            // Decided and under way: there is nothing more to follow but the end.
            current.take_if(|_| status.is_final());
            return;
        }
        let state = match status.is_final() {
            true => "terminated;reason=noresource".to_owned(),
            false => format!("active;expires={}", REFERRED / 1_000),
        };
        let dialog = referral.dialog.as_deref_mut().unwrap_or(dialog);
        let is_ours = dialog.is_ours;
        let builder = dialog.request(Method::Notify, via).header("Contact", &contact);
        let builder = builder.header("Event", &format!("refer;id={id}")).header("Subscription-State", &state);
        let sipfrag = format!("SIP/2.0 {status} {}\r\n", status.phrase());
        let notify = builder.body("message/sipfrag;version=2.0", sipfrag.as_bytes()).build();
        if status.is_final() {
            let until = current.take().map(|referral| referral.until);
            if let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) {
                confirmed.last_word = until;
            }
        }
        let purpose = if status.is_final() { Purpose::LastWord } else { Purpose::Forgotten };
        match self.reaches_dialogs() {
            true => self.send(now, purpose, notify, is_ours),
            false => self.park(purpose, notify, is_ours),
        }
    }
}

/// `Refer-Sub: false` (RFC 4488), of a REFER or of its answer.
pub(super) fn wants_no_notify(message: &Message) -> bool {
    let (value, _) = split_params(message.header("Refer-Sub").unwrap_or_default());
    value.trim_ascii().eq_ignore_ascii_case("false")
}
