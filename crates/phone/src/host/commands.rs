//! What each command of the host does.
//!
//! It never answers a command twice: each arm answers, or hands the `Ask` on to what will.

use super::FEATURES;
use crate::{
    Action, CallId, Phone,
    account::{Account, state_name},
    bridge::{Ask, CallState, Click2Call, Code, Command, Hello, Limits, Snapshot},
    call::{Call, WITHHELD, Wish, times},
    cause::Reason,
    clock, dial,
    dial::Verdict,
    forward,
    frame::Frame,
    json::{object, tree},
    view::{Tab, Text},
};
use serde_json::{Value, json};
use softframe_contacts::Source;
use softframe_sip::Instant;

/// Smallest and largest size a host may set; a page that opens the phone trusts it.
const SIZES: std::ops::RangeInclusive<u32> = 48..=4_096;

impl Phone {
    /// `held`: it came before the page was trusted.
    pub(crate) fn run_command(&mut self, now: Instant, ask: Ask, command: Command, held: bool) {
        match command {
            late if held && opens_or_connects(&late) => {
                self.fail_ask(Some(ask), Code::NeedsConfirmation, "It came before the page was trusted.");
            }
            Command::Click2Call(wish) => self.click2call(now, ask, wish, held),
            Command::Answer { call } => self.on_call(ask, call, Self::oldest_ringing, |phone, id, ask| {
                phone.answer(now, id, Some(ask));
            }),
            Command::Reject { call, code } => {
                self.on_call(ask, call, Self::oldest_ringing, |phone, id, ask| {
                    match phone.calls.get(&id).is_some_and(|call| call.is_ringing_in()) {
                        true => {
                            phone.decline(now, id, Some(code));
                            phone.answer_ask(Some(ask), json!({}));
                        }
                        false => phone.fail_ask(Some(ask), Code::WrongState, "This call does not ring."),
                    }
                })
            }
            Command::Hangup { call } => self.on_call(ask, call, Self::active_call, |phone, id, ask| {
                phone.end(now, id, Reason::Hangup);
                phone.answer_ask(Some(ask), json!({}));
            }),
            Command::Hold { call, hold } => {
                let which = |phone: &Phone| match hold {
                    true => phone.active_call(),
                    false => phone.held_call().or_else(|| phone.active_call()),
                };
                self.on_call(ask, call, which, |phone, id, ask| phone.hold(now, id, hold, Some(ask)));
            }
            Command::Mute { call, mute } => self.on_call(ask, call, Self::active_call, |phone, id, ask| {
                phone.mute(now, id, mute);
                phone.answer_ask(Some(ask), json!({}));
            }),
            Command::Dtmf { call, digits, method } => {
                self.on_call(ask, call, Self::active_call, |phone, id, ask| {
                    phone.dtmf(now, id, &digits, method, Some(ask));
                });
            }
            Command::Transfer { call, to } => {
                self.transfer_command(now, ask, call, Self::active_call, &to, Self::transfer_for_host);
            }
            Command::Redirect { call, to } => {
                self.transfer_command(now, ask, call, Self::oldest_ringing, &to, Self::redirect_admitted);
            }
            Command::TransferStart { call, to } => {
                self.transfer_command(now, ask, call, Self::active_call, &to, Self::consult_for_host);
            }
            Command::SetData { call, variables } => {
                let which = |phone: &Phone| phone.active_call().or_else(|| phone.oldest_ringing());
                self.on_call(ask, call, which, |phone, id, ask| {
                    phone.set_data(now, id, &variables, Some(ask));
                });
            }
            Command::TransferComplete { call, other } => {
                self.join_command(now, ask, (call, other), Self::complete_transfer);
            }
            Command::Merge { call, other } => self.join_command(now, ask, (call, other), Self::merge),
            Command::TransferCancel => self.cancel_transfer(now, Some(ask)),
            Command::State => {
                let state = self.state(now);
                self.answer_ask(Some(ask), state);
            }
            Command::Report => {
                let text = self.report(now);
                self.answer_ask(Some(ask), json!({ "text": text }));
            }
            Command::Logout => {
                self.sign_out(now);
                self.answer_ask(Some(ask), json!({}));
            }
            Command::HintsSubscribe { numbers } => self.hints_subscribe(now, ask, &numbers),
            Command::HintsUnsubscribe { numbers } => {
                let cleaned = numbers.map(|numbers| {
                    let clean = |number: String| dial::clean_number(&number, false).unwrap_or(number);
                    numbers.into_iter().map(clean).collect::<Vec<_>>()
                });
                self.unwatch(now, cleaned.as_deref());
                self.answer_ask(Some(ask), json!({}));
            }
            Command::Xivo(message) => self.xivo_message(now, ask, message, held),
            Command::ProviderRegister(registration) => {
                self.register_provider(now, registration);
                self.answer_ask(Some(ask), json!({}));
            }
            Command::ProviderResponse { id, answer } => {
                self.provider_said(now, &id, answer.as_ref());
                self.answer_ask(Some(ask), json!({}));
            }
            other => self.run_plain_command(now, ask, other),
        }
    }

