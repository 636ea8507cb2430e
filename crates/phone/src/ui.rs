//! What the person is looking at, and what each of their actions does.
//!
//! It holds no text and no layout: `view` makes those from it.

mod dialling;
mod ended;

use ended::EndedState;

use crate::{
    Action, Answer, CallId, Consent, Mending, Output, Phone, Sound,
    bridge::{self, MediaTrouble},
    call::{FailedTransfer, State, Wish},
    cause::Reason,
    contact::Editing,
    dial::Question,
    host::Trust,
    news::{Removed, ToastState},
    view::{Sheet, Tab, Text},
};
use softframe_contacts::Source;
use softframe_sip::Instant;

/// Longest text of a search or dial field.
const MAX_FIELD_CHARS: usize = 64;
/// A connection that is away for so long is said to screen readers; most are back by then (ui.md 7).
const OFFLINE_SAID_MILLIS: u64 = 5_000;
/// Between two letters lies less: what each would cost is done for the last one.
const TYPING_MILLIS: u64 = 250;
/// The recents count as seen after this (ui.md 15).
const SEEN_MILLIS: u64 = 2_000;

/// Over the tabs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Page {
    #[default]
    Tabs,
    Contact(Source, String),
    Settings,
    Forwarding,
    /// 57.
    Check,
    /// 58.
    About,
}

/// The menu that is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Menu {
    #[default]
    None,
    Numbers(Source, String),
    Recent(String),
    Status,
    /// Of this file, or all.
    RemoveContacts(Option<u32>),
    Route,
    /// How this call is heard.
    Quality(CallId),
    /// Trouble with the microphone; the number to call again.
    Microphone(crate::MediaError, Option<String>),
}

/// What is on screen beside the calls themselves.
#[derive(Default)]
pub(crate) struct Ui {
    pub(crate) tab: Tab,
    pub(crate) field: String,
    pub(crate) highlighted: Option<usize>,
    pub(crate) contact_query: String,
    /// When typing in it is said to have paused, unless another letter comes.
    pub(crate) typing_until: Option<Instant>,
    pub(crate) recent_query: String,
    pub(crate) only_missed: bool,
    pub(crate) page: Page,
    pub(crate) menu: Menu,
    pub(crate) import: Option<Sheet>,
    pub(crate) editing: Option<Editing>,
    pub(crate) confirm: Option<(Wish, Question)>,
    pub(crate) toast: Option<ToastState>,
    pub(crate) ended: Option<EndedState>,
    /// The call in front.
    pub(crate) front: Option<CallId>,
    pub(crate) browsing: bool,
    pub(crate) keypad: bool,
    /// A transfer of this call is being aimed, by what the field of that page holds.
    pub(crate) picking: Option<(CallId, String)>,
    /// The transfer that came back, until it is tried again or its call is over.
    pub(crate) failed_transfer: Option<FailedTransfer>,
    /// Where sound can go, as (id, name); `None` where the browser lets nobody choose.
    pub(crate) speakers: Option<Vec<(String, String)>>,
    /// A rule of forwarding that is not set yet.
    pub(crate) draft: Option<crate::forwarding::Draft>,
    pub(crate) microphones: Vec<(String, String)>,
    /// What the browser was told to use.
    pub(crate) devices: Option<crate::Devices>,
    pub(crate) check: Option<crate::check::Check>,
    pub(crate) sound_blocked: bool,
    pub(crate) microphone_blocked: bool,
    pub(crate) undo: Option<Removed>,
    seen_at: Option<Instant>,
    offline_at: Option<Instant>,
}

impl Ui {
    pub(crate) fn show_call(&mut self, id: CallId) {
        (self.front, self.browsing, self.keypad, self.ended) = (Some(id), false, false, None);
        (self.menu, self.picking) = (Menu::None, None);
    }

    /// A call outranks everything, but loses nothing that was typed.
    pub(crate) fn call_rings(&mut self) {
        self.menu = Menu::None;
        self.ended = None;
    }

    pub(crate) fn call_gone(&mut self, id: CallId, other: Option<CallId>) {
        if self.front == Some(id) {
            (self.front, self.keypad) = (other, false);
        }
        self.picking.take_if(|(call, _)| *call == id);
        self.failed_transfer.take_if(|failed| failed.call == id);
        if self.menu == Menu::Quality(id) {
            self.menu = Menu::None;
        }
        if other.is_none() {
            self.browsing = false;
        }
    }

