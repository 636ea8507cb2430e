//! What we publish of ourselves (RFC 3903): one event, kept at the server by entity tags, refreshed in time, removed
//! when nothing is to be known any more. The body is opaque here.

use crate::{
    Event, Instant,
    agent::{Purpose, UserAgent},
    digest::Unanswered,
    registration::longer,
    wire::{Message, Method, Uri},
};

/// Seconds asked for.
const EXPIRES: u32 = 3_600;
/// Never asked for more, whatever Min-Expires says: a day.
const MAX_EXPIRES: u32 = 86_400;
/// What failed for now is tried again after this, unless Retry-After says otherwise.
const PUT_OFF: u64 = 60_000;
/// Retry-After is obeyed up to this: one hour.
const MAX_RETRY_AFTER: u64 = 3_600_000;
/// Least time to the next PUBLISH of the same, whatever Expires or Retry-After says, so that no server is hammered.
const AGAIN_AFTER: u64 = 5_000;

/// One published event.
#[derive(Debug)]
pub(crate) struct Publication {
    event: String,
    content_type: String,
    body: Vec<u8>,
    /// The server's last entity tag.
    etag: Option<String>,
    expires: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The body is to be sent, where we are registered.
    Changed { at: Instant },
    /// It is on its way; `again`: it has changed since.
    Sent { again: bool },
    /// The server has it.
    Published { refresh_at: Instant },
    /// It is on its way, and is taken back as soon as its entity tag is known.
    Leaving,
    /// The server will not have it.
    Refused,
}

impl Publication {
    pub(crate) fn poll_timeout(&self, may_send: bool) -> Option<Instant> {
        match self.state {
            State::Changed { at } | State::Published { refresh_at: at } => may_send.then_some(at),
            State::Sent { .. } | State::Leaving | State::Refused => None,
        }
    }
}

impl UserAgent {
    /// [`Command::Publish`](crate::Command::Publish).
    pub(crate) fn publish(&mut self, now: Instant, event: &str, content_type: &str, body: Vec<u8>) {
        let before = self.publication.take();
        let is_sent = matches!(&before, Some(Publication { state: State::Sent { .. }, .. }));
        let state = if is_sent { State::Sent { again: true } } else { State::Changed { at: now } };
        self.publication = Some(Publication {
            event: event.to_owned(),
            content_type: content_type.to_owned(),
            body,
            expires: before.as_ref().map_or(EXPIRES, |before| before.expires),
            etag: before.and_then(|before| before.etag),
            state,
        });
    }

    /// Nothing is to be known of us any more.
    pub(crate) fn unpublish(&mut self, now: Instant) {
        let Some(publication) = self.publication.take().filter(|_| self.is_registered()) else { return };
        match publication {
            Publication { state: State::Sent { .. }, .. } => {
                self.publication = Some(Publication { state: State::Leaving, ..publication });
            }
            Publication { etag: Some(etag), event, .. } => self.take_back(now, &event, &etag),
            Publication { etag: None, .. } => {}
        }
    }

    /// Nobody waits for the answer.
    fn take_back(&mut self, now: Instant, event: &str, etag: &str) {
        let request = self.publish_request(event, 0, Some(etag), None);
        self.send(now, Purpose::Forgotten, request, true);
    }

    /// The first PUBLISH, a change, or a refresh without a body (RFC 3903 §4.3).
    pub(crate) fn publication_timeout(&mut self, now: Instant) {
        let may_send = self.is_registered();
        let Some(publication) = &mut self.publication else { return };
        if publication.poll_timeout(may_send).is_none_or(|at| at > now) {
            return;
        }
        let is_refresh = matches!(publication.state, State::Published { .. }) && publication.etag.is_some();
        publication.state = State::Sent { again: false };
        let (event, expires) = (publication.event.clone(), publication.expires);
        let body = (!is_refresh).then(|| (publication.content_type.clone(), publication.body.clone()));
        let etag = publication.etag.clone();
        let request = self.publish_request(&event, expires, etag.as_deref(), body);
        self.send(now, Purpose::Publish, request, true);
    }

    fn publish_request(
        &mut self,
        event: &str,
        expires: u32,
        etag: Option<&str>,
        body: Option<(String, Vec<u8>)>,
    ) -> Message {
        let target = Uri::sip(Some(&self.config.user), &self.config.domain);
        let mut request = self.new_request(Method::Publish, target);
        request = request.header("Event", event).header("Expires", &expires.to_string());
        if let Some(etag) = etag {
            request = request.header("SIP-If-Match", etag);
        }
        match body {
            Some((content_type, body)) => request.body(&content_type, &body).build(),
            None => request.build(),
        }
    }

    /// A response to PUBLISH.
    pub(crate) fn publish_response(
        &mut self,
        now: Instant,
        response: &Message,
        unanswered: Option<Unanswered>,
    ) {
        let Some((code, _)) = response.status().filter(|(code, _)| *code >= 200) else { return };
        let refresh = self.ids.between(75, 90);
        if let Some(left) = self.publication.take_if(|publication| publication.state == State::Leaving) {
            // A refused change leaves what was published before.
            let fresh = response.header("SIP-ETag").filter(|_| (200..300).contains(&code));
            if let Some(etag) = fresh.map(str::to_owned).or(left.etag) {
                self.take_back(now, &left.event, &etag);
            }
            return;
        }
        let Some(publication) = &mut self.publication else { return };
        let State::Sent { again } = publication.state else { return };
        let retry_after = response.number("Retry-After");
        publication.state = match code {
            200..300 => {
                publication.etag = response.header("SIP-ETag").map(str::to_owned);
                let seconds = response.number("Expires").unwrap_or(publication.expires).min(MAX_EXPIRES);
                let refresh_at = now.after((u64::from(seconds) * 10 * refresh).max(AGAIN_AFTER));
                if again { State::Changed { at: now } } else { State::Published { refresh_at } }
            }
            // The server has forgotten the tag: everything anew (RFC 3903 §4.5).
            412 if publication.etag.take().is_some() => State::Changed { at: now },
            423 => match longer(EXPIRES, publication.expires, response) {
                Some(seconds) => {
                    publication.expires = seconds;
                    State::Changed { at: now }
                }
                None => State::Refused,
            },
            408 | 429 | 480 | 491 | 500 | 502..=504 if unanswered.is_none() => {
                let obeyed = |seconds: u32| (u64::from(seconds) * 1_000).clamp(AGAIN_AFTER, MAX_RETRY_AFTER);
                let wait = retry_after.map(obeyed);
                State::Changed { at: now.after(wait.unwrap_or(PUT_OFF)) }
            }
            _ => State::Refused,
        };
        if publication.state == State::Refused {
            self.tell(Event::PublishRefused { code });
        }
    }

    /// No answer came, or the flow broke: the server may or may not have it, which its next answer tells.
    pub(crate) fn publish_lost(&mut self, at: Instant) {
        if let Some(publication) = &mut self.publication
            && let State::Sent { .. } = publication.state
        {
            publication.state = State::Changed { at };
        }
    }

    /// No answer came within 32 seconds.
    pub(crate) fn publish_silence(&mut self, now: Instant) {
        self.publish_lost(now.after(PUT_OFF));
    }
}
