//! Which screen fills the frame, and where the focus goes when it changes.
//!
//! A screen that was built stays in the page, hidden: it keeps its scroll place and typed text.

use super::{
    calls::{CallView, EndedView, IncomingView},
    contacts::{self, ContactView, Contacts},
    context::Context,
    dom::{Part, document, id},
    forwarding::ForwardingView,
    help::{AboutView, CheckView, OtherTabView},
    hits::{Count, Hits},
    keypad::Dial,
    keys::Meaning,
    pages::{SettingsView, TransferView},
    recents::Recents,
    signin::{ConfigError, SignInForm},
};
use softframe_phone::view::{Row, Screen, Tab, View};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// A field of the screen that is shown.
const SHOWN_FIELD: &str = "#main input:not([hidden] input)";

/// Reads the rows from one on, so many, of the list that a screen has.
pub(crate) type Rows<'a> = dyn Fn(&Screen, usize, usize) -> Vec<Row> + 'a;

/// All screens, built when first shown.
pub(crate) struct Screens {
    cx: Rc<Context>,
    phone: Part,
    main: Part,
    /// 04: static markup, which also says by itself when it takes long.
    starting: Part,
    config_error: Option<ConfigError>,
    sign_in: Option<SignInForm>,
    dial: Option<Dial>,
    contacts: Option<Contacts>,
    contact: Option<ContactView>,
    recents: Option<Recents>,
    incoming: Option<IncomingView>,
    call: Option<CallView>,
    transfer: Option<TransferView>,
    ended: Option<EndedView>,
    settings: Option<SettingsView>,
    forwarding: Option<ForwardingView>,
    check: Option<CheckView>,
    about: Option<AboutView>,
    other_tab: Option<OtherTabView>,
    shown: Shown,
    before_call: Option<HtmlElement>,
    hits: Hits,
}

/// What is on screen, as far as focus and frame care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Starting,
    ConfigError,
    SignIn,
    Keypad,
    Contacts,
    Contact,
    Recents,
    Incoming,
    Call,
    Transfer,
    Ended,
    Settings,
    Forwarding,
    Check,
    About,
    OtherTab,
}

impl Shown {
    fn of(screen: &Screen) -> Shown {
        match screen {
            Screen::Starting => Shown::Starting,
            Screen::ConfigError { .. } => Shown::ConfigError,
            Screen::SignIn(_) => Shown::SignIn,
            Screen::Keypad(_) => Shown::Keypad,
            Screen::Contacts(_) => Shown::Contacts,
            Screen::Contact(_) => Shown::Contact,
            Screen::Recents(_) => Shown::Recents,
            Screen::Incoming(_) => Shown::Incoming,
            Screen::Call(_) => Shown::Call,
            Screen::TransferPick(_) => Shown::Transfer,
            Screen::Ended(_) => Shown::Ended,
            Screen::Settings(_) => Shown::Settings,
            Screen::Forwarding(_) => Shown::Forwarding,
            Screen::Check(_) => Shown::Check,
            Screen::About(_) => Shown::About,
            Screen::OtherTab { .. } => Shown::OtherTab,
        }
    }

    /// `data-view` of the frame: which parts stand around the screen.
    fn frame(self) -> &'static str {
        match self {
            Shown::Starting => "starting",
            Shown::OtherTab => "other-tab",
            Shown::ConfigError | Shown::SignIn => "form",
            Shown::Keypad | Shown::Contacts | Shown::Recents => "tabs",
            Shown::Contact => "contact",
            Shown::Settings | Shown::Forwarding | Shown::Check | Shown::About => "page",
            Shown::Incoming | Shown::Call | Shown::Transfer | Shown::Ended => "call",
        }
    }

    fn is_call(self) -> bool {
        self.frame() == "call"
    }
}

impl Screens {
    pub(crate) fn new(cx: &Rc<Context>) -> Screens {
        Screens {
            cx: cx.clone(),
            phone: Part::by_id(id::PHONE),
            main: Part::by_id(id::MAIN),
            starting: Part::by_id(id::MAIN).find(".starting"),
            config_error: None,
            sign_in: None,
            dial: None,
            contacts: None,
            contact: None,
            recents: None,
            incoming: None,
            call: None,
            transfer: None,
            ended: None,
            settings: None,
            forwarding: None,
            check: None,
            about: None,
            other_tab: None,
            shown: Shown::Starting,
            before_call: None,
            hits: Hits::new(cx),
        }
    }

    /// The tab that is selected on this screen; `None`: as before.
    pub(crate) fn tab(screen: &Screen) -> Option<Tab> {
        match screen {
            Screen::Keypad(_) => Some(Tab::Keypad),
            Screen::Contacts(_) => Some(Tab::Contacts),
            Screen::Recents(_) => Some(Tab::Recents),
            _ => None,
        }
    }

