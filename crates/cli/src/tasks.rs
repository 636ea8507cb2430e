//! What there is to do, step by step: each task ends in a verdict, `Ok` where it works and `Err` where it does not.

use crate::{
    Arguments, Task, Trust,
    ladder::{clean, show},
    line::{Happening, Line},
    options,
    verdict::{self, Facts},
};
use softframe_sip::{
    Cause, Command, Config, ConnectionState, Event, SessionId,
    wire::{Message, Method},
};
use std::time::{Duration, Instant};

/// Who says nothing for so long will not: more than an attempt to connect and one to register take (10 s each).
const PATIENCE: Duration = Duration::from_secs(25);
/// A person takes their time to answer; most servers end it before.
const RINGING: Duration = Duration::from_secs(180);
/// RFC 3261 timer F.
const RESPONSE: Duration = Duration::from_secs(32);
/// A sound that is neither sent nor heard, as a browser would describe it.
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\na=mid:0\r\na=rtcp-mux\r\n\
    a=ice-ufrag:none\r\na=ice-pwd:nobody-will-connect-to-this\r\n\
    a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n\
    a=inactive\r\n";

/// Does what was asked for.
///
/// # Errors
/// The verdict, where it does not work.
pub async fn run(arguments: &Arguments) -> Result<String, String> {
    let trust = arguments.ca.as_deref().map_or_else(Trust::system, Trust::only)?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("There are no random numbers here: {error}."))?;
    let config = Config { instance: uuid(&seed), ..arguments.config.clone() };
    if arguments.task == Task::Options {
        return options::ask(&config, &trust, seed, arguments.is_whole).await;
    }
    let line = Line::new(config.clone(), trust, arguments.is_whole, seed);
    let mut phone = Phone { line, config, facts: Facts::default() };
    let registered = phone.sign_in().await?;
    let verdict = tokio::select! {
        verdict = phone.perform(&arguments.task, registered) => verdict,
        _ = tokio::signal::ctrl_c() => Ok("interrupted".to_owned()),
    };
    phone.sign_out().await;
    verdict
}

