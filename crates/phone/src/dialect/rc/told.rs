//! What the page knows of the phone itself: who is signed in, the connection, the dialler, presence, the view.
//!
//! Each is told when it becomes known and when it changes, and never twice.

use crate::{
    Phone,
    account::{Account, state_name},
    json::object,
    ui::Page,
    view::Tab,
};
use serde_json::Value;
use softframe_sip::ConnectionState;

/// The last of each kind.
#[derive(Default)]
pub(super) struct Told {
    login: Option<bool>,
    connection: Option<&'static str>,
    dialer: Option<bool>,
    presence: Option<Value>,
    route: Option<&'static str>,
    calling: Option<Value>,
    /// How the recents stood.
    recents: Option<(usize, u64)>,
}

impl Phone {
    pub(super) fn settle_states(&mut self) {
        self.settle_login();
        self.settle_connection();
        self.settle_presence();
        self.settle_recents();
        let route = self.rc_route();
        if self.rc.told.route.replace(route) != Some(route) {
            self.rc_shows("rc-route-changed-notify", "path", route.into());
        }
    }

    /// Pages register their service at the first of these, whatever it says: so one always comes.
    fn settle_login(&mut self) {
        let Some(logged) = self.rc_login() else { return };
        let before = self.rc.told.login.replace(logged);
        if before == Some(logged) {
            return;
        }
        let number = match (self.config.numbers.first(), self.extension()) {
            (Some(main), extension) if logged => format!("{main}*{extension}"),
            (None, extension) if logged => extension,
            (_, _) => String::new(),
        };
        let country = self.config.country.clone();
        let no = || Value::from(false);
        let features = object(vec![
            ("call", true.into()),
            ("callingMode", "browser".into()),
            ("sms", no()),
            ("fax", no()),
            ("meeting", no()),
            ("glip", no()),
        ]);
        self.say_rc(object(vec![
            ("type", "rc-login-status-notify".into()),
            ("loggedIn", logged.into()),
            ("loginNumber", number.into()),
            ("contractedCountryCode", country.as_str().into()),
            ("admin", no()),
            ("features", features),
            // Somebody has signed in here, after the page was told that nobody was.
            ("isFreshLogin", (logged && before == Some(false)).into()),
        ]));
        if logged {
            self.say_rc(object(vec![
                ("type", "rc-region-settings-notify".into()),
                ("countryCode", country.into()),
                ("areaCode", "".into()),
            ]));
            self.say_rc(object(vec![
                ("type", "rc-webphone-active-notify".into()),
                ("active", true.into()),
                ("currentActive", true.into()),
            ]));
            self.rc_tells_logging();
        }
    }

    /// `None`: it is not known yet.
    fn rc_login(&self) -> Option<bool> {
        let is_trying = || {
            let connection = self.connection.as_ref().map(|connection| connection.state);
            matches!(connection, None | Some(ConnectionState::Connecting | ConnectionState::Registered))
        };
        match &self.account {
            Account::SignedIn { logged: true, .. } => Some(true),
            Account::SignedIn { .. } if is_trying() => None,
            Account::Starting { .. } | Account::Fetching | Account::SigningIn { .. } => None,
            Account::SignedIn { .. } | Account::SignedOut(_) | Account::Leaving { .. } => Some(false),
        }
    }

    fn settle_connection(&mut self) {
        let state = self.connection.as_ref().map(|connection| connection.state);
        let status = match (state, &self.account) {
            (_, Account::Leaving { .. }) => "disconnecting",
            (None, _) => "disconnected",
            (Some(ConnectionState::Registered), _) => "connected",
            (Some(ConnectionState::Offline), _) => "disconnected",
            (Some(ConnectionState::Refused), _) => "connectFailed",
            (Some(state @ (ConnectionState::Connecting | ConnectionState::Reconnecting)), _) => {
                state_name(state)
            }
        };
        if self.rc.told.connection.replace(status) != Some(status) {
            let status = format!("connectionStatus-{status}");
            let device = self.instance.clone();
            let kind = "rc-webphone-connection-status-notify";
            self.say_rc(object(vec![
                ("type", kind.into()),
                ("connectionStatus", status.into()),
                ("deviceId", device.into()),
            ]));
        }
        let ready = self.is_registered();
        if self.rc.told.dialer.replace(ready) != Some(ready) {
            self.rc_shows("rc-dialer-status-notify", "ready", ready.into());
        }
        if ready {
            self.settle_calling();
        }
    }