    /// Those that name no call.
    fn run_plain_command(&mut self, now: Instant, ask: Ask, command: Command) {
        match command {
            Command::Contacts(rows, head) => {
                self.take_rows(&rows, &head);
                self.answer_ask(Some(ask), json!({}));
            }
            Command::ContactsRemove { ids, source } => {
                self.contacts.remove(&Source::Host(source), &ids);
                self.wants_index();
                self.answer_ask(Some(ask), json!({}));
            }
            Command::ContactsClear { source } => {
                let source = Source::Host(source);
                self.contacts.clear(&source);
                self.forget_list(&source);
                self.wants_index();
                self.answer_ask(Some(ask), json!({}));
            }
            Command::ContactsSearch { query, max } => {
                let mut hits = self.contacts.search(&query, max + 1);
                let more = hits.len() > max;
                hits.truncate(max);
                let rows: Vec<_> = hits.iter().map(|hit| self.contact_row(hit, "")).collect();
                self.answer_ask(Some(ask), object(vec![("hits", tree(&rows)), ("more", more.into())]));
            }
            Command::ContactsMatch { numbers } => {
                let matches: serde_json::Map<String, Value> = numbers
                    .into_iter()
                    .map(|number| {
                        let hits = self.who_has(&number);
                        let rows: Vec<_> = hits.iter().map(|hit| self.contact_row(hit, &number)).collect();
                        (number, tree(&rows))
                    })
                    .collect();
                self.answer_ask(Some(ask), object(vec![("matches", matches.into())]));
            }
            Command::ContactsVcf { text } => {
                let data = self.take_vcf(&text);
                self.answer_ask(Some(ask), data);
            }
            Command::Status { status } => match self.set_status(now, &status) {
                true => self.answer_ask(Some(ask), json!({})),
                false => self.fail_ask(Some(ask), Code::BadRequest, "There is no such status."),
            },
            Command::Dnd { enabled } => {
                self.set_dnd(now, enabled);
                self.answer_ask(Some(ask), json!({}));
            }
            Command::Login(offer) => self.login_for_host(now, ask, *offer),
            Command::Text { to, text } => self.text_for_host(now, ask, &to, text),
            Command::Forward(wish) => self.forward_for_host(now, ask, wish),
            Command::Hello { resizes } => {
                self.frame.resizes |= resizes;
                self.hello(ask);
            }
            Command::Show | Command::Minimize => {
                self.frame.resizes = true;
                self.minimise(command == Command::Minimize);
                self.answer_ask(Some(ask), json!({}));
            }
            Command::Hide => self.answer_ask(Some(ask), json!({})),
            Command::Navigate { view } => self.navigate(now, ask, &view),
            Command::Size { width, height } => self.set_size(ask, width, height),
            _ => self.fail_ask(Some(ask), Code::Internal, "This command has no effect here."),
        }
    }

