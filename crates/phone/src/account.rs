//! Signing in and out: by a person, by the configuration, by what was saved.
//!
//! A password lives only inside the user agent; what is saved are digest hashes. Nothing connects before the store
//! has answered.

mod connection;
mod offered;
mod saved;

pub(crate) use connection::state_name;
pub(crate) use offered::{Login, Offer};
use saved::{SAVED_KEY, Saved};

use crate::{
    Input, Output, Phone, StoreRequest,
    bridge::Code,
    config::{AccountConfig, is_host, is_token},
    json,
    view::Text,
};
use softframe_sip::{Command, Config, ConnectionState, Instant, RealmHash, Secret, UserAgent};

/// The store answers in time, or counts as empty (design.md 2).
pub(crate) const RESTORE_MILLIS: u64 = 1_000;
/// A person waits no longer for a sign-in (ui.md 01).
const SIGN_IN_MILLIS: u64 = 15_000;
/// The farewell of a sign-out (protocol.md 1.4).
const LEAVE_MILLIS: u64 = 2_000;
/// The space of this device in the store.
pub(crate) const DEVICE: &str = "device";

/// Who the phone is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) servers: Vec<String>,
    pub(crate) user: String,
    pub(crate) domain: String,
    pub(crate) auth_user: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) context_user: Option<String>,
    pub(crate) extension: Option<String>,
}

impl Identity {
    /// The space of this account in the store, and the key of its grants.
    pub(crate) fn aor(&self) -> String {
        format!("{}@{}", self.user, self.domain.to_lowercase())
    }
}

/// The sign-in form.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Form {
    pub(crate) server: String,
    pub(crate) server_fixed: bool,
    pub(crate) user: String,
    pub(crate) bad: bool,
    pub(crate) server_error: Option<Text>,
    pub(crate) note: Option<Text>,
}

/// Where signing in stands.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// The configuration or the store has not come.
    Starting {
        give_up_at: Option<Instant>,
    },
    /// `accountUrl` is being fetched.
    Fetching,
    SignedOut(Form),
    /// A person's sign-in is under way.
    SigningIn {
        identity: Identity,
        form: Form,
        hashes: Vec<RealmHash>,
        deadline: Instant,
    },
    /// `logged`: the host was told (or will be when it is trusted).
    SignedIn {
        identity: Identity,
        hashes: Option<Vec<RealmHash>>,
        logged: bool,
    },
    /// REGISTER with Expires 0 is under way.
    Leaving {
        identity: Identity,
        deadline: Instant,
    },
}

