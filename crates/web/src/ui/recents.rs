//! Recents: calls of the past by day.
//!
//! Folding, reasons and order come from the view; days and times of day from the browser's time zone.

use super::{
    context::Context,
    dom::{Part, Template},
    frame::pressing,
    keys::Meaning,
    press::Press,
    row::{RowView, Search, one_stop, roving},
};
use crate::listener::Listener;
use softframe_phone::{
    Action,
    view::{Mailbox, RecentList, Row},
};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

const DAY_MS: f64 = 86_400_000.0;

/// 15, 16.
pub(crate) struct Recents {
    cx: Rc<Context>,
    part: Part,
    list: Part,
    search: Search,
    all: Press,
    missed: Press,
    mailbox: Press,
    rows: Vec<RowView>,
    days: Vec<Part>,
    shape: Vec<Entry>,
    shown: Option<RecentList>,
    _listeners: Vec<Listener>,
}

/// What stands where: the text of a day, or the row of this index.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    Day(String),
    Row,
}

impl Recents {
    pub(crate) fn new(cx: &Rc<Context>) -> Recents {
        let part = cx.copy(Template::Recents);
        let place = part.find(".search-place");
        let search = Search::new(cx, &place, "recents.search", Action::RecentSearch);
        let list = part.find(".rows");
        let find = finding(cx, &part, search.input());
        let radios = radio_keys(&part.find(".segments"));
        Recents {
            all: pressing(cx, part.find(".all"), Action::OnlyMissed(false)),
            missed: pressing(cx, part.find(".missed"), Action::OnlyMissed(true)),
            mailbox: Press::new(cx, part.find(".mailbox .handset")),
            cx: cx.clone(),
            search,
            rows: Vec::new(),
            days: Vec::new(),
            shape: Vec::new(),
            shown: None,
            _listeners: vec![find, radios, one_stop(&list)],
            list,
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

    pub(crate) fn update(&mut self, view: &RecentList) {
        let same_day = self.shown.as_ref().is_some_and(|shown| day_of(shown.now) == day_of(view.now));
        let same = self.shown.as_ref().is_some_and(|shown| {
            shown.rows == view.rows
                && shown.query == view.query
                && shown.missed == view.missed
                && shown.voicemail == view.voicemail
        });
        if same && same_day {
            return;
        }
        self.search.update(&view.query);
        choose(self.all.part(), !view.missed);
        choose(self.missed.part(), view.missed);
        self.voicemail(view.voicemail.as_ref());
        let empty = self.part.find(".empty");
        empty.show(view.rows.is_empty());
        self.part.find(".scroll").show(!view.rows.is_empty());
        let title = match (view.query.trim().is_empty(), view.missed) {
            (false, _) => self.cx.with("dial.none", &[("text", &view.query)]),
            (true, true) => self.cx.plain("recents.nomissed"),
            (true, false) => self.cx.plain("recents.empty"),
        };
        empty.find(".title").text(&title);
        empty.find(".sub").show(view.missed && view.query.trim().is_empty());
        self.write(view);
        self.shown = Some(view.clone());
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

    fn write(&mut self, view: &RecentList) {
        let shape = self.shape(&view.rows, view.now);
        while self.rows.len() < view.rows.len() {
            self.rows.push(RowView::new(&self.cx));
        }
        for surplus in self.rows.drain(view.rows.len()..) {
            surplus.part().remove();
        }
        let focused = self.rows.iter().find(|row| row.part().holds_focus()).map(RowView::key);
        for (index, (row, data)) in self.rows.iter().zip(&view.rows).enumerate() {
            row.update(data);
            row.place(index, view.rows.len());
        }
        if shape != self.shape {
            self.arrange(&shape);
            let again = focused.and_then(|key| self.rows.iter().find(|row| row.key() == key));
            if let Some(row) = again {
                row.open().focus();
            }
            self.shape = shape;
        }
        roving(&self.list);
    }

    fn arrange(&mut self, shape: &[Entry]) {
        for day in self.days.drain(..) {
            day.remove();
        }
        let mut rows = self.rows.iter();
        for entry in shape {
            match entry {
                Entry::Day(text) => {
                    let day = self.cx.copy(Template::Day);
                    day.text(text);
                    self.list.append(&day);
                    self.days.push(day);
                }
                Entry::Row => {
                    if let Some(row) = rows.next() {
                        self.list.append(row.part());
                    }
                }
            }
        }
    }

    fn shape(&self, rows: &[Row], now: u64) -> Vec<Entry> {
        let (today, strings) = (day_of(now), self.cx.strings().borrow());
        let mut shape = Vec::new();
        let mut last = None;
        for row in rows {
            let day = day_of(row.at);
            if row.at != 0 && last != Some(day) {
                shape.push(Entry::Day(strings.day(row.at, today - day)));
                last = Some(day);
            }
            shape.push(Entry::Row);
        }
        shape
    }
}

/// Local days since the epoch.
fn day_of(wall_ms: u64) -> i64 {
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
