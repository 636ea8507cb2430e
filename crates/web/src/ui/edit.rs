//! The form of a contact: name, company, e-mail, a field for each number and one more.
//!
//! It keeps nothing: what is typed goes to the phone at once, so that a call that covers the form loses none of it.

use super::{
    context::Context,
    dom::{Part, Template},
    row::kind_text,
};
use crate::listener::Listener;
use softframe_phone::{
    Action,
    view::{Draft, Fault},
};
use std::rc::Rc;

/// Hears what is typed and sent.
pub(super) fn wire(cx: &Rc<Context>, body: &Part) -> [Listener; 2] {
    let typed = {
        let (cx, body) = (cx.clone(), body.clone());
        body.clone().on("input", move |_| cx.act(Action::ContactDraft(read(&body))))
    };
    let (cx, form) = (cx.clone(), body.clone());
    let sent = body.on("submit", move |event| {
        event.prevent_default();
        cx.act(Action::SaveContact);
        // Sent again as it is, it is as wrong as before.
        focus_wrong(&form);
    });
    [typed, sent]
}

fn read(body: &Part) -> Draft {
    let value = |selector: &str| body.find(selector).input().value();
    Draft {
        name: value(".name input"),
        company: value(".org input"),
        email: value(".email input"),
        numbers: body.all(".number input").iter().map(|field| field.input().value()).collect(),
    }
}

/// Writes what differs.
pub(super) fn write(cx: &Context, body: &Part, draft: &Draft, kinds: &[&'static str], fault: Option<Fault>) {
    for (selector, text) in
        [(".name input", &draft.name), (".org input", &draft.company), (".email input", &draft.email)]
    {
        set(&body.find(selector), text);
    }
    let list = body.find(".fields");
    for at in list.all(".number").len()..draft.numbers.len() {
        list.append(&number_field(cx, at));
    }
    let last = draft.numbers.len().saturating_sub(1);
    for (at, field) in list.all(".number").iter().enumerate() {
        let Some(number) = draft.numbers.get(at) else {
            field.remove();
            continue;
        };
        let kind = kinds.get(at).map(|kind| kind_text(cx, kind)).filter(|kind| !kind.is_empty());
        let usual = if at == last && at > 0 { "contact.another" } else { "contact.number" };
        field.find("label").text(&kind.unwrap_or_else(|| cx.plain(usual)));
        set(&field.find("input"), number);
        let why = match fault {
            Some(Fault::NoNumber) if at == 0 => "contact.nonumber",
            Some(Fault::Number(wrong)) if wrong == at => "dial.invalid",
            _ => "",
        };
        write_fault(cx, field, why);
    }
    let name_fault = if fault == Some(Fault::Name) { "contact.noname" } else { "" };
    write_fault(cx, &body.find(".name"), name_fault);
    focus_wrong(body);
}

/// Where the person types, nothing is written that is there already: the cursor would jump.
fn set(field: &Part, text: &str) {
    if field.input().value() != text {
        field.input().set_value(text);
    }
}

fn number_field(cx: &Context, at: usize) -> Part {
    let part = cx.copy(Template::EditNumber);
    let (id, error) = (format!("edit-number-{at}"), format!("edit-number-{at}-error"));
    part.find("label").attribute("for", Some(&id));
    let input = part.find("input");
    input.attribute("id", Some(&id));
    input.attribute("aria-describedby", Some(&error));
    part.find(".error").attribute("id", Some(&error));
    part
}

fn write_fault(cx: &Context, field: &Part, why: &str) {
    field.find("input").only_if("aria-invalid", !why.is_empty());
    let line = field.find(".error");
    line.show(!why.is_empty());
    line.find("span").text(&if why.is_empty() { String::new() } else { cx.plain(why) });
}

fn focus_wrong(body: &Part) {
    if let Some(wrong) = body.maybe("[aria-invalid]") {
        wrong.focus();
    }
}
