//! XiVO's `Cti` (protocol.md 4): frames of its clients in, commands of the native protocol out, and events of the phone
//! told in its words.
//!
//! It holds no call logic and sees no SIP header. Frames come from the page or through the gateway, and are answered by the
//! way they came. Hints and the order of the opening are each socket's own, everything else is told to all.

mod frame;
mod said;
mod socket;
mod speak;
mod status;

use crate::{
    CallId, Phone,
    account::Account,
    bridge::{self, Ask, Click2Call, Code, Command},
    call::{Call, Direction},
    data::Variables,
    dial,
};
use frame::{Whom, Wish};
use said::{Call as SaidCall, PhoneEvent, Told};
use serde_json::Value;
use socket::{Socket, SocketId};
use softframe_sip::Instant;

/// Octets of one frame of a client: the longest is a list of numbers to watch.
const MAX_FRAME_OCTETS: usize = 64 * 1024;

/// `xivo:open`, `xivo:frame` and `xivo:close`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    /// The client's name for its socket.
    pub(crate) socket: String,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    Open,
    Frame(String),
    Close,
}

/// Where a command came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    socket: SocketId,
    /// The call that was to be made; if it cannot be, this is told as a call that failed.
    attempt: Option<Attempt>,
}

#[derive(Clone, Debug, PartialEq)]
struct Attempt {
    to: String,
    variables: Variables,
    /// Seconds since 1970.
    at: u64,
}

/// The clients, and what they know.
#[derive(Default)]
pub(crate) struct Xivo {
    sockets: Vec<Socket>,
    legs: Vec<Leg>,
    /// Ids of legs so far.
    last_leg: u64,
    told: Option<Told>,
}

/// A call as clients know it.
struct Leg {
    call: CallId,
    linked: String,
    unique: String,
    /// What was said of it last.
    event: &'static str,
}

impl Phone {
    /// A client opens its socket, says something, or leaves. `held`: it came before the page was trusted.
    pub(crate) fn xivo_message(&mut self, now: Instant, ask: Ask, message: Message, held: bool) {
        let Message { socket: name, what } = message;
        let client = match &ask.asker {
            Some(super::Asker::Client(client)) => Some(client.clone()),
            Some(super::Asker::Xivo(_)) | None => None,
        };
        let socket = SocketId { client, name };
        match what {
            What::Open => self.xivo_open(now, socket),
            What::Close => self.xivo_closed(now, &socket),
            What::Frame(text) => self.xivo_frame(now, socket, &text, held),
        }
        self.answer_ask(Some(ask), serde_json::json!({}));
    }

    fn xivo_frame(&mut self, now: Instant, socket: SocketId, text: &str, held: bool) {
        if self.xivo.socket_mut(&socket).is_none() {
            // The phone has forgotten it in a restart: the client is let in again.
            self.xivo_open(now, socket.clone());
            if self.xivo.socket_mut(&socket).is_none() {
                return;
            }
        }
        let is_readable = text.len() <= MAX_FRAME_OCTETS && bridge::depth(text) <= bridge::MAX_DEPTH;
        let read = is_readable.then(|| frame::read(text)).flatten();
        let Some((name, wish)) = read else {
            return self.xivo_error(&socket, "", "BadRequest");
        };
        match wish {
            Wish::Ping => self.xivo_say(&socket, "ping", "{}"),
            _ if !matches!(self.account, Account::SignedIn { .. }) => {
                let attempt = self.attempt(now, &wish);
                self.xivo_failed(Asked { socket, attempt }, &name, Code::NotLogged);
            }
            Wish::Calls => self.xivo_calls(&socket),
            Wish::Watch(numbers) => self.xivo_watch(now, &socket, &name, &numbers),
            Wish::WatchNone => {
                if let Some(socket) = self.xivo.socket_mut(&socket) {
                    socket.hints.clear();
                }
                self.unwatch_unwanted(now);
            }
            Wish::LookUp(term) => self.xivo_look_up(&socket, &term),
            Wish::Line => self.xivo_line(&socket),
            Wish::SetData(variables) => self.xivo_set_data(now, socket, name, &variables, held),
            Wish::Wrong(code) => self.xivo_failed(Asked { socket, attempt: None }, &name, code),
            wish => {
                let attempt = self.attempt(now, &wish);
                let asked = Asked { socket, attempt };
                match self.native(wish) {
                    Ok(command) => {
                        let ask = Ask { id: None, command: name, asker: Some(super::Asker::Xivo(asked)) };
                        self.run_command(now, ask, command, held);
                    }
                    Err(code) => {
                        // The page learns that this can never work.
                        if asked.attempt.is_some() {
                            self.xivo_error(&asked.socket, &name, &said::error_name(code));
                        }
                        self.xivo_failed(asked, &name, code);
                    }
                }
            }
        }
    }

