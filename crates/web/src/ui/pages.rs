//! Pages over the tabs: choosing whom to transfer to, settings.
//!
//! Changes act at once; there is no Save.

use super::{
    choice::Choice,
    contacts::choosing,
    context::Context,
    dom::{Part, Template},
    frame::pressing,
    press::Press,
    recents::{choose, radio_keys},
    row::Search,
    signin::text_of,
    sound::SoundCard,
    suggestions::Suggestions,
    who::write_pill,
};
use crate::listener::Listener;
use softframe_phone::{
    Action, Theme,
    view::{Settings, TransferPick},
};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

/// 31.
pub(crate) struct TransferView {
    cx: Rc<Context>,
    part: Part,
    search: Search,
    targets: Suggestions,
    chosen: Rc<Chosen>,
    query: String,
    now: Press,
    ask: Press,
    _back: Press,
    _keys: Listener,
}

/// What the arrows have chosen of the targets.
#[derive(Default)]
struct Chosen {
    at: Cell<Option<usize>>,
    count: Cell<usize>,
}

impl TransferView {
    pub(crate) fn new(cx: &Rc<Context>) -> TransferView {
        let part = cx.copy(Template::Transfer);
        let search = Search::new(cx, &part.find(".search-place"), "dial.field", Action::DialField);
        let field = search.input();
        // A field with a list below it: of these, a field for searching cannot be one.
        let combobox = [
            ("type", "text"),
            ("role", "combobox"),
            ("aria-autocomplete", "list"),
            ("aria-controls", "targets"),
        ];
        for (name, value) in combobox {
            field.attribute(name, Some(value));
        }
        let targets =
            Suggestions::new(cx, part.find(".suggestions"), field.clone(), |index, _| Action::Fill(index));
        let chosen: Rc<Chosen> = Rc::default();
        TransferView {
            cx: cx.clone(),
            _keys: choosing_keys(cx, field, &chosen),
            search,
            targets,
            chosen,
            query: String::new(),
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
        self.targets.look();
        let title = match view.redirect {
            true => self.cx.plain("in.sendto"),
            false => self.cx.with("transfer.title", &[("name", &view.name)]),
        };
        self.part.find("h1").text(&title);
        let pill = self.part.find(".state-pill");
        pill.show(!view.redirect);
        write_pill(&self.cx, &pill, &view.pill);
        self.part.find(".dial-note").text_or_hide(&text_of(&self.cx, view.note.as_ref()));
        self.ask.part().show(!view.redirect);
        let go = if view.redirect { "in.send" } else { "transfer.now" };
        self.now.part().text(&self.cx.plain(go));
        self.search.update(&view.query);
        if self.query != view.query {
            self.query.clone_from(&view.query);
            self.chosen.at.set(None);
        }
        self.chosen.count.set(view.rows.len());
        let filled = || view.rows.iter().position(|row| row.number == view.query);
        self.targets.update(&view.rows, self.chosen.at.get().or_else(filled));
        let query = view.query.clone();
        self.now.makes(match view.redirect {
            true => Action::Redirect(view.call, query),
            false => Action::Transfer(view.call, query),
        });
        self.now.enable(view.enabled);
        self.ask.makes(Action::Consult(view.call, view.query.clone()));
        self.ask.enable(view.enabled);
    }
}

/// Arrows choose a target, Enter fills it in; nothing here transfers.
fn choosing_keys(cx: &Rc<Context>, field: &Part, chosen: &Rc<Chosen>) -> Listener {
    let (cx, chosen) = (cx.clone(), chosen.clone());
    field.on("keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>().filter(|key| !key.is_composing()) else { return };
        let Some(last) = chosen.count.get().checked_sub(1) else { return };
        let at = chosen.at.get();
        match key.key().as_str() {
            "ArrowDown" => chosen.at.set(Some(at.map_or(0, |at| (at + 1).min(last)))),
            "ArrowUp" => chosen.at.set(at.and_then(|at| at.checked_sub(1))),
            "Enter" => {
                if let Some(at) = chosen.at.take() {
                    cx.act(Action::Fill(at));
                }
            }
            _ => return,
        }
        event.prevent_default();
        cx.redraw();
    })
}

/// What exists of 55.
pub(crate) struct SettingsView {
    part: Part,
    cx: Rc<Context>,
    themes: [(Theme, Press); 3],
    shown: Option<Settings>,
    keys: Part,
    language: Choice,
    sound: SoundCard,
    files: Vec<Press>,
    _presses: [Press; 6],
    _listeners: [Listener; 3],
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
                pressing(cx, part.find(".connect"), Action::Authorize),
                pressing(cx, part.find(".check-phone"), Action::Check),
                pressing(cx, part.find(".report"), Action::SaveReport),
                pressing(cx, part.find(".about-phone"), Action::OpenAbout),
            ],
            _listeners: [
                choosing(&part.find(".import")),
                radio_keys(&part.find(".look")),
                switch(&part.find(".single-keys"), cx, Action::SingleKeys),
            ],
            language: Choice::new(cx, part.find("#language"), Action::Language),
            sound: SoundCard::new(cx, part.find(".sound-card")),
            keys: part.find(".single-keys"),
            files: Vec::new(),
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    pub(crate) fn update(&mut self, view: &Settings, theme: Theme, single_keys: bool) {
        self.keys.flag("aria-checked", single_keys);
        for (each, press) in &self.themes {
            choose(press.part(), *each == theme);
        }
        self.language.write(&view.language);
        self.sound.update(&view.sound);
        if self.shown.as_ref() == Some(view) {
            return;
        }
        self.part.find(".version").text(view.version);
        let service = self.part.find(".service");
        service.show(view.service.is_some());
        if let Some((label, account)) = &view.service {
            service.find(".text").text(&self.cx.text(label));
            service.find("bdi").text(account);
        }
        let list = self.part.find(".sources");
        list.clear();
        for (name, count) in &view.sources {
            let row = self.cx.copy(Template::Source);
            row.find(".name").text(name);
            row.find(".count").text(&self.cx.with("format.count", &[("n", &count.to_string())]));
            list.append(&row);
        }
        let list = self.part.find(".files");
        list.clear();
        self.files.clear();
        for (number, name) in &view.files {
            let row = self.cx.copy(Template::File);
            row.find(".name").text(name);
            let remove = row.find(".remove-file");
            remove.attribute("aria-label", Some(&self.cx.with("set.removefile", &[("name", name)])));
            self.files.push(pressing(&self.cx, remove, Action::RemoveFile(*number)));
            list.append(&row);
        }
        self.shown = Some(view.clone());
    }
}

/// A switch that turns over what it shows.
pub(crate) fn switch(part: &Part, cx: &Rc<Context>, made: fn(bool) -> Action) -> Listener {
    let (cx, state) = (cx.clone(), part.clone());
    part.on("click", move |_| {
        let on = state.says("aria-checked").as_deref() == Some("true");
        cx.act(made(!on));
    })
}
