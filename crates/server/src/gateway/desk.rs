//! Who is connected where: how a client's words find the phone of its extension, over whichever server it is connected.
//!
//! It keeps nothing: the phones of an extension are a list in [`Shared`](super::shared::Shared), and whether one is there
//! is shown by somebody listening on its channel.

use super::{
    Gateway,
    shared::{Unavailable, fingerprint},
};

/// What goes to one phone.
pub(super) fn widget_channel(widget: &str) -> String {
    format!("widget:{widget}")
}

/// What one client of an extension hears alone. A phone reaches no client of another extension.
pub(super) fn client_channel(extension: &str, client: &str) -> String {
    format!("client:{extension}:{client}")
}

/// What all clients of an extension hear.
pub(super) fn event_channel(extension: &str) -> String {
    format!("events:{extension}")
}

/// Phones of an extension that come and go.
pub(super) fn presence_channel(extension: &str) -> String {
    format!("presence:{extension}")
}

/// That a token is good no longer: its sockets listen.
pub(super) fn token_channel(token: &str) -> String {
    format!("token:{}", fingerprint(token))
}

/// A phone has come, or gone, as told on the channel of presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Here(String),
    Gone(String),
}

impl Presence {
    pub(super) fn read(text: &str) -> Option<Presence> {
        match text.split_once(' ')? {
            ("here", widget) => Some(Presence::Here(widget.to_owned())),
            ("gone", widget) => Some(Presence::Gone(widget.to_owned())),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Presence::Here(widget) => format!("here {widget}"),
            Presence::Gone(widget) => format!("gone {widget}"),
        }
    }
}

impl Gateway {
    /// Hands a message of a client to the phone that it names, or to the newest of its extension; says which took it.
    pub(super) async fn deliver(
        &self,
        extension: &str,
        client: &str,
        widget: Option<&str>,
        message: &str,
    ) -> Result<Option<String>, Unavailable> {
        let text = format!("{client}\n{message}");
        let known = self.shared.widgets(extension).await?;
        for candidate in known.iter().filter(|known| widget.is_none_or(|widget| widget == *known)) {
            if self.shared.publish(&widget_channel(candidate), &text).await? > 0 {
                return Ok(Some(candidate.clone()));
            }
            // Its server has died without a word.
            self.shared.leave(extension, candidate).await?;
        }
        Ok(None)
    }

    /// A phone is here: it is the newest from now on.
    pub(super) async fn arrive(&self, extension: &str, widget: &str) -> Result<(), Unavailable> {
        self.shared.join(extension, widget).await?;
        let here = Presence::Here(widget.to_owned()).text();
        self.shared.publish(&presence_channel(extension), &here).await.map(drop)
    }

    /// It is gone.
    pub(super) async fn depart(&self, extension: &str, widget: &str) -> Result<(), Unavailable> {
        self.shared.leave(extension, widget).await?;
        let gone = Presence::Gone(widget.to_owned()).text();
        self.shared.publish(&presence_channel(extension), &gone).await.map(drop)
    }
}
