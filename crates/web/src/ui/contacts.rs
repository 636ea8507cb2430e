//! Contacts: the list with its search, and the page of one contact.
//!
//! Rows are read by index from the phone when they come into view; none is kept.

use super::{
    avatar,
    context::Context,
    dom::{Part, Template, id},
    frame::pressing,
    hits::Count,
    list::{Marks, VirtualList},
    press::Press,
    recents::day_of,
    row::{Numbers, RowList, Search},
    words::Words,
};
use crate::listener::Listener;
use softframe_phone::{
    Action,
    view::{ContactList, ContactPage, Row},
};
use std::rc::Rc;

/// 08 to 11.
pub(crate) struct Contacts {
    cx: Rc<Context>,
    part: Part,
    search: Search,
    list: VirtualList,
    list_part: Part,
    scroll: Part,
    no_contacts: Part,
    no_hits: Part,
    progress: Progress,
    /// Whether it is a search, and whether there is anything.
    shown: Option<(bool, bool)>,
    /// What is searched for in the list; nothing: it has all contacts.
    searched: String,
    _listeners: Vec<Listener>,
}

impl Contacts {
    pub(crate) fn new(cx: &Rc<Context>) -> Contacts {
        let part = cx.copy(Template::Contacts);
        let search = Search::new(cx, &part.find(".search-place"), "contacts.search", Action::ContactSearch);
        let list_part = part.find(".virtual");
        let scroll = part.find(".scroll");
        let list = VirtualList::new(cx, scroll.clone(), list_part.clone(), part.maybe(".letter"));
        let listeners = vec![choosing(&part.find(".import")), choosing(&part.find(".choose"))];
        Contacts {
            cx: cx.clone(),
            no_contacts: part.find(".no-contacts"),
            no_hits: part.find(".no-hits"),
            progress: Progress::new(&part.find(".progress")),
            part,
            search,
            list,
            list_part,
            scroll,
            shown: None,
            searched: String::new(),
            _listeners: listeners,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    /// The search field, for `/`.
    pub(crate) fn search(&self) -> &Part {
        self.search.input()
    }

    pub(crate) fn update(&mut self, view: &ContactList, rows: &dyn Fn(usize, usize) -> Vec<Row>) {
        let searched = view.query.trim();
        // Another search begins at its first row: what is in view need not be asked of a page that the letter has changed.
        let is_other = searched != self.searched;
        if !is_other {
            self.list.look();
        }
        self.search.update(&view.query);
        self.progress.update(&self.cx, view);
        let searching = !searched.is_empty();
        let nothing = searching && view.is_empty();
        let empty = !searching && view.is_empty();
        let shown = (searching, view.is_empty());
        if self.shown.replace(shown) != Some(shown) {
            self.list_part.class("hits", searching);
            self.scroll.show(!view.is_empty());
            self.no_contacts.show(empty);
            self.no_hits.show(nothing);
        }
        if nothing {
            self.no_hits.find(".nothing").text(&self.cx.with("dial.none", &[("text", &view.query)]));
        }
        if is_other {
            self.searched = searched.to_owned();
            self.list.rewind();
        }
        if !empty {
            let marks = if searching { Marks::None } else { Marks::Letters };
            self.list.update(view.len(), marks, rows);
        }
    }
}

/// How many a search has found, once that is known.
pub(crate) fn count(list: &ContactList) -> Option<Count> {
    (!list.is_begun).then(|| Count { shown: list.len(), is_full: list.is_full() })
}

/// One line whatever happens, so that nothing below it ever moves: progress, results, or how many there are.
struct Progress {
    part: Part,
    usable: Part,
    bar: Part,
    read: Words,
    is_done: Option<bool>,
}

impl Progress {
    fn new(part: &Part) -> Progress {
        Progress {
            usable: part.find(".usable"),
            bar: part.find("i"),
            read: Words::new(part.find(".read")),
            part: part.clone(),
            is_done: None,
        }
    }

    fn update(&mut self, cx: &Context, view: &ContactList) {
        let is_done = view.progress.is_none();
        if self.is_done.replace(is_done) != Some(is_done) {
            self.part.flag("data-done", is_done);
            self.usable.show(!is_done);
        }
        let count = |id: &str, n: usize| cx.with(id, &[("n", &n.to_string())]);
        let text = match view.progress {
            Some((done, total)) => {
                self.bar.property("--done", &format!("{}%", done * 100 / total.max(1)));
                let args = [("done", done.to_string()), ("total", total.to_string())];
                cx.with("contacts.reading", &args.each_ref().map(|(name, n)| (*name, n.as_str())))
            }
            None if view.is_search() => match self::count(view) {
                Some(count) => count.text(cx),
                // What stands there stays until it is known: it would change twice for a letter.
                None => return,
            },
            None if view.total > 0 => count("contacts.count", view.total),
            None => String::new(),
        };
        self.read.write(&text, &[]);
    }
}

/// Opens the file chooser: the way without drag and drop.
pub(crate) fn choosing(part: &Part) -> Listener {
    part.on("click", move |_| Part::by_id(id::CHOOSER).html().click())
}

/// 14.
pub(crate) struct ContactView {
    cx: Rc<Context>,
    part: Part,
    numbers: Numbers,
    recent: RowList,
    outside: Press,
    shown: ContactPage,
    _presses: [Press; 3],
}

impl ContactView {
    pub(crate) fn new(cx: &Rc<Context>) -> ContactView {
        let part = cx.copy(Template::Contact);
        ContactView {
            cx: cx.clone(),
            numbers: Numbers::new(cx, part.find(".numbers")),
            recent: RowList::new(cx, part.find(".recent")),
            outside: Press::new(cx, part.find(".outside")),
            shown: ContactPage::default(),
            _presses: [
                pressing(cx, part.find(".back"), Action::Back),
                pressing(cx, part.find(".edit"), Action::EditContact),
                pressing(cx, part.find(".remove"), Action::RemoveContact),
            ],
            part,
        }
    }

    pub(crate) fn part(&self) -> &Part {
        &self.part
    }

    pub(crate) fn update(&mut self, view: &ContactPage) {
        if self.shown == *view {
            return;
        }
        let portrait = self.part.find(".portrait");
        avatar::write(&portrait.find(".avatar"), &view.row.avatar, &view.row.name);
        portrait.find(".name").text(&view.row.name);
        portrait.find(".line").text_or_hide(&view.line);
        portrait.find(".email").text_or_hide(&view.email);
        self.numbers.update(&view.numbers);
        self.part.find(".day").show(!view.recent.is_empty());
        self.recent.update(&self.calls_of(view));
        self.part.find(".removal").show(view.removable);
        self.outside.part().show(view.click);
        self.outside.part().attribute("title", Some(&self.cx.plain("call.open")));
        self.outside.makes(Action::ContactClick(view.row.key.clone()));
        self.shown = view.clone();
    }

    /// Whose they are stands above, and so do the numbers to call: when it was takes the place of the name.
    fn calls_of(&self, view: &ContactPage) -> Vec<Row> {
        let (today, strings) = (day_of(view.now), self.cx.strings().borrow());
        let when = |at: u64| format!("{}, {}", strings.day(at, today - day_of(at)), strings.time(at));
        let rows = view.recent.iter().map(|row| Row {
            name: when(row.at),
            number: String::new(),
            handset: String::new(),
            at: 0,
            ..row.clone()
        });
        rows.collect()
    }
}
