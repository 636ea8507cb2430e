//! A transfer or redirection that others ask for: the number passes the same gates as a host's wish to dial.
//!
//! It never follows by itself what a person would be asked for.

use super::{State, Wish};
use crate::{
    CallId, Phone,
    dial::{self, Verdict},
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
        self.command(now, Command::Redirect { session, target: onward });
        if let (Some(number), Some(question)) = (number, question) {
            self.ask_person(now, Wish { number, ..Wish::default() }, question);
        }
    }

    /// The number of a URI that others want us to call, if it may be dialled.
    fn admit_target(&mut self, now: Instant, target: &str) -> Option<String> {
        let user = Uri::parse(target).ok().and_then(|target| target.user());
        let number = user.and_then(|user| dial::clean(&user, &self.config).ok());
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