    pub(crate) fn fill(&mut self, number: &str) {
        self.field = number.to_owned();
        (self.tab, self.page, self.highlighted, self.browsing) = (Tab::Keypad, Page::Tabs, None, true);
    }

    pub(crate) fn go(&mut self, now: Instant, tab: Tab) {
        (self.tab, self.page, self.menu) = (tab, Page::Tabs, Menu::None);
        self.seen_at = (tab == Tab::Recents).then(|| now.after(SEEN_MILLIS));
        self.browsing = self.browsing || self.front.is_some();
    }

    /// The connection was lost, or is back.
    pub(crate) fn is_online(&mut self, now: Instant, online: bool) {
        self.offline_at = (!online).then(|| now.after(OFFLINE_SAID_MILLIS));
    }

    pub(crate) fn signed_out(&mut self) {
        let (sound_blocked, microphone_blocked) = (self.sound_blocked, self.microphone_blocked);
        let (speakers, microphones) = (self.speakers.take(), std::mem::take(&mut self.microphones));
        let devices = self.devices.take();
        *self = Ui { sound_blocked, microphone_blocked, speakers, microphones, devices, ..Ui::default() };
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let toast = self.toast.as_ref().and_then(ToastState::until);
        let ended = self.ended.as_ref().and_then(EndedState::until);
        let check = self.check.as_ref().and_then(crate::check::Check::deadline);
        let waits = [self.seen_at, self.offline_at, self.typing_until];
        Instant::earliest(&[toast, ended, check, Instant::earliest(&waits)])
    }
}

impl Phone {
    pub(crate) fn ui_due(&mut self, now: Instant) {
        let due = |until: &Option<Instant>| until.is_some_and(|until| until <= now);
        self.ui.toast.take_if(|toast| due(&toast.until()));
        self.ui.ended.take_if(|ended| due(&ended.until()));
        self.ui.typing_until.take_if(|until| *until <= now);
        self.check_due(now);
        if self.ui.seen_at.take_if(|at| *at <= now).is_some() {
            self.history_seen();
        }
        if self.ui.offline_at.take_if(|at| *at <= now).is_some() {
            self.say(Text::of("net.offline.trying"), true);
        }
    }

    pub(crate) fn action(&mut self, now: Instant, action: Action) {
        match action {
            Action::SignIn { server, user, password } => self.sign_in(now, &server, &user, password),
            Action::ChangeServer => self.change_server(),
            Action::SignOut => self.sign_out(now),
            Action::Consent(consent) => self.consent(consent),
            Action::Tab(tab) => self.ui.go(now, tab),
            Action::DialField(text) => self.type_in(text),
            Action::Key(key) => self.key(now, key),
            Action::VoicemailKey => self.voicemail_key(now),
            Action::Call => self.call_button(now),
            Action::Highlight(row) => self.ui.highlighted = row,
            Action::Fill(row) => {
                if let Some(row) = self.suggestions().into_iter().nth(row) {
                    self.type_in(row.handset);
                }
            }
            Action::CallNumber(number) => self.dial_typed(now, &number),
            Action::ContactSearch(text) => {
                self.ui.contact_query = cut(text);
                self.ui.typing_until = Some(now.after(TYPING_MILLIS));
            }
            Action::RecentSearch(text) => self.ui.recent_query = cut(text),
            Action::OnlyMissed(only) => self.ui.only_missed = only,
            Action::OpenContact(key) => self.open_contact(&key),
            Action::OpenNumbers(key) => self.open_numbers(&key),
            Action::ContactClick(key) => self.contact_click(now, &key),
            Action::RemoveRecent(key) => self.remove_recent(now, &key),
            Action::Undo => self.undo(),
            Action::Back => self.back(now),
            Action::CloseSheet => self.close_sheet(now),
            Action::OpenStatus => self.ui.menu = Menu::Status,
            Action::OpenSettings => {
                (self.ui.page, self.ui.menu) = (Page::Settings, Menu::None);
                // From the sheet of a call: it goes on behind.
                self.ui.browsing = self.ui.browsing || self.ui.front.is_some();
            }
            Action::Status(status) => {
                self.set_status(now, &status);
            }
            Action::Minimise(true) => self.minimise(true),
            Action::Minimise(false) => self.expand(),
            Action::OpenForwarding => {
                (self.ui.page, self.ui.menu, self.ui.draft) = (Page::Forwarding, Menu::None, None);
            }
            Action::Forward(rule, on) => self.switch_forward(rule, on),
            Action::ForwardTo(rule, number) => self.forward_to(rule, &number),
            Action::ForwardAfter(seconds) => self.forward_after(seconds),
            Action::DoNotDisturb(dnd) => self.set_dnd(now, dnd),
            Action::Theme(theme) => self.set_theme(theme),
            Action::Language(tag) => self.set_language(&tag),
            Action::SingleKeys(on) => self.set_single_keys(on),
            Action::OpenQuality(id) => self.ui.menu = Menu::Quality(id),
            Action::OpenRoute => self.ui.menu = Menu::Route,
            Action::Speaker(id) => self.set_speaker(&id),
            Action::UseDevice(name) => self.use_device(&name),
            Action::TestRing => self.test_sound(Sound::TestRing),
            Action::TestSpeaker => self.test_sound(Sound::TestSpeaker),
            Action::Confirm(yes) => self.confirmed_dialling(now, yes),
            Action::TryNow => self.try_now(now),
            Action::TryAgain => self.try_again(now),
            Action::RemoveAllContacts => self.remove_contacts(),
            Action::RemoveFile(number) => self.ui.menu = Menu::RemoveContacts(Some(number)),
            Action::RemoveContact => self.remove_contact(now),
            Action::EditContact => self.edit_contact(),
            Action::ContactDraft(draft) => self.contact_draft(draft),
            Action::SaveContact => self.save_contact(now),
            Action::SoundOn => self.sound_on(),
            Action::CloseToast => self.ui.toast = None,
            Action::LogCall => self.rc_log_call(),
            Action::Authorize => self.rc_authorize(),
            other => self.device_action(now, other),
        }
    }

