//! Session timers (RFC 4028): who refreshes a session, when, and when one that nobody refreshes is over. A refresh is an
//! UPDATE where the other side takes it, else a re-INVITE that the phone must make. Never looks into a description.

use super::Session;
use crate::{
    EndedBy, Event, Instant, SessionId,
    agent::{Purpose, UserAgent},
    wire::{Edit, Message, Method, Refresher, ResponseBuilder, SessionExpires, StatusCode},
};

/// Asked for in our INVITEs, in seconds (RFC 4028 §4 recommends it).
pub(crate) const SESSION_EXPIRES: u32 = 1_800;
/// The shortest we take (RFC 4028 §4), in seconds.
const MIN_SE: u32 = 90;
/// The longest we wait, whatever is agreed: a day.
const MAX_SESSION_EXPIRES: u32 = 86_400;
/// A server that goes below its own minimum is obeyed down to this, so that refreshes are no storm.
const SHORTEST: u32 = 10;
/// A refresh that could not be made or was refused is tried again after this, in milliseconds.
const AGAIN: u64 = 10_000;

/// The timer of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SessionTimer {
    seconds: u32,
    /// Whether refreshing is our part.
    is_ours: bool,
    /// When a refresh of ours is due; `None` while one is in the air, or where it is theirs.
    refresh_at: Option<Instant>,
    /// RFC 4028 §10: somewhat before the interval ends, so that the BYE is in time.
    ends_at: Instant,
}

impl SessionTimer {
    fn new(now: Instant, seconds: u32, is_ours: bool) -> SessionTimer {
        let seconds = seconds.clamp(SHORTEST, MAX_SESSION_EXPIRES);
        let interval = u64::from(seconds) * 1_000;
        SessionTimer {
            seconds,
            is_ours,
            refresh_at: is_ours.then(|| now.after(interval / 2)),
            ends_at: now.after(interval - (interval / 3).min(32_000)),
        }
    }

    /// From a 2xx to an INVITE or UPDATE of ours; `None`: it has none.
    pub(crate) fn of_response(now: Instant, response: &Message) -> Option<SessionTimer> {
        let SessionExpires { seconds, refresher } = asked(response)?;
        Some(SessionTimer::new(now, seconds, refresher != Some(Refresher::Uas)))
    }

    /// What an INVITE or UPDATE of theirs makes of it, once it is accepted.
    pub(crate) fn of_request(now: Instant, request: &Message) -> Option<SessionTimer> {
        let SessionExpires { seconds, refresher } = asked(request)?;
        // RFC 4028 §9 table 2: who does not know the extension cannot refresh.
        let is_ours = !request.lists("Supported", "timer") || refresher == Some(Refresher::Uas);
        Some(SessionTimer::new(now, seconds, is_ours))
    }

    /// The same in our 2xx.
    pub(crate) fn answer(request: &Message, builder: ResponseBuilder) -> ResponseBuilder {
        let Some(timer) = SessionTimer::of_request(Instant(0), request) else { return builder };
        let refresher = Some(if timer.is_ours { Refresher::Uas } else { Refresher::Uac });
        let granted = SessionExpires { seconds: timer.seconds, refresher };
        let builder = builder.header("Session-Expires", &granted.to_string());
        if timer.is_ours { builder } else { builder.header("Require", "timer") }
    }

    /// The value for a request of ours inside the session.
    pub(crate) fn value(&self) -> String {
        let refresher = Some(if self.is_ours { Refresher::Uac } else { Refresher::Uas });
        SessionExpires { seconds: self.seconds, refresher }.to_string()
    }

    /// Tries again soon: the refresh failed or could not be made.
    pub(crate) fn put_off(&mut self, now: Instant) {
        if self.is_ours {
            self.refresh_at = Some(now.after(AGAIN));
        }
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        self.refresh_at.unwrap_or(self.ends_at).min(self.ends_at)
    }
}

/// Session-Expires, if it can be read.
fn asked(message: &Message) -> Option<SessionExpires> {
    SessionExpires::parse(message.header("Session-Expires")?).ok()
}

/// Whether an INVITE or UPDATE asks for less than we take (422).
pub(crate) fn is_too_brief(request: &Message) -> bool {
    asked(request).is_some_and(|asked| asked.seconds < MIN_SE)
}

