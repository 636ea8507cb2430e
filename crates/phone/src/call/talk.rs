//! Accepted calls: hold, mute, blind transfer, and the offers of either side.
//!
//! The state on screen changes only when the other side has agreed.

use super::{Await, Call, Direction, Exchange, Link, Purpose, Renewal, State, Talk, outgoing::Next};
use crate::{
    CallId, MediaRequest, Phone,
    bridge::{Ask, Code},
    call::tell::Extra,
    cause::Reason,
    sdp::{self, Looks},
    view::Text,
};
use serde_json::json;
use softframe_sip::{Command, Instant, SessionId};

impl Phone {
    /// The call is accepted by both sides. What their description shows, as far as it can be read.
    pub(crate) fn begin_talk(&mut self, now: Instant, id: CallId, looks: Option<Looks>) {
        let wall = self.clock.wall(now);
        // Somebody was answered while this one rang there.
        let talks_beside = self.talks_beside(id).is_some();
        let Some(call) = self.calls.get_mut(&id) else { return };
        let comes_second = talks_beside && call.direction == Direction::Outbound;
        let waits = comes_second || matches!(call.state, State::Accepting { hold: true, .. });
        let talk = Talk {
            accepted: now,
            accepted_wall: wall,
            wait: now.since(call.started) / 1_000,
            held: None,
            want_held: waits,
            held_by_them: looks.is_some_and(|looks| looks.held),
            exchange: Exchange::Idle,
            link: Link::Whole,
            key_tones: looks.is_none_or(|looks| looks.key_tones),
            transfer: None,
            quality: Box::default(),
        };
        let is_held = talk.held_by_them;
        call.state = State::Talking(talk);
        if comes_second {
            self.hush(id);
        }
        self.tell_call(now, id, "phone:accepted", Extra::default());
        if is_held {
            self.tell_call(now, id, "phone:hold", Extra { by: Some("remote"), ..Extra::default() });
        }
        self.say_call(id, "say.connected");
        if !waits {
            self.ui.show_call(id);
        }
    }

    /// The call whose sound is on.
    pub(crate) fn live_call(&self) -> Option<CallId> {
        self.calls.values().find(|call| call.is_live()).map(|call| call.id)
    }

    /// Holds `live`, then does `next`; if the hold is refused, `next` fails.
    pub(crate) fn hold_then(&mut self, now: Instant, live: CallId, next: Next) {
        // Two that are one conversation are not held for a third one.
        let is_busy = self.after_hold.is_some() || self.is_merged(live);
        if is_busy || !self.is_registered() {
            let by_person = matches!(next, Next::Answer(_, None) | Next::Unhold(_, None));
            let text = if self.is_registered() { "call.holding" } else { "dial.offline" };
            // Pressed twice is pressed once.
            if by_person && self.after_hold.as_ref().is_none_or(|(_, waiting)| *waiting != next) {
                self.ui.toast(now, Text::of(text), true);
            }
            self.fail_next(now, next);
            return;
        }
        self.after_hold = Some((live, next));
        self.want_hold(now, live, true, None);
    }

    pub(crate) fn fail_next(&mut self, now: Instant, next: Next) {
        let ask = match next {
            Next::Dial(wish) => {
                self.decline_referral(now, &wish);
                wish.ask
            }
            Next::Answer(_, ask) | Next::Unhold(_, ask) => ask,
        };
        self.fail_ask(ask, Code::WrongState, "The active call could not be held.");
    }

    /// What waited for this call to be held (or gone) goes on. Where the one it was held for has hung up meanwhile, it is
    /// gone back to.
    pub(crate) fn hold_done(&mut self, now: Instant, id: CallId) {
        let Some((_, next)) = self.after_hold.take_if(|(held, _)| *held == id) else { return };
        let (wanted, ask) = match &next {
            Next::Dial(wish) => (wish.consults, &wish.ask),
            Next::Answer(wanted, ask) | Next::Unhold(wanted, ask) => (Some(*wanted), ask),
        };
        if wanted.is_some_and(|wanted| !self.calls.contains_key(&wanted)) {
            self.fail_ask(ask.clone(), Code::NoSuchCall, "The call is over.");
            if let Next::Dial(wish) = next {
                self.tell_nobody_waits(now, wish.number);
            }
            return self.resume(now, id, None);
        }
        match next {
            Next::Dial(wish) => self.begin_outgoing(now, *wish),
            Next::Answer(ringing, ask) => self.answer_now(now, ringing, ask),
            Next::Unhold(held, ask) => self.want_hold(now, held, false, ask),
        }
    }

    /// Hold or resume. Resuming holds the live call first.
    pub(crate) fn hold(&mut self, now: Instant, id: CallId, hold: bool, ask: Option<Ask>) {
        match self.live_call().filter(|live| !hold && *live != id && !self.are_merged(*live, id)) {
            Some(live) => self.hold_then(now, live, Next::Unhold(id, ask)),
            None => self.want_hold(now, id, hold, ask),
        }
    }

