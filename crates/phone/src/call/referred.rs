//! A transfer that the other side asks for: the number passes the same gates as a host's wish to dial.
//!
//! It never follows by itself what a person would be asked for.

use super::Wish;
use crate::{
    Phone,
    dial::{self, Verdict},
};
use softframe_sip::{Command, Instant, SessionId, wire::Uri};

impl Phone {
    pub(crate) fn referred(&mut self, now: Instant, session: SessionId, target: &str) {
        let user = Uri::parse(target).ok().and_then(|target| target.user());
        let number = user.and_then(|user| dial::clean(&user, &self.config).ok());
        let limit = self.config.dial.host_limit;
        let admitted = number.filter(|number| self.gate.admit(now, number, limit) == Verdict::Pass);
        let Some(number) = admitted else { return self.command(now, Command::Decline { session }) };
        let question = dial::question(&number, &self.config);
        let wish = Wish { number, referred: Some(session), ..Wish::default() };
        match question {
            Some(question) => {
                self.ui.confirm = Some((wish, question));
                self.attention("confirm");
            }
            None => self.dial(now, wish),
        }
    }
}
