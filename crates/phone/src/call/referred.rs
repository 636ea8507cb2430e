//! A transfer or redirection that others ask for: the number passes the same gates as a host's wish to dial.
//!
//! It never follows by itself what a person would be asked for.

use super::{Purpose, State, Wish};
use crate::{
    CallId, MediaRequest, Phone,
    cause::{Ending, Reason},
    dial::{self, Verdict},
    headers::shown,
};
use softframe_sip::{Command, Instant, SessionId, wire::Uri};

impl Phone {
    pub(crate) fn referred(&mut self, now: Instant, session: SessionId, target: &str) {
        let admitted = self.admit_target(now, target);
        let Some(number) = admitted else { return self.command(now, Command::Decline { session }) };
        let question = dial::question(&number, &self.config);
        let wish = Wish { number, referred: Some(session), ..Wish::default() };
        match question {
            Some(question) => self.ask_person(now, wish, question),
            None => self.dial(now, wish),
        }
    }

    /// Our call was redirected there. What a person would be asked for is not called in the place of what they dialled:
    /// they are asked about a call of its own.
    pub(crate) fn redirected(&mut self, now: Instant, session: SessionId, target: &str) {
        let number = self.admit_target(now, target);
        let question = number.as_deref().and_then(|number| dial::question(number, &self.config));
        let onward = number.clone().filter(|_| question.is_none());
        self.go_onward(now, session, onward);
        if let (Some(number), Some(question)) = (number, question) {
            self.ask_person(now, Wish { number, ..Wish::default() }, question);
        }
    }

    /// The INVITE goes to the next target. A transport speaks to one peer only: where one has answered early, the next
    /// gets the offer of a fresh one.
    fn go_onward(&mut self, now: Instant, session: SessionId, target: Option<String>) {
        let call = self.call_of(session).and_then(|id| self.calls.get_mut(&id));
        let fresh = match (call, &target) {
            (Some(call), Some(target)) => {
                let answered =
                    matches!(&call.state, State::Progressing(progressing) if !progressing.answers.is_empty());
                call.state = match answered {
                    true => State::Redirecting { target: target.clone() },
                    false => State::Calling,
                };
                answered.then_some(call.id)
            }
            (Some(_) | None, _) => None,
        };
        match fresh {
            Some(id) => {
                self.renew_peer(id);
                let offer = MediaRequest::Offer { send: true, restart: false };
                self.ask_media(now, id, offer, Purpose::Redirect);
            }
            None => {
                let without = self.kept_back(session, target.as_deref());
                self.command(now, Command::Redirect { session, target, offer: None, without });
            }
        }
    }

    /// The browser made the offer for the next target.
    pub(crate) fn redirect_made(&mut self, now: Instant, id: CallId, sdp: String) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (State::Redirecting { target }, Some(session)) = (&call.state, call.session) else { return };
        let (target, offer) = (Some(target.clone()), Some(sdp.into_bytes()));
        call.state = State::Calling;
        self.resend_mute(id);
        let without = self.kept_back(session, target.as_deref());
        self.command(now, Command::Redirect { session, target, offer, without });
    }

    pub(crate) fn redirect_failed(&mut self, now: Instant, id: CallId) {
        if let Some(session) = self.calls.get(&id).and_then(|call| call.session) {
            self.command(now, Command::Terminate { session, reason: None });
        }
        self.finish(now, id, Ending::local(Reason::MediaFailed, 487, ""));
    }

    /// The number of a URI that others want us to call, if it may be dialled.
    fn admit_target(&mut self, now: Instant, target: &str) -> Option<String> {
        let target = Uri::parse(target).ok()?;
        let user = target.user()?;
        // What stands before the first parameter: a server may dial that alone.
        let head =
            user.split(|c: char| !c.is_alphanumeric() && !"+*#-._".contains(c)).next().unwrap_or_default();
        let is_device = || match dial::clean(head, &self.config) {
            Ok(number) => dial::question(&number, &self.config).is_none(),
            Err(refusal) => refusal == dial::Refusal::Invalid,
        };
        // Who is put in the place of another (an attended transfer) is reached at a device, whose address need not be a
        // number. It leads to no line that costs, since the call there is on already.
        let is_in_a_call = target.headers().any(|(name, _)| name.eq_ignore_ascii_case("Replaces"));
        let number = match dial::clean(&user, &self.config) {
            Ok(number) => Some(number),
            Err(dial::Refusal::Invalid) if is_in_a_call && is_device() => Some(shown(&user)),
            Err(_) => None,
        };
        let limit = self.config.dial.host_limit;
        number.filter(|number| self.referrals.admit(now, number, limit) == Verdict::Pass)
    }

    /// Nothing will come of this wish: whoever asked for it by a transfer is told.
    pub(crate) fn decline_referral(&mut self, now: Instant, wish: &Wish) {
        if let Some(session) = wish.referred {
            self.command(now, Command::Decline { session });
        }
    }

    /// As above, for a call whose INVITE never went out.
    pub(crate) fn decline_unfollowed(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get(&id) else { return };
        if let (State::Preparing { .. }, Some(session)) = (&call.state, call.referred) {
            self.command(now, Command::Decline { session });
        }
    }
}