    /// Runs `act` on the call the host means: by its id or reference, else by `default`.
    fn on_call(
        &mut self,
        ask: Ask,
        named: Option<String>,
        default: impl Fn(&Phone) -> Option<CallId>,
        act: impl FnOnce(&mut Phone, CallId, Ask),
    ) {
        let found = match &named {
            Some(name) => self.named_call(name),
            None => default(self),
        };
        match found {
            Some(id) => act(self, id, ask),
            None => self.fail_ask(Some(ask), Code::NoSuchCall, "There is no such call."),
        }
    }

    /// The newest live call of that id or reference (protocol.md 1.5).
    pub(crate) fn named_call(&self, name: &str) -> Option<CallId> {
        let is = |call: &&Call| call.label == name || call.reference.as_deref() == Some(name);
        self.calls.values().rev().find(is).map(|call| call.id)
    }

    pub(crate) fn active_call(&self) -> Option<CallId> {
        let held = || self.held_call();
        let attempt = || self.calls.values().find(|call| !call.is_ringing_in()).map(|call| call.id);
        self.live_call().or_else(attempt).or_else(held)
    }

    fn held_call(&self) -> Option<CallId> {
        let held = |call: &&Call| call.talk().is_some_and(|talk| talk.held.is_some());
        self.calls.values().rev().find(held).map(|call| call.id)
    }

    fn click2call(&mut self, now: Instant, ask: Ask, wish: Click2Call, held: bool) {
        let number = match dial::clean(&wish.number, &self.config) {
            Ok(number) => number,
            Err(dial::Refusal::Invalid) => {
                return self.fail_ask(Some(ask), Code::InvalidNumber, "This is not a phone number.");
            }
            Err(dial::Refusal::Blocked) => {
                return self.fail_ask(
                    Some(ask),
                    Code::InvalidNumber,
                    "Calls to this number are not allowed.",
                );
            }
        };
        let from = match wish.from.as_deref().map(own_number) {
            Some(None) => {
                return self.fail_ask(Some(ask), Code::InvalidNumber, "from is not a phone number.");
            }
            Some(from) => from,
            None => None,
        };
        if held || !wish.auto_dial {
            self.ui.fill(&number);
            return match held {
                true => self.fail_ask(
                    Some(ask),
                    Code::NeedsConfirmation,
                    "The number was filled in, not dialled.",
                ),
                false => self.answer_ask(Some(ask), json!({})),
            };
        }
        if !self.is_registered() {
            return self.fail_ask(Some(ask), Code::NotRegistered, "The phone is not registered.");
        }
        let Some(ask) = self.pass_gate(now, ask, &number) else { return };
        let question = dial::question(&number, &self.config);
        let (number, onward) = match wish.via.map(|via| dial::clean(&via, &self.config)) {
            Some(Err(_)) => {
                return self.fail_ask(Some(ask), Code::InvalidNumber, "The first number is no phone number.");
            }
            Some(Ok(via)) => (via, Some(number)),
            None => (number, None),
        };
        let mut wish = Wish {
            number,
            onward,
            from,
            user_data: wish.user_data,
            variables: wish.variables,
            headers: wish.headers,
            reference: wish.reference,
            ..Wish::default()
        };
        match question {
            Some(question) => {
                self.fail_ask(Some(ask), Code::NeedsConfirmation, "The person is asked first.");
                self.ask_person(now, wish, question);
            }
            None => {
                wish.ask = Some(ask);
                self.dial(now, wish);
            }
        }
    }

    /// The limits of host dialling; `None` if the command is settled by them.
    fn pass_gate(&mut self, now: Instant, ask: Ask, number: &str) -> Option<Ask> {
        let verdict = self.gate.admit(now, number, self.config.dial.host_limit);
        self.judged(now, ask, verdict)
    }

