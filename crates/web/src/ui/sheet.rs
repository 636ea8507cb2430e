//! Sheets: one `<dialog>` over the screen, with what the view puts into it.
//!
//! Esc and the shade close it and are never a consent; nothing in it reacts before it was really visible.

mod contents;

pub(crate) use contents::more_waiting;

use super::{
    context::Context,
    dom::{Part, Template, copy_text, document, has_focus, id},
    edit,
    frame::pressing,
    import,
    pages::switch,
    press::{ARM_MS, Arm, Press},
    recents::radio_keys,
    route,
    row::Numbers,
    sound::{slide, slider},
    visible::Visible,
    waiting::Waiting,
};
use crate::listener::Listener;
use contents::{write_chain, write_microphone, write_quality, write_second, write_status};
use softframe_phone::{
    Action, Answer, CallId, Consent,
    view::{Header, Sheet},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

/// The dialog and the bar into which a second call shrinks.
pub(crate) struct Sheets {
    cx: Rc<Context>,
    dialog: Part,
    open: Option<Open>,
    later: Rc<Cell<Option<CallId>>>,
    asks_sign_out: Rc<Cell<bool>>,
    closing: Rc<RefCell<Option<Sheet>>>,
    waiting: Waiting,
    /// Whether news lies in the dialog; nobody has put it anywhere yet.
    houses_news: Option<bool>,
    _listeners: Vec<Listener>,
}

/// What stands in the dialog. It is built anew when the kind of sheet changes, else written over.
struct Open {
    sheet: Sheet,
    signing_out: bool,
    body: Part,
    presses: Vec<Press>,
    numbers: Option<Numbers>,
    /// Of a call that rings on while its microphone fails.
    decline: Option<Press>,
    _visible: Option<Visible>,
    _listeners: Vec<Listener>,
}

impl Sheets {
    pub(crate) fn new(cx: &Rc<Context>) -> Sheets {
        let dialog = Part::by_id(id::SHEET);
        let later: Rc<Cell<Option<CallId>>> = Rc::default();
        let closing: Rc<RefCell<Option<Sheet>>> = Rc::default();
        let asks_sign_out: Rc<Cell<bool>> = Rc::default();
        let close = Close {
            cx: cx.clone(),
            later: later.clone(),
            open: closing.clone(),
            asks: asks_sign_out.clone(),
        };
        let (shade, escape) = (close.clone(), close);
        let outside = dialog.clone();
        let mut listeners = vec![
            dialog.on("click", move |event| {
                // A click on the shade hits the dialog itself, one on the sheet hits something in it.
                let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
                if target.as_ref() == Some(outside.element()) {
                    shade.go();
                }
            }),
            dialog.on("cancel", move |event| {
                event.prevent_default();
                escape.go();
            }),
        ];
        let waiting = Waiting::new(cx, &later);
        let resized = cx.clone();
        listeners.push(Listener::new(&super::dom::window(), "resize", move |_| resized.redraw()));
        Sheets {
            cx: cx.clone(),
            dialog,
            open: None,
            later,
            asks_sign_out,
            closing,
            waiting,
            houses_news: None,
            _listeners: listeners,
        }
    }

    /// Closes what is open as Esc does; `false` if nothing is.
    pub(crate) fn escape(&self) -> impl Fn() -> bool + use<> {
        let close = Close {
            cx: self.cx.clone(),
            later: self.later.clone(),
            open: self.closing.clone(),
            asks: self.asks_sign_out.clone(),
        };
        move || close.go()
    }

    /// Writes what differs.
    pub(crate) fn update(&mut self, sheet: Option<&Sheet>, header: &Header) {
        let waiting = match sheet {
            Some(Sheet::SecondIncoming(incoming)) => {
                Some(&**incoming).filter(|call| self.later.get() == Some(call.call))
            }
            _ => None,
        };
        self.waiting.update(waiting);
        let sheet = sheet.filter(|_| waiting.is_none() && !is_minimised());
        self.house_news(sheet.is_some());
        *self.closing.borrow_mut() = sheet.cloned();
        let Some(sheet) = sheet else { return self.close() };
        let signing_out = self.asks_sign_out.get() && matches!(sheet, Sheet::Status { .. });
        let same = self
            .open
            .as_ref()
            .is_some_and(|open| open.signing_out == signing_out && is_same(&open.sheet, sheet));
        if !same {
            self.build(sheet, signing_out);
        }
        if let Some(open) = &mut self.open {
            if open.sheet != *sheet || !same {
                open.write(&self.cx, sheet, header);
            }
            open.sheet = sheet.clone();
        }
        self.show();
    }

    /// Outside of an open sheet everything is inert and below it: news, and what is said to screen readers, lies in it.
    fn house_news(&mut self, open: bool) {
        if self.houses_news.replace(open) == Some(open) {
            return;
        }
        let Some(page) = document().body().map(|body| Part::of(body.into())) else { return };
        for (news, usual) in [(id::TOAST, Part::by_id(id::PHONE)), (id::SAY, page.clone()), (id::ALERT, page)]
        {
            let news = Part::by_id(news);
            let home = if open { &self.dialog } else { &usual };
            if news.element().parent_element().as_ref() != Some(home.element()) {
                home.append(&news);
            }
        }
    }

    /// Whether one lies over the screen.
    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// None lies over the screen until one is written next.
    pub(crate) fn close(&mut self) {
        self.asks_sign_out.set(false);
        if self.open.take().is_some() {
            without_focus(&Part::by_id(id::PHONE), || self.element().close());
            self.dialog.all(".sheet-body").iter().for_each(Part::remove);
        }
    }

    fn show(&self) {
        if self.element().open() {
            return;
        }
        without_focus(&self.dialog, || {
            if self.element().show_modal().is_err() {
                crate::app::warn("the sheet could not be shown");
            }
        });
        if let Some(first) = self.open.as_ref().and_then(Open::first) {
            first.focus();
        }
    }

    fn element(&self) -> &HtmlDialogElement {
        self.dialog.element().unchecked_ref()
    }

    fn build(&mut self, sheet: &Sheet, signing_out: bool) {
        let was_open = self.open.take().is_some();
        self.dialog.all(".sheet-body").iter().for_each(Part::remove);
        let built = Open::new(&self.cx, sheet, signing_out, &self.asks_sign_out);
        self.dialog.append(&built.body);
        if let Some(title) = built.body.maybe("h2") {
            title.attribute("id", Some("sheet-title"));
            self.dialog.attribute("aria-labelledby", Some("sheet-title"));
        }
        if was_open && let Some(first) = built.first() {
            first.focus();
        }
        self.open = Some(built);
    }
}

/// A dialog that opens or closes moves the focus to `target`, also out of the page that embeds us. Where the person
/// types there, `target` takes none.
fn without_focus(target: &Part, moves: impl FnOnce()) {
    target.attribute("inert", (!has_focus()).then_some(""));
    moves();
    target.attribute("inert", None);
}

/// What closing means for each sheet.
#[derive(Clone)]
struct Close {
    cx: Rc<Context>,
    later: Rc<Cell<Option<CallId>>>,
    open: Rc<RefCell<Option<Sheet>>>,
    asks: Rc<Cell<bool>>,
}

impl Close {
    fn go(&self) -> bool {
        let open = self.open.borrow().clone();
        match open {
            None => return false,
            Some(Sheet::SecondIncoming(incoming)) => {
                self.later.set(Some(incoming.call));
                self.cx.redraw();
            }
            Some(_) if self.asks.replace(false) => self.cx.redraw(),
            Some(_) => self.cx.act(Action::CloseSheet),
        }
        true
    }
}

/// No sheet fits a bar of so few pixels: it waits until the frame is larger again.
fn is_minimised() -> bool {
    const BAR_PX: f64 = 80.0;
    super::dom::window().inner_height().ok().and_then(|high| high.as_f64()).is_some_and(|high| high < BAR_PX)
}

/// Whether one sheet is the other with other contents.
fn is_same(open: &Sheet, sheet: &Sheet) -> bool {
    match (open, sheet) {
        (Sheet::SecondIncoming(one), Sheet::SecondIncoming(other)) => one.call == other.call,
        (Sheet::Confirm { number: one, .. }, Sheet::Confirm { number: other, .. }) => one == other,
        (Sheet::Consent { chain: one }, Sheet::Consent { chain: other }) => one == other,
        (Sheet::Route { speakers: one, sound, .. }, Sheet::Route { speakers: other, sound: new, .. }) => {
            one == other && sound.microphones == new.microphones
        }
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

impl Open {
    fn new(cx: &Rc<Context>, sheet: &Sheet, signing_out: bool, asks: &Rc<Cell<bool>>) -> Open {
        let template = match sheet {
            Sheet::Consent { .. } => Template::SheetConsent,
            Sheet::SecondIncoming(_) => Template::SheetSecond,
            Sheet::Import { .. } => Template::SheetImport,
            Sheet::Microphone { .. } => Template::SheetMicrophone,
            Sheet::Confirm { .. } => Template::SheetConfirm,
            Sheet::Numbers { .. } => Template::SheetNumbers,
            Sheet::Status { .. } if signing_out => Template::SheetSignOut,
            Sheet::Status { .. } => Template::SheetStatus,
            Sheet::Quality { .. } => Template::SheetQuality,
            Sheet::Route { .. } => Template::SheetRoute,
            Sheet::RemoveContacts { .. } => Template::SheetRemove,
            Sheet::Edit { .. } => Template::SheetEdit,
        };
        let mut open = Open {
            sheet: sheet.clone(),
            signing_out,
            body: cx.copy(template),
            presses: Vec::new(),
            numbers: None,
            decline: None,
            _visible: None,
            _listeners: Vec::new(),
        };
        open.wire(cx, sheet, asks);
        open
    }

    /// The buttons.
    fn wire(&mut self, cx: &Rc<Context>, sheet: &Sheet, asks: &Rc<Cell<bool>>) {
        match sheet {
            Sheet::Consent { .. } => {
                let arm = self.watched();
                self.armed(cx, ".allow", Action::Consent(Consent::Allow), &arm);
                self.armed(cx, ".once", Action::Consent(Consent::Once), &arm);
                self.armed(cx, ".no", Action::Consent(Consent::No), &arm);
            }
            Sheet::SecondIncoming(incoming) => {
                // As on the screen of a first call: it is seen where the phone is, whatever the page does to its frame.
                let arm = Arm::after(ARM_MS, true);
                arm.start();
                self.armed(cx, ".hold", Action::Answer(incoming.call, Answer::HoldOther), &arm);
                self.armed(cx, ".finish", Action::Answer(incoming.call, Answer::EndOther), &arm);
                self.armed(cx, ".decline", Action::Decline(incoming.call), &arm);
            }
            Sheet::Import { .. } => {
                self.press(cx, ".ok", Action::CloseSheet);
                let (list, copy) = (self.body.find(".defects"), self.body.find(".copy"));
                self._listeners.push(copy.on("click", move |_| copy_text(&list)));
            }
            Sheet::Microphone { .. } => {
                // It may appear where Answer has just been pressed.
                let arm = Arm::after(ARM_MS, true);
                arm.start();
                self.decline = Some(Press::armed(cx, self.body.find(".decline"), &arm));
                self.press(cx, ".cancel", Action::CloseSheet);
                self.press(cx, ".again", Action::TryAgain);
                let (snippet, copy) = (self.body.find(".snippet"), self.body.find(".copy"));
                self._listeners.push(copy.on("click", move |_| copy_text(&snippet)));
            }
            Sheet::Confirm { .. } => {
                let arm = self.watched();
                self.armed(cx, ".yes", Action::Confirm(true), &arm);
                self.armed(cx, ".no", Action::Confirm(false), &arm);
            }
            Sheet::Numbers { recent, .. } => {
                self.numbers = Some(Numbers::new(cx, self.body.find(".numbers")));
                let (list, copy) = (self.body.find(".numbers"), self.body.find(".copy"));
                self._listeners.push(copy.on("click", move |_| copy_text(&list.find(".number"))));
                if let Some(key) = recent {
                    self.press(cx, ".remove", Action::RemoveRecent(key.clone()));
                }
            }
            Sheet::Status { statuses, in_call, .. } => self.wire_status(cx, statuses, *in_call, asks),
            Sheet::Route { speakers, sound, .. } => {
                let (outs, ins) = (self.body.find(".speakers"), self.body.find(".microphones"));
                let (presses, keys) = route::build(cx, &outs, speakers, "speaker", Action::Speaker);
                let (more, more_keys) = route::build(cx, &ins, &sound.microphones, "mic", Action::Microphone);
                self.presses = presses.into_iter().chain(more).collect();
                self.press(cx, ".settings", Action::OpenSettings);
                let volume = slider(cx, &self.body.find(".volume"), Action::Volume);
                self._listeners.extend([keys, more_keys, volume]);
            }
            Sheet::Quality { .. } => {
                self.press(cx, ".report", Action::SaveReport);
                self.press(cx, ".close", Action::CloseSheet);
            }
            Sheet::RemoveContacts { .. } => {
                self.press(cx, ".cancel", Action::CloseSheet);
                self.press(cx, ".yes", Action::RemoveAllContacts);
            }
            Sheet::Edit { .. } => {
                self.press(cx, ".cancel", Action::CloseSheet);
                self._listeners.extend(edit::wire(cx, &self.body));
            }
        }
    }

    fn wire_status(
        &mut self,
        cx: &Rc<Context>,
        statuses: &[(String, String)],
        in_call: bool,
        asks: &Rc<Cell<bool>>,
    ) {
        if self.signing_out {
            self.press(cx, ".yes", Action::SignOut);
            let (cx, asks) = (cx.clone(), asks.clone());
            self._listeners.push(self.body.find(".cancel").on("click", move |_| {
                asks.set(false);
                cx.redraw();
            }));
            return;
        }
        let group = self.body.find(".statuses");
        for (id, _) in statuses {
            let item = cx.copy(Template::Status);
            item.attribute("data-status", Some(id));
            group.append(&item);
            self.presses.push(pressing(cx, item, Action::Status(id.clone())));
        }
        self._listeners.push(radio_keys(&group));
        self.press(cx, ".forwarding", Action::OpenForwarding);
        self.press(cx, ".settings", Action::OpenSettings);
        let out = self.body.find(".signout");
        let (cx2, asks) = (cx.clone(), asks.clone());
        self._listeners.push(out.on("click", move |_| match in_call {
            true => {
                asks.set(true);
                cx2.redraw();
            }
            false => cx2.act(Action::SignOut),
        }));
        self._listeners.push(switch(&self.body.find(".dnd"), cx, Action::DoNotDisturb));
    }

    fn press(&mut self, cx: &Rc<Context>, selector: &str, action: Action) {
        self.presses.push(pressing(cx, self.body.find(selector), action));
    }

    /// Reacts only while the whole sheet is really visible, and says so to who presses in vain.
    fn watched(&mut self) -> Arm {
        let arm = Arm::after(ARM_MS, true);
        let visible = Visible::watch(&self.body, arm.clone());
        let (covered, why) = (visible.covered(), self.body.find(".covered"));
        self._listeners.push(self.body.on("click", move |_| why.show(covered.get())));
        self._visible = Some(visible);
        arm
    }

    fn armed(&mut self, cx: &Rc<Context>, selector: &str, action: Action, arm: &Arm) {
        let press = Press::armed(cx, self.body.find(selector), arm);
        press.makes(action);
        self.presses.push(press);
    }

    /// In sheets the first control; where something is consented to, the text.
    fn first(&self) -> Option<Part> {
        match self.sheet {
            Sheet::Consent { .. } | Sheet::Confirm { .. } => self.body.maybe("h2"),
            Sheet::SecondIncoming(_) => self.body.maybe(".hold"),
            Sheet::Import { .. } => self.body.maybe(".ok"),
            Sheet::Edit { .. } => self.body.maybe("input"),
            Sheet::Quality { .. } => self.body.maybe(".close"),
            Sheet::Route { .. } => self.body.maybe("[role=radio][aria-checked=true]"),
            Sheet::Status { .. } if !self.signing_out => self.body.maybe("[role=radio][aria-checked=true]"),
            Sheet::Microphone { decline: Some(_), .. } => self.body.maybe(".again"),
            Sheet::Microphone { .. }
            | Sheet::Numbers { .. }
            | Sheet::Status { .. }
            | Sheet::RemoveContacts { .. } => self.body.maybe("button:not([hidden])"),
        }
        .or_else(|| self.body.maybe("button:not([hidden])"))
    }

    fn write(&mut self, cx: &Rc<Context>, sheet: &Sheet, header: &Header) {
        let body = &self.body;
        match sheet {
            Sheet::Consent { chain } => write_chain(&body.find(".origins"), chain),
            Sheet::SecondIncoming(incoming) => write_second(cx, body, incoming),
            Sheet::Import { .. } => import::write(cx, body, sheet),
            Sheet::Quality { .. } => write_quality(cx, body, sheet),
            Sheet::Microphone { title, sub, again, decline } => {
                if let (Some(press), Some(call)) = (&self.decline, decline) {
                    press.makes(Action::Decline(*call));
                }
                write_microphone(cx, body, (title, sub), *again, decline.is_some());
            }
            Sheet::Confirm { from, number, why } => {
                let lead = if from.is_empty() {
                    String::new()
                } else {
                    cx.with("confirm.lead", &[("origin", from)])
                };
                body.find(".lead").text_or_hide(&lead);
                body.find(".number").text(number);
                body.find(".why").text(&cx.text(why));
                body.find(".yes .text").text(&cx.with("dial.call.name", &[("name", number)]));
            }
            Sheet::Numbers { name, says, numbers, recent } => {
                let name = if name.is_empty() { cx.plain("in.withheld") } else { cx.who(name, says) };
                body.find(".name bdi").text(&name);
                body.find(".past").show(recent.is_some());
                body.find(".copy").show(!numbers.is_empty());
                if let Some(list) = &mut self.numbers {
                    list.update(numbers);
                }
            }
            Sheet::Status { account, statuses, set, dnd, forward, .. } if !self.signing_out => {
                write_status(cx, body, (statuses, set, *dnd), header);
                body.find(".line").text_or_hide(account);
                body.find(".forward").text(&cx.text(forward));
            }
            Sheet::Route { speakers, chosen, sound } => {
                route::write(&body.find(".speakers"), speakers.iter().map(|(id, _)| id), chosen);
                let microphones = sound.microphones.iter().map(|(id, _)| id);
                route::write(&body.find(".microphones"), microphones, &sound.devices.microphone);
                slide(&body.find(".volume"), sound.devices.volume.into());
            }
            Sheet::RemoveContacts { file } => {
                let title = match file {
                    Some(file) => cx.with("set.removefile", &[("name", file)]),
                    None => cx.plain("set.removeall"),
                };
                self.body.find("h2").text(&title);
            }
            Sheet::Edit { draft, kinds, fault } => edit::write(cx, body, draft, kinds, *fault),
            Sheet::Status { .. } => {}
        }
    }
}
