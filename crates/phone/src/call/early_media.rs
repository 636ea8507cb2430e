//! Early media that breaks: ICE starts anew by an UPDATE (RFC 3311) where the other side can take one, else with the
//! answer to the call.
//!
//! It never opens the microphone, and no page is told: what it hears of is the call, which rings on.

use super::{Call, Exchange, Progressing, Purpose, Renewal, State, reconnect::HEAL_MILLIS};
use crate::{CallId, MediaRequest, PeerState, Phone};
use softframe_sip::Instant;

/// How far early media is on its way back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Renewing {
    /// It was not taken up: the browser has taken the answer provisionally.
    #[default]
    No,
    /// It breaks; unless ICE heals it, it is renewed then.
    Due(Instant),
    /// Offered anew: the browser has taken the first answer for good.
    Begun(Exchange),
}

impl Renewing {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Renewing::Due(at) => Some(*at),
            Renewing::No | Renewing::Begun(_) => None,
        }
    }
}

impl Call {
    fn progressing_mut(&mut self) -> Option<&mut Progressing> {
        match &mut self.state {
            State::Progressing(progressing) => Some(progressing),
            _ => None,
        }
    }

    /// The fork whose early media is heard, while the call is not accepted.
    pub(super) fn early_fork(&mut self) -> Option<String> {
        self.progressing_mut()?.early.clone()
    }
}

impl Phone {
    pub(super) fn early_media_broken(&mut self, now: Instant, id: CallId, state: PeerState) {
        let progressing = self.calls.get_mut(&id).and_then(Call::progressing_mut);
        let Some(progressing) = progressing.filter(|progressing| progressing.early.is_some()) else { return };
        let wait = if state == PeerState::Disconnected { HEAL_MILLIS } else { 0 };
        match &mut progressing.renewing {
            renewing @ (Renewing::No | Renewing::Due(_)) => *renewing = Renewing::Due(now.after(wait)),
            // A second time at once, since ICE has had its time to heal.
            Renewing::Begun(Exchange::Idle) if wait == 0 => self.renew_early(now, id),
            Renewing::Begun(_) => {}
        }
        self.early_media_due(now);
    }

    pub(super) fn early_media_back(&mut self, id: CallId) {
        if let Some(progressing) = self.calls.get_mut(&id).and_then(Call::progressing_mut)
            && let Renewing::Due(_) = progressing.renewing
        {
            progressing.renewing = Renewing::No;
        }
    }

    /// Early media that ICE has not healed in time.
    pub(crate) fn early_media_due(&mut self, now: Instant) {
        let due = |call: &Call| match &call.state {
            State::Progressing(progressing) => progressing.renewing.deadline().is_some_and(|at| at <= now),
            _ => false,
        };
        let ids: Vec<CallId> = self.calls.values().filter(|call| due(call)).map(|call| call.id).collect();
        for id in ids {
            self.renew_early(now, id);
        }
    }

    /// A browser makes no offer beside an answer that it holds for provisional, so it takes that for good first.
    fn renew_early(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let Some(session) = call.session else { return };
        let Some(progressing) = call.progressing_mut() else { return };
        let Some(fork) = &progressing.early else { return };
        let takes_update = self.agent.as_ref().is_some_and(|agent| agent.takes_update(session, fork));
        let is_settled = matches!(progressing.renewing, Renewing::Begun(_));
        if !takes_update {
            if !is_settled {
                progressing.renewing = Renewing::No;
            }
            return;
        }
        let answer = progressing.answers.iter().find(|(known, _)| known == fork).map(|(_, sdp)| sdp.clone());
        let renewal = Renewal { hold: false, restart: true, fresh: false };
        progressing.renewing = Renewing::Begun(Exchange::Offering(renewal));
        // A fresh peer has new ICE anyway.
        let restart = !self.replace_dead_peer(id);
        if let Some(answer) = answer.filter(|_| restart && !is_settled) {
            self.ask_media(now, id, MediaRequest::Settle { answer }, Purpose::Early);
        }
        self.ask_media(now, id, MediaRequest::Offer { send: true, restart }, Purpose::Reinvite);
    }

    /// Accepted, with this answer: what was offered in the meantime goes on where it stands.
    pub(super) fn take_answer(&mut self, now: Instant, id: CallId, answer: String, renewing: Renewing) {
        let Renewing::Begun(exchange) = renewing else {
            let accept = MediaRequest::Accept { answer, provisional: false };
            return self.ask_media(now, id, accept, Purpose::Final);
        };
        if let Some(talk) = self.calls.get_mut(&id).and_then(Call::talk_mut) {
            talk.exchange = exchange;
        }
        self.tell_media(id, MediaRequest::Agreed);
        self.advance(now, id);
    }
}
