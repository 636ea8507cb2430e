//! What the registration's state means for the person, the host and the calls.
//!
//! It never connects by itself: that is the user agent's.

use super::Account;
use crate::{
    Output, Phone,
    bridge::{self, Ask, Code, ConnectionData, Logged, Unlogged},
    clock, headers,
    view::Text,
};
use softframe_sip::{Connection, ConnectionState, Instant};

impl Phone {
    /// The registration's state changed.
    pub(crate) fn connection_changed(&mut self, now: Instant, mut connection: Connection) {
        connection.reason = headers::shown(&connection.reason);
        let before = self.connection.replace(connection.clone()).map(|connection| connection.state);
        let known = matches!(self.account, Account::SignedIn { .. });
        if known && (before != Some(connection.state) || connection.retry_at.is_some()) {
            self.tell_connection(now, &connection);
        }
        match connection.state {
            ConnectionState::Registered => self.registered(now, before),
            ConnectionState::Refused => self.refused(now, &connection),
            ConnectionState::Offline => {
                self.subscriptions_gone();
                if matches!(self.account, Account::Leaving { .. }) {
                    self.left(now);
                }
            }
            ConnectionState::Connecting => {}
            ConnectionState::Reconnecting => {
                if before == Some(ConnectionState::Registered) {
                    self.ui.is_online(now, false);
                    self.flow_lost(now);
                }
            }
        }
    }

    pub(crate) fn tell_connection(&mut self, now: Instant, connection: &Connection) {
        let data = ConnectionData {
            state: state_name(connection.state),
            code: connection.code,
            reason: connection.reason.clone(),
            retry_at: connection
                .retry_at
                .map(|at| clock::iso8601(self.clock.wall(now).saturating_add(at.since(now)))),
        };
        self.tell("connection:change", &bridge::json(&data));
    }

    fn registered(&mut self, now: Instant, before: Option<ConnectionState>) {
        if let Account::SigningIn { identity, hashes, .. } = &self.account {
            let (identity, hashes) = (identity.clone(), hashes.clone());
            // Only now: grants of an account are nothing for who merely types its name.
            self.works_for(identity.aor());
            self.account = Account::SignedIn { identity, hashes: Some(hashes), logged: false };
            self.save_account();
            self.claim_place();
            if self.host.is_waiting() {
                self.out.push_back(Output::Grant { lasting: true });
            }
            self.open_space();
            self.login_settled(Ok(()));
            if let Some(connection) = self.connection.clone() {
                self.tell_connection(now, &connection);
            }
        }
        if let Account::SignedIn { logged, .. } = &mut self.account
            && !std::mem::replace(logged, true)
        {
            self.tell_logged();
            self.resume_provider(now);
            self.run_queued(now);
        }
        self.ui.is_online(now, true);
        if before == Some(ConnectionState::Reconnecting) {
            self.say(Text::of("say.online"), false);
        }
        self.flow_back(now);
        self.subscribe_all(now);
        self.send_farewells();
    }

    pub(crate) fn tell_logged(&mut self) {
        let data = Logged { context: self.context() };
        self.tell("logged", &bridge::json(&data));
    }

    /// The server said something that is no SIP: told once for each flow, whatever it goes on saying.
    pub(crate) fn not_sip(&mut self, now: Instant, why: &str) {
        if std::mem::replace(&mut self.host.strange_flow, self.flow) == self.flow {
            return;
        }
        let message = format!("The server sent something that is no SIP message: {why}");
        self.ui.toast(now, Text::of("net.strange"), true);
        self.out.push_back(Output::Warn(message.clone()));
        self.fail_ask(Some(Ask::default()), Code::BadRequest, &message);
    }

    fn refused(&mut self, now: Instant, connection: &Connection) {
        match &mut self.account {
            Account::SigningIn { form, .. } => {
                let mut form = std::mem::take(form);
                form.bad = true;
                self.drop_agent();
                self.account = Account::SignedOut(form);
                let code = connection.code.map_or(Code::NotLogged, Code::Sip);
                self.login_settled(Err((code, "The server refuses this account.")));
            }
            Account::SignedIn { logged, .. } => {
                if std::mem::take(logged) {
                    let data = Unlogged { reason: "refused", code: Some(connection.code.unwrap_or(0)) };
                    self.tell("unlogged", &bridge::json(&data));
                }
                self.attention("signin");
                self.say(Text::of("net.refused.ban"), true);
            }
            Account::Leaving { .. } => self.left(now),
            Account::Starting { .. } | Account::Fetching | Account::SignedOut(_) => {}
        }
    }
}

pub(crate) fn state_name(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connecting => "connecting",
        ConnectionState::Registered => "registered",
        ConnectionState::Reconnecting => "reconnecting",
        ConnectionState::Offline => "offline",
        ConnectionState::Refused => "refused",
    }
}
