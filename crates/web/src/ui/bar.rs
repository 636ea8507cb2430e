//! The minimised widget: one bar that says who and what, with what can be done in one touch.
//!
//! What needs a sheet is not offered here.

use super::{
    avatar,
    context::Context,
    dom::{Part, id},
    frame::{dot, pressing, tone, write_missed},
    press::{ARM_MS, Arm, END_DEAD_MS, Press},
    who::named,
};
use crate::listener::Listener;
use softframe_phone::{
    Action, Answer, CallId,
    view::{Banner, CallScreen, Header, Incoming, Screen, Sheet, Text, Tone, View},
};
use std::rc::Rc;

/// 60.
pub(crate) struct Bar {
    cx: Rc<Context>,
    part: Part,
    mute: Press,
    resume: Press,
    end: Press,
    answer: Press,
    answer_arm: Arm,
    end_arm: Arm,
    expand: Press,
    call: Option<CallId>,
    _resized: Listener,
    /// What stands there while nothing rings and no call is in front.
    idle: Option<(Header, Option<Banner>, &'static str)>,
}

/// Which buttons there are.
#[derive(Default)]
struct Buttons {
    mute: Option<bool>,
    resume: bool,
    end: bool,
    answer: bool,
}

impl Bar {
    pub(crate) fn new(cx: &Rc<Context>) -> Bar {
        let part = Part::by_id(id::BAR);
        cx.localise(&part);
        part.show(true);
        let resized = resized(cx, &part.find(".expand"));
        let (answer_arm, end_arm) = (Arm::after(ARM_MS, true), Arm::after(END_DEAD_MS, false));
        Bar {
            cx: cx.clone(),
            mute: Press::new(cx, part.find(".mute")),
            resume: Press::new(cx, part.find(".resume")),
            end: Press::armed(cx, part.find(".end"), &end_arm),
            answer: Press::armed(cx, part.find(".live"), &answer_arm),
            expand: pressing(cx, part.find(".expand"), Action::Minimise(false)),
            answer_arm,
            end_arm,
            call: None,
            _resized: resized,
            idle: None,
            part,
        }
    }

    /// Writes what differs.
    pub(crate) fn update(&mut self, view: &View) {
        // Beside Decline and Answer who calls needs the place; of a second call more can be done in the whole frame.
        let second = matches!(view.sheet, Some(Sheet::SecondIncoming(_)));
        let rings = matches!(view.screen, Screen::Incoming(_)) && !second;
        self.expand.part().show(view.header.resizable && !rings);
        let held = super::screens::focused().map(|held| Part::of(held.into()));
        let held = held.filter(|_| self.part.holds_focus());
        match (&view.sheet, &view.screen) {
            (Some(Sheet::SecondIncoming(incoming)), _) => self.incoming(incoming),
            (_, Screen::Incoming(incoming)) => self.incoming(incoming),
            (_, Screen::Call(call)) => self.call(call),
            (_, screen) => self.idle(&view.header, view.banner.as_ref(), screen),
        }
        // The button that was just there has gone, or made place for others.
        if held.is_some_and(|held| !held.is_shown()) {
            let next =
                self.part.maybe(".live:not([hidden])").or_else(|| self.part.maybe("button:not([hidden])"));
            next.iter().for_each(Part::focus);
        }
    }

    fn idle(&mut self, header: &Header, banner: Option<&Banner>, screen: &Screen) {
        // Nobody is signed in: what stands there in the whole frame.
        let instead = match screen {
            Screen::Starting => "boot.starting",
            Screen::ConfigError { .. } => "boot.config",
            Screen::SignIn(_) => "signin.title",
            _ => "",
        };
        let wanted = Some((header.clone(), banner.cloned(), instead));
        if self.call.is_none() && self.idle == wanted {
            return;
        }
        self.idle = wanted;
        self.call = None;
        // Above the tabs the banner counts down; there is no room for it here.
        let waits = banner.filter(|banner| banner.text.id == "net.offline.ban");
        let state = match header.running.as_ref() {
            Some(running) => self.muted(&running.time, running.muted),
            None if waits.is_some() => {
                let args = waits.map(|banner| banner.text.args.clone()).unwrap_or_default();
                self.cx.text(&Text { id: "net.offline.bar", args })
            }
            None if header.name.is_empty() => String::new(),
            None => self.cx.text(&header.status),
        };
        let trouble = banner.map_or(Tone::Plain, |banner| banner.tone);
        let meaning = header.running.as_ref().map_or(trouble, |running| running.tone);
        let running = header.running.as_ref();
        let name = running.map_or(&header.name, |running| &running.name);
        let line = self.cx.who(name, running.map_or("", |running| &running.says));
        match instead {
            "" => self.lines(&line, &state, meaning),
            instead => self.lines(&self.cx.plain(instead), "", meaning),
        }
        avatar::write(&self.part.find(".avatar"), name, name);
        let shape = self.part.find(".dot");
        shape.show(header.running.is_none());
        shape.attribute("data-dot", Some(dot(header.dot)));
        write_missed(&self.cx, &self.part, header.missed);
        self.buttons(&Buttons::default());
    }

