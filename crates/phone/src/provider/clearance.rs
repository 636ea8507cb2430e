//! Whether the page lets a number be called.
//!
//! A page that says nothing forbids nothing, and nobody is asked about an emergency.

use super::{Op, Question, Reply};
use crate::{Phone, bridge::Code, call::Wish, dial, headers::shown, view::Text};
use softframe_sip::Instant;

const FORBIDDEN: &str = "The page says that this number must not be called.";

impl Phone {
    /// Asks the page, which takes up to three seconds; `None`: the wish waits for it.
    pub(crate) fn ask_clearance(&mut self, now: Instant, wish: Wish) -> Option<Wish> {
        let is_emergency = self.config.dial.emergency.contains(&wish.number);
        let number = self.contacts.international(&wish.number).unwrap_or_else(|| wish.number.clone());
        if wish.cleared || is_emergency || !self.ask_provider(now, Question::DoNotCall { number }) {
            return Some(wish);
        }
        match self.provider.as_mut() {
            Some(provider) => provider.clearing = Some(wish),
            None => return Some(wish),
        }
        None
    }

    /// A call waits for the page's word.
    pub(crate) fn is_clearing(&self) -> bool {
        self.provider.as_ref().is_some_and(|provider| provider.is_open(Op::DoNotCall))
    }

    pub(super) fn cleared(&mut self, now: Instant, reply: Option<Reply>) {
        let wish = self.provider.as_mut().and_then(|provider| provider.clearing.take());
        let Some(mut wish) = wish else { return };
        wish.cleared = true;
        let Some(refusal) = reply.and_then(|reply| reply.refusal) else { return self.dial(now, wish) };
        if !refusal.is_final {
            self.fail_ask(wish.ask.take(), Code::NeedsConfirmation, "The person is asked first.");
            return self.ask_person(now, wish, dial::Question::DoNotCall);
        }
        let text = match refusal.message.is_empty() {
            true => Text::with("dial.blocked", "number", &wish.number),
            false => Text::plain(&shown(&refusal.message)),
        };
        self.ui.toast(now, text, true);
        self.decline_referral(now, &wish);
        self.fail_ask(wish.ask, Code::InvalidNumber, FORBIDDEN);
    }
}
