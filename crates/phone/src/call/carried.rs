//! Data of a page that goes with a call: into its INVITE and into a transfer, where the number may have it.
//!
//! It never goes with a call that is sent on by a 3xx.

use super::tell::Extra;
use crate::{
    CallId, Phone,
    bridge::{Ask, Code},
    data::{self, Variables},
};
use serde_json::json;
use softframe_sip::{Instant, SessionId};

impl Phone {
    /// The headers that carry this to that number; none where it may not go.
    pub(super) fn carried(&self, variables: &Variables, number: &str) -> Vec<(String, String)> {
        match self.may_have_data(number) {
            true => variables.headers(),
            false => Vec::new(),
        }
    }

    fn may_have_data(&self, number: &str) -> bool {
        let domain = self.identity().map(|identity| identity.domain.as_str()).unwrap_or_default();
        data::may_go_to(number, &self.config.data_to, domain)
    }

    /// The names of what an INVITE leaves behind that others redirect to this number.
    pub(super) fn kept_back(&self, session: SessionId, number: Option<&str>) -> Vec<String> {
        let call = self.call_of(session).and_then(|id| self.calls.get(&id));
        match (call, number) {
            (Some(call), Some(number)) if !self.may_have_data(number) => {
                call.variables.headers().into_iter().map(|(name, _)| name).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The page gives a call data, beside what it has.
    pub(crate) fn set_data(&mut self, now: Instant, id: CallId, variables: &Variables, ask: Option<Ask>) {
        let Some(call) = self.calls.get_mut(&id) else {
            return self.fail_ask(ask, Code::NoSuchCall, "There is no such call.");
        };
        match call.variables.with(variables) {
            Ok(merged) => {
                merged.show_in(&mut call.user_data);
                call.variables = merged;
                self.tell_call(now, id, "phone:updated", Extra::default());
                self.answer_ask(ask, json!({}));
            }
            Err(rule) => self.fail_ask(ask, Code::TooLarge, rule),
        }
    }
}
