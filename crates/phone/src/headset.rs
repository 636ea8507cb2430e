//! The buttons and lights of headsets, and the media keys of the machine: in step with the screen, both ways.
//!
//! A headset that comes or goes never changes a call; what it says back of its own lights is no order.

mod report;

use crate::{Action, Answer, CallId, Output, Phone, Sound};
use report::{Field, Key, Light};
use serde_json::Value;
use softframe_sip::Instant;

/// More than a person wears; those that come later are not listened to.
const MAX_HEADSETS: usize = 4;
/// Longest descriptor that is read, as JSON; those of headsets have some kilobytes, and one of 64 kB is as much as USB
/// can carry (HID 1.11 §6.2.1).
const MAX_DESCRIPTOR_OCTETS: usize = 1 << 20;
/// Longest name on the screen, in characters.
const MAX_NAME_CHARS: usize = 64;
/// Many headsets report their own state when a light is switched: so long after that, it is taken for such an echo. Nobody
/// presses the button for what was done on the screen this very moment.
const ECHO_MILLIS: u64 = 300;

/// What headsets and media keys do and tell.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum HeadsetEvent {
    /// The browser and the page let the person choose a headset.
    Offered,
    /// One may be used. `collections` as its `HIDDevice` has them, as JSON.
    Opened { headset: u32, name: String, collections: String },
    /// It reports.
    Report { headset: u32, report: u8, octets: Vec<u8> },
    /// It was unplugged, or the permission for it taken back.
    Gone { headset: u32 },
    /// A media key (Media Session).
    Key(MediaKey),
}

/// The media keys that mean something to a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKey {
    /// Microphone on or off.
    Mute,
    /// End the call, or decline it.
    HangUp,
    /// Answer, or resume.
    Play,
    /// Hold.
    Pause,
}

/// What the lights say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lights {
    /// There is a call that does not just ring here.
    pub off_hook: bool,
    /// It rings here.
    pub ring: bool,
    /// The call in front is muted …
    pub mute: bool,
    /// … or held.
    pub hold: bool,
}

impl Lights {
    fn has(self, light: Light) -> bool {
        match light {
            Light::OffHook => self.off_hook,
            Light::Ring => self.ring,
            Light::Mute => self.mute,
            Light::Hold => self.hold,
        }
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Headsets {
    is_offered: bool,
    all: Vec<Headset>,
    lights: Lights,
}

struct Headset {
    id: u32,
    name: String,
    /// Each with whether it is pressed.
    keys: Vec<(Field<Key>, bool)>,
    lights: Vec<Field<Light>>,
    /// What it was told last.
    told: Lights,
    /// It may show something else: it is new, or its buttons were used since.
    is_stale: bool,
    /// When it was told last to show "on the hook", "off the hook", "heard", "muted", until it says it back.
    echoes: [Option<Instant>; 4],
}

/// What a button asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Answer,
    End,
    /// … or decline.
    Drop,
    /// This, or the other way round.
    Mute(Option<bool>),
    /// Answer, go to the other call, hold or resume.
    Hold,
    Resume,
    Pause,
}

impl Headset {
    /// What its report asks for.
    fn orders(&mut self, now: Instant, report: u8, octets: &[u8], rings: bool) -> Vec<Order> {
        let Headset { keys, echoes, is_stale, .. } = self;
        let mut orders = Vec::new();
        for (field, was_on) in keys.iter_mut().filter(|(field, _)| field.report == report) {
            let on = field.is_on(octets);
            if std::mem::replace(was_on, on) == on || !(on || field.latched) {
                continue;
            }
            let mut is_echo = |place: usize| {
                let told_at = echoes.get_mut(place).and_then(Option::take);
                told_at.is_some_and(|at| now.since(at) < ECHO_MILLIS)
            };
            let order = match field.what {
                Key::Hook if field.latched && is_echo(usize::from(on)) => continue,
                Key::Mute if field.latched && is_echo(2 + usize::from(on)) => continue,
                Key::Mute if !field.latched && (is_echo(2) || is_echo(3)) => continue,
                Key::Hook if on && (field.latched || rings) => Order::Answer,
                Key::Hook => Order::End,
                Key::Mute => Order::Mute(field.latched.then_some(on)),
                Key::Hold if !on => continue,
                Key::Hold => Order::Hold,
                Key::Drop if !on => continue,
                Key::Drop => Order::Drop,
            };
            *is_stale = true;
            orders.push(order);
        }
        orders
    }