/// A UUID of version 4 (RFC 9562 §5.4) from what else is drawn for ids.
fn uuid(seed: &[u8; 32]) -> String {
    let hex: String = seed.iter().skip(16).map(|octet| format!("{octet:02x}")).collect();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

struct Phone {
    line: Line,
    config: Config,
    facts: Facts,
}

impl Phone {
    async fn sign_in(&mut self) -> Result<String, String> {
        self.line.command(Command::Register);
        let mut silent = Vec::new();
        loop {
            let Some(happening) = self.line.next(PATIENCE).await else {
                return Err(format!("no answer from {}", self.config.servers.join(", ")));
            };
            match happening {
                Happening::Request(request) if *request.method() == Method::Register => {
                    self.facts.algorithm = verdict::algorithm(&request);
                }
                Happening::Response(response) if *response.method() == Method::Register => {
                    self.facts.granted = Some(response);
                }
                Happening::Request(_) | Happening::Response(_) => {}
                Happening::Event(Event::Connection(connection)) => match connection.state {
                    ConnectionState::Registered => {
                        let server = self.server(silent.len());
                        let Config { instance, expires, .. } = &self.config;
                        return Ok(verdict::registered(&self.facts, &server, instance, *expires));
                    }
                    ConnectionState::Refused => {
                        return Err(verdict::refused(&connection, &self.config.user, &self.config.domain));
                    }
                    ConnectionState::Reconnecting => {
                        let why = self.line.why.take();
                        silent.push(verdict::unreachable(
                            &connection,
                            why.as_deref(),
                            &self.server(silent.len()),
                        ));
                        if silent.len() >= self.config.servers.len() {
                            return Err(silent.join("\n"));
                        }
                        // Whoever waits for the next server should know why.
                        say(silent.last().map_or("", String::as_str));
                    }
                    ConnectionState::Connecting | ConnectionState::Offline => {}
                },
                Happening::Event(_) => {}
            }
        }
    }

    /// The one that is tried after so many others.
    fn server(&self, failed: usize) -> String {
        self.config.servers.get(failed).cloned().unwrap_or_default()
    }

    async fn sign_out(&mut self) {
        self.line.command(Command::Unregister);
        while let Some(happening) = self.line.next(PATIENCE).await {
            if matches!(happening, Happening::Event(Event::Connection(connection)) if connection.state == ConnectionState::Offline)
            {
                return;
            }
        }
    }

    async fn perform(&mut self, task: &Task, registered: String) -> Result<String, String> {
        match task {
            Task::Register | Task::Options => Ok(registered),
            Task::Call { number, talk } => {
                say(&registered);
                self.call(number, *talk).await
            }
            Task::Listen { code, most } => {
                say(&registered);
                self.listen(*code, *most).await
            }
            Task::Message { number, text } => self.message(number, text).await,
            Task::Trace { most } => {
                say(&registered);
                let end = most.map(|most| Instant::now() + most);
                while self.event_before(end).await.is_some() {}
                Ok("traced".to_owned())
            }
        }
    }

    async fn call(&mut self, number: &str, talk: Duration) -> Result<String, String> {
        let (session, begin) = (self.line.next_session(), Instant::now());
        let (target, offer, headers) = (number.to_owned(), answer_to(&[]).into_bytes(), Vec::new());
        self.line.command(Command::Invite { session, target, offer, headers });
        let mut ringing = None;
        loop {
            match self.event_before(Some(begin + RINGING)).await {
                Some(Event::Progress { .. }) => ringing = ringing.or(Some(begin.elapsed())),
                Some(Event::Accepted { .. }) => break,
                Some(Event::Redirected { session, target }) => {
                    say(&format!("sent on to {}", clean(&target)));
                    self.line.command(Command::Redirect {
                        session,
                        target: Some(target),
                        offer: None,
                        without: Vec::new(),
                    });
                }
                Some(Event::Terminated { cause, .. }) => return Err(verdict::failed(number, &cause)),
                Some(_) => {}
                None => {
                    self.end(session).await;
                    return Err(format!("{number}: no answer in {} s", RINGING.as_secs()));
                }
            }
        }
        let answered = begin.elapsed();
        let rang = ringing.map_or(String::new(), |after| format!("rang after {}, ", verdict::seconds(after)));
        let end = Instant::now() + talk;
        let cause = match self.until_terminated(Some(end)).await {
            Some(cause) => cause,
            None => self.end(session).await.ok_or("the BYE was not answered")?,
        };
        Ok(format!(
            "{number}: {rang}answered after {}, {} after {}",
            verdict::seconds(answered),
            verdict::ended(&cause),
            verdict::seconds(begin.elapsed().saturating_sub(answered))
        ))
    }

    async fn end(&mut self, session: SessionId) -> Option<Cause> {
        self.line.command(Command::Terminate { session, reason: None });
        self.until_terminated(Some(Instant::now() + RESPONSE)).await
    }

    async fn listen(&mut self, code: u16, most: Option<Duration>) -> Result<String, String> {
        let end = most.map(|most| Instant::now() + most);
        let mut caller = String::new();
        loop {
            match self.event_before(end).await {
                Some(Event::Incoming { session, request, .. }) => {
                    caller = request.from().uri.user().unwrap_or_else(|| request.from().uri.to_string());
                    caller = clean(&caller);
                    say(&format!("{caller} calls"));
                    self.answer(session, code, &request);
                }
                Some(Event::Offered { session, offer }) => {
                    self.line.command(Command::Answer { session, answer: answer_to(&offer).into_bytes() });
                }
                Some(Event::Message { request }) => {
                    say(&format!("message: {}", clean(&String::from_utf8_lossy(request.body()))));
                }
                Some(Event::Terminated { cause, .. }) if code < 300 => {
                    return Ok(format!("{caller}: {}", verdict::ended(&cause)));
                }
                Some(Event::Terminated { .. }) => return Ok(format!("{caller}: refused with {code}")),
                Some(_) => {}
                None => return Err("nobody has called".to_owned()),
            }
        }
    }

    fn answer(&mut self, session: SessionId, code: u16, request: &Message) {
        let headers = Vec::new();
        self.line.command(if code < 300 {
            Command::Accept { session, answer: answer_to(request.body()).into_bytes(), headers }
        } else {
            Command::Reject { session, code, headers }
        });
    }

    async fn message(&mut self, number: &str, text: &str) -> Result<String, String> {
        let (target, content_type) = (number.to_owned(), "text/plain;charset=utf-8".to_owned());
        self.line.command(Command::Message { number: None, target, content_type, body: text.into() });
        let end = Instant::now() + RESPONSE;
        let mut last = None;
        while let Some(happening) = self.line.next(end.saturating_duration_since(Instant::now())).await {
            let Happening::Response(response) = happening else { continue };
            let Some((code, phrase)) = response.status().filter(|_| *response.method() == Method::Message)
            else {
                continue;
            };
            let said = format!("{number}: {code} {}", clean(phrase));
            match code {
                100..200 => {}
                // A challenge, which the agent answers by itself where it can.
                401 | 407 => last = Some(said),
                200..300 => return Ok(format!("{said}: the message has arrived")),
                _ => return Err(said),
            }
        }
        Err(last.unwrap_or_else(|| format!("{number}: no answer to the message")))
    }

    /// The next event, while there is time.
    async fn event_before(&mut self, end: Option<Instant>) -> Option<Event> {
        loop {
            let patience = end.map_or(PATIENCE, |end| end.saturating_duration_since(Instant::now()));
            match self.line.next(patience).await {
                Some(Happening::Event(event)) => return Some(event),
                Some(Happening::Request(_) | Happening::Response(_)) => {}
                None if end.is_none() => {}
                None => return None,
            }
        }
    }

    async fn until_terminated(&mut self, end: Option<Instant>) -> Option<Cause> {
        loop {
            match self.event_before(end).await? {
                Event::Terminated { cause, .. } => return Some(cause),
                Event::Offered { session, offer } => {
                    self.line.command(Command::Answer { session, answer: answer_to(&offer).into_bytes() });
                }
                _ => {}
            }
        }
    }
}

/// A line of output.
fn say(line: &str) {
    show(&format!("{line}\n"));
}

/// An answer to an offer of WebRTC; where there is none, an offer.
fn answer_to(offer: &[u8]) -> String {
    let role = if offer.is_empty() { "actpass" } else { "active" };
    format!("{SDP}a=setup:{role}\r\n")
}
