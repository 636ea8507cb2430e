//! What a page wants in the words of this dialect, each as a command of ours.
//!
//! Every wish passes the gates of ours. Nothing is answered but `rc-adapter-message-request`, and what is not known is
//! left alone, as the original does.

use crate::{
    Action, Dtmf, Output, Phone,
    bridge::{Ask, Click2Call, Code, Command, provider::word},
    call::WITHHELD,
    dial,
    headers::shown,
    json::object,
    view::Text,
};
use serde_json::Value;
use softframe_sip::Instant;

/// Longest path of a question of the page that is given back.
const MAX_ID_CHARS: usize = 128;
/// Longest ring of a page, as text: a minute of well packed music.
const MAX_RING_CHARS: usize = 1024 * 1024;
/// A page gives the phone a ring.
const RINGTONE: &str = "rc-adapter-update-ringtone";
const NO_RING: &str =
    "This sound is none, too long, or of no origin of soundHosts: the phone rings with its own.";
/// Longest that a message of the page is shown: a day, as nobody looks for longer.
const MAX_ALERT_MILLIS: u64 = 24 * 60 * 60 * 1000;
/// Numbers of one wish for matches.
const MAX_NUMBERS: usize = 100;

impl Phone {
    pub(super) fn rc_command(&mut self, now: Instant, kind: &str, message: &Value, held: bool) {
        let text = |key: &str| word(message.get(key));
        match kind {
            "rc-adapter-new-call" => {
                let dials = message.get("toCall").is_some_and(is_true);
                self.rc_new_call(now, text("phoneNumber").unwrap_or_default(), dials, held);
            }
            "rc-adapter-control-call" => self.rc_control(now, message, held),
            "rc-adapter-register-third-party-service" => {
                self.rc_registers(now, message.get("service").unwrap_or(&Value::Null));
            }
            "rc-adapter-update-authorization-status" => {
                self.rc_authorizes(now, message);
            }
            "rc-adapter-sync-third-party-contacts" => {
                self.want_list(now, true);
                self.match_what_is_known(now);
            }
            "rc-adapter-trigger-contact-match" => {
                let numbers = message.get("phoneNumbers").and_then(Value::as_array).into_iter().flatten();
                let numbers = numbers.take(MAX_NUMBERS).filter_map(|number| word(Some(number))).collect();
                self.match_again(now, numbers);
            }
            "rc-adapter-trigger-call-logger-match" => {
                let wanted = message.get("sessionIds").and_then(Value::as_array);
                self.rc_asks_what_is_logged(|id| {
                    wanted.is_none_or(|wanted| wanted.iter().any(|wanted| wanted == id))
                });
            }
            "rc-adapter-webphone-sessions-sync" => {
                let calls = self.rc_calls();
                self.rc_shows("rc-webphone-sessions-sync", "calls", calls.into());
            }
            "rc-adapter-message-request" => self.rc_question(now, message),
            "rc-adapter-set-presence" => self.rc_presence(now, message, held),
            "rc-adapter-login" => self.sign_in_wanted(now),
            "rc-adapter-logout" => self.rc_run(now, kind, Command::Logout, held),
            "rc-adapter-navigate-to" => self.rc_navigate(now, &text("path").unwrap_or_default(), held),
            "rc-adapter-syncPosition" | "rc-adapter-syncMinimized" | "rc-adapter-syncClosed" => {
                self.rc_container(message);
            }
            RINGTONE => self.rc_ringtone(message),
            "rc-calling-settings-update" => {
                if let Some(number) = text("fromNumber") {
                    self.rc_calls_from(number);
                }
            }
            "rc-adapter-update-auto-log-settings" => {
                if let Some(call) = message.get("call") {
                    self.rc.keeps_no_log = !is_true(call);
                    self.rc_tells_logging();
                }
            }
            _ => {}
        }
    }

    fn rc_run(&mut self, now: Instant, kind: &str, command: Command, held: bool) {
        self.admit_command(now, Ask { id: None, command: kind.to_owned(), asker: None }, command, held);
    }

