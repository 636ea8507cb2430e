//! Translators from the host protocols of other phones to the native one. They hold no call logic.

pub(crate) mod kunzite;
pub(crate) mod xivo;

use crate::{Phone, bridge::Code};

/// Who asks by a dialect: a command of theirs is answered in their own words, and not as the page's native ones are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asker {
    /// A client of XiVO's `Cti`.
    Xivo(xivo::Asked),
}

impl Phone {
    /// What a dialect asked for could not be done.
    pub(crate) fn fail_asker(&mut self, asker: Asker, command: &str, code: Code) {
        match asker {
            Asker::Xivo(asked) => self.xivo_failed(asked, command, code),
        }
    }
}