    /// The reports that make it show this.
    fn show(&mut self, now: Instant, lights: Lights) -> Vec<(u8, Vec<u8>)> {
        let before = std::mem::replace(&mut self.told, lights);
        if !std::mem::take(&mut self.is_stale) && before == lights {
            return Vec::new();
        }
        let changed = [(0, before.off_hook, lights.off_hook), (2, before.mute, lights.mute)];
        for (place, before, after) in changed {
            if let Some(echo) = self.echoes.get_mut(place + usize::from(after)).filter(|_| before != after) {
                *echo = Some(now);
            }
        }
        report::write(&self.lights, |light| lights.has(light))
    }
}

impl Phone {
    pub(crate) fn headset(&mut self, now: Instant, event: HeadsetEvent) {
        match event {
            HeadsetEvent::Offered => self.headsets.is_offered = true,
            HeadsetEvent::Opened { headset, name, collections } => {
                self.headset_opened(headset, &name, &collections);
            }
            HeadsetEvent::Report { headset, report, octets } => {
                let rings = self.oldest_ringing().is_some();
                let from = self.headsets.all.iter_mut().find(|known| known.id == headset);
                let orders = from.map(|from| from.orders(now, report, &octets, rings));
                for order in orders.unwrap_or_default() {
                    self.order(now, order);
                }
            }
            HeadsetEvent::Gone { headset } => self.headsets.all.retain(|known| known.id != headset),
            HeadsetEvent::Key(key) => {
                let order = match key {
                    MediaKey::Mute => Order::Mute(None),
                    MediaKey::HangUp => Order::Drop,
                    MediaKey::Play => Order::Resume,
                    MediaKey::Pause => Order::Pause,
                };
                self.order(now, order);
            }
        }
    }

    /// One without keys and lights of a telephone is another part of the same device.
    fn headset_opened(&mut self, id: u32, name: &str, collections: &str) {
        let is_small = collections.len() <= MAX_DESCRIPTOR_OCTETS;
        let read = crate::json::value(collections.as_bytes()).ok().filter(|_| is_small);
        let collections = read.unwrap_or(Value::Null);
        let (keys, lights) = (report::keys(&collections), report::lights(&collections));
        if self.headsets.all.len() < MAX_HEADSETS && !(keys.is_empty() && lights.is_empty()) {
            let name = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
            let keys = keys.into_iter().map(|key| (key, false)).collect();
            let (told, is_stale) = (Lights::default(), true);
            self.headsets.all.push(Headset { id, name, keys, lights, told, is_stale, echoes: [None; 4] });
        }
    }

    fn order(&mut self, now: Instant, order: Order) {
        let ringing = self.oldest_ringing();
        let front = self
            .front_call()
            .map(|call| (call.id, call.muted, call.talk().map(|talk| talk.held.is_some() && talk.want_held)));
        let action = match (order, ringing, front) {
            (Order::Answer | Order::Hold | Order::Resume, Some(ringing), _) => {
                Action::Answer(ringing, Answer::HoldOther)
            }
            (Order::Drop, Some(ringing), _) => Action::Decline(ringing),
            (Order::End | Order::Drop, _, Some((id, ..))) => Action::End(id),
            (Order::Mute(wanted), _, Some((id, muted, _))) => Action::Mute(id, wanted.unwrap_or(!muted)),
            (Order::Hold, _, Some((id, _, Some(held)))) => match self.waiting_beside(id) {
                Some(other) => Action::Swap(other),
                None => Action::Hold(id, !held),
            },
            (Order::Resume, _, Some((id, _, Some(true)))) => Action::Hold(id, false),
            (Order::Pause, _, Some((id, _, Some(false)))) => Action::Hold(id, true),
            _ => return,
        };
        self.action(now, action);
    }

    /// A call that is held while another is in front.
    fn waiting_beside(&self, front: CallId) -> Option<CallId> {
        let held = |call: &&crate::call::Call| call.talk().is_some_and(|talk| talk.held.is_some());
        self.calls.values().find(|call| call.id != front && held(call)).map(|call| call.id)
    }

    /// What should be lit now, to all who do not show it.
    pub(crate) fn light_headsets(&mut self, now: Instant) {
        let off_hook = self.calls.values().any(|call| !call.is_ringing_in());
        let front = self.front_call().filter(|_| off_hook);
        let lights = Lights {
            off_hook,
            ring: matches!(self.sound, Sound::Ring | Sound::CallWaiting),
            mute: front.is_some_and(|call| call.muted),
            hold: front.and_then(|call| call.talk()).is_some_and(|talk| talk.held.is_some()),
        };
        if std::mem::replace(&mut self.headsets.lights, lights) != lights {
            self.out.push_back(Output::Lights(lights));
        }
        for headset in &mut self.headsets.all {
            let id = headset.id;
            let reports = headset.show(now, lights).into_iter();
            self.out.extend(reports.map(|(report, octets)| Output::HeadsetReport {
                headset: id,
                report,
                octets,
            }));
        }
    }

    /// The names of those in use; `None`: none can be chosen here.
    pub(crate) fn headset_names(&self) -> Option<String> {
        let names: Vec<&str> = self.headsets.all.iter().map(|headset| headset.name.as_str()).collect();
        (self.headsets.is_offered || !names.is_empty()).then(|| names.join(", "))
    }
}