    /// The call that this wish would make.
    fn attempt(&self, now: Instant, wish: &Wish) -> Option<Attempt> {
        let Wish::Dial { to, variables, .. } = wish else { return None };
        Some(Attempt { to: to.clone(), variables: variables.clone(), at: self.clock.wall(now) / 1_000 })
    }

    /// A wish as a command of the native protocol.
    fn native(&self, wish: Wish) -> Result<Command, Code> {
        Ok(match wish {
            Wish::Dial { whom, to, variables } => Command::Click2Call(Click2Call {
                number: if whom == Whom::User { self.user_address(&to) } else { to },
                auto_dial: true,
                from: None,
                user_data: None,
                variables,
                headers: Vec::new(),
                reference: None,
                via: match whom {
                    Whom::Number | Whom::User => None,
                    Whom::NumberFromMobile => {
                        Some(self.config.xivo.mobile_number.clone().ok_or(Code::NotSupported)?)
                    }
                },
            }),
            Wish::Answer(id) => Command::Answer { call: self.labelled(id)? },
            Wish::Hangup(id) => Command::Hangup { call: self.labelled(id)?.or_else(|| self.only_call()) },
            Wish::Hold(id) => {
                let named = id.map(|id| self.leg_call(&id).ok_or(Code::NoSuchCall)).transpose()?;
                let call = named.or_else(|| self.active_call()).and_then(|id| self.calls.get(&id));
                let call = call.ok_or(Code::NoSuchCall)?;
                let is_held = call.talk().is_some_and(|talk| talk.want_held);
                Command::Hold { call: Some(call.label.clone()), hold: !is_held }
            }
            Wish::Microphone(id) => {
                let named = id.map(|id| self.leg_call(&id).ok_or(Code::NoSuchCall)).transpose()?;
                let call = named.or_else(|| self.active_call()).and_then(|id| self.calls.get(&id));
                let call = call.ok_or(Code::NoSuchCall)?;
                Command::Mute { call: Some(call.label.clone()), mute: !call.muted }
            }
            Wish::Native(command) => command,
            Wish::Wrong(code) => return Err(code),
            Wish::Ping
            | Wish::Calls
            | Wish::Watch(_)
            | Wish::WatchNone
            | Wish::LookUp(_)
            | Wish::Line
            | Wish::SetData(_) => return Err(Code::Internal),
        })
    }

    /// The first number of the contact with this user name; else the user of our own domain, and whether addresses may be
    /// dialled is the operator's to say.
    fn user_address(&self, name: &str) -> String {
        let known = self.contacts.by_username(name).and_then(|hit| hit.contact.phones.into_iter().next());
        if let Some(phone) = known {
            return phone.number;
        }
        let domain = self.identity().map(|identity| identity.domain.as_str()).unwrap_or_default();
        format!("sip:{name}@{domain}")
    }