    /// Not while somebody is being called, nor a number that is on a call already.
    fn rc_new_call(&mut self, now: Instant, number: String, dials: bool, held: bool) {
        let is_on_call = self.calls.values().any(|call| self.contacts.is_same_number(call.number(), &number));
        if dials && (is_on_call || !self.is_registered() || self.no_dialling().is_some()) {
            return;
        }
        let wish = Click2Call { number, auto_dial: dials, ..Click2Call::default() };
        self.rc_run(now, "rc-adapter-new-call", Command::Click2Call(wish), held);
    }

    fn rc_control(&mut self, now: Instant, message: &Value, held: bool) {
        let named = word(message.get("callId")).map(|id| self.rc_label(id));
        let action = message.get("callAction").and_then(Value::as_str).unwrap_or_default();
        let option = |key: &str| {
            let options = message.get("options").unwrap_or(&Value::Null);
            word(options.get(key)).unwrap_or_default()
        };
        let call = named.clone();
        let command = match action {
            "answer" => Command::Answer { call },
            "reject" => Command::Reject { call, code: 486 },
            "hangup" => Command::Hangup { call },
            "hold" | "unhold" => Command::Hold { call, hold: action == "hold" },
            "mute" | "unmute" => Command::Mute { call, mute: action == "mute" },
            "transfer" => Command::Transfer { call, to: option("transferNumber") },
            "forward" => Command::Redirect { call, to: option("forwardNumber") },
            // The operator has named this number: the person's word is not asked for.
            "toVoicemail" => match self.config.voicemail.as_deref().map(|to| dial::clean_number(to, false)) {
                Some(Ok(to)) if !held => {
                    let found = named.map_or_else(|| self.oldest_ringing(), |name| self.named_call(&name));
                    if let Some(id) = found {
                        self.redirect_for_host(now, id, to, None);
                    }
                    return;
                }
                _ => Command::Reject { call, code: 480 },
            },
            "dtmf" => {
                let digits: String = option("dtmf").chars().take(crate::bridge::MAX_DIGITS).collect();
                let is_key = |c: char| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D' | ',');
                if digits.is_empty() || !digits.chars().all(is_key) {
                    return;
                }
                Command::Dtmf { call, digits, method: Dtmf::Auto }
            }
            "startRecord" | "stopRecord" => {
                return self.say_rc(object(vec![
                    ("type", "rc-control-call-error".into()),
                    ("error", "recordNotSupported".into()),
                    ("message", "This phone does not record calls.".into()),
                    ("callId", named.into()),
                ]));
            }
            // Nothing to do: the ring is always in sight.
            _ => return,
        };
        self.rc_run(now, "rc-adapter-control-call", command, held);
    }

    /// Pages name a call by `id` or by `callId` of its object.
    fn rc_label(&self, id: String) -> String {
        let found = self.calls.values().find(|call| call.facts.sip_call_id == id);
        found.map_or(id, |call| call.label.clone())
    }

    fn rc_presence(&mut self, now: Instant, message: &Value, held: bool) {
        const KIND: &str = "rc-adapter-set-presence";
        let text = |key: &str| message.get(key).and_then(Value::as_str);
        let status = match text("userStatus") {
            Some("Available") => Some("online"),
            Some("Busy") => Some("busy"),
            Some("Offline") => Some("away"),
            _ => None,
        };
        if let Some(status) = status {
            self.rc_run(now, KIND, Command::Status { status: status.to_owned() }, held);
        }
        if let Some(dnd) = text("dndStatus") {
            self.rc_run(now, KIND, Command::Dnd { enabled: dnd == "DoNotAcceptAnyCalls" }, held);
        }
    }

    /// The number of ours that calls show from now on, or none; what is no number changes nothing.
    fn rc_calls_from(&mut self, number: String) {
        if number == WITHHELD {
            self.rc.from = Some(number);
        } else if let Ok(number) = dial::clean_number(&number, false) {
            self.rc.from = Some(number);
        }
    }

