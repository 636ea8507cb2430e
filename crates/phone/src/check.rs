//! "Check my phone" (57): what is found out, by the browser and by the wire, and what to do about it.
//!
//! It tries everything anew and changes nothing: no call is made, and a call that runs goes on.

use crate::{
    Found, MediaError, Output, Paths, Phone,
    account::Account,
    ui::{Menu, Page},
    view::{CheckPage, CheckRow, CheckState, Text},
};
use softframe_sip::{ConnectionState, Instant};

/// A server that has not answered by then does not; the browser looks for ways no longer, too.
const PATIENCE_MILLIS: u64 = 8_000;

/// One run.
pub(crate) struct Check {
    since: Instant,
    /// What has not come yet counts as missing.
    late: bool,
    microphone: Option<Result<String, MediaError>>,
    missing: Option<Vec<&'static str>>,
    paths: Option<Paths>,
    /// How long the server took to say something.
    answered_after: Option<u64>,
    /// Screen readers know what came of it.
    told: bool,
}

impl Check {
    /// When what has not come yet counts as missing.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (!self.late).then(|| self.since.after(PATIENCE_MILLIS))
    }
}

impl Phone {
    /// Opens the page, and looks at everything anew.
    pub(crate) fn check(&mut self, now: Instant) {
        (self.ui.page, self.ui.menu) = (Page::Check, Menu::None);
        self.ui.check = Some(Check {
            since: now,
            late: false,
            microphone: None,
            missing: None,
            paths: None,
            answered_after: None,
            told: false,
        });
        self.out.push_back(Output::Check);
        // The flow is doubted: the server is asked at once, and registered with anew.
        self.woke(now);
    }

    /// The browser found this.
    pub(crate) fn found(&mut self, found: Found) {
        let Some(check) = &mut self.ui.check else { return };
        match found {
            Found::Microphone(heard) => check.microphone = Some(heard),
            Found::Missing(features) => check.missing = Some(features),
            Found::Paths(paths) => check.paths = Some(paths),
        }
    }

    /// The server said something.
    pub(crate) fn check_heard(&mut self, now: Instant) {
        if let Some(check) = &mut self.ui.check {
            check.answered_after.get_or_insert(now.since(check.since));
        }
    }

    pub(crate) fn check_due(&mut self, now: Instant) {
        if let Some(check) =
            self.ui.check.as_mut().filter(|check| check.deadline().is_some_and(|at| at <= now))
        {
            check.late = true;
        }
    }

    pub(crate) fn check_page(&self) -> CheckPage {
        let Some(check) = &self.ui.check else { return CheckPage::default() };
        let rows = [
            ("check.page", check.missing.as_deref().map(page)),
            ("set.mic", check.microphone.as_ref().map(microphone)),
            ("check.server", self.server_found(check)),
            ("check.account", self.account_found(check)),
            ("check.network", check.paths.map(network)),
            ("check.ring", Some(self.ring_found())),
        ];
        let unknown = || match check.late {
            true => (CheckState::Bad, Text::of("check.late")),
            false => (CheckState::Running, Text::default()),
        };
        let rows = rows.map(|(title, found)| {
            let (state, text) = found.unwrap_or_else(unknown);
            CheckRow { title, state, text }
        });
        CheckPage { running: rows.iter().any(|row| row.state == CheckState::Running), rows: rows.to_vec() }
    }

    /// What came of a run that is over, once, to who cannot see it; nothing where the page has been left.
    pub(crate) fn say_check(&mut self) {
        if self.ui.page != Page::Check || self.ui.check.as_ref().is_none_or(|check| check.told) {
            return;
        }
        let page = self.check_page();
        if page.running {
            return;
        }
        if let Some(check) = &mut self.ui.check {
            check.told = true;
        }
        let to_do = page.rows.iter().filter(|row| row.state != CheckState::Good).count();
        let text = match to_do {
            0 => Text::of("check.done"),
            to_do => Text::with("check.todo", "n", to_do),
        };
        self.say(text, false);
    }

    fn server_found(&self, check: &Check) -> Option<(CheckState, Text)> {
        let server = self.identity().map(|own| own.domain.clone()).unwrap_or_default();
        let text = |id, millis: u64| Text { id, args: vec![("server", server), ("n", millis.to_string())] };
        match check.answered_after {
            Some(millis) => Some((CheckState::Good, text("check.server.ok", millis))),
            None => check.late.then(|| (CheckState::Bad, text("check.server.bad", 0))),
        }
    }

    fn account_found(&self, check: &Check) -> Option<(CheckState, Text)> {
        let Account::SignedIn { identity, .. } = &self.account else { return None };
        let state = self.connection.as_ref().map(|connection| connection.state);
        match state {
            Some(ConnectionState::Refused) => Some((CheckState::Bad, Text::of("net.refused.ban"))),
            Some(ConnectionState::Registered) => check
                .answered_after
                .map(|_| (CheckState::Good, Text::with("check.account.ok", "user", &identity.user))),
            _ => check.late.then(|| (CheckState::Bad, Text::of("check.account.bad"))),
        }
    }

    fn ring_found(&self) -> (CheckState, Text) {
        match self.ui.sound_blocked {
            true => (CheckState::Bad, Text::of("check.ring.bad")),
            false => (CheckState::Good, Text::of("check.ring.ok")),
        }
    }
}

fn page(missing: &[&'static str]) -> (CheckState, Text) {
    match missing {
        [] => (CheckState::Good, Text::of("check.page.ok")),
        missing => {
            let state = if missing.contains(&"microphone") { CheckState::Bad } else { CheckState::Warn };
            (state, Text::with("check.page.bad", "allow", missing.join("; ")))
        }
    }
}

fn microphone(heard: &Result<String, MediaError>) -> (CheckState, Text) {
    let id = match heard {
        Ok(name) => return (CheckState::Good, Text::plain(name)),
        Err(MediaError::Denied) => "mic.denied.sub",
        Err(MediaError::Policy) => "mic.policy",
        Err(MediaError::NoDevice) => "check.mic.none",
        Err(MediaError::Busy) => "mic.busy",
        Err(MediaError::Description | MediaError::Other) => "check.late",
    };
    (CheckState::Bad, Text::of(id))
}

fn network(paths: Paths) -> (CheckState, Text) {
    let (state, id) = match paths {
        Paths { relay: true, .. } => (CheckState::Good, "check.network.relay"),
        Paths { reflexive: true, .. } => (CheckState::Warn, "check.network.direct"),
        Paths { host: true, .. } if !paths.asked => (CheckState::Warn, "check.network.local"),
        Paths { host: true, .. } => (CheckState::Warn, "check.network.silent"),
        _ => (CheckState::Bad, "check.network.none"),
    };
    (state, Text::of(id))
}
