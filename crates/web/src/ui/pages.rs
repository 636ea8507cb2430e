//! Pages over the tabs: choosing whom to transfer to, settings.
//!
//! Changes act at once; there is no Save.

use super::{
    contacts::choosing,
    context::Context,
    dom::{Part, Template},
    frame::pressing,
    press::Press,
    recents::{choose, radio_keys},
    row::{Search, Suggestions},
};
use crate::listener::Listener;
use softframe_phone::{
    Action, Theme,
    view::{Settings, TransferPick},
};
use std::rc::Rc;

/// 31.
pub(crate) struct TransferView {
    cx: Rc<Context>,
    part: Part,
    search: Search,
    targets: Suggestions,
    now: Press,
    ask: Press,
    _back: Press,
}

impl TransferView {
    pub(crate) fn new(cx: &Rc<Context>) -> TransferView {
        let part = cx.copy(Template::Transfer);
        let search = Search::new(cx, &part.find(".search-place"), "dial.field", Action::DialField);
        let targets = Suggestions::new(cx, part.find(".suggestions"), search.input().clone(), |index, _| {
            Action::Fill(index)
        });
        TransferView {
            cx: cx.clone(),
            search,
            targets,
            now: Press::new(cx, part.find(".now")),
            ask: Press::new(cx, part.find(".ask")),
            _back: pressing(cx, part.find(".back"), Action::Back),
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What takes the focus when the page appears.
    pub(crate) fn first(&self) -> Part {
        self.search.input().clone()
    }

    pub(crate) fn update(&mut self, view: &TransferPick) {
        self.part.find("h1").text(&self.cx.with("transfer.title", &[("name", &view.name)]));
        self.search.update(&view.query);
        let chosen = view.rows.iter().position(|row| row.number == view.query);
        self.targets.update(&view.rows, chosen);
        self.now.makes(Action::Transfer(view.call, view.query.clone()));
        self.now.enable(view.enabled);
        self.ask.makes(Action::Consult(view.call, view.query.clone()));
        self.ask.enable(view.enabled);
    }
}

/// What exists of 55.
pub(crate) struct SettingsView {
    part: Part,
    cx: Rc<Context>,
    themes: [(Theme, Press); 3],
    shown: Option<Settings>,
    _presses: [Press; 2],
    _listeners: [Listener; 2],
}

impl SettingsView {
    pub(crate) fn new(cx: &Rc<Context>) -> SettingsView {
        let part = cx.copy(Template::Settings);
        let themes = [(Theme::System, ".system"), (Theme::Light, ".light"), (Theme::Dark, ".dark")]
            .map(|(theme, class)| (theme, pressing(cx, part.find(class), Action::Theme(theme))));
        SettingsView {
            cx: cx.clone(),
            themes,
            shown: None,
            _presses: [
                pressing(cx, part.find(".back"), Action::Back),
                pressing(cx, part.find(".remove"), Action::RemoveAllContacts),
            ],
            _listeners: [choosing(&part.find(".import")), radio_keys(&part.find(".look"))],
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    pub(crate) fn update(&mut self, view: &Settings, theme: Theme) {
        for (each, press) in &self.themes {
            choose(press.part(), *each == theme);
        }
        if self.shown.as_ref() == Some(view) {
            return;
        }
        self.part.find(".version").text(view.version);
        let list = self.part.find(".sources");
        list.clear();
        for (name, count) in &view.sources {
            let row = self.cx.copy(Template::Source);
            row.find(".name").text(name);
            row.find(".count").text(&self.cx.with("format.count", &[("n", &count.to_string())]));
            list.append(&row);
        }
        self.shown = Some(view.clone());
    }
}