    fn incoming(&mut self, incoming: &Incoming) {
        if self.call.replace(incoming.call) != Some(incoming.call) {
            self.answer_arm.start();
            self.end_arm.start();
        }
        let line = self.cx.text(&incoming.party.line);
        let title = self.cx.plain("in.title");
        let state = if line.is_empty() { title } else { format!("{title} · {line}") };
        self.lines(&named(&self.cx, &incoming.party), &state, Tone::Accent);
        self.person(&incoming.party.avatar, &incoming.party.name);
        self.answer.makes(Action::Answer(incoming.call, Answer::HoldOther));
        self.end.makes(Action::Decline(incoming.call));
        self.end.part().attribute("aria-label", Some(&self.cx.plain("in.decline")));
        self.buttons(&Buttons { end: true, answer: true, ..Buttons::default() });
    }

    fn call(&mut self, call: &CallScreen) {
        if self.call.replace(call.call) != Some(call.call) {
            self.end_arm.start();
        }
        let muted = call.tiles.iter().find_map(|tile| match tile.action {
            Action::Mute(_, mute) => Some(!mute),
            _ => None,
        });
        let held =
            call.tiles.iter().any(|tile| matches!(tile.action, Action::Hold(_, false)) && tile.enabled);
        let state = self.muted(&self.cx.text(&call.pill.0), muted == Some(true));
        self.lines(&named(&self.cx, &call.party), &state, call.pill.1);
        self.person(&call.party.avatar, &call.party.name);
        if let Some(muted) = muted {
            self.mute.makes(Action::Mute(call.call, !muted));
            self.mute.part().icon(if muted { "mic-off" } else { "mic" });
            self.mute.part().flag("aria-pressed", muted);
            self.mute.part().attribute("aria-label", Some(&self.cx.plain("call.mute")));
        }
        self.resume.makes(Action::Hold(call.call, false));
        self.end.makes((*call.end.1).clone());
        self.end.part().attribute("aria-label", Some(&self.cx.text(&call.end.0)));
        self.buttons(&Buttons { mute: muted.filter(|_| !held), resume: held, end: true, answer: false });
    }

    /// "02:14 · Muted".
    fn muted(&self, time: &str, muted: bool) -> String {
        let word = if muted { self.cx.plain("call.muted") } else { String::new() };
        let parts = [time, &word];
        let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        said.join(" · ")
    }

    fn person(&self, id: &str, name: &str) {
        avatar::write(&self.part.find(".avatar"), id, name);
        self.part.find(".dot").show(false);
        write_missed(&self.cx, &self.part, 0);
    }

    fn lines(&self, name: &str, state: &str, meaning: Tone) {
        self.part.attribute("data-tone", Some(tone(meaning)));
        self.part.find(".name").text(name);
        self.part.find(".state").text(state);
    }

    fn buttons(&self, buttons: &Buttons) {
        self.mute.part().show(buttons.mute.is_some());
        self.resume.part().show(buttons.resume);
        self.end.part().show(buttons.end);
        self.answer.part().show(buttons.answer);
    }
}

/// What has the focus is no longer there when the frame becomes a bar, or is none any more: the browser gives the focus to
/// nothing at the next picture.
fn resized(cx: &Rc<Context>, expand: &Part) -> Listener {
    let (cx, expand) = (cx.clone(), expand.clone());
    Listener::new(&super::dom::window(), "resize", move |_: web_sys::Event| {
        if super::screens::focused().is_none_or(|held| held.offset_height() > 0) {
            return;
        }
        if expand.html().offset_height() > 0 {
            expand.focus();
        } else {
            cx.redraw();
        }
    })
}