impl Phone {
    /// Who signs in (or is signed in), if anybody.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        match &self.account {
            Account::SigningIn { identity, .. }
            | Account::SignedIn { identity, .. }
            | Account::Leaving { identity, .. } => Some(identity),
            Account::Starting { .. } | Account::Fetching | Account::SignedOut(_) => None,
        }
    }

    /// A REGISTER 2xx is fresh and the flow is proven alive.
    pub(crate) fn is_registered(&self) -> bool {
        matches!(self.account, Account::SignedIn { .. })
            && self
                .connection
                .as_ref()
                .is_some_and(|connection| connection.state == ConnectionState::Registered)
    }

    /// Configuration and store are there: the account that signs in by itself does.
    pub(crate) fn start_account(&mut self, now: Instant) {
        if !matches!(self.account, Account::Starting { .. }) || self.boot.is_some() {
            return;
        }
        let saved = self.restored.take().unwrap_or_default();
        if self.config.account.is_some() {
            return self.sign_in_by_itself(now);
        }
        let value = saved.iter().find(|(key, _)| key == SAVED_KEY).map(|(_, value)| value.as_slice());
        if let Some(saved) = value.and_then(|value| json::read::<Saved>(value).ok()) {
            self.sign_in_saved(now, saved);
            return;
        }
        self.sign_in_by_itself(now);
    }

    /// With the account of the configuration, or the one that it says where to fetch; else the person is asked.
    fn sign_in_by_itself(&mut self, now: Instant) {
        if let Some(account) = self.config.account.clone() {
            return self.sign_in_configured(now, account);
        }
        match self.config.account_url.clone().or_else(|| self.config.settings_url.clone()) {
            Some(url) => {
                self.account = Account::Fetching;
                self.out.push_back(Output::FetchAccount { url });
            }
            None => self.show_form(),
        }
    }

    /// The page wants somebody to be signed in: as at the start, or the person is asked for.
    pub(crate) fn sign_in_wanted(&mut self, now: Instant) {
        if !matches!(self.account, Account::SignedOut(_)) {
            return;
        }
        self.sign_in_by_itself(now);
        if matches!(self.account, Account::SignedOut(_)) {
            self.attention("signin");
        }
    }

    /// The answer of `accountUrl`.
    pub(crate) fn account_fetched(&mut self, now: Instant, text: Option<String>) {
        if !matches!(self.account, Account::Fetching) {
            return;
        }
        match text.as_deref().map(|text| json::read::<AccountConfig>(text.as_bytes())) {
            Some(Ok(account)) if !self.config.servers.is_empty() => self.sign_in_configured(now, account),
            // Settings of 008 name the server, too.
            Some(Err(_)) if self.account_of_settings(now, text.as_deref()) => {}
            Some(_) => {
                self.out.push_back(Output::Warn(
                    "accountUrl: the answer is no account, or no server is set".into(),
                ));
                self.show_form();
            }
            None => self.show_form(),
        }
    }

    /// The answer in the words of a page that offers an account.
    fn account_of_settings(&mut self, now: Instant, text: Option<&str>) -> bool {
        let value = text.and_then(|text| json::value(text.as_bytes()).ok());
        let offer = value.and_then(|value| Offer::read(&value).ok());
        let Some((identity, account)) =
            offer.and_then(|offer| Some((self.identity_of(&offer).ok()?, offer.account)))
        else {
            return false;
        };
        self.sign_in_as(now, identity, account);
        true
    }

    fn sign_in_configured(&mut self, now: Instant, account: AccountConfig) {
        let first = self.config.servers.first().cloned().unwrap_or_default();
        if let (Some(gateway), Some(token)) = (&mut self.config.gateway, &account.gateway_token)
            && is_token(token)
        {
            gateway.token = Some(token.clone());
        }
        let context = account.context.unwrap_or_default();
        let identity = Identity {
            servers: self.config.servers.clone(),
            domain: self.config.domain_for(&first),
            user: account.user,
            auth_user: account.auth_user,
            display_name: account.display_name,
            context_user: context.user,
            extension: context.extension,
        };
        let account = AccountConfig {
            context: None,
            user: String::new(),
            auth_user: None,
            display_name: None,
            ..account
        };
        self.sign_in_as(now, identity, account);
    }

    fn sign_in_as(&mut self, now: Instant, identity: Identity, account: AccountConfig) {
        let secret = match (account.token, account.password) {
            (Some(token), _) => Secret::Token(token),
            (None, password) => Secret::Password(password.unwrap_or_default()),
        };
        self.account = Account::SignedIn { identity: identity.clone(), hashes: None, logged: false };
        self.works_for(identity.aor());
        self.register(now, &identity, secret);
        self.ask_consent();
        self.open_space();
    }

    /// The person's form.
    pub(crate) fn sign_in(&mut self, now: Instant, server: &str, user: &str, password: String) {
        let Account::SignedOut(form) = &self.account else { return };
        let mut form = form.clone();
        let server = match server.trim() {
            typed if typed.is_empty() || typed.contains("://") => typed.to_owned(),
            typed => format!("wss://{typed}"),
        };
        (form.server, form.user, form.bad, form.server_error) =
            (server.clone(), user.trim().to_owned(), false, None);
        if form.user.is_empty() || password.is_empty() {
            form.bad = true;
        }
        if !self.config.allows_server(&server) {
            form.server_error = Some(Text::of("signin.insecure"));
        }
        if form.bad || form.server_error.is_some() {
            self.account = Account::SignedOut(form);
            return;
        }
        let (name, domain) = match form.user.split_once('@') {
            Some((name, domain)) => (name.to_owned(), domain.to_owned()),
            None => (form.user.clone(), self.config.domain_for(&server)),
        };
        // It will stand in every request line.
        if !is_host(&domain) {
            form.bad = true;
            self.account = Account::SignedOut(form);
            return;
        }
        let servers = if form.server_fixed { self.config.servers.clone() } else { vec![server] };
        let identity = Identity { servers, user: name, domain, ..Identity::default() };
        let deadline = now.after(SIGN_IN_MILLIS);
        self.account = Account::SigningIn { identity: identity.clone(), form, hashes: Vec::new(), deadline };
        self.register(now, &identity, Secret::Password(password));
    }

    fn register(&mut self, now: Instant, identity: &Identity, secret: Secret) {
        let config = Config {
            servers: identity.servers.clone(),
            user: identity.user.clone(),
            domain: identity.domain.clone(),
            auth_user: identity.auth_user.clone(),
            display_name: identity.display_name.clone(),
            secret,
            instance: self.instance.clone(),
            expires: self.config.register_expires,
            user_agent: concat!("Softframe/", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        self.drop_agent();
        self.generation += 1;
        self.agent = Some(UserAgent::new(config, self.ids.octets()));
        self.claim(now);
    }

    /// The agent goes, and its flow with it.
    pub(crate) fn drop_agent(&mut self) {
        self.agent = None;
        self.texts_lost();
        self.subscriptions_gone();
        self.connection = None;
        if let Some(flow) = self.flow.take() {
            self.out.push_back(Output::Disconnect { flow });
        }
    }

    /// The form, filled with what is proposed.
    pub(crate) fn show_form(&mut self) {
        let proposed = |name: &str| {
            let found = self.proposals.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let fixed = self.config.servers.first();
        let form = Form {
            server: fixed.cloned().unwrap_or_else(|| proposed("server")),
            server_fixed: fixed.is_some(),
            user: proposed("user"),
            ..Form::default()
        };
        self.account = Account::SignedOut(form);
        self.out.push_back(Output::Account(None));
        self.attention("signin");
    }

    /// Signs out: calls end, the binding goes, memory is cleared, what is stored stays locked.
    pub(crate) fn sign_out(&mut self, now: Instant) {
        let (Account::SignedIn { identity, .. } | Account::SigningIn { identity, .. }) = &self.account else {
            return;
        };
        let identity = identity.clone();
        self.end_all(now);
        self.store(StoreRequest::Delete { space: DEVICE.to_owned(), prefix: SAVED_KEY.to_owned() });
        self.login_settled(Err((Code::NotLogged, "The phone signed out.")));
        self.account = Account::Leaving { identity, deadline: now.after(LEAVE_MILLIS) };
        self.command(now, Command::Unregister);
    }

    /// The farewell was answered, or its time is over.
    pub(crate) fn left(&mut self, now: Instant) {
        self.drop_agent();
        self.unwatch_all();
        self.voicemail = None;
        self.close_space();
        let data = crate::bridge::Unlogged { reason: "logout", code: None };
        self.tell("unlogged", &crate::bridge::json(&data));
        self.ui.signed_out();
        self.recorder = crate::recorder::Recorder::default();
        if self.config.one_tab {
            self.tabs.place = crate::tabs::Place::Here;
            self.out.push_back(Output::Tab(crate::TabRequest::Leave));
        }
        self.show_form();
        self.login_due(now);
    }

    /// Deadlines of signing in and out.
    pub(crate) fn account_due(&mut self, now: Instant) {
        match &mut self.account {
            Account::Starting { give_up_at: Some(at) } if *at <= now && self.configured => {
                self.start_account(now)
            }
            Account::SigningIn { form, deadline, .. } if *deadline <= now => {
                let mut form = std::mem::take(form);
                form.server_error = Some(Text::of("signin.unreachable"));
                self.drop_agent();
                self.account = Account::SignedOut(form);
                self.login_settled(Err((Code::Timeout, "The server does not answer.")));
            }
            Account::Leaving { deadline, .. } if *deadline <= now => self.left(now),
            _ => {}
        }
        self.login_due(now);
    }

    pub(crate) fn account_deadline(&self) -> Option<Instant> {
        match &self.account {
            Account::Starting { give_up_at } if self.configured && self.boot.is_none() => *give_up_at,
            Account::SigningIn { deadline, .. } | Account::Leaving { deadline, .. } => Some(*deadline),
            _ => None,
        }
    }

    /// The banner's "Try now", and "Sign in" after a refusal.
    pub(crate) fn try_now(&mut self, now: Instant) {
        match self.connection.as_ref().map(|connection| connection.state) {
            Some(ConnectionState::Refused) => self.command(now, Command::Register),
            _ => self.woke(now),
        }
    }

    /// The server of the form is typed instead.
    pub(crate) fn change_server(&mut self) {
        if let Account::SignedOut(form) = &mut self.account {
            form.server_fixed = false;
        }
    }

    /// What the store held arrived.
    pub(crate) fn restore(&mut self, now: Instant, values: Vec<(String, Vec<u8>)>) {
        if !matches!(self.account, Account::Starting { .. }) {
            return;
        }
        self.restore_person(&values);
        self.rc.restore(&values);
        self.restore_forwards(&values);
        self.restored = Some(values);
        if self.configured {
            self.start_account(now);
        }
    }

    /// The account's space of the store, while somebody is signed in.
    pub(crate) fn space(&self) -> Option<String> {
        match &self.account {
            Account::SignedIn { identity, .. } => Some(identity.aor()),
            _ => None,
        }
    }

    /// An input that belongs to the SIP side.
    pub(crate) fn woke(&mut self, now: Instant) {
        let left =
            self.connection.as_ref().is_some_and(|connection| connection.state == ConnectionState::Offline);
        if left && matches!(self.account, Account::SignedIn { .. }) {
            // The page said farewell and was brought back from the browser's cache of pages.
            self.command(now, Command::Register);
        } else if let Some(agent) = self.agent.as_mut() {
            agent.handle_input(now, softframe_sip::Input::Woke);
        }
    }

    /// The first input starts the patience with the store.
    pub(crate) fn start_patience(&mut self, now: Instant, input: &Input) {
        if let (Account::Starting { give_up_at: at @ None }, false) =
            (&mut self.account, matches!(input, Input::Resume { .. }))
        {
            *at = Some(now.after(RESTORE_MILLIS));
        }
    }
}