    fn device_action(&mut self, now: Instant, action: Action) {
        match action {
            Action::UseHere => self.use_here(),
            Action::Check => self.check(now),
            Action::OpenAbout => (self.ui.page, self.ui.menu) = (Page::About, Menu::None),
            Action::SaveReport => {
                let text = self.report(now);
                self.out.push_back(Output::Save { name: "softframe-report.txt", text });
            }
            Action::Microphone(id) => self.change_devices(|devices| devices.microphone = id),
            Action::RingSpeaker(id) => self.change_devices(|devices| devices.ring_speaker = id),
            Action::Volume(volume) => self.change_devices(|devices| devices.volume = volume.min(100)),
            Action::RingVolume(volume) => {
                self.change_devices(|devices| devices.ring_volume = volume.min(100))
            }
            Action::Mend(Mending::Echo, on) => self.change_devices(|devices| devices.echo = on),
            Action::Mend(Mending::Noise, on) => self.change_devices(|devices| devices.noise = on),
            Action::Mend(Mending::Gain, on) => self.change_devices(|devices| devices.gain = on),
            Action::AskHeadset => self.out.push_back(Output::AskHeadset),
            other => self.call_action(now, other),
        }
    }

    fn call_action(&mut self, now: Instant, action: Action) {
        match action {
            Action::Answer(id, Answer::HoldOther) => self.answer(now, id, None),
            Action::Answer(id, Answer::EndOther) => {
                let attempt =
                    || self.calls.values().find(|call| call.is_outgoing_attempt()).map(|call| call.id);
                if let Some(other) = self.live_call().or_else(attempt) {
                    self.end(now, other, Reason::Hangup);
                }
                self.answer(now, id, None);
            }
            Action::Decline(id) => self.decline(now, id, None),
            Action::Silence(id) => {
                if let Some(State::Incoming { silenced, .. }) =
                    self.calls.get_mut(&id).map(|call| &mut call.state)
                {
                    *silenced = true;
                }
            }
            Action::End(id) => self.end(now, id, Reason::Hangup),
            Action::Mute(id, mute) => {
                self.conversation(id).into_iter().for_each(|id| self.mute(now, id, mute));
            }
            Action::Hold(id, hold) => {
                self.conversation(id).into_iter().for_each(|id| self.hold(now, id, hold, None));
            }
            Action::Merge(one, other) => self.merge(now, Some(one), Some(other), None),
            Action::Split(stays) => self.split(now, stays),
            Action::Connect(one, other) => self.complete_transfer(now, Some(one), Some(other), None),
            Action::EndAll(id) => {
                self.conversation(id).into_iter().for_each(|id| self.end(now, id, Reason::Hangup));
            }
            Action::Swap(id) => {
                self.ui.front = Some(id);
                self.hold(now, id, false, None);
            }
            Action::CallKeypad(open) => self.ui.keypad = open,
            Action::SendTo(id) => self.ui.picking = Some((id, String::new())),
            Action::Redirect(id, to) => self.aim(now, id, &to, Self::redirect_for_host),
            Action::PickTransfer(id) => self.ui.picking = Some((id, String::new())),
            Action::RetryTransfer => {
                if let Some(failed) = self.ui.failed_transfer.take() {
                    self.ui.picking = Some((failed.call, failed.to));
                    self.ui.browsing = false;
                }
            }
            Action::Transfer(id, to) => self.aim(now, id, &to, Self::transfer),
            Action::Consult(id, to) => self.aim(now, id, &to, Self::consult),
            Action::CompleteTransfer(asking) => self.complete_transfer(now, Some(asking), None, None),
            Action::CancelTransfer => self.cancel_transfer(now, None),
            Action::TakeBack(id) => self.take_back(now, id),
            Action::WhyNot => self.say_why_not(now),
            Action::Browse(browsing) => self.ui.browsing = browsing,
            Action::Done => self.ui.ended = None,
            Action::CallAgain => {
                if let Some(ended) = self.ui.ended.take() {
                    self.dial_typed(now, &ended.number);
                }
            }
            Action::Linger(linger) => self.linger(now, linger),
            _ => {}
        }
    }

