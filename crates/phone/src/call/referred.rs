//! A transfer that the other side asks for: the number passes the same gates as a host's wish to dial.
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
        let user = Uri::parse(target).ok().and_then(|target| target.user());
        let number = user.and_then(|user| dial::clean(&user, &self.config).ok());
        let limit = self.config.dial.host_limit;
        let admitted = number.filter(|number| self.referrals.admit(now, number, limit) == Verdict::Pass);
        let Some(number) = admitted else { return self.command(now, Command::Decline { session }) };
        let question = dial::question(&number, &self.config);
        let wish = Wish { number, referred: Some(session), ..Wish::default() };
        match question {
            Some(question) => self.ask_person(now, wish, question),
            None => self.dial(now, wish),
        }
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
