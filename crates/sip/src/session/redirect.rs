//! Redirections of our INVITE (RFC 3261 §8.1.3.4): the addresses of a 3xx one after the other, best first, none twice,
//! whatever each is refused with; of all refusals the best is told (§16.7). Never goes anywhere by itself: whoever wanted
//! the call decides on each address.

use super::Session;
use crate::{
    Cause, EndedBy, Event, Instant, SessionId,
    agent::{Purpose, UserAgent, reason_of},
    digest::Attempt,
    wire::{Message, Uri, number, split_once},
};

/// Addresses tried or waiting for one call: more is a loop, or no person's patience.
const MAX_TARGETS: usize = 8;

/// Where our INVITE may still go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Onward {
    /// Not tried, the best last.
    targets: Vec<String>,
    /// Asked about or waiting; the first is the one that was called.
    seen: Vec<String>,
    /// Where the INVITE went: what was decided on an address may be the same for two of them.
    dialled: Vec<Uri>,
    /// The best refusal so far.
    refusal: Option<Cause>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The INVITE is in the air.
    #[default]
    Dialling,
    /// An address waits for a decision.
    Asking,
}

impl Onward {
    pub(super) fn new(target: Uri) -> Onward {
        Onward { seen: vec![target.to_string()], dialled: vec![target], ..Onward::default() }
    }

    /// Of two equally good refusals the later one is told: its target came later in the order.
    fn note(&mut self, refusal: Cause) {
        let best = self.refusal.as_ref().map_or(u8::MAX, |best| rank(best.code));
        if rank(refusal.code) <= best {
            self.refusal = Some(refusal);
        }
    }

    /// Takes what a 3xx names, by its q, before what was known.
    fn take(&mut self, response: &Message) {
        let mut named: Vec<(u32, String)> = Vec::new();
        for contact in response.addresses("Contact").filter(|contact| contact.uri.is_sip()) {
            let quality = quality(contact.params.get("q"));
            // Of equals the one named first is tried first.
            let behind = named.iter().take_while(|(known, _)| *known >= quality).count();
            named.insert(behind, (quality, contact.uri.without_headers().to_string()));
        }
        let mut fresh = Vec::new();
        for (_, target) in named {
            if self.seen.len() < MAX_TARGETS && !self.seen.contains(&target) {
                self.seen.push(target.clone());
                fresh.push(target);
            }
        }
        self.targets.extend(fresh.into_iter().rev());
    }
}

/// The order of RFC 3261 §16.7: 6xx, then by class, and of each class last what says least. A redirection is last of all
/// and not first: there is nobody behind us who could follow it.
fn rank(code: u16) -> u8 {
    match code {
        600.. => 0,
        408 => 2,
        400..500 => 1,
        503 => 4,
        500..600 => 3,
        ..400 => 5,
    }
}

/// Whether an INVITE to one would be an INVITE to the other: as far as RFC 3261 §19.1.4 matters among targets.
fn is_same(one: &Uri, other: &Uri) -> bool {
    one.same_place(other) && one.params().to_string().eq_ignore_ascii_case(&other.params().to_string())
}

/// `q` in thousandths; 1 where there is none, or none that can be read (RFC 3261 §20.10).
fn quality(q: Option<&str>) -> u32 {
    let Some(q) = q.map(str::trim_ascii) else { return 1_000 };
    let (whole, fraction) = split_once(q, b'.').unwrap_or((q, ""));
    let thousandths = format!("{whole}{fraction}000");
    thousandths.get(..4).and_then(number).unwrap_or(1_000).min(1_000)
}

impl UserAgent {
    /// A final response of 300 to 699 to the INVITE that opens a session.
    pub(super) fn refused(&mut self, session: SessionId, response: &Message) {
        let Some(Session::Inviting { onward, .. }) = self.sessions.get_mut(&session) else { return };
        let Some((code, phrase)) = response.status() else { return };
        match code {
            300..400 => onward.take(response),
            // Nobody anywhere wants it (RFC 3261 §21.6).
            600.. => onward.targets.clear(),
            _ => {}
        }
        let (phrase, reason) = (phrase.to_owned(), reason_of(response));
        let retry_after = response.number("Retry-After");
        let refusal = Some(response.clone());
        onward.note(Cause { ended_by: EndedBy::Remote, code, phrase, reason, retry_after, refusal });
        self.go_onward(session);
    }

    /// No response came to the INVITE that opens a session: that counts as 408 (RFC 3261 §8.1.3.1).
    pub(crate) fn silent(&mut self, session: SessionId) {
        let Some(Session::Inviting { onward, .. }) = self.sessions.get_mut(&session) else { return };
        let phrase = "The server does not answer.".to_owned();
        let (ended_by, code) = (EndedBy::Network, 408);
        onward.note(Cause { ended_by, code, phrase, reason: None, retry_after: None, refusal: None });
        self.go_onward(session);
    }

    /// Asks about the next address, or ends the session.
    fn go_onward(&mut self, session: SessionId) {
        let Some(Session::Inviting { forks, .. }) = self.sessions.get_mut(&session) else { return };
        let gone = std::mem::take(forks);
        self.late.leave(&gone);
        self.offers_dropped(session, &gone);
        let Some(Session::Inviting { onward, .. }) = self.sessions.get_mut(&session) else { return };
        if let Some(target) = onward.targets.pop() {
            onward.stage = Stage::Asking;
            return self.tell(Event::Redirected { session, target });
        }
        if let Some(cause) = onward.refusal.take() {
            self.ended(session, cause);
        }
    }

    /// [`Command::Redirect`](crate::Command::Redirect).
    pub(crate) fn redirect(
        &mut self,
        now: Instant,
        session: SessionId,
        target: Option<&str>,
        offer: Option<&[u8]>,
        without: &[String],
    ) {
        let target = target.and_then(|target| self.target(target)).filter(|_| self.is_registered());
        let Some(Session::Inviting { onward, invite, .. }) = self.sessions.get_mut(&session) else { return };
        if onward.stage != Stage::Asking {
            return;
        }
        if let Some(offer) = offer {
            // Also for the targets after this one: what was offered before is answered.
            **invite = invite.edit().body("application/sdp", offer).finish();
        }
        if !without.is_empty() {
            **invite = without.iter().fold(invite.edit(), |edit, name| edit.remove(name)).finish();
        }
        let known = |target: &Uri| onward.dialled.iter().any(|dialled| is_same(dialled, target));
        let Some(target) = target.filter(|target| !known(target)) else { return self.go_onward(session) };
        onward.stage = Stage::Dialling;
        onward.dialled.push(target.clone());
        let moved = invite.edit().uri(target).finish();
        let edit = moved.edit();
        self.send_again(now, &Purpose::Invite(session), &moved, edit, Some(Attempt::default()));
    }
}

#[cfg(test)]
mod tests {
    use super::quality;

    #[test]
    fn qualities_are_read_in_thousandths_and_bad_ones_count_as_none() {
        for (q, expected) in [
            (None, 1_000),
            (Some("1"), 1_000),
            (Some("1.0"), 1_000),
            (Some("0.7"), 700),
            (Some(" 0.75 "), 750),
            (Some("0.001"), 1),
            (Some("0.0019"), 1),
            (Some("0"), 0),
            (Some("7"), 1_000),
            (Some(""), 1_000),
            (Some("high"), 1_000),
            (Some("ñ.ñ"), 1_000),
        ] {
            assert_eq!(quality(q), expected, "{q:?}");
        }
    }
}
