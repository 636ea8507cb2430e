//! What stands around the screens: header, bar of a running call, banner, tabs, toast.
//!
//! Decides nothing about which of them is shown: the view has them or has them not.

use super::{
    avatar,
    context::Context,
    dom::{Part, id, is_mirrored},
    press::Press,
};
use crate::listener::Listener;
use softframe_phone::{
    Action,
    view::{Banner, Dot, Header, Tab, Toast, Tone, View},
};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent, MouseEvent};

/// Header to toast.
pub(crate) struct Frame {
    cx: Rc<Context>,
    phone: Part,
    person: Press,
    voicemail: Press,
    minimise: Press,
    running: Press,
    banner: Part,
    banner_action: Press,
    tabs: [(Tab, Press); 3],
    toast: Part,
    toast_action: Press,
    toast_close: Press,
    shown_header: Option<Header>,
    shown_banner: Option<Banner>,
    /// `None` inside: none was shown.
    shown_toast: Option<Option<Toast>>,
    shown_tab: Option<Tab>,
    _listeners: Vec<Listener>,
}

impl Frame {
    /// Takes over the markup.
    pub(crate) fn new(cx: &Rc<Context>) -> Frame {
        let (banner, toast) = (Part::by_id(id::BANNER), Part::by_id(id::TOAST));
        let tabs = [
            (Tab::Keypad, id::TAB_KEYPAD),
            (Tab::Contacts, id::TAB_CONTACTS),
            (Tab::Recents, id::TAB_RECENTS),
        ]
        .map(|(tab, id)| (tab, pressing(cx, Part::by_id(id), Action::Tab(tab))));
        let frame = Frame {
            cx: cx.clone(),
            phone: Part::by_id(id::PHONE),
            person: pressing(cx, Part::by_id(id::PERSON), Action::OpenStatus),
            minimise: pressing(cx, Part::by_id(id::MINIMISE), Action::Minimise(true)),
            voicemail: pressing(cx, Part::by_id(id::VOICEMAIL), Action::Tab(Tab::Recents)),
            running: pressing(cx, Part::by_id(id::RUNNING), Action::Browse(false)),
            banner_action: Press::new(cx, banner.find(".link")),
            toast_action: Press::new(cx, toast.find(".link")),
            toast_close: pressing(cx, toast.find(".close"), Action::CloseToast),
            _listeners: lingering(cx, &toast).into_iter().chain([arrows()]).collect(),
            shown_header: None,
            shown_banner: None,
            shown_toast: None,
            shown_tab: None,
            tabs,
            banner,
            toast,
        };
        frame.toast_close.part().attribute("aria-label", Some(&cx.plain("set.close")));
        frame
    }

    /// Writes what differs. `tab` is the one that is selected.
    pub(crate) fn update(&mut self, view: &View, tab: Option<Tab>) {
        if self.shown_header.as_ref() != Some(&view.header) {
            self.header(&view.header);
            self.shown_header = Some(view.header.clone());
        }
        self.banner(view.banner.as_ref());
        if self.shown_toast.as_ref() != Some(&view.toast) {
            self.toast(view.toast.as_ref());
            self.shown_toast = Some(view.toast.clone());
        }
        if let Some(tab) = tab
            && self.shown_tab.replace(tab) != Some(tab)
        {
            for (each, press) in &self.tabs {
                let selected = *each == tab;
                press.part().flag("aria-selected", selected);
                press.part().attribute("tabindex", Some(if selected { "0" } else { "-1" }));
            }
        }
    }

    fn header(&self, header: &Header) {
        write_missed(&self.cx, self.tabs[2].1.part(), header.missed);
        let part = self.person.part();
        let (name, state) = (part.find(".name"), part.find(".state"));
        let known = !header.name.is_empty();
        for line in [&name, &state] {
            line.class("skeleton", !known);
        }
        part.attribute("disabled", (!known).then_some(""));
        part.only_if("aria-hidden", !known);
        name.text(&header.name);
        state.text(&if known { self.status_line(header) } else { String::new() });
        avatar::write_own(&part.find(".avatar"), &header.name);
        part.find(".dot").attribute("data-dot", Some(dot(header.dot)));
        part.attribute("aria-haspopup", Some("dialog"));
        let voicemail = self.voicemail.part();
        voicemail.show(known && header.voicemail.is_some());
        if let Some(new) = header.voicemail {
            voicemail.find(".count").text_or_hide(&if new == 0 { String::new() } else { new.to_string() });
            let words =
                if new == 0 { "" } else { &self.cx.with("recents.vm.new", &[("n", &new.to_string())]) };
            voicemail.find(".counted").text(words);
        }
        self.minimise.part().show(header.resizable);
        let running = self.running.part();
        running.show(header.running.is_some());
        self.phone.class("browsing", header.running.is_some());
        if let Some(call) = &header.running {
            running.attribute("data-tone", Some(tone(call.tone)));
            running.find(".name").text(&self.cx.who(&call.name, &call.says));
            running.find(".time").text(&call.time);
            let muted = if call.muted { self.cx.plain("call.muted") } else { String::new() };
            running.find(".state").text(&muted);
        }
    }

