//! UPDATE of the other side (RFC 3311): a refresh, or an offer, inside a session that stands or is still to come. Never
//! changes anything of a call where it is refused.

use super::{EarlyOffer, Offer, Session, SessionTimer};
use crate::{
    Event, Instant, SessionId,
    agent::UserAgent,
    dialog::DialogId,
    wire::{Message, StatusCode},
};

impl UserAgent {
    /// An UPDATE in order, inside a known dialog.
    pub(crate) fn handle_update(&mut self, now: Instant, session: SessionId, update: Message) {
        let has_offer = !update.body().is_empty();
        match self.sessions.get_mut(&session) {
            Some(Session::Confirmed(_)) if has_offer => self.handle_reinvite(now, session, update),
            Some(Session::Confirmed(confirmed)) => {
                confirmed.dialog.refresh_target(&update);
                confirmed.timer = SessionTimer::of_request(now, &update);
                self.accept_update(now, session, &update);
            }
            // Before our answer to their first offer there can be no second one (RFC 3311 §5.2).
            Some(Session::Ringing { dialog, reliable, .. }) if has_offer => {
                match reliable.as_mut().and_then(|reliable| reliable.agreed()) {
                    Some(Offer::Ours { .. }) => self.reply_now(&update, StatusCode::REQUEST_PENDING),
                    Some(offer @ (Offer::Settled | Offer::OursAgain { .. })) => {
                        let gave_way = matches!(offer, Offer::OursAgain { .. });
                        *offer = Offer::of_theirs(&update);
                        dialog.refresh_target(&update);
                        if gave_way {
                            self.tell(Event::ReinviteFailed { session, code: 491 });
                        }
                        self.offered_early(session, &update);
                    }
                    Some(Offer::Theirs { .. } | Offer::Unacknowledged(_) | Offer::Asked { .. }) | None => {
                        self.put_off(&update);
                    }
                }
            }
            Some(Session::Ringing { dialog, .. }) => {
                dialog.refresh_target(&update);
                self.accept_update(now, session, &update);
            }
            // We have offered, and the answer has not come for sure (RFC 3311 §5.2); once it has, nothing here could take
            // a second description before the call begins.
            Some(Session::Inviting { forks, .. }) if has_offer => {
                let id = DialogId::of_request(&update);
                let early =
                    forks.iter().find(|early| early.dialog.as_ref().is_some_and(|dialog| dialog.id == id));
                let status = match early.map(|early| &early.offer) {
                    Some(EarlyOffer::Agreed(Offer::Settled | Offer::OursAgain { .. })) => {
                        StatusCode::NOT_ACCEPTABLE_HERE
                    }
                    Some(_) | None => StatusCode::REQUEST_PENDING,
                };
                self.reply_now(&update, status);
            }
            Some(inviting @ Session::Inviting { .. }) => {
                if let Some(dialog) = inviting.dialog_with(&DialogId::of_request(&update)) {
                    dialog.refresh_target(&update);
                }
                self.accept_update(now, session, &update);
            }
            Some(Session::Leaving { .. }) | None => {
                self.reply_now(&update, StatusCode::CALL_OR_TRANSACTION_DOES_NOT_EXIST);
            }
        }
    }

    /// 200 to an UPDATE without an offer.
    fn accept_update(&mut self, now: Instant, session: SessionId, update: &Message) {
        let response = self.ok(update, "", b"", &[]);
        self.answer_request(response);
        self.identify(now, session, update);
    }

    /// 500 with Retry-After: an offer before the last one was answered.
    pub(crate) fn put_off(&mut self, request: &Message) {
        let retry_after = self.ids.between(0, 10).to_string();
        let builder = self.reply(request, StatusCode::SERVER_INTERNAL_ERROR);
        self.answer_request(builder.header("Retry-After", &retry_after).build());
    }
}
