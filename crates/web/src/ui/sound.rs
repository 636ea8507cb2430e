//! The choices of devices and volumes, on the page of settings and in the sheet of a call.
//!
//! What there is and what is chosen comes from the view; a choice acts at once.

use super::{
    choice::Choice,
    context::Context,
    dom::{Part, Template},
    frame::pressing,
    pages::switch,
    press::Press,
};
use crate::listener::Listener;
use softframe_phone::{
    Action, Mending,
    view::{SoundSettings, Text},
};
use std::rc::Rc;

/// The card of sound in the settings.
pub(crate) struct SoundCard {
    cx: Rc<Context>,
    part: Part,
    microphones: Choice,
    speakers: Choice,
    ring_speakers: Choice,
    shown: Option<SoundSettings>,
    _presses: [Press; 3],
    _listeners: Vec<Listener>,
}

impl SoundCard {
    pub(crate) fn new(cx: &Rc<Context>, part: Part) -> SoundCard {
        let choice = |class: &str, made: fn(String) -> Action| Choice::new(cx, part.find(class), made);
        let mended = |class: &str, made: fn(bool) -> Action| switch(&part.find(class), cx, made);
        let listeners = vec![
            slider(cx, &part.find(".ring-volume"), Action::RingVolume),
            mended(".echo", |on| Action::Mend(Mending::Echo, on)),
            mended(".noise", |on| Action::Mend(Mending::Noise, on)),
            mended(".gain", |on| Action::Mend(Mending::Gain, on)),
        ];
        SoundCard {
            cx: cx.clone(),
            _presses: [
                pressing(cx, part.find(".test-speaker"), Action::TestSpeaker),
                pressing(cx, part.find(".test-ring"), Action::TestRing),
                pressing(cx, part.find(".headset"), Action::AskHeadset),
            ],
            _listeners: listeners,
            microphones: choice(".microphones", Action::Microphone),
            speakers: choice(".speakers", Action::Speaker),
            ring_speakers: choice(".ring-speakers", Action::RingSpeaker),
            shown: None,
            part,
        }
    }

    pub(crate) fn update(&mut self, view: &SoundSettings) {
        if self.shown.as_ref() == Some(view) {
            return;
        }
        let (cx, part) = (&self.cx, &self.part);
        fill(cx, &self.microphones, &view.microphones, &view.devices.microphone);
        let speakers = view.speakers.as_deref().unwrap_or_default();
        fill(cx, &self.speakers, speakers, &view.speaker);
        fill(cx, &self.ring_speakers, speakers, &view.devices.ring_speaker);
        for choice in part.all(".of-speakers") {
            choice.show(view.speakers.is_some());
        }
        slide(&part.find(".ring-volume"), view.devices.ring_volume.into());
        part.find(".echo").flag("aria-checked", view.devices.echo);
        part.find(".noise").flag("aria-checked", view.devices.noise);
        part.find(".gain").flag("aria-checked", view.devices.gain);
        part.find(".headset").show(view.headsets.is_some());
        part.find(".headsets").text(view.headsets.as_deref().unwrap_or_default());
        self.shown = Some(view.clone());
    }
}

/// A slider of per cents.
pub(crate) fn slider(cx: &Rc<Context>, part: &Part, made: fn(u8) -> Action) -> Listener {
    let (cx, input) = (cx.clone(), part.clone());
    part.on("input", move |_| {
        fill_track(&input);
        if let Ok(value) = input.input().value().parse() {
            cx.act(made(value));
        }
    })
}

/// Puts a slider at a value.
pub(crate) fn slide(part: &Part, value: u32) {
    part.input().set_value(&value.to_string());
    fill_track(part);
}

/// The style sheet colours the track of a slider up to `--done`: Chromium has no part for that.
pub(crate) fn fill_track(part: &Part) {
    let input = part.input();
    let number = |text: String| text.parse::<f64>().unwrap_or_default();
    let (least, most, value) = (number(input.min()), number(input.max()), number(input.value()));
    let share = (value - least) / (most - least).max(1.0);
    part.property("--done", &share.to_string());
}

fn fill(cx: &Context, choice: &Choice, offered: &[(String, Text)], chosen: &str) {
    let list = choice.part();
    list.clear();
    for (id, name) in offered {
        let option = cx.copy(Template::Device);
        option.text(&cx.text(name));
        option.attribute("value", Some(id));
        list.append(&option);
    }
    choice.write(chosen);
}
