//! How clients are told: frames for one socket, the opening in its order, and what has changed for all.
//!
//! It never tells a client anything before its opening is over, but for pings and errors.

use super::{
    said::{Directory, DirectoryEntry, Failure, Hint, Line, Status, UserStatus},
    socket::{CLOSE_GOING_AWAY, Opening, SocketId},
};
use crate::{
    Phone,
    account::Account,
    bridge::{XivoClose, XivoFrame, json, unnumbered},
};
use softframe_contacts::Contact;
use softframe_sip::{ConnectionState, Instant};

/// Entries of one `DirectoryResult`.
const MAX_ENTRIES: usize = 50;
/// A number of which no state is known (`Cti.PhoneStatus.UNEXISTING`).
const NO_HINT: i16 = -2;

impl Phone {
    pub(super) fn xivo_say(&mut self, socket: &SocketId, kind: &str, data: &str) {
        let frame = format!(r#"{{"msgType":"{kind}","ctiMessage":{data}}}"#);
        let message = XivoFrame { socket: socket.name.clone(), frame };
        self.xivo_tell(socket, "xivo:frame", &json(&message));
    }

    pub(super) fn xivo_error(&mut self, socket: &SocketId, command: &str, error: &str) {
        self.xivo_say(socket, "Error", &json(&Failure { error, command }));
    }

    pub(super) fn xivo_close(&mut self, socket: &SocketId, code: u16) {
        self.xivo_tell(socket, "xivo:close", &json(&XivoClose { socket: socket.name.clone(), code }));
    }

    /// By the way that the socket's frames come.
    fn xivo_tell(&mut self, socket: &SocketId, kind: &str, data: &str) {
        match &socket.client {
            Some(client) => self.relay_answer(client, &unnumbered(kind, data)),
            None => self.tell_parent(kind, data),
        }
    }

    pub(super) fn xivo_say_hint(&mut self, socket: &SocketId, number: &str, status: i16) {
        self.xivo_say(socket, "PhoneHintStatusEvent", &json(&Hint { number, status }));
    }

    pub(super) fn xivo_look_up(&mut self, socket: &SocketId, term: &str) {
        let hits = self.contacts.search(term, MAX_ENTRIES);
        let entries = hits.iter().map(|hit| self.entry(&hit.contact)).collect();
        let headers = ["Name", "Number", "Mobile", "Other number", "Company"];
        self.xivo_say(socket, "DirectoryResult", &json(&Directory { headers, entries }));
    }

    /// What of the platform's `LineConfig` a telephone knows of its own line. A page that would sign in by itself finds no
    /// password and no WebRTC: this line has a telephone already.
    pub(super) fn xivo_line(&mut self, socket: &SocketId) {
        let number = self.extension();
        let name = self.identity().map(|identity| identity.user.as_str()).unwrap_or_default();
        let line = json(&Line { id: &number, name, number: &number, has_device: true, web_rtc: false });
        self.xivo_say(socket, "LineConfig", &line);
    }

    fn entry(&self, contact: &Contact) -> DirectoryEntry {
        let is_mobile = |kind: &Option<String>| kind.as_deref() == Some("mobile");
        let mobile = contact.phones.iter().find(|phone| is_mobile(&phone.kind));
        let mut others = contact.phones.iter().filter(|phone| !is_mobile(&phone.kind));
        let (first, other) = (others.next(), others.next());
        let text = |phone: Option<&softframe_contacts::PhoneNumber>| {
            phone.map(|phone| phone.number.clone()).unwrap_or_default()
        };
        let number = text(first);
        DirectoryEntry {
            status: self.known_hint(&number).unwrap_or(NO_HINT),
            entry: [
                contact.name.clone(),
                number,
                text(mobile),
                text(other),
                contact.company.clone().unwrap_or_default(),
            ],
        }
    }

    /// At the end of each input: who waited is let in or sent away, and changes are told.
    pub(crate) fn xivo_news(&mut self, now: Instant) {
        if self.xivo.sockets.is_empty() {
            return;
        }
        self.xivo_changes();
        let waiting: Vec<(SocketId, Instant)> = self
            .xivo
            .sockets
            .iter()
            .filter_map(|socket| {
                let Opening::Waiting { until } = socket.opening else { return None };
                Some((socket.id.clone(), until))
            })
            .collect();
        let refused = self.connection.as_ref().is_some_and(|known| known.state == ConnectionState::Refused);
        for (name, until) in waiting {
            match &self.account {
                Account::SignedIn { logged: true, .. } => self.xivo_let_in(&name),
                Account::SignedIn { .. } if refused => self.xivo_send_away(now, &name, "loggedOnFailed"),
                _ if until <= now => self.xivo_send_away(now, &name, "loggedOnTimeout"),
                _ => {}
            }
        }
    }

    /// The opening, in the order in which pages set their handlers (protocol.md 4.1).
    fn xivo_let_in(&mut self, name: &SocketId) {
        if let Some(socket) = self.xivo.socket_mut(name) {
            socket.opening = Opening::Done;
        }
        let told = self.xivo_standing();
        self.xivo_say(name, "LoggedOn", "{}");
        self.xivo_say(name, "UsersStatuses", &json(&self.user_statuses()));
        self.xivo_say(name, "UserStatusUpdate", &json(&Status { status: &told.user_status }));
        self.xivo_say(name, "UserConfigUpdate", &json(&told.config));
        self.xivo_say(name, "PhoneStatusUpdate", &json(&Status { status: told.phone_status }));
        self.xivo_say(name, "VoiceMailStatusUpdate", &json(&told.voice_mail));
        self.xivo.told = Some(told);
    }

    fn xivo_send_away(&mut self, now: Instant, name: &SocketId, error: &str) {
        self.xivo_say(name, "LoggedOnError", &json(&Failure { error, command: "" }));
        self.xivo_close(name, CLOSE_GOING_AWAY);
        self.xivo_closed(now, name);
    }

    fn xivo_changes(&mut self) {
        let open = self.xivo.open();
        if open.is_empty() {
            return;
        }
        // Who signs out takes their clients with them.
        if !matches!(self.account, Account::SignedIn { .. }) {
            self.xivo.sockets.retain(|socket| socket.opening != Opening::Done);
            self.xivo.told = None;
            return open.iter().for_each(|name| self.xivo_close(name, CLOSE_GOING_AWAY));
        }
        let told = self.xivo_standing();
        let before = self.xivo.told.replace(told.clone());
        let Some(before) = before.filter(|before| *before != told) else { return };
        let changes = [
            (before.user_status != told.user_status)
                .then(|| ("UserStatusUpdate", json(&Status { status: &told.user_status }))),
            (before.config != told.config).then(|| ("UserConfigUpdate", json(&told.config))),
            (before.phone_status != told.phone_status)
                .then(|| ("PhoneStatusUpdate", json(&Status { status: told.phone_status }))),
            (before.voice_mail != told.voice_mail).then(|| ("VoiceMailStatusUpdate", json(&told.voice_mail))),
        ];
        for (kind, data) in changes.into_iter().flatten() {
            open.iter().for_each(|name| self.xivo_say(name, kind, &data));
        }
    }

    fn user_statuses(&self) -> Vec<UserStatus> {
        let own = |id: &str| match id {
            "online" => Some(("Available", "#2e7d32")),
            "busy" => Some(("Busy", "#c62828")),
            "away" => Some(("Away", "#ef6c00")),
            _ => None,
        };
        let status = |(name, label): (String, String)| {
            let known = own(&name);
            let long_name = match known {
                Some((text, _)) if label.starts_with("status.") => text.to_owned(),
                _ => label,
            };
            let color = known.map_or("#616161", |(_, color)| color);
            UserStatus { name, long_name, color, actions: [] }
        };
        self.statuses().into_iter().map(status).collect()
    }
}
