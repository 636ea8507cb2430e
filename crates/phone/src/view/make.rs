//! Makes the [`View`] of a phone: which screen, which banner, which sheet.
//!
//! A call outranks everything; what it covers is given back as it was.

use super::{
    About, Banner, Dot, Header, Look, Screen, Settings, Sheet, SignIn, Tab, Text, Toast, Tone, View,
};
use crate::{
    Action, Phone,
    account::Account,
    host::Trust,
    tabs::Place,
    ui::{Menu, Page},
};
use softframe_sip::{ConnectionState, Instant};

impl Phone {
    pub(crate) fn make_view(&self, now: Instant) -> View {
        View {
            screen: self.screen(now),
            header: self.header(now),
            banner: self.banner(now),
            sheet: self.sheet(now),
            toast: self.toast(),
            look: self.look(),
            single_keys: self.person.single_keys(),
        }
    }

    fn screen(&self, now: Instant) -> Screen {
        if let Some(error) = &self.boot {
            return Screen::ConfigError {
                key: error.key.clone(),
                rule: error.rule.to_owned(),
                found: error.found.clone(),
            };
        }
        if let Some(incoming) = self.incoming_view(now).filter(|_| !self.rings_beside()) {
            let sent = self.transfer_pick(now).filter(|pick| pick.call == incoming.call);
            return sent.map_or(Screen::Incoming(incoming), Screen::TransferPick);
        }
        if let Some(pick) = self.transfer_pick(now).filter(|_| !self.ui.browsing) {
            return Screen::TransferPick(pick);
        }
        if let Some(call) = self.front_call().filter(|_| !self.ui.browsing) {
            return Screen::Call(self.call_screen(now, call));
        }
        if let Some(ended) = self.ui.ended.as_ref().filter(|_| self.calls.is_empty()) {
            return Screen::Ended(ended.view.clone());
        }
        match &self.account {
            Account::Starting { .. } | Account::Fetching => Screen::Starting,
            Account::SignedOut(form) | Account::SigningIn { form, .. } => Screen::SignIn(SignIn {
                server: form.server.clone(),
                server_fixed: form.server_fixed,
                user: form.user.clone(),
                chain: if self.host.is_waiting() { self.host.chain().to_vec() } else { Vec::new() },
                busy: matches!(self.account, Account::SigningIn { .. }),
                bad: form.bad,
                server_error: form.server_error.clone(),
                note: form.note.clone(),
            }),
            Account::Leaving { .. } => Screen::SignIn(SignIn { busy: true, ..SignIn::default() }),
            Account::SignedIn { .. } => match self.tabs.place {
                Place::Here => self.tab_screen(now),
                Place::Unknown => Screen::Starting,
                Place::Elsewhere { in_call } => Screen::OtherTab { in_call },
            },
        }
    }

    fn tab_screen(&self, now: Instant) -> Screen {
        match &self.ui.page {
            Page::Settings => {
                let version = env!("CARGO_PKG_VERSION");
                return Screen::Settings(Settings {
                    language: self.person.language().unwrap_or_default().to_owned(),
                    sources: self.contact_counts(),
                    files: self.kept_files(),
                    version,
                    service: self.rc_gate(),
                    sound: self.sound_settings(),
                });
            }
            Page::Check => return Screen::Check(self.check_page()),
            Page::About => return Screen::About(self.about()),
            Page::Forwarding => return Screen::Forwarding(self.forwarding()),
            Page::Contact(source, id) => {
                if let Some(page) = self.contact_page(now, source, id) {
                    return Screen::Contact(page);
                }
            }
            Page::Tabs => {}
        }
        match self.ui.tab {
            Tab::Keypad => Screen::Keypad(self.keypad()),
            Tab::Contacts => Screen::Contacts(self.contact_list()),
            Tab::Recents => Screen::Recents(self.recents(now)),
        }
    }

    fn about(&self) -> About {
        let own = self.identity();
        let words = [own.map(|own| own.domain.as_str()), Some("WSS"), own.map(|own| own.user.as_str())];
        About {
            version: env!("CARGO_PKG_VERSION"),
            line: words.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        }
    }