/// Adds Min-SE to a 422.
pub(crate) fn too_brief(builder: ResponseBuilder) -> ResponseBuilder {
    builder.header("Min-SE", &MIN_SE.to_string())
}

/// A request that got this 422 with a longer interval (RFC 4028 §7.3); `None` if that would change nothing. Each server
/// on the way may have its own minimum; from the second one on the interval at least doubles, so that there is an end.
pub(crate) fn longer(request: &Message, response: &Message) -> Option<Edit> {
    let SessionExpires { seconds: before, refresher } = asked(request)?;
    let wanted =
        response.number("Min-SE").filter(|wanted| (before + 1..=MAX_SESSION_EXPIRES).contains(wanted))?;
    let least = if request.header("Min-SE").is_some() { before.saturating_mul(2) } else { wanted };
    let seconds = wanted.max(least).min(MAX_SESSION_EXPIRES);
    let value = SessionExpires { seconds, refresher }.to_string();
    Some(request.edit().set("Session-Expires", &value).set("Min-SE", &seconds.to_string()))
}

impl UserAgent {
    /// A refresh is due, or the session is over.
    pub(super) fn timer_timeout(&mut self, now: Instant, session: SessionId) {
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else { return };
        let Some(timer) = confirmed.timer.as_mut().filter(|timer| timer.poll_timeout() <= now) else {
            return;
        };
        if timer.ends_at <= now {
            let dialog = confirmed.dialog.clone();
            self.end_their_offer(now, session);
            self.terminated(session, EndedBy::Network, 408, "The session was not refreshed.", None);
            let text = "Session timer expired".to_owned();
            let reason = crate::Reason { protocol: "SIP".to_owned(), cause: 408, text };
            return self.send_bye(now, dialog, Some(reason.to_string()));
        }
        timer.put_off(now);
        match (self.reaches_dialogs(), self.refreshes_by_update(session)) {
            (true, true) => self.send_update(now, session),
            (true, false) => self.tell(Event::Refresh { session }),
            (false, _) => {}
        }
    }

    fn refreshes_by_update(&self, session: SessionId) -> bool {
        matches!(self.sessions.get(&session), Some(Session::Confirmed(confirmed)) if confirmed.takes_update)
    }

    /// UPDATE without an offer: nothing but the timer and our Contact.
    fn send_update(&mut self, now: Instant, session: SessionId) {
        let (via, contact) = (self.via(), self.contact_of(session));
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else { return };
        let Some(timer) = &mut confirmed.timer else { return };
        timer.refresh_at = None;
        let value = timer.value();
        let builder = confirmed.dialog.request(Method::Update, via).header("Contact", &contact);
        let builder = builder.header("Session-Expires", &value).header("Supported", crate::agent::SUPPORTED);
        let request = builder.header("User-Agent", &self.config.user_agent).build();
        let is_ours = confirmed.dialog.is_ours;
        self.send(now, Purpose::Update(session), request, is_ours);
    }

    /// A final response to our UPDATE.
    pub(crate) fn update_response(&mut self, now: Instant, session: SessionId, response: &Message) {
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else { return };
        match response.status() {
            Some((200..300, _)) => {
                confirmed.dialog.refresh_target(response);
                confirmed.timer = SessionTimer::of_response(now, response);
            }
            Some((code @ (408 | 481), _)) => self.vanished(now, session, code, response),
            Some((300.., _)) => self.update_failed(now, session, response.status_code()),
            Some(_) | None => {}
        }
    }

    /// Our UPDATE was refused, or its flow broke: the session is as it was, and has until its end.
    pub(crate) fn update_failed(&mut self, now: Instant, session: SessionId, status: Option<StatusCode>) {
        let Some(Session::Confirmed(confirmed)) = self.sessions.get_mut(&session) else { return };
        // Whatever it has against UPDATE, it may take a re-INVITE; not so what asks for patience or a password, or says
        // that the other side is away for a moment (RFC 5626 §5.3.1: 430).
        if status.is_some_and(|status| ![401, 407, 430, 480, 491, 500, 503].contains(&status.code())) {
            confirmed.takes_update = false;
        }
        if let Some(timer) = &mut confirmed.timer {
            timer.put_off(now);
        }
    }
}
