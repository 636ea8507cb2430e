//! 54: where calls go when they are not answered here.
//!
//! A number counts when the field is left or Enter is pressed; what it means comes from the view.

use super::{
    context::Context,
    dom::{Part, Template},
    frame::pressing,
    press::Press,
    sound::{fill_track, slide},
};
use crate::listener::Listener;
use softframe_phone::{
    Action,
    view::{ForwardRule, Forwarding},
};
use std::rc::Rc;

/// The page.
pub(crate) struct ForwardingView {
    cx: Rc<Context>,
    part: Part,
    rules: Vec<RuleView>,
    _back: Press,
}

struct RuleView {
    part: Part,
    on: Press,
    shown: ForwardRule,
    _listeners: [Listener; 3],
}

impl ForwardingView {
    pub(crate) fn new(cx: &Rc<Context>) -> ForwardingView {
        let part = cx.copy(Template::Forwarding);
        let back = pressing(cx, part.find(".back"), Action::Back);
        ForwardingView { cx: cx.clone(), part, rules: Vec::new(), _back: back }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    pub(crate) fn update(&mut self, view: &Forwarding) {
        if self.rules.is_empty() {
            for rule in &view.rules {
                let built = RuleView::new(&self.cx, rule);
                self.part.find(".rules").append(&built.part);
                self.rules.push(built);
            }
        }
        for (built, rule) in self.rules.iter_mut().zip(&view.rules) {
            built.update(&self.cx, rule);
        }
    }
}

impl RuleView {
    fn new(cx: &Rc<Context>, rule: &ForwardRule) -> RuleView {
        let part = cx.copy(Template::Rule);
        let name = rule.rule;
        part.find(".title").text(&cx.plain(rule.title));
        let sub = if rule.sub.is_empty() { String::new() } else { cx.plain(rule.sub) };
        part.find("small").text_or_hide(&sub);
        for (field, of) in [(".field", "to"), (".after", "after")] {
            let id = format!("forward-{name}-{of}");
            part.find(&format!("{field} label")).attribute("for", Some(&id));
            part.find(&format!("{field} input")).attribute("id", Some(&id));
        }
        let error = format!("forward-{name}-error");
        part.find(".error").attribute("id", Some(&error));
        let (field, slider) = (part.find(".field input"), part.find(".after input"));
        field.attribute("aria-describedby", Some(&error));
        let (to, after) = (cx.clone(), cx.clone());
        let (typed, slid) = (field.clone(), slider.clone());
        let (words, moved, output) = (cx.clone(), slider.clone(), part.find("output"));
        let listeners = [
            field.on("change", move |_| to.act(Action::ForwardTo(name, typed.input().value()))),
            slider.on("input", move |_| {
                fill_track(&moved);
                write_seconds(&words, &output, &moved.input().value());
            }),
            slider.on("change", move |_| {
                if let Ok(seconds) = slid.input().value().parse() {
                    after.act(Action::ForwardAfter(seconds));
                }
            }),
        ];
        let on = Press::new(cx, part.find(".on"));
        RuleView { part, on, shown: ForwardRule::default(), _listeners: listeners }
    }

    fn update(&mut self, cx: &Rc<Context>, rule: &ForwardRule) {
        if self.shown == *rule {
            return;
        }
        let opened = rule.open && !self.shown.open && rule.destination.is_empty();
        let (field, slider) = (self.part.find(".field input"), self.part.find(".after input"));
        self.on.part().flag("aria-checked", rule.open);
        self.on.makes(Action::Forward(rule.rule, !rule.open));
        self.part.find(".more").show(rule.open);
        if !field.holds_focus() || self.shown.destination != rule.destination {
            field.input().set_value(&rule.destination);
        }
        self.part.find(".error").show(rule.error.is_some());
        field.only_if("aria-invalid", rule.error.is_some());
        if let Some(error) = &rule.error {
            self.part.find(".error span").text(&cx.text(error));
        }
        self.part.find(".after").show(rule.seconds.is_some());
        if let Some(seconds) = rule.seconds {
            slide(&slider, seconds);
            write_seconds(cx, &self.part.find("output"), &seconds.to_string());
        }
        if opened && self.on.part().holds_focus() {
            field.focus();
        }
        self.shown = rule.clone();
    }
}

fn write_seconds(cx: &Context, output: &Part, seconds: &str) {
    output.text(&cx.with("format.duration.short", &[("s", seconds)]));
}