    /// The native id of the call that a client names.
    fn labelled(&self, id: Option<String>) -> Result<Option<String>, Code> {
        let Some(id) = id else { return Ok(None) };
        let call = self.leg_call(&id).and_then(|id| self.calls.get(&id));
        call.map(|call| Some(call.label.clone())).ok_or(Code::NoSuchCall)
    }

    fn leg_call(&self, id: &str) -> Option<CallId> {
        let by_unique = self.xivo.legs.iter().find(|leg| leg.unique == id);
        by_unique.or_else(|| self.xivo.legs.iter().find(|leg| leg.linked == id)).map(|leg| leg.call)
    }

    /// Who hangs up and names no call may mean one that rings, if there is nothing else to hang up.
    fn only_call(&self) -> Option<String> {
        let only = self.calls.values().next().filter(|_| self.calls.len() == 1)?;
        Some(only.label.clone())
    }

    fn xivo_watch(&mut self, now: Instant, socket: &SocketId, name: &str, numbers: &[String]) {
        let cleaned: Option<Vec<String>> =
            numbers.iter().map(|number| dial::clean_number(number, false).ok()).collect();
        let Some(numbers) = cleaned else { return self.xivo_error(socket, name, "InvalidNumber") };
        if !self.watch_also(now, &numbers) {
            return self.xivo_error(socket, name, "TooLarge");
        }
        if let Some(socket) = self.xivo.socket_mut(socket) {
            for number in &numbers {
                if !socket.hints.contains(number) {
                    socket.hints.push(number.clone());
                }
            }
        }
        for number in numbers {
            if let Some(code) = self.known_hint(&number) {
                self.xivo_say_hint(socket, &number, code);
            }
        }
    }

    /// Data of a client is that of all calls.
    fn xivo_set_data(
        &mut self,
        now: Instant,
        socket: SocketId,
        name: String,
        variables: &Variables,
        held: bool,
    ) {
        let ids = self.xivo.legs.iter().filter_map(|leg| self.calls.get(&leg.call));
        let labels: Vec<String> = ids.map(|call| call.label.clone()).collect();
        if labels.is_empty() {
            return self.xivo_error(&socket, &name, &said::error_name(Code::NoSuchCall));
        }
        for label in labels {
            let asked = Asked { socket: socket.clone(), attempt: None };
            let ask = Ask { id: None, command: name.clone(), asker: Some(super::Asker::Xivo(asked)) };
            let command = Command::SetData { call: Some(label), variables: variables.clone() };
            self.run_command(now, ask, command, held);
        }
    }

    /// A number that is watched has changed.
    pub(crate) fn xivo_hint(&mut self, number: &str, code: i16) {
        let wants = |socket: &&Socket| socket.hints.iter().any(|wanted| wanted == number);
        let ids: Vec<SocketId> =
            self.xivo.sockets.iter().filter(wants).map(|socket| socket.id.clone()).collect();
        for id in ids {
            self.xivo_say_hint(&id, number, code);
        }
    }

    /// Something of a call was told natively.
    pub(crate) fn xivo_call(&mut self, id: CallId, kind: &str, how: Option<&'static str>) {
        let onward = self.calls.get(&id).is_some_and(|call| call.onward.is_some());
        let event = match (kind, how) {
            // The person's other telephone has answered, but not who they want to speak with.
            ("phone:accepted", _) if onward => return,
            ("phone:transfer", Some("done")) if onward => "EventEstablished",
            ("phone:calling", _) => "EventDialing",
            ("phone:ringing", _) => "EventRinging",
            ("phone:accepted", _) | ("phone:unhold", Some("local")) => "EventEstablished",
            ("phone:hold", Some("local")) => "EventOnHold",
            ("phone:terminated", _) => "EventReleased",
            _ => return,
        };
        let Some(call) = self.calls.get(&id) else { return };
        match self.xivo.legs.iter_mut().find(|leg| leg.call == id) {
            Some(leg) => leg.event = event,
            None => {
                self.xivo.last_leg += 1;
                let own = format!("{}.{}", call.date / 1_000, self.xivo.last_leg);
                let unique = call.facts.unique_id.clone().unwrap_or_else(|| own.clone());
                let linked = call.facts.linked_id.clone().unwrap_or(own);
                self.xivo.legs.push(Leg { call: id, linked, unique, event });
            }
        }
        if let Some(said) = self.phone_event(id) {
            let data = bridge::json(&said);
            for socket in self.xivo.open() {
                self.xivo_say(&socket, "PhoneEvent", &data);
            }
        }
        if event == "EventReleased" {
            self.xivo.legs.retain(|leg| leg.call != id);
        }
    }