    fn settle_calling(&mut self) {
        let number = |number: &String| {
            object(vec![("phoneNumber", number.as_str().into()), ("usageType", "DirectNumber".into())])
        };
        let numbers: Vec<Value> = self.config.numbers.iter().map(number).collect();
        let from = self.rc.from().or_else(|| self.config.numbers.first().cloned()).unwrap_or_default();
        let calling = object(vec![
            ("type", "rc-calling-settings-notify".into()),
            ("callWith", "browser".into()),
            ("callingMode", "webphone".into()),
            ("fromNumber", from.into()),
            ("fromNumbers", numbers.into()),
            ("ringoutPrompt", false.into()),
            ("myLocation", "".into()),
        ]);
        if self.rc.told.calling.as_ref() != Some(&calling) {
            self.rc.told.calling = Some(calling.clone());
            self.say_rc(calling);
        }
    }

    fn settle_presence(&mut self) {
        if self.rc.told.login != Some(true) {
            return;
        }
        let user = match self.person.status.as_str() {
            "busy" => "Busy",
            "away" => "Offline",
            _ => "Available",
        };
        let dnd = if self.person.dnd { "DoNotAcceptAnyCalls" } else { "TakeAllCalls" };
        let ringing = self.calls.values().any(|call| call.is_ringing_in() && !call.said.is_empty());
        let telephony = match (ringing, self.calls.values().any(|call| !call.said.is_empty())) {
            (true, _) => "Ringing",
            (false, true) => "CallConnected",
            (false, false) => "NoCall",
        };
        let option = if self.person.dnd { "DoNotDisturb" } else { user };
        let presence = object(vec![
            ("type", "rc-adapter-syncPresence".into()),
            ("telephonyStatus", telephony.into()),
            ("userStatus", user.into()),
            ("dndStatus", dnd.into()),
            ("presenceOption", option.into()),
        ]);
        if self.rc.told.presence.as_ref() != Some(&presence) {
            self.rc.told.presence = Some(presence.clone());
            self.say_rc(presence);
        }
    }

    /// The recents are there, or have one more call: what is in them may be asked for, and is asked about.
    fn settle_recents(&mut self) {
        let stamp = Some(self.history.stamp()).filter(|_| self.space_is_loaded());
        let before = std::mem::replace(&mut self.rc.told.recents, stamp);
        if stamp.is_some() && before != stamp {
            self.say_rc(object(vec![("type", "rc-call-history-synced-notify".into())]));
            if before.is_none() {
                self.rc_asks_what_is_logged(|_| true);
            }
        }
    }

    fn rc_route(&self) -> &'static str {
        match (&self.ui.page, self.ui.tab) {
            _ if !self.calls.is_empty() && !self.ui.browsing => "/calls/active",
            (Page::Settings | Page::Forwarding | Page::Check | Page::About, _) => "/settings",
            (Page::Contact(..), _) | (Page::Tabs, Tab::Contacts) => "/contacts",
            (Page::Tabs, Tab::Keypad) => "/dialer",
            (Page::Tabs, Tab::Recents) => "/history",
        }
    }

    pub(super) fn rc_tells_logging(&mut self) {
        let auto = self.rc.logs();
        self.rc_shows("rc-callLogger-auto-log-notify", "autoLog", auto.into());
    }
}