    pub(crate) fn judged(&mut self, now: Instant, ask: Ask, verdict: Verdict) -> Option<Ask> {
        match verdict {
            Verdict::Pass => return Some(ask),
            // protocol.md 1.7: ignored, so nothing on screen; a command that asked gets its response.
            Verdict::Repeated if ask.id.is_none() => {}
            Verdict::Repeated => {
                self.fail_ask(Some(ask), Code::RateLimited, "The same number was just dialled.");
            }
            Verdict::TooFast => {
                self.ui.toast(now, Text::of("news.rate"), true);
                self.fail_ask(Some(ask), Code::RateLimited, "The page dials too fast.");
            }
        }
        None
    }

    fn transfer_command(
        &mut self,
        now: Instant,
        ask: Ask,
        call: Option<String>,
        default: fn(&Phone) -> Option<CallId>,
        to: &str,
        act: impl FnOnce(&mut Phone, Instant, CallId, String, Option<Ask>),
    ) {
        match dial::clean(to, &self.config) {
            Ok(to) if dial::question(&to, &self.config).is_none() => {
                self.on_call(ask, call, default, |phone, id, ask| {
                    act(phone, now, id, to, Some(ask));
                });
            }
            Ok(_) => {
                self.fail_ask(Some(ask), Code::NeedsConfirmation, "This number needs the person's word.")
            }
            Err(_) => self.fail_ask(Some(ask), Code::InvalidNumber, "This is not a phone number."),
        }
    }

    /// A call that the host wants passes the limits of its dialling.
    fn consult_for_host(&mut self, now: Instant, id: CallId, to: String, ask: Option<Ask>) {
        let Some(ask) = ask.and_then(|ask| self.pass_gate(now, ask, &to)) else { return };
        self.consult(now, id, to, Some(ask));
    }

    /// So do transfers, apart from its calls.
    fn transfer_for_host(&mut self, now: Instant, id: CallId, to: String, ask: Option<Ask>) {
        let verdict = self.transfer_gate.admit(now, &to, Some(dial::TRANSFER_LIMIT));
        let Some(ask) = ask.and_then(|ask| self.judged(now, ask, verdict)) else { return };
        self.transfer(now, id, to, Some(ask));
    }

    /// And so do calls that are sent on.
    fn redirect_admitted(&mut self, now: Instant, id: CallId, to: String, ask: Option<Ask>) {
        let verdict = self.transfer_gate.admit(now, &to, Some(dial::TRANSFER_LIMIT));
        let Some(ask) = ask.and_then(|ask| self.judged(now, ask, verdict)) else { return };
        self.redirect_for_host(now, id, to, Some(ask));
    }

    fn join_command(
        &mut self,
        now: Instant,
        ask: Ask,
        (call, other): (Option<String>, Option<String>),
        act: impl FnOnce(&mut Phone, Instant, Option<CallId>, Option<CallId>, Option<Ask>),
    ) {
        let named = |name: &Option<String>| match name {
            Some(name) => self.named_call(name).map(Some),
            None => Some(None),
        };
        match (named(&call), named(&other)) {
            (Some(first), Some(other)) => act(self, now, first, other, Some(ask)),
            (None, _) | (_, None) => self.fail_ask(Some(ask), Code::NoSuchCall, "There is no such call."),
        }
    }

    /// Each number is told when its first answer has come, then at each change.
    fn hints_subscribe(&mut self, now: Instant, ask: Ask, numbers: &[String]) {
        let cleaned: Option<Vec<String>> =
            numbers.iter().map(|number| dial::clean_number(number, false).ok()).collect();
        match cleaned {
            None => self.fail_ask(Some(ask), Code::InvalidNumber, "One of these is not a phone number."),
            Some(numbers) if self.watch(now, &numbers) => self.answer_ask(Some(ask), json!({})),
            Some(_) => self.fail_ask(Some(ask), Code::TooLarge, "At most 100 numbers can be watched."),
        }
    }

