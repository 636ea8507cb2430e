//! Who is on a call, and the pill that says what the call is doing. Every call screen has it.
//!
//! The number always stands by the name; what a caller says of itself is quoted.

use super::{
    avatar,
    context::Context,
    dom::{Part, Template},
    frame::tone,
    press::Press,
    row::kind_text,
};
use softframe_phone::{
    Action,
    view::{Party, Pill, Text, Tone},
};
use std::rc::Rc;

/// So many of the contacts that share a number are named.
const NAMED: usize = 3;

/// Avatar, name, number, and what goes with them.
pub(crate) struct Who {
    cx: Rc<Context>,
    part: Part,
    /// The name, where a page can show whose it is.
    opens: Press,
    shown: Option<(Party, Option<Pill>, Option<Text>)>,
}

impl Who {
    /// In the `.who` of a call screen.
    pub(crate) fn new(cx: &Rc<Context>, screen: &Part) -> Who {
        let part = cx.copy(Template::Party);
        screen.find(".who").append(&part);
        let opens = Press::new(cx, part.find(".headline a"));
        opens.part().attribute("title", Some(&cx.plain("call.open")));
        Who { cx: cx.clone(), part, opens, shown: None }
    }

    /// Writes what differs.
    pub(crate) fn update(&mut self, party: &Party, pill: Option<&Pill>, note: Option<&Text>) {
        let now = (party.clone(), pill.cloned(), note.cloned());
        if self.shown.as_ref() == Some(&now) {
            return;
        }
        if self.shown.as_ref().is_none_or(|(shown, _, _)| shown != party) {
            self.person(party);
        }
        let line = self.part.find(".pill-line");
        line.show(pill.is_some());
        if let Some(pill) = pill {
            write_pill(&self.cx, &line.find(".state-pill"), pill);
        }
        self.part.find(".note").text_or_hide(&super::signin::text_of(&self.cx, note));
        self.part.class("noted", note.is_some());
        self.part.class("weak", note.is_some_and(|note| note.id == "call.weak"));
        self.shown = Some(now);
    }

    /// What takes the focus when the screen appears.
    pub(crate) fn headline(&self) -> Part {
        self.part.find(".headline")
    }

    fn person(&self, party: &Party) {
        let (part, cx) = (&self.part, &self.cx);
        let name = headline(cx, party);
        avatar::write(&part.find(".avatar"), &party.avatar, &party.name);
        // Where there are no initials.
        part.find(".avatar").icon(if party.shared.is_empty() { "person" } else { "people" });
        let (queue, words) = (part.find(".queue"), cx.text(&party.line));
        queue.show(!words.is_empty());
        queue.find(".text").text(&words);
        queue.find(".called").text(&party.called);
        queue.class("plain", !party.line.id.is_empty());
        part.class("queued", !words.is_empty());
        let line = part.find(".headline bdi");
        line.text(&name);
        let is_number = party.name.is_empty() && !party.withheld;
        line.attribute("dir", is_number.then_some("ltr"));
        // Without an address it is no link: text, and no stop of the Tab key.
        self.opens.part().attribute("href", (!party.opens.is_empty()).then_some("#"));
        self.opens.makes(Action::ContactClick(party.opens.clone()));
        let numbers = part.find(".numbers");
        numbers.show(!is_number && !party.withheld && party.instead.is_none());
        numbers.find(".number").text(&party.number);
        numbers.find(".kind").text(&kind_text(cx, party.kind));
        part.find(".company").text_or_hide(&about(cx, party));
        let says = match party.says.as_str() {
            "" => String::new(),
            says if party.outbound => cx.with("in.goesby", &[("name", says)]),
            says => cx.with("in.says", &[("name", says)]),
        };
        part.find(".says").text_or_hide(&says);
        self.shared(&party.shared);
    }

    fn shared(&self, shared: &[(String, String)]) {
        let list = self.part.find(".shared");
        list.show(!shared.is_empty());
        self.part.class("crowded", !shared.is_empty());
        list.clear();
        for (name, company) in shared.iter().take(NAMED) {
            let row = self.cx.copy(Template::Shared);
            avatar::write(&row.find(".avatar"), name, name);
            row.find(".name").text(name);
            row.find(".company").text(company);
            list.append(&row);
        }
        let more = shared.len().saturating_sub(NAMED);
        let text =
            if more > 0 { self.cx.with("in.more", &[("n", &more.to_string())]) } else { String::new() };
        self.part.find(".more").text_or_hide(&text);
    }
}

/// The name; the number where there is none or there are several.
pub(crate) fn headline(cx: &Context, party: &Party) -> String {
    if party.withheld {
        return cx.plain("in.withheld");
    }
    if party.name.is_empty() { party.number.clone() } else { party.name.clone() }
}

/// The same in one line, with what a number calls itself.
pub(crate) fn named(cx: &Context, party: &Party) -> String {
    cx.who(&headline(cx, party), if party.withheld { "" } else { &party.says })
}

fn about(cx: &Context, party: &Party) -> String {
    if let Some(instead) = &party.instead {
        return cx.text(instead);
    }
    if !party.shared.is_empty() {
        return cx.with("in.share", &[("n", &party.shared.len().to_string())]);
    }
    let stranger = party.name.is_empty() && !party.withheld;
    if stranger { cx.plain("in.unknown") } else { party.company.clone() }
}

/// A pill of state. A running time is a timer and is never read out by itself.
pub(crate) fn write_pill(cx: &Context, pill: &Part, (text, meaning, icon): &Pill) {
    pill.attribute("data-tone", Some(tone(*meaning)));
    // A number of no tone is no time.
    let timer =
        text.id.is_empty() && *meaning != Tone::Plain || text.args.iter().any(|(name, _)| *name == "t");
    pill.attribute("role", Some(if timer { "timer" } else { "status" }));
    let shape = pill.find(".icon");
    shape.show(!icon.is_empty());
    pill.find(".mark").show(icon.is_empty() && *meaning != Tone::Plain);
    if !icon.is_empty() {
        shape.icon(icon);
    }
    let words = pill.find(".text");
    words.text(&cx.text(text));
    // A time or a number.
    words.attribute("dir", text.id.is_empty().then_some("ltr"));
}
