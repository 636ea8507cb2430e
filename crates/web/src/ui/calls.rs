//! The screens of calls: incoming, outgoing and active, ended.
//!
//! Labels and what works come from the view; Answer, Decline and End react only when they may (ui.md 4.9).

use super::{
    avatar,
    context::Context,
    dom::{Part, Template, id},
    frame::{lingering, pressing, tone},
    keypad::Keys,
    press::{ARM_MS, Arm, END_DEAD_MS, Press},
    who::{Who, headline, named, write_pill},
};
use crate::listener::Listener;
use softframe_phone::{
    Action, Answer, CallId,
    view::{CallScreen, Ended, Incoming, Party, Pill, Text, Tile, Tone},
};
use std::rc::Rc;

/// 17 to 19, 21.
pub(crate) struct IncomingView {
    part: Part,
    who: Who,
    arm: Arm,
    answer: Press,
    decline: Press,
    silence: Press,
    send: Press,
    call: Option<CallId>,
    _sound: Press,
}

impl IncomingView {
    pub(crate) fn new(cx: &Rc<Context>) -> IncomingView {
        let part = cx.copy(Template::Incoming);
        let arm = Arm::after(ARM_MS, true);
        IncomingView {
            who: Who::new(cx, &part),
            answer: Press::armed(cx, part.find(".answer"), &arm),
            decline: Press::armed(cx, part.find(".decline"), &arm),
            silence: Press::new(cx, part.find(".silence")),
            send: Press::new(cx, part.find(".send")),
            _sound: pressing(cx, part.find(".sound"), Action::SoundOn),
            call: None,
            arm,
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What takes the focus when the screen appears.
    pub(crate) fn first(&self) -> Part {
        self.answer.part().clone()
    }

    /// When it reacts.
    pub(crate) fn arm(&self) -> Arm {
        self.arm.clone()
    }

    pub(crate) fn update(&mut self, view: &Incoming) {
        if self.call != Some(view.call) || !self.part.is_shown() {
            self.arm.start();
            self.call = Some(view.call);
            self.answer.makes(Action::Answer(view.call, Answer::HoldOther));
            self.decline.makes(Action::Decline(view.call));
            self.silence.makes(Action::Silence(view.call));
            self.send.makes(Action::SendTo(view.call));
        }
        self.who.update(&view.party, None, view.note.as_ref());
        self.part.find(".sound").show(view.silent && !view.silenced);
        let silence = self.silence.part();
        silence.show(!view.silent && !view.silenced);
        self.part.class("quiet", view.silenced);
    }
}

/// 22 to 30, 41.
pub(crate) struct CallView {
    cx: Rc<Context>,
    part: Part,
    who: Who,
    tiles: Vec<(Part, Press)>,
    shown_tiles: Vec<Tile>,
    legs: Vec<LegView>,
    arm: Arm,
    end: Press,
    back: Press,
    complete: Press,
    take_back: Press,
    quality: Press,
    shown: Option<CallScreen>,
    _hide: Press,
    _browse: Press,
    _keys: Keys,
}

struct LegView {
    part: Part,
    swap: Press,
    drop: Press,
}

impl CallView {
    pub(crate) fn new(cx: &Rc<Context>) -> CallView {
        let part = cx.copy(Template::Call);
        let arm = Arm::after(END_DEAD_MS, false);
        CallView {
            cx: cx.clone(),
            who: Who::new(cx, &part),
            end: Press::armed(cx, part.find(".hang-up"), &arm),
            back: Press::armed(cx, part.find(".back-to"), &arm),
            complete: Press::armed(cx, part.find(".complete"), &arm),
            take_back: Press::new(cx, part.find(".take-back")),
            quality: Press::new(cx, part.find(".quality")),
            _hide: pressing(cx, part.find(".hide"), Action::CallKeypad(false)),
            _browse: pressing(cx, part.find(".browse"), Action::Browse(true)),
            _keys: Keys::new(cx, &part.find(".keys")),
            tiles: Vec::new(),
            shown_tiles: Vec::new(),
            legs: Vec::new(),
            shown: None,
            arm,
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What takes the focus when the screen appears: who it is, or how many.
    pub(crate) fn first(&self) -> Part {
        let keys = self.part.find(".tones");
        if keys.is_shown() {
            return keys.find(".name");
        }
        let title = self.part.find(".title");
        if title.is_shown() { title } else { self.who.headline() }
    }

    /// When End reacts.
    pub(crate) fn arm(&self) -> &Arm {
        &self.arm
    }

    pub(crate) fn update(&mut self, view: &CallScreen) {
        let was_shown = self.part.is_shown();
        if self.shown.as_ref() == Some(view) && was_shown {
            return;
        }
        if self.shown.as_ref().is_none_or(|shown| shown.call != view.call) || !was_shown {
            self.arm.start();
            self.back.makes(Action::CancelTransfer);
            self.complete.makes(Action::CompleteTransfer(view.call));
            self.take_back.makes(Action::TakeBack(view.call));
            self.quality.makes(Action::OpenQuality(view.call));
        }
        let part = &self.part;
        part.attribute("data-tone", Some(tone(view.wash)));
        let several = !view.others.is_empty();
        let keys = view.keypad.is_some();
        let turned =
            part.holds_focus() && self.shown.as_ref().is_some_and(|shown| shown.keypad.is_some() != keys);
        // A tile of two calls has become another one of the only call, or the other way round.
        let regrouped = part.holds_focus()
            && self.shown.as_ref().is_some_and(|shown| shown.others.is_empty() == several)
            && was_shown
            && !keys;
        part.find(".who").show(!several && !keys);
        part.find(".legs").show(several && !keys);
        part.find(".tones").show(keys);
        part.find(".tiles").show(!keys);
        part.find(".hide").show(keys);
        let consultation = view.consultation.as_ref().filter(|_| !keys);
        part.find(".consult").show(consultation.is_some());
        part.find(".ending").show(consultation.is_none());
        if let Some(consultation) = consultation {
            self.back.part().find(".text").text(&self.cx.text(&consultation.back));
            self.complete.enable(consultation.ready);
            describe(self.complete.part(), !consultation.ready);
        }
        let count = (view.others.len() + 1).to_string();
        let title = match (several, view.merged) {
            (false, _) => String::new(),
            (true, false) if view.consultation.is_some() => self.cx.plain("transfer.ask"),
            (true, false) => self.cx.with("call.calls", &[("n", &count)]),
            (true, true) => self.cx.text(&view.pill.0),
        };
        part.find(".title").text_or_hide(&title);
        part.class("merged", view.merged);
        self.end.makes((*view.end.1).clone());
        let take_back = view.take_back && !keys;
        self.take_back.part().show(take_back);
        self.end.part().find(".text").text(&if keys || take_back {
            self.cx.plain("call.end.short")
        } else {
            self.cx.text(&view.end.0)
        });
        self.quality(view.bars);
        if let Some(digits) = &view.keypad {
            self.keypad(view, digits);
        }
        part.find(".why-not").text(&view.why_not.as_ref().map(|why| self.cx.text(why)).unwrap_or_default());
        self.who.update(&view.party, Some(&view.pill), view.note.as_ref());
        self.legs(view);
        self.tiles(&view.tiles);
        self.shown = Some(view.clone());
        if turned {
            self.follow_keypad(keys);
        } else if regrouped {
            self.first().focus();
        }
    }

    /// What opened the key pad is gone while it is open, and what closes it after that: the focus goes to the other.
    fn follow_keypad(&self, open: bool) {
        let tile = || self.tiles.iter().find(|(part, _)| part.maybe("[href='#i-keypad']").is_some());
        let next = if open { Some(self.part.find(".hide")) } else { tile().map(|(part, _)| part.clone()) };
        if let Some(next) = next {
            next.focus();
        }
    }

    fn quality(&self, bars: u8) {
        let part = self.part.find(".quality");
        part.show(bars > 0);
        part.attribute("data-bars", Some(&bars.to_string()));
        let id = match bars {
            0 => return,
            1 => "quality.poor",
            2 => "quality.weak",
            3 => "quality.fair",
            4.. => "quality.good",
        };
        let word = self.cx.plain(id);
        part.attribute("aria-label", Some(&word));
        part.find(".word").text(if bars < 4 { &word } else { "" });
    }

    fn keypad(&self, view: &CallScreen, digits: &str) {
        const SHOWN: usize = 12;
        let tones = self.part.find(".tones");
        let row = tones.find(".name-row");
        avatar::write(&row.find(".avatar"), &view.party.avatar, &view.party.name);
        row.find(".name").text(&named(&self.cx, &view.party));
        write_pill(&self.cx, &row.find(".state"), &view.pill);
        let skipped = digits.chars().count().saturating_sub(SHOWN);
        let last: String = digits.chars().skip(skipped).collect();
        tones.find(".digits").text(&last);
    }

    /// The one in front first.
    fn legs(&mut self, view: &CallScreen) {
        let wanted = if view.others.is_empty() { 0 } else { view.others.len() + 1 };
        let list = self.part.find(".legs");
        while self.legs.len() < wanted {
            let part = self.cx.copy(Template::Leg);
            list.append(&part);
            let swap = Press::new(&self.cx, part.find(".swap"));
            let drop = Press::armed(&self.cx, part.find(".drop-leg"), &self.arm);
            self.legs.push(LegView { part, swap, drop });
        }
        for surplus in self.legs.drain(wanted..) {
            surplus.part.remove();
        }
        let front = (view.call, &view.party, &view.pill);
        let others = view.others.iter().map(|(call, party, pill)| (*call, party, pill));
        let rings = view.pill.1 == Tone::Accent;
        for (index, (leg, (call, party, pill))) in
            self.legs.iter().zip(std::iter::once(front).chain(others)).enumerate()
        {
            // In a conversation of three nobody needs a time of their own; the number stands by the name.
            if view.merged && pill.1 == Tone::Live {
                let number = if party.name.is_empty() { "" } else { &party.number };
                self.leg(leg, call, party, &(Text::plain(number), Tone::Plain, ""));
            } else {
                self.leg(leg, call, party, pill);
            }
            leg.swap.part().show(index > 0 && !view.merged && !rings);
            leg.drop.part().show(view.merged);
        }
    }

    fn leg(&self, leg: &LegView, call: CallId, party: &Party, pill: &Pill) {
        leg.part.attribute("data-tone", Some(tone(pill.1)));
        avatar::write(&leg.part.find(".avatar"), &party.avatar, &party.name);
        let (name, whole) = (headline(&self.cx, party), named(&self.cx, party));
        let line = leg.part.find(".name");
        line.text(&whole);
        line.attribute("title", Some(&whole));
        write_pill(&self.cx, &leg.part.find(".state"), pill);
        leg.swap.makes(Action::Swap(call));
        leg.drop.makes(Action::End(call));
        let label = self.cx.with("call.drop", &[("name", &name)]);
        leg.drop.part().attribute("aria-label", Some(&label));
    }

    fn tiles(&mut self, tiles: &[Tile]) {
        if self.shown_tiles == tiles {
            return;
        }
        let list = self.part.find(".tiles");
        while self.tiles.len() < tiles.len() {
            let part = self.cx.copy(Template::Tile);
            list.append(&part);
            self.tiles.push((part.clone(), Press::new(&self.cx, part)));
        }
        for (surplus, _press) in self.tiles.drain(tiles.len()..) {
            surplus.remove();
        }
        list.class("five", tiles.len() == 5);
        for ((part, press), tile) in self.tiles.iter().zip(tiles) {
            part.icon(tile.icon);
            part.find(".text").text(&self.cx.text(&tile.label));
            // "Resume" says what it does, and is not pressed.
            let toggles = matches!(tile.action, Action::Mute(..));
            part.attribute("aria-pressed", toggles.then_some(if tile.pressed { "true" } else { "false" }));
            part.class("resume", tile.pressed && !toggles);
            part.only_if("aria-busy", tile.busy);
            press.enable(tile.enabled);
            describe(part, !tile.enabled && !tile.busy);
            press.makes(tile.action.clone());
        }
        self.shown_tiles = tiles.to_vec();
    }
}

/// What does not work yet says why before it is used, too.
fn describe(part: &Part, disabled: bool) {
    part.attribute("aria-describedby", disabled.then_some(id::WHY_NOT));
}

/// 38 to 40.
pub(crate) struct EndedView {
    part: Part,
    who: Who,
    again: Press,
    _done: Press,
    _linger: Vec<Listener>,
}

impl EndedView {
    pub(crate) fn new(cx: &Rc<Context>) -> EndedView {
        let part = cx.copy(Template::Ended);
        let who = Who::new(cx, &part);
        // Below all that is said of the call.
        part.find(".who").append(&part.find(".sip"));
        EndedView {
            who,
            again: pressing(cx, part.find(".again"), Action::CallAgain),
            _done: pressing(cx, part.find(".done"), Action::Done),
            _linger: lingering(cx, &part),
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What takes the focus when the screen appears. Not a button: a focused button makes the screen stay.
    pub(crate) fn first(&self) -> Part {
        self.who.headline()
    }

    pub(crate) fn update(&mut self, view: &Ended) {
        self.part.attribute("data-tone", Some(tone(view.pill.1)));
        self.who.update(&view.party, Some(&view.pill), view.note.as_ref());
        self.part.find(".sip").text_or_hide(&view.sip);
        self.again.part().show(view.again);
    }
}