    fn phone_event(&self, id: CallId) -> Option<PhoneEvent> {
        let leg = self.xivo.legs.iter().find(|leg| leg.call == id)?;
        let call = self.calls.get(&id)?;
        let name = call.matches.first().map(|hit| hit.contact.name.clone());
        Some(PhoneEvent {
            event_type: leg.event,
            dn: self.extension(),
            other_dn: said::user_part(call.onward.as_deref().unwrap_or(call.number())).to_owned(),
            other_d_name: name.unwrap_or_else(|| call.facts.display_name.clone()),
            linked_id: leg.linked.clone(),
            unique_id: leg.unique.clone(),
            queue_name: Some(call.facts.queue.clone()).filter(|queue| !queue.is_empty()),
            call_direction: match call.direction {
                Direction::Inbound => "Incoming",
                Direction::Outbound => "Outgoing",
            },
            user_data: self.attached_data(call),
            username: call.matches.first().and_then(|hit| hit.contact.username.clone()),
        })
    }

    fn attached_data(&self, call: &Call) -> serde_json::Map<String, Value> {
        let identity = self.identity();
        let inbound = call.direction == Direction::Inbound;
        let (from, to) = match &call.onward {
            Some(onward) => (&call.to, onward),
            None => (&call.from, &call.to),
        };
        said::user_data(&SaidCall {
            from,
            to,
            sip_call_id: &call.facts.sip_call_id,
            attached: &call.facts.attached,
            variables: call.user_data.as_ref(),
            called_person: identity.and_then(|identity| identity.display_name.as_deref()).filter(|_| inbound),
            config: &self.config.xivo,
        })
    }

    fn xivo_calls(&mut self, socket: &SocketId) {
        let ids: Vec<CallId> = self.xivo.legs.iter().map(|leg| leg.call).collect();
        let events: Vec<PhoneEvent> = ids.into_iter().filter_map(|id| self.phone_event(id)).collect();
        self.xivo_say(socket, "CurrentCallsPhoneEvents", &bridge::json(&said::Calls { events }));
    }

    /// A command of a client could not be done.
    pub(crate) fn xivo_failed(&mut self, asked: Asked, command: &str, code: Code) {
        // The person is asked; the call may still be made.
        let attempt = asked.attempt.filter(|_| code != Code::NeedsConfirmation);
        let Some(attempt) = attempt else {
            return self.xivo_error(&asked.socket, command, &said::error_name(code));
        };
        self.xivo.last_leg += 1;
        let id = format!("{}.{}", attempt.at, self.xivo.last_leg);
        let own = self.extension();
        let mut shown = None;
        attempt.variables.show_in(&mut shown);
        let data = bridge::json(&PhoneEvent {
            event_type: "EventFailure",
            user_data: said::user_data(&SaidCall {
                from: &own,
                to: &attempt.to,
                sip_call_id: "",
                attached: &[],
                variables: shown.as_ref(),
                called_person: None,
                config: &self.config.xivo,
            }),
            dn: own,
            other_dn: attempt.to,
            other_d_name: String::new(),
            linked_id: id.clone(),
            unique_id: id,
            queue_name: None,
            call_direction: "Outgoing",
            username: None,
        });
        self.xivo_say(&asked.socket, "PhoneEvent", &data);
    }
}
