//! Dialling from the screen: keys and the field, why a number is not dialled, and numbers that need the person's word.
//!
//! It places no call: `dial` does.

use super::cut;
use crate::{
    Dtmf, Phone, Sound, bridge,
    call::Wish,
    dial::{self, Question},
    view::Text,
};
use softframe_sip::Instant;

impl Phone {
    pub(super) fn type_in(&mut self, text: String) {
        if let Some((_, query)) = &mut self.ui.picking {
            *query = cut(text);
            return;
        }
        self.ui.field = cut(text);
        self.ui.highlighted = crate::view::is_name(&self.ui.field).then_some(0);
    }

    /// The number of the voice mail comes into the field; where there is none, and in a call, it is the key 1.
    pub(super) fn voicemail_key(&mut self, now: Instant) {
        let in_call = self.ui.front.is_some() && self.ui.keypad && !self.ui.browsing;
        match self.config.voicemail.clone().filter(|_| !in_call) {
            Some(number) => self.type_in(number),
            None => self.key(now, '1'),
        }
    }

    pub(super) fn key(&mut self, now: Instant, key: char) {
        match self.ui.front.filter(|_| self.ui.keypad && !self.ui.browsing) {
            Some(id) => {
                // 0 held down is "+" where a number is typed. What is no key, browsers refuse.
                let key = if key == '+' { '0' } else { key };
                if matches!(key, '0'..='9' | '*' | '#' | 'A'..='D') {
                    self.dtmf(now, id, &key.to_string(), Dtmf::Auto, None);
                }
            }
            None => {
                let mut field = self.ui.field.clone();
                field.push(key);
                self.type_in(field);
                self.sound_once(Sound::Key(key));
            }
        }
    }

    /// With an empty field the last number comes in; the second press calls it.
    pub(super) fn call_button(&mut self, now: Instant) {
        if self.ui.field.trim().is_empty() {
            let last = self.history.last_dialled().map(str::to_owned);
            self.ui.field = last.unwrap_or_default();
            return;
        }
        let row = self.ui.highlighted.and_then(|row| self.suggestions().into_iter().nth(row));
        let number = row.map_or_else(|| self.ui.field.clone(), |row| row.handset);
        self.dial_typed(now, &number);
    }

    /// Numbers the person types or clicks pass no host gate.
    pub(super) fn dial_typed(&mut self, now: Instant, typed: &str) {
        match dial::clean(typed, &self.config) {
            Ok(number) => {
                let is_refused = self.no_dialling().is_some();
                self.dial(now, Wish { number, ..Wish::default() });
                if !is_refused {
                    (self.ui.field, self.ui.highlighted) = (String::new(), None);
                }
            }
            Err(dial::Refusal::Invalid) => self.ui.toast(now, Text::of("dial.invalid"), true),
            Err(dial::Refusal::Blocked) => {
                let args = vec![("number", typed.to_owned())];
                self.ui.toast(now, Text { id: "dial.blocked", args }, true);
            }
        }
    }

    /// Says on screen why nothing is dialled.
    pub(crate) fn refuse_dialling(&mut self, now: Instant, wish: &Wish, code: bridge::Code) {
        let is_own = wish.ask.is_none() && wish.referred.is_none();
        match code {
            bridge::Code::NotRegistered => self.ui.toast(now, Text::of("dial.offline"), true),
            bridge::Code::TooManyCalls => self.ui.toast(now, Text::of("news.calls"), true),
            _ if is_own => self.ui.toast(now, Text::of("dial.busy"), true),
            _ => {}
        }
    }

    /// A number that needs the person's word: the newest question stands.
    pub(crate) fn ask_person(&mut self, now: Instant, wish: Wish, question: Question) {
        self.drop_confirm(now);
        self.ui.confirm = Some((wish, question));
        self.attention("confirm");
    }

    pub(super) fn confirmed_dialling(&mut self, now: Instant, yes: bool) {
        if !yes {
            return self.drop_confirm(now);
        }
        if let Some((wish, _)) = self.ui.confirm.take() {
            self.dial(now, wish);
        }
    }

    pub(super) fn drop_confirm(&mut self, now: Instant) {
        if let Some((wish, _)) = self.ui.confirm.take() {
            self.decline_referral(now, &wish);
        }
    }
}