    /// Writes what differs; says what keys mean now.
    pub(crate) fn update(&mut self, view: &View, rows: &Rows) -> Meaning {
        let shown = Shown::of(&view.screen);
        let changed = shown != self.shown;
        if changed && shown.is_call() && !self.shown.is_call() {
            self.before_call = focused();
        }
        self.phone.attribute("data-view", Some(shown.frame()));
        match &view.screen {
            Screen::Contacts(list) => self.hits.count(&list.query, contacts::count(list)),
            Screen::Keypad(keypad) => {
                self.hits.count(&keypad.field, Some(Count::all(keypad.suggestions.len())))
            }
            Screen::Recents(list) => self.hits.count(&list.query, Some(Count::all(list.calls.len()))),
            Screen::TransferPick(pick) => self.hits.count(&pick.query, Some(Count::all(pick.rows.len()))),
            _ => self.hits.rest(),
        }
        let (part, meaning) = self.write(view, rows);
        if changed {
            let before = std::mem::replace(&mut self.shown, shown);
            self.focus(before, &part);
            self.forget_password();
        }
        meaning
    }

    /// What was typed to sign in does not outlive the form, which is made anew after a sign-out. Help beside it leaves it as
    /// it is.
    fn forget_password(&mut self) {
        if !matches!(self.shown, Shown::SignIn | Shown::Check | Shown::About)
            && let Some(form) = self.sign_in.take()
        {
            form.part().remove();
            // One of its listeners may be what is running.
            js_sys::futures::spawn_local(async move { drop(form) });
        }
    }

    /// Writes the screen of the view and shows it alone.
    fn write(&mut self, view: &View, rows: &Rows) -> (Part, Meaning) {
        let cx = &self.cx;
        let rows = |start, count| rows(&view.screen, start, count);
        match &view.screen {
            Screen::Starting => (self.present(self.starting.clone()), Meaning::Plain),
            Screen::ConfigError { key, rule, found } => {
                let screen = self.config_error.get_or_insert_with(|| ConfigError::new(cx));
                screen.update(key, rule, found);
                let part = screen.part().clone();
                (self.present(part), Meaning::Plain)
            }
            Screen::SignIn(form) => {
                let part = self.sign_in.get_or_insert_with(|| SignInForm::new(cx)).part().clone();
                let part = self.present(part);
                if let Some(screen) = &mut self.sign_in {
                    screen.update(form);
                }
                (part, Meaning::Plain)
            }
            Screen::Keypad(keypad) => {
                // Shown first, as contacts are.
                let part = self.dial.get_or_insert_with(|| Dial::new(cx)).part().clone();
                let part = self.present(part);
                let field = self.dial.as_mut().map(|screen| {
                    screen.update(keypad, view.banner.is_some());
                    screen.field().clone()
                });
                (part, field.map_or(Meaning::Plain, Meaning::Field))
            }
            Screen::Contacts(list) => {
                // Shown first: a list of which only the rows in view are written must know how high it is.
                let part = self.contacts.get_or_insert_with(|| Contacts::new(cx)).part().clone();
                let part = self.present(part);
                let screen = self.contacts.as_mut().map(|screen| {
                    screen.update(list, &rows);
                    screen.search().clone()
                });
                (part, screen.map_or(Meaning::Plain, Meaning::Search))
            }
            Screen::Contact(page) => {
                let screen = self.contact.get_or_insert_with(|| ContactView::new(cx));
                screen.update(page);
                let part = screen.part().clone();
                (self.present(part), Meaning::Plain)
            }
            Screen::Recents(list) => {
                let part = self.recents.get_or_insert_with(|| Recents::new(cx)).part().clone();
                let part = self.present(part);
                let search = self.recents.as_mut().map(|screen| {
                    screen.update(list, &rows);
                    screen.search()
                });
                (part, search.unwrap_or(Meaning::Plain))
            }
            Screen::Settings(settings) => {
                let screen = self.settings.get_or_insert_with(|| SettingsView::new(cx));
                screen.update(settings, view.look.theme, view.single_keys);
                let part = screen.part().clone();
                (self.present(part), Meaning::Plain)
            }
            Screen::Forwarding(forwarding) => {
                let screen = self.forwarding.get_or_insert_with(|| ForwardingView::new(cx));
                screen.update(forwarding);
                let part = screen.part().clone();
                (self.present(part), Meaning::Plain)
            }
            Screen::Check(page) => {
                let screen = self.check.get_or_insert_with(|| CheckView::new(cx));
                screen.update(page);
                let part = screen.part().clone();
                (self.present(part), Meaning::Plain)
            }
            Screen::About(about) => {
                let screen = self.about.get_or_insert_with(|| AboutView::new(cx));
                screen.update(about);
                let part = screen.part().clone();
                (self.present(part), Meaning::Plain)
            }
            Screen::OtherTab { in_call } => {
                let screen = self.other_tab.get_or_insert_with(|| OtherTabView::new(cx));
                screen.update(*in_call);
                let part = screen.part().clone();
                (self.present(part), Meaning::Plain)
            }
            Screen::Incoming(_) | Screen::Call(_) | Screen::TransferPick(_) | Screen::Ended(_) => {
                self.write_call(view)
            }
        }
    }