    fn status_line(&self, header: &Header) -> String {
        let status = self.cx.text(&header.status);
        if header.extension.is_empty() { status } else { format!("{status} · {}", header.extension) }
    }

    fn banner(&mut self, banner: Option<&Banner>) {
        if self.shown_banner.as_ref() == banner {
            return;
        }
        self.banner.show(banner.is_some());
        if let Some(banner) = banner {
            self.banner.attribute("data-tone", Some(tone(banner.tone)));
            self.banner.icon(banner.icon);
            self.banner.find(".text").text(&self.cx.text(&banner.text));
            self.banner_action.part().show(banner.action.is_some());
            if let Some((text, action)) = &banner.action {
                self.banner_action.part().text(&self.cx.text(text));
                self.banner_action.makes(action.clone());
            }
        }
        self.shown_banner = banner.cloned();
    }

    /// The toast lies in the sheet while one is open: everything else is inert then.
    fn toast(&self, toast: Option<&Toast>) {
        self.toast.show(toast.is_some());
        let Some(toast) = toast else { return };
        self.toast.find(".text").text(&self.cx.text(&toast.text));
        self.toast.class("error", toast.error);
        let action = self.toast_action.part();
        action.show(toast.action.is_some());
        if let Some((text, wanted)) = &toast.action {
            action.text(&self.cx.text(text));
            self.toast_action.makes(wanted.clone());
        }
    }
}

/// A button that always makes the same.
pub(crate) fn pressing(cx: &Rc<Context>, part: Part, action: Action) -> Press {
    let press = Press::new(cx, part);
    press.makes(action);
    press
}

/// What the pointer has moved over, or a button of which has the focus, stays. A pointer that merely rests where it
/// appeared does not count: it has just pressed End.
pub(crate) fn lingering(cx: &Rc<Context>, part: &Part) -> Vec<Listener> {
    let lingers = Rc::new(Cell::new(false));
    let tell = |name: &'static str, stays: bool, counts: fn(&Event) -> bool| {
        let (cx, lingers) = (cx.clone(), lingers.clone());
        part.on(name, move |event| {
            if counts(&event) && lingers.replace(stays) != stays {
                cx.act(Action::Linger(stays));
            }
        })
    };
    vec![
        tell("pointermove", true, has_moved),
        tell("pointerleave", false, |_| true),
        tell("focusin", true, is_on_button),
        tell("focusout", false, |_| true),
    ]
}

fn has_moved(event: &Event) -> bool {
    event.dyn_ref::<MouseEvent>().is_some_and(|event| event.movement_x() != 0 || event.movement_y() != 0)
}

fn is_on_button(event: &Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| target.tag_name() == "BUTTON")
}

/// The tabs are one stop; arrows move between them.
fn arrows() -> Listener {
    let tabs = Part::by_id(id::TABS);
    let all = tabs.clone();
    tabs.on("keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        if let Some(next) = moved(&all.all("[role=tab]"), key) {
            event.prevent_default();
            next.focus();
        }
    })
}

/// The part that an arrow, Home or End leads to, from the one that has the focus.
pub(crate) fn moved(parts: &[Part], key: &KeyboardEvent) -> Option<Part> {
    let at = parts.iter().position(Part::holds_focus)?;
    let mirrored = is_mirrored();
    let last = parts.len().checked_sub(1)?;
    let to = match (key.key().as_str(), mirrored) {
        ("ArrowRight", false) | ("ArrowLeft", true) | ("ArrowDown", _) => {
            if at == last {
                0
            } else {
                at + 1
            }
        }
        ("ArrowLeft", false) | ("ArrowRight", true) | ("ArrowUp", _) => at.checked_sub(1).unwrap_or(last),
        ("Home", _) => 0,
        ("End", _) => last,
        _ => return None,
    };
    parts.get(to).cloned()
}

/// "99+" at most; hidden at none.
pub(crate) fn write_badge(badge: &Part, count: u32) {
    badge.text_or_hide(&match count {
        0 => String::new(),
        1..=99 => count.to_string(),
        100.. => "99+".to_owned(),
    });
}

/// The badge of this place and, for who cannot see where it stands, what it counts.
pub(crate) fn write_missed(cx: &Context, place: &Part, count: u32) {
    write_badge(&place.find(".badge"), count);
    let words = if count == 0 { String::new() } else { cx.with("say.missed", &[("n", &count.to_string())]) };
    place.find(".counted").text(&words);
}

/// `data-tone`.
pub(crate) fn tone(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Accent => "accent",
        Tone::Live => "live",
        Tone::Warn => "warn",
        Tone::End => "end",
    }
}

/// `data-dot`.
pub(crate) fn dot(dot: Dot) -> &'static str {
    match dot {
        Dot::Offline => "offline",
        Dot::Connecting => "connecting",
        Dot::Available => "available",
        Dot::Busy => "busy",
        Dot::Away => "away",
        Dot::DoNotDisturb => "donotdisturb",
    }
}