    /// Whose phone it is, and where: the names of people alone tell two accounts of one person not apart.
    fn account_line(&self) -> String {
        let domain = self.identity().map(|own| own.domain.clone()).unwrap_or_default();
        let words = [self.extension(), domain];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    fn header(&self, now: Instant) -> Header {
        let state = self.connection.as_ref().map(|connection| connection.state);
        let own = state == Some(ConnectionState::Registered) && self.tabs.place == Place::Here;
        let (dot, status) = match state {
            _ if self.tabs.place != Place::Here => (Dot::Away, Text::of("tabs.header")),
            Some(ConnectionState::Registered) => self.person_dot(),
            Some(ConnectionState::Connecting) => (Dot::Connecting, Text::of("net.connecting")),
            Some(ConnectionState::Reconnecting) => (Dot::Connecting, Text::of("net.reconnecting")),
            Some(ConnectionState::Refused) => (Dot::Offline, Text::of("net.refused")),
            Some(ConnectionState::Offline) | None => (Dot::Offline, Text::of("net.offline")),
        };
        let name = self.identity().map(|identity| {
            let shown = identity.display_name.clone().or_else(|| identity.context_user.clone());
            shown.unwrap_or_else(|| identity.user.clone())
        });
        Header {
            name: name.unwrap_or_default(),
            dot,
            status,
            // Beside what is not the person's own state there is no room for it.
            extension: if own { self.extension() } else { String::new() },
            resizable: self.frame.resizes,
            missed: self.history.missed(),
            voicemail: self.voicemail.and_then(|known| known.chip()),
            running: self.running_call(now).filter(|_| self.ui.browsing),
        }
    }

    fn person_dot(&self) -> (Dot, Text) {
        if self.person.dnd {
            return (Dot::DoNotDisturb, Text::of("status.dnd"));
        }
        match self.person.status.as_str() {
            "online" => (Dot::Available, Text::of("status.available")),
            "busy" => (Dot::Busy, Text::of("status.busy")),
            "away" => (Dot::Away, Text::of("status.away")),
            other => {
                let statuses = self.statuses();
                let label = statuses.iter().find(|(id, _)| id == other).map(|(_, label)| label.as_str());
                (Dot::Available, Text::plain(label.unwrap_or(other)))
            }
        }
    }

    /// refused > offline > sound; trouble with the microphone is a sheet.
    fn banner(&self, now: Instant) -> Option<Banner> {
        if !matches!(self.account, Account::SignedIn { .. }) || self.tabs.place != Place::Here {
            return None;
        }
        let connection = self.connection.as_ref()?;
        match connection.state {
            ConnectionState::Refused => Some(Banner {
                tone: Tone::End,
                icon: "alert",
                text: Text::of("net.refused.ban"),
                action: Some((Text::of("signin.go"), Action::SignOut)),
            }),
            ConnectionState::Reconnecting | ConnectionState::Offline => {
                let wait =
                    connection.retry_at.map(|at| at.since(now).div_ceil(1_000)).filter(|wait| *wait > 0);
                let trying = || Text::of("net.offline.trying");
                Some(Banner {
                    tone: Tone::Warn,
                    icon: "offline",
                    text: wait.map_or_else(trying, |wait| Text::with("net.offline.ban", "s", wait)),
                    action: Some((Text::of("net.try"), Action::TryNow)),
                })
            }
            ConnectionState::Connecting => None,
            ConnectionState::Registered => self.failed_banner().or_else(|| {
                self.ui.sound_blocked.then(|| Banner {
                    tone: Tone::Accent,
                    icon: "speaker-off",
                    text: Text::of("sound.off"),
                    action: Some((Text::of("sound.on"), Action::SoundOn)),
                })
            }),
        }
    }

    /// What lies over the screen.
    pub(crate) fn sheet(&self, now: Instant) -> Option<Sheet> {
        if self.boot.is_some() {
            return None;
        }
        if let Some(incoming) = self.incoming_view(now) {
            let covered = self.rings_beside();
            let trouble = self.microphone_sheet().filter(|_| incoming.note.is_some());
            return trouble.or_else(|| covered.then_some(Sheet::SecondIncoming(Box::new(incoming))));
        }
        if let Some((wish, question)) = &self.ui.confirm {
            let referrer = wish.referred.and_then(|session| self.calls.get(&self.call_of(session)?));
            let page = || self.host.chain().first().cloned().unwrap_or_default();
            let from = match question {
                // The person wants this call.
                crate::dial::Question::DoNotCall => String::new(),
                _ => referrer.map_or_else(page, |call| call.name()),
            };
            return Some(Sheet::Confirm {
                from,
                number: wish.number.clone(),
                why: Text::of(question.text_id()),
            });
        }
        let signed_in = matches!(self.account, Account::SignedIn { .. });
        if let (Trust::Waiting { chain, refused: false }, true) = (&self.host.trust, signed_in) {
            return Some(Sheet::Consent { chain: chain.clone() });
        }
        self.import_or_menu()
    }

    fn import_or_menu(&self) -> Option<Sheet> {
        if let Some(import) = &self.ui.import {
            return Some(import.clone());
        }
        match &self.ui.menu {
            Menu::None => self.edit_sheet(),
            Menu::Microphone(..) => self.microphone_sheet(),
            Menu::Quality(id) => self.quality_sheet(*id),
            Menu::Route => self.route_sheet(),
            Menu::RemoveContacts(None) => Some(Sheet::RemoveContacts { file: None }),
            Menu::RemoveContacts(Some(number)) => {
                let (_, name) = self.kept_files().into_iter().find(|(known, _)| known == number)?;
                Some(Sheet::RemoveContacts { file: Some(name) })
            }
            Menu::Status => Some(Sheet::Status {
                account: self.account_line(),
                statuses: self.statuses(),
                set: self.person.status.clone(),
                dnd: self.person.dnd,
                in_call: !self.calls.is_empty(),
                forward: self.forwarding_summary(),
            }),
            Menu::Numbers(source, id) => {
                let hit = self.contact_of(source, id)?;
                let numbers = super::lists::numbers_of(&hit);
                Some(Sheet::Numbers { name: hit.contact.name, says: String::new(), numbers, recent: None })
            }
            Menu::Recent(key) => {
                let row = self.recent_row(self.history.get(key)?);
                let number = Some(row.handset).filter(|number| !number.is_empty());
                let numbers = number.into_iter().map(|number| (number, "", true)).collect();
                Some(Sheet::Numbers { name: row.name, says: row.says, numbers, recent: Some(row.key) })
            }
        }
    }

    fn microphone_sheet(&self) -> Option<Sheet> {
        let Menu::Microphone(error, number) = &self.ui.menu else { return None };
        let ringing = self.oldest_ringing();
        Some(super::calls::microphone_sheet(*error, number.is_some() || ringing.is_some(), ringing))
    }

    /// When a time on screen changes next: of a call, or of the banner that counts down.
    pub(crate) fn next_tick(&self, now: Instant) -> Option<Instant> {
        let calls = self.calls.values().map(|call| call.counted_since());
        let upwards = calls.map(|since| since.after(now.since(since) / 1_000 * 1_000 + 1_000));
        let retry =
            self.connection.as_ref().and_then(|connection| connection.retry_at).filter(|at| *at > now);
        let downwards = retry.map(|at| now.after((at.since(now) - 1) % 1_000 + 1));
        let merged = self.calls.keys().find_map(|id| self.mixed_since(*id));
        let merged = merged.map(|since| since.after(now.since(since) / 1_000 * 1_000 + 1_000));
        Instant::earliest(&[upwards.min(), merged, downwards])
    }

    fn toast(&self) -> Option<Toast> {
        let toast = self.ui.toast.as_ref()?;
        Some(Toast { text: toast.text.clone(), action: toast.action.clone(), error: toast.error })
    }

    /// The person's choice, else what the address proposes, else the operator's.
    pub(crate) fn theme(&self) -> crate::Theme {
        let proposed = self.proposals.iter().find(|(key, _)| key == "theme").map(|(_, value)| value.as_str());
        let from_url = match proposed {
            Some("light") => Some(crate::Theme::Light),
            Some("dark") => Some(crate::Theme::Dark),
            _ => None,
        };
        self.person.theme().or(from_url).unwrap_or(self.config.theme.mode)
    }

    fn look(&self) -> Look {
        let theme = &self.config.theme;
        let accent = theme.accent.clone().map(|light| {
            let dark = theme.accent_dark.clone().unwrap_or_else(|| light.clone());
            (light, dark)
        });
        Look { theme: self.theme(), language: self.language(), accent, strings: self.config.strings.clone() }
    }
}