    fn consent(&mut self, consent: Consent) {
        let Trust::Waiting { refused, .. } = &mut self.host.trust else { return };
        match consent {
            Consent::Allow => self.out.push_back(Output::Grant { lasting: true }),
            Consent::Once => self.out.push_back(Output::Grant { lasting: false }),
            Consent::No => *refused = true,
        }
    }

    /// Esc and the back arrow: closes the top sheet, else leaves the sub-page, else clears the field. Ends no call.
    fn back(&mut self, now: Instant) {
        let has_menu = self.ui.menu != Menu::None || self.edit_sheet().is_some();
        if has_menu || self.ui.import.is_some() || self.ui.confirm.is_some() {
            self.close_sheet(now);
        } else if self.ui.picking.take().is_some() {
            // Back to the call.
        } else if self.ui.keypad {
            self.ui.keypad = false;
        } else if matches!(self.ui.page, Page::Check | Page::About) {
            self.ui.page = Page::Settings;
        } else if self.ui.page != Page::Tabs {
            self.ui.page = Page::Tabs;
        } else if self.ui.tab == Tab::Keypad {
            self.type_in(String::new());
        } else if self.ui.tab == Tab::Contacts {
            self.ui.contact_query.clear();
        } else {
            self.ui.recent_query.clear();
        }
    }

    fn close_sheet(&mut self, now: Instant) {
        if self.ui.confirm.is_some() {
            self.drop_confirm(now);
        } else if matches!(self.sheet(now), Some(Sheet::Consent { .. })) {
            // Closed is not consented.
            self.consent(Consent::No);
        } else if self.ui.import.take().is_none() && std::mem::take(&mut self.ui.menu) == Menu::None {
            self.ui.editing = None;
        }
    }

    fn try_again(&mut self, now: Instant) {
        let Menu::Microphone(_, number) = std::mem::take(&mut self.ui.menu) else { return };
        match (number, self.oldest_ringing()) {
            (Some(number), _) => self.dial_typed(now, &number),
            (None, Some(ringing)) => self.answer(now, ringing, None),
            (None, None) => {}
        }
    }

    fn sound_on(&mut self) {
        self.ui.sound_blocked = false;
        self.attention_over();
        // What should be heard now is asked for anew.
        self.sound = Sound::Silence;
    }

    /// A failed microphone: a sheet for the person, an event for the host.
    pub(crate) fn media_trouble(&mut self, error: crate::MediaError, number: Option<String>) {
        let code = bridge::Code::of_media(error).to_string();
        self.tell("media:error", &bridge::json(&MediaTrouble { code }));
        self.ui.menu = Menu::Microphone(error, number);
        self.attention("microphone");
        self.say(Text::of(crate::view::microphone_title(error)), true);
    }
}

fn cut(text: String) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_FIELD_CHARS).collect()
}