    /// A host that attached late is told again what it waits for.
    fn hello(&mut self, ask: Ask) {
        let limits = Limits { max_message_contacts: 150 };
        self.answer_ask(Some(ask), tree(&Hello { v: 1, features: FEATURES, limits }));
        if matches!(self.account, Account::SignedIn { logged: true, .. }) {
            self.tell_logged();
        }
    }

    fn navigate(&mut self, now: Instant, ask: Ask, view: &str) {
        match view {
            "keypad" => self.ui.go(now, Tab::Keypad),
            "contacts" => self.ui.go(now, Tab::Contacts),
            "history" => self.ui.go(now, Tab::Recents),
            "settings" => self.action(now, Action::OpenSettings),
            "call" => self.ui.browsing = false,
            _ => return self.fail_ask(Some(ask), Code::BadRequest, "There is no such view."),
        }
        self.answer_ask(Some(ask), json!({}));
    }

    fn set_size(&mut self, ask: Ask, width: u32, height: u32) {
        if !SIZES.contains(&width) || !SIZES.contains(&height) {
            return self.fail_ask(Some(ask), Code::BadRequest, "width and height must be from 48 to 4096.");
        }
        self.frame = Frame { wanted: (width, height), minimised: false, resizes: true };
        self.tell_size();
        self.answer_ask(Some(ask), json!({}));
    }

    /// The snapshot of `state`.
    fn state(&self, now: Instant) -> Value {
        let connection =
            self.connection.as_ref().map_or("offline", |connection| state_name(connection.state));
        tree(&Snapshot {
            context: self.context(),
            connection,
            calls: self.told_calls().into_iter().filter_map(|call| call_state(now, call)).collect(),
            forwards: self.forwards().clone(),
            dnd: self.person.dnd,
            voicemail: self.voicemail.unwrap_or_default(),
            seq: self.host.seq.unwrap_or(1).saturating_sub(1),
        })
    }
}

/// As the events told it; `None` while none did.
fn call_state(now: Instant, call: &Call) -> Option<CallState> {
    let told = |(kind, _): &(&'static str, String)| match *kind {
        "phone:calling" => Some("calling"),
        "phone:progress" => Some("progress"),
        "phone:ringing" => Some("ringing"),
        _ => None,
    };
    let state = match call.talk() {
        Some(talk) if talk.held.is_some() => "held",
        Some(_) => "active",
        None => call.said.iter().rev().find_map(told)?,
    };
    Some(CallState {
        id: call.label.clone(),
        r#ref: call.reference.clone(),
        direction: call.direction.name(),
        from: call.from.clone(),
        to: call.to.clone(),
        date: clock::iso8601(call.date),
        state,
        muted: call.muted,
        wait: times(call, now, false).0,
    })
}

/// What lets somebody be heard or calls somebody, by now perhaps in another call than the page meant.
fn opens_or_connects(command: &Command) -> bool {
    matches!(
        command,
        Command::Answer { .. }
            | Command::Hold { hold: false, .. }
            | Command::Mute { mute: false, .. }
            | Command::Transfer { .. }
            | Command::Redirect { .. }
            | Command::TransferStart { .. }
            | Command::TransferComplete { .. }
            | Command::Merge { .. }
            | Command::SetData { .. }
            | Command::Text { .. }
            | Command::Login(_)
            | Command::Forward(forward::Wish { enabled: true, .. })
    )
}

/// A number of ours that a call shows, or that none is shown.
fn own_number(text: &str) -> Option<String> {
    match text.trim().eq_ignore_ascii_case(WITHHELD) {
        true => Some(WITHHELD.to_owned()),
        false => dial::clean_number(text, false).ok(),
    }
}