    fn write_call(&mut self, view: &View) -> (Part, Meaning) {
        let cx = &self.cx;
        match &view.screen {
            Screen::Incoming(incoming) => {
                let screen = self.incoming.get_or_insert_with(|| IncomingView::new(cx));
                screen.update(incoming);
                let (part, arm) = (screen.part().clone(), screen.arm());
                (self.present(part), Meaning::Ringing(incoming.call, arm))
            }
            Screen::Call(call) => {
                let screen = self.call.get_or_insert_with(|| CallView::new(cx));
                screen.update(call);
                let (part, meaning) = (screen.part().clone(), Meaning::of_call(call, screen.arm()));
                (self.present(part), meaning)
            }
            Screen::TransferPick(pick) => {
                let part = self.transfer.get_or_insert_with(|| TransferView::new(cx)).part().clone();
                let part = self.present(part);
                if let Some(screen) = &mut self.transfer {
                    screen.update(pick);
                }
                (part, Meaning::Plain)
            }
            Screen::Ended(ended) => {
                let screen = self.ended.get_or_insert_with(|| EndedView::new(cx));
                screen.update(ended);
                let part = screen.part().clone();
                (self.present(part), Meaning::Plain)
            }
            _ => (self.starting.clone(), Meaning::Plain),
        }
    }

    /// Shows this part and hides the others.
    fn present(&self, part: Part) -> Part {
        if part.element().parent_element().is_none() {
            part.show(false);
            self.main.append(&part);
        }
        if part.is_shown() {
            return part;
        }
        for other in self.main.all(":scope > .screen") {
            other.show(other.element() == part.element());
        }
        part
    }

    fn focus(&mut self, before: Shown, part: &Part) {
        // What the person was at before the call has it back, if it is there.
        if before.is_call() && !self.shown.is_call() {
            let back = self.before_call.take().filter(|back| self.main.element().contains(Some(back)));
            if let Some(back) = back.filter(|back| back.offset_parent().is_some()) {
                return Part::of(back.into()).focus();
            }
        }
        self.focus_first(part);
    }

    /// What had the focus is there no more (a button that hid itself): the screen's first has it.
    pub(crate) fn keep_focus(&self, held: Option<HtmlElement>) {
        // A field that is typed in is asked first: to look how high it is would lay out what the letter has changed.
        let typed_in = |held: &HtmlElement| held.matches(SHOWN_FIELD).unwrap_or(false);
        // A sheet that closes gives the focus back to a row that has gone meanwhile.
        let is_nowhere = || focused().is_none_or(|now| now.offset_height() == 0);
        let lost = |held: &HtmlElement| !typed_in(held) && held.offset_height() == 0 && is_nowhere();
        if held.as_ref().is_some_and(lost) {
            let shown = self.main.maybe(":scope > .screen:not([hidden])");
            if let Some(shown) = shown {
                self.focus_first(&shown);
            }
        }
    }

    /// All screens are built anew, in other words, when they are written next.
    pub(crate) fn forget(&mut self) {
        self.main.all(":scope > .screen:not(.starting)").iter().for_each(Part::remove);
        let fresh = Screens::new(&self.cx);
        let shown = std::mem::replace(self, fresh).shown;
        self.shown = shown;
    }

    /// What had the focus before all was built anew has it again, else the first of the screen.
    pub(crate) fn give_focus_back(&self, id: &str) {
        let shown = self.main.maybe(":scope > .screen:not([hidden])");
        let again = document()
            .get_element_by_id(id)
            .map(Part::of)
            .or_else(|| shown.as_ref().and_then(|shown| self.first_of(shown)));
        if let Some(again) = again {
            again.focus();
        }
    }

    fn focus_first(&self, part: &Part) {
        if let Some(first) = self.first_of(part) {
            first.focus();
        }
    }

    fn first_of(&self, part: &Part) -> Option<Part> {
        match self.shown {
            Shown::Keypad => self.dial.as_ref().map(|screen| screen.field().clone()),
            Shown::Incoming => self.incoming.as_ref().map(IncomingView::first),
            Shown::Call => self.call.as_ref().map(CallView::first),
            Shown::Ended => self.ended.as_ref().map(EndedView::first),
            Shown::Transfer => self.transfer.as_ref().map(TransferView::first),
            Shown::Starting => None,
            Shown::ConfigError
            | Shown::SignIn
            | Shown::Contacts
            | Shown::Contact
            | Shown::Recents
            | Shown::Settings
            | Shown::Forwarding
            | Shown::Check
            | Shown::About
            | Shown::OtherTab => part.maybe("h1"),
        }
    }
}

/// What has the focus in this page; nothing where the page as a whole has it.
pub(crate) fn focused() -> Option<HtmlElement> {
    let focused: HtmlElement = document().active_element()?.dyn_into().ok()?;
    (document().body().as_ref() != Some(&focused)).then_some(focused)
}
