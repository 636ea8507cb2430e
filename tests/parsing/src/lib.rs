//! What `cargo xtask bench` times beside JsSIP and SIP.js, one message read, one challenge answered; and, weighed as a
//! module of its own, all of softframe-sip.
//!
//! It does as much as they do when a message comes: their parsers read From, To, Via, CSeq, Contact, Record-Route and a
//! challenge at once, so these are read here, too, though the widget reads the last three when it needs them.

use softframe_sip::{
    Command, Config, Ids, Input, Instant, Secret, UserAgent,
    digest::{Attempt, Credentials},
    wire::{AuthValue, Frame, Message, Method},
};
use std::hint::black_box;
use wasm_bindgen::prelude::wasm_bindgen;

/// The Call-ID of a message after all of it was read; empty if it is none.
#[wasm_bindgen]
pub fn call_id(text: String) -> String {
    message(text).map(|message| message.call_id().to_owned()).unwrap_or_default()
}

/// Reads a message as it comes from the socket; how many values were read, 0 if it is none.
#[wasm_bindgen]
pub fn read(text: String) -> usize {
    let Some(message) = message(text) else { return 0 };
    let addresses = message.addresses("Contact").count() + message.addresses("Record-Route").count();
    let challenge = message.header("WWW-Authenticate").map(AuthValue::parse);
    message.headers().count() + addresses + usize::from(challenge.is_some_and(|value| value.is_ok()))
}

fn message(text: String) -> Option<Message> {
    match Frame::read(text.into_bytes()) {
        Frame::Message(message) => Some(*message),
        Frame::Ping | Frame::Pong | Frame::Malformed(_) => None,
    }
}

/// A challenge that was read, to be answered again and again.
#[wasm_bindgen]
pub struct Challenge {
    response: Option<Message>,
    ids: Ids,
}

#[wasm_bindgen]
impl Challenge {
    /// From a 401.
    #[wasm_bindgen(constructor)]
    pub fn new(text: String) -> Challenge {
        Challenge { response: message(text), ids: Ids::new([7; 32]) }
    }

    /// The value of Authorization for a REGISTER, made from the password; empty if there is no answer.
    pub fn answer(&mut self, user: &str, password: &str, uri: &str) -> String {
        let mut credentials = Credentials::new(user, Secret::Password(password.to_owned()));
        let Some(response) = &self.response else { return String::new() };
        if credentials.challenged(response, &mut Attempt::default()).is_err() {
            return String::new();
        }
        let headers = credentials.authorize(&mut self.ids, &Method::Register, uri, &[]);
        headers.into_iter().next().map(|(_, value)| value).unwrap_or_default()
    }
}

/// Reaches everything that a user agent can do, so that nothing of it is left out of the module.
#[wasm_bindgen]
pub fn core(text: String, now: u64) -> usize {
    let config = Config {
        servers: vec![text.clone()],
        user: text.clone(),
        domain: text.clone(),
        auth_user: None,
        display_name: None,
        secret: Secret::Password(text.clone()),
        instance: text,
        expires: 600,
        user_agent: String::new(),
    };
    let mut agent = UserAgent::new(config, black_box([0; 32]));
    // An optimiser that knew the variant would drop the paths of all others.
    agent.handle_input(Instant(now), black_box(Input::Command(Command::Register)));
    std::iter::from_fn(|| black_box(agent.poll_output())).count()
        + usize::from(agent.poll_timeout().is_some())
}
