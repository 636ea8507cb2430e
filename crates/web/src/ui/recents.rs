//! Recents: calls of the past by day.
//!
//! Folding, reasons and order come from the view; days and times of day from the browser's time zone.

use super::{
    context::Context,
    dom::{Part, Template},
    frame::pressing,
    keys::Meaning,
    list::{Marks, VirtualList},
    press::Press,
    row::Search,
};
use crate::listener::Listener;
use softframe_phone::{
    Action,
    view::{Mailbox, Past, RecentList, Row},
};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

const DAY_MS: f64 = 86_400_000.0;

/// 15, 16.
pub(crate) struct Recents {
    cx: Rc<Context>,
    part: Part,
    list: VirtualList,
    search: Search,
    all: Press,
    missed: Press,
    mailbox: Press,
    /// The first call of each day, with its text.
    days: Vec<(usize, String)>,
    shown: RecentList,
    _listeners: [Listener; 2],
}

impl Recents {
    pub(crate) fn new(cx: &Rc<Context>) -> Recents {
        let part = cx.copy(Template::Recents);
        let place = part.find(".search-place");
        let search = Search::new(cx, &place, "recents.search", Action::RecentSearch);
        let find = finding(cx, &part, search.input());
        let radios = radio_keys(&part.find(".segments"));
        Recents {
            all: pressing(cx, part.find(".all"), Action::OnlyMissed(false)),
            missed: pressing(cx, part.find(".missed"), Action::OnlyMissed(true)),
            mailbox: Press::new(cx, part.find(".mailbox .handset")),
            cx: cx.clone(),
            search,
            list: VirtualList::new(cx, part.find(".scroll"), part.find(".rows"), None),
            days: Vec::new(),
            shown: RecentList::default(),
            _listeners: [find, radios],
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// What `/` leads to: the field, or the button that opens it.
    pub(crate) fn search(&self) -> Meaning {
        match self.part.find(".search-place").is_shown() {
            true => Meaning::Search(self.search.input().clone()),
            false => Meaning::Opens(self.part.find(".find")),
        }
    }

    pub(crate) fn update(&mut self, view: &RecentList, rows: &dyn Fn(usize, usize) -> Vec<Row>) {
        self.list.look();
        self.search.update(&view.query);
        choose(self.all.part(), !view.missed);
        choose(self.missed.part(), view.missed);
        self.voicemail(view.voicemail.as_ref());
        let (is_empty, searched) = (view.calls.is_empty(), view.query.trim());
        let empty = self.part.find(".empty");
        empty.show(is_empty);
        self.part.find(".scroll").show(!is_empty);
        if is_empty {
            let title = match (searched.is_empty(), view.missed) {
                (false, _) => self.cx.with("dial.none", &[("text", &view.query)]),
                (true, true) => self.cx.plain("recents.nomissed"),
                (true, false) => self.cx.plain("recents.empty"),
            };
            empty.find(".title").text(&title);
            empty.find(".sub").show(view.missed && searched.is_empty());
        }
        if view.missed != self.shown.missed || searched != self.shown.query.trim() {
            self.list.rewind();
        }
        if view.calls != self.shown.calls {
            // Whoever is at a call stays at it when another one comes above it.
            let focused = self.list.focused_at();
            let again = focused.and_then(|at| view.calls.iter().position(|call| call.at == at));
            again.into_iter().for_each(|index| self.list.want_focus(index));
        }
        if view.calls != self.shown.calls || day_of(view.now) != day_of(self.shown.now) {
            self.days = self.days(&view.calls, view.now);
        }
        self.shown = view.clone();
        if !is_empty {
            self.list.update(view.calls.len(), Marks::Heads(&self.days), rows);
        }
    }

    fn voicemail(&self, mailbox: Option<&Mailbox>) {
        let row = self.part.find(".mailbox");
        row.show(mailbox.is_some());
        let Some(mailbox) = mailbox else { return };
        let (new, old) = (mailbox.new_messages.to_string(), mailbox.old_messages.to_string());
        row.find(".count").text(&self.cx.with("recents.vm.count", &[("new", &new), ("old", &old)]));
        super::frame::write_badge(&row.find(".badge"), mailbox.new_messages);
        let handset = self.mailbox.part();
        handset.show(!mailbox.number.is_empty());
        let label = self.cx.with("recents.callto", &[("name", &self.cx.plain("recents.voicemail"))]);
        handset.attribute("aria-label", Some(&label));
        handset.attribute("title", Some(&label));
        self.mailbox.makes(Action::CallNumber(mailbox.number.clone()));
    }

    fn days(&self, calls: &[Past], now: u64) -> Vec<(usize, String)> {
        let (today, strings) = (day_of(now), self.cx.strings().borrow());
        let mut last = None;
        let first = calls.iter().enumerate().filter_map(|(index, call)| {
            let day = day_of(call.at);
            let is_first = call.at != 0 && last.replace(day) != Some(day);
            is_first.then(|| (index, strings.day(call.at, today - day)))
        });
        first.collect()
    }
}

/// Local days since the epoch.
pub(crate) fn day_of(wall_ms: u64) -> i64 {
    let ms = wall_ms as f64;
    let offset = js_sys::Date::new(&JsValue::from_f64(ms)).get_timezone_offset();
    ((ms - offset * 60_000.0) / DAY_MS).floor() as i64
}

fn finding(cx: &Rc<Context>, part: &Part, input: &Part) -> Listener {
    let (cx, part, input) = (cx.clone(), part.clone(), input.clone());
    let find = part.find(".find");
    find.on("click", move |_| {
        let open = !part.find(".search-place").is_shown();
        toggle_search(&part, open);
        if open {
            input.focus();
        } else {
            cx.act(Action::RecentSearch(String::new()));
        }
    })
}

fn toggle_search(part: &Part, open: bool) {
    part.find(".search-place").show(open);
    part.find(".segments").show(!open);
    part.find(".find").flag("aria-pressed", open);
    part.find(".find").icon(if open { "close" } else { "search" });
}

/// One of a group is chosen; the group is one stop.
pub(crate) fn choose(part: &Part, chosen: bool) {
    part.flag("aria-checked", chosen);
    part.attribute("tabindex", Some(if chosen { "0" } else { "-1" }));
}

/// Arrows move between the radios of a group, and choose.
pub(crate) fn radio_keys(group: &Part) -> Listener {
    let all = group.clone();
    group.on("keydown", move |event| {
        let Some(key) = event.dyn_ref::<web_sys::KeyboardEvent>() else { return };
        if let Some(next) = super::frame::moved(&all.all("[role=radio]"), key) {
            event.prevent_default();
            next.focus();
            next.html().click();
        }
    })
}