    /// How loud it rings, and with what.
    fn rc_ringtone(&mut self, message: &Value) {
        if let Some(uri) = message.get("uri").and_then(Value::as_str) {
            let ring = self.rc_ring(uri);
            self.out.push_back(Output::RingWith(ring.unwrap_or_default().to_owned()));
            if ring.is_none() {
                self.rc_ring_failed();
            }
        }
        let volume =
            message.get("volume").and_then(Value::as_f64).filter(|volume| (0.0..=1.0).contains(volume));
        if let Some(volume) = volume {
            self.change_devices(|devices| devices.ring_volume = (volume * 100.0).round() as u8);
        }
    }

    /// A sound that comes along, or the address of one that may be loaded.
    fn rc_ring<'a>(&self, uri: &'a str) -> Option<&'a str> {
        if uri.len() > MAX_RING_CHARS {
            return None;
        }
        let file = uri.strip_prefix("data:audio/").and_then(|uri| uri.split_once(";base64,"));
        let is_of = |host: &String| uri.strip_prefix(host.as_str()).is_some_and(|path| path.starts_with('/'));
        let may_load = uri.is_empty() || self.config.sound_hosts.iter().any(is_of);
        file.map(|(_, file)| file).or(may_load.then_some(uri))
    }

    /// It rings with our own sound, and the page hears so.
    pub(crate) fn rc_ring_failed(&mut self) {
        let ask = Ask { id: None, command: RINGTONE.to_owned(), asker: None };
        self.fail_ask(Some(ask), Code::NotSupported, NO_RING);
    }

    fn rc_navigate(&mut self, now: Instant, path: &str, held: bool) {
        if path == "goBack" {
            return self.action(now, Action::Back);
        }
        let view = match path.trim_start_matches('/').split('/').next().unwrap_or_default() {
            "dialer" => "keypad",
            "contacts" => "contacts",
            "history" => "history",
            "settings" => "settings",
            "calls" => "call",
            _ => return,
        };
        self.rc_run(now, "rc-adapter-navigate-to", Command::Navigate { view: view.to_owned() }, held);
    }

    /// The page asks and waits: everything is answered, also what is not known.
    fn rc_question(&mut self, now: Instant, message: &Value) {
        let Some(id) = word(message.get("requestId")).filter(|id| id.chars().count() <= MAX_ID_CHARS) else {
            return;
        };
        let body = message.get("body").unwrap_or(&Value::Null);
        let response = match message.get("path").and_then(Value::as_str).unwrap_or_default() {
            "/custom-alert-message" => {
                self.rc_alert(now, &id, message, body);
                Value::from(id.as_str())
            }
            "/dismiss-alert-message" => {
                let wanted = word(body.get("id")).filter(|id| !id.is_empty());
                self.ui.take_back_of_page(wanted.as_deref());
                Value::from("ok")
            }
            "/check-popup-window" => Value::from(false),
            "/unlogged-calls" => self.rc_unlogged(body),
            "/get-call-log" => self.rc_call_log(body),
            _ => object(vec![("data", "no matched path".into())]),
        };
        let kind = "rc-adapter-message-response";
        self.say_rc(object(vec![("type", kind.into()), ("responseId", id.into()), ("response", response)]));
    }

    /// A message of the page to the person, which the page takes back by `id`. Pages from before 2.0 of the original say it
    /// beside the path.
    fn rc_alert(&mut self, now: Instant, id: &str, message: &Value, body: &Value) {
        let get = |old: &str, key: &str| message.get(old).or_else(|| body.get(key));
        let text = shown(&word(get("alertMessage", "message")).unwrap_or_default());
        let level = word(get("alertLevel", "level")).unwrap_or_default();
        self.ui.toast(now, Text::plain(&text), matches!(level.as_str(), "danger" | "warning"));
        let millis = get("ttl", "ttl").and_then(Value::as_u64);
        self.ui.toast_is_of_page(now, id, millis.map(|millis| millis.min(MAX_ALERT_MILLIS)));
    }
}

/// As JavaScript sees it, for what pages say of "yes".
pub(super) fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
        && value.as_f64() != Some(0.0)
        && value.as_str() != Some("")
}