    pub(super) fn want_hold(&mut self, now: Instant, id: CallId, hold: bool, ask: Option<Ask>) {
        if !hold {
            // What it was to be held for does not come to pass.
            self.hold_refused(now, id);
        }
        let Some(call) = self.calls.get_mut(&id) else {
            self.fail_ask(ask, Code::NoSuchCall, "The call is over.");
            return;
        };
        let wait = if hold { Await::Held } else { Await::Unheld };
        match &mut call.state {
            State::Talking(talk) => talk.want_held = hold,
            // Before the ACK nothing may be offered (RFC 3261 §14.1): it waits for that.
            State::Accepting { hold: wanted, .. } => *wanted = hold,
            _ => {
                self.fail_ask(ask, Code::WrongState, "This call is not accepted yet.");
                return self.hold_refused(now, id);
            }
        }
        call.asks.extend(ask.map(|ask| (wait, ask)));
        if hold && self.is_merged(id) {
            self.part(id);
            self.hush(id);
        }
        self.advance(now, id);
    }

    /// The call is as it was last wished: commands for that are answered, those for the opposite were overtaken.
    fn hold_settled(&mut self, now: Instant, id: CallId, held: bool) {
        self.unhush(id);
        let (done, overtaken) =
            if held { (Await::Held, Await::Unheld) } else { (Await::Unheld, Await::Held) };
        self.answer_asks(id, done, &json!({}));
        self.fail_asks(id, overtaken, Code::WrongState, "Another command came in between.");
        self.failure_is_clear(id);
        if held {
            self.hold_done(now, id);
        }
    }

    fn hold_refused(&mut self, now: Instant, id: CallId) {
        if let Some((_, next)) = self.after_hold.take_if(|(held, _)| *held == id) {
            self.fail_next(now, next);
        }
    }

    /// Starts the next exchange of ours that is due, if the dialog and the browser are free for it.
    pub(crate) fn advance(&mut self, now: Instant, id: CallId) {
        let registered = self.is_registered();
        let Some(call) = self.calls.get_mut(&id) else { return };
        let idle = call.media.is_idle();
        let Some(talk) = call.talk_mut() else { return };
        if !idle || talk.exchange != Exchange::Idle {
            return;
        }
        let (held, settled) = (talk.held.is_some(), talk.want_held == talk.held.is_some());
        let restart = matches!(talk.link, Link::Broken { renew_at, .. } if renew_at <= now);
        if settled && !(restart && registered) {
            return self.hold_settled(now, id, held);
        }
        if !registered {
            return;
        }
        let renewal = Renewal { hold: talk.want_held, restart, fresh: false };
        talk.exchange = Exchange::Offering(renewal);
        // A fresh peer has new ICE anyway.
        let restart = restart && !self.replace_dead_peer(id);
        self.ask_media(now, id, MediaRequest::Offer { send: !renewal.hold, restart }, Purpose::Reinvite);
    }

