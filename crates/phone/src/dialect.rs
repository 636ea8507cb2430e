//! Translators from the host protocols of other phones to the native one. They hold no call logic.

pub(crate) mod agent008;
pub(crate) mod enigma;
pub(crate) mod kunzite;
pub(crate) mod rc;
pub(crate) mod xivo;

use crate::{
    Phone,
    bridge::{self, Code, ErrorData},
};

/// Who asks by a dialect: a command of theirs is answered in their own words, and not as the page's native ones are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asker {
    /// A client of XiVO's `Cti`.
    Xivo(xivo::Asked),
    /// A client of the gateway, by its name there: it speaks the native protocol, and only its way is another.
    Client(String),
}

impl Phone {
    /// Whether the configuration or the frame's address (`?dialect=`) asks for this one.
    fn speaks(&self, name: &str) -> bool {
        let proposed =
            |(key, value): &(String, String)| key == "dialect" && value.split(',').any(|known| known == name);
        self.config.dialects.iter().any(|known| known == name) || self.proposals.iter().any(proposed)
    }

    /// What a dialect asked for could not be done.
    pub(crate) fn fail_asker(&mut self, asker: Asker, command: &str, code: Code, message: &str) {
        match asker {
            Asker::Xivo(asked) => self.xivo_failed(asked, command, code),
            Asker::Client(client) => {
                let data = ErrorData {
                    command: command.to_owned(),
                    code: code.to_string(),
                    message: message.to_owned(),
                };
                let message = bridge::unnumbered("softframe:error", &bridge::json(&data));
                self.relay_answer(&client, &message);
            }
        }
    }
}