    /// The session timer wants an offer of what is agreed already. One that is under way does as well.
    pub(crate) fn refresh(&mut self, now: Instant, session: SessionId) {
        let Some(id) = self.call_of(session) else { return };
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.media.is_idle()) else { return };
        let Some(talk) = call.talk_mut().filter(|talk| talk.exchange == Exchange::Idle) else { return };
        let renewal = Renewal { hold: talk.held.is_some(), restart: false, fresh: false };
        talk.exchange = Exchange::Offering(renewal);
        let offer = MediaRequest::Offer { send: !renewal.hold, restart: false };
        self.ask_media(now, id, offer, Purpose::Reinvite);
    }

    pub(crate) fn renewal_made(&mut self, now: Instant, id: CallId, sdp: String) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let (session, fork) = (call.session, call.early_fork());
        let Some(exchange) = call.exchange_mut() else { return };
        match (exchange.clone(), session) {
            (Exchange::Offering(renewal), Some(session)) => {
                *exchange = Exchange::Inviting(renewal);
                let offer = sdp.into_bytes();
                self.command(
                    now,
                    match fork {
                        Some(fork) => Command::Update { session, fork, offer },
                        None => Command::Reinvite { session, offer },
                    },
                );
            }
            // Their offer came while the browser made ours: ours is withdrawn, theirs is answered.
            (Exchange::Theirs { offer }, _) => {
                self.ask_media(now, id, MediaRequest::Rollback, Purpose::Rollback);
                self.answer_offer(now, id, &offer);
            }
            (Exchange::Offering(_), None)
            | (Exchange::Idle | Exchange::Inviting(_) | Exchange::Applying(_) | Exchange::Awaiting, _) => {}
        }
    }

    pub(crate) fn reinvited(&mut self, now: Instant, session: SessionId, answer: &[u8]) {
        let Some(id) = self.call_of(session) else { return };
        let answer = sdp::admit(answer).map(str::to_owned);
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(exchange) = call.exchange_mut() else { return };
        let Exchange::Inviting(renewal) = *exchange else { return };
        let Ok(answer) = answer else {
            return self.renewal_refused(now, id, renewal);
        };
        *exchange = Exchange::Applying(renewal);
        let Some(talk) = call.talk_mut() else {
            return self.ask_media(now, id, MediaRequest::Settle { answer }, Purpose::Reinvited);
        };
        talk.key_tones = sdp::inspect(&answer).map_or(talk.key_tones, |looks| looks.key_tones);
        let was_held = talk.held.is_some();
        if was_held != renewal.hold {
            talk.held = renewal.hold.then_some(now);
            self.held_changed(now, id, renewal.hold);
        }
        self.ask_media(now, id, MediaRequest::Accept { answer, provisional: false }, Purpose::Reinvited);
    }

    fn held_changed(&mut self, now: Instant, id: CallId, held: bool) {
        let (kind, wait, text) = match held {
            true => ("phone:hold", Await::Held, "say.held"),
            false if self.calls.len() > 1 && !self.is_merged(id) => {
                ("phone:unhold", Await::Unheld, "say.swapped")
            }
            false => ("phone:unhold", Await::Unheld, "say.resumed"),
        };
        self.unhush(id);
        self.tell_call(now, id, kind, Extra { by: Some("local"), ..Extra::default() });
        self.failure_is_clear(id);
        self.say_call(id, text);
        if self.calls.get(&id).and_then(Call::talk).is_some_and(|talk| talk.held_by_them) {
            self.say_their_hold(id);
        }
        self.answer_asks(id, wait, &json!({}));
        self.hold_done(now, id);
    }

    /// The browser has taken the answer to our re-INVITE.
    pub(crate) fn renewal_applied(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(exchange) = call.exchange_mut() else { return };
        let Exchange::Applying(renewal) = *exchange else { return };
        *exchange = Exchange::Idle;
        if renewal.restart {
            call.media.broken = false;
            self.link_whole(now, id);
        }
        self.resend_mute(id);
        if self.is_merged(id) {
            self.merge_goes_on(now);
        }
        self.advance(now, id);
    }

    pub(crate) fn resend_mute(&mut self, id: CallId) {
        if self.calls.get(&id).is_some_and(|call| call.muted || call.hushed) {
            self.tell_media(id, MediaRequest::Mute(true));
        }
    }

    /// The other side refused our re-INVITE: the session is as it was.
    pub(crate) fn reinvite_failed(&mut self, now: Instant, session: SessionId) {
        let Some(id) = self.call_of(session) else { return };
        let Some(exchange) = self.calls.get_mut(&id).and_then(Call::exchange_mut) else { return };
        let Exchange::Inviting(renewal) = *exchange else { return };
        self.renewal_refused(now, id, renewal);
    }

    /// Nothing that the browser could take came of our offer: it goes back to what was agreed.
    fn renewal_refused(&mut self, now: Instant, id: CallId, renewal: Renewal) {
        if let Some(exchange) = self.calls.get_mut(&id).and_then(Call::exchange_mut) {
            *exchange = Exchange::Idle;
        }
        self.ask_media(now, id, MediaRequest::Rollback, Purpose::Rollback);
        self.renewal_failed(now, id, renewal);
    }

    pub(crate) fn renewal_failed(&mut self, now: Instant, id: CallId, renewal: Renewal) {
        if renewal.fresh {
            self.end(now, id, Reason::MediaFailed);
            return;
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        call.media.broken |= renewal.restart;
        let Some(talk) = call.talk_mut() else { return };
        let (wanted_hold, is_held) = (talk.want_held != talk.held.is_some(), talk.held.is_some());
        talk.want_held = talk.held.is_some();
        if renewal.restart {
            self.renew_later(now, id);
        }
        if wanted_hold {
            if is_held {
                self.part(id);
            }
            match is_held {
                true => self.ui.toast(now, Text::of("call.resume.no"), true),
                false => self.stays_live(now, id),
            }
            self.fail_asks(id, Await::Held, Code::WrongState, "The other side refused.");
            self.fail_asks(id, Await::Unheld, Code::WrongState, "The other side refused.");
            self.hold_refused(now, id);
            self.failure_is_clear(id);
        }
    }

    /// The other side offers anew.
    pub(crate) fn offered(&mut self, now: Instant, session: SessionId, offer: &[u8]) {
        let Some(id) = self.call_of(session) else { return };
        let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) else {
            self.command(now, Command::RefuseOffer { session, code: 491 });
            return;
        };
        match talk.exchange {
            Exchange::Idle | Exchange::Applying(_) => {
                talk.exchange = Exchange::Theirs { offer: offer.to_vec() };
                self.answer_offer(now, id, offer);
            }
            Exchange::Offering(_) => talk.exchange = Exchange::Theirs { offer: offer.to_vec() },
            Exchange::Inviting(_) | Exchange::Theirs { .. } | Exchange::Awaiting => {
                self.command(now, Command::RefuseOffer { session, code: 491 });
            }
        }
    }

    pub(crate) fn answer_offer(&mut self, now: Instant, id: CallId, offer: &[u8]) {
        let Some(call) = self.calls.get(&id) else { return };
        let (Some(session), Some(talk)) = (call.session, call.talk()) else { return };
        let send = talk.held.is_none();
        if offer.is_empty() {
            self.ask_media(now, id, MediaRequest::Offer { send, restart: false }, Purpose::LateOffer);
            return;
        }
        match sdp::admit(offer).map(str::to_owned) {
            Ok(offer) => self.ask_media(now, id, MediaRequest::Answer { offer, send }, Purpose::Reanswer),
            Err(_) => {
                self.command(now, Command::RefuseOffer { session, code: 488 });
                self.exchange_over(now, id);
            }
        }
    }

    /// What they offered is off the table.
    pub(crate) fn offer_withdrawn(&mut self, now: Instant, session: SessionId) {
        let Some(id) = self.call_of(session) else { return };
        let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) else { return };
        if let Exchange::Theirs { .. } = talk.exchange {
            self.withdraw_media(id);
            self.exchange_over(now, id);
        }
    }

    fn exchange_over(&mut self, now: Instant, id: CallId) {
        if let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) {
            talk.exchange = Exchange::Idle;
        }
        self.advance(now, id);
    }

    pub(crate) fn reanswer_made(&mut self, now: Instant, id: CallId, sdp: String) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let session = call.session;
        let Some(talk) = call.talk_mut() else { return };
        let Some(session) = session else { return };
        let Exchange::Theirs { offer } = talk.exchange.clone() else { return };
        let looks = std::str::from_utf8(&offer).ok().and_then(sdp::inspect);
        let changed = looks.filter(|looks| looks.held != talk.held_by_them);
        if let Some(looks) = looks {
            (talk.held_by_them, talk.key_tones) = (looks.held, looks.key_tones);
        }
        self.command(now, Command::Answer { session, answer: sdp.into_bytes() });
        if let Some(looks) = changed {
            let kind = if looks.held { "phone:hold" } else { "phone:unhold" };
            self.tell_call(now, id, kind, Extra { by: Some("remote"), ..Extra::default() });
            self.say_their_hold(id);
        }
        self.exchange_over(now, id);
    }

    /// Why nothing is heard, or that it is again: not where the person holds the call themselves, nor while the other phone
    /// calls somebody for a transfer.
    pub(crate) fn say_their_hold(&mut self, id: CallId) {
        let Some(talk) = self.calls.get(&id).and_then(Call::talk) else { return };
        let is_handed_on = talk.transfer.as_ref().is_some_and(|transfer| !transfer.taken_back);
        if talk.held.is_none() && !is_handed_on {
            let text = if talk.held_by_them { "call.theyheld" } else { "say.resumed" };
            self.say_call(id, text);
        }
    }

    pub(crate) fn late_offer_made(&mut self, now: Instant, id: CallId, sdp: String) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let session = call.session;
        let Some(talk) = call.talk_mut() else { return };
        let (Exchange::Theirs { .. }, Some(session)) = (&talk.exchange, session) else { return };
        talk.exchange = Exchange::Awaiting;
        self.command(now, Command::Answer { session, answer: sdp.into_bytes() });
    }

    /// The ACK to a re-INVITE without offer carries the answer to ours.
    pub(crate) fn late_answer(&mut self, now: Instant, id: CallId, body: &[u8]) {
        let answer = sdp::admit(body).ok().map(str::to_owned);
        let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) else { return };
        if talk.exchange != Exchange::Awaiting {
            return;
        }
        talk.exchange = Exchange::Idle;
        let (request, purpose) = match answer {
            Some(answer) => (MediaRequest::Accept { answer, provisional: false }, Purpose::Final),
            None => (MediaRequest::Rollback, Purpose::Rollback),
        };
        self.ask_media(now, id, request, purpose);
    }

    pub(crate) fn mute(&mut self, now: Instant, id: CallId, muted: bool) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.muted == muted {
            return;
        }
        call.muted = muted;
        call.silenced_for = None;
        self.tell_media(id, MediaRequest::Mute(muted));
        self.tell_call(now, id, "phone:muted", Extra { muted: Some(muted), ..Extra::default() });
        self.say_call(id, if muted { "say.muted" } else { "say.unmuted" });
        if !muted {
            self.speaks_to(now, id);
        }
    }
}
